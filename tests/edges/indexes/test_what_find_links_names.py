"""`--find-links` takes what it takes in pip: a folder with its pages, a page, and a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.indexes import local_sources
from support.wheels import make_wheel, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.certificates import Authority
    from support.environment import Runner
    from support.index import IndexServer
    from support.inside import Inside

WHEEL = "app-1.0-py3-none-any.whl"
#: A page of links to the wheel beside the folder, and to one that an index serves.
BESIDE = f'<!DOCTYPE html><a href="../{WHEEL}">app</a>'
SERVED = f'<a href="<url>#sha256=<sha256>">{WHEEL}</a>'

FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "a folder": (".", {}),
    "a file": (f"./{WHEEL}", {}),
    "a file's URL": (f"file://<here>/{WHEEL}", {}),
    "a page": ("links/page.html", {"links/page.html": BESIDE}),
    "a folder with a page": ("links", {"links/page.html": BESIDE}),
    "a folder with a page of the old name": ("links", {"links/PAGE.HTM": BESIDE}),
    "a folder with pages and other files": (
        "links",
        {"links/a.html": "nothing", "links/b.html": BESIDE, "links/notes.txt": "x", "links/odd.whl": ""},
    ),
    "a page of files elsewhere": ("page.html", {"page.html": SERVED}),
    "a folder with a page of files elsewhere": ("links", {"links/page.html": SERVED}),
}


@pytest.fixture
def served(tls_index: IndexServer, authority: Authority, run: Inside) -> Mapping[str, str]:
    """A wheel in the working folder, and the same one served over https; what stands for them in a text."""
    wheel = make_wheel(run.folder, "app", "1.0")
    assert wheel.name == WHEEL
    data = wheel.read_bytes()
    tls_index.add_file("app", WHEEL, data)
    url = tls_index.host.origin + tls_index.file_path(WHEEL)
    cert = str(authority.bundle)
    return {"<here>": str(run.folder), "<url>": url, "<sha256>": sha256(data), "<cert>": cert}


def _filled(text: str, marks: Mapping[str, str]) -> str:
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


@pytest.mark.parametrize("form", FORMS)
def test_each_form_offers_what_it_offers_in_pip(
    form: str, served: Mapping[str, str], run: Inside, runner: Runner
) -> None:
    place, files = FORMS[form]
    for name, text in files.items():
        path = run.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(_filled(text, served))
    where = ("--cert", served["<cert>"], "--no-index", "-f", _filled(place, served))
    words = ("install", "--dry-run", "-I", *where, "app")
    plain, done = runner.pip(*words, cwd=run.folder), run(*words)
    assert (plain.stdout.splitlines()[-1], plain.returncode) == ("Would install app-1.0", 0), plain.stderr
    assert (done.out.splitlines()[-1], done.code) == ("Would install app-1.0", 0), done.err


def test_what_a_page_in_a_folder_says_of_a_file_has_to_hold(served: Mapping[str, str], run: Inside) -> None:
    """Also where the file lies in that folder, and would be taken without a page."""
    for href, reference in ((WHEEL, "digest-mismatch"), (served["<url>"], "digest-mismatch")):
        (run.folder / "page.html").write_text(f'<a href="{href}#sha256={"0" * 64}">app</a>')
        done = run("download", "--cert", served["<cert>"], "--no-index", "-f", ".", "-d", "out", "app")
        assert done.code == 20
        assert f"error: {reference}" in done.err
        assert not (run.folder / "out" / WHEEL).exists()


def test_a_page_in_a_folder_cannot_bring_a_file_that_nothing_pins(served: Mapping[str, str], run: Inside) -> None:
    """A page of this machine, and a host of the network: as for a page that is named itself."""
    (run.folder / "links").mkdir()
    (run.folder / "links" / "page.html").write_text(f'<a href="{served["<url>"]}">app</a>')
    for place in ("links", "links/page.html"):
        done = run("download", "--cert", served["<cert>"], "--no-index", "-f", place, "-d", "out", "app")
        assert done.code == 20
        assert "error: file-host" in done.err


@pytest.mark.parametrize("place", [f"file://<here>/{WHEEL}", "<url>"])
@pytest.mark.parametrize(
    ("digest", "code", "says"),
    [
        ("sha256=<sha256>", 0, ""),
        (f"sha256={'0' * 64}", 20, "error: digest-mismatch"),
        ("sha256=<sha256>&md5=00000000000000000000000000000000", 20, "error: digest-mismatch"),
        ("sha256=0", 1, "its sha256 is not a digest"),
    ],
)
def test_the_digest_in_a_files_url_has_to_hold(
    place: str, digest: str, code: int, says: str, served: Mapping[str, str], run: Inside
) -> None:
    """As in pip."""
    url = _filled(f"{place}#{digest}", served)
    done = run("download", "--cert", served["<cert>"], "--no-index", "-f", url, "-d", "out", "app")
    assert done.code == code, done.err
    assert says in done.err
    assert ("hint: copy the digest once more" in done.err) is (says == "its sha256 is not a digest")
    assert (run.folder / "out" / WHEEL).exists() is (code == 0)


def test_a_file_on_a_network_is_taken_where_its_digest_is_given(served: Mapping[str, str], run: Inside) -> None:
    """If its URL gives none, a requirement has to; pip takes it without."""
    words = ("download", "--cert", served["<cert>"], "--no-index", "-d", "out", "-f", served["<url>"])
    done = run(*words, "app")
    assert done.code == 20
    assert "error: unhashed-file" in done.err
    (run.folder / "app.txt").write_text(f"app==1.0 --hash=sha256:{served['<sha256>']}\n")
    done = run(*words, "-r", "app.txt")
    assert done.code == 0, done.err
    assert (run.folder / "out" / WHEEL).exists()


def test_all_pages_of_a_folder_together_are_bounded(
    served: Mapping[str, str], run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a repository could bring any number of pages, each within the bound of a page."""
    (run.folder / "links").mkdir()
    for number in range(3):
        (run.folder / "links" / f"{number}.html").write_text(BESIDE)
    for most, code in ((3, 0), (2, 1)):
        monkeypatch.setattr(local_sources, "MAX_FILES", most)
        done = run("download", "--no-index", "-f", "links", "-d", "out", "app")
        assert done.code == code, done.err
        assert ("list more than 2 files" in done.err) is (code == 1)


def test_a_file_that_is_not_there_is_an_error(run: Inside) -> None:
    done = run("download", "--no-index", "-f", f"file://{run.folder}/{WHEEL}", "app")
    assert done.code == 1
    assert "error: index-unreachable" in done.err
