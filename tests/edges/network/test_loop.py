"""The loop runs coroutines for ordinary code, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import subprocess
import sys
import threading
import time
import warnings

import anyio
import pytest

from safepip.edges.network.loop import Loop, end_others


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_results_and_exceptions_come_back() -> None:
    async def fail() -> None:
        raise ValueError("as planned")

    with Loop() as loop:
        assert loop.run(double(21)) == 42
        assert [future.result() for future in [loop.submit(double(n)) for n in range(50)]] == list(range(0, 100, 2))
        with pytest.raises(ValueError, match="as planned"):
            loop.run(fail())


def test_an_interruption_while_the_loop_starts_leaves_no_coroutine_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would warn, on the user's terminal, of a coroutine that was never awaited."""

    def interrupted(_loop: Loop) -> asyncio.AbstractEventLoop:
        raise KeyboardInterrupt

    monkeypatch.setattr(Loop, "_started", interrupted)
    coroutine = double(1)
    with pytest.raises(KeyboardInterrupt):
        Loop().submit(coroutine)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_nothing_starts_before_the_first_coroutine() -> None:
    before = threading.active_count()
    loop = Loop()
    assert threading.active_count() == before
    loop.run(double(1))
    assert threading.active_count() == before + 1
    loop.close()
    loop.close()
    assert threading.active_count() == before


def test_closing_cancels_what_still_runs_and_lets_it_clean_up() -> None:
    events: list[str] = []

    async def wait() -> None:
        try:
            events.append("waiting")
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            events.append("cleaned up")

    loop = Loop()
    future = loop.submit(wait())
    while not events:
        time.sleep(0.01)
    loop.close()
    assert events == ["waiting", "cleaned up"]
    assert future.cancelled()


def test_ctrl_c_in_the_main_thread_cancels_the_coroutine() -> None:
    """A process of its own gets a real signal; the coroutine's clean-up is seen to run."""
    script = """
import asyncio, os, signal, threading
from safepip.edges.network.loop import Loop
async def wait():
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        await asyncio.sleep(60)
    finally:
        os.write(1, b"cleaned up\\n")
with Loop() as loop:
    try:
        loop.run(wait())
    except KeyboardInterrupt:
        os.write(1, b"interrupted\\n")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert sorted(done.stdout.split("\n")) == ["", "cleaned up", "interrupted"], done.stderr


def test_after_quiet_nothing_runs_not_even_what_was_submitted_at_the_last_moment() -> None:
    """A guess submits the next one; the last of them becomes a task when those before it have been cancelled."""
    begun: list[int] = []

    with Loop() as loop:

        async def guess(depth: int) -> None:
            begun.append(depth)
            for _ in range(depth % 3):
                await asyncio.sleep(0)
            loop.submit(guess(depth + 1))

        for _ in range(200):
            loop.submit(guess(0))
            loop.quiet()
            count = len(begun)
            loop.run(double(1))
            assert len(begun) == count


def test_a_task_of_anyio_that_has_not_begun_is_ended_without_a_warning() -> None:
    """As a connection that is tried when Ctrl-C comes."""
    ended: list[str] = []

    async def child() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("child")

    async def parent() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child)

    async def interrupted() -> None:
        task = asyncio.create_task(parent())
        await asyncio.sleep(0)  # the child's task is there, and its turn has not come
        await end_others()
        assert task.cancelled()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(interrupted())
        gc.collect()
    assert [str(warning.message) for warning in told] == []
    assert ended == ["child"]
