"""The line that names the environment of a run, and the one that offers another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.environment.meant import Basis
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


def target_lines(basis: Basis, named_by: str, place: tuple[str, str], nearby: str) -> Iterator[str]:
    """What is said of the environment, where something is said of it (`is_named`).

    `place` is its folder and its Python's version. `named_by` is the variable or the file that named it, empty where
    the command line does. `nearby` is another one that may be meant.
    """
    folder, version = place
    yield f"Environment: {printable(folder)} (Python {version}){_reason(basis, printable(named_by))}"
    if nearby:
        import shlex

        yield f"hint: if you mean {printable(nearby)}, add: --python {shlex.quote(printable(nearby))}"


def _reason(basis: Basis, named_by: str) -> str:
    match basis:
        case Basis.OWN:
            return ", the one that safepip runs in: no other is named or active"
        case Basis.CONDA_BASE:
            return f", conda's base, named by {named_by}: no other is named or active"
    return f", named by {named_by}" if named_by else ""
