"""What a run has to say, result by result: the one record from which SARIF and annotations are made.

An audit's findings (`audit_results`), what ended a run (`error_results` here), and what `verify` has found
(`verify_results`) become results. A result has a rule, which is the finding's id or the error's reference, and the
places to which a person goes who wants to change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.model.origin import Source
from safepip.model.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.model.errors import SafepipError
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin

#: Places that are files: those that a command names, and the project's, come before those of higher levels.
_FILES = (Source.FILE, Source.PROJECT_CONFIG, Source.PIP_CONFIG, Source.USER_POLICY, Source.MACHINE_POLICY)


class Rule(NamedTuple):
    """What several results may have in common. `score` is a number from 0 to 10 as code hosts take it, or empty."""

    id: str
    title: str
    help: str
    score: str = ""


class Result(NamedTuple):
    """One result: its rule, its level (error, warning or note), what it says, and where, the likeliest place first."""

    rule: Rule
    level: str
    text: str
    places: tuple[Origin, ...] = ()


def error_results(error: SafepipError) -> Iterator[Result]:
    """A result for each problem that ended a run."""
    for diagnostic in error.diagnostics:
        reference = diagnostic.reference
        rule = Rule(reference, reference.replace("-", " "), f"More: safepip help {reference}")
        yield Result(rule, "error", _text(diagnostic), places_of(diagnostic.origins))


def _text(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.message, *diagnostic.context]
    if diagnostic.hint:
        lines += ["", f"hint: {diagnostic.hint}"]
    return "\n".join(printable(line, 1000) for text in lines for line in (text.splitlines() or [""]))


def seen_from(results: Iterable[Result], folder: str) -> list[Result]:
    """The results with what lies below a folder named from there: code hosts know files by their place in a
    checkout."""
    return [result._replace(places=tuple(_seen(place, folder) for place in result.places)) for result in results]


def _seen(place: Origin, folder: str) -> Origin:
    inside = bool(folder.strip("/")) and place.where.startswith(f"{folder.rstrip('/')}/")
    return place._replace(where=place.where[len(folder.rstrip("/")) + 1 :]) if inside else place


def places_of(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """The files of this machine among these places and what led to them, each once."""
    found: dict[tuple[str, int | None], Origin] = {}
    for origin in origins:
        step: Origin | None = origin
        while step is not None:
            if step.source in _FILES and step.where not in ("", "-") and not is_url(step.where):
                found.setdefault((step.where, step.line), step)
            step = step.parent
    return tuple(sorted(found.values(), key=lambda place: _FILES.index(place.source)))
