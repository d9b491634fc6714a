"""Rules for each version of Landlock: what it can forbid is forbidden, and nothing is asked that it does not know."""

from __future__ import annotations

import pytest

from safepip.build.landlock_rules import CHANGE, DEVICE, READ, ruleset

#: How many rights to files each version knows, and the size of what it is told.
KNOWN = {3: (15, 8), 4: (15, 16), 5: (16, 16), 6: (16, 24), 7: (16, 24)}


@pytest.mark.parametrize("abi", KNOWN)
def test_everything_that_a_version_knows_is_forbidden(abi: int) -> None:
    """All rights to files, TCP from 4 on, and abstract sockets and signals from 6 on."""
    rules = ruleset(abi, [], network=False)
    rights, size = KNOWN[abi]
    assert rules["files"] == (1 << rights) - 1
    assert rules["size"] == size
    assert rules["network"] == (0b11 if abi >= 4 else 0)
    assert rules["scoped"] == (0b11 if abi >= 6 else 0)


def test_with_the_network_tcp_is_not_forbidden() -> None:
    """Signals and abstract sockets are."""
    rules = ruleset(7, [], network=True)
    assert rules["network"] == 0
    assert rules["scoped"] == 0b11


def test_what_may_be_read_may_not_be_changed() -> None:
    """Execute, read, list; and a device is read and written alone."""
    assert READ == 0b1101
    assert DEVICE & ~(0b110 | 1 << 14) == 0
    # Character and block devices, and ioctl on devices.
    assert CHANGE & (1 << 6 | 1 << 11 | 1 << 15) == 0


def test_a_path_gets_no_right_that_is_not_handled() -> None:
    """The kernel refuses such a rule."""
    for abi in KNOWN:
        rules = ruleset(abi, [("/a", READ), ("/b", CHANGE), ("/c", DEVICE)], network=False)
        assert [path for path, _ in rules["paths"]] == ["/a", "/b", "/c"]
        assert all(rights and rights & ~rules["files"] == 0 for _, rights in rules["paths"])
