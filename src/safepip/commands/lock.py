"""`safepip lock`: read, decide for an empty environment, write down what was decided."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safepip.commands.session import Session
from safepip.edges.lock_files import read_lock_text, write_lock_text
from safepip.graph import Chosen, Graph, Root, walk
from safepip.locking import (
    Locked,
    environment_marker,
    kept_files,
    lock_text,
    make_lock,
    read_lock,
    scope_marker,
    versions_of,
)
from safepip.model.origin import Origin, Source
from safepip.model.requirement import counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.pylock import Pylock
    from packaging.version import Version

    from safepip.model.candidate import Pin, Resolution
    from safepip.model.page import ProjectFile
    from safepip.model.plan import LockSettings
    from safepip.model.requirement import Requirement


def lock(argv: Sequence[str]) -> int:
    """Run `safepip lock` with these arguments, the verb left out. Raises `SafepipError`."""
    with Session("lock", argv) as session:
        settings = session.settings.lock
        assert settings is not None
        before = None if settings.output == "-" else read_lock_text(settings.output)
        known = None if before is None else read_lock(before, Origin(Source.FILE, settings.output))
        resolution = session.resolve(_preferences(known, settings))
        for notice in resolution.notices:
            session.console.notice(notice)
        text = lock_text(_lock_of(session, resolution, known))
        if settings.check:
            return _checked(session, before or "", text, settings)
        if text != before:
            write_lock_text(settings.output, text)
        if settings.output != "-":
            session.console.say(f"Locked {len(resolution.pins)} projects in {os.path.relpath(settings.output)}")
        return 0


def _preferences(known: Pylock | None, settings: LockSettings) -> Mapping[str, Version]:
    """The versions of the lock that is there, but for those that are to be upgraded."""
    if known is None or settings.upgrade:
        return {}
    return {name: version for name, version in versions_of(known).items() if name not in settings.upgrade_names}


def _checked(session: Session, before: str, after: str, settings: LockSettings) -> int:
    """`--check`: 0 where nothing would change, else 1 and the difference on standard output."""
    import difflib

    if before == after:
        return 0
    name = os.path.relpath(settings.output)
    difference = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (as asked)", lineterm="")
    session.console.data("\n".join(difference))
    return 1


def _lock_of(session: Session, resolution: Resolution, known: Pylock | None) -> Pylock:
    """The lock of a resolution made for the target."""
    asked = session.asked
    requirements = [r for r in asked.statements.requirements if counts(r, asked.target.markers)]
    whole = _walk(session, resolution, requirements)
    scopes = {r.scope for r in requirements}
    reached = {
        scope: _walk(session, resolution, [r for r in requirements if r.scope == scope]).edges.keys()
        for scope in scopes
    }
    packages = [
        Locked(
            pin,
            _files(session, pin, known),
            whole.edges.get(name, ()),
            _marker({scope for scope, names in reached.items() if name in names}),
            _relative_path(session, pin),
        )
        for name, pin in resolution.pins.items()
    ]
    return make_lock(
        packages,
        environments=[environment_marker(whole.variables, asked.target.markers)],
        extras=_named(scopes, "extra"),
        groups=_named(scopes, "group"),
    )


def _walk(session: Session, resolution: Resolution, requirements: Sequence[Requirement]) -> Graph:
    def chosen(name: str) -> Chosen | None:
        pin = resolution.pins.get(name)
        return None if pin is None else Chosen(pin.version, pin.metadata)

    roots = [Root(r.name, r.extras, r.specifier, str(r.origin)) for r in requirements]
    return walk(roots, chosen, session.asked.target.markers, no_deps=session.settings.no_deps)


def _named(scopes: set[str], kind: str) -> list[str]:
    return [scope.partition(":")[2] for scope in scopes if scope.startswith(f"{kind}:")]


def _marker(scopes: set[str]) -> str:
    """What the lock says of when a package is there, by the scopes that need it."""
    return "" if "" in scopes else scope_marker(_named(scopes, "extra"), _named(scopes, "group"))


def _files(session: Session, pin: Pin, known: Pylock | None) -> tuple[ProjectFile, ...]:
    """All wheels of the pinned version that its index offers; a wheel named directly alone."""
    assert pin.candidate is not None
    if pin.direct_url is not None:
        return (pin.candidate.file,)
    offered = session.catalog.listed(pin.route, pin.candidate)
    return offered if known is None else kept_files(known, pin.name, pin.version, offered)


def _relative_path(session: Session, pin: Pin) -> str | None:
    """For a wheel named by path, its place as seen from the lock."""
    from safepip.edges.index_reader import local_path

    if pin.direct_url is None or not pin.direct_url.startswith("file:"):
        return None
    lock_settings = session.settings.lock
    assert lock_settings is not None
    folder = session.cwd if lock_settings.output == "-" else os.path.dirname(lock_settings.output)
    try:
        return os.path.relpath(local_path(pin.direct_url), folder).replace(os.sep, "/")
    except ValueError:  # another drive
        return local_path(pin.direct_url)
