"""WHEEL files: which version of the format a wheel was made by, for which targets, and where its root goes.

The binary distribution format (PEP 427) gives the file the form of METADATA: lines `Field: value`. pip reads it as an
e-mail's header, which ends at the first line of another form; others read every line that has a colon, to the end of
the file. `Root-Is-Purelib` behind an empty line would send the same wheel to two folders. Two fields decide how a wheel
is installed, Wheel-Version and Root-Is-Purelib, so all readers have to agree about these:

1. The bytes are UTF-8, as for pip. A line ends wherever some reader ends it.
2. Each of the two is in the header, the lines before the first that is not a plain field. Up to that field, all readers
   agree where lines end, and it is not continued on the next line.
3. Wherever else in the file a line could be taken for one of them, whatever its letter case and the space around its
   name, it says the same. Some readers only strip white space around `true` or `false`: to pip `true ` is false.
4. Wheel-Version is numbers with dots, Root-Is-Purelib `true` or `false` in any case.

The other lines decide nothing, so their form does no harm: empty lines (scikit-build wrote the tags behind one, triton
2.0 its Build), fields of other names or without a name, a Tag that is not a tag. Tags and Build are taken from every
line that could be one, and there may be no such line: they are only compared with the file's name (`rules.wrong_tags`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.tags import InvalidTag, Tag, TooManyTagsError, parse_tag

from safepip.model.finding import printable
from safepip.model.wheel_names import MAX_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A field's name, as in METADATA, and its value.
_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)")
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})*")
_TAG = re.compile(r"[A-Za-z0-9_.-]+")

#: The largest WHEEL that is read, in bytes; real ones have some hundred.
_MAX_BYTES = 256 * 1024


class WheelFileError(Exception):
    """A WHEEL that is not valid, or that readers could understand differently. The message is one sentence without a
    full stop, for a terminal."""


class WheelFile(NamedTuple):
    """What a WHEEL says.

    `version` is that of the format, `(1, 0)` for all wheels there are. `root_is_purelib` says whether the files at the
    archive's root go to purelib rather than platlib. `tags` are those of all Tag lines, sets of names taken apart.
    `builds` are the build tags as written, each once.
    """

    version: tuple[int, ...]
    root_is_purelib: bool
    tags: frozenset[Tag]
    builds: tuple[str, ...] = ()


def parse_wheel_file(data: bytes) -> WheelFile:
    """Read a WHEEL. Raises `WheelFileError`."""
    if len(data) > _MAX_BYTES:
        raise WheelFileError(f"WHEEL has {len(data)} bytes; at most {_MAX_BYTES} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise WheelFileError("WHEEL is not UTF-8") from None
    lines = text.splitlines()
    fields = _fields(lines)
    plain = text.replace("\r\n", "\n").split("\n")
    version = _decided(lines, plain, fields, "Wheel-Version")
    if _VERSION.fullmatch(version) is None:
        raise WheelFileError(f"Wheel-Version is not a version: {printable(version, 60)}")
    pure = _decided(lines, plain, fields, "Root-Is-Purelib")
    if pure not in ("true", "false") or any(map(_is_padded, lines)):
        raise WheelFileError(f"Root-Is-Purelib is neither true nor false: {printable(pure, 60)}")
    builds = tuple(dict.fromkeys(filter(None, fields.get("build", ()))))
    return WheelFile(tuple(map(int, version.split("."))), pure == "true", _tags(fields.get("tag", [])), builds)


def _fields(lines: Sequence[str]) -> Mapping[str, list[str]]:
    """The values of all lines that could be taken for a field, by its name in lower case."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields


def _decided(lines: Sequence[str], plain: Sequence[str], fields: Mapping[str, list[str]], name: str) -> str:
    """The value of a field that decides, in lower case: the same to all readers, or an error. Rules 2 and 3.

    `lines` end wherever some reader ends a line, `plain` only where every reader does.
    """
    key = name.lower()
    values = {value.lower() for value in fields.get(key, ())}
    if len(values) != 1:
        raise WheelFileError(f"WHEEL has {'several different' if values else 'no'} fields {name}, instead of one")
    for number, line in enumerate(lines):
        if _FIELD.fullmatch(line) is None:
            break
        if line.partition(":")[0].lower() == key:
            continued = lines[number + 1 : number + 2]
            if plain[: number + 1] != lines[: number + 1] or (continued and continued[0].startswith((" ", "\t"))):
                break
            return values.pop()
    raise WheelFileError(f"WHEEL has the field {name} where not every reader finds it")


def _is_padded(line: str) -> bool:
    """Whether a line gives Root-Is-Purelib a value that differs for a reader that strips leading blanks only."""
    name, _, value = line.partition(":")
    return name.strip().lower() == "root-is-purelib" and value.lstrip(" \t") != value.strip()


def _tags(texts: list[str]) -> frozenset[Tag]:
    tags: set[Tag] = set()
    read = 0
    for text in dict.fromkeys(texts):
        try:
            # Sets of names, joined by dots, stand for their product (PEP 425).
            found = parse_tag(text if _TAG.fullmatch(text) else "", limit=MAX_TAGS)
        except InvalidTag:
            continue
        except TooManyTagsError:
            raise WheelFileError(f"WHEEL has a Tag that stands for too many: {printable(text, 100)}") from None
        tags |= found
        read += len(found)
        if len(tags) > MAX_TAGS or read > 10 * MAX_TAGS:
            raise WheelFileError(f"WHEEL is for more than {MAX_TAGS} tags")
    return frozenset(tags)
