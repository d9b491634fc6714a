"""What configuration says of advisories, read from one file and merged over all.

    [[advisories]]
    name = "python"                         # required; unique
    path = "advisory-database/vulns"        # a folder or zip of records, relative to this file; or
    url = "https://osv.acme.example/PyPI.zip"   # such an archive on a server
    max-age = "P7D"                         # older data verify nothing

    [[advisories]]
    name = "server"
    url = "https://osv.acme.example/"       # a server that `safepip audit` asks, by name
    claimed = true                          # for names that an index claims, too

    [[ignore]]
    id = "CVE-2024-0001"                    # all of these are required
    project = "demo"
    reason = "the function is not used here"
    until = 2026-12-31

    [[vex]]
    path = "vex/app.openvex.json"           # a document of OpenVEX, relative to this file
    product = "pkg:oci/app"                 # what is audited is part of this: its statements on subcomponents count

    [policy]
    vulnerabilities = "refuse:high"         # "note" (the default), "refuse", or "refuse:" and a severity
    advisories = "required"                 # an install without usable advisories is refused

A lower level adds sources, refuses more, and ignores findings unless a higher one forbids exceptions (`forbid-allow`,
with the words `known-malware` and `known-vulnerability`). It can neither declare a source anew nor refuse less. VEX is
such an exception, too, from `known-vulnerability`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.config.exemptions import is_reason, read_last_day
from safepip.config.toml_tables import near
from safepip.model.advisories import SEVERITIES, Ignore, Severity
from safepip.model.advisory_policy import AdvisoryPolicy, AdvisorySource
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.model.spans import SPANS, read_span
from safepip.model.urls import UrlError, parse
from safepip.model.vex import VexSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.config.exemptions import Bans
    from safepip.config.toml_tables import TableReader
    from safepip.model.origin import Origin

_SOURCE, _IGNORE, _VEX, _POLICY = ("advisories",), ("ignore",), ("vex",), ("policy",)
_SOURCE_KEYS = ("name", "path", "url", "max-age", "claimed")
_IGNORE_KEYS = ("id", "project", "reason", "until")
_VEX_KEYS = ("path", "product")
_NOTE, _REFUSE = "note", "refuse"
_WORDS = {_NOTE: None, _REFUSE: Severity.LOW} | {f"{_REFUSE}:{word}": level for word, level in SEVERITIES.items()}
_REQUIRED, _OPTIONAL = "required", "optional"


class AdvisoryLevel(NamedTuple):
    """What one file says. `vulnerabilities_at` and `required_at` are None where it does not say."""

    sources: tuple[AdvisorySource, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    refuse: Severity | None = None
    vulnerabilities_at: Origin | None = None
    required: bool = False
    required_at: Origin | None = None
    vex: tuple[VexSource, ...] = ()


# --- one file ------------------------------------------------------------------------------------------------------


def read_advisory_level(reader: TableReader, table: dict[str, Any], policy: dict[str, Any]) -> AdvisoryLevel:
    """The tables and keys of a file; mistakes are kept by the reader."""
    sources = reader.tables(table.get("advisories", []), _SOURCE, "a source of advisories is declared")
    ignores = reader.tables(table.get("ignore", []), _IGNORE, "an ignored finding is written")
    statements = reader.tables(table.get("vex", []), _VEX, "a file of VEX statements is named")
    refuse = _word(reader, policy, "vulnerabilities", tuple(_WORDS))
    required = _word(reader, policy, "advisories", (_REQUIRED, _OPTIONAL))
    read = [_source(reader, data, number) for number, data in enumerate(sources)]
    found = [_ignore(reader, data, number) for number, data in enumerate(ignores)]
    vex = [_vex(reader, data, number) for number, data in enumerate(statements)]
    return AdvisoryLevel(
        tuple(source for source in read if source is not None),
        tuple(ignore for ignore in found if ignore is not None),
        None if refuse is None else _WORDS[refuse],
        None if refuse is None else reader.at(_POLICY, None, "vulnerabilities"),
        required == _REQUIRED,
        None if required is None else reader.at(_POLICY, None, "advisories"),
        tuple(source for source in vex if source is not None),
    )


def _word(reader: TableReader, policy: dict[str, Any], key: str, words: tuple[str, ...]) -> str | None:
    word = reader.string(policy, key, _POLICY, None)
    if word is None or word in words:
        return word
    hint = near(word, words, f"one of {', '.join(words)}")
    reader.problem(f"{key}: {printable(word)!r} is not known", reader.lines.key(_POLICY, None, key), hint)
    return None


def _source(reader: TableReader, data: Any, number: int) -> AdvisorySource | None:
    before = len(reader.problems)
    table = reader.table(data, _SOURCE_KEYS, _SOURCE, number)
    line = reader.lines.table(_SOURCE, number)
    name, path, url = (reader.string(table, key, _SOURCE, number) for key in ("name", "path", "url"))
    if name is None or not is_name(name):
        reader.problem("a source of advisories needs a name of letters, digits and . - _", line, 'add: name = "..."')
    if (path is None) == (url is None):
        reader.problem("a source of advisories needs either a path or a url", line, 'add: path = "..."')
    if path is not None and not (path.strip() and path.isprintable()):
        reader.problem("path: an empty or unprintable path", reader.lines.key(_SOURCE, number, "path"))
    if url is not None:
        _check_url(reader, url, number)
    age = _age(reader, table, number)
    claimed = bool(reader.boolean(table, "claimed", _SOURCE, number))
    made = AdvisorySource(name or "", reader.origin(line), path or "", url or "", age, claimed)
    if claimed and not made.is_server:
        reader.problem("claimed is for servers: a file is not asked by name", line, "take it out")
    if age is not None and made.is_server:
        reader.problem("max-age is for files: a server answers anew each time", line, "take it out")
    return made if len(reader.problems) == before else None


def _check_url(reader: TableReader, text: str, number: int) -> None:
    line = reader.lines.key(_SOURCE, number, "url")
    try:
        url = parse(text)
    except UrlError as problem:
        reader.problem(f"url: {problem}", line)
        return
    if url.scheme not in ("https", "http"):
        reader.problem("url: a source of advisories is reached by https: or http:", line, "for a file, use path")
    elif url.has_user_info or url.query or url.fragment:
        reader.problem("url: neither a user name, nor a query (?), nor a fragment (#) can stand in it", line)


def _age(reader: TableReader, table: dict[str, Any], number: int) -> float | None:
    if "max-age" not in table:
        return None
    try:
        seconds = read_span(table["max-age"])
        if seconds:
            return seconds
        fault = "is not a span of time"
    except ValueError as problem:
        fault = str(problem)
    shown = printable(str(table["max-age"]))
    reader.problem(f"max-age: {shown!r} {fault}", reader.lines.key(_SOURCE, number, "max-age"), SPANS)
    return None


def _ignore(reader: TableReader, data: Any, number: int) -> Ignore | None:
    before = len(reader.problems)
    table = reader.table(data, _IGNORE_KEYS, _IGNORE, number)
    origin = reader.origin(reader.lines.table(_IGNORE, number))
    for key in _IGNORE_KEYS:
        if key not in table and isinstance(data, dict):
            example = "2026-12-31" if key == "until" else '"..."'
            reader.problem(f"an ignored finding needs a {key}", origin.line, f"add: {key} = {example}")
    identity, project, reason = (reader.string(table, key, _IGNORE, number) for key in _IGNORE_KEYS[:3])
    if identity is not None and not (identity.strip() == identity and identity and identity.isprintable()):
        reader.problem(f"id: {printable(identity)!r} is not an id", reader.lines.key(_IGNORE, number, "id"))
    if project is not None and not is_name(project):
        line = reader.lines.key(_IGNORE, number, "project")
        reader.problem(f"project: {printable(project)!r} is not a valid project name", line)
    if reason is not None and not (is_reason(reason) and reason.isprintable()):
        line = reader.lines.key(_IGNORE, number, "reason")
        reader.problem(f"reason: {printable(reason)!r} is not a reason: write why, in one line", line)
    until = read_last_day(reader, _IGNORE, number, table.get("until"))
    if len(reader.problems) > before or identity is None or project is None or reason is None or until is None:
        return None
    return Ignore(identity, normalise(project), reason.strip(), until, origin)


def _vex(reader: TableReader, data: Any, number: int) -> VexSource | None:
    before = len(reader.problems)
    table = reader.table(data, _VEX_KEYS, _VEX, number)
    origin = reader.origin(reader.lines.table(_VEX, number))
    path, product = (reader.string(table, key, _VEX, number) for key in _VEX_KEYS)
    if "path" not in table and isinstance(data, dict):
        reader.problem("a file of VEX statements needs a path", origin.line, 'add: path = "..."')
    for key, value in (("path", path), ("product", product)):
        if value is not None and not (value.strip() == value and value and value.isprintable()):
            reader.problem(f"{key}: {printable(value)!r} is empty or unprintable", reader.lines.key(_VEX, number, key))
    if len(reader.problems) > before or path is None:
        return None
    return VexSource(path, origin, () if product is None else (product,))


# --- all files -----------------------------------------------------------------------------------------------------


class MergedAdvisories:
    """The levels met so far, the highest first. `loosened` reports what a lower level may not do, with both places."""

    def __init__(self, loosened: Callable[[str, Origin, Origin], None]) -> None:
        self._loosened = loosened
        self._policy = AdvisoryPolicy()
        self._sources: dict[str, AdvisorySource] = {}
        self._stated: Origin | None = None

    def add(self, level: AdvisoryLevel, bans: Bans | None) -> None:
        """Take in the next lower level; `bans` are the exceptions that it and the levels above forbid."""
        for source in level.sources:
            first = self._sources.setdefault(source.name, source)
            if first is not source:
                self._loosened(f"the source of advisories {source.name} is declared twice", first.origin, source.origin)
        for ignore in level.ignores:
            for rule in ("known-vulnerability", "known-malware") if bans is not None else ():
                forbidden = None if bans is None else bans.against(rule)
                if forbidden is not None:
                    self._loosened(f"exceptions from {rule} are forbidden", forbidden, ignore.origin)
                    break
        forbidden = None if bans is None else bans.against("known-vulnerability")
        for vex in level.vex if forbidden is not None else ():
            assert forbidden is not None
            self._loosened("exceptions from known-vulnerability are forbidden, and VEX is one", forbidden, vex.origin)
        self._policy = self._policy._replace(
            ignores=(*self._policy.ignores, *level.ignores), vex=(*self._policy.vex, *level.vex)
        )
        if level.vulnerabilities_at is not None:
            self._refuse(level.refuse, level.vulnerabilities_at)
        if level.required_at is not None:
            self._require(level.required_at, required=level.required)

    def policy(self) -> AdvisoryPolicy:
        """What all levels say together."""
        return self._policy._replace(sources=tuple(self._sources.values()))

    def _refuse(self, lowest: Severity | None, origin: Origin) -> None:
        above = self._policy.refuse
        if self._stated is not None and above is not None and (lowest is None or lowest > above):
            self._loosened("more vulnerabilities are refused", self._stated, origin)
            return
        self._stated = origin
        self._policy = self._policy._replace(refuse=lowest, refuse_origin=origin)

    def _require(self, origin: Origin, *, required: bool) -> None:
        above = self._policy.required
        if above is not None and not required:
            self._loosened("advisories are required", above, origin)
        elif above is None and required:
            self._policy = self._policy._replace(required=origin)
