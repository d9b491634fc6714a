"""An archive that is read to learn what it requires is the one that is built, saved and locked; one of a project lies
unpacked at a time."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.scratch import Scratch
from support.replies import Reply
from support.sources import build_source_archive
from support.wheels import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside
    from support.replies import Request


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fence has no part in this."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


JUDGED = build_source_archive("acme-odd", "1.0")[1]
OTHER = build_source_archive("acme-odd", "1.0", content="not what was judged")[1]


@pytest.fixture
def fickle(index: IndexServer, run: Inside) -> IndexServer:
    """An index that gives no digests, and other bytes from the second time on."""
    served = index.add_file("acme-odd", "acme_odd-1.0.tar.gz", JUDGED, hashes={})
    answers = iter([JUDGED])

    def fault(_request: Request, _reply: Reply) -> Reply:
        return Reply(200, next(answers, OTHER), {"Content-Type": "application/octet-stream"})

    index.file_fault(served.filename, fault)
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "acme"\nurl = "{index.url}"\nhashes = "optional"\ndefault = true\n'
    )
    return index


def ran(run: Inside, *words: str) -> Done:
    done = run(*words, "--allow-build", "acme-odd", "acme-odd")
    assert done.code == 0, done.err
    return done


def test_what_was_judged_is_built(fickle: IndexServer, run: Inside) -> None:
    """The index is not asked for it again."""
    ran(run, "wheel", "-w", "out")
    with zipfile.ZipFile(run.folder / "out" / "acme_odd-1.0-py3-none-any.whl") as wheel:
        assert "acme_odd/content.txt" not in wheel.namelist()
    assert fickle.paths_asked().count(fickle.file_path("acme_odd-1.0.tar.gz")) == 1


def test_what_was_judged_is_saved(fickle: IndexServer, run: Inside) -> None:
    ran(run, "download", "-d", "out")
    assert (run.folder / "out" / "acme_odd-1.0.tar.gz").read_bytes() == JUDGED


def test_what_was_judged_is_locked(fickle: IndexServer, run: Inside) -> None:
    assert sha256(JUDGED) in ran(run, "lock", "-o", "-").out


def test_what_was_not_judged_is_not_built(fickle: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should other bytes ever come as far as the build, they are refused there."""
    from safepip.edges.indexes.catalog import IndexCatalog

    fickle.projects["acme-odd"].files[0].size = -1
    monkeypatch.setattr(IndexCatalog, "stated", lambda _catalog, _candidate, file: file.stated)
    done = run("wheel", "--allow-build", "acme-odd", "acme-odd")
    assert done.code == 20
    assert "error: digest-mismatch" in done.err
    assert sha256(JUDGED) in done.err
    assert sha256(OTHER) in done.err


VERSIONS = 4


@pytest.fixture
def losing(index: IndexServer) -> IndexServer:
    """A project of which every version but the oldest contradicts what else is asked for."""
    for number in range(VERSIONS):
        requires = ["acme-base<2"] if number == 0 else ["acme-base>=2"]
        filename, data = build_source_archive("acme-many", f"1.{number}", requires=requires)
        index.add_file("acme-many", filename, data)
    index.add("acme-base", "1.0")
    index.add("acme-base", "2.0")
    return index


def words(index: IndexServer, *verb: str) -> tuple[str, ...]:
    return (*verb, "--index-url", index.url, "--allow-build", "acme-many", "acme-many", "acme-base<2")


def test_a_search_leaves_one_tree_of_a_project(
    losing: IndexServer, run: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trees of versions that were passed over go, with all that their backends have left."""
    made: list[str] = []
    most = 0
    folder = Scratch.folder

    def counted(scratch: Scratch, name: str) -> str:
        nonlocal most
        made.append(name)
        path = folder(scratch, name)
        most = max(most, sum(found.endswith("-source") for found in os.listdir(scratch.root)))
        return path

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(Scratch, "folder", counted)
    done = run(*words(losing, "wheel", "-w", "out"))
    assert done.code == 0, done.err
    assert len(re.findall(r"Preparing metadata of acme-many", done.out)) == VERSIONS
    assert made.count("source") == VERSIONS
    assert most == 2  # the one that is unpacked now, and the last
    assert sorted(os.listdir(run.folder / "out")) == [
        "acme_base-1.0-py3-none-any.whl",
        "acme_many-1.0-py3-none-any.whl",
    ]


def test_a_tree_that_is_needed_again_is_unpacked_again(
    losing: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is the same, and so is what the report says of its build."""
    from safepip.commands.building import Building

    unpacked_twice: list[str] = []
    wheel_of = Building.wheel_of

    def cleared(building: Building, *given: object) -> object:
        for project in building._unpacked.values():
            project.clear_away(building._resources.scratch.discard)
            unpacked_twice.append(project.shown)
        return wheel_of(building, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Building, "wheel_of", cleared)
    done = run(*words(losing, "wheel", "-w", "out"))
    assert done.code == 0, done.err
    assert unpacked_twice == ["acme-many 1.0"]
    with zipfile.ZipFile(io.BytesIO((run.folder / "out" / "acme_many-1.0-py3-none-any.whl").read_bytes())) as wheel:
        assert b"acme-base<2" in wheel.read("acme_many-1.0.dist-info/METADATA")


@pytest.mark.slow
def test_no_clean_keeps_all_trees(
    losing: IndexServer, run: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip's `--no-clean`: who looks for what went wrong in a build finds each of them."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    done = run(*words(losing, "wheel", "-w", "out"), "--no-clean")
    assert done.code == 0, done.err
    assert len(list((tmp_path / "tmp").glob("safepip-build-*/*-source"))) == VERSIONS
