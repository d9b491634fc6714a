"""Servers of advisories, asked name by name: `POST /v1/query` of OSV's interface.

A question has a name and no version, so that the records come whole and are matched here, and the server does not learn
which versions there are. Which names it may be asked for is decided by the caller. An answer counts if all of its pages
came and have the form of the interface; else the project is not verified.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safepip.advisories.osv import RecordReading, read_record
from safepip.advisories.plain_json import NotPlain, read_json
from safepip.model.advisories import Unreadable
from safepip.model.finding import printable
from safepip.model.urls import stays_encrypted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from safepip.edges.network.http import Transport
    from safepip.edges.network.loop import Loop

#: All pages of an answer together, in bytes.
_LARGEST_ANSWER = 64 << 20
_MOST_PAGES = 100


class _NoAnswer(Exception):
    """A server did not answer a question; the text says why."""


def ask_server(
    loop: Loop, transport: Callable[[], Transport], url: str, names: Collection[str], now: float
) -> dict[str, list[RecordReading]]:
    """What came of the records that a server has of each project, `now` in seconds since the epoch. A question without
    an answer makes its project unreadable."""
    if not names:
        return {}
    return loop.run(_ask_all(transport(), url, sorted(names), now))


async def _ask_all(transport: Transport, url: str, names: list[str], now: float) -> dict[str, list[RecordReading]]:
    import asyncio

    answers = await asyncio.gather(*(_ask(transport, url, name, now) for name in names))
    return dict(zip(names, answers, strict=True))


async def _ask(transport: Transport, url: str, name: str, now: float) -> list[RecordReading]:
    readings, token, left = [], "", _LARGEST_ANSWER
    try:
        for _ in range(_MOST_PAGES):
            page, size = await _page(transport, url, name, token, left)
            left -= size
            readings += [read_record(data, f"a record of {name}", now) for data in page.get("vulns", [])]
            token = page.get("next_page_token", "")
            if not token:
                return readings
        raise _NoAnswer("its answer has no end")  # noqa: TRY301 - one way out for all that is no answer
    except _NoAnswer as problem:
        return [RecordReading(None, 0.0, {name: Unreadable("", f"the answer for {name} cannot be read: {problem}")})]


async def _page(transport: Transport, url: str, name: str, token: str, limit: int) -> tuple[dict[str, Any], int]:
    """One page, and how many bytes it has."""
    from safepip.edges.network.limits import HttpError

    question: dict[str, Any] = {"package": {"name": name, "ecosystem": "PyPI"}}
    if token:
        question["page_token"] = token
    place = f"{url.rstrip('/')}/v1/query"
    try:
        answer = await transport.ask(
            place,
            json.dumps(question).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            limit=limit,
            allowed=stays_encrypted(place),
        )
        if answer.status != 200:
            raise _NoAnswer(f"the server answers {answer.status}")
        page = read_json(answer.body)
    except HttpError as error:
        raise _NoAnswer(printable(str(error))) from None
    except NotPlain as problem:
        raise _NoAnswer(str(problem)) from None
    # What knows nothing of a project answers with an empty object. One with other keys alone is an answer to something
    # else, such as the error of a proxy.
    if isinstance(page, dict) and (not page or not page.keys().isdisjoint(("vulns", "next_page_token"))):
        parts = page.get("vulns", []), page.get("next_page_token", "")
        if isinstance(parts[0], list) and isinstance(parts[1], str):
            return page, len(answer.body)
    raise _NoAnswer("it is not an answer of this interface")
