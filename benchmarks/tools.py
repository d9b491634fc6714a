"""The three programs under comparison: their command lines for one job, and the room each run gets.

All are given the same index, the same requirements, wheels only, no configuration and a cache folder of their own.
pip runs as it is mostly run, from inside the target environment; safepip and uv from outside of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name


@dataclass(frozen=True, slots=True)
class Room:
    """The folders of one run. `target` is a virtual environment, `cache` belongs to one program."""

    target: Path
    cache: Path
    requirements: Path
    report: Path

    @property
    def python(self) -> str:
        """The target's interpreter."""
        return str(self.target / ("Scripts" if os.name == "nt" else "bin") / "python")


@dataclass(frozen=True, slots=True)
class Tool:
    """One program. `command` are the words that start it; pip's are empty, as each target has its own. `more` are
    options for its installs."""

    name: str
    command: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Its name, for a folder."""
        return self.name.replace(" ", "")

    def arguments(self, room: Room, url: str, *, dry_run: bool, compile_bytecode: bool) -> list[str]:
        """The whole command line of an install."""
        if self.name == "uv":
            words = [*self.command, "pip", "install", "--python", room.python, "--default-index", url, "--no-config"]
            words += ["--no-progress", "--only-binary", ":all:"]
            words += ["--compile-bytecode"] if compile_bytecode and not dry_run else []
        else:
            words = [room.python, "-m", "pip"] if self.name == "pip" else [*self.command]
            words += ["install", "-q", "--no-input", "--progress-bar", "off", "--disable-pip-version-check", "-i", url]
            # pip caches what came over plain http only from a host that it was told to trust.
            trusted = ["--trusted-host", "127.0.0.1"]
            words += ["--only-binary", ":all:", *trusted] if self.name == "pip" else ["--python", room.python]
            words += ["--no-compile"] if not compile_bytecode else []
            words += ["--report", str(room.report)] if dry_run else []
        words += ["--dry-run"] if dry_run else []
        words += ["--require-hashes"] if room.requirements.name == "hashed.txt" else []
        return [*words, *self.more, "--cache-dir", str(room.cache), "-r", str(room.requirements)]

    def chosen(self, room: Room, errors: str) -> set[tuple[str, str]]:
        """What a dry run chose, as names with versions."""
        if self.name == "uv":
            found = re.findall(r"^ \+ (\S+)==(\S+)$", errors, re.MULTILINE)
            return {(canonicalize_name(name), version) for name, version in found}
        items = json.loads(room.report.read_text(encoding="utf-8"))["install"]
        return {(canonicalize_name(item["metadata"]["name"]), item["metadata"]["version"]) for item in items}


def environment(home: Path) -> dict[str, str]:
    """What every run finds in its environment: nothing of the user's."""
    kept = {
        key: os.environ[key] for key in ("PATH", "LANG", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR") if key in os.environ
    }
    folders = {
        key: str(home) for key in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    }
    return kept | folders | {"PIP_CONFIG_FILE": os.devnull}


@dataclass(frozen=True, slots=True)
class Measured:
    """An ended run: seconds by the clock, of processor time with its children's; peak memory in MB; exit code."""

    wall: float
    cpu: float
    memory: float
    code: int


def measure(command: list[str], home: Path, output: Path, extra: dict[str, str] | None = None) -> Measured:
    """Run a command to its end with `environment` and `extra`; what it prints goes into the file `output`."""
    with output.open("wb") as stream:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=home,
            env=environment(home) | (extra or {}),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale, process.returncode)


def last_words(output: Path) -> str:
    """The end of what a run has printed."""
    return output.read_text(encoding="utf-8", errors="replace").strip()[-600:]


def installed(room: Room) -> set[tuple[str, str]]:
    """What is in a room's target, as names with versions."""
    found = (path.name.removesuffix(".dist-info").split("-") for path in room.target.rglob("*.dist-info"))
    return {(canonicalize_name(name), version) for name, version in found}


def locked(home: Path, url: str, requirements: Path, name: str) -> dict[str, Path]:
    """Requirements locked by safepip, in a folder of that name: hashed ones for pip, `pylock.toml` for the others."""
    folder = home / "locks" / name
    folder.mkdir(parents=True)
    files = {"pip": folder / "hashed.txt", "others": folder / "pylock.toml"}
    for output in files.values():
        command = [sys.executable, "-P", "-m", "safepip", "lock", "-q", "-i", url, "-r", str(requirements)]
        command += ["-o", str(output), "--cache-dir", str(home / "lock-cache")]
        subprocess.run(command, check=True, cwd=home, env=environment(home))
    return files


def template(folder: Path) -> Path:
    """A virtual environment with pip in it, compiled, of which every target is a copy."""
    target = folder / "template"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(target)], check=True)
    room = Room(target, folder, folder, folder)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([room.python, "-c", where], check=True, capture_output=True, text=True).stdout.strip())
    import pip

    source = Path(pip.__file__).parent
    for part in (source, *source.parent.glob("pip-*.dist-info")):
        shutil.copytree(part, site / part.name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([room.python, "-m", "compileall", "-q", str(site)], check=True)
    return target


def set_aside(folder: Path) -> None:
    """Take a folder out of the way of the next run. It is deleted with what is around it, when nothing is measured.

    ext4 passes over each inode that was deleted in the last five seconds, at the cost of whoever makes files then: some
    0.3 ms for each file, ten times what it takes otherwise.
    """
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}.{time.monotonic_ns()}"))


def fresh_target(source: Path, target: Path) -> None:
    """Make a target from the template. Its files are hard links, which no installer writes through."""
    set_aside(target)
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)
