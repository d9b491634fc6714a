"""The JSON form of a project's page, PEP 691, 700, 714 and 792.

One pass over the entries. Almost every entry of a real page is regular: an absolute URL of unreserved
characters that ends in the file's name, one sha256 of 64 lower-case digits. `all_regular`, `is_regular` and
`digests` recognise these cheaply; everything else goes through `entries`, which knows all the rules. Both ways
give the same result for an entry that both understand, which a test holds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.index.entries import (
    MAX_FILES,
    BadEntry,
    PageError,
    all_regular,
    check_api_version,
    check_filename,
    checksums,
    digests,
    is_regular,
    link,
    shown,
    upload_time,
)
from safepip.index.folder import file_name
from safepip.index.page_files import RegularFiles
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.page import ProjectFile, ProjectPage, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.model.digest import Checksum, Digest

_NO_SIDECAR: tuple[None, tuple[()]] = (None, ())


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
    notices = tuple(text for text in (notice, unknown) if text)
    regular = RegularFiles.of(files, lambda entry: _read_file(entry, url, set(), plain=True))
    if regular is not None:
        return ProjectPage(name or "", url, regular, status, reason, 0, notices)
    kept, lost = _read_files(files, url)
    return ProjectPage(name or "", url, tuple(kept), status, reason, len(lost), notices, tuple(lost))


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


def _check_name(asked: str, stated: object) -> None:
    # PEP 691: `name` is the normalised name of the project. A page of another project is a mix-up of the
    # index or of a cache between; an index that leaves the key out is let pass, as in pip.
    if stated is not None and (not isinstance(stated, str) or normalise(stated) != asked):
        raise PageError("wrong-project", f"the page belongs to another project: {shown(stated)}")


def _status(stated: object) -> tuple[Status, str, str]:
    """PEP 792: status, reason, and a notice where the status is not known (then it counts as active)."""
    if not isinstance(stated, dict):
        return Status.ACTIVE, "", ""
    return read_status(stated.get("status"), stated.get("reason"))


def read_status(status: object, reason: object) -> tuple[Status, str, str]:
    """As `_status`, of the two texts; shared with the HTML form."""
    text = reason if isinstance(reason, str) else ""
    if status is None:
        return Status.ACTIVE, text, ""
    try:
        return Status(status), text, ""
    except ValueError:
        return Status.ACTIVE, text, f"the index gives the project the unknown status {shown(status)}"


def _read_files(files: list[Any], base: str) -> tuple[list[ProjectFile], list[str]]:
    """All usable entries in their order, and the file names of those that were dropped; empty where one has none."""
    kept: list[ProjectFile] = []
    roots: set[str] = set()
    plain = all_regular(files)
    lost: list[str] = []
    for entry in files:
        try:
            kept.append(_read_file(entry, base, roots, plain=plain))
        except (BadEntry, KeyError, TypeError, AttributeError, UnicodeError):
            # The last four: an entry that is not an object, or without `url`, or a value of the wrong type, or text
            # that is not Unicode.
            lost.append(_name_of(entry))
    return kept, lost


def _name_of(entry: Any) -> str:
    """The name of the file of an entry that cannot be used, as far as it tells it."""
    stated = (entry.get("filename"), entry.get("url")) if isinstance(entry, dict) else ()
    return next((file_name(text) for text in stated if isinstance(text, str) and text), "")


def _read_file(entry: Any, base: str, roots: set[str], *, plain: bool) -> ProjectFile:
    """One entry. `roots` are the beginnings of URLs found to be regular (`is_regular`); `plain` as by `all_regular`.

    Raises `BadEntry`, and for an entry of the wrong form what Python raises.
    """
    url = entry["url"]
    filename = entry.get("filename")
    hashes = entry.get("hashes")
    found: tuple[Digest, ...]
    others: tuple[Checksum, ...] = ()
    if (plain and filename and url.rpartition("/")[2] == filename) or is_regular(url, filename, roots):
        found = digests(hashes) if hashes else ()
        if hashes and (len(hashes) != 1 or not found):
            others = checksums(hashes)
    else:
        url, filename, found, others = _irregular(url, filename, hashes, base)
    requires_python = entry.get("requires-python")
    if requires_python.__class__ is not str:
        _check_absent(requires_python)
    # PEP 714: `core-metadata`; the older name is read where the new one is absent.
    metadata = entry.get("core-metadata")
    if metadata is None:
        metadata = entry.get("dist-info-metadata")
    sidecar, metadata_checksums = _sidecar(metadata) if metadata else _NO_SIDECAR
    yanked = entry.get("yanked")
    size = entry.get("size")
    return ProjectFile(
        filename,
        url,
        found,
        requires_python or None,
        # PEP 691: a boolean or a reason. As pip reads it, an empty text is false.
        (yanked if yanked.__class__ is str else "") if yanked else None,
        sidecar,
        size if size.__class__ is int and size >= 0 else None,
        upload_time(entry.get("upload-time")),
        others,
        metadata_checksums,
    )


def _irregular(
    url: str, filename: object, hashes: Any, base: str
) -> tuple[str, str, tuple[Digest, ...], tuple[Checksum, ...]]:
    """URL, name and digests of an entry that is not regular. Raises `BadEntry`."""
    parsed = link(url, base)
    # pip takes the name from the URL, the PEP gives it a key of its own: an entry with two names is
    # neither file.
    if filename is not None and filename != parsed.filename:
        raise BadEntry("its file name is not the end of its URL")
    check_filename(parsed.filename)
    found = digests(hashes) if hashes else ()
    others = checksums(hashes) if hashes else ()
    found += tuple(digest for digest in parsed.digests if digest not in found)
    others += tuple(digest for digest in parsed.checksums if digest not in others)
    return parsed.url, parsed.filename, found, others


def _sidecar(metadata: object) -> tuple[tuple[Digest, ...] | None, tuple[Checksum, ...]]:
    """PEP 658: a true value says that there is a sidecar, an object gives its digests too; no digest is for none."""
    return read_sidecar(metadata if isinstance(metadata, dict) else {})


def read_sidecar(hashes: Mapping[str, object]) -> tuple[tuple[Digest, ...] | None, tuple[Checksum, ...]]:
    """The digests of a sidecar. A sidecar whose digest cannot be read is not used: no bytes could match it."""
    try:
        return digests(hashes), checksums(hashes)
    except (BadEntry, UnicodeError):
        return None, ()


def _check_absent(requires_python: object) -> None:
    """A null or absent Requires-Python allows every Python; an entry with another value that is not text is dropped."""
    if requires_python is not None:
        raise BadEntry("its requires-python is not text")
