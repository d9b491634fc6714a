"""A lock is installed as it is, or refused: every entry is held against routing, its index and its wheel."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest

from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """An application and what it needs."""
    index.add("app", "1.0", requires=["lib>=1"])
    index.add("lib", "1.1", requires_python=">=3.8")
    return index


def options(index: IndexServer) -> tuple[str, ...]:
    return ("-i", index.url, "--no-cache-dir", "-q")


def saved(folder: Path) -> dict[str, bytes]:
    """The files of a folder, none where it is not there."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def refused(run: Inside, served: IndexServer, reference: str, reason: str) -> None:
    """A download of the lock ends with this refusal, and saves nothing."""
    done = run("download", "-d", "out", "-r", "pylock.toml", *options(served))
    assert done.code == 20, (done.out, done.err)
    assert f"error: {reference}\n" in done.err
    assert reason in done.err
    assert not saved(run.folder / "out")


def test_a_lock_needs_pages_and_files_and_no_metadata(run: Inside, served: IndexServer) -> None:
    """Nothing is resolved: each project is asked for once, and no other."""
    run("lock", "app", *options(served))
    served.requests.clear()
    assert run("download", "-d", "out", "-r", "pylock.toml", *options(served)).code == 0
    assert sorted(saved(run.folder / "out")) == ["app-1.0-py3-none-any.whl", "lib-1.1-py3-none-any.whl"]
    asked = [request.path for request in served.requests]
    assert sorted(asked) == sorted(
        [served.page_path("app"), served.page_path("lib"),
         served.file_path("app-1.0-py3-none-any.whl"), served.file_path("lib-1.1-py3-none-any.whl")]
    )  # fmt: skip


def test_a_file_that_the_index_no_longer_lists_is_refused(run: Inside, served: IndexServer) -> None:
    run("lock", "app", *options(served))
    served.project("lib").files.clear()
    served.add("lib", "1.2")
    refused(run, served, "lock-differs", "no longer lists the locked file")


def test_other_bytes_under_a_locked_name_are_refused(run: Inside, served: IndexServer) -> None:
    """Whether the index admits to them or not."""
    run("lock", "app", *options(served))
    filename, data = build_wheel("lib", "1.1", files={"more.py": ""})
    served.project("lib").files.clear()
    served.add_wheel("lib", filename, data, version="1.1")
    refused(run, served, "lock-differs", "with a different digest")
    assert not any(request.path == served.file_path(filename) for request in served.requests)


def test_a_yanked_file_and_a_quarantined_project_are_refused(run: Inside, served: IndexServer) -> None:
    run("lock", "app", *options(served))
    served.project("lib").files[0].yanked = "stolen account"
    refused(run, served, "yanked", "stolen account")
    served.project("lib").files[0].yanked = False
    served.project("app").status = "quarantined"
    refused(run, served, "quarantined", "app 1.0 is locked")


def test_a_dependency_that_the_lock_lacks_is_refused(run: Inside, served: IndexServer) -> None:
    """The package taken out, or only its edge."""
    run("lock", "app", *options(served))
    text = (run.folder / "pylock.toml").read_text()
    whole, _, _ = text.partition('\n[[packages]]\nname = "lib"')
    (run.folder / "pylock.toml").write_text(re.sub(r"dependencies = \[.*?\]\n", "", whole, flags=re.DOTALL))
    refused(run, served, "lock-differs", "asks for lib, which is missing")
    (run.folder / "pylock.toml").write_text(text.replace('{ name = "lib" }', '{ name = "app" }'))
    refused(run, served, "lock-differs", "not in the lock as a dependency: lib")


def test_a_lock_for_another_environment_is_refused(run: Inside, served: IndexServer) -> None:
    run("lock", "app", *options(served))
    text = (run.folder / "pylock.toml").read_text()
    (run.folder / "pylock.toml").write_text(re.sub(r"environments = .*", "environments = ['os_name == \"x\"']", text))
    refused(run, served, "lock-does-not-fit", "does not satisfy any of the environments")


@pytest.mark.parametrize(
    ("change", "reference"),
    [
        (lambda text: re.sub(r'sha256 = "\w+"', 'md5 = "0123456789abcdef0123456789abcdef"', text), "weak-hash"),
        (lambda text: re.sub(r'sha256 = "\w+"', 'sha256 = ""', text), "weak-hash"),
        (lambda text: text.replace("http://127", "http://user:secret@127"), "credential-in-lock"),
        (lambda text: text.replace("[[packages]]", "[packages]", 1), "invalid-lock"),
        (lambda text: text.replace('lock-version = "1.0"', 'lock-version = "2.0"'), "invalid-lock"),
        (lambda text: text.replace('{ name = "lib" }', '{ name = "nobody" }'), "invalid-lock"),
    ],
)
def test_what_must_not_be_trusted_in_a_lock_is_an_error(
    run: Inside, served: IndexServer, change: object, reference: str
) -> None:
    run("lock", "app", *options(served))
    path = run.folder / "pylock.toml"
    assert callable(change)
    path.write_text(change(path.read_text()))
    done = run("download", "-d", "out", "-r", "pylock.toml", *options(served))
    assert done.code == 1
    assert f"error: {reference}\n" in done.err
    assert "secret" not in done.err + done.out
    assert not saved(run.folder / "out")


def test_with_a_warm_store_the_index_is_not_asked(run: Inside, served: IndexServer) -> None:
    """--offline installs from the lock and the store alone, and says so where a file is missing."""
    warm = ("-i", served.url, "-q")
    run("lock", "app", *warm)
    run("download", "-d", "first", "-r", "pylock.toml", *warm)
    served.requests.clear()
    done = run("download", "-d", "out", "-r", "pylock.toml", "--offline", *warm)
    assert done.code == 0, done.err
    assert saved(run.folder / "out") == saved(run.folder / "first")
    done = run("download", "-d", "cold", "-r", "pylock.toml", "--offline", *options(served))
    assert done.code == 1
    assert not served.requests
    assert not saved(run.folder / "cold")


def test_nothing_stands_beside_a_lock(run: Inside, served: IndexServer) -> None:
    """A requirement, a file or a group beside it is an error; a constraint counts."""
    run("lock", "app", *options(served))
    (run.folder / "more.txt").write_text("lib\n")
    for words in (("lib",), ("-r", "more.txt")):
        done = run("download", "-d", "out", "-r", "pylock.toml", *words, *options(served))
        assert done.code == 2
        assert "error: lock-and-more" in done.err
    (run.folder / "constraints.txt").write_text("lib<1.1\n")
    done = run("download", "-d", "out", "-r", "pylock.toml", "-c", "constraints.txt", *options(served))
    assert done.code == 1
    assert "error: resolution-impossible" in done.err


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("lib=={version} --hash=sha256:{right}", True),
        ("lib --hash=sha256:{wrong} --hash=sha256:{right}", True),
        ("lib=={version} --hash=sha256:{wrong}", False),
        ("lib --hash=sha512:{other}", False),
        ("lib @ {url}", False),
        ("lib @ {url}#sha256={right}", False),
        ("lib=={version} ; python_version < '3' --hash=sha256:{wrong}", True),
        ("absent --hash=sha256:{wrong}", True),
    ],
)
def test_the_digests_and_the_place_of_a_constraint_hold_for_a_lock(
    run: Inside, served: IndexServer, line: str, holds: bool
) -> None:
    """What the lock has no digest for is not proved, and a lock from an index takes nothing from a URL."""
    run("lock", "app", *options(served))
    lock = tomllib.loads((run.folder / "pylock.toml").read_text())
    (lib,) = (package for package in lock["packages"] if package["name"] == "lib")
    (file,) = lib["wheels"]
    values = {"version": lib["version"], "right": file["hashes"]["sha256"], "wrong": "0" * 64, "other": "0" * 128}
    (run.folder / "c.txt").write_text(line.format(url=file["url"], **values) + "\n")
    done = run("download", "-d", "out", "-r", "pylock.toml", "-c", "c.txt", *options(served))
    if holds:
        assert done.code == 0, done.err
    else:
        assert done.code == 1
        assert "error: resolution-impossible" in done.err
        assert not saved(run.folder / "out")


def test_a_constraint_may_name_the_place_that_is_locked(run: Inside, served: IndexServer) -> None:
    """The lock was made with it."""
    run("lock", "lib", *options(served))
    (package,) = tomllib.loads((run.folder / "pylock.toml").read_text())["packages"]
    (run.folder / "c.txt").write_text(f"lib @ {package['wheels'][0]['url']}\n")
    assert run("lock", "lib", "-c", "c.txt", *options(served)).code == 0
    done = run("download", "-d", "out", "-r", "pylock.toml", "-c", "c.txt", *options(served))
    assert done.code == 0, done.err
    (run.folder / "c.txt").write_text("lib @ https://elsewhere.example/lib-1.0-py3-none-any.whl\n")
    assert run("download", "-d", "out", "-r", "pylock.toml", "-c", "c.txt", *options(served)).code == 1


def test_a_lock_without_an_index_leaves_it_to_routing(run: Inside, served: IndexServer) -> None:
    """pip's locks name none; everything else is checked all the same."""
    run("lock", "app", *options(served))
    path = run.folder / "pylock.toml"
    path.write_text(re.sub(r"index = .*\n", "", path.read_text()))
    assert run("download", "-d", "out", "-r", "pylock.toml", *options(served)).code == 0
    assert len(saved(run.folder / "out")) == 2


def _changes(text: str, count: int) -> Iterator[tuple[int, str]]:
    """One character exchanged for another, at places all over the text; the same ones each time."""
    chance = random.Random(20261123)
    for place in sorted(chance.sample(range(len(text)), count)):
        other = chance.choice([c for c in "0123456789abcdefxyz.-_/\"'[]{}=# " if c != text[place]])
        yield place, text[:place] + other + text[place + 1 :]


@pytest.mark.parametrize("count", [50, pytest.param(150, marks=pytest.mark.slow)])
def test_any_one_character_of_a_lock_is_harmless_or_refused(count: int, run: Inside, served: IndexServer) -> None:
    """What is saved with exit code 0 are the very files of the unchanged lock, or fewer where a root was renamed away.

    A lock says what to install; it cannot make another file of it.
    """
    run("lock", "app", *options(served))
    path = run.folder / "pylock.toml"
    text = path.read_text()
    run("download", "-d", "right", "-r", "pylock.toml", *options(served))
    right = saved(run.folder / "right")
    warm = ("-i", served.url, "-q")
    outcomes: dict[int, int] = {}
    for place, changed in _changes(text, count):
        path.write_text(changed)
        done = run("download", "-d", f"out{place}", "-r", "pylock.toml", *warm)
        assert "Traceback" not in done.err, (place, done.err)
        outcomes[done.code] = outcomes.get(done.code, 0) + 1
        found = saved(run.folder / f"out{place}")
        if done.code == 0:
            assert found == right, (place, text[max(0, place - 40) : place + 40])
        else:
            assert not found
            assert done.code in (1, 2, 20)
    assert outcomes[20] > count // 30
    assert outcomes[0] > count // 30


def test_every_field_that_decides_is_refused_when_it_changes(run: Inside, served: IndexServer) -> None:
    """Digest, version, index, size, name and edge, each by one character; the URL is not used and may say anything."""
    run("lock", "app", *options(served))
    path = run.folder / "pylock.toml"
    text = path.read_text()
    lib = next(p for p in tomllib.loads(text)["packages"] if p["name"] == "lib")
    digest = lib["wheels"][0]["hashes"]["sha256"]
    size = str(lib["wheels"][0]["size"])
    decided = {
        digest: ("1" if digest[0] != "1" else "2") + digest[1:],
        'version = "1.1"': 'version = "1.2"',
        f'index = "{served.url}"': f'index = "{served.url[:-2]}x/"',
        f"size = {size}": f"size = {size[:-1]}{(int(size[-1]) + 1) % 10}",
        '{ name = "lib" }': '{ name = "lic" }',
        "lib-1.1-py3": "lib-1.2-py3",
    }
    for old, new in decided.items():
        assert old in text
        path.write_text(text.replace(old, new))
        done = run("download", "-d", "out", "-r", "pylock.toml", *options(served))
        assert done.code in (1, 20), (old, done)
        assert not saved(run.folder / "out")
    path.write_text(re.sub(r'url = "[^"]*"', 'url = "https://elsewhere.example/x.whl"', text))
    assert run("download", "-d", "out", "-r", "pylock.toml", *options(served)).code == 0


def test_a_dry_run_of_a_lock_reports_what_it_would_install(run: Inside, served: IndexServer) -> None:
    """Metadata included, though the lock itself needs none."""
    run("lock", "app", *options(served))
    done = run(
        "install", "--dry-run", "--ignore-installed", "--report", "report.json", "-r", "pylock.toml", *options(served)
    )
    assert done.code == 0, done.err
    items = json.loads((run.folder / "report.json").read_text())["install"]
    assert [(item["metadata"]["name"], item["requested"]) for item in items] == [("app", True), ("lib", True)]


def test_pins_by_hash_need_pages_and_files_and_no_metadata(run: Inside, served: IndexServer) -> None:
    """Requirements with hashes are a lock as well: the files are known, and what they require is read out of them."""
    served.add("app", "1.1", requires=["lib"])
    run("lock", "app<1.1", "-o", "requirements.txt", *options(served))
    served.requests.clear()
    done = run("download", "-d", "out", "-r", "requirements.txt", *options(served))
    assert done.code == 0, done.err
    assert sorted(saved(run.folder / "out")) == ["app-1.0-py3-none-any.whl", "lib-1.1-py3-none-any.whl"]
    assert len(served.requests) == 4


def test_pins_by_hash_that_are_not_whole_are_explained_as_by_the_search(run: Inside, served: IndexServer) -> None:
    """A line taken out, or a version that does not fit: nothing is saved, and the error is pip's own kind."""
    served.add("lib", "0.9")
    run("lock", "app", "-o", "requirements.txt", *options(served))
    text = (run.folder / "requirements.txt").read_text()
    (run.folder / "short.txt").write_text(text.partition("lib==")[0])
    done = run("download", "-d", "out", "-r", "short.txt", *options(served))
    assert (done.code, "error: missing-hash" in done.err) == (20, True)
    run("lock", "lib<1", "-o", "old.txt", *options(served))
    old = (run.folder / "old.txt").read_text().partition("\n")[2]
    (run.folder / "unfit.txt").write_text(text.partition("lib==")[0] + old)
    done = run("download", "-d", "out", "-r", "unfit.txt", *options(served))
    assert (done.code, "error: resolution-impossible" in done.err) == (1, True)
    assert not saved(run.folder / "out")


def test_a_lock_from_a_network_names_no_file_of_this_machine(run: Inside, served: IndexServer) -> None:
    """A path in it is below its own URL, as pip reads it; `file:` is refused, and so is text that is none."""
    filename, data = build_wheel("direct", "1.0")
    (run.folder / filename).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    text = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "direct"\n'
    archive = f'[packages.archive]\nurl = "{(run.folder / filename).as_uri()}"\nhashes = {{ sha256 = "{digest}" }}\n'
    (run.folder / "pylock.toml").write_text(text + archive)
    assert run("download", "-d", "local", "-r", "pylock.toml", *options(served)).code == 0
    served.add_file("locks", "pylock.toml", (text + archive).encode())
    url = f"{served.url.removesuffix('/simple/')}{served.file_path('pylock.toml')}"
    done = run("download", "-d", "out", "-r", url, *options(served))
    assert (done.code, "error: remote-includes-local" in done.err) == (20, True), done.err
    served.add_file("locks", "pylock.bad.toml", b"\xff" + text.encode())
    done = run("download", "-d", "out", "-r", url.replace("pylock.toml", "pylock.bad.toml"), *options(served))
    assert (done.code, "error: invalid-lock" in done.err) == (1, True), done.err
    assert not saved(run.folder / "out")


def test_pins_by_hash_are_held_to_the_wheels_own_python(run: Inside, served: IndexServer) -> None:
    """Where the page says nothing of it, METADATA does, as to the search."""
    served.add("old", "1.0", requires_python="<3.0", file={"requires_python": None})
    digest = hashlib.sha256(served.project("old").files[0].data).hexdigest()
    (run.folder / "requirements.txt").write_text(f"old==1.0 --hash=sha256:{digest}\n")
    done = run("download", "-d", "out", "-r", "requirements.txt", *options(served))
    assert done.code == 1, (done.out, done.err)
    assert not saved(run.folder / "out")


def test_what_two_locks_say_of_one_file_holds_together(run: Inside, served: IndexServer) -> None:
    """In either order, and also what one of them alone says of it; where both say the same, they are as one."""
    run("lock", "lib", "-o", "pylock.a.toml", *options(served))
    text = (run.folder / "pylock.a.toml").read_text()
    package = tomllib.loads(text)["packages"][0]
    size, digest = package["wheels"][0]["size"], package["wheels"][0]["hashes"]["sha256"]
    index, stated = f'index = "{served.url}"', f"size = {size}, "
    elsewhere, wrong = 'index = "https://elsewhere.example/simple/"', f"size = {size + 1}, "
    weak = f'md5 = "{"0" * 32}", sha256 = "{digest}"'
    for plain, (old, new), reference in (
        (text, ("", ""), ""),
        (text, (index, index.replace('/"', '"')), ""),
        (text, (index, elsewhere), "invalid-lock"),
        (text, (stated, wrong), "invalid-lock"),
        (text.replace(index, ""), (index, elsewhere), "lock-differs"),
        (text.replace(stated, ""), (stated, wrong), "lock-differs"),
        (text, (f'sha256 = "{digest}"', weak), "digest-mismatch"),
    ):
        (run.folder / "pylock.a.toml").write_text(plain)
        (run.folder / "pylock.b.toml").write_text(text.replace(old, new) if old else text)
        for order in ("ab", "ba"):
            named = [word for name in order for word in ("-r", f"pylock.{name}.toml")]
            done = run("download", "-d", "out", *named, *options(served))
            assert f"error: {reference}\n" in done.err if reference else done.code == 0, (new, order, done)
            assert bool(saved(run.folder / "out")) == (not reference)
            shutil.rmtree(run.folder / "out", ignore_errors=True)
