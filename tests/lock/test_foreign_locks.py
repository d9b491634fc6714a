"""Locks that other tools have written are installed: the same files, by the same checks.

What the tools wrote lies in `tests/foreign_locks`; its README says by which version and command. pip's is also made
anew here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.sources import write_project

if TYPE_CHECKING:
    from support.environment import Runner
    from support.index import IndexServer
    from support.inside import Inside

SAMPLES = Path(__file__).parents[1] / "foreign_locks"

APPLICATION = {"acme_app-1.0", "acme_lib-1.1", "acme_more-2.0", "acme_fast-3.0"}
EVERYTHING = APPLICATION | {"acme_test-1.0"}


@pytest.fixture
def world(index: IndexServer) -> IndexServer:
    """What the samples were made of, and newer versions that came since."""
    index.add("acme-app", "1.0", requires=["acme-lib>=1", 'acme-odd; sys_platform == "win32"', "acme-more[fast]"])
    index.add("acme-lib", "1.0")
    index.add("acme-lib", "1.1", requires_python=">=3.8")
    index.add_sdist("acme-lib", "1.1")
    index.add("acme-more", "2.0", extras={"fast": ["acme-fast"]})
    index.add("acme-fast", "3.0")
    index.add("acme-fast", "3.0", tag="cp311-cp311-win_amd64")
    index.add_sdist("acme-fast", "3.0")
    index.add("acme-odd", "1.0")
    index.add("acme-test", "1.0", requires=["acme-lib"])
    index.add("acme-lib", "1.2")
    index.add("acme-fast", "4.0")
    return index


def placed(run: Inside, world: IndexServer, sample: str) -> str:
    """A sample in the working folder, its index the one of this test."""
    text = (SAMPLES / sample).read_text(encoding="utf-8").replace("http://INDEX/", world.url.removesuffix("simple/"))
    (run.folder / sample).write_text(text, encoding="utf-8")
    return sample


def downloaded(run: Inside, world: IndexServer, *words: str) -> set[str]:
    """What a download of these words has saved, after a look at its exit code."""
    done = run("download", "-d", "out", "-i", world.url, "-q", *words)
    assert done.code == 0, done.err
    return {"-".join(path.name.split("-")[:2]) for path in (run.folder / "out").iterdir()}


@pytest.mark.parametrize(
    ("sample", "words", "expected"),
    [
        ("pylock.pip.toml", ("-r", "{}"), EVERYTHING),
        ("pylock.uv.toml", ("-r", "{}"), EVERYTHING),
        ("pylock.uv-compile.toml", ("-r", "{}"), EVERYTHING),
        # PDM writes the project's own dependencies as a group, which is the lock's default.
        ("pylock.pdm.toml", ("-r", "{}"), APPLICATION),
        ("pylock.pdm.toml", ("-r", "{}[fast]"), APPLICATION),
        ("pylock.pdm.toml", ("-r", "{}", "--group", "{}:dev"), EVERYTHING),
        ("pylock.pdm.toml", ("--group", "{}:dev"), {"acme_test-1.0", "acme_lib-1.1"}),
        ("uv.txt", ("-r", "{}"), EVERYTHING),
        ("uv-universal.txt", ("-r", "{}"), EVERYTHING),
        ("pip-compile.txt", ("-r", "{}"), EVERYTHING),
        ("pdm.txt", ("-r", "{}"), EVERYTHING),
    ],
)
def test_a_lock_of_another_tool_selects_what_that_tool_locked(
    run: Inside, world: IndexServer, sample: str, words: tuple[str, ...], expected: set[str]
) -> None:
    """Markers, extras and groups as in that tool; a source archive beside wheels, and wheels for others, do not
    matter."""
    placed(run, world, sample)
    assert downloaded(run, world, *(word.format(sample) for word in words)) == expected


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.t*") if "project" not in path.name))
def test_a_file_that_was_exchanged_since_is_refused_under_every_lock(
    run: Inside, world: IndexServer, sample: str
) -> None:
    """Whatever the form of the lock."""
    placed(run, world, sample)
    for file in world.project("acme-lib").files:
        file.hashes = {"sha256": "0" * 64}
    done = run("download", "-d", "out", "-i", world.url, "-q", "-r", sample)
    assert done.code == 20, done
    assert "acme-lib" in done.err
    assert not (run.folder / "out").exists()


def test_the_project_itself_in_a_lock_is_built_where_it_is_there(
    run: Inside, world: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv puts the project in as a folder beside the lock, unless it is told not to."""
    monkeypatch.setenv("HOME", str(run.folder.parent / "home"))  # a project does not hold the user's home
    sample = placed(run, world, "pylock.uv-project.toml")
    words = ("install", "--dry-run", "-I", "-i", world.url, "-r", sample)
    done = run(*words)
    assert done.code == 1, done
    assert "Would install" not in done.out
    write_project(run.folder, "demo", "0.1", requires=["acme-app"])
    done = run(*words)
    assert done.code == 0, done.err
    assert {"demo-0.1", "acme-app-1.0", "acme-lib-1.1"} <= set(done.out.split())


def test_what_pip_locks_is_installed(run: Inside, runner: Runner, world: IndexServer) -> None:
    """Made by the pip beside safepip, now: other versions than this may write other things."""
    made = runner.pip("lock", "-i", world.url, "acme-app", "-o", str(run.folder / "pylock.toml"))
    assert made.returncode == 0, made.stderr
    assert downloaded(run, world, "-r", "pylock.toml") == {
        "acme_app-1.0", "acme_lib-1.2", "acme_more-2.0", "acme_fast-4.0"
    }  # fmt: skip


def test_an_index_without_its_last_slash_is_the_same_index(run: Inside, world: IndexServer) -> None:
    """uv writes it as its configuration has it."""
    sample = run.folder / placed(run, world, "pylock.uv.toml")
    sample.write_text(sample.read_text().replace(f'"{world.url}"', f'"{world.url.removesuffix("/")}"'))
    assert downloaded(run, world, "-r", sample.name) == EVERYTHING


def test_safepip_keeps_the_versions_of_a_lock_that_another_tool_made(run: Inside, world: IndexServer) -> None:
    """A project can go over to safepip without an upgrade: the old lock is the preference."""
    for sample, output in (("pylock.uv.toml", "pylock.toml"), ("pip-compile.txt", "requirements.txt")):
        (run.folder / placed(run, world, sample)).rename(run.folder / output)
        assert run("lock", "acme-app", "-i", world.url, "-q", "-o", output).code == 0
        text = (run.folder / output).read_text()
        assert "acme_lib-1.1-" in text or "acme-lib==1.1 " in text
        assert "acme-test" not in text
