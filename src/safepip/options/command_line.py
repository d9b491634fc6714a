"""The command line: the values given, where each was given, and the text of `--help`.

The options themselves are rows of `table`; `parser` holds pip's rules for reading them. Here is what the other rooms
use: `parse`, `split_command`, `format_help`. The values are judged in `settings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic
from safepip.options.table import INSTALL, OPTIONS, Action, Handling, Option, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from safepip.config.pip_config import ConfiguredValue
    from safepip.model.origin import Origin

__all__ = ["OPTIONS", "Action", "Handling", "HelpRequested", "Option", "ParsedOptions", "format_help", "parse",
           "split_command"]  # fmt: skip

USAGE = (
    "{prog} [options] <requirement specifier> ...",
    "{prog} [options] -r <requirements file> ...",
    "{prog} [options] <wheel url/path> ...",
)
_USAGE = {"verify": ("{prog} [options] [name] ...",)}
_SUMMARY = {
    "verify": "Compare the files of an environment with what its distributions record about them, and list the files "
    "that belong to no distribution. With names, check only these distributions. Nothing is changed, and nothing of "
    "the environment runs but its interpreter.",
    "install": "Decide which distributions to install and from which index each may come, verify every file, "
    "and hand the verified wheels to pip.",
    "lock": "Decide what install would install into an empty environment, and write it down: every version, with the "
    "index, the digests and the dependencies of each project. Without a requirement, those of the pyproject.toml or "
    "requirements.in of the working folder are meant.",
    "download": "Decide as install does, verify every file, and put the wheels into a folder.",
    "wheel": "Decide as download does, build what has no wheel, and put the wheels into a folder.",
}


class HelpRequested(Exception):
    """`--help` stood on the command line; `text` is what to print on standard output before ending with 0."""

    def __init__(self, text: str) -> None:
        super().__init__("help")
        self.text = text


@dataclass(frozen=True, slots=True)
class ParsedOptions:
    """A command line with its configured defaults, read but not judged.

    `values` are by dest; `stated` gives the origin of a value, or of each of a list's elements, and has no key
    for a value that was not set. The representation leaves the values out.
    """

    verb: str
    values: Mapping[str, Any] = field(repr=False)
    arguments: tuple[str, ...] = field(repr=False)
    stated: Mapping[str, tuple[Origin, ...]]

    def __getitem__(self, dest: str) -> Any:
        """The value of an option, or the row's default of an option that this verb lacks."""
        if dest in self.values:
            return self.values[dest]
        return next(option.default for option in OPTIONS if option.dest == dest)

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
        raise HelpRequested(format_help(verb)) from None
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


def format_help(verb: str, width: int = 80) -> str:
    """The text of `safepip VERB --help`: ours in words, pip's in order. No option's configured value is shown."""
    import textwrap

    lines = ["Usage:", *(f"  {form.format(prog=f'safepip {verb}')}" for form in _USAGE.get(verb, USAGE)), ""]
    lines += [*textwrap.wrap(_SUMMARY.get(verb, _SUMMARY[INSTALL]), width), ""]
    shown = [option for option in options_of(verb) if not option.hidden]
    for group in dict.fromkeys(option.group for option in shown):
        lines.append(f"{verb.capitalize()} Options:" if group == "Command Options" else f"{group}:")
        for option in shown:
            if option.group == group:
                lines += _help_lines(option, width)
        lines.append("")
    return "\n".join(lines)


def _help_lines(option: Option, width: int) -> list[str]:
    import textwrap

    short = [flag for flag in option.flags if not flag.startswith("--")][:1]
    head = "  " + ", ".join([*short, option.long])
    if option.action.takes_value:
        head += f" <{option.metavar}>"
    text = option.help.replace("%default", f"{option.default}")
    if Handling.REFUSED in option.handling:
        text += f" Refused: {option.note}."
    wrapped = textwrap.wrap(text, max(width - 30, 20))
    if len(head) > 28:
        return [head, *(f"{'':30}{line}" for line in wrapped)]
    return [f"{head:30}{wrapped[0]}", *(f"{'':30}{line}" for line in wrapped[1:])]
