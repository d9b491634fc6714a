"""What reading all requirements needs, and what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.requirement import Constraint, Requirement
    from safepip.requirements.disk import Disk
    from safepip.requirements.file_format import FileOption


class Reader(NamedTuple):
    """What `edges` offers. `read_file` takes an absolute path, `fetch` an http(s) URL and gives the final URL too.

    `read_file` raises OSError; `fetch` raises the errors of `safepip.model.errors`. `beside(file, path)` is `path`
    as seen from the folder of `file`.
    """

    disk: Disk
    read_file: Callable[[str], bytes]
    fetch: Callable[[str], tuple[str, bytes]]
    beside: Callable[[str, str], str]
    locale_encoding: str


class Loaded(NamedTuple):
    """Everything the user asked for, in pip's order.

    `options` are those of files for the whole run. `require_hashes` is hash-checking mode as it results
    from options and files. `script_requires_python` is the script's demand, a specifier, to be checked
    against the target unless `--ignore-requires-python`. `requires_python` are all such demands, a project's
    included. `scopes` are those of the extras and groups that are asked for, also of one that requires nothing.
    """

    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    options: tuple[FileOption, ...] = ()
    notices: tuple[str, ...] = ()
    require_hashes: bool = False
    script_requires_python: str | None = None
    requires_python: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
