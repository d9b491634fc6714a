"""Synthetic wheels: as many members and bytes as the real ones, with sources that compile at a real one's pace.

Everything is made from the names and numbers of `shapes`, so that two builds give the same bytes on one machine.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import random
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapes import Shape, World

#: Relative sizes of the members of a wheel: many small ones, a few large. Their mean is 1.
_SPREAD = (0.05, 0.2, 0.5, 1.0, 1.0, 1.5, 2.75)

_WORDS = tuple(
    re.findall(
        r"\w+",
        """
        value index count buffer result cursor handler request response session context config option parser token
        node parent child table column record field schema query filter state event signal queue worker task future
        channel stream reader writer encoder decoder header body payload path folder archive digest cache store policy
        """,
    )
)

_FUNCTION = '''
def {a}_{n}({b}, {c}=None, *, {d}=0):
    """Return the {a} of *{b}* as {c}.

    The {d} is counted from the first {a}; a {b} without {c} has none and is left out. Raises ``ValueError``
    where the {c} is not one of those that {e} takes.

    Parameters
    ----------
    {b} : sequence of str or bytes
        What to look through. It is read once, in order, and never changed; a {b} that is empty
        gives an empty list. Members that are neither text nor bytes are not allowed.
    {c} : dict, optional
        A {c} from an earlier call, to go on counting where that one ended. By default a new one is made.
    {d} : int, default 0
        Where to begin. Values beyond the last {e} are as good as none.

    Examples
    --------
    >>> {a}_{n}(["{d}", "{e}"])
    [('{a}', 2)]
    """
    if {c} is None:
        {c} = dict({e}={d}, {a}=len({b}))
    # The {e} may be shared, so that each {b} is looked at once.
    for {e}, item in enumerate({b}):
        if item in {c} and not {d}:
            {d} += {k} * {e}
        elif isinstance(item, (str, bytes)):
            {c}[item] = {c}.get(item, 0) + {e} - {k}
        else:
            raise ValueError(f"{a}: {{item!r}} at {{{e}}} is no {b}")
    return [({a}, {c}[{a}]) for {a} in sorted({c}) if {c}[{a}] is not None]
'''

_CLASS = '''
class {A}{B}{n}:
    """A {a} with its {b}."""

    {c}: int = {k}
    __slots__ = ("{a}", "{b}", "_{d}")

    def __init__(self, {a}, {b}=(), {d}=None):
        self.{a} = {a}
        self.{b} = tuple({b})
        self._{d} = {d} or {{"{e}": {k}, "{a}": None}}

    @property
    def {e}(self):
        return self._{d}.get("{e}", self.{b}[:{k}])

    def __eq__(self, other):
        return type(self) is type(other) and (self.{a}, self.{b}) == (other.{a}, other.{b})

    def __hash__(self):
        return hash((self.{a}, self.{b}))

    def {c}_of(self, *args, **options):
        try:
            return self._{d}[args[0]] + options.pop("{b}", {k})
        except (KeyError, IndexError) as error:
            raise LookupError("no {c} for " + repr(args)) from error
'''


def metadata(world: World, shape: Shape, position: int) -> bytes:
    """The METADATA file of one version, filled with description up to the project's size."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {shape.name}",
        f"Version: {shapes.version(position)}",
        f"Summary: A synthetic project with {shape.files} files on its page",
        f"Author-email: The {shape.name} authors <authors@{shape.name}.example>",
        "License-Expression: Apache-2.0",
        *(
            f"Project-URL: {kind}, https://{shape.name}.example/{kind.lower()}"
            for kind in ("Homepage", "Source", "Changes")
        ),
        *(f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(9, 15)),
        "Classifier: Operating System :: OS Independent",
        "Requires-Python: >=3.9",
        "Description-Content-Type: text/markdown",
        *(f"Requires-Dist: {text}" for text in world.requires_dist(shape, position)),
        *(f"Provides-Extra: {extra}" for extra in _extras(world, shape)),
    ]
    head = "\n".join(lines) + "\n\n"
    return (head + _prose(max(0, shape.metadata - len(head)))).encode()


def small_wheel(world: World, shape: Shape, position: int, tag: str) -> bytes:
    """A valid wheel with one module: what the versions are that no set ends up with."""
    text = f'__version__ = "{shapes.version(position)}"\n'.encode()
    return _pack(world, shape, position, tag, iter([(f"{_package(shape)}/__init__.py", text, 1)]))


def full_wheel(world: World, shape: Shape, position: int, tag: str) -> bytes:
    """The wheel that an install takes, with the members and bytes of its shape."""
    return _pack(world, shape, position, tag, _members(shape))


def _pack(world: World, shape: Shape, position: int, tag: str, members: Iterator[tuple[str, bytes, int]]) -> bytes:
    """Zip members `(path, bytes, compression level)` and the `.dist-info` folder with a true RECORD."""
    info = f"{_package(shape)}-{shapes.version(position)}.dist-info"
    pure = "true" if tag.endswith("-any") else "false"
    wheel = f"Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    record: list[str] = []
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:

        def add(path: str, data: bytes, level: int) -> None:
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED, level or None)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}")

        for path, data, level in members:
            add(path, data, level)
        add(f"{info}/METADATA", metadata(world, shape, position), 1)
        add(f"{info}/WHEEL", wheel.encode(), 0)
        if shape.wheel.scripts:
            lines = (f"{shape.name}-{i} = {_package(shape)}:main" for i in range(shape.wheel.scripts))
            add(f"{info}/entry_points.txt", ("[console_scripts]\n" + "\n".join(lines) + "\n").encode(), 0)
        record.append(f"{info}/RECORD,,\n")
        entry = zipfile.ZipInfo(f"{info}/RECORD", (2020, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, "\n".join(record), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _members(shape: Shape) -> Iterator[tuple[str, bytes, int]]:
    chance = random.Random(zlib.crc32(shape.name.encode()))
    wheel, package = shape.wheel, _package(shape)
    yield f"{package}/__init__.py", b"def main():\n    return 0\n", 6
    packed = 0
    for i, size in enumerate(_sizes(max(0, wheel.sources - 1), wheel.source_bytes)):
        text = _source(chance, size)
        packed += len(zlib.compress(text, 6))
        yield f"{package}/part{i // 40}/module{i}.py", text, 6
    ratio = min(1.0, max(0.02, (wheel.size - packed) / max(1, wheel.other_bytes)))
    for i, size in enumerate(_sizes(wheel.others, wheel.other_bytes)):
        yield f"{package}/data{i // 60}/item{i}.bin", _payload(chance, size, ratio), 1


def _sizes(count: int, total: int) -> list[int]:
    mean = total / count if count else 0
    rest = count % len(_SPREAD)
    return [int(mean * (_SPREAD[i % len(_SPREAD)] if i >= rest else 1.0)) for i in range(count)]


def _source(chance: random.Random, size: int) -> bytes:
    parts: list[str] = ['"""A synthetic module."""\n\nimport os\nimport sys\n']
    length, n = len(parts[0]), 0
    while length < size:
        a, b, c, d, e = chance.sample(_WORDS, 5)
        form = _CLASS if n % 3 == 2 else _FUNCTION
        names = {"a": a, "b": b, "c": c, "d": d, "e": e, "A": a.title(), "B": b.title()}
        parts.append(form.format(n=n, k=chance.randrange(1000), **names))
        length, n = length + len(parts[-1]), n + 1
    return "\n".join(parts).encode()


def _payload(chance: random.Random, size: int, ratio: float) -> bytes:
    """Bytes of which `ratio` cannot be compressed, as in a shared library's sections."""
    dense = max(1, int(1024 * ratio))
    noise = chance.randbytes(min(size, 262_144))
    filler = b"\x00\x01\x02\x00" * ((1024 - dense) // 4 + 1)
    blocks = (noise[i % 200_000 : i % 200_000 + dense] + filler[: 1024 - dense] for i in range(0, size, 1024))
    return b"".join(blocks)[:size]


def _package(shape: Shape) -> str:
    return shape.name.replace("-", "_")


def _extras(world: World, shape: Shape) -> list[str]:
    return sorted(world.extras.get(shape.name, ())) + (["dev", "docs", "all"] if shape.idle > 2 else [])


@functools.cache
def _prose(size: int) -> str:
    chance = random.Random(size)
    lines: list[str] = []
    length = 0
    while length < size:
        line = " ".join(chance.choices(_WORDS, k=14))
        lines.append(line)
        length += len(line) + 1
    return "\n".join(lines)[:size]
