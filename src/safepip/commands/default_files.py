"""What `lock` and `sync` take where the command line names nothing: the file of the working folder that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.disk.local_paths import is_file
from safepip.edges.disk.reading import read_project_file
from safepip.model.errors import UnusableInput, UsageError
from safepip.requirements.project_files import has_project

if TYPE_CHECKING:
    from safepip.model.plan import Settings

_LOCK = "pylock.toml"
_PROJECT, _REQUIREMENTS = "pyproject.toml", "requirements.in"
#: Not taken by itself: it may be what another tool has made of the former.
_MADE = "requirements.txt"


def default_file(settings: Settings, cwd: str) -> str | None:
    """The name of the file that is meant; None where something is asked for, or the folder has no such file.

    `settings` are those of `lock`, or those of `sync` with everything that it names as requirement files. Raises
    `UnusableInput` (`nothing-asked`) where two files could be meant.
    """
    if settings.asks:
        return None
    if settings.lock is None:
        return _LOCK if is_file(_LOCK, cwd) else None
    there = [name for name in (_PROJECT, _REQUIREMENTS) if is_file(name, cwd)]
    if len(there) == 2:
        # Many a pyproject.toml has the settings of tools alone.
        there = [name for name in there if name != _PROJECT or has_project(read_project_file(cwd, name))]
    if len(there) == 2:
        raise UnusableInput.because(
            "nothing-asked",
            f"no requirements given, and the folder has both {_PROJECT} and {_REQUIREMENTS}",
            hint=f"say which one is meant:\nsafepip lock -r {_PROJECT}\nsafepip lock -r {_REQUIREMENTS}",
        )
    return there[0] if there else None


def not_found(cwd: str, *, lock: bool) -> tuple[str, str]:
    """Where `default_file` finds nothing: which files it looked for, and the way on. `lock` says that it was a lock.

    Raises nothing: of a `pyproject.toml` that cannot be opened `lock` itself tells.
    """
    looked_for = _LOCK if lock else f"{_PROJECT} with a table [project], {_REQUIREMENTS}"
    try:
        made_of = is_file(_PROJECT, cwd) and has_project(read_project_file(cwd, _PROJECT))
    except UsageError:
        made_of = True
    made_of = made_of or is_file(_REQUIREMENTS, cwd)
    way = f"safepip lock -r {_MADE}" if not made_of and is_file(_MADE, cwd) else "safepip lock" if made_of else ""
    if lock:
        hint = (
            f"make a lock first: {way}"
            if way
            else "name a lock, or make one of your requirements: safepip lock -r FILE"
        )
    else:
        hint = f"name the file: {way}" if way else ""
    return f"looked for in this folder: {looked_for}", hint
