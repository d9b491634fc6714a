"""Extras behind a path or URL: `./x.whl[extra]`."""

from __future__ import annotations


def split_extras(text: str) -> tuple[str, str]:
    """The text before the brackets at the end, and the brackets with their content; "" where there are none.

    As pip's pattern `(.+)(\\[[^\\]]+\\])`, without going over the text for each bracket: the brackets hold at least one
    character and no closing bracket.
    """
    begin = text.rfind("[", 0, -2) if text.endswith("]") else -1
    if begin < 1 or "]" in text[begin:-1]:
        return text, ""
    return text[:begin].rstrip(), text[begin:]
