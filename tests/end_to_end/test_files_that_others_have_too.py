"""What is taken away or replaced may have files that another project has, too: that one is whole afterwards, or it is
said that it is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.environment import tree_state
from support.runs import shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner

PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"

#: Of both projects.
SHARED = {"old/__init__.py": PKGUTIL, "alone/deep/shared.py": "x = 1\n", "LICENSE.shared": "the same\n"}


def where(runner: Runner, target: Environment) -> tuple[str | Path, ...]:
    return ("--python", target.python, "--no-index", "-f", runner.folder / "links")


def ran(runner: Runner, *words: str | Path) -> str:
    """What it says on standard error; it has to succeed."""
    done = runner.inside(*words)
    assert done.returncode == 0, shown(done)
    return done.stderr


def is_whole(runner: Runner, target: Environment) -> bool:
    """Nothing is missing, and nothing is another file. Two that have a file in common are a finding of their own."""
    done = runner.inside("verify", "--python", target.python)
    return "missing" not in done.stdout and "differ" not in done.stdout


@pytest.fixture
def links(runner: Runner) -> Path:
    """`goes` and `stays`, installed; and what may come."""
    folder = runner.folder / "links"
    make_wheel(folder, "goes", "1.0", files=SHARED)
    make_wheel(folder, "goes", "2.0", files={"LICENSE.shared": "the same\n"})
    make_wheel(folder, "stays", "1.0", files=SHARED)
    make_wheel(folder, "new", "1.0")
    return folder


@pytest.mark.parametrize("way", ["removed", "removed while something comes", "replaced", "replaced by one of several"])
def test_what_stays_is_whole(way: str, links: Path, runner: Runner, target: Environment) -> None:
    """Not a byte of it, no time and no permission is another one."""
    ran(runner, "install", *where(runner, target), "goes==1.0", "stays")
    shared = [target.site_packages / name for name in SHARED]
    shared[0].chmod(0o600)
    before = [(path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in shared[:2]]
    if way.startswith("removed"):
        ran(runner, "lock", *where(runner, target), *(["new"] if "comes" in way else []), "stays")
        said = ran(runner, "sync", *where(runner, target), "pylock.toml")
    else:
        jobs = ("--jobs", "2") if "several" in way else ()
        said = ran(runner, "install", *where(runner, target), *jobs, "-U", "goes", "new")
    assert "in part" not in said
    assert [(path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in shared[:2]] == before
    assert is_whole(runner, target)
    assert not list((runner.home / "cache").rglob("handover-*"))


def test_what_another_one_has_written_over_it_does_not_come_back(
    links: Path, runner: Runner, target: Environment
) -> None:
    """Then what stays is not whole, and the hint makes it so."""
    make_wheel(links, "over", "1.0", files={"alone/deep/shared.py": "x = 'another'\n"})
    ran(runner, "install", *where(runner, target), "stays")
    target.unpack(links / "over-1.0-py3-none-any.whl")
    ran(runner, "lock", *where(runner, target), "stays")
    said = ran(runner, "sync", *where(runner, target), "pylock.toml")
    assert not is_whole(runner, target)
    assert "stays is there in part" in said
    assert str(target.site_packages / "alone/deep/shared.py") in said
    assert not (target.site_packages / "alone/deep/shared.py").exists()
    (words,) = re.findall(r"with (--force-reinstall --no-deps stays==1.0) puts", said)
    ran(runner, "install", *words.split(), *where(runner, target))
    assert is_whole(runner, target)


def test_what_any_of_those_that_stay_has_stays(runner: Runner, target: Environment) -> None:
    """The `__init__` of an old namespace differs in comments among many that have it, and is that of the last one."""
    folder = runner.folder / "links"
    for name in ("alpha", "beta", "goes"):
        make_wheel(folder, name, "1.0", files={"old/__init__.py": f"# {'beta' if name == 'goes' else name}\n{PKGUTIL}"})
    for name in ("alpha", "beta", "goes"):
        ran(runner, "install", *where(runner, target), name)
    shared = target.site_packages / "old/__init__.py"
    before = shared.read_text()
    assert before.startswith("# beta")
    ran(runner, "lock", *where(runner, target), "alpha", "beta")
    assert "in part" not in ran(runner, "sync", *where(runner, target), "pylock.toml")
    assert target.installed() == {"alpha": "1.0", "beta": "1.0"}
    assert shared.read_text() == before


def test_what_no_one_else_has_goes(links: Path, runner: Runner, target: Environment) -> None:
    """And is not told."""
    pristine = tree_state(target.folder)
    ran(runner, "install", *where(runner, target), "goes==1.0")
    ran(runner, "lock", *where(runner, target), "new")
    said = ran(runner, "sync", *where(runner, target), "pylock.toml")
    assert "in part" not in said
    left = {path for path in tree_state(target.folder).keys() - pristine.keys() if "/new" not in path}
    assert left == set()


@pytest.mark.parametrize("way", ["to a new one", "to an old one"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_module_may_move_to_another_project(way: str, jobs: str, runner: Runner, target: Environment) -> None:
    """pip would install what is required first, and with the old version of the other one take the module away."""
    folder = runner.folder / "links"
    make_wheel(folder, "whole", "1.0", files={"moved/__init__.py": "x = 1\n"})
    make_wheel(folder, "whole", "2.0", requires=["part>=2", "other"])
    make_wheel(folder, "part", "1.0")
    make_wheel(folder, "part", "2.0", files={"moved/__init__.py": "x = 2\n"})
    make_wheel(folder, "other", "1.0")
    ran(runner, "install", *where(runner, target), "whole==1.0", *(["part==1.0"] if "old" in way else []))
    ran(runner, "install", *where(runner, target), "-U", "--jobs", jobs, "whole")
    assert target.installed() == {"whole": "2.0", "part": "2.0", "other": "1.0"}
    assert is_whole(runner, target)
    assert (target.site_packages / "moved" / "__init__.py").read_text() == "x = 2\n"


def test_what_is_gone_where_pip_fails_is_told(runner: Runner, target: Environment) -> None:
    """Of what was removed first pip puts nothing back, and does not say so."""
    folder = runner.folder / "links"
    make_wheel(folder, "whole", "1.0", files={"moved/__init__.py": "x = 1\n"})
    make_wheel(folder, "whole", "2.0", requires=["part"], files={"zzz.py": ""})
    make_wheel(folder, "part", "2.0", files={"moved/__init__.py": "x = 2\n"})
    ran(runner, "install", *where(runner, target), "whole==1.0")
    (target.site_packages / "zzz.py").symlink_to("nowhere/at/all")
    done = runner.inside("install", *where(runner, target), "--jobs", "1", "-U", "whole")
    assert done.returncode == 1, shown(done)
    assert "whole" not in target.installed()
    assert re.search(r"notice: not installed: .*\bwhole 2\.0", done.stderr), shown(done)


def test_a_file_may_move_to_another_project_by_a_link(runner: Runner, target: Environment) -> None:
    """One file has several paths where a folder of the environment is a link, such as `lib64`."""
    folder = runner.folder / "links"
    make_wheel(folder, "whole", "1.0", files={"whole-1.0.data/data/share/real/moved": "1\n"})
    make_wheel(folder, "whole", "2.0", requires=["part"])
    make_wheel(folder, "part", "2.0", files={"part-2.0.data/data/share/link/moved": "2\n"})
    ran(runner, "install", *where(runner, target), "whole==1.0")
    (target.folder / "share" / "real" / "mine").write_text("")
    (target.folder / "share" / "link").symlink_to("real")
    ran(runner, "install", *where(runner, target), "-U", "whole")
    assert (target.folder / "share" / "real" / "moved").read_text() == "2\n"
    assert is_whole(runner, target)


def test_what_has_all_its_files_again_is_put_back_where_pip_fails(runner: Runner, target: Environment) -> None:
    """Two of an old namespace are replaced by pip itself, which puts an old version back where it cannot go on."""
    folder = runner.folder / "links"
    for name in ("one", "two"):
        for version in ("1.0", "2.0"):
            late = {f"zzz_{name}.py": "x = 1\n"} if version == "2.0" else {}
            make_wheel(folder, name, version, files={"old/__init__.py": PKGUTIL, **late})
    ran(runner, "install", *where(runner, target), "one==1.0", "two==1.0")
    (target.site_packages / "zzz_one.py").symlink_to("nowhere/at/all")
    done = runner.inside("install", *where(runner, target), "--jobs", "1", "-U", "one", "two")
    assert done.returncode == 1, shown(done)
    assert target.installed()["one"] == "1.0"
    assert (target.site_packages / "old" / "__init__.py").read_text() == PKGUTIL
