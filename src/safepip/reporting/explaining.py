"""Why a project is installed in this version: the answer of `safepip explain`, as data and as text.

Everything reported is what the decision was based on: the route of its name, the requirements that asked for it, the
files that its index offers. A version newer than the chosen one was rejected for the first of these reasons that holds:
a requirement or constraint excludes it, it is yanked, it is a pre-release that nothing asks for, it was uploaded too
late, it is held back for its age, no wheel of it fits; else the search could not use it because of what it requires
itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.model.finding import printable
from safepip.resolution.askers import askers_of, limits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version

    from safepip.model.candidate import Candidate, ProjectCandidates
    from safepip.model.plan import Selection
    from safepip.model.requirement import Statements
    from safepip.model.resolution import Pin, Resolution
    from safepip.resolution.askers import Asker
    from safepip.resolution.dependencies import Markers
    from safepip.vetting.cooldown import AgeRules, Held

#: How many rejected versions are listed one by one.
_SHOWN = 20

_REJECTED = {
    "sdist-only": "has a source archive only",
    "platform": "has no wheel for this platform",
    "python": "has no wheel for this Python",
    "requires-python": "needs another Python",
}


class Explanation(NamedTuple):
    """What there is to say about one project of a resolution. `fell` are newer versions, each with the reason why it
    was rejected."""

    pin: Pin
    askers: tuple[Asker, ...]
    limits: tuple[Asker, ...]
    fell: tuple[tuple[str, str], ...]


def explain(
    name: str,
    resolution: Resolution,
    statements: Statements,
    markers: Markers,
    selection: Selection,
    available: ProjectCandidates | None,
    ages: AgeRules | None = None,
) -> Explanation:
    """Explain a project that the resolution has. `available` is what its index offers, None where no index was asked;
    `ages` are the rules on ages that applied to it, None where none did."""
    pin = resolution.pins[name]
    askers = askers_of(resolution.pins, statements.requirements, markers).get(name, ())
    limits = limits_of(statements.constraints).get(name, ())
    fell = tuple(_fell(pin, (*askers, *limits), selection, available, ages)) if available is not None else ()
    return Explanation(pin, askers, limits, fell)


def _fell(
    pin: Pin, askers: Sequence[Asker], selection: Selection, available: ProjectCandidates, ages: AgeRules | None
) -> Iterator[tuple[str, str]]:
    """Versions newer than the chosen one, newest first."""
    held = {} if ages is None else {h.candidate: h for h in ages.sift(available, available.candidates)[1]}
    newer: dict[Version, str] = {}
    for candidate in available.candidates:
        if candidate.version > pin.version and candidate.version not in newer:
            newer[candidate.version] = _reason(candidate, askers, selection, held.get(candidate))
    for rejected in available.rejected:
        if rejected.version > pin.version and rejected.version not in newer:
            detail = f": {printable(rejected.detail, 80)}" if rejected.detail else ""
            newer[rejected.version] = _REJECTED.get(rejected.reason, rejected.reason) + detail
    for version in sorted(newer, reverse=True):
        yield str(version), newer[version]


def _reason(candidate: Candidate, askers: Iterable[Asker], selection: Selection, held: Held | None) -> str:
    for asker in askers:
        if not asker.specifier.contains(candidate.version, prereleases=True):
            return f"excluded by {asker.who}, which asks for {asker.text}"
    file = candidate.file
    if file.yanked is not None:
        return f"yanked: {printable(file.yanked, 120) or 'no reason given'}"
    if candidate.is_wheel and selection.leaves_out_wheels(candidate.name):
        return "a wheel, and --no-binary leaves out wheels"
    if candidate.version.is_prerelease and selection.allows_prereleases(candidate.name) is not True:
        return "a pre-release, and nothing asks for one"
    if selection.uploaded_before is not None and (file.upload_time or 0) >= selection.uploaded_before:
        return "uploaded after the date of --uploaded-prior-to"
    if held is not None:
        return held.line()
    if selection.prefer_binary and not candidate.is_wheel:
        return "a source archive, and --prefer-binary takes an older wheel before it"
    return "the search could not use it: what it requires does not fit the rest"


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON can carry it."""
    pin = explanation.pin
    index = pin.route.index
    file = pin.candidate.file if pin.candidate is not None else None
    return {
        "name": pin.name,
        "version": str(pin.version),
        "index": None if index is None else {"name": index.name, "url": str(index.url)},
        "rule": pin.route.rule.value,
        "claim": pin.route.detail or None,
        "file": None if file is None else file.filename,
        "digests": [] if file is None else [str(digest) for digest in file.digests],
        "required_by": [{"who": asker.who, "requirement": asker.text} for asker in explanation.askers],
        "constrained_by": [{"who": asker.who, "constraint": asker.text} for asker in explanation.limits],
        "requires": list(pin.requires),
        "fell": [{"version": version, "reason": reason} for version, reason in explanation.fell],
    }


def as_text(explanation: Explanation) -> Iterator[str]:
    """The explanation in lines."""
    data: Mapping[str, Any] = as_data(explanation)
    yield f"{data['name']} {data['version']}"
    rule = f"{data['rule']} {data['claim'] or ''}".rstrip()
    yield f"  index        {data['index']['name']}  {data['index']['url']}" if data["index"] else "  index        none"
    yield f"  rule         {rule}"
    if data["file"]:
        yield f"  file         {printable(data['file'])}"
    for digest in data["digests"]:
        yield f"  digest       {digest}"
    yield from _block("required by", [f"{item['who']}: {item['requirement']}" for item in data["required_by"]])
    yield from _block("constrained", [f"{item['who']}: {item['constraint']}" for item in data["constrained_by"]])
    yield from _block("requires", list(data["requires"]))
    fell = [f"{item['version']}  {item['reason']}" for item in data["fell"]]
    more = [f"and {len(fell) - _SHOWN} more"] if len(fell) > _SHOWN else []
    yield from _block("fell", [*fell[:_SHOWN], *more])


def _block(title: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"  {title if number == 0 else '':<12} {line}"
