"""What is shown in the place of texts that must not be: values of variables, and the words that hold one."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

#: A shorter text is too likely to be a part of an innocent word.
_SHORTEST = 8


class Concealed:
    """Texts, each with what is shown instead, in the forms in which a text may come to be shown."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, text: str, shown: str) -> None:
        """Show `shown` wherever `text` would be shown. A text of fewer than eight characters stays."""
        forms = (text, text.rstrip("/"), quote(text, safe=""), quote(text), quote_plus(text), repr(text)[1:-1])
        for form in (*forms, text.strip()):
            if len(form) >= _SHORTEST and form.lower() not in self._shown:
                self._shown[form.lower()] = shown.rstrip("/") if form == text.rstrip("/") else shown
                self._pattern = None

    def redact(self, text: str) -> str:
        """The text with everything concealed that is to be; the longest goes first."""
        if not self._shown:
            return text
        if self._pattern is None:
            longest_first = sorted(self._shown, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._pattern.sub(lambda found: self._shown.get(found[0].lower(), "****"), text)
