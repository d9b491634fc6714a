"""What runs at every start of Python for an editable project, and leads nowhere but to the user's own folder.

The wheel that a backend makes of a project folder for `-e` (PEP 660) has no code of the project. It has a `.pth` file
which tells every Python where that code is. For a project that the user named as editable, and for no other one,
`startup-hook` accepts

1. a line that adds a folder of the project, the root included, to `sys.path`. So do setuptools (also for its strict
   mode, which keeps links below `build/`), hatchling, flit, poetry-core, pdm, uv and maturin;
2. a line that imports a module of the same wheel which is one of the loaders in `safepip.wheel.editable_loaders`, where
   each path in it leads into the project's folder. None of the names that it finds is a standard module's, one that
   Python imports at its start, or one that belongs to another project (`safepip.rules.sought_modules`). A loader that
   is asked before Python's own finders does not find what other projects bring;
3. setuptools' line for a namespace package, with the project's folder in place of the wheel's.

Any other line is refused as in other wheels. A folder on `sys.path` makes everything importable that lies at its top,
tests and `conftest.py` included. It comes after site-packages: the standard library and what is installed go before it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from safepip.rules.known_hooks import in_site
from safepip.rules.sought_modules import SOUGHT
from safepip.rules.start_files import CUSTOM, is_absolute, start_files
from safepip.wheel.editable_loaders import UnknownLoader, module_of, read_loader
from safepip.wheel.install_paths import key_of
from safepip.wheel.pth import read_pth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.wheel import InstallPath
    from safepip.rules.context import RuleContext
    from safepip.rules.start_files import StartFile
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.editable_loaders import Loader


class OwnProject:
    """The start-up files of the wheel of one editable project."""

    def __init__(self, wheel: WheelUnderReview, context: RuleContext) -> None:
        self._wheel = wheel
        self._context = context
        self._folders = tuple(_key(folder) for folder in context.own_folders.get(wheel.pin.name, ()))
        self._forms: dict[str, dict[str, list[InstallPath]]] = {}
        self._loaders: dict[tuple[str, str], Loader | UnknownLoader] = {}

    def has(self, path: str) -> bool:
        """Whether an absolute path is the project's folder or lies in it, as written and as the system resolves it: a
        build can put a link into the folder."""
        return (
            ".." not in path.replace("\\", "/").split("/")
            and self._is_within(path)
            and self._is_within(self._context.resolve(path))
        )

    def _is_within(self, path: str) -> bool:
        key = _key(path)
        return any(key == folder or key.startswith(f"{folder}/") for folder in self._folders)

    def why_no_folder(self, line: str) -> str:
        """Why a line with an absolute path is refused; empty where it adds a folder of the project."""
        return "" if self.has(line) else "adds a folder outside of the project"

    def why_no_loader(self, line: str, file: StartFile) -> str:
        """Why a line with code is refused; empty where it starts a loader that leads to the project alone."""
        module = module_of(line)
        if module is None:
            return "runs"
        try:
            return self._objection(self._read(module, file), file)
        except UnknownLoader as problem:
            return f"runs a module that {problem}"

    def loader(self, line: str, file: StartFile) -> Loader | None:
        """The loader that a line starts, None where it starts none that is known."""
        module = module_of(line)
        try:
            return None if module is None else self._read(module, file)
        except UnknownLoader:
            return None

    def _read(self, module: str, file: StartFile) -> Loader:
        """The loader of this name beside a `.pth` file. Raises `UnknownLoader`."""
        loader = self._loaders.get((file.folder, module))
        if loader is None:
            try:
                loader = self._read_once(module, file)
            except UnknownLoader as problem:
                loader = problem
            self._loaders[file.folder, module] = loader
        if isinstance(loader, UnknownLoader):
            raise loader
        return loader

    def _read_once(self, module: str, file: StartFile) -> Loader:
        place = f"{file.folder}/{key_of(module)}"
        found = [item for item in self._forms_in(file.folder).get(key_of(module), ()) if item.key != f"{place}.pth"]
        source = next((item.entry for item in found if item.key == f"{place}.py"), None)
        if source is None or posixpath.basename(source.path) != f"{module}.py":
            raise UnknownLoader("is not part of the wheel")
        if len(found) > 1:
            raise UnknownLoader("the wheel has in several forms")
        text = self._wheel.content.texts.get(source.path)
        if text is None:
            raise UnknownLoader("is too large to be read")
        return read_loader(module, text)

    def _forms_in(self, folder: str) -> dict[str, list[InstallPath]]:
        """The wheel's files in a folder by the name of the module, or package, that Python may take them for."""
        if folder not in self._forms:
            found = self._forms[folder] = {}
            for item in self._wheel.install_paths:
                if item.key.startswith(f"{folder}/"):
                    inside = item.key[len(folder) + 1 :].removeprefix("__pycache__/")
                    found.setdefault(inside.partition("/")[0].partition(".")[0], []).append(item)
        return self._forms[folder]

    def _objection(self, loader: Loader, file: StartFile) -> str:
        for path in loader.paths:
            if not self.has(path):
                return f"runs a module that leads to {path}, outside of the project"
        for name in sorted(loader.names):
            why = self._why_no_name(name) or (self._whose(name, file) if loader.first else "")
            if why:
                return f"runs a module that finds {name}, {why}"
        return ""

    def _why_no_name(self, name: str) -> str:
        if name in CUSTOM:
            return "which Python imports at its start"
        if name in self._context.standard_library:
            return "which is a module of the standard library"
        owners = SOUGHT.get((name,))
        if owners is not None and self._wheel.pin.name not in owners:
            return "which Python, pip or safepip look for"
        return ""

    def _whose(self, name: str, file: StartFile) -> str:
        """Who else has a module of this name, in words; empty where no other project has one."""
        project, context = self._wheel.pin.name, self._context
        place = f"{file.place}/{name}"
        others = [other for other, _, _ in context.places.get(place, ()) if other != project]
        for folder in (file.place, place):
            owners = (context.owner(path) for path, _ in context.modules_in(folder).get(place, ()))
            others += [owner for owner in owners if owner is not None and owner not in context.replaced]
        return f"which belongs to {others[0]}" if others else ""

    def as_in_site(self, line: str) -> str:
        """setuptools' line for a namespace package in the project's folder, as it would be in a wheel; any other line
        unchanged."""
        inside, folder = in_site(line)
        return line if folder is None or not self.has(folder) else inside


def notices(context: RuleContext) -> Iterator[str]:
    """A line for each editable project of the run that is found by code which no rule has judged."""
    for wheel in context.wheels:
        if wheel.pin.name not in context.own_folders:
            continue
        own = OwnProject(wheel, context)
        for file in start_files(wheel, context.layout):
            for line in read_pth(wheel.content.texts.get(file.entry.path, b"")).code:
                loader = own.loader(line, file)
                if loader is not None and loader.by:
                    compiles = ", and compiles at import" if loader.compiles else ""
                    yield (
                        f"{wheel.pin.name} {wheel.pin.version} is found by a loader of {loader.by} that runs at every"
                        f" start of Python{compiles}"
                    )


def _key(path: str) -> str:
    """An absolute path as it is compared. Windows takes a backslash for a separator, so here it is one."""
    assert is_absolute(path)
    return key_of(posixpath.normpath(path.replace("\\", "/")))
