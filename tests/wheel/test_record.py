"""RECORD files are read in one way or not at all."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.wheel.record import RecordError, Row, parse_record, record_digest, record_paths

ALGORITHMS = ("sha256", "sha384", "sha512", "md5")


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """A digest in a row, written without the room under test."""
    value = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=")
    return f"{algorithm}={value.decode()}"


def written(rows: list[Row], end: str = "\n") -> bytes:
    """A RECORD as the csv module writes it, which pip uses."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    for path, algorithm, digest, size in rows:
        reported = "" if digest is None else record_digest(algorithm, digest)
        writer.writerow((path, reported, "" if size is None else size))
    return text.getvalue().encode()


def test_a_row_is_a_path_a_digest_and_a_size() -> None:
    """The form of PEP 376, with the row of RECORD itself."""
    data = f"acme/__init__.py,{digest_of(b'x')},1\nacme-1.0.dist-info/RECORD,,\n".encode()
    assert parse_record(data) == [
        Row("acme/__init__.py", "sha256", hashlib.sha256(b"x").digest(), 1),
        Row("acme-1.0.dist-info/RECORD", "", None, None),
    ]


def test_the_records_of_installed_distributions_are_read() -> None:
    """Windows line ends, absolute paths, parent folders, backslashes, rows without digest or fields, a last line
    without its end."""
    data = b"../../bin/acme,,12\r\nC:/x/y.py,,\r\n/opt/acme,,\r\na\\b.py,,\r\nshort\r\nlonger,sha256=AA"
    assert [row.path for row in parse_record(data)] == [
        *("../../bin/acme", "C:/x/y.py", "/opt/acme", "a\\b.py", "short", "longer"),
    ]
    assert parse_record(b"") == []


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "sha1", "blake2b"])
def test_a_digest_in_hex_is_that_digest(algorithm: str) -> None:
    """As furo and pydata-sphinx-theme wrote it; of another algorithm's length it is none."""
    found = hashlib.new(algorithm, b"x")
    for text in (found.hexdigest(), found.hexdigest().upper()):
        assert parse_record(f"a,{algorithm}={text},1\n".encode()) == [Row("a", algorithm, found.digest(), 1)]
    for text in (found.hexdigest()[:-2], found.hexdigest() + "00"):
        (row,) = parse_record(f"a,{algorithm}={text},1\n".encode())
        assert row.digest is None or len(row.digest) != found.digest_size


@pytest.mark.parametrize(
    "value",
    [
        hashlib.sha256(b"x").hexdigest() + "=",
        digest_of(b"x").partition("=")[2] + "=",
        digest_of(b"x").partition("=")[2][:-2],
        "+" * 43,
        "/" * 43,
        "A",
        "é" * 43,
        "!" * 43,
        "",
    ],
)
def test_a_digest_that_is_none_stands_beside_the_others(value: str) -> None:
    """It is never taken for the digest of something; the rows around it are read."""
    good = digest_of(b"y")
    rows = parse_record(f"a,{good},1\nb,sha256={value},1\nc,{good},1\n".encode())
    y = hashlib.sha256(b"y").digest()
    assert [rows[0], rows[2]] == [Row("a", "sha256", y, 1), Row("c", "sha256", y, 1)]
    assert rows[1].algorithm == "sha256"
    assert rows[1].digest is None or len(rows[1].digest) != 32


@pytest.mark.parametrize(
    "data",
    [
        b"a,,\n\nb,,\n",
        b"a,,\n\n",
        b"\na,,\n",
        b"a,,\rb,,\n",
        b"a,,\r\r\nb,,\n",
        b"a\x0bb,,\n",
        b"a\x0c,,\n",
        b"a\x1c,,\n",
        b"a\x00,,\n",
        b"a\x1b[2J,,\n",
        "a\x85b,,\n".encode(),
        "a\u2028b,,\n".encode(),
        "a\u2029b,,\n".encode(),
        b"\xef\xbb\xbfa,,\n",
        b"\xff,,\n",
        b",,\n",
        b'"",,\n',
        b"a,,,\n",
        b'"a",,,\n',
        b'"a\nb",,\n',
        b'"a,,\n',
        b'"a"b,,\n',
        b'a"b,,\n',
        b"a,,-1\n",
        b"a,,+1\n",
        b"a,, 1\n",
        b"a,,1_0\n",
        b"a,,0x1\n",
        "a,,\u0661\n".encode(),
        b"a,," + b"9" * 19 + b"\n",
    ],
)
def test_what_is_read_in_two_ways_is_refused(data: bytes) -> None:
    """Line ends that only some see, quotes that some mend, sizes that are none, rows of nothing."""
    with pytest.raises(RecordError) as raised:
        parse_record(data)
    assert str(raised.value).isprintable()


PATHS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"), min_size=1
)
ROWS = st.builds(
    lambda path, algorithm, content, size: Row(
        path, algorithm if content else "", hashlib.new(algorithm, content).digest() if content else None, size
    ),
    PATHS,
    st.sampled_from(ALGORITHMS),
    st.binary(max_size=3),
    st.none() | st.integers(0, 10**18 - 1),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS), st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_is_read(rows: list[Row], end: str) -> None:
    """parse(write(rows)) == rows, for every path that a file can have and every strong or weak digest."""
    assert parse_record(written(rows, end)) == rows


BITS = st.sampled_from(
    [*'a",\n\r=-_+/A9', "\r\n", '""', ",,", "sha256=", digest_of(b"x"), digest_of(b""), "\x85", "\u2028", "\x0b", "é"]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(BITS, max_size=14).map("".join))
def test_what_is_read_is_what_pip_reads(text: str) -> None:
    """pip gives the lines that `str.splitlines` finds to the csv module; others give it the file. All agree, or the
    RECORD is refused."""
    data = text.encode()
    try:
        rows = parse_record(data)
    except RecordError:
        return
    as_pip = list(csv.reader(text.splitlines()))
    as_file = list(csv.reader(io.StringIO(text, newline="")))
    assert as_pip == as_file
    assert [row.path for row in rows] == [fields[0] for fields in as_pip]
    for row, fields in zip(rows, as_pip, strict=True):
        reported = fields[1] if len(fields) > 1 else ""
        if row.digest is not None:
            assert row.digest == base64.urlsafe_b64decode(reported.partition("=")[2] + "==")
        assert row.algorithm == reported.partition("=")[0]
        assert row.size == (int(fields[2]) if len(fields) > 2 and fields[2] else None)


@settings(max_examples=300, deadline=None)
@given(st.lists(BITS, max_size=14).map("".join))
def test_the_paths_alone_are_those_of_the_rows(text: str) -> None:
    """Where the rows can be read; where only what follows a path is wrong, the paths can be had all the same."""
    data = text.encode()
    with contextlib.suppress(RecordError):
        assert [row.path for row in parse_record(data)] == record_paths(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else leaves the room."""
    with contextlib.suppress(RecordError):
        assert all(isinstance(row, Row) for row in parse_record(data))


@given(st.binary(), st.sampled_from(ALGORITHMS))
def test_the_text_form_of_a_digest_is_read_back(data: bytes, algorithm: str) -> None:
    """record_digest is the inverse of reading, and what the base64 module writes."""
    digest = hashlib.new(algorithm, data).digest()
    text = record_digest(algorithm, digest)
    assert text == f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    assert parse_record(f"a,{text},\n".encode()) == [Row("a", algorithm, digest, None)]


def test_ten_thousand_rows_cost_no_more_than_reading_csv_a_few_times() -> None:
    """A bound that a slip into quadratic time would break by far; measured: twice the csv module's own time."""
    line = f",{digest_of(b'x')},1\n"
    data = "".join(f"package/module_{number}.py{line}" for number in range(10_000)).encode()
    begin = time.process_time()
    list(csv.reader(data.decode().splitlines()))
    middle = time.process_time()
    assert len(parse_record(data)) == 10_000
    assert time.process_time() - middle < 20 * (middle - begin) + 0.2
