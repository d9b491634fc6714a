"""URLs of version control: what pip takes, what is refused, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.build.vcs_url import is_full_id, is_vcs_url, read_vcs_url, shown
from safepip.model.errors import UnusableInput
from safepip.model.source import SourceCode, SourceKind

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def source(url: str, vcs: str = "git", revision: str = "", subdirectory: str = "") -> SourceCode:
    return SourceCode(SourceKind.VCS, url, subdirectory=subdirectory, vcs=vcs, revision=revision)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git+https://code.example/acme/tool.git", source("https://code.example/acme/tool.git")),
        ("git+https://code.example/tool@v1.0", source("https://code.example/tool", revision="v1.0")),
        ("git+https://code.example/tool@feature/a", source("https://code.example/tool", revision="feature/a")),
        ("git+https://code.example/tool@a%40b", source("https://code.example/tool", revision="a@b")),
        ("git+https://code.example/a@b@main", source("https://code.example/a@b", revision="main")),
        (f"git+https://code.example/tool@{COMMIT}", source("https://code.example/tool", revision=COMMIT)),
        ("git+https://code.example/t@refs/pull/7/head", source("https://code.example/t", revision="refs/pull/7/head")),
        ("git+https://code.example/tool@v1^{}", source("https://code.example/tool", revision="v1^{}")),
        ("git+https://Code.Example:443/tool", source("https://code.example/tool")),
        ("git+https://code.example:8443/tool", source("https://code.example:8443/tool")),
        ("git+https://code.example/tool?a=1", source("https://code.example/tool?a=1")),
        ("git+ssh://git@code.example/acme/tool.git@v1", source("ssh://git@code.example/acme/tool.git", revision="v1")),
        ("git+ssh://code.example/tool", source("ssh://code.example/tool")),
        ("git+file:///srv/tool%20box.git", source("file:///srv/tool%20box.git")),
        ("git+file://localhost/srv/tool", source("file:///srv/tool")),
        ("git+http://code.example/tool", source("http://code.example/tool")),
        ("GIT+HTTPS://code.example/tool", source("https://code.example/tool")),
        ("git+https://code.example/tool#subdirectory=a/b", source("https://code.example/tool", subdirectory="a/b")),
        ("git+https://code.example/tool#subdirectory=./a/", source("https://code.example/tool", subdirectory="./a/")),
        ("hg+https://code.example/tool@1.0", source("https://code.example/tool", "hg", "1.0")),
        ("svn+ssh://code.example/trunk@12", source("ssh://code.example/trunk", "svn", "12")),
        ("svn+https://code.example/trunk@HEAD", source("https://code.example/trunk", "svn", "HEAD")),
        ("bzr+sftp://me@code.example/tool", source("sftp://me@code.example/tool", "bzr")),
        ("bzr+lp:///tool", source("lp:///tool", "bzr")),
    ],
)  # fmt: skip
def test_what_pip_takes_is_read(text: str, expected: SourceCode) -> None:
    """And its own form gives the same again."""
    assert is_vcs_url(text)
    assert read_vcs_url(text).source == expected
    assert read_vcs_url(shown(expected)).source == expected


def test_egg_is_a_project_name() -> None:
    """With a folder before or behind it."""
    assert read_vcs_url("git+https://code.example/t#egg=acme-tool").egg == "acme-tool"
    both = read_vcs_url("git+https://code.example/t@v1#egg=tool&subdirectory=py&other=1")
    assert (both.egg, both.source.subdirectory, both.source.revision) == ("tool", "py", "v1")
    assert read_vcs_url("git+https://code.example/t#subdirectory=py&egg=tool").egg == "tool"
    assert read_vcs_url("git+https://code.example/t#fragment").egg == ""


def test_an_editable_is_shown_as_pip_freezes_it() -> None:
    """With the name in pip's spelling, before the folder."""
    frozen = source("https://code.example/t", revision=COMMIT, subdirectory="py")
    expected = f"git+https://code.example/t@{COMMIT}#egg=acme_tool&subdirectory=py"
    assert shown(frozen, egg="acme-tool") == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("git+git://code.example/tool", "not encrypted"),
        ("svn+svn://code.example/tool", "not encrypted"),
        ("bzr+ftp://code.example/tool", "not encrypted"),
        ("hg+static-http://code.example/tool", "not encrypted"),
        ("git+ext::sh -c touch% x", "does not begin with"),
        ("git+ext://sh", "does not begin with"),
        ("git+fd::17", "does not begin with"),
        ("git+https::https://code.example/tool", "not followed by"),
        ("git+https:code.example/tool", "not followed by"),
        ("git+https:///tool", "no host"),
        ("git+https://code.example", "no path"),
        ("git+https://code.example//tool", "no path"),
        ("git+ssh://-oProxyCommand=payload/tool", "host"),
        ("git+ssh://-oProxyCommand=payload@code.example/tool", "account"),
        ("git+ssh://git:word@code.example/tool", "account"),
        ("git+ssh://@code.example/tool", "account"),
        ("git+https://user:word@code.example/tool", "user name or a password"),
        ("git+https://token@code.example/tool", "user name or a password"),
        ("git+https://code.example/tool@", "empty"),
        ("git+https://code.example/tool@--upload-pack=payload", "revision"),
        ("git+https://code.example/tool@-b", "revision"),
        ("git+https://code.example/tool@%2d-force", "revision"),
        ("git+https://code.example/tool@+refs/heads/a", "revision"),
        ("git+https://code.example/tool@a:b", "revision"),
        ("git+https://code.example/tool@a..b", "revision"),
        ("git+https://code.example/tool@^a", "revision"),
        ("git+https://code.example/tool@%40{-1}", "revision"),
        ("git+https://code.example/tool@a%0ab", "revision"),
        ("git+https://code.example/tool@a%20b", "revision"),
        ("git+https://code.example/tool@%ff", "revision"),
        ("git+https://code.example/tool@a%E2%80%AEb", "revision"),
        ("hg+https://code.example/tool@all()", "revision"),
        ("hg+https://code.example/tool@a%7cb", "revision"),
        ("svn+https://code.example/tool@main", "revision"),
        ("git+https://code.example/tool#subdirectory=../a", "subdirectory"),
        ("git+https://code.example/tool#subdirectory=a/../../b", "subdirectory"),
        ("git+https://code.example/tool#subdirectory=/etc", "subdirectory"),
        ("git+https://code.example/tool#subdirectory=c:/a", "subdirectory"),
        ("git+https://code.example/tool#subdirectory=-x", "subdirectory"),
        ("git+https://code.example/tool#subdirectory=a/.GIT/b", "subdirectory"),
        ("git+https://code.example/tool#subdirectory=a&subdirectory=b", "two subdirectory="),
        ("git+https://code.example/tool#egg=a&egg=b", "two egg="),
        ("git+https://code.example/tool#egg=-x", "egg"),
        ("git+https://code.example/tool#egg=tool[extra]", "egg"),
        ("git+https://code.example/to ol", "characters"),
        ("git+https://code.example/to\\ol", "characters"),
        ("git+https://code.example/to\nol", "control"),
        ("git+https://code.example/\u202etool", "characters"),
    ],
)
def test_what_a_program_could_take_for_something_else_is_refused(text: str, why: str) -> None:
    """Before any program sees it."""
    with pytest.raises(UnusableInput, match=why) as caught:
        read_vcs_url(text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.reference == "bad-vcs-url"
    assert diagnostic.message.isprintable()
    assert "word" not in diagnostic.message.replace("password", "")
    assert "token" not in diagnostic.message


def test_the_short_form_of_ssh_is_answered_with_the_long_one() -> None:
    """pip does not take it either, and its documentation names this way."""
    with pytest.raises(UnusableInput) as caught:
        read_vcs_url("git+git@code.example:acme/tool.git@v1")
    hint = caught.value.diagnostics[0].hint
    assert hint == "write git+ssh://git@code.example/acme/tool.git@v1"
    assert read_vcs_url(hint.removeprefix("write ")).source.revision == "v1"


def test_a_hint_has_nothing_that_a_shell_acts_on() -> None:
    """It may be pasted."""
    for text in ("git+git@code.example:a;payload", "git+https://code.example/t#egg=a[$(payload)]"):
        with pytest.raises(UnusableInput) as caught:
            read_vcs_url(text)
        assert "payload" not in caught.value.diagnostics[0].hint


def test_what_is_no_vcs_url() -> None:
    """A name, a path, a URL of a file."""
    for text in ("tool", "./git+x", "https://code.example/tool.tar.gz", "git @ https://code.example/x.whl", "gitx+a:b"):
        assert not is_vcs_url(text)


def test_a_full_commit_id() -> None:
    """sha1 and sha256, in either case, and nothing shorter."""
    assert is_full_id(COMMIT)
    assert is_full_id(COMMIT.upper())
    assert is_full_id("a" * 64)
    assert not any(map(is_full_id, (COMMIT[:-1], COMMIT + "a", "g" * 40, "", COMMIT + "\n")))


_NAMES = st.from_regex(r"[a-z0-9_][a-z0-9._~-]{0,9}", fullmatch=True)
_REVISIONS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(st.lists(_NAMES, min_size=1, max_size=3), _REVISIONS, st.lists(_NAMES, max_size=3))
def test_reading_what_is_shown_gives_the_same_source(path: list[str], revision: str, folders: list[str]) -> None:
    """For each revision that can be named at all; else it is refused, and never read as another one."""
    given_source = source(f"https://code.example/{'/'.join(path)}", revision=revision, subdirectory="/".join(folders))
    try:
        read = read_vcs_url(shown(given_source))
    except UnusableInput:
        return
    assert read.source == given_source


@given(st.text(st.sampled_from("git+htps:/@#&=-.%0aA[]\\ :eubdircoy~^{}"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """What is read has no part that a program would take for an option, and can be shown."""
    try:
        read = read_vcs_url(f"git+https://code.example/{text}")
    except UnusableInput:
        return
    found = read.source
    assert not found.revision.startswith(("-", "+", "^"))
    assert ".." not in found.subdirectory.split("/") or not found.subdirectory.startswith("..")
    assert found.url.startswith("https://code.example/")
    assert read_vcs_url(shown(found)).source == found
