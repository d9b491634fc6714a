"""The synthetic index in a folder: what is written there, and what is made again when it is asked for.

The folder holds the shapes, a page for each project and the full wheels that installs take. METADATA files and the
small wheels of all other versions are made again when they are asked for; their digests on the page are true, so that a
client may fetch and verify any file that this machine could install. Files for other platforms are listed and answer
404.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import shapes
import synthetic
from packaging.tags import Tag, parse_tag, sys_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapes import Shape, World

#: Stands for the server's URL in the pages on disk.
PLACEHOLDER = "http://127.0.0.1:00000"

_INTERPRETERS = ("cp314", "cp313", "cp312", "cp310", "cp39", "cp311", "cp38", "cp314t", "pp311", "pp310")
_PLATFORMS = (
    "macosx_11_0_arm64",
    "macosx_10_13_x86_64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "win_amd64",
    "musllinux_1_2_x86_64",
    "musllinux_1_2_aarch64",
    "win32",
    "manylinux_2_17_i686.manylinux2014_i686",
    "win_arm64",
    "manylinux_2_17_ppc64le.manylinux2014_ppc64le",
    "manylinux_2_17_s390x.manylinux2014_s390x",
    "manylinux_2_31_armv7l",
)


def own_tag(shape: Shape) -> str:
    """The tag of the wheels that this machine takes: `py3-none-any`, or its interpreter and platform."""
    if not shape.native:
        return "py3-none-any"
    tags = list(sys_tags())
    wide = next((tag for tag in tags if tag.platform.startswith("manylinux_2_17_")), tags[0])
    platform = wide.platform
    if platform.startswith("manylinux_2_17_"):
        platform += "." + platform.replace("manylinux_2_17_", "manylinux2014_")
    return f"{tags[0].interpreter}-{tags[0].abi}-{platform}"


def foreign_tags() -> list[str]:
    """Tags of native wheels that this machine cannot install, newest Python first."""
    mine = frozenset(sys_tags())
    found = []
    for interpreter in _INTERPRETERS:
        abi = {"cp314t": "cp314t", "pp311": "pypy311_pp73", "pp310": "pypy310_pp73"}.get(interpreter, interpreter)
        for platform in _PLATFORMS:
            tag = f"{interpreter.removesuffix('t')}-{abi}-{platform}"
            if not mine & _tags(tag):
                found.append(tag)
    return found


def _tags(tag: str) -> frozenset[Tag]:
    return parse_tag(tag)


def wheel_name(shape: Shape, position: int) -> str:
    """The file name of the wheel that this machine takes for a version."""
    return f"{shape.name.replace('-', '_')}-{shapes.version(position)}-{own_tag(shape)}.whl"


def default() -> Path:
    """Where the world of `shapes.json` is kept from one run to the next; each checkout may need another one."""
    return Path(tempfile.gettempdir()) / f"safepip-benchmark-world-{fingerprint()[:8]}"


def build(folder: Path, source: Path = shapes.SHAPES, *, say: bool = False) -> None:
    """Write the whole world of a file of shapes into a new folder. Takes a minute or two for `shapes.json`."""
    world = shapes.load(source)
    (folder / "pages").mkdir(parents=True)
    shutil.copyfile(source, folder / "shapes.json")
    (folder / "wheels").mkdir()
    foreign = foreign_tags()
    for number, shape in enumerate(world.projects.values(), 1):
        if say and sys.stderr.isatty():
            print(f"\r{number}/{len(world.projects)} {shape.name:30}", end="", file=sys.stderr, flush=True)
        chosen = shape.usable - 1 - shape.chosen
        full = synthetic.full_wheel(world, shape, chosen, own_tag(shape))
        (folder / "wheels" / wheel_name(shape, chosen)).write_bytes(full)
        page = {
            "meta": {"api-version": "1.4", "_last-serial": 30_000_000 + number},
            "name": shape.name,
            "project-status": {"status": "active"},
            "versions": [shapes.unusable_version(i) for i in range(shape.unusable)]
            + [shapes.version(i) for i in range(shape.usable)],
            "files": list(_files(world, shape, full, foreign)),
        }
        (folder / "pages" / f"{shape.name}.json").write_text(json.dumps(page), encoding="utf-8")
    (folder / "complete").write_text(fingerprint(source), encoding="utf-8")
    if say and sys.stderr.isatty():
        print(file=sys.stderr)


def fingerprint(source: Path = shapes.SHAPES) -> str:
    """Changes whenever the built world would: of the modules, the shapes and this machine's tags."""
    digest = hashlib.sha256(str(next(iter(sys_tags()))).encode())
    for name in ("shapes.py", "synthetic.py", "world.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    digest.update(source.read_bytes())
    return digest.hexdigest()


def ensure(folder: Path, source: Path = shapes.SHAPES) -> None:
    """Build the world unless the folder holds it already. It is there whole or not at all."""
    if _holds(folder, source):
        return
    print(f"building a synthetic index in {folder} (once)", file=sys.stderr)
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        build(fresh, source, say=True)
        if folder.exists() and not _holds(folder, source):
            shutil.rmtree(folder)
        if not folder.exists():
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _holds(folder: Path, source: Path) -> bool:
    marker = folder / "complete"
    return marker.is_file() and marker.read_text(encoding="utf-8") == fingerprint(source)


def _files(world: World, shape: Shape, full: bytes, foreign: list[str]) -> Iterator[dict[str, object]]:
    """The entries of a page, oldest version first: source archive, own wheel, wheels for other platforms."""
    total = shape.unusable + shape.usable
    chosen = shape.usable - 1 - shape.chosen
    own, stem = own_tag(shape), shape.name.replace("-", "_")
    left = shape.files
    for index in range(total):
        position = index - shape.unusable
        here = max(1, left // (total - index)) if index < total // 2 else -(-left // (total - index))
        left -= here
        text = shapes.version(position) if position >= 0 else shapes.unusable_version(index)
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(1_400_000_000 + index * (380_000_000 // total)))
        if position >= 0:
            metadata = hashlib.sha256(synthetic.metadata(world, shape, position)).hexdigest()
            body = full if position == chosen else synthetic.small_wheel(world, shape, position, own)
            yield _entry(f"{stem}-{text}-{own}.whl", hashlib.sha256(body).hexdigest(), len(body), when, metadata)
            here -= 1
        for extra in range(max(0, here)):
            ending = f"-{foreign[(extra - 1) % len(foreign)]}.whl" if extra else ".tar.gz"
            name = f"{stem}-{text}{ending}"
            digest = hashlib.sha256(name.encode()).hexdigest()
            metadata = hashlib.sha256(digest.encode()).hexdigest() if name.endswith(".whl") else ""
            yield _entry(name, digest, shape.wheel.size + extra, when, metadata)


def _entry(name: str, digest: str, size: int, when: str, metadata: str) -> dict[str, object]:
    sidecar: object = {"sha256": metadata} if metadata else False
    return {
        "core-metadata": sidecar,
        "data-dist-info-metadata": sidecar,
        "filename": name,
        "hashes": {"sha256": digest},
        "provenance": None,
        "requires-python": ">=3.9",
        "size": size,
        "upload-time": when,
        "url": f"{PLACEHOLDER}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}",
        "yanked": False,
    }


def without_sidecars(page: bytes) -> bytes:
    """The same page as an index would write it that advertises no metadata files."""
    return re.sub(rb'"(core-metadata|data-dist-info-metadata)": (\{"sha256": "[0-9a-f]{64}"\}|false), ', b"", page)
