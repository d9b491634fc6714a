"""The sockets under httpcore: whoever gives up waiting for one leaves none behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import warnings

import pytest

from safepip.edges.network.streams import Backend


async def _given_up_after(turns: int, host: str, port: int) -> bool:
    """Cancel a connection after so many turns of the loop; whether it stood before that."""

    async def connect() -> None:
        stream = await Backend(lambda _: None).connect_tcp(host, port, timeout=5)
        await stream.aclose()

    task = asyncio.create_task(connect())
    for _ in range(turns):
        await asyncio.sleep(0)
    stood = task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    for _ in range(5):
        await asyncio.sleep(0)
    return stood


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cancelled_connection_leaves_no_socket_open(host: str) -> None:
    # Where "localhost" has two addresses, they race.
    stood, turns = False, 0
    with socket.create_server(("127.0.0.1", 0)) as server, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        while not stood and turns < 2000:  # the address is looked up in a thread, which takes as many turns as it takes
            stood = asyncio.run(_given_up_after(turns, host, server.getsockname()[1]))
            turns += 1
        gc.collect()
    assert [str(one.message) for one in seen] == []
    assert stood
    assert turns > 5
