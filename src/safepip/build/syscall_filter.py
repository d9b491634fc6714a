"""The seccomp filter of a fence: which system calls a build may not make, as a BPF program for the kernel.

What is not named here is allowed: the files are Landlock's or bubblewrap's part, and a build is an ordinary program.
What is named either reaches past the files (sockets, other processes, the kernel itself), or holds memory where no
supervisor can count it, or opens a way round a check (`io_uring` makes calls that no filter sees). A call that this
table does not know, because it is newer, does not exist in the fence; nor does one of another architecture: their
numbers mean other calls.

A refused call answers EPERM. `clone3` answers ENOSYS, because its flags lie in memory, where a filter cannot look; C
libraries then use `clone`, whose flags can be seen. So do calls without which programs know how to live.

Sources: seccomp(2), the kernel's `Documentation/userspace-api/seccomp_filter.rst` for the form of the program and of
`seccomp_data`, and `asm/unistd_64.h` and `asm-generic/unistd.h` for the numbers.
"""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

_EPERM = 1
_ENOSYS = 38

#: What a program returns to the kernel (linux/seccomp.h).
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000

#: Instructions of classic BPF (linux/bpf_common.h): load a word, mask it, jump on it, return.
_LOAD, _AND, _JUMP_EQUAL, _JUMP_GREATER, _JUMP_OR_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x35, 0x45, 0x06

#: Where things lie in `seccomp_data`; the low half of an argument on the two machines here, which are little-endian.
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16

#: `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64`.
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

#: The last call that was looked at, `mseal`. From 424 on all architectures have the same numbers.
_NEWEST = 462

#: The call's name, its number on x86-64 and on aarch64, where it exists there.
_REFUSED = """
ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272, pidfd_getfd 438 438,
process_madvise 440 440, move_pages 279 239, migrate_pages 256 238, process_mrelease 448 448,
bpf 321 280, perf_event_open 298 241, userfaultfd 323 282,
io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
add_key 248 217, request_key 249 218, keyctl 250 219,
mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, open_tree 428 428, move_mount 429 429, fsopen 430 430,
fsconfig 431 431, fsmount 432 432, fspick 433 433, mount_setattr 442 442, statmount 457 457, listmount 458 458,
unshare 272 97, setns 308 268,
kexec_load 246 104, kexec_file_load 320 294, init_module 175 105, finit_module 313 273, delete_module 176 106,
reboot 169 142, swapon 167 224, swapoff 168 225, acct 163 89, quotactl 179 60, quotactl_fd 443 443,
settimeofday 164 170, clock_settime 227 112, adjtimex 159 171, clock_adjtime 305 266, syslog 103 116,
sethostname 170 161, setdomainname 171 162, vhangup 153 58, nfsservctl 180 42, lookup_dcookie 212 18,
iopl 172 -, ioperm 173 -, uselib 134 -, _sysctl 156 -, modify_ldt 154 -, create_module 174 -, get_kernel_syms 177 -,
query_module 178 -, open_by_handle_at 304 265, name_to_handle_at 303 264, fanotify_init 300 262, fanotify_mark 301 263,
shmget 29 194, shmat 30 196, shmctl 31 195, msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187,
semget 64 190, semop 65 193, semctl 66 191, semtimedop 220 192, mq_open 240 180, mq_unlink 241 181
"""

#: Those that programs can do without, and do where the kernel lacks them. `openat2` has its flags in memory.
_ABSENT = "clone3 435 435, memfd_create 319 279, memfd_secret 447 447, openat2 437 437"

#: Sockets where there is no network at all. A pair of sockets is left, which is a pipe in both directions.
_SOCKETS = "socket 41 198, connect 42 203, bind 49 200, listen 50 201, accept 43 202, accept4 288 242"

#: Signals to a process that is named by its number.
_SIGNALS = "kill 62 129, tkill 200 130, pidfd_send_signal 424 424, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240"

#: Flags of clone(2) that make a namespace: mount, cgroup, uts, ipc, user, pid, net.
_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

#: ioctl(2): characters put into a terminal's input (TIOCSTI, TIOCLINUX).
_INTO_A_TERMINAL = (0x5412, 0x541C)

#: prctl(2), PR_SET_DUMPABLE: a process that is not dumpable hides its open files from the supervisor.
_SET_DUMPABLE = 4

_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _SEQPACKET = 1, 5


class Sockets(enum.Enum):
    """What of the network a build may use, and which families of sockets it therefore has."""

    NONE = "none"  # no socket at all: where the build shares the machine's network
    PRIVATE = "private"  # those that a network namespace holds: where the build has a network of its own, and empty
    OPEN = "open"  # those of the internet; no Unix sockets, by which a build would reach the user's own services


_FAMILIES = {
    Sockets.NONE: (),
    Sockets.PRIVATE: (_UNIX, _INET, _INET6, _NETLINK),
    Sockets.OPEN: (_INET, _INET6, _NETLINK),
}


class Instruction(NamedTuple):
    """One instruction, `struct sock_filter`: the jumps count the instructions that are left out."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0


_REFUSE = Instruction(_RETURN, _ERRNO | _EPERM)
_DENY_EXISTENCE = Instruction(_RETURN, _ERRNO | _ENOSYS)
_LOAD_NUMBER = Instruction(_LOAD, _NUMBER_AT)


def numbers(machine: str) -> dict[str, int]:
    """The numbers of the calls that this file knows, on a machine, by their names."""
    column = list(MACHINES).index(machine) + 1
    known = ",".join((_REFUSED, _ABSENT, _SOCKETS, _SIGNALS, _CHECKED))
    rows = [row.split() for row in known.split(",")]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


#: Those that are looked at with their arguments.
_CHECKED = "clone 56 220, socketpair 53 199, prlimit64 302 261, ioctl 16 29, prctl 157 167, socket 41 198"


def _names(rows: str) -> list[str]:
    return [row.split()[0] for row in rows.split(",")]


def _argument(place: int) -> Instruction:
    return Instruction(_LOAD, _ARGUMENTS_AT + 8 * place)


def _unless(values: tuple[int, ...]) -> list[Instruction]:
    """Refuse what is loaded where it is none of these."""
    jumps = [Instruction(_JUMP_EQUAL, value, len(values) - place) for place, value in enumerate(values)]
    return [*jumps, _REFUSE]


def _where(place: int, values: tuple[int, ...]) -> list[Instruction]:
    """Refuse where an argument is one of these."""
    tests = [step for value in values for step in (Instruction(_JUMP_EQUAL, value, 0, 1), _REFUSE)]
    return [_argument(place), *tests, _LOAD_NUMBER]


def _checks(sockets: Sockets) -> dict[str, list[Instruction]]:
    """What is done where a call's arguments decide, by the call's name."""
    return {
        "clone": [_argument(0), Instruction(_JUMP_BITS, _NAMESPACES, 0, 1), _REFUSE, _LOAD_NUMBER],
        # A datagram socket of a pair can be connected anew, to any path; one of a stream cannot (unix(7)).
        "socketpair": [
            _argument(0),
            *_unless((_UNIX,)),
            _argument(1),
            Instruction(_AND, 0xF),
            *_unless((_STREAM, _SEQPACKET)),
            _LOAD_NUMBER,
        ],
        # The limits of another process: 0 is the caller.
        "prlimit64": [_argument(0), *_unless((0,)), _LOAD_NUMBER],
        "ioctl": _where(1, _INTO_A_TERMINAL),
        "prctl": _where(0, (_SET_DUMPABLE,)),
        "socket": [_argument(0), *_unless(_FAMILIES[sockets]), _LOAD_NUMBER],
    }


def instructions(machine: str, sockets: Sockets, *, signals: bool = True) -> list[Instruction]:
    """The program. `machine` is one of `MACHINES`, else `KeyError`.

    Without `signals` a build may send none to a process that it names, for kernels that cannot keep them inside.
    """
    known = numbers(machine)
    program = [
        Instruction(_LOAD, _MACHINE_AT),
        Instruction(_JUMP_EQUAL, MACHINES[machine], 1),
        Instruction(_RETURN, _KILL),
        _LOAD_NUMBER,
        # Beyond the last one that is known; what has the bit of x32, 0x40000000, is beyond it, too.
        Instruction(_JUMP_GREATER, _NEWEST, 0, 1),
        _DENY_EXISTENCE,
    ]
    actions = {name: [_DENY_EXISTENCE] for name in _names(_ABSENT)}
    actions |= {name: [_REFUSE] for name in _names(_REFUSED)}
    actions |= {name: [_REFUSE] for name in _names(_SIGNALS) if not signals}
    actions |= _checks(sockets)
    if sockets is Sockets.NONE:
        actions |= {name: [_REFUSE] for name in _names(_SOCKETS)}
    for name, body in actions.items():
        if name in known:
            program += [Instruction(_JUMP_EQUAL, known[name], 0, len(body)), *body]
    return [*program, Instruction(_RETURN, _ALLOW)]


def filter_program(machine: str, sockets: Sockets, *, signals: bool = True) -> bytes:
    """`instructions` as the kernel takes them: an array of `struct sock_filter`."""
    return b"".join(
        struct.pack("<HBBI", step.code, step.if_true, step.if_false, step.value)
        for step in instructions(machine, sockets, signals=signals)
    )
