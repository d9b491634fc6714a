"""The variables that safepip knows: every name that begins with `SAFEPIP_` is judged here and nowhere else.

1. A known name is safepip's.
2. A name that is close to a known one is taken for a typing mistake, and is an error: it was meant to have an effect.
3. Any other name belongs to another program (`SAFEPIP_VERSION` in a Dockerfile); one notice mentions it.

Close is what sounds alike (`SAFEPIP_OFLINE`, `SAFEPIP_NOCONFIG`) and what has a known name in it
(`SAFEPIP_CONFIG_FILE`, `SAFEPIP_CONFIGURATION`), in whatever case (`SAFEPIP_Offline`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safepip.model.index import Index

PREFIX = "SAFEPIP_"
#: Variables by their names; those of `FLAGS` have a truth value.
FLAGS = ("SAFEPIP_NO_CONFIG", "SAFEPIP_OFFLINE")
#: How many pips may work side by side.
JOBS = "SAFEPIP_JOBS"
KNOWN = ("SAFEPIP_CONFIG", JOBS, *FLAGS)
#: The credentials of an index by its name, as other tools of the field take them.
CREDENTIALS = ("SAFEPIP_INDEX_<NAME>_USERNAME", "SAFEPIP_INDEX_<NAME>_PASSWORD")

# Few runs have a variable that is held against these, and to compile them takes longer than all else here.
_CREDENTIAL = r"SAFEPIP_INDEX_(?P<name>[A-Z0-9_]+)_(?P<what>USERNAME|PASSWORD)"
_LIKE_A_CREDENTIAL = r"SAFEPIP_INDEX(?:ES)?_\w+_(?P<what>USER\w*|NAME|LOGIN|PASS\w*|PWD?|TOKEN|\w*WORD)"
_ALIKE = 0.75


class Misspelt(NamedTuple):
    """A name that safepip does not know, and the known one that it is close to."""

    name: str
    meant: str


def credential_variable(name: str) -> tuple[str, str] | None:
    """The index (as its name is written in a variable) and `USERNAME` or `PASSWORD`, of a variable that gives one."""
    found = re.fullmatch(_CREDENTIAL, name) if name.startswith(PREFIX) else None
    return (found["name"], found["what"]) if found else None


def stem_of(index: str) -> str:
    """An index's name as it is written in its variables: in upper case, `-` and `.` as `_`."""
    return index.upper().replace("-", "_").replace(".", "_")


def unused_variables(environ: Mapping[str, str], indexes: Iterable[Index]) -> tuple[str, ...]:
    """A notice about credentials of indexes that are not declared."""
    stems = {stem_of(index.name) for index in indexes if index.declared}
    names = sorted(
        printable(name) for name in environ if (found := credential_variable(name)) and found[0] not in stems
    )
    if not names:
        return ()
    return (f"safepip's configuration declares no index of that name, so it is not used: {', '.join(names)}",)


def misspelt(names: Iterable[str]) -> Iterator[Misspelt]:
    """Rule 2, in alphabetical order."""
    for name in _unknown(names):
        meant = _close_to(name)
        if meant:
            yield Misspelt(name, meant)


def foreign(names: Iterable[str]) -> Iterator[str]:
    """Rule 3, in alphabetical order."""
    return (name for name in _unknown(names) if not _close_to(name))


def _unknown(names: Iterable[str]) -> list[str]:
    return sorted(
        name
        for name in names
        if name.startswith(PREFIX) and name not in KNOWN and credential_variable(name) is None
    )  # fmt: skip


def _close_to(name: str) -> str:
    """The known name that this one is close to, empty where there is none."""
    name = name.upper()
    like = re.fullmatch(_LIKE_A_CREDENTIAL, name)
    if like:
        return CREDENTIALS[0 if like["what"].startswith(("USER", "NAME", "LOGIN")) else 1]
    from difflib import SequenceMatcher

    stem = name.removeprefix(PREFIX)
    for known in sorted(KNOWN, key=len, reverse=True):
        own = known.removeprefix(PREFIX)
        if f"_{own}" in f"_{stem}" or SequenceMatcher(None, stem, own).ratio() >= _ALIKE:
            return known
    return ""
