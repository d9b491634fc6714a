"""One project's source code: what it says of itself, and its backend once that is needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from safepip.build.build_system import BuildSystem, read_build_system
from safepip.build.outcome import check_built_metadata, check_built_name
from safepip.build.static_metadata import from_pkg_info, from_pyproject
from safepip.edges.builder.project_folder import project_files
from safepip.edges.disk.archive import ArchiveError, read_wheel_metadata
from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.wheel.metadata import MetadataError, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safepip.commands.bench import Bench
    from safepip.edges.builder.project_folder import ProjectFiles
    from safepip.index.candidates import TagRanks
    from safepip.model.build import BuildRecord
    from safepip.model.evidence import VerifiedFile
    from safepip.model.origin import Origin
    from safepip.model.resolution import CoreMetadata, Pin
    from safepip.model.source import SourceCode, SourceTree


class SourceProject:
    """`shown` names it in messages: `name version` where that is known, else as the user wrote it.

    `code` is what the user named, None for an archive of an index. `settings` are for its backend. `editable` says
    whether an editable wheel is built. `bench`, `record` (how its backend ran), `metadata` and `wheel` are filled as
    they become known. `is_there` is False while the tree is not on the disk. `untouched` is a copy of a checkout that
    is to be saved.
    """

    def __init__(
        self,
        tree: SourceTree,
        shown: str,
        origin: Origin,
        code: SourceCode | None = None,
        settings: Mapping[str, str | list[str]] | None = None,
        *,
        editable: bool = False,
    ) -> None:
        self.tree = tree
        self.shown = shown
        self.origin = origin
        self.code = code
        self.settings = settings or {}
        self.editable = editable
        self.is_there = True
        self.untouched: SourceTree | None = None
        self.bench: Bench | None = None
        self.record: BuildRecord | None = None
        self.metadata: CoreMetadata | None = None
        self.wheel: VerifiedFile | None = None

    @cached_property
    def files(self) -> ProjectFiles:
        """The files at its root that say what it is."""
        return project_files(self.tree.folder)

    @cached_property
    def system(self) -> BuildSystem:
        """What builds it. Raises `UnusableInput` as `read_build_system` does."""
        files = self.files
        return read_build_system(files.pyproject, has_setup_py=files.has_setup_py, shown=self.shown)

    def clear_away(self, discard: Callable[[str], None]) -> None:
        """Give up the tree, and what its backend has left: only what was learned stays."""
        if self.is_there:
            discard(self.tree.root)
            self.is_there = False
        if self.bench is not None:
            self.bench.clear_away(discard)
            self.bench = None

    def put_back(self, tree: SourceTree) -> None:
        """Have the tree again, unpacked of the same archive."""
        self.tree, self.is_there = tree, True

    def check_read_from(self, file: VerifiedFile | None, pin: Pin) -> None:
        """Raise `Refused` (`digest-mismatch`) where this is another archive than the one that was read."""
        if file is not None and file.sha256 != self.tree.digest:
            raise Refused.because(
                "digest-mismatch",
                f"the archive {printable(file.filename)} is not the one that was read before",
                context=(f"read before  {self.tree.digest}", f"file has     {file.sha256}"),
                hint="do not install it; if the file was replaced on purpose, its index must say so",
                origins=pin.required_by,
                subject=pin.name,
            )

    def stated(self) -> CoreMetadata | None:
        """The metadata that binds without running anything; None where only the backend knows it.

        A PKG-INFO counts in an archive alone: elsewhere it is a leftover of an earlier build. What an editable wheel
        requires is never stated: some backends add what makes it editable.
        """
        if self.editable:
            return None
        archive = self.tree.digest is not None and not self.tree.commit
        found = from_pkg_info(self.files.pkg_info) if archive and self.files.pkg_info is not None else None
        if found is None and self.files.pyproject is not None:
            found = from_pyproject(self.files.pyproject)
        return found

    def check_built(self, pin: Pin, wheel: VerifiedFile, ranks: TagRanks) -> None:
        """Hold what was built against what it was built for: pip would install whatever comes."""
        check_built_name(wheel.filename, pin.name, pin.version)
        if ranks.best(*wheel.filename[:-4].split("-")[-3:]) is None:
            raise Refused.because(
                "wrong-build",
                f"the wheel that was built of {self.shown} is for another platform or Python",
                context=(printable(wheel.filename),),
                hint="with -v you see what the build prints; settings or variables may have led it astray",
                origins=pin.required_by,
                subject=pin.name,
            )
        stated = pin.metadata or self.metadata
        if stated is None:
            return
        try:
            built = parse_metadata(read_wheel_metadata(wheel.path, wheel.filename), verified=True)
        except (ArchiveError, MetadataError):
            return  # the rules say so
        check_built_metadata(stated, built)
