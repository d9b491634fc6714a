"""What a run is doing, as one line of at most a terminal's width: `safepip.model.events` added up.

The line says what is done now and how far it is. Behind it stands an index that is not well: one that is asked again,
with the reason and the attempt, or one that has not sent anything for a while. It has ASCII alone, so that each
character takes one column whatever the terminal.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from safepip.model.events import (
    Doing,
    ExchangeOver,
    Fetched,
    Fetching,
    FileDone,
    Installing,
    OtherSpeaks,
    Received,
    Resolving,
    Retrying,
    Waiting,
)
from safepip.model.finding import printable
from safepip.model.urls import UrlError, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.events import Event

#: An exchange in which nothing came for so long is called slow, and work that takes so long shows its time. In seconds.
SLOW_SECONDS = 3.0
#: The rate is that of the last seconds, measured at most twice a second.
_RATE_SECONDS, _SAMPLE_SECONDS = 5.0, 0.5
#: So much of what is done is shown beside the longest trouble.
_LEAST_DOING = 20
#: The longest name that is shown whole.
_LONGEST_NAME = 40


class Activity:
    """Takes events, and says in a line what they come to. Not thread-safe. `now` is in seconds, of any clock."""

    def __init__(self) -> None:
        self._word = ""
        self._since = 0.0
        self._detail: Callable[[], str] = str
        self._projects: set[str] = set()
        self._files = self._done = self._bytes = 0
        self._size: int | None = None
        self._samples: deque[tuple[float, int]] = deque()
        self._quiet_since: dict[int, tuple[str, float]] = {}
        self._troubles: dict[int, str] = {}

    def take(self, event: Event, now: float) -> None:
        """Something happened at this moment."""
        match event:
            case Resolving(name):
                self._projects.add(name)
                several = "s" if len(self._projects) > 1 else ""
                text = f"{len(self._projects)} project{several}, {_cut(name, _LONGEST_NAME)}"
                self._begin("Resolving", now, lambda: text)
            case Doing(word, what):
                self._begin(word, now, lambda: printable(what, _LONGEST_NAME))
            case Fetching(files, size):
                self._files, self._size, self._done, self._bytes = files, size, 0, 0
                self._samples = deque([(now, 0)])
                self._begin("Fetching", now, self._fetched)
            case Installing(total, complete):
                several = "s" if total > 1 else ""
                self._begin("Installing", now, lambda: f"{complete()}/{total} distribution{several}")
            case OtherSpeaks():
                self._begin("", now, str)
            case FileDone():
                self._done += 1
            case Fetched():
                self._begin("Checking", now, lambda: f"{self._files} file{'s' if self._files > 1 else ''}")
            case Received(key, size):
                self._received(key, size, now)
            case Waiting(key, url):
                self._quiet_since[key] = (host_of(url), now)
            case ExchangeOver(key):
                self._quiet_since.pop(key, None)
                self._troubles.pop(key, None)
            case Retrying():
                self._troubles[event.key] = in_words(event)
            case _:
                pass

    @property
    def silent(self) -> bool:
        """Whether there is nothing to say."""
        return not self._word

    def parts(self, now: float) -> tuple[str, str]:
        """What is done now, and which exchange is in trouble, however long that is; both may be empty."""
        if not self._word:
            return "", ""
        text = f"{self._word}: {self._detail()}"
        if self._word != "Fetching" and now - self._since >= SLOW_SECONDS:
            text += f", {int(now - self._since)} s"
        return text, self._trouble(now)

    def _begin(self, word: str, now: float, detail: Callable[[], str]) -> None:
        if word != self._word:
            self._word, self._since = word, now
        self._detail = detail

    def _received(self, key: int, count: int, now: float) -> None:
        self._bytes += count
        if key in self._quiet_since:
            self._quiet_since[key] = (self._quiet_since[key][0], now)
        if count > 0:
            self._troubles.pop(key, None)
        if not self._samples or now - self._samples[-1][0] >= _SAMPLE_SECONDS:
            self._samples.append((now, self._bytes))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _RATE_SECONDS:
            self._samples.popleft()

    def _fetched(self) -> str:
        size = f"{_megabytes(self._bytes)} MB"
        if self._size is not None:
            size = f"{_megabytes(self._bytes)}/{_megabytes(self._size)} MB"
        text = f"{self._done}/{self._files} file{'s' if self._files > 1 else ''}, {size}"
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        return f"{text}, {_megabytes(max(0, round((after - before) / (last - first))))} MB/s" if last > first else text

    def _trouble(self, now: float) -> str:
        """The exchange that was tried again last; else the one that has been quiet for longest, if that is long."""
        if self._troubles:
            *others, last = self._troubles.values()
            return last + (f" (and {len(others)} more)" if others else "")
        host, since = min(self._quiet_since.values(), key=lambda one: one[1], default=("", now))
        return f"{host} has sent nothing for {int(now - since)} s" if now - since >= SLOW_SECONDS else ""


def fitted(doing: str, trouble: str, width: int) -> str:
    """Both in at most `width` columns, without anything that could steer a terminal. What is done is cut first."""
    doing, trouble = _plain(doing), _plain(trouble)
    if not doing or not trouble:
        return _cut(doing, width)
    return _cut(f"{_cut(doing, max(_LEAST_DOING, width - len(trouble) - 2))}; {trouble}", width)


def in_words(event: Retrying) -> str:
    """`HOST: reason, attempt 2 of 6`."""
    host = host_of(event.url)
    reason = event.reason if event.reason.startswith(host) else f"{host}: {event.reason}"
    return f"{reason}, attempt {event.attempt} of {event.attempts}"


def host_of(url: str) -> str:
    """The host of a URL as it is shown; of what is no URL, the text."""
    try:
        return printable(parse(url).host or "a file", 60)
    except UrlError:
        return printable(url, 60)


def _megabytes(count: int) -> str:
    """Bytes in MB of 1,000,000 bytes, as pip has them."""
    return f"{count / 1_000_000:.1f}"


def _plain(text: str) -> str:
    return printable(text, len(text)).encode("ascii", "replace").decode("ascii")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else (text[: max(0, width - 3)] + "...")[:width]
