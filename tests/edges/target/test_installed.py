"""The distributions of an environment, and what safepip is made of."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from safepip.edges.target.installed import (
    check_not_hidden,
    installed,
    parts_of_safepip,
    read_installed_metadata,
)
from safepip.edges.target.interpreter import probe
from safepip.environment.guards import closure
from safepip.model.errors import Unavailable
from safepip.model.plan import Target
from safepip.wheel.metadata import parse_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable


def target_of(*folders: Path, user_site: Path | None = None) -> Target:
    """A target with these folders on its path."""
    paths = tuple(str(folder) for folder in folders)
    return Target("python", "3.11.0", {}, (), paths, str(user_site) if user_site else None)


def metadata(folder: Path, name: str, text: str, file: str = "METADATA") -> None:
    """A metadata folder with one file."""
    (folder / name).mkdir(parents=True)
    (folder / name / file).write_text(text)


def pips_view(*folders: Path) -> dict[str, tuple[str, str | None]]:
    """Name, version and metadata folder of what pip itself takes for installed in these folders."""
    from pip._internal.metadata import get_environment

    distributions = get_environment([str(folder) for folder in folders]).iter_installed_distributions(local_only=False)
    return {dist.canonical_name: (str(dist.version), dist.info_location) for dist in distributions}


def view(*folders: Path) -> dict[str, tuple[str, str | None]]:
    """The same as safepip sees it."""
    found = installed(target_of(*folders)).values()
    return {dist.name: (str(dist.version), dist.metadata_path) for dist in found}


def furnish(first: Path, second: Path) -> None:
    """Two folders with every form that an installed distribution takes, and with what is none."""
    metadata(first, "Some_Thing-1.0.dist-info", "Metadata-Version: 2.1\nName: Some.Thing\nVersion: 1.0\n")
    metadata(second, "some_thing-9.0.dist-info", "Metadata-Version: 2.1\nName: some-thing\nVersion: 9.0\n")
    metadata(first, "folder_lies-2.0.dist-info", "Metadata-Version: 2.1\nName: other\nVersion: 3.0\n")
    metadata(first, "no_version.dist-info", "Metadata-Version: 2.1\nName: no-version\nVersion: 4.0\n")
    metadata(first, "legacy.egg-info", "Metadata-Version: 1.0\nName: Legacy\nVersion: 5.0.post1\n", "PKG-INFO")
    metadata(first, "older-6.0-py3.11.egg-info", "Metadata-Version: 1.0\nName: older\nVersion: 6.0\n", "PKG-INFO")
    (first / "distutils-7.0.egg-info").write_text("Metadata-Version: 1.0\nName: distutils\nVersion: 7.0\n")
    metadata(first, "~umpy-1.0.dist-info", "Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n")
    metadata(first, "argparse-1.4.0.dist-info", "Metadata-Version: 2.1\nName: argparse\nVersion: 1.4.0\n")
    (first / "empty-8.0.dist-info").mkdir()
    (first / "module.py").touch()
    metadata(second / "linked", "linked.egg-info", "Metadata-Version: 1.0\nName: linked\nVersion: 1.1\n", "PKG-INFO")
    (second / "linked.egg-link").write_text(f"\n{second / 'linked'}\n.\n")


def test_the_installed_distributions_are_those_that_pip_sees(tmp_path: Path) -> None:
    """In every form, the first on the path before the others, and without what pip leaves out."""
    first, second = tmp_path / "first", tmp_path / "second"
    furnish(first, second)
    assert view(first, second) == pips_view(first, second)
    assert view(second, first) == pips_view(second, first)
    assert view(first, second)["some-thing"][0] == "1.0"
    assert {"linked", "legacy", "older", "distutils", "no-version", "empty"} <= view(first, second).keys()
    assert not {"argparse", "umpy", "numpy"} & view(first, second).keys()


def test_an_unpacked_egg_on_the_path_is_installed(tmp_path: Path) -> None:
    """Its metadata lies inside it."""
    egg = tmp_path / "thing-1.0-py3.11.egg"
    metadata(egg, "EGG-INFO", "Metadata-Version: 1.0\nName: thing\nVersion: 1.0\n", "PKG-INFO")
    assert view(egg) == pips_view(egg)
    assert view(egg)["thing"][0] == "1.0"


#: Metadata that says what it requires, and some that does not.
SAYS = "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nProvides-Extra: own\nRequires-Dist: own\n"
SAYS_NOT = "Metadata-Version: 1.0\nName: thing\nVersion: 1.0\n\nRequires-Dist: in-the-description\n"
BESIDE = (
    "first>=1\n# none\n[:os_name == 'posix']\nsecond\n[Fast_Er]\nthird\n[fast-er:os_name == 'nt']\nfourth\n[empty]\n"
)


@pytest.mark.parametrize(
    "text", [SAYS, SAYS_NOT, SAYS_NOT.replace("\n", "\r\n"), SAYS.replace("Requires", "X-Requires")]
)
@pytest.mark.parametrize("beside", [None, "", BESIDE])
@pytest.mark.parametrize(
    ("folder", "file"),
    [("thing-1.0.dist-info", "METADATA"), ("thing-1.0-py3.egg-info", "PKG-INFO"), ("EGG-INFO", "PKG-INFO")],
)
def test_what_is_installed_requires_what_pip_says_it_requires(
    tmp_path: Path, folder: str, file: str, text: str, beside: str | None
) -> None:
    """An `.egg-info` has its requirements in a file beside the metadata."""
    from pip._internal.metadata import get_environment

    place = tmp_path / "thing-1.0-py3.11.egg" if folder == "EGG-INFO" else tmp_path
    metadata(place, folder, "", file)
    (place / folder / file).write_bytes(text.encode())
    if beside is not None:
        (place / folder / "requires.txt").write_text(beside)
    (pips,) = get_environment([str(place)]).iter_installed_distributions(local_only=False)
    (found,) = installed(target_of(place)).values()
    read = parse_metadata(read_installed_metadata(found), verified=False)
    wanted = [Requirement(each) for each in pips.metadata.get_all("Requires-Dist", [])]
    assert [Requirement(str(each)) for each in read.requires] == wanted
    assert read.provided_extras == frozenset(pips.iter_provided_extras())
    assert bool(wanted) == (text == SAYS or bool(beside))


def test_a_file_of_requirements_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    for number, content in enumerate((b"\xff\n", None)):
        site = tmp_path / str(number)
        metadata(site, "thing-1.0-py3.egg-info", SAYS_NOT, "PKG-INFO")
        beside = site / "thing-1.0-py3.egg-info" / "requires.txt"
        beside.write_bytes(content) if content else os.mkfifo(beside)
        (found,) = installed(target_of(site)).values()
        with pytest.raises(Unavailable):
            read_installed_metadata(found)


def test_this_environment_is_seen_as_pip_sees_it() -> None:
    """A real environment, with its own oddities."""
    folders = [Path(entry) for entry in probe(sys.executable).site_paths]
    assert view(*folders) == pips_view(*folders)


def test_listing_opens_no_metadata_of_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open per distribution is what makes a listing slow."""
    for number in range(5):
        metadata(tmp_path, f"thing{number}-1.0.dist-info", "")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    assert len(installed(target_of(tmp_path))) == 5


def test_a_version_that_is_none_leaves_the_distribution_out(tmp_path: Path) -> None:
    """pip reports such a distribution when it comes to matter."""
    metadata(tmp_path, "thing-not_a_version.dist-info", "")
    assert installed(target_of(tmp_path)) == {}


def test_the_users_site_is_told_apart(tmp_path: Path) -> None:
    """And only it."""
    metadata(tmp_path / "user", "a-1.dist-info", "")
    metadata(tmp_path / "user-too", "b-1.dist-info", "")
    found = installed(target_of(tmp_path / "user", tmp_path / "user-too", user_site=tmp_path / "user"))
    assert {name: dist.in_user_site for name, dist in found.items()} == {"a": True, "b": False}


def test_metadata_is_read_from_each_form(tmp_path: Path) -> None:
    """As bytes; a distribution that has none is an error that names it."""
    furnish(tmp_path / "first", tmp_path / "second")
    found = installed(target_of(tmp_path / "first"))
    assert read_installed_metadata(found["some-thing"]).endswith(b"Version: 1.0\n")
    assert read_installed_metadata(found["legacy"]).endswith(b"5.0.post1\n")
    assert read_installed_metadata(found["distutils"]).endswith(b"7.0\n")
    with pytest.raises(Unavailable, match=r"installed-metadata: .*empty 8.0"):
        read_installed_metadata(found["empty"])


def test_folders_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    """sys.path names a zip file of the standard library that seldom exists."""
    (tmp_path / "file").touch()
    assert installed(target_of(tmp_path / "missing", tmp_path / "file")) == {}


def test_safepip_is_made_of_what_it_requires_and_not_of_its_test_tools() -> None:
    """From the metadata of the environment that runs it, extras included where they are asked for."""
    parts = parts_of_safepip(probe(sys.executable))
    assert {
        "safepip",
        "pip",
        "packaging",
        "resolvelib",
        "httpx",
        "httpcore",
        "h2",
        "h11",
        "anyio",
        "platformdirs",
    } <= parts
    assert not {"pytest", "mypy", "hypothesis"} & parts


def requires_of(graph: dict[str, list[str]], name: str) -> Iterable[Requirement] | None:
    """The requirements of a name in a graph written as texts."""
    return [Requirement(text) for text in graph[name]] if name in graph else None


def test_a_closure_follows_extras_and_markers_and_ends_in_circles() -> None:
    """Only what is installed and holds here counts."""
    graph = {
        "root": ["A[x]>=1", "b; python_version < '3'", "missing"],
        "a": ["c", "d; extra == 'x'", "e; extra == 'y'"],
        "c": ["root"],
        "d": ["A"],
        "b": [],
        "e": [],
    }
    found = closure("root", lambda name: requires_of(graph, name), {"python_version": "3.11"})
    assert found == {"root", "a", "c", "d"}


def test_a_distribution_is_a_version_and_a_place(tmp_path: Path) -> None:
    """The words of the domain."""
    metadata(tmp_path, "thing-1.0.dist-info", "")
    (found,) = installed(target_of(tmp_path)).values()
    assert found.version == Version("1")
    assert found.metadata_path == os.path.join(tmp_path, "thing-1.0.dist-info")


def test_what_another_folder_hides_is_not_passed_over(tmp_path: Path) -> None:
    """pip would take away the user's, which comes before, and what the environment has would stay."""
    user, own, base = tmp_path / "user", tmp_path / "own", tmp_path / "base"
    for folder, name in ((user, "hidden-2.0"), (own, "hidden-1.0"), (own, "seen-1.0"), (base, "seen-2.0")):
        metadata(folder, f"{name}.dist-info", f"Metadata-Version: 2.1\nName: {name[:-4]}\nVersion: {name[-3:]}\n")
    target = target_of(user, own, base, user_site=user)._replace(schemes={"purelib": str(own), "platlib": str(own)})
    with pytest.raises(Unavailable) as raised:
        check_not_hidden(target)
    (told,) = raised.value.diagnostics
    assert told.subject == "hidden"
    assert told.context == tuple(str(place / f"hidden-{number}.0.dist-info") for place, number in ((own, 1), (user, 2)))
    check_not_hidden(target, untouched={"hidden"})
    check_not_hidden(target._replace(site_paths=(str(own), str(user))))
    (tmp_path / "link").symlink_to(own)
    check_not_hidden(target._replace(site_paths=(str(tmp_path / "link"), str(user))))
