"""What a `.pth` file does is read as every CPython reads it: held against the `site` module of each that is here."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.wheel.pth import read_pth, read_start

if TYPE_CHECKING:
    from pathlib import Path

#: Goes through many `.pth` files with the `site` module of the Python that runs it, and tells what each did.
_ASK = r"""
import io, json, os, site, sys
folder = sys.argv[1]
answers = []
for text in json.load(sys.stdin):
    with open(os.path.join(folder, "x.pth"), "wb") as file:
        file.write(text.encode("latin-1"))
    before, sys.ran = list(sys.path), []
    err, sys.stderr = sys.stderr, io.StringIO()
    try:
        site.addpackage(folder, "x.pth", set())
        failed = False
    except Exception:
        failed = True
    sys.stderr = err
    answers.append([len(sys.ran), [entry for entry in sys.path if entry not in before], failed])
    sys.path[:] = before
json.dump(answers, sys.stdout)
"""

_RUNS = "import sys; sys.ran.append(1)"
_PIECES = [
    _RUNS,
    f"import\t{_RUNS[7:]}",
    f" {_RUNS}",
    "import",
    "a",
    "b",
    "a/c",
    "#",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x0b",
]
_PIECES += [
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\xc2\x85",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "\xe9",
    "\xc3\xa9",
    "\x00",
]
_PIECES += ["\n", "\n", "../out", "\\", _RUNS, _RUNS, _RUNS, "a\x0cb"]


def contents() -> list[str]:
    """Contents of `.pth` files, as Latin-1: each piece by itself, and a thousand mixtures that are always the same."""
    chance = random.Random(829)
    mixed = ["".join(chance.choices(_PIECES, k=chance.randint(1, 7))) for _ in range(1000)]
    return [*_PIECES, *(f"#{piece}{_RUNS}" for piece in _PIECES), *(f"a{piece}{_RUNS}\n" for piece in _PIECES), *mixed]


def pythons() -> list[str]:
    """Every Python on PATH that starts, this one first."""
    found = [sys.executable]
    for minor in range(9, 16):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            found.append(path)
    return found


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_what_runs_or_is_added_in_any_python_has_been_read(python: str, locale: str, tmp_path: Path) -> None:
    """No line that Python runs, and no folder that it adds, is missing in what is read."""
    for folder in ("a/c", "b", "site/a/c", "site/b", "out", "site/é", "site/a\x0cb"):
        (tmp_path / folder).mkdir(parents=True)
    texts = contents()
    site = tmp_path / "site"
    done = subprocess.run(
        [python, "-S", "-B", "-c", "import site\n" + _ASK, str(site)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    ran_something = 0
    for text, (ran, added, _failed) in zip(texts, json.loads(done.stdout), strict=True):
        read = read_pth(text.encode("latin-1"))
        ran_something += bool(ran)
        assert len(read.code) >= bool(ran), text
        for folder in added:
            # To 3.9 a line of white space is the folder itself, which is on the path already.
            assert folder in {str(site), *(os.path.normpath(site / line) for line in read.paths)}, (text, folder)
    assert ran_something > 50, "the mixtures are too poor to show anything"


def test_a_line_counts_once_however_often_it_is_read() -> None:
    """The two ways of splitting lines agree on nearly every file."""
    assert read_pth(b"# x\nimport a; b\n\n  \nfolder\nfolder/more  \n") == (
        ("import a; b",),
        ("folder", "folder/more"),
    )


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_every_end_of_a_line_is_one_somewhere(end: str) -> None:
    """From 3.13 on a comment, or a path, may end where it did not before."""
    for start in ("#", "folder"):
        assert read_pth(f"{start}{end}import x\n".encode()).code == ("import x",)


def test_neither_a_mark_nor_a_broken_letter_hides_a_line() -> None:
    """A byte order mark is no part of the first line, and what is not UTF-8 is read all the same."""
    assert read_pth(b"\xef\xbb\xbfimport x").code == ("import x",)
    assert read_pth(b"# caf\xe9\nimport x").code == ("import x",)
    assert read_pth(b"caf\xe9").paths == ("café",)
    assert read_pth("café".encode()).paths == ("café",)


def test_a_start_file_is_read_without_its_comments() -> None:
    """PEP 829: one function a line."""
    assert read_start(b"\xef\xbb\xbf# note\n\n pkg.mod:main \nother:f") == ("pkg.mod:main", "other:f")
    assert read_start(b"") == ()
    assert not any(re.match("#", line) for line in read_start(b"#\n # x\nf"))
