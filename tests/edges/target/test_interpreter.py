"""Which environment is chosen, and what is said of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from safepip.edges.programs.installed_pip import (
    _stated_in_folder,
    default_index_url,
    pip_version,
    pythons_of_pip,
)
from safepip.edges.target.choosing import find_interpreter
from safepip.edges.target.interpreter import (
    parse_python_version,
    probe,
    start_probe,
)
from safepip.model.errors import Unavailable, UsageError
from safepip.model.plan import Settings, Target
from support.watched import watch

NO_INDEX = {"PIP_CONFIG_FILE": os.devnull}


def make_venv(folder: Path) -> str:
    """A virtual environment without pip; returns its interpreter."""
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an environment that is not safepip's own."""
    return make_venv(tmp_path_factory.mktemp("other") / "venv")


def python_on_path(name: str) -> str | None:
    """An interpreter of this name that really starts: version managers put stand-ins on PATH that do not."""
    path = shutil.which(name)
    if path is None or subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode != 0:
        return None
    return path


def pip_tags(python: str, *cases: list[str]) -> list[list[str]]:
    """What pip itself, run by `python`, takes for its supported tags, with the options of each case."""
    program = """
import json, sys
sys.path.insert(0, sys.argv.pop(1))
from pip._internal.cli import cmdoptions
from pip._internal.commands import create_command
found = []
for words in json.load(sys.stdin):
    options, _ = create_command("download").parse_args(words)
    found.append([str(tag) for tag in cmdoptions.make_target_python(options).get_sorted_tags()])
print(json.dumps(found))
"""
    import pip

    home = os.path.dirname(os.path.dirname(pip.__file__))
    done = subprocess.run(
        [python, "-c", program, home],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **NO_INDEX},
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def pip_markers(python: str) -> dict[str, str]:
    """PEP 508's environment as the packaging inside pip has it, run by `python`."""
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pip._vendor.packaging.markers import default_environment; print(json.dumps(default_environment()))"
    )
    import pip

    home = os.path.dirname(os.path.dirname(pip.__file__))
    done = subprocess.run([python, "-c", program, home], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def tags(target: Target) -> list[str]:
    """The tags as text."""
    return list(target.tags)


#: What a target may be limited to, by the names of `Settings`.
RESTRICTIONS: list[dict[str, Any]] = [
    {"platforms": ("manylinux2014_x86_64",)},
    {"platforms": ("manylinux2014_aarch64", "manylinux2010_i686", "linux_x86_64", "linux_x86_64")},
    {"platforms": ("manylinux_2_28_x86_64",), "python_version": "310"},
    {"platforms": ("macosx_11_0_arm64",), "python_version": "3.12"},
    {"platforms": ("macosxvendor_10_9_x86_64", "macosx_nonsense")},
    {"platforms": ("ios_13_0_arm64_iphoneos", "android_24_x86_64", "win_amd64")},
    {"python_version": "3"},
    {"python_version": "2.7.18"},
    {"python_version": "3.15", "abis": ("cp315t",)},
    {"implementation": "pp", "python_version": "3.9", "abis": ("pypy39_pp73",)},
    {"implementation": "py"},
    {"implementation": "cp", "abis": ("abi3", "none", "cp38")},
]


@pytest.fixture(scope="module")
def pips() -> list[list[str]]:
    """pip's tags under each restriction, asked for at once."""
    names = {"platforms": "--platform", "abis": "--abi", "python_version": "--python-version"}
    cases = []
    for restriction in RESTRICTIONS:
        words = ["--only-binary", ":all:"]
        for name, value in restriction.items():
            for one in (value,) if isinstance(value, str) else value:
                words += [names.get(name, "--" + name), one]
        cases.append(words)
    return pip_tags(sys.executable, *cases)


class TestProbe:
    """`probe`."""

    @pytest.mark.parametrize("start", [["compare.py"], ["-m", "compare"], ["-P", "compare.py"], ["-s", "compare.py"]])
    def test_asking_itself_and_asking_a_program_give_the_same(
        self, start: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However safepip was started, and with another project's metadata in the folder it was started from."""
        (tmp_path / "phantom.egg-info").mkdir()
        (tmp_path / "compare.py").write_text(
            "import os, sys\n"
            "from safepip.edges.target import interpreter\n"
            "inside = interpreter.probe(sys.executable)\n"
            "interpreter._is_own = lambda python: False\n"
            "outside = interpreter.probe(sys.executable)\n"
            "assert inside.own\n"
            "assert os.getcwd() not in inside.site_paths\n"
            "assert outside == inside, (outside, inside)\n"
        )
        monkeypatch.chdir(tmp_path)
        subprocess.run([sys.executable, *start], check=True)

    def test_its_path_is_the_one_that_pip_will_have(self) -> None:
        """Whatever a start-up file has made of `sys.path`: a distributor's `sitecustomize` spells its folders anew."""
        code = (
            "import sys\n"
            "from safepip.edges.target import interpreter\n"
            "before = interpreter.probe(sys.executable).site_paths\n"
            "assert any(entry.endswith('site-packages') for entry in before)\n"
            "sys.path[:] = [entry.replace('site-packages', 'elsewhere') for entry in reversed(sys.path)]\n"
            "assert set(interpreter.probe(sys.executable).site_paths) == set(before)\n"
        )
        subprocess.run([sys.executable, "-P", "-c", code], check=True)

    def test_its_tags_and_markers_are_pips(self, other: str) -> None:
        """In order and completely."""
        target = probe(other)
        assert [tags(target)] == pip_tags(other, [])
        assert target.markers == pip_markers(other)

    @pytest.mark.parametrize("number", range(len(RESTRICTIONS)))
    def test_its_tags_are_pips_under_every_restriction(self, number: int, pips: list[list[str]]) -> None:
        """`--platform`, `--python-version`, `--implementation` and `--abi` mean what they mean in pip."""
        settings = Settings(**RESTRICTIONS[number])
        assert tags(probe(sys.executable, settings)) == pips[number]

    def test_a_platform_with_a_hyphen_is_no_wheels(self) -> None:
        """As in pip, which makes of it a tag that no wheel's name can have, and goes on with the others."""
        target = probe(sys.executable, Settings(platforms=("linux-x86_64",), abis=("abi-3",)))
        assert all(len(tag.split("-")) == 3 for tag in target.tags)
        assert "py3-none-any" in target.tags
        assert all(tag.endswith("-any") for tag in target.tags)

    def test_a_given_version_is_completed_and_changes_no_marker(self) -> None:
        """pip checks Requires-Python against the given version and markers against the interpreter."""
        target = probe(sys.executable, Settings(python_version="39"))
        assert target.version == "3.9.0"
        assert target.markers["python_version"] == "{}.{}".format(*sys.version_info[:2])
        assert probe(sys.executable).version == "{}.{}.{}".format(*sys.version_info[:3])

    def test_it_knows_an_environment_from_its_base(self, other: str) -> None:
        """A virtual environment's prefix is its own folder, and it is not safepip's."""
        target = probe(other)
        assert target.virtualenv
        assert not target.own
        assert target.python == other
        assert os.path.samefile(target.prefix, os.path.dirname(os.path.dirname(other)))
        assert target.externally_managed is None
        assert target.schemes["purelib"] in target.site_paths

    @pytest.mark.parametrize("minor", range(10, 16))
    def test_the_standard_library_is_that_of_the_target(self, minor: int) -> None:
        """What Python 3.13 no longer has shadows nothing there; `test` and what is installed are not counted."""
        python = python_on_path(f"python3.{minor}")
        if python is None:
            pytest.skip(f"no python3.{minor} on PATH that starts")
        names = probe(python).standard_library
        assert names >= {"typing", "os", "_thread", "math", "concurrent", "__future__"}
        assert not names & {"test", "pip", "__main__"}
        assert ("cgi" in names) == (minor < 13)

    def test_the_working_directory_is_never_imported_from(
        self, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A json.py or a packaging folder that lies there does nothing."""
        (tmp_path / "json.py").write_text("raise SystemExit('imported from the working directory')")
        (tmp_path / "packaging").mkdir()
        (tmp_path / "packaging" / "__init__.py").write_text("raise SystemExit('imported from the working directory')")
        monkeypatch.chdir(tmp_path)
        assert str(tmp_path) not in probe(other).site_paths

    def test_nothing_is_written_into_an_environment_that_is_asked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not even bytecode: what lies there is not imported."""
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        venv.create(tmp_path / "asked", symlinks=os.name != "nt")
        python = find_interpreter(str(tmp_path / "asked"))
        assert python is not None
        site = next((tmp_path / "asked").rglob("site-packages"))
        (site / "hook.pth").write_text("import started")
        (site / "started.py").write_text("")
        probe(python)
        assert sorted(path.name for path in site.iterdir()) == ["hook.pth", "started.py"]

    def test_variables_that_add_code_do_not_reach_it(self, other: str, tmp_path: Path) -> None:
        """PYTHONPATH neither brings modules nor counts as a place where distributions are installed."""
        (tmp_path / "json.py").write_text("raise SystemExit('imported from PYTHONPATH')")
        environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error"}
        for python in (other, sys.executable):
            assert str(tmp_path) not in probe(python, environ=environ).site_paths

    def test_an_interpreter_may_print(self, tmp_path: Path) -> None:
        """A chatty one does not garble the answer."""
        python = make_venv(tmp_path / "venv")
        watch(Path(python), "sys.stdout.write('hello {'); sys.stdout.flush()")
        assert probe(python).tags == probe(sys.executable).tags

    def test_a_program_that_is_no_python_is_an_error(self, tmp_path: Path) -> None:
        """What does not answer is not guessed at, and its words are made printable."""
        fake = tmp_path / "python"
        fake.write_text("#!/bin/sh\nprintf 'no \\033[31mpython' >&2\nexit 3\n")
        fake.chmod(0o755)
        with pytest.raises(Unavailable) as caught:
            probe(str(fake))
        diagnostic = caught.value.diagnostics[0]
        assert diagnostic.reference == "python-failed"
        assert "\033" not in diagnostic.context[0]

    def test_a_python_that_pip_does_not_run_on_is_refused(self) -> None:
        """Before anything is fetched for it."""
        supported = SpecifierSet(pythons_of_pip())
        names = ["python2", *(f"python3.{minor}" for minor in range(16) if not supported.contains(f"3.{minor}"))]
        old = next((path for path in map(python_on_path, names) if path), None)
        if old is None:
            pytest.skip("no Python older than pip's oldest is on PATH")
        with pytest.raises(Unavailable) as caught:
            probe(old)
        assert caught.value.diagnostics[0].reference == "python-too-old"

    def test_a_program_that_never_answers_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An interpreter that hangs does not hang safepip."""
        monkeypatch.setattr("safepip.edges.target.interpreter._PROBE_TIMEOUT", 0.5)
        python = make_venv(tmp_path / "venv")
        watch(Path(python), "import time; time.sleep(60)")
        with pytest.raises(Unavailable, match="python-failed"):
            probe(python)

    def test_an_interpreter_that_cannot_be_started_is_an_error(self, tmp_path: Path) -> None:
        """With the system's reason."""
        (tmp_path / "python").write_text("no program")
        with pytest.raises(Unavailable, match="python-failed"):
            probe(str(tmp_path / "python"))

    def test_pythons_are_asked_side_by_side(self, other: str) -> None:
        """What is started works before its result is asked for."""
        first, second = start_probe(other), start_probe(other)
        assert second() == first()

    @pytest.mark.parametrize("minor", range(10, 16))
    def test_every_python_on_path_is_understood(self, minor: int) -> None:
        """Other versions than safepip's own are targets like any other."""
        python = python_on_path(f"python3.{minor}")
        if python is None:
            pytest.skip(f"no python3.{minor} on PATH that starts")
        target = probe(python)
        assert target.version.startswith(f"3.{minor}.")
        assert [tags(target)] == pip_tags(python, [])
        assert target.markers == pip_markers(python)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [(None, None), ("", None), ("3", (3,)), ("39", (3, 9)), ("310", (3, 10)), ("3.7", (3, 7)), ("3.7.3", (3, 7, 3))],
)
def test_python_version_is_read_as_pip_does(text: str | None, numbers: tuple[int, ...] | None) -> None:
    """The forms of pip's documentation of `--python-version`."""
    assert parse_python_version(text) == numbers


@pytest.mark.parametrize("text", ["3.7.3.1", "three", "3.x", "3.", ".", "3,7", "-3"])
def test_other_python_versions_are_usage_errors(text: str) -> None:
    """Exit code 2, as pip's parser."""
    with pytest.raises(UsageError):
        parse_python_version(text)


def test_the_default_index_is_the_one_of_pips_own_help() -> None:
    """What is read from pip's file equals what its public command line says."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **NO_INDEX, "COLUMNS": "300"},
    )
    assert f"(default {default_index_url()})" in " ".join(done.stdout.split())


def test_what_pip_says_of_itself_is_read_from_its_one_metadata_file(tmp_path: Path) -> None:
    """Only its headers; where there is no such file, or there are two, `importlib.metadata` is asked."""
    info = tmp_path / "pip-99.0.dist-info"
    info.mkdir()
    assert _stated_in_folder(str(tmp_path), "Version") is None
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: pip\n\nVersion: none of this\n", encoding="utf-8")
    assert _stated_in_folder(str(tmp_path), "Version") == ""
    text = "Metadata-Version: 2.4\nName: pip\nVersion: 99.0\nRequires-Python: >=3.10\n\nText\n"
    (info / "METADATA").write_text(text, encoding="utf-8")
    assert _stated_in_folder(str(tmp_path), "Version") == "99.0"
    assert _stated_in_folder(str(tmp_path), "Requires-Python") == ">=3.10"
    (tmp_path / "pip-98.0.dist-info").mkdir()
    assert _stated_in_folder(str(tmp_path), "Version") is None
    assert pythons_of_pip() == metadata("pip")["Requires-Python"]
    assert pip_version() == metadata("pip")["Version"]


def test_what_pip_says_of_itself_needs_no_import_of_metadata() -> None:
    """Each run asks it, and each one with a report: it takes as long as an interpreter to start."""
    program = (
        "import sys; from safepip.edges.programs import installed_pip as pip;"
        "print(pip.pip_version(), pip.pythons_of_pip(), 'importlib.metadata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    stated = metadata("pip")
    assert done.stdout.split() == [stated["Version"], stated["Requires-Python"], "False"]
