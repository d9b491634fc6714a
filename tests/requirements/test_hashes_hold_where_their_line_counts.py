"""A `--hash` holds in the environments in which its line counts, and in no other: also in a lock for several."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker
from packaging.pylock import Pylock

from safepip.lock.universal import Environment
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

LINUX, WINDOWS = Environment("linux-x86_64", 11, "3.11.0"), Environment("windows-amd64", 11, "3.11.0")
BOTH = ("--environment", "linux-x86_64:3.11", "--environment", "windows-amd64:3.11")

#: The wheels of one version: for Windows two, of which pip would take that with the build tag.
WHEELS = {
    "linux": ("cp311-cp311-manylinux_2_17_x86_64", ""),
    "windows": ("cp311-cp311-win_amd64", ""),
    "rebuilt": ("cp311-cp311-win_amd64", "7"),
    "mac": ("cp311-cp311-macosx_11_0_arm64", ""),
}
FILES = {key: build_wheel("lib", "1.0", tag=tag, build=build) for key, (tag, build) in WHEELS.items()}


def hashed(*keys: str) -> str:
    return " ".join(f"--hash=sha256:{sha256(FILES[key][1])}" for key in keys)


def by_platform(linux: str, windows: str) -> str:
    """A line with one hash for each of both."""
    stated = {"linux": linux, "win32": windows}
    return "".join(f'lib==1.0 ; sys_platform == "{name}" {hashed(key)}\n' for name, key in stated.items())


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    for filename, data in FILES.values():
        index.add_wheel("lib", filename, data, version="1.0")
    index.add("app", "1.0", requires=["lib"])
    return index


def lock(run: Inside, served: IndexServer, text: str, *more: str) -> str:
    (run.folder / "in.txt").write_text(text)
    done = run("lock", "-q", "-i", served.url, "-r", "in.txt", *BOTH, *more)
    assert done.code == 0, done.err
    return (run.folder / "pylock.toml").read_text()


def wheel_for(text: str, environment: Environment) -> str | None:
    """Which wheel of lib a lock selects in an environment."""
    target_tags = list(environment._tags())
    chosen = Pylock.from_dict(tomllib.loads(text)).select(
        environment=environment.markers,  # type: ignore[arg-type]
        tags=target_tags,
    )
    names = [wheel.filename for package, wheel in chosen if package.name == "lib"]  # type: ignore[union-attr]
    return next((key for key, (filename, _) in FILES.items() if [filename] == names), None)


def wheels_in(text: str) -> list[str]:
    packages = [p for p in tomllib.loads(text)["packages"] if p["name"] == "lib"]
    names = {filename: key for key, (filename, _) in FILES.items()}
    return sorted(names[wheel["name"]] for package in packages for wheel in package["wheels"])


def test_a_line_for_another_platform_limits_the_files_there(run: Inside, served: IndexServer) -> None:
    """The lock is made on Linux, and the only line is for Windows."""
    text = lock(run, served, f'lib==1.0 ; sys_platform == "win32" {hashed("windows")}\n')
    assert wheels_in(text) == ["windows"]
    assert (wheel_for(text, LINUX), wheel_for(text, WINDOWS)) == (None, "windows")


def test_each_platform_has_the_file_of_its_line(run: Inside, served: IndexServer) -> None:
    """None drops out."""
    lines = by_platform("linux", "rebuilt")
    text = lock(run, served, lines)
    assert wheels_in(text) == ["linux", "rebuilt"]
    assert (wheel_for(text, LINUX), wheel_for(text, WINDOWS)) == ("linux", "rebuilt")
    assert lock(run, served, lines) == text, "made anew it stays as it is"


def test_files_that_are_free_elsewhere_are_not_where_a_line_counts(run: Inside, served: IndexServer) -> None:
    """On Linux all files will do; that puts no other one in reach on Windows."""
    lines = f'lib==1.0 ; sys_platform == "win32" {hashed("windows")}\nlib==1.0 ; sys_platform == "linux"\n'
    text = lock(run, served, lines, "--no-require-hashes")
    assert (wheel_for(text, LINUX), wheel_for(text, WINDOWS)) == ("linux", "windows")
    markers = [Marker(p["marker"]) for p in tomllib.loads(text)["packages"] if p["name"] == "lib"]
    assert len(markers) == 2
    assert lock(run, served, lines, "--no-require-hashes") == text, "made anew it stays as it is"


@pytest.mark.parametrize("limited", ["linux", "win32"])
@pytest.mark.parametrize("output", ["pylock.toml", "out.txt"])
def test_a_file_that_comes_later_changes_no_lock(run: Inside, served: IndexServer, limited: str, output: str) -> None:
    """Where the files are free on one platform, what is locked for the other is not all that is locked."""
    free = {"linux": "win32", "win32": "linux"}[limited]
    key = {"linux": "linux", "win32": "windows"}[limited]
    lines = f'lib==1.0 ; sys_platform == "{limited}" {hashed(key)}\nlib==1.0 ; sys_platform == "{free}"\n'
    words = ("--no-require-hashes", "-o", output, "--refresh-package", "lib")
    (run.folder / "in.txt").write_text(lines)
    texts = []
    for _ in range(3):
        done = run("lock", "-q", "-i", served.url, "-r", "in.txt", *BOTH, *words)
        assert done.code == 0, done.err
        texts.append((run.folder / output).read_text())
        if len(texts) == 2:
            filename, data = build_wheel("lib", "1.0", tag="cp311-cp311-musllinux_1_2_x86_64")
            served.add_wheel("lib", filename, data, version="1.0")
    assert texts[1] == texts[0]
    assert texts[2] == texts[0]


def test_a_constraint_limits_its_platform_too(run: Inside, served: IndexServer) -> None:
    """As in pip, a hash in a constraint counts as one in the requirement."""
    (run.folder / "c.txt").write_text(f'lib==1.0 ; sys_platform == "win32" {hashed("windows")}\n')
    text = lock(run, served, "app\n", "-c", "c.txt", "--no-require-hashes")
    assert (wheel_for(text, LINUX), wheel_for(text, WINDOWS)) == ("linux", "windows")


def test_one_line_with_the_hashes_of_all_platforms_is_one_package(run: Inside, served: IndexServer) -> None:
    text = lock(run, served, f"lib==1.0 {hashed('linux', 'windows')}\n")
    assert wheels_in(text) == ["linux", "windows"]
    assert text.count('name = "lib"\n') == 1


def test_a_platform_whose_line_names_no_file_of_it_is_told(run: Inside, served: IndexServer) -> None:
    """It does not drop out of the lock."""
    (run.folder / "in.txt").write_text(f"lib==1.0 {hashed('linux')}\n")
    done = run("lock", "-q", "-i", served.url, "-r", "in.txt", *BOTH)
    assert done.code == 20, done.err
    assert "error: hash-mismatch\n" in done.err
    assert "windows-amd64" in done.err


def test_the_lines_of_a_requirements_file_part_as_well(run: Inside, served: IndexServer) -> None:
    lines = by_platform("linux", "windows")
    (run.folder / "in.txt").write_text(lines)
    for _ in range(2):
        done = run("lock", "-q", "-i", served.url, "-r", "in.txt", *BOTH, "-o", "out.txt")
        assert done.code == 0, done.err
        written = [
            line for line in (run.folder / "out.txt").read_text().replace("\\\n", "").splitlines() if "==" in line
        ]
        found = [(key, '"linux"' in line) for line in written if "lib" in line for key in FILES if hashed(key) in line]
        assert sorted(found) == [("linux", True), ("windows", False)]
