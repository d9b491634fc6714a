"""Folders, archives and editables as files, arguments and groups name them, with what belongs to their line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.disk.requirements_files import Loaded, load
from safepip.edges.network.credentials import Credentials
from safepip.model.build import BuildSettings
from safepip.model.errors import Refused, UsageError
from safepip.model.index import IndexUrl
from safepip.model.plan import Settings
from safepip.model.requirement import Statements
from safepip.model.source import SourceCode, SourceKind
from safepip.requirements.unhashable import check_hashable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHA = "0" * 64
ARCHIVE = "https://h.example/acme-1.0.tar.gz"


def no_network(url: str) -> tuple[str, bytes]:
    raise AssertionError(f"asked for {url}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a project and a source archive."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text("")
    (tmp_path / "acme-1.0.tar.gz").write_bytes(b"")
    return tmp_path


def read(
    folder: Path,
    *,
    files: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
    fetch: Callable[[str], tuple[str, bytes]] = no_network,
    **asked: Any,
) -> Loaded:
    """What is asked for, of the files that are given."""
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return load(Settings(**asked), environ or {}, str(folder), Credentials({}), fetch)


def test_a_folder_is_taken_from_the_working_directory(folder: Path) -> None:
    """As in pip, also where a file in another folder names it; its project's name is not known yet."""
    found = read(
        folder,
        files={"sub/r.txt": "./project[Fast]\n-e project[x] --config-settings a=1\n-e file:./project#egg=Pro_ject\n"},
        requirement_files=("sub/r.txt",),
    ).requirements
    url = (folder / "project").as_uri()
    source = SourceCode(SourceKind.DIRECTORY, url)
    edited = source._replace(editable=True)
    assert [(each.name, each.extras, each.url, each.source) for each in found] == [
        ("", frozenset({"fast"}), url, source),
        ("", frozenset({"x"}), url, edited),
        ("pro-ject", frozenset(), url, edited),
    ]


def test_an_archives_name_is_what_is_written_and_not_its_file_name(folder: Path) -> None:
    """pip looks inside; a name before @ or behind #egg= is one, and the digests are those of the file."""
    texts = (
        "./acme-1.0.tar.gz",
        f"{ARCHIVE}#egg=Tool&subdirectory=a/b",
        f"tool @ {ARCHIVE}#sha256={SHA}&egg=other",
    )
    found = read(folder, requirements=texts).requirements
    assert [each.name for each in found] == ["", "tool", "tool"]
    assert found[1].source == SourceCode(SourceKind.ARCHIVE, ARCHIVE, subdirectory="a/b")
    assert [[str(digest) for digest in each.url_digests] for each in found] == [[], [], [f"sha256:{SHA}"]]


@pytest.mark.parametrize("place", ["../x", "a/../../x", "/x", "C:/x", "..\\x", "\\x"])
def test_a_subdirectory_lies_within_the_source(place: str, folder: Path) -> None:
    """pip would build what lies beside it."""
    with pytest.raises(UsageError, match="not a folder within"):
        read(folder, requirements=(f"{ARCHIVE}#subdirectory={place}",))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("./none", "can be editable"),
        ("acme", "can be editable"),
        ("acme @ https://h.example/acme.tar.gz", "can be editable"),
        ("file:acme-1.0.tar.gz", "this is a file"),
        ("acme-1.0.tar.gz", "can be editable"),
        ("file:none", "does not exist"),
        ("", "can be editable"),
        ("./project; python_version > '3'", "can be editable"),
        ("https:/h.example/planted", "can be editable"),
    ],
)
def test_nothing_but_a_folder_is_editable(text: str, why: str, folder: Path) -> None:
    """As in pip; a URL is never a folder, whatever lies there."""
    planted = folder / "https:" / "h.example" / "planted"
    planted.mkdir(parents=True)
    (planted / "setup.py").write_text("")
    with pytest.raises(UsageError, match=why):
        read(folder, editables=(text,))


def test_settings_of_a_build_belong_to_their_line(folder: Path) -> None:
    """Those of the command line are those of what it names itself, and of nothing in a file; order and repeats stay."""
    building = BuildSettings(config_settings=(("a", "1"), ("a", "2=3")))
    found = read(
        folder,
        files={"r.txt": "flask --config-settings=x=1 -C x=2\nblinker\n"},
        requirements=("./project",),
        editables=("./project",),
        requirement_files=("r.txt",),
        building=building,
    ).requirements
    assert [each.config_settings for each in found] == [
        building.config_settings,
        building.config_settings,
        (("x", "1"), ("x", "2")),
        (),
    ]


def test_groups_and_scripts_name_source_code_by_url(folder: Path) -> None:
    """PEP 508 has `name @ URL`, and no path."""
    text = f"[dependency-groups]\ng = ['acme[x] @ {ARCHIVE}', 'p @ file://{folder}/project']\nbad = ['./project']\n"
    script = f"# /// script\n# dependencies = ['acme @ {ARCHIVE}']\n# ///\n"
    files = {"pyproject.toml": text, "s.py": script}
    found = read(folder, files=files, groups=("g",), script="s.py").requirements
    assert [(each.name, each.source and each.source.kind) for each in found] == [
        ("acme", SourceKind.ARCHIVE),
        ("p", SourceKind.DIRECTORY),
        ("acme", SourceKind.ARCHIVE),
    ]
    with pytest.raises(UsageError, match="invalid-"):
        read(folder, groups=("bad",))


def test_a_constraint_names_its_project(folder: Path) -> None:
    """As in pip: by `NAME @ URL` or `#egg=`."""
    files = {"c.txt": f"acme @ {ARCHIVE}\nfile:project#egg=p\n", "bad.txt": f"./project\n{ARCHIVE}\n-e ./project\n"}
    found = read(folder, files=files, constraint_files=("c.txt",), requirements=("acme",)).constraints
    assert [(each.name, each.source and each.source.kind) for each in found] == [
        ("acme", SourceKind.ARCHIVE),
        ("p", SourceKind.DIRECTORY),
    ]
    with pytest.raises(UsageError) as raised:
        read(folder, files=files, constraint_files=("bad.txt",), requirements=("acme",))
    assert [each.reference for each in raised.value.diagnostics] == ["invalid-constraint"] * 3


@pytest.mark.parametrize("line", ["{folder}/project", "-e {folder}/project", "p @ file://{folder}/project"])
def test_a_file_from_a_network_has_nothing_of_this_machine_built(line: str, folder: Path) -> None:
    """The code that would run is here, and the file that says so is not the user's."""
    text = line.format(folder=folder).encode()
    with pytest.raises(Refused, match="remote-includes-local"):
        read(folder, fetch=lambda url: (url, text), requirement_files=("https://h.example/r.txt",))


def test_a_value_may_be_a_folder_and_no_setting_of_a_build(folder: Path) -> None:
    """What is shown is the variable; a value that is more than a path is refused, and so is one in a setting."""
    environ = {"ROOT": str(folder / "project"), "MORE": f"{folder}/project[x]", "TOKEN": "s3cret"}
    found = read(folder, files={"r.txt": "-e ${ROOT}\n${ROOT}[x]\n"}, environ=environ, requirement_files=("r.txt",))
    assert [(each.url, each.text) for each in found.requirements] == [
        ((folder / "project").as_uri(), "-e ${ROOT}"),
        ((folder / "project").as_uri(), "${ROOT}[x]"),
    ]
    for line in ("-e ${MORE}", "${MORE}", "${TOKEN} @ file:project", "./project -C key=${TOKEN}"):
        with pytest.raises(Refused, match="expanded-credential"):
            read(folder, files={"r.txt": line}, environ=environ, requirement_files=("r.txt",))


def test_a_checkout_is_named_by_its_url(folder: Path) -> None:
    """With a name before @ or behind #egg=, or none; the account for ssh stays, and nothing else of its kind."""
    lines = """tool[cli] @ git+ssh://git@code.example/acme/tool.git@v1.0#subdirectory=py
git+https://code.example/tool#egg=Other_Tool
-e git+https://user:s3cret@code.example/tool@main#egg=tool
-e "tool @ git+https://code.example/tool ; python_version < '3'"
git+https://code.example/tool
"""
    found = read(folder, files={"r.txt": lines}, requirement_files=("r.txt",)).requirements
    plain = SourceCode(SourceKind.VCS, "https://code.example/tool", vcs="git")
    by_ssh = plain._replace(url="ssh://git@code.example/acme/tool.git", revision="v1.0", subdirectory="py")
    assert [(each.name, each.source) for each in found] == [
        ("tool", by_ssh),
        ("other-tool", plain),
        ("tool", plain._replace(revision="main", editable=True)),
        ("tool", plain._replace(editable=True)),
        ("", plain),
    ]
    assert found[0].extras == {"cli"}
    assert str(found[3].marker) == 'python_version < "3"'
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("git+git@code.example:acme/tool", "it has no protocol"),
        ("tool @ git+git@code.example:acme/tool", "it has no protocol"),
        ("git+https://code.example/tool@--upload-pack=x", "revision"),
        ("git+ext::sh -c x", "program and a protocol"),
        ("git+git://code.example/tool", "not encrypted"),
        ("git+https://code.example/tool#egg=a[b]", "name of a project"),
    ],
)
def test_a_url_of_version_control_that_cannot_be_used_says_where_it_stands(text: str, why: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        read(folder, files={"r.txt": f"\n{text}\n"}, requirement_files=("r.txt",))
    assert [(each.reference, str(each.origins[0])) for each in raised.value.diagnostics] == [("bad-vcs-url", "r.txt:2")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("git@h.example:team/acme.git", "git+ssh://git@h.example/team/acme.git"),
        ("ssh://git@h.example/team/acme", "git+ssh://git@h.example/team/acme"),
        ("ssh://me:secret@h.example/team/acme", "git+ssh://me@h.example/team/acme"),
        ("https://h.example/team/acme.git", "git+https://h.example/team/acme.git"),
        ("https://me:secret@h.example/team/acme.git", "git+https://h.example/team/acme.git"),
        ("git@h.example:team/acme.git ; python_version > '3'", "git+ssh://git@h.example/team/acme.git"),
        ("-e git@h.example:team/acme.git", "git+ssh://git@h.example/team/acme.git"),
        ("-e https://h.example/team/acme.git", "git+https://h.example/team/acme.git"),
    ],
)
def test_a_repository_that_is_named_as_git_does_is_named_anew(text: str, meant: str, folder: Path) -> None:
    """What the hint says can be read, and is shown without passwords. What variables expand to is not shown."""
    with pytest.raises(UsageError) as raised:
        read(folder, files={"r.txt": text}, requirement_files=("r.txt",))
    (found,) = raised.value.diagnostics
    assert (found.reference, found.hint.partition(";")[0]) == (
        "invalid-requirement",
        f"if it is a git repository: write {meant}",
    )
    (wanted,) = read(folder, requirements=(meant,)).requirements
    assert wanted.source is not None
    assert wanted.source.kind is SourceKind.VCS
    expanded = text.replace("h.example", "${HOST_OF_IT}")
    with pytest.raises((UsageError, Refused)) as other:
        read(folder, files={"r.txt": expanded}, requirement_files=("r.txt",), environ={"HOST_OF_IT": "h.example"})
    assert "h.example" not in str(other.value)


def test_a_file_without_a_space_before_it_is_no_host(folder: Path) -> None:
    """Nor is a drive."""
    (one,) = read(folder, requirements=("acme@file:acme-1.0.tar.gz",)).requirements
    (other,) = read(folder, requirements=("acme @ file:acme-1.0.tar.gz",)).requirements
    assert (one.name, one.source) == (other.name, other.source)
    with pytest.raises(UsageError) as raised:
        read(folder, requirements=("acme@C:/acme-1.0.tar.gz",))
    assert "git+" not in str(raised.value.diagnostics)


@pytest.mark.parametrize(
    "text",
    [
        "https://h.example/acme.git/acme-1.0.tar.gz",
        "https://h.example/archive",
        "acme @ https://h.example/acme.git",
        "https://h.example/acme.git?download=1",
        "https://h.example/acme.git#egg=acme",
    ],
)
def test_what_may_be_an_archive_is_taken_for_one(text: str, folder: Path) -> None:
    (wanted,) = read(folder, requirements=(text,)).requirements
    assert wanted.source is not None
    assert wanted.source.kind is SourceKind.ARCHIVE


def test_an_editable_checkout_names_its_project(folder: Path) -> None:
    """pip: it cannot be told from the URL."""
    with pytest.raises(UsageError, match="which project it is"):
        read(folder, editables=("git+https://code.example/tool",))


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("git+https://code.example/${TOKEN}/tool", ("https://code.example/",)),
        ("tool @ git+https://code.example/${TOKEN}@v1", ("https://code.example/",)),
        ("git+ssh://${TOKEN}@code.example/tool", ()),
        ("git+https://code.example/${TOKEN}/tool", ()),
        ("git+https://${TOKEN}:x@code.example/tool", ()),
        ("git+https://code.example/tool@${TOKEN}", ("https://code.example/",)),
        ("git+https://code.example/tool@${TOKEN}/x", ("https://code.example/",)),
        ("git+https://code.example/tool#egg=${TOKEN}", ("https://code.example/",)),
        ("${URL}/tool", ("https://code.example/",)),
        ("git+https://code.example/${TWO}", ("https://code.example/",)),
    ],
)
def test_a_value_in_a_checkouts_url_goes_where_it_was_meant(line: str, known: tuple[str, ...], folder: Path) -> None:
    """To a place that is named elsewhere, as a part of the path; never as a revision, and over ssh to none."""
    environ = {"TOKEN": "s3cret-value", "URL": "git+https://code.example", "TWO": "a@b"}
    urls = tuple(map(IndexUrl.parse, known))
    (folder / "r.txt").write_text(line)
    asked = Settings(requirement_files=("r.txt",))
    credentials = Credentials({})

    def run() -> Loaded:
        return load(asked, environ, str(folder), credentials, no_network, known=urls)

    if known and re.search(r"\$\{TOKEN\}(?:/tool|@v1)\Z", line):
        (found,) = run().requirements
        assert "s3cret-value" in (found.url or "")
        assert credentials.redact(found.url or "") == line.rpartition("git+")[2].removesuffix("@v1")
        return
    with pytest.raises((Refused, UsageError)) as raised:
        run()
    assert {each.reference for each in raised.value.diagnostics} == {"expanded-credential"}
    assert "s3cret-value" not in repr(raised.value.diagnostics)


HASH = f"--hash=sha256:{SHA}"


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (f"./project\nflask {HASH}", 1),
        (f"-e ./project\np @ file:project\nflask {HASH}", 2),
        (f"./project {HASH}\n--no-require-hashes", 1),
        (f"file:project#sha256={SHA}\n--no-require-hashes", 1),
        ("./project\n-e ./project", 0),
        (f"./project\nflask {HASH}\n--no-require-hashes", 0),
        (f"./project; python_version < '3'\nflask {HASH}", 0),
        (f"./acme-1.0.tar.gz {HASH}\nacme @ {ARCHIVE}#sha256={SHA}\nflask {HASH}", 0),
        (f"p {HASH}\n-c c.txt", 1),
        (f"git+https://code.example/t@{'a' * 40}\nflask {HASH}", 1),
        (f"git+https://code.example/t#sha256={SHA}", 1),
        (f"flask {HASH}\n-c c.txt", 0),
    ],
)
def test_no_hash_can_be_held_against_a_folder(lines: str, refused: int, folder: Path) -> None:
    """As pip in hash-checking mode, and where one is written in any mode; an archive is one file."""
    files = {"r.txt": lines, "c.txt": "p @ file:project\n"}
    found = read(folder, files=files, requirement_files=("r.txt",))
    statements = Statements(found.requirements, found.constraints, found.require_hashes)
    environment = {"python_version": "3.11"}
    if not refused:
        check_hashable(statements, environment)
        return
    with pytest.raises(Refused) as raised:
        check_hashable(statements, environment)
    assert [each.reference for each in raised.value.diagnostics] == ["unhashable-source"] * refused
