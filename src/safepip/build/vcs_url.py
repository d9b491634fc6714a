"""A version-control URL as pip reads it, and back: `git+https://host/path@revision#subdirectory=folder`.

The form is that of pip's documentation, "VCS Support": the program, `+`, a URL; in its path, behind the last `@`, the
revision, percent-encoded; in its fragment `egg` and `subdirectory`. pip 26.3 takes a bare project name as `egg`, and
refuses extras in it.

What the programs would take for something else than a place is refused before any of them sees it:

- text that a program would read as an option: a host, a user name, a revision or a folder that begins with `-`
  (CVE-2017-1000117, CVE-2018-17456);
- transports that are programs (`ext::`, `fd::`), and anything else with `::` at its beginning;
- a revision that is more than one commit, or a mapping between references (`a..b`, `a:b`, `+a`);
- protocols that carry code without encryption: `git:`, `svn:`, `ftp:`, `static-http:`. Plain `http:` is read, and who
  uses the URL has to ask `safepip.model.urls.is_secure`;
- a folder that is not within the tree.

A user name is kept for ssh, where it names the account that all users of a service share, such as `git`, and is not a
secret. A password is never kept: `Credentials.absorb` has taken it out before (`safepip.edges.network.credentials`),
and what still has one is refused.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.model.names import is_name
from safepip.model.source import SourceCode, SourceKind
from safepip.model.urls import UrlError, is_account, parse, scheme_of
from safepip.model.urls import shown as without_user_info

if TYPE_CHECKING:
    from safepip.model.urls import Url

#: The protocols of each program, as pip names them.
PROTOCOLS = {
    "git": ("https", "ssh", "file", "http", "git"),
    "hg": ("https", "ssh", "file", "http", "static-http"),
    "svn": ("https", "ssh", "file", "http", "svn"),
    "bzr": ("https", "ssh", "sftp", "lp", "file", "http", "ftp"),
}
#: Those by which anyone on the way can change the code.
_UNPROTECTED = frozenset({"git", "svn", "ftp", "static-http"})
#: Those where a name before the host is an account, and not a secret.
_WITH_ACCOUNT = frozenset({"ssh", "sftp"})

# `git+git@host:path`, the short form of ssh; what is put into the hint has no character that a shell would act on.
_SHORT_SSH = re.compile(r"(git|hg|svn|bzr)\+((?:\w[\w.-]*@)?\w[\w.-]*):(?!//)/*([\w./~+-]*(?:@[\w./-]+)?)", re.ASCII)
_EGG_WITH_EXTRAS = re.compile(r"[\w.-]+\[[\w.,-]+\]", re.ASCII)
# A host with a port or without, and nothing that could be a password.
_ONLY_HOST = re.compile(r"[\w.-]*(?::[0-9]*)?\Z", re.ASCII)
# git-check-ref-format(1) forbids these in names; `^`, `~` and braces belong to `v1^{}` and `main~2`, names of commits.
_NOT_IN_REVISION = re.compile(r"[\x00-\x20\x7f:?*\[\\]|\.\.|@\{|[^\S ]")
_SVN_REVISION = re.compile(r"(?:[0-9]{1,18}|HEAD|\{[0-9T:.Z-]{1,40}\})\Z", re.ASCII)
_FULL_ID = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")


class VcsUrl(NamedTuple):
    """What a version-control URL says. `egg` is the project's name as written, empty where there is none."""

    source: SourceCode
    egg: str = ""


def is_vcs_url(text: str) -> bool:
    """Whether a text is meant as one: pip's programs before a `+`, well-formed or not."""
    return text.partition("+")[0].strip().lower() in PROTOCOLS and ":" in text


def is_full_id(revision: str) -> bool:
    """Whether a revision is a whole commit id of git or hg, which says what the code is and cannot be moved."""
    return bool(_FULL_ID.match(revision))


def read_vcs_url(text: str) -> VcsUrl:
    """Read `VCS+PROTOCOL://HOST/PATH[@REVISION][#egg=NAME&subdirectory=FOLDER]`.

    Raises `UnusableInput` (`bad-vcs-url`). Its message shows the URL without user information.
    """
    vcs, _, protocol = scheme_of(text).partition("+")
    if vcs not in PROTOCOLS or protocol not in PROTOCOLS[vcs]:
        short = _SHORT_SSH.fullmatch(text)
        if short:
            raise _bad(text, "it has no protocol", "write {}+ssh://{}/{}".format(*short.groups()))
        programs = {vcs: PROTOCOLS[vcs]} if vcs in PROTOCOLS else PROTOCOLS
        known = ", ".join(f"{name}+{way}" for name, ways in programs.items() for way in ways if way not in _UNPROTECTED)
        raise _bad(text, "it does not begin with a program and a protocol that safepip knows", f"these are: {known}")
    if protocol in _UNPROTECTED:
        raise _bad(text, f"{protocol}: is not encrypted, so anyone on the way could change the code",
                   f"use {vcs}+https or {vcs}+ssh")  # fmt: skip
    url = _parsed(text, text[text.index("+") + 1 :], protocol)
    path, revision = _revision(text, vcs, url.path)
    fields = _fields(text, url.fragment)
    place = _account(text, protocol) + url.netloc
    query = f"?{url.query}" if url.query else ""
    source = SourceCode(
        SourceKind.VCS,
        f"{protocol}://{place}{path}{query}",
        subdirectory=_subdirectory(text, fields.get("subdirectory", "")),
        vcs=vcs,
        revision=revision,
    )
    return VcsUrl(source, _egg(text, fields.get("egg", "")))


def meant(text: str) -> str:
    """What to write for a repository that is named as git itself names it, by `ssh://`, by `ACCOUNT@HOST:PATH` or by a
    path that ends in `.git`; empty for every other text."""
    short = _SHORT_SSH.fullmatch(f"git+{text}")
    if short:
        # A host without a dot could be a scheme or a drive: `tool@file:/x`, `tool@C:/x`.
        account, _, host = short[2].rpartition("@")
        return f"git+ssh://{short[2]}/{short[3]}" if account and "." in host else ""
    try:
        url = parse(text)
        named = url.scheme == "ssh" or (url.scheme == "https" and url.path.endswith(".git"))
        return shown(read_vcs_url(f"git+{text}").source) if named else ""
    except (UrlError, UnusableInput):
        return ""


def shown(source: SourceCode, *, egg: str = "") -> str:
    """The URL in pip's form again, as `pip freeze` writes it: `read_vcs_url` gives the same source of it."""
    # pip writes an editable's name so, and other readers of its lines expect that.
    return source.written(egg.replace("-", "_"))


# --- the parts ---------------------------------------------------------------------------------------------------


def _parsed(text: str, bare: str, protocol: str) -> Url:
    rest = bare.partition(":")[2]
    if not rest.startswith("//"):
        raise _bad(text, "the protocol is not followed by ://")
    try:
        url = parse(bare)
    except UrlError as problem:
        raise _bad(text, str(problem)) from None
    if not url.host and protocol not in ("file", "lp"):
        raise _bad(text, "the URL has no host")
    if not url.path.startswith("/") or url.path.startswith("//"):
        raise _bad(text, "the URL has no path to a repository")
    if "\\" in text or not text.isprintable() or " " in text:
        raise _bad(text, "it has characters that a URL cannot have")
    return url


def _account(text: str, protocol: str) -> str:
    """The user name before the host with its `@`, for protocols where it is an account."""
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    account, at, _ = authority.rpartition("@")
    if not at:
        return ""
    if protocol not in _WITH_ACCOUNT:
        raise _bad(
            text, "it has a user name or a password in it", "keep them in netrc, or let git's own settings give them"
        )
    if not is_account(protocol, account):
        raise _bad(text, "what stands before the host is not the name of an account")
    return f"{account}@"


def _revision(text: str, vcs: str, path: str) -> tuple[str, str]:
    """The path without the revision, and the revision. pip takes what stands behind the last `@`."""
    bare, at, written = path.rpartition("@")
    if not at:
        return path, ""
    if not written:
        raise _bad(text, "its revision, behind the @, is empty", "name a revision, or leave the @ out")
    if bare in ("", "/"):
        raise _bad(text, "the URL has no path to a repository")
    revision = unquote(written)
    if revision[0] in "-+^" or "\ufffd" in revision or not revision.isprintable():
        raise _bad(text, "its revision is not the name of a branch, a tag or a commit")
    if vcs == "svn":
        if not _SVN_REVISION.match(revision):
            raise _bad(text, "its revision is not a number, HEAD or a date in braces, as svn has them")
    elif _NOT_IN_REVISION.search(revision) or (vcs != "git" and re.search(r"""[()'"~^{}|&!#%,]""", revision)):
        # In hg these make an expression that can select many commits, in bzr the name of another way to look.
        raise _bad(text, "its revision is not the name of one branch, tag or commit")
    return bare, revision


def _fields(text: str, fragment: str) -> dict[str, str]:
    """The `name=value` pairs of the fragment, as written. Others than `egg` and `subdirectory` count for nothing."""
    fields: dict[str, str] = {}
    for pair in fragment.split("&"):
        name, equals, value = pair.partition("=")
        if not equals or name not in ("egg", "subdirectory"):
            continue
        if name in fields:
            raise _bad(text, f"it has two {name}= in it")
        fields[name] = value
    return fields


def _egg(text: str, egg: str) -> str:
    if egg and not is_name(egg):
        hint = f"write {egg} @ and the URL without #egg=" if _EGG_WITH_EXTRAS.fullmatch(egg) else ""
        raise _bad(text, "its #egg= is not the name of a project", hint)
    return egg


def _subdirectory(text: str, folder: str) -> str:
    """The folder of `#subdirectory=`, as written: pip does not decode it."""
    if not folder:
        return ""
    inside = posixpath.normpath(folder)
    if folder.startswith("/") or inside.split("/")[0] == ".." or re.match(r"[A-Za-z]:", folder) or "::" in folder:
        raise _bad(text, "its #subdirectory= does not lie within the repository")
    if any(part.startswith("-") or part.lower() == ".git" for part in folder.split("/")):
        raise _bad(text, "its #subdirectory= is not the folder of a project")
    return folder


def _bad(text: str, why: str, hint: str = "") -> UnusableInput:
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    # An `@` in the path is before a revision; elsewhere what stands before it may be a password.
    hidden = text if "://" in text and _ONLY_HOST.match(authority) else without_user_info(text)
    return UnusableInput.because(
        "bad-vcs-url", f"{printable(hidden, 200)} is not a version-control URL that can be used: {why}", hint=hint
    )
