"""Why no version of a project satisfies one statement: which versions it means, why each is rejected, what would help.

A statement is a requirement on a project by the user or a distribution, or what the user's constraints allow of it. It
is *dead* where no version that it means can be chosen for it alone, even without all other statements. Then there is no
conflict, and the message says what was decided about those versions: that there are none, that they have no wheel for
this environment, that an option or a rule leaves them out. The hint follows from these decisions and from nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.finding import Diagnostic, printable
from safepip.model.index import IndexKind
from safepip.model.spans import day_and_time
from safepip.resolution.nodes import ANY_VERSION
from safepip.resolution.version_runs import about, any_of, first_few, fold, newest, required_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from safepip.model.candidate import Candidate, ProjectCandidates, RejectedVersion
    from safepip.model.origin import Origin
    from safepip.resolution.catalog import RoutedCandidates
    from safepip.resolution.provider import Provider

#: What says that a version has no wheel for the environment.
_WHEELLESS = ("sdist-only", "only-binary", "other-python", "platform", "python", "requires-python")


class Statement(NamedTuple):
    """A demand on a project, and where it comes from. `stated` is how a message names it, `asker` the project whose
    requirement it is, empty where the user can change it."""

    project: str
    specifier: SpecifierSet
    stated: str
    origins: tuple[Origin, ...]
    asker: str = ""


class PassedOver(NamedTuple):
    """Why one version is not chosen: `kind` is a key of `_HELP`, or else nothing can be done about it. `buildable` says
    that it has a source archive that could be built if that were approved."""

    version: Version
    kind: str
    line: str
    buildable: bool = False


#: What helps against each kind of decision; `{name}`, `{version}` and `{more}` are of the newest version it hit.
_HELP = {
    "only-binary": "leave {name} out of --only-binary: {version} has to be built from its source archive",
    "other-python": "{name} {version} is a source archive for other Pythons: name one of those with --python",
    "platform": "{name} {version} is for other platforms: ask its publisher for a wheel for this one",
    "python": "{name} {version} has wheels for other Pythons: name one of those with --python",
    "requires-python": "name an interpreter with --python that {name} {version} admits ({more})",
    "no-binary": "leave {name} out of --no-binary",
    "uploaded": "name a later moment with --uploaded-prior-to, or leave the option out",
    "yanked": "if the reason for yanking it does not matter to you, pin it: {name}=={version}",
    "pre-release": "to take pre-releases: --all-releases {name}",
}


def is_dead(statement: Statement, available: ProjectCandidates, provider: Provider) -> bool:
    """Whether nothing that could be chosen satisfies this one statement."""
    if provider.keepable(statement.project, frozenset(), statement.specifier) is not None:
        return False
    usable = provider.finder.applicable(available, statement.specifier)
    return all(candidate in provider.memory.unusable for candidate in usable)


def dead_end(statements: Sequence[Statement], routed: RoutedCandidates, provider: Provider) -> Diagnostic:
    """The diagnostic of statements on one project that are dead, at least one."""
    available, first = routed.available, statements[0]
    asked = tuple(f"asked: {index.name}  {index.location or index.url}" for index in routed.asked)
    origins = tuple(dict.fromkeys(origin for statement in statements for origin in statement.origins))
    chains = tuple(first_few(fold(map(required_by, origins), provider.judged.versions_of), "required by {} more"))
    stated = " and ".join(first_few(dict.fromkeys(statement.stated for statement in statements), "{} more", most=2))
    if routed.absent and routed.route.index is None:
        return _no_source(first, stated, chains, origins)
    if routed.absent:
        return _no_such_project(first, stated, (*asked, *chains), origins, provider.judged.guess(first.project), routed)
    verdicts = [v for statement in statements for v in verdicts_on(statement.specifier, available, provider)]
    verdicts = list(dict.fromkeys(verdicts))
    have = newest(c.version for c in provider.finder.usable(available))
    lines = [f"Could not find a version that satisfies the requirement {stated} (from versions: {have})"]
    lines += passed_over(available, verdicts, provider)
    if available.dropped:
        lines.append(f"entries of its page that cannot be used: {available.dropped}")
    # A wheel that turned out to be unusable, or that a rule or an option leaves out, still counts as a wheel.
    spoilt = any(provider.finder.applicable(available, statement.specifier) for statement in statements)
    wheelless = bool(verdicts) and not spoilt and all(verdict.kind in _WHEELLESS for verdict in verdicts)
    why = _why(available, left_out=bool(verdicts) or spoilt, wheelless=wheelless)
    hint = _hint(available, verdicts, provider, any_of(s.asker for s in statements if s.asker))
    reference = "no-wheel" if wheelless else "no-matching-version"
    message = f"No matching distribution found for {stated}{why}"
    return Diagnostic(reference, message, (*lines, *asked, *chains), hint, origins, available.name)


def _no_source(first: Statement, stated: str, context: tuple[str, ...], origins: tuple[Origin, ...]) -> Diagnostic:
    """With `--no-index` nothing is asked, and nothing that is installed satisfies the statement."""
    message = f"no index answers for {first.project}: --no-index is given, and no folder by --find-links"
    context = (f"Could not find a version that satisfies the requirement {stated} (from versions: none)", *context)
    hint = "name a folder that has it (--find-links FOLDER), or leave --no-index out: the command line, PIP_NO_INDEX,"
    hint += " pip's configuration or a requirements file has it"
    return Diagnostic("no-source", message, context, hint, origins, first.project)


def _no_such_project(
    first: Statement,
    stated: str,
    context: tuple[str, ...],
    origins: tuple[Origin, ...],
    guess: str | None,
    routed: RoutedCandidates,
) -> Diagnostic:
    hint = "check the spelling, and whether the index that has it is among those asked"
    if any(index.kind is IndexKind.SIMPLE and "simple" not in index.url.path for index in routed.asked):
        hint += "; the URL of most indexes ends in /simple/"
    if guess is not None:
        hint = f"did you mean {guess}? Otherwise {hint}"
    if first.project in ("requirements-txt", "requirements.txt"):
        hint = "to take what a file lists, write -r before its name"
    line = f"Could not find a version that satisfies the requirement {stated} (from versions: none)"
    message = f"No matching distribution found for {stated}"
    return Diagnostic("no-such-project", message, (line, *context), hint, origins, first.project)


def passed_over(available: ProjectCandidates, verdicts: Iterable[PassedOver], provider: Provider) -> list[str]:
    """Lines on versions that are not chosen: those whose metadata turned out unusable, and those of the verdicts."""
    project = available.name
    considered = provider.finder.considered(available)
    versions = {item.version for items in (considered.candidates, considered.rejected) for item in items}
    told = [
        *(about(project, candidate.version, reason) for candidate, reason in provider.memory.reasons(project)),
        *(about(project, verdict.version, verdict.line) for verdict in verdicts),
    ]
    return first_few(fold(told, lambda _: versions), "and {} more reasons")


def verdicts_on(specifier: SpecifierSet, available: ProjectCandidates, provider: Provider) -> Iterator[PassedOver]:
    """What was decided about each version that a specifier means, newest first."""
    considered = provider.finder.considered(available)
    found: dict[Version, PassedOver | None] = {}
    for candidate in considered.candidates:
        if specifier.contains(candidate.version, prereleases=True):
            verdict = _of_candidate(candidate, specifier, available, provider)
            found[candidate.version] = None if verdict is None else found.get(candidate.version, verdict)
    left_out = provider.finder.selection.leaves_out_archives(available.name)
    for rejected in considered.rejected:
        if specifier.contains(rejected.version, prereleases=True):
            found[rejected.version] = _of_rejected(rejected, archives_left_out=left_out)
    yield from (verdict for _, verdict in sorted(found.items(), reverse=True) if verdict is not None)


def _of_candidate(
    candidate: Candidate, specifier: SpecifierSet, available: ProjectCandidates, provider: Provider
) -> PassedOver | None:
    """Why a file that fits the environment is not offered; None where it is."""
    version, selection = candidate.version, provider.finder.selection
    if candidate.is_wheel and selection.leaves_out_wheels(available.name):
        return PassedOver(version, "no-binary", f"{version} has a wheel, and --no-binary leaves out wheels")
    if selection.uploaded_before is not None and candidate not in provider.finder.offered(available):
        uploaded, limit = day_and_time(candidate.file.upload_time or 0.0), day_and_time(selection.uploaded_before)
        return PassedOver(
            version, "uploaded", f"{version} was uploaded on {uploaded}, and --uploaded-prior-to says {limit}"
        )
    held = provider.finder.held_candidate(available, candidate)
    if held is not None:
        return PassedOver(version, "", held.line())
    if candidate.file.yanked is not None and candidate not in provider.finder.applicable(available, specifier):
        reason = printable(candidate.file.yanked, 120) or "none given"
        return PassedOver(version, "yanked", f"{version} is yanked (reason: {reason}), and no version is pinned")
    if version.is_prerelease and candidate not in provider.finder.applicable(available, specifier):
        return PassedOver(version, "pre-release", f"{version} is a pre-release, and nothing asks for one")
    return None


def _of_rejected(rejected: RejectedVersion, *, archives_left_out: bool) -> PassedOver:
    """Why a version without a wheel is not offered. `archives_left_out`: an option leaves out source archives."""
    line, buildable = f"{rejected.version} {why_rejected(rejected)}", rejected.has_archive and not archives_left_out
    kind = rejected.reason
    if kind == "sdist-only" and not rejected.has_archive:
        kind = "other-python"
    elif kind == "sdist-only" and archives_left_out:
        kind, line = "only-binary", f"{line}, and --only-binary leaves it out"
    return PassedOver(rejected.version, kind, line, buildable)


def why_rejected(rejected: RejectedVersion) -> str:
    """Why a version has no candidate, to go on after its number."""
    detail = printable(rejected.detail)
    return {
        "sdist-only": f"has a source archive only ({detail})" if detail else "has a source archive only",
        "platform": f"has wheels for other platforms only ({detail})",
        "python": f"has wheels for other Pythons only ({detail})",
        "requires-python": f"requires Python {detail}",
    }[rejected.reason]


def _why(available: ProjectCandidates, *, left_out: bool, wheelless: bool) -> str:
    if wheelless:
        return ": no version that fits has a wheel for this environment"
    if not available.files:
        return ": no entry of its page can be used" if available.dropped else ": its page lists no file"
    return ": every version that fits is left out" if left_out else ""


def _hint(available: ProjectCandidates, verdicts: Sequence[PassedOver], provider: Provider, askers: str) -> str:
    """One line for each kind of decision, about the newest version that it hit; then the other versions there are."""
    name = available.name
    lines: dict[str, str] = {}
    for verdict in verdicts:
        if verdict.kind in _HELP and verdict.kind not in lines:
            more = verdict.line.partition("requires ")[2]
            lines[verdict.kind] = _HELP[verdict.kind].format(name=name, version=verdict.version, more=more)
    # Reached only by a name that routing and the rules on names have passed: what is built is the owner's archive.
    buildable = next((verdict.version for verdict in verdicts if verdict.buildable), None)
    way = provider.finder.build_hint(name) if buildable is not None else ""
    if way:
        lines["build"] = f"{name} {buildable} has to be built: look first at its source archive on its index\n{way}"
    usable = {
        c.version for c in provider.finder.applicable(available, ANY_VERSION) if c not in provider.memory.unusable
    }
    if askers:
        lines["other"] = f"ask for another version of {askers}"
    elif usable:
        lines["other"] = f"versions that can be installed: {newest(usable)}"
    elif provider.memory.reasons(name):
        lines["other"] = f"only the publisher of {name} can correct this: report it there"
    return "\n".join(lines.values())
