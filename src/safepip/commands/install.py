"""`safepip install`: read, decide, fetch, verify, clear, hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.session import Session

#: 128 + SIGINT, what a shell expects of an interrupted program; pip ends so, too.
INTERRUPTED = 130

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.candidate import Resolution
    from safepip.model.evidence import ClearedWheel


def install(argv: Sequence[str]) -> int:
    """Run `safepip install` with these arguments, the verb left out. Raises `SafepipError`."""
    from safepip.edges.installed import parts_of_safepip
    from safepip.environment import check_target, own_environment_check
    from safepip.reporting.human import already_satisfied, would_install

    with Session("install", argv) as session:
        asked = session.asked
        check_target(session.settings, asked.target)
        resolution = session.resolve()
        for line in already_satisfied(resolution):
            session.console.say(line)
        for notice in resolution.notices:
            session.console.notice(notice)
        if session.settings.dry_run:
            _report(session, resolution)
            line = would_install(resolution)
            if line:
                session.console.data(line)
            return 0
        if not resolution.to_install:
            _report(session, resolution)
            return 0
        own_environment_check(resolution, asked.target, session.settings, lambda: parts_of_safepip(asked.target))
        return _hand_over(session, resolution)


def _hand_over(session: Session, resolution: Resolution) -> int:
    """From a resolution to pip's exit code: nothing in the target changes before the last line."""
    from safepip.edges.pip import hand_over, private_folder
    from safepip.handover import make_handover, roots_to_read

    pins = [resolution.pins[name] for name in resolution.to_install]
    wheels = session.clear([*pins, *roots_to_read(resolution, session.settings)])
    # After the judgement, because it tells what was allowed; before anything changes, as pip's.
    _report(session, resolution, wheels)
    with private_folder(session.store.root) as folder:
        handover = make_handover(resolution, wheels, session.settings, folder)
        assert handover is not None
        try:
            return hand_over(handover, session.asked.target, session.settings, session.environ)
        except KeyboardInterrupt:
            session.console.notice("interrupted while pip was installing: what is there may be a part; run it again")
            return INTERRUPTED


def _report(session: Session, resolution: Resolution, wheels: Sequence[ClearedWheel] = ()) -> None:
    """Write the report of `--report`, where it is asked for. Without `wheels` nothing has been judged."""
    if session.settings.report is None:
        return
    from importlib.metadata import version

    from safepip import __version__
    from safepip.reporting.json_report import make_report

    text = make_report(resolution, session.asked.target.markers, version("pip"), __version__, wheels)
    session.console.write_report(session.settings.report, text)
