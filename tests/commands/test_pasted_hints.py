"""What the hints about names, ages, advisories and builds offer to be pasted helps, or waits for a person's reason.

The text is searched in the message and pasted as it stands: options and requirements into the command, constraints and
hashes into a file, TOML into `safepip.toml`. Every run is a dry one. The hints about indexes and about the content of
wheels are pasted in `routing/test_a_pasted_hint_settles.py` and `rules/test_a_pasted_hint_of_a_rule.py`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.advisories import malicious, record, versions_of
from support.pasting import OPEN_REASON, exceptions_of
from support.runs import references
from support.sources import build_source_archive
from support.uploads import add, days_ago
from support.wheels import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.index import IndexServer
    from support.inside import Done, Inside

STRONG, NEW = "python3-dateutil", "fastjson-schema-helpers"
HOUR = 1 / 24
HOLE = record("PYSEC-1", versions_of("holed", "introduced 0", "fixed 2.0"))

REFUSE = 'vulnerabilities = "refuse"'


class Row(NamedTuple):
    """A refusal, and the text of its hint that the pattern finds. `then` is the command line with it: `{}` is what was
    found, and `pasted.txt` has it as a line. `policy` is in force in both."""

    typed: str
    reference: str
    pattern: str
    then: str
    policy: str = ""


WORDS = (
    Row(STRONG, "look-alike", r"(--allow-name \S+) for this run", f"{STRONG} {{}}"),
    Row(STRONG, "look-alike", r"did you mean (\S+)\?", "{}"),
    Row(NEW, "new-project", r"(--allow-name \S+) for this run", f"{NEW} {{}}"),
    Row("gone", "no-matching-version", r"pin it: (\S+)", "{}"),
    Row("--only-final early early>1", "no-matching-version", r"pre-releases: (.+)", "--only-final early early>1 {}"),
    Row("two==3", "no-matching-version", r"versions that can be installed: 1\.0, (.+)", "two=={}"),
    Row("archive-only", "no-wheel", r"if you know what it runs: (--allow-build \S+)", "archive-only {}"),
    Row("acme-plain@FILE", "unapproved-build", r"what it runs: (--allow-build \S+)", "acme-plain@FILE {}"),
    Row("harmed", "known-malware", r", write (.+) into a constraints file \(-c FILE\)$", "harmed -c pasted.txt"),
    Row("holed==1.0", "known-vulnerability", r"nothing is known: (\S+)", "{}", REFUSE),
    Row("-r hashed.txt", "missing-hash", r"^    (two==.* --hash=\S+)$", "-r hashed.txt -r pasted.txt"),
)

#: Command lines whose refusal has `[[allow]]`, with the policy in force; what is pasted settles them with a reason.
BLOCKS = {
    "look-alike": (STRONG, ""),
    "new-project": (NEW, ""),
    "cooldown": ("young==2.0", ""),
    "undated": ("undated", 'cooldown = "P3D"'),
    "late-file": ("--only-binary late late", ""),
    "yanked": ("asks-for-gone", ""),
}


class World(NamedTuple):
    """An index that is the only one, an archive in the folder, and what is pasted."""

    run: Inside
    public: IndexServer

    def configure(self, policy: str = "", more: str = "") -> None:
        """`more` stands at the end, as a block that is pasted below the rest."""
        source = '[[advisories]]\nname = "test"\npath = "db"\n'
        index = f'[[index]]\nname = "public"\nurl = "{self.public.url}"\ndefault = true\n'
        (self.run.folder / "safepip.toml").write_text(f"{source}{index}[policy]\n{policy}\n{more}")

    def dry(self, typed: str) -> Done:
        typed = typed.replace("FILE", (self.run.folder / "acme_plain-1.0.tar.gz").as_uri())
        return self.run("install", "--dry-run", "--ignore-installed", *typed.split())


@pytest.fixture
def world(run: Inside, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """Without a fence, so that every build needs a word."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)
    old = ("python-dateutil", STRONG, "early", "two", "young", "harmed", "holed", "needing", "asks-for-gone")
    for name in old:
        add(index, name, "1.0", 500, requires={"needing": ["two"], "asks-for-gone": ["gone==1.0"]}.get(name, []))
    add(index, NEW, "1.0", 3)
    add(index, "gone", "1.0", 400, file={"yanked": "taken over"})
    for name, version in (("early", "2.0a1"), ("two", "2.0"), ("holed", "2.0"), ("harmed", "2.0")):
        add(index, name, version, 400)
    add(index, "young", "2.0", HOUR)
    index.add("undated", "1.0", file={"upload_time": None})
    index.add_sdist("late", "1.0", file={"upload_time": days_ago(400)})
    add(index, "late", "1.0", 3)
    filename, data = build_source_archive("archive-only", "1.0")
    index.add_file("archive-only", filename, data, upload_time=days_ago(400))
    filename, data = build_source_archive("acme-plain", "1.0")
    (run.folder / filename).write_bytes(data)
    index.add_file("acme-plain", filename, data, upload_time=days_ago(400))
    (needing,) = index.project("needing").files
    (run.folder / "hashed.txt").write_text(f"needing==1.0 --hash=sha256:{sha256(needing.data)}\n")
    (run.folder / "db").mkdir()
    for known in (malicious("MAL-1", "harmed", listed=["2.0"]), HOLE):
        (run.folder / "db" / f"{known['id']}.json").write_text(json.dumps(known))
    made = World(run, index)
    made.configure()
    assert run("audit", "--update").code == 0
    return made


@pytest.mark.parametrize("row", WORDS, ids=lambda row: f"{row.reference}-{row.then}")
def test_words_of_a_hint_are_typed_as_they_stand(world: World, row: Row) -> None:
    world.configure(row.policy)
    refused = world.dry(row.typed)
    assert references(refused.err) == [row.reference], refused.err
    found = re.search(row.pattern, refused.err, re.MULTILINE)
    assert found, refused.err
    (world.run.folder / "pasted.txt").write_text(f"{found[1]}\n")
    done = world.dry(row.then.format(found[1]))
    assert done.code == 0, done.err


@pytest.mark.parametrize("case", BLOCKS)
def test_an_exception_of_a_hint_waits_for_a_reason_and_then_helps(world: World, case: str) -> None:
    typed, policy = BLOCKS[case]
    world.configure(policy)
    refused = world.dry(typed)
    assert references(refused.err) == ["cooldown" if case == "undated" else case], refused.err
    block = exceptions_of(refused.err)
    _waits_and_helps(world, typed, lambda text: world.configure(policy, text), block)


def test_an_entry_for_the_list_of_builds_waits_for_a_reason_and_then_helps(world: World) -> None:
    """The hint shows the entry, and it may be pasted into a list that is empty or not, in one line or several."""
    lists = ("[]", '["other"]', '[\n    "other",\n]')
    for typed, listed in (("acme-plain", lists[0]), *(("archive-only", listed) for listed in lists)):
        world.configure(f"builds = {listed}")
        refused = world.dry(typed)
        assert references(refused.err) == ["no-wheel"], refused.err
        (entry,) = re.findall(r"^ +(\{ name = .* \},)$", refused.err, re.MULTILINE)

        def paste(text: str, listed: str = listed) -> None:
            world.configure(f"builds = [{text}{listed[1:]}")

        _waits_and_helps(world, typed, paste, entry)


@pytest.mark.parametrize("listed", ["", '"acme-plain"'], ids=["not-listed", "listed"])
def test_the_line_that_allows_urls_stands_below_the_list_of_builds(world: World, listed: str) -> None:
    """Where the list lacks the project, too, the hint shows both: following it leads to no second refusal."""
    world.configure(f"builds = [{listed}]")
    refused = world.dry("acme-plain@FILE")
    assert references(refused.err) == ["unapproved-build"], refused.err
    (line,) = re.findall(r"^ +(allow-direct = .*)$", refused.err, re.MULTILINE)
    entry = "".join(re.findall(r"^ +(\{ name = .*,)$", refused.err, re.MULTILINE)).replace(OPEN_REASON, '"read by us"')
    world.configure(f"builds = [{entry}{listed}]\n{line}")
    done = world.dry("acme-plain@FILE")
    assert done.code == 0, done.err


def _waits_and_helps(world: World, typed: str, paste: Callable[[str], None], text: str) -> None:
    """As it stands it is refused for its reason, and with a reason the run goes through."""
    assert OPEN_REASON in text
    paste(text)
    waits = world.dry(typed)
    assert (waits.code, set(references(waits.err))) == (2, {"bad-configuration"}), waits.err
    assert "'...' is not a reason: write why, in one line" in waits.err
    paste(text.replace(OPEN_REASON, '"read by us"'))
    done = world.dry(typed)
    assert done.code == 0, done.err


#: The commands of hints in which a person has to put the name of a file, each once.
LEFT_OPEN = sorted(
    {
        command
        for path in (Path(__file__).parents[2] / "src" / "safepip").rglob("*.py")
        for command in re.findall(r"(safepip (?:lock|install) -r (?:FILE|LOCK)(?: --\w+)?)", path.read_text("utf-8"))
    }
)


@pytest.mark.parametrize("command", LEFT_OPEN)
def test_a_command_that_waits_for_a_file_says_so_when_it_is_pasted(run: Inside, command: str) -> None:
    """It is refused as it stands, before anything is written, and the hint says what to fill in."""
    done = run(*command.split()[1:], "--no-index")
    place = command.split()[3]
    assert (done.code, references(done.err)) == (1, ["unreadable-file"]), done.err
    assert f"hint: write the name of your own file in place of {place}\n" in done.err
    assert [path.name for path in run.folder.iterdir()] == ["home"]


def test_such_commands_are_found() -> None:
    assert {"safepip lock -r FILE", "safepip lock -r FILE --universal", "safepip install -r LOCK"} <= set(LEFT_OPEN)


def test_a_file_may_be_called_so(world: World) -> None:
    (world.run.folder / "LOCK").write_text("two==1.0\n")
    assert world.dry("-r LOCK").code == 0
