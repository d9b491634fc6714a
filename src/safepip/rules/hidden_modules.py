"""Modules of a wheel that Python would never import, because something that is installed is imported in their place.

The counterpart of what `file-overlap` says of a wheel that takes another's place: here the distribution that was
installed first hides the later one. It is refused just as within one run, and the message names the files of the wheel
under review:

1. beside the module: an extension module before source, a package before a module (`safepip.wheel.modules`);
2. byte code in `__pycache__` that goes by no source of its own distribution: Python may load it for the wheel's source;
3. a module of the name in the folder of commands, or at the top of the environment, which go before all others;
4. a module, or an extension module, of the name of a folder without `__init__`: nothing below it can be imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.wheel.byte_code import is_cached, possible_sources
from safepip.wheel.install_paths import key_of
from safepip.wheel.modules import DEEPEST_FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.install_paths import Layout
    from safepip.wheel.modules import Module


def sites_of(layout: Layout) -> tuple[str, ...]:
    """The folders in which the environment's distributions lie."""
    return tuple(dict.fromkeys(filter(None, (layout.schemes.get(name, "") for name in ("purelib", "platlib")))))


def folders_before(layout: Layout, commands: Collection[str]) -> frozenset[str]:
    """The keys of the folders that go before those: of the commands (`command_folders`) and the environment's own."""
    folders = {*commands, key_of(layout.schemes.get("data", ""))}
    return frozenset(folders.difference({"", *map(key_of, sites_of(layout))}))


def hidden(wheel: WheelUnderReview, context: RuleContext, commands: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """For each file of the wheel that would be hidden: its path in the wheel, what is imported instead, and who owns
    that."""
    look = _Look(context)
    sites = sites_of(context.layout)
    before = _paths_before(context, commands)
    for install_path, module in context.modules[wheel.pin.name]:
        if install_path.entry is None:
            continue
        rivals = [path for path, its in look.named(module.place) if its.may_hide(module) and not module.may_hide(its)]
        # Where the source is there, its byte code belongs to it, and the source's owner was checked above.
        if install_path.path.endswith(".py") and install_path.path not in context.owners:
            rivals += look.byte_code(install_path.path)
        if module.folder in sites:
            rivals += (path for folder in before for path, _ in look.named(f"{folder}/{module.name}"))
        for path in rivals:
            owner = context.owner(path) if path != install_path.path else None
            if owner is not None and owner not in context.replaced:
                yield install_path.entry.path, path, owner
    yield from _ended(wheel, context, look)


def _ended(wheel: WheelUnderReview, context: RuleContext, look: _Look) -> Iterator[tuple[str, str, str]]:
    """Folders of the wheel that cannot be a namespace because an installed module has their name; as `hidden`."""
    packages = {module.place for _, module in context.modules[wheel.pin.name] if module.package}
    seen: set[str] = set()
    for install_path in wheel.install_paths:
        if install_path.entry is None:
            continue
        for folder in _folders_above(install_path.path, seen):
            if folder in packages:
                continue
            there = [found for found in look.named(folder) if context.owner(found[0]) not in context.replaced]
            path, first = min(there, key=lambda found: found[1].preference, default=("", None))
            owner = context.owner(path) if first is not None and first.ends_namespaces else None
            if owner is not None:
                yield install_path.entry.path, path, owner


def _folders_above(path: str, seen: set[str]) -> Iterator[str]:
    """The folders above a path that have not been seen yet, as deep as Python imports from."""
    parts = path.split("/")[:-1][:DEEPEST_FOLDER]
    folder = "/".join(parts)
    while folder and folder not in seen:
        seen.add(folder)
        yield folder
        folder = folder.rpartition("/")[0]


def _paths_before(context: RuleContext, commands: Collection[str]) -> list[str]:
    """The paths of `folders_before`, as they are written."""
    schemes = context.layout.schemes
    data = schemes.get("data", "")
    paths = (schemes.get("scripts", ""), data, *(f"{data}/{name}" for name in ("bin", "sbin", "Scripts") if data))
    keys = folders_before(context.layout, commands)
    return [path for path in dict.fromkeys(paths) if key_of(path) in keys]


class _Look:
    """What is in a folder, looked at once."""

    def __init__(self, context: RuleContext) -> None:
        self._context = context
        self._byte_code: dict[str, dict[str, list[str]]] = {}

    def named(self, place: str) -> list[tuple[str, Module]]:
        """Files that are the module of this place: beside a folder of its name, or in it."""
        return [
            found
            for folder in (place.rpartition("/")[0], place)
            for found in self._context.modules_in(folder).get(place, ())
        ]

    def byte_code(self, source: str) -> Iterable[str]:
        """Byte code in `__pycache__` that may be taken for that of a source."""
        folder = f"{source.rpartition('/')[0]}/__pycache__"
        if folder not in self._byte_code:
            found = self._byte_code[folder] = {}
            for path in (f"{folder}/{name}" for name in self._context.names(folder)):
                for possible in possible_sources(path) if is_cached(path) else ():
                    found.setdefault(possible, []).append(path)
        return self._byte_code[folder].get(source, ())
