"""`safepip download`: what install does up to the verified files, which go into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.resolving import resolve
from safepip.commands.resources import Resources
from safepip.commands.telling import tell_decisions, tell_notices, tell_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.decision import Decision
    from safepip.model.evidence import VerifiedFile
    from safepip.model.resolution import Pin


def download(argv: Sequence[str]) -> int:
    """Run `safepip download` with these arguments, the verb left out. Raises `SafepipError`.

    As with pip nothing that is installed counts, and a file that is there already under the same name is
    kept where it is the same and replaced where it is not. A source archive is saved as it is and not built, and a
    checkout as a ZIP archive.
    """
    from safepip.edges.disk.saving import save
    from safepip.environment.guards import check_target

    with Resources() as resources:
        inputs = read_inputs("download", argv, resources)
        check_target(inputs.settings, inputs.target)
        tell_sources(inputs, resources)
        decision = resolve(inputs, resources)
        tell_notices(decision.resolution.notices, resources.console)
        tell_decisions(decision, resources)
        files = _files(decision, resources)
        folder = inputs.settings.download_dir or "."
        for file in files.values():
            resources.console.say(f"Saved {save(file, folder)}")
        if files:
            resources.console.say("Successfully downloaded " + " ".join(files))
        return 0


def _files(decision: Decision, resources: Resources) -> dict[str, VerifiedFile]:
    """By project what was fetched for it: a wheel once it is judged, a source archive as it is."""
    from safepip.commands.clearing import clear
    from safepip.commands.fetching import fetch_files

    def is_wheel(pin: Pin) -> bool:
        return pin.candidate is not None and pin.candidate.is_wheel

    pins = decision.to_install
    wheels = clear(decision, resources, [pin for pin in pins if is_wheel(pin)])
    found = {wheel.pin.name: wheel.file for wheel in wheels}
    sources = [pin for pin in pins if not is_wheel(pin)]
    for pin, file in zip(sources, fetch_files(decision, resources, sources), strict=True):
        if file is None and decision.builds is not None:
            file = decision.builds.checkout(pin)
        if file is None:
            resources.console.notice(f"{pin.name} is not saved: it is not a file but {_described(pin)}")
        else:
            found[pin.name] = file
    return {pin.name: found[pin.name] for pin in pins if pin.name in found}


def _described(pin: Pin) -> str:
    code = pin.candidate.source if pin.candidate is not None else None
    return "an editable checkout" if code is not None and code.vcs else "a folder"
