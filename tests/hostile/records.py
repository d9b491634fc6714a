"""RECORD lists less, more or other than the wheel holds, or proves nothing; and files that only an installer writes."""

from __future__ import annotations

import csv
import io

from hostile.attack import (
    HARMLESS,
    INFO,
    INIT,
    RECORD,
    Offer,
    digest_of,
    offer,
    offer_files,
    parts,
    record_rows,
    stopped_by,
)
from support.zips import Part, zip_of

_Row = tuple[str, str, str]


def rows() -> list[_Row]:
    """The rows of the ordinary wheel's RECORD, that of the module first."""
    text = parts()[-1].content.decode()
    return [(path, digest, size) for path, digest, size in csv.reader(io.StringIO(text))]


def offer_record(*found: _Row) -> Offer:
    """The ordinary wheel with these rows."""
    return offer_files({RECORD: record_rows(list(found))})


@stopped_by("wrong-record")
def file_that_is_not_listed() -> Offer:
    """A file that RECORD does not list lands with the others, and no audit of RECORD finds it."""
    return offer_files({"widget/hidden.py": HARMLESS, RECORD: record_rows(rows())})


@stopped_by("wrong-record")
def bytecode_that_is_not_listed() -> Offer:
    """Compiled code that RECORD does not list stands in for a module whose source is harmless."""
    return offer_files({"widget/__pycache__/__init__.cpython-311.pyc": bytes(16), RECORD: record_rows(rows())})


@stopped_by("wrong-record")
def row_without_a_file() -> Offer:
    """RECORD lists a file that is not there; whoever uninstalls removes what stands in its place."""
    return offer_record(*rows(), ("victim/__init__.py", digest_of(b""), "0"))


@stopped_by("wrong-record")
def wrong_digest() -> Offer:
    """RECORD has the digest of the version that was reviewed, the wheel another content."""
    return offer_files({INIT: HARMLESS, RECORD: record_rows(rows())})


@stopped_by("wrong-record")
def wrong_digest_in_hex() -> Offer:
    """RECORD has in hex the digest of the version that was reviewed, the wheel another content."""
    listed = [(path, f"sha256={'0' * 64}" if path == INIT else digest, size) for path, digest, size in rows()]
    return offer_record(*listed)


@stopped_by("wrong-record")
def digest_by_md5() -> Offer:
    """RECORD's digest is MD5, for which two files of one digest can be made at will."""
    return offer_record((INIT, digest_of(b"__version__ = '1.0'\n", "md5"), "20"), *rows()[1:])


@stopped_by("wrong-record")
def digest_by_sha1() -> Offer:
    """RECORD's digest is SHA-1, for which two files of one digest have been made."""
    return offer_record((INIT, digest_of(b"__version__ = '1.0'\n", "sha1"), "20"), *rows()[1:])


@stopped_by("wrong-record")
def no_digest() -> Offer:
    """RECORD lists the file and proves nothing of it."""
    return offer_record((INIT, "", ""), *rows()[1:])


@stopped_by("wrong-record")
def two_rows_that_contradict() -> Offer:
    """RECORD lists a file twice with two digests, one of which is always right."""
    return offer_record((INIT, digest_of(b"other"), "5"), *rows())


@stopped_by("wrong-record")
def wrong_size() -> Offer:
    """RECORD's digest is right and its size is not: two statements, of which a reader may check the other."""
    return offer_record((INIT, rows()[0][1], "7"), *rows()[1:])


@stopped_by("wrong-record")
def size_that_is_no_number() -> Offer:
    """RECORD's size is not a number."""
    return offer_record((INIT, rows()[0][1], "many"), *rows()[1:])


@stopped_by("wrong-record")
def record_missing() -> Offer:
    """There is no RECORD at all."""
    return offer(zip_of(parts()[:-1]))


@stopped_by("wrong-record")
def record_empty() -> Offer:
    """RECORD is there and lists nothing."""
    return offer_files({RECORD: ""})


@stopped_by("wrong-record")
def record_that_is_no_table() -> Offer:
    """RECORD holds bytes that are no text."""
    return offer_files({RECORD: b"\xff\xfe\x00,\n" * 5})


@stopped_by("wrong-record")
def record_with_a_quote_left_open() -> Offer:
    """A quote that is never closed turns the rest of RECORD into one name."""
    return offer_files({RECORD: b'"widget/notes\n' + record_rows(rows())})


@stopped_by("wrong-record")
def absolute_row() -> Offer:
    """A row names a file from the root of the file system, which an uninstall would remove."""
    return offer_record(*rows(), ("/etc/passwd", "", ""))


@stopped_by("wrong-record")
def row_that_climbs() -> Offer:
    """A row climbs to a file outside site-packages, which an uninstall would remove."""
    return offer_record(*rows(), ("../../../bin/python", "", ""))


@stopped_by("wrong-record")
def row_by_another_spelling() -> Offer:
    """The file is listed under another spelling of its path, and its own name is not."""
    return offer_record(("widget/../widget/__init__.py", *rows()[0][1:]), *rows()[1:])


@stopped_by("wrong-record")
def signature_with_a_wrong_digest() -> Offer:
    """RECORD's own row has a digest of something else."""
    return offer_record(*rows()[:-1], (RECORD, digest_of(b"other"), "5"))


@stopped_by("installer-file")
def origin_written_beforehand() -> Offer:
    """The wheel brings a `direct_url.json`, so that `pip freeze` shows an origin of the attacker's choice."""
    return offer_files({f"{INFO}/direct_url.json": '{"url": "https://trusted.example/widget", "archive_info": {}}'})


@stopped_by("installer-file")
def request_written_beforehand() -> Offer:
    """The wheel brings REQUESTED, so that tools which clean up believe that the user asked for it."""
    return offer_files({f"{INFO}/REQUESTED": ""})


@stopped_by("installer-file")
def installer_written_beforehand() -> Offer:
    """The wheel brings INSTALLER, so that it seems to be the system's own and pip leaves it alone."""
    return offer_files({f"{INFO}/INSTALLER": "debian\n"})


@stopped_by("installer-file")
def provenance_written_beforehand() -> Offer:
    """The wheel brings the note in which installers keep where a file came from and who vouched for it."""
    note = '{"url": "https://trusted.example/widget.whl", "archive_info": {"hashes": {}}}'
    return offer_files({f"{INFO}/provenance_url.json": note})


@stopped_by("installer-file")
def removals_written_beforehand() -> Offer:
    """The wheel notes, as distutils did, which commands go with it: its next version takes others' commands away."""
    return offer_files({f"{INFO}/scripts/{name}": "" for name in ("activate", "python3", "another-project")})


@stopped_by("wrong-record")
def unlisted_by_the_bytes_of_its_name() -> Offer:
    """RECORD lists `café` in one Unicode form and the archive holds it in the other."""
    listed, held = "widget/caf\u00e9.py", "widget/cafe\u0301.py"
    members = parts({listed: HARMLESS})
    return offer(zip_of([Part(held, part.content) if part.name == listed else part for part in members]))
