"""What is said where a server does not accept what it is given: whose credentials, or that they are not where they are
looked for; and what is trusted of the system's certificates."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.credentials import Credentials
from safepip.edges.network.tls import Trust
from safepip.model.index import Index, IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.plan import Network
from support.certificates import Authority
from support.index import IndexServer

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

PASSWORD = "c4nary-0f-the-c0al-mine"
ACCOUNT = f"me:{PASSWORD}@"


@pytest.fixture
def locked(index: IndexServer) -> IndexServer:
    """An index for somebody else."""
    index.add("demo", "1.0")
    index.auth = ("me", "another password")
    return index


#: Where wrong credentials are, by the words of the notice: what stands before the host of the index, variables, netrc.
WRONG = {
    "netrc": ("", {}, True),
    "its URL": (ACCOUNT, {}, False),
    "the variables by the name of the index": (
        "",
        {"SAFEPIP_INDEX_ACME_USERNAME": "me", "SAFEPIP_INDEX_ACME_PASSWORD": PASSWORD},
        True,
    ),
}


@pytest.mark.parametrize("whose", WRONG)
def test_it_is_said_whose_credentials_are_not_accepted(
    whose: str, locked: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, beside the error, and without what they are."""
    before, variables, has_netrc = WRONG[whose]
    host = locked.host.origin.partition("://")[2]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if has_netrc:
        (run.folder / "netrc").write_text(f"machine 127.0.0.1 login me password {PASSWORD}\n")
        monkeypatch.setenv("NETRC", str(run.folder / "netrc"))
    words = ["-i", locked.url.replace("://", f"://{before}")]
    if variables:
        words = []
        (run.folder / "safepip.toml").write_text(f'[[index]]\nname = "acme"\nurl = "{locked.url}"\ndefault = true\n')
    done = run("install", "--dry-run", "--no-input", *words, "demo", "other")
    assert (done.code, "error: index-unauthorised" in done.err) == (1, True), done.err
    assert done.err.count(f"notice: {host} does not accept the user name and password from {whose}\n") == 1, done.err
    assert PASSWORD not in done.out + done.err


def test_two_indexes_of_one_host_are_told_each_for_itself() -> None:
    """That the first one asks for credentials, and has none, says nothing of those of the second one."""
    credentials = Credentials({"SAFEPIP_INDEX_ACME_USERNAME": "me", "SAFEPIP_INDEX_ACME_PASSWORD": PASSWORD})
    open_one, acme = (IndexUrl.parse(f"https://packages.example/{name}/simple/") for name in ("open", "acme"))
    indexes = zip(("open", "acme"), (open_one, acme), strict=True)
    credentials.know(Index(name, url, origin=Origin(Source.PROJECT_CONFIG)) for name, url in indexes)
    credentials.refused(open_one.page("demo"), open_one, sent=False)
    for _ in range(2):
        credentials.refused(acme.page("demo"), acme, sent=True)
    said = "packages.example does not accept the user name and password from the variables by the name of the index"
    assert credentials.notices == [said]


def test_a_netrc_that_is_named_and_not_there_is_told_where_it_was_needed(
    locked: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somewhere else it may be meant so."""
    path = run.folder / "secrets" / "netrc"
    monkeypatch.setenv("NETRC", str(path))
    words = ("install", "--dry-run", "--no-input", "-i", locked.url, "demo")
    assert run(*words).err.count(f"notice: there is no netrc file {path}, which NETRC names\n") == 1
    locked.auth = None
    done = run(*words)
    assert (done.code, "netrc" in done.err) == (0, False), done.err


def test_a_netrc_that_is_named_without_a_shell_may_be_in_the_home(
    locked: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in pip: a line of an image or of a unit has no shell that would replace the tilde."""
    monkeypatch.setenv("HOME", str(run.folder))
    monkeypatch.setenv("NETRC", "~/secrets")
    words = ("install", "--dry-run", "--no-input", "-i", locked.url, "demo")
    assert run(*words).err.count(f"notice: there is no netrc file {run.folder / 'secrets'}, which NETRC names\n") == 1
    (run.folder / "secrets").write_text('machine 127.0.0.1 login me password "another password"\n')
    assert run(*words).code == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"machine 127.0.0.1\nlogin me pasword {PASSWORD}\n".encode(), "line 2 does not have its form"),
        (b"machine \xff\xfe login me password x\n", "it is not UTF-8"),
        (None, "Is a directory"),
    ],
)
def test_why_a_netrc_cannot_be_read_is_said_without_quoting_it(
    content: bytes | None, reason: str, locked: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run.folder / "netrc"
    path.mkdir() if content is None else path.write_bytes(content)
    monkeypatch.setenv("NETRC", str(path))
    done = run("install", "--dry-run", "--no-input", "-i", locked.url, "demo")
    assert f"notice: the netrc file {path} cannot be read and is not used: {reason}\n" in done.err
    assert PASSWORD not in done.err


def test_the_systems_file_is_trusted_beside_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by pip: an image may have added its authority to the file alone. It is read where the folder does not do."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "folder").mkdir()
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "folder", "other")
    (tmp_path / "folder" / "01234567.0").write_bytes(other.bundle.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.bundle))  # where OpenSSL says that the system's are
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "folder"))
    with IndexServer(tls=ours.context()) as index:

        def shakes_hands(context: ssl.SSLContext) -> bool:
            with socket.create_connection(("127.0.0.1", index.host.port), 10) as plain:
                try:
                    context.wrap_socket(plain, server_hostname="127.0.0.1").close()
                except ssl.SSLCertVerificationError:
                    return False
            return True

        trust = Trust(Network(), {})
        context = trust.context(trusted=False, files=False)
        assert not shakes_hands(context)
        assert trust.add_shipped_bundle(0)
        assert shakes_hands(context)
        ours.bundle.write_text("no certificate\n")
        broken = Trust(Network(), {})
        assert not shakes_hands(broken.context(trusted=False, files=False))
        assert broken.add_shipped_bundle(0)
