"""Options become settings, and what pip must obey is forwarded: pip's meanings, checks and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.model.build import BuildSettings
from safepip.model.plan import UpgradeStrategy
from support.machine import Machine
from support.nowhere import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Nothing configured yet."""
    return Machine(tmp_path)


def test_every_option_that_safepip_acts_on_reaches_the_settings(machine: Machine) -> None:
    """One command with nearly all of them."""
    words = """a b>=1 -r r.txt -c c.txt -e ./p --group dev --requirements-from-script s.py --no-deps --dry-run -U
        --upgrade-strategy eager --force-reinstall -I --require-hashes --require-virtualenv --break-system-packages
        --report r.json --python /py --target t --platform any --python-version 3.11 --implementation cp --abi none
        --cache-dir cache --refresh-package a,B_c --no-binary :none: --only-binary :all: --prefer-binary
        --all-releases a --only-final b --uploaded-prior-to P1D --ignore-requires-python --timeout 3 --retries 4
        --resume-retries 6 --no-proxy-env --cert ca.pem --client-cert me.pem --trusted-host h.example
        --keyring-provider disabled --no-input --offline -vv -q --no-color --progress-bar off --log log.txt
        --jobs 3"""
    settings = machine.plan(*words.split()).settings
    here = str(machine.project)
    assert settings.requirements == ("a", "b>=1")
    assert (settings.requirement_files, settings.constraint_files) == (("r.txt",), ("c.txt",))
    assert (settings.editables, settings.groups, settings.script) == (("./p",), ("dev",), "s.py")
    assert settings.no_deps
    assert settings.dry_run
    assert settings.upgrade is UpgradeStrategy.EAGER
    assert settings.force_reinstall
    assert settings.ignore_installed
    assert settings.require_hashes
    assert settings.require_virtualenv
    assert settings.break_system_packages
    assert settings.report == f"{here}/r.json"
    assert settings.python == "/py"
    assert settings.target_dir == f"{here}/t"
    assert (settings.platforms, settings.python_version) == (("any",), "3.11")
    assert (settings.implementation, settings.abis) == ("cp", ("none",))
    assert settings.cache_dir == f"{here}/cache/safepip"
    assert settings.refresh.names == {"a", "b-c"}
    selection = settings.selection
    assert selection.only_binary.all
    assert selection.prefer_binary
    assert selection.all_releases.names == {"a"}
    assert selection.only_final.names == {"b"}
    assert selection.uploaded_before == 1e9 - 86400
    assert selection.ignore_requires_python
    network = settings.network
    assert (network.timeout, network.retries, network.resume_retries) == (3.0, 4, 6)
    assert network.no_proxy_env
    assert (network.cert, network.client_cert) == (f"{here}/ca.pem", f"{here}/me.pem")
    assert network.trusted_hosts == ("h.example",)
    assert network.keyring_provider == "disabled"
    assert network.no_input
    assert network.offline
    display = settings.display
    assert (display.verbosity, display.color, display.progress_bar) == (1, False, "off")
    assert display.log == f"{here}/log.txt"
    assert settings.jobs == 3


def test_what_is_said_about_building_reaches_the_settings(machine: Machine) -> None:
    """Names are normalised, paths absolute; settings keep their order and repeats."""
    machine.write("work/project/pip.conf", "[global]\nbuild-constraint = one.txt\nsrc = ~/code\n")
    words = """x --allow-build A.b --allow-build c --no-build-isolation --check-build-dependencies -C a=1 -C b= -C a=2=3
        --no-clean --exists-action w --exists-action i"""
    building = machine.plan(*words.split(), PIP_ALLOW_BUILD="d").settings.building
    assert building == BuildSettings(
        allowed=frozenset({"a-b", "c"}),
        isolation=False,
        check_requirements=True,
        config_settings=(("a", "1"), ("b", ""), ("a", "2=3")),
        no_clean=True,
        exists_action=("w", "i"),
    )
    assert machine.plan("x").settings.building == BuildSettings()
    configured = machine.plan("x", PIP_CONFIG_FILE=f"{machine.project}/pip.conf").settings.building
    assert (configured.constraint_files, configured.src_dir) == (("one.txt",), f"{machine.root}/home/code")
    named = machine.plan("x", "--build-constraint", "c", "--src", "../s").settings.building
    assert (named.constraint_files, named.src_dir) == (("c",), str(machine.project.parent / "s"))


def test_a_build_is_allowed_by_a_projects_name(machine: Machine) -> None:
    """And by nothing else: not all of them, not a folder."""
    for word in (":all:", "./x", "", "a==1"):
        assert machine.fails("x", "--allow-build", word).diagnostics[0].reference == "bad-option"


def test_wheels_go_into_the_working_directory_or_the_one_named(machine: Machine) -> None:
    """As with pip wheel, which disregards what is installed."""
    settings = machine.plan("x", verb="wheel").settings
    assert (settings.wheel_dir, settings.download_dir) == (str(machine.project), None)
    assert settings.ignore_installed
    settings = machine.plan("-e", ".", "-w", "../w", "--no-verify", "-C", "a=b", verb="wheel").settings
    assert settings.wheel_dir == str(machine.root / "work" / "w")
    assert machine.plan("x", "-w", "~/w", verb="wheel").settings.wheel_dir == str(machine.root / "home" / "w")
    assert machine.plan("x", "-d", "~/d", verb="download").settings.download_dir == str(machine.root / "home" / "d")
    assert (settings.editables, settings.building.config_settings) == ((".",), (("a", "b"),))


def test_what_pip_must_obey_is_forwarded_with_absolute_paths(machine: Machine) -> None:
    """In the table's order, and only what differs from pip's default."""
    assert machine.plan("x").settings.forwarded == ()
    here = str(machine.project)
    plan = machine.plan(
        "x", "--prefix", "p", "--root=r", "--no-compile", "--no-user", "--no-warn-script-location", "-q", "--no-color",
        "--break-system-packages", "--root-user-action=ignore", PIP_NO_WARN_CONFLICTS="no",
    )  # fmt: skip
    assert plan.settings.forwarded == (
        "--no-user", "--root", f"{here}/r", "--prefix", "/p", "--break-system-packages", "--no-compile",
        "--no-warn-script-location", "--no-warn-conflicts", "--root-user-action", "ignore", "--quiet", "--no-color",
    )  # fmt: skip
    assert machine.plan("x", "--user", "--compile").settings.forwarded == ("--user",)


def test_the_real_pip_takes_whatever_is_forwarded(machine: Machine) -> None:
    """A forwarded argument that pip does not know would break every handover."""
    from pip._internal.commands import create_command

    plan = machine.plan(
        "x", "-t", "t", "-vvvv", "-q", "--log", "l", "--no-input", "--progress-bar", "raw", "--ignore-requires-python",
        "--no-compile", "--no-user", "--no-warn-conflicts",
    )  # fmt: skip
    values, left = create_command("install", isolated=True).parser.parse_args(list(plan.settings.forwarded))
    assert left == []
    assert values.target_dir == plan.settings.target_dir
    assert values.progress_bar == "raw"
    assert values.compile is False


def test_the_cache_is_off_where_pips_options_say_so(machine: Machine) -> None:
    """And otherwise in the user's cache folder."""
    assert machine.plan("x").settings.cache_dir == f"{machine.root}/home/.cache/safepip"
    assert machine.plan("x", XDG_CACHE_HOME="/c").settings.cache_dir == "/c/safepip"
    assert machine.plan("x", PIP_CACHE_DIR="~/pc").settings.cache_dir == f"{machine.root}/home/pc/safepip"
    assert machine.plan("x", "--no-cache-dir").settings.cache_dir is None
    assert machine.plan("x", "--cache-dir", "").settings.cache_dir is None
    assert machine.plan("x", PIP_NO_CACHE_DIR="no").settings.cache_dir is None


def test_download_puts_wheels_into_the_working_directory_or_the_one_named(machine: Machine) -> None:
    """And disregards what is installed, as pip does."""
    settings = machine.plan("x", verb="download").settings
    assert settings.download_dir == str(machine.project)
    assert settings.ignore_installed
    assert machine.plan("x", "-d", "../d", verb="download").settings.download_dir == str(machine.root / "work" / "d")
    assert machine.plan("x").settings.download_dir is None


def test_no_color_in_the_environment_counts(machine: Machine) -> None:
    """NO_COLOR with any value but the empty one."""
    assert machine.plan("x", NO_COLOR="1").settings.display.color is False
    assert machine.plan("x", NO_COLOR="").settings.display.color is None


@pytest.mark.parametrize(
    "words",
    [
        ["--user", "--target", "t"], ["--user", "--prefix", "p"], ["--only-deps", "--no-deps"],
        ["--only-deps", "-r", "f"], ["--only-deps", "--group", "g"],
        ["--only-deps", "--requirements-from-script", "s"], ["--pre", "--only-final", "a"],
        ["--pre", "--all-releases", "a"], ["--require-hashes", "--no-require-hashes"], ["--platform", "any"],
        ["--abi", "none", "--no-binary", "x", "--dry-run"], ["--build-constraint", "c", "--no-build-isolation"],
        ["--requirements-from-script", "a", "--requirements-from-script", "b"],
    ],
)  # fmt: skip
def test_options_that_exclude_each_other_end_with_pips_exit_code(machine: Machine, words: list[str]) -> None:
    """1, before anything is read."""
    error = machine.fails("x", *words)
    assert error.exit_code == 1
    assert {diagnostic.reference for diagnostic in error.diagnostics} == {"conflicting-options"}
    assert all(diagnostic.origins for diagnostic in error.diagnostics)


@pytest.mark.parametrize("flag", ["--root", "--prefix", "--target"])
def test_an_empty_folder_to_install_into_is_an_error(machine: Machine, flag: str) -> None:
    """pip would take it for the root of the machine, the working folder, or none. A variable that is empty is not
    set."""
    error = machine.fails("x", flag, "")
    assert (error.exit_code, error.diagnostics[0].reference) == (2, "bad-option")
    assert machine.plan("x", **{f"PIP_{flag[2:].upper()}": ""}).settings.root_dir is None


def test_a_relative_prefix_begins_at_the_root_where_there_is_one(machine: Machine) -> None:
    """As with pip, which puts the prefix below the root. It does not lead out of it."""
    for prefix, below in (("p", "/p"), ("./a/../p", "/p"), ("../p", "/p"), ("/p", "/p")):
        settings = machine.plan("x", "--root", "r", "--prefix", prefix).settings
        assert settings.prefix_dir == below
        assert settings.forwarded[settings.forwarded.index("--prefix") + 1] == below
    assert machine.plan("x", "--prefix", "p").settings.prefix_dir == f"{machine.project}/p"


def test_another_platform_may_be_tried_downloaded_or_put_into_a_target(machine: Machine) -> None:
    """pip's rule; its demand for --only-binary :all: holds by itself."""
    for words in (["--dry-run"], ["--target", "t"]):
        assert machine.plan("x", "--platform", "any", *words).settings.platforms == ("any",)
    for words in ([], ["--no-binary", "x", "--no-deps"]):
        assert machine.plan("x", "--platform", "any", *words, verb="download").settings.platforms == ("any",)


def test_asking_for_nothing_ends_with_pips_exit_code(machine: Machine) -> None:
    """Options alone ask for nothing."""
    for words in ([], ["-f", "https://x.example/"]):
        error = machine.fails(*words)
        assert (error.exit_code, error.diagnostics[0].reference) == (1, "nothing-asked")


def test_find_links_is_blamed_for_nothing_being_asked_only_where_it_took_the_word(machine: Machine) -> None:
    """A folder in pip's environment has swallowed nothing."""
    assert "--find-links" in machine.fails("-f", "six").diagnostics[0].hint
    assert "--find-links" not in machine.fails(PIP_FIND_LINKS=NOWHERE).diagnostics[0].hint


@pytest.mark.parametrize(
    "words", [["--timeout", "nan"], ["--timeout", "-1"], ["--timeout", "inf"], ["--retries", "-1"]]
)
def test_a_number_that_means_no_bound_is_an_error(machine: Machine, words: list[str]) -> None:
    """pip takes them and hangs or fails later."""
    assert machine.fails("x", *words).diagnostics[0].reference == "bad-option"
