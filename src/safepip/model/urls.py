"""The one reading of a URL: what counts as one, its parts, the host it names, and the path that a `file:` URL names.

What counts as a URL: a text that begins with a scheme (RFC 3986, 3.1) and a colon, or that has `://` in it. It is never
tried as a path, whatever lies on the disk. One letter and a colon is a drive of Windows on every platform, since no
scheme in use has one letter. A path whose first part has a colon is written with `./` before it (RFC 3986, 4.2).

`urllib.parse` alone decides what a URL's parts are: where two parsers disagree about one URL, a check passes for one
host and the request goes to another. What `urllib.parse` would repair silently (control characters that it drops) or
leave open (a host with characters that no host has) is refused.

Everything that cannot be read is a `UrlError`, never a `ValueError`. Its message never repeats any part of the text,
which may hold a password, or the value of a variable.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    class Located(Protocol):
        """What names a place in the network: a scheme in lower case, a host, a port (None: the scheme's own)."""

        @property
        def scheme(self) -> str: ...
        @property
        def host(self) -> str: ...
        @property
        def port(self) -> int | None: ...


DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")
_DRIVE_IN_URL = r"/+([A-Za-z])[:|](?=/|\Z)"
# A host as RFC 3986, 3.2.2 has it, without percent-encoding and sub-delimiters, which no host in use has.
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._~-]*[a-z0-9._])?|[0-9a-f:.]+(?:%[a-z0-9._~-]+)?")
_WRITTEN_HOST = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?\Z"
_ACCOUNT = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_UNQUOTED = "%/:=&?~#+!$,;'@()*[]"


class UrlError(Exception):
    """A text that is not a URL, or a URL that safepip will not use. The message repeats no part of it."""


class Url(NamedTuple):
    """A URL taken apart.

    `scheme` and `host` are in lower case, the host in ASCII (IDNA) and an IPv6 address in its shortest form and without
    brackets. `port` is None for the scheme's default. `path`, `query` and `fragment` are as written. User information
    is not kept; `has_user_info` says that there was an `@` before the host.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str = ""
    fragment: str = ""
    has_user_info: bool = False

    @property
    def netloc(self) -> str:
        """`host` or `host:port`, an IPv6 address in brackets."""
        return netloc_of(self)

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`: what a credential belongs to and may never leave."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def filename(self) -> str:
        """The last segment of the path, decoded; empty where that is not one segment of a path on every platform."""
        name = unquote(self.path.rstrip("/").rpartition("/")[2])
        return "" if any(char in name for char in "/\\\0") else name

    @property
    def has_dot_segments(self) -> bool:
        """Whether the path, decoded, has `.` or `..` in it: a server that resolves them may end up elsewhere. Some take
        parameters off before they do (`..;x=1`; RFC 3986, 3.3)."""
        segments = unquote(self.path).replace("\\", "/").split("/")
        return not {".", ".."}.isdisjoint(segment.partition(";")[0] for segment in segments)

    def without_query(self) -> str:
        """The text of the URL without user information, query and fragment."""
        # Without a host the slashes may be left out, but for `file:///` and where the path begins like a host.
        bare = not self.host and not self.path.startswith("/" if self.scheme == "file" else "//")
        return f"{self.scheme}:{'' if bare else '//'}{self.netloc}{self.path}"

    def __str__(self) -> str:
        """The text of the URL without user information."""
        query = f"?{self.query}" if self.query else ""
        return self.without_query() + query + (f"#{self.fragment}" if self.fragment else "")


# --- URL or path -----------------------------------------------------------------------------------------------


def scheme_of(text: str) -> str:
    """The scheme that `text` begins with, in lower case; empty where there is none.

    Blanks before it, and characters that do not show, count as not there: no reader sees them, and `urllib` drops some.
    """
    head, colon, _ = text.partition(":")
    if not head.isascii() or not head.isprintable() or head[:1] == " ":
        head = "".join(char for char in head if char.isprintable()).lstrip()
    found = _SCHEME.fullmatch(head + colon)
    return "" if found is None else found[1].lower()


def is_url(text: str) -> bool:
    """Whether `text` is a URL, well-formed or not, and so never a path."""
    if scheme_of(text):
        return True
    drive = _DRIVE.match(text)
    return "://" in text[drive.end() if drive else 0 :]


def as_path(path: str) -> str:
    """A relative path as it is written where a URL may stand, too (RFC 3986, 4.2)."""
    return f"./{path}" if is_url(path) else path


def is_web(text: str) -> bool:
    """Whether `text` is a URL that is fetched over a network."""
    return scheme_of(text) in DEFAULT_PORTS


def is_file_url(text: str) -> bool:
    """Whether `text` is a `file:` URL."""
    return scheme_of(text) == "file"


# --- reading -----------------------------------------------------------------------------------------------------


def parse(text: str) -> Url:
    """Take a URL of any scheme apart. Raises `UrlError`.

    An http(s) URL has a host. A `file:` URL names a file of this machine: its host is empty or `localhost`.
    """
    parts = _split(text)
    scheme = parts.scheme
    if not scheme or not scheme_of(text):
        raise UrlError("it has no scheme such as https:")
    if "%00" in parts.path:
        raise UrlError("a URL has no zero byte in its path")
    # What has a user name in it is not kept.
    host, port = (_authority.__wrapped__ if "@" in parts.netloc else _authority)(parts.netloc)
    if scheme == "file":
        if parts.netloc.lower() not in ("", "localhost"):
            raise UrlError("a file: URL names a file of this machine")
        host, port = "", None
    elif not host and (scheme in DEFAULT_PORTS or parts.netloc):
        raise UrlError("the URL has no host")
    if port is not None and port == _default_port(scheme):
        port = None
    return Url(scheme, host, port, parts.path, parts.query, parts.fragment, "@" in parts.netloc)


def is_account(scheme: str, user_info: str) -> bool:
    """Whether what stands before the `@` of a URL of this scheme names an account, and is no secret.

    Over ssh it does: all users of a service may share one, such as `git`, and sign in by their keys.
    """
    return scheme.rpartition("+")[2] in ("ssh", "sftp") and re.fullmatch(_ACCOUNT, user_info) is not None


def origin_of(text: str) -> str | None:
    """`scheme://host[:port]` of a URL, for `git+https:` and the like that of `https:`; None where there is no host."""
    try:
        url = parse(text)
    except UrlError:
        return None
    return url._replace(scheme=url.scheme.rpartition("+")[2]).origin if url.host else None


def join(base: str, target: str) -> str:
    """What `target`, written on the page or in the file at `base`, leads to (RFC 3986, 5). Raises `UrlError`."""
    try:
        return urljoin(base, target)
    except ValueError:
        raise UrlError("its host or port cannot be read") from None


def in_ascii(text: str) -> str:
    """A URL as it goes over the wire: the host by IDNA, what else is not ASCII percent-encoded. Raises `UrlError`."""
    parts = _split(text)
    host = parts.netloc if parts.netloc.isascii() else netloc_of(parse(text))
    try:
        path, query = quote(parts.path, safe=_UNQUOTED), quote(parts.query, safe=_UNQUOTED)
    except UnicodeError:
        raise UrlError("it has characters that no URL can have") from None
    return urlunsplit((parts.scheme, host, path, query, quote(parts.fragment, safe=_UNQUOTED)))


def netloc_of(place: Located) -> str:
    """`host` or `host:port`, an IPv6 address in brackets."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return host if place.port is None else f"{host}:{place.port}"


def port_of(place: Located) -> int | None:
    """The port to connect to; None where neither the URL nor its scheme gives one."""
    return place.port if place.port is not None else _default_port(place.scheme)


def is_plain(text: str) -> bool:
    """Whether a shell takes a URL as it stands, so that it may be pasted out of a hint whatever its author meant."""
    return re.fullmatch(r"(?:[A-Za-z0-9._~:/@+=,#-]|%[0-9A-Fa-f]{2})+", text) is not None


def shown(text: str) -> str:
    """A text that may be a wrong URL, for a message: without what could be a secret in it."""
    scheme, slashes, rest = text.partition("://")
    if not slashes:
        scheme, rest = "", text
    head, at, tail = re.split(r"[?#]", rest, maxsplit=1)[0].rpartition("@")
    return f"{scheme}{slashes}{'****@' if at and (slashes or ':' in head) else head + at}{tail}"


def without_user_info(text: str, may_stay: Callable[[str], bool]) -> str:
    """The URL without what stands before its host, unless that may stay; everything else is as it was."""
    parts = _split(text)
    login, at, host = parts.netloc.rpartition("@")
    return text if not at or may_stay(login) else parts._replace(netloc=host).geturl()


def _split(text: str) -> SplitResult:
    if _CONTROL.search(text):
        raise UrlError("a URL has no control characters")
    if text[:1].isspace():
        raise UrlError("a URL has no white space before it")
    try:
        return urlsplit(text)
    except ValueError:
        # The reason that `urllib` gives repeats host and port.
        raise UrlError("its host or port cannot be read") from None


@lru_cache(maxsize=64)
def _authority(netloc: str) -> tuple[str, int | None]:
    """Host and port of what stands between the slashes; a page names the same ones thousands of times."""
    parts = SplitResult("", netloc, "", "", "")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlError("its host or port cannot be read") from None
    try:
        if ":" in host and "%" not in host:
            from ipaddress import ip_address

            host = str(ip_address(host))
        elif not host.isascii():
            host = host.encode("idna").decode("ascii").lower()
    except ValueError:
        raise UrlError("its host cannot be read") from None
    # What stands in brackets is an address; without a colon it would be taken for a name elsewhere.
    if host and (not _HOST.fullmatch(host) or ("[" in netloc and ":" not in host)):
        raise UrlError("its host cannot be read")
    return host, port


def _default_port(scheme: str) -> int | None:
    return DEFAULT_PORTS.get(scheme.rpartition("+")[2])


# --- files -------------------------------------------------------------------------------------------------------


def file_url(path: str) -> str:
    """The `file:` URL of an absolute path of POSIX or Windows (RFC 8089, appendix E); bytes beyond UTF-8 are kept."""
    if path.startswith("/"):
        return "file://" + quote(path, errors="surrogateescape")
    path = path.replace("\\", "/")
    # //server/share has its own slashes; C:/folder wants one, and its colon stays as it is.
    drive, rest = ("", path) if path.startswith("/") else (f"/{path[:2]}", path[2:])
    return f"file://{drive}{quote(rest, errors='surrogateescape')}"


def file_path(text: str, *, windows: bool) -> str:
    """The path that a `file:` URL names on a machine of this kind. Raises `UrlError`, also for another machine's."""
    url = parse(text)
    if url.scheme != "file":
        raise UrlError("it is not a file: URL")
    path = unquote(url.path, errors="surrogateescape")
    if not windows:
        return path
    return re.sub(_DRIVE_IN_URL, r"\1:", path, count=1).replace("/", "\\")


def segment(name: str) -> str:
    """A file's name as one segment of a URL's path; bytes beyond UTF-8 are kept."""
    return quote(name, safe="", errors="surrogateescape")


# --- hosts -------------------------------------------------------------------------------------------------------


class Host(NamedTuple):
    """A host as people write it. `port` None stands for every port, as in pip; an IPv6 address has no brackets."""

    name: str
    port: int | None

    def covers(self, place: Located) -> bool:
        """Whether a URL goes to this host."""
        return self.name == place.host and self.port in (None, port_of(place))


def read_host(text: str) -> Host | None:
    """Read `host`, `host:port` or `[address]:port`, as in `--trusted-host` and `file-hosts`; None for anything else."""
    found = re.match(_WRITTEN_HOST, text)
    if not found:
        return None
    port = None if found["port"] is None else int(found["port"])
    if port is not None and not 0 < port < 65536:
        return None
    name = found["host"].strip("[]").lower()
    if ":" in name:
        from ipaddress import ip_address

        try:
            name = str(ip_address(name))
        except ValueError:
            return None
    return Host(name, port)


def covered(place: Located, hosts: Iterable[str]) -> bool:
    """Whether one of `hosts`, as people write them, is the place's, with its port or without one."""
    return any(host.covers(place) for host in map(read_host, hosts) if host is not None)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1, as pip's list of secure origins has it."""
    if host == "localhost":
        return True
    if not host[:1].isdigit() and ":" not in host:
        return False
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_near(place: Located, trusted: Iterable[str]) -> bool:
    """Whether a place is this machine or a host that the user trusts: where plain http counts as https does."""
    return is_loopback(place.host) or covered(place, trusted)


def stays_encrypted(start: str) -> Callable[[str], bool]:
    """Whether a redirect of a request for `start` to a URL may be followed: a request over https stays on https."""
    return lambda url: scheme_of(start) != "https" or scheme_of(url) == "https"


def is_secure(place: Located, trusted: Iterable[str]) -> bool:
    """Plain http is for this machine and for trusted hosts (routing.md, "Where indexes may be named")."""
    return place.scheme != "http" or is_near(place, trusted)
