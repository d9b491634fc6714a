"""A signature in a URL is as good as a password: what a server gives with a query is shown without it.

Pages, files, metadata files and requirements files are sent on to a signed URL, and something is wrong there or behind
it. The message says what and where; neither it nor the log has the signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.host import free_port
from support.pairs import pairs
from support.replies import (
    Fault,
    Reply,
    content,
    drop,
    lie_about_length,
    login_page,
    redirect,
    reset,
    status,
    swapped,
    zeros,
)

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

SIGNED = "signature=CANARY4e1b"


def encoded(encoding: str) -> Fault:
    """Bytes that are not what their content encoding says."""
    return lambda _request, _honest: Reply(200, b"plain", {"Content-Type": "text/html", "Content-Encoding": encoding})


#: What is wrong at the signed URL.
FAULTS: dict[str, Fault] = {
    "forbidden": status(403),
    "gone": status(404),
    "broken": status(503),
    "reset": reset(),
    "cut": drop(3),
    "a wrong length": lie_about_length(5),
    "other bytes": swapped(b"nonsense==="),
    "broken gzip": encoded("gzip"),
    "an unknown encoding": encoded("br"),
    "another type": login_page(),
    "no type": content(b"x", ""),
    "too large": zeros(1 << 27),
    "on to another host": redirect(f"https://elsewhere.example/?{SIGNED}"),
    "on without encryption": redirect(f"http://elsewhere.example/?{SIGNED}"),
    "on to a closed port": redirect(f"http://127.0.0.1:{free_port()}/?{SIGNED}"),
    "on to no web address": redirect(f"ftp://elsewhere.example/?{SIGNED}"),
    "on to no URL": redirect(f"http://[broken/?{SIGNED}"),
    "on to itself": redirect(f"?{SIGNED}"),
    "on to a user name": redirect(f"http://somebody@elsewhere.example/?{SIGNED}"),
}


@pytest.mark.parametrize(("fault", "where"), pairs(list(FAULTS), ["page", "file", "metadata", "requirements"]))
def test_what_is_wrong_there_is_told_without_it(where: str, fault: str, run: Inside, index: IndexServer) -> None:
    wheel = index.add("app", "1.0")
    (run.folder / "r.txt").write_text("app\n")
    index.host.paths["/r.txt"] = Reply(200, b"app\n")
    path, there = {
        "page": (index.page_path("app"), "/simple/there/"),
        "file": (index.file_path(wheel.filename), f"/files/there/{wheel.filename}"),
        "metadata": (index.file_path(wheel.filename + ".metadata"), f"/files/there/{wheel.filename}.metadata"),
        "requirements": ("/r.txt", "/there.txt"),
    }[where]
    index.host.faults[path] = redirect(f"{there}?{SIGNED}")
    index.host.paths[there] = Reply(200, wheel.data)
    index.host.faults[there] = FAULTS[fault]
    named = f"{index.host.origin}/r.txt" if where == "requirements" else "r.txt"
    words = ("--retries=1", "--resume-retries=0", "--timeout=5", "--no-cache-dir", "--log", "log.txt", "-vv")
    done = run("download", "-d", "out", *words, "-i", index.url, "-r", named)
    assert any(SIGNED in request.path for request in index.requests)
    # Where there is no metadata file after all, there is a wheel.
    assert done.code or where == "metadata", done.out
    assert "Traceback" not in done.err
    assert "CANARY" not in done.out + done.err + (run.folder / "log.txt").read_text()


@pytest.mark.parametrize("place", ["http://elsewhere.example", "https://127.0.0.1:1", ""])
def test_a_signature_on_the_page_itself_is_not_shown(place: str, run: Inside, index: IndexServer) -> None:
    """Of a file that may not come from there, cannot, or does not."""
    wheel = index.add("app", "1.0")
    wheel.sidecar = None
    wheel.url = f"{place or index.host.origin}{index.file_path(wheel.filename)}?{SIGNED}"
    index.file_fault(wheel.filename, status(403))
    words = ("--retries=1", "--timeout=5", "--no-cache-dir", "--log", "log.txt", "-vv")
    done = run("download", "-d", "out", *words, "-i", index.url, "app")
    assert done.code, done.out
    assert "CANARY" not in done.out + done.err + (run.folder / "log.txt").read_text()


def test_a_page_at_a_signed_url_is_not_named_by_it(run: Inside, index: IndexServer) -> None:
    """What is wrong with a file is told with the page that lists it."""
    wheel = index.add("app", "1.0")
    index.host.paths["/simple/there/"] = Reply(
        200, index.page_json(index.project("app")), {"Content-Type": index.formats[0]}
    )
    wheel.url = "http://elsewhere.example/" + wheel.filename
    index.fault("app", redirect(f"/simple/there/?{SIGNED}"))
    for faulty in (index.file_path(wheel.filename), index.file_path(wheel.filename + ".metadata")):
        index.host.faults[faulty] = reset()
    done = run("download", "-d", "out", "--retries=0", "--no-cache-dir", "-vv", "-i", index.url, "app")
    assert done.code, done.out
    assert f"listed on {index.url}there/" in done.err
    assert "CANARY" not in done.out + done.err
