"""Locks from end to end: what safepip writes, pip installs too; what safepip installs is what pip would."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from support.environment import SAFEPIP
from support.replies import stall
from support.runs import UNCOMPILED, begin, installed_state, pip_in, shown

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from support.environment import Environment, Runner
    from support.index import IndexServer


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """An application with an extra, a marker and a command; and packages that nothing of it needs."""
    index.add(
        "acme-app", "1.0", requires=["acme-lib>=1", 'acme-odd; sys_platform == "nowhere"', "acme-more[fast]"],
        scripts={"acme": "acme_app:main"}, files={"acme_app/__init__.py": "def main(): ...\n"},
    )  # fmt: skip
    index.add("acme-lib", "1.0")
    index.add("acme-lib", "1.1", requires_python=">=3.8", files={"acme_lib/__init__.py": "VERSION = 1.1\n"})
    index.add("acme-more", "2.0", extras={"fast": ["acme-fast"]})
    index.add("acme-fast", "3.0", tag="py3-none-any")
    index.add("acme-odd", "1.0")
    index.add("stray", "1.0", files={"stray.py": ""})
    return index


def ended(done: subprocess.CompletedProcess[str], code: int = 0) -> subprocess.CompletedProcess[str]:
    """The run, after a look at its exit code."""
    assert done.returncode == code, shown(done)
    return done


def lock(runner: Runner, index: IndexServer, *words: str) -> None:
    """Lock these requirements."""
    ended(runner.inside("lock", "-q", "-i", index.url, *words))


def into(runner: Runner, target: Environment, index: IndexServer, *words: str) -> subprocess.CompletedProcess[str]:
    """`safepip VERB` for a target and an index."""
    verb, *rest = words
    return runner.inside(verb, "--python", target.python, "-i", index.url, *rest)


def there(target: Environment, index: IndexServer, *wanted: str) -> None:
    """Put these into the target, each as `name==version`."""
    for name, _, version in (one.partition("==") for one in wanted):
        (file,) = (file for file in index.project(name).files if file.filename.split("-")[1] == version)
        target.unpack(file.data)


def traces(target: Environment) -> dict[str, list[str]]:
    """The files that installing has left beside each distribution's own: who asked, from where, by whom."""
    return {
        info.name: sorted(
            f"{name}: {(info / name).read_text().strip()}"
            for name in ("REQUESTED", "INSTALLER", "direct_url.json")
            if (info / name).exists()
        )
        for info in sorted(target.site_packages.glob("*.dist-info"))
    }


# --- lock, then install ----------------------------------------------------------------------------------------


def test_a_lock_is_installed_as_plain_pip_installs_it(
    served: IndexServer, runner: Runner, target: Environment, new_target: Callable[[str], Environment]
) -> None:
    """`pip freeze`, every file, and who is marked as requested are the same."""
    lock(runner, served, "acme-app")
    by_pip = new_target("pip")
    ended(runner.safepip("install", "--python", target.python, "-i", served.url, "-r", "pylock.toml"))
    ended(pip_in(runner, by_pip, "install", "--no-index", "-r", "pylock.toml"))
    assert target.installed() == {"acme-app": "1.0", "acme-lib": "1.1", "acme-more": "2.0", "acme-fast": "3.0"}
    frozen = [ended(pip_in(runner, place, "freeze")).stdout for place in (target, by_pip)]
    assert frozen[0] == frozen[1]
    assert traces(target) == traces(by_pip)
    assert sorted(installed_state(target.site_packages)) == sorted(installed_state(by_pip.site_packages))


def test_a_second_install_of_a_lock_changes_nothing_and_asks_for_no_file(
    served: IndexServer, runner: Runner, target: Environment
) -> None:
    lock(runner, served, "acme-app")
    ended(into(runner, target, served, "install", "-r", "pylock.toml"))
    before = target.state()
    served.requests.clear()
    done = ended(into(runner, target, served, "install", "-r", "pylock.toml"))
    assert "Requirement already satisfied: acme-lib" in done.stdout
    assert target.state() == before
    assert not [path for path in served.paths_asked() if path.endswith(".whl")]


def test_hashed_requirements_are_installed_by_plain_pip(
    served: IndexServer, runner: Runner, target: Environment, new_target: Callable[[str], Environment]
) -> None:
    """With --require-hashes and no further word; and safepip installs the same of them."""
    lock(runner, served, "acme-app", "-o", "requirements.txt")
    by_pip = new_target("pip")
    ended(pip_in(runner, by_pip, "install", "-i", served.url, "--require-hashes", "-r", "requirements.txt"))
    ended(into(runner, target, served, "install", "-r", "requirements.txt"))
    assert target.installed() == by_pip.installed()
    assert target.installed().keys() == {"acme-app", "acme-lib", "acme-more", "acme-fast"}
    assert traces(target) == traces(by_pip)


# --- sync ------------------------------------------------------------------------------------------------------


def outfit(target: Environment, index: IndexServer) -> None:
    """Put into the target what a lock of acme-app does not have, an older version, and what environments are made
    with."""
    for name in ("pip", "setuptools", "wheel"):
        index.add(name, "1.0", module=False, files={f"{name}_imitation.py": ""})
    there(target, index, "stray==1.0", "acme-lib==1.0", "pip==1.0", "setuptools==1.0", "wheel==1.0")


SEEDS = {"pip": "1.0", "setuptools": "1.0", "wheel": "1.0"}
WANTED = {"acme-app": "1.0", "acme-lib": "1.1", "acme-more": "2.0", "acme-fast": "3.0"}


@pytest.mark.usually("pylock.toml")
@pytest.mark.parametrize("output", ["pylock.toml", "requirements.txt"])
def test_sync_makes_the_environment_exactly_the_lock(
    served: IndexServer, runner: Runner, target: Environment, output: str
) -> None:
    """What is not locked goes, what is comes, and what an environment is made with stays; --dry-run only tells."""
    outfit(target, served)
    lock(runner, served, "acme-app", "-o", output)
    before = target.state()
    done = ended(into(runner, target, served, "sync", "--dry-run", output))
    assert "Would install acme-app-1.0 acme-fast-3.0 acme-lib-1.1 acme-more-2.0\n" in done.stdout
    assert "Would uninstall stray-1.0\n" in done.stdout
    assert target.state() == before
    done = ended(runner.safepip("sync", "--python", target.python, "-i", served.url, output))
    assert "Successfully uninstalled stray-1.0" in done.stdout
    assert target.installed() == {**WANTED, **SEEDS}
    assert not (target.site_packages / "stray.py").exists()
    before = target.state()
    done = ended(into(runner, target, served, "sync", *([output] if output != "pylock.toml" else [])))
    assert ("Taking pylock.toml of this folder\n" in done.stderr) == (output == "pylock.toml")
    assert target.state() == before


def test_sync_refuses_a_file_that_is_no_lock(served: IndexServer, runner: Runner, target: Environment) -> None:
    """A list of requirements says what is wanted, and not what is all."""
    there(target, served, "stray==1.0")
    before = target.state()
    (runner.folder / "loose.txt").write_text("acme-app\n")
    done = ended(into(runner, target, served, "sync", "loose.txt"), 2)
    assert "error: not-a-lock" in done.stderr
    (runner.folder / "pylock.toml").write_text("precious\n")
    done = ended(into(runner, target, served, "sync", "pylock.toml"), 1)
    assert "error: invalid-lock" in done.stderr
    assert target.state() == before


def test_sync_takes_nothing_away_before_everything_is_verified(
    served: IndexServer, runner: Runner, target: Environment
) -> None:
    """A locked file that differs, by the index's own words or only in its bytes, leaves the tree as it was."""
    lock(runner, served, "acme-app")
    there(target, served, "stray==1.0")
    before = target.state()
    file = served.project("acme-lib").files[1]
    listed = file.listed_hashes()
    file.hashes = {"sha256": "0" * 64}
    # What the index said when the lock was made is kept for some minutes.
    fresh = ("sync", "pylock.toml", "--refresh-package", ":all:")
    done = ended(into(runner, target, served, *fresh), 20)
    assert "error: lock-differs" in done.stderr
    assert target.state() == before
    file.hashes = listed
    true, file.data = file.data, file.data[:-1] + b"x"
    done = ended(into(runner, target, served, *fresh), 20)
    assert "error: digest-mismatch" in done.stderr
    assert target.state() == before
    file.data = true
    ended(into(runner, target, served, *fresh))
    assert target.installed() == WANTED


def test_sync_replaces_a_project_by_another_that_brings_the_same_files(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    """As when a fork of a library takes its place under the library's own module name."""
    for name, text in (("game", "OF = 'game'\n"), ("game-ce", "OF = 'game-ce'\n")):
        index.add(name, "1.0", module=False, files={"game/__init__.py": text, f"game/{name}.py": ""})
    there(target, index, "game==1.0")
    lock(runner, index, "game-ce")
    done = into(runner, target, index, "install", "-r", "pylock.toml")
    assert "error: file-overlap" in ended(done, 20).stderr
    ended(into(runner, target, index, "sync", "pylock.toml"))
    assert target.installed() == {"game-ce": "1.0"}
    assert (target.site_packages / "game/__init__.py").read_text() == "OF = 'game-ce'\n"
    assert sorted(path.name for path in (target.site_packages / "game").glob("*.py")) == ["__init__.py", "game-ce.py"]


# --- writing ---------------------------------------------------------------------------------------------------


def newer(index: IndexServer) -> None:
    """What `-U` would lock."""
    index.add("acme-lib", "1.2")
    index.add("acme-fast", "3.1")


def test_a_lock_that_does_not_fit_the_disk_leaves_the_old_one_whole(served: IndexServer, runner: Runner) -> None:
    """The system stops the writing half-way; the error says so, and nothing half-written stays."""
    lock(runner, served, "acme-app")
    before = (runner.folder / "pylock.toml").read_bytes()
    assert len(before) > 1024
    newer(served)
    words = ["lock", "-q", "-U", "--no-cache-dir", "-i", served.url, "acme-app"]
    # No file may grow beyond two blocks of 512 bytes, and so safepip must not compile itself: half of that would stay.
    done = runner.run(["sh", "-c", 'ulimit -f 2; exec "$@"', "sh", SAFEPIP, *words], env=UNCOMPILED)
    assert "error: lock-not-written" in ended(done, 1).stderr
    assert (runner.folder / "pylock.toml").read_bytes() == before
    assert [path.name for path in runner.folder.iterdir()] == ["pylock.toml"]


def test_an_interrupted_lock_leaves_the_old_one_whole(served: IndexServer, runner: Runner) -> None:
    """Ctrl-C while an index lets it wait."""
    lock(runner, served, "acme-app")
    before = (runner.folder / "pylock.toml").read_bytes()
    newer(served)
    served.fault("acme-lib", stall(60))
    served.requests.clear()
    process = begin(runner, "lock", "-U", "--no-cache-dir", "-i", served.url, "acme-app")
    while served.page_path("acme-lib") not in served.paths_asked():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert (runner.folder / "pylock.toml").read_bytes() == before
    assert [path.name for path in runner.folder.iterdir()] == ["pylock.toml"]


@pytest.mark.parametrize("kills", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_a_lock_killed_at_any_moment_is_the_old_one_or_the_new_one(
    kills: int, served: IndexServer, runner: Runner
) -> None:
    """Most of the moments lie where the file is written."""
    path = runner.folder / "pylock.toml"
    lock(runner, served, "acme-app")
    old = path.read_bytes()
    newer(served)
    words = ("-i", served.url, "acme-app", "-U", "--refresh-package", ":all:", "-o", "pylock.new.toml")
    start = time.monotonic()
    ended(runner.safepip("lock", "-q", *words))
    whole = time.monotonic() - start
    new = (runner.folder / "pylock.new.toml").read_bytes()
    assert new != old
    for kill in range(kills):
        path.write_bytes(old)
        process = begin(runner, "lock", "-q", "-U", "-i", served.url, "acme-app")
        time.sleep(whole * (0.7 + 0.48 * kill / kills))
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
        assert path.read_bytes() in (old, new)
