"""`wrong-record`: RECORD lists every file of the wheel, each once and with its right digest, and no other.

PEP 427: RECORD lists (almost) all files with digests of sha256 or better, and an installer has to refuse a wheel in
which one of them is wrong. pip does not look: it copies the rows into the installed RECORD as they are. Tools that
check an environment later take that file as the list of what was installed; and pip deletes what it lists when the
distribution is removed or replaced, whether the wheel has brought it or not. So:

1. There is a RECORD, and it has one reading only (`safepip.wheel.record`).
2. Each row names a file of the archive exactly as the archive does, so that no row is absolute, has a detour or names a
   file of another project. No file is listed twice.
3. Each file has a row with a digest by sha256, sha384 or sha512, in base64 or hex, which is that of its content. A
   size, where one is given, is right.
4. RECORD itself cannot have a digest in itself. `RECORD.jws` and `RECORD.p7s` are signatures of RECORD and made after
   it, so they need no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.digest import STRONG
from safepip.rules.context import objection
from safepip.wheel.record import RecordError, parse_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import Entry, WheelContent
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.record import Row


def check(wheel: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Whether RECORD and the archive say the same of every file."""
    evidence = _differences(wheel.content)
    first = next(evidence, None)
    if first is None:
        return None
    return objection(wheel, "wrong-record", "is not what its RECORD lists", _with(first, evidence))


def _with(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others


def _differences(content: WheelContent) -> Iterator[str]:
    """One line for each difference, in the order of RECORD and then of the archive."""
    record, folder = content.info("RECORD"), f"{content.dist_info}/"
    if record is None:
        yield "the wheel has no RECORD"
        return
    try:
        rows = parse_record(record)
    except RecordError as error:
        yield f"RECORD is invalid or ambiguous: {error}"
        return
    seen: set[str] = set()
    for row in rows:
        entry = content.entries.get(row.path)
        if entry is None:
            yield f"no such file in the wheel: {row.path}"
        elif row.path in seen:
            yield f"two rows for one file: {row.path}"
        elif row.path == f"{folder}RECORD":
            yield from _of_itself(row, entry)
        else:
            yield from _wrong(row, entry)
        seen.add(row.path)
    exempt = {f"{folder}{name}" for name in ("RECORD", "RECORD.jws", "RECORD.p7s")}
    yield from (f"not in RECORD: {path}" for path in content.entries if path not in seen and path not in exempt)


def _of_itself(row: Row, entry: Entry) -> Iterator[str]:
    if row.algorithm:
        yield f"a digest of RECORD in itself: {row.path}"
    elif row.size is not None and row.size != entry.size:
        yield f"{row.size} bytes in RECORD, {entry.size} in the wheel: {row.path}"


def _wrong(row: Row, entry: Entry) -> Iterator[str]:
    """What is wrong with a row about a file; nothing where it is right."""
    # `entry` was hashed by the row's algorithm if that is a strong one.
    if row.digest == entry.digest and row.algorithm == entry.algorithm in STRONG:
        if row.size is not None and row.size != entry.size:
            yield f"{row.size} bytes in RECORD, {entry.size} in the wheel: {row.path}"
    elif not row.algorithm:
        yield f"no digest: {row.path}"
    elif row.algorithm not in STRONG:
        yield f"a digest that proves nothing, {row.algorithm}: {row.path}"
    elif row.digest is None:
        yield f"a digest that cannot be read, {row.algorithm}: {row.path}"
    else:
        yield f"a different digest than in RECORD: {row.path}"
