"""Dependency groups and script blocks, the latter against pip's reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.req.pep723 import PEP723Exception, pep723_metadata

from safepip.model.errors import UsageError
from safepip.requirements.project_files import group_of, read_groups, read_script

if TYPE_CHECKING:
    from pathlib import Path

_LINES = st.sampled_from(
    [
        "# /// script",
        "# ///",
        "#",
        "# dependencies = ['a', 'b>1']",
        '# requires-python = ">=3.8"',
        "# dependencies = 'a'",
        "# x = 1",
        "import os",
        "",
        "# /// other",
        "#dependencies = []",
        "# [tool.x]",
        " # ///",
        "# ///  ",
        "# dependencies = [",
        "# ]",
        "#  # c",
        "# é = 'é'",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(_LINES, max_size=10),
    body=st.lists(_LINES, max_size=4),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_script_blocks_are_found_where_pip_finds_them(
    lines: list[str], body: list[str], end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same block, the same content, and an error where pip has one."""
    text = end.join([*lines, "# /// script", *body, "# ///", *lines[::-1], ""])
    path = tmp_path_factory.getbasetemp() / "script.py"
    path.write_bytes(text.encode())
    try:
        expected: dict[str, Any] | None = pep723_metadata(str(path))
    except PEP723Exception:
        expected = None
    if expected is None or not isinstance(expected.get("dependencies", []), list):
        with pytest.raises(UsageError):
            read_script(text, "script.py")
        return
    found = read_script(text, "script.py")
    assert list(found.dependencies) == expected.get("dependencies", [])
    assert found.requires_python == expected.get("requires-python")


GROUPS = """
[dependency-groups]
test = ["pytest>8", {include-group = "Base"}]
base = ["six ; python_version > '3'"]
ring = [{include-group = "ring"}]
odd = [3]
"""


def test_groups_include_groups() -> None:
    """PEP 735: an include stands for the other group's requirements; names are normalised."""
    assert [text for _, text in read_groups(GROUPS, "p", ["TEST"])] == ["pytest>8", 'six; python_version > "3"']


@pytest.mark.parametrize("group", ["ring", "odd", "absent"])
def test_a_group_that_cannot_be_had_is_an_error(group: str) -> None:
    """A circle, a malformed member and an unknown name."""
    with pytest.raises(UsageError, match="invalid-group"):
        read_groups(GROUPS, "pyproject.toml", [group])


def test_an_unknown_group_is_told_which_there_are() -> None:
    """As an unknown extra is. Of a group that is there and includes one that is not, they are no help."""
    text = "[dependency-groups]\nTest_it = ['x']\ndev = [{include-group = 'gone'}]\n"
    hints = []
    for group in ("tests", "dev"):
        with pytest.raises(UsageError) as told:
            read_groups(text, "pyproject.toml", [group])
        hints.append(told.value.diagnostics[0].hint)
    assert hints == ["it has: dev, test-it", ""]


@pytest.mark.parametrize(
    "text", ["", "dependency-groups = 1", "[", "[dependency-groups]\na = 'x'\n", "a = " + "[" * 4000]
)
def test_a_malformed_project_file_is_an_error(text: str) -> None:
    """No table, a table that is none, no TOML, a group that is none, TOML nested too deep."""
    with pytest.raises(UsageError, match="invalid-group"):
        read_groups(text, "pyproject.toml", ["a"])


def test_a_group_is_named_with_or_without_its_file() -> None:
    """`[PATH:]GROUP`; another file than pyproject.toml is an error, as in pip."""
    assert group_of("test") == ("pyproject.toml", "test")
    assert group_of("a:b/pyproject.toml:test") == ("a:b/pyproject.toml", "test")
    with pytest.raises(UsageError, match="invalid-group"):
        group_of("setup.cfg:test")


def test_a_script_with_wrong_types_is_an_error() -> None:
    """Where pip would fail with a traceback."""
    for body in ("# dependencies = 'a'", "# dependencies = [1]", "# requires-python = 3"):
        with pytest.raises(UsageError, match="invalid-script"):
            read_script(f"# /// script\n{body}\n# ///\n", "s.py")


def test_no_file_is_opened_here(tmp_path: Path) -> None:
    """A path is a name for messages only."""
    with pytest.raises(UsageError, match=r"nowhere\.py has no block"):
        read_script("", str(tmp_path / "nowhere.py"))
