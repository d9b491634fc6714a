"""Standard output and standard error closed, full or without a reader: data is written or the run fails, words may go.

No traceback, no silence where something was asked for, and no file that gets the number of a closed stream.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.console import outputs
from support.environment import SAFEPIP, Runner, make_environment
from support.index import IndexServer
from support.inside import run_inside
from support.pairs import pairs
from support.runs import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.environment import Environment

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")

#: Commands that answer, with the exit code that they have where the answer arrives.
ANSWERS = {
    "--version": 0,
    "--help": 0,
    "install --help": 0,
    "check-config": 0,
    "lock -o - -i INDEX app": 0,
    "install --dry-run --report - -i INDEX app": 0,
    "install --dry-run -i INDEX app": 0,
    "explain -i INDEX --json -r app.in app": 0,
    "verify --json --python TARGET": 20,
    "verify --python TARGET": 20,
}


def run(runner: Runner, command: str, redirection: str, index: IndexServer) -> subprocess.CompletedProcess[str]:
    """The command in a shell, whatever of its two streams is not redirected being kept."""
    return runner.run(["sh", "-c", f"exec {SAFEPIP} {filled(runner, command, index)} {redirection}"])


def filled(runner: Runner, command: str, index: IndexServer) -> str:
    """The command with what it names."""
    return command.replace("INDEX", index.url).replace("TARGET", str(runner.folder / "hooked"))


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Runs in a folder in which there is something to tell, with one home: each interpreter is asked once."""
    root = tmp_path_factory.mktemp("outputs")
    made = Runner(root / "project", root / "home")
    made.folder.mkdir()
    (made.folder / "app.in").write_text("app\n")
    hooked = make_environment(made.folder / "hooked")
    (hooked.site_packages / "evil.pth").write_text("import os\n")
    return made


@pytest.fixture(scope="module")
def offering() -> Iterator[IndexServer]:
    """An index with one project."""
    with IndexServer() as index:
        index.add("app", "1.0")
        yield index


@pytest.mark.parametrize(
    ("command", "redirection"),
    pairs(ANSWERS, [">&-", ">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&-"], every=3),
)
def test_what_was_asked_for_arrives_or_the_run_fails(
    command: str, redirection: str, offering: IndexServer, runner: Runner
) -> None:
    """With one error on standard error where that is open."""
    done = run(runner, command, redirection, offering)
    assert done.returncode == 1, shown(done)
    assert done.stdout == ""
    if "2>" not in redirection:
        assert done.stderr.count("error: output-not-written") == 1, shown(done)
        reason = "it is closed" if ">&-" in redirection else "No space left on device"
        assert f"standard output cannot be written: {reason}" in done.stderr
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(("command", "redirection"), pairs(ANSWERS, ["2>&-", "2>/dev/full", "<&-"], every=3))
def test_what_goes_to_standard_error_may_be_lost(
    command: str, redirection: str, offering: IndexServer, runner: Runner
) -> None:
    """The exit code and the answer are what they would be."""
    usual = run_inside(runner.folder, runner.environment(), *filled(runner, command, offering).split())
    assert usual.code == ANSWERS[command], usual.err
    done = run(runner, command, redirection, offering)
    assert (done.returncode, "Traceback" in done.stdout) == (usual.code, False), shown(done)
    assert len(done.stdout.splitlines()) == len(usual.out.splitlines())


@pytest.mark.usually(">/dev/full", "2>&-")
@pytest.mark.parametrize("redirection", ["", ">&-", ">/dev/full", "2>&-", "2>/dev/full", ">&- 2>&-"])
def test_an_error_keeps_its_exit_code_where_nobody_reads_it(
    redirection: str, offering: IndexServer, runner: Runner
) -> None:
    """A refusal stays a refusal."""
    assert run(runner, "install -i INDEX no-such-project", redirection, offering).returncode == 1
    assert run(runner, "install --no-such-option", redirection, offering).returncode == 2


@pytest.mark.usually(">/dev/full", "2>&-")
@pytest.mark.parametrize(
    "redirection", [">&-", ">/dev/full", "2>&-", "2>/dev/full", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"]
)
def test_an_installation_needs_nobody_who_listens(
    redirection: str, offering: IndexServer, runner: Runner, target: Environment
) -> None:
    """It is done, and a full disk is told where that is possible. The test below has all three closed."""
    done = run(runner, f"install --python {target.python} -i INDEX app", redirection, offering)
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"app": "1.0"}
    assert "Traceback" not in done.stdout + done.stderr
    stated = done.stderr.count("notice: standard output cannot be written: No space left on device")
    assert stated == (redirection == ">/dev/full")


def test_no_file_gets_the_number_of_a_closed_stream(offering: IndexServer, runner: Runner, target: Environment) -> None:
    """pip would write its lines into it: into the log, the report, or a wheel in the store."""
    words = f"install --python {target.python} -i INDEX -v --log log.txt --report report.json app"
    done = run(runner, words, "<&- >&- 2>&-", offering)
    assert done.returncode == 0, shown(done)
    assert "Collecting" not in (runner.folder / "report.json").read_text()
    assert "Collecting" not in (runner.folder / "log.txt").read_text()
    assert target.installed() == {"app": "1.0"}


def test_a_reader_that_goes_away_ends_the_run_quietly(runner: Runner) -> None:
    """As with pip."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [SAFEPIP, "install", "--help"],
            stdout=writer,
            stderr=subprocess.PIPE,
            env=runner.environment(),
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.usually("list")
@pytest.mark.parametrize("verb", ["list", "freeze"])
def test_a_full_pip_of_its_own_verbs_is_an_error(verb: str, runner: Runner) -> None:
    """pip itself would print a traceback for each line, and end with 0."""
    done = runner.run(["sh", "-c", f"exec {SAFEPIP} {verb} >/dev/full"])
    assert done.returncode == 1, shown(done)
    assert done.stderr == "ERROR: standard output cannot be written: No space left on device\n"


def test_characters_that_a_stream_lacks_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a stream that was closed by the program is no other case than a full one."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    outputs.say("fäx\n")
    assert stream.buffer.getvalue() == b"f?x\n"
    monkeypatch.setattr(outputs, "_reported", True)
    stream.close()
    outputs.say("lost\n")
    with pytest.raises(OSError, match="closed"):
        outputs._Closed().write("x")
