"""Poetry's sources: `[[tool.poetry.source]]`, and `source` of a dependency (Poetry's documentation, "Repositories").

- `priority = "primary"` (also where none is given, and for the older `default`) is asked for every name; the first of
  them takes the place of pip's default index, which is asked beside them only where it is a source by the name of
  `PyPI`.
- `supplemental` (and the older `secondary`) is asked where no primary source has a version that fits.
- `explicit` is asked for what names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.config.toml_positions import TomlLines
from safepip.migration.findings import (
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
from safepip.model.names import is_name, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.migration.findings import FoundSource
    from safepip.model.index import IndexUrl

_ROOT = ("tool", "poetry")
_SUPPLEMENTAL = (
    "Poetry asks a supplemental source only where no primary one has the project: a project that appears on a primary"
    " source wins, an attacker's too"
)
_PRIMARY = "Poetry compares the versions of all primary sources: the highest one wins, an attacker's too"
_PINS = (
    "`source` of a dependency of Poetry holds for that dependency; what it requires in turn is taken from any source"
    " that is not explicit"
)


def read_poetry(project: dict[str, Any], text: str, path: str, default: IndexUrl) -> Findings:
    """The findings of a pyproject.toml; `default` is pip's default index, which Poetry knows as `PyPI`."""
    poetry = table(project, *_ROOT)
    sources = list(_sources(poetry, TomlLines(text, _ROOT), path, default))
    primary = [number for number, (_, priority, _) in enumerate(sources) if priority == "primary"]
    if primary:
        first, priority, name = sources[primary[0]]
        sources[primary[0]] = first._replace(role=Role.DEFAULT), priority, name
    described = by_name((name, source) for source, _, name in sources)
    pins = list(_pins(poetry, described, path))
    assignments = tuple(pin for pin in pins if isinstance(pin, Assignment))
    unread = (pin for pin in pins if isinstance(pin, UnreadSource))
    priorities = [priority for _, priority, _ in sources]
    notes = (
        *([_SUPPLEMENTAL] if "supplemental" in priorities else []),
        *([_PRIMARY] if len(primary) > 1 else []),
        *([_PINS] if assignments else []),
    )
    return Findings(
        (*(source for source, _, _ in sources), *unread),
        assignments,
        notes=notes,
        default_too=bool(sources) and not primary,
    )


def _sources(
    poetry: dict[str, Any], lines: TomlLines, path: str, default: IndexUrl
) -> Iterator[tuple[FoundSource, str, str]]:
    """Each source with its priority and its name in lower case."""
    for number, item in enumerate(items(poetry.get("source"))):
        entry = table(item)
        name = word(entry.get("name"))
        priority = word(entry.get("priority")).lower()
        if priority in ("supplemental", "secondary") or entry.get("secondary") is True:
            priority, role = "supplemental", Role.EXTRA
        elif priority == "explicit":
            role = Role.EXPLICIT
        else:
            priority, role = "primary", Role.EXTRA
        place = Origin(Source.FILE, path, lines.table(("source",), number))
        if name.lower() == "pypi" and "url" not in entry:
            yield FoundIndex(default, role, place, name), priority, name.lower()
        else:
            yield read_source(entry.get("url"), role, place, name), priority, name.lower()


def _pins(
    poetry: dict[str, Any], described: Mapping[str, FoundSource | None], path: str
) -> Iterator[Assignment | UnreadSource]:
    """What `source` of each dependency says; one that not just one table describes is not taken over."""
    place = Origin(Source.FILE, f"{path} [tool.poetry]")
    groups = [table(group, "dependencies") for group in table(poetry, "group").values()]
    for dependencies in (table(poetry, "dependencies"), table(poetry, "dev-dependencies"), *groups):
        for name, value in dependencies.items():
            for entry in tables(value if isinstance(value, list) else [value]):
                stated = word(entry.get("source")).lower()
                source = described.get(stated)
                if isinstance(source, FoundIndex) and is_name(name):
                    yield Assignment(normalise(name), source.url, place)
                elif source is None and stated not in ("", "pypi"):
                    yield not_described("source", name, Role.EXPLICIT, place, several=stated in described)
