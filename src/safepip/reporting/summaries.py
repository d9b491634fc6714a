"""Lines that sum up: where a run looks, what it has held back, and what it has installed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safepip.model.finding import HeldBack
from safepip.model.index import IndexKind, IndexUrl
from safepip.model.origin import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.index import Index

#: How many versions the line names that are held back.
_SHOWN = 6


def looking_in(indexes: Sequence[Index], default: str) -> Iterator[str]:
    """pip's lines `Looking in indexes` and `Looking in links`; the first is left out where there is its `default` index
    alone. No URL of an index can hold a credential."""
    simple = [index for index in indexes if index.kind is IndexKind.SIMPLE]
    if any(index.url != IndexUrl.parse(default) for index in simple):
        yield "Looking in indexes: " + ", ".join(str(index.url) for index in simple)
    links = [index for index in indexes if index.kind is IndexKind.FIND_LINKS]
    if links:
        yield "Looking in links: " + ", ".join(index.location or str(index.url) for index in links)


def held_back(notices: Iterable[str]) -> tuple[str, list[str]]:
    """One line for all versions that are held back for their age, and the notices that it takes the place of. Both are
    empty where there is one such version or none: its own notice says more."""
    each = [notice for notice in notices if isinstance(notice, HeldBack)]
    if len(each) < 2:
        return "", []
    names = list(dict.fromkeys(notice.what for notice in each))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    line = f"held back for their age, so that older versions are taken: {', '.join(names[:_SHOWN])}{more}"
    return f"{line}; -v says for how long", list(each)


def installed(wheels: Sequence[ClearedWheel], seconds: float) -> str:
    """How many distributions were installed, from where, and how long the run took."""
    count, sources = len(wheels), Counter(map(_source, wheels))
    which = "1 distribution" if count == 1 else f"{count} distributions"
    if len(sources) == 1:
        return f"Installed {which} from {next(iter(sources))}, every file verified, in {seconds:.1f} s"
    from_where = ", ".join(f"{number} from {source}" for source, number in sources.most_common())
    return f"Installed {which}, every file verified, in {seconds:.1f} s: {from_where}"


def _source(wheel: ClearedWheel) -> str:
    if wheel.pin.built_from is not None:
        return "source code that you name"
    index = wheel.pin.route.index
    if index is None:
        return "URLs that you name"
    # Its name in messages and locks is `default`, which as the end of a sentence says nothing.
    return "pip's default index" if index.origin == BUILT_IN and index.name == "default" else index.name
