"""One index and, again and again, two equal places beside it, in which pip and safepip build the same."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

from support.environment import Environment, make_environment
from support.index import IndexServer
from support.repositories import GitHome
from support.runs import pip_in, shown
from support.sides import Side
from support.sources import BACKEND, build_source_archive, source_files, write_project
from support.wheels import metadata_text, sha256

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

#: The tiny backend as a project of its own, for builds that need something of an index.
KIT = {"tiny_kit.py": BACKEND.replace("os.path.dirname(os.path.abspath(__file__))", "os.getcwd()")}


def kit_system(requires: str = '["tiny-kit"]', backend: str = "tiny_kit") -> dict[str, str | bytes]:
    """A `pyproject.toml` for the backend of the index."""
    return {"pyproject.toml": f'[build-system]\nrequires = {requires}\nbuild-backend = "{backend}"\n'}


class Both(NamedTuple):
    """What came of one request, given to pip and to safepip."""

    plain: Side
    safe: Side
    by_pip: subprocess.CompletedProcess[str]
    by_safepip: subprocess.CompletedProcess[str]

    @property
    def codes(self) -> tuple[int, int]:
        """The exit codes, pip's first."""
        return self.by_pip.returncode, self.by_safepip.returncode

    def shown(self) -> str:
        """Both runs for a failing test's message."""
        return f"{shown(self.by_pip)}\n=== safepip\n{shown(self.by_safepip)}"


class BuildWorld:
    """The index, a repository, an environment to copy, and what lies in the project folder of each place."""

    def __init__(self, index: IndexServer, folder: Path) -> None:
        self.index = index
        self.folder = folder
        self._empty = make_environment(folder / "template")
        self._with_kit: Environment | None = None
        home = GitHome(folder / "git")
        self.repository = home.repository("stored")
        self.commit = self.repository.commit(
            {path: data.decode() for path, data in source_files("stored", "1.0").items() if path != "PKG-INFO"}
        )
        self.repository.git("tag", "v1")
        self.other_repository = home.repository("other")
        self.other_repository.commit(
            {path: data.decode() for path, data in source_files("stored", "2.0").items() if path != "PKG-INFO"}
        )
        self.packed = build_source_archive("packed", "1.0")

    def word(self, text: str) -> str:
        """A word or a file's text, with its marks replaced."""
        for mark, meant in {
            "repository": self.repository.url,
            "other-repository": self.other_repository.url,
            "commit": self.commit,
            "index": self.index.url,
            "sha256:packed": sha256(self.packed[1]),
            "files": self.index.host.origin + self.index.files_prefix,
        }.items():
            text = text.replace(f"<{mark}>", meant)
        for project in self.index.projects.values():
            for served in project.files:
                text = text.replace(f"<sha256:{served.filename}>", sha256(served.data))
        return text

    def pair(self, place: Path, *, kit: bool = False) -> tuple[Side, Side]:
        """Two equal places, with the backend of the index installed where `kit` says so."""
        template = self._kit_template() if kit else self._empty
        sides = []
        for name in ("plain", "safe"):
            shutil.copytree(template.folder, place / name / "target", symlinks=True)
            side = Side(place / name, Environment(place / name / "target"))
            lay_out(side.runner.folder)
            (side.runner.folder / self.packed[0]).write_bytes(self.packed[1])
            sides.append(side)
        return sides[0], sides[1]

    def _kit_template(self) -> Environment:
        if self._with_kit is None:
            self._with_kit = made = make_environment(self.folder / "kit-template")
            runner = Side(self.folder / "kit-setup", made).runner
            done = pip_in(runner, made, "install", "--no-compile", "-i", self.index.url, "tiny-kit==1.0")
            assert done.returncode == 0, shown(done)
        return self._with_kit

    def run(self, pair: tuple[Side, Side], verb: str, words: list[str], **more: Any) -> Both:
        """Give the same words to both."""
        command = [verb, "-i", self.index.url, *words]
        return Both(*pair, pair[0].pip(*command, **more), pair[1].safepip(*command, **more))


def lay_out(folder: Path) -> None:
    """The projects of a user: `here` in the folder itself, and others below it."""
    groups = '[dependency-groups]\ntests = ["simple"]\n'
    system = '[build-system]\nrequires = []\nbuild-backend = "tiny_backend"\nbackend-path = ["."]\n'
    extras = {"metadata": metadata_text("here", "1.0", requires=["lib"], extras={"fast": ["speed"]})}
    write_project(folder, "here", "1.0", files={"pyproject.toml": system + groups}, **extras)
    write_project(folder / "mine", "mine", "1.0", requires=["lib>=1"])
    write_project(folder / "edited", "edited", "1.0")
    write_project(folder / "wants-kit", "wants-kit", "1.0", files=kit_system())
    write_project(folder / "wants-new-kit", "wants-new-kit", "1.0", files=kit_system('["tiny-kit>=2"]'))
    late = {"metadata": metadata_text("late", "1.0", requires_python=">=4")}
    write_project(folder / "late", "late", "1.0", **late)


def fill(index: IndexServer) -> None:
    """Projects with wheels, with archives, with both, and a backend."""

    def archive(name: str, version: str, file: dict[str, Any] | None = None, **more: Any) -> None:
        filename, data = build_source_archive(name, version, **more)
        index.add_file(name, filename, data, **(file or {}))

    for version in ("1.0", "2.0"):
        index.add("both", version)
        archive("both", version)
        index.add("lib", version)
        index.add("tiny-kit", version, files=KIT, module=False)
        index.add("part", version)
    index.add("newer", "1.0")
    archive("newer", "2.0")
    index.add("speed", "1.0")
    index.add("simple", "1.0")
    archive("source", "1.0", requires=["lib"])
    archive("rough", "1.0")
    archive("rough", "2.0rc1")
    archive("made", "1.0", build_requires=["part"], lists=True)
    archive("kit-made", "1.0", files=kit_system())
    archive("mine", "1.0", content="of the index")
    archive("late-page", "1.0")
    archive("late-page", "2.0", file={"requires_python": ">=4"})
    # Those that fail.
    archive("fails-asked", "1.0", fails="get_requires_for_build_wheel")
    archive("fails-prepared", "1.0", fails="prepare_metadata_for_build_wheel")
    archive("fails-built", "1.0", fails="build_wheel")
    archive("no-build-hook", "1.0", without=["build_wheel"])
    archive("no-backend", "1.0", files=kit_system("[]", "there_is_none"))
    archive("unmet", "1.0", build_requires=["there-is-no-such-project"])
    archive("round", "1.0", build_requires=["and-round"])
    archive("and-round", "1.0", build_requires=["round"])
    archive("no-requires", "1.0", files={"pyproject.toml": '[build-system]\nbuild-backend = "tiny_backend"\n'})
    archive("bad-toml", "1.0", files={"pyproject.toml": "[build-system\n"})
    archive("outside", "1.0", files={"pyproject.toml": _system(["../.."])})
    archive("other-name", "1.0", metadata=metadata_text("another", "1.0"))
    archive("other-version", "1.0", metadata=metadata_text("other-version", "3.0"))
    filename, data = build_source_archive("two-roots", "1.0")
    index.add_file("two-roots", filename, _two_roots(data))


def _system(path: list[str]) -> str:
    return f'[build-system]\nrequires = []\nbuild-backend = "tiny_backend"\nbackend-path = {json.dumps(path)}\n'


def _two_roots(data: bytes) -> bytes:
    """The same archive with a second folder beside the project's."""
    import gzip
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as before, tarfile.open(fileobj=buffer, mode="w") as after:
        for member in before:
            after.addfile(member, before.extractfile(member))
        after.addfile(tarfile.TarInfo("beside/pyproject.toml"))
    return gzip.compress(buffer.getvalue(), mtime=0)


def build_world(folder: Path) -> Iterator[BuildWorld]:
    """The world, as long as its tests run."""
    with IndexServer() as index:
        fill(index)
        yield BuildWorld(index, folder)
