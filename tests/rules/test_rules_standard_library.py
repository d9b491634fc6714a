"""`standard-library`: no wheel brings a module of the standard library's name, but those that are there for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.rules import standard_library
from safepip.wheel.install_paths import Layout
from safepip.wheel.modules import module_at
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.rules.under_review import WheelUnderReview

NAMES = frozenset(sys.stdlib_module_names)


def wheel(*files: str, name: str = "acme", layout: Layout = LAYOUT) -> WheelUnderReview:
    """A wheel with these files, empty."""
    content = {file.replace("DATA", f"{name.replace('-', '_')}-1.0.data"): "" for file in files}
    return wheel_under_review(*build_wheel(name, "1.0", files=content, module=False), layout)


def evidence(
    reviewed: WheelUnderReview, layout: Layout = LAYOUT, names: frozenset[str] = NAMES
) -> tuple[str, ...] | None:
    """The lines of the objection but for the one that names the wheel; None where there is none."""
    finding = standard_library.check(reviewed, context_of(reviewed, layout=layout, standard_library=names))
    if finding is None:
        return None
    assert finding.reference == "standard-library"
    assert "[[allow]]" in finding.hint
    return finding.context[1:]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("typing.py", id="module"),
        pytest.param("typing/__init__.py", id="package"),
        pytest.param("typing.pyc", id="byte-code"),
        pytest.param("typing/__init__.pyc", id="byte-code-of-a-package"),
        pytest.param("typing.so", id="extension-module"),
        pytest.param("typing.abi3.so", id="stable-abi"),
        pytest.param("typing.cpython-311-x86_64-linux-gnu.so", id="with-its-tag"),
        pytest.param("typing.cp311-win_amd64.pyd", id="of-windows"),
        pytest.param("typing/__init__.cpython-311-x86_64-linux-gnu.so", id="package-that-is-an-extension"),
        pytest.param("typing.pyw", id="source-without-a-console"),
        pytest.param("DATA/purelib/typing.py", id="by-purelib"),
        pytest.param("DATA/platlib/typing.py", id="by-platlib"),
        pytest.param("DATA/data/lib/python3.11/site-packages/typing.py", id="by-data"),
        pytest.param("DATA/scripts/typing.py", id="beside-the-commands"),
        pytest.param("DATA/scripts/typing/__init__.py", id="package-beside-the-commands"),
        pytest.param("DATA/data/bin/typing.so", id="beside-the-commands-by-data"),
        pytest.param("DATA/data/typing.py", id="where-somebody-works"),
        pytest.param("DATA/data/typing/__init__.py", id="package-where-somebody-works"),
        pytest.param("DATA/data/LIB/Python3.11/site-packages/typing.py", id="by-a-folder-in-other-letters"),
    ],
)
def test_a_module_of_the_standard_librarys_name_is_refused(path: str) -> None:
    """By every route to site-packages and to the folder of commands, and in every form that Python imports."""
    reviewed = wheel(path)
    assert evidence(reviewed) == (f"{path.replace('DATA', 'acme-1.0.data')}: the standard library has a module typing",)


@pytest.mark.parametrize(
    "path",
    [
        "_winapi/CREATE_NEW_CONSOLE.py",
        "_lzma/FORMAT_AUTO.py",
        "ensurepip/__main__.py",
        "typing/data.py",
        "DATA/purelib/_ctypes/a/b.so",
        "DATA/data/tkinter/x.py",
        "msvcrt/x.txt",
        "winreg/a/b.txt",
    ],
)
def test_what_would_be_found_where_python_lacks_the_module_is_refused(path: str) -> None:
    """Of another system, left out when Python was built, or a distributor's package of its own."""
    (line,) = evidence(wheel(path)) or ("",)
    assert "lies below where the standard library has a module" in line


def test_data_below_names_of_the_other_system_alone_counts() -> None:
    """A hollow `msvcrt` makes `subprocess` take this system for Windows; `pwd` is there on this one."""
    assert evidence(wheel("pwd/x.txt")) is None
    windows = Layout({"purelib": "C:/env/Lib/site-packages", "platlib": "C:/env/Lib/site-packages"}, windows=True)
    assert evidence(wheel("pwd/x.txt", layout=windows), windows) is not None
    assert evidence(wheel("msvcrt/x.txt", layout=windows), windows) is None
    assert evidence(wheel("resource/x.txt", layout=windows), windows) is None
    assert evidence(wheel("acme/msvcrt/x.txt")) is None
    assert evidence(wheel("msvcrt.txt")) is None


def test_what_is_found_runs_in_a_python_of_this_system(tmp_path: Path) -> None:
    """Held against Python itself: without the rule every program that imports `subprocess` would run it."""
    if sys.platform == "win32":
        pytest.skip("for this system")
    for path, text in {"msvcrt/x.txt": "", "_winapi/CREATE_NEW_CONSOLE.py": "print('ran')\n"}.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    program = "import sys; sys.path.append(sys.argv[1]); import subprocess"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "ran" in done.stdout


def test_a_module_in_a_folder_that_a_pth_file_adds_is_refused() -> None:
    """Python imports from there as well."""
    content = {"acme.pth": "acme/more\n", "acme/more/typing.py": ""}
    reviewed = wheel_under_review(*build_wheel("acme", "1.0", files=content, module=False), LAYOUT)
    assert evidence(reviewed) == ("acme/more/typing.py: the standard library has a module typing",)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("acme/typing.py", id="deeper"),
        pytest.param("acme/_vendor/typing/__init__.py", id="vendored"),
        pytest.param("html/index.html", id="data-folder"),
        pytest.param("typing.pyi", id="types"),
        pytest.param("typing.txt", id="text"),
        pytest.param("typing.part.py", id="no-module-name"),
        pytest.param("Typing.py", id="another-name"),
        pytest.param("typing_extensions.py", id="a-longer-name"),
        pytest.param("test/__init__.py", id="test-is-no-name-of-it"),
        pytest.param("__pycache__/typing.cpython-311.pyc", id="byte-code-without-source"),
        pytest.param("__init__.py", id="no-name"),
        pytest.param("DATA/scripts/typing", id="script"),
        pytest.param("DATA/scripts/sub/typing.py", id="below-the-scripts"),
        pytest.param("DATA/data/share/typing.py", id="data"),
        pytest.param("DATA/headers/typing.py", id="headers"),
        pytest.param("DATA/nonsense/typing.py", id="nowhere"),
    ],
)
def test_whatever_would_not_be_imported_by_that_name_is_none(path: str) -> None:
    """The name alone does no harm."""
    assert evidence(wheel(path)) is None


def test_every_folder_that_python_looks_in_counts() -> None:
    """Also that of `--target`, and the one for platlib where that is another."""
    layout = Layout({"purelib": "/x/pure", "platlib": "/x/plat", "data": "/x"}, frozenset({"/x/site"}))
    for folder in ("pure", "plat", "site"):
        assert evidence(wheel(f"DATA/data/{folder}/typing.py", layout=layout), layout) is not None
    assert evidence(wheel("DATA/data/other/typing.py", layout=layout), layout) is None


def test_the_standard_library_is_that_of_the_target() -> None:
    """Where a module is gone, its redistribution shadows nothing."""
    assert evidence(wheel("cgi.py"), names=frozenset({"cgi"})) is not None
    assert evidence(wheel("cgi.py"), names=frozenset({"typing"})) is None


def test_projects_that_are_known_for_it_may_bring_their_modules_and_no_others() -> None:
    """The name of a backport is no licence for another module."""
    for project, modules in standard_library.BACKPORTS.items():
        files = [f"{module}.py" for module in modules]
        names = modules | {"typing", "json"}
        assert evidence(wheel(*files, name=project), names=names) is None
        assert evidence(wheel(*files), names=names) is not None
        lines = evidence(wheel(*files, "json.py", name=project), names=names)
        assert lines == ("json.py: the standard library has a module json",)


@given(st.lists(st.sampled_from(["typing", "acme", "a.b", ".py", ".so", ".abi3.so", "/", "__init__", "."]), max_size=5))
def test_a_module_has_the_name_by_which_python_finds_it(parts: list[str]) -> None:
    """What `module_at` calls a module is found by an import of that name among exactly these files."""
    path = "/site/" + "".join(parts).strip("/")
    module = module_at(path)
    if module is not None:
        assert path.startswith(module.place)
        rest = path.removeprefix(module.place)
        assert rest.startswith("/__init__." if module.package else ".")
        assert module.name
        assert "/" not in module.name
