"""The options of one line of a requirements file: which options there are, and how their text is taken apart.

The set is pip 26.3's ("Requirements File Format", supported options). Words are split as a POSIX shell
would; options may be abbreviated and may join their value (`-rfile`, `--hash=x`), as `optparse`, which
pip uses here, allows. `safepip.requirements.file_format` decides what the options mean.

Imported only when a line has options, because `optparse` and `shlex` cost start-up time.
"""

from __future__ import annotations

import optparse
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

#: Options with a value: flags, the first long one gives the name.
_VALUED = (
    ("-i", "--index-url", "--pypi-url"),
    ("--extra-index-url",),
    ("-c", "--constraint"),
    ("-r", "--requirement"),
    ("-e", "--editable"),
    ("-f", "--find-links"),
    ("--no-binary",),
    ("--only-binary",),
    ("--all-releases",),
    ("--only-final",),
    ("--trusted-host",),
    ("--hash",),
    ("-C", "--config-settings"),
)
_FLAGS = ("--no-index", "--prefer-binary", "--require-hashes", "--no-require-hashes", "--pre")
#: What `--use-feature` may name; pip refuses any other word.
FEATURES = (
    "fast-deps",
    "inprocess-build-deps",
    "venv-isolation",
    "truststore",
    "no-binary-enable-wheel-cache",
    "build-constraint",
)
#: `optparse` moves all remaining words for each word that it takes away.
_MOST_WORDS = 20_000
_QUOTING = "\\'\""


class BadOption(ValueError):
    """The options of a line cannot be read. The message may repeat words of the line."""


class Given(NamedTuple):
    """The options of a line in the order they were written, long names without dashes; None for a flag's value.

    `stray` says that words were left over that belong to no option.
    """

    options: tuple[tuple[str, str | None], ...] = ()
    stray: bool = False

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of an option that takes one."""
        return tuple(value for given, value in self.options if given == name and value is not None)

    def flags(self, name: str) -> tuple[str | None, ...]:
        """Every value of an option; (None,) for a flag, however often it is written."""
        values = tuple(value for given, value in self.options if given == name)
        return values[:1] if values and values[0] is None else values

    def names(self) -> tuple[str, ...]:
        """Each name once, in order."""
        return tuple(dict.fromkeys(name for name, _ in self.options))


def read_options(text: str, absorb: Callable[[str], str]) -> Given:
    """Take the options part of a line apart. Raises `BadOption`.

    Values go through `absorb` once more: a URL can be spelt with quotes so that only now it shows.
    """
    words = _words(text)
    if len(words) > _MOST_WORDS:
        raise BadOption(f"there are more than {_MOST_WORDS} words")
    values = optparse.Values({"options": []})
    _, left = _parser().parse_args(words, values)
    options = tuple((name, None if value is None else absorb(value)) for name, value in values.options)
    return Given(options, stray=bool(left))


def _words(text: str) -> list[str]:
    if not any(quoting in text for quoting in _QUOTING):
        # What `shlex.split` would make of it, in a twentieth of the time: hashed files have thousands of such lines.
        for space in "\t\r\n":
            text = text.replace(space, " ")
        return [word for word in text.split(" ") if word]
    import shlex

    try:
        return shlex.split(text)
    except ValueError as problem:
        raise BadOption(f"quotes or backslashes do not match ({problem})") from None


class _Parser(optparse.OptionParser):
    """`optparse` without a program around it: it neither prints nor exits."""

    def error(self, msg: str) -> NoReturn:
        raise BadOption(msg)


def _remember(option: optparse.Option, _flag: str, value: Any, parser: optparse.OptionParser, name: str) -> None:
    # pip: --config-settings takes KEY=VALUE.
    if name == "config-settings" and "=" not in value:
        parser.error("--config-settings takes KEY=VALUE")
    # pip: --hash takes ALGORITHM:DIGEST; whether it is strong is judged with the requirement.
    if name == "hash" and ":" not in value:
        parser.error("--hash takes ALGORITHM:DIGEST")
    assert parser.values is not None, option
    parser.values.options.append((name, value))


@cache
def _parser() -> _Parser:
    parser = _Parser(add_help_option=False, prog="requirements file")
    for flags in _VALUED:
        name = next(flag for flag in flags if flag.startswith("--"))[2:]
        parser.add_option(*flags, action="callback", type="string", callback=_remember, callback_args=(name,))
    for flag in _FLAGS:
        parser.add_option(flag, action="callback", callback=_remember, callback_args=(flag[2:],))
    parser.add_option(
        "--use-feature",
        action="callback",
        type="choice",
        choices=FEATURES,
        callback=_remember,
        callback_args=("use-feature",),
    )
    return parser
