"""Real repositories of git, checked out: which commit it is, what stays in the folder, and what pip's rules say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.build.vcs_url import read_vcs_url
from safepip.edges.builder.checkout import check_out, update
from safepip.model.errors import Refused, SafepipError, Unavailable
from support.repositories import GitHome, Repository, needs_git

if TYPE_CHECKING:
    from safepip.model.source import SourceTree

pytestmark = [needs_git, pytest.mark.usefixtures("untied")]


@pytest.fixture
def home(tmp_path: Path) -> GitHome:
    return GitHome(tmp_path / "user")


def fetched(repository: Repository, revision: str = "", subdirectory: str = "", name: str = "out") -> SourceTree:
    source = repository.source(revision, subdirectory)
    return check_out(source, str(repository.home.root / name), repository.home.environ)


def number(tree: SourceTree) -> str:
    return Path(tree.folder, "module.py").read_text().strip()


def two_commits(home: GitHome) -> tuple[Repository, str, str]:
    repository = home.repository()
    first = repository.head
    return repository, first, repository.commit({"module.py": "number = 2\n"})


@pytest.mark.usefixtures("tied")
def test_the_default_branch_with_its_history(home: GitHome) -> None:
    """setuptools-scm reads the history and the tags."""
    repository, first, second = two_commits(home)
    repository.git("tag", "v0.1", first)
    tree = fetched(repository)
    assert (tree.commit, number(tree), tree.root, tree.own) == (second, "number = 2", tree.folder, False)
    described = home.git("describe", "--tags", "--dirty", cwd=Path(tree.root))
    assert described.startswith("v0.1-1-g")
    assert not described.endswith("dirty")
    assert home.git("symbolic-ref", "HEAD", cwd=Path(tree.root)) == "refs/heads/main"


@pytest.mark.parametrize("how", ["tag", "annotated", "branch", "id", "capitals", "short", "before", "reference"])
def test_a_revision_is_understood_as_by_pip(home: GitHome, how: str) -> None:
    """A branch or a tag by its name, a commit by its id or a part of it, what comes before another, a reference."""
    repository, first, _ = two_commits(home)
    repository.git("tag", "v1", first)
    repository.git("tag", "--annotate", "--message=x", "v2", first)
    repository.git("branch", "feature/x", first)
    repository.git("update-ref", "refs/pull/7/head", first)
    revisions = {"tag": "v1", "annotated": "v2", "branch": "feature/x", "id": first, "capitals": first.upper()}
    revisions |= {"short": first[:9], "before": "HEAD~1", "reference": "refs/pull/7/head"}
    tree = fetched(repository, revisions[how])
    assert (tree.commit, number(tree)) == (first, "number = 1")
    local = home.git("symbolic-ref", "--quiet", "HEAD", cwd=Path(tree.root), may_fail=True)
    assert local == ("refs/heads/feature/x" if how == "branch" else "")


def test_of_a_branch_and_a_tag_of_one_name_pip_takes_the_branch(home: GitHome) -> None:
    """`git checkout` would warn and take the branch, `git rev-parse` the tag."""
    repository, first, second = two_commits(home)
    repository.git("tag", "both", first)
    repository.git("branch", "both", second)
    assert fetched(repository, "both").commit == second


def test_a_full_id_is_that_commit_and_no_branch_of_this_name(home: GitHome) -> None:
    """pip takes the branch."""
    repository, first, second = two_commits(home)
    repository.git("update-ref", f"refs/heads/{first}", second)
    assert fetched(repository, first).commit == first
    missing = "0123456789abcdef0123456789abcdef01234567"
    repository.git("update-ref", f"refs/heads/{missing}", second)
    with pytest.raises(Unavailable, match="checkout-failed"):
        fetched(repository, missing)


def test_the_id_of_a_tag_is_not_that_of_a_commit(home: GitHome) -> None:
    """It names one, and is another."""
    repository = home.repository()
    repository.git("tag", "--annotate", "--message=x", "v1")
    with pytest.raises(Refused, match="commit-differs"):
        fetched(repository, repository.git("rev-parse", "v1"))
    assert not (home.root / "out").exists()


def test_a_commit_that_no_branch_has_is_told_of(home: GitHome) -> None:
    """Servers with protocol version 2 give it out."""
    repository, _, second = two_commits(home)
    repository.git("reset", "--hard", "HEAD~1")
    lines: list[str] = []
    tree = check_out(repository.source(second), str(home.root / "again"), home.environ, tell=lines.append)
    assert (tree.commit, number(tree)) == (second, "number = 2")
    assert len(lines) == 1
    assert "may be from a fork" in lines[0]


@pytest.mark.parametrize("revision", ["none", "module.py", "0123456", "refs/heads/none", "main^9"])
def test_what_names_no_commit_fails(home: GitHome, revision: str) -> None:
    """pip lets `git checkout` take `module.py` for the path of a file, and installs something else."""
    repository = home.repository()
    with pytest.raises(Unavailable, match="checkout-failed"):
        fetched(repository, revision)
    assert not (home.root / "out").exists()


def test_an_empty_repository_fails(home: GitHome) -> None:
    """There is nothing to build."""
    with pytest.raises(Unavailable, match="no commit on its default branch"):
        fetched(Repository(home, home.root / "served" / "empty"))


@pytest.mark.usefixtures("tied")
def test_no_repository_fails_with_the_words_of_git(home: GitHome) -> None:
    """They say why, and no prompt is waited for."""
    source = read_vcs_url(f"git+{(home.root / 'missing').as_uri()}").source
    with pytest.raises(Unavailable) as caught:
        check_out(source, str(home.root / "above" / "src" / "out"), home.environ)
    assert not (home.root / "above").exists()
    assert any("does not exist" in line or "not appear" in line for line in caught.value.diagnostics[0].context)


def test_a_project_in_a_folder(home: GitHome) -> None:
    """With the whole repository around it."""
    repository = home.repository()
    repository.commit({"py/module.py": "number = 3\n"})
    tree = fetched(repository, subdirectory="py")
    assert (number(tree), tree.folder) == ("number = 3", os.path.join(tree.root, "py"))
    with pytest.raises(Unavailable, match="has no folder none"):
        fetched(repository, subdirectory="none", name="other")


def test_the_digest_is_of_the_files_alone(home: GitHome) -> None:
    """The same for two checkouts and for another commit of the same tree; another one for another file."""
    repository = home.repository()
    one = fetched(repository, name="one")
    repository.git("commit", "--allow-empty", "--message=same")
    same = fetched(repository, name="same")
    repository.commit({"module.py": "number = 9\n"})
    other = fetched(repository, name="other")
    assert one.digest is not None
    assert one.digest == same.digest != other.digest
    assert one.commit != same.commit


def test_the_users_line_ends_and_attributes_do_not_count(home: GitHome, tmp_path: Path) -> None:
    """The digest would differ from machine to machine."""
    repository = home.repository()
    plain = fetched(repository, name="plain")
    attributes = tmp_path / "attributes"
    attributes.write_text("* text eol=crlf\n")
    home.configure(f"[core]\n    autocrlf = true\n    attributesFile = {attributes}\n")
    assert fetched(repository, name="again").digest == plain.digest


def test_a_moving_branch_gives_another_commit_the_next_time(home: GitHome) -> None:
    """Each answer says which one it was."""
    repository = home.repository()
    before = fetched(repository, "main", name="before")
    second = repository.commit({"module.py": "number = 2\n"})
    after = fetched(repository, "main", name="after")
    assert after.commit == second != before.commit
    assert fetched(repository, before.commit, name="again").digest == before.digest


def test_the_users_own_instead_of_holds(home: GitHome) -> None:
    """Private repositories are reached by it."""
    repository = home.repository()
    home.configure(f'[url "{repository.path.parent.as_uri()}/"]\n    insteadOf = https://code.example/acme/\n')
    source = read_vcs_url("git+https://code.example/acme/tool").source
    assert check_out(source, str(home.root / "out"), home.environ).commit == repository.head


def test_settings_in_variables_hold(home: GitHome) -> None:
    """As build services give them."""
    repository = home.repository()
    pairs = {
        "GIT_CONFIG_KEY_0": f"url.{repository.path.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://a.example/t",
    }
    environ = {**home.environ, "GIT_CONFIG_COUNT": "1", **pairs}
    source = read_vcs_url("git+https://a.example/t").source
    assert check_out(source, str(home.root / "out"), environ).commit == repository.head


@pytest.mark.parametrize("where", ["settings", "variable"])
def test_what_the_user_forbids_to_git_stays_forbidden(home: GitHome, where: str) -> None:
    """safepip narrows the protocols, and widens nothing."""
    repository = home.repository()
    environ = home.environ
    if where == "settings":
        home.configure('[protocol "file"]\n    allow = never\n')
    else:
        environ = {**environ, "GIT_ALLOW_PROTOCOL": "https:ssh"}
    with pytest.raises(Unavailable, match="could not be cloned"):
        check_out(repository.source(), str(home.root / "out"), environ)


def test_without_git_there_is_a_message(home: GitHome, tmp_path: Path) -> None:
    """A program in the folder where safepip was started is not git."""
    repository = home.repository()
    (tmp_path / "git").write_text("#!/bin/sh\n")
    (tmp_path / "git").chmod(0o755)
    for path in ("", ".", f".{os.pathsep}bin", str(tmp_path / "none")):
        with pytest.raises(Unavailable, match="vcs-program-missing"):
            check_out(repository.source(), str(home.root / "out"), {**home.environ, "PATH": path})


def test_other_programs_variables_do_not_steer(home: GitHome) -> None:
    """A hook or an alias of git that runs safepip leaves some behind; pip takes out two."""
    repository = home.repository()
    other = home.repository("other")
    git = str(other.path / ".git")
    steering = {
        "GIT_DIR": git,
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": f"{git}/index",
        "GIT_NAMESPACE": "x",
    }
    steering |= {
        "GIT_OBJECT_DIRECTORY": f"{git}/objects",
        "GIT_CONFIG_PARAMETERS": "'core.bare=true'",
        "GIT_PREFIX": "a/",
    }
    steering |= {"GIT_CONFIG": str(home.marker), "GIT_TRACE": str(home.marker), "GIT_TEMPLATE_DIR": str(home.root)}
    before = sorted(other.path.rglob("*"))
    tree = check_out(repository.source(), str(home.root / "out"), {**home.environ, **steering})
    assert tree.commit == repository.head
    assert sorted(other.path.rglob("*")) == before
    assert not home.attacked


# --- a folder that is there already -------------------------------------------------------------------------------


def editable(repository: Repository, revision: str = "", **more: object) -> SourceTree:
    source = repository.source(revision)._replace(editable=True)
    return update(source, str(repository.home.root / "src" / "tool"), repository.home.environ, **more)  # type: ignore[arg-type]  # what a test gives


@pytest.mark.usefixtures("tied")
def test_an_editable_is_cloned_and_then_updated(home: GitHome) -> None:
    """Without a revision it follows the default branch, as with pip."""
    repository = home.repository()
    first = editable(repository)
    assert (first.commit, first.own) == (repository.head, True)
    assert first.digest is not None
    second = repository.commit({"module.py": "number = 2\n"})
    Path(first.folder, "module.py").write_text("changed")
    Path(first.folder, "tool.egg-info").mkdir()
    again = editable(repository)
    assert (again.commit, number(again), again.digest) == (second, "number = 2", None)
    assert Path(first.folder, "tool.egg-info").is_dir()


def test_an_editable_goes_to_each_revision(home: GitHome) -> None:
    """Forth and back, to a branch, a tag and a commit."""
    repository, first, second = two_commits(home)
    repository.git("tag", "v1", first)
    repository.git("branch", "old", first)
    for revision, commit in [("", second), ("v1", first), ("main", second), ("old", first), (second, second)]:
        assert editable(repository, revision).commit == commit, revision
        # Where the commit is there nothing is fetched.
    repository.path.rename(repository.path.with_name("gone"))
    assert editable(repository, second).commit == second
    with pytest.raises(Unavailable):
        editable(repository, "main")


def test_another_repository_in_the_folder_is_a_question(home: GitHome) -> None:
    """And `--exists-action` the answer: switch, ignore, wipe, backup."""
    old, new = home.repository("old"), home.repository("new")
    folder = home.root / "src" / "tool"
    editable(old)
    with pytest.raises(Unavailable) as caught:
        editable(new)
    assert "--exists-action s" in caught.value.diagnostics[0].hint
    assert editable(new, exists_action=("i",)).commit == ""
    assert home.git("rev-parse", "HEAD", cwd=folder) == old.head
    assert editable(new, exists_action=("s",)).commit == new.head
    assert editable(new).commit == new.head
    assert editable(old, exists_action=("a", "b")).commit == old.head
    assert (home.root / "src" / "tool.bak").is_dir()
    (folder / "mine").write_text("")
    assert editable(new, exists_action=("w",)).commit == new.head
    assert not (folder / "mine").exists()


def test_a_folder_that_is_no_checkout_is_a_question(home: GitHome) -> None:
    """Nothing can be switched there."""
    repository = home.repository()
    folder = home.root / "src" / "tool"
    (folder / "mine").mkdir(parents=True)
    for answers in ((), ("s",)):
        with pytest.raises(Unavailable) as caught:
            editable(repository, exists_action=answers)
        assert "--exists-action w" in caught.value.diagnostics[0].hint
    assert (folder / "mine").is_dir()
    assert editable(repository, exists_action=("s", "w")).commit == repository.head


def test_a_link_is_not_a_folder_to_work_in(home: GitHome) -> None:
    """What it leads to is not deleted."""
    repository = home.repository()
    theirs = home.root / "theirs"
    theirs.mkdir()
    (home.root / "src").mkdir()
    (home.root / "src" / "tool").symlink_to(theirs, target_is_directory=True)
    with pytest.raises(Unavailable, match="is not a folder"):
        editable(repository, exists_action=("w",))
    assert theirs.is_dir()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.sshCommand", "{}"),
        ("core.fsmonitor", "{}"),
        ("filter.x.smudge", "{}"),
        ("include.path", "../settings"),
        ("remote.origin.uploadpack", "{}"),
        ("credential.helper", "!{}"),
        ("core.worktree", "/"),
        ("alias.fetch", "!{}"),
    ],
)
def test_settings_that_a_build_left_in_the_folder_run_nothing(home: GitHome, key: str, value: str) -> None:
    """A fenced build may write there, and git would act on it outside the fence."""
    repository = home.repository()
    tree = editable(repository)
    second = repository.commit({"module.py": "number = 2\n", ".gitattributes": "* filter=x\n"})
    home.git("config", key, value.format(home.script()), cwd=Path(tree.folder))
    (Path(tree.root) / ".git" / "settings").write_text(f"[core]\n    fsmonitor = {home.script()}\n")
    with pytest.raises(Refused, match="unsafe-repository") as caught:
        editable(repository)
    assert key.lower() in caught.value.diagnostics[0].context[0].lower()
    assert not home.attacked
    assert editable(repository, exists_action=("w",)).commit == second
    assert not home.attacked


def test_a_repository_elsewhere_is_not_worked_on(home: GitHome) -> None:
    """A `.git` that is a link or a file names another one."""
    repository = home.repository()
    tree = Path(editable(repository).root)
    elsewhere = home.root / "elsewhere"
    (tree / ".git").rename(elsewhere)
    (tree / ".git").write_text(f"gitdir: {elsewhere}\n")
    with pytest.raises(Refused, match="unsafe-repository"):
        editable(repository)
    (tree / ".git").unlink()
    (tree / ".git").symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(Refused, match="unsafe-repository"):
        editable(repository)


def test_hooks_in_a_folder_that_was_there_do_not_run(home: GitHome) -> None:
    """Neither a build's nor the user's own."""
    repository = home.repository()
    tree = editable(repository)
    hooks = Path(tree.root, ".git", "hooks")
    hooks.mkdir()
    for name in ("post-checkout", "post-merge", "reference-transaction", "post-index-change", "pre-auto-gc"):
        home.script().rename(hooks / name)
    second = repository.commit({"module.py": "number = 2\n"})
    assert editable(repository, "main").commit == second
    assert not home.attacked


def test_an_absolute_link_of_a_build_is_no_reason_to_refuse(home: GitHome) -> None:
    """setuptools' strict editables have them; what is under version control is looked at."""
    repository = home.repository()
    tree = editable(repository)
    Path(tree.folder, "build").mkdir()
    Path(tree.folder, "build", "module.py").symlink_to(Path(tree.folder, "module.py"))
    assert editable(repository).commit == repository.head
    (repository.path / "passwords").symlink_to("/etc/passwd")
    repository.commit({})
    with pytest.raises(Refused, match="unsafe-repository"):
        editable(repository)


def test_the_checkout_works_as_any_clone_does(home: GitHome) -> None:
    """The user goes on in it."""
    repository = home.repository()
    tree = Path(editable(repository).root)
    repository.commit({"module.py": "number = 2\n"})
    home.git("pull", cwd=tree)
    assert (tree / "module.py").read_text() == "number = 2\n"
    assert home.git("status", "--porcelain", cwd=tree) == ""


@pytest.mark.usefixtures("tied")
def test_errors_name_no_password(home: GitHome) -> None:
    """A login reaches git in a variable, and the command line has none of it."""
    environ = {**home.environ, "GIT_CURL_VERBOSE": "1", "GIT_TRACE": "1"}
    source = read_vcs_url("git+https://127.0.0.1:9/tool").source
    with pytest.raises(SafepipError) as caught:
        check_out(source, str(home.root / "out"), environ, login=("user", "secret-word"))
    assert "secret-word" not in repr(caught.value.diagnostics)
