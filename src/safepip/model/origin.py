"""Where a statement came from, so that every message can point at the line that caused it."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Source(enum.Enum):
    """The kinds of places in which something can be stated to safepip, from the nearest to the farthest."""

    COMMAND_LINE = "the command line"
    ENVIRONMENT = "the environment"
    FILE = "a file named by the command"
    PIP_CONFIG = "pip's configuration"
    PROJECT_CONFIG = "safepip's project configuration"
    USER_POLICY = "the user's policy"
    MACHINE_POLICY = "the machine's policy"
    DISTRIBUTION = "the metadata of a distribution"
    BUILT_IN = "safepip's defaults"


_LEVELS = {Source.USER_POLICY: 1, Source.MACHINE_POLICY: 2}


class Origin(NamedTuple):
    """One place where something was stated.

    `where` is a file's path, an option's or variable's name, or `name version` of a distribution;
    it never holds a value and so never a credential. `line` counts from 1. `parent` is the place
    that led to this one: the file that included this file, the statement that asked for this
    distribution.
    """

    source: Source
    where: str = ""
    line: int | None = None
    parent: Origin | None = None

    def outranks(self, other: Origin) -> bool:
        """Whether this stands on a higher level of safepip's configuration: machine over user over anything else."""
        return _LEVELS.get(self.source, 0) > _LEVELS.get(other.source, 0)

    def __str__(self) -> str:
        place = self.where or self.source.value
        return place if self.line is None else f"{place}:{self.line}"

    def chain(self) -> str:
        """The whole path from this place back to the user, nearest first, joined by `<-`."""
        steps = [str(self)]
        step = self.parent
        while step is not None:
            steps.append(str(step))
            step = step.parent
        return "  <-  ".join(steps)


BUILT_IN = Origin(Source.BUILT_IN)
