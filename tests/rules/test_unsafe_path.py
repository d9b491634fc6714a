"""`unsafe-path`: members are ordinary files whose names mean one file on every system."""

from __future__ import annotations

import ntpath
import posixpath
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.rules.judging import RULES
from safepip.rules.unsafe_path import check, path_problem
from support.clearing import context_of, wheel_under_review
from support.wheels import build_wheel
from support.zips import FOLDER, LINK, REGULAR, Part, parts_of, zip_of

FILENAME, WHEEL = build_wheel("acme", "1.0")
PARTS = parts_of(WHEEL)


def evidence(*more: Part | str) -> tuple[str, ...]:
    """What the rule says about a wheel with these members more, without the line of the wheel's name."""
    parts = [
        part if isinstance(part, Part) else Part(part, mode=FOLDER if part.endswith("/") else REGULAR) for part in more
    ]
    reviewed = wheel_under_review(FILENAME, zip_of([*PARTS, *parts]))
    finding = check(reviewed, context_of(reviewed))
    if finding is None:
        return ()
    assert (finding.reference, finding.subject) == ("unsafe-path", "acme")
    assert "[[allow]]" not in finding.hint
    return finding.context[1:]


UNSAFE = {
    "/etc/cron.d/x": "is absolute",
    "//host/share/x": "is absolute",
    "/": "is absolute",
    "../x.py": "component '..'",
    "acme/../../x.py": "component '..'",
    "acme/..": "component '..'",
    "acme/../": "component '..'",
    "./acme/x.py": "component '.'",
    "acme/./x.py": "component '.'",
    "acme//x.py": "component ''",
    "../": "component '..'",
    "acme/../../x/": "component '..'",
    "/acme/": "is absolute",
    "C:/": "':' in a name",
    "acme/x\u202e/": "control or format characters",
    "C:/x.py": "':' in a name",
    "C:x.py": "':' in a name",
    "acme/x.py:stream": "':' in a name",
    "acme/x\n.py": "control or format",
    "acme/x\x1b[2J.py": "control or format",
    "acme/x\x7f.py": "control or format",
    "acme/x\x85.py": "control or format",
    "acme/\u202eyp.x": "control or format",
    "acme/x\u200b.py": "control or format",
    "acme/x\u2028.py": "control or format",
    "acme/x.py.": "ends in a dot or a space",
    "acme/x.py ": "ends in a dot or a space",
    "acme /x.py": "ends in a dot or a space",
    "acme./x.py": "ends in a dot or a space",
    "acme/...": "ends in a dot or a space",
    "con": "a device of Windows",
    "acme/AUX/x.py": "a device of Windows",
    "acme/aux.py": "a device of Windows",
    "acme/NUL.tar.gz": "a device of Windows",
    "acme/com1.txt": "a device of Windows",
    "acme/LPT9": "a device of Windows",
    "acme/com².py": "a device of Windows",
    "acme/prn .py": "a device of Windows",
    "acme/CONOUT$": "a device of Windows",
    "GIT~1/hooks/x": "has the form of a short name",
    "acme/SAFEPI~1.TOM": "has the form of a short name",
    "acme/PYPROJ~12.tom": "has the form of a short name",
    "acme/a~1": "has the form of a short name",
    "acme/" + "x" * 256: "more than 255 bytes",
    "acme/" + "é" * 128: "more than 255 bytes",
    "x" * 256 + "/x.py": "more than 255 bytes",
    "a/" * 512 + "x.py": "more than 1024 bytes",
    "é/" * 341 + "xx": "more than 1024 bytes",
}


@pytest.mark.parametrize("path", UNSAFE)
def test_a_name_that_leads_elsewhere_is_refused(path: str) -> None:
    """Whatever leads out of the folder, or to another file on some system, is told with its reason."""
    (line,) = evidence(path)
    assert UNSAFE[path].replace("':'", ":") in line
    assert line.isprintable()


@pytest.mark.parametrize("path", ["acme./", "acme. /", "./", "acme//", "acme/./x/", "aux/", "NUL.x/", "x" * 300 + "/"])
def test_the_name_of_a_folder_that_pip_never_creates_does_not_count(path: str) -> None:
    """An entry that stands for a folder alone, as `auditwheel -L .` writes one; of a file the same name is refused."""
    assert evidence(path) == ()
    assert evidence(f"{path}x.py") != ()


SAFE = [
    "acme/x.py~",
    "acme/~x.txt",
    "acme/longer_than_short~1.txt",
    "acme/x~1.json",
    "acme/x~y",
    "acme/x y.py",
    "acme/ x.py",
    "acme/ünïcode.py",
    "acme/中文.txt",
    "acme/...x",
    "acme/.hidden",
    "acme/..x",
    "acme/x..py",
    "acme/console.py",
    "acme/auxiliary.py",
    "acme/com.py",
    "acme/com10.txt",
    "acme/lpt0",
    "acme/nul_.txt",
    "acme/x.con",
    "acme/[x]{y}(z)'~+=@#$%&!,;^`.py",
    "acme/tests/*?.txt",
    "acme/" + "x" * 255,
    "acme/" + "é" * 127,
    "a/" * 510 + "x.py",
    "acme/e\u0301.py",
    "acme/\u00a0.py",
    "acme/\U0001f600.txt",
]


@pytest.mark.parametrize("path", SAFE)
def test_names_that_are_only_unusual_are_in_order(path: str) -> None:
    """Spaces inside, letters of all scripts, dots and long names are no reason."""
    assert evidence(path) == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("acme/Core.py", "acme/core.py"),
        ("Acme/x.py", "acme/x.py"),
        ("acme/\u00e9.py", "acme/e\u0301.py"),
        ("acme/\u00c9.py", "acme/e\u0301.py"),
        ("acme/\ufb01le.py", "acme/file.py"),
        ("acme/stra\u00dfe.py", "acme/STRASSE.py"),
        ("acme/\u212a.py", "acme/k.py"),
        ("acme/\u03c3.py", "acme/\u03c2.py"),
        ("acme/\u0130.py", "acme/i\u0307.py"),
    ],
)
def test_two_names_that_are_one_somewhere_are_refused(first: str, second: str) -> None:
    """Letter case, composition and compatibility forms make no second file everywhere."""
    (line,) = evidence(first, second)
    assert first in line
    assert second in line
    assert "are one file" in line


@pytest.mark.parametrize(
    "names",
    [
        ("acme/core", "acme/core/x.py"),
        ("acme/core/deep/x.py", "acme/core"),
        ("acme/Core", "acme/core/x.py"),
        ("acme/core", "acme/core/"),
        ("acme/core", "acme/core-x", "acme/core!", "acme/core/x.py"),
    ],
)
def test_a_file_that_is_also_a_folder_is_refused(names: tuple[str, ...]) -> None:
    """It cannot be both; one of the two would be lost, or the installation would end half-way."""
    lines = evidence(*names)
    assert len(lines) == 1
    assert "is a file, and the folder of" in lines[0]


def test_folders_of_one_name_are_in_order() -> None:
    """Folders may be listed, and differ in letter case: their files do not meet."""
    assert evidence(Part("Tools/", mode=FOLDER), "tools/x.py", "Tools/y.py", Part("tools/", mode=FOLDER)) == ()


def test_what_is_no_file_is_refused() -> None:
    """Links, and folders that are links, are told with what they are."""
    assert evidence(Part("acme/link", b"/etc", mode=LINK | 0o777)) == ("acme/link is a symbolic link",)
    assert evidence(Part("acme/", mode=LINK)) == ("acme/ is a symbolic link",)
    assert evidence(Part("acme/x", attributes=0x10)) == ("acme/x is a folder",)


def test_a_hostile_name_is_shown_without_its_controls() -> None:
    """Evidence is fit for a terminal, and ends after ten lines."""
    lines = evidence(*(f"acme/\x1b[2J{number}" for number in range(50)))
    assert len(lines) == 11
    assert lines[-1] == "and more"
    assert all(line.isprintable() for line in lines)


def test_nothing_allows_it() -> None:
    """The rule cannot be overruled, and is asked before all others."""
    assert (RULES[0].reference, RULES[0].check, RULES[0].allowable) == ("unsafe-path", check, False)


names = st.text(st.sampled_from([*"abcAUXnul019. :/\\~-_\t\x00", "é", "\u202e"]) | st.characters(), max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(names, min_size=1, max_size=4).map("/".join))
@example("a/../../b")
@example("\\\\host\\share")
def test_a_safe_path_stays_below_its_folder_on_every_system(path: str) -> None:
    """Joined to a folder of POSIX or Windows, a path that passes leads into it, to a file of exactly its name."""
    if not path or path_problem(path, set()):
        return
    name = path.removesuffix("/")
    assert posixpath.normpath(posixpath.join("/env", name)) == f"/env/{name}"
    on_windows = ntpath.normpath(ntpath.join("c:\\env", name))
    assert on_windows == f"c:\\env\\{name}".replace("/", "\\")
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in path)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(names.filter(bool), min_size=1, max_size=3).map("/".join), max_size=6))
def test_folders_that_were_found_in_order_change_nothing(paths: list[str]) -> None:
    """Remembering folders is for speed alone."""
    safe: set[str] = set()
    for path in paths:
        assert path_problem(path, safe) == path_problem(path, set())
