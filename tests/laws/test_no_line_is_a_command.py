"""No line that safepip prints, on either stream, is a command to the runner of a code host."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.model.errors import Refused
from safepip.reporting.runner_commands import disarm, disarm_data
from support.runs import shown

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Inside

COMMANDS = [
    "::error file=x::pwned",
    "  ::add-path::/tmp",
    "\t::set-env name=A::b",
    "\u00a0::warning::x",
    "##[error]pwned",
    "a ##[set-env name=x;]y",
    "##vso[task.setvariable variable=PATH]/tmp",
    "x ##teamcity[buildStatus]",
    "###[error]x",
    "ok\n::error::x",
    "ok\r::error::x",
    "ok\r\n \t::error::%0A::x",
    ":::error::x",
]


def obeyed(text: str) -> list[str]:
    """The lines that some runner would obey, after its own rules: lines end at CR and LF, blanks at both ends go."""
    return [line for line in re.split(r"[\r\n]", text) if line.strip().startswith("::") or re.search(r"##\w*\[", line)]


@pytest.mark.parametrize("text", COMMANDS)
def test_text_is_disarmed_and_can_still_be_read(text: str) -> None:
    """Only blanks come in."""
    assert obeyed(text)
    assert not obeyed(disarm(text))
    assert disarm(text).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet=":#[ \t\r\nva\u00a0\u2028", max_size=30))
def test_no_text_stays_a_command(text: str) -> None:
    """And what is none stays as it is."""
    assert not obeyed(disarm(text))
    assert disarm(text) == text or obeyed(text)
    assert disarm(disarm(text)) == disarm(text)


@given(st.lists(st.text(alphabet=':#[] \\"\r\nva\u2028', max_size=20)))
def test_data_says_the_same(texts: list[str]) -> None:
    """JSON, and the basic strings of TOML."""
    for ascii_only in (True, False):
        data = disarm_data(json.dumps(texts, indent=2, ensure_ascii=ascii_only))
        assert not obeyed(data)
        assert disarm(data) == data
        assert json.loads(data) == texts
    assert tomllib.loads(disarm_data(f"a = {json.dumps(texts)}"))["a"] == texts


def test_blanks_take_linear_time() -> None:
    """Counted by what is returned: nothing is looked at twice."""
    text = "\n" * 200_000 + " " * 200_000 + "x" + "#" * 200_000
    assert disarm(text) == text


def plant(target: Environment) -> None:
    """Files that belong to nobody, with names that are commands."""
    for name in ("##[error]pwned.pth", "##vso[task.x]y.py"):
        (target.site_packages / name).write_text("import os\n")
    folder = target.site_packages / "::error file=x::pwned"
    folder.mkdir()
    (folder / "x.pth").write_text("import os\n")


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_verify(words: list[str], runner: Runner, target: Environment) -> None:
    """Whoever tampers with an environment chooses its file names."""
    plant(target)
    done = runner.safepip("verify", *words, "--python", target.python)
    assert done.returncode == 20, shown(done)
    assert "error]pwned" in done.stdout
    assert obeyed(done.stdout + done.stderr) == []
    if words:
        paths = {item["path"] for item in json.loads(done.stdout)["findings"]}
        assert any("##[error]pwned.pth" in (path or "") for path in paths)


@pytest.mark.parametrize("reason", ["::error::x", "##[error]x", " ##vso[x]"])
def test_reasons_and_names_of_a_configuration(reason: str, run: Inside) -> None:
    """`check-config`, and the error about a wrong one."""
    (run.folder / "safepip.toml").write_text(
        f'[[allow]]\nproject = "demo"\nrule = "startup-hook"\nreason = "{reason}"\n', encoding="utf-8"
    )
    done = run("check-config")
    assert done.code == 0, done.err
    assert obeyed(done.out + done.err) == []
    (run.folder / "safepip.toml").write_text(f'["{reason}"]\nx = "{reason}"\n', encoding="utf-8")
    done = run("check-config")
    assert done.code == 2
    assert obeyed(done.out + done.err) == []


def test_requirements_and_what_an_index_says(run: Inside, index: IndexServer) -> None:
    """Lines of a file, a yank's reason, a line of the log; a report has it all, unchanged."""
    index.add("demo", "1.0")
    index.add("demo", "2.0", file={"yanked": "##[error]y"})
    for line in ("::error::x", "##[error]x", "demo ; '##[error]x' == 'y'", "demo==2.0"):
        (run.folder / "r.txt").write_text(f"{line}\n")
        done = run("install", "--dry-run", "-i", index.url, "-r", "r.txt", "--log", "log.txt", "-v")
        assert obeyed(done.out + done.err) == []
        assert obeyed((run.folder / "log.txt").read_text()) == []


def test_an_error_with_anything_in_it(run: Inside, capsys: pytest.CaptureFixture[str]) -> None:
    """The last words pass the same door, as does whatever else is written."""
    from safepip.edges.console.outputs import say, warn, write_data
    from safepip.edges.console.writing import last_words

    last_words(Refused.because("demo", "\r::error::x", context=("::error::y", "##[z]"), hint="::h\n::i"))
    for write in (say, warn, write_data):
        write("::error::x\n")
    reported = capsys.readouterr()
    assert obeyed(reported.out + reported.err) == []
