"""The HTML form of a page, PEP 503, 592, 629, 658, 714 and 792; frozen by PEP 833.

Only start tags matter: the first `<base href>`, the `<meta>` of the repository's version and of the
project's status, and every `<a>`. They are found by one pass of a small scanner, which goes over
each character once: a hostile page costs no more than a good one of its size. It reads what HTML
says about these: comments, declarations and the content of `script`, `style`, `title` and `textarea` are
passed over; tag and attribute names have no case; values are quoted, single-quoted or bare, with character
references. What is left open at the end of the page is not read.

An anchor is an entry when its URL's last segment ends like a distribution file; navigation is not an
entry, and not counted as dropped either. A page without entries must prove that it is an index page (see
`_prove`), because portals and login pages answer 200 with HTML of their own.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from safepip.index.entries import (
    MAX_FILES,
    BadEntry,
    Link,
    PageError,
    check_api_version,
    fragment_digests,
    is_regular,
    link,
)
from safepip.index.folder import file_name
from safepip.index.json_form import read_sidecar, read_status
from safepip.model.page import ProjectFile, ProjectPage
from safepip.model.urls import UrlError, is_file_url, join

if TYPE_CHECKING:
    from safepip.model.digest import Checksum, Digest

#: Endings of files that an index may list: what pip unpacks, and the older kinds that it passes over.
_ENDINGS = (
    *(".whl", ".tar.gz", ".zip", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz"),
    *(".tar.lzma", ".tar.z", ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg"),
)

#: Character encodings that a page may declare, besides UTF-8: those of the web, none with a costly decoder.
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_OPENING = re.compile(r"<(?:(!--)|([!?/])|([A-Za-z][^\s/>]*))")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*|(?=[\s>])))?")
_TAG_END = re.compile(r"[\s/]*>")
_WANTED = frozenset({"a", "base", "meta"})
_KEPT = frozenset(
    {"href", "data-requires-python", "data-yanked", "data-core-metadata", "data-dist-info-metadata", "name", "content"}
)
_OPAQUE = frozenset({"script", "style", "title", "textarea"})
_ACTIVE = frozenset({"form", "input", "button", "script", "iframe", "frame", "object", "embed"})

#: Links of a page, navigation included.
_MAX_TAGS = MAX_FILES + 10_000

_Attributes = dict[str, str | None]


class _Tag(NamedTuple):
    name: str
    attributes: _Attributes


class _Scan(NamedTuple):
    """What one pass over a page found: the wanted tags in order, and which other tags occur."""

    tags: list[_Tag]
    others: frozenset[str]


def read_html(name: str, body: bytes, content_type: str, url: str, *, project: bool, sure: bool = True) -> ProjectPage:
    """Read a page; `project` False for one that lists files of any project. `sure` False lets it be any page, so that
    one without files says nothing. Raises `PageError`."""
    scan = _scan(_decode(body, content_type))
    metas = {
        (tag.attributes.get("name") or "").lower(): tag.attributes.get("content")
        for tag in reversed(scan.tags)
        if tag.name == "meta"
    }
    notice = check_api_version(metas.get("pypi:repository-version"))
    anchors = [tag.attributes for tag in scan.tags if tag.name == "a"]
    kept, lost = _read_anchors(anchors, _base(scan, url))
    if sure and not kept and not lost:
        _prove(scan, declared="pypi:repository-version" in metas, anchors=len(anchors), project=project)
    status, reason, unknown = read_status(metas.get("pypi:project-status"), metas.get("pypi:project-status-reason"))
    notices = tuple(text for text in (notice, unknown) if text)
    return ProjectPage(name, url, tuple(kept), status, reason, len(lost), notices, tuple(lost))


def _decode(body: bytes, content_type: str) -> str:
    match = _CHARSET.search(content_type)
    charset = match[1].lower() if match else "utf-8"
    codec = _CHARSETS.get(charset)
    if codec is None:
        raise PageError("broken-html", "the page declares a character encoding that safepip does not read")
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        raise PageError("broken-html", f"the page is not {codec} text") from None


def _scan(text: str) -> _Scan:
    """Go over the page once and collect the start tags."""
    tags: list[_Tag] = []
    others: set[str] = set()
    position = 0
    while (match := _OPENING.search(text, position)) is not None:
        comment, other, raw_name = match.groups()
        if raw_name is None:
            end = text.find("-->" if comment else ">", match.end())
            if end < 0:
                break
            if other == "!":
                others.add("!")
            position = end + (3 if comment else 1)
            continue
        tag = raw_name.lower()
        attributes, position = _attributes(text, match.end(), wanted=tag in _WANTED)
        if position < 0:
            break
        if tag in _WANTED:
            if len(tags) >= _MAX_TAGS:
                raise PageError("too-many-files", f"the page has more than {_MAX_TAGS} links")
            tags.append(_Tag(tag, attributes))
            continue
        others.add(tag)
        if tag in _OPAQUE:
            position = _after_opaque(text, position, tag)
            if position < 0:
                break
    return _Scan(tags, frozenset(others))


def _attributes(text: str, position: int, *, wanted: bool) -> tuple[_Attributes, int]:
    """The attributes of a tag and the position after its `>`; position -1 where the tag stays open.

    Only those of `_KEPT` are kept, and none of a tag that is not `wanted`. Of an attribute that is given
    twice the last value counts, as in pip.
    """
    found: _Attributes = {}
    while True:
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            end = _TAG_END.match(text, position)
            return found, -1 if end is None else end.end()
        position = match.end()
        if wanted and (name := match[1].lower()) in _KEPT:
            value = match[2]
            if value is not None:
                if value[:1] in ('"', "'"):
                    value = value[1:-1]
                if "&" in value:
                    value = _unescaped(value)
            found[name] = value


def _unescaped(value: str) -> str:
    try:
        return unescape(value)
    except ValueError:  # a number in more digits than Python reads
        raise PageError("broken-html", "the page has a character reference that names no character") from None


def _after_opaque(text: str, position: int, tag: str) -> int:
    """The position of the end tag of an element whose content is not markup; -1 where there is none."""
    match = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(text, position)
    return -1 if match is None else match.start()


def _base(scan: _Scan, url: str) -> str:
    """What links are relative to: the first `<base href>`, itself relative to the page, or the page."""
    for tag in scan.tags:
        href = tag.attributes.get("href") if tag.name == "base" else None
        if href is not None:
            try:
                base = join(url, href.strip())
            except UrlError:
                break
            # A page that came from a network cannot make itself a page of this machine by its `<base href>`.
            return base if is_file_url(url) or not is_file_url(base) else url
    return url


def _read_anchors(anchors: list[_Attributes], base: str) -> tuple[list[ProjectFile], list[str]]:
    """All usable entries in their order, and the file names of those that were dropped."""
    kept: list[ProjectFile] = []
    roots: set[str] = set()
    lost: list[str] = []
    for attributes in anchors:
        href = attributes.get("href")
        if not href or not _lists_a_file(href):
            continue
        if len(kept) + len(lost) >= MAX_FILES:
            raise PageError("too-many-files", f"the page lists more than {MAX_FILES} files")
        try:
            url, filename, found, others = _link(href, base, roots)
        except BadEntry:
            lost.append(file_name(href))
            continue
        sidecar, metadata_checksums = _sidecar(attributes)
        kept.append(
            ProjectFile(
                filename,
                url,
                found,
                attributes.get("data-requires-python") or None,
                # PEP 592: the attribute alone says that the file is yanked; its value is the reason.
                (attributes["data-yanked"] or "") if "data-yanked" in attributes else None,
                sidecar,
                checksums=others,
                metadata_checksums=metadata_checksums,
            )
        )
    return kept, lost


def _link(href: str, base: str, roots: set[str]) -> Link:
    """URL, file name and digests of a link; the common case is an absolute URL that is its own normal form."""
    url, _, fragment = href.partition("#")
    filename = url.rpartition("/")[2]
    if is_regular(url, filename, roots):
        return Link(url, filename, *fragment_digests(fragment))
    return link(href, base)


def _lists_a_file(href: str) -> bool:
    """Whether a link's path ends like a distribution file."""
    path = href.split("#", 1)[0].split("?", 1)[0].strip().rstrip("/")
    return path.lower().endswith(_ENDINGS)


def _sidecar(attributes: _Attributes) -> tuple[tuple[Digest, ...] | None, tuple[Checksum, ...]]:
    """PEP 658 and 714: `true`, or `<algorithm>=<digest>`; any other value means a sidecar without digest."""
    value = attributes.get("data-core-metadata")
    if value is None:
        value = attributes.get("data-dist-info-metadata")
    if value is None:
        return None, ()
    algorithm, _, digest = value.partition("=")
    return read_sidecar({algorithm: digest})


def _prove(scan: _Scan, *, declared: bool, anchors: int, project: bool) -> None:
    """Raise `PageError` unless a page without a single file is credible as an empty index page.

    It is credible when it states a repository version (PEP 629), or when it is an HTML document with no link at all and
    nothing to fill in or to run. A login page has at least one of these. A page of links may have others.
    """
    if declared:
        return
    other = project and (anchors or not scan.others & {"!", "html", "head", "body"})
    if other or scan.others & _ACTIVE:
        raise PageError("not-an-index-page", "the HTML page lists no file and does not say that it is an index page")
