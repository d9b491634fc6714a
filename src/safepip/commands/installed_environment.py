"""The distributions of a run's target, and whether each is what the run asks for by digest.

pip keeps what is installed in the wanted version. Where a lock or a `--hash` says which bytes are wanted, a name and a
version are not enough: what is known to be other bytes is installed anew, and what is not known is reported, or,
where it is demanded (`--verify-installed`), installed anew as well.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from safepip.model.digest import ANY_BYTES
from safepip.model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.edges.target.installed_memory import InstalledMemory
    from safepip.model.digest import Digest, RequiredDigests
    from safepip.model.plan import Target
    from safepip.model.resolution import CoreMetadata, InstalledDistribution, Pin


def open_installed(inputs: Inputs, resources: Resources) -> InstalledEnvironment:
    """The target's distributions; none where pip ignores them (`-I`, `--target`, download)."""
    settings = inputs.settings
    ignore = settings.ignore_installed or settings.target_dir is not None or not inputs.installs
    strict = settings.verify_installed or inputs.plan.policy.verify_installed is not None
    demanded = Demanded(inputs.allowed_hashes(), lambda: resources.installed_memory, strict=strict)
    return InstalledEnvironment(None if ignore else inputs.target, demanded, resources.in_part)


class Demanded:
    """What a run asks for by digest. `hashes` is what is demanded of files, by project; `memory` gives what is known
    of the installed ones; `strict` tells that what is not known does not do."""

    def __init__(
        self, hashes: Mapping[str, RequiredDigests], memory: Callable[[], InstalledMemory], *, strict: bool
    ) -> None:
        self._hashes = hashes
        self._memory = memory
        self._strict = strict
        self._known: dict[str, frozenset[Digest]] = {}

    def is_other(self, distribution: InstalledDistribution) -> bool:
        """Whether it may not stay as it is: known to be other bytes than those asked for, or, if strict, not known."""
        demand = self._hashes.get(distribution.name, ANY_BYTES)
        if not demand:
            return False
        if distribution.editable:
            return True  # its code is what lies in a folder, and not in any file with a digest
        known = self._digests(distribution)
        return demand.excludes(known) or (self._strict and not demand.meets(known))

    def unknown(self, pins: Iterable[Pin]) -> list[str]:
        """The projects that stay as they are though it is not known whether they are what is asked for by digest."""
        kept = [pin.installed for pin in pins if pin.installed is not None]
        asked = [(item, self._hashes.get(item.name, ANY_BYTES)) for item in kept]
        return sorted(item.name for item, demand in asked if demand and not demand.meets(self._digests(item)))

    def _digests(self, distribution: InstalledDistribution) -> frozenset[Digest]:
        path = distribution.metadata_path
        if path not in self._known:
            self._known[path] = self._memory().digests(distribution)
        return self._known[path]


class InstalledEnvironment:
    """The distributions of a target, listed when first asked for; None has none. Those whose metadata folders are among
    `in_part` do not count."""

    def __init__(
        self, target: Target | None, demanded: Demanded | None = None, in_part: Collection[str] = frozenset()
    ) -> None:
        self._target = target
        self._demanded = demanded
        self._in_part = in_part
        self._judged: dict[str, InstalledDistribution | None] = {}

    @cached_property
    def _found(self) -> Mapping[str, InstalledDistribution]:
        from safepip.edges.target.installed import installed

        found = {} if self._target is None else installed(self._target)
        return {name: item for name, item in found.items() if item.metadata_path not in self._in_part}

    def get(self, name: str) -> InstalledDistribution | None:
        """By normalised name; it tells whether it is editable, and whether it may stay."""
        if name not in self._judged:
            item = self._found.get(name)
            self._judged[name] = None if item is None else self._described(item)
        return self._judged[name]

    def _described(self, item: InstalledDistribution) -> InstalledDistribution:
        from safepip.edges.target.installed import is_editable

        item = item._replace(editable=is_editable(item))
        return item if self._demanded is None else item._replace(other=self._demanded.is_other(item))

    def unknown(self, pins: Iterable[Pin]) -> list[str]:
        """The projects that stay as they are though it is not known whether they are what is asked for by digest."""
        return [] if self._demanded is None else self._demanded.unknown(pins)

    def every(self) -> Mapping[str, InstalledDistribution]:
        """All of them, by normalised name."""
        return self._found

    def metadata(self, distribution: InstalledDistribution) -> CoreMetadata:
        """Read from disk. Raises `Unavailable` where it is missing or cannot be used."""
        from safepip.edges.target.installed import read_installed_metadata, repair_of
        from safepip.model.finding import printable
        from safepip.wheel.metadata import MetadataError, parse_metadata

        try:
            return parse_metadata(read_installed_metadata(distribution), verified=False)
        except MetadataError as error:
            raise Unavailable.because(
                "installed-metadata",
                f"the installed {distribution.name} {distribution.version} has metadata that cannot be used: {error}",
                context=(printable(distribution.metadata_path),),
                hint=repair_of(distribution),
            ) from None
