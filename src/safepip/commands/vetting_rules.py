"""The rules on names and ages that hold for one run and one target."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from safepip.model.digest import ANY_BYTES
from safepip.model.requirement import counts
from safepip.vetting.cooldown import AgeRules
from safepip.vetting.names import NameRules, NamesOfRun
from safepip.vetting.rules import VettingRules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safepip.commands.inputs import Inputs
    from safepip.commands.known_advisories import KnownAdvisories
    from safepip.edges.disk.well_known import WellKnownNames
    from safepip.model.digest import RequiredDigests
    from safepip.model.finding import Diagnostic
    from safepip.vetting.look_alikes import KnownNames


def vetting_rules(
    inputs: Inputs, hashes: Mapping[str, RequiredDigests], well_known: WellKnownNames, advisories: KnownAdvisories
) -> VettingRules:
    """The rules by which projects are judged. The list of well-known names is read when the first name has to be
    compared. `hashes` are the digests that the user's statements allow, by project."""
    ages = _age_rules(inputs, hashes)
    known = partial(well_known.beside, _claimed(inputs))
    malicious = partial(advisories.malicious_project, table=inputs.table)
    return VettingRules(_name_rules(inputs, hashes, ages, known, malicious), ages)


def _name_rules(
    inputs: Inputs,
    hashes: Mapping[str, RequiredDigests],
    ages: AgeRules,
    known: Callable[[], KnownNames],
    malicious: Callable[[str], Diagnostic | None],
) -> NameRules:
    settings, requirements = inputs.settings, inputs.statements.requirements
    run = NamesOfRun(
        asked=frozenset(r.name for r in requirements if r.url is None and counts(r, inputs.target.markers)),
        already_decided=inputs.renewed | hashes.keys(),
        allowed=settings.allow_names,
    )
    if "allow_names" in settings.origins:
        run = run._replace(allowed_at=settings.origins["allow_names"])
    return NameRules(
        known,
        inputs.table,
        inputs.plan.policy,
        run,
        now=inputs.plan.now,
        why_too_young=ages.why_too_young,
        malicious=malicious,
    )


def _claimed(inputs: Inputs) -> tuple[str, ...]:
    """The names and patterns that indexes claim, where the claim is not of a lower level than a rule without
    exceptions."""
    enforced = inputs.plan.policy.enforced.get("look-alike")
    claims = (*inputs.table.exact.values(), *inputs.table.prefixes)
    return tuple(claim.key for claim in claims if enforced is None or not enforced.outranks(claim.origin))


def _age_rules(inputs: Inputs, hashes: Mapping[str, RequiredDigests]) -> AgeRules:
    """The rules on ages. What the user or the lock that is made anew gives a digest for was judged."""
    plan, before = inputs.plan, inputs.judged
    judged = {
        name: frozenset(map(str, hashes.get(name, ANY_BYTES).digests())) | before.get(name, frozenset())
        for name in hashes.keys() | before.keys()
    }
    return AgeRules(
        plan.policy.ages,
        plan.settings.cooldown,
        inputs.table,
        now=plan.now,
        exemptions=plan.policy.exemptions,
        judged=judged,
    )
