"""A folder in which this user cannot write is read, if none but this user or root can; what is fetched goes elsewhere.

Where the tests run as root, they act as another user for the time of a block.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.cache_folder import Use, use_of
from safepip.edges.disk.store import Store
from safepip.model.digest import Digest
from support.environment import SAFEPIP, Runner, make_environment, tree_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.evidence import VerifiedFile
    from support.index import IndexServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
ANYONE, THIRD = 12345, 23456
NAME = "demo-1.0-py3-none-any.whl"
DATA, MORE = b"the bytes of a wheel" * 1000, b"another wheel"


def digest(data: bytes) -> Digest:
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def put(store: Store, data: bytes = DATA) -> VerifiedFile:
    with store.incoming() as incoming:
        incoming.write(data)
        return incoming.admit(NAME, (digest(data),))


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user reaches."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """As a user whom modes bind."""
    if ROOT:
        os.seteuid(ANYONE)
    try:
        yield
    finally:
        if ROOT:
            os.seteuid(0)


def filled(folder: Path) -> Path:
    """A store with one file, for all to read."""
    with Store(str(folder)) as store:
        put(store)
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(folder)], check=True)
    return folder


def test_files_are_taken_from_it_and_none_is_put_there(reachable: Path) -> None:
    """Here it is root's, or this user's own."""
    folder = filled(reachable / "store")
    before = tree_state(folder)
    with without_rights():
        with Store(str(folder)) as store:
            assert (store.notices, store.read_only, store.private, store.root) == ([], True, False, str(folder))
            there = store.get(NAME, (digest(DATA),))
            assert there is not None
            assert there.path.startswith(str(folder))
            new = put(store, MORE)
            assert not new.path.startswith(str(folder))
            assert store.get(NAME, (digest(MORE),)) == new
            store.deliveries.note(new, "https://packages.acme.example/simple/")
        assert not os.path.exists(new.path)
    assert tree_state(folder) == before


def test_a_damaged_file_in_it_is_passed_over(reachable: Path) -> None:
    folder = reachable / "store"
    with Store(str(folder)) as store:
        path = put(store).path
    with open(path, "ab") as file:
        file.write(b"x")
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(folder)], check=True)
    with without_rights(), Store(str(folder)) as store:
        assert store.get(NAME, (digest(DATA),)) is None
        assert put(store).size == len(DATA)


@pytest.mark.skipif(not ROOT, reason="only root can give a folder away")
@pytest.mark.parametrize(
    ("owner", "mode", "use"),
    [
        pytest.param(0, 0o755, Use.READ, id="roots"),
        pytest.param(0, 0o775, Use.NOT_AT_ALL, id="roots-for-a-group"),
        pytest.param(0, 0o777, Use.NOT_AT_ALL, id="roots-for-all"),
        pytest.param(0, 0o700, Use.NOT_AT_ALL, id="roots-alone"),
        pytest.param(THIRD, 0o755, Use.NOT_AT_ALL, id="a-third-users"),
        pytest.param(ANYONE, 0o555, Use.READ, id="own-closed"),
        pytest.param(ANYONE, 0o755, Use.WRITTEN, id="own"),
    ],
)
def test_whose_folder_is_read(owner: int, mode: int, use: Use, reachable: Path) -> None:
    folder = reachable / "store"
    folder.mkdir()
    os.chown(folder, owner, owner)
    folder.chmod(mode)
    with without_rights():
        assert use_of(str(folder))[0] is use


def read_only(folder: Path, command: list[str]) -> list[str]:
    """The command, run where the folder cannot be written; skips where that cannot be had."""
    if not ROOT:
        subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
        return command
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    inside = ["unshare", "--mount", "sh", "-c", script, str(folder)]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*inside, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("no folder can be mounted here")
    return [*inside, *command]


def test_an_installation_needs_no_more(runner: Runner, index: IndexServer) -> None:
    """Offline, from what an earlier run has left there; with the network, a further project too."""
    index.add("demo", "1.0", requires=["below"])
    index.add("below", "1.0")
    index.add("other", "1.0")
    target = make_environment(runner.folder / "target")
    store = runner.folder / "cache"
    given = ("--cache-dir", str(store), "--python", str(target.folder), "--index-url", index.url)
    assert runner.safepip("download", *given, "-d", "wheels", "demo").returncode == 0
    before, asked = tree_state(store), len(index.requests)

    done = runner.run(read_only(store, [SAFEPIP, "install", *given, "--offline", "-v", "demo"]))
    assert done.returncode == 0, done.stderr
    assert f"the cache folder {store}/safepip is only read; this run keeps nothing in it" in done.stderr
    assert len(index.requests) == asked
    done = runner.run(read_only(store, [SAFEPIP, "install", *given, "other"]))
    assert (done.returncode, done.stderr.count("cache folder")) == (0, 0), done.stderr
    assert {"demo", "below", "other"} <= set(target.installed())
    assert tree_state(store) == before

    for action, code in (("info", 0), ("list", 0), ("purge", 1), ("remove", 1), ("verify", 1)):
        words = [action, "demo"] if action == "remove" else [action]
        done = runner.run(read_only(store, [SAFEPIP, "cache", *words, "--cache-dir", str(store)]))
        assert done.returncode == code, (action, done.stderr)
        assert ("store-unwritable" in done.stderr) == (code == 1)
    assert tree_state(store) == before
