"""A folder to run `safepip init` in, and what it has written there."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside


class InitFolder:
    """A folder whose requirements name a public index and an internal one; the internal one is called so."""

    def __init__(self, run: Inside, internal: IndexServer, public: IndexServer) -> None:
        self.run, self.internal, self.public = run, internal, public
        self.require("acme-web")

    @classmethod
    def filled(cls, run: Inside, internal: IndexServer, public: IndexServer) -> Self:
        """`acme-web` needs `billing` of the same index and `flask` of the public one, which has more than it should."""
        internal.add("acme-web", "2.0", requires=["billing", "flask"])
        internal.add("billing", "1.0")
        public.add("billing", "99.0")
        public.add("flask", "3.0")
        return cls(run, internal, public)

    def require(self, *lines: str) -> None:
        head = f"--index-url {self.public.url}\n--extra-index-url {self.internal.url}\n"
        (self.run.folder / "requirements.txt").write_text(head + "".join(f"{line}\n" for line in lines))

    @property
    def names(self) -> list[str]:
        return [f"--index=internal={self.internal.url}", f"--index=public={self.public.url}"]

    def init(self, *words: str | Path) -> Done:
        return self.run("init", *self.names, "--retries", "0", *words)

    def written(self) -> dict[str, dict[str, Any]]:
        """The tables of the file, by the names of their indexes."""
        data = tomllib.loads((self.run.folder / "safepip.toml").read_text())
        return {table["name"]: table for table in data["index"]}

    def packages(self) -> dict[str, list[str]]:
        return {name: table.get("packages", []) for name, table in self.written().items()}
