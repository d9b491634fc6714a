"""After `safepip install` an environment is what a plain `pip install` of the same request makes of it.

Each request is given to both, in two environments that began as copies of one, with one index on loopback. What is
then on disk must be the same to the byte (RECORD, REQUESTED, INSTALLER, direct_url.json, scripts), bytecode apart, and
so is whatever pip says of it.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest

from support.environment import Environment, make_environment
from support.index import IndexServer
from support.replies import status
from support.runs import installed_state, pip_in, pip_reads, shown
from support.sides import POSIX_SITE, Side
from support.watched import watch
from support.wheels import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for. `before` is installed by pip beforehand; `<...>` in a word is a mark of `World.word`.

    `site` is where distributions then are, below the run's folder, if not in the environment.
    """

    words: str
    before: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    site: str = ""
    installs: str = ""


THERE = ("app==1.0", "lib==1.0")

REQUESTS = {
    "names and extras": Request("app[Fast] Tool", installs="app-2.0 lib-2.0 speed-1.0 tool-1.0"),
    "a wheel by path": Request("./wheels/app-2.0-py3-none-any.whl[fast]", installs="app-2.0 lib-2.0 speed-1.0"),
    "a wheel by URL": Request("<url:app-2.0-py3-none-any.whl>", installs="app-2.0 lib-2.0"),
    "a name at a URL": Request(
        "app[fast]@<url:app-2.0-py3-none-any.whl>#sha256=<sha256:app-2.0-py3-none-any.whl>",
        installs="app-2.0 lib-2.0 speed-1.0",
    ),
    "--no-deps": Request("--no-deps --pre lib app", installs="app-2.0 lib-3.0rc1"),
    "--only-deps": Request("--only-deps app[fast]", installs="lib-2.0 speed-1.0"),
    "an upgrade": Request("-U app", before=THERE, installs="app-2.0 lib-1.0"),
    "an eager upgrade": Request("-U --upgrade-strategy eager app", before=THERE, installs="app-2.0 lib-2.0"),
    "what is there in part": Request("app[fast]", before=THERE, installs="app-1.0 lib-1.0 speed-1.0"),
    "--force-reinstall": Request("--force-reinstall app==1.0", before=THERE, installs="app-1.0 lib-2.0"),
    "-I": Request("-I lib==1.0 --no-compile", before=THERE, installs="app-1.0 lib-1.0"),
    "constraints": Request("app -c limits.txt", files={"limits.txt": "lib<2\n"}, installs="app-2.0 lib-1.0"),
    "hashes": Request(
        "-r hashed.txt",
        files={
            "hashed.txt": "app==2.0 --hash=sha256:<sha256:app-2.0-py3-none-any.whl>\n"
            "lib==2.0 --hash=sha256:<sha256:lib-2.0-py3-none-any.whl>\n"
        },
        installs="app-2.0 lib-2.0",
    ),
    "--target": Request("--target place app", site="project/place", installs="app-2.0 lib-2.0"),
    "--prefix": Request("--prefix place app", site=f"project/place/{POSIX_SITE}", installs="app-2.0 lib-2.0"),
    "--prefix below --root": Request(
        "--root place --prefix below/../here app", site=f"project/place/here/{POSIX_SITE}", installs="app-2.0 lib-2.0"
    ),
    "--root": Request("--root place app", site="project/place", installs="app-2.0 lib-2.0"),
}


class World:
    """An index, and pairs of equal environments: one for pip, one for safepip."""

    def __init__(self, index: IndexServer, folder: Path) -> None:
        self.index = index
        self.folder = folder
        self._templates: dict[tuple[str, ...], Environment] = {}

    def word(self, text: str) -> str:
        """A word or a file's text, with its marks replaced."""
        for project in self.index.projects.values():
            for served in project.files:
                text = text.replace(f"<url:{served.filename}>", self.url(served.filename))
                text = text.replace(f"<sha256:{served.filename}>", sha256(served.data))
        return text

    def url(self, filename: str) -> str:
        """Where a file is served."""
        return self.index.host.origin + self.index.file_path(filename)

    def pair(self, before: tuple[str, ...], place: Path) -> tuple[Side, Side]:
        """Two environments with `before` in them."""
        if before not in self._templates:
            template = make_environment(self.folder / f"template-{len(self._templates)}")
            if before:
                runner = Side(self.folder / f"setup-{len(self._templates)}", template).runner
                words = ("install", "--no-deps", "--no-compile", "-i", self.index.url, *before)
                done = pip_in(runner, template, *words)
                assert done.returncode == 0, shown(done)
            self._templates[before] = template
        return self._copy(before, place / "plain"), self._copy(before, place / "safe")

    def _copy(self, before: tuple[str, ...], place: Path) -> Side:
        shutil.copytree(self._templates[before].folder, place / "target", symlinks=True)
        side = Side(place, Environment(place / "target"))
        wheels = side.runner.folder / "wheels"
        wheels.mkdir()
        for served in self.index.project("app").files:
            (wheels / served.filename).write_bytes(served.data)
        return side


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The index that all requests are answered by."""
    with IndexServer() as index:
        index.etags = True
        scripts = {"app-run": "app:main"}
        for version in ("1.0", "2.0"):
            index.add("app", version, requires=["lib>=1"], extras={"fast": ["speed"]}, scripts=scripts)
            index.add("lib", version)
        index.add("lib", "3.0rc1")
        index.add("speed", "1.0")
        index.add("tool", "1.0", extras={"fast": ["Speed"]})
        yield World(index, tmp_path_factory.mktemp("as-pip"))


@pytest.mark.usually("an upgrade", "hashes", "--target")
@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_on_disk_is_what_pip_leaves(name: str, world: World, tmp_path: Path) -> None:
    """To the byte, in the environment and wherever else the request leads to."""
    request = REQUESTS[name]
    plain, safe = world.pair(request.before, tmp_path)
    words = [world.word(word) for word in request.words.split()]
    for side, program in ((plain, plain.pip), (safe, safe.safepip)):
        for file, text in request.files.items():
            (side.runner.folder / file).write_text(world.word(text))
        done = program("install", "-i", world.index.url, *words)
        assert done.returncode == 0, shown(done)
    assert safe.state() == plain.state()
    site = safe.place / request.site if request.site else safe.target.site_packages
    found = {info.name.removesuffix(".dist-info") for info in site.rglob("*.dist-info")}
    assert found == set(request.installs.split())


def test_a_user_install_goes_where_pips_goes(world: World, tmp_path: Path) -> None:
    """`--user`, in an environment that sees the user's own packages."""
    import venv

    states = []
    for side in (Side(tmp_path / name, Environment(tmp_path / name / "target")) for name in ("plain", "safe")):
        venv.EnvBuilder(system_site_packages=True, symlinks=True).create(side.target.folder)
        before = installed_state(side.target.folder)
        base = side.runner.folder / "user"
        program = side.pip if side.place.name == "plain" else side.safepip
        done = program("install", "-i", world.index.url, "--user", "app", env={"PYTHONUSERBASE": str(base)})
        assert done.returncode == 0, shown(done)
        assert installed_state(side.target.folder) == before
        assert (base / POSIX_SITE / "app-2.0.dist-info" / "REQUESTED").exists()
        states.append(side.state())
    assert states[0] == states[1]


def test_pip_says_the_same_of_both(world: World, tmp_path: Path) -> None:
    """`pip freeze`, `pip list` and `pip inspect`, in an environment with every kind of origin; and what is on disk is
    the same."""
    plain, safe = world.pair((), tmp_path)
    stated = []
    # A process here, as the user's is.
    safepip = partial(safe.runner.safepip, "install", "--python", safe.target.python)
    for side, program in ((plain, partial(plain.pip, "install")), (safe, safepip)):
        words = ("./wheels/app-2.0-py3-none-any.whl", "Tool[Fast]", f"lib @ {world.url('lib-2.0-py3-none-any.whl')}")
        done = program("-i", world.index.url, *words)
        assert done.returncode == 0, shown(done)
        reported = pip_reads(side.runner, side.target, "freeze", "list", "inspect")
        stated.append([said.replace(str(side.place), "<place>") for said in reported])
    assert stated[0] == stated[1]
    assert safe.state() == plain.state()
    entries = json.loads(stated[1][2])["installed"]
    assert {entry["metadata"]["name"]: entry["requested"] for entry in entries} == {
        "app": True,
        "lib": True,
        "speed": False,
        "tool": True,
    }
    assert {entry["installer"] for entry in entries} == {"pip"}


def test_pip_is_not_started_where_everything_is_there(world: World, tmp_path: Path) -> None:
    """What is installed and satisfies the request needs no pip: seen in every start of the environment's Python."""
    safe, _ = world.pair(THERE, tmp_path)
    starts = tmp_path / "starts"
    watch(safe.target.python, f"open({str(starts)!r}, 'a').write(repr(words) + '\\n')")
    before = safe.target.state()
    world.index.requests.clear()
    done = safe.safepip("install", "-i", world.index.url, "app", "lib<2")
    assert (done.returncode, done.stdout.count("Requirement already satisfied: ")) == (0, 2), shown(done)
    assert safe.target.state() == before
    assert "--no-index" not in starts.read_text()
    assert world.index.requests == []
    safe.safepip("install", "-i", world.index.url, "tool")
    assert "--no-index" in starts.read_text()


def test_the_report_is_pips_with_one_key_more(world: World, tmp_path: Path) -> None:
    """Schema version 1, item by item, for names, extras, a wheel by path and one by URL; `safepip` says why."""
    side, _ = world.pair((), tmp_path)
    words = ("app[fast]", "./wheels/app-2.0-py3-none-any.whl", f"tool @ {world.url('tool-1.0-py3-none-any.whl')}")
    options = ("--dry-run", "--quiet", "--report", "-", "-i", world.index.url)
    reports = []
    for program in (side.pip, side.safepip):
        done = program("install", *options, *words)
        assert done.returncode == 0, shown(done)
        reports.append(json.loads(done.stdout.partition("\nWould install")[0]))
    ours = {item["metadata"]["name"]: item.pop("safepip") for item in reports[1]["install"]}
    version = reports[1].pop("safepip_version")
    assert version
    for report in reports:
        report["install"].sort(key=lambda item: item["metadata"]["name"])
    assert reports[1] == reports[0]
    direct, default = "named directly by the user", "unclaimed, answered by the default index"
    rules = {name: entry["rule"] for name, entry in ours.items()}
    assert rules == {"app": direct, "tool": direct, "lib": default, "speed": default}
    assert ours["lib"]["index_url"] == world.index.url
    assert ours["lib"]["digest"].startswith("sha256:")


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that fails: pip's exit code, and words that safepip's message must have."""

    words: str
    code: int
    says: str
    files: dict[str, str] = field(default_factory=dict)


FAILURES = {
    "no such project": Failure("no-such-project", 1, "from versions: none"),
    "a conflict": Failure("app==1.0 lib<1", 1, "lib<1"),
    "a bad requirement": Failure("app=1.0", 1, "did you mean app==1.0?"),
    "a bad option": Failure("--no-such-option app", 2, "--no-such-option"),
    "a missing requirements file": Failure("-r missing.txt", 1, "missing.txt"),
    "a missing wheel": Failure("./missing-1.0-py3-none-any.whl", 1, "does not exist"),
    "nothing at all": Failure("", 1, "no requirements given"),
    "no report": Failure("--report missing/report.json app", 1, "report cannot be written"),
    "--user where it is not seen": Failure("--user --dry-run app", 1, "--user"),
    "a bad line": Failure("-r bad.txt", 1, "bad.txt:2", {"bad.txt": "app\n--no-such-option\n"}),
    "no virtual environment": Failure("--require-virtualenv app", 3, "virtual environment"),
}


@pytest.mark.usually("no such project", "a bad option", "no report", "--user *", "a bad line", "no virtual environment")
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_has_pips_exit_code(name: str, world: World, tmp_path: Path) -> None:
    """Whatever goes wrong, a script that looks at the code sees what it saw of pip, and nothing was changed."""
    failure = FAILURES[name]
    side, _ = world.pair((), tmp_path)
    for file, text in failure.files.items():
        (side.runner.folder / file).write_text(text)
    before = side.target.state()
    words = ("install", "-i", world.index.url, *failure.words.split())
    if "--require-virtualenv" in words:
        # The one failure that is about the environment: the interpreter that all environments here are made of.
        # Debian's has no `python` beside `python3`, and the name of its executable is known to `venv` alone.
        base: str = sys._base_executable  # type: ignore[attr-defined]  # there since Python 3.8, though not documented
        plain, done = (
            side.runner.pip("--python", base, "--isolated", *words),
            side.runner.inside("--python", base, *words),
        )
    else:
        plain, done = side.pip(*words), side.safepip(*words)
    assert (plain.returncode, done.returncode) == (failure.code, failure.code), shown(plain) + shown(done)
    assert failure.says in done.stderr, shown(done)
    said = [line for line in done.stderr.splitlines() if not line.startswith("Environment: ")]
    assert said[0].startswith("error: "), shown(done)
    assert side.target.state() == before


@pytest.mark.parametrize("verb", ["install", "download", "wheel"])
def test_an_empty_argument_asks_for_nothing(verb: str, world: World, tmp_path: Path) -> None:
    """As in pip, where a script's variable is empty: alone it is a run with nothing to do. It is told."""
    side, _ = world.pair((), tmp_path)
    before = side.target.state(), installed_state(side.runner.folder)
    for empty in ("", " "):
        plain, done = (program(verb, "-i", world.index.url, empty) for program in (side.pip, side.safepip))
        assert (plain.returncode, done.returncode) == (0, 0), shown(plain) + shown(done)
        assert "notice: an argument is empty, and asks for nothing" in done.stderr
        assert (side.target.state(), installed_state(side.runner.folder)) == before


def test_what_safepip_is_made_of_stays_in_its_own_environment(world: World, tmp_path: Path) -> None:
    """Without `--python` the target is the environment safepip runs from, as with pip; its parts are not replaced."""
    side = Side(tmp_path, make_environment(tmp_path / "target"))
    served = world.index.add("packaging", "99.0")
    # Were the promise broken, the wheel could not be had, so that no test run damages the environment it runs from.
    world.index.file_fault(served.filename, status(404))
    done = side.runner.inside("install", "-i", world.index.url, "packaging==99.0", "--retries", "0")
    assert done.returncode == 20, shown(done)
    assert "error: own-environment" in done.stderr
    assert "--python" in done.stderr
