"""The forms of archives of source code: which one a file has, by its name and its first bytes together.

pip goes by the type that a server announces, then by the name, then by the first bytes, and for a `.tar` by the first
bytes again, so that one file can be read as two. Here the name decides and the first bytes have to agree; where the
name says nothing, the first bytes decide. `.tar.lz` is one of pip's names; its form, lzip, is one that pip cannot read.
"""

from __future__ import annotations

import enum


class ArchiveForm(enum.Enum):
    """How an archive is packed. The value is what messages call it."""

    ZIP = "a ZIP archive"
    TAR = "a tar archive"
    GZIP = "a tar archive packed by gzip"
    BZIP2 = "a tar archive packed by bzip2"
    XZ = "a tar archive packed by xz"
    LZMA = "a tar archive packed by lzma"


#: Every one of `safepip.model.names.ARCHIVE_ENDINGS`, with the forms that it may stand for.
FORMS_OF_ENDINGS = (
    ((".zip",), (ArchiveForm.ZIP,)),
    ((".tar.gz", ".tgz"), (ArchiveForm.GZIP,)),
    ((".tar.bz2", ".tbz"), (ArchiveForm.BZIP2,)),
    # pip gives all of these to one reader, which tells the two forms apart by itself.
    ((".tar.xz", ".txz", ".tlz", ".tar.lzma", ".tar.lz"), (ArchiveForm.XZ, ArchiveForm.LZMA)),
    ((".tar",), (ArchiveForm.TAR,)),
)

_MARKS = (
    (b"PK\3\4", ArchiveForm.ZIP),
    (b"PK\5\6", ArchiveForm.ZIP),
    (b"\x1f\x8b", ArchiveForm.GZIP),
    (b"BZh", ArchiveForm.BZIP2),
    (b"\xfd7zXZ\0", ArchiveForm.XZ),
    (b"]\0\0", ArchiveForm.LZMA),
)

#: How many bytes from the front `form_of_archive` looks at.
HEAD_BYTES = 512


def form_of_archive(filename: str, head: bytes) -> ArchiveForm | None:
    """The form of an archive, None where its name and its first bytes contradict each other or say nothing."""
    found = next((form for mark, form in _MARKS if head.startswith(mark)), None)
    if found is None and (head[257:262] == b"ustar" or filename.lower().endswith(".tar")):
        found = ArchiveForm.TAR
    for endings, forms in FORMS_OF_ENDINGS:
        if filename.lower().endswith(endings):
            return found if found in forms else None
    return found
