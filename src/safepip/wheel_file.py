"""WHEEL files: by which version of the format a wheel is made, for which targets, and where its root goes.

The binary distribution format (PEP 427) gives the file the form of METADATA: lines `Field: value`. pip reads it as an
e-mail's header, which ends at the first line of another form; others read every line that has a colon, to the end of
the file. `Root-Is-Purelib` behind an empty line would send the same wheel to two folders. So the rules here are
those in which all readings agree; none of 1,281 real wheels breaks them:

1. The bytes are UTF-8. Lines end at LF or CR LF, and nothing else in the file ends a line for anybody.
2. Every line is a field, none is continued on the next one; empty lines stand at the end only. But all Tag lines,
   and nothing else, may stand behind an empty line, where readers of a header find none rather than others:
   scikit-build once wrote it so (ninja 1.11.1).
3. Field names have no case. Wheel-Version and Root-Is-Purelib stand exactly once, Build at most once.
4. Wheel-Version is numbers with dots, Root-Is-Purelib `true` or `false` in any case; there is a Tag, and every
   Tag is three sets of names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.tags import InvalidTag, Tag, TooManyTagsError, parse_tag

from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A field's name, as in METADATA, and its value.
_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)")
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})*")
_TAG = re.compile(r"[A-Za-z0-9_.-]+")

#: How many tags a wheel may be for; real ones have some dozens. Each Tag line may stand for the product of three sets.
MAX_TAGS = 500

#: The largest WHEEL that is read, in bytes; real ones have some hundred.
_MAX_BYTES = 256 * 1024


class WheelFileError(Exception):
    """A WHEEL that cannot be read in one way. The message is one sentence without a full stop, for a terminal."""


class WheelFile(NamedTuple):
    """What a WHEEL says.

    `version` is that of the format, `(1, 0)` for all wheels there are. `root_is_purelib` tells whether the files at
    the archive's root go to purelib rather than platlib. `tags` are those of all Tag lines, sets of names taken
    apart. `build` is the build tag as written, empty where there is none.
    """

    version: tuple[int, ...]
    root_is_purelib: bool
    tags: frozenset[Tag]
    build: str = ""


def parse_wheel_file(data: bytes) -> WheelFile:
    """Read a WHEEL. Raises `WheelFileError`."""
    fields = _fields(data)
    version = _only(fields, "wheel-version")
    if _VERSION.fullmatch(version) is None:
        raise WheelFileError(f"Wheel-Version is not a version: {printable(version, 60)}")
    pure = _only(fields, "root-is-purelib").lower()
    if pure not in ("true", "false"):
        raise WheelFileError(f"Root-Is-Purelib is neither true nor false: {printable(pure, 60)}")
    build = _only(fields, "build") if "build" in fields else ""
    return WheelFile(tuple(map(int, version.split("."))), pure == "true", _tags(fields.get("tag", [])), build)


def _fields(data: bytes) -> Mapping[str, list[str]]:
    """The values of every field in order, by its name in lower case."""
    if len(data) > _MAX_BYTES:
        raise WheelFileError(f"WHEEL has {len(data)} bytes; at most {_MAX_BYTES} are read")
    try:
        text = data.decode("utf-8").replace("\r\n", "\n").rstrip("\n")
    except UnicodeDecodeError:
        raise WheelFileError("WHEEL is not UTF-8") from None
    lines = text.split("\n")
    if text.splitlines() != lines:
        raise WheelFileError("WHEEL is empty or holds a character that ends a line for some readers only")
    fields: dict[str, list[str]] = {}
    header_ended = False
    for line in lines:
        if not line and fields and "tag" not in fields:
            header_ended = True
            continue
        field = _FIELD.fullmatch(line)
        if field is None or (header_ended and field[1].lower() != "tag"):
            raise WheelFileError(f"WHEEL has a line that is no field: {printable('' if field else line, 100)!r}")
        fields.setdefault(field[1].lower(), []).append(field[2].strip())
    return fields


def _only(fields: Mapping[str, list[str]], name: str) -> str:
    values = fields.get(name, [])
    if len(values) != 1:
        raise WheelFileError(f"WHEEL has {len(values) or 'no'} fields {name.title()}, where one belongs")
    return values[0]


def _tags(texts: list[str]) -> frozenset[Tag]:
    tags: set[Tag] = set()
    for text in texts:
        try:
            # Sets of names, joined by dots, stand for their product (PEP 425).
            tags |= parse_tag(text if _TAG.fullmatch(text) else "", limit=MAX_TAGS)
        except (InvalidTag, TooManyTagsError):
            raise WheelFileError(f"WHEEL has a Tag that is none: {printable(text, 100)}") from None
        if len(tags) > MAX_TAGS:
            raise WheelFileError(f"WHEEL is for more than {MAX_TAGS} tags")
    if not tags:
        raise WheelFileError("WHEEL has no Tag")
    return frozenset(tags)
