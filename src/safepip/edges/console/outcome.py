"""How a run ended, in the form that `--output-format` asks for: on standard output, where nothing else is then.

The words for people are on standard error, as always. What cannot be written here was written there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.console.outputs import warn, write_annotation, write_data
from safepip.edges.console.writing import Console
from safepip.model.errors import Fault, Refused, ResolutionImpossible, SafepipError
from safepip.reporting.messages import render_error
from safepip.reporting.results import error_results, seen_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.reporting.results import Result

#: The forms in which a run says how it ended; `text` is said as it goes.
FORMS = ("json", "sarif", "github")
_OPTION = "--output-format"


def form_of(words: Sequence[str]) -> str:
    """The form that a command line asks for, read or not: its last `--output-format`. Empty for text, and for a form
    in which an error cannot be said."""
    form = ""
    for at, word in enumerate(words):
        if word == _OPTION:
            form = words[at + 1] if at + 1 < len(words) else ""
        elif word.startswith(f"{_OPTION}="):
            form = word.partition("=")[2]
    return form if form in FORMS else ""


def tell_outcome(form: str, command: str, code: int) -> None:
    """That a run came to its end. Raises `Unavailable` (`output-not-written`)."""
    _write(form, command, code, None)


def tell_error(form: str, command: str, error: SafepipError) -> None:
    """What ended a run."""
    try:
        _write(form, command, error.exit_code, error)
    except SafepipError as lost:
        warn(render_error(lost) + "\n")


def tell_fault(form: str, command: str, code: int) -> None:
    """That safepip itself has failed."""
    tell_error(form, command, Fault.because("internal-error", f"safepip has failed; exit code {code}"))


def _write(form: str, command: str, code: int, error: SafepipError | None) -> None:
    from safepip import __version__

    results: list[Result] = [] if error is None else seen_from(error_results(error), _folder())
    if form == "json":
        from safepip.reporting.outcome_json import outcome_json

        text = outcome_json(command, __version__, code, error, Console.notices_last)
    elif form == "sarif":
        from safepip.reporting.sarif import sarif_log

        judged = error is None or isinstance(error, (Refused, ResolutionImpossible))
        text = sarif_log(results, __version__, code, successful=judged)
    else:
        from safepip.reporting.annotations import annotations_of

        for annotation in annotations_of(results):
            clean = (Console.redact_last(part) for part in (annotation.title, annotation.message, annotation.file))
            title, message, file = clean
            write_annotation(annotation._replace(title=title, message=message, file=file))
        return
    write_data(Console.redact_last(text) + "\n")


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
