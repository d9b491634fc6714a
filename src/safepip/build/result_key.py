"""All that the result of a build depends on, as one digest: a wheel is used again only where every part is the same."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.build.build_system import BuildSystem

#: Changes when builds of an older safepip may not be used any more.
_FORM = 1


class BuildInputs(NamedTuple):
    """The parts. `source` is the digest of an archive or a checkout, `subdirectory` the project's folder in it.

    `requirements` are name, version and digest of each wheel in the build environment. `python` says what the target's
    interpreter is: its version, its best tag, where it lies. `variables` are all environment variables that the build
    gets, `fence` is the kind of fence, `network` whether it may reach the network.
    """

    source: Digest
    subdirectory: str
    system: BuildSystem
    requirements: tuple[tuple[str, str, str], ...]
    settings: Mapping[str, str | list[str]]
    python: tuple[str, ...]
    variables: Mapping[str, str]
    fence: str
    network: bool = False


def key_of(inputs: BuildInputs) -> Digest:
    """The digest of all parts. Their order in mappings does not matter, in lists it does."""
    parts = [
        _FORM,
        str(inputs.source),
        inputs.subdirectory,
        list(inputs.system),
        sorted(inputs.requirements),
        inputs.settings,
        inputs.python,
        inputs.variables,
        inputs.fence,
        inputs.network,
    ]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return Digest("sha256", hashlib.sha256(text.encode("ascii")).hexdigest())
