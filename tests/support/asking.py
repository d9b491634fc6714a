"""An interpreter that confirms many runs of this process what it is: a fork of it is asked, and not a new start.

A start of an interpreter takes longer than all else that a refused `install` does. What is known of an environment has
been said by one that safepip has started itself, as always; with that it compares what the forks answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from safepip.edges.programs.starting import own_text
from safepip.edges.target import interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.model.plan import Settings, Target

#: Each fork executes the program from its first line on. Imported before are modules of the standard library that every
#: answer needs, but not `sysconfig`, which looks at the environment when it is imported.
_SERVER = """
import io, json, os, sys
import ast, collections, configparser, contextlib, enum, functools, gc, importlib.machinery, locale, logging, platform
import random, re, shutil, struct, subprocess, tempfile, traceback, typing, warnings
gc.disable()
gc.freeze()
program, text = sys.argv[1:]
if sys.path and sys.path[0] == "":
    del sys.path[0]
for line in iter(sys.stdin.readline, ""):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 0
        sys.argv[1:] = [text]
        sys.stdin, sys.stdout, sys.stderr = io.StringIO(json.loads(line)), io.StringIO(), io.StringIO()
        try:
            exec(program, {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            code = 1
        with open(writer, "w") as pipe:
            json.dump([code, sys.stdout.getvalue(), sys.stderr.getvalue()], pipe)
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    print(answer, flush=True)
"""


class _Answered:
    """What `Popen` is of a program that has ended, as far as it is used."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.returncode: int | None = None
        self._code = code
        self.stdin = None
        self.stdout, self.stderr = (_file(text) for text in (output, errors))

    def wait(self, _timeout: float | None = None) -> int:
        self.returncode = self._code
        return self._code

    def kill(self) -> None:
        """It has ended."""


def _file(text: str) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - who reads it closes it
    file.write(text.encode())
    file.seek(0)
    return file


class LongLived:
    """The interpreters that were asked in `confirming`, by their paths and environments of variables, until `close`."""

    def __init__(self) -> None:
        self._started: dict[str, subprocess.Popen[str]] = {}

    @contextlib.contextmanager
    def confirming(self) -> Iterator[None]:
        """Have these confirm what safepip asks in this process; where nothing can be forked, new ones are started."""
        if not hasattr(os, "fork"):
            yield
            return
        confirm = interpreter.confirm

        def confirm_here(target: Target, settings: Settings, environ: Mapping[str, str]) -> None:
            with patch.object(interpreter, "_ask_other", self._ask):
                confirm(target, settings, environ)

        with patch.object(interpreter, "confirm", confirm_here):
            yield

    def _ask(self, python: str, token: str, question: Mapping[str, Any], environ: Mapping[str, str]) -> _Answered:
        """As `interpreter._ask_other`."""
        key = json.dumps([python, dict(environ)])
        server = self._started[key] = self._started.get(key) or _start(python, environ)
        assert server.stdin is not None
        assert server.stdout is not None
        homes = {"packaging": [interpreter._packaging_home()]}
        said = json.dumps([token, own_text("probe.py"), homes, json.dumps(question)])
        server.stdin.write(json.dumps(said) + "\n")
        server.stdin.flush()
        return _Answered(*json.loads(server.stdout.readline()))

    def close(self) -> None:
        """End them all."""
        for server in self._started.values():
            server.communicate()
        self._started.clear()


def _start(python: str, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-S", "-c", _SERVER, interpreter._BOOTSTRAP, own_text("bare_start.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(environ),
        encoding="utf-8",
    )
