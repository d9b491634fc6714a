"""Own code beside the library's that would do the same: `own_or_library.py`. docs/adr/0010-dependencies.md quotes it.

- `loop`: safepip's thread for coroutines against anyio's blocking portal.
- `tls`: the certificates of a Linux system, read once, against truststore, which reads them for each connection.

Ratios of processor time are the result; each line says first what the other one cannot do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import truststore
from anyio.from_thread import BlockingPortal, start_blocking_portal

from safepip.edges.network.loop import Loop
from safepip.edges.network.tls import TlsProblem, Trust
from safepip.model.plan import Network

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, COROUTINES, CONNECTIONS = 7, 3000, 24


async def _double(number: int) -> int:
    return 2 * number


def _cost(work: Callable[[], object]) -> float:
    """Milliseconds of this process's processor time."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def _compared(name: str, own: Callable[[], object], other: Callable[[], object]) -> None:
    pairs = [(_cost(own), _cost(other)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = sorted(theirs / max(mine, 0.001) for mine, theirs in pairs)
    print(f"{name}: own {mine:.1f} ms, library {theirs:.1f} ms: {statistics.median(ratios):.1f} times", end=" ")
    print(f"({ratios[0]:.1f}..{ratios[-1]:.1f})")


def compare_loops() -> None:
    """Submitting from another thread, and what only one of the two can do."""
    with Loop() as loop, start_blocking_portal() as portal:

        def own() -> None:
            for future in [loop.submit(_double(n)) for n in range(COROUTINES)]:
                future.result()

        def library() -> None:
            for future in [portal.start_task_soon(_double, n) for n in range(COROUTINES)]:
                future.result()

        _compared(f"loop, {COROUTINES} coroutines submitted by another thread", own, library)
        print("  a coroutine on the loop submits the next one:", _submits_from_inside(portal))
        print("  clean-up that waits, once cancelled, goes on:", _cleans_up(portal))


def _submits_from_inside(portal: BlockingPortal) -> str:
    async def guess() -> None:
        portal.start_task_soon(_double, 1)

    try:
        portal.call(guess)
    except RuntimeError as error:
        return f"own yes; library no ({error})"
    return "both"


def _cleans_up(portal: BlockingPortal) -> str:
    begun, steps = threading.Event(), list[str]()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
                steps.append("cleaned up")

    future = portal.start_task_soon(work)
    begun.wait()
    future.cancel()
    time.sleep(0.2)
    return "both" if steps else "own yes; library no, it is cancelled at each wait"


def compare_certificates() -> None:
    """The contexts of one run, with so many connections, on a system whose store is one file."""
    store = certifi.where()

    def begin(context: ssl.SSLContext) -> None:
        for _ in range(CONNECTIONS):
            context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="h.example")

    def own() -> None:
        begin(Trust(Network(), {"SSL_CERT_FILE": store}).context(trusted=False, files=False))

    def library() -> None:
        begin(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    os.environ["SSL_CERT_FILE"] = store
    _compared(f"tls, {CONNECTIONS} connections, a store of one file", own, library)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SSL_CERT_FILE"] = str(Path(folder) / "cut.pem")
        text = Path(store).read_text("utf-8")
        Path(os.environ["SSL_CERT_FILE"]).write_text(text[: len(text) // 2], encoding="utf-8")
        begin(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # says nothing
        try:
            Trust(Network(), os.environ).context(trusted=False, files=False)
        except TlsProblem:
            print("  a store that is cut off is named: own yes; library no, it believes what it could read")


if __name__ == "__main__":
    if sys.platform in ("win32", "darwin"):
        raise SystemExit("on this system there is nothing of safepip's own to compare")
    compare_loops()
    compare_certificates()
