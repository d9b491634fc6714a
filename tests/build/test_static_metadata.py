"""What is taken from source code without asking its backend is what the backend writes into its wheels."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from safepip.build.requirement_forms import form_of
from safepip.build.static_metadata import from_pkg_info, from_pyproject, same_requirements
from safepip.wheel.metadata import parse_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.resolution import CoreMetadata

HEAD = "Metadata-Version: 2.2\nName: Acme.Tool\nVersion: 1.0\n"
NEEDS = "Requires-Python: >=3.8\nRequires-Dist: a>=1\nProvides-Extra: x\nRequires-Dist: b; extra == 'x'\n"


def metadata(text: str) -> CoreMetadata:
    """Of a finished wheel."""
    return parse_metadata(text.encode(), verified=True)


# ---------------------------------------------------------------------------------------------- PKG-INFO


@pytest.mark.parametrize("version", ["2.2", "2.3", "2.4", "2.5", "2.10"])
def test_a_pkg_info_binds_from_2_2_on(version: str) -> None:
    """PEP 643, and whatever minor version comes after."""
    found = from_pkg_info((HEAD.replace("2.2", version) + NEEDS + "\nThe description").encode())
    assert found is not None
    assert (found.name, str(found.version), found.requires_python) == ("acme-tool", "1.0", ">=3.8")
    assert [str(each) for each in found.requires] == ["a>=1", 'b; extra == "x"']
    assert found.provided_extras == {"x"}


@pytest.mark.parametrize("dynamic", ["license-file", "Description", "Summary\nDynamic: Classifier"])
def test_what_the_search_does_not_need_may_be_dynamic(dynamic: str) -> None:
    """setuptools makes License-File dynamic nearly always."""
    assert from_pkg_info(f"{HEAD}Dynamic: {dynamic}\n{NEEDS}".encode()) is not None


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("2.2", "2.1"),
        HEAD.replace("2.2", "1.2"),
        HEAD.replace("2.2", "3.0"),
        HEAD.replace("2.2", "2"),
        HEAD.replace("2.2", "2.2.1"),
        HEAD.replace("Metadata-Version: 2.2\n", ""),
        *(
            HEAD + f"Dynamic: Summary\n{dynamic}\n"
            for dynamic in (
                "Dynamic: Requires-Dist",
                "dynamic: requires-python",
                "DYNAMIC:  PROVIDES-EXTRA ",
                "Dynamic: Name",
                "Dynamic: Version",
            )
        ),
        HEAD + "Name: other\n",
        HEAD + "Version: 2\n",
        HEAD + "Metadata-Version: 2.1\n",
        HEAD + "Requires-Python: >=3\nRequires-Python: >=2\n",
        HEAD + "Requires-Dist: not valid at all\n",
        HEAD.replace("1.0", "one"),
        "",
    ],
)
def test_a_pkg_info_that_is_older_dynamic_or_ambiguous_does_not_bind(text: str) -> None:
    """Then the backend has to be asked."""
    assert from_pkg_info(text.encode()) is None


@pytest.mark.parametrize(
    "bytes_",
    [
        HEAD.encode() + b"Requires-Dist: a\xff\n",
        # A line that is no field ends the header for one reader, and for another it does not.
        *(HEAD.encode() + b"Dynamic" + end + b": Requires-Dist\n" for end in (b" ", b"\t", b"\x00")),
        b"Content-Type: multipart/mixed; boundary=b\n" + HEAD.encode() + b"\n--b\n\n--b--\n",
    ],
)
def test_a_pkg_info_with_two_readings_is_never_taken_for_less_than_it_says(bytes_: bytes) -> None:
    """What is not read as one text by all readers either does not bind, or has no requirement that was overlooked."""
    found = from_pkg_info(bytes_)
    assert found is None or (list(found.requires), found.requires_python) == ([], None)


# ------------------------------------------------------------------------------------- pyproject.toml

HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
PROJECT = '[project]\nname = "Acme.Tool"\nversion = "1.0"\n'


def _system(requires: str, backend: str, more: str = "") -> str:
    return f'[build-system]\nrequires = [{requires}]\nbuild-backend = "{backend}"\n{more}\n{PROJECT}'


@pytest.mark.parametrize(
    "text",
    [
        _system('"hatchling"', "hatchling.build"),
        _system('"Hatchling>=1.26", "hatch-vcs"', "hatchling.build"),
        _system('"setuptools>=77"', "setuptools.build_meta"),
        _system('"setuptools==80.*", "wheel"', "setuptools.build_meta"),
        _system("\"setuptools~=78.1; python_version>'3'\"", "setuptools.build_meta"),
        _system('"flit_core>=3.2,<4"', "flit_core.buildapi"),
        _system('"pdm-backend"', "pdm.backend"),
        _system('"scikit-build-core"', "scikit_build_core.build"),
        _system('"meson-python>=0.15"', "mesonpy"),
        _system('"maturin>=1,<2"', "maturin"),
        _system('"uv_build>=0.8"', "uv_build"),
    ],
)
def test_a_project_table_binds_the_backends_that_read_it(text: str) -> None:
    """Those whose version is left open have read it from the first one on."""
    found = from_pyproject(text)
    assert found is not None
    assert (found.name, str(found.version), list(found.requires)) == ("acme-tool", "1.0", [])


@pytest.mark.parametrize(
    "text",
    [
        PROJECT,
        HATCHLING,
        "",
        "[",
        "project = 1",
        "[build-system]\n" + PROJECT,
        _system('"setuptools"', "setuptools.build_meta"),
        _system('"setuptools>=61"', "setuptools.build_meta"),
        _system('"setuptools<80"', "setuptools.build_meta"),
        _system('"setuptools!=77"', "setuptools.build_meta"),
        _system('"setuptools>=77; python_version>\'3\'", "setuptools"', "setuptools.build_meta"),
        _system('"setuptools @ https://h.example/s.zip"', "setuptools.build_meta"),
        _system('"setuptools>=77"', "setuptools.build_meta:__legacy__"),
        _system('"wheel"', "hatchling.build"),
        _system('"hatchling"', "hatchling.build", 'backend-path = ["."]'),
        _system('"hatchling"', "hatchling.build:other"),
        _system('"poetry-core>=2"', "poetry.core.masonry.api"),
        _system('"own"', "own"),
        *(
            HATCHLING + PROJECT + f'dynamic = ["{key}"]\n'
            for key in ("name", "version", "dependencies", "optional-dependencies", "requires-python")
        ),
        *(
            HATCHLING + PROJECT + line
            for line in (
                "dynamic = 'version'",
                "dynamic = [1]",
                "dependencies = 'a'",
                "dependencies = [1]",
                'dependencies = ["a b"]',
                'dependencies = ["a\\nRequires-Dist: b"]',
                'dependencies = ["a @ {root:uri}/a"]',
                'requires-python = ">3\\nRequires-Dist: b"',
                "requires-python = 'three'",
                "requires-python = 3",
                "optional-dependencies = 1",
                "optional-dependencies = {x = 'a'}",
                "optional-dependencies = {x = ['a b']}",
                "optional-dependencies = {'x y' = ['a']}",
                "optional-dependencies = {x-y = ['a'], x_y = ['b']}",
                "optional-dependencies = {x = ['a'], all = ['acme_tool[x]']}",
            )
        ),
        *(
            HATCHLING + f"[project]\n{lines}"
            for lines in ("name = 'a'", "version = '1'", "name = 'a b'\nversion = '1'", "name = 'a'\nversion = 'x'")
        ),
    ],
)
def test_a_project_table_that_is_not_kept_to_or_not_whole_does_not_bind(text: str) -> None:
    """An old backend that ignores it, a field that is left to the backend, a value that is none."""
    assert from_pyproject(text) is None


FULL = (
    HATCHLING
    + PROJECT
    + """
requires-python = ">=3.8,<4"
dependencies = ["A_b>=1,<2", "c[y,x]; os_name == 'nt' or python_version < '3'", "d @ https://h.example/d.zip#x;y"]
dynamic = ["description"]
[project.optional-dependencies]
Some_Extra = ["e", "f ~= 2.0 ; os_name == 'nt' or python_version < '3'", "g @ https://h.example/g.zip ; os_name == 'x'"]
empty = []
[tool.hatch.metadata]
allow-direct-references = true
[tool.hatch.build.targets.wheel]
bypass-selection = true
[tool.hatch.metadata.hooks.custom]
"""
)


def test_hatchling_writes_what_its_table_says(tmp_path: Path) -> None:
    """The real backend, asked for its metadata; a field that is dynamic and not needed is its own."""
    (tmp_path / "pyproject.toml").write_text(FULL, "utf-8")
    (tmp_path / "hatch_build.py").write_text(
        "from hatchling.metadata.plugin.interface import MetadataHookInterface\n"
        "class Hook(MetadataHookInterface):\n"
        "    def update(self, metadata):\n        metadata['description'] = 'made'\n"
    )
    (tmp_path / "out").mkdir()
    script = "import hatchling.build as b, sys; print(b.prepare_metadata_for_build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    text = (tmp_path / "out" / done.stdout.strip().rpartition(os.linesep)[2] / "METADATA").read_text("utf-8")
    static, built = from_pyproject(FULL), metadata(text)
    assert static is not None
    assert "Summary: made" in text
    assert same_requirements(static, built) is None
    assert len(static.requires) == 6
    assert static.provided_extras == {"some-extra", "empty"}
    # What it gives is METADATA that can be kept, and read again.
    assert same_requirements(metadata(static.text.decode()), built) is None


# ----------------------------------------------------------------------------------- what came out


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("Name: acme", "Name: other", "the name was acme, and is other"),
        ("Version: 1", "Version: 1.1", "the version was 1, and is 1.1"),
        ("Version: 1", "Version: 1+local", "the version was 1, and is 1+local"),
        ("Requires-Python: >=3", "Requires-Python: >=3.1", "Requires-Python was >=3, and is >=3.1"),
        ("Requires-Python: >=3\n", "", "Requires-Python was >=3, and is not given"),
        ("Requires-Dist: a", "Requires-Dist: b", "the wheel lacks Requires-Dist: a"),
        ("Requires-Dist: a", "Requires-Dist: a>1", "the wheel lacks Requires-Dist: a"),
        ("Requires-Dist: a\n", "", "the wheel lacks Requires-Dist: a"),
        ("Requires-Dist: a", "Requires-Dist: a\nRequires-Dist: c", "the wheel has in addition Requires-Dist: c"),
        ("Provides-Extra: x\n", "", "the wheel lacks Provides-Extra: x"),
        ("Provides-Extra: x", "Provides-Extra: x\nProvides-Extra: y", "the wheel has in addition Provides-Extra: y"),
        ("extra == 'x'", "extra == 'y'", 'the wheel lacks Requires-Dist: b; extra == "x"'),
    ],
)
def test_what_differs_is_named(before: str, after: str, difference: str) -> None:
    """Each thing that the search looks at."""
    text = (
        "Metadata-Version: 2.2\nName: acme\nVersion: 1\nRequires-Python: >=3\n"
        "Requires-Dist: a\nProvides-Extra: x\nRequires-Dist: b; extra == 'x'\n"
    )
    assert same_requirements(metadata(text), metadata(text)) is None
    assert same_requirements(metadata(text), metadata(text.replace(before, after, 1))) == difference


def test_the_way_of_writing_does_not_count() -> None:
    """Spelling, order, repetition, other fields."""
    one = (
        HEAD
        + "Requires-Python: >=3.8, <4\nRequires-Dist: A.b>=1,<2\nRequires-Dist: c\nProvides-Extra: X_y\nSummary: 1\n"
    )
    other = (
        "Metadata-Version: 2.4\nName: acme-tool\nVersion: 1.0.0\nProvides-Extra: x-y\nRequires-Dist: c\n"
        "Requires-Dist: a-B (<2.0,>=1)\nRequires-Dist: c\nRequires-Python: <4,>=3.8\n"
    )
    assert same_requirements(metadata(one), metadata(other)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a; x_ and y_", "a; y_ and x_"),
        ("a; (x_ or y_) and extra == 'e'", "a; extra == 'E' and (y_ or x_)"),
        ("a; ((x_))", "a; x_"),
        ("a; x_ and (y_ and z_)", "a; (x_ and y_) and z_"),
        ("a; x_ or y_ and z_", "a; (z_ and y_) or x_"),
        ("a; x_ or x_", "a; x_"),
        ("a; extra == 'a_b'", "a; extra == 'A-b'"),
        ("a[x,y]", "a[Y, x]"),
    ],
)
def test_markers_that_mean_the_same_have_one_form(one: str, other: str) -> None:
    """Conditions are sets."""
    assert form_of(_requirement(one)) == form_of(_requirement(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a; x_ and y_", "a; x_ or y_"),
        ("a; (x_ or y_) and z_", "a; x_ or y_ and z_"),
        ("a; x_", "a"),
        ("a; os_name == 'a-b'", "a; os_name == 'a_b'"),
        ("a; os_name in 'x'", "a; os_name not in 'x'"),
        ("a; os_name == 'x and y'", "a; os_name == 'x'"),
        ("a; os_name == ')'", "a; os_name == '('"),
        ("a @ https://h.example/a", "a @ https://h.example/b"),
        ("a", "a[x]"),
    ],
)
def test_markers_that_mean_something_else_have_another_form(one: str, other: str) -> None:
    """How they are joined counts, and so does what stands in quotes."""
    assert form_of(_requirement(one)) != form_of(_requirement(other))


def _requirement(text: str) -> Requirement:
    for letter, name in (("x_", "os_name == 'x'"), ("y_", "python_version > '3'"), ("z_", "sys_platform == 'z'")):
        text = text.replace(letter, name)
    return Requirement(text)


_ATOMS = {"os_name == 'x'": "x", "sys_platform != 'y'": "y", "'z' in platform_version": "z"}
_TREES = st.recursive(
    st.sampled_from(sorted(_ATOMS)),
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(lambda t: f"({t[1]}) {t[0]} ({t[2]})"),
    max_leaves=7,
)


def _truth(marker: str) -> tuple[bool, ...]:
    """Its value for all values of the conditions."""
    for atom, letter in _ATOMS.items():
        marker = marker.replace(atom, letter)
    return tuple(
        bool(eval(marker, {"x": number & 1, "y": number & 2, "z": number & 4}))  # its words are Python's, too
        for number in range(8)
    )


@settings(max_examples=300, deadline=None)
@given(one=_TREES, other=_TREES)
def test_one_form_means_one_truth(one: str, other: str) -> None:
    """Markers of one form hold in the same environments."""
    if form_of(Requirement(f"a; {one}")) == form_of(Requirement(f"a; {other}")):
        assert _truth(one) == _truth(other)
