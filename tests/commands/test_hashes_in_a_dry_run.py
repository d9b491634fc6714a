"""A dry run says 0 of hashes only where they hold: what an index does not say of a file, its bytes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.wheels import make_wheel, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Inside

DRY = ("install", "--dry-run", "-I", "-q")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """In a folder of wheels, as which it is given no digest."""
    return make_wheel(tmp_path / "wheels", "demo", "1.0")


def requirements(run: Inside, *digests: str) -> str:
    lines = " ".join(f"--hash=sha256:{digest}" for digest in digests)
    (run.folder / "r.txt").write_text(f"demo==1.0 {lines}\n")
    return "r.txt"


@pytest.mark.parametrize("more", [(), ("0" * 64,)], ids=["one", "one of several"])
def test_a_hash_of_a_wheel_in_a_folder_is_compared(run: Inside, wheel: Path, more: tuple[str, ...]) -> None:
    words = (*DRY, "--no-index", "-f", str(wheel.parent), "-r")
    assert run(*words, requirements(run, *more, sha256(wheel.read_bytes()))).code == 0
    done = run(*words, requirements(run, *more, "1" * 64))
    assert done.code == 20
    assert "error: digest-mismatch\n" in done.err
    assert f"file has    sha256:{sha256(wheel.read_bytes())}" in done.err


def test_pip_does_so_too(runner: Runner, target: Environment, wheel: Path) -> None:
    (runner.folder / "r.txt").write_text(f"demo==1.0 --hash=sha256:{'1' * 64}\n")
    words = ("install", "--dry-run", "--no-index", "-f", str(wheel.parent), "-r", "r.txt")
    done = runner.pip("--python", str(target.python), *words)
    assert (done.returncode, "DO NOT MATCH THE HASHES" in done.stderr) == (1, True), done.stderr


def test_so_is_that_of_a_lock(run: Inside, wheel: Path) -> None:
    words = ("--no-index", "-f", str(wheel.parent))
    assert run("lock", "-q", *words, "demo").code == 0
    assert run(*DRY, *words, "-r", "pylock.toml").code == 0
    wheel.write_bytes(make_wheel(run.folder / "other", "demo", "1.0", files={"more.py": ""}).read_bytes())
    done = run(*DRY, *words, "-r", "pylock.toml")
    assert done.code == 20, done.err


@pytest.mark.parametrize("hashes", [None, {}], ids=["given", "not given"])
def test_of_an_index_what_it_says_is_enough(run: Inside, index: IndexServer, hashes: dict[str, str] | None) -> None:
    """And nothing is fetched then."""
    served = index.add("demo", "1.0", file={"hashes": hashes})
    index_of_it = f'index = [{{ name = "it", url = "{index.url}", default = true, hashes = "optional" }}]\n'
    (run.folder / "safepip.toml").write_text(index_of_it)
    done = run(*DRY, "--no-cache-dir", "-r", requirements(run, sha256(served.data)))
    assert done.code == 0, done.err
    assert index.paths_asked().count(index.file_path(served.filename)) == (0 if hashes is None else 1)
    assert run(*DRY, "--no-cache-dir", "-r", requirements(run, "1" * 64)).code == 20
