"""The text behind `-e` (pip's documentation, "Editable Installs"): the project of a folder, or of version control.

Forms, in pip's order: `NAME[extras] @ URL [; marker]`, `FOLDER[extras]`, `file:///FOLDER[extras]`, and the URL of a
version control system, whose project has to be named. There is no marker behind a path or a URL alone. A folder's name
needs no separator here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508

from safepip.build.vcs_url import PROTOCOLS, is_vcs_url
from safepip.model.names import is_name, normalise
from safepip.model.source import SourceKind
from safepip.model.urls import is_file_url, is_url
from safepip.requirements.direct import Direct, if_repository, read_direct
from safepip.requirements.extras import split_extras
from safepip.requirements.mistakes import invalid
from safepip.requirements.pep508 import meaningful, read_extras

if TYPE_CHECKING:
    from packaging.markers import Marker

    from safepip.requirements.disk import Disk
    from safepip.requirements.file_format import RequirementLine


class Editable(NamedTuple):
    """What `-e` names. The name of `direct` is empty for a folder whose project is not written."""

    direct: Direct
    extras: frozenset[str] = frozenset()
    marker: Marker | None = None


def read_editable(line: RequirementLine, disk: Disk) -> Editable:
    """What the text of a line behind `-e` names. Raises `UnusableInput` for what cannot be edited."""
    named = _with_name(line)
    if named is not None and named.url:
        direct = _editable(line, named.url, disk)._replace(name=normalise(named.name))
        extras = frozenset(normalise(extra) for extra in named.extras)
        return Editable(direct, extras, named.marker and meaningful(line, named.marker))
    url, extras_text = split_extras(line.text)
    # A URL is never a path, whatever lies on the disk.
    if url and not is_url(url) and disk.is_dir(disk.absolute(url)):
        url = disk.to_url(disk.absolute(url))
    if is_file_url(url):
        return Editable(_editable(line, url, disk), read_extras(line, extras_text))
    direct = _editable(line, _with_system(line.text), disk)
    if not direct.name:
        raise invalid(line, "it does not say which project it is", "write NAME @ URL")
    return Editable(direct)


def _with_name(line: RequirementLine) -> Pep508 | None:
    try:
        return Pep508(line.text)
    except InvalidRequirement:
        return None
    except RecursionError:
        raise invalid(line, "it is nested too deeply") from None


def _with_system(text: str) -> str:
    """pip: `git:...` stands for `git+git:...`, and so on."""
    system = text.partition(":")[0].lower()
    return f"{system}+{text}" if ":" in text and system in PROTOCOLS else text


def _without_e(line: RequirementLine) -> str:
    """What was probably meant by a text that is neither a folder nor a URL."""
    if is_name(line.written):
        return f"to take the project from an index, leave -e out: safepip install {line.written}"
    return "" if is_url(line.text) else "if it is a folder: there is none of this name"


def _editable(line: RequirementLine, url: str, disk: Disk) -> Direct:
    if not is_vcs_url(url) and not is_file_url(url):
        raise invalid(
            line,
            "only a project's folder, or a URL of version control (git+https:, hg+https:, svn+https:, bzr+https: and "
            "the like), can be editable",
            if_repository(line, line.text) or _without_e(line),
        )
    direct = read_direct(line, url, disk)
    if direct.source is None or direct.source.kind is SourceKind.ARCHIVE:
        raise invalid(line, "only a folder can be editable, and this is a file")
    return direct._replace(source=direct.source._replace(editable=True))
