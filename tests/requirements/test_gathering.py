"""All sources of requirements, read through the real disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safepip.edges.disk.requirements_files import Loaded, load
from safepip.edges.network.credentials import Credentials
from safepip.model.errors import Refused, SafepipError, UsageError
from safepip.model.index import IndexUrl
from safepip.model.origin import Origin, Source
from safepip.model.plan import Settings
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHA = "0" * 64
CANARY = "canary-5f1e"


def _no_network(url: str) -> tuple[str, bytes]:
    raise AssertionError(f"asked for {url}")


def _load(
    folder: Path,
    *,
    environ: dict[str, str] | None = None,
    fetch: Callable[[str], tuple[str, bytes]] = _no_network,
    known: tuple[str, ...] = (),
    **asked: Any,
) -> Loaded:
    urls = tuple(map(IndexUrl.parse, known))
    return load(Settings(**asked), environ or {}, str(folder), Credentials({}), fetch, known=urls)


def _site(**pages: str) -> Callable[[str], tuple[str, bytes]]:
    """A network of pages on one host: names with `_` for a dot."""

    def fetch(url: str) -> tuple[str, bytes]:
        return url, pages[url.removeprefix("https://h.example/").replace(".", "_")].encode()

    return fetch


def _write(folder: Path, **texts: str) -> None:
    """Files by name, with `_` for the dot."""
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)


def test_sources_are_read_in_pips_order(tmp_path: Path) -> None:
    """Arguments, groups, files, script; options and constraints of constraints files before those of files."""
    _write(
        tmp_path,
        a_txt="-c c2.txt\nfrom-file\n--pre",
        c_txt="limited<1\n--no-index",
        c2_txt="limited<2",
        pyproject_toml="[dependency-groups]\ng = ['from-group']\n",
        s_py="# /// script\n# dependencies = ['from-script']\n# requires-python = '>=3.9'\n# ///\n",
    )
    found = _load(
        tmp_path,
        requirements=("argument",),
        groups=("g",),
        requirement_files=("a.txt",),
        constraint_files=("c.txt",),
        script="s.py",
    )
    assert [each.name for each in found.requirements] == ["argument", "from-group", "from-file", "from-script"]
    assert [str(each.specifier) for each in found.constraints] == ["<1", "<2"]
    assert [option.name for option in found.options] == ["no-index", "pre"]
    assert found.script_requires_python == ">=3.9"


def test_an_origin_leads_back_to_the_user(tmp_path: Path) -> None:
    """File and line of each including file, nearest first; a file named by a variable says which."""
    (tmp_path / "sub").mkdir()
    _write(tmp_path, a_txt="\n-r sub/b.txt")
    _write(tmp_path / "sub", b_txt="flask")
    stated = {"requirement_files": Origin(Source.ENVIRONMENT, "PIP_REQUIREMENT")}
    found = _load(tmp_path, requirement_files=("a.txt",), origins=stated)
    assert found.requirements[0].origin.chain() == "sub/b.txt:1  <-  a.txt:2  <-  PIP_REQUIREMENT"


def test_one_hash_turns_hash_checking_on(tmp_path: Path) -> None:
    """Of a constraint too; --no-require-hashes keeps it off."""
    _write(
        tmp_path,
        a_txt="flask",
        c_txt=f"flask==1 --hash=sha256:{SHA}",
        n_txt="--no-require-hashes",
        r_txt="--require-hashes",
    )
    files: dict[str, Any] = {"requirement_files": ("a.txt",)}
    assert not _load(tmp_path, **files).require_hashes
    assert _load(tmp_path, constraint_files=("c.txt",), **files).require_hashes
    assert not _load(tmp_path, constraint_files=("c.txt", "n.txt"), **files).require_hashes
    assert _load(tmp_path, constraint_files=("r.txt",), **files).require_hashes
    assert _load(tmp_path, require_hashes=True, **files).require_hashes


def test_a_fragments_digest_counts_but_turns_nothing_on(tmp_path: Path) -> None:
    """pip: hashes of URLs are almost peers of --hash."""
    url = f"https://h.example/acme-1.0-py3-none-any.whl#sha256={SHA}"
    found = _load(tmp_path, requirements=(url,))
    assert not found.require_hashes
    assert [str(digest) for digest in found.requirements[0].url_digests] == [f"sha256:{SHA}"]
    assert found.requirements[0].url == "https://h.example/acme-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    "value", ["md5:" + "0" * 32, "sha256:", "sha256:xyz", "sha256:" + "0" * 63, "SHA256:" + SHA, "sha1:x"]
)
def test_a_hash_that_proves_nothing_is_refused(value: str, tmp_path: Path) -> None:
    """md5, sha1, an empty digest and a malformed one."""
    _write(tmp_path, a_txt=f"flask --hash={value}")
    with pytest.raises(Refused, match="weak-hash"):
        _load(tmp_path, requirement_files=("a.txt",))


def test_a_weak_fragment_is_refused_unless_a_strong_hash_stands_beside_it(tmp_path: Path) -> None:
    """A demand for a check that checks nothing is no demand. Beside a strong one it has to hold as well."""
    md5 = "0123456789abcdef" * 2
    url = f"acme @ https://h.example/acme-1.0-py3-none-any.whl#md5={md5}"
    _write(tmp_path, a_txt=url, b_txt=f"{url} --hash=sha256:{SHA}")
    with pytest.raises(Refused, match="weak-hash"):
        _load(tmp_path, requirement_files=("a.txt",))
    found = _load(tmp_path, requirement_files=("b.txt",)).requirements[0]
    assert [str(digest) for digest in found.hashes] == [f"sha256:{SHA}"]
    assert [str(digest) for digest in found.url_digests] == [f"md5:{md5}"]
    _write(tmp_path, c_txt=f"{url[:-1]} --hash=sha256:{SHA}")
    with pytest.raises(Refused, match="weak-hash"):
        _load(tmp_path, requirement_files=("c.txt",))


def test_everything_wrong_is_reported_together(tmp_path: Path) -> None:
    """Lines, requirements, hashes, missing files and what is not taken yet, in one error."""
    (tmp_path / "empty").mkdir()
    _write(
        tmp_path,
        a_txt="--bad\nx = 1\n-e ./none\n./empty\ngit+git@h.example:x\nhttps://h.example/x.tar.gz#egg=a[b]\n"
        "-r none.txt\n./x.whl\ny --hash=md5:1",
    )
    with pytest.raises(UsageError) as raised:
        _load(tmp_path, requirement_files=("a.txt",), requirements=("also wrong",))
    found = [(each.reference, str(each.origins[0])) for each in raised.value.diagnostics]
    assert sorted(found) == sorted(
        [
            ("invalid-requirement", "the command line"),
            ("invalid-requirements-line", "a.txt:1"),
            ("invalid-requirement", "a.txt:2"),
            ("invalid-requirement", "a.txt:3"),
            ("invalid-requirement", "a.txt:4"),
            ("bad-vcs-url", "a.txt:5"),
            ("invalid-requirement", "a.txt:6"),
            ("unreadable-file", "a.txt:7"),
            ("missing-file", "a.txt:8"),
            ("weak-hash", "a.txt:9"),
        ]
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("flask=1.0", "= is not an operator"),
        ("sub/none", "no such file"),
        ("./a.in", "it is a file: a requirements file is named with -r"),
    ],
)
def test_common_mistakes_have_hints(text: str, hint: str, tmp_path: Path) -> None:
    """As pip has them."""
    _write(tmp_path, a_in="flask")
    with pytest.raises(UsageError) as raised:
        _load(tmp_path, requirements=(text,))
    assert hint in raised.value.diagnostics[0].hint


def test_a_requirements_file_is_no_project(tmp_path: Path) -> None:
    """`install requirements.txt` asks no index for a project of that name, as pip would."""
    _write(tmp_path, requirements_txt="flask")
    with pytest.raises(UsageError, match="requirements-file-without-r"):
        _load(tmp_path, requirements=("requirements.txt",))


def test_nothing_asked_is_an_error(tmp_path: Path) -> None:
    """As in pip; constraints alone ask for nothing."""
    with pytest.raises(UsageError, match="no-requirements"):
        _load(tmp_path, constraint_files=("c.txt",))


def test_a_file_that_includes_itself_is_an_error(tmp_path: Path) -> None:
    """Directly, in a circle, by another spelling of its path, by URL; twice in a row is none."""
    _write(
        tmp_path, a_txt="-r a.txt", b_txt="-r c.txt", c_txt="-c ./x/../b.txt", d_txt="-r e.txt\n-r e.txt", e_txt="flask"
    )
    for name in ("a.txt", "b.txt"):
        with pytest.raises(UsageError, match="recursive-requirements"):
            _load(tmp_path, requirement_files=(name,))
    with pytest.raises(UsageError, match="recursive-requirements"):
        _load(tmp_path, requirement_files=("https://h.example/a.txt",), fetch=_site(a_txt="-r ../a.txt"))
    assert len(_load(tmp_path, requirement_files=("d.txt",)).requirements) == 2


def test_a_network_cannot_name_ever_more_files(tmp_path: Path) -> None:
    """Neither one deeper than the other nor each twice as many as before."""

    def deeper(url: str) -> tuple[str, bytes]:
        return url, b"-r x" + url.rpartition("/")[2].encode()

    def wider(url: str) -> tuple[str, bytes]:
        name = url.rpartition("/")[2].encode()
        return url, b"-r x%b\n-r x%b" % (name, name)

    for fetch in (deeper, wider):
        with pytest.raises(UsageError, match="requirements-nesting"):
            _load(tmp_path, requirement_files=("https://h.example/x",), fetch=fetch)


def test_a_file_from_a_network_names_files_of_its_network(tmp_path: Path) -> None:
    """Paths are joined to its URL; a file of this machine is refused."""
    fetch = _site(a_txt="-c c.txt\nflask", c_txt="flask<3", evil_txt=f"-r file://{tmp_path}/secret.txt")
    found = _load(tmp_path, requirement_files=("https://h.example/a.txt",), fetch=fetch)
    assert str(found.constraints[0].specifier) == "<3"
    _write(tmp_path, secret_txt="s3cret")
    with pytest.raises(Refused, match="remote-includes-local"):
        _load(tmp_path, requirement_files=("https://h.example/evil.txt",), fetch=fetch)


@pytest.mark.parametrize(
    "line",
    [
        "-r https://${T}@h.example/a.txt",
        "acme @ https://${T}@h.example/acme-1-py3-none-any.whl",
        "-c https://${T}/a.txt",
    ],
)
def test_an_expanded_value_reaches_only_hosts_named_elsewhere(line: str, tmp_path: Path) -> None:
    """routing.md: a value so expanded is a credential; it goes where configuration or command line point."""
    _write(tmp_path, a_txt=line)
    environ = {"T": "h.example" if "{T}/" in line else f"u:{CANARY}"}
    fetch = _site(a_txt="flask")
    with pytest.raises(Refused, match="expanded-credential") as raised:
        _load(tmp_path, requirement_files=("a.txt",), environ=environ)
    assert CANARY not in repr(raised.value.diagnostics)
    _load(tmp_path, requirement_files=("a.txt",), environ=environ, fetch=fetch, known=("https://h.example",))


@pytest.mark.parametrize("line", ["${T}", "${T}==1", "acme${T}", "acme-${T}[x]", "${T} ; python_version > '3'"])
def test_no_index_is_asked_for_the_value_of_a_variable(line: str, tmp_path: Path) -> None:
    """A token is often a valid project name, and a page's URL holds the name; versions may be expanded."""
    _write(tmp_path, a_txt=line, b_txt="acme==${V}\nacme-x${V2} ; extra == 't'")
    with pytest.raises(Refused, match="expanded-credential"):
        _load(tmp_path, requirement_files=("a.txt",), environ={"T": CANARY}, known=("https://h.example",))
    found = _load(tmp_path, requirement_files=("b.txt",), environ={"V": "1.0", "V2": "==2"})
    assert [(each.name, str(each.specifier)) for each in found.requirements] == [("acme", "==1.0"), ("acme-x", "==2")]


def test_find_links_are_relative_to_the_file_where_something_is(tmp_path: Path) -> None:
    """As pip has it; else the value is left for the working directory."""
    (tmp_path / "sub" / "wheels").mkdir(parents=True)
    _write(tmp_path / "sub", a_txt="flask\n-f wheels\n-f elsewhere\n-f https://h.example/links")
    values = [option.value for option in _load(tmp_path, requirement_files=("sub/a.txt",)).options]
    assert values == [str(tmp_path / "sub" / "wheels"), "elsewhere", "https://h.example/links"]


def test_wheels_are_named_by_path_and_url(tmp_path: Path) -> None:
    """Relative to the working directory, percent-encoded in URLs, with extras and markers."""
    folder = tmp_path / "a b"
    folder.mkdir()
    wheel = make_wheel(folder, "acme", "1.0+x")
    expected = f"file://{tmp_path}/a%20b/acme-1.0%2Bx-py3-none-any.whl"
    for text in (
        f"./a b/{wheel.name}",
        f"./a b/{wheel.name}[Fast] ; python_version > '3'",
        expected,
        f"acme @ {expected}",
    ):
        found = _load(tmp_path, requirements=(text,)).requirements[0]
        assert (found.name, found.url, str(found.specifier)) == ("acme", expected, "")


def test_a_lock_is_no_file_of_requirements(tmp_path: Path) -> None:
    """By path, by URL, with extras: a command that reads locks takes them out before, and no file may name one."""
    for name in ("pylock.toml", "sub/pylock.dev.toml", "https://h.example/pylock.toml", "pylock.toml[extra]"):
        with pytest.raises(Refused, match="not-yet"):
            _load(tmp_path, requirement_files=(name,))


def test_an_encoding_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    """A byte order mark without its text, an encoding that does not exist; the locale's guess is told."""
    for data in (b"\xff\xfea", b"# coding: nonsense\nflask", b"# coding: zlib\nflask", b"# coding: idna\n\xff"):
        (tmp_path / "a.txt").write_bytes(data)
        with pytest.raises(UsageError, match="undecodable-file"):
            _load(tmp_path, requirement_files=("a.txt",))


def test_scripts_and_groups_take_names_only(tmp_path: Path) -> None:
    """PEP 723 and PEP 735: a path is no requirement there."""
    make_wheel(tmp_path, "acme", "1.0")
    _write(tmp_path, s_py="# /// script\n# dependencies = ['./acme-1.0-py3-none-any.whl']\n# ///\n")
    with pytest.raises(UsageError, match="invalid-requirement"):
        _load(tmp_path, script="s.py")


_LINES = st.lists(
    st.sampled_from(
        [
            "${T}",
            "${T}==1",
            "-r ${T}",
            "-r ${T}/a.txt",
            "-c https://${T}@h.example/a",
            "x @ https://u:${T}@h.example/x.whl",
            "./${T}.whl",
            "-e ${T}",
            "--${T}",
            "x ; ${T}",
            "x[${T}]",
            "-f https://${T}@h.example",
            "file:///${T}.whl",
            "file:///${T}",
            "--hash=${T}:1",
            "x --hash=${T}:1",
            "x --hash=sha256:${T}",
            "--use-feature ${T}",
            "${T} = 1",
            "git+https://${T}@h.example/x",
            "./${T}",
            "-r ftp://${T}",
            "https://${T}/x.whl",
            "http://[${T}/x",
        ]
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=_LINES, canary=st.sampled_from([CANARY, f"{CANARY}/x", f" {CANARY}", f"'{CANARY}", f"{CANARY}.txt"]))
def test_no_message_of_any_source_holds_the_value_of_a_variable(lines: list[str], canary: str, tmp_path: Path) -> None:
    """Whatever goes wrong with an expanded line, the error, its origins and the notices show it unexpanded."""
    _write(tmp_path, a_txt="\n".join(lines))
    try:
        found = _load(tmp_path, requirement_files=("a.txt",), environ={"T": canary})
        stated = repr(found.notices) + "".join(each.text for each in found.requirements)
    except SafepipError as error:
        stated = f"{error} {error.diagnostics}"
    assert CANARY not in stated
