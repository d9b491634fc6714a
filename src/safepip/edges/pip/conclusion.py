"""What is done when pip has ended well: its work is held against the handover, and its metadata is corrected."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from safepip.edges.pip.direct_url import record_direct_urls, remove_marks
from safepip.edges.pip.installed_wheels import check_installed
from safepip.handover.instructions import check_report
from safepip.model.errors import PipFailed
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safepip.handover.instructions import Handover
    from safepip.model.plan import Settings, Target


def conclude(
    handover: Handover, target: Target, settings: Settings, environ: Mapping[str, str], kept: Sequence[str]
) -> None:
    """Hold what pip reports, and what it has installed, against the handover, and correct the metadata: each of these
    also where another one finds something. Raises as `hand_over` says."""
    steps = (
        partial(_check_reports, handover),
        partial(check_installed, handover, target, settings, environ, kept),
        partial(_correct_metadata, handover, target, settings, kept),
    )
    problems: list[Diagnostic] = []
    for step in steps:
        try:
            step()
        except PipFailed as error:
            problems += error.diagnostics
    if problems:
        raise PipFailed(1, *problems)


def _check_reports(handover: Handover) -> None:
    for part in handover.parts:
        with open(part.report, encoding="utf-8") as file:
            check_report(part, json.load(file))


def _correct_metadata(handover: Handover, target: Target, settings: Settings, kept: Sequence[str]) -> None:
    try:
        record_direct_urls(handover, target, settings, kept)
        remove_marks(handover, kept)
    except OSError as error:
        raise PipFailed(
            1,
            Diagnostic(
                "unfinished-installation",
                "pip has installed everything, and its metadata could not be corrected afterwards",
                context=(printable(error.strerror or str(error)),),
                hint="put that right, and run it again: what is left to be done is noted, and done first",
            ),
        ) from None
