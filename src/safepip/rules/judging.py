"""What a wheel must prove before pip may have it: one rule a file, the file's name being the refusal's reference.

A rule is a function `check(reviewed, context) -> Diagnostic | None` without I/O: None means that it has no objection.
`reviewed` is the wheel under review, `context` all else that a rule may know (`safepip.rules.context`). Every rule is
asked about every wheel, so that one run reports all that is wrong. A rule that cannot decide refuses. Only `judge`
makes a `ClearedWheel`, and only when no rule objected or policy overruled each that did.

Two kinds of rule cannot be overruled: those that find out what the wheel is (nothing could be said of it
otherwise), and those without which a wheel could undo the judgement of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import Refused
from safepip.model.evidence import ClearedWheel
from safepip.model.exemption import Allowed, Exemption
from safepip.rules import (
    command_clash,
    direct_reference,
    file_overlap,
    installer_file,
    metadata_mismatch,
    outside_target,
    reserved_module,
    standard_library,
    startup_hook,
    unsafe_path,
    wrong_identity,
    wrong_record,
    wrong_tags,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview


class Rule(NamedTuple):
    """One rule. `reference` names it, its page and its finding; `allowable` tells whether policy may overrule it."""

    reference: str
    check: Callable[[WheelUnderReview, RuleContext], Diagnostic | None]
    allowable: bool


#: Every rule, in the order of the report.
RULES: tuple[Rule, ...] = (
    Rule("unsafe-path", unsafe_path.check, allowable=False),
    Rule("wrong-identity", wrong_identity.check, allowable=False),
    Rule("wrong-tags", wrong_tags.check, allowable=True),
    Rule("wrong-record", wrong_record.check, allowable=True),
    Rule("installer-file", installer_file.check, allowable=True),
    Rule("metadata-mismatch", metadata_mismatch.check, allowable=False),
    Rule("direct-reference", direct_reference.check, allowable=False),
    # One reference, two checks: policy cannot allow a file without a certain install path, but can allow one in a place
    # that belongs to others.
    Rule(outside_target.REFERENCE, outside_target.check_paths, allowable=False),
    Rule(outside_target.REFERENCE, outside_target.check_places, allowable=True),
    Rule(startup_hook.REFERENCE, startup_hook.check, allowable=True),
    # As above: no exception makes room for both.
    Rule("file-overlap", file_overlap.check_folders, allowable=False),
    Rule("file-overlap", file_overlap.check, allowable=True),
    Rule("standard-library", standard_library.check, allowable=True),
    Rule("reserved-module", reserved_module.check, allowable=True),
    Rule("command-clash", command_clash.check, allowable=True),
)


def judge(context: RuleContext, exemptions: Sequence[Exemption] = ()) -> list[ClearedWheel]:
    """Judge every wheel of the run by every rule.

    Raises `Refused` with a diagnostic for each objection that no exemption overrules.
    """
    cleared: list[ClearedWheel] = []
    refused: list[Diagnostic] = []
    for wheel in context.wheels:
        allowed: list[Allowed] = []
        for rule in RULES:
            finding = rule.check(wheel, context)
            if finding is None:
                continue
            exemption = _exemption(rule, wheel, exemptions)
            if exemption is None:
                refused.append(finding)
            else:
                allowed.append(Allowed(rule.reference, finding.message, exemption))
        pin, file, content, install_paths = wheel
        cleared.append(ClearedWheel._attest(pin, file, content, install_paths, tuple(allowed)))
    if refused:
        raise Refused(*refused)
    return cleared


def _exemption(rule: Rule, wheel: WheelUnderReview, exemptions: Sequence[Exemption]) -> Exemption | None:
    """The first line of policy that overrules this rule for this wheel."""
    if not rule.allowable:
        return None
    for exemption in exemptions:
        if (
            exemption.rule == rule.reference
            and exemption.project == wheel.pin.name
            and exemption.file in (None, wheel.file.filename)
            and exemption.digest in (None, wheel.file.sha256)
        ):
            return exemption
    return None
