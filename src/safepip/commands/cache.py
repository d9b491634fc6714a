"""`safepip cache dir|info|list|purge|remove|verify`: the files that safepip keeps between runs.

pip's own cache is another one, and pip's own command is for that.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.console.writing import Console
from safepip.edges.disk import own_cache
from safepip.edges.disk.cache_folder import Use, use_of
from safepip.edges.disk.cache_lock import held_alone, held_together
from safepip.edges.disk.local_paths import is_there
from safepip.edges.network.credentials import Credentials
from safepip.edges.user.arguments import read_options
from safepip.edges.user.world import this_world
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.options.command_line import HelpRequested, UnknownCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_HELP = """\
Usage: safepip cache dir
       safepip cache info
       safepip cache list [PATTERN]
       safepip cache remove PATTERN
       safepip cache purge
       safepip cache verify

Look at the files that safepip keeps between runs, and take them away.

  dir       Show where they are.
  info      Show how many of each kind there are, and how large they are.
  list      List the kept wheels and archives.
  remove    Remove those of a project, or those whose file names fit PATTERN (such as 'numpy-1.*').
  purge     Remove everything that safepip keeps there, and nothing else.
  verify    Hash every kept file again, and remove what is not what its name says.

--cache-dir DIR means the cache of runs with the same option. pip's own cache: python -m pip cache --help"""


class _Cache(NamedTuple):
    """The cache of a command: its folder, whether there is one, where to write, and the pattern that is given."""

    root: str
    there: bool
    console: Console
    pattern: str | None


def cache(argv: Sequence[str]) -> int:
    """Run `safepip cache` with these arguments, the verb left out. Raises `SafepipError`."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    world = this_world()
    credentials = Credentials(world.environ)
    _, settings = read_options("download", argv, world, credentials)
    console = Console(settings.display, credentials.redact, world.environ)
    action, *words = settings.requirements or ("",)
    run = _ACTIONS.get(action)
    if run is None:
        raise UnknownCommand.because(
            "unknown-command",
            f"safepip cache does not know {printable(action)!r}" if action else "safepip cache is not told what to do",
            hint=f"it knows {', '.join(_ACTIONS)}; pip's own cache: python -m pip cache --help",
        )
    _check_words(action, words)
    root = settings.cache_dir
    if root is None:
        raise UsageError.because("conflicting-options", "without a cache (--no-cache-dir) there is nothing to look at")
    there = is_there(root)
    use, problem = use_of(root) if there and action != "dir" else (Use.WRITTEN, "")
    if use is Use.NOT_AT_ALL or (use is Use.READ and action in _CHANGING):
        raise Unavailable.because("store-unwritable", f"the cache folder {printable(root)} {problem}")
    return run(_Cache(root, there, console, words[0] if words else None))


def _check_words(action: str, words: Sequence[str]) -> None:
    least, most = {"remove": (1, 1), "list": (0, 1)}.get(action, (0, 0))
    if not least <= len(words) <= most:
        takes = "one PATTERN" if most else "no arguments"
        raise UnknownCommand.because("bad-option", f"safepip cache {action} takes {takes}")


def _dir(found: _Cache) -> int:
    found.console.data(found.root)
    return 0


def _info(found: _Cache) -> int:
    files = list(own_cache.files(found.root))
    found.console.data(f"{printable(found.root)}{'' if found.there else ' (not there yet)'}")
    for part in own_cache.PARTS:
        mine = [file.size for file in files if file.part == part]
        found.console.data(f"  {part:<14} {len(mine):>7}  {_size(sum(mine)):>10}")
    found.console.data(f"  {'all':<14} {len(files):>7}  {_size(sum(file.size for file in files)):>10}")
    return 0


def _list(found: _Cache) -> int:
    listed = [(name, file) for name, file in _named(found) if file.part == "files"]
    for name, file in sorted(listed):
        if found.pattern is None or _fits(name, found.pattern):
            found.console.data(f"{name or f'sha256:{file.digest}'}  {_size(file.size)}")
    return 0


def _named(found: _Cache) -> Iterator[tuple[str, own_cache.CacheFile]]:
    """Each file of the cache with the file name that it is known by, for a page the name of its project with a `-`
    behind it; empty where it is not known."""
    from safepip.edges.indexes.kept_names import names_by_digest

    files = list(own_cache.files(found.root))
    names = names_by_digest(found.root, files)
    for file in files:
        if file.part == "files":
            yield names.get(file.digest, ""), file
        elif file.part == "built wheels":
            note = own_cache.built_note(found.root, file)
            yield (printable(note[0]) if note else ""), file
        elif file.part == "pages":
            stem = file.name.partition(".")[0]
            yield f"{stem.rpartition('-')[0] if file.path.startswith('listings') else stem}-", file


def _fits(name: str, pattern: str) -> bool:
    """Whether a file name is one of the project `pattern`, or fits it as a pattern of the shell, as for pip: without
    its end, too."""
    if not any(letter in pattern for letter in "*?["):
        head = name.removesuffix(".tar.gz").removesuffix(".zip")
        project = name.partition("-")[0] if name.endswith((".whl", "-")) else head.rpartition("-")[0]
        if name.endswith("-"):
            project = name[:-1]
        return bool(project) and normalise(project) == normalise(pattern)
    return fnmatchcase(name.lower(), pattern.lower()) or fnmatchcase(name.lower(), f"{pattern.lower()}-*")


def _remove(found: _Cache) -> int:
    assert found.pattern is not None
    with held_alone(found.root):
        # What is kept is looked at once no run can change it.
        chosen = [file for name, file in _named(found) if name and _fits(name, found.pattern)]
        count, size = own_cache.remove(found.root, chosen)
        own_cache.remove_empty(found.root)
    if not count:
        found.console.notice(f"nothing that is kept fits {printable(found.pattern)}")
        return 1
    found.console.say(f"Removed {_count(count, 'file')} ({_size(size)})")
    return 0


def _purge(found: _Cache) -> int:
    if found.there:
        with held_alone(found.root):
            count, size = own_cache.remove(found.root, own_cache.files(found.root))
            own_cache.remove_empty(found.root)
    else:
        count = size = 0
    found.console.say(f"Removed {_count(count, 'file')} ({_size(size)}) from {printable(found.root)}")
    return 0


def _verify(found: _Cache) -> int:
    """0, or 1 where something was damaged."""
    with held_together(found.root):
        damages, right = own_cache.verify(found.root, lambda file: found.console.detail(f"looking at {file.path}"))
    for damage in damages:
        found.console.data(f"{damage.file.path}  {damage.why}")
    outcome = f"{_count(len(damages), 'file')} damaged" if damages else "everything is as its name says"
    found.console.say(f"{_count(right + len(damages), 'file')} looked at; {outcome}")
    return 1 if damages else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    """Bytes as people read them, by powers of 1000 as pip has them."""
    if count < 1000:
        return _count(count, "byte")
    units = ("kB", "MB", "GB", "TB")
    value = float(count)
    for unit in units:
        value /= 1000
        if value < 1000 or unit == units[-1]:
            break
    return f"{value:.1f} {unit}"


#: Those that take files away.
_CHANGING = frozenset({"remove", "purge", "verify"})

_ACTIONS: dict[str, Callable[[_Cache], int]] = {
    "dir": _dir,
    "info": _info,
    "list": _list,
    "remove": _remove,
    "purge": _purge,
    "verify": _verify,
}
