"""Hostile words in pages, metadata, file names and requirements: each is passed over or refused in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Done, Inside

#: Python refuses to read a number of so many digits (its limit is 4300).
HUGE = "1" * 5000

METADATA = "Metadata-Version: 2.1\nName: app\nVersion: {version}\n{more}"

#: What the newest wheel of a project says in its metadata, and what makes it unusable.
WORDS = {
    "a version of 5000 digits": {"version": HUGE, "more": ""},
    "a Python of 5000 digits": {"version": "2.0", "more": f"Requires-Python: <{HUGE}\n"},
    "a bound of 5000 digits": {"version": "2.0", "more": f"Requires-Dist: lib>={HUGE}\n"},
    "a marker of 5000 digits": {"version": "2.0", "more": f'Requires-Dist: lib; python_version > "{HUGE}"\n'},
    "a comparison that is not defined": {"version": "2.0", "more": 'Requires-Dist: lib; os_name ~= "posix"\n'},
    "a variable of lock files": {"version": "2.0", "more": 'Requires-Dist: lib; "x" in extras\n'},
}

#: Entries of a page that no one can use.
ENTRIES = {
    "a version of 5000 digits": {"filename": f"app-{HUGE}-py3-none-any.whl"},
    "a build of 5000 digits": {"filename": f"app-2.0-{HUGE}-py3-none-any.whl"},
    "a source archive of 5000 digits": {"filename": f"app-{HUGE}.tar.gz"},
    "a Python of 5000 digits": {"filename": "lib-2.0-py3-none-any.whl", "requires_python": f">={HUGE}"},
    "a name of dashes": {"filename": "-" * 200_000 + ".zip"},
}


def dry_run(run: Inside, index: IndexServer, *arguments: str) -> Done:
    return run("install", "--dry-run", "--ignore-installed", "-i", index.url, *arguments)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_metadata_that_cannot_be_evaluated_is_passed_over(
    run: Inside, index: IndexServer, words: dict[str, str]
) -> None:
    index.add("app", "1.0")
    index.add("lib", "1.0")
    index.add("app", "2.0", metadata=METADATA.format(**words))
    done = dry_run(run, index, "app")
    assert "internal-error" not in done.err, done.err
    assert done.code in (0, 1), done.err
    assert "app-2.0" not in done.out, done.err


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_that_cannot_be_read_does_not_spoil_its_page(
    run: Inside, index: IndexServer, entry: dict[str, Any]
) -> None:
    index.add("app", "1.0")
    index.add_file("app", data=b"PK", **entry)
    done = dry_run(run, index, "app")
    assert "internal-error" not in done.err, done.err
    assert "Would install app-1.0" in done.out, done.err


@pytest.mark.parametrize(
    "text",
    [
        'app; os_name ~= "posix"',
        f"app=={HUGE}",
        f'app; python_version > "{HUGE}"',
        'app; "x" in extras',
        f"./app-{HUGE}-py3-none-any.whl",
        f"app @ https://files.example/app-{HUGE}-py3-none-any.whl",
    ],
    ids=["comparison", "version", "marker", "lock file", "path", "url"],
)
def test_a_requirement_that_cannot_be_evaluated_is_told_in_plain_words(
    run: Inside, index: IndexServer, text: str
) -> None:
    index.add("app", "1.0")
    done = dry_run(run, index, text)
    assert "internal-error" not in done.err, done.err
    assert done.code in (1, 2), done.err
