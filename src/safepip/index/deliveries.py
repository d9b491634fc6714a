"""By what a source of files is known to the store: where it is, not what it is called.

A name is a configuration's own; two projects may call different indexes by one. What came from a host whose
certificate nobody checks (`--trusted-host`) may be anybody's: it counts as delivered only while the host is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.urls import read_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.model.index import Index


def sources(indexes: Iterable[Index], trusted_hosts: Sequence[str]) -> tuple[str, ...]:
    """As whom these indexes are known; of an index the first is as whom it delivers in this run."""
    places = [read_host(host) for host in trusted_hosts]
    found: list[str] = []
    for index in indexes:
        proven = f"{index.kind.value} {index.location or index.url}"
        if any(place is None or place.covers(index.url) for place in places):
            found.append(f"unproven {proven}")
        found.append(proven)
    return tuple(found)


def direct_source(url: str) -> tuple[str, ...]:
    """As whom a URL is known that names a wheel itself; without its query, which may be a signature or a secret."""
    return (f"direct {url.partition('#')[0].partition('?')[0]}",)
