"""Whose code may run: policy, what the user names, and the fence, in every combination."""

from __future__ import annotations

from itertools import product

import pytest

from safepip.build.approval import Approvals, Approved, NotApproved
from safepip.model.build import BuildMode, BuildPolicy, BuildRule, BuildSettings
from safepip.model.origin import Origin, Source
from safepip.model.plan import NameSet

HERE = Origin(Source.PROJECT_CONFIG, "safepip.toml", 2)
ABOVE = Origin(Source.MACHINE_POLICY, "machine.toml", 7)

DEFAULT = BuildPolicy()
FENCED = BuildPolicy(BuildMode.FENCED, ABOVE, fence_demanded=ABOVE)
NEVER = BuildPolicy(BuildMode.NEVER, HERE)
LISTED = BuildPolicy(
    BuildMode.NAMED, HERE, (BuildRule("demo", "no wheel", origin=HERE), BuildRule("tool", "fetches", True, HERE))
)
LISTED_IN_A_FENCE = LISTED._replace(fence_demanded=ABOVE)

ALLOWED = BuildSettings(allowed=frozenset({"named", "other"}))
FORCED = NameSet(names=frozenset({"forced"}))


def answer(
    policy: BuildPolicy, name: str, *, fence: str | None = "bubblewrap", own: bool = False, everything: bool = False
) -> Approved | NotApproved:
    no_binary = NameSet(all=True) if everything else FORCED
    return Approvals(policy, ALLOWED, no_binary, fence).of(name, own=own)


@pytest.mark.parametrize(
    ("policy", "name", "with_fence", "without"),
    [
        # approved: does it need the fence, has it the network?
        (DEFAULT, "demo", (True, False), None),
        (DEFAULT, "named", (False, False), (False, False)),
        (DEFAULT, "forced", (False, False), (False, False)),
        (FENCED, "demo", (True, False), None),
        (FENCED, "named", (True, False), None),
        (LISTED, "demo", (False, False), (False, False)),
        (LISTED, "tool", (False, True), (False, True)),
        (LISTED, "named", None, None),
        (LISTED, "forced", None, None),
        (LISTED, "another", None, None),
        (LISTED_IN_A_FENCE, "demo", (True, False), None),
        (NEVER, "demo", None, None),
        (NEVER, "named", None, None),
    ],
)
def test_each_line_of_the_table(
    policy: BuildPolicy, name: str, with_fence: tuple[bool, bool] | None, without: tuple[bool, bool] | None
) -> None:
    for fence, expected in (("landlock", with_fence), (None, without)):
        found = answer(policy, name, fence=fence)
        if expected is None:
            assert isinstance(found, NotApproved)
            assert found.why
            assert found.hint
        else:
            assert isinstance(found, Approved)
            assert (found.needs_fence, found.network) == expected
            assert found.reason


@pytest.mark.parametrize("name", ["", "demo-of-ours"])
def test_a_folder_of_the_users_own_is_theirs_to_build(name: str) -> None:
    """Whether its name is known or not; but never below "never", and in the fence where a level demands it."""
    for policy, fence in product((DEFAULT, LISTED), ("bubblewrap", None)):
        found = answer(policy, name, fence=fence, own=True)
        assert isinstance(found, Approved)
        assert (found.needs_fence, found.network) == (False, False)
    assert isinstance(answer(NEVER, name, own=True), NotApproved)
    assert answer(FENCED, name, own=True) == Approved(False, True, "it is named by its folder")
    assert isinstance(answer(FENCED, name, fence=None, own=True), NotApproved)


def test_no_binary_names_what_it_names_and_all_names_nothing() -> None:
    """`--no-binary :all:` says what is chosen, and approves no code."""
    assert isinstance(answer(DEFAULT, "forced", fence=None), Approved)
    for name in ("forced", "demo", ""):
        assert isinstance(answer(DEFAULT, name, fence=None, everything=True), NotApproved)
    assert answer(DEFAULT, "demo", everything=True) == Approved(False, True, "it runs in a fence")


def test_whoever_reads_the_report_sees_who_approved_it() -> None:
    reasons = [
        found.reason
        for found in (answer(DEFAULT, "named"), answer(DEFAULT, "forced"), answer(LISTED, "demo"))
        if isinstance(found, Approved)
    ]
    assert reasons == ["--allow-build", "--no-binary", "safepip.toml:2: no wheel"]


@pytest.mark.parametrize(
    ("policy", "fence", "why", "hint"),
    [
        (DEFAULT, None, "no fence for builds on this system", "--allow-build demo"),
        (DEFAULT, None, "no fence", "install bubblewrap, or use a Linux kernel with Landlock"),
        (FENCED, None, "machine.toml:7 demands a fence", "install bubblewrap"),
        (LISTED._replace(rules=()), None, "safepip.toml:2 lists", 'name = "demo", reason = "..."'),
        (NEVER, "landlock", "safepip.toml:2 says that nothing is built", "change builds at safepip.toml:2"),
    ],
)
def test_a_refusal_says_the_way_out_that_helps(policy: BuildPolicy, fence: str | None, why: str, hint: str) -> None:
    found = answer(policy, "demo", fence=fence)
    assert isinstance(found, NotApproved)
    assert why in found.why
    assert hint in found.hint
    # What would not help is not offered.
    assert ("--allow-build" in found.hint) == (policy == DEFAULT)
    shown = found.diagnostic("demo", (HERE,), ("required by x",))
    assert (shown.reference, shown.subject, shown.origins) == ("unapproved-build", "demo", (HERE,))
    assert shown.message.endswith(found.why)


def test_a_list_asks_for_the_name_of_what_has_none() -> None:
    found = Approvals(LISTED, BuildSettings(), NameSet(), "bubblewrap").of("")
    assert isinstance(found, NotApproved)
    assert "which project this is" in found.why
    assert found.hint == "write which project it is: NAME @ URL"


def test_what_the_hint_says_is_approved_then() -> None:
    """Followed, each hint helps."""
    assert isinstance(Approvals(DEFAULT, BuildSettings(frozenset({"demo"})), NameSet(), None).of("demo"), Approved)
    assert isinstance(Approvals(FENCED, BuildSettings(), NameSet(), "landlock").of("demo"), Approved)
