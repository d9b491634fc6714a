"""What the user names directly, while the same version is installed: pip's rules for what is installed again."""

from __future__ import annotations

import pytest
from packaging.version import Version

from safepip.model.candidate import SOURCE_RANK, Candidate
from safepip.model.page import ProjectFile
from safepip.model.plan import Settings
from safepip.model.resolution import InstalledDistribution, Pin
from safepip.model.route import Route, RoutingRule
from safepip.model.source import SourceCode, SourceKind
from safepip.resolution.pins import _to_be_installed

LOCAL, REMOTE = "file:///srv/demo", "https://code.example/demo"
INSTALLED = InstalledDistribution("demo", Version("1.0"), "/env/demo-1.0.dist-info")


def is_installed(source: SourceCode | None, there: InstalledDistribution | None, url: str | None) -> bool:
    """Whether demo 1.0 is installed over what is there."""
    file = ProjectFile("demo-1.0-py3-none-any.whl", url or REMOTE)
    candidate = Candidate("demo", Version("1.0"), file, SOURCE_RANK, source=source)
    route = Route("demo", RoutingRule.DIRECT, None)
    pin = Pin("demo", Version("1.0"), route, candidate, replaces=there, direct_url=url)
    return _to_be_installed(pin, Settings())


@pytest.mark.parametrize(
    ("source", "again"),
    [
        (SourceCode(SourceKind.DIRECTORY, LOCAL), True),
        (SourceCode(SourceKind.DIRECTORY, LOCAL, editable=True), True),
        (SourceCode(SourceKind.ARCHIVE, LOCAL), True),
        (SourceCode(SourceKind.ARCHIVE, REMOTE), False),
        (SourceCode(SourceKind.VCS, REMOTE, vcs="git"), False),
        (SourceCode(SourceKind.VCS, LOCAL, vcs="git"), False),
        (SourceCode(SourceKind.VCS, REMOTE, editable=True, vcs="git"), True),
        (None, False),
    ],
)
def test_local_and_editable_sources_are_installed_again(source: SourceCode | None, again: bool) -> None:
    """In pip's resolver: `candidate.is_editable`, or a `file:` link that is not a wheel's. A repository's link never
    is one."""
    url = LOCAL if source is None else source.url
    assert is_installed(source, INSTALLED, url) is again
    assert is_installed(source, None, url)
    assert is_installed(source, INSTALLED._replace(version=Version("2.0")), url)


def test_what_is_installed_as_editable_makes_way_for_whatever_is_named() -> None:
    """But for nothing that an index offers in the same version."""
    there = INSTALLED._replace(editable=True)
    assert is_installed(None, there, LOCAL)
    assert is_installed(SourceCode(SourceKind.VCS, REMOTE, vcs="git"), there, REMOTE)
    assert not is_installed(None, there, None)
