"""What the rules read of METADATA is what pip reads, whatever the bytes are; and the search's reader agrees with it."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.wheel import metadata_as_pip
from safepip.wheel.metadata import MetadataError, split_headers
from safepip.wheel.metadata_as_pip import MAX_LINES, header_fields, metadata_fields, metadata_in
from support.clearing import content_of
from support.pythons import pythons
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pip._internal.metadata import BaseDistribution

HEAD = "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"

#: What decides something: the others are for the report alone.
DECIDING = frozenset({"metadata-version", "name", "version", "requires-python", "requires-dist", "provides-extra"})

#: All that a line might end with, for one reader or another.
ENDS = ("\n", "\r\n", "\r", "\n\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")

LINES = (
    *(
        "Metadata-Version: 2.1",
        "Name: acme",
        "name:other",
        "NAME : x",
        "Name",
        "Version: 1",
        "Version:",
        "Version:\t2 ",
    ),
    *(
        "Requires-Dist: a",
        "requires-dist: b; extra == 'x'",
        "Requires-Dist:",
        "Requires-Python: >=3.8",
        "Requires-Python:",
    ),
    *(
        "Provides-Extra: x",
        "Provides-Extra: y ",
        "Description: d",
        "Content-Type: text/plain",
        "Content-Type: a/b; c=d",
    ),
    *("Content-Transfer-Encoding: base64", "MIME-Version: 1.0", "Author: =?utf-8?b?w6k=?=", "Author: é", "é: 1"),
    *(" folded", "\tfolded", "        deep", " ", "\t", "", "From nobody", "From nobody: x", "From", ">From x"),
    *(": no name", ":", "no field", "a b: c", "\ufeffName: bom", "\ufeff", "\x00", "Na\x00me: x", "Name: a\x00b"),
    *("--b", "--b--", "x" * 9000, "Requires-Dist: " + "y" * 9000, " " * 9000),
)
TEXTS = st.lists(
    st.tuples(st.sampled_from(LINES) | st.text(max_size=6), st.sampled_from([*("\n",) * 12, *ENDS])), max_size=14
).map(lambda parts: "".join(line + end for line, end in parts))
SECTIONS = ("[x]", "[x:os_name == 'nt']", "[:os_name == 'nt']", "[ X_y ]", "[]", "[[z]]", "[")
REQUIRES = st.lists(st.sampled_from(["a", " b>1 ", "", "# c", "\x85d", *SECTIONS]), max_size=6).map("\n".join)


def as_pip(metadata: bytes, beside: bytes | None = None) -> BaseDistribution:
    """The distribution that pip makes of the files of a wheel's `.dist-info` folder."""
    from pip._internal.metadata.importlib._dists import Distribution, WheelDistribution

    files = {PurePosixPath("METADATA"): metadata}
    if beside is not None:
        files[PurePosixPath("requires.txt")] = beside
    folder = PurePosixPath("/w/acme-1.0.dist-info")
    return Distribution(WheelDistribution(files, folder), None, None)


def collapsed(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields that decide, without the difference between one white space and another."""
    return [(name.lower(), " ".join(value.split())) for name, value in fields if name.lower() in DECIDING]


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_the_fields_are_pips(text: str) -> None:
    """Of any text the rules see the fields that pip's own distribution of a wheel has, white space and all."""
    message = as_pip(text.encode()).metadata
    fields = list(metadata_fields(text.encode()))
    expected = [(name.lower(), value) for name, value in message.raw_items()]
    if message.get_payload():
        expected.pop()  # the description, which importlib.metadata adds as a field
    assert fields == expected


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_the_search_reads_the_same(text: str) -> None:
    """The fast reader and pip's agree about every field that decides something."""
    assert collapsed(split_headers(text)[0]) == collapsed(metadata_fields(text.encode()))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["", "Requires-Dist: z\n", "Provides-Extra: w\n"]), REQUIRES)
def test_requirements_beside_metadata_are_pips(more: str, beside: str) -> None:
    """Where METADATA names no requirement or no extra, those of `requires.txt` count, as in pip."""
    metadata = (HEAD + more).encode()
    message = as_pip(metadata, beside.encode()).metadata
    try:
        read = metadata_as_pip._read(metadata, beside.encode())
        requires = [str(item) for item in read.requires]
    except MetadataError:
        return  # what pip does with a requirement that is none is another question
    from pip._vendor.packaging.requirements import Requirement

    assert requires == [str(Requirement(item.strip())) for item in message.get_all("Requires-Dist", [])]
    # safepip takes white space away at the ends of an extra; pip has an extra then that no requirement can name.
    assert read.provided_extras == {extra.strip() for extra in message.get_all("Provides-Extra", [])}


@pytest.mark.parametrize("data", [b"Name: \xff\n", HEAD.encode() + b"\n\xe9", b"\xff\xfeN\x00"])
def test_bytes_that_are_not_utf_8_are_an_error_in_both(data: bytes) -> None:
    """pip raises too, wherever the bytes stand."""
    from pip._internal.exceptions import UnsupportedWheel

    with pytest.raises(MetadataError, match="the metadata is not UTF-8"):
        metadata_fields(data)
    with pytest.raises(UnsupportedWheel):
        _ = as_pip(data).metadata


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=b", "message/rfc822", "Message/Delivery-Status"])
def test_a_description_of_several_messages_is_an_error(kind: str) -> None:
    """pip would parse the messages in it one within the other, as deep as they go."""
    with pytest.raises(MetadataError, match="message of several parts"):
        metadata_fields(f"{HEAD}Content-Type: {kind}\n\n--b\n".encode())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_header_without_end_is_an_error(end: str) -> None:
    """Lines are counted, whatever ends them; behind an empty line there may be any number."""
    head = HEAD.replace("\n", end)
    more = f"a:{end}" * (MAX_LINES - 4)
    assert len(metadata_fields((head + more + end * 2 * MAX_LINES).encode())) == MAX_LINES - 1
    with pytest.raises(MetadataError, match="at most 100000 are read"):
        metadata_fields((head + more + f"a:{end}" * 2).encode())


def test_letters_of_the_file_beside_do_not_matter() -> None:
    """A disk that ignores case has one file `requires.txt`, however the wheel writes it."""
    for name in ("requires.txt", "Requires.TXT"):
        made = build_wheel("acme", "1.0", files={f"acme-1.0.dist-info/{name}": "evil\n[x]\nworse\n"})
        read = metadata_in(content_of(*made))
        assert [str(item) for item in read.requires] == ["evil", 'worse; extra == "x"']
        assert read.provided_extras == {"x"}


_ASK = """
import email, json, sys
for text in json.load(sys.stdin):
    print(json.dumps(email.message_from_string(text).items()))
"""


@pytest.mark.parametrize(
    "python", [found for found in pythons() if found.version >= (3, 8)], ids=lambda found: found.name
)
def test_every_python_reads_the_same(python: object) -> None:
    """pip runs with the target's Python, the rules with another: their parsers agree about what decides."""
    texts = [
        "".join(line + end for line in order)
        for end in ENDS
        for order in itertools.permutations([line for line in LINES if len(line) < 100][::4], 2)
    ]
    command = [python.executable, "-I", "-c", _ASK]  # type: ignore[attr-defined]  # a `Python` of support
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(texts) > 500
    for text, answer in zip(texts, answers, strict=True):
        assert collapsed(answer) == collapsed(header_fields(text.encode(), "METADATA")), repr(text)
