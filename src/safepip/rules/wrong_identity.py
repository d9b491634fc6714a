"""`wrong-identity`: the wheel is one project in one version, the one that was resolved, and nothing beside it.

pip takes the project and version of a wheel from its file name when it chooses, and from its `.dist-info` when it
installs; every tool afterwards asks the metadata folders in site-packages. A wheel in which they differ could be chosen
as one thing and be installed as another, and a wheel with a second metadata folder would be two things at once: an
installed distribution that the user did not ask for, or one in place of another. So:

1. The file is the one that was chosen, or was built of it, and its name says the project and version that were
   resolved.
2. METADATA can be used, says its Metadata-Version, Name and Version exactly once, and the latter two are those
   resolved. The major version of the format is 1 or 2 (the core metadata specification: a tool fails on a greater one).
3. WHEEL has one reading only, and its major version is 1 (PEP 427: an installer fails on a greater one).
4. A file that would be installed at the top of a site folder, and read there as the metadata of a distribution, lies in
   the archive's own `.dist-info` folder. The standard library's folder counts as one.

That the `.dist-info` folder agrees with the file name, and that there is one of it at the archive's root, is checked
when the archive is opened. A wheel that vendors projects with their metadata has it deeper than the top of a
site folder, where no tool takes it for an installed distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.wheel_names import read_wheel_name
from safepip.rules.context import objection
from safepip.wheel.install_paths import key_of
from safepip.wheel.metadata import MetadataError
from safepip.wheel.metadata_as_pip import header_fields, metadata_fields, metadata_in
from safepip.wheel.wheel_file import WheelFileError, parse_wheel_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

#: Endings by which tools find installed distributions in a folder (importlib.metadata, pip, setuptools).
_METADATA_ENDINGS = (".dist-info", ".egg-info", ".egg-link", ".egg")


def check(reviewed: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether everything that names the wheel agrees; what cannot be read does not agree."""
    problems = [
        *_file_name(reviewed),
        *_metadata(reviewed),
        *_wheel_file(reviewed),
        *_second_metadata(reviewed, context),
    ]
    if not problems:
        return None
    pin = reviewed.pin
    evidence = (f"resolved: {pin.name} {pin.version}", *problems)
    return objection(reviewed, "wrong-identity", "is not what it says it is", evidence, allowable=False)


def _file_name(reviewed: WheelUnderReview) -> Iterator[str]:
    pin, file = reviewed.pin, reviewed.file
    if pin.candidate is None:
        yield "resolved to an installed distribution, not to a file"
    elif pin.candidate.is_wheel and pin.candidate.file.filename != file.filename:
        yield f"chosen file: {pin.candidate.file.filename}"
    try:
        name, version, _, _ = read_wheel_name(file.filename)
    except ValueError:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        yield "the file's name is not a wheel's name"
    else:
        if (name, version) != (pin.name, pin.version):
            yield f"file name: {name} {version}"


def _metadata(reviewed: WheelUnderReview) -> Iterator[str]:
    pin = reviewed.pin
    try:
        inside = metadata_in(reviewed.content)
        fields = metadata_fields(inside.text)
    except MetadataError as error:
        yield f"METADATA: {error}"
        return
    if (inside.name, inside.version) != (pin.name, pin.version):
        yield f"METADATA: {inside.name} {inside.version}"
    # Of a field that stands twice some tools take the first and some the last.
    names = [name for name, _ in fields]
    for field in ("Metadata-Version", "Name", "Version"):
        if names.count(field.lower()) != 1:
            yield f"METADATA: {names.count(field.lower()) or 'no'} fields {field}, instead of one"
    for name, value in fields:
        if name == "metadata-version" and value.strip().partition(".")[0] not in ("1", "2"):
            yield f"METADATA: the format's version {value} is not understood"


def _wheel_file(reviewed: WheelUnderReview) -> Iterator[str]:
    data = reviewed.content.info("WHEEL") or b""
    try:
        wheel = parse_wheel_file(data)
        first = dict(reversed(header_fields(data, "WHEEL")))
    except (WheelFileError, MetadataError) as error:
        yield str(error)
        return
    # What decides is held against pip's own reading: the first field of a name, compared as pip compares it.
    pure = first.get("root-is-purelib", "").lower() == "true"
    if (".".join(map(str, wheel.version)), wheel.root_is_purelib) != (_plain(first.get("wheel-version", "")), pure):
        yield "WHEEL: pip reads another Wheel-Version or Root-Is-Purelib there"
    # A greater minor version adds what may be ignored; pip installs such a wheel with a warning.
    if wheel.version[0] != 1:
        yield f"WHEEL: the format's version {'.'.join(map(str, wheel.version))} is not understood"


def _plain(version: str) -> str:
    """A version without the zeros before its numbers, which decide nothing."""
    return ".".join(part.lstrip("0") or "0" for part in version.strip().split("."))


def _second_metadata(reviewed: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    """One line for each file that would be read as another distribution's metadata, or reaches the wheel's own by a
    detour."""
    own = f"{reviewed.content.dist_info}/"
    layout = context.layout
    # Tools look for distributions in all of sys.path, of which the standard library is a part.
    folders = [f"{key_of(folder)}/" for folder in (*layout.site_folders, *layout.libraries)]
    for install_path in reviewed.install_paths:
        path, entry = install_path.key, install_path.entry
        # Nearly every file ends here.
        if (".dist-info" not in path and ".egg" not in path) or (entry is not None and entry.path.startswith(own)):
            continue
        if any(_is_metadata_of(folder, path) for folder in folders):
            yield f"metadata beside its own: {install_path.path if entry is None else entry.path}"


def _is_metadata_of(folder: str, path: str) -> bool:
    return path.startswith(folder) and path[len(folder) :].partition("/")[0].endswith(_METADATA_ENDINGS)
