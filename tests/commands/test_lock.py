"""`safepip lock` from the command line to the file, and `safepip download -r` of what it wrote."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.pylock import Pylock

from support.wheels import build_wheel, sha256

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def served(index: IndexServer) -> IndexServer:
    """An application, two libraries, one of them for an extra only, and one with wheels for several systems."""
    index.add("app", "1.0", requires=["lib>=1", "native", "odd; sys_platform == 'win32'"], extras={"more": ["extra"]})
    index.add("lib", "1.0", requires_python=">=3.8")
    index.add("lib", "1.1")
    index.add("extra", "2.0")
    index.add("odd", "1.0")
    for tag in ("cp311-cp311-win_amd64", "cp312-cp312-macosx_11_0_arm64", "py3-none-any"):
        index.add("native", "3.0", tag=tag)
    return index


def options(index: IndexServer) -> tuple[str, ...]:
    """One index and nothing kept between runs."""
    return ("-i", index.url, "--no-cache-dir", "-q")


def packages(text: str) -> dict[str, dict[str, object]]:
    """The packages of a lock by name, after packaging has found it valid."""
    data = tomllib.loads(text)
    Pylock.from_dict(data)
    return {package["name"]: package for package in data["packages"]}


def test_a_lock_has_versions_indexes_all_wheels_and_the_graph(run: Inside, served: IndexServer) -> None:
    """Wheels for other systems are in it, each with its digest, size and URL; markers decide what is not."""
    assert run("lock", "app", *options(served)).code == 0
    locked = packages((run.folder / "pylock.toml").read_text())
    assert locked.keys() == {"app", "lib", "native"}
    assert locked["app"]["dependencies"] == [{"name": "lib"}, {"name": "native"}]
    assert {package["index"] for package in locked.values()} == {served.url}
    assert locked["lib"]["version"] == "1.1"
    wheels = locked["native"]["wheels"]
    assert isinstance(wheels, list)
    assert [wheel["name"].split("-", 2)[2] for wheel in wheels] == [
        "cp311-cp311-win_amd64.whl",
        "cp312-cp312-macosx_11_0_arm64.whl",
        "py3-none-any.whl",
    ]
    assert all(len(wheel["hashes"]["sha256"]) == 64 and wheel["size"] > 0 for wheel in wheels)


def test_the_environments_of_a_lock_are_those_on_which_the_answer_depended(run: Inside, served: IndexServer) -> None:
    """A marker on the system was met for the application, none for the library."""
    run("lock", "app", *options(served))
    (marker,) = tomllib.loads((run.folder / "pylock.toml").read_text())["environments"]
    assert "sys_platform" in marker
    assert "python_version" in marker
    run("lock", "lib", "-o", "pylock.lib.toml", *options(served))
    (marker,) = tomllib.loads((run.folder / "pylock.lib.toml").read_text())["environments"]
    assert "sys_platform" not in marker


def test_a_lock_keeps_what_it_has_until_told_otherwise(run: Inside, served: IndexServer) -> None:
    """A newer version and a wheel added to a locked one change nothing; -P and -U do."""
    run("lock", "app", *options(served))
    before = (run.folder / "pylock.toml").read_bytes()
    served.add("lib", "1.2")
    served.add("native", "4.0")
    served.add("native", "3.0", tag="cp313-cp313-win_amd64")
    assert run("lock", "app", "--check", *options(served)) == (0, "", "")
    run("lock", "app", *options(served))
    assert (run.folder / "pylock.toml").read_bytes() == before
    run("lock", "app", "-P", "lib", *options(served))
    locked = packages((run.folder / "pylock.toml").read_text())
    assert (locked["lib"]["version"], locked["native"]["version"]) == ("1.2", "3.0")
    run("lock", "app", "-U", *options(served))
    assert packages((run.folder / "pylock.toml").read_text())["native"]["version"] == "4.0"


def test_check_prints_the_difference_and_writes_nothing(run: Inside, served: IndexServer) -> None:
    """A version that is no longer allowed is a difference; so is a lock that is not there."""
    assert run("lock", "app", "--check", *options(served)).code == 1
    assert not (run.folder / "pylock.toml").exists()
    run("lock", "app", *options(served))
    before = (run.folder / "pylock.toml").read_bytes()
    done = run("lock", "app", "lib<1.1", "--check", *options(served))
    assert done.code == 1
    assert '-version = "1.1"' in done.out
    assert '+version = "1.0"' in done.out
    assert (run.folder / "pylock.toml").read_bytes() == before


def test_a_new_lock_says_what_it_changes_in_the_old_one_and_why(run: Inside, served: IndexServer) -> None:
    """On standard error, and no word of it with -q; where nothing changes, one line says so."""
    loud = options(served)[:-1]
    (run.folder / "requirements.in").write_text("app\nextra\n")
    assert run("lock", "-r", "requirements.in", *loud) == (0, "Locked 4 projects in pylock.toml\n", "")
    assert run("lock", "-r", "requirements.in", *loud) == (0, "pylock.toml is up to date\n", "")
    served.add("app", "1.1", requires=["lib>=1", "native", "fresh"])
    served.add("fresh", "5.0")
    served.add("lib", "1.2")
    (run.folder / "requirements.in").write_text("app>=1.1\n")
    asked = ("lock", "-r", "requirements.in", "-P", "lib")
    changes = (
        "Changed:\n"
        "  app 1.0 -> 1.1 (requirements.in:1 asks for app>=1.1)\n"
        "  removed extra 2.0 (nothing asks for it)\n"
        "  added fresh 5.0 (app 1.1 asks for fresh)\n"
        "  lib 1.1 -> 1.2 (-P lib)\n"
    )
    done = run(*asked, "--check", *loud)
    assert (done.code, done.err) == (1, changes)
    assert '+name = "fresh"' in done.out
    assert run(*asked, *loud) == (0, "Locked 4 projects in pylock.toml\n", changes)
    assert run(*asked, *loud) == (0, "pylock.toml is up to date\n", "")
    assert run("lock", "-r", "requirements.in", "native", *options(served)).err == ""


@pytest.mark.parametrize("output", ["pylock.toml", "requirements.txt"])
def test_a_change_by_a_constraint_or_by_the_index_is_told_as_one(run: Inside, served: IndexServer, output: str) -> None:
    """In both forms of a lock."""
    loud = ("-o", output, *options(served)[:-1])
    run("lock", "app", *loud)
    (run.folder / "limits.txt").write_text("lib<1.1\n")
    done = run("lock", "app", "-c", "limits.txt", *loud)
    assert done.err == "Changed:\n  lib 1.1 -> 1.0 (limits.txt:1 asks for lib<1.1)\n"
    served.add("native", "4.0")
    served.projects["native"].files = [file for file in served.projects["native"].files if "3.0" not in file.filename]
    done = run("lock", "app", "-c", "limits.txt", *loud)
    why = "what was locked is not offered any more, or does not fit the rest"
    assert done.err == f"Changed:\n  native 3.0 -> 4.0 ({why})\n"


def test_a_check_without_a_lock_says_so_in_one_line(run: Inside, served: IndexServer) -> None:
    """And asks no index."""
    done = run("lock", "app", "--check", *options(served)[:-1])
    assert done == (1, "", "there is no lock pylock.toml: `safepip lock` without --check makes it\n")
    assert served.requests == []


def test_the_same_inputs_give_the_same_bytes(run: Inside, served: IndexServer) -> None:
    """Written to another place and in another order of the arguments."""
    run("lock", "app", "extra", *options(served))
    run("lock", "extra", "app", "-o", "pylock.again.toml", *options(served))
    assert (run.folder / "pylock.toml").read_bytes() == (run.folder / "pylock.again.toml").read_bytes()
    assert run("lock", "app", "extra", "-o", "-", *options(served)).out == (run.folder / "pylock.toml").read_text()


def test_extras_and_groups_of_a_project_are_kept_apart(run: Inside, served: IndexServer) -> None:
    """A lock of pyproject.toml is installed without them, with one, or with the other."""
    (run.folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["lib"]\n'
        '[project.optional-dependencies]\nOther_One = ["extra"]\n[dependency-groups]\ndev = ["native", "lib"]\n'
    )
    done = run("lock", "-r", "pyproject.toml", "--all-extras", "--group", "dev", *options(served))
    assert done.code == 0, done.err
    data = tomllib.loads((run.folder / "pylock.toml").read_text())
    assert (data["extras"], data["dependency-groups"], data["requires-python"]) == (["other-one"], ["dev"], ">=3.9")
    locked = packages((run.folder / "pylock.toml").read_text())
    assert "marker" not in locked["lib"]
    selections: dict[tuple[str, ...], set[str]] = {
        ("-r", "pylock.toml"): {"lib"},
        ("-r", "pylock.toml[other.one]"): {"lib", "extra"},
        ("-r", "pylock.toml", "--group", "pylock.toml:dev"): {"lib", "native"},
    }
    for number, (words, expected) in enumerate(selections.items()):
        done = run("download", "-d", f"out{number}", *words, *options(served))
        assert done.code == 0, done.err
        assert {path.name.split("-")[0] for path in (run.folder / f"out{number}").iterdir()} == expected
    done = run("download", "-d", "none", "-r", "pylock.toml[nope]", *options(served))
    assert done.code == 1
    assert "has no extra nope" in done.err


@pytest.mark.parametrize("more", [(), ("--universal",)])
def test_an_extra_that_needs_nothing_here_can_be_asked_for(
    run: Inside, served: IndexServer, more: tuple[str, ...]
) -> None:
    """As one that is empty, which projects keep under an old name; a group, too."""
    nothing = """["odd ; sys_platform == 'nowhere'"]"""
    (run.folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["lib"]\n[project.optional-dependencies]\n'
        f"old = []\nelsewhere = {nothing}\n[dependency-groups]\nEmpty_one = []\nfar = {nothing}\n"
    )
    words = ("-r", "pyproject.toml", "--all-extras", "--group", "empty-one", "--group", "far", *more)
    assert run("lock", *words, *options(served)).code == 0
    data = tomllib.loads((run.folder / "pylock.toml").read_text())
    assert (data["extras"], data["dependency-groups"]) == (["elsewhere", "old"], ["empty-one", "far"])
    asked = ("-r", "pylock.toml[old,elsewhere]", "--group", "pylock.toml:Empty-One", "--group", "pylock.toml:far")
    done = run("install", "--dry-run", "-I", *asked, "-i", served.url, "--no-cache-dir")
    assert (done.code, done.out.splitlines()[-1]) == (0, "Would install lib-1.1"), done
    assert run("lock", *words, "--check", *options(served)).code == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tool]\n", "no table [project]"),
        ('[project]\nname = "x"\ndynamic = ["dependencies"]\n', "dynamic"),
        ('[project]\nname = "x"\ndependencies = "flask"\n', "lists of strings"),
        ("[project\n", "not valid TOML"),
        ('[project]\nname = "x"\nrequires-python = "three"\n', "is not a version specifier"),
    ],
)
def test_a_project_that_cannot_say_what_it_requires_is_an_error(
    run: Inside, served: IndexServer, text: str, reason: str
) -> None:
    (run.folder / "pyproject.toml").write_text(text)
    done = run("lock", "-r", "pyproject.toml", *options(served))
    assert done.code == 1
    assert "error: invalid-project" in done.err
    assert reason in done.err


def test_a_project_is_not_asked_of_an_index_for_its_own_extras(run: Inside, served: IndexServer) -> None:
    """An extra that names others of the same project, in a circle or under a marker, is their requirements."""
    served.add("me", "99.0")
    (run.folder / "pyproject.toml").write_text(
        '[project]\nname = "Me"\nversion = "1"\n[project.optional-dependencies]\n'
        'all = ["me[one,two]", "lib"]\none = ["extra", "me[all]"]\n'
        """two = ["me[odd] ; sys_platform == 'nowhere'"]\nodd = ["odd"]\n"""
    )
    done = run("lock", "-r", "pyproject.toml", "--extra", "all", *options(served))
    assert done.code == 0, done.err
    assert not served.mentions("me/")
    locked = packages((run.folder / "pylock.toml").read_text())
    assert {name: package["marker"] for name, package in locked.items()} == dict.fromkeys(
        ("extra", "lib"), '"all" in extras'
    )
    (run.folder / "pyproject.toml").write_text(
        '[project]\nname = "me"\nversion = "1"\n[project.optional-dependencies]\nall = ["me[nope]"]\n'
    )
    assert "has no extra nope, which its extra all names" in run(
        "lock", "-r", "pyproject.toml", "--all-extras", *options(served)
    ).err  # fmt: skip


def test_a_lock_of_nothing_is_a_lock(run: Inside, served: IndexServer) -> None:
    """A project without dependencies, and a requirement for other systems."""
    assert run("lock", "lib; sys_platform == 'nowhere'", *options(served)).code == 0
    assert packages((run.folder / "pylock.toml").read_text()) == {}
    assert run("lock", "lib; sys_platform == 'nowhere'", "--check", *options(served)).code == 0
    assert run("download", "-d", "out", "-r", "pylock.toml", *options(served)).code == 0


def test_no_lock_is_made_for_a_python_that_the_project_does_not_take(run: Inside, served: IndexServer) -> None:
    (run.folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.16"\n')
    done = run("lock", "-r", "pyproject.toml", *options(served))
    assert done.code == 1
    assert "error: requires-python" in done.err
    assert not (run.folder / "pylock.toml").exists()
    assert run("lock", "-r", "pyproject.toml", "--environment", "linux-x86_64:3.16", *options(served)).code == 0


def test_requirements_with_hashes_name_every_wheel_and_who_asks(run: Inside, served: IndexServer) -> None:
    """The form of pip-compile, which keeps what it has as well."""
    (run.folder / "requirements.in").write_text("app\nlib\n")
    assert run("lock", "-r", "requirements.in", "-o", "requirements.txt", *options(served)).code == 0
    text = (run.folder / "requirements.txt").read_text()
    assert text.count("--hash=sha256:") == 5
    assert "lib==1.1 \\\n" in text
    assert "    # via\n    #   -r requirements.in\n    #   app\n" in text
    served.add("lib", "1.2")
    assert run("lock", "-r", "requirements.in", "-o", "requirements.txt", "--check", *options(served)).code == 0
    run("lock", "-r", "requirements.in", "-o", "requirements.txt", "-U", *options(served))
    assert "lib==1.2" in (run.folder / "requirements.txt").read_text()


def test_a_lock_over_another_lock_keeps_to_its_files(run: Inside, served: IndexServer) -> None:
    """Layers, as pip-tools has them: hashed constraints, and requirements of which nothing is known yet."""
    (run.folder / "base.txt").write_text(f"lib==1.0 --hash=sha256:{sha256(served.project('lib').files[0].data)}\n")
    native = served.project("native").files[2]
    (run.folder / "dev.in").write_text(f"-c base.txt\napp\nnative==3.0 --hash=sha256:{sha256(native.data)}\n")
    done = run("lock", "-r", "dev.in", *options(served))
    assert done.code == 0, done.err
    locked = packages((run.folder / "pylock.toml").read_text())
    assert {name: package["version"] for name, package in locked.items()} == {
        "app": "1.0", "lib": "1.0", "native": "3.0"
    }  # fmt: skip
    wheels = locked["native"]["wheels"]
    assert isinstance(wheels, list)
    assert [wheel["name"] for wheel in wheels] == [native.filename]
    assert run("lock", "-r", "dev.in", "--require-hashes", *options(served)).code == 20


def test_what_is_no_lock_is_not_written_over(run: Inside, served: IndexServer) -> None:
    """A file of the lock's name with something else in it stays as it is."""
    for text in ("precious\n", 'lock-version = "9"\ncreated-by = "x"\npackages = []\n', "x = 1\n"):
        (run.folder / "pylock.toml").write_text(text)
        done = run("lock", "app", *options(served))
        assert done.code == 1
        assert "error: invalid-lock" in done.err
        assert (run.folder / "pylock.toml").read_text() == text


def test_a_lock_whose_folder_cannot_be_written_is_an_error(run: Inside, served: IndexServer) -> None:
    done = run("lock", "app", "-o", "missing/pylock.toml", *options(served))
    assert done.code == 1
    assert "error: lock-not-written" in done.err


def test_the_owner_of_a_name_is_in_the_lock(run: Inside, two_indexes: tuple[IndexServer, IndexServer]) -> None:
    """Both indexes have the name; the file, digest and index of the one that owns it are locked."""
    internal, public = two_indexes
    internal.add("billing", "1.0", files={"inside.py": ""})
    public.add("billing", "99.0")
    public.add("lib", "1.0")
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "acme"\nurl = "{internal.url}"\npackages = ["billing"]\n'
        f'[[index]]\nname = "public"\nurl = "{public.url}"\ndefault = true\n'
    )
    assert run("lock", "billing", "lib", "-q").code == 0
    locked = packages((run.folder / "pylock.toml").read_text())
    assert (locked["billing"]["version"], locked["billing"]["index"]) == ("1.0", internal.url)
    assert locked["lib"]["index"] == public.url
    assert not public.mentions("billing")
    assert run("download", "-d", "out", "-r", "pylock.toml", "-q").code == 0
    # The claim moves: what is locked is no longer what routing says.
    (run.folder / "safepip.toml").write_text(f'[[index]]\nname = "public"\nurl = "{public.url}"\ndefault = true\n')
    done = run("download", "-d", "out2", "-r", "pylock.toml", "-q")
    assert done.code == 20
    assert "error: lock-differs" in done.err
    assert "another index owns the name today" in done.err
    assert not (run.folder / "out2").exists()


def test_a_lock_found_right_is_not_asked_about_again(run: Inside, served: IndexServer) -> None:
    """With the cache of an earlier run --check makes no request, and another input, option or text is looked into."""
    warm = ("-i", served.url, "-q")
    run("lock", "app", *warm)
    served.requests.clear()
    assert run("lock", "app", "--check", *warm) == (0, "", "")
    assert not served.requests
    path = run.folder / "pylock.toml"
    text = path.read_text()
    for words in (("app", "lib<1.1"), ("app", "--pre"), ("app", "--no-deps")):
        assert run("lock", *words, "-o", "pylock.other.toml", "--check", *warm).code == 1
    assert run("lock", "app", "lib<1.1", "--check", *warm).code == 1
    path.write_text(text.replace('version = "1.1"', 'version = "1.0"').replace("lib-1.1", "lib-1.0"))
    assert run("lock", "app", "--check", *warm).code == 1


def test_what_changes_under_its_name_is_looked_at_each_time(run: Inside, served: IndexServer) -> None:
    """A wheel named by its path, a folder of wheels, and --refresh-package: nothing is remembered for them."""
    warm = ("-i", served.url, "-q")
    folder = run.folder / "wheels"
    folder.mkdir()
    filename, data = build_wheel("tool", "1.0")
    for words in ((f"wheels/{filename}",), ("tool", "-f", "wheels")):
        (folder / filename).write_bytes(data)
        assert run("lock", *words, *warm, "-U").code == 0
        assert run("lock", *words, "--check", *warm).code == 0
        (folder / filename).write_bytes(build_wheel("tool", "1.0", files={"more.py": ""})[1])
        done = run("lock", *words, "--check", *warm)
        assert done.code == 1, words
        assert "+" in done.out
    run("lock", "app", "-o", "pylock.app.toml", *warm)
    served.requests.clear()
    run("lock", "app", "-o", "pylock.app.toml", "--check", "--refresh-package", ":all:", *warm)
    assert served.requests


def test_what_an_index_gives_no_digest_for_is_hashed_or_refused(run: Inside, index: IndexServer) -> None:
    """Refused unless the index is declared to need none; then the chosen file is fetched, and locked alone."""
    for tag in ("cp311-cp311-win_amd64", "py3-none-any"):
        file = index.add("bare", "1.0", tag=tag)
        file.hashes = {"md5": hashlib.md5(file.data).hexdigest()}
    done = run("lock", "bare", *options(index))
    assert done.code == 20
    assert "error: unhashed-file" in done.err
    assert "\nNo lock was written.  More: safepip help unhashed-file\n" in done.err
    assert not (run.folder / "pylock.toml").exists()
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "plain"\nurl = "{index.url}"\ndefault = true\nhashes = "optional"\n'
    )
    for words in ((), ("--environment", "linux-x86_64:3.11")):
        done = run("lock", "bare", "-o", f"pylock.{len(words)}.toml", *words)
        assert done.code == 0, done.err
        assert "bare-1.0-py3-none-any.whl alone is locked" in done.err
        wheels = packages((run.folder / f"pylock.{len(words)}.toml").read_text())["bare"]["wheels"]
        assert isinstance(wheels, list)
        assert [(wheel["name"], wheel["hashes"]) for wheel in wheels] == [
            ("bare-1.0-py3-none-any.whl", {"sha256": sha256(index.project("bare").files[1].data)})
        ]
    assert run("lock", "bare", "-o", "pylock.0.toml", "--check", "-q").code == 0
    assert run("download", "-d", "out", "-r", "pylock.0.toml", "-q").code == 0
    file = index.project("bare").files[1]
    file.data = file.data[:-1] + b"x"
    done = run("download", "-d", "other", "-r", "pylock.0.toml", "-q", "--no-cache-dir")
    assert done.code == 20
    assert "error: digest-mismatch" in done.err


def test_explain_tells_index_rule_askers_and_what_fell(run: Inside, served: IndexServer) -> None:
    """From a fresh decision, and from the lock of the folder."""
    served.add("lib", "2.0rc1")
    served.add("lib", "1.2", file={"yanked": "broken"})
    served.add("lib", "3.0", tag="cp399-cp399-win_amd64")
    (run.folder / "requirements.in").write_text("app\n")
    (run.folder / "constraints.txt").write_text("lib<4\n")
    words = ("-r", "requirements.in", "-c", "constraints.txt", *options(served))
    done = run("explain", "lib", *words)
    assert done.code == 0, done.err
    lines = [line.strip() for line in done.out.splitlines()]
    assert lines[0] == "lib 1.1"
    assert lines[1].endswith(served.url)
    assert "required by  app 1.0: lib>=1" in lines
    assert "constrained  constraints.txt:1: lib<4" in lines
    assert "fell         3.0  has no wheel for this platform: cp399-cp399-win_amd64" in lines
    assert "2.0rc1  a pre-release, and nothing asks for one" in lines
    assert "1.2  yanked: broken" in lines
    data = json.loads(run("explain", "lib", "app", "--json", *words).out)
    assert [item["name"] for item in data] == ["lib", "app"]
    assert data[1]["required_by"] == [{"who": "requirements.in:1", "requirement": "app"}]
    run("lock", "app", *options(served))
    done = run("explain", "lib", "nobody", *options(served))
    assert done.code == 1
    assert "required by  app 1.0: lib" in done.out
    assert "nobody is not needed" in done.err


def test_a_lock_of_another_name_is_written_and_told_of(run: Inside, served: IndexServer) -> None:
    """No tool would read it as a lock; requirements and standard output have no such names."""
    words = ("-i", served.url, "--no-cache-dir")
    done = run("lock", "lib", "-o", "locked.toml", *words)
    assert (done.code, "locked.toml is not a lock's name" in done.err) == (0, True)
    for output in ("pylock.toml", "pylock.dev.toml", "requirements.txt", "-"):
        assert "no name of a lock" not in run("lock", "lib", "-o", output, *words).err


PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["lib"]\n'


@pytest.mark.parametrize(
    ("name", "text"), [("pyproject.toml", PROJECT), ("requirements.in", "lib\n")], ids=["project", "requirements"]
)
def test_lock_alone_takes_the_file_of_the_folder(run: Inside, served: IndexServer, name: str, text: str) -> None:
    """And says which; what is asked for by any word is taken in its place."""
    (run.folder / name).write_text(text)
    done = run("lock", *options(served)[:-1])
    assert (done.code, done.out, done.err) == (
        0,
        "Locked 1 project in pylock.toml\n",
        f"Taking {name} of this folder\n",
    )
    assert packages((run.folder / "pylock.toml").read_text()).keys() == {"lib"}
    for empty in ([], [""]):
        assert run("lock", "-r", name, "--check", *options(served), *empty).code == 0
    assert run("lock", "extra", *options(served)) == (0, "", "")
    assert packages((run.folder / "pylock.toml").read_text()).keys() == {"extra"}


def test_lock_alone_does_not_choose_between_two_files(run: Inside, served: IndexServer) -> None:
    """The error names the commands that say which. Settings of tools alone are no project."""
    (run.folder / "pyproject.toml").write_text(PROJECT)
    (run.folder / "requirements.in").write_text("lib\n")
    done = run("lock", *options(served))
    assert done.code == 1
    assert "nothing-asked" in done.err
    commands = [line.strip() for line in done.err.splitlines() if line.strip().startswith("safepip lock -r")]
    assert len(commands) == 2
    for command in commands:
        assert run(*command.split()[1:], *options(served)).code == 0
    (run.folder / "pyproject.toml").write_text("[tool.other]\nkey = 1\n")
    assert run("lock", *options(served)).code == 0
    (run.folder / "pyproject.toml").write_text("not TOML")
    assert "nothing-asked" in run("lock", *options(served)).err


def test_lock_and_sync_alone_in_an_empty_folder_say_that_nothing_is_asked_for(run: Inside, served: IndexServer) -> None:
    """And what they looked for; where something is there to make a lock of, its command."""
    for verb, looked_for, hint in [
        ("lock", "pyproject.toml with a table [project], requirements.in", "`safepip lock --help` lists all ways"),
        (
            "sync",
            "pylock.toml",
            "name a lock, or make one of your requirements, with the same --index-url: safepip lock",
        ),
    ]:
        assert run(verb, *options(served), "").code == 1
        done = run(verb, *options(served))
        assert done.code == 1
        assert done.err.startswith(
            f"error: nothing-asked\n  no requirements given\n    looked for in this folder: {looked_for}\n"
        )
        assert hint in done.err


@pytest.mark.parametrize(
    ("files", "verb", "command"),
    [
        ({"requirements.txt": "lib\n"}, "sync", "safepip lock -r requirements.txt"),
        ({"requirements.txt": "lib\n"}, "lock", "safepip lock -r requirements.txt"),
        ({"requirements.in": "lib\n"}, "sync", "safepip lock"),
        ({"requirements.in": "lib\n", "requirements.txt": "lib\n"}, "sync", "safepip lock"),
        ({"pyproject.toml": PROJECT}, "sync", "safepip lock"),
        ({"pyproject.toml": "[tool.x]\n", "requirements.txt": "lib\n"}, "sync", "safepip lock -r requirements.txt"),
    ],
)
def test_the_command_that_makes_the_lock_is_pasted(
    run: Inside, served: IndexServer, files: dict[str, str], verb: str, command: str
) -> None:
    for name, text in files.items():
        (run.folder / name).write_text(text)
    done = run(verb, *options(served))
    (pasted,) = re.findall(r"^hint: [a-z ]+, with the same --index-url: (safepip .*)$", done.err, re.MULTILINE)
    assert pasted == command
    assert run(*pasted.split()[1:], *options(served)).code == 0
    assert run("sync", "--dry-run", *options(served)).code == 0


def test_what_is_no_lock_is_named_with_the_commands_that_make_one(run: Inside, served: IndexServer) -> None:
    for name in ("one.txt", "two's.txt"):
        (run.folder / name).write_text("lib\n")
    done = run("sync", "one.txt", "two's.txt", *options(served))
    assert done.code == 2
    assert "sync takes a lock, and one.txt and two's.txt do not pin everything by hash" in done.err
    commands = re.findall(r"^    (safepip .*)$", done.err, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert run(*shlex.split(command)[1:], *options(served), *(["--dry-run"] if "sync" in command else [])).code == 0
    done = run("sync", *["one.txt"] * 4, *options(served))
    assert "what is named does not pin" in done.err
    assert "safepip lock -r FILE" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("-r", "mine.txt"),
        ("-r", "outer.txt"),
        ("app", "-c", "mine.txt"),
        ("app", "--build-constraint", "mine.txt"),
        ("app", "-c", "linked.txt"),
    ],
)
@pytest.mark.parametrize("form", [(), ("--format", "requirements"), ("--format", "pylock")])
def test_a_lock_takes_the_place_of_nothing_that_it_is_made_of(
    run: Inside, served: IndexServer, words: tuple[str, ...], form: tuple[str, ...]
) -> None:
    """What a person has written would be gone, with its comments."""
    mine = run.folder / "mine.txt"
    mine.write_text("# what we need\napp\n")
    (run.folder / "outer.txt").write_text("-r mine.txt\n")
    (run.folder / "linked.txt").symlink_to(mine)
    done = run("lock", *words, *form, "-o", "./mine.txt", *options(served))
    assert (done.code, "error: conflicting-options" in done.err) == (2, True), done
    assert mine.read_text() == "# what we need\napp\n"
