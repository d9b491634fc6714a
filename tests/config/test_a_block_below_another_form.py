"""A block that a hint shows, put below another form of the same key: TOML refuses it, and the hint says where to."""

from __future__ import annotations

import pytest

from safepip.config.level import read_level
from safepip.model.errors import UsageError
from safepip.model.origin import Source

INDEX = '{ name = "a", url = "https://a.example/simple/" }'
BLOCK = '[[index]]\nname = "b"\nurl = "https://b.example/simple/"\n'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            f"index = [{INDEX}]\n{BLOCK}",
            "index = ... is there already, in brackets or braces: put the new entry between",
        ),
        ('policy = { offline = true }\n[policy]\ncooldown = "P1D"\n', "policy can stand once: put the lines below"),
        ('[policy]\ncooldown = "P1D"\n[policy]\n', "the heading of policy can stand once: put the lines below the one"),
        ("index = [\n", ""),
    ],
)
def test_what_toml_refuses_is_told_with_the_way_on(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_level(text, "safepip.toml", Source.PROJECT_CONFIG)
    (found,) = caught.value.diagnostics
    assert found.reference == "bad-configuration"
    assert hint in found.hint
    assert bool(found.hint) == bool(hint)
