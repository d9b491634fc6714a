"""The commands of the tutorial, in the order in which its page gives them, do what it says.

What stands for the world: PyPI is an index on loopback that pip's configuration names, and the company's index another.
The first step, which installs safepip itself, and the demonstration have tests of their own.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.environment import SAFEPIP, Runner

if TYPE_CHECKING:
    import subprocess

    from support.index import IndexServer

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
COMPANY = "https://packages.acme.example/simple/"


def blocks(section: str, language: str = "sh") -> list[str]:
    """The blocks of the section that begins with this number."""
    text = re.search(rf"^## {section}\. .*?(?=^## |\Z)", TUTORIAL, re.MULTILINE | re.DOTALL)
    assert text is not None
    return re.findall(rf"^```{language}\n(.*?)^```$", text[0], re.MULTILINE | re.DOTALL)


@dataclass
class Reader:
    """Somebody who has done the first step, and types the rest into a shell."""

    runner: Runner
    public: IndexServer
    company: IndexServer

    def types(self, commands: str) -> subprocess.CompletedProcess[str]:
        """In a shell that stops at the first failure."""
        return self.runner.run(["bash", "-euc", self.here(commands)])

    def here(self, text: str) -> str:
        """With the addresses that stand for those of the page."""
        return text.replace(COMPANY, self.company.url)


@pytest.fixture
def reader(runner: Runner, two_indexes: tuple[IndexServer, IndexServer]) -> Reader:
    """`safepip` and `python3` are on the PATH."""
    company, public = two_indexes
    for name in ("flask", "requests"):
        public.add(name, "3.1")
    company.add("billing", "2.0")
    for index, version in ((company, "1.0"), (public, "99.0")):
        index.add("acme-utils", version)
    tools = runner.home / "tools"
    tools.mkdir(parents=True)
    (tools / "safepip").symlink_to(SAFEPIP)
    (tools / "python3").symlink_to(sys.executable)
    configuration = runner.home / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {public.url}\n")
    runner.extra.update(PATH=f"{tools}{os.pathsep}{os.environ['PATH']}", PIP_CONFIG_FILE=str(configuration))
    return Reader(runner, public, company)


def test_the_tutorial(reader: Reader) -> None:
    """An application, a second index with an attacker on the first one, and who owns the name."""
    make, again = blocks("2")
    done = reader.types(make)
    assert done.returncode == 0, done.stderr
    assert "Successfully installed flask-3.1 requests-3.1" in done.stdout
    asked = len(reader.public.requests)
    assert reader.types(make.splitlines()[-1]).returncode == 0
    assert len(reader.public.requests) == asked, "a second run starts no connection"
    done = reader.types(again)
    assert (done.returncode, '"index"' in done.stdout) == (0, True), done.stderr

    second, demonstration = blocks("3")
    done = reader.types(second)
    assert (done.returncode, "ambiguous-index" in done.stderr) == (20, True), done.stderr
    assert "acme" not in reader.types("app/bin/python -c 'import acme_utils'").stdout
    assert "docs/demonstration.py" in demonstration

    (configuration,) = blocks("4", "toml")
    (commands,) = blocks("4")
    public = f'name = "public"\nurl = "{reader.public.url}"\n'
    (reader.runner.folder / "safepip.toml").write_text(reader.here(configuration).replace('name = "public"\n', public))
    before = len(reader.public.requests)
    done = reader.types(commands)
    assert (done.returncode, "Successfully installed acme-utils-1.0" in done.stdout) == (0, True), done.stderr
    assert not [path for path in reader.public.requests[before:] if "acme" in str(path)]
