"""Everything that is decided before the first project is asked for, and how it is read."""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from safepip.commands.target import place_of, tell
from safepip.edges.disk.local_paths import is_file, is_folder
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.target.choosing import choose
from safepip.edges.target.interpreter import start_probe
from safepip.edges.user.arguments import locator, make_plan
from safepip.model.digest import ANY_BYTES, all_of
from safepip.model.errors import ResolutionImpossible, SafepipError, UsageError
from safepip.model.origin import BUILT_IN
from safepip.model.plan import Settings
from safepip.model.requirement import Statements, counts, required_digests
from safepip.options.in_files import apply_file_options
from safepip.routing.table import build, project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.commands.resources import Resources
    from safepip.lock.acceptance import LockEntry
    from safepip.model.digest import RequiredDigests
    from safepip.model.finding import Diagnostic
    from safepip.model.plan import Plan, Target
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.source import HeldCommit, SourceCode
    from safepip.requirements.loaded import Loaded
    from safepip.requirements.lock_requests import LockRequest
    from safepip.routing.table import RoutingTable

    #: What the arguments of a command are: projects to decide on, files as `-r` takes them, or just names, which may
    #: have to be there.
    Arguments = Literal["projects", "files", "names", "any names"]


class Inputs(NamedTuple):
    """What a run decides on. `cwd` is the working directory, `named` the names that `explain` is given, normalised.

    `lock_requests` are the locks that the command names, and `locks` what they select for the target, once they are
    read (`resolving`). For `lock`, `renewed` are the projects of the lock that is made anew, judged when they
    came into it, and `judged` the digests of its files, as text, by project. `held` are the commits that a lock has.
    """

    verb: str
    cwd: str
    plan: Plan
    target: Target
    statements: Statements
    table: RoutingTable
    lock_requests: tuple[LockRequest, ...] = ()
    locks: tuple[LockEntry, ...] = ()
    requires_python: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    renewed: frozenset[str] = frozenset()
    judged: Mapping[str, frozenset[str]] = MappingProxyType({})
    held: Mapping[SourceCode, HeldCommit] = MappingProxyType({})

    @property
    def settings(self) -> Settings:
        """The settings in force, the options of requirements files included."""
        return self.plan.settings

    @property
    def installs(self) -> bool:
        """Whether this run puts what it judges into its target; `download` and `lock` do not."""
        return self.verb == "install"

    def allowed_hashes(self) -> dict[str, RequiredDigests]:
        """The digests that those of the user's statements allow which count for the target, by project."""
        if self.lock_requests:
            # A lock demands all of its own digests, whatever the index says.
            return {entry.name: all_of((*entry.proofs, *entry.checksums)) for entry in self.locks}
        allowed: dict[str, RequiredDigests] = {}
        everything: tuple[Requirement | Constraint, ...] = (*self.statements.requirements, *self.statements.constraints)
        for statement in everything:
            given = required_digests(statement)
            if given and counts(statement, self.target.markers):
                allowed[statement.name] = allowed.get(statement.name, ANY_BYTES).and_(given)
        return allowed


def read_inputs(
    verb: str, argv: Sequence[str], resources: Resources, *, arguments_are: Arguments = "projects"
) -> Inputs:
    """Read the command line, the configuration and the requirements, and decide the target and the routes.

    `argv` is without the verb. Where nothing is asked for, `sync` and names mean the lock of the working
    directory, and `lock` its pyproject.toml or requirements.in.
    Raises `UsageError`, `Refused`, `Unavailable`, `HelpRequested`.
    """
    plan = _plan(verb, argv, resources, arguments_are)
    words = plan.settings.requirements
    settings, default = _with_default(plan.settings, resources.world.cwd, arguments_are)
    if default is None and not settings.asks and _takes_a_default(verb, arguments_are):
        # Without such a file it is an error that nothing is asked for, and that is told in one place.
        _plan(verb, argv, resources, arguments_are, may_be_empty=False)
    plan = plan._replace(settings=settings)
    resources.use(plan)
    if default is not None:
        resources.console.aside(f"Taking {default} of this folder")
    if settings.asks_nothing:
        resources.console.notice("an argument is empty, and asks for nothing")
    names = [word for word in words if word not in settings.requirements] if "names" in arguments_are else ()
    named = tuple(map(project_name, names))
    return read_plan(verb, plan, resources)._replace(named=named)


def read_plan(verb: str, plan: Plan, resources: Resources, known: Target | None = None) -> Inputs:
    """Read what a plan names, and decide the routes, and the target unless it is `known`. Raises as `read_inputs`."""
    if known is not None:
        return _read(verb, plan, resources, lambda: known)
    environ = resources.world.environ
    chosen = choose(plan.settings, environ, resources.world.cwd)
    # What only `install` looks at may be remembered: it asks again before anything is changed (`confirm`).
    remembering = plan.settings.cache_dir if verb == "install" else None
    target_of = start_probe(chosen.python, plan.settings, environ, remembering, lambda: _prepare_for_indexes(resources))
    try:
        inputs = _read(verb, plan, resources, target_of)
    except SafepipError:
        # The other interpreter is not left behind; whether it has an answer does not matter any more.
        with contextlib.suppress(SafepipError, OSError, ValueError):
            target_of()
        raise
    tell(chosen, place_of(inputs.target), resources.console)
    return inputs


def _prepare_for_indexes(resources: Resources) -> None:
    """Where nothing is cached there will be requests, and most of what the first one costs can be done before."""
    cache, indexes = resources.plan.settings.cache_dir, resources.plan.indexes
    is_cold = cache is None or not is_folder(cache)
    if is_cold and any(index.url.scheme != "file" for index in indexes):
        resources.network.prepare()


def _takes_a_default(verb: str, arguments_are: Arguments) -> bool:
    """Whether a file of the working folder is meant where nothing is named."""
    return verb == "lock" or arguments_are in ("files", "any names")


def _with_default(settings: Settings, cwd: str, arguments_are: Arguments) -> tuple[Settings, str | None]:
    """What is asked for, each thing in its place, and the name of the file that is meant because nothing is."""
    if "names" in arguments_are:
        from safepip.requirements.direct import names_source

        # What is named by URL or path is asked for itself: no lock and no file can have it under that word.
        sources = tuple(filter(names_source, settings.requirements)) if arguments_are == "names" else ()
        return _with_lock(settings._replace(requirements=sources, asks_nothing=False), cwd), None
    if arguments_are == "files":
        files = (*settings.requirement_files, *settings.requirements)
        settings = settings._replace(requirements=(), requirement_files=files, asks_nothing=False)
    elif settings.lock is None:
        return settings, None
    from safepip.commands.default_files import default_file

    name = default_file(settings, cwd)
    return (settings if name is None else settings._replace(requirement_files=(name,))), name


def _plan(
    verb: str,
    argv: Sequence[str],
    resources: Resources,
    arguments_are: Arguments,
    *,
    may_be_empty: bool | None = None,
) -> Plan:
    """The plan. The help that an error points to is that of the command whose arguments the options of `verb` read.

    `may_be_empty` None means that it may where a file of the working folder is taken then.
    """
    world = resources.world
    if may_be_empty is None:
        may_be_empty = _takes_a_default(verb, arguments_are)
    try:
        return make_plan(verb, argv, world, resources.credentials, default_index_url, may_be_empty=may_be_empty)
    except UsageError as error:
        own = {"files": "sync", "names": "explain", "any names": "explain"}.get(arguments_are, verb)
        error.diagnostics = tuple(
            _more_on(d, own, verb, world.cwd) if d.reference == "nothing-asked" else d for d in error.diagnostics
        )
        raise error from None


def _more_on(nothing: Diagnostic, own: str, verb: str, cwd: str) -> Diagnostic:
    """That nothing is asked for, with what the command `own` would have taken then, and its own help."""
    if own in ("sync", "lock"):
        from safepip.commands.default_files import not_found

        looked_for, way = not_found(cwd, lock=own == "sync")
        return nothing._replace(context=(looked_for,), hint=way or nothing.hint)
    return nothing if own == verb else nothing._replace(hint=f"`safepip {own} --help` says what it takes")


def _with_lock(settings: Settings, cwd: str) -> Settings:
    """Where nothing is asked for, the lock of the working directory is."""
    if settings.asks or not is_file("pylock.toml", cwd):
        return settings
    return settings._replace(requirement_files=("pylock.toml",))


def _read(verb: str, plan: Plan, resources: Resources, target_of: Callable[[], Target]) -> Inputs:
    """The requirements and what follows from the options in them. `target_of` waits for the target."""
    asking, requests = _locks(verb, plan.settings)
    loaded = _load(asking, plan, resources, locks=bool(requests))
    plan = apply_file_options(plan, loaded.options, locate=locator(resources.world))
    resources.use(plan)
    for notice in (*plan.notices, *loaded.notices):
        resources.console.notice(notice)
    target = target_of()
    _check_script(loaded.script_requires_python, target, plan.settings)
    statements = Statements(loaded.requirements, loaded.constraints, loaded.require_hashes, loaded.scopes)
    if any(each.source for each in statements.requirements) or any(each.source for each in statements.constraints):
        from safepip.requirements.unhashable import check_hashable

        check_hashable(statements, target.markers)
    return Inputs(
        verb,
        resources.world.cwd,
        plan,
        target,
        statements,
        build(plan.indexes),
        requests,
        requires_python=loaded.requires_python,
    )


def _locks(verb: str, settings: Settings) -> tuple[Settings, tuple[LockRequest, ...]]:
    """The settings without the locks that they name, and these."""
    # A lock is not made from a lock: there reading the requirements says so.
    if verb == "lock" or not (settings.requirement_files or settings.groups):
        return settings, ()
    from safepip.requirements.lock_requests import split_locks

    return split_locks(settings)


def _load(settings: Settings, plan: Plan, resources: Resources, *, locks: bool) -> Loaded:
    """The requirements and constraints that the settings name; `locks` says that locks are named beside them."""
    from safepip.edges.disk.requirements_files import load

    return load(
        settings,
        resources.world.environ,
        resources.world.cwd,
        resources.credentials,
        resources.network.fetch_text,
        # Nothing names pip's own default index, so no value of a variable is meant for it.
        known=tuple(index.url for index in plan.indexes if index.origin != BUILT_IN),
        may_be_empty=locks,
    )


def read_constraints(files: tuple[str, ...], plan: Plan, resources: Resources) -> tuple[Constraint, ...]:
    """The constraints in these files, which hold for builds alone. Options in them have no effect, and that is told."""
    if not files:
        return ()
    settings = Settings(constraint_files=files, origins=plan.settings.origins)
    loaded = _load(settings, plan, resources, locks=True)
    for option in loaded.options:
        resources.console.notice(f"--{option.name} has no effect here, where constraints alone count: {option.origin}")
    return loaded.constraints


def _check_script(requires_python: str | None, target: Target, settings: Settings) -> None:
    """`--requirements-from-script`: the script's own Python, as pip checks it. Raises `ResolutionImpossible`."""
    if not requires_python or settings.selection.ignore_requires_python:
        return
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(requires_python).contains(target.version, prereleases=True):
        raise ResolutionImpossible.because(
            "requires-python",
            f"Script {settings.script!r} requires a different Python: {target.version} not in {requires_python!r}",
            hint="name another interpreter with --python",
        )
