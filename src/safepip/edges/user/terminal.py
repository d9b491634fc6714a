"""The terminal: the question for a password."""

from __future__ import annotations

import sys


def ask_credentials(origin: str) -> tuple[str, str] | None:
    """Ask at the terminal for a user name and a password for `origin`; None where no person can be asked."""
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        return None
    from getpass import getpass

    try:
        sys.stderr.write(f"User for {origin}: ")
        sys.stderr.flush()
        user = sys.stdin.readline().strip()
        return (user, getpass("Password: ", stream=sys.stderr)) if user else None
    except (EOFError, OSError):
        return None
