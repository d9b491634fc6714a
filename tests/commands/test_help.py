"""`safepip help`: the page of an error, wherever safepip is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip import __main__ as start
from safepip.options.table import OPTIONS
from safepip.reporting.pages import references_in, render_page

if TYPE_CHECKING:
    from support.inside import Inside

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = ROOT / "docs" / "refusals"
REFERENCES = sorted(page.stem for page in REFUSALS.glob("*.md") if page.name != "README.md")

#: Runs many command lines in one process that knows no other safepip; prints exit codes. A path is what it may import.
MANY = """
import sys
folder, *words = sys.argv[1:]
sys.path.insert(0, folder)
from safepip import __main__ as start
from safepip.options.table import OPTIONS
assert start.__file__.startswith(folder), start.__file__
sys.exit(max(start.main(["help", word]) for word in words))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """safepip's own wheel, made of its sdist as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t"]
    subprocess.run([*command, "sdist", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    subprocess.run([sys.executable, "-m", "tarfile", "-e", str(sdist), str(folder)], check=True, capture_output=True)
    tree = folder / sdist.name.removesuffix(".tar.gz")
    subprocess.run([*command, "wheel", "-d", str(folder)], cwd=tree, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.parametrize("form", ["installed", "an archive"])
def test_every_page_is_shown_from_a_wheel_alone(wheel: Path, tmp_path: Path, form: str) -> None:
    place = wheel
    if form == "installed":
        place = tmp_path / "site"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
    command = [sys.executable, "-c", MANY, str(place), *REFERENCES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    pages = [render_page((REFUSALS / f"{name}.md").read_text("utf-8"), 80) for name in REFERENCES]
    assert done.stdout == "".join(f"{page}\n" for page in pages)


@pytest.mark.parametrize("verb", start._OWN)
def test_every_command_of_its_own_has_its_help(run: Inside, verb: str) -> None:
    asked, helped = run(verb, "--help"), run("help", verb)
    assert (asked.code, helped.code, asked.err) == (0, 0, "")
    assert asked.out == helped.out
    assert asked.out.strip().startswith("Usage:")


@pytest.mark.parametrize("words", [(), ("help",), ("-h",), ("help", "help"), ("help", "--help"), ("help", "-h")])
def test_help_without_a_command_lists_them(run: Inside, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.code, done.out, done.err) == (0, f"{start._HELP}\n", "")


def test_several_pages_are_shown_one_after_another(run: Inside) -> None:
    done = run("help", "cooldown", "late-file")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("cooldown\n\n")
    assert "\n\n\nlate-file\n\n" in done.out


def test_the_list_of_all_errors_is_shown(run: Inside) -> None:
    done = run("help", "errors")
    assert done.code == 0
    assert set(REFERENCES) <= set(done.out.splitlines())


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("lookalike", "did you mean safepip help look-alike?"),
        ("claimed_name", "did you mean safepip help claimed-name?"),
        ("instal", "did you mean safepip help install?"),
        ("xyzzy", "safepip help errors lists the references of all errors"),
        ("../README", "safepip help errors lists the references of all errors"),
    ],
)
def test_an_unknown_word_is_an_error_with_a_guess(run: Inside, word: str, hint: str) -> None:
    """And nothing is shown, also of the words beside it."""
    done = run("help", "cooldown", word)
    assert (done.code, done.out) == (1, "")
    assert f"'{word}' is neither a command nor the reference of an error" in done.err
    assert f"\nhint: {hint}\n" in done.err
    guess = hint.removeprefix("did you mean safepip ").rstrip("?").split()
    if guess[0] == "help":
        assert run(*guess).code == 0


def test_the_last_line_of_an_error_shows_its_page(run: Inside) -> None:
    done = run("isntall")
    last = done.err.splitlines()[-1].partition("More: safepip ")[2].split()
    assert last == ["help", "unknown-command"]
    assert run(*last).out.startswith("unknown-command\n")


def test_no_command_has_the_name_of_an_error() -> None:
    """Else `safepip help` would show one of the two."""
    assert not {*start.PASSED_THROUGH, *start._OWN, "errors"}.intersection(REFERENCES)


def test_every_page_is_in_the_list(run: Inside) -> None:
    """It is what `safepip help` knows the references by."""
    assert sorted(references_in((REFUSALS / "README.md").read_text("utf-8"))) == REFERENCES


def test_the_manual_page_has_every_option_that_is_shown(run: Inside) -> None:
    done = run("help", "--man")
    assert (done.code, done.err) == (0, "")
    text = done.out.replace("\\-", "-")
    assert text.startswith(".TH SAFEPIP 1 ")
    for option in OPTIONS:
        assert option.hidden or option.long in text, option.long
    for line in done.out.splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0] in (".TH", ".SH", ".SS", ".TP", ".B", ".nf", ".fi"), line


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff")
def test_the_manual_page_is_read_without_a_warning(run: Inside) -> None:
    page = run("help", "--man").out
    command = ["groff", "-man", "-Tascii", "-ww", "-P-c", "-P-b", "-P-u"]
    shown = subprocess.run(command, input=page, capture_output=True, text=True, check=True)
    assert shown.stderr == ""
    assert "--requirement <file>" in shown.stdout
