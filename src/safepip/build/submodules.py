"""Submodules of a git repository: which other repositories it may bring in.

A repository names others in `.gitmodules` (gitmodules(5)), and git fetches them with the user's credentials and from
where only the user can go. So a submodule has to be on the same host, by the same protocol, as the repository that the
user has named; of the rest of `.gitmodules` only `path` and `update = none` count, and nothing of it becomes a setting.
The commit is that of the tree, never a branch's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.urls import UrlError, is_account, parse, scheme_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEY = re.compile(r"submodule\.(.+)\.(path|url|update)\Z", re.DOTALL)
_SHORT_SSH = re.compile(r"((?:[A-Za-z0-9_][\w.-]*@)?)([A-Za-z0-9_][\w.-]*):(?!:|//)([\w.~/+-]+)\Z", re.ASCII)


class Submodule(NamedTuple):
    """One that is to be fetched. `path` is its folder in the tree, `url` absolute, `commit` a full id."""

    name: str
    path: str
    url: str
    commit: str


def read_submodules(
    settings: Iterable[tuple[str, str]], links: Mapping[str, str], parent: str, *, local: bool = False
) -> tuple[Submodule, ...]:
    """The submodules to fetch, of the settings in `.gitmodules` and the commits in the tree by path.

    `parent` is the URL of the repository. `local` says that the user lets git read further folders of this machine.
    Raises `Refused` (`unsafe-repository`).
    """
    tables: dict[str, dict[str, str]] = {}
    for key, value in settings:
        found = _KEY.match(key)
        if found:
            tables.setdefault(found[1], {})[found[2]] = value
    submodules = []
    for name, table in tables.items():
        path = table.get("path", "")
        # What is not in the tree counts for nothing: git does not look at it either.
        if path not in links or table.get("update") == "none":
            continue
        _check_name(name, path, parent)
        url = _allowed_url(table.get("url", ""), path, parent, local=local)
        submodules.append(Submodule(name, path, url, links[path]))
    return tuple(submodules)


def _check_name(name: str, path: str, parent: str) -> None:
    for text in (name, path):
        parts = re.split(r"[/\\]", text)
        odd = text.startswith("-") or not text.isprintable() or not {"", ".", ".."}.isdisjoint(parts)
        if odd or any(part.lower() == ".git" for part in parts):
            raise _refused(parent, f"the submodule {printable(text)!r} has a name or a folder that is not safe to use")


def _allowed_url(written: str, path: str, parent: str, *, local: bool) -> str:
    """The URL of a submodule, if it may be fetched."""
    base = parse(parent)
    problem = "its URL cannot be read"
    try:
        url, account = _absolute(written, parent)
        there = parse(url)
    except UrlError as error:
        problem = str(error)
    else:
        if account and not is_account(there.scheme, account):
            problem = "its URL has a user name or a password"
        elif (there.scheme, there.host, there.port) != (base.scheme, base.host, base.port):
            problem = f"it is not on {base.origin}" if base.host else "it is not a folder of this machine"
        elif there.scheme == "file" and not local:
            problem = "it is another folder of this machine"
        else:
            return written if _SHORT_SSH.match(written) else url
    hint = "name the repository that you need beside this one, or ask its owner for a source archive"
    if problem.startswith("it is another folder"):
        hint = "if you trust the repository: git config --global protocol.file.allow always"
    raise _refused(
        parent, f"its submodule {printable(path)} is {printable(shown(written)) or 'nowhere'}: {problem}", hint
    )


def _absolute(written: str, parent: str) -> tuple[str, str]:
    """The URL with its scheme, and what stands before its host. Raises `UrlError`."""
    if not written or written.startswith("-") or not written.isprintable() or re.search(r"[\s\\]", written):
        raise UrlError("its URL has characters that no URL has, or begins with a hyphen")
    short = _SHORT_SSH.match(written)
    if short:
        return f"ssh://{short[1]}{short[2]}/{short[3].lstrip('/')}", short[1].removesuffix("@")
    url = _resolved(written, parent)
    if not scheme_of(url) or "://" not in url:
        raise UrlError("it is not a URL")
    # The parent's own account is the user's.
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return url, authority.rpartition("@")[0]


def _resolved(written: str, parent: str) -> str:
    """A URL that may be relative to the parent's, as `git submodule` reads it: `../` takes the last part away."""
    base, rest = parent.rstrip("/"), written
    while rest.startswith(("./", "../")):
        step, _, rest = rest.partition("/")
        if step == "..":
            base = base.rpartition("/")[0]
            if base.endswith(":/") or "?" in base:
                raise UrlError("it leads out of its host")
    return f"{base}/{rest}" if rest != written else written


def _refused(parent: str, what: str, hint: str = "") -> Refused:
    return Refused.because("unsafe-repository", f"the repository {printable(parent)} is not fetched: {what}", hint=hint)
