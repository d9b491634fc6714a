"""The parsed command line turned into `Settings`: pip's meanings, one value each. `checks` has judged it before.

What pip is to get at the handover (`Settings.forwarded`) is made here too. No I/O: paths are made absolute by an
injected function, because pip runs elsewhere later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.model.build import BuildSettings
from safepip.model.errors import UsageError
from safepip.model.names import normalise
from safepip.model.origin import BUILT_IN
from safepip.model.plan import Display, LockSettings, NameSet, Network, Selection, Settings, UpgradeStrategy
from safepip.options.in_files import name_set
from safepip.options.table import AUDIT, DOWNLOAD, INSTALL, LOCK, VERIFY, WHEEL, Action, Handling, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safepip.model.ages import Cooldown
    from safepip.options.command_line import ParsedOptions


class Surroundings(NamedTuple):
    """What the settings need to know of the world. `absolute` makes a path absolute; `cache_dir` is where the cache is
    kept without `--cache-dir`; `no_color` (NO_COLOR), `offline` and `jobs` are what the environment says."""

    absolute: Callable[[str], str]
    cache_dir: str
    no_color: bool = False
    offline: bool = False
    jobs: int | None = None


def make_settings(
    parsed: ParsedOptions, around: Surroundings, trusted_hosts: tuple[str, ...], proxy: str | None
) -> Settings:
    """Settings of one run, of options that `check` has passed. `trusted_hosts` are those in force; `proxy` is the
    option's value without credentials."""
    settings = _into(_requested(parsed), parsed, around)
    return settings._replace(
        no_deps=bool(parsed["ignore_dependencies"]),
        only_deps=bool(parsed["only_dependencies"]),
        dry_run=bool(parsed["dry_run"]),
        upgrade=_upgrade(parsed),
        force_reinstall=bool(parsed["force_reinstall"]),
        # pip: download, lock, and install into a --target, disregard what is installed.
        ignore_installed=bool(parsed["ignore_installed"]) or settings.target_dir is not None or parsed.verb != INSTALL,
        require_hashes=bool(parsed["require_hashes"]),
        no_require_hashes=bool(parsed["no_require_hashes"]),
        isolated=bool(parsed["isolated_mode"]),
        verify_installed=parsed.verb == INSTALL and bool(parsed["verify_installed"]),
        no_index=bool(parsed["no_index"]),
        report=_report(parsed, around),
        cache_dir=_cache_dir(parsed, around),
        refresh=name_set(set(parsed["refresh_package"])),
        selection=_selection(parsed),
        network=_network(parsed, around, trusted_hosts, proxy),
        display=_display(parsed, around),
        forwarded=tuple(_forwarded(parsed, around)),
        lock=_lock(parsed, around) if parsed.verb == LOCK else None,
        cooldown=cooldown_of(parsed),
        allow_names=frozenset(map(normalise, parsed["allow_names"])),
        well_known_names=_path(parsed, "well_known_names", around),
        building=_building(parsed, around),
        jobs=parsed["jobs"] or around.jobs,
        origins={_FIELDS.get(dest, dest): places[-1] for dest, places in parsed.stated.items() if places},
    )


def _requested(parsed: ParsedOptions) -> Settings:
    """Settings that say what is asked for, and nothing else."""
    return Settings(
        requirements=tuple(filter(str.strip, parsed.arguments)),
        asks_nothing=parsed.asks_nothing,
        requirement_files=tuple(parsed["requirements"]),
        constraint_files=tuple(parsed["constraints"]),
        editables=tuple(parsed["editables"]),
        groups=tuple(parsed["dependency_groups"]),
        script=next(iter(parsed["requirements_from_scripts"]), None),
    )


def _into(settings: Settings, parsed: ParsedOptions, around: Surroundings) -> Settings:
    """The same with the environment or folder that things go to, and the platform that they are for."""
    return settings._replace(
        require_virtualenv=bool(parsed["require_venv"]),
        break_system_packages=bool(parsed["override_externally_managed"]),
        python=parsed["python"],
        target_dir=_path(parsed, "target_dir", around),
        prefix_dir=_prefix(parsed, around),
        root_dir=_path(parsed, "root_path", around),
        user=None if parsed["use_user_site"] is None else bool(parsed["use_user_site"]),
        download_dir=around.absolute(parsed["download_dir"]) if parsed.verb == DOWNLOAD else None,
        wheel_dir=around.absolute(parsed["wheel_dir"]) if parsed.verb == WHEEL else None,
        platforms=tuple(parsed["platforms"] or ()),
        python_version=parsed["python_version"],
        implementation=parsed["implementation"] or None,
        abis=tuple(parsed["abis"] or ()),
    )


def _upgrade(parsed: ParsedOptions) -> UpgradeStrategy:
    # For a lock nothing is installed; what --upgrade means there is in `LockSettings`.
    if not parsed["upgrade"] or parsed.verb == LOCK:
        return UpgradeStrategy.TO_SATISFY_ONLY
    return UpgradeStrategy(parsed["upgrade_strategy"])


def _lock(parsed: ParsedOptions, around: Surroundings) -> LockSettings:
    output: str = parsed["output_file"]
    form = parsed["lock_format"]
    return LockSettings(
        output=output if output == "-" else around.absolute(output),
        requirements=form == "requirements" if form else output.endswith(".txt"),
        check=bool(parsed["check_lock"]),
        upgrade=bool(parsed["upgrade"]),
        upgrade_names=frozenset(map(normalise, parsed["upgrade_packages"])),
        extras=frozenset(map(normalise, parsed["lock_extras"])),
        all_extras=bool(parsed["all_extras"]),
        universal=bool(parsed["universal"]) or bool(parsed["lock_environments"]),
        environments=tuple(parsed["lock_environments"]),
    )


def _path(parsed: ParsedOptions, dest: str, around: Surroundings) -> str | None:
    value: str | None = parsed[dest]
    return around.absolute(value) if value else None


def _prefix(parsed: ParsedOptions, around: Surroundings) -> str | None:
    """Absolute; with --root a relative one begins there, as with pip, which puts the one below the other."""
    value: str = parsed["prefix_path"] or ""
    relative = value[:1] not in ("/", "\\") and value[1:2] != ":"
    if value and relative and parsed["root_path"]:
        return around.absolute(f"/{value}")
    return _path(parsed, "prefix_path", around)


def _report(parsed: ParsedOptions, around: Surroundings) -> str | None:
    return "-" if parsed["json_report_file"] == "-" else _path(parsed, "json_report_file", around)


def _cache_dir(parsed: ParsedOptions, around: Surroundings) -> str | None:
    # --no-cache-dir leaves False, `--cache-dir ""` the empty string: both mean no cache, as in pip. A folder that the
    # user names may be pip's own, so safepip keeps to a folder of its own inside it.
    chosen = parsed["cache_dir"]
    if chosen is None:
        return around.cache_dir
    return f"{around.absolute(chosen).rstrip('/')}/safepip" if chosen else None


def _selection(parsed: ParsedOptions) -> Selection:
    # pip: --pre is --all-releases :all:.
    all_releases = NameSet(all=True) if parsed["pre"] else name_set(set(parsed["all_releases"]))
    return Selection(
        no_binary=name_set(set(parsed["no_binary"])),
        only_binary=name_set(set(parsed["only_binary"])),
        prefer_binary=bool(parsed["prefer_binary"]),
        all_releases=all_releases,
        only_final=name_set(set(parsed["only_final"])),
        uploaded_before=parsed["uploaded_prior_to"],
        ignore_requires_python=bool(parsed["ignore_requires_python"]),
    )


def _building(parsed: ParsedOptions, around: Surroundings) -> BuildSettings:
    return BuildSettings(
        allowed=frozenset(map(normalise, parsed["allow_builds"])),
        isolation=bool(parsed["build_isolation"]),
        check_requirements=bool(parsed["check_build_deps"]),
        config_settings=tuple(parsed["config_settings"]),
        constraint_files=tuple(parsed["build_constraints"]),
        src_dir=_path(parsed, "src_dir", around),
        no_clean=bool(parsed["no_clean"]),
        exists_action=tuple(parsed["exists_action"]),
        no_binary=name_set(set(parsed["no_binary"])).names,
    )


def cooldown_of(parsed: ParsedOptions) -> Cooldown | None:
    value = parsed["cooldown"]
    if value is None:
        return None
    from safepip.model.spans import read_cooldown

    return read_cooldown(value, parsed.origin("cooldown") or BUILT_IN)


def _network(parsed: ParsedOptions, around: Surroundings, trusted: tuple[str, ...], proxy: str | None) -> Network:
    return Network(
        # pip takes 0 for "no limit"; safepip always has one.
        timeout=parsed["timeout"] or 15.0,
        retries=parsed["retries"],
        resume_retries=parsed["resume_retries"],
        proxy=proxy,
        no_proxy_env=bool(parsed["no_proxy_env"]),
        cert=_path(parsed, "cert", around),
        client_cert=_path(parsed, "client_cert", around),
        trusted_hosts=trusted,
        keyring_provider=parsed["keyring_provider"],
        no_input=bool(parsed["no_input"]),
        offline=bool(parsed["offline"]) or around.offline,
    )


def _display(parsed: ParsedOptions, around: Surroundings) -> Display:
    form = _form(parsed)
    verbosity = 2 if parsed["debug_mode"] else parsed["verbose"] - parsed["quiet"]
    return Display(
        verbosity=verbosity,
        color=False if parsed["no_color"] or around.no_color else None,
        progress_bar="off" if form and parsed["progress_bar"] == "raw" else parsed["progress_bar"],
        log=_path(parsed, "log", around),
        debug=bool(parsed["debug_mode"]),
        form=form,
    )


def _form(parsed: ParsedOptions) -> str:
    """The form of standard output; `audit` and `verify` have an answer of their own in each form."""
    form: str = parsed["output_format"]
    if form == "text" or parsed.verb in (AUDIT, VERIFY):
        return ""
    taken = {"--report -": parsed["json_report_file"], "--output -": parsed["output_file"]}
    for option, path in taken.items():
        if path == "-":
            raise UsageError.because(
                "conflicting-options",
                f"--output-format {form} and {option} both take standard output",
                hint=f"give {option.split()[0]} a file",
            )
    return form


#: Names of `Settings`' fields (and those inside it) whose option has another dest.
_FIELDS = {
    "requirements": "requirement_files",
    "constraints": "constraint_files",
    "dependency_groups": "groups",
    "requirements_from_scripts": "script",
    "ignore_dependencies": "no_deps",
    "only_dependencies": "only_deps",
    "require_venv": "require_virtualenv",
    "isolated_mode": "isolated",
    "override_externally_managed": "break_system_packages",
    "json_report_file": "report",
    "prefix_path": "prefix_dir",
    "root_path": "root_dir",
    "use_user_site": "user",
    "refresh_package": "refresh",
    "uploaded_prior_to": "uploaded_before",
    "debug_mode": "debug",
    "no_color": "color",
}

_PATHS = ("target_dir", "root_path", "log")


def _forwarded(parsed: ParsedOptions, around: Surroundings) -> Iterator[str]:
    """The arguments for pip at the handover: every forwarded option that differs from pip's default."""
    for row in options_of(INSTALL):
        if Handling.FORWARDED not in row.handling:
            continue
        value: Any = parsed[row.dest]
        if row.action is Action.COUNT:
            yield from [row.long] * min(value, 3)
        elif row.action in (Action.TRUE, Action.FALSE):
            # An unset value is None, or the default: the flag says nothing then.
            if value is not None and bool(value) is (row.action is Action.TRUE) and value != row.default:
                yield row.long
        elif value and row.dest == "prefix_path":
            yield from (row.long, str(_prefix(parsed, around)))
        elif value and value != row.default:
            yield from (row.long, around.absolute(value) if row.dest in _PATHS else str(value))
