"""`safepip download`: what install does up to the verified wheels, which go into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.resolving import resolve
from safepip.commands.resources import Resources

if TYPE_CHECKING:
    from collections.abc import Sequence


def download(argv: Sequence[str]) -> int:
    """Run `safepip download` with these arguments, the verb left out. Raises `SafepipError`.

    As with pip nothing that is installed counts, and a file that is there already under the same name is
    kept where it is the same and replaced where it is not.
    """
    from safepip.edges.disk.saving import save
    from safepip.environment.guards import check_target

    with Resources() as resources:
        inputs = read_inputs("download", argv, resources)
        check_target(inputs.settings, inputs.target)
        decision = resolve(inputs, resources)
        for notice in decision.resolution.notices:
            resources.console.notice(notice)
        from safepip.commands.clearing import clear

        wheels = clear(decision, resources, decision.to_install)
        folder = inputs.settings.download_dir or "."
        for wheel in wheels:
            resources.console.say(f"Saved {save(wheel.file, folder)}")
        if wheels:
            resources.console.say("Successfully downloaded " + " ".join(wheel.pin.name for wheel in wheels))
        return 0
