"""What an audit is about: the versions that are installed, locked, or pinned in a requirements file.

What states no version is a subject too, without one, so that the audit says that it could not be verified. Markers
change nothing: what is locked or pinned for another system is audited as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.advisories.ranges import read_version
from safepip.commands.target import find_folders
from safepip.edges.disk.local_paths import is_folder
from safepip.edges.disk.lock_files import read_lock_text
from safepip.edges.disk.near_locks import way_to_a_lock
from safepip.edges.disk.requirements_files import load
from safepip.edges.target.installed_files import read_small
from safepip.edges.target.listing import distributions, unlistable, unnamed
from safepip.lock.pylock import files_of, package_lines, read_lock
from safepip.model.advisories import AuditedFile, AuditedVersion
from safepip.model.digest import stated
from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.requirements.lock_requests import is_pylock, split_locks
from safepip.wheel.metadata import MAX_METADATA_BYTES, MetadataError, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.pylock import Package

    from safepip.commands.resources import Resources
    from safepip.environment.verification import Distribution
    from safepip.model.digest import Digest
    from safepip.model.plan import Settings
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata

_UNTOLD = "its metadata folder tells no version"
_UNPINNED = "no single version is pinned: make a lock with safepip lock -r FILE, and audit that"


class AuditInput(NamedTuple):
    """What is audited, in no order. `doubts` say why that may not be everything."""

    found: tuple[AuditedVersion, ...]
    doubts: tuple[str, ...] = ()


def read_audit_input(settings: Settings, path: str | None, resources: Resources) -> AuditInput:
    """What the command names. Raises `UsageError`, `Unavailable`, `Refused`."""
    if settings.requirement_files:
        others, locks = split_locks(settings) if any(map(is_pylock, settings.requirement_files)) else (settings, ())
        found = [subject for request in locks for subject in locked_versions(_lock_text(request.name), request.name)]
        return AuditInput((*found, *(_pinned(others, resources) if others.requirement_files else ())))
    if path is not None:
        if not is_folder(path):
            raise UnusableInput.because("missing-file", f"{printable(path)} is not a folder")
        return _installed([path], path)
    place = find_folders(settings, resources.world, resources.console)
    for folder in place.unseen:
        resources.console.notice(f"this environment imports from {folder} too: audit that one with --python")
    return _installed(place.sites, place.prefix)


# --- environments --------------------------------------------------------------------------------------------------


def _installed(sites: Sequence[str], shown: str) -> AuditInput:
    there = [(item, _metadata(item.info)) for item in distributions(sites)]
    odd = {info: _metadata(info) for info in unnamed(sites)}
    requiring: dict[str, set[str]] = {}
    for item, metadata in there:
        name, version = _identities(item, metadata)[0]
        for needed in _required(metadata) or ():
            requiring.setdefault(needed, set()).add(f"{name} {version or item.version}")
    place = Origin(Source.DISTRIBUTION, shown)
    found = [
        AuditedVersion(name, version, place, tuple(sorted(requiring.get(name, ()))), _UNTOLD, _required(metadata))
        for item, metadata in there
        for name, version in _identities(item, metadata)
    ]
    found += [
        AuditedVersion(metadata.name, str(metadata.version), place, requires=_required(metadata))
        for metadata in filter(None, odd.values())
    ]
    doubts = [f"the folder {folder} cannot be listed" for folder in unlistable(sites)]
    doubts += [f"{printable(info)} does not tell what it is" for info, metadata in odd.items() if metadata is None]
    return AuditInput(tuple(found), tuple(doubts))


def _written(version: str) -> str:
    """The version as it was before it became part of a folder's name, where a hyphen becomes an underscore."""
    if version == "(no version)":
        return ""
    return version.replace("_", "-") if read_version(version) is None else version


def _identities(item: Distribution, metadata: CoreMetadata | None) -> list[tuple[str, str]]:
    """What it is, by name and version: first as its metadata says, which is what pip lists. Where its folder says
    something else, both are audited: one of them would be clean by accident. A version is empty where none is told."""
    version = _written(item.version)
    if metadata is None:
        # An escaped version has no hyphen. With one it cannot be told where the name ends.
        return [(item.name, "" if read_version(version) is None and "-" in item.version else version)]
    stated = metadata.name, str(metadata.version)
    if item.name == metadata.name and read_version(version) == metadata.version:
        return [(item.name, version)]
    if read_version(version) is None and _may_say(item, metadata):
        return [stated]
    return [stated, (item.name, version)]


def _may_say(item: Distribution, metadata: CoreMetadata) -> bool:
    """Whether the name of a folder is one of the project without a version, or one that is not escaped: cut at one of
    its hyphens, it has both the name and the version of the metadata."""
    stem = item.info.rpartition("/")[2].rpartition(".")[0]
    if normalise(stem) == metadata.name:
        return True
    for cut in (place for place, letter in enumerate(stem) if letter == "-"):
        if normalise(stem[:cut]) == metadata.name:
            version = read_version(_written(stem[cut + 1 :].partition("-py")[0]))
            if version is not None and version == metadata.version:
                return True
    return False


def _metadata(info: str) -> CoreMetadata | None:
    """What the metadata in a folder, or in a file, says; None where that cannot be read."""
    for suffix in ("/METADATA", "/PKG-INFO", ""):
        data, _ = read_small(f"{info}{suffix}", MAX_METADATA_BYTES)
        if data is not None:
            break
    else:
        return None
    try:
        return parse_metadata(data, verified=False)
    except MetadataError:
        return None


def _required(metadata: CoreMetadata | None) -> tuple[str, ...] | None:
    """The names of what it requires, whatever its markers and extras say; None where that is not known."""
    if metadata is None:
        return None
    try:
        return tuple(sorted({normalise(requirement.name) for requirement in metadata.requires}))
    except MetadataError:
        return None


# --- locks ---------------------------------------------------------------------------------------------------------


def _lock_text(path: str) -> str:
    text = read_lock_text(path, named=True)
    if text is None:
        message = f"the lock {printable(path)} is not there"
        raise UnusableInput.because("missing-file", message, hint=way_to_a_lock(path))
    return text


def locked_versions(text: str, path: str) -> Iterator[AuditedVersion]:
    """What a lock of this text has. Raises `UnusableInput`."""
    lock = read_lock(text, Origin(Source.FILE, path))
    lines = package_lines(text, lock)
    requiring: dict[str, set[str]] = {}
    for package in lock.packages:
        for name in _edges(package):
            requiring.setdefault(name, set()).add(f"{package.name} {package.version}")
    # PEP 751, "packages.dependencies": where no package has any, they may not have been written down.
    known = bool(requiring)
    for package, line in zip(lock.packages, lines, strict=True):
        name = normalise(package.name)
        yield AuditedVersion(
            name,
            "" if package.version is None else str(package.version),
            Origin(Source.FILE, path, line),
            tuple(sorted(requiring.get(name, ()))),
            "the lock states no version of it: it is a folder, or the checkout of a repository",
            _edges(package) if known else None,
            tuple(_files(package)),
        )


def _edges(package: Package) -> tuple[str, ...]:
    return tuple(sorted({normalise(str(edge.get("name", ""))) for edge in package.dependencies or ()}))


def _files(package: Package) -> Iterator[AuditedFile]:
    files = [*filter(None, [package.archive]), *files_of(package)]
    for file in files:
        yield AuditedFile(file.url or file.path or "", tuple(stated(file.hashes, file.url)))


# --- requirements --------------------------------------------------------------------------------------------------


def _pinned(settings: Settings, resources: Resources) -> Iterator[AuditedVersion]:
    loaded = load(
        settings, resources.world.environ, resources.world.cwd, resources.credentials, resources.network.fetch_text
    )
    constraints: dict[str, list[Constraint]] = {}
    for constraint in loaded.constraints:
        constraints.setdefault(constraint.name, []).append(constraint)
    for requirement in loaded.requirements:
        if not requirement.name:
            raise UnusableInput.because(
                "invalid-requirement",
                f"it is not known which project {printable(requirement.text)} is",
                hint="make a lock with safepip lock -r FILE, and audit that",
                origins=(requirement.origin,),
            )
        for version, hashes in _versions(requirement, constraints.get(requirement.name, ())):
            files = tuple(AuditedFile("", ((one.algorithm, one.hex),)) for one in (*hashes, *requirement.url_digests))
            yield AuditedVersion(requirement.name, version, requirement.origin, (), _UNPINNED, None, files)


def _versions(requirement: Requirement, constraints: Sequence[Constraint]) -> Iterator[tuple[str, tuple[Digest, ...]]]:
    """The versions to which a requirement is pinned, by itself or by constraints, and an empty one where it may also be
    installed in another: what a constraint says for one system is not said for the others. Each with the digests that
    its file may have."""
    version = _only_version(requirement)
    pins = [] if version or requirement.url is not None else [one for one in constraints if _only_version(one)]
    allowed = {_only_version(pin): requirement.hashes for pin in pins}
    if all(pin.marker is not None for pin in pins):
        allowed[version] = requirement.hashes
    for pin in pins:
        allowed[_only_version(pin)] += pin.hashes
    yield from allowed.items()


def _only_version(statement: Requirement | Constraint) -> str:
    """The one version that a statement allows; empty where that is not said."""
    for clause in statement.specifier:
        if clause.operator in ("==", "===") and not clause.version.endswith(".*"):
            return clause.version
    return ""
