"""What a look-alike is: a wheel that is in order and looks a little like an attack, as real projects publish them.

Each is a function whose docstring says what is unusual about it; its name, with `-`, is the project's. All of
them can be installed in one run. They are the other half of the corpus: a rule that refuses one of them is too strict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.tags import sys_tags

from hostile.attack import Offered
from support.wheels import build_wheel, escaped
from support.zips import Part, parts_of, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class LookAlike(NamedTuple):
    """One wheel that has to be cleared; `sentence` says why somebody might not."""

    project: str
    sentence: str
    make: Callable[[], Offered]


LOOK_ALIKES: dict[str, LookAlike] = {}
VERSION = "1.0"
#: What a native library begins with.
NATIVE = b"\x7fELF\x02\x01\x01" + bytes(57)
#: The wheel tags of this Python, the most special first.
TAGS = [str(tag) for tag in sys_tags()]


def cleared(make: Callable[[str], Offered]) -> Callable[[str], Offered]:
    """Enters a look-alike; the function is given its project's name."""
    name = make.__name__.replace("_", "-")
    sentence = " ".join((make.__doc__ or "").split())
    LOOK_ALIKES[name] = LookAlike(name, sentence, lambda: make(name))
    return make


def made(name: str, files: Mapping[str, str | bytes] | None = None, version: str = VERSION, **changes: Any) -> Offered:
    """A wheel of this project with these files; its sidecar is its METADATA."""
    return offered(*build_wheel(name, version, files=files, **changes))


def offered(filename: str, data: bytes) -> Offered:
    """A wheel whose sidecar is its METADATA."""
    found = next(part for part in parts_of(data) if str(part.name).endswith(".dist-info/METADATA"))
    return Offered(filename, data, found.content)


def of_parts(name: str, parts: list[Part], **archive: Any) -> Offered:
    """A wheel of these members."""
    return offered(f"{escaped(name)}-{VERSION}-py3-none-any.whl", zip_of(parts, **archive))


def info(name: str) -> str:
    """The `.dist-info` folder of a project."""
    return f"{escaped(name)}-{VERSION}.dist-info"


def data_folder(name: str) -> str:
    """The `.data` folder of a project."""
    return f"{escaped(name)}-{VERSION}.data"
