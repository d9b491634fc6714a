"""How the store identifies a source of files: by its place, not by its name.

A name is only valid within one configuration; two projects may give one name to different indexes. What came from a
host whose certificate is not checked (`--trusted-host`) may come from an attacker: it counts as delivered only while
the host is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.urls import read_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.model.index import Index


def sources(indexes: Iterable[Index], trusted_hosts: Sequence[str]) -> tuple[str, ...]:
    """The identities of these indexes; the first one of an index is that under which it delivers in this run."""
    places = [read_host(host) for host in trusted_hosts]
    found: list[str] = []
    for index in indexes:
        proven = f"{index.kind.value} {index.location or index.url}"
        if any(place is None or place.covers(index.url) for place in places):
            found.append(f"unproven {proven}")
        found.append(proven)
    return tuple(found)


def direct_source(url: str) -> tuple[str, ...]:
    """The identity of a URL that names a wheel itself; without its query, which may be a signature or a secret."""
    return (f"direct {url.partition('#')[0].partition('?')[0]}",)
