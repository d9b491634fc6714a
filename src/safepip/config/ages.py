"""What configuration says of ages and of well-known names, read from one file and merged over all.

    [policy]
    cooldown = "P3D"                        # how long a file is held back after its upload (`spans`)
    new-project-age = "P30D"                # under which age a project is new
    well-known-names = "names.txt"          # the list that replaces safepip's own, relative to this file

    [policy.cooldowns]
    demo = "0"                              # of one project

    [[index]]
    cooldown = "PT12H"                      # of one index

A project's own setting beats its index's setting, which beats the general one. A lower level may only lengthen: its
setting for a project or an index must hold back at least as much as the setting of a higher level that would hold in
its place. The same goes for `--cooldown`. Where no level sets a cooldown, the default of a day is not policy, and may
be shortened, unless a higher level forbids exceptions from the rule (`forbid-allow`). A date and a span are compared at
the moment of the run. The list of well-known names is set once, and not below a level that forbids exceptions from
look-alike.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.config.toml_tables import Placed
from safepip.model.ages import AgePolicy, Cooldown
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import is_name, normalise
from safepip.model.spans import FORMS, SPANS, cutoff, read_cooldown, read_span, written
from safepip.model.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from safepip.config.toml_tables import TableReader
    from safepip.model.origin import Origin
    from safepip.model.plan import Policy, Settings

_WHERE = ("policy",)


class AgeLevel(NamedTuple):
    """What one file's `[policy]` says of ages and names; None and empty where it says nothing."""

    cooldown: Cooldown | None = None
    projects: Mapping[str, Cooldown] = {}
    new_project: Cooldown | None = None
    """Always a span."""
    well_known_names: Placed | None = None


def read_age_level(reader: TableReader, policy: dict[str, Any]) -> AgeLevel:
    """The keys of a file's `[policy]`; mistakes are kept by the reader."""
    new = None
    if "new-project-age" in policy:
        new = _value(reader, policy, "new-project-age", _WHERE, None, _span)
    names = reader.string(policy, "well-known-names", _WHERE, None)
    if names is not None and (is_url(names) or not (names.strip() and names.isprintable())):
        reader.problem(
            "well-known-names must be the path of a file", reader.lines.key(_WHERE, None, "well-known-names")
        )
    return AgeLevel(
        cooldown=read_cooldown_key(reader, policy, _WHERE, None),
        projects=_projects(reader, policy.get("cooldowns", {})),
        new_project=new,
        well_known_names=None if names is None else Placed(names, reader.at(_WHERE, None, "well-known-names")),
    )


def read_cooldown_key(
    reader: TableReader, table: dict[str, Any], where: tuple[str, ...], number: int | None
) -> Cooldown | None:
    """The `cooldown` of a table, None where it has none."""
    return _value(reader, table, "cooldown", where, number, read_cooldown) if "cooldown" in table else None


def _projects(reader: TableReader, table: Any) -> dict[str, Cooldown]:
    where = (*_WHERE, "cooldowns")
    if not isinstance(table, dict):
        reader.problem("policy.cooldowns must be a table", reader.lines.table(where, None))
        return {}
    found: dict[str, Cooldown] = {}
    for name in table:
        if not is_name(name):
            reader.problem(f"{printable(name)!r} is not a valid project name", reader.lines.key(where, None, name))
            continue
        value = _value(reader, table, name, where, None, read_cooldown)
        if normalise(name) in found:
            reader.problem(f"{normalise(name)} has two cooldowns", reader.lines.key(where, None, name))
        elif value is not None:
            found[normalise(name)] = value
    return found


def _value(
    reader: TableReader,
    table: dict[str, Any],
    key: str,
    where: tuple[str, ...],
    number: int | None,
    read: Callable[[Any, Origin], Cooldown],
) -> Cooldown | None:
    origin = reader.at(where, number, key)
    try:
        return read(table[key], origin)
    except ValueError as fault:
        hint = SPANS if read is _span else FORMS
        reader.problem(f"{key}: {printable(str(table[key]))!r} {fault}", origin.line, hint)
        return None


def _span(value: Any, origin: Origin) -> Cooldown:
    seconds = read_span(value)
    if seconds is None:
        raise ValueError("is not a span of time")
    return Cooldown(seconds, None, origin)


# --- merging -------------------------------------------------------------------------------------------------


class MergedAges:
    """The levels met so far, the highest first. `loosened` is called for each contradiction, with a message, the place
    of the higher setting and that of the lower one."""

    def __init__(self, loosened: Callable[[str, Origin, Origin], None], now: float) -> None:
        self._loosened = loosened
        self._now = now
        self._cooldown: Cooldown | None = None
        self._indexes: dict[str, Cooldown] = {}
        self._projects: dict[str, Cooldown] = {}
        self._enforced: Cooldown | None = None
        self._new: Cooldown | None = None
        self.names: Placed | None = None

    def add(
        self,
        level: AgeLevel | None,
        indexes: Mapping[str, Cooldown],
        owner_above: Callable[[str], str | None],
        forbidden: Mapping[str, Origin] = MappingProxyType({}),
    ) -> None:
        """One level more. `owner_above` names the index that a higher level gives a project to, None for none.
        `forbidden` is where higher levels forbid exceptions, by rule: there the defaults are theirs."""
        level = level or AgeLevel()
        enforced = forbidden.get("cooldown")
        self._enforced = None if enforced is None else Cooldown(origin=enforced)
        enforced = forbidden.get("new-project")
        new_above = self._new or (None if enforced is None else Cooldown(AgePolicy().new_project, origin=enforced))
        projects = {
            name: self._longer(f"the cooldown of {name}", self._over_project(name, owner_above(name)), value)
            for name, value in level.projects.items()
        }
        places = {
            name: self._longer(f"the cooldown of the index {name}", self._over_index(name), value)
            for name, value in indexes.items()
        }
        if level.cooldown is not None:
            self._cooldown = self._longer("the cooldown", self._cooldown or self._enforced, level.cooldown)
        if level.new_project is not None:
            self._new = self._longer("new-project-age", new_above, level.new_project)
        self._projects.update(projects)
        self._indexes.update(places)
        if level.well_known_names is not None:
            self._add_names(level.well_known_names, forbidden.get("look-alike"))

    def _add_names(self, names: Placed, forbidden: Origin | None) -> None:
        if self.names is not None:
            self._loosened("a list of well-known names is set already", self.names.origin, names.origin)
        elif forbidden is not None:
            # A name on a list of well-known names is never a look-alike.
            self._loosened(
                "exceptions from look-alike are forbidden, and another list of well-known names makes some",
                forbidden,
                names.origin,
            )
        else:
            self.names = names

    def _over_project(self, name: str, owner: str | None) -> Cooldown | None:
        """What the levels above hold a project to: its own setting, its owner's, else the strictest that could be."""
        own = self._projects.get(name)
        if own is not None:
            return own
        if owner is not None:
            return self._indexes.get(owner)
        return strictest([self._cooldown or self._enforced, *self._indexes.values()], self._now)

    def _over_index(self, name: str) -> Cooldown | None:
        return self._indexes.get(name) or self._cooldown or self._enforced

    def _longer(self, what: str, above: Cooldown | None, below: Cooldown) -> Cooldown:
        if above is not None and cutoff(below, self._now) > cutoff(above, self._now):
            self._loosened(
                f"{what} is {written(above)}, and may not become {written(below)}", above.origin, below.origin
            )
        return below

    def policy(self) -> AgePolicy:
        """All levels merged."""
        default = AgePolicy()
        return AgePolicy(
            self._cooldown,
            self._indexes,
            self._projects,
            default.new_project if self._new is None else self._new.seconds,
            default.new_project_origin if self._new is None else self._new.origin,
        )


def strictest(cooldowns: list[Cooldown | None], now: float) -> Cooldown | None:
    """The cooldown that holds back most, None where there is none."""
    stated = [cooldown for cooldown in cooldowns if cooldown is not None]
    return min(stated, key=lambda cooldown: cutoff(cooldown, now), default=None)


# --- the options of one run ----------------------------------------------------------------------------------


def against_policy(settings: Settings, policy: Policy, now: float) -> Iterator[Diagnostic]:
    """Problems where an option of this run would loosen what policy says."""
    enforced, stated = policy.ages.enforced, settings.cooldown
    above = policy.ages.cooldown or (None if enforced is None else Cooldown(origin=enforced))
    if above is not None and stated is not None and cutoff(stated, now) > cutoff(above, now):
        yield _by_option(
            f"the cooldown is {written(above)}, and --cooldown may only lengthen it", above.origin, stated.origin
        )
    if policy.well_known_names is not None and settings.well_known_names is not None:
        yield _by_option(
            "policy sets the list of well-known names, and --well-known-names names another one",
            policy.well_known_origin,
            settings.origins["well_known_names"],
        )
    elif settings.well_known_names is not None and "look-alike" in policy.enforced:
        message = "exceptions from look-alike are forbidden, and --well-known-names makes some"
        yield _by_option(message, policy.enforced["look-alike"], settings.origins["well_known_names"])
    for rule in ("look-alike", "new-project"):
        if settings.allow_names and rule in policy.enforced:
            message = f"exceptions from {rule} are forbidden, and --allow-name makes one"
            yield _by_option(message, policy.enforced[rule], settings.origins["allow_names"])


def _by_option(message: str, above: Origin, option: Origin) -> Diagnostic:
    return Diagnostic(
        "policy-loosened",
        message,
        (f"set by     {above}", f"loosened by {option}"),
        "leave the option out, or change the policy",
        (option, above),
    )
