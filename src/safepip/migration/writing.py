"""The text of the new `safepip.toml`: claims that a person has made, and a question for each name that is open.

A credential cannot stand in it, because an `IndexUrl` holds none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.config.own_variables import stem_of
from safepip.text.toml_writing import toml_string

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safepip.migration.findings import UnreadSource
    from safepip.migration.indexes import MigratedIndex
    from safepip.migration.ownership import GivenClaim, NameReport
    from safepip.model.origin import Origin

_HEAD = """\
# Made by `safepip init`. Which index owns a name is for a person to say: nothing here was guessed.
"""
_QUESTIONS = """\
    # Whose are these? Leave each name, without the question mark, with the index that owns it, and take it out of the
    # others. Until then this file is refused."""
_UNSEEN = """\
    # The search for what your requirements need in turn did not come to its end, so names may be missing here. Take the
    # question mark out when you know that there are none; `safepip init -o -`, with your options, searches again."""
_UNREAD = """    # These are named as well, and are not in this file, so it is not known which names they have:"""
_ANSWER_UNREAD = """    # Give each a table with its names, or do without it: then take the question mark out."""


class Proposal(NamedTuple):
    """What is to be written. `reports` are of all names; `unread` are the sources that are not among the indexes, so
    that no name is decided without a claim; `incomplete` says that the names which the requirements need in turn are
    not all known. `requested_trust` are hosts that a file of the project wants to have trusted."""

    indexes: tuple[MigratedIndex, ...]
    claims: tuple[GivenClaim, ...]
    reports: tuple[NameReport, ...]
    unread: tuple[UnreadSource, ...]
    trusted_hosts: tuple[str, ...] = ()
    requested_trust: tuple[tuple[str, Origin], ...] = ()
    incomplete: bool = False

    @property
    def default(self) -> str | None:
        """The name of the default index."""
        return next((index.name for index in self.indexes if index.default), None)

    @property
    def open_reports(self) -> tuple[NameReport, ...]:
        """The names that a person has to decide on."""
        return tuple(report for report in self.reports if report.is_open(self.default, all_read=not self.unread))

    @property
    def unsure(self) -> bool:
        """Whether names that are not known here could go to the default index although another one has them: once an
        index owns names, it is not asked for others."""
        return self.incomplete and any(self.owns_some(index) for index in self.indexes)

    def owns_some(self, index: MigratedIndex) -> bool:
        """Whether an index beside the default one owns names, or will when the questions are answered."""
        return not index.default and (self.has_claims(index) or bool(self.questions(index)))

    def has_claims(self, index: MigratedIndex) -> bool:
        """Whether a person has given names to it."""
        return any(claim.owner == index.name for claim in self.claims)

    @property
    def decided(self) -> bool:
        """Whether the file holds no question."""
        return not self.open_reports and not self.unsure and not self.unread

    def questions(self, index: MigratedIndex) -> list[str]:
        """The open names that an index may own."""
        return sorted(report.name for report in self.open_reports if index.name in report.suspects())

    def is_declared(self, index: MigratedIndex) -> bool:
        """Whether the index has a table. One that is asked only for names that are given to it has none without any:
        as a table without names it would be asked for every name."""
        return self._has_table(index) or self.asks_for_unread(index)

    def _has_table(self, index: MigratedIndex) -> bool:
        return index.default or index.for_all or bool(index.mirror_of) or self.owns_some(index)

    def asks_for_unread(self, index: MigratedIndex) -> bool:
        """Whether the question about the sources that are not taken over stands in the table of this index: the last
        one that may own names."""
        owners = [one for one in self.indexes if not one.mirror_of]
        return bool(self.unread) and index == next(filter(self._has_table, reversed(owners)), owners[-1])


def text_of(proposal: Proposal, *, every: bool = False) -> str:
    """The file, ending with a newline. `every` declares the indexes without names as well that would then be asked for
    every name."""
    blocks = [_HEAD]
    if proposal.trusted_hosts:
        blocks.append("trusted-hosts = [" + ", ".join(map(toml_string, proposal.trusted_hosts)) + "]\n")
    if proposal.requested_trust:
        blocks.append("".join(f"{line}\n" for line in _requested_trust(proposal)))
    for index in proposal.indexes:
        declared = every or proposal.is_declared(index)
        lines = list(_table(proposal, index, declared=declared))
        if not declared:
            lines = [line if line.startswith("#") else f"# {line}" for line in lines]
        blocks.append("".join(f"{line}\n" for line in lines))
    return "\n".join(blocks)


def _requested_trust(proposal: Proposal) -> Iterator[str]:
    yield "# A file of the project wants these hosts trusted without valid TLS, which is for you to say:"
    for host, origin in proposal.requested_trust:
        yield _one_line(f"# trusted-hosts = [{toml_string(host)}]  # {origin}")


def _table(proposal: Proposal, index: MigratedIndex, *, declared: bool) -> Iterator[str]:
    yield f"# {_one_line(index.places)}"
    if index.logged_in:
        stem = f"SAFEPIP_INDEX_{stem_of(index.name)}"
        yield f"# Its credentials: {stem}_USERNAME and {stem}_PASSWORD, a netrc file or a keyring."
    if not declared:
        yield "# Asked only for names that are given to it, and none is: claim them, then take the number signs away."
    yield "[[index]]"
    yield f"name = {toml_string(index.name)}"
    if not (index.built_in and index.default):
        yield f"url = {toml_string(str(index.url))}"
    yield from _packages(proposal, index)
    if index.mirror_of:
        yield f"mirror-of = {toml_string(index.mirror_of)}"
    if index.default:
        yield "default = true"


def _packages(proposal: Proposal, index: MigratedIndex) -> Iterator[str]:
    claims = list(dict.fromkeys(claim.pattern for claim in proposal.claims if claim.owner == index.name))
    questions = [f"{name}?" for name in proposal.questions(index)]
    unsure = proposal.unsure and proposal.owns_some(index)
    unread = proposal.unread if proposal.asks_for_unread(index) else ()
    if not questions and not unsure and not unread:
        if claims:
            yield from _list(claims)
        return
    yield "packages = ["
    yield from (f"    {toml_string(claim)}," for claim in claims)
    if questions:
        yield _QUESTIONS
    yield from (f"    {toml_string(question)}," for question in questions)
    if unsure:
        yield _UNSEEN
    if unread:
        yield _UNREAD
        yield from (f"    #   {_one_line(str(source))}" for source in unread)
        yield _ANSWER_UNREAD
    if unsure or unread:
        yield '    "?",'
    yield "]"


def _list(words: Sequence[str]) -> Iterator[str]:
    line = "packages = [" + ", ".join(map(toml_string, words)) + "]"
    if len(line) <= 100:
        yield line
        return
    yield "packages = ["
    yield from (f"    {toml_string(word)}," for word in words)
    yield "]"


def _one_line(text: str) -> str:
    """Text for a comment: what is not printable is left out, so that no line ends early."""
    return "".join(char if char.isprintable() else " " for char in text)
