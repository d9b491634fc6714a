"""Tables that programs write into `README.md`: each between two marker lines, which stay."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"


class NoPlace(Exception):
    """A text has no place for a table, or not exactly one."""


def markers(name: str) -> tuple[str, str]:
    """The two lines between which the table of that name stands."""
    return f"<!-- {name}: written by a program -->", f"<!-- {name}: end -->"


def placed(text: str, name: str, lines: list[str]) -> str:
    """The text with these lines in the table's place, and nothing else changed. Raises `NoPlace`."""
    rows = text.split("\n")
    begin, end = markers(name)
    if rows.count(begin) != 1 or rows.count(end) != 1 or rows.index(begin) > rows.index(end):
        raise NoPlace(f"there have to be two lines, once and in this order: {begin} and {end}")
    if {begin, end} & set(lines):
        raise NoPlace("a table cannot have the lines that mark its place")
    first, last = rows.index(begin), rows.index(end)
    return "\n".join([*rows[: first + 1], "", *lines, "", *rows[last:]])


def write(name: str, lines: list[str], path: Path = README) -> None:
    """Put a table into a file. Raises `NoPlace`, and then nothing has changed."""
    path.write_text(placed(path.read_text(encoding="utf-8"), name, lines), encoding="utf-8")


def state() -> str:
    """The day, and the commit of what is measured: that of the checkout that safepip is imported from.

    Ends the program where that is no checkout, or the one of another `benchmarks`: a table would say what is not so.
    """
    import safepip

    source = Path(safepip.__file__).resolve().parent.parent
    if source != HERE.parent / "src":
        raise SystemExit(f"safepip is imported from {source}, and this is not its checkout: install it with pip -e")
    commit = _git("rev-parse", "--short", "HEAD")
    changed = " with changes" if _git("status", "--porcelain", "--", "src") else ""
    return f"{time.strftime('%Y-%m-%d')}, commit {commit}{changed}"


def moved(before: str) -> list[str]:
    """A sentence where the checkout is no more what it was when it was measured; `before` is its `state` then."""
    now = state()
    return [] if now.partition(", ")[2] == before.partition(", ")[2] else [f"the checkout has changed: {before}; {now}"]


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(HERE), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {words[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()
