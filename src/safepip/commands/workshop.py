"""Opens the backend of a project: its build environment in two rounds (PEP 517), and the fence around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.build.result_key import BuildInputs, key_of
from safepip.build.variables import build_variables
from safepip.commands.bench import Bench
from safepip.commands.build_environments import check_installed, check_present
from safepip.edges.builder.backend import Backend, Workplace
from safepip.edges.builder.fence import UNFENCED, find_fence
from safepip.edges.builder.kept_places import ENVIRONMENT, kept_places, mounts_of
from safepip.edges.builder.own_folder import check_own_folder
from safepip.edges.builder.protected import own_places
from safepip.edges.builder.toolchains import interpreter_folders, toolchain_folders, toolchain_variables
from safepip.edges.builder.tree_copy import copy_of
from safepip.model.build import BuildRecord
from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.build.approval import Approved
    from safepip.commands.build_environments import BuildEnvironment, BuildEnvironments
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.commands.source_project import SourceProject
    from safepip.edges.builder.built_wheels import BuiltWheels
    from safepip.edges.builder.fenced_command import Fence
    from safepip.model.digest import Digest


class Workshop:
    """Backends of one run. `above` are the projects whose builds wait for those of this one."""

    def __init__(
        self,
        inputs: Inputs,
        resources: Resources,
        environments: BuildEnvironments,
        results: BuiltWheels,
        above: tuple[str, ...],
    ) -> None:
        self._inputs = inputs
        self._resources = resources
        self._environments = environments
        self._results = results
        self._above = above

    def bench(self, project: SourceProject, name: str, approved: Approved) -> Bench:
        """The project's place. `name` is the project's normalised name, or how messages show it.

        PEP 517: what the backend asks for beside the static requirements is known only once it runs with those; unless
        an earlier run has asked it.
        """
        self._resources.sure()
        fence = self._fence(project, approved)
        if project.tree.own and fence.kind != "none":
            self._keep_apart(project, fence.kind)
        static = project.system.requires
        environment = self._environment(project, name, static)
        check_present(project.system.check, environment, project.origin)
        first = self._bench(project, environment, fence, approved)
        more = self._results.requirements(first.key) if first.key is not None else None
        if more is None:
            more = first.backend.requirements()
            if first.key is not None:
                self._results.keep_requirements(first.key, more)
        if set(more) <= set(static):
            return first
        first.clear_away(self._resources.scratch.discard)
        return self._bench(project, self._environment(project, name, (*static, *more)), fence, approved)

    def _fence(self, project: SourceProject, approved: Approved) -> Fence:
        """What to build in.

        What may run only in a fence is not approved where there is none (`build.approval`). Should the two ever differ,
        it is refused here (`unapproved-build`).
        """
        fence = find_fence()
        if fence is not None:
            return fence
        if approved.needs_fence:
            raise Refused.because(
                "unapproved-build",
                f"{project.shown} may be built in a fence only, and there is none on this system",
                origins=(project.origin,),
                subject=project.shown,
            )
        self._resources.console.notice(
            f"{project.shown} is built without a fence: its code can do here what you can do"
        )
        return UNFENCED

    def _environment(self, project: SourceProject, name: str, requires: Sequence[str]) -> BuildEnvironment:
        origin = Origin(Source.DISTRIBUTION, f"{project.shown} [build-system]", parent=project.origin)
        building = self._inputs.settings.building
        if building.isolation:
            return self._environments.of(requires, origin, (*self._above, name))
        # pip: what is missing shows when the backend runs, unless it is to be checked before.
        if building.check_requirements:
            check_installed(requires, self._inputs.target, origin)
        return self._environments.of_target()

    def _bench(self, project: SourceProject, environment: BuildEnvironment, fence: Fence, approved: Approved) -> Bench:
        variables = self._variables(approved)

        def open_backend() -> Backend:
            place = Workplace(
                system=project.system,
                tree=project.tree,
                python=environment.python,
                environ=variables,
                readable=(
                    *environment.folders,
                    *interpreter_folders(environment.python),
                    *toolchain_folders(variables.get("PATH", ""), self._resources.world.home),
                ),
                scratch=self._resources.scratch.folder("build"),
                fence=fence,
                network=approved.network,
                settings=project.settings or None,
                editable=project.editable,
                kept=self._kept(),
                told=self._reporter(),
            )
            return Backend(place, project.shown)

        record = BuildRecord(fence.kind, approved.network, approved.reason)
        return Bench(self._key(project, environment, variables, fence, approved), record, open_backend)

    def _keep_apart(self, project: SourceProject, kind: str) -> None:
        """See that a build of a folder of the user's own cannot spoil what lies in it, in a fence of this kind.

        Landlock has no exceptions within a folder. There a copy is built, where there is something to keep; an editable
        project can only be built where it is. Raises `Refused` (`own-folder-too-wide`, `environment-in-reach`).
        """
        tree, resources = project.tree, self._resources
        check_own_folder(tree.root, resources.world.home, resources.scratch.root, project.shown)
        if kind != "landlock":
            return
        places = kept_places(tree.root, self._kept())
        there = mounts_of(places)
        environments = [path for path, kind in places.items() if kind == ENVIRONMENT]
        if not project.editable and there:
            project.tree = copy_of(tree, resources.scratch.folder("copy"), environments)
        elif environments and not set(environments).isdisjoint(there):
            raise Refused.because(
                "environment-in-reach",
                f"the build of {project.shown} could change an environment that lies in its folder",
                context=tuple(printable(path) for path in environments if path in there),
                hint="move the environment out of the project's folder, or install bubblewrap",
                origins=(project.origin,),
                subject=project.shown,
            )

    def _kept(self) -> tuple[str, ...]:
        """The folders that no build may change, wherever they are."""
        settings, target = self._inputs.settings, self._inputs.target
        named = (settings.target_dir, settings.prefix_dir, settings.root_dir)
        return (target.prefix, *own_places(), self._resources.store.root, *(folder for folder in named if folder))

    def _variables(self, approved: Approved) -> dict[str, str]:
        """The environment variables that a build gets, but for those of its own folders."""
        extra = self._inputs.plan.policy.builds.variables
        passed = build_variables(self._resources.world.environ, extra, network=approved.network)
        return {**toolchain_variables(passed.get("PATH", "")), **passed}

    def _reporter(self) -> Callable[[bytes], None] | None:
        """With -v what a build prints is shown, line by line."""
        console = self._resources.console
        if self._inputs.settings.display.verbosity < 1:
            return None

        def tell(output: bytes) -> None:
            for line in output.decode("utf-8", "replace").splitlines():
                console.detail(printable(line, 2000))

        return tell

    def _key(
        self,
        project: SourceProject,
        environment: BuildEnvironment,
        variables: Mapping[str, str],
        fence: Fence,
        approved: Approved,
    ) -> Digest | None:
        """All that the wheel depends on; None where that is not known: a folder may change at any time, and so may an
        environment that is not the build's own. The digest of a checkout leaves out its repository, from whose tags a
        backend may make the version."""
        tree, target = project.tree, self._inputs.target
        if tree.digest is None or tree.commit or project.editable or environment.wheels is None:
            return None
        return key_of(
            BuildInputs(
                source=tree.digest,
                subdirectory=project.code.subdirectory if project.code is not None else "",
                system=project.system,
                requirements=environment.wheels,
                settings=project.settings,
                python=(target.version, target.tags[0], target.base_prefix or target.prefix),
                variables=variables,
                fence=fence.kind,
                network=approved.network,
            )
        )
