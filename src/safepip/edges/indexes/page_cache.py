"""Remembers what indexes answered, in the form that a later run needs: candidates and core metadata.

A project's candidates are kept for one index URL, one project and one target (its tags and its Python), with the
validators of the page it was made from. Within its freshness (`safepip.index.freshness`) it is used without asking;
after that it is revalidated. What the index says may not be stored is not kept. A 404 is never remembered: whether a
name is absent decides its routing.

Metadata is kept by the digest of its wheel and the wheel's URL: an index that lists the digest of another's wheel must
not decide what that wheel requires. A copy that a sidecar's digest confirmed is compared with that digest each time it
is read; any other is compared with the wheel before the wheel is installed.

What came without proof of its sender is not kept: no page of a `--trusted-host`, and no metadata while there is one.
Else a later run, which does check certificates, would believe an answer that any host could have sent to an earlier
one.

The files are JSON and text, never pickles: reading the cache runs no code. They are written under another name and
moved into place, so that a reader sees a whole file or none. A file that cannot be read is a miss.

A project's source archives are a line of their own, which is parsed where a run looks at them. The line before it says
how long it is. If it is long enough and still cannot be read, the run ends: other archives would be chosen without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import Version

from safepip.edges.disk.private_files import write_private_file
from safepip.edges.disk.reading import read_regular
from safepip.index.archives import ArchiveRow, ListedArchives, rows_of
from safepip.index.freshness import LONGEST_FRESHNESS, freshness, may_be_stored, renewed_freshness
from safepip.index.simple_api import MAX_PAGE_BYTES
from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
from safepip.model.digest import checksum, strong
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.model.page import ProjectFile, Status
from safepip.model.urls import read_host
from safepip.wheel.metadata import MAX_METADATA_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.model.digest import AnyDigest, Checksum, Digest
    from safepip.model.index import Index
    from safepip.model.plan import Target

#: Incremented when the form of the files changes, so that another version's files are misses.
_FORM = 8
_METADATA_FORM = 2
#: In characters. Servers refuse a request whose headers are longer than some thousands.
_LONGEST_VALIDATOR = 1024
_TEXT_OR_NONE = (str, type(None))
#: The line of a project without source archives.
_NONE = b"[]"
#: The largest file that is read back, in bytes: a page in the form that is kept takes about as much as it did.
_LARGEST = 4 * MAX_PAGE_BYTES


def _never(_url: str) -> bool:
    return False


class CachedCandidates(NamedTuple):
    """Candidates with what is needed to use or revalidate them. Times are seconds since the epoch.

    `listing` names the kept listing of all files of the page, empty where none was kept.
    """

    available: ProjectCandidates
    url: str
    fetched: float
    fresh_until: float
    etag: str = ""
    last_modified: str = ""
    listing: str = ""

    def validators(self) -> dict[str, str]:
        """Request headers that let the index answer 304 (RFC 9110); of what is no value of a header there are none."""
        headers = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: text for name, text in headers.items() if text and _is_plain(text)}


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= _LONGEST_VALIDATOR


def fingerprint(target: Target, *, ignore_requires_python: bool) -> str:
    """What the candidates depend on besides the page: the target's tags and its Python version."""
    text = "\n".join((target.version, str(ignore_requires_python), *target.tags))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class PageCache:
    """The two folders `pages` and `metadata` below `root`; with root None nothing is kept.

    `trusted_hosts` are those of `--trusted-host`, whose certificates are not checked. `is_secret` says whether a URL
    has the value of a variable in it: so have those of the files that such an index lists, and they are not kept.
    """

    def __init__(
        self,
        root: str | None,
        target_fingerprint: str,
        now: Callable[[], float] = time.time,
        *,
        trusted_hosts: Sequence[str] = (),
        is_secret: Callable[[str], bool] = _never,
    ) -> None:
        self._root = root
        self._is_secret = is_secret
        self._trusted = [read_host(host) for host in trusted_hosts]
        self._fingerprint = target_fingerprint
        self._now = now

    # --- candidates --------------------------------------------------------------------------------------------

    def load(self, index: Index, name: str) -> CachedCandidates | None:
        """The cached candidates, fresh or not; None for a miss."""
        if self._root is None:
            return None
        try:
            path = self._candidates_path(index, name)
            text = read_regular(path, _LARGEST)
            head = memoryview(text)[: text.index(b"\n")]
            return _decode(json.loads(str(head, "ascii")), name, _Line(text, len(head) + 1, path))
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
            return None

    def is_fresh(self, cached: CachedCandidates) -> bool:
        """Whether it may be used unasked. A clock that went back makes it stale, never fresh."""
        return cached.fetched <= self._now() < min(cached.fresh_until, cached.fetched + LONGEST_FRESHNESS)

    def keep(
        self, index: Index, available: ProjectCandidates, url: str, headers: Mapping[str, str], listing: str = ""
    ) -> None:
        """Remember candidates just made from an answer with these headers."""
        if not self._may_keep(index, headers):
            return
        now = self._now()
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        cached = CachedCandidates(available, url, now, now + freshness(headers), etag, modified, listing)
        self._write(self._candidates_path(index, available.name), _encode(cached))

    def renew(self, index: Index, cached: CachedCandidates, headers: Mapping[str, str]) -> None:
        """The index answered 304: the candidates are fresh again."""
        if not self._may_keep(index, headers):
            return
        now = self._now()
        lasting = renewed_freshness(headers, cached.fresh_until - cached.fetched)
        renewed = cached._replace(fetched=now, fresh_until=now + lasting)
        self._write(self._candidates_path(index, cached.available.name), _encode(renewed))

    # --- listings -------------------------------------------------------------------------------------------

    def keep_listing(
        self, index: Index, name: str, body: bytes, files: Sequence[ProjectFile], headers: Mapping[str, str]
    ) -> str:
        """Remember all files of a page, for all targets; the name to give to `keep`, empty where none is kept."""
        if self._root is None or not self._may_keep(index, headers):
            return ""
        listing = hashlib.sha256(body).hexdigest()[:24]
        path = self._listing_path(index, name, listing)
        if not os.path.exists(path):
            self._write(path, json.dumps([_FORM, files], separators=(",", ":")).encode())
        return listing

    def has_listing(self, index: Index, cached: CachedCandidates) -> bool:
        """Whether the listing of the page that the candidates were made from is there."""
        path = self._listing_path(index, cached.available.name, cached.listing)
        return bool(self._root and cached.listing) and os.path.exists(path)

    def load_listing(self, index: Index, cached: CachedCandidates) -> tuple[ProjectFile, ...] | None:
        """All files of the page that the candidates were made from; None for a miss."""
        try:
            path = self._listing_path(index, cached.available.name, cached.listing)
            form, rows = json.loads(read_regular(path, _LARGEST))
            return tuple(map(_decode_file, rows)) if form == _FORM else None
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None

    def _listing_path(self, index: Index, name: str, listing: str) -> str:
        key = hashlib.sha256(f"{index.kind.value} {index.url}".encode()).hexdigest()[:24]
        return os.path.join(self._root or "", f"listings-{_FORM}", key, f"{name}-{listing}.json")

    def _may_keep(self, index: Index, headers: Mapping[str, str]) -> bool:
        """Whether what an index answered may be remembered."""
        unproven = any(host is None or host.covers(index.url) for host in self._trusted)
        return not unproven and not self._is_secret(str(index.url)) and may_be_stored(headers)

    def _candidates_path(self, index: Index, name: str) -> str:
        key = hashlib.sha256(f"{index.kind.value} {index.url}".encode()).hexdigest()[:24]
        return os.path.join(self._root or "", f"pages-{_FORM}", key, self._fingerprint, name + ".json")

    # --- metadata -------------------------------------------------------------------------------------------

    def load_metadata(self, file: ProjectFile) -> bytes | None:
        """The METADATA of a wheel; None for a miss, or for a copy that does not have its sidecar's digest."""
        path = self._metadata_path(file)
        if path is None:
            return None
        try:
            text = read_regular(path, MAX_METADATA_BYTES)
        except OSError:
            return None
        return text if vouched(text, file) is not False else None

    def keep_metadata(self, file: ProjectFile, text: bytes) -> None:
        """Remember a METADATA file, where its wheel has a digest that identifies it."""
        path = self._metadata_path(file)
        if path is not None and not self._trusted:
            self._write(path, text)

    def _metadata_path(self, file: ProjectFile) -> str | None:
        if self._root is None or not file.digests:
            return None
        # Without the query, which may be a signature that changes each time.
        place = f"{file.digests[0]} {file.url.partition('?')[0]}"
        key = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()
        return os.path.join(self._root, f"metadata-{_METADATA_FORM}", key[:2], key[2:])

    def _write(self, path: str, content: bytes) -> None:
        if self._root is None:
            return
        # A cache that cannot be written makes a run slower; it does not fail.
        with contextlib.suppress(OSError):
            write_private_file(path, content)


def vouched(text: bytes, file: ProjectFile) -> bool | None:
    """Whether a sidecar's digests confirm this METADATA: False where one of any strength does not match; None where all
    match but none is strong."""
    stated: list[AnyDigest] = [*(file.metadata or ()), *file.metadata_checksums]
    if any(hashlib.new(it.algorithm, text, usedforsecurity=False).hexdigest() != it.hex for it in stated):
        return False
    return True if file.metadata else None


class _Line(NamedTuple):
    """The line of source archives in the file at `path`: the end of `text`. It is not copied before it is needed."""

    text: bytes
    begin: int
    path: str

    @property
    def length(self) -> int:
        return len(self.text) - self.begin


class _KeptArchives(ListedArchives):
    """Source archives as a line of a kept file, which is parsed where they are looked at."""

    __slots__ = ("line",)

    def __init__(self, name: str, line: _Line) -> None:
        super().__init__(name, lambda: _decode_archives(line))
        self.line = line


def _encode(cached: CachedCandidates) -> bytes:
    available = cached.available
    archives = available.sources
    kept = archives.line if isinstance(archives, _KeptArchives) else None
    line = kept.text[kept.begin :] if kept is not None else _json(list(rows_of(archives)))
    return b"\n".join((_json({**_head(cached), "archives": len(line)}), line))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _head(cached: CachedCandidates) -> dict[str, Any]:
    available = cached.available
    return {
        "form": _FORM,
        "url": cached.url,
        "fetched": cached.fetched,
        "until": cached.fresh_until,
        "etag": cached.etag,
        "modified": cached.last_modified,
        "listing": cached.listing,
        "status": available.status.value,
        "reason": available.status_reason,
        "files": available.files,
        "dropped": available.dropped,
        "born": available.born,
        "contents": available.contents,
        "candidates": [
            [str(c.version), c.tag_rank, c.build, c.released, c.for_new_python, c.file] for c in available.candidates
        ],
        "fallen": [
            [str(f.version), f.reason, f.detail, f.yanked, f.upload_time, f.has_archive] for f in available.rejected
        ],
    }


def _decode(data: dict[str, Any], name: str, archives: _Line) -> CachedCandidates | None:
    if data["form"] != _FORM or data["archives"] != archives.length:
        return None
    available = ProjectCandidates(
        name=name,
        candidates=tuple(
            Candidate(name, Version(version), _decode_file(file), rank, tuple(build), _moment(released), new is True)
            for version, rank, build, released, new, file in data["candidates"]
        ),
        rejected=tuple(RejectedVersion(Version(version), *rest) for version, *rest in data["fallen"]),
        status=Status(data["status"]),
        status_reason=data["reason"],
        files=data["files"],
        dropped=data["dropped"],
        born=_moment(data["born"]),
        contents=str(data["contents"]),
        sources=_KeptArchives(name, archives) if archives.length > len(_NONE) else (),
    )
    fetched, until = float(data["fetched"]), float(data["until"])
    etag, modified, listing = (str(data[key]) for key in ("etag", "modified", "listing"))
    if not listing.isalnum() and listing:
        return None
    return CachedCandidates(available, str(data["url"]), fetched, until, etag, modified, listing)


def _decode_archives(line: _Line) -> list[ArchiveRow]:
    """Raises `Unavailable` (`unreadable-file`): a run that has begun with the wheels beside them cannot go on."""
    try:
        return [_decode_archive(*row) for row in json.loads(line.text[line.begin :])]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise Unavailable.because(
            "unreadable-file",
            "a file of the cache is damaged",
            context=(printable(line.path),),
            hint="delete it; safepip asks the index anew",
        ) from None


def _decode_archive(version: str, released: float | None, file: list[Any]) -> ArchiveRow:
    row = ArchiveRow(str(version), _moment(released), _decode_file(file))
    if row.file.filename.endswith(".whl"):
        raise ValueError("a wheel, whose tags were not looked at")
    return row


def _decode_file(row: list[Any]) -> ProjectFile:
    filename, url, digests, requires_python, yanked, metadata, size, upload_time, checksums, of_metadata = row
    if not (filename.__class__ is url.__class__ is str and size.__class__ in (int, type(None))):
        raise ValueError("not a file")
    if not (requires_python.__class__ in _TEXT_OR_NONE and yanked.__class__ in _TEXT_OR_NONE):
        raise ValueError("not a file")
    if not url.startswith(("https://", "http://")):
        raise ValueError("what is kept came from a network, and names no file of this machine")
    return ProjectFile(
        filename,
        url,
        _decode_digests(digests),
        requires_python,
        yanked,
        None if metadata is None else _decode_digests(metadata),
        size,
        _moment(upload_time),
        _decode_checksums(checksums) if checksums else (),
        _decode_checksums(of_metadata) if of_metadata else (),
    )


def _moment(value: float | None) -> float | None:
    """Seconds since the epoch, or None; anything else would be compared with the clock later."""
    if value is not None and (value.__class__ not in (float, int) or not isfinite(value)):
        raise ValueError("not a moment")
    return value


def _decode_digests(rows: list[list[str]]) -> tuple[Digest, ...]:
    """Strong digests only, whatever a file on the disk says."""
    return tuple([strong(algorithm, value) for algorithm, value in rows])


def _decode_checksums(rows: list[list[str]]) -> tuple[Checksum, ...]:
    return tuple(checksum(algorithm, value) for algorithm, value in rows)
