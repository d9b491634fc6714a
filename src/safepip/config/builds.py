"""What configuration says of building from source, read from one file and merged over all.

    [policy]
    builds = "fenced"                       # every project, in a fence (the default); "never": nothing is built
    builds = ["demo", { name = "grpc-demo", network = true, reason = "fetches its headers" }]   # these, and no other
    build-variables = ["ACME_SDK", "ACME_BUILD_*"]   # environment variables that builds get, beside the usual ones

A lower level only tightens:

- below "never" nothing is built;
- below a list there may be a shorter list, with the network only for whom the higher one gives it, or "never";
- below a "fenced" that is written there may be a list or "never", and every build still needs the fence, which has no
  network;
- the default is not policy: any level may be the first to say something.

`build-variables` of all levels count, but below "never" there are none. A secret is not passed on by a pattern, nor by
a project's file: that file comes with code of other people, and to name a variable there would send its value to a
build. The machine's and the user's own files may name it by its full name. `HOME` and the folders for temporary files
are made for each build, and cannot be passed on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.config.exemptions import is_reason
from safepip.config.toml_tables import Placed, near
from safepip.model.build import MADE_FOR_A_BUILD, BuildMode, BuildPolicy, BuildRule, is_secret
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.model.origin import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.config.toml_tables import TableReader
    from safepip.model.origin import Origin

_WHERE = ("policy",)
_RULES = (*_WHERE, "builds")
_RULE_KEYS = ("name", "reason", "network")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?")
_WORDS = (BuildMode.FENCED.value, BuildMode.NEVER.value)


class BuildLevel(NamedTuple):
    """What one file's `[policy]` says of builds. `mode` and `origin` are None where it has no `builds`."""

    mode: BuildMode | None = None
    origin: Origin | None = None
    rules: tuple[BuildRule, ...] = ()
    variables: tuple[Placed, ...] = ()


# --- one file ------------------------------------------------------------------------------------------------------


def read_build_level(reader: TableReader, policy: dict[str, Any]) -> BuildLevel:
    """The keys of a file's `[policy]`; mistakes are kept by the reader."""
    variables = reader.strings(policy, "build-variables", _WHERE, None, lambda word: _variable_fault(reader, word))
    if "builds" not in policy:
        return BuildLevel(variables=variables)
    origin = reader.at(_WHERE, None, "builds")
    stated = policy["builds"]
    if isinstance(stated, list):
        return BuildLevel(BuildMode.NAMED, origin, _rules(reader, stated), variables)
    if stated not in _WORDS:
        shown = printable(str(stated))
        hint = near(shown, _WORDS, 'builds = "fenced", builds = "never", or a list of names')
        reader.problem(f"builds: {shown!r} is not one of {', '.join(_WORDS)}, nor a list of names", origin.line, hint)
        return BuildLevel(variables=variables)
    return BuildLevel(BuildMode(stated), origin, (), variables)


def _rules(reader: TableReader, items: list[Any]) -> tuple[BuildRule, ...]:
    found: dict[str, BuildRule] = {}
    for number, item in enumerate(items):
        rule = _rule(reader, item, number)
        if rule is None:
            continue
        if rule.name in found:
            reader.problem(f"builds has {rule.name} twice", rule.origin.line)
        found.setdefault(rule.name, rule)
    return tuple(found.values())


def _rule(reader: TableReader, item: Any, number: int) -> BuildRule | None:
    """One entry: a project's name, or a table with its name and why its build is approved."""
    before = len(reader.problems)
    written = isinstance(item, str)
    table = {} if written else reader.table(item, _RULE_KEYS, _RULES, number)
    name = item if written else reader.string(table, "name", _RULES, number)
    places = (reader.lines.item(_WHERE, None, "builds", str(name), number), reader.lines.table(_RULES, number))
    line = max(filter(None, places), default=None)
    if table is item:
        for key in ("name", "reason"):
            if key not in table:
                reader.problem(f"an entry of builds needs a {key}", line, f'add: {key} = "..."')
    if name is not None and not is_name(name):
        reader.problem(f"builds: {printable(name)!r} is not a valid project name", line)
    reason = reader.string(table, "reason", _RULES, number)
    if reason is not None and not (is_reason(reason) and reason.isprintable()):
        reader.problem(f"reason: {printable(reason)!r} is not a reason: write why, in one line", line)
    network = bool(reader.boolean(table, "network", _RULES, number))
    if len(reader.problems) > before or name is None:
        return None
    return BuildRule(normalise(name), (reason or "").strip(), network, reader.origin(line))


def _variable_fault(reader: TableReader, word: str) -> str | None:
    if not _VARIABLE.fullmatch(word):
        return "is not the name of a variable, nor the beginning of names with * behind it"
    stem = word.removesuffix("*")
    if stem.upper() in MADE_FOR_A_BUILD:
        return "is made anew for each build, and cannot be passed on"
    if not is_secret(stem):
        return None
    if word != stem:
        return "would pass on secrets by a pattern; name each variable in full"
    if reader.source not in (Source.MACHINE_POLICY, Source.USER_POLICY):
        return "looks like a secret: only the machine's or the user's own safepip.toml may pass it on"
    return None


# --- all files -----------------------------------------------------------------------------------------------------


class MergedBuilds:
    """The levels met so far, the highest first. `loosened` reports what a lower level may not do, with both places."""

    def __init__(self, loosened: Callable[[str, Origin, Origin], None]) -> None:
        self._loosened = loosened
        self._policy = BuildPolicy()

    def add(self, level: BuildLevel) -> None:
        """Take in the next lower level."""
        above = self._policy
        if above.mode is BuildMode.NEVER and above.stated is not None:
            for variable in level.variables:
                self._loosened("nothing is built, so no variable is passed on", above.stated, variable.origin)
        else:
            names = dict.fromkeys((*above.variables, *(variable.value for variable in level.variables)))
            self._policy = above._replace(variables=tuple(names))
        if level.mode is not None and level.origin is not None:
            self._take(above, level.mode, level.origin, level.rules)

    def policy(self) -> BuildPolicy:
        """What all levels say together."""
        return self._policy

    def _take(self, above: BuildPolicy, mode: BuildMode, origin: Origin, rules: tuple[BuildRule, ...]) -> None:
        if above.stated is not None:
            if above.mode is BuildMode.NEVER and mode is not BuildMode.NEVER:
                self._loosened("nothing may be built", above.stated, origin)
                return
            if above.mode is BuildMode.NAMED and mode is BuildMode.FENCED:
                self._loosened("only what is listed may be built", above.stated, origin)
                return
        for rule in rules:
            self._check(above, rule)
        reasons = {rule.name: rule.reason for rule in above.rules}
        rules = tuple(rule if rule.reason else rule._replace(reason=reasons.get(rule.name, "")) for rule in rules)
        if above.stated is None or above.mode is not mode or mode is BuildMode.NAMED:
            fence = origin if mode is BuildMode.FENCED else above.fence_demanded
            self._policy = self._policy._replace(mode=mode, stated=origin, rules=rules, fence_demanded=fence)

    def _check(self, above: BuildPolicy, rule: BuildRule) -> None:
        """A rule of a lower list against what the level above says of its project."""
        known = {each.name: each for each in above.rules}
        if above.mode is BuildMode.NAMED and above.stated is not None and rule.name not in known:
            self._loosened(f"{rule.name} may not be built", above.stated, rule.origin)
        elif rule.network and rule.name in known and not known[rule.name].network:
            self._loosened(f"{rule.name} is built without a network", known[rule.name].origin, rule.origin)
        elif rule.network and above.fence_demanded is not None and rule.name not in known:
            self._loosened(f"{rule.name} is built in a fence, without a network", above.fence_demanded, rule.origin)
