"""What the log says of events: each request, each attempt that failed, and what did not have to be asked for."""

from __future__ import annotations

from safepip.model.events import Event, FromCache, Requested, Retrying
from safepip.model.finding import printable
from safepip.reporting.activity import in_words


def line_of(event: Event) -> str | None:
    """The line about an event; None where there is nothing to keep of it."""
    match event:
        case Requested(url, status, seconds):
            return f"GET {printable(url)}: {status}, {seconds:.2f} s"
        case Retrying():
            return f"{printable(in_words(event))}, in {event.seconds:.1f} s"
        case FromCache(what):
            return f"from the cache: {printable(what)}"
        case _:
            return None


def verbosity_of(event: Event) -> int:
    """How many -v it takes to see the line."""
    return 2 if isinstance(event, Requested) else 1
