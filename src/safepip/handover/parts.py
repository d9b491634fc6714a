"""One handover divided among several pips: which of them installs what, and what each is told.

A pip uses one processor. What is to be installed is known to the last file, so several may work side by side, each on a
part of its own:

1. What takes the place of something that is installed comes first, by one pip alone: pip moves whole folders aside
   while it uninstalls, and what another one writes there meanwhile is lost.
2. What is new is divided into parts that take about the same time, the longest first to the part that has least. Wheels
   that share a file, or of which one has a file where another has a folder, are in one part: paths are compared as the
   least strict file system does (`safepip.wheel.install_paths.key_of`).
3. Each part has a private folder of its own within that of the run, and in it the part's wheels and nothing else. Its
   pip demands all digests, and looks for no dependencies (`--no-deps`): who requires what may be in other parts. So
   everything is marked as requested (REQUESTED, PEP 376), and the marks that are too many are taken away afterwards.
4. What one pip alone does otherwise is left to one pip: `one_alone` names these cases. With one part everything is as
   `make_handover` has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from safepip.handover.instructions import Handover, make_handover, stated_for_pip
from safepip.handover.integrity import record_place
from safepip.handover.unfinished import fits
from safepip.model.names import normalise
from safepip.model.plan import installs_for_user

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings, Target
    from safepip.model.resolution import Resolution

#: What pip takes for a file, and for a byte of source code that it compiles, in seconds of a processor: of 42
#: distributions with 6,035 files and 23 MB of source code some 4 and 4. Real code compiles as fast (sphinx, mypy, pip).
_SECONDS_A_FILE = 0.0007
_SECONDS_A_BYTE = 1 / 6_000_000

#: How many seconds of work a part has to have: to start one more pip takes half of that.
_WORTH_A_PIP = 1.0

#: More side by side would wait for one disk.
MOST = 32

_REQUIRED = re.compile(rb"^Requires-Dist:[ \t]*([A-Za-z0-9._-]+)", re.MULTILINE | re.IGNORECASE)


class Hands(NamedTuple):
    """How many pips there may be. `stated` is what the user says, None for as many as pay; `processors` are those that
    this process may use."""

    stated: int | None = None
    processors: int = 1


def make_handovers(
    resolution: Resolution,
    wheels: Sequence[ClearedWheel],
    settings: Settings,
    target: Target,
    folder: str,
    hands: Hands,
) -> Handover | None:
    """As `make_handover`, with `stages` where several pips do it."""
    stages = _stages(resolution, wheels, settings, target, hands)
    if not stages:
        made_for_one = make_handover(resolution, wheels, settings, folder)
        if made_for_one is None or (hands.stated or 1) == 1:
            return made_for_one
        why = one_alone(resolution, wheels, settings, target)
        return replace(made_for_one, alone=why or "what is new cannot be divided")
    given = {wheel.pin.name: wheel for wheel in wheels}
    count = sum(map(len, stages))
    made, number = [], 0
    for stage in stages:
        parts = []
        for names in stage:
            number += 1
            place = f"{folder.rstrip('/')}/part-{number}"
            parts.append(_part(resolution, [given[name] for name in names], settings, place, last=number == count))
        made.append(tuple(parts))
    return _whole(resolution, settings, folder, tuple(made))


def _part(
    resolution: Resolution, wheels: Sequence[ClearedWheel], settings: Settings, folder: str, *, last: bool
) -> Handover:
    """What one pip is told: these wheels, and nothing beside them."""
    names = tuple(sorted(wheel.pin.name for wheel in wheels))
    pins = {name: resolution.pins[name]._replace(requested=True) for name in names}
    # Of several pips one says that it runs as root.
    once = () if last else ("--root-user-action", "ignore")
    alone = settings._replace(no_deps=True, forwarded=(*settings.forwarded, *once))
    made = make_handover(resolution._replace(pins=pins, to_install=names), wheels, alone, folder)
    assert made is not None, "a part without wheels"
    return made


def _whole(
    resolution: Resolution, settings: Settings, folder: str, stages: tuple[tuple[Handover, ...], ...]
) -> Handover:
    """All parts as one: what is to be there in the end."""
    parts = [part for stage in stages for part in stage]
    base = folder.rstrip("/")
    wheels = {f"{part.folder[len(base) + 1 :]}/{name}": it for part in parts for name, it in part.wheels.items()}
    by_name = {wheel.pin.name: wheel for wheel in wheels.values()}
    installs = {name: by_name[name] for name in sorted(by_name)}
    before, after = stated_for_pip(installs) if settings.display.verbosity == 0 else ("", "")
    return Handover(
        folder=folder,
        arguments=(),
        files={},
        wheels=wheels,
        report="",
        installs={name: (wheel.pin.version, wheel.file.sha256.hex) for name, wheel in installs.items()},
        direct_urls={name: url for part in parts for name, url in part.direct_urls.items()},
        unrequested=frozenset(name for name in installs if not resolution.pins[name].requested),
        before=before,
        after=after,
        stages=stages,
    )


def _stages(
    resolution: Resolution, wheels: Sequence[ClearedWheel], settings: Settings, target: Target, hands: Hands
) -> list[list[list[str]]]:
    """The names of each part of each stage; empty where one pip does everything."""
    new = [wheel for wheel in wheels if wheel.pin.replaces is None]
    if hands.stated == 1 or len(new) < 2:
        return []
    compiles = "--no-compile" not in settings.forwarded
    work = {wheel.pin.name: seconds_of(wheel, compiles=compiles) for wheel in new}
    count = min(MOST, hands.stated or hands.processors)
    if hands.stated is None:
        count = min(count, int(sum(work.values()) / _WORTH_A_PIP))
    if count < 2 or one_alone(resolution, wheels, settings, target):
        return []
    parts = _worth_a_pip(together(new), work, count, stated=hands.stated is not None)
    if len(parts) < 2:
        return []
    replacing = sorted(wheel.pin.name for wheel in wheels if wheel.pin.replaces is not None)
    return [*([[replacing]] if replacing else []), parts]


def _worth_a_pip(
    groups: Sequence[Sequence[str]], work: Mapping[str, float], count: int, *, stated: bool
) -> list[list[str]]:
    """These groups in so many parts, or in fewer where the smallest would have too little work, if not `stated`."""
    parts = divide(groups, work, count)
    while not stated and len(parts) > 1 and sum(work[name] for name in parts[-1]) < _WORTH_A_PIP:
        parts = divide(groups, work, len(parts) - 1)
    return parts


def one_alone(resolution: Resolution, wheels: Sequence[ClearedWheel], settings: Settings, target: Target) -> str:
    """Why one pip has to do everything, empty where several may.

    Several leave what one would have left only where it is known which paths each of them writes, which is for whatever
    goes into an environment, or below a prefix or root, by the schemes of its Python.
    """
    moved = settings.prefix_dir or settings.root_dir or installs_for_user(settings, target)
    if settings.target_dir is not None:
        return "pip moves whole folders to that of --target, and leaves those that are there"
    if settings.ignore_installed or settings.only_deps:
        return "what is installed is not to count, or the roots are not to be installed"
    if moved and any(wheel.pin.replaces is not None for wheel in wheels):
        return "what is replaced lies elsewhere"
    if any(wheel.pin.direct_url is not None and not wheel.pin.requested for wheel in wheels):
        return "a constraint names a wheel, which pip has to get by its name"
    odd = next((why for wheel in wheels if (why := _odd(wheel, resolution, wheels))), "")
    if not odd and (settings.display.verbosity > 0 or settings.display.log is not None):
        return "with -v and --log, pip's own words are wanted as they come"
    return odd


def _odd(wheel: ClearedWheel, resolution: Resolution, wheels: Sequence[ClearedWheel]) -> str:
    """What is about one wheel that leaves it to one pip."""
    info, place = wheel.content.dist_info, record_place(wheel)
    if place is None or not all(item.path for item in wheel.install_paths):
        return "it is not certain where its files go"
    own = wheel.content.info("RECORD")
    if own is None or f"{info}/INSTALLER".encode() in own or not fits(info, wheel.pin.name, str(wheel.pin.version)):
        return "it could not be told whether pip has come to the end with it"
    headers = any(item.scheme == "headers" for item in wheel.install_paths)
    if headers and not wheel.pin.requested and not _spelt_as_normalised(wheel.pin.name, resolution, wheels):
        return "the folder of its headers is called as another project spells it"
    return ""


def _spelt_as_normalised(name: str, resolution: Resolution, wheels: Iterable[ClearedWheel]) -> bool:
    """Whether all that require this project write its name as it is normalised: pip names its headers by that."""
    if any(name in pin.requires for pin in resolution.pins.values() if pin.candidate is None):
        return False  # what is installed may spell it in any way
    metadata = (wheel.content.info("METADATA") or b"" for wheel in wheels)
    spelt = {found.decode("ascii") for text in metadata for found in _REQUIRED.findall(text)}
    return {each for each in spelt if normalise(each) == name} == {name}


def seconds_of(wheel: ClearedWheel, *, compiles: bool) -> float:
    """How long pip is likely to take for a wheel."""
    entries = wheel.content.entries.values()
    source = sum(entry.size for entry in entries if entry.path.endswith(".py")) if compiles else 0
    return len(entries) * _SECONDS_A_FILE + source * _SECONDS_A_BYTE


def together(wheels: Sequence[ClearedWheel]) -> list[list[str]]:
    """The names of the wheels in groups: wheels of two groups have no path in common, neither a file's nor one that is
    a file for one and a folder for the other."""
    group = {wheel.pin.name: wheel.pin.name for wheel in wheels}

    def first(name: str) -> str:
        while group[name] != name:
            group[name] = name = group[group[name]]
        return name

    files: dict[str, str] = {}
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for wheel in wheels:
        name = wheel.pin.name
        for item in wheel.install_paths:
            group[first(name)] = first(files.setdefault(item.key, name))
        for folder in _folders(item.key for item in wheel.install_paths):
            folders[folder].add(name)
    for key, name in files.items():
        for other in folders.get(key, ()):
            group[first(name)] = first(other)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(group):
        found[first(name)].append(name)
    return sorted(found.values())


def _folders(keys: Iterable[str]) -> Collection[str]:
    """All folders above these paths."""
    folders: set[str] = set()
    for key in keys:
        folder = key.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def divide(groups: Sequence[Sequence[str]], work: Mapping[str, float], count: int) -> list[list[str]]:
    """At most `count` parts of whole groups that take about the same time, the longest part first. None is empty."""
    parts: list[tuple[float, list[str]]] = [(0.0, []) for _ in range(min(count, len(groups)))]
    for seconds, names in sorted(_weighed(groups, work), key=lambda each: (-each[0], each[1])):
        least = min(range(len(parts)), key=lambda at: (parts[at][0], at))
        parts[least] = (parts[least][0] + seconds, [*parts[least][1], *names])
    return [sorted(names) for _, names in sorted(parts, key=lambda part: (-part[0], part[1]))]


def _weighed(groups: Iterable[Sequence[str]], work: Mapping[str, float]) -> Iterator[tuple[float, list[str]]]:
    return ((sum(work[name] for name in names), sorted(names)) for names in groups)
