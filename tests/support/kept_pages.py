"""A page as the cache of pages keeps it, and a clock for the cache."""

from __future__ import annotations

import hashlib
from typing import Any

from packaging.version import Version

from safepip.edges.indexes.page_cache import fingerprint
from safepip.model.candidate import SOURCE_RANK, Candidate, ProjectCandidates, RejectedVersion
from safepip.model.digest import Digest, strong
from safepip.model.page import ProjectFile, Status
from support.offers import TARGET

PRINT = fingerprint(TARGET, ignore_requires_python=False)
PAGE = "https://public.example/simple/acme-web/"


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def digest_of(data: bytes) -> Digest:
    return strong("sha256", hashlib.sha256(data).hexdigest())


def a_file(**fields: Any) -> ProjectFile:
    name = "acme_web-1.0-py3-none-any.whl"
    return ProjectFile(name, f"https://files.example/{name}", **{"digests": (digest_of(b"wheel"),), **fields})


def a_shelf() -> ProjectCandidates:
    file = a_file(
        requires_python=">=3.8", yanked="", metadata=(digest_of(b"text"),), size=12, upload_time=1_700_000_000.25
    )
    return ProjectCandidates(
        "acme-web",
        (
            Candidate("acme-web", Version("1!1.0+x"), file, 3, (1, "a")),
            Candidate("acme-web", Version("1.0"), a_file(), 0, released=1_690_000_000.0, for_new_python=True),
        ),
        (RejectedVersion(Version("2.0"), "sdist-only", "", yanked=True, upload_time=1.5, has_archive=True),),
        Status.DEPRECATED,
        "use acme-site",
        files=4,
        born=1.5,
        sources=tuple(
            Candidate("acme-web", Version(v), an_archive(v), SOURCE_RANK, released=1.5) for v in ("2.0", "1")
        ),
    )


def an_archive(version: str) -> ProjectFile:
    name = f"acme_web-{version}.tar.gz"
    return ProjectFile(name, f"https://files.example/{name}", (digest_of(name.encode()),), upload_time=1.5)
