"""`safepip lock`: read, decide for an empty environment, write down what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.inputs import read_inputs
from safepip.commands.resources import Resources
from safepip.edges.disk.local_paths import is_same, name_of, seen_from
from safepip.edges.disk.lock_files import read_lock_text, write_lock_text
from safepip.edges.disk.lock_memory import LockMemory
from safepip.edges.disk.whole_files import is_stream
from safepip.lock.inputs import digest_of_inputs
from safepip.model.errors import UnusableInput, UsageError
from safepip.model.origin import Origin, Source
from safepip.model.plan import NameSet
from safepip.requirements.lock_requests import is_pylock
from safepip.requirements.places import is_pyproject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.inputs import Inputs
    from safepip.commands.lock_building import BuiltLock
    from safepip.edges.console.writing import Console
    from safepip.model.plan import LockSettings
    from safepip.model.requirement import Constraint, Requirement


def lock(argv: Sequence[str]) -> int:
    """Run `safepip lock` with these arguments, the verb left out. Raises `SafepipError`."""
    with Resources() as resources:
        inputs = read_inputs("lock", argv, resources)
        settings, console = inputs.settings.lock, resources.console
        assert settings is not None
        _check(inputs, resources, settings)
        if is_stream(settings.output):
            console.answer_alone()
        before = None if is_stream(settings.output) else read_lock_text(settings.output)
        memory, digest = LockMemory(_remembered_in(inputs, resources)), _digest(inputs, resources)
        shown = seen_from(inputs.cwd, settings.output)
        if before is None and settings.check:
            console.aside(f"there is no lock {shown}: `safepip lock` without --check makes it")
            return _out_of_date(inputs, settings, f"there is no lock {shown}")
        # A lock that was found to be right less than a day ago, by the same inputs, is right.
        if before is not None and _keeps(settings) and not _may_move(inputs) and memory.knows(digest, before):
            return _unchanged(console, settings, shown)
        from safepip.commands.lock_building import build_lock

        built = build_lock(inputs, resources, before, settings)
        built.tell(resources)
        if before is not None and built.text != before:
            _report_changes(inputs, console, before, built)
        if built.text != before and settings.check:
            from safepip.text.differences import difference

            console.data("\n".join(difference(before or "", built.text, shown, f"{shown} (as asked)")))
            return _out_of_date(inputs, settings, f"{shown} is not what is asked for")
        if built.text != before:
            write_lock_text(settings.output, built.text)
        memory.remember(digest, built.text)
        if built.text == before:
            return _unchanged(console, settings, shown)
        if not is_stream(settings.output):
            several = "" if built.projects == 1 else "s"
            console.say(f"Locked {built.projects} project{several} in {shown}")
        return 0


def _out_of_date(inputs: Inputs, settings: LockSettings, message: str) -> int:
    """The exit code of --check; where a program is to read the outcome, raise `UnusableInput`, which says so."""
    if not inputs.settings.display.form:
        return 1
    place = Origin(Source.FILE, settings.output)
    hint = "make it anew, without --check, and look at what changes"
    raise UnusableInput.because("lock-out-of-date", message, hint=hint, origins=(place,))


def _unchanged(console: Console, settings: LockSettings, shown: str) -> int:
    """Say that the lock stays as it is; the exit code."""
    if not settings.check:
        console.say(f"{shown} is up to date")
    return 0


def _report_changes(inputs: Inputs, console: Console, before: str, built: BuiltLock) -> None:
    """Tell which projects are in another version than before, and why."""
    from safepip.lock.changes import Reasons, changes, lines
    from safepip.resolution.askers import limits_of

    settings = inputs.settings.lock
    assert settings is not None
    reasons = Reasons(built.askers, limits_of(inputs.statements.constraints), settings)
    every = inputs.settings.display.verbosity > 0
    console.aside("\n".join(["Changed:", *lines(changes(before, built.text, settings), reasons, every=every)]))


def _remembered_in(inputs: Inputs, resources: Resources) -> str | None:
    """The cache folder; None where nothing may be remembered: asked for afresh, or made of what changes under its name:
    a wheel or a folder of wheels that is named directly, a file beside the requirements that has a say."""
    plan, settings = inputs.plan, inputs.settings
    files = settings.building.constraint_files or plan.policy.advisories.vex or plan.well_known_names()[0]
    folders = any(index.url.scheme == "file" for index in plan.indexes)
    if resources.store.private or settings.refresh != NameSet() or folders or files:
        return None
    return None if any(statement.url is not None for statement in _stated(inputs)) else resources.store.root


def _check(inputs: Inputs, resources: Resources, settings: LockSettings) -> None:
    """Raise for options that would have no effect; tell of a name by which no tool would know a lock."""
    if settings.check and is_stream(settings.output):
        raise UsageError.because(
            "conflicting-options",
            "--check compares the requirements with a lock, and --output does not name a file",
            hint="safepip lock --check -o pylock.toml",
        )
    if not (settings.check or is_stream(settings.output)):
        _check_output(inputs, settings)
    files = inputs.settings.requirement_files
    if (settings.extras or settings.all_extras) and not any(map(is_pyproject, files)):
        raise UnusableInput.because(
            "invalid-project",
            "--extra and --all-extras mean the extras of a pyproject.toml, and none is given by -r",
            hint="safepip lock -r pyproject.toml --extra NAME; the extras of others are written NAME[EXTRA]",
        )

    if not (settings.requirements or is_stream(settings.output) or is_pylock(settings.output)):
        # PEP 751, "File Name": a tool knows a lock by its name. pip, too, warns and writes it.
        name = name_of(settings.output)
        resources.console.notice(f"{name} is not a lock's name: tools look for pylock.toml or pylock.NAME.toml")


def _check_output(inputs: Inputs, settings: LockSettings) -> None:
    """A lock does not take the place of a file that it is made of, which a person has written. Raises `UsageError`."""
    given = inputs.settings
    files = {*given.requirement_files, *given.constraint_files, *given.building.constraint_files, given.script or ""}
    for statement in _stated(inputs):
        origin: Origin | None = statement.origin
        while origin is not None:
            files.add(origin.where if origin.source is Source.FILE else "")
            origin = origin.parent
    if any(file and is_same(settings.output, file, inputs.cwd) for file in files):
        raise UsageError.because(
            "conflicting-options",
            f"the lock would take the place of {seen_from(inputs.cwd, settings.output)}, which it is made of",
            hint="name another file with -o, or leave it out: then the lock is pylock.toml",
        )


def _keeps(settings: LockSettings) -> bool:
    """Whether a lock that is up to date stays as it is."""
    return not settings.upgrade and not settings.upgrade_names


def _may_move(inputs: Inputs) -> bool:
    """Whether what is named directly may be other code today: a folder, a file of this machine, a repository."""
    return any(each.source is not None or (each.url or "").startswith("file:") for each in _stated(inputs))


def _stated(inputs: Inputs) -> tuple[Requirement | Constraint, ...]:
    """All that may name a place: a constraint says where a project comes from as a requirement does."""
    return *inputs.statements.requirements, *inputs.statements.constraints


def _digest(inputs: Inputs, resources: Resources) -> str:
    """The digest of all that the lock depends on. Raises `Unavailable` for advisories that cannot be used."""
    from safepip import __version__

    return digest_of_inputs(
        __version__,
        inputs.statements,
        inputs.plan,
        inputs.target,
        inputs.requires_python,
        resources.advisories.stated,
    )
