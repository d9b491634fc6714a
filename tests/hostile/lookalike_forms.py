"""Look-alikes by how they are written: names, versions, the files of `.dist-info`, the archive."""

from __future__ import annotations

import hashlib

from hostile.attack import Offered, digest_of, record_of, record_rows
from hostile.lookalike import NATIVE, TAGS, VERSION, cleared, info, made, of_parts, offered
from support.wheels import escaped, metadata_text
from support.zips import DEFLATED, FOLDER, WINDOWS, Part, extra_field, parts_of, zip_of


@cleared
def epoch(name: str) -> Offered:
    """A version with an epoch."""
    return made(name, version="1!2.0")


@cleared
def local_version(name: str) -> Offered:
    """A local version, as builds for one kind of processor have it."""
    return made(name, version="1.0+cpu.1", files={})


@cleared
def build_tag(name: str) -> Offered:
    """A build tag."""
    return made(name, build="3")


@cleared
def development_version(name: str) -> Offered:
    """A version that is not in its normal form, in file name, folder and METADATA alike."""
    return made(name, version="01.0.0")


@cleared
def upper_case(name: str) -> Offered:
    """A name in capitals, as old tools wrote file and folder."""
    return _spelled("Upper_Case", "Upper-Case")


@cleared
def dotted_name(name: str) -> Offered:
    """A name with a dot in file and folder."""
    return _spelled("dotted.name", "dotted.name")


def _spelled(stem: str, name: str) -> Offered:
    folder = f"{stem}-{VERSION}.dist-info"
    members = [
        Part(f"{escaped(name)}/__init__.py", b"x = 1\n"),
        Part(f"{folder}/METADATA", metadata_text(name, VERSION).encode()),
        Part(f"{folder}/WHEEL", wheel_text("py3-none-any").encode()),
    ]
    record = record_of({str(part.name): part.content for part in members}, f"{folder}/RECORD")
    return offered(f"{stem}-{VERSION}-py3-none-any.whl", zip_of([*members, Part(f"{folder}/RECORD", record)]))


def wheel_text(*tags: str, generator: str = "bdist_wheel (0.37.1)") -> str:
    """A WHEEL file."""
    lines = ["Wheel-Version: 1.0", f"Generator: {generator}", "Root-Is-Purelib: true", *(f"Tag: {tag}" for tag in tags)]
    return "\n".join(lines) + "\n\n"


@cleared
def both_pythons(name: str) -> Offered:
    """Tags for two Pythons, each on a line of its own, by an old generator."""
    text = wheel_text("py2-none-any", "py3-none-any", generator="bdist_wheel (0.24.0)")
    return made(name, {f"{info(name)}/WHEEL": text}, tag="py2.py3-none-any")


@cleared
def several_platforms(name: str) -> Offered:
    """A compressed set of tags for several platforms."""
    mine = TAGS[0].split("-", 2)
    return made(name, {"several_platforms/_core.so": NATIVE}, tag=f"{mine[0]}-{mine[1]}-linux_s390x.{mine[2]}")


@cleared
def long_description(name: str) -> Offered:
    """METADATA whose description has lines like fields and many alphabets, and WHEEL without a line's end."""
    text = metadata_text(name, VERSION, metadata_extra="Description-Content-Type: text/markdown")
    body = "\n# \u0394\u03bf\u03ba\u03b9\u03bc\u03ae\n\nName: not-a-field\nRequires-Dist: nor-this\n\U0001f40d\n"
    wheel = wheel_text("py3-none-any", generator="poetry-core 1.9.0").rstrip()
    return made(name, {f"{info(name)}/WHEEL": wheel}, metadata=text + body)


@cleared
def record_of_windows(name: str) -> Offered:
    """RECORD with the line ends of Windows."""
    text = _record(made(name)).replace(b"\n", b"\r\n")
    return made(name, {f"{info(name)}/RECORD": text})


@cleared
def record_signed(name: str) -> Offered:
    """A signature beside RECORD, which was added later and is not listed."""
    return made(name, {f"{info(name)}/RECORD": _record(made(name)), f"{info(name)}/RECORD.jws": "{}"})


@cleared
def record_by_longer_digests(name: str) -> Offered:
    """RECORD with SHA-384 and SHA-512."""
    folder, rows = info(name), []
    for number, part in enumerate(parts_of(made(name).data)[:-1]):
        algorithm = ("sha384", "sha512")[number % 2]
        rows.append((str(part.name), digest_of(part.content, algorithm), str(len(part.content))))
    return made(name, {f"{folder}/RECORD": record_rows([*rows, (f"{folder}/RECORD", "", "")])})


@cleared
def record_without_sizes(name: str) -> Offered:
    """RECORD with digests and without sizes."""
    folder = info(name)
    rows = [(str(part.name), digest_of(part.content), "") for part in parts_of(made(name).data)[:-1]]
    return made(name, {f"{folder}/RECORD": record_rows([*rows, (f"{folder}/RECORD", "", "")])})


@cleared
def odd_file_names(name: str) -> Offered:
    """File names with commas, spaces, quotes, and letters of other alphabets."""
    names = ("a,b.txt", "with space.txt", "caf\u00e9.txt", "\u65e5\u672c.txt", "it's.txt", "a+b=c@d#e.txt", "~x.txt")
    members = [*parts_of(made(name).data)[:-1], *(Part(f"odd_file_names/{file}", b"x\n") for file in names)]
    record = record_of({str(part.name): part.content for part in members}, f"{info(name)}/RECORD")
    return of_parts(name, [*members, Part(f"{info(name)}/RECORD", record)])


@cleared
def licences_and_parts_lists(name: str) -> Offered:
    """Licences and lists of parts in the `.dist-info` folder."""
    files = ("licenses/LICENSE", "licenses/vendored/x/COPYING", "sboms/x.cdx.json")
    fields = "License-File: LICENSE\nLicense-File: vendored/x/COPYING"
    return made(name, {f"{info(name)}/{file}": "..." for file in files}, metadata_extra=fields)


@cleared
def relics(name: str) -> Offered:
    """Files that old generators left in the `.dist-info` folder."""
    texts = ("top_level.txt", "zip-safe", "namespace_packages.txt", "dependency_links.txt", "pbr.json", "metadata.json")
    return made(name, {f"{info(name)}/{file}": "\n" for file in (*texts, "DESCRIPTION.rst", "LICENSE", "AUTHORS")})


@cleared
def packed(name: str) -> Offered:
    """Members that are deflated."""
    return of_parts(name, [_deflated(part) for part in parts_of(made(name).data)])


@cleared
def packed_well(name: str) -> Offered:
    """A table of half a megabyte that packs to a thirtieth."""
    table = "".join(f"{n % 977},{n % 13},north\n" for n in range(40_000))
    return of_parts(name, [_deflated(part) for part in parts_of(made(name, {"packed_well/table.csv": table}).data)])


def _deflated(part: Part) -> Part:
    return Part(part.name, part.content, DEFLATED)


@cleared
def folders_in_the_archive(name: str) -> Offered:
    """Entries for the folders themselves, which RECORD does not list."""
    folders = (escaped(name), f"{escaped(name)}/empty", info(name))
    entries = [Part(f"{folder}/", mode=FOLDER | 0o755) for folder in folders]
    return of_parts(name, [*entries, *parts_of(made(name).data)])


@cleared
def folders_with_odd_names(name: str) -> Offered:
    """Entries for folders that no file lies in, with names that no file may have, as `auditwheel -L .` writes."""
    folders = (f"{escaped(name)}./", "./", "aux/", f"{escaped(name)}//x/", f"{escaped(name)} /")
    return of_parts(name, [*parts_of(made(name).data), *(Part(folder, mode=FOLDER | 0o755) for folder in folders)])


@cleared
def build_behind_an_empty_line(name: str) -> Offered:
    """WHEEL with a Build that was added behind the empty line at its end."""
    tags = ("manylinux2014_x86_64", "manylinux_2_17_x86_64")
    text = wheel_text(*(f"py3-none-{tag}" for tag in tags), "py3-none-any") + "Build: 1\r\n"
    return made(name, {f"{info(name)}/WHEEL": text}, build="1")


@cleared
def odd_wheel_file(name: str) -> Offered:
    """WHEEL without a tag, with lines that are no fields and one that goes on."""
    text = wheel_text() + "\nGenerator\nX-Note: a\n  folded one\nTag: none\n"
    return made(name, {f"{info(name)}/WHEEL": text})


@cleared
def library_for_every_python(name: str) -> Offered:
    """A library loaded by ctypes, built with one Python and renamed for all of them."""
    text = wheel_text("cp36-cp36m-any", generator="bdist_wheel (0.36.2)")
    return made(name, {f"{info(name)}/WHEEL": text, f"{escaped(name)}/libnative.so": NATIVE})


@cleared
def record_in_hex(name: str) -> Offered:
    """RECORD with digests in hex, as sphinx-theme-builder wrote them."""
    folder = info(name)
    found = [(str(part.name), part.content) for part in parts_of(made(name).data)[:-1]]
    rows = [(path, f"sha256={hashlib.sha256(data).hexdigest()}", str(len(data))) for path, data in found]
    return made(name, {f"{folder}/RECORD": record_rows([*rows, (f"{folder}/RECORD", "", "")])})


@cleared
def executable_files(name: str) -> Offered:
    """Members with the executable bit."""
    found = parts_of(made(name, {"executable_files/run.sh": "#!/bin/sh\n", "executable_files/tool": NATIVE}).data)
    return of_parts(name, [Part(part.name, part.content, mode=0o100755) for part in found])


@cleared
def made_on_windows(name: str) -> Offered:
    """An archive made on Windows: no modes, only the mark of a file."""
    found = parts_of(made(name).data)
    return of_parts(name, [Part(part.name, part.content, system=WINDOWS, attributes=0x20) for part in found])


@cleared
def without_attributes(name: str) -> Offered:
    """An archive whose tool sets no attributes at all."""
    return of_parts(name, [Part(part.name, part.content, attributes=0) for part in parts_of(made(name).data)])


@cleared
def times_in_extra_fields(name: str) -> Offered:
    """Members with the time in an extra field, as Info-ZIP writes it."""
    stamp = extra_field(0x5455, b"\x01\x00\x00\x00\x00")
    return of_parts(name, [Part(part.name, part.content, extra=stamp) for part in parts_of(made(name).data)])


@cleared
def record_in_front(name: str) -> Offered:
    """The `.dist-info` folder comes first in the archive."""
    return of_parts(name, list(reversed(parts_of(made(name).data))))


def _record(wheel: Offered) -> bytes:
    return next(part.content for part in parts_of(wheel.data) if str(part.name).endswith("/RECORD"))
