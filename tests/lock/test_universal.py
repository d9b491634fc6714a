"""One lock for several environments selects in each what was decided for it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.pylock import Pylock
from packaging.version import Version

from safepip.lock.universal import PLATFORMS, Environment, EnvironmentAnswer, environments, joined, merge, split_at
from safepip.model.errors import UsageError
from safepip.model.resolution import Pin
from safepip.model.route import Route, RoutingRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from support.index import IndexServer
    from support.inside import Inside

GRID = [Environment(platform, minor, f"3.{minor}.0") for platform in PLATFORMS for minor in (11, 12, 13)]


def answer(environment: Environment, versions: dict[str, str], scopes: dict[str, frozenset[str]]) -> EnvironmentAnswer:
    """An answer of these versions, without edges and files."""
    pins = {name: Pin(name, Version(text), Route(name, RoutingRule.DEFAULT, None)) for name, text in versions.items()}
    return EnvironmentAnswer(environment, pins, {}, scopes, dict.fromkeys(pins, ()))


def selected(
    answers: Sequence[EnvironmentAnswer], environment: Environment, extras: frozenset[str]
) -> dict[str, list[str]]:
    """What the merged packages' markers select in an environment, by name."""
    found: dict[str, list[str]] = {}
    place: dict[str, str | AbstractSet[str]] = {
        **environment.markers,
        "extras": extras,
        "dependency_groups": frozenset[str](),
    }
    for locked in merge(answers):
        if not locked.marker or Marker(locked.marker).evaluate(place, context="lock_file"):
            found.setdefault(locked.pin.name, []).append(str(locked.pin.version))
    return found


CHOICES = st.lists(
    st.tuples(st.sampled_from(["", "1", "2"]), st.sampled_from(["", "1"]), st.booleans()),
    min_size=len(GRID),
    max_size=len(GRID),
)


@settings(max_examples=50, deadline=None)
@given(CHOICES, st.lists(st.integers(0, len(GRID) - 1), min_size=1, unique=True))
def test_each_environment_selects_its_own_answer_and_no_version_twice(
    choices: list[tuple[str, str, bool]], places: list[int]
) -> None:
    """Whatever the answers are, with the extra and without: markers part exactly where answers do."""
    answers = []
    for place in places:
        one, two, needed = choices[place]
        versions = {name: text for name, text in (("one", one), ("two", two)) if text}
        scopes = {"one": frozenset({""}), "two": frozenset({"" if needed else "extra:x"})}
        answers.append(answer(GRID[place], versions, scopes))
    for here in answers:
        for extras in (frozenset[str](), frozenset({"x"})):
            expected = {
                name: [str(pin.version)] for name, pin in here.pins.items() if "" in here.scopes[name] or "x" in extras
            }
            assert selected(answers, here.environment, extras) == expected


def test_a_package_that_is_the_same_everywhere_has_no_marker() -> None:
    same = [answer(environment, {"lib": "1.0"}, {}) for environment in GRID]
    assert [locked.marker for locked in merge(same)] == [""]


def test_environments_are_told_apart_by_their_markers() -> None:
    """Each marker holds in its own environment and in no other."""
    parts = [*GRID, *split_at(Environment("linux-x86_64", 14, "3.14.0"), ['python_full_version < "3.14.2"'])]
    for one in parts:
        holds = [other for other in parts if Marker(one.text()).evaluate(other.markers)]
        assert holds == [one]


@pytest.mark.parametrize(
    ("marker", "lows"),
    [
        ('python_full_version < "3.11.3"', ["3.11.0", "3.11.3", "3.11.4"]),
        ('"3.11.3" <= python_full_version', ["3.11.0", "3.11.3", "3.11.4"]),
        ('python_full_version <= "3.11.0a6"', ["3.11.0", "3.11.1"]),
        ('python_full_version == "3.11.*"', ["3.11.0"]),
        ('python_full_version < "3.12.1"', ["3.11.0"]),
        ('python_version < "3.11"', ["3.11.0"]),
        ('sys_platform == "3.11.3"', ["3.11.0"]),
        ('implementation_version < "3.11.3"', ["3.11.0", "3.11.3", "3.11.4"]),
        ('python_full_version in "3.11.3 3.11.5"', ["3.11.0", "3.11.3", "3.11.4", "3.11.5", "3.11.6"]),
        ('python_full_version not in "3.10.7, 3.11.3"', ["3.11.0", "3.11.3", "3.11.4"]),
    ],
)
def test_an_environment_is_split_where_a_marker_tells_patch_versions_apart(marker: str, lows: list[str]) -> None:
    parts = split_at(Environment("linux-x86_64", 11, "3.11.0"), [marker])
    assert [part.low for part in parts] == lows
    assert [part.high for part in parts] == [*lows[1:], None]
    ends = {str(Version(part.low)): part for part in parts}
    for part in ends.values():
        # Within a part the first version speaks for all.
        full = "3.11.99" if part.high is None else _before(part.high)
        last = {**part.markers, "python_full_version": full, "implementation_version": full}
        assert Marker(marker).evaluate(last) == Marker(marker).evaluate(part.markers)


def _before(version: str) -> str:
    release = Version(version).release
    return f"{release[0]}.{release[1]}.{release[2] - 1}"


def test_parts_with_one_answer_are_joined_again() -> None:
    parts = split_at(Environment("linux-x86_64", 11, "3.11.0"), ['python_full_version < "3.11.3"'])
    same = [answer(part, {"lib": "1.0"}, {}) for part in parts]
    assert [a.environment for a in joined(same)] == [Environment("linux-x86_64", 11, "3.11.0")]
    parted = [*same[:1], *(answer(part, {}, {}) for part in parts[1:])]
    assert [a.environment.low for a in joined(parted)] == ["3.11.0", "3.11.3"]


def test_pythons_are_those_that_requires_python_admits() -> None:
    """By itself the usual platforms; named ones alone otherwise; nonsense is an error."""
    assert {e.minor for e in environments((), [">=3.12"], 11)} == {12, 13, 14}
    assert {e.minor for e in environments((), [], 13)} == {13, 14}
    assert {e.minor for e in environments(("linux-x86_64",), [">=3.11.4,<3.13"], 11)} == {11, 12}
    assert environments(("Windows-AMD64:3.15",), [">=3.11"], 11) == [Environment("windows-amd64", 15, "3.15.0")]
    for words in (("linux",), ("linux-x86_64:2.7",), ("linux-x86_64:31.2",), ("beos-ppc:3.12",)):
        with pytest.raises(UsageError, match="unknown-environment"):
            environments(words, [], 11)
    with pytest.raises(UsageError, match="unknown-environment"):
        environments((), ["<3.0"], 11)


@pytest.mark.parametrize(
    ("named", "requires", "fits"),
    [((), ">=3.8,<3.10", 9), ((), ">=3.17", 17), (("linux-x86_64:3.15",), ">=3.8,<3.10", 9)],
)
def test_what_the_hint_names_fits_the_project(named: tuple[str, ...], requires: str, fits: int) -> None:
    """Of the Pythons that the project admits the nearest to today's; others make a lock that nothing can install."""
    with pytest.raises(UsageError) as caught:
        environments(named, [requires], 11)
    (found,) = caught.value.diagnostics
    assert found.hint.endswith(f"--environment linux-x86_64:3.{fits}")
    assert environments((f"linux-x86_64:3.{fits}",), [requires], 11)


@pytest.mark.parametrize("minor", [0, 1, 5, 18, 31, 99])
@pytest.mark.parametrize(("requires", "fits"), [([], 14), ([">=3.8,<3.13"], 12)])
def test_a_python_that_there_is_not_is_a_slip(minor: int, requires: list[str], fits: int) -> None:
    """The hint names one for the same platform. Whoever has a newer Python than all that are known may name it."""
    with pytest.raises(UsageError, match="names a Python that is not known") as caught:
        environments(("macos-arm64", f"Windows-AMD64:3.{minor}"), requires, 11)
    (found,) = caught.value.diagnostics
    assert found.hint.endswith(f": --environment windows-amd64:3.{fits}")
    assert environments((f"windows-amd64:3.{fits}",), requires, 11)
    assert environments(("linux-x86_64:3.18",), [], 18)


def test_of_a_requires_python_that_no_python_fits_no_python_is_proposed() -> None:
    with pytest.raises(UsageError, match="unknown-environment") as caught:
        environments((), [">=3.31"], 11)
    assert caught.value.diagnostics[0].hint == "no Python from 3.6 to 3.17 fits it: correct it"


def test_a_universal_lock_selects_what_a_lock_for_each_environment_has(run: Inside, index: IndexServer) -> None:
    """Versions, platforms, patch versions and extras part; each environment's own lock agrees with its part."""
    index.add(
        "app",
        "1.0",
        requires=[
            "fast",
            "only-windows; sys_platform == 'win32'",
            "old; python_full_version < '3.11.3'",
            "new; python_version >= '3.12'",
        ],
    )
    index.add("fast", "1.0")
    index.add("fast", "2.0", requires_python=">=3.12")
    index.add("fast", "3.0", tag="cp313-cp313-win_amd64")
    for name in ("only-windows", "old", "new"):
        index.add(name, "1.0")
    words = ("-i", index.url, "-q")
    named = [f"{platform}:3.{minor}" for platform in ("linux-x86_64", "windows-amd64") for minor in (11, 12, 13)]
    together = [word for name in named for word in ("--environment", name)]
    assert run("lock", "app", "-o", "pylock.toml", *together, *words).code == 0
    universal = Pylock.from_dict(tomllib.loads((run.folder / "pylock.toml").read_text()))
    for number, name in enumerate(named):
        # A file of its own for each: a lock that is there is preferred.
        output = f"pylock.{number}.toml"
        assert run("lock", "app", "-o", output, "--environment", name, *words).code == 0
        alone = Pylock.from_dict(tomllib.loads((run.folder / output).read_text()))
        environment = Environment(
            name.partition(":")[0], int(name.rpartition(".")[2]), f"3.{name.rpartition('.')[2]}.0"
        )
        for low in (environment.low, f"3.{environment.minor}.9"):
            place = environment._replace(low=low)
            assert _chosen(universal, place) == _chosen(alone, place)
    assert _chosen(universal, Environment("windows-amd64", 13, "3.13.0")) == {
        "app": "1.0", "fast": "3.0", "only-windows": "1.0", "new": "1.0",
    }  # fmt: skip
    assert _chosen(universal, Environment("linux-x86_64", 11, "3.11.2")) == {"app": "1.0", "fast": "1.0", "old": "1.0"}
    assert _chosen(universal, Environment("linux-x86_64", 11, "3.11.9")) == {"app": "1.0", "fast": "1.0"}
    assert run("lock", "app", "-o", "pylock.toml", "--check", *together, *words).code == 0


def _chosen(lock: Pylock, environment: Environment) -> dict[str, str]:
    chosen = lock.select(environment=environment.markers, tags=list(environment._tags()))  # type: ignore[arg-type]
    return {package.name: str(package.version) for package, _ in chosen}
