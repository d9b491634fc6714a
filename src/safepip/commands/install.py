"""`safepip install`: read, decide, fetch, verify, clear, hand over."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.resolving import resolve
from safepip.commands.resources import Resources
from safepip.commands.target import tell_of_user_site
from safepip.commands.telling import (
    tell_decisions,
    tell_installed,
    tell_missing,
    tell_notices,
    tell_of_jobs,
    tell_sources,
)
from safepip.model.errors import PipFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.edges.pip.shared_files import SharedFiles
    from safepip.edges.pip.unfinished import Unfinished
    from safepip.handover.instructions import Handover
    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings
    from safepip.model.resolution import InstalledDistribution

    Removal = Callable[[Decision], Sequence[InstalledDistribution]]


#: What the exit code of a program that a signal has ended is above, as a shell gives it.
_SIGNAL = 128


def no_removal(_decision: Decision) -> Sequence[InstalledDistribution]:
    """What `safepip install` takes away beside what it replaces: nothing."""
    return ()


def install(argv: Sequence[str]) -> int:
    """Run `safepip install` with these arguments, the verb left out. Raises `SafepipError`."""
    with Resources() as resources:
        return carry_out(read_inputs("install", argv, resources), resources)


def carry_out(inputs: Inputs, resources: Resources, removed: Removal = no_removal) -> int:
    """From the inputs to an exit code: decide, say what was decided, and unless it is a dry run have pip do it.

    `removed` gives, once it is decided what stays, the installed distributions that go. Raises `SafepipError`.
    """
    from safepip.edges.pip.unfinished import Unfinished
    from safepip.edges.target.installed import parts_of_safepip
    from safepip.edges.target.interpreter import confirm
    from safepip.environment.guards import check_target, own_environment_check

    settings, target = inputs.settings, inputs.target
    check_target(settings, target)
    tell_of_user_site(settings, target, resources.console)
    # Once is enough: what changes from here on is this run, or another one that it has waited for.
    sure = resources.sure = cache(partial(confirm, target, settings, resources.world.environ))
    with Unfinished(settings, target, resources.console.notice, sure) as unfinished:
        tell_sources(inputs, resources)
        resources.in_part = unfinished.in_part
        decision = resolve(inputs, resources)
        if not decision.to_install:
            _check_whole(decision)
        gone = removed(decision)
        _report_decision(decision, resources)
        if settings.dry_run:
            return _end_dry(decision, resources, gone)
        if decision.to_install or gone:
            sure()
        _check_removable(decision, gone)
        if not decision.to_install:
            _report(decision, resources)
            return _uninstall(decision, resources, gone, unfinished)
        own_environment_check(decision.resolution, target, settings, lambda: parts_of_safepip(target))
        return _hand_over(decision, resources, gone, unfinished)


def _check_whole(decision: Decision) -> None:
    """Hold what is installed against a lock, or against lines pinned by hash, as wheels are when there are some: what
    it requires, and the lock lacks, would be missed by no one, and `sync` would take it away. Raises `Refused`."""
    if decision.inputs.lock_requests:
        from safepip.commands.by_lock import check_lock_is_whole

        check_lock_is_whole(decision, ())
    if decision.by_hash:
        from safepip.commands.by_hash import check_hashed_is_whole

        check_hashed_is_whole(decision, ())


def _report_decision(decision: Decision, resources: Resources) -> None:
    """Say what was decided: what stays, and what is worth a look."""
    from safepip.reporting.messages import already_satisfied, not_known

    for line in already_satisfied(decision.resolution):
        resources.console.say(line)
    tell_notices(decision.resolution.notices, resources.console)
    tell_decisions(decision, resources)
    unknown = decision.installed.unknown(decision.resolution.pins.values())
    if unknown:
        resources.console.notice(not_known(unknown))


def _end_dry(decision: Decision, resources: Resources, gone: Sequence[InstalledDistribution]) -> int:
    """Say what would be done, once it is known that the user's hashes hold; the exit code."""
    from safepip.reporting.messages import would_install, would_uninstall

    if decision.to_install:
        from safepip.commands.fetching import check_demanded

        check_demanded(decision, resources)
    _report(decision, resources)
    for line in filter(None, (would_install(decision.resolution), would_uninstall(gone))):
        resources.console.data(line, is_prose=True)
    return 0


def _check_removable(decision: Decision, gone: Sequence[InstalledDistribution]) -> None:
    """What pip has to take away must be what it can take away, and all of its project, before anything is fetched."""
    if not decision.to_install and not gone:
        return
    from safepip.edges.target.installed import check_removable, check_single, own_folders
    from safepip.edges.target.writing import check_writable
    from safepip.model.plan import installs_for_user

    settings, target = decision.inputs.settings, decision.inputs.target
    check_writable(settings, target)
    folders = own_folders(target)
    if settings.ignore_installed or settings.target_dir is not None:
        folders = ()
    elif installs_for_user(settings, target):
        folders = (target.user_site or "",)
    check_removable([*_replaced(decision), *gone], target)
    check_single(folders, {*(pin.name for pin in decision.to_install), *(item.name for item in gone)})


def _replaced(decision: Decision) -> list[InstalledDistribution]:
    """What pip takes away because another version, or another copy, comes in its place."""
    from safepip.model.plan import installs_for_user

    settings, target = decision.inputs.settings, decision.inputs.target
    if settings.ignore_installed or settings.target_dir is not None:
        return []
    # pip puts the user's beside what is in other folders.
    user = installs_for_user(settings, target)
    found = (pin.replaces for pin in decision.to_install)
    return [item for item in found if item is not None and (item.in_user_site or not user)]


def _hand_over(
    decision: Decision, resources: Resources, gone: Sequence[InstalledDistribution], unfinished: Unfinished
) -> int:
    """From a decision to pip's exit code: nothing in the target changes before the last lines."""
    from safepip.commands.broken import broken_lines
    from safepip.commands.clearing import clear
    from safepip.edges.pip.running import private_folder
    from safepip.edges.target.installed import check_files
    from safepip.edges.target.writing import check_places
    from safepip.handover.instructions import roots_to_read, with_public_urls

    settings, target = decision.inputs.settings, decision.inputs.target
    check_files(target)
    pins = [*decision.to_install, *roots_to_read(decision.resolution, settings)]
    wheels = clear(decision, resources, pins, gone, read_back=True)
    # After the judgement, because it tells what was allowed; before anything changes, as pip's.
    _report(decision, resources, wheels)
    with private_folder(resources.store.root) as folder:
        unfinished.hold()
        handover = _handover(decision, wheels, folder, several=unfinished.possible)
        handover = with_public_urls(handover, resources.credentials.concealed.redact)
        tell_of_jobs(handover, settings, resources.console)
        names = [item.name for item in gone]
        installed = [wheel for wheel in wheels if wheel.pin.name in handover.installs]
        check_places(installed, settings, target)
        broken = broken_lines(decision, installed, names)
        code = 1
        try:
            with _shared(decision, gone, folder, resources):
                first = [*names, *_replaced_first(decision, installed)]
                code = _have_pip_install(handover, decision.inputs, resources, first, unfinished)
        finally:
            if code != 0:  # whatever the reason was: the next run looks at everything again
                resources.store.sound_wheels.forget(wheel.file for wheel in installed)
        if code == 0:
            _report_installed(settings, resources, installed, broken)
        return code


def _have_pip_install(
    handover: Handover, inputs: Inputs, resources: Resources, gone: Sequence[str], unfinished: Unfinished
) -> int:
    """Have pip, or several pips, do it, and say what is there in part; the exit code of who has interrupted it, or 0.

    Raises `PipFailed`.
    """
    from safepip.edges.pip.running import Circumstances, hand_over
    from safepip.edges.programs.ending import exit_code

    around, code = Circumstances(resources.console.progress, unfinished=unfinished), 0
    try:
        with _shim_held(inputs, resources):
            code = hand_over(handover, inputs.target, inputs.settings, resources.world.environ, gone, around)
    except KeyboardInterrupt as interrupt:
        resources.console.notice("interrupted while pip was installing: what is there may be a part; run it again")
        return exit_code(interrupt)
    finally:
        # A pip that was killed says nothing, and one that fails not that another one has removed something before.
        tell_missing(unfinished, handover, resources.console, silent=code > _SIGNAL or bool(code and gone))
    if code:
        raise PipFailed(code)
    return 0


def _report_installed(
    settings: Settings, resources: Resources, installed: Sequence[ClearedWheel], broken: Sequence[str]
) -> None:
    """Remember and say what was installed, and what does not fit it any more."""
    # With --target, what was there before may have stayed as it was.
    if settings.target_dir is None:
        resources.installed_memory.note(installed)
    tell_installed(installed, resources.console)
    for line in broken:
        resources.console.notice(line)


def _handover(decision: Decision, wheels: Sequence[ClearedWheel], folder: str, *, several: bool) -> Handover:
    """What pip is told, or where `several` may work, each of several pips."""
    from safepip.edges.programs.processors import usable
    from safepip.handover.parts import Hands, make_handovers

    settings, target = decision.inputs.settings, decision.inputs.target
    hands = Hands(settings.jobs, usable()) if several else Hands(1)
    handover = make_handovers(decision.resolution, wheels, settings, target, folder, hands)
    assert handover is not None
    return handover


def _uninstall(
    decision: Decision, resources: Resources, gone: Sequence[InstalledDistribution], unfinished: Unfinished
) -> int:
    """Have pip take these distributions away; the exit code of who has interrupted it, or 0. Raises `PipFailed`."""
    if not gone:
        return 0
    from safepip.edges.pip.running import private_folder, uninstall
    from safepip.edges.programs.ending import exit_code
    from safepip.edges.target.installed import check_files

    inputs = decision.inputs
    check_files(inputs.target)
    unfinished.hold()
    names, environ = [item.name for item in gone], resources.world.environ
    try:
        with (
            private_folder(resources.store.root) as folder,
            _shared(decision, gone, folder, resources),
            _shim_held(inputs, resources),
        ):
            code = uninstall(names, inputs.target, inputs.settings, environ, unfinished.handles)
    except KeyboardInterrupt as interrupt:
        resources.console.notice("interrupted while pip was removing: a part of it may be gone; run it again")
        return exit_code(interrupt)
    if code:
        raise PipFailed(code)
    return 0


def _replaced_first(decision: Decision, wheels: Sequence[ClearedWheel]) -> list[str]:
    """The names of what has to be taken away before anything is installed, since another wheel brings files of it."""
    from safepip.edges.pip.shared_files import taken_over

    return taken_over(_replaced(decision), wheels, decision.inputs.target)


def _shared(
    decision: Decision, gone: Sequence[InstalledDistribution], folder: str, resources: Resources
) -> SharedFiles:
    """Keeps, while pip works, what belongs to others as well as to what goes."""
    from safepip.edges.pip.shared_files import SharedFiles

    return SharedFiles([*_replaced(decision), *gone], decision.inputs.target, folder, resources.console.notice)


@contextmanager
def _shim_held(inputs: Inputs, resources: Resources) -> Iterator[None]:
    """While pip works: where it replaces or removes itself, the environment's shim is put back, or missed aloud."""
    from safepip.environment.guards import installs_into_target

    try:
        yield
    finally:
        if installs_into_target(inputs.settings):
            from safepip.commands.shim_state import hold

            target = inputs.target
            hold(target.python, target.prefix, resources.world.environ, resources.console)


def _report(decision: Decision, resources: Resources, wheels: Sequence[ClearedWheel] = ()) -> None:
    """Write the report of `--report`, where it is asked for."""
    if decision.inputs.settings.report is not None:
        from safepip.commands.install_report import write_report

        write_report(decision, resources, decision.inputs.settings.report, wheels)
