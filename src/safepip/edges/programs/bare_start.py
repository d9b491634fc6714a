"""How an interpreter is started so that nothing that is installed runs: with `-S`, and this in place of `site`.

The text of this file is run before all else by each interpreter that safepip starts for itself or for pip. What an
ordinary start does to the prefix and to `sys.path` is done here as well, path lines of `.pth` files included, since pip
knows older editable projects by them. Code that it would run is not even looked at: import lines of `.pth` files,
`.start` files, `sitecustomize`, `usercustomize`. And of `sys.path` only metadata is found from here on: a top-level
module comes from the folders of the standard library, or it is one of the few that are named, each from its own folder.

Not by `-S` alone: before Python 3.14 a virtual environment does not know without `site` that it is one, so that pip
would install into its base. The rules of `pyvenv.cfg` are those of PEP 405 and of the documentation of `site`, where
also the functions stand that are called here.

It imports nothing of safepip, not even `__future__` before its finder is in force, and stays within the syntax of
Python 3.7.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any


def start(homes: "Mapping[str, Sequence[str]]", before: "Sequence[str]" = ()) -> None:
    """Make this interpreter, started with `-S`, one in which only the standard library and `homes` are found.

    `homes` are the folders, or archives, in which each further top-level name is looked for. `before` are entries for
    the head of `sys.path`, where pip is to see what is installed in them.
    """
    import os

    own = os.path.dirname(os.path.abspath(sys.executable or ""))
    # On Windows the program's folder is on the path as well, and an environment puts scripts and data there. Where a
    # `._pth` file rules (it isolates), that folder may be the only one.
    standard = [entry for entry in sys.path if sys.flags.isolated or os.path.abspath(entry) != own]
    find_only(standard, homes)
    _site()
    sys.path[:0] = [os.path.abspath(entry) for entry in before]


def find_only(standard: "Sequence[str]", homes: "Mapping[str, Sequence[str]]") -> None:
    """From here on find a top-level module in the folders of `homes` for its name, or else in those of `standard`."""
    from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

    class Only(PathFinder):
        """What is left of `sys.path` as a place to import from; distributions are found along all of it."""

        @classmethod
        def find_spec(
            cls, fullname: str, path: "Sequence[str] | None" = None, target: "Any" = None
        ) -> "ModuleSpec | None":
            """As `importlib.abc.MetaPathFinder.find_spec`. A package that was found has its modules where it says."""
            where = homes.get(fullname, standard) if path is None else path
            return PathFinder.find_spec(fullname, where, target)

    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, Only]


def virtual_environment(executable: str) -> "tuple[str | None, bool]":
    """The folder of the virtual environment that an interpreter belongs to, None where it belongs to none, and
    whether it sees the base's packages, too."""
    import os

    folder = os.path.dirname(os.path.abspath(executable))
    prefix = os.path.dirname(folder)
    # PEP 405: pyvenv.cfg stands beside the interpreter or one folder above; links are not followed to get there.
    for path in (os.path.join(folder, "pyvenv.cfg"), os.path.join(prefix, "pyvenv.cfg")):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                lines = file.read().decode("utf-8", "replace").splitlines()
            pairs = (line.partition("=") for line in lines)
            values = {key.strip().lower(): value.strip() for key, _, value in pairs}
            return prefix, values.get("include-system-site-packages", "true").lower() == "true"
    return None, True


def _site() -> None:
    """What `site.main` does to the prefix and to `sys.path`, in its order, and nothing of what it would run."""
    import os

    prefix, sees_base = virtual_environment(sys.executable or "")
    if prefix is not None:
        # sysconfig takes its folders from here when it is imported for the first time.
        sys.prefix = sys.exec_prefix = prefix
    # With -S the import of `site` does nothing beyond defining its functions (its documentation).
    import site

    base = [sys.base_prefix, sys.base_exec_prefix] if sees_base else []
    site.PREFIXES = base if prefix is None else [prefix, *base]
    site.ENABLE_USER_SITE = site.check_enableusersite() if sees_base else False
    known = set(map(os.path.normcase, sys.path))
    sys.path += [entry for entry in site_entries(prefix) if os.path.normcase(entry) not in known]


def site_entries(prefix: "str | None") -> "list[str]":
    """What `site` adds to `sys.path`, in its order. `prefix` is that of the virtual environment, if it is one."""
    return entries_in(searched(prefix))


def searched(prefix: "str | None") -> "list[str]":
    """The folders that `site` looks in, in its order, whether or not they exist."""
    import site

    user = site.getusersitepackages()
    folders = [] if prefix is None else site.getsitepackages([prefix])
    folders += [user] if site.ENABLE_USER_SITE else []
    return folders + site.getsitepackages(site.PREFIXES)


def entries_in(folders: "Iterable[str]") -> "list[str]":
    """Those of these folders that exist, each with what its path lines name."""
    import os

    entries: dict[str, str] = {}
    for folder in filter(os.path.isdir, folders):
        for entry in (os.path.abspath(folder), *path_lines(folder)):
            entries.setdefault(os.path.normcase(entry), entry)
    return list(entries.values())


def path_lines(folder: str) -> "Iterator[str]":
    """The folders that the path lines of a folder's `.pth` files name, as far as they exist."""
    import os

    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".pth") and not name.startswith("."))
    except OSError:
        return
    for name in names:
        for line in _lines(os.path.join(folder, name)):
            # `site`: comments, blank lines, and lines of code.
            if line.startswith(("#", "import ", "import\t")) or not line.strip():
                continue
            entry = os.path.abspath(os.path.join(folder, line.rstrip()))
            if os.path.exists(entry):
                yield entry


def _lines(path: str) -> "Iterable[str]":
    """The lines of a `.pth` file: UTF-8, or the encoding of the locale, which is all that older Pythons knew."""
    import os

    if not os.path.isfile(path):
        return ()
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return ()
    try:
        # Without the byte order mark that some write; the codec that drops it is a module of its own.
        text = data.decode("utf-8")[data.startswith(b"\xef\xbb\xbf") :]
    except UnicodeDecodeError:
        import locale

        text = data.decode(locale.getpreferredencoding(False), "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
