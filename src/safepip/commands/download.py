"""`safepip download`: what install does up to the verified wheels, which go into a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.commands.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


def download(argv: Sequence[str]) -> int:
    """Run `safepip download` with these arguments, the verb left out. Raises `SafepipError`.

    As with pip nothing that is installed counts, and a file that is there already under the same name is
    kept where it is the same and replaced where it is not.
    """
    from safepip.edges.disk.saving import save
    from safepip.environment.guards import check_target

    with Session("download", argv) as session:
        check_target(session.settings, session.asked.target)
        resolution = session.decide()
        for notice in resolution.notices:
            session.console.notice(notice)
        wheels = session.clear([resolution.pins[name] for name in resolution.to_install])
        folder = session.settings.download_dir or os.curdir
        for wheel in wheels:
            session.console.say(f"Saved {save(wheel.file, folder)}")
        if wheels:
            session.console.say("Successfully downloaded " + " ".join(wheel.pin.name for wheel in wheels))
        return 0
