"""A hostile build gets out of no fence: everything that it tries is tried in both, as root and as an ordinary user.

What Landlock alone does not bound stands in `REACHED_BY_DESIGN`; the same list is in docs/explanation/builds.md.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from safepip.build.landlock_rules import SCOPED_ABI
from safepip.edges.builder.machine import landlock_abi
from support.hostile_build import names
from support.yard import PATIENCE, Services, Yard, yard_for

if TYPE_CHECKING:
    from collections.abc import Iterator

FENCES = [
    *((kind, who) for kind in ("bubblewrap", "landlock") for who in ("root", "ordinary")),
    # Root with the capabilities that a container has, where bubblewrap cannot run.
    ("landlock", "container"),
    # The oldest Landlock that is enough: signals do not stay inside, and there is no warden.
    ("landlock-3", "root"),
    ("landlock-3", "ordinary"),
]

#: What a build does reach, by the fence and by who runs it.
REACHED_BY_DESIGN = {
    ("bubblewrap", "root"): set[str](),
    ("bubblewrap", "ordinary"): set[str](),
    ("landlock", "root"): {"find_out_that_a_file_exists", "touch_a_file", "set_an_attribute"},
    ("landlock", "container"): {"find_out_that_a_file_exists", "touch_a_file", "set_an_attribute"},
    ("landlock-3", "root"): {"find_out_that_a_file_exists", "touch_a_file", "set_an_attribute"},
    ("landlock-3", "ordinary"): {
        *("find_out_that_a_file_exists", "touch_a_file", "set_an_attribute", "end_another_by_its_thread"),
        *("change_a_mode", "change_a_time", "change_an_owner"),
    },
    ("landlock", "ordinary"): {
        *("find_out_that_a_file_exists", "touch_a_file", "set_an_attribute"),
        *("change_a_mode", "change_a_time", "change_an_owner"),
    },
}
#: Beside these, where the kernel cannot keep signals inside.
REACHED_BEFORE_SCOPES = {("landlock", "ordinary"): {"end_another_by_its_thread"}}


@pytest.fixture(params=FENCES, ids="-".join)
def fenced(request: pytest.FixtureRequest) -> Iterator[tuple[Yard, str]]:
    """A yard in each fence, for each user."""
    kind, who = request.param
    with yard_for(kind, who) as found:
        yield found, who


@pytest.fixture
def yard(fenced: tuple[Yard, str]) -> Yard:
    """The yard alone."""
    return fenced[0]


def attempts(yard: Yard, services: Services) -> dict[str, str]:
    """What came of each attempt."""
    victim = yard.victim()
    try:
        given = {
            "kind": yard.kind,
            "canary": str(yard.canary),
            "secret": yard.secret,
            "victim": victim.pid,
            "address": 0x10000,
            "outside": str(yard.base / "outside"),
            "readable": str(yard.base / "readable"),
            "tcp": services.tcp,
            "udp": services.udp,
            "service": services.path,
            "datagrams": services.datagrams,
        }
        done = yard.run("try", json.dumps(given))
    finally:
        with victim:
            victim.kill()
    assert (done.code, done.stopped) == (0, ""), done.output
    found: dict[str, str] = json.loads(done.output.splitlines()[-1])
    assert sorted(found) == sorted(names())
    return found


def takes_attributes(yard: Yard) -> bool:
    """Whether files of this file system can have extended attributes of the user's."""
    try:
        os.setxattr(yard.base / "readable" / "file", "user.safepip", b"x")
    except OSError:
        return False
    return True


def reached(found: dict[str, str]) -> set[str]:
    """The attempts that did what they set out to do."""
    return {name for name, answer in found.items() if answer.startswith("reached")}


def test_it_reaches_nothing_that_it_was_not_given(fenced: tuple[Yard, str]) -> None:
    """No secret, no file, no service, no process, and no call of the kernel that leads round the fence."""
    yard, who = fenced
    expected = set(REACHED_BY_DESIGN[yard.kind, who])
    if landlock_abi() < SCOPED_ABI:
        expected |= REACHED_BEFORE_SCOPES.get((yard.kind, who), set())
    if not takes_attributes(yard):
        expected.discard("set_an_attribute")
    services = Services(yard)
    try:
        found = attempts(yard, services)
        assert services.came_in() == set()
    finally:
        services.close()
    assert reached(found) == expected, {name: found[name] for name in reached(found) ^ expected}
    assert yard.canary.read_text("ascii") == yard.secret
    assert not any((yard.base / "outside").iterdir())


@pytest.mark.parametrize("who", ["root", "ordinary"])
def test_without_a_fence_it_reaches_what_it_tries(who: str) -> None:
    """So it is the fence that stops it, and not a mistake in the attempt."""
    with yard_for("none", who) as yard:
        services = Services(yard)
        try:
            found = attempts(yard, services)
            assert services.came_in() >= {"tcp", "udp", "abstract", "service", "datagrams"}
        finally:
            services.close()
    assert reached(found) >= {
        "read_a_file_at_home",
        "read_through_a_link",
        "read_anothers_environment",
        "read_anothers_command_line",
        "write_a_file_at_home",
        "make_a_file_outside",
        "change_a_mode",
        "connect_by_tcp",
        "connect_to_an_abstract_socket",
        "connect_to_a_service",
        "send_to_a_service_by_a_pair",
        "open_netlink",
        "end_another",
        "end_another_by_its_thread",
        "limit_another",
        "trace_itself",
        "shared_memory",
        "memory_without_a_name",
        "hide_from_the_supervisor",
    }


@pytest.mark.usually("bubblewrap-root", "landlock-ordinary", "landlock-container", "landlock-3-ordinary")
def test_what_it_leaves_running_is_ended(yard: Yard) -> None:
    """Whatever session it is in, and whatever signals it ignores."""
    done = yard.run("outlive")
    assert (done.code, done.output.splitlines()[-1]) == (0, "left")
    assert yard.left() == []


@pytest.mark.usually("*-root-SIGKILL", "bubblewrap-ordinary-SIGTERM", "landlock-ordinary-*")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_does_not_outlive_safepip(yard: Yard, number: signal.Signals) -> None:
    """However that ends."""
    with yard.start("stay") as safepip:
        assert safepip.stderr is not None
        assert safepip.stderr.readline() == b"left\n"
        assert len(yard.left()) > 3
        safepip.send_signal(number)
        safepip.communicate(timeout=PATIENCE)
    yard.wait_until_nothing_is_left()
    yard.wait_until_all_is_owned_as_before()


@pytest.mark.usually("bubblewrap-root", "landlock-ordinary", "landlock-container", "landlock-3-ordinary")
def test_its_supervisor_is_ended_and_it_ends(yard: Yard) -> None:
    """The warden of a Landlock fence sees it, and bubblewrap's own table of processes ends with it."""
    abi = 3 if yard.kind == "landlock-3" else landlock_abi()
    if yard.kind != "bubblewrap" and abi < SCOPED_ABI and (yard.user is not None or os.geteuid() != 0):
        pytest.skip("the kernel does not keep signals inside, so an ordinary user has no warden")
    with yard.start("stay") as safepip:
        assert safepip.stderr is not None
        assert safepip.stderr.readline() == b"left\n"
        with open(f"/proc/{safepip.pid}/task/{safepip.pid}/children", encoding="ascii") as file:
            (supervisor,) = map(int, file.read().split())
        os.kill(supervisor, signal.SIGKILL)
        _, err = safepip.communicate(timeout=PATIENCE)
    assert b"fence-failed" in err
    yard.wait_until_nothing_is_left()


@pytest.mark.usually(
    *(f"bubblewrap-root-{attempt}-*" for attempt in ("sleep", "fill_with_many_files", "take_memory")),
    *(f"landlock-ordinary-{attempt}-*" for attempt in ("fill_with_*ed_files", "fill_with_large_files", "write_*")),
    "landlock-3-root-take_memory-*",
)
@pytest.mark.parametrize(
    ("attempt", "limits", "stopped"),
    [
        ("sleep", {"seconds": 1.0}, "time"),
        ("fill_with_many_files", {"disk": 16 << 20}, "disk"),
        ("fill_with_deleted_files", {"disk": 64 << 20}, "disk"),
        ("fill_with_large_files", {"disk": 64 << 20}, "disk"),
        ("take_memory", {"memory": 256 << 20}, "memory"),
        ("write_without_end", {"output": 64 << 10}, "output"),
    ],
)
def test_a_limit_ends_it(yard: Yard, attempt: str, limits: dict[str, Any], stopped: str) -> None:
    """And nothing of it is left."""
    done = yard.run(attempt, **limits)
    assert done.stopped == stopped, done.output[-2000:]
    assert done.code != 0
    assert len(done.output) < (1 << 20)
    assert yard.left() == []


@pytest.mark.usually("bubblewrap-root", "landlock-ordinary", "landlock-container", "landlock-3-ordinary")
def test_it_cannot_fork_for_ever(yard: Yard) -> None:
    """The kernel refuses the next process, or the supervisor has counted them."""
    done = yard.run("fork", processes=40)
    assert done.stopped == "processes" or (done.code == 7 and int(done.output.split()[-1]) <= 40), done
    assert yard.left() == []


@pytest.mark.usually("bubblewrap-root", "landlock-ordinary", "landlock-3-ordinary")
def test_a_process_that_is_always_another_one_is_caught(yard: Yard) -> None:
    """It forks faster than it could be looked for."""
    done = yard.run("comet", seconds=2.0)
    assert yard.left() == []
    assert done.stopped in ("", "time")


@pytest.mark.usually("bubblewrap-root", "landlock-ordinary", "landlock-3-ordinary")
def test_an_honest_build_is_not_held_up(yard: Yard) -> None:
    """It writes into its folder, reads what it was given, and its exit code and output come back."""
    done = yard.run("honest")
    assert (done.code, done.stopped, done.output) == (5, "", "to be read\n"), done
    assert (yard.scratch / "made").read_text("ascii") == "made"
    assert (yard.scratch / "made").stat().st_uid == yard.scratch.stat().st_uid
