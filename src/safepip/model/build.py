"""What the user and the policy say about building: which builds are approved, and how they are made."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from safepip.model.origin import BUILT_IN, Origin

#: Variables that each build has of its own, and that are never passed on. Cargo's home is in the build's.
MADE_FOR_A_BUILD = frozenset({"HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "CARGO_HOME"})

_OF_SECRETS = r"TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|APIKEY|(?:\A|_)(?:AUTH|KEY|PAT)(?:_|\Z)"
_OF_CREDENTIALS = ("PIP_", "SAFEPIP_", "UV_", "TWINE_", "AWS_", "HATCH_INDEX_")


def is_secret(name: str) -> bool:
    """Whether the name of an environment variable, or its beginning, says that its value is likely to be a secret."""
    upper = name.upper()
    return upper.startswith(_OF_CREDENTIALS) or bool(re.search(_OF_SECRETS, upper))


class BuildMode(enum.Enum):
    """What `builds` in the policy says. Each is stricter than the one before."""

    FENCED = "fenced"  # every project's build is approved inside a fence; the default
    NAMED = "named"  # the builds of the projects that are listed are approved
    NEVER = "never"  # nothing is built


class BuildRule(NamedTuple):
    """One entry of `builds = [...]`: the build of a project is approved. `network` lets it reach the network."""

    name: str
    reason: str = ""
    network: bool = False
    origin: Origin = BUILT_IN


class BuildPolicy(NamedTuple):
    """What policy says of builds, all levels merged. `stated` is where `mode` was written, None for the default.

    `variables` are names of environment variables, or beginnings that end in `*`, that builds get beside the built-in
    ones (`safepip.build.variables`). `fence_demanded` is where a level has written "fenced": then every build needs the
    fence, whatever a lower level or the command line names.
    """

    mode: BuildMode = BuildMode.FENCED
    stated: Origin | None = None
    rules: tuple[BuildRule, ...] = ()
    variables: tuple[str, ...] = ()
    fence_demanded: Origin | None = None


class BuildRecord(NamedTuple):
    """How a project's backend ran: the kind of fence, whether it could reach the network, and who approved it."""

    fence: str
    network: bool
    approved: str


class BuildSettings(NamedTuple):
    """pip's options about building, decided. `allowed` are the normalised names of `--allow-build`.

    `config_settings` are the pairs of the command line in order, which pip applies to what is named there.
    `constraint_files` are those of `--build-constraint`. `src_dir` is the absolute path of `--src`, None for pip's own
    choice.
    """

    allowed: frozenset[str] = frozenset()
    isolation: bool = True
    check_requirements: bool = False
    config_settings: tuple[tuple[str, str], ...] = ()
    constraint_files: tuple[str, ...] = ()
    src_dir: str | None = None
    no_clean: bool = False
    exists_action: tuple[str, ...] = ()
    no_binary: frozenset[str] = frozenset()
    """Normalised names of `--no-binary` as the user has it; those of requirements files approve nothing."""
