"""asyncio has a few threads, for what waits: a host that is looked up, a password that is asked for. None of them waits
for the loop itself, whose coroutines may need a thread to come to an end."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from support.replies import status

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Done, Inside

#: More wheels than there are threads.
NAMES = tuple(f"wheel-{letter}" for letter in "abcdefgh")


@pytest.fixture
def bare(index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> IndexServer:
    """An index that gives metadata in whole wheels only, on a machine with one processor."""
    index.sidecars = index.ranges = False
    for name in NAMES:
        index.add(name, "1.0")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert ThreadPoolExecutor()._max_workers < len(NAMES)
    return index


def answered(run: Inside, url: str) -> Done:
    """A dry run for all of the wheels. Fails where it does not come to an end."""
    found: list[Done] = []
    words = ("install", "--dry-run", "--no-input", "-i", url, *NAMES)
    thread = threading.Thread(target=lambda: found.append(run(*words)), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "it waits for ever"
    return found[0]


def test_hosts_that_have_to_be_looked_up(run: Inside, bare: IndexServer) -> None:
    """Each connection for a wheel needs a thread for that."""
    done = answered(run, bare.url.replace("127.0.0.1", "localhost"))
    assert (done.code, "Would install" in done.out) == (0, True), done


def test_files_that_want_a_password(run: Inside, bare: IndexServer) -> None:
    """Whoever may know one is asked in a thread, for each wheel anew."""
    for name in NAMES:
        (served,) = bare.projects[name].files
        bare.host.faults[f"{bare.files_prefix}{served.filename}"] = status(401, WWW_Authenticate='Basic realm="x"')
    done = answered(run, bare.url)
    assert (done.code, "answers 401" in done.err) == (1, True), done
