"""`file-overlap`: every file has its place for itself, among the wheels of a run and among what is installed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.edges.target.ownership import Ownership
from safepip.rules import file_overlap
from safepip.wheel.install_paths import Layout
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

SITE = "/env/lib/python3.11/site-packages"
PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


def wheel(
    name: str, *files: str, texts: Mapping[str, str] | None = None, version: str = "1.0", **more: Any
) -> WheelUnderReview:
    """A wheel whose `files` say whose they are; `texts` have a content of their own."""
    content = {file.replace("DATA", f"{name}-{version}.data"): f"{name} has {file}" for file in files}
    layout = more.pop("layout", LAYOUT)
    return wheel_under_review(
        *build_wheel(name, version, files={**content, **(texts or {})}, module=False, **more), layout
    )


def evidence(reviewed: WheelUnderReview, context: RuleContext) -> tuple[str, ...] | None:
    """The lines of the objection but for the one that names the wheel; None where there is none."""
    finding = file_overlap.check(reviewed, context)
    if finding is None:
        return None
    assert finding.reference == "file-overlap"
    assert finding.subject == reviewed.pin.name
    return finding.context[1:]


def refused(*all_reviewed: WheelUnderReview, **more: Any) -> set[str]:
    """The projects whose wheels are refused in one run."""
    context = context_of(*all_reviewed, **more)
    checks = (file_overlap.check_folders, file_overlap.check)
    return {reviewed.pin.name for reviewed in all_reviewed if any(check(reviewed, context) for check in checks)}


def owners(**files: str) -> dict[str, Any]:
    """Fields of a context in which these distributions have these files in site-packages, apart by spaces."""
    by_path = {f"{SITE}/{path}": owner for owner, paths in files.items() for path in paths.split()}
    folders: dict[str, list[str]] = {}
    for path in by_path:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)

    def owner(path: str) -> str | None:
        """As the edge answers: of a folder, the owner of something in it; where a file stands in the way, its owner."""
        return next(
            (
                name
                for file, name in by_path.items()
                if f"{file}/".startswith(f"{path}/") or path.startswith(f"{file}/")
            ),
            None,
        )

    return {"owner": owner, "names": lambda folder: folders.get(folder, [])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("acme/__init__.py", "acme/__init__.py", id="module"),
        pytest.param("acme/data.txt", "acme/data.txt", id="data"),
        pytest.param("LICENSE", "LICENSE", id="odd-but-not-the-same"),
        pytest.param("acme/x.py", "acme/X.py", id="one-file-where-case-does-not-count"),
        pytest.param("acme/é.py", "acme/e\u0301.py", id="one-file-where-forms-do-not-count"),
        pytest.param("acme/x.py", "DATA/purelib/acme/x.py", id="by-purelib"),
        pytest.param("acme/x.py", "DATA/data/lib/python3.11/site-packages/acme/x.py", id="by-data"),
        pytest.param("DATA/data/share/x", "DATA/data/share/x", id="both-by-data"),
    ],
)
def test_two_wheels_with_one_place_are_both_refused(one: str, other: str) -> None:
    """Which of them is the intruder nobody can know."""
    mine, theirs = wheel("mine", one), wheel("theirs", other)
    assert refused(mine, theirs) == {"mine", "theirs"}
    assert refused(mine) == refused(theirs) == set()


def test_the_finding_names_the_file_and_the_other_project() -> None:
    """In the words that the wheel itself has for the file."""
    mine, theirs = wheel("mine", "DATA/purelib/acme/x.py"), wheel("theirs", "acme/x.py")
    assert evidence(mine, context_of(mine, theirs)) == (
        "mine-1.0.data/purelib/acme/x.py: the wheel of theirs has another file at this path",
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("google/a.py", "google/b.py", id="namespace-package"),
        pytest.param("google/a/__init__.py", "google/b/__init__.py", id="namespace-of-packages"),
        pytest.param("acme.py", "acme.pyi", id="types-beside-a-module"),
        pytest.param("acme/a.so", "acme/b.so", id="two-extension-modules"),
        pytest.param("DATA/headers/x.h", "DATA/headers/x.h", id="headers-are-kept-apart-by-project"),
        pytest.param("a/bc", "a/b/c", id="a-folder-that-begins-like-a-file"),
    ],
)
def test_folders_may_be_shared(one: str, other: str) -> None:
    """Namespace packages do."""
    assert refused(wheel("mine", one), wheel("theirs", other)) == set()


def test_files_of_the_same_bytes_may_be_shared() -> None:
    """As by old namespace packages; whichever comes last changes nothing."""
    both = {"google/__init__.py": PKGUTIL, "tests/__init__.py": ""}
    mine, theirs = wheel("mine", "google/a.py", texts=both), wheel("theirs", "google/b.py", texts=both)
    assert refused(mine, theirs) == set()
    assert refused(mine, wheel("theirs", texts={"google/__init__.py": PKGUTIL + "import evil\n"})) == {"mine", "theirs"}


@pytest.mark.parametrize(
    "theirs", [PKGUTIL, "# A comment.\nfrom pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)\n"]
)
def test_declarations_of_one_namespace_may_differ_in_what_does_nothing(theirs: str) -> None:
    """dbt-core and its adapters have other comments; a declaration in another way is another file."""
    path = "google/__init__.py"
    mine = wheel("mine", texts={path: f'"""Shared."""\n{PKGUTIL}# mine\n'})
    assert refused(mine, wheel("theirs", texts={path: theirs})) == set()
    for other in (
        theirs + "x = 1\n",
        "__import__('pkg_resources').declare_namespace(__name__)\n",
        "pkgutil = extend_path = 1\n",
    ):
        assert refused(mine, wheel("theirs", texts={path: other})) == {"mine", "theirs"}


def test_digests_of_two_algorithms_say_nothing() -> None:
    """Bytes that are not known to be the same are taken for different ones."""
    mine, theirs = wheel("mine", texts={"a.txt": ""}), wheel("theirs", texts={"a.txt": ""})
    for install_path in theirs.install_paths:
        if install_path.entry is not None and install_path.entry.path == "a.txt":
            other = install_path._replace(entry=install_path.entry._replace(algorithm="sha512"))
            theirs = theirs._replace(install_paths=(other,))
    assert refused(mine, theirs) == {"mine", "theirs"}


@pytest.mark.parametrize("below", ["six.py/x.py", "six.py/deep/er.txt", "DATA/purelib/SIX.py/x"])
def test_a_file_is_no_folder_for_another_wheel(below: str) -> None:
    """pip would stop there, with half of it installed, so no exception can help and none is offered."""
    mine, theirs = wheel("mine", "six.py"), wheel("theirs", below)
    finding = file_overlap.check_folders(mine, context_of(mine, theirs))
    assert finding is not None
    assert finding.context[1:] == ("six.py: this is a folder in the wheel of theirs",)
    assert "[[allow]]" not in finding.hint
    assert evidence(mine, context_of(mine, theirs)) is None
    assert file_overlap.check_folders(theirs, context_of(mine, theirs)) is None


@pytest.mark.parametrize("below", ["six.py/x.py", "six.py/deep/er.txt"])
def test_an_installed_file_is_no_folder_for_a_wheel(below: str) -> None:
    """Nor for an exception; where it goes away in the same run, it is in nobody's way."""
    mine, context = wheel("mine", below), owners(theirs="six.py acme/x.py")
    finding = file_overlap.check_folders(mine, context_of(mine, **context))
    assert finding is not None
    assert finding.context[1:] == (f"{below}: six.py is a file of theirs, which is installed",)
    assert "has folders where others have files" in finding.message
    assert "[[allow]]" not in finding.hint
    assert evidence(mine, context_of(mine, **context)) is None
    assert refused(mine, removed=frozenset({"theirs"}), **context) == set()
    assert refused(wheel("mine", "acme/y/x.txt", "other/x.py/y"), **context) == set()


def test_a_wheel_has_no_two_files_for_one_place() -> None:
    """By two routes; whatever their bytes, one of its RECORD's rows would be wrong or idle."""
    mine = wheel("mine", "acme/x.py", "DATA/purelib/acme/X.py")
    assert evidence(mine, context_of(mine)) == (
        "mine-1.0.data/purelib/acme/X.py: the wheel itself has acme/x.py at the same path",
    )
    assert refused(wheel("mine", "DATA/data/bin/acme", scripts={"acme": "acme:main"})) == {"mine"}


def test_an_old_wrapper_beside_its_entry_point_is_one_file() -> None:
    """pip leaves it out, and so does the plan."""
    assert refused(wheel("mine", "DATA/scripts/acme", scripts={"acme": "acme:main"})) == set()


def test_two_entry_points_that_become_one_program_are_no_files_of_the_wheel() -> None:
    """On Windows `x` and `x.py` both start by `x.exe`."""
    folder = "C:/env/Lib/site-packages"
    layout = Layout({"purelib": folder, "platlib": folder, "scripts": "C:/env/Scripts", "data": "C:/env"}, windows=True)
    both = {"x": "acme:main", "x.py": "acme:main"}
    assert refused(wheel("mine", scripts=both, layout=layout), layout=layout) == set()


def test_a_file_of_an_installed_distribution_is_not_written_over() -> None:
    """Unless it is replaced in this run."""
    mine = wheel("mine", "acme/x.py", "mine/y.py")
    assert evidence(mine, context_of(mine, **owners(acme="acme/x.py"))) == (
        "acme/x.py: this path belongs to acme, which is installed",
    )
    assert refused(mine, **owners(mine="acme/x.py mine/y.py")) == set()
    assert refused(mine, wheel("acme", "acme/new.py", version="2.0"), **owners(acme="acme/x.py")) == set()


def test_a_file_that_is_there_with_the_same_bytes_may_be_written_again() -> None:
    """So that an old namespace package can be installed in two runs as well as in one."""
    mine = wheel("mine", texts={"google/__init__.py": PKGUTIL})
    (entry,) = [entry for entry in mine.content.entries.values() if entry.path == "google/__init__.py"]
    there = owners(theirs="google/__init__.py")
    assert refused(mine, **there) == {"mine"}
    held = {(f"{SITE}/google/__init__.py", entry)}
    assert refused(mine, **there, holds=lambda path, entry: (path, entry) in held) == set()


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param("six/__init__.py", "six.py", id="package-before-module"),
        pytest.param("six/__init__.abi3.so", "six.py", id="extension-package-before-module"),
        pytest.param("six/__init__.pyc", "six.cpython-311-x86_64-linux-gnu.so", id="package-before-extension"),
        pytest.param("six.cpython-311-x86_64-linux-gnu.so", "six.py", id="extension-before-source"),
        pytest.param("acme/deep/er.so", "acme/deep/er.py", id="not-only-at-the-top"),
        pytest.param("six.pyd", "six.abi3.so", id="extension-and-extension"),
        pytest.param("six/__init__.so", "six/__init__.py", id="in-the-package"),
        pytest.param("six.py", "six.pyc", id="source-before-byte-code"),
        pytest.param("DATA/purelib/six/__init__.py", "six.py", id="by-data"),
    ],
)
def test_a_module_that_python_prefers_takes_the_place_of_another(mine: str, theirs: str) -> None:
    """No path is the same, and yet it is the attacker's code that is imported."""
    one, other = wheel("mine", mine), wheel("theirs", theirs)
    expected = f"Python would import it instead of {SITE}/{theirs}, which belongs to theirs"
    for context in (context_of(one, other), context_of(one, **owners(theirs=theirs))):
        lines = evidence(one, context)
        assert lines is not None
        assert lines[0].endswith(expected)
    # Nobody is kept from replacing himself.
    assert refused(wheel("theirs", mine, version="2.0"), **owners(theirs=theirs)) == set()
    assert refused(wheel("mine", mine, theirs)) == set()


def test_a_module_that_python_does_not_prefer_takes_nothing() -> None:
    """The one that is hidden is not at fault, but where what hides it is installed it alone can be told."""
    mine = wheel("mine", "six.py")
    assert refused(mine, wheel("theirs", "six/__init__.py")) == {"theirs"}
    assert evidence(mine, context_of(mine, **owners(theirs="six/__init__.py"))) == (
        f"six.py: Python would import {SITE}/six/__init__.py instead, which belongs to theirs",
    )


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        pytest.param("six.abi3.so", "six.py", id="extension-module"),
        pytest.param("six/__pycache__/__init__.cpython-311.pyc", "six/__init__.py", id="byte-code"),
        pytest.param("six.py", "six/moves.py", id="end-of-a-namespace"),
        pytest.param("six/__init__.abi3.so", "six/moves.py", id="package-without-a-path"),
        pytest.param("../../../bin/six.py", "six/__init__.py", id="among-the-commands"),
        pytest.param("../../../bin/six/__init__.py", "six.py", id="package-among-the-commands"),
        pytest.param("../../../six.py", "six.py", id="where-somebody-may-work"),
    ],
)
def test_what_is_installed_first_hides_nothing_that_comes_later(theirs: str, mine: str, tmp_path: Path) -> None:
    """On a disk, by its RECORD; as soon as it makes way nothing is in the way."""
    env = tmp_path.resolve()
    site = env / "lib/python3.11/site-packages"
    files = {**dict.fromkeys((theirs, "theirs.py"), "x = 1\n"), "theirs-1.0.dist-info/METADATA": "Name: theirs\n"}
    for path, text in {**files, "theirs-1.0.dist-info/RECORD": "".join(f"{file},,\n" for file in files)}.items():
        (site / path).resolve().parent.mkdir(parents=True, exist_ok=True)
        (site / path).resolve().write_text(text)
    schemes = {name: place.replace("/env", env.as_posix(), 1) for name, place in LAYOUT.schemes.items()}
    layout = Layout(schemes, frozenset({site.as_posix()}))
    there = Ownership([site.as_posix()])
    fields = {"owner": there.owner, "holds": there.holds, "names": there.names, "layout": layout}
    assert refused(wheel("mine", mine, layout=layout), **fields) == {"mine"}
    assert refused(wheel("mine", "other.py", layout=layout), **fields) == set()
    assert refused(wheel("mine", mine, layout=layout), removed=frozenset({"theirs"}), **fields) == set()
    assert refused(wheel("theirs", mine, version="2.0", layout=layout), **fields) == set()


@pytest.mark.parametrize("mine", ["shared.py", "shared.abi3.so", "shared/__init__.abi3.so", "acme/in.py"])
def test_a_module_ends_the_namespace_that_others_share(mine: str) -> None:
    """A folder without `__init__` gives way to any module of its name, wherever its portions come from."""
    portion = "acme/in/part/x.py" if mine.startswith("acme") else "shared/part/__init__.py"
    one, other = wheel("mine", mine), wheel("theirs", portion)
    for context in (context_of(one, other), context_of(one, **owners(theirs=portion))):
        lines = evidence(one, context)
        assert lines is not None
        assert lines[0].startswith(f"{mine}: Python would import it instead of {SITE}/")
        assert lines[0].endswith("which belongs to theirs")
    # A package hides the module beside it, and whoever has both has nobody to take from.
    assert refused(wheel("mine", mine, portion)) == set()
    if "__init__" not in mine:
        package = portion.partition("/part")[0] + "/__init__.py"
        lines = evidence(one, context_of(one, **owners(theirs=f"{portion} {package}")))
        assert lines == (f"{mine}: Python would import {SITE}/{package} instead, which belongs to theirs",)
        assert "mine" not in refused(wheel("mine", mine), wheel("theirs", portion, package))


def test_an_old_namespace_package_stays_beside_the_portions_of_others() -> None:
    """Its `__init__.py` extends the path; whether every one does is not found out."""
    assert refused(wheel("mine", "google/__init__.py"), wheel("theirs", "google/part/__init__.py")) == set()
    assert refused(wheel("mine", "google/__init__.py"), **owners(theirs="google/part/__init__.py")) == set()


def test_python_tells_modules_apart_by_letter_case() -> None:
    """`Crypto` and `crypto` are two packages; where the system sees one file of them, the paths clash already."""
    assert refused(wheel("mine", "six/__init__.py"), wheel("theirs", "Six.py")) == set()


def test_pytest_makes_way_for_the_project_py_alone() -> None:
    """Its `py.py` stands there for those who have not that project."""
    pytests = wheel("pytest", "py.py")
    assert refused(pytests, wheel("py", "py/__init__.py")) == set()
    assert refused(wheel("py", "py/__init__.py"), **owners(pytest="py.py")) == set()
    assert refused(pytests, wheel("evil", "py/__init__.py")) == {"evil"}


@pytest.mark.parametrize(
    "mine",
    [
        *("DATA/scripts/six.py", "DATA/data/bin/six/__init__.py", "DATA/scripts/six.abi3.so"),
        *("DATA/data/six.py", "DATA/data/six/__init__.py"),
    ],
)
@pytest.mark.parametrize("theirs", ["six.py", "six/__init__.py", "six/core.py", "six.abi3.so"])
def test_a_module_among_the_commands_takes_the_place_of_anothers(mine: str, theirs: str) -> None:
    """Whichever it is: to a script of pip's the folder of the script stands first."""
    one, other = wheel("mine", mine), wheel("theirs", theirs)
    # A package without `__init__` of its own is none of its distribution, until it is there.
    if theirs != "six/core.py":
        assert refused(one, other) == {"mine"}
    there = owners(theirs=theirs)
    folders = {path.rpartition("/")[0] for path in (f"{SITE}/{theirs}",)}

    def owner(path: str) -> str | None:
        return "theirs" if path in folders - {SITE} else there["owner"](path)

    assert refused(one, **{**there, "owner": owner}) == {"mine"}
    assert refused(wheel("mine", mine, theirs)) == set()
    assert refused(wheel("mine", "DATA/scripts/six", "DATA/scripts/five.py"), other) == set()


def test_byte_code_is_not_put_beside_the_source_of_another() -> None:
    """Its header can say that the source is never to be looked at."""
    mine = wheel("mine", "six/__pycache__/core.cpython-311.opt-1.pyc")
    assert evidence(mine, context_of(mine, wheel("theirs", "six/core.py"))) == (
        "six/__pycache__/core.cpython-311.opt-1.pyc: this is byte code for a module in the wheel of theirs",
    )
    assert refused(wheel("mine", "six/core.py", "six/__pycache__/core.cpython-311.pyc")) == set()


def test_commands_are_not_told_of_twice() -> None:
    """`command-clash` does."""
    theirs = wheel("theirs", "DATA/scripts/acme")
    assert refused(wheel("mine", scripts={"acme": "acme:main"}), theirs) == set()
    assert refused(wheel("mine", "DATA/scripts/sub/acme"), wheel("theirs", "DATA/scripts/sub/acme")) == {
        "mine",
        "theirs",
    }


def test_what_lands_nowhere_is_nobodys_place() -> None:
    """Files of an unknown scheme are the business of another rule."""
    assert refused(wheel("mine", "DATA/nonsense/x"), wheel("theirs", "DATA/nonsense/x")) == set()


def test_a_hundred_thousand_files_in_the_wrong_place_are_told_of_briefly() -> None:
    """The finding does not grow with the wheel."""
    files = [f"acme/f{number}.txt" for number in range(300)]
    mine, theirs = wheel("mine", *files), wheel("theirs", *files)
    lines = evidence(mine, context_of(mine, theirs))
    assert lines is not None
    assert len(lines) == 11
    assert lines[-1] == "and more"


NAMES = st.sampled_from(
    ["a", "A", "b", "a.py", "a.so", "__init__.py", "__init__.pyc", "__pycache__", "a.cpython-311.pyc"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
WHEELS = st.lists(st.sets(PATHS, min_size=1, max_size=4), min_size=2, max_size=4)


def built(files: list[set[str]]) -> list[WheelUnderReview]:
    """Wheels with these files, without those that would be folders for others of the same wheel."""
    alone = [{path for path in paths if not any(p.startswith(f"{path}/") for p in paths)} for paths in files]
    return [wheel(f"w{number}", *paths) for number, paths in enumerate(alone)]


@settings(max_examples=60, deadline=None)
@given(files=WHEELS, data=st.data())
def test_the_judgement_does_not_depend_on_the_order_of_the_wheels(files: list[set[str]], data: st.DataObject) -> None:
    """Whoever is asked first, the same wheels are refused."""
    all_reviewed = built(files)
    shuffled = data.draw(st.permutations(all_reviewed))
    assert refused(*all_reviewed) == refused(*shuffled)


@settings(max_examples=60, deadline=None)
@given(files=WHEELS)
def test_a_wheel_more_in_a_run_frees_no_other(files: list[set[str]]) -> None:
    """What was refused in a smaller run is refused in a larger one."""
    all_reviewed = built(files)
    assert refused(*all_reviewed[:-1]) <= refused(*all_reviewed)


@settings(max_examples=40, deadline=None)
@given(files=WHEELS.map(lambda files: [{path.lower() for path in paths} for paths in files[:2]]))
# Byte code without a source, and what is only called like a source or a folder.
@example(files=[{"a/__pycache__/__init__.pyc"}, {"a/__pycache__/__init__.pyc"}])
@example(files=[{"__pycache__/a.cpython-311.pyc"}, {"__pycache__/a.cpython-311.pyc"}])
@example(files=[{"b/__pycache__/a.x.y.opt-1.pyc", "a.py"}, {"b/__pycache__/a.x.y.opt-1.pyc"}])
@example(files=[{"a.py/a"}, {"__pycache__/a.cpython-311.pyc"}])
@example(files=[{"b/a"}, {"b/a.so"}])
# What is installed first is in the way of what comes later.
@example(files=[{"a.so"}, {"a.py"}])
@example(files=[{"a/__init__.py"}, {"a.py"}])
@example(files=[{"a/__pycache__/__init__.cpython-311.pyc"}, {"a/__init__.py"}])
@example(files=[{"a.py"}, {"a/b.txt"}])
@example(files=[{"a/__init__.so"}, {"a/b.py"}])
def test_one_run_or_two_make_no_difference(tmp_path_factory: pytest.TempPathFactory, files: list[set[str]]) -> None:
    """A wheel that goes with another into one run also goes with it when that is installed already, and no other does.

    Letters of one case only: within a run all systems are thought of, and afterwards it is this one that is asked.
    """
    site = tmp_path_factory.mktemp("site").resolve()
    layout = Layout({**LAYOUT.schemes, "purelib": site.as_posix(), "platlib": site.as_posix()}, frozenset())
    first, second = (reviewed._replace(install_paths=_moved(reviewed, site)) for reviewed in built(files))
    try:
        _installed(first, site)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return
    there = Ownership([str(site)])
    fields = {"owner": there.owner, "holds": there.holds, "names": there.names, "layout": layout}
    together = refused(first, second, layout=layout)
    if not together:
        assert refused(second, **fields) == set()
    else:
        assert refused(second, **fields) == {"w1"}


def _moved(reviewed: WheelUnderReview, site: Path) -> tuple[Any, ...]:
    def moved(path: str) -> str:
        return path.replace(SITE, site.as_posix())

    return tuple(
        place._replace(path=moved(place.path), key=moved(place.path).lower()) for place in reviewed.install_paths
    )


def _installed(reviewed: WheelUnderReview, site: Path) -> None:
    """What an installation of a wheel leaves, RECORD included."""
    name = reviewed.pin.name
    for install_path in reviewed.install_paths:
        assert install_path.entry is not None
        path = site / install_path.path.removeprefix(f"{site.as_posix()}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} has {install_path.entry.path}")
    record = site / reviewed.content.dist_info / "RECORD"
    record.write_text("".join(f"{path},,\n" for path in reviewed.content.entries))


def test_names_made_to_be_slow_are_judged_quickly() -> None:
    """Deep paths, many dots, and many files for one module cost no more than as many plain ones."""
    files = {
        **{f"six.x{number}.so": "" for number in range(12_000)},
        **{f"six/__pycache__/a{number}{'.x' * 2000}.pyc": "" for number in range(50)},
        **{"/".join([f"d{number}", *"a" * 2000]): "" for number in range(50)},
    }
    mine, theirs = wheel("mine", texts=files), wheel("theirs", "other.py")
    there = Ownership([SITE])
    context = context_of(mine, theirs, owner=there.owner, names=there.names, holds=there.holds)
    start = time.process_time()
    assert evidence(mine, context) is None
    assert time.process_time() - start < 4
