"""Text with a scheme is a URL wherever it is said, and never tried as a path, whatever lies in the working folder.

A repository can bring along a folder `https:/HOST/simple/popular/`. Read as a path, the URL of an index names it: no
request is made then, no digest asked for, and no rule on names or ages applies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safepip.edges.programs.installed_pip import default_index_url
from support.pairs import pairs
from support.replies import Reply
from support.wheels import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Done, Inside
    from support.replies import Request

HONEST, PLANTED = "1.0", "99.0"
WHEEL, DATA = build_wheel("popular", PLANTED)


@pytest.fixture
def index(index: IndexServer) -> IndexServer:
    """It has the honest version, for `--find-links` on its own page too."""
    index.add("popular", HONEST)
    index.host.paths["/simple/"] = listing(index)
    return index


def plant(folder: Path, text: str) -> None:
    """Put at the place of `text`, read as a path, a folder of files that has a folder of the project's in it."""
    place = folder / text
    for below in (place, place / "popular"):
        below.mkdir(parents=True, exist_ok=True)
        (below / WHEEL).write_bytes(DATA)
        (below / "index.html").write_text(f'<!DOCTYPE html><a href="{WHEEL}">{WHEEL}</a>')


def plant_file(folder: Path, text: str, content: str | bytes) -> None:
    """Put a file at the place of `text`, read as a path."""
    place = folder / text
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


class Entrance(NamedTuple):
    """Where an index may be named. `@@` stands for the text; the words follow `safepip lock -o -`."""

    words: tuple[str, ...] = ("popular",)
    env: dict[str, str] = {}  # noqa: RUF012 - never changed
    files: dict[str, str] = {}  # noqa: RUF012 - never changed


ENTRANCES = {
    "-i": Entrance(("-i", "@@", "popular")),
    "--extra-index-url": Entrance(("--no-index", "-f", "@@", "--extra-index-url", "@@", "popular")),
    "--extra-index-url beside": Entrance(("-i", "@@", "--extra-index-url", "@@", "popular")),
    "-f": Entrance(("--no-index", "-f", "@@", "popular")),
    "PIP_INDEX_URL": Entrance(env={"PIP_INDEX_URL": "@@"}),
    "PIP_FIND_LINKS": Entrance(("--no-index", "popular"), {"PIP_FIND_LINKS": "@@"}),
    "pip's configuration": Entrance(
        env={"PIP_CONFIG_FILE": "pip.conf"}, files={"pip.conf": "[global]\nindex-url = @@\n"}
    ),
    "pip's configuration, -f": Entrance(
        ("--no-index", "popular"), {"PIP_CONFIG_FILE": "pip.conf"}, {"pip.conf": "[global]\nfind-links = @@\n"}
    ),
    "requirements, -i": Entrance(("-r", "r.txt"), files={"r.txt": "-i @@\npopular\n"}),
    "requirements, -f": Entrance(("-r", "r.txt"), files={"r.txt": "--no-index\n-f @@\npopular\n"}),
    "nested requirements": Entrance(
        ("-r", "r.txt"), files={"r.txt": "-r sub/more.txt\npopular\n", "sub/more.txt": "--index-url=@@\n"}
    ),
    "constraints": Entrance(("-c", "c.txt", "popular"), files={"c.txt": "-i @@\n"}),
    "PIP_CONSTRAINT": Entrance(env={"PIP_CONSTRAINT": "c.txt"}, files={"c.txt": "-i @@\n"}),
    "safepip.toml": Entrance(files={"safepip.toml": '[[index]]\nname = "acme"\nurl = "@@"\ndefault = true\n'}),
    "pyproject.toml": Entrance(
        files={"pyproject.toml": '[[tool.safepip.index]]\nname = "acme"\nurl = "@@"\ndefault = true\n'}
    ),
}


def enter(run: Inside, entrance: Entrance, text: str, monkeypatch: pytest.MonkeyPatch) -> Done:
    """Lock `popular` with an index that is named by `text` at one entrance."""
    for name, content in entrance.files.items():
        plant_file(run.folder, name, content.replace("@@", text))
    for name, value in entrance.env.items():
        monkeypatch.setenv(name, value.replace("@@", text))
    return run("lock", "-o", "-", "--no-cache-dir", *(word.replace("@@", text) for word in entrance.words))


@pytest.mark.usually("*-http", "-i-*", "-f-*", "safepip.toml-*")
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
@pytest.mark.parametrize("name", ENTRANCES)
def test_the_index_of_a_url_answers_and_not_a_folder(
    name: str, scheme: str, index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheme is one in either case; the honest index is asked, and the lock records it."""
    text = scheme + index.url.removeprefix("http")
    plant(run.folder, text)
    plant(run.folder / "sub", text)
    done = enter(run, ENTRANCES[name], text, monkeypatch)
    assert done.code == 0, done.err
    assert f'version = "{HONEST}"' in done.out
    assert PLANTED not in done.out + done.err
    assert index.requests


def listing(index: IndexServer) -> Callable[[Request], Reply]:
    """The index as a page of links, for `--find-links`."""
    found = [file for project in index.projects.values() for file in project.files]
    links = "".join(
        f'<a href="{index.file_path(file.filename)}#sha256={file.listed_hashes()["sha256"]}">{file.filename}</a>'
        for file in found
    )
    return lambda _request: Reply(200, links.encode(), {"Content-Type": "text/html"})


#: Texts with a scheme that name no index, and where each is found if it is taken for a path.
MISWRITTEN = [
    "http:/@/simple/", "http:@/simple/", "https:/@/simple", "https:@/simple", " http://@/simple/", "htt\u200bp://@/simple/",
    "\u00a0http://@/simple/", "\ufeffhttps://@/simple/", "'http://@/simple/'", "s3://@/simple/", "simple+http://@/simple/",
    "index:@/simple", "http://[@/simple/", "http://@:port/simple/", "://@/simple/", "file:@/simple", "FILE:@/simple",
]  # fmt: skip


@pytest.mark.parametrize(("name", "form"), pairs(ENTRANCES, MISWRITTEN, every=8))
def test_a_url_that_is_none_is_an_error_and_no_folder(
    name: str, form: str, index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one slash or none, with characters that do not show before it, with a scheme nobody knows."""
    text = form.replace("@", index.host.origin.partition("://")[2])
    plant(run.folder, text)
    plant(run.folder, text.strip())
    done = enter(run, ENTRANCES[name], text, monkeypatch)
    if done.code == 0:  # a requirements file and pip's configuration have quotes and blanks of their own
        assert f'version = "{HONEST}"' in done.out
        assert index.requests
    else:
        assert re.search(r"^error: [a-z-]+$", done.err, re.MULTILINE), done.err
        assert "Traceback" not in done.err
    assert PLANTED not in done.out + done.err


def test_the_default_index_is_never_looked_up_on_the_disk(run: Inside) -> None:
    """What pip has built in is a URL."""
    url = default_index_url()
    plant(run.folder, url)
    plant(run.folder, url.rstrip("/"))
    done = run("lock", "-o", "-", "--no-cache-dir", "--offline", "popular")
    assert done.code == 1, done.out
    assert "index-unreachable" in done.err
    assert PLANTED not in done.out + done.err


@pytest.mark.parametrize("form", ["@", "./acme:simple", "{cwd}/acme:simple", "c:/simple", "file://{cwd}/simple"])
def test_a_path_is_a_path(form: str, run: Inside) -> None:
    """The honest twins: a folder without a scheme, one whose name has a colon, a drive's letter, a `file:` URL."""
    text = form.replace("{cwd}", str(run.folder)).replace("@", "simple")
    plant(run.folder, text.removeprefix("file:"))
    done = run("lock", "-o", "-", "--no-cache-dir", "--no-index", "-f", text, "popular")
    assert done.code == 0, done.err
    assert f'version = "{PLANTED}"' in done.out


def test_a_path_with_a_colon_is_written_with_a_dot(run: Inside) -> None:
    """The hint helps where it is followed."""
    plant(run.folder, "acme:simple")
    done = run("lock", "-o", "-", "--no-cache-dir", "--no-index", "-f", "acme:simple", "popular")
    assert done.code == 2
    assert "hint: if it is a path: write it with ./ before it" in done.err
    done = run("lock", "-o", "-", "--no-cache-dir", "--no-index", "-f", "./acme:simple", "popular")
    assert done.code == 0, done.err


#: A requirement that is a URL, bare or behind a name: nothing of it lies on the disk.
REQUIREMENTS = [
    "http:/h.example/" + WHEEL, "HTTPS://h.example/" + WHEEL, "https:" + WHEEL, "s3://h.example/" + WHEEL,
    "index:" + WHEEL,
    "popular @ http:/h.example/" + WHEEL, "popular@https:/h.example/" + WHEEL, "popular @ s3:/h.example/" + WHEEL,
    "popular[x] @ https://h.example/" + WHEEL, "popular @ https:" + WHEEL, "\u200bhttp://h.example/" + WHEEL,
]  # fmt: skip


@pytest.mark.parametrize(("text", "place"), pairs(REQUIREMENTS, ["argument", "file", "constraint"], every=3))
def test_a_requirement_that_is_a_url_is_no_file(text: str, place: str, index: IndexServer, run: Inside) -> None:
    """Also `name @ https://HOST/x.whl`, whose place on a disk is a folder `name @ https:`."""
    plant_file(run.folder, text, DATA)
    plant_file(run.folder, text.partition("@")[2].strip() or "x", DATA)
    (run.folder / "r.txt").write_text(f"{text}\n", "utf-8")
    words = {"argument": (text,), "file": ("-r", "r.txt"), "constraint": ("-c", "r.txt", "popular")}[place]
    done = run("lock", "-o", "-", "--no-cache-dir", "--retries=0", "--timeout=1", "-i", index.url, *words)
    assert done.code in (1, 20), done.out
    assert "Traceback" not in done.err
    assert PLANTED not in done.out


#: Where a file is named, and the reference of the error where it cannot be.
FILES = {
    "-r @x": "unreadable-file",
    "-c @x popular": "unreadable-file",
    "-r outer.txt": "unreadable-file",
    "-r @pylock.toml": "unreadable-file",
    "--group @pyproject.toml:dev": "",
    "--requirements-from-script @x": "bad-option",
    "--config @x popular": "bad-option",
    "--well-known-names @x popular": "bad-option",
    "--cert @x popular": "bad-option",
    "--client-cert @x popular": "bad-option",
}
FORMS = ["https:/h.example/", "s3://h.example/", "https:", "own:", "\u200bhttps:/h.example/"]


@pytest.mark.parametrize(("words", "form"), pairs(FILES, FORMS))
def test_a_file_that_is_named_by_a_url_is_not_looked_up(words: str, form: str, index: IndexServer, run: Inside) -> None:
    """Requirements, constraints, what they include, locks, groups, scripts, configuration, certificates."""
    for name in ("x", "pylock.toml", "pyproject.toml"):
        plant_file(run.folder, form + name, f"-i {index.url}\npopular\n")
    (run.folder / "outer.txt").write_text(f"popular\n-r {form}x\n")
    given = [word.replace("@", form) for word in words.split()]
    done = run("download", "-d", "out", "--no-cache-dir", "-i", index.url, *given)
    assert done.code in (1, 2), done.out
    assert f"error: {FILES[words]}" in done.err
    assert not (run.folder / "out").exists()


@pytest.mark.parametrize("variable", ["PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_CERT", "SAFEPIP_CONFIG"])
def test_a_variable_that_names_a_file_by_a_url_is_not_looked_up(
    variable: str, index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the option that it stands for."""
    plant_file(run.folder, "https:/h.example/x", '[[index]]\nname = "a"\ndefault = true\n')
    monkeypatch.setenv(variable, "https:/h.example/x")
    done = run("lock", "-o", "-", "--no-cache-dir", "-i", index.url, "popular")
    assert done.code in (1, 2), done.out
    assert re.search(r"^error: (unreadable-file|bad-option|missing-configuration)$", done.err, re.MULTILINE), done.err


def test_a_lock_with_a_url_for_a_path_is_refused(run: Inside) -> None:
    """PEP 751: a path is a path, and a URL has a scheme."""
    head = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "popular"\nversion = "99.0"\n'
    digest = f'hashes = {{sha256 = "{"0" * 64}"}}'
    for entry in (
        f'archive = {{path = "https:/h.example/{WHEEL}", {digest}}}',
        f'archive = {{url = "h.example/{WHEEL}", {digest}}}',
        f'wheels = [{{name = "{WHEEL}", url = "https:/h.example/{WHEEL}", {digest}}}]',
    ):
        (run.folder / "pylock.toml").write_text(f"{head}{entry}\n")
        plant_file(run.folder, f"https:/h.example/{WHEEL}", DATA)
        done = run("install", "--dry-run", "-I", "--no-cache-dir", "-r", "pylock.toml")
        assert (done.code, "error: invalid-lock" in done.err) == (1, True), done.err


def test_pip_takes_the_folder(index: IndexServer, runner: Runner, target: Environment, tmp_path: Path) -> None:
    """What it is about: plain pip installs the planted wheel, and asks the index nothing."""
    plant(runner.folder, index.url)
    done = runner.pip("install", "--no-cache-dir", "--target", tmp_path / "out", "-i", index.url, "popular")
    assert done.returncode == 0, done.stderr
    assert f"popular-{PLANTED}" in done.stdout
    assert not index.requests
    plant_file(runner.folder, f"popular @ {index.url}{WHEEL}", DATA)
    done = runner.pip("install", "--no-cache-dir", "--target", tmp_path / "two", f"popular @ {index.url}{WHEEL}")
    assert (done.returncode, index.requests) == (0, []), done.stderr
    done = runner.safepip("install", "--python", target.python, "-i", index.url, "popular")
    assert done.returncode == 0, done.stderr
    assert target.installed() == {"popular": HONEST}
