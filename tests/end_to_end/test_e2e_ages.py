"""Files that are too young, too late or yanked, from the command line: what is taken, what is refused, what was asked.

The index is on loopback, its files have upload times, and its log is read: of what is refused no file was fetched.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from support.index import HTML
from support.replies import held_until
from support.runs import references, shown
from support.uploads import add, days_ago
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import Index, IndexServer, ServedFile
    from support.inside import Done, Inside

HOUR = 1 / 24


def two_releases(index: Index, name: str = "demo") -> tuple[ServedFile, ServedFile]:
    """An old release and one of an hour ago."""
    return add(index, name, "1.0", 100), add(index, name, "2.0", HOUR)


def a_day_after(served: ServedFile) -> str:
    """A day after the upload of a file, as messages write it."""
    assert served.upload_time is not None
    moment = datetime.fromisoformat(served.upload_time) + timedelta(days=1)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def dry(run: Inside, *words: str) -> Done:
    """What would be installed into an empty environment."""
    return run("install", "--dry-run", "--ignore-installed", "--no-cache-dir", *words)


def policy(run: Inside, index: Index, text: str, more: str = "") -> None:
    """A configuration whose default index is this one; `more` are further keys of it."""
    declared = f'[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n{more}\n'
    (run.folder / "safepip.toml").write_text(f"{declared}{text}")


def pasted(err: str) -> str:
    """The block of configuration that a hint offers, with a reason given in each exception."""
    block = err[err.index("[[allow]]\n") : err.index("\n\nNothing")].replace("\n    ", "\n")
    return block.replace('reason = "..."', 'reason = "read by us"')


# --- cooldown --------------------------------------------------------------------------------------------------


def test_of_a_release_an_hour_old_the_older_one_is_installed_and_one_line_says_so(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    _, young = two_releases(index)
    done = runner.inside("install", "--python", target.python, "-i", index.url, "demo")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"demo": "1.0"}
    (line,) = [line for line in done.stderr.splitlines() if "cooldown" in line]
    assert line.startswith(f"notice: cooldown: demo 2.0 is held back until {a_day_after(young)} "), line
    assert line.endswith("demo 1.0 is taken")
    assert index.file_path(young.filename) not in index.paths_asked()


def test_a_release_an_hour_old_is_refused_where_it_is_pinned(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    _, young = two_releases(index)
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", index.url, "demo==2.0")
    assert (done.returncode, references(done.stderr)) == (20, ["cooldown"]), shown(done)
    assert f"demo 2.0 is too young: it is held back until {a_day_after(young)}" in done.stderr
    assert index.paths_asked() == [index.page_path("demo")]
    assert target.state() == before


def test_a_dependency_that_pins_what_is_too_young_is_told_with_its_asker_and_nothing_of_it_is_fetched(
    index: IndexServer, run: Inside
) -> None:
    two_releases(index)
    add(index, "app", "1.0", 100, requires=["demo==2.0", "last"])
    add(index, "last", "1.0", 100)
    add(index, "slow", "1.0", 100)
    index.fault("slow", held_until(lambda: index.mentions("demo") and index.mentions("last")[1:]))
    done = dry(run, "-i", index.url, "slow", "app")
    assert (done.code, references(done.err)) == (20, ["cooldown"]), done.err
    assert "required by app 1.0  <-  the command line" in done.err
    assert index.mentions("last")[1:], "nothing was guessed at, so that this shows nothing"
    assert index.mentions("demo") == [index.page_path("demo")]


def test_the_option_holds_for_one_run(index: IndexServer, run: Inside) -> None:
    two_releases(index)
    assert "demo-2.0" in dry(run, "-i", index.url, "--cooldown", "0", "demo").out
    assert "demo-1.0" in dry(run, "-i", index.url, "--cooldown", "P99D", "demo").out
    assert references(dry(run, "-i", index.url, "--cooldown", "2020-01-01", "demo").err) == ["cooldown"]
    assert dry(run, "-i", index.url, "--cooldown", "yesterday", "demo").code == 2


def test_policy_may_be_lengthened_by_the_option_and_not_shortened(index: IndexServer, run: Inside) -> None:
    two_releases(index)
    policy(run, index, '[policy]\ncooldown = "P3D"')
    assert references(dry(run, "--cooldown", "P2D", "demo").err) == ["policy-loosened"]
    assert references(dry(run, "--cooldown", "P200D", "demo").err) == ["cooldown"]


def test_an_index_and_a_project_have_their_own_cooldowns(index: IndexServer, run: Inside) -> None:
    two_releases(index)
    two_releases(index, "other")
    policy(run, index, '[policy]\ncooldown = "P3D"\n[policy.cooldowns]\ndemo = "PT1M"', 'cooldown = "PT30M"')
    assert "demo-2.0 other-2.0" in dry(run, "demo", "other").out
    policy(run, index, '[policy.cooldowns]\ndemo = "0"')
    assert "demo-2.0 other-1.0" in dry(run, "demo", "other").out


def test_names_that_an_index_claims_are_exempt(two_indexes: tuple[IndexServer, IndexServer], run: Inside) -> None:
    internal, public = two_indexes
    two_releases(internal, "acme-core")
    claim = f'[[index]]\nname = "acme"\nurl = "{internal.url}"\npackages = ["acme-*"]\n'
    policy(run, public, f'{claim}[policy]\ncooldown = "P3D"')
    assert "acme-core-2.0" in dry(run, "acme-core").out
    policy(run, public, f'{claim}cooldown = "P3D"')
    assert "acme-core-1.0" in dry(run, "acme-core").out


@pytest.mark.parametrize("form", ["html", "json"])
def test_an_index_that_dates_nothing_is_a_notice_by_default_and_a_refusal_by_policy(
    index: IndexServer, run: Inside, form: str
) -> None:
    for served in two_releases(index):
        served.upload_time = None
    two_releases(index, "other")
    if form == "html":
        index.formats = (HTML,)
    else:
        del index.projects["other"]
    done = dry(run, "-i", index.url, "demo", *(["other"] if form == "html" else []))
    assert done.code == 0, done.err
    assert done.err.count("gives no upload times") == 1
    policy(run, index, '[policy]\ncooldown = "P3D"')
    done = dry(run, "demo")
    assert (done.code, references(done.err)) == (20, ["cooldown"]), done.err
    assert "the cooldown for demo cannot be checked" in done.err


def test_a_line_of_policy_lets_one_file_in_and_the_report_says_so(index: IndexServer, run: Inside) -> None:
    _, young = two_releases(index)
    line = f'rule = "cooldown"\nfile = "{young.filename}"\ndigest = "sha256:{sha256(young.data)}"\n'
    policy(run, index, f'[[allow]]\nproject = "demo"\nreason = "the fix we wait for"\n{line}')
    done = dry(run, "--report", "report.json", "demo")
    assert done.code == 0, done.err
    assert "allowed: cooldown for demo 2.0" in done.err
    (item,) = json.loads((run.folder / "report.json").read_text())["install"]
    assert [a["reason"] for a in item["safepip"]["allowed"]] == ["the fix we wait for"]


def test_the_hint_of_a_refusal_is_a_line_that_lets_the_file_in(index: IndexServer, run: Inside) -> None:
    two_releases(index)
    policy(run, index, "")
    done = dry(run, "demo==2.0")
    policy(run, index, pasted(done.err))
    assert "demo-2.0" in dry(run, "demo==2.0").out


@pytest.mark.parametrize("way", ["url", "path", "constraint"])
def test_a_conflict_with_a_wheel_that_the_user_names_is_no_matter_of_age(
    index: IndexServer, run: Inside, way: str
) -> None:
    """However long the user waits, `demo` comes from the file."""
    two_releases(index)
    add(index, "app", "1.0", 400, requires=["demo>=2"])
    filename, data = build_wheel("demo", "1.0")
    (run.folder / filename).write_bytes(data)
    url = f"demo @ {(run.folder / filename).as_uri()}"
    (run.folder / "constraints.txt").write_text(f"{url}\n")
    words = {"url": [url], "path": [f"./{filename}"], "constraint": ["-c", "constraints.txt", "demo"]}[way]
    done = dry(run, "-i", index.url, *words, "app")
    assert (done.code, references(done.err)) == (1, ["resolution-impossible"]), done.err
    assert "app 1.0 requires demo>=2" in done.err
    assert "versions of demo looked at" not in done.err


def test_a_base_that_conflicts_with_its_extra_is_refused_for_its_age_all_the_same(
    index: IndexServer, run: Inside
) -> None:
    add(index, "demo", "1.0", 100, extras={"x": []})
    add(index, "demo", "2.0", HOUR, extras={"x": []})
    add(index, "app", "1.0", 400, requires=["demo>=2"])
    done = dry(run, "-i", index.url, "demo[x]", "app")
    assert (done.code, references(done.err)) == (20, ["cooldown"]), done.err


# --- late files ------------------------------------------------------------------------------------------------


def test_a_file_added_to_an_old_release_is_not_installed(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    index.add_sdist("demo", "1.0", file={"upload_time": days_ago(400)})
    late = add(index, "demo", "1.0", 3)
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", index.url, "--only-binary", "demo", "demo")
    assert (done.returncode, references(done.stderr)) == (20, ["late-file"]), shown(done)
    assert f"{late.filename} came 397 days after the first file of its release" in done.stderr
    assert index.paths_asked() == [index.page_path("demo")]
    assert target.state() == before


def test_a_late_file_is_passed_over_where_an_older_version_serves(index: IndexServer, run: Inside) -> None:
    add(index, "demo", "0.9", 500)
    index.add_sdist("demo", "1.0", file={"upload_time": days_ago(400)})
    add(index, "demo", "1.0", 3)
    done = dry(run, "-i", index.url, "--only-binary", "demo", "demo")
    assert "demo-0.9" in done.out, done.err
    assert "notice: late-file: demo-1.0-py3-none-any.whl came 397 days" in done.err


# --- yanks -----------------------------------------------------------------------------------------------------


def test_a_yanked_version_that_a_dependency_pins_is_not_installed(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    add(index, "demo", "1.0", 100, file={"yanked": "taken over"})
    add(index, "app", "3.0", 100, requires=["demo==1.0"])
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", index.url, "app")
    assert (done.returncode, references(done.stderr)) == (20, ["yanked"]), shown(done)
    assert "required by app 3.0" in done.stderr
    assert "reason: taken over" in done.stderr
    assert index.mentions("demo") == [index.page_path("demo")]
    assert target.state() == before


def test_the_hint_of_a_yanked_file_names_it_and_its_bytes_and_lets_it_in(index: IndexServer, run: Inside) -> None:
    served = add(index, "demo", "1.0", 100, file={"yanked": "taken over"})
    add(index, "app", "3.0", 100, requires=["demo==1.0"])
    policy(run, index, "")
    block = pasted(dry(run, "app").err)
    assert f'file = "{served.filename}"\ndigest = "sha256:{sha256(served.data)}"\n' in block
    policy(run, index, block)
    done = dry(run, "app")
    assert "demo-1.0" in done.out, done.err
    assert "allowed: yanked for demo 1.0: " in done.err


def test_nothing_of_a_yanked_version_is_fetched_on_a_guess(index: IndexServer, run: Inside) -> None:
    add(index, "demo", "1.0", 100, file={"yanked": "taken over"})
    add(index, "app", "3.0", 100, requires=["demo==1.0", "last"])
    add(index, "last", "1.0", 100)
    add(index, "slow", "1.0", 100)
    index.fault("slow", held_until(lambda: index.mentions("demo") and index.mentions("last")[1:]))
    done = dry(run, "-i", index.url, "slow", "app")
    assert (done.code, references(done.err)) == (20, ["yanked"]), done.err
    assert index.mentions("last")[1:], "nothing was guessed at, so that this shows nothing"
    assert index.mentions("demo") == [index.page_path("demo")]


def test_a_yanked_version_that_the_user_pins_is_installed_with_a_notice(index: IndexServer, run: Inside) -> None:
    add(index, "demo", "1.0", 100, file={"yanked": True})
    add(index, "app", "3.0", 100, requires=["demo==1.0"])
    done = dry(run, "-i", index.url, "app", "demo==1.0")
    assert done.code == 0, done.err
    assert "demo 1.0 is yanked" in done.err


# --- locks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["pylock.toml", "requirements.txt"])
def test_what_is_locked_was_judged_when_it_was_locked(index: IndexServer, run: Inside, output: str) -> None:
    """The lock is installed as it is, and made anew it stays as it is, without the option that it was made with."""
    _, young = two_releases(index)
    (run.folder / "in.txt").write_text("demo\n")
    lock = ("lock", "-r", "in.txt", "-i", index.url, "-o", output)
    assert run(*lock, "--cooldown", "0").code == 0
    text = (run.folder / output).read_text()
    assert "2.0" in text
    assert "demo-2.0" in dry(run, "-i", index.url, "-r", output).out
    assert run(*lock, "--check").code == 0
    done = run(*lock, "-U")
    assert "demo 2.0 is held back" not in done.err, "its bytes were judged before, whichever version is asked for"
    young.data += b" "
    young.upload_time = days_ago(HOUR)
    index.cache_control = "no-cache"
    assert run(*lock, "--refresh-package", "demo").code == 0
    assert "1.0" in (run.folder / output).read_text()


def test_a_lock_has_no_file_that_an_install_would_pass_over(index: IndexServer, run: Inside) -> None:
    add(index, "demo", "1.0", 100)
    for days, platform in ((99.0, "win32"), (80.0, "win_amd64"), (HOUR, "win_arm64")):
        add(index, "demo", "1.0", days, tag=f"cp311-cp311-{platform}")
    done = run("lock", "demo", "-i", index.url, "-o", "-")
    assert done.code == 0, done.err
    assert "win32.whl" in done.out
    assert "win_amd64" not in done.out
    assert "win_arm64" not in done.out


def test_explain_says_what_is_held_back(index: IndexServer, run: Inside) -> None:
    two_releases(index)
    (run.folder / "in.txt").write_text("demo\n")
    done = run("explain", "demo", "-r", "in.txt", "-i", index.url)
    assert "2.0  cooldown: demo 2.0 is held back until" in done.out, done.err
