"""Repositories of git that a test makes, with a home and settings of their own; honest ones and hostile ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from safepip.build.vcs_url import read_vcs_url

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.source import SourceCode

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
needs_links = pytest.mark.skipif(os.name == "nt", reason="git makes no symbolic links there")

_SETTINGS = """\
[user]
    name = A Tester
    email = tester@code.example
[init]
    defaultBranch = main
[uploadpack]
    allowFilter = true
"""


class GitHome:
    """A user's home with git's settings in it, and repositories beside it. `marker` is what an attack writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.home.mkdir(parents=True)
        self.marker = root / "marker"
        self.settings = self.home / ".gitconfig"
        self.settings.write_text(_SETTINGS)
        self.environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.settings),
            "TMPDIR": str(root),
        }

    def configure(self, text: str) -> None:
        """Add to the user's settings."""
        with self.settings.open("a") as file:
            file.write(text)

    def git(self, *words: str, cwd: Path, question: str | None = None, may_fail: bool = False) -> str:
        """git as the user runs it."""
        done = subprocess.run(
            ["git", *words], cwd=cwd, env=self.environ, input=question, capture_output=True, text=True, check=False
        )
        assert may_fail or not done.returncode, (words, done.stderr)
        return done.stdout.strip()

    def repository(self, name: str = "tool") -> Repository:
        """A new one, with one commit in which is a project."""
        made = Repository(self, self.root / "served" / name)
        made.commit({"pyproject.toml": f'[project]\nname = "{name}"\nversion = "1.0"\n', "module.py": "number = 1\n"})
        return made

    @property
    def attacked(self) -> bool:
        """Whether an attack has come through."""
        return self.marker.exists()

    def script(self, name: str = "payload") -> Path:
        """A program that leaves the marker and hands through what it is given."""
        path = self.root / name
        path.write_text(f"#!/bin/sh\necho $0 $@ >> '{self.marker}'\ncat\n")
        path.chmod(0o755)
        return path


class Repository:
    """One repository with a work tree."""

    def __init__(self, home: GitHome, path: Path) -> None:
        self.home, self.path = home, path
        path.mkdir(parents=True)
        self.git("init", "--quiet")

    def git(self, *words: str, question: str | None = None, may_fail: bool = False) -> str:
        """git in it."""
        return self.home.git(*words, cwd=self.path, question=question, may_fail=may_fail)

    def commit(self, files: dict[str, str]) -> str:
        """One more commit with these files; its id."""
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=more")
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        """Its URL, as pip takes it."""
        return f"git+{self.path.as_uri()}"

    def source(self, revision: str = "", subdirectory: str = "") -> SourceCode:
        """What a user names."""
        at = f"@{revision}" if revision else ""
        fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
        return read_vcs_url(f"{self.url}{at}{fragment}").source

    def commit_tree(self, entries: dict[str, tuple[str, str]]) -> str:
        """A commit whose tree has these entries as they are, which git would not add: name -> mode and content.

        The content of a submodule is its commit, that of a folder its tree.
        """
        lines = []
        for name, (mode, content) in entries.items():
            kind = {"040000": "tree", "160000": "commit"}.get(mode, "blob")
            known = content if kind != "blob" else self.git("hash-object", "-w", "--stdin", question=content)
            lines.append(f"{mode} {kind} {known}\t{name}\0")
        tree = self.git("mktree", "-z", "--missing", question="".join(lines))
        commit = self.git("commit-tree", "-m", "odd", "-p", "HEAD", tree)
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def add_submodule(self, url: str, commit: str, *, path: str = "sub", name: str = "sub", more: str = "") -> str:
        """A commit that names a submodule, by a `.gitmodules` of any content."""
        modules = f'[submodule "{name}"]\n\tpath = {path}\n\turl = {url}\n{more}'
        (self.path / ".gitmodules").write_text(modules)
        self.git("add", ".gitmodules")
        self.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        self.git("commit", "--quiet", "--message=submodule")
        return self.head
