"""`metadata-mismatch`: the metadata that resolution used is the metadata in the wheel itself.

Resolution reads METADATA from a sidecar file, from a range of the archive or from a cache, because that is quick; none
of these is the wheel. PEP 658 demands that a sidecar is identical to the METADATA in the wheel. Some indexes rewrite
line ends or descriptions, which changes no decision. So only the five fields that resolution reads are compared: Name,
Version, Requires-Python, Requires-Dist and Provides-Extra, as they were read and as pip reads them in the wheel
(`wheel.metadata_as_pip`). If these are equal, the wheel would have led to the same resolution. A dependency that is in
the wheel and was hidden from the resolution, or the other way round, is refused.

Equal bytes are not enough: the resolution has a reader of its own, and pip takes requirements from a file
`requires.txt` where METADATA has none. The next run of pip in the environment would follow those.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safepip.model.finding import Diagnostic, printable, without_version
from safepip.wheel.metadata import MetadataError, parse_metadata
from safepip.wheel.metadata_as_pip import metadata_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.resolution import CoreMetadata
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview


def check(wheel: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Whether they agree. A pin resolved without metadata (`--no-deps`) is compared with what would have been read."""
    pin, metadata = wheel.pin, wheel.content.info("METADATA") or b""
    reported = pin.metadata
    same = reported is None or reported.text == metadata
    try:
        inside = metadata_in(wheel.content)
    except MetadataError as error:
        # Where the bytes are those that were resolved with, or none were, `wrong-identity` says so.
        differences: tuple[str, ...] = () if same else (f"the METADATA in the wheel cannot be used: {error}",)
    else:
        try:
            differences = tuple(_differences(reported or parse_metadata(metadata, verified=True), inside))
        except MetadataError as error:
            # Pip can use it and the resolution could not: `wrong-identity`, which reads as pip, does not see that.
            differences = (f"the resolution cannot use the METADATA in the wheel: {error}",)
    if not differences:
        return None
    what = f"pip reads other metadata of {pin.name} {pin.version} than METADATA says"
    if not same:
        what = f"the metadata that {pin.name} {pin.version} was resolved with is not the metadata in its wheel"
    return Diagnostic(
        "metadata-mismatch",
        what,
        context=(f"wheel: {printable(wheel.file.filename)}", *differences),
        hint=f"tell the owner of the index; {without_version(pin.name, pin.version)}",
        origins=pin.required_by,
        subject=pin.name,
    )


def _differences(reported: CoreMetadata, inside: CoreMetadata) -> Iterator[str]:
    """One line for each difference that matters to resolution."""
    if reported.name != inside.name:
        yield f"Name: resolved with {reported.name}, in the wheel {inside.name}"
    if reported.version != inside.version:
        yield f"Version: resolved with {reported.version}, in the wheel {inside.version}"
    if _specifier(reported) != _specifier(inside):
        resolved, found = _shown(reported.requires_python), _shown(inside.requires_python)
        yield f"Requires-Python: resolved with {resolved}, in the wheel {found}"
    if reported.requires != inside.requires:
        yield from _requirements(reported, inside)
    for extra in sorted(inside.provided_extras - reported.provided_extras):
        yield f"Provides-Extra: only in the wheel: {printable(extra)}"
    for extra in sorted(reported.provided_extras - inside.provided_extras):
        yield f"Provides-Extra: not in the wheel: {printable(extra)}"


def _requirements(reported: CoreMetadata, inside: CoreMetadata) -> Iterator[str]:
    # A multiset: which of two equal requirements is written first changes nothing, how many there are is kept.
    here, there = Counter(reported.requires), Counter(inside.requires)
    for item in sorted(map(str, (there - here).elements())):
        yield f"Requires-Dist: only in the wheel: {printable(item)}"
    for item in sorted(map(str, (here - there).elements())):
        yield f"Requires-Dist: not in the wheel: {printable(item)}"


def _specifier(metadata: CoreMetadata) -> SpecifierSet:
    """`parse_metadata` gives only what is a specifier; without one every Python will do."""
    return SpecifierSet(metadata.requires_python or "")


def _shown(requires_python: str | None) -> str:
    return printable(requires_python, 100) if requires_python else "none"
