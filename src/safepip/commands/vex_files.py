"""The files of VEX statements that configuration and command line name, read for one run.

Each is read whole. One that is missing, or broken anywhere, ends the run: a statement that was lost could be the one by
which a finding counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.advisories.assessing import Assessments
from safepip.advisories.openvex import MalformedVex, read_openvex
from safepip.edges.disk.local_paths import name_of
from safepip.edges.disk.reading import read_named
from safepip.model.errors import UsageError
from safepip.model.finding import printable
from safepip.model.origin import Origin, Source
from safepip.model.urls import is_url
from safepip.model.vex import VexSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safepip.model.plan import Plan
    from safepip.model.vex import VexStatement

_RULE = "known-vulnerability"


def with_vex(plan: Plan, files: Sequence[str], products: Sequence[str]) -> Plan:
    """The plan with the files of `--vex`, and with the products of `--vex-product` for every file.

    Raises `UsageError` where policy forbids such exceptions, and for products that no file could speak of.
    """
    origin = Origin(Source.COMMAND_LINE, "--vex" if files else "--vex-product")
    forbidden = plan.policy.enforced.get(_RULE)
    if forbidden is not None and (files or products):
        raise UsageError.because(
            "policy-loosened",
            f"exceptions from {_RULE} are forbidden, and {origin.where} makes some",
            context=(f"set by     {forbidden}", f"loosened by {origin}"),
            hint=f"leave {origin.where} out, or ask those who set the policy",
            origins=(forbidden,),
        )
    known = (*plan.policy.advisories.vex, *(VexSource(path, origin) for path in files))
    if products and not known:
        raise UsageError.because(
            "conflicting-options",
            "--vex-product has no effect without a file of VEX statements",
            hint="safepip audit --vex FILE --vex-product ID",
        )
    every = tuple(source._replace(products=(*source.products, *products)) for source in known)
    return plan._replace(policy=plan.policy._replace(advisories=plan.policy.advisories._replace(vex=every)))


def read_vex(plan: Plan) -> Assessments | None:
    """All statements; None where no file is named. Raises `UsageError` (`invalid-vex`)."""
    sources = plan.policy.advisories.vex
    if not sources:
        return None
    found = Assessments()
    for source in sources:
        try:
            statements = _statements(source.path, plan.now)
        except MalformedVex as problem:
            raise UsageError.because(
                "invalid-vex",
                f"{printable(name_of(source.path))} cannot be used as VEX: {problem}",
                context=(printable(source.path),),
                hint="correct it, or leave it out: nothing of it is believed",
                origins=(source.origin,),
            ) from None
        found.add(statements, source.products)
    return found


def _statements(path: str, now: float) -> tuple[VexStatement, ...]:
    """The statements of a file. Raises `MalformedVex`."""
    if is_url(path):
        raise MalformedVex("it is a URL, and a file of this machine is needed")
    try:
        content = read_named(path)
    except OSError as problem:
        raise MalformedVex(f"it cannot be read: {problem.strerror or type(problem).__name__}") from None
    return read_openvex(content, Origin(Source.FILE, path), now)
