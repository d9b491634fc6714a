"""Exceptions from rules: `[[allow]]` and `forbid-allow` in safepip's configuration.

    [[allow]]
    project = "demo"                       # required
    rule = "startup-hook"                  # required: the reference of a rule that may be overruled
    reason = "needed for coverage in CI"   # required: for the reader of the report; "..." is not a reason
    file = "demo-1.0-py3-none-any.whl"     # only this wheel
    digest = "sha256:..."                  # only these bytes
    until = 2026-12-31                     # only up to the end of this day, UTC

    [policy]
    forbid-allow = true                    # no exceptions below this level, or ["startup-hook"]: none from these rules

This module only reads which rules are to be overruled. Where an exception applies is decided elsewhere: wheel by wheel
for the content of wheels (`safepip.rules.judging`), file by file for ages (`safepip.vetting.cooldown`), and by name for
names (`safepip.vetting.names`), where a file cannot narrow it. A misspelt exception is an error: the rule must exist
and be one that may be overruled, and a file must be a wheel of the project. A level that forbids exceptions makes none
itself, and lower levels may make none; those of a higher level stay. An exception that no wheel of a run needs is not a
mistake, since many runs share one file; `spent_exemptions` says which of them are reported.

The rules on content are loaded only for a file that names one of them, because that takes time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.config.toml_tables import Placed, near
from safepip.model.ages import DAY
from safepip.model.digest import Digest, WeakDigest, strong
from safepip.model.exemption import Exemption
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import is_name, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.config.toml_tables import TableReader
    from safepip.model.origin import Origin

_KEYS = ("project", "rule", "reason", "file", "digest", "until")
_WORDS = _KEYS[:-1]
_REQUIRED = ("project", "rule", "reason")
_WHERE = ("allow",)

#: What people write where something is still to be written; `issuperset` holds for a text without any word, too.
_GAPS = frozenset({"todo", "fixme", "tbd", "tba", "xxx", "reason", "why", "placeholder"})

#: What stops a wheel before any rule is asked; there is nothing then that could be allowed.
_BEFORE_THE_RULES = ("unreadable-wheel", "oversized-wheel")

#: The rules on a project's name and age, and those on a file's age and on yanked files; all may be overruled.
_ON_NAMES = ("look-alike", "new-project")
_ON_AGES = ("cooldown", "late-file", "yanked")

#: What advisories say, from which `[[ignore]]` makes exceptions (`advisories`); those can be forbidden as the others.
_ON_ADVISORIES = ("known-malware", "known-vulnerability")


class ForbidAllow(NamedTuple):
    """One `forbid-allow`: for all rules, explicitly not (`false`), or, with None, for those listed."""

    everything: bool | None
    rules: tuple[Placed, ...]
    origin: Origin


def read_exemptions(reader: TableReader, data: Any) -> tuple[Exemption, ...]:
    """Every `[[allow]]` of a file; those with a mistake are left out, and the mistake is kept by the reader."""
    tables = reader.tables(data, _WHERE, "an exception is written")
    found = [_exemption(reader, table, number) for number, table in enumerate(tables)]
    return tuple(exemption for exemption in found if exemption is not None)


def _exemption(reader: TableReader, data: Any, number: int) -> Exemption | None:
    before = len(reader.problems)
    table = reader.table(data, _KEYS, _WHERE, number)
    words = {key: reader.string(table, key, _WHERE, number) for key in _WORDS}
    origin = reader.origin(reader.lines.table(_WHERE, number))
    for key in _REQUIRED:
        if key not in table and isinstance(data, dict):
            reader.problem(f"an exception needs a {key}", origin.line, f'add: {key} = "..."')
    project, rule, reason, file = (words[key] for key in _KEYS[:4])
    if project is not None and not is_name(project):
        _wrong(reader, number, "project", project, "is not a valid project name")
    if rule is not None:
        _check_rule(reader, number, rule)
    if reason is not None and not (is_reason(reason) and reason.isprintable()):
        _wrong(reader, number, "reason", reason, "is not a reason: write why, in one line, for later readers")
    if file is not None:
        _check_file(reader, number, file, project)
    for key in ("file", "digest") if rule in _ON_NAMES else ():
        if key in table:
            reader.problem(
                f"{rule} is about a whole project, so {key} cannot narrow it", reader.lines.key(_WHERE, number, key)
            )
    digest = _digest(reader, number, words["digest"])
    until = read_last_day(reader, _WHERE, number, table.get("until"))
    if len(reader.problems) > before or project is None or rule is None or reason is None:
        return None
    return Exemption(normalise(project), rule, reason.strip(), origin, file, digest, until)


def is_reason(text: str) -> bool:
    """Whether a text says something: it has a letter or a digit, and is more than the word for a gap."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return not _GAPS.issuperset(words)


def _wrong(reader: TableReader, number: int, key: str, word: str, fault: str, hint: str = "") -> None:
    reader.problem(f"{key}: {printable(word)!r} {fault}", reader.lines.key(_WHERE, number, key), hint)


def _check_rule(reader: TableReader, number: int, rule: str) -> None:
    if rule in _ON_NAMES or rule in _ON_AGES:
        return
    rules = _rules()
    if rules.get(rule):
        return
    allowable = [name for name, may in rules.items() if may]
    if rule in rules:
        _wrong(reader, number, "rule", rule, "cannot be overruled", f"safepip help {rule} says why")
    else:
        hint = near(rule, allowable, f"rules that can be overruled: {', '.join(allowable)}")
        _wrong(reader, number, "rule", rule, "is not a rule", hint)


def _check_file(reader: TableReader, number: int, file: str, project: str | None) -> None:
    from packaging.utils import InvalidWheelFilename

    from safepip.model.wheel_names import read_wheel_name

    try:
        name = read_wheel_name(file)[0]
    except InvalidWheelFilename:
        _wrong(reader, number, "file", file, "is not the file name of a wheel")
        return
    if project is not None and name != normalise(project):
        _wrong(reader, number, "file", file, f"is not a wheel of {printable(project)}")


def _digest(reader: TableReader, number: int, word: str | None) -> Digest | None:
    if word is None:
        return None
    algorithm, _, value = word.partition(":")
    # Of every verified file the sha256 is known, whatever its index gave; so that is what can be compared.
    if algorithm != "sha256":
        _wrong(reader, number, "digest", word, "is not a sha256 digest", 'write: digest = "sha256:..."')
        return None
    try:
        return strong(algorithm, value)
    except WeakDigest as problem:
        reader.problem(f"digest: {printable(str(problem))}", reader.lines.key(_WHERE, number, "digest"))
        return None


def read_last_day(reader: TableReader, where: tuple[str, ...], number: int, value: Any) -> float | None:
    """The moment at which the `until` of a table ends: the end of a day, in UTC, so that it is the same moment
    everywhere."""
    if value is None:
        return None
    from datetime import UTC, date, datetime

    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    # A moment is a date, too, to Python.
    if not isinstance(day, date) or isinstance(day, datetime):
        reader.problem(
            f"until: {printable(str(value))!r} is not a date",
            reader.lines.key(where, number, "until"),
            "write the last day on which it holds: until = 2026-12-31",
        )
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + DAY


def read_forbid_allow(reader: TableReader, policy: dict[str, Any]) -> ForbidAllow | None:
    """`forbid-allow` of a file's `[policy]`, None where it is left out."""
    where, key = ("policy",), "forbid-allow"
    if key not in policy:
        return None
    origin = reader.at(where, None, key)
    if isinstance(policy[key], bool):
        return ForbidAllow(policy[key], (), origin)
    if not isinstance(policy[key], list):
        reader.problem(f"{key} must be true, false or a list of rules", origin.line)
        return None
    words = reader.strings(policy, key, where, None, _rule_fault)
    return ForbidAllow(None, words, origin)


def _rule_fault(word: str) -> str | None:
    rules = _rules()
    return None if word in rules else f"is not a rule; {near(word, rules, 'safepip help errors lists all')}"


def _rules() -> dict[str, bool]:
    """Every rule's reference, and whether it may be overruled, at least in some of what it looks at."""
    from safepip.rules.judging import RULES

    may = {rule.reference for rule in RULES if rule.allowable}
    may = may.union(_ON_NAMES, _ON_AGES)
    others = (*_BEFORE_THE_RULES, *_ON_NAMES, *_ON_AGES, *_ON_ADVISORIES)
    return {name: name in may for name in (*(r.reference for r in RULES), *others)}


def overruling(
    exemptions: Iterable[Exemption], rule: str, project: str, filename: str, digests: Iterable[Digest]
) -> Exemption | None:
    """The first line of policy that overrules this rule for this file as an index lists it."""
    given = tuple(digests)
    for exemption in exemptions:
        if (
            exemption.rule == rule
            and exemption.project == project
            and exemption.file in (None, filename)
            and (exemption.digest is None or exemption.digest in given)
        ):
            return exemption
    return None


def contradictions(exemptions: Iterable[Exemption], ban: ForbidAllow | None) -> Iterable[Diagnostic]:
    """Problems where one file makes exceptions and forbids them."""
    bans = Bans()
    bans.add(ban)
    for exemption in exemptions:
        forbidden = bans.against(exemption.rule)
        if forbidden is not None:
            yield Diagnostic(
                "bad-configuration",
                f"one file forbids exceptions from {exemption.rule}, and makes one for {exemption.project}",
                (f"forbidden by {forbidden}", f"made by      {exemption.origin}"),
                "take one of the two lines out",
                (exemption.origin, forbidden),
            )


class Bans:
    """The `forbid-allow` met so far, from the highest level down."""

    def __init__(self) -> None:
        self._all: Origin | None = None
        self._rules: dict[str, Origin] = {}

    def add(self, ban: ForbidAllow | None) -> None:
        """Forbid more. A `false` does not lift the ban of a higher level; see `lifted`."""
        if ban is None:
            return
        if ban.everything and self._all is None:
            self._all = ban.origin
        for rule in ban.rules:
            self._rules.setdefault(rule.value, rule.origin)

    def against(self, rule: str) -> Origin | None:
        """Where exceptions from this rule are forbidden, None where they are not."""
        return self._all or self._rules.get(rule)

    def stated(self) -> tuple[tuple[str, Origin], ...]:
        """Each rule from which exceptions are forbidden, with where; an empty text stands for every rule."""
        everything = () if self._all is None else (("", self._all),)
        return (*everything, *sorted(self._rules.items()))

    def lifted(self, ban: ForbidAllow | None) -> Origin | None:
        """The line which a `false` would take back, None where it takes nothing back."""
        if ban is None or ban.everything is not False:
            return None
        return self._all or next(iter(self._rules.values()), None)
