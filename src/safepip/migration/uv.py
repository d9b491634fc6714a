"""uv's settings: `uv.toml`, `[tool.uv]` and `[tool.uv.sources]` (uv's documentation, "Package indexes").

- `[[index]]` in the order of the file; `default = true` takes the place of pip's default index, `explicit = true` is
  asked only for names that `sources` gives to it.
- One of `format = "flat"` lists files of any project, as find-links do.
- `index-url`, `extra-index-url` and `find-links` are the older spelling, also below `[pip]`.
- A `uv.toml` beside a `pyproject.toml` takes the place of `[tool.uv]`, but for `sources`, which belong to the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.config.toml_positions import TomlLines
from safepip.migration.findings import Assignment, Findings, FoundIndex, Role, index_url
from safepip.migration.tool_tables import table, tables, word, words
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    by_name = {index.name: index for index in named if index.name}
    older = [*_older(settings, path), *_older(table(settings, "pip"), path)]
    assignments = tuple(_assignments(table(project, "tool", "uv", "sources"), by_name))
    indexes = (*named, *older)
    return Findings(
        indexes,
        assignments,
        notes=tuple(_notes(settings, indexes, assignments, path)),
        default_too=bool(indexes) and not any(index.role is Role.DEFAULT for index in indexes),
    )


def _named(settings: dict[str, Any], lines: TomlLines, path: str) -> Iterator[FoundIndex]:
    for number, entry in enumerate(tables(settings.get("index"))):
        url = index_url(entry.get("url"))
        if url is None or entry.get("format") == "flat":
            continue
        role = Role.EXTRA
        if entry.get("explicit") is True:
            role = Role.EXPLICIT
        elif entry.get("default") is True:
            role = Role.DEFAULT
        yield FoundIndex(url, role, Origin(Source.FILE, path, lines.table(("index",), number)), word(entry.get("name")))


def _older(settings: dict[str, Any], path: str) -> Iterator[FoundIndex]:
    for key, role in (("index-url", Role.DEFAULT), ("extra-index-url", Role.EXTRA)):
        for text in words(settings.get(key)):
            url = index_url(text)
            if url is not None:
                yield FoundIndex(url, role, Origin(Source.FILE, path))


def _assignments(sources: dict[str, Any], by_name: dict[str, FoundIndex]) -> Iterator[Assignment]:
    for name, value in sources.items():
        for entry in tables(value if isinstance(value, list) else [value]):
            index = by_name.get(word(entry.get("index")))
            if index is not None and is_name(name):
                yield Assignment(normalise(name), index.url, Origin(Source.FILE, "pyproject.toml [tool.uv.sources]"))


def _notes(
    settings: dict[str, Any], indexes: tuple[FoundIndex, ...], assignments: tuple[Assignment, ...], path: str
) -> Iterator[str]:
    strategy = word(settings.get("index-strategy")) or "first-index"
    if any(index.role is not Role.EXPLICIT for index in indexes):
        yield _FIRST if strategy == "first-index" else _BEST.format(printable(strategy))
    if assignments:
        yield _PINS
    flat = any(entry.get("format") == "flat" for entry in tables(settings.get("index")))
    if flat or any(words(part.get("find-links")) for part in (settings, table(settings, "pip"))):
        yield f"{path}: find-links and flat indexes cannot own names, and are not taken over; serve them as an index"
