"""`safepip verify` in real environments: a clean one passes, and whatever is changed in one is named."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import py_compile
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.target.installed_files import read_file, read_small, walk
from safepip.edges.target.listing import find_place, real
from safepip.environment.verification import State
from support.environment import SAFEPIP, Environment, Runner, make_environment
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.inside import Inside

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with two distributions, installed by the real pip once."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "project").mkdir()
    runner = Runner(folder / "project", folder / "home")
    made = make_environment(folder / "environment")
    files = {"app/data.txt": "data", "app/sub/deep.py": "x = 1\n", "app-1.0.data/data/share/app.txt": "shared"}
    make_wheel(folder / "wheels", "app", "1.0", files=files, scripts={"app-run": "app:main"})
    make_wheel(folder / "wheels", "lib", "2.0", files={"lib-hook.pth": "import lib\n"})
    options = ("install", "-q", "--no-index", "--find-links", folder / "wheels")
    done = runner.pip("--python", made.python, *options, "app", "lib")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def env(template: Environment, tmp_path: Path) -> Environment:
    """A copy of it to tamper with."""
    shutil.copytree(template.folder, tmp_path / "env", symlinks=True)
    return Environment(tmp_path / "env")


def verified(run: Inside, env: Environment, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the findings."""
    done = run("verify", "--python", env.python, "--json", *words)
    assert done.err.startswith(f"Environment: {real(str(env.folder))} (Python ")
    assert done.err.count("\n") == 1
    report = json.loads(done.out)
    assert report["clean"] is (report["findings"] == []) is (done.code == 0)
    return done.code, report["findings"]


def found(run: Inside, env: Environment, *words: str) -> set[tuple[str, str]]:
    """Kind and path, from the environment's folder on, of each finding."""
    prefix = real(str(env.folder))
    _, findings = verified(run, env, *words)
    return {(item["kind"], (item["path"] or item["detail"]).removeprefix(f"{prefix}/")) for item in findings}


def site(env: Environment, name: str) -> str:
    """A path of site-packages, from the environment's folder on."""
    return (env.site_packages / name).relative_to(env.folder).as_posix()


# --- clean environments -------------------------------------------------------------------------------------------


def test_what_pip_has_installed_is_clean(run: Inside, runner: Runner, env: Environment) -> None:
    """Scripts, data files, byte code and a distribution's own start-up hook belong to somebody; nothing is written."""
    before = env.state()
    done = runner.safepip("verify", "--python", env.python)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    last = f"{real(str(env.folder))}: 2 distributions, 18 files checked; everything is as its RECORD says\n"
    assert done.stdout == last
    assert verified(run, env) == (0, [])
    assert env.state() == before


@pytest.mark.parametrize("with_pip", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["empty", "with pip"])
def test_fresh_environments_are_clean(with_pip: bool, run: Inside, tmp_path: Path) -> None:
    """`python -m venv`, with its pip and without: the interpreter and activation scripts are the environment's."""
    import venv

    venv.EnvBuilder(with_pip=with_pip, symlinks=os.name != "nt").create(tmp_path / "fresh")
    done = run("verify", "--python", tmp_path / "fresh")
    assert done.code == 0, done.out + done.err


def test_virtualenvs_own_hook_is_known_by_its_content(run: Inside, env: Environment) -> None:
    """virtualenv's `_virtualenv.pth` is no news; the same name with other content is."""
    hook = env.site_packages / "_virtualenv.pth"
    hook.write_text("import _virtualenv")
    assert found(run, env) == set()
    hook.write_text("import _virtualenv, lib")
    assert found(run, env) == {("unowned-hook", site(env, "_virtualenv.pth"))}


def test_python_may_stand_before_the_verb_and_names_limit_what_is_checked(
    run: Inside, runner: Runner, env: Environment
) -> None:
    (env.site_packages / "app" / "data.txt").write_text("DATA")
    (env.site_packages / "stray.py").write_text("")
    done = runner.inside("--python", env.folder, "verify", "Lib")
    assert (done.returncode, "1 distribution, " in done.stdout) == (0, True)
    assert found(run, env, "app") == {("differs", site(env, "app/data.txt"))}
    assert found(run, env, "lib", "nobody") == {("not-installed", "nobody is not installed here")}


def test_people_get_groups_with_the_gravest_first(runner: Runner, env: Environment) -> None:
    (env.site_packages / "app" / "data.txt").write_text("DATA")
    (env.site_packages / "zz\x1b[2J.pth").write_text("")
    (env.site_packages / "stray").mkdir()
    for name in ("one.py", "two.py"):
        (env.site_packages / "stray" / name).write_text("")
    done = runner.inside("verify", "--python", env.python)
    assert done.returncode == 20
    assert done.stdout.splitlines() == [
        "start-up hooks that belong to no distribution; Python runs them whenever it starts:",
        f"  {site(env, 'zz�[2J.pth')}",
        "files that differ from their RECORD:",
        f"  {site(env, 'app/data.txt')}  app 1.0: has a different sha256 than RECORD says",
        "files that belong to no distribution:",
        f"  {site(env, 'stray')}/  2 files, none belongs to a distribution",
        f"{real(str(env.folder))}: 2 distributions, 18 files checked; 3 findings",
    ]
    quiet = runner.inside("verify", "--python", env.python, "-q")
    assert quiet.stdout.splitlines() == done.stdout.splitlines()[:-1]


# --- tampering ----------------------------------------------------------------------------------------------------


def rewrite_record(env: Environment, change: Callable[[str], str], info: str = "app-1.0.dist-info") -> None:
    """Change a RECORD's text."""
    record = env.site_packages / info / "RECORD"
    record.write_bytes(change(record.read_bytes().decode()).encode())


def row(env: Environment, name: str) -> str:
    """The row that a file of site-packages would rightly have."""
    data = (env.site_packages / name).read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"


def add(name: str) -> Callable[[Environment], None]:
    """Put a file of nobody's into site-packages."""

    def tamper(env: Environment) -> None:
        (env.site_packages / name).parent.mkdir(exist_ok=True)
        (env.site_packages / name).write_text("pass\n")

    return tamper


def change(name: str) -> Callable[[Environment], None]:
    """Change a file to another one of the same length and time."""

    def tamper(env: Environment) -> None:
        path = env.site_packages / name
        before = path.stat()
        path.write_bytes(bytes(reversed(path.read_bytes())))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return tamper


def remove(name: str) -> Callable[[Environment], None]:
    return lambda env: (env.site_packages / name).unlink()


TAMPERED = {
    "a module": (change("app/__init__.py"), {("differs", "app/__init__.py")}),
    "metadata": (change("app-1.0.dist-info/METADATA"), {("differs", "app-1.0.dist-info/METADATA")}),
    "who installed it": (change("app-1.0.dist-info/INSTALLER"), {("differs", "app-1.0.dist-info/INSTALLER")}),
    "a script": (change("../../../bin/app-run"), {("differs", "../../../bin/app-run")}),
    "a data file": (change("../../../share/app.txt"), {("differs", "../../../share/app.txt")}),
    "an owned hook": (change("lib-hook.pth"), {("differs", "lib-hook.pth")}),
    "a module gone": (remove("app/sub/deep.py"), {("missing", "app/sub/deep.py")}),
    "a hook": (add("evil.pth"), {("unowned-hook", "evil.pth")}),
    "a start file": (add("evil.start"), {("unowned-hook", "evil.start")}),
    "sitecustomize": (add("sitecustomize.py"), {("unowned-hook", "sitecustomize.py")}),
    "usercustomize as a package": (add("usercustomize/__init__.py"), {("unowned-hook", "usercustomize/")}),
    "a compiled sitecustomize": (add("sitecustomize.abi3.so"), {("unowned-hook", "sitecustomize.abi3.so")}),
    "a module of nobody": (add("app/extra.py"), {("unowned", "app/extra.py")}),
    "a file of the metadata": (add("app-1.0.dist-info/extra.txt"), {("unowned", "app-1.0.dist-info/extra.txt")}),
    "a whole package": (add("payload/__init__.py"), {("unowned", "payload/")}),
    "a command of nobody": (add("../../../bin/pip-helper"), {("unowned", "../../../bin/pip-helper")}),
    "byte code without a source": (add("app/ghost.pyc"), {("unowned", "app/ghost.pyc")}),
    "byte code of nothing": (
        add("app/__pycache__/ghost.cpython-311.pyc"),
        {("unowned", "app/__pycache__/ghost.cpython-311.pyc")},
    ),
}  # fmt: skip


@POSIX
@pytest.mark.parametrize(("tamper", "expected"), TAMPERED.values(), ids=TAMPERED)
def test_each_kind_of_tampering_is_found_and_nothing_else(
    run: Inside, env: Environment, tamper: Callable[[Environment], None], expected: set[tuple[str, str]]
) -> None:
    tamper(env)
    wanted = {(kind, os.path.normpath(site(env, path)) + "/" * path.endswith("/")) for kind, path in expected}
    assert found(run, env) == wanted


def test_a_record_that_agrees_with_the_change_still_proves_only_itself(run: Inside, env: Environment) -> None:
    """Who rewrites RECORD too is not found here: it is what everything is held against."""
    change("app/__init__.py")(env)
    rewrite_record(env, lambda text: "\n".join(
        row(env, "app/__init__.py") if line.startswith("app/__init__.py") else line for line in text.splitlines()
    ))  # fmt: skip
    assert found(run, env) == set()


@POSIX
def test_nothing_is_opened_but_regular_files_of_the_environment(run: Inside, env: Environment) -> None:
    """A pipe that would block for ever, a device, links, and rows that lead outside are named and not read."""
    for name in ("app/data.txt", "app/__init__.py", "app/sub/deep.py"):
        (env.site_packages / name).unlink()
    os.mkfifo(env.site_packages / "app/data.txt")
    (env.site_packages / "app/__init__.py").symlink_to("/dev/zero")
    (env.site_packages / "app/sub/deep.py").mkdir()
    (env.site_packages / "outside").symlink_to("/etc")
    os.mkfifo(env.site_packages / "pipe")
    rewrite_record(env, lambda text: text + "/dev/zero,,\n../../../../elsewhere,,\noutside/passwd,,\n")
    details = {item["detail"] for item in verified(run, env)[1] if item["kind"] == "differs"}
    assert details == {"is a link to /dev/zero", "is not a regular file"}
    assert found(run, env) == {
        ("differs", site(env, "app/data.txt")),
        ("differs", site(env, "app/__init__.py")),
        ("differs", site(env, "app/sub/deep.py")),
        ("outside", "/dev/zero"),
        ("outside", real(str(env.folder.parent / "elsewhere"))),
        ("outside", "/etc/passwd"),
        ("unowned", site(env, "outside")),
        ("unowned", site(env, "pipe")),
    }


def test_one_file_of_two_distributions_is_named_with_both(run: Inside, env: Environment) -> None:
    rewrite_record(env, lambda text: f"{text}{row(env, 'app/data.txt')}\n", "lib-2.0.dist-info")
    _, findings = verified(run, env)
    assert [(item["kind"], item["detail"]) for item in findings] == [("shared", "app 1.0 and lib 2.0")]


def test_a_size_counts_as_much_as_a_digest(run: Inside, env: Environment) -> None:
    """The digest is right, and RECORD names another size."""
    rewrite_record(env, lambda text: text.replace(row(env, "app/data.txt"), row(env, "app/data.txt") + "0"))
    _, findings = verified(run, env)
    assert [item["detail"] for item in findings] == ["has 4 bytes, RECORD says 40"]


def test_rows_that_prove_nothing_are_named(run: Inside, env: Environment) -> None:
    """No digest, and a digest that can be forged, are findings even where the file is right."""
    md5 = base64.urlsafe_b64encode(hashlib.md5(b"data").digest()).rstrip(b"=").decode()

    def weaken(text: str) -> str:
        rows = {line.partition(",")[0]: line for line in text.splitlines()}
        rows["app/data.txt"] = f"app/data.txt,md5={md5},4"
        rows["app/sub/deep.py"] = "app/sub/deep.py,,"
        return "\n".join(rows.values())

    rewrite_record(env, weaken)
    assert found(run, env) == {
        ("no-digest", site(env, "app/data.txt")),
        ("no-digest", site(env, "app/sub/deep.py")),
    }


def test_distributions_that_cannot_be_checked_are_never_passed_over(run: Inside, env: Environment) -> None:
    """No RECORD, a broken one, and an egg-info each stand in the list, and their files do not."""
    sp = env.site_packages
    (sp / "lib-2.0.dist-info" / "RECORD").unlink()
    (sp / "lib-2.0.dist-info" / "top_level.txt").write_text("lib\nlib-hook\n")
    (sp / "old-1.0-py3.11.egg-info").mkdir()
    (sp / "old-1.0-py3.11.egg-info" / "top_level.txt").write_text("old\n")
    (sp / "old.py").write_text("")
    _, findings = verified(run, env)
    assert [(item["kind"], item["distribution"], item["detail"]) for item in findings] == [
        ("unowned-hook", None, None),
        ("not-checkable", "lib", "it has no RECORD (installed by pip)"),
        ("not-checkable", "old", "an old kind of metadata without RECORD"),
    ]
    rewrite_record(env, lambda text: text + '"open\n')
    _, findings = verified(run, env, "app")
    assert findings[0]["kind"] == "not-checkable"
    assert "RECORD cannot be read" in findings[0]["detail"]


def test_an_editable_project_is_checked_by_its_record_and_its_folder_is_named(
    run: Inside, runner: Runner, env: Environment
) -> None:
    """Where its code lies is not a finding; a start-up file that has changed is."""
    info = env.site_packages / "lib-2.0.dist-info"
    direct = {"url": "file:///srv/lib", "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(direct))
    record = info / "RECORD"
    record.write_text(f"{record.read_text()}{row(env, 'lib-2.0.dist-info/direct_url.json')}\n")
    assert verified(run, env) == (0, [])
    done = runner.inside("verify", "--python", env.python, "--json")
    assert json.loads(done.stdout)["editable"] == [{"distribution": "lib", "version": "2.0", "url": "file:///srv/lib"}]
    told = runner.inside("verify", "--python", env.python).stdout.splitlines()
    assert told[:2] == [
        "editable projects, whose code lies elsewhere and was not checked:",
        "  lib 2.0: file:///srv/lib",
    ]
    (env.site_packages / "lib-hook.pth").write_text("/srv/other\n")
    assert found(run, env) == {("differs", site(env, "lib-hook.pth"))}


# --- byte code ----------------------------------------------------------------------------------------------------


def test_byte_code_that_python_checks_is_derived_and_what_it_does_not_check_is_named(
    run: Inside, env: Environment
) -> None:
    """Rewritten, stale or foreign byte code beside its source is nobody's concern; one that is never checked is."""
    source = env.site_packages / "app" / "sub" / "deep.py"
    cache = source.parent / "__pycache__"
    shutil.rmtree(cache)
    assert found(run, env) == set()
    py_compile.compile(str(source), optimize=2)
    (cache / "deep.cpython-38.pyc").write_bytes(b"stale")
    (cache / "deep.cpython-311-pytest-9.0.1.pyc").write_bytes(bytes(16))
    assert found(run, env) == set()
    never = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compiled = py_compile.compile(str(source), invalidation_mode=never)
    assert compiled is not None
    name = site(env, f"app/sub/__pycache__/{Path(compiled).name}")
    assert found(run, env) == {("unchecked-byte-code", name)}
    inside = f"app/sub/__pycache__/{Path(compiled).name}"
    rewrite_record(env, lambda text: f"{text}{row(env, inside)}\n")
    assert found(run, env) == set(), "with a digest in RECORD it is proven"


# --- what runs, and how it ends -----------------------------------------------------------------------------------


def test_nothing_of_the_environment_runs(runner: Runner, env: Environment) -> None:
    """Neither `.pth` nor sitecustomize nor a module of the probe's own imports; a plain start would run them."""
    marker = runner.folder / "ran"
    payload = f"open({str(marker)!r}, 'a').close()\n"
    (env.site_packages / "evil.pth").write_text(f"import os; {payload}")
    for name in ("sitecustomize.py", "json.py", "os.py", "sysconfig.py"):
        (env.site_packages / name).write_text(payload)
    (runner.folder / "json.py").write_text(payload)
    done = runner.safepip("verify", "--python", env.python)
    assert done.returncode == 20
    assert not marker.exists()
    subprocess.run([str(env.python), "-c", ""], check=True)
    assert marker.exists(), "the hook would have run in an ordinary start"


def test_an_environment_that_sees_another_ones_packages_says_what_was_not_looked_at(
    runner: Runner, env: Environment
) -> None:
    config = env.folder / "pyvenv.cfg"
    config.write_text(config.read_text().replace("packages = false", "packages = true"))
    done = runner.safepip("verify", "--python", env.python, "--json", env={"PYTHONNOUSERSITE": "1"})
    assert done.returncode == 0
    assert json.loads(done.stdout)["not_looked_at"] == [real(sys.base_prefix)]
    assert "which was not looked at" in done.stderr


def test_the_user_site_belongs_to_an_environment_that_looks_there(runner: Runner, tmp_path: Path) -> None:
    """As Python itself decides: not in a virtual environment, and not with PYTHONNOUSERSITE."""
    base = str(getattr(sys, "_base_executable", sys.executable))
    environ = {**runner.environment(), "PYTHONUSERBASE": str(tmp_path / "me")}
    asked = subprocess.run(
        [base, "-c", "import site; print(site.ENABLE_USER_SITE and site.USER_SITE)"],
        env=environ, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    place = find_place(base, environ)
    assert real(asked) in place.sites
    assert place.scripts == ""
    assert real(asked) not in find_place(base, {**environ, "PYTHONNOUSERSITE": "1"}).sites


def test_no_interpreter_and_no_such_option_are_errors(runner: Runner, tmp_path: Path) -> None:
    done = runner.inside("verify", "--python", tmp_path / "nowhere")
    assert (done.returncode, "python-not-found" in done.stderr) == (1, True)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    done = runner.inside("verify", "--python", broken)
    assert (done.returncode, "python-failed" in done.stderr) == (1, True)
    done = runner.inside("verify", "--jason")
    assert (done.returncode, "bad-option" in done.stderr) == (2, True)
    assert "[name] ..." in runner.inside("verify", "--help").stdout


@POSIX
def test_ctrl_c_ends_it_at_once(runner: Runner, env: Environment) -> None:
    """A file larger than anybody waits for, in an environment large enough for threads."""
    with (env.site_packages / "huge.bin").open("wb") as file:
        file.truncate(1 << 42)
    rows = []
    for number in range(300):
        (env.site_packages / f"small{number}.txt").write_text("")
        rows.append(row(env, f"small{number}.txt"))
    rewrite_record(env, lambda text: "\n".join([f"huge.bin,sha256={'A' * 43},", *rows, text]))
    process = subprocess.Popen(
        [SAFEPIP, "verify", "--python", str(env.python)],
        env=runner.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""


@contextmanager
def powerless(path: Path) -> Iterator[None]:
    """Without the right to read what lies at a path, even where the tests run as root."""
    before = path.stat().st_mode
    path.chmod(0)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        path.chmod(before)


@POSIX
def test_special_files_are_not_even_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Opening a device can do something, and a socket cannot be opened: the kind is asked of the path first."""
    monkeypatch.chdir(tmp_path)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert read_file("socket", "sha256").state is State.OTHER
    (tmp_path / "link").symlink_to("socket")
    assert read_file("link", "sha256") == (State.LINK, 0, b"", "socket")


@POSIX
def test_what_cannot_be_read_is_told_and_not_raised(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with powerless(file):
        assert read_file(str(file), "sha256").state is State.UNREADABLE
        assert read_small(str(file), 10) == (None, "Permission denied")
    folder = tmp_path / "folder"
    folder.mkdir()
    unread: dict[str, str] = {}
    with powerless(folder):
        assert list(walk(str(folder), unread)) == []
    assert unread == {str(folder): "Permission denied"}
    assert read_file(str(tmp_path / "none"), "sha256").state is State.MISSING
    assert read_file(str(file / "below"), "").state is State.MISSING
    assert read_small(str(file), 0) == (None, "too large")


def test_a_name_with_more_than_a_name_is_a_mistake_and_no_finding(runner: Runner, env: Environment) -> None:
    """`app==1.0` is installed, so to say that it is not would be wrong."""
    done = runner.inside("verify", "--python", env.python, "app==1.0")
    assert done.returncode == 1
    assert "app==1.0 is not a valid project name" in done.stderr
    assert "hint: give the name alone: app" in done.stderr


def test_that_safepip_lives_in_the_environment_is_said_in_a_whole_sentence(runner: Runner) -> None:
    """What ran before the look could have changed what is seen."""
    done = runner.inside("verify", "pip")
    assert "so its start-up hooks have run already\n" in done.stderr
