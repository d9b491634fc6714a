"""Interpreters that safepip starts for itself or for pip: with `-S`, and `bare_start` before all else.

Like `own_start`, which needs this in a process that may be spoilt, it imports nothing at its head.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: With `-c` the working directory is first on `sys.path`, where projects lie with modules of any name. Python 3.13
#: imports one before it runs the first line, so a variable has to prevent that; before 3.11 there is no such variable.
SAFE_PATH = {"PYTHONSAFEPATH": "1"}
_FIRST = """\
import sys
if sys.path and sys.path[0] == "":
    del sys.path[0]
"""


def own_text(name: str, room: str = "programs") -> str:
    """The source of a file of a room of `edges`, from disk or out of a zip application.

    Raises `Unavailable` (`python-failed`) where it cannot be read.
    """
    import os

    rooms = os.path.dirname(os.path.dirname(__file__))
    loader = __spec__.loader
    try:
        data: bytes = loader.get_data(os.path.join(rooms, room, name))  # type: ignore[union-attr]  # what loads a file has it
    except OSError:
        from safepip.model.errors import Unavailable

        raise Unavailable.because(
            "python-failed", "safepip's own files cannot be read, so no other Python can be asked"
        ) from None
    return data.decode("utf-8")


def own_archive() -> str:
    """The path of the zip application that this process runs from, empty where safepip lies in a folder."""
    import os

    archive = getattr(__spec__.loader, "archive", "")
    return os.path.abspath(archive) if archive else ""


def bare_command(python: str, program: str, words: "Sequence[str]") -> list[str]:
    """The command line that runs the text `program` in `python`, with `start` of `bare_start` at hand.

    It needs `SAFE_PATH` in the environment, and no variable that `python_variables.plain_environment` takes out of it.
    """
    return [python, "-S", "-c", f"{_FIRST}{own_text('bare_start.py')}\n{program}", *words]
