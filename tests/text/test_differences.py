"""The difference of two locks is shown in no time, whatever one of them was made for."""

from __future__ import annotations

from difflib import unified_diff

from safepip.text.differences import difference
from support.growth import check_growth


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_it_is_that_of_diff() -> None:
    """Also where the texts are long and differ in little."""
    for size in (0, 1, 10, 5000):
        before = [f"line {number}" for number in range(size)]
        after = [*before[: size // 2], "new", *before[size // 2 + 1 :]]
        expected = list(unified_diff(before, after, "old", "new", lineterm=""))
        assert difference(_text(before), _text(after), "old", "new") == expected


def test_what_differs_in_much_is_shown_line_by_line() -> None:
    """Each line as often as it is there more often."""
    before = [f"old {number}" for number in range(3000)] + ["both"] * 2
    after = ["both"] + [f"new {number}" for number in range(3000)]
    shown = difference(_text(before), _text(after), "old", "new")
    assert shown == ["--- old", "+++ new", *(f"-{line}" for line in before[:3001]), *(f"+{line}" for line in after[1:])]


def test_it_takes_no_time() -> None:
    """Lines in another order are what takes a comparison longest."""

    def made(size: int) -> tuple[str, str]:
        lines = [f"line {number}" for number in range(size)]
        return _text(lines), _text(lines[::-1])

    def shown(texts: tuple[str, str]) -> list[str]:
        return difference(*texts, "old", "new")

    check_growth(shown, made, 1000, 1000)
