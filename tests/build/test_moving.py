"""Which revisions of version control are whole commit ids, where policy demands them."""

from __future__ import annotations

import pytest

from safepip.build.moving import check_revision
from safepip.build.vcs_url import read_vcs_url
from safepip.model.errors import Refused
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.source import SourceCode, SourceKind

ID = "0123456789abcdef0123456789abcdef01234567"
HERE = Origin(Source.FILE, "requirements.txt", 3)


@pytest.mark.parametrize(
    ("revision", "moves"),
    [("", True), ("@main", True), ("@v1.0", True), (f"@{ID[:12]}", True), (f"@refs/heads/{ID}", True),
     (f"@{ID}", False), (f"@{ID.upper()}", False), (f"@{ID}{ID[:24]}", False), (f"@{ID}0", True)],
)  # fmt: skip
def test_only_the_whole_id_of_a_commit_cannot_move(revision: str, moves: bool) -> None:
    for vcs in ("git", "hg"):
        source = read_vcs_url(f"{vcs}+https://code.example/tool{revision}").source
        check_revision(source, None, "tool", HERE)
        if not moves:
            check_revision(source, BUILT_IN, "tool", HERE)
            continue
        with pytest.raises(Refused) as caught:
            check_revision(source, BUILT_IN, "tool", HERE)
        (diagnostic,) = caught.value.diagnostics
        assert (diagnostic.reference, diagnostic.origins) == ("moving-reference", (HERE,))


def test_a_number_is_no_id_and_what_is_not_version_control_is_not_meant() -> None:
    with pytest.raises(Refused):
        check_revision(read_vcs_url("svn+https://code.example/tool@42").source, BUILT_IN, "tool", HERE)
    for kind in (SourceKind.ARCHIVE, SourceKind.DIRECTORY):
        check_revision(SourceCode(kind, "https://code.example/tool.zip"), BUILT_IN, "tool", HERE)
