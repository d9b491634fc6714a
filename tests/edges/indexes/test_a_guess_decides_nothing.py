"""Law: what is decided depends on the inputs alone, never on what was guessed at meanwhile, nor on who was faster.

The server delays every answer at random (seeded), so that guesses and the search meet in ever other ways.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safepip.edges.indexes.catalog import IndexCatalog
from safepip.index.finder import Finder
from safepip.model.candidate import Candidate, ProjectCandidates
from safepip.model.page import ProjectFile
from safepip.model.plan import Selection
from support.replies import Reply, held_until, status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.index import IndexServer
    from support.inside import Inside
    from support.replies import Request


@pytest.fixture(autouse=True)
def switching() -> Iterator[None]:
    """Threads take turns more often than usual: what is only half done is seen."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-4)
    yield
    sys.setswitchinterval(interval)


def late(index: IndexServer, seed: int) -> None:
    """From now on each answer of the index waits up to five milliseconds."""
    chance = random.Random(seed)
    honest = type(index.host).respond

    def respond(request: Request) -> Reply:
        time.sleep(chance.choice((0, 0, 0.002, 0.005)))
        return honest(index.host, request)

    index.host.respond = respond  # type: ignore[method-assign]


def no_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IndexCatalog, "expect_candidates", lambda _self, _hints: None)


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """A set with markers on platforms, Pythons and extras. The newest `app` and `tool` will not do, and each has
    markers that no other version has: only a guess, or a search on its way, comes across them."""
    index.add("app", "1.0", requires=["lib", "odd; sys_platform == 'win32'"], extras={"more": ["extra>=1"]})
    of_kernel = ["lib; platform_release == '5'", "odd; platform_version != 'x' and extra == 'more'"]
    index.add("app", "2.0", requires=[*of_kernel, "odd; implementation_name == 'other'"], extras={"more": ["extra"]})
    index.add("old", "1.0", requires=["app[more]<2", "lib; python_version < '4'", "tool"])
    index.add("tool", "1.0", requires=["lib; os_name == 'posix'"])
    index.add("tool", "2.0", requires=["lib<1; platform_machine != 'none'", "odd; python_full_version < '3.9.1'"])
    index.add("lib", "1.0", requires=["leaf; python_version >= '3.8'"])
    index.add("lib", "2.0", requires=["leaf; platform_system != 'none'", "odd; python_full_version < '3.11.3'"])
    for name in ("leaf", "odd", "extra"):
        for version in ("1.0", "1.1"):
            index.add(name, version, requires=[f"{name}-child; implementation_name == 'cpython'"])
        index.add(f"{name}-child", "1.0", requires=["leaf; platform_release == 'no kernel'"] if name == "odd" else ())
    return index


#: `old` first, so that the search never looks at the newest `app`, as the guesses do.
WORDS = ("lock", "old", "app", "--no-cache-dir", "-q", "--cooldown", "0")


def texts(run: Inside, index: IndexServer, times: int, *more: str) -> set[str]:
    """The locks of so many runs, each made anew."""
    found = set()
    for seed in range(times):
        late(index, seed)
        done = run(*WORDS, "-i", index.url, "-o", f"pylock.n{seed}.toml", *more)
        assert done.code == 0, done.err
        found.add((run.folder / f"pylock.n{seed}.toml").read_text())
        (run.folder / f"pylock.n{seed}.toml").unlink()
    return found


@pytest.mark.parametrize("times", [5, pytest.param(25, marks=pytest.mark.slow)])
def test_a_lock_made_many_times_is_one_lock(
    times: int, run: Inside, served: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many times with guesses and so many times without: no marker that only a guess came across is in it."""
    found = texts(run, served, times)
    no_guesses(monkeypatch)
    found |= texts(run, served, times)
    assert len(found) == 1
    assert "platform_release" not in found.pop()


def test_a_lock_for_several_environments_is_one_lock(
    run: Inside, served: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each environment has guesses of its own, and they share the pages."""
    words = ("--universal", "--environment", "linux-x86_64:3.11", "--environment", "windows-amd64:3.12")
    found = texts(run, served, 3, *words)
    no_guesses(monkeypatch)
    found |= texts(run, served, 2, *words)
    assert len(found) == 1


@pytest.mark.parametrize("guesses", [True, False])
def test_a_lock_made_anew_from_itself_is_the_same(
    run: Inside, served: IndexServer, monkeypatch: pytest.MonkeyPatch, guesses: bool
) -> None:
    """Which versions were looked at on the way is no input: the second time the locked ones come first."""
    if not guesses:
        no_guesses(monkeypatch)
    words = ("lock", "app", "old", *WORDS[3:], "-i", served.url)
    assert run(*words).code == 0
    first = (run.folder / "pylock.toml").read_text()
    assert run(*words, "--check") == (0, "", "")
    assert run(*words).code == 0
    assert (run.folder / "pylock.toml").read_text() == first


def test_a_universal_lock_made_anew_from_itself_is_the_same(run: Inside, index: IndexServer) -> None:
    """A line between two patch versions that only a version on the way has drawn is drawn again."""
    index.add("app", "1.0")
    index.add("app", "2.0", requires=["none-such; python_full_version < '3.11.3'"])
    index.add("none-such", "1.0", requires=["app<2"])
    words = ("lock", "app", "--universal", "--environment", "linux-x86_64:3.11", "-i", index.url, *WORDS[3:])
    assert run(*words).code == 0
    first = (run.folder / "pylock.toml").read_text()
    assert "3.11.3" in first
    assert run(*words, "--check") == (0, "", "")


def listed(version: str) -> Candidate:
    file = ProjectFile(f"app-{version}-py3-none-any.whl", f"https://files.example/app-{version}-py3-none-any.whl")
    return Candidate("app", Version(version), file, 0, ())


def test_one_finder_answers_for_the_shelf_that_it_is_asked_about() -> None:
    """Of one project and one specifier, and not for the shelf that it saw first."""
    finder = Finder(Selection())
    all_available = [ProjectCandidates("app", tuple(map(listed, versions))) for versions in (["1.0"], ["2.0", "1.0"])]
    for _ in range(2):
        found = [[str(c.version) for c in finder.applicable(available, SpecifierSet())] for available in all_available]
        assert found == [["1.0"], ["2.0", "1.0"]]


def test_what_was_guessed_of_one_page_is_not_said_of_several(
    two_indexes: tuple[IndexServer, IndexServer], run: Inside
) -> None:
    """A guess reads the index's own page; the search asks its mirror, too, and takes what only that one lists."""
    original, mirror = two_indexes
    original.add("app", "1.0")
    for version in ("1.0", "2.0"):
        mirror.add("app", version)
    mirror.host.delay = 0.3  # so that the guess has long had its answer
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "public"\nurl = "{original.url}"\ndefault = true\n'
        f'[[index]]\nname = "near"\nurl = "{mirror.url}"\nmirror-of = "public"\n'
    )
    for _ in range(3):
        done = run("install", "--dry-run", "--ignore-installed", "--no-cache-dir", "app")
        assert "Would install app-2.0" in done.out, done


def test_a_guess_asks_for_what_the_search_will_want(run: Inside, served: IndexServer) -> None:
    """While the search waits for a page, guesses go on: to what the newest `app` requires, and to what that does."""
    served.fault("old", held_until(lambda: served.mentions("extra-child")))
    done = run("lock", "old", "app[more]", *WORDS[3:], "-i", served.url)
    assert done.code == 0, done.err
    paths = served.paths_asked()
    assert paths.index("/simple/extra-child/") < next(at for at, path in enumerate(paths) if "old-1.0" in path)


def test_a_page_for_all_names_is_asked_for_once(index: IndexServer, run: Inside) -> None:
    """Guesses and the search want it for many names at the same moment; each fails for itself where it fails."""
    names = [f"wheel-{letter}" for letter in "abcdef"]
    files = [index.add(name, "1.0") for name in names]
    hrefs = [f"{index.file_path(file.filename)}#sha256={file.listed_hashes()['sha256']}" for file in files]
    page = "".join(f'<a href="{href}">a wheel</a>' for href in hrefs)
    index.host.paths["/links.html"] = Reply(200, page.encode(), {"Content-Type": "text/html"})
    words = ("install", "--dry-run", "--no-index", "-f", f"{index.host.origin}/links.html", "--retries", "0", *names)
    done = run(*words)
    assert (done.code, index.paths_asked().count("/links.html")) == (0, 1), done.err
    index.host.faults["/links.html"] = status(500)
    done = run(*words, "--no-cache-dir")
    assert (done.code, "when asked for wheel-a" in done.err) == (1, True), done.err
