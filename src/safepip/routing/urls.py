"""Which URLs count as an index's own: where its pages may be read, and where its files may come from.

Pure: yes or no to a URL. The edges ask before each request and for each redirect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.urls import DEFAULT_PORTS, UrlError, covered, is_file_url, is_near, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.index import Index
    from safepip.model.page import ProjectFile


def may_answer(index: Index, url: str) -> bool:
    """Whether a page read from `url`, after redirects, counts as this index's own answer.

    It must lie within the index's origin and path prefix: one host serves many registries, and some
    forward what they lack to a public one by a redirect.
    """
    return index.url.contains(url)


def may_serve(index: Index, file: ProjectFile, page_url: str, trusted: Sequence[str] = ()) -> bool:
    """Whether a file listed by `index` may be fetched from its URL. `trusted` are the hosts of `--trusted-host`.

    Allowed are the index's own origin, the hosts of `file-hosts`, and any https host when the page itself
    gave a strong digest for the file, because then the bytes are pinned wherever they come from. Where the index is on
    this machine or a trusted host, another such host counts as https does: plain http may be spoken with both.
    A `file:` URL on a page that came from a network is never followed: it would read this machine's own files.
    """
    try:
        place = parse(file.url)
    except UrlError:
        return False
    if place.scheme == "file":
        return is_file_url(page_url)
    if place.has_user_info or place.scheme not in DEFAULT_PORTS:
        return False
    if place.origin == index.url.origin:
        return True
    pinned = bool(file.digests)
    near = is_near(index.url, trusted) and is_near(place, trusted)
    if place.scheme == "http" and index.url.scheme == "https":
        return near and pinned  # elsewhere never from https down to http
    return covered(place, index.file_hosts) or (pinned and (near or place.scheme == "https"))
