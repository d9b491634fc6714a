"""`unsafe-path`: every member is an ordinary file, and its name means the same file on every system.

A wheel is unpacked by joining the names of its members to a folder. A name that is absolute or climbs out by `..` leads
elsewhere. Others lead elsewhere on some systems only: a drive's letter, a stream behind `:`, the names of devices,
short names of Windows (`GIT~1`), trailing dots and spaces that it drops. Two names that differ in letter case or in the
way that Unicode composes them are two files on one system and one on another, where the later silently replaces the
earlier; then a check of the first is not a check of what runs. A symbolic link makes a harmless path behind it lead
wherever the link points.

A folder that the archive lists by itself is not a file: pip never creates it, and makes the folders that its files need
by their names. So of such an entry only what leads out of the archive counts: a name that is absolute or climbs, a
drive, what cannot be printed. `auditwheel -L .` writes `pyarrow./` into the wheels of pyarrow 10 to 17.

The rule is the same on every system, because a wheel that is safe only here is not what its author meant. Letters of
all scripts, spaces inside a name and long names are allowed. Names with NUL or a backslash are not even read
(`safepip.wheel.zip_format`). `outside-target` checks that a path also stays inside its scheme.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from safepip.model.finding import printable
from safepip.model.wheel_names import has_endless_name
from safepip.rules.context import objection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import WheelContent
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

#: The longest component, and the longest path, in bytes of UTF-8. The first is the limit of nearly all file systems;
#: of the second a whole path may have 4,096 on Linux and 1,024 on macOS.
MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 1024

#: The devices of Windows, which are opened in place of a file, whatever its extension.
_DEVICES = r"con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³]"
_DEVICE = re.compile(rf"(?:{_DEVICES}) *(?:\..*)?\Z", re.IGNORECASE | re.DOTALL)

#: A short name of Windows (`GIT~1`), by which it opens the file with the long name that it stands for.
_SHORT = re.compile(r"[^.~]{1,6}~[0-9]{1,6}(?:\.[^.~]{0,3})?\Z")
_CONTROL = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def check(wheel: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Whether all names and kinds are safe."""
    evidence = list(_evidence(wheel.content))
    if not evidence:
        return None
    return objection(
        wheel,
        "unsafe-path",
        "has members that are not ordinary files, or whose names mean different files on different systems",
        evidence,
        allowable=False,
    )


def _evidence(content: WheelContent) -> Iterator[str]:
    """One line for each thing that is wrong."""
    safe: set[str] = set()
    for entry in (*content.entries.values(), *content.folders):
        if entry.special:
            yield f"{printable(entry.path, 150)} is {entry.special}"
        problem = _folder_problem(entry.path) if entry.path.endswith("/") else path_problem(entry.path, safe)
        if problem:
            yield f"{printable(entry.path, 150)} {problem}"
    yield from _collisions(content)


def path_problem(path: str, safe: set[str]) -> str:
    """What is wrong with a file's name, empty where nothing is.

    `safe` are folders, each with all above it, that were found in order before; more are added.
    """
    if len(path) * 4 > MAX_PATH_BYTES and len(path.encode()) > MAX_PATH_BYTES:
        return f"has more than {MAX_PATH_BYTES} bytes"
    folder, _, name = path.rpartition("/")
    if path.startswith("/"):
        return "is absolute"
    if folder and folder not in safe:
        for component in folder.split("/"):
            problem = _component_problem(component)
            if problem:
                return problem
        safe.add(folder)
    return _component_problem(name)


def _folder_problem(path: str) -> str:
    """What is wrong with the name of an entry that stands for a folder alone: whether it leads elsewhere."""
    if path.startswith("/"):
        return "is absolute"
    if ".." in path.split("/"):
        return "has the component '..'"
    return _misread(path)


def _component_problem(name: str) -> str:
    """What is wrong with one component of a path."""
    if name in ("", ".", ".."):
        return f"has the component {name!r}"
    if misread := _misread(name):
        return misread
    if name[-1] in ". ":
        return "has a name that ends in a dot or a space, which Windows drops"
    if _DEVICE.match(name):
        return "has the name of a device of Windows"
    if "~" in name and _SHORT.match(name):
        return "has the form of a short name, which means another file on Windows"
    if len(name) * 4 > MAX_COMPONENT_BYTES and len(name.encode()) > MAX_COMPONENT_BYTES:
        return f"has a name of more than {MAX_COMPONENT_BYTES} bytes"
    return ""


def _misread(name: str) -> str:
    """What makes a name mean something else to some system."""
    if ":" in name or "\\" in name:
        # On Windows: a drive, another stream of the file before the colon, or a folder.
        return f"has {':' if ':' in name else 'a backslash'} in a name"
    if not name.isprintable() and any(unicodedata.category(char) in _CONTROL for char in name):
        return "has control or format characters"
    return ""


def _collisions(content: WheelContent) -> Iterator[str]:
    """Names that are one file on some system, and files that are also a folder."""
    # With the lowest character for the slash, whatever lies below a name follows it directly when sorted.
    named = [(_key(entry.path), entry.path) for entry in (*content.entries.values(), *content.folders)]
    named.sort()
    for (key, path), (next_key, next_path) in pairwise(named):
        if key.endswith("\0"):
            continue
        if next_key == key:
            yield (
                f"{printable(path, 100)} and {printable(next_path, 100)} are one file where letter case or the form of "
                "Unicode does not count"
            )
        elif next_key.startswith(f"{key}\0"):
            yield f"{printable(path, 120)} is a file, and the folder of {printable(next_path, 120)}"


def _key(path: str) -> str:
    """A path as the least strict file system compares it (Unicode 3.13, compatibility caseless matching)."""
    if path.isascii():
        folded = path.lower()
    elif has_endless_name(path):
        folded = path.casefold()  # refused anyhow, and to put its accents in order could take for ever
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", path).casefold()).casefold()
        folded = unicodedata.normalize("NFKC", folded)
    return folded.replace("/", "\0")
