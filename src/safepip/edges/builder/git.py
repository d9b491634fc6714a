"""git run as a program on a repository that is not trusted: cloned, one commit chosen and checked out, its submodules.

What holds in each call is said in `safepip.build.git_settings`. The folder `.git` is named in each call, so that git
never looks for one, and its settings are looked at before git acts on them in a folder that was there before.

How a revision is understood (pip 26.3, `Git.resolve_revision`): a branch of the remote, else a tag, else anything that
names a commit; with `refs/` before it, it is fetched. A full commit id is that commit and never a branch of this name,
which pip would prefer. pip hands other texts to `git checkout`, which may take them for the path of a file; here they
have to name a commit.

History and tags are there as after pip: setuptools-scm reads the version from them. The contents of older files are
left out where the server can do that (partial clones), as pip does.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.build.git_settings import (
    allowed_protocols,
    allows_local_submodules,
    configured_filters,
    effective_protocol,
    foreign_keys,
    git_variables,
    login_settings,
    name_is_plain,
    overrides,
    read_settings,
    ssh_variables,
)
from safepip.build.vcs_url import is_full_id
from safepip.edges.builder.programs import (
    FETCH_SECONDS,
    LOCAL_SECONDS,
    Finished,
    environment_for_program,
    find_program,
    run_program,
)
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_PLAIN = re.compile(r"[\w-]+\Z", re.ASCII)
_MOST_SHOWN = 8
_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})


class TreeEntry(NamedTuple):
    """What a commit has at a path: `mode` as git writes it, `object_id` that of the blob, or a submodule's commit."""

    mode: str
    object_id: str


class Git:
    """git for one URL and one folder, which need not be there yet.

    `scratch` is an empty folder that no one else can write to. `login` is a user name and a password for the URL's own
    origin.
    """

    def __init__(
        self, url: str, folder: str, environ: Mapping[str, str], scratch: str, login: tuple[str, str] | None = None
    ) -> None:
        self.url, self.folder = url, folder
        self._theirs = environ
        self._scratch, self._login = scratch, login
        self._nothing = os.path.join(scratch, "none")
        self._program = find_program("git", environ)
        kept = git_variables(environment_for_program(environ), os.path.dirname(scratch))
        # What a repository's place adds to the settings (`includeIf`) is read once it is there.
        self._settings = read_settings(self._start(["config", "--list", "-z"], kept, scratch).output)
        self._environ = {**kept, **ssh_variables(kept, self._settings), **self._sign_in()}
        self._options = overrides(self._nothing)
        origin = origin_of(url)
        if login is not None and origin is not None and "SAFEPIP_GIT_USER" in self._environ:
            self._options += login_settings(origin)

    @property
    def allows_local_submodules(self) -> bool:
        """Whether the user's own settings do."""
        return allows_local_submodules(self._settings)

    def _sign_in(self) -> dict[str, str]:
        # A line end would be another answer to git.
        if self._login is None or not "".join(self._login).isprintable():
            return {}
        return dict(zip(("SAFEPIP_GIT_USER", "SAFEPIP_GIT_PASSWORD"), self._login, strict=True))

    # --- running git ---------------------------------------------------------------------------------------------

    def _start(
        self, words: list[str], environ: Mapping[str, str], folder: str, seconds: float = LOCAL_SECONDS
    ) -> Finished:
        return run_program([self._program, "--no-pager", *words], folder, environ, seconds=seconds)

    def _run(self, *words: str, seconds: float = LOCAL_SECONDS) -> Finished:
        """A command in the repository. It reaches the network only where it is told to (`reach`)."""
        place = [f"--git-dir={os.path.join(self.folder, '.git')}", f"--work-tree={self.folder}"]
        return self._start([*self._options, *place, *words], self._environ, self.folder, seconds)

    def _must(self, *words: str, what: str, seconds: float = LOCAL_SECONDS) -> bytes:
        done = self._run(*words, seconds=seconds)
        if done.code:
            raise self.failed(what, done)
        return done.output

    def failed(self, what: str, done: Finished | None = None, hint: str = "") -> Unavailable:
        """The error that says so, with git's own words."""
        return Unavailable.because(
            "checkout-failed",
            f"the repository {printable(self.url)} {what}",
            context=done.words if done else (),
            hint=hint,
        )

    def reach(self) -> None:
        """Let git reach the repository, by the one transport that its URL comes to after the user's `insteadOf`."""
        asked = self._start([*self._options, "ls-remote", "--get-url", "--", self.url], self._environ, self._scratch)
        real = asked.output.decode("utf-8", "replace").rstrip("\r\n")
        protocol = effective_protocol(real)
        if asked.code or not protocol or not real.isprintable():
            hint = "see: git config --show-origin --get-regexp 'url\\..*\\.insteadof'"
            raise self.failed("would be reached by something else than https, http, ssh or a file", asked, hint)
        allowed = allowed_protocols(protocol, self._theirs, self._settings)
        self._environ = {**self._environ, "GIT_ALLOW_PROTOCOL": allowed}

    # --- a new folder --------------------------------------------------------------------------------------------

    def clone(self) -> None:
        """Fetch the repository into the folder, which is not there or empty, and check nothing out."""
        words = ["clone", "--quiet", "--no-checkout", "--no-local", "--no-recurse-submodules", "--origin=origin"]
        if self._theirs.get("PIP_NO_PARTIAL_CLONE_FOR_BROKEN_GIT_SERVER", "").lower() not in _TRUE:
            words.append("--filter=blob:none")
        words += ["--template=", "--", self.url, self.folder]
        done = self._start([*self._options, *words], self._environ, self._scratch, FETCH_SECONDS)
        if done.code:
            raise self.failed("could not be cloned", done)
        self.examine()

    # --- a folder that was there ---------------------------------------------------------------------------------

    def own_settings(self) -> tuple[tuple[str, str], ...]:
        """What stands in the repository's own settings, read without acting on it."""
        path = os.path.join(self.folder, ".git", "config")
        words = ["config", "--no-includes", "--file", path, "--list", "-z"]
        done = self._start(words, self._environ, self._scratch)
        if done.code:
            raise self.failed("has settings that cannot be read", done)
        return read_settings(done.output)

    def remote(self) -> str:
        """The URL that the folder was cloned from."""
        return dict(self.own_settings()).get("remote.origin.url", "")

    def unsafe_settings(self) -> tuple[str, ...]:
        """What in the repository's own settings could make git run programs, or work elsewhere; a line for each."""
        own = os.path.join(self.folder, ".git")
        if os.path.islink(own) or not os.path.isdir(own) or not os.path.isfile(os.path.join(own, "config")):
            return (".git is not a repository of its own",)
        found = [f".git/config sets {printable(key)}" for key in foreign_keys(self.own_settings())]
        names = ("commondir", "config.worktree", "objects/info/alternates")
        found += [f".git/{name} is there" for name in names if os.path.lexists(os.path.join(own, name))]
        return tuple(found[:_MOST_SHOWN])

    def examine(self) -> None:
        """Check the repository's own settings, and switch off the filters that are configured.

        Raises `Refused` (`unsafe-repository`).
        """
        unsafe = self.unsafe_settings()
        if unsafe:
            raise Refused.because(
                "unsafe-repository",
                f"the folder {printable(self.folder)} has settings by which git could run programs",
                context=unsafe,
                hint="take them out, or delete the folder",
            )
        self._settings = read_settings(self._must("config", "--list", "-z", what="has settings that cannot be read"))
        filters = configured_filters(self._settings)
        if not all(map(name_is_plain, filters)):
            raise self.failed("cannot be checked out: git has a filter configured whose name has = in it")
        self._options += overrides(self._nothing, filters)[len(overrides(self._nothing)) :]

    def fetch(self) -> None:
        """Fetch what is new of branches and tags."""
        branches = "+refs/heads/*:refs/remotes/origin/*"
        words = ("fetch", "--quiet", "--tags", "--no-recurse-submodules", "--", "origin", branches)
        self._must(*words, what="could not be fetched", seconds=FETCH_SECONDS)

    def set_url(self) -> None:
        """Let the folder's remote be the URL from now on."""
        self._must("config", "remote.origin.url", self.url, what="could not be named to git")

    # --- which commit --------------------------------------------------------------------------------------------

    def resolve(self, revision: str) -> tuple[str, str]:
        """The full id of the commit that a revision names, and the branch that it is, if it is one.

        Raises `Unavailable` (`checkout-failed`).
        """
        if revision in ("", "HEAD"):
            return self._commit("HEAD") or self._no_commit(revision), ""
        if not is_full_id(revision):
            branch = self._reference(f"refs/remotes/origin/{revision}")
            if branch:
                return self._commit(branch) or self._no_commit(revision), revision
            tag = self._reference(f"refs/tags/{revision}")
            if tag:
                return self._commit(tag) or self._no_commit(revision), ""
        if revision == "refs/remotes/origin/HEAD":
            return self._commit(revision) or self._commit("HEAD") or self._no_commit(""), ""
        if revision.startswith("refs/"):
            self._fetch_one(revision)
            return self._commit("FETCH_HEAD") or self._no_commit(revision), ""
        found = self._commit(revision)
        if not found and is_full_id(revision):
            self._fetch_one(revision)
            found = self._commit(revision)
        return found or self._no_commit(revision), ""

    def is_published(self, commit: str) -> bool:
        """Whether a branch or a tag of the repository has the commit in its history.

        Services that keep forks together give out the commits of every fork under the URL of each one.
        """
        words = ("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes/origin", "refs/tags")
        done = self._run(*words)
        return done.code == 0 and bool(done.output.strip())

    def head(self) -> str:
        """The commit that is checked out, empty where there is none."""
        return self._commit("HEAD")

    def branch(self) -> str:
        """The local branch that is checked out, empty where it is none."""
        done = self._run("symbolic-ref", "--quiet", "HEAD")
        name = done.output.decode("utf-8", "surrogateescape").strip("\n")
        return name.removeprefix("refs/heads/") if name.startswith("refs/heads/") else ""

    def _reference(self, name: str) -> str:
        done = self._run("show-ref", "--verify", "--hash", "--", name)
        found = done.output.decode("ascii", "replace").strip()
        return found if done.code == 0 and _ID.match(found) else ""

    def _commit(self, revision: str) -> str:
        done = self._run("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}", seconds=FETCH_SECONDS)
        found = done.output.decode("ascii", "replace").strip()
        return found if done.code == 0 and _ID.match(found) else ""

    def _fetch_one(self, revision: str) -> None:
        words = ("fetch", "--quiet", "--no-recurse-submodules", "--", "origin", revision)
        done = self._run(*words, seconds=FETCH_SECONDS)
        if done.code:
            raise self.failed(f"has no {printable(revision)}, or its server does not give it out", done)

    def _no_commit(self, revision: str) -> str:
        if not revision:
            raise self.failed("has no commit on its default branch")
        raise self.failed(f"has no branch, tag or commit {printable(revision)}")

    # --- the files -----------------------------------------------------------------------------------------------

    def listing(self, commit: str) -> dict[str, TreeEntry]:
        """What the commit has, by path. A tree that has more than any real one ends in `checkout-failed`."""
        output = self._must("ls-tree", "-r", "-z", "--full-tree", commit, what="cannot be read", seconds=FETCH_SECONDS)
        entries = {}
        for line in output.split(b"\0"):
            head, tab, path = line.partition(b"\t")
            mode, _, object_id = head.decode("ascii").partition(" ")
            if tab:
                entries[os.fsdecode(path)] = TreeEntry(mode, object_id.rpartition(" ")[2])
        return entries

    def check_out(self, commit: str, branch: str = "") -> None:
        """Write the files of the commit. As after pip, a branch that is named becomes a local one that follows it."""
        current = self.branch()
        if branch and branch != current:
            words = ["-B", branch, "--track", f"refs/remotes/origin/{branch}"]
        elif self.head() == commit and current:
            words = []
        else:
            words = ["--detach", commit]
        self._must("checkout", "--quiet", "--force", *words, what="could not be checked out", seconds=FETCH_SECONDS)

    def reset(self, commit: str) -> None:
        """Let branch and files of a folder that was there be those of the commit, as pip does."""
        self._must("reset", "--quiet", "--hard", commit, what="could not be checked out", seconds=FETCH_SECONDS)

    def unfiltered(self) -> Iterator[tuple[str, int]]:
        """The filters that are configured, are called for by the repository and were not run; for how many files."""
        for name in configured_filters(self._settings):
            if _PLAIN.match(name):
                found = self._run("ls-files", "-z", "--", f":(top,attr:filter={name})").output.count(b"\0")
                if found:
                    yield name, found

    def settings_in(self, commit: str, path: str) -> tuple[tuple[str, str], ...]:
        """A file in the form of git's settings, out of the commit and not from the disk."""
        words = ("config", "--no-includes", f"--blob={commit}:{path}", "--list", "-z")
        return read_settings(self._must(*words, what=f"has a {path} that cannot be read", seconds=FETCH_SECONDS))

    def record_submodule(self, name: str, url: str) -> None:
        """Say that a submodule is in use, as `git submodule init` does: git lists its files then."""
        for key, value in (("active", "true"), ("url", url)):
            self._must("config", f"submodule.{name}.{key}", value, what="could not be told of a submodule")
