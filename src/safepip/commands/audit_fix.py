"""`safepip audit --fix`: the smallest change of a lock that leaves nothing known of it.

1. What the lock was made of is read: what stands beside it on the command line, or the file of the working folder that
   `lock` would take. Where lock and requirements do not fit each other, nothing is changed.
2. The search of `lock` is asked for an answer in which no version is affected (`repairs`).
3. The lock is written in one step, unless `--dry-run` is given, and what changed is told.

The exit code is that of an audit of the new lock.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from safepip.commands.audit_input import AuditInput, locked_versions
from safepip.commands.audit_records import AuditRecords
from safepip.commands.default_files import default_file
from safepip.commands.inputs import read_plan
from safepip.commands.repairs import Repairs
from safepip.edges.disk.local_paths import seen_from
from safepip.edges.disk.lock_files import read_lock_text, write_lock_text
from safepip.edges.disk.near_locks import way_to_a_lock
from safepip.edges.disk.whole_files import is_stream
from safepip.lock.changes import Reasons, changes, reason_of
from safepip.lock.hashed_requirements import each_pin
from safepip.lock.made_of import differences, is_for, lacking
from safepip.lock.pylock import read_lock
from safepip.model.advisories import SEVERITIES, AuditedVersion
from safepip.model.errors import UnusableInput, UsageError
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.plan import LockSettings
from safepip.model.urls import is_url
from safepip.reporting.fix_report import FixedProject, FixReport, UnfixedProject, fix_lines, fix_markdown
from safepip.requirements.lock_requests import is_pylock
from safepip.resolution.askers import limits_of

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from safepip.commands.inputs import Inputs
    from safepip.commands.repairs import Repaired
    from safepip.commands.resources import Resources
    from safepip.model.advisories import AuditOutcome, Vulnerability
    from safepip.model.plan import Plan
    from safepip.options.command_line import ParsedOptions


class _Lock(NamedTuple):
    """The lock that is to be changed: as it was named, its text, and, of a pylock.toml, what it says."""

    path: str
    text: str
    pylock: Pylock | None

    def versions(self, text: str) -> AuditInput:
        """What a text of this lock has."""
        if self.pylock is not None:
            return AuditInput(tuple(locked_versions(text, self.path)))
        origin = Origin(Source.FILE, self.path)
        return AuditInput(tuple(AuditedVersion(name, str(pin.version), origin) for name, pin in each_pin(text)))


def fix(plan: Plan, parsed: ParsedOptions, resources: Resources) -> int:
    """Run `safepip audit --fix`; the exit code. Raises `SafepipError`."""
    _check(plan, parsed)
    if parsed["output_format"] != "text":
        resources.console.answer_alone()
    lock = _read(plan.settings.requirement_files[0])
    lowest = SEVERITIES[parsed["fail_on"]]
    with AuditRecords(plan, resources) as records:
        before = records.judge(lock.versions(lock.text))
        if before.exit_code(lowest) != 1:
            return _reported(FixReport(lock.path, (), ()), before, parsed, resources)
        inputs = read_plan("lock", _plan(plan, parsed, lock, resources), resources)
        _check_made_of(lock, inputs)
        repairs = Repairs(
            inputs, resources, records, lock.text, lambda text: records.judge(lock.versions(text)), lowest
        )
        found = repairs.find(before)
        _check_environments(lock, found)
        report = _report(lock, inputs, found, before)
        if found.text != lock.text and not parsed["dry_run"]:
            report = report._replace(written=True)
            settings = inputs.settings.lock
            assert settings is not None
            write_lock_text(settings.output, found.text)
        if found.built is not None:
            found.built.tell(resources)
        return _reported(report, found.outcome, parsed, resources)


def _check(plan: Plan, parsed: ParsedOptions) -> None:
    files = plan.settings.requirement_files
    hint = "safepip audit --fix -r pylock.toml"
    if parsed["output_format"] not in ("text", "json", "markdown"):
        form = parsed["output_format"]
        message = f"--fix tells what it changes as text, json or markdown; {form} is for what an audit finds afterwards"
        after = f"safepip audit -r pylock.toml --output-format {form}"
        raise UsageError.because("conflicting-options", message, hint=f"{hint}\n{after}")
    if not files or parsed["audit_path"]:
        message = "--fix changes a lock, and none is given by -r"
        raise UsageError.because("conflicting-options", message, hint=hint)
    if is_url(files[0]) or is_stream(files[0]):
        message = f"--fix writes to the lock, and {printable(files[0])} is not a file of this machine"
        raise UsageError.because("conflicting-options", message, hint=hint)


def _read(path: str) -> _Lock:
    text = read_lock_text(path, named=True)
    if text is None:
        message = f"the lock {printable(path)} is not there"
        raise UnusableInput.because("missing-file", message, hint=way_to_a_lock(path))
    if is_pylock(path):
        return _Lock(path, text, read_lock(text, Origin(Source.FILE, path)))
    if not any(pinned.hashes for _, pinned in each_pin(text)):
        word = quote(printable(path))
        raise UsageError.because(
            "conflicting-options",
            f"--fix changes a lock, and {printable(path)} pins nothing by hash",
            hint=f"safepip lock -r {word} makes one, which the lock comes before on the command line:\n"
            f"safepip audit --fix -r pylock.toml -r {word}",
        )
    return _Lock(path, text, None)


def _plan(plan: Plan, parsed: ParsedOptions, lock: _Lock, resources: Resources) -> Plan:
    """The plan of the `lock` that made the lock."""
    known = lock.pylock
    several = " ; " in lock.text if known is None else len(known.environments or ()) > 1
    settings = plan.settings._replace(
        requirement_files=plan.settings.requirement_files[1:],
        groups=() if known is None else tuple(known.dependency_groups or ()),
        lock=LockSettings(
            resources.world.absolute(lock.path),
            requirements=known is None,
            extras=frozenset(() if known is None else known.extras or ()),
            universal=several or bool(parsed["lock_environments"]),
            environments=tuple(parsed["lock_environments"]),
        ),
    )
    if not settings.requirement_files:
        name = default_file(settings._replace(groups=()), resources.world.cwd)
        if name is None:
            raise UnusableInput.because(
                "nothing-asked",
                f"nothing says what {printable(lock.path)} was made of",
                hint=f"safepip audit --fix -r {quote(printable(lock.path))} -r requirements.in",
            )
        resources.console.aside(f"Taking {name} of this folder")
        settings = settings._replace(requirement_files=(name,))
    advisories = plan.policy.advisories._replace(
        refuse=None
    )  # what cannot be fixed is told, and fixes the rest no less
    return plan._replace(settings=settings, policy=plan.policy._replace(advisories=advisories))


def _check_made_of(lock: _Lock, inputs: Inputs) -> None:
    """Raise `UsageError` where the lock was made of something else, or for another environment."""
    requirements, environment = inputs.statements.requirements, inputs.target.markers
    if lock.pylock is None:
        problems = list(lacking({name for name, _ in each_pin(lock.text)}, requirements, environment))
    else:
        problems = list(differences(lock.pylock, requirements, environment))
        if not problems and not is_for(lock.pylock, environment):
            problems = [f"it is not for Python {inputs.target.version} on this system"]
    if problems:
        raise _made_otherwise(lock, problems)


def _check_environments(lock: _Lock, found: Repaired) -> None:
    """Raise `UsageError` where a lock for several environments would be for others afterwards."""
    known = lock.pylock
    if known is None or len(known.environments or ()) < 2 or found.text == lock.text:
        return
    new = read_lock(found.text, Origin(Source.FILE, lock.path))
    if set(map(str, new.environments or ())) != set(map(str, known.environments or ())):
        raise _made_otherwise(lock, ["it would be for other environments than before; --environment names them"])


def _made_otherwise(lock: _Lock, problems: list[str]) -> UsageError:
    more = [f"and {len(problems) - 5} more"] if len(problems) > 5 else []
    return UsageError.because(
        "lock-made-otherwise",
        f"{printable(lock.path)} was made otherwise than this command would change it",
        context=(*map(printable, problems[:5]), *more),
        hint=f"name what it was made of: safepip audit --fix -r {quote(printable(lock.path))} -r FILE\n"
        "or make the lock anew, and fix that: safepip lock -r FILE",
    )


def _report(lock: _Lock, inputs: Inputs, found: Repaired, before: AuditOutcome) -> FixReport:
    settings = inputs.settings.lock
    assert settings is not None
    matters = {"before": _matters(before), "after": _matters(found.outcome)}
    askers = {} if found.built is None else found.built.askers
    reasons = Reasons(askers, limits_of((*inputs.statements.constraints, *found.limits)), settings)
    changed = []
    for change in changes(lock.text, found.text, settings):
        old, new = ", ".join(change.before), ", ".join(change.after)
        known, left = matters["before"].get(change.name, {}), matters["after"].get(change.name, {})
        fixed = tuple(matter for identity, matter in known.items() if identity not in left)
        reason = reason_of(change, reasons) if old and new and old != new else ""
        if old != new:
            changed.append(FixedProject(change.name, old, new, fixed, reason))
    unfixed = [
        UnfixedProject(
            project.subject.name, project.subject.version, matter, found.why(project.subject.name, matter.id)
        )
        for project in found.outcome.projects
        for matter in project.counting
        if (project.subject.name, matter.id) in found.failed
    ]
    notices = () if found.built is None else tuple(n for n in found.built.notices if n.startswith("allowed: cooldown"))
    return FixReport(lock.path, tuple(changed), tuple(unfixed), notices)


def _matters(outcome: AuditOutcome) -> dict[str, dict[str, Vulnerability]]:
    found: dict[str, dict[str, Vulnerability]] = {}
    for project in outcome.projects:
        found.setdefault(project.subject.name, {}).update((matter.id, matter) for matter in project.counting)
    return found


def _reported(report: FixReport, outcome: AuditOutcome, parsed: ParsedOptions, resources: Resources) -> int:
    """Tell what was done; the exit code."""
    console, code = resources.console, outcome.exit_code(SEVERITIES[parsed["fail_on"]])
    shown = report._replace(path=seen_from(resources.world.cwd, resources.world.absolute(report.path)))
    if parsed["output_format"] == "json":
        from safepip import __version__
        from safepip.reporting.fix_json import fix_json

        console.data(fix_json(shown, outcome, __version__, code))
    elif parsed["output_format"] == "markdown":
        if report.changed or report.unfixed:
            console.data(fix_markdown(shown))
    else:
        for line in fix_lines(shown, written=not parsed["dry_run"]):
            console.data(line)
    if not report.changed:
        console.say(f"{shown.path} stays as it is" if report.unfixed else f"nothing to fix in {shown.path}")
    for doubt in (*outcome.doubts, *(f"{p.subject.name}: {why}" for p in outcome.projects for why in p.unverified)):
        console.notice(f"could not be verified: {printable(doubt, 500)}")
    return code
