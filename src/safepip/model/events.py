"""What happens while a run works, as values: a terminal shows them as they come, and the log says what became of them.

The stages are given a `Tell` and call it from any thread. It must not block, raises nothing, and decides nothing: what
a run does is the same whoever listens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Resolving(NamedTuple):
    """The search looks at the project of this normalised name."""

    name: str


class Doing(NamedTuple):
    """Something else has begun, which takes the place of what was done before: `word` is a verb such as `Building`."""

    word: str
    what: str


class Fetching(NamedTuple):
    """So many files will come, of so many bytes together where that is known."""

    files: int
    size: int | None


class Received(NamedTuple):
    """Bytes of the exchange `key` came; a negative count where they have to come again."""

    key: int
    size: int


class FileDone(NamedTuple):
    """A file has come, or will not."""


class Fetched(NamedTuple):
    """All files have come, or will not."""


class Installing(NamedTuple):
    """pip has begun to install so many distributions; `complete` says how many of them are."""

    total: int
    complete: Callable[[], int]


class OtherSpeaks(NamedTuple):
    """Another program writes to the terminal until the next of these events."""


class Waiting(NamedTuple):
    """An exchange has begun: a page, or a file. `url` is as it may be shown."""

    key: int
    url: str


class ExchangeOver(NamedTuple):
    """The exchange has ended, well or not."""

    key: int


class Retrying(NamedTuple):
    """An attempt of an exchange has failed, and number `attempt` of `attempts` comes next, after so many seconds."""

    key: int
    url: str
    reason: str
    attempt: int
    attempts: int
    seconds: float


class Requested(NamedTuple):
    """One request was answered. `url` is as it may be shown."""

    url: str
    status: int
    seconds: float


class FromCache(NamedTuple):
    """What was taken from an earlier run without asking for it: a page, or a file."""

    what: str


Event: TypeAlias = (
    Resolving
    | Doing
    | Fetching
    | Received
    | FileDone
    | Fetched
    | Installing
    | OtherSpeaks
    | Waiting
    | ExchangeOver
    | Retrying
    | Requested
    | FromCache
)
Tell: TypeAlias = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """A `Tell` that shows nothing."""
