"""What `--find-links` names: a folder, with the files in it that are distributions and the pages that list more, or one
file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename

from safepip.model.page import ProjectFile
from safepip.model.urls import parse
from safepip.model.wheel_names import read_wheel_name

if TYPE_CHECKING:
    from collections.abc import Iterable


class FolderListing(NamedTuple):
    """What a folder offers.

    `files` are its wheels and source archives, without digests: the bytes lie on this machine, and are hashed when the
    file is opened. `pages` are the `file:` URLs of its HTML files, each of which pip reads as a page of links.
    """

    files: tuple[ProjectFile, ...]
    pages: tuple[str, ...]


def list_folder(entries: Iterable[tuple[str, str, int]]) -> FolderListing:
    """Sort out the `(file name, file: URL, size in bytes)` of a folder's regular files.

    As pip: an HTML file is a page; of the others those count whose name is that of a wheel or of a
    source archive; the rest is passed over. The order is that of the names, so that it does not
    depend on the file system.
    """
    files = []
    pages = []
    for filename, url, size in sorted(entries):
        if filename.lower().endswith((".html", ".htm")):
            pages.append(url)
        elif _is_distribution(filename):
            files.append(ProjectFile(filename, url, size=size))
    return FolderListing(tuple(files), tuple(pages))


def the_file(url: str) -> tuple[ProjectFile, ...]:
    """The file that a URL names, where its name is that of a wheel or of a source archive: then it is no page."""
    filename = parse(url).filename
    return (ProjectFile(filename, url),) if _is_distribution(filename) else ()


def _is_distribution(filename: str) -> bool:
    try:
        read_wheel_name(filename)
    except InvalidWheelFilename:
        try:
            parse_sdist_filename(filename)
        except InvalidSdistFilename:
            return False
    return True
