"""Fetches requirements and constraints files that are named by URL (`-r https://...`), as pip does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.disk.local_paths import local_path
from safepip.edges.disk.reading import LARGEST_TEXT, read_regular
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.urls import UrlError, is_file_url, stays_encrypted

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.edges.network.http import Transport
    from safepip.edges.network.loop import Loop

_SIGN_IN = "put a user name and password for its host into netrc or the keyring"
_HELP = {
    401: _SIGN_IN,
    403: _SIGN_IN,
    404: "check the URL",
    407: "put the proxy's credentials into its URL, which --proxy or the variables http_proxy and https_proxy name",
}


def fetch_text(loop: Loop, transport: Callable[[], Transport], url: str) -> tuple[str, bytes]:
    """The final URL and the body. Redirects are followed as pip follows them, but never from https to http.

    A digest in the URL's fragment has to match. Raises `Unavailable` (`requirements-unreachable`) and `Refused`
    (`digest-mismatch`).
    """
    found, body = _fetched(loop, transport, url)
    _check_fragment(url, body)
    return found, body


def _fetched(loop: Loop, transport: Callable[[], Transport], url: str) -> tuple[str, bytes]:
    if is_file_url(url):
        return url, _read(url)
    from safepip.edges.network.limits import HttpError

    try:
        answer = loop.run(transport().get(url, limit=LARGEST_TEXT, allowed=stays_encrypted(url)))
    except HttpError as error:
        raise _unreachable(url, str(error), error.help) from None
    if answer.status != 200:
        raise _unreachable(url, f"status {answer.status}", _HELP.get(answer.status, ""))
    return answer.url, answer.body


def _check_fragment(url: str, body: bytes) -> None:
    fragment = url.partition("#")[2]
    if not fragment:
        return
    import hashlib

    from safepip.index.entries import BadEntry, fragment_digests

    try:
        stated = [digest for kind in fragment_digests(fragment) for digest in kind]
    except BadEntry as error:
        raise _mismatch(url, [str(error)]) from None
    has = {it.algorithm: hashlib.new(it.algorithm, body, usedforsecurity=False).hexdigest() for it in stated}
    if any(has[digest.algorithm] != digest.hex for digest in stated):
        lines = [f"the URL says  {digest}" for digest in stated]
        raise _mismatch(url, [*lines, *(f"the file has  {algorithm}:{value}" for algorithm, value in has.items())])


def _mismatch(url: str, lines: list[str]) -> Exception:
    return Refused.because(
        "digest-mismatch",
        f"the bytes of {printable(url.partition('#')[0])} do not match the expected digest",
        context=tuple(lines),
        hint="look at what changed in the file before you update the digest in its URL",
    )


def _read(url: str) -> bytes:
    try:
        return read_regular(local_path(url))
    except OSError as error:
        raise _unreachable(url, error.strerror or str(error)) from None
    except UrlError as error:
        raise _unreachable(url, str(error)) from None


def _unreachable(url: str, reason: str, hint: str = "") -> Exception:
    return Unavailable.because(
        "requirements-unreachable",
        "a requirements or constraints file could not be fetched",
        context=(f"{printable(url)}: {printable(reason)}",),
        hint=hint,
    )
