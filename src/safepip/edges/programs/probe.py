"""The questions put to a target interpreter, and the program that puts them.

This file runs in two places: imported by safepip for its own interpreter, and as the text of `-c` in another one, which
has no safepip. So it imports nothing of safepip, stays within the syntax of Python 3.8; `packaging` is found in the
folder that was given to `safepip.edges.programs.bare_start`.

The tags come from packaging run *inside* the target, not from facts about it: they depend on the running process itself
(its libc, the ELF header of its executable, its build flags), and pip computes them there in the same way. Neither
finds a `_manylinux` module (PEP 513), unless it lies with the standard library. The order and the options follow pip's
documentation of `--platform`, `--python-version`, `--implementation` and `--abi`.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Literal

_APPLE = r"(macosx|ios)([^_]*)_(\d+)_(\d+)_(.+)"
_ANDROID = r"android_(\d+)_(.+)"

#: `manylinux2014` and older name a glibc by a year: what else each of them admits (PEP 571, PEP 599).
_OLDER_MANYLINUX = {
    "manylinux2014": ("manylinux2010", "manylinux1"),
    "manylinux2010": ("manylinux1",),
}


def expand_platform(wanted: str) -> list[str]:
    """The platform tags that pip accepts for one `--platform`, itself first or in descending order."""
    from packaging import tags

    apple = re.fullmatch(_APPLE, wanted)
    if apple:
        system, suffix, major, minor, machine = apple.groups()
        named = tags.mac_platforms if system == "macosx" else tags.ios_platforms
        # pip takes a vendor's prefix such as `macosxcustom_` and carries it over to every tag.
        return [system + suffix + tag[len(system) :] for tag in named((int(major), int(minor)), machine)]
    android = re.fullmatch(_ANDROID, wanted)
    if android:
        return list(tags.android_platforms(int(android.group(1)), android.group(2)))
    prefix, _, machine = wanted.partition("_")
    older = _OLDER_MANYLINUX.get(prefix, ())
    # PEP 599: manylinux1 and manylinux2010 exist for two architectures only; nothing older is implied elsewhere.
    if prefix == "manylinux2014" and machine not in ("i686", "x86_64"):
        older = ()
    return [wanted] + [name + "_" + machine for name in older]


def expand_platforms(platforms: Iterable[str]) -> list[str] | None:
    """All platform tags for the `--platform` options, first mention first; None means the interpreter's own."""
    expanded: dict[str, None] = {}
    for wanted in platforms:
        if wanted not in expanded:
            expanded.update(dict.fromkeys(expand_platform(wanted)))
    return list(expanded) or None


def supported_tags(restriction: dict[str, Any]) -> Iterator[str]:
    """The tags of this interpreter under a restriction, best first, as `cp311-cp311-linux_x86_64`.

    `restriction` has the keys `platforms` (list), `version` (None, or a list of up to three integers),
    `implementation` (None or text) and `abis` (None or list).
    """
    from packaging import tags

    # Of the version, tags know the first two numbers.
    version = tuple(restriction["version"][:2]) if restriction["version"] else None
    platforms = expand_platforms(restriction["platforms"])
    abis = restriction["abis"] or None
    implementation = restriction["implementation"] or tags.interpreter_name()
    interpreter = implementation + ("".join(map(str, version)) if version else tags.interpreter_version())
    if implementation == "cp":
        specific = tags.cpython_tags(python_version=version, abis=abis, platforms=platforms)
    else:
        specific = tags.generic_tags(interpreter=interpreter, abis=abis, platforms=platforms)
    for tag in specific:
        yield str(tag)
    for tag in tags.compatible_tags(python_version=version, interpreter=interpreter, platforms=platforms):
        yield str(tag)


def _message_language() -> str | None:
    """The language of messages, `de_DE`, as the environment has it; None where the platform has no such category."""
    import locale

    category = getattr(locale, "LC_MESSAGES", None)
    if category is None:
        return None
    before = locale.setlocale(category)
    try:
        locale.setlocale(category, "")
        return locale.getlocale(category)[0]
    except (locale.Error, ValueError):
        return None
    finally:
        locale.setlocale(category, before)


def _externally_managed(stdlib: str) -> str | None:
    """The text of PEP 668's marker file: None where there is none, empty where it gives no message."""
    marker = os.path.join(stdlib, "EXTERNALLY-MANAGED")
    if not os.path.isfile(marker):
        return None
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(marker, encoding="utf-8")
        section = parser["externally-managed"]
    except (KeyError, OSError, UnicodeDecodeError, configparser.Error):
        return ""
    keys = []
    language = _message_language()
    # PEP 668: `Error-` and the language, first in full and then without the region; `Error` for everyone.
    if language:
        keys = ["Error-" + language] + ["Error-" + language.split(sep)[0] for sep in "-_" if sep in language]
    return next((section[key] for key in [*keys, "Error"] if key in section), "")


def _full_version(info: Any) -> str:
    """A version as PEP 508 writes `implementation_version`: 3.14.0rc1 is not 3.14.0."""
    version = "{}.{}.{}".format(*info[:3])
    return version if info.releaselevel == "final" else version + info.releaselevel[0] + str(info.serial)


def markers() -> dict[str, str]:
    """PEP 508's environment, by its definitions; packaging has it too, at the price of importing its parsers."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": _full_version(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


#: What sysconfig's schemes are built on. pip puts the folder of `--prefix` or `--target` in place of each.
_BASES = ("installed_base", "base", "installed_platbase", "platbase", "prefix", "exec_prefix")


def scheme_folders(kind: Literal["prefix", "home", "user"], base: str | None = None) -> dict[str, str] | None:
    """The folders of sysconfig's scheme of a kind (prefix, user, home), by its keys; None where there is none.

    `base` is the folder on which all of them are built, None for this environment's own.
    """
    import sysconfig

    name = sysconfig.get_preferred_scheme(kind)
    # pip: a distributor's scheme for what its users add to the system is not for a folder that the user names.
    if base is not None and name in ("posix_local", "osx_framework_library"):
        name = "posix_prefix"
    if name not in sysconfig.get_scheme_names():
        return None
    if base is None:
        return sysconfig.get_paths(scheme=name)
    variables = dict.fromkeys(_BASES, base)
    if sysconfig.get_config_var("userbase") is not None:
        variables["userbase"] = base
    return sysconfig.get_paths(scheme=name, vars=variables)


def _site_packages() -> list[str]:
    """The folders that the `site` module of this interpreter names."""
    import site

    found = list(site.getsitepackages()) if hasattr(site, "getsitepackages") else []
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return found


def site_folders(named: Iterable[str], path: Iterable[str]) -> list[str]:
    """Every folder in which `site` looks for `.pth` files: those that it names, and some of `sys.path`."""
    # Old virtualenv and distributors add folders by a `site` module of their own.
    found = [*named, *(entry for entry in path if os.path.basename(entry) in ("site-packages", "dist-packages"))]
    return list(dict.fromkeys(map(os.path.abspath, found)))


def writable(folder: str) -> bool:
    """Whether a file can be made in a folder, or in the nearest one above it that exists, as pip finds it out."""
    while not os.path.isdir(folder):
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    if os.name == "posix":
        return os.access(folder, os.W_OK)
    import tempfile

    # Windows: access rights say too little, so pip makes a file and removes it.
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _places(places: dict[str, Any]) -> dict[str, Any]:
    """Where pip would put things. `places` are the folders of `--prefix`, `--target` and `--root`, each None where not
    given."""
    import sysconfig

    own = scheme_folders("prefix") or {}
    named = None
    if places["target"]:
        named = scheme_folders("home", places["target"])
    elif places["prefix"]:
        named = scheme_folders("prefix", places["prefix"])
    root = places["root"]
    packages = _site_packages()
    libraries = {own[key] for key in ("purelib", "platlib") if key in own}
    if root:
        libraries = {os.path.join(root, os.path.splitdrive(folder)[1].lstrip("/\\")) for folder in libraries}
    return {
        "schemes": own,
        "user_schemes": scheme_folders("user"),
        "named_schemes": named,
        "site_packages": packages,
        "site_folders": site_folders(packages, sys.path),
        "libraries": sorted(libraries),
        "writable": all(map(writable, libraries)),
        # A distributor may configure pip to use distutils instead.
        "distutils": not getattr(sysconfig, "_PIP_USE_SYSCONFIG", True),
    }


def facts(restriction: dict[str, Any], places: dict[str, Any]) -> dict[str, Any]:
    """What safepip needs to know of this interpreter, as JSON can carry it."""
    import site
    import sysconfig

    virtualenv = sys.prefix != getattr(sys, "base_prefix", sys.prefix)
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "markers": markers(),
        "tags": list(supported_tags(restriction)),
        "path": [os.path.abspath(entry) for entry in sys.path if entry],
        "user_site": site.getusersitepackages() if site.ENABLE_USER_SITE else None,
        "prefix": sys.prefix,
        "base_prefix": getattr(sys, "base_prefix", sys.prefix),
        "virtualenv": virtualenv,
        # PEP 668: a virtual environment is never externally managed.
        "externally_managed": None if virtualenv else _externally_managed(sysconfig.get_path("stdlib")),
        # Python 3.10 and later have it, and so does every Python that pip runs on. `test` is not among them.
        "standard_library": sorted(sys.stdlib_module_names.union(sys.builtin_module_names)),
        **_places(places),
    }


def answer(question: str, standard: list[str], searched: list[str]) -> str:
    """JSON in, JSON out: `{"restriction": ..., "places": ...}` -> `facts`, and what is needed to remember them.

    `standard` is `sys.path` as it was before the folders of `searched`, in which `site` looks, were added.
    """
    asked = json.loads(question)
    found = facts(asked["restriction"], asked["places"])
    return json.dumps({**found, "standard": standard, "searched": searched, "made_of": made_of(standard)})


def made_of(standard: Iterable[str]) -> dict[str, Any] | None:
    """The paths of all files that this answer is made of, and of the program that runs; None where that is not known.

    `loaded` are the files that the process has in its memory, which Linux says (proc(5)), and those of its modules,
    `looked_for` the folders in which it looks for modules, and what would change the answer if it were there.
    """
    import sysconfig

    if sys.platform != "linux":
        return None
    try:
        program = os.readlink("/proc/self/exe")
        with open("/proc/self/maps", "rb") as file:
            # Address, rights, offset, device, inode, and where it is one the path of the file.
            rows = [row.split(None, 5) for row in file.read().splitlines()]
    except OSError:
        return None
    mapped = [os.fsdecode(row[5]) for row in rows if len(row) > 5 and row[5][:1] == b"/"]
    modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    folder = os.path.dirname(os.path.abspath(sys.executable))
    beside = [os.path.join(place, "pyvenv.cfg") for place in (folder, os.path.dirname(folder))]
    beside.append(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
    # Which libraries the next start would load: ld.so(8).
    beside += ["/etc/ld.so.cache", "/etc/ld.so.preload"]
    return {
        "program": program,
        "loaded": sorted(set(map(os.path.abspath, filter(None, [sys.executable, *mapped, *modules])))),
        "looked_for": sorted(set(map(os.path.abspath, [*standard, *beside]))),
    }
