"""What git is told: which variables and settings of the user hold, and what is switched off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.build.git_settings import (
    allowed_protocols,
    allows_local_submodules,
    configured_filters,
    effective_protocol,
    foreign_keys,
    git_variables,
    name_is_plain,
    overrides,
    read_settings,
    ssh_variables,
)


def test_settings_are_read_as_git_lists_them() -> None:
    """A value may have several lines, and a key none."""
    listing = b"core.bare\0url.https://a.example/.insteadof\nx\ny\0core.editor\n\0"
    assert read_settings(listing) == (
        ("core.bare", "true"),
        ("url.https://a.example/.insteadof", "x\ny"),
        ("core.editor", ""),
    )


@pytest.mark.parametrize(
    "name",
    ["HOME", "SSH_AUTH_SOCK", "HTTPS_PROXY", "no_proxy", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL",
     "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_12", "GIT_CONFIG_COUNT", "GITHUB_TOKEN"],
)  # fmt: skip
def test_variables_by_which_a_repository_is_reached_are_kept(name: str) -> None:
    """Proxies, keys, certificates, settings."""
    assert git_variables({name: "x"}, "/tmp")[name] == "x"


@pytest.mark.parametrize(
    "name",
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
     "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_TEMPLATE_DIR", "GIT_EXTERNAL_DIFF", "GIT_EDITOR", "GIT_TRACE",
     "GIT_PROXY_COMMAND", "GIT_NAMESPACE", "GIT_REPLACE_REF_BASE", "GIT_ATTR_SOURCE", "GIT_SOMETHING_NEW",
     "SSH_ASKPASS", "GIT_ALLOW_PROTOCOL", "GIT_CONFIG_KEY_x", "git_dir"],
)  # fmt: skip
def test_variables_that_steer_are_not_kept(name: str) -> None:
    """Nor those that nobody knows yet."""
    assert name not in git_variables({name: "x"}, "/tmp")


def test_git_asks_nothing() -> None:
    """But by the program that the user has named for that."""
    told = git_variables({"GIT_TERMINAL_PROMPT": "1", "SSH_ASKPASS_REQUIRE": "force"}, "/tmp")
    assert (told["GIT_TERMINAL_PROMPT"], told["GIT_ASKPASS"], told["SSH_ASKPASS_REQUIRE"]) == ("0", "", "never")
    assert git_variables({"GIT_ASKPASS": "/bin/token"}, "/tmp")["GIT_ASKPASS"] == "/bin/token"


def test_ssh_is_the_users_own() -> None:
    """By a variable or by git's settings; else it runs so that it asks nothing."""
    assert ssh_variables({}, []) == {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    assert ssh_variables({"GIT_SSH": "plink"}, []) == {}
    assert ssh_variables({"GIT_SSH_COMMAND": "ssh -i key"}, []) == {}
    assert ssh_variables({}, [("core.sshcommand", "ssh -i key")]) == {}


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("https://a.example/x", "https"),
        ("HTTP://a.example/x", "http"),
        ("ssh://git@a.example/x", "ssh"),
        ("git@a.example:x", "ssh"),
        ("a.example:x", "ssh"),
        ("/srv/x", "file"),
        ("./a:b", "file"),
        ("C:/x", "file"),
        ("file:///srv/x", "file"),
        ("ext::sh -c x", ""),
        ("ext://x", ""),
        ("a::https://a.example/x", ""),
        ("git://a.example/x", ""),
        ("codecommit::eu://x", ""),
        ("-oProxyCommand=x:y", ""),
        ("--upload-pack=x", ""),
    ],
)
def test_the_transport_is_the_one_that_git_takes(url: str, protocol: str) -> None:
    """After `insteadOf`; a program that is one is not run."""
    assert effective_protocol(url) == protocol


def test_the_users_own_prohibition_of_a_protocol_stays() -> None:
    """It is narrowed further, and never widened."""
    assert allowed_protocols("https", {}, []) == "https"
    assert allowed_protocols("http", {}, []) == "http:https"
    assert allowed_protocols("https", {"GIT_ALLOW_PROTOCOL": "ssh"}, []) == ""
    assert allowed_protocols("ssh", {"GIT_ALLOW_PROTOCOL": "https:ssh"}, []) == "ssh"
    assert allowed_protocols("http", {}, [("protocol.http.allow", "never")]) == "https"
    assert allowed_protocols("ssh", {}, [("protocol.allow", "Never")]) == ""
    assert allowed_protocols("ssh", {}, [("protocol.allow", "never"), ("protocol.ssh.allow", "always")]) == "ssh"


def test_local_submodules_need_gits_own_setting() -> None:
    """And no weaker one."""
    assert allows_local_submodules([("protocol.file.allow", "always")])
    assert not allows_local_submodules([("protocol.file.allow", "user"), ("protocol.allow", "always")])


@given(st.lists(st.text(min_size=1, max_size=8).filter(lambda name: "\0" not in name and "\n" not in name), max_size=4))
def test_each_filter_is_found_and_switched_off(names: list[str]) -> None:
    """Whatever it is called; what cannot be switched off so is known by its name."""
    settings = [(f"filter.{name}.{what}", "x") for name in names for what in ("smudge", "clean", "process", "required")]
    found = configured_filters(settings)
    assert found == tuple(dict.fromkeys(names))
    words = overrides("/none", found)
    assert words[::2] == ["-c"] * (len(words) // 2)
    for name in filter(name_is_plain, names):
        for what, value in (("smudge", ""), ("clean", ""), ("process", ""), ("required", "false")):
            key, _, given_value = next(w for w in words if w.startswith(f"filter.{name}.{what}=")).partition("=")
            assert (key, given_value) == (f"filter.{name}.{what}", value)


def test_what_git_writes_into_a_clone_is_not_foreign() -> None:
    """And what could run a program is."""
    own = ["core.bare", "core.symlinks", "remote.origin.url", "remote.origin.promisor", "branch.a/b.merge", "user.name",
           "submodule.a b.active", "extensions.refstorage"]  # fmt: skip
    odd = ["core.sshcommand", "core.fsmonitor", "core.hookspath", "core.worktree", "include.path", "includeif.x.path",
           "filter.x.smudge", "remote.origin.uploadpack", "remote.other.promisor", "remote.origin.vcs", "alias.x",
           "credential.helper", "url.x.insteadof", "submodule.x.update", "branch.x\nfilter.y.merge"]  # fmt: skip
    assert foreign_keys([(key, "x") for key in (*own, *odd)]) == tuple(odd)
