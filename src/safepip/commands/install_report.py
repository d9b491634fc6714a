"""The report of `--report`, in pip's form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.commands.decision import Decision
    from safepip.commands.resources import Resources
    from safepip.model.evidence import ClearedWheel
    from safepip.model.resolution import Pin, Resolution


def write_report(decision: Decision, resources: Resources, path: str, wheels: Sequence[ClearedWheel] = ()) -> None:
    """Write the report to `path`. Without `wheels` nothing has been judged.

    Raises `Unavailable` (`report-not-written`, `output-not-written`).
    """
    from safepip import __version__
    from safepip.edges.programs.installed_pip import pip_version
    from safepip.reporting.json_report import make_report

    resolution = decision.resolution
    if decision.inputs.lock_requests or decision.by_hash:
        resolution = _with_metadata(decision, resources, wheels)
    pins, builds = resolution.pins.values(), decision.builds
    records = {pin.name: record for pin in pins if builds is not None and (record := builds.record(pin)) is not None}
    text = make_report(resolution, decision.inputs.target.markers, pip_version(), __version__, wheels, records)
    if path == "-":
        resources.console.report(text)
    else:
        _write(path, resources.console.redacted(text))


def _write(path: str, text: str) -> None:
    """Write a report to a file. Raises `Unavailable` (`report-not-written`), and then what was there is there."""
    from safepip.edges.disk.whole_files import write_whole

    try:
        write_whole(path, text, in_place=True)
    except OSError as error:
        from safepip.edges.console.ways_to_write import way_to_write
        from safepip.model.errors import Unavailable

        message = f"the report cannot be written: {error.strerror or type(error).__name__}"
        hint = way_to_write(error, path, "name another file with --report, or print it with --report -")
        raise Unavailable.because("report-not-written", message, context=(printable(path),), hint=hint) from None


def _with_metadata(decision: Decision, resources: Resources, wheels: Sequence[ClearedWheel]) -> Resolution:
    """The resolution with the metadata of what is installed: a lock is installed without reading it.

    It is that of the `wheels`, and without them, in a dry run, what the index says.
    """
    from safepip.wheel.metadata import parse_metadata

    inside = {wheel.pin.name: wheel.content.info("METADATA") or b"" for wheel in wheels}
    pins, catalog = dict(decision.resolution.pins), decision.catalog
    for pin in decision.to_install:
        assert pin.candidate is not None
        text = inside.get(pin.name)
        if text is None and catalog.unasked(pin.candidate):
            text = _stored_metadata(decision, resources, pin)
        read = catalog.metadata(pin.candidate) if text is None else parse_metadata(text, verified=True)
        pins[pin.name] = pin._replace(metadata=read)
    return decision.resolution._replace(pins=pins)


def _stored_metadata(decision: Decision, resources: Resources, pin: Pin) -> bytes:
    """The METADATA of a wheel that only the store may give. Raises `Unavailable` (`not-in-store`), `Refused`."""
    from safepip.commands.clearing import unreadable_wheel
    from safepip.commands.fetching import fetch_wheels
    from safepip.edges.disk.archive import ArchiveError, read_wheel_metadata
    from safepip.model.errors import Refused

    (file,) = fetch_wheels(decision, resources, [pin])
    try:
        return read_wheel_metadata(file.path, file.filename)
    except ArchiveError as problem:
        raise Refused(unreadable_wheel(pin, file, problem)) from None
