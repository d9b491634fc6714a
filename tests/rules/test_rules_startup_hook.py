"""`startup-hook`: nothing of a wheel runs by itself, by whatever way it comes, and the known harmless ones may."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.rules.known_hooks import KNOWN, is_known, namespace_of
from safepip.rules.startup_hook import REFERENCE, check
from safepip.wheel.install_paths import Layout
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safepip.rules.under_review import WheelUnderReview

DATA = "demo-1.0.data"
SITE = "lib/python3.11/site-packages"
WINDOWS = Layout(
    {
        "purelib": "C:/env/Lib/site-packages",
        "platlib": "C:/env/Lib/site-packages",
        "scripts": "C:/env/Scripts",
        "data": "C:/env",
        "headers": "C:/env/include/site/python3.11",
    },
    frozenset({"C:/env", "C:/env/Lib/site-packages"}),
    windows=True,
)
DEBIAN = LAYOUT._replace(
    schemes={
        "purelib": "/usr/local/lib/python3.11/dist-packages",
        "platlib": "/usr/local/lib/python3.11/dist-packages",
        "scripts": "/usr/local/bin",
        "data": "/usr/local",
        "headers": "/usr/include/python3.11",
    },
    site_folders=frozenset({"/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages"}),
    search_path=frozenset({"/usr/lib/python3.11", "/usr/local/share/plugins"}),
)

SETUPTOOLS = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim(); \n"
)
COVERAGE = (
    'import sys; exec(\'import os\\n\\nif os.getenv("COVERAGE_PROCESS_START") or '
    'os.getenv("COVERAGE_PROCESS_CONFIG"):\\n try:\\n  import coverage\\n except:\\n  pass\\n else:\\n'
    '  coverage.process_startup(slug="pth")\')\n'
)
PYWIN32 = (
    "# .pth file for the PyWin32 extensions\nwin32\nwin32\\lib\nPythonwin\n# And some hackery to deal with "
    "environments where the post_install script\n# isn't run.\nimport pywin32_bootstrap\n"
)

_P = "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('google',));"
_MP = "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
_SPEC = "importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('google', [os.path.dirname(p)])));"
_HEAD = "import sys, types, os;"
_MFS = (
    f"{_HEAD}has_mfs = sys.version_info > (3, 5);{_P}importlib = has_mfs and __import__('importlib.util');"
    f"has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('google', {_SPEC}"
)
_NEW = "sys.modules.setdefault('google', types.ModuleType('google'));"
_ALWAYS = f"{_HEAD}{_P}importlib = __import__('importlib.util');__import__('importlib.machinery');m = "
#: As real wheels have them: protobuf 3.0.0, a wheel of setuptools 33, google-auth 1.6.3, a wheel of setuptools 75.
NAMESPACES = (
    f"{_HEAD}{_P}ie = os.path.exists(os.path.join(p,'__init__.py'));m = not ie and {_NEW}{_MP}",
    f"{_MFS}m = m or not has_mfs and {_NEW}{_MP}",
    f"{_MFS}m = m or {_NEW}{_MP}",
    f"{_ALWAYS}sys.modules.setdefault('google', {_SPEC}m = m or {_NEW}{_MP}",
)
#: The third line of google-cloud-storage 1.28.1.
BELOW = (
    NAMESPACES[2]
    .replace("('google',)", "('google', 'cloud')")
    .replace("'google')", "'google.cloud')")
    .replace("setdefault('google',", "setdefault('google.cloud',")
    .replace("find_spec('google',", "find_spec('google.cloud',")
    + ";m and setattr(sys.modules['google'], 'cloud', m)"
)


def wheel(files: Mapping[str, str | bytes], layout: Layout = LAYOUT, name: str = "demo") -> WheelUnderReview:
    """A wheel with these files."""
    return wheel_under_review(*build_wheel(name, "1.0", files=files), layout=layout)


def refused(files: Mapping[str, str | bytes], layout: Layout = LAYOUT, name: str = "demo") -> tuple[str, ...]:
    """The evidence against a wheel, the line that names it left out."""
    reviewed = wheel(files, layout, name)
    return judged(reviewed, reviewed, layout=layout)


def judged(reviewed: WheelUnderReview, *others: WheelUnderReview, layout: Layout = LAYOUT) -> tuple[str, ...]:
    """The evidence against a wheel among others, by a target whose standard library has `json` and `site`."""
    finding = check(reviewed, context_of(*others, layout=layout, standard_library=frozenset({"json", "site"})))
    assert finding is None or finding.reference == REFERENCE
    return finding.context[1:] if finding else ()


# --- .pth and .start ------------------------------------------------------------------------------------------------

ROUTES = (
    "{}",
    DATA + "/purelib/{}",
    DATA + "/platlib/{}",
    DATA + "/data/" + SITE + "/{}",
    DATA + "/data/lib64/python3.9/site-packages/{}",
    DATA + "/data/lib/python3/dist-packages/{}",
    DATA + "/data/Lib/site-packages/{}",
    DATA + "/headers/site-packages/{}",
    DATA + "/stdlib/{}",
    "x.data/purelib/{}",
    "demo/vendored/site-packages/{}",
)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", ["demo.pth", ".hidden.pth", ".pth", "DEMO.PTH", "demo.start", "demo.Start"])
def test_a_file_that_runs_something_is_refused_by_every_route(route: str, name: str) -> None:
    """The evidence is the line that would run."""
    line = "import demo_marker" if name.lower().endswith("pth") else "demo.marker:main"
    (stated,) = refused({route.format(name): f"# note\n{line}\n"})
    assert stated.endswith(f": {line}")
    assert route.format(name) in stated


def test_what_lies_beside_the_site_folders_is_no_start_up_file() -> None:
    """Weights of a neural network, tests, and a file in a package are read by nobody at the start."""
    assert not refused(
        {
            "demo/weights/alex.pth": b"\x80\x02\x8a\nimport x\n",
            "demo/hook.pth": "import x\n",
            f"{DATA}/data/share/demo/x.pth": "import x\n",
            f"{DATA}/scripts/x.pth": "import x\n",
        }
    )


def test_on_windows_the_environments_own_folder_is_a_site_folder() -> None:
    """There data arrives where `.pth` files are looked for."""
    assert refused({f"{DATA}/data/x.pth": "import x\n"}, WINDOWS)
    assert not refused({f"{DATA}/data/x.pth": "import x\n"})


def test_a_start_file_is_refused_even_where_it_calls_nothing() -> None:
    """Its being there makes Python 3.15 pass over the import lines of the `.pth` of its name."""
    assert refused({"demo.start": ""})


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("/opt/elsewhere\n", "adds an absolute path"),
        ("C:\\elsewhere\n", "adds an absolute path"),
        ("\\\\server\\share\n", "adds an absolute path"),
        ("../up\n", "leads out"),
        ("demo/../../up\n", "leads out"),
        ("demo\\..\\..\\up\n", "leads out"),
        ("dem\u202eo\n", "invisible"),
        ("somebody_else\n", "not part of the wheel"),
        ("demo/library.zip\n", "archive"),
    ],
)
def test_a_path_that_is_not_the_wheels_own_folder_is_refused(text: str, stated: str) -> None:
    """Whoever fills that folder later would be imported from."""
    (line,) = refused({"demo.pth": text, "demo/library.zip": b"PK"})
    assert stated in line


@pytest.mark.parametrize("metadata", ["victim-99.0.dist-info/METADATA", "Victim.EGG-INFO", "victim.egg-link"])
def test_a_path_to_a_folder_with_metadata_is_refused(metadata: str) -> None:
    """pip and importlib.metadata would take it for an installed distribution."""
    (line,) = refused({"demo.pth": "demo/lib\n", f"demo/lib/{metadata}": "x"})
    assert "would count as installed" in line
    assert not refused({"demo.pth": "demo/lib\n", f"demo/lib/deep/{metadata}": "x"})


def test_a_path_to_a_folder_of_the_wheel_is_let_through() -> None:
    """As pywin32 has it, with the separators of either system."""
    files = {"demo.pth": "# folders\n\ndemo\ndemo\\lib\n./demo/lib\n.\n", "demo/lib/x.py": ""}
    assert not refused(files)
    assert not refused(files, WINDOWS)


# --- what is imported at every start --------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "name",
    [
        "{}.py",
        "{}.pyc",
        "{}.pyd",
        "{}.abi3.so",
        "{}.cpython-311-x86_64-linux-gnu.so",
        "{}/__init__.py",
        "{}/__init__.abi3.so",
        "__pycache__/{}.cpython-311.pyc",
    ],
)
@pytest.mark.parametrize(
    "module",
    [
        "sitecustomize",
        "usercustomize",
        "SiteCustomize",
        "_virtualenv",
        "apport_python_hook",
        "_distutils_hack",
        "_manylinux",
    ],
)
def test_a_module_that_python_imports_by_itself_is_refused_by_every_route(route: str, name: str, module: str) -> None:
    """As source, as compiled file, as extension and as package."""
    path = route.format(name.format(module))
    (stated,) = refused({path: b""})
    assert path in stated


def test_the_module_of_a_known_hook_is_brought_by_its_project_alone() -> None:
    """The hook may lie in the system's folder, which is searched after the one that the wheel goes to."""
    files = {"_distutils_hack/__init__.py": ""}
    assert not refused(files, name="setuptools")
    assert refused(files)


def test_such_a_name_elsewhere_is_an_ordinary_name() -> None:
    """debugpy and ddtrace carry one inside a package, and put it on the path only when they are asked to."""
    assert not refused(
        {
            "demo/bootstrap/sitecustomize.py": "",
            "demo/sitecustomize/__init__.py": "",
            "demo/create/_virtualenv.py": "",
            "sitecustomize_demo.py": "",
            "sitecustomize.libs/libdemo.so": b"",
            "my_usercustomize/__init__.py": "",
            f"{DATA}/data/share/sitecustomize.py": "",
            f"{DATA}/scripts/sitecustomize.py": "",
        }
    )


def test_a_folder_that_a_wheel_of_the_run_adds_is_imported_from() -> None:
    """One wheel adds the folder, another one fills it."""
    files = {"demo.pth": "demo/start\n", "demo/start/sitecustomize.py": ""}
    assert refused(files)
    one, other = wheel({"demo.pth": "demo/start\n", "demo/start/x.py": ""}), wheel({"demo/start/usercustomize.py": ""})
    assert not judged(one, one, other)
    assert judged(other, one, other)
    assert not judged(other, other)


def test_a_wheel_may_add_as_many_folders_as_it_has_files() -> None:
    """Each line costs a look at few of the files: with a look at all, this takes half a minute of the CPU."""
    folders = [f"f{number}" for number in range(12_000)]
    files: dict[str, str | bytes] = {f"{folder}/x": "" for folder in folders}
    reviewed = wheel({**files, "demo.pth": "\n".join(folders)})
    context = context_of(reviewed)
    before = time.process_time()
    assert check(reviewed, context) is None
    assert time.process_time() - before < 5


def test_what_is_on_the_search_path_is_imported_from() -> None:
    """A distributor's folders, and those that installed `.pth` files have added."""
    assert refused({f"{DATA}/data/share/plugins/sitecustomize.py": ""}, DEBIAN)
    assert refused({f"{DATA}/data/lib/python3.11/dist-packages/x.pth": "import x"}, DEBIAN)
    assert not refused({f"{DATA}/data/share/plugins/x.pth": "import x"}, DEBIAN)


# --- known hooks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "name", "text"),
    [
        ("setuptools", "distutils-precedence.pth", SETUPTOOLS),
        ("setuptools", "distutils-precedence.pth", SETUPTOOLS.replace("var, 'local'", "var, 'stdlib'")),
        ("coverage", "a1_coverage.pth", COVERAGE),
        ("pywin32", "pywin32.pth", PYWIN32),
        ("pywin32", "pywin32.pth", PYWIN32.replace("\n", "\r\n")),
        ("cmeel", "cmeel.pth", "import cmeel_pth\n"),
        ("cmeel", "cmeel.pth", "import cmeel.pth\n"),
    ],
)
def test_a_known_hook_is_harmless_in_its_project_under_its_name_to_the_byte(project: str, name: str, text: str) -> None:
    """In any other project, under any other name and with any other byte it is a hook like all others."""
    folders = {f"{folder}/x.py": "" for folder in ("win32", "win32/lib", "Pythonwin")}
    assert not refused({name: text, **folders}, name=project)
    assert not refused({f"{project}-1.0.data/purelib/{name}": text, **folders}, name=project)
    assert refused({name: text, **folders})
    assert refused({f"x{name}": text, **folders}, name=project)
    assert refused({name: text + "\n", **folders}, name=project)
    assert refused({name: text + "import x\n", **folders}, name=project)


def test_folders_that_a_known_hook_adds_are_imported_from() -> None:
    """The hook is harmless; what somebody puts into its folders need not be."""
    pywin32 = wheel({"pywin32.pth": PYWIN32, "win32/x.py": ""}, name="pywin32")
    other = wheel({"win32/lib/sitecustomize.py": ""})
    assert judged(other, pywin32, other)


def test_known_hooks_are_digests_of_named_files_of_named_projects() -> None:
    """A misspelt digest would never match, and a name in another form neither."""
    for (project, name), digests in KNOWN.items():
        assert project == project.lower().replace("_", "-")
        assert name.endswith(".pth")
        assert all(len(digest) == 64 and int(digest, 16) for digest in digests)
    assert not is_known("setuptools", "distutils-precedence.pth", b"")


@pytest.mark.parametrize("line", NAMESPACES)
def test_setuptools_line_for_a_namespace_package_is_harmless(line: str) -> None:
    """In each of the forms that setuptools wrote."""
    assert namespace_of(line) == ("google",)
    assert not refused({"demo-1.0-py3.9-nspkg.pth": f"{line}\n", "google/demo/x.py": ""})
    assert refused({"demo.pth": f"{line}\n", "google/demo/x.py": ""})


def test_a_namespace_below_another_one_is_harmless_as_well() -> None:
    """As Google's and zope's old wheels have them: a line for each."""
    assert namespace_of(BELOW) == ("google", "cloud")
    text = f"{NAMESPACES[2]}\n{NAMESPACES[2]}\n{BELOW}\n"
    digest = "6f40f9759937454ccae78b59f62643bcb9bbbbc96d73913362b1829a1b2ea0dc"
    assert hashlib.sha256(text.encode()).hexdigest() == digest, "not the file of google-cloud-storage 1.28.1"
    assert not refused({"demo-1.0-py3.9-nspkg.pth": text, "google/cloud/demo.py": ""})


@settings(max_examples=200)
@given(
    st.integers(0, len(NAMESPACES) - 1), st.integers(0, 700), st.sampled_from([*";'()=. ,", "x", "\\", "import os;"])
)
def test_a_line_for_a_namespace_with_one_change_is_refused(form: int, place: int, more: str) -> None:
    """There is no room in it for anything else; at most the package has another name."""
    line = NAMESPACES[form]
    changed = line[:place] + more + line[place:]
    if namespace_of(changed) is not None:
        assert namespace_of(changed) != ("google",)
    else:
        assert refused({"demo-1.0-nspkg.pth": f"{changed}\n", "google/demo/x.py": ""}) or not changed.startswith(
            "import"
        )


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("json", "standard module"),
        ("site", "standard module"),
        ("sitecustomize", "standard module"),
        ("__main__", "standard module"),
        ("requests", "not part of the wheel"),
    ],
)
def test_a_namespace_takes_nobodys_place(name: str, stated: str) -> None:
    """A name in `sys.modules` is not looked for any more; so a standard module would be empty, or not run at all."""
    files = {} if name == "requests" else {f"{name}/x.txt": ""}
    lines = refused({"demo-1.0-nspkg.pth": NAMESPACES[2].replace("google", name) + "\n", **files})
    assert any(stated in line for line in lines)


@pytest.mark.parametrize("name", ["google.abi3.so", "google.cpython-311-x86_64-linux-gnu.so", "google/__init__.so"])
def test_an_extension_of_a_namespaces_name_is_loaded_and_so_refused(name: str) -> None:
    """The line only makes the module, but to make one of an extension is to load it; whichever wheel brings it."""
    files = {"demo-1.0-nspkg.pth": f"{NAMESPACES[3]}\n", "google/demo/x.py": ""}
    assert refused({**files, name: b""})
    one, other = wheel(files), wheel({name: b""}, name="other")
    assert judged(one, one, other)
    assert not judged(one, one)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("", "google.abi3.so"), ("", "Google.cpython-311-x86_64-linux-gnu.so"), ("/google", "__init__.so")],
)
def test_an_extension_of_a_namespaces_name_that_is_installed_is_loaded_as_well(folder: str, name: str) -> None:
    """Else two installations would bring what is refused to one."""
    reviewed = wheel({"demo-1.0-nspkg.pth": f"{NAMESPACES[3]}\n", "google/demo/x.py": ""})
    site = LAYOUT.schemes["purelib"]
    there = {f"{site}{folder}": (name,)}
    context = context_of(reviewed, names=lambda asked: there.get(asked, ()))
    finding = check(reviewed, context)
    assert finding is not None
    assert "loads an extension that is installed" in finding.context[1]
    assert check(reviewed, context_of(reviewed, names=lambda _: ("google.txt", "googles.so", "demo.abi3.so"))) is None


def test_python_runs_nothing_of_a_namespaces_package_because_of_the_line(tmp_path: Path) -> None:
    """Held against Python itself: the module is there, its `__init__` has not run, and the folder is on its path."""
    (tmp_path / "google").mkdir()
    (tmp_path / "google" / "__init__.py").write_text("import sys\nsys.ran = True\n")
    (tmp_path / "x-nspkg.pth").write_text(f"{NAMESPACES[3]}\n")
    code = (
        "import site, sys; site.addsitedir(sys.argv[1])\n"
        "assert sys.argv[1] in sys.modules['google'].__path__[0]; print(hasattr(sys, 'ran'))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
