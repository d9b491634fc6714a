"""argv, the environment and the configuration files, found, read and handed to the rooms that judge them.

Order: safepip's own variables, pip's configuration files, the command line over them, safepip's configuration
files, and out of all of it the `Plan`. Every text that may hold a URL goes through `Credentials.absorb` as soon
as it is read, so that no value, message or plan holds a secret.

Where safepip's configuration is looked for, highest first:

1. machine: `/etc/safepip/safepip.toml` on Linux and other Unix systems, a fixed place that no variable moves;
   `/Library/Application Support/safepip/` on macOS, the common application data folder on Windows;
2. user: `safepip/safepip.toml` in the user's configuration folder (XDG_CONFIG_HOME, else `~/.config`);
3. project: `--config` or SAFEPIP_CONFIG, else the nearest `safepip.toml`, or `pyproject.toml` with `[tool.safepip]`,
   upward from the working directory. `--no-config` and SAFEPIP_NO_CONFIG leave out this level, no other.

A configuration file that is there and cannot be read is an error: a policy must not vanish with a permission.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from safepip import config, pip_config
from safepip.errors import UsageError
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.plan import Plan
from safepip.options import ParsedOptions, parse
from safepip.settings import Surroundings, check, make_settings
from safepip.sources import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.edges.credentials import Credentials
    from safepip.model.plan import Settings
    from safepip.safepip_config import Level

_OWN_VARIABLES = ("SAFEPIP_CONFIG", "SAFEPIP_NO_CONFIG", "SAFEPIP_OFFLINE")


class World(NamedTuple):
    """What of this machine the reading depends on; tests make their own.

    `prefix` is that of the interpreter pip runs in, whose folder has pip's site configuration. `etc` is where
    Unix systems keep the machine's files. `machine_policy` and `now` are found out where they are None.
    """

    environ: Mapping[str, str]
    cwd: str
    prefix: str = sys.prefix
    etc: str = "/etc"
    machine_policy: str | None = None
    now: float | None = None

    @property
    def home(self) -> str:
        """The user's home folder, by HOME as `os.path.expanduser` would have it."""
        variable = "USERPROFILE" if sys.platform == "win32" else "HOME"
        return self.environ.get(variable) or os.path.expanduser("~")

    def expand(self, path: str) -> str:
        """A leading `~` or `~user` replaced."""
        if path == "~" or path.startswith(("~/", "~" + os.sep)):
            return self.home.rstrip("/") + path[1:]
        return os.path.expanduser(path) if path.startswith("~") else path

    def absolute(self, path: str) -> str:
        """The path made absolute and free of dot segments, symbolic links kept."""
        return os.path.normpath(os.path.join(self.cwd, path))

    def folder(self, variable: str, default: str) -> str:
        """An XDG base folder: the variable where it is absolute, as its specification says, else `~/default`."""
        value = self.environ.get(variable, "").strip()
        return value if value.startswith("/") else f"{self.home.rstrip('/')}/{default}"


def make_plan(
    verb: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
    cwd: str,
    credentials: Credentials,
    default_index_url: Callable[[], str],
    world: World | None = None,
    *,
    may_ask_nothing: bool = False,
) -> Plan:
    """Decide everything that can be decided before the first request.

    `argv` has no verb in it (`options.split_command`). Options inside requirements files come later, through
    `file_options.apply_file_options`. `may_ask_nothing` is for `check-config`, which needs no requirement.
    Raises `UsageError`, `Refused`, `options.HelpRequested`.
    """
    world = world or World(environ, cwd)
    own = _own_variables(world.environ)
    words = [credentials.absorb(word) for word in argv]
    parsed = _parse(verb, words, world, credentials)
    check(parsed, may_ask_nothing=may_ask_nothing)
    levels = _levels(parsed, own, world, credentials)
    declared = config.merge(levels, lambda: credentials.absorb(default_index_url()))
    sources = decide(parsed, declared, lambda: credentials.absorb(default_index_url()), locator(world))
    around = Surroundings(
        absolute=world.absolute,
        cache_dir=_cache_dir(world),
        no_color=bool(world.environ.get("NO_COLOR")),
        offline=own["SAFEPIP_OFFLINE"],
    )
    proxy = parsed["proxy"]
    settings = make_settings(
        parsed, around, tuple(sources.trusted_hosts), None if proxy is None else credentials.absorb_proxy(proxy)
    )
    return Plan(settings, declared.policy, tuple(sources.indexes), sources.notices())


def read_options(
    verb: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
    cwd: str,
    credentials: Credentials,
    world: World | None = None,
) -> tuple[ParsedOptions, Settings]:
    """The options and settings of a verb that asks no index, so that indexes and policy are not even read.

    Raises `UsageError`, `options.HelpRequested`.
    """
    world = world or World(environ, cwd)
    parsed = _parse(verb, [credentials.absorb(word) for word in argv], world, credentials)
    around = Surroundings(world.absolute, _cache_dir(world), no_color=bool(world.environ.get("NO_COLOR")))
    return parsed, make_settings(parsed, around, (), None)


def locator(world: World) -> Callable[[str], str | None]:
    """pip's rule for an index or find-links that is a path: one that exists becomes a `file:` URL.

    For `sources.decide` and `file_options.apply_file_options`.
    """

    def locate(text: str) -> str | None:
        path = os.path.join(world.cwd, world.expand(text))
        if not os.path.exists(path):
            return None
        path = os.path.normpath(path)
        if sys.platform == "win32":
            from urllib.request import pathname2url

            return "file:" + pathname2url(path)
        from urllib.parse import quote

        return "file://" + quote(path)

    return locate


# --- pip's configuration ---------------------------------------------------------------------------------


def _parse(verb: str, words: Sequence[str], world: World, credentials: Credentials) -> ParsedOptions:
    """Parse over pip's configuration. `--python` moves pip, and with it the site configuration, to that environment."""
    parsed = _parse_for(world.prefix, verb, words, world, credentials)
    python = parsed["python"]
    if python:
        prefix = _prefix_of(os.path.join(world.cwd, python))
        if prefix != world.prefix:
            parsed = _parse_for(prefix, verb, words, world, credentials)
    return parsed


def _parse_for(prefix: str, verb: str, words: Sequence[str], world: World, credentials: Credentials) -> ParsedOptions:
    # pip looks for the word itself: neither an abbreviation nor a configured value isolates the configuration.
    isolated = "--isolated" in words
    paths = pip_config.files_to_read(
        pip_places(world, prefix),
        world.environ,
        isolated=isolated,
        exists=lambda path: os.path.exists(os.path.join(world.cwd, path)),
    )
    read = [(path, _read_pip_file(os.path.join(world.cwd, path))) for path in paths]
    texts = [(path, credentials.absorb(text)) for path, text in read if text is not None]
    environ = {name: credentials.absorb(value) for name, value in world.environ.items() if name.startswith("PIP_")}
    configured = pip_config.read(verb, texts, environ, isolated=isolated)
    if world.now is None:
        import time

        world = world._replace(now=time.time())
    return parse(verb, words, configured, now=world.now or 0.0, expand_user=world.expand)


def _prefix_of(python: str) -> str:
    """The prefix of an interpreter, or of an environment's folder, without running it: the folder above `bin`,
    or on Windows above `Scripts`, or else the interpreter's own."""
    if os.path.isdir(python):
        return python
    folder = os.path.dirname(python)
    if sys.platform == "win32" and os.path.basename(folder).lower() != "scripts":
        return folder
    return os.path.dirname(folder)


def pip_places(world: World, prefix: str) -> pip_config.Places:
    """Where pip looks for its configuration files: pip's documentation, "Configuration", "Location"."""
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    legacy = os.path.join(world.home, "pip" if sys.platform == "win32" else ".pip", name)
    machine, user = _pip_folders(world)
    return pip_config.Places(
        machine=tuple(os.path.join(folder, name) for folder in machine),
        user=(legacy, os.path.join(user, name)),
        site=os.path.join(prefix, name),
        null=os.devnull,
    )


def _pip_folders(world: World) -> tuple[list[str], str]:
    if sys.platform == "win32":
        import platformdirs

        machine = platformdirs.site_config_dir("pip", appauthor=False)
        return [machine], platformdirs.user_config_dir("pip", appauthor=False, roaming=True)
    if sys.platform == "darwin":
        import platformdirs

        folders = platformdirs.site_data_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
        user = platformdirs.user_data_dir("pip", appauthor=False, roaming=True)
        return folders, user if os.path.isdir(user) else os.path.join(world.home, ".config", "pip")
    listed = [folder.strip() for folder in world.environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep)]
    folders = [folder for folder in listed if folder.startswith("/")] or [os.path.join(world.etc, "xdg")]
    return [*(os.path.join(folder, "pip") for folder in folders), world.etc], os.path.join(
        world.folder("XDG_CONFIG_HOME", ".config"), "pip"
    )


def _read_pip_file(path: str) -> str | None:
    """A file's text in the locale's encoding, as pip reads it; None where pip finds none."""
    import locale

    try:
        with open(path, encoding="utf-8" if sys.flags.utf8_mode else locale.getencoding()) as file:
            return file.read()
    except UnicodeDecodeError:
        raise pip_config.unreadable(path, f"it is not in the locale's encoding, {locale.getencoding()}") from None
    except OSError:
        # pip passes over a file that it cannot open, missing or not.
        return None


# --- safepip's configuration -----------------------------------------------------------------------------


def _own_variables(environ: Mapping[str, str]) -> dict[str, bool]:
    """Which of safepip's variables are on. An unknown one is an error: a misspelt one would do nothing."""
    from safepip.option_parser import truth

    unknown = sorted(name for name in environ if name.startswith("SAFEPIP_") and name not in _OWN_VARIABLES)
    if unknown:
        _fail_variable(unknown[0], "is no variable of safepip", f"known ones: {', '.join(_OWN_VARIABLES)}")
    states = {"SAFEPIP_CONFIG": bool(environ.get("SAFEPIP_CONFIG"))}
    for name in _OWN_VARIABLES[1:]:
        state = truth(environ.get(name) or "no")
        if state is None:
            _fail_variable(name, "has no truth value", "write yes or no")
        states[name] = state
    return states


def _fail_variable(name: str, message: str, hint: str) -> NoReturn:
    raise UsageError.because(
        "bad-variable", f"{printable(name)} {message}", hint=hint, origins=(Origin(Source.ENVIRONMENT, name),)
    )


def _levels(parsed: ParsedOptions, own: Mapping[str, bool], world: World, credentials: Credentials) -> list[Level]:
    """The levels that exist, the highest first."""
    user = os.path.join(_config_folder(world), "safepip", "safepip.toml")
    machine = machine_policy_path() if world.machine_policy is None else world.machine_policy
    found = [
        _read_level(machine, Source.MACHINE_POLICY, credentials),
        _read_level(user, Source.USER_POLICY, credentials),
        _project_level(parsed, own, world, credentials),
    ]
    return [level for level in found if level is not None]


def machine_policy_path() -> str:
    """Where the machine's policy stands; it may not exist."""
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        return os.path.join(platformdirs.site_config_dir("safepip", appauthor=False), "safepip.toml")
    return "/etc/safepip/safepip.toml"


def _config_folder(world: World) -> str:
    if sys.platform == "win32":
        import platformdirs

        return platformdirs.user_config_dir(appauthor=False)
    return world.folder("XDG_CONFIG_HOME", ".config")


def _cache_dir(world: World) -> str:
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        return platformdirs.user_cache_dir("safepip", appauthor=False)
    return os.path.join(world.folder("XDG_CACHE_HOME", ".cache"), "safepip")


def _project_level(
    parsed: ParsedOptions, own: Mapping[str, bool], world: World, credentials: Credentials
) -> Level | None:
    """`--config` or `--no-config`; else the variables; else the nearest file upward."""
    named, without = parsed["config"], parsed["no_config"]
    origin = parsed.origin("config")
    if named is None and not without:
        named = world.environ.get("SAFEPIP_CONFIG") or None
        without = own["SAFEPIP_NO_CONFIG"]
        origin = Origin(Source.ENVIRONMENT, "SAFEPIP_CONFIG")
    if named is not None and without:
        error = UsageError.because(
            "conflicting-options", "a configuration is named and forbidden at once (--config, --no-config)"
        )
        error.exit_code = 2
        raise error
    if without:
        return None
    if named is None:
        return _discover(world, credentials)
    path = world.absolute(world.expand(named))
    level = _read_level(path, Source.PROJECT_CONFIG, credentials)
    if level is None:
        raise UsageError.because(
            "missing-configuration",
            f"{printable(path)} does not exist, or is a pyproject.toml without [tool.safepip]",
            origins=(origin,) if origin else (),
        )
    return level


def _discover(world: World, credentials: Credentials) -> Level | None:
    """The nearest configuration from the working directory upward; `safepip.toml` first in each folder."""
    folder = os.path.abspath(world.cwd)
    while True:
        for name in ("safepip.toml", "pyproject.toml"):
            level = _read_level(os.path.join(folder, name), Source.PROJECT_CONFIG, credentials)
            if level is not None:
                return level
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _read_level(path: str, source: Source, credentials: Credentials) -> Level | None:
    text = _read_policy_file(path, source)
    # A pyproject.toml that never says "safepip" is someone else's, even where it is no valid TOML.
    if text is None or (path.endswith("pyproject.toml") and "safepip" not in text):
        return None
    from safepip.safepip_config import read_level

    return read_level(text, path, source, credentials.absorb)


def _read_policy_file(path: str, source: Source) -> str | None:
    """The text of a configuration file; None only where there is nothing by that name."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
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
