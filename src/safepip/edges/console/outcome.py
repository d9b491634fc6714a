"""How a run ended, in the form that `--output-format` asks for: on standard output, where nothing else is then.

The words for people are on standard error, as always. What cannot be written here was written there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.console.outputs import warn, write_annotation, write_data
from safepip.edges.console.writing import Console, hosted, placed
from safepip.model.errors import Fault, Refused, ResolutionImpossible, SafepipError
from safepip.reporting.messages import render_error
from safepip.reporting.results import error_results

if TYPE_CHECKING:
    from safepip.reporting.results import Result


def tell_outcome(form: str, command: str, version: str, code: int) -> None:
    """That a run came to its end; `version` is safepip's own. Raises `Unavailable` (`output-not-written`)."""
    _write(form, command, version, code, None)


def tell_error(form: str, command: str, version: str, error: SafepipError) -> None:
    """What ended a run."""
    try:
        _write(form, command, version, error.exit_code, error)
    except SafepipError as lost:
        warn(render_error(lost) + "\n")


def tell_fault(form: str, command: str, version: str, code: int) -> None:
    """That safepip itself has failed."""
    tell_error(form, command, version, Fault.because("internal-error", f"safepip has failed; exit code {code}"))


def _write(form: str, command: str, version: str, code: int, error: SafepipError | None) -> None:
    results: list[Result] = [] if error is None else list(error_results(error))
    if form == "json":
        from safepip.reporting.outcome_json import outcome_json

        text = outcome_json(command, version, code, error, Console.notices_last)
    elif form == "sarif":
        from safepip.reporting.sarif import sarif_log

        # What pip ended with another code is told by pip alone.
        judged = code == 0 if error is None else isinstance(error, (Refused, ResolutionImpossible))
        text = sarif_log(hosted(results, os.environ), version, code, successful=judged)
    else:
        from safepip.reporting.annotations import annotations_of

        for annotation in annotations_of(results):
            write_annotation(placed(annotation, Console.redact_last, os.environ))
        return
    write_data(Console.redact_last(text) + "\n")
