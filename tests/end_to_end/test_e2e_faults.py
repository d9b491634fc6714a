"""A server that misbehaves: the run ends with a clear error, the environment is as it was, and the cost is bounded."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from support.environment import SAFEPIP
from support.index import JSON
from support.replies import Fault, Reply, after, content, drop, lie_about_length, reset, stall, swapped, zeros
from support.runs import IMPATIENT, UNCOMPILED, measured_inside, shown
from support.wheels import build_wheel, make_wheel, sha256

if TYPE_CHECKING:
    from support.environment import Environment, Runner
    from support.index import Index, IndexServer
    from support.replies import Request

#: More than any answer that safepip should ever take in here; a run that swallows it has no bound.
FLOOD = 1 << 34

#: What a run may take, on a busy machine; an honest one takes a second and some MB beside those of its program.
SECONDS, MEGABYTES = 30.0, 240.0

WHEEL = "app-1.0-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class Attack:
    """One fault of a server. `where` is the page, the sidecar or the file; `error` the references that may be shown."""

    where: str
    fault: Fault
    error: str
    code: int = 1
    sized: bool = True
    ranges: bool = False


def other_wheel() -> bytes:
    """Another wheel of the same name, version and length."""
    genuine, evil = (build_wheel("app", "1.0", files={"app/payload.py": text})[1] for text in ("good = 1", "evil = 1"))
    assert len(genuine) == len(evil)
    return evil


def bomb(_request: Request, reply: Reply) -> Reply:
    """Some hundred kilobytes that become 80 MB when they are decompressed."""
    packer = zlib.compressobj(1, wbits=31)
    body = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(80)), packer.flush()])
    return replace(reply, body=body, headers={**reply.headers, "Content-Encoding": "gzip"})


ATTACKS = {
    "a page that is dropped": Attack("page", drop(20), "index-unreachable"),
    "a page without an answer": Attack("page", reset(), "index-unreachable"),
    "a page that stalls": Attack("page", stall(60), "index-unreachable"),
    "a page that stalls half way": Attack("page", stall(60, 20), "index-unreachable"),
    "a page longer than announced": Attack("page", lie_about_length(-10), "not-an-index-page"),
    "a page shorter than announced": Attack("page", lie_about_length(10), "index-unreachable"),
    "a page of zeros": Attack("page", zeros(FLOOD), "index-unreachable"),
    "a page that is a bomb": Attack("page", bomb, "index-unreachable"),
    "a page of nested lists": Attack("page", content(b"[" * 5_000_000, JSON), "not-an-index-page"),
    "a sidecar of zeros": Attack("sidecar", zeros(FLOOD), "download-failed"),
    "a sidecar that is another": Attack("sidecar", swapped(b"Name: evil\n"), "sidecar-digest", 20),
    "a file that is dropped": Attack("file", drop(100), "download-failed"),
    "a file without an answer": Attack("file", reset(), "download-failed"),
    "a file that stalls": Attack("file", stall(60), "download-failed"),
    "a file that stalls half way": Attack("file", stall(60, 100), "download-failed"),
    "a file longer than announced": Attack("file", lie_about_length(-10), "size-mismatch", 20),
    "a file shorter than announced": Attack("file", lie_about_length(10), "size-mismatch", 20),
    "a file of zeros": Attack("file", zeros(FLOOD), "size-mismatch", 20),
    "a file of zeros under its own length": Attack(
        "file", lambda request, reply: zeros(FLOOD, len(reply.body))(request, reply), "digest-mismatch", 20
    ),
    "a file of zeros of which no size is known": Attack("file", zeros(FLOOD), "download-failed", sized=False),
    "ranges of zeros": Attack("file", zeros(FLOOD), "size-mismatch", 20, ranges=True),
    "other bytes": Attack("file", swapped(other_wheel()), "digest-mismatch", 20),
    "other bytes after the first look": Attack(
        "file", after(1, swapped(other_wheel())), "digest-mismatch", 20, ranges=True
    ),
}


def spoil(index: Index, attack: Attack) -> None:
    """An index with one project, misbehaving."""
    index.sidecars = not attack.ranges
    file: dict[str, Any] = {} if attack.sized else {"size": -1}
    index.add("app", "1.0", files={"app/payload.py": "good = 1"}, file=file)
    if attack.where == "page":
        index.fault("app", attack.fault)
    else:
        index.file_fault(WHEEL + (".metadata" if attack.where == "sidecar" else ""), attack.fault)


@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.parametrize("name", ATTACKS)
def test_a_server_that_misbehaves(name: str, index: IndexServer, runner: Runner, target: Environment) -> None:
    """The run ends soon, in little memory, with an error that says what was wrong; nothing is installed or trusted."""
    attack = ATTACKS[name]
    spoil(index, attack)
    before = target.state()
    run = measured_inside(runner, "install", "--python", target.python, "-i", index.url, *IMPATIENT, "app")
    assert (run.returncode, re.findall("^error: (.*)$", run.output, re.MULTILINE)) == (attack.code, [attack.error]), run
    assert "Traceback" not in run.output, run
    assert "app" in run.output.partition("\n")[2], run
    assert "Nothing was installed." in run.output, run
    assert run.seconds < SECONDS, run
    assert run.megabytes < MEGABYTES, run
    assert target.state() == before
    left = [path for path in runner.home.rglob("*") if path.is_file() and path.suffix != ".json"]
    assert not [path for path in left if not any(part.startswith("metadata-") for part in path.parts)], left


def test_bytes_that_change_after_the_dry_run(index: IndexServer, runner: Runner, target: Environment) -> None:
    """The file that the dry run saw is the one that is installed, or none is: the page it saw is still in force."""
    spoil(index, Attack("file", after(0, swapped(other_wheel())), ""))
    words = ("install", "--python", str(target.python), "-i", index.url, *IMPATIENT, "app")
    before = target.state()
    done = runner.inside(*words, "--dry-run")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Would install app-1.0"), shown(done)
    done = runner.inside(*words)
    assert (done.returncode, "error: digest-mismatch" in done.stderr) == (20, True), shown(done)
    assert target.state() == before


@pytest.mark.parametrize("cache", [(), ("--no-cache-dir",)], ids=["kept", "no cache"])
def test_a_file_and_its_page_that_change_after_the_report(
    index: IndexServer, runner: Runner, target: Environment, cache: tuple[str, ...]
) -> None:
    """The digests of the report, given back as hashes, hold against an index that now lists other bytes."""
    spoil(index, Attack("file", after(0, swapped(other_wheel())), ""))
    words = ("install", "--python", str(target.python), "-i", index.url, *IMPATIENT, *cache)
    done = runner.inside(*words, "--dry-run", "--quiet", "--report", "report.json", "app")
    assert done.returncode == 0, shown(done)
    (item,) = json.loads((runner.folder / "report.json").read_text())["install"]
    digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
    (runner.folder / "pinned.txt").write_text(f"app==1.0 --hash=sha256:{digest}\n")
    (served,) = index.project("app").files
    served.data = other_wheel()
    before = target.state()
    done = runner.inside(*words, "-r", "pinned.txt")
    assert done.returncode == 20, shown(done)
    assert re.findall("^error: (.*)$", done.stderr, re.MULTILINE)[0] in ("hash-mismatch", "digest-mismatch"), shown(
        done
    )
    assert target.state() == before


def test_a_store_that_was_tampered_with(index: IndexServer, runner: Runner, target: Environment) -> None:
    """A wheel and its metadata that were replaced in the store since are noticed, and fetched anew."""
    spoil(index, Attack("file", after(9, reset()), ""))
    words = ("--python", str(target.python), "-i", index.url, *IMPATIENT)
    assert runner.inside("download", *words, "-d", "first", "app").returncode == 0
    store = runner.home / "cache" / "safepip"
    (wheel,) = (path for path in (store / "sha256").rglob("*") if path.is_file())
    (metadata,) = (path for path in store.glob("metadata-*/**/*") if path.is_file())
    wheel.write_bytes(other_wheel())
    metadata.write_text(metadata.read_text() + "Requires-Dist: evil\n")
    done = runner.inside("install", *words, "app")
    assert done.returncode == 0, shown(done)
    assert (target.site_packages / "app" / "payload.py").read_text() == "good = 1"
    assert index.mentions("evil") == []


def test_a_disk_that_is_full(index: IndexServer, runner: Runner, target: Environment) -> None:
    """A file that cannot be written any further is an error like others, and leaves nothing behind."""
    index.add("app", "1.0", files={"app/large": bytes(300_000)})
    before = target.state()
    limited = ["bash", "-c", 'ulimit -f 64; exec "$@"', "bash", SAFEPIP]
    done = runner.run([*limited, "install", "--python", str(target.python), "-i", index.url, "app"], env=UNCOMPILED)
    assert done.returncode == 1, shown(done)
    assert "\nerror: store-unwritable\n" in done.stderr, shown(done)
    assert target.state() == before
    assert not list((runner.home / "cache" / "safepip" / "incoming").iterdir())


LIES: dict[str, tuple[dict[str, Any], bytes, str]] = {
    "hides": (
        {"requires": ["extra-lib"]},
        b"Metadata-Version: 2.1\nName: app\nVersion: 1.0\n",
        "only in the wheel: extra-lib",
    ),
    "adds": (
        {"requires": []},
        b"Metadata-Version: 2.1\nName: app\nVersion: 1.0\nRequires-Dist: extra-lib\n",
        "not in the wheel: extra-lib",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_sidecar_that_lies_about_dependencies(
    lie: str, index: IndexServer, runner: Runner, target: Environment
) -> None:
    """Its digest is right and its content is not that of the wheel: refused, with the difference, nothing installed."""
    wheel, sidecar, difference = LIES[lie]
    served = index.add("app", "1.0", **wheel)
    served.sidecar = sidecar
    index.add("extra-lib", "1.0")
    before = target.state()
    done = runner.inside("install", "--python", target.python, "-i", index.url, "app")
    assert done.returncode == 20, shown(done)
    assert "\nerror: metadata-mismatch\n" in done.stderr, shown(done)
    assert difference in done.stderr
    assert target.state() == before


def test_folders_and_pages_of_links(index: IndexServer, runner: Runner, target: Environment) -> None:
    """`--find-links` with a folder and with a page, without an index: one that has the digest, one that needs none."""
    make_wheel(runner.folder / "links", "app", "1.0", requires=["lib"])
    filename, data = build_wheel("lib", "1.0")
    index.add_file("lib", filename, data)
    link = f'<a href="{index.host.origin}{index.file_path(filename)}#sha256={sha256(data)}">{filename}</a>'
    index.host.paths["/links.html"] = Reply(200, f"<!DOCTYPE html>{link}".encode(), {"Content-Type": "text/html"})
    words = ("--no-index", "-f", "links", "--find-links", f"{index.host.origin}/links.html")
    done = runner.inside("install", "--python", target.python, *words, "app")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"app": "1.0", "lib": "1.0"}
    # The same name in both: no rule says which of them owns it.
    make_wheel(runner.folder / "links", "lib", "9.0")
    before = target.state()
    done = runner.inside("install", "--python", target.python, *words, "-U", "lib")
    assert (done.returncode, "error: ambiguous-index" in done.stderr) == (20, True), shown(done)
    assert target.state() == before


def test_a_disk_that_is_full_when_pip_unpacks(index: IndexServer, runner: Runner, target: Environment) -> None:
    """pip's own words say why, and safepip what that means; the same command then installs it."""
    filename, plain = build_wheel("app", "1.0", files={"app/large": bytes(300_000)})
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in source.infolist():
            archive.writestr(entry.filename, source.read(entry))
    index.add_wheel("app", filename, packed.getvalue(), version="1.0")
    words = ["install", "--python", str(target.python), "-i", index.url, "--output-format", "json", "app"]
    limited = ["bash", "-c", 'ulimit -f 128; exec "$@"', "bash", SAFEPIP]
    done = runner.run([*limited, *words], env=UNCOMPILED)
    assert done.returncode == 1, shown(done)
    why, what = done.stderr.index("ERROR: Could not install"), done.stderr.index("\nerror: pip-failed\n")
    assert why < what, shown(done)
    assert "Nothing was" not in done.stderr, shown(done)
    (told,) = json.loads(done.stdout)["errors"]
    assert (told["reference"], told["kind"]) == ("pip-failed", "pip")
    assert runner.inside(*words).returncode == 0


def test_an_error_is_in_the_log(index: IndexServer, runner: Runner, target: Environment) -> None:
    """`--log` has what was shown, and a log that cannot be written ends the run before anything is asked or done."""
    words = ("install", "--python", target.python, "-i", index.url, "app", "--log")
    done = runner.inside(*words, "logs/log.txt")
    assert done.returncode == 1, shown(done)
    lines = [line.partition(" ")[2] for line in (runner.folder / "logs" / "log.txt").read_text().splitlines()]
    environment, *error = done.stderr.splitlines()
    (request,) = [line for line in lines if line.startswith("GET ")]
    assert lines == [environment, *done.stdout.splitlines(), request, *error]
    index.requests.clear()
    done = runner.inside(*words, "logs/log.txt/log.txt")
    assert (done.returncode, "error: log-not-written" in done.stderr) == (2, True), shown(done)
    assert index.requests == []


@pytest.mark.timeout(2 * SECONDS)
def test_a_requirements_file_without_end(index: IndexServer, runner: Runner, target: Environment) -> None:
    """A device that someone's repository names is not read; one that the user names, not for ever."""
    (runner.folder / "wanted.txt").write_text("-r /dev/zero\n")
    for named, reported in (("wanted.txt", "it is not a regular file"), ("/dev/zero", "File too large")):
        run = measured_inside(runner, "install", "--python", target.python, "-i", index.url, "-r", named)
        assert (run.returncode, f"/dev/zero cannot be opened: {reported}" in run.output) == (1, True), run
        assert ("wanted.txt:1" in run.output) == (named == "wanted.txt")
        assert run.seconds < SECONDS
        assert run.megabytes < MEGABYTES
