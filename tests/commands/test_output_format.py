"""`--output-format` of the commands that do something: standard output says how the run ended, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.schemas import annotation, own, sarif

if TYPE_CHECKING:
    from safepip.commands.resources import Resources
    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Done, Inside

JSON = ("--output-format", "json")


def outcome(done: Done) -> dict[str, Any]:
    """The record, whose exit code is that of the run."""
    record = own("outcome", done.out)
    assert record["exit_code"] == done.code
    return record


def place_of(done: Done) -> tuple[str, str, int | None]:
    """The rule, the file and the line of the only result of a log of SARIF, which are those of its annotation."""
    (run,) = sarif(done.out)["runs"]
    (result,) = run["results"]
    assert run["invocations"][0]["exitCode"] == done.code
    (where,) = result["locations"]
    found = where["physicalLocation"]
    return result["ruleId"], found["artifactLocation"]["uri"], found.get("region", {}).get("startLine")


def annotated(done: Done) -> tuple[str, str, int | None]:
    first = annotation(done.out.rstrip("\n"))
    assert first.name == "error"
    line = first.properties.get("line")
    return first.properties["title"], first.properties["file"], None if line is None else int(line)


def in_both(run: Inside, *words: str) -> tuple[str, str, int | None]:
    """The rule, file and line that SARIF and annotations agree on."""
    found = place_of(run(*words, "--output-format", "sarif"))
    assert annotated(run(*words, "--output-format", "github")) == found
    return found


def test_a_run_that_comes_to_its_end_says_so(run: Inside, index: IndexServer) -> None:
    """What it says to people goes to standard error, and what it noticed is in the record, too."""
    index.add("demo", "1.0")
    (run.folder / "requirements.txt").write_text("demo\n")
    words = ("download", "-d", "out", "-i", index.url, "-r", "requirements.txt", "--progress-bar", "raw")
    done = run(*words, *JSON)
    record = outcome(done)
    assert (record["command"], record["exit_code"], record["errors"]) == ("download", 0, [])
    assert "Saved" in done.err
    log = sarif(run(*words, "--output-format=sarif").out)["runs"][0]
    assert (log["results"], log["invocations"][0]["executionSuccessful"]) == ([], True)
    assert run(*words, "--output-format", "github").out == ""
    assert "Saved" in run(*words, "--output-format", "text").out


def test_a_refusal_stands_at_the_line_that_asks(run: Inside, two_indexes: tuple[IndexServer, IndexServer]) -> None:
    """Of a requirements file; with the reference, the evidence and the hint that people get."""
    for number, each in enumerate(two_indexes):
        each.add("demo", f"{number}.0")
    (run.folder / "requirements.txt").write_text("# what we need\n\ndemo\n")
    one, other = (each.url for each in two_indexes)
    words = ("install", "--dry-run", "-i", one, "--extra-index-url", other, "-r", "requirements.txt")
    done = run(*words, *JSON)
    (error,) = outcome(done)["errors"]
    assert done.code == 20
    assert (error["reference"], error["kind"], error["project"]) == ("ambiguous-index", "refused", "demo")
    assert {"source": "file", "place": "requirements.txt", "line": 3, "because_of": []} in error["places"]
    assert error["message"] in done.err
    assert "[[index]]" in error["hint"]
    assert in_both(run, *words) == ("ambiguous-index", "requirements.txt", 3)


def test_a_refusal_stands_at_the_line_of_the_lock(run: Inside, index: IndexServer) -> None:
    """The line at which the package begins that is not as it was locked."""
    index.add("alpha", "1.0")
    index.add("demo", "1.0")
    (run.folder / "requirements.in").write_text("alpha\ndemo\n")
    assert run("lock", "-r", "requirements.in", "-i", index.url).code == 0
    lock = run.folder / "pylock.toml"
    head, _, tail = lock.read_text().rpartition("[[packages]]")
    digest = tail.partition('sha256 = "')[2][:64]
    lock.write_text(f"{head}[[packages]]{tail.replace(digest, 'a' * 64)}")
    line = head.count("\n") + 1
    reference, file, found = in_both(run, "install", "--dry-run", "-i", index.url, "-r", "pylock.toml")
    assert (file, found) == ("pylock.toml", line)
    assert reference in ("lock-differs", "digest-mismatch", "hash-mismatch")


def test_a_lock_that_is_out_of_date_is_said_at_its_file(run: Inside, index: IndexServer) -> None:
    """The difference is for people; without a form the exit code says it alone."""
    index.add("demo", "1.0")
    (run.folder / "requirements.in").write_text("demo\n")
    words = ("lock", "-r", "requirements.in", "-i", index.url, "--check")
    assert in_both(run, *words) == ("lock-out-of-date", "pylock.toml", None)
    assert run(*words[:-1]).code == 0
    assert outcome(run(*words, *JSON))["errors"] == []
    index.add("alpha", "1.0")
    (run.folder / "requirements.in").write_text("demo\nalpha\n")
    (error,) = outcome(run(*words, *JSON))["errors"]
    assert (error["reference"], error["message"]) == ("lock-out-of-date", "pylock.toml is not what is asked for")
    done = run(*words)
    assert (done.code, "error:" in done.err, "+name = " in done.out) == (1, False, True)


def test_a_mistake_in_the_configuration_stands_at_its_line(run: Inside) -> None:
    """Named from the working folder, as a code host knows it."""
    (run.folder / "safepip.toml").write_text('[policy]\ncooldown = "P1D"\ncooldwn = "P2D"\n')
    (run.folder / "requirements.txt").write_text("demo\n")
    expected = ("bad-configuration", "safepip.toml", 3)
    assert in_both(run, "check-config") == expected
    assert in_both(run, "lock", "-r", "requirements.txt") == expected
    assert in_both(run, "audit") == expected
    record = outcome(run("check-config", *JSON))
    assert (record["command"], record["errors"][0]["kind"]) == ("check-config", "usage")


def test_a_wrong_command_line_is_said_in_the_form_that_it_asks_for(run: Inside) -> None:
    """Whether or not the rest of it can be read; a form that there is not is said to people alone."""
    for words in (("install", "--no-such"), ("install",), ("lock", "--upgrade-strategy", "x")):
        done = run(*words, *JSON)
        assert done.code
        assert outcome(done)["errors"]
        assert "error: " in done.err
    done = run("install", "demo", "--output-format", "xml")
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    "words",
    [
        ("install", "demo", "--report", "-"),
        ("lock", "-o", "-", "-r", "requirements.txt"),
        ("explain", "demo"),
        ("tree",),
        ("outdated",),
        ("list", "--outdated"),
        ("audit", "--update"),
        ("verify", "--json", "--output-format", "sarif"),
    ],
    ids=lambda words: words[0],
)
def test_one_thing_alone_takes_standard_output(run: Inside, words: tuple[str, ...]) -> None:
    """A report, a lock and an answer do, too."""
    (run.folder / "requirements.txt").write_text("demo\n")
    done = run(*words, *(() if "sarif" in words else JSON))
    assert done.code == 2
    assert "error: conflicting-options" in done.err


def test_an_error_that_was_not_foreseen_is_a_record_too(run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own message stays out of it."""

    def fail(_self: Resources) -> Resources:
        raise RuntimeError("a secret")

    monkeypatch.setattr("safepip.commands.resources.Resources.__enter__", fail)
    done = run("install", "demo", *JSON)
    (error,) = outcome(done)["errors"]
    assert (done.code, error["reference"], error["kind"]) == (70, "internal-error", "fault")
    assert "secret" not in done.out


def test_help_is_help(run: Inside) -> None:
    """No record follows it."""
    assert run("install", "--help", *JSON).out == run("install", "--help").out


def test_no_secret_and_no_command_is_in_a_record(run: Inside, index: IndexServer) -> None:
    """Not where an error quotes what others wrote."""
    (run.folder / "##[error]x.txt").write_text("demo @ https://user:hush@127.0.0.1:9/##[error]x\n")
    for form in ("json", "sarif", "github"):
        done = run("install", "--dry-run", "-i", index.url, "-r", "##[error]x.txt", "--output-format", form)
        assert done.code
        assert "hush" not in done.out
        assert "##[" not in done.out


def test_a_password_that_an_index_sends_back_is_not_in_a_record(run: Inside, index: IndexServer) -> None:
    """It is taken out of what an error quotes, as it is on standard error."""
    index.auth = ("jane", "s3cret-word")
    index.add("demo", "1.0", file={"yanked": "ask jane, with s3cret-word"})
    (run.folder / "requirements.txt").write_text(f"-i {index.credentialed_url}\ndemo\n")
    for form in ("json", "sarif", "github"):
        done = run("lock", "-r", "requirements.txt", "--output-format", form)
        assert done.code == 1
        assert "ask jane" in done.out
        assert "s3cret" not in done.out


def test_what_pip_says_goes_to_standard_error(runner: Runner, index: IndexServer, target: Environment) -> None:
    """The real pip installs, and standard output has the record alone."""
    index.add("demo", "1.0")
    done = runner.inside("install", "--python", target.python, "-i", index.url, "demo", *JSON)
    assert done.returncode == 0, done.stderr
    record = own("outcome", done.stdout)
    assert (record["exit_code"], record["errors"]) == (0, [])
    assert "Successfully installed demo-1.0" in done.stderr


def test_what_verify_finds_is_told_in_each_form(run: Inside, target: Environment) -> None:
    """At the file that it is about."""
    (site,) = target.folder.glob("lib/*/site-packages")
    (site / "stray.py").write_text("")
    words = ("verify", "--python", str(target.python))
    done = run(*words, *JSON)
    assert done.out == run(*words, "--json").out
    assert own("verify", done.out)["findings"]
    log = sarif(run(*words, "--output-format", "sarif").out)["runs"][0]
    stray = [r for r in log["results"] if "stray.py" in r["message"]["text"]]
    assert [result["ruleId"] for result in stray] == ["verify-unowned"]
    assert stray[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("site-packages/stray.py")
    lines = run(*words, "--output-format", "github").out.splitlines()
    assert any(annotation(line).properties["file"].endswith("stray.py") for line in lines)
