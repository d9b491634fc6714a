"""The last program before the build: it shuts itself in, and then becomes the build's command.

The text of this file is run by safepip's own Python with `-I -S`; it imports nothing of safepip. `launch` is given what
the fence decided and does it in the order in which each step is still allowed:

1. as root: become an ordinary user that owns nothing, and give up every capability but those to read and write files
   without regard to their owner. Which files those are is the fence's part; of the files of others none can get another
   mode, owner or time, and no process of another user a signal.
2. no new privileges (prctl(2)), Landlock's rules (landlock(7)), the seccomp filter (seccomp(2)).
3. no descriptor but the three standard ones, and nothing to read from the first.

Where a kernel keeps signals inside a Landlock domain, the program splits before the last steps: the one that stays is
the *warden*, one domain further out than the build. The build cannot signal it. It can end all of the build at once,
with one call, which no process that forks all the time escapes. It does so when the command has ended, and when the
supervisor, whose pipe it reads, has ended or says so.

What cannot be done ends the program with `FAILED` before the command runs.
"""

import contextlib
import ctypes
import os
import select
import signal
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

#: The exit code where the fence could not be put up.
FAILED = 125

#: linux/prctl.h and linux/capability.h.
_SET_SECCOMP, _FILTER, _BOUNDING_DROP, _NO_NEW_PRIVILEGES = 22, 2, 24, 38
_AMBIENT, _RAISE, _PARENT_DEATH_SIGNAL, _SET_SECURE_BITS = 47, 2, 1, 28
#: linux/securebits.h: SECBIT_NOROOT and SECBIT_NO_SETUID_FIXUP, each locked.
_CAPABILITIES_WHATEVER_THE_USER = 0b1111
_CAPABILITIES_VERSION = 0x20080522
_NUMBER_OF_CAPABILITIES = 64

#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
_TO_FILES = (1 << 1) | (1 << 2)

#: The numbers of Landlock's calls on every architecture, and what a rule on a file that is no folder can grant:
#: execute, write, read, truncate, ioctl.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_RIGHTS_TO_FILES = 0x1 | 0x2 | 0x4 | 0x4000 | 0x8000

_libc = ctypes.CDLL(None, use_errno=True)


class Instructions(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`; an older kernel takes its beginning."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class PathRule(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, what + ": " + os.strerror(number))
    return result


def _prctl(what: str, option: int, *arguments: int) -> None:
    """prctl(2), whose arguments are `unsigned long`."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    _checked(_libc.prctl(ctypes.c_int(option), *map(ctypes.c_ulong, padded)), what)


def _capabilities() -> int:
    """The permitted capabilities of this process, as bits."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, data), "capget")
    return data[1] | data[4] << 32


def give_up_root(uid: "int | None") -> None:
    """Become `uid`, or stay the user that this is (None), and keep the capabilities `_TO_FILES` alone."""
    kept = _capabilities() & _TO_FILES
    for number in range(_NUMBER_OF_CAPABILITIES):
        if not kept >> number & 1:
            # EINVAL: the kernel has fewer. EPERM: a container that may not; what is not permitted is not given either.
            _libc.prctl(ctypes.c_int(_BOUNDING_DROP), *map(ctypes.c_ulong, (number, 0, 0, 0)))
    if uid is not None:
        os.setgroups([])
        # Else access(2) would leave the capabilities out, for a user that is not root.
        _prctl("secure bits", _SET_SECURE_BITS, _CAPABILITIES_WHATEVER_THE_USER)
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    _checked(_libc.capset(header, data), "capset")
    for number in range(_NUMBER_OF_CAPABILITIES):
        if kept >> number & 1:
            _prctl("ambient capability", _AMBIENT, _RAISE, number)


def make_ruleset(rules: "Mapping[str, Any]") -> int:
    """A Landlock ruleset as a descriptor. `rules` has `size`, `files`, `network`, `scoped`, and `paths`: pairs of a
    path and the rights below it. A path that does not exist is left out."""
    attributes = Ruleset(rules["files"], rules["network"], rules["scoped"])
    ruleset = _checked(
        _libc.syscall(
            ctypes.c_long(_CREATE), ctypes.byref(attributes), ctypes.c_size_t(rules["size"]), ctypes.c_long(0)
        ),
        "landlock_create_ruleset",
    )
    for path, rights in rules["paths"]:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError):
            continue  # what cannot be reached need not be allowed
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _RIGHTS_TO_FILES
        rule = PathRule(rights & rules["files"], place)
        added = _libc.syscall(
            ctypes.c_long(_ADD), ctypes.c_long(ruleset), ctypes.c_long(1), ctypes.byref(rule), ctypes.c_long(0)
        )
        _checked(added, "landlock_add_rule " + path)
        os.close(place)
    return ruleset


def _restrict(ruleset: int) -> None:
    result = _libc.syscall(ctypes.c_long(_RESTRICT), ctypes.c_long(ruleset), ctypes.c_long(0))
    _checked(result, "landlock_restrict_self")


def _install_filter(program: bytes) -> None:
    """Install a seccomp filter for good."""
    instructions = Instructions(len(program) // 8, program)
    pointer = ctypes.addressof(instructions)
    _prctl("seccomp", _SET_SECCOMP, _FILTER, pointer)


def _signals_stay_inside(outside: int) -> bool:
    """Whether this process cannot signal `outside`, its parent, which has the same user or is root."""
    try:
        os.kill(outside, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False


def watch_over(build: int, pipe: int, outside: int) -> "NoReturn":
    """The warden: wait for the build's command or for the end of `pipe`, end everything, exit as the command did."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    code, waiting = 128 + signal.SIGKILL, True
    while waiting:
        ready, _, _ = select.select([wake, pipe], [], [], 1.0)
        pid, status = os.waitpid(build, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            code = 128 - code if code < 0 else code
        waiting = not pid and pipe not in ready
    if _signals_stay_inside(outside):
        # It says that there is none, where none is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)
    os._exit(code)


def _split(given: "Mapping[str, Any]", ruleset: int, ready: int) -> None:
    """Stay behind as the warden, and go on as the build."""
    outside, pipe = os.getppid(), given["warden"]
    if not _signals_stay_inside(outside):
        raise OSError(0, "signals do not stay inside")
    build = os.fork()
    if build:
        # The end of the supervisor is for the warden to act on, and not to end with.
        _prctl("parent-death signal", _PARENT_DEATH_SIGNAL, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.close(ready)
        watch_over(build, pipe, outside)
    os.close(pipe)
    _restrict(ruleset)


def _shut_in(given: "Mapping[str, Any]", ready: int) -> None:
    """The steps at the head of this file, up to the descriptors."""
    # Later there may be no such file to open.
    null = os.open(os.devnull, os.O_RDONLY)
    ruleset = make_ruleset(given["landlock"]) if given["landlock"] else -1
    if given["root"]:
        give_up_root(given["uid"])
    os.chdir(given["cwd"])
    os.umask(0o022)
    _prctl("no new privileges", _NO_NEW_PRIVILEGES, 1)
    if ruleset >= 0:
        _restrict(ruleset)
        if given["guarded"]:
            _split(given, ruleset, ready)
    _install_filter(bytes.fromhex(given["filter"]))
    os.dup2(null, 0)


def launch(given: "Mapping[str, Any]") -> "NoReturn":
    """Shut this process in and become the command. `ready` is the pipe that says how far it came."""
    ready = given["ready"]
    os.set_inheritable(ready, False)
    try:
        _shut_in(given, ready)
    except OSError as error:
        sys.stderr.write("safepip: the fence cannot be put up: " + (error.strerror or str(error)) + "\n")
        sys.stderr.flush()
        os._exit(FAILED)
    os.closerange(3, ready)
    os.closerange(ready + 1, 1 << 20)
    # Python ignores these; programs expect the system's defaults.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.write(ready, b"R")
    command = given["command"]
    try:
        os.execvpe(command[0], command, given["environ"])  # noqa: S606  # this is what the launcher is for
    except OSError as error:
        sys.stderr.write("safepip: " + command[0] + " cannot be started: " + (error.strerror or "") + "\n")
        sys.stderr.flush()
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
