"""What a line of a `-nspkg.pth` would hide: setuptools' line puts an empty module into `sys.modules` at every start.

A real module of that name is then never executed, and Python searches only the wheel's own folder for what is below it.
So the line is harmless where only folders have that name, and `__init__` files that do no more than declare a namespace
(`safepip.wheel.namespaces`):

1. No module of an installer, and no name that other code looks for, becomes a namespace
   (`safepip.rules.sought_modules`).
2. In the wheel's own files the name, and each name above it, is a namespace.
3. So it is in the other wheels of the run and in what is installed, in every folder that Python imports from: a package
   in another folder than the wheel's is hidden as well. There an `__init__` without any code counts too, because with
   it all of its package is elsewhere.

Conversely, a line that is installed already hides what is installed later, so a wheel with a module of such a name is
not installed beside it (`hiding`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from safepip.rules.known_hooks import in_site, namespace_of
from safepip.rules.sought_modules import INSTALLING, SOUGHT
from safepip.wheel.install_paths import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from safepip.model.wheel import InstallPath
    from safepip.rules.context import RuleContext
    from safepip.rules.start_files import StartFile
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.modules import Module

#: No namespace package of a real wheel is deeper than three.
DEEPEST = 8

_DECLARES = frozenset({"pkgutil", "pkg_resources", "either"})


class Hidden:
    """What the empty modules for the namespaces of one wheel would hide."""

    def __init__(self, wheel: WheelUnderReview, context: RuleContext) -> None:
        self._wheel = wheel
        self._context = context

    def by(self, parts: tuple[str, ...], file: StartFile) -> str:
        """Why the line for a package of this name is not harmless, in words that go on after its file; else empty."""
        if len(parts) > DEEPEST:
            return "makes a package that is nested too deeply"
        if parts[0] in INSTALLING:
            return "takes the place of an installer's module"
        owners = next((SOUGHT[parts[:depth]] for depth in range(1, len(parts) + 1) if parts[:depth] in SOUGHT), None)
        if owners is not None and self._wheel.pin.name not in owners:
            return "takes the place of a module that Python, pip or safepip look for"
        return next(self._hidden(parts, file), "")

    def _hidden(self, parts: tuple[str, ...], file: StartFile) -> Iterator[str]:
        for depth in range(1, len(parts) + 1):
            name = parts[:depth]
            for project, install_path, module in self._in_this_run.get(key_of("/".join(name)), ()):
                way = install_path.entry.namespace if install_path.entry is not None else ""
                if project == self._wheel.pin.name:
                    if not way:
                        yield "hides one of the wheel's own modules"
                elif not self._is_hollow(way, key_of(module.place).rsplit("/", depth)[0], file):
                    yield f"hides {install_path.path}, which belongs to {project}"
            for folder in self._folders(file):
                yield from self._installed(folder, name, file)

    def _is_hollow(self, way: str, folder: str, file: StartFile) -> bool:
        """Whether an `__init__` in a package below this folder loses nothing when it does not run, by its way of
        declaring."""
        return way in _DECLARES or (way == "nothing" and folder == file.folder)

    def _installed(self, folder: str, name: tuple[str, ...], file: StartFile) -> Iterator[str]:
        """What is in a folder by this name, unless this run removes or replaces it."""
        above, context = "/".join((folder, *name[:-1])), self._context
        for place in (above, f"{above}/{name[-1]}"):
            for path, module in context.modules_in(place).get(f"{above}/{name[-1]}", ()):
                if module.package != (place != above):
                    continue
                owner = context.owner(path)
                if owner is not None and owner in context.replaced:
                    continue
                way = context.declares(path) if module.package else ""
                if not self._is_hollow(way, key_of(folder), file):
                    yield f"hides {path}, which {f'belongs to {owner}' if owner else 'is there already'}"

    def _folders(self, file: StartFile) -> Iterator[str]:
        """The folders from which Python imports, as they are written."""
        layout = self._context.layout
        roots = (layout.schemes.get("purelib", ""), layout.schemes.get("platlib", ""))
        yield from filter(None, dict.fromkeys((file.place, *roots, *layout.site_folders, *layout.search_path)))

    @cached_property
    def _in_this_run(self) -> dict[str, list[tuple[str, InstallPath, Module]]]:
        """For the key of a name, with `/`, the modules of the run that would be imported by it."""
        found: dict[str, list[tuple[str, InstallPath, Module]]] = {}
        for project, modules in self._context.modules.items():
            for install_path, module in modules:
                for name in _names(module, self._context.import_folders):
                    found.setdefault(name, []).append((project, install_path, module))
        return found


def _names(module: Module, folders: Collection[str]) -> Iterator[str]:
    """The names, as keys with `/`, by which a module is imported from some of these folders."""
    folder, name = key_of(module.place), ""
    for _ in range(DEEPEST):
        folder, _, last = folder.rpartition("/")
        name = f"{last}/{name}" if name else last
        if folder in folders:
            yield name


def hiding(wheel: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    """Modules of the wheel that lines in installed `-nspkg.pth` files of others would hide."""
    hooks: dict[str, str] = {}
    for path, lines in context.hooks().items():
        if context.owner(path) not in context.replaced:
            # Whichever folder a line names, its empty module comes first.
            named = (namespace_of(in_site(line)[0]) for line in lines)
            hooks.update((key_of("/".join(parts)), path) for parts in named if parts)
    if not hooks:
        return
    for install_path, module in context.modules[wheel.pin.name]:
        if install_path.entry is not None and not (module.package and install_path.entry.namespace):
            for name in _names(module, context.import_folders):
                if name in hooks:
                    path = install_path.entry.path
                    yield f"{path}: {hooks[name]}, which is installed, puts an empty module in its place"
