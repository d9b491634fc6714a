"""Which folders interpreters and toolchains need, of this machine's and of made ones."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.build.visible import is_of_the_system, is_within
from safepip.edges.builder.toolchains import (
    homes,
    interpreter_folders,
    is_too_wide,
    toolchain_folders,
    toolchain_variables,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fences exist on Linux alone")


def seen(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a path is visible."""
    return is_of_the_system(path) or any(is_within(path, folder) for folder in folders)


def make_program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "ascii")
    path.chmod(0o755)
    return path


def test_everything_that_an_interpreter_starts_with_is_visible() -> None:
    """Its program, each link to it, its standard library and its site-packages."""
    folders = interpreter_folders(sys.executable)
    question = "import os, sys; print(*(p for p in sys.path if os.path.isdir(p)), os.__file__, sep='\\n')"
    done = subprocess.run([sys.executable, "-I", "-c", question], capture_output=True, text=True, check=True)
    for path in (sys.executable, os.path.realpath(sys.executable), *done.stdout.split()):
        if os.path.realpath(path).startswith(os.path.realpath(sys.base_prefix)) or path.startswith(sys.prefix):
            assert seen(path, folders), path


def test_no_home_is_visible_for_an_interpreter() -> None:
    """It may lie in one."""
    for folder in interpreter_folders(sys.executable):
        assert not any(is_within(home, folder) for home in homes())


def test_a_virtual_environment_and_its_base_are_visible(tmp_path: Path) -> None:
    """Its own packages, its settings, and the standard library, which lies elsewhere."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = str(tmp_path / "env" / "bin" / "python")
    folders = interpreter_folders(python)
    assert seen(str(tmp_path / "env" / "lib"), folders)
    assert seen(str(tmp_path / "env" / "pyvenv.cfg"), folders)
    assert seen(os.__file__, folders)
    assert not seen(str(tmp_path / "other"), folders)


def test_of_an_environment_in_a_shared_folder_only_pythons_parts_are_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~/.local` may be one; programs keep passwords in its `share`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    shared = tmp_path / ".local"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(shared)], check=True)
    (shared / "share" / "keyrings").mkdir(parents=True)
    folders = interpreter_folders(str(shared / "bin" / "python"))
    assert not seen(str(shared / "share" / "keyrings"), folders)
    assert seen(str(shared / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"), folders)
    assert seen(str(shared / "pyvenv.cfg"), folders)


def test_a_program_that_is_no_python_gives_itself(tmp_path: Path) -> None:
    """No guess is made."""
    program = make_program(tmp_path / "bin" / "python", "#!/bin/sh\nexit 3\n")
    assert interpreter_folders(str(program)) == (str(program),)


@pytest.mark.parametrize(
    ("folder", "wide"),
    [("/", True), ("/home", True), ("/home/me", True), ("/home/me/.local", True), ("/home/me/.local/bin", False),
     ("/home/me/.config", True), ("/home/me/tools", False), ("/home/you", False)],
)  # fmt: skip
def test_a_folder_that_holds_more_is_too_wide(folder: str, wide: bool) -> None:
    """The home, what lies above it, and what many programs share."""
    assert is_too_wide(folder, "/home/me") is wide


def test_a_compiler_at_home_is_visible_with_its_parts(tmp_path: Path) -> None:
    """And the home is not."""
    make_program(tmp_path / "tools" / "gcc-13" / "bin" / "gcc")
    make_program(tmp_path / "scripts" / "hello")
    path = os.pathsep.join([str(tmp_path / "tools/gcc-13/bin"), str(tmp_path / "scripts"), str(tmp_path), "", "bin"])
    folders = toolchain_folders(path, str(tmp_path))
    assert set(folders) == {str(tmp_path / "tools" / "gcc-13"), str(tmp_path / "scripts")}


def test_rust_is_visible_without_its_passwords(tmp_path: Path) -> None:
    """`~/.cargo/credentials.toml` lies beside the programs; what they start lies in `~/.rustup`."""
    make_program(tmp_path / ".cargo" / "bin" / "rustc")
    (tmp_path / ".cargo" / "credentials.toml").write_text("secret", "ascii")
    (tmp_path / ".rustup" / "toolchains" / "stable").mkdir(parents=True)
    (tmp_path / ".rustup" / "settings.toml").write_text("", "ascii")
    folders = toolchain_folders(str(tmp_path / ".cargo" / "bin"), str(tmp_path))
    assert set(folders) == {
        str(tmp_path / ".cargo" / "bin"),
        str(tmp_path / ".rustup"),
    }
    assert toolchain_variables(str(tmp_path / ".cargo" / "bin")) == {"RUSTUP_HOME": str(tmp_path / ".rustup")}


def test_rust_of_the_system_needs_no_variable(tmp_path: Path) -> None:
    """It is no proxy of rustup's."""
    make_program(tmp_path / "bin" / "rustc")
    assert toolchain_variables(f"{tmp_path / 'bin'}:{tmp_path}") == {}
    assert toolchain_variables("") == {}


def test_a_link_in_a_shared_folder_leads_to_what_it_needs(tmp_path: Path) -> None:
    """`~/.local/bin/cmake` may be a link to where a tool keeps its applications."""
    program = make_program(tmp_path / ".local" / "share" / "tools" / "cmake" / "bin" / "cmake")
    (tmp_path / ".local" / "bin").mkdir(parents=True)
    (tmp_path / ".local" / "bin" / "cmake").symlink_to(program)
    folders = toolchain_folders(str(tmp_path / ".local" / "bin"), str(tmp_path))
    assert set(folders) == {str(tmp_path / ".local" / "bin"), str(program.parent.parent)}


def test_the_system_needs_no_mention(tmp_path: Path) -> None:
    """It is visible already; other systems' disks never are."""
    assert toolchain_folders("/usr/bin:/bin:/usr/local/bin:/mnt:/run:/proc", str(tmp_path)) == ()


def test_an_interpreter_that_is_asked_sees_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be any program that the user has named."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://u:p@i.example/")
    monkeypatch.setenv("SAFEPIP_INDEX_ACME_PASSWORD", "secret")
    monkeypatch.setenv("PYTHONPATH", "/evil")
    program = make_program(tmp_path / "bin" / "python", f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    interpreter_folders(str(program))
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen
    assert not {"PIP_INDEX_URL", "SAFEPIP_INDEX_ACME_PASSWORD", "PYTHONPATH"} & {
        line.partition("=")[0] for line in seen.splitlines()
    }


@pytest.mark.parametrize(
    "answer",
    ["yes", "printf '[1]'", """printf '{"prefixes": 5, "parts": [1, null], "libraries": {"a": "b"}}'""",
     """printf '{"parts": ["\\\\u0000"]}'""", "head -c 3000000 /dev/zero | tr '\\0' '['"],
    ids=["endless", "a list", "other types", "no path", "nested"],
)  # fmt: skip
def test_an_interpreter_may_answer_anything(answer: str, tmp_path: Path) -> None:
    """Its own folder is then all that is known."""
    program = make_program(tmp_path / "bin" / "python", f"#!/bin/sh\n{answer}\n")
    assert interpreter_folders(str(program)) == (str(program),)
