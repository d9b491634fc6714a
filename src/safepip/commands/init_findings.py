"""Reads what `init` migrates from: pip's configuration, requirements files, and what uv, Poetry and PDM are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.edges.disk.local_paths import folder_of, is_file, name_of
from safepip.edges.disk.project_files import files_of_project, read_project_text
from safepip.edges.disk.requirements_files import load
from safepip.migration.findings import LINKS, Findings, FoundIndex, Role, UnreadSource, read_source, together
from safepip.migration.names_in_use import project_names, read_lock
from safepip.migration.parts import InstallPart, parts_of_project
from safepip.migration.pdm import read_pdm, read_pdm_settings, read_pdm_variables
from safepip.migration.poetry import read_poetry
from safepip.migration.tool_tables import table
from safepip.migration.uv import read_uv, read_uv_variables
from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.model.index import IndexKind
from safepip.model.origin import BUILT_IN
from safepip.model.urls import read_host
from safepip.requirements.lock_requests import is_pylock
from safepip.text.toml_reading import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safepip.commands.resources import Resources
    from safepip.migration.findings import FoundSource
    from safepip.model.index import Index, IndexUrl
    from safepip.model.origin import Origin
    from safepip.model.plan import Plan
    from safepip.model.requirement import Constraint, Requirement
    from safepip.requirements.file_format import FileOption

_HIGHEST = "pip compares the versions of all its indexes: the highest one wins, an attacker's too"
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_ROLES = {"index-url": Role.DEFAULT, "extra-index-url": Role.EXTRA}


class Material(NamedTuple):
    """What was read, from which files, and what an install can be asked for in them."""

    findings: Findings
    files: tuple[str, ...]
    parts: tuple[InstallPart, ...]


def read_material(plan: Plan, built_in: IndexUrl, resources: Resources, known: Iterable[IndexUrl]) -> Material:
    """Read the files that the command names, or those of the working folder where it names none.

    `plan` has pip's indexes, and `known` are URLs of others that the command line names. Raises `UsageError`,
    `Unavailable`, `Refused`.
    """
    cwd = resources.world.cwd
    stated = (*plan.settings.requirement_files, *plan.settings.requirements)
    files = list(dict.fromkeys(stated)) or files_of_project(cwd)
    texts = [path for path in files if not _is_toml(path)]
    found = [_of_pip(plan, texts, resources, known), *_of_variables(resources)]
    parts = [InstallPart(path) for path in texts]
    for path in files:
        if _is_toml(path):
            findings, more = _of_toml(path, built_in, resources)
            found += findings
            parts += more
    return Material(together(found), tuple(files), tuple(parts))


def _is_toml(path: str) -> bool:
    name = name_of(path)
    return is_pylock(name) or name in ("pyproject.toml", "uv.toml", "pdm.toml", *_LOCKS)


# --- pip -----------------------------------------------------------------------------------------------------------


def _of_pip(plan: Plan, files: Sequence[str], resources: Resources, known: Iterable[IndexUrl]) -> Findings:
    """What pip's configuration and the requirements files say."""
    urls = (*(index.url for index in plan.indexes if index.origin != BUILT_IN), *known)
    read = [_of_requirements(path, plan, resources, urls) for path in files]
    replaced = bool(read) and all(found.replaces_default for found in read)
    sources: list[FoundSource] = []
    for index in plan.indexes:
        if index.kind is IndexKind.FIND_LINKS:
            sources.append(UnreadSource(LINKS, Role.EXTRA, index.origin))
        elif index.origin != BUILT_IN and not (index.default and replaced):
            sources.append(_stated(index))
    found = together([Findings(tuple(sources)), *read])
    built_in = any(index.origin == BUILT_IN for index in plan.indexes)
    several = len({index.url for index in found.indexes}) + (built_in and not replaced) > 1
    return found._replace(
        trusted_hosts=plan.settings.network.trusted_hosts,
        notes=(*([_HIGHEST] if several else []), *found.notes),
        default_too=bool(found.sources) and built_in and not replaced,
        no_index=plan.settings.no_index or found.no_index,
    )


def _stated(index: Index) -> FoundIndex:
    return FoundIndex(index.url, Role.DEFAULT if index.default else Role.EXTRA, index.origin)


def _of_requirements(path: str, plan: Plan, resources: Resources, known: tuple[IndexUrl, ...]) -> Findings:
    """What one requirements file, with all that it includes, says."""
    settings = plan.settings._replace(
        requirements=(), requirement_files=(path,), constraint_files=(), editables=(), groups=(), script=None
    )
    world = resources.world
    fetch = resources.network.fetch_text
    loaded = load(settings, world.environ, world.cwd, resources.credentials, fetch, known=known, may_be_empty=True)
    statements: tuple[Requirement | Constraint, ...] = (*loaded.requirements, *loaded.constraints)
    return Findings(
        tuple(source for option in loaded.options for source in _of_option(option, known)),
        names=tuple((s.name, s.origin) for s in statements if s.name and s.url is None),
        requested_trust=tuple(_requested_trust(loaded.options)),
        no_index=any(option.name == "no-index" for option in loaded.options),
    )


def _of_option(option: FileOption, known: tuple[IndexUrl, ...]) -> Iterator[FoundSource]:
    if option.name == "find-links":
        yield UnreadSource(LINKS, Role.EXTRA, option.origin)
    role = _ROLES.get(option.name)
    if role is None:
        return
    if option.source != "":
        yield UnreadSource("an index whose URL has a variable in it", role, option.origin)
        return
    source = read_source(option.value, role, option.origin, folders=True)
    if isinstance(source, FoundIndex):
        named = any(other == source.url or other.contains(str(source.url)) for other in known)
        source = source._replace(hidden=option.expanded and not named)
    yield source


def _requested_trust(options: Iterable[FileOption]) -> Iterator[tuple[str, Origin]]:
    """The hosts of `--trusted-host`: who writes a requirements file does not say whom this user trusts."""
    for option in options:
        if option.name == "trusted-host" and option.value and option.source == "" and read_host(option.value):
            yield option.value, option.origin


# --- other tools ---------------------------------------------------------------------------------------------------


def _of_variables(resources: Resources) -> Iterator[Findings]:
    """What the variables of uv and PDM say, and the file that one of uv's names."""
    absorb, environ = resources.credentials.absorb, resources.world.environ
    yield read_uv_variables({name: absorb(value) for name, value in environ.items() if name.startswith("UV_")})
    yield read_pdm_variables(absorb(environ.get("PDM_PYPI_URL", "")), environ.get("PDM_IGNORE_STORED_INDEX", ""))
    named = environ.get("UV_CONFIG_FILE")
    if named:
        text, data = _toml(named, resources)
        yield read_uv(data, {}, text, named, ())


def _of_toml(path: str, built_in: IndexUrl, resources: Resources) -> tuple[list[Findings], list[InstallPart]]:
    """What a TOML file says to each tool, and what an install can be asked for in it."""
    text, data = _toml(path, resources)
    name, cwd = name_of(path), resources.world.cwd
    if is_pylock(name) or name in _LOCKS:
        return [read_lock(data, path)], [InstallPart(path, is_lock=True)] if is_pylock(name) else []
    if name == "uv.toml":
        beside = _beside(path, "pyproject.toml")
        return [read_uv(data, _toml(beside, resources)[1] if is_file(beside, cwd) else {}, text, path, ())], []
    if name == "pdm.toml":
        return [read_pdm_settings(data, text, path)], []
    found = [Findings(names=project_names(data, path)), read_poetry(data, text, path, built_in)]
    found.append(read_pdm(data, text, path))
    if not is_file(_beside(path, "uv.toml"), cwd):
        found.append(read_uv(table(data, "tool", "uv"), data, text, path, ("tool", "uv")))
    return found, list(parts_of_project(data, path))


def _beside(path: str, name: str) -> str:
    folder = folder_of(path)
    return f"{folder}/{name}" if folder else name


def _toml(path: str, resources: Resources) -> tuple[str, dict[str, Any]]:
    """The text of a file without user information in its URLs, and its tables. Raises `UnusableInput`."""
    text = resources.credentials.absorb(read_project_text(resources.world.cwd, path))
    try:
        return text, read_toml(text)
    except ValueError as problem:
        message = f"{printable(path)} is not valid TOML: {printable(str(problem))}"
        raise UnusableInput.because("unreadable-file", message) from None
