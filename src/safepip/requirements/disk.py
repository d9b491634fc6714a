"""What the reading of requirements may ask about the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Disk(NamedTuple):
    """The disk, as seen from one folder.

    `absolute` gives the normalised absolute form of a path; `is_file` and `is_dir` take such a path;
    `to_url` makes a `file:` URL of it and `from_url` the reverse (`UrlError` for another machine's).
    `separators` are the characters that part a path.
    """

    absolute: Callable[[str], str]
    is_file: Callable[[str], bool]
    is_dir: Callable[[str], bool]
    to_url: Callable[[str], str]
    from_url: Callable[[str], str]
    separators: str = "/"
