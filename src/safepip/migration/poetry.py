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
from safepip.migration.findings import Assignment, Findings, FoundIndex, Role, index_url
from safepip.migration.tool_tables import table, tables, word
from safepip.model.names import is_name, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    primary = [number for number, (_, priority) in enumerate(sources) if priority == "primary"]
    if primary:
        first, priority = sources[primary[0]]
        sources[primary[0]] = first._replace(role=Role.DEFAULT), priority
    by_name = {index.name.lower(): index for index, _ in sources if index.name}
    assignments = tuple(_assignments(poetry, by_name, path))
    priorities = [priority for _, priority in sources]
    notes = (
        *([_SUPPLEMENTAL] if "supplemental" in priorities else []),
        *([_PRIMARY] if len(primary) > 1 else []),
        *([_PINS] if assignments else []),
    )
    return Findings(
        tuple(index for index, _ in sources), assignments, notes=notes, default_too=bool(sources) and not primary
    )


def _sources(
    poetry: dict[str, Any], lines: TomlLines, path: str, default: IndexUrl
) -> Iterator[tuple[FoundIndex, str]]:
    for number, entry in enumerate(tables(poetry.get("source"))):
        name = word(entry.get("name"))
        url = default if name.lower() == "pypi" and "url" not in entry else index_url(entry.get("url"))
        if url is None:
            continue
        priority = word(entry.get("priority")).lower()
        if priority in ("supplemental", "secondary") or entry.get("secondary") is True:
            priority, role = "supplemental", Role.EXTRA
        elif priority == "explicit":
            role = Role.EXPLICIT
        else:
            priority, role = "primary", Role.EXTRA
        yield FoundIndex(url, role, Origin(Source.FILE, path, lines.table(("source",), number)), name), priority


def _assignments(poetry: dict[str, Any], by_name: dict[str, FoundIndex], path: str) -> Iterator[Assignment]:
    groups = [table(group, "dependencies") for group in table(poetry, "group").values()]
    for dependencies in (table(poetry, "dependencies"), table(poetry, "dev-dependencies"), *groups):
        for name, value in dependencies.items():
            for entry in tables(value if isinstance(value, list) else [value]):
                index = by_name.get(word(entry.get("source")).lower())
                if index is not None and is_name(name):
                    yield Assignment(normalise(name), index.url, Origin(Source.FILE, f"{path} [tool.poetry]"))
