"""Handed to the real pip, in real environments: what is installed reads as after a plain `pip install`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from zipfile import ZipFile

import pytest

from safepip.edges.pip import running as edge
from safepip.edges.pip.running import hand_over, private_folder
from safepip.edges.target.installed import installed
from safepip.edges.target.interpreter import probe
from safepip.handover.instructions import make_handover
from safepip.model.errors import PipFailed, Refused
from safepip.model.plan import Settings, UpgradeStrategy
from safepip.wheel.install_paths import layout_of
from support.environment import tree_state
from support.handing import Chosen, cleared, install, kept, resolve
from support.nowhere import NOWHERE
from support.runs import pip_reads
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.environment import Environment, Runner
    from support.index import IndexServer

EXTRA = frozenset({"fast"})


class World:
    """A folder of wheels, and two environments: one for pip alone, one for the handover."""

    def __init__(self, runner: Runner, plain: Environment, handed: Environment) -> None:
        self.runner = runner
        self.plain = plain
        self.handed = handed
        self.wheels = runner.folder / "wheels"
        self.environ = runner.environment()

    def pip(self, *arguments: str | Path, into: Environment | None = None) -> str:
        """Plain pip with the folder of wheels as its only source; it must succeed."""
        target = into or self.plain
        done = self.runner.pip("--python", target.python, *arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def pip_install(self, *arguments: str | Path) -> str:
        """`pip install` from the folder of wheels."""
        return self.pip("install", "--no-index", "--find-links", self.wheels, *arguments)

    def hand(self, *choices: Chosen, **more: Any) -> int:
        """The handover of these choices into the other environment."""
        return install(self.handed.python, choices, environ=self.environ, **more)

    def wheel(self, name: str, version: str = "1.0", **more: Any) -> Path:
        """A wheel in the folder."""
        return make_wheel(self.wheels, name, version, **more)

    def reads(self, target: Environment) -> tuple[list[Any], str, str]:
        """What `pip inspect` says of each distribution, without the places, which differ; `pip freeze`; `pip check`."""
        inspected, frozen, checked = pip_reads(self.runner, target, "inspect", "freeze", "check")
        entries = json.loads(inspected)["installed"]
        for entry in entries:
            entry["metadata_location"] = Path(entry["metadata_location"]).name
        return sorted(entries, key=lambda entry: entry["metadata"]["name"]), frozen, checked

    def assert_alike(self) -> None:
        """The same files with the same bytes in both, REQUESTED, RECORD and direct_url.json included."""
        handed, plain = (tree_state(target.site_packages) for target in (self.handed, self.plain))
        for state in (handed, plain):
            for name in [name for name in state if name.endswith(".pyc")]:
                # Bytecode holds the time of its source.
                state[name] = "bytecode"
        assert handed == plain


@pytest.fixture
def world(runner: Runner, new_target: Callable[[str], Environment]) -> World:
    """Two empty environments."""
    return World(runner, new_target("plain"), new_target("handed"))


def test_an_install_reads_as_pips_own(world: World) -> None:
    """REQUESTED on what the user named and on nothing else, extras followed, scripts made, no direct_url.json."""
    app = world.wheel("app", requires=["Lib-Core>=1", "helper[fast]"], scripts={"app": "app:main"})
    core = world.wheel("lib.core", "2.0rc1")
    helper = world.wheel("helper", extras={"fast": ["speed"]})
    speed = world.wheel("speed", "1!3.0+local.1")
    tool = world.wheel("tool", extras={"fast": ["speed"]})
    world.pip_install("--pre", "app", "tool[fast]")
    choices = [
        Chosen(app, requested=True),
        Chosen(tool, requested=True, extras=EXTRA),
        Chosen(core),
        Chosen(helper, extras=EXTRA),
        Chosen(speed),
    ]
    assert world.hand(*choices) == 0
    entries, frozen, checked = world.reads(world.handed)
    assert (entries, frozen, checked) == world.reads(world.plain)
    assert checked == "No broken requirements found.\n"
    requested = {entry["metadata"]["name"]: entry["requested"] for entry in entries}
    assert requested == {"app": True, "tool": True, "lib.core": False, "helper": False, "speed": False}
    assert all(entry["installer"] == "pip" for entry in entries)
    assert world.handed.state().keys() == world.plain.state().keys()


def test_what_is_said_names_no_private_folder(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """pip's two lines remain; a failure leaves its error and no line of success. pip does not tell what is broken."""
    # What is installed here breaks what is there.
    world.handed.unpack(world.wheel("there", requires=["lib>1"]))
    choices = [Chosen(world.wheel("app", requires=["lib<2"]), requested=True), Chosen(world.wheel("lib"))]
    quiet = Settings(forwarded=("--root-user-action", "ignore"))
    assert world.hand(*choices, settings=quiet) == 0
    stated = capfd.readouterr()
    assert stated.out == "Installing collected packages: app, lib\nSuccessfully installed app-1.0 lib-1.0\n"
    assert stated.err == ""
    assert world.hand(Chosen(world.wheel("app", "3.0", requires=["missing"]), requested=True), settings=quiet) == 1
    stated = capfd.readouterr()
    assert "missing" in stated.err
    assert "Successfully" not in stated.out


def test_a_wheel_by_path_or_url_is_recorded_with_what_the_user_named(world: World, index: IndexServer) -> None:
    """The user's file with its digest, and the URL, as pip records it that has fetched it: byte for byte. At the
    handover nothing is asked of the URL."""
    app = world.wheel("app", requires=["lib"])
    served = index.add("web", "1.0", requires=["lib"], extras={"fast": ["speed"]})
    url = urljoin(index.url, index.file_path(served.filename))
    web = world.wheels / served.filename
    lib, speed = world.wheel("lib"), world.wheel("speed")
    web.write_bytes(served.data)
    world.pip_install(app, f"web[fast] @ {url}")
    asked = len(index.requests)
    choices = [
        Chosen(app, requested=True, direct_url=app.as_uri()),
        Chosen(web, requested=True, extras=EXTRA, direct_url=url),
        Chosen(lib),
        Chosen(speed),
    ]
    assert world.hand(*choices) == 0
    assert len(index.requests) == asked
    world.assert_alike()
    assert_record_is_true(world.handed.site_packages)
    freeze = world.pip("freeze", into=world.handed).split()
    assert freeze[:2] == ["app", "@"]
    assert freeze[2].startswith(f"{app.as_uri()}#sha256=")


def assert_record_is_true(site_packages: Path) -> None:
    """Every row of every RECORD holds: digest and size."""
    import base64
    import csv
    import hashlib

    for record in site_packages.glob("*.dist-info/RECORD"):
        with record.open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows
        for name, digest, size in rows:
            data = (site_packages / name).read_bytes()
            if digest:
                found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={found}", str(len(data))), name


@pytest.mark.usually("--target", "--root and --prefix")
@pytest.mark.parametrize("where", ["--target", "--prefix", "--root", "--root and --prefix"])
def test_a_direct_url_is_recorded_wherever_pip_puts_it(world: World, where: str, tmp_path: Path) -> None:
    """`--target`, `--prefix` and `--root` change the place and not the record."""
    app = world.wheel("app")
    url = "https://files.acme.example/app-1.0-py3-none-any.whl"
    place, root = str(tmp_path / "place"), str(tmp_path / "root")
    settings = {
        "--target": Settings(target_dir=place, forwarded=("--target", place)),
        "--prefix": Settings(prefix_dir=place, forwarded=("--prefix", place)),
        "--root": Settings(root_dir=root, forwarded=("--root", root)),
        "--root and --prefix": Settings(prefix_dir="/opt", root_dir=root, forwarded=("--root", root, "--prefix=/opt")),
    }[where]
    before = world.handed.state()
    assert world.hand(Chosen(app, requested=True, direct_url=url), settings=settings) == 0
    (record,) = tmp_path.rglob("app-1.0.dist-info/direct_url.json")
    assert json.loads(record.read_text())["url"] == url
    assert world.handed.state() == before


def test_what_is_installed_and_kept_stays(world: World) -> None:
    """The user asks for something that is there; what it lacks comes, and only that."""
    app, lib = world.wheel("app", requires=["lib", "old"]), world.wheel("lib")
    old = world.wheel("old", "0.9")
    world.handed.unpack(app, old)
    before = tree_state(world.handed.site_packages)
    there = installed(probe(str(world.handed.python), environ=world.environ))
    pins = [kept(there["app"], requested=True), kept(there["old"])]
    assert world.hand(Chosen(lib), kept_pins=pins) == 0
    after = tree_state(world.handed.site_packages)
    assert {name: after[name] for name in before} == before
    assert world.handed.installed() == {"app": "1.0", "lib": "1.0", "old": "0.9"}
    assert old.exists()


def test_an_upgrade_replaces_what_the_resolution_replaces(world: World) -> None:
    """A newer version and an older one alike; the rest is left alone."""
    world.handed.unpack(world.wheel("app"), world.wheel("lib", "2.0"))
    app, lib = world.wheel("app", "1.1", requires=["lib<2"]), world.wheel("lib", "1.5")
    assert world.hand(Chosen(app, requested=True), Chosen(lib)) == 0
    assert world.handed.installed() == {"app": "1.1", "lib": "1.5"}


def test_force_reinstall_installs_the_same_version_again(world: World) -> None:
    """And ignore-installed as well."""
    lib = world.wheel("lib")
    world.handed.unpack(lib)
    for settings in (Settings(force_reinstall=True), Settings(ignore_installed=True)):
        marker = world.handed.site_packages / "lib-1.0.dist-info" / "INSTALLER"
        marker.write_text("somebody else")
        assert world.hand(Chosen(lib, requested=True), settings=settings) == 0
        assert marker.read_text().strip() == "pip"


def test_no_deps_installs_the_roots_alone(world: World) -> None:
    """pip is not asked for what they require, which is not there."""
    app = world.wheel("app", requires=["missing"])
    assert world.hand(Chosen(app, requested=True), settings=Settings(no_deps=True)) == 0
    world.pip_install("--no-deps", "app")
    world.assert_alike()


def test_only_deps_installs_everything_but_the_roots(world: World) -> None:
    """None of it is REQUESTED, as in pip. The digest of a root that is an argument goes into its fragment."""
    app = world.wheel("app", extras={"fast": ["lib"]}, requires=["other"])
    path = world.wheel("by-path", requires=["third"])
    lib, other, third = world.wheel("lib"), world.wheel("other"), world.wheel("third")
    roots = [
        Chosen(app, requested=True, extras=EXTRA, installs=False),
        Chosen(path, requested=True, installs=False, direct_url=path.as_uri()),
    ]
    assert world.hand(*roots, Chosen(lib), Chosen(other), Chosen(third), settings=Settings(only_deps=True)) == 0
    world.pip_install("--only-deps", "app[fast]", path)
    world.assert_alike()
    assert world.handed.installed() == {"lib": "1.0", "other": "1.0", "third": "1.0"}


def test_a_target_folder_is_replaced_with_upgrade_only(world: World, tmp_path: Path) -> None:
    """pip's rule for `--target`."""
    place = str(tmp_path / "place")
    with ZipFile(world.wheel("lib", "1.0")) as archive:
        archive.extractall(place)
    for strategy, version in ((UpgradeStrategy.TO_SATISFY_ONLY, "1.0"), (UpgradeStrategy.EAGER, "2.0")):
        settings = Settings(target_dir=place, upgrade=strategy, forwarded=("--target", place, "--no-compile"))
        assert world.hand(Chosen(world.wheel("lib", "2.0"), requested=True), settings=settings) == 0
        module = (tmp_path / "place" / "lib" / "__init__.py").read_text()
        assert f"'{version}'" in module or f'"{version}"' in module


def test_wheels_of_another_platform_go_into_a_target_folder(world: World, tmp_path: Path) -> None:
    """`--platform` and its like are pip's too."""
    wheel = world.wheel("lib", tag="cp39-cp39-win_amd64")
    settings = Settings(
        platforms=("win_amd64",),
        python_version="3.9",
        implementation="cp",
        abis=("cp39",),
        target_dir=str(tmp_path / "place"),
        forwarded=("--target", str(tmp_path / "place")),
    )
    assert world.hand(Chosen(wheel, requested=True), settings=settings) == 0
    assert (tmp_path / "place" / "lib-1.0.dist-info").is_dir()


def test_settings_of_pip_do_not_reach_it(world: World, tmp_path: Path) -> None:
    """Neither its variables nor its configuration files; nor does a module in the working directory."""
    app = world.wheel("app")
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nprefix = {NOWHERE}\nindex-url = https://evil.example/simple/\n")
    home = Path(world.environ["HOME"])
    for folder in (home / ".pip", home / "config" / "pip", home / "system" / "pip", world.handed.folder):
        place = folder / "pip.conf"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(config.read_text())
    environ = {**world.environ, "PIP_CONFIG_FILE": str(config), "PIP_TARGET": NOWHERE, "PIP_DRY_RUN": "1"}
    for name in ("pip.py", "sitecustomize.py", "json.py"):
        (world.runner.folder / name).write_text("raise SystemExit('imported from the working directory')")
    environ["PYTHONPATH"] = str(world.runner.folder)
    assert install(world.handed.python, [Chosen(app, requested=True)], environ=environ) == 0
    assert world.handed.installed() == {"app": "1.0"}


def test_a_requirement_by_url_in_a_wheel_reaches_no_network(world: World, index: IndexServer) -> None:
    """pip would follow it even without an index. Where it was allowed, the verified wheel is installed in its place."""
    app = world.wheel("app", requires=[f"lib @ {index.url}/lib-1.0-py3-none-any.whl"])
    lib = world.wheel("lib")
    assert world.hand(Chosen(app, requested=True), Chosen(lib)) == 0
    assert {"app", "lib"} <= world.handed.installed().keys()
    assert index.requests == []


def test_bytes_that_changed_since_they_were_verified_stop_it(world: World) -> None:
    """Before pip is started."""
    app = world.wheel("app")
    chosen = Chosen(app, requested=True)
    resolution, _ = resolve([chosen])
    wheel = cleared(resolution.pins["app"], app)
    app.write_bytes(app.read_bytes() + b" ")
    target = probe(sys.executable)
    with private_folder() as folder:
        handover = make_handover(resolution, [wheel], Settings(), folder)
        assert handover is not None
        with pytest.raises(Refused, match="digest-mismatch"):
            hand_over(handover, target, Settings(), world.environ)
    assert not Path(folder).exists()


def test_nothing_is_taken_away_before_everything_lies_ready(world: World) -> None:
    """`sync` removes first, and not even that where a wheel cannot be laid out."""
    world.handed.unpack(world.wheel("old"))
    app = world.wheel("app")
    target = probe(str(world.handed.python))
    resolution, wheels = resolve([Chosen(app, requested=True)], layout=layout_of(Settings(), target))
    honest = app.read_bytes()
    for data, expected in ((honest + b" ", {"old"}), (honest, {"app"})):
        app.write_bytes(data)
        with private_folder() as folder:
            handover = make_handover(resolution, wheels, Settings(), folder)
            assert handover is not None
            try:
                assert hand_over(handover, target, Settings(), world.environ, ["old"]) == 0
            except Refused:
                assert data != honest
        assert world.handed.installed().keys() == expected


def test_pip_verifies_the_digests_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that change between the last look and pip's are pip's to refuse."""
    app, lib = world.wheel("app", requires=["lib"]), world.wheel("lib")
    honest = edge._lay_out

    def swap(file: Any, place: str) -> None:
        honest(file, place)
        if file.filename == lib.name:
            data = Path(place).read_bytes()
            Path(place).unlink()
            Path(place).write_bytes(data + b" ")

    monkeypatch.setattr(edge, "_lay_out", swap)
    before = world.handed.state()
    assert world.hand(Chosen(app, requested=True), Chosen(lib)) == 1
    assert world.handed.state() == before


def test_pip_doing_something_else_is_an_error(world: World) -> None:
    """Here the resolution says that a version is to be installed which is there already."""
    lib, app = world.wheel("lib"), world.wheel("app", requires=["lib"])
    world.handed.unpack(lib)
    with pytest.raises(PipFailed, match="handover-diverged"):
        world.hand(Chosen(app, requested=True), Chosen(lib))


def test_an_editable_install_makes_way_for_a_wheel_by_path(world: World) -> None:
    """pip's rule; the handover follows where the resolution says so."""
    lib = world.wheel("lib")
    world.handed.unpack(lib)
    info = world.handed.site_packages / "lib-1.0.dist-info"
    (info / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///src/lib"}')
    assert world.hand(Chosen(lib, requested=True, direct_url=lib.as_uri())) == 0
    assert json.loads((info / "direct_url.json").read_text())["url"] == lib.as_uri()


def test_another_python_gets_its_wheels_as_well(world: World, tmp_path: Path) -> None:
    """pip from safepip's environment, run by whatever interpreter the target has."""
    other = next((path for path in _other_pythons() if path), None)
    if other is None:
        pytest.skip("no other Python that pip runs on is on PATH")
    subprocess.run([other, "-m", "venv", "--without-pip", str(tmp_path / "other")], check=True)
    python = tmp_path / "other" / "bin" / "python"
    app = world.wheel("app", requires=["lib"])
    assert install(python, [Chosen(app, requested=True), Chosen(world.wheel("lib"))], environ=world.environ) == 0
    assert {"app", "lib"} <= installed(probe(str(python), environ=world.environ)).keys()


def _other_pythons() -> list[str | None]:
    import shutil

    found = []
    for minor in range(10, 16):
        path = shutil.which(f"python3.{minor}")
        works = path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
        found.append(path if works and minor != sys.version_info[1] else None)
    return found
