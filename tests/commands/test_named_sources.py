"""What the user names by URL or path: which of it is the same, what may be fetched, and for which target it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import find_fence
from support.repositories import GitHome, needs_git
from support.sources import source_files, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside
    from support.repositories import Repository

needs_fence = pytest.mark.skipif(find_fence() is None, reason="this machine has no fence")


def _files(name: str, version: str, folder: str = "", **more: object) -> dict[str, str]:
    made = source_files(name, version, **more)  # type: ignore[arg-type]  # the plan of the tiny backend is anything
    return {folder + path: data.decode() for path, data in made.items() if path != "PKG-INFO"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two projects in folders of their own; `v1` and `v2` are two versions of `one`."""
    made = GitHome(tmp_path / "git").repository("many")
    made.commit({**_files("one", "1.0", "one/"), **_files("two", "1.0", "two/")})
    made.git("tag", "v1")
    made.commit(_files("one", "2.0", "one/"))
    made.git("tag", "v2")
    return made


@needs_git
@needs_fence
def test_one_repository_may_hold_many_projects(repository: Repository, index: IndexServer, run: Inside) -> None:
    """`#subdirectory=` is a part of what is named, and so is the revision."""
    words = [f"{repository.url}@v1#subdirectory={name}" for name in ("one", "two")]
    done = run("install", "--dry-run", "--index-url", index.url, *words)
    assert (done.code, done.out.splitlines()[-1]) == (0, "Would install one-1.0 two-1.0"), done.err


@needs_git
@needs_fence
@pytest.mark.parametrize(("limit", "code"), [("v1#subdirectory=one", 0), ("v2#subdirectory=one", 1)])
def test_a_constraint_means_one_revision(
    limit: str, code: int, repository: Repository, index: IndexServer, run: Inside
) -> None:
    """As with pip: the same URL with another revision is other code, whatever its version."""
    (run.folder / "limits.txt").write_text(f"one @ {repository.url}@{limit}\n")
    words = ("--index-url", index.url, "-c", "limits.txt", f"{repository.url}@v1#subdirectory=one")
    done = run("install", "--dry-run", *words)
    assert done.code == code, done.err
    assert ("resolution-impossible" in done.err) == bool(code), done.err


@needs_git
@needs_fence
@pytest.mark.parametrize(("named", "code"), [("v1", 0), ("v2", 20)])
def test_a_project_may_require_the_repository_that_the_user_names(
    named: str, code: int, repository: Repository, index: IndexServer, run: Inside
) -> None:
    """The very same URL, with its revision and folder; everything else is the project's own choice."""
    wanted = f"one @ {repository.url}@v1#subdirectory=one"
    write_project(run.folder / "above", "above", "1.0", requires=[wanted])
    done = run("wheel", "--index-url", index.url, "./above", wanted.replace("@v1", f"@{named}"))
    assert done.code == code, done.err
    assert ("direct-reference" in done.err) == bool(code), done.err


@needs_git
@pytest.mark.parametrize("editable", [(), ("-e",)])
def test_plain_http_is_refused_before_anything_is_sent(
    editable: tuple[str, ...], index: IndexServer, run: Inside
) -> None:
    """On its way anyone could change the code."""
    (run.folder / "wanted.txt").write_text(" ".join((*editable, "git+http://code.example/x.git#egg=x")))
    done = run("install", "--dry-run", "--index-url", index.url, "-r", "wanted.txt")
    assert done.code == 20, done.err
    assert "error: file-elsewhere" in done.err
    assert "without encryption" in done.err
    assert "from wanted.txt:1" in done.err


def test_an_archive_comes_encrypted(index: IndexServer, run: Inside) -> None:
    """By URL as from an index."""
    done = run("install", "--dry-run", "--index-url", index.url, "http://code.example/x-1.0.tar.gz")
    assert done.code == 20, done.err
    assert "without encryption" in done.err


@needs_git
def test_a_checkout_that_fails_says_who_wanted_it(repository: Repository, index: IndexServer, run: Inside) -> None:
    """The line of the file, as every other error."""
    (run.folder / "wanted.txt").write_text(f"# first\n{repository.url}@no-such-branch\n")
    done = run("install", "--dry-run", "--index-url", index.url, "-r", "wanted.txt")
    assert done.code == 1
    assert "error: checkout-failed" in done.err
    assert "from wanted.txt:2" in done.err


OTHER = ("--platform", "any", "--python-version", "3.13")


@needs_fence
def test_nothing_is_built_for_another_target(index: IndexServer, run: Inside) -> None:
    """An archive is not offered there, an older wheel is; a folder, which has no wheel, is refused."""
    from support.sources import build_source_archive

    for name in ("older", "plain"):
        index.add_file(name, *build_source_archive(name, "2.0", static=True))
    index.add("older", "1.0")
    words = ("--index-url", index.url, *OTHER)
    done = run("download", *words, "older")
    assert (done.code, sorted(path.name for path in run.folder.glob("older*"))) == (0, ["older-1.0-py3-none-any.whl"])
    done = run("download", *words, "plain")
    assert (done.code, "no-wheel" in done.err) == (1, True), done.err
    assert "--allow-build" not in done.err
    write_project(run.folder / "mine", "mine", "1.0")
    for folder in ("./mine", "mine @ " + (run.folder / "mine").as_uri()):
        done = run("install", "--dry-run", *words, folder)
        assert (done.code, "unapproved-build" in done.err) == (20, True), done.err
        assert "--platform and --python-version ask for another platform or Python" in done.err
