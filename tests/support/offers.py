"""A catalogue and an environment in memory, so that resolutions can be tested without a network or a disk.

`decide` asks for requirements in a world of releases (`support.universes.Release`) and gives the resolution:

    decide([Release("a", "1.0", requires=("b",)), Release("b", "1.0")], "a")

Routes, pages and shelves are made by the same code as in a real run; only the fetching is left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.markers import default_environment
from packaging.requirements import Requirement as Pep508
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from safepip.build.approval import Approvals, NotApproved
from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.model.build import BuildPolicy, BuildSettings
from safepip.model.candidate import Candidate, ProjectCandidates
from safepip.model.digest import Digest, strong
from safepip.model.index import Index, IndexUrl
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile, ProjectPage, Status
from safepip.model.plan import NameSet, Policy, Selection, Settings, Target
from safepip.model.requirement import Constraint, Requirement, Statements
from safepip.model.resolution import CoreMetadata, InstalledDistribution
from safepip.model.route import Observation, Presence, Route
from safepip.resolution.catalog import RoutedCandidates
from safepip.resolution.inputs import ResolverInputs
from safepip.resolution.resolver import AmbiguousName, resolve
from safepip.routing.table import Ambiguity, build, decide_route
from safepip.vetting.cooldown import AgeRules
from safepip.vetting.look_alikes import KnownNames
from safepip.vetting.names import NameRules, NamesOfRun
from safepip.vetting.rules import VettingRules, never
from safepip.wheel.metadata import parse_metadata
from support.wheels import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from safepip.model.resolution import Resolution
    from safepip.resolution.catalog import Hint
    from safepip.routing.table import RoutingTable
    from support.universes import Release

PYTHON = "3.11.7"
MARKERS = {str(key): str(value) for key, value in default_environment().items()} | {
    "python_version": "3.11",
    "python_full_version": PYTHON,
    "sys_platform": "linux",
}
TARGET = Target(python="/python", version=PYTHON, markers=MARKERS, tags=tuple(map(str, sys_tags())))
RANKS = TagRanks(TARGET.tags)

#: When resolutions take place; a release is many years older unless it says otherwise.
NOW = 1_700_000_000.0


def index(name: str = "public", *, default: bool = False, packages: tuple[str, ...] = ()) -> Index:
    """An index at an address of its own; every claim comes from a line of safepip.toml."""
    origin = Origin(Source.PROJECT_CONFIG, "safepip.toml", 1)
    url = IndexUrl.parse(f"https://{name}.example/simple/")
    return Index(name, url, default=default, packages=packages, origin=origin, claim_origins=(origin,) * len(packages))


PUBLIC = index(default=True)


def filename_of(release: Release) -> str:
    """The file name of a release."""
    stem = f"{escaped(release.name)}-{release.version}"
    if release.sdist:
        return f"{stem}.tar.gz"
    return "-".join(filter(None, (stem, release.build, release.tag))) + ".whl"


def digest_of(release: Release) -> Digest:
    """The digest that the index gives for the file: made from its name, as there are no bytes."""
    return strong("sha256", hashlib.sha256(filename_of(release).encode()).hexdigest())


def listed(release: Release, host: str = "public") -> ProjectFile:
    """The file as a page lists it."""
    filename = filename_of(release)
    yanked = release.yanked if isinstance(release.yanked, str) else ("" if release.yanked else None)
    return ProjectFile(
        filename,
        f"https://{host}.example/files/{filename}",
        (digest_of(release),),
        requires_python=None if release.hidden_python else release.requires_python,
        yanked=yanked,
        upload_time=release.uploaded,
    )


@dataclass(slots=True)
class MemoryCatalog:
    """The `Catalog` protocol over releases by index name. `asked` are the names asked for, in order.

    `statuses` are PEP 792 markers by project; `failures` are raised when a project is asked for.
    """

    table: RoutingTable
    releases: Mapping[str, Sequence[Release]]
    statuses: Mapping[str, Status] = field(default_factory=dict)
    failures: Mapping[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    metadata_read: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    _all_available: dict[str, RoutedCandidates] = field(default_factory=dict)
    _releases: dict[str, Release] = field(default_factory=dict)
    _direct: dict[str, Candidate] = field(default_factory=dict)

    def candidates_for(self, name: str, required_by: Iterable[Origin]) -> RoutedCandidates:
        if name not in self._all_available:
            self.asked.append(name)
            if name in self.failures:
                raise self.failures[name]
            self._all_available[name] = self._read(name, tuple(required_by))
        return self._all_available[name]

    def _read(self, name: str, required_by: tuple[Origin, ...]) -> RoutedCandidates:
        decision = self.table.route(name)
        if isinstance(decision, Route):
            assert decision.index is not None
            page = self._page(decision.index, name)
            return RoutedCandidates(decision, page or ProjectCandidates(name, ()), absent=page is None)
        pages = {source.name: self._page(source, name) for source in decision.sources}
        observations = []
        for source in decision.sources:
            page = pages[source.name]
            presence = Presence.ABSENT if page is None else Presence.PRESENT
            newest = str(page.candidates[0].version) if page is not None and page.candidates else ""
            observations.append(Observation(source, presence, newest))
        verdict = decide_route(decision, observations)
        if isinstance(verdict, Ambiguity):
            raise AmbiguousName(verdict._replace(required_by=required_by))
        assert verdict.index is not None
        page = pages[verdict.index.name]
        return RoutedCandidates(verdict, page or ProjectCandidates(name, ()), absent=page is None)

    def _page(self, source: Index, name: str) -> ProjectCandidates | None:
        mine = [r for r in self.releases.get(source.name, ()) if normalise(r.name) == name]
        if not mine:
            return None
        files = [(listed(release, source.name), release) for release in mine]
        status = self.statuses.get(name, Status.ACTIVE)
        shown = tuple(file for file, _ in files) if status is not Status.QUARANTINED else ()
        page = ProjectPage(name, source.url.page(name), shown, status=status)
        available = candidates_for(page, RANKS, PythonVersions(PYTHON))
        self._releases.update({file.url: release for file, release in files})
        return available

    def metadata(self, candidate: Candidate) -> CoreMetadata:
        self.metadata_read.append(str(candidate))
        return parse_metadata(self._releases[candidate.file.url].text().encode(), verified=True)

    def direct(self, requirement: Requirement | Constraint) -> Candidate:
        assert requirement.url is not None
        if requirement.url not in self._direct:
            filename = requirement.url.rpartition("/")[2]
            release = next(r for some in self.releases.values() for r in some if filename_of(r) == filename)
            name, version, build, _ = parse_wheel_filename(filename)
            file = listed(release)._replace(url=requirement.url)
            self._direct[requirement.url] = Candidate(name, version, file, 0, build)
            self._releases[file.url] = release
        return self._direct[requirement.url]

    def ask_again(self, names: Iterable[str]) -> bool:
        list(names)
        return False

    def expect_candidates(self, hints: Iterable[Hint]) -> None:
        list(hints)

    def expect_metadata(self, candidate: Candidate) -> None:
        self.expected.append(str(candidate.file.filename))


class MemoryInstalled:
    """The `Installed` protocol over releases."""

    def __init__(self, releases: Sequence[Release] = ()) -> None:
        self._releases = {normalise(release.name): release for release in releases}

    def get(self, name: str) -> InstalledDistribution | None:
        release = self._releases.get(name)
        if release is None:
            return None
        return InstalledDistribution(name, Version(release.version), f"/site/{name}-{release.version}.dist-info")

    def metadata(self, distribution: InstalledDistribution) -> CoreMetadata:
        return parse_metadata(self._releases[distribution.name].text().encode(), verified=False)


def asked(text: str, line: int = 1, *, hashes: tuple[Digest, ...] = ()) -> Requirement:
    """A requirement as a line of requirements.txt says it."""
    parsed = Pep508(text)
    return Requirement(
        name=normalise(parsed.name),
        specifier=parsed.specifier,
        origin=Origin(Source.FILE, "requirements.txt", line),
        extras=frozenset(map(normalise, parsed.extras)),
        marker=parsed.marker,
        url=parsed.url,
        hashes=hashes,
        text=text,
    )


def limited(text: str, line: int = 1, *, hashes: tuple[Digest, ...] = ()) -> Constraint:
    """A constraint as a line of constraints.txt says it."""
    parsed = Pep508(text)
    origin = Origin(Source.FILE, "constraints.txt", line)
    name = normalise(parsed.name)
    return Constraint(name, parsed.specifier, origin, parsed.marker, parsed.url, hashes, text)


def decide(
    releases: Sequence[Release] | Mapping[str, Sequence[Release]],
    *requirements: str | Requirement,
    constraints: Sequence[str | Constraint] = (),
    installed: Sequence[Release] = (),
    indexes: Sequence[Index] = (PUBLIC,),
    policy: Policy | None = None,
    catalog: MemoryCatalog | None = None,
    require_hashes: bool = False,
    selection: Selection | None = None,
    names: NameRules | None = None,
    ages: AgeRules | None = None,
    preferences: Mapping[str, Version] | None = None,
    builds: Callable[[str], bool] = never,
    **settings: Any,
) -> Resolution:
    """Resolve. `settings` are fields of `Settings`; releases without an index are the public one's.

    Without `names` no name is well known, so that nothing resembles anything. Without `ages` the time is `NOW`, and
    policy's ages hold. `builds` says which projects' builds are approved.
    """
    world = releases if not isinstance(releases, (list, tuple)) else {"public": releases}
    table, policy = build(indexes), policy or Policy()
    statements = Statements(
        tuple(asked(r, n) if isinstance(r, str) else r for n, r in enumerate(requirements, 1)),
        tuple(limited(c, n) if isinstance(c, str) else c for n, c in enumerate(constraints, 1)),
        require_hashes,
    )
    inputs = ResolverInputs(
        statements, Settings(selection=selection or Selection(), **settings), policy, TARGET, table, preferences or {}
    )
    rules = VettingRules(
        names or NameRules(lambda: KnownNames(()), table, policy, NamesOfRun(), now=NOW),
        ages or AgeRules(policy.ages, None, table, now=NOW, exemptions=policy.exemptions),
        builds,
        unfenced_hint,
    )
    return resolve(
        inputs,
        catalog=catalog or MemoryCatalog(table, world),  # type: ignore[arg-type]  # a sequence was wrapped above
        installed=MemoryInstalled(() if settings.get("ignore_installed") else installed),
        rules=rules,
    )


def unfenced_hint(name: str) -> str:
    """What would approve a build on a system without a fence."""
    answer = Approvals(BuildPolicy(), BuildSettings(), NameSet(), None).of(name)
    assert isinstance(answer, NotApproved)
    return answer.hint


def chosen(resolution: Resolution) -> dict[str, str]:
    """What would be installed: name and version."""
    return {name: str(resolution.pins[name].version) for name in resolution.to_install}
