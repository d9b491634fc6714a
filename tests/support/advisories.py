"""Invented OSV records, of the shapes that the published databases have."""

from __future__ import annotations

from typing import Any

WHEN = "2024-03-01T00:00:00Z"

#: The day after, in seconds since the epoch.
NOW = 1_709_337_600.0


def events(*pairs: str) -> list[dict[str, str]]:
    """Events written `kind version`."""
    return [dict([pair.split(" ", 1)]) for pair in pairs]


def versions_of(name: str, *pairs: str, listed: list[str] | None = None, ecosystem: str = "PyPI") -> dict[str, Any]:
    """An entry of `affected` with one range."""
    entry: dict[str, Any] = {"package": {"name": name, "ecosystem": ecosystem}}
    if pairs:
        entry["ranges"] = [{"type": "ECOSYSTEM", "events": events(*pairs)}]
    if listed is not None:
        entry["versions"] = listed
    return entry


def record(identity: str, *affected: dict[str, Any], aliases: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A record about these entries."""
    return {"id": identity, "modified": WHEN, "aliases": list(aliases), "affected": list(affected), **more}


def malicious(identity: str, name: str, *, listed: list[str] | None = None, sha256: str = "") -> dict[str, Any]:
    """A record of a malicious package: the whole name, or these versions; `sha256` is that of one of its files."""
    entry = versions_of(name, *(() if listed else ("introduced 0",)), listed=listed)
    if sha256:
        files = [{"filename": f"{name}-1.0.tar.gz", "hashes": {"sha256": sha256, "md5": "0" * 32}}]
        members = [{"filename": "setup.py", "hashes": {"sha256": "f" * 64}}]
        entry["database_specific"] = {"indicators": {"package_integrity": files, "evidence_files": members}}
    return record(identity, entry)
