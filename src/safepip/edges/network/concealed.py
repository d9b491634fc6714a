"""What is shown in the place of texts that must not be: values of variables, and the words that hold one."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

from safepip.edges.network.redaction import Replacements

#: A shorter text is too likely to be a part of an ordinary word.
_SHORTEST = 8


def forms_of(text: str) -> tuple[str, ...]:
    """The forms in which a text may come to be shown: as it is, percent-encoded, in Python's and JSON's notation, the
    latter as it is and in ASCII alone."""
    errors = "surrogateescape"  # a variable may have bytes that are not UTF-8
    quoted = (quote(text, safe="", errors=errors), quote(text, errors=errors), quote_plus(text, errors=errors))
    in_json = (json.dumps(text, ensure_ascii=alone)[1:-1] for alone in (False, True))
    return (text, *quoted, repr(text)[1:-1], *in_json)


class Concealed:
    """Texts, each with what is shown instead, in the forms in which a text may come to be shown."""

    def __init__(self) -> None:
        self._replacements = Replacements(_SHORTEST)

    def add(self, text: str, shown: str) -> None:
        """Show `shown` wherever `text` would be shown. A text of fewer than eight characters stays."""
        for form in (*forms_of(text), text.rstrip("/"), text.strip()):
            self._replacements.add(form, shown.rstrip("/") if form == text.rstrip("/") else shown)

    def redact(self, text: str) -> str:
        """The text with everything concealed that must not be shown; the longest goes first."""
        return self._replacements.apply(text)

    def holds(self, text: str) -> bool:
        """Whether there is something in the text that must not be shown."""
        return self.redact(text) != text
