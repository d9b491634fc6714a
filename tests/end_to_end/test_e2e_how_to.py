"""The commands of the pages of docs/how-to, in the order in which each page gives them, do what the page says.

Every line of a block of shell is run, and every command in the text that names something. Loopback stands for the
world: an index for PyPI, which pip's configuration names, one for the company's, and a repository on this disk. What a
page takes as given (files, an environment) is made before its first command, or before the command that it is about.
A line that is not run has its reason here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import shutil
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import find_fence
from support.advisories import record, versions_of
from support.environment import SAFEPIP, Runner, make_environment
from support.hostile_folder import fill, left
from support.replies import Reply
from support.repositories import GitHome, needs_git
from support.runs import shown
from support.single_file import write_application
from support.sources import build_source_archive, write_project
from support.uploads import days_ago
from support.wheels import metadata_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.index import IndexServer

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
COMPANY = "https://packages.acme.example/simple/"
REPOSITORY = "https://code.example/acme/tool.git"
PYPROJECT = """\
[build-system]
requires = []
build-backend = "tiny_backend"
backend-path = ["."]

[project]
name = "shop"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["flask"]

[project.optional-dependencies]
dev = ["pytest"]
postgres = ["psycopg>=3"]
test = ["pytest"]

[dependency-groups]
dev = ["pytest"]
"""

#: How a call of safepip begins.
CALLS = ("safepip ", ".safepip/bin/safepip ")

#: Lines that are not run, and why.
NOT_RUN = {
    "apt-get install bubblewrap": "changes the machine",
    "python3 -I -m venv .safepip": "is there already, with the safepip that is tested",
    '.safepip/bin/python -I -m pip install "$SAFEPIP_SOURCE"': "needs an index with all that safepip requires",
    ".venv/bin/python -m pip install -e '.[test]' pip-tools": "needs an index with all that safepip requires",
    ".venv/bin/python docs/lock-demonstration.py --pip-compile .venv/bin/pip-compile": "no test installs pip-compile",
    "safepip lock ... -U": "a part of a command",
    "safepip shim --venv": "a part of a command",
    "safepip install --python .venv": "a part of a command",
    "safepip lock ... --check": "a part of a command",
    'python3 safepip.pyz install --python "$(command -v python3)" -r requirements.txt': "changes the machine's Python",
    ".ci/release": "is tested where releases are",
    "safepip lock --python .venv --format requirements -r pyproject.toml -o .ci/pyz-requirements.txt": (
        "needs an index with all that safepip requires"
    ),
    "safepip lock --python .venv --format requirements build hatchling -o .ci/release-tools.txt": (
        "needs an index with all that makes a release"
    ),
    "gh release download v0.1.0 --repo OWNER/safepip": "is about a release that is published",
    "sha256sum --check --strict SHA256SUMS": "as above",
    "gh attestation verify safepip.pyz --repo OWNER/safepip": "as above",
    "git clone --branch v0.1.0 URL-OF-THE-REPOSITORY safepip && PYTHON=python3.13 safepip/.ci/release made": "as above",
    "diff SHA256SUMS made/SHA256SUMS": "as above",
}  # fmt: skip

#: How commands end that do not end with 0.
CODES = {
    "safepip audit": 1,
    "safepip audit --python .venv": 1,
    "safepip audit --path build/layer": 1,
    "safepip audit -r requirements.txt": 1,
    "safepip audit -r pylock.toml": 1,
    "safepip audit --update && safepip audit -r pylock.toml --fail-on high": 1,
    ".safepip/bin/safepip verify --python .venv": 20,
}

#: What is done by hand before a command.
BEFORE = {
    ("lock", "safepip lock -r pyproject.toml --all-extras --group dev"): "pyproject.toml",
    ("lock", "safepip install --python .venv -r 'pylock.toml[postgres]' --group pylock.toml:dev"): (
        "safepip lock -r pyproject.toml --all-extras --group dev"
    ),
    ("ci", ".safepip/bin/safepip lock -r requirements.in --check --python .venv"): (
        ".safepip/bin/safepip lock -r requirements.in --python .venv"
    ),
}


def commands(page: str) -> list[str]:
    """The lines of its blocks of shell, and the commands of safepip in its text that name something, in order."""
    found = []
    text = (PAGES / f"{page}.md").read_text("utf-8")
    for block in re.finditer(
        r"^```(\w*)\n(.*?)^```$|`((?:\.\w+/bin/)?safepip\s[^`]+)`", text, re.MULTILINE | re.DOTALL
    ):
        if block[1] == "sh":
            found += [re.sub(r"\s{2,}#.*", "", line) for line in block[2].splitlines() if line.strip()]
        elif block[3] and len(block[3].split()) > 2:
            found.append(" ".join(block[3].split()))
    return found


def toml(page: str) -> str:
    """The first block of configuration of a page."""
    text = (PAGES / f"{page}.md").read_text("utf-8")
    blocks: list[str] = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return blocks[0]


@dataclass
class Reader:
    """Somebody who types what a page says, in a folder of a project. `stands_for` has what a text means here."""

    runner: Runner
    public: IndexServer
    company: IndexServer
    stands_for: Mapping[str, str]
    typed: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.runner.folder

    @property
    def marks(self) -> Path:
        """Where modules of the folder leave their marks, if they run."""
        return self.runner.folder.parent / "marks"

    def here(self, text: str) -> str:
        for written, meant in self.stands_for.items():
            text = text.replace(written, meant)
        return text

    def types(self, page: str, command: str) -> None:
        """One line of a page, which has to end as it should. A shell runs what needs one, the first line, and the
        others that are no simple call of safepip."""
        line = self.here(command)
        if self.typed and line.startswith(CALLS) and not set(line) & set("|&;<>$`*?~#\\\n("):
            program, *words = shlex.split(line)
            found = program if "/" in program else self.folder.parent / "tools" / program
            done = self.runner.inside(*words, program=found)
        else:
            done = self.runner.run(["bash", "-euc", line])
        self.typed.append(command)
        assert done.returncode == CODES.get(command, 0), f"{page}: {command}\n{shown(done)}"


@pytest.fixture
def reader(runner: Runner, two_indexes: tuple[IndexServer, IndexServer], tmp_path: Path) -> Reader:
    """`safepip` and `python3` are on the PATH, and both environments that pages speak of are there."""
    company, public = two_indexes
    for name, versions in {"flask": "3.1", "requests": "2.32", "urllib3": "2.1 2.2", "idna": "3.7 3.10"}.items():
        for version in versions.split():
            public.add(name, version, requires={"requests": ["idna<4", "urllib3"]}.get(name, []))
    for name in ("psycopg", "pytest"):
        public.add(name, "3.2")
    company.add("billing", "2.0")
    public.add("demo", "1.0")
    public.add("demo", "2.0")
    filename, data = build_source_archive("acme-tool", "1.4", static=True)
    public.add_file("acme-tool", filename, data)
    for folder, links in {"tools": ("safepip", "python3"), "project/.safepip/bin": ("safepip",)}.items():
        (tmp_path / folder).mkdir(parents=True)
        for link in links:
            (tmp_path / folder / link).symlink_to(SAFEPIP if link == "safepip" else sys.executable)
    make_environment(runner.folder / ".venv")
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {public.url}\n")
    path = f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}"
    runner.extra.update(PATH=path, PIP_CONFIG_FILE=str(configuration))
    (runner.folder / "requirements.in").write_text("flask\nrequests\n")
    (runner.folder / "requirements.txt").write_text("flask==3.1\nrequests\n")
    return Reader(runner, public, company, {COMPANY: company.url})


def project(reader: Reader) -> None:
    """The folder becomes that of a project."""
    metadata = metadata_text(
        "shop",
        "1.0",
        requires=["flask"],
        extras={"dev": ["pytest"], "postgres": ["psycopg>=3"], "test": ["pytest"]},
        requires_python=">=3.11",
    )
    write_project(reader.folder, "shop", "1.0", metadata=metadata, files={"pyproject.toml": PYPROJECT})


def nothing_more(_reader: Reader) -> None:
    """What every reader has is enough."""


def of_private_index(reader: Reader) -> None:
    reader.stands_for = {**reader.stands_for, "NAME": "billing"}
    (reader.folder / "safepip.toml").write_text(reader.here(toml("private-index")))


def of_ci(reader: Reader) -> None:
    """In a repository whose modules have the names of Python's."""
    shutil.rmtree(reader.folder / ".venv")
    fill(reader.folder, reader.marks)


def of_verify_an_environment(reader: Reader) -> None:
    """Something was changed by hand."""
    (reader.folder / "safepip.toml").write_text(reader.here(toml("private-index")))
    reader.types("verify-an-environment", "safepip install --python .venv billing==2.0")
    (packages,) = (reader.folder / ".venv" / "lib").glob("*/site-packages")
    (packages / "billing" / "__init__.py").write_text("other = True\n")


def of_build_from_source(reader: Reader) -> None:
    project(reader)
    (archive,) = reader.public.project("acme-tool").files
    (reader.folder / archive.filename).write_bytes(archive.data)
    (reader.folder / "build-constraints.txt").write_text("setuptools<90\n")
    repository = GitHome(reader.folder.parent / "git").repository()
    write_project(repository.path / "project", "acme-tool", "1.4")
    for path in (repository.path / "project").iterdir():
        path.rename(repository.path / path.name)
    commit = repository.commit({})
    reader.stands_for = {f"git+{REPOSITORY}": f"git+{repository.path.as_uri()}", "COMMIT": commit}


def of_audit(reader: Reader) -> None:
    """The databases of the page, with a hole in demo 1.0, which is installed."""
    hole = json.dumps(record("PYSEC-2024-1", versions_of("demo", "introduced 0", "fixed 2.0"), modified=days_ago(1)))
    database = reader.folder / "advisory-database" / "vulns"
    database.mkdir(parents=True)
    (database / "PYSEC-2024-1.json").write_text(hole)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("PYSEC-2024-1.json", hole)
    reader.public.host.faults["/PyPI/all.zip"] = lambda _request, _honest: Reply(200, packed.getvalue())
    reader.stands_for = {"https://osv.acme.example": reader.public.host.origin}
    reader.types("audit", "safepip install --python .venv demo==1.0")
    reader.types("audit", "safepip install --target build/layer demo==1.0")
    (reader.folder / "requirements.in").write_text("demo==1.0\n")
    reader.types("audit", "safepip lock -r requirements.in")
    (reader.folder / "requirements.in").write_text("demo\n")
    (reader.folder / "requirements.txt").write_text("demo==1.0\n")
    reader.runner.extra["VIRTUAL_ENV"] = str(reader.folder / ".venv")
    (reader.folder / "safepip.toml").write_text(reader.here(toml("audit")))
    (document,) = re.findall(r"^```json\n(.*?)^```$", (PAGES / "audit.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (reader.folder / "app.openvex.json").write_text(document)


def of_single_file(reader: Reader) -> None:
    digest = hashlib.sha256(write_application(reader.folder).read_bytes()).hexdigest()
    reader.stands_for = {"DIGEST": digest}
    fill(reader.folder, reader.marks)


def of_developer_shells(reader: Reader) -> None:
    """An environment with pip, and a home with fish."""
    shutil.rmtree(reader.folder / ".venv")
    reader.runner.run([sys.executable, "-m", "venv", ".venv"])
    (reader.runner.home / ".config" / "fish" / "conf.d").mkdir(parents=True)


GIVEN = {
    "developer-shells": of_developer_shells,
    "migrate-from-uv-poetry-pdm": project,
    "lock": nothing_more,
    "release": nothing_more,
    "single-file": of_single_file,
    "private-index": of_private_index,
    "ci": of_ci,
    "verify-an-environment": of_verify_an_environment,
    "build-from-source": of_build_from_source,
    "audit": of_audit,
    "migrate-from-pip": project,
    "migrate-from-pip-tools": project,
}


@needs_git
@pytest.mark.skipif(find_fence() is None, reason="the pages are for a machine with a fence")
@pytest.mark.usually("lock", "private-index", "ci", "verify-an-environment", "audit", "migrate-from-pip-tools")
@pytest.mark.parametrize("page", GIVEN)
def test_the_commands_of_a_page(reader: Reader, page: str) -> None:
    GIVEN[page](reader)
    for command in commands(page):
        if command in NOT_RUN:
            continue
        before = BEFORE.get((page, command), "")
        if before == "pyproject.toml":
            project(reader)
        elif before:
            reader.types(page, before)
        reader.types(page, command)
    if page == "audit":
        assert 'version = "2.0"' in (reader.folder / "pylock.toml").read_text("utf-8")
    assert not reader.marks.exists() or left(reader.marks) == []


def test_every_page_with_commands_is_here_and_nothing_else() -> None:
    pages = {path.stem for path in PAGES.glob("*.md") if commands(path.stem)}
    assert pages == GIVEN.keys()
    written = {(page, command) for page in pages for command in commands(page)}
    assert BEFORE.keys() <= written
    assert {*NOT_RUN, *CODES} <= {command for _, command in written}
