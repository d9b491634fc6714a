"""`safepip audit` with a server of advisories: what it is told, and what its silence means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.advisories import record, versions_of
from support.host import Host
from support.replies import Reply, broken_json, drop, login_page, redirect, reset, stall, status, zeros

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.inside import Inside
    from support.replies import Fault, Request

RECORDS = (
    record("GHSA-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",)),
    record("GHSA-2", versions_of("demo", "introduced 0", "fixed 3.0")),
)


class Server:
    """Answers `/v1/query` by name, one record a page."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.answer: Any = None
        host.paths["/v1/query"] = self.reply

    def reply(self, request: Request) -> Reply:
        if self.answer is not None:
            return Reply(200, self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode())
        question = json.loads(request.body)
        page = int(question.get("page_token", "0"))
        found = RECORDS if question["package"] == {"name": "demo", "ecosystem": "PyPI"} else ()
        answer: dict[str, Any] = {"vulns": list(found[page : page + 1])}
        if page + 1 < len(found):
            answer["next_page_token"] = str(page + 1)
        return Reply(200, json.dumps(answer).encode())

    @property
    def asked(self) -> set[str]:
        """The names that it was asked for."""
        return {json.loads(request.body)["package"]["name"] for request in self.host.requests if request.body}


@pytest.fixture
def server() -> Iterator[Server]:
    with Host() as host:
        yield Server(host)


def configure(run: Inside, server: Server, source: str = "", more: str = "") -> None:
    text = f'[[advisories]]\nname = "osv"\nurl = "{server.host.origin}/"\n{source}{more}'
    (run.folder / "safepip.toml").write_text(text)


def audited(run: Inside, *pins: str) -> tuple[int, dict[str, Any]]:
    (run.folder / "requirements.txt").write_text("\n".join(pins) + "\n")
    done = run("audit", "-r", "requirements.txt", "--output-format", "json", "--retries", "0", "--timeout", "1")
    report = json.loads(done.out)
    return done.code, {item["name"]: item for item in report["projects"]}


def test_a_server_is_asked_by_name_and_its_records_are_matched_here(run: Inside, server: Server) -> None:
    """All pages, and no version leaves this machine."""
    configure(run, server)
    server.answer = {}
    assert audited(run, "clean==5.5")[0] == 0
    server.answer, server.host.requests[:] = None, []
    code, found = audited(run, "demo==1.0", "clean==5.5")
    assert code == 1
    assert [item["id"] for item in found["demo"]["vulnerabilities"]] == ["GHSA-1", "GHSA-2"]
    assert found["demo"]["smallest_change"] == "3.0"
    assert server.asked == {"demo", "clean"}
    assert not [request for request in server.host.requests if b"5.5" in request.body]
    assert audited(run, "demo==3.0")[0] == 0


def test_a_record_of_the_server_and_one_of_the_bundle_are_one_finding(run: Inside, server: Server) -> None:
    """They meet in the CVE."""
    (run.folder / "db").mkdir()
    pysec = record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",))
    (run.folder / "db" / "a.json").write_text(json.dumps(pysec))
    configure(run, server, more='[[advisories]]\nname = "files"\npath = "db"\n')
    assert run("audit", "--update").code == 0
    _, found = audited(run, "demo==1.0")
    assert [(item["id"], item["aliases"]) for item in found["demo"]["vulnerabilities"]] == [
        ("GHSA-2", []),
        ("PYSEC-1", ["GHSA-1", "CVE-1"]),
    ]


def test_a_name_that_an_index_claims_is_not_told_and_not_verified(run: Inside, server: Server) -> None:
    """Unless the source says so."""
    index = '[[index]]\nname = "acme"\nurl = "https://packages.acme.example/"\npackages = ["acme-*"]\n'
    configure(run, server, more=index)
    code, found = audited(run, "acme-lib==1.0", "clean==1")
    assert code == 3
    assert "acme owns the name" in found["acme-lib"]["unverified"][0]
    assert server.asked == {"clean"}
    configure(run, server, source="claimed = true\n", more=index)
    assert audited(run, "acme-lib==1.0")[0] == 0
    assert "acme-lib" in server.asked


FAULTS: dict[str, tuple[Fault, str]] = {
    "error": (status(500), "the server answers 500"),
    "missing": (status(404), "the server answers 404"),
    "cut": (drop(5), ""),
    "reset": (reset(), ""),
    "never-answers": (stall(30), ""),
    "without-end": (zeros(1 << 24), ""),
    "html": (login_page(), "it is not JSON"),
    "cut-json": (broken_json(), "it is not JSON"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_server_that_fails_leaves_its_projects_unverified(
    run: Inside, server: Server, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever way it fails."""
    # The bound itself, made small: what is without end is the test, and not its size.
    monkeypatch.setattr("safepip.edges.advisories.server._LARGEST_ANSWER", 1 << 20)
    configure(run, server)
    fault, words = FAULTS[case]
    server.host.faults["/v1/query"] = fault
    code, found = audited(run, "clean==1")
    assert code == 3
    (reason,) = found["clean"]["unverified"]
    assert reason.startswith("the answer for clean cannot be read: ")
    assert words in reason


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_wherever_it_leads(run: Inside, server: Server, code: int) -> None:
    """Another host would learn the names, and its answer would be clean."""
    with Host() as elsewhere:
        elsewhere.paths["/v1/query"] = lambda _request: Reply(200, b'{"vulns": []}')
        configure(run, server)
        server.host.faults["/v1/query"] = redirect(f"{elsewhere.origin}/v1/query", code)
        ended, found = audited(run, "clean==1")
        assert (ended, elsewhere.requests) == (3, [])
        assert found["clean"]["unverified"]


def test_the_pages_of_one_answer_are_bounded_together(
    run: Inside, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is small, and there is always one more."""
    monkeypatch.setattr("safepip.edges.advisories.server._LARGEST_ANSWER", 1000)
    configure(run, server)
    server.answer = {"vulns": [], "next_page_token": "more" * 60}
    code, found = audited(run, "clean==1")
    assert (code, len(found["clean"]["unverified"])) == (3, 1)
    assert len(server.host.requests) == 4


def test_a_server_that_failed_cannot_be_ignored(run: Inside, server: Server) -> None:
    """An ignore is for a record that somebody has looked at."""
    names = ("the answer for clean", "clean", "osv")
    ignores = "".join(
        f'[[ignore]]\nid = "{name}"\nproject = "clean"\nreason = "not today"\nuntil = 2999-12-31\n' for name in names
    )
    configure(run, server, more=ignores)
    server.host.faults["/v1/query"] = status(500)
    assert audited(run, "clean==1")[0] == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"[" * 100_000,
        [],
        {"vulns": {}},
        {"error": "bad gateway"},
        {"code": 3, "message": "invalid query"},
        {"vulns": "none"},
        {"vulns": [3]},
        {"vulns": [{"id": "GHSA-9"}]},
        {"vulns": [], "next_page_token": 7},
        b'{"vulns": [{"id": "GHSA-9"}], "vulns": []}',
        b'{"vulns": [NaN]}',
        b'\xff\xfe{"vulns": []}',
        {"vulns": [], "next_page_token": "again"},
        {"vulns": [record("GHSA-9", versions_of("clean"))]},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_answer_of_another_form_is_not_clean(run: Inside, server: Server, answer: Any) -> None:
    """Nor is one without an end."""
    configure(run, server)
    server.answer = answer
    code, found = audited(run, "clean==1")
    assert code == 3
    assert found["clean"]["unverified"]


def test_offline_nothing_is_asked_and_nothing_is_verified(run: Inside, server: Server) -> None:
    """The question stays here."""
    configure(run, server)
    (run.folder / "requirements.txt").write_text("clean==1\n")
    assert run("audit", "-r", "requirements.txt", "--offline").code == 3
    assert server.host.requests == []
