"""A wheel that was read to the end is not unpacked by later installs; a note that lies does not make them succeed."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import safepip
from safepip import __version__
from safepip.edges.disk.own_cache import files, remove
from safepip.edges.disk.sound_wheels import READERS, own_note
from support.sources import build_source_archive
from support.wheels import build_wheel
from support.zips import DEFLATED, changed, parts_of, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.environment import Environment
    from support.index import IndexServer
    from support.inside import Inside

OWN = own_note().decode()
CORE = "VALUE = 1\n" * 100


def lying() -> tuple[str, bytes]:
    """A wheel whose RECORD has the digest of another `core.py`, of the same size."""
    filename, honest = build_wheel("acme", "1.0", files={"acme/core.py": CORE})
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        record = archive.read("acme-1.0.dist-info/RECORD")
    lie: dict[str, str | bytes] = {"acme/core.py": CORE.replace("1", "2"), "acme-1.0.dist-info/RECORD": record}
    return filename, build_wheel("acme", "1.0", files=lie)[1]


@pytest.fixture
def cache(run: Inside) -> Path:
    """The cache folder of the runs."""
    return run.folder / "home" / ".cache" / "safepip"


def note_of(cache: Path, data: bytes) -> Path:
    """The note that a wheel is sound."""
    digest = hashlib.sha256(data).hexdigest()
    return cache / "sound-1" / digest[:2] / digest[2:]


def forge(cache: Path, data: bytes, text: str = own_note().decode()) -> Path:
    """Write such a note."""
    note = note_of(cache, data)
    note.parent.mkdir(parents=True)
    note.write_text(text)
    return note


def install(run: Inside, index: IndexServer, target: Environment, *words: str) -> tuple[int, str]:
    """How an install of acme ends, and what it says."""
    done = run("install", "--no-compile", "--python", target.python, "-i", index.url, *words, "acme")
    return done.code, done.out + done.err


def test_what_was_read_is_noted_and_installs_the_same(
    run: Inside, index: IndexServer, cache: Path, new_target: Callable[[str], Environment]
) -> None:
    """The second environment is the first one's equal, and the note is part of what `safepip cache` shows."""
    filename, data = build_wheel("acme", "1.0", files={"acme/core.py": CORE}, scripts={"acme": "acme.core:main"})
    index.add_file("acme", filename, data)
    first, second = new_target("first"), new_target("second")
    assert install(run, index, first)[0] == 0
    assert note_of(cache, data).read_bytes() == own_note()
    assert install(run, index, second)[0] == 0
    assert (second.site_packages / "acme" / "core.py").read_text() == CORE
    record = "acme-1.0.dist-info/RECORD"
    digest_lines = [
        [line for line in (env.site_packages / record).read_text().splitlines() if "bin/acme" not in line]
        for env in (first, second)
    ]
    assert digest_lines[0] == digest_lines[1]
    (noted,) = (file for file in files(str(cache)) if file.path.startswith("sound-"))
    assert (noted.part, noted.digest) == ("notes", hashlib.sha256(data).hexdigest())
    assert remove(str(cache), [noted])[0] == 1


def test_a_forged_note_is_found_out_by_what_is_installed(
    run: Inside, index: IndexServer, cache: Path, target: Environment
) -> None:
    """Every file is compared with its row once it is there. What differs does not stay installed, and the next run
    does not believe the note any more."""
    index.add_file("acme", *lying())
    note = forge(cache, lying()[1])
    code, said = install(run, index, target)
    assert (code, "error: installed-differs" in said) == (1, True), said
    assert "core.py has a different sha256 than was verified" in said
    assert "not installed: acme 1.0" in said
    assert not note.exists()
    assert not (target.site_packages / "acme-1.0.dist-info").exists()
    before = target.state()
    code, said = install(run, index, target)
    assert (code, "error: wrong-record" in said) == (20, True), said
    assert target.state() == before


def test_what_an_upgrade_would_take_away_goes_before(run: Inside, index: IndexServer, target: Environment) -> None:
    """`zone` 2.0 no longer has the file that `atwo` brings; pip would remove it with `zone` 1.0, after `atwo` was
    there."""
    shared = {"shared/module.py": CORE}
    target.unpack(build_wheel("zone", "1.0", files=shared)[1])
    common = ("--no-compile", "--python", target.python, "-i", index.url)
    index.add_file("zone", *build_wheel("zone", "2.0", requires=["atwo"]))
    index.add_file("atwo", *build_wheel("atwo", "2.0", files=shared))
    done = run("install", *common, "zone==2.0")
    assert done.code == 0, done.err
    assert (target.site_packages / "shared/module.py").read_text() == CORE
    done = run("verify", "--python", target.python)
    assert done.code == 0, done.out + done.err


def test_a_forged_note_about_what_cannot_be_unpacked_is_found_out_by_pip(
    run: Inside, index: IndexServer, cache: Path, new_target: Callable[[str], Environment]
) -> None:
    """zipfile compares the checksums."""
    filename, honest = build_wheel("acme", "1.0", files={"acme/core.py": CORE})
    broken = zip_of(changed(parts_of(honest), "acme/core.py", method=DEFLATED, packed=b"\xff" * 40))
    index.add_file("acme", filename, broken)
    note = forge(cache, broken)
    code, said = install(run, index, new_target("first"))
    assert (code != 0, note.exists()) == (True, False), said
    code, said = install(run, index, new_target("second"))
    assert (code, "error: unreadable-wheel" in said) == (20, True), said


@pytest.mark.parametrize(
    "text", ["", "0.0.0", __version__, OWN[:-1], OWN + "\n", OWN.replace(OWN[-2], "g"), "x" * 5000]
)
def test_a_note_that_this_version_has_not_written_does_not_count(
    run: Inside, index: IndexServer, cache: Path, target: Environment, text: str
) -> None:
    """Neither one that is cut off, nor one of a version that may have read by other rules."""
    index.add_file("acme", *lying())
    forge(cache, lying()[1], text)
    before = target.state()
    code, said = install(run, index, target)
    assert (code, "error: wrong-record" in said, target.state() == before) == (20, True, True), said


def test_a_note_is_of_the_files_that_read() -> None:
    """All of the room of wheels that they load is among them, so that a change of any makes other notes."""
    folder = Path(safepip.__file__).parent
    for name in READERS:
        if name.startswith("wheel/"):
            loaded = re.findall(r"(?m)^from safepip\.(wheel\.\w+) import", (folder / name).read_text())
            assert {f"{module.replace('.', '/')}.py" for module in loaded} <= set(READERS), name
    whole = b"".join(hashlib.sha256((folder / name).read_bytes()).digest() for name in READERS)
    assert own_note() == f"{__version__} {hashlib.sha256(whole).hexdigest()}\n".encode()


def test_where_nothing_is_read_back_no_note_counts(run: Inside, index: IndexServer, cache: Path) -> None:
    """`download` ends with the wheel, and nobody compares what is in it afterwards."""
    index.add_file("acme", *lying())
    forge(cache, lying()[1])
    done = run("download", "-i", index.url, "-d", "here", "acme")
    assert (done.code, "error: wrong-record" in done.err) == (20, True), done.err


def test_what_a_build_requires_is_unpacked_whatever_is_noted(
    run: Inside, index: IndexServer, cache: Path, target: Environment
) -> None:
    """Nobody looks at the environment of a build once it has failed, so nothing there rests on a note."""
    index.add_file("acme", *lying())
    note, mark = forge(cache, lying()[1]), run.folder / "ran"
    filename, data = build_source_archive("mine", "1.0", build_requires=["acme"], marks=[str(mark)])
    index.add_file("mine", filename, data)
    words = ("install", "--python", target.python, "-i", index.url, "--allow-build", "mine", "mine")
    before = target.state()
    done = run(*words)
    assert (done.code, "error: wrong-record" in done.err) == (20, True), done.err
    assert (mark.exists(), note.exists(), target.state() == before) == (False, True, True)


def test_a_wheel_that_lies_is_not_noted(run: Inside, index: IndexServer, cache: Path, target: Environment) -> None:
    """Neither where it is refused, nor where policy allows it, nor where it comes again after that."""
    index.add_file("acme", *lying())
    assert install(run, index, target)[0] == 20
    assert not (cache / "sound-1").exists()
    (run.folder / "safepip.toml").write_text(
        '[[allow]]\nproject = "acme"\nrule = "wrong-record"\nreason = "read by us"\n'
    )
    code, said = install(run, index, target)
    assert not (cache / "sound-1").exists()
    assert (code, "allowed: wrong-record" in said) == (0, True), said
    assert "allowed: wrong-record" in install(run, index, target, "--force-reinstall")[1]


def test_a_wheel_that_was_exchanged_in_the_store_is_fetched_again(
    run: Inside, index: IndexServer, cache: Path, target: Environment
) -> None:
    """The note is about bytes: those that have its digest, and no others."""
    filename, data = build_wheel("acme", "1.0", files={"acme/core.py": CORE})
    index.add_file("acme", filename, data)
    assert run("download", "-i", index.url, "-d", "here", "acme").code == 0
    assert note_of(cache, data).exists()
    (stored,) = (cache / "sha256").rglob("?" * 62)
    stored.chmod(0o600)
    stored.write_bytes(lying()[1])
    assert install(run, index, target)[0] == 0
    assert (target.site_packages / "acme" / "core.py").read_text() == CORE
    assert stored.read_bytes() == data
