"""The time that a stranger's text takes grows with its length, not with the square of it, and nothing nests too deep.

Every reader of a text that somebody else wrote is fed texts that grow: steps of Python are counted, and where C code
does the work the process's own time is compared (`support.growth`).
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hostile.hooks import namespace_line
from safepip.edges.target.ownership import Ownership
from safepip.rules import unsafe_path
from safepip.rules.judging import RULES
from safepip.wheel.install_paths import install_paths_of, key_of
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.foreign_texts import GROWING
from support.growth import FACTOR, check_growth, check_instructions
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview
    from support.foreign_texts import Growing


@pytest.mark.parametrize("growing", GROWING, ids=[growing.name for growing in GROWING])
def test_sixteen_times_the_text_takes_about_sixteen_times_as_long(growing: Growing) -> None:
    """The square would be 256 times."""
    check_growth(growing.work, growing.make, growing.size, min(growing.size, 100))


# ---------------------------------------------------------------------- wheels, and what is there


def _members(name: str, paths: Iterable[str]) -> bytes:
    return build_wheel(name, "1.0", files=dict.fromkeys(paths, ""))[1]


def _namespaces_that_end(size: int) -> tuple[RuleContext, WheelUnderReview]:
    """Two wheels: for each folder of the one the other has an extension module, but for the case of a letter."""
    folders = wheel_under_review("one-1.0-py3-none-any.whl", _members("one", (f"M{n}/x.txt" for n in range(size))))
    modules = wheel_under_review("two-1.0-py3-none-any.whl", _members("two", (f"m{n}.so" for n in range(size))))
    return context_of(folders, modules), modules


def _same_paths(size: int) -> tuple[RuleContext, WheelUnderReview]:
    one, two = (
        wheel_under_review(f"{x}-1.0-py3-none-any.whl", _members(x, (f"m{n}.py" for n in range(size)))) for x in "ab"
    )
    return context_of(one, two), two


def _namespace_hooks(size: int) -> tuple[RuleContext, WheelUnderReview]:
    """A line for each of many namespaces, where many modules are installed."""
    names = [f"n{number}" for number in range(size)]
    files = {"one-nspkg.pth": "".join(map(namespace_line, names)), **{f"{name}/x.py": "" for name in names}}
    wheel = wheel_under_review(*build_wheel("one", "1.0", files=files, module=False))
    there = tuple(f"m{number}.py" for number in range(size))
    return context_of(wheel, names=lambda folder: there if folder == LAYOUT.schemes["purelib"] else ()), wheel


def _modules_among_commands(size: int) -> tuple[RuleContext, WheelUnderReview]:
    """Many modules in the folder of commands, where many others are installed."""
    files = {f"one-1.0.data/scripts/s{number}.py": "" for number in range(size)}
    wheel = wheel_under_review(*build_wheel("one", "1.0", files=files, module=False))
    there = tuple(f"m{number}.py" for number in range(size))
    return context_of(wheel, names=lambda folder: there if folder == LAYOUT.schemes["purelib"] else ()), wheel


def _loaders(size: int) -> tuple[RuleContext, WheelUnderReview]:
    """An editable project with many loaders, each asked for by several files."""
    head = "from editables.redirector import RedirectingFinder as F\nF.install()\n"
    modules = {f"_m{number}.py": f"{head}F.map_module('n{number}', '/srv/one')\n" for number in range(size)}
    lines = "".join(f"import _m{number}\n" for number in range(size))
    wheel = wheel_under_review(*build_wheel("one", "1.0", files={**modules, "one.pth": lines, "two.pth": lines}))
    return context_of(wheel, own_folders={"one": ("/srv/one",)}), wheel


_MADE = (_namespaces_that_end, _same_paths, _namespace_hooks, _modules_among_commands, _loaders)


@pytest.mark.parametrize("made", _MADE)
def test_rules_on_wheels(made: Callable[[int], tuple[RuleContext, WheelUnderReview]]) -> None:
    """However many files wheels have, and however long their names are."""

    def judge(given: tuple[RuleContext, WheelUnderReview]) -> None:
        # What is told once is kept in the context: each judgement gets one that knows nothing.
        context = replace(given[0])
        for rule in RULES:
            rule.check(given[1], context)

    check_instructions(judge, made, 50)
    check_growth(lambda given: install_paths_of(given[1].content, LAYOUT), made, 100, 100)


@pytest.mark.parametrize("compared", [key_of, unsafe_path._key])
def test_accents(compared: Callable[[str], str]) -> None:
    """The time to put them in their order grows with the square of their number."""
    check_growth(compared, lambda size: "a" + "\u0301\u0316" * size, 1000, 100)


@pytest.mark.parametrize("kind", ["RECORD", "top_level.txt"])
def test_whose_a_folder_is(tmp_path: Path, kind: str) -> None:
    """An environment may have any number of files, and a wheel any number of files where folders are."""

    def made(size: int) -> str:
        site = tmp_path / str(size)
        for number in range(size):
            (site / f"m{number}").mkdir(parents=True)
            info = site / f"d{number}-1.dist-info"
            info.mkdir()
            (info / kind).write_text(f"n{number}/x.py,,\n" if kind == "RECORD" else f"n{number}\n")
        return str(site)

    def ask(site: str) -> None:
        owners = Ownership([site])
        for name in os.listdir(site):
            owners.owner(f"{site}/{name}")

    sites = {size: made(size) for size in (20, 20 * FACTOR)}
    check_growth(ask, sites.__getitem__, 20, 20)
