"""Gets source code onto this machine: an archive fetched and unpacked, a repository checked out, a folder as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.builder.archives import unpack
from safepip.edges.builder.built_wheels import admit
from safepip.edges.builder.tree import REPOSITORIES
from safepip.edges.builder.tree_archive import write_archive
from safepip.edges.builder.tree_copy import copy_of
from safepip.edges.disk.local_paths import joined, local_path
from safepip.edges.indexes.downloads import Download
from safepip.edges.indexes.fetch import fetch_all
from safepip.index.deliveries import direct_source, sources
from safepip.model.errors import Refused, SafepipError
from safepip.model.events import Doing
from safepip.model.finding import printable
from safepip.model.index import Hashes
from safepip.model.source import SourceKind, SourceTree
from safepip.model.urls import is_file_url, is_secure, is_web, parse, stays_encrypted

if TYPE_CHECKING:
    from safepip.commands.resources import Resources
    from safepip.edges.indexes.listings import Listing
    from safepip.model.candidate import Candidate
    from safepip.model.digest import Digest, RequiredDigests
    from safepip.model.evidence import VerifiedFile
    from safepip.model.origin import Origin
    from safepip.model.plan import Settings
    from safepip.model.source import SourceCode


class SourceTrees:
    """Fetches and unpacks for one run. `checkouts` is the folder of editable ones, where `--src` names no other.

    Raises what fetching, unpacking and checking out raise.
    """

    def __init__(self, resources: Resources, settings: Settings, checkouts: str) -> None:
        self._resources = resources
        self._settings = settings
        self._checkouts = checkouts

    def of_listed(
        self, candidate: Candidate, listing: Listing, demand: RequiredDigests, before: Digest | None = None
    ) -> SourceTree:
        """The tree of a source archive that an index lists; `before` is the digest that it had in this run."""
        self._resources.sure()
        listing.check(candidate.file)
        file = candidate.file
        local = is_file_url(file.url)
        download = Download(
            file.filename,
            file.url,
            file.stated if before is None else (*file.stated, before),
            listing.allows(file),
            demand=demand,
            size=file.size,
            hashes_optional=listing.index.hashes is Hashes.OPTIONAL or local,
            owner=listing.index.url,
            sources=sources((listing.index,), self._settings.network.trusted_hosts),
            subject=candidate.name,
        )
        return self.of_file(self._fetch(download))

    def of_file(self, file: VerifiedFile, subdirectory: str = "") -> SourceTree:
        """The tree of a source archive that is verified."""
        root = unpack(file.path, file.filename, self._resources.scratch.folder("source"))
        return SourceTree(joined(root, subdirectory), root, digest=file.sha256, size=file.size)

    def of_named(self, source: SourceCode, demand: RequiredDigests, name: str, origin: Origin) -> SourceTree:
        """The tree of what the user names. `name` is the project's, empty where it is not known yet."""
        self._resources.sure()
        if source.kind is SourceKind.DIRECTORY:
            root = local_path(source.url)
            return SourceTree(joined(root, source.subdirectory), root, own=True)
        if source.kind is SourceKind.VCS:
            try:
                return self._checked_out(source, name)
            except SafepipError as error:
                raise type(error)(*(d._replace(origins=d.origins or (origin,)) for d in error.diagnostics)) from None
        # What the user names needs no confirmation by an index; it is what was asked for, and its digest is recorded.
        download = Download(
            parse(source.url).filename,
            source.url,
            (),
            stays_encrypted(source.url),
            demand=demand,
            hashes_optional=True,
            sources=direct_source(source.url),
            subject=name,
            origins=(origin,),
        )
        return self.of_file(self._fetch(download), source.subdirectory)

    def untouched(self, tree: SourceTree) -> SourceTree:
        """A copy of a checkout for `archive`, made before a backend writes into the checkout."""
        own = [joined(tree.root, name) for name in REPOSITORIES]
        return copy_of(tree, self._resources.scratch.folder("copy"), own)

    def archive(self, tree: SourceTree, name: str, version: str) -> VerifiedFile:
        """A checkout as one file, named as pip names it. Raises as `write_archive`."""
        folder, filename = self._resources.scratch.folder("archive"), f"{name}-{version}.zip"
        left_out = write_archive(tree, name, joined(folder, filename))
        if left_out:
            self._resources.console.notice(
                f"{filename} is without the links of the repository that lead to no file: a ZIP archive has none: "
                + ", ".join(printable(path) for path in left_out[:3])
            )
        return admit(self._resources.store, folder, filename)

    def _checked_out(self, source: SourceCode, name: str) -> SourceTree:
        """A checkout of this run alone, or, for pip's `-e`, one that stays."""
        from safepip.edges.builder.checkout import check_out, update

        if not is_secure(parse(source.url), self._settings.network.trusted_hosts):
            raise Refused.because(
                "file-elsewhere",
                f"{printable(source.url)} would be fetched without encryption",
                hint=f"use {source.vcs}+https; plain http is for this machine and for hosts named by --trusted-host",
                subject=name,
            )
        resources = self._resources
        resources.tell(Doing("Checking out", name or source.url))
        environ, tell = resources.world.environ, resources.console.notice
        login = resources.credentials.for_url(source.url) if is_web(source.url) else None
        if not source.editable:
            return check_out(source, resources.scratch.folder(name or "checkout"), environ, login=login, tell=tell)
        building = self._settings.building
        folder = joined(building.src_dir or self._checkouts, name or "checkout")
        return update(source, folder, environ, exists_action=building.exists_action, login=login, tell=tell)

    def _fetch(self, download: Download) -> VerifiedFile:
        network = self._settings.network
        (file,) = fetch_all(
            self._resources.network.loop,
            self._resources.network.transport,
            self._resources.store,
            [download],
            self._resources.tell,
            retries=network.retries,
            resume_retries=network.resume_retries,
        )
        return file
