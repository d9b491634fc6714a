"""What people read: every message as a whole, in tests/golden.

With `SAFEPIP_WRITE_GOLDEN=1` in the environment the files are written anew; read the difference before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.model.errors import PipFailed, Refused, SafepipError, UsageError
from safepip.model.finding import Diagnostic
from safepip.model.origin import Origin, Source
from safepip.model.page import Status
from safepip.reporting.messages import Style, already_satisfied, render_error, render_notice, would_install
from safepip.routing.table import build
from support.offers import MemoryCatalog, asked, decide, digest_of, index
from support.universes import Release

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parents[1] / "golden"
PUBLIC = index(default=True)


def a(version: str = "1.0", **fields: Any) -> Release:
    return Release("acme-web", version, **fields)


def b(version: str = "1.0", **fields: Any) -> Release:
    return Release("acme-utils", version, **fields)


def ambiguous() -> object:
    world = {"public": [b("99.0.0")], "acme": [a("2.1", requires=("acme-utils",)), b("1.3"), b("1.4.0")]}
    return decide(world, asked("acme-web", 7), indexes=[index("acme"), PUBLIC])


def several_ambiguous() -> object:
    names = ("acme-auth", "acme-utils", "billing")
    internal = [Release(name, "1.0") for name in names]
    public = [Release(name, "99.0") for name in names]
    return decide({"acme": internal, "public": public}, *names, indexes=[index("acme"), PUBLIC])


def quarantined() -> object:
    catalog = MemoryCatalog(build([PUBLIC]), {"public": [b()]}, statuses={"acme-utils": Status.QUARANTINED})
    return decide((), "acme-utils", catalog=catalog)


def hostile() -> object:
    """What an index or a wheel says cannot rewrite the terminal."""
    return decide([a(requires=("acme-utils @ https://evil.example/\x1b[2Jx\u202e.whl",))], "acme-web")


def missing_hash() -> object:
    releases = [a(requires=("acme-utils",)), b()]
    return decide(releases, asked("acme-web==1.0", hashes=(digest_of(releases[0]),)), require_hashes=True)


DEAD_ENDS: dict[str, Callable[[], object]] = {
    "ambiguous-index": ambiguous,
    "ambiguous-index-several": several_ambiguous,
    "conflict": lambda: decide(
        [a(requires=("acme-utils>=2",)), b("1.0"), b("2.0")], "acme-web", "acme-utils<2", constraints=["acme-web==1.0"]
    ),
    "conflict-of-many-versions": lambda: decide(
        [*(a(f"1.{n}", requires=("acme-utils<1",)) for n in range(60)), *(b(f"1.{n}") for n in range(40)), b("0.9")],
        "acme-web",
        "acme-utils>=1",
    ),
    "conflict-of-many-requirements": lambda: decide(
        [*(a(f"1.{n}", requires=(f"acme-utils<1.{n:02}",)) for n in range(60)), b("0.9"), b("2.0")],
        "acme-web",
        "acme-utils>=1.60",
        constraints=["acme-web!=1.7"],
    ),
    "no-version-of-many": lambda: decide([b(f"1.{n}") for n in range(60)], "acme-utils>=2"),
    "no-wheel-of-many": lambda: decide(
        [
            *(b(f"1.{n}", requires_python=">=3.99") for n in range(30)),
            *(b(f"2.{n}", tag=f"cp27-cp27m-{('win32', 'win_amd64')[n % 2]}") for n in range(30)),
        ],
        "acme-utils",
    ),
    "requires-python-of-many": lambda: decide(
        [b(f"1.{n}", requires_python=">=3.99", hidden_python=True) for n in range(60)], "acme-utils"
    ),
    "no-such-project": lambda: decide([a(requires=("acme-utlis",))], "acme-web"),
    "no-matching-version": lambda: decide([b("1.0"), b("1.1")], "acme-utils>=2"),
    "no-wheel": lambda: decide([b("1.0"), b("2.0", sdist=True), b("3.0", tag="cp27-cp27m-win32")], "acme-utils>=2"),
    "requires-python": lambda: decide([b(requires_python=">=3.99", hidden_python=True)], "acme-utils"),
    "unusable-metadata": lambda: decide([a(requires=("acme-utils",)), b(requires=("no, no",))], "acme-web"),
    "quarantined": quarantined,
    "hash-mismatch": lambda: decide([b()], asked("acme-utils==1.0", hashes=(digest_of(a()),))),
    "missing-hash": missing_hash,
    "direct-reference": lambda: decide(
        [a(requires=("acme-utils @ https://files.example/acme_utils-1.0-py3-none-any.whl",))], "acme-web"
    ),
    "claimed-name": lambda: decide(
        [b()],
        "acme-utils @ https://files.example/acme_utils-1.0-py3-none-any.whl",
        indexes=[index("acme", packages=("acme-*",)), PUBLIC],
    ),
    "hostile-text": hostile,
}


@pytest.mark.parametrize("name", DEAD_ENDS)
def test_the_message_is_the_golden_one(name: str) -> None:
    with pytest.raises(SafepipError) as caught:
        DEAD_ENDS[name]()
    text = render_error(caught.value) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("SAFEPIP_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in DEAD_ENDS if "many" in name])
def test_many_versions_fit_into_ten_lines(name: str) -> None:
    with pytest.raises(SafepipError) as caught:
        DEAD_ENDS[name]()
    assert len([line for line in render_error(caught.value).splitlines() if line]) <= 10


def test_every_golden_file_is_of_a_test() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == DEAD_ENDS.keys()


def test_no_control_character_of_an_index_reaches_the_terminal() -> None:
    with pytest.raises(SafepipError) as caught:
        hostile()
    text = render_error(caught.value)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_colour_adds_escapes_and_no_meaning() -> None:
    with pytest.raises(SafepipError) as caught:
        ambiguous()
    coloured = render_error(caught.value, Style(color=True))
    for code in ("\x1b[1m", "\x1b[31;1m", "\x1b[36;1m", "\x1b[33m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == render_error(caught.value)


def test_the_last_line_says_what_became_of_the_environment() -> None:
    problem = Diagnostic("some-reference", "something is wrong")
    assert render_error(Refused(problem)).endswith("\n\nNothing was installed.  More: safepip help some-reference")
    assert render_error(UsageError(problem)).endswith("\n\nNothing was done.  More: safepip help some-reference")
    assert render_error(Refused(problem), untouched="Nothing was kept.").endswith(
        "\n\nNothing was kept.  More: safepip help some-reference"
    )
    # pip was at work: nobody can say that nothing was installed.
    assert "Nothing was" not in render_error(PipFailed(1))


def test_a_place_that_the_evidence_does_not_show_is_added_once() -> None:
    here = Origin(Source.FILE, "requirements.txt", 3)
    shown = Diagnostic("x", "wrong", ("requirements.txt:3 says so",), origins=(here, here))
    hidden = Diagnostic("x", "wrong", origins=(here, here))
    assert render_error(Refused(shown)).count("requirements.txt:3") == 1
    assert render_error(Refused(hidden)).count("  from requirements.txt:3") == 1


def test_a_dry_run_ends_as_pips_and_says_nothing_where_nothing_is_to_be_done() -> None:
    resolution = decide([a("1.0", requires=("Acme.Utils",)), b("2.0")], "acme-web")
    assert would_install(resolution) == "Would install acme-utils-2.0 acme-web-1.0"
    kept = decide((), "acme-web", installed=[a()])
    assert would_install(kept) == ""
    assert already_satisfied(kept) == ["Requirement already satisfied: acme-web in /site (1.0)"]


def test_a_notice_is_one_line() -> None:
    assert render_notice("look here") == "notice: look here"
