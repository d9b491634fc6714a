"""Where the backend of one project runs, and what its wheel depends on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.edges.builder.backend import Backend
    from safepip.model.build import BuildRecord
    from safepip.model.digest import Digest


class Bench:
    """The place of one project. `key` is all that its wheel depends on, None where that is not known. The backend is
    opened, and its environment made, when it is first needed."""

    def __init__(self, key: Digest | None, record: BuildRecord, open_backend: Callable[[], Backend]) -> None:
        self.key = key
        self.record = record
        self._open = open_backend

    @property
    def kind(self) -> str:
        """The kind of fence."""
        return self.record.fence

    @cached_property
    def backend(self) -> Backend:
        """The project's backend."""
        return self._open()

    def clear_away(self, discard: Callable[[str], None]) -> None:
        """Give up the folders of the backend, if it was opened: it does not run again."""
        if "backend" in self.__dict__:
            discard(self.backend.scratch)
