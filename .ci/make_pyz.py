"""Makes `safepip.pyz`: one file with safepip, all that it needs and pip, which any Python from 3.11 on can run.

    python .ci/make_pyz.py --wheels FOLDER --requirements FILE --own WHEEL OUTPUT

FILE names each project with its version and the digests of its wheel; FOLDER has these wheels, and WHEEL is safepip's
own. Nothing else goes in, and nothing is fetched. The same inputs and the same Python give the same bytes, whatever the
day, the folder and the umask: entries are sorted and have a fixed date and mode.

Beside each module lies its byte code for the Python that runs this, unchecked (PEP 552): zipimport reads it where it
fits, and compiles the source otherwise. Only the standard library is used here.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Written for any Python, so that an old one can say what is wrong with it.
MAIN = """\
import sys

if sys.version_info < (3, 11):
    sys.exit("safepip needs Python 3.11 or newer, and this is %d.%d: %s" % (sys.version_info[:2] + (sys.executable,)))
from safepip.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
"""
_SHEBANG = b"#!/usr/bin/env python3\n"
#: The modules that run before safepip imports from no foreign folder any more (`own_start.guard`). They are not
#: compressed: to unpack one, zipimport would import `zlib` from wherever it is found.
_EARLY = tuple(
    f"{name}.py"
    for name in (
        "__main__",
        "safepip/__init__",
        "safepip/__main__",
        "safepip/edges/__init__",
        "safepip/edges/programs/__init__",
        "safepip/edges/programs/own_start",
        "safepip/edges/programs/bare_start",
    )
)
#: The first day that a zip archive can name.
_DATE = (1980, 1, 1, 0, 0, 0)

#: Compiles the modules below the working folder that are named on its input, each beside its source. In a process of
#: its own that does nothing else: which constants marshal writes once depends on all that the process has seen.
_COMPILE = """\
import importlib.util, marshal, sys
for name in sys.stdin.buffer.read().decode("utf-8").split("\\0"):
    with open(name, "rb") as file:
        source = file.read()
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    with open(name + "c", "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source))
        marshal.dump(code, file)
"""

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)==(\S+)((?: +--hash=sha256:[0-9a-f]{64})+)")
_PURE = re.compile(r"([A-Za-z0-9_.]+)-([^-]+)-(?:py2\.)?py3-none-any\.whl")
#: Of a wheel's metadata: what says where the files went, and lists that nobody reads here.
_LEFT_OUT = re.compile(r"[^/]+\.dist-info/(RECORD|WHEEL|entry_points\.txt|top_level\.txt|sboms/.*)")


class Pin(NamedTuple):
    """One line of the requirements: a project's normalised name, its version, and the digests of which one must fit."""

    name: str
    version: str
    digests: frozenset[str]


def read_pins(text: str) -> list[Pin]:
    """The lines of a requirements file. Raises `ValueError` for one that is no pin with digests."""
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        words = re.sub(r"(^|\s)#.*", "", line).strip()
        found = _REQUIREMENT.fullmatch(words)
        if found is None:
            if words:
                raise ValueError(f"not a project with its version and digests: {words}")
            continue
        digests = frozenset(re.findall(r"sha256:([0-9a-f]{64})", found[3]))
        pins.append(Pin(normalised(found[1]), found[2], digests))
    if len({pin.name for pin in pins}) != len(pins) or not pins:
        raise ValueError("the requirements name nothing, or a project twice")
    return pins


def normalised(name: str) -> str:
    """A project's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned_wheels(folder: Path, pins: Iterable[Pin]) -> list[tuple[str, bytes]]:
    """The wheel of each pin, by the order of the pins: its file name and its bytes.

    Raises `ValueError` where a wheel is missing, is there without a pin, has another digest, or is not pure Python.
    """
    there = {path.name: path for path in sorted(folder.glob("*.whl"))}
    wheels = []
    for pin in pins:
        names = [name for name in there if _names(name) == (pin.name, pin.version)]
        if len(names) != 1:
            raise ValueError(f"{folder} has {len(names)} pure wheels of {pin.name} {pin.version}")
        data = there.pop(names[0]).read_bytes()
        if hashlib.sha256(data).hexdigest() not in pin.digests:
            raise ValueError(f"{names[0]} has a digest that the requirements do not name")
        wheels.append((names[0], data))
    if there:
        raise ValueError(f"{folder} has wheels that the requirements do not name: {', '.join(there)}")
    return wheels


def _names(filename: str) -> tuple[str, str] | None:
    found = _PURE.fullmatch(filename)
    return (normalised(found[1]), found[2]) if found else None


def content_of(wheels: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """The files of all wheels, by their paths. Raises `ValueError` where two have the same, or one has another kind."""
    files: dict[str, bytes] = {}
    for filename, data in wheels:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                name = info.filename
                if info.is_dir() or _LEFT_OUT.fullmatch(name):
                    continue
                if name in files or ".data/" in name or name.endswith((".so", ".pyd", ".pth", ".pyc")):
                    raise ValueError(f"{filename}: {name} cannot be in a single file")
                files[name] = archive.read(info)
    return files


def compiled(files: Mapping[str, bytes], python: str = sys.executable) -> dict[str, bytes]:
    """The byte code of the modules among `files`, by path. Raises `ValueError` where one cannot be compiled."""
    names = sorted(name for name in files if name.endswith(".py"))
    environ = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        done = subprocess.run(
            [python, "-S", "-c", "import sys; del sys.path[0]\n" + _COMPILE],
            input="\0".join(names).encode("utf-8"),
            capture_output=True,
            cwd=folder,
            # In this folder lie modules of any name, and without the variable `-c` would look for its own ones there.
            env={**environ, "PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1"},
            check=False,
        )
        if done.returncode:
            raise ValueError(done.stderr.decode("utf-8", "replace").strip())
        return {f"{name}c": Path(folder, f"{name}c").read_bytes() for name in names}


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """The application: a line by which a shell starts it, and a zip archive of the files."""
    buffer = io.BytesIO()
    buffer.write(_SHEBANG)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            # By default this names the system that it runs on.
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            early = name.removesuffix("c") in _EARLY
            info.compress_type = zipfile.ZIP_STORED if early else zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    return buffer.getvalue()


def make(files: Mapping[str, bytes], inputs: str, python: str = sys.executable) -> bytes:
    """The application out of the files of its parts. `inputs` says what they are."""
    modules = {**files, "__main__.py": MAIN.encode("ascii")}
    return archive_of({**modules, **compiled(modules, python), "INPUTS.txt": inputs.encode("utf-8")})


def inputs_text(wheels: Sequence[tuple[str, bytes]]) -> str:
    """What an application is made of, for its readers: the Python of the byte code, and each wheel with its digest."""
    lines = [f"Made of these wheels, with the byte code of Python {sys.version.split()[0]}:"]
    lines += [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(wheels)]
    return "\n".join(lines) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line, and write the file."""
    parser = argparse.ArgumentParser(description="Make safepip.pyz of wheels.", allow_abbrev=False)
    parser.add_argument("--wheels", type=Path, required=True, help="the folder of the wheels")
    parser.add_argument("--requirements", type=Path, required=True, help="their versions and digests")
    parser.add_argument("--own", type=Path, required=True, help="safepip's own wheel")
    parser.add_argument("output", type=Path)
    given = parser.parse_args(words)
    try:
        pins = read_pins(given.requirements.read_text("utf-8"))
        wheels = [*pinned_wheels(given.wheels, pins), (given.own.name, given.own.read_bytes())]
        data = make(content_of(wheels), inputs_text(wheels))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        _fail(f"safepip.pyz cannot be made: {error}")
    given.output.write_bytes(data)
    given.output.chmod(0o755)
    return 0


def _fail(problem: str) -> NoReturn:
    sys.stderr.write(f"{problem}\n")
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
