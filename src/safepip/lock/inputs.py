"""One digest for everything on which a lock depends, except the indexes' answers: statements, options, policy, routes,
target, advisories.

Two runs with one digest and one lock ask the same question of it. What counts is all that there is but for what is
known to have no say, so that a rule which comes to policy tomorrow is not passed over for a day. Sets and mappings are
sorted, and the line of a statement is left out: moving a line changes no lock.
"""

from __future__ import annotations

import enum
import hashlib
import json
from typing import TYPE_CHECKING, Any

from safepip.model.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.plan import Plan, Target
    from safepip.model.requirement import Statements


#: Fields of `Settings` that say how a run goes on, and where it is told or kept. Of `network` the trusted hosts count;
#: what is asked for and the target are given as they were read.
WITHOUT_A_SAY = frozenset(
    {
        *("requirements", "requirement_files", "constraint_files", "editables", "groups", "script", "python"),
        *("network", "display", "report", "cache_dir", "refresh", "jobs", "origins", "lock"),
        *("target_dir", "prefix_dir", "root_dir", "download_dir", "wheel_dir", "forwarded"),
    }
)


def digest_of_inputs(
    version: str,
    statements: Statements,
    plan: Plan,
    target: Target,
    requires_python: Iterable[str],
    advisories: str,
) -> str:
    """The digest, in hexadecimal. `version` is safepip's own: a different one may decide differently. `advisories` is
    another text wherever these may say something else."""
    settings = plan.settings
    lock = settings.lock
    parts = [
        version,
        statements,
        None if lock is None else lock._replace(output="", check=False),
        {field: value for field, value in settings._asdict().items() if field not in WITHOUT_A_SAY},
        settings.network.trusted_hosts,
        plan.policy,
        [(*index[:8], index.location) for index in plan.indexes],
        target.version,
        target.markers,
        list(target.tags),
        list(requires_python),
        advisories,
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
