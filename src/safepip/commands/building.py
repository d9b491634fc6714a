"""Builds wheels of source code, and learns from it what it requires; nothing of it runs unless its build is approved.

For each project: get its code, read what it says of itself (`build.static_metadata`), and only where that does not bind
ask its backend, in an environment made for that (`build_environments`) and inside a fence (`workshop`). What is built
is admitted to the store under its own digest, held against what the search went by, and judged as any wheel.

The projects of a run are known by their candidates. What the user names is made ready before the search (`with_names`),
because nothing else says which project it is.
"""

from __future__ import annotations

from functools import cached_property, reduce
from typing import TYPE_CHECKING

from safepip.build.approval import Approvals, NotApproved
from safepip.build.config_settings import settings_of
from safepip.build.moving import check_revision
from safepip.build.outcome import check_built_name
from safepip.commands.build_environments import BuildEnvironments
from safepip.commands.source_project import SourceProject
from safepip.commands.source_trees import SourceTrees
from safepip.commands.workshop import Workshop
from safepip.edges.builder.built_wheels import BuiltWheels, admit
from safepip.edges.builder.fence import find_fence
from safepip.edges.disk.archive import ArchiveError, read_wheel_metadata
from safepip.edges.disk.local_paths import joined
from safepip.index.candidates import TagRanks
from safepip.model.candidate import SOURCE_RANK, Candidate
from safepip.model.digest import ANY_BYTES, RequiredDigests
from safepip.model.errors import Refused, ResolutionImpossible
from safepip.model.events import Doing
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile
from safepip.model.plan import NameSet
from safepip.model.requirement import Requirement, counts, required_digests
from safepip.model.source import BuiltFrom, SourceKind
from safepip.model.urls import file_url, parse
from safepip.requirements.line_digests import contradiction
from safepip.resolution.limits import check_direct
from safepip.wheel.metadata import MetadataError, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from safepip.build.approval import Approved
    from safepip.commands.bench import Bench
    from safepip.commands.build_environments import Decide
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.listings import Listing
    from safepip.model.build import BuildRecord
    from safepip.model.digest import AnyDigest, Digest
    from safepip.model.evidence import VerifiedFile
    from safepip.model.requirement import Constraint
    from safepip.model.resolution import CoreMetadata, Pin, Resolution
    from safepip.model.source import SourceCode, SourceTree

    #: What an index says of an archive: name, URL and digests.
    _Archive = tuple[str, str, tuple[AnyDigest, ...]]


def _archive(candidate: Candidate) -> _Archive:
    return candidate.file.filename, candidate.file.url, candidate.file.stated


class Building:
    """The builds of one run, for the target of `inputs`. `above` are the projects whose builds wait for this run."""

    def __init__(self, inputs: Inputs, resources: Resources, decide: Decide, above: tuple[str, ...] = ()) -> None:
        self._inputs = inputs
        self._resources = resources
        # pip: in a virtual environment its folder `src`, else that of the working directory.
        above_checkouts = inputs.target.prefix if inputs.target.virtualenv else inputs.cwd
        self._trees = SourceTrees(resources, inputs.settings, joined(above_checkouts, "src"))
        # What is demanded by digest is built of what has that digest: a note in the cache proves less.
        by_digest = inputs.statements.require_hashes or bool(inputs.lock_requests)
        self._results = BuiltWheels(resources.store, trusted=not by_digest)
        environments = BuildEnvironments(inputs, resources, decide)
        self._workshop = Workshop(inputs, resources, environments, self._results, above)
        self._ranks = TagRanks(inputs.target.tags)
        self._projects: dict[Candidate, SourceProject] = {}
        self._archives: dict[_Archive, SourceProject] = {}
        self._named: dict[SourceCode, Candidate] = {}
        self._unpacked: dict[str, SourceProject] = {}

    # --- approval -------------------------------------------------------------------------------------------------

    @cached_property
    def _approvals(self) -> Approvals:
        building, fence = self._inputs.settings.building, find_fence()
        kind = None if fence is None else fence.kind
        names, described = NameSet(names=building.no_binary), self._inputs.settings.described()
        return Approvals(self._inputs.plan.policy.builds, building, names, kind, described)

    def offers(self, name: str) -> bool:
        """Whether an index's source archives of a project may be built."""
        return not isinstance(self._approvals.of(name), NotApproved)

    def hint_for(self, name: str) -> str:
        """What would approve the build of a project's archives; empty where it is approved."""
        approval = self._approvals.of(name)
        return approval.hint if isinstance(approval, NotApproved) else ""

    def refusal(self, name: str, origin: Origin, *, own: bool = False) -> Diagnostic | None:
        """Why a project that a lock has may not be built; None where it may. `own` is as in `Approvals.of`."""
        approval = self._approvals.of(name, own=own)
        return approval.diagnostic(name, (origin,)) if isinstance(approval, NotApproved) else None

    def _approved(self, name: str, project: SourceProject) -> Approved:
        """Raises `Refused` (`unapproved-build`)."""
        own = project.code is not None and project.code.kind is SourceKind.DIRECTORY
        listed = own or project.code is None or name in self._inputs.plan.policy.allow_direct
        approval = self._approvals.of(name, own=own, listed=listed)
        if isinstance(approval, NotApproved):
            problem = approval.diagnostic(name or project.shown, (project.origin,))
            if not name and self._inputs.plan.policy.builds.stated is None:
                hint = "write which project it is, NAME @ URL, and, if you know what it runs, --allow-build NAME"
                problem = problem._replace(hint=hint)
            raise Refused(problem)
        return approval

    # --- what the user names -------------------------------------------------------------------------------------

    def with_names(self, inputs: Inputs) -> Inputs:
        """The inputs of the run, or of one environment of a lock, with the name of each project that the user named by
        its source code; what does not count for the target is left out, because it is not read."""
        self._inputs = inputs
        statements, markers = inputs.statements, inputs.target.markers
        read = [r if r.source is None else self._named_one(r) for r in statements.requirements if counts(r, markers)]
        self._inputs = inputs._replace(statements=statements._replace(requirements=tuple(read)))
        return self._inputs

    def _named_one(self, requirement: Requirement) -> Requirement:
        """The same requirement with the name of its project, whose source code is then ready.

        Raises `ResolutionImpossible` (`other-project`) where the code is that of another project.
        """
        code = requirement.source
        assert code is not None
        candidate = self._named.get(code)
        if candidate is None:
            candidate = self._named[code] = self._read(requirement, code)
        if requirement.name not in ("", candidate.name):
            raise ResolutionImpossible.because(
                "other-project",
                f"{requirement.name} is asked for, and the source code there is that of {candidate.name}",
                context=(printable(requirement.text or str(requirement.url)),),
                hint=f"if {candidate.name} is what you want, write that name",
                origins=(requirement.origin,),
                subject=requirement.name,
            )
        return requirement._replace(name=candidate.name)

    def candidate(self, requirement: Requirement | Constraint) -> Candidate:
        """The candidate of source code that was read, or, for a constraint, is read now."""
        code = requirement.source
        assert code is not None
        if code not in self._named:
            self._named[code] = self._read(requirement, code)
        return self._named[code]

    def _read(self, requirement: Requirement | Constraint, code: SourceCode) -> Candidate:
        origin, shown = requirement.origin, requirement.name or printable(requirement.text or code.url)
        if self._approvals.described:
            refused = self._approvals.of(requirement.name or shown)
            assert isinstance(refused, NotApproved)
            raise Refused(refused.diagnostic(requirement.name or shown, (origin,)))
        check_revision(code, self._inputs.plan.policy.full_commits, shown, origin)
        # A claimed name is refused before anything is fetched for it, and before any of its code runs where it says
        # itself what it is.
        self._check_claim(requirement, requirement.name)
        tree = self._tree(requirement, code)
        settings = self._settings(requirement, code)
        # pip: what `wheel` makes is for other places, so it is never an editable.
        editable = code.editable and self._inputs.verb != "wheel"
        project = SourceProject(tree, shown, origin, code, settings, editable=editable)
        if code.vcs and not editable and self._inputs.verb == "download":
            project.untouched = self._trees.untouched(tree)
        try:
            stated = project.stated()
            self._check_claim(requirement, stated.name if stated is not None else "")
            metadata = self._metadata(project, requirement.name)
        except MetadataError as error:
            message = f"{shown} has metadata that cannot be used: {error}"
            name = requirement.name
            raise ResolutionImpossible.because("invalid-metadata", message, origins=(origin,), subject=name) from None
        project.shown = f"{metadata.name} {metadata.version}"
        digests = (tree.digest,) if code.kind is SourceKind.ARCHIVE and tree.digest is not None else ()
        file = ProjectFile(parse(code.url).filename or metadata.name, code.url, digests, size=tree.size)
        candidate = Candidate(metadata.name, metadata.version, file, SOURCE_RANK, source=code)
        self._projects[candidate] = project
        return candidate

    def _check_claim(self, requirement: Requirement | Constraint, name: str) -> None:
        """Raise `Refused` (`claimed-name`) where an index owns the name of what a URL gives."""
        if name and isinstance(requirement, Requirement):
            alone = self._inputs.statements._replace(requirements=(requirement._replace(name=name),), constraints=())
            check_direct(alone, self._inputs.table, self._inputs.plan.policy, self._inputs.target.markers)

    def _naming(self, code: SourceCode) -> Iterator[Requirement | Constraint]:
        """Every statement that names this code and counts: what one of them demands holds before anything runs."""
        statements, markers = self._inputs.statements, self._inputs.target.markers
        everything: tuple[Requirement | Constraint, ...] = (*statements.requirements, *statements.constraints)
        for statement in everything:
            if statement.source == code and counts(statement, markers):
                yield statement

    def _demand(self, asked: Requirement | Constraint, code: SourceCode) -> RequiredDigests:
        """`asked` may be a lock's, and then it is none of the statements."""
        return reduce(RequiredDigests.and_, map(required_digests, self._naming(code)), required_digests(asked))

    def _settings(self, asked: Requirement | Constraint, code: SourceCode) -> dict[str, str | list[str]]:
        """Those of the first statement that has any."""
        given = (settings_of(getattr(one, "config_settings", ())) for one in (asked, *self._naming(code)))
        return next(filter(None, given), {})

    def _tree(self, requirement: Requirement | Constraint, code: SourceCode) -> SourceTree:
        """The code as it is on this machine; at the commit that a lock has, if there is one.

        Raises `Refused` (`lock-differs`) where that commit has other files than were locked.
        """
        demand, origin = self._demand(requirement, code), requirement.origin
        if demand.impossible:
            raise contradiction(requirement.name, (origin,))
        held = self._inputs.held.get(code)
        if held is None:
            return self._trees.of_named(code, demand, requirement.name, origin)
        tree = self._trees.of_named(code._replace(revision=held.commit), demand, requirement.name, origin)
        if held.tree is not None and tree.digest != held.tree:
            raise Refused.because(
                "lock-differs",
                f"commit {held.commit} of {printable(code.url)} has other files than were locked",
                context=(f"locked       {held.tree}", f"checked out  {tree.digest or 'unknown'}"),
                hint="two contents under one commit id are no accident: ask the owner of the repository",
                origins=(origin,),
                subject=requirement.name,
            )
        return tree

    def with_origins(self, resolution: Resolution) -> Resolution:
        """The same, where each pin of source code that the user named says what it is built from.

        PEP 610 and pip: an editable project is where its folder is, also where that is a checkout.
        """
        pins = dict(resolution.pins)
        for name, pin in pins.items():
            code = pin.candidate.source if pin.candidate is not None else None
            if pin.candidate is not None and code is not None:
                tree = self._projects[pin.candidate].tree
                url = file_url(tree.folder) if code.editable else pin.direct_url
                pins[name] = pin._replace(built_from=BuiltFrom(code, tree.digest, tree.commit), direct_url=url)
        return resolution._replace(pins=pins)

    # --- metadata ---------------------------------------------------------------------------------------------------

    def metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        """What source code requires, stated or asked of its backend. Raises `MetadataError` where it cannot be used."""
        project = self._known_project(candidate)
        if project is None or (project.metadata is None and not project.is_there):
            assert listing is not None, "what the user names was read before, and stays"
            self._check_advisories(candidate)
            demand = self._inputs.allowed_hashes().get(candidate.name, ANY_BYTES)
            before = self.read_from(candidate)
            project = self._listed(candidate, self._trees.of_listed(candidate, listing, demand, before))
        return self._metadata(project, candidate.name, candidate.version)

    def _check_advisories(self, candidate: Candidate) -> None:
        asked = tuple(one.origin for one in self._inputs.statements.requirements if one.name == candidate.name)
        known, table = self._resources.advisories, self._inputs.table
        known.check_source(candidate.name, str(candidate.version), table, asked)

    def read_from(self, candidate: Candidate) -> Digest | None:
        """The digest of the archive of a candidate that was read; None where none was."""
        project = self._known_project(candidate)
        return None if project is None or (project.code and project.code.vcs) else project.tree.digest

    def _known_project(self, candidate: Candidate) -> SourceProject | None:
        # A lock for several environments has a catalogue for each, with candidates of its own for one archive.
        return self._projects.get(candidate) or self._archives.get(_archive(candidate))

    def _listed(self, candidate: Candidate, tree: SourceTree) -> SourceProject:
        """The project of an archive of an index, whose tree is there now. Of each project's archives one is unpacked at
        a time: a search may look at hundreds."""
        last, project = self._unpacked.get(candidate.name), self._known_project(candidate)
        if last is not None:
            last.clear_away(self._resources.scratch.discard)
        if project is None:
            project = self._new_project(candidate, tree)
        project.put_back(tree)
        self._unpacked[candidate.name] = project
        return project

    def _new_project(self, candidate: Candidate, tree: SourceTree) -> SourceProject:
        origin = Origin(Source.DISTRIBUTION, str(candidate))
        settings: dict[str, str | list[str]] = {}
        for requirement in self._inputs.statements.requirements:
            if requirement.name == candidate.name and counts(requirement, self._inputs.target.markers):
                origin, settings = requirement.origin, settings or settings_of(requirement.config_settings)
        project = self._projects[candidate] = SourceProject(tree, str(candidate), origin, None, settings)
        self._archives[_archive(candidate)] = project
        return project

    def _metadata(self, project: SourceProject, name: str, version: Version | None = None) -> CoreMetadata:
        if project.metadata is None:
            project.metadata = project.stated()
        if project.metadata is None:
            bench = self._bench(project, name)
            project.wheel = self._known(bench, name, version)
            if project.wheel is not None:
                text = read_wheel_metadata(project.wheel.path, project.wheel.filename)
            else:
                self._resources.tell(Doing("Preparing metadata", project.shown))
                self._resources.console.say(f"Preparing metadata of {project.shown} (fence: {bench.kind})")
                text = bench.backend.metadata()
            project.metadata = parse_metadata(text, verified=False)
        return project.metadata

    def _bench(self, project: SourceProject, name: str) -> Bench:
        """Where its backend runs; `name` is empty where it is not known yet. Raises `Refused` (`unapproved-build`)
        before anything of it runs."""
        if project.bench is None:
            project.bench = self._workshop.bench(project, name or project.shown, self._approved(name, project))
            project.record = project.bench.record
        return project.bench

    def record(self, pin: Pin) -> BuildRecord | None:
        """How the backend of a pin ran in this run; None where it did not."""
        project = self._projects.get(pin.candidate) if pin.candidate is not None else None
        return None if project is None else project.record

    # --- wheels -----------------------------------------------------------------------------------------------------

    def wheel_of(self, pin: Pin, file: VerifiedFile | None) -> VerifiedFile:
        """The wheel of a pin that is not one itself, built now or taken from an earlier run. `file` is its archive,
        None where there is none.

        Raises `Refused` (`unapproved-build`, `wrong-build`, `build-differs`, and `digest-mismatch` where the archive is
        not the one that was read), `Unavailable` (`build-failed`).
        """
        candidate = pin.candidate
        assert candidate is not None
        project = self._projects.get(candidate)
        if project is not None:
            project.check_read_from(file, pin)
        if project is None or (project.wheel is None and not project.is_there):
            assert file is not None, "only an archive of an index was not read before, or is cleared away"
            project = self._listed(candidate, self._trees.of_file(file))
        if project.wheel is None:
            bench = self._bench(project, pin.name)
            project.wheel = self._known(bench, pin.name, pin.version) or self._built(project, pin, bench)
        project.check_built(pin, project.wheel, self._ranks)
        return project.wheel

    def checkout(self, pin: Pin) -> VerifiedFile | None:
        """The checkout of a pin as a ZIP archive, for `download`; None for what is not saved."""
        untouched = self._projects[pin.candidate].untouched if pin.candidate is not None else None
        return None if untouched is None else self._trees.archive(untouched, pin.name, str(pin.version))

    def _built(self, project: SourceProject, pin: Pin, bench: Bench) -> VerifiedFile:
        kind = "editable for" if project.editable else "wheel for"
        self._resources.console.say(f"Building {kind} {pin.name} {pin.version} (fence: {bench.kind})")
        self._resources.tell(Doing("Building", f"{pin.name} {pin.version}"))
        folder, filename = bench.backend.wheel()
        check_built_name(filename, pin.name, pin.version)
        wheel = admit(self._resources.store, folder, filename)
        # Else the next run would go by the metadata of what is refused here.
        project.check_built(pin, wheel, self._ranks)
        return wheel if bench.key is None else self._results.keep(bench.key, wheel)

    def _known(self, bench: Bench, name: str, version: Version | None) -> VerifiedFile | None:
        """The wheel that an earlier run has built. A note on anything else than a readable wheel of the project, whose
        name is empty where it is not known yet, counts for nothing."""
        wheel = None if bench.key is None else self._results.get(bench.key)
        if wheel is None or bench.key is None:
            return None
        try:
            found = parse_metadata(read_wheel_metadata(wheel.path, wheel.filename), verified=False)
            check_built_name(wheel.filename, found.name, found.version)
            if name in ("", found.name) and version in (None, found.version):
                return wheel
        except (ArchiveError, MetadataError, Refused):
            pass
        self._results.forget(bench.key)
        return None
