"""The requirements file grammar against pip's own parser, on files that hypothesis makes."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from pip._internal.cli import cmdoptions
from pip._internal.cli.parser import ConfigOptionParser
from pip._internal.exceptions import PipError
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.format_control import FormatControl
from pip._internal.models.release_control import ReleaseControl
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import _decode_req_file, parse_requirements

from safepip.edges.disk.reading import read_regular
from safepip.edges.disk.requirements_files import _beside, local_disk
from safepip.model.digest import STRONG
from safepip.model.plan import Settings
from safepip.requirements.encodings import decode
from safepip.requirements.expanded_values import ExpandedValues
from safepip.requirements.gathering import Gathering
from safepip.requirements.loaded import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.requirements.file_format import FileOption, Include, RequirementLine
    from safepip.requirements.places import Place

Files = dict[str, str]
ENVIRON = {"NAME": "flask", "TOKEN": "s3cr3t", "OPTION": " --pre", "EMPTY": "", "NESTED": "${NAME}", "HASHED": "a # b"}

NAMES = ("a.txt", "b.txt", "sub/c.txt", "sub/d.in")


#: Pieces of lines: what people write, and what sits at the grammar's edges.
_PIECES = (
    *"""\
flask
flask==1.0
requests[socks] >= 2
six;python_version<'3'
six ; extra == "x"
./dir
x y
a @ https://h.example/a-1.0-py3-none-any.whl
git+https://h.example/x.git@v1#egg=x
${NAME}
${NAME}>=1
${TOKEN}
${EMPTY}
${UNSET}
${lower}
$NAME
${NESTED}
${OPTION}
${HASHED}
#
#c
x#y
\\
'
"
--
-
-x
--pre
--pre=1
--no-index
--prefer-binary
--require-hashes
--no-require-hashes
--require
--no-re
--index
-i https://i.example/s
--index-url=https://j.example/
--index-url=
-ihttps://k.example
--pypi-url https://l.example
--extra-index-url https://e.example
--extra https://f.example
-f links
-f=x
--find-links 'a b'
--find-links sub
--no-binary :all:
--no-binary flask,Six
--only-binary :none:
--only-binary=:all:,:none:,x
--no-binary --pre
--all-releases :all:
--all-releases flask
--only-final X_y
--only-final :none:
--trusted-host h.example
--use-feature truststore
--use-feature nonsense
--hash sha512:zz
--hash=md5:1
--hash=sha256
--hash=sha256:
--config-settings k=v
-C k=v
-Ck
--config-settings=x
-e ./dir
-e git+https://h.example/x
-e
-r a.txt
-rb.txt
--requirement=sub/c.txt
-c sub/d.in
--constraint ../a.txt
-r d.in
-c missing.txt
""".splitlines(),
    "--hash=sha256:" + "a" * 64,
    " #c",
    "\t",
    " ",
    "  ",
    "\u2003",
    "\x0c",
)


def _words() -> st.SearchStrategy[str]:
    return st.sampled_from(_PIECES)


def _line() -> st.SearchStrategy[str]:
    usual = st.lists(_words(), max_size=4).flatmap(
        lambda words: st.sampled_from([" ", "", "\t"]).map(lambda space: space.join(words))
    )
    odd = st.text(alphabet="ab-=#\\ \t'\"${}NAME_;@:/.[]\x0b\x85", max_size=14)
    return st.one_of(st.lists(_words(), max_size=4).map(" ".join), usual, odd)


TEXTS = st.lists(_line(), max_size=7).flatmap(
    lambda lines: st.lists(
        st.sampled_from(["\n", "\r\n", "\\\n", "\n\n"]), min_size=len(lines), max_size=len(lines)
    ).map(lambda ends: "".join(line + end for line, end in zip(lines, ends, strict=True)))
)
FILES: st.SearchStrategy[Files] = st.fixed_dictionaries(
    {"a.txt": TEXTS}, optional={name: TEXTS for name in NAMES if name != "a.txt"}
)


@dataclass
class Outcome:
    """What a reader made of the files: requirements in order, and the state of the run afterwards."""

    requirements: list[tuple[Any, ...]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)


class _Session(PipSession):
    """pip's session; trusted hosts are kept as written, because what they mean is not the grammar's matter."""

    def add_trusted_host(self, host: str, *_args: object, **_kwargs: object) -> None:
        self.hosts = [*getattr(self, "hosts", []), host]


def _pip(root: Path, *, constraint: bool) -> Outcome | None:
    """pip's reading, None where it raises."""
    session = _Session()
    collector = LinkCollector(session, SearchScope(["given-links"], ["https://given.example/"], no_index=False))
    formats, releases = FormatControl(), ReleaseControl()
    finder = PackageFinder.create(
        link_collector=collector,
        selection_prefs=SelectionPreferences(
            allow_yanked=True, format_control=formats, release_control=releases, prefer_binary=False
        ),
    )
    options = ConfigOptionParser(name="install", add_help_option=False).get_default_values()
    # --use-feature is left out: pip's parser shares one list between all lines, so its outcome depends on the past.
    options.__dict__.update(require_hashes=False, no_require_hashes=False, features_enabled=[])
    outcome = Outcome()
    try:
        for found in parse_requirements(str(root / "a.txt"), session, finder, options, constraint):
            given = found.options or {}
            hashes = given.get("hashes") or {}
            outcome.requirements.append(
                (
                    found.requirement,
                    found.is_editable,
                    found.constraint,
                    found.line_source,
                    {name: sorted(values) for name, values in hashes.items()},
                    given.get("config_settings") or {},
                )
            )
    except PipError:
        return None
    finally:
        session.close()
        # Other tests look at this list, too.
        cmdoptions.use_new_feature.keywords["default"].clear()  # type: ignore[attr-defined]
    outcome.state = {
        "indexes": finder.index_urls,
        "no_index": finder.search_scope.no_index,
        "find_links": finder.find_links,
        "prefer_binary": finder.prefer_binary,
        "formats": (formats.no_binary, formats.only_binary),
        "releases": (releases.all_releases, releases.only_final),
        "trusted": getattr(session, "hosts", []),
        "require_hashes": options.require_hashes,
        "no_require_hashes": options.no_require_hashes,
    }
    return outcome


class _Recording(Gathering):
    """The real gathering; requirement lines are kept instead of judged, and any value of a variable may be anything:
    the grammar is compared, and what safepip does not let a value become (`variables`) is stricter than pip."""

    lines: list[RequirementLine]

    def _take(self, line: RequirementLine) -> None:
        self.lines.append(line)

    def _option(self, line: FileOption, filename: str) -> None:
        super()._option(line._replace(source=""), filename)

    def _include(self, line: Include, including: Place, above: tuple[Place, ...]) -> None:
        super()._include(line._replace(source=""), including, above)


def _safepip(root: Path, *, constraint: bool, environ: Mapping[str, str]) -> Outcome | None:
    """safepip's reading, with its options applied in order; None where it raises."""
    reader = Reader(local_disk(str(root)), read_regular, lambda url: pytest.fail(f"asked for {url}"), _beside, "utf-8")
    reading = _Recording(Settings(), ExpandedValues(environ), reader, str)
    reading.lines = []
    reading._file(str(root / "a.txt"), "requirement_files", constraint=constraint)
    # The one line that pip reads on purpose and safepip does not: pip asks its default index then.
    # (Where its line had a variable, safepip's message does not say so much.)
    assume(not any("--index-url is empty" in str(misread) for misread in reading.misread))
    assume(
        not any(
            "options cannot be read" in str(misread) and "--index-url=" in str(misread) for misread in reading.misread
        )
    )
    # A file of another kind, which safepip names for what it is: pip fails later, at what it reads in it.
    assume(not any("not-requirements" in str(misread) for misread in reading.misread))
    weak = any(value.partition(":")[0] not in STRONG for line in reading.lines for value in line.hashes)
    if reading.misread or reading.refused or weak:
        return None
    outcome = Outcome()
    for line in reading.lines:
        hashes: dict[str, list[str]] = {}
        for value in line.hashes:
            hashes.setdefault(value.partition(":")[0], []).append(value.partition(":")[2])
        outcome.requirements.append(
            (
                line.text,
                line.editable,
                line.constraint,
                f"line {line.origin.line} of {line.origin.where}",
                {name: sorted(values) for name, values in hashes.items()},
                _settings(line.config_settings),
            )
        )
    outcome.state = _apply(reading)
    return outcome


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]
    return found


def _apply(reading: Gathering) -> dict[str, Any]:
    """Options one after the other, each with the meaning that pip's documentation gives it."""
    indexes, no_index, links = ["https://given.example/"], False, ["given-links"]
    formats: tuple[set[str], set[str]] = (set(), set())
    releases: tuple[set[str], set[str]] = (set(), set())
    flags = {"prefer-binary": False, "require-hashes": False, "no-require-hashes": False}
    trusted: list[str] = []
    for option in reading.options:
        value = option.value or ""
        match option.name:
            case "no-index":
                indexes, no_index = [], True
            case "index-url" if not no_index:
                indexes = [value]
            case "extra-index-url" if not no_index:
                indexes = [*indexes, value]
            case "find-links":
                links.append(value)
            case "pre":
                releases[0].add(":all:")
            case "no-binary" | "only-binary":
                _exclude(value, *(formats if option.name == "no-binary" else formats[::-1]))
            case "all-releases" | "only-final":
                _exclude(value, *(releases if option.name == "all-releases" else releases[::-1]))
            case "trusted-host":
                trusted.append(value)
            case name if name in flags:
                flags[name] = True
    return {
        "indexes": indexes,
        "no_index": no_index,
        "find_links": links,
        "prefer_binary": flags["prefer-binary"],
        "formats": formats,
        "releases": releases,
        "trusted": trusted,
        "require_hashes": flags["require-hashes"],
        "no_require_hashes": flags["no-require-hashes"],
    }


def _exclude(value: str, target: set[str], other: set[str]) -> None:
    names = value.split(",")
    while ":all:" in names:
        other.clear()
        target.clear()
        target.add(":all:")
        del names[: names.index(":all:") + 1]
        if ":none:" not in names:
            return
    for name in names:
        if name == ":none:":
            target.clear()
        else:
            other.discard(canonicalize_name(name))
            target.add(canonicalize_name(name))


def _both(files: Files, *, constraint: bool) -> tuple[Outcome | None, Outcome | None]:
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, ENVIRON, clear=True):
        root = Path(folder).resolve()
        (root / "sub").mkdir()
        for name, text in files.items():
            (root / name).write_bytes(text.encode())
        return _pip(root, constraint=constraint), _safepip(root, constraint=constraint, environ=ENVIRON)


#: pip replaces one variable after the other in the whole line: a value that looks like a variable is expanded again
#: where that variable stands further on in the same line. safepip expands what the file says, and no value.
_EXPANDED_TWICE = re.compile(r"\$\{NESTED\}(?:\\\n|[^\n])*\$\{NAME\}")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=FILES, constraint=st.booleans())
@example(files={"a.txt": "foo \\\n# comment\nbar\\"}, constraint=False)
@example(
    files={"a.txt": "-r sub/c.txt", "sub/c.txt": "-c d.in\n-f links", "sub/d.in": "six<2\n-r ../b.txt", "b.txt": "x"},
    constraint=False,
)
@example(files={"a.txt": "foo\\\n#comment\nbar"}, constraint=False)
@example(files={"a.txt": "-i https://a.example -i https://b.example\n"}, constraint=False)
@example(files={"a.txt": "-r b.txt --pre ${NAME}", "b.txt": "six"}, constraint=False)
@example(files={"a.txt": "-r sub/c.txt", "sub/c.txt": "-r ../a.txt"}, constraint=False)
@example(
    files={"a.txt": "foo --no-binary x -i https://never.example\n--no-binary :none: --only-binary x"}, constraint=True
)
@example(
    files={"a.txt": "-i https://a.example -i https://b.example --no-index\n-i https://c.example"}, constraint=False
)
@example(
    files={
        "a.txt": "foo -e ./dir --hash=sha256:1\n-e ./x -e ./y\n-c sub/d.in -r sub/c.txt",
        "sub/c.txt": "c",
        "sub/d.in": "d",
    },
    constraint=False,
)
def test_files_mean_what_pip_takes_them_to_mean(files: Files, constraint: bool) -> None:
    """Requirements, their line numbers, hashes and settings, and every option for the run come out as pip's."""
    assume(not any(_EXPANDED_TWICE.search(text) for text in files.values()))
    pips, ours = _both(files, constraint=constraint)
    assert ours == pips


MARKS = [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"]
CODINGS = [
    "",
    "# -*- coding: latin-1 -*-\n",
    "#\n# coding=cp1252\n",
    "\n\n# coding: latin-1\n",
    " # coding: latin-1\n",
    "# coding: nonsense\n",
]


@settings(max_examples=200, deadline=None)
@given(
    mark=st.sampled_from(MARKS),
    coding=st.sampled_from(CODINGS),
    body=st.one_of(st.text(max_size=12).map(str.encode), st.binary(max_size=12)),
)
def test_bytes_are_decoded_as_pip_decodes_them(mark: bytes, coding: str, body: bytes) -> None:
    """Byte order marks, PEP 263 lines, UTF-8 and the locale's encoding go before one another as in pip."""
    data = mark + coding.encode() + body
    try:
        with mock.patch("pip._internal.req.req_file.get_locale_encoding", return_value="cp1252"):
            expected = _decode_req_file(data, "name")
    except (UnicodeError, LookupError) as problem:
        with pytest.raises(type(problem)):
            decode(data, locale_encoding="cp1252")
    else:
        assert decode(data, locale_encoding="cp1252")[0] == expected
