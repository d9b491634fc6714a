"""What a backend leaves as its answer is read in one form, whatever it is."""

from __future__ import annotations

import json

import pytest

from safepip.build.hook_answer import plain_answer


def test_what_is_read_stays() -> None:
    """The answer, and what the backend is and is not."""
    for answer in (
        {"return_val": ["one"]},
        {"return_val": None, "unsupported": True, "traceback": "lines"},
        {"return_val": None, "no_backend": True, "traceback": "lines", "backend_error": "why"},
        {"return_val": None, "hook_missing": True, "missing_hook_name": "build_wheel"},
    ):
        assert json.loads(plain_answer(json.dumps(answer).encode())) == answer


def test_what_is_not_asked_for_is_taken_out() -> None:
    """A warning would be printed, with a line of the file that it names; texts are texts."""
    warned = {"return_val": "x", "warnings": [{"message": "\x1b[2J", "filename": "/etc/passwd", "lineno": 1}]}
    assert plain_answer(json.dumps(warned).encode()) == b'{"return_val": "x"}'
    odd = {"unsupported": [1], "traceback": 5, "missing_hook_name": {}, "backend_error": ["x"]}
    assert json.loads(plain_answer(json.dumps(odd).encode())) == {"return_val": None, "unsupported": True}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'"return_val"', b"{}", b"\xff\xfe", b"[" * 500_000, b'{"return_val": ' + b"9" * 5000 + b"}"],
    ids=["empty", "cut off", "a list", "a text", "without an answer", "not text", "nested", "a number"],
)
def test_anything_else_is_no_answer(data: bytes) -> None:
    """And says why."""
    with pytest.raises(ValueError, match=r"."):
        plain_answer(data)


@pytest.mark.parametrize("returned", [5, True, 1.5, {}, {"a": "b"}, ["a", 5], [["a"]], [None]], ids=repr)
def test_a_hook_returns_text_or_texts(returned: object) -> None:
    """No hook has anything else to say."""
    with pytest.raises(ValueError, match="neither text nor a list of texts"):
        plain_answer(json.dumps({"return_val": returned}).encode())


@pytest.mark.parametrize("depth", range(800, 1010, 5))
def test_no_depth_is_just_too_deep(depth: int) -> None:
    """Depths that can be read, but not written again or read with more on the stack."""
    with pytest.raises(ValueError, match=r"neither text nor a list of texts|nested too deeply"):
        plain_answer(b'{"return_val": ' + b"[" * depth + b"]" * depth + b"}")
