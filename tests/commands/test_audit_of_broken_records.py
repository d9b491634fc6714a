"""Broken records: what an audit says of each, and that none of them is clean by accident.

The page `docs/reference/audit.md` has these outcomes, too; a test here compares the words.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from support.advisories import events, malicious, record, versions_of

if TYPE_CHECKING:
    from support.inside import Inside

CONFIGURATION = '[[advisories]]\nname = "test"\npath = "db"\n'
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "audit.md"

NOT_COMPARABLE = "an affected entry says no versions that can be compared"
NOT_AN_EVENT = "an event is not introduced, fixed, last_affected or limit with a version"
NO_ID = "it has no id"
NOT_A_NAME = "the name of a package is not a name alone"
NO_MOMENT = "modified is not a moment"

VECTOR = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}

#: What is found, and what says nothing, where no reason is given.
FOUND, NOTHING = "found", "nothing"


class Row(NamedTuple):
    """A record on the project `p-KEY`, of which version 1.0 is audited, and what comes of it: a reason why that cannot
    be verified, or one of the words above. `called` is the record in the reason, its id by default."""

    data: dict[str, Any]
    outcome: str
    called: str = ""


def about(key: str, **changes: Any) -> dict[str, Any]:
    """A sound record on a project, changed."""
    return {**record(f"X-{key}", versions_of(f"p-{key}", "introduced 0", "fixed 2.0")), **changes}


def entry(key: str, **changes: Any) -> dict[str, Any]:
    """The same with its one entry changed."""
    return about(key, affected=[{**versions_of(f"p-{key}", "introduced 0", "fixed 2.0"), **changes}])


def ranged(key: str, *found: Any, kind: str = "ECOSYSTEM") -> dict[str, Any]:
    """The same with these events."""
    return entry(key, ranges=[{"type": kind, "events": list(found)}])


def named(key: str, name: str, ecosystem: str = "PyPI") -> dict[str, Any]:
    """The same with a package so named."""
    return entry(key, package={"name": name, "ecosystem": ecosystem})


ROWS = {
    # events and ranges
    "empty-event": Row(ranged("empty-event", {}), "an event does not have exactly one key"),
    "two-in-one": Row(
        ranged("two-in-one", {"introduced": "0", "fixed": "2"}), "an event does not have exactly one key"
    ),
    "unknown-event": Row(ranged("unknown-event", {"introduced": "0"}, {"repaired": "2"}), NOT_AN_EVENT),
    "number": Row(ranged("number", {"introduced": 0}), NOT_AN_EVENT),
    "no-ranges": Row(entry("no-ranges", ranges=None), NOT_COMPARABLE),
    "no-events": Row(ranged("no-events"), "a range is never introduced"),
    "never-introduced": Row(ranged("never-introduced", {"fixed": "2"}), "a range is never introduced"),
    "two-ends": Row(
        ranged("two-ends", *events("introduced 0", "fixed 2", "last_affected 1")),
        "a range has both fixed and last_affected",
    ),
    "unknown-type": Row(ranged("unknown-type", {"introduced": "0"}, kind="CALVER"), "a range has no known type"),
    "only-commits": Row(ranged("only-commits", {"introduced": "0"}, kind="GIT"), NOT_COMPARABLE),
    "only-semver": Row(ranged("only-semver", {"introduced": "0"}, kind="SEMVER"), NOT_COMPARABLE),
    "no-version": Row(
        ranged("no-version", *events("introduced 0", "fixed one")), "cannot be compared with the version 1.0"
    ),
    "no-limit": Row(
        ranged("no-limit", *events("introduced 0", "limit one")), "cannot be compared with the version 1.0"
    ),
    "too-many": Row(entry("too-many", versions=["1.0"] * 20_001), "versions has more than 20000 items"),
    "too-severe": Row(about("too-severe", severity=[VECTOR] * 1_001), "severity has more than 1000 items"),
    "severe": Row(about("severe", severity=[VECTOR] * 1_000), FOUND),
    "fixed-first": Row(ranged("fixed-first", *events("introduced 0.5", "fixed 0.1")), FOUND),
    "unordered": Row(ranged("unordered", *events("fixed 2", "introduced 0.7", "fixed 0.5", "introduced 0")), FOUND),
    "no-limits": Row(ranged("no-limits", *events("introduced 0", "limit *")), FOUND),
    "limit": Row(ranged("limit", *events("introduced 0", "limit 0.5")), NOTHING),
    "huge-version": Row(ranged("huge-version", *events("introduced 0", f"fixed {'9' * 150}")), FOUND),
    "odd-version": Row(entry("odd-version", ranges=[], versions=["1.0-final!", "v1.0.0"]), FOUND),
    # what it is about
    "lower-case": Row(named("lower-case", "p-lower-case", "pypi"), "the ecosystem is written 'pypi', and not PyPI"),
    "suffix": Row(named("suffix", "p-suffix", "PyPI:x"), "the ecosystem is written 'PyPI:x', and not PyPI"),
    "pip": Row(named("pip", "p-pip", "pip"), "the ecosystem is written 'pip', and not PyPI"),
    "other": Row(named("other", "p-other", "npm"), NOTHING),
    "spelling": Row(named("spelling", "P.__SPELLING"), FOUND),
    "white-space": Row(named("white-space", " p-white-space\n"), NOT_A_NAME),
    "extra": Row(named("extra", "p-extra[all]"), NOT_A_NAME),
    "unseen": Row(named("unseen", "\u200bp-unseen"), NOT_A_NAME),
    "dash": Row(named("dash", "p\u2010dash"), NOT_A_NAME),
    "full-stop": Row(named("full-stop", "p-full-stop."), NOT_A_NAME),
    "pinned": Row(named("pinned", "p-pinned==1.0"), NOT_A_NAME),
    # the record itself
    "no-id": Row(about("no-id", id=None), NO_ID, "no-id.json"),
    "two-lines": Row(about("two-lines", id="X-1\nX-2"), NO_ID, "two-lines.json"),
    "escape": Row(about("escape", id="X-\x1b[2J"), NO_ID, "escape.json"),
    "long-id": Row(about("long-id", id="X" * 201), NO_ID, "long-id.json"),
    "path": Row(about("path", id="../../etc/passwd"), FOUND),
    "undated": Row(about("undated", modified=None), NO_MOMENT),
    "badly-dated": Row(about("badly-dated", modified="yesterday"), NO_MOMENT),
    "withdrawn": Row(about("withdrawn", withdrawn="2024-03-01T00:00:00Z"), NOTHING),
    "not-yet-withdrawn": Row(about("not-yet-withdrawn", withdrawn="2999-03-01T00:00:00Z"), FOUND),
    "badly-withdrawn": Row(about("badly-withdrawn", withdrawn=True), "withdrawn is not a moment"),
    "other-schema": Row(about("other-schema", schema_version="2.0.0"), "its schema_version is not 1"),
    "no-schema": Row(about("no-schema", schema_version=1), "its schema_version is not 1"),
    "this-schema": Row(about("this-schema", schema_version="1.99.0", newer={"key": []}), FOUND),
    "one-alias": Row(about("one-alias", aliases="CVE-1"), "aliases is not a list"),
    "odd-alias": Row(about("odd-alias", aliases=["CVE-1\x07"]), "aliases has something that is not a short text"),
    "circle": Row(about("circle", aliases=["X-circle", "Y-circle"]), FOUND),
    "no-severity": Row(about("no-severity", severity=[{"type": "CVSS_V3", "score": "1e999"}]), FOUND),
    "digest": Row(
        malicious("MAL-digest", "p-digest", sha256="a" * 63),
        "a sha256 of package_integrity does not have 64 digits",
        "MAL-digest",
    ),
}

#: More records: what the rows above meet.
MORE = {
    "circle2": record("Y-circle", versions_of("p-circle", listed=["1.0"]), aliases=("Z-circle",)),
    "circle3": record("Z-circle", versions_of("p-circle", listed=["1.0"]), aliases=("X-circle", "Y-circle")),
}


def audited(run: Inside, *names: str) -> tuple[int, dict[str, Any]]:
    (run.folder / "safepip.toml").write_text(CONFIGURATION)
    (run.folder / "requirements.txt").write_text("".join(f"{name}==1.0\n" for name in names))
    assert run("audit", "--update").code == 0
    done = run("audit", "-r", "requirements.txt", "--output-format", "json")
    return done.code, {project["name"]: project for project in json.loads(done.out)["projects"]}


def outcome(project: dict[str, Any]) -> str:
    """In the words of the table."""
    if project["unverified"]:
        assert not project["vulnerabilities"]
        (reason,) = project["unverified"]
        return str(reason)
    assert len(project["vulnerabilities"]) < 2
    return FOUND if project["vulnerabilities"] else NOTHING


def expected(row: Row) -> str:
    if row.outcome in (FOUND, NOTHING):
        return row.outcome
    called = row.called or row.data["id"]
    return f"{called} {row.outcome}" if row.outcome.startswith("cannot") else f"{called} cannot be read: {row.outcome}"


def test_each_broken_record_has_its_outcome_for_its_project_and_no_other(run: Inside) -> None:
    """All in one source, so that none is hidden by another either."""
    (run.folder / "db").mkdir()
    for key, data in (*((key, row.data) for key, row in ROWS.items()), *MORE.items()):
        (run.folder / "db" / f"{key}.json").write_text(json.dumps(data).replace('"1e999"', "1e999"))
    code, found = audited(run, "clean", *(f"p-{key}" for key in ROWS))
    assert code == 1
    assert {key: outcome(found[f"p-{key}"]) for key in ROWS} == {key: expected(row) for key, row in ROWS.items()}
    assert outcome(found["clean"]) == NOTHING
    (circle,) = found["p-circle"]["vulnerabilities"]
    assert [circle["id"], *circle["aliases"]] == ["X-circle", "Y-circle", "Z-circle"]


def alias_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return "\n".join(lines)


SOUND = json.dumps(about("sound"))

#: Files that do not tell which project they are about, and the reason why nothing is verified.
FILES = {
    "empty.json": (b"", "it is not JSON"),
    "cut.json": (SOUND[:-5].encode(), "it is not JSON"),
    "two.json": ((SOUND + SOUND).encode(), "it is not JSON"),
    "digits.json": (SOUND.replace('"X-sound"', "9" * 5000).encode(), "it is not JSON"),
    "not-a-number.json": (SOUND.replace('"X-sound"', "NaN").encode(), "it is not JSON: NaN is no number there"),
    "deep.json": (b"[" * 100_000, "it is nested too deeply"),
    "key-twice.json": (SOUND.replace("{", '{"affected": [], ', 1).encode(), "an object in it has a key twice"),
    "latin.json": (SOUND.replace("X-sound", "X-\u00e4").encode("latin-1"), "it is not UTF-8"),
    "utf-16.json": (SOUND.encode("utf-16"), "it is not UTF-8"),
    "null.json": (b"null", "it is not an object"),
    "list.json": (f"[{SOUND}]".encode(), "it is not an object"),
    "text.json": (b'"clean"', "it is not an object"),
    "affected-text.json": (json.dumps({**about("x"), "affected": "all"}).encode(), "affected is not a list"),
    "no-name.json": (json.dumps(entry("x", package={"ecosystem": "PyPI"})).encode(), "an affected package has no name"),
    "no-ecosystem.json": (
        json.dumps(entry("x", package={"name": "p"})).encode(),
        "an affected package has no ecosystem",
    ),
    "aliases.yaml": (alias_bomb().encode(), "it is not plain YAML: it has aliases"),
    "anchor.yaml": (b"a: &a [*a]", "it is not plain YAML: it has aliases"),
    "tags.yaml": (b"id: !!python/object/apply:os.getcwd []", "it is not plain YAML: it has tags"),
    "binary.yaml": (b"id: X-1\naffected: [{package: {name: !!binary cA==}}]", "it is not plain YAML: it has tags"),
    "merge.yaml": (b"id: X-1\n<<: {affected: []}", "it is not plain YAML: it has merge keys"),
    "key-twice.yaml": (b"id: X-1\naffected: []\naffected: []", "a table in it has a key twice, or one that is no text"),
    "key-in-key.yaml": (b"id: X-1\n? {a: b}\n: c", "a table in it has a key twice, or one that is no text"),
    "deep.yaml": (b"[" * 40 + b"]" * 40, "it is nested too deeply"),
    "two.yml": (b"id: X-1\n---\nid: X-2", "it is not plain YAML"),
    "open.YAML": (b"a: [b", "it is not plain YAML"),
    "open.JSON": (b"{", "it is not JSON"),
}


def test_a_file_that_tells_no_project_leaves_everything_unverified(run: Inside) -> None:
    """Each of them is a reason of its own."""
    (run.folder / "db").mkdir()
    for name, (content, _) in FILES.items():
        (run.folder / "db" / name).write_bytes(content)
    code, found = audited(run, "clean")
    assert code == 3
    stated = {reason.partition(" cannot be read: ")[::2] for reason in found["clean"]["unverified"]}
    called = {"X-x": ("affected-text.json", "no-name.json", "no-ecosystem.json")}
    names = {name: next((key for key, files in called.items() if name in files), name) for name in FILES}
    assert stated == {(names[name], reason) for name, (_, reason) in FILES.items()}


def test_a_byte_order_mark_is_passed_over(run: Inside) -> None:
    """RFC 8259 lets a reader do so, and the rest says one thing to all."""
    (run.folder / "db").mkdir()
    (run.folder / "db" / "marked.json").write_bytes(SOUND.encode("utf-8-sig"))
    code, found = audited(run, "p-sound")
    assert (code, outcome(found["p-sound"])) == (1, FOUND)


def test_two_records_of_one_id_that_differ_both_count(run: Inside) -> None:
    """Whichever of them is right, what one of them affects is not clean."""
    (run.folder / "db").mkdir()
    for number, versions in enumerate((["0.5"], ["1.0"])):
        data = record("X-1", versions_of("twice", listed=versions))
        (run.folder / "db" / f"{number}.json").write_text(json.dumps(data))
    code, found = audited(run, "twice")
    assert (code, outcome(found["twice"])) == (1, FOUND)


def test_the_digest_of_a_malicious_record_counts_though_the_rest_is_malformed(run: Inside) -> None:
    """To refuse more is safe, and the file may be served under any name."""
    from safepip.edges.advisories.bundle import open_bundle
    from safepip.model.advisory_policy import AdvisorySource
    from safepip.model.origin import BUILT_IN

    (run.folder / "db").mkdir()
    broken = malicious("MAL-1", "evil", sha256="ab" * 32)
    broken["affected"][0]["ranges"][0]["type"] = "CALVER"
    honest = {**malicious("X-1", "evil", sha256="cd" * 32), "aliases": "MAL"}
    for data in (broken, honest):
        (run.folder / "db" / f"{data['id']}.json").write_text(json.dumps(data))
    code, found = audited(run, "evil")
    assert (code, len(found["evil"]["unverified"])) == (3, 2)
    source = AdvisorySource("test", BUILT_IN, path=str(run.folder / "db"))
    root = next(run.folder.rglob("advisories-1")).parent
    with contextlib.closing(open_bundle(str(root), [source], 4e9)) as bundle:
        assert [bundle.malicious("ab" * 32), bundle.malicious("cd" * 32)] == ["MAL-1", None]


@pytest.mark.parametrize("kind", ["records", "files"])
def test_the_reference_has_each_reason(kind: str) -> None:
    """In the words of the message, between backquotes."""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    if kind == "records":
        reasons = {row.outcome for row in ROWS.values()} - {FOUND, NOTHING}
        reasons = {
            reason.replace("'pypi'", "...").replace("'PyPI:x'", "...").replace("'pip'", "...") for reason in reasons
        }
        reasons = {reason.removesuffix(" 1.0") for reason in reasons}
    else:
        reasons = {reason for _, reason in FILES.values()}
    assert [reason for reason in sorted(reasons) if reason not in page] == []
