"""Where a wheel's files land is where pip puts them: held against pip's own schemes and against real installations."""

from __future__ import annotations

import json
import ntpath
import os
import posixpath
import subprocess
import sys
import unicodedata
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.edges.programs.probe import facts
from safepip.edges.target.interpreter import probe
from safepip.model.plan import Settings, Target, installs_for_user
from safepip.wheel.install_paths import Layout, install_paths_of, is_plain, key_of, layout_of, root_is_purelib
from support.clearing import LAYOUT, content_of
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.environment import Environment, Runner

WINDOWS = Layout(
    {
        "purelib": "C:/env/Lib/site-packages",
        "platlib": "C:/env/Lib/site-packages",
        "scripts": "C:/env/Scripts",
        "data": "C:/env",
        "headers": "C:/env/include/site/python3.12",
    },
    frozenset({"C:/env/Lib/site-packages"}),
    windows=True,
    python="3.12",
)

WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {}\nTag: py3-none-any\n"

#: Every way by which a file of a wheel gets somewhere.
EVERYWHERE: Mapping[str, str] = {
    "probe_top.py": "",
    "probe_package/data/table.csv": "",
    "Probe-1.data/purelib/by_purelib.py": "",
    "Probe-1.data/platlib/deep/by_platlib.py": "",
    "Probe-1.data/scripts/plain-script": "#!python\n",
    "Probe-1.data/scripts/probe-run": "a wrapper of an old generator, left out by pip",
    "Probe-1.data/scripts/probe-run-script.py": "the same",
    "Probe-1.data/scripts/probe-run.exe": "the same",
    "Probe-1.data/scripts/sub/probe-run.pya": "the same",
    "Probe-1.data/scripts/sub/kept.pya": "no wrapper of anything",
    "Probe-1.data/headers/probe/probe.h": "",
    "Probe-1.data/data/lib/libz3.so": "",
    "Probe-1.data/data/share/man/man1/probe.1": "",
    "other.data/data/etc/of-another-name.conf": "",
    "probe-1.dist-info/entry_points.txt": (
        "[console_scripts]\nprobe-run = probe:main\nprobe.py=probe : a.b [x]\n"
        "[gui_scripts]\nprobe-window = probe:main\n[other]\nno-script = probe:main\n"
    ).replace(" : a.b [x]", ":a.b [x]"),
}


def wheel(files: Mapping[str, str], purelib: str = "true", name: str = "probe") -> tuple[str, bytes]:
    """A wheel with these files; `purelib` is what WHEEL says of its root."""
    return build_wheel(name, "1", files={f"{name}-1.dist-info/WHEEL": WHEEL.format(purelib), **files})


def landed(files: Mapping[str, str], layout: Layout = LAYOUT, **more: Any) -> dict[str, str]:
    """For each file of the wheel, or script, where it lands."""
    filename, data = wheel(files, **more)
    found = install_paths_of(content_of(filename, data), layout)
    return {
        install_path.entry.path if install_path.entry else install_path.entry_point: install_path.path
        for install_path in found
    }


# --- against real installations -------------------------------------------------------------------------------------


def written(folder: Path, before: frozenset[str] = frozenset()) -> frozenset[str]:
    """The files below a folder but those that an installer makes of its own accord."""
    found = {path.as_posix() for path in folder.rglob("*") if not path.is_dir()} - before
    own = ("INSTALLER", "REQUESTED", "direct_url.json")
    return frozenset(
        path for path in found if not path.endswith(".pyc") and not (".dist-info/" in path and path.endswith(own))
    )


def install(runner: Runner, target: Environment, folder: Path, built: tuple[str, bytes], *options: str) -> set[str]:
    """What pip writes below `folder`."""
    file = runner.folder / built[0]
    file.write_bytes(built[1])
    before = written(folder)
    where = ["--python", str(target.python), "install", "--no-index", "--no-deps", *options]
    done = runner.pip(*where, file)
    assert done.returncode == 0, done.stderr
    return set(written(folder, before))


@pytest.mark.parametrize(
    ("option", "purelib"),
    [("", "true"), ("", "FALSE"), ("target_dir", "FALSE"), ("prefix_dir", "true"), ("root_dir", "FALSE")],
)
def test_pip_writes_the_files_that_land_and_no_others(
    runner: Runner, target: Environment, tmp_path: Path, option: str, purelib: str
) -> None:
    """For each option that moves an installation, and for each way to a scheme."""
    built = wheel(EVERYWHERE, purelib=purelib)
    elsewhere = tmp_path / "elsewhere"
    chosen = Settings(**{option: str(elsewhere)}) if option else Settings()  # type: ignore[arg-type]
    words = [f"--{option.removesuffix('_dir')}", str(elsewhere)] if option else []
    layout = layout_of(chosen, probe(str(target.python), chosen, runner.environment()))
    expected = {install_path.path for install_path in install_paths_of(content_of(*built), layout)}
    lost = {f"{elsewhere.as_posix()}/lib/libz3.so"} if option == "target_dir" else set()
    # Of the folder `lib`, in which its own libraries lie, pip forgets everything else when it moves a --target.
    assert install(runner, target, elsewhere if option else target.folder, built, *words) == expected - lost
    assert not lost - expected


def test_pip_and_setuptools_get_the_names_of_the_python_they_are_installed_for(
    runner: Runner, target: Environment
) -> None:
    """Versioned names in the wheel are those of the Python that built it, so pip makes its own."""
    text = (
        "[console_scripts]\npip = p:m\npip2 = p:m\npip3.5 = p:m\npip-like = p:m\npip3.5.1 = p:m\n"
        "easy_install = p:m\neasy_install-3.5 = p:m\neasy_install3 = p:m\n[gui_scripts]\npip9 = p:m\n"
    )
    built = wheel({"probe-1.dist-info/entry_points.txt": text})
    layout = layout_of(Settings(), probe(str(target.python), environ=runner.environment()))
    expected = {install_path.path for install_path in install_paths_of(content_of(*built), layout)}
    assert install(runner, target, target.folder, built) == expected
    made = {Path(path).name for path in expected}
    version = "{}.{}".format(*sys.version_info[:2])
    assert {"pip", "pip3", f"pip{version}", f"easy_install-{version}", "easy_install3", "pip9"} <= made
    assert not made & {"pip2", "pip3.5", "easy_install-3.5"}


def test_only_wrappers_among_the_scripts_are_left_out() -> None:
    """A file of that name by another scheme is a file."""
    text = "[console_scripts]\nrun = p:m\npip = p:m\npip2 = p:m\n"
    found = landed(
        {
            "probe-1.dist-info/entry_points.txt": text,
            "Probe-1.data/data/bin/run": "x",
            "Probe-1.data/headers/run": "x",
            "Probe-1.data/scripts/run": "x",
            "Probe-1.data/scripts/pip2": "x",
        },
        LAYOUT._replace(python="3.11"),
    )
    assert found.keys() >= {"Probe-1.data/data/bin/run", "Probe-1.data/headers/run", "run", "pip", "pip3", "pip3.11"}
    assert not found.keys() & {"Probe-1.data/scripts/run", "Probe-1.data/scripts/pip2", "pip2"}


def test_versioned_names_stay_where_the_plain_name_is_none_of_the_scripts() -> None:
    """pip replaces them only beside `pip` itself."""
    text = "[console_scripts]\npip3.5 = p:m\n[gui_scripts]\npip = p:m\n"
    found = landed({"probe-1.dist-info/entry_points.txt": text})
    assert {"pip3.5": "/env/bin/pip3.5", "pip": "/env/bin/pip"}.items() <= found.items()


# --- against pip's own schemes --------------------------------------------------------------------------------------

_PIP_SCHEMES = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pip._internal.locations import get_scheme
from pip._internal.commands.install import decide_user_install
answers = []
for asked in json.loads(sys.argv[2]):
    user = decide_user_install(asked["user"], asked["prefix"], asked["home"], asked["root"], True)
    scheme = get_scheme("name", user, asked["home"], asked["root"], True, asked["prefix"])
    answers.append([user, {key: getattr(scheme, key) for key in ("purelib", "platlib", "scripts", "data", "headers")}])
print(json.dumps(answers))
"""


def pip_schemes(
    python: str, asked: Sequence[Mapping[str, Any]], environ: Mapping[str, str]
) -> list[tuple[bool, dict[str, str]]]:
    """What pip itself, run by `python`, takes for its folders each time; and whether it installs for the user."""
    import pip

    home = os.path.dirname(os.path.dirname(pip.__file__))
    done = subprocess.run(
        [python, "-c", _PIP_SCHEMES, home, json.dumps(asked)], capture_output=True, text=True, env=dict(environ)
    )
    assert done.returncode == 0, done.stderr
    return [
        (user, {name: os.path.normpath(folder) for name, folder in schemes.items()})
        for user, schemes in json.loads(done.stdout)
    ]


def pythons() -> list[str]:
    """Interpreters that start, of this machine, with `system` for the one that a distributor has changed."""
    found = [sys.executable, os.path.realpath(sys.executable), "/usr/bin/python3"]
    return [python for python in dict.fromkeys(found) if os.access(python, os.X_OK)]


#: What is asked of both, on each Python.
ASKED: tuple[Mapping[str, Any], ...] = (
    {},
    {"prefix_dir": "/some/prefix"},
    {"root_dir": "/some/root"},
    {"root_dir": "/some/root", "prefix_dir": "/some/prefix"},
    {"user": True},
    {"user": False},
    {"user": True, "root_dir": "/some/root"},
)


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
@pytest.mark.parametrize("python", pythons())
def test_the_schemes_are_pips_own(python: str, runner: Runner) -> None:
    """In a virtual environment, in the Python it was made of, and in the one of the operating system."""
    environ = runner.environment()
    found = [(asked, Settings(**asked)) for asked in ASKED]
    targets = [(asked, chosen, probe(python, chosen, environ)) for asked, chosen in found]
    # Where a Python knows no user's folder, pip refuses to install there.
    targets = [it for it in targets if not (it[0].get("user") and it[2].user_site is None)]
    reported = [
        {"user": chosen.user, "prefix": chosen.prefix_dir, "root": chosen.root_dir, "home": None}
        for _, chosen, _ in targets
    ]
    for (asked, chosen, target), (user, expected) in zip(targets, pip_schemes(python, reported, environ), strict=True):
        layout = layout_of(chosen, target)
        assert installs_for_user(chosen, target) is user
        assert {**layout.schemes, "headers": layout.schemes["headers"] + "/name"} == expected, asked


def test_a_target_is_filled_from_pips_home_scheme(runner: Runner) -> None:
    """What pip moves from the temporary folder is what the layout says is moved."""
    environ = runner.environment()
    chosen = Settings(target_dir="/some/target")
    layout = layout_of(chosen, probe(sys.executable, chosen, environ))
    asked = {"user": None, "prefix": None, "root": None, "home": "/some/target"}
    ((_, home),) = pip_schemes(sys.executable, [asked], environ)
    assert {old for old, _ in layout.moved} == {home["purelib"], home["platlib"]}
    assert {new for _, new in layout.moved} == {"/some/target"}
    assert (layout.schemes["scripts"], layout.schemes["data"]) == (home["scripts"], home["data"])
    assert layout.schemes["headers"] + "/name" == home["headers"]


# --- by themselves --------------------------------------------------------------------------------------------------

PLAIN = Target(
    "/usr/bin/python3",
    "3.12.1",
    {"os_name": "posix", "python_version": "3.12"},
    (),
    user_site="/home/me/.local/lib/python3.12/site-packages",
    prefix="/usr",
    schemes={
        "purelib": "/usr/local/lib/python3.12/dist-packages",
        "platlib": "/usr/local/lib/python3.12/dist-packages",
        "scripts": "/usr/local/bin",
        "data": "/usr/local",
        "include": "/usr/include/python3.12",
        "stdlib": "/usr/lib/python3.12",
    },
    user_schemes={
        "purelib": "/home/me/.local/lib/python3.12/site-packages",
        "platlib": "/home/me/.local/lib/python3.12/site-packages",
        "scripts": "/home/me/.local/bin",
        "data": "/home/me/.local",
        "include": "/home/me/.local/include/python3.12",
    },
    site_folders=("/usr/local/lib/python3.12/dist-packages", "/usr/lib/python3/dist-packages"),
)


def test_what_may_not_be_written_to_is_left_for_the_users_own_folder() -> None:
    """pip decides so where it is not told; a folder that is named is taken all the same."""
    closed = PLAIN._replace(writable=False)
    assert layout_of(Settings(), closed).schemes["data"] == "/home/me/.local"
    assert layout_of(Settings(), PLAIN).schemes["data"] == "/usr/local"
    assert layout_of(Settings(user=False), closed).schemes["data"] == "/usr/local"
    assert layout_of(Settings(), closed._replace(user_site=None)).schemes["data"] == "/usr/local"
    assert not installs_for_user(Settings(prefix_dir="/p"), closed)
    assert not installs_for_user(Settings(target_dir="/t"), closed)


def test_a_python_whose_distributor_prefers_distutils_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is installed rather than judged by the wrong folders."""
    restriction: dict[str, Any] = {"platforms": [], "version": None, "implementation": None, "abis": []}
    places = {"target": None, "prefix": None, "root": None}
    assert not facts(restriction, places)["distutils"]
    monkeypatch.setattr("sysconfig._PIP_USE_SYSCONFIG", False, raising=False)
    assert facts(restriction, places)["distutils"]


def test_the_folders_of_a_python_are_those_of_its_site_module(target: Environment, runner: Runner) -> None:
    """Its own site-packages, the user's where they are on, and what its distributor adds; and where it imports from."""
    found = probe(str(target.python), environ=runner.environment())
    layout = layout_of(Settings(), found)
    assert target.site_packages.as_posix() in layout.site_folders
    # Debian's Python looks into folders of its own as well.
    assert all(folder.startswith(f"{target.folder.as_posix()}/") for folder in layout.site_folders)
    assert {folder.rpartition("/")[2] for folder in layout.site_folders} <= {"site-packages", "dist-packages"}
    assert layout.schemes["purelib"] in layout.search_path
    assert Path(json.__file__).parent.parent.as_posix() in layout.libraries & layout.search_path
    assert layout.prefix == target.folder.as_posix()
    base = probe(os.path.realpath(target.python), environ=runner.environment())
    assert layout.base_prefix == base.prefix == base.base_prefix
    assert base.user_site is not None
    assert Path(base.user_site).as_posix() in layout_of(Settings(), base).site_folders


def test_where_it_cannot_be_said_what_pip_takes_there_is_no_scheme() -> None:
    """distutils in sysconfig's place, a root beneath a --target, a scheme that the target lacks."""
    assert not layout_of(Settings(), PLAIN._replace(distutils=True)).schemes
    named = PLAIN._replace(named_schemes=PLAIN.schemes)
    assert layout_of(Settings(target_dir="/t"), named).schemes
    assert not layout_of(Settings(target_dir="/t", root_dir="/r"), named).schemes
    assert not layout_of(Settings(target_dir="/t", prefix_dir="/p"), named).schemes
    assert not layout_of(Settings(user=True), PLAIN._replace(user_schemes={})).schemes
    layout = layout_of(Settings(), PLAIN._replace(distutils=True))
    assert {install_path.path for install_path in install_paths_of(content_of(*wheel({"a.py": ""})), layout)} == {""}


def test_every_folder_in_which_start_up_files_are_looked_for_is_a_site_folder() -> None:
    """Those of the target, the same below a --root, and the one that is installed into."""
    assert layout_of(Settings(root_dir="/r"), PLAIN).site_folders == {
        "/usr/local/lib/python3.12/dist-packages",
        "/usr/lib/python3/dist-packages",
        "/r/usr/local/lib/python3.12/dist-packages",
        "/r/usr/lib/python3/dist-packages",
    }
    assert layout_of(Settings(root_dir="/r"), PLAIN).libraries == {"/usr/lib/python3.12", "/r/usr/lib/python3.12"}


def test_windows_has_its_own_paths_and_launchers() -> None:
    """A script is an .exe there, in place of an ending of Python's."""
    found = landed(EVERYWHERE, WINDOWS)
    assert found["probe-run.exe"] == "C:/env/Scripts/probe-run.exe"
    assert found["probe.exe"] == "C:/env/Scripts/probe.exe"
    assert found["Probe-1.data/data/lib/libz3.so"] == "C:/env/lib/libz3.so"
    assert found["Probe-1.data/headers/probe/probe.h"] == "C:/env/include/site/python3.12/probe/probe/probe.h"
    assert "Probe-1.data/scripts/probe-run-script.py" not in found
    raw = {key: value.replace("/", "\\") for key, value in WINDOWS.schemes.items() if key != "headers"}
    target = PLAIN._replace(
        markers={"os_name": "nt", "python_version": "3.12"},
        prefix="C:\\env",
        virtualenv=True,
        schemes={**raw, "include": "C:\\Python312\\Include"},
        site_folders=("C:\\env", "C:\\env\\lib\\site-packages"),
    )
    layout = layout_of(Settings(), target)
    assert layout.schemes == WINDOWS.schemes
    assert layout.site_folders >= WINDOWS.site_folders
    assert layout_of(Settings(root_dir="D:\\r"), target).schemes["scripts"] == "D:/r/env/Scripts"


def test_a_path_that_leads_out_is_given_as_it_leads() -> None:
    """The rules have to see where; an unknown scheme has no place at all."""
    found = landed(
        {
            "Probe-1.data/data/../../etc/passwd": "",
            "../up.py": "",
            "Probe-1.data/cake/x": "",
            "Probe-1.data/directly": "",
            "probe-1.dist-info/entry_points.txt": "[console_scripts]\n../../../x = p:m\n/abs = p:m\n",
        }
    )
    assert found["../up.py"] == "/env/lib/python3.11/up.py"
    assert (found["../../../x"], found["/abs"]) == ("/x", "/abs")
    assert found["Probe-1.data/cake/x"] == found["Probe-1.data/directly"] == ""
    # pip reads the scheme after it has taken the dots away.
    assert found["Probe-1.data/data/../../etc/passwd"] == ""
    backslash = landed({"probe-1.dist-info/entry_points.txt": "[console_scripts]\n..\\..\\x = p:m\n"}, WINDOWS)
    assert backslash["..\\..\\x.exe"] == "C:/x.exe"


@given(st.text(max_size=8))
@example("ΑΣ")
@example("ﬃ")
def test_a_key_does_not_depend_on_case_or_on_the_form_of_unicode(text: str) -> None:
    """A file system that ignores either takes such names for one."""
    for form in ("NFC", "NFD"):
        assert key_of(unicodedata.normalize(form, text)) == key_of(text)
    assert key_of(text.swapcase().swapcase()) == key_of(text.swapcase().swapcase().casefold())
    assert key_of(key_of(text)) == key_of(text)


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                "Root-Is-Purelib: true",
                "root-is-purelib:TRUE",
                "Root-Is-Purelib: false",
                "Root-Is-Purelib:  true ",
                "Root-Is-Purelib : true",
                "",
                " ",
                "Tag: py3-none-any",
                " continued",
                "no header",
                "Root-Is-Purelib:",
                "Root-Is-Purelib:\ttrue",
                "From me",
                "Wheel-Version: 1.0",
                "Root-Is-Purelib: tr\x0bue",
                ": x",
            ]
        ),
        max_size=5,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_the_root_is_purelib_where_pip_thinks_so(lines: list[str], end: str) -> None:
    """pip reads WHEEL with the email parser and takes the first field of that name."""
    text = end.join(["Wheel-Version: 1.0", *lines, ""])
    expected = Parser().parsestr(text).get("Root-Is-Purelib", "").lower() == "true"
    assert root_is_purelib(text.encode()) is expected


@given(st.text(alphabet="ab./\\:", max_size=8))
def test_a_plain_path_is_what_its_normal_form_is(path: str) -> None:
    """Joined to a folder and put into normal form, it would be the same; whatever leads elsewhere is not plain."""
    if is_plain(path):
        assert posixpath.normpath(posixpath.join("/site", path)) == f"/site/{path}"
        assert ntpath.normpath(ntpath.join("C:/site", path)) == f"C:/site/{path}".replace("/", "\\")
    else:
        assert not path or set(path) & set("./\\:")
