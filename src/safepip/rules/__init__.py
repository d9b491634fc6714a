"""What a wheel must prove before pip may have it: one rule a file, the file's name being the refusal's reference.

A rule is a function `check(pin, file, metadata) -> Diagnostic | None` without I/O: None means that it is satisfied.
`pin` is what was resolved, `file` the verified bytes on disk, `metadata` the METADATA read out of them. Every
rule is asked about every wheel, so that one run reports all that is wrong. A rule that cannot decide
refuses. Only `clear` makes a `ClearedWheel`, and only when no rule objected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.errors import Refused
from safepip.model.evidence import ClearedWheel
from safepip.rules import metadata_mismatch, wrong_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.candidate import Pin
    from safepip.model.evidence import VerifiedFile
    from safepip.model.finding import Diagnostic

    Rule = Callable[[Pin, VerifiedFile, bytes], Diagnostic | None]

#: Every rule, in the order of the report.
RULES: tuple[Rule, ...] = (
    wrong_identity.check,
    metadata_mismatch.check,
)


def clear(pin: Pin, file: VerifiedFile, wheel_metadata: bytes) -> ClearedWheel:
    """Judge a wheel by every rule.

    `wheel_metadata` is METADATA as `safepip.edges.archive` read it from `file`. Raises `Refused` with a diagnostic
    for each rule that objects.
    """
    findings = [finding for rule in RULES if (finding := rule(pin, file, wheel_metadata)) is not None]
    if findings:
        raise Refused(*findings)
    return ClearedWheel._attest(pin, file)
