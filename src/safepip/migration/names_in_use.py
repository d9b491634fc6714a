"""The names that a project's own files and the locks of other tools use, all groups, extras and platforms together.

A name counts whatever its marker says: what is not installed here is installed elsewhere by the same configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.migration.findings import Assignment, Findings, FoundIndex, Role, UnreadSource, read_source
from safepip.migration.tool_tables import table, tables, word, words
from safepip.model.names import is_name, name_at_start, normalise
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Keys of a dependency of Poetry that say where it comes from instead of an index.
_DIRECT = ("git", "hg", "path", "file", "url")


def project_names(project: dict[str, Any], path: str) -> tuple[tuple[str, Origin], ...]:
    """The names in a pyproject.toml: those that the standards have a place for, and those of uv, Poetry and PDM."""
    place = Origin(Source.FILE, path)
    requirements = [
        *words(table(project, "project").get("dependencies")),
        *_of_lists(table(project, "project", "optional-dependencies")),
        *_of_lists(table(project, "dependency-groups")),
        *words(table(project, "build-system").get("requires")),
        *words(table(project, "tool", "uv").get("dev-dependencies")),
        *_of_lists(table(project, "tool", "pdm", "dev-dependencies")),
    ]
    own = normalise(word(table(project, "project").get("name")))
    found = [name_at_start(text.strip()) for text in requirements if "@" not in text.partition(";")[0]]
    found += _of_poetry(table(project, "tool", "poetry"))
    return tuple((normalise(name), place) for name in found if name and normalise(name) != own)


def _of_lists(lists: dict[str, Any]) -> Iterator[str]:
    for items in lists.values():
        yield from words(items)


def _of_poetry(poetry: dict[str, Any]) -> Iterator[str]:
    groups = [table(group, "dependencies") for group in table(poetry, "group").values()]
    for dependencies in (table(poetry, "dependencies"), table(poetry, "dev-dependencies"), *groups):
        for name, value in dependencies.items():
            if name != "python" and is_name(name) and not any(key in table(value) for key in _DIRECT):
                yield name


def read_lock(data: dict[str, Any], path: str) -> Findings:
    """The names in a lock (PEP 751, uv, Poetry, PDM), and from which index the tool that wrote it took each of them.

    An index that only a lock names is asked only for the names that the lock has from it.
    """
    place = Origin(Source.FILE, path)
    names, assignments = [], []
    unread: list[UnreadSource] = []
    for package in (*tables(data.get("packages")), *tables(data.get("package"))):
        name, source = word(package.get("name")), table(package, "source")
        if not is_name(name) or _is_direct(package, source):
            continue
        names.append((normalise(name), place))
        for stated in _written_sources(package, source):
            read = read_source(stated, Role.LOCKED, place)
            if isinstance(read, FoundIndex):
                assignments.append(Assignment(normalise(name), read.url, place))
            else:
                unread.append(read)
    indexes = dict.fromkeys(assignment.source for assignment in assignments)
    return Findings(
        (*(FoundIndex(url, Role.LOCKED, place) for url in indexes), *dict.fromkeys(unread)),
        tuple(assignments),
        tuple(names),
        notes=tuple(_lock_notes(path, names, assignments)),
    )


def _written_sources(package: dict[str, Any], source: dict[str, Any]) -> Iterable[object]:
    """Where the index stands: PEP 751 `index`; uv `source.registry`; Poetry `source.url` of the type "legacy"."""
    if "index" in package:
        yield package["index"]
    if "registry" in source:
        yield source["registry"]
    if source.get("type") == "legacy":
        yield source.get("url")


def _is_direct(package: dict[str, Any], source: dict[str, Any]) -> bool:
    """Whether it comes from no index: PEP 751 `vcs`, `directory`, `archive`; uv's and Poetry's other sources."""
    if any(key in package for key in ("vcs", "directory", "archive")):
        return True
    return bool(source) and "registry" not in source and source.get("type") != "legacy"


def _lock_notes(path: str, names: list[tuple[str, Origin]], assignments: list[Assignment]) -> Iterator[str]:
    if assignments:
        yield f"{path} says from which index a tool has taken a project, and not who owns it"
    elif names:
        yield f"{path} does not say from which index a project was taken"
