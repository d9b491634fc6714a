"""Makes wheels and source archives for tests: valid, small, and the same bytes on every call.

`build_wheel` gives the file name and the bytes, for an index in memory; `make_wheel` writes them to a
folder. A wheel holds one module (`<name>/__init__.py` with `__version__`) unless `module=False`, the
`files` that were asked for, and a `.dist-info` with METADATA, WHEEL, RECORD and, for `scripts`,
`entry_points.txt`. `files` are laid over all of them, so a test can replace any member, RECORD too.
Only the standard library is used, and nothing is compressed, because tests make many of these.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def normalise(name: str) -> str:
    """The normalised form of a project name, PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def escaped(name: str) -> str:
    """A project name as it stands in a file name: normalised, with `_` for `-`."""
    return normalise(name).replace("-", "_")


def metadata_text(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    requires_python: str | None = None,
    metadata_extra: str = "",
) -> str:
    """A METADATA file. `extras` maps an extra to its requirements; `metadata_extra` is more header lines, verbatim."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Summary: {name} for tests"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, requirements in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_with_marker(item, extra)}" for item in requirements]
    if metadata_extra:
        lines.append(metadata_extra.rstrip("\n"))
    return "\n".join(lines) + "\n"


def _with_marker(requirement: str, extra: str) -> str:
    condition = f"extra == '{extra}'"
    head, separator, marker = requirement.partition(";")
    return f"{head.strip()}; ({marker.strip()}) and {condition}" if separator else f"{head.strip()}; {condition}"


def build_wheel(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    requires_python: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    metadata_extra: str = "",
    scripts: Mapping[str, str] | None = None,
    module: bool = True,
    metadata: str | bytes | None = None,
) -> tuple[str, bytes]:
    """A wheel's file name and bytes.

    `scripts` maps a console script's name to its `module:function`. `build` is a build tag such as `1`.
    `metadata` replaces the whole METADATA file. `tag` is written as in the file name (`py3-none-any`).
    """
    stem = f"{escaped(name)}-{version.replace('-', '_')}"
    info = f"{stem}.dist-info"
    members: dict[str, str | bytes] = {}
    if module:
        members[f"{escaped(name)}/__init__.py"] = f"__version__ = {version!r}\n"
    members[f"{info}/METADATA"] = (
        metadata
        if metadata is not None
        else metadata_text(
            name,
            version,
            requires=requires,
            extras=extras,
            requires_python=requires_python,
            metadata_extra=metadata_extra,
        )
    )
    members[f"{info}/WHEEL"] = _wheel_text(tag, build)
    if scripts:
        rows = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{rows}"
    members.update(files or {})
    encoded = {path: _bytes(content) for path, content in members.items()}
    encoded.setdefault(f"{info}/RECORD", record_text(encoded, f"{info}/RECORD").encode())
    filename = "-".join(filter(None, (stem, build, tag))) + ".whl"
    return filename, zip_bytes(encoded)


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    requires_python: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    metadata_extra: str = "",
    scripts: Mapping[str, str] | None = None,
    module: bool = True,
    metadata: str | bytes | None = None,
) -> Path:
    """Write the wheel that `build_wheel` makes into `folder`, which is created, and return its path."""
    filename, data = build_wheel(
        name,
        version,
        requires=requires,
        extras=extras,
        requires_python=requires_python,
        files=files,
        tag=tag,
        build=build,
        metadata_extra=metadata_extra,
        scripts=scripts,
        module=module,
        metadata=metadata,
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / filename
    path.write_bytes(data)
    return path


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """A zip archive of `members`, stored, with one fixed time for all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def record_text(members: Mapping[str, bytes], record: str) -> str:
    """A RECORD for `members`, with the row of RECORD itself last and without a digest."""
    rows = [f"{_field(path)},{_record_digest(content)},{len(content)}" for path, content in members.items()]
    return "\n".join([*rows, f"{record},,"]) + "\n"


def build_sdist(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
) -> tuple[str, bytes]:
    """A source archive's file name and bytes. Its backend is not installable, so nothing can run by accident."""
    stem = f"{escaped(name)}-{version}"
    members: dict[str, str | bytes] = {
        "PKG-INFO": metadata_text(name, version, requires=requires, requires_python=requires_python),
        "pyproject.toml": '[build-system]\nrequires = ["no-such-backend"]\nbuild-backend = "no_such_backend"\n',
        f"{escaped(name)}/__init__.py": f"__version__ = {version!r}\n",
        **(files or {}),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in members.items():
            entry = tarfile.TarInfo(f"{stem}/{path}")
            data = _bytes(content)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return f"{stem}.tar.gz", gzip.compress(buffer.getvalue(), mtime=0)


def make_sdist(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Write the source archive that `build_sdist` makes into `folder` and return its path."""
    filename, data = build_sdist(name, version, requires=requires, requires_python=requires_python, files=files)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / filename
    path.write_bytes(data)
    return path


def sha256(data: bytes) -> str:
    """The hexadecimal sha256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def _wheel_text(tag: str, build: str) -> str:
    pythons, abis, platforms = tag.split("-")
    pure = "true" if abis == "none" and platforms == "any" else "false"
    lines = ["Wheel-Version: 1.0", "Generator: safepip-tests", f"Root-Is-Purelib: {pure}"]
    for python in pythons.split("."):
        for abi in abis.split("."):
            lines += [f"Tag: {python}-{abi}-{platform}" for platform in platforms.split(".")]
    if build:
        lines.append(f"Build: {build}")
    return "\n".join(lines) + "\n"


def _field(text: str) -> str:
    """A field of a CSV row, quoted where it must be."""
    return '"{}"'.format(text.replace('"', '""')) if '"' in text or "," in text else text


def _record_digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
