"""Requirements in a project's own files: its metadata (PEP 621), dependency groups (PEP 735), scripts (PEP 723).

Text in, requirement strings out; nothing is opened here. In all of them a requirement is PEP 508 only.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.text.toml_reading import read_toml
from safepip.wheel.metadata import MAX_REQUIREMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_BLOCK = re.compile(r"# /// ([a-zA-Z0-9-]+)\Z")
_END = "# ///"

#: How many steps from extra to extra are taken, how deep groups include each other, and what that makes at most.
_MOST_STEPS = 5_000
_LONGEST_MARKER = 2_048
_DEEPEST = 50
_MOST_REQUIREMENTS = 100_000


class Script(NamedTuple):
    """What a script says of itself: PEP 508 strings, and the Python it needs as a specifier."""

    dependencies: tuple[str, ...]
    requires_python: str | None


class Project(NamedTuple):
    """What a pyproject.toml says its project requires: PEP 508 strings, those of each extra by its normalised name."""

    dependencies: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]
    requires_python: str | None


def has_project(text: str) -> bool:
    """Whether the text of a pyproject.toml may say what a project requires: it has a table [project], or is no TOML."""
    try:
        return "project" in read_toml(text)
    except (ValueError, RecursionError):
        return True


def read_project(text: str, path: str, wanted: frozenset[str] | None) -> Project:
    """The requirements of the project of a pyproject.toml, with the extras `wanted`, None for all of them.

    Raises `UnusableInput` (`invalid-project`) where there is no project, where only its build backend knows what it
    requires (PEP 621, `dynamic`), and for an extra that it does not have.
    """
    project = _toml(text, path, "invalid-project").get("project")
    if not isinstance(project, dict):
        raise _invalid_project(f"{path} has no table [project]", "name its requirements file, or add the table")
    dynamic = project.get("dynamic", [])
    for key in ("dependencies", "optional-dependencies"):
        if isinstance(dynamic, list) and key in dynamic:
            raise _invalid_project(
                f"the {key} of {path} are dynamic: only its build backend knows them",
                "write them into [project], or name a requirements file",
            )
    dependencies = project.get("dependencies", [])
    optional = project.get("optional-dependencies", {})
    requires_python = project.get("requires-python")
    lists = [dependencies, *(optional.values() if isinstance(optional, dict) else [None])]
    if not all(isinstance(items, list) and all(isinstance(item, str) for item in items) for items in lists):
        raise _invalid_project(f"{path}: dependencies are lists of strings", "see PEP 621")
    if not isinstance(requires_python, str | None):
        raise _invalid_project(f"{path}: requires-python is a string", "see PEP 621")
    if not _is_specifier(requires_python):
        raise _invalid_project(
            f"{path}: requires-python = {printable(requires_python or '')!r} is not a version specifier"
        )
    extras = {normalise(name): tuple(items) for name, items in optional.items()}
    unknown = sorted((wanted or frozenset()) - extras.keys())
    if unknown:
        raise _invalid_project(f"{path} has no extra {printable(unknown[0])}", f"it has: {_listed(extras)}")
    own = normalise(str(project.get("name", "")))
    steps: list[str] = []
    chosen = {name: _expanded(own, name, extras, path, steps) for name in extras if wanted is None or name in wanted}
    return Project(tuple(dependencies), chosen, requires_python or None)


def _expanded(
    own: str, extra: str, extras: Mapping[str, tuple[str, ...]], path: str, steps: list[str]
) -> tuple[str, ...]:
    """The requirements of an extra, with those of the project's own extras that it names as `PROJECT[EXTRA]`.

    No index is asked for the project itself: its requirements are read here, and on an index its name may belong to
    another publisher. `steps` are those of the whole file.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    found: dict[str, None] = {}
    waiting = deque([(extra, "")])
    visited: set[tuple[str, str]] = set()
    while waiting:
        step = waiting.popleft()
        if step in visited:
            continue
        visited.add(step)
        name, marker = step
        steps.append(name)
        # Each way to an extra has a marker of its own, so there can be far too many ways to follow them all.
        if len(steps) > _MOST_STEPS or len(marker) > _LONGEST_MARKER:
            raise _invalid_project(f"the extras of {path} name each other too often to be read")
        if name not in extras:
            raise _invalid_project(f"{path} has no extra {printable(name)}, which its extra {extra} names")
        for text in extras[name]:
            try:
                requirement = Requirement(text)
            except (InvalidRequirement, RecursionError):
                found[text] = None  # the code that reads it as a requirement reports it with its place
                continue
            both = " and ".join(f"({part})" for part in (marker, str(requirement.marker or "")) if part)
            if len(text) > MAX_REQUIREMENT:
                found[text] = None  # the same
                continue
            if own and normalise(requirement.name) == own:
                waiting += [(normalise(other), both) for other in sorted(requirement.extras)]
            elif marker:
                bare = text.partition(";")[0].rstrip() if requirement.url is None else f"{text.partition(' ;')[0]} "
                found[f"{bare}; {both}"] = None
            else:
                found[text] = None
    return tuple(found)


def _is_specifier(text: str | None) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text or "")
    except InvalidSpecifier:
        return False
    return True


def _invalid_project(message: str, hint: str = "see PEP 621") -> UnusableInput:
    return UnusableInput.because("invalid-project", message, hint=hint)


def read_groups(text: str, path: str, groups: Iterable[str]) -> list[tuple[str, str]]:
    """The requirements of `groups`, in order, from the text of the pyproject.toml at `path`.

    Returns pairs of group and requirement. Raises `UsageError` (`invalid-group`) for an unknown group, an include in
    a circle, a malformed table and invalid TOML.
    """
    from packaging.dependency_groups import DependencyGroupResolver

    table = _toml(text, path, "invalid-group").get("dependency-groups")
    if not isinstance(table, dict):
        raise UnusableInput.because("invalid-group", f"{path} has no table [dependency-groups]")
    found: list[tuple[str, str]] = []
    groups, known = list(groups), dict[str, int]()
    items = {normalise(name): items for name, items in table.items() if isinstance(items, list)}
    for group in groups:
        _count(normalise(group), items, path, known)
    try:
        resolver = DependencyGroupResolver(table)
        for group in groups:
            found += [(group, str(requirement)) for requirement in resolver.resolve(group)]
    except ExceptionGroup as problems:
        raise UnusableInput.because(
            "invalid-group",
            f"the dependency groups of {path} cannot be read",
            context=tuple(printable(str(problem)) for problem in problems.exceptions),
            hint="" if all(normalise(group) in items for group in groups) else f"it has: {_listed(items)}",
        ) from None
    return found


def _count(group: str, items: Mapping[str, list[Any]], path: str, known: dict[str, int], depth: int = 0) -> int:
    """How many requirements a group has with those it includes; `items` are by normalised name.

    Raises `UnusableInput` where they are too many or too deep, before they are put together.
    """
    if group in known:
        return known[group]
    if depth > _DEEPEST:
        raise _invalid_group(f"the dependency groups of {path} include each other in a circle, or too deep")
    inner = [item.get("include-group") if isinstance(item, dict) else None for item in items.get(group, ())]
    count = sum(
        _count(normalise(name), items, path, known, depth + 1) if isinstance(name, str) else 1 for name in inner
    )
    if count > _MOST_REQUIREMENTS:
        raise _invalid_group(f"a dependency group of {path} has too many requirements with those it includes")
    known[group] = count
    return count


def _listed(names: Iterable[str]) -> str:
    return printable(", ".join(sorted(names)) or "none")


def _invalid_group(message: str) -> UnusableInput:
    hint = f"groups include each other at most {_DEEPEST} deep, and have at most {_MOST_REQUIREMENTS} requirements"
    return UnusableInput.because("invalid-group", message, hint=hint)


def group_of(text: str) -> tuple[str, str]:
    """`[PATH:]GROUP` as pip's `--group` takes it: path and group. The path is that of a pyproject.toml."""
    path, colon, group = text.rpartition(":")
    # A group's name has no colon, so the last one ends the path; without one it is the project's own file.
    if not colon:
        return "pyproject.toml", group
    if re.split(r"[/\\]", path.rstrip("/"))[-1] != "pyproject.toml":
        raise UnusableInput.because(
            "invalid-group",
            f"--group {printable(text)} does not name a pyproject.toml",
            hint="--group GROUP, or --group PATH/pyproject.toml:GROUP",
        )
    return path, group


def read_script(text: str, path: str) -> Script:
    """The `script` block of a Python file. Raises `UsageError` (`invalid-script`)."""
    blocks = [content for kind, content in _blocks(text) if kind == "script"]
    # PEP 723: more than one block of the same type is an error.
    if len(blocks) != 1:
        what = "no" if not blocks else "more than one"
        raise UnusableInput.because(
            "invalid-script", f"{path} has {what} block of requirements", hint="see PEP 723: # /// script ... # ///"
        )
    table = _toml(blocks[0], path, "invalid-script")
    dependencies = table.get("dependencies", [])
    requires_python = table.get("requires-python")
    if not isinstance(dependencies, list) or not all(isinstance(item, str) for item in dependencies):
        raise UnusableInput.because("invalid-script", f"{path}: dependencies is not a list of strings")
    if not isinstance(requires_python, str | None):
        raise UnusableInput.because("invalid-script", f"{path}: requires-python is not a string")
    if not _is_specifier(requires_python):
        message = f"{path}: requires-python = {printable(requires_python or '')!r} is not a version specifier"
        raise UnusableInput.because("invalid-script", message)
    return Script(tuple(dependencies), requires_python or None)


def _blocks(text: str) -> list[tuple[str, str]]:
    """PEP 723's blocks: type and content, comment marks taken off.

    A block begins with `# /// TYPE`, goes on as long as lines are `#` or begin with `# `, and ends with the last
    `# ///` among those. One that never ends is not a block.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(lines):
        start = _BLOCK.match(lines[at])
        at += 1
        if not start:
            continue
        stop = at
        while stop < len(lines) and (lines[stop] == "#" or lines[stop].startswith("# ")):
            stop += 1
        ends = [number for number in range(at + 1, stop) if lines[number] == _END]
        if ends:
            found.append((start[1], "".join(f"{line[2:]}\n" for line in lines[at : ends[-1]])))
        # What begins later among these lines has no other end.
        at = ends[-1] + 1 if ends else stop
    return found


def _toml(text: str, path: str, reference: str) -> Mapping[str, Any]:
    try:
        return read_toml(text)
    except ValueError as problem:
        raise UnusableInput.because(reference, f"{path} is not valid TOML: {printable(str(problem))}") from None
