"""A lock that was found right is not decided again for a day; so whatever may change the answer has to count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from safepip.lock.inputs import WITHOUT_A_SAY, digest_of_inputs
from safepip.model.index import Index, IndexUrl
from safepip.model.plan import LockSettings, Network, Plan, Policy, Settings, Target
from safepip.model.requirement import Statements
from support.advisories import record, versions_of
from support.wheels import make_wheel

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

INDEX = Index("acme", IndexUrl.parse("https://packages.acme.example/simple/"))
SETTINGS = Settings(lock=LockSettings("/x/pylock.toml"))
PLAN = Plan(SETTINGS, Policy(), (INDEX,))
INPUTS: dict[str, Any] = {
    "version": "1",
    "statements": Statements(()),
    "plan": PLAN,
    "target": Target("/usr/bin/python3", "3.11.7", {"os_name": "posix"}, ("py3-none-any",)),
    "requires_python": (),
    "advisories": "",
}


def changed(value: Any, field: str, other: Any = "something else") -> Any:
    """The same named tuple with another value in a field."""
    return value._replace(**{field: other})


def digest(**other: Any) -> str:
    return digest_of_inputs(**{**INPUTS, **other})


@pytest.mark.parametrize("field", Settings._fields)
def test_every_option_counts_but_those_that_have_no_say(field: str) -> None:
    """A new one does by itself."""
    without: dict[str, Any] = {"lock": LockSettings("/x/pylock.toml", check=True), "network": Network(retries=0)}
    other = without.get(field, "something else")
    assert (digest(plan=PLAN._replace(settings=changed(SETTINGS, field, other))) == digest()) == (
        field in WITHOUT_A_SAY
    )


def test_what_of_the_others_has_a_say_counts() -> None:
    for other in (
        SETTINGS._replace(network=Network(trusted_hosts=("packages.acme.example",))),
        SETTINGS._replace(lock=LockSettings("/x/pylock.toml", universal=True)),
        SETTINGS._replace(lock=LockSettings("/y/pylock.toml")),
    ):
        assert digest(plan=PLAN._replace(settings=other)) != digest()


@pytest.mark.parametrize("field", Policy._fields)
def test_every_line_of_policy_counts(field: str) -> None:
    assert digest(plan=PLAN._replace(policy=changed(Policy(), field))) != digest()


def test_everything_that_is_asked_of_whom_and_for_what_counts() -> None:
    others: list[dict[str, Any]] = []
    others += [{"statements": changed(Statements(()), field)} for field in Statements._fields]
    others += [{"target": changed(INPUTS["target"], field)} for field in ("version", "markers", "tags")]
    others += [{"plan": PLAN._replace(indexes=(changed(INDEX, field),))} for field in (*Index._fields[:8], "location")]
    others += [{"version": "2"}, {"requires_python": (">=3.9",)}, {"advisories": "other"}]
    others += [{"plan": PLAN._replace(indexes=(INDEX, INDEX))}]
    assert len({digest(**other) for other in others} | {digest()}) == len(others) + 1


@pytest.mark.parametrize("policy", ['vulnerabilities = "refuse:low"', 'advisories = "required"', 'cooldown = "P9999D"'])
def test_a_rule_that_has_come_to_policy_is_held_at_once(run: Inside, index: IndexServer, policy: str) -> None:
    """Although the lock was right a moment ago: --check says what it would say without a memory."""
    index.add("demo", "1.0")
    configured = f'[[index]]\nname = "acme"\nurl = "{index.url}"\ndefault = true\n'
    (run.folder / "safepip.toml").write_text(configured)
    assert run("lock", "demo", "-q").code == 0
    assert run("lock", "demo", "--check").code == 0
    (run.folder / "safepip.toml").write_text(f"{configured}[policy]\n{policy}\n")
    answers = [run("lock", "demo", "--check", *more) for more in ((), ("--refresh-package", ":all:"))]
    assert answers[0].code == answers[1].code
    assert answers[0].err == answers[1].err


def test_advisories_of_today_count_today(run: Inside, index: IndexServer) -> None:
    """A bundle that has come since, and one that cannot be used any more."""
    index.add("demo", "1.0")
    (run.folder / "db").mkdir()
    (run.folder / "db" / "a.json").write_text(json.dumps(record("GHSA-1", versions_of("other", "introduced 0"))))
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "acme"\nurl = "{index.url}"\ndefault = true\n'
        '[[advisories]]\nname = "test"\npath = "db"\n[policy]\nvulnerabilities = "refuse:low"\n'
    )
    assert run("audit", "--update").code == 0
    assert run("lock", "demo", "-q").code == 0
    index.requests.clear()
    assert run("lock", "demo", "--check").code == 0
    assert not index.requests, "it was remembered"
    (run.folder / "db" / "b.json").write_text(json.dumps(record("GHSA-2", versions_of("demo", "introduced 0"))))
    assert run("audit", "--update").code == 0
    done = run("lock", "demo", "--check")
    assert (done.code, "error: known-vulnerability" in done.err) == (20, True), done
    (bundle,) = (run.folder / "home").rglob("advisories-*/*.sqlite")
    bundle.write_bytes(b"")
    done = run("lock", "demo", "--check")
    assert (done.code, "error: advisories-unavailable" in done.err) == (1, True), done


@pytest.mark.parametrize("where", ["path", "URL"])
@pytest.mark.parametrize("way", ["requirement", "constraint"])
def test_what_is_named_directly_is_looked_at_each_time(run: Inside, index: IndexServer, way: str, where: str) -> None:
    """Its bytes may be others under the same name, whoever names it."""
    index.add("app", "1.0", requires=["lib"])
    named = make_wheel(run.folder / "files", "lib", "1.0")
    served = index.add_file("elsewhere", named.name, named.read_bytes())
    url = named.as_uri() if where == "path" else index.url.replace("/simple/", f"/files/{named.name}")
    (run.folder / f"{way}s.txt").write_text(f"lib @ {url}\n")
    words = ("lock", "app", "-i", index.url, "-c" if way == "constraint" else "-r", f"{way}s.txt")
    assert run(*words, "-q").code == 0
    assert run(*words, "--check").code == 0
    served.data = make_wheel(run.folder / "files", "lib", "1.0", files={"other.py": "x = 1\n"}).read_bytes()
    assert run(*words, "--check").code == 1
