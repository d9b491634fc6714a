"""Whose configuration counts where nobody has named it: that of people who could speak for this user anyway.

A file that is found by looking upward may have been put there by anybody who may write to a folder above: `/tmp`, a
share, a disk of someone else's. git had this hole (`safe.directory` is its answer). So the file, and a link that leads
to it, must belong to one of

- this user, or root;
- the user behind `sudo`, where root runs;
- the owner of the working folder: a checkout that is mounted into a container belongs to a user of the host.

What else may write to the file is not judged: on shares and in virtual machines every file may be written by everyone.
Windows has no such owners.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def trusted_users(environ: Mapping[str, str], folder: str, user: int | None = None) -> frozenset[int] | None:
    """The users whose files may speak in `folder`; None where the system has no such notion."""
    if not hasattr(os, "geteuid"):
        return None
    user = os.geteuid() if user is None else user
    behind = environ.get("SUDO_UID", "") if user == 0 else ""
    sudo = [int(behind)] if behind.isascii() and behind.isdigit() else []
    try:
        owner = [os.stat(folder).st_uid]
    except OSError:
        owner = []
    return frozenset((user, 0, *sudo, *owner))


def stranger_of(path: str, trusted: Collection[int] | None) -> int | None:
    """The user that the file, or the link that leads to it, belongs to and that may not speak; None where all may.

    Raises `OSError`.
    """
    if trusted is None:
        return None
    owners = (os.lstat(path).st_uid, os.stat(path).st_uid)
    return next((owner for owner in owners if owner not in trusted), None)


def user_name(user: int) -> str:
    """A user by name and number, for a message."""
    import pwd

    try:
        return f"{pwd.getpwuid(user).pw_name} ({user})"
    except KeyError:
        return str(user)
