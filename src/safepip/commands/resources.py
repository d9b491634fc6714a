"""The edges of one run, each opened when it is first used. Nothing is decided here."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from safepip.edges.console.writing import Console
from safepip.edges.network.access import NetworkAccess
from safepip.edges.network.credentials import Credentials
from safepip.edges.user.world import this_world
from safepip.model.errors import SafepipError
from safepip.model.plan import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from safepip.commands.known_advisories import KnownAdvisories
    from safepip.edges.builder.scratch import Scratch
    from safepip.edges.disk.store import Store
    from safepip.edges.disk.well_known import WellKnownNames
    from safepip.edges.target.installed_memory import InstalledMemory
    from safepip.edges.user.world import World
    from safepip.model.events import Event
    from safepip.model.plan import Plan


def _nothing() -> None:
    """Where the interpreter itself has said what it is, there is nothing to ask."""


class Resources:
    """Use as a context manager: leaving it closes the connections, the loop and the store.

    The console is there from the first `use` on.
    """

    console: Console

    def __init__(self, world: World | None = None) -> None:
        self.world = world or this_world()
        self.credentials = Credentials(self.world.environ, self._ask)
        self.network = NetworkAccess(Network(), self.credentials, self.world.environ, self.tell)
        self.sure: Callable[[], None] = _nothing
        """To be called before foreign code is fetched or run, where the target may be another one than it is said to be
        (`safepip.edges.target.interpreter.confirm`). Raises `Unavailable`."""
        self.in_part: frozenset[str] = frozenset()
        """The metadata folders of what does not count as installed (`safepip.edges.pip.unfinished`)."""
        self._plan: Plan | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._plan is not None:
            self.console.close()
            for notice in self.credentials.notices:
                self.console.notice(notice)
            if isinstance(error, SafepipError):
                self.report_expired(diagnostic.subject for diagnostic in error.diagnostics)
                self.console.ended_by(error)
        # A second Ctrl-C may come at any of these: the next one is done all the same.
        try:
            self.network.close()
        finally:
            try:
                if "scratch" in self.__dict__:
                    self.scratch.close()
            finally:
                if "advisories" in self.__dict__:
                    self.advisories.close()
                if "store" in self.__dict__:
                    self.store.close()

    @property
    def plan(self) -> Plan:
        """The plan by which the edges are opened."""
        assert self._plan is not None, "nothing is opened before the plan is made"
        return self._plan

    def use(self, plan: Plan) -> None:
        """Open from here on as this plan says. A second one has the options of requirements files in it, too."""
        if self._plan is None:
            self.console = Console(plan.settings.display, self.credentials.redact, self.world.environ)
            if plan.settings.report == "-":
                self.console.reserve_output()
        else:
            self.credentials.know(plan.indexes)
        self.network.use(plan.settings.network)
        self._plan = plan

    def tell(self, event: Event) -> None:
        """What happens: shown, and logged. Before the first `use` there is nothing to show it on."""
        if self._plan is not None:
            self.console.tell(event)

    def _ask(self, origin: str) -> tuple[str, str] | None:
        """A user name and a password, asked for at the terminal."""
        from safepip.edges.user.terminal import ask_credentials

        if self._plan is None:
            return ask_credentials(origin)
        with self.console.progress.hidden():
            return ask_credentials(origin)

    def report_expired(self, projects: Iterable[str]) -> None:
        """Tell of exceptions in policy that have ended, for the projects that this run is about."""
        from safepip.config.spent_exemptions import expired

        for line in expired(self.plan.policy.expired, list(projects)):
            self.console.notice(line)

    @cached_property
    def store(self) -> Store:
        """The store of verified files."""
        from safepip.edges.disk.store import Store

        store = Store(self.plan.settings.cache_dir, self.advisories)
        for notice in store.notices:
            self.console.notice(notice)
        if store.read_only:
            self.console.detail(f"the cache folder {store.root} is only read; this run keeps nothing in it")
        return store

    @cached_property
    def advisories(self) -> KnownAdvisories:
        """What is known of files and versions."""
        from safepip.commands.known_advisories import KnownAdvisories

        return KnownAdvisories(
            self.plan, lambda: None if self.store.private else self.store.root, lambda line: self.console.notice(line)
        )

    @cached_property
    def scratch(self) -> Scratch:
        """The folder in which sources are unpacked and built."""
        from safepip.edges.builder.scratch import Scratch

        return Scratch(keep=self.plan.settings.building.no_clean)

    @cached_property
    def installed_memory(self) -> InstalledMemory:
        """Of which wheels the installed distributions are, as far as that is known."""
        from safepip.edges.target.installed_memory import InstalledMemory

        return InstalledMemory(None if self.store.private else self.store.root)

    @cached_property
    def well_known(self) -> WellKnownNames:
        """The list of well-known names in force, for the search and for its guesses."""
        from safepip.edges.disk.well_known import WellKnownNames

        return WellKnownNames(*self.plan.well_known_names())
