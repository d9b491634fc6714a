"""The answer to "which index may answer for this name?", and by which rule."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.model.index import Index


class RoutingRule(enum.Enum):
    """Why a name goes to its index; the value is what reports and `check-config` say."""

    EXACT_CLAIM = "claimed by name"
    PREFIX_CLAIM = "claimed by pattern"
    DEFAULT = "unclaimed, answered by the default index"
    SOLE_SOURCE = "the only source there is"
    ONLY_OFFER = "offered by this source and absent from all others"
    SAME_FILES = "offered by several sources with the very same files"
    HASH = "files pinned by the user's hashes"
    DIRECT = "named directly by the user"
    INSTALLED = "already installed"


class Route(NamedTuple):
    """A name's index. `index` is None for DIRECT. `detail` is the claim's pattern as written."""

    name: str
    rule: RoutingRule
    index: Index | None  # type: ignore[assignment]  # it hides a tuple's method, which no one calls
    detail: str = ""


class Survey(NamedTuple):
    """No rule decides without asking: every one of `sources` has to be asked for the name."""

    name: str
    sources: tuple[Index, ...]


class Presence(enum.Enum):
    """What a source answered about a name."""

    PRESENT = "present"  # a valid page, even one without files
    ABSENT = "absent"  # 404, and nothing else
    UNKNOWN = "unknown"  # any failure


class Observation(NamedTuple):
    """A source's answer during a survey. `newest` is its newest version as text, for the message. `contents` is a
    fingerprint of all of its files (`same_files`), empty where no other source can have the same files."""

    index: Index  # type: ignore[assignment]  # as above
    presence: Presence
    newest: str = ""
    problem: str = ""
    contents: str = ""
