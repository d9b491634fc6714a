"""Whether a lock takes a project from where a constraint says: `_is_there` of `safepip.commands.by_lock`."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safepip.commands.by_lock import _is_there
from safepip.lock.acceptance import LockEntry
from safepip.model.origin import BUILT_IN
from safepip.model.requirement import Constraint
from safepip.model.source import SourceCode, SourceKind

COMMIT, OTHER = "a" * 40, "b" * 40
WHEEL = "https://files.example/lib-1.0-py3-none-any.whl"


def locked(direct: str | None, code: SourceCode | None = None) -> LockEntry:
    return LockEntry("lib", Version("1.0"), "", (), BUILT_IN, direct=direct, code=code)


def constraint(url: str, source: SourceCode | None = None) -> Constraint:
    return Constraint("lib", SpecifierSet(), BUILT_IN, url=url, source=source)


def repository(revision: str, url: str = "https://code.example/lib.git", folder: str = "") -> SourceCode:
    return SourceCode(SourceKind.VCS, url, subdirectory=folder, vcs="git", revision=revision)


@pytest.mark.parametrize(
    ("direct", "url", "there"),
    [
        (WHEEL, WHEEL, True),
        (WHEEL, WHEEL + "#sha256=" + "0" * 64, True),
        (WHEEL, WHEEL.replace("files", "elsewhere"), False),
        (None, WHEEL, False),
    ],
)
def test_a_file_is_at_its_url(direct: str | None, url: str, there: bool) -> None:
    """Digests in a fragment are compared elsewhere; what comes from an index comes from no URL."""
    assert _is_there(locked(direct), constraint(url)) is there


@pytest.mark.parametrize(
    ("named", "there"),
    [
        (repository(COMMIT), True),
        (repository(OTHER), False),
        (repository("v1.0"), True),
        (repository(""), True),
        (repository(COMMIT, "https://elsewhere.example/lib.git"), False),
        (repository(COMMIT, folder="below"), False),
        (SourceCode(SourceKind.ARCHIVE, "https://code.example/lib.git"), False),
    ],
)
def test_a_repository_is_at_its_commit(named: SourceCode, there: bool) -> None:
    """Of a branch or a tag the lock has the commit of its day; another whole commit id is other code."""
    code = repository(COMMIT)
    assert _is_there(locked("git+https://code.example/lib.git", code), constraint(named.written(), named)) is there
