"""Environments that safepip lives in, as pip, pipx and uv make them, and Pythons that are no virtual environments.

All are made without a network and in a moment: nothing of safepip or of the standard library is copied.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from typing import TYPE_CHECKING, NamedTuple

import safepip
from support.environment import Environment, make_environment

if TYPE_CHECKING:
    from pathlib import Path

#: What pip writes as the program of an entry point.
_PROGRAM = """\
#!{python}
import sys
from safepip.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""


class Home(NamedTuple):
    """An environment with safepip in it. `links` is a folder that may stand on PATH, with a link to the program."""

    environment: Environment
    program: Path
    links: Path

    @property
    def python(self) -> str:
        """The interpreter that safepip runs in."""
        return str(self.environment.python)


def make_home(folder: Path, receipt: str = "") -> Home:
    """A plain environment; with the file that a tool leaves in its own ones, such as `pipx_metadata.json`, a tool's.

    pipx and uv link the program into a folder on PATH (`~/.local/bin`), and keep the environments elsewhere.
    """
    environment = make_environment(folder / "safepip")
    source = os.path.dirname(os.path.dirname(safepip.__file__))
    paths = dict.fromkeys((source, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (environment.site_packages / "safepip.pth").write_text("".join(f"{path}\n" for path in paths))
    if receipt:
        (environment.folder / receipt).write_text("{}\n" if receipt.endswith(".json") else "[tool]\n")
    program = environment.python.parent / "safepip"
    program.write_text(_PROGRAM.format(python=environment.python))
    program.chmod(0o755)
    links = folder / "links"
    links.mkdir()
    (links / "safepip").symlink_to(program)
    return Home(environment, program, links)


def make_python(folder: Path) -> Environment:
    """A Python of its own, as conda and distributors have them: no virtual environment.

    It is the program of the Python that runs the tests, with links to its standard library.
    """
    library = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "bin").mkdir(parents=True)
    (folder / library / "site-packages").mkdir(parents=True)
    base: str = sys._base_executable  # type: ignore[attr-defined]  # there since Python 3.8, though not documented
    shutil.copy2(os.path.realpath(base), folder / "bin" / "python")
    standard = sysconfig.get_path("stdlib")
    for name in os.listdir(standard):
        if name not in ("site-packages", "dist-packages", "EXTERNALLY-MANAGED", "__pycache__"):
            (folder / library / name).symlink_to(os.path.join(standard, name))
    return Environment(folder)
