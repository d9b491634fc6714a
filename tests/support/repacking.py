"""Wheels made of what is installed beside the tests, for tests that need a real project and have no network."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.wheels import record_text, zip_bytes

if TYPE_CHECKING:
    from pathlib import Path

#: Written by the program that installs.
_NOT_OF_THE_WHEEL = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")


def repack(name: str, into: Path) -> Path:
    """The wheel of an installed project of Python alone, without bytecode; its path.

    Console scripts are made anew from `entry_points.txt`, so those of the environment are left out.
    """
    distribution = importlib.metadata.distribution(name)
    members: dict[str, bytes] = {}
    for path in distribution.files or ():
        if ".." in path.parts or path.suffix == ".pyc" or path.name in _NOT_OF_THE_WHEEL:
            continue
        members[path.as_posix()] = path.read_binary()
    (info,) = {path.partition("/")[0] for path in members if ".dist-info/" in path}
    members[f"{info}/RECORD"] = record_text(members, f"{info}/RECORD").encode()
    stem = f"{canonicalize_name(name).replace('-', '_')}-{distribution.version}"
    wheel = into / f"{stem}-py3-none-any.whl"
    wheel.write_bytes(zip_bytes(members))
    return wheel


def repack_all(name: str, into: Path) -> None:
    """The wheels of an installed project and of all that it requires here, without extras."""
    wanted, done = [name], set[str]()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in done:
            continue
        done.add(name)
        repack(name, into)
        required = map(Requirement, importlib.metadata.requires(name) or ())
        wanted += [one.name for one in required if one.marker is None or one.marker.evaluate({"extra": ""})]
