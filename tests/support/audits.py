"""Advisories for a run in a folder: records, a configuration that names them, and their bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.advisories import record, versions_of

if TYPE_CHECKING:
    from support.inside import Inside

SOURCE = '[[advisories]]\nname = "test"\npath = "db"\n'


def know(run: Inside, *records: dict[str, Any], more: str = "") -> None:
    """Advisories with these records, and a bundle of them; `more` is more of the configuration."""
    (run.folder / "db").mkdir(exist_ok=True)
    for data in (record("PYSEC-0", versions_of("unrelated", "introduced 0")), *records):
        (run.folder / "db" / f"{data['id']}.json").write_text(json.dumps(data))
    (run.folder / "safepip.toml").write_text(SOURCE + more)
    done = run("audit", "--update")
    assert done.code == 0, done.err
