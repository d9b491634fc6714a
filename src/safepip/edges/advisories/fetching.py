"""Archives of advisories that lie on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.advisories.records import LARGEST_ARCHIVE, unreadable
from safepip.model.urls import stays_encrypted

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.edges.network.http import Transport
    from safepip.edges.network.loop import Loop


def fetch_archive(loop: Loop, transport: Callable[[], Transport], url: str) -> bytes:
    """The archive at a URL. Redirects are followed, but never from https to http. Raises `Unavailable`
    (`advisories-unreadable`)."""
    from safepip.edges.network.limits import HttpError

    try:
        answer = loop.run(transport().get(url, limit=LARGEST_ARCHIVE, allowed=stays_encrypted(url)))
    except HttpError as error:
        raise unreadable(url, str(error), error.help) from None
    if answer.status != 200:
        raise unreadable(url, f"the server answers {answer.status}", "check the URL")
    return answer.body
