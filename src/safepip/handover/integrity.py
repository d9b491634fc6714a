"""After the handover: what pip has installed of each wheel is what was cleared, in RECORD and on the disk.

pip has reported success; this module checks what it did. For each wheel that it installed:

1. RECORD is at its install path. Each file of the wheel has its row there, with its install path, with what the wheel's
   own RECORD says of it: pip copies digest and size as they are, and leaves both empty for a file that the wheel's
   RECORD does not list (PEP 427: the signatures of RECORD).
2. In a script of the wheel whose first line begins with `#!python` pip puts its interpreter there, and writes a new
   digest (the wheel specification, "Recommended archiver features"). All below that line is the same.
3. A row of the wheel's RECORD for which no file was to be installed is there unchanged: that is how pip leaves the rows
   of wrappers that it replaces by scripts of its own.
4. Beyond these pip adds INSTALLER, REQUESTED, for a wheel named by URL direct_url.json, a script for each entry point,
   and for byte code rows without digest. Byte code belongs to a source that was to be installed. Nothing else is in
   RECORD.
5. Every file that was to be installed is there, is a regular file, and has the size and digest that were cleared: those
   of this wheel, or of another one of the run where policy allows that two of them have one file. pip compiles byte
   code itself, also over that of the wheel, so byte code is the only content that is not compared.

Where policy allows a wheel whose own RECORD cannot be read, only rule 5 applies. With `--target` pip moves what it has
installed into a folder. What was there before stays unless `--upgrade` is given, which pip says itself; and files of a
wheel beside its modules are lost where their folder has the same name as the folder of the libraries. Neither counts as
a difference here.
"""

from __future__ import annotations

import hashlib
import ntpath
import posixpath
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from safepip.environment.verification import FoundFile, State
from safepip.model.digest import STRONG
from safepip.model.names import normalise
from safepip.wheel.byte_code import is_cached, possible_sources
from safepip.wheel.install_paths import is_plain, key_of
from safepip.wheel.record import RecordError, parse_record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.wheel import Entry, InstallPath
    from safepip.wheel.install_paths import Layout


class Content(NamedTuple):
    """What a row says of a file, or what is known of one. `algorithm` is empty where there is no digest."""

    algorithm: str
    digest: bytes | None
    size: int | None


_NOTHING = Content("", None, None)
_INSTALLER = Content("sha256", hashlib.sha256(b"pip\n").digest(), 4)
_EMPTY = Content("sha256", hashlib.sha256(b"").digest(), 0)


class ExpectedFile(NamedTuple):
    """A file that has to be on the disk with one of these contents.

    `script` is the wheel's script whose first line pip may have changed, None where pip cannot have changed one. `row`
    is a row that the file has to agree with beside that, None where its own wheel's row was found.
    """

    path: str
    contents: tuple[Content, ...]
    script: Entry | None = None
    row: Content | None = None


class Comparison(NamedTuple):
    """What the installed RECORD of a wheel showed: lines of evidence, and what the disk has to show."""

    differences: list[str]
    demands: list[ExpectedFile]


@dataclass(frozen=True)
class Arrangement:
    """What is common to the wheels of a run.

    `kept` are folders and files that pip does not write to, because they were there before (`--target`).
    `cache_elsewhere` says that byte code goes to a folder of its own (`PYTHONPYCACHEPREFIX`).
    """

    layout: Layout
    wheels: Sequence[ClearedWheel]
    kept: Collection[str] = ()
    cache_elsewhere: bool = False
    _planned: dict[str, list[Content]] = field(default_factory=lambda: defaultdict(list), init=False)

    @cached_property
    def _headers(self) -> str:
        """The folder of headers with its slash; what no path begins with where there is none."""
        return f"{self.layout.schemes.get('headers') or chr(0)}/"

    def __post_init__(self) -> None:
        for wheel in self.wheels:
            for install_path in wheel.install_paths:
                if install_path.entry is not None:
                    self._planned[self.key(install_path.path)].append(_content(install_path.entry))

    def planned(self, path: str) -> tuple[Content, ...]:
        """What the wheels of the run have for a place."""
        return tuple(self._planned[self.key(path)])

    def key(self, path: str) -> str:
        """A path as it is compared: in folders of headers the project may be spelt as in its requirement."""
        if path.startswith(self._headers):
            project, slash, rest = path[len(self._headers) :].partition("/")
            path = f"{self._headers}{normalise(project)}{slash}{rest}"
        return key_of(path) if self.layout.windows else path

    def is_kept(self, path: str) -> bool:
        """Whether pip keeps the file that is there."""
        return any(path == kept or path.startswith(f"{kept}/") for kept in self.kept)

    def is_left(self, install_path: InstallPath) -> bool:
        """Whether pip does not put a file at its install path."""
        if not self.layout.moved:
            return False
        (libraries, folder), *_ = self.layout.moved
        unmoved = f"{folder}/{libraries[len(folder) + 1 :].partition('/')[0]}/"
        beside = install_path.scheme not in ("purelib", "platlib") and install_path.path.startswith(unmoved)
        return beside or self.is_kept(install_path.path)


def _content(entry: Entry) -> Content:
    return Content(entry.algorithm, entry.digest, entry.size)


def record_place(wheel: ClearedWheel) -> InstallPath | None:
    """The install path of the wheel's RECORD."""
    path = f"{wheel.content.dist_info}/RECORD"
    return next(
        (
            install_path
            for install_path in wheel.install_paths
            if install_path.entry and install_path.entry.path == path
        ),
        None,
    )


def compare(wheel: ClearedWheel, record: bytes | None, arrangement: Arrangement, *, direct: bool) -> Comparison:
    """Compare the installed RECORD of a wheel with the wheel. None for one that is not there.

    `direct` says that the user named the wheel by URL, so that pip writes direct_url.json.
    """
    place = record_place(wheel)
    if place is None or not place.path:
        return Comparison(["its install path is not known"], [])
    rows = _Rows(wheel, place, arrangement, direct=direct)
    if rows.own is None or arrangement.is_kept(place.path):
        return Comparison([], list(rows.files()))
    if record is None:
        return Comparison([f"{place.path} is not there"], list(rows.files()))
    try:
        lines = list(rows.read(record))
    except RecordError as error:
        return Comparison([f"{place.path} cannot be read: {error}"], list(rows.files()))
    return Comparison(lines, [*rows.files(), *rows.made])


class _Rows:
    """The rows of one installed RECORD."""

    def __init__(self, wheel: ClearedWheel, record: InstallPath, run: Arrangement, *, direct: bool) -> None:
        self._run = run
        self._record = run.key(record.path)
        info = record.path.rpartition("/")[0]
        self._base = _before_moving(info.rpartition("/")[0], record.scheme, run.layout)
        self._files = [item for item in wheel.install_paths if item.entry is not None and item.path != record.path]
        self._scripts = {run.key(item.path) for item in wheel.install_paths if item.entry is None}
        self._modules = {run.key(item.path) for item in self._files if item.path.endswith(".py")}
        self._additions = {run.key(f"{info}/INSTALLER"): _INSTALLER, run.key(f"{info}/REQUESTED"): _EMPTY}
        self._direct = run.key(f"{info}/direct_url.json") if direct else ""
        self.own = _own_rows(wheel)
        self._changed: dict[str, Content] = {}
        self._spelt: dict[str, str] = {}
        self.made: list[ExpectedFile] = []

    def read(self, record: bytes) -> Iterator[str]:
        """A line for each row that is wrong, too many or missing. Raises `RecordError`."""
        expected = self._expected()
        there: set[str] = {self._record}
        for row in parse_record(record):
            path = self._where(row.path)
            key, stated = self._run.key(path), Content(*row[1:])
            self._spelt[key] = path
            there.add(key)
            if stated in expected.get(key, ()) or self._is_addition(key, path, stated):
                continue
            if key in expected:
                yield f"RECORD does not say the same of {path} as the wheel"
            else:
                yield f"RECORD lists {path}, which was not verified"
        for install_path in self._files:
            if self._run.key(install_path.path) not in there and not self._run.is_left(install_path):
                yield f"RECORD does not list {install_path.path}"
        yield from (f"RECORD does not list the script {key}" for key in sorted(self._scripts - there))

    def _expected(self) -> dict[str, list[Content]]:
        """The rows that the wheel has, by the place they are about. Rules 1 and 3."""
        expected: dict[str, list[Content]] = defaultdict(list)
        expected[self._record].append(_NOTHING)
        own = self.own or {}
        left = dict(own)
        for install_path in self._files:
            assert install_path.entry is not None
            expected[self._run.key(install_path.path)] += own.get(install_path.entry.path, [_NOTHING])
            left.pop(install_path.entry.path, None)
        for path, contents in left.items():
            expected[self._run.key(self._where(path))] += contents
        return expected

    def _where(self, path: str) -> str:
        """The place of a row: relative to the folder of the metadata, before pip moved anything."""
        layout = self._run.layout
        if not (layout.windows or layout.moved) and is_plain(path):
            return f"{self._base}/{path}"
        if layout.windows:
            absolute = ntpath.normpath(ntpath.join(self._base, path)).replace("\\", "/")
        else:
            absolute = posixpath.normpath(posixpath.join(self._base, path))
        for old, new in layout.moved:
            if absolute.startswith(f"{old}/"):
                return new + absolute[len(old) :]
        return absolute

    def _is_addition(self, key: str, path: str, stated: Content) -> bool:
        """Rules 2 and 4. A file with a new digest must have it on the disk."""
        if stated == _NOTHING:
            return self._is_byte_code(key)
        if stated.algorithm not in STRONG:
            return False
        if key in self._additions:
            self.made.append(ExpectedFile(path, (self._additions[key],), row=stated))
        elif key == self._direct or key in self._scripts:
            if not self._run.is_kept(path):
                self.made.append(ExpectedFile(path, (stated,)))
        elif any(item.scheme == "scripts" and self._run.key(item.path) == key for item in self._files):
            self._changed[key] = stated
        else:
            return False
        return True

    def _is_byte_code(self, key: str) -> bool:
        if is_cached(key):
            return any(source in self._modules for source in possible_sources(key))
        if not (self._run.cache_elsewhere and key.endswith(".pyc")):
            return False
        name = key.rpartition("/")[2]
        return any(name.startswith(module.rpartition("/")[2].removesuffix("py")) for module in self._modules)

    def files(self) -> Iterator[ExpectedFile]:
        """What the disk has to show of the wheel's own files. Rule 5; to be asked after `read`."""
        for install_path in self._files:
            key, entry = self._run.key(install_path.path), install_path.entry
            compiled = is_cached(key) and any(source in self._modules for source in possible_sources(key))
            if compiled or key in self._additions or key == self._direct or self._run.is_left(install_path):
                continue
            script = entry if install_path.scheme == "scripts" else None
            path = self._spelt.get(key, install_path.path)
            yield ExpectedFile(path, self._run.planned(install_path.path), script, self._changed.get(key))


def _own_rows(wheel: ClearedWheel) -> dict[str, list[Content]] | None:
    """The rows of the wheel's own RECORD, None where it is not valid or ambiguous."""
    rows: dict[str, list[Content]] = defaultdict(list)
    try:
        for row in parse_record(wheel.content.info("RECORD") or b""):
            rows[row.path].append(Content(*row[1:]))
    except RecordError:
        return None
    return dict(rows)


def _before_moving(folder: str, scheme: str, layout: Layout) -> str:
    """The folder that rows are relative to: with `--target` the temporary one, as `Layout.moved` has it."""
    if not layout.moved:
        return folder
    return layout.moved[0 if scheme == "purelib" else -1][0]


def with_each_other(compared: Sequence[Comparison], run: Arrangement) -> list[Comparison]:
    """The same, where a file that several of the wheels have may be that of any of them: policy allows that they have
    one file, and pip leaves the last. What pip makes of scripts and entry points is known from their RECORDs only."""
    places = [frozenset(run.key(demand.path) for demand in each.demands) for each in compared]
    if len(frozenset().union(*places)) == sum(map(len, places)):
        return list(compared)
    contents: dict[str, dict[int, list[Content]]] = defaultdict(lambda: defaultdict(list))
    for number, each in enumerate(compared):
        for demand in each.demands:
            contents[run.key(demand.path)][number] += [*demand.contents, *filter(None, (demand.row,))]
    return [
        each._replace(demands=[_any_of(demand, contents[run.key(demand.path)]) for demand in each.demands])
        for each in compared
    ]


def _any_of(demand: ExpectedFile, contents: Mapping[int, Sequence[Content]]) -> ExpectedFile:
    if len(contents) == 1:
        return demand
    return ExpectedFile(demand.path, tuple(dict.fromkeys(chain.from_iterable(contents.values()))))


def expected_files(demands: Iterable[ExpectedFile]) -> set[tuple[str, str]]:
    """What to read: paths, each with the algorithms by which it is to be hashed."""
    asked: set[tuple[str, str]] = set()
    for demand in demands:
        asked.update((demand.path, content.algorithm) for content in demand.contents)
        if demand.row is not None:
            asked.add((demand.path, demand.row.algorithm))
        if demand.script is not None:
            # The script that pip makes of it is compared by this algorithm.
            asked.add((demand.path, "sha256"))
    return asked


def judge(demand: ExpectedFile, found: Mapping[tuple[str, str], FoundFile], changed: Content | None = None) -> str:
    """A line of evidence about a file that is not as it has to be, else empty.

    `changed` is what the demand's script is once pip has put the interpreter into it.
    """
    contents = demand.contents if changed is None else (changed,)
    states = [_state(demand.path, content, found) for content in contents]
    if "" not in states:
        return next(iter(states), f"{demand.path} was to be installed, but its content is not known")
    if demand.row is None:
        return ""
    line = _state(demand.path, demand.row, found)
    return f"{demand.path} is not as RECORD describes it" if line else ""


def _state(path: str, content: Content, found: Mapping[tuple[str, str], FoundFile]) -> str:
    there = found[path, content.algorithm]
    if there.state is State.MISSING:
        return f"{path} is missing"
    if there.state is State.LINK:
        return f"{path} is a link to {there.about}"
    if there.state is State.OTHER:
        return f"{path} is not a regular file"
    if there.state is State.UNREADABLE:
        return f"{path} cannot be read: {there.about}"
    if content.size not in (None, there.size):
        return f"{path} has {there.size} bytes, and {content.size} were verified"
    return "" if there.digest == content.digest else f"{path} has a different {content.algorithm} than was verified"


def with_interpreter(script: bytes, interpreter: bytes, end: bytes) -> Content | None:
    """A script of a wheel as pip installs it, None for one that pip leaves as it is. Rule 2.

    `interpreter` is the path of the Python that pip runs in, `end` what ends a line on that system.
    """
    if not script.startswith(b"#!python"):
        return None
    _, _, rest = script.partition(b"\n")
    data = b"#!" + interpreter + end + rest
    return Content("sha256", hashlib.sha256(data).digest(), len(data))
