"""The answer of a hook as a backend has left it, which is any bytes: what pyproject-hooks reads of it stays.

The file is written by a program of pyproject-hooks that runs in the backend's process, so the backend can put anything
in its place. Warnings are taken out: Python would print each as it is, and with it a line of a file that the warning
names, which it opens for that. A hook returns text, a list of texts or nothing (PEP 517, PEP 660).
"""

from __future__ import annotations

import json

_FLAGS = ("unsupported", "no_backend", "hook_missing")
_TEXTS = ("traceback", "backend_error", "missing_hook_name")


def plain_answer(data: bytes) -> bytes:
    """The same answer without what is not asked for. Raises `ValueError` where it is not the answer of a hook."""
    try:
        answer = json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(answer, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - the content of a file is wrong, and no argument
    flags = {name: True for name in _FLAGS if answer.get(name)}
    texts = {name: answer[name] for name in _TEXTS if isinstance(answer.get(name), str)}
    if not flags and "return_val" not in answer:
        raise ValueError("it has no return_val")
    returned = answer.get("return_val")
    if not (returned is None or isinstance(returned, str) or _is_texts(returned)):
        raise ValueError("it is neither text nor a list of texts")
    return json.dumps({"return_val": returned, **flags, **texts}).encode("ascii")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
