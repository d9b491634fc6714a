"""`installer-file`: the wheel brings no file that says how it was installed, or what goes with it.

"Recording installed projects" and PEP 610 leave some files of the `.dist-info` folder to the installer: they say where
a distribution came from, what installed it and whether the user asked for it. A wheel can hold them nevertheless, and
pip 26.3 unpacks them like any other file:

- `direct_url.json` stays, because an installation from an index writes none. `pip freeze` then gives the wheel's
  own URL in place of the version, and the next environment made from that list is filled from there.
- `provenance_url.json` (proposed by PEP 710) stays and names an index and digests of its choosing.
- `REQUESTED` stays and makes a dependency look like something that the user asked for.
- `INSTALLER` is replaced by pip, but its row in RECORD stays beside pip's, so that the installed RECORD contradicts
  itself, and tools cannot be sure which installer it was.
- `uv_cache.json` and `uv_build.json` stay; by them uv decides whether it has to install again.
- `RECORD` in another case of letters is the RECORD itself where the disk ignores case.
- `scripts/NAME` is how distutils noted the scripts that it had installed. When pip removes or replaces the project, it
  takes the command NAME away with it, be it `activate`, the interpreter, or another project's.

Names are compared without regard to case for that reason. Other files deeper in the folder are never read, but where
one of the names is that of a folder, pip stops half-way, because it cannot write its own file there. The signatures
`RECORD.jws` and `RECORD.p7s` belong to the wheel (PEP 427). None of 966 real wheels has a file refused here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.rules.context import objection

if TYPE_CHECKING:
    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

#: In lower case, what each of the files would say.
_FORGED = {
    "direct_url.json": "from which URL it was installed",
    "provenance_url.json": "from which index it was installed",
    "requested": "that the user asked for it",
    "installer": "by whom it was installed",
    "uv_cache.json": "whether uv has to install it again",
    "uv_build.json": "how uv has built it",
    "record": "what was installed",
}

#: Names in this folder are those of commands that pip removes with the distribution.
_REMOVED = "scripts"


def check(wheel: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Whether the `.dist-info` folder is as a builder leaves it."""
    folder = f"{wheel.content.dist_info}/"
    evidence = []
    for path in wheel.content.entries:
        inside = path.removeprefix(folder)
        name, _, below = inside.partition("/")
        name = name.casefold()
        if inside == path:
            continue
        if name == _REMOVED and below:
            evidence.append(
                f"{path} has pip remove the command {below.partition('/')[0]} with it, be it another project's"
            )
        elif inside != "RECORD" and name in _FORGED:
            why = "says" if "/" not in inside else "is in the place of the file that says"
            evidence.append(f"{path} {why} {_FORGED[name]}")
    if not evidence:
        return None
    return objection(wheel, "installer-file", "brings files that only an installer writes", evidence)
