"""An error about a file of an index says where the file is and what asked for it, whatever is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.indexes.fetch import _raise_all
from safepip.model.errors import Unavailable
from support import replies
from support.runs import references

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

WRONG: dict[str, dict[str, Any]] = {
    "digest-mismatch": {"hashes": {"sha256": "0" * 64}},
    "size-mismatch": {"size": 10},
    "download-failed": {},
}


@pytest.mark.parametrize("reference", WRONG)
def test_where_it_is_and_what_asked_for_it(run: Inside, index: IndexServer, reference: str) -> None:
    served = index.add("six", "1.0", file=dict(WRONG[reference]))
    if reference == "download-failed":
        index.file_fault(served.filename, replies.status(404))
    done = run("download", "--retries", "0", "-i", index.url, "six")
    assert references(done.err) == [reference], done.err
    lines = done.err.splitlines()
    at = lines.index(f"error: {reference}")
    assert lines[at + 2] == f"    {index.host.origin}{index.file_path(served.filename)}"
    assert "  from the command line" in lines


def test_what_is_wrong_with_all_files_is_told_once() -> None:
    """Such as a full disk."""
    failures: list[BaseException | None] = [Unavailable.because("store-unwritable", "no room") for _ in range(3)]
    with pytest.raises(Unavailable) as told:
        _raise_all(failures)
    assert [each.message for each in told.value.diagnostics] == ["no room"]
