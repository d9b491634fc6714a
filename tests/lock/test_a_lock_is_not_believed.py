"""A lock chooses no bytes: without asking, a file comes from the store by its digest, and from the index that owns the
name, or not at all; and no file of this machine is read because a lock names it.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from support.index import IndexServer
from support.runs import pip_in, shown
from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.inside import Done, Inside

Two = tuple[IndexServer, IndexServer]

#: The name that the internal index owns, and its file.
NAME, FILE = "acme-utils", "acme_utils-1.0-py3-none-any.whl"


def declare(run: Inside, internal: IndexServer, public: IndexServer, more: str = "", name: str = "acme") -> None:
    """Put `declared` in force."""
    (run.folder / "safepip.toml").write_text(declared(internal, public, more, name))


def declared(internal: IndexServer, public: IndexServer, more: str = "", name: str = "acme") -> str:
    """An internal index that owns `acme-*`, and a public one for the rest."""
    return (
        f'[[index]]\nname = "{name}"\nurl = "{internal.url}"\npackages = ["acme-*"]\n{more}\n'
        f'[[index]]\nname = "public"\nurl = "{public.url}"\ndefault = true\n'
    )


@pytest.fixture
def world(run: Inside, two_indexes: Two) -> Two:
    """Both indexes have the name, with other bytes; the configuration gives it to the internal one."""
    internal, public = two_indexes
    internal.add(NAME, "1.0", files={"acme_utils.py": "OWNER = 'acme'\n"})
    public.add(NAME, "1.0", files={"acme_utils.py": "OWNER = 'nobody'\n"})
    public.add("demo", "1.0")
    declare(run, internal, public)
    return two_indexes


def bytes_of(index: IndexServer) -> bytes:
    return index.project(NAME).files[0].data


def lock_of(index: IndexServer, data: bytes, url: str = "", name: str = NAME, filename: str = FILE) -> str:
    """A lock of one wheel that an index is said to have."""
    url = url or f"{index.host.origin}{index.file_path(filename)}"
    return (
        f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "{name}"\nversion = "1.0"\n'
        f'index = "{index.url}"\nwheels = [{{ name = "{filename}", url = "{url}", size = {len(data)}, '
        f'hashes = {{ sha256 = "{sha256(data)}" }} }}]\n'
    )


def offline(run: Inside, text: str, *more: str | Path) -> Done:
    (run.folder / "pylock.toml").write_text(text)
    shutil.rmtree(run.folder / "out", ignore_errors=True)
    return run("download", "-q", "-d", "out", "--offline", "-r", "pylock.toml", *more)


def saved(run: Inside) -> dict[str, bytes]:
    folder = run.folder / "out"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def refused(run: Inside, done: Done, code: int = 1) -> None:
    assert done.code == code, (done.out, done.err)
    assert "error: not-in-store\n" in done.err
    assert not saved(run)


def visit(run: Inside, index: IndexServer, *words: str | Path) -> None:
    """Have the store take the file from an index that another project of this user trusts with the name."""
    done = run("download", "-q", "-d", "elsewhere", "--no-config", "-i", index.url, *(words or (NAME,)))
    assert done.code == 0, done.err


# --- paths and URLs out of a lock ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [NAME, "demo"])
@pytest.mark.parametrize("scheme", ["file://", "FILE://", "file://localhost", ""])
def test_a_file_that_a_lock_names_is_not_read(run: Inside, world: Two, name: str, scheme: str) -> None:
    """For a claimed name and any other, in whatever spelling."""
    filename, data = build_wheel(name, "1.0", files={"evil.py": ""})
    (run.folder / filename).write_bytes(data)
    index = world[0] if name == NAME else world[1]
    text = lock_of(index, data, f"{scheme}{run.folder / filename}", name, filename)
    for key in ("url", "path"):
        done = offline(run, text.replace("url =", f"{key} ="))
        # A path under `url`, and a URL under `path`, make no lock.
        reference = "not-in-store" if bool(scheme) == (key == "url") else "invalid-lock"
        assert (done.code, saved(run)) == (1, {}), done.err
        assert f"error: {reference}\n" in done.err


def test_nor_is_its_metadata_for_a_report(run: Inside, world: Two) -> None:
    """A dry run installs nothing, and reads nothing either."""
    filename, data = build_wheel(NAME, "1.0", files={"evil.py": ""})
    (run.folder / filename).write_bytes(data)
    text = lock_of(world[0], data, f"file://{run.folder / filename}", NAME, filename)
    (run.folder / "pylock.toml").write_text(text)
    words = ("install", "--dry-run", "-I", "--report", "report.json", "--offline", "-r", "pylock.toml")
    done = run(*words)
    assert done.code == 1
    assert "error: not-in-store\n" in done.err
    assert not (run.folder / "report.json").exists()
    # The honest twin: the store has the file from its owner.
    visit(run, world[0])
    (run.folder / "pylock.toml").write_text(lock_of(world[0], bytes_of(world[0])))
    done = run(*words)
    assert done.code == 0, done.err
    assert json.loads((run.folder / "report.json").read_text())["install"][0]["metadata"]["name"] == NAME


def test_an_environment_stays_as_it_was_where_plain_pip_installs_the_file(
    runner: Runner, target: Environment, new_target: Callable[[str], Environment], two_indexes: Two
) -> None:
    """The attack from end to end, pip's answer to it, and the honest twin."""
    internal, public = two_indexes
    internal.add(NAME, "1.0")
    (runner.folder / "safepip.toml").write_text(declared(internal, public))
    filename, data = build_wheel(NAME, "1.0", files={"evil.py": ""})
    (runner.folder / filename).write_bytes(data)
    lock = runner.folder / "pylock.toml"
    lock.write_text(lock_of(internal, data, (runner.folder / filename).as_uri(), NAME, filename))
    before = target.state()
    for verb in (("install", "-r"), ("sync",)):
        done = runner.inside(*verb, "pylock.toml", "--offline", "--python", target.python)
        assert done.returncode == 1, shown(done)
        assert "error: not-in-store\n" in done.stderr
        assert target.state() == before
    by_pip = new_target("pip")
    assert pip_in(runner, by_pip, "install", "--no-index", "-r", lock).returncode == 0
    assert (by_pip.site_packages / "evil.py").exists()
    lock.write_text(lock_of(internal, bytes_of(internal)))
    assert runner.inside("download", "-q", "-d", "out", "-r", "pylock.toml").returncode == 0
    done = runner.inside("install", "-r", "pylock.toml", "--offline", "--python", target.python)
    assert done.returncode == 0, shown(done)
    assert target.installed() == {NAME: "1.0"}


# --- whose bytes the store has ---------------------------------------------------------------------------------


def test_bytes_of_another_index_do_not_serve_for_a_claimed_name(run: Inside, world: Two) -> None:
    """The store has them, verified, from an index that may not answer for the name."""
    internal, public = world
    visit(run, public)
    done = offline(run, lock_of(internal, bytes_of(public)))
    refused(run, done)
    assert "from another index" in done.err
    visit(run, internal)
    refused(run, offline(run, lock_of(internal, bytes_of(public))))
    assert offline(run, lock_of(internal, bytes_of(internal))).code == 0
    assert saved(run) == {FILE: bytes_of(internal)}


def test_a_file_that_several_have_delivered_serves_for_each(run: Inside, world: Two) -> None:
    internal, public = world
    public.project(NAME).files[0].data = bytes_of(internal)
    visit(run, public)
    refused(run, offline(run, lock_of(internal, bytes_of(internal))))
    files = [r.path for r in internal.requests if r.path.endswith(".whl")]
    visit(run, internal)
    assert [r.path for r in internal.requests if r.path.endswith(".whl")] == files, "the store has the bytes"
    assert offline(run, lock_of(internal, bytes_of(internal))).code == 0


def test_a_size_that_is_not_the_files_is_told_as_that(run: Inside, world: Two) -> None:
    """The store has the bytes, from their owner; the lock says something else of them."""
    visit(run, world[0])
    data = bytes_of(world[0])
    done = offline(run, lock_of(world[0], data).replace(f"size = {len(data)}", f"size = {len(data) + 1}"))
    refused(run, done)
    assert f"of {len(data)} bytes and not {len(data) + 1}" in done.err


def test_under_the_name_that_the_index_gave_it(run: Inside, world: Two) -> None:
    """The same bytes as another file of the same index are another file."""
    internal, _ = world
    other = "acme_more-1.0-py3-none-any.whl"
    internal.add_wheel("acme-more", other, bytes_of(internal), version="1.0")
    run("download", "-q", "-d", "elsewhere", "acme-more")
    refused(run, offline(run, lock_of(internal, bytes_of(internal))))


def test_what_an_index_is_called_does_not_matter(run: Inside, world: Two) -> None:
    """Its URL does: renamed it is the same index, at another URL it is another."""
    internal, public = world
    assert run("download", "-q", "-d", "elsewhere", NAME).code == 0
    declare(run, internal, public, name="renamed")
    assert offline(run, lock_of(internal, bytes_of(internal))).code == 0
    other = internal.mount("/other/simple/")
    (run.folder / "safepip.toml").write_text((run.folder / "safepip.toml").read_text().replace(internal.url, other.url))
    refused(run, offline(run, lock_of(internal, bytes_of(internal)).replace(internal.url, other.url)))


def test_a_mirror_delivers_for_its_index_as_long_as_it_is_declared(run: Inside, world: Two) -> None:
    internal, public = world
    data = bytes_of(internal)
    with IndexServer() as mirror:
        mirror.add_wheel(NAME, FILE, data, version="1.0")
        internal.project(NAME).files.clear()
        declare(run, internal, public, f'[[index]]\nname = "near"\nurl = "{mirror.url}"\nmirror-of = "acme"\n')
        assert run("download", "-q", "-d", "elsewhere", NAME).code == 0
        assert offline(run, lock_of(internal, data)).code == 0
    declare(run, internal, public)
    refused(run, offline(run, lock_of(internal, data)))


def test_a_store_that_does_not_know_who_delivered_a_file_has_to_ask_once(run: Inside, world: Two) -> None:
    """One of an older safepip: the file is not fetched again, the index is asked."""
    internal, _ = world
    assert run("download", "-q", "-d", "elsewhere", NAME).code == 0
    (memory,) = (run.folder / "home").rglob("delivered-*")
    shutil.rmtree(memory)
    done = offline(run, lock_of(internal, bytes_of(internal)))
    refused(run, done)
    assert "without --offline" in done.err
    internal.requests.clear()
    run("download", "-q", "-d", "out", "-r", "pylock.toml")
    assert not any(r.path.endswith(".whl") for r in internal.requests)
    assert offline(run, lock_of(internal, bytes_of(internal))).code == 0


def test_what_a_trusted_host_delivered_counts_only_while_it_is_trusted(run: Inside, world: Two) -> None:
    """Nobody has proved who sent it."""
    internal, _ = world
    host = internal.host.origin.partition("://")[2]
    visit(run, internal, "--trusted-host", host, NAME)
    refused(run, offline(run, lock_of(internal, bytes_of(internal))))
    text = (run.folder / "safepip.toml").read_text()
    (run.folder / "safepip.toml").write_text(f'trusted-hosts = ["{host}"]\n{text}')
    assert offline(run, lock_of(internal, bytes_of(internal))).code == 0


@pytest.mark.parametrize("form", ["lock", "hashes", "constraint"])
def test_where_the_index_gives_no_digest_its_own_bytes_are_fetched(run: Inside, world: Two, form: str) -> None:
    """A digest that the lock or the user gives says which bytes will do, not whose they are."""
    internal, public = world
    declare(run, internal, public, 'hashes = "optional"\n')
    internal.project(NAME).files[0].hashes, internal.project(NAME).files[0].size = {}, -1
    visit(run, public)
    digest = sha256(bytes_of(public))
    (run.folder / "pylock.toml").write_text(re.sub("size = [0-9]+, ", "", lock_of(internal, bytes_of(public))))
    (run.folder / "requirements.txt").write_text(f"{NAME}==1.0 --hash=sha256:{digest}\n")
    words = {
        "lock": ("-r", "pylock.toml"),
        "hashes": ("-r", "requirements.txt"),
        "constraint": ("-c", "requirements.txt", NAME),
    }
    done = run("download", "-q", "-d", "out", *words[form])
    assert done.code == 20, (done.out, done.err)
    assert "error: digest-mismatch\n" in done.err
    assert not saved(run)


def test_a_folder_is_no_network_and_is_asked_offline_too(run: Inside) -> None:
    """Its files are looked at, not the lock's word for them."""
    wheels = run.folder / "wheels"
    wheels.mkdir()
    filename, data = build_wheel("local", "1.0")
    (wheels / filename).write_bytes(data)
    words = ("--no-config", "--no-index", "-f", str(wheels))
    assert run("lock", "-q", "local", *words).code == 0
    text = (run.folder / "pylock.toml").read_text()
    assert offline(run, text, *words).code == 0
    assert saved(run) == {filename: data}
    (wheels / filename).unlink()
    assert offline(run, text, *words).code != 0
    assert not saved(run)


def test_a_page_from_a_network_names_no_file_of_this_machine_to_a_lock_either(run: Inside, index: IndexServer) -> None:
    """Where an index gives no digests, `lock` hashes the files: those that the index itself may serve."""
    filename, data = build_wheel("demo", "1.0")
    (run.folder / filename).write_bytes(data)
    served = index.add_wheel("demo", filename, data, version="1.0")
    served.hashes, served.url = {}, f"file://{run.folder / filename}"
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "only"\nurl = "{index.url}"\ndefault = true\nhashes = "optional"\n'
    )
    done = run("lock", "-q", "demo")
    assert done.code != 0
    assert not (run.folder / "pylock.toml").exists()


def test_an_archive_of_another_project_is_no_archive_of_this_one(run: Inside, world: Two) -> None:
    """A claim holds for the project that a wheel is of, whatever the lock calls it."""
    _, data = build_wheel(NAME, "1.0", files={"evil.py": ""})
    (run.folder / FILE).write_bytes(data)
    text = (
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "harmless"\nversion = "1.0"\n'
        f'archive = {{ path = "{FILE}", hashes = {{ sha256 = "{sha256(data)}" }} }}\n'
    )
    for more in ("", "--offline"):
        (run.folder / "pylock.toml").write_text(text)
        done = run("download", "-q", "-d", "out", "-r", "pylock.toml", *filter(None, [more]))
        assert done.code == 1, (done.out, done.err)
        assert "error: invalid-lock\n" in done.err
        assert not saved(run)


def test_a_lock_that_is_made_anew_takes_nothing_but_versions_from_the_old_one(run: Inside, world: Two) -> None:
    """Not its URLs, not its digests, not its index."""
    _, public = world
    visit(run, public)
    assert run("lock", "-q", NAME).code == 0
    honest = (run.folder / "pylock.toml").read_text()
    evil = lock_of(public, bytes_of(public), f"file://{run.folder}/{FILE}")
    (run.folder / "pylock.toml").write_text(evil)
    assert run("lock", "-q", NAME).code == 0
    assert (run.folder / "pylock.toml").read_text() == honest
