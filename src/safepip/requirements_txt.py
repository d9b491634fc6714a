"""Text of a requirements or constraints file -> its lines, with pip's grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safepip.model.origin import Origin


@dataclass(frozen=True, slots=True)
class FileOption:
    """An option for the whole run, written on a line of its own in a requirements or constraints file.

    `name` is the long option without dashes (`index-url`), `value` None for a flag. `expanded` tells
    that a `${VARIABLE}` was substituted in its line: such a value may hold a secret. Taken in order, the
    options of a line have pip's meaning; `find-links` is already relative to the file where pip takes it so.
    """

    name: str
    value: str | None
    origin: Origin
    expanded: bool = False
