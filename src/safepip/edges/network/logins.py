"""User names and passwords as `credentials` keeps them: unfit for display, and each with its path."""

from __future__ import annotations

from functools import partial
from urllib.parse import unquote

from safepip.edges.network.redaction import MASK

#: The most segments of a path by which logins are distinguished.
_DEEPEST = 16


def as_bytes(text: str) -> bytes:
    """A user name or password as it is sent (RFC 7617, 2.1: UTF-8); bytes of a variable that are not UTF-8 stay."""
    return text.encode("utf-8", "surrogateescape")


class Login:
    """A user name and password, unfit for display. `password` is None where only a name was given."""

    __slots__ = ("password", "path", "user")

    def __init__(self, user: str, password: str | None, path: str = "/") -> None:
        self.user = user
        self.password = password
        self.path = path

    def __repr__(self) -> str:
        return MASK


class Logins:
    """What was absorbed for one origin, each once. Of thousands the one for a path is found without a look at all."""

    __slots__ = ("_by_beginning", "last", "seen")

    def __init__(self) -> None:
        self.seen: set[tuple[str, str | None, str]] = set()
        self.last: Login | None = None
        #: By the first segments of a path: the first login with a password whose path begins so, or else the first.
        self._by_beginning: dict[tuple[str, ...], Login] = {}

    def add(self, login: Login) -> None:
        key = (login.user, login.password, login.path)
        if key in self.seen:
            return
        self.seen.add(key)
        self.last = login
        for beginning in _beginnings(login.path):
            known = self._by_beginning.get(beginning)
            if known is None or (known.password is None and login.password is not None):
                self._by_beginning[beginning] = login

    def best(self, path: str) -> Login | None:
        """The one whose path has most of its first segments in common with `path`."""
        return next((self._by_beginning[b] for b in reversed(_beginnings(path)) if b in self._by_beginning), None)


def _beginnings(path: str) -> list[tuple[str, ...]]:
    """What a URL's path begins with, of no segment and more; of a path without end no more than is worth a look."""
    segments = path.strip("/").split("/", _DEEPEST)[:_DEEPEST]
    return [tuple(segments[:count]) for count in range(len(segments) + 1)]


def login_from(info: str, path: str) -> Login:
    # pip splits at the first colon and decodes each part afterwards, so that %3A and %40 can be part of either.
    user, colon, password = info.partition(":")
    raw = partial(unquote, errors="surrogateescape")
    return Login(raw(user), raw(password) if colon else None, path)
