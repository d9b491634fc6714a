"""Text as TOML writes it: in locks, and in the lines of configuration that hints offer to paste."""

from __future__ import annotations

_SHORT = {'"': '\\"', "\\": "\\\\"}


def toml_string(text: str) -> str:
    """A basic string, quotes included, that is printable whatever the text holds.

    A quotation mark, a backslash, and whatever no terminal should be given, is escaped (TOML 1.0, "String"). What is no
    character at all (a lone surrogate) has no form in TOML and becomes U+FFFD.
    """
    return '"' + "".join(_SHORT.get(char) or _plain(char) for char in text) + '"'


def _plain(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
