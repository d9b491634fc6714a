"""One question, asked once for all callers that ask it at the same time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from typing import Any

_T = TypeVar("_T")


class Once(Generic[_T]):
    """The questions that are under way or answered, by a key. Of one loop."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Future[_T]] = {}

    async def answer(self, key: str, ask: Callable[[], Coroutine[Any, Any, _T]], failure: type[Exception]) -> _T:
        """What `ask` answers for the first caller. A failure is raised for the first caller only: each of the others
        then asks itself, since an error names what asked."""
        import asyncio

        known = self._asked.get(key)
        if known is not None:
            with contextlib.suppress(failure):
                return await asyncio.shield(known)
            return await ask()
        known = self._asked[key] = asyncio.ensure_future(ask())
        return await asyncio.shield(known)
