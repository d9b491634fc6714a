"""Sources on this machine: what a folder, a page or a file lists.

A source of `--find-links` may be, as in pip: a folder, in which each HTML file is a page of links to more files; such a
page; or a wheel or source archive itself.
"""

from __future__ import annotations

import errno
import mimetypes
import os
from typing import TYPE_CHECKING, TypeVar

from safepip.edges.disk.local_paths import local_path
from safepip.edges.disk.reading import read_regular
from safepip.index.simple_api import (
    MAX_FILES,
    MAX_PAGE_BYTES,
    FileList,
    PageError,
    list_folder,
    parse_find_links_page,
    the_file,
)
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.model.urls import segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.index.simple_api import FolderListing
    from safepip.model.index import Index
    from safepip.model.page import ProjectFile

_T = TypeVar("_T")


def list_of(index: Index) -> tuple[FileList, str]:
    """All that a source of `--find-links` lists, and the URL that says so. Raises `Unavailable`."""
    url = index.location or str(index.url)
    path = local_path(url).rstrip("/\\")
    if os.path.isdir(path):
        listing = _listing(index, path)
        linked: list[ProjectFile] = []
        lost = list(listing.lost)
        for page in listing.pages:
            there = _linked(index, page, named=False)
            linked += there.files
            lost += there.lost
            if len(linked) + len(lost) - len(listing.lost) > MAX_FILES:
                problem = PageError("too-many-files", f"the pages of the folder list more than {MAX_FILES} files")
                raise _not_a_page(index, "", problem)
        return FileList([*listing.files, *linked], tuple(lost)), str(index.url)
    itself = parsed(index, "", lambda: the_file(url)) if os.path.isfile(path) else ()
    return FileList(itself) if itself else _linked(index, url, named=True), url


def _linked(index: Index, url: str, *, named: bool) -> FileList:
    """What a page of links names."""
    path = local_path(url)
    return parsed(index, "", lambda: parse_find_links_page(read_page(index, path), _type_of(path), url, named=named))


def files_in(index: Index, folder: str) -> tuple[ProjectFile, ...]:
    """The files of a folder that may be distributions."""
    return _listing(index, folder).files


def other_spellings(index: Index) -> dict[str, str]:
    """The folders of an index whose names are not normalised, by the normalised name: no installer asks for them. Where
    a file system makes no difference between the two, they are found."""
    path = local_path(str(index.url))
    try:
        with os.scandir(path) as entries:
            others = [entry for entry in entries if is_name(entry.name) and normalise(entry.name) != entry.name]
            return {normalise(entry.name): entry.name for entry in others if entry.is_dir()}
    except OSError as error:
        raise unreadable(index, path, error) from None


def _listing(index: Index, folder: str) -> FolderListing:
    root = os.path.samefile(folder, local_path(str(index.url)))
    base = str(index.url) if root else index.url.page(os.path.basename(folder.rstrip("/\\")))
    try:
        with os.scandir(folder) as entries:
            rows = sorted((e.name, base + segment(e.name), e.stat().st_size) for e in entries if e.is_file())
    except OSError as error:
        raise unreadable(index, folder, error) from None
    return list_folder(rows)


def read_page(index: Index, path: str) -> bytes:
    """The bytes of a page. Raises `Unavailable`."""
    try:
        return read_regular(path, MAX_PAGE_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _not_a_page(index, "", PageError("too-large", "the page is too large")) from None
        raise unreadable(index, path, error) from None


def _type_of(path: str) -> str:
    return mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"


def unreadable(index: Index, path: str, error: OSError | ValueError) -> Unavailable:
    """The error for a source that is there and cannot be read."""
    return Unavailable.because(
        "index-unreachable",
        f"the source {index.name} cannot be read",
        context=(f"{printable(path)}: {getattr(error, 'strerror', None) or error}",),
        hint="make it readable for the user who runs safepip, or remove the source; it was not skipped",
        origins=(index.origin,),
    )


def parsed(index: Index, name: str, parse: Callable[[], _T]) -> _T:
    """What `parse` makes of an answer. Raises `Unavailable` for one that is not a page."""
    try:
        return parse()
    except PageError as error:
        raise _not_a_page(index, name, error) from None


def _way_to_a_page(index: Index, error: PageError) -> str:
    if error.kind == "broken-digest":
        return "copy the digest once more: it stands behind the # of the URL that was given"
    if index.url.scheme == "file":
        return "name a folder of files, a page in HTML that lists them, or a wheel"
    return "a login page or a portal may stand between; open the URL in a browser"


def _not_a_page(index: Index, name: str, error: PageError) -> Unavailable:
    return Unavailable.because(
        "not-an-index-page",
        f"the answer of the index {index.name}{' for ' + name if name else ''} is not an index page",
        context=(f"{index.url}  {printable(str(error))}",),
        hint=_way_to_a_page(index, error),
        origins=(index.origin,),
        subject=name,
    )
