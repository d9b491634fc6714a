"""WHEEL files are read in one way or not at all."""

from __future__ import annotations

import contextlib
from email.parser import Parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import Tag, parse_tag

from safepip.model.wheel_names import MAX_TAGS
from safepip.wheel.install_paths import root_is_purelib
from safepip.wheel.wheel_file import WheelFile, WheelFileError, parse_wheel_file

PLAIN = "Wheel-Version: 1.0\nGenerator: acme 1\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def test_a_wheel_file_says_version_root_tags_and_build() -> None:
    """The fields of the binary distribution format."""
    text = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\nBuild: 3a\n"
    tags = frozenset({Tag("cp311", "cp311", "linux_x86_64")})
    assert parse_wheel_file(text.encode()) == WheelFile((1, 0), False, tags, ("3a",))


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("\n", "\r\n"),
        PLAIN + "\n\n",
        PLAIN.rstrip(),
        PLAIN.replace("true", "True"),
        PLAIN.replace("Root-Is-Purelib: true", "root-is-purelib:true"),
        PLAIN.replace("Wheel-Version: 1.0", "Wheel-Version: 1.0 "),
    ],
)
def test_spellings_that_nobody_reads_otherwise_do_not_matter(text: str) -> None:
    """Line ends, empty lines behind the last field, letter case, space around a value."""
    assert parse_wheel_file(text.encode()) == parse_wheel_file(PLAIN.encode())


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + "\nBuild: 1\r\n",
        PLAIN.replace("Tag: py3-none-any\n", "\nTag: py3-none-any\n"),
        PLAIN + "\n\nTag: py3-none-any\n",
        PLAIN + "Build: 1\n\n\nBuild: 1\n",
        PLAIN + "no field\nGenerator: x\n",
        PLAIN + "Generator\n",
        PLAIN + " Tag: py3-none-any\n",
        PLAIN + "Generator: a\x85b\u2028c\x0b\n",
        PLAIN + "Tag: py3\nTag: -\nTag: py3-none-any;x\nTag:\n",
        PLAIN + "X: y\n folded: on\n",
        PLAIN + "root-is-purelib: TRUE\n\nRoot-Is-Purelib : true\n",
        PLAIN + "Wheel-Version: 1.0\n",
        PLAIN + "From: me\nFrom me\n:x\n",
        PLAIN + "\ufeff\n",
    ],
)
def test_the_form_of_what_decides_nothing_does_not_matter(text: str) -> None:
    """Empty lines, fields behind them, lines that are none, folded ones, tags that are none, the same said twice."""
    found = parse_wheel_file(text.encode())
    assert found._replace(builds=()) == parse_wheel_file(PLAIN.encode())
    assert found.builds == (("1",) if "Build" in text else ())


def test_there_need_not_be_a_tag() -> None:
    """Then the file's name alone says what the wheel is for, as it does for every installer."""
    for text in (PLAIN.replace("Tag: py3-none-any\n", ""), PLAIN.replace("py3-none-any", "py3-none")):
        assert parse_wheel_file(text.encode()).tags == frozenset()


def test_tags_and_builds_are_taken_from_wherever_somebody_finds_them() -> None:
    """So that nobody finds one that was not compared."""
    text = PLAIN + "Build: 2\n\nTag: py4-none-win32\n  tag : py5-none-any\nX: a\x85BUILD:3\n"
    found = parse_wheel_file(text.encode())
    assert found.tags == parse_tag("py3-none-any") | parse_tag("py4-none-win32") | parse_tag("py5-none-any")
    assert found.builds == ("2", "3")


def test_a_tag_of_sets_stands_for_their_product() -> None:
    """PEP 425: `py2.py3-none-any` is two tags, whether in one line or in two."""
    one = PLAIN.replace("py3-none-any", "py2.py3-none-any")
    two = PLAIN + "Tag: py2-none-any\n"
    assert parse_wheel_file(one.encode()).tags == parse_wheel_file(two.encode()).tags == parse_tag("py2.py3-none-any")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        PLAIN.replace("Wheel-Version: 1.0\n", ""),
        PLAIN.replace("Root-Is-Purelib: true\n", ""),
        PLAIN + "Root-Is-Purelib: false\n",
        # To pip, which strips nothing at the end, this is false.
        PLAIN.replace("true\n", "true \n"),
        PLAIN.replace("true\n", "true\t\n"),
        PLAIN.replace(": true", ":\xa0true"),
        PLAIN + "Root-Is-Purelib: true \n",
        PLAIN + "Wheel-Version: 2.0\n",
        PLAIN.replace("true", "yes"),
        PLAIN.replace("true", ""),
        PLAIN.replace("1.0", "one"),
        PLAIN.replace("1.0", "1."),
        PLAIN.replace("1.0", "\u0661"),
        PLAIN.replace("1.0", "1" * 5000),
        PLAIN.replace("Root", "\nRoot"),
        "\n" + PLAIN,
        PLAIN.replace("acme 1", "acme\n Root-Is-Purelib: false"),
        PLAIN.replace("acme 1", "acme\rRoot-Is-Purelib: false"),
        PLAIN.replace("acme 1", "acme\x85Root-Is-Purelib: false"),
        PLAIN.replace("acme 1", "acme\u2028Root-Is-Purelib: false"),
        PLAIN + "\nRoot-Is-Purelib: false\n",
        PLAIN + "\n  ROOT-IS-PURELIB : false\n",
        PLAIN + "X: y\n Wheel-Version: 2.0\n",
        PLAIN.replace("Root-Is-Purelib: true", "X\nRoot-Is-Purelib: true"),
        PLAIN.replace("Root-Is-Purelib: true", " Root-Is-Purelib: true"),
        PLAIN.replace("Root-Is-Purelib: true", "Root-Is-Purelib : true"),
        PLAIN.replace("Root-Is-Purelib: true", "Root-Is-Purelib: true\n and more"),
        PLAIN.replace("Root-Is-Purelib: true", "Root-Is-Purelib: true\n\tand more"),
        PLAIN.replace("Root-Is-Purelib: true", "Root-Is-Purelib: true\x0bX: y"),
        PLAIN.replace("Root-Is-Purelib: true", "Root-Is-Purelib: true\rX: y"),
        PLAIN.replace("Root-Is-Purelib: true", "Root-Is-Purelib: true\x85\nRoot-Is-Purelib: true"),
        PLAIN.replace("acme 1", "acme\x1cx"),
        "\ufeff" + PLAIN,
        "From somebody\n" + PLAIN,
        ":x\n" + PLAIN,
        PLAIN.replace("py3-none-any", "-".join([".".join(f"a{n}" for n in range(11))] * 3)),
        PLAIN + "".join(f"Tag: py{number}-none-any\n" for number in range(4, MAX_TAGS + 4)),
        PLAIN + "".join(f"Tag: {'.'.join(f'py{(n + m) % 100}' for m in range(100))}-none-any\n" for n in range(100)),
        PLAIN + "X: " + "x" * 300_000,
    ],
)
def test_what_is_read_in_two_ways_is_refused(text: str) -> None:
    """What decides is missing, said in two ways, hidden behind an empty line or folded into another; floods of tags."""
    with pytest.raises(WheelFileError) as raised:
        parse_wheel_file(text.encode())
    assert str(raised.value).isprintable()


def test_bytes_that_are_no_text_are_refused() -> None:
    """pip, too, reads UTF-8 only."""
    with pytest.raises(WheelFileError):
        parse_wheel_file(PLAIN.encode() + b"X: \xff\n")


LINES = st.lists(
    st.sampled_from(
        [
            *("Wheel-Version: 1.0", "wheel-version:1.1", "Root-Is-Purelib: true", "ROOT-IS-PURELIB: False"),
            *("Tag: py3-none-any", "Tag: py2.py3-none-any", "Build: 1", " Build: 2", "", "From x", "x", "Generator: é"),
            *("Generator: a\rTag: cp3-none-any", "Generator: a\x0bTag: cp3-none-any", "Tag : py2-none-any", "\tx: y"),
        ]
    ),
    max_size=7,
)


def by_lines(text: str) -> dict[str, list[str]]:
    """The other reading there is: every line with a colon, wherever it stands."""
    fields: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields


@settings(max_examples=1500, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_what_is_read_is_what_pip_and_others_read(lines: list[str], end: str) -> None:
    """As an e-mail's header and line by line: one version and one root, and no tag or build that was not found."""
    text = end.join(["Wheel-Version: 1.0", *lines, "Root-Is-Purelib: true"])
    try:
        found = parse_wheel_file(text.encode())
    except WheelFileError:
        return
    header, fields = Parser().parsestr(text), by_lines(text)
    assert header["Wheel-Version"].strip() == fields["wheel-version"][-1] == ".".join(map(str, found.version))
    assert header["Root-Is-Purelib"].strip().lower() == fields["root-is-purelib"][-1].lower()
    assert (header["Root-Is-Purelib"].strip().lower() == "true") is found.root_is_purelib
    # What goes on on the next line is no tag and no build to anybody.
    reported = {
        key: [*fields.get(key, ()), *(v for v in header.get_all(key, ()) if "\n" not in v)] for key in ("tag", "build")
    }
    assert frozenset().union(*map(parse_tag, reported["tag"])) == found.tags
    assert root_is_purelib(text.encode()) is found.root_is_purelib
    assert {*reported["build"]} == {*found.builds}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.text(max_size=20))
def test_any_bytes_are_read_or_refused(data: bytes, tag: str) -> None:
    """Nothing else leaves the room."""
    for text in (data, PLAIN.encode() + data, f"{PLAIN}Tag: {tag}\n".encode("utf-8", "surrogatepass")):
        with contextlib.suppress(WheelFileError):
            assert isinstance(parse_wheel_file(text), WheelFile)
