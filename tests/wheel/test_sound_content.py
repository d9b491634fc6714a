"""Of a wheel that an earlier run has read to the end, only what is compared after pip is not unpacked again."""

from __future__ import annotations

import base64
import hashlib
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from safepip.wheel.zip_format import ArchiveError
from safepip.wheel.zip_walk import WINDOW_BYTES
from support.clearing import content_of, wheel_under_review
from support.wheels import build_wheel
from support.zips import DEFLATED, FOLDER, Part, changed, parts_of, zip_of

if TYPE_CHECKING:
    from safepip.model.wheel import WheelContent

INFO = "acme-1.0.dist-info"
NAMESPACE = b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
FILES: dict[str, str | bytes] = {
    "acme/core.py": "VALUE = 1\n" * 400,
    "acme/data.bin": random.Random(3).randbytes(3 * WINDOW_BYTES),
    "acme/large/__init__.py": "# much\nVALUE = 1\n" * 1000,
    "acme/shared/__init__.py": NAMESPACE,
    "acme/__pycache__/core.cpython-311.pyc": b"\0" * 40,
    "acme/old.pyc": b"\0" * 40,
    "acme-1.0.data/scripts/acme-run": "#!python\nprint(1)\n",
    "acme-1.0.data/data/share/acme.txt": "text\n" * 100,
    f"{INFO}/licenses/LICENSE": "free\n" * 100,
    "acme_hook.pth": "acme\n",
}
FILENAME, WHEEL = build_wheel("acme", "1.0", files=FILES, scripts={"acme": "acme:main"})
PARTS = [replace(part, method=DEFLATED) for part in parts_of(WHEEL)]
CONTENTS = {str(part.name): part.content for part in PARTS}
#: What is compared with its row once it is installed.
COMPARED = [
    *("acme/core.py", "acme/data.bin", "acme/large/__init__.py", "acme-1.0.data/data/share/acme.txt"),
    f"{INFO}/licenses/LICENSE",
]
OTHERS = sorted({str(part.name) for part in PARTS} - set(COMPARED))


def read(parts: list[Part], *, sound: bool = True) -> WheelContent:
    """The content of the archive of these parts. Raises `ArchiveError`."""
    return content_of(FILENAME, zip_of(parts), sound=sound)


def garbled(name: str) -> list[Part]:
    """The wheel with something that cannot be unpacked in the place of one file's packed content."""
    return changed(PARTS, name, packed=b"\xff" * 40)


@pytest.mark.parametrize("folders", [(), ("acme/",)])
def test_the_content_is_the_same(folders: tuple[str, ...]) -> None:
    """Every entry, text and folder, in the same order."""
    parts = [*(Part(folder, mode=FOLDER | 0o755, attributes=FOLDER << 16 | 0x10) for folder in folders), *PARTS]
    assert read(parts) == read(parts, sound=False)
    assert read(parts[::-1]) == read(parts[::-1], sound=False)
    assert wheel_under_review(FILENAME, zip_of(parts)).content == read(parts)


@pytest.mark.parametrize("name", COMPARED)
def test_what_is_compared_later_is_not_unpacked(name: str) -> None:
    """Else nothing would be gained: what cannot be unpacked is found by those who unpack it."""
    expected = hashlib.sha256(CONTENTS[name]).digest()
    assert read(garbled(name)).entries[name].digest == expected
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        read(garbled(name), sound=False)


@pytest.mark.parametrize("name", OTHERS)
def test_all_else_is_unpacked(name: str) -> None:
    """Texts that rules read, what may declare a namespace, byte code, and scripts."""
    assert {f"{INFO}/RECORD", "acme/__init__.py", "acme/old.pyc", "acme_hook.pth"} <= set(OTHERS)
    with pytest.raises(ArchiveError):
        read(garbled(name))


def with_row(parts: list[Part], row: str) -> list[Part]:
    """The wheel whose RECORD has this row about `acme/core.py`; `{}` stands for its digest."""
    name = "acme/core.py"
    lines = CONTENTS[f"{INFO}/RECORD"].decode().splitlines()
    own = [row.replace("{}", in_record(hashlib.sha256(CONTENTS[name]).digest()))] if row else []
    text = "\n".join([*(line for line in lines if not line.startswith(f"{name},")), *own, ""]).encode()
    return changed(parts, f"{INFO}/RECORD", content=text)


def in_record(digest: bytes) -> str:
    """A digest as RECORD has it."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "row",
    [
        "acme/core.py,,",
        "acme/core.py,md5=x,4000",
        "acme/core.py,sha256=x,4000",
        "acme/core.py,sha256=YWJj,4000",
        "acme/core.py,sha256={},3999",
        '"',
        "",
    ],
)
def test_a_file_without_a_row_that_proves_it_is_unpacked(row: str) -> None:
    """A row without a strong digest, one with another size, a RECORD that cannot be read, and no row at all."""
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        read(with_row(garbled("acme/core.py"), row))


def test_a_row_without_a_size_is_one_that_proves_it() -> None:
    """The size is optional there."""
    content = read(with_row(garbled("acme/core.py"), "acme/core.py,sha256={},"))
    assert content.entries["acme/core.py"].size == len(CONTENTS["acme/core.py"])


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_the_rows_algorithm_is_the_entrys(algorithm: str) -> None:
    """Which is read from RECORD in both ways of reading."""
    data = CONTENTS["acme/core.py"]
    digest = in_record(hashlib.new(algorithm, data).digest())
    parts = with_row(PARTS, f"acme/core.py,{algorithm}={digest},{len(data)}")
    assert read(parts) == read(parts, sound=False)
    assert read(parts).entries["acme/core.py"].algorithm == algorithm
