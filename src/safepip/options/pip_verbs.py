"""Which of pip's own verbs would ask an index: pip knows no claims, so where safepip declares indexes it must not.

From pip 26.3's code and help: `index` asks for the project it is given, and for pip's own newest version; `list` does
both for every installed project with `--outdated` or `--uptodate`; the other verbs that are passed through ask nothing.
pip takes options by any abbreviation, several short ones in one word, and from its configuration.

`uninstall` reads requirements files with pip's own reader, which follows URLs and puts values of variables into them: a
foreign file could send these values anywhere, and pip prints them on the way. So `uninstall` may not read such files
from a network, and pip is given no variable that might hold a secret: a `${NAME}` that pip cannot find stays as
written.

The scan knows no grammar: it takes every word that could be such an option for one, even where pip would take it for
the value of the option before it. A false alarm is refused or runs without a network, and no real option is missed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from safepip.config.pip_config import ConfiguredValue

_ASKING = ("outdated", "uptodate")
_SHORT = "ou"
#: What pip takes for "no" in the configuration of a flag.
_NO = ("0", "n", "no", "f", "false", "off")
#: Several of the letters that pip takes together, `-q` among them.
_QUIET = re.compile(r"-[a-z]*q[a-z]*")
_URL = re.compile(r"\b(?:https?|ftp)://", re.IGNORECASE)
#: What pip takes for a variable in a requirements file.
_NAMEABLE = re.compile(r"[A-Z0-9_]+")
#: Variables that programs and pip need to find their files and to write to a terminal; none of them holds a secret.
_NEEDED = re.compile(
    r"PATH|PATHEXT|HOME|USER|LOGNAME|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|ALLUSERSPROFILE|TEMP|TMP|TMPDIR|LANG|"
    r"LANGUAGE|TERM|COLORTERM|COLUMNS|LINES|TZ|(?:NO|FORCE)_COLOR|TTY_COMPATIBLE|VIRTUAL_ENV|SYSTEM(?:ROOT|DRIVE)|WINDIR|"
    r"COMSPEC|(?:LC|XDG|LD|DYLD|PIP)_[A-Z0-9_]+|PYTHON[A-Z0-9_]*"
)


def may_ask(verb: str, arguments: Sequence[str], configured: Iterable[ConfiguredValue]) -> bool:
    """Whether pip might ask an index. `configured` are the values of pip's configuration for this verb."""
    if verb == "index":
        return True
    if verb != "list":
        return False
    return any(map(_asks, arguments)) or any(
        item.key in _ASKING and item.value.strip().lower() not in _NO for item in configured
    )


def _asks(word: str) -> bool:
    if word.startswith("--"):
        stem = word[2:].partition("=")[0]
        return bool(stem) and any(name.startswith(stem) for name in _ASKING)
    return word.startswith("-") and any(letter in word for letter in _SHORT)


def reads_a_network(verb: str, arguments: Sequence[str]) -> bool:
    """Whether a word of `uninstall` names a file on a network; no project's name and no option but `-r` has a URL."""
    return verb == "uninstall" and any(_URL.search(word) for word in arguments)


def is_quiet(arguments: Sequence[str]) -> bool:
    """Whether pip is asked to be quiet: `-q` and `--quiet`, by any abbreviation and among other letters."""
    return any(
        "--quiet".startswith(word) and len(word) > len("--") if word.startswith("--") else bool(_QUIET.fullmatch(word))
        for word in arguments
    )


def without_secrets(verb: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What pip sees of the variables: for `uninstall` none that a requirements file can name and that may be secret."""
    if verb != "uninstall":
        return dict(environ)
    return {
        name: value
        for name, value in environ.items()
        if not _NAMEABLE.fullmatch(name) or (_NEEDED.fullmatch(name) and "://" not in value)
    }
