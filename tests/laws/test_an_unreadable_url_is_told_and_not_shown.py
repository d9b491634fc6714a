"""What is no URL is an error that says where it stands, and shows nothing of what a variable put into it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.pairs import pairs

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Done, Inside

#: Eight characters and more, and short ones, which cannot be blacked out wherever they stand.
VALUES = ["s3cr3t-t0k3n", "q7", "s3cr3t/t0k3n]", "99999", "s3cr3t\u2100t0k3n", "@s3cr3t:t0k3n"]

#: `@@` stands for the variable; each is no URL, or one that cannot be asked, with most values.
URLS = [
    "https://[@@/", "https://[@@]/", "https://h.example:@@/", "https://h.example:1@@/", "https://@@\u2100.example/",
    "https://@@ h.example/", "https://h.example\\@@/", "https:/@@/", "https:@@", "https:///@@", "https://[::1@@/",
    "https://[v1.@@]/", "@@://h.example/", "https://h.example/%00@@", "file://@@/x", "file:///%00@@", "//[@@/",
    "https://%5B@@/", "https://u:@@@[/",
]  # fmt: skip

#: Where a URL may stand in a requirements file.
LINES = {
    "alone": "@/{0}-1.0-py3-none-any.whl",
    "behind a name": "popular @ @/{0}-1.0-py3-none-any.whl",
    "behind a name with extras": "popular[x]@@/{0}-1.0-py3-none-any.whl ; python_version > '3'",
    "-r": "-r @r.txt",
    "-c": "-c @c.txt",
    "-i": "-i @",
    "--extra-index-url": "--extra-index-url @",
    "-f": "-f @",
    "--trusted-host": "--trusted-host @",
    "-e": "-e @",
}


def check(done: Done, value: str) -> None:
    """It ended with an error of ours that has a place, and the value is nowhere in it."""
    assert done.code in (1, 2, 20), done.out
    assert "Traceback" not in done.err, done.err
    assert re.search(r"^error: [a-z-]+$", done.err, re.MULTILINE), done.err
    assert "internal-error" not in done.err, done.err
    assert "r.txt:2" in done.err, done.err
    stated = done.err + done.out
    assert value not in stated, stated
    assert not [piece for piece in ("s3cr3t", "t0k3n") if piece in stated], stated


@pytest.mark.parametrize(("name", "form"), pairs(LINES, URLS, every=8))
def test_in_a_requirements_file(
    name: str, form: str, index: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a URL may stand, with every value; the line is shown as it is written."""
    index.add("popular", "1.0")
    line = LINES[name].replace("@/", "\0/").replace("-r @", "-r \0").replace("-c @", "-c \0")
    line = re.sub(r"(?<= )@$", "\0", line).format("popular").replace("\0", form.replace("@@", "${TOKEN}"))
    (run.folder / "r.txt").write_text(f"popular\n{line}\n", "utf-8")
    for value in VALUES:
        monkeypatch.setenv("TOKEN", value)
        done = run("lock", "-o", "-", "--no-cache-dir", "--retries=0", "--timeout=1", "-i", index.url, "-r", "r.txt")
        check(done, value)


@pytest.mark.parametrize(
    ("words", "form"),
    pairs(
        ["@", "popular @ @", "-r @", "-c @ popular", "-i @ popular", "-f @ popular", "--extra-index-url @ popular"],
        URLS,
    ),
)
def test_on_the_command_line(words: str, form: str, index: IndexServer, run: Inside) -> None:
    """The same without a variable: an error, and no traceback."""
    text = form.replace("@@", "value")
    given = [text if word == "@" else word for word in words.split(" ")]
    given = ["popular @ " + text] if words == "popular @ @" else given
    done = run("lock", "-o", "-", "--no-cache-dir", "--retries=0", "--timeout=1", "-i", index.url, *given)
    assert done.code in (1, 2, 20), done.out
    assert "Traceback" not in done.err, done.err
    assert "internal-error" not in done.err, done.err
    assert re.search(r"^error: [a-z-]+$", done.err, re.MULTILINE), done.err


HOSTS = [
    "a" * 64 + ".example",
    "a..example",
    ".example",
    "-a.example",
    "a" * 300,
    "1.2.3.4.5",
    "xn--\u00fc.example",
    "a_b.example",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_no_name_server_could_know(host: str, run: Inside) -> None:
    """It is a URL, and its host is none that can be asked."""
    done = run(
        "lock", "-o", "-", "--no-cache-dir", "--retries=0", "--timeout=2", "-i", f"https://{host}/simple/", "popular"
    )
    assert done.code in (1, 2), done.out
    assert "Traceback" not in done.err, done.err
    assert "internal-error" not in done.err, done.err
