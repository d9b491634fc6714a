"""Serve the synthetic index over HTTP/1.1 with keep-alive, at a settable distance.

Distance is simulated as latency alone: an answer leaves `delay` after its request arrived, and the first one of a
connection `handshakes` times `delay` later still, for the packets that open a real connection. Bandwidth is not
limited. The bodies are ready in memory or sent by the kernel from disk, so that the server takes little of the
processor time it shares with the clients.

`/-/set?delay=80&sidecars=0` changes the conditions, `/-/counts` tells what was asked since the last time.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import email.utils
import gzip
import json
import re
import sys
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


class Index:
    """The content: pages by project name, and files by URL path."""

    def __init__(self, folder: Path, conditions: Conditions) -> None:
        self.folder, self.conditions, self.counts, self.url = folder, conditions, Counts(), ""
        self._world = shapes.load()
        self._stems = {name.replace("-", "_"): shape for name, shape in self._world.projects.items()}
        self._pages: dict[tuple[str, bool, bool], bytes] = {}
        self._made: dict[str, bytes] = {}

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        path, _, query = request.path.partition("?")
        parts = unquote(path).strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2:
            return self._page(parts[1], request.headers)
        if parts[0] == "packages":
            return self._file(parts[-1], request)
        if parts[0] == "-":
            return self._control(parts[-1], dict(parse_qsl(query)))
        return self._absent()

    def _absent(self) -> Answer:
        self.counts.missing += 1
        return Answer("404 Not Found")

    def _page(self, name: str, headers: dict[str, str]) -> Answer:
        if name not in self._world.projects:
            return self._absent()
        self.counts.pages += 1
        squeeze = self.conditions.gzip and "gzip" in headers.get("accept-encoding", "")
        key = (name, squeeze, self.conditions.sidecars)
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

    def _read_page(self, name: str, squeeze: bool, sidecars: bool) -> bytes:
        body = (
            (self.folder / "pages" / f"{name}.json").read_bytes().replace(world.PLACEHOLDER.encode(), self.url.encode())
        )
        body = body if sidecars else world.without_sidecars(body)
        return gzip.compress(body, 4, mtime=0) if squeeze else body

    def _file(self, name: str, request: Request) -> Answer:
        headers: tuple[tuple[str, str], ...] = (("accept-ranges", "bytes"),)
        if self.conditions.cache_headers:
            headers += (("etag", f'"{name}"'), ("cache-control", "max-age=365000000, immutable"))
        if name.endswith(".metadata"):
            self.counts.sidecars += 1
            content: bytes | Path | None = self._generated(name.removesuffix(".metadata"), sidecar=True)
        elif (self.folder / "wheels" / name).is_file():
            content = self.folder / "wheels" / name
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


class Connection(asyncio.Protocol):
    """One client connection. Requests are answered in order; bodies of requests are not expected."""

    def __init__(self, index: Index) -> None:
        self._index, self._buffer = index, b""
        self._queue: asyncio.Queue[tuple[float, Request]] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the task that answers on this connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._loop = transport, asyncio.get_running_loop()
        conditions = self._index.conditions
        self._opened = self._loop.time() + conditions.handshakes * conditions.delay
        self._index.counts.connections += 1
        self._task = self._loop.create_task(self._work())

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in whole requests as they arrive."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
            self._queue.put_nowait((self._loop.time(), Request(method, path, headers)))

    def pause_writing(self) -> None:
        """The client reads more slowly than the server writes."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    async def _work(self) -> None:
        while True:
            arrived, request = await self._queue.get()
            answer = self._index.answer(request)
            leaves = max(arrived, self._opened) + self._index.conditions.delay
            if request.path.startswith("/-/"):
                leaves = 0.0
            if (wait := leaves - self._loop.time()) > 0:
                await asyncio.sleep(wait)
            with contextlib.suppress(ConnectionError):
                await self._send(answer, with_body=request.method != "HEAD")

    async def _send(self, answer: Answer, *, with_body: bool) -> None:
        body = answer.body
        length = len(body) if isinstance(body, bytes) else body[2]
        # A client that caches needs the date to know an answer's age (RFC 9110, section 6.6.1).
        date = email.utils.formatdate(usegmt=True)
        lines = [f"HTTP/1.1 {answer.status}", f"date: {date}", *(f"{key}: {value}" for key, value in answer.headers)]
        if not answer.status.startswith("304"):
            lines.append(f"content-length: {length}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if not with_body or not length:
            self._transport.write(head)
        elif isinstance(body, bytes):
            self._transport.write(head + body if length < 65536 else head)
            if length >= 65536:
                self._transport.write(body)
        else:
            path, start, count = body
            self._transport.write(head)
            with path.open("rb") as file:
                await self._loop.sendfile(self._transport, file, start, count)
        await self._writable.wait()


def serve(folder: Path, conditions: Conditions) -> None:
    """Serve until standard input closes; print `{"url": ...}` first."""
    asyncio.run(_serve(Index(folder, conditions)))


async def _serve(index: Index) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(index), "127.0.0.1", 0)
    index.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(json.dumps({"url": index.url + "/simple/"}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
