"""What is known of an installed distribution that was built from the user's own source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from safepip.commands.installed_environment import Demanded
from safepip.edges.target.installed import is_editable
from safepip.edges.target.installed_memory import InstalledMemory
from safepip.model.digest import Digest, one_of, strong
from safepip.model.resolution import InstalledDistribution
from safepip.model.source import BuiltFrom, SourceCode, SourceKind
from safepip.wheel.install_paths import Layout
from support.handing import Chosen, cleared, pin_of
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVE = strong("sha256", "ab" * 32)
FOLDER = "file:///srv/demo"


@pytest.mark.parametrize(
    ("text", "editable"),
    [
        (json.dumps({"url": FOLDER, "dir_info": {"editable": True}}), True),
        (json.dumps({"url": FOLDER, "dir_info": {"editable": 1}}), False),
        (json.dumps({"url": FOLDER, "dir_info": {}}), False),
        (json.dumps({"url": FOLDER, "archive_info": {}}), False),
        ("[]", False),
        ("[" * 100_000, False),
        ("{", False),
        (None, False),
    ],
)
def test_direct_url_says_what_is_editable(text: str | None, editable: bool, tmp_path: Path) -> None:
    """As pip reads it; what cannot be read says nothing."""
    if text is not None:
        (tmp_path / "direct_url.json").write_text(text)
    assert is_editable(InstalledDistribution("demo", Version("1.0"), str(tmp_path))) is editable


@pytest.mark.parametrize(
    ("built_from", "known"),
    [
        (BuiltFrom(SourceCode(SourceKind.DIRECTORY, FOLDER)), set()),
        (BuiltFrom(SourceCode(SourceKind.DIRECTORY, FOLDER, editable=True)), set()),
        (BuiltFrom(SourceCode(SourceKind.VCS, FOLDER, editable=True), ARCHIVE, "c0ffee"), set()),
        (BuiltFrom(SourceCode(SourceKind.ARCHIVE, FOLDER), ARCHIVE), {ARCHIVE}),
        (None, None),
    ],
)
def test_of_what_was_built_the_sources_digest_is_known(
    built_from: BuiltFrom | None, known: set[Digest] | None, tmp_path: Path
) -> None:
    """Of a folder nothing is: a lock that names a wheel with these bytes is not satisfied by it."""
    path = make_wheel(tmp_path, "demo", "1.0")
    site = (tmp_path / "site").as_posix()
    layout = Layout(dict.fromkeys(("purelib", "platlib", "scripts", "data", "headers"), site), frozenset({site}))
    wheel = cleared(pin_of(Chosen(path, direct_url=FOLDER, built_from=built_from)), path, layout)
    info = tmp_path / "site" / "demo-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("demo-1.0.dist-info/RECORD,,\n")
    memory = InstalledMemory(str(tmp_path / "store"))
    memory.note([wheel])
    expected = {wheel.file.sha256} if known is None else known
    assert memory.digests(InstalledDistribution("demo", Version("1.0"), str(info))) == expected


@pytest.mark.parametrize("strict", [True, False])
def test_an_editable_distribution_is_never_what_is_asked_for_by_digest(strict: bool, tmp_path: Path) -> None:
    """Nothing else is asked of the memory of what was installed; without a digest it may stay."""
    there = InstalledDistribution("demo", Version("1.0"), str(tmp_path), editable=True)
    memory = InstalledMemory(str(tmp_path / "store"))
    assert Demanded({"demo": one_of([ARCHIVE])}, lambda: memory, strict=strict).is_other(there)
    assert not Demanded({}, lambda: memory, strict=strict).is_other(there)
