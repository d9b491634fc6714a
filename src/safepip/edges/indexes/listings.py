"""Where a candidate was listed, what may give its bytes, and the error where that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.urls import UrlError, parse, scheme_of
from safepip.routing.urls import may_serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.edges.network.limits import HttpError
    from safepip.model.candidate import Candidate
    from safepip.model.errors import SafepipError
    from safepip.model.index import Index
    from safepip.model.page import ProjectFile


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a candidate was listed: the index, and the URL its page was read from. `trusted` are the trusted hosts."""

    index: Index
    page_url: str
    trusted: tuple[str, ...] = ()

    def allows(self, file: ProjectFile) -> Callable[[str], bool]:
        """Whether a URL, the file's own or one that it redirects to, may give its bytes."""
        return lambda url: may_serve(self.index, file._replace(url=url), self.page_url, self.trusted)

    def check(self, file: ProjectFile) -> None:
        """Raise `Refused` (`file-host`) where the file's own URL may not."""
        if may_serve(self.index, file, self.page_url, self.trusted):
            return
        try:
            host = parse(file.url).netloc if scheme_of(file.url) == "https" else ""
        except UrlError:
            host = ""
        raise Refused.because(
            "file-host",
            f"the index {self.index.name} lists a file on a host that is not allowed for it",
            context=(f"{printable(file.filename)}  {_bare(file.url)}", f"listed on {_bare(self.page_url)}"),
            hint=(
                f"if {printable(host)} belongs to the index, add it where the index is declared:\n"
                f'file-hosts = ["{printable(host)}"]'
            )
            if host
            else "a file comes over https, or from the index's own origin",
            origins=(self.index.origin,),
        )


def file_failed(candidate: Candidate, listing: Listing, error: HttpError) -> SafepipError:
    """The error for a file's metadata that could not be fetched. The message is about the file's server: the index has
    answered, and its page may list files on other hosts."""
    message = f"the metadata of {printable(candidate.file.filename)} cannot be fetched: {error.message}"
    listed = (f"listed on {_bare(listing.page_url)}",)
    if error.kind in ("redirect", "insecure"):
        hint = f"ask the administrator of {listing.index.name} why; if the host belongs to it, declare that: file-hosts"
        return Refused.because("file-elsewhere", message, context=listed, hint=hint, subject=candidate.name)
    hint = error.help or f"tell the administrator of {listing.index.name}"
    if error.kind == "offline":
        hint = "run once without --offline, so that it is cached"
    return Unavailable.because("download-failed", message, context=listed, hint=hint, subject=candidate.name)


def _bare(url: str) -> str:
    """A URL that a server has given, without its query: a signature in it is as good as a password."""
    return printable(url.partition("?")[0])
