"""pip, run in an interpreter that `bare_start` has started: as `python -m pip` does it, with these things added.

1. Of the control characters that pip writes only those for colours reach a terminal: names and versions in its output
   come from the metadata of installed projects. To a stream that is not a terminal not even those pass.
2. Where safepip shows on a terminal what is done, pip's first words take that line's place.
3. A standard output that cannot be written is an error. pip's logging would print a traceback for each line, and pip
   end with 0.
4. Where it installs or removes, it can start no program (`start_no_program`).

The text of this file stands behind that of `bare_start` in the same program; nothing is imported here at the head but
`sys`, since it is read before the finder is in force.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Handler, LogRecord
    from typing import Any, NoReturn, TextIO


class Clean:
    """A stream that passes on what it is given without control and format characters."""

    def __init__(self, stream: "TextIO", words: "Callable[[str], str]", erase: str = "") -> None:
        self._stream = stream
        self._words = words
        self._erase = erase
        self._begins = True

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As `TextIO.write`."""
        clean = text if text.isprintable() else self._words(text)
        if self._begins and clean and self._erase:
            self._stream.write(self._erase)
        self._begins = clean.endswith("\n") if clean else self._begins
        return self._stream.write(clean)


def cleaner(*, colours: bool) -> "Callable[[str], str]":
    """What replaces each character that could steer a terminal; `colours` may stay."""
    import re

    pattern = re.compile((r"\x1b\[[0-9;]*m|" if colours else "") + r"[^ -~\n\t]")

    def shown(found: "re.Match[str]") -> str:
        return found[0] if len(found[0]) > 1 or found[0].isprintable() else "\ufffd"

    return lambda text: pattern.sub(shown, text)


def start_no_program() -> None:
    """From here on this process can start no program but this interpreter itself (PEP 578).

    To say to an index what machine this is, pip runs `lsb_release`, `uname` and `rustc`, whatever `PATH` has by these
    names: in an environment that is active that is what a wheel has installed, maybe a moment ago. Where pip only
    installs files it asks no index, and it goes on without an answer. On some versions of macOS it asks its own
    interpreter for the system's version.
    """
    names = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}

    def refuse(event: str, arguments: "tuple[Any, ...]") -> None:
        if event in names and (not arguments or arguments[0] != sys.executable):
            raise PermissionError("pip starts no program here")

    sys.addaudithook(refuse)


def run_pip(start: "Callable[..., None]") -> "NoReturn":
    """Run pip with the words of the command line. The first three are where pip lies, the folders of PYTHONPATH, and
    whether a terminal's line is erased before pip writes one."""
    import os

    home, before, erase = sys.argv[1:4]
    del sys.argv[1:4]
    # Where safepip lives in an environment with a shim, this is the environment's pip: the shim passes it through.
    vars(sys)["safepip_runs_pip"] = True
    start({"pip": [home]}, [entry for entry in before.split(os.pathsep) if entry])
    import logging
    import runpy

    # A stream that is closed is None.
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            terminal = stream.isatty()
            # ECMA-48: to the beginning of the line, and erase what is behind the cursor.
            setattr(sys, name, Clean(stream, cleaner(colours=terminal), "\r\x1b[K" if erase and terminal else ""))
    lost = []

    def handle(handler: "Handler", _record: "LogRecord") -> None:
        if getattr(getattr(handler, "console", None), "file", None) is sys.stdout:
            lost.append(sys.exc_info()[1])

    logging.Handler.handleError = handle  # type: ignore[method-assign,assignment]  # pip makes its handlers itself
    code: str | int | None = 0
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        # pip handles it once it runs; until its modules are loaded nothing has been done.
        code = 130
    except SystemExit as end:
        code = end.code
    sys.exit(code or _flush(lost))


def _flush(lost: "list[BaseException | None]") -> int:
    """Write what is left, and report where output was lost; the exit code."""
    import os

    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        lost.append(error)
    if not lost:
        return 0
    # Python would try to write it once more as it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    reason = getattr(lost[0], "strerror", None) or "it is closed"
    sys.stderr.write("ERROR: standard output cannot be written: " + reason + "\n")
    return 1
