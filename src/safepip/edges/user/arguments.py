"""Finds and reads argv, the environment and the configuration files, and hands them to the rooms that judge them.

Order: safepip's own variables, pip's configuration files, the command line over them, safepip's configuration
files, and out of all of it the `Plan`. Every text that may hold a URL goes through `Credentials.absorb` as soon
as it is read, so that no value, message or plan holds a secret.

`configuration_files` says where safepip's configuration is looked for.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from safepip.config import merging as config
from safepip.config import pip_config
from safepip.config.own_variables import unused_variables
from safepip.edges.disk.reading import read_named
from safepip.edges.user import configuration_files
from safepip.edges.user.world import World
from safepip.model.errors import SafepipError, UsageError
from safepip.model.plan import Plan, Settings
from safepip.model.urls import UrlError, file_url
from safepip.options.checks import check
from safepip.options.command_line import ParsedOptions, parse
from safepip.options.index_options import decide
from safepip.options.settings import Surroundings, make_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.config.level import Level
    from safepip.edges.network.credentials import Credentials
    from safepip.model.plan import Policy


def make_plan(
    verb: str,
    argv: Sequence[str],
    world: World,
    credentials: Credentials,
    default_index_url: Callable[[], str],
    *,
    may_be_empty: bool = False,
    project: Level | None = None,
) -> Plan:
    """Decide everything that can be decided before the first request.

    `argv` has no verb in it (`options.split_command`). Options inside requirements files come later, through
    `file_options.apply_file_options`. `may_be_empty` is for `check-config`, which needs no requirement.
    `project` is the project's configuration where it is not read from a file.
    Raises `UsageError`, `Refused`, `options.HelpRequested`.
    """
    world = _at_a_moment(world)
    own = configuration_files.own_variables(world.environ)
    words = [credentials.absorb(word) for word in argv]
    parsed = _parse(verb, words, world, credentials)
    check(parsed, may_be_empty=may_be_empty)
    levels = configuration_files.levels(parsed, own, world, credentials, project)
    now = world.now or 0.0
    declared = config.merge(levels, lambda: credentials.absorb(default_index_url()), now)
    sources = decide(parsed, declared, lambda: credentials.absorb(default_index_url()), locator(world))
    around = Surroundings(
        absolute=world.absolute,
        cache_dir=_cache_dir(world),
        no_color=bool(world.environ.get("NO_COLOR")),
        offline=own["SAFEPIP_OFFLINE"],
        jobs=configuration_files.jobs_variable(world.environ),
    )
    settings = make_settings(parsed, around, tuple(sources.trusted_hosts), _proxy(parsed, credentials))
    policy = configuration_files.with_paths(declared.policy, world)
    _check_against(policy, settings, now)
    credentials.know(sources.indexes)
    notices = (
        *sources.notices(),
        *configuration_files.foreign_variables(world.environ),
        *unused_variables(world.environ, declared.indexes),
    )
    return Plan(settings, policy, tuple(sources.indexes), notices, now)


def _check_against(policy: Policy, settings: Settings, now: float) -> None:
    """Raise `UsageError` where this run's options are laxer than policy allows."""
    if settings.cooldown or settings.allow_names or settings.well_known_names:
        from safepip.config.ages import against_policy

        problems = tuple(against_policy(settings, policy, now))
        if problems:
            raise UsageError(*problems)


def _proxy(parsed: ParsedOptions, credentials: Credentials) -> str | None:
    """`--proxy` without user information; None where it is not given, empty for no proxy at all."""
    stated = parsed["proxy"]
    if stated is None:
        return None
    from safepip.edges.network.proxies import PROXY_FORM, read_proxy

    try:
        return read_proxy(stated, credentials)
    except UrlError as problem:
        raise UsageError.because(
            "bad-option", f"--proxy: {problem}", hint=PROXY_FORM, origins=parsed.stated["proxy"]
        ) from None


def _at_a_moment(world: World) -> World:
    """The same world with a fixed clock: one run has one moment."""
    if world.now is not None:
        return world
    import time

    return world._replace(now=time.time())


def read_options(
    verb: str, argv: Sequence[str], world: World, credentials: Credentials
) -> tuple[ParsedOptions, Settings]:
    """The options and settings of a verb that asks no index, so that indexes and policy are not even read.

    Raises `UsageError`, `options.HelpRequested`.
    """
    parsed = _parse(verb, [credentials.absorb(word) for word in argv], world, credentials)
    check(parsed, may_be_empty=True)
    around = Surroundings(world.absolute, _cache_dir(world), no_color=bool(world.environ.get("NO_COLOR")))
    return parsed, make_settings(parsed, around, (), None)


def parse_for_pip(verb: str, argv: Sequence[str], world: World, credentials: Credentials) -> ParsedOptions:
    """The words of one of pip's own verbs over pip's configuration, as pip reads them. Raises `UsageError`."""
    return _parse(verb, [credentials.absorb(word) for word in argv], world, credentials)


def settings_of_pip(
    verb: str, argv: Sequence[str], environ: Mapping[str, str], cwd: str, credentials: Credentials
) -> tuple[pip_config.ConfiguredValue, ...]:
    """What pip's configuration files and variables say to one of its own verbs. Raises `UsageError`."""
    from safepip.edges.pip.running import take_python

    world = World(environ, cwd)
    python = take_python(argv)[1] or environ.get("PIP_PYTHON")
    prefix = _prefix_of(os.path.join(cwd, python)) if python else _active_prefix(world)
    return _configured(prefix, verb, argv, world, credentials)


def declaration(environ: Mapping[str, str], cwd: str, credentials: Credentials, default: Callable[[], str]) -> str:
    """Where safepip's configuration declares indexes, for a verb that takes none of safepip's options; empty where it
    declares none. Raises `UsageError`."""
    world = _at_a_moment(World(environ, cwd))
    own = configuration_files.own_variables(environ)
    levels = configuration_files.levels(ParsedOptions("list", {}, (), {}), own, world, credentials)
    policy = config.merge(levels, default, world.now or 0.0).policy
    return str(policy.origin) if policy.declared else ""


def locator(world: World) -> Callable[[str], str | None]:
    """pip's rule for an index or find-links that is a path: one that exists becomes a `file:` URL. An empty text is no
    path: joined to the working folder it would be that folder, and whatever lies there would be installed.

    For `sources.decide` and `file_options.apply_file_options`.
    """

    def locate(text: str) -> str | None:
        path = os.path.join(world.cwd, world.expand(text))
        if not text or not os.path.exists(path):
            return None
        return file_url(os.path.normpath(path))

    return locate


# --- pip's configuration ---------------------------------------------------------------------------------


def _parse(verb: str, words: Sequence[str], world: World, credentials: Credentials) -> ParsedOptions:
    """Parse over pip's configuration. The choice of an environment moves pip, and with it the site configuration."""
    active = _active_prefix(world)
    parsed = _parse_for(active, verb, words, world, credentials)
    python = parsed["python"]
    if python:
        prefix = _prefix_of(os.path.join(world.cwd, python))
        if prefix != active:
            parsed = _parse_for(prefix, verb, words, world, credentials)
    return parsed


def _parse_for(prefix: str, verb: str, words: Sequence[str], world: World, credentials: Credentials) -> ParsedOptions:
    configured = _configured(prefix, verb, words, world, credentials)
    return parse(verb, words, configured, now=_at_a_moment(world).now or 0.0, expand_user=world.expand)


def _configured(
    prefix: str, verb: str, words: Sequence[str], world: World, credentials: Credentials
) -> tuple[pip_config.ConfiguredValue, ...]:
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
    return pip_config.read(verb, texts, environ, isolated=isolated)


def _active_prefix(world: World) -> str:
    """The folder of the environment that is meant without `--python`: safepip's own, or an active one.

    Where none is meant, the command that needs one says so.
    """
    from safepip.edges.target.choosing import choose

    try:
        return choose(Settings(), world.environ).folder or world.prefix
    except SafepipError:
        return world.prefix


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
        text = read_named(path).decode("utf-8" if sys.flags.utf8_mode else locale.getencoding())
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise pip_config.unreadable(path, f"it is not in the locale's encoding, {locale.getencoding()}") from None
    except OSError:
        # pip skips a file that it cannot open, missing or not.
        return None


def _cache_dir(world: World) -> str:
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        return platformdirs.user_cache_dir("safepip", appauthor=False)
    return os.path.join(world.folder("XDG_CACHE_HOME", ".cache"), "safepip")
