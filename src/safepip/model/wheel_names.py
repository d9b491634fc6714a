"""The names of wheel files, read within bounds.

A name says for which tags its wheel is, as three sets of names that stand for their product (PEP 425): one of 250
characters can stand for 70,000 tags, and a page lists 200,000 names. No file system in use takes a name of more than
255 characters, and real wheels are for some dozens of tags. A name beyond these bounds is not the name of a wheel.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version

#: No file system in use takes a longer name, so no such file can be installed; reading one could take for ever.
LONGEST_NAME = 255

#: How many tags a wheel may be for.
MAX_TAGS = 500


def read_wheel_name(filename: str) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
    """The project, version, build tag and tags of a wheel. Raises `packaging.utils.InvalidWheelFilename`."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    if len(filename) > LONGEST_NAME:
        raise InvalidWheelFilename(f"Invalid wheel filename (longer than {LONGEST_NAME} characters): {filename[:80]!r}")
    if _tags(filename) > MAX_TAGS:
        raise InvalidWheelFilename(f"Invalid wheel filename (for more than {MAX_TAGS} tags): {filename!r}")
    return parse_wheel_filename(filename)


def has_endless_name(paths: str) -> bool:
    """Whether in a path with `/`, or in one of several lines of them, a name is longer than any file's."""
    return len(paths) > LONGEST_NAME and max(map(len, paths.replace("\n", "/").split("/"))) > LONGEST_NAME


def is_bounded(filename: str) -> bool:
    """Whether a name can be read quickly; it may still not be the name of a wheel."""
    return len(filename) <= LONGEST_NAME and _tags(filename) <= MAX_TAGS


def _tags(filename: str) -> int:
    """For how many tags a wheel of this name is."""
    return prod(names.count(".") + 1 for names in filename.removesuffix(".whl").split("-")[-3:])
