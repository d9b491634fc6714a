"""Runs pip or safepip many times in one process, so that hundreds of dry runs cost one start.

    python installer_worker.py pip|safepip

Each line on stdin is a job: {"argv": [...], "path": [...], "report": FILE}. `argv` is a whole command line without
the program; the folders of `path` join `sys.path` for this job alone, and with them the distributions that
are installed in them. Each line of the answer is {"exit": code, "words": all that was printed, "report": JSON or null}.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safepip.edges.programs import bare_start

if TYPE_CHECKING:
    from collections.abc import Callable

    Main = Callable[[list[str]], int]

_ENTRIES = bare_start.site_entries


def main_of(program: str) -> Main:
    """The function that runs one command line of the program."""
    if program == "pip":
        from pip._internal.cli.main import main as pip

        return pip
    from safepip.__main__ import main as safepip

    return safepip


def run(main: Main, job: dict[str, Any]) -> dict[str, Any]:
    """Do one job."""
    report = Path(job["report"])
    report.unlink(missing_ok=True)
    words = io.StringIO()
    before = list(sys.path)
    sys.path.extend(job["path"])
    # safepip asks itself which folders an ordinary start has on the path.
    bare_start.site_entries = lambda prefix: [*_ENTRIES(prefix), *job["path"]]
    try:
        with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
            try:
                code = main(job["argv"])
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except Exception:  # noqa: BLE001 - a crash is a result, which the test then shows
                words.write(traceback.format_exc())
                code = 70
    finally:
        sys.path[:] = before
    found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else None
    return {"exit": code, "words": words.getvalue(), "report": found}


def serve(program: str) -> None:
    """Answer jobs until stdin ends. What a program prints past Python goes to stderr, not among the answers."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    main = main_of(program)
    for line in sys.stdin:
        answers.write(json.dumps(run(main, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
