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
    "_hashlib",
    "difflib",
    "shlex",
    "safepip.build",
    "safepip.commands.lazy_building",
    "safepip.edges.disk.well_known",
    "safepip.model.advisories",
    "safepip.edges.user.terminal",
    "safepip.requirements.corrections",
    "safepip.requirements.direct",
    "safepip.requirements.editables",
    "safepip.requirements.encodings",
    "safepip.requirements.line_digests",
    "safepip.requirements.lock_requests",
    "safepip.requirements.misplaced",
    "safepip.requirements.other_files",
    "safepip.requirements.project_files",
    "safepip.requirements.unhashable",
    "anyio",
    "asyncio",
    "httpx",
    "resolvelib",
    "safepip.edges.console.progress",
    "safepip.edges.network.index_credentials",
    "safepip.edges.network.loop",
    "safepip.edges.network.proxies",
    "safepip.model.candidate",
    "safepip.model.page",
    "safepip.edges.disk.store",
    "safepip.edges.indexes.catalog",
    "safepip.vetting.cooldown",
    "ssl",
)

#: How many of safepip's own modules a run loads that has nothing to do. It is what people run most often, and each
#: module costs it about a quarter of a millisecond; one more needs a reason, and one less lowers the number.
MOST_MODULES = 101

SCRIPT = """
import sys, threading
from safepip.__main__ import main
code = main(sys.argv[1:])
print("threads", threading.active_count())
print("own", *(name for name in sys.modules if name.partition(".")[0] == "safepip"))
print("loaded", *(name for name in {unneeded!r} if name in sys.modules))
sys.exit(code)
"""


def test_what_is_installed_is_kept_without_opening_anything(runner: Runner, index: IndexServer) -> None:
    """`packaging` is there, safepip being made of it. The report is asked for because a managed environment allows
    that much."""
    words = ("install", "--dry-run", "--report", "report.json", "-i", index.url, "packaging")
    done = runner.run([sys.executable, "-P", "-c", SCRIPT.format(unneeded=UNNEEDED), *words])
    assert done.returncode == 0, shown(done)
    threads, own, loaded = done.stdout.splitlines()[-3:]
    assert (threads, loaded) == ("threads 1", "loaded")
    assert len(own.split()) - 1 <= MOST_MODULES, own
    assert index.paths_asked() == []


def test_what_is_not_installed_opens_them(runner: Runner, index: IndexServer) -> None:
    """So the test above looks where there is something to be seen."""
    index.add("demo", "1.0")
    words = ("install", "--dry-run", "--report", "report.json", "-i", index.url, "--cooldown", "0", "demo")
    done = runner.run([sys.executable, "-P", "-c", SCRIPT.format(unneeded=UNNEEDED), *words])
    assert done.returncode == 0, shown(done)
    assert set(done.stdout.splitlines()[-1].split()[1:]) >= {"httpx", "resolvelib", "safepip.edges.disk.store"}
