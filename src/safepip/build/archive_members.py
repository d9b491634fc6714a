"""What an archive of source code may hold, and where each of its members goes: decided before a byte is unpacked.

The rules, in the order in which they apply:

1. There are at most so many members, of so many bytes, in folders so deep, with names so long (`ArchiveLimits`).
2. A name is text in UTF-8, relative, of components between `/`; none of these is empty, `.` or `..`, has NUL or a
   backslash, which parts names on Windows, or begins with a drive's letter. A leading `./` is allowed where all names
   have it, as `tar czf x.tar.gz .` writes them.
3. Where all names begin with one folder, it is taken off; else nothing is (pip's rule, `has_leading_dir`).
4. Names that are one file on some system, because letter case or the form of Unicode does not count there, are refused,
   and so is a file that is also a folder. The same name twice is allowed for folders, and for files of one content.
5. Nothing lies below a link. A symbolic link leads to a place within the project that is reached through no other link.
   A hard link names a file that came before; it becomes a copy.
6. Of permissions only the execute bits are kept, as pip does. Devices and pipes are refused.

pip takes more: it drops the slash of an absolute name, lets the last of two members of one name win, and follows links
to links. Each of that is read in another way by another reader, or on another system.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.wheel.install_paths import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The longest component, and the longest path, in bytes of UTF-8, as for wheels (`safepip.rules.unsafe_path`).
MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 1024

_DRIVE = re.compile(r"[A-Za-z]:")


class ArchiveLimits(NamedTuple):
    """What an archive may come to. `unpacked` is in bytes; beyond `free` bytes the archive's own size counts: all of it
    together has at most `ratio` times as many. `depth` counts folders within each other."""

    members: int = 100_000
    unpacked: int = 8 * 1024**3
    free: int = 256 * 1024**2
    ratio: int = 200
    depth: int = 100

    def most(self, packed: int) -> int:
        """How many bytes an archive of `packed` bytes may unpack to."""
        return min(self.unpacked, max(self.free, self.ratio * packed))


class MemberKind(enum.Enum):
    """What a member of an archive is."""

    FILE = "a file"
    FOLDER = "a folder"
    SYMLINK = "a symbolic link"
    HARDLINK = "a hard link"
    OTHER = "a device or pipe"


class ArchiveMember(NamedTuple):
    """A member as the archive names it; a folder's name may end in `/`. `target` is a link's, as it stands there."""

    name: str
    kind: MemberKind
    size: int = 0
    executable: bool = False
    target: str = ""


class UnpackedMember(NamedTuple):
    """Where a member goes. `number` is its place in the archive, `path` is relative to the project's folder, with `/`.

    `content` is the number of the member whose content a file has: its own, or that of a hard link's file. `again` says
    that there is a file of this name already, whose content has to be the same.
    """

    number: int
    path: str
    kind: MemberKind
    content: int
    executable: bool = False
    target: str = ""
    again: bool = False


def unsafe(shown: str, problem: str, *evidence: str) -> Refused:
    """The refusal of an archive that would write elsewhere, or whose names mean other files on other systems."""
    return Refused.because(
        "unsafe-archive",
        f"{printable(shown, 150)} {problem}",
        context=tuple(printable(line, 250) for line in evidence),
        hint="tell the owner of the project",
    )


def oversized(shown: str, *evidence: str) -> Refused:
    """The refusal of an archive that is larger than any real one."""
    return Refused.because(
        "oversized-archive",
        f"{printable(shown, 150)} is larger, or unpacks to more, than any real one",
        context=tuple(printable(line, 250) for line in evidence),
        hint="tell the owner of the project",
    )


def unreadable(shown: str, *evidence: str) -> Refused:
    """The refusal of an archive that is broken, or that two readers could read differently."""
    return Refused.because(
        "unreadable-archive",
        f"{printable(shown, 150)} is a broken or ambiguous archive: two readers could see different files in it",
        context=tuple(printable(line, 250) for line in evidence),
        hint="tell the owner of the project",
    )


def plan_unpacking(
    members: Sequence[ArchiveMember], shown: str, packed: int, limits: ArchiveLimits
) -> tuple[UnpackedMember, ...]:
    """Where each member goes, in the archive's order. `shown` is what messages call it, `packed` its size in bytes.

    Raises `Refused`: `oversized-archive`, `unsafe-archive`, `unreadable-archive`.
    """
    if not members:
        raise unreadable(shown, "it has no members")
    if len(members) > limits.members:
        raise oversized(shown, f"it has {len(members)} members; at most {limits.members} are unpacked")
    names = [_checked(member, shown, limits) for member in members]
    leading = len({name[0] for name in names}) == 1
    planned = _Plan(shown)
    for number, (member, name) in enumerate(zip(members, names, strict=True)):
        components = name[1:] if leading else name
        if "." in components:
            raise unsafe(shown, "has a member whose name begins with './', and others without", member.name)
        planned.add(number, member, "/".join(components))
    total = sum(members[each.content].size for each in planned.found if each.kind is MemberKind.FILE)
    if total > limits.most(packed):
        raise oversized(shown, f"its {packed} bytes unpack to {total}; at most {limits.most(packed)} are unpacked")
    planned.check_links()
    return tuple(planned.found)


def _checked(member: ArchiveMember, shown: str, limits: ArchiveLimits) -> list[str]:
    """The components of a member's name. The first one may be `.`."""
    if member.kind is MemberKind.OTHER:
        raise unsafe(shown, "has a member that is neither a file, a folder nor a link", member.name)
    problem = text_problem(member.name)
    if problem:
        raise unsafe(shown, f"has a member whose name {problem}", member.name)
    components = member.name.removesuffix("/").split("/")
    if len(components) > limits.depth:
        raise oversized(
            shown, f"a member lies {len(components)} folders deep; {limits.depth} are unpacked", member.name
        )
    if any(part in ("", "..") for part in components) or "." in components[1:]:
        raise unsafe(shown, "has a member whose name climbs, or has an empty component", member.name)
    return components


def text_problem(name: str) -> str:
    """What is wrong with the text of a name or of a link's target; empty where nothing is."""
    if not name or "\0" in name:
        return "is empty or has NUL"
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    if len(encoded) > MAX_PATH_BYTES:
        return f"has more than {MAX_PATH_BYTES} bytes"
    if name.startswith("/"):
        return "is absolute"
    if "\\" in name:
        return "has a backslash, which parts names on Windows"
    for component in name.split("/"):
        if _DRIVE.match(component):
            return "has a drive's letter"
        if len(component) * 4 > MAX_COMPONENT_BYTES and len(component.encode()) > MAX_COMPONENT_BYTES:
            return f"has a component of more than {MAX_COMPONENT_BYTES} bytes"
    return ""


class _Plan:
    """The members so far: `known` by the key of their path, folders that only stand in names among them."""

    def __init__(self, shown: str) -> None:
        self.found: list[UnpackedMember] = []
        self._shown = shown
        self._known: dict[str, tuple[str, MemberKind]] = {}
        self._files: dict[str, UnpackedMember] = {}  # by the name in the archive, for hard links
        self._members: dict[str, tuple[UnpackedMember, ArchiveMember]] = {}  # by path

    def add(self, number: int, member: ArchiveMember, path: str) -> None:
        """Take one more. An empty path is the project's folder itself."""
        if not path:
            if member.kind is not MemberKind.FOLDER:
                raise unreadable(self._shown, f"{member.name} is {member.kind.value}, and all that there is")
            return
        self._enter_folders(path)
        planned = UnpackedMember(number, path, member.kind, number, member.executable, member.target)
        if member.kind is MemberKind.HARDLINK:
            original = self._files.get(member.target.removesuffix("/"))
            if original is None:
                raise unsafe(self._shown, "has a hard link to what is no file before it", member.name, member.target)
            planned = planned._replace(kind=MemberKind.FILE, content=original.content, executable=original.executable)
        self._enter(path, planned.kind)
        before = self._members.get(path)
        if before is not None:
            if planned.kind is MemberKind.FOLDER:
                return
            if planned.content == before[0].content:
                # What this does, and to the permissions, depends on who unpacks it.
                raise unsafe(self._shown, "has a hard link from a file to itself", member.name)
            planned = self._repeated(planned, member, *before)
            if planned.kind is MemberKind.SYMLINK:
                return
        else:
            self._members[path] = (planned, member)
        self.found.append(planned)
        if planned.kind is MemberKind.FILE:
            self._files[member.name] = planned

    def _enter_folders(self, path: str) -> None:
        """The folders above a path. Of one that was entered, all above it were, too."""
        folder = path.rpartition("/")[0]
        entered: list[str] = []
        while folder and self._known.get(key_of(folder)) != (folder, MemberKind.FOLDER):
            entered.append(folder)
            folder = folder.rpartition("/")[0]
        for each in reversed(entered):
            self._enter(each, MemberKind.FOLDER)

    def _enter(self, path: str, kind: MemberKind) -> None:
        known, known_kind = self._known.setdefault(key_of(path), (path, kind))
        if known != path:
            problem = "has names that are one file where letter case or the form of Unicode does not count"
            raise unsafe(self._shown, problem, known, path)
        if known_kind is not kind:
            words = " and ".join(sorted(each.value for each in (known_kind, kind)))
            raise unsafe(self._shown, f"has a member that is {words} at once", path)

    def _repeated(
        self, planned: UnpackedMember, member: ArchiveMember, before: UnpackedMember, first: ArchiveMember
    ) -> UnpackedMember:
        """A member of a name that was there: one of the same content, as far as its header tells."""
        if (planned.executable, planned.target) != (before.executable, before.target) or member.size != first.size:
            raise unreadable(self._shown, f"it has two different members {member.name}")
        return planned._replace(again=True)

    def check_links(self) -> None:
        """Whether each symbolic link leads to a place within the project, and through no other link."""
        for planned in self.found:
            if planned.kind is MemberKind.SYMLINK:
                problem = text_problem(planned.target) or self._target_problem(planned)
                if problem:
                    evidence = f"{planned.path} -> {planned.target}"
                    raise unsafe(self._shown, f"has a symbolic link whose target {problem}", evidence)

    def _target_problem(self, link: UnpackedMember) -> str:
        place = link.path.split("/")[:-1]
        for part in link.target.split("/"):
            if part == "..":
                if not place:
                    return "lies outside of the project"
                place.pop()
            elif part not in ("", "."):
                place.append(part)
                if self._known.get(key_of("/".join(place)), ("", None))[1] is MemberKind.SYMLINK:
                    return "leads through another link"
        return ""
