"""Repositories that try to run something while they are fetched, or to bring in what is not theirs.

Each attack leaves a marker, or a file of this machine in the tree, if it comes through. Some hold only where git itself
is older than its fix; the others are what git does by default, or by a setting that many users have.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.build.vcs_url import read_vcs_url
from safepip.edges.builder.checkout import check_out
from safepip.model.errors import Refused, SafepipError, Unavailable
from support.repositories import GitHome, Repository, needs_git, needs_links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.source import SourceTree

pytestmark = [needs_git, pytest.mark.usefixtures("untied")]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[GitHome]:
    made = GitHome(tmp_path / "user")
    yield made
    assert not made.attacked, made.marker.read_text()


def fetched(repository: Repository, revision: str = "") -> SourceTree:
    return check_out(repository.source(revision), str(repository.home.root / "out"), repository.home.environ)


def refused(repository: Repository, why: str = "") -> None:
    with pytest.raises(Refused, match=f"unsafe-repository.*{why}"):
        fetched(repository)
    assert not (repository.home.root / "out").exists()


def plainly_cloned(repository: Repository) -> bool:
    """Whether the attack comes through in a plain clone: the test would prove nothing else. The marker is gone then."""
    home = repository.home
    words = ["-c", "protocol.file.allow=always", "clone", "--quiet", "--recurse-submodules", repository.path.as_uri()]
    home.git(*words, str(home.root / "plain"), cwd=home.root, may_fail=True)
    came = home.attacked
    home.marker.unlink(missing_ok=True)
    return came


# --- hooks, filters, settings ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tied")
def test_hooks_of_a_template_do_not_run(home: GitHome) -> None:
    """git copies the user's template into each new repository."""
    repository = home.repository()
    hooks = home.root / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        home.script().rename(hooks / name)
    home.configure(f"[init]\n    templateDir = {hooks.parent}\n")
    assert plainly_cloned(repository)
    tree = fetched(repository)
    assert not Path(tree.root, ".git", "hooks").exists()


def test_hooks_of_a_folder_in_the_users_settings_do_not_run(home: GitHome) -> None:
    """They are meant for the user's own work."""
    repository = home.repository()
    hooks = home.root / "hooks"
    hooks.mkdir()
    home.script().rename(hooks / "post-checkout")
    home.configure(f"[core]\n    hooksPath = {hooks}\n")
    assert plainly_cloned(repository)
    fetched(repository)


def test_hooks_of_the_repository_are_not_fetched(home: GitHome) -> None:
    """No protocol carries them."""
    repository = home.repository()
    hooks = repository.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-merge"):
        home.script().rename(hooks / name)
    fetched(repository)


@pytest.mark.usually("lfs-*", "two words*-required")
@pytest.mark.parametrize("kind", ["smudge", "process", "required"])
@pytest.mark.parametrize("name", ["lfs", "two words.and a.dot"])
def test_filters_that_the_user_has_do_not_run(home: GitHome, kind: str, name: str) -> None:
    """Git LFS and others are called for by the repository's `.gitattributes`, by name."""
    written = '"lfs"' if name == "lfs" else f'"{name}"'
    required = "required = true\n" if kind == "required" else ""
    command = "process" if kind == "process" else "smudge"
    home.configure(f"[filter {written}]\n    {required}    {command} = {home.script()}\n    clean = cat\n")
    repository = home.repository()
    # An attribute's value has no blank in it; the filter of such a name cannot be called for, and is no trouble.
    repository.commit({".gitattributes": "*.py filter=lfs\n", "data.py": "pointer\n"})
    if name == "lfs":
        assert plainly_cloned(repository)
    lines: list[str] = []
    tree = check_out(repository.source(), str(home.root / "out"), home.environ, tell=lines.append)
    assert Path(tree.root, "data.py").read_text() == "pointer\n"
    assert [line for line in lines if "filter lfs was not run on 2 files" in line] == (lines if name == "lfs" else [])


def test_a_filter_of_a_setting_for_one_folder_does_not_run(home: GitHome) -> None:
    """`includeIf` adds settings where the repository comes to lie."""
    repository = home.repository()
    repository.commit({".gitattributes": "* filter=x\n"})
    more = home.home / "more"
    more.write_text(f'[filter "x"]\n    smudge = {home.script()}\n')
    home.configure(f'[includeIf "gitdir:{home.root}/"]\n    path = {more}\n')
    assert plainly_cloned(repository)
    fetched(repository)


def test_a_filter_that_cannot_be_switched_off_ends_the_checkout(home: GitHome) -> None:
    """`-c` ends a key at the first `=`."""
    home.configure(f'[filter "a=b"]\n    smudge = {home.script()}\n')
    repository = home.repository()
    repository.commit({".gitattributes": "* filter=a=b\n"})
    assert plainly_cloned(repository)
    with pytest.raises(Unavailable, match="cannot be checked out"):
        fetched(repository)


def test_a_file_system_monitor_does_not_run(home: GitHome) -> None:
    """git asks it which files have changed."""
    home.configure(f"[core]\n    fsmonitor = {home.script()}\n")
    repository = home.repository()
    home.marker.unlink(missing_ok=True)
    fetched(repository)


def test_files_named_as_settings_are_files(home: GitHome) -> None:
    """Only `.git/config` is settings, and it has nothing but what git has written."""
    settings = f"[core]\n    fsmonitor = {home.script()}\n    sshCommand = {home.script()}\n"
    repository = home.repository()
    repository.commit(
        {".gitconfig": settings, "config": settings, "git/config": settings, "HEAD": "ref: refs/heads/main\n"}
    )
    tree = fetched(repository)
    written = home.git("config", "--local", "--list", "--name-only", cwd=Path(tree.root)).split()
    assert not {"core.fsmonitor", "core.sshcommand"} & set(written)
    assert "remote.origin.url" in written


# --- trees that git would not make -----------------------------------------------------------------------------------


@pytest.mark.usually(".git", ".GIT", "git~1", "*INDEX*")
@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".Git", "git~1", ".git ", ".git.", ".g\u200cit", ".git::$INDEX_ALLOCATION"]
)
def test_a_tree_does_not_write_into_the_repository(home: GitHome, name: str) -> None:
    """By another spelling that some systems take for `.git` (CVE-2014-9390, CVE-2019-1352)."""
    repository = home.repository()
    hook = repository.git("hash-object", "-w", "--stdin", question=f"#!/bin/sh\ntouch '{home.marker}'\n")
    hooks = repository.git("mktree", question=f"100755 blob {hook}\tpost-checkout\n")
    folder = repository.git("mktree", question=f"040000 tree {hooks}\thooks\n")
    repository.commit_tree({name: ("040000", folder), "module.py": ("100644", "number = 1\n")})
    with pytest.raises(SafepipError, match=r"checkout-failed|unsafe-repository"):
        fetched(repository)
    assert not (home.root / "out").exists()


@pytest.mark.parametrize("name", ["..", "."])
def test_a_tree_does_not_write_outside(home: GitHome, name: str) -> None:
    """git refuses such names since its first years."""
    repository = home.repository()
    blob = repository.git("hash-object", "-w", "--stdin", question="x")
    inside = repository.git("mktree", question=f"100644 blob {blob}\tmarker\n")
    repository.commit_tree({name: ("040000", inside)})
    with pytest.raises(SafepipError, match=r"checkout-failed|unsafe-repository"):
        fetched(repository)


@needs_links
@pytest.mark.usually("/etc/passwd", "..", ".git/config", "down/../../y")
@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../../../../../etc/passwd", "..", "a/../../x", ".git/config", ".git", "down/../../y"],
)
def test_a_link_out_of_the_tree_is_refused(home: GitHome, target: str) -> None:
    """A build would take the file into the wheel; pip lets it."""
    repository = home.repository()
    repository.commit({"deep/er/x": ""})
    (repository.path / "down").symlink_to("deep/er")
    os.symlink(target, repository.path / "link")
    repository.commit({})
    refused(repository, "files that are not safe")


@needs_links
def test_a_link_that_only_looks_as_if_it_stayed_is_refused(home: GitHome) -> None:
    """Behind a link to a folder, `..` is another folder."""
    repository = home.repository()
    repository.commit({"a/b/c/x": "", "x": ""})
    (repository.path / "a" / "b" / "c" / "up").symlink_to("../../..")
    (repository.path / "a" / "link").symlink_to("b/c/up/../passwords")
    repository.commit({})
    refused(repository, "files that are not safe")


@needs_links
def test_links_within_the_tree_are_kept(home: GitHome) -> None:
    """Real projects have them, and some that lead to nothing."""
    repository = home.repository()
    repository.commit({"a/b/x": "1"})
    for name, target in {
        "y": "a/b/x",
        "a/z": "b",
        "a/b/up": "../../module.py",
        "none": "a/none",
        "loop": "loop",
    }.items():
        (repository.path / name).symlink_to(target)
    repository.commit({})
    tree = fetched(repository)
    assert os.readlink(os.path.join(tree.root, "a", "b", "up")) == "../../module.py"


@needs_links
def test_a_subdirectory_behind_a_link_stays_within(home: GitHome) -> None:
    """It would be refused as a link, and is looked at by itself too."""
    repository = home.repository()
    (repository.path / "py").symlink_to("/")
    repository.commit({})
    with pytest.raises(Refused, match="unsafe-repository"):
        check_out(repository.source("", "py/etc"), str(home.root / "out"), home.environ)


@pytest.mark.usefixtures("tied")
def test_a_tree_without_end_is_not_written(home: GitHome) -> None:
    """Ten folders that each have the next one ten times: a bomb of a few hundred bytes."""
    repository = home.repository()
    blob = repository.git("hash-object", "-w", "--stdin", question="x")
    kind, inner = "100644 blob", blob
    for _ in range(8):
        inner = repository.git("mktree", question="".join(f"{kind} {inner}\tf{place}\n" for place in range(10)))
        kind = "040000 tree"
    repository.commit_tree({"bomb": ("040000", inner)})
    with pytest.raises(Unavailable, match="more files than any real one"):
        fetched(repository)


# --- submodules -------------------------------------------------------------------------------------------------------


@pytest.mark.usually("ext:*", "/etc", "--upload-pack=*", "ssh:*", "https:*")
@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c payload%",
        "file:///etc",
        "/etc",
        "-u./payload",
        "--upload-pack=./payload",
        "ssh://-oProxyCommand=./payload/x",
        "https://elsewhere.example/x",
        "git://elsewhere.example/x",
        "git@elsewhere.example:x",
        "",
    ],
)
def test_a_submodule_from_elsewhere_is_refused(home: GitHome, url: str) -> None:
    """CVE-2017-1000117, CVE-2018-17456, and git's own default for folders of this machine."""
    repository = home.repository()
    repository.commit({"payload": home.script().read_text()})
    repository.add_submodule(url, repository.head)
    refused(repository)


def test_a_submodule_does_not_run_its_own_way_of_updating(home: GitHome) -> None:
    """CVE-2019-19604: `update = !command`."""
    home.configure('[protocol "file"]\n    allow = always\n')
    repository, other = home.repository(), home.repository("other")
    commit = other.head
    repository.add_submodule("../other", commit, more=f"\tupdate = !{home.script()}\n\tfsmonitor = {home.script()}\n")
    tree = fetched(repository)
    assert Path(tree.root, "sub", "module.py").exists()


@pytest.mark.usefixtures("tied")
def test_submodules_of_the_same_place_are_fetched(home: GitHome) -> None:
    """Those within submodules too, each at the commit that the tree names; git then lists their files."""
    home.configure('[protocol "file"]\n    allow = always\n')
    repository, other, third = home.repository(), home.repository("other"), home.repository("third")
    other.add_submodule("../third", third.head, path="deep/er")
    commit = other.head
    repository.add_submodule("../other", commit)
    other.commit({"module.py": "number = 2\n"})
    tree = fetched(repository)
    root = Path(tree.root)
    assert (root / "sub" / "module.py").read_text() == "number = 1\n"
    assert (root / "sub" / "deep" / "er" / "module.py").exists()
    listed = home.git("ls-files", "--recurse-submodules", cwd=root).splitlines()
    assert {"sub/module.py", "sub/deep/er/module.py"} <= set(listed)
    assert home.git("status", "--porcelain", cwd=root) == ""
    assert "sub" in home.git("submodule", "status", cwd=root)


def test_a_submodule_within_one_is_held_to_the_same(home: GitHome) -> None:
    """Its URL is looked at as the first one's."""
    home.configure('[protocol "file"]\n    allow = always\n')
    repository, other = home.repository(), home.repository("other")
    other.add_submodule("https://elsewhere.example/x", other.head)
    repository.add_submodule("../other", other.head)
    refused(repository, "elsewhere.example")


def test_submodules_without_end_are_refused(home: GitHome) -> None:
    """One that has itself in it, with each commit the one before."""
    home.configure('[protocol "file"]\n    allow = always\n')
    repository = home.repository()
    for _ in range(12):
        repository.add_submodule("../tool", repository.head)
    refused(repository, "without end")


@needs_links
def test_a_link_in_a_submodule_is_looked_at_too(home: GitHome) -> None:
    """It may not lead into the repository around it either, by way of its data."""
    home.configure('[protocol "file"]\n    allow = always\n')
    repository, other = home.repository(), home.repository("other")
    (other.path / "link").symlink_to("../.git/config")
    repository.add_submodule("../other", other.commit({}))
    refused(repository, "files that are not safe")


@needs_links
def test_the_list_of_submodules_is_not_a_link(home: GitHome) -> None:
    """It is read out of the commit."""
    repository = home.repository()
    other = home.root / "modules"
    other.write_text('[submodule "sub"]\n\tpath = sub\n\turl = ext::payload\n')
    commit = repository.head
    repository.commit_tree({".gitmodules": ("120000", str(other)), "sub": ("160000", commit)})
    with pytest.raises(SafepipError, match=r"checkout-failed|unsafe-repository"):
        fetched(repository)


def test_a_submodule_that_no_file_names_stays_an_empty_folder(home: GitHome) -> None:
    """As with pip."""
    repository = home.repository()
    repository.commit_tree({"sub": ("160000", repository.head), "module.py": ("100644", "number = 1\n")})
    assert list(Path(fetched(repository).root, "sub").iterdir()) == []


# --- who else could be asked ------------------------------------------------------------------------------------------


def test_another_transport_by_the_users_settings_is_not_taken(home: GitHome) -> None:
    """`insteadOf` may lead to another host, and not to a program."""
    home.configure(
        f'[protocol "ext"]\n    allow = always\n[url "ext::{home.script()} "]\n    insteadOf = https://a.example/\n'
    )
    with pytest.raises(Unavailable, match="by something else"):
        check_out(read_vcs_url("git+https://a.example/x").source, str(home.root / "out"), home.environ)


@pytest.mark.usefixtures("tied")
def test_a_program_that_does_not_end_is_stopped_with_all_it_started(home: GitHome) -> None:
    """The time is that of the whole, and the message says how long it was."""
    from safepip.edges.builder.programs import run_program

    script = home.root / "slow"
    pid = home.root / "pid"
    script.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > '{pid}'\nwait\n")
    script.chmod(0o755)
    with pytest.raises(Unavailable, match="did not end within"):
        run_program([str(script)], str(home.root), home.environ, seconds=1)
    assert_gone(int(pid.read_text()))


def assert_gone(process: int) -> None:
    """It ends, or has ended and is not yet collected by the system's first process."""
    state = Path(f"/proc/{process}/stat")
    for _ in range(100):
        try:
            os.kill(process, 0)
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.1)
    pytest.fail("a process is still there")


def test_an_interrupted_checkout_leaves_nothing(home: GitHome) -> None:
    """Neither a process nor a folder: Ctrl-C does not reach git, which has no terminal."""
    stand_in = home.root / "ssh"
    stand_in.write_text(
        f"#!/bin/sh\necho $$ > '{home.root}/pid.new'\nmv '{home.root}/pid.new' '{home.root}/pid'\nexec sleep 600\n"
    )
    stand_in.chmod(0o755)
    environ = {**home.environ, "GIT_SSH": str(stand_in), "GIT_SSH_VARIANT": "simple"}
    program = (
        "import sys, json\n"
        "from safepip.build.vcs_url import read_vcs_url\n"
        "from safepip.edges.builder.checkout import check_out\n"
        "check_out(read_vcs_url('git+ssh://a.example/x').source, sys.argv[1], json.loads(sys.argv[2]))\n"
    )
    out = home.root / "out"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out), json.dumps(environ)], stderr=subprocess.PIPE
    ) as run:
        for _ in range(600):
            if (home.root / "pid").exists():
                break
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert_gone(int((home.root / "pid").read_text()))
    assert not out.exists()
    assert list(home.root.glob("safepip-vcs-*")) == []
