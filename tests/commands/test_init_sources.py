"""`safepip init`: which indexes it takes over, from where, and what it makes of one that it cannot."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from support.init_folder import InitFolder

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def folder(run: Inside, two_indexes: tuple[IndexServer, IndexServer]) -> InitFolder:
    return InitFolder.filled(run, *two_indexes)


def test_pips_configuration_and_variables_are_read(folder: InitFolder, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("place", ["pdm.toml", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_CONFIG_FILE", "PDM_PYPI_URL"])
def test_an_index_that_only_the_settings_of_another_tool_name_is_asked(
    folder: InitFolder, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default index has all of the names today, because an attacker put them there."""
    monkeypatch.setenv("PIP_INDEX_URL", folder.public.url)
    folder.public.add("acme-web", "99.0")
    folder.internal.auth = ("jane", "s3cret-word")
    (folder.run.folder / "requirements.txt").write_text("acme-web\n")
    url = folder.internal.credentialed_url
    monkeypatch.setenv("UV_DEFAULT_INDEX", folder.public.url)
    match place:
        case "pdm.toml":
            stated = f'[pypi]\nurl = "{folder.public.url}"\n[pypi.internal]\nurl = "{url}"\n'
            (folder.run.folder / place).write_text(stated)
        case "UV_CONFIG_FILE":
            (folder.run.folder / "else.toml").write_text(f'[[index]]\nurl = "{url}"\n')
            monkeypatch.setenv(place, "else.toml")
        case _:
            monkeypatch.setenv(place, url)
    default = folder.public.host.origin.partition("://")[2].replace(":", "-")
    done = folder.run("init", "--default", default, "--retries", "0")
    assert done.code == 20, done.err
    assert "pip's own default" not in done.out
    assert re.search(r"acme-web  \S+ 2\.0, \S+ 99\.0  \(ambiguous\)", done.out)
    text = (folder.run.folder / "safepip.toml").read_text()
    assert text.count('    "acme-web?",\n') == 2
    assert "s3cret" not in text + done.out + done.err
    assert ("else.toml" if place == "UV_CONFIG_FILE" else place) in text


def test_an_index_whose_credentials_a_file_asks_for_is_not_asked(
    folder: InitFolder, monkeypatch: pytest.MonkeyPatch
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


def test_a_name_given_to_such_an_index_is_asked_of_no_other(
    folder: InitFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    folder: InitFolder, case: str, monkeypatch: pytest.MonkeyPatch
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
    folder: InitFolder, monkeypatch: pytest.MonkeyPatch
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


def test_a_path_that_may_be_a_secret_is_noted(folder: InitFolder) -> None:
    """No program can know; it is said once, and without repeating the part."""
    long = "3fG7k2LqPz9XvB4nT8wY"
    (folder.run.folder / "requirements.txt").write_text(
        f"-i {folder.public.url}\n--extra-index-url {folder.internal.host.origin}/basic/{long}/simple/\n"
    )
    done = folder.run("init", "-o", "-")
    lines = [line for line in done.err.splitlines() if "may be a secret" in line]
    assert len(lines) == 1
    assert long not in lines[0]


def test_where_no_index_is_in_use_none_is_configured(folder: InitFolder) -> None:
    """`--no-index` does not become pip's default index."""
    (folder.run.folder / "requirements.txt").write_text("--no-index\nflask\n")
    done = folder.run("init")
    assert done.code == 1
    assert "error: no-source" in done.err
    assert not (folder.run.folder / "safepip.toml").exists()


def test_a_lock_of_a_standard_form_is_asked_for_as_an_install_would(folder: InitFolder) -> None:
    """Its index may be one that nothing else names; then it is asked for the names that the lock has from it."""
    words = ("--claim", "acme-*=internal", "--claim", "billing=internal")
    assert folder.init(*words).code == 0
    assert folder.run("lock", "-r", "requirements.txt").code == 0
    (folder.run.folder / "safepip.toml").unlink()
    done = folder.run("init", "-o", "-")
    assert "asked for every name  (from requirements.txt:2, pylock.toml)" in done.err
    (folder.run.folder / "requirements.txt").unlink()
    done = folder.run("init", "-o", "-", "--index", f"public={folder.public.url}", "--default", "public")
    assert done.code == 20, done.err
    assert "named in a lock, and nowhere else  (from pylock.toml)" in done.err
    assert '"acme-web?"' in done.out
    assert "pylock.toml says from which index a tool has taken a project, and not who owns it" in done.err
    done = folder.init(*words, "--default", "public")
    assert done.code == 0, done.err
    assert "Would install pylock.toml: from internal acme-web 2.0, billing 1.0; from public flask 3.0" in done.out


def test_an_index_that_is_asked_for_its_own_names_only_stays_so(folder: InitFolder) -> None:
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
