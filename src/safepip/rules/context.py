"""What a rule looks at: one wheel, and beside it everything else of the run.

A rule is pure. All that it has to know of the world (what is installed where, what the target's standard library holds)
it gets from here, as a value or as a function that an edge provides.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from safepip.model.finding import Diagnostic, printable, without_version
from safepip.rules.start_files import import_folders
from safepip.text.toml_writing import IN_CONFIGURATION, exception
from safepip.wheel.entry_points import script_lines
from safepip.wheel.modules import module_at
from safepip.wheel.script_names import command_folders, command_key, command_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from safepip.model.wheel import Entry, InstallPath
    from safepip.rules.under_review import WheelUnderReview
    from safepip.wheel.entry_points import EntryPoint
    from safepip.wheel.install_paths import Layout
    from safepip.wheel.modules import Module


def _nobody(_path: str) -> str | None:
    return None


def _nothing(_path: str, _entry: Entry) -> bool:
    return False


def _empty(_folder: str) -> tuple[str, ...]:
    return ()


def _as_it_is(path: str) -> str:
    return path


def _undeclared(_path: str) -> str:
    return ""


def _no_hooks() -> dict[str, tuple[str, ...]]:
    return {}


def _unsaid(_owner: str) -> bytes | None:
    return None


@dataclass(frozen=True)
class RuleContext:
    """Everything that a rule may know besides the wheel itself.

    `wheels` are all wheels of the run. `layout` says where schemes lie. `owner` gives, for an absolute path in the form
    of `InstallPath.path`, the normalised name of the installed distribution whose RECORD lists an existing file there;
    None where there is no file, or where it belongs to no distribution. `holds` tells whether the file there has the
    bytes of a wheel's entry already, `declares` what `safepip.wheel.namespaces` says of the source there (empty where
    nothing is known), `hooks` the lines with code of the `-nspkg.pth` files that are there, by path, `names` the files
    that lie in a folder, `entry_points` what the `entry_points.txt` of an installed distribution says.
    `standard_library` are the names of the target's top-level standard modules. `direct_urls` are the URLs that the
    user's own statements give, by normalised name. `markers` is the target's environment for markers (PEP 508), None
    where it is not known. `own_folders` are, for the projects that the user named as editable, the folder of each by
    its absolute paths: as it was named, and as the system resolves that. `resolve` gives an absolute path as the system
    resolves it.
    """

    wheels: tuple[WheelUnderReview, ...]
    layout: Layout
    owner: Callable[[str], str | None] = _nobody
    holds: Callable[[str, Entry], bool] = _nothing
    declares: Callable[[str], str] = _undeclared
    hooks: Callable[[], Mapping[str, tuple[str, ...]]] = _no_hooks
    names: Callable[[str], Collection[str]] = _empty
    entry_points: Callable[[str], bytes | None] = _unsaid
    standard_library: frozenset[str] = frozenset()
    direct_urls: Mapping[str, str] | None = None
    removed: frozenset[str] = frozenset()
    markers: Mapping[str, str] | None = None
    own_folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resolve: Callable[[str], str] = _as_it_is

    @cached_property
    def replaced(self) -> frozenset[str]:
        """Normalised names of the installed distributions that this run removes, replaces or installs again."""
        return self.removed.union(wheel.pin.name for wheel in self.wheels)

    @cached_property
    def claimants(self) -> Mapping[str, tuple[WheelUnderReview, ...]]:
        """For the `key` of an install path, the wheels that would put a file there, each once."""
        found: dict[str, tuple[WheelUnderReview, ...]] = {}
        for wheel in self.wheels:
            for key in {install_path.key for install_path in wheel.install_paths if install_path.path}:
                found[key] = (*found.get(key, ()), wheel)
        return found

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """For the install paths of all wheels what `owner` says of them, those without an owner left out."""
        paths = dict.fromkeys(install_path.path for wheel in self.wheels for install_path in wheel.install_paths)
        found = ((path, self.owner(path)) for path in paths if path)
        return {path: owner for path, owner in found if owner is not None}

    @cached_property
    def commands(self) -> Mapping[str, Mapping[str, EntryPoint | None]]:
        """For the `command_key` of a command, the projects of the run that bring it, each with the line that makes it:
        None where a file is the command, and where lines that differ make it."""
        folders = command_folders(self.layout)
        found: dict[str, dict[str, EntryPoint | None]] = {}
        for wheel in self.wheels:
            lines = script_lines(wheel.content.info("entry_points.txt"))
            for install_path in wheel.install_paths:
                if install_path.path and command_of(install_path, folders) is not None:
                    line = None if install_path.entry is not None else lines.get(install_path.entry_point or "")
                    there = found.setdefault(command_key(install_path, self.layout), {})
                    there[wheel.pin.name] = line if there.get(wheel.pin.name, line) == line else None
        return found

    def installed_script(self, owner: str, name: str) -> EntryPoint | None:
        """The line by which an installed distribution has the script of this name, None where none does."""
        if owner not in self._installed_lines:
            self._installed_lines[owner] = script_lines(self.entry_points(owner))
        return self._installed_lines[owner].get(name)

    @cached_property
    def _installed_lines(self) -> dict[str, Mapping[str, EntryPoint]]:
        return {}

    @cached_property
    def obstacles(self) -> Mapping[str, str]:
        """For the `key` of a file that some wheel needs as a folder, one key below it."""
        return {
            file.replace("\0", "/"): below.replace("\0", "/")
            for file, below in pairwise(self._ordered)
            if below.startswith(f"{file}\0")
        }

    def below(self, folder: str) -> tuple[WheelUnderReview, ...]:
        """The wheels that put files below the folder of this key."""
        prefix = folder.replace("/", "\0") + "\0"
        found: dict[str, WheelUnderReview] = {}
        for position in range(bisect_left(self._ordered, prefix), len(self._ordered)):
            key = self._ordered[position]
            if not key.startswith(prefix):
                break
            found.update((wheel.pin.name, wheel) for wheel in self.claimants[key.replace("\0", "/")])
        return tuple(found.values())

    @cached_property
    def _ordered(self) -> list[str]:
        """All keys, sorted with the separator before every other character: what lies below a path follows it."""
        return sorted(key.replace("/", "\0") for key in self.claimants)

    @cached_property
    def import_folders(self) -> frozenset[str]:
        """The keys of all folders that Python imports from when the run has ended, those for commands left out."""
        return import_folders(self.wheels, self.layout)

    @cached_property
    def modules(self) -> Mapping[str, tuple[tuple[InstallPath, Module], ...]]:
        """For the normalised name of each project, those of its files that are modules to Python."""
        return {
            wheel.pin.name: tuple(
                (install_path, module)
                for install_path in wheel.install_paths
                if (module := module_at(install_path.path)) is not None
            )
            for wheel in self.wheels
        }

    def modules_in(self, folder: str) -> Mapping[str, list[tuple[str, Module]]]:
        """The modules that are in a folder already, with their paths, by their place."""
        found = self._modules_there.get(folder)
        if found is None:
            found = self._modules_there[folder] = {}
            for path in (f"{folder}/{name}" for name in self.names(folder)):
                module = module_at(path)
                if module is not None:
                    found.setdefault(module.place, []).append((path, module))
        return found

    @cached_property
    def _modules_there(self) -> dict[str, dict[str, list[tuple[str, Module]]]]:
        return {}

    @cached_property
    def places(self) -> Mapping[str, list[tuple[str, InstallPath, Module]]]:
        """For the place of a module, the files that would be this module, with their projects."""
        found: dict[str, list[tuple[str, InstallPath, Module]]] = {}
        for name, modules in self.modules.items():
            for install_path, module in modules:
                found.setdefault(module.place, []).append((name, install_path, module))
        return found

    @cached_property
    def rivals(self) -> Mapping[str, list[tuple[str, InstallPath, Module]]]:
        """Those of `places` for which several projects have files."""
        return {place: files for place, files in self.places.items() if files[0][0] != files[-1][0]}


#: How many lines of evidence are shown; a hostile wheel can have a hundred thousand.
_SHOWN = 10


def objection(
    wheel: WheelUnderReview, reference: str, message: str, evidence: Iterable[str], *, allowable: bool = True
) -> Diagnostic:
    """A rule's finding about a wheel, in the form that all rules share.

    `message` goes on after "the wheel of NAME VERSION ". `evidence` are lines, made printable here. The hint is the
    narrowest line of policy that allows it; for a rule that policy cannot overrule, it says how to go on without this
    version.
    """
    pin, file = wheel.pin, wheel.file
    lines = [printable(line) for line in islice(evidence, _SHOWN + 1)]
    if len(lines) > _SHOWN:
        lines[_SHOWN] = "and more"
    hint = f"tell the owner of {pin.name}; {without_version(pin.name, pin.version)}"
    if allowable:
        line = exception(pin.name, reference, file.filename, [file.sha256])
        hint += f"\nif you have looked at it and want it, write {IN_CONFIGURATION}{line}"
    return Diagnostic(
        reference,
        f"the wheel of {pin.name} {pin.version} {message}",
        context=(f"wheel: {printable(file.filename)}", *lines),
        hint=hint,
        origins=pin.required_by,
        subject=pin.name,
    )
