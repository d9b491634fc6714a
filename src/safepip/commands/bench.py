"""Where the backend of one project runs, and what its wheel depends on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.edges.builder.backend import Backend
    from safepip.model.digest import Digest


class Bench:
    """The place of one project. `key` is all that its wheel depends on, None where that is not known. The backend is
    opened, and its environment made, when it is first needed."""

    def __init__(self, key: Digest | None, kind: str, open_backend: Callable[[], Backend]) -> None:
        self.key = key
        self.kind = kind
        self._open = open_backend

    @cached_property
    def backend(self) -> Backend:
        """The project's backend."""
        return self._open()
