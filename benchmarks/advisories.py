"""What advisories cost: building their bundle, and an audit beside `safepip list`.

    advisories.py RECORDS                   RECORDS has one OSV record a line; it may be compressed (.xz)
    advisories.py RECORDS --only build --rounds 15

- build: the processor time that this process takes to make the bundle of an archive with these records, beside
  decompressing it and `json.loads` of each member. At most 4 times that, and 3 MB.
- audit: the processor time of `safepip audit` of an environment with 150 of their projects, beside that of `safepip
  list` of it, each a process with its children. At most that.
- large: the peak memory of `safepip audit --update` with an archive of 60 MB that has 20,000 records, made up here.
  At most 512 MB.

A ratio is the median over the rounds of the ratio within a round; in brackets its smallest and largest value. The exit
code is 1 where one is above its bound. No network is needed.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tools
from compare import cell
from packaging.utils import canonicalize_name

from safepip.edges.advisories.gathering import update
from safepip.model.advisory_policy import AdvisorySource
from safepip.model.origin import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MEGABYTE = 1 << 20

#: The bounds.
BUILD_RATIO, BUNDLE_MEGABYTES, AUDIT_RATIO, PEAK_MEGABYTES = 4.0, 3.0, 1.0, 512.0

PROJECTS = 150
LARGE_RECORDS, LARGE_MEGABYTES = 20_000, 60


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a file, one a line."""
    content = path.read_bytes()
    text = lzma.decompress(content) if path.suffix == ".xz" else content
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def write_archive(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    """An archive as databases publish theirs: a file for each record."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for record in records:
            made.writestr(f"{record['id']}.json", json.dumps(record))
    return path


def seconds(job: Callable[[], object]) -> float:
    """The processor time of this process that a job takes."""
    start = time.process_time()
    job()
    return time.process_time() - start


def decompress(archive: Path) -> None:
    """What nobody who reads the archive can save."""
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            json.loads(opened.read(name))


def no_fetch(url: str) -> bytes:
    """Of a source that is a file nothing is fetched."""
    raise AssertionError(url)


def build(folder: Path, archive: Path, rounds: int) -> list[str]:
    """Print what building costs; what is above its bound."""
    source = AdvisorySource("records", BUILT_IN, path=str(archive))
    root = folder / "cache"

    def make() -> object:
        return update(str(root), [source], no_fetch, time.time())

    decompress(archive)
    make()
    ratios = sorted(seconds(make) / seconds(lambda: decompress(archive)) for _ in range(rounds))
    (bundle,) = root.rglob("*.sqlite")
    megabytes = bundle.stat().st_size / MEGABYTE
    print(f"build: {cell(ratios, BUILD_RATIO)}; a bundle of {megabytes:.2f} MB of {len_of(archive)} records")
    return above("build", statistics.median(ratios), BUILD_RATIO) + above("bundle", megabytes, BUNDLE_MEGABYTES)


def len_of(archive: Path) -> int:
    """How many files an archive has."""
    with zipfile.ZipFile(archive) as opened:
        return len(opened.namelist())


def above(what: str, measured: float, bound: float) -> list[str]:
    """A sentence where it is."""
    return [f"{what}: {measured:.2f} is above {bound:g}"] if measured > bound else []


def install(site: Path, records: Iterable[dict[str, Any]]) -> None:
    """Have 150 projects of the records installed, as far as listing and auditing look at it: the first version that a
    record lists of each, with metadata of the usual length, and with requirements among themselves."""
    found: dict[str, str] = {}
    for record in records:
        for entry in record["affected"]:
            if entry.get("versions") and entry["package"]["ecosystem"] == "PyPI":
                found.setdefault(canonicalize_name(entry["package"]["name"]), entry["versions"][0])
    names = sorted(found)[:PROJECTS]
    for name in names:
        needed = "".join(f"Requires-Dist: {other}\n" for other in random.Random(name).sample(names, 5))
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {found[name]}\n{needed}\n"
        folder = site / f"{name.replace('-', '_')}-{found[name]}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(head + "What it is for, and how to use it.\n" * 150, encoding="utf-8")
        (folder / "INSTALLER").write_text("pip\n", encoding="utf-8")
        rows = [f"{folder.name}/{file},," for file in ("METADATA", "INSTALLER", "RECORD")]
        (folder / "RECORD").write_text("\n".join(rows) + "\n", encoding="utf-8")


def configure(home: Path, archive: Path) -> None:
    """Name the archive as the one source, in the folder where the commands run."""
    (home / "safepip.toml").write_text(f'[[advisories]]\nname = "records"\npath = "{archive}"\n', encoding="utf-8")


def run(home: Path, words: list[str], codes: tuple[int, ...]) -> tools.Measured:
    """One command of safepip, which must end with one of these codes."""
    output = home / "output"
    measured = tools.measure([sys.executable, "-P", "-m", "safepip", *words], home, output)
    if measured.code not in codes:
        raise SystemExit(f"safepip {' '.join(words)} ended with {measured.code}: {tools.last_words(output)}")
    return measured


def audit(folder: Path, archive: Path, records: list[dict[str, Any]], rounds: int) -> list[str]:
    """Print what an audit costs; what is above its bound."""
    home = folder / "home"
    home.mkdir()
    target = tools.template(folder)
    (site,) = target.glob("lib/*/site-packages")
    install(site, records)
    configure(home, archive)
    run(home, ["audit", "--update"], (0,))
    jobs = {verb: [verb, "--python", str(target / "bin" / "python")] for verb in ("audit", "list")}
    for words in jobs.values():
        run(home, words, (0, 1))
    ratios = []
    for number in range(rounds):
        order = list(jobs) if number % 2 else list(reversed(jobs))
        times = {verb: run(home, jobs[verb], (0, 1)).cpu for verb in order}
        ratios.append(times["audit"] / times["list"])
    run(home, jobs["audit"], (1,))
    found = tools.last_words(home / "output").splitlines()[-1]
    print(f"audit beside list: {cell(sorted(ratios), AUDIT_RATIO)}; {found}")
    return above("audit", statistics.median(ratios), AUDIT_RATIO)


def made_up(number: int) -> dict[str, Any]:
    """A record of the usual shape; every second one is about malware. Its text packs to what a real one does."""
    chance = random.Random(number)
    name = f"project-{number % 5000}"
    versions = [f"{major}.{minor}.{patch}" for major in range(3) for minor in range(5) for patch in range(3)]
    entry: dict[str, Any] = {"package": {"name": name, "ecosystem": "PyPI"}, "versions": versions}
    entry["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.0"}]}]
    if number % 2:
        files = [{"filename": f"{name}-1.0.tar.gz", "hashes": {"sha256": chance.randbytes(32).hex()}}]
        entry["database_specific"] = {"indicators": {"package_integrity": files}}
    return {
        "id": f"MAL-2024-{number}" if number % 2 else f"GHSA-{number}",
        "modified": "2024-03-01T00:00:00Z",
        "aliases": [] if number % 2 else [f"CVE-2024-{number}"],
        "summary": f"What is wrong with {name}, in a line of text",
        "details": chance.randbytes(2450).hex(),
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "references": [{"type": "WEB", "url": f"https://example.example/{number}/{n}"} for n in range(5)],
        "affected": [entry],
    }


def large(folder: Path, rounds: int) -> list[str]:
    """Print the peak memory of building a large bundle; whether it is above its bound."""
    home = folder / "large"
    home.mkdir()
    archive = write_archive(home / "all.zip", map(made_up, range(LARGE_RECORDS)))
    megabytes = archive.stat().st_size / MEGABYTE
    if megabytes < LARGE_MEGABYTES:
        raise SystemExit(f"the archive has {megabytes:.1f} MB, and {LARGE_MEGABYTES} are to be measured")
    configure(home, archive)
    peaks = sorted(run(home, ["audit", "--update"], (0,)).memory for _ in range(rounds))
    (bundle,) = home.rglob("*.sqlite")
    size = bundle.stat().st_size / MEGABYTE
    print(
        f"large: peak memory {peaks[-1]:.0f} MB <= {PEAK_MEGABYTES:g} MB, "
        f"of {LARGE_RECORDS} records in {megabytes:.0f} MB; a bundle of {size:.1f} MB"
    )
    return above("large", peaks[-1], PEAK_MEGABYTES)


def main() -> int:
    """Measure and print; 1 where something is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="one OSV record a line, as they are or as .xz")
    parser.add_argument("--only", choices=("build", "audit", "large"), nargs="+", default=["build", "audit", "large"])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    over: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        records = read_records(arguments.records)
        archive = write_archive(folder / "records.zip", records)
        if "build" in arguments.only:
            over += build(folder, archive, arguments.rounds)
        if "audit" in arguments.only:
            over += audit(folder, archive, records, arguments.rounds)
        if "large" in arguments.only:
            # A child's peak is at least what its parent had: the records are not held while it runs.
            records.clear()
            over += large(folder, 3)
    for sentence in over:
        print(sentence)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
