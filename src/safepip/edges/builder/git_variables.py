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
