"""Which users' configuration counts when it was found and not named: that of users who could act for this user anyway.

A file that is found by looking upward may have been put there by any user who can write to a folder above: `/tmp`, a
share, another person's disk. git had this hole (`safe.directory` is its answer). So the file, and every link on the way
to it, must belong to one of

- this user, or root;
- the user behind `sudo`, where root runs;
- the owner of the working folder: a checkout that is mounted into a container belongs to a user of the host.

Who else may write to the file is not judged: on shares and in virtual machines every user may write to every file.
Windows has no such owners.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: As many links as Linux follows.
_MOST_LINKS = 40


def trusted_users(environ: Mapping[str, str], folder: str, user: int | None = None) -> frozenset[int] | None:
    """The users whose files count in `folder`; None where the system has no file owners."""
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
    """The user that the file, or a link on the way to it, belongs to and that is not trusted; None where all are.

    Raises `OSError`.
    """
    if trusted is None:
        return None
    owners = [os.stat(path).st_uid]
    for _ in range(_MOST_LINKS):
        here = os.lstat(path)
        owners.append(here.st_uid)
        if not stat.S_ISLNK(here.st_mode):
            break
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    return next((owner for owner in owners if owner not in trusted), None)


def user_name(user: int) -> str:
    """A user by name and number, for a message."""
    import pwd

    try:
        return f"{pwd.getpwuid(user).pw_name} ({user})"
    except KeyError:
        return str(user)
