"""`startup-hook`: nothing in a wheel runs at every start of Python, unless it is known to be harmless.

The `site` module of Python does three things before any program begins: it goes through the `.pth` files of every site
folder and runs their import lines (from 3.15 on it also calls what `.start` files name), and it imports `sitecustomize`
and `usercustomize` from wherever it finds them. A wheel that brings one of these runs its code in every program of the
environment, pip and safepip included, although none of them imports it.

1. A `.pth` file or a `.start` file in a site folder runs nothing. Folders of the wheel may be added to `sys.path`.
2. There is no module, package, compiled file or extension of the two names in a folder that Python imports from,
   folders added by the `.pth` files of this run included. The same holds for two more names, which belong to no
   distribution, and which hooks import that many environments have from the tools that made them: `_virtualenv`, by the
   `.pth` file that virtualenv and uv put into each environment, and `apport_python_hook`, by the `sitecustomize` of
   Ubuntu, (every environment of Ubuntu's Python imports it, whether apport is there or not). And `_distutils_hack` is
   setuptools' alone: its hook may lie in another folder of the search path, the system's, and would import what lies
   before it. `_manylinux` (PEP 513) is imported by each pip that asks which wheels fit, and by safepip's own question
   for that: it would run in every later installation, before a wheel is judged.
3. What is installed in a site folder is judged by its install path, in any scheme. A folder named `site-packages` or
   `dist-packages` counts wherever it is, since some Python may use it, and so does one in an unknown scheme.
4. `safepip.rules.known_hooks` names what is harmless: files of named projects by their digest, and setuptools' lines
   for namespace packages. Such a line makes a module without executing it, so it is harmless where the name is no
   standard module's, the wheel has files for it, nothing of that name is an extension (loading one runs it), and
   nothing else of that name is hidden (`safepip.rules.namespace_hooks`).

Python ignores hidden files, and finds modules only by their exact letter case. This rule relies on neither.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from safepip.rules.context import objection
from safepip.rules.editable_projects import OwnProject
from safepip.rules.known_hooks import is_known, namespace_of
from safepip.rules.namespace_hooks import Hidden
from safepip.rules.start_files import CUSTOM, OF_PROJECTS, SITE_NAMES, StartFile, added, is_absolute, start_files
from safepip.wheel.install_paths import key_of
from safepip.wheel.modules import DEEPEST_FOLDER
from safepip.wheel.pth import read_pth, read_start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

REFERENCE = "startup-hook"

_MAY_BE_CUSTOM = re.compile("|".join(sorted(CUSTOM)))

#: What must not be made a namespace: a module of these names is imported, or exists, at every start.
_NO_NAMESPACES = frozenset({"__main__", "builtins", "site", "sys", *CUSTOM})

_EXTENSIONS = (".so", ".pyd", ".dll", ".dylib", ".sl")
#: Below a folder on the path pip and `importlib.metadata` take these for distributions.
_METADATA = re.compile(r"/[^/]*\.(?:dist-info|egg-info|egg-link|egg)(?=/|$)")


class _Sorted:
    """Sorted keys: among a hundred thousand, those with a common beginning are found without looking at each."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = sorted(keys)
        # Folders in which metadata of a distribution lies.
        self.holders = {key[: found.start()] for key in self._keys for found in _METADATA.finditer(key)}

    def __contains__(self, key: str) -> bool:
        return self._at(key) == key

    def any_begins(self, prefix: str) -> bool:
        """Whether some key begins with this text."""
        return self._at(prefix).startswith(prefix)

    def _at(self, text: str) -> str:
        """The first key that does not stand before `text`; empty where all do."""
        number = bisect_left(self._keys, text)
        return self._keys[number] if number < len(self._keys) else ""


class _Places:
    """What the lines of `.pth` files are checked against. A wheel may have as many lines as files."""

    def __init__(self, wheel: WheelUnderReview, context: RuleContext) -> None:
        self._wheel = wheel
        self._context = context
        self._there: dict[str, _Sorted] = {}

    @cached_property
    def project(self) -> OwnProject | None:
        """The user's own folder, where the wheel is that of an editable project."""
        is_own = self._wheel.pin.name in self._context.own_folders
        return OwnProject(self._wheel, self._context) if is_own else None

    @cached_property
    def own(self) -> _Sorted:
        """The places of the wheel's own files."""
        return _Sorted(install_path.key for install_path in self._wheel.install_paths)

    @cached_property
    def hidden(self) -> Hidden:
        """What the empty modules would hide."""
        return Hidden(self._wheel, self._context)

    @cached_property
    def extensions(self) -> _Sorted:
        """The places of all extensions of the run."""
        return _Sorted(key for key in self._context.claimants if key.endswith(_EXTENSIONS))

    def extensions_in(self, folder: str) -> _Sorted:
        """The names of the extensions that are installed in a folder, as keys."""
        if folder not in self._there:
            keys = map(key_of, self._context.names(folder))
            self._there[folder] = _Sorted(key for key in keys if key.endswith(_EXTENSIONS))
        return self._there[folder]


def check(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether nothing of the wheel runs by itself."""
    files = tuple(start_files(wheel, context.layout))
    places = _Places(wheel, context)
    found = chain(
        chain.from_iterable(_pth(file, wheel, context, places) for file in files if file.name.endswith(".pth")),
        chain.from_iterable(_start(file, wheel) for file in files if file.name.endswith(".start")),
        _custom_modules(wheel, context),
    )
    first = next(found, None)
    if first is None:
        return None
    return objection(wheel, REFERENCE, "has code that runs at every start of Python", chain((first,), found))


# --- .pth and .start ------------------------------------------------------------------------------------------------


def _pth(file: StartFile, wheel: WheelUnderReview, context: RuleContext, places: _Places) -> Iterator[str]:
    """What is wrong with a `.pth` file, one line each."""
    data = wheel.content.texts.get(file.entry.path)
    if data is None:
        yield f"{file.entry.path}: was not read"
    elif not is_known(wheel.pin.name, posixpath.basename(file.entry.path), data):
        lines = read_pth(data)
        for line in lines.code:
            why = _why_no_code(line, file, context, places)
            if why:
                yield f"{file.entry.path}: {why}: {line.strip()}"
        for line in lines.paths:
            why = _why_no_folder(line, file, places)
            if why:
                yield f"{file.entry.path}: {why}: {line}"


def _start(file: StartFile, wheel: WheelUnderReview) -> Iterator[str]:
    """PEP 829: each line names a function that Python calls. Even an empty file makes Python ignore a `.pth`."""
    for line in read_start(wheel.content.texts.get(file.entry.path, b"")) or ("(nothing)",):
        yield f"{file.entry.path}: calls: {line}"


def _why_no_code(line: str, file: StartFile, context: RuleContext, places: _Places) -> str:
    """Why a line with code is refused; empty where it is harmless."""
    if file.name.endswith("-nspkg.pth"):
        return _why_no_namespace(line, file, context, places)
    return "runs" if places.project is None else places.project.why_no_loader(line, file)


def _why_no_folder(line: str, file: StartFile, places: _Places) -> str:
    """Why a path line is refused; empty where it adds a folder of the wheel's own, or of an editable project."""
    own = places.own
    path = line.replace("\\", "/")
    if not line.isprintable():
        return "adds a path with invisible characters"
    if is_absolute(line):
        return "adds an absolute path" if places.project is None else places.project.why_no_folder(line)
    if ".." in path.split("/"):
        return "adds a path that leads out of the folder"
    folder = added(line, file.folder)
    if folder.count("/") >= DEEPEST_FOLDER:
        return "adds a folder that is nested too deeply"
    if folder in own:
        return "adds an archive, whose content is not checked"
    if folder != file.folder and folder in own.holders:
        return "adds a folder with metadata of a distribution, which would count as installed"
    return "" if own.any_begins(f"{folder}/") else "adds a folder that is not part of the wheel"


def _why_no_namespace(line: str, file: StartFile, context: RuleContext, places: _Places) -> str:
    """Why a line of a `-nspkg.pth` file is not harmless; empty where it is."""
    inside = line if places.project is None else places.project.as_in_site(line)
    parts = namespace_of(inside)
    if parts is None:
        return "runs"
    if parts[0] in _NO_NAMESPACES or parts[0] in context.standard_library:
        return "takes the place of a standard module"
    place = f"{file.folder}/{key_of('/'.join(parts))}"
    if inside == line and not places.own.any_begins(f"{place}/"):
        return "makes a package that is not part of the wheel"
    if any(map(places.extensions.any_begins, (f"{place}.", f"{place}/__init__."))):
        return "loads an extension"
    *above, last = parts
    there = "/".join((file.place, *above))
    for place, stem in ((there, last), (f"{there}/{last}", "__init__")):
        if places.extensions_in(place).any_begins(f"{key_of(stem)}."):
            return "loads an extension that is installed"
    return places.hidden.by(parts, file)


# --- what is imported at every start --------------------------------------------------------------------------------


def _custom_modules(wheel: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    """Files that Python would import at its start by one of the names."""
    folders: frozenset[str] | None = None
    for install_path in wheel.install_paths:
        if install_path.entry is None or not _MAY_BE_CUSTOM.search(install_path.key or key_of(install_path.entry.path)):
            continue
        if folders is None:
            folders = context.import_folders
        parts = (install_path.key or _as_if_in_a_site_folder(install_path.entry.path)).split("/")
        for number, part in enumerate(parts):
            name = part.partition(".")[0] if number == len(parts) - 1 else part
            if name not in CUSTOM or OF_PROJECTS.get(name) == wheel.pin.name:
                continue
            if _is_imported(parts[:number], folders):
                yield f"{install_path.entry.path}: is imported without being asked for, as {name}"
                break


def _as_if_in_a_site_folder(path: str) -> str:
    """A key for a file whose install path is not known."""
    top, _, rest = key_of(path).partition("/")
    return f"/site-packages/{rest.partition('/')[2] if top.endswith('.data') else key_of(path)}"


def _is_imported(above: list[str], folders: frozenset[str]) -> bool:
    """Whether Python imports modules from this folder, given in its parts, or takes them for compiled from there."""
    if above and above[-1] == "__pycache__":
        above = above[:-1]
    if above and above[-1] in SITE_NAMES:
        return True
    return len(above) <= DEEPEST_FOLDER and "/".join(above) in folders
