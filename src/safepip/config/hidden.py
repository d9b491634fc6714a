"""A project has one configuration (ADR 0044): which files would be hidden by the nearest, and the refusal of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import UsageError
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safepip.config.level import Level


def to_be_empty(nearest: Level, upward: Iterable[str]) -> Iterator[str]:
    """The folders in which there may be no other configuration, of that of the nearest one and those above it: its own;
    and where it declares no index, so that it does not say whose the names are, all of them."""
    for folder in upward:
        yield folder
        if nearest.indexes:
            return


def hides(nearest: Level, path: str, *, beside: bool) -> UsageError:
    """The error (`hidden-configuration`) for a configuration at `path`, in the same folder as the nearest or above."""
    where = nearest.origin.where
    one = f"put everything into one of them, {where if beside else path}"
    return UsageError.because(
        "hidden-configuration",
        f"{printable(where)} would hide the configuration {printable(path)}",
        hint=f"{printable(one)}, and take the other away\n"
        "to use only one of them: --config FILE, or SAFEPIP_CONFIG=FILE",
        origins=(nearest.origin,),
    )
