"""What `--find-links` names: a folder, with the files in it that are distributions and the pages that list more, or one
file.

Whether such a source has a project decides its routing. So what it lists of a project and cannot be used (a link whose
digest is none, an egg) is not forgotten: the project is there, without that file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename
from packaging.version import InvalidVersion, Version

from safepip.index.entries import BadEntry, PageError, fragment_digests
from safepip.model.names import ARCHIVE_ENDINGS, normalise
from safepip.model.page import ProjectFile, ProjectPage
from safepip.model.urls import parse
from safepip.model.wheel_names import LONGEST_NAME, read_wheel_name
from safepip.vetting.releases import archive_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The endings of wheels and eggs, whose names have no hyphen in the project's name.
_ESCAPED = (".whl", ".egg")


class FolderListing(NamedTuple):
    """What a folder offers.

    `files` are its wheels and source archives, without digests: the bytes lie on this machine, and are hashed when the
    file is opened. `pages` are the `file:` URLs of its HTML files, each of which pip reads as a page of links. `lost`
    are the names of distributions of other forms.
    """

    files: tuple[ProjectFile, ...]
    pages: tuple[str, ...]
    lost: tuple[str, ...] = ()


class FileList(NamedTuple):
    """What a source lists, of any project: files, and the names of files that cannot be used."""

    files: Sequence[ProjectFile]
    lost: tuple[str, ...] = ()

    def page_of(self, name: str, url: str) -> ProjectPage | None:
        """What it lists of a project, by its normalised name; None where nothing is of that project."""
        mine = tuple(file for file in self.files if normalise(file.filename).startswith(name))
        lost = sum(normalise(filename).startswith(name) and is_of(filename, name) for filename in self.lost)
        if not lost and not any(is_of(file.filename, name) for file in mine):
            return None
        return ProjectPage(name, url, mine, dropped=lost)


def list_folder(entries: Iterable[tuple[str, str, int]]) -> FolderListing:
    """Sort out the `(file name, file: URL, size in bytes)` of a folder's regular files.

    As pip: an HTML file is a page; of the others those count whose name is that of a wheel or of a
    source archive; the rest is passed over. The order is that of the names, so that it does not
    depend on the file system.
    """
    files = []
    pages = []
    lost = []
    for filename, url, size in sorted(entries):
        if filename.lower().endswith((".html", ".htm")):
            pages.append(url)
        elif _is_distribution(filename):
            files.append(ProjectFile(filename, url, size=size))
        elif filename.endswith((*_ESCAPED, *ARCHIVE_ENDINGS)):
            lost.append(filename)
    return FolderListing(tuple(files), tuple(pages), tuple(lost))


def the_file(url: str) -> tuple[ProjectFile, ...]:
    """The file that a URL names, where its name is that of a wheel or of a source archive: then it is no page. As in
    pip the digests in the URL have to hold. Raises `PageError` for one that is none."""
    parts = parse(url)
    if not _is_distribution(parts.filename):
        return ()
    try:
        digests, checksums = fragment_digests(parts.fragment)
    except BadEntry as problem:
        raise PageError("broken-digest", f"of the URL of {parts.filename}, {problem}") from None
    return (ProjectFile(parts.filename, url.partition("#")[0], digests, checksums=checksums),)


def file_name(text: str) -> str:
    """The name of the file to which a link leads, whatever else may be wrong with the link."""
    return unquote(re.split(r"[?#]", text.strip(), maxsplit=1)[0].rstrip("/").rpartition("/")[2])


def is_of(filename: str, name: str) -> bool:
    """Whether a file is a distribution of a project, by its normalised name: of whatever form, and for whatever
    Python."""
    if len(filename) > LONGEST_NAME:
        return False
    if filename.endswith(_ESCAPED):
        project, _, rest = filename.rpartition(".")[0].partition("-")
        return normalise(project) == name and _is_version(rest.partition("-")[0])
    text = archive_version(name, filename)
    return text is not None and _is_version(text)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except (InvalidVersion, ValueError):  # the latter of a number longer than Python reads
        return False
    return True


def _is_distribution(filename: str) -> bool:
    try:
        read_wheel_name(filename)
    except InvalidWheelFilename:
        try:
            parse_sdist_filename(filename)
        except InvalidSdistFilename:
            return False
    return True
