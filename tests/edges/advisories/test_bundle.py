"""The bundle: built aside, in place in one step, and not believed where anything about it is wrong."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from safepip.advisories import database as packed
from safepip.advisories.database import FORM
from safepip.edges.advisories.bundle import Bundle, open_bundle
from safepip.edges.advisories.gathering import update
from safepip.model.advisory_policy import AdvisorySource
from safepip.model.errors import Unavailable
from safepip.model.origin import BUILT_IN
from support.advisories import NOW, malicious, record, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAY = 86_400.0
DIGEST = "ab" * 32

RECORDS = (
    record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",)),
    record("GHSA-1", versions_of("other", "introduced 0"), aliases=("CVE-1",)),
    malicious("MAL-1", "evil", sha256=DIGEST),
)


@pytest.fixture
def source(tmp_path: Path) -> AdvisorySource:
    return write(tmp_path / "db", *RECORDS)


def write(folder: Path, *records: Any, **more: Any) -> AdvisorySource:
    folder.mkdir(exist_ok=True)
    for number, data in enumerate(records):
        (folder / f"{number}.json").write_text(json.dumps(data))
    return AdvisorySource("test", BUILT_IN, path=str(folder), **more)


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each bundle that a test opens is closed after it."""
    opened: list[Bundle] = []
    make = Bundle.__init__

    def kept(self: Bundle, *arguments: Any) -> None:
        make(self, *arguments)
        opened.append(self)

    monkeypatch.setattr(Bundle, "__init__", kept)
    yield
    for bundle in opened:
        bundle.close()


def no_fetch(_url: str) -> bytes:
    raise AssertionError("nothing is fetched")


def built(root: Path, *sources: AdvisorySource, now: float = NOW) -> Bundle:
    update(str(root), sources, no_fetch, now)
    return open_bundle(str(root), sources, now)


def refused(root: Path, *sources: AdvisorySource, now: float = NOW) -> str:
    with pytest.raises(Unavailable) as caught:
        open_bundle(str(root), sources, now)
    (problem,) = caught.value.diagnostics
    assert problem.reference == "advisories-unavailable"
    return problem.message


def test_a_bundle_gives_back_what_the_records_say(tmp_path: Path, source: AdvisorySource) -> None:
    """By project and by digest, aliases of all records joined."""
    made = built(tmp_path / "cache", source)
    assert made.doubts == ()
    assert made.records("demo").known[0].ids == ("PYSEC-1", "GHSA-1", "CVE-1")
    assert made.records("nothing").known == ()
    assert made.malicious(DIGEST) == "MAL-1"
    assert made.malicious("cd" * 32) is None
    assert [(each.name, each.records) for each in made.facts.sources] == [("test", 3)]


def test_an_update_replaces_the_bundle_and_leaves_nothing_behind(tmp_path: Path, source: AdvisorySource) -> None:
    """The same records make the same bytes at the same moment."""
    root = tmp_path / "cache"
    _, first = update(str(root), [source], no_fetch, NOW)
    assert update(str(root), [source], no_fetch, NOW)[1] == first
    _, second = update(str(root), [source], no_fetch, NOW + 1)
    assert sorted(os.listdir(os.path.dirname(second))) == sorted(
        [os.path.basename(second), *(name for name in os.listdir(os.path.dirname(second)) if name.endswith(".json"))]
    )
    assert not os.path.exists(first)


def test_an_update_that_fails_leaves_the_bundle_before(tmp_path: Path, source: AdvisorySource) -> None:
    """A source that is gone, or a disk that is full."""
    root = tmp_path / "cache"
    update(str(root), [source], no_fetch, NOW)
    os.rename(source.path, tmp_path / "gone")
    with pytest.raises(Unavailable):
        update(str(root), [source], no_fetch, NOW)
    assert open_bundle(str(root), [source], NOW).malicious(DIGEST) == "MAL-1"


def test_two_configurations_may_share_one_bundle(tmp_path: Path, source: AdvisorySource) -> None:
    """And do not meet where their sources differ."""
    root = tmp_path / "cache"
    other = write(tmp_path / "db2", RECORDS[0])._replace(name="other")
    built(root, source)
    refused(root, other)
    refused(root, source, other)
    assert built(root, source, other).malicious(DIGEST) == "MAL-1"
    assert open_bundle(str(root), [source], NOW).malicious(DIGEST) == "MAL-1"


def change(edit: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.write_bytes(edit(path.read_bytes()))

    return spoil


def in_sql(text: str) -> Callable[[Path], None]:
    """A change that whoever wrote the bundle might have made: its digest is recorded, too."""

    def spoil(path: Path) -> None:
        database = sqlite3.connect(path)
        database.executescript(text)
        database.commit()
        database.close()
        renamed(path)

    return spoil


def renamed(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (pointer,) = path.parent.glob("*.json")
    pointer.write_text(json.dumps({"form": FORM, "sha256": digest}))
    path.rename(path.parent / f"{digest}.sqlite")


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    renamed(path)


SPOILT = {
    "truncated": change(lambda data: data[: len(data) // 2]),
    "one-bit": change(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "empty": change(lambda data: b""),
    "gone": os.unlink,
    "garbage": garbage,
    "other-form": in_sql("UPDATE meta SET data = json_set(data, '$.form', 99)"),
    "no-meta": in_sql("DELETE FROM meta"),
    "wrong-meta": in_sql("UPDATE meta SET data = '[]'"),
    "wrong-source": in_sql("UPDATE meta SET data = json_set(data, '$.sources[0][3]', 'x')"),
    "date-that-is-no-number": in_sql("UPDATE meta SET data = replace(data, '1709337600.0', 'NaN')"),
    "no-meta-table": in_sql("DROP TABLE meta"),
    "no-projects": in_sql("DROP TABLE projects"),
    "no-digests": in_sql("DROP TABLE malicious"),
    "view-for-a-table": in_sql("DROP TABLE malicious; CREATE VIEW malicious AS SELECT '' AS sha256, '' AS record"),
    "trigger": in_sql("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM projects; END"),
    "folder": to_folder,
    "pointer-that-is-a-folder": lambda path: to_folder(next(path.parent.glob("*.json"))),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_bundle_that_is_not_as_it_was_written_is_not_used(
    spoil: Callable[[Path], None], tmp_path: Path, source: AdvisorySource
) -> None:
    """It is no empty answer."""
    root = tmp_path / "cache"
    _, path = update(str(root), [source], no_fetch, NOW)
    spoil(type(root)(path))
    refused(root, source)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"form": 0, "sha256": "aa"}', f'{{"form": {FORM}, "sha256": "../x"}}']
)
def test_a_pointer_that_is_not_as_it_was_written_leads_nowhere(
    text: str, tmp_path: Path, source: AdvisorySource
) -> None:
    """Nor to a file elsewhere."""
    root = tmp_path / "cache"
    _, path = update(str(root), [source], no_fetch, NOW)
    (pointer,) = type(root)(path).parent.glob("*.json")
    pointer.write_text(text)
    assert "there is none" in refused(root, source)


def bundle_in(root: Path) -> Path:
    (path,) = root.rglob("*.sqlite")
    return path


def bomb() -> bytes:
    """A row that is as it should be, and unpacks to more than is taken."""
    return zlib.compress(b'{"known": [],' + b" " * packed._LARGEST_PROJECT + b'"unreadable": []}')


def test_rows_that_are_not_packed_are_no_empty_answer(
    tmp_path: Path, source: AdvisorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is in them, cut off, or of more than any project has."""
    root = tmp_path / "cache"
    update(str(root), [source], no_fetch, NOW)
    monkeypatch.setattr(packed, "_LARGEST_PROJECT", 1 << 20)
    for row in (b"x", zlib.compress(b"{}") + b"more", zlib.compress(b'{"known": [], "unreadable": []}')[:-1], bomb()):
        in_sql(f"UPDATE projects SET data = x'{row.hex()}'")(bundle_in(root))
        with pytest.raises(Unavailable):
            open_bundle(str(root), [source], NOW).records("demo")


def test_a_bundle_from_tomorrow_and_one_too_old_are_doubted(tmp_path: Path, source: AdvisorySource) -> None:
    """By the clock of its builder, and by its records."""
    root = tmp_path / "cache"
    aged = source._replace(max_age=3 * DAY)
    update(str(root), [aged], no_fetch, NOW)

    def doubts(now: float) -> int:
        return len(open_bundle(str(root), [aged], now).doubts)

    assert [doubts(NOW + days * DAY) for days in (0, 1, 2.5)] == [0, 0, 1]
    assert doubts(NOW - DAY) == 1
    assert doubts(NOW - 3 * DAY) == 2
    assert open_bundle(str(root), [source], NOW + 9_999 * DAY).doubts == ()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, source: AdvisorySource) -> None:
    """With its reason."""
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(Unavailable) as caught:
        update(str(tmp_path / "cache"), [source], no_fetch, NOW)
    assert caught.value.diagnostics[0].reference == "store-unwritable"


def test_threads_that_ask_at_once_are_answered_in_turn(tmp_path: Path, source: AdvisorySource) -> None:
    """The search and a guess: SQLite's statements are shared by those who share a connection, with their values."""
    bundle = built(tmp_path, source)
    asking, most = 0, 0

    class Watched:
        """The connection, which takes its time."""

        def __init__(self, database: sqlite3.Connection) -> None:
            self._database = database

        def execute(self, *question: Any) -> Any:
            nonlocal asking, most
            asking += 1
            most = max(most, asking)
            time.sleep(0.01)
            found = self._database.execute(*question)
            asking -= 1
            return found

        def close(self) -> None:
            self._database.close()

    bundle._database = Watched(bundle._database)  # type: ignore[assignment]
    questions = [partial(bundle.records, "demo"), partial(bundle.malicious, DIGEST), lambda: bundle.names_files]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda ask: ask(), questions * 4))
    assert most == 1
    assert answers[1] == "MAL-1"
    assert [record.ids[0] for record in answers[0].known] == ["PYSEC-1"]


def test_a_crash_before_the_last_step_leaves_the_bundle_before(
    tmp_path: Path, source: AdvisorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no file that anything reads."""
    root = tmp_path / "cache"
    update(str(root), [source], no_fetch, NOW)
    steps: list[str] = []

    def stop(old: str, new: str) -> None:
        steps.append(new)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            update(str(root), [source], no_fetch, NOW + 1)
    assert steps[0].endswith(".sqlite")
    assert open_bundle(str(root), [source], NOW).facts.built == NOW
    assert not [name for name in os.listdir(os.path.dirname(steps[0])) if name.startswith(".new-")]
