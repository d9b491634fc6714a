"""Mercurial and Subversion, run as programs on repositories that are not trusted.

Mercurial: of the user's settings those sections are used that say how a repository is reached; hooks and extensions are
not among them. It runs with a file of these alone (`HGRCPATH`). Subrepositories are refused, which hg would fetch from
anywhere (`subrepos.allowed`), and bundles that a server names elsewhere are not asked for.

Subversion runs nothing on the client's side. What `svn:externals` names, from anywhere, is not fetched, and a
repository that has some is refused: its files would be missing.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from safepip.edges.builder.checking_out import CheckedOut
from safepip.edges.builder.programs import FETCH_SECONDS, environment_for_program, find_program, run_program
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.urls import parse

if TYPE_CHECKING:
    from safepip.edges.builder.checking_out import Checkout
    from safepip.edges.builder.programs import Finished
    from safepip.model.source import SourceCode

#: The sections of hg's settings that say how to sign in, through which proxy, and which certificates count.
_HG_SECTIONS = frozenset({"auth", "hostsecurity", "hostfingerprints", "http_proxy", "http", "web"})
_HG_KEYS = frozenset({"ui.ssh", "ui.timeout"})
_NODE = re.compile(r"[0-9a-f]{40}\Z")
_BATCH_SSH = "ssh -oBatchMode=yes"


def check_out_hg(asked: Checkout, into: str) -> CheckedOut:
    """Clone with hg, and update to the revision."""
    source, environ, scratch = asked.source, asked.environ, asked.scratch
    program = find_program("hg", environ)
    known = {**environment_for_program(environ), "HGPLAIN": "1", "HGRCSKIPREPO": "1"}
    # The user's own settings are read once by hg itself, wherever they lie.
    settings = run_program([program, "--noninteractive", "config", "--template", "json"], scratch, known)
    path = os.path.join(scratch, "hgrc")
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.write(_hg_settings(source, settings, asked.login))
    known = {name: value for name, value in known.items() if name not in ("HG", "HGPROF", "HGEDITOR", "HGMERGE")}
    known["HGRCPATH"] = path

    def run(*words: str, what: str) -> bytes:
        done = run_program([program, "--noninteractive", *words], scratch, known, seconds=FETCH_SECONDS)
        if done.code:
            raise _failed(source, what, done)
        return done.output

    run("clone", "--quiet", "--noupdate", "--pull", "--", source.url, into, what="could not be cloned")
    place = f"--repository={into}"
    revision = [f"--rev={source.revision}"] if source.revision else []
    run(place, "update", "--quiet", "--clean", *revision, what="could not be checked out")
    commit = run(place, "parents", "--template={node}", what="does not say what is checked out").decode("ascii")
    if not _NODE.match(commit):
        raise _failed(source, "has no commit that could be checked out")
    return CheckedOut(commit, (".hg",))


def _hg_settings(source: SourceCode, listing: Finished, login: tuple[str, str] | None) -> str:
    """The settings for hg, as a file."""
    try:
        entries = json.loads(listing.output) if listing.code == 0 else []
        pairs = [(str(entry["name"]), str(entry["value"])) for entry in entries]
    except (ValueError, KeyError, TypeError):
        pairs = []
    kept = {name: value for name, value in pairs if name.partition(".")[0] in _HG_SECTIONS or name in _HG_KEYS}
    kept.setdefault("ui.ssh", _BATCH_SSH)
    if login is not None and "".join(login).isprintable():
        # The innermost prefix wins; it is the host's own, so that no other one hears of it.
        kept.update({"auth.safepip.prefix": parse(source.url).origin, "auth.safepip.username": login[0]})
        kept["auth.safepip.password"] = login[1]
    kept.update({"ui.interactive": "false", "ui.clonebundles": "false", "subrepos.allowed": "false"})
    lines = []
    for name, value in kept.items():
        section, _, key = name.partition(".")
        # A value that goes on in the next line is indented there.
        lines.append(f"[{section}]\n{key} = {value.replace(chr(10), chr(10) + ' ')}\n")
    return "".join(lines)


def check_out_svn(asked: Checkout, into: str) -> CheckedOut:
    """Check out with svn. The commit is the number of the revision."""
    source, environ, login = asked.source, asked.environ, asked.login
    program = find_program("svn", environ)
    known = environment_for_program(environ)
    known.setdefault("SVN_SSH", _BATCH_SSH)
    url = f"svn+{source.url}" if source.url.startswith("ssh:") else source.url
    sign_in = [] if login is None else [f"--username={login[0]}", "--password-from-stdin", "--no-auth-cache"]
    question = b"" if login is None else login[1].encode()
    revision = [f"--revision={source.revision}"] if source.revision else []
    # Behind the last @ svn looks for a revision of the path; an empty one says that there is none.
    words = [
        "checkout",
        "--quiet",
        "--non-interactive",
        "--ignore-externals",
        *sign_in,
        *revision,
        "--",
        f"{url}@",
        into,
    ]
    done = run_program([program, *words], asked.scratch, known, seconds=FETCH_SECONDS, question=question)
    if done.code:
        raise _failed(source, "could not be checked out", done)

    def ask(*words: str) -> str:
        done = run_program([program, *words, "--", f"{into}@"], asked.scratch, known)
        if done.code:
            raise _failed(source, "does not say what is checked out", done)
        return done.output.decode("utf-8", "replace").strip()

    if ask("propget", "--recursive", "svn:externals"):
        raise Refused.because(
            "unsafe-repository",
            f"the repository {printable(source.url)} is not fetched: it brings in others by svn:externals",
            hint="name the repository that you need beside this one, or ask its owner for a source archive",
        )
    return CheckedOut(ask("info", "--show-item=revision"), (".svn",))


def _failed(source: SourceCode, what: str, done: Finished | None = None) -> Unavailable:
    words = () if done is None else done.words
    return Unavailable.because("checkout-failed", f"the repository {printable(source.url)} {what}", context=words)
