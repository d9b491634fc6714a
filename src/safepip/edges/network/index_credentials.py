"""Credentials by the name of an index: `SAFEPIP_INDEX_<NAME>_USERNAME` and `SAFEPIP_INDEX_<NAME>_PASSWORD`.

They belong to an index that safepip's configuration declares by that name; which URL that is, the configuration alone
decides. An index that an option or a requirements file names has no name of its own: it is called by its host, and an
attacker who writes the file could give it the name of the user's secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.config.own_variables import credential_variable, stem_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safepip.model.index import Index, IndexUrl


class NamedLogin(NamedTuple):
    """What the variables of an index say. `password` is None where only the user's name is given. Never shown."""

    url: IndexUrl
    user: str
    password: str | None

    def __repr__(self) -> str:
        return "****"


def named_logins(environ: Mapping[str, str], indexes: Iterable[Index]) -> tuple[NamedLogin, ...]:
    """The credentials of those declared indexes that have some. A password without a name goes with an empty one."""
    given = _given(environ)
    found = []
    for index in indexes:
        stated = given.get(stem_of(index.name), {}) if index.declared else {}
        if stated:
            found.append(NamedLogin(index.url, stated.get("USERNAME", ""), stated.get("PASSWORD")))
    return tuple(found)


def _given(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The values that are not empty, by index and by what they are."""
    given: dict[str, dict[str, str]] = {}
    for name, value in environ.items():
        found = credential_variable(name)
        if found and value:
            given.setdefault(found[0], {})[found[1]] = value
    return given
