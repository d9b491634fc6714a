"""Paths of this machine as `file:` URLs, and back."""

from __future__ import annotations

import os

from safepip.model.urls import file_path


def local_path(url: str) -> str:
    """The path that a `file:` URL names. Raises `UrlError` for any other URL, and for a file of another machine."""
    return file_path(url, windows=os.name == "nt")
