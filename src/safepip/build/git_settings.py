"""What git is told when safepip runs it: which settings of the user and the system hold, and which do not.

What decides how a repository is reached stays in force, or private repositories fail: credentials and their helpers,
proxies, certificates, `insteadOf`, the ssh command. What would run a program because of what a repository holds, or
would make the files differ from one machine to the next, does not:

- hooks (`core.hooksPath`), templates of new repositories, the file system monitor;
- filters that a repository's `.gitattributes` calls for by name, such as Git LFS: each one that is configured is
  switched off, and the files stay as they are in the repository;
- conversion of line ends and attributes by the user's or the system's settings (gitattributes(5)): the files, and so
  the digest of the tree, depend on the repository alone;
- variables that steer git to another repository, other objects or other settings for one call (`GIT_DIR`,
  `GIT_CONFIG_PARAMETERS` ...): of those that begin with `GIT_`, the ones below are kept;
- questions: git and ssh have no terminal, and fail where they would ask.

git runs transports by the names in `GIT_ALLOW_PROTOCOL` and no others: the one by which the repository is reached.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.urls import scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The variables of git(1) by which users say how a repository is reached.
KEPT_GIT_VARIABLES = frozenset(
    {
        # where the settings are
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH"),
        # how to sign in
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS"),
        # certificates
        *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_CERT_PASSWORD_PROTECTED"),
        *("GIT_SSL_NO_VERIFY", "GIT_SSL_VERSION", "GIT_SSL_CIPHER_LIST"),
        *("GIT_PROXY_SSL_CAINFO", "GIT_PROXY_SSL_CERT", "GIT_PROXY_SSL_KEY", "GIT_PROXY_SSL_CERT_PASSWORD_PROTECTED"),
        # http
        *("GIT_HTTP_USER_AGENT", "GIT_HTTP_LOW_SPEED_LIMIT", "GIT_HTTP_LOW_SPEED_TIME", "GIT_HTTP_MAX_REQUESTS"),
        "GIT_HTTP_PROXY_AUTHMETHOD",
    }
)
_PAIR = re.compile(r"GIT_CONFIG_(?:KEY|VALUE)_[0-9]{1,6}\Z")
_FILTER = re.compile(r"filter\.(.*)\.(?:clean|smudge|process|required)\Z", re.DOTALL)
_REACHABLE = frozenset({"https", "ssh", "http", "file"})

#: What holds in every call. Each is stronger than a file, because it is given on the command line (git-config(1)).
_ALWAYS = (
    *("core.fsmonitor=false", "core.autocrlf=false", "core.eol=lf", "submodule.recurse=false"),
    # Names that are `.git` on macOS and on Windows alone are refused everywhere.
    *("core.protectHFS=true", "core.protectNTFS=true"),
    # Nothing goes on in the background when git has ended.
    *("gc.auto=0", "gc.autoDetach=false", "maintenance.auto=false", "fetch.writeCommitGraph=false"),
    *("fetch.recurseSubmodules=false", "advice.detachedHead=false", "checkout.guess=false"),
    "credential.interactive=false",
)

#: What a repository's own settings may say: what git itself writes into a new clone, and a few that are names.
_OWN_KEY = re.compile(
    r"core\.(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks)"
    r"|extensions\.(?:partialclone|objectformat|compatobjectformat|refstorage)"
    r"|remote\.[^\n]*\.(?:url|pushurl|fetch|tagopt)|remote\.origin\.(?:promisor|partialclonefilter)"
    r"|branch\.[^\n]*\.(?:remote|merge|rebase|description)"
    r"|submodule\.[^\n]*\.(?:active|url)"
    r"|user\.(?:name|email)|pull\.(?:rebase|ff)"
)


def read_settings(listing: bytes) -> tuple[tuple[str, str], ...]:
    """Keys and values of `git config --list -z`, in order. A key that has no value is true (git-config(1))."""
    items = listing.decode("utf-8", "surrogateescape").split("\0")
    return tuple((key, value if line else "true") for key, line, value in (i.partition("\n") for i in items) if key)


def git_variables(environ: Mapping[str, str], ceiling: str) -> dict[str, str]:
    """The environment for git. Its search for a repository does not go up into the folder `ceiling`."""
    kept = {name: value for name, value in environ.items() if _is_kept(name.upper())}
    return {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        # git would ask by a window.
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ASKPASS": kept.get("GIT_ASKPASS", ""),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_CEILING_DIRECTORIES": ceiling,
        "GIT_LFS_SKIP_SMUDGE": "1",
        # The credential manager of Windows and macOS would open a window; what it knows it still gives.
        "GCM_INTERACTIVE": "never",
    }


def _is_kept(name: str) -> bool:
    if name in ("SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"):
        return False
    return not name.startswith("GIT_") or name in KEPT_GIT_VARIABLES or bool(_PAIR.match(name))


def ssh_variables(environ: Mapping[str, str], settings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """How ssh is run: as the user says, else so that it never asks."""
    if {"GIT_SSH", "GIT_SSH_COMMAND"} & environ.keys() or any(key == "core.sshcommand" for key, _ in settings):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}


def effective_protocol(url: str) -> str:
    """The name of the transport that git takes for a URL, after `insteadOf`; empty for one that is not used.

    git reads a text without `://` as a path, or as ssh's short form where a colon comes before the first slash.
    """
    scheme = scheme_of(url) if "://" in url else ""
    if scheme:
        return scheme if scheme in _REACHABLE else ""
    head, colon, rest = url.partition(":")
    if url.startswith("-") or rest.startswith(":"):
        return ""
    return "ssh" if colon and "/" not in head and len(head) > 1 else "file"


def allowed_protocols(protocol: str, environ: Mapping[str, str], settings: Iterable[tuple[str, str]]) -> str:
    """The value of `GIT_ALLOW_PROTOCOL`: this one, without what the user has forbidden to git.

    A server may lead from http on to https, and never back.
    """
    theirs = environ.get("GIT_ALLOW_PROTOCOL")
    known = dict(settings)

    def may_use(name: str) -> bool:
        if theirs is not None:
            return name in theirs.split(":")
        return known.get(f"protocol.{name}.allow", known.get("protocol.allow", "")).lower() != "never"

    return ":".join(filter(may_use, ("http", "https") if protocol == "http" else (protocol,)))


def allows_local_submodules(settings: Iterable[tuple[str, str]]) -> bool:
    """Whether the user lets git read other folders of this machine for a repository (CVE-2022-39253)."""
    return dict(settings).get("protocol.file.allow", "").lower() == "always"


def configured_filters(settings: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The names of all filters that a repository's `.gitattributes` could call for."""
    found = (_FILTER.match(key) for key, _ in settings)
    return tuple(dict.fromkeys(match[1] for match in found if match))


def overrides(nothing: str, filters: Iterable[str] = ()) -> list[str]:
    """The options before git's command. `nothing` is a path at which there is nothing, where hooks are looked for.

    The name of a filter has no `=` in it (`name_is_plain`).
    """
    settings = [*_ALWAYS, f"core.hooksPath={nothing}", f"core.attributesFile={nothing}"]
    for name in filters:
        settings += [f"filter.{name}.{what}=" for what in ("clean", "smudge", "process")]
        settings.append(f"filter.{name}.required=false")
    return [word for setting in settings for word in ("-c", setting)]


def name_is_plain(name: str) -> bool:
    """Whether `-c` can switch off the filter of this name: it ends a key at the first `=`."""
    return "=" not in name and "\n" not in name


def login_settings(origin: str) -> list[str]:
    """The options that give git one user name and password for an origin, out of two variables.

    No other helper is asked, and none is told to keep them (gitcredentials(7)).
    """
    pairs = '"username=%s\\npassword=%s\\n" "$SAFEPIP_GIT_USER" "$SAFEPIP_GIT_PASSWORD"'
    helper = f'!f() {{ test "$1" = get && printf {pairs}; }}; f'
    return ["-c", f"credential.{origin}.helper=", "-c", f"credential.{origin}.helper={helper}"]


def foreign_keys(settings: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The keys of a repository's own settings that safepip does not let git act on: they could run programs."""
    return tuple(dict.fromkeys(key for key, _ in settings if not _OWN_KEY.fullmatch(key)))
