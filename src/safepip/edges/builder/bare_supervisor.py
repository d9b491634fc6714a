"""The program that a fenced build runs under: it starts it, holds it to its limits, and ends everything of it.

The text of this file stands behind that of `bare_processes`; it imports nothing of safepip. Its standard input is a
pipe that safepip holds open: when it ends, because safepip has ended in whatever way or wants no more, the build is
ended. It is a child subreaper (prctl(2)), so everything that the build leaves behind becomes its child, and below it
nothing can hide: not by a session of its own, nor by a second fork. A parent-death signal would reach the first process
alone.

A limit is held by looking, ten times a second, at every process below this one: how many threads they have (a process
has one at least; RLIMIT_NPROC binds root nowhere), and how much of their memory is resident, together. The sum is what
hurts the machine. A limit on address space would be held by the kernel, but for each process alone, and it ends honest
programs: Java, Go and sanitizers reserve much more than they use. Where processes share memory, the sum of their shares
decides.

Where there is no `/proc` (macOS) there is no counting, and what is ended is the process group.
"""

import json
import os
import resource
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, NoReturn, Protocol

    from safepip.edges.builder.bare_processes import (
        LINUX,
        PARENT_DEATH_SIGNAL,
        SUBREAPER,
        Task,
        below,
        control,
        kill,
    )

    class Watch(Protocol):
        """`bare_disk.DiskWatch`."""

        def exceeded(self, processes: "Iterable[int]") -> bool: ...


#: Seconds between two looks, and how many times as long as a look took the pause after it is at least.
_TICK, _SHARE = 0.1, 8
#: Seconds within which everything has to be ended before the report says that it is not.
_LAST = 20.0
#: Open files that a build may have, and for how much more likely than others its processes are ended where memory is
#: short (proc(5), `oom_score_adj`).
_OPEN_FILES, _OOM = 8192, 500
#: Processes below this one that are not the build's: the warden, or bubblewrap's two.
_OWN = 3


def share_of(pid: int) -> int:
    """A process's resident memory with its share of what it shares (proc(5), `Pss`); 0 where it has ended."""
    try:
        with open("/proc/" + str(pid) + "/smaps_rollup", "rb") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:"))
    except FileNotFoundError:
        return 0


def memory_exceeded(tasks: "Mapping[int, Task]", limit: int) -> bool:
    """Whether processes together have more memory than that."""
    if sum(task.memory for task in tasks.values()) <= limit:
        return False
    try:
        return sum(map(share_of, tasks)) > limit
    except OSError:
        return True  # one of them hides it


def _limit(what: int, most: int) -> None:
    """Lower a limit of this process and of those that it starts."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _limit_all(limits: "Mapping[str, Any]") -> None:
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, limits["disk"])
    if limits["tasks"] is not None:
        _limit(resource.RLIMIT_NPROC, limits["tasks"])
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(_OOM))
    except OSError:
        return  # the machine has none


def _start(given: "Mapping[str, Any]", kept: "Mapping[str, int]") -> int:
    """Start the command, or the fence round it, in a session of its own. `kept` are the descriptors that it gets."""
    parent = os.getpid()
    data = [_in_memory(text) for text in given["data"]]
    question = os.open(os.devnull, os.O_RDONLY)
    if given["question"]:
        question = _in_memory(json.dumps({**given["question"], **kept}) + "\n")
    child = os.fork()
    if child:
        for descriptor in (*data, question):
            os.close(descriptor)
        return child
    try:
        os.setsid()
        os.dup2(question, 0)
        os.dup2(1, 2)
        for descriptor in (*data, *kept.values()):
            os.set_inheritable(descriptor, True)
        if LINUX:
            control(PARENT_DEATH_SIGNAL, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
        _limit_all(given["limits"])
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if not given["question"]:
            os.chdir(given["cwd"])
            os.write(kept["ready"], b"R")
            os.set_inheritable(kept["ready"], False)
        words = [str(data[word]) if isinstance(word, int) else word for word in given["start"]]
        os.execvpe(words[0], words, given["environ"])  # noqa: S606  # this is what the supervisor is for
    except OSError as error:
        os.write(
            2, ("safepip: " + str(given["start"][0]) + " cannot be started: " + str(error.strerror) + "\n").encode()
        )
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def _in_memory(text: str) -> int:
    """A text as a descriptor to read from."""
    import tempfile

    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("safepip")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(descriptor, text.encode("utf-8", "surrogateescape"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class Build:
    """A build that runs: its first process, what it came to, and why it was stopped."""

    def __init__(self, given: "Mapping[str, Any]", watch: "Watch") -> None:
        self._limits = given["limits"]
        self._watch = watch
        self._until = time.monotonic() + given["limits"]["seconds"]
        self._wake, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._warden, self._pipe = os.pipe()
        self._ready, ready = os.pipe()
        self._first = _start(given, {"warden": self._warden, "ready": ready})
        os.close(ready)
        os.close(self._warden)
        self.code: int | None = None
        self.stopped = ""

    def wait(self, ended: "Callable[[], bool]") -> None:
        """Until the command has ended, a limit is reached, or `ended` says that safepip is gone."""
        look_at = 0.0
        while self.code is None:
            ready, _, _ = select.select([0, self._wake], [], [], _TICK)
            if self._wake in ready:
                os.read(self._wake, 4096)
            self.reap()
            if ended() or (0 in ready and not os.read(0, 4096)):
                self.stopped = "cancelled"
            elif time.monotonic() >= self._until:
                self.stopped = "time"
            elif LINUX and time.monotonic() >= look_at:
                before = time.monotonic()
                self.stopped = self._look()
                now = time.monotonic()
                look_at = now + max(_TICK, _SHARE * (now - before)) - _TICK / 2
            if self.stopped:
                return

    def _look(self) -> str:
        """The limit that is exceeded, or empty."""
        tasks = below(os.getpid())
        if sum(task.threads for task in tasks.values()) > self._limits["processes"] + _OWN:
            return "processes"
        if memory_exceeded(tasks, self._limits["memory"]):
            return "memory"
        return "disk" if self._watch.exceeded(tasks) else ""

    def reap(self) -> bool:
        """Take leave of children that have ended; whether there is none left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if not pid:
                return False
            if pid == self._first:
                code = os.waitstatus_to_exitcode(status)
                self.code = 128 - code if code < 0 else code

    def end(self) -> bool:
        """End everything below this process; whether that was done within `_LAST` seconds.

        The warden does it with one call, and the end of the first process of bubblewrap's table of processes ends all
        of that table. What is then left is looked for and ended until there is nothing.
        """
        os.close(self._pipe)
        until = time.monotonic() + _LAST
        # As long as the warden is at it: at once, where it is quick.
        pause = 0.001
        if self.code is None:
            select.select([self._wake], [], [], 0.2)
        while not self._end_once():
            if time.monotonic() > until:
                return False
            time.sleep(pause)
            pause = min(0.02, pause * 2)
        return True

    def _end_once(self) -> bool:
        if not LINUX:
            # What has left the group there is not this process's child, and is not found.
            kill(os.killpg, self._first)
        elif not self.reap():
            for pid in below(os.getpid()):
                kill(os.kill, pid)
        return self.reap()

    def started(self) -> bool:
        """Whether the command itself was reached."""
        os.set_blocking(self._ready, False)
        try:
            return bool(os.read(self._ready, 1))
        except BlockingIOError:
            return False


def supervise(
    given: "Mapping[str, Any]",
    watch: "Callable[[list[str], int], Watch]",
    change_owner: "Callable[..., None]",
) -> "NoReturn":
    """Run a build, and write to the descriptor `report` of `given` what came of it, as JSON.

    `watch` and `change_owner` are those of `bare_disk`.
    """
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: told.append(number))
    report = given["report"]
    os.set_inheritable(report, False)
    if LINUX:
        control(SUBREAPER, 1)
    writable, uid, protected = given["writable"], given["uid"], given["protected"]
    if uid is not None:
        change_owner(writable, 0, uid, protected)
    build = Build(given, watch(writable, given["limits"]["disk"]))
    try:
        build.wait(lambda: bool(told))
    finally:
        all_ended = build.end()
    if uid is not None:
        change_owner(writable, uid, 0, protected)
    answer = {"code": build.code, "stopped": build.stopped, "ended": all_ended, "started": build.started()}
    os.write(report, json.dumps(answer).encode("ascii"))
    os._exit(0)
