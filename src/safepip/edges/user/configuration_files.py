"""safepip's own variables and configuration files, found and read, the highest level first.

Where safepip's configuration is looked for, highest first:

1. machine: `/etc/safepip/safepip.toml` on Linux and other Unix systems, a fixed place that no variable moves;
   `/Library/Application Support/safepip/` on macOS, the common application data folder on Windows;
2. user: `safepip/safepip.toml` in the user's configuration folder (XDG_CONFIG_HOME, else `~/.config`);
3. project: `--config` or SAFEPIP_CONFIG, else the nearest `safepip.toml`, or `pyproject.toml` with `[tool.safepip]`,
   upward from the working directory. `--no-config` and SAFEPIP_NO_CONFIG leave out this level, no other. A file that
   was found and not named must belong to a trusted user (`trusted_files`); else it is an error. So is one that would
   hide another (`_check_hides_none`).

A configuration file that is there and cannot be read is an error: a policy must not vanish with a permission.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from safepip.config import own_variables as own
from safepip.edges.disk.reading import read_named, read_regular
from safepip.model.errors import UsageError
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.urls import is_url, shown
from safepip.requirements.places import if_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.config.level import Level
    from safepip.edges.network.credentials import Credentials
    from safepip.edges.user.world import World
    from safepip.model.plan import Policy
    from safepip.options.command_line import ParsedOptions


def own_variables(environ: Mapping[str, str]) -> dict[str, bool]:
    """Which of safepip's variables are on. Raises `UsageError` for a misspelt one, which would do nothing."""
    from safepip.options.parser import truth

    for wrong in own.misspelt(environ):
        _fail_variable(wrong.name, "is not a variable of safepip", f"did you mean {wrong.meant}?")
    states = {"SAFEPIP_CONFIG": bool(environ.get("SAFEPIP_CONFIG"))}
    for name in own.FLAGS:
        state = truth(environ.get(name) or "no")
        if state is None:
            _fail_variable(name, "has a value that is neither yes nor no", "write yes or no")
        states[name] = state
    return states


def jobs_variable(environ: Mapping[str, str]) -> int | None:
    """What `SAFEPIP_JOBS` says; None where it is not set. Raises `UsageError` (`bad-variable`)."""
    text = environ.get(own.JOBS, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        _fail_variable(own.JOBS, "is not a number of 1 or more", "write a number, or unset it: then as many as pay")
    return int(text)


def foreign_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A notice about variables that look like safepip's and are not."""
    names = ", ".join(map(printable, own.foreign(environ)))
    return (f"not a variable of safepip, and without effect: {names}",) if names else ()


def _fail_variable(name: str, message: str, hint: str) -> NoReturn:
    raise UsageError.because(
        "bad-variable", f"{printable(name)} {message}", hint=hint, origins=(Origin(Source.ENVIRONMENT, name),)
    )


def levels(
    parsed: ParsedOptions,
    switches: Mapping[str, bool],
    world: World,
    credentials: Credentials,
    project: Level | None = None,
) -> list[Level]:
    """The levels that exist, the highest first. `project` is the project's where it is not read from a file."""
    user = os.path.join(_config_folder(world), "safepip", "safepip.toml")
    machine = machine_policy_path() if world.machine_policy is None else world.machine_policy
    found = [
        _read_level(machine, Source.MACHINE_POLICY, credentials, named=True),
        _read_level(user, Source.USER_POLICY, credentials, named=True),
        project or _project_level(parsed, switches, world, credentials),
    ]
    return [level for level in found if level is not None]


def machine_policy_path() -> str:
    """The path of the machine's policy; it may not exist."""
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        return os.path.join(platformdirs.site_config_dir("safepip", appauthor=False), "safepip.toml")
    return "/etc/safepip/safepip.toml"


def _config_folder(world: World) -> str:
    if sys.platform == "win32":
        import platformdirs

        return platformdirs.user_config_dir(appauthor=False)
    return world.folder("XDG_CONFIG_HOME", ".config")


def _project_level(
    parsed: ParsedOptions, switches: Mapping[str, bool], world: World, credentials: Credentials
) -> Level | None:
    """`--config` or `--no-config`; else the variables; else the nearest file upward."""
    named, without = parsed["config"], parsed["no_config"]
    origin = parsed.origin("config")
    if named is None and not without:
        named = world.environ.get("SAFEPIP_CONFIG") or None
        without = switches["SAFEPIP_NO_CONFIG"]
        origin = Origin(Source.ENVIRONMENT, "SAFEPIP_CONFIG")
    if named is not None and without:
        error = UsageError.because(
            "conflicting-options", "a configuration file is both named and forbidden (--config, --no-config)"
        )
        error.exit_code = 2
        raise error
    if without:
        return None
    if named is None:
        return _discover(world, credentials)
    if is_url(named):
        raise UsageError.because(
            "missing-configuration",
            f"{printable(shown(named))} is a URL, and the path of a local file is needed",
            hint=if_path(named),
            origins=(origin,) if origin else (),
        )
    path = world.absolute(world.expand(named))
    level = _read_level(path, Source.PROJECT_CONFIG, credentials, named=True)
    if level is None:
        raise UsageError.because(
            "missing-configuration",
            f"{printable(path)} does not exist, or is a pyproject.toml without [tool.safepip]",
            origins=(origin,) if origin else (),
        )
    return level


def nearest_project(world: World, credentials: Credentials) -> str:
    """The path of the project's configuration that is found upward from the working directory; empty where there is
    none. Raises `UsageError`."""
    level = _discover(world, credentials)
    return "" if level is None else level.origin.where


_NAMES = ("safepip.toml", "pyproject.toml")


def _discover(world: World, credentials: Credentials) -> Level | None:
    """The nearest configuration from the working directory upward. Raises `UsageError`, also where it hides another."""
    for folder in _upward(world.cwd):
        for name in _NAMES:
            path = os.path.join(folder, name)
            if name == "safepip.toml":
                # The file of a user who is not trusted is not read at all, not even to say what is wrong with it.
                _check_owner(path, world)
            level = _read_level(path, Source.PROJECT_CONFIG, credentials)
            if level is not None:
                _check_owner(path, world)
                _check_hides_none(level, folder, world, credentials)
                return level
    return None


def _upward(folder: str) -> Iterator[str]:
    """The folder and those above it."""
    folder, below = os.path.abspath(folder), ""
    while folder != below:
        yield folder
        folder, below = os.path.dirname(folder), folder


def _check_hides_none(level: Level, folder: str, world: World, credentials: Credentials) -> None:
    """Raises `UsageError` (`hidden-configuration`) where there is a configuration that the nearest would hide. One that
    would not be obeyed is not hidden."""
    from safepip.config.hidden import hides, to_be_empty

    for above in to_be_empty(level, _upward(folder)):
        for path in (os.path.join(above, name) for name in _NAMES):
            if path == level.origin.where or _stranger(path, world) is not None:
                continue
            if _read_level(path, Source.PROJECT_CONFIG, credentials) is not None:
                raise hides(level, path, beside=above == folder)


def _check_owner(path: str, world: World) -> None:
    """Raises `UsageError` (`untrusted-configuration`) for the file of a user who is not trusted."""
    stranger = _stranger(path, world)
    if stranger is not None:
        from safepip.edges.disk.trusted_files import user_name

        raise UsageError.because(
            "untrusted-configuration",
            f"{printable(path)} belongs to {user_name(stranger)}, who is neither you, nor root, nor the owner of the"
            " working folder",
            hint="to go on without it: --no-config, or SAFEPIP_NO_CONFIG=1\n"
            "Only if you have read it and want its rules, name it: --config FILE, or SAFEPIP_CONFIG=FILE",
            origins=(Origin(Source.PROJECT_CONFIG, path),),
        )


def _stranger(path: str, world: World) -> int | None:
    """The user to whom a file belongs, where that one is not trusted. None where it cannot be looked at: what reads it
    reports that."""
    from safepip.edges.disk.trusted_files import stranger_of, trusted_users

    try:
        return stranger_of(path, trusted_users(world.environ, world.cwd))
    except OSError:
        return None


def _read_level(path: str, source: Source, credentials: Credentials, *, named: bool = False) -> Level | None:
    text = _read_policy_file(path, source, named=named)
    # A pyproject.toml that never says "safepip" is not for safepip, even where it is not valid TOML.
    if text is None or (path.endswith("pyproject.toml") and "safepip" not in text):
        return None
    from safepip.config.level import read_level

    return read_level(text, path, source, credentials.absorb)


def _read_policy_file(path: str, source: Source, *, named: bool) -> str | None:
    """The text of a configuration file; None only where there is nothing by that name.

    A file that was found, and not `named`, may lie in another person's repository: it has to be a regular file.
    """
    try:
        text = (read_named if named else read_regular)(path).decode("utf-8")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except (FileNotFoundError, NotADirectoryError) as problem:
        if not os.path.islink(path):
            return None
        reason = f"a symbolic link to nothing ({problem.strerror})"
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
    raise UsageError.because(
        "unreadable-configuration", f"the configuration cannot be read: {reason}", origins=(Origin(source, path),)
    )


def with_paths(policy: Policy, world: World) -> Policy:
    """The paths that policy names, each relative to the file that names it: the list of well-known names, sources of
    advisories, and files of VEX statements."""
    if policy.well_known_names is not None:
        path = _beside(policy.well_known_origin, policy.well_known_names, world)
        policy = policy._replace(well_known_names=path)
    sources = policy.advisories.sources
    if sources:
        placed = (s._replace(path=_beside(s.origin, s.path, world)) if s.path else s for s in sources)
        policy = policy._replace(advisories=policy.advisories._replace(sources=tuple(placed)))
    if policy.advisories.vex:
        found = tuple(v._replace(path=_beside(v.origin, v.path, world)) for v in policy.advisories.vex)
        policy = policy._replace(advisories=policy.advisories._replace(vex=found))
    return policy


def _beside(origin: Origin, path: str, world: World) -> str:
    folder = os.path.dirname(world.absolute(origin.where))
    return os.path.normpath(os.path.join(folder, world.expand(path)))
