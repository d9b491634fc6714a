"""`outside-target`: what lands where no wheel may put files is refused, and what real wheels do is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.model.errors import Refused
from safepip.model.exemption import Exemption
from safepip.model.origin import BUILT_IN
from safepip.model.plan import Settings, Target
from safepip.rules.judging import judge
from safepip.rules.outside_target import REFERENCE, check_paths, check_places
from safepip.wheel.install_paths import Layout, key_of, layout_of
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.rules.under_review import WheelUnderReview

POSIX = LAYOUT._replace(libraries=frozenset({"/usr/lib/python3.11"}), prefix="/env", base_prefix="/usr", python="3.11")
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
    libraries=frozenset({"C:/Python311/Lib"}),
    prefix="C:/env",
    base_prefix="C:/Python311",
    python="3.11",
)
#: `--target /t`: modules, data and everything else in one folder.
TARGET = Layout(
    {"purelib": "/t", "platlib": "/t", "scripts": "/t/bin", "data": "/t", "headers": "/t/include/python"},
    frozenset({"/t", "/usr/lib/python3/dist-packages"}),
    python="3.11",
    moved=(("/t/lib/python", "/t"),),
)
#: The system's own Python, as `pip install` finds it on Windows.
BASE = WINDOWS._replace(
    schemes={name: folder.replace("C:/env", "C:/Python311") for name, folder in WINDOWS.schemes.items()},
    site_folders=frozenset({"C:/Python311", "C:/Python311/Lib/site-packages"}),
    prefix="C:/Python311",
)
LAYOUTS = {"posix": POSIX, "windows": WINDOWS, "target": TARGET, "base": BASE}
DATA = "demo-1.0.data"
SITE = "lib/python3.11/site-packages"


def wheel(
    files: Mapping[str, str | bytes] | None = None, layout: Layout = POSIX, scripts: Mapping[str, str] | None = None
) -> WheelUnderReview:
    """The wheel of demo 1.0 with these files and console scripts."""
    return wheel_under_review(*build_wheel("demo", "1.0", files=files, scripts=scripts), layout=layout)


def refused(reviewed: WheelUnderReview, layout: Layout = POSIX) -> tuple[str, ...]:
    """All evidence of both checks, the line that names the wheel left out."""
    context = context_of(reviewed, layout=layout)
    found = (check_paths(reviewed, context), check_places(reviewed, context))
    assert all(finding.reference == REFERENCE for finding in found if finding)
    return tuple(line for finding in found if finding for line in finding.context[1:])


# --- where files land -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "stated"),
    [
        (f"{DATA}/cake/demo.py", "cake is not a scheme"),
        (f"{DATA}/PureLib/demo.py", "PureLib is not a scheme"),
        (f"{DATA}/include/demo.h", "include is not a scheme"),
        (f"{DATA}/demo.py", "has no scheme"),
        ("other-1.0.data/data/x", "the .data folder must be named demo-1.0.data"),
        ("demo-1.1.data/purelib/x.py", "the .data folder must be named demo-1.0.data"),
        ("x.data/purelib/x.py", "the .data folder must be named demo-1.0.data"),
        ("demo-1.0.DATA/purelib/x.py", "the .data folder must be named demo-1.0.data"),
        ("../x.py", "outside of /env/lib/python3.11/site-packages/"),
        (f"{DATA}/data/../../x", "has no scheme"),
        (f"{DATA}/headers/../../../x.h", "has no scheme"),
        ("/etc/demo.conf", "would be installed at /etc/demo.conf"),
    ],
)
def test_a_file_that_does_not_land_in_its_schemes_folder_is_refused(path: str, stated: str) -> None:
    """By an unknown scheme, by a folder that is no wheel's, or by dots."""
    assert any(stated in line for line in refused(wheel({path: "x"}))), refused(wheel({path: "x"}))


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../up",
        "/root",
        "a/b",
        "a\\b",
        "c:d",
        "x.",
        "nul",
        "Con.py",
        "a[b",
        "q?",
        "",
        "a b",
        "a\u202eb",
        "n" * 201,
        "pyvenv.cfg",
        "PyVenv.cfg",
        "python311._pth",
    ],
)
def test_an_entry_point_has_the_name_of_a_file(name: str) -> None:
    """A path, a device and a name that nobody can see are no names, nor is that of a file the interpreter reads."""
    assert refused(wheel(scripts={name: "demo:main"}))


@pytest.mark.parametrize("value", ["demo", "", "demo:", "demo.cli main", "demo : main", "demo-cli:main", "demo:a:b"])
def test_an_entry_point_without_a_function_is_refused(value: str) -> None:
    """pip would find out when the files are already written."""
    assert any("does not name a function" in line for line in refused(wheel(scripts={"demo": value})))


@pytest.mark.parametrize(
    "text", ["[console_scripts]\nx\n", "x = a:b\n", "[gui_scripts]\na = b:c\n[console_scripts]\na = b:d\n", b"\xff"]
)
def test_entry_points_that_can_be_read_in_two_ways_are_refused(text: str | bytes) -> None:
    """Whoever reads them last would decide what runs."""
    assert refused(wheel({"demo-1.0.dist-info/entry_points.txt": text}))


def test_two_scripts_that_are_one_file_are_refused() -> None:
    """On systems that ignore letter case, and on Windows where the launcher takes the place of `.py`."""
    assert refused(wheel(scripts={"Demo": "demo:a", "demo": "demo:b"}))
    assert not refused(wheel(scripts={"demo.py": "demo:a", "demo": "demo:b"}))
    layout = WINDOWS
    assert refused(wheel(scripts={"demo.py": "demo:a", "demo": "demo:b"}, layout=layout), layout)


def test_nothing_is_installed_without_a_known_install_path() -> None:
    """A Python that makes pip ask distutils, and a --target below a --root, have no layout."""
    target = Target("/python", "3.11.0", {"os_name": "posix"}, (), distutils=True)
    layout = layout_of(Settings(), target)
    assert any("cannot tell" in line for line in refused(wheel(layout=layout), layout))


def test_what_leaves_its_folder_cannot_be_allowed_and_what_lies_in_a_place_of_others_can() -> None:
    """For the first there is no place that could be called safe."""
    allowed = Exemption("demo", REFERENCE, "wanted", BUILT_IN)
    misplaced = wheel({f"{DATA}/data/{SITE}/other/plugin.py": "x = 1\n"})
    (cleared,) = judge(context_of(misplaced, layout=POSIX), [allowed])
    assert [item.rule for item in cleared.allowed] == [REFERENCE]
    for reviewed in (wheel({f"{DATA}/cake/x": "x"}), wheel(scripts={"../x": "demo:main"})):
        with pytest.raises(Refused) as caught:
            judge(context_of(reviewed, layout=POSIX), [allowed])
        (finding,) = caught.value.diagnostics
        assert finding.reference == REFERENCE
        assert "[[allow]]" not in finding.hint


# --- what belongs to others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/victim/plugin.py",
        "lib64/python3.11/site-packages/victim/plugin.py",
        "lib/python3.99/site-packages/x.py",
        "lib/python3/dist-packages/x.py",
        "Lib/site-packages/x.py",
        "LIB/SITE-PACKAGES/x.py",
        "share/victim-1.0.dist-info/METADATA",
        "victim.egg-info/PKG-INFO",
        "victim.egg-link",
        "lib/python3.11/os.py",
        "lib/python3.13t/os.py",
        "lib/pypy3.10/os.py",
        "Lib/Python3.11/lib-dynload/x.so",
        "lib/python3/python3",
        "pyvenv.cfg",
        "bin/pyvenv.cfg",
        "PyVenv.CFG",
        "python311._pth",
        "Scripts/python._pth",
        "lib/python311.zip",
        "python311.zip",
        "python3.dll",
        "lib/libpython3.11.so.1.0",
        "lib/libpython3.so",
        "lib64/libpython3.13t.dylib",
        "lib/libpypy3.10-c.so",
        "conda-meta/x.json",
        "etc/conda/activate.d/x.sh",
        "etc/profile.d/x.sh",
        "etc/fish/conf.d/x.fish",
        "pip.conf",
        "pip.ini",
        "bin/pybuilddir.txt",
        "bin/Modules/Setup.local",
        "share/fish/vendor_conf.d/x.fish",
        "include/python3.11/Python.h",
        "include/site/python3.11/victim/victim.h",
        "Include/Python3.11d/x.h",
    ],
)
def test_data_in_a_place_of_others_is_refused(path: str, layout: str) -> None:
    """Wherever the environment is, in any letter case."""
    reviewed = wheel({f"{DATA}/data/{path}": "x"}, LAYOUTS[layout])
    assert refused(reviewed, LAYOUTS[layout])


@pytest.mark.parametrize("layout", ["posix", "windows", "target"])
@pytest.mark.parametrize(
    "path",
    [
        "bin/z3",
        "lib/libz3.so",
        "lib/libboost_python311.so.1.83.0",
        "share/fish/vendor_completions.d/demo.fish",
        "lib/gmsh.jl",
        "include/gmsh.h",
        "include/demo/api.h",
        "share/man/man1/demo.1",
        "share/jupyter/kernels/demo/kernel.json",
        "etc/jupyter/jupyter_server_config.d/demo.json",
        "lib/pkgconfig/demo.pc",
        "lib/cmake/demo/demo.cmake",
        "share/python3/notes.txt",
        "lib/python3",
        "share/doc/pyvenv.cfg.example",
        "Library/bin/tbb12.dll",
        "examples/demo.py",
    ],
)
def test_data_of_real_wheels_is_let_through(path: str, layout: str) -> None:
    """Programs, libraries, headers and pages of their own, as gmsh, z3-solver, tbb and Jupyter's have them."""
    # A completion is let through for a command of the same wheel.
    files = {f"{DATA}/data/{path}": "x", f"{DATA}/scripts/demo": "#!python\n"}
    assert not refused(wheel(files, LAYOUTS[layout]), LAYOUTS[layout])


def test_the_folder_of_the_standard_library_is_closed_whatever_it_is_called() -> None:
    """On Windows it is `Lib`, beside `DLLs`, and may be an environment's of another letter case."""
    for path in ("lib/os.py", "LIB/json/x.py", "DLLs/_x.pyd"):
        assert refused(wheel({f"{DATA}/data/{path}": "x"}, BASE), BASE)
    custom = POSIX._replace(libraries=frozenset({"/env/share/library"}))
    assert refused(wheel({f"{DATA}/data/share/Library/os.py": "x"}, custom), custom)


def test_a_site_folder_is_closed_whatever_it_is_called() -> None:
    """To everything, since what is data to one distribution may be another's."""
    custom = POSIX._replace(site_folders=frozenset({"/env/share/Modules"}))
    assert refused(wheel({f"{DATA}/data/share/modules/other/notes.txt": "x"}, custom), custom)
    assert not refused(wheel({f"{DATA}/data/share/modules.txt": "x"}, custom), custom)


@pytest.mark.parametrize("layout", ["windows", "target", "base"])
@pytest.mark.parametrize("name", ["x.py", "x.PTH", "x.pyd", "x.start", "x.abi3.so", "pkg/__init__.py", "x.egg-link"])
def test_where_data_and_modules_share_a_folder_no_data_is_a_module(name: str, layout: str) -> None:
    """With --target, and on Windows, where the environment's own folder is on `sys.path`."""
    assert refused(wheel({f"{DATA}/data/{name}": "x"}, LAYOUTS[layout]), LAYOUTS[layout])


def test_what_pip_moves_is_judged_by_where_it_was() -> None:
    """In a --target, `lib/python` of the data ends among the modules."""
    reviewed = wheel({f"{DATA}/data/lib/python/victim/plugin.py": "x"}, TARGET)
    assert refused(reviewed, TARGET)


def test_headers_go_to_the_projects_own_folder() -> None:
    """By the scheme for headers; by data only into the same folder."""
    own = {f"{DATA}/headers/demo.h": "x", f"{DATA}/data/include/site/python3.11/demo/more.h": "x"}
    assert not refused(wheel(own))
    assert refused(wheel({f"{DATA}/data/include/site/python3.11/other/more.h": "x"}))
    custom = POSIX._replace(schemes={**POSIX.schemes, "headers": "/env/hdr"})
    assert refused(wheel({f"{DATA}/data/hdr/other/more.h": "x"}, custom), custom)


@pytest.mark.parametrize("scheme", ["scripts", "headers"])
def test_the_other_schemes_reach_no_site_folder_either(scheme: str) -> None:
    """A folder that imports come from may lie below any of them."""
    layout = POSIX._replace(site_folders=frozenset({"/env/bin/site", "/env/include/site/python3.11/demo/site"}))
    assert refused(wheel({f"{DATA}/{scheme}/site/x.py": "x"}, layout), layout)
    assert refused(wheel({f"{DATA}/{scheme}/pyvenv.cfg": "x"}, layout), layout)


def test_modules_and_scripts_of_every_scheme_are_let_through() -> None:
    """Nothing here is in the way of an ordinary wheel, also not of one in the system's own Python."""
    files = {
        "demo/data/site-packages/notes.txt": "x",
        "demo/_pth/python311.zip": "x",
        f"{DATA}/purelib/demo_pure.py": "x",
        f"{DATA}/platlib/demo_native.so": "x",
        f"{DATA}/scripts/demo-tool": "#!python\n",
        f"{DATA}/headers/demo/demo.h": "x",
    }
    for layout in LAYOUTS.values():
        reviewed = wheel(files, layout, {"demo": "demo.cli:main", "demo-3.11": "demo:main", "clang++": "demo:m [x]"})
        assert not refused(reviewed, layout)


WORDS = "lib Lib python3.11 site-packages dist-packages bin include site x.py demo share usr python etc conda C: . .."
PARTS = st.sampled_from(["", "victim.dist-info", "pyvenv.cfg", *WORDS.split()])
SCHEMES = st.sampled_from(["data", "purelib", "platlib", "scripts", "headers", "cake", "..", ""])


@settings(max_examples=300)
@given(SCHEMES, st.lists(PARTS, min_size=1, max_size=5), st.sampled_from(sorted(LAYOUTS)))
@example("data", ["lib", "python3.11", "site-packages", "x.py"], "posix")
def test_whatever_passes_lies_below_its_folder_and_in_no_site_folder_but_as_a_module(
    scheme: str, parts: list[str], name: str
) -> None:
    """The law of this rule, for any path."""
    layout = LAYOUTS[name]
    reviewed = wheel({f"{DATA}/{scheme}/{'/'.join(parts)}".rstrip("/"): "x"}, layout)
    if refused(reviewed, layout):
        return
    for install_path in reviewed.install_paths:
        folder = layout.folder(install_path.scheme, "demo")
        assert folder is not None
        assert install_path.path.startswith(f"{folder}/")
        assert ".." not in install_path.path.split("/")
        if install_path.scheme in ("data", "headers", "scripts") and install_path.entry:
            for site in layout.site_folders:
                shares = f"{folder}/".startswith(f"{site}/")
                assert shares or not install_path.key.startswith(f"{key_of(site)}/"), install_path


def test_the_layout_of_this_python_lets_an_ordinary_wheel_through() -> None:
    """Held against a real one: no folder of it is mistaken for somebody else's."""
    from safepip.edges.target.interpreter import probe

    layout = layout_of(Settings(), probe(sys.executable))
    files = {f"{DATA}/data/share/demo.txt": "x", f"{DATA}/scripts/demo-x": "#!python\n", f"{DATA}/headers/d.h": "x"}
    assert not refused(wheel(files, layout, {"demo": "demo:main"}), layout)
