"""`safepip explain NAME`: why this version, by which rule from which index, who requires it, what was rejected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.resolving import resolve
from safepip.commands.resources import Resources
from safepip.model.errors import Unavailable, UnusableInput
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.options.command_line import HelpRequested
from safepip.reporting.explaining import as_data, as_text, explain
from safepip.reporting.runner_commands import disarm_data
from safepip.resolution.dependencies import Markers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.model.candidate import ProjectCandidates
    from safepip.model.resolution import Pin
    from safepip.reporting.explaining import Explanation

_HELP = """\
Usage: safepip explain [options] NAME ...

Show for each NAME why it is needed and in this version, which index it comes from and by which rule, what requires it,
and why newer versions were rejected. safepip decides this anew for an empty environment from -r FILE, --group and the
like, or reads it from a lock given by -r. Without any of them it explains pylock.toml in the working directory. What is
named by URL or path, such as ./folder, is asked for and explained itself.
--json prints the same as data. --tree shows all of it as a tree, as `safepip tree` does, and takes the options of that;
then NAMEs may be left out. The other options are those of `safepip install`: see `safepip install --help`."""


def explain_names(argv: Sequence[str]) -> int:
    """Run `safepip explain` with these arguments, the verb left out; 1 where a name is not there."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    if "--tree" in argv:
        from safepip.commands.tree import tree

        return tree([word for word in argv if word != "--tree"], explains=True)
    with Resources() as resources:
        inputs = _read([word for word in argv if word != "--json"], resources)
        resources.console.answer_alone()
        decision = resolve(inputs, resources, searched=True)
        named = dict.fromkeys((*_named_by_source(decision), *inputs.named))
        found = [_explain(decision, name) for name in named if name in decision.resolution.pins]
        if "--json" in argv:
            text = json.dumps([as_data(item) for item in found], indent=2, ensure_ascii=False)
            resources.console.data(disarm_data(text))
        else:
            for item in found:
                resources.console.data("\n".join(as_text(item)))
        missing = [name for name in named if name not in decision.resolution.pins]
        for name in missing:
            resources.console.notice(f"{printable(name)} is not needed by any of the requirements")
        return 1 if missing else 0


def _named_by_source(decision: Decision) -> list[str]:
    """The projects that the command line names by URL or path: only what was read there says which they are."""
    requirements = decision.inputs.statements.requirements
    return [r.name for r in requirements if r.url is not None and r.origin == Origin(Source.COMMAND_LINE)]


def _read(words: Sequence[str], resources: Resources) -> Inputs:
    """The inputs; that there is nothing is said in this command's words. Raises `SafepipError`."""
    try:
        # A decision for an empty environment, as for a lock.
        return read_inputs("download", words, resources, arguments_are="names")
    except UnusableInput as error:
        if error.diagnostics[0].reference != "no-requirements":
            raise
        raise UnusableInput.because(
            "no-requirements",
            "there is nothing to explain: no -r is given, and the working directory has no pylock.toml",
            hint="make a lock with safepip lock -r FILE, or give the requirements: safepip explain NAME -r FILE",
        ) from None


def _explain(decision: Decision, name: str) -> Explanation:
    """Why one project is there."""
    inputs = decision.inputs
    return explain(
        name,
        decision.resolution,
        inputs.statements,
        Markers(inputs.target.markers),
        inputs.settings.selection,
        _available(decision, decision.resolution.pins[name]),
        None if inputs.lock_requests else decision.catalog.rules.ages,
    )


def _available(decision: Decision, pin: Pin) -> ProjectCandidates | None:
    """What the index offers, where it is asked; a kept answer will do."""
    if pin.direct_url is not None:
        return None
    try:
        routed = decision.catalog.candidates_for(pin.name, pin.required_by)
        return decision.catalog.finder.considered(routed.available)
    except Unavailable:
        if decision.inputs.settings.network.offline:
            return None
        raise
