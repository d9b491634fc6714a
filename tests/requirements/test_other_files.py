"""Files that are named where requirements are read, and are something else."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.requirements.other_files import named_without_option, recognise

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

TOML = b'version = 1\n\n[[package]]\nname = "idna"\n'
CONDA = b"name: work\nchannels:\n  - conda-forge\ndependencies:\n  - python\n"
SCRIPT = b"# /// script\n# dependencies = []\n# ///\nimport idna\n"


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", "")
    return buffer.getvalue()


#: By name: the bytes, words of what it is said to be, and words of the hint.
OTHERS = {
    "uv.lock": (TOML, "a lock of uv", "uv export --format pylock.toml --output-file pylock.toml"),
    "poetry.lock": (TOML, "a lock of Poetry", "safepip lock -r requirements.txt"),
    "pdm.lock": (TOML, "a lock of PDM", "safepip install -r pylock.toml"),
    "Pipfile": (b'[packages]\nidna = "*"\n', "a file of Pipenv", "pipenv requirements"),
    "Pipfile.lock": (b'{"_meta": {}}', "a lock of Pipenv", "pipenv requirements"),
    "environment.yml": (CONDA, "an environment file of conda", "conda env create -f environment.yml"),
    "env.yaml": (CONDA, "an environment file of conda", "conda env create -f env.yaml"),
    "my lock.toml": (b'lock-version = "1.0"\n[[packages]]\n', "a name that no lock has", "mv 'my lock.toml' pylock"),
    "other.toml": (TOML, "has tables", "-r takes requirements files"),
    "some.json": (b"{}", "is JSON", "-r takes requirements files"),
    "demo-1.0-py3-none-any.whl": (zipped(), "a wheel", "safepip lock ./demo-1.0-py3-none-any.whl"),
    "demo.zip": (zipped(), "an archive", "safepip lock ./demo.zip"),
    "demo-1.0.tar.gz": (gzip.compress(b"x"), "an archive", "safepip lock ./demo-1.0.tar.gz"),
    "setup.cfg": (b"[metadata]\nname = demo\n", "the file of a project", "safepip lock ."),
    "setup.py": (b"from setuptools import setup\nsetup()\n", "the build script", "safepip lock ."),
    "tool.py": (SCRIPT, "a script", "--requirements-from-script tool.py"),
    "plain.py": (b"import os\n", "a Python program", "-r takes requirements files"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("option", ["-r", "-c"])
def test_a_file_of_another_kind_is_named_with_the_way_on(run: Inside, name: str, option: str) -> None:
    """In one line, with pip's exit code, before any index is asked."""
    data, what, hint = OTHERS[name]
    (run.folder / name).write_bytes(data)
    done = run("lock", option, name, "demo", "--index-url", "http://127.0.0.1:9/")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: not-requirements\n  {name} is not a requirements file: it ")
    assert what in done.err
    assert hint in done.err
    assert len(done.err.splitlines()) <= 12


def test_it_is_told_with_all_other_mistakes(run: Inside) -> None:
    (run.folder / "uv.lock").write_bytes(TOML)
    done = run("lock", "-r", "uv.lock", "-r", "none.txt", "a==", "--no-index")
    assert done.code == 1
    assert [line for line in done.err.splitlines() if line.startswith("error: ")] == [
        "error: invalid-requirement",
        "error: not-requirements",
        "error: unreadable-file",
    ]


def test_a_folder_and_a_file_that_is_too_large_are_named_without_r(run: Inside) -> None:
    (run.folder / "project").mkdir()
    with open(run.folder / "big-1.0-py3-none-any.whl", "wb") as file:
        file.truncate(1 << 31)
    done = run("lock", "-r", "project", "-r", "big-1.0-py3-none-any.whl")
    assert done.code == 1
    assert "hint: name it without -r: safepip lock ./project" in done.err
    assert "hint: name it without -r: safepip lock ./big-1.0-py3-none-any.whl" in done.err


@pytest.mark.parametrize(
    "text",
    ["demo\n", "# [tool]\ndemo[extra]\n", "-r other.txt\n", "--hash x", "", "\n \n", "BZhello==1.0\n", "${NAME}\n"],
)
@pytest.mark.parametrize("name", ["requirements.txt", "uv.lock", "Pipfile", "environment.yml", "pylock-x.toml", "a.py"])
def test_what_may_be_requirements_is_read_as_such_whatever_its_name(name: str, text: str) -> None:
    assert recognise(name, text.encode()) is None


@given(st.binary(max_size=200), st.sampled_from(sorted(OTHERS)))
def test_any_bytes_are_looked_at_without_an_error(data: bytes, name: str) -> None:
    recognise(name, data)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("requirements.in", "to take what the file lists: -r requirements.in"),
        ("pyproject.toml", "to take what the file lists: -r pyproject.toml"),
        ("sub/pylock.toml", "to take what the file lists: -r sub/pylock.toml"),
        ("setup.py", "name the folder of the project: safepip install ."),
        ("sub/setup.py", "name the folder of the project: safepip install ./sub"),
        ("discord.py", None),
        ("demo", None),
        ("zope.interface", None),
    ],
)
def test_the_name_of_a_file_stands_for_no_project(name: str, hint: str | None) -> None:
    assert named_without_option(name) == hint


def test_a_file_that_is_there_is_not_asked_for_at_an_index(run: Inside) -> None:
    for name in ("pyproject.toml", "uv.lock", "Pipfile", "environment.yml", "requirements.in"):
        (run.folder / name).write_text("")
        done = run("lock", name, "--index-url", "http://127.0.0.1:9/")
        assert done.code == 1
        assert done.err.startswith("error: requirements-file-without-r\n")


def test_r_takes_what_the_project_of_a_pyproject_requires(run: Inside, tmp_path: Path) -> None:
    """As uv takes it: its dependencies, and no extra."""
    text = '[project]\nname = "demo"\nversion = "1"\ndependencies = ["none-such>=1"]\n'
    (tmp_path / "pyproject.toml").write_text(f'{text}[project.optional-dependencies]\nx = ["other-such"]\n')
    done = run("install", "--dry-run", "--no-index", "-r", "pyproject.toml")
    assert done.code == 1
    assert "no index answers for none-such" in done.err
    assert "required by pyproject.toml" in done.err
    assert "other-such" not in done.err
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "demo"\ndynamic = ["dependencies"]\n')
    done = run("download", "--no-index", "-r", "pyproject.toml")
    assert done.code == 1
    assert done.err.startswith("error: invalid-project\n")
