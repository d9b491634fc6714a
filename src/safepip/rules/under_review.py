"""One wheel while the rules judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.model.evidence import VerifiedFile
    from safepip.model.resolution import Pin
    from safepip.model.wheel import InstallPath, WheelContent


class WheelUnderReview(NamedTuple):
    """One wheel under review: what was resolved, the verified bytes, what is in them, and where pip would put it."""

    pin: Pin
    file: VerifiedFile
    content: WheelContent
    install_paths: tuple[InstallPath, ...]
