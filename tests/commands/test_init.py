"""`safepip init`: what it asks, and that no index gets a name that nobody gave it."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.commands.init import gravest
from safepip.edges.console.outputs import CI
from support.init_folder import InitFolder
from support.replies import status
from support.terminals import Terminal

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def folder(run: Inside, two_indexes: tuple[IndexServer, IndexServer]) -> InitFolder:
    return InitFolder.filled(run, *two_indexes)


def test_a_claim_for_every_name_makes_a_file_that_installs_the_right_files(folder: InitFolder) -> None:
    """And no index is asked for a name that another one owns."""
    done = folder.init("--claim", "acme-*=internal", "--claim", "billing=internal")
    assert done.code == 0, done.err
    assert folder.packages() == {"internal": ["acme-*", "billing"], "public": []}
    assert folder.written()["public"]["default"] is True
    assert "Would install requirements.txt: from internal acme-web 2.0, billing 1.0; from public flask 3.0" in done.out
    assert folder.public.mentions("acme") == folder.public.mentions("billing") == []
    assert folder.run("download", "-d", "wheels", "-r", "requirements.txt").code == 0
    wheels = sorted(path.name for path in (folder.run.folder / "wheels").iterdir())
    assert wheels == ["acme_web-2.0-py3-none-any.whl", "billing-1.0-py3-none-any.whl", "flask-3.0-py3-none-any.whl"]


def test_without_a_claim_every_name_of_another_index_is_a_question(folder: InitFolder) -> None:
    """Also the name that one index alone has, and one that only a requirement of a requirement names."""
    done = folder.init()
    assert done.code == 20, done.err
    assert folder.packages() == {"internal": ["acme-web?", "billing?", "?"], "public": ["billing?"]}
    assert "2 names left to decide: acme-web, billing" in done.err
    assert re.search(r"billing +internal 1\.0, public 99\.0 +\(ambiguous\)", done.out)
    assert "On public alone, and not claimed (1):\n  flask" in done.out
    refused = folder.run("download", "-r", "requirements.txt")
    assert refused.code == 2
    assert "error: undecided-owner" in refused.err


def test_a_name_that_comes_in_behind_a_claimed_one_is_not_left_to_the_default(folder: InitFolder) -> None:
    """The file that a person would write by hand gives `billing` to the attacker: no requirement names it, and the
    internal index is not asked for it any more."""
    done = folder.init("--claim", "acme-*=internal")
    assert done.code == 20, done.err
    assert folder.packages()["internal"] == ["acme-*", "billing?", "?"]
    by_hand = re.sub(r'    "(billing)?\?",\n', "", (folder.run.folder / "safepip.toml").read_text())
    (folder.run.folder / "safepip.toml").write_text(by_hand)
    done = folder.run("lock", "-r", "requirements.txt", "-o", "-")
    assert 'version = "99.0"' in done.out, "the danger is real"


@pytest.mark.parametrize(
    ("elsewhere", "fault"),
    [("on no index", 404), ("the internal index fails", 503), ("a login page", 401)],
)
def test_where_an_index_did_not_say_the_name_stays_open(folder: InitFolder, elsewhere: str, fault: int) -> None:
    """404 from both, or no answer from one: the public one could get the name tomorrow."""
    folder.require("flask", "widget")
    if fault != 404:
        folder.public.add("widget", "1.0")
        folder.internal.fault("widget", status(fault))
    done = folder.init("--no-input")
    assert done.code == 20, (elsewhere, done.err)
    assert "widget?" in folder.packages()["internal"]


def test_identical_files_are_no_owner(folder: InitFolder) -> None:
    """Today's copy may be another file tomorrow."""
    folder.public.add("acme-web", "2.0", requires=["billing", "flask"])
    assert folder.init("--claim", "billing=internal").code == 20
    assert {"acme-web?"} <= set(folder.packages()["internal"]) & set(folder.packages()["public"])


@pytest.mark.parametrize(
    ("codes", "code"), [((), 0), ((0, 0), 0), ((1, 20), 20), ((70, 20, 0), 20), ((2, 1), 1), ((0, 2), 2)]
)
def test_a_refusal_is_told_before_what_could_not_be_done(codes: tuple[int, ...], code: int) -> None:
    assert gravest(codes) == code


def test_an_install_that_would_be_refused_all_the_same_is_reported(folder: InitFolder) -> None:
    """The file is whole; what is wrong with the requirements is told with the code of the install."""
    folder.require("acme-web", "no-such-thing-at-all")
    folder.public.add("no-such-thing-at-all", "1.0", requires=["flask>4"])
    words = ("--claim", "acme-*=internal", "--claim", "billing=internal")
    done = folder.init(*words)
    assert done.code == 20, done.err
    assert folder.packages()["internal"] == ["acme-*", "billing", "?"], "the search did not come to its end"
    assert "not all known" in done.err
    assert "requirements.txt: no-matching-version: " in done.err


def test_what_an_extra_and_a_group_need_in_turn_counts_too(folder: InitFolder) -> None:
    """Each is searched alone, since two of them may exclude each other; so is what builds the project."""
    (folder.run.folder / "requirements.txt").unlink()
    for name, needed in (("acme-extra", "one"), ("acme-group", "two"), ("acme-build", "three")):
        folder.internal.add(name, "1.0", requires=[f"hidden-{needed}"])
        folder.internal.add(f"hidden-{needed}", "1.0")
        folder.public.add(f"hidden-{needed}", "99.0")
    (folder.run.folder / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["flask"]\n'
        'optional-dependencies = { x = ["acme-extra"], y = ["flask<1"] }\n'
        '[dependency-groups]\ndev = ["acme-group"]\n[build-system]\nrequires = ["acme-build"]\n'
    )
    folder.public.add("flask", "0.5")
    words = ("--default", "public", "--claim", "acme-*=internal")
    assert folder.init(*words).code == 20
    assert folder.packages()["internal"] == ["acme-*", "hidden-one?", "hidden-three?", "hidden-two?", "?"]
    (folder.run.folder / "safepip.toml").unlink()
    done = folder.init(*words, "--claim", "hidden-*=internal")
    assert done.code == 0, done.err
    assert "Would install pyproject.toml [x]: from internal acme-extra 1.0, hidden-one 1.0; from public" in done.out
    assert "Would install pyproject.toml [y]: from public flask 0.5\n" in done.out
    assert "Would install pyproject.toml group dev: from internal acme-group 1.0, hidden-two 1.0\n" in done.out


def test_what_other_systems_need_counts_too(folder: InitFolder) -> None:
    """The file is for all who check out the project."""
    folder.internal.add("acme-app", "1.0", requires=['billing; sys_platform == "nowhere"', 'widget; extra == "x"'])
    folder.public.add("widget", "1.0")
    folder.require("acme-app")
    assert folder.init("--claim", "acme-*=internal").code == 20
    assert folder.packages() == {"internal": ["acme-*", "billing?"], "public": ["billing?"]}
    assert folder.internal.mentions("widget") == [], "an extra that is not asked for"


def test_a_mirror_is_one_source_with_its_original(folder: InitFolder) -> None:
    """No name of it is a question. One that differs from its original is none, and nothing is written."""
    folder.require("flask")
    folder.internal.add("flask", "3.0")
    done = folder.init("--mirror", "internal=public")
    assert done.code == 0, done.err
    assert folder.written()["internal"]["mirror-of"] == "public"
    assert folder.packages() == {"internal": [], "public": []}
    (folder.run.folder / "safepip.toml").unlink()
    folder.require("flask", "tool")
    folder.public.add("tool", "1.0")
    folder.internal.add("tool", "1.0", files={"tool/other.py": "x = 1"})
    done = folder.init("--mirror", "internal=public")
    assert done.code == 20, done.out
    assert "error: mirror-differs\n" in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


def watched() -> dict[str, str]:
    """The variables of a run that a person watches."""
    return {name: value for name, value in os.environ.items() if name not in CI}


def test_a_person_decides_at_the_terminal(folder: InitFolder) -> None:
    """A group at once, and what comes in behind it afterwards; a word that is no index is asked about again."""
    command = [sys.executable, "-m", "safepip", "init", *folder.names]
    folder.require("acme-web", "acme-core")
    folder.internal.add("acme-core", "1.0")
    with Terminal(command, columns=120, env=watched(), cwd=folder.run.folder) as terminal:
        terminal.wait_for("> $")
        assert "acme-web   internal 2.0" in terminal.written
        terminal.type("intern\n")
        terminal.wait_for("> $")
        terminal.type("internal *\n")
        terminal.wait_for("> $")
        assert "Which index owns billing? internal / public" in terminal.written
        terminal.type("internal\n")
        assert terminal.end() == 0, terminal.screen.text
    assert "no index is called 'intern'" in terminal.written
    assert folder.packages() == {"internal": ["acme-*", "billing"], "public": []}


@pytest.mark.parametrize(("words", "variables"), [(["--no-input"], {}), ([], {"CI": "true"})])
def test_nothing_is_asked_where_no_person_is_to_be(
    folder: InitFolder, words: list[str], variables: dict[str, str]
) -> None:
    """By an option, and on a CI machine, some of which have a terminal."""
    command = [sys.executable, "-m", "safepip", "init", *folder.names, *words]
    with Terminal(command, columns=120, env=watched() | variables, cwd=folder.run.folder) as terminal:
        assert terminal.end() == 20, terminal.screen.text
