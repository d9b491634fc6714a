"""What is said of files that cannot be fetched, or are not what they should be: where each is, and who asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.digest import proofs
from safepip.model.errors import Refused, SafepipError, Unavailable
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.edges.indexes.downloads import Download


def refuse_unhashed(wanted: Sequence[Download]) -> None:
    """Raise `Refused` (`unhashed-file`) with all of these that have no strong digest."""
    bare = [w for w in wanted if not (w.hashes_optional or proofs((*w.index_digests, *w.demand.digests())))]
    if bare:
        hint = (
            "give its --hash, or, if this index cannot give digests, declare it in safepip.toml, and say there:\n"
            'hashes = "optional"'
        )
        raise Refused(
            *(
                Diagnostic(
                    "unhashed-file",
                    f"neither the index nor a requirement gives a strong digest for {printable(download.filename)}",
                    hint=hint,
                    origins=download.origins,
                    subject=download.subject,
                )
                for download in bare
            )
        )


def about(problem: SafepipError, download: Download, where: str) -> SafepipError:
    """The same problem of a file with where it came from, and what asked for it. `where` is the URL as it is shown."""
    told = []
    for diagnostic in problem.diagnostics:
        if diagnostic.reference == "store-unwritable":
            told.append(diagnostic)
            continue
        context = diagnostic.context if where in diagnostic.message else (where, *diagnostic.context)
        origins, subject = diagnostic.origins or download.origins, diagnostic.subject or download.subject
        told.append(diagnostic._replace(context=context, origins=origins, subject=subject))
    return type(problem)(*told)


def failed(download: Download, message: str, hint: str = "") -> Unavailable:
    """The error (`download-failed`) for a file that does not come."""
    return Unavailable.because(
        "download-failed", message, hint=hint, origins=download.origins, subject=download.subject
    )


def raise_all(failures: list[BaseException | None]) -> None:
    """Raise what failed: the refusals if there is one, else all files that could not be fetched."""
    problems = [failure for failure in failures if failure is not None]
    for problem in problems:
        if not isinstance(problem, SafepipError):
            raise problem
    refused = [p for p in problems if isinstance(p, Refused)]
    for kind, chosen in ((Refused, refused), (Unavailable, problems)):
        if chosen:
            # A full disk says the same of each file.
            raise kind(*dict.fromkeys(d for p in chosen if isinstance(p, SafepipError) for d in p.diagnostics))
