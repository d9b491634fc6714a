"""Asks one source for one project and says what it answered: its candidates, or that it does not have the project.

Everything else is an error with a reference of its own, because "the index failed" must never look like "the
index does not have it": that is how dependency confusion begins. Absent is 404 (and for a page that was
removed for good, 410); a folder or a `--find-links` page is absent where it lists no file of the project.

A page is only read from within the index's own origin and path (`routing.urls.may_answer`), wherever it redirects.
"""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from safepip.config.own_variables import stem_of
from safepip.edges.disk.local_paths import local_path
from safepip.edges.indexes.local_sources import files_in, list_of, other_spellings, parsed, read_page, unreadable
from safepip.edges.indexes.once import Once
from safepip.index.candidates import candidates_for
from safepip.index.simple_api import ACCEPT, MAX_PAGE_BYTES, FileList, parse_find_links_page, parse_page, the_file
from safepip.model.errors import Refused, SafepipError, Unavailable
from safepip.model.finding import printable
from safepip.model.index import IndexKind
from safepip.model.page import ProjectPage
from safepip.model.urls import origin_of
from safepip.routing.urls import may_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safepip.edges.indexes.page_cache import CachedCandidates, PageCache
    from safepip.edges.network.http import Answer, Transport
    from safepip.edges.network.limits import HttpError
    from safepip.index.candidates import PythonVersions, TagRanks
    from safepip.model.candidate import ProjectCandidates
    from safepip.model.digest import AnyDigest
    from safepip.model.index import Index
    from safepip.model.page import ProjectFile
    from safepip.model.plan import NameSet

#: What an HTTP status of an index means, and what helps.
_STATUSES = {
    401: ("index-unauthorised", "asks for a user name and password", ""),
    403: ("index-unauthorised", "forbids the access", "check the credentials and their rights on the index"),
    410: ("index-error", "says that the project is permanently gone", "do without the project, or ask the index why"),
    407: (
        "index-unreachable",
        "is behind a proxy that asks for credentials",
        "put them into the URL of the proxy, which --proxy or the variables http_proxy and https_proxy name",
    ),
}


class Reading(NamedTuple):
    """What a source answered for a project: `available` is None where it does not have it, `url` where it was read.

    `digests` are those of all files of the page, whatever their platform; None where it was not asked for as a whole.
    `listing` gives all of its files; None where the reader does not keep them. `unasked` says that it is from an
    earlier run, and that the index was not asked in this one.
    """

    available: ProjectCandidates | None
    url: str
    digests: frozenset[AnyDigest] | None = None
    listing: Callable[[], tuple[ProjectFile, ...] | None] | None = None
    unasked: bool = False


class SharedPage(NamedTuple):
    """A page for readers that choose its candidates for other targets, made from its kept listing only when it is
    needed; None where the index has no such page. `unasked` as in `Reading`."""

    load: Callable[[], ProjectPage | None]
    unasked: bool = False


#: Pages read in this run, by index and project.
Pages: TypeAlias = "dict[tuple[str, str], SharedPage]"


class IndexReader:
    """Reads pages over `transport`, opened when first needed, and folders from the disk. Not thread-safe: one loop.

    With `listings` every reading knows all files of its page, those for other targets included. `pages` are shared with
    readers for other targets.
    """

    def __init__(
        self,
        transport: Callable[[], Transport],
        cache: PageCache,
        ranks: TagRanks,
        pythons: PythonVersions,
        refresh: NameSet,
        *,
        listings: bool = False,
        pages: Pages | None = None,
    ) -> None:
        self._pages = pages
        self._listings = listings
        self._transport = transport
        self._cache = cache
        self._ranks = ranks
        self._pythons = pythons
        self._refresh = refresh
        self._lists: dict[str, tuple[FileList, str]] = {}
        self._once: Once[tuple[FileList, str]] = Once()
        self._otherwise: dict[str, Mapping[str, str]] = {}

    def kept(self, index: Index, name: str) -> Reading | None:
        """The candidates of an earlier run, if they are still fresh. Touches the disk only."""
        if index.kind is not IndexKind.SIMPLE or index.url.scheme == "file" or self._refresh.has(name):
            return None
        shared = self._shared(index, name)
        if shared is not None:
            return shared
        cached = self._usable(index, name)
        if cached is None or not self._cache.is_fresh(cached):
            return None
        return self._kept_reading(index, cached, unasked=True)

    def _shared(self, index: Index, name: str) -> Reading | None:
        """What another reader of this run has read, as candidates for this target."""
        shared = (self._pages or {}).get((index.name, name))
        page = shared.load() if shared is not None else None
        if shared is None or page is None:
            return None
        reading = self._reading(candidates_for(page, self._ranks, self._pythons), page, page.url)
        return reading._replace(unasked=shared.unasked)

    def _usable(self, index: Index, name: str) -> CachedCandidates | None:
        """The cached candidates, fresh or not, with the listing where listings are asked for."""
        cached = self._cache.load(index, name)
        if cached is not None and self._listings and not self._cache.has_listing(index, cached):
            return None
        return cached

    def _kept_reading(self, index: Index, cached: CachedCandidates, *, unasked: bool) -> Reading:
        def page() -> ProjectPage | None:
            files = self._cache.load_listing(index, cached)
            available = cached.available
            if files is None:
                return None
            return ProjectPage(available.name, cached.url, files, available.status, available.status_reason)

        if self._pages is not None:
            self._pages[index.name, cached.available.name] = SharedPage(page, unasked)
        listing = partial(self._cache.load_listing, index, cached)
        return Reading(cached.available, cached.url, listing=listing, unasked=unasked)

    def read_local(self, index: Index, name: str) -> Reading:
        """A `file:` index or folder, without the network. Raises `Unavailable`."""
        if index.kind is IndexKind.FIND_LINKS:
            if index.name not in self._lists:
                self._lists[index.name] = list_of(index)
            return self._pick(index, name)
        return self._local_page(index, name)

    async def read(self, index: Index, name: str, *, whole: bool = False, anew: bool = False) -> Reading:
        """Ask the source. Raises `Unavailable` for every failure, `Refused` where it sends us elsewhere.

        `whole` asks for the page itself, so that the reading has its digests, even where cached candidates would do.
        `anew` asks the index itself and no cache in between.
        """
        if index.url.scheme == "file":
            return self.read_local(index, name)
        if index.kind is IndexKind.FIND_LINKS:
            if index.name not in self._lists:
                self._lists[index.name] = await self._once.answer(
                    index.name, lambda: self._remote_list(index, name), SafepipError
                )
            return self._pick(index, name)
        return await self._read_page(index, name, whole=whole, anew=anew)

    async def _read_page(self, index: Index, name: str, *, whole: bool, anew: bool) -> Reading:
        cached = None if whole or self._refresh.has(name) else self._usable(index, name)
        headers = cached.validators() if cached else {}
        if anew:
            headers["cache-control"] = "max-age=0"
        answer = await self._answer(index, name, index.url.page(name), headers)
        if answer.status == 304 and cached is not None:
            self._cache.renew(index, cached, answer.headers)
            return self._kept_reading(index, cached, unasked=False)
        if answer.status == 404:
            return Reading(None, answer.url)
        _check_status(index, name, answer.status)
        page = parsed(index, name, lambda: parse_page(name, *_body(answer)))
        available = candidates_for(page, self._ranks, self._pythons)
        if self._pages is not None or self._listings:
            # It stays in memory, where files take less than the document that they are made from.
            page = page._replace(files=tuple(page.files))
        if self._pages is not None:
            self._pages[index.name, name] = SharedPage(lambda: page)
        listing = ""
        if self._listings:
            listing = self._cache.keep_listing(index, name, answer.body, page.files, answer.headers)
        self._cache.keep(index, available, answer.url, answer.headers, listing)
        return self._reading(available, page, answer.url, whole=whole)

    def _reading(self, available: ProjectCandidates, page: ProjectPage, url: str, *, whole: bool = False) -> Reading:
        """The content of a page that was just read; it is only held in memory where listings are asked for."""
        digests = frozenset(digest for file in page.files for digest in file.stated) if whole else None
        return Reading(available, url, digests, (lambda: tuple(page.files)) if self._listings else None)

    async def _answer(self, index: Index, name: str, url: str, validators: Mapping[str, str]) -> Answer:
        from safepip.edges.network.limits import HttpError

        headers = {"accept": ACCEPT, **validators}
        if self._refresh.has(name):
            headers["cache-control"] = "max-age=0"
        allowed = (lambda to: may_answer(index, to)) if index.kind is IndexKind.SIMPLE else _same_origin(index)
        try:
            return await self._transport().get(
                url, headers=headers, limit=MAX_PAGE_BYTES, allowed=allowed, owner=index.url
            )
        except HttpError as error:
            raise unreachable(index, name, error) from None

    async def _remote_list(self, index: Index, name: str) -> tuple[FileList, str]:
        url = index.location or str(index.url)
        if itself := parsed(index, "", lambda: the_file(url)):
            return FileList(itself), url
        answer = await self._answer(index, name, url, {})
        _check_status(index, name, answer.status)
        return parsed(index, name, lambda: parse_find_links_page(*_body(answer))), answer.url

    # --- files and folders ----------------------------------------------------------------------------------

    def _pick(self, index: Index, name: str) -> Reading:
        """The files of one project out of a list of any project's."""
        listed, url = self._lists[index.name]
        page = listed.page_of(name, url)
        if page is None:
            return Reading(None, url)
        return self._reading(candidates_for(page, self._ranks, self._pythons), page, url, whole=True)

    def _local_page(self, index: Index, name: str) -> Reading:
        url = index.url.page(name)
        folder = local_path(url)
        if not os.path.isdir(local_path(str(index.url))):
            raise Unavailable.because(
                "index-unreachable",
                f"the index {index.name} is not a folder",
                context=(f"{index.url}",),
                hint="correct its path, or remove the source; it was not skipped",
                origins=(index.origin,),
            )
        try:
            if not stat.S_ISDIR(os.stat(folder).st_mode):
                return Reading(None, url)
        except (FileNotFoundError, NotADirectoryError):
            self._check_spelling(index, name)
            return Reading(None, url)
        except (OSError, ValueError) as error:
            # Not "it is not there": the folder could not be read.
            raise unreadable(index, folder, error) from None
        document = os.path.join(folder, "index.html")
        if os.path.isfile(document):
            page = parsed(index, name, lambda: parse_page(name, read_page(index, document), "text/html", url))
        else:
            page = ProjectPage(name, url, files_in(index, folder))
        return self._reading(candidates_for(page, self._ranks, self._pythons), page, url, whole=True)

    def _check_spelling(self, index: Index, name: str) -> None:
        """Raise `Unavailable` where an index of this machine has a project in a folder that is not asked for."""
        if index.name not in self._otherwise:
            self._otherwise[index.name] = other_spellings(index)
        found = self._otherwise[index.name].get(name)
        if found is not None:
            raise Unavailable.because(
                "index-error",
                f"the index {index.name} has {name} in a folder of another name, {printable(found)}",
                context=(str(index.url),),
                hint=f"rename the folder to {name}, which is what installers ask for",
                origins=(index.origin,),
                subject=name,
            )


# --- answers -----------------------------------------------------------------------------------------------


def _body(answer: Answer) -> tuple[bytes, str, str]:
    return answer.body, answer.headers.get("content-type", ""), answer.url


def _same_origin(index: Index) -> Callable[[str], bool]:
    return lambda url: origin_of(url) == index.url.origin


def _check_status(index: Index, name: str, status: int) -> None:
    """Raise for anything but 200; the 404 of a project's page was handled before."""
    if status == 200:
        return
    passing = status >= 500 or status == 429
    hint = "try again later" if passing else f"ask the administrator of {index.name} what it means"
    reference, what, hint = _STATUSES.get(status, ("index-error", f"answered with status {status}", hint))
    raise Unavailable.because(
        reference,
        f"the index {index.name} {what} when asked for {name}",
        context=(f"{index.url}  status {status}",),
        hint=hint or _where_credentials_go(index),
        origins=(index.origin,),
        subject=name,
    )


def _where_credentials_go(index: Index) -> str:
    """All places where this index's credentials are looked for."""
    own = f"SAFEPIP_INDEX_{stem_of(index.name)}_USERNAME and _PASSWORD" if index.declared else "its URL"
    return f"put them in netrc (a line for {index.url.host}; its `default` entry is not used), the keyring, or {own}"


def unreachable(index: Index, name: str, error: HttpError) -> SafepipError:
    """The error for an index that could not be asked, or that redirects outside of itself."""
    context = (f"{index.url}  {printable(str(error))}",)
    if error.kind == "redirect":
        return Refused.because(
            "redirect-outside",
            f"the index {index.name} sends the request for {name} outside of itself",
            context=context,
            hint=f"an index has to answer for its names itself: ask the administrator of {index.name} why it does",
            origins=(index.origin,),
            subject=name,
        )
    if error.kind == "insecure":
        return Refused.because(
            "insecure-index",
            f"the index {index.name} would be asked without TLS",
            context=context,
            hint="use https, or name the host with --trusted-host",
            origins=(index.origin,),
            subject=name,
        )
    if error.kind == "offline":
        hint = "run once without --offline, so that its answer is cached"
    else:
        hint = f"{error.help or f'ask the administrator of {index.name} about it'}; no other index was asked"
    return Unavailable.because(
        "index-unreachable",
        f"the index {index.name} gave no answer for {name}",
        context=context,
        hint=hint,
        origins=(index.origin,),
        subject=name,
    )
