"""Look-alikes, new projects and quarantined ones from the command line: what is asked of the index, and what is left.

The index is on loopback and its log is read: a name that is refused for what it is was asked of nobody, and of a
project that is refused for its age or its status no file was fetched, on a guess neither. The list of well-known names
is the one that safepip brings along, unless a test brings its own.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from support.replies import held_until
from support.runs import pip_in, shown
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import IndexServer, ServedFile
    from support.inside import Done, Inside

#: A strong and a weak resemblance by the list of the package; what they resemble is on no index here.
STRONG, WEAK = "python3-dateutil", "acme-observabilty"


def days_ago(days: float) -> str:
    """An upload time as indexes write it."""
    return f"{datetime.fromtimestamp(time.time() - days * 86_400, UTC):%Y-%m-%dT%H:%M:%S.000000Z}"


def add(index: IndexServer, name: str, days: float = 1_000, version: str = "1.0", **wheel: Any) -> ServedFile:
    """A wheel that was uploaded so many days ago."""
    return index.add(name, version, file={"upload_time": days_ago(days)}, **wheel)


def references(text: str) -> list[str]:
    return re.findall(r"^error: ([a-z-]+)$", text, re.MULTILINE)


@pytest.fixture
def names(run: Inside) -> str:
    """A list in which `acme-observability` is known and far from popular."""
    popular = "\n".join(f"popular-{number:05}-name" for number in range(1_200))
    (run.folder / "names.txt").write_text(f"python-dateutil\n{popular}\nacme-observability\n")
    return "--well-known-names=names.txt"


def dry(run: Inside, index: IndexServer, *words: str) -> Done:
    """What would be installed into an empty environment."""
    return run("install", "--dry-run", "--ignore-installed", "-i", index.url, "--no-cache-dir", *words)


# --- the three of the threat model, as a user meets them --------------------------------------------------------------


def test_the_look_alike_of_a_popular_project_is_not_installed_and_nobody_is_asked_for_it(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    add(index, STRONG)
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", index.url, STRONG)
    assert (done.returncode, references(done.stderr)) == (20, ["look-alike"]), shown(done)
    assert "did you mean python-dateutil?" in done.stderr
    assert index.paths_asked() == []
    assert target.state() == before


def test_a_project_born_yesterday_is_not_installed_and_no_file_of_it_is_fetched(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    add(index, "fastjson-schema-helpers", 1.5)
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", index.url, "fastjson-schema-helpers")
    assert (done.returncode, references(done.stderr)) == (20, ["new-project"]), shown(done)
    assert index.paths_asked() == [index.page_path("fastjson-schema-helpers")]
    assert target.state() == before


def test_a_project_in_quarantine_is_not_installed_and_no_file_of_it_is_fetched(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    """Though its page still lists one, and though a file of its neighbour is fetched on a guess."""
    for name in ("slow-page-of-ours", "held-for-review", "last-of-them"):
        add(index, name)
    index.project("held-for-review").status = "quarantined"
    guessed = held_until(lambda: index.mentions("held-for-review") and index.mentions("last-of-them")[1:])
    index.fault("slow-page-of-ours", guessed)
    before = target.state()
    words = ("slow-page-of-ours", "held-for-review", "last-of-them")
    done = runner.inside("install", "--python", target.python, "-i", index.url, *words)
    assert (done.returncode, references(done.stderr)) == (20, ["quarantined"]), shown(done)
    assert index.mentions("last-of-them")[1:], "nothing was guessed at, so that this shows nothing"
    assert index.mentions("held-for-review") == [index.page_path("held-for-review")]
    assert target.state() == before


# --- guesses and dependencies ----------------------------------------------------------------------------------------


def test_no_file_is_fetched_on_a_guess_of_what_is_refused_and_no_page_of_a_strong_look_alike(
    index: IndexServer, run: Inside, names: str
) -> None:
    """The page of the first project keeps the search waiting until what stands behind all these was guessed at."""
    add(index, "first-of-all", requires=["app"])
    add(index, "app", requires=[STRONG, WEAK, "born-on-monday", "last-of-them"])
    add(index, "last-of-them")
    add(index, STRONG)
    add(index, WEAK, 20)
    add(index, "born-on-monday", 3)
    index.fault("first-of-all", held_until(lambda: index.mentions(WEAK) and index.mentions("last-of-them")[1:]))
    done = dry(run, index, names, "first-of-all", "app", "born-on-monday")
    assert (done.code, sorted(references(done.err))) == (20, ["look-alike", "look-alike", "new-project"]), done.err
    assert index.mentions("last-of-them")[1:], "nothing was guessed at, so that this shows nothing"
    assert index.mentions(STRONG) == []
    for name in (WEAK, "born-on-monday"):
        assert index.mentions(name) == [index.page_path(name)]
    assert not index.mentions("python-dateutil")
    assert not index.mentions("acme-observability")


def test_everything_that_is_refused_is_told_at_once_with_who_asks_for_it(
    index: IndexServer, run: Inside, names: str
) -> None:
    add(index, "app", requires=[STRONG, "quiet-helper"])
    add(index, "quiet-helper")
    add(index, "born-on-monday", 3)
    index.project("quiet-helper").status = "quarantined"
    done = dry(run, index, names, "app", "born-on-monday", WEAK)
    assert sorted(references(done.err)) == ["look-alike", "look-alike", "new-project", "quarantined"], done.err
    assert "required by app 1.0  <-  the command line" in done.err
    assert not index.mentions(WEAK)


def test_a_weak_look_alike_that_is_required_and_old_is_taken_and_told(
    index: IndexServer, run: Inside, names: str
) -> None:
    add(index, "app", requires=[WEAK])
    add(index, WEAK, 91)
    done = dry(run, index, names, "app")
    assert done.code == 0, done.err
    assert f"notice: {WEAK} is not well known, and its name resembles acme-observability" in done.err
    for served in index.project(WEAK).files:
        served.upload_time = days_ago(89)
    assert references(dry(run, index, names, "app").err) == ["look-alike"]


def test_a_look_alike_of_a_version_that_the_search_gives_up_refuses_nothing(
    index: IndexServer, run: Inside, names: str
) -> None:
    """It is told where the answer needs it, with who asks for it then; and it is asked of nobody in either case."""
    for version, requires in (("1.0", []), ("2.0", [STRONG, WEAK, "mid"])):
        add(index, "base", version=version)
        add(index, "app", version=version, requires=requires)
    add(index, "mid", requires=["base<2"])
    add(index, STRONG)
    add(index, WEAK, 20)
    done = dry(run, index, names, "app", "base==2.0")
    assert (done.code, references(done.err)) == (0, []), done.err
    assert "Would install app-1.0 base-2.0" in done.out
    for version in ("1.0", "2.0"):
        add(index, "other", version=version, requires=[STRONG, WEAK, *(["mid"] if version == "2.0" else [])])
    done = dry(run, index, names, "other", "base==2.0")
    assert (done.code, references(done.err)) == (20, ["look-alike"] * 2), done.err
    assert "required by other 1.0  <-  the command line" in done.err
    assert "other 2.0" not in done.err
    assert index.mentions(STRONG) == []
    assert set(index.mentions(WEAK)) == {index.page_path(WEAK)}


def test_no_index_is_asked_for_a_look_alike_to_explain_why_there_is_no_answer(index: IndexServer, run: Inside) -> None:
    add(index, "base")
    add(index, "base", version="2.0")
    add(index, STRONG)
    add(index, "app", requires=[STRONG, "mid"])
    add(index, "mid", requires=[STRONG, "base<2"])
    done = dry(run, index, "app", "base==2.0")
    assert done.code != 0
    assert references(done.err) in (["look-alike"], ["resolution-impossible"]), done.err
    assert index.mentions(STRONG) == []


def test_what_is_installed_and_stays_is_not_judged(index: IndexServer, runner: Runner, target: Environment) -> None:
    add(index, STRONG)
    add(index, "app", requires=[STRONG])
    pip_in(runner, target, "install", "-q", "-i", index.url, STRONG)
    done = runner.inside("install", "--python", target.python, "-i", index.url, "app")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {STRONG: "1.0", "app": "1.0"}


# --- who is known ----------------------------------------------------------------------------------------------------


def test_what_resembles_a_claimed_name_is_refused_and_the_claimed_name_is_not(
    two_indexes: tuple[IndexServer, IndexServer], run: Inside
) -> None:
    internal, public = two_indexes
    add(internal, "billing-core", 1)
    add(public, "billing-cor")
    policy = f'[[index]]\nname = "acme"\nurl = "{internal.url}"\npackages = ["billing-core"]\n'
    policy += f'[[index]]\nname = "public"\nurl = "{public.url}"\ndefault = true\n'
    (run.folder / "safepip.toml").write_text(policy)
    words = ("install", "--dry-run", "--ignore-installed", "--no-cache-dir")
    assert run(*words, "billing-core").code == 0
    done = run(*words, "billing-cor")
    assert references(done.err) == ["look-alike"], done.err
    assert "billing-core is claimed by the index acme" in done.err
    assert public.paths_asked() == []


def test_a_list_of_ones_own_replaces_the_list_of_the_package(index: IndexServer, run: Inside) -> None:
    add(index, STRONG)
    add(index, "our-own-service")
    add(index, "our-own-servise")
    (run.folder / "names.json").write_text(json.dumps({"rows": [{"project": "our-own-service", "download_count": 9}]}))
    words = ("--well-known-names", "names.json")
    assert dry(run, index, *words, STRONG, "our-own-service").code == 0
    done = dry(run, index, *words, "our-own-servise")
    assert references(done.err) == ["look-alike"], done.err
    assert "did you mean our-own-service?" in done.err


@pytest.mark.parametrize("content", ["", "{", "good-name\nno name!\n", "\ufffe"])
def test_a_list_that_cannot_be_used_ends_the_run_before_anything_is_asked(
    index: IndexServer, run: Inside, content: str
) -> None:
    add(index, "app")
    (run.folder / "names.txt").write_text(content, "utf-16" if content == "\ufffe" else "utf-8")
    done = dry(run, index, "--well-known-names", "names.txt", "app")
    assert (done.code, references(done.err)) == (2, ["unusable-names"]), done.err
    assert index.paths_asked() == []


# --- what overrules --------------------------------------------------------------------------------------------------


def test_an_option_allows_a_name_for_one_run_and_the_report_says_so(index: IndexServer, run: Inside) -> None:
    add(index, STRONG, 3)
    done = dry(run, index, "--allow-name", "Python3_dateutil", "--report", "report.json", STRONG)
    assert done.code == 0, done.err
    assert f"notice: allowed: look-alike for {STRONG} 1.0: " in done.err
    assert f"notice: allowed: new-project for {STRONG} 1.0: " in done.err
    (item,) = json.loads((run.folder / "report.json").read_text())["install"]
    assert [allowed["rule"] for allowed in item["safepip"]["allowed"]] == ["look-alike", "new-project"]
    assert references(dry(run, index, STRONG).err) == ["look-alike"]


@pytest.mark.usually("*-look-alike")
@pytest.mark.parametrize(("name", "rule"), [(STRONG, "look-alike"), ("fastjson-schema-helpers", "new-project")])
def test_the_block_of_the_hint_pasted_lets_the_project_be_installed(
    index: IndexServer, runner: Runner, target: Environment, name: str, rule: str
) -> None:
    add(index, name, 3 if rule == "new-project" else 1_000)
    words = ("install", "--python", target.python, "-i", index.url, "--report", "-", name)
    done = runner.inside(*words)
    assert references(done.stderr) == [rule], shown(done)
    start = done.stderr.index("    [[allow]]")
    block = done.stderr[start : done.stderr.index("\n\n", start)].replace("    ", "").replace("...", "read by us")
    (runner.folder / "safepip.toml").write_text(
        f'{block}\n[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n'
    )
    done = runner.inside(*words)
    assert done.returncode == 0, shown(done)
    assert target.installed() == {name: "1.0"}
    assert "(reason: read by us, " in done.stderr
    report = json.JSONDecoder().raw_decode(done.stdout)[0]
    assert [a["rule"] for a in report["install"][0]["safepip"]["allowed"]] == [rule]


def test_of_a_project_a_few_hours_old_the_hint_says_that_its_files_are_held_back_too(
    index: IndexServer, run: Inside
) -> None:
    """The hint alone would lead to the next refusal."""
    name = "fastjson-schema-helpers"
    add(index, name, 0.2)
    line = "to allow the name is not enough yet: its first file is held back until "
    done = dry(run, index, name)
    assert references(done.err) == ["new-project"], done.err
    assert line in done.err
    done = dry(run, index, "--allow-name", name, name)
    assert references(done.err) == ["cooldown"], done.err
    assert line not in dry(run, index, "--cooldown", "0", name).err
    (run.folder / "safepip.toml").write_text(
        f'[[allow]]\nproject = "{name}"\nrule = "cooldown"\nreason = "ours"\n'
        f'[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n'
    )
    done = run("install", "--dry-run", "--ignore-installed", "--no-cache-dir", name)
    assert references(done.err) == ["new-project"], done.err
    assert line not in done.err
    add(index, "a-day-older", 1.5)
    assert line not in run("install", "--dry-run", "--ignore-installed", "a-day-older").err


def test_a_file_pinned_by_the_users_own_hash_is_not_judged_by_its_name(index: IndexServer, run: Inside) -> None:
    served = add(index, STRONG, 3)
    (run.folder / "requirements.txt").write_text(f"{STRONG}==1.0 --hash=sha256:{sha256(served.data)}\n")
    assert dry(run, index, "-r", "requirements.txt").code == 0


def test_a_wheel_of_ones_own_in_a_folder_of_this_machine_may_have_any_name(index: IndexServer, run: Inside) -> None:
    """With an index beside the folder nobody could say whose name it is."""
    (run.folder / "dist").mkdir()
    filename, data = build_wheel("requests-dev", "1.0")
    (run.folder / "dist" / filename).write_bytes(data)
    words = ("install", "--dry-run", "--ignore-installed", "--no-cache-dir", "--find-links", "dist", "requests-dev")
    done = run(*words, "--no-index")
    assert (done.code, references(done.err)) == (0, []), done.err
    assert references(run(*words, "-i", index.url).err) == ["look-alike"]


# --- the other commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [("download", STRONG), ("lock", STRONG), ("lock", "--universal", STRONG), ("explain", STRONG, "-r", "asked.txt")],
    ids=["download", "lock", "lock --universal", "explain"],
)
def test_every_command_that_decides_refuses_alike(index: IndexServer, run: Inside, words: tuple[str, ...]) -> None:
    add(index, STRONG)
    (run.folder / "asked.txt").write_text(f"{STRONG}\n")
    done = run(*words, "-i", index.url, "--no-cache-dir")
    assert (done.code, set(references(done.err))) == (20, {"look-alike"}), done.err
    assert index.paths_asked() == []
    assert not (run.folder / "pylock.toml").exists()


@pytest.mark.parametrize("form", [("-o", "pylock.toml"), ("--format", "requirements", "-o", "requirements.txt")])
def test_a_name_in_the_lock_was_judged_when_it_came_into_it(
    index: IndexServer, run: Inside, form: tuple[str, ...]
) -> None:
    """Making the lock anew does not ask again, upgrades included; a further name is judged."""
    add(index, STRONG, 3)
    where = ("-i", index.url, "--no-cache-dir", *form)
    assert run("lock", STRONG, "--allow-name", STRONG, *where).code == 0
    assert run("lock", STRONG, "-U", *where).code == 0
    add(index, "plain", 3)
    done = run("lock", STRONG, "plain", *where)
    assert references(done.err) == ["new-project"], done.err


@pytest.mark.parametrize("hashes", ["", " --hash=md5:d41d8cd98f00b204e9800998ecf8427e", " --hash=sha256:0"])
def test_a_pin_that_somebody_wrote_where_the_lock_shall_be_is_no_lock(
    index: IndexServer, run: Inside, hashes: str
) -> None:
    """Only safepip's own form has a digest of every file. Whoever writes a version has not looked at the project."""
    add(index, STRONG, 3)
    add(index, "born-on-monday", 3)
    written = "".join(f"{name}==1.0{hashes}\n" for name in (STRONG, "born-on-monday"))
    (run.folder / "requirements.txt").write_text(written)
    form = ("--format", "requirements", "-o", "requirements.txt")
    done = run("lock", STRONG, "born-on-monday", "-i", index.url, "--no-cache-dir", *form)
    assert (done.code, references(done.err)) == (20, ["look-alike", "new-project"]), done.err
    assert (run.folder / "requirements.txt").read_text() == written


def test_installing_from_a_lock_judges_no_name(index: IndexServer, run: Inside) -> None:
    add(index, STRONG, 3)
    assert run("lock", STRONG, "--allow-name", STRONG, "-i", index.url, "--no-cache-dir").code == 0
    done = run("download", "-r", "pylock.toml", "-d", "out", "-i", index.url, "--no-cache-dir")
    assert done.code == 0, done.err
    assert len(list((run.folder / "out").iterdir())) == 1
