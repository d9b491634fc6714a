"""`safepip wheel`: what install does up to the judged wheels, built where need be, which go into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.resolving import resolve
from safepip.commands.resources import Resources
from safepip.commands.telling import tell_decisions, tell_notices, tell_sources

if TYPE_CHECKING:
    from collections.abc import Sequence


def wheel(argv: Sequence[str]) -> int:
    """Run `safepip wheel` with these arguments, the verb left out. Raises `SafepipError`.

    As with pip nothing that is installed counts, and the wheels of all that is required are saved, too. A file that is
    there already under the same name is replaced.
    """
    from safepip.commands.clearing import clear
    from safepip.edges.disk.saving import save
    from safepip.environment.guards import check_target

    with Resources() as resources:
        inputs = read_inputs("wheel", argv, resources)
        check_target(inputs.settings, inputs.target)
        tell_sources(inputs, resources)
        decision = resolve(inputs, resources)
        tell_notices(decision.resolution.notices, resources.console)
        tell_decisions(decision, resources)
        wheels = clear(decision, resources, decision.to_install)
        folder = inputs.settings.wheel_dir or "."
        for cleared in wheels:
            resources.console.say(f"Saved {save(cleared.file, folder)}")
        built = [cleared.pin.name for cleared in wheels if cleared.pin.candidate and not cleared.pin.candidate.is_wheel]
        if built:
            resources.console.say("Successfully built " + " ".join(built))
        return 0
