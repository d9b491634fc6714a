"""An environment's folders, without an environment, and what an installation leaves there."""

from __future__ import annotations

import json
from pathlib import Path

from safepip.edges.pip.note import places
from safepip.edges.pip.unfinished import Unfinished
from safepip.handover.unfinished import Undone, text_of
from safepip.model.errors import Unavailable
from safepip.model.plan import Settings, Target

URL = "https://files.acme.example/lib-1.0-py3-none-any.whl"
PRIVATE = "file:///cache/handover-x/part-1/wheels/lib-1.0-py3-none-any.whl"
INFO = "lib-1.0.dist-info"


class BarePlace:
    """An environment's folders, without an environment."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "env"
        self.site = self.prefix / "lib/site-packages"
        self.site.mkdir(parents=True)
        names = ("purelib", "platlib", "scripts", "include", "data", "stdlib", "platstdlib")
        schemes = {name: str(self.site if name.endswith("lib") else self.prefix) for name in names}
        self.target = Target("/python", "3.11.7", {"os_name": "posix"}, (), prefix=str(self.prefix), schemes=schemes)
        (place,) = places(self.target)
        self.note = Path(place.path)
        self.told: list[str] = []
        self.asked, self.is_another = 0, False

    def unfinished(self, **more: object) -> Unfinished:
        return Unfinished(Settings(**more), self.target, self.told.append, self.sure)  # type: ignore[arg-type]

    def sure(self) -> None:
        """What is asked before anything is touched."""
        self.asked += 1
        if self.is_another:
            raise Unavailable.because("interpreter-changed", "it is another one")

    def install(self, *, requested: bool = True, finished: bool = True, url: str = "") -> Path:
        """`lib` as pip leaves it; its metadata folder."""
        info = self.site / INFO
        info.mkdir()
        (self.site / "lib").mkdir()
        rows = ["lib/__init__.py,,", f"{INFO}/METADATA,,"]
        (self.site / "lib/__init__.py").write_text("")
        (info / "METADATA").write_text("Name: lib\nVersion: 1.0\n")
        for name, text, there in (
            ("INSTALLER", "pip\n", finished),
            ("REQUESTED", "", requested),
            ("direct_url.json", json.dumps({"url": url}), bool(url)),
        ):
            if there:
                (info / name).write_text(text)
            if there and finished:
                rows.append(f"{INFO}/{name},,")
        (info / "RECORD").write_text("".join(f"{row}\n" for row in [*rows, f"{INFO}/RECORD,,"]))
        return info

    def noted(self, **more: object) -> None:
        entry = Undone("lib", "1.0", "purelib", INFO)._replace(**more)  # type: ignore[arg-type]
        self.note.write_text(text_of([entry]))

    def rows(self) -> list[str]:
        return (self.site / INFO / "RECORD").read_text().splitlines()
