"""A value that is empty, as that of a variable that is not set in a script, names no place.

Joined to the working folder it would be that folder: an index, or a folder of files, that nobody has named. And without
the environment that was to be named, the active one would be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.replies import Reply
from support.wheels import make_wheel

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def here(run: Inside, index: IndexServer) -> Inside:
    """A working folder that has the project in each form in which a source may have it; the index does not have it."""
    (run.folder / "app").mkdir()
    for folder in (run.folder, run.folder / "app"):
        make_wheel(folder, "app", "1.0")
    index.add("other", "1.0")
    return run


@pytest.mark.parametrize(
    "words",
    [
        ("--index-url", ""),
        ("--index-url=",),
        ("-i", ""),
        ("-i", "<index>", "--extra-index-url", ""),
        ("-i", "<index>", "--find-links", ""),
        ("-i", "<index>", "-f", ""),
        ("--no-index", "-f", ""),
    ],
    ids=" ".join,
)
def test_no_source(words: tuple[str, ...], here: Inside, index: IndexServer) -> None:
    done = here("install", "--dry-run", "-I", *(word.replace("<index>", str(index.url)) for word in words), "app")
    assert done.code == 2, done.out
    assert "error: invalid-index-url\n  '' is neither a path that exists nor a URL" in done.err
    assert "hint: give a value, or leave the option out" in done.err
    assert "Would install" not in done.out


def test_no_source_of_a_requirements_file_from_a_network(here: Inside, index: IndexServer) -> None:
    """In a file of this machine it is the file's folder, as in pip."""
    index.host.paths["/app.txt"] = Reply(200, b'--find-links ""\napp\n', {"Content-Type": "text/plain"})
    done = here("install", "--dry-run", "-I", "-i", str(index.url), "-r", f"{index.host.origin}/app.txt")
    assert done.code == 2, done.out
    assert "error: invalid-index-url" in done.err


def test_no_folder_of_a_project(here: Inside) -> None:
    """Where a file of requirements is to be named; its hint would have the working folder built."""
    done = here("install", "-r", "")
    assert done.code == 1
    assert "hint: write the name of the file" in done.err
    assert "safepip install" not in done.err


@pytest.mark.parametrize("verb", ["install", "lock", "tree", "verify", "uninstall"])
def test_no_environment(verb: str, here: Inside) -> None:
    done = here(verb, "--python", "", *(() if verb in ("tree", "verify") else ("app",)))
    assert done.code == 1, done.out
    assert "error: python-not-found\n  --python is empty" in done.err
