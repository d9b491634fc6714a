"""A command that an error shows works on the same environment and indexes as the one that has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.model.finding import Diagnostic
from safepip.options.same_options import with_same_options
from support.wheels import make_wheel

if TYPE_CHECKING:
    from support.inside import Inside

SYNC = "make a lock of it, and take that:\nsafepip lock -r r.in\nsafepip sync"


def hint_of(hint: str, *words: str) -> str:
    (told,) = with_same_options([Diagnostic("reference", "message", hint=hint)], words)
    return told.hint


def test_without_such_options_it_stays_as_it_is() -> None:
    assert hint_of(SYNC, "sync", "-v", "r.in") == SYNC


@pytest.mark.parametrize("words", [("--python", "a b"), ("--python=a b",), ("--python", "c", "--python=a b")])
def test_the_environment_is_put_into_each_command(words: tuple[str, ...]) -> None:
    """The last one that is named, quoted for a shell."""
    there = "make a lock of it, and take that:\nsafepip lock --python 'a b' -r r.in\nsafepip sync --python 'a b'"
    assert hint_of(SYNC, "sync", *words, "r.in") == there


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("-i", "https://me:secret@a.example/"), "--index-url"),
        (("-ihttps://me:secret@a.example/",), "--index-url"),
        (("--index", "https://me:secret@a.example/"), "--index-url"),
        (("--extra-index-url=https://me:secret@a.example/", "--no-index"), "--extra-index-url and --no-index"),
        (("--config", "secret.toml"), "--config"),
        (("-t", "secret"), "--target"),
        (("-qt", "secret"), "--target"),
        (("-qftarget", "--no-index"), "--find-links and --no-index"),
    ],
)
def test_options_that_say_from_where_and_where_to_are_named_without_their_values(
    words: tuple[str, ...], named: str
) -> None:
    assert hint_of("use it: safepip install flask", "install", *words) == (
        f"use it, with the same {named}: safepip install flask"
    )
    assert hint_of("make one with safepip install FILE", "install", *words) == (
        f"make one with safepip install FILE, with the same {named}"
    )


SOURCES = ("--index-url=https://a.example/", "--no-index", "--isolated", "--find-links=x", "--config=c", "--no-config")
WHERE_TO = ("--target=d", "--prefix=d", "--root=d", "--user")


@pytest.mark.parametrize(
    ("verb", "takes"),
    [
        ("install", SOURCES + WHERE_TO),
        *((verb, SOURCES) for verb in ("sync", "lock", "download", "wheel", "explain", "tree", "outdated")),
        ("uninstall", ("--isolated",)),
    ],
)
def test_what_is_named_beside_a_command_is_what_it_takes(verb: str, takes: tuple[str, ...], run: Inside) -> None:
    """And it does take that: what it then stumbles over is another option."""
    hint = hint_of(f"do it: safepip {verb} flask", "install", *SOURCES, *WHERE_TO)
    named = hint.removeprefix("do it, with the same ").partition(":")[0].split(" and ")
    assert named == [option.partition("=")[0] for option in takes]
    if verb != "uninstall":
        for option in takes:
            assert "no such option: --no-such" in run(verb, option, "--no-such").err


def test_the_first_command_that_takes_them_has_them() -> None:
    hint = hint_of("remove it:\nsafepip uninstall flask\nsafepip install flask", "install", "--python", "x", "-f", ".")
    assert hint == (
        "remove it:\nsafepip uninstall --python x flask\n# with the same --find-links\nsafepip install --python x flask"
    )
    hint = hint_of(SYNC, "sync", "-i", "https://a.example/", "-t", "d")
    assert hint == SYNC.replace(":", ", with the same --index-url:", 1)


@pytest.mark.parametrize("above", ["", "have uv write it: uv export -o pylock.toml\n"])
def test_a_command_that_is_a_line_stays_one(above: str) -> None:
    """What is said of it is a comment to a shell."""
    hint = hint_of(f"{above}safepip install -r pylock.toml", "install", "--python", "x", "-i", "https://a.example/")
    assert hint == f"{above}# with the same --index-url\nsafepip install --python x -r pylock.toml"


@pytest.mark.parametrize(
    "hint",
    [
        "did you mean safepip install?",
        "`safepip install --help` lists all ways",
        "safepip install --help",
        "safepip help errors lists the references of all errors",
        "install it: safepip install --python /srv/app/.venv pip",
        "wait, or ask for an older version",
    ],
)
def test_what_is_no_whole_command_stays_as_it_is(hint: str) -> None:
    assert hint_of(hint, "--python", ".venv", "install", "-i", "https://a.example/", "flask") == hint


EXPORTED = "have it written: uv export\nsafepip install -r {}"


@pytest.mark.parametrize(
    ("verb", "hint", "told"),
    [
        *(
            (verb, "name it: safepip install ./x", f"name it: safepip {verb} ./x")
            for verb in ("lock", "download", "wheel")
        ),
        *((verb, "name it: safepip install ./x", "name it: safepip install ./x") for verb in ("sync", "tree", "audit")),
        ("lock", EXPORTED.format("pylock.toml"), EXPORTED.format("pylock.toml")),
        ("lock", EXPORTED.format("r.txt"), EXPORTED.format("r.txt").replace("install", "lock")),
        ("explain", EXPORTED.format("r.txt"), EXPORTED.format("r.txt").replace("install", "explain NAME")),
        *(
            (verb, EXPORTED.format("pylock.toml"), EXPORTED.format("pylock.toml").replace("install", verb))
            for verb in ("install", "download", "wheel", "sync", "tree", "audit")
        ),
    ],
)
def test_a_mistake_in_what_is_named_is_mended_by_the_command_that_was_run(verb: str, hint: str, told: str) -> None:
    """Where it takes what is to be named instead. A lock is not locked, and sync takes nothing but locks."""
    (found,) = with_same_options([Diagnostic("not-requirements", "message", hint=hint)], ["-v", verb, "-r", "x"])
    assert found.hint == told
    assert hint_of(hint, verb) == hint


@pytest.mark.parametrize("verb", ["lock", "download", "wheel"])
def test_what_is_told_then_can_be_pasted(verb: str, run: Inside) -> None:
    make_wheel(run.folder, "demo", "1.0")
    wheel = "demo-1.0-py3-none-any.whl"
    done = run(verb, "-r", wheel)
    assert f"hint: name it without -r: safepip {verb} ./{wheel}\n" in done.err
    done = run(verb, f"./{wheel}")
    assert done.code == 0, done.err


def test_verbs_of_which_it_is_said_that_they_have_an_option_are_no_command() -> None:
    hint = "-e is an option of safepip install, safepip lock and safepip wheel"
    assert hint_of(hint, "download", "--python", "x", "--no-index") == hint
    hint = "-P is an option of safepip lock"
    assert hint_of(hint, "download", "--python", "x", "--no-index") == hint


@pytest.mark.parametrize("python", ["/srv/a\x1bb", "/srv/" + "a" * 400])
def test_an_environment_that_cannot_be_shown_whole_is_named_without_its_path(python: str) -> None:
    hint = hint_of(SYNC, "sync", "--python", python, "-i", "https://a.example/")
    assert hint == SYNC.replace(":", ", with the same --python and --index-url:", 1)


def test_what_looks_at_the_environment_looks_at_that_one() -> None:
    hint = hint_of(
        "to look at it:\nsafepip verify", "install", "--python", "x", "--target", "d", "-i", "https://a.example/"
    )
    assert hint == "to look at it:\nsafepip verify --python x"


COMPARE = "to compare what it would be made of today: safepip init -o -"


@pytest.mark.parametrize("verb", [("init",), ("-v", "init")])
def test_what_init_alone_is_told_is_named(verb: tuple[str, ...]) -> None:
    """Another answer would be compared without it. Its `--index` is no abbreviation."""
    words = (*verb, "--claim", "a=b", "--index=b=https://me:secret@b.example/", "--claim=c=b", "--no-index")
    assert hint_of(COMPARE, *words) == COMPARE.replace(":", ", with the same --index and --claim and --no-index:", 1)
    assert hint_of(COMPARE, *verb, "--python", "x", "-o", "new.toml") == COMPARE.replace("init", "init --python x")
    assert hint_of(COMPARE, *verb) == COMPARE


def test_words_behind_two_hyphens_are_no_options() -> None:
    assert hint_of(SYNC, "sync", "--", "--python", "x") == SYNC


def test_what_uninstall_does_not_know_is_not_said_of_it() -> None:
    """pip would call the option wrong. In an environment that cannot be shown whole it works only with that one."""
    words = ("sync", "--python", "x", "--no-index", "-f", "links")
    assert hint_of("remove it:\nsafepip uninstall lib", *words) == "remove it:\nsafepip uninstall --python x lib"
    both = "remove it, and do it again:\nsafepip uninstall lib\nsafepip sync"
    assert hint_of(both, *words) == (
        "remove it, and do it again:\nsafepip uninstall --python x lib\n"
        "# with the same --no-index and --find-links\nsafepip sync --python x"
    )
    hidden = ("sync", "--python", "/srv/a\x1bb", "--no-index")
    assert hint_of("remove it:\nsafepip uninstall lib", *hidden) == (
        "remove it, with the same --python:\nsafepip uninstall lib"
    )
