"""What a build must give: one wheel, in the folder that it was told, of the project and with the metadata as agreed.

A backend returns the name of the file that it made (PEP 517). pip joins that to the folder and takes what lies there:
`../x.whl` is a file from elsewhere. pip also installs a wheel whose version or requirements are others than those that
its search has used. Both are refused here; the wheel itself is then judged like any other (`safepip.rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.build.static_metadata import same_requirements
from safepip.model.errors import Refused
from safepip.model.finding import printable
from safepip.model.names import normalise
from safepip.model.wheel_names import read_wheel_name
from safepip.wheel.metadata import MetadataError

if TYPE_CHECKING:
    from packaging.version import Version

    from safepip.model.resolution import CoreMetadata


def check_built_name(filename: str, expected_name: str, expected_version: Version | None) -> None:
    """Whether what a backend returned is the name of a wheel of the project, and nothing more.

    `expected_version` is None where the version was not known before the build. Raises `Refused` (`wrong-build`).
    """
    problem = _name_problem(filename, expected_name, expected_version)
    if problem:
        raise Refused.because(
            "wrong-build",
            f"the build of {printable(expected_name, 100)} gave something else than a wheel of it",
            context=(f"its backend returned {printable(filename, 150)!r}, which {problem}",),
            hint="tell the owner of the project; with another version of its backend it may be built right",
            subject=normalise(expected_name),
        )


def _name_problem(filename: str, expected_name: str, expected_version: Version | None) -> str:
    # Separators of any system, a drive or a stream of Windows; with them a name can be a path.
    if not filename.isprintable() or any(char in filename for char in "/\\:"):
        return "is not a plain file name"
    if not filename.endswith(".whl"):
        return "is not the name of a wheel"
    try:
        name, version, _, _ = read_wheel_name(filename)
    except ValueError:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        return "is not a valid name of a wheel"
    if name != normalise(expected_name):
        return f"is a wheel of {printable(name, 100)}"
    if expected_version is not None and version != expected_version:
        return f"is of version {printable(str(version), 100)}, and not of {printable(str(expected_version), 100)}"
    return ""


def check_built_metadata(used: CoreMetadata, built: CoreMetadata) -> None:
    """Whether the finished wheel requires what the search took it to. Raises `Refused` (`build-differs`)."""
    try:
        difference = same_requirements(used, built)
    except MetadataError as problem:
        difference = str(problem)
    if difference:
        raise Refused.because(
            "build-differs",
            f"the wheel that was built of {printable(used.name, 100)} {printable(str(used.version), 100)} does not have"
            " the metadata that its source has stated",
            context=(difference,),
            hint="tell the owner of the project, whose metadata should be dynamic or should be kept",
            subject=used.name,
        )
