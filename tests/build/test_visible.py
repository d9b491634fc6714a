"""What of the system a build sees."""

from __future__ import annotations

import fnmatch

import pytest

from safepip.build.visible import ETC_ENTRIES, ETC_FOR_NETWORK, is_of_the_system, is_within, outermost


@pytest.mark.parametrize(
    "name",
    ["shadow", "gshadow", "sudoers", "npmrc", "pip.conf", "environment", "profile", "ssl/private", "ssh", "machine-id",
     "fstab", "crypttab", "krb5.keytab", "docker", "kubernetes", "pki/tls/private", "netrc", "hosts", "resolv.conf",
     "gitconfig"],
)  # fmt: skip
def test_settings_that_hold_secrets_are_not_visible(name: str) -> None:
    """Neither by their name nor by a pattern or a folder above."""
    parts = name.split("/")
    for entry in ETC_ENTRIES:
        assert not any(fnmatch.fnmatch("/".join(parts[:count]), entry) for count in range(1, len(parts) + 1)), entry


def test_the_network_needs_a_little_more() -> None:
    """How names are looked up."""
    assert {"resolv.conf", "hosts"} <= set(ETC_FOR_NETWORK)


def test_a_folder_is_within_itself_and_not_within_its_neighbour() -> None:
    """`/usr2` is not in `/usr`."""
    assert is_within("/usr", "/usr")
    assert is_within("/usr/lib", "/usr")
    assert is_within("/usr", "/")
    assert not is_within("/usr2", "/usr")
    assert is_of_the_system("/usr/bin/cc")
    assert not is_of_the_system("/opt/bin/cc")


def test_of_folders_in_each_other_the_outermost_stay() -> None:
    """Each once."""
    assert outermost(("/a/b/c", "/a/b", "/d", "/a/b", "/a/bb")) == ("/d", "/a/b", "/a/bb")
