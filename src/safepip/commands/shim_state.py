"""What other commands do about a shim: `verify` looks at it, and what installs or removes pip tells what it became."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.target.bare_unshim import FOLDER, is_there
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from safepip.edges.console.writing import Console
    from safepip.environment.verification import EnvironmentFolders, Finding, FoundFile

    Read = Callable[[Collection[tuple[str, str]]], Mapping[tuple[str, str], FoundFile]]


class ShimFound(NamedTuple):
    """An environment's shim as `verify` sees it. `starts` is the program that it starts, empty without a shim, and
    `originals` gives for each entry point at which it stands, by its path, where pip's own is kept."""

    starts: str = ""
    originals: Mapping[str, str] = {}
    findings: list[Finding] = []  # noqa: RUF012 - a named tuple's default, which is never changed

    def read_in_place(self, read: Read) -> Read:
        """`read`, which is given pip's own entry point where the shim stands in its place: RECORD is about that one."""

        def reads(asked: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], FoundFile]:
            kept = {(self.originals.get(path, path), algorithm) for path, algorithm in asked}
            found = read(kept)
            return {(path, algorithm): found[self.originals.get(path, path), algorithm] for path, algorithm in asked}

        return reads


def start_command() -> tuple[str, ...]:
    """What starts this safepip in the place of a pip. Raises `Unavailable` (`shim-not-started`)."""
    from safepip import __version__
    from safepip.edges.programs.own_command import own_command
    from safepip.edges.target.choosing import Interpreter, tool_home
    from safepip.model.errors import Unavailable

    home = Interpreter.here()
    if tool_home(home.prefix) == "uvx":
        raise Unavailable.because(
            "shim-not-started",
            "this safepip lies in uv's cache, and is gone when that is emptied",
            hint="install it where it stays, with `uv tool install` in place of uvx, and run that one",
        )
    return own_command(home.archive, __version__)


def look(root: str, place: EnvironmentFolders) -> ShimFound:
    """The shim of the environment with this folder. What it keeps and cannot be used is a finding."""
    if not is_there(root):
        return ShimFound()
    from safepip.environment.verification import Finding, Kind
    from safepip.model.errors import Unavailable

    try:
        return _look(root, place)
    except Unavailable as error:
        detail = "; ".join((error.diagnostics[0].message, *error.diagnostics[0].context))
    except (OSError, ValueError) as error:
        detail = f"cannot be read: {printable(str(error))}"
    return ShimFound("", {}, [Finding(Kind.SHIM, f"{root}/{FOLDER}/", detail=detail)])


def _look(root: str, place: EnvironmentFolders) -> ShimFound:
    """`look`, where there is a shim. Raises `Unavailable` (`shim-damaged`), and `OSError` and `ValueError` for what is
    no file that can be read, or no path."""
    from safepip.edges.target.shim import (
        digests,
        made_digest,
        read_shim,
        starts,
        strange_files,
        strangeness,
        without_shim,
    )
    from safepip.environment.shim import findings, stands
    from safepip.environment.verification import Finding, Kind

    shim = read_shim(root)
    if shim is None:
        return ShimFound("", {}, [Finding(Kind.SHIM, f"{root}/{FOLDER}/", detail="is left of a shim that is not on")])
    found = digests(root, shim)
    standing = stands(shim, found)
    originals = {
        f"{root}/{entry.path}": f"{root}/{FOLDER}/originals/{entry.saved}"
        for entry in shim.entries
        if entry.path in standing
    }
    problems = findings(shim, root, found, lambda entry: made_digest(shim, entry), starts=starts(shim))
    if strange := strangeness(root, shim):
        problems.insert(0, Finding(Kind.SHIM, f"{root}/{FOLDER}/", detail=strange))
    left_out = "is an entry point of pip's that the shim does not know"
    problems += [Finding(Kind.SHIM, path, detail=left_out) for path in without_shim(root, shim, place)]
    problems += [Finding(Kind.SHIM, path, detail=detail) for path, detail in strange_files(root, shim).items()]
    return ShimFound(shim.command[0], originals, problems)


def hold(python: str, prefix: str, environ: Mapping[str, str], console: Console) -> None:
    """Put an environment's shim back where a new pip has taken its place, and say so, or say why that failed: what is
    installed is installed."""
    if not is_there(prefix):
        return
    from safepip.model.errors import Unavailable

    try:
        _hold(python, prefix, environ, console)
    except Unavailable as error:
        console.notice(f"{error.diagnostics[0].message}; safepip verify says more")
    except (OSError, ValueError) as error:
        console.notice(f"the shim of this environment cannot be read: {printable(str(error))}")


def _hold(python: str, prefix: str, environ: Mapping[str, str], console: Console) -> None:
    from safepip.edges.target.listing import find_place
    from safepip.edges.target.shim import has_pip, is_whole, of_others, put_on, read_shim, strangeness
    from safepip.model.errors import Unavailable

    shim = read_shim(prefix)
    place = find_place(python, environ)
    if shim is None or is_whole(place.prefix, shim, place):
        return
    if not has_pip(place.prefix, place):
        tell_if_lost(prefix, console)
        return
    again = f"until then pip's installs in this environment do not go through safepip: {_command(prefix)}"
    if strange := strangeness(place.prefix, shim):
        console.notice(f"pip's entry points are new, and the shim was not put back, because it {strange}; {again}")
        return
    try:
        done = put_on(place, shim.python, shim.command)
    except Unavailable as error:
        console.notice(f"pip's entry points are new, and {error.diagnostics[0].message}; {again}")
        return
    console.notice("pip's entry points were new, and the shim of this environment was put in their place again")
    for path in of_others(place.prefix, done, shim):
        console.notice(
            f"{printable(path)} was a script of your own: it is kept, and comes back when the shim is taken off: "
            f"{_command(prefix, '--remove')}"
        )


def _command(prefix: str, *options: str) -> str:
    """The command line that puts a shim on, or takes it off."""
    import shlex

    return " ".join(("safepip shim", *options, "--venv", shlex.quote(printable(prefix))))


def tell_if_lost(prefix: str, console: Console) -> None:
    """Say that an environment has no pip any more, and so no shim either."""
    if not is_there(prefix):
        return
    from safepip.edges.target.shim import digests, read_shim
    from safepip.model.errors import Unavailable

    try:
        shim = read_shim(prefix)
        lost = shim is not None and not any(digests(prefix, shim).values())
    except Unavailable:
        return  # `verify` tells it; what was uninstalled is uninstalled
    except (OSError, ValueError) as error:
        console.notice(f"the shim of this environment cannot be read: {printable(str(error))}")
        return
    if lost:
        console.notice(
            "pip is not in this environment any more, and so its shim is gone; what is left of that goes with: "
            f"{_command(prefix, '--remove')}"
        )
