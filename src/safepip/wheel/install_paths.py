"""Where pip would put every file of a wheel (PEP 427, the wheel specification's "Installing a wheel").

1. Files at the archive's root go to purelib or platlib, as `Root-Is-Purelib` in WHEEL says.
2. Files below a top folder that ends in `.data` go to the scheme that the next folder names; pip asks no more of the
   top folder's name. `headers` get the project's name as a further folder.
3. Each entry point of `console_scripts` and `gui_scripts` becomes a script of its name, on Windows with `.exe`. A file
   in `.data/scripts` with the name of one is a wrapper that an old generator made, which pip leaves out.
4. pip makes `pip3` and `pip3.12` beside `pip`, of the Python it installs for, and leaves out the wheel's own; for
   `easy_install` likewise.

Which folders the schemes are, by pip's documentation and its behaviour:

- without an option sysconfig's preferred scheme; `--user` its scheme for users, which pip also takes when it may not
  write to site-packages and no option says otherwise;
- `--prefix P` the same scheme built on P; `--root R` puts R before any of these;
- `--target D` sysconfig's scheme `home` in a temporary folder, of which pip moves the content of purelib, platlib and
  data to D. A file that is already in D stays, unless `--upgrade` is given: then less is written than is said here.
- In a virtual environment headers go to `include/site/pythonX.Y`.

Nothing is judged here: a path that leads out of its scheme is returned as it is. Links among the folders are not
followed. The folder in `headers` is pip's spelling of the name, which is the normalised one for what the user asked
for, and for a dependency the spelling of the project that requires it.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.names import normalise
from safepip.model.plan import installs_for_user
from safepip.model.wheel import InstallPath
from safepip.model.wheel_names import has_endless_name
from safepip.wheel.entry_points import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safepip.model.plan import Settings, Target
    from safepip.model.wheel import WheelContent

#: What a wheel may call a scheme, and sysconfig's name for it.
_SCHEMES = {"purelib": "purelib", "platlib": "platlib", "scripts": "scripts", "data": "data", "headers": "include"}

#: Names that setuptools and pip once wrote into their wheels, with the version of the Python that built them.
_VERSIONED = re.compile(r"pip(\d+(\.\d+)?)?|easy_install(-\d+\.\d+)?")

#: What makes a path more than its parts one after the other: empty parts, dots, backslashes, a drive, a stream.
_ODD = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\\:]")

#: A line among the fields of an email message: a field, or one that continues the field before it.
_FIELD = re.compile(r"[!-9;-~]*:|[ \t]|From ")


class Layout(NamedTuple):
    """Where an installation puts things. All paths are absolute and use `/`, on every system.

    `schemes` are the folders of purelib, platlib, scripts, data and headers, as sysconfig names them, headers without
    the project's name; empty where it is not certain where pip puts things. `site_folders` are those in which the
    target looks for `.pth` files, purelib and platlib included. `windows` says whether paths of the target are those of
    Windows. `libraries` are the folders of its standard library. `prefix` is the environment's folder and `base_prefix`
    that of the Python it was made of. `python` is its version as `3.12`. `moved` are pairs of folders: what pip would
    write below the first ends below the second. `search_path` are the folders from which the target imports, those of
    its standard library included.
    """

    schemes: Mapping[str, str] = MappingProxyType({})
    site_folders: frozenset[str] = frozenset()
    windows: bool = False
    libraries: frozenset[str] = frozenset()
    prefix: str = ""
    base_prefix: str = ""
    python: str = ""
    moved: tuple[tuple[str, str], ...] = ()
    search_path: frozenset[str] = frozenset()

    def folder(self, scheme: str, project: str) -> str | None:
        """The folder below which a project's files of this scheme lie; None where it is not one of pip's schemes."""
        base = self.schemes.get(scheme)
        return f"{base}/{project}" if base is not None and scheme == "headers" else base


def layout_of(settings: Settings, target: Target) -> Layout:
    """Where this run's wheels would be installed, by the rules at the head of this file."""
    windows = target.markers.get("os_name") == "nt"
    python = ".".join(target.markers.get("python_version", target.version).split(".")[:2])
    system = _System(windows, settings.root_dir)
    schemes, moved = _schemes(settings, target, python, system)
    found = {*map(system.plain, target.site_folders), *map(system.rooted, target.site_folders)}
    found |= {schemes[name] for name in ("purelib", "platlib") if name in schemes}
    libraries = [target.schemes[name] for name in ("stdlib", "platstdlib") if target.schemes.get(name)]
    return Layout(
        MappingProxyType(schemes),
        frozenset(found),
        windows=windows,
        libraries=frozenset({*map(system.plain, libraries), *map(system.rooted, libraries)}),
        prefix=system.rooted(target.prefix),
        base_prefix=system.rooted(target.base_prefix or target.prefix),
        python=python,
        moved=moved,
        search_path=frozenset({*map(system.plain, target.site_paths), *map(system.rooted, target.site_paths)}),
    )


class _System(NamedTuple):
    """How paths are written there, and what `--root` puts before them."""

    windows: bool
    root: str | None

    def plain(self, path: str) -> str:
        """A path in the form of `InstallPath.path`."""
        return _normal(path, windows=self.windows)

    def rooted(self, path: str) -> str:
        """The same below the root."""
        if not self.root:
            return self.plain(path)
        inside = ntpath.splitdrive(path)[1] if self.windows else path
        return self.plain(f"{self.root}/{inside}")


def _schemes(
    settings: Settings, target: Target, python: str, system: _System
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The folders of the five schemes, and what is moved. No folders where it is not certain what pip takes."""
    base = target.prefix
    moved: tuple[tuple[str, str], ...] = ()
    if settings.target_dir is not None:
        raw, base = target.named_schemes, settings.target_dir
    elif settings.prefix_dir is not None:
        raw, base = target.named_schemes, settings.prefix_dir
    elif installs_for_user(settings, target):
        raw = target.user_schemes
    else:
        raw = target.schemes
    # With both --target and --root pip leaves everything below the root, under the name of a temporary folder.
    unknown = settings.target_dir is not None and (settings.root_dir or settings.prefix_dir)
    if target.distutils or unknown or not raw.keys() >= set(_SCHEMES.values()):
        return {}, ()
    schemes = {name: system.rooted(raw[key]) for name, key in _SCHEMES.items()}
    if target.virtualenv:
        schemes["headers"] = system.rooted(f"{base}/include/site/python{python}")
    if settings.target_dir is not None:
        there = system.plain(settings.target_dir)
        moved = tuple((folder, there) for folder in dict.fromkeys((schemes["purelib"], schemes["platlib"])))
        schemes.update(purelib=there, platlib=there)
    return schemes, moved


def is_plain(path: str) -> bool:
    """Whether a path with `/` is relative, and no more than its parts one after the other."""
    return not _ODD.search(path)


def _normal(path: str, *, windows: bool) -> str:
    """A path with `/` and without `.` and `..`."""
    return ntpath.normpath(path).replace("\\", "/") if windows else posixpath.normpath(path)


def key_of(path: str) -> str:
    """A path as it is compared: paths that are one file on some system have one key.

    Windows and macOS ignore the case of letters, macOS which of the forms of Unicode a letter is written in.
    """
    if path.isascii():
        return path.lower()
    if has_endless_name(path):
        # No system has such a file, and the time to put accents in order grows with the square of their number.
        return path.casefold()
    # Unicode, "Default Caseless Matching": decompose, fold, and put into one form.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def install_paths_of(content: WheelContent, layout: Layout) -> tuple[InstallPath, ...]:
    """Every file that pip would write for this wheel, those of its own making in `.dist-info` left out."""
    entries = parse(content.info("entry_points.txt")).scripts
    console = {entry.name for entry in entries if entry.group == "console_scripts"}
    scripts = {entry.name for entry in entries}
    files = _script_files(_as_pip_names(console, layout) | scripts - console, layout)
    project = normalise(content.filename.partition("-")[0])
    return (
        *_files(content, layout, project, scripts),
        *(_made("scripts", name, layout) for name in files),
    )


def _files(content: WheelContent, layout: Layout, project: str, scripts: set[str]) -> Iterator[InstallPath]:
    paths = ntpath if layout.windows else posixpath
    root = "purelib" if root_is_purelib(content.info("WHEEL") or b"") else "platlib"
    for entry in content.entries.values():
        top, _, rest = entry.path.partition("/")
        normal = paths.normpath(entry.path) if _ODD.search(entry.path) else entry.path
        if not top.endswith(".data"):
            scheme, inside = root, normal
        else:
            # A file directly in `.data` belongs to no scheme.
            _, scheme, inside = (*normal.replace(paths.sep, "/").split("/", 2), "", "")[:3]
            if not inside:
                scheme = ""
            elif rest.startswith("scripts/") and _is_wrapper(paths.basename(inside), scripts):
                continue
        path = _place(layout, scheme, inside, project)
        yield InstallPath(scheme, path, key_of(path), entry)


def _place(layout: Layout, scheme: str, inside: str, project: str = "") -> str:
    """The absolute path of `inside` in a scheme; empty where the scheme is unknown."""
    base = layout.folder(scheme, project)
    if base is None:
        return ""
    path = f"{base}/{inside}"
    if _ODD.search(inside):
        paths = ntpath if layout.windows else posixpath
        path = _normal(paths.join(base, inside), windows=layout.windows)
    for old, new in layout.moved:
        if path.startswith(f"{old}/"):
            return new + path[len(old) :]
    return path


def _is_wrapper(name: str, scripts: set[str]) -> bool:
    """Whether a file of `.data/scripts` is one that setuptools once made for an entry point."""
    for suffix in (".exe", "-script.py", ".pya"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)] in scripts
    return name in scripts


def _made(scheme: str, name: str, layout: Layout) -> InstallPath:
    path = _place(layout, scheme, name)
    return InstallPath(scheme, path, key_of(path), None, name)


def _as_pip_names(console: set[str], layout: Layout) -> set[str]:
    """The names of console scripts with pip's own in place of the wheel's versioned ones."""
    major = layout.python.partition(".")[0]
    for special, names in (
        ("pip", {"pip", f"pip{major}", f"pip{layout.python}"}),
        ("easy_install", {"easy_install", f"easy_install-{layout.python}"}),
    ):
        if special in console:
            versioned = {name for name in console if name.startswith(special) and _VERSIONED.fullmatch(name)}
            console = console - versioned | names
    return console


def _script_files(names: Iterable[str], layout: Layout) -> Iterator[str]:
    """The names of the files that pip makes for the scripts of these names."""
    for name in sorted(names):
        if not layout.windows:
            yield name
            continue
        # The launcher takes the place of a script's own ending.
        stem, ending = ntpath.splitext(name)
        yield f"{stem if ending.startswith('.py') else name}.exe"


def root_is_purelib(wheel: bytes) -> bool:
    """Whether WHEEL sends the files at the root to purelib: the first `Root-Is-Purelib` says `true`."""
    lines = re.split(r"\r\n|\r|\n", wheel.decode("utf-8", "replace"))
    for number, line in enumerate(lines):
        # As in the email parser, the fields end at the first line that neither is a field nor continues one.
        if not _FIELD.match(line):
            break
        name, _, value = line.partition(":")
        if name.lower() == "root-is-purelib":
            continued = lines[number + 1 : number + 2]
            return value.lstrip(" \t").lower() == "true" and not (continued and continued[0].startswith((" ", "\t")))
    return False
