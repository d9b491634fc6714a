"""`safepip shim` in real environments with a real pip: what goes through safepip, what does not, and the way back."""

from __future__ import annotations

import ast
import json
import os
import py_compile
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from safepip.commands.shim_state import look
from safepip.edges.programs.starting import own_text
from safepip.edges.target import bare_unshim
from safepip.edges.target.bare_shim import ROUTED, is_routed
from safepip.edges.target.listing import find_place, real
from safepip.edges.target.shim import put_on, read_shim, take_off
from safepip.environment.shim import Shim, ShimEntry, shim_text
from safepip.model.errors import Unavailable
from safepip.options.shell_init import SHELLS, script
from support.environment import Environment, Runner, make_environment
from support.shims import COMMANDS, exact_state
from support.terminals import Terminal
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Inside

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows a shim is refused")

Tree = dict[str, tuple[str, int, int, int]]


@pytest.fixture(scope="module")
def shared(with_pip: Environment) -> tuple[Environment, Tree]:
    """An environment with pip, and all that is in it."""
    return with_pip, exact_state(with_pip.folder)


@pytest.fixture
def env(shared: tuple[Environment, Tree]) -> Iterator[Environment]:
    """It, as it was made; whatever a test has done, taking the shim off makes it that again."""
    made, before = shared
    yield made
    take_off(real(str(made.folder)))
    assert exact_state(made.folder) == before


@pytest.fixture(scope="module")
def starts(shared: tuple[Environment, Tree], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """What starts the safepip beside the tests, as that itself says: its Python may have another name than theirs."""
    made, _ = shared
    folder = tmp_path_factory.mktemp("starts")
    done = Runner(folder, folder / "home").safepip("shim", "--venv", made.folder)
    assert done.returncode == 0, done.stderr
    found = read_shim(real(str(made.folder)))
    assert found is not None
    take_off(real(str(made.folder)))
    return found.command


@pytest.fixture
def shimmed(env: Environment, starts: tuple[str, ...]) -> Environment:
    """It with a shim."""
    put_on(find_place(str(env.python), os.environ), str(env.python), starts)
    return env


def command(env: Environment, name: str = "pip") -> str:
    return str(env.folder / "bin" / name)


# --- what goes through ----------------------------------------------------------------------------------------

#: By safepip and not by pip: its errors have a page.
REFUSED = "Nothing was installed.  More: safepip help no-source\n"

WAYS: list[tuple[str, Callable[[Environment], list[str]]]] = [
    ("pip", lambda env: [command(env)]),
    ("pip3", lambda env: [command(env, "pip3")]),
    ("pip3.N", lambda env: [command(env, COMMANDS[2])]),
    ("python -m pip", lambda env: [str(env.python), "-m", "pip"]),
    ("python -Im pip", lambda env: [str(env.python), "-Im", "pip"]),
    ("python of another name", lambda env: [f"{env.python}3", "-m", "pip"]),
    ("the folder", lambda env: [str(env.python), str(env.site_packages / "pip")]),
    ("pip's own second start", lambda env: [str(env.python), str(env.site_packages / "pip" / "__pip-runner__.py")]),
    ("runpy", lambda env: [str(env.python), "-c", "import runpy; runpy.run_module('pip', run_name='__main__')"]),
    ("a link", lambda env: [str(env.folder.parent / "link")]),
]


@pytest.mark.usually("pip3.N", "python -m pip", "runpy", "a link")
@pytest.mark.parametrize("way", [way for _, way in WAYS], ids=[name for name, _ in WAYS])
def test_an_install_goes_through_safepip(
    shimmed: Environment, runner: Runner, way: Callable[[Environment], list[str]]
) -> None:
    """Whatever the way to call pip, with the environment that it is about."""
    link = shimmed.folder.parent / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(shimmed.folder / "bin" / "pip")
    done = runner.run([*way(shimmed), "install", "--no-index", "nothing-of-this-name"])
    assert done.stderr.startswith(f"Environment: {real(str(shimmed.folder))} ")
    assert done.stderr.endswith(REFUSED)
    assert done.returncode == 1


WORDS = [
    *(f"{verb} --no-index nothing-of-this-name" for verb in ROUTED),
    "--quiet install --no-index nothing-of-this-name",
    "--no-input -v --log {work}/log --python {folder} install --no-index nothing-of-this-name",
    "--python={python} install --no-index nothing-of-this-name",
    "--python {link} install --no-index nothing-of-this-name",
    "-- install nothing-of-this-name",
    "--python {other} --no-input --python {folder} install --no-index nothing-of-this-name",
]


@pytest.mark.usually("download*", "lock*", "--quiet*", "--python {other}*")
@pytest.mark.parametrize("words", WORDS)
def test_every_form_of_an_install_goes_through_safepip(shimmed: Environment, runner: Runner, words: str) -> None:
    """pip's verbs that fetch, with options before them."""
    link, other = runner.folder / "link", runner.folder / "other"
    link.symlink_to(shimmed.folder)
    if "{other}" in words:
        make_environment(other)
    places = {"folder": shimmed.folder, "python": shimmed.python, "link": link, "other": other, "work": runner.folder}
    done = runner.run([command(shimmed), *words.format(**places).split()], env={"PIP_NO_INDEX": "1"})
    last = REFUSED.replace("Nothing was installed.", "No lock was written.") if words.startswith("lock") else REFUSED
    assert done.stderr.endswith(last), done.stderr
    assert done.returncode == 1


def test_no_variable_switches_it_off(shimmed: Environment, runner: Runner) -> None:
    """Neither one of pip's, nor of Python's, nor one that looks as if it might."""
    fake = runner.folder / "fake"
    (fake / "safepip").mkdir(parents=True)
    (fake / "safepip" / "__main__.py").write_text("print('fake')\n")
    (fake / "runpy.py").write_text("raise SystemExit(0)\n")
    for name in ("os", "sys", "pip"):
        (runner.folder / f"{name}.py").write_text("raise SystemExit(0)\n")
    variables = {
        "_PIP_RUNNING_IN_SUBPROCESS": "1",
        "PIP_PYTHON": str(shimmed.python),
        "PYTHONPATH": str(fake),
        "SAFEPIP": "",
        "safepip_runs_pip": "1",
        "SAFEPIP_SHIM": "0",
        "PATH": "",
    }
    done = runner.run([command(shimmed), "install", "--no-index", "nothing-of-this-name"], env=variables)
    assert done.stderr.endswith(REFUSED), done.stderr


def test_an_ambiguous_name_is_refused_and_another_installed(
    shimmed: Environment, shared: tuple[Environment, Tree], runner: Runner, two_indexes: tuple[IndexServer, IndexServer]
) -> None:
    """The whole of it: exit 20 and a legible message, and an install that works."""
    internal, public = two_indexes
    internal.add("acme-utils", "1.0")
    public.add("acme-utils", "99.0")
    public.add("demo", "1.0")
    options = ["--index-url", internal.url, "--extra-index-url", public.url]
    done = runner.run([command(shimmed), "install", *options, "acme-utils"])
    assert done.returncode == 20
    assert "error: ambiguous-index\n  acme-utils is offered by two indexes" in done.stderr
    folder = runner.folder / "into"
    done = runner.run([str(shimmed.python), "-m", "pip", "install", *options, "--target", str(folder), "demo"])
    assert (done.returncode, "Successfully installed demo-1.0" in done.stdout) == (0, True), done.stderr
    assert (folder / "demo").is_dir()


@pytest.mark.usually("*functions*", "bash-shim")
@pytest.mark.parametrize("by", ["shim", "functions"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_refusal_is_legible_in_a_shell(
    env: Environment,
    starts: tuple[str, ...],
    runner: Runner,
    two_indexes: tuple[IndexServer, IndexServer],
    shell: str,
    by: str,
) -> None:
    """On a terminal of 80 columns, by the bare name: exit 20, and every line but those to paste fits."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell}")
    internal, public = two_indexes
    internal.add("acme-utils", "1.0")
    public.add("acme-utils", "99.0")
    typed = f"pip install --index-url {internal.url} --extra-index-url {public.url} acme-utils"
    if by == "shim":
        put_on(find_place(str(env.python), os.environ), str(env.python), starts)
    else:
        (runner.folder / "functions").write_text(script(shell, starts))
        typed = f". {runner.folder / 'functions'}; {typed}"
    options = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}
    environ = runner.environment({"VIRTUAL_ENV": ""})
    environ["PATH"] = f"{env.folder / 'bin'}{os.pathsep}{environ['PATH']}"
    with Terminal([program, options[shell], "-c", typed], columns=80, env=environ, cwd=runner.folder) as terminal:
        assert terminal.end() == 20
    lines = terminal.screen.text.splitlines()
    assert f"Environment: {real(str(env.folder))} " in "\n".join(lines)
    assert "error: ambiguous-index" in lines
    assert "Nothing was installed.  More: safepip help ambiguous-index" in lines
    assert [line for line in lines if len(line) > 80 and not line.startswith("Environment: ")] == []
    assert env.installed().keys() == {"pip"}


# --- what does not --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ("--version", "pip {pip} from "),
        ("list --format freeze", "pip=={pip}\n"),
        ("show -q install", ""),
        ("", "\nUsage:"),
    ],
)
@pytest.mark.usually("pip-list*", "-m-show*")
@pytest.mark.parametrize("way", ["pip", "-m"])
def test_other_verbs_are_pips(shimmed: Environment, runner: Runner, words: str, out: str, way: str) -> None:
    """By the environment's own pip, as before."""
    import pip

    call = [str(shimmed.python), "-B", "-m", "pip"] if way == "-m" else [str(shimmed.python), "-B", command(shimmed)]
    done = runner.run([*call, *words.split()])
    assert done.stdout.startswith(out.format(pip=pip.__version__))
    assert "safepip" not in done.stdout + done.stderr


def test_another_environment_is_not_touched(shimmed: Environment, runner: Runner, new_target: Any) -> None:
    """What a build frontend installs into an environment of its own, by this environment's pip: that is pip's."""
    other = new_target("other")
    wheel = make_wheel(runner.folder / "wheels", "demo", "1.0")
    options = ["--no-index", "--find-links", str(wheel.parent)]
    done = runner.run([str(shimmed.python), "-m", "pip", "--python", str(other.python), "install", *options, "demo"])
    assert (done.returncode, done.stderr) == (0, "")
    assert other.installed() == {"demo": "1.0"}
    done = runner.run([str(other.python), str(shimmed.site_packages / "pip"), "install", *options, "nothing"])
    assert "ERROR: No matching distribution found for nothing" in done.stderr
    again = runner.inside("verify", "--python", shimmed.folder)
    assert again.returncode == 0


#: A verb of pip, options that pip has before it, with a value and without, and what may stand behind it.
_PIECES = (
    *(
        "install",
        "wheel",
        "list",
        "show",
        "help",
        "--quiet",
        "-v",
        "--log",
        "--log=install",
        "--python",
        "--pyt=install",
    ),
    *("--", "-", "", "lock", "--proxy", "download", "uninstall", "-q", "--no-input", "--isolated"),
)


def test_no_option_hides_an_install() -> None:
    """Where pip's own parser finds one of the verbs, safepip reads the words, whatever stands before it; a `--python`
    at the beginning, of another environment, is the exception."""
    import itertools

    lines = [list(words) for length in (1, 2) for words in itertools.product(_PIECES, repeat=length)]
    lines += [list(words) for words in itertools.product(_PIECES[:12:2], _PIECES[4:13], ("install", "list", "--"))]
    asks = (
        "import json, sys\nfrom contextlib import redirect_stderr, redirect_stdout\nimport io\n"
        "from pip._internal.cli.main_parser import parse_command\nfound = []\n"
        "for words in json.load(sys.stdin):\n    try:\n"
        "        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):\n"
        "            found.append(parse_command(words)[0])\n"
        "    except (Exception, SystemExit):\n        found.append('')\n"
        "json.dump(found, sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", asks], input=json.dumps(lines), capture_output=True, text=True, check=True
    )
    verbs = json.loads(done.stdout)
    assert {"install", "wheel", "lock", "download", "list", "show"} <= set(verbs)
    for words, verb in zip(lines, verbs, strict=True):
        if verb in ROUTED:
            assert is_routed(words, {"_PIP_RUNNING_IN_SUBPROCESS": "1"}), words
            assert is_routed(words, {}), words
        elif words and words[0] == verb:
            assert not is_routed(words, {}), words


# --- on and off -----------------------------------------------------------------------------------------------


def test_on_and_off_leaves_the_very_same_files(
    shimmed: Environment, shared: tuple[Environment, Tree], runner: Runner
) -> None:
    """Bytes, modes, times and numbers of files; twice on and twice off are as once; used in between."""
    _, before = shared
    on = exact_state(shimmed.folder)
    again = runner.safepip("shim", "--venv", shimmed.folder)
    assert again.returncode == 0
    unmoved = {name: state for name, state in on.items() if ".safepip-shim" not in name}
    assert {
        name: state for name, state in exact_state(shimmed.folder).items() if ".safepip-shim" not in name
    } == unmoved
    changed = {name for name in before if unmoved.get(name) != before[name]}
    main = (shimmed.site_packages / "pip" / "__main__.py").relative_to(shimmed.folder)
    cache = f"{main.parent}/__pycache__/__main__.{sys.implementation.cache_tag}.pyc"
    assert changed == {*(f"bin/{name}" for name in COMMANDS), str(main), cache}
    assert {unmoved[name][1] for name in changed - {cache}} == {before[name][1] for name in changed - {cache}}
    runner.run([str(shimmed.python), "-m", "pip", "list"])  # Python compiles the shim
    for words in ("The shim of {} is off.\n", "{} has no shim.\n"):
        done = runner.inside("shim", "--remove", "--venv", shimmed.folder)
        assert (done.returncode, done.stdout, done.stderr) == (0, words.format(shimmed.folder), "")
        assert exact_state(shimmed.folder) == before


def test_a_file_that_is_shared_is_never_written_to(env: Environment, runner: Runner) -> None:
    """uv links the files of environments to those of its cache."""
    shared = env.folder.parent / "cache"
    shared.unlink(missing_ok=True)
    os.link(env.folder / "bin" / "pip", shared)
    text = shared.read_bytes()
    runner.inside("shim", "--venv", env.folder)
    assert shared.read_bytes() == text != (env.folder / "bin" / "pip").read_bytes()
    runner.inside("shim", "--remove", "--venv", env.folder)
    assert (env.folder / "bin" / "pip").samefile(shared)
    shared.unlink()


def test_byte_code_that_is_never_compared_does_not_run_in_its_place(env: Environment, runner: Runner) -> None:
    """Python would load it without a look at the shim beside it."""
    main = env.site_packages / "pip" / "__main__.py"
    (cache,) = main.parent.glob("__pycache__/__main__.*.pyc")
    kept = cache.rename(env.folder.parent / "kept")
    py_compile.compile(str(main), cfile=str(cache), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    unchecked = cache.read_bytes()
    runner.inside("shim", "--venv", env.folder)
    done = runner.run([str(env.python), "-m", "pip", "install", "--no-index", "nothing-of-this-name"])
    assert done.stderr.endswith(REFUSED)
    runner.inside("shim", "--remove", "--venv", env.folder)
    assert cache.read_bytes() == unchecked
    kept.replace(cache)


class Killed(BaseException):
    """The process ends here."""


#: What changes a folder.
STEPS = ("replace", "link", "unlink", "chmod", "rmdir", "mkdir")


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> bool:
    """Run until so many changes have been made, and whether it was killed then."""
    made = 0

    def counted(real_step: Callable[..., object]) -> Callable[..., object]:
        def change(*words: Any, **options: Any) -> object:
            nonlocal made
            if made == step:
                raise Killed
            made += 1
            return real_step(*words, **options)

        return change

    with monkeypatch.context() as patched:
        for name in STEPS:
            patched.setattr(os, name, counted(getattr(os, name)))
        try:
            run()
        except Killed:
            return True
    return False


def parts_of(env: Environment) -> Tree:
    """What a shim may change, and the shim's own folder."""
    pip = env.site_packages / "pip"
    tree = {name: state for name, state in exact_state(env.folder / "bin").items() if name.startswith("pip")}
    tree |= exact_state(pip / "__pycache__")
    found = (pip / "__main__.py").lstat()
    tree["main"] = ((pip / "__main__.py").read_text(), found.st_mode, found.st_mtime_ns, found.st_ino)
    return tree


def test_killed_between_any_two_steps_it_is_taken_off_or_put_on(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Putting it on and taking it off, at each step: then the next run does the rest, and nothing is lost."""
    place, root = find_place(str(env.python), os.environ), real(str(env.folder))
    before = parts_of(env)

    def put() -> None:
        put_on(place, str(env.python), ("no-program", "x"))

    put()
    on = {name: state[0] for name, state in parts_of(env).items()}
    take_off(root)
    steps = 0
    while kill_at(steps, monkeypatch, put):
        take_off(root)
        assert (parts_of(env), (env.folder / ".safepip-shim").exists()) == (before, False), steps
        assert kill_at(steps, monkeypatch, put)
        put()
        assert {name: state[0] for name, state in parts_of(env).items()} == on, steps
        take_off(root)
        assert parts_of(env) == before, steps
        steps += 1
    assert steps > 15
    ends = 0
    while kill_at(ends, monkeypatch, lambda: take_off(root)):
        if not bare_unshim.is_there(root):
            break
        put()
        assert {name: state[0] for name, state in parts_of(env).items()} == on, ends
        assert kill_at(ends, monkeypatch, lambda: take_off(root))
        take_off(root)
        assert (parts_of(env), (env.folder / ".safepip-shim").exists()) == (before, False), ends
        put()
        ends += 1
    assert ends > 5


def test_an_environment_without_pip_and_what_is_none_are_errors(run: Inside, target: Environment) -> None:
    """Nothing is made there."""
    before = target.state()
    done = run("shim", "--venv", target.folder)
    assert (done.code, done.err.splitlines()[0]) == (1, "error: nothing-to-shim")
    assert target.state() == before
    done = run("shim", "--venv", run.folder)
    assert (done.code, done.err.splitlines()[0]) == (1, "error: not-an-environment")
    (run.folder / "pyvenv.cfg").write_text("")
    assert "which holds no Python interpreter" in run("shim", "--venv", run.folder).err
    for words in (
        [],
        ["--venv"],
        ["--venv", target.folder, "x"],
        ["--remove"],
        ["--remove=1", "--venv", target.folder],
    ):
        done = run("shim", *words)
        assert (done.code, done.err.splitlines()[0]) == (2, "error: bad-option")
    for words in ([], ["csh"], ["bash", "zsh"]):
        done = run("shell-init", *words)
        assert (done.code, done.err.splitlines()[0], done.out) == (2, "error: bad-option", "")


def test_a_safepip_in_a_cache_is_not_written_down(
    run: Inside, env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvx runs it from there, and the cache may be emptied."""
    place = run.folder / "uv" / "archive-v0" / "x"
    place.mkdir(parents=True)
    (run.folder / "uv" / "CACHEDIR.TAG").touch()
    monkeypatch.setattr(sys, "prefix", str(place))
    for words in (["shim", "--venv", env.folder], ["shell-init", "bash"]):
        done = run(*words)
        assert (done.code, done.err.splitlines()[0], done.out) == (1, "error: shim-not-started", "")


def test_what_is_left_in_an_environment_is_for_any_python_that_pip_runs_on() -> None:
    """Its own may be older than safepip's."""
    for name in ("bare_shim.py", "bare_unshim.py"):
        ast.parse(own_text(name, "target"), feature_version=(3, 7))


def test_a_long_path_and_one_with_blanks_are_first_lines_of_sh(runner: Runner, tmp_path: Path) -> None:
    """What a first line cannot hold, sh starts; the line is a string to Python."""
    for name in ('it\'s a "blank" $HOME `x`', "x" * 200):
        python = tmp_path / name / "python"
        python.parent.mkdir()
        python.symlink_to(sys.executable)
        entry = ShimEntry("bin/pip", "none", "0" * 64, (), main=False)
        text = shim_text(
            "def run(*_words): print(__file__, sys.argv[1:])\nimport sys", Shim(str(python), ("x",)), entry
        )
        file = tmp_path / "script"
        file.write_text(text)
        file.chmod(0o755)
        done = runner.run([str(file), "a b"])
        assert (done.stdout, done.stderr) == (f"{file} ['a b']\n", "")
        assert text.startswith("#!/bin/sh\n")


# --- what is left by others -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../outside"},
        {"path": "/etc/passwd"},
        {"path": "bin/../../outside"},
        {"path": "out/outside"},
        {"path": 1},
        {"saved": "../state.json"},
        {"digest": "x"},
        {"shims": "0" * 64},
        {"main": "yes"},
        {"more": 1},
        {"cached": None},
    ],
    ids=str,
)
def test_a_state_that_a_stranger_wrote_leads_nowhere(
    shimmed: Environment, tmp_path: Path, change: dict[str, Any]
) -> None:
    """No path in it leads out of the environment, and nothing is changed."""
    file = shimmed.folder / ".safepip-shim" / "state.json"
    text = file.read_text()
    state = json.loads(text)
    outside = tmp_path / "outside"
    outside.write_text("mine")
    link = shimmed.folder / "out"
    link.symlink_to(tmp_path)
    try:
        state["entries"][0] |= {"shims": [bare_unshim.digest_of(str(outside))], **change}
        file.write_text(json.dumps(state))
        with pytest.raises(Unavailable) as caught:
            take_off(real(str(shimmed.folder)))
        assert caught.value.diagnostics[0].reference == "shim-damaged"
        (finding,) = look(real(str(shimmed.folder)), find_place(str(shimmed.python), os.environ)).findings
        assert finding.path == f"{real(str(shimmed.folder))}/.safepip-shim/"
        assert outside.read_text() == "mine"
    finally:
        file.write_text(text)
        link.unlink()


def test_what_is_kept_is_not_taken_from_elsewhere(shimmed: Environment, tmp_path: Path) -> None:
    """Through a link in its place, a file of another folder would be moved into the environment."""
    kept = shimmed.folder / ".safepip-shim" / "originals"
    moved = kept.rename(tmp_path / "elsewhere")
    before = exact_state(moved)
    kept.symlink_to(moved)
    for change in (take_off, lambda root: put_on(find_place(str(shimmed.python), os.environ), root, ("x",))):
        with pytest.raises(Unavailable):
            change(real(str(shimmed.folder)))
    assert exact_state(moved) == before
    kept.unlink()
    moved.rename(kept)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"version": 2}', "[" * 100_000, '{"version": 1, "python": "x", "command": []}']
)
def test_a_state_that_is_none_stops_every_way(shimmed: Environment, runner: Runner, text: str) -> None:
    """The program in the environment, too, says what helps."""
    file = shimmed.folder / ".safepip-shim" / "state.json"
    before = file.read_text()
    file.write_text(text)
    with pytest.raises(Unavailable):
        take_off(real(str(shimmed.folder)))
    if not text:
        own = runner.run([str(shimmed.python), "-I", str(shimmed.folder / ".safepip-shim" / "remove.py")])
        assert (own.returncode, own.stderr.splitlines()[1][:20]) == (1, "Nothing was changed.")
        done = runner.inside("shim", "--remove", "--venv", shimmed.folder)
        assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error: shim-damaged")
    file.write_text(before)


def test_a_state_that_is_lost_takes_nothing_away(shimmed: Environment, runner: Runner) -> None:
    """Neither is the shim taken for pip's own, nor are the originals thrown away."""
    file = shimmed.folder / ".safepip-shim" / "state.json"
    text = file.read_text()
    file.unlink()
    for words in (["--remove"], []):
        done = runner.inside("shim", *words, "--venv", shimmed.folder)
        assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error: shim-damaged")
    assert len(list((shimmed.folder / ".safepip-shim" / "originals").iterdir())) == 5
    file.write_text(text)


def test_an_original_that_is_lost_stops_pip_and_the_way_back(shimmed: Environment, runner: Runner) -> None:
    """pip's other verbs fail then, too, and say why."""
    (original,) = (shimmed.folder / ".safepip-shim" / "originals").glob("bin+pip-*")
    moved = original.rename(shimmed.folder.parent / "moved")
    done = runner.run([command(shimmed), "list"])
    assert done.returncode == 1
    assert done.stderr.startswith("error: pip's own entry point is missing: ")
    for words in (["--remove"], []):
        done = runner.inside("shim", *words, "--venv", shimmed.folder)
        assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error: shim-damaged")
    moved.rename(original)


# --- verify ---------------------------------------------------------------------------------------------------


def test_verify_sees_the_shim_and_what_became_of_it(
    shimmed: Environment, starts: tuple[str, ...], runner: Runner
) -> None:
    """Whole, it is no finding; gone, changed, of another version, it is one, and so is pip's own that was changed."""

    def findings() -> set[tuple[str, str, str]]:
        done = runner.inside("verify", "--python", shimmed.folder, "--json")
        report = json.loads(done.stdout)
        assert (report["shim"], done.returncode) == (starts[0], 20 if report["findings"] else 0)
        root = f"{real(str(shimmed.folder))}/"
        return {(item["kind"], item["path"].removeprefix(root), item["detail"]) for item in report["findings"]}

    assert findings() == set()
    folder = shimmed.folder / "bin"
    shims = {name: (folder / name).read_bytes() for name in COMMANDS}
    originals = {
        name: next((shimmed.folder / ".safepip-shim" / "originals").glob(f"bin+{name}-*")) for name in COMMANDS
    }
    (folder / "pip").write_bytes(originals["pip"].read_bytes())
    (folder / "pip3").write_bytes(shims["pip3"] + b"\n")
    (folder / COMMANDS[2]).unlink()
    assert findings() == {
        ("shim", "bin/pip", "is pip's own: the shim is not there any more"),
        ("shim", "bin/pip3", "is neither the shim nor what it replaced"),
        (
            "differs",
            "bin/pip3",
            f"has {len(shims['pip3']) + 1} bytes, RECORD says {len(originals['pip3'].read_bytes())}",
        ),
        ("shim", f"bin/{COMMANDS[2]}", "is not there, and the shim with it"),
        ("missing", f"bin/{COMMANDS[2]}", None),
    }
    for name, data in shims.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o755)
    assert findings() == set()
    kept = originals["pip"].stat()
    text = originals["pip"].read_bytes()
    originals["pip"].write_bytes(text.replace(b"sys.exit", b"sys.exiT"))
    assert {(kind, path) for kind, path, _ in findings()} == {("differs", "bin/pip")}
    originals["pip"].write_bytes(text)
    os.utime(originals["pip"], ns=(kept.st_atime_ns, kept.st_mtime_ns))


def test_what_was_changed_or_removed_is_repaired_or_is_pips_again(
    shimmed: Environment, shared: tuple[Environment, Tree], runner: Runner
) -> None:
    """A shim that is only half there has no value of its own; its original is not thrown away."""
    folder, main = shimmed.folder / "bin", shimmed.site_packages / "pip" / "__main__.py"
    whole = {file: file.read_bytes() for file in (*(folder / name for name in COMMANDS), main)}

    def spoil() -> None:
        (folder / "pip").write_bytes(whole[folder / "pip"] + b"# mine\n")
        (folder / "pip3").write_bytes(b"")
        (folder / COMMANDS[2]).unlink()
        main.write_bytes(whole[main][:2000])

    spoil()
    assert runner.inside("verify", "--python", shimmed.folder).returncode == 20
    done = runner.safepip("shim", "--venv", shimmed.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert {file: file.read_bytes() for file in whole} == whole
    assert all(os.access(folder / name, os.X_OK) for name in COMMANDS)
    spoil()
    lines = take_off(real(str(shimmed.folder)))
    assert sorted(lines) == sorted(
        [
            "bin/pip was changed, and is pip's own again",
            "bin/pip3 was changed, and is pip's own again",
            f"bin/{COMMANDS[2]} was not there any more, and is pip's own again",
            f"{main.relative_to(shimmed.folder)} was changed, and is pip's own again",
        ]
    )
    assert exact_state(shimmed.folder) == shared[1]


def test_a_shim_that_was_changed_together_with_its_digest_is_seen(shimmed: Environment, runner: Runner) -> None:
    """What belongs there is made once more, and not believed."""
    file = shimmed.folder / ".safepip-shim" / "state.json"
    text, shim = file.read_text(), (shimmed.folder / "bin" / "pip").read_bytes()
    (shimmed.folder / "bin" / "pip").write_bytes(shim.replace(b"is_routed(sys.argv[1:]", b"is_routed([]"))
    digest = bare_unshim.digest_of(str(shimmed.folder / "bin" / "pip"))
    state = json.loads(text)
    state["entries"] = [item | ({"shims": [digest]} if item["path"] == "bin/pip" else {}) for item in state["entries"]]
    file.write_text(json.dumps(state))
    done = runner.inside("verify", "--python", shimmed.folder)
    assert done.returncode == 20
    assert "bin/pip  is the shim of another version, or was changed together with its digest\n" in done.stdout
    again = runner.safepip("shim", "--venv", shimmed.folder)
    assert again.returncode == 0
    assert (shimmed.folder / "bin" / "pip").read_bytes() == shim
    assert runner.inside("verify", "--python", shimmed.folder).returncode == 0
    assert shutil.which("pip", path=str(shimmed.folder / "bin")) is not None
