"""`safepip audit --fix`: the smallest change of a lock that leaves nothing known of it, and what it says."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from support.advisories import malicious, record, versions_of
from support.replies import status
from support.schemas import own
from support.sources import build_source_archive
from support.wheels import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside

SOURCE = '[[advisories]]\nname = "test"\npath = "db"\n'

#: Five that are vulnerable in 1.0, each another way, and what repairs them.
HOLES = (
    record("PYSEC-1", versions_of("alpha", "introduced 0", "fixed 1.1"), aliases=("CVE-1",)),
    record("PYSEC-2", versions_of("beta", "introduced 0", "fixed 2.0"), database_specific={"severity": "MODERATE"}),
    record("PYSEC-3", versions_of("gamma", listed=["1.0", "1.1"])),
    record("PYSEC-4", versions_of("delta", "introduced 1.0", "fixed 1.2")),
    record(
        "PYSEC-5", versions_of("eps", "introduced 0", "fixed 1.1"), versions_of("zeta", "introduced 1.1", "fixed 1.3")
    ),
)

FIXED = {
    "alpha": "1.1",
    "beta": "2.0",
    "gamma": "1.2",
    "delta": "1.2",
    "eps": "1.1",
    "zeta": "1.3",
    "calm": "1.0",
}


def know(run: Inside, *records: dict[str, Any], more: str = "") -> None:
    """Advisories with these records and no others, and a bundle of them."""
    folder = run.folder / "db"
    folder.mkdir(exist_ok=True)
    for data in (record("PYSEC-0", versions_of("unrelated", "introduced 0")), *records):
        (folder / f"{data['id']}.json").write_text(json.dumps(data))
    (run.folder / "safepip.toml").write_text(SOURCE + more)
    done = run("audit", "--update")
    assert done.code == 0, done.err


def versions(run: Inside, name: str = "pylock.toml") -> dict[str, str]:
    return {p["name"]: p["version"] for p in tomllib.loads((run.folder / name).read_text())["packages"]}


def written(run: Inside) -> tuple[int, int, int]:
    """Which file the lock is, when it was written, and how large it is; reading it changes none of these."""
    found = (run.folder / "pylock.toml").stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def fix(run: Inside, index: IndexServer, *words: str | Path) -> Done:
    return run("audit", "--fix", "-r", "pylock.toml", "-i", index.url, *words)


def serve(index: IndexServer, name: str, *offered: str, **more: Any) -> None:
    for version in offered:
        index.add(name, version, **more)


@pytest.fixture
def locked(run: Inside, index: IndexServer) -> IndexServer:
    """A lock of seven projects, of which five are vulnerable; newer versions of all came later."""
    serve(index, "alpha", "1.0", requires=["zeta"])
    for name in ("beta", "gamma", "delta", "eps", "zeta", "calm"):
        serve(index, name, "1.0")
    (run.folder / "requirements.in").write_text("alpha\nbeta\ngamma\ndelta\neps\ncalm\n")
    done = run("lock", "-i", index.url)
    assert done.code == 0, done.err
    serve(index, "alpha", "1.1", "1.2", requires=["zeta>=1.1"])
    serve(index, "beta", "2.0", "3.0")
    for name in ("gamma", "delta", "eps", "zeta", "calm"):
        serve(index, name, "1.1", "1.2", "1.3", "2.0")
    return index


@pytest.mark.parametrize("wheel", [True, False])
def test_a_malicious_version_between_is_passed_over(wheel: bool, run: Inside, index: IndexServer) -> None:
    """It would be refused, and the next one repairs as well."""
    serve(index, "alpha", "1.0")
    (run.folder / "requirements.in").write_text("alpha\n")
    assert run("lock", "-i", index.url).code == 0
    if wheel:
        serve(index, "alpha", "2.0")
    else:
        index.add_file("alpha", *build_source_archive("alpha", "2.0"))
    serve(index, "alpha", "3.0")
    know(run, HOLES[0], malicious("MAL-1", "alpha", listed=["2.0"]))
    done = fix(run, index)
    assert done.code == 0, done
    assert versions(run) == {"alpha": "3.0"}


def test_a_malicious_file_is_replaced_by_another_version(run: Inside, index: IndexServer) -> None:
    """No record says anything of the version; the bytes are known."""
    bad = index.add("alpha", "1.0")
    (run.folder / "requirements.in").write_text("alpha\n")
    assert run("lock", "-i", index.url).code == 0
    serve(index, "alpha", "1.1", "1.2")
    know(run, malicious("MAL-1", "other", listed=["7"], sha256=sha256(bad.data)))
    assert run("audit", "-r", "pylock.toml").code == 1
    done = fix(run, index)
    assert done.code == 0, done
    assert versions(run) == {"alpha": "1.1"}
    assert run("audit", "-r", "pylock.toml").code == 0


def test_five_holes_are_closed_and_no_change_is_in_vain(run: Inside, locked: IndexServer) -> None:
    """Each goes to the lowest version that is free of what is known; what that brings is fixed, too, and nothing else
    changes. Each change that is tried back leaves something known, or no answer."""
    know(run, *HOLES)
    old = versions(run)
    assert set(old.values()) == {"1.0"}
    done = fix(run, locked)
    assert done.code == 0, done
    new = versions(run)
    assert new == FIXED
    assert run("audit", "-r", "pylock.toml").code == 0
    for name in new.keys() - {"calm"}:
        pins = {**new, name: old[name]}
        (run.folder / "back.txt").write_text("".join(f"{n}=={v}\n" for n, v in pins.items()))
        possible = run("lock", "-c", "back.txt", "-i", locked.url, "-o", "pylock.back.toml", "-q").code == 0
        assert not possible or run("audit", "-r", "pylock.back.toml").code == 1, name
    done = run("download", "-r", "pylock.toml", "-d", "out", "-i", locked.url)
    assert done.code == 0, done.err


def test_nothing_to_fix_leaves_the_lock_alone(run: Inside, locked: IndexServer) -> None:
    """No index is asked; what could not be verified is 3."""
    know(run)
    before = written(run)
    locked.host.requests.clear()
    done = fix(run, locked)
    assert (done.code, done.out) == (0, "nothing to fix in pylock.toml\n")
    assert fix(run, locked, "--output-format", "markdown").out == ""
    assert written(run) == before
    assert locked.paths_asked() == []
    know(run, record("PYSEC-9", versions_of("calm")))
    assert fix(run, locked).code == 3


def test_a_dry_run_tells_and_writes_nothing(run: Inside, locked: IndexServer) -> None:
    """The exit code is that of the fix."""
    know(run, HOLES[0])
    before = written(run)
    done = fix(run, locked, "--dry-run")
    assert done.code == 0
    assert done.out.splitlines() == [
        "would change in pylock.toml:",
        "  alpha 1.0 -> 1.1",
        "    PYSEC-1 (CVE-1)  unknown",
        "  zeta 1.0 -> 1.1 (alpha 1.1 asks for zeta>=1.1)",
    ]
    assert written(run) == before


def test_what_cannot_be_fixed_is_explained_and_the_rest_is_fixed(run: Inside, locked: IndexServer) -> None:
    """By a chain of requirements, because there is no repair, or because it is held by the user's own word."""
    held = record("PYSEC-6", versions_of("low", "introduced 0", "fixed 2.0"), summary="a hole")
    locked.add("top", "1.0", requires=["mid"])
    locked.add("mid", "1.0", requires=["low<2"])
    serve(locked, "low", "1.0", "2.0")
    with (run.folder / "requirements.in").open("a") as file:
        file.write("top\n")
    assert run("lock", "-i", locked.url).code == 0
    know(run, held, HOLES[1], record("PYSEC-7", versions_of("calm", "introduced 0")))
    done = fix(run, locked)
    assert done.code == 1
    new = versions(run)
    assert (new["low"], new["beta"], new["calm"], new["gamma"]) == ("1.0", "2.0", "1.0", "1.0")
    text = done.out[done.out.index("not fixed:") :]
    assert "low 1.0  PYSEC-6  unknown" in text
    assert "low<2" in text
    assert "mid 1.0" in text
    assert "calm 1.0  PYSEC-7  unknown\n    every version of calm that is offered is affected by PYSEC-7\n" in text
    again = fix(run, locked)
    assert again.code == 1
    assert "pylock.toml stays as it is" in again.out


def test_markdown_is_the_text_of_a_pull_request(run: Inside, locked: IndexServer) -> None:
    """A table of changes, and standard output has nothing else."""
    know(run, HOLES[0], HOLES[1])
    done = fix(run, locked, "--output-format", "markdown")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Known vulnerabilities in `pylock.toml`",
        "",
        "| project | advisory | severity | from | to |",
        "|---|---|---|---|---|",
        "| `alpha` | `PYSEC-1`, `CVE-1` | unknown | `1.0` | `1.1` |",
        "| `beta` | `PYSEC-2` | medium | `1.0` | `2.0` |",
        "| `zeta` | `alpha 1.1 asks for zeta>=1.1` | | `1.0` | `1.1` |",
    ]


def test_json_has_each_change_and_what_is_left(run: Inside, locked: IndexServer) -> None:
    """By its schema, before and after the lock is written, and where there is nothing to do."""
    know(run, HOLES[0], HOLES[1], record("PYSEC-9", versions_of("calm", "introduced 0")))
    words = ("--output-format", "json")
    planned = own("fix", fix(run, locked, *words, "--dry-run").out)
    done = fix(run, locked, *words)
    report = own("fix", done.out)
    assert (planned["written"], report["written"], report["exit_code"], done.code) == (False, True, 1, 1)
    assert {**planned, "written": True} == report
    assert [(c["name"], c["from"], c["to"], [m["id"] for m in c["fixed"]]) for c in report["changes"]] == [
        ("alpha", "1.0", "1.1", ["PYSEC-1"]),
        ("beta", "1.0", "2.0", ["PYSEC-2"]),
        ("zeta", "1.0", "1.1", []),
    ]
    assert report["changes"][2]["reason"] == "alpha 1.1 asks for zeta>=1.1"
    (stays,) = report["not_fixed"]
    assert (stays["name"], stays["version"], stays["vulnerability"]["id"]) == ("calm", "1.0", "PYSEC-9")
    assert stays["why"] == ["every version of calm that is offered is affected by PYSEC-9"]
    assert [project["name"] for project in report["left"]] == ["calm"]
    know(run, HOLES[0])
    (run.folder / "db" / "PYSEC-9.json").unlink()
    assert run("audit", "--update").code == 0
    clean = own("fix", fix(run, locked, *words).out)
    assert (clean["written"], clean["changes"], clean["left"], clean["exit_code"]) == (False, [], [], 0)


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_a_build_says_nothing_into_the_answer(run: Inside, index: IndexServer, form: str) -> None:
    """A program reads standard output; what a build says of itself is beside it."""
    index.add_file("demo", *build_source_archive("demo", "1.0"))
    know(run, record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 1.1")))
    (run.folder / "requirements.in").write_text("demo\n")
    words = ("--allow-build", "demo")
    done = run("lock", "-i", index.url, *words)
    assert done.code == 0, done.err
    index.add_file("demo", *build_source_archive("demo", "1.1"))
    done = fix(run, index, "--dry-run", "--output-format", form, *words)
    assert done.code == 0, done.err
    assert "Preparing metadata of demo 1.1" in done.err
    assert "Preparing" not in done.out
    assert done.out.startswith("{" if form == "json" else "")


def test_a_change_that_the_search_makes_in_vain_is_tried_back(run: Inside, locked: IndexServer) -> None:
    """The newest version of what holds a repair back wants more than an older one does."""
    locked.add("top", "1.0", requires=["low<2", "side"])
    serve(locked, "low", "1.0", "2.0")
    serve(locked, "side", "1.0")
    (run.folder / "requirements.in").write_text("top\n")
    assert run("lock", "-i", locked.url).code == 0
    locked.add("top", "1.1", requires=["low", "side"])
    locked.add("top", "1.2", requires=["low", "side>=2"])
    serve(locked, "side", "2.0")
    know(run, record("PYSEC-6", versions_of("low", "introduced 0", "fixed 2.0")))
    assert fix(run, locked).code == 0
    assert versions(run) == {"top": "1.1", "low": "2.0", "side": "1.0"}


# --- the cooldown ----------------------------------------------------------------------------------------------------


def test_the_cooldown_yields_for_a_named_repair_alone_and_says_so(run: Inside, locked: IndexServer) -> None:
    """A younger version that no advisory names stays held back, and so does the repair where policy says so."""
    for version in ("1.1", "1.2"):
        for file in locked.projects["delta"].files:
            if f"-{version}-" in file.filename:
                file.upload_time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    locked.projects["delta"].files = [f for f in locked.projects["delta"].files if "-1.3-" not in f.filename][:3]
    hole = record("PYSEC-4", versions_of("delta", "introduced 1.0", "fixed 1.2"))
    know(run, hole, more='[policy]\nforbid-allow = ["cooldown"]\n')
    done = fix(run, locked)
    assert (done.code, versions(run)["delta"]) == (1, "1.0")
    assert "held back until" in done.out
    know(run, hole)
    done = fix(run, locked, "--output-format", "markdown")
    assert (done.code, versions(run)["delta"]) == (0, "1.2")
    assert "allowed: cooldown for delta 1.2" in done.err
    assert "PYSEC-4 names 1.2 as the fix" in done.err
    assert "PYSEC-4 names 1.2 as the fix" in done.out


# --- what may not be changed -----------------------------------------------------------------------------------------


def test_a_lock_that_was_made_of_something_else_is_not_changed(run: Inside, locked: IndexServer) -> None:
    """Projects would be lost."""
    know(run, *HOLES)
    before = (run.folder / "pylock.toml").read_bytes()
    (run.folder / "other.in").write_text("alpha\nbeta\nnew\n")
    done = fix(run, locked, "-r", "other.in")
    assert done.code == 2
    assert "error: lock-made-otherwise" in done.err
    assert "the lock has calm, which nothing asks for" in done.err
    assert "other.in:3 asks for new, which the lock does not have" in done.err
    (run.folder / "requirements.in").unlink()
    done = fix(run, locked)
    assert done.code == 2
    assert "error: nothing-asked" in done.err
    assert (run.folder / "pylock.toml").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("--fix",),
        ("--fix", "-r", "missing.toml"),
        ("--fix", "-r", "pylock.toml", "--output-format", "sarif"),
        ("--fix", "-r", "pylock.toml", "--output-format", "cyclonedx"),
        ("--fix", "-r", "requirements.in"),
        ("--fix", "-r", "https://locks.example/pylock.toml"),
        ("--fix", "--path", "home"),
        ("--fix", "--update", "-r", "pylock.toml"),
        ("--dry-run", "-r", "pylock.toml"),
        ("--cooldown", "0", "-r", "pylock.toml"),
        ("-i", "https://packages.acme.example/simple/", "-r", "pylock.toml"),
        ("--output-format", "markdown", "-r", "pylock.toml"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_changes_nothing(run: Inside, locked: IndexServer, words: tuple[str, ...]) -> None:
    """It ends with 2."""
    know(run, *HOLES)
    before = (run.folder / "pylock.toml").read_bytes()
    assert run("audit", *words).code == 2
    assert (run.folder / "pylock.toml").read_bytes() == before


# --- other forms -----------------------------------------------------------------------------------------------------


def test_hashed_requirements_are_fixed_as_a_lock_is(run: Inside, locked: IndexServer) -> None:
    """Each pin keeps its hashes, or has those of the new version."""
    done = run("lock", "-c", pins(run, *(f"{name}==1.0" for name in versions(run))), "-i", locked.url, "-o", "pins.txt")
    assert done.code == 0, done.err
    know(run, *HOLES)
    done = run("audit", "--fix", "-r", "pins.txt", "-i", locked.url)
    assert done.code == 0, done
    text = (run.folder / "pins.txt").read_text()
    found = dict(line.split(" ")[0].split("==") for line in text.splitlines() if "==" in line)
    assert found == FIXED
    assert run("audit", "-r", "pins.txt").code == 0


def test_a_universal_lock_with_groups_keeps_its_environments(run: Inside, locked: IndexServer) -> None:
    """And its groups."""
    (run.folder / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["beta==1.0; sys_platform'
        ' == \'linux\'", "gamma"]\n[dependency-groups]\ndev = ["delta"]\n'
    )
    words = ("-r", "pyproject.toml", "--group", "dev", "--universal", "-i", locked.url, "-c", pins(run, "gamma==1.0"))
    done = run("lock", *words, "-c", pins(run, "delta==1.0", name="more.txt"))
    assert done.code == 0, done.err
    before = tomllib.loads((run.folder / "pylock.toml").read_text())
    know(run, *HOLES)
    done = fix(run, locked, "-r", "pyproject.toml")
    assert done.code == 1
    assert "beta==1.0" in done.out
    after = tomllib.loads((run.folder / "pylock.toml").read_text())
    assert versions(run) == {"beta": "1.0", "gamma": "1.2", "delta": "1.2"}
    for key in ("environments", "dependency-groups", "requires-python"):
        assert after[key] == before[key]


def pins(run: Inside, *lines: str, name: str = "limits.txt") -> Path:
    (run.folder / name).write_text("".join(f"{line}\n" for line in lines))
    return run.folder / name


def test_what_the_requirements_name_by_url_stays_and_the_reason_is_told(run: Inside, locked: IndexServer) -> None:
    """An index that has newer versions under this name is not asked for it."""
    served = locked.add("direct", "1.0")
    serve(locked, "direct", "2.0")
    (run.folder / served.filename).write_bytes(served.data)
    (run.folder / "requirements.in").write_text(f"beta\n./{served.filename}\n")
    assert run("lock", "-c", pins(run, "beta==1.0"), "-i", locked.url).code == 0
    know(run, record("PYSEC-8", versions_of("direct", "introduced 0", "fixed 2.0")), HOLES[1])
    done = fix(run, locked)
    assert (done.code, versions(run)) == (1, {"beta": "2.0", "direct": "1.0"})
    assert "direct is taken from the URL or path that the requirements name" in done.out


def test_a_policy_that_refuses_vulnerabilities_keeps_nothing_from_being_fixed(run: Inside, locked: IndexServer) -> None:
    """What stays is refused where it is installed."""
    policy = '[policy]\nvulnerabilities = "refuse"\n'
    know(run, *HOLES, record("PYSEC-7", versions_of("calm", "introduced 0")), more=policy)
    done = fix(run, locked)
    assert (done.code, versions(run)) == (1, FIXED)
    assert "known vulnerabilities" not in done.err


def test_findings_below_the_line_are_left_alone(run: Inside, locked: IndexServer) -> None:
    """Unknown severity counts as high, and an ignored finding does not count."""
    ignore = '[[ignore]]\nid = "CVE-1"\nproject = "alpha"\nreason = "not used here"\nuntil = 2999-12-31\n'
    know(run, *HOLES[:3], more=ignore)
    done = fix(run, locked, "--fail-on", "high")
    assert done.code == 0
    assert versions(run) == {**dict.fromkeys(FIXED, "1.0"), "gamma": "1.2"}


def test_an_index_that_fails_leaves_the_lock_as_it_was(run: Inside, locked: IndexServer) -> None:
    """It could not be verified what a fix would be."""
    know(run, *HOLES)
    before = (run.folder / "pylock.toml").read_bytes()
    locked.fault("gamma", status(503))
    done = fix(run, locked, "--retries", "0")
    assert done.code == 3
    assert "The lock was not changed." in done.err
    assert (run.folder / "pylock.toml").read_bytes() == before
