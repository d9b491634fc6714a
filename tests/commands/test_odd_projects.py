"""Projects that the user names, whose backend says something odd: one line says what, and nothing is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.pairs import pairs
from support.runs import references
from support.sources import build_source_archive, write_project

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

WRITE = """\
import os
with open(os.path.join(given[0], answer, "METADATA"), "wb") as file:
    file.write({!r})
"""

#: What METADATA says, and the references of the error.
METADATA = {
    "nothing": b"",
    "no name": b"Metadata-Version: 2.1\nVersion: 1.0\n",
    "no version": b"Metadata-Version: 2.1\nName: mine\n",
    "a name that is none": b"Metadata-Version: 2.1\nName: ../mine\nVersion: 1.0\n",
    "escapes in the name": b"Metadata-Version: 2.1\nName: mi\x1b[2Jne\nVersion: 1.0\n",
    "a version that is none": b"Metadata-Version: 2.1\nName: mine\nVersion: one\n",
    "a requirement that is none": b"Metadata-Version: 2.1\nName: mine\nVersion: 1.0\nRequires-Dist: a b c\n",
    "another name": b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n",
    "another version": b"Metadata-Version: 2.1\nName: mine\nVersion: 2.0\n",
    "no text": bytes(range(128, 256)),
}


@pytest.mark.parametrize(("what", "form"), pairs(METADATA, ["folder", "editable", "archive", "listed"]))
def test_odd_metadata_is_told_in_an_error(what: str, form: str, index: IndexServer, run: Inside) -> None:
    """Never by an unforeseen one."""
    plan: dict[str, Any] = {"then": {"prepare_metadata_for_build_wheel": WRITE.format(METADATA[what])}}
    filename, data = build_source_archive("mine", "1.0", **plan)
    if form in ("folder", "editable"):
        write_project(run.folder / "mine", "mine", "1.0", **plan)
        words = ["-e", "./mine"] if form == "editable" else ["./mine"]
    elif form == "archive":
        (run.folder / filename).write_bytes(data)
        words = [f"mine @ {(run.folder / filename).as_uri()}"]
    else:
        index.add_file("mine", filename, data)
        words = ["mine"]
    done = run("wheel", "-w", "out", "-i", index.url, "--allow-build", "mine", *words)
    assert done.code in (1, 20), done.err
    assert references(done.err), done.err
    assert "\x1b" not in done.err + done.out
    assert not list((run.folder / "out").glob("*"))
