"""The words of VEX: what somebody says of a vulnerability in a product, by OpenVEX."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safepip.model.origin import Origin


class VexStatus(enum.Enum):
    """What a statement says of the product: OpenVEX, "Status Labels"."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"

    @property
    def covers(self) -> bool:
        """Whether a finding does not count that it is said of."""
        return self in (VexStatus.NOT_AFFECTED, VexStatus.FIXED)

    @property
    def words(self) -> str:
        """As a person reads it."""
        return self.value.replace("_", " ")


class PackageUrl(NamedTuple):
    """What a package URL of the type `pypi` names: a project, or one version of it. `narrowed` says that it means less
    than that, such as one of its files."""

    name: str
    version: str
    narrowed: bool


class VexProduct(NamedTuple):
    """One product of a statement: all its identifiers as written, those that name a project, and the subcomponents in
    which the vulnerability is. `is_part` says that there are subcomponents, whether they name projects or not."""

    ids: tuple[str, ...]
    packages: tuple[PackageUrl, ...]
    subcomponents: tuple[PackageUrl, ...] = ()
    is_part: bool = False


class VexStatement(NamedTuple):
    """What `author` says of a vulnerability, by its `names`, in some products. `moment` is when, in seconds since the
    epoch. `justification` is a label of OpenVEX, `detail` a text; either may be empty."""

    status: VexStatus
    names: tuple[str, ...]
    products: tuple[VexProduct, ...]
    moment: float
    justification: str
    detail: str
    author: str
    origin: Origin

    @property
    def reason(self) -> str:
        """Why, in one line: label and text."""
        return ": ".join(filter(None, (self.justification, self.detail)))

    def __str__(self) -> str:
        """What it says, why, who says so and where."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.status.words}{why} (VEX of {self.author}, {self.origin})"


class VexSource(NamedTuple):
    """One `[[vex]]`, or `--vex`: a file, and the products that what is audited is part of, as its statements name
    them."""

    path: str
    origin: Origin
    products: tuple[str, ...] = ()
