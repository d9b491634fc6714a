"""uv's settings: `uv.toml`, `[tool.uv]`, `[tool.uv.sources]`, and variables (uv's documentation, "Package indexes",
"Environment variables").

- `[[index]]` in the order of the file; `default = true` takes the place of pip's default index, `explicit = true` is
  asked only for names that `sources` gives to it.
- One of `format = "flat"` lists files of any project, as find-links do.
- `index-url`, `extra-index-url` and `find-links` are the older spelling, also below `[pip]`.
- `UV_DEFAULT_INDEX`, or else `UV_INDEX_URL`, is the default index; `UV_INDEX` and `UV_EXTRA_INDEX_URL` have others with
  a space between them, which may be given a name: `NAME=URL`.
- A `uv.toml` beside a `pyproject.toml` takes the place of `[tool.uv]`, but for `sources`, which belong to the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.config.toml_positions import TomlLines
from safepip.migration.findings import (
    LINKS,
    Assignment,
    Findings,
    FoundIndex,
    Role,
    UnreadSource,
    by_name,
    not_described,
    read_source,
)
from safepip.migration.tool_tables import items, table, tables, word
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.migration.findings import FoundSource

_TOOL = "uv"
_FIRST = (
    "uv takes a name from the first index that has it (index-strategy first-index): the order of indexes does not say"
    " who owns a name"
)
_BEST = "uv compares the versions of all indexes (index-strategy {}): the highest one wins, an attacker's too"
_PINS = (
    "[tool.uv.sources] gives names to indexes for this project's own requirements; what these require in turn is taken"
    " from any index"
)


def read_uv(settings: dict[str, Any], project: dict[str, Any], text: str, path: str, root: tuple[str, ...]) -> Findings:
    """The findings of `settings`, uv's table in the file `path` whose text is `text`; below `root` there.

    `project` is the whole pyproject.toml, for its `[tool.uv.sources]`.
    """
    lines = TomlLines(text, root)
    named = list(_named(settings, lines, path))
    older = [*_older(settings, path), *_older(table(settings, "pip"), path)]
    pins = list(_pins(table(project, "tool", "uv", "sources"), by_name(named)))
    assignments = tuple(pin for pin in pins if isinstance(pin, Assignment))
    unread = (pin for pin in pins if isinstance(pin, UnreadSource))
    found = Findings((*(source for _, source in named), *older, *unread), assignments, tool=_TOOL)
    return found._replace(
        notes=tuple(_notes(settings, found)), default_too=bool(found.sources) and not found.replaces_default
    )


def read_uv_variables(environ: Mapping[str, str]) -> Findings:
    """The findings of uv's variables; user information is already taken out of their URLs."""
    stated = [(name, Role.EXTRA) for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL")]
    stated.insert(0, ("UV_DEFAULT_INDEX" if environ.get("UV_DEFAULT_INDEX") else "UV_INDEX_URL", Role.DEFAULT))
    sources: list[FoundSource] = []
    for variable, role in stated:
        place = Origin(Source.ENVIRONMENT, variable)
        for text in environ.get(variable, "").split():
            name, equals, url = text.partition("=")
            if equals and is_name(name):
                sources.append(read_source(url, role, place, name))
            else:
                sources.append(read_source(text, role, place))
    if environ.get("UV_FIND_LINKS"):
        sources.append(UnreadSource(LINKS, Role.EXTRA, Origin(Source.ENVIRONMENT, "UV_FIND_LINKS")))
    found = Findings(tuple(sources), tool=_TOOL)
    notes = _notes({"index-strategy": environ.get("UV_INDEX_STRATEGY")}, found)
    return found._replace(notes=tuple(notes), default_too=bool(sources) and not found.replaces_default)


def _named(settings: dict[str, Any], lines: TomlLines, path: str) -> Iterator[tuple[str, FoundSource]]:
    """Each index with the name that it has there."""
    for number, item in enumerate(items(settings.get("index"))):
        entry = table(item)
        role = Role.EXTRA
        if entry.get("explicit") is True:
            role = Role.EXPLICIT
        elif entry.get("default") is True:
            role = Role.DEFAULT
        place, name = Origin(Source.FILE, path, lines.table(("index",), number)), word(entry.get("name"))
        if entry.get("format") == "flat":
            yield name, UnreadSource(LINKS, role, place)
        else:
            yield name, read_source(entry.get("url"), role, place, name)


def _older(settings: dict[str, Any], path: str) -> Iterator[FoundSource]:
    place = Origin(Source.FILE, path)
    for key, role in (("index-url", Role.DEFAULT), ("extra-index-url", Role.EXTRA)):
        yield from (read_source(value, role, place) for value in items(settings.get(key)))
    yield from (UnreadSource(LINKS, Role.EXTRA, place) for _ in items(settings.get("find-links")))


def _pins(sources: dict[str, Any], described: Mapping[str, FoundSource | None]) -> Iterator[Assignment | UnreadSource]:
    """What `[tool.uv.sources]` says of indexes; one that not just one table describes is not taken over."""
    place = Origin(Source.FILE, "pyproject.toml [tool.uv.sources]")
    for name, value in sources.items():
        for entry in tables(value if isinstance(value, list) else [value]):
            stated = word(entry.get("index"))
            source = described.get(stated)
            if isinstance(source, FoundIndex) and is_name(name):
                yield Assignment(normalise(name), source.url, place)
            elif source is None and "index" in entry:
                yield not_described("index", name, Role.EXPLICIT, place, several=stated in described)


def _notes(settings: dict[str, Any], found: Findings) -> Iterator[str]:
    strategy = word(settings.get("index-strategy")) or "first-index"
    if any(source.role is not Role.EXPLICIT for source in found.sources):
        yield _FIRST if strategy == "first-index" else _BEST.format(printable(strategy))
    if found.assignments:
        yield _PINS
