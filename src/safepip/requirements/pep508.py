"""The parts of a requirement that PEP 508 describes, within bounds: markers, extras, and a name with its specifier.

What only an error needs is imported when there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508

from safepip.model.names import normalise
from safepip.model.origin import Source
from safepip.requirements.mistakes import invalid
from safepip.wheel.metadata import MAX_CLAUSES, MAX_REQUIREMENT

if TYPE_CHECKING:
    from safepip.requirements.disk import Disk
    from safepip.requirements.file_format import RequirementLine

#: So many words are written out in a hint.
_SHOWN = 10

_OPERATORS = ("~=", "==", "!=", "<=", ">=", "<", ">")


def check_length(line: RequirementLine) -> None:
    if len(line.text) > MAX_REQUIREMENT:
        raise invalid(line, f"it has {len(line.text)} characters, and at most {MAX_REQUIREMENT} are read")


def read_pep508(line: RequirementLine, text: str, disk: Disk | None = None) -> Pep508:
    try:
        found = Pep508(text)
    except RecursionError:
        raise invalid(line, "it is nested too deeply") from None
    except InvalidRequirement as problem:
        from safepip.requirements.corrections import pointed_at

        hint = _hint(line, text, disk)
        # packaging's message repeats the text and points into it with a second and third line.
        why = str(problem)
        raise invalid(line, why.partition("\n")[0], hint, () if hint else pointed_at(line, why)) from None
    if len(found.specifier) > MAX_CLAUSES:
        raise invalid(line, f"it has more than {MAX_CLAUSES} clauses")
    return found


def _hint(line: RequirementLine, text: str, disk: Disk | None) -> str:
    """What was probably meant, as pip says it."""
    if disk is not None and any(separator in text for separator in disk.separators):
        if not disk.is_file(disk.absolute(text)):
            return "it looks like a path, and there is no such file"
        return "it is a file: a requirements file is named with -r"
    from shlex import join, quote

    from safepip.requirements.corrections import meant

    words = meant(line.written)
    if len(words) > 1:
        if line.origin.source is Source.FILE:
            return "each requirement has a line of its own"
        return "each requirement is an argument of its own" + (f": {join(words)}" if len(words) <= _SHOWN else "")
    single = "=" in text and not any(operator in text for operator in _OPERATORS)
    if not words:
        return "= is not an operator: ==" if single else ""
    word = quote(words[0]) if line.origin.source is Source.COMMAND_LINE else words[0]
    return f"{'= is not an operator; ' if single else ''}did you mean {word}?"


def read_marker(line: RequirementLine, text: str) -> Marker | None:
    if not text:
        return None
    try:
        return meaningful(line, Marker(text))
    except RecursionError:
        raise invalid(line, "its marker is nested too deeply") from None
    except InvalidMarker as problem:
        from safepip.requirements.corrections import meant_variable, pointed_at

        why = str(problem)
        variable = meant_variable(why)
        hint = f"did you mean {variable}?" if variable else ""
        raise invalid(line, why.partition("\n")[0], hint, pointed_at(line, why)) from None


def meaningful(line: RequirementLine, marker: Marker) -> Marker:
    """The marker, if it can be evaluated at all, which its grammar does not promise."""
    try:
        marker.evaluate({"extra": ""})
    except (UndefinedComparison, UndefinedEnvironmentName):
        raise invalid(line, "its marker compares values that cannot be compared") from None
    except ValueError:
        raise invalid(line, "its marker has a number that is too long to be read") from None
    return marker


def read_extras(line: RequirementLine, extras: str) -> frozenset[str]:
    if not extras:
        return frozenset()
    found = read_pep508(line, f"placeholder{extras.lower()}")
    return frozenset(normalise(extra) for extra in found.extras)
