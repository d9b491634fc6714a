"""Whether what version control is asked for may be other code tomorrow: a branch, a tag, or what is newest.

Only the whole id of a commit says which code is meant. Policy can demand it (`full-commits = true`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.build.vcs_url import is_full_id
from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.source import SourceKind

if TYPE_CHECKING:
    from safepip.model.origin import Origin
    from safepip.model.source import SourceCode


def check_revision(source: SourceCode, demanded: Origin | None, shown: str, origin: Origin) -> None:
    """`demanded` is where policy demands whole commit ids, None where it does not. `shown` is the requirement in
    messages, and `origin` where it is written.

    Raises `Refused` (`moving-reference`). Numbers of Subversion are no ids: its server decides what they mean.
    """
    if demanded is None or source.kind is not SourceKind.VCS:
        return
    if source.vcs != "svn" and is_full_id(source.revision):
        return
    what = f"{printable(source.revision)} of" if source.revision else "what is newest in"
    raise Refused.because(
        "moving-reference",
        f"{shown} asks for {what} {printable(source.url)}, which may be other code tomorrow",
        context=(f"full-commits is demanded by {demanded}",),
        hint="name the commit by its whole id, behind the @ in the URL; git ls-remote lists the ids",
        origins=(origin,),
        subject=shown,
    )
