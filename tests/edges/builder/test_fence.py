"""Fences as their callers see them: what a command finds, what comes back, and which fence is chosen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from safepip.edges.builder.fence import UNFENCED, BuildLimits, Fence, FencedCommand, candidates, find_fence, holds
from safepip.edges.builder.fenced_command import ENDLESS
from safepip.edges.builder.portable import run_portably
from safepip.edges.builder.supervision import KeptOutput, own_python
from safepip.edges.builder.toolchains import interpreter_folders
from safepip.model.errors import Unavailable
from support.yard import why_not

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the supervisor runs on POSIX systems")


@pytest.fixture(params=["bubblewrap", "landlock", "none"])
def fence(request: pytest.FixtureRequest) -> Fence:
    """Each fence that this machine has, and none."""
    if request.param != "none" and sys.platform != "linux":
        pytest.skip("fences exist on Linux alone")
    reason = why_not(request.param, None)
    if reason:
        pytest.skip(reason)
    return next(fence for fence in (*candidates(), UNFENCED) if fence.kind == request.param)


def command(
    folder: Path, program: str, *, network: bool = False, environ: dict[str, str] | None = None
) -> FencedCommand:
    """A program text for safepip's own Python."""
    python = own_python()
    variables = {"PATH": "/usr/bin:/bin"} if environ is None else environ
    words = (python, "-I", "-S", "-c", program)
    return FencedCommand(words, str(folder), variables, interpreter_folders(python), (str(folder),), network=network)


def test_the_better_fence_that_holds_is_chosen() -> None:
    """bubblewrap, else Landlock, else none; and it is tried once."""
    kinds = [fence.kind for fence in candidates() if holds(fence)]
    found = find_fence()
    assert (found.kind if found else None) == (kinds[0] if kinds else None)
    assert find_fence() is found


def test_a_trial_sees_a_fence_that_does_not_hold() -> None:
    """Without a fence everything that the trial tries succeeds."""
    assert not holds(UNFENCED)


def test_a_command_finds_what_it_is_given_and_nothing_else(fence: Fence, tmp_path: Path) -> None:
    """Its environment, its folder, an empty input, and no descriptor."""
    program = (
        "import os, sys\n"
        "found = [n for n in range(3, 300) if os.path.exists(f'/dev/fd/{n}') and os.path.isfile(f'/dev/fd/{n}')]\n"
        "print(sorted(os.environ.keys() - {'LC_CTYPE'}), os.getcwd(), repr(sys.stdin.read()), found, flush=True)\n"
        "print('an error', file=sys.stderr, flush=True)\n"
        "sys.exit(3)"
    )
    outcome = fence.run(command(tmp_path, program, environ={"ONE": "1", "TWO": "2"}))
    assert outcome.output.decode() == f"['ONE', 'TWO'] {tmp_path} '' []\nan error\n"
    assert (outcome.code, outcome.stopped) == (3, "")


def test_an_interpreter_that_path_leads_to_by_links_can_be_started(fence: Fence, tmp_path: Path) -> None:
    """As the links in `~/.local/bin` that programs make which install Pythons: the folder of a link is visible, too."""
    names = [tmp_path / folder / "python3" for folder in ("bin", "pythons")]
    for name, target in zip(names, (str(names[1]), os.path.realpath(own_python())), strict=True):
        name.parent.mkdir()
        name.symlink_to(target)
    link, folder = str(names[0]), str(tmp_path / "work")
    os.mkdir(folder)
    readable = (str(names[0].parent), *interpreter_folders(link))
    words = (link, "-I", "-S", "-c", "print('started')")
    outcome = fence.run(FencedCommand(words, folder, {"PATH": str(names[0].parent)}, readable, (folder,)))
    assert (outcome.code, outcome.output) == (0, b"started\n")


def test_a_hidden_file_of_the_system_cannot_be_read(
    fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies beside it can, and so can everything else in the system's folders."""
    folder = Path("/usr/share/common-licenses")
    if fence.kind == "none" or not folder.is_dir():
        pytest.skip("there is no fence, or no folder of texts that is known")
    hidden, beside = sorted(str(path) for path in folder.iterdir() if path.is_file() and not path.is_symlink())[:2]
    monkeypatch.setattr("safepip.edges.builder.machine.HIDDEN", (hidden, "/usr/local/cargo/nothing"))
    program = f"""
for path in {[hidden, beside]!r}:
    try:
        print(bool(open(path, "rb").read()))
    except OSError:
        print(False)
"""
    outcome = fence.run(command(tmp_path, program))
    assert outcome.output.split() == [b"False", b"True"], outcome.output


def test_a_signal_that_ends_a_command_is_its_exit_code(fence: Fence, tmp_path: Path) -> None:
    """As a shell says it."""
    assert fence.run(command(tmp_path, "import os; os.abort()")).code == 128 + 6


def test_output_comes_as_it_is_written(fence: Fence, tmp_path: Path) -> None:
    """And is kept, too."""
    pieces: list[bytes] = []
    outcome = fence.run(command(tmp_path, "print('one', flush=True); print('two')"), told=pieces.append)
    assert b"".join(pieces) == outcome.output == b"one\ntwo\n"


def test_a_listener_that_fails_ends_the_command(fence: Fence, tmp_path: Path) -> None:
    """Its error comes out; nothing waits for the command."""

    def told(piece: bytes) -> None:
        raise ValueError(piece)

    program = "import time; print('up', flush=True); time.sleep(200); open('late', 'x')"
    with pytest.raises(ValueError, match="up"):
        fence.run(command(tmp_path, program), BuildLimits(seconds=300.0), told)
    assert not (tmp_path / "late").exists()


def test_the_beginning_and_the_end_of_much_output_are_kept(fence: Fence, tmp_path: Path) -> None:
    """A build that fails says why at its end."""
    program = "print('first'); [print('x' * 99) for _ in range(1000)]; print('last')"
    outcome = fence.run(command(tmp_path, program), BuildLimits(output=10_000))
    assert (outcome.code, outcome.stopped) == (0, "")
    assert outcome.output.startswith(b"first\n")
    assert outcome.output.endswith(b"last\n")
    assert b"left out" in outcome.output
    assert len(outcome.output) < 10_100


def test_a_command_that_is_not_there_is_a_failure_of_the_command(fence: Fence, tmp_path: Path) -> None:
    """127, as in a shell, and a line that says so."""
    asked = command(tmp_path, "")._replace(arguments=("no-such-command",))
    outcome = fence.run(asked)
    assert outcome.code == 127
    assert b"no-such-command cannot be started" in outcome.output


def test_a_fence_that_cannot_be_put_up_is_an_error(fence: Fence, tmp_path: Path) -> None:
    """The folder is missing in which the command was to run."""
    asked = command(tmp_path, "")._replace(cwd=str(tmp_path / "gone"))
    with pytest.raises(Unavailable, match="fence-failed"):
        fence.run(asked)


def test_much_may_be_said_to_a_command(fence: Fence, tmp_path: Path) -> None:
    """More than a pipe holds."""
    environ = {f"VARIABLE_{number}": "ä" * 1000 for number in range(200)}
    outcome = fence.run(command(tmp_path, "import os; print(len(os.environ) >= 200)", environ=environ))
    assert outcome.output == b"True\n"


def test_a_network_is_there_where_it_is_given(fence: Fence, tmp_path: Path) -> None:
    """This machine's own address is reached, as others would be; Unix sockets are not."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        program = (
            "import socket\n"
            f"with socket.create_connection(('127.0.0.1', {port}), 10): print('connected')\n"
            "try: socket.socket(socket.AF_UNIX); print('unix')\n"
            "except OSError: print('refused')"
        )
        outcome = fence.run(command(tmp_path, program, network=True))
    expected = b"connected\nunix\n" if fence.kind == "none" else b"connected\nrefused\n"
    assert outcome.output == expected


def test_programs_that_builds_run_work(fence: Fence, tmp_path: Path) -> None:
    """A shell with pipes, threads and processes of Python, and a compiler where there is one."""
    program = (
        "import subprocess, sys, threading\n"
        "shell = ['sh', '-c', 'echo a | sed s/a/b/ | cat; echo > /dev/null']\n"
        "print(subprocess.run(shell, capture_output=True).stdout)\n"
        "thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()\n"
        "child = subprocess.Popen(['sleep', '100']); child.kill(); print(child.wait())"
    )
    outcome = fence.run(command(tmp_path, program))
    assert outcome.output.decode() == "b'b\\n'\nthread\n-9\n", outcome


@pytest.mark.skipif(not os.path.exists("/usr/bin/cc"), reason="there is no compiler in /usr/bin")
def test_a_compiler_works(fence: Fence, tmp_path: Path) -> None:
    """It finds its headers, libraries and temporary folder."""
    (tmp_path / "a.c").write_text('#include <stdio.h>\nint main(void) { puts("compiled"); return 0; }\n', "ascii")
    environ = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    asked = command(tmp_path, "", environ=environ)._replace(arguments=("sh", "-c", "cc -O1 -o a a.c && ./a"))
    outcome = fence.run(asked)
    assert outcome.output == b"compiled\n", outcome


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="these tests do not run as root")
def test_what_belongs_to_whom_is_as_before_when_root_builds(fence: Fence, tmp_path: Path) -> None:
    """Root's files are the build's meanwhile, others' are not, and no file that has a name elsewhere."""
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    work.mkdir()
    for path in (work / "roots", work / "anothers", elsewhere):
        path.write_text("before", "ascii")
    os.chown(work / "anothers", 4711, 4711)
    os.link(elsewhere, work / "linked")
    program = (
        "import os\n"
        "print([name for name in sorted(os.listdir()) if os.stat(name).st_uid == os.getuid()])\n"
        "for name in ('roots', 'anothers'): open(name, 'a').write(' and after')\n"
        "os.chmod('roots', 0o755); os.mkdir('made'); open('made/new', 'x'); os.symlink('/etc/passwd', 'made/link')"
    )
    outcome = fence.run(command(work, program))
    mine = ["roots"] if fence.kind != "none" else ["linked", "roots"]
    assert outcome.output.decode() == f"{mine}\n"
    assert {path.name: path.lstat().st_uid for path in (work, *work.rglob("*"))} == {
        **dict.fromkeys(("work", "roots", "linked", "made", "new", "link"), 0),
        "anothers": 4711,
    }
    assert (work / "anothers").read_text("ascii") == "before and after"
    assert os.stat("/etc/passwd").st_uid == 0


def test_kept_output_has_a_bound() -> None:
    """Whatever the pieces are."""
    kept = KeptOutput(1000)
    for number in range(5000):
        kept.add(b"%05d " % number * 50)
    content = kept.content()
    assert len(content) < 1100
    assert content.startswith(b"00000 ")
    assert content.endswith(b"04999 ")
    assert kept.total == 5000 * 300


def test_the_portable_way_bounds_time_and_output(tmp_path: Path) -> None:
    """It is for systems without a supervisor, and works on every one."""
    done = run_portably(command(tmp_path, "print('hello'); raise SystemExit(4)"), BuildLimits())
    assert (done.code, done.output, done.stopped) == (4, b"hello\n", "")
    slow = run_portably(command(tmp_path, "import time; time.sleep(100)"), BuildLimits(seconds=0.5))
    assert slow.stopped == "time"
    endless = run_portably(command(tmp_path, "while True: print('x' * 1000)"), BuildLimits(output=1000))
    assert endless.stopped == "output"
    assert len(endless.output) < ENDLESS * 1000
    with pytest.raises(Unavailable, match="fence-failed"):
        run_portably(command(tmp_path, "")._replace(arguments=("no-such-command",)), BuildLimits())
