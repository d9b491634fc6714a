"""What VEX statements say of a finding: which of them is about it, and which one counts.

- A statement is about a vulnerability where it names it, by any of the names that it or the advisories know for it.
  What another statement says are names of one vulnerability counts for those alone that let a finding count: anybody
  may write that two are one, and the statement of somebody else would cover what its author never looked at.
- It is about a version where a product's package URL names it, or its project. A product with subcomponents means these
  within that product, and nothing elsewhere: it is about what is audited only where the user has said that this is part
  of that product. One without subcomponents that is so named means all that is audited.
- Of several the latest counts, whichever file it stands in. Where those of one moment disagree, the finding counts.
- `not_affected` and `fixed` have to mean this very version: a local version is another build, and a file or a digest is
  less than it. `fixed` has to say which version it is, also within a product. What says that a finding counts may be as
  vague as it likes.
- Malware is not a matter of opinion: of that nothing is asked.

Source: the OpenVEX specification, "Status Labels", "Data Inheritance" and "Subcomponent".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.aliases import AliasClasses
from safepip.advisories.ranges import is_listed, read_version
from safepip.model.vex import VexStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.advisories import AuditedVersion, Vulnerability
    from safepip.model.vex import PackageUrl, VexProduct, VexStatement


class Assessments:
    """All statements of a run. `add` them, then ask; in the time of the statements about one matter."""

    def __init__(self) -> None:
        self._classes = AliasClasses()
        self._by_name: dict[str, list[tuple[VexStatement, frozenset[str]]]] = {}
        self._elsewhere: dict[str, VexStatement] = {}

    def add(self, statements: Iterable[VexStatement], products: Iterable[str] = ()) -> None:
        """Take in the statements of a file; `products` are those that what is audited is part of."""
        named = frozenset(products)
        for statement in statements:
            self._classes.add(statement.names[0], statement.names[1:])
            for name in statement.names:
                self._by_name.setdefault(name, []).append((statement, named))

    def of(self, subject: AuditedVersion, matter: Vulnerability) -> VexStatement | None:
        """The statement that counts for this finding; None where none is about it."""
        if matter.malicious or not self._by_name:
            return None
        about = [s for s, named in self._on(matter) if any(self._is_about(s, p, named, subject) for p in s.products)]
        if not about:
            return None
        latest = max(statement.moment for statement in about)
        last = sorted((s for s in about if s.moment == latest), key=_first)
        # Sorted, so that the first one is one that lets the finding count, where there is one.
        return last[0]

    @property
    def elsewhere(self) -> tuple[tuple[str, VexStatement], ...]:
        """The products, each with one of its statements, that would have been about a finding, had the user said that
        what is audited is part of them."""
        return tuple(sorted(self._elsewhere.items()))

    def _on(self, matter: Vulnerability) -> list[tuple[VexStatement, frozenset[str]]]:
        """Every statement once that names the matter."""
        own = {matter.id, *matter.aliases}
        names = {other for name in own for other in self._classes.names(name)}
        found = {id(pair): pair for name in sorted(names) for pair in self._by_name.get(name, ())}
        return [(s, named) for s, named in found.values() if not s.status.covers or not own.isdisjoint(s.names)]

    def _is_about(
        self, statement: VexStatement, product: VexProduct, named: frozenset[str], subject: AuditedVersion
    ) -> bool:
        is_meant = not named.isdisjoint(product.ids)
        if not product.is_part:
            # What is fixed says in which version, and the name of a product does not.
            whole = is_meant and statement.status is not VexStatus.FIXED
            return whole or any(_means(package, statement.status, subject) for package in product.packages)
        fits = any(_means(package, statement.status, subject) for package in product.subcomponents)
        if fits and not is_meant and statement.status.covers:
            self._elsewhere.setdefault(product.ids[0], statement)
        return fits and is_meant


def _first(statement: VexStatement) -> tuple[bool, str, str, str, str]:
    return statement.status.covers, statement.status.value, statement.reason, statement.author, str(statement.origin)


def _means(package: PackageUrl, status: VexStatus, subject: AuditedVersion) -> bool:
    """Whether a package URL means this version, in a statement of this status."""
    if package.name != subject.name:
        return False
    if not status.covers:
        return not package.version or is_listed([package.version], subject.version)
    if package.narrowed or (status is VexStatus.FIXED and not package.version):
        return False
    return not package.version or _is_same(package.version, subject.version)


def _is_same(one: str, other: str) -> bool:
    """Whether they are one version, local parts included; as texts where PEP 440 does not know both."""
    first, second = read_version(one), read_version(other)
    return one == other if first is None or second is None else first == second
