"""The time that a source's own texts take grows with their length, as `tests/laws/` holds it for all other texts."""

from __future__ import annotations

import pytest

from safepip.build import static_metadata
from safepip.build.build_system import read_build_system
from safepip.wheel.metadata import parse_metadata
from support.foreign_texts import Growing, _all, _bytes, _each, _nested, _times
from support.growth import check_growth

_SYSTEM = "[build-system]\nrequires = ["

_PROJECT = (
    "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n[project]\nname='x'\nversion='1'\n"
)


def _compare(lines: str) -> None:
    """With itself, so that all of it is looked at."""
    one, other = (
        parse_metadata(f"Metadata-Version: 2.2\nName: x\nVersion: 1\n{lines}".encode(), verified=True) for _ in "12"
    )
    static_metadata.same_requirements(one, other)


GROWING = [
    *_all(
        "build system",
        lambda text: read_build_system(text, has_setup_py=True, shown="x"),
        _each("'p{}',", _SYSTEM, "]"),
        _each("!={},", _SYSTEM + "'p", "']"),
        _nested("(", ")", "os_name=='a'", _SYSTEM + '"p;', '"]'),
        _times("a/", _SYSTEM + "]\nbackend-path = ['", "']"),
        _times("../", _SYSTEM + "]\nbackend-path = ['a/", "']"),
        _each("'p{}',", _SYSTEM + "]\nbackend-path = [", "]"),
        _times("a.", _SYSTEM + "]\nbuild-backend = '", "'"),
        _nested("[", "]", "", "build-system = "),
        size=60,
    ),
    *_all(
        "pyproject",
        static_metadata.from_pyproject,
        _each("'p{}',", _PROJECT + "dependencies = [", "]"),
        _each("!={},", _PROJECT + "dependencies = ['p", "']"),
        _each("!={},", _PROJECT + "requires-python = '", "'"),
        _each("e{} = ['x']\n", _PROJECT + "[project.optional-dependencies]\n"),
        _each("'p{}; os_name>\"3\"',", _PROJECT + "[project.optional-dependencies]\ne = [", "]"),
        _nested("(", ")", "os_name=='a'", _PROJECT + 'dependencies = ["p;', '"]'),
        _each("os_name=='{}' or ", _PROJECT + '[project.optional-dependencies]\ne = ["p;', "os_name=='a'\"]"),
        _each("'d{}',", _PROJECT + "dynamic = [", "]"),
        _each("'hatchling>={}',", "[project]\nname='x'\nversion='1'\n" + _SYSTEM, "]\nbuild-backend='hatchling.build'"),
        size=60,
    ),
    *_all(
        "PKG-INFO",
        static_metadata.from_pkg_info,
        *(
            _bytes(_each(unit, "Metadata-Version: 2.2\nName: x\nVersion: 1\n"))
            for unit in ("Dynamic: d{}\n", "Requires-Dist: y{}\n", "Name: x\n", " x\n", "Provides-Extra: e{}\n")
        ),
        size=100,
    ),
    *_all(
        "two metadata",
        _compare,
        _each("Requires-Dist: y{}\n"),
        _each("Provides-Extra: y{}\n"),
        _each("os_name=='{}' and ", "Requires-Dist: y;", "os_name=='a'"),
        _each("(os_name=='{}' or ", "Requires-Dist: y;", "os_name=='a'"),
        _nested("(os_name=='a' and (os_name=='b' or ", "))", "os_name=='c'", "Requires-Dist: y;"),
        _nested("(", ")", "os_name=='c'", "Requires-Dist: y;"),
        _each("!={},", "Requires-Dist: y"),
        _each("!={},", "Requires-Python: "),
        size=20,
    ),
]


@pytest.mark.parametrize("growing", GROWING, ids=[growing.name for growing in GROWING])
def test_sixteen_times_the_text_takes_about_sixteen_times_as_long(growing: Growing) -> None:
    """The square would be 256 times."""
    check_growth(growing.work, growing.make, growing.size, min(growing.size, 150))
