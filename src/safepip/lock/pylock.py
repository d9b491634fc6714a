"""A resolution as a lock file (PEP 751, `pylock.toml`), and a lock file read back.

A lock says for every project: the version, the index that owns the name, all wheels of that version with strong
digests, sizes and upload times, the source archive where that was chosen, what it depends on, and for which extra or
group it is there. What was named directly is in it by its URL or path (`safepip.lock.sources`). Its structure is
`packaging.pylock`'s; this module refuses what that accepts and a lock must not have: a weak or missing digest, a
credential in a URL, a wheel without a URL or path.

The text depends on nothing but its content: packages and files are sorted by name, and it mentions no time or machine.
So the same answer gives the same bytes on any day.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel, Pylock, PylockValidationError
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, NormalizedName
from packaging.version import Version

from safepip.lock.sources import directory_entry, tool_entry, vcs_entry
from safepip.model.digest import STRONG, WEAK, WeakDigest, checksum, stated, strong
from safepip.model.errors import UnusableInput
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import normalise
from safepip.model.source import SourceKind
from safepip.model.urls import UrlError, is_account, is_url, parse
from safepip.model.wheel_names import is_bounded, read_wheel_name
from safepip.text.toml_reading import read_toml
from safepip.text.toml_writing import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from safepip.model.origin import Origin
    from safepip.model.page import ProjectFile
    from safepip.model.resolution import Pin

CREATED_BY = "safepip"


class Locked(NamedTuple):
    """One project for a lock. `files` are all wheels of the version, with its source archive where that was chosen, or
    the one file that was named directly.

    `edges` are the projects it depends on, each with its version where the lock has several of it, else with "".
    `marker` says for which environments, extras and groups it is there; empty means always. `path` is set for
    what was named by its path: relative to the lock, with `/`.
    """

    pin: Pin
    files: tuple[ProjectFile, ...]
    edges: tuple[tuple[str, str], ...] = ()
    marker: str = ""
    path: str | None = None


def make_lock(
    packages: Iterable[Locked],
    *,
    environments: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
    default_groups: Iterable[str] = (),
) -> Pylock:
    """The lock of these projects. `environments` are the markers for which it was made."""
    lock = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(text) for text in environments] or None,
        requires_python=SpecifierSet(requires_python) if requires_python else None,
        extras=[NormalizedName(normalise(extra)) for extra in sorted(extras)] or None,
        dependency_groups=sorted(groups) or None,
        default_groups=sorted(default_groups) or None,
        created_by=CREATED_BY,
        packages=[_package(locked) for locked in sorted(packages, key=_place)],
    )
    lock.validate()
    return lock


def _place(locked: Locked) -> tuple[str, Version, str]:
    return locked.pin.name, locked.pin.version, locked.marker


def _package(locked: Locked) -> Package:
    pin, built_from = locked.pin, locked.pin.built_from
    kind = None if built_from is None else built_from.source.kind
    requires_python = pin.metadata.requires_python if pin.metadata else None
    index = pin.route.index if pin.direct_url is None else None
    whole = Package(
        name=NormalizedName(normalise(pin.name)),
        # PEP 751: no version where it may change with the code, as in a folder; elsewhere it says what was locked.
        version=None if kind is SourceKind.DIRECTORY else pin.version,
        marker=Marker(locked.marker) if locked.marker else None,
        requires_python=SpecifierSet(requires_python) if requires_python else None,
        dependencies=[_edge(*edge) for edge in locked.edges] or None,
        index=str(index.url) if index is not None else None,
    )
    if built_from is not None and kind is SourceKind.VCS:
        return replace(whole, vcs=vcs_entry(built_from), tool=tool_entry(built_from))
    if built_from is not None and kind is SourceKind.DIRECTORY:
        assert locked.path is not None, "a folder is named by its path"
        return replace(whole, directory=directory_entry(built_from.source, locked.path))
    if pin.direct_url is not None:
        return replace(whole, archive=_archive(locked))
    files = sorted(locked.files, key=lambda file: file.filename)
    wheels = [_wheel(file) for file in files if file.filename.endswith(".whl")]
    sdist = next((_sdist(file) for file in files if not file.filename.endswith(".whl")), None)
    return replace(whole, wheels=wheels or None, sdist=sdist)


def _edge(name: str, version: str) -> dict[str, str]:
    return {"name": name, "version": version} if version else {"name": name}


def _wheel(file: ProjectFile) -> PackageWheel:
    return PackageWheel(**_listed(file))


def _listed(file: ProjectFile) -> dict[str, Any]:
    """What a lock says of a file of an index."""
    return {
        "name": file.filename,
        "upload_time": None if file.upload_time is None else datetime.fromtimestamp(file.upload_time, UTC),
        "url": file.url,
        "size": file.size,
        "hashes": {digest.algorithm: digest.hex for digest in sorted(file.digests)},
    }


def _sdist(file: ProjectFile) -> PackageSdist:
    return PackageSdist(**_listed(file))


def _archive(locked: Locked) -> PackageArchive:
    (file,) = locked.files
    built_from = locked.pin.built_from
    return PackageArchive(
        url=None if locked.path is not None else file.url,
        path=locked.path,
        size=file.size,
        hashes={digest.algorithm: digest.hex for digest in sorted(file.digests)},
        subdirectory=(built_from.source.subdirectory or None) if built_from is not None else None,
    )


def lock_text(lock: Pylock) -> str:
    """The lock as TOML: a table for each package, a line for each file, so that a change reads well in a review."""
    data = dict(lock.to_dict())
    packages = data.pop("packages")
    # An empty lock has the key too.
    blocks = ["".join(_lines(data if packages else {**data, "packages": []}))]
    blocks += ["[[packages]]\n" + "".join(_lines(package)) for package in packages]
    return "\n".join(blocks)


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Keys and values of a table, a list with an element a line."""
    for key, value in table.items():
        if isinstance(value, list) and value and (isinstance(value[0], dict) or len(value) > 1):
            yield f"{key} = [\n" + "".join(f"    {toml_value(item)},\n" for item in value) + "]\n"
        else:
            yield f"{key} = {toml_value(value)}\n"


def read_lock(text: str, origin: Origin) -> Pylock:
    """Read the text of a `pylock.toml` that any tool may have written.

    Raises `UnusableInput` (`invalid-lock`) for what is not a lock, and with every part of one that must not be trusted:
    `weak-hash`, `credential-in-lock`.
    """
    try:
        data = read_toml(text)
        _check_wheel_names(data)
        lock = Pylock.from_dict(data)
    except (RecursionError, PylockValidationError, ValueError) as problem:
        raise UnusableInput.because(
            "invalid-lock",
            f"{printable(origin.where)} is not a lock file that can be used: {printable(str(problem))}",
            hint="move it away, and make a new one: safepip lock -r FILE",
            origins=(origin,),
        ) from None
    problems = [problem for package in lock.packages for problem in _distrusted(package, origin)]
    if problems:
        raise UnusableInput(*problems)
    return lock


def package_lines(text: str, lock: Pylock) -> list[int | None]:
    """The line at which each package of a lock begins; None where they are not written as `[[packages]]`."""
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*packages\s*\]\]", line)]
    return [*lines] if len(lines) == len(lock.packages) else [None] * len(lock.packages)


def _check_wheel_names(data: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a wheel whose name stands for more tags than could be read; `packaging` would try.

    `packaging` reports what does not have the form of a lock.
    """
    packages = data.get("packages")
    for package in packages if isinstance(packages, list) else ():
        wheels = package.get("wheels") if isinstance(package, dict) else None
        for wheel in wheels if isinstance(wheels, list) else ():
            given = [wheel.get(key) for key in ("name", "path", "url")] if isinstance(wheel, dict) else []
            text = unquote(re.split(r"[?#]", str(next(filter(None, given), "")), maxsplit=1)[0])
            name = re.split(r"[/\\]", text.rstrip("/"))[-1]
            if not is_bounded(name):
                raise ValueError(f"a wheel has a name that is not possible for a file: {name[:80]}")


def _distrusted(package: Package, origin: Origin) -> Iterator[Diagnostic]:
    """What packaging accepts and a lock must not have."""
    files: list[Any] = [*(package.wheels or ()), *filter(None, (package.sdist, package.archive))]
    for file in files:
        label = f"{package.name}: {printable(_label(file))}"
        try:
            given = stated(file.hashes, file.url if isinstance(file, PackageArchive) else None)
            digests = [strong(algorithm, value) for algorithm, value in given if algorithm in STRONG]
            for algorithm, value in given:
                if algorithm in WEAK:
                    checksum(algorithm, value)
        except WeakDigest as problem:
            yield _problem("weak-hash", f"{label}: {printable(str(problem))}", package.name, origin)
            continue
        if not digests:
            named = ", ".join(sorted(file.hashes)) or "none"
            yield _problem("weak-hash", f"{label} has no strong digest (it has {named})", package.name, origin)
    files += filter(None, (package.vcs, package.directory))
    urls = [package.index, *(getattr(file, "url", None) for file in files)]
    for url in filter(None, urls):
        try:
            if parse(url).has_user_info and not _names_account(url):
                yield _problem("credential-in-lock", f"{package.name}: a URL holds credentials", package.name, origin)
        except UrlError as problem:
            yield _problem("invalid-lock", f"{package.name}: a URL cannot be used: {problem}", package.name, origin)
    if any(file.path is not None and is_url(file.path) for file in files):
        yield _problem("invalid-lock", f"{package.name}: a URL is given as a path", package.name, origin)

    if _is_of_another_version(package):
        message = f"{package.name} {package.version} is taken from a wheel of another version"
        yield _problem("invalid-lock", message, package.name, origin)


def _is_of_another_version(package: Package) -> bool:
    """Whether a wheel that is named by path or URL is not of the version that the lock states, which an audit and a
    reader go by. Of the wheels of an index `packaging` says so."""
    try:
        _, version, _, _ = read_wheel_name(archive_name(package.archive) if package.archive is not None else "")
    except (InvalidWheelFilename, UrlError):
        return False
    return package.version not in (None, version)


def archive_name(archive: PackageArchive) -> str:
    """The file name of an archive that is named by path or by URL. Raises `UrlError`."""
    if archive.path is not None:
        return archive.path.replace("\\", "/").rpartition("/")[2]
    return parse(archive.url).filename if archive.url else ""


def _names_account(url: str) -> bool:
    """Whether what stands before the host is an account of ssh, and no secret."""
    scheme, _, rest = url.partition("://")
    return is_account(scheme.lower(), rest.partition("/")[0].rpartition("@")[0])


def _label(file: Any) -> str:
    return file.filename if hasattr(file, "filename") else (file.path or file.url or "")


def _problem(reference: str, message: str, name: str, origin: Origin) -> Diagnostic:
    hint = "move it away, and make a new one: safepip lock -r FILE; credentials belong in netrc or the keyring"
    return Diagnostic(reference, message, hint=hint, origins=(origin,), subject=name)


def versions_of(lock: Pylock, environment: Mapping[str, str]) -> Mapping[str, Version]:
    """The version of each project that the lock has for an environment: what a new lock prefers there."""
    everything: dict[str, str | AbstractSet[str]] = {
        **environment,
        "extras": frozenset(lock.extras or ()),
        "dependency_groups": frozenset(lock.dependency_groups or ()),
    }
    found: dict[str, Version] = {}
    for package in lock.packages:
        if package.version is not None and _holds(package.marker, everything):
            found.setdefault(package.name, package.version)
    return found


def _holds(marker: Marker | None, environment: Mapping[str, str | AbstractSet[str]]) -> bool:
    try:
        return marker is None or marker.evaluate(environment, context="lock_file")
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False  # a file that cannot be installed is not a preference


def kept_files(lock: Pylock, name: str, version: Version, offered: tuple[ProjectFile, ...]) -> tuple[ProjectFile, ...]:
    """Of the files offered, those that the lock has already, where all that it has are still offered unchanged.

    A wheel that was added to a release later does not change a lock: the same inputs give the same bytes. Where one of
    the lock's files is gone or has changed, all that is offered is taken. Where the version is listed several times,
    with other files for other environments, they count together: an entry for one of these is not all that is locked.
    """
    by_name = {file.filename: file for file in offered}
    mine = [package for package in lock.packages if package.name == name and package.version == version]
    locked = {file.filename: file for package in mine for file in files_of(package)}
    kept = [file for there in locked.values() if (file := by_name.get(there.filename)) and _same(file, there)]
    # A source archive is offered where it was chosen, and then it is needed.
    needed = [file for file in offered if not file.filename.endswith(".whl")]
    whole = len(kept) == len(locked) and all(file in kept for file in needed)
    return tuple(kept) if kept and whole else offered


def files_of(package: Package) -> list[PackageWheel | PackageSdist]:
    """The files of an index that a package of a lock has."""
    return [*(package.wheels or ()), *([package.sdist] if package.sdist is not None else [])]


def _same(file: ProjectFile, there: PackageWheel | PackageSdist) -> bool:
    return {digest.algorithm: digest.hex for digest in file.digests} == dict(there.hashes)


def environment_marker(variables: Iterable[str], environment: Mapping[str, str]) -> str:
    """The environments for which an answer holds that depended on these marker variables.

    The Python's minor version always counts: which versions can be chosen depends on it.
    """
    names = sorted({"python_version", *variables} - {"python_full_version"})
    if "python_full_version" in variables:
        names.append("python_full_version")
    return " and ".join(f'{name} == "{environment[name]}"' for name in names)


def scope_marker(extras: Iterable[str], groups: Iterable[str]) -> str:
    """The marker of a package that is there for these extras and groups only (PEP 751)."""
    terms = [f'"{extra}" in extras' for extra in sorted(extras)]
    terms += [f'"{group}" in dependency_groups' for group in sorted(groups)]
    return " or ".join(terms)
