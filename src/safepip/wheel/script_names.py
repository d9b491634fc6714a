"""Which files of a wheel are commands, and which names mean one command.

A shell finds what lies in the environment's folder of scripts. Files of `.data/data` get there too, where that folder
lies below the one for data, and so do those for `bin`, `sbin` and `Scripts` there, which other systems and other
environments use. Files in folders below those are not commands.

One command has many spellings. Windows tries the endings of `PATHEXT`, starts `.py` files by themselves, and ignores
letter case; launchers lie beside the script they start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.wheel.install_paths import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.wheel import InstallPath
    from safepip.wheel.install_paths import Layout

#: What may stand behind a command's name without making it another command, for some system or some shell.
ENDINGS = (
    *("-script.py", "-script.pyw", ".exe.manifest", ".exe", ".com", ".bat", ".cmd", ".ps1", ".vbs", ".js"),
    *(".py", ".pyw", ".pyz", ".pyc", ".pya", ".sh", ".bash", ".csh", ".fish", ".nu", ".xsh", ".zsh"),
)

#: No system has longer names of files.
_LONGEST = 255


def command_folders(layout: Layout) -> frozenset[str]:
    """The keys of the folders whose files are commands."""
    schemes = layout.schemes
    below = [f"{schemes['data']}/{name}" for name in ("bin", "sbin", "Scripts")] if "data" in schemes else []
    return frozenset(key_of(folder) for folder in (schemes.get("scripts", ""), *below) if folder)


def command_of(install_path: InstallPath, folders: frozenset[str]) -> str | None:
    """The key of a file's name where it is a command. `folders` are `command_folders`."""
    folder, _, name = install_path.key.rpartition("/")
    return name if folder in folders else None


def command_key(install_path: InstallPath, layout: Layout) -> str:
    """Two commands with the same key are one command on the layout's system: on Windows the ending does not count."""
    if not layout.windows:
        return install_path.key
    folder, _, name = install_path.key.rpartition("/")
    return f"{folder}/{bare(name)}"


def bare(name: str) -> str:
    """A command's name without its endings."""
    if len(name) > _LONGEST:
        return name
    rest = ""
    while rest != name:
        # Windows ignores dots and spaces at the end.
        rest = name = name.rstrip(" .")
        for ending in ENDINGS:
            if len(name) > len(ending) and name[-len(ending) :].lower() == ending:
                name = name[: -len(ending)]
                break
    return name


def spellings(path: str, *, windows: bool) -> Iterator[str]:
    """The paths that are the same command as `path` on its system: itself, and on Windows the name with each ending."""
    yield path
    if windows:
        folder, _, name = path.rpartition("/")
        yield from (other for ending in ("", *ENDINGS) if (other := f"{folder}/{bare(name)}{ending}") != path)
