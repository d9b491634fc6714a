"""Readers and writers of our own beside the library that could take their place: ratios, and what the two give.

HTML pages: the scanner of `safepip.index.html_form`, `html.parser` of this Python, and html5lib where it is installed.
TOML: the writer of locks, and tomli-w where it is installed. METADATA: the reader of the search, and `email`.

A ratio is library / ours, the median over rounds in which each does the same work in turn, with its smallest and
largest value. For hostile pages it is also told how much longer twice the page takes: 2 is in proportion to the
length, 4 by the square of it.

    own_readers.py                    everything
    own_readers.py --only html        one of html, toml, metadata
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import statistics
import time
import tomllib
from email.parser import HeaderParser, Parser
from functools import partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

import shapes
import synthetic

from safepip.index.html_form import _KEPT, _WANTED, _scan
from safepip.lock.pylock import lock_text, read_lock
from safepip.model.origin import Origin, Source
from safepip.wheel.metadata import split_headers
from safepip.wheel.metadata_as_pip import metadata_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: A hostile page takes no longer than this, or it is not made larger.
PATIENCE = 2.0


class Row(NamedTuple):
    """One line of the table."""

    what: str
    library: str
    ratio: str
    remark: str


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call; of as many as it takes to be measured, the mean."""
    calls, begin = 0, time.process_time()
    while True:
        work()
        calls += 1
        if (took := time.process_time() - begin) > 0.01:
            return took / calls


def ratio(library: Callable[[], object], ours: Callable[[], object], rounds: int) -> str:
    """Library / ours, each once a round."""
    pairs = []
    for number in range(rounds):
        works = (library, ours) if number % 2 else (ours, library)
        times = {work: seconds(work) for work in works}
        pairs.append(times[library] / times[ours])
    return f"{statistics.median(pairs):.2g} ({min(pairs):.2g}..{max(pairs):.2g})"


# --- HTML ---------------------------------------------------------------------------------------------------------


class _Collector(HTMLParser):
    """What `_scan` collects, by the library."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what matters."""
        if tag in _WANTED:
            self.tags.append((tag, {key: value for key, value in attrs if key in _KEPT}))


def _by_html_parser(text: str) -> list[tuple[str, dict[str, str | None]]]:
    collector = _Collector()
    collector.feed(text)
    collector.close()
    return collector.tags


def _by_html5lib(text: str) -> list[tuple[str, dict[str, str | None]]]:
    import html5lib  # type: ignore[import-not-found,import-untyped,unused-ignore]  # measured where it is installed

    tokens = html5lib._tokenizer.HTMLTokenizer(text)
    start = html5lib.constants.tokenTypes["StartTag"]
    return [
        (token["name"], {key: value for key, value in token["data"].items() if key in _KEPT})
        for token in tokens
        if token["type"] == start and token["name"] in _WANTED
    ]


def _page(entries: int) -> str:
    """A project page of the simple API as an index writes it."""
    lines = [
        f'    <a href="https://files.example/packages/{number:064x}/acme_web-1.{number}-py3-none-any.whl'
        f'#sha256={number:064x}" data-requires-python="&gt;=3.9" data-core-metadata="sha256={number:064x}">'
        f"acme_web-1.{number}-py3-none-any.whl</a><br />\n"
        for number in range(entries)
    ]
    head = '<!DOCTYPE html>\n<html>\n  <head>\n    <meta name="pypi:repository-version" content="1.4">\n'
    return (
        head + "    <title>Links for acme-web</title>\n  </head>\n  <body>\n" + "".join(lines) + "  </body>\n</html>\n"
    )


_HOSTILE = ("<a <a ", "<a b", "<!", "<!--", "<a ='", "<![", "</", "&#", "<script><")


def html(rounds: int) -> Iterator[Row]:
    """Ordinary pages, then hostile ones of growing size."""
    others: dict[str, Callable[[str], object]] = {"html.parser": _by_html_parser}
    if importlib.util.find_spec("html5lib"):
        others["html5lib"] = _by_html5lib
    for name, library in others.items():
        for entries in (10, 1000):
            page = _page(entries)
            same = "the same tags" if [tuple(tag) for tag in _scan(page).tags] == library(page) else "other tags"
            work = ratio(partial(library, page), partial(_scan, page), rounds)
            yield Row(f"page of {entries} files", name, work, same)
        for unit in _HOSTILE:
            yield Row(f"`{unit}` again and again", name, *_grown(unit, library))


def _grown(unit: str, library: Callable[[str], object]) -> tuple[str, str]:
    """The ratio at the largest size that was tried, and how each grows with the last doubling."""
    size, theirs, ours = 3_000, [0.0], [0.0]
    while size <= 48_000 and theirs[-1] < PATIENCE:
        text = unit * (size // len(unit))
        try:
            theirs.append(seconds(partial(library, text)))
        except (AssertionError, ValueError) as error:
            return "-", f"raises {type(error).__name__}"
        ours.append(seconds(partial(_scan, text)))
        size *= 2
    growth = f"twice the page: {theirs[-1] / theirs[-2]:.1f} times as long; ours {ours[-1] / ours[-2]:.1f}"
    return f"{theirs[-1] / ours[-1]:.2g}", f"{size // 2000} kB; {growth}"


# --- TOML ---------------------------------------------------------------------------------------------------------


def _lock() -> str:
    """A lock of the synthetic set L, eight wheels a project, as safepip would write it."""
    world = shapes.load()
    blocks = ['lock-version = "1.0"\ncreated-by = "safepip"\n']
    for shape in sorted(world.projects.values(), key=lambda shape: shape.name):
        version = shapes.version(shape.usable - 1)
        stem = f"{shape.name.replace('-', '_')}-{version}"
        wheels = "".join(
            f'    {{ name = "{stem}-cp311-cp311-{system}.whl", upload-time = 2024-01-01T00:00:00Z, '
            f'url = "https://files.example/{number:064x}/{stem}-cp311-cp311-{system}.whl", size = {number + 1000}, '
            f'hashes = {{ sha256 = "{number:064x}" }} }},\n'
            for number, system in enumerate(("linux_x86_64", "linux_aarch64", "win32", "win_amd64") * 2)
        )
        blocks.append(
            f'[[packages]]\nname = "{shape.name}"\nversion = "{version}"\nmarker = \'sys_platform == "linux"\'\n'
            f'index = "https://index.example/simple/"\nwheels = [\n{wheels}]\n'
        )
    return "\n".join(blocks)


def toml(rounds: int) -> Iterator[Row]:
    """A lock written by both; what is read back, lines and bytes."""
    if not importlib.util.find_spec("tomli_w"):
        yield Row("a lock", "tomli-w", "-", "not installed")
        return
    tomli_w = importlib.import_module("tomli_w")

    lock = read_lock(_lock(), Origin(Source.FILE, "pylock.toml"))
    data = dict(lock.to_dict())
    ours, theirs = lock_text(lock), tomli_w.dumps(data)
    same = "reads back the same" if tomllib.loads(ours) == tomllib.loads(theirs) == data else "reads back otherwise"
    size = f"lines {theirs.count(chr(10)) / ours.count(chr(10)):.2g}, bytes {len(theirs) / len(ours):.2g} times ours"
    work = ratio(lambda: tomli_w.dumps(dict(lock.to_dict())), lambda: lock_text(lock), rounds)
    yield Row(f"a lock of {len(lock.packages)} projects", "tomli-w", work, f"{size}; {same}")
    for name, text in (("U+202E, which turns the line round", "a\u202eb"), ("a lone surrogate", "a\ud800b")):
        written = tomli_w.dumps({"name": text})
        try:
            written.encode()
        except UnicodeEncodeError:
            yield Row(name, "tomli-w", "-", "cannot be written to a file")
        else:
            yield Row(name, "tomli-w", "-", "escaped" if written.isascii() else "stands in the file as it is")


# --- METADATA -----------------------------------------------------------------------------------------------------


def metadata(rounds: int) -> Iterator[Row]:
    """The METADATA of every project of the synthetic world, all together and the largest alone."""
    world = shapes.load()
    texts = [synthetic.metadata(world, shape, shape.usable - 1) for shape in world.projects.values()]
    for name, some in ((f"METADATA, {len(texts)} files", texts), ("METADATA, the largest", [max(texts, key=len)])):
        ways: dict[str, Callable[[bytes], object]] = {
            "email, whole": lambda text: Parser().parsestr(text.decode()),
            "email, headers only": lambda text: HeaderParser().parsestr(text.decode()),
            "email, as the rules read": metadata_fields.__wrapped__,
        }
        ours = partial(_each, lambda text: split_headers(text.decode()), some)
        for library, way in ways.items():
            yield Row(name, library, ratio(partial(_each, way, some), ours, rounds), "")


def _each(way: Callable[[bytes], object], texts: list[bytes]) -> None:
    for text in texts:
        way(text)


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {"html": html, "toml": toml, "metadata": metadata}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(PARTS))
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}\n\n| what | library | library / ours | |\n|---|---|---|---|", flush=True)
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            for row in part(arguments.rounds):
                print("| " + " | ".join(row).replace("\n", " ") + " |", flush=True)


if __name__ == "__main__":
    main()
