"""An index: who answers for names, and the URL it answers at. Neither can hold a credential."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from safepip.model.origin import BUILT_IN, Origin

_DEFAULT_PORTS = {"http": 80, "https": 443}
_DOT_SEGMENT = re.compile(r"(^|/)\.\.?(/|$)")


class UrlError(ValueError):
    """A URL that safepip will not use. The message never repeats the URL's user information."""


class IndexUrl(NamedTuple):
    """The root of an index: scheme, host, port and path, and nothing that could be a secret.

    User information, a query and a fragment are refused by `parse`: credentials belong to
    `safepip.edges.credentials`, and the Simple API (PEP 503) has no use for the other two.
    `path` always ends with a slash. For a `file` URL `host` is empty and `port` is None.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, text: str) -> IndexUrl:
        """Read `https://host[:port]/path/`, `http://...` or `file:///path/`. Raises `UrlError`."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise UrlError("not a URL: its host or port cannot be read") from None
        scheme = parts.scheme.lower()
        if scheme not in ("http", "https", "file"):
            raise UrlError("an index URL begins with https:, http: or file:")
        if "@" in parts.netloc:
            raise UrlError("an index URL must not contain a user name or password")
        if parts.query or parts.fragment:
            raise UrlError("an index URL has no query (?) and no fragment (#)")
        host = (parts.hostname or "").lower()
        if scheme == "file":
            if host not in ("", "localhost"):
                raise UrlError("a file: URL names a file of this machine")
            host, port = "", None
        elif not host:
            raise UrlError("the URL has no host")
        if any(ord(char) <= 32 or ord(char) == 127 for char in text):
            raise UrlError("a URL has no white space and no control characters")
        if _DOT_SEGMENT.search(unquote(parts.path)):
            raise UrlError("an index URL has no . or .. in its path")
        if port == _DEFAULT_PORTS.get(scheme):
            port = None
        return cls(scheme, host, port, parts.path.rstrip("/") + "/")

    @property
    def netloc(self) -> str:
        """`host` or `host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`: what a credential belongs to and may never leave."""
        return f"{self.scheme}://{self.netloc}"

    def __str__(self) -> str:
        return urlunsplit((self.scheme, self.netloc, self.path, "", ""))

    def page(self, name: str) -> str:
        """The URL of a project's page, PEP 503: the root, the normalised name, a slash."""
        return f"{self}{name}/"

    def contains(self, url: str) -> bool:
        """Whether `url` lies within this index: same scheme, host and port, and under its path.

        A path with dot segments, encoded or not, is never within: whoever resolves it may leave.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        scheme = parts.scheme.lower()
        if port == _DEFAULT_PORTS.get(scheme):
            port = None
        return (
            (scheme, (parts.hostname or "").lower(), port) == (self.scheme, self.host, self.port)
            and parts.path.startswith(self.path)
            and not _DOT_SEGMENT.search(unquote(parts.path))
        )


class IndexKind(enum.Enum):
    """How a source is asked for a name."""

    SIMPLE = "simple"  # the Simple API: one page a project (PEP 503, PEP 691)
    FIND_LINKS = "find-links"  # one folder, page or archive that lists files of any project


class Hashes(enum.Enum):
    """Whether a file of an index needs a strong digest from it (or from the user) to be admitted."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Index:
    """A source of distributions, as declared somewhere.

    `name` is unique within a run and is what messages and locks say. `packages` are the names and
    patterns it owns, as written; routing normalises them. `file_hosts` are `host` or `host:port`
    values its files may come from beside its own. `mirror_of` names the index it stands for.
    """

    name: str
    url: IndexUrl
    kind: IndexKind = IndexKind.SIMPLE
    packages: tuple[str, ...] = ()
    default: bool = False
    file_hosts: tuple[str, ...] = ()
    hashes: Hashes = Hashes.REQUIRED
    mirror_of: str | None = None
    origin: Origin = field(default=BUILT_IN, compare=False)
    claim_origins: tuple[Origin, ...] = field(default=(), compare=False)
    """Where each of `packages` was written, in the same order; empty where they share `origin`."""
    location: str = field(default="", compare=False)
    """For FIND_LINKS: the page or folder exactly as it is asked for, without user information, where that
    is not `url` (whose path ends with a slash and which has no query)."""
