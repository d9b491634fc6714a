"""The list of well-known names in the package, and the files that can take its place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from safepip.edges.disk import well_known
from safepip.edges.disk.well_known import WellKnownNames, names_from, shipped_names
from safepip.model.errors import UsageError
from safepip.model.origin import Origin, Source
from safepip.vetting.look_alikes import KnownNames, read_names

ROOT = Path(__file__).resolve().parents[3]
SETS = sorted((ROOT / "benchmarks" / "sets").glob("*.txt"))


def shipped() -> list[str]:
    return [line for line in shipped_names().splitlines() if line and not line.startswith("#")]


def test_every_name_is_plain_and_normalised() -> None:
    wrong = [name for name in shipped() if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name)]
    assert not wrong
    assert [str(canonicalize_name(name)) for name in shipped()] == shipped()


def test_no_name_stands_twice() -> None:
    names = shipped()
    assert len(set(names)) == len(names), sorted({name for name in names if names.count(name) > 1})


def test_there_are_more_than_a_thousand_names_and_the_most_used_are_at_the_head() -> None:
    """The head of the list is what a name is held against most strictly."""
    assert len(shipped()) >= 1_000
    assert {"requests", "numpy", "boto3", "django", "python-dateutil", "setuptools", "jellyfish"} <= set(
        shipped()[:1_000]
    )


def test_the_list_is_read_as_the_list_of_a_user_would_be() -> None:
    assert list(read_names(shipped_names())) == shipped()


def test_the_list_says_when_it_was_made() -> None:
    assert re.search(r"^# Date: 20\d\d-\d\d-\d\d$", shipped_names(), re.MULTILINE)


def test_no_name_is_that_of_a_module_of_the_standard_library() -> None:
    """Such a name is what is imitated most easily, and no project has an honest need of it."""
    modules = {str(canonicalize_name(name)) for name in sys.stdlib_module_names}
    assert modules.isdisjoint(shipped())


def roots(path: Path) -> list[str]:
    """The projects that a set of the benchmark asks for."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith("-")]


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_what_the_benchmarks_ask_for_is_well_known(path: Path) -> None:
    assert roots(path), "a set that asks for nothing"
    assert not set(roots(path)) - set(shipped())


@pytest.mark.parametrize("stand_in", ["sklearn", "bs4", "pil", "dotenv", "cv2", "yaml", "python3-dateutil", "urllib"])
def test_neither_stand_ins_nor_import_names_are_on_the_list(stand_in: str) -> None:
    assert stand_in not in shipped()


@pytest.mark.parametrize("name", ["identity", "ipytest", "json-diff", "pymupdfpro", "sqlalchemy-databricks"])
def test_an_honest_project_that_stands_close_to_a_popular_one_is_known_and_was_flagged_for_its_name(name: str) -> None:
    others = [other for other in shipped() if other != name]
    assert len(others) < len(shipped())
    assert KnownNames(others).resemblance(name) is not None


# --- the files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_file_of_the_users_is_read_as_text(tmp_path: Path, begin: bytes) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(begin + "# Café\nrequests\n".encode())
    assert names_from(str(path)) == "# Café\nrequests\n"


def refusal(path: Path, origin: Origin | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        names_from(str(path), origin)
    assert caught.value.diagnostics[0].reference == "unusable-names"
    return caught.value


def test_a_file_that_is_missing_is_an_error_that_says_where_it_was_named(tmp_path: Path) -> None:
    stated = Origin(Source.MACHINE_POLICY, "/etc/safepip/config.toml", 4)
    found = refusal(tmp_path / "none.txt", stated).diagnostics[0]
    assert "No such file" in found.message
    assert found.origins == (stated,)


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    refusal(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes and devices")
def test_a_pipe_to_which_nobody_writes_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "names"
    os.mkfifo(path)
    script = f"from safepip.edges.disk.well_known import names_from; names_from({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert "it is a pipe, and nothing writes to it" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes and devices")
def test_a_device_is_no_list() -> None:
    assert "it is not a file" in refusal(Path("/dev/zero")).diagnostics[0].message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes and devices")
@pytest.mark.parametrize("wait", [0.0, 0.3], ids=["at once", "later"])
def test_what_a_shell_passes_as_a_pipe_is_read_to_its_end(wait: float) -> None:
    """`<(...)` is the path of a pipe: what is not there yet is waited for, as long as somebody may write it."""
    lines = [f"name-{number}\n" for number in range(20_000)]
    reading, writing = os.pipe()

    def write() -> None:
        time.sleep(wait)
        with open(writing, "w", encoding="utf-8") as pipe:
            pipe.writelines(lines[:10])
            pipe.flush()
            time.sleep(wait)
            pipe.writelines(lines[10:])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert names_from(f"/dev/fd/{reading}") == "".join(lines)
    finally:
        os.close(reading)
        writer.join()


def test_a_file_that_is_no_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"requests\nflask\ncaf\xe9\n")
    assert "line 3" in refusal(path).diagnostics[0].message


def test_a_file_beyond_the_limit_is_refused_and_never_half_read(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"requests\n")
    os.truncate(path, 16 * 1024 * 1024)
    names_from(str(path))
    os.truncate(path, 16 * 1024 * 1024 + 1)
    assert "larger than 16 MiB" in refusal(path).diagnostics[0].message


def test_a_reason_that_quotes_the_file_cannot_write_to_the_terminal() -> None:
    found = well_known.unusable_names("a\x1b[2Jb", "line 1 is \x1b]0;x").diagnostics[0]
    assert "\x1b" not in found.message


# --- the wheel of safepip -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """safepip's own wheel, built as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_of_safepip_holds_the_list(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("safepip/data/well_known_names.txt").decode() == shipped_names()


def test_the_list_is_found_where_safepip_runs_out_of_an_archive(wheel: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1])\nfrom safepip.edges.disk import well_known as w\n"
    code += "print(w.__file__); print(len(w.shipped_names()))"
    run = subprocess.run([sys.executable, "-c", code, str(wheel)], capture_output=True, text=True, check=True)
    place, length = run.stdout.splitlines()
    assert place.startswith(str(wheel))
    assert int(length) == len(shipped_names())


@pytest.mark.parametrize("fault", ["missing", "spoilt"])
def test_an_installation_without_its_list_stops_and_does_not_judge_without_one(
    wheel: Path, tmp_path: Path, fault: str
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    file = tmp_path / "safepip" / "data" / "well_known_names.txt"
    file.unlink() if fault == "missing" else file.write_bytes(b"\xff")
    code = "import sys; sys.path.insert(0, sys.argv[1])\nfrom safepip.edges.disk import well_known as w\n"
    code += "from safepip.model.errors import Unavailable\n"
    code += "try: w.shipped_names()\nexcept Unavailable as e: print(e.diagnostics[0].reference)"
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "unusable-names"


def test_a_run_reads_the_list_once(tmp_path: Path) -> None:
    """It may come through a pipe, and the search and its guesses both ask for it."""
    place = tmp_path / "names.txt"
    place.write_text("requests\n")
    names = WellKnownNames(str(place), Origin(Source.COMMAND_LINE, "--well-known-names"))
    known = names.beside(("acme-",))
    place.unlink()
    assert names.beside(("acme-",)) is known
    assert ("requests" in known, "acme-tool" in known) == (True, True)
    assert ("requests" in names.beside(()), "acme-tool" in names.beside(())) == (True, False)


def test_a_list_that_cannot_be_read_stays_unreadable_for_the_run(tmp_path: Path) -> None:
    """Who asks later is told the same as who asked first."""
    place = tmp_path / "names.txt"
    names = WellKnownNames(str(place), Origin(Source.COMMAND_LINE, "--well-known-names"))
    told = []
    for _ in range(2):
        with pytest.raises(UsageError, match="unusable-names") as caught:
            names.beside(())
        told.append(caught.value.diagnostics)
        place.write_text("requests\n")
    assert told[0] == told[1]
