"""The files of a page by column, and made one by one: the same as by the careful way, or not at all."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.index import json_form
from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.index.json_form import read_json
from safepip.index.page_files import RegularFiles, columns_of
from safepip.model.page import ProjectFile, ProjectPage

URL = "https://index.example/simple/acme/"
SHA = hashlib.sha256(b"acme").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()

#: The names of the wheels that the target takes, of those that it does not take, and of the rest.
FITTING = [f"acme-{version}-py3-none-any.whl" for version in ("1.0", "2.0", "3.0")]
FOREIGN = [f"acme-{version}-cp31{minor}-cp31{minor}-win_amd64.whl" for version in ("1.0", "3.0") for minor in range(9)]
REST = ["acme-0.1.tar.gz", "acme-2.0.tar.gz", "acme-0.2-cp27-none-any.whl"]


def entry(name: str = FITTING[0], **fields: Any) -> dict[str, Any]:
    """A regular entry; a field of None is left out."""
    regular = {
        "filename": name,
        "url": f"https://files.example/ab/{name}",
        "hashes": {"sha256": SHA},
        "requires-python": ">=3.8",
        "core-metadata": {"sha256": OTHER},
        "yanked": False,
        "size": 3,
        "upload-time": "2020-01-02T03:04:05.000006Z",
    }
    return {key: value for key, value in (regular | fields).items() if value is not None}


def page_of(*entries: Any) -> ProjectPage:
    """The page with these entries."""
    return read_json("acme", json.dumps({"name": "acme", "files": entries}).encode(), URL)


def carefully(*entries: Any) -> ProjectPage:
    """The same read entry by entry: one that is not regular, and is taken away again, has the whole page read so."""
    last = entry("acme-9.zip", url="acme-9.zip")
    page = page_of(*entries, last)
    assert page.files[-1].filename == "acme-9.zip"
    return page._replace(files=tuple(page.files[:-1]))


HASHES = [
    {},
    {"sha256": SHA.upper()},
    {"sha256": SHA, "md5": "0" * 32},
    {"SHA256": SHA},
    {"sha256": SHA[1:]},
    [SHA],
    SHA,
]
HASHES += [
    {"sha256": "\ud800" * 64},
    {"sha256": "\u0661" * 64},
    {"sha256": [SHA]},
    {"sha256": f"{SHA[:-1]}g"},
    {"sha512": SHA * 2},
]
VALUES: dict[str, list[Any]] = {
    "filename": [FITTING[1], FOREIGN[0], "", 3, "a/b.whl", ["x"]],
    "url": [FITTING[0], f"../{FITTING[0]}", f"https://files.example/{FITTING[1]}", f"https://u@files.example/{FITTING[0]}",
            f"https://files.example/a/../{FITTING[0]}", f"http://files.example/{FITTING[0]}", f"file:///{FITTING[0]}",
            f"https://files.example/{FITTING[0]}#sha256={OTHER}", f"https://files.example/{FITTING[0]}?x=1", 3,
            f"https://files.example//{FITTING[0]}", f"https://files.example/\ud800/{FITTING[0]}", "https://files.example/"],
    "hashes": HASHES,
    "requires-python": ["", ">=3.8", 3, ["x"], "nonsense", False],
    "core-metadata": [True, False, {}, {"sha256": OTHER}, {"md5": "0" * 32}, {"sha256": 3}, {"sha256": "\ud800" * 64}],
    "dist-info-metadata": [True, {"sha256": OTHER}],
    "yanked": [True, False, "why", "", 3],
    "size": [-1, 0, "3", 3.5, True],
    "upload-time": ["2020-01-02", "yesterday", 3, ["x"], "2020-01-02T03:04:05+01:00"],
}  # fmt: skip

ENTRIES = st.one_of(
    st.just(entry()),
    *(
        st.builds(lambda value, key=key: entry(**{key: value}), st.sampled_from([None, *values]))
        for key, values in VALUES.items()
    ),
    st.sampled_from(["text", 3, None, [], {}]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(ENTRIES, max_size=3))
@example([entry(), entry(FOREIGN[0]), entry(REST[0])])
def test_both_ways_read_the_same(entries: list[Any]) -> None:
    """The files, how many were dropped, and what the columns say of them."""
    page, careful = page_of(*entries), carefully(*entries)
    assert (tuple(page.files), page.dropped) == (tuple(careful.files), careful.dropped)
    assert page.files == careful.files
    assert columns_of(page.files) == columns_of(careful.files)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in VALUES.items() for value in values], ids=repr
)
def test_one_odd_entry_is_read_as_by_the_careful_way(key: str, value: Any) -> None:
    entries = [entry(FITTING[1]), entry(**{key: value}), entry(FOREIGN[0])]
    page, careful = page_of(*entries), carefully(*entries)
    assert (tuple(page.files), page.dropped) == (tuple(careful.files), careful.dropped)
    assert columns_of(page.files) == columns_of(careful.files)


def test_a_file_is_made_when_it_is_looked_at_and_once() -> None:
    made: list[str] = []

    def make(one: Any) -> ProjectFile:
        made.append(one["filename"])
        return ProjectFile(one["filename"], one["url"])

    files = RegularFiles.of([entry(name) for name in FOREIGN], make)
    assert files is not None
    assert (len(files), made) == (len(FOREIGN), [])
    assert files.columns.filenames == FOREIGN
    assert made == []
    assert files[-1] is files[len(FOREIGN) - 1]
    assert files[2:3][0] is files[2]
    assert made == [FOREIGN[-1], FOREIGN[2]]
    with pytest.raises(IndexError):
        files[len(FOREIGN)]
    with pytest.raises(TypeError):
        hash(files)


def test_of_a_regular_page_only_what_a_target_may_need_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheels that fit, source archives, and one file for each version without a wheel that fits."""
    made: list[str] = []
    read = json_form._read_file

    def counted(one: Any, *rest: Any, **more: Any) -> ProjectFile:
        made.append(one["filename"])
        return read(one, *rest, **more)

    monkeypatch.setattr(json_form, "_read_file", counted)
    page = page_of(*(entry(name) for name in (*FOREIGN, *FITTING, *REST)))
    ranks, pythons = TagRanks(["py3-none-any"]), PythonVersions("3.11.0")
    available = candidates_for(page, ranks, pythons)
    assert [candidate.file.filename for candidate in available.candidates] == [*reversed(FITTING)]
    assert sorted(made) == sorted([*FITTING, *REST])
    whole = candidates_for(page._replace(files=tuple(page.files)), ranks, pythons)
    assert whole._replace(candidates=(), sources=()) == available._replace(candidates=(), sources=())
