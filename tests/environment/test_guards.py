"""What safepip will not do to an environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from safepip.edges.programs import probe as questions
from safepip.environment.guards import check_target, own_environment_check
from safepip.model.errors import Refused, SafepipError
from safepip.model.origin import Origin, Source
from safepip.model.plan import Settings, Target
from safepip.model.resolution import InstalledDistribution, Resolution
from support.handing import Chosen, pin_of
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = Target("/usr/bin/python3", "3.11.0", {}, ())
VENV = PLAIN._replace(virtualenv=True)
MANAGED = PLAIN._replace(externally_managed="Use apt.\n\033[31mReally.")


def refused(settings: Settings, target: Target) -> SafepipError:
    """The error that `check_target` raises."""
    with pytest.raises(SafepipError) as caught:
        check_target(settings, target)
    return caught.value


def test_a_required_virtualenv_is_required() -> None:
    """pip ends with 3, before it looks at anything else."""
    origin = Origin(Source.ENVIRONMENT, "PIP_REQUIRE_VIRTUALENV")
    settings = Settings(require_virtualenv=True, origins={"require_virtualenv": origin})
    error = refused(settings, MANAGED)
    assert (error.exit_code, error.diagnostics[0].reference) == (3, "virtualenv-required")
    assert error.diagnostics[0].origins == (origin,)
    check_target(settings, VENV)


def test_a_managed_environment_is_left_alone_with_its_distributors_words() -> None:
    """PEP 668; pip ends with 1. The words are made fit for a terminal."""
    error = refused(Settings(), MANAGED)
    assert (error.exit_code, error.diagnostics[0].reference) == (1, "externally-managed-environment")
    assert error.diagnostics[0].context[0] == "Use apt."
    assert error.diagnostics[0].hint.split("\n") == [
        *refused(Settings(require_virtualenv=True), MANAGED).diagnostics[0].hint.split("\n"),
        "--break-system-packages overrides this at the risk of breaking the system",
    ]
    assert "make a virtual environment: python3 -I -m venv --without-pip .venv\n" in error.diagnostics[0].hint
    assert "\033" not in "".join(error.diagnostics[0].context)
    assert refused(Settings(), MANAGED._replace(externally_managed="")).diagnostics[0].context


@pytest.mark.parametrize(
    "settings",
    [
        Settings(break_system_packages=True),
        Settings(target_dir="x"),
        Settings(prefix_dir="x"),
        Settings(root_dir="x"),
        Settings(dry_run=True, report="-"),
        Settings(download_dir="."),
    ],
)
def test_a_managed_environment_may_be_passed_by_as_in_pip(settings: Settings) -> None:
    """Where nothing of it is changed, or where the user insists."""
    check_target(settings, MANAGED)


def test_a_dry_run_without_a_report_is_refused_there_too() -> None:
    """pip's exception is for both together."""
    assert refused(Settings(dry_run=True), MANAGED).exit_code == 1
    assert refused(Settings(report="-"), MANAGED).exit_code == 1


@pytest.mark.parametrize(
    "restriction", [{"platforms": ("x",)}, {"python_version": "3"}, {"implementation": "pp"}, {"abis": ("x",)}]
)
def test_another_platform_needs_another_place(restriction: dict[str, Any]) -> None:
    """pip ends with 1."""
    error = refused(Settings(**restriction), PLAIN)
    assert (error.exit_code, error.diagnostics[0].reference) == (1, "platform-needs-target")
    for place in ({"target_dir": "x"}, {"download_dir": "."}, {"dry_run": True}):
        check_target(Settings(**restriction, **place), PLAIN)


def test_user_is_for_an_environment_that_sees_the_users_packages() -> None:
    """pip ends with 1, in a dry run, too. `--no-user`, and nothing said, is no question there."""
    origin = Origin(Source.ENVIRONMENT, "PIP_USER")
    for more in ({}, {"dry_run": True}, {"root_dir": "x"}):
        error = refused(Settings(user=True, origins={"user": origin}, **more), VENV)
        assert (error.exit_code, error.diagnostics[0].reference) == (1, "no-user-site")
        assert error.diagnostics[0].origins == (origin,)
    check_target(Settings(user=True), PLAIN._replace(user_site="/home/me/site"))
    for user in (None, False):
        check_target(Settings(user=user), VENV)


class TestMarkerFile:
    """Reading PEP 668's file."""

    @pytest.mark.parametrize(
        ("text", "language", "expected"),
        [
            ("[externally-managed]\nError=100% apt\n", "de_DE", "100% apt"),
            ("[externally-managed]\nError=a\nError-de=b\nError-de_DE=c\n", "de_DE", "c"),
            ("[externally-managed]\nError=a\nError-de=b\nError-de_AT=c\n", "de_DE", "b"),
            ("[externally-managed]\nError=a\nError-de=b\n", None, "a"),
            ("[externally-managed]\n", None, ""),
            ("[other]\n", None, ""),
            ("not an ini file", None, ""),
        ],
    )
    def test_the_text_is_that_of_the_language(
        self, text: str, language: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The nearest one; a file without any text still means that the environment is managed."""
        (tmp_path / "EXTERNALLY-MANAGED").write_text(text)
        monkeypatch.setattr(questions, "_message_language", lambda: language)
        assert questions._externally_managed(str(tmp_path)) == expected

    def test_no_file_means_not_managed(self, tmp_path: Path) -> None:
        """As for most environments."""
        assert questions._externally_managed(str(tmp_path)) is None

    def test_the_language_is_the_environments_and_the_locale_stays(self) -> None:
        """A library that changed the process's locale would change how numbers are read elsewhere."""
        program = (
            "import locale; from safepip.edges.programs import probe; before = locale.setlocale(locale.LC_ALL)\n"
            "probe._message_language(); assert locale.setlocale(locale.LC_ALL) == before"
        )
        for language in ("C.UTF-8", "nonsense"):
            env = {**os.environ, "LC_ALL": language}
            subprocess.run([sys.executable, "-c", program], env=env, check=True)


class TestOwnEnvironment:
    """`own_environment_check`."""

    own = VENV._replace(own=True)

    @staticmethod
    def resolution(folder: Path, name: str, *, replaces: str | None = "1.0") -> Resolution:
        """A resolution that installs 2.0 of `name` over another version of it, or over none."""
        pin = pin_of(Chosen(make_wheel(folder, name, "2.0"), requested=True))
        if replaces is not None:
            pin = pin._replace(replaces=InstalledDistribution(name, Version(replaces), "/x"))
        return Resolution({name: pin}, (), (name,))

    def check(self, resolution: Resolution, target: Target, settings: Settings | None = None) -> None:
        """The rule, for a safepip that is made of itself and httpx."""
        own_environment_check(resolution, target, settings or Settings(), lambda: {"safepip", "httpx"})

    @pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
    def test_no_part_of_safepip_is_replaced(self, tmp_path: Path, version: str) -> None:
        """Neither by an upgrade, nor by a downgrade, nor by another copy of the same version."""
        with pytest.raises(Refused) as caught:
            self.check(self.resolution(tmp_path, "httpx", replaces=version), self.own)
        assert caught.value.diagnostics[0].reference == "own-environment"
        assert caught.value.diagnostics[0].subject == "httpx"
        assert "--python" in caught.value.diagnostics[0].hint

    def test_everything_else_is_free(self, tmp_path: Path) -> None:
        """What is no part of it, what is new, another environment, and another folder."""
        self.check(self.resolution(tmp_path, "numpy"), self.own)
        self.check(self.resolution(tmp_path, "httpx", replaces=None), self.own)
        part = self.resolution(tmp_path, "httpx")
        self.check(part, VENV)
        self.check(part, self.own, Settings(target_dir="x"))
        self.check(Resolution(part.pins), self.own)

    def test_the_parts_are_read_only_where_something_is_replaced(self, tmp_path: Path) -> None:
        """Reading them costs time at each run."""

        def unasked() -> set[str]:
            raise AssertionError("asked")

        own_environment_check(self.resolution(tmp_path, "x", replaces=None), self.own, Settings(), unasked)
