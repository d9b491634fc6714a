"""A run opens its network once, whoever needs it first: a second one would leave its connections open."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.network import http
from safepip.edges.network.access import NetworkAccess
from safepip.edges.network.credentials import Credentials
from safepip.model.plan import Network
from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Runner


def test_threads_that_need_it_at_the_same_moment_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search and a guess do."""
    made: list[http.Transport] = []
    meeting = threading.Barrier(2)

    class Slow(http.Transport):
        def __init__(self, *arguments: Any) -> None:
            # Whoever else is in here as well comes to the meeting; nobody waits long for one who is not.
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(0.5)
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(http, "Transport", Slow)
    access = NetworkAccess(Network(), Credentials({}), {})
    threads = [threading.Thread(target=access.transport) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [access.transport()]
    access.close()


def test_options_of_a_requirements_file_close_the_network_that_was_opened_without_them() -> None:
    """`--trusted-host` may stand in one; the same settings change nothing."""
    access = NetworkAccess(Network(), Credentials({}), {})
    first = access.transport()
    access.use(Network())
    assert access.transport() is first
    access.use(Network(trusted_hosts=("files.example",)))
    assert access.transport() is not first
    access.close()


def test_it_is_closed_while_another_thread_is_opening_it() -> None:
    """That takes long: it imports the client. A second Ctrl-C meanwhile must not leave the loop behind."""
    access = NetworkAccess(Network(), Credentials({}), {})
    access.loop.run(_nothing())
    with access._opening:
        closing = threading.Thread(target=access.close, daemon=True)
        closing.start()
        closing.join(10)
        assert not closing.is_alive()
    assert "safepip-loop" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("offline", [False, True])
def test_it_is_imported_ahead_of_time_unless_it_may_not_be_used(offline: bool) -> None:
    """In the loop's thread, while the one that will need it waits for another program."""
    program = f"""
import sys
from safepip.edges.network.access import NetworkAccess
from safepip.edges.network.credentials import Credentials
from safepip.model.plan import Network
access = NetworkAccess(Network(offline={offline}), Credentials({{}}), {{}})
access.prepare()
access.close()
print("safepip.edges.network.http" in sys.modules, "asyncio" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(not offline)] * 2


def test_a_run_that_finds_a_cache_imports_no_network_ahead_of_time(runner: Runner, tmp_path: Path) -> None:
    """A warm run mostly needs none; where there is no cache, there will be requests."""
    program = """
import sys
from safepip.commands import inputs
from safepip.commands.resources import Resources
asked = []
with Resources() as resources:
    resources.network.prepare = lambda: asked.append(True)
    inputs.read_inputs("install", sys.argv[1:], resources)
    print(resources.plan.settings.cache_dir)
print(len(asked))
"""
    python, cache = make_other(tmp_path / "other"), tmp_path / "cache"
    words = ["--dry-run", "--python", python, "--cache-dir", str(cache), "-i", "http://127.0.0.1:9/", "app"]

    def prepared() -> list[str]:
        done = runner.run([sys.executable, "-P", "-c", program, *words])
        assert done.returncode == 0, shown(done)
        return done.stdout.splitlines()[-2:]

    folder, times = prepared()
    assert times == "1"
    Path(folder).mkdir(parents=True, exist_ok=True)
    # Asked anew, though the cache knows the answer by now.
    for known in Path(folder).glob("interpreters-*"):
        shutil.rmtree(known)
    assert prepared() == [folder, "0"]


def make_other(folder: Path) -> str:
    """The interpreter of an environment that is not this one."""
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


async def _nothing() -> None:
    """What starts the loop's thread."""
