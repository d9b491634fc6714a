"""METADATA files: read as pip reads them, through the email package, byte for byte."""

from __future__ import annotations

import contextlib
import email
import importlib.metadata
import itertools
import sys
from importlib.metadata import _adapters  # type: ignore[attr-defined]  # what pip's Message is made of
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from safepip.wheel import metadata as core_metadata
from safepip.wheel.metadata import MetadataError, metadata_json, parse_metadata, split_headers

HEAD = "Metadata-Version: 2.1\nName: Acme.Web\nVersion: 1.0\n"


def pip_message(text: str) -> Any:
    """The message that pip reads a METADATA text into; a file is read with universal newlines."""
    return _adapters.Message(email.message_from_string(text.replace("\r\n", "\n").replace("\r", "\n")))


def installed() -> list[Path]:
    """Every METADATA of the distributions that the tests run with."""
    folders = {Path(str(found.locate_file(""))) for found in importlib.metadata.distributions()}
    return sorted(path for folder in folders for path in folder.glob("*.dist-info/METADATA"))


def test_fields_that_resolution_needs() -> None:
    """Name, version, Requires-Python, Requires-Dist and Provides-Extra are read, names normalised."""
    metadata = parse_metadata(
        f"{HEAD}Requires-Python: >=3.8\nRequires-Dist: b>1; extra == 'x'\nRequires-Dist: a\n"
        "Provides-Extra: X_y\n\nRequires-Dist: not-this\n".encode(),
        verified=True,
    )
    assert (metadata.name, metadata.version) == ("acme-web", Version("1.0"))
    assert metadata.requires_python == ">=3.8"
    assert [str(item) for item in metadata.requires] == ['b>1; extra == "x"', "a"]
    assert metadata.provided_extras == {"x-y"}
    assert metadata.verified


def test_the_bytes_are_kept() -> None:
    """The text stays as it was read, for the report and for the comparison with the wheel."""
    text = f"{HEAD}\r\nhello".encode()
    assert parse_metadata(text, verified=False).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" + HEAD,
        "Name: acme\n",
        "Version: 1.0\n",
        "Name:\nVersion: 1.0\n",
        "Name: -acme\nVersion: 1.0\n",
        "Name: ac me\nVersion: 1.0\n",
        "Name: acme\nVersion: one\n",
        "Name: acme\nVersion:\n",
        HEAD + "Requires-Dist: a ==\n",
        HEAD + "Requires-Dist: pytz (>dev)\n",
        HEAD + "Requires-Dist:\n",
        HEAD + "Requires-Dist: a\n >1\n",
        HEAD + "Requires-Dist: a; " + "(" * 5000 + "\n",
        HEAD + "Requires-Dist: a; " + " or ".join(["python_version > '3'"] * 2000) + "\n",
        HEAD + "Requires-Dist: \x1b[31m\n",
    ],
)
def test_metadata_that_pip_cannot_use_is_an_error(text: str) -> None:
    """No or an invalid name, version or requirement makes the version unusable; the message is fit for a terminal."""
    with pytest.raises(MetadataError) as raised:
        parse_metadata(text.encode(), verified=True)
    assert str(raised.value).isprintable()


def test_bytes_that_are_no_utf_8_are_an_error() -> None:
    """As in pip, METADATA in another encoding is not read."""
    for read in (lambda text: parse_metadata(text, verified=True), metadata_json):
        with pytest.raises(MetadataError, match="UTF-8"):
            read(f"{HEAD}Author: é\n".encode("latin-1"))


def test_metadata_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to what is read."""
    monkeypatch.setattr(core_metadata, "MAX_METADATA_BYTES", 100)
    with pytest.raises(MetadataError, match="at most 100"):
        parse_metadata(HEAD.encode() + b"\n" * 100, verified=True)


@pytest.mark.parametrize("text", ["nonsense", ">=3.x", "", " "])
def test_a_requires_python_that_is_none_counts_as_absent(text: str) -> None:
    """As pip, which warns and goes on."""
    assert parse_metadata(f"{HEAD}Requires-Python: {text}\n".encode(), verified=True).requires_python is None


def test_the_first_of_a_single_field_counts() -> None:
    """A second Name or Version changes nothing."""
    metadata = parse_metadata(f"{HEAD}Name: other\nVersion: 9\n".encode(), verified=True)
    assert (metadata.name, metadata.version) == ("acme-web", Version("1.0"))


def test_a_folded_requirement_is_read() -> None:
    """A requirement on a line of its own below the field's name is read, as in pip."""
    metadata = parse_metadata(f"{HEAD}Requires-Dist:\n  a >= 1\n".encode(), verified=True)
    assert [str(item) for item in metadata.requires] == ["a>=1"]


@pytest.mark.parametrize("path", installed(), ids=lambda path: path.parent.name)
def test_installed_metadata_reads_as_in_pip(path: Path) -> None:
    """The METADATA of a real distribution has the same fields, requirements and report form as in pip."""
    from pip._internal.metadata._json import msg_to_json

    text = path.read_bytes()
    message = pip_message(text.decode())
    metadata = parse_metadata(text, verified=True)
    assert metadata.version == Version(message["Version"])
    assert len(metadata.requires) == len(message.get_all("Requires-Dist", []))
    assert metadata_json(text) == msg_to_json(message)


LINES = st.one_of(
    st.sampled_from(
        [
            *(
                "Name: acme",
                "name:acme",
                "VERSION: 1",
                "Version:  1 ",
                "Requires-Dist: a",
                "requires-dist:\tb ; extra=='x'",
            ),
            *(
                "  continued",
                "\tcontinued",
                "    deeper",
                " ",
                "",
                "From nobody",
                "From nobody: x",
                ": no name",
                "no field",
            ),
            *(
                "Keywords: a, b,c",
                "Keywords: a b",
                "Description: d",
                "Classifier: A :: B",
                "X-Own: 1",
                "é: 1",
                "a b: c",
            ),
            *(
                "License-File: L",
                "Dynamic: x",
                "\x0b",
                "Author: é\x0b\x1c\x85x",
                "Content-Type: text/plain",
                "a\x0c: b",
            ),
        ]
    ),
    st.text(alphabet=st.characters(codec="ascii"), max_size=12),
)
TEXTS = st.tuples(
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])), max_size=12),
    st.sampled_from(["", "", "Name: acme", " continued", "no field", "From nobody"]),
).map(lambda parts: "".join(line + end for line, end in parts[0]) + parts[1])


def leading_fold(text: str) -> bool:
    """Whether a field begins with an empty line and goes on below: Pythons differ in the white space of those."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return any(line.rstrip(" \t")[-1:] == ":" and below[:1] in (" ", "\t") for line, below in itertools.pairwise(lines))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_headers_split_as_in_the_email_package(text: str) -> None:
    """Any text gives the same fields and the same description as the parser that pip reads METADATA with."""
    message = email.message_from_string(text.replace("\r\n", "\n").replace("\r", "\n"))
    body = message.get_payload()
    expected = [(name.lower(), value) for name, value in pip_message(text)._headers]
    if body:
        expected.pop()
    fields, description = split_headers(text)
    assert description == body
    if leading_fold(text) and sys.version_info >= (3, 12):
        fields = [(name, "".join(value.split())) for name, value in fields]
        expected = [(name, "".join(value.split())) for name, value in expected]
    assert fields == expected


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_the_report_form_is_pips(text: str) -> None:
    """Any METADATA has the same form in the report as in pip's."""
    from pip._internal.metadata._json import msg_to_json

    if not (leading_fold(text) and sys.version_info >= (3, 12)):
        assert metadata_json(text.encode()) == msg_to_json(pip_message(text))


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_skipping_a_field_changes_no_other(text: str) -> None:
    """Leaving out fields leaves the others as they are."""
    skipped = frozenset({"Keywords", "Description"})
    names = {"keywords", "description"}
    shorter = [field for field in split_headers(text, skipped=skipped)[0] if field[0] not in names]
    assert shorter == [field for field in split_headers(text)[0] if field[0] not in names]


@settings(max_examples=200, deadline=None)
@given(TEXTS | st.binary(max_size=60))
def test_bytes_of_any_shape_are_metadata_or_an_error(text: str | bytes) -> None:
    """Nothing but `MetadataError` leaves the room."""
    data = text.encode() if isinstance(text, str) else text
    with contextlib.suppress(MetadataError):
        parse_metadata(data, verified=False)
    with contextlib.suppress(MetadataError):
        metadata_json(data)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", ["\n", " \n", "a:\n", "a:", "From \n", " ", "\r", "x", "a: b\n c\n", "From x\n y\n"])
def test_hostile_metadata_costs_no_more_than_its_size(unit: str) -> None:
    """Each character is gone over a fixed number of times: were it the square, this would not end in time."""
    split_headers(HEAD + unit * (400_000 // len(unit)))
    split_headers(unit * (400_000 // len(unit)))


@pytest.mark.parametrize("times", [1000, 1001])
def test_one_project_may_be_required_so_often(times: int) -> None:
    """The search holds every statement about a project against each version of it."""
    lines = "".join(f"Requires-Dist: acme>={number}\nRequires-Dist: other{number}\n" for number in range(times))
    text = f"Metadata-Version: 2.1\nName: x\nVersion: 1\n{lines}".encode()
    if times > 1000:
        with pytest.raises(MetadataError, match="requires acme more than 1000 times"):
            parse_metadata(text, verified=True)
    else:
        assert len(parse_metadata(text, verified=True).requires) == 2 * times
