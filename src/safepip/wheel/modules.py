"""Which files Python imports as modules, and which of two it takes (`importlib.machinery.FileFinder`).

1. A name `spam` stands for the package `spam/__init__.*` or the module `spam.*`; with both in one folder the package
   wins.
2. Of several files for one of these the extension module (`.so`, `.pyd`, with the tag of an ABI or without) wins over
   source (`.py`, on Windows `.pyw`), and source over byte code that lies beside it (`.pyc`).
3. A folder without `__init__.*` is a portion of a namespace package, and gives way to any other module on the path.
4. Byte code in `__pycache__` is not a module of its own: see `safepip.wheel.byte_code`.

Which extension modules a Python can load depends on its ABI; here every one counts as if it could.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.wheel.install_paths import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_RANKS = {"so": 0, "pyd": 0, "py": 1, "pyw": 1, "pyc": 2}
_ENDINGS = tuple(f".{ending}" for ending in _RANKS)
_EXTENSION = 0


class Module(NamedTuple):
    """What a file is to an import. `place` is its path without ending, for a package (`__init__.*`) the folder's path.

    `rank` is smaller for the kinds of file that Python prefers; two extension modules have the same rank.
    """

    place: str
    package: bool
    rank: int

    @property
    def name(self) -> str:
        """The last part of the dotted name."""
        return self.place.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder in which an import looks for it."""
        return self.place.rpartition("/")[0]

    @property
    def ends_namespaces(self) -> bool:
        """Whether it is imported in place of a folder of its name without `__init__`, of which then nothing can be
        imported.

        A package made of source may extend its path over the folders of others; an extension module never does.
        """
        return not self.package or self.rank == _EXTENSION

    @property
    def preference(self) -> tuple[bool, int]:
        """A sort key: smallest for the file that Python takes, among those of one place."""
        return not self.package, self.rank

    def may_hide(self, other: Module) -> bool:
        """Whether Python may import it in place of another one of the same place."""
        return self.preference <= other.preference


#: No folder that Python imports from is deeper, and no deeper one is added (`startup-hook`). In parts of its path.
DEEPEST_FOLDER = 64


def tops_in(parts: Sequence[str], names: Collection[str], tops: Collection[str]) -> Iterator[int]:
    """Where in a path one of these names lies directly in a folder of these keys, by the number of its part.

    A path may have thirty thousand parts that are all names; only a bounded number of them is looked at.
    """
    for number, part in enumerate(parts[:DEEPEST_FOLDER]):
        if part in names and key_of("/".join(parts[:number])) in tops:
            yield number


def module_at(path: str) -> Module | None:
    """The module that a file at this path (with `/`) is; None where it is not a module."""
    if not path.endswith(_ENDINGS):
        return None
    folder, _, name = path.rpartition("/")
    stem, _, ending = name.rpartition(".")
    rank = _RANKS[ending]
    if rank == _EXTENSION:
        # The tag of an ABI stands between the name and the ending: spam.cpython-311-x86_64-linux-gnu.so, spam.abi3.so.
        stem = stem.partition(".")[0]
    elif "." in stem:
        return None
    if not stem or folder.endswith("/__pycache__"):
        return None
    package = stem == "__init__"
    return Module(folder if package else f"{folder}/{stem}", package, rank)
