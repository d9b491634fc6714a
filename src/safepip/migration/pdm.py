"""PDM's sources: `[[tool.pdm.source]]` (PDM's documentation, "Specify other sources for finding packages").

- Each source is asked beside pip's default index; one by the name of `pypi` takes its place.
- `include_packages` and `exclude_packages` say which names a source is asked for; patterns are those of `fnmatch`.
- `[tool.pdm.resolution] respect-source-order` takes the first source that has a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.config.toml_positions import TomlLines
from safepip.migration.findings import Assignment, Findings, FoundIndex, Role, index_url
from safepip.migration.tool_tables import table, tables, word, words
from safepip.model.names import is_name, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = ("tool", "pdm")
_ALL = "PDM compares the versions of all sources: the highest one wins, an attacker's too"
_ORDER = "PDM takes a name from the first source that has it (respect-source-order): the order does not say who owns it"
_INCLUDED = (
    "PDM's include_packages says which names a source is asked for; other sources are asked for these names as well,"
    " unless they exclude them"
)


def read_pdm(project: dict[str, Any], text: str, path: str) -> Findings:
    """The findings of a pyproject.toml."""
    pdm = table(project, *_ROOT)
    lines = TomlLines(text, _ROOT)
    indexes, assignments, links = [], [], False
    for number, entry in enumerate(tables(pdm.get("source"))):
        place = Origin(Source.FILE, path, lines.table(("source",), number))
        url = index_url(entry.get("url"))
        links = links or entry.get("type") == "find_links"
        if url is None or entry.get("type") == "find_links":
            continue
        name = word(entry.get("name"))
        role = Role.DEFAULT if name == "pypi" else Role.EXTRA
        indexes.append(FoundIndex(url, role, place, "" if role is Role.DEFAULT else name))
        assignments += [Assignment(pattern, url, place) for pattern in _patterns(entry)]
    notes = [_ORDER if table(pdm, "resolution").get("respect-source-order") is True else _ALL] if indexes else []
    notes += [_INCLUDED] if assignments else []
    notes += [f"{path}: find_links cannot own names, and is not taken over; serve it as an index"] if links else []
    replaced = any(index.role is Role.DEFAULT for index in indexes)
    return Findings(tuple(indexes), tuple(assignments), notes=tuple(notes), default_too=bool(indexes) and not replaced)


def _patterns(entry: dict[str, Any]) -> Iterator[str]:
    """What `include_packages` names, as far as it is a name or a prefix."""
    for pattern in words(entry.get("include_packages")):
        stem = pattern.removesuffix("-*")
        if is_name(stem):
            yield normalise(stem) + ("-*" if stem != pattern else "")
