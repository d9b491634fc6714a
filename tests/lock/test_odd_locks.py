"""Locks and outputs that are none, or odd: an error that says so, and no traceback, whatever stands in them."""

from __future__ import annotations

import copy
import os
import subprocess
import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from safepip.lock.pylock import read_lock, versions_of
from safepip.model.origin import Origin, Source
from safepip.text.toml_writing import toml_value
from support.advisories import record
from support.advisories import versions_of as affecting
from support.audits import know
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.index import IndexServer
    from support.inside import Inside

#: Of the wrong type wherever they stand, or of the right one and senseless.
SENSELESS: tuple[Any, ...] = (
    1, True, "x", "", [], {}, [1], [{}], [[]], {"a": 1}, "\x1b[31m", "nul\x00", datetime(2020, 1, 1, tzinfo=UTC),
    10**30, "../../etc/hosts", "file:///etc/hosts", "http://[", "python_version < '3' or", "extra == 'x'",
    "os_name ~= '1'",
)  # fmt: skip


def some(number: int, values: int) -> list[Any]:
    """So many of the senseless values for the place of this number: after some places each has had its turn."""
    return [SENSELESS[(number + 7 * turn) % len(SENSELESS)] for turn in range(values)]


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """An application and what it needs."""
    index.add("app", "1.0", requires=["lib>=1"])
    index.add("lib", "1.1", requires_python=">=3.8")
    return index


def options(index: IndexServer) -> tuple[str, ...]:
    return ("-i", index.url, "-q")


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within a document."""
    if above:
        yield above
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*above, key))


def changed(document: dict[str, Any], place: tuple[Any, ...], value: Any) -> str:
    """The document with another value at a place, as TOML."""
    document = copy.deepcopy(document)
    inner: Any = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return "".join(f"{key} = {toml_value(item)}\n" for key, item in document.items())


def everything(text: str) -> dict[str, Any]:
    """A lock with every kind of source and every field, those that this environment cannot use left to others."""
    document = tomllib.loads(text)
    elsewhere = {"marker": "python_version < '3'", "version": "1.0"}
    digest = {"hashes": {"sha256": "0" * 64}}
    document["default-groups"] = ["dev"]
    document["packages"][0]["sdist"] = {"name": "app-1.0.tar.gz", "url": "https://x.example/app-1.0.tar.gz", **digest}
    document["packages"] += [
        {"name": "za", "archive": {"path": "za-1.0-py3-none-any.whl", "size": 3, **digest}, **elsewhere},
        {"name": "zd", "directory": {"path": "zd", "editable": True}, "marker": "python_version < '3'"},
        {"name": "zv", "vcs": {"type": "git", "url": "https://x.example/z", "commit-id": "0" * 40}, **elsewhere},
    ]
    return document


@pytest.mark.parametrize("values", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_value_of_no_sense_anywhere_in_a_lock_is_an_error_or_no_matter(
    values: int, run: Inside, served: IndexServer
) -> None:
    """Every field, every kind of source; nothing of it reaches a terminal unescaped."""
    run("lock", "app", *options(served))
    document = everything((run.folder / "pylock.toml").read_text())
    codes: dict[int, int] = {}
    for number, place in enumerate(places(document)):
        # Some of the values for each place: over all places each kind has its turn many times.
        for value in some(number, values):
            (run.folder / "pylock.toml").write_text(changed(document, place, value))
            done = run("install", "--dry-run", "-I", "-r", "pylock.toml", *options(served))
            assert done.code in (0, 1, 2, 20), (place, value, done)
            assert (done.code == 0) == (not done.err), (place, value, done)
            assert "\x1b" not in done.err, (place, value)
            codes[done.code] = codes.get(done.code, 0) + 1
    assert codes[1] > 35 * values
    assert codes[0] > 3 * values


@pytest.mark.parametrize("marker", ["os_name ~= '1'", "extra == 'x'"])
def test_a_marker_that_cannot_be_evaluated_makes_a_lock_invalid(run: Inside, served: IndexServer, marker: str) -> None:
    """At a package and in `environments`; and no version is preferred for it."""
    run("lock", "app", *options(served))
    document = tomllib.loads((run.folder / "pylock.toml").read_text())
    whole = read_lock((run.folder / "pylock.toml").read_text(), Origin(Source.FILE, "x"))
    assert versions_of(whole, {"python_version": "3.11"}) == {"app": Version("1.0"), "lib": Version("1.1")}
    document["packages"][0]["marker"] = ""
    for place in (("environments", 0), ("packages", 0, "marker")):
        text = changed(document, place, marker)
        (run.folder / "pylock.bad.toml").write_text(text.replace('marker = "", ', ""))
        done = run("download", "-d", "out", "-r", "pylock.bad.toml", *options(served))
        assert done.code == 1
        assert "error: invalid-lock\n" in done.err
    bad = read_lock(text, Origin(Source.FILE, "x"))
    assert versions_of(bad, {"os_name": "posix"}) == {"lib": Version("1.1")}


def archived(run: Inside, source: dict[str, Any]) -> str:
    """A lock of one wheel that comes from no index."""
    package = {"name": "demo", "version": "1.0", "archive": source}
    text = f'lock-version = "1.0"\ncreated-by = "x"\npackages = [{toml_value(package)}]\n'
    (run.folder / "pylock.toml").write_text(text)
    return text


def test_a_wheel_by_path_is_found_beside_the_lock_and_held_to_its_digest(run: Inside, served: IndexServer) -> None:
    """Relative to the lock, also above it; another digest, another project or no wheel's name is refused."""
    filename, data = build_wheel("demo", "1.0")
    (run.folder / "locks").mkdir()
    (run.folder / filename).write_bytes(data)
    right = {"path": f"../{filename}", "hashes": {"sha256": sha256(data)}}
    for source, code, reference in (
        (right, 0, ""),
        ({**right, "path": str(run.folder / filename)}, 0, ""),
        ({**right, "hashes": {"sha256": "0" * 64}}, 20, "digest-mismatch"),
        # With the right digest it would come from the store.
        ({"path": f"../missing/{filename}", "hashes": {"sha256": "1" * 64}}, 1, "download-failed"),
        ({**right, "path": "../demo.whl"}, 1, "invalid-lock"),
        ({**right, "path": "../demo-1.0.tar.gz"}, 1, "download-failed"),
        ({**right, "path": ".."}, 1, "download-failed"),
        ({**right, "subdirectory": "x"}, 1, "invalid-lock"),
    ):
        text = archived(run, source)
        (run.folder / "locks" / "pylock.toml").write_text(text)
        done = run("download", "-d", "out", "-r", "locks/pylock.toml", *options(served))
        assert done.code == code, (source, done)
        assert reference in done.err, (source, done)


@pytest.mark.parametrize(("name", "content"), [("folder", None), ("binary", b"\xff\xfe\x00"), ("empty", b"")])
def test_a_file_that_can_be_no_lock_is_neither_read_nor_written_over(
    run: Inside, served: IndexServer, name: str, content: bytes | None
) -> None:
    path = run.folder / f"pylock.{name}.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    for words in (("download", "-d", "out", "-r", path.name), ("lock", "app", "-o", path.name)):
        done = run(*words, *options(served))
        assert done.code == 1
        assert done.err.startswith(("error: unreadable-lock", "error: invalid-lock"))
    assert path.is_dir() if content is None else path.read_bytes() == content


@pytest.mark.skipif(os.name == "nt", reason="devices of another kind")
def test_a_device_stays_a_device(run: Inside, served: IndexServer) -> None:
    """A pipe named as the output is written to; it is neither read as the old lock nor replaced by a file."""
    pipe = run.folder / "pipe.txt"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
        assert run("lock", "app", "-o", "pipe.txt", *options(served)).code == 0
        found, _ = reader.communicate(timeout=60)
    assert "lib==1.1 \\\n" in found
    assert pipe.is_fifo()


def test_a_link_stays_a_link(run: Inside, served: IndexServer) -> None:
    """What it points to is replaced."""
    (run.folder / "elsewhere").mkdir()
    (run.folder / "pylock.toml").symlink_to("elsewhere/pylock.toml")
    assert run("lock", "app", *options(served)).code == 0
    assert (run.folder / "pylock.toml").is_symlink()
    assert "[[packages]]" in (run.folder / "elsewhere" / "pylock.toml").read_text()


def test_options_that_would_have_no_effect_are_told(run: Inside, served: IndexServer) -> None:
    """An output that is no file cannot be checked; without a pyproject.toml there are no extras; -P of no project."""
    for words, code, stated in (
        (("lock", "app", "--check", "-o", "-"), 2, "error: conflicting-options"),
        (("lock", "app", "--extra", "docs"), 1, "error: invalid-project"),
        (("lock", "app", "--all-extras"), 1, "error: invalid-project"),
        (("sync",), 1, "no requirements given\n    looked for in this folder: pylock.toml\n\nhint: name a lock"),
        (("explain",), 1, "no requirements given\n\nhint: `safepip explain --help`"),
    ):
        done = run(*words, *options(served))
        assert done.code == code, done
        assert stated in done.err
    assert not (run.folder / "pylock.toml").exists()
    done = run("lock", "app", "-P", "Nosuch", "-P", "lib", "-i", served.url)
    assert done.code == 0
    assert "-P nosuch: it is not needed" in done.err
    assert "-P lib" not in done.err


@pytest.mark.parametrize(
    "place", [{"path": "demo-1.0-py3-none-any.whl"}, {"url": "https://x.example/demo-1.0-py3-none-any.whl"}]
)
def test_a_wheel_that_is_named_is_of_the_version_that_the_lock_states(
    run: Inside, served: IndexServer, place: dict[str, str]
) -> None:
    """An audit goes by that, and would call clean what is not installed."""
    filename, data = build_wheel("demo", "1.0")
    (run.folder / filename).write_bytes(data)
    know(run, record("GHSA-1", affecting("demo", "introduced 0", "fixed 2.0")))
    source = {**place, "hashes": {"sha256": sha256(data)}}
    text = archived(run, source)
    assert run("audit", "-r", "pylock.toml").code == 1
    (run.folder / "pylock.toml").write_text(text.replace('version = "1.0", a', 'version = "2.0", a'))
    for words in (("audit",), ("download", "-d", "out")):
        done = run(*words, "-r", "pylock.toml")
        assert "demo 2.0 is taken from a wheel of another version" in done.err, done
        assert done.code, done


@pytest.mark.parametrize(
    "package",
    [
        {"name": "demo", "directory": {"path": "demo", "editable": False, "subdirectory": "x"}},
        {
            "name": "demo",
            "version": "1.0",
            "archive": {"path": "demo-1.0.tar.gz", "size": 3, "subdirectory": "x", "hashes": {"sha256": "0" * 64}},
        },
        {"name": "demo", "archive": {"path": "demo-1.0-py3-none-any.whl", "hashes": {"sha256": "0" * 64}}},
        {
            "name": "demo",
            "version": "1.0",
            "vcs": {"type": "git", "url": "file:///nowhere", "commit-id": "0" * 40, "subdirectory": "x"},
            "tool": {"safepip": {"tree-sha256": "0" * 64}},
        },
        {"name": "demo", "vcs": {"type": "git", "path": "nowhere", "commit-id": "0" * 40}},
    ],
)
@pytest.mark.parametrize("values", [3, pytest.param(len(SENSELESS), marks=pytest.mark.slow)])
def test_a_value_of_no_sense_in_an_entry_of_source_code_is_an_error(
    values: int, run: Inside, served: IndexServer, package: dict[str, Any]
) -> None:
    """None of them is there, so whatever does not matter ends with that."""
    document = {"lock-version": "1.0", "created-by": "x", "packages": [package]}
    for number, place in enumerate(places(document["packages"], ("packages",))):
        for value in some(number, values):
            (run.folder / "pylock.toml").write_text(changed(document, place, value))
            done = run("install", "--dry-run", "-I", "-r", "pylock.toml", *options(served))
            empty = len(place) == 1 and value in ([], "")
            assert done.code in ((0,) if empty and value == [] else (1, 2, 20)), (place, value, done)
            assert "internal-error" not in done.err, (place, value, done)
            assert "\x1b" not in done.err, (place, value)
