"""The JSON form of a project's page, PEP 691, 700, 714 and 792.

One pass over the entries. Almost every entry of a real page is regular: an absolute URL of unreserved
characters that ends in the file's name, one sha256 of 64 lower-case digits. `_is_regular` and `_digests`
recognise these cheaply; everything else goes through `entries`, which knows all the rules. Both ways
give the same result for an entry that both understand, which a test holds.
"""

from __future__ import annotations

import json
import re
from typing import Any

from packaging.utils import canonicalize_name

from safepip.model.digest import Digest
from safepip.model.finding import printable
from safepip.model.page import ProjectFile, ProjectPage, Status
from safepip.simple_api.entries import (
    MAX_FILES,
    BadEntry,
    PageError,
    check_api_version,
    check_filename,
    digests,
    link,
    upload_time,
)

#: The scheme, host and port of a URL that needs no rewriting.
_ROOT = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?/\Z")

#: The bytes of a path that needs no quoting. Deleting them and looking what is left is several times
#: faster than a match.
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-/"
_HEX = b"0123456789abcdef"

_new_digest = tuple.__new__


def read_json(name: str | None, body: bytes, url: str) -> ProjectPage:
    """Read a page; `name` None for one that lists files of any project. Raises `PageError`."""
    document = _load(body)
    files = document.get("files")
    if not isinstance(files, list):
        raise PageError("not-an-index-page", "the JSON document has no list of files")
    meta = document.get("meta", {})
    if not isinstance(meta, dict):
        raise PageError("not-an-index-page", "the JSON document's meta is not an object")
    notice = check_api_version(meta.get("api-version"))
    if len(files) > MAX_FILES:
        raise PageError("too-many-files", f"the page lists {len(files)} files; at most {MAX_FILES} are read")
    if name is not None:
        _check_name(name, document.get("name"))
    status, reason, unknown = _status(document.get("project-status"))
    kept, dropped = _read_files(files, url)
    notices = tuple(text for text in (notice, unknown) if text)
    return ProjectPage(name or "", url, tuple(kept), status, reason, dropped, notices)


def _load(body: bytes) -> dict[str, Any]:
    """The document as an object. Raises `PageError` for what is not JSON or nested without end."""
    try:
        document = json.loads(body)
    except RecursionError:
        raise PageError("broken-json", "the JSON document is nested too deeply") from None
    except ValueError as error:
        raise PageError("broken-json", f"the answer is not JSON: {printable(str(error), 120)}") from None
    if not isinstance(document, dict):
        raise PageError("not-an-index-page", "the JSON document is not an object")
    return document


def _check_name(asked: str, said: object) -> None:
    # PEP 691: `name` is the normalised name of the project. A page of another project is a mix-up of the
    # index or of a cache between; an index that leaves the key out is let pass, as in pip.
    if said is not None and (not isinstance(said, str) or canonicalize_name(said) != asked):
        raise PageError("wrong-project", f"the page is that of {printable(str(said), 100)}")


def _status(said: object) -> tuple[Status, str, str]:
    """PEP 792: status, reason, and a notice where the status is not known (then it counts as active)."""
    if not isinstance(said, dict):
        return Status.ACTIVE, "", ""
    return read_status(said.get("status"), said.get("reason"))


def read_status(status: object, reason: object) -> tuple[Status, str, str]:
    """As `_status`, of the two texts; shared with the HTML form."""
    text = reason if isinstance(reason, str) else ""
    if status is None:
        return Status.ACTIVE, text, ""
    try:
        return Status(status), text, ""
    except ValueError:
        return Status.ACTIVE, text, f"the index gives the project the unknown status {printable(str(status), 40)}"


def _read_files(files: list[Any], base: str) -> tuple[list[ProjectFile], int]:
    """All usable entries in their order, and how many were dropped."""
    kept: list[ProjectFile] = []
    keep = kept.append
    roots: set[str] = set()
    dropped = 0
    for entry in files:
        try:
            url = entry["url"]
            filename = entry.get("filename")
            hashes = entry.get("hashes")
            found: tuple[Digest, ...]
            if _is_regular(url, filename, roots):
                found = _digests(hashes) if hashes else ()
            else:
                url, filename, found = _irregular(url, filename, hashes, base)
            requires_python = entry.get("requires-python")
            if requires_python.__class__ is not str:
                _check_absent(requires_python)
            # PEP 714: `core-metadata`; the older name is read where the new one is absent.
            metadata = entry.get("core-metadata")
            if metadata is None:
                metadata = entry.get("dist-info-metadata")
            yanked = entry.get("yanked")
            size = entry.get("size")
            keep(
                ProjectFile(
                    filename,
                    url,
                    found,
                    requires_python or None,
                    # PEP 691: a boolean or a reason. As pip reads it, an empty text is false.
                    (yanked if yanked.__class__ is str else "") if yanked else None,
                    _sidecar(metadata) if metadata else None,
                    size if size.__class__ is int and size >= 0 else None,
                    upload_time(entry.get("upload-time")),
                )
            )
        except (BadEntry, KeyError, TypeError, AttributeError):
            # The last three: an entry that is not an object, without `url`, or with a `url` that is not text.
            dropped += 1
    return kept, dropped


def _is_regular(url: str, filename: Any, roots: set[str]) -> bool:
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
    return (
        filename.__class__ is str
        and url.endswith(filename)
        and "/" not in filename
        and filename != ""
        and url[-len(filename) - 1] == "/"
        and "/." not in url
        and "//" not in url[cut - 1 :]
        and url.isascii()
        and not url[cut:].encode("ascii").translate(None, _UNRESERVED)
    )


def _irregular(url: str, filename: object, hashes: object, base: str) -> tuple[str, str, tuple[Digest, ...]]:
    """URL, name and digests of an entry that `_PLAIN` does not recognise. Raises `BadEntry`."""
    parsed = link(url, base)
    # pip takes the name from the URL, the PEP gives it a key of its own: an entry with two names is
    # neither file.
    if filename is not None and filename != parsed.filename:
        raise BadEntry("its file name is not the end of its URL")
    check_filename(parsed.filename)
    found = _digests(hashes) if hashes else ()
    return parsed.url, parsed.filename, found + tuple(digest for digest in parsed.digests if digest not in found)


def _digests(hashes: Any) -> tuple[Digest, ...]:
    """The strong digests of an entry; the common case is one sha256 in its normal form."""
    value = hashes.get("sha256")
    if (
        len(hashes) == 1
        and value.__class__ is str
        and len(value) == 64
        and value.isascii()
        and not value.encode("ascii").translate(None, _HEX)
    ):
        return (_new_digest(Digest, ("sha256", value)),)
    return digests(hashes)


def _sidecar(metadata: object) -> tuple[Digest, ...]:
    """PEP 658: a true value says that there is a sidecar, an object gives its digests too."""
    if not isinstance(metadata, dict):
        return ()
    try:
        return _digests(metadata)
    except BadEntry:
        return ()


def _check_absent(requires_python: object) -> None:
    """A null or absent Requires-Python allows every Python; anything else that is not text is no entry."""
    if requires_python is not None:
        raise BadEntry("its requires-python is not text")
