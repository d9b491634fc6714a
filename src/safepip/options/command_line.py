"""The command line: the values given, and where each was given.

The options themselves are rows of `table`; `parser` holds pip's rules for reading them, `help_text` the text of
`--help`. Here is what the other rooms use: `parse`, `split_command`. The values are judged in `settings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.model.errors import Refused, UsageError
from safepip.model.finding import Diagnostic
from safepip.options.table import GENERAL, LOCK, OPTIONS, Action, Handling, Option, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from safepip.config.pip_config import ConfiguredValue
    from safepip.model.origin import Origin

__all__ = [
    "OPTIONS",
    "Action",
    "Handling",
    "HelpRequested",
    "Option",
    "ParsedOptions",
    "UnknownCommand",
    "is_general",
    "parse",
    "split_command",
]


class UnknownCommand(UsageError):
    """A word that is no command, or words that a command does not take; pip ends with 1."""

    exit_code = 1


class HelpRequested(Exception):
    """`--help` stood on the command line. What is to be printed before ending with 0 depends on the terminal: the help
    of the verb, or a text of its command's own."""

    def __init__(self, text: str = "", *, verb: str = "") -> None:
        super().__init__("help")
        self._text = text
        self._verb = verb

    def shown(self, width: int) -> str:
        """The text, in lines of at most `width` characters."""
        from safepip.options.help_text import format_help, wrapped

        return format_help(self._verb, width) if self._verb else wrapped(self._text, width)


class ParsedOptions:
    """A command line with its configured defaults, read but not judged.

    `values` are by dest; `stated` gives the origin of a value, or of each of a list's elements, and has no key
    for a value that was not set. The representation leaves the values out.
    """

    __slots__ = ("arguments", "stated", "values", "verb")

    def __init__(
        self,
        verb: str,
        values: Mapping[str, Any],
        arguments: tuple[str, ...],
        stated: Mapping[str, tuple[Origin, ...]],
    ) -> None:
        self.verb = verb
        self.values = values
        self.arguments = arguments
        self.stated = stated

    def __getitem__(self, dest: str) -> Any:
        """The value of an option, or the row's default of an option that this verb lacks."""
        if dest in self.values:
            return self.values[dest]
        return next(option.default for option in OPTIONS if option.dest == dest)

    @property
    def asks_nothing(self) -> bool:
        """Whether an argument is empty. An empty lock would take the place of a good one, so `lock` is not asked so."""
        return self.verb != LOCK and not all(map(str.strip, self.arguments))

    def origin(self, dest: str) -> Origin | None:
        """Where the value was set, the last place of a list; None for a default."""
        places = self.stated.get(dest, ())
        return places[-1] if places else None


def parse(
    verb: str,
    argv: Sequence[str],
    configured: Iterable[ConfiguredValue] = (),
    *,
    now: float = 0.0,
    expand_user: Callable[[str], str] = str,
) -> ParsedOptions:
    """Read the arguments of `install` or `download` (without the verb) over pip's configured values.

    `now` is the time in seconds since the epoch, for `--uploaded-prior-to P7D`. `expand_user` replaces a
    leading `~` where pip does. Raises `UsageError` where pip would fail, `Refused` for an option that safepip
    refuses, and `HelpRequested`.
    """
    from safepip.options import parser as option_parser

    try:
        values, arguments, stated = option_parser.run(verb, argv, configured, now)
    except option_parser.HelpSeen:
        raise HelpRequested(verb=verb) from None
    for option in options_of(verb):
        if option.kind == "path" and isinstance(values[option.dest], str):
            values[option.dest] = expand_user(values[option.dest])
    parsed = ParsedOptions(verb, values, tuple(arguments), stated)
    _refuse(parsed)
    return parsed


def _refuse(parsed: ParsedOptions) -> None:
    problems = [
        Diagnostic(
            "unsupported-option",
            f"{option.long} cannot be used: {option.note}",
            hint=option.hint,
            origins=parsed.stated[option.dest],
        )
        for option in options_of(parsed.verb)
        if Handling.REFUSED in option.handling and parsed.values[option.dest] and option.dest in parsed.stated
    ]
    if problems:
        raise Refused(*problems)


def split_command(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take the verb out of a whole command line: `-v install x` is (`install`, [`-v`, `x`]).

    As in pip, options before the verb belong to it too, and their arguments are not taken for the verb.
    None where there is no verb.
    """
    valued = {flag for option in OPTIONS if option.action.takes_value for flag in option.flags}
    flags = {flag for option in OPTIONS for flag in option.flags}
    position = 0
    while position < len(argv):
        word = argv[position]
        if word == "--":
            position += 1
            break
        if not word.startswith("-") or word == "-":
            break
        position += 1 + _takes_next(word, valued, flags)
    if position >= len(argv):
        return None, list(argv)
    return argv[position], [*argv[:position], *argv[position + 1 :]]


def is_general(argv: Sequence[str]) -> bool:
    """Whether all words are options that belong to no command, with their values: then pip shows its help."""
    flags = {flag for option in GENERAL for flag in option.flags}
    valued = {flag for option in OPTIONS if option.action.takes_value for flag in option.flags}
    words = iter(argv)
    for word in words:
        if word == "--":
            return next(words, None) is None
        name = word.partition("=")[0]
        if word.startswith("--"):
            known = {name} & flags or {flag for flag in flags if flag.startswith(name)}
        else:
            known = {"-"} if word[:1] == "-" and flags.issuperset(f"-{letter}" for letter in word[1:]) else set()
        if len(known) != 1:
            return False
        if _takes_next(word, valued, flags) and next(words, None) is None:
            return False
    return True


def _takes_next(word: str, valued: set[str], flags: set[str]) -> bool:
    """Whether the argument of this option is the next word."""
    if not word.startswith("--"):
        # -rfile carries its argument; in -vi the last letter may ask for one.
        first = next((at for at in range(1, len(word)) if f"-{word[at]}" in valued), None)
        return first is not None and first == len(word) - 1
    if "=" in word:
        return False
    matches = {word} if word in flags else {flag for flag in flags if flag.startswith(word)}
    return bool(matches) and matches <= valued
