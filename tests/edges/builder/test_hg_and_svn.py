"""Mercurial and Subversion: real repositories, honest and hostile."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.build.vcs_url import read_vcs_url
from safepip.edges.builder.checkout import check_out, update
from safepip.model.errors import Refused, SafepipError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.source import SourceTree

needs_hg = pytest.mark.skipif(shutil.which("hg") is None, reason="Mercurial is not installed")
needs_svn = pytest.mark.skipif(shutil.which("svn") is None, reason="Subversion is not installed")

pytestmark = pytest.mark.usefixtures("untied")


class User:
    """A user with a home, and a marker that an attack would write."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.marker = root / "marker"
        self.settings = root / "home" / ".hgrc"
        self.settings.parent.mkdir()
        self.settings.write_text("[ui]\nusername = tester\n")
        home = str(self.settings.parent)
        self.environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "HGRCPATH": str(self.settings)}

    def run(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            words, cwd=cwd or self.root, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def payload(self) -> Path:
        path = self.root / "payload"
        path.write_text(f"#!/bin/sh\necho x >> '{self.marker}'\n")
        path.chmod(0o755)
        return path

    def check_out(self, url: str, name: str = "out") -> SourceTree:
        return check_out(read_vcs_url(url).source, str(self.root / name), self.environ)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    made = User(tmp_path)
    yield made
    assert not made.marker.exists()


@pytest.fixture(scope="module")
def made_with_hg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of Mercurial with two commits, to be copied: each hg takes as long as a copy of many."""
    user = User(tmp_path_factory.mktemp("hg"))
    path = user.root / "tool"
    user.run("hg", "init", str(path))
    for number in ("1", "2"):
        (path / "module.py").write_text(number)
        user.run("hg", "commit", "--addremove", "--message", number, cwd=path)
    return path


@pytest.fixture
def hg(user: User, made_with_hg: Path) -> Path:
    """A repository of Mercurial with two commits."""
    return shutil.copytree(made_with_hg, user.root / "served" / "tool", symlinks=True)


@pytest.fixture
def svn(user: User) -> Path:
    """A work folder of Subversion whose repository has two revisions; it lies beside it, as `repo`."""
    user.run("svnadmin", "create", "repo")
    work = user.root / "work"
    user.run("svn", "checkout", "--quiet", (user.root / "repo").as_uri(), str(work))
    for number in ("1", "2"):
        (work / "module.py").write_text(number)
        user.run("svn", "add", "--force", "--quiet", "module.py", cwd=work)
        user.run("svn", "commit", "--quiet", "--message", number, cwd=work)
    return work


def svn_url(user: User, revision: str = "") -> str:
    return f"svn+{(user.root / 'repo').as_uri()}{revision}"


# --- Mercurial --------------------------------------------------------------------------------------------------------


@needs_hg
def test_hg_gives_the_tip(user: User, hg: Path) -> None:
    """With the whole id; what is not there fails."""
    tree = user.check_out(f"hg+{hg.as_uri()}")
    assert tree.commit == user.run("hg", "log", "--rev=tip", "--template={node}", cwd=hg)
    with pytest.raises(Unavailable, match="checkout-failed"):
        user.check_out(f"hg+{hg.as_uri()}@none", "none")


@needs_hg
@pytest.mark.usually("tag and id")
@pytest.mark.parametrize("forms", [("tag", "id"), ("short", "number")], ids=" and ".join)
def test_hg_gives_a_tag_and_a_commit(user: User, hg: Path, forms: tuple[str, ...]) -> None:
    """With the whole id, and a digest of the files alone."""
    user.run("hg", "tag", "--rev", "0", "v1", cwd=hg)
    first = user.run("hg", "log", "--rev=0", "--template={node}", cwd=hg)
    revisions = {"tag": "v1", "id": first, "short": first[:10], "number": "0"}
    digests = set()
    for form in forms:
        tree = user.check_out(f"hg+{hg.as_uri()}@{revisions[form]}", form)
        assert (tree.commit, Path(tree.folder, "module.py").read_text()) == (first, "1"), form
        assert tree.digest is not None
        digests.add(tree.digest)
    assert len(digests) == 1


@needs_hg
@pytest.mark.usefixtures("tied")
def test_hg_runs_neither_hooks_nor_extensions_nor_aliases(user: User, hg: Path) -> None:
    """The user's own ones too: they are meant for the user's work."""
    payload = user.payload()
    extension = user.root / "extension.py"
    extension.write_text(f"def reposetup(ui, repo):\n    open({str(user.marker)!r}, 'w').close()\n")
    hooks = "".join(f"{name} = {payload}\n" for name in ("update", "preupdate", "changegroup", "outgoing", "incoming"))
    user.settings.write_text(
        f"[hooks]\n{hooks}[extensions]\nodd = {extension}\n[alias]\nclone = !{payload}\nupdate = !{payload}\n"
        f"[decode]\n** = {payload}\n"
    )
    assert user.check_out(f"hg+{hg.as_uri()}").commit


@needs_hg
def test_hg_does_not_fetch_subrepositories(user: User, hg: Path) -> None:
    """They may be anywhere, and of other programs."""
    other = shutil.copytree(hg, user.root / "other", symlinks=True)
    (hg / ".hgsub").write_text(f"sub = {other}\n")
    shutil.copytree(other, hg / "sub", symlinks=True)
    user.run("hg", "commit", "--addremove", "--message", "sub", cwd=hg)
    with pytest.raises(SafepipError, match="checkout-failed"):
        user.check_out(f"hg+{hg.as_uri()}")
    assert not (user.root / "out").exists()


@needs_hg
def test_a_repository_of_git_in_one_of_hg_is_refused(user: User, hg: Path) -> None:
    """A build would run git there, and its settings can name programs."""
    (hg / ".git").mkdir()
    (hg / ".git" / "config").write_text(f"[core]\nfsmonitor = {user.payload()}\n")
    user.run("hg", "commit", "--addremove", "--message", "x", cwd=hg)
    with pytest.raises(Refused, match="unsafe-repository"):
        user.check_out(f"hg+{hg.as_uri()}")


@needs_hg
def test_a_link_out_of_a_tree_of_hg_is_refused(user: User, hg: Path) -> None:
    """As in one of git."""
    (hg / "link").symlink_to("/etc/passwd")
    user.run("hg", "commit", "--addremove", "--message", "x", cwd=hg)
    with pytest.raises(Refused, match="unsafe-repository"):
        user.check_out(f"hg+{hg.as_uri()}")


@needs_hg
def test_a_folder_of_hg_is_not_updated(user: User, hg: Path) -> None:
    """`--exists-action` says what happens to it."""
    source = read_vcs_url(f"hg+{hg.as_uri()}").source
    folder = str(user.root / "src")
    assert update(source, folder, user.environ).commit
    with pytest.raises(Unavailable, match="checkout-failed"):
        update(source, folder, user.environ)
    assert update(source, folder, user.environ, exists_action=("w",)).commit


# --- Subversion -------------------------------------------------------------------------------------------------------


@needs_svn
def test_svn_gives_the_newest_and_an_older_revision(user: User, svn: Path) -> None:
    """The commit is its number."""
    assert user.check_out(svn_url(user)).commit == "2"
    tree = user.check_out(svn_url(user, "@1"), "older")
    assert (tree.commit, Path(tree.folder, "module.py").read_text()) == ("1", "1")
    assert tree.digest == user.check_out(svn_url(user, "@1"), "again").digest is not None
    with pytest.raises(Unavailable, match="checkout-failed"):
        user.check_out(svn_url(user, "@99"), "none")


@needs_svn
def test_externals_of_svn_are_refused(user: User, svn: Path) -> None:
    """They may be anywhere."""
    user.run("svn", "propset", "svn:externals", f"sub {(user.root / 'repo').as_uri()}", ".", cwd=svn)
    user.run("svn", "update", "--quiet", "--ignore-externals", cwd=svn)
    user.run("svn", "commit", "--quiet", "--message", "x", cwd=svn)
    with pytest.raises(Refused, match="svn:externals"):
        user.check_out(svn_url(user))
    assert not (user.root / "out").exists()


@needs_svn
def test_a_link_out_of_a_tree_of_svn_is_refused(user: User, svn: Path) -> None:
    """svn keeps links as files of a kind of their own."""
    (svn / "link").symlink_to("/etc/passwd")
    user.run("svn", "add", "--quiet", "link", cwd=svn)
    user.run("svn", "commit", "--quiet", "--message", "x", cwd=svn)
    with pytest.raises(Refused, match="unsafe-repository"):
        user.check_out(svn_url(user))


@needs_svn
@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ssh is a shell script")
@pytest.mark.usefixtures("tied")
def test_svn_runs_ssh_as_the_user_says(user: User, svn: Path) -> None:
    """Else so that it asks nothing. The stand-in runs on this machine what it is told to run on the other."""
    ssh = user.root / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {user.root}/arguments\nexec svnserve -t\n')
    ssh.chmod(0o755)
    user.environ["PATH"] = f"{ssh.parent}{os.pathsep}{user.environ['PATH']}"
    url = f"svn+ssh://me@code.example{user.root}/repo"
    assert user.check_out(url).commit == "2"
    assert "BatchMode=yes" in (user.root / "arguments").read_text()
    user.environ["SVN_SSH"] = f"{ssh} -oFrom=user"
    assert user.check_out(url, "again").commit == "2"
    assert "From=user" in (user.root / "arguments").read_text()


def test_bazaar_is_refused_with_a_message(user: User) -> None:
    """Its program is gone from most systems."""
    with pytest.raises(Unavailable, match="kept with Bazaar"):
        user.check_out("bzr+https://code.example/tool")
