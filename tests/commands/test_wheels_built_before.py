"""A wheel that an earlier run has built is used again only where all that it depends on is known to be the same."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from support.sources import build_source_archive, write_project
from support.wheels import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fence has no part in this."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


def built(done: Done) -> bool:
    """Whether a run has built a wheel itself."""
    assert done.code == 0, done.err
    return "Building wheel for" in done.out


def test_the_same_archive_is_built_once(index: IndexServer, run: Inside) -> None:
    """Also for its metadata; with other settings it is another build."""
    filename, data = build_source_archive("acme-plain", "1.0")
    index.add_file("acme-plain", filename, data)
    words = ("wheel", "--index-url", index.url, "--allow-build", "acme-plain", "-w", "out", "acme-plain")
    assert built(run(*words))
    again = run(*words)
    assert not built(again)
    assert "Preparing metadata" not in again.out
    assert built(run(*words, "-C", "shape=round"))


def test_what_is_pinned_by_digest_is_built_of_what_has_it(index: IndexServer, run: Inside) -> None:
    """A note in the cache says which wheel was built; it does not prove it."""
    filename, data = build_source_archive("acme-plain", "1.0")
    index.add_file("acme-plain", filename, data)
    (run.folder / "pinned.txt").write_text(f"acme-plain==1.0 --hash=sha256:{sha256(data)}\n")
    words = ("wheel", "--index-url", index.url, "--allow-build", "acme-plain", "-w", "out")
    assert built(run(*words, "acme-plain"))
    assert built(run(*words, "-r", "pinned.txt"))
    assert built(run(*words, "-r", "pinned.txt"))


def test_a_checkout_is_built_for_its_commit(run: Inside, tmp_path: Path) -> None:
    """Two commits may have the same files, and a backend may make the version of a tag."""
    folder = write_project(tmp_path / "repository", "acme-plain", "1.0")

    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@acme.example")
        subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    words = ("wheel", "--no-index", "--allow-build", "acme-plain", "-w", "out", f"acme-plain @ git+{folder.as_uri()}")
    assert built(run(*words))
    git("commit", "-qm", "two", "--allow-empty")
    assert built(run(*words))
