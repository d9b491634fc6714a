"""The world around a run of safepip: a cleaned environment, target environments, and what changed in them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The `safepip` command that belongs to the Python that runs the tests.
SAFEPIP = str(Path(sysconfig.get_path("scripts")) / ("safepip.exe" if os.name == "nt" else "safepip"))

#: What `pip --python` starts in the other interpreter.
PIP_RUNNER = Path((find_spec("pip") or sys.exit("pip is missing")).origin or "").parent / "__pip-runner__.py"

#: Variables of the outer environment that programs need to run at all.
_KEPT = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH")

#: A port on which nothing listens: whatever leaves loopback goes to this proxy, and fails.
_NOWHERE = "http://127.0.0.1:9"
#: The variables that say so.
LOOPBACK_ONLY = {"HTTPS_PROXY": _NOWHERE, "HTTP_PROXY": _NOWHERE, "NO_PROXY": "127.0.0.1,localhost,::1"}


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment without a trace of the machine's pip, safepip and Python settings.

    `home` becomes the home folder and holds the cache and configuration folders. Requests to anything
    but loopback are sent to a proxy that does not exist, so that no test can reach the internet.
    """
    for folder in ("", "config", "cache", "system", "tmp"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # `SAFEPIP` is called by its path, and stays so where its folder is on the machine's PATH.
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    environment["PATH"] = os.pathsep.join(folder for folder in folders if folder != os.path.dirname(SAFEPIP))
    environment.update(
        HOME=str(home),
        USERPROFILE=str(home),
        APPDATA=str(home / "config"),
        LOCALAPPDATA=str(home / "cache"),
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_CONFIG_DIRS=str(home / "system"),
        TMPDIR=str(home / "tmp"),
        LANG="C.UTF-8",
        PIP_CONFIG_FILE=os.devnull,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        NO_COLOR="1",
    )
    environment.update(LOOPBACK_ONLY | more)
    return environment


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs as a user would, in `folder`, with the environment of `clean_environment`."""

    folder: Path
    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    def safepip(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run the `safepip` command and wait for it. `env` is laid over the clean environment."""
        return self.run([SAFEPIP, *map(str, arguments)], env=env, cwd=cwd, timeout=timeout)

    def inside(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        program: str | Path = "-m",
    ) -> subprocess.CompletedProcess[str]:
        """Run safepip in this process, for tests that are not about its start or its end: that is all that it saves.
        pip and every other program that it starts are processes as ever. `program` is the path by which the command is
        called; without it the run is that of `python -m safepip`."""
        from support.inside import run_with_pip

        words = [str(argument) for argument in arguments]
        done = run_with_pip(cwd or self.folder, self.environment(env), *words, program=program)
        return subprocess.CompletedProcess([SAFEPIP, *words], done.code, done.out, done.err)

    def pip(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the pip that stands beside safepip.

        `--python` as the first word starts the other interpreter at once, with the program that pip starts in it:
        half of such a run is spent in the interpreter that does nothing else.
        """
        words = [str(word) for word in arguments]
        if words[:1] == ["--python"]:
            place = Path(words[1])
            python = Environment(place).python if place.is_dir() else place
            return self.run([str(python), str(PIP_RUNNER), *words[2:]], env=env, cwd=cwd)
        return self.run([sys.executable, "-m", "pip", *words], env=env, cwd=cwd)

    def run(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run any program in the same way; nothing is raised for its exit code."""
        return subprocess.run(
            list(command),
            cwd=cwd or self.folder,
            env=self.environment(env),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program and return at once; its output is thrown away."""
        return subprocess.Popen(
            list(command),
            cwd=cwd or self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a run of this runner sees as its environment."""
        return clean_environment(self.home, **{**self.extra, **(more or {})})


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment without pip, as a target."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site_packages(self) -> Path:
        """Where distributions go."""
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        return self.folder / ("Lib/site-packages" if os.name == "nt" else f"lib/{version}/site-packages")

    def installed(self) -> dict[str, str]:
        """Name and version of every distribution in it, read from the folders' names."""
        found = {}
        for info in self.site_packages.glob("*.dist-info"):
            name, _, version = info.name.removesuffix(".dist-info").partition("-")
            found[name.replace("_", "-")] = version
        return found

    def module_version(self, module: str) -> str:
        """`__version__` of a module in it, as its own interpreter sees it."""
        code = f"import {module}; print({module}.__version__)"
        return subprocess.run(
            [str(self.python), "-I", "-B", "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()

    def unpack(self, *wheels: Path | bytes) -> None:
        """Install wheels of modules alone without pip: what is in them is all that an installer needs to remove them.

        For what is there before a test begins.
        """
        from io import BytesIO
        from zipfile import ZipFile

        for wheel in wheels:
            with ZipFile(BytesIO(wheel) if isinstance(wheel, bytes) else wheel) as archive:
                archive.extractall(self.site_packages)

    def state(self) -> dict[str, str]:
        """Every file and link below it with a digest or a target: equal states are equal trees."""
        return tree_state(self.folder)


def make_environment(folder: Path) -> Environment:
    """A fresh virtual environment without pip, of the Python that runs the tests."""
    import venv

    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    return Environment(folder)


def tree_state(folder: Path) -> dict[str, str]:
    """Every entry below `folder`: for a file the digest of its bytes, for a link its target, for a folder nothing."""
    state = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_symlink():
            state[key] = f"-> {path.readlink()}"
        elif path.is_dir():
            state[key] = "folder"
        else:
            state[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return state


def secrets_found(folder: Path, secrets: Sequence[str]) -> list[str]:
    """Files below `folder` that hold one of `secrets` in their name or their bytes."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            found += [str(path) for secret in secrets if secret.encode() in data or secret in path.name]
    return found
