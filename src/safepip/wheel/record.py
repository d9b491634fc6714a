"""RECORD files: which files a distribution has, each with its digest and size.

The format is that of PEP 376 and PEP 427, today the specification "Recording installed projects": one row a file, of a
path, a digest and a size, as CSV with `,` and `"`, in UTF-8. pip splits such a file where Unicode ends a line, other
tools at LF alone; some let a quoted field run over lines, others join the lines. A path that can be read in two ways
says nothing certain, so the rules here are those in which all readings agree:

1. The bytes are UTF-8 without a byte order mark.
2. Rows end at LF or CR LF, and nothing else in the file ends a line for any reader. No row is empty.
3. A field that holds a `"` is quoted from its first character to its last, with `""` for each. A quoted field
   ends in its own row.
4. A row has at most three fields; those that are left out are empty. The path is not empty.
5. A size is decimal digits and nothing else.

A digest is URL-safe base64 without padding (PEP 427). Hex, as sphinx-theme-builder once wrote it, is accepted as well:
no algorithm has the same length in both. A digest that cannot be read does not stop the reading: pip never looks at
digests, so the installed RECORDs of old tools may hold anything there. Whether the rows are right is not decided here:
paths come as they are written, absolute or not, and twice where they are listed twice.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.digest import STRONG, WEAK

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters below a space, except the two of line ends and the tab, which ends a line for no reader.
_CONTROLS = bytes(set(range(32)) - set(b"\t\r\n")) + b"\x7f"

#: Characters beyond ASCII that end a line for str.splitlines.
_ENDS_BEYOND_ASCII = ("\x85", "\u2028", "\u2029")

_FIELD = r'(?:"(?:[^"]|"")*"|[^",]*)'
_ROW = re.compile(rf"{_FIELD}(?:,{_FIELD}){{0,2}}")
_NEXT = re.compile(rf"(?:^|,)({_FIELD})")

#: How many digits a size may have; a file of more bytes does not exist.
_LONGEST_SIZE = 18

#: URL-safe base64 to the usual one and back. What only the usual one has becomes a character that neither has.
_FROM_URLSAFE = bytes.maketrans(b"-_+/=", b"+/???")
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")

#: How long a digest is in hex.
_HEX_LENGTHS = {**STRONG, **WEAK}

#: How long a sha256 is in base64 without padding.
_SHA256 = 43


class RecordError(Exception):
    """A RECORD that is not valid, or that readers could understand differently. The message is one sentence without a
    full stop."""


class Row(NamedTuple):
    """One row. `path` is as written; `size` is in bytes, None where the row gives none.

    `algorithm` is empty where the row gives no digest. A `digest` of None beside an algorithm is one that is given
    and cannot be read: neither URL-safe base64 without padding nor hex.
    """

    path: str
    algorithm: str
    digest: bytes | None
    size: int | None


def parse_record(data: bytes) -> list[Row]:
    """All rows in order. Raises `RecordError`. Costs some two microseconds a row."""
    paths, algorithms, values, sizes = [], [], [], []
    for line in _lines(data):
        fields = line.split(",") if '"' not in line else _unquoted(line)
        if len(fields) != 3:
            if len(fields) > 3:
                raise RecordError(f"a row has {len(fields)} fields instead of 3: {line[:120]!r}")
            fields += [""] * (3 - len(fields))
        path, reported, size = fields
        if not path:
            raise RecordError(f"a row has no path: {line[:120]!r}")
        algorithm, _, value = reported.partition("=")
        paths.append(path)
        algorithms.append(algorithm)
        values.append(value)
        sizes.append(_size(size, path) if size else None)
    # `Row._make` and the constructor take longer.
    return list(
        map(partial(tuple.__new__, Row), zip(paths, algorithms, _digests(algorithms, values), sizes, strict=True))
    )


def record_paths(data: bytes) -> list[str]:
    """The path of every row and nothing else, at a fraction of the cost. Raises `RecordError`.

    The rest of a row is not looked at.
    """
    lines = _lines(data)
    if b'"' not in data:
        return [line.partition(",")[0] for line in lines]
    return [_unquoted(line)[0] if '"' in line else line.partition(",")[0] for line in lines]


def record_digest(algorithm: str, digest: bytes) -> str:
    """A digest as it stands in a row, such as `sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU`."""
    text = b2a_base64(digest, newline=False).translate(_TO_URLSAFE).rstrip(b"=")
    return f"{algorithm}={text.decode('ascii')}"


def _lines(data: bytes) -> list[str]:
    """The rows' texts without their ends."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordError("it is not UTF-8") from None
    if len(data.translate(None, _CONTROLS)) != len(data):
        raise RecordError("it holds control characters")
    if not text.isascii() and (text[0] == "\ufeff" or any(end in text for end in _ENDS_BEYOND_ASCII)):
        raise RecordError("it holds a byte order mark or a character that ends a line for some readers only")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            raise RecordError("it holds a carriage return that does not end a line")
    # The text behind the last line's end is not a row.
    lines = text.removesuffix("\n").split("\n") if text else []
    if "" in lines:
        raise RecordError("it has an empty row")
    return lines


def _unquoted(line: str) -> list[str]:
    """The fields of a row in which something is quoted."""
    if _ROW.fullmatch(line) is None:
        raise RecordError(f"a row has too many fields, or its quotes do not close: {line[:120]!r}")
    fields = _NEXT.findall(line)
    return [field[1:-1].replace('""', '"') if field[:1] == '"' else field for field in fields]


def _digests(algorithms: list[str], values: list[str]) -> Iterator[bytes | None]:
    """The bytes that each value stands for."""
    # Nearly every digest is a sha256. All of them are decoded in one call: filled up with the letter for six zero bits
    # to 44 letters, each gives 33 bytes, of which the last holds only the padding.
    common = [value for value in values if len(value) == _SHA256]
    try:
        decoded = a2b_base64("A".join([*common, ""]).encode("ascii").translate(_FROM_URLSAFE), strict_mode=True)
    except ValueError:  # one of them is broken: then each by itself
        yield from map(_digest, algorithms, values)
        return
    position = 0
    for algorithm, value in zip(algorithms, values, strict=True):
        if len(value) == _SHA256:
            yield decoded[position : position + 32]
            position += 33
        else:
            yield _digest(algorithm, value)


def _digest(algorithm: str, value: str) -> bytes | None:
    """The bytes of URL-safe base64 without padding, or of hex, None where it is something else or nothing."""
    if not value:
        return None
    try:
        if len(value) == _HEX_LENGTHS.get(algorithm):
            return bytes.fromhex(value)
        padding = b"=" * (-len(value) % 4)
        return a2b_base64(value.encode("ascii").translate(_FROM_URLSAFE) + padding, strict_mode=True)
    except ValueError:  # also what is not ASCII, and what base64 calls an error
        return None


def _size(text: str, path: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) <= _LONGEST_SIZE):
        raise RecordError(f"the size of {path[:120]!r} is not a number of bytes: {text[:40]!r}")
    return int(text)
