"""What install and download share: from the command line to a resolution, and from there to cleared wheels.

A `Session` opens the edges that a run needs, each when it is first needed: a run that finds everything installed
starts no loop and opens no connection.
"""

from __future__ import annotations

import contextlib
import os
import threading
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from safepip.commands.installed_environment import Demanded, InstalledEnvironment
from safepip.edges.console.writing import Console
from safepip.edges.disk.saving import working_folder
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.loop import Loop
from safepip.edges.programs.installed_pip import default_index_url
from safepip.edges.target.interpreter import choose_python, start_probe
from safepip.edges.user.arguments import locator, make_plan
from safepip.edges.user.terminal import ask_credentials
from safepip.edges.user.world import World
from safepip.environment.satisfied import nothing_to_do
from safepip.model.digest import ANY_BYTES, all_of
from safepip.model.errors import ResolutionImpossible, SafepipError, UsageError
from safepip.model.origin import BUILT_IN
from safepip.model.requirement import Statements, counts, demand_of
from safepip.options.in_files import apply_file_options
from safepip.requirements.lock_requests import split_locks
from safepip.routing.table import build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.version import Version

    from safepip.commands.catalogue import Names
    from safepip.edges.disk.store import Store
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.edges.indexes.index_reader import Pages
    from safepip.edges.network.http import Transport
    from safepip.edges.target.installed_memory import InstalledMemory
    from safepip.lock.acceptance import LockEntry
    from safepip.model.candidate import InstalledDistribution, Pin, Resolution
    from safepip.model.digest import Demand
    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Plan, Settings, Target
    from safepip.model.requirement import Constraint, Requirement
    from safepip.requirements.lock_requests import LockRequest
    from safepip.resolution.dependencies import Markers
    from safepip.routing.table import RoutingTable


class Asked(NamedTuple):
    """Everything decided before the first project is asked for."""

    plan: Plan
    target: Target
    statements: Statements
    table: RoutingTable
    locks: tuple[LockRequest, ...] = ()
    requires_python: tuple[str, ...] = ()


class Session:
    """One run's edges. Use as a context manager: leaving it closes connections and the loop."""

    def __init__(
        self,
        verb: str,
        argv: Sequence[str],
        environ: Mapping[str, str] | None = None,
        *,
        arguments_are: Literal["projects", "files", "names"] = "projects",
    ) -> None:
        """`argv` is without the verb. Its arguments are projects to decide on, files as `-r` takes them, or just names,
        which are then `named`; beside names, the lock of the working directory is meant where nothing is asked for."""
        self.environ = os.environ if environ is None else environ
        self.verb = verb
        self.cwd = working_folder()
        self.credentials = Credentials(self.environ, ask_credentials)
        self.loop = Loop()
        try:
            plan = make_plan(verb, argv, World(self.environ, self.cwd), self.credentials, default_index_url)
        except UsageError as error:
            raise _in_words_of(error, verb, arguments_are) from None
        settings = plan.settings
        self.named: tuple[str, ...] = ()
        self.hashed: Resolution | None = None
        """What was decided without a search, where everything is pinned by hash."""
        self.renewed: frozenset[str] = frozenset()
        """The names in the lock that this run makes anew. They were judged when they came into it."""
        self.judged: Mapping[str, frozenset[str]] = {}
        """The digests of its files, as text, by project."""
        if arguments_are == "files":
            files = (*settings.requirement_files, *settings.requirements)
            settings = settings._replace(requirements=(), requirement_files=files)
        elif arguments_are == "names":
            self.named = settings.requirements
            settings = _with_lock(settings._replace(requirements=()), self.cwd)
        plan = plan._replace(settings=settings)
        self._plan = plan
        self.console = Console(self._plan.settings.display, self.credentials.redact, self.environ)
        if settings.report == "-":
            self.console.reserve_output()
        self._transport: Transport | None = None
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        for notice in self.credentials.notices:
            self.console.notice(notice)
        if isinstance(error, SafepipError):
            self._tell_expired([d.subject for d in error.diagnostics])
            self.console.ended_by(error)
        # A second Ctrl-C may come at any of these: the next one is done all the same.
        try:
            if self._transport is not None:
                # A guess that is still under way would open a connection behind the closed ones.
                self.loop.quiet()
                self.loop.run(self._transport.close())
        finally:
            try:
                self.loop.close()
            finally:
                if "store" in self.__dict__:
                    self.store.close()

    # --- before the first project is asked for ---------------------------------------------------------------

    @cached_property
    def asked(self) -> Asked:
        """Read the requirements, decide the target and the routes. Raises `UsageError`, `Refused`, `Unavailable`."""
        settings = self._plan.settings
        target_of = start_probe(choose_python(settings, self.environ), settings, self.environ)
        try:
            return self._read(target_of)
        except SafepipError:
            # The other interpreter is not left behind; whether it has an answer does not matter any more.
            with contextlib.suppress(SafepipError, OSError, ValueError):
                target_of()
            raise

    def _read(self, target_of: Callable[[], Target]) -> Asked:
        from safepip.edges.disk.requirements_files import load

        plan = self._plan
        # pip's own default index is named by nobody, so no value of a variable is meant for it.
        known = tuple(index.url for index in plan.indexes if index.origin != BUILT_IN)
        # A lock is not made from a lock: there `load` says so.
        asking, locks = (plan.settings, ()) if self.verb == "lock" else split_locks(plan.settings)
        loaded = load(
            asking,
            self.environ,
            self.cwd,
            self.credentials,
            self.fetch_text,
            known=known,
            may_ask_nothing=bool(locks),
        )
        world = World(self.environ, self.cwd)
        plan = apply_file_options(plan, loaded.options, locate=locator(world))
        self._adopt(plan)
        for notice in (*plan.notices, *loaded.notices):
            self.console.notice(notice)
        statements = Statements(loaded.requirements, loaded.constraints, loaded.require_hashes)
        target = target_of()
        check_script(loaded.script_requires_python, target, plan.settings)
        return Asked(plan, target, statements, build(plan.indexes), locks, loaded.requires_python)

    @property
    def settings(self) -> Settings:
        """The settings in force, the options of requirements files included."""
        return self.asked.plan.settings

    def _adopt(self, plan: Plan) -> None:
        """From here on the network is that of the files' options too: `--trusted-host` may stand in one."""
        if plan.settings.network != self._plan.settings.network and self._transport is not None:
            self.loop.run(self._transport.close())
            self._transport = None
        self._plan = plan
        self.credentials.know(plan.indexes)

    def fetch_text(self, url: str) -> tuple[str, bytes]:
        """A file of requirements, or a lock, by its URL: the final URL and the body."""
        from safepip.edges.network.remote_text import fetch_text

        return fetch_text(self.loop, lambda: self.transport, url)

    @property
    def transport(self) -> Transport:
        """The network, opened when first needed. A guess may need it at the same moment, in a thread of its own."""
        with self._opening:
            if self._transport is None:
                from safepip.edges.network.http import Transport

                self._transport = Transport(self._plan.settings.network, self.credentials, self.environ)
            return self._transport

    # --- deciding ----------------------------------------------------------------------------------------------

    @property
    def installs(self) -> bool:
        """Whether this run puts what it judges into its target; `download` and `lock` do not."""
        return self.verb == "install"

    @cached_property
    def installed(self) -> InstalledEnvironment:
        """The target's distributions; none where pip ignores them (`-I`, `--target`, download)."""
        ignore = self.settings.ignore_installed or self.settings.target_dir is not None or not self.installs
        return InstalledEnvironment(None if ignore else self.asked.target, self.demanded)

    @cached_property
    def demanded(self) -> Demanded:
        """What the run asks for by digest, and whether what is installed is that."""
        strict = self.settings.verify_installed or self.asked.plan.policy.verify_installed is not None
        return Demanded(lambda: self.allowed_hashes, lambda: self.installed_memory, strict=strict)

    @cached_property
    def installed_memory(self) -> InstalledMemory:
        """Of which wheels the installed distributions are, as far as that is known."""
        from safepip.edges.target.installed_memory import InstalledMemory

        return InstalledMemory(None if self.store.private else self.store.root)

    @cached_property
    def store(self) -> Store:
        """The store of verified files."""
        from safepip.edges.disk.store import Store

        store = Store(self.settings.cache_dir)
        for notice in store.notices:
            self.console.notice(notice)
        return store

    @cached_property
    def catalog(self) -> IndexCatalog:
        """The catalogue of this run."""
        return self.catalog_for(self.asked.target)

    @cached_property
    def markers(self) -> Markers:
        """What evaluates markers in the target's environment."""
        from safepip.resolution.dependencies import Markers

        return Markers(self.asked.target.markers)

    def catalog_for(self, target: Target, pages: Pages | None = None) -> IndexCatalog:
        """A catalogue for one target. Catalogues that are given the same `pages` ask for each page once."""
        from safepip.commands.catalogue import open_catalog

        return open_catalog(self, target, pages)

    @cached_property
    def names(self) -> Names:
        """Well-known names and those that indexes claim, for the search and for its guesses."""
        from safepip.commands.catalogue import Names

        return Names(self)

    @cached_property
    def locked(self) -> tuple[LockEntry, ...]:
        """What the run's locks select for the target. Raises `UnusableInput` and `Refused`."""
        from safepip.commands.locked import read_entries

        return read_entries(self)

    @cached_property
    def allowed_hashes(self) -> dict[str, Demand]:
        """The digests that the user's statements allow, by project."""
        return self.hashes_allowed_for(self.asked.target)

    def hashes_allowed_for(self, target: Target) -> dict[str, Demand]:
        """The digests that those of the user's statements allow which count for this target."""
        allowed: dict[str, Demand] = {}
        if self.asked.locks:
            # A lock demands all of its own digests, whatever the index says.
            return {entry.name: all_of((*entry.digests, *entry.checksums)) for entry in self.locked}
        statements = self.asked.statements
        everything: tuple[Requirement | Constraint, ...] = (*statements.requirements, *statements.constraints)
        for statement in everything:
            given = demand_of(statement)
            if given and counts(statement, target.markers):
                allowed[statement.name] = allowed.get(statement.name, ANY_BYTES).and_(given)
        return allowed

    def decide(self) -> Resolution:
        """Decide what to install: without a search where everything is pinned by hash, else as `resolve`."""
        from safepip.commands.hashed import resolve_hashed

        statements = self.asked.statements
        if statements.require_hashes and not self.asked.locks:
            kept = nothing_to_do(statements, self.installed, self.settings, self.asked.target.markers)
            if kept is not None:
                return kept
            self.hashed = resolve_hashed(self)
        return self.hashed or self.resolve()

    def resolve(self, preferences: Mapping[str, Version] = MappingProxyType({})) -> Resolution:
        """Decide which distributions to install. `preferences` are the versions, by project, to try first."""
        asked = self.asked
        if asked.locks:
            from safepip.commands.locked import resolve_locks

            return resolve_locks(self)
        kept = nothing_to_do(asked.statements, self.installed, self.settings, asked.target.markers)
        if kept is not None:
            return kept
        from safepip.resolution.inputs import ResolverInputs
        from safepip.resolution.resolver import resolve

        inputs = ResolverInputs(
            asked.statements, self.settings, asked.plan.policy, asked.target, asked.table, preferences
        )
        return resolve(
            inputs, catalog=self.catalog, installed=self.installed, rules=self.catalog.rules, markers=self.markers
        )

    def clear(self, pins: Sequence[Pin], gone: Sequence[InstalledDistribution] = ()) -> list[ClearedWheel]:
        """Fetch, verify and judge the wheels of these pins, and tell what policy has allowed in them.

        `gone` are the installed distributions that are taken away before these are installed. Raises `Refused` with
        everything found.
        """
        from safepip.commands.wheels import cleared_wheels
        from safepip.config import spent_exemptions as spent_exemptions
        from safepip.reporting.messages import overruled

        wheels = cleared_wheels(self, pins, gone)
        for wheel in wheels:
            for line in overruled(wheel):
                self.console.notice(line)
        by_names = not self.asked.locks and not self.asked.statements.require_hashes
        for line in spent_exemptions.unneeded(self.asked.plan.policy.exemptions, pins, wheels, names_judged=by_names):
            self.console.notice(line)
        self._tell_expired([pin.name for pin in pins])
        return wheels

    def _tell_expired(self, projects: Sequence[str]) -> None:
        """Exceptions that have ended, for projects that this run is about."""
        from safepip.config import spent_exemptions as spent_exemptions

        for line in spent_exemptions.expired(self._plan.policy.expired, projects):
            self.console.notice(line)


def _in_words_of(error: UsageError, verb: str, arguments_are: str) -> UsageError:
    """The same error, a command that takes the options of another one named by its own name."""
    own = {"files": "sync", "names": "explain"}.get(arguments_are, verb)
    error.diagnostics = tuple(
        d._replace(hint=f"`safepip {own} --help` says what it takes")
        if d.reference == "nothing-asked" and own != verb
        else d
        for d in error.diagnostics
    )
    return error


def _with_lock(settings: Settings, cwd: str) -> Settings:
    """Where nothing is asked for, the lock of the working directory is."""
    asks = (settings.requirement_files, settings.groups, settings.editables, settings.script)
    if any(asks) or not os.path.isfile(os.path.join(cwd, "pylock.toml")):
        return settings
    return settings._replace(requirement_files=("pylock.toml",))


def check_script(requires_python: str | None, target: Target, settings: Settings) -> None:
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
