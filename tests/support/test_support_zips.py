"""Archives built field by field are ordinary ones where nothing was changed."""

from __future__ import annotations

import io
import zipfile

import pytest

from support.wheels import build_wheel
from support.zips import DEFLATED, LINK, Part, changed, parts_of, zip_of

FILENAME, WHEEL = build_wheel("acme", "1.0", scripts={"acme": "acme:main"})


def seen(data: bytes) -> dict[str, bytes]:
    """Every member as zipfile reads it, checksums compared."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_untouched_parts_are_the_wheel() -> None:
    """What is taken apart and built again is read as before."""
    assert seen(zip_of(parts_of(WHEEL))) == seen(WHEEL)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": DEFLATED},
        {"zip64": True},
        {"zip64": True, "zip64_offset": True},
        {"descriptor": "signed"},
        {"descriptor": "bare"},
        {"comment": b"hello"},
        {"extra": b"\xca\xfe\0\0"},
    ],
    ids=str,
)
def test_each_form_of_a_member_is_an_archive(changes: dict[str, object]) -> None:
    """Every form that the standard has is read by zipfile."""
    assert seen(zip_of(changed(parts_of(WHEEL), "acme/__init__.py", **changes))) == seen(WHEEL)


def test_each_form_of_the_end_is_an_archive() -> None:
    """A prefix, a comment, another order and ZIP64 records are read by zipfile."""
    parts = parts_of(WHEEL)
    backwards = list(range(len(parts)))[::-1]
    for data in (
        zip_of(parts, prefix=b"#!/bin/sh\n"),
        zip_of(parts, prefix=b"#!/bin/sh\n", shift=-10),
        zip_of(parts, comment=b"hello"),
        zip_of(parts, order=backwards),
        zip_of(parts, zip64=True),
        zip_of(parts, zip64=True, end={"count": 0xFFFF, "here": 0xFFFF, "size": 0xFFFFFFFF, "start": 0xFFFFFFFF}),
    ):
        assert seen(data) == seen(WHEEL)


def test_fields_are_changed_one_by_one() -> None:
    """A mode, a hidden member and a contradiction are where they were put."""
    parts = parts_of(WHEEL)
    data = zip_of([*changed(parts, "acme/__init__.py", mode=LINK | 0o777), Part("hidden.py", b"1", listed=False)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.getinfo("acme/__init__.py").external_attr >> 16 == 0o120777
        assert "hidden.py" not in archive.namelist()
    assert b"hidden.py" in data
    with pytest.raises(zipfile.BadZipFile):
        seen(zip_of([Part("a.py", local={"name": b"b.py"})]))
