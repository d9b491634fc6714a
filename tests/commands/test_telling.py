"""What a run says beside its answer: where it looks, what it decided and why, and what it has held back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.model.finding import HeldBack
from safepip.model.index import Index, IndexKind, IndexUrl
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.route import Route, RoutingRule
from safepip.reporting.summaries import held_back, installed, looking_in
from support.handing import Chosen, cleared, pin_of
from support.wheels import build_wheel

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Inside

DEFAULT = "https://default.example/simple/"


def young() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def index_of(url: str, kind: IndexKind = IndexKind.SIMPLE) -> Index:
    return Index("one", IndexUrl.parse(url), kind)


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """Of two projects the newest version is an hour old."""
    for name in ("app", "lib"):
        index.add(name, "1.0", requires=["lib"] if name == "app" else [])
        index.add(name, "2.0", requires=["lib"] if name == "app" else [], file={"upload_time": young()})
    index.cache_control = "max-age=600"
    return index


def test_the_index_that_nobody_named_is_called_pips(tmp_path: Path) -> None:
    """And one that a line names bears its own name, also where that is `default`."""
    filename, data = build_wheel("demo", "1.0")
    path = tmp_path / filename
    path.write_bytes(data)
    given = Origin(Source.PROJECT_CONFIG, "safepip.toml", 3)
    for origin, name, said in [
        (BUILT_IN, "default", "pip's default index"),
        (given, "default", "default"),
        (given, "acme", "acme"),
    ]:
        index = Index(name, IndexUrl.parse(DEFAULT), origin=origin)
        pin = pin_of(Chosen(path))._replace(route=Route("demo", RoutingRule.DEFAULT, index))
        line = installed([cleared(pin, path)], 1.25)
        assert line == f"Installed 1 distribution from {said}, every file verified, in 1.2 s"
        if origin == BUILT_IN:
            tutorial = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
            assert line.replace("1 distribution", "12 distributions").replace("1.2", "4.2") in " ".join(
                tutorial.split()
            )


def test_fewer_pips_than_asked_for_are_told(index: IndexServer, runner: Runner, target: Environment) -> None:
    """That there is a bound, to everybody; why one pip does it alone, with -v and in the log."""
    for name in ("app", "lib", "tool"):
        index.add(name, "1.0")
    words = ("install", "--python", target.python, "-i", index.url, "--jobs", "33")
    done = runner.inside(*words, "app", "-t", "place", "-v")
    assert "notice: at most 32 pips install side by side, and not 33\n" in done.stderr
    assert "\none pip installs everything: pip moves whole folders" in done.stderr
    done = runner.inside(*words[:-1], "32", "lib", "tool")
    assert done.returncode == 0, done.stderr
    assert "side by side" not in done.stderr


# --- where it looks ----------------------------------------------------------------------------------------------


def test_pips_default_index_needs_no_line_and_any_other_has_one() -> None:
    assert list(looking_in([index_of(DEFAULT)], DEFAULT)) == []
    other = index_of("https://packages.example/simple")
    assert list(looking_in([index_of(DEFAULT), other], DEFAULT)) == [
        f"Looking in indexes: {DEFAULT}, https://packages.example/simple/"
    ]
    links = index_of("https://files.example/", IndexKind.FIND_LINKS)
    assert list(looking_in([index_of(DEFAULT), links], DEFAULT)) == ["Looking in links: https://files.example/"]


@pytest.mark.parametrize("verb", ["install", "download", "wheel"])
def test_the_line_is_that_of_pip_without_credentials(
    verb: str, index: IndexServer, runner: Runner, target: Environment
) -> None:
    index.auth = ("reader", "canary")
    index.add("app", "1.0")
    words = (verb, "--cooldown", "0", "-i", index.credentialed_url, "app")
    done = runner.inside(*words, "--python", target.python)
    assert done.stdout.splitlines()[0] == f"Looking in indexes: {index.url}", done.stderr
    assert "canary" not in done.stdout + done.stderr
    assert "Looking" not in runner.inside(*words, "--python", target.python, "-q").stdout


def test_q_leaves_out_what_a_dry_run_would_install_as_with_pip(
    run: Inside, served: IndexServer, runner: Runner
) -> None:
    """It is a message of pip's INFO. The log has it."""
    words = ("install", "--dry-run", "-I", "-i", served.url, "app")
    assert runner.pip(*words, "-q").stdout == ""
    quiet = run(*words, "-q", "--log", "log.txt")
    assert (quiet.code, quiet.out) == (0, "")
    assert run(*words).out.splitlines()[-1].startswith("Would install app-")
    assert "Would install app-" in (run.folder / "log.txt").read_text()


# --- what it decided ---------------------------------------------------------------------------------------------


def test_v_says_of_each_project_what_was_taken_and_what_was_not(run: Inside, served: IndexServer) -> None:
    """With the index, the rule and the reasons. Without -v the log has the same."""
    words = ("install", "--dry-run", "-I", "-i", served.url, "app")
    loud, quiet = run(*words, "-v"), run(*words, "--log", "log.txt")
    log = "\n".join(line.partition(" ")[2] for line in (run.folder / "log.txt").read_text().splitlines())
    for text in (loud.err, log):
        assert re.search(r"^app 1\.0\n  index        \S+  http", text, re.MULTILINE), text
        assert "  rule         the only source there is\n" in text or "  rule         unclaimed" in text
        assert re.search(r"^  fell         2\.0  cooldown: app 2\.0 is held back until", text, re.MULTILINE)
        assert "  required by  app 1.0: lib\n" in text
    assert "rule" not in quiet.err


def test_v_says_what_was_not_asked_again(run: Inside, served: IndexServer) -> None:
    words = ("install", "--dry-run", "-I", "-i", served.url, "app", "-v")
    assert "from the cache" not in run(*words).err
    assert re.search("^from the cache: the page of app at ", run(*words).err, re.MULTILINE)


def test_vv_says_each_request_and_v_does_not(run: Inside, served: IndexServer) -> None:
    words = ("install", "--dry-run", "-I", "-i", served.url, "app", "--no-cache-dir")
    assert "GET" not in run(*words, "-v").err
    assert re.search(rf"^GET {served.url}app/: 200, \d\.\d\d s$", run(*words, "-vv").err, re.MULTILINE)


def test_what_is_said_changes_nothing_that_is_asked(run: Inside, served: IndexServer) -> None:
    """Reasons are those of the pages that were read anyway."""
    asked = []
    for more in ((), ("-vv",)):
        served.host.requests.clear()
        run("install", "--dry-run", "-I", "-i", served.url, "app", "--no-cache-dir", *more)
        asked.append(sorted(served.paths_asked()))
    assert asked[0] == asked[1] != []


# --- what it has held back ---------------------------------------------------------------------------------------


def test_one_line_tells_of_all_that_is_held_back_and_v_of_each(run: Inside, served: IndexServer) -> None:
    words = ("install", "--dry-run", "-I", "-i", served.url, "app")
    brief, long = run(*words), run(*words, "-v")
    line = "notice: held back for their age, so that older versions are taken: app 2.0, lib 2.0; -v says for how long"
    assert [line for line in brief.err.splitlines() if "held back" in line] == [line]
    for name in ("app", "lib"):
        assert f"\ncooldown: {name} 2.0 is held back until" in long.err


def test_a_single_one_says_at_once_for_how_long(run: Inside, served: IndexServer) -> None:
    assert "cooldown: lib 2.0 is held back until" in run("install", "--dry-run", "-I", "-i", served.url, "lib").err


def test_many_are_not_all_named() -> None:
    told = ["something else", *(HeldBack(f"line {n}", f"p{n} 2.0") for n in range(9))]
    summary, each = held_back(told)
    assert "p0 2.0, p1 2.0, p2 2.0, p3 2.0, p4 2.0, p5 2.0 and 3 more; -v" in summary
    assert each == told[1:]


# --- what it did -------------------------------------------------------------------------------------------------


def test_the_last_line_says_how_many_from_where_and_how_long(
    two_indexes: tuple[IndexServer, IndexServer], runner: Runner, target: Environment
) -> None:
    internal, public = two_indexes
    internal.add("acme-app", "1.0", requires=["lib", "tool"])
    public.add("lib", "1.0")
    public.add("tool", "1.0")
    (runner.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "acme"\nurl = "{internal.url}"\npackages = ["acme-*"]\n'
        f'[[index]]\nname = "mirror"\nurl = "{public.url}"\ndefault = true\n'
    )
    done = runner.inside("install", "--python", target.python, "--cooldown", "0", "acme-app")
    last = done.stdout.splitlines()[-1]
    told = r"Installed 3 distributions, every file verified, in \d+\.\d s: 2 from mirror, 1 from acme"
    assert re.fullmatch(told, last), done.stdout + done.stderr
