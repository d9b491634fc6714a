"""Large wheels and an index of them: `bulk.py FOLDER FILES MEGABYTES`. It is what `paired.py` has downloaded.

The files have so many megabytes together, so that downloading them outweighs all else.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import sys
import zipfile
from pathlib import Path

from world import PLACEHOLDER


def build(folder: Path, files: int, megabytes: int) -> None:
    """Write an index of as many projects, `bulk-0` and so on, with one wheel each."""
    (folder / "pages").mkdir(parents=True)
    (folder / "wheels").mkdir()
    for number in range(files):
        name = f"bulk_{number}"
        wheel, metadata = _wheel(name, megabytes * 1_000_000 // files, number)
        filename = f"{name}-1.0-py3-none-any.whl"
        (folder / "wheels" / filename).write_bytes(wheel)
        (folder / "wheels" / f"{filename}.metadata").write_bytes(metadata)
        project = name.replace("_", "-")
        page = {
            "meta": {"api-version": "1.1"},
            "name": project,
            "versions": ["1.0"],
            "files": [
                {
                    "filename": filename,
                    "url": f"{PLACEHOLDER}/packages/{filename}",
                    "hashes": {"sha256": hashlib.sha256(wheel).hexdigest()},
                    "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()},
                    "size": len(wheel),
                    "upload-time": "2024-01-01T00:00:00.000000Z",
                    "yanked": False,
                }
            ],
        }
        (folder / "pages" / f"{project}.json").write_text(json.dumps(page), encoding="utf-8")


def _wheel(name: str, size: int, seed: int) -> tuple[bytes, bytes]:
    """A wheel of one member that cannot be compressed, and its METADATA."""
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    members = [
        (f"{name}/data.bin", random.Random(seed).randbytes(size)),
        (f"{info}/METADATA", metadata),
        (f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    ]
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in members) + f"{info}/RECORD,,\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, data in [*members, (f"{info}/RECORD", record.encode())]:
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return stream.getvalue(), metadata


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
