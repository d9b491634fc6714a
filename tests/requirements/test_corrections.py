"""What a text that is no requirement was meant to be is said, and where the parser stopped in it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.edges.disk.requirements_files import local_disk
from safepip.model.errors import UsageError
from safepip.model.origin import Origin, Source
from safepip.requirements.corrections import is_requirement, meant
from safepip.requirements.file_format import RequirementLine
from safepip.requirements.requirement import read_requirement
from support.nowhere import NOWHERE

if TYPE_CHECKING:
    from safepip.model.finding import Diagnostic

_DISK = local_disk(NOWHERE)


def refused(text: str, *, source: Source = Source.COMMAND_LINE, expanded: bool = False) -> Diagnostic:
    line = RequirementLine(text, Origin(source), written=text, expanded=expanded)
    with pytest.raises(UsageError) as caught:
        read_requirement(line, _DISK)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("demo=1.0", "= is not an operator; did you mean demo==1.0?"),
        ("demo[x]=1.0", "= is not an operator; did you mean 'demo[x]==1.0'?"),
        ("demo = 1.0", "= is not an operator: =="),
        ("demo 1.0", "did you mean demo==1.0?"),
        ("demo v1.0", "did you mean demo==1.0?"),
        ("demo=>1", "did you mean 'demo>=1'?"),
        ("demo=<1", "did you mean 'demo<=1'?"),
        ("demo==1.x", "did you mean 'demo==1.*'?"),
        ("demo!=1.2.X", "did you mean 'demo!=1.2.*'?"),
        ("demo,", "did you mean demo?"),
        ("demo>=1,<2, other", "each requirement is an argument of its own: 'demo>=1,<2' other"),
        ("demo other", "each requirement is an argument of its own: demo other"),
        ("a " * 11, "each requirement is an argument of its own"),
        ("demo; python_versoin > '3'", "did you mean python_version?"),
        ("demo>>1", ""),
        ("demo; x > '3'", ""),
        ("demo other>>1", ""),
    ],
)
def test_the_usual_slips_have_a_hint_that_can_be_read(text: str, hint: str) -> None:
    assert refused(text).hint == hint


def test_in_a_file_nothing_is_quoted_for_a_shell() -> None:
    assert refused("demo=>1", source=Source.FILE).hint == "did you mean demo>=1?"
    assert refused("demo other", source=Source.FILE).hint == "each requirement has a line of its own"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("demo>>1", ("demo>>1", "    ^")),
        ("demo[x>=2", ("demo[x>=2", "    ~~^")),
        ("demo; x > '3'", ("x > '3'", "^")),
        ("demo; python_versoin > '3'", ("python_versoin > '3'", "^")),
        ("demo=1.0", ()),  # the hint has it
        (f"{'demo' * 20}>>1", ()),  # a narrow terminal would break it
        ("demö>>1", ()),  # columns may not be characters
    ],
)
def test_without_a_hint_a_mark_shows_where_the_parser_stopped(text: str, lines: tuple[str, ...]) -> None:
    found = refused(text)
    assert found.context == lines
    assert "\n" not in found.message


@pytest.mark.parametrize("text", ["demo>>1", "demo; x > '3'", "demo; python_versoin > '3'"])
def test_nothing_that_came_out_of_a_variable_is_shown(text: str) -> None:
    line = RequirementLine(text, Origin(Source.FILE), written="${LINE}", expanded=True)
    with pytest.raises(UsageError) as caught:
        read_requirement(line, _DISK)
    (found,) = caught.value.diagnostics
    assert found.context == ()
    assert text not in found.message + found.hint


@given(st.text(alphabet="a1=<>!~, .*x[]v;'", max_size=12))
def test_a_guess_is_never_the_next_error(text: str) -> None:
    assert all(map(is_requirement, meant(text)))
