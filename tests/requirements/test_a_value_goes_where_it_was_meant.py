"""The value of a variable in a requirements file reaches what is named elsewhere, and is shown and written nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.concealed import Concealed
from safepip.requirements import variables
from support.environment import secrets_found
from support.replies import Reply, status
from support.runs import shown
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Done, Inside

CANARY = "canary77e1c"
#: Too short to be looked for: only where it stands tells what it is.
SHORT = "q7z"
WHEEL = "team_lib-1.0-py3-none-any.whl"

#: Lines that send the value elsewhere, or make of it what nobody could recognise.
REFUSED = [
    "team-lib @ <origin>/elsewhere/${TOKEN}/<wheel>",
    "team-lib @ <origin>/elsewhere/<wheel>?token=${TOKEN}",
    "team-lib @ http://u:${TOKEN}@<netloc>/elsewhere/<wheel>",
    "team-lib @ <index>../elsewhere/${TOKEN}/<wheel>",
    "team-lib @ <index>%2e%2e/elsewhere/${TOKEN}/<wheel>",
    "team-lib @ <origin>/simple${TOKEN}/<wheel>",
    "team-lib @ http://${TOKEN}.example/simple/<wheel>",
    "<origin>/elsewhere/${TOKEN}/<wheel>",
    "<origin>/elsewhere/<wheel>?${TOKEN} ; python_version > '3'",
    "<index>team-lib/${TOKEN}-1.0-py3-none-any.whl",
    "-r <origin>/elsewhere/${TOKEN}.txt",
    "-c <origin>/elsewhere/${TOKEN}.txt",
    "-r http://u:${TOKEN}@<netloc>/elsewhere/x.txt",
    "-r <origin>/elsewhere/x.txt?${TOKEN}",
    "-r <index>../x/${TOKEN}.txt",
    "-i <origin>/elsewhere/${TOKEN}/",
    "-i http://u:${TOKEN}@<netloc>/elsewhere/",
    "--extra-index-url <origin>/elsewhere/${TOKEN}/",
    "--extra-index-url=<origin>/elsewhere/${TOKEN}/",
    "--extra http://u:${TOKEN}@<netloc>/elsewhere/",
    "-f <origin>/elsewhere/?token=${TOKEN}",
    "-f <origin>/simple${TOKEN}/",
    "${TOKEN}",
    "${NAME} @ <index>dl/<wheel>",
    "${SCHEME}<netloc>/elsewhere/<wheel>",
    "-r ${SCHEME}<netloc>/elsewhere/x.txt",
    "team-lib[${TOKEN}]",
    "team-lib[x,${TOKEN}]==1.0",
    "team-lib ; python_version > '${TOKEN}'",
    "team-lib==1.0 ; extra == '${TOKEN}'",
    "team-lib==1.0 --hash=sha256:${TOKEN}",
    "team-lib ${OPTIONS}",
    "${OPTIONS}",
    "team-lib${EXTRA}",
    "team-lib${MARKER}",
    "team-lib${URL}",
]
#: Lines that are wrong with any value, by pip's rules too.
WRONG = [
    "team-lib @ <origin>:${TOKEN}/simple/<wheel>",
    "team-lib @ <index>dl/<wheel>#sha256=${TOKEN}",
    "<index>team-lib/team_lib-${TOKEN}-py3-none-any.whl",
    "https://[${TOKEN}/",
    "team-lib @ https://[${TOKEN}/<wheel>",
    "-i https://[${TOKEN}/",
    "--extra-index-url https://[${TOKEN}]/",
    "-f https://h.example:${TOKEN}/",
    "-r https://[${TOKEN}/x.txt",
    "-i http://<netloc>:${TOKEN}/simple/",
    "-i ${TOKEN}",
    "-f ${TOKEN}",
    "-r ${TOKEN}",
    "-c ./${TOKEN}/x.txt",
    "-e ${TOKEN}",
    "./${TOKEN}",
    "./${TOKEN}/<wheel>",
    "team-lib==${TOKEN}",
    "team-lib>${TOKEN}",
    "team-lib--${TOKEN}",
    "--${TOKEN}",
    "--use-feature ${TOKEN}",
    "--hash ${TOKEN}",
    "team-lib --hash=${TOKEN}",
    "team-lib --hash=${TOKEN}:00",
    "--trusted-host ${TOKEN}/x",
    "ftp://${TOKEN}/<wheel>",
    "git+https://${TOKEN}@h.example/x",
    "team-lib @ file:///${TOKEN}/<wheel>",
    "'${TOKEN}",
    "-r 'x${TOKEN}",
]
#: Lines with which the run goes on.
HARMLESS = ["--trusted-host ${TOKEN}", "--no-binary ${TOKEN}", "--pre # ${TOKEN}", "team-lib # ${TOKEN}"]


class Asked:
    """safepip in this process, with an index that the command line names."""

    def __init__(self, run: Inside, index: IndexServer, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run, self.index, self.value = run, index, value
        data = index.add("team-lib", "1.0").data
        index.host.paths[f"/simple/dl/{WHEEL}"] = Reply(200, data)
        index.host.paths[f"/simple/dl/{value}/{WHEEL}"] = Reply(200, data)
        for name, text in {
            "TOKEN": value,
            "NAME": "team-lib",
            "SCHEME": "http://",
            "OPTIONS": f" -i http://{value}.example/",
            "EXTRA": f"[{value}]",
            "MARKER": f"; python_version < '{value}'",
            "URL": f" @ http://{value}.example/{WHEEL}",
        }.items():
            monkeypatch.setenv(name, text)

    def text(self, text: str) -> str:
        origin = self.index.host.origin
        marks = {
            "<origin>": origin,
            "<netloc>": origin.partition("://")[2],
            "<index>": self.index.url,
            "<wheel>": WHEEL,
        }
        for mark, value in marks.items():
            text = text.replace(mark, value)
        return text

    def __call__(self, line: str, *words: str, verb: tuple[str, ...] = ("install", "--dry-run")) -> Done:
        (self.run.folder / "requirements.txt").write_text(self.text(f"{line}\nteam-lib\n"))
        network = ("--retries", "0", "--timeout", "3", "--log", "log.txt", "-i", self.index.url)
        return self.run(*verb, *network, *words, "-r", "requirements.txt")

    def check(self, done: Done, *, sent: bool = False) -> None:
        """Nothing that was printed, logged, written or sent holds the value."""
        assert self.value not in done.out + done.err, done.out + done.err
        assert secrets_found(self.run.folder, [self.value]) == []
        if not sent:
            asked = [f"{r.path} {sorted(r.headers.items())}" for r in self.index.host.requests]
            assert not any(self.value in words for words in asked)


@pytest.fixture(params=[CANARY, SHORT])
def asked(request: pytest.FixtureRequest, run: Inside, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(run, index, request.param, monkeypatch)


@pytest.mark.parametrize("line", REFUSED)
def test_it_goes_nowhere_else_and_becomes_nothing_unrecognisable(line: str, asked: Asked) -> None:
    """The host that is named is not enough: one host serves many."""
    done = asked(line)
    assert done.code == 20, done.err
    assert "error: expanded-credential" in done.err
    assert "requirements.txt:1" in done.err
    asked.check(done)


@pytest.mark.parametrize(
    "line", ["team-lib @ <origin>/elsewhere/<wheel>", "-r <origin>/elsewhere/x.txt", "-c <index>../elsewhere/x.txt"]
)
@pytest.mark.parametrize("first", [True, False])
def test_nor_as_the_credential_of_another_line(line: str, first: bool, asked: Asked) -> None:
    """A credential goes to all of its origin, so the same file names nothing beside the index there."""
    asked.index.host.paths[f"/elsewhere/{WHEEL}"] = Reply(200, asked.index.projects["team-lib"].files[0].data)
    asked.index.host.paths["/elsewhere/x.txt"] = Reply(200, b"team-lib", {"Content-Type": "text/plain"})
    credential = "-i http://robot:${TOKEN}@<netloc>/simple/"
    done = asked(f"{credential}\n{line}" if first else f"{line}\n{credential}")
    assert done.code == 20, done.err
    asked.check(done)
    for request in asked.index.requests:
        assert request.path.startswith("/simple/") or "authorization" not in request.headers


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_told_as_it_is_written(line: str, asked: Asked) -> None:
    """Every message has the line before values were put in."""
    done = asked(line)
    assert done.code in (1, 2, 20), done.err
    assert "requirements.txt:1" in done.err or "team-lib" in done.err
    asked.check(done)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_harmless_goes_on(line: str, asked: Asked) -> None:
    """And says nothing of the value."""
    done = asked(line)
    assert done.code == 0, done.err
    asked.check(done)


@pytest.mark.parametrize(
    "line", ["--trusted-host ${TOKEN}", "-i https://${TOKEN}/", "-f ./${TOKEN}", "-f https://x/${TOKEN}"]
)
def test_a_configuration_refuses_it_by_what_is_written(line: str, asked: Asked) -> None:
    """The message about an undeclared index, folder or host."""
    (asked.run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "team"\nurl = "{asked.index.url}"\ndefault = true\n'
    )
    done = asked(line)
    assert done.code == 20
    assert "${TOKEN}" in done.err
    asked.check(done)


IN_THE_INDEX = ["team-lib @ <index>dl/${TOKEN}/<wheel>", "team-lib @ <index>dl/<wheel>?token=${TOKEN}"]


@pytest.mark.parametrize("line", IN_THE_INDEX)
def test_below_a_named_index_it_is_sent_and_recorded_as_written(line: str, asked: Asked) -> None:
    """In the report, too."""
    done = asked(line, "--report", "report.json")
    assert done.code == 0, done.err
    asked.check(done, sent=True)
    item = json.loads((asked.run.folder / "report.json").read_text())["install"][0]
    assert item["download_info"]["url"] == asked.text(line).partition(" @ ")[2]


@pytest.mark.parametrize(
    "line", [*IN_THE_INDEX, "--extra-index-url <index>${TOKEN}/", "-f ./${TOKEN}", "./${TOKEN}/<wheel>"]
)
@pytest.mark.parametrize("form", ["pylock.toml", "locked.txt"])
def test_a_lock_holds_no_value(line: str, form: str, asked: Asked) -> None:
    """It could only hold the value, so none is written."""
    folder = asked.run.folder / asked.value
    folder.mkdir()
    make_wheel(folder, "team-lib", "1.0")
    done = asked(line, "-o", form, verb=("lock",))
    assert done.code == 20, done.err
    assert "expanded-credential" in done.err
    assert not (asked.run.folder / form).exists()
    assert asked.value not in done.out + done.err


@pytest.mark.parametrize("line", IN_THE_INDEX)
def test_a_url_that_fails_is_told_as_it_is_written(line: str, asked: Asked) -> None:
    """Whatever room the message comes from."""
    asked.index.host.paths.clear()
    done = asked(line)
    assert done.code == 1
    assert "requirements.txt:1" in done.err
    asked.check(done, sent=True)


def test_an_index_below_a_named_one_is_told_as_it_is_written(asked: Asked) -> None:
    """Its name and URL, where it fails or shares a name with the other. Its pages, which name files, are not kept."""
    asked.index.mount(f"/simple/{asked.value}/").add("team-lib", "2.0")
    sites = asked.index.host.sites
    sites.insert(0, sites.pop())
    shared = asked("--extra-index-url <index>${TOKEN}/")
    asked.index.host.faults[f"/simple/{asked.value}/team-lib/"] = status(500)
    failed = asked("--extra-index-url <index>${TOKEN}/")
    for done in (shared, failed):
        assert done.code != 0
        assert "/${TOKEN}" in done.err
        asked.check(done, sent=True)


def test_a_folder_of_this_machine_is_told_as_it_is_written(asked: Asked) -> None:
    """As an index: its name, its URL, and the wheels in it."""
    folder = asked.run.folder / asked.value
    folder.mkdir()
    make_wheel(folder, "own-lib", "3.0")
    done = asked("-f ./${TOKEN}\nown-lib", "--report", "-")
    assert done.code == 0, done.err
    assert "own-lib" in done.out
    assert "${TOKEN}" in done.out
    assert asked.value not in done.out + done.err
    make_wheel(folder, "team-lib", "3.0")
    done = asked("-f ./${TOKEN}", "--no-cache-dir")
    assert "error: ambiguous-index" in done.err
    assert "${TOKEN}" in done.err
    assert asked.value not in done.out + done.err


@pytest.mark.parametrize("line", ["-r <index>${TOKEN}/x.txt", "-c <index>x.txt?${TOKEN}"])
def test_a_nested_file_below_a_named_index_is_told_as_it_is_written(line: str, asked: Asked) -> None:
    """Where it is not there, and where a line of it is wrong or names one more."""
    done = asked(line)
    assert done.code == 1
    asked.check(done, sent=True)
    for text in ("-r y.txt", "<wrong", "-r ../../../evil.txt", "other @ ftp://h.example/x.zip"):
        for path in (f"/simple/{asked.value}/x.txt", "/simple/x.txt"):
            asked.index.host.paths[path] = Reply(200, text.encode(), {"Content-Type": "text/plain"})
        done = asked(line)
        assert done.code != 0
        asked.check(done, sent=True)


def test_a_wheels_file_name_is_written_out(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown and written in many forms, whatever is in it."""
    monkeypatch.setenv("TOKEN", "1.0")
    done = asked("<index>dl/team_lib-${TOKEN}-py3-none-any.whl")
    assert done.code == 20
    assert "the file name of a wheel" in done.err


def test_a_constraints_version_is_told_as_it_is_written(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conflict names the constraint, not what was made of it."""
    monkeypatch.setenv("TOKEN", "0.0.0.77")
    (asked.run.folder / "c.txt").write_text("team-lib<${TOKEN}\n")
    done = asked("team-lib>=1", "-c", "c.txt")
    assert done.code == 1
    assert "team-lib<${TOKEN}" in done.err
    assert "0.0.0.77" not in done.out + done.err


def test_what_stays_in_the_environment_holds_no_value(index: IndexServer, runner: Runner, target: Environment) -> None:
    """direct_url.json and everything else, with its row in RECORD right."""
    index.host.paths[f"/simple/dl/{CANARY}/{WHEEL}"] = Reply(200, index.add("team-lib", "1.0").data)
    (runner.folder / "r.txt").write_text(f"team-lib @ {index.url}dl/${{TOKEN}}/{WHEEL}\n")
    words = ("install", "--python", target.python, "-i", index.url, "-r", "r.txt", "--report", "report.json", "-v")
    done = runner.inside(*words, env={"TOKEN": CANARY})
    assert done.returncode == 0, shown(done)
    assert CANARY not in done.stdout + done.stderr
    assert secrets_found(target.folder, [CANARY]) == []
    assert secrets_found(runner.folder, [CANARY]) == []
    record = json.loads(next(target.site_packages.glob("*.dist-info/direct_url.json")).read_text())
    assert record["url"] == f"{index.url}dl/${{TOKEN}}/{WHEEL}"
    assert runner.inside("verify", "--python", target.python).returncode == 0


class TestHonest:
    """What variables are for goes on."""

    def test_credentials_of_a_named_index(self, asked: Asked) -> None:
        asked.index.auth = ("robot", asked.value)
        done = asked("-i http://robot:${TOKEN}@<netloc>/simple/")
        assert done.code == 0, done.err
        asked.check(done)

    def test_a_version(self, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of any length: it is the index that shows it."""
        asked.index.add("team-lib", "2024.10.22")
        monkeypatch.setenv("TOKEN", "2024.10.22")
        done = asked("team-lib==${TOKEN}")
        assert (done.code, done.out.splitlines()[-1]) == (0, "Would install team-lib-2024.10.22")
        assert asked("team-lib==${TOKEN}", "-o", "locked.txt", verb=("lock",)).code == 0
        assert "team-lib==2024.10.22" in (asked.run.folder / "locked.txt").read_text()

    def test_a_folder_of_this_machine(self, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A nested file, a folder of wheels, and a wheel."""
        (tmp_path / "wheels").mkdir()
        make_wheel(tmp_path / "wheels", "own-lib", "3.0")
        (tmp_path / "wheels" / "more.txt").write_text("own-lib\n")
        monkeypatch.setenv("WHERE", str(tmp_path / "wheels"))
        for line in (
            "-f ${WHERE}\nown-lib",
            "-f ${WHERE}\n-r ${WHERE}/more.txt",
            "${WHERE}/own_lib-3.0-py3-none-any.whl",
        ):
            done = asked(line)
            assert done.code == 0, done.err
            assert "own-lib-3.0" in done.out

    def test_a_value_of_one_letter_blackens_nothing(self, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only the place where it stands is hidden."""
        asked.index.host.paths[f"/simple/dl/1/{WHEEL}"] = asked.index.host.paths[f"/simple/dl/{WHEEL}"]
        monkeypatch.setenv("TOKEN", "1")
        done = asked(IN_THE_INDEX[0])
        assert (done.code, done.out.splitlines()[-1]) == (0, "Would install team-lib-1.0")

    def test_a_project_file_has_no_variables(self, asked: Asked) -> None:
        """The format has none, so the text stays and is refused as what it is."""
        (asked.run.folder / "pyproject.toml").write_text('[dependency-groups]\na = ["team-lib[${TOKEN}]"]\n')
        done = asked("team-lib", "--group", "a")
        assert done.code == 1
        asked.check(done)


def test_by_value_from_eight_characters_on() -> None:
    """In every form in which a text may be shown, with the name in its place."""
    concealed = Concealed()
    concealed.add("a b/c:d@e", "${TOKEN}")
    concealed.add("short", "${S}")
    concealed.add("https://h.example/s/q7z/", "https://h.example/s/${Q}/")
    text = "a b/c:d@e A%20b%2Fc%3Ad%40e a+b%2Fc%3Ad%40e short https://h.example/s/q7z/x https://h.example/s/q7z q7z"
    assert concealed.redact(text) == (
        "${TOKEN} ${TOKEN} ${TOKEN} short https://h.example/s/${Q}/x https://h.example/s/${Q} q7z"
    )


def test_in_json_as_well() -> None:
    """Where quotes and backslashes are written otherwise."""
    value = 'quote"and\\slash'
    concealed = Concealed()
    concealed.add(value, "${TOKEN}")
    assert json.loads(concealed.redact(json.dumps([value, "x"]))) == ["${TOKEN}", "x"]
    # A document of ASCII alone, which has six characters for each of the others.
    for value in ("pässwört-ß", "\N{LOCK}-\t-secret"):
        concealed.add(value, "${TOKEN}")
        for ascii_alone in (True, False):
            made = json.dumps([value, "x"], ensure_ascii=ascii_alone)
            assert json.loads(concealed.redact(made)) == ["${TOKEN}", "x"]
    # Bytes that are no text.
    concealed.add("\udcff-not-utf-8", "${B}")
    assert concealed.redact("x \udcff-not-utf-8 %FF-not-utf-8") == "x ${B} ${B}"


def test_a_value_is_never_expanded_again() -> None:
    """It is a value."""
    assert variables.expand("${A}${B}", {"A": "${B}", "B": "x"}) == "${B}x"
