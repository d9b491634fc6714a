"""Nothing of a distribution runs unless its build is approved: each hook of these backends leaves a mark where it can.

Without a fence a mark appears wherever a hook ran; inside one it cannot, and the wheel alone shows that it ran.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import find_fence
from support.sources import build_source_archive, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside

#: Each verb with what it needs to decide.
VERBS = {
    "install": ("install", "--dry-run"),
    "install with a report": ("install", "--dry-run", "--report", "report.json"),
    "download": ("download", "-d", "out"),
    "wheel": ("wheel", "-w", "out"),
    "lock": ("lock", "-o", "-"),
    "explain": ("explain", "-r", "wanted.txt"),
}


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Where every hook leaves a line."""
    return tmp_path / "ran"


@pytest.fixture
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a fence."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


@pytest.fixture
def sources(index: IndexServer, mark: Path) -> IndexServer:
    """`plain` is an archive, `above` a wheel that requires it, `older` has a wheel in an older version, `built` needs
    an archive for its build, `acme-stated` says what it requires."""

    def archive(name: str, version: str, **more: object) -> None:
        filename, data = build_source_archive(name, version, marks=[str(mark)], **more)
        index.add_file(name, filename, data)

    archive("plain", "1.0")
    index.add("above", "1.0", requires=["plain"])
    archive("older", "2.0")
    index.add("older", "1.0")
    archive("helper", "1.0")
    archive("built", "1.0", build_requires=["helper"])
    archive("acme-stated", "1.0", static=True)
    # The newest of these conflicts, so the search goes back over versions of which each has to be asked.
    index.add("wants-old", "1.0", requires=["ladder<3"])
    for version in ("1.0", "2.0", "3.0"):
        archive("ladder", version, requires=["wants-old"])
    return index


def started(run: Inside, words: tuple[str, ...], *more: str) -> Done:
    """A verb run for what is named last; `explain` reads it from a file."""
    (run.folder / "wanted.txt").write_text(f"{more[-1]}\n")
    return run(*words, *more)


def ran(mark: Path) -> set[str]:
    """The projects of which a hook ran outside of a fence."""
    return {line.split()[0] for line in mark.read_text().splitlines()} if mark.exists() else set()


@pytest.fixture(params=list(VERBS))
def verb(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The words of a verb."""
    return VERBS[request.param]


@pytest.mark.usually("install-*", "*-built*")
@pytest.mark.usefixtures("unfenced")
@pytest.mark.parametrize("name", ["plain", "above", "older", "built", "ladder"])
def test_nothing_runs_that_is_not_approved(
    verb: tuple[str, ...], name: str, sources: IndexServer, run: Inside, mark: Path
) -> None:
    """Not as what is named, nor below it, nor for a build, nor while the search goes back."""
    done = started(run, verb, "--index-url", sources.url, name)
    assert ran(mark) == set()
    assert (done.code == 0) == (name == "older"), done.err


@pytest.mark.usually("install-*", "[!i]*-plain-*")
@pytest.mark.usefixtures("unfenced")
@pytest.mark.parametrize(
    ("name", "allowed", "expected"),
    [
        ("plain", ("plain",), {"plain"}),
        ("above", ("plain",), {"plain"}),
        ("older", ("older",), {"older"}),
        ("built", ("built", "helper"), {"built", "helper"}),
        ("ladder", ("ladder",), {"ladder"}),
    ],
)
def test_what_is_approved_by_name_runs(
    verb: tuple[str, ...],
    name: str,
    allowed: tuple[str, ...],
    expected: set[str],
    sources: IndexServer,
    run: Inside,
    mark: Path,
) -> None:
    """And nothing beside it."""
    words = [word for project in allowed for word in ("--allow-build", project)]
    done = started(run, verb, "--index-url", sources.url, *words, name)
    assert done.code == 0, done.err
    assert ran(mark) == expected
    assert "without a fence: its code can do here what you can do" in done.err


@pytest.mark.usefixtures("unfenced")
def test_a_build_requirement_needs_its_own_approval(sources: IndexServer, run: Inside, mark: Path) -> None:
    """Whoever approves a project has not approved what it is built with."""
    done = run("wheel", "--index-url", sources.url, "--allow-build", "built", "built")
    assert done.code == 1
    assert ran(mark) == set()


@pytest.mark.usefixtures("unfenced")
def test_what_is_stated_is_not_asked(sources: IndexServer, run: Inside, mark: Path) -> None:
    """A PKG-INFO that binds is enough to decide."""
    done = run("install", "--dry-run", "--index-url", sources.url, "--allow-build", "acme-stated", "acme-stated")
    assert done.code == 0, done.err
    assert ran(mark) == set()


@pytest.mark.usually("install-[!o]*", "wheel-plain", "lock-plain")
@pytest.mark.skipif(find_fence() is None, reason="this machine has no fence")
@pytest.mark.parametrize("name", ["plain", "above", "older", "built", "ladder"])
def test_a_fence_approves_and_keeps_in(
    verb: tuple[str, ...], name: str, sources: IndexServer, run: Inside, mark: Path
) -> None:
    """The newest version is taken as pip takes it; no mark is left, because nothing outside can be written."""
    done = started(run, verb, "--index-url", sources.url, name)
    assert done.code == 0, done.err
    assert ran(mark) == set()
    fence = find_fence()
    assert fence is not None
    said = [line for line in (done.out + done.err).splitlines() if line.startswith(("Preparing", "Building"))]
    expected = {"above": "plain", "ladder": "ladder"}.get(name, name)
    assert any(line.startswith(f"Preparing metadata of {expected} ") for line in said), done.out
    assert all(line.endswith(f"(fence: {fence.kind})") for line in said)


@pytest.mark.usefixtures("unfenced")
def test_a_folder_of_the_users_own_is_approved(sources: IndexServer, run: Inside, mark: Path, tmp_path: Path) -> None:
    """It is named, and lies on this machine."""
    write_project(tmp_path / "mine", "mine", "1.0", requires=["above"], marks=[str(mark)])
    done = run("install", "--dry-run", "--index-url", sources.url, "--allow-build", "plain", "./mine")
    assert done.code == 0, done.err
    assert ran(mark) == {"mine", "plain"}


@pytest.mark.usefixtures("unfenced")
@pytest.mark.parametrize("words", [("./mine",), ("--allow-build", "mine", "./mine"), ("--no-binary", "plain", "plain")])
def test_never_means_never(
    words: tuple[str, ...], sources: IndexServer, run: Inside, mark: Path, tmp_path: Path
) -> None:
    """A policy that forbids builds forbids the user's own, too."""
    write_project(tmp_path / "mine", "mine", "1.0", marks=[str(mark)])
    (tmp_path / "safepip.toml").write_text(
        f'[policy]\nbuilds = "never"\n\n[[index]]\nname = "one"\nurl = "{sources.url}"\ndefault = true\n'
    )
    done = run("install", "--dry-run", *words)
    assert done.code != 0
    assert ran(mark) == set()


@pytest.mark.parametrize("fenced", [False, True])
def test_the_report_names_the_fence(
    fenced: bool, sources: IndexServer, run: Inside, request: pytest.FixtureRequest
) -> None:
    """Of each project whose backend ran, also where that was for its metadata alone."""
    here = find_fence()
    if fenced and here is None:
        pytest.skip("this machine has no fence")
    if not fenced:
        request.getfixturevalue("unfenced")
    found = []
    for more in ((), ("--dry-run",)):
        path = run.folder / "report.json"
        words = ("--target", "there", "--allow-build", "plain", "--report", path, *more)
        done = run("install", "--index-url", sources.url, *map(str, words), "plain")
        assert done.code == 0, done.err
        (item,) = json.loads(path.read_text(encoding="utf-8"))["install"]
        found.append(item["safepip"]["build"]["fence"])
    assert found == [here.kind if fenced and here else "none"] * 2
