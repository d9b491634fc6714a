"""The record of where a directly named wheel came from (direct_url.json, PEP 610), corrected after pip.

pip is handed the private copy of such a wheel and records that copy's URL. Here the user's URL takes its place,
and the row of RECORD that holds the file's digest and size follows. The file is known by its content: nothing
else on the machine names the private folder, whose name is random.

A dependency for which a constraint names the wheel is handed to pip by name and digest, since pip takes no digest for
it by URL. pip records nothing then, and safepip puts the record that pip would have made beside the wheel's installed
metadata.
"""

from __future__ import annotations

import base64
import glob
import hashlib
import json
import os
import tempfile
from typing import TYPE_CHECKING

from safepip.edges.disk.reading import read_regular
from safepip.handover.integrity import record_place
from safepip.model.errors import PipFailed
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    """Find the record that names the private copy and put the user's URL into it; whether there was one."""
    for place in places:
        for path in glob.glob(os.path.join(glob.escape(place), "*.dist-info", "direct_url.json")):
            record = _read(path)
            if record.get("url") == urls.private:
                _replace(path, {**record, "url": urls.public})
                return True
    return False


def _add(wheel: ClearedWheel, urls: DirectUrl, kept: Sequence[str]) -> bool:
    """Make the record of a wheel that pip knew by its name; whether that was possible."""
    place = record_place(wheel)
    if place is None or not place.path or any(place.path.startswith(f"{folder}/") for folder in kept):
        return False
    path = os.path.join(os.path.dirname(place.path), "direct_url.json")
    digest = wheel.file.sha256.hex
    archive = {"hash": f"sha256={digest}", "hashes": {"sha256": digest}}
    data = json.dumps({"archive_info": archive, "url": urls.public}, sort_keys=True).encode("utf-8")
    try:
        with open(path, "xb") as file:
            file.write(data)
    except OSError:
        return False
    _list_in_record(path, data)
    return True


def _read(path: str) -> dict[str, object]:
    """A record; empty for one that cannot be read: any distribution may have brought a file of this name."""
    try:
        record = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _replace(path: str, record: dict[str, object]) -> None:
    """Write the record, and its row in RECORD (digest in URL-safe base 64 without padding, size: PEP 376, PEP 427)."""
    data = json.dumps(record, sort_keys=True).encode("utf-8")
    _write(path, data)
    _list_in_record(path, data)


def _list_in_record(path: str, data: bytes) -> None:
    """Give a record its row in RECORD, or a new one beside RECORD's own."""
    folder = os.path.dirname(path)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
    own, itself = (f"{os.path.basename(folder)}/{name}" for name in ("direct_url.json", "RECORD"))
    listing = os.path.join(folder, "RECORD")
    with open(listing, encoding="utf-8", newline="") as file:
        rows = file.readlines()
    names = [row.partition(",")[0] for row in rows]

    def place_of(name: str) -> int | None:
        return next((at for at, stated in enumerate(names) if stated == name or stated.endswith("/" + name)), None)

    at = place_of(own)
    if at is None:
        at = place_of(itself) or 0
        rows.insert(at, rows[at])
    # Names are relative to the folder of the libraries, which is not always that of the metadata.
    name, ending = names[at].removesuffix(itself).removesuffix(own) + own, rows[at][len(rows[at].rstrip()) :]
    rows[at] = f"{name},sha256={digest},{len(data)}{ending}"
    _write(listing, "".join(rows).encode("utf-8"))


def _write(path: str, data: bytes) -> None:
    """Replace a file in one step, its permissions kept."""
    mode = os.stat(path).st_mode
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
