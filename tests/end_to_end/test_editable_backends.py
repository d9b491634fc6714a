"""What the real build backends write for `-e`, judged by all rules. Needs pip's default index for the backends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safepip.rules.editable_projects import notices
from safepip.rules.judging import RULES
from support.clearing import context_of, wheel_under_review

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")]

_PROJECT = '[project]\nname = "Demo.proj"\nversion = "1.0"\ndescription = "x"\n'
_SRC = {"src/demo_proj/__init__.py": '"""x"""\n'}
_C = (
    '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "ext", 0, -1};\n'
    "PyMODINIT_FUNC PyInit_ext(void) { return PyModule_Create(&m); }\n"
)
_MESON = (
    "project('demo', 'c', version: '1.0')\npy = import('python').find_installation(pure: false)\n"
    "py.extension_module('ext', 'ext.c', install: true, subdir: 'demo_proj')\n"
)
_CMAKE = (
    "cmake_minimum_required(VERSION 3.15)\nproject(demo LANGUAGES C)\n"
    "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)\n"
    "Python_add_library(ext MODULE ext.c WITH_SOABI)\ninstall(TARGETS ext DESTINATION demo_proj)\n"
)


class Form(NamedTuple):
    """A project and what builds it: `installs` come from the index."""

    backend: str
    installs: str
    files: dict[str, str]
    more: str = ""
    settings: dict[str, str] | None = None


_SETUPTOOLS = ("setuptools.build_meta", "setuptools wheel")
_FLAT = {"demo_proj/__init__.py": ""}
FORMS = {
    "setuptools": Form(*_SETUPTOOLS, _SRC),
    "setuptools 64": Form("setuptools.build_meta", "setuptools==64.0.3 wheel", _FLAT),
    "setuptools 68": Form("setuptools.build_meta", "setuptools==68.2.2 wheel", _FLAT),
    "setuptools, flat": Form(*_SETUPTOOLS, _FLAT),
    "setuptools, strict": Form(*_SETUPTOOLS, _SRC, settings={"editable_mode": "strict"}),
    "setuptools, compat": Form(*_SETUPTOOLS, _FLAT, settings={"editable_mode": "compat"}),
    "setuptools, module": Form(*_SETUPTOOLS, {"one.py": ""}, '[tool.setuptools]\npy-modules = ["one"]\n'),
    "hatchling": Form("hatchling.build", "hatchling editables", _SRC),
    "hatchling, exact": Form(
        "hatchling.build", "hatchling editables", _SRC, "[tool.hatch.build]\ndev-mode-exact = true\n"
    ),
    "flit": Form("flit_core.buildapi", "flit-core", _SRC, '[tool.flit.module]\nname = "demo_proj"\n'),
    "poetry-core": Form("poetry.core.masonry.api", "poetry-core", _SRC),
    "pdm": Form("pdm.backend", "pdm-backend", _SRC),
    "pdm, editables": Form(
        "pdm.backend", "pdm-backend editables", _SRC, '[tool.pdm.build]\neditable-backend = "editables"\n'
    ),
    "scikit-build-core": Form(
        "scikit_build_core.build",
        "scikit-build-core cmake ninja",
        {**_SRC, "CMakeLists.txt": _CMAKE, "ext.c": _C},
        '[tool.scikit-build]\nwheel.packages = ["src/demo_proj"]\n',
    ),
    "meson-python": Form("mesonpy", "meson-python ninja", {"meson.build": _MESON, "ext.c": _C}),
}
_BUILD = textwrap.dedent("""
    import importlib, json, sys
    backend, settings, into = sys.argv[1:]
    print(importlib.import_module(backend).build_editable(into, json.loads(settings)))
""")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FORMS)
def test_what_a_backend_writes_passes_for_its_own_folder_alone(name: str, tmp_path: Path) -> None:
    """Under any other folder the same wheel is refused; the loaders that compile are told of."""
    form = FORMS[name]
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", *form.installs.split()]
    subprocess.run(pip, check=True)
    project = tmp_path / "project"
    for path, text in {**form.files, "pyproject.toml": f"{_PROJECT}{form.more}"}.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    environ = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    (tmp_path / "out").mkdir()
    command = [str(python), "-c", _BUILD, form.backend, json.dumps(form.settings), str(tmp_path / "out")]
    built = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = (tmp_path / "out").glob("*.whl")
    reviewed = wheel_under_review(wheel.name, wheel.read_bytes())
    own = context_of(reviewed, own_folders={"demo-proj": (str(project),)}, standard_library=sys.stdlib_module_names)
    assert [finding for rule in RULES if (finding := rule.check(reviewed, own))] == []
    other = context_of(reviewed, own_folders={"demo-proj": (str(tmp_path / "other"),)})
    assert [rule.reference for rule in RULES if rule.check(reviewed, other)] == ["startup-hook"]
    told = {"scikit-build-core": 1, "meson-python": 1}
    assert len(list(notices(own))) == told.get(name, 0)
