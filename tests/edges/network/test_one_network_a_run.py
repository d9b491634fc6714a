"""A run opens its network once, whoever needs it first: a second one would leave its connections open."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from safepip.commands.session import Session
from safepip.edges.network import http

if TYPE_CHECKING:
    import pytest

    from support.inside import Inside


def test_threads_that_need_it_at_the_same_moment_get_the_same(run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search and a guess do."""
    made: list[http.Transport] = []
    meeting = threading.Barrier(2)

    class Slow(http.Transport):
        def __init__(self, *arguments: Any) -> None:
            # Whoever else is in here as well comes to the meeting; nobody waits long for one who is not.
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(0.5)
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(http, "Transport", Slow)
    with Session("install", ["demo", "-i", "http://127.0.0.1:9/simple/"]) as session:
        threads = [threading.Thread(target=lambda: session.transport) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [session.transport]
