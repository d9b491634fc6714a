"""The catalogue and source archives: where each was listed, and who reads its metadata; nothing is fetched ahead."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from safepip.commands.catalogue import open_catalog
from safepip.commands.inputs import read_inputs
from safepip.commands.resources import Resources
from safepip.model.digest import strong
from safepip.wheel.metadata import parse_metadata
from support.wheels import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.edges.indexes.catalog import IndexCatalog
    from safepip.edges.indexes.listings import Listing
    from safepip.model.candidate import Candidate
    from safepip.model.digest import Digest
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import CoreMetadata
    from support.index import IndexServer
    from support.inside import Inside


#: The digest of what the reader says it has read.
READ = strong("sha256", "ab" * 32)


class Reader:
    """Metadata for every archive; `asked` is what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Candidate, Listing | None]] = []

    def metadata(self, candidate: Candidate, listing: Listing | None) -> CoreMetadata:
        self.asked.append((candidate, listing))
        text = f"Metadata-Version: 2.2\nName: demo\nVersion: {candidate.version}\n\n"
        return parse_metadata(text.encode(), verified=False)

    def read_from(self, candidate: Candidate) -> Digest | None:
        assert str(candidate.version) == "2.0"
        return READ

    def candidate(self, requirement: Requirement | Constraint) -> Candidate:
        raise AssertionError(f"{requirement.name} is named by no URL")


@contextmanager
def catalogue(*words: str) -> Iterator[IndexCatalog]:
    """The catalogue of a run with these arguments."""
    with Resources() as resources:
        yield open_catalog(read_inputs("download", [*words, "demo"], resources), resources)


def files_asked(index: IndexServer) -> list[str]:
    """Which files, sidecars among them, the index was asked for."""
    return [path for path in index.paths_asked() if not path.endswith("/")]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("cache", [(), ("--no-cache-dir",)])
def test_an_archive_has_its_listing_and_its_metadata_comes_from_the_reader(
    index: IndexServer, cache: tuple[str, ...]
) -> None:
    index.add("demo", "1.0")
    index.add_sdist("demo", "2.0")
    index.cache_control = "max-age=600"
    for _ in range(2):  # from the page, and from the cache of the first
        with catalogue("-i", index.url, *cache) as catalog:
            available = catalog.candidates_for("demo", ()).available
            (archive,), (wheel,) = available.sources, available.candidates
            listing = catalog.listing(archive)
            assert listing is not None
            assert listing == catalog.listing(wheel)
            catalog.check_servable(archive)
            assert catalog.may_fetch(archive)(archive.file.url)
            catalog.expect_metadata(archive)
            with pytest.raises(LookupError, match=r"demo 2\.0"):
                catalog.metadata(archive)
            catalog.sources = reader = Reader()
            assert str(catalog.metadata(archive).version) == "2.0"
            assert reader.asked == [(archive, listing)]
            assert catalog.stated(archive, archive.file) == (*archive.file.stated, READ)
            assert catalog.stated(wheel, wheel.file) == wheel.file.stated
    assert files_asked(index) == []


@pytest.mark.usefixtures("run")
def test_archives_of_sources_with_the_same_files_are_those_of_the_first(
    two_indexes: tuple[IndexServer, IndexServer],
) -> None:
    for index in two_indexes:
        index.add("demo", "1.0")
        index.add_sdist("demo", "2.0")
    for first, second in (two_indexes, two_indexes[::-1]):
        with catalogue("-i", first.url, "--extra-index-url", second.url) as catalog:
            (archive,) = catalog.candidates_for("demo", ()).available.sources
            listing = catalog.listing(archive)
            assert listing is not None
            assert str(listing.index.url) == first.url
            assert archive.file.url.startswith(first.host.origin)
            assert len(archive.age_statements) == 2


def test_a_hash_decides_between_indexes_for_archives_too(
    two_indexes: tuple[IndexServer, IndexServer], run: Inside
) -> None:
    one, other = two_indexes
    one.add("demo", "1.0")
    other.add("demo", "1.0", requires=["other"])
    wanted = other.add_sdist("demo", "2.0")
    one.add_sdist("demo", "2.0", requires=["more"])
    (run.folder / "r.txt").write_text(f"demo==2.0 --hash=sha256:{sha256(wanted.data)}\n")
    with Resources() as resources:
        words = ["-i", one.url, "--extra-index-url", other.url, "-r", "r.txt"]
        catalog = open_catalog(read_inputs("download", words, resources), resources)
        available = catalog.candidates_for("demo", ()).available
        (archive,) = available.sources
        listing = catalog.listing(archive)
        assert listing is not None
        assert (available.candidates, str(listing.index.url)) == ((), other.url)


def test_a_file_of_an_index_and_its_mirror_is_the_indexs(
    two_indexes: tuple[IndexServer, IndexServer], run: Inside
) -> None:
    original, mirror = two_indexes
    original.add_sdist("demo", "1.0")
    for version in ("1.0", "2.0"):
        mirror.add_sdist("demo", version)
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "public"\nurl = "{original.url}"\ndefault = true\n'
        f'[[index]]\nname = "near"\nurl = "{mirror.url}"\nmirror-of = "public"\n'
    )
    with catalogue() as catalog:
        archives = catalog.candidates_for("demo", ()).available.sources
        listings = {str(c.version): listing for c in archives if (listing := catalog.listing(c)) is not None}
        assert {version: listing.index.name for version, listing in listings.items()} == {
            "2.0": "near",
            "1.0": "public",
        }
