"""A machine in a temporary folder, for tests of what is read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.credentials import Credentials
from safepip.edges.user.arguments import make_plan
from safepip.edges.user.world import World
from safepip.model.errors import Refused, SafepipError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.plan import Plan

DEFAULT = "https://pips-own.example/simple"


class Machine:
    """A machine in a temporary folder: home, machine policy, project, prefix, and an environment of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "work" / "project"
        self.project.mkdir(parents=True)
        self.policy = root / "etc" / "safepip.toml"
        self.environ = {"HOME": str(root / "home"), "XDG_CONFIG_DIRS": str(root / "etc")}
        self.credentials = Credentials({})

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def plan(self, *words: str, verb: str = "install", **environ: str) -> Plan:
        world = World(
            {**self.environ, **environ},
            str(self.project),
            prefix=str(self.root / "prefix"),
            etc=str(self.root / "etc"),
            machine_policy=str(self.policy),
            now=1e9,
        )
        return make_plan(verb, words, world, self.credentials, lambda: DEFAULT)

    def fails(self, *words: str, verb: str = "install", **environ: str) -> SafepipError:
        with pytest.raises((UsageError, Refused)) as caught:
            self.plan(*words, verb=verb, **environ)
        return caught.value
