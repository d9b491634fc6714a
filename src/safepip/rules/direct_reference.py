"""`direct-reference`: the wheel requires no project from a URL that the user did not name.

A `Requires-Dist: name @ URL` (PEP 508) lets the author of a dependency decide where further bytes come from: no index,
no claim and no hash of the user limits them, and pip fetches such a URL even with `--no-index`. The resolution refuses
a URL as soon as it follows one (`safepip.resolution.limits`). This rule judges the wheel itself, whether or not its
dependencies were followed:

- with `--no-deps` they were not. The requirement would stay in the environment, and the next resolution that keeps this
  distribution would follow it;
- a lock is installed without resolving anything;
- where resolution read other metadata than the wheel's, `metadata-mismatch` refuses too, but this rule does not rely on
  that.

A requirement counts where its marker holds in the target, without an extra or with one that was asked for. Many
projects name URLs in extras for their own developers, which users do not install. A marker that cannot be evaluated
counts, and METADATA that cannot be read is refused. The URL may stand in a requirement or a constraint of the user's
own, or in the lock; it has to be the very same text, for the same project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

from safepip.model.names import normalise
from safepip.model.urls import is_plain
from safepip.rules.context import objection
from safepip.wheel.metadata import MetadataError
from safepip.wheel.metadata_as_pip import metadata_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

#: How many URLs the hint repeats.
_SHOWN = 10


def check(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether the user named every URL that the wheel requires."""
    named = context.direct_urls or {}
    try:
        foreign = [f"{name} @ {url}" for name, url in _by_url(wheel, context.markers) if named.get(name) != url]
    except MetadataError as error:
        unread = (f"METADATA: {error}",)
        return objection(wheel, "direct-reference", "may require anything", unread, allowable=False)
    if not foreign:
        return None
    finding = objection(
        wheel, "direct-reference", "requires other projects from URLs that you did not name", foreign, allowable=False
    )
    shown = foreign[:_SHOWN]
    plain = all(is_plain(text.partition(" @ ")[2]) for text in shown)
    lines = "\n".join((":", *shown)) if plain else ", as it stands above"
    return finding._replace(hint=f"if you want that, name the same URL in your requirements or constraints{lines}")


def _by_url(wheel: WheelUnderReview, markers: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    """Normalised name and URL of every requirement by URL that counts. Raises `MetadataError`."""
    pin = wheel.pin
    for requirement in metadata_in(wheel.content).requires.with_extras(pin.extras):
        if requirement.url is not None and _holds(requirement, markers, pin.extras):
            yield normalise(requirement.name), requirement.url


def _holds(requirement: Requirement, markers: Mapping[str, str] | None, extras: frozenset[str]) -> bool:
    """Whether the marker holds in the target with one of these extras or with none, or cannot be evaluated."""
    marker = requirement.marker
    if marker is None or markers is None:
        return True
    try:
        return any(marker.evaluate({**markers, "extra": extra}) for extra in ("", *extras))
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True
