"""Decides by hashes, where all are pinned so: `requirements.txt` as pip-compile, uv and safepip itself write it.

Nothing is searched for: each project's file is the one that has a hash of its line. What the wheels themselves require
is held against the lines once they are read; where a line is missing or does not fit, the search is made after all,
which says what is wrong in pip's terms. So the answer is the search's in every case, and in the usual one it costs no
metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.by_search import search
from safepip.index.candidates import PythonVersions
from safepip.index.finder import is_pinned
from safepip.lock.graph import Chosen, Root, walk
from safepip.model.errors import Refused, Unavailable
from safepip.model.page import Status
from safepip.model.plan import UpgradeStrategy
from safepip.model.requirement import counts, required_digests
from safepip.model.resolution import Pin, Resolution
from safepip.wheel.metadata import MetadataError
from safepip.wheel.metadata_as_pip import metadata_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.commands.installed_environment import InstalledEnvironment
    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.model.plan import Settings
    from safepip.model.requirement import Requirement
    from safepip.rules.under_review import WheelUnderReview


def resolve_hashed(inputs: Inputs, installed: InstalledEnvironment, catalog: IndexCatalog) -> Resolution | None:
    """The pins that the lines name, or None where that is not plain, and the search has to decide."""
    wanted = _plain(inputs)
    if wanted is None:
        return None
    catalog.expect_pages(requirement.name for requirement in wanted)
    pins: dict[str, Pin] = {}
    for requirement in wanted:
        pin = _pin(inputs.settings, installed, catalog, requirement)
        if pin is None:
            return None
        pins[requirement.name] = pin
    to_install = sorted(name for name, pin in pins.items() if pin.candidate is not None)
    return Resolution(pins, (), tuple(to_install))


def _plain(inputs: Inputs) -> list[Requirement] | None:
    """The requirements in force, one a project and each with hashes and one version; None where they are not so."""
    settings, statements = inputs.settings, inputs.statements
    kept_as_is = settings.upgrade is UpgradeStrategy.TO_SATISFY_ONLY and not (settings.no_deps or settings.only_deps)
    if not statements.require_hashes or settings.dry_run or not kept_as_is or statements.constraints:
        return None
    wanted = [r for r in statements.requirements if counts(r, inputs.target.markers)]
    plain = all(r.hashes and r.url is None and is_pinned(r.specifier) for r in wanted)
    return wanted if plain and len({r.name for r in wanted}) == len(wanted) else None


def _pin(
    settings: Settings, installed: InstalledEnvironment, catalog: IndexCatalog, requirement: Requirement
) -> Pin | None:
    """One line's file as its index lists it; None for anything out of the ordinary."""
    name = requirement.name
    there = installed.get(name)
    fresh = settings.force_reinstall or settings.ignore_installed
    try:
        routed = catalog.candidates_for(name, [requirement.origin])
        if routed.available.status is not Status.ACTIVE:
            return None
        # The finder knows the hashes, the order of tags, pre-releases and dates as the search does.
        demand = required_digests(requirement)
        candidates = catalog.finder.applicable(routed.available, requirement.specifier, demand)
    except Refused:
        return None  # the search finds all refusals of a run together
    if not candidates or candidates[0].file.yanked is not None:
        return None
    chosen = candidates[0]
    if not chosen.is_wheel:
        return None  # what it requires is not known before it is built
    if not demand.names(chosen.file.stated):
        return None
    stays = there is not None and not (fresh or there.other) and there.version == chosen.version
    kept = there if stays else None
    return Pin(
        name,
        chosen.version,
        routed.route,
        candidate=None if kept else chosen,
        installed=kept,
        replaces=None if kept else there,
        extras=requirement.extras,
        requested=True,
        required_by=(requirement.origin,),
    )


def check_hashed_is_whole(decision: Decision, wheels: Sequence[WheelUnderReview]) -> None:
    """Hold what the wheels require against the lines. Where that is not plain the search is made after all.

    Raises whatever the search raises, and `Refused` (`lock-differs`) where it comes to other files.
    """
    if _is_whole(decision, wheels):
        return
    pinned = _files(decision.resolution)
    searched = _files(search(decision.inputs, decision.installed, decision.catalog))
    if searched != pinned:
        names = sorted(dict(searched ^ pinned))
        raise Refused.because(
            "lock-differs",
            "what the requirements pin by hash is not what their wheels need",
            context=tuple(f"about {name}" for name in names[:10]),
            hint="make the file anew: safepip lock -r requirements.in -o requirements.txt",
        )


def _files(resolution: Resolution) -> set[tuple[str, str]]:
    """What would be installed: projects and files."""
    pins = [resolution.pins[name] for name in resolution.to_install]
    return {(pin.name, pin.candidate.file.filename) for pin in pins if pin.candidate is not None}


def _is_whole(decision: Decision, wheels: Sequence[WheelUnderReview]) -> bool:
    """Whether everything that the wheels require is among the pins, in a version that fits."""
    chosen: dict[str, Chosen] = {}
    inside = {wheel.pin.name: wheel.content for wheel in wheels}
    inputs = decision.inputs
    pythons = PythonVersions(inputs.target.version, ignore=inputs.settings.selection.ignore_requires_python)
    for name, pin in decision.resolution.pins.items():
        try:
            if pin.installed is not None:
                metadata = decision.installed.metadata(pin.installed)
            else:
                metadata = metadata_in(inside[name])
        except (MetadataError, Unavailable):
            return False
        if pin.installed is None and not pythons.admitted_by(metadata.requires_python):
            return False
        chosen[name] = Chosen(pin.version, metadata)
    roots = [Root(r.name, r.extras, r.specifier) for r in _plain(inputs) or ()]
    graph = walk(roots, chosen.get, inputs.target.markers)
    by_url = any(r.url for node in chosen.values() if node.metadata is not None for r in node.metadata.requires)
    return not graph.problems and not by_url
