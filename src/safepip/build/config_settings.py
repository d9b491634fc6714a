"""Settings for a build backend, as pip's `--config-settings` gives them: pairs in order become one mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def settings_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """A key that is given once has its value, one that is repeated the list of its values (pip's documentation)."""
    settings: dict[str, str | list[str]] = {}
    for key, value in pairs:
        before = settings.get(key)
        if before is None:
            settings[key] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            settings[key] = [before, value]
    return settings
