"""An approval is given by the user and by policy, for what they mean by a name; a line in a file gives none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.sources import build_source_archive

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a fence everything needs an approval by name."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Where every hook leaves a line."""
    return tmp_path / "ran"


def archive(folder: Path, name: str, mark: Path, **more: object) -> str:
    """The URL of a source archive that calls itself so."""
    filename, data = build_source_archive(name, "1.0", marks=[str(mark)], **more)
    (folder / filename).write_bytes(data)
    return (folder / filename).as_uri()


def test_no_binary_in_a_file_approves_nothing(index: IndexServer, run: Inside, mark: Path) -> None:
    """Whoever may write requirements may not decide that code runs; on the command line it is the user's own word."""
    filename, data = build_source_archive("acme-plain", "1.0", marks=[str(mark)])
    index.add_file("acme-plain", filename, data)
    (run.folder / "wanted.txt").write_text("--no-binary acme-plain\nacme-plain\n")
    refused = run("install", "--dry-run", "--index-url", index.url, "-r", "wanted.txt")
    assert refused.code == 1
    assert not mark.exists()
    done = run("install", "--dry-run", "--index-url", index.url, "--no-binary", "acme-plain", "acme-plain")
    assert done.code == 0, done.err
    assert mark.exists()


@pytest.mark.parametrize("entry", ['"acme-plain"', '{ name = "acme-plain", network = true, reason = "ours" }'])
def test_an_entry_of_policy_is_not_about_code_from_a_url(run: Inside, mark: Path, entry: str) -> None:
    """It means what the index of that name has; unless URLs are allowed for the name."""
    url = archive(run.folder, "acme-plain", mark)
    policy = f"[policy]\nbuilds = [{entry}]\n"
    (run.folder / "safepip.toml").write_text(policy)
    refused = run("install", "--dry-run", "--no-index", f"acme-plain @ {url}")
    assert refused.code == 20
    assert "error: unapproved-build" in refused.err
    assert not mark.exists()
    (run.folder / "safepip.toml").write_text(f'{policy}allow-direct = ["acme-plain"]\n')
    assert run("install", "--dry-run", "--no-index", f"acme-plain @ {url}").code == 0
    assert mark.exists()


@pytest.mark.parametrize(
    ("written", "stated"), [("acme-tool @ {url}", False), ("{url}#egg=acme-tool", False), ("{url}", True)]
)
def test_a_claimed_name_is_refused_before_its_code_runs(
    index: IndexServer, run: Inside, mark: Path, written: str, stated: bool
) -> None:
    """Where the name is written, and where the code says it without running."""
    url = archive(run.folder, "acme-tool", mark, static=stated)
    (run.folder / "safepip.toml").write_text(f'[[index]]\nname = "acme"\nurl = "{index.url}"\npackages = ["acme-*"]\n')
    done = run("install", "--dry-run", "--allow-build", "acme-tool", written.format(url=url))
    assert done.code == 20
    assert "error: claimed-name" in done.err
    assert not mark.exists()


def test_the_report_names_the_fence_and_who_approved(index: IndexServer, run: Inside, mark: Path) -> None:
    """For each project whose backend ran; for wheels there is nothing to say."""
    filename, data = build_source_archive("acme-plain", "1.0", requires=["below"], marks=[str(mark)])
    index.add_file("acme-plain", filename, data)
    index.add("below", "1.0")
    done = run(
        "install", "--dry-run", "--report", "-", "-q", "-i", index.url, "--allow-build", "acme-plain", "acme-plain"
    )
    items = {item["metadata"]["name"]: item["safepip"] for item in json.loads(done.out)["install"]}
    assert items["acme-plain"]["build"] == {"fence": "none", "network": False, "approved": "--allow-build"}
    assert "build" not in items["below"]
