"""The note of what is still to be set right when pip has ended: what a run writes down before it lets pip go.

Between pip's end and the last correction of its metadata (`edges.pip.direct_url`) a run can be killed. Then
distributions are marked as requested that the user did not ask for, or `direct_url.json` names a private folder, and as
they are installed no later run would look at them. And a pip that was killed leaves a distribution in part, which has
metadata, so that it seems to be there. So this is noted first, in the environment itself, where any later run finds it,
with whatever cache, by the same user. The next run sets it right before it decides anything.

The note is believed for nothing else. It names metadata folders by library (`purelib`, `platlib`), whose name has to be
that of the project and version; only their REQUESTED and `direct_url.json` are changed, the latter only where it still
has the URL of the private folder, whose name is random; and only a folder that no pip has finished is taken away, which
was not there when the run began, or whose RECORD is no more the one that was there: a version may be installed in its
own place. No wheel can bring such a file: it lies at the top of the environment, and its name begins with a dot
(`safepip.rules.steering`).

Whether pip has finished a distribution its RECORD tells: pip writes it last, in one step, and has INSTALLER in it,
which the wheel's own has not.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import InvalidVersion, Version

from safepip.handover.integrity import record_place
from safepip.model.names import is_name, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from safepip.handover.instructions import Handover

_FORM = 1
_INFO = re.compile(r"([A-Za-z0-9._-]+?)-([A-Za-z0-9._+!]+)\.dist-info")
_LIBRARIES = ("purelib", "platlib")

#: More than any installation has distributions; and of bytes, with the records of all of them.
_MOST = 20_000
LONGEST_NOTE = 16 << 20


class LaterForm(Exception):
    """A note of a form that a later safepip writes."""


class Undone(NamedTuple):
    """One distribution. `info` is the name of its metadata folder, in the folder of `library`.

    `new` tells that there was no such folder before, also where another version is replaced: what pip has not finished
    can go. `before` is by which a RECORD is known that was there before (inode, time in nanoseconds; twice 0 where the
    folder had none), None where there was no such folder: where it has changed, what pip has not finished can go, too.
    `marked` tells that pip marks it as requested though the user did not ask for it. `private` is the URL of the
    private copy that pip records, and `record` what belongs in its place; empty where pip records none.
    """

    name: str
    version: str
    library: str
    info: str
    new: bool = False
    before: tuple[int, int] | None = None
    marked: bool = False
    private: str = ""
    record: Mapping[str, Any] = {}


def fits(info: str, name: str, version: str) -> bool:
    """Whether a metadata folder of this name is that of the project and version (the wheel specification, "The
    .dist-info directory")."""
    found = _INFO.fullmatch(info)
    if found is None or normalise(found[1]) != name:
        return False
    try:
        return Version(found[2]) == Version(version)
    except InvalidVersion:
        return False


def entries_of(
    handover: Handover, libraries: Mapping[str, str], before: Callable[[str], tuple[int, int] | None]
) -> Iterator[Undone]:
    """What has to be noted of a handover. `libraries` are the folders by their names, and `before` tells what is known
    of the RECORD at a path before pip starts, None for none."""
    for wheel in handover.wheels.values():
        name, place = wheel.pin.name, record_place(wheel)
        url, marked = handover.direct_urls.get(name), name in handover.unrequested
        if name not in handover.installs or place is None:
            continue
        folder, info = place.path.rpartition("/")[0].rpartition("/")[::2]
        library = next((each for each in _LIBRARIES if libraries.get(each) == folder), "")
        version = str(wheel.pin.version)
        if library and fits(info, name, version):
            there = before(place.path)
            yield Undone(
                name,
                version,
                library,
                info,
                new=there is None,
                before=there,
                marked=marked,
                private=url.private if url else "",
                record=url.record if url else {},
            )


def text_of(entries: Iterable[Undone]) -> str:
    """The note as it is written."""
    return json.dumps({"form": _FORM, "distributions": [entry._asdict() for entry in entries]}, sort_keys=True)


def entries_in(data: bytes) -> tuple[Undone, ...]:
    """What a note says; nothing where it is not one as `text_of` writes it: then it was cut off before pip started, or
    another program made it. Raises `LaterForm`."""
    try:
        note = json.loads(data)
        if type(note["form"]) is int and note["form"] > _FORM:
            raise LaterForm
        if note["form"] != _FORM or len(note["distributions"]) > _MOST:
            return ()
        return tuple(_checked(item) for item in note["distributions"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ()


def _checked(item: Mapping[str, Any]) -> Undone:
    """The entry. Raises `ValueError`, `TypeError` or `LookupError` for what `entries_of` cannot have made."""
    if item.keys() != set(Undone._fields):
        raise LookupError
    name, version, library, info, new, before, marked, private, record = (item[field] for field in Undone._fields)
    texts = all(isinstance(text, str) for text in (name, version, info, private))
    if not texts or not isinstance(new, bool) or not isinstance(marked, bool) or library not in _LIBRARIES:
        raise TypeError
    if not is_name(name) or normalise(name) != name or not fits(info, name, version):
        raise ValueError
    if before is not None and [type(number) for number in before] != [int, int]:
        raise ValueError
    if not isinstance(record, dict) or (record and not isinstance(record.get("url"), str)):
        raise TypeError
    if (private or record) and not (record and private.startswith("file:")):
        raise ValueError
    before = None if before is None else (before[0], before[1])
    return Undone(name, version, library, info, new, before, marked, private, record)


def is_finished(record: bytes | None, info: str) -> bool:
    """Whether this is the RECORD that pip writes at the end."""
    return record is not None and re.search(rb"(?m)^%s/INSTALLER," % re.escape(info.encode()), record) is not None
