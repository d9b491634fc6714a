"""The Pythons of this machine, found by looking: their own libraries, and the pips that came with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from packaging.specifiers import SpecifierSet

from safepip.edges.programs.installed_pip import pythons_of_pip

_ASK = """
import json, os, sys, sysconfig
library = sysconfig.get_paths()["stdlib"]
native = [entry for entry in sys.path if os.path.basename(entry) == "lib-dynload"]
names = set(sys.builtin_module_names) | set(getattr(sys, "stdlib_module_names", ()))
for folder in [library] + native:
    if os.path.isdir(folder):
        names.update(name.partition(".")[0] for name in os.listdir(folder))
listed = sorted(getattr(sys, "stdlib_module_names", ()))
print(json.dumps([list(sys.version_info[:2]), library, sorted(names - {"site-packages", "test"}), listed]))
"""


class Python(NamedTuple):
    """`has` are the top-level names of its standard library as found on disk, `listed` those that it says it has."""

    executable: str
    version: tuple[int, int]
    library: Path
    has: frozenset[str]
    listed: frozenset[str]

    @property
    def name(self) -> str:
        """For the name of a test."""
        return "{}.{}".format(*self.version)


@cache
def pythons() -> tuple[Python, ...]:
    """Each version of CPython 3 that is here and starts, once; this one among them."""
    found: dict[tuple[int, int], Python] = {}
    for path in _candidates():
        made = _ask(path)
        if made is not None:
            found.setdefault(made.version, made)
    return tuple(found[version] for version in sorted(found))


def _candidates() -> list[str]:
    named = [shutil.which(f"python3.{minor}") for minor in range(6, 20)]
    # Where tools that keep several Pythons put them.
    kept = [
        *Path.home().glob(".pyenv/versions/3*/bin/python"),
        *Path.home().glob(".local/share/uv/python/*/bin/python3"),
    ]
    return [sys.executable, *filter(None, named), *map(str, sorted(kept))]


def _ask(path: str) -> Python | None:
    try:
        done = subprocess.run([path, "-I", "-S", "-c", _ASK], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    version, library, has, listed = json.loads(done.stdout)
    return Python(path, (version[0], version[1]), Path(os.path.realpath(library)), frozenset(has), frozenset(listed))


def bundled_pips(python: Python) -> list[Path]:
    """The wheels of pip that come with a Python, for `ensurepip`."""
    return sorted(python.library.glob("ensurepip/_bundled/pip-*.whl"))


def pythons_for_pip() -> tuple[str, ...]:
    """Interpreters, outside of any environment, of the versions that the pip beside safepip runs on; oldest first."""
    supported = SpecifierSet(pythons_of_pip())
    return tuple(os.path.realpath(it.executable) for it in pythons() if supported.contains(f"{it.name}.999"))
