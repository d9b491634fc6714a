"""Scenario files: a world of indexes, a command, and what must come of it, as TOML.

A file in tests/scenarios is about one statement of the routing rules (docs, "Routing"), names it in
`statement`, and says in one sentence what an attacker gains where it does not hold (`attack`). Everything else
is the world, given at the top for all cases of the file and, laid over that, in each `[[case]]`:

    [index.acme]           an index on a host of its own, reached as <acme.url>; `on = "other"` and `prefix` put
                           it on another one's host; `closed` (nothing listens), `tls`, `auth = "user:password"`,
                           `formats`, `sidecars`, `api-version`, `empty` (names with a page and no files),
                           `pages` (texts by path), `proxy` (the host for which it answers as a proxy)
    [[index.acme.wheel]]   `name`, `version`, arguments of `build_wheel`, and `listed` (fields of `ServedFile`)
    [index.acme.fault]     project = a fault, see `read_fault`;  [index.acme.file-fault] the same by file name
    [files] [env]          by path below the project folder (false takes one away), and by variable
    [[local]]              a wheel in `folder`, below the project folder

What is done: `args` (`--python TARGET` is added to install and download), in `cwd`. What must be seen: `exit`;
`error`, the references shown; `says` and `never-says`; `installs`, all that is in the target afterwards (without
it the target must be unchanged); `holds` and `lacks`, files in site-packages; `asked` and `not-asked`, names by
index; `quiet`, indexes that must not get a single request; `no-authorization`, indexes that must not be
shown a credential. `pip-installs` and `pip-holds` try the attack on pip, to show that it is one.

Texts may contain `<acme.url>`, `<acme.origin>`, `<acme.netloc>`, `<acme.credentialed>`, `<acme.sha256:FILE>`,
`<acme.md5:FILE>`, `<acme.file:FILE>` (a file's URL), `<default.url>` and `<default.origin>` (pip's own default
index), `<project>`, `<home>`, `<authority>` (the bundle for
--cert) and `<local:FOLDER/FILE>` (its sha256).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tomllib
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from packaging.utils import parse_wheel_filename
from pip._internal.models.index import PyPI

from support import replies
from support.environment import Environment, Runner, make_environment
from support.index import HTML, JSON, PLAIN_HTML, Index, IndexServer
from support.wheels import make_wheel, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.certificates import Authority

#: The index that pip asks where nothing else is said; no test reaches it, and none repeats its name.
_PIPS_DEFAULT = PyPI.simple_url
_FORMATS = {"json": JSON, "html": HTML, "text": PLAIN_HTML}
_MARK = re.compile(r"<([a-z0-9_-]+)(?:\.([a-z0-9]+))?(?::([^<>]+))?>")
_WORLD = {"index", "files", "env", "local"}
_INDEX = {"on", "prefix", "closed", "tls", "auth", "formats", "sidecars", "api-version", "empty", "pages", "proxy"}
_INDEX |= {"wheel", "sdist", "fault", "file-fault"}
_DONE = {"name", "args", "cwd", "exit", "error", "says", "never-says", "installs", "holds", "lacks", "asked"}
_DONE |= {"not-asked", "quiet", "no-authorization", "pip-installs", "pip-holds"}


@dataclass(frozen=True, slots=True)
class Case:
    """One run in one world. `world` and `expected` are the tables of the file, the case's laid over the file's."""

    file: str
    name: str
    statement: str
    attack: str
    world: dict[str, Any] = field(repr=False)
    expected: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.name}"


def load(path: Path) -> list[Case]:
    """Every case of a scenario file. Raises `ValueError` for a key that means nothing."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    cases = document.pop("case")
    statement, attack = document.pop("statement"), document.pop("attack")
    _check(document, _WORLD, path.stem)
    found = []
    for case in cases:
        _check(case, _WORLD | _DONE, f"{path.stem}:{case.get('name')}")
        world = _overlay(document, {key: case[key] for key in _WORLD & case.keys()})
        for name, index in world.get("index", {}).items():
            _check(index, _INDEX, f"{path.stem}: index {name}")
        expected = {key: case[key] for key in _DONE & case.keys()}
        found.append(Case(path.stem, case["name"], statement, attack, world, expected))
    return found


def _check(table: Mapping[str, Any], known: set[str], where: str) -> None:
    if not table.keys() <= known:
        raise ValueError(f"{where}: unknown {sorted(table.keys() - known)}")


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        merged[key] = _overlay(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


# --- the world -------------------------------------------------------------------------------------------


class World:
    """The indexes and the project folder of one case, alive until `close`."""

    def __init__(self, case: Case, folder: Path, authority: Authority) -> None:
        self.case = case
        self.folder = folder
        self.authority = authority
        self.indexes: dict[str, Index] = {}
        self._stack = contextlib.ExitStack()
        self.runner = Runner(folder / "project", folder / "home")
        self.runner.folder.mkdir(parents=True)
        self._build()

    def close(self) -> None:
        """End every host."""
        self._stack.close()

    def _build(self) -> None:
        tables = self.case.world.get("index", {})
        for name, table in tables.items():
            if "on" not in table:
                context = self.authority.context() if table.get("tls") else None
                server = self._stack.enter_context(IndexServer(table.get("prefix", "/simple/"), tls=context))
                self.indexes[name] = server
        for name, table in tables.items():
            if "on" in table:
                self.indexes[name] = Index(self.indexes[table["on"]].host, table["prefix"])
        for name, table in tables.items():
            self._fill(self.indexes[name], table)
        for name, table in tables.items():
            self._spoil(self.indexes[name], table)
        for wheel in self.case.world.get("local", []):
            arguments = dict(wheel)
            folder = self.runner.folder / arguments.pop("folder")
            make_wheel(folder, arguments.pop("name"), arguments.pop("version"), **arguments)
        for name, text in self.case.world.get("files", {}).items():
            if text is False:
                continue
            path = self.runner.folder / self.text(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text(text), encoding="utf-8")

    def _fill(self, index: Index, table: Mapping[str, Any]) -> None:
        index.sidecars = table.get("sidecars", True)
        index.api_version = table.get("api-version", index.api_version)
        index.formats = tuple(_FORMATS[name] for name in table.get("formats", _FORMATS))
        for path, text in table.get("pages", {}).items():
            content_type = "text/html" if text.startswith("<") else "text/plain"
            index.host.paths[path] = replies.Reply(200, self.text(text).encode(), {"Content-Type": content_type})
        for name in table.get("empty", []):
            index.project(name)
        for kind, add in (("wheel", index.add), ("sdist", index.add_sdist)):
            for entry in table.get(kind, []):
                arguments = {key: value for key, value in entry.items() if key not in ("name", "version", "listed")}
                add(
                    entry["name"],
                    entry["version"],
                    file=self._filled(entry.get("listed", {})),
                    **self._filled(arguments),
                )

    def _filled(self, value: Any) -> Any:
        """A TOML value with the marks in all its texts replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value

    def _spoil(self, index: Index, table: Mapping[str, Any]) -> None:
        if "auth" in table:
            user, _, password = table["auth"].partition(":")
            index.auth = (user, password)
        for name, fault in table.get("fault", {}).items():
            index.fault(name, self.read_fault(fault))
        for name, fault in table.get("file-fault", {}).items():
            index.file_fault(name, self.read_fault(fault))
        if table.get("closed"):
            index.host.close()

    def read_fault(self, text: str) -> replies.Fault:
        """A fault as a scenario writes it: a word, and what it needs. ` then ` puts several in turn."""
        if " then " in text:
            return replies.in_turn(*(self.read_fault(part) for part in text.split(" then ")))
        word, _, rest = self.text(text).partition(" ")
        match word:
            case "status":
                return replies.status(int(rest))
            case "redirect":
                return replies.redirect(rest)
            case "content":
                content_type, _, body = rest.partition(" ")
                return replies.content(body.encode(), content_type)
            case "stall" | "drip" | "drop" | "lie" | "zeros":
                return _NUMBERED[word](rest)
            case _:
                return _PLAIN[word]()

    # --- texts

    def text(self, text: str) -> str:
        """A scenario's text with its marks replaced."""
        return _MARK.sub(self._mark, text)

    def _mark(self, match: re.Match[str]) -> str:
        subject, what, argument = match.groups()
        if subject == "local" and argument:
            return sha256((self.runner.folder / argument).read_bytes())
        places = {"project": self.runner.folder, "home": self.runner.home, "authority": self.authority.bundle}
        if subject in places and what is None:
            return str(places[subject])
        if subject == "default" and what in ("url", "origin"):
            return _PIPS_DEFAULT if what == "url" else urljoin(_PIPS_DEFAULT, "/").rstrip("/")
        if subject not in self.indexes or what is None:
            return match.group(0)
        return self._of_index(self.indexes[subject], what, argument or "")

    def _of_index(self, index: Index, what: str, argument: str) -> str:
        match what:
            case "url":
                return index.url
            case "origin":
                return index.host.origin
            case "netloc":
                return index.host.origin.partition("://")[2]
            case "credentialed":
                return index.credentialed_url
            case "file":
                return index.host.origin + index.file_path(argument)
        served = next(f for project in index.projects.values() for f in project.files if f.filename == argument)
        return hashlib.new(what, served.data).hexdigest()


_NUMBERED = {
    "stall": lambda rest: replies.stall(float(rest)),
    "drip": lambda rest: replies.drip(float(rest)),
    "drop": lambda rest: replies.drop(int(rest)),
    "lie": lambda rest: replies.lie_about_length(int(rest)),
    "zeros": lambda rest: replies.zeros(int(rest)),
}
_PLAIN = {
    "login-page": replies.login_page,
    "broken-json": replies.broken_json,
    "reset": replies.reset,
    "honest": replies.honest,
}


# --- the run and what it must come to -------------------------------------------------------------------


def play(world: World, target: Environment) -> None:
    """Run the case in `target` and raise `AssertionError`, with all that was printed, where it comes to something else.

    In this process, but for the programs that safepip starts: it is the decisions that are tried.
    """
    before = target.state()
    verb, place, env, rest = _words(world)
    where = ["--python", str(target.python)] if verb in ("install", "download") else []
    words = [verb, *where, *(IMPATIENCE if where else ()), *rest]
    done = world.runner.inside(*words, env=env, cwd=place)
    _check_words(world, done)
    _check_target(world, done, target, before)
    _check_requests(world, done)


def play_without_pip(world: World, target: Environment) -> None:
    """The same up to the wheels that pip would be given: by `download`, which decides as `install`."""
    _, place, env, rest = _words(world)
    saved = world.folder / "saved"
    words = ["download", "--python", str(target.python), "-d", str(saved), *IMPATIENCE, *rest]
    done = world.runner.inside(*words, env=env, cwd=place)
    _check_words(world, done)
    found, names = {}, set[str]()
    for path in saved.iterdir():
        name, version, *_ = parse_wheel_filename(path.name)
        found[str(name)] = str(version)
        with zipfile.ZipFile(path) as wheel:
            names |= {*wheel.namelist()}
    expected = world.case.expected
    assert found == expected["installs"], _shown(f"saved {found}, not {expected['installs']}", done)
    assert names >= {*expected.get("holds", [])}, _shown("a file is missing", done)
    assert not names & {*expected.get("lacks", [])}, _shown("a file was saved", done)
    _check_requests(world, done)


def play_pip(world: World) -> None:
    """Try the attack on pip, to show that it is one."""
    expected = world.case.expected
    target = make_environment(world.folder / "for-pip")
    verb, place, env, rest = _words(world)
    words = ("--python", str(target.python), verb, "--no-cache-dir", *IMPATIENCE, *rest)
    done = world.runner.pip(*words, env=env, cwd=place)
    assert target.installed() == expected["pip-installs"], _shown("pip did otherwise", done)
    _check_files(target, expected.get("pip-holds", []), [], done)


IMPATIENCE = ("--retries", "0", "--timeout", "3")


def _words(world: World) -> tuple[str, Path, dict[str, str], list[str]]:
    """The verb, the folder, the variables, and the words that follow the verb."""
    verb, *rest = (world.text(argument) for argument in world.case.expected["args"])
    env = {name: world.text(value) for name, value in world.case.world.get("env", {}).items()}
    return verb, world.runner.folder / world.case.expected.get("cwd", "."), env, rest


def _check_words(world: World, done: CompletedProcess[str]) -> None:
    expected, output = world.case.expected, done.stdout + done.stderr
    wanted = expected["exit"] if isinstance(expected["exit"], list) else [expected["exit"]]
    assert done.returncode in wanted, _shown(f"exit code {done.returncode}, not {wanted}", done)
    assert "Traceback (most recent call last)" not in output, _shown("a traceback", done)
    references = re.findall(r"^error: ([a-z-]+)$", output, re.MULTILINE)
    if "error" in expected:
        names = expected["error"] if isinstance(expected["error"], list) else [expected["error"]]
        assert set(references) == set(names), _shown(f"errors {references}, not {names}", done)
    for words in expected.get("says", []):
        assert world.text(words) in output, _shown(f"it never says {world.text(words)!r}", done)
    for words in expected.get("never-says", []):
        assert world.text(words) not in output, _shown(f"it says {world.text(words)!r}", done)


def _check_target(world: World, done: CompletedProcess[str], target: Environment, before: Mapping[str, str]) -> None:
    installs = world.case.expected.get("installs")
    if installs is None:
        assert target.state() == before, _shown(f"the environment changed: {target.installed()}", done)
    else:
        assert target.installed() == installs, _shown(f"installed {target.installed()}, not {installs}", done)
    _check_files(target, world.case.expected.get("holds", []), world.case.expected.get("lacks", []), done)


def _check_files(target: Environment, holds: list[str], lacks: list[str], done: CompletedProcess[str]) -> None:
    for name in holds:
        assert (target.site_packages / name).exists(), _shown(f"{name} was not installed", done)
    for name in lacks:
        assert not (target.site_packages / name).exists(), _shown(f"{name} was installed", done)


def _check_requests(world: World, done: CompletedProcess[str]) -> None:
    expected = world.case.expected
    for index, names in expected.get("asked", {}).items():
        for name in names:
            assert world.indexes[index].mentions(name), _shown(f"{index} was never asked for {name}", done)
    for index, names in expected.get("not-asked", {}).items():
        for name in names:
            paths = world.indexes[index].mentions(name)
            assert not paths, _shown(f"{index} was asked for {paths}", done)
    for index in expected.get("no-authorization", []):
        shown = [r.path for r in world.indexes[index].host.requests if "authorization" in r.headers]
        assert not shown, _shown(f"{index} was shown a credential at {shown}", done)
    for index in expected.get("quiet", []):
        paths = world.indexes[index].paths_asked()
        assert not paths, _shown(f"{index} was asked for {paths}", done)


def _shown(what: str, done: CompletedProcess[str]) -> str:
    return f"{what}\n--- {' '.join(map(str, done.args))}\n{done.stdout}\n--- stderr\n{done.stderr}"
