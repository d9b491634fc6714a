"""Where the values of variables in requirements files may be sent or written, and how they are shown (`variables`).

routing.md, "Where indexes may be named": a value so expanded is a credential; it may only reach an index that the
configuration, the command line or pip's own configuration names, or what lies below that index's URL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.errors import Refused
from safepip.model.index import IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.urls import UrlError, is_url, is_web, origin_of
from safepip.requirements.file_format import FileOption, Include, RequirementLine
from safepip.requirements.variables import values_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from safepip.model.requirement import Constraint, Requirement
    from safepip.requirements.file_format import Line


_ON_NETWORK = r"[A-Za-z][A-Za-z0-9+.-]{0,30}://\S+"


def _keep(_text: str, _source: str) -> None:
    """Conceal nothing."""


class ExpandedValues:
    """The rules for one reading of requirements files.

    `known` are the URLs of the indexes that were named before any file was read. `conceal` takes a text and what is to
    be shown in its place. `locking` says that the run makes a lock, which holds URLs and paths as they are. `origins`
    are those of the URLs with a value that were met: a credential is sent to every URL of its origin.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        known: tuple[IndexUrl, ...] = (),
        conceal: Callable[[str, str], None] = _keep,
        *,
        locking: bool = False,
    ) -> None:
        self.environ = environ
        self.known = known
        self.conceal = conceal
        self.locking = locking
        self.origins: set[str] = set()

    def note_lines(self, lines: Iterable[Line]) -> None:
        """The URLs in the lines of a file, all at once, as their credentials are taken out of them."""
        for line in lines:
            match line:
                case RequirementLine(text, expanded=True) | Include(text, expanded=True):
                    found = re.findall(_ON_NETWORK, text)
                case FileOption(value=str(text), expanded=True):
                    found = re.findall(_ON_NETWORK, text)
                case _:
                    continue
            for url in found:
                self.note(url)

    def check_all(self, statements: Iterable[Requirement | Constraint]) -> Iterator[Refused]:
        """Refusals of URLs in files that hold no value, but would be sent the credential of another line."""
        for statement in statements:
            if statement.url and statement.origin.source is Source.FILE:
                try:
                    self.check_reach(statement.url, statement.origin)
                except Refused as refused:
                    yield refused

    def note(self, url: str) -> None:
        """A URL with a value was met."""
        self.origins.update(filter(None, [origin_of(url)]))

    def check_reach(self, url: str, origin: Origin) -> None:
        """Raise `Refused` for a URL on a network that lies in no known index, and to which a value would be sent, in it
        or as the credential of its origin."""
        if origin_of(url) not in self.origins:
            return
        if not any(index.contains(url) for index in self.known):
            raise Refused.because(
                "expanded-credential",
                f"{origin} would send the value of a variable to a place that only this file names",
                origins=(origin,),
                hint="name the index that the URL lies in, in safepip.toml or with -i, or write the URL without ${...}",
            )

    def check_places(self, statement: Requirement | Constraint, source: str) -> None:
        """Raise `Refused` where a value stands in a part of a requirement in which safepip could not hide it."""
        from safepip.requirements.misplaced import misplaced_by_name, misplaced_in_url

        if statement.url is None:
            wrong = misplaced_by_name(source, self.environ)
        else:
            kind = statement.source and statement.source.kind
            wrong, url = misplaced_in_url(source, self.environ, kind)
            self.hide(statement.url, url if is_url(url) or is_web(statement.url) else f"file:{url}", source)
        if wrong:
            raise tangled(statement.origin, wrong)
        if statement.url is not None and self.locking:
            raise Refused.because(
                "expanded-credential",
                f"{statement.origin} would write the value of a variable into the lock",
                origins=(statement.origin,),
                hint="write the URL or path out; user name and password may stay variables",
            )

    def hide(self, text: str, shown: str, source: str) -> None:
        """Keep the values in `source` out of what is shown; `text` is the whole of it with its values put in."""
        if not source:
            return
        for form in (text, _normalised(text)) if is_url(text) else ():
            self.conceal(form, shown)
        for name, value in values_in(source, self.environ):
            self.conceal(value, f"${{{name}}}")


def tangled(stated: Origin, what: str = "more than a part of one word, in a digest or a build setting") -> Refused:
    """The refusal of a variable in a place where its value could not be kept out of messages and written files."""
    return Refused.because(
        "expanded-credential",
        f"{stated} has the value of a variable in {what}, where it cannot be kept out of messages and written files",
        origins=(stated,),
        hint="write that part out; a variable may stand in a URL or path, in a version, or in the value of an option",
    )


def _normalised(url: str) -> str:
    """The URL as an index of this URL is shown."""
    try:
        return str(IndexUrl.parse(url.partition("#")[0].partition("?")[0]))
    except UrlError:
        return url
