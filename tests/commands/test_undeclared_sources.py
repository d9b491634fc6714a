"""The hint of `undeclared-index` can be pasted: then it works, or asks the one question that is open."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from support.wheels import build_wheel

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

OWN = '[[index]]\nname = "acme"\nurl = "https://packages.acme.example/simple/"\npackages = ["acme-*"]\n'


def hint(err: str) -> str:
    """The lines to paste."""
    lines = err[err.index("hint: ") :].partition("\n\n")[0].splitlines()
    return textwrap.dedent("\n".join(lines[1:]))


def test_the_files_of_a_folder_are_named_by_path(run: Inside) -> None:
    """A shell makes the names of the pattern."""
    (run.folder / "safepip.toml").write_text(OWN)
    (run.folder / "wheels").mkdir()
    filename, data = build_wheel("demo", "1.0")
    (run.folder / "wheels" / filename).write_bytes(data)
    done = run("download", "-d", "out", "--find-links", "wheels", "demo")
    assert done.code == 20
    assert "error: undeclared-index" in done.err
    pattern = hint(done.err)
    assert pattern == "./wheels/*.whl"
    done = run("download", "-d", "out", *(f"./wheels/{found.name}" for found in run.folder.glob(pattern[2:])))
    assert done.code == 0, done.err


def test_an_index_is_declared_as_the_hint_says_with_its_owner(run: Inside, index: IndexServer) -> None:
    """Until the question is answered it is refused."""
    index.add("demo", "1.0")
    config = run.folder / "safepip.toml"
    config.write_text(OWN)
    words = ("download", "-d", "out", "--index-url", index.url, "demo")
    done = run(*words)
    assert "error: undeclared-index" in done.err
    config.write_text(OWN + "\n" + hint(done.err) + "\n")
    done = run(*words)
    assert done.code == 2
    assert "error: undecided-owner" in done.err
    config.write_text(config.read_text().replace('"?"', '"demo"'))
    assert run(*words).code == 0


def test_a_trusted_host_is_declared_as_the_hint_says(run: Inside) -> None:
    (run.folder / "safepip.toml").write_text(OWN)
    words = ("lock", "--no-index", "-o", "-", "--trusted-host", "h.example:80", "./nothing.whl")
    done = run(*words)
    assert "error: undeclared-index" in done.err
    (run.folder / "safepip.toml").write_text(f"{hint(done.err)}\n\n{OWN}")
    assert "undeclared-index" not in run(*words).err


@pytest.mark.parametrize("text", ["https://files.example/list/", "./a list.html", "./a list"])
def test_where_no_path_can_be_proposed_the_way_is_said(text: str, run: Inside) -> None:
    (run.folder / "safepip.toml").write_text(OWN)
    err = run("download", "--find-links", text, "demo").err
    assert "hint: take it out, and name the files that you want from there by path or URL\n" in err
