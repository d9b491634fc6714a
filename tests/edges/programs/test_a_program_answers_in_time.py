"""A program that is asked something has a time to answer in, and a size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.credentials import Credentials
from safepip.edges.programs.program_output import gather
from safepip.edges.target.listing import find_place
from safepip.model.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_ENDLESS = "import os\nwhile True: os.write({}, bytes(1 << 16))"


def begun(program: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, stderr=pipe)


def test_both_streams_come_whole_and_the_question_arrives() -> None:
    """However much of each there is."""
    program = "import sys\ntext = sys.stdin.read()\nsys.stderr.write(text * 2)\nsys.stdout.write(text)"
    question = b"x" * 300_000
    process = begun(program)
    assert gather(process, 60, question) == (question, question * 2)
    assert process.returncode == 0


@pytest.mark.parametrize("stream", [1, 2])
def test_an_output_without_end_is_cut_off(stream: int) -> None:
    """The program is ended."""
    process = begun(_ENDLESS.format(stream))
    with pytest.raises(OSError, match="without end"):
        gather(process, 60)
    assert process.returncode


def test_a_program_that_does_not_end_is_ended() -> None:
    """Nobody waits for it longer than was said."""
    process = begun("import time\ntime.sleep(600)")
    with pytest.raises(subprocess.TimeoutExpired):
        gather(process, 0.5)
    assert process.returncode


def test_what_a_program_leaves_behind_is_not_waited_for() -> None:
    """A process that it started may hold its output open for ever."""
    child = f"subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)'])"
    process = begun(f"import subprocess\nleft = {child}\nprint(left.pid, 'said' * 100_000)")
    start = time.monotonic()
    number, said = gather(process, 3600)[0].split()
    os.kill(int(number), signal.SIGKILL)
    assert said == b"said" * 100_000
    assert time.monotonic() - start < 50
    assert process.returncode == 0


def _script(folder: Path, name: str, program: str) -> str:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{program}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_an_interpreter_and_a_keyring_without_end(tmp_path: Path) -> None:
    """What claims to be a Python is told as one that does not answer, and a keyring is passed over."""
    python = _script(tmp_path, "python", _ENDLESS.format(1))
    with pytest.raises(Unavailable) as caught:
        find_place(python, {})
    assert caught.value.diagnostics[0].reference == "python-failed"
    _script(tmp_path, "keyring", _ENDLESS.format(1))
    credentials = Credentials({"PATH": str(tmp_path), "HOME": str(tmp_path)})
    credentials.permit(keyring_provider="subprocess", no_input=True)
    assert credentials.after_challenge("https://index.example/simple/") is None
    assert "no usable answer" in credentials.notices[0]
