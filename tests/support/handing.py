"""Resolutions made by hand and handed to pip, so that the handover can be tested without the rooms before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from safepip.edges.pip.running import hand_over, private_folder
from safepip.edges.target.interpreter import probe
from safepip.handover.instructions import make_handover
from safepip.model.candidate import Candidate
from safepip.model.digest import Digest
from safepip.model.evidence import ClearedWheel, VerifiedFile
from safepip.model.page import ProjectFile
from safepip.model.plan import Settings
from safepip.model.resolution import InstalledDistribution, Pin, Resolution
from safepip.model.route import Route, RoutingRule
from safepip.wheel.install_paths import install_paths_of, layout_of
from support.clearing import content_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from safepip.model.source import BuiltFrom
    from safepip.wheel.install_paths import Layout


@dataclass(frozen=True, slots=True)
class Chosen:
    """One wheel of a resolution, and how it stands in it."""

    wheel: Path
    requested: bool = False
    extras: frozenset[str] = frozenset()
    direct_url: str | None = None
    installs: bool = True
    built_from: BuiltFrom | None = None
    replaces: InstalledDistribution | None = None


def pin_of(chosen: Chosen) -> Pin:
    """The pin for a wheel."""
    name, version, build, _ = parse_wheel_filename(chosen.wheel.name)
    candidate = Candidate(name, version, ProjectFile(chosen.wheel.name, chosen.wheel.as_uri()), 0, build)
    route = Route(name, RoutingRule.DIRECT if chosen.direct_url else RoutingRule.DEFAULT, None)
    return Pin(
        name,
        version,
        route,
        candidate,
        extras=chosen.extras,
        requested=chosen.requested,
        direct_url=chosen.direct_url,
        built_from=chosen.built_from,
        replaces=chosen.replaces,
    )


def kept(distribution: InstalledDistribution, *, requested: bool = False, extras: Iterable[str] = ()) -> Pin:
    """The pin for an installed distribution that stays."""
    route = Route(distribution.name, RoutingRule.INSTALLED, None)
    return Pin(
        distribution.name,
        distribution.version,
        route,
        installed=distribution,
        requested=requested,
        extras=frozenset(extras),
    )


def cleared(pin: Pin, wheel: Path, layout: Layout | None = None) -> ClearedWheel:
    """The wheel as it comes out of the rules; it lands nowhere without a layout."""
    data = wheel.read_bytes()
    digest = Digest("sha256", hashlib.sha256(data).hexdigest())
    file = VerifiedFile._attest(wheel.name, str(wheel), digest, len(data), (digest,))
    content = content_of(wheel.name, data)
    return ClearedWheel._attest(pin, file, content, () if layout is None else install_paths_of(content, layout))


def resolve(
    choices: Iterable[Chosen], kept_pins: Iterable[Pin] = (), layout: Layout | None = None
) -> tuple[Resolution, list[ClearedWheel]]:
    """A resolution of these wheels, and the cleared wheels."""
    pins = [(pin_of(chosen), chosen) for chosen in choices]
    names = {pin.name: pin for pin in (*kept_pins, *(pin for pin, _ in pins))}
    resolution = Resolution(names, (), tuple(pin.name for pin, chosen in pins if chosen.installs))
    return resolution, [cleared(pin, chosen.wheel, layout) for pin, chosen in pins]


def install(
    python: Path | str,
    choices: Iterable[Chosen],
    *,
    settings: Settings | None = None,
    kept_pins: Iterable[Pin] = (),
    environ: Mapping[str, str],
) -> int:
    """Hand these wheels to pip for the environment of `python`; pip's exit code."""
    settings = settings or Settings()
    target = probe(str(python), settings, environ)
    resolution, wheels = resolve(choices, kept_pins, layout_of(settings, target))
    with private_folder() as folder:
        handover = make_handover(resolution, wheels, settings, folder)
        assert handover is not None
        return hand_over(handover, target, settings, environ)
