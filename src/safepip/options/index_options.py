"""Which indexes are in force: from the command line, pip's configuration, safepip's, and requirements files.

The rules are routing.md's "Where indexes may be named":

1. Where safepip's configuration declares indexes, those and no others are in force. An index, `--find-links` or
   `--trusted-host` that it does not declare is refused on the command line and in a requirements or constraints
   file, and ignored with one notice in pip's environment and configuration.
2. Where it declares none, pip's rules hold: the command line over the environment over files; `--no-index` leaves
   find-links only; `-i` in a requirements file replaces the list of indexes.
3. Plain http is for loopback hosts and for hosts that are trusted.
4. A value of a requirements file into which a `${VARIABLE}` was expanded may hold a credential; it may only name
   an index, or what lies below it, that the command line, pip's configuration or safepip's names.

`locate` is injected: it gives the `file:` URL of a local path that exists (a leading `~` expanded), else None.
All problems of a kind are reported together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.digest import written_in
from safepip.model.errors import Refused, UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.index import Index, IndexKind, IndexUrl, declarable
from safepip.model.origin import BUILT_IN, Origin, Source
from safepip.model.urls import UrlError, is_secure, is_url, parse, read_host, shown
from safepip.requirements.places import if_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.config.merging import Declared
    from safepip.model.plan import Policy
    from safepip.options.command_line import ParsedOptions
    from safepip.requirements.file_format import FileOption

#: pip's environment and configuration: sources named there that are not declared are ignored, not refused.
AMBIENT = (Source.ENVIRONMENT, Source.PIP_CONFIG)

#: A path that a shell takes as it is.
_PLAIN_PATH = r"[\w./~+-]+"

#: A host with a dot in its name, and a path: a URL whose scheme was left out.
_BY_HOST = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[\w./~-]*)?"


class Sources:
    """The sources of a run while they are gathered; `problems` are wrong values, `refusals` forbidden ones."""

    def __init__(
        self,
        indexes: Iterable[Index],
        trusted_hosts: Iterable[str],
        policy: Policy,
        locate: Callable[[str], str | None],
        *,
        no_index: bool = False,
    ) -> None:
        self.indexes = list(indexes)
        self.trusted_hosts = list(trusted_hosts)
        self.policy = policy
        self.no_index = no_index
        self.problems: list[Diagnostic] = []
        self.refusals: list[Diagnostic] = []
        self.ignored: list[Origin] = []
        self._locate = locate

    def drop_indexes(self) -> None:
        """`--no-index`: no index, now or later; find-links stay."""
        self.no_index = True
        self.indexes = [index for index in self.indexes if index.kind is IndexKind.FIND_LINKS]

    def add(self, text: str, kind: IndexKind, origin: Origin, *, default: bool = False, source: str = "") -> None:
        """Take one `-i`, `--extra-index-url` or `-f`, in so far as the rules let it. `-i` replaces the indexes.

        `source` is the text as written, where a variable was expanded in it: that is what is shown.
        """
        if self.policy.declared:
            self._hold_against_declared(text, kind, origin, source)
            return
        if self.no_index and kind is IndexKind.SIMPLE:
            return
        if default:
            self.indexes = [index for index in self.indexes if index.kind is IndexKind.FIND_LINKS]
        made = self._make(text, kind, origin, default=default, source=source)
        if made is None:
            return
        if default:
            self.indexes.insert(0, made)
        elif not any(
            (index.url, index.kind, index.location) == (made.url, kind, made.location) for index in self.indexes
        ):
            # Found twice, a source is still one source: pip asks each URL once.
            self.indexes.append(made)

    def trust(self, text: str, origin: Origin, source: str = "") -> None:
        """Take one `--trusted-host`. `source` as for `add`."""
        stated = printable(source or text)
        if read_host(text) is None:
            self._wrong(f"{stated!r} is not of the form host or host:port", origin)
        elif text.lower() in (host.lower() for host in self.trusted_hosts):
            return
        elif self.policy.forbid_trusted_hosts or self.policy.declared:
            way_out = f', or declare it:\ntrusted-hosts = ["{stated}"]'
            self._undeclared(f"--trusted-host {stated}", way_out, origin)
        else:
            self.trusted_hosts.append(text)

    def check_transport(self) -> None:
        """Rule 3, for every source in force."""
        for index in self.indexes:
            if not is_secure(index.url, tuple(self.trusted_hosts)):
                self.refusals.append(
                    Diagnostic(
                        "insecure-index",
                        f"{index.name} would be reached without encryption: {index.url}",
                        (),
                        "use https; plain http is for this machine and for hosts named by --trusted-host",
                        (index.origin,),
                    )
                )

    def finish(self) -> None:
        """Raise what was found: wrong values before forbidden ones."""
        if self.problems:
            raise UsageError(*self.problems)
        if self.refusals:
            raise Refused(*self.refusals)

    def notices(self) -> tuple[str, ...]:
        """One line for all that was ignored."""
        if not self.ignored:
            return ()
        places = ", ".join(dict.fromkeys(map(str, self.ignored)))
        return (f"ignored, because safepip's configuration decides on indexes and trusted hosts: {places}",)

    def _hold_against_declared(self, text: str, kind: IndexKind, origin: Origin, source: str) -> None:
        url: IndexUrl | None
        try:
            url = IndexUrl.parse(text)
        except UrlError:
            url = None
        if kind is IndexKind.SIMPLE and any(index.url == url for index in self.indexes):
            return
        stated = printable(shown(source) if source else str(url or shown(text)))
        if kind is IndexKind.FIND_LINKS:
            self._undeclared(f"--find-links {stated}", _by_name(stated, origin, is_path=not is_url(text)), origin)
        else:
            self._undeclared(f"an index {stated}", _as_declared(None if source else url), origin)

    def _undeclared(self, what: str, way_out: str, origin: Origin) -> None:
        if origin.source in AMBIENT:
            self.ignored.append(origin)
            return
        forbidden = what.startswith("--trusted-host") and self.policy.forbid_trusted_hosts is not None
        self.refusals.append(
            Diagnostic(
                "undeclared-index",
                f"{what} is {'forbidden' if forbidden else 'not declared'} by safepip's configuration",
                (f"the configuration: {self.policy.origin}",),
                f"take it out{'' if forbidden else way_out}",
                (origin,),
            )
        )

    def _wrong(self, message: str, origin: Origin, hint: str = "") -> None:
        self.problems.append(Diagnostic("invalid-index-url", message, (), hint, (origin,)))

    def _make(self, text: str, kind: IndexKind, origin: Origin, *, default: bool, source: str) -> Index | None:
        # A URL is never a path, and what pip has built in is a URL.
        local = None if is_url(text) or origin == BUILT_IN else self._locate(text)
        stated = printable(shown(source or text))
        if local is None and not is_url(text):
            # pip warns and goes on without it; then another source would answer for the names that this one has.
            message = f"{stated!r} is neither a path that exists nor a URL with a scheme such as https:"
            self._wrong(message, origin, _meant(stated, kind))
            return None
        try:
            location = local or text
            url = IndexUrl.parse(_without_query(location) if kind is IndexKind.FIND_LINKS else location)
        except UrlError as problem:
            self._wrong(f"{stated!r}: {problem}", origin, if_path(text))
            return None
        exact = _exact(location) if kind is IndexKind.FIND_LINKS else ""
        return Index(
            name=_name(_named_after(source) or url, {index.name for index in self.indexes}, origin),
            url=url,
            kind=kind,
            default=default,
            origin=origin,
            location="" if exact == str(url) else exact,
        )


def _meant(stated: str, kind: IndexKind) -> str:
    """What helps where a text is neither a path nor a URL."""
    if not stated:
        return "give a value, or leave the option out; a variable may be empty"
    by_host = kind is IndexKind.SIMPLE  # a folder of links that is not there is more likely a misspelt path
    return f"did you mean https://{stated}?" if by_host and re.fullmatch(_BY_HOST, stated) else ""


def _by_name(stated: str, origin: Origin, *, is_path: bool) -> str:
    """How to do without a `--find-links`. It says nothing of who owns a name, so none can be declared."""
    way_out = ", and name the files that you want from there by path or URL"
    if not is_path or not re.fullmatch(_PLAIN_PATH, stated) or stated.endswith((".html", ".htm")):
        return way_out
    place = stated if stated.startswith((".", "/", "~/")) else f"./{stated}"
    example = place if place.endswith((".whl", ".zip", ".tar.gz")) else f"{place.rstrip('/')}/*.whl"
    # No shell reads a file of requirements, where a pattern is the name of a file.
    where = " on the command line" if origin.source is Source.FILE and example.endswith("*.whl") else ""
    return f"{way_out}, for example{where}:\n{example}"


def _as_declared(url: IndexUrl | None) -> str:
    """The table of an index. Which names it owns is for a person to say: with a question in it, it is refused."""
    if url is None or any(char in '"\\' for char in str(url)):
        return ""
    table = f'[[index]]\nname = "{declarable(_first_name(url))}"\nurl = "{url}"\npackages = ["?"]'
    return f", or declare it, with the names that it owns in the place of the question mark:\n{table}"


def decide(
    parsed: ParsedOptions, declared: Declared, default_index_url: Callable[[], str], locate: Callable[[str], str | None]
) -> Sources:
    """The sources that the command line, pip's configuration and safepip's put in force.

    Raises `UsageError` for values that are not a URL, path or host, `Refused` for sources that the configuration
    does not declare and for plain http.
    """
    sources = Sources(declared.indexes, declared.trusted_hosts, declared.policy, locate)
    for text, place in zip(parsed["trusted_hosts"], _places(parsed, "trusted_hosts"), strict=True):
        sources.trust(text, place)
    if parsed["no_index"]:
        sources.drop_indexes()
    stated = parsed.origin("index_url")
    if stated is not None:
        sources.add(parsed["index_url"], IndexKind.SIMPLE, stated, default=True)
    elif not declared.policy.declared and not sources.no_index:
        sources.add(default_index_url(), IndexKind.SIMPLE, BUILT_IN, default=True)
    for dest, kind in (("extra_index_urls", IndexKind.SIMPLE), ("find_links", IndexKind.FIND_LINKS)):
        for text, place in zip(parsed[dest], _places(parsed, dest), strict=True):
            sources.add(text, kind, place)
    sources.check_transport()
    sources.finish()
    return sources


def _places(parsed: ParsedOptions, dest: str) -> Sequence[Origin]:
    return parsed.stated.get(dest, ())


def check_expanded(sources: Sources, named: Sequence[Index], option: FileOption, *, locking: bool) -> bool:
    """Rule 4 for one option of a file: true where its value may be used. `named` are the sources in force before any
    file was read. A lock that is made names its indexes, so there a value may not become a part of one."""
    text, source = option.value or "", option.source or ""
    known = [index.url for index in named if index.origin.source not in (Source.FILE, Source.BUILT_IN)]
    reached = None
    if is_url(text):
        try:
            reached = IndexUrl.parse(_without_query(text))
        except UrlError:
            return True  # `add` says what is wrong with it
        # One host serves many registries, so the path counts as well.
        if reached.scheme != "file" and not any(url == reached or url.contains(str(reached)) for url in known):
            return _refuse_expanded(sources, "would be sent to an index that only this file names", option)
    if source and locking and reached not in known:
        return _refuse_expanded(sources, "would be written into the lock", option)
    return True


_NAME_IT = "name the index on the command line, in pip's configuration or in safepip.toml"


def _refuse_expanded(sources: Sources, what: str, option: FileOption) -> bool:
    stated = printable(shown(option.source or option.value or ""))
    sources.refusals.append(
        Diagnostic(
            "expanded-credential",
            f"a value with an expanded variable {what}",
            (f"as written: {stated}",),
            _NAME_IT,
            (option.origin,),
        )
    )
    return False


def relabel(indexes: Iterable[Index]) -> tuple[Index, ...]:
    """The sources with names that are unique, in case two were made apart from each other."""
    taken: set[str] = set()
    result = []
    for index in indexes:
        name = index.name if index.name not in taken else _name(index.url, taken, index.origin)
        taken.add(name)
        result.append(index if name == index.name else index._replace(name=name))
    return tuple(result)


def _name(url: IndexUrl, taken: set[str], origin: Origin) -> str:
    """A name for a source that was given none: its host, with its path where that is not enough."""
    first = "default" if origin == BUILT_IN else _first_name(url)
    whole = f"{url.netloc}{url.path}".rstrip("/")
    names = [first, whole, *(f"{whole}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _first_name(url: IndexUrl) -> str:
    if url.scheme == "file":
        return url.path.rstrip("/").rpartition("/")[2] or "local"
    return url.netloc


def _named_after(source: str) -> IndexUrl | None:
    """The URL or path as written, for a name that holds no value of a variable; None where nothing was expanded."""
    if source and not is_url(source):
        return IndexUrl("file", "", None, source)
    try:
        return IndexUrl.parse(_without_query(source)) if source else None
    except UrlError:
        return None


def _exact(text: str) -> str:
    """What `--find-links` names as it is asked for; a digest in its fragment is one of the file, and has to hold."""
    url, _, fragment = text.partition("#")
    return text if written_in(fragment) else url


def _without_query(text: str) -> str:
    return parse(text).without_query()
