"""From pins to cleared wheels: fetch, verify, build, read, judge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from safepip.commands.fetching import fetch_wheels
from safepip.config import spent_exemptions
from safepip.edges.disk.archive import ArchiveError, OversizedArchive, WheelReading
from safepip.edges.disk.local_paths import names_of_folder, real_path
from safepip.edges.programs.processors import usable
from safepip.edges.target.ownership import Ownership
from safepip.model.errors import Refused
from safepip.model.events import Doing
from safepip.model.finding import Diagnostic, printable, without_version
from safepip.model.requirement import counts, named_url
from safepip.reporting.messages import overruled
from safepip.rules.context import RuleContext
from safepip.rules.editable_projects import notices
from safepip.rules.judging import judge
from safepip.rules.under_review import WheelUnderReview
from safepip.wheel.install_paths import install_paths_of, layout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.inputs import Inputs
    from safepip.commands.resources import Resources
    from safepip.model.evidence import ClearedWheel, VerifiedFile
    from safepip.model.requirement import Constraint, Requirement
    from safepip.model.resolution import InstalledDistribution, Pin
    from safepip.model.wheel import WheelContent
    from safepip.wheel.install_paths import Layout


def clear(
    decision: Decision,
    resources: Resources,
    pins: Sequence[Pin],
    gone: Sequence[InstalledDistribution] = (),
    *,
    read_back: bool = False,
) -> list[ClearedWheel]:
    """Fetch, verify, build and judge the wheels of these pins, and tell what policy has allowed in them.

    `gone` are the installed distributions that are taken away before these are installed. `read_back` promises that
    what is installed is compared with the wheels, and that nothing stays installed, or known to be sound, which
    differs: only then the wheels that are known to be sound need not be unpacked. Raises `Refused` with everything
    found.
    """
    inputs = decision.inputs
    installed = frozenset(decision.resolution.to_install) if read_back else frozenset[str]()
    chosen, contents, sound = _read(decision, resources, pins, partial(_is_sound, resources, installed))
    context = _beside_installed(inputs, _context(inputs, chosen, contents), gone)
    if inputs.lock_requests:
        from safepip.commands.by_lock import check_lock_is_whole

        check_lock_is_whole(decision, context.wheels)
    if decision.by_hash:
        from safepip.commands.by_hash import check_hashed_is_whole

        check_hashed_is_whole(decision, context.wheels)
    wheels = judge(context, inputs.plan.policy.exemptions)
    for wheel in wheels:
        # What policy has overruled shows that this wheel is not.
        if wheel.file.path not in sound and all(allowed.rule != "wrong-record" for allowed in wheel.allowed):
            resources.store.sound_wheels.note(wheel.file)
    _tell_allowed(inputs, resources, pins, wheels, context)
    return wheels


def _tell_allowed(
    inputs: Inputs, resources: Resources, pins: Sequence[Pin], wheels: Sequence[ClearedWheel], context: RuleContext
) -> None:
    """Tell what policy has allowed in these wheels, and which exceptions were not needed."""
    for line in (*(line for wheel in wheels for line in overruled(wheel)), *notices(context)):
        resources.console.notice(line)
    by_names = not inputs.lock_requests and not inputs.statements.require_hashes
    exemptions = inputs.plan.policy.exemptions
    for line in spent_exemptions.unneeded(exemptions, pins, wheels, names_judged=by_names):
        resources.console.notice(line)
    resources.report_expired(pin.name for pin in pins)


def _read(
    decision: Decision, resources: Resources, pins: Sequence[Pin], is_sound: Callable[[Pin, VerifiedFile], bool]
) -> tuple[list[tuple[Pin, VerifiedFile]], list[WheelContent | ArchiveError], frozenset[str]]:
    """The verified wheels of these pins and what is in them, and the paths of those that were known to be sound.

    Each is read in a thread of its own as soon as it is there. One that is known to be sound takes next to no time.
    """

    def ready(pin: Pin, file: VerifiedFile) -> None:
        # With a single one there is nothing to wait for meanwhile.
        if len(pins) > 1 and file.filename.endswith(".whl") and not is_sound(pin, file):
            reading.begin(file.path, file.filename)

    with WheelReading(usable()) as reading:
        files = fetch_wheels(decision, resources, pins, ready)
        resources.tell(Doing("Checking", f"{len(files)} wheel{'s' if len(files) > 1 else ''}"))
        chosen = list(zip(pins, files, strict=True))
        sound = frozenset(file.path for pin, file in chosen if is_sound(pin, file))
        return chosen, reading.contents([(file.path, file.filename) for file in files], sound), sound


def _is_sound(resources: Resources, installed: frozenset[str], pin: Pin, file: VerifiedFile) -> bool:
    """Whether a wheel need not be unpacked as a whole: an earlier run has done that, and what it holds is read back
    because it is among those to be installed."""
    return pin.name in installed and resources.store.sound_wheels.known(file)


def _context(
    inputs: Inputs, chosen: list[tuple[Pin, VerifiedFile]], contents: list[WheelContent | ArchiveError]
) -> RuleContext:
    """What the rules look at of the wheels themselves. Raises `Refused` for the wheels that cannot be read."""
    target = inputs.target
    layout = layout_of(inputs.settings, target)
    wheels: list[WheelUnderReview] = []
    problems: list[Diagnostic] = []
    for (pin, file), content in zip(chosen, contents, strict=True):
        if isinstance(content, ArchiveError):
            problems.append(unreadable_wheel(pin, file, content))
        else:
            wheels.append(WheelUnderReview(pin, file, content, install_paths_of(content, layout)))
    if problems:
        raise Refused(*problems)
    return RuleContext(
        tuple(wheels),
        layout,
        standard_library=target.standard_library,
        direct_urls=_direct_urls(inputs, chosen),
        markers=target.markers,
        own_folders=_own_folders(pin for pin, _ in chosen),
        resolve=real_path,
    )


def _beside_installed(inputs: Inputs, context: RuleContext, gone: Sequence[InstalledDistribution]) -> RuleContext:
    """The same with what is installed where the wheels will be."""
    context = replace(context, removed=frozenset(item.name for item in gone))
    folders = sorted(_folders_of_distributions(inputs, context.layout))
    there = Ownership(folders, context.replaced, context.layout.moved)
    return replace(
        context,
        owner=there.owner,
        holds=there.holds,
        declares=there.declares,
        hooks=there.hooks,
        names=there.names,
        entry_points=there.entry_points,
    )


def _folders_of_distributions(inputs: Inputs, layout: Layout) -> frozenset[str]:
    """Where to look for installed distributions whose files are in the way."""
    if not inputs.installs:
        return frozenset()
    # The folder of `--target` is among the first, and so are those of `--prefix` and `--root`.
    return layout.site_folders.union(inputs.target.site_paths)


def _direct_urls(inputs: Inputs, chosen: list[tuple[Pin, VerifiedFile]]) -> dict[str, str]:
    """The URLs that the user's requirements, constraints and locks name, by normalised name, as metadata would write
    them."""
    statements, markers = inputs.statements, inputs.target.markers
    everything: tuple[Requirement | Constraint, ...] = (*statements.constraints, *statements.requirements)
    pinned = {pin.name: pin.direct_url for pin, _ in chosen if pin.direct_url is not None}
    counting = [statement for statement in everything if counts(statement, markers)]
    return pinned | {it.name: url for it in counting if (url := named_url(it)) is not None}


def _own_folders(pins: Iterable[Pin]) -> dict[str, tuple[str, ...]]:
    """The folders of the projects that the user named as editable, by normalised name."""
    return {
        pin.name: names_of_folder(pin.direct_url)
        for pin in pins
        if pin.built_from is not None and pin.built_from.source.editable and pin.direct_url is not None
    }


def unreadable_wheel(pin: Pin, file: VerifiedFile, error: ArchiveError) -> Diagnostic:
    """The finding about a wheel that no rule can judge: its archive is broken, read in two ways, or without bounds."""
    if isinstance(error, OversizedArchive):
        reference, message = "oversized-wheel", "is larger, or unpacks to more, than any real one"
    else:
        reference, message = (
            "unreadable-wheel",
            "is a broken or ambiguous archive: two readers could see different files in it",
        )
    return Diagnostic(
        reference,
        f"the wheel of {pin.name} {pin.version} {message}",
        context=(f"{printable(file.filename)}: {printable(str(error))}",),
        hint=f"tell the owner of {pin.name}; {without_version(pin.name, pin.version)}",
        origins=pin.required_by,
        subject=pin.name,
    )
