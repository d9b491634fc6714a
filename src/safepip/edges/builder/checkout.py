"""Source code out of version control: fetched, checked out at one commit, and looked through before anything reads it.

Nothing of what is fetched runs, and nothing in it becomes a setting of the program that fetches it
(`safepip.build.git_settings`). Afterwards the tree has no link that leads out of it. The digest is that of all files
without the repository's own data; the commit's id alone is a SHA-1, for which collisions are practical.

git is complete, with submodules of the same host (`safepip.build.submodules`). Mercurial and Subversion are in
`safepip.edges.builder.hg_and_svn`. Bazaar is not supported.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from safepip.build.vcs_url import is_full_id
from safepip.edges.builder.checking_out import Checkout
from safepip.edges.builder.git_checkout import GitFolder, check_out_git
from safepip.edges.builder.hg_and_svn import check_out_hg, check_out_svn
from safepip.edges.builder.removal import remove
from safepip.edges.builder.tree import digest_of_tree
from safepip.edges.builder.tree_links import check_links, check_tree, is_within
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable
from safepip.model.source import SourceTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from safepip.edges.builder.checking_out import CheckedOut
    from safepip.model.digest import Digest
    from safepip.model.errors import SafepipError
    from safepip.model.source import SourceCode

#: What pip asks where the folder of an editable is there already (its `--exists-action`): what each answer does.
_ACTIONS = {"s": "switch to this URL", "i": "use it as it is", "w": "delete it", "b": "rename it"}

_WAYS = {"git": check_out_git, "hg": check_out_hg, "svn": check_out_svn}


def check_out(
    source: SourceCode,
    into: str,
    environ: Mapping[str, str],
    *,
    login: tuple[str, str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> SourceTree:
    """Fetch source code of version control into a folder that is not there yet, or empty.

    `login` is a user name and a password for the URL's own origin. `tell` is given one line for each thing that the
    user should know. Raises `Unavailable` (`checkout-failed`, `vcs-program-missing`) and `Refused`
    (`unsafe-repository`, `commit-differs`); the folder is gone then, and those above it that were not there.
    """
    into = os.path.abspath(into)
    absent = _absent_above(into)
    with _scratch() as scratch:
        try:
            done = _fetched(Checkout(source, environ, scratch, login, tell), into)
            _check_commit(source, done)
            check_tree(into, source.url, done.repositories)
            return _tree(source, into, done.commit, digest_of_tree(into))
        except BaseException:
            remove(into)
            for folder in absent:
                with suppress(OSError):  # something else has been put into it since
                    os.rmdir(folder)
            raise


def _absent_above(path: str) -> list[str]:
    """The folders above a path that are not there yet, the nearest first."""
    absent, folder = [], os.path.dirname(path)
    while not os.path.lexists(folder):
        absent.append(folder)
        folder = os.path.dirname(folder)
    return absent


def _fetched(asked: Checkout, into: str) -> CheckedOut:
    how = _WAYS.get(asked.source.vcs)
    if how is not None:
        return how(asked, into)
    raise Unavailable.because(
        "checkout-failed",
        f"{printable(asked.source.url)} is kept with Bazaar, which safepip does not support",
        hint="name a source archive of the project instead",
    )


def update(
    source: SourceCode,
    folder: str,
    environ: Mapping[str, str],
    *,
    exists_action: Sequence[str] = (),
    login: tuple[str, str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> SourceTree:
    """Let a folder, which may be there already, be a checkout of this source: what pip does for `-e` in `--src`.

    A checkout of the same URL is brought to the revision, and changes in its files are lost, as with pip; it has no
    digest, for builds have left more in it than was fetched. For anything else the first fitting answer in
    `exists_action` decides: `s` (switch), `i` (ignore), `w` (wipe), `b` (backup). Raises as `check_out`; a folder that
    was there stays.
    """
    folder = os.path.abspath(folder)
    if not os.path.lexists(folder):
        return check_out(source, folder, environ, login=login, tell=tell)
    if os.path.islink(folder) or not os.path.isdir(folder):
        raise Unavailable.because("checkout-failed", f"{printable(folder)} is there and is not a folder")
    with _scratch() as scratch:
        asked = Checkout(source, environ, scratch, login, tell)
        checkout = GitFolder(asked, folder) if _has_git(source, folder) else None
        unsafe = checkout.unsafe_settings() if checkout else ()
        usable = None if unsafe else checkout
        answers = "iwb" if usable is None else "" if usable.is_same() else "siwb"
        action = next((answer for answer in exists_action if answer in answers), "")
        if usable is not None and action == ("s" if answers else ""):
            done = usable.update()
            _check_commit(source, done)
            check_links(folder, source.url, done.links, done.repositories)
            return _tree(source, folder, done.commit)
    if action == "i":
        return _tree(source, folder)
    if not action:
        raise _not_usable(source, folder, answers, unsafe)
    if action == "w":
        remove(folder)
    else:
        os.rename(folder, _backup_name(folder))
    return check_out(source, folder, environ, login=login, tell=tell)


def _has_git(source: SourceCode, folder: str) -> bool:
    return source.vcs == "git" and os.path.lexists(os.path.join(folder, ".git"))


@contextmanager
def _scratch() -> Iterator[str]:
    """An empty folder of this user's alone."""
    with tempfile.TemporaryDirectory(prefix="safepip-vcs-") as folder:
        yield os.path.realpath(folder)


def _check_commit(source: SourceCode, done: CheckedOut) -> None:
    """A full commit id is the id of what is there now."""
    if is_full_id(source.revision) and source.vcs != "svn" and done.commit != source.revision.lower():
        raise Refused.because(
            "commit-differs",
            f"{printable(source.url)} has another commit under the id {source.revision}",
            context=(f"checked out: {done.commit}",),
            hint="name the commit's own id, and not that of a tag",
        )


def _tree(source: SourceCode, root: str, commit: str = "", digest: Digest | None = None) -> SourceTree:
    return SourceTree(_project(source, root), root, digest, commit, own=source.editable)


def _project(source: SourceCode, root: str) -> str:
    """The folder of `#subdirectory=` within the tree."""
    folder = os.path.normpath(os.path.join(root, *source.subdirectory.split("/")))
    if not os.path.isdir(folder):
        raise Unavailable.because(
            "checkout-failed",
            f"the repository {printable(source.url)} has no folder {printable(source.subdirectory)}",
            hint="look at #subdirectory=",
        )
    if not is_within(os.path.realpath(folder), os.path.realpath(root)):
        raise Refused.because(
            "unsafe-repository", f"the folder {printable(source.subdirectory)} leads out of {printable(source.url)}"
        )
    return folder


def _not_usable(source: SourceCode, folder: str, answers: str, unsafe: tuple[str, ...]) -> SafepipError:
    """There is no answer to what pip would ask."""
    choices = "\n".join(f"    --exists-action {answer}    {_ACTIONS[answer]}" for answer in answers)
    hint = f"say what to do with it:\n{choices}"
    if unsafe:
        what = f"the folder {printable(folder)} has settings by which git could run programs"
        return Refused.because("unsafe-repository", what, context=unsafe, hint=hint)
    what = f"{printable(folder)} is there already, and is not a checkout of {printable(source.url)}"
    return Unavailable.because("checkout-failed", what, hint=hint)


def _backup_name(folder: str) -> str:
    """pip's: `.bak`, `.bak2`, ..."""
    number, name = 1, f"{folder}.bak"
    while os.path.lexists(name):
        number += 1
        name = f"{folder}.bak{number}"
    return name
