"""No file of a wheel steers what is started next: at the top of where people work, or where shells look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from safepip.model.plan import Settings, Target
from safepip.rules.outside_target import check_places
from safepip.wheel.install_paths import Layout, layout_of
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.environment import Environment, Runner, make_environment
from support.index import IndexServer
from support.inside import run_inside
from support.runs import shown
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DATA = "helper-1.0.data"
TARGET = Layout(
    {"purelib": "/t", "platlib": "/t", "scripts": "/t/bin", "data": "/t", "headers": "/t/include/python"},
    frozenset({"/t"}),
    moved=(("/t/lib/python", "/t"),),
)

#: What is read by its name from the folder in which somebody works.
READ = [
    *("safepip.toml", "pyproject.toml", "pylock.toml", "pylock.dev.toml", "PyProject.TOML", "uv.toml", "poetry.lock"),
    *("pip.conf", "pip.ini", "requirements.txt", "requirements-dev.txt", "constraints.txt", "requirements.in"),
    *("setup.py", "setup.cfg", "conftest.py", "tox.ini", "noxfile.py", "pytest.ini", "pyvenv.cfg", "python311._pth"),
    *("Makefile", "Dockerfile", "compose.yaml", "package.json", "Pipfile", "HEAD", "_netrc", "git.exe", "pip.bat"),
    *(
        "dev-requirements.txt",
        "__main__.py",
        "pytest.toml",
        "mise.toml",
        "mise.local.toml",
        "flake.nix",
        "lefthook.yml",
    ),
    *(".bashrc", ".git/hooks/post-checkout", ".git", ".env", ".envrc", ".zshenv", ".config/fish/config.fish", ".netrc"),
    *(
        ".pypirc",
        ".vscode/settings.json",
        ".hg/hgrc",
        "_MTN/monotonerc",
        ".libs/hook.sh",
        ".libs_x/deep/libx.so",
        ".pre-commit-config.yaml",
    ),
]

#: What a shell, or version control, loads below a prefix when it starts or by the name of what is typed.
LOADED = [
    *("share/fish/vendor_conf.d/x.fish", "share/fish/vendor_functions.d/ls.fish", "share/fish/functions/cd.fish"),
    *(
        "share/fish/config.fish",
        "share/fish/vendor_completions.d/git.fish",
        "etc/fish/conf.d/x.fish",
        "etc/fish/config.fish",
    ),
    *("etc/fish/functions/ls.fish", "share/bash-completion/completions/git", "share/bash-completion/bash_completion"),
    *(
        "etc/bash_completion.d/helper",
        "etc/bash.bashrc",
        "etc/profile.d/x.sh",
        "etc/profile",
        "etc/zsh/zshenv",
        "etc/zshrc",
    ),
    *("share/zsh/site-functions/_git", "share/zsh/site-functions/ls", "share/zsh/5.9/functions/add-zsh-hook"),
    *(
        "share/powershell/Modules/Helper/Helper.psm1",
        "share/nushell/vendor/autoload/x.nu",
        "Share/Fish/Vendor_Conf.d/x.fish",
    ),
    *(
        "etc/safepip/safepip.toml",
        "etc/gitconfig",
        "etc/gitattributes",
        "etc/subversion/config",
        "share/git-core/templates/hooks/post-checkout",
        "etc/xdg/pip/pip.conf",
        "etc/skel/.bashrc",
    ),
]


def wheel(files: Mapping[str, str], layout: Layout = LAYOUT, scripts: Mapping[str, str] | None = None) -> str:
    """What is said of a wheel with these files and commands; empty where nothing is refused."""
    reviewed = wheel_under_review(*build_wheel("helper", "1.0", files=files, scripts=scripts), layout)
    finding = check_places(reviewed, context_of(reviewed, layout=layout))
    if finding is None:
        return ""
    assert (finding.reference, "[[allow]]" in finding.hint) == ("outside-target", True)
    return "\n".join(finding.context[1:])


@pytest.mark.parametrize("path", READ)
def test_a_file_that_is_read_where_people_work_does_not_land_there(path: str) -> None:
    """At the top of an environment or a prefix by the data route; at the top of `--target` by every route."""
    for layout in (LAYOUT, TARGET):
        assert path in wheel({f"{DATA}/data/{path}": "x"}, layout)
    assert path in wheel({path: "x"}, TARGET)
    assert path in wheel({f"{DATA}/purelib/{path}": "x"}, TARGET)
    # Among modules in site-packages nobody works, and deeper down nobody looks.
    if "cfg" not in path and "_pth" not in path:
        assert wheel({path: "x"}) == ""
        assert wheel({f"{DATA}/data/share/helper/{path}": "x", f"helper/{path}": "x"}) == ""
        assert wheel({f"helper/{path}": "x"}, TARGET) == ""


@pytest.mark.parametrize("path", LOADED)
def test_what_a_shell_loads_by_itself_does_not_land_below_a_prefix(path: str) -> None:
    """Whatever the wheel's own command is called, and by whichever route with `--target`."""
    scripts = {"helper": "helper:main"}
    for layout in (LAYOUT, TARGET):
        assert path in wheel({f"{DATA}/data/{path}": "x"}, layout, scripts)
    assert path in wheel({path: "x"}, TARGET, scripts)


COMPLETIONS = [
    ("share/bash-completion/completions/{}", ""),
    ("share/bash-completion/completions/_{}", ""),
    ("share/bash-completion/completions/{}.bash", ""),
    ("share/fish/vendor_completions.d/{}.fish", ""),
    ("share/fish/completions/{}.fish", ""),
    ("etc/fish/completions/{}.fish", ""),
    ("share/zsh/site-functions/_{}", "#compdef {}\n_arguments\n"),
    ("share/zsh/vendor-completions/_{}", "#compdef {} helper-too\n"),
]


@pytest.mark.parametrize(("path", "text"), COMPLETIONS)
def test_a_completion_for_a_command_of_the_wheels_own_is_let_through(path: str, text: str) -> None:
    """By an entry point, by a script, with the ending of one; and refused for a command of anybody else."""
    own = {f"{DATA}/data/{path.format('helper-run')}": text.format("helper-run")}
    too = {"helper-run": "helper:main", "helper-too": "helper:main"}
    for layout in (LAYOUT, TARGET):
        assert wheel(own, layout, too) == ""
        files = {f"{DATA}/scripts/helper-run.py": "#!python\n", f"{DATA}/scripts/helper-too": "#!python\n"}
        assert wheel({**own, **files}, layout) == ""
        assert wheel(own, layout) != ""
        assert wheel({f"{DATA}/data/{path.format('git')}": text.format("git")}, layout, too) != ""


@pytest.mark.parametrize(
    "name",
    ["helper-run", "helper-run.bash", "helper-run.bash-completion", "helper-run.sh", "helper-run-bash_completion"],
)
def test_a_completion_that_is_run_when_bash_starts_is_let_through_where_no_bash_looks(name: str) -> None:
    """That is a virtual environment; for a system, a prefix or a target it is code at every start."""
    files, scripts = {f"{DATA}/data/etc/bash_completion.d/{name}": "x"}, {"helper-run": "helper:main"}
    virtual = LAYOUT._replace(prefix="/env", base_prefix="/usr")
    assert wheel(files, virtual, scripts) == ""
    assert wheel(files, virtual, {"helper": "helper:main"}) != ""
    for layout in (TARGET, LAYOUT._replace(prefix="/env", base_prefix="/env"), LAYOUT._replace(prefix="/usr")):
        assert wheel(files, layout, scripts) != ""


@pytest.mark.parametrize(
    "text",
    ["", "#compdef git\n", "#compdef helper-run git\n", "#compdef -p '*'\n", "#autoload\n", "x\n#compdef helper-run\n"],
)
def test_a_completion_for_zsh_names_the_commands_of_the_wheel_and_no_other(text: str) -> None:
    """Its first line decides for what it is run, whatever its name is."""
    files = {f"{DATA}/data/share/zsh/site-functions/_helper-run": text}
    assert wheel(files, scripts={"helper-run": "helper:main"}) != ""


@pytest.mark.parametrize(
    "path",
    [
        *(
            "README.md",
            "LICENSE",
            "share/man/man1/helper.1",
            "share/doc/helper/requirements.txt",
            "share/helper/.hidden",
        ),
        *("etc/jupyter/jupyter_server_config.d/helper.json", "share/jupyter/kernels/helper/kernel.json"),
        *("share/applications/helper.desktop", "etc/bashful/settings.ini", "etc/profiles/x", "share/fishing/x.fish"),
        *("lib/libhelper.so.1", "include/helper.h", "bin/helper.sh", "share/zshield/x", "helper/pyproject.toml"),
    ],
)
def test_data_that_nobody_reads_by_itself_is_let_through(path: str) -> None:
    """As real wheels have it."""
    assert wheel({f"{DATA}/data/{path}": "x"}) == ""


def test_modules_at_the_top_of_a_target_are_what_it_is_for() -> None:
    """Packages, modules, metadata, and the folders of libraries that old tools for native wheels made."""
    files = [
        "helper_one.py",
        "tests/__init__.py",
        "helper.libs/libx.so.1",
        ".libs_cffi_backend/libffi-45372312.so.6.0.4",
    ]
    assert wheel({**dict.fromkeys(files, "x"), ".dylibs/libx.dylib": "x", "README.md": "x"}, TARGET) == ""


def test_the_folders_of_prefix_and_root_are_tops_as_well() -> None:
    """What `layout_of` says of the options is what is held against."""
    schemes = {name: f"/project/{name}" for name in ("purelib", "platlib", "scripts", "include")} | {"data": "/project"}
    target = Target("/usr/bin/python3", "3.11.7", {"os_name": "posix"}, (), named_schemes=schemes)
    for settings in (Settings(prefix_dir="/project"), Settings(prefix_dir="/project", root_dir="/root")):
        layout = layout_of(settings, target)
        assert "safepip.toml" in wheel({f"{DATA}/data/safepip.toml": "x"}, layout)


# --- through the command -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A target."""
    return make_environment(tmp_path_factory.mktemp("steering") / "env")


@pytest.fixture
def server() -> Iterator[IndexServer]:
    """An index on loopback."""
    with IndexServer() as made:
        yield made


def test_a_configuration_does_not_come_into_a_projects_folder(
    environment: Environment, server: IndexServer, tmp_path: Path
) -> None:
    """`--target .`, and the next run would obey the wheel's routing."""
    runner = Runner(tmp_path / "project", tmp_path / "home")
    runner.folder.mkdir()
    index = server.mount("/steering/simple/")
    for number, path in enumerate(("safepip.toml", "helper-1.1.data/data/pyproject.toml", ".bashrc", "README.md")):
        index.add_file("helper", *build_wheel("helper", f"1.{number}", files={path: "x"}))
        words = ("--python", str(environment.python), "-i", index.url, "--target", ".", f"helper==1.{number}")
        refused = path != "README.md"
        if refused:  # it ends before pip
            done = run_inside(runner.folder, runner.environment(), "install", *words)
            assert done.code == 20, done.out + done.err
            assert re.search(r"^error: outside-target$", done.err, re.MULTILINE), done.err
        else:
            installed = runner.safepip("install", *words)
            assert installed.returncode == 0, shown(installed)
        assert bool(list(runner.folder.iterdir())) != refused
