"""Files of an index on this machine or a trusted host may come from another such host over plain http.

As over https from anywhere: where the index's page gives a strong digest. By a link of the page, and by a redirect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.model.digest import strong
from safepip.model.index import Index, IndexUrl
from safepip.model.page import ProjectFile
from safepip.model.urls import stays_encrypted
from safepip.routing.urls import may_serve
from support.replies import redirect

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

NEAR = ["127.0.0.1:8080", "localhost", "[::1]:9", "cache.acme.example", "cache.acme.example:8081"]
FAR = ["cdn.example", "127.0.0.1.example", "cache.acme.example.evil.example", "10.0.0.1", "only.acme.example:81"]
TRUSTED = ("cache.acme.example", "only.acme.example:80")


def serves(index: str, file: str, *, pinned: bool = True) -> bool:
    """Whether an index may have a file from a URL, with `TRUSTED` hosts."""
    digests = (strong("sha256", "a" * 64),) if pinned else ()
    listed = ProjectFile("x-1-py3-none-any.whl", file, digests)
    return may_serve(Index("acme", IndexUrl.parse(index)), listed, f"{index}x/", TRUSTED)


@pytest.mark.parametrize("host", NEAR)
@pytest.mark.parametrize(
    "index", ["http://127.0.0.1:3141/simple/", "http://only.acme.example/simple/", "https://localhost/"]
)
def test_a_near_host_serves_a_near_index(index: str, host: str) -> None:
    """Where the digest stands on the page, and not without."""
    assert serves(index, f"http://{host}/x.whl")
    assert not serves(index, f"http://{host}/x.whl", pinned=False)


@pytest.mark.parametrize("host", FAR)
@pytest.mark.parametrize("index", ["http://127.0.0.1:3141/simple/", "https://packages.acme.example/simple/"])
def test_a_far_host_does_not(index: str, host: str) -> None:
    """Over plain http; over https it does."""
    assert not serves(index, f"http://{host}/x.whl")
    assert serves(index, f"https://{host}/x.whl")


@pytest.mark.parametrize("host", NEAR)
@pytest.mark.parametrize(
    "index", ["https://packages.acme.example/simple/", "https://127.0.0.1.example/", "https://only.acme.example:81/"]
)
def test_a_far_index_has_no_files_from_near_hosts(index: str, host: str) -> None:
    """Its page would make safepip ask this machine's services, and go from https down to http."""
    assert not serves(index, f"http://{host}/x.whl")


def test_an_index_on_the_disk_has_none_either() -> None:
    """A page of a folder is no host."""
    assert not serves("file:///srv/simple/", "http://127.0.0.1/x.whl")


def test_what_no_index_lists_stays_encrypted() -> None:
    """A wheel or a requirements file that is named by a URL has no page that pins it."""
    assert stays_encrypted("http://127.0.0.1/x")("http://localhost/x")
    assert stays_encrypted("https://localhost/x")("https://localhost/y")
    assert not stays_encrypted("HTTPS://localhost/x")("http://localhost/x")


@pytest.mark.parametrize("way", ["link", "redirect", "metadata"])
@pytest.mark.parametrize("hashes", [None, {}, {"md5": "0" * 32}], ids=["sha256", "none", "md5"])
def test_files_of_a_local_index_come_from_another_server(
    way: str, hashes: dict[str, str] | None, two_indexes: tuple[IndexServer, IndexServer], run: Inside
) -> None:
    """End to end, as with a mirror whose files another port serves; without a strong digest nothing is fetched."""
    index, other = two_indexes
    served = other.add("app", "1.0")
    listed = index.add("app", "1.0", file={"hashes": hashes})
    there = f"{other.host.origin}{other.file_path(served.filename)}"
    if way == "redirect":
        index.host.faults[index.file_path(listed.filename)] = redirect(there)
    else:
        listed.url = there
        listed.sidecar = listed.sidecar if way == "link" else None
    done = run("download", "-d", "out", "--no-cache-dir", "-i", index.url, "app")
    asked = [path for path in other.paths_asked() if path.endswith(".whl")]
    if hashes is None:
        assert done.code == 0, done.err
        assert (run.folder / "out" / served.filename).read_bytes() == served.data
        assert asked
    else:
        assert done.code == 20, done.err
        assert not asked
        assert not (run.folder / "out" / served.filename).exists()
