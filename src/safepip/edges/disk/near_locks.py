"""What helps where there is no lock of the name that was given: the words of a hint."""

from __future__ import annotations

import os

from safepip.model.finding import printable


def way_to_a_lock(path: str) -> str:
    """What helps where there is no lock at `path`: the lock beside it whose name is spelt nearly so, or a new one."""
    import shlex
    from difflib import get_close_matches

    folder, name = os.path.split(path)
    try:
        beside = [each for each in os.listdir(folder or ".") if each.startswith("pylock.") and each.endswith(".toml")]
    except OSError:
        beside = []
    near = get_close_matches(name, beside, 1)
    if near:
        return f"did you mean {shlex.quote(printable(os.path.join(folder, near[0])))}?"
    output = "" if path == "pylock.toml" or printable(path) != path else f" -o {shlex.quote(path)}"
    return f"make it of your requirements: safepip lock -r FILE{output}"
