"""`outside-target`: every file of a wheel is installed where a wheel may put files of its kind, and nowhere else.

Two checks, because only the second can be overruled:

`check_paths`: it is certain where each file is installed, and that is below the folder of its scheme. The wheel
specification knows five schemes, one `.data` folder named as the `.dist-info` folder is, and scripts whose names are
file names. What pip itself refuses is refused here too, since pip does so only when other wheels of the run are already
installed.

`check_places`: files of `data`, `headers` and `scripts` stay out of places that belong to others: folders that Python
imports from or reads at its start, the standard library, folders of metadata, the files that tell an interpreter what
it is, headers of other projects, and what conda reads when it starts. No file lies where the environment has a folder,
and no command in a folder below that of the commands. A wheel's modules go to purelib and platlib, where the other
rules look at them. And no file, in any scheme, steers what is started next: at the top of a folder in which people may
work (`--target`, `--prefix`, the environment's own), or where shells look (`safepip.rules.steering`).

A folder that is a link leads elsewhere; the owner of the environment made it so, and this rule does not look at it.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from safepip.model.names import normalise
from safepip.rules.context import objection
from safepip.rules.steering import WheelCommands, steers
from safepip.wheel.entry_points import is_callable, parse
from safepip.wheel.install_paths import key_of
from safepip.wheel.script_names import bare, command_folders, command_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import InstallPath
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.install_paths import Layout

REFERENCE = "outside-target"

#: What a script's name may not contain: separators and other characters that Windows forbids, and brackets and the
#: equals sign, which pip's script maker takes for a part of its own grammar.
_NOT_IN_NAMES = frozenset('/\\:*?"<>|[]=')

#: Names that Windows takes for devices, whatever ending they have.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)

#: How long a file name may be on most systems, less what is added to it (`-script.py`, a temporary ending).
_LONGEST = 200

#: Folders of a standard library, below `lib` and its like, and of Python's headers, below `include`.
_LIBRARY = re.compile(r"(python|pypy)(\d+(\.\d+)*[a-z]*)?")
_LIBRARY_HOMES = frozenset({"lib", "lib64", "lib32"})
_SITE_NAMES = frozenset({"site-packages", "dist-packages"})
_METADATA = (".dist-info", ".egg-info", ".egg-link", ".egg")

#: Read by an interpreter when it starts, or loaded by it: `pyvenv.cfg`, `python311._pth`, `python311.zip` on its search
#: path, `python3.dll`, `libpython3.11.so.1.0`, which in `lib` is most of an interpreter that was built to share it.
_INTERPRETERS = re.compile(
    r"pyvenv\.cfg|pybuilddir\.txt|.*\._pth|python\d*\.(zip|dll)|lib(python|pypy)\d[\w.-]*\.(so|dylib)(\.\d+)*"
)

#: Folders below the environment's that other programs read, and which these are.
_READ_BY = {
    ("pip.conf",): "pip's configuration for this environment",
    ("pip.ini",): "pip's configuration for this environment",
    ("bin", "modules"): "Python believes that it runs from its own build folder where this lies beside it",
    ("conda-meta",): "conda's records of what is installed",
    ("etc", "conda"): "read by conda when an environment is activated",
}
_IMPORTABLE = (".py", ".pyc", ".pyo", ".pyw", ".pyd", ".so", ".pth", ".start", ".egg-link")


def check_paths(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether it is certain where every file would be installed, and that this is below the folder of its scheme."""
    evidence = _evidence(chain(_unclear(wheel, context.layout), _scripts(wheel), _outside(wheel, context.layout)))
    if evidence is None:
        return None
    message = "has files that would not be installed in the folder meant for them"
    return objection(wheel, REFERENCE, message, evidence, allowable=False)


def check_places(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether files that are not modules stay out of what belongs to others."""
    evidence = _evidence(chain(_misplaced(wheel, context.layout), _steering(wheel, context.layout)))
    if evidence is None:
        return None
    return objection(wheel, REFERENCE, "puts files where a wheel may not put any", evidence)


def _evidence(lines: Iterator[str]) -> Iterator[str] | None:
    """The lines, or None where there are none."""
    first = next(lines, None)
    return None if first is None else chain((first,), lines)


# --- where files are installed -------------------------------------------------------------------------------------


def _unclear(wheel: WheelUnderReview, layout: Layout) -> Iterator[str]:
    """Why the install paths are not certain."""
    if not layout.schemes:
        yield "safepip cannot tell where pip would put files with these options and this Python"
    expected = wheel.content.dist_info.removesuffix(".dist-info") + ".data"
    tops = dict.fromkeys(path.partition("/")[0] for path in wheel.content.entries)
    for top in tops:
        # The wheel specification: {distribution}-{version}.data. pip takes any folder with that ending, other
        # installers do not.
        if top.casefold().endswith(".data") and top != expected:
            yield f"{top}: the .data folder must be named {expected}"
    yield from parse(wheel.content.info("entry_points.txt")).problems


def _outside(wheel: WheelUnderReview, layout: Layout) -> Iterator[str]:
    """Files that leave their scheme or have no scheme, and scripts that would be made twice at one path."""
    project = normalise(wheel.content.filename.partition("-")[0])
    bases = {scheme: f"{(layout.folder(scheme, project) or '').rstrip('/')}/" for scheme in layout.schemes}
    scripts: set[str] = set()
    for install_path in wheel.install_paths:
        stated = install_path.entry.path if install_path.entry else f"the script {install_path.entry_point}"
        if not install_path.path or install_path.scheme not in bases:
            if layout.schemes:
                yield (
                    f"{stated}: {install_path.scheme} is not a scheme"
                    if install_path.scheme
                    else f"{stated}: has no scheme"
                )
        elif not install_path.path.startswith(bases[install_path.scheme]):
            yield f"{stated}: would be installed at {install_path.path}, outside of {bases[install_path.scheme]}"
        elif install_path.entry is None:
            if install_path.key in scripts:
                yield f"{stated}: would be made twice, at {install_path.path}"
            scripts.add(install_path.key)


def _scripts(wheel: WheelUnderReview) -> Iterator[str]:
    """Entry points whose names cannot be scripts' names."""
    for entry in parse(wheel.content.info("entry_points.txt")).scripts:
        problem = _name_problem(entry.name)
        if problem:
            yield f"the script {entry.name or '(without a name)'} {problem}"
        # pip's documentation of entry points: a script needs a function behind the colon.
        if not is_callable(entry.value):
            yield f"the script {entry.name} does not name a function: {entry.value or '(nothing)'}"


def _name_problem(name: str) -> str:
    """Why this is not the name of a file, in words that go on after the name; empty where it is one."""
    if not name:
        return "has no name"
    if not name.isprintable() or any(char.isspace() for char in name):
        return "has white space or an invisible character in its name"
    if not _NOT_IN_NAMES.isdisjoint(name):
        return "is a path, or has a character that a script's name may not have"
    if name.endswith(".") or _DEVICES.fullmatch(name):
        return "has a name that means another file, or a device, on Windows"
    # A `pyvenv.cfg` beside the interpreter goes before the environment's own; without `home` and the like, which a
    # script does not have, it lets in modules of the system.
    if _INTERPRETERS.fullmatch(key_of(name)):
        return "has the name of a file that the interpreter reads when it starts"
    return "has a name that is too long" if len(name.encode("utf-8", "replace")) > _LONGEST else ""


# --- what belongs to others -----------------------------------------------------------------------------------------


def _misplaced(wheel: WheelUnderReview, layout: Layout) -> Iterator[str]:
    """Files of `data`, `headers` and `scripts` in places of others."""
    if not any(
        install_path.entry and install_path.scheme not in ("purelib", "platlib") for install_path in wheel.install_paths
    ):
        return
    project = normalise(wheel.content.filename.partition("-")[0])
    places = _Places(layout, project)
    for install_path in wheel.install_paths:
        if (
            install_path.entry is not None
            and install_path.path
            and install_path.scheme in ("data", "headers", "scripts")
        ):
            why = places.why_not(install_path, install_path.entry.path)
            if why:
                yield f"{install_path.entry.path}: would be installed at {install_path.path}: {why}"


def _steering(wheel: WheelUnderReview, layout: Layout) -> Iterator[str]:
    """Files that steer what is started next."""
    tops = {key_of(layout.schemes.get("data", "")), *(key_of(new) for _, new in layout.moved)}
    # With --target modules are installed at the top as well; else they are somewhere below it, and not looked at.
    roots = {key_of(layout.schemes.get(name, "")) for name in ("purelib", "platlib")}
    deeper = frozenset(("purelib", "platlib")) if roots.isdisjoint(tops) else frozenset()
    install_paths = [
        install_path
        for install_path in wheel.install_paths
        if install_path.entry is not None and install_path.scheme not in deeper
    ]
    brought = _commands_of(wheel, layout) if install_paths else WheelCommands(frozenset())
    for install_path in install_paths:
        top = next(
            (f"{top.rstrip('/')}/" for top in tops if top and install_path.key.startswith(f"{top.rstrip('/')}/")), ""
        )
        if top and install_path.entry is not None:
            text = wheel.content.texts.get(install_path.entry.path)
            why = steers(install_path.key[len(top) :].split("/", 5), brought, text)
            if why:
                yield f"{install_path.entry.path}: would be installed at {install_path.path}: {why}"


def _commands_of(wheel: WheelUnderReview, layout: Layout) -> WheelCommands:
    folders = command_folders(layout)
    names = (command_of(install_path, folders) for install_path in wheel.install_paths)
    virtual = bool(layout.prefix) and layout.schemes.get("data") == layout.prefix != layout.base_prefix
    return WheelCommands(frozenset(key_of(bare(name)) for name in names if name), virtual)


class _Places:
    """The places that belong to others, as keys: letter case never matters here."""

    def __init__(self, layout: Layout, project: str) -> None:
        self._bases = {scheme: key_of(layout.folder(scheme, project) or "") for scheme in layout.schemes}
        self._sites = sorted(map(key_of, layout.site_folders))
        prefixes = (layout.prefix, layout.base_prefix) if layout.windows else ()
        self._libraries = sorted({*map(key_of, layout.libraries), *(f"{key_of(base)}/dlls" for base in prefixes)})
        self._headers = key_of(layout.schemes.get("headers", ""))
        self._folders = frozenset(_upwards([*self._bases.values(), *self._sites, *self._libraries]))

    def why_not(self, install_path: InstallPath, path: str) -> str:
        """Who the place belongs to, empty where it is free. `path` is the file's path in the wheel."""
        # The part of the path behind `.data` and the scheme. What pip moves (--target) is no longer at that path below
        # the scheme.
        within = key_of(path).split("/")[2:]
        # pip would give up here, when it has already installed other wheels of the run.
        if install_path.key in self._folders or (
            install_path.scheme == "data" and within in ([home] for home in _LIBRARY_HOMES)
        ):
            return "this is a folder of the environment"
        if install_path.scheme == "scripts" and len(within) > 1:
            return "commands lie in the folder of commands itself, not below it"
        return (
            self._of_python(install_path.key, self._bases.get(install_path.scheme, ""))
            or _of_others(within)
            or self._of_headers(install_path, within)
        )

    def _of_python(self, key: str, base: str) -> str:
        """Folders that Python imports from."""
        for folder in self._sites:
            if not key.startswith(f"{folder}/"):
                continue
            # Of a site folder that holds the whole scheme (--target, and on Windows the environment's own folder) only
            # what could be imported belongs to others.
            if not f"{base}/".startswith(f"{folder}/") or _is_importable(key[len(folder) + 1 :]):
                return f"modules and their metadata lie in {folder}"
        for folder in self._libraries:
            if key.startswith(f"{folder}/") and not f"{base}/".startswith(f"{folder}/"):
                return f"the standard library lies in {folder}"
        return ""

    def _of_headers(self, install_path: InstallPath, within: list[str]) -> str:
        """Headers of Python, and of the projects that others compile against."""
        if install_path.scheme == "headers":
            return ""
        below = install_path.key.startswith(f"{self._headers}/") if self._headers else False
        named = len(within) > 2 and within[0] == "include" and (within[1] == "site" or _LIBRARY.fullmatch(within[1]))
        own = self._bases.get("headers", "")
        if (below or named) and not install_path.key.startswith(f"{own}/"):
            return "headers of Python or of another project lie there"
        return ""


def _upwards(folders: Iterable[str]) -> Iterator[str]:
    """These folders, and all folders above them."""
    for folder in folders:
        while folder:
            yield folder
            folder = folder.rpartition("/")[0]


def _is_importable(path: str) -> bool:
    """Whether Python finds a module, or a file that it reads at its start, at this path below a folder it knows."""
    top, _, rest = path.partition("/")
    return (not rest and top.endswith(_IMPORTABLE)) or ("/" not in rest and rest.startswith("__init__."))


def _of_others(within: list[str]) -> str:
    """Places that belong to others in every environment; `within` are the parts of a path below its scheme."""
    if _INTERPRETERS.fullmatch(within[-1] if within else ""):
        return "the interpreter reads this file when it starts"
    for number, part in enumerate(within):
        if part in _SITE_NAMES:
            return "modules and their metadata lie in such a folder"
        if part.endswith(_METADATA):
            return "metadata of a distribution lies there"
        if part in _LIBRARY_HOMES and len(within) > number + 2 and _LIBRARY.fullmatch(within[number + 1]):
            return "a standard library lies there"
    for parts, whose in _READ_BY.items():
        if tuple(within[: len(parts)]) == parts:
            return whose
    return ""
