"""Colours of the error that ends a run: where somebody watches and nobody has switched them off."""

from __future__ import annotations

import io

import pytest

from safepip.__main__ import main
from safepip.edges.console.writing import Console


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("words", "environ", "coloured"),
    [
        (("install", "x=1"), {}, True),
        (("install", "x=1", "--no-color"), {}, False),
        (("install", "--no-color", "--no-such-option"), {}, False),
        (("install", "x=1"), {"PIP_NO_COLOR": "1"}, False),
        (("install", "x=1"), {"NO_COLOR": "1"}, False),
        (("install", "x=1"), {"NO_COLOR": ""}, True),
        (("install", "x=1"), {"TERM": "dumb"}, False),
    ],
)
def test_the_error_that_ends_a_run_has_colours_unless_they_are_switched_off(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], environ: dict[str, str], coloured: bool
) -> None:
    """By the option, by pip's variable, or by the terminal's."""
    screen = Screen()
    monkeypatch.setattr(Console, "wants_color", True)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main([*words, "--no-config"]) in {1, 2}
    assert "error" in screen.getvalue()
    assert ("\x1b[" in screen.getvalue()) is coloured
