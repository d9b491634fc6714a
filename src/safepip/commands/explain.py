"""`safepip explain NAME`: why this version, from which index by which rule, who asks for it, what fell and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.session import Session
from safepip.model.errors import Unavailable, UnusableInput
from safepip.model.finding import printable
from safepip.options.command_line import HelpRequested
from safepip.reporting.explaining import as_data, as_text, explain
from safepip.reporting.runner_commands import disarm_data
from safepip.routing.table import project_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.candidate import Pin, ProjectCandidates
    from safepip.reporting.explaining import Explanation

_HELP = """\
Usage: safepip explain [options] NAME ...

Say of each NAME why it is there in this version, from which index and by which rule, who asks for it, and why newer
versions fell. What is explained is decided anew for an empty environment from -r FILE, --group and the like, or read
from a lock given by -r. Without any of them the lock pylock.toml of the working directory is explained.
--json prints the same as data. The other options are those of `safepip install`: see `safepip install --help`."""


def explain_names(argv: Sequence[str]) -> int:
    """Run `safepip explain` with these arguments, the verb left out; 1 where a name is not there."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    words = [word for word in argv if word != "--json"]
    # A decision for an empty environment, as for a lock.
    with Session("download", words, arguments_are="names") as session:
        names = [project_name(text) for text in session.named]
        _read(session)
        resolution = session.resolve()
        found: list[Explanation] = []
        missing: list[str] = []
        for name in names:
            pin = resolution.pins.get(name)
            if pin is None:
                missing.append(name)
                continue
            found.append(
                explain(
                    name,
                    resolution,
                    session.asked.statements,
                    session.markers,
                    session.settings.selection,
                    _available(session, pin),
                    None if session.asked.locks else session.catalog.rules.ages,
                )
            )
        if "--json" in argv:
            import json

            text = json.dumps([as_data(item) for item in found], indent=2, ensure_ascii=False)
            session.console.data(disarm_data(text))
        else:
            for item in found:
                session.console.data("\n".join(as_text(item)))
        for name in missing:
            session.console.notice(f"{printable(name)} is not needed by anything that is asked for")
        return 1 if missing else 0


def _read(session: Session) -> None:
    """Read what is asked for; that there is nothing is said in this command's words. Raises `SafepipError`."""
    try:
        session.asked  # noqa: B018 - read once, kept
    except UnusableInput as error:
        if error.diagnostics[0].reference != "no-requirements":
            raise
        raise UnusableInput.because(
            "no-requirements",
            "nothing says what to explain: there is no -r, and no pylock.toml in the working directory",
            hint="make the lock with safepip lock -r FILE, or name what is meant: safepip explain NAME -r FILE",
        ) from None


def _available(session: Session, pin: Pin) -> ProjectCandidates | None:
    """What the index offers, where it is asked; a kept answer will do."""
    if pin.direct_url is not None:
        return None
    try:
        return session.catalog.candidates_for(pin.name, pin.required_by).available
    except Unavailable:
        if session.settings.network.offline:
            return None
        raise
