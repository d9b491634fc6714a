"""All attacks and all look-alikes, by name."""

from __future__ import annotations

from hostile import (
    archives,
    bombs,
    headers,
    hooks,
    identity,
    install_paths,
    lookalike_forms,
    lookalikes,
    names,
    overlaps,
    records,
    reserved,
    steering,
)
from hostile.attack import ATTACKS, Attack, Offer, Offered
from hostile.lookalike import LOOK_ALIKES, LookAlike

__all__ = ["ATTACKS", "LOOK_ALIKES", "LOOK_ALIKE_ROOMS", "ROOMS", "Attack", "LookAlike", "Offer", "Offered"]

ROOMS = (archives, headers, names, bombs, identity, records, hooks, overlaps, install_paths, reserved, steering)
LOOK_ALIKE_ROOMS = (lookalikes, lookalike_forms)
