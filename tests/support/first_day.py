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
    """A row; `then` is run as safepip's words, and `settled` is how it ends. Empty: a person has to decide.

    `cure` finds, in what any installer writes, the words that lead on. It is a pattern, and means what helps, whoever
    says it and however.
    """

    typed: str
    cure: str
    code: int
    reference: str
    hint: str
    then: str = ""
    settled: int = 0


MISTAKES = (
    # commands
    Mistake("instal flask", r"\binstall\b", 1, "unknown-command", "did you mean safepip install?", "install flask"),
    Mistake(
        "flask", r"\binstall\b", 1, "unknown-command", "a project is installed by safepip install NAME", "install flask"
    ),
    Mistake("add flask", r"\binstall\b", 1, "unknown-command", "did you mean safepip install?", "install flask"),
    Mistake(
        "update flask",
        r"--upgrade",
        1,
        "unknown-command",
        "did you mean safepip install --upgrade?",
        "install --upgrade flask",
    ),
    Mistake(
        "help lookalike",
        r"look-alike",
        1,
        "unknown-command",
        "did you mean safepip help look-alike?",
        "help look-alike",
    ),
    Mistake(
        "install",
        r"install --help|help install|--requirements",
        1,
        "nothing-asked",
        "`safepip install --help` lists all ways",
        "install --help",
    ),
    # options
    Mistake(
        "install -y flask",
        r"uninstall|no such option: -y|unexpected argument '-y'",
        2,
        "bad-option",
        "safepip install asks for no such answer: leave it out",
        "install flask",
    ),
    Mistake(
        "install --universal flask",
        r"\block\b|no such option: --universal|unexpected argument '--universal'",
        2,
        "bad-option",
        "of safepip lock",
        "lock --universal -o - flask",
    ),
    Mistake(
        "install --requirment r.txt",
        r"--requirements?(?!-)\b",
        2,
        "bad-option",
        "did you mean --requirement?",
        "install --requirement r.txt",
    ),
    Mistake(
        "install -r",
        r"<file>|<FILE>|<REQUIREMENTS|requires 1 arg|value is required",
        2,
        "bad-option",
        "write -r <file>",
        "install -r r.txt",
    ),
    Mistake(
        "install --python none flask",
        r"interpreter|environment|executable",
        1,
        "python-not-found",
        "give an interpreter",
    ),
    # indexes
    Mistake(
        "install -i index.example/simple flask",
        r"https://index\.example/simple|scheme",
        2,
        "invalid-index-url",
        "did you mean https://index.example/simple?",
        "install --retries 0 -i https://index.example/simple flask",
        1,
    ),
    Mistake("version", r"--version", 1, "unknown-command", "did you mean safepip --version?", "--version"),
    Mistake("--verison", r"--version", 2, "no-command", "did you mean safepip --version?", "--version"),
    Mistake(
        "pip install flask", r"\binstall\b", 1, "unknown-command", "did you mean safepip install?", "install flask"
    ),
    # names
    Mistake("install numpi", r"\bnumpy\b", 1, "no-such-project", "did you mean numpy?", "install numpy"),
    Mistake(
        "install scikit-lern",
        r"scikit-learn",
        1,
        "no-such-project",
        "did you mean scikit-learn?",
        "install scikit-learn",
    ),
    Mistake("install sklearn", r"scikit-learn", 20, "look-alike", "did you mean scikit-learn?", "install scikit-learn"),
    Mistake("install yaml", r"(?i)pyyaml", 20, "look-alike", "did you mean pyyaml?", "install pyyaml"),
    Mistake("install PIL", r"(?i)pillow", 20, "look-alike", "did you mean pillow?", "install pillow"),
    Mistake("install os", r"import os|standard library", 20, "look-alike", "There is nothing to install: import os"),
    # versions
    Mistake(
        "install flask=1.0",
        r"flask==1\.0|== ?\?|one of ~=",
        1,
        "invalid-requirement",
        "did you mean flask==1.0?",
        "install flask==1.0",
    ),
    Mistake(
        "install flask@1.0",
        r"flask==1\.0|== ?\?|one of ~=",
        1,
        "invalid-requirement",
        "did you mean flask==1.0?",
        "install flask==1.0",
    ),
    Mistake(
        "install flask==9", r"(?<!=)\b1\.0\b", 1, "no-matching-version", "can be installed: 1.0", "install flask==1.0"
    ),
    Mistake(
        "install 'flask>=1 numpy'",
        r"'flask>=1' '?numpy|missing comma",
        1,
        "invalid-requirement",
        "'flask>=1' numpy",
        "install 'flask>=1' numpy",
    ),
    Mistake(
        "install 'flask 1.0'",
        r"flask==1\.0",
        1,
        "invalid-requirement",
        "did you mean flask==1.0?",
        "install flask==1.0",
    ),
    Mistake(
        "install 'flask=>1'",
        r"flask>=1|one of ~=",
        1,
        "invalid-requirement",
        "did you mean 'flask>=1'?",
        "install 'flask>=1'",
    ),
    Mistake(
        "install flask==1.x", r"1\.\*", 1, "invalid-requirement", "did you mean 'flask==1.*'?", "install 'flask==1.*'"
    ),
    Mistake(
        "install flask, numpy", r"flask\?|comma", 1, "invalid-requirement", "did you mean flask?", "install flask numpy"
    ),
    Mistake(
        "install 'flask; python_versoin > \"3\"'",
        r"python_version",
        1,
        "invalid-requirement",
        "did you mean python_version?",
        "install 'flask; python_version > \"3\"'",
    ),
    # files
    Mistake(
        "install requirements.txt",
        r"-r requirements\.txt|'-r'",
        1,
        "requirements-file-without-r",
        "-r requirements.txt",
        "install -r requirements.txt",
    ),
    Mistake(
        "install -r requirement.txt",
        r"requirements\.txt",
        1,
        "unreadable-file",
        "did you mean requirements.txt?",
        "install -r requirements.txt",
    ),
    Mistake(
        "install pyproject.toml",
        r"-r pyproject\.toml|install \.",
        1,
        "requirements-file-without-r",
        "-r pyproject.toml",
        "install -r pyproject.toml",
    ),
    Mistake(
        "install -r tool.py",
        r"from-script|script",
        1,
        "not-requirements",
        "--requirements-from-script tool.py",
        "install --requirements-from-script tool.py",
    ),
    Mistake("install -r 'a lock.toml'", r"pylock", 1, "not-requirements", "mv 'a lock.toml' pylock.toml"),
    Mistake("install -r uv.lock", r"export|pylock", 1, "not-requirements", "safepip install -r pylock.toml"),
    Mistake(
        "install -r empty",
        r"install \./empty|[Ii]s a directory",
        1,
        "unreadable-file",
        "safepip install ./empty",
        "install ./empty",
        1,
    ),
    Mistake("install -c empty flask", r"[Ii]s a directory", 1, "unreadable-file", "the constraints empty cannot be"),
    Mistake(
        "install --no-index -f uv.lock flask",
        r"folder|HTML|No matching distribution",
        1,
        "not-an-index-page",
        "name a folder of files, a page in HTML that lists them, or a wheel",
    ),
    Mistake("install ./empty", r"pyproject\.toml|setup\.py", 1, "invalid-requirement", "name the folder that has one"),
    Mistake(
        "install -e flask",
        r"install flask|path|VCS|directory",
        1,
        "invalid-requirement",
        "safepip install flask",
        "install flask",
    ),
    Mistake(
        "install git@h.example:team/acme.git",
        r"git\+ssh",
        1,
        "invalid-requirement",
        "write git+ssh://git@h.example/team/acme.git",
    ),
    Mistake(
        "install https://h.example/team/acme.git",
        r"git\+https",
        1,
        "invalid-requirement",
        "write git+https://h.example/team/acme.git",
    ),
    Mistake("sync r.txt", r"lock -r", 2, "not-a-lock", "safepip lock -r r.txt", "lock -o - -r r.txt"),
)


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
