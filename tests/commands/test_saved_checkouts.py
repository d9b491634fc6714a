"""`safepip download` saves what version control has as pip does, as one archive that is the same each time."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from support.repositories import GitHome, needs_git
from support.sources import source_files
from support.wheels import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside
    from support.repositories import Repository

pytestmark = needs_git

#: What a backend may do to the tree that it runs in.
SPOILS = "import os; open('left', 'w').close(); os.unlink('PKG-INFO'); os.symlink('/etc/passwd', 'taken')"


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the backend runs makes no difference here."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project whose backend writes into its tree, with links, a program, and a repository that keeps changing."""
    made = GitHome(tmp_path / "git").repository("tool")
    files = source_files("acme-git", "1.0", then={"prepare_metadata_for_build_wheel": SPOILS})
    for name, content in {**files, "docs/run.sh": b"#!/bin/sh\n"}.items():
        (made.path / name).parent.mkdir(parents=True, exist_ok=True)
        (made.path / name).write_bytes(content)
    (made.path / "docs" / "run.sh").chmod(0o755)
    os.symlink("docs/run.sh", made.path / "run")
    os.symlink("docs", made.path / "more")
    made.commit({})
    return made


def saved(run: Inside, repository: Repository, folder: str, *words: str) -> bytes:
    done = run(
        "download", "--no-index", "--allow-build", "acme-git", "-d", folder, *words, f"acme-git @ {repository.url}"
    )
    assert done.code == 0, done.err
    assert f"/{folder}/acme-git-1.0.zip\n" in done.out
    assert "Successfully downloaded acme-git" in done.out
    return (run.folder / folder / "acme-git-1.0.zip").read_bytes()


def test_a_checkout_is_saved_as_it_was_checked_out(run: Inside, repository: Repository) -> None:
    """Without the repository, and without what the backend did to the tree; links to files are those files, as with
    pip."""
    first = saved(run, repository, "out")
    with zipfile.ZipFile(run.folder / "out" / "acme-git-1.0.zip") as archive:
        names = archive.namelist()
        assert archive.read("acme-git/run") == b"#!/bin/sh\n"
        assert archive.getinfo("acme-git/docs/run.sh").external_attr >> 16 & 0o111
        assert not archive.getinfo("acme-git/pyproject.toml").external_attr >> 16 & 0o111
    assert "acme-git/PKG-INFO" in names
    assert not [name for name in names if ".git/" in name or name.endswith(("left", "taken", "/more", "/more/"))]
    repository.git("tag", "another")
    os.utime(repository.path / "tiny.json")
    assert saved(run, repository, "again", "--no-cache-dir") == first


def test_a_saved_checkout_can_be_built(run: Inside, repository: Repository) -> None:
    """By its digest, too."""
    digest = sha256(saved(run, repository, "out"))
    place = (run.folder / "out" / "acme-git-1.0.zip").as_uri()
    (run.folder / "wanted.txt").write_text(f"acme-git @ {place} --hash=sha256:{digest}\n")
    done = run("wheel", "--no-index", "--allow-build", "acme-git", "-w", "wheels", "-r", "wanted.txt")
    assert done.code == 0, done.err
    assert os.listdir(run.folder / "wheels") == ["acme_git-1.0-py3-none-any.whl"]


def test_links_that_no_archive_can_have_are_told_of(run: Inside, repository: Repository) -> None:
    done = run("download", "--no-index", "--allow-build", "acme-git", "-d", "out", f"acme-git @ {repository.url}")
    assert "acme-git-1.0.zip is without the links" in done.err
    assert "none: more\n" in done.err


def test_an_editable_checkout_is_not_saved(run: Inside, repository: Repository) -> None:
    """As with pip."""
    (run.folder / "wanted.txt").write_text(f"-e {repository.url}#egg=acme-git\n")
    done = run("download", "--no-index", "--allow-build", "acme-git", "-d", "out", "--src", "src", "-r", "wanted.txt")
    assert done.code == 0, done.err
    assert "acme-git is not saved: it is not a file but an editable checkout" in done.err
    assert not (run.folder / "out").exists()
