"""One checkout of source code: what is fetched, with what, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safepip.model.source import SourceCode


class Checkout(NamedTuple):
    """What is to be checked out.

    `environ` are the user's variables, `scratch` an empty folder that no one else can write to. `login` is a user name
    and a password for the URL's own origin. `tell` is given one line for each thing that the user should know.
    """

    source: SourceCode
    environ: Mapping[str, str]
    scratch: str
    login: tuple[str, str] | None = None
    tell: Callable[[str], None] | None = None

    def say(self, line: str) -> None:
        """Tell the user."""
        if self.tell is not None:
            self.tell(line)


class CheckedOut(NamedTuple):
    """What was checked out. `repositories` are the folders of the repository's own data, relative to the tree,
    `links` the symbolic links that are under version control."""

    commit: str
    repositories: tuple[str, ...]
    links: tuple[str, ...] = ()
