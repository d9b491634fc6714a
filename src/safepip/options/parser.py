"""`optparse` fed from the option table: pip's own parser, so that words mean here what they mean in pip.

From `optparse` come abbreviations, options after arguments, `-rfile`, `--name=value` and its messages. On top of it,
as in pip's documentation ("Configuration"):

1. Configured values become the defaults, in the order given: the last one wins. A list is split on white space
   and replaces the configured list before it; an option on the command line adds to it.
2. Sets of names (`--no-binary` and its like) accumulate over configuration and command line.
3. A truth value is y, yes, t, true, on, 1 or n, no, f, false, off, 0.
4. Exit codes are pip's: 2 for a wrong option or truth value, 3 for a configured value of the wrong type, 1 for
   an argument of a name set that looks like an option.

Imported only when there is a command line to read, because `optparse` costs start-up time.
"""

from __future__ import annotations

import optparse
import re
from typing import TYPE_CHECKING, Any, NoReturn

from safepip.model.errors import UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Origin, Source
from safepip.options.table import Action, Option, options_of, verbs_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.config.pip_config import ConfiguredValue

TRUE_WORDS = ("y", "yes", "t", "true", "on", "1")
FALSE_WORDS = ("n", "no", "f", "false", "off", "0")
_DAYS = r"P([0-9]+)D\Z"
_SEPARATORS = r"[-_.]+"


class HelpSeen(Exception):
    """`--help` was met before any mistake."""


def usage_error(
    reference: str, message: str, *, exit_code: int = 2, hint: str = "", origins: tuple[Origin, ...] = ()
) -> UsageError:
    """A `UsageError` that ends with pip's exit code for the same mistake: 2, 1 (its CommandError) or 3."""
    error = UsageError(Diagnostic(reference, printable(message, 1000), hint=hint, origins=origins))
    error.exit_code = exit_code
    return error


def truth(word: str) -> bool | None:
    """pip's reading of a truth value; None for any other word."""
    word = word.lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def update_names(value: str, target: set[str], rival: set[str]) -> None:
    """Add a comma list to a set of names, pip's `--no-binary` rules: `:all:` clears both sets and then holds,
    `:none:` empties the set, a name leaves the rival set."""
    names = value.split(",")
    if ":all:" in names:
        rival.clear()
        target.clear()
        target.add(":all:")
        last = {name: at for at, name in enumerate(names) if name in (":all:", ":none:")}
        # Without a later :none:, :all: covers whatever follows it.
        if last.get(":none:", -1) < last[":all:"]:
            return
        del names[: last[":all:"] + 1]
    for name in names:
        if name == ":none:":
            target.clear()
        else:
            normalised = re.sub(_SEPARATORS, "-", name).lower()
            rival.discard(normalised)
            target.add(normalised)


def uploaded_before(value: str, now: float) -> float:
    """`--uploaded-prior-to` as seconds since the epoch: `P<n>D` before `now`, or ISO 8601 (local time without offset).

    Raises `ValueError` with the reason.
    """
    days = re.match(_DAYS, value)
    try:
        if days:
            return now - int(days[1]) * 86400.0
        from datetime import datetime

        return datetime.fromisoformat(value).timestamp()
    except (OverflowError, OSError):
        raise ValueError("the time is out of range") from None


#: What answers a question of another verb beforehand, and is typed out of habit.
_ANSWERS = ("-y", "--yes")


class _Row(optparse.Option):
    """An `optparse` option that knows its row, and notes where each value was given."""

    row: Option
    # pip: a metavar does not choose the dest; both are given in the table.

    def process(self, opt: str, value: Any, values: Any, parser: Any) -> Any:
        parser.note(self.row, Origin(Source.COMMAND_LINE, opt))
        result = super().process(opt, value, values, parser)
        # What goes wrong from here on is no longer about this option.
        parser._current = ()
        return result


class Parser(optparse.OptionParser):
    """A parser for one verb. Used once: it accumulates. `stated` maps a dest to the origins of its value(s)."""

    def __init__(self, verb: str, now: float) -> None:
        super().__init__(add_help_option=False, prog=f"safepip {verb}", usage=optparse.SUPPRESS_USAGE)
        self.verb = verb
        self.now = now
        self.rows = options_of(verb)
        self.stated: dict[str, tuple[Origin, ...]] = {}
        self._current: tuple[Origin, ...] = ()
        for row in self.rows:
            self.add_option(self._option(row))
        self.set_defaults(**{row.dest: _fresh(row) for row in reversed(self.rows)})

    def _option(self, row: Option) -> _Row:
        settings: dict[str, Any] = {"dest": row.dest, "metavar": row.metavar or None}
        if row.action is Action.HELP:
            settings = {"dest": row.dest, "action": "callback", "callback": _help}
        elif row.action.callback:
            settings |= {"action": "callback", "callback": _act, "callback_args": (row,)}
            if row.action.takes_value:
                settings["type"] = "string"
        else:
            settings["action"] = row.action.value
            if row.action.takes_value:
                settings["type"] = "choice" if row.choices else _TYPES[row.kind]
                settings["choices"] = row.choices or None
        option = _Row(*row.flags, **settings)
        option.row = row
        return option

    # Own options are matched whole, so that every abbreviation means what it means in pip.
    def _match_long_opt(self, opt: str) -> str:
        table: dict[str, Any] = self._long_opt
        if opt in table:
            return opt
        flags = sorted(flag for flag, option in table.items() if flag.startswith(opt) and not option.row.own)
        if len(flags) == 1:
            return flags[0]
        if flags:
            self.error(f"ambiguous option: {opt} ({', '.join(flags)}?)")
        raise self._no_such(opt)

    def _no_such(self, opt: str) -> UsageError:
        """That there is no such option: which verb has it, or which one of this verb was probably meant."""
        others = [f"safepip {verb}" for verb in verbs_with(opt)]
        if opt == "--hash":
            hint = "--hash stands behind its requirement in a requirements file"
        elif others:
            hint = f"{opt} is an option of {', '.join(others[:-1])}{' and ' if others[1:] else ''}{others[-1]}"
            if opt in _ANSWERS:
                hint += f"; safepip {self.verb} asks for no such answer: leave it out"
        else:
            from difflib import get_close_matches

            near = get_close_matches(opt, self._long_opt, 1, 0.75)
            hint = f"did you mean {near[0]}?" if near else f"`safepip {self.verb} --help` lists the options"
        return usage_error("bad-option", f"no such option: {opt}", hint=hint, origins=self._current)

    def error(self, msg: str) -> NoReturn:
        """Any mistake in usage. pip ends with 2."""
        if msg.startswith("no such option: "):
            raise self._no_such(msg.removeprefix("no such option: "))
        lacking = re.match(r"(-\S+) option requires ", msg)
        if lacking:
            option: Any = self.get_option(lacking[1])
            hint = f"write {lacking[1]} <{option.row.metavar or option.row.dest}>"
            raise usage_error("bad-option", msg, hint=hint, origins=self._current)
        message = msg.removeprefix("option ")
        raise usage_error("bad-option", message, origins=self._current)

    def note(self, row: Option, *origins: Origin, replace: bool = False) -> None:
        """Keep where a value of `row` was given. Values that add up have an origin each, in order."""
        self._current = origins
        adds_up = row.action in (Action.APPEND, Action.GROUP, Action.NAMES, Action.CONFIG_SETTING, Action.COUNT)
        self.stated[row.dest] = (*(() if replace or not adds_up else self.stated.get(row.dest, ())), *origins)
        if row.rival:
            self.stated[row.rival] = (*self.stated.get(row.rival, ()), *origins)

    def configure(self, configured: Iterable[ConfiguredValue]) -> None:
        """Make the configured values the defaults, pip's way. Later values override earlier ones."""
        values = optparse.Values(self.defaults)
        self.values = values
        late: set[str] = set()
        for item in configured:
            # pip: configuration knows long names only, and what a command does not have is passed over.
            option = self.get_option(f"--{item.key}")
            if not isinstance(option, _Row) or option.row.own or option.row.action is Action.HELP:
                continue
            self._configure_one(option, item, late)
        # pip: what a callback has set wins over the other option for the same value (--cache-dir), whatever the order.
        for dest in late:
            self.defaults[dest] = getattr(values, dest)
        self.values = None
        self._current = ()

    def _configure_one(self, option: _Row, item: ConfiguredValue, late: set[str]) -> None:
        row = option.row
        value: Any = item.value
        if row.action.callback:
            self.note(row, item.origin)
            late.update(filter(None, (row.dest, row.rival)))
            _act(option, row.long, value, self, row)
            return
        self.note(row, item.origin, replace=True)
        if row.action in (Action.TRUE, Action.FALSE):
            # pip: the value is taken as it is, so that `no-compile = no` is what switches compiling off.
            value = truth(item.value)
            if value is None:
                self.error(f"{item.value} is not a truth value for {item.key}: write yes or no")
        elif row.action is Action.COUNT:
            value = _count(item.value)
            if value is None:
                self.error(f"{item.value} is not a count for {item.key}: write a number, yes or no")
        elif row.action is Action.APPEND:
            value = [self._checked(option, item, word) for word in item.value.split()]
            self.note(row, *[item.origin] * len(value), replace=True)
        else:
            value = self._checked(option, item, item.value)
        self.defaults[row.dest] = value

    def _checked(self, option: _Row, item: ConfiguredValue, word: str) -> Any:
        try:
            return option.check_value(item.key, word)
        except optparse.OptionValueError as problem:
            message = str(problem).removeprefix("option ")
            hint = "correct pip's configuration or environment"
            # pip ends with 3 when a configured value has the wrong type.
            raise usage_error("bad-pip-config", message, exit_code=3, hint=hint, origins=(item.origin,)) from None


_TYPES = {"str": "string", "path": "string", "int": "int", "float": "float"}


def _fresh(row: Option) -> Any:
    """The row's default as a value that parsing may change."""
    if row.action is Action.NAMES:
        return set()
    if row.action is Action.CONFIG_SETTING:
        return []
    return list(row.default) if isinstance(row.default, tuple) else row.default


def _count(word: str) -> int | None:
    known = truth(word)
    if known is not None:
        return int(known)
    try:
        number = int(word)
    except ValueError:
        return None
    return number if number >= 0 else None


def _help(*_arguments: Any) -> NoReturn:
    raise HelpSeen


def _act(_option: optparse.Option, flag: str, value: Any, parser: Any, row: Option) -> None:
    _CALLBACKS[row.action](flag, value, parser, row)


def _names(flag: str, value: str, parser: Parser, row: Option) -> None:
    if value.startswith("-"):
        raise usage_error("bad-option", f"{flag} requires 1 argument", exit_code=1, origins=parser._current)
    values: Any = parser.values
    update_names(value, getattr(values, row.dest), getattr(values, row.rival) if row.rival else set())


def _no_cache(flag: str, value: str | None, parser: Parser, row: Option) -> None:
    # pip: any truth value, even a false one, switches the cache off; for PIP_NO_CACHE_DIR's history.
    if value is not None and truth(value) is None:
        parser.error(f"{flag} error: {value} is not a truth value: write yes or no")
    setattr(parser.values, row.dest, False)


def _python_version(flag: str, value: str, parser: Parser, row: Option) -> None:
    # pip: at most three integers with dots; 37 stands for 3.7; empty is none.
    parts = value.split(".") if value else []
    if len(parts) > 3:
        parser.error(f"{flag} error: {value!r}: at most three version parts are allowed")
    try:
        [int(part) for part in parts]
    except ValueError:
        parser.error(f"{flag} error: {value!r}: each version part must be an integer")
    setattr(parser.values, row.dest, value or None)


def _uploaded(flag: str, value: str, parser: Parser, row: Option) -> None:
    try:
        setattr(parser.values, row.dest, uploaded_before(value, parser.now))
    except ValueError as problem:
        parser.error(f"{flag} error: {value!r}: {problem}; write an ISO 8601 time (2023-01-01T00:00:00Z) or P<n>D")


def _group(flag: str, value: str, parser: Parser, row: Option) -> None:
    path, colon, _ = value.rpartition(":")
    last = re.split(r"[/\\]", path.partition("[")[0])[-1]
    if colon and last != "pyproject.toml" and not re.fullmatch(r"pylock(\.[^.]+)?\.toml", last):
        parser.error(f"{flag} error: a group is read from a local pyproject.toml or pylock.toml")
    getattr(parser.values, row.dest).append(value)


def _config_setting(flag: str, value: str, parser: Parser, row: Option) -> None:
    key, equals, setting = value.partition("=")
    if not equals:
        parser.error(f"{flag} takes KEY=VALUE")
    getattr(parser.values, row.dest).append((key, setting))


_CALLBACKS: dict[Action, Callable[[str, Any, Parser, Option], None]] = {
    Action.NAMES: _names,
    Action.NO_CACHE: _no_cache,
    Action.PYTHON_VERSION: _python_version,
    Action.UPLOADED: _uploaded,
    Action.GROUP: _group,
    Action.CONFIG_SETTING: _config_setting,
}


def run(
    verb: str, argv: Sequence[str], configured: Iterable[ConfiguredValue], now: float
) -> tuple[dict[str, Any], list[str], dict[str, tuple[Origin, ...]]]:
    """Parse: values by dest, positional arguments, origins by dest. Raises `UsageError`, `HelpSeen`."""
    parser = Parser(verb, now)
    parser.configure(configured)
    values, arguments = parser.parse_args(list(argv))
    return vars(values), arguments, parser.stated
