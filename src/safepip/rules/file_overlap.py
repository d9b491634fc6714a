"""`file-overlap`: no wheel puts a file in the place of another wheel's, or of an installed distribution's.

pip overwrites what is there without a word. Distributions may share folders, as namespace packages do, but not files:

1. No two wheels of a run have a file at the same path, and no wheel has two files of its own there.
2. Where a file of an installed distribution exists, no wheel of another project puts a file.
3. What is a folder for one is not a file for another: pip would stop half-way. This alone cannot be overruled.
4. Python does not only go by paths. `six/__init__.py` beside another's `six.py` is imported in its place, an extension
   module in the place of source, and byte code in `__pycache__` in the place of the source it was made from.
5. A folder without `__init__` is a namespace that projects share, and gives way to any module of its name: with
   `shared.py`, or an extension module, beside it no project's `shared/` can be imported any more. A package's
   `__init__.py` there is not refused, because old namespace packages have one and others' portions beside it.
6. When a command runs, Python looks in the folder of commands before all others: every script that pip has made would
   import a `six.py` there in the place of another's `six`. The same holds for the working folder, which may be that of
   the environment.
7. What is installed first may hide what comes later: a namespace hook (`safepip.rules.namespace_hooks`), and what 4 and
   6 say of a wheel (`safepip.rules.hidden_modules`). Two wheels are refused one after the other as in one run.

Files of the same bytes do not overlap in the sense of 1 and 2: the one that comes last changes nothing. Examples are a
`LICENSE` at the top, and the `__init__.py` that old namespace packages (pkgutil, pkg_resources) all bring, which may
also differ in comments (`safepip.wheel.namespaces`; those of dbt-core and its adapters do). When `pip uninstall` takes
one of them away, the other loses the file (`safepip.edges.pip.shared_files` puts it back where safepip has it done); an
attacker gains nothing by that, and a later version with other bytes is refused.
Among 966 real wheels of 881 projects two pairs overlap with bytes that differ: pygame and pygame-ce, opencv-python and
opencv-python-headless. Each of them does take the other's place.

A file that belongs to no distribution may be overwritten: an interrupted installation leaves such files, and must be
repeatable. Commands are left to `command-clash`.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING

from safepip.rules.context import objection
from safepip.rules.hidden_modules import folders_before, hidden, sites_of
from safepip.rules.namespace_hooks import hiding
from safepip.wheel.byte_code import is_cached, possible_sources
from safepip.wheel.install_paths import key_of
from safepip.wheel.namespaces import interchangeable
from safepip.wheel.script_names import command_folders, command_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import InstallPath
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.modules import Module

#: Projects that may take the place of another project's module, because it was made for that: pytest brings a `py.py`
#: which says that the real project `py` goes before it.
_MADE_WAY_FOR = frozenset({("py", "pytest")})


def check(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether no file of the wheel overwrites or hides another one."""
    commands = command_folders(context.layout)
    install_paths = [install_path for install_path in wheel.install_paths if install_path.path]
    elsewhere = [install_path for install_path in install_paths if command_of(install_path, commands) is None]
    evidence = chain(
        _twice(install_paths),
        _among_wheels(wheel, elsewhere, context),
        _among_installed(elsewhere, context),
        _in_the_place_of_wheels(wheel, elsewhere, context),
        _in_the_place_of_installed(wheel, context),
        _before_all_others(wheel, context, commands),
        hiding(wheel, context),
        _behind_installed(wheel, context, commands),
    )
    first = next(evidence, None)
    # Where pip would stop half-way, an exception for the rest would lead nowhere.
    if first is None or check_folders(wheel, context) is not None:
        return None
    return objection(
        wheel, "file-overlap", "has files that would overwrite or hide those of others", chain([first], evidence)
    )


def check_folders(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether no file of the wheel is a folder in another one of the run, or of an installed distribution, nor a folder
    of it an installed file. pip would stop half-way, so it cannot be allowed."""
    places = [install_path for install_path in wheel.install_paths if install_path.path]
    files = chain(_folders_of_wheels(places, context), _folders_of_installed(places, context))
    folders = _files_of_installed(places, context)
    for ours, theirs, evidence in (("files", "folders", files), ("folders", "files", folders)):
        first = next(evidence, None)
        if first is not None:
            message = f"has {ours} where others have {theirs}, so that both cannot be installed"
            return objection(wheel, "file-overlap", message, chain([first], evidence), allowable=False)
    return None


def _folders_of_wheels(install_paths: Iterable[InstallPath], context: RuleContext) -> Iterator[str]:
    for install_path in install_paths:
        below = context.obstacles.get(install_path.key)
        if below is not None:
            names = ", ".join(other.pin.name for other in context.claimants[below])
            yield f"{_shown(install_path)}: this is a folder in the wheel of {names}"


def _folders_of_installed(install_paths: Iterable[InstallPath], context: RuleContext) -> Iterator[str]:
    for install_path in install_paths:
        owner = context.owners.get(install_path.path)
        if owner is not None and owner not in context.replaced and context.names(install_path.path):
            yield f"{_shown(install_path)}: this is a folder of {owner}, which is installed"


def _files_of_installed(install_paths: Iterable[InstallPath], context: RuleContext) -> Iterator[str]:
    for install_path in install_paths:
        owner = context.owners.get(install_path.path)
        if owner is not None and owner not in context.replaced:
            file = _in_the_way(install_path.path, context)
            if file:
                yield f"{_shown(install_path)}: {file.rpartition('/')[2]} is a file of {owner}, which is installed"


def _in_the_way(path: str, context: RuleContext) -> str:
    """The file that is there in the place of a folder of this path; empty for none."""
    folder, _, _ = path.rpartition("/")
    while folder:
        above, _, name = folder.rpartition("/")
        beside = context.names(above)
        if name in beside:
            return folder
        if beside:  # then it is a folder, and so are all above it
            return ""
        folder = above
    return ""


def _twice(install_paths: Iterable[InstallPath]) -> Iterator[str]:
    """Two files of the wheel itself for one path. Scripts that pip makes of two entry points are not its files."""
    seen: dict[str, InstallPath] = {}
    for install_path in install_paths:
        other = seen.setdefault(install_path.key, install_path)
        if other is not install_path and (install_path.entry or other.entry):
            yield f"{_shown(install_path)}: the wheel itself has {_shown(other)} at the same path"


def _among_wheels(wheel: WheelUnderReview, install_paths: Iterable[InstallPath], context: RuleContext) -> Iterator[str]:
    """The same paths in other wheels."""
    by_key: dict[str, dict[str, InstallPath]] = {}
    for install_path in install_paths:
        for other in context.claimants[install_path.key]:
            if other is wheel:
                continue
            name = other.pin.name
            theirs = by_key.get(name) or by_key.setdefault(name, {place.key: place for place in other.install_paths})
            if not _same(install_path, theirs[install_path.key]):
                yield f"{_shown(install_path)}: the wheel of {name} has another file at this path"


def _same(one: InstallPath, other: InstallPath) -> bool:
    """Whether two files are known to be the same, or to do the same. Digests by different algorithms cannot be
    compared."""
    if one.entry is None or other.entry is None:
        return False
    return one.entry[1:4] == other.entry[1:4] or interchangeable(one.entry.namespace, other.entry.namespace)


def _among_installed(install_paths: Iterable[InstallPath], context: RuleContext) -> Iterator[str]:
    for install_path in install_paths:
        owner = context.owners.get(install_path.path)
        if owner is None or owner in context.replaced:
            continue
        if install_path.entry is None or not context.holds(install_path.path, install_path.entry):
            yield f"{_shown(install_path)}: this path belongs to {owner}, which is installed"


def _in_the_place_of_wheels(
    wheel: WheelUnderReview, install_paths: Iterable[InstallPath], context: RuleContext
) -> Iterator[str]:
    """What Python would take for a module of another wheel."""
    for install_path in install_paths:
        if install_path.key.endswith(".pyc") and is_cached(install_path.key):
            for source in possible_sources(install_path.key):
                names = [other.pin.name for other in context.claimants.get(source, ()) if other is not wheel]
                if names:
                    yield f"{_shown(install_path)}: this is byte code for a module in the wheel of {', '.join(names)}"
    for install_path, module in context.modules[wheel.pin.name]:
        for name, place, its in context.rivals.get(module.place, ()):
            if name != wheel.pin.name and place.key != install_path.key and module.may_hide(its):
                yield from _taken(wheel, install_path, name, place.path)
    ordered: dict[str, list[str]] = {}
    for install_path, module in _ends_of_namespaces(wheel, context):
        # A package is imported before a module, so a project with a package there loses nothing.
        packages = {name for name, _, its in context.places.get(module.place, ()) if its.package}
        for other in context.below(key_of(module.place)):
            if other is wheel or other.pin.name in packages:
                continue
            if other.pin.name not in ordered:
                ordered[other.pin.name] = sorted(place.path for place in other.install_paths)
            # Imports are case-sensitive on every system, keys are not.
            if _has_below(module.place, ordered[other.pin.name]):
                yield from _taken(wheel, install_path, other.pin.name, module.place)


def _has_below(folder: str, paths: Sequence[str]) -> bool:
    """Whether something lies below a folder, among paths that are in order."""
    at = bisect_left(paths, f"{folder}/")
    return at < len(paths) and paths[at].startswith(f"{folder}/")


def _in_the_place_of_installed(wheel: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    """What Python would take for a module of an installed distribution."""
    for install_path, module in context.modules[wheel.pin.name]:
        # What a package hides lies beside its folder or in it.
        for folder in (module.folder, module.place) if module.package else (module.folder,):
            for path, its in context.modules_in(folder).get(module.place, ()):
                owner = context.owner(path) if path != install_path.path and module.may_hide(its) else None
                if owner is not None and owner not in context.replaced:
                    yield from _taken(wheel, install_path, owner, path)
    for install_path, module in _ends_of_namespaces(wheel, context):
        # A file of that name without an ending is not a namespace.
        if module.name in context.names(module.folder):
            continue
        if not any(name.startswith("__init__.") for name in context.names(module.place)):
            owner = context.owner(module.place)
            if owner is not None and owner not in context.replaced:
                yield from _taken(wheel, install_path, owner, module.place)


def _ends_of_namespaces(wheel: WheelUnderReview, context: RuleContext) -> Iterator[tuple[InstallPath, Module]]:
    """Modules of the wheel that Python imports instead of a folder of their name, one for each name."""
    seen: set[str] = set()
    for install_path, module in context.modules[wheel.pin.name]:
        if module.ends_namespaces and module.place not in seen:
            seen.add(module.place)
            yield install_path, module


def _before_all_others(wheel: WheelUnderReview, context: RuleContext, commands: Collection[str]) -> Iterator[str]:
    """What a command, or Python started in the environment's folder, would take for a module of another."""
    sites = sites_of(context.layout)
    first = folders_before(context.layout, commands)
    for install_path, module in context.modules[wheel.pin.name]:
        if key_of(module.folder) not in first:
            continue
        for place in (f"{site}/{module.name}" for site in sites):
            for name, other, _ in context.places.get(place, ()):
                if name != wheel.pin.name:
                    yield from _taken(wheel, install_path, name, other.path)
            # A package is a folder: one of its files shows who owns it.
            for path in (place, *(path for path, _ in context.modules_in(place.rpartition("/")[0]).get(place, ()))):
                owner = context.owner(path)
                if owner is not None and owner not in context.replaced:
                    yield from _taken(wheel, install_path, owner, path)


def _behind_installed(wheel: WheelUnderReview, context: RuleContext, commands: Collection[str]) -> Iterator[str]:
    """Modules of the wheel that would be hidden by what others have installed."""
    for file, path, owner in hidden(wheel, context, commands):
        if (owner, wheel.pin.name) not in _MADE_WAY_FOR:
            yield f"{file}: Python would import {path} instead, which belongs to {owner}"


def _taken(wheel: WheelUnderReview, install_path: InstallPath, owner: str, path: str) -> Iterator[str]:
    if (wheel.pin.name, owner) not in _MADE_WAY_FOR:
        yield f"{_shown(install_path)}: Python would import it instead of {path}, which belongs to {owner}"


def _shown(install_path: InstallPath) -> str:
    """A file as the wheel has it."""
    return install_path.entry.path if install_path.entry is not None else f"the command {install_path.entry_point}"
