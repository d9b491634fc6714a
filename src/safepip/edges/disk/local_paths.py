"""Paths of this machine: as `file:` URLs and back, and as seen from a folder."""

from __future__ import annotations

import os

from safepip.model.urls import file_path


def local_path(url: str) -> str:
    """The path that a `file:` URL names. Raises `UrlError` for any other URL, and for a file of another machine."""
    return file_path(url, windows=os.name == "nt")


def names_of_folder(url: str) -> tuple[str, ...]:
    """The absolute paths of the folder that a `file:` URL names: as it is named, and free of links. Raises as
    `local_path`."""
    path = os.path.abspath(local_path(url))
    return tuple(dict.fromkeys((path, os.path.realpath(path))))


def real_path(path: str) -> str:
    """A path as the system resolves it; the system's root for one that no file can have."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return os.path.abspath(os.sep)


def is_file(path: str, folder: str) -> bool:
    """Whether there is a file at `path`, which is taken from `folder` where it is relative."""
    return os.path.isfile(os.path.join(folder, path))


def is_same(one: str, other: str, folder: str) -> bool:
    """Whether two paths, taken from `folder` where they are relative, are of one file that is there."""
    try:
        return os.path.samefile(os.path.join(folder, one), os.path.join(folder, other))
    except (OSError, ValueError):
        return False


def is_folder(path: str) -> bool:
    """Whether there is a folder at `path`."""
    return os.path.isdir(path)


def is_there(path: str) -> bool:
    """Whether there is anything at a path, be it a link that leads nowhere."""
    return os.path.lexists(path)


def folder_of(path: str) -> str:
    """The path of the folder in which `path` lies."""
    return os.path.dirname(path)


def name_of(path: str) -> str:
    """The last part of a path."""
    return os.path.basename(path)


def seen_from(folder: str, path: str) -> str:
    """An absolute path as seen from a folder; the path itself where it is on another drive. `-` stays as it is."""
    try:
        return path if path == "-" else os.path.relpath(path, folder)
    except ValueError:
        return path


def portable_from(folder: str, path: str) -> str:
    """An absolute path as seen from a folder, with `/` between its parts, for files that other systems read, too."""
    try:
        return os.path.relpath(path, folder).replace(os.sep, "/")
    except ValueError:  # another drive
        return path


def joined(folder: str, below: str) -> str:
    """The path of what lies `below` a folder, given with `/` between its parts; the folder itself where it is empty."""
    return os.path.join(folder, *below.split("/")) if below else folder
