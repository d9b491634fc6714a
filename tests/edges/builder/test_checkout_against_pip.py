"""The same URLs given to pip's own code: the same commit, the same files, the same parts of the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.models.link import Link
from pip._internal.utils.misc import hide_url
from pip._internal.vcs.git import Git

from safepip.build.vcs_url import read_vcs_url, shown
from safepip.edges.builder.checkout import check_out, update
from safepip.model.errors import SafepipError
from support.repositories import GitHome, Repository, needs_git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [needs_git, pytest.mark.usefixtures("untied")]

#: What pip does otherwise, and why safepip does not.
DIFFERENT = {
    "module.py": "pip lets `git checkout` take it for a path, and installs the default branch",
    "HEAD": "pip fails: it wants to make a branch of this name",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHome:
    made = GitHome(tmp_path / "user")
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    return made


def with_names(home: GitHome) -> tuple[Repository, str, str]:
    """Three commits, the first two of which have names of every kind."""
    repository = home.repository()
    first = repository.head
    second = repository.commit({"module.py": "number = 2\n"})
    repository.commit({"module.py": "number = 3\n", "more/x": ""})
    repository.git("tag", "both", first)
    repository.git("branch", "both", second)
    repository.git("tag", "--annotate", "--message=x", "v1.0", second)
    repository.git("branch", "feature/x", first)
    repository.git("update-ref", "refs/pull/7/head", second)
    return repository, first, second


def outcome(work: Callable[[], str]) -> str:
    try:
        return work()
    except (InstallationError, SafepipError):
        return "failed"


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_each_revision_is_the_same_commit(home: GitHome) -> None:
    """Branches, tags, references, ids whole and short, what comes before another, and what is not there."""
    repository, first, second = with_names(home)
    names = ["", "main", "both", "v1.0", "v1.0^{}", "feature/x", "tags/both", "heads/main", "origin/both", "none"]
    names += ["refs/pull/7/head", "refs/heads/both", "refs/tags/v1.0", first, first.upper(), second[:8], "HEAD~1"]
    for place, revision in enumerate((*names, *DIFFERENT)):
        url = f"{repository.url}@{revision}" if revision else repository.url
        theirs, ours = home.root / f"pip{place}", home.root / f"ours{place}"

        def by_pip(url: str = url, into: Path = theirs) -> str:
            Git().unpack(str(into), url=hide_url(url), verbosity=0)
            return Git.get_revision(str(into))

        def by_safepip(url: str = url, into: Path = ours) -> str:
            return check_out(read_vcs_url(url).source, str(into), home.environ).commit

        assert (outcome(by_pip) == outcome(by_safepip)) is (revision not in DIFFERENT), revision
        if theirs.exists() and ours.exists() and revision not in DIFFERENT:
            assert files_of(theirs) == files_of(ours)
            assert Git.get_remote_url(str(ours)) == Git.get_remote_url(str(theirs))
            if revision in ("", "main", "both", "feature/x", "v1.0", first):
                assert Git.get_current_branch(str(ours)) == Git.get_current_branch(str(theirs)), revision


def test_a_checkout_of_pip_is_updated_as_pip_does(home: GitHome) -> None:
    """And pip goes on with one of safepip's."""
    repository, first, _ = with_names(home)
    folder = home.root / "src" / "tool"

    def by_pip(url: str) -> None:
        Git().obtain(str(folder), hide_url(url), 0)

    def by_safepip(url: str) -> None:
        update(read_vcs_url(url).source, str(folder), home.environ)

    for number, make in enumerate((by_pip, by_safepip, by_pip, by_safepip)):
        newest = repository.commit({"module.py": f"number = 1{number}\n"})
        make(repository.url)
        assert Git.get_revision(str(folder)) == newest
        make(f"{repository.url}@{first}")
        assert Git.get_revision(str(folder)) == first


@pytest.mark.parametrize(
    "text",
    [
        "git+https://code.example/acme/tool.git",
        "git+https://code.example/tool@v1.0#egg=tool&subdirectory=a/b",
        "git+https://code.example/a@b@feature/x#subdirectory=c",
        "git+https://code.example/tool@a%40b",
        "git+ssh://git@code.example/tool@main",
        "git+https://code.example:8443/tool?a=1",
        "git+file:///srv/tool@HEAD~1#egg=acme_tool",
    ],
)
def test_a_url_has_the_same_parts(text: str) -> None:
    """And is written again so that pip reads the same."""
    read = read_vcs_url(text)
    for form in (text, shown(read.source, egg=read.egg)):
        link = Link(form)
        url, revision, _ = Git.get_url_rev_and_auth(link.url_without_fragment)
        assert (url, revision or "") == (read.source.url, read.source.revision)
        assert (link.subdirectory_fragment or "", link.egg_fragment or "") == (read.source.subdirectory, read.egg)
