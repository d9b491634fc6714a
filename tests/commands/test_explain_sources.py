"""`safepip explain` of what is named by URL or path."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from support.sources import build_source_archive, write_project
from support.wheels import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the backend runs makes no difference here."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


@pytest.mark.parametrize("form", ["folder", "wheel", "archive", "name and URL"])
def test_a_source_is_asked_for_and_explained(form: str, run: Inside, index: IndexServer, tmp_path: Path) -> None:
    """And so is what it requires, if that is named; a lock that is there has no part in it."""
    index.add("lib", "1.0")
    (tmp_path / "pylock.toml").write_text("not a lock")
    write_project(tmp_path / "mine", "mine", "1.0", requires=["lib"])
    wheel, data = build_wheel("mine", "1.0", requires=["lib"])
    (tmp_path / wheel).write_bytes(data)
    archive, data = build_source_archive("mine", "1.0", requires=["lib"], static=True)
    (tmp_path / archive).write_bytes(data)
    url = (tmp_path / archive).as_uri()
    word = {"folder": "./mine", "wheel": wheel, "archive": f"./{archive}", "name and URL": f"mine @ {url}"}[form]
    done = run("explain", "--json", "--index-url", index.url, "--allow-build", "mine", word, "lib")
    assert done.code == 0, done.err
    mine, lib = json.loads(done.out)
    assert (mine["name"], lib["name"]) == ("mine", "lib")
    assert "mine" in json.dumps(lib["required_by"])
    assert "named directly by the user" in json.dumps(mine)


def test_a_mistake_is_told(run: Inside) -> None:
    done = run("explain", "--no-index", "./nothing")
    assert done.code != 0
    assert "./nothing" in done.err


@pytest.mark.parametrize("words", [("lock", "-o", "-"), ("explain", "--json"), ("tree", "--json", "mine", "-r")])
def test_what_builds_say_is_not_in_the_answer(words: tuple[str, ...], run: Inside, tmp_path: Path) -> None:
    """A program may read it."""
    write_project(tmp_path / "mine", "mine", "1.0")
    (tmp_path / "wanted.txt").write_text("./mine\n")
    done = run(*words, "wanted.txt" if words[-1] == "-r" else "./mine", "--no-index")
    assert done.code == 0, done.err
    assert "Preparing metadata of ./mine" in done.err
    json.loads(done.out) if "--json" in words else tomllib.loads(done.out)
