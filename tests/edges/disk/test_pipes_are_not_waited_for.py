"""A pipe without a writer or a device without an end, wherever a stranger can put one, holds nothing up for ever."""

from __future__ import annotations

import contextlib
import os
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.archive import ArchiveError, read_file_of_wheel, read_wheel, read_wheel_metadata
from safepip.edges.disk.lock_files import read_lock_text
from safepip.edges.disk.reading import read_regular
from safepip.edges.indexes import local_sources
from safepip.edges.network.credentials import Credentials
from safepip.edges.pip import direct_url
from safepip.edges.target.installed import _metadata, all_metadata
from safepip.edges.target.ownership import Ownership
from safepip.edges.user.configuration_files import _read_policy_file
from safepip.model.errors import SafepipError
from safepip.model.index import Index, IndexUrl
from safepip.model.origin import Source
from safepip.model.wheel import Entry
from support.inside import run_inside
from support.runs import shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.environment import Environment, Runner
    from support.index import IndexServer

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")

INDEX = Index("local", IndexUrl.parse("file:///nowhere/"))
ENTRY = Entry("a.py", 0, "sha256", b"", False, "", "nothing")

#: What reads a path that somebody else may have put there.
READERS: dict[str, Callable[[Path], object]] = {
    "metadata": lambda pipe: _metadata(str(pipe)),
    "a page of a folder": lambda pipe: local_sources.read_page(INDEX, str(pipe)),
    "where a wheel came from": lambda pipe: direct_url._read(str(pipe)),
    "a lock beside the new one": lambda pipe: read_lock_text(str(pipe)),
    "a configuration that was found": lambda pipe: _read_policy_file(str(pipe), Source.PROJECT_CONFIG, named=False),
    "a wheel's metadata": lambda pipe: read_wheel_metadata(str(pipe), "a-1-py3-none-any.whl"),
    "a wheel": lambda pipe: read_wheel(str(pipe), "a-1-py3-none-any.whl"),
    "a file of a wheel": lambda pipe: read_file_of_wheel(str(pipe), "a.py"),
    "a file that is there already": lambda pipe: Ownership([]).holds(str(pipe), ENTRY),
    "anything else": lambda pipe: read_regular(str(pipe)),
    "netrc": lambda pipe: Credentials({"NETRC": str(pipe)}).for_url("https://h.example/"),
}


def ends(work: Callable[[], object], seconds: float = 60.0) -> None:
    """Fail where the work does not come to an end; what it raises as an answer is one."""

    def answered() -> None:
        with contextlib.suppress(OSError, SafepipError, ArchiveError):
            work()
        done.set()

    done = threading.Event()
    threading.Thread(target=answered, daemon=True).start()
    assert done.wait(seconds), "it waits for ever"


@pytest.mark.parametrize("what", READERS)
def test_a_pipe_in_the_place_of_a_file(tmp_path: Path, what: str) -> None:
    """Nothing is opened that would be waited for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ends(lambda: READERS[what](pipe))


@pytest.mark.parametrize("what", READERS)
def test_a_device_in_the_place_of_a_file(what: str) -> None:
    """Nothing is read that has no end."""
    ends(lambda: READERS[what](Path("/dev/zero")))


def test_the_null_device_is_an_empty_file() -> None:
    """Whoever wants no netrc, or no configuration, puts it there."""
    assert read_regular(os.devnull) == b""
    credentials = Credentials({"NETRC": os.devnull})
    assert credentials.for_url("https://h.example/") is None
    assert credentials.notices == []


def test_every_file_of_an_installed_distribution_is_a_pipe(tmp_path: Path) -> None:
    """Whoever asks an environment what is installed, and whose a file is, gets an answer or an error."""
    for folder, names in {
        "one-1.dist-info": ("METADATA", "RECORD", "entry_points.txt", "direct_url.json"),
        "two-1.egg-info": ("PKG-INFO", "installed-files.txt", "top_level.txt", "namespace_packages.txt"),
        "three.egg-info": ("PKG-INFO",),
    }.items():
        (tmp_path / folder).mkdir()
        for name in names:
            os.mkfifo(tmp_path / folder / name)
    os.mkfifo(tmp_path / "four.egg-link")
    os.mkfifo(tmp_path / "one.py")
    site = str(tmp_path)
    ends(lambda: list(all_metadata([site])))
    ends(lambda: Ownership([site]).owner(f"{site}/one.py"))
    for name in ("one", "two", "three"):
        ends(partial(Ownership([site]).entry_points, name))


def test_pipes_in_a_folder_that_is_listed(runner: Runner, index: IndexServer, target: Environment) -> None:
    """A run passes over what is no file."""
    index.add("app", "1.0")
    (runner.folder / "links").mkdir()
    for name in ("app-2.0-py3-none-any.whl", "page.html"):
        os.mkfifo(runner.folder / "links" / name)
    words = ("install", "--python", target.python, "-i", index.url, "-f", "links", "app")
    done = runner.safepip(*words, timeout=120)
    assert (done.returncode, "Successfully installed app-1.0" in done.stdout) == (0, True), shown(done)


@pytest.mark.parametrize(
    "place", ["odd-1.dist-info/METADATA", "odd-1.dist-info/RECORD", "old-1.egg-info/PKG-INFO", "odd.egg-link"]
)
def test_pipes_in_an_environment(runner: Runner, index: IndexServer, target: Environment, place: str) -> None:
    """pip would wait for it in the midst of an installation, so it is not started."""
    index.add("app", "1.0")
    pipe = target.site_packages / place
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    before = sorted(os.listdir(target.site_packages))
    done = run_inside(runner.folder, runner.environment(), "install", "--python", target.python, "-i", index.url, "app")
    assert (done.code, "error: installed-metadata" in done.err) == (1, True), done.out + done.err
    assert place in done.err
    assert sorted(os.listdir(target.site_packages)) == before


@pytest.mark.parametrize("name", ["safepip.toml", "pyproject.toml"])
def test_a_pipe_as_configuration(runner: Runner, index: IndexServer, target: Environment, name: str) -> None:
    """A repository cannot hold up whoever works in it."""
    os.mkfifo(runner.folder / name)
    done = run_inside(runner.folder, runner.environment(), "install", "--python", target.python, "-i", index.url, "app")
    assert (done.code, "error: unreadable-configuration" in done.err) == (2, True), done.out + done.err


def test_a_pipe_in_the_place_of_the_new_lock(runner: Runner, index: IndexServer, target: Environment) -> None:
    """A repository may have one by the name that a lock has; nobody reads it."""
    index.add("app", "1.0")
    os.mkfifo(runner.folder / "pylock.toml")
    done = run_inside(runner.folder, runner.environment(), "lock", "--python", target.python, "-i", index.url, "app")
    assert (done.code, "error: lock-not-written" in done.err) == (1, True), done.out + done.err


def test_a_pipe_that_the_user_names_is_read(runner: Runner, index: IndexServer, target: Environment) -> None:
    """`-r <(...)` and `-r /dev/stdin` mean what they mean to pip; a file that names one for the user does not."""
    index.add("app", "1.0")
    words = ("install", "--dry-run", "--python", target.python, "-i", index.url, "-r")
    pipe = runner.folder / "wanted"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_text, args=("app\n",), daemon=True).start()
    done = run_inside(runner.folder, runner.environment(), *words, "wanted")
    assert (done.code, "app-1.0" in done.out) == (0, True), done.out + done.err
    (runner.folder / "theirs.txt").write_text("-r wanted\n")
    done = run_inside(runner.folder, runner.environment(), *words, "theirs.txt")
    assert (done.code, "it is not a regular file" in done.err) == (1, True), done.out + done.err


def test_a_wheel_by_a_path_that_is_a_pipe(runner: Runner, index: IndexServer, target: Environment) -> None:
    """Nothing is installed from what cannot be read twice."""
    wheel = make_wheel(runner.folder, "app", "1.0")
    wheel.unlink()
    os.mkfifo(wheel)
    done = run_inside(
        runner.folder, runner.environment(), "install", "--python", target.python, "-i", index.url, f"./{wheel.name}"
    )
    assert done.code == 1, done.out + done.err
