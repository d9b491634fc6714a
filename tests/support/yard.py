"""A place in which hostile builds are let loose: a home with a secret, services that listen, a process to attack.

Everything in it belongs to the user who runs the build. Where the tests run as root, this may be another user, so that
both are tried.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import safepip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
HOSTILE = HERE / "hostile_build.py"
DRIVER = HERE / "fence_driver.py"

#: A user without a name, not out of the range that fences take theirs from.
OTHER_USER = 60_321

#: Tries again and again whether something is so, for as many seconds at most.
PATIENCE = 30.0


class Ran(NamedTuple):
    """What a fenced command came to."""

    code: int
    stopped: str
    output: str


def user_options(user: int | None) -> dict[str, Any]:
    """What `subprocess` is told so that a program is another user."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def python_for(user: int | None) -> str | None:
    """A Python that safepip runs on and that a user may run; None where there is none."""
    own = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    check = "import ctypes, sys; sys.exit(sys.version_info < (3, 11))"
    for python in (own, "/usr/bin/python3", "/usr/local/bin/python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([python, "-I", "-c", check], check=False, **user_options(user)).returncode == 0:
                return python
    return None


@functools.cache
def source_for_all() -> Path:
    """A copy of safepip's source that every user may read, as long as the tests run."""
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="safepip-source-")))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    shutil.copytree(Path(safepip.__file__).parent, folder / "safepip", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(DRIVER, folder / "fence_driver.py")
    return folder


class Yard:
    """The place. `kind` is that of the fence, `user` who runs it: None for the user of the tests. `before` is a command
    that starts safepip with less rights."""

    def __init__(self, base: Path, kind: str, user: int | None, python: str, before: tuple[str, ...] = ()) -> None:
        self.base = base
        self.kind = kind
        self.before = before
        self.user = user
        self.python = python
        self.secret = f"secret{os.urandom(8).hex()}"
        self.marker = f"marker{os.urandom(8).hex()}"
        for name in ("home", "outside", "readable", "scratch"):
            (base / name).mkdir()
        self.canary = base / "home" / "canary"
        self.canary.write_text(self.secret, "ascii")
        self.canary.chmod(0o600)
        (base / "readable" / "file").write_text("to be read", "ascii")
        shutil.copy(HOSTILE, base / "readable" / "hostile_build.py")
        if user is not None:
            for path in (base, *base.rglob("*")):
                os.chown(path, user, user, follow_symlinks=False)

    @property
    def scratch(self) -> Path:
        """The folder that the build may write."""
        return self.base / "scratch"

    def _environment(self) -> dict[str, str]:
        """That of safepip, with a secret."""
        return {"HOME": str(self.base / "home"), "PYTHONPATH": str(source_for_all()), "TOKEN": self.secret}

    def _question(self, words: tuple[str, ...], network: bool, limits: Mapping[str, Any]) -> bytes:
        program = str(self.base / "readable" / "hostile_build.py")
        asked = {
            "kind": self.kind,
            "arguments": ["PYTHON", "-I", "-S", program, *words, self.marker],
            "cwd": str(self.scratch),
            "environ": {"HOME": str(self.scratch), "TMPDIR": str(self.scratch), "PATH": "/usr/bin:/bin"},
            "readable": [str(self.base / "readable")],
            "writable": [str(self.scratch)],
            "network": network,
            "limits": {"seconds": 100.0, **limits},
        }
        return json.dumps(asked).encode() + b"\n"

    def start(self, *words: str, network: bool = False, **limits: Any) -> subprocess.Popen[bytes]:
        """A safepip that runs a part of the hostile build. What the build writes comes out of its standard error."""
        process = subprocess.Popen(
            [*self.before, self.python, str(source_for_all() / "fence_driver.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            cwd=self.base,
            **user_options(self.user),
        )
        assert process.stdin is not None
        process.stdin.write(self._question(words, network, limits))
        process.stdin.flush()
        return process

    def run(self, *words: str, network: bool = False, **limits: Any) -> Ran:
        """`start`, and what came of it."""
        with self.start(*words, network=network, **limits) as process:
            out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err.decode("utf-8", "replace")[-4000:]
        return Ran(**json.loads(out))

    def victim(self) -> subprocess.Popen[bytes]:
        """A process of the same user, with the secret in its environment, its command line and its memory."""
        program = (
            "import signal, sys, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(300)"
        )
        process = subprocess.Popen(
            [self.python, "-I", "-S", "-c", program, self.secret],
            stdout=subprocess.PIPE,
            env={"TOKEN": self.secret},
            **user_options(self.user),
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def left(self) -> list[str]:
        """The command lines of processes of the build that are still there."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                line = Path("/proc", name, "cmdline").read_bytes()
                if self.marker.encode() in line and b"fence_driver" not in line:
                    found.append(f"{name} {line.decode('utf-8', 'replace')}")
        return found

    def wait_until_nothing_is_left(self) -> None:
        """Fails where something of the build lives on."""
        until = time.monotonic() + PATIENCE
        while self.left():
            assert time.monotonic() < until, self.left()
            time.sleep(0.05)

    def wait_until_all_is_owned_as_before(self) -> None:
        """Fails where the build's user still owns what was lent to it."""
        owner, until = self.base.stat().st_uid, time.monotonic() + PATIENCE
        while self._lent(owner):
            assert time.monotonic() < until
            time.sleep(0.05)

    def _lent(self, owner: int) -> bool:
        """Whether something is not the owner's; what vanishes while this looks is another reason to look again."""
        try:
            return any(path.lstat().st_uid != owner for path in (self.scratch, *self.scratch.rglob("*")))
        except FileNotFoundError:
            return True


class Services:
    """What listens on this machine, and what has come in."""

    def __init__(self, yard: Yard) -> None:
        self._all: list[socket.socket] = []
        self._tcp = self._listening(socket.AF_INET, ("127.0.0.1", 0))
        self._udp = self._bound(socket.AF_INET, ("127.0.0.1", 0))
        self._abstract = self._listening(socket.AF_UNIX, b"\0" + yard.secret.encode())
        self.path = str(yard.base / "service.sock")
        self._service = self._listening(socket.AF_UNIX, self.path)
        self.datagrams = str(yard.base / "datagrams.sock")
        self._datagrams = self._bound(socket.AF_UNIX, self.datagrams)
        for path in (self.path, self.datagrams):
            os.chmod(path, 0o777)
        self.tcp: int = self._tcp.getsockname()[1]
        self.udp: int = self._udp.getsockname()[1]

    def _listening(self, family: int, address: Any) -> socket.socket:
        found = socket.socket(family, socket.SOCK_STREAM)
        found.bind(address)
        found.listen(64)
        found.setblocking(False)
        self._all.append(found)
        return found

    def _bound(self, family: int, address: Any) -> socket.socket:
        found = socket.socket(family, socket.SOCK_DGRAM)
        found.bind(address)
        found.setblocking(False)
        self._all.append(found)
        return found

    def came_in(self) -> set[str]:
        """Where something has come in."""
        found = set()
        for name, listener in (("tcp", self._tcp), ("abstract", self._abstract), ("service", self._service)):
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                found.add(name)
        for name, receiver in (("udp", self._udp), ("datagrams", self._datagrams)):
            with contextlib.suppress(BlockingIOError):
                receiver.recv(100)
                found.add(name)
        return found

    def close(self) -> None:
        """Close all."""
        for service in self._all:
            service.close()


@contextlib.contextmanager
def yard_for(kind: str, who: str) -> Iterator[Yard]:
    """A yard for a fence and a user; skips where this machine has no such thing.

    The user is `root`, `ordinary`, or root as in a `container`.
    """
    if sys.platform != "linux":
        pytest.skip("fences exist on Linux alone")
    root = os.geteuid() == 0
    if who != "ordinary" and not root:
        pytest.skip("these tests do not run as root")
    user = OTHER_USER if root and who == "ordinary" else None
    python = python_for(user)
    if python is None:
        pytest.skip("there is no Python 3.11 that another user may run")
    before = as_in_a_container() if who == "container" else ()
    reason = why_not(kind, user)
    if reason:
        pytest.skip(reason)
    # Not pytest's own folder, which no other user may enter.
    base = Path(os.path.realpath(tempfile.mkdtemp(prefix="safepip-yard-")))
    try:
        base.chmod(0o755)
        yield Yard(base, kind, user, python, before)
    finally:
        shutil.rmtree(base, ignore_errors=True)


#: What Docker leaves to root in a container.
CONTAINER = (
    "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_raw",
    "sys_chroot", "mknod", "audit_write", "setfcap",
)  # fmt: skip


def as_in_a_container() -> tuple[str, ...]:
    """A command that starts another one as root with no more rights than a container's; skips where there is none."""
    program = shutil.which("setpriv")
    if program is None:
        pytest.skip("there is no setpriv")
    kept = ",".join(["-all", *(f"+{name}" for name in CONTAINER)])
    words = (program, f"--bounding-set={kept}", "--inh-caps=-all")
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this setpriv cannot limit capabilities")
    return words


def why_not(kind: str, user: int | None) -> str:
    """What a fence is made of and this machine does not have; empty where nothing is missing."""
    from safepip.build.landlock_rules import NEEDED_ABI
    from safepip.edges.builder.bubblewrap import find_bubblewrap
    from safepip.edges.builder.machine import filter_machine, landlock_abi

    if kind == "none":
        return ""
    if filter_machine() is None:
        return "there is no filter for this kind of machine"
    if kind.startswith("landlock"):
        return "" if landlock_abi() >= NEEDED_ABI else f"this kernel has Landlock {landlock_abi()}, and 3 is needed"
    path = find_bubblewrap()
    if path is None:
        return "bubblewrap is not installed"
    bare = [path, "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    bare += ["true"] if user is None and os.geteuid() == 0 else ["--unshare-user", "true"]
    done = subprocess.run(bare, capture_output=True, text=True, check=False, **user_options(user))
    return f"bubblewrap cannot run here: {done.stderr.strip()}" if done.returncode else ""
