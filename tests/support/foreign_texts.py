"""Whatever safepip reads that a stranger wrote, each with texts that grow in the ways that parsers stumble over."""

from __future__ import annotations

import contextlib
import encodings.aliases
import gzip
import json
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from packaging.tags import Tag

from safepip.config import level as safepip_config
from safepip.config import pip_config
from safepip.config import toml_positions as toml_lines
from safepip.edges.disk.requirements_files import local_disk
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.limits import Decoder, HttpError
from safepip.index import simple_api
from safepip.index.candidates import PythonVersions, TagRanks, candidates_for
from safepip.lock import graph, hashed_requirements, universal
from safepip.lock import pylock as locking
from safepip.model import wheel_names
from safepip.model.errors import SafepipError
from safepip.model.finding import printable
from safepip.model.index import IndexUrl
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.plan import Plan, Policy, Settings
from safepip.model.requirement import Statements
from safepip.model.urls import UrlError
from safepip.options import in_files as file_options
from safepip.requirements import encodings as text_encodings
from safepip.requirements import file_format as requirements_txt
from safepip.requirements import line_options, project_files
from safepip.requirements import lock_requests as lock_sources
from safepip.requirements import requirement as requirements
from safepip.requirements.file_format import RequirementLine
from safepip.resolution.limits import collect_limits
from safepip.vetting import look_alikes, releases
from safepip.wheel import entry_points, namespaces, pth, record, wheel_file
from safepip.wheel import install_paths as install_path
from safepip.wheel.metadata import MetadataError, metadata_json, only_with_extra, parse_metadata, requirement
from safepip.wheel.metadata_as_pip import _entries, metadata_fields
from support.nowhere import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a reader may answer with besides a result; whatever else it raises is a fault of its own.
REFUSALS = (
    *(SafepipError, MetadataError, simple_api.PageError, record.RecordError, wheel_file.WheelFileError),
    *(look_alikes.UnusableNames, UrlError, line_options.BadOption, HttpError),
)

_HEAD = b"Metadata-Version: 2.1\nName: x\nVersion: 1\n"
_SAID = Origin(Source.COMMAND_LINE)
_DISK = local_disk("/")
_PAGE = "https://index.example/simple/x/"
_WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
_LOCK = "lock-version = '1.0'\ncreated-by = 'x'\n"
_TAGS = [Tag("py3", "none", "any"), *(Tag("cp311", abi, "linux_x86_64") for abi in ("cp311", "abi3", "none"))]


class Growing(NamedTuple):
    """A reader, and a text of a size. `size` is where its time is measured; sixteen times that comes next."""

    name: str
    read: Callable[[Any], object]
    make: Callable[[int], Any]
    size: int = 1000

    def work(self, text: Any) -> None:
        """Read it; a refusal is an answer."""
        try:
            self.read(text)
        except REFUSALS:
            return


def _metadata(fields: str) -> None:
    for cached in (only_with_extra, requirement):
        cached.cache_clear()
    data = _HEAD + fields.encode()
    list(parse_metadata(data, verified=False).requires.with_extras(frozenset()))
    metadata_json(data)


def _project_of_few_steps(text: str) -> None:
    """With a lower limit of the steps from extra to extra: it is reached by the shorter text, too."""
    with patch.object(project_files, "_MOST_STEPS", 500):
        project_files.read_project(text, "pyproject.toml", None)


def _requirement(text: str) -> None:
    requirements.read_requirement(RequirementLine(text, _SAID, written=printable(text)), _DISK)


def _requirements_file(text: str) -> None:
    absorb = Credentials({}).absorb
    for line in requirements_txt.parse(text, "r.txt", constraint=False, environ={"A": "aaaa"}, absorb=absorb):
        if isinstance(line, RequirementLine):
            try:
                requirements.read_requirement(line, _DISK)
            except SafepipError:
                continue


def _absorbed(text: str) -> None:
    credentials = Credentials({"HOME": NOWHERE})
    credentials.absorb(text)
    credentials.redact(text)
    for url in text.split()[:1000]:
        credentials.for_url(url)


def _page(entry: dict[str, Any]) -> bytes:
    return json.dumps({"name": "x", "files": [entry]}).encode()


def _available(body: bytes) -> None:
    page = simple_api.parse_page("x", body, "application/vnd.pypi.simple.v1+json", _PAGE)
    candidates_for(page, TagRanks(map(str, _TAGS)), PythonVersions("3.11.2"))


def _listed(*files: str) -> bytes:
    entries = [{"filename": name, "url": f"https://f.example/{name}", "hashes": {}} for name in files]
    return json.dumps({"name": "x", "files": entries}).encode()


def _wheel(**more: Any) -> bytes:
    name = "x-1-py3-none-any.whl"
    return _page({"filename": name, "url": f"https://f.example/{name}", "hashes": {}, **more})


def _html(text: str) -> None:
    simple_api.parse_page("x", text.encode(), "text/html", _PAGE)


def _named(word: str) -> None:
    look_alikes.KnownNames(["requests", "numpy", "python-dateutil"], ["acme-"]).resemblance(word)


def _configuration(text: str) -> None:
    safepip_config.read_level(text, "safepip.toml", Source.PROJECT_CONFIG, str)


def _statements(text: str) -> None:
    lines = requirements_txt.parse(text, "c.txt", constraint=True, environ={}, absorb=str)
    constraints = [requirements.read_constraint(line, _DISK) for line in lines if isinstance(line, RequirementLine)]
    collect_limits(Statements((), tuple(constraints)), {})


def _options_of_files(text: str) -> None:
    lines = requirements_txt.parse(text, "r.txt", constraint=False, environ={}, absorb=str)
    plan = Plan(Settings(), Policy(), ())
    options = [line for line in lines if isinstance(line, requirements_txt.FileOption)]
    file_options.apply_file_options(plan, options, locate=lambda _text: None)


def _lines_of(text: str) -> None:
    toml_lines.TomlLines(text).item(("index",), 0, "packages", "none")


def _split(marker: str) -> None:
    universal.split_at(universal.Environment("linux-x86_64", 11, "3.11.0"), [marker])


def _times(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    return lambda size: before + unit * size + after


def _each(unit: str, before: str = "", after: str = "", between: str = "") -> Callable[[int], str]:
    """`unit` with a number of its own in the place of its `{}`."""
    return lambda size: before + between.join(unit.replace("{}", str(number)) for number in range(size)) + after


def _nested(before: str, after: str, middle: str = "", head: str = "", tail: str = "") -> Callable[[int], str]:
    return lambda size: head + before * size + middle + after * size + tail


def _bytes(make: Callable[[int], str]) -> Callable[[int], bytes]:
    return lambda size: make(size).encode()


def _all(name: str, read: Callable[[Any], object], *makers: Callable[[int], Any], size: int = 1000) -> list[Growing]:
    return [Growing(f"{name} {number}", read, make, size) for number, make in enumerate(makers)]


_DEP = "Requires-Dist: y"

#: Of what a header might be made that is none.
_PIECES = (
    "\n",
    " \n",
    "a:\n",
    "a:",
    "From x\n",
    " ",
    "\r",
    "\r\n",
    "x",
    ":\n",
    " y\r",
    "\x85",
    "\u2028",
    "\x00",
    "b\n",
)


def _metadata_texts() -> list[Growing]:
    return [
        *_all(
            "metadata",
            _metadata,
            _times(" ", _DEP, "z\n"),
            _times(" ", _DEP + "; os_name == \";extra == 'z'", 'z"\n'),
            _times(" ", _DEP, "; python_version > '3'\n"),
            # A line may have as many characters as a requirement may, and there may be hundreds of such lines.
            _times(_DEP + "; a == 'b' and" + " " * 999 + "extra == 'z' ,\n"),
            _times(" extra == 'a' and", _DEP + ";", " extra == 'b'\n"),
            _times(" extra ==", _DEP + ";"),
            _times(" extra == ' ", _DEP + ";"),
            _nested("(", ")", "extra == 'a'", _DEP + ";", " and extra == 'b'\n"),
            _times("(extra) and ", _DEP + ";", "extra == 'b'\n"),
            _each("!={}", _DEP + " ", "\n", ","),
            _times(".1", _DEP + " >=1", "x\n"),
            _times("a.", _DEP + " ==1+", "\n"),
            _each("e{}", _DEP + "[", "]\n", ","),
            _times("y-", "Requires-Dist: ", "\n"),
            _times("https://", _DEP + " @ ", " ;x\n"),
            _times('"', _DEP + "; python_version > '", "\n"),
            _each("!=3.{}", "Requires-Python: ", "\n", ","),
            _times(" ", "Requires-Python: >=1", "x\n"),
            _times(".1", "Requires-Python: >=1", "x\n"),
            _times(" \n", _DEP + "\n"),
            _times("  z\n", "License: y\n"),
            _times(" \t", "License: y\n", "\n z\n"),
            _each("F{}: x\n"),
            _times("From x\n"),
            _times("\r"),
            _times("-", "Provides-Extra: ", "\n"),
            _times(", ", "Keywords: ", "\n"),
        ),
        *_all(
            "metadata as pip reads it",
            metadata_fields.__wrapped__,
            *(_bytes(_times(unit, "Name: x\n")) for unit in _PIECES),
            *(_bytes(_times(unit)) for unit in _PIECES),
            _bytes(_times(";", "Content-Type: a/b", "\n\nz\n")),
            _bytes(_times(';a="', "Content-Type: a/b", "\n\nz\n")),
            _bytes(_each("F{}: x\n y\n")),
            size=5000,
        ),
        *_all("requires.txt", _entries, _times("["), _times("a\n", "[x:y]\n"), _times("[x:"), _each("[x{}]\na\n")),
        *_all(
            "condition on an extra",
            only_with_extra.__wrapped__,
            _times(" ", "y; extra == 'z'", "z"),
            _times(" ", "y; extra == 'z'", ")"),
            _times(" ", "y; extra ==", "z"),
            _times(" ", "y; extra", "z"),
            _times(";extra == '", "y"),
            _times(";extra == 'a'", "y"),
            _nested("(", ")", "os_name == 'a'", "y;", " and extra == 'b'"),
            _times("(", "y;", " and extra == 'b'"),
        ),
        *_all(
            "metadata of many",
            _metadata,
            _each(_DEP + "{}\n"),
            _each(_DEP + "!={}\n"),
            _each("Provides-Extra: {}\n"),
            size=300,
        ),
        *_all(
            "name and version",
            lambda text: parse_metadata(text, verified=False),
            _bytes(_times(".1", "Name: x\nVersion: 1", "x\n")),
            _bytes(_times("-", "Name: x\nVersion: 1", "x\n")),
            _bytes(_times("1", "Name: x\nVersion: ", "\n")),
            _bytes(_times("a1-", "Name: x\nVersion: 1+", "\n")),
            _bytes(_times(" ", "Name: x\nVersion: 1", "\n")),
            _bytes(_times("x-", "Name: ", "\nVersion: 1\n")),
            _bytes(_times("-", "Name: ", "\nVersion: 1\n")),
        ),
    ]


def _pages() -> list[Growing]:
    sdist = "x-1.tar.gz"
    return [
        *_all(
            "page",
            _available,
            _bytes(_nested("[", "]", "", '{"files":', "}")),
            _bytes(_nested('{"a":', "}", "1", '{"files":[', "]}")),
            _bytes(_times("1", '{"files":[', "]}")),
            _bytes(_times("{},", '{"files":[', "{}]}")),
            lambda size: _page({"url": "https://f.example/" + "a/" * size + sdist}),
            lambda size: _page({"url": "../" * size + sdist}),
            lambda size: _page({"url": "https://f.example/" + "%2f@" * size + sdist}),
            lambda size: _page({"url": f"https://f.example/{sdist}#" + "&sha256=" * size}),
            lambda size: _page({"url": "https://" + "a." * size + f"/{sdist}"}),
            lambda size: _page({"url": "https://" + "[" * size + f"]/{sdist}"}),
            lambda size: _page({"url": "https://f.example/" + "x-" * size + ".tar.gz"}),
            lambda size: _page({"url": f"https://f.example/{sdist}", "hashes": {"sha256": "a" * size}}),
            lambda size: _wheel(**{"requires-python": ">=1" + ".1" * size + "x"}),
            lambda size: _wheel(**{"requires-python": ">=1" + " " * size + "x"}),
            lambda size: _wheel(**{"requires-python": ",".join(f"!=1.{n}" for n in range(size))}),
            lambda size: _wheel(**{"requires-python": "!=1" + ".1" * size + ".*"}),
            lambda size: _wheel(**{"requires-python": "==1+" + "a." * size + "a"}),
            lambda size: _wheel(**{"requires-python": "===" * size}),
            lambda size: _wheel(**{"upload-time": "2020-01-01T00:00:00." + "0" * size}),
        ),
        *_all(
            "page of many files",
            _available,
            lambda size: _listed(*(f"x-{n}.tar.gz" for n in range(size))),
            lambda size: _listed(*(f"x-{n}-py3-none-any.whl" for n in range(size))),
            lambda size: _listed(*(f"x-1+{n}-py3-none-any.whl" for n in range(size))),
            lambda size: _listed(*("x-" * 100 + f"{n}.tar.gz" for n in range(size))),
            lambda size: _listed(
                *(f"x-1-{n}-{'.'.join(['p'] * 25)}-{'.'.join(['n'] * 25)}-any.whl" for n in range(size))
            ),
            size=60,
        ),
        # One name, whose three sets of names stand for their product.
        *_all(
            "page with one name",
            _available,
            lambda size: _listed(f"x-1-py3{'.py3' * size}-none{'.none' * size}-any{'.any' * size}.whl"),
            lambda size: _listed(f"x-1-{'.'.join(['q'] * size)}-{'.'.join(['n'] * size)}-{'.'.join(['a'] * size)}.whl"),
            size=5,
        ),
        *_all(
            "html",
            _html,
            *map(_times, ("<", "</", "<!--", "<!-->", "<a ", '<a href="', "<script></script", "<script>", "&")),
            _times("x=", "<a ", ">"),
            _times("x ", "<a "),
            _times("x='", "<a "),
            _times("/ ", "<a "),
            _times(" ", "<a x", "=y"),
            _times("<a x" + " " * 100),
            _times(" ", "<a x=", "'"),
            _times("<title></title>"),
            _times("&#x41", "<a href='", ".tar.gz'>"),
            _times("1", "<a href='&#", ";.tar.gz'>"),
            _times("&notit;", "<a href='", ".tar.gz'>"),
            _times("<base href='../'>"),
            _each("<meta name={} content=a>"),
            _times("<a href='x-1.tar.gz'>x</a>"),
            size=300,
        ),
        *_all(
            "html with a base",
            _html,
            # What links are relative to is a part of each of them.
            lambda size: "<base href='" + "a/" * size + "'>" + "<a href='x-1.tar.gz'>x</a>" * size,
            size=150,
        ),
        *_all(
            "content type",
            lambda text: simple_api.parse_page("x", b"", "text/html" + text, _PAGE),
            *map(_times, ("; ", "; charset=", ";charset")),
            _times(" ", "; charset"),
            _times(" ", ";"),
        ),
    ]


def _requirement_texts() -> list[Growing]:
    return [
        *_all(
            "requirement",
            _requirement,
            _times(" ", "y", "z"),
            _times("; ", "y "),
            _times("[", "y"),
            _times("[a]", "y"),
            _times("[a", "y", "]"),
            _times("[a", "y===", "]"),
            _nested("(", ")", "python_version > '3'", "y; "),
            _each("!={}", "y ", "", ","),
            _times(".1", "y ==1", "x"),
            _times("1", "y =="),
            _times("./"),
            _times("a/../", "", "x.whl"),
            _times("a/", "https://h.example/", "x-1-py3-none-any.whl"),
            _times("&sha256=a", "x @ https://h.example/x-1-py3-none-any.whl#"),
            _times(".1", "https://h.example/x-1", "-py3-none-any.whl"),
            _times("a.", "https://h.example/x-1-py3-none-", "any.whl"),
            _times("y-", "", "y"),
            _times("@", "y @ "),
            _times("git+", "", "https://"),
            _times("\u2028"),
        ),
        *_all(
            "requirement by tags",
            _requirement,
            lambda size: "https://h.example/x-1-" + "-".join(".".join(["q"] * size) for _ in "123") + ".whl",
            size=5,
        ),
        *_all(
            "requirements file",
            _requirements_file,
            *map(_times, ("x==1\n", "\\\n", "a\\\n", "\\", "#", "a#", "${A}", "${", "- ", "://", "https://", ":'/")),
            _times("\\\n#", "x"),
            _each("${V{}}"),
            _times("A", "${"),
            _times("--hash=sha256:a ", "x==1 "),
            _times("--hash='a:' ", "x==1 "),
            _each("--hash=sha256:{} ", "x==1 "),
            _times("\\'", "x -C '"),
            _times("-C a=b ", "x "),
            _times("r", "-"),
            _times("a ", "-r x "),
            _times("--no-binary x "),
            _times(" ", "x", "-"),
            _times("://", "", "@"),
            _times("'", ":", "/"),
            _times("\\", ":", "x"),
            _times(":" + "'" * 50),
            size=200,
        ),
        *_all(
            "constraints",
            _statements,
            _each("x!={}\n"),
            _each("x{}!=1\n"),
            _each("x @ https://h.example/x-{}-py3-none-any.whl\n"),
            size=200,
        ),
        *_all(
            "options of files",
            _options_of_files,
            _each("--no-binary x{}\n"),
            _each("--only-binary x{}\n--no-binary x{}\n"),
            _each("--extra-index-url https://h.example/{}/\n"),
            _each("--trusted-host h{}.example\n"),
            _each("-i https://h.example/{}/\n"),
            _times(":all:,", "--no-binary ", ":none:\n"),
            _times(":all:,:none:,", "--no-binary "),
            size=250,
        ),
        *_all(
            "hashed requirements",
            hashed_requirements.read_pins,
            *map(_times, ("x==1 --hash=sha256:a\n", "\\\r", "\\\n")),
            _times(" --hash", "x==1"),
            _times(" ", "x==1 --hash"),
            _times(" ", "x==1", "#"),
            _times(" ", "x", "==1"),
            size=300,
        ),
        *_all(
            "text with credentials",
            _absorbed,
            *map(_times, ("https://u:pass@h.example/ ", "a://", "a://b:c/@ ", "a+")),
            _each("https://user{}:passwd{}@h.example/ "),
            _each("https://user{}:passwd{}@h{}.example/{} "),
            _each("https://user:passwd@h.example/{}/a "),
            _each("https://user:passwd@h.example/ https://user:" + "a" * 40 + "{}@h.example/{} "),
            _times("a://", "", "@"),
            _times("@", "a://"),
            _times("a://b:c/", "", "@"),
            _times("a://b:", "", "@"),
            _times("%41", "https://u:", "@h"),
            _times("a/", "https://u:password@h/"),
            size=60,
        ),
    ]


def _toml_texts() -> list[Growing]:
    lists = _each("'p{}'", "[[index]]\nname='a'\nurl='https://h.example/'\npackages=[", "]\n", ",")
    groups = "[dependency-groups]\na=[{include-group='g0'}]\n"
    return [
        *_all(
            "lines of TOML",
            _lines_of,
            *map(_times, ("[a]\n", " ", "'''", "[[a]]\n")),
            _times(" ", "[", "x"),
            _times(" ", "[x"),
            _times(" ", "[x", "y"),
            _times("x ", "[ "),
            _times("k", "", "  ="),
            lists,
        ),
        *_all(
            "configuration",
            _configuration,
            lists,
            _each("[[index]]\nname='a{}'\nurl='https://h.example/'\n"),
            _each("[[allow]]\nproject='a{}'\nrule='cooldown'\nreason='x'\n"),
            _each("a{}=1\n"),
            _times("a", "", "=1"),
            _times("index", "", "=1"),
            _nested("[", "]", "", "a="),
            _times(".a", "a", "=1"),
            size=150,
        ),
        *_all(
            "project",
            lambda text: project_files.read_project(text, "pyproject.toml", None),
            _each("'p{}'", "[project]\nname='p'\ndependencies=[", "]", ","),
            _nested("[", "]", "", "a="),
            _nested("{a=", "}", "1", "a="),
            _times(".a", "[a", "]"),
            _times(".a", "a", "=1"),
            _each("[a.b{}]\n"),
            _each("a.b{}=1\n"),
            _each("!={}", "[project]\nname='p'\nrequires-python='", "'", ","),
            size=150,
        ),
        *_all(
            "extras of a project",
            _project_of_few_steps,
            lambda size: (
                "[project]\nname='p'\n[project.optional-dependencies]\n"
                + "".join(f"e{n}=['p[e{n + 1}]; python_version>\"3\"']\n" for n in range(size))
                + f"e{size}=['x']"
            ),
            lambda size: (
                "[project]\nname='p'\n[project.optional-dependencies]\na=['p[e0]']\n"
                + "".join(f"e{n}=['p[e{n + 1}]; os_name>\"3\"', 'p[e{n + 1}]; os_name>\"4\"']\n" for n in range(size))
                + f"e{size}=['x']"
            ),
            size=40,
        ),
        *_all(
            "groups",
            lambda text: project_files.read_groups(text, "pyproject.toml", ["a"]),
            _each("'p{}'", "[dependency-groups]\na=[", "]", ","),
            lambda size: (
                "[dependency-groups]\na=["
                + "".join(f"{{include-group='g{n}'}}," for n in range(size))
                + "]\n"
                + "".join(f"g{n}=['x']\n" for n in range(size))
            ),
            lambda size: (
                groups
                + "".join(f"g{n}=[{{include-group='g{n + 1}'}}]\n" for n in range(size))
                + f"g{size}=['x']"
            ),
            size=50,
        ),
        *_all(
            "doubled groups",
            lambda text: project_files.read_groups(text, "pyproject.toml", ["a"]),
            lambda size: (
                groups
                + "".join(f"g{n}=[{{include-group='g{n + 1}'}},{{include-group='g{n + 1}'}}]\n" for n in range(size))
                + f"g{size}=['x']"
            ),
            size=2,
        ),
        *_all(
            "script",
            lambda text: project_files.read_script(text, "x.py"),
            _times("# \n", "# /// script\n# dependencies = []\n", "# ///\n"),
            *map(_times, ("# /// script\n#\n", "# /// x\n#\n# ///\n", "# /// x\n", "# ///\n")),
        ),
        *_all(
            "lock",
            lambda text: locking.read_lock(text, Origin(Source.FILE, "pylock.toml")),
            _each("[[packages]]\nname='p{}'\nversion='1'\n", _LOCK),
            _each(
                "{url='https://h/p-1-{}-py3-none-any.whl',hashes={sha256='" + "a" * 64 + "'}}",
                _LOCK + "[[packages]]\nname='p'\nversion='1'\nwheels=[", "]", ",",
            ),
            _nested("[", "]", "", "a="),
            _nested("(", ")", "os_name=='a'", _LOCK + "[[packages]]\nname='p'\nversion='1'\nmarker=\"", '"'),
            _times(".a", "a", "=1"),
            size=100,
        ),
        *_all(
            "lock of a wheel for many tags",
            lambda text: locking.read_lock(text, Origin(Source.FILE, "pylock.toml")),
            lambda size: (
                _LOCK + "[[packages]]\nname='p'\nversion='1'\nwheels=[{url='https://h/p-1-"
                + "-".join(".".join(["q"] * size) for _ in "123") + ".whl',hashes={sha256='" + "a" * 64 + "'}}]"
            ),
            size=5,
        ),
    ]  # fmt: skip


def _small_texts() -> list[Growing]:
    return [
        *_all(
            "pip's configuration",
            lambda text: pip_config.read("install", [("pip.conf", text)], {}, isolated=True),
            _each("a{}=1\n", "[global]\n"),
            _each("[s{}]\na=1\n"),
            _times(" b\n", "[global]\na=1\n"),
            _times("\n", "[global]\na=1\n"),
            *map(_times, ("[", "[a", "[global]\n")),
            _times(" ", "[global]\na", "b"),
            _times(" ", "[global]\na", "=b"),
            size=300,
        ),
        # optparse moves all other words for each word: of so many as are read at most it is no longer in proportion.
        *_all(
            "options",
            lambda text: line_options.read_options(text, str),
            *map(_times, ("--hash=a:b ", "'a' ", "-i ")),
            size=500,
        ),
        *_all("lock's name", lock_sources.is_pylock, _times("a", "pylock."), _times("[", "pylock.toml"), _times("[a]")),
        *_all("name", normalise, _times("-_."), _times("a")),
        *_all("look-alike", _named, *map(_times, ("a-", "requests-", "a", "py-", "acm-", "python"))),
        *_all("well-known names", look_alikes.read_names, _times("["), _each("a{}\n"), _times("a."), _times('{"a":')),
        *_all("marker", graph.variables_of, *map(_times, ("'", "a", "'a\"", "_ "))),
        *_all(
            "marker on versions",
            _split,
            _times(" ", "python_full_version"),
            _times("<", "python_full_version"),
            *map(_times, ("'a", "'a' < ", "python_full_version<'3.11.")),
            _times(" ", "'a'"),
            _each("python_full_version < '3.11.{}'", between=" or "),
        ),
        *_all(
            "URL of an index", IndexUrl.parse, *(_times(unit, "https://h.example/") for unit in ("./", "/", ".", "%2e"))
        ),
        *_all("file name", lambda text: releases.file_version("x", text), _times("x-", "", ".tar.gz")),
        *_all("wheel's name", wheel_names.is_bounded, _times("a."), _times("-")),
        *_all("printable", printable, _times("\x1b"), _times("a")),
    ]


def _wheel_texts() -> list[Growing]:
    return [
        *_all(
            "WHEEL",
            lambda text: wheel_file.parse_wheel_file((_WHEEL + text).encode()),
            _each("Tag: py{}-none-any\n"),
            _times(" ", "X:", "\n"),
            _times("X: a\n"),
            _times("a.", "Tag: ", "b-none-any\n"),
            lambda size: "Tag: " + "-".join("a" + ".a" * size for _ in "123") + "\n",
        ),
        *_all("WHEEL's root", install_path.root_is_purelib, _bytes(_times("X: a\n")), _bytes(_times("!"))),
        *_all(
            "RECORD",
            record.parse_record,
            _bytes(_times("a,sha256=x,1\n")),
            _bytes(_times('""', '"', '"\n')),
            *(_bytes(_times(unit, "", "\n")) for unit in ('"', '"a",', 'a"')),
            _bytes(_times(",", "", '"\n')),
            _bytes(_times("A", "a,sha256=", ",1\n")),
            _bytes(_times("a,sha256=" + "A" * 43 + ",1\n")),
            _bytes(_times("a,sha256=" + "?" * 43 + ",1\n")),
        ),
        *_all("paths of RECORD", record.record_paths, _bytes(_times('"a"\n')), _bytes(_times("a,\n"))),
        *_all("path file", pth.read_pth, *(_bytes(_each(unit)) for unit in ("import a{}\n", "p{}\n", " ", "\x85"))),
        *_all("start file", pth.read_start, _bytes(_each("a{}\n"))),
        *_all(
            "entry points",
            entry_points.parse,
            _bytes(_each("a{}=b:c\n", "[console_scripts]\n")),
            _bytes(_each("a=b:c{}\n", "[console_scripts]\n")),
            _bytes(_times("x\n")),
            _bytes(_nested("[", "]")),
        ),
        *_all(
            "callable",
            entry_points.is_callable,
            *(_times(unit, before, "!") for unit, before in (("a.", ""), ("a", ""), ("b.", "a:"), (" ", "a:b"))),
            *(_times(unit, "a:b[", "!") for unit in (" ", "a,", "a=a,", "w", "w ")),
        ),
        *_all(
            "namespace",
            namespaces.way_of_declaring,
            *(_bytes(_times(unit, "extend_path")) for unit in ("#", "(", "-", "+1", ".a", "[")),
        ),
    ]


def _encodings() -> list[Growing]:
    """Every encoding that a requirements file may declare."""

    def decoded(data: bytes) -> None:
        with contextlib.suppress(UnicodeError, LookupError):
            text_encodings.decode(data, locale_encoding="latin-1")

    names = sorted({*encodings.aliases.aliases.values(), "idna", "punycode", "unicode_escape", "raw_unicode_escape"})
    return [
        growing
        for name in names
        for growing in _all(
            f"encoding {name}",
            decoded,
            *(_bytes(_times(unit, f"# coding: {name}\n")) for unit in ("a-9", "\\u0041", "+AAA-", "\x1b$B")),
            _bytes(_nested("a", "9", "-", f"# coding: {name}\n")),
            size=2000,
        )
    ]


def _packed(data: bytes) -> None:
    decoder = Decoder("gzip", 1 << 20, _PAGE)
    for at in range(len(data)):
        decoder.feed(data[at : at + 1])
    decoder.end()


GROWING = [
    *_encodings(),
    Growing("gzip of nothing", _packed, lambda size: gzip.compress(bytes(size))),
    Growing("gzip", _packed, lambda size: gzip.compress(Random(1).randbytes(size))),
    *_metadata_texts(),
    *_pages(),
    *_requirement_texts(),
    *_toml_texts(),
    *_small_texts(),
    *_wheel_texts(),
]
