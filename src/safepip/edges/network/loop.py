"""One asyncio loop in one thread of its own, so that the rest of safepip can stay ordinary code.

The thread starts at the first coroutine and not before: a run that fetches nothing never imports asyncio. It is a
daemon, so that a run that fails hard is not held up by a download that is no longer needed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from concurrent.futures import Future

_T = TypeVar("_T")
_CLOSING_SECONDS = 5.0


class Loop:
    """A loop for coroutines from other threads. Its methods must not be called from within the loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._quieting = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Start a coroutine now; its result, exception or cancellation is in the future.

        While `quiet` is waiting, what the loop's own coroutines submit is cancelled before it begins.
        """
        if self._quieting and threading.current_thread() is self._thread:
            from concurrent.futures import Future as Refused

            coroutine.close()
            refused: Future[_T] = Refused()
            refused.cancel()
            return refused
        try:
            import asyncio

            loop = self._started()
        except BaseException:
            # Ctrl-C while the loop was being started: the coroutine will never be awaited.
            coroutine.close()
            raise
        return asyncio.run_coroutine_threadsafe(coroutine, loop)

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Wait for a coroutine's result. Ctrl-C here cancels it there; `close` waits for its clean-up."""
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
            raise

    def quiet(self) -> None:
        """Cancel what still runs, and wait for its clean-up: nothing opens a connection after this."""
        if self._loop is None:
            return
        # What was submitted before this is a task by the time that the others are counted.
        self._quieting = True
        try:
            self.run(end_others())
        finally:
            self._quieting = False

    def close(self) -> None:
        """Cancel what still runs, let it clean up, and end the thread. Closing twice is harmless."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSING_SECONDS)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            with self._lock:
                if self._loop is None:
                    import asyncio

                    loop = asyncio.new_event_loop()
                    loop.set_exception_handler(_tell)
                    self._thread = threading.Thread(target=_serve, args=(loop,), name="safepip-loop", daemon=True)
                    self._thread.start()
                    self._loop = loop
        return self._loop


def _tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error in a task that is not awaited: asyncio itself would print its traceback."""
    from safepip.edges.console.writing import fault

    error = context.get("exception")
    if error is not None:
        fault(error)


async def end_others() -> None:
    """Cancel all other tasks, each once, and wait for their clean-up.

    Each gets its first step before. In a task of anyio that is cancelled earlier, the coroutine that it was made for is
    never awaited, and Python says so on standard error.
    """
    import asyncio

    this, cancelled = asyncio.current_task(), set[asyncio.Task[Any]]()
    while new := asyncio.all_tasks() - cancelled - {this}:
        await asyncio.sleep(0)
        for task in new:
            task.cancel()
        cancelled |= new
    if cancelled:
        await asyncio.wait(cancelled, timeout=_CLOSING_SECONDS)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """The thread: run until stopped, then cancel and await whatever is left."""
    import asyncio

    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(end_others())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
