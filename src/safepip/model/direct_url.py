"""Where a distribution came from that the user named directly, as pip records it (PEP 610; the specification "Recording
the Direct URL Origin of installed distributions").

| named | recorded |
|---|---|
| a wheel, or a source archive | `archive_info` with the digest of that file, also in the older form `hash` |
| a folder | `dir_info`, empty |
| `-e` folder, and `-e` with version control | `dir_info` with `editable`; the URL is that of the folder or checkout |
| version control | `vcs_info` with the commit, and the revision where one was asked for |

The project's folder within an archive, a repository or a folder is `subdirectory`. An editable project's URL names that
folder itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from safepip.model.source import SourceKind
from safepip.model.urls import without_user_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.model.source import BuiltFrom

#: What may stay before the host: a user who stands for the service, and names of variables.
_NO_SECRET = re.compile(r"git|\$\{[A-Za-z0-9_-]+\}(:\$\{[A-Za-z0-9_-]+\})?")


def direct_record(url: str, built_from: BuiltFrom | None, digests: Mapping[str, str]) -> dict[str, Any]:
    """The content of `direct_url.json`. `digests` are those of a wheel that was named, the one that counts first; for
    what was built they are in `built_from`."""
    record: dict[str, Any] = {"url": _without_secrets(url)}
    if built_from is None:
        return {**record, "archive_info": archive_info(digests)}
    source = built_from.source
    if source.editable:
        return {**record, "dir_info": {"editable": True}}
    if source.subdirectory:
        record["subdirectory"] = source.subdirectory
    match source.kind:
        case SourceKind.DIRECTORY:
            record["dir_info"] = {}
        case SourceKind.VCS:
            asked = {"requested_revision": source.revision} if source.revision else {}
            record["vcs_info"] = {"vcs": source.vcs, "commit_id": built_from.commit, **asked}
        case SourceKind.ARCHIVE:
            digest = built_from.digest
            record["archive_info"] = archive_info({} if digest is None else {digest.algorithm: digest.hex})
    return record


def archive_info(digests: Mapping[str, str]) -> dict[str, Any]:
    """The digests, and one of them in the older form too: sha256, which every reader knows, else the strongest.

    As in pip, neither is given where no digest is known.
    """
    best = "sha256" if "sha256" in digests else max(digests, default=None)
    return {} if best is None else {"hash": f"{best}={digests[best]}", "hashes": dict(digests)}


def _without_secrets(url: str) -> str:
    """The URL without user and password, as the specification demands, but for `git` and for names of variables."""
    return without_user_info(url, lambda login: bool(_NO_SECRET.fullmatch(login)))
