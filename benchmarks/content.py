"""What the synthetic index answers: pages, METADATA and wheels, whatever protocol asks for them.

`/-/set?delay=80&sidecars=0` changes the conditions, `/-/counts` tells what was asked since the last time.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import shapes
import synthetic
import world

if TYPE_CHECKING:
    from shapes import Shape

JSON = "application/vnd.pypi.simple.v1+json"

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
_WHEEL = re.compile(r"(?P<stem>[a-z_]+)-(?P<version>[0-9.]+)-(?P<tag>[^/]+)\.whl\Z")


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the index behaves. `delay` is the round-trip time in seconds; `handshakes` is in round trips."""

    delay: float = 0.0
    handshakes: float = 1.0
    gzip: bool = True
    sidecars: bool = True
    cache_headers: bool = True


@dataclass(slots=True)
class Counts:
    """What was asked. `pages` includes those answered 304, which are `unchanged` as well."""

    connections: int = 0
    pages: int = 0
    unchanged: int = 0
    sidecars: int = 0
    ranges: int = 0
    files: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A request's method, path with query, and headers with lower-case names."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers, and a body: bytes, or a span `(path, start, length)` of a file."""

    status: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | tuple[Path, int, int] = b""

    def read(self) -> bytes:
        """The body in memory."""
        if isinstance(self.body, bytes):
            return self.body
        path, start, length = self.body
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)


class Index:
    """The content: pages by project name, and files by URL path."""

    def __init__(self, folder: Path, conditions: Conditions) -> None:
        self.folder, self.conditions, self.counts = folder, conditions, Counts()
        # What is served as it is may be no synthetic world, and then has nothing that is made when it is asked for.
        own = folder / "shapes.json"
        self._world = shapes.load(own if own.is_file() else shapes.SHAPES)
        self._stems = {name.replace("-", "_"): shape for name, shape in self._world.projects.items()}
        self._pages: dict[tuple[str, bool, bool, str], bytes] = {}
        self._made: dict[str, bytes] = {}

    def answer(self, request: Request, base: str) -> Answer:
        """Answer one request. `base` is the URL of the whole server, as the client knows it."""
        path, _, query = request.path.partition("?")
        parts = unquote(path).strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2:
            return self._page(parts[1], request.headers, base)
        if parts[0] == "packages":
            return self._file(parts[-1], request)
        if parts[0] == "-":
            return self._control(parts[-1], dict(parse_qsl(query)))
        return self._absent()

    def _absent(self) -> Answer:
        self.counts.missing += 1
        return Answer("404 Not Found")

    def _page(self, name: str, headers: dict[str, str], base: str) -> Answer:
        if not (self.folder / "pages" / f"{name}.json").is_file():
            return self._absent()
        self.counts.pages += 1
        squeeze = self.conditions.gzip and "gzip" in headers.get("accept-encoding", "")
        key = (name, squeeze, self.conditions.sidecars, base)
        tag = f'"{name}-{int(self.conditions.sidecars)}"'
        cache = (("etag", tag), ("cache-control", "max-age=600, public")) if self.conditions.cache_headers else ()
        if cache and headers.get("if-none-match", "").removeprefix("W/") == tag:
            self.counts.unchanged += 1
            return Answer("304 Not Modified", cache)
        body = self._pages.get(key)
        if body is None:
            body = self._pages[key] = self._read_page(*key)
        encoding = (("content-encoding", "gzip"),) if squeeze else ()
        return Answer("200 OK", (("content-type", JSON), ("vary", "Accept, Accept-Encoding"), *cache, *encoding), body)

    def _read_page(self, name: str, squeeze: bool, sidecars: bool, base: str) -> bytes:
        body = (self.folder / "pages" / f"{name}.json").read_bytes().replace(world.PLACEHOLDER.encode(), base.encode())
        body = body if sidecars else world.without_sidecars(body)
        return gzip.compress(body, 4, mtime=0) if squeeze else body

    def _file(self, name: str, request: Request) -> Answer:
        headers: tuple[tuple[str, str], ...] = (("accept-ranges", "bytes"),)
        if self.conditions.cache_headers:
            headers += (("etag", f'"{name}"'), ("cache-control", "max-age=365000000, immutable"))
        self.counts.sidecars += name.endswith(".metadata")
        content: bytes | Path | None
        if (self.folder / "wheels" / name).is_file():
            content = self.folder / "wheels" / name
        elif name.endswith(".metadata"):
            content = self._generated(name.removesuffix(".metadata"), sidecar=True)
        else:
            content = self._generated(name, sidecar=False)
        if content is None:
            return self._absent()
        if not name.endswith(".metadata") and request.method == "GET":
            self.counts.ranges += "range" in request.headers
            self.counts.files += "range" not in request.headers
        kind = (("content-type", "application/octet-stream"),)
        return _span(content, request.headers.get("range", ""), kind + headers)

    def _generated(self, name: str, *, sidecar: bool) -> bytes | None:
        """METADATA or small wheel of a version that has none on disk; None for what this machine cannot install."""
        match = _WHEEL.match(name)
        shape: Shape | None = self._stems.get(match["stem"]) if match else None
        position = shapes.position_of(match["version"]) if match else None
        if match is None or shape is None or position is None or position >= shape.usable:
            return None
        if match["tag"] != world.own_tag(shape):
            return None
        if sidecar:
            return synthetic.metadata(self._world, shape, position) if self.conditions.sidecars else None
        if name not in self._made:
            self._made[name] = synthetic.small_wheel(self._world, shape, position, match["tag"])
        return self._made[name]

    def _control(self, verb: str, query: dict[str, str]) -> Answer:
        if verb == "set":
            changes: dict[str, float | bool] = {}
            for key, value in query.items():
                changes[key] = (
                    float(value) / 1000 if key == "delay" else float(value) if key == "handshakes" else value == "1"
                )
            self.conditions = dataclasses.replace(self.conditions, **changes)  # type: ignore[arg-type]  # checked by the class
        body = json.dumps(dataclasses.asdict(self.counts)).encode()
        self.counts = Counts()
        return Answer("200 OK", (("content-type", "application/json"),), body)


def _span(content: bytes | Path, wanted: str, headers: tuple[tuple[str, str], ...]) -> Answer:
    """A whole body, or the single range that was asked for (RFC 9110, section 14)."""
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    start, end, status = 0, size, "200 OK"
    match = _RANGE.match(wanted)
    if match and (match[1] or match[2]):
        # A range without a first position asks for that many of the last bytes.
        start = int(match[1]) if match[1] else max(0, size - int(match[2]))
        end = min(size, int(match[2]) + 1) if match[1] and match[2] else size
        if start >= end:
            return Answer("416 Range Not Satisfiable", (("content-range", f"bytes */{size}"),))
        status, headers = "206 Partial Content", (*headers, ("content-range", f"bytes {start}-{end - 1}/{size}"))
    body = (content, start, end - start) if isinstance(content, Path) else content[start:end]
    return Answer(status, headers, body)
