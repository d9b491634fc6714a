"""pip's own configuration: which files it reads, and the values that files and environment give a command.

Rules, from pip's documentation ("Configuration") and measured on pip 26.3:

1. Files, each overriding the one before: global, user (the legacy place, then the current one), site (the
   interpreter's prefix), then the file that PIP_CONFIG_FILE names.
2. PIP_CONFIG_FILE at the null device: no file at all. Where it names a file that exists, the user's files are not read.
3. `--isolated`: neither the user's files nor the PIP_* variables; global, site and PIP_CONFIG_FILE remain.
4. `[global]` first, then the command's own section over it, then the environment over both. A value that ends up
   empty within its section counts as unset there.
5. Keys are long option names; case, `_` for `-`, and leading dashes do not matter. Others are passed over.

No I/O: the edge finds, reads and hands over texts. An `Origin` names a place, never a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import UsageError
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Variables that begin with PIP_ and yet are not options, in pip.
_NOT_OPTIONS = ("version", "help")
_ENVIRONMENT = ":env:"


class ConfiguredValue(NamedTuple):
    """One value of pip's configuration: `key` is normalised (`index-url`), `value` as written."""

    key: str
    value: str
    origin: Origin
    section: str = "global"

    def __repr__(self) -> str:
        return f"ConfiguredValue({self.key!r}, ...)"  # a value may be a secret


class Places(NamedTuple):
    """Where pip's configuration files would be; paths that need not exist. `null` is the null device."""

    machine: tuple[str, ...]
    user: tuple[str, ...]
    site: str
    null: str = "/dev/null"


def files_to_read(
    places: Places, environ: Mapping[str, str], *, isolated: bool, exists: Callable[[str], bool]
) -> tuple[str, ...]:
    """The files that pip would read, in the order in which they override each other. Rules 1 to 3."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == places.null:
        return ()
    user = () if isolated or (named and exists(named)) else places.user
    return (*places.machine, *user, places.site, *(() if named is None else (named,)))


def read(
    command: str, texts: Iterable[tuple[str, str]], environ: Mapping[str, str], *, isolated: bool
) -> tuple[ConfiguredValue, ...]:
    """The values for a command, in the order in which they override each other. Rules 4 and 5.

    `texts` are (path, content) in `files_to_read`'s order. Raises `UsageError` (`bad-pip-config`) for a
    file that pip could not load either.
    """
    # pip keeps one table a file name, so a file met twice keeps the place of its first reading.
    files: dict[str, dict[str, ConfiguredValue]] = {}
    for path, text in texts:
        files.setdefault(path, {}).update(_read_file(path, text))
    if not isolated:
        files[_ENVIRONMENT] = _read_environment(environ)
    sections: dict[str, dict[str, ConfiguredValue]] = {"global": {}, command: {}, _ENVIRONMENT: {}}
    for values in files.values():
        for full_key, value in values.items():
            section, _, key = full_key.partition(".")
            if section in sections:
                sections[section][key] = ConfiguredValue(key, value.value, value.origin, section)
    return tuple(value for section in sections.values() for value in section.values() if value.value)


def normalise_key(name: str) -> str:
    """pip's one spelling of a key."""
    return name.lower().replace("_", "-").removeprefix("--")


def _read_environment(environ: Mapping[str, str]) -> dict[str, ConfiguredValue]:
    return {
        f"{_ENVIRONMENT}.{normalise_key(name[4:])}": ConfiguredValue(
            normalise_key(name[4:]), value, Origin(Source.ENVIRONMENT, name), _ENVIRONMENT
        )
        for name, value in environ.items()
        if name.startswith("PIP_") and name[4:].lower() not in _NOT_OPTIONS
    }


#: The parser goes over such again for each of them.
_BLANKS = r"[^\S\n]{1000}"


def _read_file(path: str, text: str) -> dict[str, ConfiguredValue]:
    import configparser

    parser = configparser.RawConfigParser()
    parser.optionxform = normalise_key  # type: ignore[assignment,method-assign]  # as configparser's own documentation has it
    if re.search(_BLANKS, text):
        raise unreadable(path, "a line has a thousand spaces in a row")
    try:
        parser.read_string(text, path)
    except configparser.Error as problem:
        raise unreadable(path, _reason(problem), getattr(problem, "lineno", None)) from None
    lines = _Lines(text)
    values: dict[str, ConfiguredValue] = {}
    for section in parser.sections():
        for key, value in parser.items(section):
            origin = Origin(Source.PIP_CONFIG, path, lines.of(section, key))
            # pip: the section's name ends at the first dot, whatever the file meant.
            values[f"{section}.{key}"] = ConfiguredValue(key, value, origin, section)
    return values


def _reason(problem: Exception) -> str:
    """What configparser reports, without the line itself, which may hold a secret."""
    kind = type(problem).__name__.removesuffix("Error")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    return {"missing section header": "a line stands before the first [section]"}.get(words, words)


def unreadable(path: str, reason: str, line: int | None = None) -> UsageError:
    """The error for a configuration file of pip that cannot be read; pip ends with 2 as well."""
    error = UsageError.because(
        "bad-pip-config",
        f"pip's configuration file cannot be read: {printable(reason)}",
        hint="correct the file, or set PIP_CONFIG_FILE to the null device to use none",
        origins=(Origin(Source.PIP_CONFIG, path, line),),
    )
    assert isinstance(error, UsageError)
    return error


_HEADER = r"\[(?P<name>.+)\]"


class _Lines:
    """The lines on which keys stand, for messages, found by a simple reading of the text."""

    def __init__(self, text: str) -> None:
        self._first: dict[tuple[str, str], int] = {}
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            header = re.match(_HEADER, line)
            if header:
                section = header["name"]
            elif line[:1].strip():
                key = normalise_key(re.split(r"[=:]", line, maxsplit=1)[0].strip())
                self._first.setdefault((section, key), number)

    def of(self, section: str, key: str) -> int | None:
        """The line of a key; None where it is not found."""
        found = [self._first.get((name, key)) for name in (section, "DEFAULT")]
        return min((number for number in found if number is not None), default=None)
