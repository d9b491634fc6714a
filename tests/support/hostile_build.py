"""A build that tries to get out of its fence: each attempt by its name, and what came of each as JSON.

It is run as a program, by a Python of the machine with `-I -S`, inside a fence. `REACHED` means that the attempt did
what it set out to do; anything else is the reason why it did not. Nothing here is unbounded: what fills, forks or
writes does so a stated number of times, so that a broken fence costs a moment and no machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import platform
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REACHED = "reached"

libc = ctypes.CDLL(None, use_errno=True)

#: The numbers of system calls here, on x86-64 and aarch64.
CALLS = {
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "clone3": (435, 435),
    "process_vm_readv": (310, 270),
    "memfd_create": (319, 279),
    "tgkill": (234, 131),
    "open_by_handle_at": (304, 265),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "fsopen": (430, 430),
    "quotactl": (179, 60),
}


def call(name: str, *arguments: Any) -> str:
    """Make a system call. What it answers decides: EFAULT, EINVAL and their like mean that the kernel looked at it."""
    number = CALLS[name][0 if platform.machine() == "x86_64" else 1]
    return result(libc.syscall(ctypes.c_long(number), *arguments))


def result(value: int) -> str:
    """`REACHED`, or the error."""
    if value >= 0:
        return REACHED
    error = ctypes.get_errno()
    forbidden = ("EPERM", "EACCES", "ENOSYS", "ESRCH", "EAFNOSUPPORT")
    name = __import__("errno").errorcode.get(error, str(error))
    return name if name in forbidden else f"{REACHED}, and the kernel answered {name}"


def in_child(attempt: Callable[[], str]) -> str:
    """Make an attempt in a process of its own, since the kernel may end it for that."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.write(writable, attempt().encode())
        os._exit(0)
    os.close(writable)
    with open(readable, "rb") as pipe:
        answer = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return answer or f"ended by {signal.Signals(os.WTERMSIG(status)).name}" if status or answer else "no answer"


class Attempts:
    """What a hostile build tries. `given` says where the things are that it should not reach."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.victim = given["victim"]

    # --- secrets

    def read_a_file_at_home(self) -> str:
        with open(self.given["canary"], encoding="ascii") as file:
            return REACHED if file.read() else "empty"

    def list_the_home(self) -> str:
        return REACHED if os.listdir(os.path.dirname(self.given["canary"])) else "empty"

    def read_through_a_link(self) -> str:
        os.symlink(self.given["canary"], "link")
        with open("link", encoding="ascii") as file:
            return REACHED if file.read() else "empty"

    def read_through_a_second_name(self) -> str:
        os.link(self.given["canary"], "second")
        try:
            with open("second", encoding="ascii") as file:
                return REACHED if file.read() else "empty"
        finally:
            os.unlink("second")

    def move_a_file_in(self) -> str:
        os.rename(self.given["canary"], "moved")
        os.rename("moved", self.given["canary"])
        return REACHED

    def find_the_secret_in_its_environment(self) -> str:
        return REACHED if self.given["secret"] in repr(os.environ) else "not there"

    def _in_proc(self, what: str) -> str:
        """Look for the secret in a file of every process."""
        errors = set()
        for pid in {*filter(str.isdigit, os.listdir("/proc")), str(self.victim), str(os.getppid())} - {
            str(os.getpid())
        }:
            try:
                with open(f"/proc/{pid}/{what}", "rb") as file:
                    if self.given["secret"].encode() in file.read(1 << 20):
                        return REACHED
            except OSError as error:
                errors.add(type(error).__name__)
        return f"not found ({', '.join(sorted(errors))})"

    def read_anothers_environment(self) -> str:
        return self._in_proc("environ")

    def read_anothers_command_line(self) -> str:
        return self._in_proc("cmdline")

    def read_anothers_memory(self) -> str:
        with open(f"/proc/{self.victim}/mem", "rb"):
            return REACHED

    def read_anothers_memory_by_a_call(self) -> str:
        buffer = ctypes.create_string_buffer(64)
        local = struct.pack("PP", ctypes.addressof(buffer), 64)
        remote = struct.pack("PP", self.given["address"], 64)
        return call("process_vm_readv", self.victim, local, 1, remote, 1, 0)

    def trace_another(self) -> str:
        return result(libc.ptrace(16, self.victim, 0, 0))

    def trace_itself(self) -> str:
        return in_child(lambda: result(libc.ptrace(0, 0, 0, 0)))

    def use_an_inherited_descriptor(self) -> str:
        limit = os.sysconf("SC_OPEN_MAX")
        found = []
        for number in range(3, min(limit, 4096)):
            with contextlib.suppress(OSError):
                os.fstat(number)
                found.append(number)
        return f"{REACHED} {found}" if found else "none"

    def read_its_input(self) -> str:
        return REACHED if sys.stdin.buffer.read(1) else "empty"

    # --- what is not its own

    def write_a_file_at_home(self) -> str:
        with open(self.given["canary"], "r+", encoding="ascii"):
            return REACHED

    def empty_a_file_at_home(self) -> str:
        os.truncate(self.given["canary"], 0)
        return REACHED

    def make_a_file_outside(self) -> str:
        with open(os.path.join(self.given["outside"], "made"), "x", encoding="ascii"):
            return REACHED

    def change_the_system(self) -> str:
        for folder in ("/usr/bin", "/usr/lib", "/etc", os.path.dirname(sys.executable)):
            with contextlib.suppress(OSError):
                with open(os.path.join(folder, "safepip-was-here"), "x", encoding="ascii"):
                    pass
                os.unlink(os.path.join(folder, "safepip-was-here"))
                return f"{REACHED} {folder}"
        return "none"

    def write_a_file_that_may_be_read(self) -> str:
        with open(os.path.join(self.given["readable"], "file"), "a", encoding="ascii"):
            return REACHED

    def change_a_mode(self) -> str:
        os.chmod(self.given["canary"], 0o666)
        return REACHED

    def change_a_time(self) -> str:
        os.utime(self.given["canary"], (1, 1))
        return REACHED

    def touch_a_file(self) -> str:
        os.utime(self.given["canary"])
        return REACHED

    def set_an_attribute(self) -> str:
        os.setxattr(self.given["canary"], "user.hostile", b"x")
        return REACHED

    def change_an_owner(self) -> str:
        os.chown(self.given["canary"], -1, os.getgid())
        return REACHED

    def find_out_that_a_file_exists(self) -> str:
        os.stat(self.given["canary"])
        return REACHED

    def leave_a_file_in_shared_memory(self) -> str:
        path = f"/dev/shm/{self.given['secret']}"
        with open(path, "x", encoding="ascii"):
            os.unlink(path)
            return "its own" if self.given["kind"] == "bubblewrap" else REACHED

    # --- the network and services

    def _connect(self, family: int, kind: int, address: Any, protocol: int = 0) -> str:
        with socket.socket(family, kind, protocol) as out:
            out.settimeout(5)
            out.connect(address)
            out.send(b"x")
            return REACHED

    def connect_by_tcp(self) -> str:
        return self._connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", self.given["tcp"]))

    def connect_by_mptcp(self) -> str:
        return self._connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", self.given["tcp"]), 262)

    def send_by_tcp_fast_open(self) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as out:
            out.settimeout(5)
            out.sendto(b"x", 0x20000000, ("127.0.0.1", self.given["tcp"]))
            return REACHED

    def send_by_udp(self) -> str:
        """Whether it has come is for the test to see."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(b"x", ("127.0.0.1", self.given["udp"]))
            return "sent"

    def connect_to_an_abstract_socket(self) -> str:
        return self._connect(socket.AF_UNIX, socket.SOCK_STREAM, b"\0" + self.given["secret"].encode())

    def connect_to_a_service(self) -> str:
        return self._connect(socket.AF_UNIX, socket.SOCK_STREAM, self.given["service"])

    def send_to_a_service_by_a_pair(self) -> str:
        """A datagram socket out of a pair can be told where to send."""
        one, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        one.sendto(b"x", self.given["datagrams"])
        return REACHED

    def connect_a_pair_to_a_service(self) -> str:
        one, _other = socket.socketpair()
        one.connect(self.given["service"])
        return REACHED

    def open_netlink(self) -> str:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0):
            return "its own" if self.given["kind"] == "bubblewrap" else REACHED

    def open_vsock(self) -> str:
        with socket.socket(40, socket.SOCK_STREAM):
            return REACHED

    def open_packets(self) -> str:
        with socket.socket(17, socket.SOCK_RAW):
            return REACHED

    # --- other processes

    def end_another(self) -> str:
        os.kill(self.victim, signal.SIGTERM)
        return REACHED

    def end_another_by_its_thread(self) -> str:
        return call("tgkill", self.victim, self.victim, int(signal.SIGTERM))

    def limit_another(self) -> str:
        return result(libc.prlimit(self.victim, 4, struct.pack("QQ", 0, 0), None))

    # --- the kernel

    def io_uring(self) -> str:
        return call("io_uring_setup", 1, ctypes.create_string_buffer(256))

    def bpf(self) -> str:
        return call("bpf", 0, ctypes.create_string_buffer(128), 128)

    def perf(self) -> str:
        return call("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0)

    def userfaultfd(self) -> str:
        return call("userfaultfd", 1)

    def keys(self) -> str:
        return call("keyctl", 0, -3, 0)

    def new_process_by_clone3(self) -> str:
        return call("clone3", ctypes.create_string_buffer(88), 0)

    def shared_memory(self) -> str:
        segment = libc.shmget(0, 4096, 0o1600)
        if segment >= 0:
            libc.shmctl(segment, 0, None)
        return result(segment)

    def memory_without_a_name(self) -> str:
        return call("memfd_create", b"x", 0)

    def a_file_by_its_handle(self) -> str:
        return call("open_by_handle_at", -100, ctypes.create_string_buffer(64), 0)

    def anothers_descriptor(self) -> str:
        return call("pidfd_getfd", 0, 0, 0)

    def a_new_file_system(self) -> str:
        return call("fsopen", b"tmpfs", 0)

    def a_namespace_of_its_own(self) -> str:
        return in_child(lambda: result(libc.unshare(0x10000000)))

    def a_namespace_by_clone(self) -> str:
        number = 56 if platform.machine() == "x86_64" else 220
        value = libc.syscall(ctypes.c_long(number), ctypes.c_long(0x10000000 | signal.SIGCHLD), 0, 0, 0, 0)
        if value == 0:
            os._exit(0)
        return result(value)

    def a_mount(self) -> str:
        os.mkdir("mount")
        mounted = result(libc.mount(b"none", b"mount", b"tmpfs", 0, None))
        libc.umount2(b"mount", 2)
        return mounted

    def another_root(self) -> str:
        return in_child(lambda: result(libc.chroot(b".")))

    def root(self) -> str:
        if os.getuid() == 0:
            return f"{REACHED}: it is root"
        os.setuid(0)
        return REACHED

    def x32(self) -> str:
        """getpid by the number of the x32 interface."""
        if platform.machine() != "x86_64":
            return "another machine"
        return in_child(lambda: result(libc.syscall(ctypes.c_long(0x40000000 | 39))))

    def a_32_bit_call(self) -> str:
        """getpid by `int 0x80`: mov eax, 20; int 0x80; ret."""
        if platform.machine() != "x86_64":
            return "another machine"

        def attempt() -> str:
            memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            memory.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
            code = ctypes.c_char.from_buffer(memory)
            return f"{REACHED} {ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(code))()}"

        return in_child(attempt)

    def a_character_in_the_terminal(self) -> str:
        import fcntl

        fcntl.ioctl(1, 0x5412, b"x")
        return REACHED

    def hide_from_the_supervisor(self) -> str:
        return result(libc.prctl(4, 0, 0, 0, 0))


def names() -> list[str]:
    """All attempts."""
    return [name for name, value in vars(Attempts).items() if callable(value) and not name.startswith("_")]


#: What leaves a trace on the machine where no fence stops it.
LASTING = {"a_mount", "change_the_system"}


def try_all(given: Mapping[str, Any]) -> dict[str, str]:
    """What came of each. Without a fence, what would last is not tried."""
    attempts, found = Attempts(given), {}
    for name in names():
        try:
            lasting = given["kind"] == "none" and name in LASTING
            found[name] = "not tried" if lasting else getattr(attempts, name)()
        except OSError as error:
            found[name] = f"{type(error).__name__}: {error.strerror}"
    return found


# --- what is ended by a limit, each bounded


def sleep() -> None:
    """Do nothing for a minute."""
    time.sleep(60)


def fork() -> None:
    """300 processes that sleep."""
    for made in range(300):
        try:
            if not os.fork():
                time.sleep(60)
                os._exit(0)
        except OSError:
            print(f"made {made}")
            sys.exit(7)
    time.sleep(60)


def comet() -> None:
    """A process that is always another one: 20,000 generations, each a second fork with a session of its own."""
    for _ in range(20_000):
        if os.fork():
            os._exit(0)
        os.setsid()


def outlive() -> None:
    """Leave processes behind, in every way, and end."""
    for way in range(3):
        between = os.fork()
        if not between:
            if way == 1:
                os.setsid()
            elif way == 2:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if not os.fork():
                for number in (0, 1, 2):
                    os.close(number)
                time.sleep(60)
            os._exit(0)
        os.waitpid(between, 0)
    print("left")


def stay() -> None:
    """The same, and stay."""
    outlive()
    sys.stdout.flush()
    time.sleep(60)


def fill_with_many_files() -> None:
    """200,000 empty files at most, in folders of 1,000."""
    for folder in range(200):
        os.mkdir(f"folder{folder}")
        for number in range(1000):
            with open(f"folder{folder}/{number}", "x", encoding="ascii"):
                pass
    time.sleep(30)


def fill_with_deleted_files() -> None:
    """300 MB in files without a name."""
    held = []
    for _ in range(30):
        file = open("gone", "wb")  # noqa: SIM115  # it is held open, that is the attack
        os.unlink("gone")
        held.append(file)
        for _ in range(10):
            file.write(os.urandom(1 << 20))
        file.flush()
    time.sleep(30)


def fill_with_large_files() -> None:
    """300 MB in files, each as large as it may be."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for number in range(10):
        with contextlib.suppress(OSError), open(f"large{number}", "wb") as file:
            file.writelines(os.urandom(1 << 20) for _ in range(30))
    time.sleep(30)


def take_memory() -> None:
    """600 MB in four processes."""
    for _ in range(3):
        if not os.fork():
            break
    held = bytearray(b"x") * (150 << 20)
    time.sleep(30)
    print(len(held))


def write_without_end() -> None:
    """20 GB of output: more than is read before it is stopped."""
    for _ in range(20_000):
        os.write(1, b"x" * (1 << 20))


def honest() -> None:
    """What any build does."""
    with open("made", "x", encoding="ascii") as file:
        file.write("made")
    os.chmod("made", 0o755)
    os.utime("made", (1, 1))
    with open(os.path.join(os.path.dirname(__file__), "file"), encoding="ascii") as file:
        print(file.read())
    sys.exit(5)


def main() -> None:
    """`try` and its question, or the name of one of the functions above."""
    if sys.argv[1] == "try":
        print(json.dumps(try_all(json.loads(sys.argv[2]))))
    else:
        globals()[sys.argv[1]]()


if __name__ == "__main__":
    main()
