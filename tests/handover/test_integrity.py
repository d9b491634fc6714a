"""What pip has installed is held against what was cleared: an honest pip shows nothing, and any other something."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from safepip.edges.pip import installed_wheels
from safepip.edges.pip import running as edge
from safepip.edges.target.interpreter import probe
from safepip.environment.verification import FoundFile, State
from safepip.handover.instructions import Handover, make_handover
from safepip.handover.integrity import (
    Arrangement,
    Comparison,
    Content,
    ExpectedFile,
    compare,
    expected_files,
    judge,
    with_each_other,
    with_interpreter,
)
from safepip.model.errors import PipFailed
from safepip.model.evidence import ClearedWheel
from safepip.model.plan import Settings, Target, UpgradeStrategy
from safepip.wheel.byte_code import is_cached, is_never_checked, possible_sources
from safepip.wheel.install_paths import Layout, layout_of
from safepip.wheel.record import record_digest
from support.clearing import LAYOUT, wheel_under_review
from support.environment import Environment, clean_environment, make_environment
from support.handing import Chosen, install, resolve
from support.wheels import build_wheel, make_wheel, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.environment import Runner
    from support.index import IndexServer

POSIX = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")

#: A wheel with a file for every scheme, scripts of all kinds, byte code of its own, and a signature.
FULL: dict[str, str | bytes] = {
    "app/sub/deep.py": "x = 1\n",
    "app/a, b.txt": "a comma",
    "app/sub/__pycache__/deep.cpython-311.pyc": b"compiled by somebody",
    "app-1.0.data/scripts/plain.sh": "#!/bin/sh\n",
    "app-1.0.data/scripts/tool": "#!pythonw\nprint('tool')\n",
    "app-1.0.data/scripts/app-run-script.py": "#!python\nprint('wrapper of an old generator')\n",
    "app-1.0.data/data/share/app/app.txt": "data",
    "app-1.0.data/headers/app.h": "// header",
    "app-1.0.data/purelib/app/more.py": "y = 2\n",
    "app-1.0.data/platlib/app/native.py": "z = 3\n",
    "app-1.0.dist-info/RECORD.jws": "signature",
}


def full_wheel(folder: Path) -> Path:
    """It, in a folder."""
    return make_wheel(folder, "app", "1.0", files=FULL, scripts={"app-run": "app:main"})


@pytest.fixture
def hand(runner: Runner, target: Environment) -> Callable[..., int]:
    """Hand wheels to the real pip for a fresh environment."""

    def run(*wheels: Path, settings: Settings | None = None, env: Mapping[str, str] | None = None) -> int:
        choices = [Chosen(wheel, requested=True) for wheel in wheels]
        return install(target.python, choices, settings=settings, environ=runner.environment(env))

    return run


# --- the real pip -------------------------------------------------------------------------------------------------


@POSIX
@pytest.mark.usually("target", "elsewhere")
@pytest.mark.parametrize("options", ["no-compile", "prefix", "root", "target", "elsewhere"])
def test_an_honest_pip_passes_wherever_it_installs(hand: Callable[..., int], tmp_path: Path, options: str) -> None:
    """With every kind of file that a wheel can have, and byte code where PYTHONPYCACHEPREFIX sends it."""
    place = str(tmp_path / "place")
    chosen = {
        "no-compile": Settings(forwarded=("--no-compile",)),
        "prefix": Settings(prefix_dir=place, forwarded=("--prefix", place)),
        "root": Settings(root_dir=place, forwarded=("--root", place)),
        "target": Settings(target_dir=place, forwarded=("--target", place)),
    }.get(options, Settings())
    env = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache")} if options == "elsewhere" else {}
    assert hand(full_wheel(tmp_path), settings=chosen, env=env) == 0


@POSIX
def test_an_honest_pip_passes_in_the_users_own_folder(runner: Runner, tmp_path: Path) -> None:
    """`--user`, of the Python that virtual environments are made of."""
    base = str(getattr(sys, "_base_executable", sys.executable))
    if (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists():
        pytest.skip("this Python is its distributor's")
    environ = runner.environment({"PYTHONUSERBASE": str(tmp_path / "me")})
    chosen = Chosen(full_wheel(tmp_path), requested=True)
    assert install(base, [chosen], settings=Settings(user=True, forwarded=("--user",)), environ=environ) == 0
    assert (tmp_path / "me" / "bin" / "tool").exists()


def test_a_wheel_named_by_url_passes(runner: Runner, target: Environment, tmp_path: Path) -> None:
    """direct_url.json is pip's, and its row follows when safepip completes it."""
    chosen = Chosen(full_wheel(tmp_path), requested=True, direct_url="https://acme.example/app-1.0-py3-none-any.whl")
    assert install(target.python, [chosen], environ=runner.environment()) == 0


@POSIX
def test_what_was_in_a_target_folder_before_is_no_difference(hand: Callable[..., int], tmp_path: Path) -> None:
    """pip keeps it and says so; with --upgrade it is replaced, and looked at again."""
    place = str(tmp_path / "place")
    keep = Settings(target_dir=place, forwarded=("--target", place))
    first, second = make_wheel(tmp_path, "app", "1.0"), make_wheel(tmp_path, "app", "2.0", files={"app/new.py": ""})
    assert hand(first, settings=keep) == 0
    assert hand(second, settings=keep) == 0
    assert not (tmp_path / "place" / "app" / "new.py").exists()
    assert hand(second, settings=keep._replace(upgrade=UpgradeStrategy.EAGER)) == 0
    assert (tmp_path / "place" / "app" / "new.py").exists()


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda site: (site / name).write_text(text)


def add_row(row: str) -> Callable[[Path], object]:
    return lambda site: _edit(site, lambda text: text + row + "\r\n")


def to_link(name: str) -> Callable[[Path], object]:
    def tamper(site: Path) -> None:
        (site / name).unlink()
        (site / name).symlink_to("/dev/zero")

    return tamper


def _edit(site: Path, change: Callable[[str], str]) -> None:
    record = site / "app-1.0.dist-info" / "RECORD"
    record.write_bytes(change(record.read_bytes().decode()).encode())


def other_row(name: str) -> Callable[[Path], object]:
    """Another digest in a row, of a file that stays as it is."""
    digest = record_digest("sha256", bytes(32))
    return lambda site: _edit(site, lambda text: re.sub(rf"(?m)^{re.escape(name)},[^,]*", f"{name},{digest}", text))


def drop_row(name: str) -> Callable[[Path], object]:
    return lambda site: _edit(
        site, lambda text: "".join(line for line in text.splitlines(keepends=True) if not line.startswith(name))
    )


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "content": (write("app/sub/deep.py", "x = 2\n"), "app/sub/deep.py has a different sha256 than was verified"),
    "length": (write("app/__init__.py", ""), "app/__init__.py has 0 bytes, and 20 were verified"),
    "metadata": (write("app-1.0.dist-info/METADATA", "Name: app"), "METADATA has 9 bytes"),
    "installer": (write("app-1.0.dist-info/INSTALLER", "me!\n"), "INSTALLER has a different sha256"),
    "data": (write("../../../share/app/app.txt", "DATA"), "share/app/app.txt has a different sha256"),
    "script": (write("../../../bin/plain.sh", "#!/bin/zz\n"), "bin/plain.sh has a different sha256"),
    "changed script": (write("../../../bin/tool", "#!/bin/sh\nprint('tool')\n"), "bin/tool has "),
    "entry point": (write("../../../bin/app-run", "#!/bin/sh\n"), "bin/app-run has "),
    "missing": (lambda site: (site / "app/sub/deep.py").unlink(), "app/sub/deep.py is missing"),
    "link": (to_link("app/sub/deep.py"), "app/sub/deep.py is a link to /dev/zero"),
    "extra row": (add_row("evil.pth,,"), "evil.pth, which was not verified"),
    "extra byte code": (add_row("app/__pycache__/evil.cpython-311.pyc,,"), "evil.cpython-311.pyc, which was not"),
    "row outside": (add_row("../../../../../etc/passwd,,"), "etc/passwd, which was not verified"),
    "row gone": (drop_row("app/sub/deep.py"), "RECORD does not list"),
    "script's row": (other_row("../../../bin/tool"), "bin/tool is not as RECORD describes it"),
    "installer's row": (other_row("app-1.0.dist-info/INSTALLER"), "INSTALLER is not as RECORD describes it"),
    "script's row gone": (drop_row("../../../bin/app-run"), "RECORD does not list the script"),
    "RECORD gone": (lambda site: (site / "app-1.0.dist-info/RECORD").unlink(), "RECORD is not there"),
    "RECORD broken": (add_row('"'), "RECORD cannot be read"),
}  # fmt: skip


class Done(NamedTuple):
    """An installation that pip has made of the full wheel, and a copy of it to go back to."""

    environment: Environment
    backup: Path
    handover: Handover
    target: Target

    def check(self) -> None:
        """Hold it against the wheel again."""
        installed_wheels.check_installed(self.handover, self.target, Settings(), {})

    def restore(self) -> None:
        """As it was."""
        shutil.rmtree(self.environment.folder)
        shutil.copytree(self.backup, self.environment.folder, symlinks=True)


@pytest.fixture(scope="module")
def installed_once(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("integrity")
    environ = clean_environment(folder / "home")
    made = make_environment(folder / "environment")
    target = probe(str(made.python), Settings(), environ)
    chosen = Chosen(full_wheel(folder), requested=True)
    resolution, wheels = resolve([chosen], (), layout_of(Settings(), target))
    with edge.private_folder() as private:
        handover = make_handover(resolution, wheels, Settings(), private)
        assert handover is not None
        assert edge.hand_over(handover, target, Settings(), environ) == 0
    shutil.copytree(made.folder, folder / "backup", symlinks=True)
    return Done(made, folder / "backup", handover, target)


@POSIX
def test_an_honest_pip_passes_in_an_environment(installed_once: Done) -> None:
    """It has changed a script, and that is known."""
    installed_once.check()
    environment = installed_once.environment
    assert (environment.folder / "bin" / "tool").read_text() == f"#!{environment.python}\nprint('tool')\n"


@POSIX
@pytest.mark.parametrize(("tamper", "line"), TAMPERED.values(), ids=TAMPERED)
def test_each_difference_is_an_integrity_failure(
    installed_once: Done, tamper: Callable[[Path], object], line: str
) -> None:
    """Of what the real pip has installed, one thing is changed."""
    installed_once.check()
    try:
        tamper(installed_once.environment.site_packages)
        with pytest.raises(PipFailed) as caught:
            installed_once.check()
    finally:
        installed_once.restore()
    (problem,) = caught.value.diagnostics
    assert (problem.reference, problem.subject) == ("installed-differs", "app")
    assert line in "\n".join(problem.context)
    assert caught.value.exit_code == 1


def test_nobody_says_that_something_was_installed_before_it_was_looked_at(
    hand: Callable[..., int],
    target: Environment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Another program changes what pip has written while pip runs."""
    run_pip = edge.run_pip

    def pip_and_another(*args: Any, **more: Any) -> int:
        code = run_pip(*args, **more)
        write("app/sub/deep.py", "evil\n")(target.site_packages)
        return code

    monkeypatch.setattr(edge, "run_pip", pip_and_another)
    with pytest.raises(PipFailed, match="installed-differs"):
        hand(full_wheel(tmp_path))
    assert "Successfully installed" not in capfd.readouterr().out


@POSIX
def test_a_hook_in_the_environment_cannot_change_what_pip_installs(
    index: IndexServer, runner: Runner, target: Environment
) -> None:
    """The hostile environment is real: its start-up hook would rewrite a module when pip ends, and does not run."""
    index.add_wheel("app", *build_wheel("app", "1.0"), version="1.0")
    victim = target.site_packages / "app" / "__init__.py"
    # Not a sitecustomize: a system may have one of its own, which goes first.
    (target.site_packages / "hook.pth").write_text("import strikes\n")
    (target.site_packages / "strikes.py").write_text(
        "import atexit, os, sys\n"
        f"def strike(path={str(victim)!r}):\n"
        "    if os.path.exists(path):\n"
        "        open(path, 'a').write('import evil\\n')\n"
        "atexit.register(strike)\n"
    )
    done = runner.safepip("install", "--python", target.python, "-i", index.url, "app")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "evil" not in victim.read_text()
    subprocess.run([target.python, "-c", ""], check=True)
    assert "evil" in victim.read_text(), "an ordinary start runs it"


@POSIX
def test_a_file_that_an_upgrade_of_another_project_takes_away_is_missed(
    hand: Callable[..., int], tmp_path: Path
) -> None:
    """`one` 2.0 no longer has the file that `two` 2.0 brings; pip removes it with `one` 1.0, after `two` was there."""
    shared = {"shared/module.py": "shared = 1\n"}
    first = make_wheel(tmp_path, "zone", "1.0", files=shared)
    assert hand(first) == 0
    upgraded = make_wheel(tmp_path, "zone", "2.0", requires=["atwo"]), make_wheel(tmp_path, "atwo", "2.0", files=shared)
    with pytest.raises(PipFailed) as caught:
        hand(*upgraded)
    (problem,) = caught.value.diagnostics
    assert problem.subject == "atwo"
    assert "shared/module.py is missing" in problem.context[0]


# --- laws ---------------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(["a.py", "b.txt", "c/d.py", "c/e, f.txt", "init.pth"])
_PLACES = st.sampled_from(
    ["demo/", "", *(f"demo-1.0.data/{scheme}" for scheme in ("purelib/p/", "scripts/", "data/share/", "headers/"))]
)
_FILES = st.dictionaries(st.builds(str.__add__, _PLACES, _NAMES), st.binary(max_size=8), max_size=6)


def wheel_of(files: Mapping[str, bytes], layout: Layout = LAYOUT, **more: Any) -> ClearedWheel:
    """A cleared wheel of these files."""
    pin, file, content, install_paths = wheel_under_review(
        *build_wheel("demo", "1.0", files=files, **more), layout=layout
    )
    return ClearedWheel._attest(pin, file, content, install_paths)


def installed_by_an_honest_pip(wheel: ClearedWheel) -> tuple[list[str], dict[str, Content]]:
    """Rows of RECORD, and files by path, as pip leaves them, without byte code."""
    info = next(item for item in wheel.install_paths if item.entry and item.entry.path.endswith("dist-info/RECORD"))
    site, folder = info.path.split("/demo-1.0.dist-info/")[0], info.path.rpartition("/")[0]
    disk = {
        item.path: Content(item.entry.algorithm, item.entry.digest, item.entry.size)
        for item in wheel.install_paths
        if item.entry is not None and item is not info
    }
    for path, data in ((f"{folder}/INSTALLER", b"pip\n"), (f"{folder}/REQUESTED", b"")):
        disk[path] = Content("sha256", bytes.fromhex(sha256(data)), len(data))
    for item in wheel.install_paths:
        if item.entry is None:
            disk[item.path] = Content("sha256", bytes.fromhex(sha256(b"made by pip")), 11)
    rows = [
        f'"{os.path.relpath(path, site)}",{record_digest("sha256", it.digest or b"")},{it.size}'
        for path, it in disk.items()
    ]
    return [*rows, "demo-1.0.dist-info/RECORD,,"], disk


def lines_about(wheel: ClearedWheel, rows: list[str], disk: Mapping[str, Content], **more: Any) -> list[str]:
    """Everything that is said of this installation."""
    run = Arrangement(more.pop("layout", LAYOUT), [wheel], **more)
    differences, demands = compare(wheel, "".join(f"{row}\r\n" for row in rows).encode(), run, direct=False)

    def state(path: str) -> FoundFile:
        there = disk.get(path)
        return (
            FoundFile(State.MISSING) if there is None else FoundFile(State.FILE, there.size or 0, there.digest or b"")
        )

    found = {asked: state(asked[0]) for asked in expected_files(demands)}
    return [*differences, *filter(None, (judge(demand, found) for demand in demands))]


@effort(max_examples=60, deadline=None)
@given(_FILES, st.booleans())
def test_honest_installations_show_nothing(files: dict[str, bytes], script: bool) -> None:
    """Whatever the wheel holds."""
    wheel = wheel_of(files, scripts={"run": "demo:run"} if script else None)
    rows, disk = installed_by_an_honest_pip(wheel)
    assert lines_about(wheel, rows, disk) == []


@effort(max_examples=60, deadline=None)
@given(_FILES, st.data())
def test_one_change_of_one_file_or_one_row_shows(files: dict[str, bytes], data: st.DataObject) -> None:
    """A file gone, longer, or of other bytes; a row gone, added, of another digest or of another place."""
    wheel = wheel_of(files, scripts={"run": "demo:run"})
    rows, disk = installed_by_an_honest_pip(wheel)
    path = data.draw(st.sampled_from(sorted(disk)))
    # REQUESTED and INSTALLER may be absent: pip writes the one for what was asked for alone.
    row = data.draw(
        st.sampled_from([i for i, text in enumerate(rows) if "/INSTALLER" not in text and "/REQ" not in text])
    )
    match data.draw(st.sampled_from(["gone", "longer", "other", "row gone", "row added", "row other", "row moved"])):
        case "gone":
            disk = {name: it for name, it in disk.items() if name != path}
        case "longer":
            disk[path] = disk[path]._replace(size=(disk[path].size or 0) + 1)
        case "other":
            disk[path] = disk[path]._replace(digest=bytes(32))
        case "row gone" if "RECORD" not in rows[row]:
            del rows[row]
        case "row other" if "RECORD" not in rows[row]:
            rows[row] = rows[row].replace("sha256=", "sha256=AAAA")
        case "row moved":
            rows[row] = "elsewhere/" + rows[row].lstrip('"')
        case _:
            rows.append(f"evil.pth,{record_digest('sha256', bytes(32))},7")
    assert lines_about(wheel, rows, disk) != []


def test_a_file_of_two_wheels_may_be_either_of_them() -> None:
    """Where policy lets two wheels have one file, the later one wins, and the first is not blamed."""
    first, second = (wheel_of({"both.py": data}) for data in (b"one", b"two"))
    rows, disk = installed_by_an_honest_pip(first)
    site = LAYOUT.schemes["purelib"]
    disk[f"{site}/both.py"] = installed_by_an_honest_pip(second)[1][f"{site}/both.py"]
    assert lines_about(first, rows, disk) != []
    run = Arrangement(LAYOUT, [first, second])
    differences, demands = compare(first, "".join(f"{row}\n" for row in rows).encode(), run, direct=False)
    found = {
        it: FoundFile(State.FILE, disk[it[0]].size or 0, disk[it[0]].digest or b"") for it in expected_files(demands)
    }
    assert differences == []
    assert not any(judge(demand, found) for demand in demands)


def test_what_pip_makes_of_scripts_may_be_that_of_either_wheel() -> None:
    """It is known from RECORD only. What one wheel alone has, also twice, stays as it was."""
    one, two = (Content("sha256", bytes([number]) * 32, number) for number in (1, 2))
    alone = [ExpectedFile("/own", (one,), row=two), ExpectedFile("/own", (two,))]
    first = Comparison([], [ExpectedFile("/bin/both", (one,)), *alone])
    second = Comparison(["a line"], [ExpectedFile("/bin/both", (one,), row=two)])
    either = ExpectedFile("/bin/both", (one, two))
    merged = with_each_other([first, second], Arrangement(LAYOUT, []))
    assert merged == [Comparison([], [either, *alone]), Comparison(["a line"], [either])]


def test_byte_code_rows_belong_to_a_source_of_the_wheel() -> None:
    """Beside it, or with PYTHONPYCACHEPREFIX anywhere; never with a digest that nobody verified."""
    wheel = wheel_of({"pkg/mod.py": b""})
    rows, disk = installed_by_an_honest_pip(wheel)
    own, other = "pkg/__pycache__/mod.cpython-311.pyc,,", "pkg/__pycache__/evil.cpython-311.pyc,,"
    assert lines_about(wheel, [*rows, own], disk) == []
    assert lines_about(wheel, [*rows, other], disk) != []
    assert lines_about(wheel, [*rows, own[:-1] + "7"], disk) != []
    assert lines_about(wheel, [*rows, f"{own[:-2]},{record_digest('sha256', bytes(32))},7"], disk) != []
    away = "../../../../cache/env/pkg/mod.cpython-311.pyc,,"
    assert lines_about(wheel, [*rows, away], disk) != []
    assert lines_about(wheel, [*rows, away], disk, cache_elsewhere=True) == []
    assert lines_about(wheel, [*rows, away.replace("mod", "evil")], disk, cache_elsewhere=True) != []


def test_folders_of_headers_may_be_spelt_as_whoever_requires_the_project_spells_it() -> None:
    """pip names the folder by the requirement; the digest still counts."""
    wheel = wheel_of({"demo-1.0.data/headers/demo.h": b"//"})
    rows, disk = installed_by_an_honest_pip(wheel)
    spelt = [row.replace("/demo/demo.h", "/De.Mo/demo.h") for row in rows]
    assert spelt != rows
    wrong = lines_about(wheel, spelt, disk)
    assert wrong != [], "De.Mo is another project"
    spelt = [row.replace("/demo/demo.h", "/DEMO/demo.h") for row in rows]
    moved = {path.replace("/demo/demo.h", "/DEMO/demo.h"): it for path, it in disk.items()}
    assert lines_about(wheel, spelt, moved) == []
    assert lines_about(wheel, spelt, disk) != []


def test_paths_of_windows_ignore_case_and_drives_are_kept() -> None:
    schemes = {
        "purelib": "C:/env/Lib/site-packages",
        "platlib": "C:/env/Lib/site-packages",
        "scripts": "C:/env/Scripts",
        "data": "C:/env",
        "headers": "C:/env/include/site/python3.11",
    }
    layout = Layout(schemes, frozenset({schemes["purelib"]}), windows=True)
    wheel = wheel_of({"pkg/Mod.py": b"", "demo-1.0.data/scripts/s": b"x"}, layout, scripts={"run": "demo:run"})
    rows, disk = installed_by_an_honest_pip(wheel)
    assert lines_about(wheel, rows, disk, layout=layout) == []
    lower = [row.replace("pkg/Mod.py", "PKG/mod.py").replace("Scripts", "scripts") for row in rows]
    there = {path.replace("pkg/Mod.py", "PKG/mod.py").replace("Scripts", "scripts"): it for path, it in disk.items()}
    assert lines_about(wheel, lower, there, layout=layout) == []
    assert lines_about(wheel, [*rows, "D:/elsewhere.py,,"], disk, layout=layout) != []


def test_only_the_first_line_of_a_script_may_change() -> None:
    """pip puts its interpreter into `#!python...` and leaves every other script alone."""
    made = with_interpreter(b"#!pythonw -u\nrest\n", b"/env/bin/python", b"\n")
    assert made == Content("sha256", bytes.fromhex(sha256(b"#!/env/bin/python\nrest\n")), 23)
    assert with_interpreter(b"#!/usr/bin/python\n", b"/env/bin/python", b"\n") is None
    assert with_interpreter(b"#!python", b"/p", b"\n") == Content("sha256", bytes.fromhex(sha256(b"#!/p\n")), 5)


def test_byte_code_names_tell_every_module_they_may_belong_to() -> None:
    assert list(possible_sources("/s/__pycache__/a.b.cpython-311.opt-1.pyc")) == ["/s/a.b.py", "/s/a.py"]
    assert list(possible_sources("__pycache__/a.cpython-311.pyc")) == ["a.py"]
    assert is_cached("a/__pycache__/b.cpython-311.pyc")
    assert not is_cached("a/b.pyc")
    assert is_never_checked(bytes([0, 0, 0, 0, 1, 0, 0, 0]) + bytes(8))
    assert not is_never_checked(bytes([0, 0, 0, 0, 3, 0, 0, 0]) + bytes(8))
    assert not is_never_checked(bytes(16))


def test_what_pip_keeps_is_asked_before_it_starts(tmp_path: Path) -> None:
    """With --upgrade only links stay."""
    (tmp_path / "file.py").write_text("")
    (tmp_path / "link").symlink_to("file.py")
    plain = Settings(target_dir=str(tmp_path))
    assert sorted(installed_wheels.kept_by_pip(plain)) == [f"{tmp_path}/file.py", f"{tmp_path}/link"]
    assert installed_wheels.kept_by_pip(plain._replace(upgrade=UpgradeStrategy.EAGER)) == (f"{tmp_path}/link",)
    assert installed_wheels.kept_by_pip(Settings()) == ()
    assert installed_wheels.kept_by_pip(Settings(target_dir=str(tmp_path / "none"))) == ()
