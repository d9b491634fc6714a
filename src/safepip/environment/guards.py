"""What safepip will not do to an environment, judged before anything is fetched for it or installed into it.

1. `--require-virtualenv`: outside a virtual environment nothing happens (pip's exit code 3).
2. PEP 668: an environment that its distributor manages is not changed without `--break-system-packages`. As in pip the
   rule does not hold for `--target`, `--prefix` and `--root`, nor for a dry run with a report.
3. `--platform` and its like describe an environment that cannot be installed into; they go with `--target`,
   with `download` or with a dry run.
4. `--user` is for an environment that sees the user's own packages; most virtual environments do not.
5. Where safepip is installed in the target itself, a selection that would replace safepip or one of its dependencies is
   refused: half-way through, no safepip would be left to say what went wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.model.errors import Refused, UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from packaging.requirements import Requirement

    from safepip.model.plan import Settings, Target
    from safepip.model.resolution import Pin, Resolution


class NoVirtualenv(UsageError):
    """`--require-virtualenv` and no virtual environment; pip ends with 3."""

    exit_code = 3


class ExternallyManaged(Refused):
    """PEP 668; pip ends with 1."""

    exit_code = 1


#: The way on where the environment is another one than it should be.
_MAKE_ONE = "make a virtual environment: python3 -I -m venv --without-pip .venv\nand name it: --python .venv"


class CannotInstallThere(UsageError):
    """A combination of options that pip refuses with 1."""

    exit_code = 1


def installs_into_target(settings: Settings) -> bool:
    """Whether distributions go to where the target's interpreter finds them, and not to a folder named for them."""
    return settings.target_dir is None and settings.prefix_dir is None and settings.root_dir is None


def check_target(settings: Settings, target: Target) -> None:
    """Rules 1 to 4. Raises the classes above: `virtualenv-required`, `externally-managed-environment`,
    `platform-needs-target`, `no-user-site`."""
    if settings.require_virtualenv and not target.virtualenv:
        raise NoVirtualenv.because(
            "virtualenv-required",
            f"{printable(target.python)} is not in a virtual environment, and one is required",
            hint=_MAKE_ONE,
            origins=_origins(settings, "require_virtualenv"),
        )
    _check_restriction(settings)
    _check_managed(settings, target)
    _check_user_site(settings, target)


def _only_saves(settings: Settings) -> bool:
    """Whether files go to a folder and nothing is installed: `download` and `wheel`."""
    return settings.download_dir is not None or settings.wheel_dir is not None


def _check_managed(settings: Settings, target: Target) -> None:
    """Rule 2."""
    if _only_saves(settings) or (settings.dry_run and settings.report is not None):
        return
    if settings.break_system_packages or not installs_into_target(settings):
        return
    message = target.externally_managed
    if message is not None:
        # PEP 668: an installer shows the distributor's own text.
        lines = message.splitlines() or ["its distributor gives no further advice"]
        raise ExternallyManaged.because(
            "externally-managed-environment",
            "this environment is managed by the system's own package manager",
            context=tuple(printable(line) for line in lines),
            hint=f"{_MAKE_ONE}\n--break-system-packages overrides this at the risk of breaking the system",
        )


def _check_restriction(settings: Settings) -> None:
    """Rule 3."""
    used = settings.described()
    elsewhere = settings.target_dir is not None or _only_saves(settings) or settings.dry_run
    if used and not elsewhere:
        raise CannotInstallThere.because(
            "platform-needs-target",
            f"{' and '.join(used)} cannot be used to install into a running environment",
            hint="add --target DIR, or use: safepip download",
            origins=_origins(settings, "platforms", "python_version", "implementation", "abis"),
        )


def _check_user_site(settings: Settings, target: Target) -> None:
    """Rule 4."""
    if settings.user and target.user_site is None:
        raise CannotInstallThere.because(
            "no-user-site",
            f"{printable(target.python)} does not see the user's own packages, so --user cannot install for it",
            hint="leave --user out",
            origins=_origins(settings, "user"),
        )


def _origins(settings: Settings, *fields: str) -> tuple[Any, ...]:
    """Where the given settings were stated."""
    return tuple(settings.origins[field] for field in fields if field in settings.origins)


def closure(
    root: str, requires: Callable[[str], Iterable[Requirement] | None], markers: Mapping[str, str]
) -> frozenset[str]:
    """The normalised names of `root` and all its dependencies.

    `requires` gives for a name what its installed distribution requires, or None where it is not installed. `markers`
    is the environment in which the conditions on those requirements are evaluated. Extras count only where something
    asks for them.
    """
    reached: set[tuple[str, str]] = set()
    waiting = [(root, "")]
    while waiting:
        node = waiting.pop()
        below = None if node in reached else requires(node[0])
        if below is None:
            continue
        reached.add(node)
        for requirement in below:
            # An extra adds the requirements that are conditional on it; the others count anyway.
            if requirement.marker is not None and not requirement.marker.evaluate({**markers, "extra": node[1]}):
                continue
            name = normalise(requirement.name)
            waiting += [(name, ""), *((name, normalise(extra)) for extra in requirement.extras)]
    return frozenset(name for name, _ in reached)


def own_environment_check(
    resolution: Resolution, target: Target, settings: Settings, own: Callable[[], Collection[str]]
) -> None:
    """Rule 5. `own` gives the normalised names that safepip is made of; it is only asked when that matters.

    Raises `Refused` (`own-environment`) with every distribution that would be replaced by another version, or by
    another copy of itself.
    """
    if not target.own or not installs_into_target(settings):
        return
    # With --ignore-installed nothing counts as replaced, and pip overwrites what is there.
    pins = map(resolution.pins.__getitem__, resolution.to_install)
    replaced = [pin for pin in pins if pin.replaces is not None or settings.ignore_installed]
    names = own() if replaced else ()
    problems = [_own_environment(pin) for pin in replaced if pin.name in names]
    if problems:
        raise Refused(*problems)


def _own_environment(pin: Pin) -> Diagnostic:
    """One replaced part of safepip."""
    there = f"{pin.name} {pin.replaces.version}" if pin.replaces is not None else pin.name
    return Diagnostic(
        "own-environment",
        f"{there} is part of safepip, which runs from this environment, and would be replaced by {pin.version}",
        context=tuple(f"required by {origin.chain()}" for origin in pin.required_by),
        hint="keep safepip in an environment of its own and name the target: safepip --python PATH install ...",
        origins=pin.required_by,
        subject=pin.name,
    )
