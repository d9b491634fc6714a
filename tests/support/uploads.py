"""Files with upload times, as indexes write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.index import Index, ServedFile


def days_ago(days: float) -> str:
    """An upload time as indexes write it."""
    return f"{datetime.fromtimestamp(time.time() - days * 86_400, UTC):%Y-%m-%dT%H:%M:%S.000000Z}"


def add(index: Index, name: str, version: str, days: float, **wheel: Any) -> ServedFile:
    """A wheel that was uploaded so many days ago."""
    return index.add(name, version, file={"upload_time": days_ago(days), **wheel.pop("file", {})}, **wheel)
