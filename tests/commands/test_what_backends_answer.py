"""Whatever a backend answers, the run ends with a refusal that names the project, and not with a fault of safepip's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.sources import build_source_archive, write_project
from support.wheels import metadata_text

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

PREPARE = "prepare_metadata_for_build_wheel"


@pytest.fixture(autouse=True)
def unfenced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the build runs makes no difference here."""
    for module in ("building", "workshop"):
        monkeypatch.setattr(f"safepip.commands.{module}.find_fence", lambda: None)


#: A backend's own program puts any bytes in the place of pyproject-hooks' answer, when that has written its own.
INSTEAD = (
    "import atexit, sys\n"
    "def write():\n"
    "    with open(sys.argv[-1] + '/output.json', 'w') as file:\n"
    "        file.write({text})\n"
    "atexit.register(write)\n"
)


ANSWERS = [
    "answer += '\\0'",
    "answer = 'a\\0b.dist-info'",
    "answer = '\\ud800.dist-info'",
    "answer = '\\udcff.dist-info'",
    "answer = 'x' * 100_000 + '.dist-info'",
    "answer = 5",
    "answer = {'a': [1]}",
    INSTEAD.format(text="'[' * 400_000"),
    INSTEAD.format(text="'{\"return_val\": ' + '[' * 400_000 + '}'"),
    INSTEAD.format(text='\'{"hook_missing": true, "missing_hook_name": [1]}\''),
    INSTEAD.format(text='\'{"no_backend": true, "traceback": {}, "backend_error": 5}\''),
    INSTEAD.format(text='\'{"unsupported": 1, "traceback": [null]}\''),
    INSTEAD.format(text="'{\"return_val\": ' + '9' * 10_000 + '}'"),
    INSTEAD.format(text="'\\0'"),
]


@pytest.mark.usually("1", "2", "4", "6", "7", "9", "10", "13")
@pytest.mark.parametrize("then", ANSWERS, ids=map(str, range(len(ANSWERS))))
def test_no_answer_is_a_fault_of_ours(then: str, run: Inside, tmp_path: Path) -> None:
    """Names that are no file's, and answers of another form or of any depth."""
    write_project(tmp_path / "mine", "mine", "1.0", then={PREPARE: then})
    done = run("install", "--dry-run", "./mine")
    assert done.code == 1
    assert "error: build-failed" in done.err, done.err


@pytest.mark.usually("*ud800*", "name3")
@pytest.mark.parametrize("name", ["mine-1.0-py3-none-any.whl\\0", "\\ud800.whl", "\\0", "a" * 10_000 + ".whl"])
def test_no_name_of_a_wheel_is_a_fault_of_ours(name: str, run: Inside, tmp_path: Path) -> None:
    """The file name goes to the file system, too."""
    write_project(tmp_path / "mine", "mine", "1.0", then={"build_wheel": f"answer = '{name}'"})
    done = run("wheel", "./mine")
    assert done.code in (1, 20)
    assert "error: wrong-build" in done.err or "error: build-failed" in done.err, done.err


GOOD = metadata_text("mine", "1.0")


BAD = {
    "empty": (b"", "no Name"),
    "no name": (b"Metadata-Version: 2.1\nVersion: 1.0\n", "no Name"),
    "no version": (b"Metadata-Version: 2.1\nName: mine\n", "no Version"),
    "version": (GOOD.replace("1.0\n", "one\n").encode(), "version is not valid"),
    "name": (GOOD.replace("Name: mine", "Name: ../mine").encode(), "name is not valid"),
    "requirement": (f"{GOOD.rstrip()}\nRequires-Dist: !!\n\n".encode(), "not a valid requirement"),
    "encoding": (b"\xff\xfe", "not UTF-8"),
    "long": (f"{GOOD.rstrip()}\nRequires-Dist: {'x' * 100_000}\n".encode(), "are read"),
}


@pytest.mark.usually("folder-no name", "archive-version", "editable-requirement", "folder-long")
@pytest.mark.parametrize(
    ("kind", "what"), [*(("folder", what) for what in BAD), ("archive", "version"), ("editable", "requirement")]
)
def test_metadata_that_cannot_be_used_of_what_is_named(kind: str, what: str, run: Inside, tmp_path: Path) -> None:
    """A folder, an archive and an editable project have no other version to go to."""
    metadata, why = BAD[what]
    text = f"open(given[0] + '/mine-1.0.dist-info/METADATA', 'wb').write({metadata!r})"
    more = {"then": {PREPARE: text, "prepare_metadata_for_build_editable": text}}
    if kind == "archive":
        filename, data = build_source_archive("mine", "1.0", **more)
        (tmp_path / filename).write_bytes(data)
        words = ["--allow-build", "mine", f"mine @ {(tmp_path / filename).as_uri()}"]
    else:
        write_project(tmp_path / "mine", "mine", "1.0", **more)
        words = ["-e", "./mine"] if kind == "editable" else ["./mine"]
    done = run("install", "--dry-run", *words)
    assert done.code == 1
    assert "error: invalid-metadata" in done.err, done.err
    assert why.lower() in done.err.lower()
    assert f"\n  from {'-e' if kind == 'editable' else 'the command line'}" in done.err


@pytest.mark.usually("folder-verb0-*", "archive-*-extra*")
@pytest.mark.parametrize("marker", ['os_name ~= "posix"', 'extra ~= "fast"'])
@pytest.mark.parametrize("verb", [("install", "--dry-run"), ("lock", "-o", "-"), ("download", "-d", "out")])
@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_a_marker_that_is_valid_and_cannot_be_evaluated(
    kind: str, verb: tuple[str, ...], marker: str, run: Inside, tmp_path: Path
) -> None:
    """The grammar of markers lets anything be compared with anything (PEP 508). pip ends with a traceback."""
    requires = [f"lib; {marker}"]
    if kind == "archive":
        filename, data = build_source_archive("mine", "1.0", requires=requires, static=True)
        (tmp_path / filename).write_bytes(data)
        word = f"mine @ {(tmp_path / filename).as_uri()}"
    else:
        write_project(tmp_path / "mine", "mine", "1.0", requires=requires)
        word = "./mine"
    done = run(*verb, "--no-index", "--allow-build", "mine", word)
    assert done.code == 1
    assert "error: invalid-metadata" in done.err, done.err
    assert f"mine 1.0 has metadata that cannot be used: a marker that cannot be evaluated: {marker}" in done.err
    assert "  <-  the command line" in done.err
