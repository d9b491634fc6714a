"""An index: a source that answers for names, and the URL at which it answers. Neither can hold a credential."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.urls import UrlError, netloc_of, parse


class IndexUrl(NamedTuple):
    """The root of an index: scheme, host, port and path, and nothing that could be a secret.

    User information, a query and a fragment are refused by `parse`: credentials belong to
    `safepip.edges.network.credentials`, and the Simple API (PEP 503) has no use for the other two.
    `path` always ends with a slash. For a `file` URL `host` is empty and `port` is None.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, text: str) -> IndexUrl:
        """Read `https://host[:port]/path/`, `http://...` or `file:///path/`. Raises `UrlError`."""
        url = parse(text)
        if url.scheme not in ("http", "https", "file"):
            raise UrlError("an index URL begins with https:, http: or file:")
        if url.has_user_info:
            raise UrlError("an index URL must not contain a user name or password")
        if url.query or url.fragment:
            raise UrlError("an index URL has no query (?) and no fragment (#)")
        if any(char <= " " for char in text):
            raise UrlError("a URL has no white space; a blank in its path is written %20")
        if url.has_dot_segments:
            raise UrlError("an index URL has no . or .. in its path")
        if url.scheme == "file" and not url.path.startswith("/"):
            raise UrlError("a file: URL of an index has an absolute path, as in file:///home/me/index/")
        return cls(url.scheme, url.host, url.port, url.path.rstrip("/") + "/")

    @property
    def netloc(self) -> str:
        """`host` or `host:port`, an IPv6 address in brackets."""
        return netloc_of(self)

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`: what a credential belongs to and may never leave."""
        return f"{self.scheme}://{self.netloc}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    def page(self, name: str) -> str:
        """The URL of a project's page, PEP 503: the root, the normalised name, a slash."""
        return f"{self}{name}/"

    def contains(self, url: str) -> bool:
        """Whether `url` lies within this index: same scheme, host and port, and under its path.

        A path with dot segments, encoded or not, is never within: a server that resolves them may end up outside.
        """
        try:
            other = parse(url)
        except UrlError:
            return False
        return (
            other[:3] == self[:3]
            and other.path.startswith(self.path)
            and not (other.has_user_info or other.has_dot_segments)
        )


def declarable(name: str) -> str:
    """The name of a source that was named after its host, changed into one that a configuration may give an index."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip(".-") or "index"


class IndexKind(enum.Enum):
    """How a source is asked for a name."""

    SIMPLE = "simple"  # the Simple API: one page a project (PEP 503, PEP 691)
    FIND_LINKS = "find-links"  # one folder, page or archive that lists files of any project


class Hashes(enum.Enum):
    """Whether a file of an index needs a strong digest from it (or from the user) to be admitted."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Index(NamedTuple):
    """A source of distributions, as declared somewhere.

    `name` is unique within a run and is what messages and locks say. `packages` are the names and
    patterns it owns, as written; routing normalises them. `file_hosts` are `host` or `host:port`
    values its files may come from beside its own. `mirror_of` names the index that it mirrors. Compared by
    these, wherever they are written.
    """

    name: str
    url: IndexUrl
    kind: IndexKind = IndexKind.SIMPLE
    packages: tuple[str, ...] = ()
    default: bool = False
    file_hosts: tuple[str, ...] = ()
    hashes: Hashes = Hashes.REQUIRED
    mirror_of: str | None = None
    origin: Origin = BUILT_IN
    claim_origins: tuple[Origin, ...] = ()
    """Where each of `packages` was written, in the same order; empty where they share `origin`."""
    location: str = ""
    """For FIND_LINKS: the page or folder exactly as it is asked for, without user information, where that
    is not `url` (whose path ends with a slash and which has no query), and with a digest in its fragment."""

    @property
    def declared(self) -> bool:
        """Whether safepip's configuration declares it, so that its name is its own and not that of its host."""
        return self.origin.source in (Source.PROJECT_CONFIG, Source.USER_POLICY, Source.MACHINE_POLICY)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Index) and self[:8] == other[:8]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:8])
