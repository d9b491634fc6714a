"""`wrong-tags`: the targets that the file's name claims are among those that WHEEL says the content was made for.

PEP 427 writes the tags twice: in the file's name, by which installers choose, and in WHEEL, which stays with the
content. Whoever renames a wheel changes the first alone. Renamed to claim more, the same bytes are chosen where they
were not made for: a module built for one ABI in every interpreter, the wheel of one system in place of another's or
of the source. Renamed to claim less, they are only chosen less often. So each tag of the name is held
against the Tag lines, and one of them has to cover it:

- interpreter: the same, or one that includes it (`py3` covers `py311` and `cp311`, `py37` every later Python);
- ABI: the same, or `none`; `cp39-abi3` covers `cp311-abi3`, which is the same ABI of a later Python;
- platform: the same, or `any`; on Linux and macOS another version of the system will do, `linux_x86_64` for
  `manylinux_2_28_x86_64` or an older macOS for a newer, as long as the content is for the same processors.

The last line is for the many projects that build for `linux_x86_64`, check what their wheel links to and then
rename the file; tags for Python 2, which safepip never installs for, are passed over for those that add `py2` to the
name. Of 966 real wheels four disagree between name and WHEEL (two of them as `linux` and `manylinux`, one with a
name that claims less, one with `py2` added) and this rule hits none.

Build tags order the wheels of one version: where name and WHEEL have one, they are equal.

What cannot be compared, because the name or WHEEL cannot be read, is refused. `wrong-identity` refuses it too, and
nothing overrules that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import parse_wheel_filename

from safepip.clearing import objection
from safepip.wheel_file import MAX_TAGS, WheelFileError, parse_wheel_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag
    from packaging.utils import BuildTag

    from safepip.clearing import Scene, Subject
    from safepip.model.finding import Diagnostic
    from safepip.wheel_file import WheelFile

_LINUX = re.compile(r"(linux|manylinux|musllinux)(?:1|2010|2014|_[0-9]+_[0-9]+)?_([a-z].*)")
_MACOS = re.compile(r"macosx_[0-9]+_[0-9]+_(.+)")
_INTERPRETER = re.compile(r"([a-z]+)([0-9])([0-9]{0,6})")

#: What Apple's names for several processors at once stand for.
_SEVERAL = {
    "universal2": {"x86_64", "arm64"},
    "universal": {"i386", "x86_64", "ppc", "ppc64"},
    "intel": {"i386", "x86_64"},
    "fat": {"i386", "ppc"},
    "fat3": {"i386", "x86_64", "ppc"},
    "fat64": {"x86_64", "ppc64"},
}


def check(subject: Subject, _scene: Scene) -> Diagnostic | None:
    """Whether WHEEL stands behind every tag of the file's name, and behind its build tag."""
    try:
        _, _, build, claimed = parse_wheel_filename(subject.file.filename)
        wheel = parse_wheel_file(subject.content.info("WHEEL") or b"")
    except ValueError:  # InvalidWheelFilename is one, and so is a number longer than Python reads
        return _unknown(subject, "the file's name is none of a wheel")
    except WheelFileError as error:
        return _unknown(subject, str(error))
    evidence = [] if claimed == wheel.tags else list(_not_covered(claimed, wheel))
    evidence += _other_build(build, wheel)
    if not evidence:
        return None
    return objection(subject, "wrong-tags", "was made for something else than its file name claims", evidence)


def _unknown(subject: Subject, why: str) -> Diagnostic:
    return objection(subject, "wrong-tags", "does not say what it was made for", (why,), allowable=False)


def _not_covered(claimed: frozenset[Tag], wheel: WheelFile) -> Iterator[str]:
    if len(claimed) > MAX_TAGS:
        yield f"the file name claims {len(claimed)} tags; at most {MAX_TAGS} are looked at"
        return
    made = [_target(tag) for tag in wheel.tags]
    wrong = [
        tag
        for tag in sorted(claimed, key=str)
        if (target := _target(tag)).major != "2" and not any(_covers(one, target) for one in made)
    ]
    yield from (f"the file name claims: {tag}" for tag in wrong)
    if wrong:
        yield from (f"WHEEL says:           {tag}" for tag in sorted(map(str, wheel.tags)))


def _other_build(build: BuildTag, wheel: WheelFile) -> Iterator[str]:
    if build and wheel.build and wheel.build.lstrip("0") != f"{build[0]}{build[1]}".lstrip("0"):
        yield f"build tag in the file name: {build[0]}{build[1]}"
        yield f"build tag in WHEEL:         {wheel.build}"


class _Target(NamedTuple):
    """A tag taken apart (PEP 425).

    `implementation` is `py`, `cp` and the like; `major` and `minor` are digits, `minor` possibly none, both empty for
    an interpreter of another form. `system` is a platform without version and processors, or the whole platform.
    """

    tag: Tag
    implementation: str
    major: str
    minor: str
    system: str
    processors: frozenset[str]


def _target(tag: Tag) -> _Target:
    interpreter = _INTERPRETER.fullmatch(tag.interpreter)
    implementation, major, minor = interpreter.groups() if interpreter else (tag.interpreter, "", "")
    system, processors = tag.platform, frozenset[str]()
    if linux := _LINUX.fullmatch(tag.platform):
        system, processors = linux[1], frozenset({linux[2]})
    elif macos := _MACOS.fullmatch(tag.platform):
        system, processors = "macosx", frozenset(_SEVERAL.get(macos[1], {macos[1]}))
    return _Target(tag, implementation, major, minor, system, processors)


def _covers(made: _Target, claimed: _Target) -> bool:
    """Whether what was made for the one may claim to be for the other."""
    return _covers_python(made, claimed) and _covers_platform(made, claimed)


def _covers_python(made: _Target, claimed: _Target) -> bool:
    stable = claimed.tag.abi.startswith("abi3")
    if made.tag.interpreter == claimed.tag.interpreter:
        # `cp39-none` is for Python 3.9 alone, `cp39-abi3` for every later one as well.
        anywhere = made.tag.abi == "none" and (not stable or made.implementation == "py")
        return anywhere or made.tag.abi == claimed.tag.abi
    if made.major != claimed.major:
        return False
    # A name without a minor version is for all of them, one with it for that version and all later ones.
    later = not made.minor or (claimed.minor != "" and int(claimed.minor) >= int(made.minor))
    if made.implementation == "py":
        return later and made.tag.abi in ("none", claimed.tag.abi)
    return later and made.implementation == claimed.implementation and stable and made.tag.abi == claimed.tag.abi


def _covers_platform(made: _Target, claimed: _Target) -> bool:
    if made.tag.platform in ("any", claimed.tag.platform):
        return True
    if not claimed.processors <= made.processors:
        return False
    # `linux` says nothing about the C library; the two others name different ones.
    return made.system == claimed.system or (made.system == "linux" and claimed.system in ("manylinux", "musllinux"))
