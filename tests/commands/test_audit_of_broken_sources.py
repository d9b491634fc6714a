"""Broken sources and bundles: `audit --update` keeps the bundle before, and an audit never calls anything clean.

Each row is a whole command in this process; its outcome is an exit code, a reference, and words of the message.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safepip.advisories.database import FORM
from safepip.edges.advisories import records
from support.advisories import record, versions_of
from support.host import Host
from support.replies import Reply, drop, login_page, redirect, reset, stall, status, zeros
from support.runs import references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.inside import Inside
    from support.replies import Fault

SOUND = json.dumps(record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0")))
OTHER = json.dumps(record("GHSA-1", versions_of("demo", "introduced 0", ecosystem="npm")))


def zipped(path: Path, **files: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(f"{name}.json", content)


def packed_as(method: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as made:
            made.writestr("a.json", SOUND)

    return make


def changed(edit: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A sound archive whose bytes are changed."""

    def make(path: Path) -> None:
        zipped(path, a=SOUND, b=SOUND)
        path.write_bytes(edit(path.read_bytes()))

    return make


def encrypted(data: bytes) -> bytes:
    """APPNOTE 4.4.4: bit 0 of the flags, which both headers have."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data = re.sub(
            re.escape(signature) + b"(.{%d})." % (offset - 4), signature + rb"\1" + b"\x01", data, flags=re.DOTALL
        )
    return data


def link_in_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.json", SOUND)
        link = zipfile.ZipInfo("b.json")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, content in {"sound.json": SOUND, **{f"{name}.txt": text for name, text in files.items()}}.items():
        (path / name).write_text(content)
    return path


def folder_with_socket(path: Path) -> None:
    folder(path)
    with socket.socket(socket.AF_UNIX) as made:
        # Its path must be short.
        before = os.open(".", os.O_RDONLY)
        os.chdir(path)
        made.bind("b.json")
        os.fchdir(before)
        os.close(before)


def unreadable_file(path: Path) -> None:
    (folder(path) / "b.json").write_text(SOUND)
    (path / "b.json").chmod(0)


def deep(path: Path) -> None:
    folder(path).joinpath(*["d"] * 40).mkdir(parents=True)


SOURCES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "No such file or directory"),
    "empty-file": (lambda path: path.write_bytes(b""), "not a zip file"),
    "not-a-zip": (lambda path: path.write_text(SOUND), "not a zip file"),
    "empty-zip": (lambda path: zipped(path), "it has no records"),
    "zip-of-another-ecosystem": (lambda path: zipped(path, a=OTHER), "none of its records is about PyPI"),
    "zip-bomb": (
        lambda path: zipped(path, a=SOUND, b=" " * (records.LARGEST_RECORD + 1)),
        "b.json is larger than any record",
    ),
    "cut-zip": (changed(lambda data: data[:-30]), ""),
    "zip-without-its-end": (changed(lambda data: data[: len(data) // 2]), "not a zip file"),
    "damaged-zip": (changed(lambda data: data[:50] + bytes(20) + data[70:]), ""),
    "encrypted-zip": (changed(encrypted), "encrypted"),
    "zip-with-a-link": (link_in_archive, "b.json is a link, and links are not followed"),
    "zip-by-bzip2": (packed_as(zipfile.ZIP_BZIP2), "a.json is neither stored nor deflated"),
    "zip-by-lzma": (packed_as(zipfile.ZIP_LZMA), "a.json is neither stored nor deflated"),
    "pipe": (lambda path: os.mkfifo(path), "it is not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file"),
    "empty-folder": (lambda path: path.mkdir(), "it has no records"),
    "folder-of-other-files": (lambda path: (folder(path, a=SOUND) / "sound.json").unlink(), "it has no records"),
    "folder-with-a-link": (
        lambda path: (folder(path) / "b.json").symlink_to("/etc/passwd"),
        "b.json is a link, and links are not followed",
    ),
    "folder-with-a-linked-folder": (
        lambda path: (folder(path) / "more").symlink_to(path.parent),
        "more is a link, and links are not followed",
    ),
    "folder-with-a-pipe": (lambda path: os.mkfifo(folder(path) / "b.json"), "b.json: it is not a regular file"),
    "folder-with-a-socket": (folder_with_socket, "b.json: "),
    "folder-with-a-large-file": (
        lambda path: (folder(path) / "b.json").write_bytes(b" " * (records.LARGEST_RECORD + 1)),
        "b.json: File too large",
    ),
    "folder-without-end": (deep, "folders lie deeper than 32"),
    "unreadable-file": (unreadable_file, "b.json: Permission denied"),
}


class World(NamedTuple):
    """A folder with a bundle of a sound source, and the files that were there."""

    run: Inside

    @property
    def source(self) -> Path:
        """Where the source is."""
        return self.run.folder / "db"

    def configure(self, more: str = "", place: str = 'path = "db"') -> None:
        (self.run.folder / "safepip.toml").write_text(f'[[advisories]]\nname = "test"\n{place}\n{more}')

    def audit(self) -> int:
        """The exit code of an audit of a version of which nothing is known."""
        return self.run("audit", "-r", "requirements.txt").code


@pytest.fixture
def world(run: Inside) -> World:
    made = World(run)
    made.configure()
    folder(made.source)
    (run.folder / "requirements.txt").write_text("clean==1.0\n")
    assert run("audit", "--update").code == 0
    assert made.audit() == 0
    return made


def files_of(path: Path) -> set[str]:
    return {str(file) for file in path.rglob("*")}


@pytest.mark.parametrize("case", SOURCES)
def test_a_broken_source_leaves_the_bundle_before(world: World, case: str) -> None:
    """Never half of it, and nothing is waited for or written anywhere."""
    if case == "unreadable-file" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    make, words = SOURCES[case]
    (world.source / "sound.json").unlink()
    world.source.rmdir()
    make(world.source)
    before = files_of(world.run.folder)
    done = world.run("audit", "--update")
    assert (done.code, references(done.err)) == (3, ["advisories-unreadable"]), done
    assert words in done.err
    assert files_of(world.run.folder) == before
    assert world.audit() == 0


def test_names_that_lead_out_of_an_archive_lead_nowhere(world: World) -> None:
    """Nothing is unpacked: the record counts, and its name is only shown."""
    (world.source / "sound.json").unlink()
    world.source.rmdir()
    zipped(world.source, **{"../../out": "{", "/out": SOUND})
    before = files_of(world.run.folder.parent)
    assert world.run("audit", "--update").code == 0
    after = {path for path in files_of(world.run.folder.parent) - before if not path.endswith((".sqlite", ".json"))}
    assert after == set()
    assert not os.path.exists("/out.json")
    done = world.run("audit", "-r", "requirements.txt")
    assert (done.code, "../../out.json cannot be read: it is not JSON" in done.out) == (3, True)


# --- bundles -----------------------------------------------------------------------------------------------------


def recorded(world: World, edit: Callable[[bytes], bytes]) -> None:
    """Change the bundle together with the digest that is recorded for it."""
    (bundle,) = world.run.folder.rglob("*.sqlite")
    (pointer,) = bundle.parent.glob("*.json")
    content = edit(bundle.read_bytes())
    digest = hashlib.sha256(content).hexdigest()
    bundle.with_name(f"{digest}.sqlite").write_bytes(content)
    pointer.write_text(json.dumps({"form": FORM, "sha256": digest}))


def on_disk(edit: Callable[[Path], object]) -> Callable[[World], object]:
    """Change the file of the bundle alone."""
    return lambda world: edit(next(world.run.folder.rglob("*.sqlite")))


def replaced(world: World) -> None:
    (bundle,) = world.run.folder.rglob("*.sqlite")
    bundle.unlink()
    bundle.mkdir()


def dated(moment: str) -> Callable[[World], object]:
    """A bundle of a record of this moment."""

    def make(world: World) -> None:
        data = record("PYSEC-1", versions_of("demo", "introduced 0"), modified=moment)
        (world.source / "sound.json").write_text(json.dumps({**data, "modified": moment}))
        assert world.run("audit", "--update").code == 0

    return make


BUNDLES: dict[str, tuple[Callable[[World], object], str]] = {
    "cut": (on_disk(lambda path: path.write_bytes(path.read_bytes()[:-100])), "its bytes are not those that were"),
    "other": (on_disk(lambda path: path.write_bytes(path.read_bytes() + b"\0")), "its bytes are not those that were"),
    "empty": (on_disk(lambda path: path.write_bytes(b"")), "its bytes are not those that were"),
    "gone": (on_disk(os.unlink), "it cannot be read: No such file or directory"),
    "folder": (replaced, "it cannot be read: "),
    "garbage": (lambda world: recorded(world, lambda data: b"SQLite" * 1000), "it is broken: "),
    "unknown-form": (
        lambda world: recorded(world, lambda data: data.replace(b'"form": %d' % FORM, b'"form": 9')),
        "its form",
    ),
    "other-tables": (
        lambda world: recorded(world, lambda data: data.replace(b"projects (name", b"projects (nome")),
        "it is broken: ",
    ),
    "from-tomorrow": (
        lambda world: recorded(world, lambda data: re.sub(rb'("built": )\d', rb"\g<1>9", data)),
        "which is in the future",
    ),
    "record-from-tomorrow": (dated("2999-01-01T00:00:00Z"), "which is in the future"),
    "record-beyond-all-calendars": (dated("9999-12-31T23:59:59-12:00"), "which is in the future"),
    "too-old": (lambda world: world.configure('max-age = "P1D"\n'), "which is older than its max-age"),
    "of-other-sources": (
        lambda world: world.configure('[[advisories]]\nname = "more"\npath = "more"\n'),
        "there is none for the configured sources",
    ),
}


@pytest.mark.parametrize("case", BUNDLES)
def test_a_bundle_that_is_not_right_verifies_nothing(world: World, case: str) -> None:
    """Whether it cannot be used at all, or only not be relied on."""
    spoil, words = BUNDLES[case]
    spoil(world)
    done = world.run("audit", "-r", "requirements.txt")
    assert done.code == 3, done
    assert words in done.out + done.err
    assert "no finding in 1 version\n" not in done.out + done.err


# --- archives on servers -----------------------------------------------------------------------------------------

WORDS = ("--retries", "0", "--timeout", "1")


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as host:
        yield host


SERVERS: dict[str, tuple[Fault, str]] = {
    "drops": (drop(20), ""),
    "resets": (reset(), ""),
    "answers-500": (status(500), "the server answers 500"),
    "answers-404": (status(404), "the server answers 404"),
    "answers-html": (login_page(), "not a zip file"),
    "redirects-to-nothing": (redirect("/nothing.zip"), "the server answers 404"),
    "redirects-in-a-circle": (redirect("/PyPI.zip"), ""),
    "never-answers": (stall(30), ""),
    "has-no-end": (zeros(1 << 24), ""),
}


@pytest.mark.parametrize("case", SERVERS)
def test_a_server_that_does_not_give_the_archive_leaves_the_bundle_before(
    world: World, host: Host, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does instead."""
    # The bound itself, made small: what is without end is the test, and not its size.
    monkeypatch.setattr("safepip.edges.advisories.fetching.LARGEST_ARCHIVE", 1 << 20)
    zipped(world.run.folder / "all.zip", a=SOUND)
    host.paths["/PyPI.zip"] = lambda _request: Reply(200, (world.run.folder / "all.zip").read_bytes())
    world.configure(place=f'url = "{host.origin}/PyPI.zip"')
    assert world.run("audit", "--update", *WORDS).code == 0
    fault, words = SERVERS[case]
    host.faults["/PyPI.zip"] = fault
    done = world.run("audit", "--update", *WORDS)
    assert (done.code, references(done.err)) == (3, ["advisories-unreadable"]), done
    assert words in done.err
    assert world.audit() == 0
