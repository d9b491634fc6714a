"""Whether the code of a project may run to build it, which is decided before any of it runs (guarantee G7).

In this order:

0. Nothing is built for a platform or Python that options describe (`--platform` and its like): what a build makes is
   for the Python that runs it. pip demands `--only-binary :all:` there.
1. `builds = "never"`: nothing is built, folders of the user's own included.
2. A project that `builds = [...]` lists is approved, with the network where its entry says so. An entry is about what
   the index of that name has: for an archive or a repository by URL it counts only with `allow-direct`.
3. What the user names is approved: a folder or editable of their own, `--allow-build NAME`, `--no-binary NAME`. Not by
   `:all:`, which names nothing. Where policy has a list, the two options approve nothing beside it: the command line
   is a lower level. A folder of the user's own is theirs to build all the same. `--no-binary` in a requirements file
   approves nothing: others write those.
4. Everything else is approved where there is a fence, unless policy has a list.

A build that the user or a list has named also runs where there is no fence; `needs_fence` says that it may not. So it
is for 4, and for every build where some level of policy has written `builds = "fenced"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safepip.model.build import BuildMode
from safepip.model.finding import Diagnostic

if TYPE_CHECKING:
    from safepip.model.build import BuildPolicy, BuildRule, BuildSettings
    from safepip.model.origin import Origin
    from safepip.model.plan import NameSet

_GET_A_FENCE = "install bubblewrap, or use a Linux kernel with Landlock, so that builds can run in a fence"


class Approved(NamedTuple):
    """The build may run: with `network`, and with `needs_fence` in a fence only. `reason` says who approved it."""

    network: bool = False
    needs_fence: bool = True
    reason: str = ""


class NotApproved(NamedTuple):
    """The build may not run: `why`, and in `hint` the narrowest ways out."""

    why: str
    hint: str

    def diagnostic(self, name: str, origins: tuple[Origin, ...] = (), context: tuple[str, ...] = ()) -> Diagnostic:
        """The refusal of the project of this normalised name, empty where it is not known; `origins` are where it is
        required."""
        what = f"{name or 'a project'} would have to be built from source, which runs its code"
        message = f"{what}, and that is not approved: {self.why}"
        return Diagnostic("unapproved-build", message, context, self.hint, origins, name)


class Approvals(NamedTuple):
    """The answers for one run. `no_binary` are the names of `--no-binary`; `fence` is the kind of the fence that was
    found, None where there is none; `described` are the options that describe another target."""

    policy: BuildPolicy
    building: BuildSettings
    no_binary: NameSet
    fence: str | None
    described: tuple[str, ...] = ()

    def of(self, name: str, *, own: bool = False, listed: bool = True) -> Approved | NotApproved:
        """Whether the project of this normalised name may be built. `own` says that it is a folder of the user's own,
        whose name may be unknown and is then empty. `listed` says that entries of policy count for it: they are about
        what the index of that name has, and not about code from a URL that says it is of that name."""
        policy = self.policy
        if self.described:
            options = " and ".join(self.described)
            hint = f"name a version or file of {name or 'it'} that is a wheel for there, or leave {options} out"
            return NotApproved(f"{options} ask for another platform or Python than that which would build it", hint)
        if policy.mode is BuildMode.NEVER:
            return NotApproved(f"{policy.stated} says that nothing is built", _without_building(name, policy.stated))
        rule = next((rule for rule in policy.rules if rule.name == name), None)
        if rule is not None and not listed:
            if policy.mode is BuildMode.NAMED:
                why = f"{rule.origin} lists {name} as its index has it, and not code from a URL"
                return NotApproved(why, f"take it from its index, or allow its URLs, {_direct(name)}")
            rule = None
        by = self._named_by(name, rule, own=own)
        if by:
            return self._approved(by, network=rule is not None and rule.network)
        if policy.mode is BuildMode.NAMED:
            if not name:
                why = f"{policy.stated} lists what may be built, and which project this is only its code says"
                return NotApproved(why, "write which project it is: NAME @ URL")
            entry = f'{{ name = "{name}", reason = "..." }}'
            hint = f"if you know what it runs, add it behind the [ of that list, with the reason:\n{entry},"
            if not listed:
                hint += f"\nand allow its URLs, {_direct(name)}"
            return NotApproved(f"{policy.stated} lists what may be built, and {name} is not listed", hint)
        if self.fence is None and policy.fence_demanded is None:
            return NotApproved(
                "there is no fence for builds on this system",
                f"{_GET_A_FENCE};\nif you know what it runs: --allow-build {name}",
            )
        return self._approved("", network=False)

    def _named_by(self, name: str, rule: BuildRule | None, *, own: bool) -> str:
        """Who has named the project, for the reader of a report; empty where it is not named."""
        if rule is not None:
            return f"{rule.origin}: {rule.reason}" if rule.reason else str(rule.origin)
        if own:
            return "it is named by its folder"
        if self.policy.mode is BuildMode.NAMED or not name:
            return ""
        if name in self.building.allowed:
            return "--allow-build"
        return "--no-binary" if name in self.no_binary.names else ""

    def _approved(self, by: str, *, network: bool) -> Approved | NotApproved:
        demanded = self.policy.fence_demanded
        if demanded is not None and self.fence is None:
            return NotApproved(f"{demanded} demands a fence for builds, and there is none on this system", _GET_A_FENCE)
        return Approved(network, demanded is not None or not by, by or "it runs in a fence")


def _direct(name: str) -> str:
    return f'below that list:\nallow-direct = ["{name}"]'


def _without_building(name: str, stated: Origin | None) -> str:
    wheel = f"take a version of {name} that has a wheel" if name else "name a wheel of it"
    return f"{wheel}, or change builds at {stated}"
