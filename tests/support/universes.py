"""Makes small package universes by chance, the same for the same seed: what is on an index, what is installed, and
what is asked for.

They are made to be awkward: versions that conflict and need backtracking, extras, markers, pre-releases, yanked
files, wheels for other platforms, several wheels a version, source archives only, Pythons that do not fit,
metadata that cannot be used, projects that do not exist, constraints, and every option that has a say.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from support.wheels import escaped, metadata_text, sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.index import Index

VERSIONS = ("0.9", "1.0", "1.1", "1.2", "1.2.post1", "2.0rc1", "2.0", "2.1.dev1", "2.1", "3.0a1", "3.0", "1!0.5")
BOUNDS = ("0.9", "1.0", "1.1", "1.2", "2.0", "2.1", "3.0")
MARKERS = (
    'python_version >= "3.8"',
    'python_version < "3.0"',
    'sys_platform == "no-such-platform"',
    'os_name != "no-such-os" and python_full_version > "3.0"',
    'implementation_name == "cpython" or implementation_name == "pypy"',
)
EXTRAS = ("fast", "Dev_Tools")
#: What stands at the end of a wheel's name; the last two fit nowhere.
TAGS = ("py3-none-any", "py2.py3-none-any", "py30-none-any", "py2-none-any", "cp27-cp27m-win32")

_MARK = re.compile(r"<(url|sha256):([^>]*)>")


@dataclass(frozen=True, slots=True)
class Release:
    """One wheel of a project, or what is installed of it, as an `.egg-info` if `egg`."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    extras: dict[str, list[str]] = field(default_factory=dict)
    requires_python: str | None = None
    hidden_python: bool = False
    tag: str = "py3-none-any"
    build: str = ""
    yanked: str | bool = False
    sdist: bool = False
    uploaded: float | None = 1_500_000_000.0
    egg: bool = False

    def text(self) -> str:
        """Its METADATA."""
        return metadata_text(
            self.name, self.version, requires=self.requires, extras=self.extras, requires_python=self.requires_python
        )

    def install(self, folder: Path) -> None:
        """Write the metadata of it as installed into a folder for `sys.path`."""
        stem = f"{escaped(self.name)}-{self.version}"
        if self.egg:
            texts = {"PKG-INFO": metadata_text(self.name, self.version), "requires.txt": self._sections()}
            texts["installed-files.txt"] = ""
        else:
            texts = {"METADATA": self.text(), "INSTALLER": "pip\n", "RECORD": ""}
        info = folder / f"{stem}{'-py3.egg-info' if self.egg else '.dist-info'}"
        info.mkdir(parents=True)
        for name, text in texts.items():
            (info / name).write_text(text, encoding="utf-8")

    def _sections(self) -> str:
        """Its requirements as setuptools writes them beside a PKG-INFO that has none."""
        lines: list[str] = []
        for extra, requirements in {"": self.requires, **self.extras}.items():
            for requirement in requirements or ("",):
                wanted, _, marker = requirement.partition(";")
                lines += [f"[{extra}{':' if marker else ''}{marker.strip()}]", wanted]
        return "".join(f"{line}\n" for line in lines if line != "[]")


@dataclass(frozen=True, slots=True)
class Universe:
    """A case: what the index has, what the target has, the arguments after `install`, and the lines of a constraints
    file and of a requirements file. In all of them `<url:FILE>` is a file's URL and `<sha256:FILE>` its digest."""

    seed: int | str
    releases: tuple[Release, ...]
    installed: tuple[Release, ...] = ()
    arguments: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def publish(self, index: Index) -> None:
        """Put the releases on an index."""
        for release in self.releases:
            wheel: dict[str, Any] = {"requires": release.requires, "extras": release.extras}
            wheel["requires_python"] = release.requires_python
            listed: dict[str, Any] = {"yanked": release.yanked}
            if release.hidden_python:
                listed["requires_python"] = None
            if release.sdist:
                index.add_sdist(release.name, release.version, file=listed)
            else:
                index.add(release.name, release.version, file=listed, tag=release.tag, build=release.build, **wheel)

    def filled(self, text: str, index: Index) -> str:
        """A text with its marks replaced."""

        def value(match: re.Match[str]) -> str:
            kind, filename = match.groups()
            if kind == "url":
                return index.host.origin + index.file_path(filename)
            files = (file for project in index.projects.values() for file in project.files)
            return next(sha256(file.data) for file in files if file.filename == filename)

        return _MARK.sub(value, text)

    def install(self, folder: Path) -> None:
        """Write the installed distributions' metadata into a folder for `sys.path`."""
        for release in self.installed:
            release.install(folder)


class Chance:
    """One seed's choices.

    In a planned universe there is a version of each project, and what these require is satisfied by one another, so
    that an answer exists, mostly far from the newest versions. A wild universe has the rarer things as well;
    with all of them everywhere nothing would ever be installed.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.names = [f"p{number}" for number in range(self._random.randint(3, 10))]
        self.versions = {name: self._random.sample(VERSIONS, self._random.randint(1, 8)) for name in self.names}
        self.plan = (
            {name: self.one_of(versions) for name, versions in self.versions.items()} if self.often(0.75) else {}
        )
        self.wild = self.often(0.3)

    def often(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def rarely(self, probability: float) -> bool:
        """True with this probability in a wild universe, else never."""
        return self.wild and self.often(probability)

    def one_of(self, things: Sequence[Any]) -> Any:
        """Any of them."""
        return self._random.choice(things)

    def some_of(self, things: Sequence[Any], most: int) -> list[Any]:
        """At most `most` of them, in the order of chance."""
        return self._random.sample(things, self._random.randint(0, min(most, len(things))))

    def specifier(self, name: str, *, planned: bool = False) -> str:
        """A version specifier, often none, mostly one that some version of the project satisfies."""
        if self.rarely(0.1) and not planned:
            rare = ("===2.0", "==1.0.0", "!=2.*", ">=0.dev0", "==1.2.post1", ">=1!0", "~=1.1", "<0.5", "==3.0+local")
            return str(self.one_of(rare))
        aim = self.plan.get(name) if planned or self.often(0.3) else None
        aim = aim or self.one_of(self.versions.get(name, VERSIONS))
        bound, version = self.one_of(BOUNDS), Version(aim)
        forms = [f">={bound}", f"<={bound}", f"<={bound}", f"<{bound}", f"!={bound}", f"~={bound}", f"=={bound[0]}.*"]
        forms += [f"=={aim}", f">={aim}", f"<={aim}", f">={aim},!={bound}", f">={aim},<9", f"<={aim},!={bound}", ""]
        forms = [form for form in forms if SpecifierSet(form).contains(version, prereleases=True)]
        return "" if self.often(0.25) else str(self.one_of(forms))

    def requirement(self, names: Sequence[str], *, planned: bool = False) -> str:
        """A requirement on one of these projects."""
        name = self.one_of(names)
        if self.rarely(0.02) and not planned:
            name = "no-such-project"
        extras = ",".join(self.some_of((*EXTRAS, *EXTRAS, "no-such-extra"), 2)) if self.often(0.25) else ""
        marker = f"; {self.one_of(MARKERS)}" if self.often(0.15) else ""
        return f"{name}{f'[{extras}]' if extras else ''}{self.specifier(name, planned=planned)}{marker}"

    def requires(self, name: str, *, planned: bool) -> tuple[str, ...]:
        """What a release requires: mostly of projects further on, so that circles exist but are not the rule."""
        later = self.names[self.names.index(name) + 1 :] or self.names
        wanted = [
            self.requirement(self.names if self.often(0.1) else later, planned=planned)
            for _ in range(self._random.randint(0, 3))
        ]
        if self.rarely(0.05) and not planned:
            wanted.append("this is no requirement")
        return tuple(wanted)

    def release(self, name: str, version: str, *, planned: bool = False) -> Release:
        """One file of a version."""
        sound = planned or self.often(0.7)
        yanked: str | bool = not sound and self.often(0.2)
        extras = self.some_of(EXTRAS, 2) if self.often(0.4) else []
        return Release(
            name,
            version,
            requires=self.requires(name, planned=planned),
            extras={extra: list(self.requires(name, planned=planned)) for extra in extras},
            requires_python=None if sound else self.one_of((None, None, ">=3.8", ">=3", ">=3.99", "<3.0", "!=3.0.*")),
            hidden_python=self.often(0.4),
            tag=TAGS[0] if sound else self.one_of(TAGS),
            build=self.one_of(("1", "2", "10x")) if self.often(0.1) else "",
            yanked="broken" if yanked and self.often(0.5) else yanked,
            sdist=not sound and self.often(0.15),
        )

    def project(self, name: str) -> list[Release]:
        """A project's files, in the order of chance, several of one version at times."""
        plan = self.plan.get(name)
        releases = [self.release(name, version, planned=version == plan) for version in self.versions[name]]
        for release in list(releases):
            if self.often(0.08):
                other = self.release(name, release.version)
                if (other.tag, other.build, other.sdist) != (release.tag, release.build, release.sdist):
                    releases.append(other)
        return releases

    def options(self) -> list[str]:
        """Options of `install` that have a say in what is chosen."""
        name = self.one_of(self.names)
        found: list[str] = []
        for probability, option in (
            (0.15, ["--pre"]),
            (0.05, ["--all-releases", name]),
            (0.05, ["--only-final", name]),
            (0.03, ["--only-final", ":all:"]),
            (0.05, ["--no-deps"]),
            (0.05, ["--ignore-requires-python"]),
            (0.05, ["--prefer-binary"]),
        ):
            if self.often(probability):
                found += option
        if "--no-deps" not in found and self.often(0.05):
            found.append("--only-deps")
        return found

    def upgrading(self) -> list[str]:
        """Options about what is installed."""
        return list(
            self.one_of(
                (
                    [],
                    [],
                    ["-U"],
                    ["-U"],
                    ["-U", "--upgrade-strategy", "eager"],
                    ["-U", "--upgrade-strategy", "eager"],
                    ["--upgrade-strategy", "eager"],
                    ["--force-reinstall"],
                    ["-I"],
                    ["-U", "-I"],
                )
            )
        )


def make_universe(seed: int) -> Universe:
    """The universe of a seed."""
    chance = Chance(seed)
    releases = [release for name in chance.names for release in chance.project(name)]
    installed: list[Release] = []
    arguments: list[str] = []
    if chance.often(0.5):
        for name in chance.some_of(chance.names, 6):
            # What is installed came mostly from the index, and is else older than anything there or unknown to it.
            known = [r for r in releases if r.name == name and "no requirement" not in r.text()]
            fits = known and chance.often(0.85)
            there = chance.one_of(known) if fits else Release(name, chance.one_of(("0.1", "1.0", "9.0")))
            installed.append(replace(there, egg=len(installed) % 2 == 1))
        arguments += chance.upgrading()
    first = chance.names[: max(2, len(chance.names) // 2)]
    planned = chance.often(0.8) and bool(chance.plan)
    roots = [chance.requirement([name], planned=planned) for name in chance.some_of(first, 3) or first[:1]]
    if chance.often(0.1):
        roots.append(chance.requirement(chance.names, planned=planned))
    arguments += chance.options()
    constrained = chance.some_of(chance.names, 2) if chance.often(0.4) else []
    constraints = [f"{name}{chance.specifier(name, planned=planned)}" for name in constrained]
    return Universe(seed, tuple(releases), tuple(installed), (*arguments, *roots), tuple(constraints))
