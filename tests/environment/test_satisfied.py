"""Where everything is installed already, the answer is the search's own, without the search."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement as Parsed
from packaging.version import Version

from safepip.environment.satisfied import nothing_to_do
from safepip.model.ages import AgePolicy
from safepip.model.origin import Origin, Source
from safepip.model.plan import Policy, Settings, Target, UpgradeStrategy
from safepip.model.requirement import Constraint, Requirement, Statements
from safepip.model.resolution import InstalledDistribution
from safepip.resolution.inputs import ResolverInputs
from safepip.resolution.resolver import resolve
from safepip.routing.table import build
from safepip.vetting.cooldown import AgeRules
from safepip.vetting.look_alikes import KnownNames
from safepip.vetting.names import NameRules, NamesOfRun
from safepip.vetting.rules import VettingRules
from safepip.wheel.metadata import parse_metadata
from support.offers import MARKERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safepip.model.resolution import CoreMetadata, Resolution

HERE = Origin(Source.COMMAND_LINE)
TARGET = Target("/python", "3.11.4", MARKERS, ())


class Asked(Exception):
    """The catalogue was asked: something had to be decided."""


class Nothing:
    """A catalogue that nobody may ask."""

    def candidates_for(self, *_: object) -> NoReturn:
        raise Asked

    metadata = direct = candidates_for

    def ask_again(self, *_: object) -> NoReturn:
        raise Asked

    def expect_candidates(self, hints: object) -> None: ...

    def expect_metadata(self, candidate: object) -> None: ...


class Environment:
    """Distributions by name: a version and what it requires."""

    def __init__(self, distributions: Mapping[str, tuple[str, Sequence[str]]]) -> None:
        self._distributions = distributions

    def get(self, name: str) -> InstalledDistribution | None:
        there = self._distributions.get(name)
        return None if there is None else InstalledDistribution(name, Version(there[0]), f"/site/{name}.dist-info")

    def metadata(self, distribution: InstalledDistribution) -> CoreMetadata:
        version, requires = self._distributions[distribution.name]
        lines = [f"Requires-Dist: {text}" for text in requires]
        text = "\n".join(
            ["Metadata-Version: 2.1", f"Name: {distribution.name}", f"Version: {version}", "Provides-Extra: x"]
        )
        return parse_metadata("\n".join([text, *lines, ""]).encode(), verified=False)


def statements(requirements: Sequence[str], constraints: Sequence[str] = ()) -> Statements:
    asked = [Parsed(text) for text in requirements]
    limits = [Parsed(text) for text in constraints]
    return Statements(
        tuple(Requirement(p.name, p.specifier, HERE, extras=frozenset(p.extras), marker=p.marker) for p in asked),
        tuple(Constraint(p.name, p.specifier, HERE) for p in limits),
    )


def searched(asked: Statements, environment: Environment, settings: Settings) -> Resolution | None:
    try:
        return resolve(
            ResolverInputs(asked, settings, Policy(), TARGET, build([])),
            catalog=Nothing(),
            installed=environment,
            rules=VettingRules(
                NameRules(lambda: KnownNames(()), build([]), Policy(), NamesOfRun(), now=0.0),
                AgeRules(AgePolicy(), None, build([]), now=0.0),
            ),
        )
    except Asked:
        return None


NAMES = st.sampled_from("abcd")
#: Mostly what the versions below satisfy: a world in which nothing fits says nothing.
SPECIFIERS = st.sampled_from(["", "", "", ">=1", ">=1", "<3", "!=1.9", "==1.*", "==2.0a1"])
EXTRAS = st.sampled_from(["", "", "[x]"])
MARKS = st.sampled_from(["", "", '; extra == "x"', '; python_version < "3"', '; os_name == "posix" and extra == "x"'])
REQUIREMENTS = st.tuples(NAMES, EXTRAS, SPECIFIERS).map("".join)
DEPENDENCIES = st.tuples(NAMES, EXTRAS, SPECIFIERS, MARKS).map("".join)
DISTRIBUTIONS = st.tuples(st.sampled_from(["1.0", "1.0", "1.5", "2.0a1"]), st.lists(DEPENDENCIES, max_size=2))
WORLDS = st.one_of(
    st.fixed_dictionaries(dict.fromkeys("abcd", DISTRIBUTIONS)), st.dictionaries(NAMES, DISTRIBUTIONS, max_size=4)
)
CONSTRAINTS = st.lists(st.tuples(NAMES, SPECIFIERS).map("".join), max_size=2)


@given(WORLDS, st.lists(REQUIREMENTS, min_size=1, max_size=3), CONSTRAINTS, st.booleans())
def test_the_short_way_and_the_search_keep_the_same(
    world: dict[str, tuple[str, list[str]]], asked: list[str], constraints: list[str], no_deps: bool
) -> None:
    """There is nothing to do exactly where the search would ask nobody, and then both keep the same pins."""
    environment, settings = Environment(world), Settings(no_deps=no_deps)
    short = nothing_to_do(statements(asked, constraints), environment, settings, MARKERS)
    long = searched(statements(asked, constraints), environment, settings)
    assert (short is None) == (long is None)
    if short is not None and long is not None:
        kept = {name: (pin.version, pin.installed, pin.extras, pin.requested) for name, pin in short.pins.items()}
        assert kept == {n: (p.version, p.installed, p.extras, p.requested) for n, p in long.pins.items()}
        assert short.to_install == long.to_install == ()


FULL = Environment({"a": ("1.0", ["b>=1"]), "b": ("1.0", [])})


@pytest.mark.parametrize(
    "settings",
    [
        Settings(force_reinstall=True),
        Settings(ignore_installed=True),
        Settings(upgrade=UpgradeStrategy.ONLY_IF_NEEDED),
        Settings(upgrade=UpgradeStrategy.EAGER),
    ],
)
def test_whoever_asks_for_more_than_satisfaction_gets_the_search(settings: Settings) -> None:
    """With an upgrade or a reinstallation there is something to do."""
    assert nothing_to_do(statements(["a"]), FULL, Settings(), MARKERS) is not None
    assert nothing_to_do(statements(["a"]), FULL, settings, MARKERS) is None


def test_a_wheel_named_directly_is_never_plain() -> None:
    """Whether the wheel at a URL is what is installed, the search finds out."""
    named = Statements((Requirement("a", Parsed("a").specifier, HERE, url="file:///a-1.0-py3-none-any.whl"),))
    assert nothing_to_do(named, FULL, Settings(), MARKERS) is None


def test_what_an_extra_adds_counts() -> None:
    """`a[x]` is satisfied only where what the extra asks for is there, too."""
    world = {"a": ("1.0", ['b ; extra == "x"'])}
    assert nothing_to_do(statements(["a"]), Environment(world), Settings(), MARKERS) is not None
    assert nothing_to_do(statements(["a[x]"]), Environment(world), Settings(), MARKERS) is None
    both = Environment({**world, "b": ("1.0", [])})
    assert nothing_to_do(statements(["a[x]"]), both, Settings(), MARKERS) is not None


def test_a_constraint_holds_for_what_is_installed() -> None:
    """A constraint that the installed version breaks leaves something to decide, wherever the project is asked for."""
    assert nothing_to_do(statements(["a"], ["b<2", "c<1"]), FULL, Settings(), MARKERS) is not None
    assert nothing_to_do(statements(["a"], ["a>1"]), FULL, Settings(), MARKERS) is None
    assert nothing_to_do(statements(["a"], ["b>1"]), FULL, Settings(), MARKERS) is None
