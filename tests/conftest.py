"""Fixtures shared by all tests: indexes in memory, real private indexes, target environments, and the command."""

from __future__ import annotations

import gc
import os
import signal
import socket
import time
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from support.certificates import Authority
from support.environment import Environment, Runner, make_environment
from support.index import IndexServer
from support.inside import Inside
from support.servers import DevpiServer, PypiServer, running_devpi, running_pypiserver
from support.shims import environment_with_pip, pip_wheel
from support.single_file import write_application

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# A shell that starts the tests in the background has them ignore Ctrl-C, `nohup` the end of a terminal, and so would
# every program that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes to make or to run says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# The tests mean the environment that they run in, and make every other one themselves.
for variable in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_EXE", "_CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
    os.environ.pop(variable, None)

ROOMS = Path(__file__).parents[1] / "src" / "safepip"
#: The folders whose tests run the source in their own process, a room at a time. Where the gate measures what of it is
#: executed, it measures these tests: the others start programs, which are not seen, or work the source hard on purpose.
#: They are the rooms that compute, so that a new one is measured as its source is.
MEASURED = {room.name for room in ROOMS.iterdir() if (room / "__init__.py").is_file()} - {"commands", "edges"}
UNMEASURED = {"test_hostile_wheels.py", "test_benign_wheels.py", "test_scenarios.py"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`no_cover` is pytest-cov's mark for a test that is not measured. `usually` makes the other cases slow."""
    here = Path(__file__).parent
    for item in items:
        usual = item.get_closest_marker("usually")
        if usual is not None and isinstance(item, pytest.Function):
            case = item.callspec.id
            if not any(fnmatchcase(case, pattern) for pattern in usual.args):
                item.add_marker("slow")
        room = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        if room not in MEASURED or item.path.name in UNMEASURED:
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end, so Python's garbage collector passes over it. To look through more than ten
    thousand tests takes a part of a second each time, and while they are made it is due often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def index() -> Iterator[IndexServer]:
    """One index on loopback."""
    with IndexServer() as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """safepip run in this process, in an empty folder: for commands that start no pip."""
    return Inside(tmp_path, monkeypatch)


@pytest.fixture
def two_indexes() -> Iterator[tuple[IndexServer, IndexServer]]:
    """An internal index and a public one, each a host of its own on loopback."""
    with IndexServer() as internal, IndexServer() as public:
        yield internal, public


@pytest.fixture
def no_socket_left() -> Iterator[None]:
    """Fails where a socket is open afterwards that was not before, or was closed by Python's garbage collector."""

    def count() -> int:
        gc.collect()
        return sum(type(one) is socket.socket and one.fileno() != -1 for one in gc.get_objects())

    before = count()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        yield
        # The threads of a test's own servers close theirs in their own time.
        end = time.monotonic() + 10
        while (after := count()) > before and time.monotonic() < end:
            time.sleep(0.01)
    assert [str(one.message) for one in seen] == []
    assert after <= before


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nobody trusts but who is given `--cert` with its `bundle`."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_index(authority: Authority) -> Iterator[IndexServer]:
    """One index over https on loopback."""
    with IndexServer(tls=authority.context()) as server:
        yield server


@pytest.fixture(scope="session")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PypiServer]:
    """A pypiserver, started once; copy wheels of names that only one test uses into its folder."""
    with running_pypiserver(tmp_path_factory.mktemp("pypiserver")) as server:
        yield server


@pytest.fixture(scope="session")
def devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevpiServer]:
    """A devpi-server, started once; make an index of its own for each test."""
    with running_devpi(tmp_path_factory.mktemp("devpi")) as server:
        yield server


@pytest.fixture(scope="session")
def with_pip(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with a pip of its own, made once. Whoever changes it works on a copy, or gives it back as it
    was."""
    return environment_with_pip(tmp_path_factory.mktemp("pip"))


@pytest.fixture(scope="session")
def newer_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a newer pip, 99.0, which works as the one beside the tests."""
    return pip_wheel(tmp_path_factory.mktemp("newer-pip"), "99.0")


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """safepip as one file, made once; tests that need it elsewhere copy it."""
    return write_application(tmp_path_factory.mktemp("application"))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Runs safepip and pip in an empty project folder, with a home of their own and none of the machine's settings."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Runner(folder, tmp_path / "home")


@pytest.fixture
def target(tmp_path: Path) -> Environment:
    """A fresh virtual environment to install into."""
    return make_environment(tmp_path / "target")


@pytest.fixture
def new_target(tmp_path: Path) -> Callable[[str], Environment]:
    """Makes further virtual environments by name."""
    return lambda name: make_environment(tmp_path / name)


@pytest.fixture
def tied() -> None:
    """Says that a test runs its programs under `bare_tie`, in a module whose others do not (`untied`)."""


@pytest.fixture
def untied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program that fetches run by itself, as it does where there is no fork(2).

    Otherwise a Python stands before each git, which takes ten times its time. What that Python does is said in
    `edges/builder/test_programs.py`; a repository is the same to a git with it and without.
    """
    if "tied" not in request.fixturenames:
        monkeypatch.setattr("safepip.edges.builder.programs.own_python", lambda: "")
