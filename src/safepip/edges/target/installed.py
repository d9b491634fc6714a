"""The distributions installed in a target, found as pip finds them.

Only the names of the metadata folders are used: opening a file per distribution would make the listing slow. So
`read_installed_metadata` reads METADATA for single distributions, when it is needed. The order is pip's: the folders of
`sys.path` in order, and in each the entries as the system lists them; the first of a name counts. Distributions inside
zip archives are not looked for.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from safepip.edges.disk.reading import has_an_end, read_regular
from safepip.model.errors import Unavailable
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import is_name, normalise
from safepip.model.resolution import InstalledDistribution
from safepip.wheel.metadata import MAX_METADATA_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.requirements import Requirement

    from safepip.model.plan import Target

#: A valid project name, PEP 508. pip leaves folders such as `~umpy-1.0.dist-info` behind when it is interrupted.
#: Names that pip never takes for installed projects: parts of the standard library that once had metadata.
_STANDARD_LIBRARY = frozenset({"python", "wsgiref", "argparse"})

_METADATA_FILES = ("METADATA", "PKG-INFO")

#: Far more than a URL and two digests.
_LONGEST_DIRECT_URL = 1 << 20


def installed(target: Target) -> dict[str, InstalledDistribution]:
    """The installed distributions by normalised name.

    A folder on the path that cannot be read has none. A distribution whose version is not one (PEP 440) is left out:
    pip reports it when it matters.
    """
    found: dict[str, InstalledDistribution] = {}
    for folder in target.site_paths:
        in_user_site = target.user_site is not None and _is_below(folder, target.user_site)
        for place in (folder, *_egg_links(folder)):
            for raw_name, version, path in _listed(place):
                name = normalise(raw_name)
                if name in found or name in _STANDARD_LIBRARY or not is_name(raw_name):
                    continue
                try:
                    found[name] = InstalledDistribution(
                        name, Version(version), path, in_user_site, editable=place != folder, found_in=folder
                    )
                except InvalidVersion:
                    continue
    return found


def all_metadata(folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Normalised name and metadata path of everything that is installed in these folders.

    Unlike `installed` it also gives distributions that another one of the same name hides, and those without a valid
    version.
    """
    for folder in folders:
        for name, _, path in _everything(folder):
            yield name, path


def _everything(folder: str) -> Iterator[tuple[str, str, str]]:
    """Normalised name, version as it is written, and metadata path of everything that is installed in a folder."""
    for place in (folder, *_egg_links(folder)):
        for name, version, path in _listed(place):
            if is_name(name):
                yield normalise(name), version, path


def read_installed_metadata(distribution: InstalledDistribution) -> bytes:
    """The bytes of its METADATA, or of an egg's PKG-INFO, which may be the path itself; with the requirements that pip
    takes from a `requires.txt` beside it.

    Raises `Unavailable` (`installed-metadata`) when there is none that can be read.
    """
    data = _metadata(distribution.metadata_path)
    if data is None:
        raise _unreadable(distribution)
    try:
        beside = read_regular(os.path.join(distribution.metadata_path, "requires.txt"), MAX_METADATA_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return data
    except OSError as error:
        raise _unreadable(distribution) from error
    from safepip.wheel.metadata import MetadataError
    from safepip.wheel.metadata_as_pip import with_requirements_beside

    try:
        return with_requirements_beside(data, beside)
    except MetadataError as error:
        raise _unreadable(distribution) from error


def is_editable(distribution: InstalledDistribution) -> bool:
    """Whether its code lies in a project folder: by an `.egg-link`, or as its `direct_url.json` says (PEP 610)."""
    if distribution.editable:
        return True
    try:
        data = read_regular(os.path.join(distribution.metadata_path, "direct_url.json"), _LONGEST_DIRECT_URL)
        return json.loads(data)["dir_info"]["editable"] is True
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def is_named_directly(distribution: InstalledDistribution) -> bool:
    """Whether it was installed from a URL or path that the user named, and from no index (PEP 610)."""
    return os.path.lexists(os.path.join(distribution.metadata_path, "direct_url.json"))


def parts_of_safepip(target: Target) -> frozenset[str]:
    """The normalised names of safepip and its dependencies, where `target` is the environment it runs from.

    Reads the METADATA of those distributions only. Raises `Unavailable` (`installed-metadata`) when one of them cannot
    be read: then it is not known what may be replaced.
    """
    from safepip.environment.guards import closure
    from safepip.wheel.metadata import MetadataError, parse_metadata

    there = installed(target)

    def requires(name: str) -> Iterable[Requirement] | None:
        distribution = there.get(name)
        if distribution is None:
            return None
        try:
            return parse_metadata(read_installed_metadata(distribution), verified=False).requires
        except MetadataError as error:
            raise _unreadable(distribution) from error

    return closure("safepip", requires, target.markers)


def check_files(target: Target) -> None:
    """Raise `Unavailable` (`installed-metadata`) where metadata that pip reads is a pipe or device, not a file.

    pip would wait for it, half-way through an installation. Cost: a look at a folder for each distribution.
    """
    odd = [path for folder in target.site_paths for path in _metadata_files(folder) if not _may_be_opened(path)]
    if odd:
        raise Unavailable.because(
            "installed-metadata",
            "the environment has metadata that is not a file, and pip would wait for it",
            context=tuple(printable(path) for path in odd[:10]),
            hint="remove it, or make a new environment",
        )


def _metadata_files(folder: str) -> Iterator[str]:
    """All entries of metadata folders, and the metadata that is a file itself."""
    for name in _names(folder):
        path = os.path.join(folder, name)
        if name.lower().endswith((".dist-info", ".egg-info", ".egg-link")):
            yield path
            yield from (os.path.join(path, inner) for inner in _names(path))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _may_be_opened(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return True
    return has_an_end(status) or stat.S_ISDIR(status.st_mode)


def _unreadable(distribution: InstalledDistribution) -> Unavailable:
    return Unavailable.because(
        "installed-metadata",
        f"the metadata of the installed {distribution.name} {distribution.version} cannot be read",
        context=(printable(distribution.metadata_path),),
        hint=repair_of(distribution),
    )


def repair_of(distribution: InstalledDistribution) -> str:
    """The hint for a distribution whose metadata cannot be used: how to put the same version in its place.

    pip removes nothing that has no list of its files, and an egg's metadata is not where a wheel's goes.
    """
    path, pinned = distribution.metadata_path, f"{distribution.name}=={distribution.version}"
    if not path.endswith(".dist-info"):
        return f"remove it, and install it again: safepip uninstall {distribution.name}"
    option = "--force-reinstall" if os.path.isfile(os.path.join(path, "RECORD")) else "--ignore-installed"
    return f"put it where its remains are:\nsafepip install {option} --no-deps {pinned}"


def own_folders(target: Target) -> tuple[str, ...]:
    """The folders in which the environment itself has its distributions."""
    return tuple(dict.fromkeys(filter(None, (target.schemes.get("purelib"), target.schemes.get("platlib")))))


def is_own(distribution: InstalledDistribution, target: Target) -> bool:
    """Whether a distribution is the environment's own, and no other one's that it sees: it, an egg around it or a link
    to it lies in the environment's own folders."""
    place = distribution.found_in
    return any(place == folder or place.startswith(f"{folder}{os.sep}") for folder in own_folders(target))


def check_single(folders: Iterable[str], names: Collection[str] | None = None, untouched: Collection[str] = ()) -> None:
    """Raise `Unavailable` (`installed-metadata`) for projects of which one of these folders has several distributions,
    or one with a version that is none. `names` are the projects that matter, None for all but the `untouched`.

    pip takes away one distribution of a project, and the others count as installed from then on.
    """
    problems: list[Diagnostic] = []
    # The one of platlib may be a link to that of purelib (`lib64`).
    for folder in {os.path.realpath(folder): folder for folder in folders}.values():
        found: dict[str, dict[str, str]] = {}
        for name, version, path in _everything(folder):
            if name not in _STANDARD_LIBRARY and (name not in untouched if names is None else name in names):
                found.setdefault(name, {})[path] = version
        problems += (_not_single(name, found[name]) for name in sorted(found) if not _is_single(found[name].values()))
    if problems:
        raise Unavailable(*problems)


def check_not_hidden(target: Target, untouched: Collection[str] = ()) -> None:
    """Raise `Unavailable` (`installed-metadata`) for projects in the environment's own folders of which another folder
    before these, such as the user's, has one, too. `untouched` do not matter.

    pip sees the other one alone: it would remove that one, and what the environment itself has would stay.
    """
    found = installed(target)
    hidden = {
        name: (path, found[name].metadata_path)
        for name, path in all_metadata(own_folders(target))
        if name in found and name not in untouched and not is_own(found[name], target)
        if os.path.realpath(path) != os.path.realpath(found[name].metadata_path)  # it may be written in two ways
    }
    problems = [
        Diagnostic(
            "installed-metadata",
            f"{name} is installed in the environment, and another one hides it, which pip would take for it",
            context=tuple(map(printable, paths)),
            hint=f"before you do this again, remove it, once for each of them:\nsafepip uninstall {name}",
            subject=name,
        )
        for name, paths in sorted(hidden.items())
    ]
    if problems:
        raise Unavailable(*problems)


def _is_single(versions: Collection[str]) -> bool:
    try:
        return len(list(map(Version, versions))) == 1
    except InvalidVersion:
        return False


def _not_single(name: str, found: Mapping[str, str]) -> Diagnostic:
    several = len(found) > 1
    times = ", once for each of them" if several else ""
    hint = f"before you do this again, remove it{times}:\nsafepip uninstall {name}"
    if any(path.endswith(".dist-info") and not os.path.exists(os.path.join(path, "RECORD")) for path in found):
        hint = "pip cannot remove it without its list of files (RECORD): remove it yourself, or make a new environment"
    return Diagnostic(
        "installed-metadata",
        f"{name} is installed {'several times' if several else 'in a version that is none'}, so that pip would not"
        " leave it as it should be",
        context=tuple(printable(path) for path in sorted(found)),
        hint=hint,
        subject=name,
    )


def check_removable(distributions: Iterable[InstalledDistribution], target: Target) -> None:
    """Raise `Unavailable` (`installed-metadata`) for those that pip would have to remove and cannot, or would leave
    there without an error, in the environment's own folders."""
    problems = [
        Diagnostic("installed-metadata", message, context=(printable(it.metadata_path),), hint=hint, subject=it.name)
        for it in distributions
        for message, hint in _obstacles(it, target)
    ]
    if problems:
        raise Unavailable(*problems)


def _obstacles(it: InstalledDistribution, target: Target) -> Iterator[tuple[str, str]]:
    """What keeps pip from removing a distribution, and what to do."""
    path, above = it.metadata_path, os.path.dirname(it.metadata_path)
    who = f"the installed {it.name} {it.version}"
    remove = "remove it yourself, or make a new environment"
    outside = target.virtualenv and not _is_below(above, target.prefix)
    if outside and not (is_own(it, target) and not it.editable):
        return  # pip does not touch what a virtual environment only sees
    if outside or os.path.islink(path):
        yield f"{who} lies behind a link, where pip would not remove it", remove
    elif path.endswith(".dist-info"):
        if _names(os.path.join(path, "scripts")):
            # As `rules.installer_file` has it.
            noted = (
                "notes commands in a folder `scripts`, and pip would remove these with it, be they another project's"
            )
            yield f"{who} {noted}", f"remove that folder, and of the commands its own: {printable(path)}/scripts"
        if not os.path.exists(os.path.join(path, "RECORD")):
            yield f"{who} has no list of its files (RECORD), so that pip cannot replace it", repair_of(it)
    elif path.lower().endswith(".dist-info"):
        yield f"{who} has a metadata folder in capitals, which pip does not know how to remove", remove
    elif path.endswith(".egg-info") and not it.editable and not os.path.isdir(path):
        yield f"{who} has no list of its files, so that pip cannot remove it: distutils has installed it", remove


def _metadata(path: str) -> bytes | None:
    """The metadata at a metadata folder or file, or None."""
    places = [os.path.join(path, name) for name in _METADATA_FILES]
    if path.endswith(".egg-info"):
        places.append(path)
    for place in places:
        try:
            return read_regular(place, MAX_METADATA_BYTES)
        except OSError:
            continue
    return None


def _listed(folder: str) -> Iterator[tuple[str, str, str]]:
    """Name, version and metadata path of what one folder holds, as their names say or else their metadata."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return
    for entry in entries:
        stem, dot, suffix = entry.rpartition(".")
        suffix = suffix.lower()
        if not dot or suffix not in ("dist-info", "egg-info"):
            continue
        path = os.path.join(folder, entry)
        name, dash, version = stem.partition("-")
        # The folder of a wheel is `name-version.dist-info` (PEP 376, PEP 427); an egg's may lack the version
        # or go on with the Python's.
        if suffix == "dist-info" and dash:
            yield name, version, path
        else:
            yield from _from_metadata(path, name if suffix == "egg-info" else "")
    if folder.endswith(".egg") and "EGG-INFO" in entries:
        # An unpacked egg is itself on the path and keeps its metadata inside.
        yield from _from_metadata(os.path.join(folder, "EGG-INFO"))


def _from_metadata(path: str, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Version, and name unless it is known, as the metadata file says; nothing where it does not."""
    data = _metadata(path)
    if data is None:
        return
    import email.parser

    headers = email.parser.BytesHeaderParser().parsebytes(data)
    name, version = name or str(headers["Name"] or ""), str(headers["Version"] or "")
    if name and version:
        yield name.strip(), version.strip(), path


def _egg_links(folder: str) -> Iterator[str]:
    """The folders that `.egg-link` files (an old form of editable installs) point to."""
    try:
        links = [entry for entry in os.listdir(folder) if entry.endswith(".egg-link")]
    except OSError:
        return
    for link in links:
        try:
            lines = [line.strip() for line in read_regular(os.path.join(folder, link)).decode("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError):
            continue
        place = next((line for line in lines if line), "")
        if "\0" in place:
            raise Unavailable.because(
                "installed-metadata",
                "an editable project is said to lie at a path that no system has",
                context=(printable(os.path.join(folder, link)),),
                hint="remove this file, which pip cannot read either, or make a new environment",
            )
        if place:
            yield os.path.join(folder, place)


def _is_below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it."""
    path, folder = os.path.normcase(os.path.realpath(path)), os.path.normcase(os.path.realpath(folder))
    return path == folder or path.startswith(folder + os.sep)
