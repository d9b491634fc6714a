"""Environments with a real pip in them, for shims: made once, and given back as they were."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from typing import TYPE_CHECKING

from support.environment import Environment, Runner, make_environment
from support.repacking import repack
from support.wheels import record_text, zip_bytes

if TYPE_CHECKING:
    from pathlib import Path

#: The commands that pip makes for the Python that runs the tests.
COMMANDS = ("pip", "pip3", f"pip3.{sys.version_info[1]}")


def pip_wheel(into: Path, version: str = "") -> Path:
    """The wheel of the pip beside the tests, under another version where one is given."""
    into.mkdir(parents=True, exist_ok=True)
    wheel = repack("pip", into)
    if not version:
        return wheel
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}
    (info,) = {name.partition("/")[0] for name in members if ".dist-info/" in name}
    old = info.removeprefix("pip-").removesuffix(".dist-info")
    new = f"pip-{version}.dist-info"
    members = {name.replace(info, new, 1): data for name, data in members.items()}
    members[f"{new}/METADATA"] = members[f"{new}/METADATA"].replace(
        b"\nVersion: " + old.encode(), b"\nVersion: " + version.encode(), 1
    )
    # Another pip has other entry points, as it may be.
    members["pip/__main__.py"] = b"# of another version\n" + members["pip/__main__.py"]
    members[f"{new}/RECORD"] = record_text(members, f"{new}/RECORD").encode()
    wheel.unlink()
    renamed = into / f"pip-{version}-py3-none-any.whl"
    renamed.write_bytes(zip_bytes(members))
    return renamed


def environment_with_pip(folder: Path) -> Environment:
    """A fresh virtual environment with a pip of its own, byte code included."""
    made = make_environment(folder / "with-pip")
    runner = Runner(folder, folder / "home")
    options = ("--no-index", "--no-warn-script-location", str(pip_wheel(folder / "pip")))
    done = runner.pip("--python", made.python, "install", "-q", *options)
    assert done.returncode == 0, done.stderr
    return made


def exact_state(folder: Path) -> dict[str, tuple[str, int, int, int]]:
    """Every file and link below `folder` with its digest or target, its mode, its time and its number: equal states are
    the very same files."""
    state = {}
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        if path.is_symlink():
            what = f"-> {path.readlink()}"
        elif path.is_dir():
            state[path.relative_to(folder).as_posix()] = ("folder", found.st_mode, 0, 0)
            continue
        else:
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        state[path.relative_to(folder).as_posix()] = (what, found.st_mode, found.st_mtime_ns, found.st_ino)
    return state
