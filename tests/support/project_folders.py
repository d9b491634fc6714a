"""Project folders with a build backend of their own, in the folder itself: no network and no other project is needed.

The wheels are the same bytes each time. An editable one has a `.pth` file with the path of `src`, as flit's has.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_BACKEND = """
import base64, hashlib, os, zipfile

NAME, VERSION, REQUIRES = {name!r}, {version!r}, {requires!r}


def _wheel(folder, files):
    info = f"{{NAME}}-{{VERSION}}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {{NAME}}", f"Version: {{VERSION}}"]
    lines += [f"Requires-Dist: {{each}}" for each in REQUIRES]
    files[f"{{info}}/METADATA"] = "\\n".join(lines) + "\\n"
    files[f"{{info}}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = [f"{{path}},sha256={{_digest(text)}},{{len(text.encode())}}" for path, text in files.items()]
    files[f"{{info}}/RECORD"] = "\\n".join([*rows, f"{{info}}/RECORD,,"]) + "\\n"
    filename = f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, filename), "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return filename


def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(f"src/{{NAME}}/__init__.py") as file:
        return _wheel(folder, {{f"{{NAME}}/__init__.py": file.read()}})


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {{f"{{NAME}}.pth": os.path.abspath("src")}})
"""
_PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "zip_backend"\nbackend-path = ["backend"]\n'


def project_files(name: str, version: str, requires: Sequence[str] = ()) -> Mapping[str, str]:
    """The files of a project, by their paths within it."""
    return {
        "pyproject.toml": _PYPROJECT,
        "backend/zip_backend.py": _BACKEND.format(name=name, version=version, requires=list(requires)),
        f"src/{name}/__init__.py": f"__version__ = {version!r}\n",
    }


def make_project(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> Path:
    """Write a project into `folder`, over what is there; the folder."""
    for path, text in project_files(name, version, requires).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def build_project(project: Path, into: Path, *, editable: bool = False) -> Path:
    """Build its wheel as pip would; the wheel's path."""
    into.mkdir(parents=True, exist_ok=True)
    hook = "build_editable" if editable else "build_wheel"
    code = f"import sys; sys.path.insert(0, 'backend'); import zip_backend; print(zip_backend.{hook}(sys.argv[1]))"
    command = [sys.executable, "-I", "-c", code, str(into)]
    built = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    return into / built.stdout.strip()
