"""The parsed command line judged, before anything is read or fetched.

Options that exclude each other end with pip's exit code (1), wrong values with 2, and all of a kind are reported at
once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from safepip.model.errors import UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import is_name
from safepip.model.origin import Source
from safepip.model.urls import is_url, shown
from safepip.options.settings import cooldown_of
from safepip.options.table import INSTALL
from safepip.requirements.places import if_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.origin import Origin
    from safepip.options.command_line import ParsedOptions


def check(parsed: ParsedOptions, *, may_be_empty: bool = False) -> None:
    """Raise `UsageError` for options that pip does not accept together (exit 1) and for wrong values (exit 2)."""
    numbers = [*_numbers(parsed), *_values(parsed), *_paths(parsed)]
    if numbers:
        raise UsageError(*numbers)
    problems = list(_contradictions(parsed))
    if problems:
        error = UsageError(*problems)
        error.exit_code = 1
        raise error
    if may_be_empty:
        return
    asked = ("requirements", "editables", "dependency_groups", "requirements_from_scripts")
    if not (parsed.asks_nothing or any(map(str.strip, parsed.arguments)) or any(parsed[dest] for dest in asked)):
        raise _no_requirements(parsed)


def _no_requirements(parsed: ParsedOptions) -> UsageError:
    hint = f"name a project, or a file with -r FILE; `safepip {parsed.verb} --help` lists all ways"
    links = parsed.origin("find_links")
    if links is not None and links.source is Source.COMMAND_LINE:
        hint = "--find-links takes the next word: did you mean to name a project after it?"
    error = UsageError(Diagnostic("nothing-asked", "no requirements given", hint=hint))
    error.exit_code = 1
    return error


def _numbers(parsed: ParsedOptions) -> Iterator[Diagnostic]:
    for dest, least in {"timeout": 0, "retries": 0, "resume_retries": 0, "jobs": 1}.items():
        value = parsed[dest]
        if value is not None and not least <= value < math.inf:
            message = f"--{dest.replace('_', '-')} {value}: the number must be {least} or more, and finite"
            yield Diagnostic("bad-option", message, origins=parsed.stated.get(dest, ()))


def _values(parsed: ParsedOptions) -> Iterator[Diagnostic]:
    """Wrong values of safepip's own options, and those that pip takes for something that nobody means."""
    try:
        cooldown_of(parsed)
    except ValueError as fault:
        from safepip.model.spans import FORMS

        message = f"--cooldown: {printable(parsed['cooldown'])!r} {fault}"
        yield Diagnostic("bad-option", message, hint=FORMS, origins=parsed.stated["cooldown"])
    for dest, flag in (("allow_names", "--allow-name"), ("allow_builds", "--allow-build")):
        for name in parsed[dest]:
            if not is_name(name):
                message = f"{flag}: {printable(name)!r} is not a valid project name"
                yield Diagnostic("bad-option", message, origins=parsed.stated[dest])
    for dest, flag in (("prefix_path", "--prefix"), ("root_path", "--root"), ("target_dir", "--target")):
        # To pip an empty prefix is the root of the machine, an empty root the working folder, and an empty target none.
        if parsed[dest] == "":
            yield Diagnostic("bad-option", f"{flag} is empty", hint="name a folder", origins=parsed.stated[dest])
    if parsed["well_known_names"] is not None and not parsed["well_known_names"].strip():
        message = "--well-known-names needs the path of a file"
        yield Diagnostic("bad-option", message, origins=parsed.stated["well_known_names"])


#: Options that name a file to be read, which is never fetched from a network.
_FILES = {
    "config": "--config",
    "well_known_names": "--well-known-names",
    "cert": "--cert",
    "client_cert": "--client-cert",
    "requirements_from_scripts": "--requirements-from-script",
}


def _paths(parsed: ParsedOptions) -> Iterator[Diagnostic]:
    """URLs where the path of a local file is needed: they are never tried as a path."""
    for dest, flag in _FILES.items():
        value: Any = parsed[dest]
        for text in [value] if isinstance(value, str) else value or ():
            if is_url(text):
                message = f"{flag}: {printable(shown(text))} is a URL, and the path of a local file is needed"
                yield Diagnostic("bad-option", message, hint=if_path(text), origins=parsed.stated.get(dest, ()))


def _clash(parsed: ParsedOptions, message: str, *dests: str, hint: str = "") -> Diagnostic:
    places: tuple[Origin, ...] = tuple(place for dest in dests for place in parsed.stated.get(dest, ())[-1:])
    return Diagnostic("conflicting-options", message, hint=hint, origins=places)


def _contradictions(parsed: ParsedOptions) -> Iterator[Diagnostic]:
    if parsed["use_user_site"] and parsed["target_dir"] is not None:
        yield _clash(parsed, "--user and --target exclude each other", "use_user_site", "target_dir")
    if parsed["use_user_site"] and parsed["prefix_path"]:
        yield _clash(parsed, "--user and --prefix exclude each other", "use_user_site", "prefix_path")
    if parsed["only_dependencies"]:
        for dest, flag in _NOT_WITH_ONLY_DEPS.items():
            if parsed[dest]:
                yield _clash(parsed, f"--only-deps and {flag} exclude each other", "only_dependencies", dest)
    if parsed["build_constraints"] and not parsed["build_isolation"]:
        message = "--build-constraint and --no-build-isolation exclude each other"
        yield _clash(parsed, message, "build_constraints", "build_isolation")
    if parsed["pre"] and (parsed["all_releases"] or parsed["only_final"]):
        yield _clash(parsed, "--pre excludes --all-releases and --only-final", "pre", "all_releases")
    if parsed["require_hashes"] and parsed["no_require_hashes"]:
        message = "--require-hashes and --no-require-hashes exclude each other"
        yield _clash(parsed, message, "require_hashes", "no_require_hashes")
    if len(parsed["requirements_from_scripts"]) > 1:
        yield _clash(parsed, "--requirements-from-script can be given only once", "requirements_from_scripts")
    yield from _target_python(parsed)


_NOT_WITH_ONLY_DEPS = {
    "ignore_dependencies": "--no-deps",
    "requirements": "--requirement",
    "requirements_from_scripts": "--requirements-from-script",
    "dependency_groups": "--group",
}
_TARGET_PYTHON = ("platforms", "python_version", "implementation", "abis")


def _target_python(parsed: ParsedOptions) -> Iterator[Diagnostic]:
    described = [dest for dest in _TARGET_PYTHON if parsed[dest]]
    if not described:
        return
    # pip demands --only-binary :all: or --no-deps here, so that nothing is built for another machine. safepip builds
    # nothing there in any case (`build.approval`), so all that is left is that --no-binary must not ask for it.
    if parsed["no_binary"] and not parsed["ignore_dependencies"]:
        message = "--no-binary cannot be used for another platform or Python, where nothing can be built"
        yield _clash(parsed, message, "no_binary", *described)
    # pip: wheels that were chosen for another machine must not be installed into the running environment.
    if parsed.verb == INSTALL and not parsed["dry_run"] and not parsed["target_dir"]:
        message = "wheels for another platform or Python can be installed with --target or tried with --dry-run only"
        yield _clash(parsed, message, *described, hint="add --target DIR or --dry-run, or use `safepip download`")
