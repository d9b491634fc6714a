"""The bytes of a requirements or constraints file -> its text, as pip reads it."""

from __future__ import annotations

import codecs
import re

_CODING = rb"coding[:=]\s*([-\w.]+)"

#: Byte order marks; those of UTF-32 before those of UTF-16, which one of them begins with.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)

#: Python lists them as encodings of texts; they are for host names, and take a time that grows with the square of the
#: length.
_FOR_HOSTS = ("idna", "punycode")


def decode(data: bytes, *, locale_encoding: str) -> tuple[str, bool]:
    """The text of a file, and whether its encoding had to be guessed from the locale.

    Raises `UnicodeError` or `LookupError` when the bytes cannot be decoded.
    """
    # A byte order mark beats everything.
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding), False
    # PEP 263: a comment in the first or second line may declare the encoding; pip asks that `#` is its first byte.
    for line in data.split(b"\n", 2)[:2]:
        if line.startswith(b"#") and (declared := re.search(_CODING, line)):
            return data.decode(_for_texts(declared[1].decode("ascii"))), False
    # UTF-8 otherwise; the locale's encoding only for what is not UTF-8.
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        return data.decode(locale_encoding), True


def _for_texts(encoding: str) -> str:
    if codecs.lookup(encoding).name in _FOR_HOSTS:
        raise LookupError("no encoding of texts")
    return encoding
