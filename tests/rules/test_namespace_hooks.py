"""A `-nspkg.pth` line is let through only where nothing but a namespace has its name, in the run or installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from hostile.hooks import namespace_line
from safepip.edges.target.ownership import Ownership
from safepip.rules import file_overlap
from safepip.rules.startup_hook import check
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.install_paths import Layout

PTH = "helper-1.0-py3.11-nspkg.pth"
PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
PKG_RESOURCES = "__import__('pkg_resources').declare_namespace(__name__)\n"
SITE = LAYOUT.schemes["purelib"]

#: Forms of a module `popular` that is no namespace.
REGULAR = [
    "popular.py",
    "popular.pyc",
    "popular/__init__.py",
    "popular/__init__.pyc",
]


def line(*parts: str) -> str:
    """setuptools' line for a namespace package of this name."""
    name, folder = ".".join(parts), ", ".join(f"'{part}'" for part in parts)
    made = namespace_line("NAME").replace("*('NAME',)", f"*({folder}{',' if len(parts) == 1 else ''})")
    made = made.replace("'NAME'", f"'{name}'").rstrip()
    if len(parts) > 1:
        made += f";m and setattr(sys.modules['{'.'.join(parts[:-1])}'], '{parts[-1]}', m)"
    return f"{made}\n"


def wheel(files: dict[str, str], name: str = "helper", layout: Layout = LAYOUT) -> WheelUnderReview:
    return wheel_under_review(*build_wheel(name, "1.0", files=files, module=False), layout)


def hook(*parts: str, **files: str) -> dict[str, str]:
    """A hook for a namespace, and a module in it."""
    lines = "".join(line(*parts[:depth]) for depth in range(1, len(parts) + 1))
    return {PTH: lines, f"{'/'.join(parts)}/helper_part.py": "x = 1\n", **files}


def refused(reviewed: WheelUnderReview, *others: WheelUnderReview, **more: Any) -> str:
    """The evidence, empty where nothing is refused."""
    context = context_of(reviewed, *others, standard_library=frozenset(sys.stdlib_module_names), **more)
    finding = check(reviewed, context)
    return "" if finding is None else "\n".join(finding.context[1:])


def test_the_lines_of_these_tests_are_those_that_are_known() -> None:
    """Else all of them would be refused as code."""
    assert refused(wheel(hook("popular"))) == ""
    assert refused(wheel(hook("popular", "deep"))) == ""


@pytest.mark.parametrize(
    "name", ["pip", "setuptools", "packaging", "pkg_resources", "wheel", "safepip", "_distutils_hack"]
)
@pytest.mark.parametrize("below", [(), ("_internal",)])
def test_what_installs_never_becomes_a_namespace(name: str, below: tuple[str, ...]) -> None:
    """Whichever project the wheel is of, and whether it is installed or not."""
    # `_distutils_hack` is started with every Python, and no namespace for that reason already.
    stated = "takes the place of " + ("a standard module" if name == "_distutils_hack" else "an installer's module")
    for project in ("helper", name.replace("_", "-")):
        if project != "-distutils-hack":
            assert stated in refused(wheel(hook(name, *below), name=project))


def test_what_others_look_for_does_not_become_a_namespace_of_a_stranger() -> None:
    """The hollow module would be found in its place."""
    assert "look for" in refused(wheel(hook("keyring")))
    assert "look for" in refused(wheel(hook("org", "python")))
    assert refused(wheel(hook("org", "helper"))) == ""
    assert refused(wheel(hook("google", "cloud"))) == ""


@pytest.mark.parametrize("theirs", REGULAR)
@pytest.mark.parametrize("parts", [("popular",), ("popular", "deep")])
def test_a_module_of_another_wheel_of_the_run_is_not_hidden(theirs: str, parts: tuple[str, ...]) -> None:
    """Nor is one above the namespace."""
    other = wheel({theirs: "x = 1\n"}, "popular")
    assert "popular, which belongs to popular" in refused(wheel(hook(*parts)), other).replace(theirs, "popular")


def test_a_module_in_a_folder_that_another_wheel_adds_is_not_hidden() -> None:
    """Python imports from there as well."""
    other = wheel({"other.pth": "lib_of_other\n", "lib_of_other/popular/__init__.py": "x = 1\n"}, "other")
    assert "which belongs to other" in refused(wheel(hook("popular")), other)


def test_a_deeper_package_of_another_wheel_is_not_hidden() -> None:
    """`shared` is a namespace of both, and `shared.core` a package of one."""
    other = wheel({"shared/core/__init__.py": "x = 1\n"}, "other")
    assert "which belongs to other" in refused(wheel(hook("shared", "core")), other)
    assert refused(wheel(hook("shared")), other) == ""


@pytest.mark.parametrize("text", [PKGUTIL, PKG_RESOURCES, "", "# nothing\n"])
def test_an_init_that_only_declares_the_namespace_loses_nothing(text: str) -> None:
    """Old namespace packages bring one, the wheel itself or others."""
    other = wheel({"popular/__init__.py": text, "popular/x.py": ""}, "other")
    assert refused(wheel(hook("popular")), other) == ""
    assert refused(wheel({**hook("popular"), "popular/__init__.py": text})) == ""


def test_the_wheel_does_not_hide_its_own_code() -> None:
    """Whoever reads its `__init__` would believe that it runs, and another file runs in its place."""
    for mine in REGULAR:
        assert "of the wheel's own" in refused(wheel({**hook("popular"), mine: "x = 1\n"}))


def installed(folder: Path, name: str, files: dict[str, str]) -> None:
    """A distribution in a folder, with its list of files."""
    info = f"{name}-1.0.dist-info"
    for path, text in {**files, f"{info}/METADATA": f"Name: {name}\nVersion: 1.0\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / info / "RECORD").write_text("".join(f"{path},,\n" for path in (*files, f"{info}/RECORD")))


def layout_in(folder: Path, *more: Path) -> Layout:
    site = folder.resolve().as_posix()
    search = frozenset({site, *(path.resolve().as_posix() for path in more)})
    return LAYOUT._replace(
        schemes={**LAYOUT.schemes, "purelib": site, "platlib": site}, site_folders=frozenset({site}), search_path=search
    )


def there(layout: Layout) -> dict[str, Any]:
    found = Ownership(sorted(layout.search_path))
    return {"owner": found.owner, "names": found.names, "declares": found.declares, "layout": layout}


@pytest.mark.parametrize("theirs", REGULAR)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_module_that_is_installed_is_not_hidden(theirs: str, elsewhere: bool, tmp_path: Path) -> None:
    """In the wheel's own folder, and in any other that Python imports from."""
    (tmp_path / "site").mkdir()
    (tmp_path / "more").mkdir()
    layout = layout_in(tmp_path / "site", tmp_path / "more")
    installed(tmp_path / ("more" if elsewhere else "site"), "popular", {theirs: "x = 1\n"})
    for parts in (("popular",), ("popular", "deep")):
        mine = wheel(hook(*parts), layout=layout)
        assert "which belongs to popular" in refused(mine, **there(layout))
        # Whoever makes way is in nobody's way.
        assert refused(mine, **there(layout), removed=frozenset({"popular"})) == ""


def test_a_module_that_belongs_to_nobody_is_not_hidden_either(tmp_path: Path) -> None:
    """As in the sources of an editable installation, which a path line adds."""
    (tmp_path / "src" / "popular").mkdir(parents=True)
    (tmp_path / "src" / "popular" / "__init__.py").write_text("x = 1\n")
    (tmp_path / "site").mkdir()
    layout = layout_in(tmp_path / "site", tmp_path / "src")
    assert "which is there already" in refused(wheel(hook("popular"), layout=layout), **there(layout))


def test_a_package_without_code_in_another_folder_is_not_hidden(tmp_path: Path) -> None:
    """Its modules would be looked for in the wheel's folder alone; beside the wheel's own nothing is lost."""
    for folder in ("site", "more"):
        (tmp_path / folder).mkdir()
    layout = layout_in(tmp_path / "site", tmp_path / "more")
    mine = wheel(hook("popular"), layout=layout)
    installed(tmp_path / "site", "beside", {"popular/__init__.py": "", "popular/core.py": "x = 1\n"})
    assert refused(mine, **there(layout)) == ""
    installed(tmp_path / "more", "popular", {"popular/__init__.py": "", "popular/core.py": "x = 1\n"})
    assert "which belongs to popular" in refused(mine, **there(layout))
    (tmp_path / "more" / "popular" / "__init__.py").write_text(PKGUTIL)
    assert refused(mine, **there(layout)) == ""


def test_a_namespace_that_is_shared_already_stays_shared(tmp_path: Path) -> None:
    """Portions of others, with a declaration or without any file, lose nothing."""
    (tmp_path / "site").mkdir()
    layout = layout_in(tmp_path / "site")
    installed(tmp_path / "site", "one", {"google/one.py": "", "google/__init__.py": PKG_RESOURCES})
    installed(tmp_path / "site", "two", {"google/two/__init__.py": "x = 1\n"})
    assert refused(wheel(hook("google"), layout=layout), **there(layout)) == ""
    assert "which belongs to two" in refused(wheel(hook("google", "two"), layout=layout), **there(layout))


#: What `setup.py develop` and editable wheels have in the place of the wheel's folder.
FOLDERS = [None, "/srv/helper/src", "/srv/it's/src", "C:\\helper\\src", "/srv/'\"/src"]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("theirs", REGULAR)
def test_a_hook_that_is_there_keeps_what_it_would_hide_from_being_installed(
    theirs: str, folder: str | None, tmp_path: Path
) -> None:
    """Two installations are judged as one is: the hook came first, when nobody had the name."""
    (tmp_path / "site").mkdir()
    layout = layout_in(tmp_path / "site")
    hooked = line("popular")
    if folder is not None:
        hooked = hooked.replace("sys._getframe(1).f_locals['sitedir']", repr(folder))
    installed(tmp_path / "site", "helper", {PTH: hooked, "popular/helper_part.py": "x = 1\n"})
    path = f"{(tmp_path / 'site').resolve().as_posix()}/{PTH}"

    def stated(reviewed: WheelUnderReview, **more: Any) -> str:
        found = Ownership(sorted(layout.search_path))
        finding = file_overlap.check(reviewed, context_of(reviewed, **there(layout), hooks=found.hooks, **more))
        return "" if finding is None else "\n".join(finding.context[1:])

    popular = wheel({theirs: "x = 1\n"}, "popular", layout)
    assert f"{theirs}: {path}, which is installed, puts an empty module in its place" in stated(popular)
    # Whoever makes way, whoever only declares the namespace, and deeper modules are in nobody's way.
    assert "hollow" not in stated(popular, removed=frozenset({"helper"}))
    assert stated(wheel({theirs: "x = 1\n"}, "helper", layout)) == ""
    assert stated(wheel({"popular/__init__.py": PKGUTIL, "popular/core.py": ""}, "popular", layout)) == ""
    assert stated(wheel({"popular/core/__init__.py": "x = 1\n"}, "popular", layout)) == ""


@pytest.mark.parametrize("folder", FOLDERS[1:])
def test_in_a_wheel_a_hook_with_a_folder_is_refused(folder: str) -> None:
    """It would take in what lies there."""
    hooked = line("popular").replace("sys._getframe(1).f_locals['sitedir']", repr(folder))
    assert "runs: " in refused(wheel({PTH: hooked, "popular/helper_part.py": ""}))


def test_a_name_deeper_than_any_is_refused() -> None:
    """What is not looked at is not let through."""
    assert "nested too deeply" in refused(wheel(hook(*(f"n{number}" for number in range(9)))))
