"""Where an environment keeps installed distributions: asks its interpreter, and runs no code of the environment.

The text of this file is run by the target interpreter with `-I -S`: no `.pth` file, no `sitecustomize`, no variable
and no working folder counts then, so nothing that lies in the environment's own folders is imported. What runs is the
interpreter, its standard library and this. It imports nothing of safepip and stays within the syntax of Python 3.7.

Without `site` a virtual environment does not know that it is one (until Python 3.14), so its `pyvenv.cfg` is read, by
the function of `bare_start` that the caller hands over.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    #: The folder of an interpreter's virtual environment, and whether it sees the base's packages.
    EnvironmentOf = Callable[[str], "tuple[str | None, bool]"]


def user_site(site: Any) -> dict[str, str] | None:
    """The user's own folder and its base, None where an ordinary run of this interpreter does not look there."""
    if os.environ.get("PYTHONNOUSERSITE"):
        return None
    # The documentation of `site`: a process with another user's rights has no user site.
    for real, effective in (("getuid", "geteuid"), ("getgid", "getegid")):
        if hasattr(os, real) and getattr(os, real)() != getattr(os, effective)():
            return None
    return {"site": site.getusersitepackages(), "base": site.getuserbase()}


def folders(environment_of: EnvironmentOf) -> dict[str, Any]:
    """What safepip needs to know of this interpreter's folders, as JSON can carry it."""
    base = sys.base_prefix
    prefix, sees_base = environment_of(sys.executable)
    if prefix is not None:
        # What `site` would do; sysconfig takes its folders from here when it is imported for the first time.
        sys.prefix = sys.exec_prefix = prefix
    # With -S the import of `site` does nothing beyond defining its functions (its documentation).
    import site
    import sysconfig

    schemes = sysconfig.get_paths()
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "prefix": sys.prefix,
        "virtualenv": prefix is not None,
        "base": base if prefix is not None and sees_base else None,
        "site": [schemes["purelib"], schemes["platlib"], *site.getsitepackages()],
        "user": user_site(site) if sees_base else None,
        "schemes": schemes,
    }


def answer(environment_of: EnvironmentOf) -> str:
    """`folders` as JSON."""
    return json.dumps(folders(environment_of))
