"""What counts as a declaration of a namespace package, and as the same one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.wheel.namespaces import LONGEST, interchangeable, way_of_declaring

PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
RESOURCES = "__import__('pkg_resources').declare_namespace(__name__)\n"
INDENTED = f"    {PKGUTIL}"


@pytest.mark.parametrize(
    ("source", "way"),
    [
        (PKGUTIL, "pkgutil"),
        (PKGUTIL.replace("'", '"'), "pkgutil"),
        (f'# -*- coding: utf-8 -*-\n"""Words."""\n\n{PKGUTIL}', "pkgutil"),
        ("from pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)  # type: ignore\n", "pkgutil"),
        ("import pkgutil\n__path__=pkgutil.extend_path(__path__,__name__)", "pkgutil"),
        (RESOURCES, "pkg_resources"),
        ("import pkg_resources\r\npkg_resources.declare_namespace(__name__)\r\n", "pkg_resources"),
        (f"try:\n    {RESOURCES}except ImportError:\n{INDENTED}", "either"),
        ("", "nothing"),
        ("# extend_path\n\n\t# more\r\n", "nothing"),
        ("# -*- coding: utf-7 -*-\n# +AAo-import evil\n", ""),
        ("# one\\\nimport evil\n", ""),
        ("# one\rimport evil\n", ""),
        ("# \u2028import evil\n", ""),
        (f"{PKGUTIL}import os\n", ""),
        (f"import os\n{PKGUTIL}", ""),
        (PKGUTIL.replace("__name__", "'other'"), ""),
        (PKGUTIL.replace("pkgutil", "pkgutils"), ""),
        (f"if True:\n{INDENTED}", ""),
        (f"'''one'''\n'''two'''\n{PKGUTIL}", ""),
        (f"# coding: utf-7\n{PKGUTIL}+AGk-mport os\n", ""),
        ("extend_path(", ""),
        ("extend_path\0", ""),
        ("'\\d' extend_path 0x1for", ""),
        ("(" * 2000 + "extend_path" + ")" * 2000, ""),
        (PKGUTIL + "#" * LONGEST, ""),
    ],
)
def test_a_declaration_is_known_by_what_python_reads(source: str, way: str) -> None:
    """Comments, quotes and a documentation string make no difference; one statement more does."""
    assert way_of_declaring(source.encode()) == way


def test_only_what_needs_pkg_resources_stands_alone() -> None:
    """In its place another may stand that needs nothing, but what was there before would be missed."""
    freely = ("pkgutil", "either", "nothing")
    assert all(interchangeable(one, other) for one in freely for other in freely)
    assert interchangeable("pkg_resources", "pkg_resources")
    assert not any(
        interchangeable("pkg_resources", other) or interchangeable(other, "pkg_resources") for other in freely
    )
    assert not interchangeable("", "")


@settings(max_examples=200, deadline=None)
@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_whatever_the_bytes_there_is_an_answer(before: bytes, after: bytes) -> None:
    """And a warning of Python's about them is nobody's."""
    assert way_of_declaring(before + PKGUTIL.encode() + after) in ("", "nothing", "pkgutil")
