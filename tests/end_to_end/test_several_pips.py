"""`--jobs`: several pips side by side leave what one leaves, whatever is installed, and wherever."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safepip.edges.pip.unfinished import Unfinished
from safepip.edges.target.interpreter import probe
from safepip.handover.instructions import check_report
from safepip.model.plan import Settings
from support.runs import begin, drained, pip_in, shown
from support.sources import write_project
from support.watched import watch
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner

PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"

#: By name, what is in a wheel beside its module.
NAMESPACES = {
    "ns-one": {"implicit/one.py": "x = 1\n", "old/__init__.py": PKGUTIL, "old/one.py": "x = 1\n"},
    "ns-two": {"implicit/two/__init__.py": "x = 2\n", "old/__init__.py": PKGUTIL, "old/two.py": "x = 2\n"},
    "ns-three": {"implicit/two/deep.py": "x = 3\n", "LICENSE.shared": "the same\n"},
    "ns-four": {"LICENSE.shared": "the same\n", "single_module.py": "x = 4\n"},
}
DATA = {
    "brings-1.0.data/data/share/brings/table.txt": "data",
    "brings-1.0.data/scripts/brings-plain": "#!/bin/sh\nexit 0\n",
    "brings-1.0.data/scripts/brings-python": "#!python\nprint('brings')\n",
    "brings-1.0.data/headers/brings.h": "#define X\n",
    "brings-1.0.data/platlib/brings_native.py": "x = 1\n",
}


def fill(links: Path) -> None:
    """The wheels that the sets below are made of."""
    make_wheel(links, "app", "1.0", requires=["Lib.Core>=1", "helper[fast]"], scripts={"app": "app:main"})
    make_wheel(links, "app", "2.0", requires=["lib-core>=2", "helper[fast]", "late"], scripts={"app-two": "app:main"})
    make_wheel(links, "lib.core", "1.0")
    make_wheel(links, "lib.core", "2.0", files={"lib_core/more.py": "y = 2\n"})
    make_wheel(links, "helper", "1.0", extras={"fast": ["speed"]}, scripts={"helper": "helper:main"})
    make_wheel(links, "speed", "3.0")
    make_wheel(links, "late", "1.0", requires=["later"])
    make_wheel(links, "later", "1.0")
    make_wheel(links, "brings", "1.0", files=DATA)
    for name, files in NAMESPACES.items():
        make_wheel(links, name, "1.0", files=files)
    for number in range(4):
        make_wheel(links, f"plain-{number}", "1.0", files={f"plain_{number}/sub/part.py": "z = 1\n"})


class Case(NamedTuple):
    """What is installed. `before` is installed first, by one pip, and `words` by several; `parts` is how many these are
    for `--jobs 3`. `verb` is `install` or `sync`."""

    words: str
    parts: int = 3
    before: str = ""
    verb: str = "install"


PLAIN = "plain-0 plain-1 plain-2 plain-3"
CASES = {
    "plain": Case(PLAIN),
    "roots and dependencies": Case("app plain-0"),
    "extras": Case("helper[fast] plain-1"),
    "a wheel by its path": Case("{links}/speed-3.0-py3-none-any.whl helper[fast]", 2),
    "from source": Case("--allow-build built {folder}/built plain-0 plain-1"),
    "editable and others": Case("--allow-build edited -e {folder}/edited plain-0 plain-1"),
    "namespace packages": Case("ns-one ns-two ns-three ns-four plain-0"),
    "scripts, data and headers": Case("brings app"),
    "--user": Case("--user app plain-0"),
    "--target": Case("--target {folder}/place app ns-one ns-two", 0),
    "--prefix": Case("--prefix {folder}/place app brings"),
    "--root": Case("--root {folder}/place app brings"),
    "replaced and new": Case("--upgrade app plain-0", 4, before="app==1.0 speed"),
    "replaced and new, and namespace packages": Case(
        "--upgrade app ns-one ns-two ns-three ns-four", 4, before="app==1.0 speed"
    ),
    "from a lock": Case("-r {folder}/pylock.toml"),
    "sync with removals": Case("{folder}/pylock.toml", 3, before="plain-0 later", verb="sync"),
    "again": Case("--force-reinstall app plain-0 plain-1", 3, before="app"),
}


@dataclass(frozen=True, slots=True)
class World:
    """An environment that is made anew at its place, from `pristine` or what was prepared, a folder of wheels, and a
    home."""

    runner: Runner
    target: Environment
    pristine: Path

    def anew(self, template: Path | None = None) -> None:
        for place in (self.target.folder, self.runner.folder / "place", self.runner.home / ".local"):
            shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template or self.pristine, self.target.folder, symlinks=True)

    def safepip(self, verb: str, words: str, *more: str) -> str:
        """Run it; what it says. It has to succeed."""
        filled = words.format(links=self.runner.folder / "links", folder=self.runner.folder).split()
        where = ("--python", self.target.python, "--no-index", "-f", self.runner.folder / "links")
        done = self.runner.inside(verb, *where, *more, *filled)
        assert done.returncode == 0, shown(done)
        return done.stdout

    def traces(self) -> dict[str, object]:
        """Every file, with its permissions and bytes, and what `pip inspect` says. Byte code has the time of its source
        in it, and RECORD is compared row by row."""
        found: dict[str, object] = {}
        for top in (self.target.folder, self.runner.folder / "place", self.runner.home / ".local"):
            for path in sorted(top.rglob("*")):
                data: object = path.read_bytes() if path.is_file() else b""
                if path.name == "RECORD":
                    data = sorted(path.read_bytes().splitlines())
                found[str(path)] = (path.lstat().st_mode, b"" if path.suffix == ".pyc" else data)
        inspected = json.loads(pip_in(self.runner, self.target, "inspect").stdout)["installed"]
        found["pip inspect"] = sorted(map(json.dumps, inspected))
        return found


@pytest.fixture
def world(runner: Runner, target: Environment) -> World:
    """With what the cases need."""
    fill(runner.folder / "links")
    for name in ("built", "edited"):
        write_project(runner.folder / name, name, "1.0", requires=["speed"])
    shutil.copytree(target.folder, runner.folder / "pristine", symlinks=True)
    return World(runner, target, runner.folder / "pristine")


def prepare(world: World, case: Case) -> Path:
    """A folder with the environment as it is before several are installed."""
    world.anew()
    if "--user" in case.words:
        settings = world.target.folder / "pyvenv.cfg"
        text = settings.read_text().replace(
            "include-system-site-packages = false", "include-system-site-packages = true"
        )
        settings.write_text(text)
    if "pylock" in case.words:
        world.safepip("lock", "app plain-1 plain-2")
    if case.before:
        world.safepip("install", f"--jobs 1 {case.before}")
    prepared = world.runner.folder / "prepared"
    shutil.copytree(world.target.folder, prepared, symlinks=True)
    return prepared


def record_starts(world: World) -> Path:
    """The file that gets the command line of each start of the target's Python from now on."""
    log = world.runner.folder / "started"
    log.write_text("")
    watch(world.target.python, f"open({str(log)!r}, 'a').write(' '.join(words[3:]) + chr(10))")
    return log


@pytest.mark.usually("replaced and new, and namespace packages")
@pytest.mark.parametrize("name", CASES)
def test_several_pips_leave_what_one_leaves(name: str, world: World) -> None:
    """REQUESTED, direct URLs, installer, files, their permissions and RECORD. Each part was a pip of its own. What they
    say is what one says: the lines before and after once over all, and nothing of private folders."""
    case = CASES[name]
    found, said = {}, {}
    prepared = prepare(world, case)
    for jobs in ("1", "3"):
        world.anew(prepared)
        started = record_starts(world)
        said[jobs] = re.sub(r"in [0-9.]+ s", "", world.safepip(case.verb, case.words, "--jobs", jobs))
        parts = set(re.findall(r"(part-[0-9]+)/report", started.read_text()))
        assert len(parts) == (case.parts if jobs == "3" else 0)
        found[jobs] = world.traces()
    assert found["3"] == found["1"]
    assert said["3"] == said["1"]
    assert "handover-" not in said["3"]


def test_where_one_fails_it_is_said_what_is_there(world: World) -> None:
    """The others are let finish, the code is pip's, and the same command installs the rest, by as many pips."""
    world.anew()
    where = ("--python", world.target.python, "--no-index", "-f", world.runner.folder / "links")
    words = ("install", *where, "--jobs", "2", "app", "plain-1", "--root-user-action", "ignore")
    # pip writes through a link that leads to no file, and this one leads to no folder; nothing installed owns it.
    obstacle = world.target.site_packages / "speed" / "__init__.py"
    obstacle.parent.mkdir()
    obstacle.symlink_to("nowhere/at/all")
    done = world.runner.safepip(*words)
    assert done.returncode == 1, shown(done)
    (missing,) = re.findall(r"notice: not installed: (.*)", done.stderr)
    (there,) = re.findall(r"notice: installed: (.*); the same command installs the rest", done.stderr)
    assert "speed 3.0" in missing.split(", ")
    wanted = ["app 2.0", "helper 1.0", "late 1.0", "later 1.0", "lib-core 2.0", "plain-1 1.0", "speed 3.0"]
    assert sorted([*missing.split(", "), *there.split(", ")]) == wanted
    assert "Successfully installed" not in done.stdout
    installed = world.target.installed()
    assert {f"{name.replace('.', '-')} {version}" for name, version in installed.items()} == {*there.split(", ")}
    obstacle.unlink()
    repaired = world.runner.inside(*words)
    assert repaired.returncode == 0, shown(repaired)
    verified = world.runner.inside("verify", "--python", world.target.python)
    assert verified.returncode == 0, shown(verified)
    assert {path.parent.name for path in world.target.site_packages.glob("*/REQUESTED")} == {
        "app-2.0.dist-info",
        "plain_1-1.0.dist-info",
    }


#: Tells whether a pip that uninstalls has the environment's note open.
HELD = """
import glob
def same(handle, path):
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False
if "uninstall" in words:
    notes = glob.glob({folder!r} + "/.safepip-unfinished-*")
    if any(same(handle, path) for path in notes for handle in range(3, 256)):
        open({seen!r}, "w").write("held")
"""


@pytest.mark.parametrize("verb", ["sync", "uninstall"])
def test_while_pip_only_removes_the_environment_is_held(verb: str, world: World) -> None:
    """By the run, and by the pip that it has started."""
    world.anew()
    world.safepip("lock", "plain-0", "-o", str(world.runner.folder / "pylock.toml"))
    links = world.runner.folder / "links"
    world.target.unpack(links / "plain_0-1.0-py3-none-any.whl", links / "later-1.0-py3-none-any.whl")
    seen = world.runner.folder / "seen"
    watch(world.target.python, HELD.format(folder=str(world.target.folder), seen=str(seen)))
    if verb == "sync":
        world.safepip("sync", "{folder}/pylock.toml")
    else:
        done = world.runner.inside("uninstall", "--python", world.target.python, "-y", "later")
        assert done.returncode == 0, shown(done)
    assert seen.read_text() == "held"
    assert "later" not in world.target.installed()
    assert not list(world.target.folder.glob(".safepip-unfinished-*"))


def test_what_cannot_be_noted_takes_nothing_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What sync removes goes first, and the note comes before that, as the disk may have no room for it."""

    def full(_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    world.anew()
    world.safepip("lock", "plain-0 plain-1 plain-2", "-o", str(world.runner.folder / "pylock.toml"))
    world.target.unpack(world.runner.folder / "links" / "later-1.0-py3-none-any.whl")
    where = ("--python", world.target.python, "--no-index", "-f", world.runner.folder / "links")
    before = world.target.state()
    with monkeypatch.context() as patch:
        patch.setattr("safepip.handover.unfinished.text_of", full)
        done = world.runner.inside("sync", *where, "--jobs", "2", "pylock.toml")
    assert done.returncode == 1, shown(done)
    assert "error: target-not-writable" in done.stderr
    assert world.target.state() == before


def test_what_is_uninstalled_waits_for_what_is_installed(world: World) -> None:
    """pip's help does not wait, and neither does what changes nothing."""
    world.anew()
    links = world.runner.folder / "links"
    world.target.unpack(links / "later-1.0-py3-none-any.whl")
    target = probe(str(world.target.python))
    words = ("uninstall", "--python", world.target.python)
    with Unfinished(Settings(), target, print, lambda: None) as other:
        other.hold()
        assert world.runner.inside(*words, "--help").returncode == 0
        assert world.runner.inside("list", "--python", world.target.python).returncode == 0
        reader, writer = os.pipe()
        process = begin(world.runner, *words, "-y", "later", output=writer)
        os.close(writer)
        said = b""
        while b"waiting for it" not in said:
            said += os.read(reader, 1000)
            assert process.poll() is None, said
        assert "later" in world.target.installed()
    said += drained(reader)
    assert process.wait(60) == 0, said
    assert "later" not in world.target.installed()


def test_what_one_pip_has_not_finished_does_not_count_as_installed(world: World) -> None:
    """It gives up at a link that leads nowhere in the place of a file, when the metadata is there already."""
    world.anew()
    links = world.runner.folder / "links"
    make_wheel(links, "half", "1.0", module=False, files={"half_last.py": "x = 1\n"})
    words = ("install", "--python", world.target.python, "--no-index", "-f", links, "half")
    obstacle = world.target.site_packages / "half_last.py"
    obstacle.symlink_to("nowhere/at/all")
    for _ in range(2):
        done = world.runner.inside(*words)
        assert done.returncode == 1, shown(done)
        assert world.target.installed() == {}
    obstacle.unlink()
    done = world.runner.inside(*words)
    assert done.returncode == 0, shown(done)
    assert world.target.installed() == {"half": "1.0"}


#: Kills the pip that installs as soon as it has begun to write metadata in the place of some that was there.
KILLED = """
import signal, time
if "install" in words and not os.fork():
    pip, before, end = os.getppid(), os.stat({metadata!r}).st_ino, time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if os.stat({metadata!r}).st_ino != before:
                break
        except FileNotFoundError:
            pass
    os.kill(pip, signal.SIGKILL)
    os._exit(0)
"""


def test_a_version_that_was_not_put_in_its_own_place_as_a_whole_is_not_installed(world: World) -> None:
    """It would have the metadata of before, and a part of its files. A pip that was killed does not say so itself."""
    world.anew()
    links = world.runner.folder / "links"
    make_wheel(links, "large", "1.0", files={f"large/m{number}.py": "x = 1\n" for number in range(300)})
    world.safepip("install", "large")
    metadata = world.target.site_packages / "large-1.0.dist-info" / "METADATA"
    watch(world.target.python, KILLED.format(metadata=str(metadata)))
    words = ("install", "--python", world.target.python, "--no-index", "-f", links)
    done = world.runner.inside(*words, "--force-reinstall", "large")
    assert done.returncode == 128 + signal.SIGKILL, shown(done)
    assert "notice: not installed: large 1.0" in done.stderr
    assert "large" not in world.target.installed()
    assert not list(world.target.folder.glob(".safepip-*"))


def test_where_metadata_cannot_be_corrected_the_next_run_does_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has become full, just when pip had ended. That is no fault of safepip's, and it is not forgotten."""

    def full(path: str, _: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    world.anew()
    links = world.runner.folder / "links"
    words = ("install", "--python", world.target.python, "--no-index", "-f", links, "--jobs", "2", "app==1.0")
    with monkeypatch.context() as patch:
        patch.setattr("safepip.edges.pip.record_rows.replace_file", full)
        done = world.runner.inside(*words)
    assert done.returncode == 1, shown(done)
    assert "error: unfinished-installation" in done.stderr
    assert list(world.target.folder.glob(".safepip-unfinished-*"))
    done = world.runner.inside(*words)
    assert done.returncode == 0, shown(done)
    assert [path.parent.name for path in world.target.site_packages.glob("*/REQUESTED")] == ["app-1.0.dist-info"]
    verified = world.runner.inside("verify", "--python", world.target.python)
    assert verified.returncode == 0, shown(verified)


def test_what_differs_does_not_stay_where_metadata_cannot_be_corrected_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One problem hides no other one: what stays would count as installed in the next run, and no run looks at it."""

    def full(path: str, _: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def change(*words: object) -> None:
        (world.target.site_packages / "helper" / "__init__.py").write_text("x = 'another'\n")
        check_report(*words)  # type: ignore[arg-type]

    world.anew()
    links = world.runner.folder / "links"
    words = ("install", "--python", world.target.python, "--no-index", "-f", links, "--jobs", "2", "app==1.0")
    with monkeypatch.context() as patch:
        patch.setattr("safepip.edges.pip.record_rows.replace_file", full)
        patch.setattr("safepip.edges.pip.conclusion.check_report", change)
        done = world.runner.inside(*words)
    assert done.returncode == 1, shown(done)
    assert "error: unfinished-installation" in done.stderr
    assert "error: installed-differs" in done.stderr
    assert set(world.target.installed()) == {"app", "lib-core", "speed"}
    done = world.runner.inside(*words)
    assert done.returncode == 0, shown(done)
    verified = world.runner.inside("verify", "--python", world.target.python)
    assert verified.returncode == 0, shown(verified)
