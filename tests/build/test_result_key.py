"""The key of a built wheel: each part counts, and what has no order has none."""

from __future__ import annotations

from typing import Any

import pytest

from safepip.build.build_system import BuildSystem
from safepip.build.config_settings import settings_of
from safepip.build.result_key import BuildInputs, key_of
from safepip.model.digest import strong

INPUTS = BuildInputs(
    source=strong("sha256", "a" * 64),
    subdirectory="",
    system=BuildSystem(("hatchling",), "hatchling.build"),
    requirements=(("hatchling", "1.0", "b" * 64), ("packaging", "26.3", "c" * 64)),
    settings={"one": "1", "two": ["2", "3"]},
    python=("3.11.7", "cp311-cp311-linux_x86_64", "/usr"),
    variables={"CFLAGS": "-O2", "PATH": "/usr/bin"},
    fence="bubblewrap",
)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("source", strong("sha256", "d" * 64)),
        ("source", strong("sha512", "a" * 128)),
        ("subdirectory", "python"),
        ("system", BuildSystem(("hatchling",), "hatchling.ouroboros")),
        ("system", BuildSystem(("hatchling",), "hatchling.build", ("src",))),
        ("requirements", (("hatchling", "1.0", "b" * 64),)),
        ("requirements", (("hatchling", "1.0", "e" * 64), ("packaging", "26.3", "c" * 64))),
        ("settings", {"one": "1"}),
        ("settings", {"one": "1", "two": ["3", "2"]}),
        ("python", ("3.12.1", "cp312-cp312-linux_x86_64", "/usr")),
        ("variables", {"CFLAGS": "-O3", "PATH": "/usr/bin"}),
        ("fence", "landlock"),
        ("network", True),
    ],
)
def test_each_part_counts(part: str, value: Any) -> None:
    """A wheel is used again only where all of it is the same."""
    assert key_of(INPUTS._replace(**{part: value})) != key_of(INPUTS)


def test_what_has_no_order_has_none() -> None:
    """The same parts in another order are the same build."""
    turned = INPUTS._replace(
        requirements=INPUTS.requirements[::-1],
        settings=dict(reversed(list(INPUTS.settings.items()))),
        variables=dict(reversed(list(INPUTS.variables.items()))),
    )
    assert key_of(turned) == key_of(INPUTS)


def test_repeated_settings_are_a_list() -> None:
    """pip's documentation of --config-settings."""
    assert settings_of([("a", "1"), ("b", "x"), ("a", "2"), ("a", "3")]) == {"a": ["1", "2", "3"], "b": "x"}
    assert settings_of([]) == {}
