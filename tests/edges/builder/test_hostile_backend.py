"""What a hostile backend returns, leaves behind and prints: a build gives one wheel of its project, or nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.builder.fence import candidates, find_fence
from support.runs import references
from support.sources import build_source_archive
from support.wheels import metadata_text, sha256
from support.yard import why_not

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.index import IndexServer
    from support.inside import Done, Inside

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these are links, pipes and processes of POSIX systems")

WHEEL = "app-1.0-py3-none-any.whl"

#: `place` is the wheel.
AT_WHEEL = "import os\nplace = os.path.join(given[0], answer)\n"
#: `folder` is the .dist-info, `place` the METADATA in it.
AT_METADATA = 'import os\nfolder = os.path.join(given[0], answer)\nplace = os.path.join(folder, "METADATA")\n'
#: `place` is the file of the answer; what follows takes the place of what pyproject-hooks would write.
AT_ANSWER = """\
import json, os, sys
frame = sys._getframe()
while "control_dir" not in frame.f_locals:
    frame = frame.f_back
place = os.path.join(frame.f_locals["control_dir"], "output.json")
{}
os._exit(0)
"""

#: After `build_wheel`, by what it does: a program, and the reference of the error.
WHEELS = {
    "a path upwards": ('answer = "../" + answer', "wrong-build"),
    "an absolute path": ('answer = "/tmp/" + answer', "wrong-build"),
    "a separator of Windows": ('answer = "x\\\\" + answer', "wrong-build"),
    "escapes of a terminal": ('answer = "\\x1b[2J" + answer', "wrong-build"),
    "another project": ('answer = answer.replace("app", "other")', "wrong-build"),
    "another version": ('answer = answer.replace("1.0", "2.0")', "wrong-build"),
    "no wheel": ('answer = "app-1.0.tar.gz"', "wrong-build"),
    "another system": ('answer = answer.replace("any", "win32")', "build-failed"),
    "nothing": ("answer = None", "build-failed"),
    "a list": ("answer = [answer]", "build-failed"),
    "a wheel that is not there": (AT_WHEEL + "os.unlink(place)", "build-failed"),
    "a link to a file": (AT_WHEEL + 'os.rename(place, place + "x")\nos.symlink(place + "x", place)', "build-failed"),
    "a link to a device": (AT_WHEEL + 'os.unlink(place)\nos.symlink("/dev/zero", place)', "build-failed"),
    "a second name": (AT_WHEEL + 'os.link(place, place + "x")', "build-failed"),
    "a pipe": (AT_WHEEL + "os.unlink(place)\nos.mkfifo(place)", "build-failed"),
    "a folder": (AT_WHEEL + "os.unlink(place)\nos.mkdir(place)", "build-failed"),
    "a file that is no wheel": (AT_WHEEL + 'open(place, "wb").write(b"no zip")', "unreadable-wheel"),
}  # fmt: skip

#: After `prepare_metadata_for_build_wheel`.
METADATA = {
    "a path upwards": 'answer = "../metadata/" + answer',
    "no .dist-info": AT_METADATA + 'os.rename(folder, folder[:-10])\nanswer = answer[:-10]',
    "nothing": "answer = None",
    "a link to a folder": AT_METADATA + 'os.rename(folder, folder + "x")\nos.symlink(folder + "x", folder)',
    "a link to another file": AT_METADATA + 'os.unlink(place)\nos.symlink("/etc/passwd", place)',
    "a second name": AT_METADATA + 'os.link(place, place + "x")',
    "a pipe": AT_METADATA + "os.unlink(place)\nos.mkfifo(place)",
    "a folder": AT_METADATA + "os.unlink(place)\nos.mkdir(place)",
    "without end": AT_METADATA + "os.truncate(place, 11 << 20)",
    "no metadata": AT_METADATA + "os.unlink(place)",
}  # fmt: skip

#: In place of the answer to `get_requires_for_build_wheel`.
ANSWERS = {
    "nested": 'open(place, "w").write("[" * 900_000)',
    "too long": 'open(place, "w").write(json.dumps({"return_val": ["x" * (1 << 20)]}))',
    "a list": 'open(place, "w").write("[]")',
    "nothing": "",
    "a link": 'open(place + "x", "w").write(json.dumps({"return_val": []}))\nos.symlink(place + "x", place)',
    "a device": 'os.symlink("/dev/zero", place)',
    "a pipe": "os.mkfifo(place)",
    "a folder": "os.mkdir(place)",
    "no strings": 'open(place, "w").write(json.dumps({"return_val": [1]}))',
    "odd types": 'open(place, "w").write(json.dumps({"return_val": 1, "no_backend": 1, "traceback": 5}))',
    "an odd name": 'open(place, "w").write(json.dumps({"hook_missing": 1, "missing_hook_name": "\\x1b[2J"}))',
}


def use(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Let builds run in a fence of this kind; skips where this machine has none."""
    reason = why_not(kind, None) if sys.platform == "linux" or kind == "none" else "fences exist on Linux alone"
    if reason:
        pytest.skip(reason)
    found = None if kind == "none" else next(fence for fence in candidates() if fence.kind == kind)
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: found)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fence that is put up soonest, where there is one. What a backend gives is looked at outside of each."""
    if sys.platform == "linux" and not why_not("landlock", None):
        use(monkeypatch, "landlock")


@pytest.fixture(params=["bubblewrap", "landlock", "none"])
def fence(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of fence in turn."""
    use(monkeypatch, request.param)
    kind: str = request.param
    return kind


@pytest.fixture
def offer(index: IndexServer) -> Callable[..., None]:
    """Puts `app` on the index, whose backend does as it is planned."""

    def add(**plan: Any) -> None:
        filename, data = build_source_archive("app", "1.0", **plan)
        index.project("app").files.clear()
        index.add_file("app", filename, data)

    return add


def built(run: Inside, index: IndexServer, *words: str) -> Done:
    """`safepip wheel`, with the build approved by name."""
    return run("wheel", "-w", "out", "-i", index.url, "--allow-build", "app", *words, "app")


def refused(done: Done, run: Inside, *expected: str) -> None:
    """Nothing was given, and the error is one of these; nothing in it steers a terminal."""
    assert done.code in (1, 20), done.err
    assert references(done.err)[0] in expected, done.err
    assert "\x1b" not in done.err + done.out
    assert not list((run.folder / "out").glob("*"))


@pytest.mark.usually(
    "a path upwards",
    "an absolute path",
    "another project",
    "nothing",
    "a link to a device",
    "a pipe",
    "escapes of a terminal",
)
@pytest.mark.parametrize("what", list(WHEELS))
def test_only_an_ordinary_file_in_the_folder_is_a_wheel(
    what: str, offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """And only under a name of the project."""
    program, reference = WHEELS[what]
    offer(static=True, then={"build_wheel": program})
    refused(built(run, index), run, reference)


@pytest.mark.usually("a path upwards", "nothing", "a link to *", "without end")
@pytest.mark.parametrize("what", list(METADATA))
def test_metadata_is_an_ordinary_file_in_an_ordinary_folder(
    what: str, offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """Of a bounded size."""
    offer(then={"prepare_metadata_for_build_wheel": METADATA[what]})
    refused(built(run, index), run, "build-failed")


@pytest.mark.usually("nested", "too long", "nothing", "a link", "a pipe", "an odd name")
@pytest.mark.parametrize("what", list(ANSWERS))
def test_an_answer_is_an_ordinary_file_of_one_form(
    what: str, offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """Whatever the backend has put in its place."""
    offer(then={"get_requires_for_build_wheel": AT_ANSWER.format(ANSWERS[what])})
    refused(built(run, index), run, "build-failed")


def test_warnings_in_an_answer_are_not_printed(offer: Callable[..., None], index: IndexServer, run: Inside) -> None:
    """Python would open the file that they name, here a pipe without end, to print a line of it."""
    program = """\
pipe = os.path.join(os.environ["TMPDIR"], "pipe")
os.mkfifo(pipe)
warning = {"message": "\\x1b[2J", "filename": pipe, "lineno": 1}
open(place, "w").write(json.dumps({"return_val": [], "warnings": [warning]}))
"""
    offer(then={"get_requires_for_build_wheel": AT_ANSWER.format(program)})
    done = built(run, index)
    assert done.code == 0, done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("static", [True, False], ids=["stated", "asked for"])
def test_metadata_that_differs_is_refused(
    static: bool, offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """PKG-INFO lies, or the backend says one thing and builds another: the search went by what was said."""
    index.add("helper", "1.0")
    offer(static=static, other_metadata=metadata_text("app", "1.0", requires=["helper"]))
    # Once more, because what was built must not be what the next search goes by.
    for _ in range(2):
        refused(built(run, index), run, "build-differs")


def test_a_source_that_changes_between_hooks_gains_nothing(
    offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """The wheel is held against what was said before."""
    program = """\
import json
plan = json.load(open("tiny.json"))
plan["metadata"] += "Requires-Dist: helper\\n"
json.dump(plan, open("tiny.json", "w"))
"""
    index.add("helper", "1.0")
    offer(then={"prepare_metadata_for_build_wheel": program})
    refused(built(run, index), run, "build-differs")


@pytest.mark.parametrize("static", [True, False], ids=["stated", "asked for"])
def test_an_archive_of_another_name_is_refused(static: bool, index: IndexServer, run: Inside) -> None:
    """The name in the archive's own metadata has to be that of the project whose page lists it."""
    _, data = build_source_archive("other", "1.0", static=static)
    index.add_file("app", "app-1.0.tar.gz", data)
    done = built(run, index)
    assert done.code in (1, 20), done.err
    assert not list((run.folder / "out").glob("*"))


@pytest.mark.parametrize("form", ["build_requires", "asks_for"])
def test_a_build_requirement_by_url_is_refused(
    form: str, offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """No index owns what is there."""
    offer(**{form: [f"helper @ {index.url}helper-1.0-py3-none-any.whl"]})
    refused(built(run, index), run, "direct-reference")
    assert not index.mentions("helper")


def test_builds_that_wait_for_themselves_are_refused(index: IndexServer, run: Inside) -> None:
    """In a circle, or one below the other for too long."""
    for name, other in (("app", "second"), ("second", "third"), ("third", "app")):
        filename, data = build_source_archive(name, "1.0", build_requires=[other])
        index.add_file(name, filename, data)
    words = ("--allow-build", "second", "--allow-build", "third")
    done = built(run, index, *words)
    refused(done, run, "build-cycle")
    assert "app  ->  second  ->  third  ->  app" in done.err


def test_builds_are_not_nested_without_end(index: IndexServer, run: Inside) -> None:
    """Each of these needs the next one to be built."""
    names = ["app", *(f"level-{number}" for number in range(14))]
    for name, other in pairwise(names):
        filename, data = build_source_archive(name, "1.0", build_requires=[other])
        index.add_file(name, filename, data)
    words = [word for name in names[1:] for word in ("--allow-build", name)]
    refused(built(run, index, *words), run, "build-cycle")
    assert not index.mentions(names[-1])


@pytest.mark.parametrize("words", [(), ("-v",)], ids=["quiet", "verbose"])
def test_what_a_build_prints_does_not_steer_a_terminal(
    words: tuple[str, ...], offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """Neither as it comes, nor in the error."""
    program = 'print("\\x1b]0;title\\x07\\x1b[2Jwords", flush=True)\nraise SystemExit("\\x9b2J")'
    offer(static=True, then={"build_wheel": program})
    done = built(run, index, *words)
    refused(done, run, "build-failed")
    assert "words" in done.err
    assert "\x9b" not in done.err + done.out


def test_a_process_that_is_left_is_ended(
    fence: str, offer: Callable[..., None], index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the wheel is read: it could change it."""
    monkeypatch.setattr(tempfile, "tempdir", str(run.folder))
    program = """\
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        time.sleep(1)
"""
    offer(static=True, then={"build_wheel": program})
    done = built(run, index)
    assert done.code == 0, done.err
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(run.folder).encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                left.append(process.name)
    assert left == []


def test_it_changes_nothing_that_the_next_build_uses(
    fence: str, offer: Callable[..., None], index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fence it can write neither into its environment, nor into safepip's store, nor beside its own folders."""
    if fence == "none":
        pytest.skip("without a fence it can do what the user can")
    monkeypatch.setattr(tempfile, "tempdir", str(run.folder))
    # What is not visible in a fence may be made there, in its own memory.
    places = [str(run.folder / "home" / ".cache" / "safepip" / "reached"), str(run.folder / "reached")]
    program = f"""\
import os, sys, sysconfig
bench = os.path.dirname(os.environ["TMPDIR"])
inside = [sys.prefix + "/reached", sysconfig.get_paths()["purelib"] + "/reached", sys.executable]
for place in {places!r} + [os.path.dirname(bench) + "/reached", bench + "/reached"] + inside:
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "ab").close()
    except OSError as problem:
        continue
    if place in inside:
        raise SystemExit("could write " + place)
"""
    offer(then=dict.fromkeys(("get_requires_for_build_wheel", "build_wheel"), program))
    done = built(run, index, "--no-clean")
    assert done.code == 0, done.err
    assert list(run.folder.glob("safepip-build-*"))
    assert [*run.folder.rglob("reached")] == []


def test_it_sees_no_secret_among_its_variables(
    fence: str, offer: Callable[..., None], index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor anything else that is not for builds."""
    secrets = ("PIP_EXTRA_INDEX_URL", "ACME_TOKEN", "TWINE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "ACME")
    for name in secrets[1:]:
        monkeypatch.setenv(name, "hidden")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    monkeypatch.setenv("CFLAGS", "-O1")
    offer(static=True, variables=[*secrets, "CFLAGS"])
    done = built(run, index)
    assert done.code == 0, done.err
    with zipfile.ZipFile(run.folder / "out" / WHEEL) as archive:
        seen = json.loads(archive.read("app/variables.json"))
    assert seen == {**dict.fromkeys(secrets), "CFLAGS": "-O1"}


def bytes_of(done: Done, run: Inside) -> bytes:
    """The wheel of a run."""
    assert done.code == 0, done.err
    path = run.folder / "out" / WHEEL
    data = path.read_bytes()
    path.unlink()
    return data


@pytest.mark.usually("variables", "fence", "requirement", "archive")
@pytest.mark.parametrize("what", ["settings", "variables", "fence", "requirement", "archive", "store"])
def test_a_result_is_used_again_only_where_all_is_the_same(
    what: str, offer: Callable[..., None], index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each build gives another wheel here, so it shows whether it ran."""
    index.cache_control = "max-age=0"
    index.add("helper", "1.0")
    helper = ["helper"] if what == "requirement" else []
    offer(random=True, build_requires=helper)
    first = bytes_of(built(run, index), run)
    assert bytes_of(built(run, index), run) == first
    words: tuple[str, ...] = ()
    if what == "settings":
        words = ("-C", "key=value")
    elif what == "variables":
        monkeypatch.setenv("CFLAGS", "-O1")
    elif what == "fence":
        if find_fence() is None:
            pytest.skip("this machine has no fence")
        use(monkeypatch, "none")
    elif what == "requirement":
        index.project("helper").files.clear()
        index.add("helper", "1.0", files={"helper/more.py": ""})
    elif what == "archive":
        offer(random=True, files={"more": ""})
    else:
        words = ("--no-cache-dir",)
    assert bytes_of(built(run, index, *words), run) != first


def note(run: Inside) -> Path:
    """The one note on a built wheel."""
    (found,) = (run.folder / "home" / ".cache" / "safepip").glob("built-*/*/*.wheel")
    return found


@pytest.mark.usually(WHEEL)
@pytest.mark.parametrize("filename", ["other-1.0-py3-none-any.whl", "app-2.0-py3-none-any.whl", WHEEL])
def test_a_forged_note_does_not_bring_another_wheel(
    filename: str, offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """Code that can write to the cache names a wheel of another project that is in the store: it counts for nothing."""
    other = index.add("other", "1.0")
    assert run("download", "-d", "elsewhere", "-i", index.url, "other").code == 0
    offer()
    data = bytes_of(built(run, index), run)
    forged = {"filename": filename, "sha256": sha256(other.data), "size": len(other.data)}
    note(run).write_text(json.dumps(forged))
    assert bytes_of(built(run, index), run) == data


def test_a_build_that_was_bad_is_no_fault_of_the_next_run(
    offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """What a backend has given is noted before it is judged."""
    offer(static=True, then={"build_wheel": WHEELS["a file that is no wheel"][0]})
    for _ in range(2):
        refused(built(run, index), run, "unreadable-wheel")


@pytest.mark.usually("nested*")
@pytest.mark.parametrize(
    "texts",
    [("[" * 100_000, '{"filename": 1, "sha256": "x", "size": null}'), ("", "[]", "{}")],
    ids=["nested, and odd types", "nothing, a list, and no key"],
)
def test_a_note_that_cannot_be_read_is_none(
    texts: tuple[str, ...], offer: Callable[..., None], index: IndexServer, run: Inside
) -> None:
    """It is built again."""
    offer(static=True)
    data = bytes_of(built(run, index), run)
    for text in texts:
        note(run).write_text(text)
        done = built(run, index)
        assert done.code == 0, text[:99]
        assert bytes_of(done, run) == data, text[:99]
