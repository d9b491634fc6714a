"""What is shown in the place of texts that must not be: values of variables, and the words that hold one."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from safepip.edges.redaction import Replacements

#: A shorter text is too likely to be a part of an innocent word.
_SHORTEST = 8


class Concealed:
    """Texts, each with what is shown instead, in the forms in which a text may come to be shown."""

    def __init__(self) -> None:
        self._replacements = Replacements(_SHORTEST)

    def add(self, text: str, shown: str) -> None:
        """Show `shown` wherever `text` would be shown. A text of fewer than eight characters stays."""
        # A variable may hold bytes that are no text.
        quoted = [quote(text, safe=safe, errors="surrogateescape") for safe in ("", "/")]
        plus = quote_plus(text, errors="surrogateescape")
        in_json = text.replace("\\", r"\\").replace('"', r"\"")
        for form in (text, text.rstrip("/"), *quoted, plus, repr(text)[1:-1], text.strip(), in_json):
            self._replacements.add(form, shown.rstrip("/") if form == text.rstrip("/") else shown)

    def redact(self, text: str) -> str:
        """The text with everything concealed that is to be; the longest goes first."""
        return self._replacements.apply(text)
