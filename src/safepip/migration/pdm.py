"""PDM's sources: `[[tool.pdm.source]]` (PDM's documentation, "Specify other sources for finding packages"), and its own
configuration (the same, "Configurations").

- Each source is asked beside pip's default index; one by the name of `pypi` takes its place.
- `include_packages` and `exclude_packages` say which names a source is asked for; patterns are those of `fnmatch`.
- `[tool.pdm.resolution] respect-source-order` takes the first source that has a name.
- In `pdm.toml` `pypi.url` takes the place of pip's default index, as the variable `PDM_PYPI_URL` does, and
  `pypi.NAME.url` is one more source; without a URL such a table has only the credentials of a source.
  `pypi.ignore_stored_index` and the variable `PDM_IGNORE_STORED_INDEX` have all of these passed over, and pip's default
  index too: the sources of the project are all then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.config.toml_positions import TomlLines
from safepip.migration.findings import LINKS, Assignment, Findings, FoundIndex, Role, UnreadSource, read_source
from safepip.migration.tool_tables import items, table, word, words
from safepip.model.names import is_name, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.migration.findings import FoundSource

_TOOL = "pdm"
_ROOT = ("tool", _TOOL)
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
    sources: list[FoundSource] = []
    assignments: list[Assignment] = []
    for number, item in enumerate(items(pdm.get("source"))):
        entry = table(item)
        place = Origin(Source.FILE, path, lines.table(("source",), number))
        name = word(entry.get("name"))
        role = Role.DEFAULT if name == "pypi" else Role.EXTRA
        source = _source(entry, role, place, "" if role is Role.DEFAULT else name)
        sources.append(source)
        if isinstance(source, FoundIndex):
            assignments += [Assignment(pattern, source.url, place) for pattern in _patterns(entry)]
    notes = [_ORDER if table(pdm, "resolution").get("respect-source-order") is True else _ALL] if sources else []
    notes += [_INCLUDED] if assignments else []
    found = Findings(tuple(sources), tuple(assignments), notes=tuple(notes), tool=_TOOL)
    return found._replace(default_too=bool(sources) and not found.replaces_default)


def _source(entry: dict[str, Any], role: Role, place: Origin, name: str) -> FoundSource:
    if entry.get("type") == "find_links":
        return UnreadSource(LINKS, role, place)
    return read_source(entry.get("url"), role, place, name)


def read_pdm_settings(settings: dict[str, Any], text: str, path: str) -> Findings:
    """The findings of a pdm.toml."""
    pypi = table(settings, "pypi")
    lines = TomlLines(text, ())
    stated: list[tuple[dict[str, Any], Role, tuple[str, ...], str]] = [(pypi, Role.DEFAULT, ("pypi",), "")]
    stated += [(table(entry), Role.EXTRA, ("pypi", name), name) for name, entry in pypi.items()]
    sources = [
        _source(entry, role, Origin(Source.FILE, path, lines.table(keys, None)), name)
        for entry, role, keys, name in stated
        if "url" in entry
    ]
    return _stored(sources, ignored=pypi.get("ignore_stored_index") is True)


def read_pdm_variables(url: str, ignored: str) -> Findings:
    """The findings of `PDM_PYPI_URL` and `PDM_IGNORE_STORED_INDEX`, empty where they are not set; user information is
    already taken out of the URL."""
    place = Origin(Source.ENVIRONMENT, "PDM_PYPI_URL")
    is_ignored = ignored.lower() not in ("", "0", "false", "no")  # as PDM reads it
    return _stored([read_source(url, Role.DEFAULT, place)] if url else [], ignored=is_ignored)


def _stored(sources: list[FoundSource], *, ignored: bool) -> Findings:
    """What PDM's own configuration says; where all of that is ignored, just this."""
    if ignored:
        return Findings(tool=_TOOL, ignores_stored=True)
    found = Findings(tuple(sources), notes=(_ALL,) if sources else (), tool=_TOOL, stored=True)
    return found._replace(default_too=bool(sources) and not found.replaces_default)


def _patterns(entry: dict[str, Any]) -> Iterator[str]:
    """What `include_packages` names, as far as it is a name or a prefix."""
    for pattern in words(entry.get("include_packages")):
        stem = pattern.removesuffix("-*")
        if is_name(stem):
            yield normalise(stem) + ("-*" if stem != pattern else "")
