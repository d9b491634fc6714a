"""What a build sees of the environment: an allow-list, the same for the code and for the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.build.variables import BEGINNINGS, NAMES, PROXIES, build_variables, fingerprint

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "builds.md"

ENVIRON = {
    "PATH": "/usr/bin", "HOME": "/home/me", "TMPDIR": "/tmp", "CFLAGS": "-O2", "LC_ALL": "C", "EDITOR": "vi",
    "SETUPTOOLS_SCM_PRETEND_VERSION": "1", "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_DEMO": "2", "SOURCE_DATE_EPOCH": "0",
    "PKG_CONFIG_PATH": "/opt", "CMAKE_ARGS": "-DX=1", "HATCH_BUILD_HOOKS_ENABLE": "1", "PDM_BUILD_SCM_VERSION": "1",
    "MATURIN_PEP517_ARGS": "--locked", "SKBUILD_CMAKE_ARGS": "x",
    "PIP_INDEX_URL": "https://u:p@i.example/", "SAFEPIP_INDEX_A_PASSWORD": "x", "AWS_PROFILE": "x", "UV_INDEX": "x",
    "TWINE_USERNAME": "x", "GITHUB_TOKEN": "x", "MATURIN_PYPI_TOKEN": "x", "CARGO_REGISTRY_TOKEN": "x",
    "HATCH_INDEX_AUTH": "x", "HATCH_INDEX_USER": "x", "SSH_AUTH_SOCK": "x", "PYTHONPATH": "/evil", "LD_PRELOAD": "x",
    "HTTPS_PROXY": "http://u:p@proxy.example", "no_proxy": "x", "ACME_SDK": "/acme", "ACME_TOKEN": "x",
    "CMAKE_SIGNING_KEY": "x",
}  # fmt: skip

USUAL = {
    "PATH", "CFLAGS", "LC_ALL", "SETUPTOOLS_SCM_PRETEND_VERSION", "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_DEMO",
    "SOURCE_DATE_EPOCH", "PKG_CONFIG_PATH", "CMAKE_ARGS", "HATCH_BUILD_HOOKS_ENABLE", "PDM_BUILD_SCM_VERSION",
    "MATURIN_PEP517_ARGS", "SKBUILD_CMAKE_ARGS",
}  # fmt: skip


def test_a_build_sees_what_builds_read_and_no_secret() -> None:
    assert build_variables(ENVIRON, ()) == {name: ENVIRON[name] for name in USUAL}


def test_policy_adds_names_and_beginnings() -> None:
    """A secret by its whole name alone, which only the machine's and the user's file may write."""
    assert build_variables(ENVIRON, ("ACME_*",)).keys() == USUAL | {"ACME_SDK"}
    assert build_variables(ENVIRON, ("ACME_TOKEN", "EDITOR")).keys() == USUAL | {"ACME_TOKEN", "EDITOR"}
    for wide in ("A*", "P*", "S*", "M*", "U*", "T*", "G*", "H*", "C*"):
        names = build_variables(ENVIRON, (wide,)).keys() - USUAL
        assert names <= {"ACME_SDK", "PYTHONPATH"}


@pytest.mark.parametrize("extra", [("HOME", "TMPDIR"), ("HOME*", "T*")])
def test_a_home_is_never_passed_on(extra: tuple[str, ...]) -> None:
    """Each build has its own."""
    assert not build_variables(ENVIRON, extra).keys() & {"HOME", "TMPDIR"}


def test_proxies_are_for_builds_with_the_network() -> None:
    assert build_variables(ENVIRON, (), network=True).keys() == USUAL | {"HTTPS_PROXY", "no_proxy"}


def test_a_url_with_a_user_is_not_passed_on() -> None:
    """Unless policy names the variable in full."""
    hidden = {
        "CARGO_REGISTRIES_ACME_INDEX": "sparse+https://u:p@i.example/",
        "CMAKE_ARGS": "-DA=1 -DURL=https://token@i.example/x",
        "CFLAGS": "-DURL=https://u:p@i.example",
    }
    plain = {
        "CARGO_REGISTRIES_ACME_INDEX": "sparse+https://i.example/a@b?c@d",
        "CMAKE_ARGS": "-DA=me@i.example -DURL=https://i.example/ @file",
    }
    for network in (False, True):
        assert build_variables(hidden, ("CM*", "CF*"), network=network) == {}
        assert build_variables(plain, (), network=network) == plain
    assert build_variables(hidden, tuple(hidden)) == hidden


def test_cargos_proxy_is_one() -> None:
    """And all of its kind."""
    proxies = {"CARGO_HTTP_PROXY": "http://u:p@proxy.example", "CMAKE_HTTPS_PROXY": "http://proxy.example"}
    assert build_variables(proxies, ()) == {}
    assert build_variables(proxies, (), network=True) == proxies
    assert build_variables(proxies, ("CARGO_HTTP_PROXY",)).keys() == {"CARGO_HTTP_PROXY"}


def test_the_order_is_that_of_the_names() -> None:
    """Whatever the order of the environment."""
    backward = dict(reversed(ENVIRON.items()))
    assert list(build_variables(backward, ())) == sorted(USUAL)


def test_the_page_lists_what_the_code_lists() -> None:
    section = PAGE.read_text("utf-8").partition("## What a build sees")[2]
    rows = "".join(line for line in section.splitlines() if line.startswith("|"))
    listed = set(re.findall(r"`([^`]+)`", rows))
    assert listed == {*NAMES, *PROXIES, *(f"{beginning}*" for beginning in BEGINNINGS)}


_VARIABLES = st.dictionaries(st.text("ab=\n\0", max_size=4), st.text("ab=\n\0\udc80", max_size=4), max_size=4)


@given(_VARIABLES, _VARIABLES)
def test_a_fingerprint_tells_environments_apart(one: dict[str, str], other: dict[str, str]) -> None:
    """Also where a name and a value run into each other; the order does not count."""
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
    assert fingerprint(dict(reversed(one.items()))) == fingerprint(one)
