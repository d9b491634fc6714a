"""How the environment that is meant is found: by the command line, by variables, by what lies on the disk."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import venv
from pathlib import Path

import pytest

from safepip.edges.target.choosing import (
    ChosenEnvironment,
    Interpreter,
    choose,
    find_interpreter,
    nearby_environment,
    tool_home,
)
from safepip.environment.meant import Basis
from safepip.model.errors import Refused, Unavailable
from safepip.model.origin import Origin, Source
from safepip.model.plan import Settings
from support.nowhere import NOWHERE


def make_venv(folder: Path) -> str:
    """A virtual environment without pip; returns its interpreter."""
    venv.create(folder, symlinks=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an environment that is not safepip's own."""
    return make_venv(tmp_path_factory.mktemp("other") / "venv")


def folder_of(python: str) -> str:
    """The environment that an interpreter belongs to."""
    return os.path.dirname(os.path.dirname(python))


#: safepip, found by its name along PATH.
BY_NAME = Interpreter(sys.executable, sys.prefix, called="/links/safepip")


def python_of(settings: Settings, environ: dict[str, str], home: Interpreter = BY_NAME) -> str:
    """The interpreter of the environment that is chosen."""
    return choose(settings, environ, home=home).python


class TestByTheCommandLine:
    """`--python`, and how safepip was started."""

    def test_python_may_be_an_interpreter_or_a_folder(self, other: str) -> None:
        """`--python` takes both forms that pip takes."""
        assert python_of(Settings(python=other), {}) == other
        assert python_of(Settings(python=folder_of(other)), {}) == other

    def test_a_python_that_is_not_there_is_an_error_with_pips_exit_code(self, tmp_path: Path) -> None:
        """Neither a missing file nor a folder without an interpreter is replaced by a guess."""
        for path in (tmp_path, tmp_path / "missing"):
            with pytest.raises(Unavailable) as caught:
                choose(Settings(python=str(path)), {})
            assert caught.value.diagnostics[0].reference == "python-not-found"
            assert caught.value.exit_code == 1

    @pytest.mark.parametrize(
        ("path", "made"),
        [
            ("envs/my app", True),
            ("python3.99", False),
            ("bin/pypy3", False),
            ("there", False),
            ("bad\n", False),
            ("", False),
        ],
    )
    def test_an_environment_is_made_where_there_is_nothing(
        self, path: str, made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A mistyped interpreter is no folder for one, and what is there may be anything."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "there").mkdir()
        with pytest.raises(Unavailable) as caught:
            choose(Settings(python=path), {})
        words = shlex.split(caught.value.diagnostics[0].hint.partition("there: ")[2])
        assert words == (["python3", "-I", "-m", "venv", "--without-pip", path] if made else [])

    def test_a_bare_name_is_not_searched_but_hinted_at(self) -> None:
        """pip does not look for `--python` on PATH; the message says what to write instead."""
        with pytest.raises(Unavailable) as caught:
            choose(Settings(python="sh"), {})
        assert shutil.which("sh") in caught.value.diagnostics[0].hint.split()

    def test_a_python_that_is_not_on_the_command_line_is_named(self, other: str) -> None:
        """By the variable or the file that it stands in."""
        for origin, named_by in [
            (Origin(Source.COMMAND_LINE, "--python"), ""),
            (Origin(Source.ENVIRONMENT, "PIP_PYTHON"), "PIP_PYTHON"),
            (Origin(Source.PIP_CONFIG, "/etc/pip.conf", 3), "/etc/pip.conf:3"),
        ]:
            chosen = choose(Settings(python=other, origins={"python": origin}), {}, home=BY_NAME)
            assert chosen == ChosenEnvironment(other, Basis.PYTHON, own=False, named_by=named_by)

    def test_its_own_interpreter_is_its_own_environment(self) -> None:
        """By whatever path; a base's interpreter is not that of an environment made of it."""
        assert choose(Settings(python=sys.executable), {}, home=BY_NAME).own
        assert choose(Settings(python=sys.prefix), {}, home=BY_NAME).own

    @pytest.mark.parametrize("called", ["-c", "-m", "", "-", "{prefix}/lib/safepip/__main__.py"])
    def test_a_module_means_the_environment_of_its_interpreter(self, called: str, other: str) -> None:
        """As with pip, whatever is active."""
        home = Interpreter(sys.executable, sys.prefix, called=called.format(prefix=sys.prefix))
        chosen = choose(Settings(), {"VIRTUAL_ENV": folder_of(other)}, home=home)
        assert chosen == ChosenEnvironment(sys.executable, Basis.START, own=True)


class TestByAPath:
    """`A/bin/safepip` means A; `safepip` does not, though the program is given the same path."""

    @staticmethod
    def program(folder: Path, *below: str) -> str:
        """A program of safepip's in an environment; returns its path."""
        path = folder.joinpath(*(below or ("bin",)), "safepip")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)
        return str(path)

    def basis(self, folder: Path, called: str, *path: str | Path) -> Basis:
        """By what it is decided for the safepip in `folder`, called so, with this PATH."""
        home = Interpreter(sys.executable, str(folder), called=called)
        return choose(Settings(), {"PATH": os.pathsep.join(map(str, path))}, home=home).basis

    def test_a_path_that_is_not_found_by_the_name_was_written(self, tmp_path: Path) -> None:
        """Whether PATH has no safepip, another one, or this one behind another one."""
        own, elsewhere = self.program(tmp_path / "a"), self.program(tmp_path / "b")
        found, before = Path(own).parent, Path(elsewhere).parent
        assert self.basis(tmp_path / "a", own, "/usr/bin") is Basis.START
        assert self.basis(tmp_path / "a", own, before) is Basis.START
        assert self.basis(tmp_path / "a", own, before, found) is Basis.START
        assert self.basis(tmp_path / "a", own, found) is Basis.OWN
        assert self.basis(tmp_path / "a", own, found, before) is Basis.OWN
        assert self.basis(tmp_path / "a", own, f"{found}/") is Basis.OWN
        assert self.basis(tmp_path / "a", f"{found}//safepip", found) is Basis.OWN

    def test_a_program_that_cannot_be_started_is_not_found(self, tmp_path: Path) -> None:
        """Nor is a folder."""
        own, other = self.program(tmp_path / "a"), self.program(tmp_path / "b")
        Path(other).chmod(0o644)
        (tmp_path / "c" / "safepip").mkdir(parents=True)
        folders = (Path(other).parent, tmp_path / "c", Path(own).parent)
        assert self.basis(tmp_path / "a", own, *folders) is Basis.OWN

    def test_a_relative_path_was_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Unless PATH itself is relative."""
        own = self.program(tmp_path / "a")
        monkeypatch.chdir(tmp_path)
        assert self.basis(tmp_path / "a", "a/bin/safepip", Path(own).parent) is Basis.START
        assert self.basis(tmp_path / "a", "./a/bin/safepip", Path(own).parent) is Basis.START
        assert self.basis(tmp_path / "a", "a/bin/safepip", "a/bin") is Basis.OWN
        monkeypatch.chdir(tmp_path / "a" / "bin")
        assert self.basis(tmp_path / "a", "./safepip", Path(own).parent) is Basis.START
        assert self.basis(tmp_path / "a", "./safepip", "") is Basis.OWN

    def test_a_path_must_lead_into_the_environment(self, tmp_path: Path) -> None:
        """A link elsewhere, as pipx and `ln -s` make them, names none; below it any folder does."""
        own = self.program(tmp_path / "a")
        link = tmp_path / "links" / "safepip"
        link.parent.mkdir()
        link.symlink_to(own)
        assert self.basis(tmp_path / "a", str(link), "/usr/bin") is Basis.OWN
        local = self.program(tmp_path / "a", "local", "bin")
        assert self.basis(tmp_path / "a", local, "/usr/bin") is Basis.START
        (tmp_path / "alias").symlink_to(tmp_path / "a")
        assert self.basis(tmp_path / "a", str(tmp_path / "alias" / "bin" / "safepip")) is Basis.START

    def test_where_another_is_active_it_is_said(self, tmp_path: Path, other: str) -> None:
        """A stand-in on PATH may have called by the path."""
        own = self.program(tmp_path / "a")
        home = Interpreter(sys.executable, str(tmp_path / "a"), called=own)
        chosen = choose(Settings(), {"PATH": "/usr/bin", "VIRTUAL_ENV": folder_of(other)}, home=home)
        assert chosen == ChosenEnvironment(sys.executable, Basis.START, own=True, named_by="the path of the program")


class TestByVariables:
    """`VIRTUAL_ENV` and `CONDA_PREFIX`."""

    def test_the_active_environment_is_meant(self, other: str) -> None:
        """A name alone says nothing about the environment that safepip is in."""
        chosen = choose(Settings(), {"VIRTUAL_ENV": folder_of(other)}, home=BY_NAME)
        assert chosen == ChosenEnvironment(other, Basis.VIRTUAL_ENV, named_by="VIRTUAL_ENV", folder=folder_of(other))

    def test_its_own_environment_may_be_the_active_one(self) -> None:
        """The usual case: then nothing has to be asked of another process."""
        for variables in ({"VIRTUAL_ENV": sys.prefix}, {"CONDA_PREFIX": sys.prefix}):
            chosen = choose(Settings(), variables, home=BY_NAME)
            assert (chosen.python, chosen.own) == (sys.executable, True)

    def test_an_environment_of_conda_is_known_by_its_folder(self, tmp_path: Path, other: str) -> None:
        """It has no pyvenv.cfg. Its base is offered with the environment near the working folder."""
        (tmp_path / "conda" / "bin").mkdir(parents=True)
        (tmp_path / "conda" / "conda-meta").mkdir()
        python = tmp_path / "conda" / "bin" / "python"
        python.symlink_to(other)
        make_venv(tmp_path / "project" / ".venv")
        variables = {"CONDA_PREFIX": str(tmp_path / "conda"), "CONDA_DEFAULT_ENV": "web"}
        chosen = choose(Settings(), variables, str(tmp_path / "project"), BY_NAME)
        assert (chosen.python, chosen.basis, chosen.nearby) == (str(python), Basis.CONDA, "")
        chosen = choose(Settings(), {**variables, "CONDA_DEFAULT_ENV": "base"}, str(tmp_path / "project"), BY_NAME)
        assert (chosen.python, chosen.basis) == (str(python), Basis.CONDA_BASE)
        assert chosen.nearby == str(tmp_path / "project" / ".venv")

    @pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
    @pytest.mark.parametrize(
        ("made", "problem"),
        [
            ("", "does not exist"),
            ("file", "does not exist"),
            ("bin/python", "is no environment"),
            ("pyvenv.cfg", "holds no Python interpreter"),
        ],
    )
    def test_a_variable_that_names_no_environment_is_an_error(
        self, variable: str, made: str, problem: str, tmp_path: Path
    ) -> None:
        """It is not skipped in favour of something that you did not mean, and the error names it."""
        folder = tmp_path / "env"
        if made == "file":
            folder.write_text("")
        elif made:
            (folder / made).parent.mkdir(parents=True)
            (folder / made).write_text("")
        with pytest.raises(Unavailable, match=f"{variable} names .*{problem}") as caught:
            choose(Settings(), {variable: str(folder)}, home=BY_NAME)
        assert caught.value.diagnostics[0].reference == "not-an-environment"
        assert f"unset {variable}" in caught.value.diagnostics[0].hint

    def test_a_relative_one_is_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else the working folder would decide: a repository brings an environment of that name."""
        make_venv(tmp_path / ".venv")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(Unavailable, match=r"VIRTUAL_ENV names \.venv, which is no absolute path"):
            choose(Settings(), {"VIRTUAL_ENV": ".venv"}, home=BY_NAME)

    def test_a_variable_that_does_not_count_may_say_anything(self, other: str) -> None:
        """What is not followed is not judged."""
        variables = {"VIRTUAL_ENV": NOWHERE, "CONDA_PREFIX": NOWHERE}
        assert python_of(Settings(python=other), variables) == other
        by_module = Interpreter(sys.executable, sys.prefix, called="-c")
        assert python_of(Settings(), variables, by_module) == sys.executable
        assert python_of(Settings(), {**variables, "VIRTUAL_ENV": folder_of(other)}) == other


class TestTools:
    """Environments that a tool keeps for safepip, and the zip application."""

    @pytest.mark.parametrize("marker", ["pipx_metadata.json", "uv-receipt.toml"])
    @pytest.mark.parametrize("called", ["/links/safepip", "{prefix}/bin/safepip", "-c"])
    def test_the_active_environment_is_meant_however_it_is_started(
        self, marker: str, called: str, tmp_path: Path, other: str
    ) -> None:
        """Under pipx and uv tool."""
        (tmp_path / marker).write_text("")
        home = Interpreter(sys.executable, str(tmp_path), called=called.format(prefix=tmp_path))
        assert python_of(Settings(), {"VIRTUAL_ENV": folder_of(other)}, home) == other

    def test_a_tools_own_environment_is_never_the_target_by_itself(self, tmp_path: Path) -> None:
        """With no active environment, or with the tool's own as the active one, safepip refuses."""
        (tmp_path / "pipx_metadata.json").write_text("{}")
        home = Interpreter(sys.executable, str(tmp_path), called="-c")
        for environ in ({}, {"VIRTUAL_ENV": ""}, {"VIRTUAL_ENV": str(tmp_path)}, {"CONDA_PREFIX": str(tmp_path)}):
            with pytest.raises(Refused) as caught:
                choose(Settings(), environ, home=home)
            assert caught.value.diagnostics[0].reference == "no-target"
            assert "--python" in caught.value.diagnostics[0].hint

    def test_the_refusal_offers_what_is_near(self, tmp_path: Path) -> None:
        """By its path, so that the option can be pasted."""
        (tmp_path / "pipx_metadata.json").write_text("{}")
        make_venv(tmp_path / "project" / ".venv")
        with pytest.raises(Refused) as caught:
            choose(Settings(), {}, str(tmp_path / "project"), Interpreter(sys.executable, str(tmp_path)))
        assert caught.value.diagnostics[0].hint.endswith(f" --python {tmp_path}/project/.venv")
        make_venv(tmp_path / "a; b" / ".venv")
        with pytest.raises(Refused) as caught:
            choose(Settings(), {}, str(tmp_path / "a; b"), Interpreter(sys.executable, str(tmp_path)))
        assert caught.value.diagnostics[0].hint.endswith(f" --python '{tmp_path}/a; b/.venv'")

    def test_a_zip_application_takes_the_active_environment_and_has_none_itself(self, other: str) -> None:
        """Not even where the Python that runs it is that of an environment: it is named like any other."""
        home = Interpreter(other, folder_of(other), os.path.join(NOWHERE, "safepip.pyz"), "safepip.pyz")
        for variables in ({}, {"VIRTUAL_ENV": ""}):
            with pytest.raises(Refused) as caught:
                choose(Settings(), variables, home=home)
            assert caught.value.diagnostics[0].reference == "no-target"
            assert caught.value.diagnostics[0].context == (f"to mean the Python that runs it: --python {other}",)
        for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
            chosen = choose(Settings(), {variable: folder_of(other)}, home=home)
            assert (chosen.python, chosen.own, chosen.named_by) == (other, False, variable)
        assert choose(Settings(python=other), {}, home=home).own is False
        with pytest.raises(Unavailable, match="VIRTUAL_ENV"):
            choose(Settings(), {"VIRTUAL_ENV": NOWHERE}, home=home)

    def test_uvx_runs_from_a_bucket_of_a_tagged_cache(self, tmp_path: Path) -> None:
        """Both marks are needed: the bucket's name and the cache's tag."""
        bucket = tmp_path / "archive-v0" / "Xy12"
        bucket.mkdir(parents=True)
        assert tool_home(str(bucket)) == ""
        (tmp_path / "CACHEDIR.TAG").write_text("")
        assert tool_home(str(bucket)) == "uvx"

    def test_a_tagged_project_environment_is_not_a_tools_home(self, tmp_path: Path) -> None:
        """`uv venv` and virtualenv leave a CACHEDIR.TAG in ordinary environments too."""
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv" / "CACHEDIR.TAG").write_text("")
        (tmp_path / "CACHEDIR.TAG").write_text("")
        assert tool_home(str(tmp_path / ".venv")) == ""


class TestNearby:
    """`nearby_environment`: what is offered and never taken."""

    def test_one_in_the_working_folder_or_above_is_offered(self, tmp_path: Path) -> None:
        """The nearest one. It is not started, and does not decide."""
        make_venv(tmp_path / ".venv")
        below = tmp_path / "src" / "deep"
        below.mkdir(parents=True)
        assert nearby_environment(str(below), {}) == str(tmp_path / ".venv")
        chosen = choose(Settings(), {}, str(below), BY_NAME)
        assert (chosen.python, chosen.basis, chosen.nearby) == (sys.executable, Basis.OWN, str(tmp_path / ".venv"))
        make_venv(below / ".venv")
        assert nearby_environment(str(below), {}) == str(below / ".venv")

    @pytest.mark.parametrize("missing", ["pyvenv.cfg", "bin/python"])
    def test_a_folder_of_that_name_is_no_environment(self, missing: str, tmp_path: Path) -> None:
        """Then the search goes on above."""
        make_venv(tmp_path / "project" / ".venv")
        (tmp_path / "project" / ".venv" / missing).unlink()
        assert nearby_environment(str(tmp_path / "project"), {}) == ""
        assert nearby_environment("", {}) == ""

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
    def test_one_that_a_stranger_has_put_there_is_not_offered(self, tmp_path: Path) -> None:
        """Into `/tmp`, for example."""
        make_venv(tmp_path / ".venv")
        (tmp_path / "project").mkdir()
        os.lchown(tmp_path / ".venv" / "pyvenv.cfg", 4711, 4711)
        assert nearby_environment(str(tmp_path / "project"), {}) == ""


def test_this_process_is_no_zip_application() -> None:
    """`Interpreter.here` describes the running process."""
    assert Interpreter.here() == Interpreter(sys.executable, sys.prefix, "", sys.argv[0])


def test_find_interpreter_is_absolute(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative `--python` does not depend on the working directory later on."""
    monkeypatch.chdir(folder_of(other))
    assert find_interpreter(".") == other
