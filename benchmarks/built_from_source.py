"""Build real projects from source, by plain pip and by safepip, and compare what is installed, file by file.

Each project of `sources/projects.toml` is installed with `--no-deps` into a fresh environment, by pip and then by
safepip at the same path, from pip's default index as it stood at one date (`--uploaded-prior-to`, which holds for what
a build requires, too), with no configuration. Compared are every file of the environment by path and executable bits,
every row of RECORD, and the texts beside it. A digest that differs counts only where a second build by pip gives the
first one's: most compilers write down the folder in which they ran, and zip archives the time.

A table is printed, and the exit code is 1 where a project differs and `sources/differences.toml` does not say why, or
where one is not built. It needs the network, git, a C compiler, CMake and ninja, and cargo for Rust.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import NamedTuple

from pip._internal.models.index import PyPI
from same_choices import DATE, _environment

HERE = Path(__file__).parent
SOURCES = HERE / "sources"

#: For each step, in seconds.
_PATIENCE = 3600


class Project(NamedTuple):
    """One row of `projects.toml`."""

    name: str
    version: str
    builder: str
    source: str = "index"


class Installed(NamedTuple):
    """What one program has installed: each path with its kind, each row of RECORD, and the small texts beside it."""

    files: dict[str, str]
    record: dict[str, tuple[str, ...]]
    texts: dict[str, str]


class Failed(Exception):
    """A program ended with another exit code than 0."""


class Yard:
    """A folder for one project: where its code lies, and the environment that is made anew for each program."""

    def __init__(self, folder: Path, caches: Path, fence: str, crates: Path | None) -> None:
        self.folder = folder
        self.caches = caches
        self.fence = fence
        self.crates = crates
        self.environ = _environment(folder) | {"PIP_CACHE_DIR": str(caches / "pip")}
        self.fences: set[str] = set()

    def run(self, *words: str | Path, cwd: Path | None = None, environ: dict[str, str] | None = None) -> str:
        """Run a program; what it printed. Raises `Failed`."""
        done = subprocess.run(
            list(map(str, words)),
            cwd=cwd or self.folder,
            env=self.environ | (environ or {}),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{Path(words[0]).name} {words[1]} ...: exit code {done.returncode}\n{_end(done)}")
        return done.stdout

    def installed(self, program: str, words: list[str]) -> Installed:
        """What `program` installs into a fresh environment at the one path that all of them use."""
        place = self.folder / "environment"
        shutil.rmtree(place, ignore_errors=True)
        # pip's wheels of earlier builds would be used again; what it fetched may be.
        shutil.rmtree(self.caches / "pip" / "wheels", ignore_errors=True)
        self.run(sys.executable, "-m", "venv", "--without-pip", place)
        before = {str(path) for path in place.rglob("*")}
        python = [sys.executable, "-P"]
        start = [*python, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
        if program == "safepip":
            start = [*python, str(HERE / "safepip_in_fence.py"), self.fence, "install"]
            start += ["--python", str(place / "bin" / "python"), "--cache-dir", str(self.caches)]
        common = ["--no-deps", "--no-input", "--disable-pip-version-check", "--uploaded-prior-to", DATE]
        said = self.run(*start, *common, *words)
        if program == "safepip":
            self.fences |= {part.partition(")")[0] for part in said.split("(fence: ")[1:]}
        return _installed(place, before)


def _end(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return "\n".join(f"      {line}" for line in lines[-25:])


# --- what was installed -------------------------------------------------------------------------------------------


def _installed(place: Path, before: set[str]) -> Installed:
    files, record, texts = {}, {}, {}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if str(path) in before or (path.is_dir() and not path.is_symlink()):
            continue
        executable = bool(path.stat().st_mode & 0o111)
        files[name] = "link" if path.is_symlink() else "program" if executable else "file"
        if path.name == "RECORD":
            with path.open(encoding="utf-8", newline="") as rows:
                record.update({row[0]: tuple(row[1:]) for row in csv.reader(rows)})
        elif path.parent.name.endswith(".dist-info") and path.name in ("INSTALLER", "REQUESTED", "direct_url.json"):
            texts[path.name] = path.read_text(encoding="utf-8")
    return Installed(files, record, texts)


def differences(pip: Installed, safepip: Installed, again: Installed | None) -> list[str]:
    """Lines that tell where the two differ; `again` is what pip installs a second time."""
    found = []
    for name in sorted(pip.files.keys() | safepip.files.keys()):
        left, right = pip.files.get(name, "missing"), safepip.files.get(name, "missing")
        if left != right:
            found.append(f"{name}: pip {left}, safepip {right}")
    for name in sorted(pip.record.keys() | safepip.record.keys()):
        left_row, right_row = pip.record.get(name), safepip.record.get(name)
        alike = again is not None and again.record.get(name) != left_row and left_row is not None
        if left_row != right_row and not (alike and right_row is not None):
            found.append(f"RECORD, {name}: pip {left_row}, safepip {right_row}")
    texts = [(name, pip.texts.get(name), safepip.texts.get(name)) for name in pip.texts.keys() | safepip.texts.keys()]
    return found + [f"{name}: pip {left!r}, safepip {right!r}" for name, left, right in sorted(texts) if left != right]


# --- where the code comes from ------------------------------------------------------------------------------------


def words_for(project: Project, yard: Yard) -> list[str]:
    """What both programs are told to install. The code is put in its place, as it was at the start."""
    if project.source == "index":
        return ["--no-binary", project.name, f"{project.name}=={project.version}"]
    fresh, used = yard.folder / "fresh", yard.folder / "source"
    if not fresh.exists():
        _unpack(project, yard, fresh)
        if project.source == "crates":
            _vendor(yard, fresh)
        else:
            _commit(project, yard, fresh)
    shutil.rmtree(used, ignore_errors=True)
    shutil.copytree(fresh, used, symlinks=True)
    return [f"git+{used.as_uri()}@v{project.version}"] if project.source == "git" else ["./source"]


def _unpack(project: Project, yard: Yard, into: Path) -> None:
    """Fetch the sdist, without pip, which would run it, and unpack it without what was generated for it."""
    page = f"{PyPI.simple_url}/{project.name}/"
    ask = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(ask, timeout=60) as answer:
        listed = json.load(answer)["files"]
    stem = f"{project.name.replace('-', '_')}-{project.version}.tar.gz"
    (file,) = (file for file in listed if file["filename"].replace("-", "_") == stem.replace("-", "_"))
    with urllib.request.urlopen(file["url"], timeout=600) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != file["hashes"]["sha256"]:
        raise Failed(f"{file['filename']} has another digest than the index says")
    archive = yard.folder / file["filename"]
    archive.write_bytes(content)
    with tarfile.open(archive) as members:
        members.extractall(yard.folder / "unpacked", filter="data")
    (root,) = (yard.folder / "unpacked").iterdir()
    root.rename(into)
    (into / "PKG-INFO").unlink(missing_ok=True)
    for path in into.rglob("*.egg-info"):
        shutil.rmtree(path)


def _commit(project: Project, yard: Yard, folder: Path) -> None:
    """Make a repository of it, with the tag that its version comes from."""
    facts = {"NAME": "a", "EMAIL": "a@b.example", "DATE": "2026-01-01T00:00:00Z"}
    person = {f"GIT_{who}_{what}": fact for who in ("AUTHOR", "COMMITTER") for what, fact in facts.items()}
    person["GIT_CONFIG_GLOBAL"] = os.devnull
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "all"),
        ("tag", f"v{project.version}"),
    ):
        yard.run("git", *words, cwd=folder, environ=person)


def _vendor(yard: Yard, folder: Path) -> None:
    """Put the crates into the folder, from cargo's registry or from the folder that `--crates` names."""
    settings = folder / ".cargo" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    replaced = '[source.crates-io]\nreplace-with = "here"\n\n[source.here]\ndirectory = "{}"\n'
    if yard.crates is not None:
        settings.write_text(replaced.format(yard.crates), encoding="utf-8")
        (folder / "Cargo.lock").unlink(missing_ok=True)
        yard.run("cargo", "generate-lockfile", "--offline", cwd=folder)
    yard.run("cargo", "vendor", "--quiet", "--respect-source-config", "vendor", cwd=folder)
    settings.write_text(replaced.format("vendor"), encoding="utf-8")


# --- telling ------------------------------------------------------------------------------------------------------


def compared(project: Project, yard: Yard) -> tuple[int, list[str]]:
    """How many files are installed, and where the two differ."""

    def installed(program: str) -> Installed:
        return yard.installed(program, words_for(project, yard))

    pip, safepip = installed("pip"), installed("safepip")
    found = differences(pip, safepip, None)
    if found and pip.record.keys() == safepip.record.keys():
        found = differences(pip, safepip, installed("pip"))
    if yard.fences != {yard.fence}:
        found.append(f"it was built in other fences: {sorted(yard.fences)}")
    return len(pip.files), found


def explained(line: str, name: str) -> bool:
    """Whether `differences.toml` says why."""
    rows = tomllib.loads((SOURCES / "differences.toml").read_text(encoding="utf-8")).get("difference", [])
    return any(row["name"] == name and line.startswith(row["line"]) for row in rows)


def projects() -> list[Project]:
    """All of `projects.toml`."""
    rows = tomllib.loads((SOURCES / "projects.toml").read_text(encoding="utf-8"))["project"]
    return [Project(row["name"], row["version"], row["builder"], row.get("from", "index")) for row in rows]


def main() -> int:
    """Build, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="projects; by default all")
    parser.add_argument("--fence", choices=("bubblewrap", "landlock"), default="bubblewrap", help="safepip's fence")
    parser.add_argument("--crates", type=Path, help="a folder of Rust's crates, where their registry is not reached")
    arguments = parser.parse_args()
    chosen = [project for project in projects() if not arguments.names or project.name in arguments.names]
    same = 0
    with tempfile.TemporaryDirectory() as caches:
        for project in chosen:
            with tempfile.TemporaryDirectory() as folder:
                yard = Yard(Path(folder), Path(caches), arguments.fence, arguments.crates)
                begun = time.monotonic()
                try:
                    count, found = compared(project, yard)
                except (Failed, subprocess.TimeoutExpired) as error:
                    count, found = 0, [str(error)]
            open_ones = [line for line in found if not explained(line, project.name)]
            same += not open_ones
            word = "DIFFERENT" if open_ones else "explained" if found else "the same"
            print(f"{project.name:24} {project.version:12} {project.builder:40} {project.source:7}", end=" ")
            print(f"{count:5} files  {word}", f"({time.monotonic() - begun:.0f} s)", flush=True)
            for line in found:
                print(f"  {' ' if explained(line, project.name) else '!'} {line}", flush=True)
    print(f"{same} of {len(chosen)} projects the same, in the fence {arguments.fence}")
    return 0 if same == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
