"""A run that finds everything installed opens nothing: no loop, no connection, no store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Runner
    from support.index import IndexServer

#: The search, the network and what serves it, and what only errors need.
UNNEEDED = (
    "difflib",
    "shlex",
    "safepip.requirements.corrections",
    "anyio",
    "asyncio",
    "httpx",
    "resolvelib",
    "safepip.edges.console.progress",
    "safepip.edges.disk.store",
    "safepip.edges.indexes.catalog",
    "safepip.vetting.cooldown",
    "ssl",
)

SCRIPT = """
import sys, threading
from safepip.__main__ import main
code = main(sys.argv[1:])
print("threads", threading.active_count())
print("loaded", *(name for name in {unneeded!r} if name in sys.modules))
sys.exit(code)
"""


def test_what_is_installed_is_kept_without_opening_anything(runner: Runner, index: IndexServer) -> None:
    """`packaging` is there, safepip being made of it. The report is asked for because a managed environment allows
    that much."""
    words = ("install", "--dry-run", "--report", "report.json", "-i", index.url, "packaging")
    done = runner.run([sys.executable, "-P", "-c", SCRIPT.format(unneeded=UNNEEDED), *words])
    assert done.returncode == 0, shown(done)
    assert done.stdout.splitlines()[-2:] == ["threads 1", "loaded"]
    assert index.paths_asked() == []


def test_what_is_not_installed_opens_them(runner: Runner, index: IndexServer) -> None:
    """So the test above looks where there is something to be seen."""
    index.add("demo", "1.0")
    words = ("install", "--dry-run", "--report", "report.json", "-i", index.url, "--cooldown", "0", "demo")
    done = runner.run([sys.executable, "-P", "-c", SCRIPT.format(unneeded=UNNEEDED), *words])
    assert done.returncode == 0, shown(done)
    assert set(done.stdout.splitlines()[-1].split()[1:]) >= {"httpx", "resolvelib", "safepip.edges.disk.store"}
