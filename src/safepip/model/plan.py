"""The plan of a run: every option and policy decided, before anything is fetched.

What fields are is written as it is, and not as text for a type checker alone: to compile a hundred such texts took as
long as to import five modules, in each run.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from safepip.model.advisory_policy import AdvisoryPolicy
from safepip.model.ages import AgePolicy, Cooldown
from safepip.model.build import BuildPolicy, BuildSettings
from safepip.model.origin import BUILT_IN, Origin

if TYPE_CHECKING:
    from safepip.model.exemption import Exemption
    from safepip.model.index import Index


class UpgradeStrategy(enum.Enum):
    """pip's three strategies; the first is what holds without `--upgrade`."""

    TO_SATISFY_ONLY = "to-satisfy-only"
    ONLY_IF_NEEDED = "only-if-needed"
    EAGER = "eager"


class NameSet(NamedTuple):
    """pip's sets of names with `:all:` and `:none:` (`--no-binary`, `--only-final`, `--refresh-package`)."""

    all: bool = False
    names: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a normalised name is in it."""
        return self.all or name in self.names

    def __contains__(self, _name: object) -> NoReturn:
        raise TypeError("a tuple would look among its fields: ask `has`")

    def __bool__(self) -> bool:
        return self.all or bool(self.names)


class Selection(NamedTuple):
    """Which files of a page may be candidates: pip's package selection options.

    `uploaded_before` is seconds since the epoch (`--uploaded-prior-to`). For a name in both
    `all_releases` and `only_final` the exact name beats `:all:`, as in pip's release control.
    """

    no_binary: NameSet = NameSet()
    only_binary: NameSet = NameSet()
    prefer_binary: bool = False
    all_releases: NameSet = NameSet()
    only_final: NameSet = NameSet()
    uploaded_before: float | None = None
    ignore_requires_python: bool = False

    def leaves_out_wheels(self, name: str) -> bool:
        """`--no-binary`: source archives only; the exact name beats `:all:`."""
        return name in self.no_binary.names or (self.no_binary.all and name not in self.only_binary.names)

    def leaves_out_archives(self, name: str) -> bool:
        """`--only-binary`: wheels only; the exact name beats `:all:`."""
        return name in self.only_binary.names or (self.only_binary.all and name not in self.no_binary.names)

    def allows_prereleases(self, name: str) -> bool | None:
        """pip's ReleaseControl: True, False, or None where the specifiers decide."""
        if name in self.all_releases.names:
            return True
        if name in self.only_final.names:
            return False
        if self.all_releases.all:
            return True
        if self.only_final.all:
            return False
        return None


class Network(NamedTuple):
    """How to reach indexes. Times are in seconds. `proxy` None means: as the environment says.

    `trusted_hosts` are `host` or `host:port` of `--trusted-host`. `no_proxy_env` is pip's
    `--no-proxy-env`. `cert` and `client_cert` are paths. No field holds a credential: a proxy's user
    information is kept by `safepip.edges.network.credentials`, as every other.
    """

    timeout: float = 15.0
    retries: int = 5
    resume_retries: int = 5
    proxy: str | None = None
    no_proxy_env: bool = False
    cert: str | None = None
    client_cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    keyring_provider: str = "auto"
    no_input: bool = False
    offline: bool = False


class Display(NamedTuple):
    """What to print and where. `verbosity` is the count of -v less the count of -q."""

    verbosity: int = 0
    color: bool | None = None
    """False for --no-color and NO_COLOR, None to let the terminal decide."""
    progress_bar: str = "auto"
    log: str | None = None
    debug: bool = False
    form: str = ""
    """The form in which standard output says how the run ended, and nothing else; empty where it is for words."""


class LockSettings(NamedTuple):
    """What `safepip lock` does with its answer.

    `output` is an absolute path, or `-` for standard output; `requirements` asks for a hashed requirements file in
    place of `pylock.toml`. `upgrade` takes the newest of everything, `upgrade_names` of these projects alone. `extras`
    are those of a pyproject.toml that are locked too, `all_extras` all of them. `universal` asks for one lock for
    several environments, `environments` names them; empty means the usual ones.
    """

    output: str
    requirements: bool = False
    check: bool = False
    upgrade: bool = False
    upgrade_names: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    all_extras: bool = False
    universal: bool = False
    environments: tuple[str, ...] = ()


class Settings(NamedTuple):
    """Every option of `install` and `download` that safepip acts on, decided.

    `forwarded` are arguments for pip at the handover, ready made, in order (`--target DIR`,
    `--no-compile` ...). `cache_dir` is None where caching is off.
    """

    requirements: tuple[str, ...] = ()
    """Requirement arguments as given on the command line, credentials removed."""
    requirement_files: tuple[str, ...] = ()
    constraint_files: tuple[str, ...] = ()
    editables: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """`[PATH:]GROUP` as given."""
    script: str | None = None
    no_deps: bool = False
    only_deps: bool = False
    dry_run: bool = False
    upgrade: UpgradeStrategy = UpgradeStrategy.TO_SATISFY_ONLY
    force_reinstall: bool = False
    ignore_installed: bool = False
    require_hashes: bool = False
    no_require_hashes: bool = False
    require_virtualenv: bool = False
    isolated: bool = False
    verify_installed: bool = False
    """`--verify-installed`: reinstall what is required by digest and not known to be installed from those bytes."""
    no_index: bool = False
    """`--no-index`: only find-links sources are in force, even where a file names an index later."""
    break_system_packages: bool = False
    report: str | None = None
    python: str | None = None
    target_dir: str | None = None
    prefix_dir: str | None = None
    root_dir: str | None = None
    user: bool | None = None
    download_dir: str | None = None
    wheel_dir: str | None = None
    platforms: tuple[str, ...] = ()
    python_version: str | None = None
    implementation: str | None = None
    abis: tuple[str, ...] = ()
    cache_dir: str | None = None
    refresh: NameSet = NameSet()
    selection: Selection = Selection()
    network: Network = Network()
    display: Display = Display()
    forwarded: tuple[str, ...] = ()
    lock: LockSettings | None = None
    """Set for `safepip lock` alone."""
    cooldown: Cooldown | None = None
    """What `--cooldown` says of this run."""
    allow_names: frozenset[str] = frozenset()
    """Normalised names of `--allow-name`: neither look-alikes nor new projects to this run."""
    well_known_names: str | None = None
    """Absolute path of the list of `--well-known-names`."""
    building: BuildSettings = BuildSettings()
    jobs: int | None = None
    """How many pips may install side by side; None for as many as pay."""
    asks_nothing: bool = False
    """Whether an argument is empty: as in pip it asks for nothing, and that is not an error."""
    origins: Mapping[str, Origin] = MappingProxyType({})
    """For a field's name, where its value was set; fields at their default are absent."""

    @property
    def asks(self) -> bool:
        """Whether anything is asked for, be it that nothing is: a requirement, or a file or group that has some."""
        named = (self.requirements, self.requirement_files, self.editables, self.groups, self.script)
        return self.asks_nothing or any(named)

    def described(self) -> tuple[str, ...]:
        """The options that are given and describe another target than the Python that runs (pip's `--platform`)."""
        given = {
            "--platform": self.platforms,
            "--python-version": self.python_version,
            "--implementation": self.implementation,
            "--abi": self.abis,
        }
        return tuple(option for option, value in given.items() if value)


class Target(NamedTuple):
    """The environment that packages go to, or the one described by `--platform` and its like.

    `python` is the absolute path of its interpreter; `version` its full version (`3.11.7`);
    `markers` PEP 508's environment; `tags` the supported tags (`py3-none-any`), best first. `site_paths` are the
    folders in which installed distributions are looked for, in `sys.path` order. `own` says that safepip itself
    runs from this environment. `externally_managed` is PEP 668's message where there is one.
    `standard_library` are the names of its top-level standard modules.

    `schemes` are sysconfig's folders for what is installed into it, by sysconfig's names; `user_schemes` those of
    `--user`, `named_schemes` those built on the folder of `--prefix` or `--target`, each empty where there are none.
    `site_folders` are the folders in which it looks for `.pth` files. `writable` says whether its own purelib and
    platlib can be written to, `distutils` that its distributor makes pip ask distutils and not sysconfig for folders.
    `remembered` is the file in which an earlier run has kept this, and what it has kept; None where the interpreter
    itself was asked.
    """

    python: str
    version: str
    markers: Mapping[str, str]
    tags: tuple[str, ...]
    site_paths: tuple[str, ...] = ()
    user_site: str | None = None
    prefix: str = ""
    virtualenv: bool = False
    own: bool = False
    externally_managed: str | None = None
    schemes: Mapping[str, str] = MappingProxyType({})
    standard_library: frozenset[str] = frozenset()
    base_prefix: str = ""
    user_schemes: Mapping[str, str] = MappingProxyType({})
    named_schemes: Mapping[str, str] = MappingProxyType({})
    site_folders: tuple[str, ...] = ()
    writable: bool = True
    distutils: bool = False
    remembered: tuple[str, Mapping[str, object]] | None = None


class Policy(NamedTuple):
    """What safepip's configuration demands, all levels merged; a lower level has only tightened it.

    `declared` says whether any safepip configuration is in force: then only the indexes it declares may
    be used (`routing.md`, "Where indexes may be named"). `forbid_trusted_hosts` is where `--trusted-host` is forbidden,
    None where it is not.
    `allow_direct` are normalised names for which the user's own direct URL is allowed though claimed.
    `exemptions` overrule rules; `expired` did so until their last day. `ages` says how old files and projects have to
    be. `well_known_names` is the absolute path of the list that replaces safepip's own, set at `well_known_origin`.
    `enforced` is, for a rule on names, where exceptions from it are forbidden: then no lower level decides a name by
    claiming it. `bans` are all rules from which exceptions are forbidden, each with where; an empty text stands for
    every rule. `verify_installed` is where `--verify-installed` is made a rule, None where it is not, and
    `full_commits` where version control is demanded to be named by whole commit ids. `builds` says which builds are
    approved, `advisories` where known vulnerabilities are known from and what is done about them.
    """

    declared: bool = False
    forbid_trusted_hosts: Origin | None = None
    allow_direct: frozenset[str] = frozenset()
    origin: Origin = BUILT_IN
    exemptions: "tuple[Exemption, ...]" = ()
    ages: AgePolicy = AgePolicy()
    well_known_names: str | None = None
    well_known_origin: Origin = BUILT_IN
    enforced: Mapping[str, Origin] = MappingProxyType({})
    bans: tuple[tuple[str, Origin], ...] = ()
    verify_installed: Origin | None = None
    full_commits: Origin | None = None
    expired: "tuple[Exemption, ...]" = ()
    builds: BuildPolicy = BuildPolicy()
    advisories: AdvisoryPolicy = AdvisoryPolicy()


class Plan(NamedTuple):
    """Everything decided before the first request. `indexes` are the sources in force, in order."""

    settings: Settings
    policy: Policy
    indexes: "tuple[Index, ...]"
    notices: tuple[str, ...] = ()
    now: float = 0.0
    """When the run began, seconds since the epoch."""

    def well_known_names(self) -> tuple[str | None, Origin]:
        """The path of the list of well-known names in force, None for safepip's own, and where it was named."""
        if self.settings.well_known_names is not None:
            return self.settings.well_known_names, self.settings.origins["well_known_names"]
        return self.policy.well_known_names, self.policy.well_known_origin


def installs_for_user(settings: Settings, target: Target) -> bool:
    """Whether pip installs as with `--user`: because an option says so, or as it may not write to site-packages."""
    if settings.user is not None:
        return settings.user
    named = settings.prefix_dir is not None or settings.target_dir is not None
    return not named and target.user_site is not None and not target.writable
