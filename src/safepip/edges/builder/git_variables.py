"""What git is told in a build, for backends that ask it for a version or for the files of a project.

By the settings of a repository git runs programs (`core.fsmonitor`), so it reads none that belongs to another user,
and it looks for one in every folder above. In a temporary folder that all users share, any of them can make one.
"""

from __future__ import annotations

import os


def git_variables(root: str, fence: str, *, own: bool) -> dict[str, str]:
    """The variables for a build of the tree at `root` in a fence of this kind ("none" for no fence).

    git's documentation: `safe.directory` counts where it does not come from the repository itself, and in
    `GIT_CEILING_DIRECTORIES` and above it no repository is looked for. In a fence the build may be another user than
    the one to whom the checkout belongs, so that very checkout is named, and since git 2.46 those below it. Without a
    fence git decides by the owner, as always; and a folder of the user's own may be a part of their repository, which
    in a fence cannot be seen.
    """
    if fence == "none":
        return {} if own else {"GIT_CEILING_DIRECTORIES": os.path.dirname(root)}
    folders = dict.fromkeys((root, os.path.realpath(root)))
    values = [value for folder in folders for value in (folder, f"{folder}/*")]
    settings = {"GIT_CEILING_DIRECTORIES": os.path.dirname(root), "GIT_CONFIG_COUNT": str(len(values))}
    for number, value in enumerate(values):
        settings |= {f"GIT_CONFIG_KEY_{number}": "safe.directory", f"GIT_CONFIG_VALUE_{number}": value}
    return settings


def git_home_settings(root: str) -> str:
    """The same about the checkout as the text of `~/.gitconfig`: some backends take most of git's variables away."""
    folders = dict.fromkeys((root, os.path.realpath(root)))
    lines = [f"\tdirectory = {_quoted(value)}\n" for folder in folders for value in (folder, f"{folder}/*")]
    return "[safe]\n" + "".join(lines)


def _quoted(value: str) -> str:
    """A value as git's configuration files have it (git-config(1), "Values"). It holds no line end and no NUL: a folder
    with one in its name is not named."""
    if any(char in value for char in "\n\r\0"):
        return '""'
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
