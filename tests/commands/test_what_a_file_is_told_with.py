"""An error about a file of an index says where the file is and what asked for it, whatever is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.indexes.download_errors import raise_all
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
        raise_all(failures)
    assert [each.message for each in told.value.diagnostics] == ["no room"]


@pytest.mark.parametrize(
    ("reference", "words", "served"),
    [
        ("undated-file", ("--uploaded-prior-to", "2026-01-01", "six"), {"upload_time": None}),
        ("hash-mismatch", ("-r", "hashed.txt"), {}),
    ],
)
def test_where_no_file_fits_it_says_what_asked_for_one(
    run: Inside, index: IndexServer, reference: str, words: tuple[str, ...], served: dict[str, Any]
) -> None:
    index.add("six", "1.0", file=served)
    (run.folder / "hashed.txt").write_text(f"six==1.0 --hash=sha256:{'0' * 64}\n")
    done = run("download", "-i", index.url, *words)
    assert references(done.err) == [reference], done.err
    place = "hashed.txt:1" if "-r" in words else "the command line"
    assert f"\n  required by {place}\n" in done.err


def test_a_file_that_is_not_there_offline_says_how_to_have_it(run: Inside, index: IndexServer) -> None:
    index.add("six", "1.0")
    assert run("download", "--no-deps", "-d", "one", "-i", index.url, "six").code == 0
    (run.folder / "h.txt").write_text("six\n")
    done = run("download", "--offline", "--no-cache-dir", "-i", index.url, "six")
    assert "run once without --offline" in done.err


@pytest.mark.parametrize("option", ["-r", "-c"])
@pytest.mark.parametrize(
    ("filename", "data", "reference"),
    [
        ("six-1.0-cp27-cp27m-win32.whl", b"", "unsupported-wheel"),
        ("six-1.0-py3-none-any.whl", b"no archive", "unreadable-wheel"),
    ],
)
def test_a_wheel_that_is_named_and_of_no_use_is_told_with_the_line_that_names_it(
    run: Inside, index: IndexServer, option: str, filename: str, data: bytes, reference: str
) -> None:
    index.add_file("six", filename, data)
    url = index.host.origin + index.file_path(filename)
    (run.folder / "named.txt").write_text(f"\nsix @ {url}\n")
    done = run("download", "-i", index.url, option, "named.txt", "six")
    assert f"error: {reference}\n" in done.err
    assert "\n  required by named.txt:2\n" in done.err
