"""pip's configuration as safepip reads it, against the real pip."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safepip.config.pip_config import files_to_read, read
from safepip.edges.user.arguments import pip_places
from safepip.edges.user.world import World
from safepip.model.errors import SafepipError
from safepip.options.command_line import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYS = (  # noqa: SIM905 - a word a line is no easier to read
    "find-links extra-index-url trusted-host use-feature requirement platform exists-action index-url pypi-url timeout "
    "default-timeout retries no-index no-compile compile pre verbose quiet no-binary only-binary all-releases "
    "only-final refresh-package group cache-dir no-cache-dir user no-user python-version upgrade-strategy no-deps log "
    "config-settings dest unknown-thing no-dependencies progress-bar report"
).split()
_VALUES = (  # noqa: SIM905
    "yes|No|1|0|2||a|a b|a,B_c|:all:|:none:,x|https://one.example/simple|x y\n  z|eager|only-if-needed|3.11|K=V|~/x|-y|"
    "5.5|w b|truststore|off"
).split("|")
_SECTIONS = ("global", "install", "download", "DEFAULT", ":env:", "list", "install.x")


@st.composite
def _file(draw: st.DrawFn) -> str:
    """The text of a pip.conf; some are broken, as duplicates are."""
    lines = []
    for section in draw(
        st.lists(st.sampled_from(_SECTIONS), min_size=1, max_size=3, unique=draw(st.integers(0, 9)) > 0)
    ):
        lines.append(f"[{section}]")
        for key in draw(st.lists(st.sampled_from(_KEYS), min_size=1, max_size=4, unique=draw(st.integers(0, 9)) > 0)):
            spelt = draw(st.sampled_from((key, key.upper(), key.replace("-", "_"), f"--{key}")))
            lines.append(f"{spelt}{draw(st.sampled_from((' = ', '=', ': ')))}{draw(st.sampled_from(_VALUES))}")
    return "\n".join(lines) + "\n"


_ENVIRON = st.dictionaries(
    st.sampled_from([f"PIP_{key.replace('-', '_').upper()}" for key in _KEYS] + ["PIP_HELP", "PIP_VERSION", "PIPX"]),
    st.sampled_from(_VALUES),
    max_size=3,
)
_WORDS = (  # noqa: SIM905
    "a b -fx --find-links=y -i https://two.example --no-binary=q,:all: --only-binary -v -qq --cache-dir=/k "
    "--no-cache-dir --pre --no-i --time=4 --abi cp311 --isolated"
).split()
_ARGV = st.lists(st.sampled_from(_WORDS), max_size=5)


class Home:
    """A machine's places for pip's files in a temporary folder, and a process environment that points to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        self.base = {
            "HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CONFIG_DIRS": f"{folder / 'one'}:relative:{folder / 'two'}",
        }  # fmt: skip
        self.paths = {
            "machine": folder / "one/pip/pip.conf", "machine2": folder / "two/pip/pip.conf",
            "legacy": folder / "home/.pip/pip.conf", "user": folder / "config/pip/pip.conf",
            "site": self.prefix / "pip.conf", "named": folder / "named.conf",
        }  # fmt: skip
        for path in self.paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, texts: dict[str, str]) -> None:
        for name, path in self.paths.items():
            if name in texts or name == "named":
                path.write_text(texts.get(name, ""), encoding="utf-8")
            else:
                path.unlink(missing_ok=True)

    def ours(self, verb: str, argv: Sequence[str], environ: dict[str, str]) -> dict[str, Any] | int:
        world = World(environ, str(self.folder), prefix=str(self.prefix))
        isolated = "--isolated" in argv
        paths = files_to_read(pip_places(world, str(self.prefix)), environ, isolated=isolated, exists=os.path.exists)
        try:
            texts = [(path, Path(path).read_text("utf-8")) for path in paths if os.path.exists(path)]
            parsed = parse(verb, argv, read(verb, texts, environ, isolated=isolated), expand_user=world.expand)
        except SafepipError as error:
            return error.exit_code
        # Every value that somebody set has an origin, and every element of a list has its own.
        for dest, value in parsed.values.items():
            if isinstance(value, list):
                assert len(parsed.stated.get(dest, ())) == len(value), dest
        return {**parsed.values, "arguments": list(parsed.arguments)}

    def theirs(
        self, verb: str, argv: Sequence[str], environ: dict[str, str], patch: pytest.MonkeyPatch
    ) -> dict[str, Any] | int:
        from pip._internal.commands import create_command
        from pip._internal.exceptions import CommandError

        for name in list(os.environ):
            if name.startswith(("PIP", "XDG_")) or name == "HOME":
                patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.setattr(sys, "prefix", str(self.prefix))
        command = create_command(verb, isolated="--isolated" in argv)
        # One list for all parsers of a process, in pip: a program that parses once does not notice.
        command.parser.defaults["dependency_groups"].clear()
        try:
            values, arguments = command.parser.parse_args(list(argv))
        except SystemExit as end:
            return int(end.code or 0)
        except CommandError:
            # An argument like `-x` for a set of names; pip ends with 1.
            return 1
        return {**vars(values), "arguments": arguments}


def comparable(values: dict[str, Any]) -> dict[str, Any]:
    """pip's values in the shape of ours: two sets for each control, groups as written, settings as pairs."""
    result = dict(values)
    for control, names in (
        ("format_control", ("no_binary", "only_binary")),
        ("release_control", ("all_releases", "only_final")),
    ):
        pair = result.pop(control)
        result |= {name: getattr(pair, name) for name in names}
    result["dependency_groups"] = [f"{path}:{group}" for path, group in result["dependency_groups"]]
    settings_ = result.get("config_settings") or {}
    result["config_settings"] = sorted(
        (k, v) for k, vs in settings_.items() for v in (vs if isinstance(vs, list) else [vs])
    )
    version = result["python_version"]
    result["python_version"] = ".".join(map(str, version)) if version else None
    return result


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """One machine a test."""
    return Home(tmp_path)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One machine for all examples of a property."""
    return Home(tmp_path_factory.mktemp("machine"))


@settings(max_examples=80, deadline=None)
@example(texts={}, environ={"PIP_DEST": "~/x"}, argv=[], named=None, verb="download")
@given(
    texts=st.dictionaries(
        st.sampled_from(("machine", "machine2", "legacy", "user", "site", "named")), _file(), max_size=3
    ),
    environ=_ENVIRON,
    argv=_ARGV,
    named=st.sampled_from((None, None, "existing", "missing", "null", "")),
    verb=st.sampled_from(("install", "download")),
)
def test_configuration_and_command_line_give_pips_values(
    shared_home: Home, texts: dict[str, str], environ: dict[str, str], argv: list[str], named: str | None, verb: str
) -> None:
    """For files in all of pip's places, PIP_* variables, PIP_CONFIG_FILE, --isolated and arguments: the same
    values as pip's own parser, or the same exit code."""
    home = shared_home
    home.write(texts)
    environ = {**home.base, **environ}
    places = {"existing": str(home.paths["named"]), "missing": str(home.folder / "no"), "null": os.devnull, "": ""}
    if named is not None:
        environ["PIP_CONFIG_FILE"] = places[named]
    mine = home.ours(verb, argv, environ)
    with pytest.MonkeyPatch.context() as patch:
        theirs = home.theirs(verb, argv, environ, patch)
    if isinstance(mine, int) or isinstance(theirs, int):
        assert mine == theirs
        return
    theirs = comparable(theirs)
    mine["config_settings"] = sorted(mine.get("config_settings", []))
    mine["dependency_groups"] = [g if ":" in g else f"pyproject.toml:{g}" for g in mine["dependency_groups"]]
    defaults = {"index_url", "cache_dir", "src_dir"}
    for dest, value in theirs.items():
        found = mine[dest]
        if dest in defaults and found is None:
            continue
        if dest == "python_version" and value:
            continue
        if dest == "src_dir":
            found = os.path.abspath(found)
        if dest == "download_dir" and value.startswith("~/"):
            value = environ["HOME"] + value[1:]  # pip does so later
        assert (found or None) == (value or None), dest


def _pip(environ: dict[str, str], cwd: Path, *words: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "pip", *words], env=environ, cwd=cwd, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_the_real_pip_config_list_shows_the_values_that_safepip_reads(home: Home) -> None:
    """Run as a program, over files in every place but the prefix, which is this interpreter's.

    `pip config list` sorts by file name, so of a key in two files `pip install --help` tells which value is in force.
    """
    home.write(
        {
            "machine": "[global]\ntimeout=1\nindex-url=https://one.example/\n[install]\nretries=1\n",
            "machine2": "[global]\nTIMEOUT = 2\n",
            "legacy": "[install]\nno_index = yes\nfind-links =\n  a\n  b\n",
            "user": "[global]\n--proxy: http://proxy.example\n[install]\nretries = 7\n",
        }
    )
    environ = {**home.base, "PIP_CERT": "/c.pem", "PIP_EMPTY": "", "PATH": os.environ["PATH"], "COLUMNS": "400"}
    listed = [line.partition("=")[0::2] for line in _pip(environ, home.folder, "config", "list").splitlines()]
    shown = {(key, ast.literal_eval(value)) for key, value in listed if value != "''"}
    world = World(environ, str(home.folder))
    paths = files_to_read(pip_places(world, sys.prefix), environ, isolated=False, exists=os.path.exists)
    texts = [(path, Path(path).read_text("utf-8")) for path in paths if os.path.exists(path)]
    mine = {f"{v.section}.{v.key}": v.value for v in read("install", texts, environ, isolated=False)}
    assert {key for key, _ in shown} == set(mine)
    assert set(mine.items()) <= shown
    text = _pip(environ, home.folder, "install", "--help")
    assert f"(default {float(mine['global.timeout'])} seconds)" in text
    assert f"connection. (default: {mine['install.retries']})" in text
    assert (mine["global.timeout"], mine["install.retries"]) == ("2", "7")
    assert len(mine) >= 7  # the machine may have a /etc/pip.conf of its own


def test_a_value_knows_its_file_and_line_or_its_variable(home: Home) -> None:
    """And an origin never holds the value itself."""
    text = "[global]\n# timeout = 1\ntimeout = 1\n\n[install]\nindex_url: https://u:canary@one.example/\n"
    values = read("install", [("/etc/pip.conf", text)], {"PIP_PROXY": "http://canary@proxy.example"}, isolated=False)
    assert [str(v.origin) for v in values] == ["/etc/pip.conf:3", "/etc/pip.conf:6", "PIP_PROXY"]
    assert "canary" not in repr(values)


def test_a_broken_file_is_an_error_that_names_the_line_and_does_not_repeat_it(home: Home) -> None:
    """pip prints the line; it could hold a password."""
    for text, line in (
        ("[global]\ntimeout=1\ntimeout=2\n", 3),
        ("url = https://u:canary@one.example/\n", 1),
        ("[global\nx", 1),
    ):
        with pytest.raises(SafepipError) as caught:
            read("install", [("/etc/pip.conf", text)], {}, isolated=False)
        (diagnostic,) = caught.value.diagnostics
        assert diagnostic.reference == "bad-pip-config"
        assert diagnostic.origins[0].line == line
        assert "canary" not in str(caught.value)
        assert caught.value.exit_code == 2
