"""An error that ends a run as annotations, for a code host that shows them at the lines of files.

Each problem is shown at the line that led to it: of a requirements or constraints file, a lock, a project's file, a
configuration. A problem with no such line is an annotation of the run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safepip.model.origin import Source
from safepip.model.urls import is_url
from safepip.reporting.annotation import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.model.errors import SafepipError
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin

#: Places that are files of the project.
_FILES = (Source.FILE, Source.PROJECT_CONFIG)
#: A group or an extra of a project's file is named behind it.
_IN_A_TABLE = re.compile(r"(?<![^/\\])(pyproject\.toml) \[[^\n]*\Z")


def error_annotations(error: SafepipError) -> Iterator[Annotation]:
    """One for each of its problems, at the nearest line of a file on the way to the user."""
    for diagnostic in error.diagnostics:
        text = "\n".join((diagnostic.message, *diagnostic.context))
        place = _place(diagnostic)
        if place is None:
            yield Annotation("error", diagnostic.reference, text)
        else:
            file = _IN_A_TABLE.sub(r"\1", place.where)
            yield Annotation("error", diagnostic.reference, text, file, place.line)


def _place(diagnostic: Diagnostic) -> Origin | None:
    for origin in diagnostic.origins:
        step: Origin | None = origin
        while step is not None:
            if step.source in _FILES and step.where and not is_url(step.where):
                return step
            step = step.parent
    return None
