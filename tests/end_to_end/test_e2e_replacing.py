"""What pip takes away before it puts something in its place: nothing of what this run does not replace."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from support.environment import tree_state
from support.wheels import make_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Environment, Runner

    Install = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Two portions of one namespace with a command each, a module, a package, and what turns inside out."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    save: Any = partial(make_wheel, folder)
    for name in ("a", "b"):
        save(f"ns-{name}", "1.0", files={f"ns/{name}.py": ""}, scripts={f"cmd-{name}": f"ns.{name}:main"})
    save("module", "1.0", files={"module.py": ""}, module=False)
    save("package", "1.0")
    save("package", "2.0")
    save("turner", "1.0", files={"turner/one": "", "turner/two/x": ""})
    save("turner", "2.0", files={"turner/one/x": "", "turner/two": ""})
    return folder


@pytest.fixture
def into(runner: Runner, wheels: Path, target: Environment) -> Callable[[str], Install]:
    """Installs, by an option and a folder of the project."""

    def install(*words: str) -> subprocess.CompletedProcess[str]:
        where = ("--python", target.python)
        return runner.inside("install", "-q", *where, "--no-index", "-f", wheels, *words)

    return lambda option: partial(install, *option.split())


def test_an_upgrade_in_a_folder_removes_nothing_of_others(runner: Runner, into: Callable[[str], Install]) -> None:
    """The other portion of a namespace and the other commands go with their folders. Named too, they stay."""
    install = into("--target lib")
    assert install("ns-a").returncode == 0
    before = tree_state(runner.folder / "lib")
    done = install("-U", "ns-b")
    assert done.returncode == 20
    assert "error: removes-others\n" in done.stderr
    assert "    bin/cmd-a belongs to ns-a\n    ns/a.py belongs to ns-a\n" in done.stderr
    assert tree_state(runner.folder / "lib") == before
    named = done.stderr.partition("installed again: ")[2].partition("\n")[0]
    assert install("-U", "ns-b", *named.split()).returncode == 0
    assert all((runner.folder / "lib" / name).exists() for name in ("ns/a.py", "ns/b.py", "bin/cmd-a", "bin/cmd-b"))


def test_without_an_upgrade_pip_leaves_out_what_is_there(runner: Runner, into: Callable[[str], Install]) -> None:
    """The other command and the other portion, with a warning and 0; what is installed then is as it has to be."""
    install = into("--target lib")
    assert install("ns-a").returncode == 0
    before = tree_state(runner.folder / "lib")
    done = install("ns-b")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Specify --upgrade to force replacement") == 2
    assert before.items() <= tree_state(runner.folder / "lib").items()
    assert install("-U", "package").returncode == 0


@pytest.mark.parametrize("option", ["--target lib -U", "--target lib", "--prefix lib", ""])
@pytest.mark.parametrize(
    ("name", "kind", "what"), [("package", "file", "is no folder"), ("module", "folder", "is a folder")]
)
def test_what_is_in_the_way_and_is_nobodys_stays(
    runner: Runner, target: Environment, into: Callable[[str], Install], option: str, name: str, kind: str, what: str
) -> None:
    """A file where a folder comes, or a folder where a file comes: pip would remove it, or stop half-way."""
    inside = target.site_packages.relative_to(target.folder)
    places = {"": target.site_packages, "--prefix lib": runner.folder / "lib" / inside}
    place = places.get(option, runner.folder / "lib")
    place.mkdir(parents=True, exist_ok=True)
    mine = place / "package" if kind == "file" else place / "module.py" / "mine"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    done = into(option)(name)
    assert done.returncode == 1
    assert "error: target-not-writable\n" in done.stderr
    assert what in done.stderr
    assert "move it away" in done.stderr
    assert mine.read_text() == "mine"
    assert not list(place.glob(f"{name}-1.0*"))


@pytest.mark.parametrize("option", ["", "--target lib -U"])
def test_what_is_replaced_is_not_in_the_way(
    runner: Runner, target: Environment, into: Callable[[str], Install], option: str
) -> None:
    """An upgrade may make a folder of a file, and a file of a folder."""
    install = into(option)
    assert install("turner==1.0").returncode == 0
    done = install("turner==2.0")
    assert done.returncode == 0, done.stderr
    place = runner.folder / "lib" if option else target.site_packages
    assert (place / "turner" / "one" / "x").is_file()
    assert (place / "turner" / "two").is_file()
