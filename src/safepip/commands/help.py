"""`safepip help REFERENCE`: the page of an error, from this package and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip import __version__
from safepip.edges.console.outputs import columns, write_data
from safepip.edges.disk.shipped import shipped_text
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable
from safepip.options.man_page import man_page
from safepip.reporting.pages import references_in, render_page

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_FOLDER = "refusals"

#: The word that shows the list of all references.
ALL = "errors"


def show_pages(commands: Collection[str], overview: str, words: Sequence[str]) -> int:
    """Show the page of each reference in `words`; `commands` are what else could have been meant. With `--man` the
    manual page is shown instead, in roff; `overview` is what `safepip help` alone says.

    Raises `UsageError` (`unknown-command`) for a word that is no reference, before anything is shown.
    """
    if list(words) == ["--man"]:
        write_data(man_page(__version__, overview))
        return 0
    references = all_references()
    for word in words:
        if word not in references and word != ALL:
            raise _unknown(word, (*commands, *references, ALL))
    pages = [_page("README" if word == ALL else word) for word in words]
    width = min(columns(), 100)
    write_data("\n\n\n".join(render_page(page, width) for page in pages) + "\n")
    return 0


def all_references() -> tuple[str, ...]:
    """Every reference that has a page. Raises `Unavailable`."""
    return references_in(_page("README"))


def _page(name: str) -> str:
    try:
        return shipped_text(_FOLDER, f"{name}.md")
    except (OSError, UnicodeDecodeError):
        raise Unavailable.because(
            "unreadable-page",
            f"safepip's own page {name}.md cannot be read",
            hint="reinstall safepip: the pages of its errors are part of it",
        ) from None


def _unknown(word: str, known: Sequence[str]) -> UsageError:
    from difflib import get_close_matches

    from safepip.options.command_line import UnknownCommand

    near = get_close_matches(word, known, 1)
    hint = f"did you mean safepip help {near[0]}?" if near else f"safepip help {ALL} lists the references of all errors"
    message = f"{printable(word)!r} is neither a command nor the reference of an error"
    return UnknownCommand.because("unknown-command", message, hint=hint)
