"""What a run says beside its answer: which indexes it looks in, what it decided, and in the end what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.programs.installed_pip import default_index_url
from safepip.model.origin import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.edges.console.writing import Console
    from safepip.edges.pip.unfinished import Unfinished
    from safepip.handover.instructions import Handover
    from safepip.model.candidate import ProjectCandidates
    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings


def tell_sources(inputs: Inputs, resources: Resources) -> None:
    """pip's lines on where it looks, where that is not its default index."""
    if all(index.origin == BUILT_IN for index in inputs.plan.indexes):
        return
    from safepip.reporting.summaries import looking_in

    for line in looking_in(inputs.plan.indexes, default_index_url()):
        resources.console.say(line)


def tell_notices(notices: Iterable[str], console: Console) -> None:
    """The notices of a decision. Of several versions that are held back for their age there is one; with -v, and in the
    log, there is one for each."""
    told = list(notices)
    if not told:
        return
    from safepip.reporting.summaries import held_back

    summary, each = held_back(told)
    for notice in told:
        if notice not in each:
            console.notice(notice)
    if summary:
        console.notice(summary)
        for line in each:
            console.detail(line)


def tell_decisions(decision: Decision, resources: Resources) -> None:
    """With -v, and in the log: why each project is there in its version, and what was passed over for it. Nothing is
    asked for that was not asked before."""
    if not resources.console.keeps_details:
        return
    from safepip.reporting.explaining import as_text, explain
    from safepip.resolution.dependencies import Markers

    inputs, markers = decision.inputs, Markers(decision.inputs.target.markers)
    for name, pin in decision.resolution.pins.items():
        if pin.installed is not None:
            resources.console.detail(f"{name} {pin.version}\n  is installed already")
            continue
        ages = None if inputs.lock_requests else decision.catalog.rules.ages
        selection, available = inputs.settings.selection, _available(decision, name)
        found = explain(name, decision.resolution, inputs.statements, markers, selection, available, ages)
        resources.console.detail("\n".join(as_text(found)))


def _available(decision: Decision, name: str) -> ProjectCandidates | None:
    """What the index offers, where the search has looked at that."""
    known = decision.catalog.known(name)
    return None if known is None else decision.catalog.finder.considered(known.available)


def tell_installed(wheels: Sequence[ClearedWheel], console: Console) -> None:
    """The last line of an installation."""
    from safepip.reporting.summaries import installed

    console.say(installed(wheels, console.seconds()))


def tell_of_jobs(handover: Handover, settings: Settings, console: Console) -> None:
    """Where fewer pips install than the user has asked for: that there is a bound, and why it is one alone."""
    from safepip.handover.parts import MOST

    if settings.jobs is not None and settings.jobs > MOST:
        console.notice(f"at most {MOST} pips install side by side, and not {settings.jobs}")
    if handover.alone:
        console.detail(f"one pip installs everything: {handover.alone}")


def tell_missing(unfinished: Unfinished, handover: Handover, console: Console, *, silent: bool = False) -> None:
    """Which parts of an installation are there, and which are not, where one of several pips has failed, or what is
    there is not what was verified. A single pip that fails says so itself, unless it was `silent`."""
    missing = unfinished.missing
    if not missing or not (handover.stages or unfinished.differing or silent):
        return
    stated = {name: f"{name} {version}" for name, (version, _) in handover.installs.items()}
    there = [text for name, text in stated.items() if name not in missing]
    console.notice(f"not installed: {', '.join(text for name, text in stated.items() if name in missing)}")
    console.notice(f"installed: {', '.join(there) or 'nothing'}; the same command installs the rest")
