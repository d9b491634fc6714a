"""Two equal places, one for pip and one for safepip, so that what each leaves there can be compared to the byte."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from support.environment import Runner
from support.runs import installed_state, pip_in

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from support.environment import Environment

#: Where distributions go, below an environment or a prefix of POSIX.
POSIX_SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


class Side:
    """One of the two: an environment and a project folder. Its path is as long as the other's, and as deep."""

    def __init__(self, place: Path, target: Environment) -> None:
        self.place = place
        self.target = target
        (place / "project").mkdir(parents=True)
        self.runner = Runner(place / "project", place / "home")

    def pip(self, *words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        """Plain pip in the environment."""
        return pip_in(self.runner, self.target, *words, **more)

    def safepip(self, verb: str, *words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        """safepip, with the environment as its target, in the process of the tests."""
        return self.runner.inside(verb, "--python", self.target.python, *words, **more)

    def state(self, without: tuple[str, ...] = ()) -> dict[str, Any]:
        """What is on disk, without what only this side's path can explain, and without what has one of the folders
        `without` in its path."""
        found: dict[str, Any] = {}
        for folder in ("target", "project"):
            for name, value in installed_state(self.place / folder).items():
                path = self.place / folder / name
                if not set(without).isdisjoint(path.parts):
                    continue
                if path.is_file() and not path.is_symlink():
                    text = path.read_bytes().decode("utf-8", "replace")
                    value = text.replace(str(self.place), "<place>")
                    if name.endswith("RECORD"):
                        # Rows of what was written for this path: launchers, and direct_url.json of a local wheel.
                        value = "\n".join(sorted(row for row in map(self._row, value.splitlines()) if row))
                found[f"{folder}/{name}".replace(str(self.place).strip("/"), "<place>")] = value
        return found

    def _row(self, row: str) -> str:
        name = row.partition(",")[0]
        if name.endswith(".pyc"):
            return ""
        own = name.endswith(("direct_url.json", ".pth")) or "/bin/" in name or name.startswith("bin/")
        return f"{name},..." if own else row
