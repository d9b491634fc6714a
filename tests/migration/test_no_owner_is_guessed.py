"""A law: by no configuration that `init` writes does an index get a name that nobody gave it while another may have it.

Worlds are random: indexes with their roles, which of them have which names or do not answer, and the claims of a
person. What is written is read by safepip's own reader, and routing is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from safepip.config.level import read_level
from safepip.config.merging import merge
from safepip.migration.findings import FoundIndex, Role, UnreadSource
from safepip.migration.indexes import MigratedIndex
from safepip.migration.ownership import GivenClaim, NameReport, owner_of
from safepip.migration.writing import Proposal, text_of
from safepip.model.errors import UsageError
from safepip.model.index import Index, IndexUrl
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.route import Observation, Presence, Route, Survey
from safepip.routing.table import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.routing.table import RoutingTable

NAMES = ("acme", "acme-core", "acme-core-web", "billing", "flask")
PATTERNS = (*NAMES, "acme-*", "acme-core-*")
PLACE = Origin(Source.COMMAND_LINE, "--claim")
LEFT_OUT = UnreadSource("an index whose URL has a variable in it", Role.EXTRA, Origin(Source.FILE, "pyproject.toml", 3))


class World(NamedTuple):
    """`names` are in use, few enough that some worlds have nothing to decide. `answers` are by index, then by name.
    `unread` are sources that are named and not taken over."""

    indexes: tuple[MigratedIndex, ...]
    claims: tuple[GivenClaim, ...]
    answers: dict[str, dict[str, Presence]]
    incomplete: bool
    names: tuple[str, ...] = NAMES
    unread: tuple[UnreadSource, ...] = ()

    def report(self, name: str) -> NameReport:
        """What `init` learns of a name: an owner alone is asked, else all that are asked for every name."""
        owner = owner_of(name, self.claims)
        asked = [index for index in self.indexes if (index.name == owner if owner else index.for_all)]
        observations = (Observation(Index(i.name, i.url), self.answers[i.name][name]) for i in asked)
        return NameReport(name, tuple(observations), owner)

    def proposal(self, names: Sequence[str]) -> Proposal:
        return Proposal(
            self.indexes, self.claims, tuple(map(self.report, names)), self.unread, incomplete=self.incomplete
        )


def migrated(name: str, role: Role, *, default: bool = False) -> MigratedIndex:
    url = IndexUrl.parse(f"https://{name}.example/simple/")
    return MigratedIndex(name, url, (FoundIndex(url, role, BUILT_IN),), default=default)


@st.composite
def worlds(draw: Any) -> World:
    count = draw(st.integers(1, 3))
    names = [f"index{number}" for number in range(count)]
    default = draw(st.sampled_from([*names, None]))
    roles = {name: draw(st.sampled_from([Role.EXTRA, Role.EXTRA, Role.EXPLICIT])) for name in names}
    indexes = tuple(
        migrated(name, Role.DEFAULT if name == default else roles[name], default=name == default) for name in names
    )
    owners = draw(st.dictionaries(st.sampled_from(PATTERNS), st.sampled_from(names), max_size=4))
    claims = tuple(GivenClaim(pattern, owner, PLACE) for pattern, owner in owners.items())
    answers = {name: {n: draw(st.sampled_from(Presence)) for n in NAMES} for name in names}
    used = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    unread = draw(st.sampled_from([(), (), (LEFT_OUT,)]))
    return World(indexes, claims, answers, draw(st.booleans()), tuple(used), unread)


def table_of(proposal: Proposal) -> RoutingTable | None:
    """The routes by what is written; None where it is refused until a person has answered."""
    text = text_of(proposal)
    try:
        level = read_level(text, "safepip.toml", Source.PROJECT_CONFIG)
    except UsageError as error:
        assert {d.reference for d in error.diagnostics} == {"undecided-owner"}, text  # noqa: PT017
        assert not proposal.decided, text
        return None
    assert proposal.decided, text
    assert level is not None
    return build(merge([level], lambda: "https://built-in.example/simple/").indexes)


#: The internal index owns a pattern, so it is a source no more; the attacker has another name of it on the default.
DANGER = World(
    (migrated("internal", Role.EXTRA), migrated("public", Role.DEFAULT, default=True)),
    (GivenClaim("acme-*", "internal", PLACE),),
    {"internal": dict.fromkeys(NAMES, Presence.PRESENT), "public": dict.fromkeys(NAMES, Presence.PRESENT)},
    incomplete=False,
)


#: The internal index does not say whether it has the name.
SILENT = DANGER._replace(
    answers={"internal": {"billing": Presence.UNKNOWN}, "public": {"billing": Presence.PRESENT}}, names=("billing",)
)


@example(DANGER)
@example(DANGER._replace(claims=()))
@example(SILENT)
@settings(max_examples=300, deadline=None)
@given(worlds())
def test_no_index_gets_a_name_that_nobody_gave_it(world: World) -> None:
    """A name goes where its claim says, or to a survey, or to the one index that has it, if all others said that they
    have not."""
    table = table_of(world.proposal(world.names))
    event("refused" if table is None else "in force")
    if table is None:
        return
    for name in world.names:
        route = table.route(name)
        owner = owner_of(name, world.claims)
        if owner:
            assert isinstance(route, Route)
            assert route.index is not None
            assert route.index.name == owner
        elif isinstance(route, Route):
            assert route.index is not None
            others = [i.name for i in world.indexes if i.for_all and i.name != route.index.name]
            assert all(world.answers[other][name] is Presence.ABSENT for other in others), name
            assert not others or world.answers[route.index.name][name] is Presence.PRESENT, name
        else:
            assert isinstance(route, Survey)
            # An index that a tool asks for its own names alone does not hear the others.
            assert {source.name for source in route.sources} <= {i.name for i in world.indexes if i.for_all}


@example(DANGER._replace(incomplete=True), "billing")
@settings(max_examples=200, deadline=None)
@given(worlds(), st.sampled_from(NAMES))
def test_a_name_that_was_not_seen_is_not_left_to_the_default(world: World, unseen: str) -> None:
    """Where the search did not come to its end, a name that is missing from the reports is claimed, or surveyed among
    all that are asked for every name, or the file is refused."""
    world = world._replace(incomplete=True)
    table = table_of(world.proposal([name for name in world.names if name != unseen]))
    if table is None or owner_of(unseen, world.claims):
        return
    route = table.route(unseen)
    asked = {index.name for index in (route.sources if isinstance(route, Survey) else [route.index]) if index}
    assert {index.name for index in world.indexes if index.for_all} <= asked


#: Only the default index is known, and it has the names.
ALONE = World(
    (migrated("public", Role.DEFAULT, default=True),),
    (),
    {"public": dict.fromkeys(NAMES, Presence.PRESENT)},
    incomplete=False,
    unread=(LEFT_OUT,),
)


@example(ALONE)
@example(ALONE._replace(claims=(GivenClaim("acme-*", "public", PLACE),), names=("acme-core",)))
@settings(max_examples=200, deadline=None)
@given(worlds())
def test_a_source_that_is_left_out_leaves_no_name_decided_without_a_claim(world: World) -> None:
    """It may own any of them: each is a question in the file, and the file is refused, also where no name is in use."""
    world = world._replace(unread=(LEFT_OUT,))
    for names in (world.names, ()):
        proposal = world.proposal(names)
        assert table_of(proposal) is None
        assert {report.name for report in proposal.open_reports} == {n for n in names if not owner_of(n, world.claims)}
        asked = {name for index in world.indexes for name in proposal.questions(index)}
        assert asked == {report.name for report in proposal.open_reports if report.observations}
        text = text_of(proposal)
        assert all(f'"{name}?"' in text for name in asked)
        assert text.count("pyproject.toml:3") == 1


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_what_is_written_claims_what_a_person_gave_and_nothing_else(world: World) -> None:
    """Neither an answer of an index nor its role makes a claim."""
    text = text_of(world.proposal(NAMES))
    # Without the questions, which claim nothing.
    answered = "\n".join(line for line in text.splitlines() if "?" not in line or line.lstrip().startswith("#"))
    level = read_level(answered, "safepip.toml", Source.PROJECT_CONFIG)
    assert level is not None
    written = {(word.value, index.name) for index in level.indexes for word in index.packages}
    assert written == {(claim.pattern, claim.owner) for claim in world.claims}
