"""A shim as text, and whether it still stands: values in, values out."""

from __future__ import annotations

import ast

import pytest

from safepip.environment.shim import (
    Shim,
    ShimEntry,
    findings,
    is_pip_command,
    saved_name,
    shim_text,
    stands,
    with_findings,
)
from safepip.environment.verification import EnvironmentVerdict, Finding, Kind

PIP = ShimEntry("bin/pip", "bin+pip-0", "0" * 64, ("1" * 64,), main=False)
MAIN = ShimEntry("lib/python3.11/site-packages/pip/__main__.py", "main-0", "2" * 64, ("3" * 64,), main=True)
SHIM = Shim("/srv/app/.venv/bin/python", ("/opt/safepip/bin/python", "-I"), (PIP, MAIN))


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("pip", True), ("pip3", True), ("pip3.11", True), ("pip-3.11", True), ("pip3.11.2", True),
        ("pipx", False), ("pip-audit", False), ("pip3-", False), ("pip.exe", False), ("pip3.", False), ("xpip", False),
        ("pip3.11\n", False),
    ],
)  # fmt: skip
def test_pips_commands_are_known_by_their_names(name: str, whose: bool) -> None:
    """Those of other projects begin so, too."""
    assert is_pip_command(name) is whose


def test_an_original_is_kept_by_its_place_and_its_bytes() -> None:
    """Equal files of two places, and two files of one place, are four names; a link has one as well."""
    names = {saved_name(path, digest) for path in ("bin/pip", "bin/pip3") for digest in ("a" * 64, "b" * 64, "link:x")}
    assert len(names) == 6
    assert saved_name("lib/python3.11/site-packages/pip/__main__.py", "a" * 64) == (
        "lib+python3.11+site-packages+pip+__main__.py-aaaaaaaaaaaa"
    )


def test_the_text_says_whose_it_is_and_where_the_original_lies() -> None:
    """A command begins with its Python; the values stand in the last line, and are read as they were written."""
    odd = SHIM._replace(command=("/opt/it's/python", '"\\\n', "\udcff"))
    text = shim_text("def run(shim, names): ...", odd, PIP)
    first, second, *_, last = text.splitlines()
    assert first == "#!/srv/app/.venv/bin/python"
    assert second.startswith("# This is safepip's shim ")
    call = ast.parse(last).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert ast.literal_eval(call.value.args[0]) == {
        "root": "..", "saved": "bin+pip-0", "main": False, "command": list(odd.command),
    }  # fmt: skip
    text = shim_text("def run(shim, names): ...", SHIM, MAIN)
    assert text.startswith("# This is safepip's shim ")
    assert "'root': '../../../..'" in text


@pytest.mark.parametrize("python", ["/srv/my app/bin/python", "/" + "x" * 126, "/srv/\tapp/python"])
def test_what_no_first_line_can_hold_stands_in_a_line_of_sh(python: str) -> None:
    """It is a string to Python, so the text stays one of Python's."""
    text = shim_text("run = print", SHIM._replace(python=python), PIP)
    assert text.splitlines()[0] == "#!/bin/sh"
    assert isinstance(ast.parse(text).body[0], ast.Expr)
    assert shim_text("", SHIM._replace(python="/" + "x" * 124), PIP).startswith("#!/x")


def made(entry: ShimEntry) -> str:
    return entry.shims[0]


def test_a_shim_that_stands_is_no_finding() -> None:
    """At every entry point, and what it starts is there."""
    found = {"bin/pip": "1" * 64, MAIN.path: "3" * 64}
    assert findings(SHIM, "/srv/app/.venv", found, made, starts=True) == []
    assert stands(SHIM, found) == {"bin/pip", MAIN.path}
    assert stands(SHIM, {"bin/pip": "0" * 64}) == frozenset()


@pytest.mark.parametrize(
    ("there", "detail"),
    [
        ("", "is not there, and the shim with it"),
        ("0" * 64, "is pip's own: the shim is not there any more"),
        ("4" * 64, "is neither the shim nor what it replaced"),
        ("other", "is neither the shim nor what it replaced"),
    ],
)
def test_what_stands_in_its_place_is_told(there: str, detail: str) -> None:
    """And one whose bytes are in its notes but are not those that belong there."""
    found = {"bin/pip": there, MAIN.path: "3" * 64}
    (finding,) = findings(SHIM, "/srv/app/.venv", found, made, starts=True)
    assert finding == Finding(Kind.SHIM, "/srv/app/.venv/bin/pip", detail=detail)
    (finding,) = findings(SHIM, "/srv", {**found, "bin/pip": "1" * 64}, lambda _: "3" * 64, starts=True)
    assert finding.detail.startswith("is the shim of another version, or was changed")


def test_a_safepip_that_is_gone_is_told_and_comes_first() -> None:
    """Then each install fails, which is safe and of no use."""
    found = {"bin/pip": "1" * 64, MAIN.path: "3" * 64}
    (finding,) = findings(SHIM, "/srv", found, made, starts=False)
    assert finding == Finding(Kind.SHIM, "/opt/safepip/bin/python", detail="is what the shim starts, and is not there")
    other = Finding(Kind.UNOWNED, "/srv/x")
    assert with_findings(EnvironmentVerdict((other,), 1, 2), [finding]) == EnvironmentVerdict((finding, other), 1, 2)
