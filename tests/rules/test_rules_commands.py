"""`command-clash`: a wheel's commands are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.rules import command_clash
from safepip.wheel.install_paths import Layout
from safepip.wheel.script_names import ENDINGS, bare
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

_SITE = "C:/env/Lib/site-packages"
WINDOWS = Layout(
    {"purelib": _SITE, "platlib": _SITE, "scripts": "C:/env/Scripts", "data": "C:/env", "headers": "C:/env/Include"},
    frozenset({_SITE}),
    windows=True,
)

#: Ways in which a wheel can have a command of a name.
ROUTES = ("entry", "gui", "scripts", "data")


def wheel(*commands: str, route: str = "entry", name: str = "acme", layout: Layout = LAYOUT) -> WheelUnderReview:
    """A wheel with these commands."""
    stem = f"{name.replace('-', '_')}-1.0"
    files: dict[str, str] = {}
    if route in ("entry", "gui"):
        group = "console_scripts" if route == "entry" else "gui_scripts"
        rows = "".join(f"{command} = acme:main\n" for command in commands)
        files[f"{stem}.dist-info/entry_points.txt"] = f"[{group}]\n{rows}"
    folder = {"scripts": "scripts", "data": "data/Scripts" if layout.windows else "data/bin"}.get(route, route)
    if route not in ("entry", "gui"):
        files |= {f"{stem}.data/{folder}/{command}": "" for command in commands}
    return wheel_under_review(*build_wheel(name, "1.0", files=files), layout)


def evidence(reviewed: WheelUnderReview, context: RuleContext) -> tuple[str, ...] | None:
    """The lines of the objection but for the one that names the wheel; None where there is none."""
    finding = command_clash.check(reviewed, context)
    if finding is None:
        return None
    assert finding.reference == "command-clash"
    return finding.context[1:]


def refused(*all_reviewed: WheelUnderReview, **more: Any) -> set[str]:
    """The projects whose wheels are refused in one run."""
    context = context_of(*all_reviewed, **more)
    return {reviewed.pin.name for reviewed in all_reviewed if evidence(reviewed, context) is not None}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "command",
    [
        *("python", "python3", "python3.11", "python3.14t", "pythonw", "python3w", "Python", "python.exe", "python.py"),
        *("python3.11-config", "python3-intel64", "pypy", "pypy3", "pypy3.10", "graalpy", "py", "pyw", "PY.EXE"),
        *("activate", "activate.csh", "activate.fish", "activate.nu", "Activate.ps1", "activate.bat"),
        *("activate_this.py", "deactivate", "deactivate.bat", "python.exe.py", "python.bat.", "python3.sh"),
        *("postactivate", "preactivate", "predeactivate", "postdeactivate", "get_env_details"),
    ],
)
def test_names_of_the_environment_are_nobodys(command: str, route: str) -> None:
    """Whoever the project is, and by whichever route."""
    for name in ("acme", "python", "pip"):
        assert refused(wheel(command, route=route, name=name)) == {name}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("command", "owner"),
    [
        *(("pip", "pip"), ("pip3", "pip"), ("pip3.11", "pip"), ("pip-3.11", "pip"), ("PIP", "pip"), ("pip.exe", "pip")),
        *(("pip3-script.py", "pip"), ("safepip", "safepip"), ("SafePip.cmd", "safepip")),
    ],
)
def test_pip_and_safepip_are_brought_by_those_projects_alone(command: str, owner: str, route: str) -> None:
    """Of either the other has none."""
    for name in ("acme", "pip", "safepip"):
        assert (refused(wheel(command, route=route, name=name)) == set()) == (name == owner)


@pytest.mark.parametrize(
    "command",
    [
        *(
            "ipython",
            "ipython3",
            "bpython",
            "python-argcomplete-check-easy-install-script",
            "pythonize",
            "python-dotenv",
        ),
        *(
            "pip-compile",
            "pipx",
            "pipenv",
            "pipdeptree",
            "pypi",
            "pyflakes",
            "py.test",
            "pytest",
            "py-spy",
            "pygmentize",
        ),
        *("activate-global-python-argcomplete", "deactivated", "safepip-web", "easy_install", "uv", "virtualenv", "ls"),
        *(".py", "rst2html.py", "micropython", "cpython-build", "python2to3"),
    ],
)
def test_other_names_are_like_any_other(command: str) -> None:
    """However much they begin like one of those."""
    assert refused(wheel(command)) == set()


@pytest.mark.parametrize(
    "place",
    [
        "DATA/scripts/sub/python",
        "DATA/data/share/bin/python",
        "DATA/purelib/bin/python",
        "bin/python",
        "acme/python.py",
        "DATA/data/python",
        "DATA/headers/python",
    ],
)
def test_what_no_shell_looks_for_is_no_command(place: str) -> None:
    """Only the folders of commands count."""
    files = {place.replace("DATA", "acme-1.0.data"): ""}
    assert refused(wheel_under_review(*build_wheel("acme", "1.0", files=files))) == set()


@pytest.mark.parametrize("folder", ["bin", "Bin", "sbin", "Scripts", "scripts"])
def test_every_folder_of_commands_below_data_counts(folder: str) -> None:
    """Of this system and of others."""
    files = {f"acme-1.0.data/data/{folder}/python": ""}
    reviewed = wheel_under_review(*build_wheel("acme", "1.0", files=files))
    assert evidence(reviewed, context_of(reviewed)) == (
        f"acme-1.0.data/data/{folder}/python: this name is reserved for the environment itself",
    )


@pytest.mark.parametrize("one", ROUTES)
@pytest.mark.parametrize("other", ROUTES)
def test_two_wheels_with_one_command_are_both_refused(one: str, other: str) -> None:
    """By whichever routes, and in whichever letters."""
    mine, theirs = wheel("tool", route=one, name="mine"), wheel("Tool", route=other, name="theirs")
    assert refused(mine, theirs) == {"mine", "theirs"}
    assert refused(mine, wheel("tool2", "tool.py", route=other, name="theirs")) == set()


def test_the_finding_names_the_command_and_the_other_project() -> None:
    """An entry point as such, a file as the wheel has it."""
    mine, theirs = wheel("tool", name="mine"), wheel("tool", route="scripts", name="theirs")
    context = context_of(mine, theirs)
    assert evidence(mine, context) == ("entry point tool: the wheel of theirs has this command too",)
    assert evidence(theirs, context) == ("theirs-1.0.data/scripts/tool: the wheel of mine has this command too",)


def test_a_command_of_an_installed_distribution_is_its_own() -> None:
    """Unless it is replaced in this run, or is none of a distribution."""
    there = {"/env/bin/tool": "theirs", "/env/bin/other": None}
    mine = wheel("tool", "other")
    assert evidence(mine, context_of(mine, owner=there.get)) == (
        "entry point tool: this command belongs to theirs, which is installed",
    )
    assert refused(wheel("tool", name="theirs"), owner=there.get) == set()
    assert refused(mine, wheel("new", name="theirs"), owner=there.get) == set()


@pytest.mark.parametrize("mine", ["tool", "tool.bat", "tool.com", "tool.cmd", "TOOL.EXE", "tool-script.py", "tool.py"])
@pytest.mark.parametrize("theirs", ["tool.exe", "tool.bat"])
def test_on_windows_endings_make_no_other_command(mine: str, theirs: str) -> None:
    """`tool.com` would be started in the place of `tool.exe`."""
    one, other = wheel(mine, route="scripts", layout=WINDOWS), wheel(theirs, route="data", name="b", layout=WINDOWS)
    assert refused(one, other, layout=WINDOWS) == {"acme", "b"}
    there = {f"c:/env/scripts/{theirs}": "b"}
    assert refused(one, layout=WINDOWS, owner=lambda path: there.get(path.lower())) == {"acme"}
    assert refused(wheel("tools.exe", route="scripts", layout=WINDOWS), other, layout=WINDOWS) == set()


NAMES = st.sampled_from(["tool", "Tool", "tool.exe", "tool.py", "other", "python", "pip", "é", "e\u0301"])
WHEELS = st.lists(st.tuples(st.sets(NAMES, max_size=3), st.sampled_from(ROUTES)), min_size=2, max_size=4)


@settings(max_examples=60, deadline=None)
@given(wheels=WHEELS, layout=st.sampled_from([LAYOUT, WINDOWS]), data=st.data())
def test_the_judgement_does_not_depend_on_the_order_of_the_wheels(
    wheels: list[tuple[set[str], str]], layout: Layout, data: st.DataObject
) -> None:
    """Whoever is asked first, the same wheels are refused."""
    all_reviewed = [
        wheel(*sorted(commands), route=route, name=f"w{number}", layout=layout)
        for number, (commands, route) in enumerate(wheels)
    ]
    shuffled = data.draw(st.permutations(all_reviewed))
    assert refused(*all_reviewed, layout=layout) == refused(*shuffled, layout=layout)


@settings(max_examples=60, deadline=None)
@given(wheels=WHEELS)
@example(wheels=[({"tool.exe"}, "entry"), ({"tool.exe"}, "scripts")])
def test_what_is_refused_on_posix_is_refused_on_windows(wheels: list[tuple[set[str], str]]) -> None:
    """Windows takes more names for one command, and never fewer."""

    def judged(layout: Layout) -> set[str]:
        all_reviewed = [
            wheel(*sorted(commands), route=route, name=f"w{number}", layout=layout)
            for number, (commands, route) in enumerate(wheels)
        ]
        return refused(*all_reviewed, layout=layout)

    assert judged(LAYOUT) <= judged(WINDOWS)


@pytest.mark.parametrize("one", ROUTES)
@pytest.mark.parametrize("other", ROUTES)
@pytest.mark.parametrize("mine", ["tool.exe", "tool.exe.py", "tool-script.py.bat"])
def test_on_windows_whatever_stands_behind_a_name_both_are_refused(mine: str, one: str, other: str) -> None:
    """A command whose own name ends like a program's is started by the shorter name, and the other way round."""
    first = wheel(mine, route=one, name="mine", layout=WINDOWS)
    second = wheel("tool", route=other, name="theirs", layout=WINDOWS)
    assert refused(first, second, layout=WINDOWS) == {"mine", "theirs"}


@given(st.text(max_size=8), st.lists(st.sampled_from([*ENDINGS, ".EXE", " ", "."]), max_size=4).map("".join))
def test_a_bare_name_has_nothing_more_to_take_away(name: str, endings: str) -> None:
    """And what was put behind a name comes off again."""
    stripped = bare(name)
    assert bare(stripped) == stripped
    if stripped:
        assert bare(stripped + endings) in (stripped, bare(stripped))


def test_names_without_end_are_looked_at_quickly() -> None:
    """No system has them, so there is nothing to take off."""
    name = "a" + ".py" * 100_000
    assert bare(name) == name
    assert command_clash.reserved("python" + "3.1" * 100_000 + "x") is None


def test_entry_points_that_say_the_same_are_one_command() -> None:
    """mlflow and mlflow-skinny have one; pip makes the same script of either."""
    mine, theirs = wheel("tool", name="acme"), wheel("tool", name="acme-skinny")
    assert refused(mine, theirs) == set()
    stated = b"[console_scripts]\ntool = acme:main\n"
    there: dict[str, Any] = {"owner": lambda path: "acme-skinny" if path == "/env/bin/tool" else None}
    assert refused(mine, **there) == {"acme"}
    assert refused(mine, **there, entry_points=lambda owner: stated if owner == "acme-skinny" else None) == set()
    assert refused(mine, **there, entry_points=lambda _owner: stated.replace(b"main", b"evil")) == {"acme"}


@pytest.mark.parametrize("route", ["gui", "scripts", "data"])
def test_a_command_made_in_another_way_is_another_command(route: str) -> None:
    """Whatever its name: a graphical script, and a file of whatever content."""
    mine, theirs = wheel("tool", name="acme"), wheel("tool", name="acme-skinny", route=route)
    assert refused(mine, theirs) == {"acme", "acme-skinny"}
