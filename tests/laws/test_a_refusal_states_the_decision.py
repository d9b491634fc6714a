"""Law: a refusal states the decision that was taken, and its hint what would change it: who follows it gets on.

First the dead ends of a search: nobody contradicts anybody where a single statement means nothing that can be had.
"""

from __future__ import annotations

import ast
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.host import Host, free_port
from support.replies import redirect, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.certificates import Authority
    from support.index import IndexServer
    from support.inside import Done, Inside


def dry(run: Inside, index: IndexServer, *words: str) -> Done:
    return run("install", "--dry-run", "--ignore-installed", "--no-cache-dir", "-i", index.url, *words)


def references(done: Done) -> list[str]:
    return re.findall(r"^error: (\S+)$", done.err, re.MULTILINE)


def both(index: IndexServer) -> None:
    index.add("demo", "1.0")
    index.add("demo", "2.0")
    index.add("app", "1.0", requires=["demo"])


def only(**of_two: Any) -> Callable[[IndexServer], None]:
    """1.0 is good, and 2.0 is a wheel with these particulars."""

    def world(index: IndexServer) -> None:
        index.add("demo", "1.0")
        index.add("demo", "2.0", **of_two)
        index.add("app", "1.0", requires=["demo"])

    return world


def build_nothing(run: Inside) -> None:
    """Archives are candidates nowhere, whether this machine has a fence or not."""
    (run.folder / "safepip.toml").write_text('[policy]\nbuilds = "never"\n')


def archive(index: IndexServer) -> None:
    index.add("demo", "1.0")
    index.add_sdist("demo", "2.0")
    index.add("app", "1.0", requires=["demo"])


#: What 2.0 is, and what is said of it.
FATES = {
    "none": (both, "3.0", "no-matching-version", ("versions that can be installed: 1.0, 2.0",)),
    "archive": (archive, "2.0", "no-wheel", ("2.0 has a source archive only", "on its index")),
    "platform": (
        only(tag="cp27-cp27m-win32"),
        "2.0",
        "no-wheel",
        ("2.0 has wheels for other platforms only (cp27-cp27m-win32)", "for other platforms: ask its publisher"),
    ),
    "python": (
        only(tag="cp27-cp27mu-any"),
        "2.0",
        "no-wheel",
        ("2.0 has wheels for other Pythons only (cp27-cp27mu-any)", "--python"),
    ),
    "requires-python": (
        only(requires_python=">=3.99"),
        "2.0",
        "no-wheel",
        ("2.0 requires Python >=3.99", "name an interpreter with --python that demo 2.0 admits (Python >=3.99)"),
    ),
}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("way", ["asked", "constraint", "constraint of a dependency", "asked beside another", "both"])
def test_what_is_not_there_is_no_conflict(index: IndexServer, run: Inside, fate: str, way: str) -> None:
    """Whoever says it: the version that is meant is not there, or is not for this environment."""
    world, version, reference, says = FATES[fate]
    world(index)
    build_nothing(run)
    (run.folder / "c.txt").write_text(f"demo=={version}\n")
    (run.folder / "low.txt").write_text("demo>1\n")
    done = dry(
        run,
        index,
        *{
            "asked": (f"demo=={version}",),
            "constraint": ("demo", "-c", "c.txt"),
            "constraint of a dependency": ("app", "-c", "c.txt"),
            "asked beside another": (f"demo=={version}", "app", "demo>=1"),
            "both": (f"demo=={version}", "-c", "low.txt"),
        }[way],
    )
    assert references(done) == [reference], done.err
    for text in says:
        assert text in done.err, done.err
    assert "conflict" not in done.err
    assert "versions that can be installed: 1.0" in done.err


def test_what_both_mean_together_and_has_no_wheel_is_no_conflict(index: IndexServer, run: Inside) -> None:
    archive(index)
    build_nothing(run)
    index.add("demo", "3.0")
    (run.folder / "c.txt").write_text("demo<3\n")
    done = dry(run, index, "demo>=2", "-c", "c.txt")
    assert references(done) == ["no-wheel"], done.err
    assert "demo>=2" in done.err
    assert "demo<3 (a constraint)" in done.err
    assert "2.0 has a source archive only" in done.err


def test_what_contradicts_itself_is_a_conflict(index: IndexServer, run: Inside) -> None:
    """And its hint speaks to whoever can change something."""
    both(index)
    index.add("low", "1.0", requires=["demo<2"])
    index.add("high", "1.0", requires=["demo>=2"])
    (run.folder / "c.txt").write_text("demo<2\n")
    for words in (("demo>=2", "demo<2"), ("demo>=2", "-c", "c.txt"), ("low", "demo>=2")):
        done = dry(run, index, *words)
        assert references(done) == ["resolution-impossible"], done.err
        assert "hint: loosen a version that you require or constrain" in done.err
    done = dry(run, index, "low", "high")
    assert "hint: these requirements are not your own to change: ask for another version of low or high" in done.err


def test_of_many_that_could_change_something_some_are_named(index: IndexServer, run: Inside) -> None:
    """Thirty projects have a part in it; the hint stays a line."""
    index.add("demo", "0.5")
    index.add("demo", "1.0")
    names = [f"asks-{number}" for number in range(30)]
    for name in names:
        index.add(name, "1.0", requires=["demo<1" if name == names[-1] else "demo>=1"])
    done = dry(run, index, *names)
    assert references(done) == ["resolution-impossible"], done.err
    (hint,) = re.findall(r"ask for another version of (.*)", done.err)
    *named, rest = hint.split(" or ")
    assert len(named) == 3
    assert set(named) < set(names)
    assert rest == "one of 27 more"
    assert "    25 more projects require demo>=1\n" in done.err
    assert "asks-29 1.0 requires demo<1" in done.err
    assert len(done.err.splitlines()) <= 14


def test_what_an_option_leaves_out_is_told_with_the_option(index: IndexServer, run: Inside) -> None:
    both(index)
    done = dry(run, index, "demo", "--uploaded-prior-to", "2020-01-01T00:00:00Z")
    assert references(done) == ["no-matching-version"], done.err
    assert re.search(r"2\.0.* were uploaded on 2024-01-02", done.err), done.err
    assert "hint: name a later moment with --uploaded-prior-to, or leave the option out" in done.err
    assert dry(run, index, "demo", "--uploaded-prior-to", "2025-01-01T00:00:00Z").code == 0
    done = dry(run, index, "demo", "--no-binary", "demo")
    assert references(done) == ["no-matching-version"], done.err
    assert re.search(r"2\.0.* have a wheel, and --no-binary leaves out wheels", done.err), done.err
    assert "hint: leave demo out of --no-binary" in done.err


def test_a_yanked_version_is_told_and_the_hint_takes_it(index: IndexServer, run: Inside) -> None:
    index.add("demo", "1.0", file={"yanked": "broken"})
    done = dry(run, index, "demo")
    assert "1.0 is yanked (reason: broken), and no version is pinned" in done.err
    assert "pin it: demo==1.0" in done.err
    assert dry(run, index, "demo==1.0").code == 0


def test_where_some_version_has_a_wheel_it_is_not_said_that_none_has(index: IndexServer, run: Inside) -> None:
    index.add("demo", "1.0", file={"yanked": "broken"})
    index.add_sdist("demo", "2.0")
    build_nothing(run)
    done = dry(run, index, "demo")
    assert references(done) == ["no-matching-version"], done.err
    assert "No matching distribution found for demo: every version that fits is left out" in done.err
    assert "2.0 has a source archive only" in done.err
    assert "1.0 is yanked" in done.err


def test_a_pre_release_is_told_and_the_hint_takes_it(index: IndexServer, run: Inside) -> None:
    index.add("demo", "1.0")
    index.add("demo", "2.0rc1")
    done = dry(run, index, "demo>=1.5", "--only-final", "demo")
    assert "2.0rc1 is a pre-release, and nothing asks for one" in done.err
    assert references(done) == ["no-matching-version"], done.err
    assert "hint: to take pre-releases: --all-releases demo" in done.err
    assert dry(run, index, "demo>=1.5", "--all-releases", "demo").code == 0


def test_what_came_late_for_another_version_is_no_answer(index: IndexServer, run: Inside) -> None:
    """Of `demo==99` nothing is known but that it is not there."""
    now = time.time()

    def moment(days: float) -> str:
        return datetime.fromtimestamp(now - days * 86_400, UTC).isoformat(timespec="microseconds")[:-6] + "Z"

    index.add("demo", "1.0", file={"upload_time": moment(400)})
    index.add_sdist("demo", "2.0", file={"upload_time": moment(300)})
    index.add("demo", "2.0", file={"upload_time": moment(20)})
    index.add("demo", "3.0", file={"upload_time": moment(0.01)})
    done = dry(run, index, "demo==99.9")
    assert references(done) == ["no-matching-version"], done.err
    assert "late-file" not in done.err
    assert "cooldown" not in done.err


def test_a_project_whose_page_is_empty_or_spoilt_is_there(index: IndexServer, run: Inside) -> None:
    index.project("demo")
    done = dry(run, index, "demo")
    assert references(done) == ["no-matching-version"], done.err
    assert "No matching distribution found for demo: its page lists no file" in done.err
    index.add("demo", "1.0", file={"url": "ftp://files.example/demo-1.0-py3-none-any.whl"})
    done = dry(run, index, "demo")
    assert references(done) == ["no-matching-version"], done.err
    assert "entries of its page that cannot be used: 1" in done.err


def test_metadata_of_a_wheel_that_cannot_be_read_is_not_metadata_without_a_name(
    index: IndexServer, run: Inside
) -> None:
    index.sidecars = False
    index.add_file("demo", "demo-1.0-py3-none-any.whl", b"PK\x03\x04 and no archive")
    done = dry(run, index, "demo")
    assert "no name" not in done.err
    assert "demo 1.0 has metadata that cannot be used: the wheel cannot be read: " in done.err
    assert "hint: only the publisher of demo can correct this: report it there" in done.err


# --- what could not be asked ----------------------------------------------------------------------------------------

AGAIN = "try again when it is up"


def asked(run: Inside, url: str, *words: str) -> Done:
    return run("install", "--dry-run", "--ignore-installed", "--no-cache-dir", "--retries", "0", "-i", url, *words)


def test_a_certificate_that_is_not_believed_is_told_and_the_hint_helps(
    tls_index: IndexServer, authority: Authority, run: Inside
) -> None:
    tls_index.add("demo", "1.0")
    done = asked(run, tls_index.url, "demo")
    assert references(done) == ["index-unreachable"], done.err
    assert "hint: its certificate is not trusted here: name the certificates of its issuer with" in done.err
    assert AGAIN not in done.err
    assert asked(run, tls_index.url, "demo", "--cert", str(authority.bundle)).code == 0


@pytest.mark.parametrize("what", ["--cert", "--client-cert", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_cannot_be_read_are_told_with_who_named_them(
    tls_index: IndexServer, authority: Authority, run: Inside, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    broken = run.folder / "broken.pem"
    broken.write_text("no certificate\n")
    words = ["--cert", str(authority.bundle)] if what == "--client-cert" else []
    if what.startswith("--"):
        words += [what, str(broken)]
    else:
        monkeypatch.setenv(what, str(broken))
    done = asked(run, tls_index.url, "demo", *words)
    assert references(done) == ["index-unreachable"], done.err
    assert str(broken) in done.err
    assert re.search(rf"hint: .*{what}.* give a file of certificates that can be read", done.err), done.err
    assert AGAIN not in done.err


def test_a_proxy_is_called_a_proxy(run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever named it, one that refuses the connection and one that refuses the request."""
    where = f"http://127.0.0.1:{free_port()}"
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for url in ("https://index.example/simple/", "http://index.example/simple/"):
        done = asked(run, url, "demo", "--trusted-host", "index.example", "--proxy", where)
        assert references(done) == ["index-unreachable"], done.err
        assert f"index.example by the proxy {where}: " in done.err
        assert "hint: check the proxy, which --proxy or the variables" in done.err
        assert AGAIN not in done.err
    monkeypatch.setenv("https_proxy", where)
    assert f"by the proxy {where}: " in asked(run, "https://index.example/simple/", "demo").err
    with Host() as proxy:
        done = asked(run, "https://index.example/simple/", "demo", "--proxy", proxy.origin)
    assert f"by the proxy {proxy.origin}: the proxy refused" in done.err
    assert "hint: check the proxy" in done.err


def test_what_will_not_be_up_later_is_not_said_to_be(index: IndexServer, run: Inside) -> None:
    """An answer that is no answer, a status that is nobody's passing trouble."""
    index.add("demo", "1.0")
    index.fault("demo", status(451))
    done = asked(run, index.url, "demo")
    assert (references(done), "try again" in done.err) == (["index-error"], False), done.err
    index.fault("demo", status(503))
    assert "hint: try again later" in asked(run, index.url, "demo").err
    index.fault("demo", status(407))
    done = asked(run, index.url, "demo")
    assert "hint: put them into the URL of the proxy, which --proxy or the variables" in done.err
    index.host.close()
    assert (
        "hint: check its URL and your network, or try again when it is up; no other index was asked"
        in asked(run, index.url, "demo").err
    )


def test_a_redirected_file_is_not_its_index(two_indexes: tuple[IndexServer, IndexServer], run: Inside) -> None:
    """Its metadata, by the sidecar or out of the wheel: the index has answered, the file's server sends elsewhere."""
    index, other = two_indexes
    served = index.add("demo", "1.0", file={"hashes": {}})
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "public"\nurl = "{index.url}"\ndefault = true\nhashes = "optional"\n'
    )
    for sidecar in (True, False):
        served.advertised = sidecar
        index.file_fault(
            served.filename + (".metadata" if sidecar else ""), redirect(f"http://files.example/{served.filename}")
        )
        done = run("install", "--dry-run", "--ignore-installed", "--no-cache-dir", "--retries", "0", "demo")
        assert references(done) == ["file-elsewhere"], done.err
        assert "the metadata of demo-1.0-py3-none-any.whl cannot be fetched" in done.err
        assert "outside of itself" not in done.err
    assert other.requests == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_not_absent(run: Inside) -> None:
    assert unreadable(run, 0) == ["index-unreachable"]


def test_what_cannot_be_looked_at_is_not_absent(run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a local index to which the system says neither yes nor no: here, a link that leads in a circle."""
    folder = run.folder / "simple"
    folder.mkdir()
    (folder / "demo").symlink_to("demo")
    done = asked(run, str(folder), "demo")
    assert references(done) == ["index-unreachable"], done.err
    assert "hint: make it readable for the user who runs safepip, or remove the source" in done.err


def unreadable(run: Inside, mode: int) -> list[str]:
    folder = run.folder / "simple"
    (folder / "demo").mkdir(parents=True)
    folder.chmod(mode)
    try:
        return references(asked(run, str(folder), "demo"))
    finally:
        folder.chmod(0o700)


# --- hints that stand in the source ---------------------------------------------------------------------------------


def hints() -> list[tuple[str, str]]:
    """Every text of the source that could be part of a hint, docstrings left out, with the file it stands in."""
    found = []
    for path in sorted((Path(__file__).parents[2] / "src" / "safepip").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                texts = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                found.append((path.name, "".join(text for text in texts if isinstance(text, str))))
    assert len(found) > 90
    return found


def test_no_hint_leads_around_safepip() -> None:
    """pip, told to fetch something, asks whatever indexes pip has, by none of the rules that have just refused."""
    around = [(name, hint) for name, hint in hints() if re.search(r"(?<!safe)pip (install|wheel|download) ", hint)]
    assert around == []


def test_no_hint_offers_a_url_that_a_server_has_chosen_as_an_index() -> None:
    assert [(name, hint) for name, hint in hints() if "URL it sends to" in hint] == []


def test_the_command_that_makes_a_lock_anew_is_one_that_makes_it(index: IndexServer, run: Inside) -> None:
    """`safepip lock` by itself asks for nothing, so a hint says what it is made from; over what is no lock it is not
    written, so a hint says to move that away."""
    assert [h for _, h in hints() if re.search(r"safepip lock(?! (-r|--check))", h)] == []
    index.add("demo", "1.0")
    (run.folder / "requirements.in").write_text("demo\n")
    (run.folder / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = "x"\npackages = [{ name = "demo" }]\n')
    words = ("--no-cache-dir", "-i", index.url)
    done = run("install", "--dry-run", "-r", "pylock.toml", *words)
    way = "hint: move it away, and make a new one, with the same --index-url: safepip lock -r FILE"
    assert way in done.err, done.err
    (run.folder / "pylock.toml").rename(run.folder / "away.toml")
    assert run("lock", "-r", "requirements.in", *words).code == 0
    assert run("install", "--dry-run", "--ignore-installed", "-r", "pylock.toml", *words).code == 0
