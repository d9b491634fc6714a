"""TOML as safepip writes it: the values of locks, and the lines of configuration that hints offer to paste.

What is needed is little: strings, numbers, truth values, times, lists and inline tables. A library that writes TOML
lays out every list of tables as tables of their own, five lines for each file of a lock, and leaves in a string what
no terminal should be given: see ADR 0010.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.digest import Digest


def in_configuration(key: str = "allow", brackets: str = "[[{}]]") -> str:
    """Where lines below the heading of a key go, for a hint that shows them in the next line."""
    return f"in safepip.toml (in pyproject.toml the heading is {brackets.format('tool.safepip.' + key)}):\n"


#: Where the lines of `exception` go.
IN_CONFIGURATION = in_configuration()

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_SHORT = {'"': '\\"', "\\": "\\\\"}


def toml_string(text: str) -> str:
    """A basic string, quotes included, that is printable whatever the text holds.

    A quotation mark, a backslash and every character that a terminal should not be given are escaped (TOML 1.0,
    "String"). A lone surrogate, which is not a character, has no form in TOML and becomes U+FFFD.
    """
    return '"' + "".join(_SHORT.get(char) or _plain(char) for char in text) + '"'


def _plain(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def toml_value(value: Any) -> str:
    """A value in one line. Raises `TypeError` for what TOML has no form for, a time without its zone included."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no form in TOML")


def toml_key(key: str) -> str:
    """A key, bare where it may be."""
    return key if _BARE.match(key) else toml_string(key)


def _string(text: str) -> str:
    """A literal string where that spares escapes, as for markers, else a basic one."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return toml_string(text)


def exception(project: str, rule: str, file: str | None = None, digests: Iterable[Digest] = ()) -> str:
    """The `[[allow]]` that overrules one rule for a project, to be pasted: for one file where its name is given, and
    for its bytes alone where the digests that are known of it have a sha256."""
    lines = ["[[allow]]", f"project = {toml_string(project)}", f"rule = {toml_string(rule)}"]
    if file is not None:
        lines.append(f"file = {toml_string(file)}")
    lines += [f"digest = {toml_string(str(digest))}" for digest in digests if digest.algorithm == "sha256"][:1]
    return "\n".join([*lines, 'reason = "..."'])


def ignored_finding(project: str, identity: str) -> str:
    """The `[[ignore]]` that passes over a finding, or a record that cannot be judged, to be pasted. It waits for a
    person's reason and date."""
    named = [f"id = {toml_string(identity)}", f"project = {toml_string(project)}"]
    return "\n".join(["[[ignore]]", *named, 'reason = "..."', 'until = "..."'])
