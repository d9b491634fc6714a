"""Advisories from end to end: a lock with six holes that is fixed and installed, and malware that no way leads to."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from support.advisories import malicious, record, versions_of
from support.environment import Runner
from support.runs import references, shown
from support.wheels import sha256

if TYPE_CHECKING:
    from support.environment import Environment
    from support.index import IndexServer
    from support.inside import Inside

#: Five that can be fixed, each in another way, and one that a requirement of a requirement holds back.
HOLES = (
    record("PYSEC-1", versions_of("lowest", "introduced 0", "fixed 1.1")),
    record("PYSEC-2", versions_of("not-newest", "introduced 0", "fixed 1.1", "introduced 1.3")),
    record("PYSEC-3", versions_of("listed", listed=["1.0", "1.1"])),
    record("PYSEC-4", versions_of("brings", "introduced 0", "fixed 1.2")),
    record("PYSEC-5", versions_of("brought", "introduced 1.1", "fixed 1.2"), versions_of("deep", "last_affected 1.0")),
    record("PYSEC-6", versions_of("held", "introduced 0", "fixed 2.0"), summary="a hole"),
)
HOLES[4]["affected"][1]["ranges"][0]["events"].insert(0, {"introduced": "0"})

FIXED = {"lowest": "1.1", "not-newest": "1.1", "listed": "1.2", "brings": "1.2", "brought": "1.2", "deep": "1.1"}
KEPT = {"calm": "1.0", "top": "1.0", "middle": "1.0", "held": "1.0"}


def know(run: Inside, index: IndexServer, *records: dict[str, Any]) -> None:
    (run.folder / "db").mkdir(exist_ok=True)
    for data in (record("PYSEC-0", versions_of("unrelated", "introduced 0")), *records):
        (run.folder / "db" / f"{data['id']}.json").write_text(json.dumps(data))
    own = f'[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n'
    (run.folder / "safepip.toml").write_text(f'[[advisories]]\nname = "own"\npath = "db"\n{own}')
    assert run("audit", "--update").code == 0


@pytest.fixture
def locked(run: Inside, index: IndexServer) -> IndexServer:
    """A lock of ten projects, and newer versions of all that came later."""
    index.add("brings", "1.0", requires=["brought"])
    index.add("top", "1.0", requires=["middle"])
    index.add("middle", "1.0", requires=["held<2"])
    for name in ("lowest", "not-newest", "listed", "brought", "deep", "held", "calm"):
        index.add(name, "1.0")
    (run.folder / "requirements.in").write_text("lowest\nnot-newest\nlisted\nbrings\ndeep\ntop\ncalm\n")
    know(run, index)
    assert run("lock").code == 0
    for version in ("1.1", "1.2", "1.3"):
        index.add("brings", version, requires=["brought>=1.1"])
        for name in ("lowest", "not-newest", "listed", "brought", "deep", "calm"):
            index.add(name, version)
    index.add("held", "2.0")
    return index


def versions(run: Inside, name: str = "pylock.toml") -> dict[str, str]:
    return {p["name"]: p["version"] for p in tomllib.loads((run.folder / name).read_text())["packages"]}


def findings(run: Inside, name: str) -> set[str]:
    report = json.loads(run("audit", "-r", name, "--output-format", "json").out)
    return {matter["id"] for project in report["projects"] for matter in project["vulnerabilities"]}


def test_five_of_six_holes_are_fixed_installed_and_the_sixth_is_explained(
    run: Inside, locked: IndexServer, target: Environment
) -> None:
    """Without the sixth it is clean; each change, tried back alone, brings a hole back or has no answer."""
    know(run, locked, *HOLES)
    old = versions(run)
    done = run("audit", "--fix", "-r", "pylock.toml")
    assert done.code == 1, done
    new = versions(run)
    assert new == FIXED | KEPT
    assert findings(run, "pylock.toml") == {"PYSEC-6"}
    told = done.out[done.out.index("not fixed:") :]
    assert re.search(r"held 1\.0 +PYSEC-6", told)
    for link in ("held<2", "middle 1.0", "top 1.0"):
        assert link in told
    for name in FIXED:
        pins = {**new, name: old[name]}
        (run.folder / "back.txt").write_text("".join(f"{n}=={v}\n" for n, v in pins.items()))
        done = run("lock", "-c", "back.txt", "-o", "pylock.back.toml", "-q")
        assert done.code != 0 or findings(run, "pylock.back.toml") > {"PYSEC-6"}, name
    runner = Runner(run.folder, run.folder / "home")
    installed = runner.inside("install", "-q", "--python", target.python, "-r", "pylock.toml")
    assert installed.returncode == 0, shown(installed)
    assert target.installed() == FIXED | KEPT


@pytest.mark.usefixtures("locked")
def test_without_what_cannot_be_fixed_the_lock_is_clean(run: Inside, index: IndexServer) -> None:
    """And the exit code says so."""
    know(run, index, *HOLES[:5])
    assert run("audit", "-r", "pylock.toml").code == 1
    assert run("audit", "--fix", "-r", "pylock.toml").code == 0
    assert versions(run) == FIXED | KEPT
    assert run("audit", "-r", "pylock.toml").code == 0


def test_no_way_leads_malware_into_an_environment(run: Inside, index: IndexServer, target: Environment) -> None:
    """By name, version, bytes under another name, from a lock, and out of a warm store without a network."""
    names = ("named", "versioned", "renamed", "locked")
    for name in names:
        index.add(name, "1.0")
    (run.folder / "requirements.in").write_text("locked\n")
    know(run, index)
    cache = ("--cache-dir", run.folder / "cache")
    assert run("lock", *cache).code == 0
    assert run("download", "-q", "-d", "out", *cache, *names).code == 0
    (file,) = index.project("renamed").files
    know(
        run,
        index,
        malicious("MAL-1", "named"),
        malicious("MAL-2", "versioned", listed=["1.0"]),
        malicious("MAL-3", "other", listed=["9"], sha256=sha256(file.data)),
        malicious("MAL-4", "locked", listed=["1.0"]),
    )
    assert run("audit", "--update", *cache).code == 0
    index.host.requests.clear()
    runner = Runner(run.folder, run.folder / "home")
    ways = (("named",), ("versioned",), ("renamed",), ("-r", "pylock.toml"))
    for way in (*ways, *((*way, "--offline") for way in ways)):
        done = runner.inside("install", "-q", "--python", target.python, *cache, *way)
        assert (done.returncode, references(done.stderr)) == (20, ["known-malware"]), shown(done)
        assert target.installed() == {}
    assert index.mentions("named") == []
    assert [path for path in index.paths_asked() if path.endswith(".whl")] == []
