"""From the inputs of a run to the text of a lock: decide, keep what is locked, write."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safepip.commands.lock_sources import files_to_lock, with_plain_checkouts
from safepip.commands.resolving import resolve
from safepip.commands.telling import tell_decisions, tell_notices
from safepip.edges.disk.local_paths import folder_of, local_path, portable_from
from safepip.lock.archives import check_names
from safepip.lock.graph import Chosen, Graph, Root, variables_of, walk
from safepip.lock.hashed_requirements import Pinned, kept_by_hash, read_pins, requirements_text
from safepip.lock.pylock import (
    Locked,
    environment_marker,
    files_of,
    kept_files,
    lock_text,
    make_lock,
    read_lock,
    scope_marker,
    versions_of,
)
from safepip.lock.sources import held_commits
from safepip.model.digest import WeakDigest, strong
from safepip.model.errors import ResolutionImpossible
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.requirement import counts
from safepip.model.source import SourceKind
from safepip.model.urls import as_path
from safepip.requirements.unhashable import check_hashable
from safepip.resolution.askers import askers_of
from safepip.resolution.dependencies import Markers

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from packaging.pylock import Pylock
    from packaging.version import Version

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.model.page import ProjectFile
    from safepip.model.plan import LockSettings
    from safepip.model.requirement import Requirement
    from safepip.model.resolution import Pin
    from safepip.model.source import HeldCommit, SourceCode
    from safepip.resolution.askers import Asker


class Known(NamedTuple):
    """The lock that is there already, in whichever of the two forms; empty where there is none. `instead` are versions
    to prefer to those that it has, by project."""

    text: str | None = None
    lock: Pylock | None = None
    pins: Mapping[str, Pinned] | None = None
    instead: Mapping[str, Version] = MappingProxyType({})

    def versions(self, settings: LockSettings, environment: Mapping[str, str]) -> Mapping[str, Version]:
        """The versions to prefer in an environment: all but those that are to be upgraded."""
        if settings.upgrade:
            return {}
        if self.lock is not None:
            known = versions_of(self.lock, environment)
        else:
            known = {name: pinned.version for name, pinned in (self.pins or {}).items()}
        kept = {name: version for name, version in known.items() if name not in settings.upgrade_names}
        return {**kept, **self.instead}

    def held(self, settings: LockSettings) -> Mapping[SourceCode, HeldCommit]:
        """The commits of what version control has: all but those of what is to be upgraded."""
        if self.lock is None or settings.upgrade:
            return {}
        return held_commits(self.lock, settings.upgrade_names, Origin(Source.FILE, settings.output))

    def markers(self) -> frozenset[str]:
        """Where the lock that is there draws a line between environments: it is drawn again, if it still matters."""
        if self.lock is None:
            return frozenset()
        drawn = (*(self.lock.environments or ()), *(package.marker for package in self.lock.packages))
        return frozenset(map(str, filter(None, drawn)))

    def names(self) -> frozenset[str]:
        """The projects that were locked, for whatever environment: those of which it has strong digests.

        A pin without one is a requirement written by hand, whose name has not been judged.
        """
        return frozenset(name for name, found in self.digests().items() if any(map(_is_strong, found)))

    def digests(self) -> dict[str, frozenset[str]]:
        """The digests of its files, as text, by project; none for a pin without hashes."""
        if self.lock is None:
            return {name: frozenset(pinned.hashes) for name, pinned in (self.pins or {}).items()}
        found: dict[str, frozenset[str]] = {}
        for package in self.lock.packages:
            given = {f"{name}:{value}" for file in files_of(package) for name, value in file.hashes.items()}
            found[package.name] = found.get(package.name, frozenset()) | given
        return found

    def kept(self, pin: Pin, offered: tuple[ProjectFile, ...]) -> tuple[ProjectFile, ...]:
        """The files to lock of those that the index offers: those that are locked, as long as they are there."""
        if self.lock is not None:
            return kept_files(self.lock, pin.name, pin.version, offered)
        pinned = (self.pins or {}).get(pin.name)
        return offered if pinned is None else kept_by_hash(pinned, pin.version, offered)


class BuiltLock(NamedTuple):
    """The text of a lock, how many projects it has, and what asks for each of them. `notices` are lines worth
    reporting; `decision` is what a lock for the target alone was made of."""

    text: str
    projects: int
    askers: Mapping[str, tuple[Asker, ...]]
    notices: tuple[str, ...] = ()
    decision: Decision | None = None

    def tell(self, resources: Resources) -> None:
        """Report how it was decided."""
        tell_notices(self.notices, resources.console)
        if self.decision is not None:
            tell_decisions(self.decision, resources)


def _is_strong(digest: str) -> bool:
    algorithm, _, value = digest.partition(":")
    try:
        strong(algorithm, value)
    except WeakDigest:
        return False
    return True


def build_lock(
    inputs: Inputs,
    resources: Resources,
    before: str | None,
    settings: LockSettings,
    instead: Mapping[str, Version] = MappingProxyType({}),
) -> BuiltLock:
    """The lock that the inputs ask for. `before` is the text of the one that is there; `instead` are versions to prefer
    to those that it has, by project."""
    known = _known(before, settings)._replace(instead=instead)
    inputs = with_plain_checkouts(inputs, resources)
    inputs = inputs._replace(renewed=known.names(), judged=known.digests(), held=known.held(settings))
    if settings.requirements:
        _check_files(inputs, everywhere=settings.universal)
    make = _everywhere if settings.universal else _here
    return make(inputs, resources, known, settings)


def _check_files(inputs: Inputs, *, everywhere: bool) -> None:
    """Raise `Refused` (`unhashable-source`) for what has no hash to write; `everywhere` for all environments."""
    statements = inputs.statements._replace(require_hashes=True)
    if everywhere:
        statements = statements._replace(
            requirements=tuple(r._replace(marker=None) for r in statements.requirements),
            constraints=tuple(c._replace(marker=None) for c in statements.constraints),
        )
    check_hashable(statements, inputs.target.markers, locked=True)


def _known(text: str | None, settings: LockSettings) -> Known:
    """Read what is at the output. Raises `UnusableInput` for a `pylock.toml` that is none: it is not written over."""
    if text is None:
        return Known()
    if settings.requirements:
        return Known(text, pins=read_pins(text))
    return Known(text, lock=read_lock(text, Origin(Source.FILE, settings.output)))


def _here(inputs: Inputs, resources: Resources, known: Known, settings: LockSettings) -> BuiltLock:
    """A lock for the target alone."""
    _check_python(inputs)
    decision = resolve(inputs, resources, known.versions(settings, inputs.target.markers), searched=True)
    resolution = decision.resolution
    if not settings.requirements:
        check_names(resolution.pins.values())
    _report_needless(resources, settings, resolution.pins)
    text = _text_of(decision, resources, known, settings)
    askers = _all_askers(inputs, resolution.pins, inputs.target.markers)
    return BuiltLock(text, len(resolution.pins), askers, resolution.notices, decision)


def _check_python(inputs: Inputs) -> None:
    """A lock for one environment is made for a Python that the projects support. Raises `ResolutionImpossible`."""
    from packaging.specifiers import SpecifierSet

    version, specifier = inputs.target.version, SpecifierSet(",".join(inputs.requires_python))
    if inputs.settings.selection.ignore_requires_python or specifier.contains(version, prereleases=True):
        return
    raise ResolutionImpossible.because(
        "requires-python",
        f"the project requires a different Python: {version} not in {str(specifier)!r}",
        hint="name an interpreter with --python, or make one lock for all Pythons with --universal",
    )


def _everywhere(inputs: Inputs, resources: Resources, known: Known, settings: LockSettings) -> BuiltLock:
    """One lock for several environments."""
    from safepip.commands.lock_universal import Everywhere
    from safepip.lock.universal import merge

    everywhere = Everywhere(
        inputs, resources, lambda environment: known.versions(settings, environment), known.kept, known.markers()
    )
    answers = everywhere.answers()
    folder = _folder(inputs, settings)
    packages = [locked._replace(path=_relative_path(locked.pin, folder)) for locked in merge(answers)]
    names = {locked.pin.name for locked in packages}
    _report_needless(resources, settings, names)
    requirements = inputs.statements.requirements
    asked: dict[str, dict[Asker, None]] = {}
    for answer in answers:
        for name, found in _all_askers(inputs, answer.pins, answer.environment.markers).items():
            asked.setdefault(name, {}).update(dict.fromkeys(found))
    everyone = {name: tuple(found) for name, found in asked.items()}
    if settings.requirements:
        via: dict[str, list[str]] = {}
        for answer in answers:
            for name, askers in _askers(answer.edges, requirements).items():
                via.setdefault(name, []).extend(asker for asker in askers if asker not in via[name])
        return BuiltLock(requirements_text(packages, via), len(names), everyone, tuple(everywhere.notices))
    scopes = inputs.statements.scopes
    pylock = make_lock(
        packages,
        environments=[answer.environment.text() for answer in answers],
        requires_python=",".join(inputs.requires_python),
        extras=_named(scopes, "extra"),
        groups=_named(scopes, "group"),
    )
    return BuiltLock(lock_text(pylock), len(names), everyone, tuple(everywhere.notices))


def _all_askers(
    inputs: Inputs, pins: Mapping[str, Pin], environment: Mapping[str, str]
) -> dict[str, tuple[Asker, ...]]:
    """What asks for each project in an environment."""
    statements = [r for r in inputs.statements.requirements if counts(r, environment)]
    if inputs.settings.no_deps:
        pins = {}
    return askers_of(pins, statements, Markers(environment))


def _report_needless(resources: Resources, settings: LockSettings, names: Container[str]) -> None:
    """Say which names of -P are not in the lock: misspelt, or no longer needed."""
    for name in sorted(settings.upgrade_names):
        if name not in names:
            resources.console.notice(f"-P {printable(name)}: it is not needed")


def _text_of(decision: Decision, resources: Resources, known: Known, settings: LockSettings) -> str:
    """The text of the lock of a resolution made for the target."""
    inputs, resolution = decision.inputs, decision.resolution
    requirements = [r for r in inputs.statements.requirements if counts(r, inputs.target.markers)]
    whole, files = _walk(decision, requirements), _files(decision, resources, known)
    if settings.requirements:
        packages = [Locked(pin, files[name]) for name, pin in resolution.pins.items()]
        return requirements_text(packages, _askers(whole.edges, requirements))
    scopes = {r.scope for r in requirements}
    reached = {scope: _reached(decision, requirements, scope) for scope in scopes}
    packages = [
        Locked(
            pin,
            files[name],
            tuple((child, "") for child in whole.edges.get(name, ())),
            _marker({scope for scope, names in reached.items() if name in names}),
            _relative_path(pin, _folder(inputs, settings)),
        )
        for name, pin in resolution.pins.items()
    ]
    pylock = make_lock(
        packages,
        environments=[environment_marker(_variables(decision), inputs.target.markers)],
        requires_python=",".join(inputs.requires_python),
        extras=_named(inputs.statements.scopes, "extra"),
        groups=_named(inputs.statements.scopes, "group"),
    )
    return lock_text(pylock)


def _walk(decision: Decision, requirements: Iterable[Requirement]) -> Graph:
    def chosen(name: str) -> Chosen | None:
        pin = decision.resolution.pins.get(name)
        return None if pin is None else Chosen(pin.version, pin.metadata)

    inputs = decision.inputs
    roots = [Root(r.name, r.extras, r.specifier, str(r.origin)) for r in requirements]
    return walk(roots, chosen, inputs.target.markers, no_deps=inputs.settings.no_deps)


def _reached(decision: Decision, requirements: Iterable[Requirement], scope: str) -> frozenset[str]:
    """The projects that the requirements of one scope need."""
    return frozenset(_walk(decision, [r for r in requirements if r.scope == scope]).edges)


def _named(scopes: Iterable[str], kind: str) -> list[str]:
    return [scope.partition(":")[2] for scope in scopes if scope.startswith(f"{kind}:")]


def _marker(scopes: set[str]) -> str:
    """What the lock says of when a package is there, by the scopes that need it."""
    return "" if "" in scopes else scope_marker(_named(scopes, "extra"), _named(scopes, "group"))


def _variables(decision: Decision) -> frozenset[str]:
    """The marker variables on which it depends what is locked: those of the statements and of the locked projects.

    Not those of versions that the search looked at and left: which these are is not in the lock, so that one made anew
    from it would say something else.
    """
    statements = decision.inputs.statements
    markers = [*(r.marker for r in statements.requirements), *(c.marker for c in statements.constraints)]
    for pin in decision.resolution.pins.values() if not decision.inputs.settings.no_deps else ():
        if pin.metadata is not None:
            markers += [r.marker for r in pin.metadata.requires.with_extras(pin.extras)]
    return frozenset().union(*map(variables_of, map(str, filter(None, markers))))


def _askers(edges: Mapping[str, tuple[str, ...]], requirements: Iterable[Requirement]) -> dict[str, list[str]]:
    """Who asks for each project: files and the command line first, then projects."""
    askers: dict[str, list[str]] = {}
    for requirement in requirements:
        origin = requirement.origin
        stated = f"-r {origin.where}" if origin.source is Source.FILE else str(Origin(origin.source))
        if stated not in askers.setdefault(requirement.name, []):
            askers[requirement.name].append(stated)
    for name in sorted(edges):
        for child in edges[name]:
            askers.setdefault(child, []).append(name)
    return askers


def _files(decision: Decision, resources: Resources, known: Known) -> dict[str, tuple[ProjectFile, ...]]:
    """By project all files to lock of those that its index offers; of what is named directly that one alone."""
    files: dict[str, tuple[ProjectFile, ...]] = {}
    for name, pin in decision.resolution.pins.items():
        files[name] = files_to_lock(decision.inputs, resources, decision.catalog, pin, known.kept)
    return files


def _folder(inputs: Inputs, settings: LockSettings) -> str:
    """The folder from which the paths in a lock are seen."""
    return inputs.cwd if settings.output == "-" else folder_of(settings.output)


def _relative_path(pin: Pin, folder: str) -> str | None:
    """For a file or a folder named by path, its place as seen from the folder of the lock."""
    vcs = pin.built_from is not None and pin.built_from.source.kind is SourceKind.VCS
    if pin.direct_url is None or vcs or not pin.direct_url.startswith("file:"):
        return None
    return as_path(portable_from(folder, local_path(pin.direct_url)))
