"""What a text that is no requirement was probably meant to be, and where the parser stopped in it.

The slips are those of people who know another tool's syntax: `flask=1.0` (conda), `flask 1.0`, `flask==1.x` (npm),
`flask=>1`, commas between requirements, and a marker's variable spelt wrongly. A guess is offered only where it can be
read as what it is offered for, so that a hint never leads into the next error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508

from safepip.requirements.file_format import hide_user_info

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.requirements.file_format import RequirementLine

_NAME = r"[\w.-]+(?:\[[\w.,-]+\])?"
#: `name=1.0`, as conda writes it, and a name with its version behind a space.
_SINGLE = re.compile(rf"({_NAME})=([\w.+!*-]+)")
_APART = re.compile(rf"({_NAME})\s+v?(\d[\w.+!]*)")
#: A comparison whose signs are the wrong way round.
_TURNED = re.compile(r"(?<![<>=!~])=([<>])(?!=)")
#: `==1.x`, where PEP 440 has `==1.*`.
_ANY = re.compile(r"([=!]=\s*\d[\d.]*\.)[xX](?![\w.])")

#: Between requirements, or behind the last one. In a specifier nothing stands behind it but the next clause.
_COMMA = re.compile(r",(?=\s|$)")

#: The variables of a marker (PEP 508).
_VARIABLES = (
    *("os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release"),
    *("platform_system", "platform_version", "python_version", "python_full_version", "implementation_name"),
    *("implementation_version", "extra"),
)
#: What still stands on one line of a narrow terminal, indented: a mark below a broken line points nowhere.
_WIDEST = 70


def meant(written: str) -> list[str]:
    """The requirements that this text was probably meant to be, none where that cannot be said."""
    return next((words for words in _guesses(written.strip()) if words and all(map(is_requirement, words))), [])


def _guesses(text: str) -> Iterator[list[str]]:
    if single := _SINGLE.fullmatch(text) or _APART.fullmatch(text):
        yield [f"{single[1]}=={single[2]}"]
    for pattern, right in ((_TURNED, r"\1="), (_ANY, r"\1*")):
        if pattern.search(text):
            yield [pattern.sub(right, text)]
    yield _COMMA.sub(" ", text).split()


def is_requirement(text: str) -> bool:
    """Whether PEP 508 can read it."""
    try:
        Pep508(text)
    except (InvalidRequirement, RecursionError):
        return False
    return True


def meant_variable(problem: str) -> str:
    """The variable that a marker's misspelt word is like, by the parser's message; empty where it is like none."""
    from difflib import get_close_matches

    _, text, mark = (*problem.split("\n"), "", "")[:3]
    word = re.match(r"\w+", text[len(mark.rstrip("^~")) :])
    near = get_close_matches(word[0], _VARIABLES, 1, 0.8) if word else []
    return near[0] if near and word and near[0] != word[0] else ""


def pointed_at(line: RequirementLine, problem: str) -> tuple[str, ...]:
    """The parser's own two lines below its message: the text, and a mark below the place where it stopped.

    Nothing where the text is not the user's own, or where the mark might not stand below its place.
    """
    shown = [part.removeprefix("    ") for part in problem.split("\n")[1:3]]
    text = "".join(shown[:1])
    fits = len(shown) == 2 and text.isascii() and text.isprintable() and len(text) <= _WIDEST
    return tuple(shown) if fits and not line.expanded and hide_user_info(text) == text else ()
