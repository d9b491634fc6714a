"""The Simple API: the bytes of a page become a `ProjectPage` (PEP 503, 592, 629, 658, 691, 700, 714, 792).

The rules of this folder:

1. The content type decides the form, and only the three types of `ACCEPT` are index pages. Anything else
   is an error, because a login page or a portal answers 200 too.
2. A page is either an index page or an error (`PageError`, with its kind). A broken page is never taken for a page
   without files.
3. A bad entry does not spoil its page: it is dropped and counted. Bad is an entry whose URL is not
   `https:`, `http:` or (on a page read from a disk) `file:`, whose URL holds user information or
   dot segments, whose two names differ (`filename` and the end of its URL), or whose digest is not one.
4. Weak digests (md5, sha1) are a type of their own further on, which is compared and proves nothing.
5. Size, number of entries and nesting are bounded here, for bytes from every source.
6. Which of the files may be fetched from where is not decided here, but in `safepip.routing.urls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.index.entries import MAX_FILES, MAX_PAGE_BYTES, PageError
from safepip.index.folder import FileList, FolderListing, list_folder, the_file

if TYPE_CHECKING:
    from safepip.model.page import ProjectPage

__all__ = [
    "ACCEPT",
    "MAX_FILES",
    "MAX_PAGE_BYTES",
    "FileList",
    "FolderListing",
    "PageError",
    "list_folder",
    "parse_find_links_page",
    "parse_page",
    "the_file",
]

#: The `Accept` header of a request for a page, PEP 691, with the preferences that pip sends.
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")


def parse_page(name: str, body: bytes, content_type: str, url: str) -> ProjectPage:
    """Read the page of one project.

    `name` is the normalised name that was asked for, `content_type` the header as it came, `url` the
    URL that the page was finally read from, after redirects and without user information. Raises
    `PageError`. Cost: about 4 us a file in the JSON form and 6 us in the HTML form.
    """
    media_type = _check(body, content_type)
    if media_type == _JSON:
        from safepip.index.json_form import read_json

        return read_json(name, body, url)
    from safepip.index.html_form import read_html

    return read_html(name, body, content_type, url, project=True)


def parse_find_links_page(body: bytes, content_type: str, url: str, *, named: bool = True) -> FileList:
    """Read a page of `--find-links`, which lists files of any project. Raises `PageError`.

    pip reads such a page as it reads a project's page, so both forms are taken. One that was not `named`, and was only
    found in a folder, may be about anything.
    """
    media_type = _check(body, content_type)
    if media_type == _JSON:
        from safepip.index.json_form import read_json

        page = read_json(None, body, url)
    else:
        from safepip.index.html_form import read_html

        page = read_html("", body, content_type, url, project=False, sure=named)
    return FileList(page.files, page.lost)


def _check(body: bytes, content_type: str) -> str:
    """The media type in lower case, of a body that is not too large."""
    media_type = content_type.split(";", 1)[0].strip().lower()
    if media_type != _JSON and media_type not in _HTML:
        raise PageError(
            "wrong-content-type",
            f"the answer is {media_type or 'of no declared type'}, not an index page",
        )
    if len(body) > MAX_PAGE_BYTES:
        raise PageError("too-large", f"the page has {len(body)} bytes; at most {MAX_PAGE_BYTES} are read")
    return media_type
