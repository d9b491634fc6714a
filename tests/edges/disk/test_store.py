"""The store admits bytes under their digests only, and trusts nothing it finds."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.disk.store import Store
from safepip.model.digest import Digest, one_of
from safepip.model.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.evidence import VerifiedFile

DATA = b"the bytes of a wheel" * 1000
NAME = "demo-1.0-py3-none-any.whl"
POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")


def digest(data: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(algorithm, hashlib.new(algorithm, data).hexdigest())


def put(store: Store, data: bytes = DATA) -> VerifiedFile:
    with store.incoming() as incoming:
        incoming.write(data)
        return incoming.admit(NAME, (digest(data),), size=len(data))


def reference(problem: pytest.ExceptionInfo[Refused]) -> str:
    return problem.value.diagnostics[0].reference


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def files(store: Store) -> list[str]:
    return [os.path.join(folder, name) for folder, _, names in os.walk(store.root) for name in names]


def test_a_file_goes_in_and_comes_out(store: Store) -> None:
    file = put(store)
    assert (file.filename, file.size, file.sha256, file.demanded) == (NAME, len(DATA), digest(DATA), (digest(DATA),))
    with open(file.path, "rb") as stored:
        assert stored.read() == DATA
    assert store.get(NAME, (digest(DATA),)) == file
    assert len(files(store)) == 1


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_any_strong_digest_finds_it_again(algorithm: str, store: Store) -> None:
    with store.incoming() as incoming:
        incoming.write(DATA)
        file = incoming.admit(NAME, (digest(DATA, algorithm),))
    assert file.sha256 == digest(DATA)
    assert store.get(NAME, (digest(DATA, algorithm),)) == file


def test_every_digest_of_the_index_must_hold(store: Store) -> None:
    with store.incoming() as incoming:
        incoming.write(DATA)
        with pytest.raises(Refused) as caught:
            incoming.admit(NAME, (digest(DATA), digest(b"other", "sha512")))
    assert reference(caught) == "digest-mismatch"
    assert files(store) == []


def test_one_of_the_users_digests_must_hold(store: Store) -> None:
    with store.incoming() as incoming:
        incoming.write(DATA)
        with pytest.raises(Refused) as caught:
            incoming.admit(NAME, (digest(DATA),), one_of((digest(b"a"), digest(b"b", "sha384"))))
        assert reference(caught) == "digest-mismatch"
        file = incoming.admit(NAME, (digest(DATA),), one_of((digest(b"a"), digest(DATA, "sha384"))))
    assert file.demanded == (digest(DATA), digest(DATA, "sha384"))
    assert store.get(NAME, (), one_of((digest(b"a"), digest(DATA)))) is not None
    assert store.get(NAME, (digest(DATA),), one_of((digest(b"a"),))) is None


def test_a_file_without_a_digest_needs_the_callers_word(store: Store) -> None:
    with store.incoming() as incoming:
        incoming.write(DATA)
        with pytest.raises(Refused) as caught:
            incoming.admit(NAME, ())
        assert reference(caught) == "unhashed-file"
        file = incoming.admit(NAME, (), unhashed=True)
    assert (file.sha256, file.demanded) == (digest(DATA), ())
    assert store.get(NAME, ()) is None


@pytest.mark.parametrize("size", [0, len(DATA) - 1, len(DATA) + 1])
def test_the_size_must_be_the_announced_one(size: int, store: Store) -> None:
    with store.incoming() as incoming:
        incoming.write(DATA)
        with pytest.raises(Refused) as caught:
            incoming.admit(NAME, (digest(DATA),), size=size)
    assert reference(caught) == "size-mismatch"
    assert files(store) == []
    put(store)
    assert store.get(NAME, (digest(DATA),), size=size) is None


def test_a_file_changed_in_the_store_is_not_trusted_and_removed(store: Store) -> None:
    file = put(store)
    with open(file.path, "r+b") as stored:
        stored.write(b"X")
    assert store.get(NAME, (digest(DATA),)) is None
    assert not os.path.exists(file.path)
    assert put(store).path == file.path


def test_a_pointer_to_another_file_is_not_trusted(store: Store) -> None:
    put(store, b"something else")
    with store.incoming() as incoming:
        incoming.write(DATA)
        incoming.admit(NAME, (digest(DATA, "sha512"),))
    (pointer,) = [path for path in files(store) if "sha512" in path]
    for text in (digest(b"something else").hex, "../../x", "", "z" * 64, "é" * 64):
        with open(pointer, "w", encoding="utf-8") as file:
            file.write(text)
        assert store.get(NAME, (digest(DATA, "sha512"),)) is None
    assert store.get(NAME, (digest(b"something else"),)) is not None  # it was in order and is still there


@POSIX
def test_a_link_in_the_store_is_not_followed(store: Store, tmp_path: Path) -> None:
    file = put(store)
    (tmp_path / "elsewhere").write_bytes(DATA)
    os.unlink(file.path)
    os.symlink(tmp_path / "elsewhere", file.path)
    assert store.get(NAME, (digest(DATA),)) is None


def test_restart_forgets_what_came(store: Store) -> None:
    with store.incoming(("sha512",)) as incoming:
        incoming.write(b"wrong beginning" * 5000)
        incoming.restart()
        assert incoming.size == 0
        incoming.write(DATA)
        file = incoming.admit(NAME, (digest(DATA), digest(DATA, "sha512")), size=len(DATA))
    assert os.path.getsize(file.path) == len(DATA)


@pytest.mark.parametrize("name", ["", ".", "..", "../x.whl", "a/b.whl", "a\\b.whl", "a\0.whl", "a\n.whl"])
def test_a_name_that_is_no_file_name_is_refused(name: str, store: Store) -> None:
    with store.incoming() as incoming, pytest.raises(Refused) as caught:
        incoming.admit(name, (digest(b""),))
    assert reference(caught) == "unsafe-filename"


def test_a_private_store_is_gone_at_the_end() -> None:
    with Store(None) as store:
        file = put(store)
        assert os.path.exists(file.path)
        assert os.name != "posix" or os.stat(store.root).st_mode & 0o077 == 0
    assert not os.path.exists(file.path)
    assert not os.path.exists(store.root)


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with Store(str(folder)) as store:
        put(store)
        assert store.root != str(folder)
        assert len(store.notices) == 1
    assert list(folder.iterdir()) == []


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    for folder in (tmp_path, tmp_path / "new"):
        with Store(str(folder)) as store:
            assert "another user" in store.notices[0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with Store(str(tmp_path / "file" / "store")) as store:
        assert len(store.notices) == 1
        put(store)


def test_leftovers_are_swept_when_they_are_old(store: Store) -> None:
    folder = os.path.join(store.root, "incoming")
    os.makedirs(folder)
    for name, age in (("old", 2 * 86400), ("young", 60)):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(b"x")
        os.utime(path, (time.time() - age,) * 2)
    put(store)
    assert os.listdir(folder) == ["young"]


_WRITER = """
import hashlib, sys
from safepip.edges.disk.store import Store
from safepip.model.digest import Digest, one_of
store = Store(sys.argv[1])
print("ready", flush=True)
number = 0
while number < int(sys.argv[2]):
    data = (b"%d " % (number % 20)) * 100_000
    with store.incoming() as incoming:
        for start in range(0, len(data), 65536):
            incoming.write(data[start : start + 65536])
        incoming.admit("demo.whl", (Digest("sha256", hashlib.sha256(data).hexdigest()),))
    number += 1
"""


@POSIX
def test_killed_at_any_moment_it_leaves_nothing_that_is_trusted_wrongly(tmp_path: Path) -> None:
    """Every file under a digest has that digest, however often the writer was killed."""
    root = str(tmp_path / "store")
    for turn in range(5):
        with subprocess.Popen([sys.executable, "-c", _WRITER, root, "1000000"], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.02 + 0.03 * turn)
            writer.send_signal(signal.SIGKILL)
    kept = [path for path in files(Store(root)) if f"{os.sep}sha256{os.sep}" in path]
    assert kept
    for path in kept:
        with open(path, "rb") as file:
            assert path.endswith(hashlib.sha256(file.read()).hexdigest()[2:])


def test_many_processes_may_fill_one_store_at_once(tmp_path: Path) -> None:
    root = str(tmp_path / "store")
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, root, "40"], stdout=subprocess.DEVNULL) for _ in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    assert len(files(Store(root))) == 20


def test_a_full_disk_is_said_plainly(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from safepip.model.errors import Unavailable

    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    incoming = store.incoming()
    original = incoming._file
    monkeypatch.setattr(incoming, "_file", open("/dev/full", "wb", buffering=0))  # noqa: SIM115
    with pytest.raises(Unavailable) as caught:
        incoming.write(DATA)
    incoming._file.close()
    original.close()
    assert caught.value.diagnostics[0].reference == "store-unwritable"
