"""What source code says of its wheels without any of its code being run, where a standard makes that binding.

Two places, of which a caller asks the first one first:

- `PKG-INFO` of an sdist. From Metadata-Version 2.2 on (PEP 643) a field that `Dynamic` does not list has the same value
  in each wheel that is built from the sdist. Without all of Requires-Dist, Requires-Python and Provides-Extra that is
  of no use to a search. The file must also have one reading: what pip's reader and that of the search make of it is
  compared, and where they differ it does not bind.
- `[project]` in `pyproject.toml` (PEP 621). A backend may not change a field that stands there, nor add one that is
  neither there nor in `dynamic`. That binds the backends that know the table: one that is older ignores it, and takes
  what `setup.py` or a table of its own says. So it counts only under a backend of `_BACKENDS`, which is not one of the
  project's own (`backend-path`), and whose requirement excludes all versions before the first one that keeps to it.
  poetry-core is not among them: it writes `~=1.2` as `>=1.2,<2.0`, which cannot be told from a change.

Both are for wheels. The wheel of an editable may require more (`editables`), so for that the backend has to be asked.
Whatever was used here is compared with the finished wheel (`same_requirements`): a backend may break its word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from safepip.build.build_system import read_build_system
from safepip.build.requirement_forms import form_of
from safepip.model.errors import UnusableInput
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise
from safepip.text.toml_reading import read_toml
from safepip.wheel.metadata import MetadataError, core_metadata, has_endless_number, parse_metadata, requirement
from safepip.wheel.metadata_as_pip import metadata_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safepip.model.resolution import CoreMetadata

#: Fields of core metadata that a search needs, in lower case; and the keys of `[project]` that give them.
_NEEDED = frozenset({"name", "version", "requires-dist", "requires-python", "provides-extra"})
_KEYS = frozenset({"name", "version", "dependencies", "optional-dependencies", "requires-python"})

#: Fields that stand once (core metadata specification). Readers differ on which of two counts.
_ONCE = ("metadata-version", "name", "version", "requires-python")

_METADATA_VERSION = re.compile(r"2\.([0-9]{1,3})")


class _Backend(NamedTuple):
    """The project that a backend comes from, and its first version that keeps to PEP 621; None: all have."""

    project: str
    since: Version | None = None


#: By `build-backend`. setuptools reads the table since 61, and adds what setup.py says for some releases more.
_BACKENDS = {
    "flit_core.buildapi": _Backend("flit-core", Version("3.2")),
    "hatchling.build": _Backend("hatchling"),
    "maturin": _Backend("maturin", Version("1")),
    "mesonpy": _Backend("meson-python", Version("0.13")),
    "pdm.backend": _Backend("pdm-backend"),
    "scikit_build_core.build": _Backend("scikit-build-core"),
    "setuptools.build_meta": _Backend("setuptools", Version("77")),
    "uv_build": _Backend("uv-build"),
}


def from_pkg_info(text: bytes) -> CoreMetadata | None:
    """What the PKG-INFO of an sdist says of its wheels; None where it does not bind and the backend has to be asked."""
    try:
        found = parse_metadata(text, verified=False)
        fields = metadata_fields(text)
        as_pip = core_metadata(fields, text, verified=False)
    except MetadataError:
        return None
    if found != as_pip:
        return None
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value.strip())
    if any(len(values.get(name, ())) > 1 for name in _ONCE):
        return None
    version = _METADATA_VERSION.fullmatch(values.get("metadata-version", [""])[0])
    if version is None or int(version[1]) < 2:
        return None
    # PEP 643: Name and Version are never dynamic; a file that says so breaks the rules that would make it binding.
    if not _NEEDED.isdisjoint(value.lower() for value in values.get("dynamic", ())):
        return None
    return found


def from_pyproject(text: str) -> CoreMetadata | None:
    """What `[project]` says of the project's wheels; None where it does not bind and the backend has to be asked."""
    try:
        project = read_toml(text).get("project")
        if not isinstance(project, dict) or not _is_kept_to(text):
            return None
        return parse_metadata("".join(f"{line}\n" for line in _lines(project)).encode(), verified=False)
    except (_NotBindingError, MetadataError, UnusableInput, ValueError):
        # What is wrong with the file, its backend tells, in its own words and as pip shows it.
        return None


def _is_kept_to(text: str) -> bool:
    """Whether the build system of a pyproject.toml is one that keeps to PEP 621."""
    system = read_build_system(text, has_setup_py=False, shown="pyproject.toml")
    backend = _BACKENDS.get(system.backend)
    if backend is None or system.backend_path:
        return False
    named = [each for each in map(requirement, system.requires) if normalise(each.name) == backend.project]
    return bool(named) and all(each.url is None and _is_since(each.specifier, backend.since) for each in named)


def _is_since(specifier: SpecifierSet, since: Version | None) -> bool:
    """Whether a specifier excludes all versions before one. What it leaves open is not known here."""
    if since is None:
        return True
    for clause in specifier:
        if clause.operator in (">=", ">", "==", "~="):
            try:
                lowest = Version(clause.version.removesuffix(".*"))
            except InvalidVersion:
                continue
            if lowest >= since:
                return True
    return False


class _NotBindingError(Exception):
    """The table does not say all that a search needs, or not in a form of PEP 621."""


def _lines(project: Mapping[str, Any]) -> Iterator[str]:
    """The header that the backend writes for a `[project]`, as far as a search needs it."""
    dynamic = _texts(project.get("dynamic", []))
    if not _KEYS.isdisjoint(dynamic):
        raise _NotBindingError
    name, version = (_text(project.get(key)) for key in ("name", "version"))
    yield from ("Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}")
    if "requires-python" in project:
        python = _text(project["requires-python"])
        try:
            SpecifierSet(python)
        except InvalidSpecifier:
            raise _NotBindingError from None
        if python.strip():
            yield f"Requires-Python: {python}"
    for each in _texts(project.get("dependencies", [])):
        yield f"Requires-Dist: {_required(each)}"
    extras = project.get("optional-dependencies", {})
    if not isinstance(extras, dict):
        raise _NotBindingError
    seen: set[str] = set()
    for extra, texts in extras.items():
        normalised = normalise(extra)
        if not is_name(extra) or normalised in seen:
            raise _NotBindingError
        seen.add(normalised)
        yield f"Provides-Extra: {normalised}"
        for each in _texts(texts):
            required = _required(each, normalised)
            # hatchling puts in its place what the extra requires, other backends leave it.
            if normalise(required.name) == normalise(name):
                raise _NotBindingError
            yield f"Requires-Dist: {required}"


def _required(text: str, extra: str = "") -> Requirement:
    """A requirement, of an extra where one is given: then its marker has the condition behind its own."""
    # hatchling puts values in the place of braces.
    if "{" in text:
        raise _NotBindingError
    required = Requirement(str(requirement(text)))
    if extra:
        own = f"({required.marker}) and " if required.marker else ""
        required.marker = Marker(f'{own}extra == "{extra}"')
    return required


def _text(value: object) -> str:
    """A text without line ends. Others would be fields of their own."""
    if not isinstance(value, str) or not value.isprintable() or has_endless_number(value):
        raise _NotBindingError
    return value


def _texts(value: object) -> Sequence[str]:
    if not isinstance(value, list):
        raise _NotBindingError
    return [_text(each) for each in value]


def same_requirements(static: CoreMetadata, built: CoreMetadata) -> str | None:
    """How the finished wheel differs from what the search used, in what the search looks at; None where nothing does.

    Requirements are compared as sets, by what they mean and not by how they are written. Raises `MetadataError`.
    """
    for what, one, other in (
        ("the name", static.name, built.name),
        ("the version", static.version, built.version),
        ("Requires-Python", _python(static), _python(built)),
    ):
        if one != other:
            before, after = (printable(str(value), 100) or "not given" for value in (one, other))
            return f"{what} was {before}, and is {after}"
    return _differing(
        "Provides-Extra", *({extra: extra for extra in metadata.provided_extras} for metadata in (static, built))
    ) or _differing(
        "Requires-Dist", *({form_of(each): str(each) for each in metadata.requires} for metadata in (static, built))
    )


def _python(metadata: CoreMetadata) -> SpecifierSet:
    return SpecifierSet(metadata.requires_python or "")


def _differing(field: str, before: Mapping[Any, str], after: Mapping[Any, str]) -> str | None:
    """The first value that only one of them has, by the text that stands for each."""
    for words, some, others in (("lacks", before, after), ("has in addition", after, before)):
        texts = [text for form, text in some.items() if form not in others]
        if texts:
            return f"the wheel {words} {field}: {printable(min(texts), 200)}"
    return None
