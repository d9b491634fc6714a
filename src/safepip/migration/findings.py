"""What was found in the files and variables of pip and other tools: indexes, names in use, and what each leaves open.

Nothing here says who owns a name. An `Assignment` is what another tool's file says of one name; it is shown beside the
question and never taken for the answer, because it holds for that tool alone and not for what a project requires in
turn.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.index import IndexUrl
from safepip.model.urls import UrlError

if TYPE_CHECKING:
    from safepip.model.origin import Origin


class Role(enum.Enum):
    """Which names the tool that names an index asks it for; the value is how the report says it."""

    DEFAULT = "asked for every name, in the place of pip's default index"
    EXTRA = "asked for every name"
    EXPLICIT = "asked for names that are given to it, and no other"
    LOCKED = "named in a lock, and nowhere else"


class FoundIndex(NamedTuple):
    """An index as one place names it. `name` is what the tool calls it, empty where it gives none.

    `hidden` says that its credentials are values of variables in a requirements file: it must not be asked, because
    the author of the file decides where they would be sent.
    """

    url: IndexUrl
    role: Role
    origin: Origin
    name: str = ""
    hidden: bool = False


class Assignment(NamedTuple):
    """A tool's file gives a name, or with `-*` at its end a pattern, to an index, in so far as that tool goes."""

    pattern: str
    source: IndexUrl
    origin: Origin


class Findings(NamedTuple):
    """What one tool, or all of them together, say. `names` are normalised, each with the first place that uses it.

    `notes` are sentences on what a tool's file does not say. `default_too` says that the tool asks pip's default index
    beside the indexes that it names, `no_index` that it is told to ask no index (pip's `--no-index`).
    """

    indexes: tuple[FoundIndex, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    names: tuple[tuple[str, Origin], ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    default_too: bool = False
    no_index: bool = False


def together(findings: list[Findings]) -> Findings:
    """All of them as one, in their order."""
    first: dict[str, Origin] = {}
    for found in findings:
        for name, origin in found.names:
            first.setdefault(name, origin)
    return Findings(
        tuple(index for found in findings for index in found.indexes),
        tuple(assignment for found in findings for assignment in found.assignments),
        tuple(sorted(first.items())),
        tuple(dict.fromkeys(host for found in findings for host in found.trusted_hosts)),
        tuple(dict.fromkeys(note for found in findings for note in found.notes)),
        any(found.default_too for found in findings),
        any(found.no_index for found in findings),
    )


def index_url(value: object) -> IndexUrl | None:
    """The URL in a tool's file, its user information already taken out; None for what is not an index on a network."""
    if not isinstance(value, str) or "${" in value:
        return None
    try:
        url = IndexUrl.parse(value)
    except UrlError:
        return None
    return url if url.scheme != "file" else None
