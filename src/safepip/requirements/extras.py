"""Extras behind a path or URL: `./x.whl[extra]`."""

from __future__ import annotations


def split_extras(text: str) -> tuple[str, str]:
    """What stands before the brackets at the end, and these; "" where there are none.

    As pip's pattern `(.+)(\\[[^\\]]+\\])`, without going over the text for each bracket: nothing is not in them, nor is
    a closing one.
    """
    begin = text.rfind("[", 0, -2) if text.endswith("]") else -1
    if begin < 1 or "]" in text[begin:-1]:
        return text, ""
    return text[:begin].rstrip(), text[begin:]
