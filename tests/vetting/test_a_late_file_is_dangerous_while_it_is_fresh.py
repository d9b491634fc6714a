"""A file that was added to an old release is late for ninety days, and then as old as any other."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from test_cooldown import ages, cooldown, refused, reported

from safepip.model.ages import DAY
from support.offers import NOW, chosen, decide
from support.runs import references
from support.universes import Release
from support.uploads import add, days_ago

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

YEARS = 6 * 365 * DAY
BEGINNING = Release("demo", "1.0", sdist=True, uploaded=NOW - YEARS)


def wheel(days: float, **fields: object) -> Release:
    """The release's only wheel, uploaded so many days ago, years after the source archive."""
    return Release("demo", "1.0", uploaded=NOW - days * DAY, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [90, 91, 400, 2000])
def test_once_it_has_been_public_for_ninety_days_it_is_as_old_as_any_other(days: float) -> None:
    """However late it came."""
    assert chosen(decide([BEGINNING, wheel(days)], "demo")) == {"demo": "1.0"}
    assert chosen(decide([BEGINNING, wheel(days)], "demo", ages=ages(stated=cooldown(0)))) == {"demo": "1.0"}


@pytest.mark.parametrize("days", [0.5, 2, 14, 30, 89.9])
def test_before_that_it_is_late(days: float) -> None:
    """And it is said until when."""
    problem = refused([BEGINNING, wheel(days)], "demo", ages=ages(stated=cooldown(0)))
    assert problem.reference == "late-file"
    (line,) = [line for line in problem.context if "came" in line]
    assert f"came {int(YEARS / DAY - days)} days after the first file of its release" in line
    assert "and counts as late until" in line
    assert "wait" in problem.hint


def test_a_longer_cooldown_holds_beside_it() -> None:
    """It is as old as any other, and no older."""
    assert refused([BEGINNING, wheel(100)], "demo", ages=ages(stated=cooldown(120))).reference == "cooldown"
    assert chosen(decide([BEGINNING, wheel(100)], "demo", ages=ages(stated=cooldown(90)))) == {"demo": "1.0"}


def test_a_fresh_one_beside_an_old_late_one_is_late() -> None:
    """Each is judged by its own age."""
    found = decide([BEGINNING, wheel(400), wheel(30, build="1")], "demo")
    assert found.pins["demo"].candidate is not None
    assert found.pins["demo"].candidate.file.filename == "demo-1.0-py3-none-any.whl"
    assert "demo-1.0-1-py3-none-any.whl came" in reported(found)


def test_a_late_wheel_of_long_ago_is_installed_and_locked(index: IndexServer, run: Inside) -> None:
    """apache-airflow requires a project whose wheel came years after its source archive, and years ago."""
    index.add_sdist("methodtools", "0.4.7", file={"upload_time": days_ago(3000)})
    add(index, "methodtools", "0.4.7", 800)
    add(index, "airflow", "2.0", 100, requires=["methodtools>=0.4.7"])
    done = run("download", "-d", "out", "-i", index.url, "--no-cache-dir", "airflow")
    assert done.code == 0, done.err
    assert len(list((run.folder / "out").iterdir())) == 2
    index.add("methodtools", "0.4.7", tag="cp39-cp39-win32", file={"upload_time": days_ago(20)})
    assert run("lock", "airflow", "-i", index.url, "--no-cache-dir").code == 0
    locked = tomllib.loads((run.folder / "pylock.toml").read_text())["packages"]
    assert [wheel["name"] for package in locked for wheel in package["wheels"]] == [
        "airflow-2.0-py3-none-any.whl",
        "methodtools-0.4.7-py3-none-any.whl",
    ], "what is late for another target is not locked for it"


def test_its_age_is_the_stricter_of_two_pages(index: IndexServer, run: Inside) -> None:
    """A mirror that dates it later does not make it older, and one that dates it earlier neither."""
    index.add_sdist("demo", "1.0", file={"upload_time": days_ago(3000)})
    late = add(index, "demo", "1.0", 30)
    other = index.mount("/mirror/simple/")
    other.add_sdist("demo", "1.0", file={"upload_time": days_ago(3000)})
    other.add_file("demo", late.filename, late.data, upload_time=days_ago(800), sidecar=late.sidecar)
    words = ("--no-cache-dir", "--only-binary", "demo", "demo", "-d", "out")
    for first, second in ((index, other), (other, index)):
        done = run("download", "-i", first.url, "--extra-index-url", second.url, *words)
        assert references(done.err) == ["late-file"], done.err
