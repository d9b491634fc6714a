"""A machine for the corpus: an index on loopback, an environment with something in it, safepip and plain pip."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from typing import TYPE_CHECKING, NamedTuple, Self

from support.asking import LongLived
from support.environment import Environment, Runner, clean_environment, make_environment
from support.index import IndexServer
from support.inside import run_inside
from support.runs import pip_in, shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hostile.attack import Offer

#: What is in the environment before anything is attacked. The two last stand for the real ones, to be replaced.
INSTALLED = ("victim", "pip", "setuptools")


class Judged(NamedTuple):
    """How safepip ended: its exit code, the references of its errors, all that it said."""

    code: int
    references: tuple[str, ...]
    output: str


class Done(NamedTuple):
    """What plain pip did: its exit code, what came of it in a few words, and which paths it changed.

    `outcome` begins with `installed silently`, `installed with a warning`, `refused`, or `gave up half-way` where it
    failed and left something behind.

    `landed` are paths below the folder in which the environment lies, those of the environment without its name, each
    with `+`, `-` or `!` in front for new, gone and changed.
    """

    code: int
    outcome: str
    landed: tuple[str, ...]


class World:
    """Use as a context manager. `environment` is the target of every run, put back by `restore`.

    It is a copy of `fresh`, or else has the distributions of `INSTALLED` in it.
    """

    def __init__(self, folder: Path, fresh: Environment | None = None) -> None:
        self.folder = folder
        self.server = IndexServer()
        self.runner = Runner(folder / "project", folder / "home")
        self.runner.folder.mkdir(parents=True)
        self._fresh = fresh or _make_template(folder, self.runner)
        # A few folders deep, so that a path that climbs out of the environment is still seen.
        self.cage = folder / "cage"
        self.environment = Environment(self.cage / "a" / "b" / "target")
        self._interpreters = LongLived()
        self.restore()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.close()
        self._interpreters.close()

    def restore(self) -> None:
        """Put the environment back as it was."""
        self._interpreters.close()
        shutil.rmtree(self.cage, ignore_errors=True)
        shutil.copytree(self._fresh.folder, self.environment.folder, symlinks=True)

    def tree(self) -> dict[str, str]:
        """What is in the environment and around it, by `tree`."""
        return tree(self.cage)

    def serve(self, name: str, offer: Offer) -> str:
        """Put wheels on an index of their own; its URL."""
        index = self.server.mount(f"/{name}/simple/")
        for wheel in offer.wheels:
            index.add_file(wheel.project, wheel.filename, wheel.data, sidecar=wheel.sidecar)
        return index.url

    def safepip(self, verb: str, *arguments: str) -> Judged:
        """Run the command line of safepip in this process, in a clean environment of variables."""
        words = (verb, "--python", str(self.environment.python), *arguments)
        with self._interpreters.confirming():
            done = run_inside(self.runner.folder, clean_environment(self.runner.home), *words)
        references = re.findall(r"^error: ([a-z0-9-]+)$", done.err, re.MULTILINE)
        return Judged(done.code, tuple(references), done.out + done.err)

    def pip(self, *arguments: str) -> Done:
        """Run plain pip on the environment, which is left as pip leaves it."""
        before = self.tree()
        done = pip_in(self.runner, self.environment, "install", "--no-cache-dir", *arguments, timeout=1800)
        landed = difference(before, self.tree(), self.environment.folder.relative_to(self.cage).as_posix() + "/")
        outcome = _outcome(done.returncode, done.stderr, self, failed="gave up half-way" if landed else "refused")
        return Done(done.returncode, outcome, first_of(landed))


def tree(folder: Path) -> dict[str, str]:
    """Every entry below `folder` with its mode, and the digest of its bytes or its target."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(base, name)
            status = os.lstat(path)
            content = ""
            if os.path.islink(path):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            found[os.path.relpath(path, folder).replace(os.sep, "/")] = f"{status.st_mode:o} {content}"
    return found


def difference(before: Mapping[str, str], after: Mapping[str, str], base: str) -> tuple[str, ...]:
    """The files and links that differ, in order; folders and bytecode of what is new are left out."""
    changes = []
    for path in sorted({*before, *after}):
        old, new = before.get(path, ""), after.get(path, "")
        kinds = {state[:2] for state in (old, new) if state}
        # Modes of folders are 40755 and the like.
        if old != new and kinds != {"40"} and (old or "__pycache__" not in path):
            mark = "+" if not old else "-" if not new else "!"
            changes.append(mark + path.removeprefix(base))
    return tuple(changes)


def first_of(changes: tuple[str, ...], shown: int = 20) -> tuple[str, ...]:
    """Not more than a reader looks at."""
    return changes if len(changes) <= shown else (*changes[:shown], f"and {len(changes) - shown} more")


def _outcome(code: int, stderr: str, world: World, *, failed: str) -> str:
    """`installed silently`, `installed with a warning: ...`, or `failed` and why; the same on every machine."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("[notice]", "File ", "Traceback"))]
    if code == 0:
        reported = [line for line in lines if line.startswith(("WARNING", "DEPRECATION"))]
        return f"installed with a warning: {_same(reported[0], world)}" if reported else "installed silently"
    errors = [line for line in lines if line.startswith("ERROR: ") and not line.endswith("Exception:")]
    return f"{failed}: {_same((errors or lines or ['without a word'])[-1], world)}"


def _same(line: str, world: World) -> str:
    line = line.removeprefix("ERROR: ").removeprefix("WARNING: ").replace(world.server.host.origin, "<host>")
    line = line.replace(str(world.environment.folder), "<environment>")
    # pip's temporary folders, and where an object lies in memory.
    line = re.sub(r"[^\s'\"]*/pip-[a-z]+-\w{8}/", "", line)
    line = re.sub(r" at 0x[0-9a-f]+", "", line)
    return line if len(line) <= 200 else f"{line[:200]}..."


def _make_template(folder: Path, runner: Runner) -> Environment:
    """An environment with a few distributions in it, installed by pip itself, bytecode included."""
    wheels = folder / "wheels"
    victim = {
        "victim/core.py": "x = 1\n",
        "victim-1.0.data/data/share/victim/settings.ini": "[victim]\ncheck = yes\n",
    }
    make_wheel(wheels, "victim", "1.0", files=victim, scripts={"victim": "victim:main"})
    make_wheel(wheels, "pip", "26.3", files={"pip/_internal/__init__.py": ""}, scripts={"pip": "pip:main"})
    make_wheel(wheels, "setuptools", "80.0", files={"_distutils_hack/__init__.py": "def add_shim(): ...\n"})
    made = make_environment(folder / "template")
    done = pip_in(runner, made, "install", "--no-index", "--find-links", str(wheels), *INSTALLED)
    assert done.returncode == 0, shown(done)
    # As virtualenv and uv leave them in every environment that they make; no RECORD has them.
    (made.site_packages / "_virtualenv.pth").write_text("import _virtualenv\n")
    (made.site_packages / "_virtualenv.py").write_text("# stands for virtualenv's own\n")
    return made


def arguments(offer: Offer, url: str) -> Sequence[str]:
    """The arguments of an install of this offer, for pip and safepip alike."""
    return ("-i", url, *offer.options, *offer.asked)
