"""`wrong-identity`: the file's name, the METADATA in it and what was resolved are one project and one version.

pip takes the project and version of a wheel from its file name when it chooses, and from its `.dist-info` when
it installs. A wheel in which they differ could be chosen as one thing and be installed as another. That the
`.dist-info` folder agrees with the file name is checked when the archive is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from safepip.core_metadata import MetadataError, parse_metadata
from safepip.model.finding import Diagnostic, printable

if TYPE_CHECKING:
    from safepip.clearing import Scene, Subject


def check(subject: Subject, _scene: Scene) -> Diagnostic | None:
    """Whether the three agree; what cannot be read does not agree."""
    pin, file = subject.pin, subject.file
    evidence = [
        f"resolved:   {pin.name} {pin.version}",
        f"file name:  {printable(file.filename)}",
    ]
    agree = pin.candidate is not None and pin.candidate.file.filename == file.filename
    if pin.candidate is None:
        evidence.append("resolved to an installed distribution, not to a file")
    elif not agree:
        evidence.append(f"chosen:     {printable(pin.candidate.file.filename)}")
    try:
        name, version, _, _ = parse_wheel_filename(file.filename)
        agree = agree and (name, version) == (pin.name, pin.version)
    except InvalidWheelFilename:
        agree = False
    try:
        inside = parse_metadata(subject.content.info("METADATA") or b"", verified=True)
        evidence.append(f"METADATA:   {inside.name} {inside.version}")
        agree = agree and (inside.name, inside.version) == (pin.name, pin.version)
    except MetadataError as error:
        evidence.append(f"METADATA:   {error}")
        agree = False
    if agree:
        return None
    return Diagnostic(
        "wrong-identity",
        f"the wheel of {pin.name} {pin.version} is not what it says it is",
        context=tuple(evidence),
        hint=f"tell the owner of {pin.name}; to go on without this version, constrain {pin.name} != {pin.version}",
        origins=pin.required_by,
        subject=pin.name,
    )
