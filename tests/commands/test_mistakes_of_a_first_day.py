"""What people type on their first day with safepip and have wrong: the exit code, a short message, a hint that helps.

Each row has a command line, the exit code (pip's, where pip has the same mistake), the reference, words of the hint,
and the command line that follows from the hint with the exit code that it ends with. The words of the hint have to be
in the message, and what follows from them is run: so a hint that cannot be pasted, or does not help, fails here.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside


class Mistake(NamedTuple):
    """A row; `then` is run as safepip's words, and `settled` is how it ends. Empty: a person has to decide."""

    typed: str
    code: int
    reference: str
    hint: str
    then: str = ""
    settled: int = 0


MISTAKES = (
    # commands
    Mistake("instal flask", 2, "unknown-command", "did you mean safepip install?", "install flask"),
    Mistake("flask", 2, "unknown-command", "a project is installed by safepip install NAME", "install flask"),
    Mistake("add flask", 2, "unknown-command", "did you mean safepip install?", "install flask"),
    Mistake("update flask", 2, "unknown-command", "did you mean safepip install --upgrade?", "install --upgrade flask"),
    Mistake("help lookalike", 2, "unknown-command", "did you mean safepip help look-alike?", "help look-alike"),
    Mistake("install", 1, "nothing-asked", "`safepip install --help` lists all ways", "install --help"),
    # options
    Mistake("install -y flask", 2, "bad-option", "-y is an option of safepip uninstall", "install flask"),
    Mistake("install --universal flask", 2, "bad-option", "of safepip lock", "lock --universal -o - flask"),
    Mistake("install --requirment r.txt", 2, "bad-option", "did you mean --requirement?",
            "install --requirement r.txt"),
    Mistake("install -r", 2, "bad-option", "write -r <file>", "install -r r.txt"),
    Mistake("install --python none flask", 1, "python-not-found", "give an interpreter"),
    # names
    Mistake("install numpi", 1, "no-such-project", "did you mean numpy?", "install numpy"),
    Mistake("install scikit-lern", 1, "no-such-project", "did you mean scikit-learn?", "install scikit-learn"),
    Mistake("install sklearn", 20, "look-alike", "did you mean scikit-learn?", "install scikit-learn"),
    Mistake("install yaml", 20, "look-alike", "did you mean pyyaml?", "install pyyaml"),
    Mistake("install PIL", 20, "look-alike", "did you mean pillow?", "install pillow"),
    Mistake("install os", 20, "look-alike", "There is nothing to install: import os"),
    # versions
    Mistake("install flask=1.0", 1, "invalid-requirement", "did you mean flask==1.0?", "install flask==1.0"),
    Mistake("install flask@1.0", 1, "invalid-requirement", "did you mean flask==1.0?", "install flask==1.0"),
    Mistake("install flask==9", 1, "no-matching-version", "can be installed: 1.0", "install flask==1.0"),
    Mistake("install 'flask>=1 numpy'", 1, "invalid-requirement", "'flask>=1' numpy", "install 'flask>=1' numpy"),
    # files
    Mistake("install requirements.txt", 1, "requirements-file-without-r", "-r requirements.txt",
            "install -r requirements.txt"),
    Mistake("install -r requirement.txt", 1, "unreadable-file", "did you mean requirements.txt?",
            "install -r requirements.txt"),
    Mistake("install pyproject.toml", 1, "requirements-file-without-r", "-r pyproject.toml",
            "install -r pyproject.toml"),
    Mistake("install -r tool.py", 1, "not-requirements", "--requirements-from-script tool.py",
            "install --requirements-from-script tool.py"),
    Mistake("install -r 'a lock.toml'", 1, "not-requirements", "mv 'a lock.toml' pylock.toml"),
    Mistake("install -r uv.lock", 1, "not-requirements", "safepip install -r pylock.toml"),
    Mistake("install -r empty", 1, "unreadable-file", "safepip install ./empty", "install ./empty", 1),
    Mistake("install ./empty", 1, "invalid-requirement", "name the folder that has one"),
    Mistake("install -e flask", 1, "invalid-requirement", "safepip install flask", "install flask"),
    Mistake("sync r.txt", 2, "not-a-lock", "safepip lock -r FILE", "lock -o - -r r.txt"),
)  # fmt: skip


@pytest.fixture
def first_day(run: Inside, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A folder with the usual files, and an index that is the only one. Every run is a dry one."""
    for name in ("flask", "numpy", "scikit-learn", "pyyaml", "pillow"):
        index.add(name, "1.0", file={"upload_time": "2020-01-01T00:00:00Z"})
    texts = {
        "requirements.txt": "flask\n",
        "r.txt": "flask\n",
        "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\ndependencies = ["flask"]\n',
        "tool.py": '# /// script\n# dependencies = ["flask"]\n# ///\nimport flask\n',
        "a lock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "flask"\n',
        "uv.lock": 'version = 1\n[[package]]\nname = "flask"\n',
    }
    for name, text in texts.items():
        (run.folder / name).write_text(text)
    (run.folder / "empty").mkdir()
    for variable, value in (("INDEX_URL", index.url), ("FIND_LINKS", ""), ("DRY_RUN", "1")):
        monkeypatch.setenv(f"PIP_{variable}", value)
    return run


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.typed)
def test_a_mistake_is_told_in_few_lines_and_its_hint_helps(first_day: Inside, mistake: Mistake) -> None:
    """At most twelve lines, but for the empty ones between the parts."""
    done = first_day(*shlex.split(mistake.typed))
    lines = [line for line in done.err.splitlines() if line]
    assert done.code == mistake.code, done.err
    assert lines[0] == f"error: {mistake.reference}"
    assert len(lines) <= 12, done.err
    assert mistake.hint in done.err
    assert lines[-1].endswith(f"More: safepip help {mistake.reference}")
    if mistake.then:
        assert first_day(*shlex.split(mistake.then)).code == mistake.settled


def test_there_are_twenty_of_them() -> None:
    assert len(MISTAKES) >= 20
    assert len({mistake.typed for mistake in MISTAKES}) == len(MISTAKES)


def test_mistakes_of_one_run_are_told_together(first_day: Inside) -> None:
    """Of names as of files: one run says all that can be known at once."""
    done = first_day("install", "numpi", "sklearn", "none-such", "flask", "reqeusts")
    assert done.code == 20
    told = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert told == ["error: look-alike"] * 2 + ["error: no-such-project"] * 2
    assert done.err.endswith("More: safepip help look-alike no-such-project\n")
