"""Installed projects beside their newest versions, in the two forms that `pip list --outdated` has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import printable
from safepip.reporting.runner_commands import disarm_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class VersionRow(NamedTuple):
    """One project. `latest` is the newest version that an install would take, `kind` what it would install of that:
    `wheel` or `sdist`. `written` is the version as METADATA has it, which pip shows in its columns alone; empty where
    it is not known."""

    name: str
    version: str
    latest: str
    kind: str
    written: str = ""


def columns(rows: Sequence[VersionRow], *, newest: bool) -> Iterator[str]:
    """pip's columns; `newest` False leaves the newest version out, as `--uptodate` does. Nothing for no rows."""
    if not rows:
        return
    width = 4 if newest else 2

    def cells(row: VersionRow) -> tuple[str, ...]:
        return tuple(map(printable, (row.name, row.written or row.version, row.latest, row.kind)))[:width]

    table = [("Package", "Version", "Latest", "Type")[:width], *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    table.insert(1, tuple("-" * size for size in widths))
    for row in table:
        yield " ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()


def as_json(rows: Sequence[VersionRow], *, newest: bool) -> str:
    """pip's JSON, a list with an object for each project."""
    data = []
    for row in rows:
        item = {"name": row.name, "version": row.version}
        data.append({**item, "latest_version": row.latest, "latest_filetype": row.kind} if newest else item)
    return disarm_data(json.dumps(data))
