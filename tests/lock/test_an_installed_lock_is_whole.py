"""Where everything is installed already no wheel is judged; what is there is held against the lock nevertheless."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from support.runs import shown
from support.wheels import sha256

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer

    Where = tuple[str, ...]


@pytest.fixture
def where(index: IndexServer, target: Environment) -> Where:
    """An application and what it requires."""
    index.add("app", "1.0", requires=["lib>=1", "far; sys_platform == 'nowhere'"])
    index.add("lib", "1.0")
    return ("--python", str(target.python), "-i", index.url)


def without_lib(runner: Runner) -> None:
    """Take `lib` out of the lock, and every word about it."""
    lock = runner.folder / "pylock.toml"
    head, app, _ = lock.read_text().split("[[packages]]")
    lock.write_text("[[packages]]".join((head, re.sub(r"(?s)dependencies = .*?\n]\n", "", app))))


@pytest.mark.parametrize("words", [("sync", "pylock.toml"), ("install", "-r", "pylock.toml")])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_is_installed_has_what_it_requires_in_the_lock(
    words: Where, dry: Where, where: Where, runner: Runner, target: Environment
) -> None:
    """From an incomplete one `sync` would otherwise take away what the rest needs, and end well."""
    for verb in ("lock", *words[:1]):
        done = runner.inside(verb, *where, *(["app"] if verb == "lock" else words[1:]))
        assert done.returncode == 0, shown(done)
    again = runner.inside(*words, *where, *dry)
    assert again.returncode == 0, shown(again)
    without_lib(runner)
    before = target.state()
    done = runner.inside(*words, *where, *dry)
    assert (done.returncode, "app 1.0 asks for lib, which is missing" in done.stderr) == (20, True), shown(done)
    assert target.state() == before


def test_what_is_installed_has_what_it_requires_among_the_hashes(
    where: Where, index: IndexServer, runner: Runner, target: Environment
) -> None:
    """Here what is required is missing, and pip says so, too."""
    app = index.project("app").files[0].data
    target.unpack(app)
    (runner.folder / "r.txt").write_text(f"app==1.0 --hash=sha256:{sha256(app)}\n")
    done = runner.inside("install", *where, "-r", "r.txt")
    assert (done.returncode, "error: missing-hash" in done.stderr) == (20, True), shown(done)


@pytest.mark.parametrize("lacks", ["lib", "setuptools"])
def test_what_sync_leaves_is_among_the_hashes(
    lacks: str, index: IndexServer, runner: Runner, target: Environment
) -> None:
    """A lock that lacks what is installed makes another environment where it is not. Some tools leave out what an
    environment is made with."""
    app = index.add("app", "1.0", requires=[lacks]).data
    target.unpack(app, index.add(lacks, "1.0").data)
    (runner.folder / "r.txt").write_text(f"app==1.0 --hash=sha256:{sha256(app)}\n")
    done = runner.inside("sync", "--python", target.python, "-i", index.url, "r.txt")
    assert done.returncode == (20 if lacks == "lib" else 0), shown(done)
    assert ("error: missing-hash" in done.stderr) is (lacks == "lib")


@pytest.mark.parametrize("kind", ["empty", "for another system", "hashes"])
def test_from_a_lock_that_selects_nothing_no_empty_environment_is_made(
    kind: str, where: Where, runner: Runner, target: Environment
) -> None:
    """It is a wrong lock more often than a wish. The hint does what may be wished, and then there is nothing to say."""
    for verb, *words in (("lock", "app"), ("sync",)):
        done = runner.inside(verb, *where, *words)
        assert done.returncode == 0, shown(done)
    name = "r.txt" if kind == "hashes" else "pylock.toml"
    lock = runner.folder / name
    if kind == "hashes":
        lock.write_text("--require-hashes\n")
    else:
        head, *packages = lock.read_text().split("[[packages]]\n")
        head, marker = head.split("environments")[0], "marker = \"sys_platform == 'nowhere'\"\n"
        elsewhere = "".join(f"[[packages]]\n{marker}{package}" for package in packages)
        lock.write_text(f'{head}created-by = "x"\n{"packages = []" if kind == "empty" else elsewhere}')
    before = target.state()
    for dry in (("--dry-run",), ()):
        done = runner.inside("sync", *where, *dry, name)
        assert (done.returncode, "error: lock-does-not-fit" in done.stderr) == (20, True), shown(done)
        assert target.state() == before
    (hint,) = re.findall(r"^    safepip (uninstall .*)$", done.stderr, re.MULTILINE)
    for command in ((*shlex.split(hint), "-y"), ("sync", *where, name)):
        done = runner.inside(*command)
        assert done.returncode == 0, shown(done)
    assert target.installed() == {}
