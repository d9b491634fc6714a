"""What was found in the files and variables of pip and other tools: indexes, names in use, and what each leaves open.

Nothing here says who owns a name. An `Assignment` is what another tool's file says of one name; it is shown beside the
question and never taken for the answer, because it holds for that tool alone and not for what a project requires in
turn.

A place that names a source gives a `FoundIndex` or an `UnreadSource`, never nothing: what an index has that is
not taken over is not known, so no name may be left to another one in silence (`Proposal.unread`).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.index import IndexUrl
from safepip.model.urls import UrlError, is_url

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class UnreadSource(NamedTuple):
    """A source that a place names and that is not taken over. `what` says what it is, and repeats nothing of its URL,
    which may hold a secret. `role` is the one that it would have."""

    what: str
    role: Role
    origin: Origin

    def __str__(self) -> str:
        return f"{self.origin}: {self.what}"


FoundSource = FoundIndex | UnreadSource

LINKS = "find-links or a flat index, which cannot own names; serve it as an index"


class Assignment(NamedTuple):
    """A tool's file gives a name, or with `-*` at its end a pattern, to an index, in so far as that tool goes."""

    pattern: str
    source: IndexUrl
    origin: Origin


class Findings(NamedTuple):
    """What one tool, or all of them together, say. `names` are normalised, each with the first place that uses it.

    `sources` has an item for each source that is named. `trusted_hosts` are those that the user's own configuration and
    command line trust, `requested_trust` those that a file of the project wants to have trusted, which is not done.
    `notes` are sentences on what a tool's file does not say. `default_too` says that the tool asks pip's default index
    beside the indexes that it names, `no_index` that it is told to ask no index (pip's `--no-index`). `tool` is given
    where one tool is told its indexes in several places: what one of them puts in the place of pip's default index is
    there for all of them. `stored` are those of the places that are not the project's own, and where one of them says
    so (`ignores_stored`), the tool asks the project's sources alone.
    """

    sources: tuple[FoundSource, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    names: tuple[tuple[str, Origin], ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    requested_trust: tuple[tuple[str, Origin], ...] = ()
    notes: tuple[str, ...] = ()
    default_too: bool = False
    no_index: bool = False
    tool: str = ""
    stored: bool = False
    ignores_stored: bool = False

    @property
    def indexes(self) -> tuple[FoundIndex, ...]:
        """The sources that are taken over."""
        return tuple(source for source in self.sources if isinstance(source, FoundIndex))

    @property
    def unread(self) -> tuple[UnreadSource, ...]:
        """The sources that are not, each place once."""
        return tuple(dict.fromkeys(source for source in self.sources if isinstance(source, UnreadSource)))

    @property
    def replaces_default(self) -> bool:
        """Whether a source is asked in the place of pip's default index, also one that is not taken over."""
        return any(source.role is Role.DEFAULT for source in self.sources)


def by_name(named: Iterable[tuple[str, FoundSource]]) -> dict[str, FoundSource | None]:
    """The source of each name; None where several have it, and each may be meant."""
    result: dict[str, FoundSource | None] = {}
    for name, source in named:
        if name:
            before = result.setdefault(name, source)
            same = isinstance(before, FoundIndex) and isinstance(source, FoundIndex) and before.url == source.url
            if before is not source and not same:
                result[name] = None
    return result


def not_described(what: str, name: str, role: Role, place: Origin, *, several: bool) -> UnreadSource:
    """What a tool's file names as the source of a project, and describes in no table or in `several`."""
    how = "several tables describe in different ways" if several else "no table describes"
    return UnreadSource(f"the {what} of {name}, which {how}", role, place)


def together(findings: list[Findings]) -> Findings:
    """All of them as one, in their order."""
    ignoring = {found.tool for found in findings if found.ignores_stored}
    findings = [found for found in findings if not (found.stored and found.tool in ignoring)]
    first: dict[str, Origin] = {}
    for found in findings:
        for name, origin in found.names:
            first.setdefault(name, origin)
    replaced = {found.tool for found in findings if found.tool and found.replaces_default}
    return Findings(
        tuple(source for found in findings for source in found.sources),
        tuple(assignment for found in findings for assignment in found.assignments),
        tuple(sorted(first.items())),
        tuple(dict.fromkeys(host for found in findings for host in found.trusted_hosts)),
        tuple(dict.fromkeys(asked for found in findings for asked in found.requested_trust)),
        tuple(dict.fromkeys(note for found in findings for note in found.notes)),
        any(found.default_too and found.tool not in replaced | ignoring for found in findings),
        any(found.no_index or (found.tool in ignoring and found.sources) for found in findings),
    )


def read_source(value: object, role: Role, origin: Origin, name: str = "", *, folders: bool = False) -> FoundSource:
    """What a file states as the URL of an index, its user information already taken out. `folders` says that a `file:`
    URL is an index to its tool, which is otherwise not certain."""
    if not isinstance(value, str):
        return UnreadSource("an index without a URL", role, origin)
    if "$" in value:
        return UnreadSource("an index whose URL has a variable in it", role, origin)
    if not is_url(value):
        return UnreadSource("an index that is a path", role, origin)
    try:
        url = IndexUrl.parse(value)
    except UrlError as problem:
        return UnreadSource(f"an index whose URL cannot be used: {problem}", role, origin)
    if url.scheme == "file" and not folders:
        return UnreadSource("an index that is a folder", role, origin)
    return FoundIndex(url, role, origin, name)
