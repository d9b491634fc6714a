"""A constraint that names a wheel by URL holds for dependencies as well, and the record says where it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.runs import pip_in, shown
from support.wheels import build_wheel, make_wheel, sha256

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer


def ended(done: subprocess.CompletedProcess[str], code: int = 0) -> subprocess.CompletedProcess[str]:
    assert done.returncode == code, shown(done)
    return done


@pytest.fixture
def wheel(index: IndexServer, runner: Runner) -> Path:
    """An application on the index that requires a library, and a wheel of the library beside it."""
    index.add("app", "1.0", requires=["lib[more]>=1"])
    index.add("lib", "2.0", extras={"more": ["other"]})
    index.add("other", "1.0")
    filename, data = build_wheel("lib", "1.5", extras={"more": ["other"]}, files={"lib_here.py": ""})
    (runner.folder / filename).write_bytes(data)
    return runner.folder / filename


def traces(target: Environment) -> dict[str, list[str]]:
    """By distribution, whether it was asked for, and from where it came."""
    found = {}
    for info in target.site_packages.glob("*.dist-info"):
        if info.name.startswith(("pip-", "setuptools-")):
            continue
        url = info / "direct_url.json"
        record = json.loads(url.read_text()) if url.exists() else {}
        found[info.name] = [str((info / "REQUESTED").exists()), json.dumps(record, sort_keys=True)]
    return found


@pytest.mark.parametrize("suffix", ["", " --hash=sha256:{digest}", "#sha256={digest}"])
def test_a_dependency_by_a_constraints_url_is_installed_as_by_pip(
    suffix: str, wheel: Path, index: IndexServer, runner: Runner, target: Environment,
    new_target: Callable[[str], Environment],
) -> None:  # fmt: skip
    """What is there, who is marked as requested, the record of the URL, and every row of RECORD. A second run keeps
    it."""
    line = f"lib @ {wheel.as_uri()}{suffix.format(digest=sha256(wheel.read_bytes()))}"
    (runner.folder / "c.txt").write_text(f"{line}\n")
    loose = ("--no-require-hashes",) if suffix.startswith(" ") else ()
    words = ("-i", index.url, "-c", runner.folder / "c.txt", "app")
    ended(runner.inside("install", "--python", target.python, *words, *loose))
    assert target.installed() == {"app": "1.0", "lib": "1.5", "other": "1.0"}
    before = traces(target)
    ended(runner.inside("install", "--python", target.python, *words, *loose))
    assert traces(target) == before
    ended(runner.inside("verify", "--python", target.python))
    if not loose:
        by_pip = new_target("pip")
        ended(pip_in(runner, by_pip, "install", *words))
        assert traces(target) == traces(by_pip)
        rows = [
            sorted((t.site_packages / "lib-1.5.dist-info" / "RECORD").read_text().splitlines())
            for t in (target, by_pip)
        ]
        assert rows[0] == rows[1]
    assert f"lib @ {wheel.as_uri()}" in ended(pip_in(runner, target, "freeze")).stdout
    ended(pip_in(runner, target, "uninstall", "-y", "lib"))
    assert not list(target.site_packages.glob("lib*"))


def test_into_a_folder_and_under_a_prefix(wheel: Path, index: IndexServer, runner: Runner, target: Environment) -> None:
    """Wherever pip puts it."""
    (runner.folder / "c.txt").write_text(f"lib @ {wheel.as_uri()}\n")
    for option in ("--target", "--prefix"):
        folder = runner.folder / option.strip("-")
        words = ("install", "--python", target.python, "-i", index.url, "-c", "c.txt", option, folder)
        ended(runner.inside(*words, "app"))
        (record,) = folder.rglob("direct_url.json")
        assert json.loads(record.read_text())["url"] == wheel.as_uri()


def test_a_lock_of_it_is_installed(wheel: Path, index: IndexServer, runner: Runner, target: Environment) -> None:
    (runner.folder / "c.txt").write_text(f"lib @ {wheel.as_uri()}\n")
    ended(runner.inside("lock", "-q", "-i", index.url, "-c", "c.txt", "app"))
    ended(runner.inside("install", "--python", target.python, "-i", index.url, "-r", "pylock.toml"))
    assert target.installed() == {"app": "1.0", "lib": "1.5", "other": "1.0"}


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [("app", "app-1.0"), ("app==1.0", "app-1.0"), ("app[x]", "app-1.0"), ("app>=2", ""), ("lib", ""), ("lib[x]", "")],
)
@pytest.mark.parametrize("tag", ["cp39-cp39-win_amd64", "py2-none-any"])
def test_what_requires_a_wheel_for_another_platform_is_passed_over(
    runner: Runner, target: Environment, tmp_path: Path, asked: str, chosen: str, tag: str
) -> None:
    """As by pip, which then takes a version that does not require it. Where there is none, the wheel is the reason."""
    folder = tmp_path / "offered"
    make_wheel(folder, "app", "1.0")
    make_wheel(folder, "app", "2.0", requires=["lib"])
    make_wheel(folder, "lib", "1.0")
    wheel = make_wheel(tmp_path / "elsewhere", "lib", "1.0", tag=tag)
    (runner.folder / "c.txt").write_text(f"lib @ {wheel.as_uri()}\n")
    words = ("install", "--dry-run", "--no-index", "-f", str(folder), "-c", "c.txt", asked)
    done = runner.inside(*words, "--python", target.python)
    assert (done.returncode, chosen in done.stdout) == (0 if chosen else 1, True), shown(done)
    if not chosen:
        assert "error: unsupported-wheel\n" in done.stderr
        assert "required by c.txt:1" in done.stderr
    if tag.startswith("cp") and asked in ("app", "app>=2"):
        plain = runner.pip("--python", str(target.python), *words)
        assert (plain.returncode, chosen in plain.stdout) == (0 if chosen else 1, True), shown(plain)
