"""`safepip sync LOCK`: make an environment exactly the lock.

What the lock selects is installed as `safepip install -r LOCK` does; what is installed and not in the lock is taken
away. Everything is fetched, verified and judged before the first change. What is taken away goes first, because what
comes may bring the same files; each distribution is taken away whole or not at all, which is pip's own promise.

pip, setuptools and wheel stay unless the lock names them: an environment is made with them, and no lock of an
application lists them. So does everything that safepip is made of, where it lives in that environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.install import carry_out
from safepip.commands.resources import Resources
from safepip.model.errors import Refused, UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.options.command_line import HelpRequested
from safepip.requirements.file_format import hide_user_info

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.model.resolution import InstalledDistribution

_HELP = """\
Usage: safepip sync [options] [LOCK]...

Make an environment match a lock exactly: install what is missing, remove what is not in it.
LOCK is a pylock.toml, or a requirements file in which everything is pinned by hash.
Without one, it is the pylock.toml of the working folder.
The options are those of `safepip install` that concern one environment: see `safepip install --help`.
--dry-run shows what would change."""

#: So many files are named.
_SHOWN = 3

#: What an environment is made with.
_SEEDS = frozenset({"pip", "setuptools", "wheel"})


def sync(argv: Sequence[str]) -> int:
    """Run `safepip sync` with these arguments, the verb left out. Raises `SafepipError`."""
    if "--help" in argv or "-h" in argv:
        raise HelpRequested(_HELP)
    with Resources() as resources:
        inputs = read_inputs("install", argv, resources, arguments_are="files")
        _check(inputs)
        return carry_out(inputs, resources, _gone)


def _check(inputs: Inputs) -> None:
    """Raise `UsageError` for what makes no sense here."""
    settings = inputs.settings
    elsewhere = {
        "--target": settings.target_dir,
        "--prefix": settings.prefix_dir,
        "--root": settings.root_dir,
        "--user": settings.user,
        "--ignore-installed": settings.ignore_installed,
        "--no-deps": settings.no_deps,
        "--only-deps": settings.only_deps,
        "--editable": settings.editables,
    }
    for option, value in elsewhere.items():
        if value:
            raise UsageError.because(
                "conflicting-options",
                f"sync makes a whole environment what the lock says, and {option} asks for something else",
                hint="use safepip install -r LOCK with it",
            )
    if not inputs.lock_requests and not inputs.statements.require_hashes:
        raise _no_lock(settings.requirement_files)


def _no_lock(files: Sequence[str]) -> UsageError:
    """That none of these files is a lock, with the commands that make one of them."""
    from shlex import quote

    shown = [printable(hide_user_info(file)) for file in files]
    what, named = "what is named", "FILE"
    if 0 < len(shown) <= _SHOWN:
        what, named = " and ".join(shown), " -r ".join(map(quote, shown))
    return UsageError.because(
        "not-a-lock",
        f"sync takes a lock, and {what} {'do' if 1 < len(shown) <= _SHOWN else 'does'} not pin everything by hash",
        hint=f"make a lock of it, and take that:\nsafepip lock -r {named}\nsafepip sync",
    )


def _check_named(decision: Decision) -> None:
    """What stays because it is needed is in a lock of hashes, too: a search asks for hashes of what it installs alone.
    Raises `Refused` (`missing-hash`)."""
    inputs = decision.inputs
    # pip-compile leaves out those that an environment is made with.
    unnamed = sorted(decision.resolution.pins.keys() - inputs.allowed_hashes().keys() - _SEEDS)
    if unnamed:
        pins = [decision.resolution.pins[name] for name in unnamed]
        raise Refused(
            *(
                Diagnostic(
                    "missing-hash",
                    f"hashes are required for everything, and no hash is given for {pin.name}, which is installed",
                    tuple(f"required by {origin.chain()}" for origin in pin.required_by[:3]),
                    "make the file anew: safepip lock -r requirements.in -o requirements.txt",
                    pin.required_by,
                    pin.name,
                )
                for pin in pins
            )
        )


def _gone(decision: Decision) -> list[InstalledDistribution]:
    """What is installed and must go, sorted by name. Raises `Unavailable` where it is not certain what is installed,
    and `Refused` for a lock that lacks something."""
    from safepip.edges.target.installed import (
        check_not_hidden,
        check_single,
        installed,
        is_own,
        own_folders,
        parts_of_safepip,
    )

    if not decision.inputs.lock_requests:
        _check_named(decision)
    target, pins = decision.inputs.target, decision.resolution.pins
    left = _SEEDS - pins.keys()
    check_single(own_folders(target), untouched=left)
    check_not_hidden(target, untouched=left)
    kept = {*pins, *left}
    if target.own:
        kept |= parts_of_safepip(target)
    # What another environment brings (a base with system packages) is not this one's to take away.
    gone = [
        item
        for name, item in sorted(installed(target).items())
        if name not in kept and not item.in_user_site and is_own(item, target)
    ]
    if gone and not pins:
        raise _selects_nothing(decision, [item.name for item in gone])
    return gone


def _selects_nothing(decision: Decision, names: Sequence[str]) -> Refused:
    """That a lock has nothing for this environment, which is more often a wrong lock than a wish."""
    inputs = decision.inputs
    given = [request.name for request in inputs.lock_requests] or list(inputs.settings.requirement_files)
    files = " and ".join(printable(hide_user_info(file)) for file in given)
    return Refused.because(
        "lock-does-not-fit",
        f"{files} selects nothing for this environment, and sync would take everything away",
        context=(f"{inputs.target.python}: Python {inputs.target.version}",),
        hint=f"take the right lock; or to take everything away, name it:\nsafepip uninstall {' '.join(names)}",
    )
