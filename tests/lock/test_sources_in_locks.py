"""Source code in locks: written, made again, read, and every part of it held against what is there."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from support.repositories import GitHome, needs_git
from support.sources import build_source_archive, source_files, write_project
from support.wheels import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside
    from support.repositories import Repository

pytestmark = needs_git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Version 3.0 of `tool`."""
    made = GitHome(tmp_path / "git").repository("tool")
    made.commit(tool_files("3.0"))
    return made


def tool_files(version: str, **more: Any) -> dict[str, str]:
    """The files of the repository's project."""
    return {path: data.decode() for path, data in source_files("tool", version, **more).items() if path != "PKG-INFO"}


#: A backend that keeps to what `[project]` says, so that it is not asked, as the tiny one is.
STATED = '[build-system]\nrequires = ["flit_core>=3.4"]\nbuild-backend = "flit_core.buildapi"\n'


def stated_files(version: str) -> dict[str, str]:
    """The same project, whose version and requirements are known without anything being run."""
    project = f'[project]\nname = "tool"\nversion = "{version}"\ndescription = "-"\n'
    return {**tool_files(version), "pyproject.toml": f"{STATED}{project}"}


@pytest.fixture
def stated(tmp_path: Path) -> Repository:
    """Version 3.0 of `tool`, for tests that are not about asking its backend."""
    made = GitHome(tmp_path / "git").repository("tool")
    made.commit(stated_files("3.0"))
    return made


@pytest.fixture
def world(index: IndexServer, run: Inside) -> IndexServer:
    """`plain`, a source archive of the index that requires a wheel; `arch`, an archive beside; `proj`, a folder."""
    index.add("dep", "1.0")
    filename, data = build_source_archive("plain", "1.0", static=True, requires=["dep"])
    index.add_file("plain", filename, data)
    filename, data = build_source_archive("arch", "1.0", static=True)
    (run.folder / filename).write_bytes(data)
    write_project(run.folder / "proj", "proj", "0.1", requires=["dep"])
    return index


def wanted(repository: Repository, revision: str = "") -> tuple[str, ...]:
    """One requirement of each kind."""
    at = f"@{revision}" if revision else ""
    return ("plain", "./arch-1.0.tar.gz", "./proj", f"tool @ {repository.url}{at}")


def lock(run: Inside, index: IndexServer, *words: str, code: int = 0, output: str = "pylock.toml") -> Done:
    done = run("lock", "-q", "-i", index.url, "-o", output, *words)
    assert done.code == code, done
    return done


def packages(run: Inside, name: str = "pylock.toml") -> dict[str, dict[str, Any]]:
    """The packages of a lock, by name."""
    return {each["name"]: each for each in tomllib.loads((run.folder / name).read_text())["packages"]}


def decided(run: Inside, index: IndexServer, *more: str) -> Done:
    """A dry run, of whose words only those count that say what it would install."""
    done = run("install", "--dry-run", "-I", "-i", index.url, "-r", "pylock.toml", *more)
    return done._replace(out="".join(filter(_says_what, done.out.splitlines(keepends=True))))


def _says_what(line: str) -> bool:
    return line.startswith("Would install")


# --- written -----------------------------------------------------------------------------------------------------


def test_each_kind_of_source_is_locked_in_its_own_way_and_decided_again(
    run: Inside, world: IndexServer, repository: Repository
) -> None:
    """As PEP 751 has them; the folder alone has no version, because its code may change. When the lock is read, the
    branch has moved, and that does not matter; a report says what would be built, and where it comes from."""
    lock(run, world, *wanted(repository, "main"))
    found = packages(run)
    assert found["plain"]["version"] == "1.0"
    assert found["plain"]["index"] == world.url
    assert found["plain"]["sdist"]["name"] == "plain-1.0.tar.gz"
    assert found["plain"]["sdist"].keys() == {"name", "url", "size", "upload-time", "hashes"}
    assert "wheels" not in found["plain"]
    archive = (run.folder / "arch-1.0.tar.gz").stat()
    assert found["arch"]["archive"]["path"] == "arch-1.0.tar.gz"
    assert found["arch"]["archive"]["size"] == archive.st_size
    assert found["proj"] == {
        "name": "proj", "dependencies": [{"name": "dep"}], "directory": {"path": "proj"}
    }  # fmt: skip
    assert found["tool"]["vcs"] == {
        "type": "git",
        "url": repository.path.as_uri(),
        "requested-revision": "main",
        "commit-id": (head := repository.head),
    }
    assert len(found["tool"]["tool"]["safepip"]["tree-sha256"]) == 64
    repository.commit(tool_files("3.1"))
    done = decided(run, world, "--report", "report.json")
    assert done.code == 0, done
    assert done.out.splitlines()[-1] == "Would install arch-1.0 dep-1.0 plain-1.0 proj-0.1 tool-3.0"
    report = json.loads((run.folder / "report.json").read_text())
    infos = {item["metadata"]["name"]: item["download_info"] for item in report["install"]}
    assert infos.keys() == {"plain", "dep", "arch", "proj", "tool"}
    assert infos["tool"]["vcs_info"]["commit_id"] == head
    assert infos["proj"]["dir_info"] == {}
    assert infos["plain"]["url"].endswith("/plain-1.0.tar.gz")


@pytest.mark.usually("here", "universal")
@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="here"),
        pytest.param(("--universal",), id="universal"),
        pytest.param(("--environment", "windows-amd64:3.12"), id="elsewhere"),
    ],
)
def test_made_twice_a_lock_is_the_same_bytes(
    run: Inside, world: IndexServer, stated: Repository, more: tuple[str, ...]
) -> None:
    """Over the old one, beside it, and as seen by --check."""
    lock(run, world, *wanted(stated), *more)
    first = (run.folder / "pylock.toml").read_bytes()
    lock(run, world, *wanted(stated), *more)
    assert (run.folder / "pylock.toml").read_bytes() == first
    lock(run, world, *wanted(stated), *more, output="pylock.other.toml")
    assert (run.folder / "pylock.other.toml").read_bytes() == first
    lock(run, world, *wanted(stated), *more, "--check")


def test_an_editable_folder_and_a_subdirectory_are_locked_as_such(
    run: Inside, world: IndexServer, stated: Repository
) -> None:
    stated.commit({f"python/{path}": text for path, text in stated_files("4.0").items()})
    lock(run, world, "-e", "./proj", f"tool @ {stated.url}#subdirectory=python")
    found = packages(run)
    assert found["proj"]["directory"] == {"path": "proj", "editable": True}
    assert found["tool"]["version"] == "4.0"
    assert found["tool"]["vcs"]["subdirectory"] == "python"
    assert decided(run, world).out.split()[2:] == ["dep-1.0", "proj-0.1", "tool-4.0"]


def test_paths_are_seen_from_the_folder_of_the_lock(run: Inside, world: IndexServer, repository: Repository) -> None:
    """Also in a lock for several environments."""
    (run.folder / "locks").mkdir()
    for more in ((), ("--universal",)):
        lock(run, world, *wanted(repository)[1:3], *more, output="locks/pylock.toml")
        found = packages(run, "locks/pylock.toml")
        assert found["proj"]["directory"]["path"] == "../proj"
        assert found["arch"]["archive"]["path"] == "../arch-1.0.tar.gz"


@pytest.mark.parametrize("name", ["file:", "git+x:y", "#?%41", "[x] ~ü", "-e"])
def test_a_path_of_any_name_is_read_back_as_it_was_written(run: Inside, index: IndexServer, name: str) -> None:
    """Also one that a reader could take for a URL, a fragment, an extra or an option."""
    write_project(run.folder / name / "proj", "proj", "0.1")
    for filename, data in (build_source_archive("arch", "1.0", static=True), build_wheel("whl", "1.0")):
        (run.folder / name / filename).write_bytes(data)
    words = [f"./{name}/{each}" for each in ("proj", "arch-1.0.tar.gz", "whl-1.0-py3-none-any.whl")]
    lock(run, index, *words)
    assert decided(run, index).out == "Would install arch-1.0 proj-0.1 whl-1.0\n"
    lock(run, index, "--check", *words)


def test_what_is_locked_as_source_code_is_saved_as_it_is(
    run: Inside, world: IndexServer, repository: Repository
) -> None:
    """Nothing is built for that, so what a wheel of it would require is held against nothing."""
    lock(run, world, *wanted(repository))
    done = run("download", "-q", "-d", "out", "-i", world.url, "-r", "pylock.toml")
    assert done.code == 0, done
    saved = {path.name for path in (run.folder / "out").iterdir()}
    assert saved == {"arch-1.0.tar.gz", "dep-1.0-py3-none-any.whl", "plain-1.0.tar.gz", "tool-3.0.zip"}
    assert "proj is not saved" in done.err


def test_an_editable_checkout_is_locked_as_a_plain_one(run: Inside, world: IndexServer, repository: Repository) -> None:
    done = lock(run, world, "-e", f"{repository.url}#egg=tool")
    assert "a lock has no editable checkouts" in done.err
    assert packages(run)["tool"]["vcs"]["commit-id"] == repository.head
    assert not (run.folder / "src").exists()


def test_whether_a_source_archive_is_locked_is_decided_by_what_was_chosen(run: Inside, index: IndexServer) -> None:
    """A wheel is locked alone; of an archive beside wheels those for others are locked with it."""
    filename, data = build_source_archive("both", "1.0", static=True)
    index.add_file("both", filename, data)
    index.add("both", "1.0")
    index.add("both", "1.0", tag="cp311-cp311-win_amd64")
    lock(run, index, "both")
    assert packages(run)["both"].keys() == {"name", "version", "index", "wheels"}
    lock(run, index, "both", "--no-binary", "both")
    found = packages(run)["both"]
    assert found["sdist"]["name"] == filename
    assert [wheel["name"] for wheel in found["wheels"]] == ["both-1.0-cp311-cp311-win_amd64.whl"]


def test_hashed_requirements_have_the_archives_and_refuse_what_is_no_file(
    run: Inside, world: IndexServer, repository: Repository
) -> None:
    lock(run, world, *wanted(repository)[:2], output="requirements.txt")
    text = (run.folder / "requirements.txt").read_text()
    assert "plain==1.0 \\\n    --hash=sha256:" in text
    assert f"arch @ {(run.folder / 'arch-1.0.tar.gz').as_uri()} \\\n    --hash=sha256:" in text
    done = run("download", "-q", "-d", "out", "-i", world.url, "-r", "requirements.txt")
    assert done.code == 0, done
    for requirement in wanted(repository)[2:]:
        done = lock(run, world, requirement, output="requirements.txt", code=20)
        assert "error: unhashable-source\n" in done.err
        assert "safepip lock -o pylock.toml" in done.err
    assert (run.folder / "requirements.txt").read_text() == text
    (run.folder / "requirements.in").write_text(f"{wanted(repository)[3]} ; sys_platform == 'win32'\n")
    lock(run, world, "plain", "-r", "requirements.in", output="requirements.txt")
    assert (run.folder / "requirements.txt").read_text().count("==") == 2
    lock(run, world, "-r", "requirements.in", "--universal", output="requirements.txt", code=20)


def test_two_sources_of_one_version_are_told_apart_by_environment(
    run: Inside, world: IndexServer, stated: Repository
) -> None:
    (run.folder / "requirements.in").write_text(
        f"tool @ {stated.url} ; sys_platform == 'linux'\ntool @ {stated.url}@{stated.head} ; sys_platform != 'linux'\n"
    )
    lock(run, world, "-r", "requirements.in", "--universal")
    document = tomllib.loads((run.folder / "pylock.toml").read_text())
    assert [package["marker"] for package in document["packages"]] == [
        'sys_platform == "darwin" or sys_platform == "win32"', 'sys_platform == "linux"'
    ]  # fmt: skip
    assert decided(run, world).code == 0


# --- made again --------------------------------------------------------------------------------------------------


def test_a_lock_that_is_made_again_keeps_the_commit_until_it_is_upgraded(
    run: Inside, world: IndexServer, stated: Repository
) -> None:
    asked = ("plain", wanted(stated)[-1])
    lock(run, world, *asked)
    before, old = (run.folder / "pylock.toml").read_bytes(), stated.head
    new = stated.commit(stated_files("3.1"))
    lock(run, world, *asked, "--check")
    lock(run, world, *asked)
    lock(run, world, *asked, "-P", "dep")
    assert (run.folder / "pylock.toml").read_bytes() == before
    lock(run, world, *asked, "-P", "tool")
    assert (packages(run)["tool"]["version"], packages(run)["tool"]["vcs"]["commit-id"]) == ("3.1", new)
    (run.folder / "pylock.toml").write_bytes(before)
    lock(run, world, *asked, "-U")
    assert packages(run)["tool"]["vcs"]["commit-id"] == new
    lock(run, world, *asked[:-1], wanted(stated, old)[-1])
    assert packages(run)["tool"]["vcs"] == {
        "type": "git", "url": stated.path.as_uri(), "requested-revision": old, "commit-id": old
    }  # fmt: skip


def test_a_folder_that_requires_something_else_now_is_seen_by_check(
    run: Inside, world: IndexServer, repository: Repository
) -> None:
    """On the same day and by the same requirements: a folder is not what it was."""
    lock(run, world, "./proj")
    lock(run, world, "./proj", "--check")
    write_project(run.folder / "proj", "proj", "0.2")
    lock(run, world, "./proj", "--check", code=1)


# --- read --------------------------------------------------------------------------------------------------------


def test_a_checkout_without_the_digest_of_its_tree_is_taken(
    run: Inside, world: IndexServer, repository: Repository
) -> None:
    """Other tools record the commit alone, and no version."""
    (run.folder / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "tool"\n'
        f'vcs = {{ type = "git", url = "{repository.path.as_uri()}", commit-id = "{repository.head}" }}\n'
    )
    done = decided(run, world)
    assert (done.code, done.out) == (0, "Would install tool-3.0\n"), done


def test_nothing_is_built_that_is_not_approved(run: Inside, world: IndexServer, stated: Repository) -> None:
    """All at once, and before anything is fetched; a folder of one's own needs no approval."""
    lock(run, world, *wanted(stated))
    (run.folder / "safepip.toml").write_text('[policy]\nbuilds = [{ name = "arch", reason = "ours" }]\n')
    world.requests.clear()
    done = decided(run, world)
    assert done.code == 20, done
    assert done.err.count("error: unapproved-build\n") == 2
    assert "plain would have to be built" in done.err
    assert "tool would have to be built" in done.err
    assert not world.requests


def test_an_archive_is_taken_from_the_index_that_owns_the_name(
    run: Inside, world: IndexServer, two_indexes: tuple[IndexServer, IndexServer]
) -> None:
    lock(run, world, "plain")
    other, _ = two_indexes
    filename, data = build_source_archive("plain", "1.0", static=True, requires=["dep"])
    other.add_file("plain", filename, data)
    other.add("dep", "1.0")
    done = decided(run, other)
    assert done.code == 20
    assert "another index owns the name today" in done.err


def test_an_archive_that_the_index_exchanged_is_refused(run: Inside, world: IndexServer) -> None:
    lock(run, world, "plain")
    world.project("plain").files.clear()
    filename, data = build_source_archive("plain", "1.0", static=True, requires=["dep"], files={"more.py": ""})
    world.add_file("plain", filename, data)
    done = decided(run, world, "--refresh-package", ":all:")
    assert done.code == 20
    assert "lists the locked file with a different digest" in done.err


def altered(text: str) -> str:
    """The same text with its last character changed to another of its kind."""
    last = text[-1]
    return text[:-1] + ("0" if last != "0" else "1") if last in "0123456789abcdef" else text[:-1] + "x"


#: For each package the fields of its entry, and how the installation ends that finds one of them changed.
FIELDS: dict[str, list[tuple[tuple[str, ...], int, str]]] = {
    "plain": [
        (("version",), 1, "invalid-lock"),
        (("index",), 20, "lock-differs"),
        (("sdist", "name"), 1, "invalid-lock"),
        (("sdist", "url"), 0, ""),  # the index says where its files are
        (("sdist", "size"), 20, "lock-differs"),
        (("sdist", "upload-time"), 0, ""),  # nothing asks for it
        (("sdist", "hashes", "sha256"), 20, "lock-differs"),
    ],
    "arch": [
        (("version",), 20, "lock-differs"),
        (("archive", "path"), 1, "download-failed"),
        (("archive", "size"), 0, ""),  # the digest says which bytes are meant
        (("archive", "hashes", "sha256"), 20, "digest-mismatch"),
    ],
    "proj": [
        (("name",), 20, "lock-differs"),
        (("directory", "path"), 1, "not-a-project"),
    ],
    "tool": [
        (("name",), 20, "lock-differs"),
        (("version",), 20, "lock-differs"),
        (("vcs", "type"), 1, "invalid-lock"),
        (("vcs", "url"), 1, "checkout-failed"),
        (("vcs", "requested-revision"), 0, ""),  # the commit counts
        (("vcs", "commit-id"), 1, "checkout-failed"),
        (("tool", "safepip", "tree-sha256"), 20, "lock-differs"),
        (("tool", "safepip"), 0, ""),  # then the commit's id is all there is
    ],
}


def with_field_changed(text: str, entry: dict[str, Any], place: tuple[str, ...]) -> str:
    """The lock with one character more or other at this place of one package's entry."""
    value: Any = entry
    for key in place:
        value = value[key]
    head, mark, rest = text.partition(f'[[packages]]\nname = "{entry["name"]}"\n')
    field = place[-1]
    if isinstance(value, str):
        old, new = f'{field} = "{value}"', f'{field} = "{altered(value)}"'
    elif isinstance(value, int):
        old, new = f"{field} = {value}", f"{field} = {value + 1}"
    elif isinstance(value, dict):
        old, new = f"{field} = {{", f"{field}x = {{"
    else:
        old, new = f"{field} = 2024", f"{field} = 2023"
    changed = (mark + rest).replace(old, new, 1)
    assert changed != mark + rest
    return head + changed


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_changed_by_one_character_is_refused_or_harmless(
    run: Inside, world: IndexServer, stated: Repository, name: str
) -> None:
    """Harmless: the very same is installed."""
    kinds, installed = wanted(stated, "main"), {"plain": "dep-1.0 plain-1.0", "arch": "arch-1.0", "tool": "tool-3.0"}
    lock(run, world, kinds[[*FIELDS].index(name)])
    file = run.folder / "pylock.toml"
    text, entry = file.read_text(), packages(run)[name]
    for place, code, reference in FIELDS[name]:
        file.write_text(with_field_changed(text, entry, place))
        done = decided(run, world)
        assert done.code == code, (place, done)
        if code:
            assert f"error: {reference}\n" in done.err, place
        else:
            assert done.out.splitlines()[-1] == f"Would install {installed[name]}", place


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('vcs = { type = "git", url = "https://code.example/tool", commit-id = "0123abc" }', "not the whole id"),
        ('vcs = { type = "git", url = "https://code.example/tool", commit-id = "main" }', "not the whole id"),
        (f'vcs = {{ type = "git", url = "ext::sh", commit-id = "{"0" * 40}" }}', "version control"),
        (f'vcs = {{ type = "git", url = "https://-x.example/t", commit-id = "{"0" * 40}" }}', ""),
        (f'vcs = {{ type = "git", url = "https://code.example/t?x", commit-id = "{"0" * 40}" }}', "not that of a"),
        (f'vcs = {{ type = "cvs", url = "https://code.example/t", commit-id = "{"0" * 40}" }}', "version control"),
        (
            f'vcs = {{ type = "git", url = "https://x.example/t", subdirectory = "../x", commit-id = "{"0" * 40}" }}',
            "not a folder within",
        ),
        ('directory = { path = ".", subdirectory = "../x" }', "not a folder within"),
        ('directory = { path = ".", subdirectory = "/x" }', "not a folder within"),
        (
            f'archive = {{ path = "a.zip", subdirectory = "a/../..", hashes = {{ sha256 = "{"0" * 64}" }} }}',
            "not a folder within",
        ),
    ],
)
def test_what_no_requirement_could_name_is_no_lock(run: Inside, index: IndexServer, source: str, reason: str) -> None:
    text = f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "tool"\n{source}\n'
    (run.folder / "pylock.toml").write_text(text)
    done = decided(run, index)
    assert done.code == 1, done
    assert "error: invalid-lock\n" in done.err
    assert reason in done.err


def test_credentials_in_the_url_of_a_repository_are_refused(run: Inside, index: IndexServer) -> None:
    (run.folder / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "tool"\n'
        f'vcs = {{ type = "git", url = "https://user:secret@code.example/t", commit-id = "{"0" * 40}" }}\n'
    )
    done = decided(run, index)
    assert done.code == 1
    assert "error: credential-in-lock\n" in done.err
    assert "secret" not in done.err


def test_a_claimed_name_comes_from_a_lock_as_a_folder_only(run: Inside, world: IndexServer, stated: Repository) -> None:
    """As on the command line."""
    lock(run, world, *wanted(stated))
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "own"\nurl = "{world.url}"\ndefault = true\npackages = ["arch", "tool", "proj"]\n'
    )
    done = decided(run, world)
    assert done.code == 20
    assert "claimed-name" in done.err
    lock(run, world, "./proj", output="pylock.toml")
    assert decided(run, world).code == 0


def test_policy_can_demand_whole_commit_ids_wherever_version_control_is_named(
    run: Inside, world: IndexServer, stated: Repository
) -> None:
    """On the command line, in files and in constraints; a lock has nothing else. No lower level takes it back."""
    lock(run, world, f"tool @ {stated.url}")
    user = run.folder / "home" / ".config" / "safepip"
    user.mkdir(parents=True)
    (user / "safepip.toml").write_text("[policy]\nfull-commits = true\n")
    (run.folder / "requirements.in").write_text(f"tool @ {stated.url}@main\n")
    (run.folder / "constraints.txt").write_text(f"tool @ {stated.url}@{stated.head[:10]}\n")
    dry = ("install", "--dry-run", "-I", "-q", "-i", world.url)
    for words in (
        (*dry, stated.url),
        (*dry, "-e", f"{stated.url}#egg=tool"),
        (*dry, "-r", "requirements.in"),
        (*dry, "tool", "-c", "constraints.txt"),
        ("lock", "-q", "-i", world.url, "-r", "requirements.in"),
        ("lock", "-q", "-i", world.url, "-r", "requirements.in", "--universal"),
    ):
        done = run(*words)
        assert done.code == 20, done
        assert "error: moving-reference\n" in done.err
    assert decided(run, world).code == 0
    assert run(*dry, f"{stated.url}@{stated.head}").code == 0
    (run.folder / "safepip.toml").write_text("[policy]\nfull-commits = false\n")
    done = decided(run, world)
    assert done.code != 0
    assert "error: policy-loosened\n" in done.err


def test_without_asking_the_index_an_archive_comes_from_the_store(
    run: Inside, world: IndexServer, repository: Repository
) -> None:
    """And a wheel is built of it; what the store does not have is not found elsewhere."""
    lock(run, world, "plain", "./proj")
    words = ("wheel", "-q", "-w", "out", "-i", world.url, "-r", "pylock.toml")
    assert run(*words, "--offline", "--no-cache-dir").code == 1
    assert run(*words).code == 0
    for path in (run.folder / "out").iterdir():
        path.unlink()
    world.requests.clear()
    done = run(*words, "--offline")
    assert done.code == 0, done
    assert not world.requests
    assert sorted(path.name for path in (run.folder / "out").iterdir()) == [
        "dep-1.0-py3-none-any.whl", "plain-1.0-py3-none-any.whl", "proj-0.1-py3-none-any.whl"
    ]  # fmt: skip
