"""Text as TOML writes it: in locks, and in the lines of configuration that hints offer to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.digest import Digest

#: Where the lines of `exception` go, for a hint that shows them below.
IN_CONFIGURATION = "in safepip.toml (in pyproject.toml the heading is [[tool.safepip.allow]]):\n"

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


def exception(project: str, rule: str, file: str | None = None, digests: Iterable[Digest] = ()) -> str:
    """The `[[allow]]` that overrules one rule for a project, to be pasted: for one file where its name is given, and
    for its bytes alone where the digests that are known of it have a sha256."""
    lines = ["[[allow]]", f"project = {toml_string(project)}", f"rule = {toml_string(rule)}"]
    if file is not None:
        lines.append(f"file = {toml_string(file)}")
    lines += [f"digest = {toml_string(str(digest))}" for digest in digests if digest.algorithm == "sha256"][:1]
    return "\n".join([*lines, 'reason = "..."'])
