"""Makes safepip's own process import only the standard library and safepip's own parts, whatever else is on the path.

1. Foreign are the folders of PYTHONPATH, the user's site with what its `.pth` files name, and the folder that the start
   itself put first on `sys.path`: the working directory with `-m`, the folder of the commands otherwise. The folder in
   which safepip itself lies is none of these, wherever it is; nor is the user's site where a line of it, and nothing
   else, leads there (`pip install --user -e`): then safepip's parts lie beside that line. A zip application has all
   parts in itself, and looks for them nowhere else: what is installed in the Python that runs it is foreign.
2. From the first line of `main` on nothing is imported from a foreign folder, and no top-level name at all but those of
   the standard library, from its own folders, and of `OWN`: what another project brings (`org`, `attr`, `socks`) and
   some module would import if it were there is not found.
3. Before that line Python has started, and what a foreign folder puts in front of the standard library, or has run by a
   `sitecustomize`, may be in the process. Where a module is there that came out of such a folder, safepip restarts
   itself, once, without it. Code that has run by then has run; only a start with `python -I` prevents that.

`PYTHONHOME` says which Python runs, and the Python that runs safepip is trusted. Nothing is imported here at the head
but `sys`, which no folder can replace.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import NoReturn

#: The top-level modules of safepip and of what it depends on. A test compares this with the distributions' metadata.
OWN = (
    "safepip",
    "pip",
    "packaging",
    "resolvelib",
    "pyproject_hooks",
    "httpx",
    "httpcore",
    "h11",
    "h2",
    "hpack",
    "hyperframe",
    "anyio",
    "idna",
    "typing_extensions",
    "certifi",
    "truststore",
    "platformdirs",
    "cvss",
    "yaml",
)

#: Runs `main` in a process that `bare_start` has started. The words before safepip's own are the PYTHONPATH to pass on
#: to pip, and how safepip was called. The names and folders of its parts are written into it: any character may be in a
#: path, also the one that separates the folders of a variable.
_AGAIN = """
import os
variable, called = sys.argv[1:3]
words = sys.argv[3:]
sys.argv[:] = [called, *words]
del os.environ["PYTHONSAFEPATH"]
if variable:
    os.environ["PYTHONPATH"] = variable
start(dict.fromkeys(%a, %a))
from safepip.edges.console.outputs import prepare
prepare()
from safepip.edges.programs.ending import end_by_signals, end_without_collection
end_by_signals()
end_without_collection()
from safepip.__main__ import main
sys.exit(main(words))
"""


def guard() -> None:
    """Apply these rules to this process. It may end here, and go on in another."""
    import os

    from safepip.edges.programs.bare_start import find_only

    home = os.path.abspath(__file__)
    for _ in __name__.split("."):
        home = os.path.dirname(home)
    standard = standard_library()
    foreign = set(_foreign_folders()) - {home, *standard, *_site_folders(), *_own_user_site(home)}
    kept = set(_user_folders())
    if os.path.isfile(home):
        places, here = [home], _of_this_python()
        foreign |= here - set(standard)
        kept |= here
    else:
        places = [home, *(entry for entry in sys.path if os.path.abspath(entry) not in foreign.union(standard))]
    find_only(standard, dict.fromkeys(OWN, places))
    if any(_came_from(foreign)):
        _start_anew(places)
    # What is installed for this Python or its user stays on the path: pip sees it as well.
    ahead = foreign - kept
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) not in ahead]


def standard_library() -> "list[str]":
    """The entries of `sys.path` that are the standard library's own: folder, extension modules and archive."""
    import os

    folder = os.path.dirname(os.path.abspath(os.__file__))
    version = "python%d.%d" % sys.version_info[:2]  # noqa: UP031 - no f-string is shorter
    known = {
        folder,
        os.path.join(folder, "lib-dynload"),
        os.path.join(sys.base_exec_prefix, sys.platlibdir, version, "lib-dynload"),
        os.path.join(sys.base_exec_prefix, "DLLs"),
        os.path.join(os.path.dirname(folder), version.replace(".", "") + ".zip"),
        os.path.join(sys.base_prefix, version.replace(".", "") + ".zip"),
    }
    return [entry for entry in sys.path if os.path.abspath(entry) in known]


def _foreign_folders() -> "Iterable[str]":
    """The folders of the first rule, whether or not they are on the path, absolute."""
    yield from _folders_ahead()
    yield from _user_folders()


def _folders_ahead() -> "Iterable[str]":
    """Those of the first rule that stand before the standard library."""
    import os

    if not sys.flags.safe_path and sys.path:
        yield os.path.abspath(sys.path[0])
    if not sys.flags.ignore_environment and os.environ.get("PYTHONPATH"):
        yield from map(os.path.abspath, os.environ["PYTHONPATH"].split(os.pathsep))


def _own_user_site(home: str) -> "list[str]":
    """The user's site where it alone leads to safepip's folder, and does so by a line; else nothing."""
    user, *lines = [*_user_folders()] or [""]
    if home not in lines:
        return []
    from safepip.edges.programs.bare_start import path_lines

    sites = _site_folders()
    others = {*_folders_ahead(), *sites, *(entry for site in sites for entry in path_lines(site))}
    return [] if home in others else [user]


def _site_folders() -> "list[str]":
    """The folders of this Python in which installed projects lie, also where PYTHONPATH names one of them."""
    site = sys.modules.get("site")
    return [] if site is None or sys.flags.no_site else list(site.getsitepackages())


def _of_this_python() -> "set[str]":
    """The folders in which projects of this Python lie, and what path lines there name."""
    import os

    from safepip.edges.programs.bare_start import path_lines

    sites = list(map(os.path.abspath, _site_folders()))
    return {*sites, *(entry for site in sites for entry in path_lines(site))}


def _user_folders() -> "Iterable[str]":
    """The user's site and what its path lines name, where Python looks there."""
    import os

    from safepip.edges.programs.bare_start import path_lines

    site = sys.modules.get("site")
    user = getattr(site, "USER_SITE", None)
    if user and getattr(site, "ENABLE_USER_SITE", False) and os.path.isdir(user):
        yield os.path.abspath(user)
        yield from path_lines(user)


def _came_from(folders: "set[str]") -> "Iterable[bool]":
    """For each top-level module whether it lies in one of the folders, itself or as a package."""
    import os

    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and "." not in name and name != "__main__":
            folder = os.path.dirname(os.path.abspath(file))
            package = os.path.basename(file).startswith("__init__.")
            yield (os.path.dirname(folder) if package else folder) in folders


def _start_anew(places: "Sequence[str]") -> "NoReturn":
    """Go on in an interpreter that does not look in the foreign folders."""
    import os

    from safepip.edges.programs.starting import SAFE_PATH, bare_command
    from safepip.environment.python_variables import plain_environment

    variable = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    words = [variable, sys.argv[0], *sys.argv[1:]]
    command = bare_command(sys.executable, _AGAIN % (OWN, list(places)), words)
    environ = {**plain_environment(os.environ), **SAFE_PATH}
    if "PYTHONHOME" in os.environ:
        environ["PYTHONHOME"] = os.environ["PYTHONHOME"]
    if os.name != "nt":
        os.execve(command[0], command, environ)  # noqa: S606 - this interpreter, no shell
    # On Windows a process that replaces itself leaves its caller waiting for nothing.
    import subprocess

    sys.exit(subprocess.run(command, env=environ, check=False).returncode)
