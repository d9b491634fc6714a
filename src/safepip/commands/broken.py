"""After an installation: which requirements in the environment are broken now, in pip's words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from safepip.commands.installed_environment import InstalledEnvironment
from safepip.environment.broken_requirements import InstalledVersion, broken
from safepip.environment.guards import installs_into_target
from safepip.model.errors import SafepipError
from safepip.wheel.metadata import MetadataError
from safepip.wheel.metadata_as_pip import metadata_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from packaging.version import Version

    from safepip.commands.decision import Decision
    from safepip.model.evidence import ClearedWheel
    from safepip.model.resolution import CoreMetadata


def broken_lines(decision: Decision, wheels: Sequence[ClearedWheel], gone: Collection[str]) -> list[str]:
    """A line for each requirement that will be broken when these wheels are installed and `gone` is taken away.

    To be asked before the installation. None where pip would not warn: with `--no-deps` and `--no-warn-conflicts`; and
    none for a folder of its own, whose distributions nothing in the environment requires.
    """
    settings, target = decision.inputs.settings, decision.inputs.target
    if settings.no_deps or "--no-warn-conflicts" in settings.forwarded or not installs_into_target(settings):
        return []
    # With --ignore-installed the run counts nothing as installed; it is there all the same.
    environment = InstalledEnvironment(target) if settings.ignore_installed else decision.installed
    before = {
        name: _installed_version(distribution.version, partial(environment.metadata, distribution))
        for name, distribution in environment.every().items()
        if name not in gone
    }
    installs = {wheel.pin.name: _installed_version(wheel.pin.version, partial(_metadata, wheel)) for wheel in wheels}
    return broken(before, installs, target.markers)


def _metadata(wheel: ClearedWheel) -> CoreMetadata:
    return metadata_in(wheel.content)


def _installed_version(version: Version, read: Callable[[], CoreMetadata]) -> InstalledVersion:
    """What is there in this version; what cannot be read requires nothing, as with pip."""
    try:
        return InstalledVersion(version, tuple(read().requires.with_extras(frozenset())))
    except (MetadataError, SafepipError):
        return InstalledVersion(version, ())
