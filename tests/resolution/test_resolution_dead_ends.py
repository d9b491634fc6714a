"""What is refused and how it is collected, and how a resolution that cannot be is explained."""

from __future__ import annotations

from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.markers import Marker
from resolvelib import resolvers

from safepip.model.errors import Refused, ResolutionImpossible, SafepipError, Unavailable
from safepip.model.finding import Diagnostic
from safepip.model.origin import Origin, Source
from safepip.model.page import Status
from safepip.model.plan import Policy
from safepip.resolution import resolver as resolution
from safepip.resolution.enforcement import NO_VERSION, RefusedIfChosen
from safepip.resolution.nodes import ANY_VERSION, RefusedCandidate, ResolverRequirement
from safepip.routing.table import build
from safepip.vetting.look_alikes import KnownNames
from safepip.vetting.names import NameRules, NamesOfRun
from support.offers import (
    MARKERS,
    NOW,
    MemoryCatalog,
    chosen,
    decide,
    index,
    listed,
)
from support.universes import Release


def a(version: str = "1.0", **fields: Any) -> Release:
    return Release("a", version, **fields)


def b(version: str = "1.0", **fields: Any) -> Release:
    return Release("b", version, **fields)


def c(version: str = "1.0", **fields: Any) -> Release:
    return Release("c", version, **fields)


def refused(*arguments: Any, **keywords: Any) -> SafepipError:
    """The error that a decision ends in."""
    with pytest.raises(SafepipError) as caught:
        decide(*arguments, **keywords)
    return caught.value


def references(error: SafepipError) -> list[str]:
    return [diagnostic.reference for diagnostic in error.diagnostics]


# --- refusals ----------------------------------------------------------------------------------------------------


def test_all_ambiguous_names_of_a_run_are_reported_together_with_one_block_of_toml() -> None:
    acme, public = index("acme"), index(default=True)
    world = {
        "public": [a("9.0"), b("9.0"), c("9.0"), Release("d", "1.0", requires=("b", "c"))],
        "acme": [a("1.0"), b("1.0"), c("1.0")],
    }
    error = refused(world, "a", "d", indexes=[acme, public])
    assert isinstance(error, Refused)
    assert [(d.reference, d.subject) for d in error.diagnostics] == [("ambiguous-index", name) for name in "abc"]
    assert [bool(d.hint) for d in error.diagnostics] == [False, False, True]
    assert error.diagnostics[2].hint.count('packages = ["a?", "b?", "c?"]') == 2
    assert "required by d 1.0  <-  requirements.txt:2" in error.diagnostics[1].context


KNOWN = KnownNames(("requests", "numpy", "billing"))


def judging(*names: str) -> NameRules:
    """The rules for a run that asks for these names, with a short list of known ones."""
    run = NamesOfRun(asked=frozenset(names))
    return NameRules(lambda: KNOWN, build([index(default=True)]), Policy(), run, now=NOW)


def test_a_name_that_does_not_exist_hides_neither_another_one_nor_a_look_alike() -> None:
    """In whatever order; no index is asked for a look-alike, and the exit code is that of the refusal."""
    asked = ["none", "reqeusts", "numpi", "a>5"]
    for order in permutations(asked):
        table = build([index(default=True)])
        catalog = MemoryCatalog(table, {"public": [a()]})
        error = refused([a()], *order, names=judging("none", "reqeusts", "numpi", "a"), catalog=catalog)
        assert isinstance(error, Refused)
        found = {diagnostic.subject: diagnostic.reference for diagnostic in error.diagnostics}
        assert found == {
            "reqeusts": "look-alike",
            "none": "no-such-project",
            "numpi": "no-such-project",
            "a": "no-matching-version",
        }
        assert len(error.diagnostics) == 4
        assert error.diagnostics[0].reference == "look-alike"
        assert sorted(catalog.asked) == ["a", "none", "numpi"]


def test_names_that_do_not_exist_are_reported_together_with_a_guess() -> None:
    error = refused([a(), b()], "none", "a", "numpi", "b==7", names=judging("none", "numpi"))
    assert isinstance(error, ResolutionImpossible)
    assert [(d.subject, d.reference) for d in error.diagnostics] == [
        ("none", "no-such-project"),
        ("numpi", "no-such-project"),
        ("b", "no-matching-version"),
    ]
    assert "did you mean" not in error.diagnostics[0].hint
    assert error.diagnostics[1].hint.startswith("did you mean numpy? ")


def test_a_conflict_is_not_joined_by_what_the_search_has_got_over() -> None:
    """Requirements that can be had each by itself are no problem of their own."""
    world = [a(requires=("c<2",)), b(requires=("c>=2",)), c("1.0"), c("2.0")]
    assert references(refused(world, "a", "b", "c")) == ["resolution-impossible"]
    assert references(refused(world, "a", "b", "none")) == ["no-such-project"]


def test_what_is_installed_and_may_stay_is_not_asked_for_when_another_name_fails() -> None:
    catalog = MemoryCatalog(build([index(default=True)]), {"public": []})
    error = refused([], "none", "a", installed=[a()], catalog=catalog)
    assert [d.subject for d in error.diagnostics] == ["none"]
    assert catalog.asked == ["none"]


def test_an_index_that_fails_for_one_name_is_reported_with_a_name_that_does_not_exist() -> None:
    failure = Unavailable.because("index-error", "The index failed.", subject="b")
    table = build([index(default=True)])
    catalog = MemoryCatalog(table, {"public": []}, failures={"b": failure})
    assert references(refused([], "none", "b", catalog=catalog)) == ["no-such-project", "index-error"]


def test_a_name_that_one_of_two_sources_has_is_taken_from_it() -> None:
    world = {"public": [b("9.0")], "acme": [a("1.0", requires=("b",))]}
    resolution = decide(world, "a", indexes=[index("acme"), index(default=True)])
    assert chosen(resolution) == {"a": "1.0", "b": "9.0"}
    assert {name: pin.route.index.name for name, pin in resolution.pins.items() if pin.route.index} == {
        "a": "acme",
        "b": "public",
    }


def test_a_name_that_becomes_ambiguous_only_when_the_installed_one_fails_is_collected_too() -> None:
    world = {"public": [a("1.0", requires=("b>=2",)), c("1.0")], "acme": [c("1.0")]}
    both = {**world, "acme": [c("1.0"), b("2.0")], "public": [*world["public"], b("2.0")]}
    error = refused(both, "a", "c", installed=[b("1.0")], indexes=[index("acme"), index(default=True)])
    assert sorted(d.subject for d in error.diagnostics) == ["b", "c"]


def test_a_search_that_goes_back_past_a_refused_name_ends() -> None:
    releases = [a("2.0", requires=("b", "c<1")), a("1.0", requires=("b",)), c("1.0"), b("1.0")]
    catalog = MemoryCatalog(build([index(default=True)]), {"public": releases}, statuses={"b": Status.QUARANTINED})
    error = refused((), "a", "c>=1", catalog=catalog)
    assert references(error) == ["quarantined"]


def test_a_project_in_quarantine_is_refused_with_the_reason() -> None:
    catalog = MemoryCatalog(build([index(default=True)]), {"public": [a(), b()]}, statuses={"a": Status.QUARANTINED})
    error = refused((), "a", "b", catalog=catalog)
    assert isinstance(error, Refused)
    assert references(error) == ["quarantined"]
    assert "required by requirements.txt:1" in error.diagnostics[0].context


def test_an_archived_project_is_installed_with_a_notice() -> None:
    catalog = MemoryCatalog(build([index(default=True)]), {"public": [a()]}, statuses={"a": Status.ARCHIVED})
    assert decide((), "a", catalog=catalog).notices == ("a is marked archived by its index",)


def test_an_index_that_failed_ends_the_search_at_once() -> None:
    """An index error must never look like a project without versions, which would be passed over."""
    failing = Unavailable.because("index-error", "the index failed")
    releases = [a("1.0"), a("2.0", requires=("b",)), c()]
    catalog = MemoryCatalog(build([index(default=True)]), {"public": releases}, failures={"b": failing})
    assert refused((), "a", "c", catalog=catalog) is failing


# --- dead ends ---------------------------------------------------------------------------------------------------


def test_a_conflict_names_who_requires_what_along_which_chain_and_the_versions() -> None:
    releases = [a(requires=("c>=2",)), b(requires=("c<2",)), c("1.0"), c("2.0")]
    error = refused(releases, "a", "b", constraints=["c<9"])
    assert isinstance(error, ResolutionImpossible)
    (diagnostic,) = error.diagnostics
    assert diagnostic.reference == "resolution-impossible"
    assert "conflicting dependencies" in diagnostic.message
    text = "\n".join(diagnostic.context)
    assert "a 1.0 requires c>=2  <-  requirements.txt:1" in text
    assert "b 1.0 requires c<2  <-  requirements.txt:2" in text
    assert "a constraint allows c<9  <-  constraints.txt:1" in text
    assert "versions of c looked at: 1.0, 2.0" in text


def test_a_conflict_with_the_users_own_requirement_says_so() -> None:
    error = refused([a(requires=("c>=2",)), c("1.0"), c("2.0")], "a", "c<2")
    assert any(line.startswith("you require c<2  <-  requirements.txt:2") for line in error.diagnostics[0].context)


def test_a_project_that_the_index_does_not_have_is_said_to_be_absent() -> None:
    error = refused([a(requires=("nowhere>=1",))], "a")
    assert references(error) == ["no-such-project"]
    assert "No matching distribution found for nowhere>=1 (from a)" in error.diagnostics[0].message
    assert "required by a 1.0  <-  requirements.txt:1" in error.diagnostics[0].context


def test_a_version_without_a_wheel_names_the_versions_that_have_one() -> None:
    releases = [a("1.0"), a("2.0", sdist=True), a("3.0", tag="cp27-cp27m-win32")]
    error = refused(releases, "a>=2")
    assert references(error) == ["no-wheel"]
    text = "\n".join(error.diagnostics[0].context)
    assert "2.0 has a source archive only" in text
    assert "3.0 has wheels for other platforms only (cp27-cp27m-win32)" in text
    assert error.diagnostics[0].hint.splitlines()[-1] == "versions that can be installed: 1.0"


def test_a_newer_version_as_a_source_archive_only_is_worth_one_line() -> None:
    resolution = decide([a("1.0"), a("2.0", sdist=True), b("1.0"), b("2.0", sdist=True)], "a", "b<2")
    assert resolution.notices == ("a 2.0 is newer than 1.0, but has a source archive only",)


def test_versions_that_do_not_match_are_listed() -> None:
    error = refused([a("1.0"), a("2.0")], "a>=3")
    assert references(error) == ["no-matching-version"]
    assert "(from versions: 1.0, 2.0)" in error.diagnostics[0].context[0]


def test_a_python_that_nothing_admits_is_named_with_those_who_ask_for_another() -> None:
    error = refused([a("1.0", requires_python="<3", hidden_python=True), b(requires_python=">=3.8")], "a", "b")
    assert references(error) == ["requires-python"]
    assert error.diagnostics[0].context == ("a 1.0 requires Python <3  <-  requirements.txt:1",)


def test_a_users_marker_is_not_evaluated_for_extras() -> None:
    assert Marker("extra == 'x'").evaluate({**MARKERS, "extra": ""}) is False
    assert chosen(decide([a(), b()], "a", "b; extra == 'x'")) == {"a": "1.0"}


def test_the_page_says_where_the_file_is() -> None:
    resolution = decide([a()], "a")
    assert resolution.pins["a"].candidate is not None
    assert resolution.pins["a"].candidate.file == listed(a())


def test_a_failure_over_a_project_that_is_refused_is_its_refusal_and_not_a_reason_to_ask_for_its_versions() -> None:
    """Whether a search can end so lies with resolvelib; what then must not happen is a question to an index."""
    wanted = ResolverRequirement("python3-dateutil", ANY_VERSION, Origin(Source.DISTRIBUTION, "a 1.0"))
    stand_in, other = RefusedCandidate(wanted.project, NO_VERSION), RefusedCandidate("other", NO_VERSION)
    stand_in.refusal = RefusedIfChosen(Diagnostic("look-alike", "One name."), NO_VERSION)
    other.refusal = RefusedIfChosen(Diagnostic("look-alike", "Another name."), NO_VERSION)
    provider: Any = SimpleNamespace(refusals=[], stand_ins={"one": stand_in, "another": other})
    with pytest.raises(Refused) as caught:
        resolution._raise_refusals(
            provider, resolvers.ResolutionImpossible([resolvers.RequirementInformation(wanted, None)]), []
        )
    assert [d.message for d in caught.value.diagnostics] == ["One name."]
    resolution._raise_refusals(provider, resolvers.ResolutionImpossible([]), [])
