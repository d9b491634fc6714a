"""The record of where what the user named directly came from (direct_url.json, PEP 610), corrected after pip.

pip is handed the private copy of a wheel, which the user named or which was built from what the user named, and records
that copy's URL. Here the record that plain pip would have written (`safepip.model.direct_url`) takes its place, and the
row of RECORD that holds the file's digest and size follows. The file is known by its content: nothing
else on the machine names the private folder, whose name is random.

A dependency for which a constraint names the wheel is handed to pip by name and digest, since pip takes no digest for
it by URL. pip records nothing then, and safepip puts the record that pip would have made beside the wheel's installed
metadata. Conversely, where pip has to be told by name to install a dependency, the mark that the user asked for it is
taken away again (`remove_marks`).
"""

from __future__ import annotations

import glob
import json
import os
from typing import TYPE_CHECKING

from safepip.edges.disk.reading import read_regular
from safepip.edges.pip.record_rows import drop_row, replace_file, set_row
from safepip.handover.integrity import record_place
from safepip.model.errors import PipFailed
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safepip.handover.instructions import DirectUrl, Handover
    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings, Target

#: Where distributions lie below a `--prefix`, by the schemes of CPython, of distributors and of Windows.
_BELOW_PREFIX = (
    os.path.join("lib*", "python*", "*-packages"),
    os.path.join("local", "lib*", "python*", "*-packages"),
    os.path.join("lib*", "pypy*", "*-packages"),
    os.path.join("Lib", "site-packages"),
)


def record_direct_urls(handover: Handover, target: Target, settings: Settings, kept: Sequence[str] = ()) -> None:
    """Correct the record of each directly named wheel that pip has installed, or make it. `kept` are the folders that
    were there before and that pip has left as they were.

    Raises `PipFailed` (`direct-url-not-recorded`) for those whose record is not where it should be: they are installed,
    but `pip freeze` names the private folder for them.
    """
    if not handover.direct_urls:
        return
    places = list(dict.fromkeys(_places(target, settings)))
    wheels = {wheel.pin.name: wheel for wheel in handover.wheels.values()}
    lost = [
        name
        for name, urls in handover.direct_urls.items()
        if not (_correct(places, urls) or _add(wheels[name], urls, kept))
    ]
    if lost:
        raise PipFailed(
            1,
            *(
                Diagnostic(
                    "direct-url-not-recorded",
                    f"{name} was installed, but its direct_url.json, which says where it came from, was not found",
                    context=tuple(f"looked in {printable(place)}" for place in places),
                    hint="pip freeze names a temporary folder for it; install it again into an ordinary environment",
                    subject=name,
                )
                for name in lost
            ),
        )


def _places(target: Target, settings: Settings) -> Iterator[str]:
    """The folders in which pip may have put distributions, with the user's site or without."""
    if settings.target_dir is not None:
        yield os.path.abspath(settings.target_dir)
        return
    if settings.prefix_dir is not None:
        prefix = _below_root(os.path.abspath(settings.prefix_dir), settings.root_dir)
        for pattern in _BELOW_PREFIX:
            yield from glob.glob(os.path.join(glob.escape(prefix), pattern))
        return
    folders = [target.schemes.get("purelib"), target.schemes.get("platlib"), target.user_site]
    for folder in folders:
        if folder:
            yield _below_root(folder, settings.root_dir)


def _below_root(folder: str, root: str | None) -> str:
    """`folder` as it is under `--root`."""
    if root is None:
        return folder
    return os.path.join(os.path.abspath(root), os.path.splitdrive(folder)[1].lstrip("/\\"))


def _correct(places: list[str], urls: DirectUrl) -> bool:
    """Find the record that names the private copy and put the right one in its place; whether there was one."""
    for place in places:
        for path in glob.glob(os.path.join(glob.escape(place), "*.dist-info", "direct_url.json")):
            if _read(path).get("url") == urls.private:
                _replace(path, urls.record)
                return True
    return False


def _add(wheel: ClearedWheel, urls: DirectUrl, kept: Sequence[str]) -> bool:
    """Make the record of a wheel that pip knew by its name; whether that was possible."""
    place = record_place(wheel)
    if place is None or not place.path or any(place.path.startswith(f"{folder}/") for folder in kept):
        return False
    path = os.path.join(os.path.dirname(place.path), "direct_url.json")
    data = _text_of(urls.record)
    try:
        with open(path, "xb") as file:
            file.write(data)
    except OSError:
        return False
    set_row(path, data)
    return True


def _read(path: str) -> dict[str, object]:
    """A record; empty for one that cannot be read: any distribution may have brought a file of this name."""
    try:
        record = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _replace(path: str, record: Mapping[str, object]) -> None:
    """Write the record, and its row in RECORD."""
    data = _text_of(record)
    replace_file(path, data)
    set_row(path, data)


def _text_of(record: Mapping[str, object]) -> bytes:
    """A record as pip writes it."""
    return json.dumps(record, sort_keys=True).encode("utf-8")


def correct_record(info: str, private: str, record: Mapping[str, object]) -> None:
    """Put the record in the place of one that names the private copy, in this metadata folder. It may be done half:
    then the row of RECORD follows."""
    path = os.path.join(info, "direct_url.json")
    found = _read(path)
    if found.get("url") == private:
        _replace(path, record)
    elif found == record:
        set_row(path, _text_of(record))


def remove_marks(handover: Handover, kept: Sequence[str] = ()) -> None:
    """Take REQUESTED (PEP 376) from what pip was told to install by name though the user did not ask for it."""
    for wheel in handover.wheels.values():
        place = record_place(wheel) if wheel.pin.name in handover.unrequested else None
        if place is None or not place.path or any(place.path.startswith(f"{folder}/") for folder in kept):
            continue
        remove_mark(os.path.dirname(place.path))


def remove_mark(info: str) -> None:
    """The same for one metadata folder. It may be done half, or wholly."""
    path = os.path.join(info, "REQUESTED")
    drop_row(path)
    if os.path.isfile(path):
        os.unlink(path)
