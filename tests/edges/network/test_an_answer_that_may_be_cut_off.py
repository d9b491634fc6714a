"""An answer that ends where its connection ends may have been cut off on the way: over TLS it is none.

Without a certificate nobody can change what is sent; to end the connection takes none. What came until then would be a
page with fewer files, or requirements without the last lines (RFC 9112, 9.8).
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from support.index import PLAIN_HTML

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from support.certificates import Authority
    from support.index import IndexServer
    from support.inside import Inside


@contextmanager
def answering(tls: ssl.SSLContext | None, answer: bytes) -> Iterator[str]:
    """A server that gives this answer to each request, and ends the connection. Its origin."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with suppress(OSError), client if tls is None else tls.wrap_socket(client, server_side=True) as secured:
                    secured.recv(1 << 16)
                    secured.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"{'http' if tls is None else 'https'}://localhost:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def page(index: IndexServer) -> bytes:
    """The page of a project with two versions, of which the older one comes first."""
    for version in ("1.0", "2.0"):
        wheel = index.add("app", version)
        wheel.url = index.host.origin + index.file_path(wheel.filename)
    return index.page_html(index.project("app"))


@pytest.mark.parametrize("end", [b"app-2.0", b"<body>", b"</html>"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_page_that_may_be_cut_off_is_no_page(
    end: bytes, version: bytes, run: Inside, index: IndexServer, authority: Authority
) -> None:
    whole = page(index)
    head = b"HTTP/%s 200 OK\r\nContent-Type: %s\r\n" % (version, PLAIN_HTML.encode())
    cut = head + b"\r\n" + whole[: whole.index(end)]
    words = ("lock", "-o", "-", "--no-cache-dir", "--retries=0", "--cert", authority.bundle)
    with answering(authority.context(), cut) as origin:
        done = run(*words, "-i", f"{origin}/simple/", "app")
        assert done.code == 1, done.out
        assert "error: index-unreachable" in done.err
        assert "does not say where its answer ends" in done.err
    said = head + b"Content-Length: %d\r\n\r\n" % len(whole) + whole
    with answering(authority.context(), said) as origin:
        done = run(*words, "-i", f"{origin}/simple/", "app")
        assert "does not say where its answer ends" not in done.err


def test_requirements_that_may_be_cut_off_are_none(run: Inside, index: IndexServer, authority: Authority) -> None:
    index.add("app", "1.0")
    words = ("lock", "-o", "-", "--no-cache-dir", "--retries=0", "--cert", authority.bundle, "-i", index.url, "app")
    with answering(authority.context(), b"HTTP/1.1 200 OK\r\n\r\nother==1.0\n") as origin:
        for option in ("-r", "-c"):
            done = run(*words, option, f"{origin}/r.txt")
            assert done.code == 1, done.out
            assert "error: requirements-unreachable" in done.err


def test_this_machine_is_on_no_way(run: Inside, index: IndexServer) -> None:
    """Plain http proves nothing, and is for where there is nobody."""
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + page(index)
    with answering(None, answer) as origin:
        # The file host is another port of this machine, and has a digest.
        done = run("lock", "-o", "-", "--no-cache-dir", "--retries=0", "-i", f"{origin}/simple/", "app")
    assert done.code == 0, done.err
    assert 'version = "2.0"' in done.out
