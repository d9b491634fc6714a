"""A release: the same bytes whenever and wherever it is made, and all of the program in each of its files."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from safepip.edges.target.installed import parts_of_safepip
from safepip.edges.target.interpreter import probe
from support.environment import clean_environment
from support.pythons import pythons
from support.single_file import ROOT, maker
from support.wheels import make_wheel

RELEASE = ROOT / ".ci" / "release"
PINS = ROOT / ".ci" / "pyz-requirements.txt"

#: Builds as `python -m build` has a backend build, on another day.
_LATER = """
import os, sys, time
now, shift = time.time, float(sys.argv.pop(1))
time.time = lambda: now() + shift
os.umask(int(sys.argv.pop(1), 8))
from hatchling.build import build_sdist, build_wheel
print({"sdist": build_sdist, "wheel": build_wheel}[sys.argv[1]](sys.argv[2]))
"""


def archive(kind: str, tree: Path, into: Path, *, shift: float = 0.0, umask: str = "022") -> Path:
    """The sdist or wheel of a tree, made when the clock is `shift` seconds further."""
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _LATER, str(shift), umask, kind, str(into)]
    environ = clean_environment(into.parent / "home")
    done = subprocess.run(command, cwd=tree, env=environ, check=True, capture_output=True, text=True)
    return into / done.stdout.splitlines()[-1]


def copied(tree: Path, into: Path) -> Path:
    """A copy whose files were made in another order, for one user alone, and have another time."""
    before = os.umask(0o077)
    try:
        for path in sorted(tree.rglob("*"), reverse=True):
            place = into / path.relative_to(tree)
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                place.symlink_to(path.readlink())
            elif path.is_file():
                place.write_bytes(path.read_bytes())
                place.chmod(0o700 if os.access(path, os.X_OK) else 0o600)
                os.utime(place, (1e9, 1e9))
    finally:
        os.umask(before)
    return into


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the archives are made of. The tests are many files of no other kind, and left out."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore", ".ci", "docs", "src"):
        source = ROOT / name
        places = [source] if source.is_file() else [*source.rglob("*")]
        for path in places:
            place = tree / path.relative_to(ROOT)
            if path.is_symlink():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(path.readlink())
            elif path.is_file() and "__pycache__" not in path.parts:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
                place.chmod(path.stat().st_mode & 0o777)
    return tree


def test_archives_are_the_same_bytes_wherever_they_are_made(tree: Path, tmp_path: Path) -> None:
    """On another day, by another umask, of files that were made otherwise. The sdist's wheel is that of the tree."""
    other = copied(tree, tmp_path / "other")
    first = archive("sdist", tree, tmp_path / "first")
    second = archive("sdist", other, tmp_path / "second", shift=9e7, umask="077")
    assert first.read_bytes() == second.read_bytes()
    subprocess.run([sys.executable, "-m", "tarfile", "-e", str(first), str(tmp_path)], check=True)
    unpacked = tmp_path / first.name.removesuffix(".tar.gz")
    wheels = archive("wheel", tree, tmp_path / "first"), archive("wheel", unpacked, tmp_path / "second", shift=9e7)
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


def test_the_wheel_has_every_file_of_the_package(tree: Path, tmp_path: Path) -> None:
    """Lists, pages and the mark of types as well; nothing of the tests."""
    with zipfile.ZipFile(archive("wheel", tree, tmp_path / "made")) as made:
        names = {name for name in made.namelist() if ".dist-info/" not in name}
    expected = set()
    for folder, _, files in os.walk(tree / "src", followlinks=True):
        expected |= {Path(folder, name).relative_to(tree / "src").as_posix() for name in files}
    assert names == expected
    assert {"safepip/py.typed", "safepip/data/well_known_names.txt", "safepip/data/refusals/README.md"} <= names


class TestTheSingleFile:
    """`.ci/make_pyz.py`: only what is pinned goes in, and the same bytes come out."""

    @pytest.fixture
    def wheels(self, tmp_path: Path) -> Path:
        """A folder with the wheels of two projects."""
        folder = tmp_path / "wheels"
        files = {"one/part.py": "CHOICES = {None, 'a', 'b', 'c'}\ndef f(x):\n    return x in {None, 'a', 'b', 3.5}\n"}
        make_wheel(folder, "one", "1.0", files=files, requires=["two"])
        make_wheel(folder, "two", "2.0")
        return folder

    @staticmethod
    def make(wheels: Path, output: Path, *lines: str, own: tuple[str, str] = ("safepip", "0")) -> bytes:
        """Run it as a release does. `lines` stand for the pins of the wheels."""
        pins = output.with_suffix(".txt")
        found = (f"{name_of(path)} --hash=sha256:{digest_of(path)}" for path in sorted(wheels.glob("*.whl")))
        pins.write_text("# pins\n" + "\n".join(lines or found) + "\n")
        files = {"safepip/__main__.py": "import one, two, sys\ndef main():\n    print(one.__name__)\n    return 3\n"}
        made = make_wheel(output.parent / "own", *own, files={"safepip/__init__.py": "", **files}, module=False)
        words = ["--wheels", str(wheels), "--requirements", str(pins), "--own", str(made), str(output)]
        assert maker().main(words) == 0
        return output.read_bytes()

    def test_it_is_the_same_bytes_whenever_it_is_made(
        self, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Elsewhere, on another day, with other temporary folders, another umask, and other hashes in the process."""
        first = self.make(wheels, tmp_path / "first.pyz")
        (tmp_path / "temporary").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
        monkeypatch.setattr(maker().tempfile, "tempdir", None)
        monkeypatch.setenv("PYTHONHASHSEED", "7")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1900000000")
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + 9e7)
        before = os.umask(0o077)
        try:
            second = self.make(copied(wheels, tmp_path / "again"), tmp_path / "second.pyz")
        finally:
            os.umask(before)
        assert first == second
        done = subprocess.run([sys.executable, "-I", str(tmp_path / "second.pyz")], capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (3, b"one\n", b"")

    def test_byte_code_that_does_not_fit_is_passed_over(self, wheels: Path, tmp_path: Path) -> None:
        """On another Python the sources are read."""
        self.make(wheels, tmp_path / "it.pyz")
        with zipfile.ZipFile(tmp_path / "it.pyz") as made:
            files = {name: made.read(name) for name in made.namelist()}
        for name in [name for name in files if name.endswith(".pyc")]:
            files[name] = b"\0\0\r\n" + files[name][4:]
        (tmp_path / "other.pyz").write_bytes(maker().archive_of(files))
        done = subprocess.run([sys.executable, "-I", str(tmp_path / "other.pyz")], capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (3, b"one\n", b"")

    def refused(self, wheels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *lines: str) -> str:
        """What it says, when it makes nothing."""
        with pytest.raises(SystemExit) as ended:
            self.make(wheels, tmp_path / "it.pyz", *lines)
        assert ended.value.code == 1
        assert not (tmp_path / "it.pyz").exists()
        return capsys.readouterr().err.removeprefix("safepip.pyz cannot be made: ").strip()

    def test_only_what_is_pinned_goes_in(
        self, wheels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Each wheel once, by its digest; and pure, since it is for every system."""
        one, two = (f"{name} --hash=sha256:{digest_of(wheels / path)}"
                    for name, path in (("one==1.0", "one-1.0-py3-none-any.whl"),
                                       ("two==2.0", "two-2.0-py3-none-any.whl")))  # fmt: skip
        wrong = f"two==2.0 --hash=sha256:{'0' * 64}"
        for lines, problem in (
            ((one,), "has wheels that the requirements do not name: two-2.0-py3-none-any.whl"),
            ((one, wrong), "two-2.0-py3-none-any.whl has a digest that the requirements do not name"),
            ((one, two, f"three==1.0 --hash=sha256:{'0' * 64}"), "has 0 pure wheels of three 1.0"),
            ((one, "two==2.0"), "not a project with its version and digests: two==2.0"),
            ((one, two, "--index-url https://x.example"), "not a project with its version and digests: --index-url"),
            ((one, two, two), "the requirements name nothing, or a project twice"),
        ):
            assert problem in self.refused(wheels, tmp_path, capsys, *lines)
        (wheels / "two-2.0-py3-none-any.whl").rename(wheels / "two-2.0-cp311-cp311-linux_x86_64.whl")
        assert "has 0 pure wheels of two 2.0" in self.refused(wheels, tmp_path, capsys, one, two)

    @pytest.mark.parametrize("name", ["one/part.py", "two-2.0.data/scripts/two", "two/_speed.so", "two.pth"])
    def test_what_cannot_be_in_it_is_refused(
        self, name: str, wheels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A file of another wheel, what has to be laid out on a disk, and what only one system can load."""
        make_wheel(wheels, "two", "2.0", files={name: ""})
        problem = self.refused(wheels, tmp_path, capsys)
        assert problem == f"two-2.0-py3-none-any.whl: {name} cannot be in a single file"

    def test_a_module_that_is_none_is_refused(
        self, wheels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Rather than left without byte code."""
        make_wheel(wheels, "two", "2.0", files={"two/broken.py": "def f(:\n"})
        assert "SyntaxError" in self.refused(wheels, tmp_path, capsys)


def digest_of(path: Path) -> str:
    """The SHA-256 digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def name_of(wheel: Path) -> str:
    """A wheel's project and version, as a requirement."""
    return "==".join(wheel.name.split("-")[:2])


def test_the_pins_are_what_safepip_needs() -> None:
    """All of it, for each Python, in versions that its own metadata allows, from no index in particular."""
    pins = {pin.name: pin.version for pin in maker().read_pins(PINS.read_text("utf-8"))}
    needed = parts_of_safepip(probe(sys.executable)) - {"safepip"}
    # anyio needs it before Python 3.13 alone.
    assert needed | {"typing-extensions"} == pins.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in map(Requirement, project["dependencies"]):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])
    for path in (ROOT / ".ci").glob("*.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text
        assert not re.search(r"^-", text, re.MULTILINE)
        assert maker().read_pins(text)


@pytest.mark.skipif(os.name == "nt", reason="it is a script for bash")
def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """A release is not mixed with what was there; and a word that is no folder is an error."""
    (tmp_path / "there").write_text("x")
    done = subprocess.run([RELEASE, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f".ci/release: {tmp_path} is not empty\n")
    for words in (["--help"], ["a", "b"]):
        done = subprocess.run([RELEASE, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (2, "usage: .ci/release [FOLDER]\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="it is a script for bash")
def test_no_module_of_the_callers_is_run(tree: Path, tmp_path: Path) -> None:
    """Neither of the folder that it is called in, nor of PYTHONPATH. The tools are nowhere to be had, which ends it.

    That each Python of the script is isolated stands in `test_ci_material.py`.
    """
    (tmp_path / "here").mkdir()
    for name in ("venv", "json", "pip", "ensurepip"):
        (tmp_path / "here" / f"{name}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    environ = clean_environment(tmp_path / "home") | {"PYTHON": os.path.realpath(sys.executable), "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [tree / ".ci" / "release", tmp_path / "made"],
        cwd=tmp_path / "here",
        env=environ | {"PYTHONPATH": str(tmp_path / "here")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "No matching distribution found for" in done.stderr
    assert not (tmp_path / "owned").exists()
    assert not (tmp_path / "made").exists()


@pytest.mark.network
@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.name == "nt", reason="it is a script for bash")
def test_a_release_is_whole(tree: Path, tmp_path: Path) -> None:
    """Made twice it is the same; its digests fit; and on each Python the wheel installs, and the single file runs."""
    environ = {**os.environ, "PYTHON": os.path.realpath(sys.executable)}
    made = []
    for name, source in (("first", tree), ("second", copied(tree, tmp_path / "copy"))):
        folder = tmp_path / name
        command = [str(source / ".ci" / "release"), str(folder)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
    listed = dict(line.split("  ")[::-1] for line in made[0].pop("SHA256SUMS").decode().splitlines())
    assert listed == {name: hashlib.sha256(data).hexdigest() for name, data in made[0].items()}
    (wheel,) = (tmp_path / "first").glob("*.whl")
    for python in (it for it in pythons() if it.version >= (3, 11)):
        check_release(python.executable, wheel, tmp_path / python.name)


def check_release(python: str, wheel: Path, folder: Path) -> None:
    """The wheel of a release, installed by pip, and the single file say the same in a Python."""
    subprocess.run([python, "-I", "-m", "venv", str(folder)], check=True)
    inside = str(folder / "bin" / "python")
    subprocess.run([inside, "-I", "-m", "pip", "install", "-q", str(wheel)], check=True, capture_output=True)
    for words in (["--version"], ["help", "ambiguous-index"], ["check-config"]):
        installed = subprocess.run([folder / "bin" / "safepip", *words], capture_output=True, check=True)
        single = subprocess.run([inside, wheel.with_name("safepip.pyz"), *words], capture_output=True, check=True)
        assert installed.stdout == single.stdout
