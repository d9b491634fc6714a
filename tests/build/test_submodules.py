"""Submodules: of the same host and by the same protocol, and nothing else of `.gitmodules` counts."""

from __future__ import annotations

import pytest

from safepip.build.submodules import Submodule, read_submodules
from safepip.model.errors import Refused

COMMIT = "1" * 40
WEB, SSH, FILE = "https://code.example/acme/tool.git", "ssh://git@code.example/acme/tool.git", "file:///srv/tool"


def read(url: str, parent: str = WEB, *, name: str = "sub", path: str = "sub", local: bool = False, **more: str) -> str:
    settings = [(f"submodule.{name}.{key}", value) for key, value in {"path": path, "url": url, **more}.items()]
    found = read_submodules(settings, {path: COMMIT}, parent, local=local)
    assert [submodule._replace(url="") for submodule in found] == [Submodule(name, path, "", COMMIT)]
    return found[0].url


@pytest.mark.parametrize(
    ("url", "parent", "expected"),
    [
        ("https://code.example/other/lib", WEB, "https://code.example/other/lib"),
        ("https://CODE.example:443/lib", WEB, "https://CODE.example:443/lib"),
        ("../lib.git", WEB, "https://code.example/acme/lib.git"),
        ("../../other/lib", WEB, "https://code.example/other/lib"),
        ("./lib", WEB, "https://code.example/acme/tool.git/lib"),
        ("../lib", WEB + "/", "https://code.example/acme/lib"),
        ("../lib", SSH, "ssh://git@code.example/acme/lib"),
        ("git@code.example:acme/lib.git", SSH, "git@code.example:acme/lib.git"),
        ("ssh://other@code.example/lib", SSH, "ssh://other@code.example/lib"),
    ],
)
def test_the_same_host_is_fetched_from(url: str, parent: str, expected: str) -> None:
    """Relative URLs are those of git."""
    assert read(url, parent) == expected


@pytest.mark.parametrize(
    ("url", "parent"),
    [
        ("https://elsewhere.example/lib", WEB),
        ("https://code.example:8443/lib", WEB),
        ("http://code.example/lib", WEB),
        ("ssh://git@code.example/lib", WEB),
        ("git@code.example:lib", WEB),
        ("git@elsewhere.example:lib", SSH),
        ("https://token@code.example/lib", WEB),
        ("https://u:p@code.example/lib", WEB),
        ("https://code.example@elsewhere.example/lib", WEB),
        ("https://code.example\\@elsewhere.example/lib", WEB),
        ("ssh://-oProxyCommand=payload/lib", SSH),
        ("ssh://-oProxyCommand=payload@code.example/lib", SSH),
        ("-oProxyCommand=payload:lib", SSH),
        ("-u./payload", WEB),
        ("--upload-pack=payload", FILE),
        ("ext::sh -c payload", WEB),
        ("ext::payload", FILE),
        ("git::https://code.example/lib", WEB),
        ("file:///etc", WEB),
        ("/etc", WEB),
        ("/srv/lib", FILE),
        ("../../../lib", WEB),
        ("../../../../lib", WEB),
        ("../../../../elsewhere.example/lib", WEB),
        ("", WEB),
        ("https://code.example/a\nb", WEB),
        ("file:///srv/lib", FILE),
        ("../lib", FILE),
    ],
)
def test_no_other_place_is_fetched_from(url: str, parent: str) -> None:
    """Neither as an option of a program, nor by a transport that is one."""
    with pytest.raises(Refused, match="unsafe-repository"):
        read(url, parent)


def test_a_folder_of_this_machine_is_read_where_the_user_lets_git() -> None:
    """git's own setting says so since CVE-2022-39253."""
    assert read("../lib", FILE, local=True) == "file:///srv/lib"
    with pytest.raises(Refused, match="it is not on"):
        read("file:///srv/lib", WEB, local=True)
    with pytest.raises(Refused) as caught:
        read("../lib", FILE)
    assert "protocol.file.allow" in caught.value.diagnostics[0].hint


@pytest.mark.parametrize("name", ["../../hooks", "a/../b", ".git", "a/.GIT/b", "-x", "a\nb", "a//b", "a\\..\\b"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """CVE-2018-11235: git once kept a submodule's data under its name."""
    with pytest.raises(Refused, match="not safe"):
        read("../lib", name=name)
    with pytest.raises(Refused, match="not safe"):
        read("../lib", path=name)


def test_what_is_not_in_the_tree_counts_for_nothing() -> None:
    """Nor what is switched off."""
    table = [("submodule.a.path", "a"), ("submodule.a.url", "ext::payload")]
    assert read_submodules(table, {"b": COMMIT}, WEB) == ()
    assert read_submodules([*table, ("submodule.a.update", "none")], {"a": COMMIT}, WEB) == ()
    assert read("../lib", update="!payload") == "https://code.example/acme/lib"
    assert read_submodules([("core.fsmonitor", "payload"), ("alias.x", "!y")], {"a": COMMIT}, WEB) == ()
