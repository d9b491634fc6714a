"""The wheels that the tests make are what pip takes for valid wheels."""

from __future__ import annotations

import email
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

from support.wheels import build_wheel, make_sdist, make_wheel

if TYPE_CHECKING:
    from pathlib import Path


def test_pip_installs_a_made_wheel_and_its_script_runs(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "Acme.Utils",
        "1.0+local",
        build="1",
        files={"acme_utils/cli.py": "def main():\n    print('ran')\n"},
        scripts={"acme": "acme_utils.cli:main"},
    )
    assert wheel.name == "acme_utils-1.0+local-1-py3-none-any.whl"
    target = tmp_path / "target"
    command = [sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--no-deps", "--no-cache-dir"]
    subprocess.run([*command, "-t", str(target), str(wheel)], check=True, capture_output=True)
    ran = subprocess.run(
        [sys.executable, str(target / "bin" / "acme")],
        env={"PYTHONPATH": str(target)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "ran\n"


def test_a_wheel_has_the_same_bytes_every_time() -> None:
    assert build_wheel("a", "1", requires=["b>1"]) == build_wheel("a", "1", requires=["b>1"])


def test_metadata_carries_requirements_extras_and_python(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, "a", "1!2", requires=["b>1"], extras={"x": ["c; os_name == 'posix'", "d"]}, requires_python=">=3.8"
    )
    with zipfile.ZipFile(wheel) as archive:
        message = email.message_from_bytes(archive.read("a-1!2.dist-info/METADATA"))
    assert message["Requires-Python"] == ">=3.8"
    assert message.get_all("Provides-Extra") == ["x"]
    assert message.get_all("Requires-Dist") == ["b>1", "c; (os_name == 'posix') and extra == 'x'", "d; extra == 'x'"]


def test_a_source_archive_has_metadata_and_cannot_be_built(tmp_path: Path) -> None:
    path = make_sdist(tmp_path, "a-b", "1")
    assert path.name == "a_b-1.tar.gz"
    with tarfile.open(path) as archive:
        assert "a_b-1/PKG-INFO" in archive.getnames()
