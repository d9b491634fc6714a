"""Which configurations the nearest one of a project would hide."""

from __future__ import annotations

import pytest

from safepip.config.hidden import hides, to_be_empty
from safepip.config.level import read_level
from safepip.model.origin import Source

INDEX = '[[index]]\nname = "acme"\nurl = "https://packages.acme.example/simple/"\n'


@pytest.mark.parametrize(
    ("text", "folders"), [(INDEX, ["/a/b"]), ("", ["/a/b", "/a", "/"]), ("trusted-hosts = []\n", ["/a/b", "/a", "/"])]
)
def test_one_that_declares_an_index_stands_for_itself(text: str, folders: list[str]) -> None:
    """Beside it there may be none all the same."""
    nearest = read_level(text, "/a/b/safepip.toml", Source.PROJECT_CONFIG)
    assert nearest is not None
    assert list(to_be_empty(nearest, ["/a/b", "/a", "/"])) == folders


@pytest.mark.parametrize(("beside", "into"), [(True, "/a/safepip.toml"), (False, "/pyproject.toml")])
def test_the_hint_names_the_one_that_stays(beside: bool, into: str) -> None:
    """Of two in one folder the nearest, else the one above, which counts for more."""
    nearest = read_level("", "/a/safepip.toml", Source.PROJECT_CONFIG)
    assert nearest is not None
    (found,) = hides(nearest, "/a/pyproject.toml" if beside else "/pyproject.toml", beside=beside).diagnostics
    assert found.reference == "hidden-configuration"
    assert f"put everything into one of them, {into}, and" in found.hint
