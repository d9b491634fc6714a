"""Remembers, in the cache folder, what another interpreter has said of itself (`safepip.edges.programs.probe`).

    <root>/interpreters-2/<24 digits of its path>/<64 digits of the question>       a digest, and JSON in the next line

To start an interpreter and have it answer takes as long as all the rest of a run that has nothing to do. Its answer is
the same as long as these are: the question, which the name of the file is made of (the interpreter's path, the
restriction and the folders asked about, every variable of the environment but those of the shell's own, the system,
the user, and the safepip that asks), and each file that the answer is made of. The interpreter names these
(`made_of`): its program, the libraries that it has in its memory, its modules, the folders in which it looks for
modules, and the files that would change it if they were there, such as `pyvenv.cfg`. Of each its device, inode, size
and times have to be the same.

1. What is installed is never remembered, and neither is what follows from it: which of the folders exist, which folders
   path lines name, and whether they can be written to are looked up anew.
2. What cannot be known to stay the same is not remembered: a file that has changed within the last seconds (it could
   change once more in the same instant), a program that another one has started (pyenv's stand-ins), one whose prefix
   is not the folder above its own, libraries that a variable names, a home folder that none names, and all of it where
   the system does not say which files a process has in its memory: everywhere but on Linux.
3. A folder that others may write to is not used (`safepip.edges.disk.cache_folder`). Whoever can write to it as this
   user can forge an answer, as any cached page. So before anything is changed the interpreter is asked once more, and
   has to say the same (`interpreter.confirm`).
4. An answer that is damaged, or cannot be read, is none.
5. Neither is one with a folder that is not below the environment's, that of the Python it was made from (PEP 405), or
   the user's base: another environment's distributions would be taken for this one's.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.edges.disk.cache_folder import Use, use_of
from safepip.edges.disk.reading import read_regular
from safepip.edges.programs.bare_start import entries_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FORM = 2

#: Nanoseconds for which a file must not have changed: more than the coarsest clock of a file system in use has.
_SETTLED = 2_000_000_000

#: A hundred paths, a thousand tags, and three hundred names of modules take 70 kB.
_LARGEST = 4 << 20

#: How many answers are kept of one interpreter, the newest: each environment of variables has its own.
_MOST = 8

#: Seconds after which an interpreter's folder goes in which nothing was kept meanwhile: 30 days.
_LONGEST_UNUSED = 30 * 24 * 3600

#: What a shell says of itself, and no Python reads.
_OF_THE_SHELL = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})

#: What is looked up anew (rule 1).
_NOT_KEPT = ("path", "site_folders", "writable", "made_of")

#: What reading an entry of another form, or one that was made by hand, may raise.
_DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Remembered(NamedTuple):
    """The facts, as `probe.facts` gives them, and those of them that come out of the memory (`kept_of`)."""

    facts: dict[str, Any]
    kept: dict[str, Any]


class InterpreterMemory:
    """What one interpreter has answered to one question, in the cache folder `root`.

    `environ` is the environment that it would be started in.
    """

    def __init__(self, root: str, python: str, question: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self._root = root
        self._python = os.path.abspath(python)
        self._user_base = environ.get("PYTHONUSERBASE") or os.path.join(environ.get("HOME", ""), ".local")
        self._named = [place for place in question["places"].values() if place]
        self.path = _place(root, self._python, question, environ)
        """The file of the answer, empty where none can be remembered."""

    def recall(self) -> Remembered | None:
        """What is known; None where nothing is."""
        if not self.path:
            return None
        import json

        try:
            data = read_regular(self.path, _LARGEST)
            if use_of(self._root)[0] is Use.NOT_AT_ALL:
                return None
            digest, _, text = data.partition(b"\n")
            entry = json.loads(text) if digest == _digest(text).encode("ascii") else {}
            facts: dict[str, Any] = entry["facts"]
            if not all(_identity(file) == seen for file, seen in entry["files"].items()):
                return None
            if not self._is_its_own(facts, entry["program"]):
                return None
            return Remembered(_completed(facts), facts)
        except _DAMAGE:
            return None

    def remember(self, facts: Mapping[str, Any], began: int) -> None:
        """Keep what was just answered; `began` is when it was asked, in nanoseconds since the epoch.

        A cache that cannot be written makes a run slower; it does not fail.
        """
        made_of = facts.get("made_of")
        if not self.path or not made_of:
            return
        try:
            files = {file: _identity(file) for file in (*made_of["loaded"], *made_of["looked_for"])}
            known = all(files[file] is not None for file in made_of["loaded"])
            settled = all(seen is None or seen[-1] < began - _SETTLED for seen in files.values())
            if known and settled and self._is_its_own(facts, made_of["program"]):
                self._write({"files": files, "program": made_of["program"], "facts": kept_of(facts)})
        except _DAMAGE:
            return

    def _is_its_own(self, facts: Mapping[str, Any], program: str) -> bool:
        """Whether it is the program of this path that has answered, for the environment of the path (rules 2, 5)."""
        prefix = os.path.dirname(os.path.dirname(self._python))
        if (facts["executable"], facts["prefix"]) != (self._python, prefix):
            return False
        return os.path.samefile(program, self._python) and self._is_within(facts, prefix)

    def _is_within(self, facts: Mapping[str, Any], prefix: str) -> bool:
        """Whether every folder is one of the environment, of its base, or of the user (rule 5)."""
        base = facts["base_prefix"]
        if base != prefix and not os.path.samefile(base, os.path.dirname(_home(prefix))):
            return False
        own = [prefix, base, self._user_base]
        users = [*(facts["user_schemes"] or {}).values(), *filter(None, [facts["user_site"]])]
        ours = [*facts["standard"], *facts["searched"], *facts["site_packages"], *facts["schemes"].values(), *users]
        theirs = [*(facts["named_schemes"] or {}).values(), *facts["libraries"]]
        return all(_is_below(folder, own) for folder in ours) and all(
            _is_below(folder, [*own, *self._named]) for folder in theirs
        )

    def _write(self, entry: Mapping[str, Any]) -> None:
        """Put the entry in its place in one step, and take away the oldest of its kind."""
        import json

        from safepip.edges.disk.private_files import write_private_file

        if use_of(self._root)[0] is not Use.WRITTEN:
            return
        folder = os.path.dirname(self.path)
        text = json.dumps(entry, separators=(",", ":")).encode("ascii")
        write_private_file(self.path, _digest(text).encode("ascii") + b"\n" + text)
        entries = sorted(os.scandir(folder), key=lambda it: it.stat().st_mtime_ns, reverse=True)
        for old in entries[_MOST:]:
            os.unlink(old.path)
        with contextlib.suppress(OSError):
            _remove_forgotten(os.path.dirname(folder), time.time() - _LONGEST_UNUSED)


def says_the_same(facts: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Whether an answer is what is remembered: as text, since for Python 1, 1.0 and true are equal."""
    import json

    one, other = (json.dumps(each, sort_keys=True) for each in (kept_of(facts), kept))
    return one == other


def kept_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered of an answer."""
    return {name: value for name, value in facts.items() if name not in _NOT_KEPT}


def _home(prefix: str) -> str:
    """The folder of the interpreter from which a virtual environment was made (PEP 405). Raises `OSError`, and
    `ValueError` where that is not said."""
    for line in read_regular(os.path.join(prefix, "pyvenv.cfg"), _LARGEST).decode("utf-8").splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "home" and value.strip():
            return value.strip()
    raise ValueError(prefix)


def _is_below(folder: str, places: Iterable[str]) -> bool:
    """Whether a folder is one of these places or lies below one, as its path says."""
    folder = os.path.abspath(folder)
    return any(folder == place or folder.startswith(f"{place.rstrip('/')}/") for place in map(os.path.abspath, places))


def _remove_forgotten(root: str, oldest: float) -> None:
    """Remove the folders of interpreters of which nothing was kept since `oldest` (seconds since the epoch): most of
    their environments are gone."""
    for folder in [entry.path for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]:
        kept = list(os.scandir(folder))
        # One that is empty is about to be written to.
        if kept and all(entry.stat(follow_symlinks=False).st_mtime < oldest for entry in kept):
            for entry in kept:
                os.unlink(entry.path)
            os.rmdir(folder)


def forget(path: str) -> None:
    """Remove an answer."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _place(root: str, python: str, question: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The path of the answer; empty where it may change without a trace (rule 2)."""
    if not hasattr(os, "uname") or not environ.get("HOME") or any(name.startswith("LD_") for name in environ):
        return ""
    import json

    variables = sorted((name, value) for name, value in environ.items() if name not in _OF_THE_SHELL)
    system, asking = os.uname(), {file: _identity(file) for file in _asking()}
    asked = [
        *(python, question, variables, asking),
        *(system.sysname, system.release, system.version, system.machine),
        *(os.getuid(), os.geteuid(), os.getgid(), os.getegid()),
    ]
    key = _digest(json.dumps(asked, sort_keys=True).encode("ascii"))
    return os.path.join(root, f"interpreters-{_FORM}", _digest(os.fsencode(python))[:24], key)


def _asking() -> list[str]:
    """The files of safepip that ask and read the answer, and the packaging that works in the interpreter."""
    import packaging

    here = os.path.dirname(os.path.abspath(__file__))
    programs = os.path.join(os.path.dirname(here), "programs")
    own = [os.path.join(here, name) for name in ("interpreter.py", "interpreter_memory.py")]
    own += [os.path.join(programs, name) for name in ("probe.py", "bare_start.py")]
    return [*own, os.path.abspath(packaging.__file__ or "")]


def _digest(data: bytes) -> str:
    """64 digits of BLAKE2. `hashlib` would load OpenSSL, which takes longer than all the rest of remembering; it takes
    BLAKE2 from this module, too, which CPython has beside it."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b

    return blake2b(data, digest_size=32).hexdigest()


def _identity(path: str) -> list[int] | None:
    """What tells a file, or the archive that it lies in, from any other at its path; None where there is none."""
    while True:
        try:
            status = os.stat(path)
        except NotADirectoryError:
            path = os.path.dirname(path)
        except FileNotFoundError:
            return None
        else:
            return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _completed(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with what has to be looked up anew (rule 1)."""
    from safepip.edges.programs.probe import site_folders, writable

    path = [*facts["standard"], *_missing(facts["standard"], entries_in(facts["searched"]))]
    return {
        **facts,
        "path": list(map(os.path.abspath, path)),
        "site_folders": site_folders(facts["site_packages"], path),
        "writable": all(map(writable, facts["libraries"])),
    }


def _missing(there: Iterable[str], entries: Iterable[str]) -> list[str]:
    """Those entries that are not there, compared as `site` does."""
    known = set(map(os.path.normcase, there))
    return [entry for entry in entries if os.path.normcase(entry) not in known]
