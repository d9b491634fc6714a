"""The pictures of a terminal in these pages: safepip is run, and what it writes is kept as SVG.

    python docs/captures.py            # writes docs/captures/*.svg anew; needs the extra `docs`
    python docs/captures.py --show     # prints what it would write, and needs nothing

Run it from a checkout, with the Python that safepip is installed in. Two hosts stand on loopback behind a proxy, under
the names that the pages use, and each command is run on a terminal of its own. What differs from run to run, or from
machine to machine, is written in one way: how long it took, and which Python it was.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.certificates import Authority
from support.environment import SAFEPIP, Runner, make_environment
from support.index import IndexServer
from support.terminals import Terminal
from support.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = 98
PUBLIC, COMPANY = "index.example", "packages.acme.example"
FOLDER = Path(__file__).parent / "captures"

VERSIONS = {
    "click": "8.3.0",
    "flask": "3.1.2",
    "idna": "3.10",
    "jinja2": "3.1.6",
    "markupsafe": "3.0.3",
    "requests": "2.32.5",
    "urllib3": "2.5.0",
}
REQUIRES = {"flask": ["click", "jinja2"], "jinja2": ["markupsafe"], "requests": ["idna<4", "urllib3"]}


@dataclass(frozen=True, slots=True)
class World:
    """Two indexes, and a project with an environment `app`."""

    runner: Runner
    public: IndexServer
    company: IndexServer

    def types(self, command: str) -> str:
        """What a person sees who types this: the command and the screen, colours as a terminal is given them."""
        env = {**self.runner.environment(), "PIP_PROGRESS_BAR": "off", "PIP_REFRESH_PACKAGE": ":all:"}
        del env["NO_COLOR"]
        words = ["bash", "-c", command.replace("safepip", SAFEPIP, 1)]
        with Terminal(words, columns=COLUMNS, env=env, cwd=self.runner.folder) as terminal:
            terminal.end()
        return f"$ {command}\n{_same(terminal.written, self.runner.folder)}"


def install(world: World) -> str:
    """An application, from the public index."""
    for name, version in VERSIONS.items():
        world.public.add(name, version, requires=REQUIRES.get(name, []))
    (world.runner.folder / "requirements.txt").write_text("flask ~= 3.1\nrequests\n")
    return world.types("safepip install --python app -r requirements.txt")


def refusal(world: World) -> str:
    """A name that both indexes have."""
    world.company.add("acme-utils", "1.4.0")
    world.public.add("acme-utils", "99.0.0")
    return world.types(f"safepip install --python app --extra-index-url https://{COMPANY}/simple/ acme-utils")


def lock(world: World) -> str:
    """A lock, and what changes when one project is lifted."""
    world.public.add("idna", "3.7")
    world.public.add("requests", "2.31.0", requires=["idna<4"])
    (world.runner.folder / "requirements.in").write_text("requests\n")
    first = world.types("safepip lock -r requirements.in")
    world.public.add("requests", "2.32.5", requires=["idna>=3.10,<4", "urllib3"])
    world.public.add("idna", "3.10")
    world.public.add("urllib3", "2.5.0")
    return f"{first}\n{world.types('safepip lock -r requirements.in -P requests')}"


SCENES: dict[str, Callable[[World], str]] = {"install": install, "refusal": refusal, "lock": lock}


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A new one."""
    authority = Authority(folder)
    tls = authority.context(PUBLIC, COMPANY)
    with IndexServer(tls=tls) as public, IndexServer(tls=tls) as company:
        ports = {PUBLIC: public.host.port, COMPANY: company.host.port}
        with Tunnel(ports) as tunnel:
            runner = Runner(folder / "shop", folder / "home")
            runner.folder.mkdir()
            make_environment(runner.folder / "app")
            runner.extra.update(
                HTTPS_PROXY=f"http://127.0.0.1:{tunnel.port}",
                PIP_CERT=str(authority.bundle),
                PIP_INDEX_URL=f"https://{PUBLIC}/simple/",
            )
            yield World(runner, public, company)


def _same(text: str, folder: Path) -> str:
    """The same on every machine and in every run."""
    text = text.replace("\r\n", "\n").replace(f"{folder}{os.sep}", "")
    text = re.sub(r"\s+\(Python [\d.]+\)", " (Python 3.12.4)", text)
    return re.sub(r"\b\d+\.\d+ s\b", "0.8 s", text)


def captured() -> dict[str, str]:
    """What each scene shows, by its name."""
    shown = {}
    for name, scene in SCENES.items():
        with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as made:
            shown[name] = scene(made)
    return shown


def picture(name: str, text: str) -> str:
    """The SVG of a screen. It fetches no font: the reader's own is used."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    form = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, record=True, width=COLUMNS, force_terminal=True, legacy_windows=False)
        console.print(Text.from_ansi(text.rstrip()), soft_wrap=True)
        return console.export_svg(title=f"safepip: {name}", code_format=form, unique_id=f"capture-{name}")


def main(words: list[str]) -> int:
    """Write the pictures, or show their text."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in captured().items():
        if "--show" in words:
            sys.stdout.write(f"{text}\n")
        else:
            (FOLDER / f"{name}.svg").write_text(picture(name, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
