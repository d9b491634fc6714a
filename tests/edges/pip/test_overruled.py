"""What policy has overruled is seen: as a notice, in the report, and in `check-config`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safepip.model.evidence import ClearedWheel
from safepip.model.exemption import Allowed, Exemption
from safepip.model.origin import Origin, Source
from safepip.reporting.json_report import make_report
from safepip.reporting.messages import overruled
from support.clearing import wheel_under_review
from support.offers import decide
from support.universes import Release
from support.wheels import build_wheel

if TYPE_CHECKING:
    from safepip.rules.under_review import WheelUnderReview

ALLOWANCE = Exemption("acme-web", "odd-module", "we read it", Origin(Source.PROJECT_CONFIG, "safepip.toml", 12))


def cleared(reviewed: WheelUnderReview, *allowed: Allowed) -> ClearedWheel:
    """As `safepip.rules.judging.judge` makes it."""
    return ClearedWheel._attest(reviewed.pin, reviewed.file, reviewed.content, reviewed.install_paths, allowed)


def wheel(*rules: str) -> ClearedWheel:
    """acme-web 1.0, with an objection of each of these rules overruled."""
    allowed = [Allowed(rule, f"the wheel of acme-web 1.0 is {rule}", ALLOWANCE) for rule in rules]
    return cleared(wheel_under_review(*build_wheel("acme-web", "1.0")), *allowed)


def test_each_objection_that_was_overruled_has_a_line_with_its_reason_and_where_it_was_allowed() -> None:
    lines = overruled(wheel("odd-module", "odd-size"))
    assert lines[0] == (
        "allowed: odd-module for acme-web 1.0: the wheel of acme-web 1.0 is odd-module"
        " (reason: we read it, safepip.toml:12)"
    )
    assert [line.split()[1] for line in lines] == ["odd-module", "odd-size"]
    assert overruled(wheel()) == []


def test_the_report_says_of_a_judged_wheel_what_was_allowed_and_of_another_nothing() -> None:
    resolution = decide(
        [Release("acme-web", "1.0", requires=("acme-utils",)), Release("acme-utils", "2.0")], "acme-web"
    )
    report = json.loads(make_report(resolution, {}, "26.3", "0.1", [wheel("odd-module")]))
    own = {item["metadata"]["name"]: item["safepip"] for item in report["install"]}
    assert own["acme-web"]["allowed"] == [
        {
            "rule": "odd-module",
            "message": "the wheel of acme-web 1.0 is odd-module",
            "reason": "we read it",
            "origin": "safepip.toml:12",
        }
    ]
    assert "allowed" not in own["acme-utils"]
    report = json.loads(make_report(resolution, {}, "26.3", "0.1", [wheel()]))
    assert {item["safepip"].get("allowed") is None for item in report["install"]} == {True, False}
