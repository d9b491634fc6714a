"""`direct_url.json` as pip writes it, for each form in which source code is named."""

from __future__ import annotations

import pytest

from safepip.model.digest import strong
from safepip.model.direct_url import direct_record
from safepip.model.source import BuiltFrom, SourceCode, SourceKind

HEX = "ab" * 32
ARCHIVE = {"hash": f"sha256={HEX}", "hashes": {"sha256": HEX}}
FOLDER = "file:///home/dev/demo"
REPOSITORY = "https://code.example/demo.git"
COMMIT = "c0ffee" * 6 + "c0de"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SourceCode(SourceKind.DIRECTORY, FOLDER), {"dir_info": {}}),
        (SourceCode(SourceKind.DIRECTORY, FOLDER, subdirectory="a/b"), {"dir_info": {}, "subdirectory": "a/b"}),
        (SourceCode(SourceKind.DIRECTORY, FOLDER, editable=True), {"dir_info": {"editable": True}}),
        (SourceCode(SourceKind.ARCHIVE, FOLDER), {"archive_info": ARCHIVE}),
        (SourceCode(SourceKind.ARCHIVE, FOLDER, subdirectory="a"), {"archive_info": ARCHIVE, "subdirectory": "a"}),
        (SourceCode(SourceKind.VCS, REPOSITORY, vcs="git"), {"vcs_info": {"vcs": "git", "commit_id": COMMIT}}),
        (
            SourceCode(SourceKind.VCS, REPOSITORY, vcs="git", revision="main", subdirectory="a"),
            {"vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"}, "subdirectory": "a"},
        ),
        # The URL is that of the checkout, which includes the subdirectory.
        (
            SourceCode(SourceKind.VCS, REPOSITORY, editable=True, vcs="git", subdirectory="a"),
            {"dir_info": {"editable": True}},
        ),
    ],
)
def test_each_kind_of_source_has_its_record(source: SourceCode, expected: dict[str, object]) -> None:
    """The digest is that of the source archive, and not that of the wheel."""
    built_from = BuiltFrom(source, strong("sha256", HEX), COMMIT)
    record = direct_record(FOLDER, built_from, {"sha256": "cd" * 32})
    assert record == {"url": FOLDER, **expected}


def test_a_wheel_has_its_own_digest() -> None:
    """sha256 where it is known, else the strongest; without any the record names none."""
    assert direct_record(FOLDER, None, {"sha512": "0", "sha256": HEX})["archive_info"]["hash"] == f"sha256={HEX}"
    assert direct_record(FOLDER, None, {"sha384": "0", "sha512": "1"})["archive_info"]["hash"] == "sha512=1"
    assert direct_record(FOLDER, None, {}) == {"url": FOLDER, "archive_info": {}}


@pytest.mark.parametrize(
    ("login", "kept"),
    [("user:secret@", ""), ("user@", ""), ("git@", "git@"), ("${USER}:${PASS}@", "${USER}:${PASS}@"), ("a@b@", "")],
)
def test_a_record_has_no_secrets(login: str, kept: str) -> None:
    """As in pip: `git` is no secret, and neither are names of variables."""
    url = "ssh://{}code.example/demo.git"
    assert direct_record(url.format(login), None, {})["url"] == url.format(kept)
