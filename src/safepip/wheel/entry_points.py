"""Reads `entry_points.txt` as pip does, which leaves it to `importlib.metadata` of the target's Python.

The entry points specification speaks of an INI file; what installs wheels reads it line by line:

1. The text is UTF-8. Lines end wherever `str.splitlines` ends them; white space around a line does not count.
2. An empty line, or one that begins with `#`, is ignored.
3. A line in brackets begins a group.
4. Any other line is `name = value`, split at its first `=`; white space around either does not count.

Only `console_scripts` and `gui_scripts` become files. What two readers could understand differently, or what makes pip
fail when it has begun to write, is reported as a problem; what can be read is returned nevertheless.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.wheel_names import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The groups whose lines become scripts.
SCRIPT_GROUPS = ("console_scripts", "gui_scripts")

#: `package.module:function`, with extras, which are out of use but may still be written. pip's script maker takes a
#: smaller grammar than the specification, and raises in the middle of an installation for anything else.
_CALLABLE = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*(\s*\[\s*[\w-]+(=\w+)?(,\s*\w+(=\w+)?)*\s*\])?")


class EntryPoint(NamedTuple):
    """One line of a group. `value` is what is behind the `=`."""

    group: str
    name: str
    value: str


class EntryPoints(NamedTuple):
    """All lines, in their order, and one sentence for each thing wrong with the text as a whole."""

    entries: tuple[EntryPoint, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def scripts(self) -> tuple[EntryPoint, ...]:
        """Those that become scripts."""
        return tuple(entry for entry in self.entries if entry.group in SCRIPT_GROUPS)


def parse(data: bytes | None) -> EntryPoints:
    """Read the content of `entry_points.txt`; None, where a wheel has none, is read as empty."""
    problems: list[str] = []
    try:
        text = (data or b"").decode("utf-8")
    except UnicodeDecodeError:
        # pip gives up on such a wheel. What can be guessed of it is still given, so that it is judged too.
        text = (data or b"").decode("utf-8", "replace")
        problems.append("entry_points.txt is not UTF-8")
    entries = tuple(_entries(text, problems))
    problems += _twice(entries)
    return EntryPoints(entries, tuple(problems))


def script_lines(data: bytes | None) -> dict[str, EntryPoint]:
    """For the name of each script, the line that makes it; of several the first."""
    found: dict[str, EntryPoint] = {}
    for script in parse(data).scripts:
        found.setdefault(script.name, script)
    return found


def _entries(text: str, problems: list[str]) -> Iterator[EntryPoint]:
    group = None
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif group is None:
            problems.append(f"a line comes before any group: {line}")
        elif "=" not in line:
            problems.append(f"a line of [{group}] has no =: {line}")
        else:
            name, _, value = line.partition("=")
            if len(name.strip()) > LONGEST_NAME:
                problems.append(f"a name in [{group}] is longer than any file's: {name[:80]}")
            else:
                yield EntryPoint(group, name.strip(), value.strip())


def _twice(entries: tuple[EntryPoint, ...]) -> Iterator[str]:
    """A script's name may have two lines only where they say the same: readers differ in which of two wins."""
    seen: dict[str, EntryPoint] = {}
    for entry in entries:
        if entry.group in SCRIPT_GROUPS and seen.setdefault(entry.name, entry) != entry:
            other = seen[entry.name]
            yield (f"{entry.name} is given twice: {other.value} in [{other.group}], {entry.value} in [{entry.group}]")


def is_callable(value: str) -> bool:
    """Whether pip can make a script of this value: `module:function`, perhaps with extras behind it."""
    return _CALLABLE.fullmatch(value) is not None
