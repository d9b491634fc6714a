"""What builds a project is what pip would build it with, and where pip ends with a traceback there is a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.exceptions import InstallationError, PipError
from pip._internal.pyproject import load_pyproject_toml
from pip._vendor.pyproject_hooks import BuildBackendHookCaller

from safepip.build.build_system import BuildSystem, read_build_system
from safepip.model.errors import UnusableInput

if TYPE_CHECKING:
    from pathlib import Path

_REQUIRES = st.sampled_from(
    [
        *('["hatchling"]', '["a>=1", "b; os_name == \'nt\'"]', "[]", '["a @ https://h.example/a.zip"]', '[" a "]'),
        *('["a", 1]', '"a"', '["a b"]', '["-r x"]', '[""]', "1", "{}", '["a\\n"]', '["a[x, y]~=1.0"]'),
    ]
)
_BACKENDS = st.sampled_from(['"hatchling.build"', '"a:b.c"', '"setuptools.build_meta"', '"_own"', "1", "[]", "true"])
_PATHS = st.sampled_from(
    ['["."]', '["a/b"]', '["./_b", "c"]', "[]", '[".."]', '["/etc"]', '["a/../.."]', '["a/../b"]', '"ab"', "1", "[1]"]
)


def _as_pip(folder: Path) -> BuildSystem:
    """What pip makes of the files; any exception of its code is one that it ends with."""
    requires, backend, check, path = load_pyproject_toml(
        str(folder / "pyproject.toml"), str(folder / "setup.py"), "the project"
    )
    if not isinstance(backend, str):
        raise TypeError
    # Where the backend is called at last, pip checks its paths; a text it would take letter by letter.
    if not isinstance(path, list):
        raise TypeError
    BuildBackendHookCaller(str(folder), backend, path)
    return BuildSystem(tuple(requires), backend, tuple(path), tuple(check))


@settings(max_examples=400, deadline=None)
@given(
    table=st.booleans(),
    requires=st.none() | _REQUIRES,
    backend=st.none() | _BACKENDS,
    path=st.none() | _PATHS,
    other=st.sampled_from(["", "[project]\nname = 'x'\n", "[", "build-system = 1\n"]),
)
def test_the_build_system_is_what_pip_takes(
    *,
    table: bool,
    requires: str | None,
    backend: str | None,
    path: str | None,
    other: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The same values, and an error where pip ends with one, of whatever kind."""
    lines = {"requires": requires, "build-backend": backend, "backend-path": path}
    text = other + ("[build-system]\n" if table else "") * (not other.startswith("b"))
    text += "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None and table)
    folder = tmp_path_factory.getbasetemp()
    (folder / "pyproject.toml").write_text(text, "utf-8")
    try:
        expected = _as_pip(folder)
    except (PipError, ValueError, TypeError, AttributeError):
        with pytest.raises(UnusableInput, match="invalid-build-system"):
            read_build_system(text, has_setup_py=True, shown="x")
        return
    assert read_build_system(text, has_setup_py=False, shown="x") == expected


def test_without_a_pyproject_setuptools_builds_as_pip_says(tmp_path: Path) -> None:
    """`setuptools>=40.8.0`, and by the way that runs setup.py."""
    (tmp_path / "setup.py").write_text("")
    assert read_build_system(None, has_setup_py=True, shown="x") == _as_pip(tmp_path)
    assert read_build_system("", has_setup_py=False, shown="x") == _as_pip(tmp_path)


def test_a_folder_with_neither_file_is_not_a_project(tmp_path: Path) -> None:
    """pip says so too, with the same exit code."""
    with pytest.raises(InstallationError, match="does not appear to be a Python project"):
        _as_pip(tmp_path)
    with pytest.raises(UnusableInput, match=r"not-a-project: \./x is not a Python project") as caught:
        read_build_system(None, has_setup_py=False, shown="./x")
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    "path", ["..", "../x", "a/../../x", "/", "/x", "\\x", "C:\\x", "C:x", "..\\x", "a\\..\\..\\x", "a\x00b", "a" * 2000]
)
def test_a_backend_path_stays_inside_on_every_system(path: str) -> None:
    """Windows' absolute paths and separators count everywhere."""
    text = f"[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = [{path!a}]\n".replace("'", '"')
    with pytest.raises(UnusableInput, match="invalid-build-system: x cannot be built") as caught:
        read_build_system(text.replace("\\x00", "\\u0000"), has_setup_py=True, shown="x")
    assert "backend-path" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "build-system = 1",
        "[build-system]\nrequires = [" + "'a'," * 1001 + "]",
        "[build-system]\nrequires = ['" + "a" * 20_000 + "']",
        "[build-system]\nrequires = ['a==1" + "0" * 5_000 + "']",
        "[build-system]\nrequires = []\nbuild-backend = ''",
        "[build-system]\nrequires = []\nbuild-backend = '" + "a" * 2000 + "'",
        '[build-system]\nrequires = []\nbuild-backend = "a\\u001b[31m"',
        "a = " + "[" * 4000,
    ],
)
def test_what_is_too_large_or_no_name_is_an_error(text: str) -> None:
    """Wrong types, too many, too long, nested too deep; and the message can be shown."""
    with pytest.raises(UnusableInput, match="invalid-build-system") as caught:
        read_build_system(text, has_setup_py=True, shown="x\x1b[0m")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600
