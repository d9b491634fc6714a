"""What people type on their first day with an installer and have wrong, and the folder that they stand in.

Each row has a command line, the exit code (pip's, where pip has the same mistake), the reference, words of the hint,
and the command line that follows from the hint with the exit code that it ends with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import Index


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


def lay_out(folder: Path, index: Index) -> None:
    """The usual files, and an index with what they name."""
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
        (folder / name).write_text(text)
    (folder / "empty").mkdir()
