"""The errors of a requirement that cannot be read. They show it as it was written, before variables were expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.requirements.file_format import hide_user_info

if TYPE_CHECKING:
    from safepip.requirements.file_format import RequirementLine


def missing(line: RequirementLine) -> UnusableInput:
    return _error("missing-file", line, f"{line.written} names a file that does not exist")


def invalid_constraint(line: RequirementLine, why: str, hint: str = "") -> UnusableInput:
    hint = hint or "write it as a requirement instead"
    return _error("invalid-constraint", line, f"{line.written} is not a valid constraint: {why}", hint)


def invalid(line: RequirementLine, why: str, hint: str = "", context: tuple[str, ...] = ()) -> UnusableInput:
    # The parser's own words may repeat the expanded text.
    reason = "it cannot be read with its variables expanded" if line.expanded else printable(hide_user_info(why))
    return _error("invalid-requirement", line, f"{line.written} is not a valid requirement: {reason}", hint, context)


def _error(
    reference: str, line: RequirementLine, message: str, hint: str = "", context: tuple[str, ...] = ()
) -> UnusableInput:
    error = UnusableInput.because(reference, message, context=context, origins=(line.origin,), hint=hint)
    assert isinstance(error, UnusableInput)
    return error
