"""One row for each option of pip 26.3's `install`, `download`, `lock` and `wheel`, and for safepip's own.

Names, aliases, kinds and defaults are pip's (`pip install --help` and so on; a test compares). What
happens to an option is its `handling`:

- UNDERSTOOD: safepip acts on it. What names something that safepip always or never does has no effect; its `note` says
  so.
- FORWARDED: pip gets it at the handover. Both may hold at once: `--target` decides here and is obeyed there.
- REFUSED: safepip will not run with it; `note` is the reason, `hint` what to do.

The order of rows is the order of `--help`.
"""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

INSTALL, DOWNLOAD, LOCK, WHEEL = "install", "download", "lock", "wheel"
VERIFY, LIST, AUDIT = "verify", "list", "audit"


class Action(enum.Enum):
    """What an option does with its argument; from NAMES on they are pip's callbacks."""

    STORE = "store"
    APPEND = "append"
    TRUE = "store_true"
    FALSE = "store_false"
    COUNT = "count"
    HELP = "help"
    NAMES = "names"  # adds names to the set `dest` and takes them out of the set `rival`
    NO_CACHE = "no-cache"  # sets `dest` to False, whatever the truth of its configured value
    PYTHON_VERSION = "python-version"
    UPLOADED = "uploaded-prior-to"
    GROUP = "group"
    CONFIG_SETTING = "config-setting"

    @property
    def callback(self) -> bool:
        """Whether pip implements it as a callback, which matters for configured values."""
        return self not in _PLAIN

    @property
    def takes_value(self) -> bool:
        """Whether the command line gives it an argument."""
        return self not in _BARE


_PLAIN = {Action.STORE, Action.APPEND, Action.TRUE, Action.FALSE, Action.COUNT, Action.HELP}
_BARE = {Action.TRUE, Action.FALSE, Action.COUNT, Action.HELP, Action.NO_CACHE}


class Handling(enum.Flag):
    """What happens to an option."""

    UNDERSTOOD = enum.auto()
    FORWARDED = enum.auto()
    REFUSED = enum.auto()


UNDERSTOOD, FORWARDED, REFUSED = Handling.UNDERSTOOD, Handling.FORWARDED, Handling.REFUSED
BOTH = UNDERSTOOD | FORWARDED


class Option(NamedTuple):
    """A row. `flags` are all spellings, `kind` is `str`, `int`, `float` or `path` (a leading `~` is expanded).

    `default` is a tuple for APPEND and GROUP, a frozenset for NAMES, a tuple of pairs for CONFIG_SETTING.
    `own` marks an option that pip does not have: pip's configuration cannot set it and it is never abbreviated,
    so that every abbreviation means what it means in pip.
    """

    flags: tuple[str, ...]
    dest: str
    help: str
    action: Action = Action.STORE
    default: object = None
    metavar: str = ""
    kind: str = "str"
    choices: tuple[str, ...] = ()
    handling: Handling = UNDERSTOOD
    note: str = ""
    hint: str = ""
    rival: str = ""
    verbs: tuple[str, ...] = (INSTALL, DOWNLOAD, LOCK, WHEEL)
    group: str = "Command Options"
    hidden: bool = False
    own: bool = False

    @property
    def long(self) -> str:
        """The first long flag, which is what messages and the handover use."""
        return next(flag for flag in self.flags if flag.startswith("--"))


def _flag(*flags: str, dest: str, about: str, **more: Any) -> Option:
    return Option(flags, dest, about, Action.TRUE, **{"default": False, **more})


def _list(*flags: str, dest: str, metavar: str, about: str, **more: Any) -> Option:
    return Option(flags, dest, about, Action.APPEND, **{"default": (), **more}, metavar=metavar)


def _names(flag: str, dest: str, rival: str, about: str, **more: Any) -> Option:
    return Option((flag,), dest, about, Action.NAMES, frozenset(), "names", rival=rival, **more)


def _value(*flags: str, dest: str, metavar: str, about: str, **more: Any) -> Option:
    return Option(flags, dest, about, metavar=metavar, **more)


_ALWAYS = "has no effect: it names something that safepip always or never does"
_ONLY = (INSTALL,)
_WHEELS = (INSTALL, DOWNLOAD)
_LOCKS = (LOCK,)
_EVERY = (INSTALL, DOWNLOAD, LOCK, WHEEL, VERIFY, AUDIT)
_NETWORK = (INSTALL, DOWNLOAD, LOCK, WHEEL, AUDIT)
_AUDITS = (AUDIT,)
#: What decides on versions decides for `audit --fix`, too.
_DECIDES = (INSTALL, DOWNLOAD, LOCK, WHEEL, AUDIT)

COMMAND: tuple[Option, ...] = (
    _list("-r", "--requirement", dest="requirements", metavar="file",
          about="Install what a requirements file (path or URL), a lock or a pyproject.toml asks for. May be"
          " repeated."),
    _list("-c", "--constraint", dest="constraints", metavar="file", verbs=_DECIDES,
          about="Limit versions by a constraints file (path or URL). May be repeated."),
    _list("--build-constraint", dest="build_constraints", metavar="file",
          about="Limit the versions of build dependencies by a constraints file. May be repeated."),
    _list("--requirements-from-script", dest="requirements_from_scripts", metavar="file",
          about="Install what a script asks for in its inline metadata (PEP 723)."),
    _flag("--no-deps", "--no-dependencies", dest="ignore_dependencies",
          about="Install the named projects alone, without what they require."),
    _flag("--only-deps", "--only-dependencies", dest="only_dependencies",
          about="Install what the named projects require, without the named projects themselves."),
    _list("-e", "--editable", dest="editables", metavar="path/url", verbs=(INSTALL, LOCK, WHEEL),
          about="Install a project in editable mode from a folder or a version-control URL."),
    _flag("--dry-run", dest="dry_run", verbs=(INSTALL, AUDIT),
          about="Decide and report what would be done, and change nothing."),
    _value("-d", "--dest", "--destination-dir", "--destination-directory", dest="download_dir", metavar="dir",
           kind="path", default=".", verbs=(DOWNLOAD,),
           about="Put the verified wheels into <dir>. (default: the current folder)"),
    _value("-w", "--wheel-dir", dest="wheel_dir", metavar="dir", kind="path", default=".", verbs=(WHEEL,),
           about="Put the wheels into <dir>. (default: the current folder)"),
    _value("-t", "--target", dest="target_dir", metavar="dir", handling=BOTH, verbs=_ONLY,
           about="Install into <dir>. Existing files stay unless --upgrade is given."),
    _list("--platform", dest="platforms", metavar="platform", default=None, verbs=_WHEELS,
          about="Take wheels for <platform> instead of the running one. May be repeated."),
    Option(("--python-version",), "python_version", "Take wheels for this Python version, written 3, 3.7, 3.7.3 or 37.",
           Action.PYTHON_VERSION, metavar="python_version", verbs=_WHEELS),
    _value("--implementation", dest="implementation", metavar="implementation", verbs=_WHEELS,
           about="Take wheels for this Python implementation: cp, pp, ... or py for any."),
    _list("--abi", dest="abis", metavar="abi", default=None, verbs=_WHEELS,
          about="Take wheels for this ABI, such as cp311. May be repeated."),
    _flag("--user", dest="use_user_site", handling=BOTH, default=None, verbs=_ONLY,
          about="Install to the user's own folder (site.USER_BASE)."),
    Option(("--no-user",), "use_user_site", "Do not install to the user's own folder.", Action.FALSE, handling=BOTH,
           verbs=_ONLY, hidden=True),
    _value("--root", dest="root_path", metavar="dir", handling=BOTH, verbs=_ONLY,
           about="Install everything relative to this other root folder."),
    _value("--prefix", dest="prefix_path", metavar="dir", handling=BOTH, verbs=_ONLY,
           about="Install below this prefix (lib, bin, ...). For another environment, --python is the better way."),
    _value("--src", "--source", "--source-dir", "--source-directory", dest="src_dir", metavar="dir", kind="path",
           about="Folder into which editable projects are checked out."),
    _value("-o", "--output", dest="output_file", metavar="path", kind="path", default="pylock.toml", verbs=_LOCKS,
           about="Where to write the lock; - for standard output. (default: %default)"),
    _flag("-U", "--upgrade", dest="upgrade", default=None, verbs=_ONLY,
          about="Take the newest allowed version of every named project."),
    _value("--upgrade-strategy", dest="upgrade_strategy", metavar="upgrade_strategy", default="only-if-needed",
           choices=("only-if-needed", "eager"), verbs=_ONLY,
           about="What --upgrade does to dependencies: only-if-needed or eager. (default: %default)"),
    _flag("--force-reinstall", dest="force_reinstall", default=None, verbs=_ONLY,
          about="Install every project again even if it is up to date."),
    _flag("-I", "--ignore-installed", dest="ignore_installed", default=None, verbs=_ONLY,
          about="Ignore what is installed, and install over it."),
    _flag("--ignore-requires-python", dest="ignore_requires_python", default=None, handling=BOTH,
          about="Ignore which Python versions distributions say they support."),
    Option(("--no-build-isolation",), "build_isolation", "Build without an environment of its own.", Action.FALSE,
           default=True),
    _flag("--use-pep517", dest="use_pep517", default=True, note=_ALWAYS, hidden=True,
          about="Build through pyproject.toml."),
    _flag("--check-build-dependencies", dest="check_build_deps",
          about="Check the build dependencies."),
    _flag("--no-verify", dest="no_verify", verbs=(WHEEL,), note=_ALWAYS,
          about="Do not check whether a built wheel is valid. safepip always does."),
    _flag("--break-system-packages", dest="override_externally_managed", default=None, handling=BOTH, verbs=_ONLY,
          about="Change an environment that is marked EXTERNALLY-MANAGED (PEP 668)."),
    Option(("-C", "--config-settings"), "config_settings", "Setting for the build backend, KEY=VALUE. May be repeated.",
           Action.CONFIG_SETTING, (), "settings", verbs=(INSTALL, LOCK, WHEEL)),
    Option(("--compile",), "compile", "Compile Python files to bytecode. (default)", Action.TRUE, default=True,
           handling=FORWARDED, verbs=_ONLY),
    Option(("--no-compile",), "compile", "Do not compile Python files to bytecode.", Action.FALSE, default=True,
           handling=FORWARDED, verbs=_ONLY),
    Option(("--no-warn-script-location",), "warn_script_location", "Do not warn of scripts installed outside PATH.",
           Action.FALSE, default=True, handling=FORWARDED, verbs=_ONLY),
    Option(("--no-warn-conflicts",), "warn_about_conflicts", "Do not warn of broken dependencies.", Action.FALSE,
           default=True, handling=FORWARDED, verbs=_ONLY),
    _flag("--require-hashes", dest="require_hashes",
          about="Require a hash for every requirement. Switched on when any requirement has one."),
    _flag("--no-require-hashes", dest="no_require_hashes",
          about="Do not require hashes for everything because one requirement has one."),
    _value("--progress-bar", dest="progress_bar", metavar="progress_bar", default="auto",
           choices=("auto", "on", "off", "raw"), handling=BOTH,
           about="Whether to show progress: auto, on, off, raw. (default: %default)"),
    _value("--root-user-action", dest="root_user_action", metavar="root_user_action", default="warn",
           choices=("warn", "ignore"), handling=FORWARDED, verbs=_ONLY,
           about="What to do when run as root: warn, ignore. (default: %default)"),
    _value("--report", dest="json_report_file", metavar="file", verbs=_ONLY,
           about="Write pip's installation report (JSON) to <file>, or to standard output for -."),
    Option(("--group",), "dependency_groups", "Install a dependency group (PEP 735) of pyproject.toml.", Action.GROUP,
           (), "[path:]group"),
    _flag("--no-clean", dest="no_clean", about="Leave build folders behind."),
)  # fmt: skip

SELECTION: tuple[Option, ...] = (
    _flag("--pre", dest="pre", group="Package Selection Options", verbs=_DECIDES,
          about="Take pre-releases and development versions too, for every project."),
    _names("--all-releases", "all_releases", "only_final", group="Package Selection Options", verbs=_DECIDES,
           about="Take pre-releases of these projects: names separated by commas, :all: or :none:."),
    _names("--only-final", "only_final", "all_releases", group="Package Selection Options", verbs=_DECIDES,
           about="Take final releases only of these projects: names separated by commas, :all: or :none:."),
    _names("--no-binary", "no_binary", "only_binary", group="Package Selection Options", verbs=_DECIDES,
           about="Take no wheels of these projects: names separated by commas, :all: or :none:."),
    _names("--only-binary", "only_binary", "no_binary", group="Package Selection Options", verbs=_DECIDES,
           about="Take wheels only of these projects: names separated by commas, :all: or :none:."),
    _flag("--prefer-binary", dest="prefer_binary", group="Package Selection Options", verbs=_DECIDES,
          about="Prefer an older wheel to a newer source archive."),
)  # fmt: skip

INDEX: tuple[Option, ...] = (
    _value("-i", "--index-url", "--pypi-url", dest="index_url", metavar="url", group="Package Index Options",
           verbs=_DECIDES,
           about="Root of the index to use (PEP 503), or a local folder of that form. (default: pip's own)"),
    _list("--extra-index-url", dest="extra_index_urls", metavar="url", group="Package Index Options", verbs=_DECIDES,
          about="One more index. A name that more than one index has is refused. May be repeated."),
    _flag("--no-index", dest="no_index", group="Package Index Options", verbs=_DECIDES,
          about="Use no index, only what --find-links names."),
    _names("--refresh-package", "refresh_package", "", group="Package Index Options", verbs=_DECIDES,
           about="Ask the index anew for these projects: names separated by commas, :all: or :none:."),
    _list("-f", "--find-links", dest="find_links", metavar="url", group="Package Index Options", verbs=_DECIDES,
          about="A folder, a page (path or URL) that lists files of any project, or a file itself. May be repeated."),
    Option(("--uploaded-prior-to",), "uploaded_prior_to", "Take only files uploaded before this time (ISO 8601), or at"
           " least n days ago (P<n>D).", Action.UPLOADED, metavar="datetime_or_duration",
           group="Package Index Options", verbs=_DECIDES),
)  # fmt: skip

_GENERAL = "General Options"

GENERAL: tuple[Option, ...] = (
    Option(("-h", "--help"), "help", "Show this help.", Action.HELP, group=_GENERAL, verbs=_EVERY),
    _flag("--debug", dest="debug_mode", group=_GENERAL, verbs=_EVERY,
          about="Show where in the code an unexpected error arose."),
    _flag("--isolated", dest="isolated_mode", group=_GENERAL, verbs=_EVERY,
          about="Ignore pip's environment variables and the user's pip configuration."),
    _flag("--require-virtualenv", "--require-venv", dest="require_venv", group=_GENERAL,
          about="Stop unless the target is a virtual environment."),
    _value("--python", dest="python", metavar="python", group=_GENERAL, verbs=_EVERY,
           about="The environment to work on: its interpreter, or its folder."),
    Option(("-v", "--verbose"), "verbose", "Say more; up to three times.", Action.COUNT, 0, handling=BOTH,
           group=_GENERAL, verbs=_EVERY),
    Option(("-q", "--quiet"), "quiet", "Say less; up to three times.", Action.COUNT, 0, handling=BOTH,
           group=_GENERAL, verbs=_EVERY),
    _value("--log", "--log-file", "--local-log", dest="log", metavar="path", kind="path", handling=BOTH, group=_GENERAL,
           verbs=_EVERY,
           about="Append a detailed log to this file."),
    _flag("--no-input", dest="no_input", handling=BOTH, verbs=_NETWORK, group=_GENERAL, about="Never ask anything."),
    _value("--keyring-provider", dest="keyring_provider", metavar="keyring_provider", default="auto",
           choices=("auto", "disabled", "import", "subprocess"), verbs=_NETWORK, group=_GENERAL,
           about="Where credentials are looked up: auto, disabled, import, subprocess. (default: %default)"),
    _value("--proxy", dest="proxy", metavar="proxy", verbs=_NETWORK, group=_GENERAL,
           about="Proxy to use, as scheme://[user:password@]host:port; empty for none."),
    _flag("--no-proxy-env", dest="no_proxy_env", verbs=_NETWORK, group=_GENERAL,
          about="Use no proxy from the environment."),
    _value("--retries", dest="retries", metavar="retries", default=5, kind="int", verbs=_NETWORK, group=_GENERAL,
           about="How often to retry a failed request. (default: %default)"),
    _value("--timeout", "--default-timeout", dest="timeout", metavar="sec", default=15.0, kind="float", group=_GENERAL,
           verbs=_NETWORK, about="Seconds to wait for a server. (default: %default)"),
    _list("--exists-action", dest="exists_action", metavar="action", choices=("s", "i", "w", "b", "a"),
          group=_GENERAL, about="What to do when a checkout exists already: s, i, w, b or a."),
    _list("--trusted-host", dest="trusted_hosts", metavar="hostname", verbs=_NETWORK, group=_GENERAL,
          about="Accept this host (host or host:port) without valid TLS, or without any."),
    _value("--cert", dest="cert", metavar="path", kind="path", verbs=_NETWORK, group=_GENERAL,
           about="File of CA certificates (PEM) to use instead of the system's."),
    _value("--client-cert", dest="client_cert", metavar="path", kind="path", verbs=_NETWORK, group=_GENERAL,
           about="File with the client's private key and certificate (PEM)."),
    _value("--cache-dir", dest="cache_dir", metavar="dir", kind="path", group=_GENERAL, verbs=_NETWORK,
           about="Keep the cache in <dir>."),
    Option(("--no-cache-dir",), "cache_dir", "Keep no cache.", Action.NO_CACHE, group=_GENERAL,
           verbs=_NETWORK),
    _flag("--disable-pip-version-check", dest="disable_pip_version_check", note=_ALWAYS, group=_GENERAL,
          about="Do not look for a newer pip. safepip never does."),
    _flag("--no-color", dest="no_color", handling=BOTH, group=_GENERAL, verbs=_EVERY, about="Use no colours."),
    _flag("--no-python-version-warning", dest="no_python_version_warning", note=_ALWAYS, hidden=True, group=_GENERAL,
          about="Do not warn of old Python versions."),
    _list("--use-feature", dest="features_enabled", metavar="feature", note=_ALWAYS, group=_GENERAL,
          choices=("fast-deps", "inprocess-build-deps", "venv-isolation", "truststore", "no-binary-enable-wheel-cache",
                   "build-constraint"),
          about="Enable a new feature of pip."),
    _list("--use-deprecated", dest="deprecated_features_enabled", metavar="feature", handling=REFUSED, group=_GENERAL,
          choices=("legacy-resolver", "legacy-certs"), about="Enable a deprecated feature of pip.",
          note="safepip has neither pip's old resolver nor its old certificate handling",
          hint="leave --use-deprecated out; for certificates of your own use --cert"),
    _value("--resume-retries", dest="resume_retries", metavar="resume_retries", default=5, kind="int", group=_GENERAL,
           about="How often to resume a broken download. (default: %default)"),
)  # fmt: skip

OWN: tuple[Option, ...] = (
    _list("-r", "--requirement", dest="requirements", metavar="file", own=True, verbs=_AUDITS, group="safepip Options",
          about="Audit a lock, or what a requirements file pins, and no environment. May be repeated."),
    _value("--path", dest="audit_path", metavar="dir", kind="path", own=True, verbs=_AUDITS, group="safepip Options",
           about="Audit what is installed in this folder, and no environment."),
    _list("--vex", dest="vex_files", metavar="file", kind="path", own=True, verbs=_AUDITS, group="safepip Options",
          about="Leave out findings that this OpenVEX document says not to be affected by. May be repeated."),
    _list("--vex-product", dest="vex_products", metavar="id", own=True, verbs=_AUDITS, group="safepip Options",
          about="What is audited is part of this product, as VEX names it. May be repeated."),
    _flag("--fix", dest="fix", own=True, verbs=_AUDITS, group="safepip Options",
          about="Change the lock given by -r as little as it takes to leave no known vulnerability in it."),
    _flag("--update", dest="update_advisories", own=True, verbs=_AUDITS, group="safepip Options",
          about="Read the configured sources of advisories anew, and audit nothing."),
    _value("--fail-on", dest="fail_on", metavar="severity", default="low", own=True, verbs=_AUDITS,
           choices=("low", "medium", "high", "critical"), group="safepip Options",
           about="The lowest severity that ends with 1; unknown counts as high. (default: %default)"),
    _value("--output-format", dest="output_format", metavar="format", default="text", own=True,
           verbs=(INSTALL, DOWNLOAD, LOCK, WHEEL, VERIFY), choices=("text", "json", "sarif", "github"),
           group="safepip Options",
           about="How to say on standard output what came of it: text, json, sarif or github. (default: %default)"),
    _value("--output-format", dest="output_format", metavar="format", default="text", own=True, verbs=_AUDITS,
           choices=("text", "json", "sarif", "github", "cyclonedx", "markdown"), group="safepip Options",
           about="How to print it: text, json, sarif, github or cyclonedx; with --fix text, json or markdown."
           " (default: %default)"),
    _flag("--json", dest="as_json", own=True, group="safepip Options", verbs=(VERIFY,),
          about="Print what was found as JSON."),
    _flag("-U", "--upgrade", dest="upgrade", default=None, own=True, group="safepip Options", verbs=_LOCKS,
          about="Take the newest allowed version of everything, whatever the lock has."),
    _list("-P", "--upgrade-package", dest="upgrade_packages", metavar="name", own=True, group="safepip Options",
          verbs=_LOCKS, about="Take the newest allowed version of this project; keep the rest of the lock."),
    _flag("--check", dest="check_lock", own=True, group="safepip Options", verbs=_LOCKS,
          about="Write nothing; if a new lock would differ, print the difference and end with 1."),
    _value("--format", dest="lock_format", metavar="format", choices=("pylock", "requirements"), own=True,
           group="safepip Options", verbs=_LOCKS,
           about="pylock (PEP 751), or requirements with hashes. (default: by the name of the output)"),
    _list("--extra", dest="lock_extras", metavar="name", own=True, group="safepip Options", verbs=_LOCKS,
          about="Lock this extra of a pyproject.toml given by -r, too. May be repeated."),
    _flag("--all-extras", dest="all_extras", own=True, group="safepip Options", verbs=_LOCKS,
          about="Lock all extras of a pyproject.toml given by -r, too."),
    _flag("--universal", dest="universal", own=True, group="safepip Options", verbs=_LOCKS,
          about="Make one lock for Linux, macOS and Windows and all Pythons that requires-python admits."),
    _list("--environment", dest="lock_environments", metavar="platform[:3.N]", own=True, group="safepip Options",
          verbs=(LOCK, AUDIT), about="Make one lock for this environment, such as linux-x86_64:3.12. May be repeated."),
    _value("--config", dest="config", metavar="file", own=True, verbs=_NETWORK, group="safepip Options",
           about="Use this safepip.toml or pyproject.toml instead of the nearest one. Also SAFEPIP_CONFIG."),
    _flag("--no-config", dest="no_config", own=True, verbs=_NETWORK, group="safepip Options",
          about="Use no project configuration; the machine's and the user's policy still hold."),
    _value("--cooldown", dest="cooldown", metavar="age", own=True, verbs=_DECIDES, group="safepip Options",
           about="Hold back each file for this long after its upload (P3D, 72h, 0), or all files but those from before"
           " a date."),
    _list("--allow-name", dest="allow_names", metavar="name", own=True, verbs=_DECIDES, group="safepip Options",
          about="Accept this project although its name resembles another, or it is new. May be repeated."),
    _list("--allow-build", dest="allow_builds", metavar="name", own=True, verbs=_DECIDES, group="safepip Options",
          about="Build this project from source, though that runs its code. May be repeated."),
    _value("--well-known-names", dest="well_known_names", metavar="file", kind="path", own=True, verbs=_DECIDES,
           group="safepip Options",
           about="Compare names with the well-known names in this file, not with safepip's own list."),
    _flag("--verify-installed", dest="verify_installed", own=True, group="safepip Options", verbs=_ONLY,
          about="Reinstall what has the right version but is not known to come from the locked or hashed file."),
    _value("--jobs", dest="jobs", metavar="n", kind="int", own=True, group="safepip Options", verbs=_ONLY,
           about="Install with up to <n> pips side by side; 1 for one alone. Also SAFEPIP_JOBS. (default: as many as"
           " processors, where that is faster)"),
    _flag("--offline", dest="offline", own=True, verbs=_NETWORK, group="safepip Options",
          about="Make no request; what is needed must be in the cache. Also SAFEPIP_OFFLINE."),
)  # fmt: skip

#: What `pip list` has beside the options that concern indexes. safepip answers it only where it asks what is newer.
LISTING: tuple[Option, ...] = (
    _flag("-o", "--outdated", dest="outdated", verbs=(LIST,), about="List what has a newer version."),
    _flag("-u", "--uptodate", dest="uptodate", verbs=(LIST,), about="List what has none."),
    _flag("-e", "--editable", dest="editable", verbs=(LIST,), about="List editable projects."),
    _flag("-l", "--local", dest="local", verbs=(LIST,),
          about="Leave out what a virtual environment only sees of its base."),
    _flag("--user", dest="user", verbs=(LIST,), about="List the user's own folder alone."),
    _list("--path", dest="path", metavar="path", verbs=(LIST,), about="List this folder."),
    _value("--format", dest="list_format", metavar="list_format", default="columns",
           choices=("columns", "freeze", "json"), verbs=(LIST,), about="columns or json. (default: %default)"),
    _flag("--not-required", dest="not_required", verbs=(LIST,), about="Leave out what others require."),
    Option(("--exclude-editable",), "include_editable", "Leave out editable projects.", Action.FALSE, verbs=(LIST,)),
    Option(("--include-editable",), "include_editable", "List editable projects, too.", Action.TRUE, default=True,
           verbs=(LIST,)),
    _list("--exclude", dest="excludes", metavar="package", verbs=(LIST,),
          about="Leave this project out. May be repeated."),
)  # fmt: skip

OPTIONS: tuple[Option, ...] = (*COMMAND, *SELECTION, *INDEX, *GENERAL, *OWN)

#: What says how versions are decided on, by dest: `audit` does that only with --fix.
DECIDING = frozenset(option.dest for option in (*SELECTION, *INDEX)) | {
    "dry_run",
    "lock_environments",
    "cooldown",
    "allow_names",
    "allow_builds",
    "well_known_names",
}


def options_of(verb: str) -> tuple[Option, ...]:
    """The rows that belong to a verb."""
    if verb == LIST:
        # Constraints are none of pip's options here: they hold for what safepip would choose.
        limits = (option for option in COMMAND if option.dest == "constraints")
        others = (option for option in (*SELECTION, *INDEX, *GENERAL, *OWN) if DOWNLOAD in option.verbs)
        return (*LISTING, *limits, *others)
    return tuple(option for option in OPTIONS if verb in option.verbs)


#: Options of verbs that are passed through to pip, as far as they are tried on others.
_PASSED_THROUGH = {
    "--all": "freeze",
    "--exclude": "list",
    "--exclude-editable": "list",
    "--files": "show",
    "--local": "list",
    "--not-required": "list",
    "--outdated": "list",
    "--path": "list",
    "--uptodate": "list",
    "--yes": "uninstall",
    "-y": "uninstall",
}


def verbs_with(flag: str) -> tuple[str, ...]:
    """The verbs that have an option of this spelling."""
    own = (verb for option in OPTIONS if flag in option.flags for verb in option.verbs)
    passed = (_PASSED_THROUGH[flag],) if flag in _PASSED_THROUGH else ()
    return tuple(dict.fromkeys((*own, *passed)))
