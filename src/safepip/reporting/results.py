"""What a run has to say, result by result: the one record from which SARIF and annotations are made.

An audit's findings (`audit_results`), what ended a run (`error_results` here), and what `verify` has found
(`verify_results`) become results. A result has a rule, which is the finding's id or the error's reference, and the
places to which a person goes who wants to change it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.model.origin import Source
from safepip.model.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.errors import SafepipError
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin

#: Places that are files of the project: those of a user or a machine are none that a code host knows.
_FILES = (Source.FILE, Source.PROJECT_CONFIG)
#: A group or an extra of a project's file is named behind it.
_IN_A_TABLE = re.compile(r"(?<![^/\\])(pyproject\.toml) \[[^\n]*\Z")


class ResultRule(NamedTuple):
    """What several results may have in common. `score` is a number from 0 to 10 as code hosts take it, or empty."""

    id: str
    title: str
    help: str
    score: str = ""


class Result(NamedTuple):
    """One result: its rule, its level (error, warning or note), what it says, and where, the likeliest place first."""

    rule: ResultRule
    level: str
    text: str
    places: tuple[Origin, ...] = ()


def error_results(error: SafepipError) -> Iterator[Result]:
    """A result for each problem that ended a run."""
    for diagnostic in error.diagnostics:
        reference = diagnostic.reference
        rule = ResultRule(reference, reference.replace("-", " "), f"More: safepip help {reference}")
        yield Result(rule, "error", _text(diagnostic), places_of(diagnostic.origins))


def _text(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.message, *diagnostic.context]
    if diagnostic.hint:
        lines += ["", f"hint: {diagnostic.hint}"]
    return "\n".join(printable(line, 1000) for text in lines for line in (text.splitlines() or [""]))


def places_of(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """The files of the project among these places and what led to them, each once, in this order: the nearest first."""
    found: dict[tuple[str, int | None], Origin] = {}
    for origin in origins:
        step: Origin | None = origin
        while step is not None:
            if step.source in _FILES and step.where not in ("", "-") and not is_url(step.where):
                file = step._replace(where=_IN_A_TABLE.sub(r"\1", step.where))
                found.setdefault((file.where, file.line), file)
            step = step.parent
    return tuple(found.values())
