"""Every way a run of safepip can fail.

    SafepipError
      UsageError             exit 2    the command or the configuration is wrong
        UnusableInput        exit 1    a requirement, or a file of them, cannot be read; pip's code for that
      Unavailable            exit 1    an index, a disk or a process failed; nothing was installed
      ResolutionImpossible   exit 1    as pip's, with the conflict explained
      Refused                exit 20   a rule forbids it; nothing was installed
      PipFailed              pip's own exit code
      Fault                  exit 70   safepip itself has failed, in a way that was not foreseen

Each carries one or more diagnostics: problems that can be found together are reported together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.model.finding import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from safepip.model.origin import Origin


class SafepipError(Exception):
    """The root. `exit_code` is what the process ends with."""

    exit_code = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        if not diagnostics:
            raise ValueError("an error without a diagnostic explains nothing")
        super().__init__("; ".join(f"{d.reference}: {d.message}" for d in diagnostics))
        self.diagnostics = diagnostics

    @classmethod
    def because(cls, reference: str, message: str, **details: Any) -> Self:
        """An error of this class with one diagnostic; `details` are the fields of `Diagnostic`."""
        return cls(Diagnostic(reference, message, **details))


def with_askers(error: SafepipError, askers: Sequence[Origin]) -> SafepipError:
    """The same error with the chain of what asked for it, so that it can be traced to a requirement."""
    lines = tuple(f"required by {origin.chain()}" for origin in askers[:3])
    return type(error)(*(d._replace(context=(*d.context, *lines)) for d in error.diagnostics))


class UsageError(SafepipError):
    """The command line, a requirements file or a configuration is wrong."""

    exit_code = 2


class UnusableInput(UsageError):
    """A requirement, or a file that should hold some, is missing or wrong: what pip calls an installation error."""

    exit_code = 1


class Unavailable(SafepipError):
    """Something that safepip needs is not available: an index, a file, a process."""

    exit_code = 1


class ResolutionImpossible(SafepipError):
    """No set of distributions satisfies all requirements."""

    exit_code = 1


class Refused(SafepipError):
    """A rule forbids it. The target environment was not touched."""

    exit_code = 20


class PipFailed(SafepipError):
    """pip ran and failed; it has printed the reason itself."""

    def __init__(self, exit_code: int, *diagnostics: Diagnostic) -> None:
        hint = "pip's own words say why: put that right, and run it again; until then what is there may be a part"
        failed = Diagnostic("pip-failed", f"pip ended with exit code {exit_code}", hint=hint)
        super().__init__(*(diagnostics or (failed,)))
        self.exit_code = exit_code


class Fault(SafepipError):
    """safepip itself has failed, in a way that was not foreseen."""

    exit_code = 70
