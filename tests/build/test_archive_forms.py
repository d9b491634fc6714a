"""The names of archives, and the forms that stand behind each."""

from __future__ import annotations

import pytest

from safepip.build.archive_forms import FORMS_OF_ENDINGS, ArchiveForm, form_of_archive
from safepip.model.names import ARCHIVE_ENDINGS


def test_every_ending_of_an_archive_has_its_forms() -> None:
    """The endings are known apart from the forms, by runs that open no archive."""
    known = [ending for endings, _ in FORMS_OF_ENDINGS for ending in endings]
    assert sorted(known) == sorted(ARCHIVE_ENDINGS)
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("ending", ARCHIVE_ENDINGS)
def test_a_name_and_bytes_that_contradict_each_other_have_no_form(ending: str) -> None:
    """Each ending is looked at, and none takes the bytes of every form."""
    heads = {ArchiveForm.ZIP: b"PK\3\4", ArchiveForm.GZIP: b"\x1f\x8b", ArchiveForm.XZ: b"\xfd7zXZ\0"}
    found = [form_of_archive(f"x-1{ending}", head) for head in heads.values()]
    assert found.count(None) >= 2
