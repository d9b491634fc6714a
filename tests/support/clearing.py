"""Wheels under judgement without a disk: bytes in, what a rule looks at out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from packaging.utils import parse_wheel_filename

from safepip.model.candidate import Candidate
from safepip.model.digest import Digest
from safepip.model.evidence import VerifiedFile
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile
from safepip.model.resolution import Pin
from safepip.model.route import Route, RoutingRule
from safepip.rules.context import RuleContext
from safepip.rules.under_review import WheelUnderReview
from safepip.wheel.content import content_from
from safepip.wheel.install_paths import Layout, install_paths_of
from safepip.wheel.metadata import parse_metadata

if TYPE_CHECKING:
    from safepip.model.wheel import WheelContent

REQUIRED_BY = Origin(Source.FILE, "requirements.txt", 7)

#: A virtual environment of a POSIX system.
LAYOUT = Layout(
    {
        "purelib": "/env/lib/python3.11/site-packages",
        "platlib": "/env/lib/python3.11/site-packages",
        "scripts": "/env/bin",
        "data": "/env",
        "headers": "/env/include/site/python3.11",
    },
    frozenset({"/env/lib/python3.11/site-packages"}),
)


class Bytes:
    """A source of bytes in memory, for `safepip.wheel.archive`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, start: int, end: int) -> bytes:
        """Bytes outside the file would be a mistake of the reader."""
        assert 0 <= start <= end <= self.size
        return self._data[start:end]


def content_of(filename: str, data: bytes, *, sound: bool = False) -> WheelContent:
    """The content of a wheel. Raises `ArchiveError`."""
    return content_from(Bytes(data), filename, sound=sound)


def verified(filename: str, data: bytes = b"") -> VerifiedFile:
    """A file as the store gives it."""
    digest = Digest("sha256", hashlib.sha256(data).hexdigest())
    return VerifiedFile._attest(filename, f"/store/{filename}", digest, len(data), (digest,))


def wheel_under_review(filename: str, data: bytes, layout: Layout = LAYOUT, **changes: Any) -> WheelUnderReview:
    """A wheel under judgement, resolved with its own METADATA. `changes` replace fields of its pin."""
    content = content_of(filename, data)
    name, version, _, _ = parse_wheel_filename(filename)
    file = ProjectFile(filename, f"https://files.example/{filename}")
    pin = Pin(
        name,
        version,
        Route(name, RoutingRule.DEFAULT, None),
        candidate=Candidate(name, version, file, 0),
        metadata=parse_metadata(content.info("METADATA") or b"", verified=True),
        required_by=(REQUIRED_BY,),
    )
    return WheelUnderReview(
        pin._replace(**changes), verified(filename, data), content, install_paths_of(content, layout)
    )


def context_of(*all_reviewed: WheelUnderReview, layout: Layout = LAYOUT, **more: Any) -> RuleContext:
    """These wheels, all in one run; `more` are further fields of `RuleContext`."""
    return RuleContext(all_reviewed, layout, **more)
