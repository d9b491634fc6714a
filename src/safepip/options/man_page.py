"""The manual page, made from the table of options: `safepip help --man | man -l -`, or a file for a package.

It is in the macros of man(7). Packages of distributions make it when they are built, so that no second text has to be
kept; a wheel installs none, because an environment's folder of pages is on no reader's path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.options.help_text import about, groups_of, head_of, summary_of
from safepip.options.table import INSTALL, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

_EXIT = """\
0: done, or nothing to do. 1: something could not be had, or no set of versions fits. 2: the command line or a
configuration is wrong. 20: refused, because a rule said no. 130: interrupted. safepip help REFERENCE shows the page of
an error."""


def man_page(version: str, overview: str) -> str:
    """The page in roff. `overview` is what `safepip help` says."""
    usage, _, commands = overview.partition("\n\n")
    others = dict.fromkeys(verb for option in OPTIONS for verb in option.verbs if verb != INSTALL)
    return "\n".join(
        [
            f'.TH SAFEPIP 1 "" "safepip {_plain(version)}"',
            ".SH NAME",
            "safepip \\- " + _plain("pip's install, with every name pinned to its index and every byte verified"),
            ".SH SYNOPSIS",
            _plain(usage.removeprefix("Usage: ")),
            ".SH COMMANDS",
            ".nf",
            *map(_line, commands.splitlines()),
            ".fi",
            *_verb(INSTALL, frozenset()),
            *(line for verb in others for line in _verb(verb, _shown(INSTALL))),
            '.SH "EXIT STATUS"',
            *map(_line, _EXIT.splitlines()),
            "",
        ]
    )


def _verb(verb: str, known: AbstractSet[str]) -> Iterator[str]:
    """The section of a verb, with the options that are not `known` from the section before."""
    yield f'.SH "SAFEPIP {verb.upper()}"'
    yield _line(summary_of(verb))
    if known:
        yield "Those options of install that make sense here, and:"
    for title, options in groups_of(verb):
        left = [option for option in options if option.long not in known]
        if left:
            yield f'.SS "{title}"'
        for option in left:
            yield from (".TP", f".B {_plain(head_of(option))}", _line(about(option)))


def _shown(verb: str) -> frozenset[str]:
    return frozenset(option.long for _, options in groups_of(verb) for option in options)


def _line(text: str) -> str:
    """A line of text, which begins no request."""
    return f"\\&{_plain(text)}" if text.startswith((".", "'")) else _plain(text)


def _plain(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")
