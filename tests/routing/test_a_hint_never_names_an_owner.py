"""Law: no message proposes which of several indexes owns a name, and no placeholder of ours counts as a decision.

What a refusal offers to paste is pasted as it stands, again and again: it is refused until a person has answered.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from safepip.config.level import read_level
from safepip.model.errors import UsageError
from safepip.model.origin import Source
from support.runs import shown

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Done, Inside

Two = tuple["IndexServer", "IndexServer"]
NAME = "acme-utils"


def offer(two: Two) -> Two:
    """The README's world: the internal index has 1.0, an attacker has put 99.0 on the public one."""
    internal, public = two
    internal.add(NAME, "1.0")
    public.add(NAME, "99.0")
    return internal, public


def pasted(folder: Path, stated: str, name: str = "safepip.toml") -> str:
    """What the message shows below its hint, put into the configuration as it stands. Returns that text."""
    hint = stated.partition("hint: ")[2].partition("\n")[2].partition("\n\nNothing was")[0]
    block = textwrap.dedent(hint)
    assert "[[index]]" in block, stated
    with (folder / name).open("a") as file:
        file.write(block + "\n")
    return (folder / name).read_text()


def dry(run: Inside, two: Two, *words: str) -> Done:
    internal, public = two
    named = ("-i", internal.url, "--extra-index-url", public.url)
    return run("install", "--dry-run", "--ignore-installed", *(words or (*named, NAME)))


def test_the_attack_of_the_readme_with_every_block_pasted_installs_nothing(
    two_indexes: Two, runner: Runner, target: Environment
) -> None:
    """The block is pasted, the next message's too, five times over: nothing is installed before a person decides."""
    internal, public = offer(two_indexes)
    words = ("install", "--python", target.python, "--retries", "0")
    named = ("-i", internal.url, "--extra-index-url", public.url, NAME)
    before = target.state()
    done = runner.inside(*words, *named)
    assert done.returncode == 20, shown(done)
    pasted(runner.folder, done.stderr)
    for _ in range(4):
        for what in (named, (NAME,)):
            done = runner.inside(*words, *what)
            assert done.returncode == 2, shown(done)
            assert f"error: undecided-owner\n  you have not decided yet which index owns {NAME}" in done.stderr
        if "[[index]]" in done.stderr:
            pasted(runner.folder, done.stderr)
    assert target.state() == before
    file = runner.folder / "safepip.toml"
    text = file.read_text()
    first, second = (f'"{NAME}?"' in part for part in text.split("[[index]]")[1:])
    assert first, text
    assert second, text
    file.write_text(text.replace(f'"{NAME}?"', f'"{NAME}"', 1).replace(f'"{NAME}?"', ""))
    done = runner.inside(*words, NAME)
    assert done.returncode == 0, shown(done)
    assert target.installed() == {NAME: "1.0"}


def test_a_declared_default_is_no_reason_to_propose_the_other(two_indexes: Two, run: Inside) -> None:
    """As after a first paste: one of two indexes is the default of the configuration, in either order."""
    internal, public = offer(two_indexes)
    for default, other in ((internal, public), (public, internal)):
        text = f'[[index]]\nname = "one"\nurl = "{default.url}"\ndefault = true\n'
        text += f'[[index]]\nname = "two"\nurl = "{other.url}"\n'
        (run.folder / "safepip.toml").write_text(text)
        done = dry(run, two_indexes, NAME)
        assert done.code == 20, done.err
        assert done.err.count(f'packages = ["{NAME}?"]') == 2
        assert f'"{NAME}"' not in done.err
        assert f"# {run.folder / 'safepip.toml'}:1\n" in done.err  # the table is there already, and this is where
        # Appended: two tables of one name. In place of the old ones: undecided. Nothing was asked either way.
        asked = len(internal.requests) + len(public.requests)
        (run.folder / "safepip.toml").write_text("")
        pasted(run.folder, done.err)
        assert (dry(run, two_indexes, NAME).code, len(internal.requests) + len(public.requests)) == (2, asked)
        (run.folder / "safepip.toml").write_text(text)
        pasted(run.folder, done.err)
        assert (dry(run, two_indexes, NAME).code, len(internal.requests) + len(public.requests)) == (2, asked)


def test_the_thoughtless_answers_are_no_decision(two_indexes: Two, run: Inside) -> None:
    """The question taken out everywhere, answered twice, or answered and left in the other table."""
    offer(two_indexes)
    text = pasted(run.folder, dry(run, two_indexes).err)
    question = f'"{NAME}?"'
    for answer, code, reference in (
        (text.replace(question, ""), 20, "ambiguous-index"),
        (text.replace(question, f'"{NAME}"'), 2, "conflicting-claims"),
        (text.replace(question, f'"{NAME}"', 1), 2, "undecided-owner"),
        (text.replace(question, '"?"'), 2, "undecided-owner"),
        (text.replace(question, '"acme-*?"'), 2, "undecided-owner"),
    ):
        (run.folder / "safepip.toml").write_text(answer)
        done = dry(run, two_indexes, NAME)
        assert (done.code, f"error: {reference}\n" in done.err) == (code, True), done.err


def test_the_message_names_every_place_of_the_question(two_indexes: Two, run: Inside) -> None:
    """For each name the lines on which it is still asked; the hint says what to write there."""
    internal, public = offer(two_indexes)
    internal.add("billing", "1.0")
    public.add("billing", "2.0")
    done = dry(run, two_indexes, "-i", internal.url, "--extra-index-url", public.url, NAME, "billing")
    pasted(run.folder, done.err)
    done = run("check-config")
    assert done.code == 2
    for name in (NAME, "billing"):
        assert f"you have not decided yet which index owns {name}" in done.err
    for line in (6, 12):
        assert done.err.count(f"safepip.toml:{line}") == 2, done.err
    assert f"leave {NAME}, without the question mark, in the packages of the index that owns it" in done.err


def test_a_question_mark_alone_asks_for_the_names(run: Inside) -> None:
    """As the block has it that a hint gives for an index which is not declared."""
    public = '[[index]]\nname = "public"\ndefault = true\n'
    (run.folder / "safepip.toml").write_text(public)
    done = run("install", "--dry-run", "--extra-index-url", "https://other.example/simple/", "demo")
    assert "with the names that it owns in the place of the question mark" in done.err
    block = "\n".join(line.strip() for line in re.findall(r"^    (?:\[\[|\w+ = ).*$", done.err, re.MULTILINE))
    (run.folder / "safepip.toml").write_text(f"{public}{block}\n")
    done = run("check-config")
    assert done.code == 2
    assert "hint: write the names that this index owns in its place, or take it out where there are no more" in done.err
    (run.folder / "safepip.toml").write_text(f"{public}{block}\n".replace('"?"', '"other-*"'))
    assert run("check-config").code == 0


def test_of_an_index_that_gave_no_answer_nothing_is_proposed(two_indexes: Two, run: Inside) -> None:
    internal, _ = offer(two_indexes)
    internal.close()
    done = dry(run, two_indexes, "--retries", "0", "-i", internal.url, "--extra-index-url", two_indexes[1].url, NAME)
    assert "error: unanswered-index" in done.err
    assert done.err.count(f'packages = ["{NAME}?"]') == 2
    pasted(run.folder, done.err)
    assert "error: undecided-owner" in dry(run, two_indexes, NAME).err


def test_in_a_pyproject_the_question_is_refused_as_well(two_indexes: Two, run: Inside) -> None:
    offer(two_indexes)
    done = dry(run, two_indexes)
    assert "[[tool.safepip.index]]" in done.err
    text = pasted(run.folder, done.err, "block").replace("[[index]]", "[[tool.safepip.index]]")
    (run.folder / "pyproject.toml").write_text(text)
    assert "error: undecided-owner" in dry(run, two_indexes, NAME).err


def test_the_block_of_an_index_by_trusted_http_trusts_its_host(run: Inside) -> None:
    """Else the configuration that was pasted and decided would refuse the index that it declares."""
    from safepip.model.index import Index, IndexUrl
    from safepip.model.origin import Origin
    from safepip.model.route import Observation, Presence
    from safepip.routing.ambiguities import explain_ambiguities
    from safepip.routing.table import Ambiguity

    here = Origin(Source.COMMAND_LINE, "-i")
    urls = ("http://internal.example:8080/simple/", "https://public.example/simple/")
    offers = tuple(Observation(Index(u[8:13], IndexUrl.parse(u), origin=here), Presence.PRESENT) for u in urls)
    (diagnostic,) = explain_ambiguities([Ambiguity("x", offers)])
    assert 'trusted-hosts = ["internal.example:8080"]\n\n[[index]]' in diagnostic.hint


# --- placeholder reasons ------------------------------------------------------------------------------------------

ALLOW = '[[allow]]\nproject = "demo"\nrule = "startup-hook"\nreason = "{}"\n'
NO_REASONS = ["...", "", " ", "…", "?", "-", "TODO", "todo: reason", "<reason>", "FIXME", "tbd", "xxx", "_", "....?"]


@pytest.mark.parametrize("word", NO_REASONS)
def test_a_placeholder_is_no_reason(word: str) -> None:
    with pytest.raises(UsageError, match="is not a reason: write why"):
        read_level(ALLOW.format(word), "safepip.toml", Source.PROJECT_CONFIG)


@pytest.mark.parametrize("word", ["ours", "ABC-123", "todo list of the team, item 4", "wir haben es gelesen", "社内"])
def test_what_a_person_wrote_is_a_reason(word: str) -> None:
    assert read_level(ALLOW.format(word), "safepip.toml", Source.PROJECT_CONFIG)


def test_the_exception_of_a_hint_pasted_as_it_stands_is_refused(index: IndexServer, run: Inside) -> None:
    """Any `[[allow]]` that a message shows; here a yanked file's."""
    index.add("app", "1.0", requires=["demo==1.0"])
    index.add("demo", "1.0", file={"yanked": "broken"})
    done = run("install", "--dry-run", "--ignore-installed", "-i", index.url, "app")
    block = re.search(r"( *\[\[allow\]\]\n(?: +.*\n)+)", done.err)
    assert block, done.err
    text = textwrap.dedent(block[1])
    declared = f'[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\n'
    (run.folder / "safepip.toml").write_text(text + declared)
    done = run("install", "--dry-run", "--ignore-installed", "app")
    assert (done.code, "reason: '...' is not a reason: write why" in done.err) == (2, True), done.err
    (run.folder / "safepip.toml").write_text(text.replace("...", "we know the defect") + declared)
    done = run("install", "--dry-run", "--ignore-installed", "app")
    assert done.code == 0, done.err
