"""The texts of a wheel's `.dist-info` folder as pip reads them: through the `email` package. The rules judge by this.

`safepip.wheel.metadata` serves the search, which reads many files of which most are of no use, and reads them faster.
The rules must not rely on two readers being one: they take pip's, and `rules.metadata_mismatch` refuses a wheel of
which the search has read something else. What pip 26.3 does (`pip._internal.metadata`, `pip._internal.utils.wheel`):

1. METADATA and WHEEL are UTF-8, strictly, without regard to a byte order mark, and go to `email.parser` with its oldest
   policy. Out of a wheel the lines come as they are; out of a side file or an environment every line end is LF first,
   which changes nothing but the white space within a folded field.
2. `importlib.metadata` indents the lines of a folded field of METADATA by what they share.
3. METADATA without any Requires-Dist gets the requirements of a file `requires.txt` beside it, as an `.egg-info`
   folder has one; METADATA without any Provides-Extra gets the names of its sections.

Only the header goes to the parser here, up to the first empty line: it ends there at the latest, and comes before all
else. A header of more than `MAX_LINES` lines is not read, since each line takes the parser some microseconds, nor one
that makes of the description several messages, which pip reads one within the other.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from safepip.model.names import normalise
from safepip.wheel.metadata import MetadataError, core_metadata, decoded, split_headers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message

    from safepip.model.resolution import CoreMetadata
    from safepip.model.wheel import WheelContent

#: The most lines of a header. The largest real ones have some thousands, those of a folded licence included.
MAX_LINES = 100_000

#: The end of a line and an empty line, by any of the three ends that a line may have.
_EMPTY_LINE = re.compile(r"(?:\A|\r\n|\r(?!\n)|\n)(?:\r\n|\r(?!\n)|\n)")


def metadata_in(content: WheelContent) -> CoreMetadata:
    """What pip reads of a wheel's metadata. Raises `MetadataError`."""
    wanted = f"{content.dist_info}/requires.txt".casefold()
    # Where the disk ignores case, a file of the name in other letters is read too.
    beside = next((text for path, text in content.texts.items() if path.casefold() == wanted), b"")
    return _read(content.info("METADATA") or b"", beside)


def with_requirements_beside(data: bytes, beside: bytes) -> bytes:
    """The metadata of an installed distribution with what pip takes from the `requires.txt` beside it, where the
    metadata itself does not say: an `.egg-info` has its requirements there. Raises `MetadataError`."""
    names = {name for name, _ in split_headers(decoded(data, "the metadata"))[0]}
    entries = _entries(decoded(beside, "requires.txt"))
    fields = _added(names, entries)
    return "".join(f"{name}: {value}\n" for name, value in fields).encode() + data if fields else data


# The rules are asked about one wheel after another, and several of them want to know.
@lru_cache(maxsize=2)
def _read(data: bytes, beside: bytes) -> CoreMetadata:
    fields = [*metadata_fields(data)]
    names = {name for name, _ in fields}
    entries = _entries(decoded(beside, "requires.txt")) if beside else []
    return core_metadata([*fields, *_added(names, entries)], data, verified=True)


def _added(names: set[str], entries: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields that a `requires.txt` adds to metadata with fields of these names."""
    added = []
    if "requires-dist" not in names:
        added += [("requires-dist", entry) for _, entry in entries if entry]
    if "provides-extra" not in names:
        added += [("provides-extra", extra) for extra in dict.fromkeys(extra for extra, _ in entries) if extra]
    return added


@lru_cache(maxsize=2)
def metadata_fields(data: bytes) -> tuple[tuple[str, str], ...]:
    """The fields of a METADATA in order, with names in lower case. Raises `MetadataError`."""
    return tuple((name, _indented(value)) for name, value in header_fields(data, "the metadata"))


def header_fields(data: bytes, name: str) -> list[tuple[str, str]]:
    """The header of METADATA or WHEEL, names in lower case, values as they are written. Raises `MetadataError`.

    `name` is what messages call the file.
    """
    from email.parser import HeaderParser

    text = decoded(data, name)
    end = _EMPTY_LINE.search(text)
    head = text[: end.end()] if end else text
    lines = head.count("\n") + head.count("\r") - head.count("\r\n")
    if lines > MAX_LINES:
        raise MetadataError(f"the header of {name} has {lines} lines; at most {MAX_LINES} are read")
    message: Message[str, str] = HeaderParser().parsestr(head)
    if message.get_content_maintype() in ("multipart", "message"):
        raise MetadataError(f"{name} says that it is a message of several parts")
    return [(key.lower(), value) for key, value in message.raw_items()]


def _indented(value: str) -> str:
    from textwrap import dedent

    return dedent(" " * 8 + value) if "\n" in value else value


def _entries(text: str) -> list[tuple[str, str]]:
    """The extra and the requirement of each line of a `requires.txt`; lines before any section have no extra.

    A section is named `extra`, `extra:marker` or `:marker`.
    """
    entries: list[tuple[str, str]] = []
    extra = condition = ""
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            name, _, marker = line.strip("[]").partition(":")
            extra = normalise(name)
            both = [f"({marker})" if extra else marker] if marker else []
            condition = " and ".join([*both, *([f'extra == "{extra}"'] if extra else [])])
            continue
        entries.append((extra, f"{line} ; {condition}" if condition else line))
    return entries
