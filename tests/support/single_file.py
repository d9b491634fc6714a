"""`safepip.pyz` as the tests need it: this source and what is installed, put together as for a release."""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import safepip
from safepip.edges.target.installed import parts_of_safepip
from safepip.edges.target.interpreter import probe

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@cache
def maker() -> ModuleType:
    """The program that makes the file, `.ci/make_pyz.py`."""
    spec = importlib.util.spec_from_file_location("make_pyz", ROOT / ".ci" / "make_pyz.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def parts() -> dict[str, bytes]:
    """What the file holds: safepip's source, its pages included, and the installed files of all that it requires."""
    source = Path(str(safepip.__file__)).parent
    files = {}
    # The pages are a link in the source.
    for folder, _, names in os.walk(source, followlinks=True):
        for path in (Path(folder, name) for name in names if not name.endswith(".pyc")):
            files[path.relative_to(source.parent).as_posix()] = path.read_bytes()
    for name in parts_of_safepip(probe(sys.executable)) - {"safepip"}:
        for part in distribution(name).files or ():
            place = part.as_posix()
            if not place.startswith("..") and not place.endswith((".pyc", "/RECORD", "/INSTALLER", "/REQUESTED")):
                files[place] = Path(str(part.locate())).read_bytes()
    return files


def write_application(folder: Path) -> Path:
    """Make the file in a folder; its path."""
    path = folder / "safepip.pyz"
    path.write_bytes(maker().make(parts(), "made by a test\n"))
    path.chmod(0o755)
    return path
