"""What one entry of a page may hold, in either form: its URL, its digests, its upload time.

The URL of an entry, in this order: joined to the page's URL unless absolute; scheme, host and port
checked; the path quoted as pip quotes it; the fragment taken off and searched for digests.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote

from safepip.model.digest import STRONG, WEAK, Checksum, Digest, WeakDigest, checksum, strong, written_in
from safepip.model.finding import printable
from safepip.model.urls import DEFAULT_PORTS, UrlError, is_file_url, join, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The largest page that is read. The largest real ones have some 40 MB; what a page may cost in
#: memory is about twenty times its size.
MAX_PAGE_BYTES = 64 * 1024 * 1024

#: The most entries a page may have. The largest real pages have some tens of thousands.
MAX_FILES = 200_000

#: The longest URL, in characters, to which links are relative: it becomes a part of each of them.
MAX_BASE = 1024

#: The newest minor version of the Simple API that this room knows, of major version 1.
KNOWN_MINOR = 4

_API_VERSION = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\Z")
_NO_BREAKS = dict.fromkeys(map(ord, "\t\n\r"))
_RESERVED = re.compile(r"(@|%2F)", re.IGNORECASE)
_DRIVE = re.compile(r"/+[A-Za-z]:/")
_read_time = datetime.datetime.fromisoformat
_QUERY_SAFE = "/?:@!$&'()*+,;=%~-._"

#: The scheme, host and port of a URL that needs no rewriting.
_ROOT = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?/\Z")

#: The bytes of a path that needs no quoting. Deleting them and looking what is left is several times
#: faster than a match.
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-/"
_HEX = b"0123456789abcdef"

_new_digest = tuple.__new__


class PageError(Exception):
    """A page that is not an index page, or that cannot be read. Nothing of it is used.

    `kind` is one of `wrong-content-type`, `too-large`, `broken-json`, `broken-html`,
    `not-an-index-page`, `wrong-project`, `unsupported-version`, `too-many-files`, `broken-digest`. `message` is one
    sentence without a full stop, fit for a terminal.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class BadEntry(Exception):
    """One entry of a page cannot be used; the page drops it and counts it."""


class Link(NamedTuple):
    """A file's URL, taken apart: without fragment, its last path segment decoded, its digests."""

    url: str
    filename: str
    digests: tuple[Digest, ...]
    checksums: tuple[Checksum, ...] = ()


def link(text: str, base: str) -> Link:
    """Read the URL of an entry on the page at `base`. Raises `BadEntry`."""
    # As in HTML and in pip, a line break within a URL does not count as one of its characters.
    text = text.strip(" \t\n\r\f").translate(_NO_BREAKS)
    absolute = text.startswith(("https://", "http://"))
    if len(base) > MAX_BASE and not absolute:
        raise BadEntry("the URL that it is relative to is too long")
    try:
        parts = parse(text if absolute else join(base, text))
    except UrlError:
        raise BadEntry("its URL cannot be read") from None
    if parts.scheme in DEFAULT_PORTS:
        if parts.has_user_info:
            raise BadEntry("its URL has a user name or password")
    # routing.md, claimed names 5: a `file:` URL on a page that came from a network is not followed.
    elif parts.scheme != "file":
        raise BadEntry("its URL is not https, http or file")
    elif not is_file_url(base):
        raise BadEntry("its URL names a file of this machine")
    if "\\" in unquote(parts.path) or parts.has_dot_segments:
        raise BadEntry("its URL has a backslash or dot segments in its path")
    try:
        path, query = _quoted_path(parts.path, parts.scheme), quote(parts.query, safe=_QUERY_SAFE)
    except UnicodeError:
        raise BadEntry("its URL is not UTF-8") from None
    url = str(parts._replace(path=path, query=query, fragment=""))
    return Link(url, _filename(parts.path), *fragment_digests(parts.fragment))


def is_regular(url: str, filename: object, roots: set[str]) -> bool:
    """Whether a URL is its own normal form and ends in the file's name.

    That is: a plain root, no user information, query, fragment, quoting, empty or dot segment. `roots`
    remembers the roots already seen to be plain; a page has one or two.
    """
    cut = url.find("/", 8) + 1
    root = url[:cut]
    if root not in roots:
        if not _ROOT.match(root):
            return False
        roots.add(root)
    path = url[cut - 1 :]
    return (
        url.rpartition("/")[2] == filename != ""
        and "/." not in path
        and "//" not in path
        and not path.encode().translate(None, _UNRESERVED)
    )


def all_regular(files: list[Any]) -> bool:
    """Whether every entry's URL is its own normal form below one root; the whole page is looked at at once."""
    try:
        urls = [entry["url"] for entry in files]
        text = "\n".join(["", *urls])
    except (KeyError, TypeError):
        return False
    root = urls[0][: urls[0].find("/", 8) + 1] if urls else ""
    return (
        _ROOT.match(root) is not None
        # Each URL begins with the root, and of what needs care has only the root's colons and its `//`.
        and text.count("\n" + root) == text.count("//") == len(urls)
        and "/." not in text
        and text.isascii()
        and text.encode("ascii").translate(None, _UNRESERVED) == (b"\n" + b":" * root.count(":")) * len(urls)
    )


def _quoted_path(path: str, scheme: str) -> str:
    """The path with what has to be quoted quoted once, as pip does it; `@` and `%2F` stay as they are."""
    safe = "/:" if scheme == "file" and _DRIVE.match(path) else "/"
    return "".join(
        piece.upper() if index % 2 else quote(unquote(piece, errors="strict"), safe=safe)
        for index, piece in enumerate(_RESERVED.split(path))
    )


def _filename(path: str) -> str:
    """The last segment of a URL's path, decoded. Raises `BadEntry` where it is not a plain file name."""
    name = unquote(path.rstrip("/").rpartition("/")[2])
    check_filename(name)
    return name


def check_filename(name: str) -> None:
    """Raise `BadEntry` unless `name` is one path segment of printable characters on every platform."""
    if not name or name in (".", "..") or not name.isprintable() or any(char in name for char in '/\\:*?"<>|'):
        raise BadEntry("its file name is not a plain file name")


def fragment_digests(fragment: str) -> tuple[tuple[Digest, ...], tuple[Checksum, ...]]:
    """The digests in a URL's fragment (PEP 503: `#sha256=...`); several are joined by `&`. Raises `BadEntry`."""
    if not fragment:
        return (), ()
    if fragment.startswith("sha256=") and len(fragment) == 71:
        return digests({"sha256": fragment[7:]}), ()
    given = written_in(fragment)
    found = dict(given)
    if len(found) != len(set(given)):
        raise BadEntry("its URL has two digests of one algorithm")
    return digests(found), checksums(found)


def digests(hashes: Mapping[str, object]) -> tuple[Digest, ...]:
    """The strong ones of an entry's hashes, strongest last.

    An empty or null value counts as not given, as in pip. Raises `BadEntry` for a value that is not a digest of its
    algorithm: a file whose digest cannot be read must not pass for one without a digest.
    """
    value = hashes.get("sha256")
    if isinstance(value, str) and len(value) == 64 and len(hashes) == 1 and not value.encode().translate(None, _HEX):
        # By far the most common case: one sha256 in its normal form.
        return (_new_digest(Digest, ("sha256", value)),)
    hashes = _by_algorithm(hashes)
    found = []
    for algorithm in STRONG:
        value = hashes.get(algorithm)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise BadEntry(f"its {algorithm} is not text")
        try:
            found.append(strong(algorithm, value))
        except WeakDigest:
            raise BadEntry(f"its {algorithm} is not a digest") from None
    return tuple(found)


def are_sha256(values: list[Any]) -> bool:
    """Whether all of these are sha256 digests in their normal form; they are looked at together."""
    try:
        text = "".join(values)
        return {64}.issuperset(map(len, values)) and not text.encode().translate(None, _HEX)
    except (TypeError, UnicodeError):
        return False


def _by_algorithm(hashes: Mapping[str, object]) -> Mapping[str, object]:
    """The hashes with their algorithms in lower case: to pip, and to hashlib, `SHA256` is one too."""
    if all(map(str.islower, hashes)):
        return hashes
    lower = {name.lower(): value for name, value in hashes.items()}
    if len(lower) != len(hashes):
        raise BadEntry("it has two digests of one algorithm")
    return lower


def checksums(hashes: Mapping[str, object]) -> tuple[Checksum, ...]:
    """The others of an entry's hashes whose algorithm is known. Raises `BadEntry` as `digests` does."""
    if len(hashes) == 1 and "sha256" in hashes:
        return ()
    hashes = _by_algorithm(hashes)
    found = []
    for algorithm in hashes.keys() & WEAK.keys():
        value = hashes[algorithm]
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise BadEntry(f"its {algorithm} is not text")
        try:
            found.append(checksum(algorithm, value))
        except WeakDigest:
            raise BadEntry(f"its {algorithm} is not a digest") from None
    return tuple(sorted(found))


def upload_time(text: object) -> float | None:
    """PEP 700: `yyyy-mm-ddThh:mm:ss.ffffffZ`, as seconds since the epoch.

    None where there is none that can be read. A time without a zone is UTC, the only one the PEP allows.
    """
    try:
        moment = _read_time(text)  # type: ignore[arg-type]  # what is not text is a TypeError
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def shown(value: object) -> str:
    """A value from a page for a message; one that is not text is not written out, for it may be nested."""
    return printable(value, 80) if isinstance(value, str) else "something that is not text"


def check_api_version(version: object) -> str:
    """PEP 629: refuse a page of a newer major version; return a notice for a newer minor one, or "".

    Raises `PageError`. A page that states no version has 1.0.
    """
    if version is None:
        return ""
    match = _API_VERSION.match(version) if isinstance(version, str) else None
    if match is None:
        raise PageError("unsupported-version", f"the page states no usable API version: {shown(version)}")
    # PEP 629: a client must fail on a major version greater than the one it knows; on a greater minor
    # version it should warn and go on.
    if int(match[1]) != 1:
        raise PageError("unsupported-version", f"the page has version {match[0]} of the Simple API; safepip reads 1")
    if int(match[2]) > KNOWN_MINOR:
        return f"the index uses version {match[0]} of the Simple API; safepip knows it up to 1.{KNOWN_MINOR}"
    return ""
