"""What an audit finds, held against two truths that share no code with it.

    same_findings.py RECORDS                        the records' own lists of versions
    same_findings.py RECORDS --pip-audit PROGRAM    and pip-audit, of an environment of its own

RECORDS has one OSV record a line; it may be compressed (.xz).

Lists: of each entry with ranges and a list of versions, what safepip says by the ranges alone of every version that the
list or a bound names is what the list says. A bound that no list has was never released; a record whose list and ranges
contradict each other is named in `EXPLAINED`, with the reason.

pip-audit: it posts name and version to `/v1/query` and leaves the matching to the server. The one here, on loopback,
gives the records whose list has the version, and looks at no range. Requirements files and folders with old versions of
some projects must have the same findings by both: ids, aliases, and fixed versions. Three differences are told apart:

- pip-audit knows the aliases of the records that it was given, and safepip those of all records;
- pip-audit names all fixed versions, also those that are no later, or that another record of the matter lists;
- a version that the ranges of a record contain, and its list lacks, is found by safepip alone. Each is printed.

The exit code is 1 where something differs. No network is needed.
"""

from __future__ import annotations

import argparse
import http.server
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import tools
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from advisories import configure, read_records, write_archive
from safepip.advisories.ranges import Unordered, contains
from safepip.model.advisories import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Records whose list and ranges contradict each other, and how.
EXPLAINED = {
    "PYSEC-2021-114": "its one range has two in it, up to 2.11.6 and up to 2.11.7, and ends with the first of them",
}

#: Popular projects, and how many of their versions are audited, from the oldest to the newest that records name. Of
#: some there may be no record; that is told.
PROJECTS = (
    *("aiohttp", "cryptography", "django", "jinja2", "pillow", "pyyaml", "requests", "urllib3"),
    *("apache-airflow", "ipython", "lxml", "notebook", "numpy", "pip", "wagtail", "werkzeug"),
)
VERSIONS = 12


def version_of(text: str) -> Version | None:
    """The version, None for what PEP 440 does not know."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def entries(records: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each record that counts, with each of its entries on PyPI."""
    for record in records:
        for entry in record["affected"]:
            if not record.get("withdrawn") and entry.get("package", {}).get("ecosystem") == "PyPI":
                yield record, entry


# --- lists -------------------------------------------------------------------------------------------------------


def by_lists(records: Sequence[dict[str, Any]]) -> bool:
    """Compare ranges with lists, and print what came of it; whether nothing is unexplained."""
    counts: Counter[str] = Counter()
    contradicting: defaultdict[str, list[str]] = defaultdict(list)
    for record, entry in entries(records):
        ranges = [r["events"] for r in entry.get("ranges", ()) if r["type"] == "ECOSYSTEM"]
        listed = {version_of(text) for text in entry.get("versions", ())}
        if not ranges or not listed:
            continue
        bounds = {version_of(text) for events in ranges for event in events for text in event.values() if text != "0"}
        for version in sorted(filter(None, listed | bounds)):
            counts["compared"] += 1
            if _affected(ranges, version) == (version in listed):
                counts["same"] += 1
            elif version not in listed:
                counts["bounds that no list has"] += 1
            else:
                contradicting[record["id"]].append(str(version))
    print(f"lists: {counts['same']} of {counts['compared']} versions are the same")
    print(f"  {counts['bounds that no list has']} are bounds that no list has")
    for identity, versions in sorted(contradicting.items()):
        print(f"  {identity}: {', '.join(versions)}: {EXPLAINED.get(identity, 'NOT EXPLAINED')}")
    return counts["same"] > 0 and contradicting.keys() <= EXPLAINED.keys()


def _affected(ranges: Sequence[Sequence[dict[str, str]]], version: Version) -> bool:
    for events in ranges:
        try:
            if contains([Event(kind, text) for event in events for kind, text in event.items()], version):
                return True
        except Unordered:
            continue
    return False


# --- pip-audit ---------------------------------------------------------------------------------------------------


class Finding(NamedTuple):
    """One matter of one version, by all of its names, with the versions that fix it."""

    project: str
    version: str
    names: frozenset[str]
    fixed: frozenset[str]


class MembershipServer(http.server.ThreadingHTTPServer):
    """Answers `/v1/query` with the records whose list has the version, as it is written or as it is meant."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known: defaultdict[tuple[str, Version], list[dict[str, Any]]] = defaultdict(list)
        for record, entry in entries(records):
            name = canonicalize_name(entry["package"]["name"])
            for version in {version_of(text) for text in entry.get("versions", ())} - {None}:
                assert version is not None
                self.known[name, version].append(record)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: MembershipServer

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.server.known.get((canonicalize_name(question["package"]["name"]), Version(question["version"])))
        content = json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serving(records: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The URL of a server with these records, as long as it is needed."""
    with MembershipServer(records) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def sets_of(records: Sequence[dict[str, Any]]) -> list[dict[str, Version]]:
    """Versions to audit, a set with one of each project: evenly chosen of those that its records name."""
    named: defaultdict[str, set[Version]] = defaultdict(set)
    for _, entry in entries(records):
        texts = [*entry.get("versions", ())]
        for found in entry.get("ranges", ()):
            texts += [text for event in found["events"] for text in event.values() if found["type"] == "ECOSYSTEM"]
        texts = [text for text in texts if text != "0"]  # the beginning of a range, and no version
        named[canonicalize_name(entry["package"]["name"])].update(filter(None, map(version_of, texts)))
    ordered = {project: sorted(named[project]) for project in PROJECTS if named[project]}
    return [
        {project: found[number * (len(found) - 1) // (VERSIONS - 1)] for project, found in ordered.items()}
        for number in range(VERSIONS)
    ]


def by_pip_audit(program: str, records: Sequence[dict[str, Any]]) -> bool:
    """Audit every set with both, and print what came of it; whether they are the same."""
    counts: Counter[str] = Counter()
    same = True
    names = [{record["id"], *record.get("aliases", ())} for record, _ in entries(records)]
    with tempfile.TemporaryDirectory() as temporary, serving(records) as url:
        home = Path(temporary)
        configure(home, write_archive(home / "records.zip", records))
        _safepip(home, "audit", "--update")
        sets = sets_of(records)
        for number, versions in enumerate(sets):
            words = _folder(home, number, versions) if number % 2 else _file(home, number, versions)
            own = set(_own(home, words))
            other = {_as_ours(finding, records, names) for finding in _pip_audit(home, program, url, words)}
            counts.update(finding.project for finding in own)
            for finding in sorted(own ^ other, key=str):
                ranged = finding in own and _by_range(finding, records)
                same = same and ranged
                who = "the list lacks it" if ranged else "safepip alone" if finding in own else "pip-audit alone"
                print(f"  {who}: {' '.join([finding.project, finding.version, *sorted(finding.names)])}")
    shown = ", ".join(f"{project} {counts[project]}" for project in sets[0])
    print(f"pip-audit: {'the same' if same else 'NOT THE SAME'} {sum(counts.values())} findings: {shown}")
    print(f"  no record of: {', '.join(project for project in PROJECTS if project not in sets[0]) or '-'}")
    return same and all(counts[project] for project in sets[0])


def _file(home: Path, number: int, versions: dict[str, Version]) -> list[str]:
    path = home / f"requirements-{number}.txt"
    path.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()), encoding="utf-8")
    return ["-r", str(path)]


def _folder(home: Path, number: int, versions: dict[str, Version]) -> list[str]:
    site = home / f"site-{number}"
    for name, version in versions.items():
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (folder / "METADATA").write_text(text, encoding="utf-8")
    return ["--path", str(site)]


def _safepip(home: Path, *words: str) -> str:
    command = [sys.executable, "-P", "-m", "safepip", *words]
    done = subprocess.run(
        command, cwd=home, env=tools.environment(home), capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"safepip {' '.join(words)} ended with {done.returncode}: {done.stderr[-600:]}")
    return done.stdout


def _own(home: Path, words: Sequence[str]) -> Iterator[Finding]:
    for project in json.loads(_safepip(home, "audit", "--output-format", "json", *words))["projects"]:
        for matter in project["vulnerabilities"]:
            names = frozenset((matter["id"], *matter["aliases"]))
            fixed = frozenset(str(Version(text)) for text in matter["fixed_versions"])
            yield Finding(project["name"], str(Version(project["version"])), names, fixed)


def _pip_audit(home: Path, program: str, url: str, words: Sequence[str]) -> Iterator[Finding]:
    alone = ["--disable-pip", "--no-deps"] if words[0] == "-r" else []
    command = [program, "-s", "osv", "--osv-url", url, "-f", "json", "--progress-spinner", "off", *alone, *words]
    done = subprocess.run(
        [*command, "--cache-dir", str(home / "pip-audit")],
        cwd=home,
        env=tools.environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"pip-audit ended with {done.returncode}: {done.stderr[-600:]}")
    for project in json.loads(done.stdout)["dependencies"]:
        for matter in project["vulns"]:
            names = frozenset((matter["id"], *matter["aliases"]))
            yield Finding(project["name"], project["version"], names, frozenset(matter["fix_versions"]))


def _as_ours(finding: Finding, records: Sequence[dict[str, Any]], names: Sequence[set[str]]) -> Finding:
    """With all names of the matter, and without the fixed versions that are not later or that a record of it lists."""
    joined, before = set(finding.names), 0
    while len(joined) > before:
        before = len(joined)
        joined.update(*(each for each in names if not joined.isdisjoint(each)))
    finding = finding._replace(names=frozenset(joined))
    listed = {version_of(text) for entry in _entries_of(finding, records) for text in entry.get("versions", ())}
    version = Version(finding.version)
    fixed = (Version(text) for text in finding.fixed)
    return finding._replace(fixed=frozenset(str(fix) for fix in fixed if fix > version and fix not in listed))


def _entries_of(finding: Finding, records: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for record, entry in entries(records):
        if record["id"] in finding.names and canonicalize_name(entry["package"]["name"]) == finding.project:
            yield entry


def _by_range(finding: Finding, records: Sequence[dict[str, Any]]) -> bool:
    """Whether no list has the version, and it lies plainly between a bound that introduces and the next that fixes."""
    version, inside = Version(finding.version), False
    for entry in _entries_of(finding, records):
        if version in map(version_of, entry.get("versions", ())):
            return False
        for found in (each for each in entry.get("ranges", ()) if each["type"] == "ECOSYSTEM"):
            bounds = sorted((Version(text), kind) for event in found["events"] for kind, text in event.items())
            before = [kind for bound, kind in bounds if bound <= version]
            inside = inside or before[-1:] == ["introduced"]
    return inside


def main() -> int:
    """Compare and print; 1 where something differs and is not explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="one OSV record a line, as they are or as .xz")
    parser.add_argument("--pip-audit", metavar="PROGRAM", help="pip-audit's program")
    arguments = parser.parse_args()
    records = read_records(arguments.records)
    same = by_lists(records)
    if arguments.pip_audit:
        same = by_pip_audit(arguments.pip_audit, records) and same
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
