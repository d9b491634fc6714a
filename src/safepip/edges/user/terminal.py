"""The terminal: questions to a person."""

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


def can_ask() -> bool:
    """Whether a person can be asked: what is written is seen, and what is typed is read."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_line(question: str) -> str | None:
    """Ask at the terminal for one line; None where its end has come."""
    try:
        sys.stderr.write(question)
        sys.stderr.flush()
        line = sys.stdin.readline()
    except OSError:
        return None
    return line.strip() if line else None
