"""Whose the files of an environment are."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.edges.target.ownership import Ownership
from safepip.model.errors import Unavailable
from safepip.model.wheel import Entry
from safepip.wheel.install_paths import key_of

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX has links and rights that Windows has not")


def put(path: Path, text: str = "") -> str:
    """Write a file, and give its path as a landing has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path.as_posix()


def install(site: Path, name: str, *files: str, version: str = "1.0") -> None:
    """What an installation leaves, as far as its RECORD tells; `files` are relative to the folder."""
    info = f"{name}-{version}.dist-info"
    for file in files:
        put(site / file, f"{name} has {file}")
    put(site / info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    rows = [*files, f"{info}/METADATA", f"{info}/RECORD"]
    put(site / info / "RECORD", "".join(f"{row},,\n" for row in rows))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An environment's folder for distributions, with two of them in it."""
    site = tmp_path.resolve() / "env" / "lib" / "python3.11" / "site-packages"
    install(site, "acme", "acme/__init__.py", "acme/deep/er.py", "../../../bin/acme", "shared/data.txt")
    install(site, "Six.Py", "six.py", "shared/other.txt", version="not a version")
    return site


def owner(site: Path, path: str, *making_way: str) -> str | None:
    """Who owns a path that is relative to the folder, seen with fresh eyes."""
    return Ownership([str(site)], making_way).owner(os.path.normpath(site / path).replace(os.sep, "/"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("acme/__init__.py", "acme", id="file"),
        pytest.param("six.py", "six-py", id="name-is-normalised-and-version-of-no-account"),
        pytest.param("../../../bin/acme", "acme", id="outside-of-the-folder"),
        pytest.param("acme-1.0.dist-info/METADATA", "acme", id="metadata"),
        pytest.param("six.py/deep/er.py", "six-py", id="file-in-the-way-of-a-folder"),
        pytest.param("acme", "acme", id="folder-in-the-way-of-a-file"),
        pytest.param("acme/__pycache__/__init__.cpython-311.pyc", "acme", id="byte-code-that-is-not-there-yet"),
        pytest.param("acme/new.py", None, id="nothing-there"),
        pytest.param("new/acme.py", None, id="no-folder-there"),
        pytest.param("acme/__pycache__/new.cpython-311.pyc", None, id="byte-code-of-nothing"),
        pytest.param("acme/\0.py", None, id="no-path-at-all"),
        pytest.param("acme/" + "a" * 5000, None, id="longer-than-any-path"),
    ],
)
def test_what_is_there_has_the_owner_that_lists_it(site: Path, path: str, name: str | None) -> None:
    """Of a path at which nothing is nobody is the owner."""
    assert owner(site, path) == name


def test_a_file_that_nobody_lists_is_nobodys(site: Path) -> None:
    """What a killed installation left can be installed again."""
    put(site / "acme" / "left_over.py")
    put(site / "empty" / "left_over.py")
    assert owner(site, "acme/left_over.py") is None
    assert owner(site, "empty") is None


def test_what_makes_way_owns_nothing_unless_another_owns_it_too(site: Path) -> None:
    """The files of a distribution that is replaced are free, but for those that it shares."""
    install(site, "other", "acme/__init__.py")
    assert owner(site, "acme/deep/er.py", "acme") is None
    assert owner(site, "acme/__init__.py", "acme") == "other"
    assert owner(site, "acme/__init__.py", "acme", "other") is None


@posix
def test_links_among_the_folders_are_followed(site: Path) -> None:
    """`lib64` is `lib`, whichever of the two is written in a RECORD or in a wheel."""
    env = site.parents[2]
    (env / "lib64").symlink_to("lib")
    other = env / "lib64" / "python3.11" / "site-packages"
    assert Ownership([str(site)]).owner((other / "six.py").as_posix()) == "six-py"
    assert Ownership([str(other)]).owner((site / "six.py").as_posix()) == "six-py"


@posix
def test_a_link_belongs_to_whoever_lists_the_link(site: Path) -> None:
    """Even where it leads nowhere: pip would write over it all the same."""
    install(site, "links", "link.py")
    (site / "link.py").unlink()
    (site / "link.py").symlink_to("nowhere")
    assert owner(site, "link.py") == "links"


def test_rows_may_be_absolute_or_lead_about(site: Path) -> None:
    """As some tools write them."""
    put(site / "a.py")
    put(site / "b.py")
    put(site / "odd-1.0.dist-info" / "RECORD", f"{(site / 'a.py').as_posix()},,\nacme/../b.py,,\n")
    assert owner(site, "a.py") == "odd"
    assert owner(site, "b.py") == "odd"


def test_lists_that_were_moved_lead_from_where_they_were_written(tmp_path: Path) -> None:
    """pip leaves them as they are with `--target`: `../../bin` is the folder's own `bin` then."""
    folder = tmp_path.resolve() / "into"
    install(folder, "acme", "acme.py")
    path = put(folder / "bin" / "acme")
    record = folder / "acme-1.0.dist-info" / "RECORD"
    record.write_text("acme.py,,\n../../bin/acme,,\n")
    moved = [(f"{folder.as_posix()}/lib/python", folder.as_posix())]
    assert Ownership([folder.as_posix()], (), moved).owner(path) == "acme"
    assert Ownership([folder.as_posix()], (), moved).owner((folder / "acme.py").as_posix()) == "acme"


@pytest.mark.parametrize(
    "row", [b'"quo""ted.py",,\r\n', b',,\n"quo""ted.py",,\n', b'quo"ted.py,,\x0c\n', b'\xff.py,,\n"quo""ted.py",,\n']
)
@posix
def test_a_record_that_is_not_as_it_should_be_is_read_all_the_same(site: Path, row: bytes) -> None:
    """Its files are somebody's: to be strict would be to make them nobody's."""
    put(site / 'quo"ted.py')
    put(site / "odd-1.0.dist-info" / "METADATA")
    (site / "odd-1.0.dist-info" / "RECORD").write_bytes(row)
    assert owner(site, 'quo"ted.py') == "odd"


def test_an_old_installation_is_known_by_its_list_of_files(site: Path) -> None:
    """`installed-files.txt` is relative to the metadata."""
    put(site / "old.py")
    put(site / "old-1.0.egg-info" / "PKG-INFO", "Name: old\nVersion: 1.0\n")
    put(site / "old-1.0.egg-info" / "installed-files.txt", "../old.py\n")
    assert owner(site, "old.py") == "old"


def test_an_installation_without_a_list_owns_the_trees_that_it_names(site: Path) -> None:
    """But not those that it shares as a namespace."""
    for file in ("old.py", "oldest/deep/er.py", "google/x.py"):
        put(site / file)
    put(site / "old-1.0.egg-info" / "PKG-INFO", "Name: old\nVersion: 1.0\n")
    put(site / "old-1.0.egg-info" / "top_level.txt", "old\noldest\ngoogle\n")
    put(site / "old-1.0.egg-info" / "namespace_packages.txt", "google\n")
    assert owner(site, "old.py") == "old"
    assert owner(site, "oldest/deep/er.py") == "old"
    assert owner(site, "google/x.py") is None


def test_an_unpacked_egg_is_its_own_tree(site: Path) -> None:
    """It is itself a folder that Python looks in."""
    egg = site / "egged-1.0-py3.11.egg"
    put(egg / "EGG-INFO" / "PKG-INFO", "Name: egged\nVersion: 1.0\n")
    path = put(egg / "egged.py")
    assert Ownership([str(site), str(egg)]).owner(path) == "egged"


def test_a_distribution_hidden_by_another_of_its_name_owns_its_files_too(site: Path, tmp_path: Path) -> None:
    """pip sees the first on the path alone; the files of the second are there all the same."""
    behind = tmp_path.resolve() / "behind"
    install(behind, "acme", "acme/old.py", version="0.9")
    assert Ownership([str(site), str(behind)]).owner((behind / "acme" / "old.py").as_posix()) == "acme"


def test_nothing_is_read_before_something_is_there(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation into a folder full of distributions costs looks, and no lists."""
    monkeypatch.setattr("safepip.edges.target.ownership.all_metadata", lambda _folders: pytest.fail("lists were read"))
    ownership = Ownership([str(site)])
    assert ownership.owner((site / "new" / "__init__.py").as_posix()) is None
    assert ownership.owner((site / "acme" / "new.py").as_posix()) is None


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may read everything")
def test_a_list_that_cannot_be_read_is_an_error(site: Path) -> None:
    """Nobody can say then what would be written over."""
    (site / "acme-1.0.dist-info" / "RECORD").chmod(0)
    with pytest.raises(Unavailable, match="installed-metadata"):
        owner(site, "six.py")


def test_a_list_that_is_a_folder_is_an_error(site: Path) -> None:
    """Whatever keeps it from being read."""
    (site / "odd-1.0.dist-info" / "RECORD").mkdir(parents=True)
    with pytest.raises(Unavailable, match="installed-metadata"):
        owner(site, "six.py")


def test_a_file_holds_bytes_or_does_not(site: Path) -> None:
    """Of the same digest, by whichever algorithm; links and what is not there hold nothing."""
    path = put(site / "text.txt", "text")
    ownership = Ownership([str(site)])
    for algorithm in ("sha256", "sha512"):
        same = Entry("text.txt", 4, algorithm, hashlib.new(algorithm, b"text").digest())
        assert ownership.holds(path, same)
        assert not ownership.holds(path, same._replace(digest=hashlib.new(algorithm, b"test").digest()))
        assert not ownership.holds(path, same._replace(size=5))
        assert not ownership.holds(f"{path}.not", same)


def test_a_file_holds_a_declaration_of_a_namespace_whatever_its_comments(site: Path) -> None:
    """What an entry has is known by the way in which it declares; a file that does more holds something else."""
    path = put(
        site / "shared" / "__init__.py", "# mine\n__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    )
    entry = Entry("shared/__init__.py", 9, "sha256", b"", namespace="pkgutil")
    ownership = Ownership([str(site)])
    assert ownership.holds(path, entry)
    assert not ownership.holds(path, entry._replace(namespace="pkg_resources"))
    assert not ownership.holds(path, entry._replace(namespace=""))
    put(
        site / "shared" / "__init__.py",
        "import evil\n__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    )
    assert not ownership.holds(path, entry)


def test_byte_code_owns_the_folder_that_it_lies_in(site: Path) -> None:
    """So that nobody's file takes the place of that folder, or of one above it."""
    put(site / "deep" / "__pycache__" / "gone.cpython-311.pyc", "")
    info = site / "compiled-1.0.dist-info"
    put(info / "METADATA", "Metadata-Version: 2.1\nName: compiled\nVersion: 1.0\n")
    put(info / "RECORD", "deep/__pycache__/gone.cpython-311.pyc,,\n")
    assert owner(site, "deep") == "compiled"
    assert owner(site, "deep/__pycache__/other.cpython-311.pyc") is None


def test_entry_points_are_those_of_the_named_distribution(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None where it has none, or is not there; whatever lies in the working folder."""
    put(tmp_path / "work" / "entry_points.txt", "[console_scripts]\ntool = tool:main\n")
    monkeypatch.chdir(tmp_path / "work")
    put(site / "tool-1.0.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
    ownership = Ownership([str(site)])
    assert ownership.entry_points("tool") is None
    put(site / "tool-1.0.dist-info" / "entry_points.txt", "[console_scripts]\ntool = tool:main\n")
    assert ownership.entry_points("tool") == b"[console_scripts]\ntool = tool:main\n"
    assert ownership.entry_points("nothing") is None


def test_names_are_those_of_a_folder(site: Path) -> None:
    """Those of files; none where there is no folder."""
    ownership = Ownership([str(site)])
    (site / "shared" / "folder").mkdir()
    assert set(ownership.names((site / "shared").as_posix())) == {"data.txt", "other.txt"}
    assert not ownership.names((site / "six.py").as_posix())
    assert not ownership.names((site / "nothing").as_posix())


NAMES = st.sampled_from(["a", "b", "ä", "c.py", "__init__.py", "x y"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@settings(max_examples=60, deadline=None)
@given(files=st.sets(PATHS, max_size=12), asked=st.lists(PATHS, max_size=12))
def test_the_answer_is_that_of_reading_every_list_first(
    tmp_path_factory: pytest.TempPathFactory, files: set[str], asked: list[str]
) -> None:
    """Whatever is asked in whatever order, caches change no answer."""
    site = tmp_path_factory.mktemp("site").resolve()
    # A path that is a folder for another cannot be a file.
    files = {file for file in files if not any(other.startswith(f"{file}/") for other in files)}
    install(site, "acme", *files)
    known = {key_of(file) for file in files}
    ownership = Ownership([str(site)])
    for path in [*asked, *asked]:
        key = key_of(path)
        owned = key in known or any(key.startswith(f"{file}/") or file.startswith(f"{key}/") for file in known)
        assert ownership.owner(f"{site.as_posix()}/{path}") == ("acme" if owned else None)


def test_this_environment_owns_its_own_files() -> None:
    """The real lists of a real environment, and a module of each of two distributions in it."""
    ownership = Ownership(sys.path)
    for module in ("packaging", "pytest"):
        path = import_module(module).__file__
        assert path is not None
        assert ownership.owner(Path(path).as_posix()) == module
