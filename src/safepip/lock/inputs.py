"""One digest for everything on which a lock depends, except the indexes' answers: statements, options, routes, target.

Two runs with one digest and one lock ask the same question of it. Sets and mappings are sorted, and the line of a
statement is left out: moving a line changes no lock.
"""

from __future__ import annotations

import enum
import hashlib
import json
from typing import TYPE_CHECKING, Any

from safepip.model.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.model.index import Index
    from safepip.model.plan import Policy, Settings, Target
    from safepip.model.requirement import Statements


def digest_of_inputs(
    version: str,
    statements: Statements,
    settings: Settings,
    policy: Policy,
    indexes: Sequence[Index],
    target: Target,
    requires_python: Iterable[str],
) -> str:
    """The digest, in hexadecimal. `version` is safepip's own: a different one may decide differently."""
    lock = settings.lock
    parts = [
        version,
        statements.requirements,
        statements.constraints,
        statements.scopes,
        None if lock is None else lock._replace(output="", check=False),
        settings.selection,
        settings.no_deps,
        settings.only_deps,
        settings.require_hashes,
        policy.allow_direct,
        settings.building,
        policy.builds,
        [[i.name, str(i.url), i.kind, i.packages, i.default, i.file_hosts, i.hashes, i.mirror_of] for i in indexes],
        target.version,
        target.markers,
        list(target.tags),
        list(requires_python),
        # The lock's own folder decides how it names a wheel by path.
        None if lock is None else lock.output.replace("\\", "/").rpartition("/")[0],
    ]
    return hashlib.sha256(json.dumps(_plain(parts), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A value as JSON has it, the same for equal values."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Origin):
        # What asks is written into a requirements file, the line number is not.
        return [value.source.value, value.where]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "keys"):
        return {str(key): _plain(value[key]) for key in value}
    return str(value)
