"""A command's few own options, taken out of words that another command's table reads."""

from __future__ import annotations

import pytest

from safepip.model.errors import UsageError
from safepip.options.own_words import take_own, whole_number


def test_own_options_are_taken_in_either_form_and_the_rest_stays() -> None:
    """In order, whole words only, and nothing behind `--`."""
    words = ["-r", "x", "--depth", "2", "--json", "--dep", "--depth=3", "--", "--json"]
    assert take_own(words, ("--json",), ("--depth",)) == (
        {"--depth": ["2", "3"], "--json": [""]},
        ["-r", "x", "--dep", "--", "--json"],
    )


@pytest.mark.parametrize("words", [["--depth"], ["--json=1"]], ids=" ".join)
def test_a_missing_value_and_one_too_many_are_mistakes(words: list[str]) -> None:
    """Of usage, as of any option."""
    with pytest.raises(UsageError):
        take_own(words, ("--json",), ("--depth",))


@pytest.mark.parametrize("text", ["-1", "x", "", "1.0", "²", "9" * 10])
def test_what_counts_is_a_whole_number(text: str) -> None:
    """Of ASCII digits, and not too long to be meant."""
    assert whole_number("--depth", "012") == 12
    with pytest.raises(UsageError):
        whole_number("--depth", text)
