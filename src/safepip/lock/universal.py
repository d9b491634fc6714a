"""One lock for several environments: which those are, and how the answers for each become one lock.

Each environment is resolved for itself, over the same pages, so that the lock selects in each what a lock made there
would. Then packages are merged: one that is the same everywhere is listed once; where environments differ, it is listed
once for each version, under markers that no environment satisfies twice (PEP 751).

An environment is a platform and a minor version of CPython. Within one, only the patch version could still change an
answer: where a marker of a dependency draws a line between two of them (`python_full_version < "3.11.3"`), the
environment is split there (`split_at`). What a lock cannot promise beyond that:

- Another machine, libc or implementation than those named: `environments` in the lock excludes them, so that an
  installer refuses.
- A `Requires-Python` that draws a line between two patch versions: it is in the lock with its package, and an
  installer refuses the package there.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.version import Version

from safepip.lock.pylock import Locked, scope_marker
from safepip.model.digest import ANY_BYTES
from safepip.model.errors import UsageError
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.tags import Tag

    from safepip.model.digest import RequiredDigests
    from safepip.model.page import ProjectFile
    from safepip.model.plan import Target
    from safepip.model.resolution import Pin
    from safepip.model.source import BuiltFrom

    #: What was named directly: its URL, and the code that it was built from.
    _Direct = tuple[str | None, BuiltFrom | None]

#: The minor versions of Python 3 that a lock is made for by itself. A newer one can be named; for some time after it
#: appears many projects have no wheels for it.
OLDEST_MINOR, NEWEST_MINOR = 10, 14
#: Those that can be named: a tool of today still installs for them, or they appear within three years. A lock could be
#: made for any other number as well, and would be of no use: it is a slip (`3.1` for 3.11, `3.31` for 3.13).
_FIRST_NAMED, _LAST_NAMED = 6, NEWEST_MINOR + 3

#: The glibc and the macOS that wheels may ask for: those that nearly every wheel of the day still supports.
_GLIBC_MINOR = 28
_MACOS = (14, 0)

#: CPython's `implementation_version` is its full version (PEP 508).
_VERSION = r"(?:python_full_version|implementation_version)"
_COMPARED = r"(?:[<>=!~]+|\bin\b|\bnot\s+in\b)"
_FULL_VERSION = re.compile(
    rf"""{_VERSION}\s*{_COMPARED}\s*["']([^"']+)["']|["']([^"']+)["']\s*{_COMPARED}\s*{_VERSION}"""
)
_NAMED = re.compile(r"(?P<platform>[a-z]+-[a-z0-9_]+)(?::3\.(?P<minor>\d{1,2}))?\Z")


class Platform(NamedTuple):
    """A system and a machine: the marker variables that they set, and the platform tags of their wheels, best first."""

    markers: Mapping[str, str]
    tags: tuple[str, ...]


class Environment(NamedTuple):
    """A platform and a range of versions of one minor Python: from `low`, up to but without `high` where that is given.

    `markers` are PEP 508's, at `low`.
    """

    platform: str
    minor: int
    low: str
    high: str | None = None

    @property
    def markers(self) -> dict[str, str]:
        """All variables of PEP 508; those that do not matter are empty."""
        return {
            **PLATFORMS[self.platform].markers,
            "implementation_name": "cpython",
            "implementation_version": self.low,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
            "python_full_version": self.low,
            "python_version": f"3.{self.minor}",
        }

    def text(self) -> str:
        """The marker that holds in this environment and in no other."""
        system = PLATFORMS[self.platform].markers
        terms = [f'{name} == "{system[name]}"' for name in ("sys_platform", "platform_machine")]
        terms += ['platform_python_implementation == "CPython"', *self.python_terms()]
        return " and ".join(terms)

    def python_terms(self) -> list[str]:
        """The part of the marker about Python's version."""
        terms = [f'python_version == "3.{self.minor}"']
        if not self.low.endswith(".0"):
            terms.append(f'python_full_version >= "{self.low}"')
        if self.high is not None:
            terms.append(f'python_full_version < "{self.high}"')
        return terms

    def target(self, like: Target) -> Target:
        """The environment as a target to resolve for; what does not matter for that is as in `like`."""
        return like._replace(version=self.low, markers=self.markers, tags=tuple(map(str, self._tags())))

    def _tags(self) -> Iterator[Tag]:
        version, interpreter = (3, self.minor), f"cp3{self.minor}"
        platforms = PLATFORMS[self.platform].tags
        yield from cpython_tags(version, abis=[interpreter], platforms=platforms)
        yield from compatible_tags(version, interpreter, platforms)


def _linux(machine: str) -> Platform:
    markers = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine}
    older = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    tags = []
    # PEP 599, PEP 600: aarch64 begins with glibc 2.17.
    for minor in range(_GLIBC_MINOR, 16 if machine == "aarch64" else 4, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if minor in older:
            tags.append(f"{older[minor]}_{machine}")
    return Platform(markers, (*tags, f"linux_{machine}"))


def _macos(machine: str) -> Platform:
    markers = {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": machine}
    return Platform(markers, tuple(mac_platforms(_MACOS, machine)))


def _windows(machine: str, tag: str) -> Platform:
    markers = {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": machine}
    return Platform(markers, (tag,))


PLATFORMS: Mapping[str, Platform] = {
    "linux-x86_64": _linux("x86_64"),
    "linux-aarch64": _linux("aarch64"),
    "macos-arm64": _macos("arm64"),
    "macos-x86_64": _macos("x86_64"),
    "windows-amd64": _windows("AMD64", "win_amd64"),
    "windows-arm64": _windows("ARM64", "win_arm64"),
}

#: Those that `--universal` means.
USUAL = ("linux-x86_64", "linux-aarch64", "macos-arm64", "windows-amd64")


def environments(named: Sequence[str], requires_python: Iterable[str], own_minor: int) -> list[Environment]:
    """The environments of a lock, in a stable order.

    `named` are `PLATFORM` or `PLATFORM:3.N`; with none the usual platforms are meant. Without a version all those that
    `requires_python` admits are meant, and where that is empty those from `own_minor` on. Raises `UsageError`.
    """
    asked = ",".join(requires_python)
    specifier = SpecifierSet(asked or f">=3.{min(own_minor, NEWEST_MINOR)}")
    known = range(_FIRST_NAMED, max(_LAST_NAMED, own_minor) + 1)
    minors = [n for n in range(OLDEST_MINOR, NEWEST_MINOR + 1) if _admits(specifier, n)]
    found: dict[Environment, None] = {}
    for word in named or USUAL:
        match = _NAMED.match(word.lower())
        if match is None or match["platform"] not in PLATFORMS:
            raise UsageError.because(
                "unknown-environment",
                f"{printable(word)} is not an environment that a lock can be made for",
                hint=f"write PLATFORM or PLATFORM:3.12; platforms are {', '.join(PLATFORMS)}",
            )
        if match["minor"]:
            _check_named(word, known, SpecifierSet(asked))
        for minor in [int(match["minor"])] if match["minor"] else minors:
            found[Environment(match["platform"], minor, f"3.{minor}.0")] = None
    if not found:
        raise UsageError.because(
            "unknown-environment",
            f"no Python from 3.{OLDEST_MINOR} to 3.{NEWEST_MINOR} fits the project's requires-python: {specifier}",
            hint=_fitting(specifier, known),
        )
    return sorted(found)


def _check_named(word: str, known: range, admitted: SpecifierSet) -> None:
    """Raise `UsageError` where an environment's Python does not exist, or is none that the project admits."""
    platform, _, version = word.lower().partition(":")
    minor = int(version.removeprefix("3."))
    if minor not in known:
        raise UsageError.because(
            "unknown-environment",
            f"{printable(word)} names a Python that is not known: those from 3.{known[0]} to 3.{known[-1]} are",
            hint=_fitting(admitted, known, platform),
        )
    if not _admits(admitted, minor):
        raise UsageError.because(
            "unknown-environment",
            f"{printable(word)} is none that the project's requires-python admits: {admitted}",
            hint=_fitting(admitted, known, platform),
        )


def _fitting(specifier: SpecifierSet, known: range, platform: str = USUAL[0]) -> str:
    """What helps where an environment's Python does not fit."""
    fitting = [n for n in known if _admits(specifier, n)]
    if not fitting:
        return f"no Python from 3.{known[0]} to 3.{known[-1]} fits it: correct it"
    return f"name one that fits: --environment {platform}:3.{min(fitting, key=lambda n: abs(n - NEWEST_MINOR))}"


def _admits(specifier: SpecifierSet, minor: int) -> bool:
    # Some patch version of the minor one: the first, or any that is late enough for a bound like >=3.11.4.
    return any(specifier.contains(f"3.{minor}.{patch}") for patch in (0, 99))


def split_at(environment: Environment, markers: Iterable[str]) -> list[Environment]:
    """The parts of an environment within which none of these markers changes; itself where there is but one."""
    low = Version(environment.low)
    high = Version(environment.high) if environment.high else Version(f"3.{environment.minor + 1}")
    lines: set[Version] = set()
    for marker in markers:
        # With `in` there are several versions in one text.
        for text in (text for found in _FULL_VERSION.findall(marker) for text in re.split(r"[\s,;|]+", "".join(found))):
            try:
                release = Version(text.removesuffix(".*")).release
            except ValueError:
                continue
            if len(release) >= 3 and release[:2] == (3, environment.minor):
                # A line may be drawn before the version or after it.
                lines |= {Version(f"3.{environment.minor}.{release[2] + step}") for step in (0, 1)}
    inside = [str(line) for line in sorted(lines) if low < line < high]
    starts, ends = [environment.low, *inside], [*inside, environment.high]
    return [environment._replace(low=start, high=end) for start, end in zip(starts, ends, strict=True)]


class EnvironmentAnswer(NamedTuple):
    """What was decided for one environment. `edges`, `scopes` and `demands` are by project: what it requires, what
    needs it, and what the user's statements demand of its files there."""

    environment: Environment
    pins: Mapping[str, Pin]
    edges: Mapping[str, tuple[str, ...]]
    scopes: Mapping[str, frozenset[str]]
    files: Mapping[str, tuple[ProjectFile, ...]]
    demands: Mapping[str, RequiredDigests] = MappingProxyType({})


def joined(answers: Sequence[EnvironmentAnswer]) -> list[EnvironmentAnswer]:
    """The same answers; neighbouring patch versions with the same answer become one environment again."""
    found: list[EnvironmentAnswer] = []
    for answer in sorted(answers, key=lambda answer: (answer.environment.platform, Version(answer.environment.low))):
        last = found[-1] if found else None
        if last is not None and last.environment.high == answer.environment.low and _same(last, answer):
            found[-1] = last._replace(environment=last.environment._replace(high=answer.environment.high))
        else:
            found.append(answer)
    return found


def _same(one: EnvironmentAnswer, other: EnvironmentAnswer) -> bool:
    versions = [{name: pin.version for name, pin in answer.pins.items()} for answer in (one, other)]
    codes = [{name: (pin.direct_url, pin.built_from) for name, pin in answer.pins.items()} for answer in (one, other)]
    return (
        one.environment.platform == other.environment.platform
        and (versions[0], codes[0]) == (versions[1], codes[1])
        and (one.edges, one.scopes, one.demands) == (other.edges, other.scopes, other.demands)
    )


def merge(answers: Sequence[EnvironmentAnswer]) -> list[Locked]:
    """All packages of a lock for these environments.

    A version with different demanded digests is a different package: each environment selects among the files that are
    allowed in it, and a wheel that is allowed only elsewhere may not come before them. So is one that is named directly
    by another URL.
    """
    places: dict[tuple[str, Version, RequiredDigests, _Direct], list[EnvironmentAnswer]] = {}
    for answer in answers:
        for name, pin in answer.pins.items():
            direct = (pin.direct_url, pin.built_from)
            places.setdefault((name, pin.version, answer.demands.get(name, ANY_BYTES), direct), []).append(answer)
    versions: dict[str, set[Version]] = {}
    for name, version, *_ in places:
        versions.setdefault(name, set()).add(version)
    # Those of one version keep the order of the environments.
    ordered = sorted(places.items(), key=lambda place: place[0][:2])
    return [_merged(place[0], there, answers, versions) for place, there in ordered]


def _merged(
    name: str,
    there: Sequence[EnvironmentAnswer],
    answers: Sequence[EnvironmentAnswer],
    versions: Mapping[str, set[Version]],
) -> Locked:
    files: dict[str, ProjectFile] = {}
    edges: set[tuple[str, str]] = set()
    for answer in there:
        for file in answer.files[name]:
            files.setdefault(file.filename, file)
        for child in answer.edges.get(name, ()):
            several = len(versions.get(child, ())) > 1
            edges.add((child, str(answer.pins[child].version) if several else ""))
    by_scope: dict[frozenset[str], list[Environment]] = {}
    for answer in there:
        by_scope.setdefault(answer.scopes.get(name, frozenset({""})), []).append(answer.environment)
    everywhere = [answer.environment for answer in answers]
    terms = [_both(_where(places, everywhere), _scopes(scopes)) for scopes, places in by_scope.items()]
    marker = "" if "" in terms else _either(terms)
    return Locked(there[0].pins[name], tuple(files.values()), tuple(sorted(edges)), marker)


def _scopes(scopes: frozenset[str]) -> str:
    if "" in scopes:
        return ""
    named = {kind: [s.partition(":")[2] for s in scopes if s.startswith(f"{kind}:")] for kind in ("extra", "group")}
    return scope_marker(named["extra"], named["group"])


def _where(places: Sequence[Environment], everywhere: Sequence[Environment]) -> str:
    """The marker that holds in these of all environments; empty for all of them."""
    if set(places) == set(everywhere):
        return ""
    all_pythons = {e[1:] for e in everywhere}
    by_pythons: dict[frozenset[tuple[int, str, str | None]], list[str]] = {}
    for platform in sorted({place.platform for place in places}):
        pythons = frozenset(place[1:] for place in places if place.platform == platform)
        by_pythons.setdefault(pythons, []).append(platform)
    terms = []
    for pythons, platforms in by_pythons.items():
        chosen = [place for place in places if place[1:] in pythons and place.platform == platforms[0]]
        python = "" if pythons == all_pythons else _either([" and ".join(p.python_terms()) for p in _whole(chosen)])
        terms.append(_both(_systems(platforms, everywhere), python))
    return "" if "" in terms else _either(terms)


def _whole(parts: Iterable[Environment]) -> list[Environment]:
    """Neighbouring patch versions of one platform taken together, in the order of their versions."""
    found: list[Environment] = []
    for part in sorted(parts, key=lambda part: Version(part.low)):
        if found and found[-1].high == part.low:
            found[-1] = found[-1]._replace(high=part.high)
        else:
            found.append(part)
    return found


def _systems(platforms: Sequence[str], everywhere: Sequence[Environment]) -> str:
    """The marker of these platforms among all: by the system where all its machines are meant."""
    known = sorted({place.platform for place in everywhere})
    if set(platforms) == set(known):
        return ""
    terms = []
    for system in sorted({PLATFORMS[platform].markers["sys_platform"] for platform in platforms}):
        mine = [p for p in platforms if PLATFORMS[p].markers["sys_platform"] == system]
        all_of_it = [p for p in known if PLATFORMS[p].markers["sys_platform"] == system]
        machines = _either([f'platform_machine == "{PLATFORMS[p].markers["platform_machine"]}"' for p in mine])
        terms.append(_both(f'sys_platform == "{system}"', "" if mine == all_of_it else machines))
    return _either(terms)


def _either(terms: Sequence[str]) -> str:
    unique = list(dict.fromkeys(terms))
    return unique[0] if len(unique) == 1 else " or ".join(f"({t})" if " and " in t else t for t in unique)


def _both(one: str, other: str) -> str:
    if not one or not other:
        return one or other
    return " and ".join(f"({t})" if " or " in t else t for t in (one, other))
