"""pip's installation report, schema version 1 (pip's documentation, "Installation Report"), with one key more.

For each item `safepip` says which index the file comes from, by which rule, the digest it was compared with, and which
objections were overruled: to its name or age, and, where its content was judged, to that; and of what was built, in
which fence and who approved it.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safepip.model.direct_url import direct_record
from safepip.reporting.runner_commands import disarm_data
from safepip.wheel.metadata import metadata_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safepip.model.build import BuildRecord
    from safepip.model.candidate import Candidate
    from safepip.model.evidence import ClearedWheel
    from safepip.model.exemption import Allowed
    from safepip.model.resolution import Pin, Resolution


def make_report(
    resolution: Resolution,
    markers: Mapping[str, str],
    pip_version: str,
    version: str,
    wheels: Iterable[ClearedWheel] = (),
    builds: Mapping[str, BuildRecord] = MappingProxyType({}),
) -> str:
    """The report as JSON text. `markers` is the target's environment, `version` safepip's own.

    `wheels` are those that were judged; none for a dry run, which fetches none. `builds` says, by project, how backends
    ran.
    """
    judged = {wheel.pin.name: wheel for wheel in wheels}
    report = {
        "version": "1",
        "pip_version": pip_version,
        "safepip_version": version,
        "install": [_item(resolution.pins[name], judged.get(name), builds) for name in resolution.to_install],
        "environment": dict(markers),
    }
    return disarm_data(json.dumps(report, indent=2, ensure_ascii=False))


def _item(pin: Pin, wheel: ClearedWheel | None, builds: Mapping[str, BuildRecord]) -> dict[str, Any]:
    candidate = pin.candidate
    assert candidate is not None
    assert pin.metadata is not None
    file = candidate.file
    item: dict[str, Any] = {
        "download_info": _download_info(pin, candidate, wheel),
        "is_direct": pin.direct_url is not None,
        "is_yanked": file.yanked is not None,
        "requested": pin.requested,
    }
    if pin.extras and pin.requested:
        item["requested_extras"] = sorted(pin.extras)
    item["metadata"] = metadata_json(pin.metadata.text)
    item["safepip"] = {
        "index": pin.route.index.name if pin.route.index else None,
        "index_url": str(pin.route.index.url) if pin.route.index else None,
        "digest": str(file.digests[0]) if file.digests else None,
        "rule": pin.route.rule.value,
    }
    if pin.name in builds:
        item["safepip"]["build"] = builds[pin.name]._asdict()
    if wheel is not None or pin.allowed:
        overruled = (*pin.allowed, *(wheel.allowed if wheel is not None else ()))
        item["safepip"]["allowed"] = [_allowed(allowed) for allowed in overruled]
    return item


def _download_info(pin: Pin, candidate: Candidate, wheel: ClearedWheel | None) -> dict[str, Any]:
    """Where the file came from, as in `direct_url.json`. An index may give no digest, as long as nothing was fetched.

    Of a source archive the digest is that of the archive, and not that of the wheel which was built from it.
    """
    fetched = (wheel.file.sha256,) if wheel is not None and candidate.is_wheel else ()
    known = {digest.algorithm: digest.hex for digest in (*candidate.file.digests, *fetched)}
    return direct_record(pin.direct_url or candidate.file.url, pin.built_from, known)


def _allowed(allowed: Allowed) -> dict[str, str]:
    return {
        "rule": allowed.rule,
        "message": allowed.message,
        "reason": allowed.exemption.reason,
        "origin": str(allowed.exemption.origin),
    }
