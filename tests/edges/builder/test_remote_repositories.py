"""Repositories reached over http and ssh: who gets to know a login, and that no question is asked."""

from __future__ import annotations

import base64
import contextlib
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.build.vcs_url import read_vcs_url
from safepip.edges.builder.checkout import check_out
from safepip.model.errors import Unavailable
from support.repositories import GitHome, Repository, needs_git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.source import SourceTree

pytestmark = [needs_git, pytest.mark.usefixtures("untied")]

LOGIN = ("user", "secret word: 'quoted' $HOME `x` \\n")


@pytest.fixture
def home(tmp_path: Path) -> GitHome:
    return GitHome(tmp_path / "user")


class _Served(SimpleHTTPRequestHandler):
    """git's protocol that needs only a file server. `seen` are the headers of each request that sign in."""

    protocol_version = "HTTP/1.0"

    def __init__(self, *arguments: object, site: Site, **more: object) -> None:
        self.site = site
        super().__init__(*arguments, **more)  # type: ignore[arg-type]  # what the server gives

    def do_GET(self) -> None:
        self.site.seen.append(self.headers.get("Authorization"))
        if self.site.leads_to:
            self.send_response(302)
            self.send_header("Location", self.site.leads_to + self.path)
            self.end_headers()
        elif self.site.login and self.headers.get("Authorization") != self.site.expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="code"')
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """The tests are quiet."""


class Site:
    """A file server on loopback, which may want a login, or lead elsewhere."""

    def __init__(self, folder: Path, login: tuple[str, str] | None = None, leads_to: str = "") -> None:
        self.login, self.leads_to = login, leads_to
        self.seen: list[str | None] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Served, site=self, directory=str(folder)))
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def expected(self) -> str:
        """The header that signs in."""
        return "Basic " + base64.b64encode(":".join(self.login or ()).encode()).decode()


@contextlib.contextmanager
def serving(folder: Path, login: tuple[str, str] | None = None, leads_to: str = "") -> Iterator[Site]:
    site = Site(folder, login, leads_to)
    thread = threading.Thread(target=site.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


def bare(repository: Repository) -> None:
    """What a file server can serve, beside it."""
    folder = repository.path.with_suffix(".git")
    repository.home.git("clone", "--quiet", "--bare", str(repository.path), str(folder), cwd=repository.home.root)
    repository.home.git("update-server-info", cwd=folder)


def fetched(home: GitHome, site: Site, login: tuple[str, str] | None = None, **environ: str) -> SourceTree:
    source = read_vcs_url(f"git+{site.origin}/tool.git").source
    return check_out(source, str(home.root / "out"), {**home.environ, **environ}, login=login)


def test_a_repository_by_http(home: GitHome) -> None:
    """Without a login none is sent."""
    repository = home.repository()
    bare(repository)
    with serving(home.root / "served") as site:
        assert fetched(home, site).commit == repository.head
    assert set(site.seen) == {None}


@pytest.mark.usefixtures("tied")
def test_a_login_is_given_to_its_origin_and_kept_nowhere(home: GitHome) -> None:
    """Neither in the folder nor by the user's helpers."""
    repository = home.repository()
    bare(repository)
    store = home.root / "kept"
    home.configure(f"[credential]\n    helper = store --file={store}\n")
    with serving(home.root / "served", LOGIN) as site:
        tree = fetched(home, site, LOGIN)
    assert tree.commit == repository.head
    assert site.expected in site.seen
    assert not store.exists()
    kept = [path for path in Path(tree.root).rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    assert kept == []


def test_a_login_does_not_follow_to_another_place(home: GitHome) -> None:
    """A redirect leads to another origin, which asks for one."""
    bare(home.repository())
    with (
        serving(home.root / "served", LOGIN) as other,
        serving(home.root, leads_to=other.origin) as site,
        pytest.raises(Unavailable, match="could not be cloned"),
    ):
        fetched(home, site, LOGIN)
    assert other.seen
    assert set(other.seen) == {None}


def test_the_users_own_helper_is_asked(home: GitHome) -> None:
    """Private repositories are signed in to by it."""
    repository = home.repository()
    bare(repository)
    helper = home.root / "helper"
    helper.write_text("#!/bin/sh\necho username=user\necho password=other\n")
    helper.chmod(0o755)
    home.configure(f"[credential]\n    helper = {helper}\n")
    with serving(home.root / "served", ("user", "other")) as site:
        assert fetched(home, site).commit == repository.head


def test_netrc_is_read(home: GitHome) -> None:
    """By git itself, as with pip."""
    repository = home.repository()
    bare(repository)
    (home.home / ".netrc").write_text("machine 127.0.0.1 login user password other\n")
    with serving(home.root / "served", ("user", "other")) as site:
        assert fetched(home, site).commit == repository.head


@pytest.mark.usefixtures("tied")
def test_git_asks_no_question(home: GitHome) -> None:
    """Neither by a window nor on the terminal: it has none."""
    bare(home.repository())
    window = {"SSH_ASKPASS": str(home.script()), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    with (
        serving(home.root / "served", LOGIN) as site,
        pytest.raises(Unavailable, match="could not be cloned") as caught,
    ):
        fetched(home, site, None, **window)
    assert any("terminal prompts disabled" in line for line in caught.value.diagnostics[0].context)
    assert not home.attacked


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ssh is a shell script")
@pytest.mark.parametrize("how", ["GIT_SSH_COMMAND", "GIT_SSH", "settings", "PATH"])
def test_ssh_is_run_as_the_user_says(home: GitHome, how: str) -> None:
    """Else so that it asks nothing. The stand-in runs on this machine what it is told to run on the other."""
    repository = home.repository()
    ssh = home.root / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {home.root}/ssh-arguments\nfor last; do :; done\neval "$last"\n')
    ssh.chmod(0o755)
    environ = dict(home.environ)
    if how == "settings":
        home.configure(f"[core]\n    sshCommand = {ssh} -oFrom=settings\n[ssh]\n    variant = ssh\n")
    elif how == "PATH":
        environ["PATH"] = f"{ssh.parent}{os.pathsep}{environ['PATH']}"
    else:
        environ |= {how: str(ssh), "GIT_SSH_VARIANT": "ssh"}
    source = read_vcs_url(f"git+ssh://git@code.example{repository.path}").source
    assert check_out(source, str(home.root / "out"), environ).commit == repository.head
    arguments = (home.root / "ssh-arguments").read_text().splitlines()
    assert all("git@code.example" in line for line in arguments)
    assert any("BatchMode=yes" in line for line in arguments) == (how == "PATH")
    assert any("From=settings" in line for line in arguments) == (how == "settings")
