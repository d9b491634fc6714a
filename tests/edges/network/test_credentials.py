"""Secrets come in by `absorb`, leave only for their own origin, and are never shown."""

from __future__ import annotations

import pickle
import stat
import sys
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.edges.network.credentials import Credentials
from safepip.model.urls import origin_of
from support.nowhere import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "c4nary-0f-the-c0al-mine"


def credentials(tmp_path: Path, netrc: str = "", path: str = "") -> Credentials:
    if netrc:
        (tmp_path / ".netrc").write_text(netrc, encoding="utf-8")
    return Credentials({"HOME": str(tmp_path), "PATH": path})


def fake_keyring(tmp_path: Path, script: str) -> str:
    """A `keyring` program of the test's own; its arguments are appended to the file `asked`."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "keyring"
    log = f"open({str(tmp_path / 'asked')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')"
    program.write_text(f"#!{sys.executable}\nimport sys\n{log}\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(folder)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pw@host.example/simple/", "https://host.example/simple/"),
        ("https://token@host.example/simple", "https://host.example/simple"),
        ("https://u:p@ss@host.example/simple", "https://host.example/simple"),
        (
            "--index-url=https://u:p@a.example/ -f http://v:q@b.example:8080/x",
            "--index-url=https://a.example/ -f http://b.example:8080/x",
        ),
        ("demo @ https://u:p@a.example/d-1-py3-none-any.whl#sha256=00 ; python_version > '3'", None),
        ("git+https://u:p@a.example/r.git@v1", "git+https://a.example/r.git@v1"),
        ("git+ssh://git@a.example/r.git@v1", "git+ssh://git@a.example/r.git@v1"),
        ("GIT+SSH://git@a.example/r", "GIT+SSH://git@a.example/r"),
        ("git+ssh://git:pw@a.example/r", "git+ssh://git@a.example/r"),
        ("ssh://-oProxyCommand=x@a.example/r", "ssh://a.example/r"),
        ("ssh://a@b@a.example/r", "ssh://a.example/r"),
        ("https://a.example/x@y", "https://a.example/x@y"),
        ("https://a.example:8080/x@y", "https://a.example:8080/x@y"),
        ("http://[::1]:8080/x@y", "http://[::1]:8080/x@y"),
        ("http://u:p@[::1]:8080/", "http://[::1]:8080/"),
        ("demo==1.0", "demo==1.0"),
        ("https://u:1@a.example,https://v:2@b.example", "https://a.example,https://b.example"),
    ],
)
def test_absorb_takes_exactly_the_user_information_out(text: str, clean: str | None) -> None:
    result = Credentials({}).absorb(text)
    assert result == (text.replace("u:p@", "") if clean is None else clean)


def test_a_password_with_a_raw_slash_leaves_an_invalid_url_and_no_secret() -> None:
    secrets = Credentials({})
    result = secrets.absorb(f"https://user:{CANARY[:5]}/{CANARY[5:]}@host.example/simple")
    assert result == "https://****@host.example/simple"
    assert secrets.for_url("https://host.example/simple") is None


def test_parts_are_percent_decoded_after_the_split(tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    secrets.absorb("https://us%3Aer:p%40ss%3Aw%2Frd@host.example/")
    assert secrets.for_url("https://host.example/a") == ("us:er", "p@ss:w/rd")


def test_a_user_without_password_is_sent_with_an_empty_one(tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    secrets.absorb("https://token-of-some-length@host.example/")
    assert secrets.for_url("https://host.example/a") == ("token-of-some-length", "")
    assert secrets.authorization("https://host.example/") == "Basic " + b64encode(b"token-of-some-length:").decode()


@pytest.mark.parametrize(
    "other",
    [
        "http://host.example/simple/",
        "https://host.example:8443/simple/",
        "https://sub.host.example/simple/",
        "https://host.example.evil.example/simple/",
        "https://host.example@evil.example/simple/",
        "https://evil.example/https://host.example/",
        "file:///simple/",
        "https://[broken/",
    ],
)
def test_a_credential_never_goes_to_another_origin(other: str, tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    secrets.absorb(f"https://user:{CANARY}@host.example/simple/")
    assert secrets.for_url("https://HOST.example:443/simple/demo/") == ("user", CANARY)
    assert secrets.for_url(other) is None


def test_of_several_credentials_on_one_origin_the_nearest_path_wins(tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    secrets.absorb("https://a:1@host.example/team-a/simple/ https://b:2@host.example/team-b/simple/")
    assert secrets.for_url("https://host.example/team-b/simple/demo/") == ("b", "2")
    assert secrets.for_url("https://host.example/team-a/files/demo.whl") == ("a", "1")
    assert secrets.for_url("https://host.example/team-abc/") == ("a", "1")  # as pip: some credential of the host


def test_netrc_is_used_for_the_host_it_names_and_its_default_entry_for_none(tmp_path: Path) -> None:
    secrets = credentials(
        tmp_path, f"machine host.example login me password {CANARY}\ndefault login all password other\n"
    )
    assert secrets.for_url("https://host.example/x") == ("me", CANARY)
    assert secrets.for_url("https://evil.example/x") is None
    assert secrets.for_url("https://default/x") is None
    assert CANARY not in secrets.redact(f"x {CANARY} y")


def test_a_url_with_password_beats_netrc_and_a_lone_user_does_not(tmp_path: Path) -> None:
    secrets = credentials(tmp_path, "machine host.example login me password fromnetrc\n")
    secrets.absorb("https://me@host.example/")
    assert secrets.for_url("https://host.example/") == ("me", "fromnetrc")
    secrets.absorb("https://me:url@host.example/")
    assert secrets.for_url("https://host.example/") == ("me", "url")


def test_a_broken_netrc_is_noticed_without_quoting_it(tmp_path: Path) -> None:
    secrets = credentials(tmp_path, f"machine host.example login me {CANARY} x\n")
    assert secrets.for_url("https://host.example/") is None
    assert len(secrets.notices) == 1
    assert CANARY not in secrets.notices[0]


@pytest.mark.skipif(sys.platform == "win32", reason="the imitation keyring is a script with a #! line")
def test_the_keyring_is_asked_only_after_a_challenge_and_first_for_the_indexs_url(tmp_path: Path) -> None:
    answer = f'{{"username": "me", "password": "{CANARY}"}}'
    folder = fake_keyring(tmp_path, f"if sys.argv[-2] == 'host.example': print({answer!r})\nelse: sys.exit(1)")
    secrets = credentials(tmp_path, path=folder)
    secrets.absorb("https://me@host.example/simple/")
    assert secrets.for_url("https://host.example/simple/") == ("me", "")
    assert not (tmp_path / "asked").exists()
    assert (
        secrets.after_challenge("https://host.example/simple/demo/")
        == "Basic " + b64encode(f"me:{CANARY}".encode()).decode()
    )
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert [line.split()[-2] for line in asked] == ["https://host.example/simple/", "host.example"]
    assert secrets.for_url("https://host.example/else") == ("me", CANARY)
    secrets.rejected("https://host.example/simple/demo/")
    assert secrets.after_challenge("https://host.example/simple/demo/") is None
    assert secrets.for_url("https://host.example/simple/") == ("me", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the imitation keyring is a script with a #! line")
@pytest.mark.parametrize(
    ("provider", "no_input", "asked"),
    [
        ("auto", False, True),
        ("auto", True, False),
        ("subprocess", True, True),
        ("import", True, True),
        ("disabled", False, False),
    ],
)
def test_the_keyring_provider_setting_is_obeyed(provider: str, no_input: bool, asked: bool, tmp_path: Path) -> None:
    secrets = credentials(tmp_path, path=fake_keyring(tmp_path, "sys.exit(1)"))
    secrets.permit(keyring_provider=provider, no_input=no_input)
    assert secrets.after_challenge("https://host.example/") is None
    assert (tmp_path / "asked").exists() is asked


@pytest.mark.skipif(sys.platform == "win32", reason="the imitation keyring is a script with a #! line")
def test_a_failing_keyring_is_noticed_once_without_its_output(tmp_path: Path) -> None:
    secrets = credentials(tmp_path, path=fake_keyring(tmp_path, f"print('{CANARY}')"))
    assert secrets.after_challenge("https://host.example/") is None
    assert secrets.after_challenge("https://other.example/") is None
    assert len(secrets.notices) == 1
    assert CANARY not in secrets.notices[0]


@pytest.mark.skipif(sys.platform == "win32", reason="the imitation keyring is a script with a #! line")
def test_a_keyring_program_in_the_working_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake_keyring(tmp_path, "sys.exit(1)")
    monkeypatch.chdir(folder)
    for path in (".", "", "./"):
        assert credentials(tmp_path, path=path).after_challenge("https://host.example/") is None
    assert not (tmp_path / "asked").exists()


def test_the_user_is_asked_once_for_an_origin_and_never_under_no_input(tmp_path: Path) -> None:
    questions: list[str] = []

    def ask(origin: str) -> tuple[str, str] | None:
        questions.append(origin)
        return ("me", CANARY) if "yes" in origin else None

    secrets = Credentials({"HOME": str(tmp_path), "PATH": ""}, ask)
    assert secrets.after_challenge("https://yes.example/a") is not None
    assert secrets.for_url("https://yes.example/b") == ("me", CANARY)
    assert secrets.after_challenge("https://no.example/a") is None
    assert secrets.after_challenge("https://no.example/b") is None
    assert questions == ["https://yes.example", "https://no.example"]
    secrets.permit(keyring_provider="auto", no_input=True)
    assert secrets.after_challenge("https://yes-too.example/") is None
    assert len(questions) == 2


def test_a_proxy_without_scheme_keeps_its_credential_for_itself(tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    assert secrets.absorb_proxy(f"me:{CANARY}@proxy.example:3128") == "http://proxy.example:3128"
    assert secrets.absorb_proxy("") == ""
    assert secrets.proxy_auth("http://proxy.example:3128") == (b"me", CANARY.encode())
    assert secrets.proxy_auth("http://other.example:3128") is None
    assert secrets.for_url("https://host.example/") is None


_words = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f\xa0\x85"), min_size=8, max_size=24
)


@settings(max_examples=150, deadline=None)
@given(user=_words, password=_words, before=st.sampled_from(["", "-i ", "demo @ "]))
def test_what_went_in_never_comes_out(user: str, password: str, before: str) -> None:
    """Absorbed and redacted text hold no absorbed password, in any of its spellings."""
    secrets = Credentials({"HOME": NOWHERE, "PATH": ""})
    coded = quote(password, safe="")
    text = secrets.absorb(f"{before}https://{quote(user, safe='')}:{coded}@host.example/simple/")
    assert text == f"{before}https://host.example/simple/"
    assert secrets.for_url("https://host.example/simple/x/") == (user, password)
    header = secrets.authorization("https://host.example/simple/x/")
    assert header is not None
    token = header.split()[1]
    shown = secrets.redact(f"a {password} b {coded} c {token} d https://{user}:{coded}@host.example/")
    for secret in (password, coded, token):
        assert secret not in shown


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_absorbing_is_idempotent_and_leaves_other_text_alone(text: str) -> None:
    secrets = Credentials({})
    once = secrets.absorb(text)
    assert secrets.absorb(once) == once
    if "@" not in text:
        assert once == text


def test_redact_hides_user_information_it_has_never_seen() -> None:
    assert Credentials({}).redact("see https://u:p@host.example/x") == "see https://****@host.example/x"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_redact_hides_it_in_whatever_line_it_stands(end: str) -> None:
    """A report is one text of many lines, most of which have no URL or no `@`."""
    lines = ["a https://host.example/x", "b@c.example", "", "see https://u:p@host.example/x and x://v@y", "://@"]
    shown = ["a https://host.example/x", "b@c.example", "", "see https://****@host.example/x and x://****@y", "://@"]
    assert Credentials({}).redact(end.join(lines)) == end.join(shown)
    assert (
        Credentials({}).redact(f"{end}z https://u:p/w@host.example{end}@") == f"{end}z https://****@host.example{end}@"
    )


def test_redact_shows_the_account_of_ssh_and_no_password() -> None:
    """`git` is no secret, and a hint with `****` in it could not be pasted."""
    assert Credentials({}).redact("git+ssh://git@a.example/r") == "git+ssh://git@a.example/r"
    assert Credentials({}).redact("git+ssh://git:word@a.example/r") == "git+ssh://****@a.example/r"


def test_credentials_cannot_be_pickled_and_show_nothing(tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    secrets.absorb(f"https://user:{CANARY}@host.example/")
    with pytest.raises(TypeError):
        pickle.dumps(secrets)
    assert CANARY not in f"{secrets!r} {secrets._absorbed!r}"


def test_absorbing_a_long_text_takes_linear_time() -> None:
    """A megabyte of scheme characters, of slashes or of at signs is read in a moment, not in hours."""
    secrets = Credentials({})
    for piece in ("a", "a://", "@", "a:b@", "://a:", "a://b:c"):
        secrets.absorb("://@" + piece * (200_000 // len(piece)))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Host.Example:443/x", "https://host.example"),
        ("git+https://host.example/x", "https://host.example"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://host.example:99999/", None),
        ("file:///x", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin
