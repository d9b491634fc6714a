"""Says which environment a run is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.environment.meant import is_named

if TYPE_CHECKING:
    from safepip.edges.console.writing import Console
    from safepip.edges.target.choosing import ChosenEnvironment
    from safepip.edges.user.world import World
    from safepip.environment.verification import EnvironmentFolders
    from safepip.model.plan import Settings, Target


def find_target(settings: Settings, world: World, console: Console) -> Target:
    """The environment that a command means, asked what it is, and named. Raises what `choose` and `probe` raise."""
    from safepip.edges.target.choosing import choose
    from safepip.edges.target.interpreter import probe

    chosen = choose(settings, world.environ, world.cwd)
    target = probe(chosen.python, settings, world.environ)
    tell(chosen, place_of(target), console)
    return target


def find_folders(settings: Settings, world: World, console: Console) -> EnvironmentFolders:
    """The folders of the environment that a command means, and that is named. Nothing of it runs but its interpreter.

    Raises what `choose` and `find_place` raise.
    """
    from safepip.edges.target.choosing import choose
    from safepip.edges.target.listing import find_place

    chosen = choose(settings, world.environ, world.cwd)
    place = find_place(chosen.python, world.environ)
    tell(chosen, (place.prefix, place.version), console)
    return place


def place_of(target: Target) -> tuple[str, str]:
    """The folder of an environment and the version of its Python, whatever `--python-version` says."""
    return target.prefix, target.markers["python_full_version"]


def tell(chosen: ChosenEnvironment, place: tuple[str, str], console: Console) -> None:
    """Name the environment where it might not be the one that you think of; `place` is its folder and its Python."""
    if is_named(chosen.basis, own=chosen.own, named_by=chosen.named_by):
        from safepip.reporting.target_line import target_lines

        for line in target_lines(chosen.basis, chosen.named_by, place, chosen.nearby):
            console.aside(line)


def tell_of_user_site(settings: Settings, target: Target, console: Console) -> None:
    """Say in pip's words that packages go to the user's site and not into the environment.

    At the ordinary verbosity pip is told to be quiet (`handover/instructions.py`), and says it when all is decided.
    """
    from safepip.model.plan import installs_for_user

    if settings.user is None and installs_for_user(settings, target):
        console.say("Defaulting to user installation because normal site-packages is not writeable")
