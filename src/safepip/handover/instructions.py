"""From a decision to what pip is told: arguments, files and the names pip may touch. Nothing here starts pip.

How pip is made to carry out the resolution and nothing else:

1. What the user asked for is handed over as requirements, `name[extras]==version` with the digest of the verified
   wheel; everything below as constraints (`-c`) with digests. So pip marks as REQUESTED what a plain `pip install`
   marks, and finds the rest by the wheels' own metadata.
2. The only place in which it may find a wheel is the private folder (`--no-index --find-links`), which holds
   one wheel a project. Every digest is demanded again (`--require-hashes`), so that pip verifies what it unpacks.
3. A wheel that the user named by URL or path is handed over as `name @ file:` of the private copy, because pip treats
   such a wheel differently (it replaces an editable install of the same version, and it writes direct_url.json).
   So is a wheel that was built from source code which the user named. `direct_urls` has the record as it must be in
   the end: with the user's URL and not that of the private copy (`safepip.model.direct_url`). Where a constraint names
   a dependency's wheel, pip would take no digest for it by URL: it gets it by name, and the record is made after.
4. Installed distributions that are kept are handed over too where the user asked for them, so that pip finds what they
   require. pip keeps them: they are there in the required version.
5. With `--only-deps` pip takes no requirements files; the roots are then arguments, and their digests constraints.
6. No configuration, no environment variables of pip's, no cache, no index, and for anything that would use the network
   nevertheless (a requirement by URL in a wheel's metadata) a proxy address at which nothing listens.
7. At the ordinary verbosity pip is told to be quiet but for warnings and errors, since each of its lines would name the
   private folder; `before` and `after` are the lines printed in its place, in its words.
8. Where a wheel takes the place of the same version, pip, which goes by versions, would not touch that: it is told to
   reinstall exactly these wheels, without looking for dependencies. So it is with what is built from a folder or an
   archive of this machine, which pip itself installs again in the same version. All of them are then marked as
   requested, and `unrequested` are those from which the mark is taken away afterwards.
9. pip reports what it installed; `check_report` compares that with what was handed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from safepip.model.direct_url import direct_record
from safepip.model.errors import PipFailed
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import normalise
from safepip.model.plan import UpgradeStrategy
from safepip.model.urls import file_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safepip.model.evidence import ClearedWheel
    from safepip.model.plan import Settings
    from safepip.model.resolution import Pin, Resolution

#: A proxy address on this host at which nothing can listen: 0 is not a port to connect to.
_NO_NETWORK = "http://127.0.0.1:0"

_BY_URL = re.compile(rb"^Requires-Dist:[^\r\n;]*@", re.MULTILINE | re.IGNORECASE)

_WHEELS = "wheels"
_REPORT = "report.json"
_REQUIREMENTS = "requirements.txt"
_CONSTRAINTS = "constraints.txt"


@dataclass(frozen=True, slots=True)
class DirectUrl:
    """For one project, the URL of the private copy, and the record that takes the place of pip's own (PEP 610)."""

    private: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Handover:
    """All that pip is told. `folder` is the private folder, absolute.

    `arguments` follow `pip`. `files` are texts by their path within `folder`, `wheels` the verified files by theirs.
    `report` is the absolute path at which pip leaves its report. `installs` are version and sha256 by name of what pip
    has to install, `direct_urls` the wheels among them that the user named, or that were built from what the user
    named, `unrequested` those that pip marks as requested though the user did not ask for them. `before` and `after`
    are lines to print before pip starts and when it has succeeded, empty where pip prints its own.

    With `stages` several pips do it, and this says what is to be there in the end: `arguments` and `report` are empty.
    The parts of a stage run side by side, each as it is told, when all of the stage before have ended. `alone` says why
    one pip does it, where the user has asked for several.
    """

    folder: str
    arguments: tuple[str, ...]
    files: Mapping[str, str]
    wheels: Mapping[str, ClearedWheel]
    report: str
    installs: Mapping[str, tuple[Version, str]]
    direct_urls: Mapping[str, DirectUrl]
    unrequested: frozenset[str] = frozenset()
    before: str = ""
    after: str = ""
    stages: tuple[tuple[Handover, ...], ...] = ()
    alone: str = ""

    @property
    def parts(self) -> tuple[Handover, ...]:
        """What each pip is told."""
        return tuple(part for stage in self.stages for part in stage) or (self,)


def make_handover(
    resolution: Resolution, wheels: Sequence[ClearedWheel], settings: Settings, folder: str
) -> Handover | None:
    """What to tell pip for this resolution, or None where there is nothing to install.

    `wheels` are one for each name of `resolution.to_install` and, with `only_deps`, one for each pin of
    `roots_to_read`. `folder` is absolute and does not exist yet or is empty. Raises `ValueError` when the wheels are
    not these: then the caller has lost one or brings one too many.
    """
    if not resolution.to_install:
        return None
    asked_for, given = resolution.pins, _by_name(resolution, wheels, settings)
    by_name = not settings.force_reinstall and any(_stays_for_pip(asked_for[name]) for name in resolution.to_install)
    if by_name:
        settings = settings._replace(force_reinstall=True, no_deps=True, only_deps=False)
        resolution, given = _these_alone(resolution, given)
    base = folder.rstrip("/")
    roots = [_root(pin, given, base, settings) for pin in resolution.pins.values() if pin.requested]
    # With --only-deps the roots are arguments, which take no digests: there all digests are constraints.
    below = [wheel for wheel in given.values() if settings.only_deps or not resolution.pins[wheel.pin.name].requested]
    files = {_CONSTRAINTS: "".join(f"{_hashed(wheel)}\n" for wheel in below)}
    if settings.only_deps:
        asked = tuple(roots)
    else:
        # pip would follow a URL in METADATA, which policy may have allowed, even without an index: then it is given
        # every wheel and told to look for nothing.
        followed = any(map(_requires_by_url, given.values()))
        by_name = by_name or followed
        lines = [*roots, *(_hashed(wheel) for wheel in below)] if followed else roots
        files[_REQUIREMENTS] = "".join(f"{line}\n" for line in lines)
        asked = (*(("--no-deps",) if followed else ()), "--requirement", f"{base}/{_REQUIREMENTS}")
    installs = {name: given[name] for name in sorted(resolution.to_install)}
    before, after = stated_for_pip(installs) if settings.display.verbosity == 0 else ("", "")
    return Handover(
        folder=folder,
        arguments=("install", *_options(settings, base), "--constraint", f"{base}/{_CONSTRAINTS}", *asked),
        files=files,
        wheels={f"{_WHEELS}/{wheel.file.filename}": wheel for wheel in given.values()},
        report=f"{base}/{_REPORT}",
        installs={name: (wheel.pin.version, wheel.file.sha256.hex) for name, wheel in installs.items()},
        direct_urls=_direct_urls(installs, base),
        unrequested=frozenset(name for name in installs if by_name and not asked_for[name].requested),
        before=before,
        after=after,
    )


def _these_alone(
    resolution: Resolution, given: Mapping[str, ClearedWheel]
) -> tuple[Resolution, dict[str, ClearedWheel]]:
    """Nothing but what is to be installed, each as if it was asked for: for a pip that installs whatever it is told."""
    pins = {name: resolution.pins[name]._replace(requested=True) for name in resolution.to_install}
    return resolution._replace(pins=pins), {name: given[name] for name in resolution.to_install}


def _stays_for_pip(pin: Pin) -> bool:
    """Whether pip would keep what is installed: the same version, in other bytes, or not as it was built from source
    code this time. What is installed as editable makes way for any wheel by URL."""
    there = pin.replaces
    if there is None or there.version != pin.version:
        return False
    return there.other or (pin.built_from is not None and not there.editable)


def _direct_urls(installs: Mapping[str, ClearedWheel], base: str) -> dict[str, DirectUrl]:
    """The records of where wheels came from that the user named, or that were built from what the user named."""
    found = {}
    for name, wheel in installs.items():
        pin, digest = wheel.pin, wheel.file.sha256
        if pin.direct_url is not None:
            record = direct_record(pin.direct_url, pin.built_from, {digest.algorithm: digest.hex})
            found[name] = DirectUrl(_private_url(wheel, base), record)
    return found


def with_public_urls(handover: Handover, shown: Callable[[str], str]) -> Handover:
    """The same, with the user's URLs as they may stay in an environment: without the values of variables."""
    urls = {
        name: replace(url, record={**url.record, "url": shown(url.record["url"])})
        for name, url in handover.direct_urls.items()
    }
    return replace(handover, direct_urls=urls)


def _requires_by_url(wheel: ClearedWheel) -> bool:
    """Whether the wheel's METADATA has a requirement with a URL, in force or not."""
    return _BY_URL.search(wheel.content.info("METADATA") or b"") is not None


def stated_for_pip(installs: Mapping[str, ClearedWheel]) -> tuple[str, str]:
    """pip's own two lines about an installation."""
    versions = " ".join(f"{name}-{wheel.pin.version}" for name, wheel in installs.items())
    return f"Installing collected packages: {', '.join(installs)}", f"Successfully installed {versions}"


def roots_to_read(resolution: Resolution, settings: Settings) -> tuple[Pin, ...]:
    """The pins that are not installed and whose wheels pip needs nevertheless, to read what they require.

    They are the roots under `--only-deps`, which pip asks for their metadata itself.
    """
    if not settings.only_deps or not resolution.to_install:
        return ()
    return tuple(pin for pin in resolution.pins.values() if pin.requested and pin.candidate is not None)


def _by_name(resolution: Resolution, wheels: Sequence[ClearedWheel], settings: Settings) -> dict[str, ClearedWheel]:
    """The wheels by project, compared with what the resolution needs."""
    given = {wheel.pin.name: wheel for wheel in wheels}
    needed = {*resolution.to_install, *(pin.name for pin in roots_to_read(resolution, settings))}
    if given.keys() != needed or len(given) != len(wheels):
        raise ValueError(f"wheels of {sorted(needed)} are needed, and those of {sorted(given)} were given")
    for name, wheel in given.items():
        if wheel.pin.candidate is not resolution.pins[name].candidate:
            raise ValueError(f"the wheel of {name} was cleared for another choice")
    return given


def _options(settings: Settings, base: str) -> tuple[str, ...]:
    """pip's options: the fixed ones, those that the settings imply, and those that the user passes to pip."""
    implied = [
        ("--no-deps", settings.no_deps),
        ("--only-deps", settings.only_deps),
        ("--force-reinstall", settings.force_reinstall),
        ("--ignore-installed", settings.ignore_installed),
        ("--quiet", settings.display.verbosity == 0),
        # With --target, --upgrade decides whether what is there is replaced; elsewhere the pins decide.
        ("--upgrade", settings.target_dir is not None and settings.upgrade is not UpgradeStrategy.TO_SATISFY_ONLY),
    ]
    restrictions = [
        *(("--platform", platform) for platform in settings.platforms),
        *(("--abi", abi) for abi in settings.abis),
        ("--implementation", settings.implementation),
        ("--python-version", settings.python_version),
    ]
    return (
        # The variables and files of pip are gone already; --isolated also keeps distutils' own files in the working
        # directory and in the home folder from moving what is installed, on systems whose Python still reads them.
        "--isolated",
        *("--no-index", "--find-links", f"{base}/{_WHEELS}", "--only-binary", ":all:", "--pre", "--require-hashes"),
        *("--no-cache-dir", "--no-input", "--disable-pip-version-check", "--keyring-provider", "disabled"),
        # Its warning prints the metadata of installed projects unchanged; `broken_requirements` reports the same
        # safely.
        "--no-warn-conflicts",
        # A progress bar sends control characters to the terminal, and `bare_pip` lets none through.
        *("--progress-bar", "off"),
        *("--proxy", _NO_NETWORK, "--retries", "0", "--report", f"{base}/{_REPORT}"),
        *(option for option, wanted in implied if wanted),
        *(word for option, value in restrictions if value for word in (option, value)),
        *settings.forwarded,
    )


def _root(pin: Pin, given: Mapping[str, ClearedWheel], base: str, settings: Settings) -> str:
    """The line, or argument, for something the user asked for. Its extras are all that are in force for it."""
    extras = f"[{','.join(sorted(pin.extras))}]" if pin.extras else ""
    wheel = given.get(pin.name)
    if wheel is None:
        return f"{pin.name}{extras}=={pin.version}"
    digest = wheel.file.sha256
    if pin.direct_url is not None:
        # pip takes the digest in the fragment of a user's URL for a demanded one.
        return f"{pin.name}{extras} @ {_private_url(wheel, base)}#{digest.algorithm}={digest.hex}"
    line = f"{pin.name}{extras}=={pin.version}"
    return line if settings.only_deps else f"{line} --hash={digest}"


def _hashed(wheel: ClearedWheel) -> str:
    """The line of a constraints file for a wheel."""
    return f"{wheel.pin.name}=={wheel.pin.version} --hash={wheel.file.sha256}"


def _private_url(wheel: ClearedWheel, base: str) -> str:
    """The `file:` URL of the private copy."""
    return file_url(f"{base}/{_WHEELS}/{wheel.file.filename}")


def check_report(handover: Handover, report: Mapping[str, Any]) -> None:
    """Compare pip's installation report (version 1) with what was handed over.

    Raises `PipFailed` (`handover-diverged`): pip has then installed something other than what was decided.
    """
    reported: dict[str, tuple[Version, str]] = {}
    for item in report["install"]:
        metadata, archive = item["metadata"], item["download_info"]["archive_info"]
        reported[normalise(metadata["name"])] = (Version(metadata["version"]), archive["hashes"]["sha256"])
    if reported == dict(handover.installs):
        return
    names = sorted(reported.keys() | handover.installs.keys())
    wrong = [name for name in names if reported.get(name) != handover.installs.get(name)]
    raise PipFailed(
        1,
        Diagnostic(
            "handover-diverged",
            "pip installed something other than what was decided and verified",
            context=tuple(
                f"{name}: decided {_stated(handover.installs.get(name))}, installed {_stated(reported.get(name))}"
                for name in map(printable, wrong)
            ),
            hint="the environment has changed: look at it with pip list, and report this with the output of -v",
        ),
    )


def _stated(entry: tuple[Version, str] | None) -> str:
    """One side of the comparison in words."""
    return "nothing" if entry is None else f"{entry[0]} sha256:{printable(entry[1])}"
