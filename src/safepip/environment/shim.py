"""A shim: what stands in the place of pip's entry points in an environment, as text, and whether it still does.

It replaces the commands `pip`, `pip3`, `pip3.11`, and `pip/__main__.py`, which `python -m pip` runs. It is no `.pth`
file: what Python runs from such a file whenever it starts can fail, and then everything goes on without it. An entry
point that fails is a pip that did not run.

The text is `edges/target/bare_shim.py` with a head and a last line; the same version of safepip makes the same text of
the same values, so a shim that was changed is found by making it once more.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from safepip.environment.verification import EnvironmentVerdict, Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: pip's own commands: `pip`, `pip3`, `pip3.11`, and virtualenv's `pip-3.11`.
_COMMANDS = re.compile(r"pip(?:-?[0-9]+(?:\.[0-9]+)*)?")
#: Linux before 5.1 takes no more of a first line, in bytes.
_LONGEST_FIRST_LINE = 127


class ShimEntry(NamedTuple):
    """One entry point. `path` is relative to the environment's folder, `saved` the name of its kept original, and
    `digest` what is known of that (`bare_unshim.digest_of`). `shims` are digests of what may stand in its place: one,
    but for a shim that was interrupted. `main` says that it is a `__main__.py`, and `cached` that there was a folder
    for its byte code."""

    path: str
    saved: str
    digest: str
    shims: tuple[str, ...]
    main: bool
    cached: bool = True


class SavedByteCode(NamedTuple):
    """Byte code of an original, kept like the original itself."""

    path: str
    saved: str
    digest: str


class Shim(NamedTuple):
    """A shim in an environment. `python` runs the commands in its place, and `command` starts safepip."""

    python: str
    command: tuple[str, ...]
    entries: tuple[ShimEntry, ...] = ()
    caches: tuple[SavedByteCode, ...] = ()


def is_pip_command(name: str) -> bool:
    """Whether a file of this name in the folder of commands is pip's."""
    return _COMMANDS.fullmatch(name) is not None


def saved_name(path: str, digest: str) -> str:
    """Where an original is kept: by its place and by what it is, so that another one never takes its name."""
    short = digest[:12] if ":" not in digest else "link"
    return f"{re.sub(r'[^A-Za-z0-9._-]', '+', path)}-{short}".lstrip(".")


def shim_text(body: str, shim: Shim, entry: ShimEntry) -> str:
    """The file that stands in the place of an entry point. `body` is the text of `bare_shim.py`."""
    up = "/".join([".."] * entry.path.count("/"))
    values = {"root": up, "saved": entry.saved, "main": entry.main, "command": list(shim.command)}
    head = "" if entry.main else _first_lines(shim.python)
    return (
        f"{head}# This is safepip's shim in the place of pip's entry point: `safepip help shim` says what it does.\n"
        f"{body}\n\nrun({values!a}, globals())\n"
    )


def _first_lines(python: str) -> str:
    """What makes a script one of this Python's. A path that a first line cannot hold is given to it by sh, in a line
    that is a string to Python."""
    if len(python.encode()) + 2 <= _LONGEST_FIRST_LINE and not re.search(r"\s", python):
        return f"#!{python}\n"
    return f"#!/bin/sh\n'''exec' {shlex.quote(python)} \"$0\" \"$@\"\n' '''\n"


def findings(
    shim: Shim, root: str, found: Mapping[str, str], made: Callable[[ShimEntry], str], *, starts: bool
) -> list[Finding]:
    """What is not as the shim was put on. `found` gives for each path what is there, as `ShimEntry.digest`, `made` the
    digest of the text that belongs there, and `starts` says whether what starts safepip is there."""
    result = []
    for entry in shim.entries:
        there, path = found.get(entry.path, ""), f"{root}/{entry.path}"
        if there == made(entry):
            continue
        if not there:
            detail = "is not there, and the shim with it"
        elif there == entry.digest:
            detail = "is pip's own: the shim is not there any more"
        elif there in entry.shims:
            detail = "is the shim of another version, or was changed together with its digest"
        else:
            detail = "is neither the shim nor what it replaced"
        result.append(Finding(Kind.SHIM, path, detail=detail))
    if not starts:
        result.append(Finding(Kind.SHIM, shim.command[0], detail="is what the shim starts, and is not there"))
    return result


def stands(shim: Shim, found: Mapping[str, str]) -> frozenset[str]:
    """The paths of the entry points at which the shim is now, relative to the environment's folder."""
    return frozenset(entry.path for entry in shim.entries if found.get(entry.path, "") in entry.shims)


def with_findings(verdict: EnvironmentVerdict, more: list[Finding]) -> EnvironmentVerdict:
    """The outcome of `verify`, with what is to be said of the shim first."""
    return verdict._replace(findings=(*more, *verdict.findings))
