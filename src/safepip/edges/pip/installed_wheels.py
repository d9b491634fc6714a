"""After the handover: reads back what pip has installed. `safepip.handover.integrity` decides what it should be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.edges.disk.archive import ArchiveError, read_file_of_wheel
from safepip.edges.target.installed_files import read_fresh_files, read_small
from safepip.handover.integrity import (
    Arrangement,
    compare,
    expected_files,
    judge,
    record_place,
    with_each_other,
    with_interpreter,
)
from safepip.model.errors import PipFailed
from safepip.model.finding import Diagnostic, printable
from safepip.model.plan import UpgradeStrategy
from safepip.wheel.content import MAX_RECORD_BYTES
from safepip.wheel.install_paths import layout_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safepip.environment.verification import FoundFile
    from safepip.handover.instructions import Handover
    from safepip.handover.integrity import Comparison, Content, ExpectedFile
    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings, Target
    from safepip.model.wheel import Entry

#: How many lines of evidence are shown for a wheel.
_SHOWN = 10

#: pip's rows for byte code come on top of the wheel's.
_LONGEST_RECORD = 2 * MAX_RECORD_BYTES


def kept_by_pip(settings: Settings) -> tuple[str, ...]:
    """What pip will not write to, to be asked before it starts: with `--target` everything that is there already, and
    with `--upgrade`, which replaces it, the links."""
    if settings.target_dir is None:
        return ()
    try:
        paths = [os.path.join(settings.target_dir, name) for name in os.listdir(settings.target_dir)]
    except OSError:
        # It is not there yet, or cannot be read, which pip will report.
        return ()
    replaced = settings.upgrade is not UpgradeStrategy.TO_SATISFY_ONLY
    return tuple(path.replace(os.sep, "/") for path in paths if not replaced or os.path.islink(path))


class InstalledWheels:
    """Counts the wheels that pip has installed so far, while it does: to write the RECORD is the last thing that pip
    does for one. Made before pip starts, because a version may be installed in its own place."""

    def __init__(self, handover: Handover) -> None:
        wheels = (wheel for wheel in handover.wheels.values() if wheel.pin.name in handover.installs)
        places = (record_place(wheel) for wheel in wheels)
        self._before = {place.path: _file_id(place.path) for place in places if place is not None}

    def complete(self) -> int:
        """How many there are by now."""
        now = ((_file_id(path), before) for path, before in self._before.items())
        return sum(found is not None and found != before for found, before in now)


def _file_id(path: str) -> tuple[int, int] | None:
    """By which a file is told from another one in its place; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def check_installed(
    handover: Handover, target: Target, settings: Settings, environ: Mapping[str, str], kept: Sequence[str] = ()
) -> None:
    """Compare what pip has installed with the wheels. Raises `PipFailed` (`installed-differs`) with all differences.

    Cost: every installed file is read once more, so soon after it was written that it is still in memory.
    """
    wheels = [wheel for wheel in handover.wheels.values() if wheel.pin.name in handover.installs]
    run = Arrangement(layout_of(settings, target), wheels, kept, bool(environ.get("PYTHONPYCACHEPREFIX")))
    compared = list(zip(wheels, with_each_other([_compare(w, run, handover) for w in wheels], run), strict=True))
    found = read_fresh_files(expected_files(demand for _, each in compared for demand in each.demands))
    interpreter = os.fsencode(target.python)
    problems = []
    for wheel, each in compared:
        lines = [*each.differences, *_wrong(wheel, each.demands, found, interpreter)]
        if lines:
            problems.append(_problem(wheel, lines))
    if problems:
        raise PipFailed(1, *problems)


def _compare(wheel: ClearedWheel, run: Arrangement, handover: Handover) -> Comparison:
    place = record_place(wheel)
    record = read_small(place.path, _LONGEST_RECORD)[0] if place is not None else None
    return compare(wheel, record, run, direct=wheel.pin.name in handover.direct_urls)


def _wrong(
    wheel: ClearedWheel, demands: Sequence[ExpectedFile], found: Mapping[tuple[str, str], FoundFile], interpreter: bytes
) -> Iterator[str]:
    for demand in demands:
        line = judge(demand, found)
        if line and demand.script is not None:
            # Only now the script itself is read: few wheels have one, and fewer have one that pip changes.
            changed = _changed_by_pip(wheel, demand.script, interpreter)
            line = line if changed is None else judge(demand, found, changed)
        if line:
            yield line


def _changed_by_pip(wheel: ClearedWheel, script: Entry, interpreter: bytes) -> Content | None:
    """What pip makes of a script; None where it leaves it as it is, or the wheel cannot be read any more."""
    try:
        data = read_file_of_wheel(wheel.file.path, script.path)
    except ArchiveError:
        return None
    return with_interpreter(data, interpreter, os.linesep.encode("ascii"))


def _problem(wheel: ClearedWheel, lines: list[str]) -> Diagnostic:
    shown = lines[:_SHOWN] + (["and more"] if len(lines) > _SHOWN else [])
    return Diagnostic(
        "installed-differs",
        f"what pip installed of {wheel.pin.name} {wheel.pin.version} is not what was verified",
        context=tuple(map(printable, shown)),
        hint="the environment has changed and must not be trusted as it is: make it anew; to look at it first:\n"
        "safepip verify",
        subject=wheel.pin.name,
    )
