"""What a new lock changes in the old one, from the texts of the two."""

from __future__ import annotations

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from safepip.lock.changes import Change, Reasons, changes, lines
from safepip.model.plan import LockSettings
from safepip.resolution.askers import Asker

SETTINGS = LockSettings("pylock.toml")
HASHED = LockSettings("requirements.txt", requirements=True)
NONE = Reasons(MappingProxyType({}), MappingProxyType({}), SETTINGS)


def lock(*packages: str) -> str:
    """The text of a lock with these tables."""
    return 'lock-version = "1.0"\n' + "".join(f"[[packages]]\n{package}\n" for package in packages)


def plain(name: str, version: str, more: str = "") -> str:
    return f'name = "{name}"\nversion = "{version}"\n{more}'


def told(before: str, after: str, reasons: Reasons = NONE) -> list[str]:
    return [line.strip() for line in lines(changes(before, after, reasons.settings), reasons)]


def test_several_versions_of_a_project_are_one_change() -> None:
    """Each for environments of its own, ordered as versions are."""
    before = lock(plain("a", "1.9", 'marker = "x"'), plain("a", "1.10", 'marker = "y"'))
    assert changes(before, lock(plain("a", "1.10")), SETTINGS) == [Change("a", ("1.9", "1.10"), ("1.10",))]
    assert changes(lock(plain("a", "1.10")), before, SETTINGS) == [Change("a", ("1.10",), ("1.9", "1.10"))]
    assert told(lock(plain("a", "1.10")), before) == ["a 1.10 -> 1.9, 1.10 (for other environments)"]


def test_what_changes_below_a_version_is_named() -> None:
    """Files before the index, the index before dependencies."""
    assert told(lock(plain("a", "1", 'index = "x"')), lock(plain("a", "1", 'index = "y"\nwheels = []'))) == [
        "a 1 (other files)"
    ]
    assert told(lock(plain("a", "1", 'index = "x"')), lock(plain("a", "1", 'index = "y"'))) == [
        "a 1 (from another index)"
    ]
    assert told(lock(plain("a", "1")), lock(plain("a", "1", "dependencies = []"))) == ["a 1 (other dependencies)"]
    assert told(lock(plain("a", "1")), lock(plain("a", "1", 'marker = "x"'))) == ["a 1 (for other environments)"]


def test_code_is_known_by_its_commit_or_by_its_place() -> None:
    """A commit is shown short, a folder by its path."""
    one = lock(plain("a", "1", 'vcs = { type = "git", url = "u", commit-id = "0123456789abcdef" }'))
    other = lock(plain("a", "1", 'vcs = { type = "git", url = "u", commit-id = "fedcba9876543210" }'))
    (line,) = told(one, other)
    assert line.startswith("a 1 at 0123456789ab -> 1 at fedcba987654 (")
    folder = lock('name = "a"\ndirectory = { path = "./a" }')
    assert told(lock(), folder) == ["added a ./a"]


def test_the_head_of_a_lock_may_be_all_that_differs() -> None:
    """Then one line says that no project has changed."""
    assert told(lock(plain("a", "1")), lock(plain("a", "1")) + "# more\n") == [
        "the projects and their files stay; what is said of them differs"
    ]


def test_a_requirements_file_is_read_line_by_line() -> None:
    """A name that stands there for several environments counts with each of its versions."""
    digest = "0" * 64
    before = f"a==1 ; os_name == 'nt' --hash=sha256:{digest}\na==2 --hash=sha256:{digest}\n"
    assert changes(f"a==1 --hash=sha256:{digest}\n", f"a==1 --hash=sha256:{'1' * 64}\n", HASHED) == [
        Change("a", ("1",), ("1",), frozenset({"hashes"}))
    ]
    assert changes(before, f"a==2 --hash=sha256:{digest}\n", HASHED)[0].after == ("2",)


def test_the_first_reason_that_holds_is_told() -> None:
    """An upgrade that was asked for, else the first that excludes what was locked; others are counted."""
    asker = Asker("b 1", "a>=2", SpecifierSet(">=2"), "b")
    free = Asker("c 1", "a", SpecifierSet(), "c")
    before, after = lock(plain("a", "1")), lock(plain("a", "2"))
    reasons = NONE._replace(askers={"a": (free, asker)})
    assert told(before, after, reasons) == ["a 1 -> 2 (b 1 asks for a>=2)"]
    assert told(lock(), after, reasons) == ["added a 2 (c 1 asks for a, and 1 more)"]
    assert told(before, after, reasons._replace(settings=SETTINGS._replace(upgrade=True))) == ["a 1 -> 2 (-U)"]
    assert told(before, after, NONE._replace(limits={"a": (asker,)})) == ["a 1 -> 2 (b 1 asks for a>=2)"]


def test_a_long_list_is_cut_off_unless_all_of_it_is_asked_for() -> None:
    """Cut by more than the line that says so."""
    many = changes(lock(), lock(*(plain(f"p{number:02}", "1") for number in range(30))), SETTINGS)
    shown = list(lines(many, NONE))
    assert (len(shown), shown[-1].strip()) == (21, "and 10 more (-v lists them)")
    assert len(list(lines(many, NONE, every=True))) == 30
    assert len(list(lines(many[:21], NONE))) == 21


LOCKS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2", "10"])).map(
    lambda found: lock(*(plain(name, version) for name, version in sorted(found.items())))
)


@given(LOCKS, LOCKS)
def test_changes_turn_round_with_their_locks(before: str, after: str) -> None:
    """Nothing changes between equal locks; the way back has the same changes, turned round."""
    forth, back = changes(before, after, SETTINGS), changes(after, before, SETTINGS)
    assert [(change.name, change.after, change.before) for change in back] == [tuple(change[:3]) for change in forth]
    assert (forth == []) == (before == after)
