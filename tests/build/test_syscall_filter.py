"""The seccomp filter, run by an interpreter of classic BPF: which system calls it lets through on each machine."""

from __future__ import annotations

import struct

import pytest

from safepip.build.syscall_filter import MACHINES, Sockets, filter_program, instructions, numbers

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050001, 0x00050026

I386 = 0x40000003
UNIX, INET, INET6, NETLINK, PACKET, ALG, VSOCK = 1, 2, 10, 16, 17, 38, 40
STREAM, DATAGRAM, SEQPACKET, CLOEXEC = 1, 2, 5, 0o2000000


def run(program: bytes, data: bytes) -> int:
    """What a program returns for a `struct seccomp_data`."""
    steps = list(struct.iter_unpack("<HBBI", program))
    value, place = 0, 0
    while True:
        code, if_true, if_false, operand = steps[place]
        place += 1
        if code == 0x20:
            (value,) = struct.unpack_from("<I", data, operand)
        elif code == 0x54:
            value &= operand
        elif code == 0x06:
            return int(operand)
        else:
            holds = {
                0x15: value == operand,
                0x25: value > operand,
                0x35: value >= operand,
                0x45: bool(value & operand),
            }[code]
            place += if_true if holds else if_false


def answer(
    call: str | int,
    *arguments: int,
    machine: str = "x86_64",
    sockets: Sockets = Sockets.NONE,
    signals: bool = True,
    architecture: int | None = None,
) -> int:
    """What the filter of a machine answers to a call, by its name or its number."""
    number = numbers(machine)[call] if isinstance(call, str) else call
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<iIQ6Q", number, MACHINES[machine] if architecture is None else architecture, 0, *padded)
    return run(filter_program(machine, sockets, signals=signals), data)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("sockets", Sockets)
def test_a_program_is_one_that_the_kernel_takes(machine: str, sockets: Sockets) -> None:
    """At most 4,096 instructions, and every jump within the program and forward (seccomp(2))."""
    program = instructions(machine, sockets)
    assert len(program) <= 4096
    assert filter_program(machine, sockets) == b"".join(
        struct.pack("<HBBI", step.code, step.if_true, step.if_false, step.value) for step in program
    )
    for place, step in enumerate(program):
        assert place + 1 + max(step.if_true, step.if_false) < len(program) or step.code == 0x06
        assert step.if_true < 256
        assert step.if_false < 256


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    "call",
    ["ptrace", "process_vm_readv", "bpf", "io_uring_setup", "mount", "unshare", "setns", "keyctl", "kexec_load",
     "userfaultfd", "perf_event_open", "shmget", "open_by_handle_at", "reboot", "pidfd_getfd", "chroot"],
)  # fmt: skip
def test_a_call_that_leads_outside_is_refused(machine: str, call: str) -> None:
    """On each machine by its own number."""
    for sockets in Sockets:
        assert answer(call, machine=machine, sockets=sockets) == EPERM


@pytest.mark.parametrize("call", ["clone3", "memfd_create", "openat2", 463, 1000, 0x40000000 | 39, 0xFFFFFFFF])
def test_a_call_that_cannot_be_looked_at_or_is_not_known_does_not_exist(call: str | int) -> None:
    """Those whose arguments lie in memory, newer ones, and those of the x32 interface."""
    number = call if isinstance(call, int) else numbers("x86_64")[call]
    data = struct.pack("<IIQ6Q", number, MACHINES["x86_64"], 0, *[0] * 6)
    assert run(filter_program("x86_64", Sockets.NONE), data) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architecture_ends_the_process(machine: str) -> None:
    """`int 0x80` on x86-64 has numbers of its own."""
    assert answer("ptrace", machine=machine, architecture=I386) == KILL
    assert answer(1, machine=machine, architecture=I386) == KILL


@pytest.mark.parametrize("number", [0, 1, 2, 9, 59, 60, 61, 231, 257, 332, 439, 441, 449])
def test_an_ordinary_call_is_allowed(number: int) -> None:
    """read, write, open, mmap, execve, exit, wait4, exit_group, openat, statx, faccessat2 and the like."""
    assert answer(number) == ALLOW


def test_a_process_may_be_made_and_a_namespace_may_not() -> None:
    """clone(2): with SIGCHLD as fork(2) does it, with the flags of a thread, and with CLONE_NEWUSER, -NET, -NS."""
    assert answer("clone", 17) == ALLOW
    assert answer("clone", 0x3D0F00) == ALLOW
    for flag in (0x10000000, 0x40000000, 0x20000):
        assert answer("clone", flag | 17) == EPERM


def test_without_a_network_there_are_pairs_of_streams_alone() -> None:
    """A datagram socket out of a pair could be connected to any path."""
    assert {answer("socket", family) for family in range(46)} == {EPERM}
    for call in ("connect", "bind", "listen", "accept", "accept4"):
        assert answer(call) == EPERM
    assert answer("socketpair", UNIX, STREAM | CLOEXEC) == ALLOW
    assert answer("socketpair", UNIX, SEQPACKET) == ALLOW
    assert answer("socketpair", UNIX, DATAGRAM) == EPERM
    assert answer("socketpair", UNIX, 3) == EPERM
    assert answer("socketpair", INET, STREAM) == EPERM


@pytest.mark.parametrize(
    ("sockets", "families"),
    [(Sockets.PRIVATE, {UNIX, INET, INET6, NETLINK}), (Sockets.OPEN, {INET, INET6, NETLINK})],
)
def test_a_network_has_its_families_and_no_other(sockets: Sockets, families: set[int]) -> None:
    """vsock knows no namespaces; Unix sockets lead to the user's own services."""
    assert {family for family in range(64) if answer("socket", family, sockets=sockets) == ALLOW} == families
    assert answer("connect", sockets=sockets) == ALLOW
    assert answer("socketpair", UNIX, DATAGRAM, sockets=sockets) == EPERM


def test_the_upper_half_of_an_argument_changes_nothing() -> None:
    """The kernel takes a family as an `int`."""
    assert answer("socket", VSOCK | 2**32, sockets=Sockets.OPEN) == EPERM
    assert answer("socket", INET | 2**32, sockets=Sockets.OPEN) == ALLOW
    assert answer("clone", 0x10000000 | 2**40) == EPERM


def test_limits_are_a_process_own_affair() -> None:
    """prlimit(2) with 0 is the caller."""
    assert answer("prlimit64", 0, 7) == ALLOW
    assert answer("prlimit64", 4711, 7) == EPERM


def test_terminals_and_supervisors_are_left_alone() -> None:
    """TIOCSTI, TIOCLINUX, PR_SET_DUMPABLE; TIOCGWINSZ and PR_SET_NAME are harmless."""
    assert answer("ioctl", 1, 0x5412) == EPERM
    assert answer("ioctl", 1, 0x541C) == EPERM
    assert answer("ioctl", 1, 0x5413) == ALLOW
    assert answer("prctl", 4, 0) == EPERM
    assert answer("prctl", 15, 0) == ALLOW


@pytest.mark.parametrize("call", ["kill", "tkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"])
def test_signals_are_forbidden_where_they_would_not_stay_inside(call: str) -> None:
    """And allowed where they do."""
    assert answer(call, 1, 9) == ALLOW
    assert answer(call, 1, 9, signals=False) == EPERM


def test_the_machines_share_the_numbers_from_424_on() -> None:
    """The kernel has given new calls one number since then; before, the tables differ."""
    one, other = numbers("x86_64"), numbers("aarch64")
    assert one.keys() > other.keys()
    assert {name for name in other if one[name] == other[name]} == {name for name in other if one[name] >= 424}
    assert all(other[name] >= 424 for name in other if one[name] >= 424)
    for table in (one, other):
        assert len(set(table.values())) == len(table)
