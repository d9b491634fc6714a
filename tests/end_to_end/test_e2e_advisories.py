"""Known malware and known vulnerabilities at an install: what is refused, what is a line, and what is requested.

Nothing of what is refused reaches the environment: each run is a dry run or a download, into a folder that stays empty.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from support.advisories import malicious, record, versions_of
from support.pasting import OPEN_REASON, block_of
from support.sources import build_source_archive
from support.vex import document, statement
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import Index, IndexServer
    from support.inside import Done, Inside

SOURCE = '[[advisories]]\nname = "test"\npath = "db"\n'


def know(run: Inside, *records: dict[str, Any], more: str = "", policy: str = "") -> None:
    """Advisories with these records, and a bundle of them."""
    (run.folder / "db").mkdir(exist_ok=True)
    for data in (record("PYSEC-0", versions_of("unrelated", "introduced 0")), *records):
        (run.folder / "db" / f"{data['id']}.json").write_text(json.dumps(data))
    configure(run, more, policy)
    done = run("audit", "--update")
    assert done.code == 0, done.err


def configure(run: Inside, more: str = "", policy: str = "") -> None:
    (run.folder / "safepip.toml").write_text(SOURCE + more + (f"[policy]\n{policy}\n" if policy else ""))


def fetched(run: Inside, index: IndexServer, *words: str) -> Done:
    """What `download` does; what it saves is in the folder `out`."""
    return run("download", "-d", "out", "-i", index.url, *words)


def saved(run: Inside) -> list[str]:
    folder = run.folder / "out"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def references(done: Done) -> list[str]:
    return re.findall(r"^error: ([a-z-]+)$", done.err, re.MULTILINE)


def files_asked(index: Index) -> list[str]:
    return [path for path in index.paths_asked() if path.endswith((".whl", ".gz", ".metadata"))]


def refused(run: Inside, done: Done) -> None:
    assert done.code == 20, done
    assert references(done) == ["known-malware"]
    assert saved(run) == []


# --- malware -----------------------------------------------------------------------------------------------------


def test_a_name_that_is_malicious_is_asked_of_no_index(run: Inside, index: IndexServer) -> None:
    """The name is enough."""
    index.add("evil", "1.0")
    know(run, malicious("MAL-1", "evil"))
    refused(run, fetched(run, index, "evil"))
    assert index.mentions("evil") == []


def test_a_malicious_name_that_a_dependency_brings_is_refused(run: Inside, index: IndexServer) -> None:
    """With who requires it, and without a file of it."""
    index.add("app", "1.0", requires=["evil"])
    index.add("evil", "1.0")
    know(run, malicious("MAL-1", "evil"))
    done = fetched(run, index, "app")
    refused(run, done)
    assert "app 1.0" in done.err
    assert not [path for path in files_asked(index) if "evil" in path]


def test_a_malicious_version_is_refused_and_others_are_not(run: Inside, index: IndexServer) -> None:
    """As it is written, or otherwise."""
    index.add("demo", "1.0")
    index.add("demo", "2.0")
    know(run, malicious("MAL-1", "demo", listed=["2.0.0"]))
    refused(run, fetched(run, index, "demo"))
    done = fetched(run, index, "demo==1.0")
    assert (done.code, saved(run)) == (0, ["demo-1.0-py3-none-any.whl"])


@pytest.mark.parametrize("verb", ["install", "download", "lock"])
@pytest.mark.parametrize("asked", ["demo", "app"])
def test_source_code_of_a_malicious_version_neither_runs_nor_is_fetched(
    asked: str, verb: str, run: Inside, index: IndexServer
) -> None:
    """To learn what it requires it would have to run, be it in a fence."""
    index.add_file("demo", *build_source_archive("demo", "2.0"))
    index.add("app", "1.0", requires=["demo"])
    know(run, malicious("MAL-1", "demo", listed=["2.0"]))
    done = run(
        verb, *(("--dry-run", "-I") if verb == "install" else ()), "-i", index.url, "--allow-build", "demo", asked
    )
    refused(run, done)
    assert "Preparing" not in done.out + done.err
    assert not [path for path in files_asked(index) if "demo" in path]


def test_source_code_with_the_name_of_another_indexs_is_not_malicious(run: Inside, index: IndexServer) -> None:
    index.add_file("acme-lib", *build_source_archive("acme-lib", "1.0"))
    claim = f'[[index]]\nname = "acme"\nurl = "{index.url}"\npackages = ["acme-*"]\n'
    know(run, malicious("MAL-1", "acme-lib", listed=["1.0"]), more=claim)
    done = run("install", "--dry-run", "-I", "--allow-build", "acme-lib", "acme-lib")
    assert done.code == 0, done.err
    assert "acme-lib 1.0 has the name of something malicious on a public index (MAL-1)" in done.err


def test_a_malicious_file_is_refused_under_any_name_and_version(run: Inside, index: IndexServer) -> None:
    """The index says the digest, so nothing of the file is requested."""
    served = index.add("other", "3.0")
    know(run, malicious("MAL-1", "evil", listed=["1.0"], sha256=sha256(served.data)))
    done = fetched(run, index, "other")
    refused(run, done)
    assert "MAL-1 names its digest" in done.err
    assert [path for path in files_asked(index) if path.endswith(".whl")] == []


def test_a_malicious_file_is_refused_where_another_index_owns_its_name(run: Inside, index: IndexServer) -> None:
    """Bytes are bytes, whoever serves them."""
    served = index.add("acme-lib", "1.0")
    claim = f'[[index]]\nname = "acme"\nurl = "{index.url}"\npackages = ["acme-*"]\n'
    know(run, malicious("MAL-1", "evil", listed=["1.0"], sha256=sha256(served.data)), more=claim)
    refused(run, run("download", "-d", "out", "acme-lib"))


def test_a_malicious_name_that_another_index_owns_is_a_line(run: Inside, index: IndexServer) -> None:
    """A stranger had registered the company's name elsewhere."""
    index.add("acme-lib", "1.0")
    claim = f'[[index]]\nname = "acme"\nurl = "{index.url}"\npackages = ["acme-*"]\n'
    know(run, malicious("MAL-1", "acme-lib"), more=claim)
    done = run("download", "-d", "out", "acme-lib")
    assert done.code == 0, done.err
    assert "acme-lib 1.0 has the name of something malicious on a public index (MAL-1)" in done.err


def test_a_malicious_file_of_this_machine_is_refused(run: Inside, index: IndexServer) -> None:
    """Named by its path, or found in a folder."""
    _, data = build_wheel("other", "3.0")
    (run.folder / "wheels").mkdir()
    (run.folder / "wheels" / "other-3.0-py3-none-any.whl").write_bytes(data)
    know(run, malicious("MAL-1", "evil", listed=["1.0"], sha256=sha256(data)))
    refused(run, run("download", "-d", "out", "./wheels/other-3.0-py3-none-any.whl"))
    refused(run, run("download", "-d", "out", "--no-index", "-f", "wheels", "other"))


def test_nothing_of_a_malicious_file_of_this_machine_is_read(run: Inside, index: IndexServer) -> None:
    """Not even what it requires, which an index would be asked for: alone in a folder, and beside an index."""
    (run.folder / "wheels").mkdir()
    _, data = build_wheel("other", "3.0", requires=["asked-for"])
    (run.folder / "wheels" / "other-3.0-py3-none-any.whl").write_bytes(data)
    archive, source = build_source_archive("coded", "1.0")
    (run.folder / "wheels" / archive).write_bytes(source)
    known = malicious("MAL-1", "evil", listed=["1.0"], sha256=sha256(data))
    know(run, known, malicious("MAL-2", "evil2", listed=["1.0"], sha256=sha256(source)))
    for words in (("other",), ("coded", "--allow-build", "coded"), (f"./wheels/{archive}", "--allow-build", "coded")):
        refused(run, fetched(run, index, "-f", "wheels", *words))
    assert index.mentions("asked-for") == []


def test_no_part_of_a_file_is_read_where_its_index_states_no_sha256(run: Inside, index: IndexServer) -> None:
    """It comes whole, and is refused before it is in the store; without malware to know of, its end is enough."""
    index.sidecars = False
    served = index.add("other", "3.0", requires=["asked-for"], file={"hashes": {}})
    index.add("asked-for", "1.0")
    optional = f'[[index]]\nname = "acme"\nurl = "{index.url}"\nhashes = "optional"\ndefault = true\n'
    know(run, malicious("MAL-1", "evil", listed=["1.0"], sha256=sha256(served.data)), more=optional)
    refused(run, run("download", "-d", "out", "other"))
    assert index.mentions("asked-for") == []


def test_what_a_lock_has_is_refused_once_it_is_known(run: Inside, index: IndexServer) -> None:
    """By its version, and by its digest; from the network, and out of the store without one."""
    served = index.add("demo", "1.0")
    know(run)
    assert run("lock", "-i", index.url, "demo").code == 0
    assert fetched(run, index, "-r", "pylock.toml").code == 0
    (run.folder / "out" / "demo-1.0-py3-none-any.whl").unlink()
    for data in (
        malicious("MAL-1", "demo", listed=["1.0"]),
        malicious("MAL-1", "evil", listed=["1.0"], sha256=sha256(served.data)),
    ):
        know(run, data)
        refused(run, fetched(run, index, "-r", "pylock.toml"))
        refused(run, fetched(run, index, "-r", "pylock.toml", "--offline"))
        refused(run, fetched(run, index, "demo"))


@pytest.mark.parametrize("words", [(), ("--universal",)], ids=" ".join)
def test_no_lock_is_made_of_what_is_malicious(run: Inside, index: IndexServer, words: tuple[str, ...]) -> None:
    """For this environment, or for several."""
    index.add("demo", "1.0", requires_python=">=3.11")
    know(run, malicious("MAL-1", "demo", listed=["1.0"]))
    done = run("lock", "-i", index.url, *words, "demo")
    assert (done.code, references(done)) == (20, ["known-malware"])
    assert not (run.folder / "pylock.toml").exists()


def test_an_ignore_with_a_reason_lets_it_pass_and_is_told(run: Inside, index: IndexServer) -> None:
    """By name and by digest, for its project."""
    served = index.add("demo", "1.0")
    ignore = '[[ignore]]\nid = "MAL-1"\nproject = "demo"\nreason = "a false alarm, reported"\nuntil = 2999-12-31\n'
    know(run, malicious("MAL-1", "demo", sha256=sha256(served.data)), more=ignore)
    done = fetched(run, index, "demo")
    assert done.code == 0, done.err
    assert "a false alarm, reported" in done.err
    configure(run, ignore.replace('project = "demo"', 'project = "other"'))
    (run.folder / "out" / "demo-1.0-py3-none-any.whl").unlink()
    refused(run, fetched(run, index, "demo"))


def test_an_ignore_is_for_the_whole_name_of_a_project(run: Inside, index: IndexServer) -> None:
    """A file of a project whose name only begins so is no false alarm."""
    served = index.add("demo-more", "1.0")
    ignore = '[[ignore]]\nid = "MAL-1"\nproject = "demo"\nreason = "a false alarm, reported"\nuntil = 2999-12-31\n'
    know(run, malicious("MAL-1", "demo", sha256=sha256(served.data)), more=ignore)
    refused(run, fetched(run, index, "demo-more"))


# --- vulnerabilities ---------------------------------------------------------------------------------------------

HOLE = record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), database_specific={"severity": "MODERATE"})
UNKNOWN = record("PYSEC-2", versions_of("demo", "introduced 0", "fixed 2.0"))


def test_a_vulnerability_is_one_line(run: Inside, index: IndexServer) -> None:
    """Without a policy."""
    index.add("demo", "1.0")
    know(run, HOLE, UNKNOWN)
    done = fetched(run, index, "demo")
    assert done.code == 0
    assert "known vulnerabilities: demo 1.0 (PYSEC-2, PYSEC-1); safepip audit says more" in done.err
    assert done.err.count("PYSEC-1") == 1


def test_what_cannot_be_verified_is_one_line(run: Inside, index: IndexServer) -> None:
    """Without a policy: a record that says nothing of versions does not make a project clean."""
    index.add("demo", "1.0")
    know(run, record("PYSEC-3", versions_of("demo")))
    done = fetched(run, index, "demo")
    assert done.code == 0
    assert "could not be verified: demo 1.0; safepip audit says why" in done.err


@pytest.mark.parametrize(
    ("policy", "data", "code"),
    [
        ("note", HOLE, 0),
        ("refuse", HOLE, 20),
        ("refuse:medium", HOLE, 20),
        ("refuse:high", HOLE, 0),
        ("refuse:high", UNKNOWN, 20),
        ("refuse:critical", UNKNOWN, 0),
        ("refuse", record("PYSEC-3", versions_of("demo")), 20),
        ("note", record("PYSEC-3", versions_of("demo")), 0),
    ],
)
def test_policy_says_which_vulnerabilities_are_refused(
    run: Inside, index: IndexServer, policy: str, data: dict[str, Any], code: int
) -> None:
    """Unknown severity counts as high, and so does what cannot be verified where something is refused."""
    index.add("demo", "1.0")
    know(run, data, policy=f'vulnerabilities = "{policy}"')
    done = fetched(run, index, "demo")
    assert done.code == code, done
    assert references(done) == (["known-vulnerability"] if code else [])


NOT_JUDGED = {
    "cannot-be-read": record("PYSEC-3", versions_of("demo")),
    "cannot-be-compared": record("PYSEC-3", versions_of("demo", "introduced 0", "fixed one")),
    "says-no-project": {**record("PYSEC-3"), "affected": "all"},
}


@pytest.mark.parametrize("data", NOT_JUDGED.values(), ids=NOT_JUDGED)
def test_where_advisories_are_required_nothing_is_installed_unjudged(
    run: Inside, index: IndexServer, data: dict[str, Any]
) -> None:
    """One record is enough, also for what a lock has; other projects are not held back, and the hint helps."""
    index.add("demo", "1.0")
    index.add("clean", "1.0")
    required = 'advisories = "required"'
    know(run, policy=required)
    assert run("lock", "-i", index.url, "demo").code == 0
    know(run, data, policy=required)
    for words in (("demo",), ("-r", "pylock.toml")):
        done = fetched(run, index, *words)
        assert (done.code, references(done)) == (20, ["known-vulnerability"]), done
        assert re.search(r"demanded by .*safepip\.toml:5$", done.err, re.MULTILINE)
        assert saved(run) == []
    assert fetched(run, index, "clean").code == (20 if data["affected"] == "all" else 0)
    block = block_of(done.err)
    configure(run, block, required)
    waits = fetched(run, index, "demo")
    assert (waits.code, set(references(waits))) == (2, {"bad-configuration"})
    configure(run, block.replace(OPEN_REASON, '"read by us"', 1).replace('"..."', "2999-12-31"), required)
    done = fetched(run, index, "demo")
    assert done.code == 0, done.err
    assert "ignored: PYSEC-3 for demo 1.0 (reason: read by us" in done.err


def test_no_ignore_is_proposed_where_none_is_allowed(run: Inside, index: IndexServer) -> None:
    """By this file itself, or one above: what is pasted would be refused."""
    index.add("demo", "1.0")
    for ban in ("true", '["known-malware"]', '["startup-hook"]'):
        know(run, NOT_JUDGED["cannot-be-read"], policy=f'advisories = "required"\nforbid-allow = {ban}')
        done = fetched(run, index, "demo")
        assert (done.code, references(done)) == (20, ["known-vulnerability"]), done
        assert ("[[ignore]]" in done.err) == ("startup" in ban)
        assert "mend or leave out the record" in done.err


def test_where_advisories_are_required_a_record_can_be_mended(run: Inside, index: IndexServer) -> None:
    """The other half of the hint."""
    index.add("demo", "1.0")
    know(run, NOT_JUDGED["cannot-be-read"], policy='advisories = "required"')
    assert fetched(run, index, "demo").code == 20
    know(run, record("PYSEC-3", versions_of("demo", "introduced 2")), policy='advisories = "required"')
    assert fetched(run, index, "demo").code == 0


def test_without_a_bundle_nothing_is_said_unless_policy_requires_one(run: Inside, index: IndexServer) -> None:
    """Required, it has to be there, and young enough."""
    index.add("demo", "1.0")
    configure(run)
    done = fetched(run, index, "demo")
    assert (done.code, done.err) == (0, "")
    for more in ("", 'max-age = "P1D"\n'):
        configure(run, more, 'advisories = "required"')
        if more:
            know(run, more=more, policy='advisories = "required"')
        done = fetched(run, index, "demo")
        assert done.code == 1
        assert references(done) == ["advisories-unavailable"]


def test_a_run_without_a_cache_says_that_nothing_is_asked(run: Inside, index: IndexServer) -> None:
    """The bundle is in the cache folder, so malware would pass in silence."""
    index.add("demo", "1.0")
    know(run, malicious("MAL-1", "demo"))
    done = fetched(run, index, "--no-cache-dir", "demo")
    assert done.code == 0
    assert done.err.count("notice: advisories are not asked: they are kept in the cache folder") == 1
    configure(run, policy='advisories = "required"')
    assert references(fetched(run, index, "--no-cache-dir", "demo")) == ["advisories-unavailable"]
    (run.folder / "safepip.toml").unlink()
    assert "advisories" not in fetched(run, index, "--no-cache-dir", "demo").err


def test_a_bundle_that_was_changed_ends_the_run(run: Inside, index: IndexServer) -> None:
    """It is there, so it should be asked, and it cannot."""
    index.add("demo", "1.0")
    know(run)
    bundle: Path = next((run.folder / "home").rglob("*.sqlite"))
    bundle.write_bytes(bundle.read_bytes()[:-1])
    done = fetched(run, index, "demo")
    assert done.code == 1
    assert references(done) == ["advisories-unavailable"]


def test_a_vulnerability_that_vex_covers_is_installed_with_a_notice(run: Inside, index: IndexServer) -> None:
    """The audit and the install decide alike; without the file it is refused, and a broken one ends the run."""
    index.add("demo", "1.0")
    hole = record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",))
    policy = 'vulnerabilities = "refuse"'
    know(run, hole, policy=policy)
    assert references(fetched(run, index, "demo")) == ["known-vulnerability"]
    (run.folder / "app.json").write_text(document(statement("not_affected", "CVE-1", "pkg:pypi/demo@1.0")))
    configure(run, '[[vex]]\npath = "app.json"\n', policy)
    done = fetched(run, index, "demo")
    assert done.code == 0, done.err
    assert "demo 1.0 and PYSEC-1: not affected: vulnerable_code_not_in_execute_path (VEX of Acme Security" in done.err
    (run.folder / "app.json").write_text("{")
    done = fetched(run, index, "demo")
    assert (done.code, references(done)) == (2, ["invalid-vex"])
