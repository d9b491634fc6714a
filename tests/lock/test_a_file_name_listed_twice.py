"""A page that lists one file name with several digests: a lock has the file that an install takes, and no other."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.wheels import sha256

if TYPE_CHECKING:
    from support.environment import Runner
    from support.index import IndexServer, ServedFile
    from support.inside import Inside

NAME = "app-1.0-py3-none-any.whl"


@pytest.fixture
def both(index: IndexServer) -> list[ServedFile]:
    """Two wheels of one name, in two folders of one host. They require different projects."""
    files = index.project("app").files
    for name in ("early", "late"):
        index.add(name, "1.0")
        folder = index.mount(f"/{name}/simple/")
        file = folder.add("app", "1.0", requires=[name])
        files.append(replace(file, url=f"{index.host.origin}{folder.file_path(NAME)}"))
    return files


def options(index: IndexServer) -> tuple[str, ...]:
    return ("-i", index.url, "--no-cache-dir", "-q")


def locked(run: Inside) -> dict[str, list[str]]:
    """The digests that the lock has for each project."""
    packages = tomllib.loads((run.folder / "pylock.toml").read_text())["packages"]
    return {package["name"]: [wheel["hashes"]["sha256"] for wheel in package["wheels"]] for package in packages}


def saved(run: Inside, index: IndexServer, lock: str = "pylock.toml") -> bytes:
    """The application's wheel, as a download of what is locked has it."""
    done = run("download", "-d", "out", "-r", lock, *options(index))
    assert done.code == 0, done.err
    return (run.folder / "out" / NAME).read_bytes()


def test_a_lock_has_the_last_one_as_pip_takes_it(
    run: Inside, runner: Runner, index: IndexServer, both: list[ServedFile]
) -> None:
    """The lock is installed also where the page has them in another order since."""
    last = both[1].data
    runner.pip("download", "-q", "-d", "pip", "-i", index.url, "app")
    assert (runner.folder / "pip" / NAME).read_bytes() == last
    assert run("lock", "app", *options(index)).code == 0
    assert locked(run) == {"app": [sha256(last)], "late": [sha256(index.project("late").files[0].data)]}
    for _ in range(2):
        assert saved(run, index) == last
        both.reverse()


def test_hashed_requirements_have_one_digest_of_it(run: Inside, index: IndexServer, both: list[ServedFile]) -> None:
    assert run("lock", "app", "-o", "locked.txt", *options(index)).code == 0
    text = (run.folder / "locked.txt").read_text()
    assert sha256(both[1].data) in text
    assert sha256(both[0].data) not in text
    both.reverse()
    assert saved(run, index, "locked.txt") == both[0].data


def test_the_one_that_the_target_takes_is_not_always_the_last(
    run: Inside, index: IndexServer, both: list[ServedFile]
) -> None:
    """The last is for another Python, or is not what a hash asks for."""
    first = sha256(both[0].data)
    (run.folder / "asked.txt").write_text(f"app==1.0 --hash=sha256:{first}\n")
    assert run("lock", "-r", "asked.txt", "--no-deps", *options(index)).code == 0
    assert locked(run) == {"app": [first]}
    (run.folder / "pylock.toml").unlink()
    both[1].requires_python = "<3"
    assert run("lock", "app", *options(index)).code == 0
    assert locked(run)["app"] == [first]
    assert saved(run, index) == both[0].data
