"""What is read of uv's, Poetry's and PDM's settings, and of locks: indexes with their roles, and names in use."""

from __future__ import annotations

import tomllib

import pytest

from safepip.migration.findings import LINKS, Findings, Role, together
from safepip.migration.names_in_use import project_names, read_lock
from safepip.migration.pdm import read_pdm, read_pdm_settings, read_pdm_variables
from safepip.migration.poetry import read_poetry
from safepip.migration.uv import read_uv, read_uv_variables
from safepip.model.index import IndexUrl

BUILT_IN = IndexUrl.parse("https://index.example/simple/")


def roles(findings: Findings) -> dict[str, Role]:
    return {str(index.url): index.role for index in findings.indexes}


def unread(findings: Findings) -> list[str]:
    return [str(source) for source in findings.unread]


def uv(text: str) -> Findings:
    data = tomllib.loads(text)
    return read_uv(data["tool"]["uv"], data, text, "pyproject.toml", ("tool", "uv"))


def test_indexes_of_uv_have_their_roles_and_lines() -> None:
    found = uv(
        '[[tool.uv.index]]\nname = "a"\nurl = "https://a.example/simple"\nexplicit = true\n'
        '[[tool.uv.index]]\nurl = "https://b.example/simple"\ndefault = true\n'
        '[[tool.uv.index]]\nurl = "./wheels"\n'
        '[[tool.uv.index]]\nurl = "https://d.example/list"\nformat = "flat"\n'
        '[tool.uv.sources]\nTorch_Audio = [{ index = "a", marker = "x" }]\nother = { git = "https://c.example/" }\n'
    )
    assert roles(found) == {"https://a.example/simple/": Role.EXPLICIT, "https://b.example/simple/": Role.DEFAULT}
    assert [str(index.origin) for index in found.indexes] == ["pyproject.toml:1", "pyproject.toml:5"]
    assert [(a.pattern, str(a.source)) for a in found.assignments] == [("torch-audio", "https://a.example/simple/")]
    assert not found.default_too
    assert any("first-index" in note for note in found.notes)
    assert unread(found) == ["pyproject.toml:8: an index that is a path", f"pyproject.toml:10: {LINKS}"]


def test_the_older_spelling_of_uv_is_read_too() -> None:
    """And without a default index of its own, uv asks pip's."""
    found = uv('[tool.uv]\nextra-index-url = ["https://a.example/simple"]\nindex-strategy = "unsafe-best-match"\n')
    assert roles(found) == {"https://a.example/simple/": Role.EXTRA}
    assert found.default_too
    assert any("unsafe-best-match" in note for note in found.notes)
    found = uv('[tool.uv.pip]\nindex-url = "https://a.example/simple"\nfind-links = ["./wheels"]\n')
    assert roles(found) == {"https://a.example/simple/": Role.DEFAULT}
    assert unread(found) == [f"pyproject.toml: {LINKS}"]


def poetry(text: str) -> Findings:
    return read_poetry(tomllib.loads(text), text, "pyproject.toml", BUILT_IN)


@pytest.mark.parametrize(
    ("priority", "role", "default_too"),
    [
        ("", Role.DEFAULT, False),
        ('priority = "primary"', Role.DEFAULT, False),
        ('priority = "default"', Role.DEFAULT, False),
        ('priority = "supplemental"', Role.EXTRA, True),
        ('priority = "secondary"', Role.EXTRA, True),
        ("secondary = true", Role.EXTRA, True),
        ('priority = "explicit"', Role.EXPLICIT, True),
    ],
)
def test_the_priority_of_a_source_of_poetry(priority: str, role: Role, default_too: bool) -> None:
    """A primary source takes the place of pip's default index."""
    found = poetry(f'[[tool.poetry.source]]\nname = "acme"\nurl = "https://a.example/simple/"\n{priority}\n')
    assert roles(found) == {"https://a.example/simple/": role}
    assert found.default_too is default_too


def test_poetrys_own_name_for_pips_default_index() -> None:
    found = poetry(
        '[tool.poetry.dependencies]\npython = "^3.11"\nacme = { version = "1", source = "Acme" }\n'
        '[[tool.poetry.source]]\nname = "PyPI"\n'
        '[[tool.poetry.source]]\nname = "acme"\nurl = "https://a.example/simple/"\n'
    )
    assert roles(found) == {str(BUILT_IN): Role.DEFAULT, "https://a.example/simple/": Role.EXTRA}
    assert [a.pattern for a in found.assignments] == ["acme"]
    assert any("highest" in note for note in found.notes)


def test_sources_of_pdm() -> None:
    text = (
        '[[tool.pdm.source]]\nname = "acme"\nurl = "https://a.example/simple"\n'
        'include_packages = ["acme-*", "b", "*c"]\n'
        '[[tool.pdm.source]]\nname = "links"\ntype = "find_links"\nurl = "https://a.example/files"\n'
        '[[tool.pdm.source]]\nname = "hidden"\nurl = "https://${TOKEN}@b.example/simple"\n'
    )
    found = read_pdm(tomllib.loads(text), text, "pyproject.toml")
    assert roles(found) == {"https://a.example/simple/": Role.EXTRA}
    assert [a.pattern for a in found.assignments] == ["acme-*", "b"]
    assert found.default_too
    assert unread(found) == [
        f"pyproject.toml:5: {LINKS}",
        "pyproject.toml:9: an index whose URL has a variable in it",
    ]
    replaced = text + '[[tool.pdm.source]]\nname = "pypi"\nurl = "https://b.example/simple"\n'
    found = read_pdm(tomllib.loads(replaced), replaced, "pyproject.toml")
    assert roles(found)["https://b.example/simple/"] is Role.DEFAULT
    assert not found.default_too


def test_sources_of_pdms_own_configuration() -> None:
    """A table without a URL has the credentials of a source that stands elsewhere."""
    text = (
        '[pypi]\nurl = "https://a.example/simple"\nverify_ssl = true\n[pypi.acme]\nurl = "https://b.example/simple"\n'
        '[pypi.links]\ntype = "find_links"\nurl = "https://b.example/files"\n[pypi.other]\nusername = "jane"\n'
    )
    found = read_pdm_settings(tomllib.loads(text), text, "pdm.toml")
    assert roles(found) == {"https://a.example/simple/": Role.DEFAULT, "https://b.example/simple/": Role.EXTRA}
    assert [(index.name, str(index.origin)) for index in found.indexes] == [("", "pdm.toml:1"), ("acme", "pdm.toml:4")]
    assert unread(found) == [f"pdm.toml:6: {LINKS}"]
    assert not found.default_too
    ignored = text.replace("verify_ssl", "ignore_stored_index")
    assert read_pdm_settings(tomllib.loads(ignored), ignored, "pdm.toml").sources == ()
    extra = text.partition("[pypi.acme]")[2]
    found = read_pdm_settings(tomllib.loads(f"[pypi.acme]{extra}"), f"[pypi.acme]{extra}", "pdm.toml")
    assert (list(roles(found).values()), found.default_too) == ([Role.EXTRA], True)


@pytest.mark.parametrize("by", ["file", "1", "True", "yes"])
def test_where_pdm_ignores_what_is_stored_the_projects_sources_are_all(by: str) -> None:
    """pip's default index is not asked either, and may not be opened to the project's names."""
    text = '[[tool.pdm.source]]\nname = "acme"\nurl = "https://a.example/simple"\n'
    project = read_pdm(tomllib.loads(text), text, "pyproject.toml")
    stored = read_pdm_variables("https://b.example/simple", "" if by == "file" else by)
    settings = f"[pypi]\nignore_stored_index = {str(by == 'file').lower()}\n"
    file = read_pdm_settings(tomllib.loads(settings), settings, "pdm.toml")
    found = together([Findings(), project, stored, file])
    assert (roles(found), found.default_too, found.no_index) == ({"https://a.example/simple/": Role.EXTRA}, False, True)


@pytest.mark.parametrize("said", ["", "0", "false", "No"])
def test_what_pdm_does_not_ignore_counts(said: str) -> None:
    found = together([read_pdm_variables("https://b.example/simple", said)])
    assert (roles(found), found.no_index) == ({"https://b.example/simple/": Role.DEFAULT}, False)


def test_indexes_in_the_variables_of_uv_and_pdm() -> None:
    """With a name or without; the newer variable of uv's default index takes the place of the older one."""
    variables = {
        "UV_INDEX_URL": "https://a.example/simple",
        "UV_INDEX": "acme=https://b.example/simple  https://c.example/simple?x=y",
        "UV_EXTRA_INDEX_URL": "https://d.example/simple",
        "UV_FIND_LINKS": "./wheels",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    found = read_uv_variables(variables)
    assert [(str(index.url), index.role, index.name, str(index.origin)) for index in found.indexes] == [
        ("https://a.example/simple/", Role.DEFAULT, "", "UV_INDEX_URL"),
        ("https://b.example/simple/", Role.EXTRA, "acme", "UV_INDEX"),
        ("https://d.example/simple/", Role.EXTRA, "", "UV_EXTRA_INDEX_URL"),
    ]
    assert [str(source).partition(":")[0] for source in found.unread] == ["UV_INDEX", "UV_FIND_LINKS"]
    assert any("unsafe-best-match" in note for note in found.notes)
    assert not found.default_too
    newer = read_uv_variables(variables | {"UV_DEFAULT_INDEX": "https://e.example/simple"})
    assert [index.url.host for index in newer.indexes if index.role is Role.DEFAULT] == ["e.example"]
    assert read_uv_variables({"UV_INDEX": "https://a.example/simple"}).default_too
    assert read_uv_variables({"UV_INDEX": " ", "UV_CACHE_DIR": "/x"}).sources == ()
    assert roles(read_pdm_variables("https://a.example/simple", "")) == {"https://a.example/simple/": Role.DEFAULT}
    assert read_pdm_variables("", "").sources == ()


def test_names_of_a_project_are_those_of_all_groups_and_tools() -> None:
    """But not the project itself, and not what is named by URL."""
    text = """
        [project]
        name = "My.App"
        dependencies = ["One>=1; python_version < '4'", "direct @ https://a.example/d.whl", "my-app[x]"]
        optional-dependencies = { x = ["two[extra]"] }
        [dependency-groups]
        dev = ["three", { include-group = "other" }]
        [build-system]
        requires = ["four"]
        [tool.uv]
        dev-dependencies = ["five"]
        [tool.pdm.dev-dependencies]
        test = ["six"]
        [tool.poetry.dependencies]
        python = "^3.11"
        seven = "1"
        local = { path = "../x" }
        [tool.poetry.group.dev.dependencies]
        eight = { version = "1" }
    """
    names = [name for name, _ in project_names(tomllib.loads(text), "pyproject.toml")]
    assert names == ["one", "two", "three", "four", "five", "six", "seven", "eight"]


#: What a tool may take for an index, and no `IndexUrl` holds; the words that say so must not repeat it.
ODD = ("http://s3cret.example/${REPO}/", "http://${HOST}/s3cret/", "https://jane:s3/cret@a.example/", "./s3cret",
       "https://[s3cret/simple", "file:///s3cret/", "https://a.example/simple?s3cret", "")  # fmt: skip


@pytest.mark.parametrize("url", [*(f'"{url}"' for url in ODD), "1", '["x"]', "{ a = 1 }"])
@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ('[[tool.uv.index]]\nname = "a"\nurl = ', ""),
        ("[tool.uv]\nextra-index-url = [", "]"),
        ("[tool.uv.pip]\nindex-url = ", ""),
        ('[[tool.poetry.source]]\nname = "a"\nurl = ', ""),
        ('[[tool.pdm.source]]\nname = "a"\nurl = ', ""),
        ("[pypi]\nurl = ", ""),
        ("[pypi.a]\nurl = ", ""),
        ('[[package]]\nname = "one"\nsource = { registry = ', " }"),
        ('[[package]]\nname = "one"\nsource = { type = "legacy", url = ', " }"),
        ('[[packages]]\nname = "one"\nindex = ', ""),
    ],
)
def test_a_source_is_taken_over_or_is_said_not_to_be(head: str, tail: str, url: str) -> None:
    """Each in its place, none passed over."""
    text = f"{head}{url}{tail}\n"
    data = tomllib.loads(text)
    tool = data.get("tool", {})
    all_of_them = together([
        read_uv(tool.get("uv", {}), data, text, "pyproject.toml", ("tool", "uv")),
        read_poetry(data, text, "pyproject.toml", BUILT_IN),
        read_pdm(data, text, "pyproject.toml"),
        read_pdm_settings(data, text, "pdm.toml"),
        read_lock(data, "uv.lock"),
    ])  # fmt: skip
    assert all_of_them.indexes == ()
    assert len(all_of_them.unread) == 1
    assert "s3" not in str(all_of_them.unread[0])


@pytest.mark.parametrize("url", [url for url in ODD if url])
@pytest.mark.parametrize(
    "variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "PDM_PYPI_URL"]
)
def test_one_in_a_variable_too(variable: str, url: str) -> None:
    """The same, with a name before it as well where uv takes one."""
    for text in (url, f"acme={url}") if variable == "UV_INDEX" else (url,):
        found = together(
            [read_uv_variables({variable: text}), read_pdm_variables({variable: text}.get("PDM_PYPI_URL", ""), "")]
        )
        assert found.indexes == ()
        assert len(found.unread) == 1
        assert "s3" not in str(found.unread[0])


def test_an_index_that_is_described_elsewhere_is_not_taken_over() -> None:
    """In a file of the user that is not read; what names it says that it is there."""
    found = uv('[tool.uv]\n[tool.uv.sources]\none = { index = "acme" }\ntwo = { git = "https://c.example/" }\n')
    assert unread(found) == ["pyproject.toml [tool.uv.sources]: the index of one, which no table describes"]
    found = poetry(
        '[tool.poetry.dependencies]\none = { version = "1", source = "acme" }\n'
        'two = { version = "1", source = "PyPI" }\nthree = "1"\n'
    )
    assert unread(found) == ["pyproject.toml [tool.poetry]: the source of one, which no table describes"]


@pytest.mark.parametrize("other", ["https://b.example/simple/", "https://a.example/simple/", "../folder"])
def test_a_name_of_two_indexes_means_neither(other: str) -> None:
    """Which of them a requirement is pinned to is not guessed; one that is described twice in one way is one."""
    tables = [f'name = "twin"\nurl = "{url}"\n' for url in ("https://a.example/simple/", other)]
    of_uv = uv("".join(f"[[tool.uv.index]]\n{t}" for t in tables) + '[tool.uv.sources]\none = { index = "twin" }\n')
    sources = "".join(f"[[tool.poetry.source]]\n{t}" for t in tables)
    of_poetry = poetry(sources + '[tool.poetry.dependencies]\none = { version = "1", source = "twin" }\n')
    for found in (of_uv, of_poetry):
        pinned = [str(assignment.source) for assignment in found.assignments]
        said = [line for line in unread(found) if "of one, which several tables describe" in line]
        assert (pinned, len(said)) == ((["https://a.example/simple/"], 0) if "//a" in other else ([], 1))


def test_a_default_that_is_not_taken_over_is_not_pips_own() -> None:
    """The tool does not ask that one; so the project's names are not told to it."""
    text = '[[tool.pdm.source]]\nname = "pypi"\nurl = "https://${HOST}/simple"\n'
    found = read_pdm(tomllib.loads(text), text, "pyproject.toml")
    assert found.replaces_default
    assert not found.default_too
    found = poetry('[[tool.poetry.source]]\nname = "acme"\nurl = "https://${HOST}/simple"\n')
    assert found.replaces_default
    assert not found.default_too


def test_a_default_of_one_place_is_that_of_the_tool() -> None:
    """What names no default index elsewhere is told to the same tool; another tool may still ask pip's."""
    more = uv('[[tool.uv.index]]\nurl = "https://a.example/simple"\n')
    default = read_uv_variables({"UV_DEFAULT_INDEX": "https://b.example/simple"})
    assert more.default_too
    assert not together([more, default]).default_too
    assert not together([default, more]).default_too
    assert together([more, read_pdm_variables("https://b.example/simple", "")]).default_too


LOCKS = {
    "pylock.toml": """
        [[packages]]
        name = "acme-web"
        index = "https://a.example/simple/"
        [[packages]]
        name = "tool"
        vcs = { type = "git", url = "https://c.example/t.git" }
    """,
    "uv.lock": """
        [[package]]
        name = "acme-web"
        source = { registry = "https://a.example/simple" }
        [[package]]
        name = "app"
        source = { editable = "." }
    """,
    "poetry.lock": """
        [[package]]
        name = "acme-web"
        [package.source]
        type = "legacy"
        url = "https://a.example/simple"
        reference = "acme"
        [[package]]
        name = "tool"
        [package.source]
        type = "git"
        url = "https://c.example/t.git"
    """,
}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_says_which_index_a_name_was_taken_from(lock: str) -> None:
    """What comes from no index has no name here."""
    found = read_lock(tomllib.loads(LOCKS[lock]), lock)
    assert roles(found) == {"https://a.example/simple/": Role.LOCKED}
    assert [name for name, _ in found.names] == ["acme-web"]
    assert [a.pattern for a in found.assignments] == ["acme-web"]


def test_a_lock_without_indexes_says_only_names() -> None:
    found = read_lock(tomllib.loads('[[package]]\nname = "one"\nversion = "1"\n'), "pdm.lock")
    assert found.indexes == ()
    assert [name for name, _ in found.names] == ["one"]
    assert "does not say from which index" in found.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "tool = 1",
        "[tool]\nuv = 1\npoetry = []\npdm = 'x'",
        "[tool.uv]\nindex = 1\nsources = 2\n[tool.poetry]\nsource = 3\ngroup = 4\n[tool.pdm]\nsource = [5]",
        "[[tool.uv.index]]\nurl = 1\n[[tool.poetry.source]]\nname = 2\n[[tool.pdm.source]]\nurl = 'https://'",
        "package = 1\npackages = [2]\n[project]\ndependencies = 3\nname = []",
        "[[package]]\nname = 1\n[[packages]]\nname = 'a b'",
        "pypi = 1",
        "[pypi]\na = 1\nb = []\nc = {}",
    ],
)
def test_what_has_another_form_is_passed_over(text: str) -> None:
    """The tool whose file it is says what is wrong with it."""
    data = tomllib.loads(text)
    assert project_names(data, "pyproject.toml") == ()
    tool = data.get("tool")
    settings = tool.get("uv") if isinstance(tool, dict) else None
    for found in (
        read_uv(settings if isinstance(settings, dict) else {}, data, text, "pyproject.toml", ("tool", "uv")),
        read_poetry(data, text, "pyproject.toml", BUILT_IN),
        read_pdm(data, text, "pyproject.toml"),
        read_pdm_settings(data, text, "pdm.toml"),
        read_lock(data, "uv.lock"),
    ):
        assert (found.indexes, found.assignments, found.names) == ((), (), ())
