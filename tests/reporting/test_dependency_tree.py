"""The graph of dependencies, and the tree that is drawn of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from safepip.reporting.dependency_graph import (
    DependencyGraph,
    InstalledProject,
    inverted,
    of_environment,
    of_lock,
    reachable,
)
from safepip.reporting.dependency_tree import PLAIN, as_json, lines
from safepip.resolution.dependencies import Markers

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKERS = {"sys_platform": "linux", "python_version": "3.11"}


def installed(**projects: str) -> DependencyGraph:
    """Projects with what they require, separated by `&`; the first word is the version."""
    found = {}
    for name, text in projects.items():
        version, _, requires = text.partition(" ")
        found[name] = InstalledProject(Version(version), tuple(map(Requirement, filter(None, requires.split("&")))))
    return of_environment(found, Markers(MARKERS))


def drawn(graph: DependencyGraph, depth: int | None = None) -> list[str]:
    return list(lines(graph, depth=depth, branches=PLAIN))


def test_a_tree_has_versions_reasons_and_each_subtree_once() -> None:
    """What stands above in full is marked, and a leaf is not."""
    graph = installed(app="1.0 lib>=1,<3&tool", tool="2.0 lib", lib="1.5 leaf==1.*", leaf="1.1", alone="3")
    assert drawn(graph) == [
        "alone 3",
        "app 1.0",
        "|-- lib 1.5  <3,>=1",
        "|   `-- leaf 1.1  ==1.*",
        "`-- tool 2.0",
        "    `-- lib 1.5  (*)",
        "(*) what it needs is shown above",
    ]


def test_circles_end_and_have_a_root() -> None:
    """Two that need each other, one that needs itself, and one of three below a root."""
    assert drawn(installed(a="1 b", b="1 a")) == ["a 1", "`-- b 1", "    `-- a 1  (circle)"]
    assert drawn(installed(a="1 a")) == ["a 1", "`-- a 1  (circle)"]
    assert drawn(installed(top="1 a", a="1 b", b="1 c", c="1 a"))[-1] == "            `-- a 1  (circle)"


def test_an_extra_counts_where_something_asks_for_it() -> None:
    """It is shown at the project, whatever the order in which they are met; the markers of others do not hold."""
    requires = 'deep; extra == "more" & other; extra == "none" & odd; sys_platform == "win32"'
    graph = installed(zoo="1 mid[more]", mid=f"1 {requires}", deep="2")
    assert drawn(graph) == ["zoo 1", "`-- mid[more] 1  [more]", "    `-- deep 2"]


def test_what_is_missing_or_does_not_fit_says_so() -> None:
    """Neither ends the tree."""
    assert drawn(installed(a="1 b>=2 & gone<5", b="1")) == [
        "a 1",
        "|-- b 1  >=2  does not fit",
        "`-- gone  <5  not there",
    ]


def test_a_marker_that_cannot_be_evaluated_does_not_hold() -> None:
    """As for `pip check`."""
    assert drawn(installed(a='1 b; python_version ~= "x"', b="1")) == ["a 1", "b 1"]


def test_turned_round_it_shows_what_needs_a_project() -> None:
    """Also one that is missing."""
    graph = installed(app="1 lib>=1 & gone", tool="2 lib<9", lib="1")
    assert drawn(inverted(graph, ["lib"])) == ["lib 1", "|-- app 1  >=1", "`-- tool 2  <9"]
    assert drawn(inverted(graph, ["gone"])) == ["gone", "`-- app 1"]


def test_a_depth_cuts_off_and_marks_nothing_that_it_has_not_shown() -> None:
    """`b` is cut off below `a`, so it is shown where there is room."""
    graph = installed(a="1 b", b="1 c", c="1 d", d="1")
    assert drawn(graph, 0) == ["a 1"]
    assert drawn(graph, 1) == ["a 1", "`-- b 1"]
    assert drawn(graph._replace(roots=("a", "b")), 2) == [
        "a 1", "`-- b 1", "    `-- c 1", "b 1", "`-- c 1", "    `-- d 1",
    ]  # fmt: skip


def test_control_characters_do_not_reach_the_terminal() -> None:
    """Versions, places and requirements come from files that others write."""
    graph = of_lock({"a": "1\x1b[2J", "b": None}, {"a": ["b"]}, {"b": "https://x.example/\x1b[1m"})
    assert not any("\x1b" in line for line in drawn(graph))


def test_the_data_has_each_project_once_with_its_needs() -> None:
    """Those that the tree would show."""
    graph = installed(app="1 lib>=2 & gone", lib="1", other="1")
    data = json.loads(as_json(graph._replace(roots=("app",))))
    assert data["roots"] == ["app"]
    assert [project["name"] for project in data["projects"]] == ["app", "lib"]
    assert data["projects"][0]["needs"] == [
        {"name": "gone", "requirement": "gone", "there": False, "fits": True},
        {"name": "lib", "requirement": "lib>=2", "there": True, "fits": False},
    ]
    assert len(json.loads(as_json(graph, depth=0))["projects"]) == 2


NAMES = "abcdefg"
EDGES = st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)))


@given(EDGES)
def test_every_project_is_reached_and_no_arrow_is_drawn_twice(edges: Mapping[str, set[str]]) -> None:
    """Whatever circles there are: as many lines as arrows and roots, and the remark on repetitions."""
    graph = of_lock(dict.fromkeys(NAMES, "1"), edges, {})
    assert reachable(graph.projects, graph.roots) == set(NAMES)
    text = [line for line in drawn(graph) if not line.startswith("(*)")]
    assert len(text) == sum(map(len, edges.values())) + len(graph.roots)
    assert {line.replace("|", " ").replace("`", " ").replace("-", " ").split()[0] for line in text} == set(NAMES)


@given(EDGES)
def test_turned_round_twice_it_is_the_same_graph(edges: Mapping[str, set[str]]) -> None:
    """Arrows are lost in neither direction."""
    graph = of_lock(dict.fromkeys(NAMES, "1"), edges, {})
    assert inverted(inverted(graph, graph.roots), graph.roots) == graph


def test_a_chain_of_thousands_is_no_recursion() -> None:
    """A hostile environment may be that deep."""
    count = 3000
    graph = of_lock({f"p{n}": "1" for n in range(count)}, {f"p{n}": [f"p{n + 1}"] for n in range(count - 1)}, {})
    assert len(drawn(graph)) == count
