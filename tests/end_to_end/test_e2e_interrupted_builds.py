"""A run that ends while it builds, by a signal of whatever kind, leaves nothing running, mounted or half done."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.runs import begin, drained, shown
from support.sources import build_source_archive
from support.yard import PATIENCE, why_not

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from support.environment import Environment, Runner
    from support.index import IndexServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these are signals of POSIX systems")

FENCES = ("bubblewrap", "landlock", "none")
PROGRAM = Path(__file__).parent.parent / "support" / "chosen_fence.py"

#: The signal, whether the whole process group gets it, and the exit code.
ENDS = {
    "ctrl-c": (signal.SIGINT, True, 130),
    "sigint": (signal.SIGINT, False, 130),
    "sigterm": (signal.SIGTERM, False, 143),
    "sighup": (signal.SIGHUP, True, 129),
    "sigkill": (signal.SIGKILL, False, -9),
}
HOOKS = ("get_requires_for_build_wheel", "prepare_metadata_for_build_wheel", "build_wheel")


@pytest.fixture(params=FENCES)
def fence(request: pytest.FixtureRequest) -> str:
    """A kind of fence that this machine has, or none."""
    kind: str = request.param
    if kind != "none" and sys.platform != "linux":
        pytest.skip("fences exist on Linux alone")
    reason = why_not(kind, None)
    if reason:
        pytest.skip(reason)
    return kind


class Builds:
    """Runs that build `app` in a fence of one kind; its backend waits in the hook of this name."""

    def __init__(self, runner: Runner, index: IndexServer, fence: str) -> None:
        self.runner, self.index, self.fence = runner, index, fence
        self.temporary = runner.home / "tmp"
        #: In the command line or the environment of every process of these runs.
        self.token = str(runner.home)
        #: Files from before this time are those of killed runs.
        self.aged = 0.0

    def offer(self, hook: str, files: int = 0, **plan: object) -> None:
        """Put `app` on the index, and where there are to be `files` what it is built with."""
        plan["build_requires"] = ["big"] if files else []
        filename, data = build_source_archive("app", "1.0", waits=[hook], **plan)
        self.index.add_file("app", filename, data)
        if files:
            self.index.add("big", "1.0", files={f"big/{number}.py": "" for number in range(files)})

    def start(self, verb: str, *words: str | Path) -> tuple[subprocess.Popen[bytes], int]:
        """A run, and the pipe of its outputs."""
        reader, writer = os.pipe()
        own = (sys.executable, "-P", str(PROGRAM), self.fence)
        options = ("-i", self.index.url, "--allow-build", "app")
        process = begin(self.runner, verb, *options, *words, output=writer, program=own)
        os.close(writer)
        return process, reader

    def until(self, pattern: str, process: subprocess.Popen[bytes], count: int = 1) -> list[Path]:
        """Wait until there is so much of this below the temporary folder; the run must not end before. What a killed
        run has left does not count."""
        end = time.monotonic() + PATIENCE * 4
        while len(found := self._found(pattern)) < count:
            assert process.poll() is None, process.returncode
            assert time.monotonic() < end, pattern
            time.sleep(0.01)
        return found

    def _found(self, pattern: str) -> list[Path]:
        """What is there now. The run removes what a killed one has left while this looks, which ends the looking."""
        try:
            return [path for path in self.temporary.glob(pattern) if path.stat().st_mtime > self.aged]
        except FileNotFoundError:
            return []

    def waiting(self, hook: str, process: subprocess.Popen[bytes], count: int = 1) -> list[Path]:
        """Wait until backends wait in a hook; the files that say so."""
        return self.until(f"safepip-build-*/*-build/tmp/waits-in-{hook}", process, count)

    def processes(self) -> list[str]:
        """What runs of these runs, beside what the tests have started themselves."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                texts = [Path("/proc", name, what).read_bytes() for what in ("cmdline", "environ")]
                if any(self.token.encode() in text for text in texts):
                    found.append(f"{name} {texts[0].decode('utf-8', 'replace')[:200]}")
        return found

    def complete(self, hook: str, verb: str, *words: str | Path) -> str:
        """A run whose backend is let go on; what it said."""
        process, reader = self.start(verb, *words)
        for place in self.waiting(hook, process):
            place.with_name(f"{place.name}.over").touch()
        said = drained(reader, 120).decode()
        assert process.wait(10) == 0, said
        return said


@pytest.fixture
def builds(runner: Runner, index: IndexServer, fence: str) -> Iterator[Builds]:
    """Ends what a failing test has left."""
    made = Builds(runner, index, fence)
    yield made
    for line in made.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)


def descendants(process: int) -> set[tuple[int, str]]:
    """Every process below one, with the time of its start, which tells it from a later one of the same number."""
    rows = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            fields = Path("/proc", name, "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            rows[int(name)] = (int(fields[1]), fields[19], fields[0])
    found, waiting = set[tuple[int, str]](), [process]
    while waiting:
        parent = waiting.pop()
        for pid, (above, start, _) in rows.items():
            if above == parent:
                found.add((pid, start))
                waiting.append(pid)
    return found


def alive(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those that still run."""
    found = set()
    for pid, start in processes:
        with contextlib.suppress(OSError):
            fields = Path("/proc", str(pid), "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if fields[19] == start and fields[0] not in ("Z", "X"):
                found.add((pid, start))
    return found


def interrupted(builds: Builds, moment: str, how: str, target: Environment) -> None:
    """A run ended at a moment, and everything that must hold afterwards, the next run included."""
    number, group, code = ENDS[how]
    hook = "build_wheel" if moment == "filling" else moment
    # Enough that pip is not done at once.
    builds.offer(hook, files=2000 if moment == "filling" else 0)
    before = target.state()
    words = ("install", "--no-compile", "--python", target.python, "app")
    process, reader = builds.start(*words)
    if moment == "filling":
        builds.until("safepip-build-*/*-environment/lib/python*/site-packages/big/1*.py", process)
    else:
        builds.waiting(hook, process)
    below = descendants(process.pid)
    assert below
    assert len(builds.processes()) > 1
    (os.killpg if group else os.kill)(process.pid, number)
    said = drained(reader).decode()
    assert process.wait(PATIENCE) == code, said
    assert "Traceback" not in said, said
    end = time.monotonic() + PATIENCE
    while (left := alive(below) or builds.processes()) and time.monotonic() < end:
        # Only after a kill something may end later than safepip.
        assert how == "sigkill", left
        time.sleep(0.01)
    assert not left
    assert builds.token not in Path("/proc/self/mountinfo").read_text()
    assert target.state() == before
    store = builds.runner.home / "cache" / "safepip"
    stale = [*builds.temporary.iterdir(), *store.glob("handover-*"), *store.glob("incoming/*")]
    if how != "sigkill":
        assert stale == []
    old = time.time() - 2 * 86400
    for path in (it for top in stale for it in (top, *top.rglob("*"))):
        os.utime(path, (old, old), follow_symlinks=False)
    builds.aged = old
    builds.complete(hook, *words)
    assert target.installed() == {"app": "1.0"}
    assert [*builds.temporary.iterdir()] == []


@pytest.mark.usually("bubblewrap-sigkill", "landlock-ctrl-c", "none-sigterm")
@pytest.mark.parametrize("how", list(ENDS))
def test_a_build_that_is_ended(builds: Builds, how: str, target: Environment) -> None:
    """In each fence, by each signal."""
    interrupted(builds, "build_wheel", how, target)


@pytest.mark.usually("*-filling-ctrl-c")
@pytest.mark.parametrize("how", ["ctrl-c", "sigterm", "sigkill"])
@pytest.mark.parametrize("moment", ["filling", *HOOKS[:2]])
@pytest.mark.parametrize("fence", ["bubblewrap"], indirect=True)
def test_a_run_that_is_ended_before_it_builds(builds: Builds, moment: str, how: str, target: Environment) -> None:
    """While pip fills the build environment, and while the backend is asked."""
    interrupted(builds, moment, how, target)


@pytest.mark.usually("bubblewrap")
def test_ctrl_c_thrice(builds: Builds, target: Environment) -> None:
    """The first one ends the build; whatever the others interrupt, no process is left, and the next run works."""
    builds.offer("build_wheel")
    before = target.state()
    words = ("install", "--no-compile", "--python", target.python, "app")
    process, reader = builds.start(*words)
    builds.waiting("build_wheel", process)
    below = descendants(process.pid)
    for gap in (0.0, 0.05, 0.05):
        time.sleep(gap)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    said = drained(reader).decode()
    assert process.wait(PATIENCE) in (130, -signal.SIGINT), said
    end = time.monotonic() + PATIENCE
    while (left := alive(below) or builds.processes()) and time.monotonic() < end:
        time.sleep(0.01)
    assert not left
    assert target.state() == before
    builds.complete("build_wheel", *words)
    assert target.installed() == {"app": "1.0"}


@pytest.mark.usually("landlock")
def test_two_builds_of_one_archive_at_once_give_one_result(builds: Builds) -> None:
    """Though each build is another one: the first to be kept is what both runs give, and what the next one finds."""
    builds.offer("build_wheel", random=True)
    folders = [builds.runner.folder / name for name in ("one", "two", "three")]
    running = [builds.start("wheel", "-w", folder, "app") for folder in folders[:2]]
    for place in builds.waiting("build_wheel", running[0][0], 2):
        place.with_name(f"{place.name}.over").touch()
    for process, reader in running:
        said = drained(reader, 120).decode()
        assert process.wait(10) == 0, said
    words = ("-i", builds.index.url, "--allow-build", "app", "-w", folders[2], "app")
    own = [sys.executable, "-P", str(PROGRAM), builds.fence]
    done = builds.runner.run([*own, "wheel", *map(str, words)])
    assert done.returncode == 0, shown(done)
    wheels = [(folder / "app-1.0-py3-none-any.whl").read_bytes() for folder in folders]
    assert len(set(wheels)) == 1
    assert [*builds.temporary.iterdir()] == []
