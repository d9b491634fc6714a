"""`safepip verify [NAME]...`: hold an environment against the RECORDs of its distributions.

Nothing is written and nothing is asked of any network. The environment's interpreter is started once, without `site`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.target import find_folders
from safepip.edges.console.writing import Console, hosted
from safepip.edges.network.credentials import Credentials
from safepip.edges.user.arguments import read_options
from safepip.edges.user.world import this_world
from safepip.model.errors import UsageError
from safepip.routing.table import project_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.edges.user.world import World
    from safepip.environment.verification import EnvironmentFolders, EnvironmentVerdict
    from safepip.reporting.results import Result

#: The exit code of a finding: as with a refusal, a person has to look at it, and trying again does not help.
FOUND = 20


def verify(argv: Sequence[str]) -> int:
    """Look, tell what was found, and return 0 or 20. Raises `UsageError`, `Unavailable`."""
    from safepip import __version__
    from safepip.commands.shim_state import look
    from safepip.edges.target.installed_files import read_files, read_headers
    from safepip.edges.target.listing import listing, real, resolver
    from safepip.environment import verification
    from safepip.environment.shim import with_findings
    from safepip.reporting.verify_report import make_json
    from safepip.reporting.verify_results import verify_results

    world = this_world()
    credentials = Credentials(world.environ)
    parsed, settings = read_options("verify", argv, world, credentials)
    if parsed["as_json"] and parsed["output_format"] not in ("text", "json"):
        message = f"--json and --output-format {parsed['output_format']} are two forms of one answer"
        raise UsageError.because("conflicting-options", message, hint="leave one of them out")
    names = [project_name(text) for text in settings.requirements]
    console = Console(settings.display, credentials.redact, world.environ)
    place = find_folders(settings, world, console)
    if place.prefix == real(world.prefix):
        console.notice("safepip runs from this environment itself, so its start-up hooks have run already")
    for folder in place.unseen:
        console.notice(f"this environment imports from {folder} too, which was not looked at: name it with --python")
    there = look(place.prefix, place)
    verdict = verification.verify(
        place,
        listing(place),
        verification.Readers(resolver(), there.read_in_place(read_files), read_headers),
        names,
    )
    verdict = with_findings(verdict, there.findings)
    code = FOUND if verdict.findings else 0
    form = "json" if parsed["as_json"] else parsed["output_format"]
    if form == "json":
        console.data(make_json(verdict, place, __version__, there.starts))
    elif form != "text":
        _tell_results(console, form, list(verify_results(verdict, place)), code, world)
    else:
        _tell(console, verdict, place, there.starts)
    return code


def _tell(console: Console, verdict: EnvironmentVerdict, place: EnvironmentFolders, shim: str) -> None:
    """Tell what was found to a person."""
    from safepip.reporting.verify_report import lines, shim_line, summary

    for line in lines(verdict, place):
        console.data(line)
    if shim:
        console.say(shim_line(shim))
    console.say(summary(verdict, place))


def _tell_results(console: Console, form: str, results: Sequence[Result], code: int, world: World) -> None:
    """Tell what was found to a code host or an editor."""
    from safepip import __version__
    from safepip.reporting.annotations import annotations_of
    from safepip.reporting.sarif import sarif_log

    if form == "sarif":
        console.data(sarif_log(hosted(results, world.environ), __version__, code, successful=True))
    for annotation in annotations_of(results) if form == "github" else ():
        console.annotate(annotation)
