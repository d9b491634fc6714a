"""What pip is told, as text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from safepip.environment.python_variables import KEPT_PYTHON_VARIABLES, clean_environment
from safepip.handover.instructions import (
    check_report,
    make_handover,
    roots_to_read,
)
from safepip.model.errors import PipFailed
from safepip.model.plan import Display, Settings
from safepip.model.resolution import InstalledDistribution, Resolution
from support.handing import Chosen, cleared, kept, pin_of, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.handover.instructions import Handover

FOLDER = "/private/folder"


@pytest.fixture
def wheels(tmp_path: Path) -> tuple[Path, Path]:
    """An application and what it requires."""
    return make_wheel(tmp_path, "app", "1.0", requires=["lib"]), make_wheel(tmp_path, "lib", "2.0")


def handover_of(choices: list[Chosen], settings: Settings | None = None, kept_pins: Any = ()) -> Handover:
    """The handover for a resolution made by hand."""
    resolution, given_wheels = resolve(choices, kept_pins)
    handover = make_handover(resolution, given_wheels, settings or Settings(), FOLDER)
    assert handover is not None
    return handover


def digest(wheel: Path) -> str:
    """The sha256 of a file as `--hash` takes it."""
    import hashlib

    return f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def test_roots_are_requirements_and_the_rest_are_constraints(wheels: tuple[Path, Path]) -> None:
    """Each with the version and digest of the verified wheel."""
    app, lib = wheels
    handover = handover_of([Chosen(app, requested=True, extras=frozenset({"b", "a"})), Chosen(lib)])
    assert handover.files["requirements.txt"] == f"app[a,b]==1.0 --hash={digest(app)}\n"
    assert handover.files["constraints.txt"] == f"lib==2.0 --hash={digest(lib)}\n"
    assert handover.wheels.keys() == {f"wheels/{app.name}", f"wheels/{lib.name}"}
    assert handover.installs["lib"] == (Version("2.0"), digest(lib).partition(":")[2])


def test_no_index_no_cache_no_builds_and_every_digest_demanded(wheels: tuple[Path, Path]) -> None:
    """pip has one folder to look in and verifies what it finds there."""
    arguments = handover_of([Chosen(wheels[0], requested=True)]).arguments
    assert arguments[0] == "install"
    assert {"--isolated", "--no-index", "--require-hashes", "--no-cache-dir", "--no-input"} <= set(arguments)
    pairs = set(pairwise(arguments))
    assert ("--find-links", f"{FOLDER}/wheels") in pairs
    assert ("--only-binary", ":all:") in pairs
    assert not {"--index-url", "--extra-index-url", "-i"} & set(arguments)


def test_the_users_options_for_pip_come_last(wheels: tuple[Path, Path]) -> None:
    """As they were made ready, in order, before the requirements; what the settings imply comes before them."""
    settings = Settings(force_reinstall=True, ignore_installed=True, forwarded=("--no-compile", "--target", "x"))
    arguments = handover_of([Chosen(wheels[0], requested=True)], settings).arguments
    at = arguments.index("--no-compile")
    assert arguments[at : at + 3] == ("--no-compile", "--target", "x")
    assert {"--force-reinstall", "--ignore-installed"} <= set(arguments[:at])


def test_what_is_kept_is_asked_for_without_a_digest(wheels: tuple[Path, Path]) -> None:
    """pip does not look for a file of it."""
    there = kept(InstalledDistribution("app", Version("1.0"), "/x"), requested=True, extras=["a"])
    handover = handover_of([Chosen(wheels[1])], kept_pins=[there])
    assert handover.files["requirements.txt"] == "app[a]==1.0\n"
    assert handover.installs.keys() == {"lib"}


def test_a_direct_wheel_is_asked_for_by_its_private_copy(tmp_path: Path) -> None:
    """With its digest in the fragment; characters that mean something in a requirements file are encoded."""
    wheel = make_wheel(tmp_path, "app", "1!1.0+local.1")
    url = "https://files.acme.example/app.whl"
    resolution, given_wheels = resolve([Chosen(wheel, requested=True, direct_url=url)])
    handover = make_handover(resolution, given_wheels, Settings(), "/private/a b#${X}")
    assert handover is not None
    (line,) = handover.files["requirements.txt"].splitlines()
    name, _, private = line.partition(" @ ")
    assert name == "app"
    assert private.startswith("file:///private/a%20b%23%24%7BX%7D/wheels/app-1%211.0%2Blocal.1-")
    assert private.endswith("#" + digest(wheel).replace(":", "="))
    assert handover.direct_urls["app"].record["url"] == url
    assert private.startswith(handover.direct_urls["app"].private + "#")


@pytest.mark.parametrize("folder", ["/tmp/x y", "/tmp/ä~é", "/tmp/a\\b", "C:\\Users\\a b\\x", "\\\\server\\share\\x"])
def test_a_private_copys_url_is_its_paths_uri(folder: str, wheels: tuple[Path, Path]) -> None:
    """On each system as its own paths are written."""
    resolution, given_wheels = resolve([Chosen(wheels[0], requested=True, direct_url="https://acme.example/app.whl")])
    handover = make_handover(resolution, given_wheels, Settings(), folder)
    assert handover is not None
    flavour = PurePosixPath if folder.startswith("/") else PureWindowsPath
    uri = (flavour(folder) / "wheels" / wheels[0].name).as_uri()
    # RFC 8089, E.3.2: a share's path with all its slashes, as `urllib.request` has it; the authority is this machine.
    assert handover.direct_urls["app"].private == uri.replace("file://server/", "file:////server/")


def test_with_only_deps_the_roots_are_arguments(wheels: tuple[Path, Path]) -> None:
    """pip takes no requirements file with it; the digests of the roots are constraints."""
    app, lib = wheels
    choices = [Chosen(app, requested=True, installs=False), Chosen(lib)]
    settings = Settings(only_deps=True)
    handover = handover_of(choices, settings)
    assert handover.arguments[-1] == "app==1.0"
    assert "requirements.txt" not in handover.files
    assert handover.files["constraints.txt"].splitlines()[0] == f"app==1.0 --hash={digest(app)}"
    assert handover.installs.keys() == {"lib"}
    assert [pin.name for pin in roots_to_read(resolve(choices)[0], settings)] == ["app"]
    assert roots_to_read(resolve(choices)[0], Settings()) == ()


def test_nothing_to_install_needs_no_pip(wheels: tuple[Path, Path]) -> None:
    """There is no handover then, not even under --only-deps."""
    resolution = Resolution({"app": pin_of(Chosen(wheels[0], requested=True))})
    assert make_handover(resolution, [], Settings(only_deps=True), FOLDER) is None


def test_missing_superfluous_and_exchanged_wheels_are_errors(wheels: tuple[Path, Path]) -> None:
    """A wheel that was not cleared for this very pin never reaches pip."""
    app, lib = wheels
    resolution, given_wheels = resolve([Chosen(app, requested=True), Chosen(lib)])
    stranger = cleared(pin_of(Chosen(lib)), lib)
    for wrong in (given_wheels[:1], [*given_wheels, given_wheels[0]], [given_wheels[0], stranger]):
        with pytest.raises(ValueError, match="wheel"):
            make_handover(resolution, wrong, Settings(), FOLDER)


def test_pip_is_quiet_at_the_ordinary_verbosity_alone(wheels: tuple[Path, Path]) -> None:
    """Then its two lines are said for it; otherwise it speaks, or is silent, by itself."""
    choices = [Chosen(wheels[1]), Chosen(wheels[0], requested=True)]
    handover = handover_of(choices)
    assert "--quiet" in handover.arguments
    assert handover.before == "Installing collected packages: app, lib"
    assert handover.after == "Successfully installed app-1.0 lib-2.0"
    for verbosity in (-1, 1):
        handover = handover_of(choices, Settings(display=Display(verbosity=verbosity)))
        assert "--quiet" not in handover.arguments
        assert (handover.before, handover.after) == ("", "")


class TestReport:
    """`check_report`."""

    @staticmethod
    def item(name: str, version: str, sha256: str) -> dict[str, Any]:
        """An entry of pip's report, as far as it matters."""
        return {
            "metadata": {"name": name, "version": version},
            "download_info": {"archive_info": {"hashes": {"sha256": sha256}}},
        }

    def test_it_passes_what_was_handed_over(self, wheels: tuple[Path, Path]) -> None:
        """However names and versions are written."""
        app, lib = wheels
        handover = handover_of([Chosen(app, requested=True), Chosen(lib)])
        sums = [digest(wheel).partition(":")[2] for wheel in wheels]
        check_report(handover, {"install": [self.item("APP", "1", sums[0]), self.item("Lib", "2.0.0", sums[1])]})

    @pytest.mark.parametrize("change", ["missing", "version", "digest", "more"])
    def test_any_difference_is_an_error(self, wheels: tuple[Path, Path], change: str) -> None:
        """One less, one more, another version, other bytes."""
        app, _ = wheels
        handover = handover_of([Chosen(app, requested=True)])
        good = self.item("app", "1.0", digest(app).partition(":")[2])
        items = {
            "missing": [],
            "version": [self.item("app", "1.1", digest(app).partition(":")[2])],
            "digest": [self.item("app", "1.0", "0" * 64)],
            "more": [good, self.item("evil\033", "1.0", "0" * 64)],
        }[change]
        with pytest.raises(PipFailed) as caught:
            check_report(handover, {"install": items})
        assert caught.value.diagnostics[0].reference == "handover-diverged"
        assert not any("\033" in line for line in caught.value.diagnostics[0].context)


NAMES = st.sampled_from(
    ["PIP_INDEX_URL", "pip_target", "_PIP_RUNNING_IN_SUBPROCESS", "PYTHONPATH", "PYTHONHOME", "PythonStartup", "PATH"]
) | st.text(st.characters(codec="ascii", exclude_characters="=\0"), min_size=1)


@given(st.dictionaries(NAMES, st.text(max_size=5)))
def test_cleaning_removes_pip_and_python_and_is_idempotent(environ: dict[str, str]) -> None:
    """What remains is as it was, and holds no variable of pip's and none of Python's but the kept ones."""
    clean = clean_environment(environ)
    assert clean.items() <= environ.items()
    assert clean_environment(clean) == clean
    for name in map(str.upper, clean):
        assert not name.startswith(("PIP_", "_PIP_"))
        assert not name.startswith("PYTHON") or name in KEPT_PYTHON_VARIABLES
    for name in environ.keys() - clean.keys():
        assert name.upper().startswith(("PIP_", "_PIP_", "PYTHON", "__PYVENV_", "SAFEPIP_INDEX_"))
