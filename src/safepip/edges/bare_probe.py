"""Where an environment keeps what is installed, asked of its interpreter without running anything of it.

The text of this file is run by the target interpreter with `-I -S`: no `.pth` file, no `sitecustomize`, no variable
and no working folder counts then, so nothing that lies in the environment's own folders is imported. What runs is the
interpreter, its standard library and this. It imports nothing of safepip and stays within the syntax of Python 3.7.

Without `site` a virtual environment does not know that it is one (until Python 3.14), so its `pyvenv.cfg` is read here,
by the rules of PEP 405 and the documentation of `site`.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def virtual_environment(executable: str) -> tuple[str | None, bool]:
    """The folder of the virtual environment that an interpreter belongs to, None where it belongs to none, and
    whether it sees the base's packages, too."""
    folder = os.path.dirname(os.path.abspath(executable))
    prefix = os.path.dirname(folder)
    # PEP 405: pyvenv.cfg stands beside the interpreter or one folder above; links are not followed to get there.
    for path in (os.path.join(folder, "pyvenv.cfg"), os.path.join(prefix, "pyvenv.cfg")):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                lines = file.read().decode("utf-8", "replace").splitlines()
            pairs = (line.partition("=") for line in lines)
            values = {key.strip().lower(): value.strip().lower() for key, _, value in pairs}
            return prefix, values.get("include-system-site-packages") == "true"
    return None, True


def user_site(site: Any) -> dict[str, str] | None:
    """The user's own folder and its base, None where an ordinary run of this interpreter does not look there."""
    if os.environ.get("PYTHONNOUSERSITE"):
        return None
    # The documentation of `site`: a process with another user's rights has no user site.
    for real, effective in (("getuid", "geteuid"), ("getgid", "getegid")):
        if hasattr(os, real) and getattr(os, real)() != getattr(os, effective)():
            return None
    return {"site": site.getusersitepackages(), "base": site.getuserbase()}


def folders() -> dict[str, Any]:
    """What safepip needs to know of this interpreter's folders, as JSON can carry it."""
    base = sys.base_prefix
    prefix, sees_base = virtual_environment(sys.executable)
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


def answer() -> str:
    """`folders` as JSON."""
    return json.dumps(folders())
