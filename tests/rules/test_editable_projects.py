"""`startup-hook` on editable wheels: what backends write for the user's own folder passes, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from safepip.rules.editable_projects import notices
from safepip.rules.judging import RULES
from safepip.wheel.editable_loaders import LONGEST, read_loader
from support.clearing import context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.rules.context import RuleContext

FOLDER = "/home/dev/demo proj"
SITE = "/env/lib/python3.11/site-packages"
STANDARD = frozenset({"json", "os", "site", "sys"})

#: As setuptools 84.2 has it, the namespaces' part cut short.
FINDER = """from __future__ import annotations
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.machinery import all_suffixes as module_suffixes
from importlib.util import spec_from_file_location
from itertools import chain
from pathlib import Path

MAPPING: dict[str, str] = {mapping}
NAMESPACES: dict[str, list[str]] = {namespaces}
PATH_PLACEHOLDER = '__editable__.demo_proj-1.0.finder' + ".__path_hook__"


class _EditableFinder:  # MetaPathFinder
    @classmethod
    def find_spec(cls, fullname: str, path=None, target=None) -> ModuleSpec | None:
        if fullname in MAPPING:
            return cls._find_spec(fullname, Path(MAPPING[fullname]))
        parent, _, child = fullname.rpartition(".")
        if parent and parent in MAPPING:
            return PathFinder.find_spec(fullname, path=[MAPPING[parent]])
        return None

    @classmethod
    def _find_spec(cls, fullname: str, candidate_path: Path) -> ModuleSpec | None:
        init = candidate_path / "__init__.py"
        candidates = (candidate_path.with_suffix(x) for x in module_suffixes())
        for candidate in chain([init], candidates):
            if candidate.exists():
                return spec_from_file_location(fullname, candidate)
        return None


def install():
    if not any(finder == _EditableFinder for finder in sys.meta_path):
        sys.meta_path.append(_EditableFinder)
"""
FINDER_NAME = "__editable___demo_proj_1_0_finder"
FINDER_LINE = f"import {FINDER_NAME}; {FINDER_NAME}.install()"
SKBC = """from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import importlib.machinery

DIR = os.path.abspath(os.path.dirname(__file__))
__all__ = ["install"]


class ScikitBuildRedirectingFinder:
    pass


def install(known_source_files, known_wheel_files, *rest):
    sys.meta_path.insert(0, ScikitBuildRedirectingFinder())


"""
MESON = """import functools
import importlib.abc
import subprocess
import sys


class MesonpyMetaFinder(importlib.abc.MetaPathFinder):
    pass


def init():
    finder = MesonpyMetaFinder({arguments})
    sys.meta_path.insert(0, finder)
    sys.path_hooks.insert(0, finder._path_hook)
"""
MESON_NAME = "_demo_proj_editable_loader"
MESON_LINE = f"import {MESON_NAME}; {MESON_NAME}.init()"


def finder(mapping: str, namespaces: str = "{}") -> str:
    """setuptools' module with these literals."""
    return FINDER.replace("{mapping}", mapping).replace("{namespaces}", namespaces)


def by_finder(source: str, line: str = FINDER_LINE) -> dict[str, str]:
    """The files of setuptools' editable wheel."""
    return {"__editable__.demo_proj-1.0.pth": f"{line}\n", f"{FINDER_NAME}.py": source}


def redirected(*lines: str, module: str = "_editable_impl_demo_proj") -> dict[str, str]:
    """The files of an editable wheel that relies on the library editables."""
    head = "from editables.redirector import RedirectingFinder as F\nF.install()\n"
    return {f"{module}.pth": f"import {module}", f"{module}.py": head + "\n".join(lines)}


def by_scikit(call: str, more: str = "", source: str = SKBC) -> dict[str, str]:
    """The files of scikit-build-core's editable wheel."""
    module = "_editable_skbc_demo_proj"
    return {f"{module}.pth": f"import {module}\n{more}", f"{module}.py": f"{source}{call}\n"}


def by_meson(arguments: str) -> dict[str, str]:
    """The files of meson-python's editable wheel."""
    return {"demo-proj-editable.pth": MESON_LINE, f"{MESON_NAME}.py": MESON.replace("{arguments}", arguments)}


def nspkg(folder: str, name: str = "ns") -> dict[str, str]:
    """setuptools' file for a namespace package of an editable project."""
    spec = f"importlib.machinery.PathFinder.find_spec({name!r}, [os.path.dirname(p)])"
    line = (
        f"import sys, types, os;p = os.path.join({folder!r}, *({name!r},));importlib = __import__('importlib.util');"
        f"__import__('importlib.machinery');"
        f"m = sys.modules.setdefault({name!r}, importlib.util.module_from_spec({spec}));"
        f"m = m or sys.modules.setdefault({name!r}, types.ModuleType({name!r}));"
        "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
    )
    return {"demo_proj-1.0-nspkg.pth": f"{line}\n"}


def context(
    files: Mapping[str, str | bytes], folders: tuple[str, ...] = (FOLDER,), build: str = "", **more: Any
) -> RuleContext:
    """A run of one editable wheel with these files, and of whatever `more` says."""
    name, data = build_wheel("demo-proj", "1.0", files=files, module=False)
    reviewed = wheel_under_review(name.replace("-1.0-", f"-1.0-{build}-") if build else name, data)
    own = {"demo-proj": folders} if folders else {}
    return context_of(reviewed, *more.pop("others", ()), own_folders=own, standard_library=STANDARD, **more)


def objections(run: RuleContext) -> list[str]:
    """All that any rule has against the first wheel of a run, without the line that names it."""
    findings = [rule.check(run.wheels[0], run) for rule in RULES]
    return [line for finding in findings if finding is not None for line in finding.context[1:]]


FORMS: dict[str, Mapping[str, str | bytes]] = {
    "flit, poetry-core, hatchling": {"demo_proj.pth": f"{FOLDER}/src"},
    "the root": {"demo_proj.pth": f"{FOLDER}\n"},
    "setuptools, strict": {
        "__editable__.demo_proj-1.0.pth": f"{FOLDER}/build/__editable__.demo_proj-1.0-py3-none-any\n"
    },
    "pdm": {"demo_proj.pth": f"{FOLDER}/src", ".gitignore": "*\n"},
    "setuptools": by_finder(finder(repr({"demo_proj": f"{FOLDER}/lib"}), repr({"ns": [f"{FOLDER}/src/ns"]}))),
    "setuptools, namespace hook": {**by_finder(finder(repr({"ns": f"{FOLDER}/ns"}))), **nspkg(FOLDER)},
    "hatchling, exact": redirected(f"F.map_module('demo_proj', {f'{FOLDER}/src/demo_proj/__init__.py'!r})"),
    "editables before 0.4": redirected(f"F.map_module('demo_proj', {FOLDER!r})", module="_demo_proj"),
    "scikit-build-core": by_scikit(
        f"install({{'demo_proj': '{FOLDER}/src/demo_proj/__init__.py'}}, {{'demo_proj.ext': 'demo_proj/ext.so'}}, "
        f"{{'demo_proj': ['{FOLDER}/src/demo_proj', 'demo_proj']}}, ['demo_proj'], None, False, True, [], [], '')",
        f"{FOLDER}/src\n",
    ),
    "scikit-build-core, in place": by_scikit(
        f"install_inplace(['demo_proj'], ['{FOLDER}/src'], '{FOLDER}', False, True, [])"
    ),
    "meson-python": by_meson(f"'Demo-Proj', {{'demo_proj'}}, '{FOLDER}/build/cp311', ['/tmp/env/bin/ninja'], False"),
    "maturin": {"demo_proj-1.0.data/scripts/demo-proj": b"\x7fELF"},
}


@pytest.mark.parametrize("form", FORMS)
def test_what_backends_write_passes_for_the_users_own_folder_alone(form: str) -> None:
    """By every rule; and of any other project the start-up files are refused."""
    assert objections(context(FORMS[form])) == []
    for folders in ((), ("/home/dev/other",)):
        refused = objections(context(FORMS[form], folders=folders))
        assert bool(refused) == any(name.endswith(".pth") for name in FORMS[form])


def test_the_folder_may_be_named_by_a_link() -> None:
    """A backend asks the system where it is, and the user may have named a link to that."""
    run = context({"demo_proj.pth": "/real/demo/src"}, folders=("/home/dev/link", "/real/demo"))
    assert objections(run) == []


@pytest.mark.parametrize(
    "files",
    [
        {"demo.pth": f"{FOLDER}/link\n"},
        {"demo.pth": f"{FOLDER}/link/below\n"},
        by_finder(finder(f"{{'demo': {FOLDER + '/link/demo'!r}}}")),
        nspkg(f"{FOLDER}/link"),
    ],
    ids=["a line", "below", "a finder", "a namespace"],
)
def test_a_link_in_the_folder_does_not_lead_elsewhere(files: dict[str, str]) -> None:
    """A build may write into the folder, so also a link to anywhere."""

    def resolve(path: str) -> str:
        return path.replace(f"{FOLDER}/link", "/home/other")

    assert objections(context(files, resolve=resolve))
    assert not objections(context(files, resolve=lambda path: path.replace("/link", "/src")))


def test_a_build_tag_that_wheel_does_not_have_passes() -> None:
    """setuptools writes `0.editable` into the file's name, and no Build into WHEEL."""
    assert objections(context({"demo_proj.pth": FOLDER}, build="0.editable")) == []


@pytest.mark.parametrize(
    ("files", "evidence"),
    [
        ({"x.pth": "/home/dev/other"}, "adds a folder outside of the project"),
        ({"x.pth": "/home/dev/demo proj-evil"}, "adds a folder outside of the project"),
        ({"x.pth": f"{FOLDER}/../other"}, "adds a folder outside of the project"),
        ({"x.pth": "/home/dev"}, "adds a folder outside of the project"),
        ({"x.pth": "sub"}, "adds a folder that is not part of the wheel"),
        ({"x.pth": "import os"}, "runs: import os"),
        ({"x.pth": f"import sys; sys.path.insert(0, '{FOLDER}')"}, "runs: "),
        ({"x.pth": f"{FINDER_LINE}; import os", f"{FINDER_NAME}.py": finder("{}")}, "runs: "),
        ({"x.pth": FINDER_LINE}, "runs a module that is not part of the wheel"),
        ({"x.start": "demo_proj:main"}, "calls: demo_proj:main"),
        ({"sitecustomize.py": ""}, "as sitecustomize"),
        (nspkg("/home/dev/other"), "runs: import sys"),
        (nspkg(FOLDER, "json"), "takes the place of a standard module"),
    ],
)
def test_any_other_line_is_refused(files: dict[str, str], evidence: str) -> None:
    """Also one that is nearly right."""
    found = objections(context(files))
    assert found
    assert all(evidence in line for line in found)


@pytest.mark.parametrize(
    ("source", "evidence"),
    [
        (finder("{'demo_proj': '/home/dev/other'}"), "leads to /home/dev/other, outside of the project"),
        (finder("{}", "{'ns': ['/usr/lib/x']}"), "leads to /usr/lib/x, outside of the project"),
        (finder("{'demo_proj': 'demo_proj'}"), "leads to demo_proj, which is not an absolute path"),
        (finder("dict(demo_proj='/x')"), "has no literals where a known loader has them"),
        (finder("['demo_proj']"), "does not say what it finds"),
        (FINDER.partition("MAPPING")[0], "does not say what it finds"),
        (finder("{}") + "\ninstall()\n", "does more than setuptools' finder does"),
        (finder("{}") + "\nimport os\n", "uses os"),
        (finder("{}") + "\nfrom os import system\n", "uses os.system"),
        (finder("{}") + "\nx = sys.modules\n", "uses modules"),
        (finder("{}") + "\nx = exec('1')\n", "uses exec"),
        (finder("{}") + "\nx = ().__class__\n", "uses __class__"),
        (finder("{") + "\n", "cannot be read as Python"),
        (
            finder(repr({"sitecustomize": f"{FOLDER}/sitecustomize"})),
            "finds sitecustomize, which Python imports at its",
        ),
        (finder(repr({"json.tool": f"{FOLDER}/json"})), "finds json, which is a module of the standard library"),
        (finder(repr({"keyring": f"{FOLDER}/keyring"})), "finds keyring, which Python, pip or safepip look for"),
    ],
)
def test_a_finder_that_is_not_setuptools_is_refused(source: str, evidence: str) -> None:
    """Its literals lead into the folder, and the rest needs nothing but what finds modules."""
    (line,) = objections(context(by_finder(source)))
    assert evidence in line


@pytest.mark.parametrize(
    "more",
    [
        {f"{FINDER_NAME}/__init__.py": ""},
        {f"{FINDER_NAME}.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"},
        {f"__pycache__/{FINDER_NAME}.cpython-311.pyc": b""},
        {f"demo_proj-1.0.data/platlib/{FINDER_NAME}.so": b"\x7fELF"},
    ],
)
def test_a_loader_of_which_there_are_two_forms_is_refused(more: dict[str, str | bytes]) -> None:
    """Python would take the other one."""
    found = objections(context({**by_finder(finder("{}")), **more}))
    assert any("runs a module that the wheel has in several forms" in line for line in found)


def test_a_loader_that_is_too_large_is_not_read() -> None:
    """No backend's has a tenth of that."""
    (line,) = objections(context(by_finder(finder("{}") + "#" * LONGEST)))
    assert "runs a module that is too large to be read" in line


@pytest.mark.parametrize(
    ("files", "evidence"),
    [
        (redirected("F.map_module('x', '/usr/lib/x')"), "leads to /usr/lib/x, outside"),
        (redirected("import os"), "does more than the library editables writes"),
        (redirected("F.map_module('x', '/x', 1)"), "does more than the library editables writes"),
        ({"_x.pth": "import _x", "_x.py": "print(1)\n"}, "is not one of the known loaders"),
        (by_scikit("install({'x': '/usr/lib/x'}, {}, None, False, True, [], [])"), "leads to /usr/lib/x, outside"),
        (by_scikit("install({}, {'x': '../../x.so'}, None, False, True, [], [])"), "leads to ../../x.so"),
        (by_scikit("install({}, {}, '/tmp/build', True, True, [], [])"), "leads to /tmp/build, outside"),
        (by_scikit("install({}, {}, [], [], None, False, True, [], [], '/usr/lib')"), "leads to /usr/lib, outside"),
        (by_scikit("install(*X)"), "has no literals"),
        (by_scikit("install({}, {}, path=None)"), "is called in an unknown way"),
        (by_scikit("install({}, {})"), "does not end as scikit-build-core's loader does"),
        (by_scikit("other()"), "does not end as a known loader does"),
        (by_scikit("install({}, {}, None, False)", source=f"{SKBC}os.system('x')\n"), "runs more than its last call"),
        (by_scikit("install({'json': ''}, {}, None, False)"), "finds json, which is a module of the standard library"),
        (by_meson("'x', {'x'}, '/tmp/build', ['ninja'], False"), "leads to /tmp/build, outside"),
        (by_meson(f"'x', {{'os'}}, '{FOLDER}/build', ['ninja'], False"), "finds os, which is a module of the standard"),
        (by_meson("'x', ['x'], 'build', ['ninja'], False"), "does not say what it finds"),
    ],
)
def test_a_loader_of_another_form_is_refused(files: dict[str, str], evidence: str) -> None:
    """For each backend what is close to its loader."""
    (line,) = objections(context(files))
    assert evidence in line


def test_a_loader_before_all_others_finds_nothing_of_another_project() -> None:
    """Neither of another wheel of the run nor of what is installed; setuptools' comes after them, and may."""
    name, data = build_wheel("popular", "1.0")
    taken = by_meson(f"'x', {{'popular'}}, '{FOLDER}/build', ['ninja'], False")
    (line,) = objections(context(taken, others=[wheel_under_review(name, data)]))
    assert "finds popular, which belongs to popular" in line
    place = f"{SITE}/popular"
    there: dict[str, Any] = {
        "names": lambda folder: ("__init__.py",) if folder == place else (),
        "owner": lambda path: "popular" if path.startswith(place) else None,
    }
    (line,) = objections(context(taken, **there))
    assert "finds popular, which belongs to popular" in line
    assert objections(context(by_finder(finder(repr({"popular": f"{FOLDER}/popular"}))), **there)) == []


def test_loaders_whose_code_is_not_judged_are_told_of() -> None:
    """One line each, and none for the forms that are read as a whole."""
    told = {form: list(notices(context(files))) for form, files in FORMS.items()}
    begin = "demo-proj 1.0 is found by a loader of"
    assert {form: lines for form, lines in told.items() if lines} == {
        "scikit-build-core": [f"{begin} scikit-build-core that runs at every start of Python"],
        "scikit-build-core, in place": [f"{begin} scikit-build-core that runs at every start of Python"],
        "meson-python": [f"{begin} meson-python that runs at every start of Python, and compiles at import"],
    }
    assert list(notices(context(FORMS["meson-python"], folders=()))) == []


def test_reading_a_loader_runs_nothing() -> None:
    """The module of every form is read as text; a name that would fail on import does no harm."""
    source = SKBC + f"raise_at_import = undefined\ninstall({{}}, {{}}, '{FOLDER}', True, False, [], [])\n"
    loader = read_loader("_editable_skbc_demo_proj", source.encode())
    assert (loader.paths, loader.compiles, loader.first) == ((FOLDER,), True, True)
