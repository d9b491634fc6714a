"""What is installed satisfies a lock where it is what the lock says, by its bytes and not by a name and a version."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from support.environment import Runner, make_environment
from support.runs import pip_in, shown
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from support.environment import Environment
    from support.index import IndexServer
    from support.inside import Inside

NAME = "acme-lib"
FILE = "acme_lib-1.0-py3-none-any.whl"


def wheel(owner: str, **more: str) -> bytes:
    """A wheel of the name and the version, by one author or another."""
    return build_wheel(NAME, "1.0", files={"acme_lib.py": f"OWNER = {owner!r}\n", **more}, module=False)[1]


@pytest.fixture(scope="module")
def by_nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip installs of a wheel of the name and the version, by another author."""
    root = tmp_path_factory.mktemp("by-nobody")
    (root / "project").mkdir()
    made = make_environment(root / "target")
    by_pip(Runner(root / "project", root / "home"), made, wheel("nobody"))
    return made.site_packages


@pytest.fixture
def elsewhere(by_nobody: Path, target: Environment) -> Environment:
    """A target in which pip has installed it."""
    shutil.copytree(by_nobody, target.site_packages, dirs_exist_ok=True)
    return target


@pytest.fixture
def honest(index: IndexServer, runner: Runner, run: Inside) -> IndexServer:
    """An index with an application and its library, and both locked in each form."""
    index.add_wheel(NAME, FILE, wheel("acme"), version="1.0")
    index.add("acme-app", "1.0", requires=[NAME])
    for output in ("pylock.toml", "requirements.txt"):
        done = run("lock", "-q", "-i", index.url, "acme-app", "-o", runner.folder / output)
        assert done.code == 0, done.err
    return index


def ended(done: subprocess.CompletedProcess[str], code: int = 0) -> subprocess.CompletedProcess[str]:
    assert done.returncode == code, shown(done)
    return done


def owner(target: Environment) -> str:
    return (target.site_packages / "acme_lib.py").read_text()


def by_pip(runner: Runner, target: Environment, data: bytes) -> None:
    """Plain pip installs some wheel of the name and the version."""
    (runner.folder / FILE).write_bytes(data)
    ended(pip_in(runner, target, "install", "--no-index", "--no-deps", "--force-reinstall", runner.folder / FILE))


#: The ways in which a lock is installed.
WAYS = {
    "install": ("install", "-r", "pylock.toml"),
    "sync": ("sync", "pylock.toml"),
    "hashes": ("install", "-r", "requirements.txt"),
    "sync hashes": ("sync", "requirements.txt"),
    "search": ("install", "-U", "-r", "requirements.txt"),
    "search without upgrade": ("install", "-c", "empty.txt", "-r", "requirements.txt"),
}


def run(
    way: str, runner: Runner, target: Environment, index: IndexServer, *more: str
) -> subprocess.CompletedProcess[str]:
    (runner.folder / "empty.txt").write_text("unheard-of<1\n")
    verb, *words = WAYS[way]
    return ended(runner.inside(verb, "--python", target.python, "-i", index.url, *words, *more))


@pytest.mark.usually("install", "search")
@pytest.mark.parametrize("way", WAYS)
def test_what_is_known_to_be_other_bytes_is_installed_anew(
    way: str, honest: IndexServer, runner: Runner, target: Environment
) -> None:
    """safepip installed it, from elsewhere; name and version are those of the lock."""
    (runner.folder / FILE).write_bytes(wheel("nobody"))
    ended(runner.inside("install", "-q", "--python", target.python, "--no-index", runner.folder / FILE))
    assert "nobody" in owner(target)
    done = run(way, runner, target, honest)
    assert "acme" in owner(target)
    assert "it is not known" not in done.stderr
    assert target.installed() == {NAME: "1.0", "acme-app": "1.0"}
    done = run(way, runner, target, honest)
    assert "Successfully installed" not in done.stdout, "now it is what the lock says"
    assert "it is not known" not in done.stderr


@pytest.mark.usually("sync", "hashes")
@pytest.mark.parametrize("way", WAYS)
def test_where_nobody_knows_it_is_said_and_may_be_made_a_reinstall(
    way: str, honest: IndexServer, runner: Runner, elsewhere: Environment
) -> None:
    """pip installed it."""
    done = run(way, runner, elsewhere, honest)
    assert "nobody" in owner(elsewhere)
    assert "it is not known" in done.stderr
    assert NAME in next(line for line in done.stderr.splitlines() if "it is not known" in line)
    assert "--verify-installed" in done.stderr
    done = run(way, runner, elsewhere, honest, "--verify-installed")
    assert "acme" in owner(elsewhere)
    done = run(way, runner, elsewhere, honest, "--verify-installed")
    assert "Successfully installed" not in done.stdout
    assert "it is not known" not in done.stderr


def test_pip_made_other_bytes_of_what_was_known(honest: IndexServer, runner: Runner, target: Environment) -> None:
    """What safepip knew was of another RECORD; and an install that pip did not finish is not known either."""
    run("install", runner, target, honest)
    by_pip(runner, target, wheel("nobody"))
    assert "it is not known" in run("install", runner, target, honest).stderr
    run("install", runner, target, honest, "--verify-installed")
    assert "acme" in owner(target)


def test_a_wheel_cannot_say_what_it_is(honest: IndexServer, runner: Runner, target: Environment) -> None:
    """Neither by a file of its own, whatever it is called, nor by a RECORD that lies: pip copies that as it is."""
    run("install", runner, target, honest)
    info = target.site_packages / "acme_lib-1.0.dist-info"
    record, digest = (info / "RECORD").read_bytes(), sha256(honest.project(NAME).files[0].data)
    lies = {
        f"acme_lib-1.0.dist-info/{name}": json.dumps({"sha256": digest, "hashes": {"sha256": digest}})
        for name in ("safepip.json", "SAFEPIP", "digest.json", "provenance.json")
    }
    by_pip(runner, target, wheel("nobody", **lies))
    assert "it is not known" in run("install", runner, target, honest).stderr
    # The very RECORD that safepip has seen, byte by byte: what a wheel with a lying one leaves behind.
    (info / "RECORD").write_bytes(record)
    assert "it is not known" in run("install", runner, target, honest).stderr
    run("install", runner, target, honest, "--verify-installed")
    assert "acme" in owner(target)


def test_pip_uninstall_takes_everything_away(honest: IndexServer, runner: Runner, target: Environment) -> None:
    """What is remembered of an installation is not in the environment."""
    before = target.state()
    run("install", runner, target, honest)
    ended(pip_in(runner, target, "uninstall", "-y", NAME, "acme-app"))
    assert not list(target.site_packages.glob("acme*"))
    assert target.state().keys() == before.keys()


def test_policy_makes_it_a_rule(honest: IndexServer, runner: Runner, elsewhere: Environment) -> None:
    """Of whatever level; what is unknown is then installed anew without an option."""
    user = runner.home / "config" / "safepip"
    user.mkdir(parents=True)
    (user / "safepip.toml").write_text("[policy]\nverify-installed = true\n")
    done = run("sync", runner, elsewhere, honest)
    assert "acme" in owner(elsewhere)
    assert "it is not known" not in done.stderr
    (runner.folder / "safepip.toml").write_text("[policy]\nverify-installed = false\n")
    done = ended(runner.inside("sync", "--python", elsewhere.python, "-i", honest.url, "pylock.toml"), 2)
    assert "error: policy-loosened" in done.stderr


def test_a_dry_run_says_what_would_be_installed_anew(
    honest: IndexServer, runner: Runner, elsewhere: Environment
) -> None:
    done = run("sync", runner, elsewhere, honest, "--dry-run", "--verify-installed")
    assert "Would install" in done.stdout
    assert f"{NAME}-1.0" in done.stdout
    assert "nobody" in owner(elsewhere)


def test_without_digests_nothing_is_asked_for_by_bytes(
    honest: IndexServer, runner: Runner, elsewhere: Environment
) -> None:
    """A name and a version are satisfied by them, as in pip."""
    for more in ((), ("--verify-installed",)):
        done = ended(runner.inside("install", "--python", elsewhere.python, "-i", honest.url, f"{NAME}==1.0", *more))
        assert "already satisfied" in done.stdout
        assert "it is not known" not in done.stderr


def test_what_a_target_folder_kept_is_not_taken_for_what_was_installed(
    honest: IndexServer, runner: Runner, elsewhere: Environment
) -> None:
    """With --target pip leaves what is there, and says so; it is not the new wheel for that."""
    ended(runner.inside("install", "-q", "-i", honest.url, "--target", elsewhere.site_packages, "-r", "pylock.toml"))
    assert "nobody" in owner(elsewhere)
    assert "it is not known" in run("install", runner, elsewhere, honest).stderr


def test_another_wheel_of_the_version_is_not_the_locked_one(
    honest: IndexServer, runner: Runner, target: Environment
) -> None:
    """The lock names one of several; another one is there."""
    other, data = build_wheel(NAME, "1.0", build="1", files={"acme_lib.py": "OWNER = 'nobody'\n"}, module=False)
    (runner.folder / other).write_bytes(data)
    ended(runner.inside("install", "-q", "--python", target.python, "--no-index", runner.folder / other))
    assert "nobody" in owner(target)
    run("install", runner, target, honest)
    assert "acme" in owner(target)


def test_without_a_cache_nothing_is_known(honest: IndexServer, runner: Runner, target: Environment) -> None:
    """Nor is it with a new one. It is said, and nothing breaks."""
    run("install", runner, target, honest, "--no-cache-dir")
    assert "it is not known" in run("install", runner, target, honest).stderr
    run("install", runner, target, honest, "--verify-installed")
    assert "it is not known" not in run("install", runner, target, honest).stderr
    shutil.rmtree(runner.home / "cache")
    assert "it is not known" in run("install", runner, target, honest).stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of POSIX")
def test_a_record_that_is_no_file_is_not_waited_for(honest: IndexServer, runner: Runner, target: Environment) -> None:
    run("install", runner, target, honest)
    record = target.site_packages / "acme_lib-1.0.dist-info" / "RECORD"
    record.unlink()
    os.mkfifo(record)
    assert "it is not known" in run("install", runner, target, honest).stderr
