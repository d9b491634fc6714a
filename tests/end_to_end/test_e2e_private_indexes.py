"""Real private indexes, pypiserver and devpi, beside a hostile public one: who may answer for which name."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.index import IndexServer
from support.runs import shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from support.environment import Environment, Runner
    from support.inside import Inside
    from support.servers import DevpiServer, PypiServer

#: Where an attacker's wheel is told apart from the genuine one.
EVIL = {"acme_core/evil.py": ""}

#: What makes a wheel longer than the end of it that is asked for first.
LONG = {"data.bin": bytes(100_000)}


@dataclass(frozen=True, slots=True)
class Private:
    """A private index that has `acme-app`, which requires `acme-core`, which requires `helper` of the public one.

    `publish` adds a wheel to it.
    """

    kind: str
    url: str
    publish: Callable[[str, str, list[str]], None]


#: For tests in which the private index has the same part, whatever program it is.
ONE = pytest.mark.parametrize("private", ["pypiserver"], indirect=True)


@pytest.fixture(params=["pypiserver", "devpi"], scope="module")
def private(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Private:
    """One of the two servers, with the same projects."""
    folder = tmp_path_factory.mktemp("private")
    if request.param == "pypiserver":
        pypiserver: PypiServer = request.getfixturevalue("pypiserver")
        url = pypiserver.url

        def publish(name: str, version: str, requires: list[str]) -> None:
            make_wheel(pypiserver.folder, name, version, requires=requires)

    else:
        devpi: DevpiServer = request.getfixturevalue("devpi")
        index = devpi.make_index("acme")
        url = index.url

        def publish(name: str, version: str, requires: list[str]) -> None:
            index.upload(make_wheel(folder, name, version, requires=requires), name, version)

    publish("acme-app", "1.0", ["acme-core>=1"])
    publish("acme-core", "1.0", ["helper"])
    return Private(request.param, url, publish)


@dataclass(frozen=True, slots=True)
class World:
    """The private index, the public one, a project folder and a target."""

    private: Private
    public: IndexServer
    runner: Runner
    target: Environment

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.runner.inside("install", "--python", self.target.python, "--retries", "0", *words)

    def declare(self, packages: str) -> None:
        """A safepip.toml by which the private index owns `packages` and the public one is the default."""
        text = f'[[index]]\nname = "acme"\nurl = "{self.private.url}"\npackages = [{packages}]\n'
        text += f'[[index]]\nname = "public"\nurl = "{self.public.url}"\ndefault = true\n'
        (self.runner.folder / "safepip.toml").write_text(text)


@pytest.fixture
def world(private: Private, index: IndexServer, runner: Runner, target: Environment) -> World:
    """The public index has something newer for every name of the private one."""
    index.add("helper", "1.0")
    index.add("acme-app", "99.0", requires=["acme-core==99.0"])
    for version in ("1.0", "99.0"):
        index.add("acme-core", version, files=EVIL)
    return World(private, index, runner, target)


def test_claimed_names_come_from_the_private_index(world: World) -> None:
    """Direct and transitive; the public index is not asked for any of them, and answers for the rest."""
    world.declare('"acme-*"')
    world.public.add("web", "1.0", requires=["acme-core"])
    done = world.install("acme-app", "web", "acme-core[none]")
    assert done.returncode == 0, shown(done)
    assert world.target.installed() == {"acme-app": "1.0", "acme-core": "1.0", "helper": "1.0", "web": "1.0"}
    assert not (world.target.site_packages / "acme_core" / "evil.py").exists()
    assert world.public.mentions("acme") == []
    assert world.public.mentions("helper")


@pytest.mark.usually("pypiserver")
def test_unclaimed_names_in_both_are_refused(world: World) -> None:
    """As pip's `--extra-index-url`, where pip takes the attacker's: all ambiguous names at once, nothing installed."""
    before = world.target.state()
    words = ("--index-url", world.public.url, "--extra-index-url", world.private.url, "acme-app")
    done = world.install(*words)
    assert done.returncode == 20, shown(done)
    assert "\nerror: ambiguous-index\n" in done.stderr, shown(done)
    assert world.private.url in done.stderr
    assert "99.0" in done.stderr
    assert "acme-app is offered by two indexes" in done.stderr
    assert world.target.state() == before


@ONE
def test_init_makes_the_configuration_with_which_the_right_files_are_installed(world: World) -> None:
    """From a requirements file for pip: refused without a decision, right with one, and no owner of its own choice."""
    lines = f"--index-url {world.public.url}\n--extra-index-url {world.private.url}\nacme-app\n"
    (world.runner.folder / "requirements.txt").write_text(lines)
    words = ("init", "--index", f"acme={world.private.url}")
    done = world.runner.inside(*words)
    assert done.returncode == 20, shown(done)
    text = (world.runner.folder / "safepip.toml").read_text()
    assert text.count('"acme-app?"') == 2
    before = world.target.state()
    assert "error: undecided-owner" in world.install("-r", "requirements.txt").stderr
    assert world.target.state() == before
    (world.runner.folder / "safepip.toml").unlink()
    done = world.runner.inside(*words, "--claim", "acme-*=acme")
    assert done.returncode == 0, shown(done)
    done = world.install("-r", "requirements.txt")
    assert done.returncode == 0, shown(done)
    assert world.target.installed() == {"acme-app": "1.0", "acme-core": "1.0", "helper": "1.0"}
    assert not (world.target.site_packages / "acme_core" / "evil.py").exists()


@ONE
def test_the_toml_of_the_refusal_settles_it(world: World) -> None:
    """Pasted as it stands, and the name put where it belongs, it is a configuration that installs the genuine one."""
    words = ("--index-url", world.public.url, "--extra-index-url", world.private.url)
    done = world.install(*words, "acme-core")
    assert done.returncode == 20, shown(done)
    _, begin, rest = done.stderr.partition("[[index]]")
    text = textwrap.dedent("    " + begin + rest.partition("\n\nNothing was installed.")[0])
    before, url, after = text.partition(f'url = "{world.private.url}"')
    text = (
        before.replace('"acme-core?"', "")
        + url
        + after.replace('packages = ["acme-core?"]', 'packages = ["acme-core"]')
    )
    (world.runner.folder / "safepip.toml").write_text(text)
    done = world.install(*words, "acme-core")
    assert done.returncode == 0, shown(done)
    assert not (world.target.site_packages / "acme_core" / "evil.py").exists()
    assert world.target.installed() == {"acme-core": "1.0", "helper": "1.0"}


@pytest.mark.usually("pypiserver")
def test_a_name_that_its_index_lacks_is_looked_for_nowhere_else(world: World) -> None:
    """The private index says 404: an error, and the public index, which has it, is not asked."""
    world.declare('"acme-*"')
    world.public.add("acme-new", "1.0")
    before = world.target.state()
    done = world.install("acme-new")
    assert (done.returncode, "error: not-on-its-index" in done.stderr) == (1, True), shown(done)
    assert world.public.requests == []
    assert world.target.state() == before


@ONE
def test_the_public_index_is_down(world: World) -> None:
    """What it would answer for cannot be had; the private index is not asked in its stead, nor for its names."""
    world.declare('"acme-app"')
    world.public.close()
    before = world.target.state()
    done = world.install("acme-app")
    assert (done.returncode, "error: index-unreachable" in done.stderr) == (1, True), shown(done)
    assert "acme-core" in done.stderr
    assert world.target.state() == before


@ONE
def test_a_download_is_verified_alike(world: World) -> None:
    """`safepip download` follows the same rules and leaves the private index's wheels."""
    world.declare('"acme-*"')
    done = world.runner.inside("download", "--python", world.target.python, "-d", "wheels", "acme-app")
    assert done.returncode == 0, shown(done)
    names = sorted(path.name for path in (world.runner.folder / "wheels").iterdir())
    assert names == [f"{stem}-1.0-py3-none-any.whl" for stem in ("acme_app", "acme_core", "helper")]
    assert world.public.mentions("acme") == []


@ONE
def test_a_new_version_of_the_private_index_is_an_upgrade(world: World) -> None:
    """What was published meanwhile is seen where the page is asked for anew."""
    world.declare('"acme-*"')
    world.private.publish("acme-tool", "1.0", [])
    done = world.install("--no-compile", "acme-tool")
    assert done.returncode == 0, shown(done)
    world.private.publish("acme-tool", "1.1", [])
    done = world.install("-U", "--no-compile", "--refresh-package", "acme-tool", "acme-tool")
    assert done.returncode == 0, shown(done)
    assert world.target.installed() == {"acme-tool": "1.1"}
    assert world.public.requests == []


def test_a_mirror_beside_an_internal_index_of_one_devpi(
    devpi: DevpiServer, runner: Runner, target: Environment
) -> None:
    """Both are on one host. The internal names are the internal index's, and no other server hears of them."""
    with IndexServer() as origin:
        internal, mirror = devpi.make_index("fleet-internal"), devpi.make_mirror("fleet-mirror", origin.url)
        for name, requires in (("acme-app", ["acme-core", "helper"]), ("acme-core", [])):
            internal.upload(make_wheel(runner.folder / "wheels", name, "1.0", requires=requires), name, "1.0")
            origin.add(name, "99.0", files=EVIL)
        origin.add("helper", "1.0")
        indexes = f'[[index]]\nname = "acme"\nurl = "{internal.url}"\npackages = ["acme-*"]\n'
        indexes += f'[[index]]\nname = "public"\nurl = "{mirror.url}"\ndefault = true\n'
        (runner.folder / "safepip.toml").write_text(indexes)
        done = runner.inside("install", "--python", target.python, "acme-app")
        assert done.returncode == 0, shown(done)
        assert target.installed() == {"acme-app": "1.0", "acme-core": "1.0", "helper": "1.0"}
        assert {request.path.rsplit("/", 2)[-2] for request in origin.requests if "/simple/" in request.path} == {
            "simple",
            "helper",
        }


def test_devpi_is_asked_for_each_wheel_once(devpi: DevpiServer, run: Inside) -> None:
    """It gives no metadata files and no parts of wheels: what it sends in answer to the first question is kept."""
    index = devpi.make_index("whole-wheels")
    names = [f"acme-long-{letter}" for letter in "abcdefghij"]
    for name in (*names, "acme-root"):
        wheel = make_wheel(run.folder / "made", name, "1.0", requires=names if name == "acme-root" else (), files=LONG)
        index.upload(wheel, name, "1.0")
    words = ("--cache-dir", "cache", "--log", "log", "-i", index.url, "acme-root")
    for command in (("install", "--dry-run"), ("download", "-d", "wheels")):
        done = run(*command, *words)
        assert done.code == 0, done
    assert len(list((run.folder / "wheels").iterdir())) == 11
    asked = re.findall(r"(?:GET|HEAD) (\S+): (\d+)", (run.folder / "log").read_text("utf-8"))
    files = Counter(url.rsplit("/", 1)[1].split("#")[0] for url, _ in asked if url.split("#")[0].endswith(".whl"))
    assert files == Counter(path.name for path in (run.folder / "wheels").iterdir()), asked
