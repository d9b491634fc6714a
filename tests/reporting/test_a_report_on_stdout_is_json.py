"""With `--report -` standard output is the report and nothing else; words go to standard error."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from support.runs import shown
from support.schemas import own
from support.wheels import build_wheel

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    index.add("app", "1.0", requires=["lib"])
    index.add("lib", "1.0")
    return index


def names(text: str) -> list[str]:
    """What the report on standard output says would be installed; an error where it is no JSON."""
    return sorted(item["metadata"]["name"] for item in own("report", text)["install"])


@pytest.mark.parametrize("more", [(), ("-q",), ("-qqq",), ("-v",)])
def test_of_a_dry_run(run: Inside, served: IndexServer, more: tuple[str, ...]) -> None:
    done = run("install", "--dry-run", "-I", "--report", "-", "-i", served.url, *more, "app")
    assert done.code == 0, done.err
    assert names(done.out) == ["app", "lib"]
    assert ("Would install app-1.0 lib-1.0" in done.err) == (not {"-q", "-qqq"} & set(more))


def test_elsewhere_a_dry_run_says_it_on_standard_output(run: Inside, served: IndexServer) -> None:
    """As pip does; a report in a file is in nobody's way."""
    done = run("install", "--dry-run", "-I", "--report", "r.json", "-i", served.url, "app")
    assert done.out == f"Looking in indexes: {served.url}\nWould install app-1.0 lib-1.0\n"
    assert names((run.folder / "r.json").read_text()) == ["app", "lib"]


@pytest.mark.parametrize("more", [(), ("-q",), ("-v",)])
def test_of_an_install_and_of_one_with_nothing_to_do(
    runner: Runner, target: Environment, served: IndexServer, more: tuple[str, ...]
) -> None:
    """pip's own words too, at whatever verbosity."""
    for expected in (["app", "lib"], []):
        words = ("--python", str(target.python), "-i", served.url, "--report", "-", *more)
        done = runner.inside("install", *words, "app")
        assert done.returncode == 0, shown(done)
        assert names(done.stdout) == expected
        if not more:
            assert ("Successfully installed app-1.0 lib-1.0" if expected else "already satisfied: app") in done.stderr
    assert target.installed() == {"app": "1.0", "lib": "1.0"}


def test_of_sync_with_something_to_take_away(runner: Runner, target: Environment, served: IndexServer) -> None:
    served.add("stray", "1.0")
    words = ("--python", target.python, "-i", served.url)
    assert runner.inside("install", "-q", *words, "stray", "lib").returncode == 0
    assert runner.inside("lock", "-q", "-i", served.url, "app").returncode == 0
    dry = runner.inside("sync", *words, "--dry-run", "--report", "-", "pylock.toml")
    assert names(dry.stdout) == ["app"]
    assert "Would uninstall stray-1.0" in dry.stderr
    done = runner.inside("sync", *words, "--report", "-", "pylock.toml")
    assert done.returncode == 0, shown(done)
    assert names(done.stdout) == ["app"]
    assert "stray" in done.stderr
    assert target.installed() == {"app": "1.0", "lib": "1.0"}


#: By project, the digests that its index gives.
GIVEN = {
    "one": ["sha256"],
    "two": ["sha512"],
    "three": ["sha384"],
    "four": ["sha256", "sha384"],
    "five": ["sha384", "sha512"],
    "six": ["md5", "sha256"],
    "seven": [],
}


@pytest.mark.parametrize("dry", [True, False])
def test_the_digest_stands_in_both_forms(runner: Runner, target: Environment, index: IndexServer, dry: bool) -> None:
    """`hash` is one of `hashes`, the one that everybody reads where it is known: it is when the file was verified."""
    served = {name: build_wheel(name, "1.0") for name in GIVEN}
    for name, (filename, data) in served.items():
        index.add_wheel(name, filename, data, version="1.0").hashes = {
            algorithm: hashlib.new(algorithm, data).hexdigest() for algorithm in GIVEN[name]
        }
    (runner.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "only"\nurl = "{index.url}"\ndefault = true\nhashes = "optional"\n'
    )
    more = ("--dry-run",) if dry else ()
    done = runner.inside("install", "--python", target.python, "--report", "-", *more, *GIVEN)
    assert done.returncode == 0, shown(done)
    archives: dict[str, dict[str, Any]] = {
        item["metadata"]["name"]: item["download_info"]["archive_info"] for item in json.loads(done.stdout)["install"]
    }
    assert archives.keys() == GIVEN.keys()
    for name, archive in archives.items():
        given = GIVEN[name]
        known = {each: hashlib.new(each, served[name][1]).hexdigest() for each in archive.get("hashes", {})}
        assert archive.get("hashes", {}) == known, given
        if not known:
            assert (given, dry, archive) == ([], True, {})
            continue
        assert known.keys() >= {each for each in given if each.startswith("sha")}, given
        best = "sha256" if "sha256" in known else max(known)
        assert archive["hash"] == f"{best}={known[best]}", given
        assert dry or best == "sha256", given
