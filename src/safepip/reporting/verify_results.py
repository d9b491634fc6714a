"""What `safepip verify` found, result by result: at the file that it is about, where it is about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.reporting.results import Result, ResultRule
from safepip.reporting.verify_report import HEADINGS, described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.environment.verification import EnvironmentFolders, EnvironmentVerdict


def verify_results(verdict: EnvironmentVerdict, place: EnvironmentFolders) -> Iterator[Result]:
    """A result for each finding. Its rule is `verify-` and the kind that the JSON report has."""
    for finding in verdict.findings:
        title = HEADINGS[finding.kind]
        rule = ResultRule(
            f"verify-{finding.kind.value}", title, "Look at what changed it, and install the distribution anew"
        )
        text = printable(f"{title}: {described(finding, place)}", 1000)
        yield Result(rule, "error", text, (Origin(Source.FILE, finding.path),) if finding.path else ())
