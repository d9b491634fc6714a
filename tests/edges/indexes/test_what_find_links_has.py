"""A source on this machine has a project where it lists a file of it, and be it one that cannot be used.

What is taken not to be there leaves the name to the other source, and an attacker registers it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.replies import Reply
from support.wheels import make_wheel

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Done, Inside

WHEEL = "app-1.0-py3-none-any.whl"

#: Links to a file of the project, of which none can be used.
LINKS = {
    "user information": f"https://robot:word@files.example/{WHEEL}#sha256={'1' * 64}",
    "a digest that is none": f"{WHEEL}#sha256=xyz",
    "two digests of one kind": f"{WHEEL}#sha256={'1' * 64}&sha256={'2' * 64}",
    "dot segments": f"a/%2e%2e/{WHEEL}",
    "another scheme": f"ftp://files.example/{WHEEL}",
    "an egg": "app-1.0-py3.11.egg",
    "a name that is none": "app-1.0.whl",
    "an archive behind a slash": "app-1.0.tar.gz/",
}
#: Files of the project in a folder that pip passes over.
FILES = ("app-1.0-py3.11.egg", "app-1.0.whl", "app-1.0.tgz", "app-1.0.tar.bz2")
#: Files of other projects, and files that are none.
OTHERS = ("app-extra-1.0.tgz", "app_extra-1.0.egg", "application-1.0.tgz", "app.tgz", "app-latest.tgz", "app-1.0.txt")


def _taken(run: Inside, index: IndexServer, links: str) -> Done:
    index.add("app", "9.9")
    return run("install", "--dry-run", "-I", "-i", str(index.url), "-f", links, "app")


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_that_cannot_be_used(kind: str, run: Inside, index: IndexServer) -> None:
    (run.folder / "links.html").write_text(f'<!DOCTYPE html><a href="{LINKS[kind]}">x</a>')
    done = _taken(run, index, "links.html")
    assert done.code == 20, done.out
    assert "error: ambiguous-index" in done.err
    assert ("links.html  no file that can be used" in done.err) is (kind != "an archive behind a slash")


def test_and_where_it_is_the_only_source_the_message_counts_it(run: Inside) -> None:
    (run.folder / "links.html").write_text(f'<a href="{LINKS["dot segments"]}">x</a>')
    done = run("install", "--dry-run", "-I", "--no-index", "-f", "links.html", "app")
    assert done.code == 1
    assert "entries of its page that cannot be used: 1" in done.err


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_form(name: str, run: Inside, index: IndexServer) -> None:
    (run.folder / "links").mkdir()
    (run.folder / "links" / name).write_bytes(b"")
    done = _taken(run, index, "links")
    assert done.code == 20, done.out
    assert "error: ambiguous-index" in done.err


def test_what_is_of_another_project_is_not_of_this_one(run: Inside, index: IndexServer) -> None:
    (run.folder / "links").mkdir()
    for name in OTHERS:
        (run.folder / "links" / name).write_bytes(b"")
    (run.folder / "links" / "page.html").write_text(
        "".join(f'<a href="ftp://x.example/{name}">x</a>' for name in OTHERS)
    )
    done = _taken(run, index, "links")
    assert done.out.endswith("Would install app-9.9\n"), done.err


def test_a_login_page_is_no_answer(run: Inside, index: IndexServer) -> None:
    """A portal answers 200 with a page of its own when the session has ended."""
    portal = b"<!DOCTYPE html><title>Sign in</title><form method=post><input name=user></form><a href='/help'>Help</a>"
    index.host.paths["/wheels/"] = Reply(200, portal, {"Content-Type": "text/html"})
    done = _taken(run, index, f"{index.host.origin}/wheels/")
    assert done.code == 20, done.out
    assert "error: unanswered-index" in done.err


def test_a_page_that_only_lies_in_a_folder_may_be_any(run: Inside, index: IndexServer) -> None:
    (run.folder / "links").mkdir()
    (run.folder / "links" / "report.html").write_text("<html><script src='x.js'></script><form></form></html>")
    done = _taken(run, index, "links")
    assert done.out.endswith("Would install app-9.9\n"), done.err


@pytest.mark.parametrize("folder", ["My_App", "my.app", "MY-APP", "my--app"])
def test_a_folder_that_is_spelt_otherwise_is_not_absent(folder: str, run: Inside, index: IndexServer) -> None:
    """Of an index on this machine. Installers ask for the normalised name, and so another source would answer."""
    index.add("my-app", "9.9")
    make_wheel(run.folder / "local" / folder, "my-app", "1.0")
    words = ("install", "--dry-run", "-I", "-i", "local")
    done = run(*words, "--extra-index-url", str(index.url), "my-app")
    assert (done.code, "error: unanswered-index" in done.err) == (20, True), done.out + done.err
    done = run(*words, "my-app")
    assert (done.code, "error: index-error" in done.err) == (1, True), done.out + done.err
    assert f"in a folder of another name, {folder}" in done.err
    (run.folder / "local" / folder).rename(run.folder / "local" / "my-app")
    assert run(*words, "my-app").out.endswith("Would install my-app-1.0\n")
    (run.folder / "local" / "Other_App").mkdir()
    (run.folder / "local" / "circle").symlink_to("circle")  # what is spelt well is asked for, and not looked at
    done = run(*words, "--extra-index-url", str(index.url), "other")
    assert (done.code, "error: no-such-project" in done.err) == (1, True), done.out + done.err
