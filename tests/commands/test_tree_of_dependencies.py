"""`safepip tree` from the command line: of an environment, of a lock, and of what would be chosen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.environment import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """An application, two libraries that need each other, and an extra."""
    index.add("app", "1.0", requires=["lib[more]>=1", "odd; sys_platform == 'win32'"])
    index.add("lib", "1.1", requires=["pair<2"], extras={"more": ["extra"]})
    index.add("pair", "1.0", requires=["lib"])
    index.add("extra", "2.0")
    index.add("odd", "1.0")
    return index


TREE = """\
app 1.0  requirements.in:1: app
`-- lib[more] 1.1  [more]>=1
    |-- extra 2.0
    `-- pair 1.0  <2
        `-- lib[more] 1.1  (circle)
"""


def options(index: IndexServer) -> tuple[str, ...]:
    return ("-i", index.url, "--no-cache-dir", "-q")


def distribution(folder: Path, name: str, version: str, *lines: str, direct: str = "") -> None:
    """Put the metadata of a distribution into a folder of installed ones."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("\n".join(("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines)))
    if direct:
        (info / "direct_url.json").write_text(direct)


def test_what_would_be_chosen_is_shown_with_who_asks_for_it(run: Inside, served: IndexServer) -> None:
    """By `tree -r` and by `explain --tree`."""
    (run.folder / "requirements.in").write_text("app\n")
    done = run("tree", "-r", "requirements.in", *options(served))
    assert (done.code, done.out, done.err) == (0, TREE, "")
    assert run("explain", "--tree", "-r", "requirements.in", *options(served)) == done


def test_the_tree_of_a_lock_asks_no_index(run: Inside, served: IndexServer) -> None:
    """A lock has no specifiers; `explain --tree` takes the lock of the folder."""
    run("lock", "app", *options(served))
    asked = len(served.requests)
    done = run("tree", "-r", "pylock.toml", *options(served))
    assert done.out.splitlines()[:3] == ["app 1.0", "`-- lib 1.1", "    |-- extra 2.0"]
    assert run("explain", "--tree", *options(served)) == done
    assert run("tree", "-r", "pylock.toml", "--depth=1", "app", *options(served)).out == "app 1.0\n`-- lib 1.1\n"
    done = run("tree", "-r", "pylock.toml", "--invert", "Extra", *options(served))
    assert done.out.splitlines()[:3] == ["extra 2.0", "`-- lib 1.1", "    |-- app 1.0"]
    assert len(served.requests) == asked


def test_an_environment_is_shown_from_what_is_installed(run: Inside) -> None:
    """With the owner of each name where several indexes are in force; broken metadata is no end of it."""
    target = make_environment(run.folder / "target")
    site = target.site_packages
    distribution(site, "acme_web", "2.1", "Requires-Dist: six>=1.5", "Requires-Dist: gone")
    distribution(site, "six", "1.0")
    distribution(site, "mine", "0.1", direct='{"url": "file:///mine", "dir_info": {"editable": true}}')
    distribution(site, "thing", "3.0", direct='{"url": "https://x.example/thing.whl", "archive_info": {}}')
    distribution(site, "torn", "1.0")
    (site / "torn-1.0.dist-info" / "METADATA").write_bytes(b"\xff")
    (run.folder / "safepip.toml").write_text(
        '[[index]]\nname = "acme"\nurl = "https://acme.example/simple/"\npackages = ["acme-*"]\n'
        '[[index]]\nname = "public"\nurl = "https://public.example/simple/"\ndefault = true\n'
    )
    done = run("tree", "--python", str(target.folder), "-q")
    assert (done.code, done.out.splitlines()) == (0, [
        "acme-web 2.1  [acme]",
        "|-- gone  not there",
        "`-- six 1.0  >=1.5  does not fit  [public]",
        "mine 0.1  [editable]",
        "thing 3.0  [named directly]",
        "torn 1.0  [public]",
    ])  # fmt: skip
    assert done.err == "notice: what torn 1.0 requires is not known: its metadata cannot be used\n"


def test_options_of_its_own_are_read_and_checked(run: Inside, served: IndexServer) -> None:
    """A name that is not there ends with 1 after what is; contradictions and odd numbers with 2."""
    run("lock", "app", *options(served))
    words = ("tree", "-r", "pylock.toml", *options(served))
    done = run(*words, "extra", "nowhere")
    assert (done.code, done.out, done.err) == (1, "extra 2.0\n", "notice: nowhere is not there\n")
    for more in (("--depth", "-1"), ("--depth", "x"), ("--depth",), ("--json=1",), ("app", "--invert", "lib")):
        done = run(*words, *more)
        assert (done.code, done.out) == (2, "")
    data = json.loads(run(*words, "--json", "app").out)
    assert data["roots"] == ["app"]
    assert {project["index"] for project in data["projects"]} == {"127.0.0.1:" + served.url.split(":")[2].split("/")[0]}
