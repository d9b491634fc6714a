"""`${NAME}` in a requirements or constraints file: what a value may become, and how it stays out of what is shown.

Every value is taken for a secret (pip's documentation offers variables for credentials). To know where it stands, each
line is read twice, as written and with its values put in: a word as written is the source of a word as read if putting
the values into the one gives the other. Three rules follow.

1. Messages and written files hold the source. `shown` of the credentials puts it in the place of the word, and the
   name of a variable in the place of a value of eight characters or more; a shorter value is too likely to be a part of
   something else.
2. A value may stand in a URL or path, in the user information of a URL, in the version of a requirement, and in the
   value of an option. `expanded_values` and `options.index_options` say which URLs it may be sent to.
3. A value may not stand in a text that is changed into another form before it is shown, since it could not be found and
   hidden there: names, extras, markers, digests, revisions, the file name of a wheel or archive; nor may it hold more
   than a part of one word (`misplaced`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.urls import is_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: pip: upper case, digits, underscore.
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_USER_INFO = r"(?i)((?<![A-Za-z0-9.-])(?:ssh|sftp))?(:[\\'\"]*/[\\'\"]*/)([^\s/?#]*)@"


def expand(text: str, environ: Mapping[str, str]) -> str:
    """The text with values put in; a variable that is unset or empty stays as it is written. No value is expanded."""
    return VARIABLE.sub(lambda found: environ.get(found[1]) or found[0], text)


def values_in(text: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each set variable in a text, with its value."""
    for name in dict.fromkeys(VARIABLE.findall(text)):
        if value := environ.get(name):
            yield name, value


def unset_in(text: str, environ: Mapping[str, str]) -> Iterator[str]:
    """The variables in a text that are unset or empty."""
    return (name for name in VARIABLE.findall(text) if not environ.get(name))


def without_user_info(text: str) -> str:
    """A text before expansion as `absorb` leaves it after: without the user information of its URLs, of which the name
    of an account for ssh is not a secret."""
    return re.sub(_USER_INFO, _only_account, text)


def _only_account(found: re.Match[str]) -> str:
    scheme, slashes, info = found[1] or "", found[2], found[3]
    user = info.partition(":")[0]
    return f"{scheme}{slashes}{user}@" if is_account(scheme.lower(), user) else f"{scheme}{slashes}"


def source_of(word: str | None, written: str | None, environ: Mapping[str, str]) -> str | None:
    """The source of a word: `written` where values were put in, empty where none were, None where it is another."""
    if word is None or written is None:
        return "" if word == written else None
    if expand(written, environ) != word:
        return None
    return written if word != written else ""
