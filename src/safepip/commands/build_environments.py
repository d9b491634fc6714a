"""The environments in which builds run: what a build requires is resolved, cleared and handed over as anything else.

Each is a virtual environment of the target's Python with nothing in it but what was asked for. Builds of one run that
ask for the same share one: builds do not write into it.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508

from safepip.commands.clearing import clear
from safepip.commands.inputs import read_constraints
from safepip.commands.telling import tell_decisions, tell_notices
from safepip.edges.builder.environments import make_environment
from safepip.edges.pip.running import Circumstances, hand_over, private_folder
from safepip.edges.target.installed import installed
from safepip.edges.target.interpreter import probe
from safepip.handover.instructions import make_handover
from safepip.model.digest import strongest
from safepip.model.errors import Refused, Unavailable, UnusableInput
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.plan import Settings
from safepip.model.requirement import Requirement, Statements, counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.model.origin import Origin
    from safepip.model.plan import Target
    from safepip.model.requirement import Constraint

    class Decide(Protocol):
        """Decides which distributions to install; `above` are the projects whose builds wait for it."""

        def __call__(self, inputs: Inputs, resources: Resources, above: tuple[str, ...]) -> Decision: ...


#: Backends may be built by backends, but not so deep.
_DEEPEST = 10

#: The variables by which a Python finds the temporary folder (`tempfile`).
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


class BuildWheel(NamedTuple):
    """One wheel of a build environment. `digest` is that of its bytes, or of the archive that it is built of."""

    name: str
    version: str
    digest: str


class BuildEnvironment:
    """An environment with what a build requires, made when its interpreter is first asked for.

    What is in it is decided at once: often that is enough to find the wheel that an earlier run has built.
    """

    def __init__(self, wheels: tuple[BuildWheel, ...] | None, make: Callable[[], tuple[str, str | None]]) -> None:
        self.wheels = wheels
        self._make = make

    @cached_property
    def _made(self) -> tuple[str, str | None]:
        return self._make()

    @property
    def python(self) -> str:
        """The path of its interpreter."""
        return self._made[0]

    @property
    def folders(self) -> tuple[str, ...]:
        """Its folder, absolute, where it is the builds' own."""
        folder = self._made[1]
        return () if folder is None else (folder,)


class BuildEnvironments:
    """All of one run."""

    def __init__(self, inputs: Inputs, resources: Resources, decide: Decide) -> None:
        self._inputs = inputs
        self._resources = resources
        self._decide = decide
        self._known: dict[frozenset[str], BuildEnvironment] = {}

    @cached_property
    def _constraints(self) -> tuple[Constraint, ...]:
        """Those of `--build-constraint`, read when the first environment is decided."""
        return read_constraints(self._inputs.settings.building.constraint_files, self._inputs.plan, self._resources)

    def of(self, requires: Sequence[str], origin: Origin, above: tuple[str, ...]) -> BuildEnvironment:
        """The environment with these requirements (PEP 508). `origin` is the build that asks for them.

        Raises what deciding raises, and `Refused` (`build-cycle`) where a build would wait for itself. To make it
        raises what clearing and pip raise.
        """
        key = frozenset(requires)
        known = self._known.get(key)
        if known is None:
            _check_depth(above, origin)
            known = self._known[key] = self._decided([_read(text, origin) for text in dict.fromkeys(requires)], above)
        return known

    def of_target(self) -> BuildEnvironment:
        """The target itself, for builds without isolation; what is in it is not known, and its prefix may hold
        more than Python, as a home folder does."""
        return BuildEnvironment(None, lambda: (self._inputs.target.python, None))

    def _decided(self, requirements: list[Requirement], above: tuple[str, ...]) -> BuildEnvironment:
        if not requirements:
            return BuildEnvironment((), partial(self._make, None))
        # Nothing is in it yet; its interpreter is the target's, so markers and tags are the same.
        empty = self._inputs.target._replace(site_paths=(), user_site=None, own=False, externally_managed=None)
        decision = self._decide(self._for(empty, requirements), self._resources, above)
        tell_notices(decision.resolution.notices, self._resources.console)
        tell_decisions(decision, self._resources)
        wheels = tuple(
            BuildWheel(pin.name, str(pin.version), str(strongest(pin.candidate.file.digests) or ""))
            for pin in decision.to_install
            if pin.candidate is not None
        )
        exact = all(wheel.digest for wheel in wheels)
        return BuildEnvironment(wheels if exact else None, partial(self._make, decision))

    def _make(self, decision: Decision | None) -> tuple[str, str]:
        """Make the environment: its interpreter and its folder."""
        resources, environ = self._resources, self._resources.world.environ
        folder = resources.scratch.folder("environment")
        python = make_environment(self._inputs.target.python, folder, environ)
        if decision is None:
            return python, folder
        inputs = decision.inputs._replace(target=probe(python, None, environ))
        decision = decision._replace(inputs=inputs)
        wheels = clear(decision, resources, decision.to_install)
        # This pip is killed with safepip, and then removes nothing: what it works in goes with what the run works in.
        environ = {**environ, **dict.fromkeys(_TEMPORARY, resources.scratch.folder("pip"))}
        with private_folder(resources.store.root) as private:
            handover = make_handover(decision.resolution, wheels, inputs.settings, private)
            settings, code = inputs.settings, 0
            if handover is not None:
                around = Circumstances(resources.console.progress, ends_with_us=True)
                code = hand_over(handover, inputs.target, settings, environ, around=around)
        if code:
            raise Unavailable.because(
                "build-environment", f"pip could not install what the build requires, and ended with exit code {code}"
            )
        return python, folder

    def _for(self, target: Target, requirements: list[Requirement]) -> Inputs:
        """The inputs of the run as they are for a build environment.

        pip hands on what says where files come from and which of them may be taken; what is about the user's own
        requirements and the place that they go to does not reach builds.
        """
        plan, outer = self._inputs.plan, self._inputs.settings
        settings = Settings(
            isolated=outer.isolated,
            no_index=outer.no_index,
            cache_dir=outer.cache_dir,
            refresh=outer.refresh,
            selection=outer.selection._replace(ignore_requires_python=False),
            network=outer.network,
            display=outer.display._replace(verbosity=min(outer.display.verbosity, -1)),
            forwarded=("--no-compile", "--no-warn-script-location", "--quiet"),
            cooldown=outer.cooldown,
            allow_names=outer.allow_names,
            well_known_names=outer.well_known_names,
            building=outer.building._replace(config_settings=(), isolation=True),
            origins=outer.origins,
        )
        return self._inputs._replace(
            verb="install",
            plan=plan._replace(settings=settings),
            target=target,
            statements=Statements(tuple(requirements), self._constraints),
            lock_requests=(),
            locks=(),
            requires_python=(),
            named=(),
        )


def _check_depth(above: tuple[str, ...], origin: Origin) -> None:
    """Raise `Refused` for a build that waits for itself, or for too many others."""
    again = above and above[-1] in above[:-1]
    if again or len(above) > _DEEPEST:
        why = "needs itself to be built first" if again else "needs too many other builds first"
        raise Refused.because(
            "build-cycle",
            f"{above[-1]} {why}",
            context=("  ->  ".join(above),),
            hint=f"take a wheel of one of them: --only-binary {above[-1]}",
            origins=(origin,),
            subject=above[-1],
        )


def _read(text: str, origin: Origin) -> Requirement:
    """One build requirement. Raises `UnusableInput` (`invalid-requirement`), and `Refused` for one by URL, which would
    not be the index's that owns the name."""
    try:
        found = Pep508(text)
    except (InvalidRequirement, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise UnusableInput.because(
            "invalid-requirement",
            f"{printable(text, 120)} is not a valid requirement: {printable(reason, 200)}",
            origins=(origin,),
        ) from None
    name = normalise(found.name)
    if found.url is not None:
        raise Refused.because(
            "direct-reference",
            f"{origin.where} requires {name} from a URL of its own choosing",
            context=(printable(found.url), f"required by {origin.chain()}"),
            hint="build it without isolation, in an environment that has what it requires: --no-build-isolation",
            origins=(origin,),
            subject=name,
        )
    extras = frozenset(map(normalise, found.extras))
    return Requirement(name, found.specifier, origin, extras, found.marker, text=printable(text))


def check_installed(requires: Sequence[str], target: Target, origin: Origin) -> None:
    """`--check-build-dependencies`: what a build without isolation requires is there, in a version that does.

    Raises `Unavailable` (`build-environment`) with everything that is not.
    """
    there = installed(target)
    problems = []
    for requirement in (_read(text, origin) for text in requires):
        found = there.get(requirement.name)
        if not counts(requirement, target.markers):
            continue
        if found is None:
            problems.append(f"{requirement.text} is not installed")
        elif not requirement.specifier.contains(found.version, prereleases=True):
            problems.append(f"{requirement.text} is required, and {found.version} is installed")
    if problems:
        raise Unavailable.because(
            "build-environment",
            f"{origin.where} does not find what it requires",
            context=tuple(problems),
            hint="install it, or leave --no-build-isolation out",
            origins=(origin,),
        )


def check_present(requires: Sequence[str], environment: BuildEnvironment, origin: Origin) -> None:
    """What a project without a `build-backend` has to have among its requirements (pip: setuptools, in a version with
    the backend that stands in). Where it is not known what is there, the backend shows it.

    Raises `Unavailable` (`build-environment`).
    """
    if environment.wheels is None:
        return
    there = {wheel.name: wheel.version for wheel in environment.wheels}
    for requirement in (_read(text, origin) for text in requires):
        version = there.get(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            raise Unavailable.because(
                "build-environment",
                f"{requirement.text} is needed to build it, and its [build-system] does not require that",
                hint="tell the owner of the project: its pyproject.toml names no build-backend",
                origins=(origin,),
            )
