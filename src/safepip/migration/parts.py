"""What an install can be asked for, in parts that are each decided on alone: a file, an extra or a group of a project.

Each is a search of its own, because two extras may exclude each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.migration.names_in_use import project_names
from safepip.migration.tool_tables import table
from safepip.model.finding import printable
from safepip.model.names import name_at_start, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator


class InstallPart(NamedTuple):
    """A file, of a pyproject.toml also with one `extra`, or one `group` of it alone.

    `names` are asked for in its place where an install takes nothing of the kind from the file: what builds the project
    needs, and what other tools' tables list. `is_lock` says that the file lists all that it needs.
    """

    file: str
    extra: str = ""
    group: str = ""
    names: tuple[str, ...] = ()
    is_lock: bool = False

    @property
    def installs(self) -> bool:
        """Whether an install can be asked for it."""
        return not self.names

    @property
    def title(self) -> str:
        """What it is called."""
        more = f" [{self.extra}]" if self.extra else f" group {self.group}" if self.group else ""
        return printable(f"{self.file}{more}")


def parts_of_project(project: dict[str, Any], path: str) -> Iterator[InstallPart]:
    """The parts of a pyproject.toml; those of one whose dependencies only its build backend knows are its groups."""
    metadata = table(project, "project")
    stated = [*_names(metadata.get("dependencies"))]
    if "dependencies" in metadata:
        yield InstallPart(path)
        for extra, items in table(metadata, "optional-dependencies").items():
            stated += _names(items)
            yield InstallPart(path, extra=normalise(extra))
    for group, items in table(project, "dependency-groups").items():
        stated += _names(items)
        yield InstallPart(path, group=group)
    others = tuple(name for name, _ in project_names(project, path) if name not in stated)
    if others:
        yield InstallPart(path, names=tuple(dict.fromkeys(others)))


def _names(items: object) -> Iterator[str]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, str):
            yield normalise(name_at_start(item.strip()))
