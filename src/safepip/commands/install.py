"""`safepip install`: read, decide, fetch, verify, clear, hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.session import Session

#: 128 + SIGINT, what a shell expects of an interrupted program; pip ends so, too.
INTERRUPTED = 130

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from safepip.model.candidate import InstalledDistribution, Resolution
    from safepip.model.evidence import ClearedWheel

    Removal = Callable[[Resolution], Sequence[InstalledDistribution]]


def no_removal(_resolution: Resolution) -> Sequence[InstalledDistribution]:
    """What `safepip install` takes away beside what it replaces: nothing."""
    return ()


def install(argv: Sequence[str]) -> int:
    """Run `safepip install` with these arguments, the verb left out. Raises `SafepipError`."""
    with Session("install", argv) as session:
        return carry_out(session, session.decide)


def carry_out(session: Session, decide: Callable[[], Resolution], removed: Removal = no_removal) -> int:
    """From a session to an exit code: decide, say what was decided, and unless it is a dry run have pip do it.

    `removed` gives, once it is decided what stays, the installed distributions that go. Raises `SafepipError`.
    """
    from safepip.edges.target.installed import parts_of_safepip
    from safepip.environment.guards import check_target, own_environment_check
    from safepip.reporting.messages import already_satisfied, not_known, would_install, would_uninstall

    asked = session.asked
    check_target(session.settings, asked.target)
    resolution = decide()
    gone = removed(resolution)
    for line in already_satisfied(resolution):
        session.console.say(line)
    for notice in resolution.notices:
        session.console.notice(notice)
    unknown = session.demanded.unknown(resolution.pins.values())
    if unknown:
        session.console.notice(not_known(unknown))
    if session.settings.dry_run:
        _report(session, resolution)
        for line in filter(None, (would_install(resolution), would_uninstall(gone))):
            session.console.data(line)
        return 0
    _check_removable(session, resolution, gone)
    if not resolution.to_install:
        _report(session, resolution)
        return _uninstall(session, gone)
    own_environment_check(resolution, asked.target, session.settings, lambda: parts_of_safepip(asked.target))
    return _hand_over(session, resolution, gone)


def _check_removable(session: Session, resolution: Resolution, gone: Sequence[InstalledDistribution]) -> None:
    """What pip has to take away must be what it can take away, before anything is fetched."""
    if not resolution.to_install and not gone:
        return
    from safepip.edges.target.installed import check_removable
    from safepip.wheel.install_paths import installs_for_user

    settings, target = session.settings, session.asked.target
    replaced = [resolution.pins[name].replaces for name in resolution.to_install]
    if settings.ignore_installed or settings.target_dir is not None:
        replaced = []
    elif installs_for_user(settings, target):
        # pip puts the user's beside what is in other folders.
        replaced = [it for it in replaced if it is not None and it.in_user_site]
    check_removable([*(it for it in replaced if it is not None), *gone], target)


def _hand_over(session: Session, resolution: Resolution, gone: Sequence[InstalledDistribution]) -> int:
    """From a resolution to pip's exit code: nothing in the target changes before the last lines."""
    from safepip.commands.broken import broken_lines
    from safepip.edges.pip.running import hand_over, private_folder
    from safepip.edges.target.installed import check_files
    from safepip.handover.instructions import make_handover, roots_to_read, with_public_urls

    pins = [resolution.pins[name] for name in resolution.to_install]
    check_files(session.asked.target)
    wheels = session.clear([*pins, *roots_to_read(resolution, session.settings)], gone)
    # After the judgement, because it tells what was allowed; before anything changes, as pip's.
    _report(session, resolution, wheels)
    with private_folder(session.store.root) as folder:
        handover = make_handover(resolution, wheels, session.settings, folder)
        assert handover is not None
        handover = with_public_urls(handover, session.credentials.concealed.redact)
        names = [item.name for item in gone]
        installed = [wheel for wheel in wheels if wheel.pin.name in handover.installs]
        broken = broken_lines(session, installed, names)
        try:
            code = hand_over(handover, session.asked.target, session.settings, session.environ, names)
        except KeyboardInterrupt:
            session.console.notice("interrupted while pip was installing: what is there may be a part; run it again")
            return INTERRUPTED
        # With --target, what was there before may have stayed as it was.
        if code == 0 and session.settings.target_dir is None:
            session.installed_memory.note(installed)
        for line in broken if code == 0 else ():
            session.console.notice(line)
        return code


def _uninstall(session: Session, gone: Sequence[InstalledDistribution]) -> int:
    """Have pip take these distributions away; its exit code."""
    if not gone:
        return 0
    from safepip.edges.pip.running import uninstall
    from safepip.edges.target.installed import check_files

    check_files(session.asked.target)
    return uninstall([item.name for item in gone], session.asked.target, session.settings, session.environ)


def _report(session: Session, resolution: Resolution, wheels: Sequence[ClearedWheel] = ()) -> None:
    """Write the report of `--report`, where it is asked for. Without `wheels` nothing has been judged."""
    if session.settings.report is None:
        return
    if session.asked.locks or session.hashed is not None:
        from safepip.commands.locked import with_metadata

        resolution = with_metadata(session, resolution, wheels)
    from importlib.metadata import version

    from safepip import __version__
    from safepip.reporting.json_report import make_report

    text = make_report(resolution, session.asked.target.markers, version("pip"), __version__, wheels)
    session.console.write_report(session.settings.report, text)
