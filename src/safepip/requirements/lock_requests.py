"""Which of the files that the command names are locks, and which parts of each are asked for (pip's notation).

`-r pylock.toml` and `-r pylock.NAME.toml` are locks by their name (PEP 751), a path or a URL. `-r 'pylock.toml[x]'`
asks for its extra `x`, `--group pylock.toml:dev` for its group `dev`. The lock's default groups come with `-r`, and
with `--group` only where the same lock is named by `-r` too. Several mentions of one lock are one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import UsageError
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.urls import UrlError, is_url, parse

if TYPE_CHECKING:
    from safepip.model.plan import Settings

_PYLOCK = re.compile(r"pylock\.(?:[^.]+\.)?toml\Z")
_EXTRAS = re.compile(r"(?P<name>.*?)\[(?P<extras>[^\[\]]*)\]\Z", re.DOTALL)


class LockRequest(NamedTuple):
    """A lock to be installed. `name` is its path or URL; `extras` and `groups` are normalised."""

    name: str
    extras: frozenset[str]
    groups: frozenset[str]
    default_groups: bool
    origin: Origin


def is_pylock(name: str) -> bool:
    """Whether this path or URL, with extras or without, names a lock."""
    try:
        path = parse(name).path if is_url(name) else name
    except UrlError:
        return False  # reading it as requirements gives the reason
    if path.endswith("]"):
        # Extras are the last pair of brackets.
        begin = path.find("[", path.rfind("]", 0, -1) + 1)
        path = path if begin < 0 else path[:begin]
    return bool(_PYLOCK.match(re.split(r"[/\\]", path.rstrip())[-1]))


def split_locks(settings: Settings) -> tuple[Settings, tuple[LockRequest, ...]]:
    """The settings without the locks they name, and the locks.

    Raises `UsageError` (`lock-and-more`) where something else is asked for together with a lock: a lock says
    completely what is installed.
    """
    found: dict[str, LockRequest] = {}
    files: list[str] = []
    groups: list[str] = []
    for word in settings.requirement_files:
        match = _EXTRAS.match(word)
        name = match["name"].rstrip() if match else word
        if not is_pylock(name):
            files.append(word)
            continue
        extras = frozenset(normalise(extra.strip()) for extra in match["extras"].split(",")) if match else frozenset()
        _note(found, LockRequest(name, extras, frozenset(), True, _stated(settings, "requirement_files")))
    for word in settings.groups:
        path, _, group = word.rpartition(":")
        if path and is_pylock(path):
            request = LockRequest(path, frozenset(), frozenset({normalise(group)}), False, _stated(settings, "groups"))
            _note(found, request)
        else:
            groups.append(word)
    if found:
        _check_alone(settings, files, groups, next(iter(found.values())))
    return settings._replace(requirement_files=tuple(files), groups=tuple(groups)), tuple(found.values())


def _stated(settings: Settings, field: str) -> Origin:
    return settings.origins.get(field, Origin(Source.COMMAND_LINE))


def _note(found: dict[str, LockRequest], request: LockRequest) -> None:
    known = found.get(request.name)
    if known is not None:
        request = LockRequest(
            known.name,
            known.extras | request.extras,
            known.groups | request.groups,
            known.default_groups or request.default_groups,
            known.origin,
        )
    found[request.name] = request


def _check_alone(settings: Settings, files: list[str], groups: list[str], lock: LockRequest) -> None:
    others = [*settings.requirements, *settings.editables, *files, *groups]
    if settings.script is not None:
        others.append(settings.script)
    if others:
        raise UsageError.because(
            "lock-and-more",
            f"{printable(lock.name)} is a lock, and {printable(others[0])} cannot be asked for together with it",
            hint="name the lock alone, or make a new lock of everything: safepip lock -r FILE",
            origins=(lock.origin,),
        )
