"""Wheels on disk before safepip's rules: alone, and beside each other as in one run.

What decides is the product's own: the store verifies, `WheelReading` reads, `install_paths_of` and `judge` do what they
do in an install. Around it is a plain environment without anything installed in it, of the system that a wheel is for.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from safepip.commands.clearing import unreadable_wheel
from safepip.edges.disk.archive import ArchiveError, WheelReading
from safepip.model.candidate import Candidate
from safepip.model.errors import Refused
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile
from safepip.model.resolution import Pin
from safepip.model.route import Route, RoutingRule
from safepip.rules.context import RuleContext
from safepip.rules.judging import judge
from safepip.rules.under_review import WheelUnderReview
from safepip.wheel.install_paths import Layout, install_paths_of
from safepip.wheel.metadata import MetadataError, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safepip.edges.disk.store import Store
    from safepip.model.evidence import VerifiedFile
    from safepip.model.finding import Diagnostic
    from safepip.model.wheel import WheelContent

#: Bytes that are taken into the store at a time.
_CHUNK = 1 << 20


def _layout(site: str, scripts: str, library: str, *, windows: bool) -> Layout:
    base = "C:/base" if windows else "/base"
    root = "C:/env" if windows else "/env"
    python = "{}.{}".format(*sys.version_info[:2])
    return Layout(
        {
            "purelib": f"{root}/{site}",
            "platlib": f"{root}/{site}",
            "scripts": f"{root}/{scripts}",
            "data": root,
            "headers": f"{root}/include/site/python{python}",
        },
        frozenset({f"{root}/{site}"}),
        windows=windows,
        libraries=frozenset({f"{base}/{library}"}),
        prefix=root,
        base_prefix=base,
        python=python,
    )


_LIBRARY = "lib/python{}.{}".format(*sys.version_info[:2])
POSIX = _layout(f"{_LIBRARY}/site-packages", "bin", _LIBRARY, windows=False)
WINDOWS = _layout("Lib/site-packages", "Scripts", "Lib", windows=True)


@dataclass
class Verdict:
    """What came of one wheel. `content` is None where the archive could not be read."""

    path: Path
    name: str
    version: Version
    content: WheelContent | None = None
    findings: tuple[Diagnostic, ...] = ()
    reviewed: WheelUnderReview | None = field(default=None, repr=False)

    @property
    def filename(self) -> str:
        """The wheel's file name."""
        return self.path.name

    @property
    def windows(self) -> bool:
        """Whether the wheel is for Windows only."""
        return self.filename.removesuffix(".whl").rsplit("-", 1)[-1].startswith("win")

    @property
    def foreign(self) -> bool:
        """Whether the wheel is for another system than Linux with glibc."""
        platform = self.filename.removesuffix(".whl").rsplit("-", 1)[-1]
        return "manylinux" not in platform and platform != "any" and not platform.startswith("linux")

    @property
    def generator(self) -> str:
        """The program that made the wheel, as WHEEL names it."""
        for line in ((self.content and self.content.info("WHEEL")) or b"").decode("utf-8", "replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip().lower() == "generator":
                return value.strip()
        return ""


def judged(path: Path, store: Store) -> Verdict:
    """Judge one wheel as if it were alone in its run."""
    name, version, _, _ = parse_wheel_filename(path.name)
    verdict = Verdict(path, name, version)
    file = _admitted(path, store)
    pin = _pin(name, version, path.name)
    with WheelReading() as reading:
        (content,) = reading.contents([(file.path, file.filename)])
    os.unlink(file.path)
    if isinstance(content, ArchiveError):
        verdict.findings = (unreadable_wheel(pin, file, content),)
        return verdict
    verdict.content = content
    # Else as if resolved without metadata, as with --no-deps: that it cannot be read is for a rule to say.
    with suppress(MetadataError):
        pin = pin._replace(metadata=parse_metadata(content.info("METADATA") or b"", verified=True))
    layout = WINDOWS if verdict.windows else POSIX
    verdict.reviewed = WheelUnderReview(pin, file, content, install_paths_of(content, layout))
    verdict.findings = findings([verdict.reviewed], layout)
    return verdict


def findings(all_reviewed: Iterable[WheelUnderReview], layout: Layout) -> tuple[Diagnostic, ...]:
    """What the rules say of these wheels in one run."""
    try:
        judge(RuleContext(tuple(all_reviewed), layout, standard_library=frozenset(sys.stdlib_module_names)))
    except Refused as refused:
        return refused.diagnostics
    return ()


def together(verdicts: Iterable[Verdict]) -> tuple[int, list[Diagnostic]]:
    """Judge the newest wheel of each project in one run, those for other systems left out.

    Gives the number of wheels, and the findings that they did not have alone.
    """
    newest: dict[str, Verdict] = {}
    for verdict in verdicts:
        known = newest.get(verdict.name)
        if verdict.reviewed is not None and not verdict.foreign and (known is None or known.version < verdict.version):
            newest[verdict.name] = verdict
    alone = {(d.reference, d.subject, d.context) for verdict in newest.values() for d in verdict.findings}
    found = findings((v.reviewed for v in newest.values() if v.reviewed is not None), POSIX)
    return len(newest), [d for d in found if (d.reference, d.subject, d.context) not in alone]


def _admitted(path: Path, store: Store) -> VerifiedFile:
    """The file as the product has it before it is judged. pip has compared its digest with the index's."""
    with store.incoming() as incoming, path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            incoming.write(chunk)
        return incoming.admit(path.name, (), unhashed=True)


def _pin(name: NormalizedName, version: Version, filename: str) -> Pin:
    file = ProjectFile(filename, f"https://files.example/{filename}")
    return Pin(
        name,
        version,
        Route(name, RoutingRule.DEFAULT, None),
        candidate=Candidate(name, version, file, 0),
        required_by=(Origin(Source.FILE, "requirements.txt", 1),),
    )
