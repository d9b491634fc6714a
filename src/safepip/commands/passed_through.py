"""pip's own verbs, run by pip unless it would ask an index.

`list --outdated` and `--uptodate` are answered by safepip in any case: pip would ask every index that it is given for
every name. `index` is pip's unless safepip's configuration declares indexes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from safepip.model.errors import Refused
from safepip.options.pip_verbs import is_quiet, may_ask, reads_a_network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from safepip.edges.console.writing import Console
    from safepip.edges.target.choosing import ChosenEnvironment


def pass_through(verb: str, argv: Sequence[str]) -> int:
    """Run one of pip's verbs; its exit code. Raises `UsageError`, `Refused` (`pip-would-ask`, `unsupported-option`)."""
    from safepip.edges.pip.running import passthrough

    tell = None if is_quiet(argv) else _tell
    if reads_a_network(verb, argv):
        raise Refused.because(
            "unsupported-option",
            f"{verb} -r cannot read a file over a network: pip would put values of variables into the URLs in it",
            hint="save the file, look at it, and name it by its path",
        )
    if verb == "uninstall":
        return _uninstall(argv, tell)
    if verb not in ("index", "list"):
        return passthrough(verb, argv, tell=tell)
    # pip's help asks nothing; where the word is the value of another option, pip finds no network.
    asks = not {"--help", "-h"}.intersection(argv) and _may_ask(verb, argv)
    if verb == "list":
        return _list(argv, tell) if asks else passthrough(verb, argv, network=False, tell=tell)
    declared = _declared() if asks else ""
    if declared:
        raise Refused.because(
            "pip-would-ask",
            "pip index asks pip's own index for names, also for those that other indexes own",
            context=(f"the configuration: {declared}",),
            hint="ask along the configuration's routes, and change nothing:\n"
            "safepip install --dry-run --no-deps --upgrade --refresh-package NAME NAME",
        )
    return passthrough(verb, argv, network=asks, tell=tell)


def _uninstall(argv: Sequence[str], tell: Callable[[ChosenEnvironment], None] | None) -> int:
    """`pip uninstall`, without a network. Meanwhile no installation changes the environment, as it is for those. Where
    it takes pip away from an environment with a shim, that is told."""
    from contextlib import ExitStack

    from safepip.commands.shim_state import tell_if_lost
    from safepip.edges.pip.running import passthrough
    from safepip.edges.target.choosing import folder_of

    meant: list[ChosenEnvironment] = []

    def note(chosen: ChosenEnvironment) -> None:
        meant.append(chosen)
        if tell is not None:
            tell(chosen)

    with ExitStack() as held:
        # pip's help changes nothing.
        hold = None if {"--help", "-h"}.intersection(argv) else partial(_hold, held)
        code = passthrough("uninstall", argv, network=False, tell=note, hold=hold)
    for chosen in meant:
        tell_if_lost(folder_of(chosen.python), _console())
    return code


def _hold(until: ExitStack, chosen: ChosenEnvironment) -> tuple[int, ...]:
    """Hold an environment, once no other run is at work there and what was cut off there is set right; what pip is to
    hold open. Raises as `Unfinished`."""
    from safepip.edges.pip.unfinished import Unfinished
    from safepip.edges.target.interpreter import probe
    from safepip.edges.user.world import this_environ
    from safepip.model.plan import Settings

    target = probe(chosen.python, environ=this_environ())
    unfinished = until.enter_context(Unfinished(Settings(), target, _console().notice, lambda: None))
    unfinished.hold()
    return unfinished.handles


def _console() -> Console:
    from safepip.edges.console.writing import Console
    from safepip.edges.network.credentials import Credentials
    from safepip.edges.user.world import this_environ
    from safepip.model.plan import Display

    environ = this_environ()
    return Console(Display(), Credentials(environ).redact, environ)


def _tell(chosen: ChosenEnvironment) -> None:
    """Name the environment; its interpreter is asked only where it is named."""
    from safepip.environment.meant import is_named

    if not is_named(chosen.basis, own=chosen.own, named_by=chosen.named_by):
        return
    from safepip.commands.target import tell
    from safepip.edges.target.listing import find_place
    from safepip.edges.user.world import this_environ

    place = find_place(chosen.python, this_environ())
    tell(chosen, (place.prefix, place.version), _console())


def _list(argv: Sequence[str], tell: Callable[[ChosenEnvironment], None] | None) -> int:
    """`pip list`, where a word or pip's configuration may ask for what is newer: safepip answers that itself, along the
    routes; pip answers the rest, without a network."""
    from safepip.commands.outdated import list_by_words, says_what_is_newer
    from safepip.edges.pip.running import passthrough

    return list_by_words(argv) if says_what_is_newer(argv) else passthrough("list", argv, network=False, tell=tell)


def _may_ask(verb: str, argv: Sequence[str]) -> bool:
    from safepip.edges.network.credentials import Credentials
    from safepip.edges.user.arguments import settings_of_pip
    from safepip.edges.user.world import this_world

    # `pip index` asks in any case, so its configuration does not matter.
    if may_ask(verb, argv, ()):
        return True
    world = this_world()
    return may_ask(verb, argv, settings_of_pip(verb, argv, world.environ, world.cwd, Credentials(world.environ)))


def _declared() -> str:
    from safepip.edges.network.credentials import Credentials
    from safepip.edges.programs.installed_pip import default_index_url
    from safepip.edges.user.arguments import declaration
    from safepip.edges.user.world import this_world

    world = this_world()
    return declaration(world.environ, world.cwd, Credentials(world.environ), default_index_url)
