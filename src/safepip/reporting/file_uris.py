"""A file as a report for programs names it: a URI reference (RFC 3986)."""

from __future__ import annotations

from urllib.parse import quote

from safepip.model.urls import file_url, is_url

#: What a URI may have beside letters, digits and `-._~`: RFC 3986, "Reserved Characters", and what is escaped already.
_STAYS = ":/?#[]@!$&'()*+,;=%"


def uri_of(where: str) -> str:
    """Relative to the working folder where it was named so, else absolute; a URL stays one."""
    if is_url(where):
        return quote(where, safe=_STAYS, errors="surrogateescape")
    absolute = where.startswith("/") or where[1:2] == ":"
    return file_url(where) if absolute else quote(where.replace("\\", "/"), errors="surrogateescape")
