"""`safepip init`: what it reads, asks and writes, and that no index gets a name that nobody gave it."""

from __future__ import annotations

import errno
import os
import re
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from safepip.commands.init import gravest
from safepip.edges.console.outputs import CI
from safepip.edges.disk.new_file import write_new
from safepip.model.errors import Unavailable, UsageError
from support.replies import status
from support.terminals import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from support.index import IndexServer
    from support.inside import Done, Inside


class Folder:
    """A folder whose requirements name a public index and an internal one; the internal one is called so."""

    def __init__(self, run: Inside, internal: IndexServer, public: IndexServer) -> None:
        self.run, self.internal, self.public = run, internal, public
        self.require("acme-web")

    def require(self, *lines: str) -> None:
        head = f"--index-url {self.public.url}\n--extra-index-url {self.internal.url}\n"
        (self.run.folder / "requirements.txt").write_text(head + "".join(f"{line}\n" for line in lines))

    @property
    def names(self) -> list[str]:
        return [f"--index=internal={self.internal.url}", f"--index=public={self.public.url}"]

    def init(self, *words: str | Path) -> Done:
        return self.run("init", *self.names, "--retries", "0", *words)

    def written(self) -> dict[str, dict[str, Any]]:
        """The tables of the file, by the names of their indexes."""
        data = tomllib.loads((self.run.folder / "safepip.toml").read_text())
        return {table["name"]: table for table in data["index"]}

    def packages(self) -> dict[str, list[str]]:
        return {name: table.get("packages", []) for name, table in self.written().items()}


@pytest.fixture
def folder(run: Inside, two_indexes: tuple[IndexServer, IndexServer]) -> Folder:
    """`acme-web` needs `billing` of the same index and `flask` of the public one, which has more than it should."""
    internal, public = two_indexes
    internal.add("acme-web", "2.0", requires=["billing", "flask"])
    internal.add("billing", "1.0")
    public.add("billing", "99.0")
    public.add("flask", "3.0")
    return Folder(run, internal, public)


def test_a_claim_for_every_name_makes_a_file_that_installs_the_right_files(folder: Folder) -> None:
    """And no index is asked for a name that another one owns."""
    done = folder.init("--claim", "acme-*=internal", "--claim", "billing=internal")
    assert done.code == 0, done.err
    assert folder.packages() == {"internal": ["acme-*", "billing"], "public": []}
    assert folder.written()["public"]["default"] is True
    assert "Would install requirements.txt: from internal acme-web 2.0, billing 1.0; from public flask 3.0" in done.out
    assert folder.public.mentions("acme") == folder.public.mentions("billing") == []
    assert folder.run("download", "-d", "wheels", "-r", "requirements.txt").code == 0
    wheels = sorted(path.name for path in (folder.run.folder / "wheels").iterdir())
    assert wheels == ["acme_web-2.0-py3-none-any.whl", "billing-1.0-py3-none-any.whl", "flask-3.0-py3-none-any.whl"]


def test_without_a_claim_every_name_of_another_index_is_a_question(folder: Folder) -> None:
    """Also the name that one index alone has, and one that only a requirement of a requirement names."""
    done = folder.init()
    assert done.code == 20, done.err
    assert folder.packages() == {"internal": ["acme-web?", "billing?", "?"], "public": ["billing?"]}
    assert "2 names left to decide: acme-web, billing" in done.err
    assert re.search(r"billing +internal 1\.0, public 99\.0 +\(ambiguous\)", done.out)
    assert "On public alone, and not claimed (1):\n  flask" in done.out
    refused = folder.run("download", "-r", "requirements.txt")
    assert refused.code == 2
    assert "error: undecided-owner" in refused.err


def test_a_name_that_comes_in_behind_a_claimed_one_is_not_left_to_the_default(folder: Folder) -> None:
    """The file that a person would write by hand gives `billing` to the attacker: no requirement names it, and the
    internal index is not asked for it any more."""
    done = folder.init("--claim", "acme-*=internal")
    assert done.code == 20, done.err
    assert folder.packages()["internal"] == ["acme-*", "billing?", "?"]
    by_hand = re.sub(r'    "(billing)?\?",\n', "", (folder.run.folder / "safepip.toml").read_text())
    (folder.run.folder / "safepip.toml").write_text(by_hand)
    done = folder.run("lock", "-r", "requirements.txt", "-o", "-")
    assert 'version = "99.0"' in done.out, "the danger is real"


@pytest.mark.parametrize(
    ("elsewhere", "fault"),
    [("on no index", 404), ("the internal index fails", 503), ("a login page", 401)],
)
def test_where_an_index_did_not_say_the_name_stays_open(folder: Folder, elsewhere: str, fault: int) -> None:
    """404 from both, or no answer from one: the public one could get the name tomorrow."""
    folder.require("flask", "widget")
    if fault != 404:
        folder.public.add("widget", "1.0")
        folder.internal.fault("widget", status(fault))
    done = folder.init("--no-input")
    assert done.code == 20, (elsewhere, done.err)
    assert "widget?" in folder.packages()["internal"]


def test_identical_files_are_no_owner(folder: Folder) -> None:
    """Today's copy may be another file tomorrow."""
    folder.public.add("acme-web", "2.0", requires=["billing", "flask"])
    assert folder.init("--claim", "billing=internal").code == 20
    assert {"acme-web?"} <= set(folder.packages()["internal"]) & set(folder.packages()["public"])


def test_pips_configuration_and_variables_are_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, and over it a variable; credentials in URLs are used, and stand nowhere in what is written or printed."""
    folder.internal.auth = ("jane", "s3cret-word")
    (folder.run.folder / "pip.conf").write_text(f"[global]\nextra-index-url = {folder.internal.credentialed_url}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(folder.run.folder / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", folder.public.url)
    (folder.run.folder / "requirements.txt").write_text("acme-web\n")
    done = folder.init("--claim", "acme-*=internal", "--claim", "billing=internal")
    assert done.code == 0, done.err
    text = (folder.run.folder / "safepip.toml").read_text()
    assert "s3cret" not in text + done.out + done.err
    assert "SAFEPIP_INDEX_INTERNAL_USERNAME and SAFEPIP_INDEX_INTERNAL_PASSWORD" in text
    assert "pip.conf:2" in text
    assert "PIP_INDEX_URL" in text


def test_an_index_whose_credentials_a_file_asks_for_is_not_asked(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever writes a requirements file could have the secrets of those who run `init` in it."""
    monkeypatch.setenv("TOKEN", "s3cret-word")
    url = folder.internal.url.replace("://", "://${TOKEN}@")
    (folder.run.folder / "requirements.txt").write_text(f"-i {folder.public.url}\n--extra-index-url {url}\nflask\n")
    done = folder.run("init", f"--index=public={folder.public.url}")
    assert done.code == 20
    assert folder.internal.requests == []
    text = (folder.run.folder / "safepip.toml").read_text()
    assert "TOKEN" not in text
    assert '"flask?"' in text
    (folder.run.folder / "safepip.toml").unlink()
    assert folder.init().code == 0
    assert folder.internal.mentions("flask"), "named by the person, it is asked"


def test_a_name_given_to_such_an_index_is_asked_of_no_other(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim is a person's word for the index; the search for what is needed in turn keeps to it, too."""
    monkeypatch.setenv("TOKEN", "s3cret-word")
    url = folder.internal.url.replace("://", "://${TOKEN}@")
    (folder.run.folder / "requirements.txt").write_text(f"-i {folder.public.url}\n--extra-index-url {url}\nacme-web\n")
    host = folder.internal.host.origin.partition("://")[2].replace(":", "-")
    words = ("--claim", f"acme-*={host}", "--claim", f"billing={host}", "--claim", "flask=public")
    done = folder.run("init", f"--index=public={folder.public.url}", *words)
    assert done.code == 0, done.err
    assert folder.public.mentions("acme") == folder.public.mentions("billing") == []


UNREAD = {
    "pdm": '[[tool.pdm.source]]\nurl = "http://127.0.0.1:18931/${REPO}/"\n',
    "host": '[[tool.pdm.source]]\nurl = "http://${HOST}/priv/"\n',
    "password": '[[tool.pdm.source]]\nurl = "https://jane:s3/cret@a.example/simple/"\n',
    "uv": '[[tool.uv.index]]\nurl = "./wheels"\n',
    "uv-links": '[tool.uv]\nfind-links = ["./wheels"]\n',
    "poetry": '[[tool.poetry.source]]\nname = "a"\nurl = "https://[bad/simple"\npriority = "supplemental"\n',
    "variable": "--extra-index-url https://a.example/${REPO}/\n",
    "path": "--extra-index-url ./loc\n",
    "links": "--find-links ./loc\n",
    "pip": "",
}


@pytest.mark.parametrize("case", UNREAD)
def test_an_index_that_is_not_taken_over_leaves_nothing_decided(
    folder: Folder, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default index has the name today because an attacker put it there, and the owner is the index that is
    missing."""
    monkeypatch.setenv("PIP_INDEX_URL", folder.public.url)
    monkeypatch.setenv("REPO", "s3cret-repository")
    (folder.run.folder / "loc").mkdir()
    folder.public.add("acme-core", "9.0")
    (folder.run.folder / "requirements.txt").write_text("acme-core\n" if "tool" in UNREAD[case] else UNREAD[case])
    (folder.run.folder / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["acme-core"]\n'
        + (UNREAD[case] if "tool" in UNREAD[case] else "")
    )
    if case == "pip":
        monkeypatch.setenv("PIP_FIND_LINKS", "./loc")
    done = folder.run("init", "--no-input", "--retries", "0")
    assert done.code == 20, done.out + done.err
    assert "Not taken over, so it is not known which names they have" in done.out
    assert "notice: not taken over: " in done.err
    assert "Would install" not in done.out
    text = (folder.run.folder / "safepip.toml").read_text()
    assert '    "acme-core?",\n' in text
    assert '    "?",\n' in text
    assert "s3" not in text + done.out + done.err
    assert "error: undecided-owner" in folder.run("download", "acme-core").err
    (folder.run.folder / "safepip.toml").unlink()
    host = folder.public.host.origin.partition("://")[2].replace(":", "-")
    assert folder.run("init", "--claim", f"acme-core={host}").code == 20, "the index is missing all the same"


def test_whom_a_file_of_the_project_trusts_is_for_a_person_to_say(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for an index that only the user's configuration names; on the command line a person has said it."""
    monkeypatch.setenv("PIP_INDEX_URL", folder.public.url)
    trust = f"--trusted-host {folder.public.host.origin.partition('://')[2]}"
    (folder.run.folder / "requirements.txt").write_text(f"{trust}\nflask\n")
    done = folder.run("init", "--no-input", "-o", "-")
    assert done.code == 20, done.err
    assert "trusted-hosts" not in tomllib.loads(done.out)
    assert re.search(r"^# trusted-hosts = \[.+\]  # requirements.txt:1$", done.out, re.MULTILINE)
    assert "Not trusted, although requirements.txt:1 asks for it: " in done.err
    done = folder.run("init", "--no-input", "-o", "-", *trust.split())
    assert done.code == 0, done.err
    assert tomllib.loads(done.out)["trusted-hosts"] == [trust.split()[1]]
    assert "Not trusted" not in done.err


def test_a_path_that_may_be_a_secret_is_noted(folder: Folder) -> None:
    """No program can know; it is said once, and without repeating the part."""
    long = "3fG7k2LqPz9XvB4nT8wY"
    (folder.run.folder / "requirements.txt").write_text(
        f"-i {folder.public.url}\n--extra-index-url {folder.internal.host.origin}/basic/{long}/simple/\n"
    )
    done = folder.run("init", "-o", "-")
    lines = [line for line in done.err.splitlines() if "may be a secret" in line]
    assert len(lines) == 1
    assert long not in lines[0]


@pytest.mark.parametrize(
    ("codes", "code"), [((), 0), ((0, 0), 0), ((1, 20), 20), ((70, 20, 0), 20), ((2, 1), 1), ((0, 2), 2)]
)
def test_a_refusal_is_told_before_what_could_not_be_done(codes: tuple[int, ...], code: int) -> None:
    assert gravest(codes) == code


def test_where_no_index_is_in_use_none_is_configured(folder: Folder) -> None:
    """`--no-index` does not become pip's default index."""
    (folder.run.folder / "requirements.txt").write_text("--no-index\nflask\n")
    done = folder.run("init")
    assert done.code == 1
    assert "error: no-source" in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


@pytest.mark.parametrize("links", [True, False])
def test_what_has_come_meanwhile_is_not_written_over(
    links: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also on a file system without links."""
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "safepip.toml"
    write_new(str(path), "one\n")
    assert path.read_text() == "one\n"
    with pytest.raises(UsageError, match="already-configured"):
        write_new(str(path), "two\n")
    assert path.read_text() == "one\n"
    assert os.listdir(tmp_path) == ["safepip.toml"]
    with pytest.raises(Unavailable, match="not-saved"):
        write_new(str(tmp_path / "nowhere" / "safepip.toml"), "three\n")


def test_a_file_that_could_not_be_written_whole_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without links whose disk is full: the next run would take the rest for a configuration."""
    written: list[int] = []

    def full(_handle: int) -> None:
        written.append(1)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="not-saved"):
        write_new(str(tmp_path / "safepip.toml"), "one\n")
    assert len(written) == 2
    assert os.listdir(tmp_path) == []


def refuse(_from: str, _to: str) -> None:
    """As a file system without links."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_what_is_there_stays_as_it_is(folder: Folder) -> None:
    """The file itself, a configuration in pyproject.toml, and one in a folder above; `-o -` writes none."""
    (folder.run.folder / "safepip.toml").write_text("# mine\n")
    done = folder.init()
    assert done.code == 2
    assert "error: already-configured" in done.err
    assert (folder.run.folder / "safepip.toml").read_text() == "# mine\n"
    (folder.run.folder / "safepip.toml").unlink()
    (folder.run.folder / "pyproject.toml").write_text("[tool.safepip.policy]\nfull-commits = true\n")
    done = folder.init()
    assert done.code == 2
    assert "pyproject.toml is there already" in done.err
    assert folder.internal.requests == folder.public.requests == []
    done = folder.init("-o", "-", "--claim", "acme-*=internal", "--claim", "billing=internal")
    assert done.code == 0, done.err
    assert tomllib.loads(done.out)["index"][0]["packages"] == ["acme-*", "billing"]
    assert not (folder.run.folder / "safepip.toml").exists()


def test_indexes_that_a_higher_level_declares_are_not_overruled(folder: Folder) -> None:
    user = folder.run.folder / "home" / ".config" / "safepip"
    user.mkdir(parents=True)
    (user / "safepip.toml").write_text('[[index]]\nname = "public"\ndefault = true\n')
    done = folder.init()
    assert done.code == 2
    assert "error: already-configured" in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--claim", "acme-*"], "does not have the form NAME=INDEX"),
        (["--claim", "acme*=internal"], "error: bad-claim"),
        (["--claim", "acme-*=other"], "no index is called 'other'"),
        (["--default", "other"], "no index is called 'other'"),
        (["--index", "a b=https://x.example/"], "it has the form NAME=URL"),
        (["--index", "other=x.example"], "error: bad-option"),
        (["--claim", "a=internal", "--claim", "A=public"], "error: conflicting-claims"),
        (["--mirror", "internal"], "no index is called ''"),
        (["--mirror", "internal=other"], "no index is called 'other'"),
        (["--mirror", "public=internal"], "error: bad-mirror"),
        (["--mirror", "internal=internal"], "error: bad-mirror"),
        (["--mirror", "internal=public", "--claim", "a=internal"], "it owns no names"),
        (["-o", "pyproject.toml"], "a pyproject.toml has the tables under [tool.safepip]"),
        (["--find-links", "https://files.example/"], "error: undeclared-index"),
    ],
)
def test_what_cannot_be_meant_is_an_error_and_writes_nothing(folder: Folder, words: list[str], message: str) -> None:
    done = folder.init(*words)
    assert done.code in (2, 20)
    assert message in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


def test_an_install_that_would_be_refused_all_the_same_is_reported(folder: Folder) -> None:
    """The file is whole; what is wrong with the requirements is told with the code of the install."""
    folder.require("acme-web", "no-such-thing-at-all")
    folder.public.add("no-such-thing-at-all", "1.0", requires=["flask>4"])
    words = ("--claim", "acme-*=internal", "--claim", "billing=internal")
    done = folder.init(*words)
    assert done.code == 20, done.err
    assert folder.packages()["internal"] == ["acme-*", "billing", "?"], "the search did not come to its end"
    assert "not all known" in done.err
    assert "requirements.txt: no-matching-version: " in done.err


def test_what_an_extra_and_a_group_need_in_turn_counts_too(folder: Folder) -> None:
    """Each is searched alone, since two of them may exclude each other; so is what builds the project."""
    (folder.run.folder / "requirements.txt").unlink()
    for name, needed in (("acme-extra", "one"), ("acme-group", "two"), ("acme-build", "three")):
        folder.internal.add(name, "1.0", requires=[f"hidden-{needed}"])
        folder.internal.add(f"hidden-{needed}", "1.0")
        folder.public.add(f"hidden-{needed}", "99.0")
    (folder.run.folder / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["flask"]\n'
        'optional-dependencies = { x = ["acme-extra"], y = ["flask<1"] }\n'
        '[dependency-groups]\ndev = ["acme-group"]\n[build-system]\nrequires = ["acme-build"]\n'
    )
    folder.public.add("flask", "0.5")
    words = ("--default", "public", "--claim", "acme-*=internal")
    assert folder.init(*words).code == 20
    assert folder.packages()["internal"] == ["acme-*", "hidden-one?", "hidden-three?", "hidden-two?", "?"]
    (folder.run.folder / "safepip.toml").unlink()
    done = folder.init(*words, "--claim", "hidden-*=internal")
    assert done.code == 0, done.err
    assert "Would install pyproject.toml [x]: from internal acme-extra 1.0, hidden-one 1.0; from public" in done.out
    assert "Would install pyproject.toml [y]: from public flask 0.5\n" in done.out
    assert "Would install pyproject.toml group dev: from internal acme-group 1.0, hidden-two 1.0\n" in done.out


def test_what_other_systems_need_counts_too(folder: Folder) -> None:
    """The file is for all who check out the project."""
    folder.internal.add("acme-app", "1.0", requires=['billing; sys_platform == "nowhere"', 'widget; extra == "x"'])
    folder.public.add("widget", "1.0")
    folder.require("acme-app")
    assert folder.init("--claim", "acme-*=internal").code == 20
    assert folder.packages() == {"internal": ["acme-*", "billing?"], "public": ["billing?"]}
    assert folder.internal.mentions("widget") == [], "an extra that is not asked for"


def test_a_mirror_is_one_source_with_its_original(folder: Folder) -> None:
    """No name of it is a question. One that differs from its original is none, and nothing is written."""
    folder.require("flask")
    folder.internal.add("flask", "3.0")
    done = folder.init("--mirror", "internal=public")
    assert done.code == 0, done.err
    assert folder.written()["internal"]["mirror-of"] == "public"
    assert folder.packages() == {"internal": [], "public": []}
    (folder.run.folder / "safepip.toml").unlink()
    folder.require("flask", "tool")
    folder.public.add("tool", "1.0")
    folder.internal.add("tool", "1.0", files={"tool/other.py": "x = 1"})
    done = folder.init("--mirror", "internal=public")
    assert done.code == 20, done.out
    assert "error: mirror-differs\n" in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


def test_a_lock_of_a_standard_form_is_asked_for_as_an_install_would(folder: Folder) -> None:
    """Its index may be one that nothing else names; then it is asked for the names that the lock has from it."""
    words = ("--claim", "acme-*=internal", "--claim", "billing=internal")
    assert folder.init(*words).code == 0
    assert folder.run("lock", "-r", "requirements.txt").code == 0
    for name in ("safepip.toml", "requirements.txt"):
        (folder.run.folder / name).unlink()
    done = folder.run("init", "-o", "-", "--index", f"public={folder.public.url}", "--default", "public")
    assert done.code == 20, done.err
    assert '"acme-web?"' in done.out
    assert "pylock.toml says from which index a tool has taken a project, and not who owns it" in done.err
    done = folder.init(*words, "--default", "public")
    assert done.code == 0, done.err
    assert "Would install pylock.toml: from internal acme-web 2.0, billing 1.0; from public flask 3.0" in done.out


def test_an_index_that_is_asked_for_its_own_names_only_stays_so(folder: Folder) -> None:
    """uv's `explicit`: asked for the names that `sources` gives to it; without one of them claimed it is a comment,
    because as a table without names it would be asked for every name."""
    (folder.run.folder / "requirements.txt").unlink()
    (folder.run.folder / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["acme-web", "flask"]\n'
        '[tool.uv.sources]\nacme-web = { index = "internal" }\n'
        f'[[tool.uv.index]]\nname = "internal"\nurl = "{folder.internal.url}"\nexplicit = true\n'
        f'[[tool.uv.index]]\nname = "public"\nurl = "{folder.public.url}"\ndefault = true\n'
    )
    done = folder.run("init", "--claim", "acme-*=internal", "--claim", "billing=internal")
    assert done.code == 0, done.err
    assert folder.packages() == {"internal": ["acme-*", "billing"], "public": []}
    assert not folder.internal.mentions("flask")
    (folder.run.folder / "safepip.toml").unlink()
    assert folder.run("init").code == 20
    assert folder.packages()["internal"] == ["acme-web?", "?"]
    (folder.run.folder / "safepip.toml").unlink()
    (folder.run.folder / "pyproject.toml").write_text(
        (folder.run.folder / "pyproject.toml").read_text().replace('"acme-web", ', "").replace("acme-web =", "none =")
    )
    done = folder.run("init")
    assert done.code == 0, done.err
    assert list(folder.written()) == ["public"]
    assert '# name = "internal"' in (folder.run.folder / "safepip.toml").read_text()


def watched() -> dict[str, str]:
    """The variables of a run that a person watches."""
    return {name: value for name, value in os.environ.items() if name not in CI}


def test_a_person_decides_at_the_terminal(folder: Folder) -> None:
    """A group at once, and what comes in behind it afterwards; a word that is no index is asked about again."""
    command = [sys.executable, "-m", "safepip", "init", *folder.names]
    folder.require("acme-web", "acme-core")
    folder.internal.add("acme-core", "1.0")
    with Terminal(command, columns=120, env=watched(), cwd=folder.run.folder) as terminal:
        terminal.wait_for("> $")
        assert "acme-web   internal 2.0" in terminal.written
        terminal.type("intern\n")
        terminal.wait_for("> $")
        terminal.type("internal *\n")
        terminal.wait_for("> $")
        assert "Which index owns billing? internal / public" in terminal.written
        terminal.type("internal\n")
        assert terminal.end() == 0, terminal.screen.text
    assert "no index is called 'intern'" in terminal.written
    assert folder.packages() == {"internal": ["acme-*", "billing"], "public": []}


@pytest.mark.parametrize(("words", "variables"), [(["--no-input"], {}), ([], {"CI": "true"})])
def test_nothing_is_asked_where_no_person_is_to_be(folder: Folder, words: list[str], variables: dict[str, str]) -> None:
    """By an option, and on a CI machine, some of which have a terminal."""
    command = [sys.executable, "-m", "safepip", "init", *folder.names, *words]
    with Terminal(command, columns=120, env=watched() | variables, cwd=folder.run.folder) as terminal:
        assert terminal.end() == 20, terminal.screen.text
