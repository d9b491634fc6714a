"""The requirements from all places in which a command may name some, read in pip's order, as one list.

    1. constraints files (-c)          4. editable projects (-e)
    2. arguments                       5. requirements files (-r)
    3. dependency groups (--group)     6. a script's own block (--requirements-from-script)

A file that is named inside a file is read in its place. A path there is relative to the including file;
inside a file that came by URL it is joined to that URL. `-c` makes of that file's lines constraints, `-r`
requirements, even inside a constraints file. A file that includes itself, directly or not, is an error; the
number of files and the depth of their nesting are bounded, because a file from a network can name ever more of them.

Stricter than pip, on purpose:

- a file from a network cannot include a `file:` URL, nor have source code of this machine built
  (`remote-includes-local`);
- a URL into which a `${VARIABLE}` was expanded must lie within an index that the configuration, the command
  line or pip's configuration names (`expanded-credential`, routing.md, "Where indexes may be named"); and a
  project's name, which an index is asked for, must not come out of a variable at all. `variables` says what else
  a value may not become, and how it is kept out of messages.

Mistakes are collected, so that one run reports all of them. The bytes come through `Reader`; `file_format`,
`requirement` and `project_files` decide what they mean.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from safepip.model.errors import Refused, SafepipError, UnusableInput, UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.names import normalise
from safepip.model.origin import Origin, Source
from safepip.model.requirement import Constraint
from safepip.model.urls import UrlError, is_file_url, is_url, is_web, join
from safepip.requirements.expanded_values import ExpandedValues, tangled
from safepip.requirements.file_format import (
    FileOption,
    Include,
    Misread,
    Notice,
    RequirementLine,
    hide_user_info,
    parse,
)
from safepip.requirements.loaded import Loaded
from safepip.requirements.places import (
    Place,
    check_path,
    check_place,
    is_pyproject,
    misplaced_lock,
    remote_names_local,
    undecodable,
    unreadable,
)
from safepip.requirements.requirement import is_written_out, read_constraint, read_dependency, read_requirement

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.model.plan import Settings
    from safepip.model.requirement import Requirement
    from safepip.requirements.loaded import Reader

_DEPTH = 40
_FILES = 1000
_SHOWN = 40


class Gathering:
    """One reading of all sources; call `gather` once.

    `absorb` is `Credentials.absorb`; `values` are the rules for what was expanded.
    """

    def __init__(
        self, settings: Settings, values: ExpandedValues, reader: Reader, absorb: Callable[[str], str]
    ) -> None:
        self.settings = settings
        self.values = values
        self.reader = reader
        self.absorb = absorb
        self.requirements: list[Requirement] = []
        self.constraints: list[Constraint] = []
        self.options: list[FileOption] = []
        self.notices: list[str] = []
        self.misread: list[Diagnostic] = []
        self.refused: list[Diagnostic] = []
        self.hashed = False
        self.files = 0
        self.script_requires_python: str | None = None
        self.requires_python: list[str | None] = []
        self.scopes: set[str] = set()

    def gather(self, *, may_be_empty: bool = False) -> Loaded:
        """Read everything. Raises one `UsageError` or `Refused` with all mistakes found."""
        settings = self.settings
        if not may_be_empty and not settings.asks:
            raise UnusableInput.because(
                "no-requirements", "there is nothing to install", hint="name a project, or a file with -r FILE"
            )
        for name in settings.constraint_files:
            self._file(name, "constraint_files", constraint=True)
        self._arguments()
        for spec in settings.groups:
            self._attempt(partial(self._group, spec))
        for editable in settings.editables:
            self._argument(editable, "editables", editable=True)
        for name in settings.requirement_files:
            # pip would read a pyproject.toml as a requirements file, and fail at its first line.
            if is_pyproject(name):
                self._attempt(partial(self._project, name))
            else:
                self._file(name, "requirement_files", constraint=False)
        if settings.script is not None:
            self._attempt(partial(self._script, settings.script))
        for error in self.values.check_all([*self.requirements, *self.constraints]):
            self.refused += error.diagnostics
        self._raise()
        return Loaded(
            tuple(self.requirements),
            tuple(self.constraints),
            tuple(self.options),
            tuple(self.notices),
            self._hash_checking(),
            self.script_requires_python,
            tuple(filter(None, [*self.requires_python, self.script_requires_python])),
            frozenset(self.scopes),
        )

    # ------------------------------------------------------------------ the sources

    def _arguments(self) -> None:
        for text in self.settings.requirements:
            # pip passes over an argument of nothing but white space.
            if text.strip():
                self._argument(text, "requirements", editable=False)

    def _argument(self, text: str, setting: str, *, editable: bool) -> None:
        # pip: the settings for builds on the command line are those of what is named there, and of nothing in a file.
        given = tuple(map("=".join, self.settings.building.config_settings))
        shown = printable(hide_user_info(text))
        stated = self._stated(setting)
        self._take(RequirementLine(text, stated, config_settings=given, editable=editable, written=shown))

    def _group(self, spec: str) -> None:
        from safepip.requirements.lock_requests import is_pylock
        from safepip.requirements.project_files import group_of, read_groups

        path, group = group_of(spec)
        place = Place(path, printable(path), self._stated("groups"))
        if is_pylock(path):
            raise misplaced_lock(place)
        text = self._project_file(place)
        self.scopes.add(scope := f"group:{normalise(group)}")
        for name, requirement in read_groups(text, printable(path), [group]):
            self._dependency(requirement, Origin(Source.FILE, f"{printable(path)} [dependency-groups] {name}"), scope)

    def _project(self, path: str) -> None:
        """`-r pyproject.toml`: what the project itself requires, and for a lock its extras as scopes of their own."""
        from safepip.requirements.project_files import read_project

        lock = self.settings.lock
        extras = frozenset[str]() if lock is None else None if lock.all_extras else lock.extras
        text = self._project_file(Place(path, printable(path), self._stated("requirement_files")))
        project = read_project(text, printable(path), extras)
        self.requires_python.append(project.requires_python)
        for requirement in project.dependencies:
            self._dependency(requirement, Origin(Source.FILE, printable(path)))
        for extra, requirements in project.extras.items():
            self.scopes.add(scope := f"extra:{extra}")
            for requirement in requirements:
                self._dependency(requirement, Origin(Source.FILE, f"{printable(path)} [{extra}]"), scope)

    def _script(self, path: str) -> None:
        from safepip.requirements.project_files import read_script

        text = self._project_file(Place(path, printable(path), self._stated("script")))
        script = read_script(text, printable(path))
        self.script_requires_python = script.requires_python
        for requirement in script.dependencies:
            self._dependency(requirement, Origin(Source.FILE, printable(path)))

    def _project_file(self, place: Place) -> str:
        # PEP 723 and TOML: UTF-8, whatever the locale.
        check_path(place)
        try:
            return self._local_bytes(place.name, place, "file").decode("utf-8")
        except UnicodeDecodeError:
            raise undecodable(place) from None

    def _dependency(self, requirement: str, origin: Origin, scope: str = "") -> None:
        text = self.absorb(requirement)
        line = RequirementLine(text, origin, written=printable(hide_user_info(text)))
        self._attempt(lambda: self.requirements.append(read_dependency(line, self.reader.disk)._replace(scope=scope)))

    def _file(self, name: str, setting: str, *, constraint: bool) -> None:
        stated = self._stated(setting)
        # A file named on the command line needs no parent to be understood; one named by a variable does.
        parent = None if stated.source is Source.COMMAND_LINE else stated
        clean = self.absorb(name)
        self._attempt(lambda: self._walk(Place(clean, printable(clean), stated), parent, (), constraint=constraint))

    # ------------------------------------------------------------------ files within files

    def _walk(self, place: Place, parent: Origin | None, above: tuple[Place, ...], *, constraint: bool) -> None:
        """Read one file and, in their places, the files it includes. `above` are those it is included by."""
        check_place(place)
        self._check_nesting(place, above)
        text = self._text(place, "constraints" if constraint else "requirements")
        environ = self.values.environ
        lines = parse(text, place.shown, constraint=constraint, environ=environ, absorb=self.absorb, parent=parent)
        self.values.note_lines(lines)
        for line in lines:
            match line:
                case RequirementLine():
                    self._take(line)
                case Include():
                    self._attempt(partial(self._include, line, place, (*above, place)))
                case FileOption():
                    self._attempt(partial(self._option, line, place.name))
                case Notice():
                    self.notices.append(str(line))
                case Misread():
                    self.misread.append(line.diagnostic)

    def _check_nesting(self, place: Place, above: tuple[Place, ...]) -> None:
        # A file that is being read cannot be read again within itself; twice in a row it may.
        if self._key(place) in map(self._key, above):
            raise UnusableInput.because(
                "recursive-requirements",
                f"{place.shown} includes itself",
                context=("  ->  ".join(step.shown for step in (*above, place)),),
                origins=(place.stated,),
            )
        self.files += 1
        if len(above) >= _DEPTH or self.files > _FILES:
            raise UnusableInput.because(
                "requirements-nesting",
                f"requirements files include each other deeper than {_DEPTH} or more than {_FILES} times",
                origins=(place.stated,),
            )

    def _key(self, place: Place) -> str:
        return place.name if is_url(place.name) else self.reader.disk.absolute(place.name)

    def _option(self, line: FileOption, filename: str) -> None:
        if line.source is None:
            raise tangled(line.origin)
        if line.value is not None:
            self.values.hide(line.value, line.source, line.source)
        option = self._beside_its_file(line, filename)
        if option.value and line.source and not is_url(option.value):
            disk = self.reader.disk
            self.values.hide(disk.to_url(disk.absolute(option.value)), f"file:{line.source}", line.source)
        self.options.append(option)

    def _include(self, line: Include, including: Place, above: tuple[Place, ...]) -> None:
        if line.source is None:
            raise tangled(line.origin)
        try:
            name = self._join(including.name, line.target)
            shown = printable(self._join(including.shown, line.written))
        except UrlError:
            raise unreadable(f"{line.origin} names a URL that cannot be read", line.origin) from None
        if is_web(including.name) and not is_web(name):
            raise remote_names_local(line.origin)
        if line.expanded:
            self.values.note(name)
        self.values.check_reach(name, line.origin)
        self.values.hide(name, shown, line.source)
        name = self.absorb(name)
        if is_url(name) and name != shown:
            # A file that is named relative to an expanded URL has the value in its URL, too.
            self.values.conceal(name, shown)
        self._walk(Place(name, shown, line.origin), line.origin, above, constraint=line.constraint)

    def _join(self, including: str, target: str) -> str:
        if is_url(including):
            return join(including, target)
        return target if is_url(target) else self.reader.beside(including, target)

    def _beside_its_file(self, option: FileOption, filename: str) -> FileOption:
        # pip: --find-links is relative to the file if something is there, else to the working directory.
        if option.name != "find-links" or option.value is None or is_url(option.value) or is_url(filename):
            return option
        disk = self.reader.disk
        path = disk.absolute(self.reader.beside(filename, option.value))
        return option._replace(value=path) if disk.is_dir(path) or disk.is_file(path) else option

    def _text(self, place: Place, kind: str) -> str:
        from safepip.requirements.encodings import decode
        from safepip.requirements.lock_requests import is_pylock
        from safepip.requirements.other_files import check_kind

        if is_pylock(place.name):
            raise misplaced_lock(place)
        encoding = self.reader.locale_encoding
        data = self._bytes(place, kind)
        check_kind(place, data)
        try:
            text, guessed = decode(data, locale_encoding=encoding)
        except (UnicodeError, LookupError):
            raise undecodable(place) from None
        if guessed:
            self.notices.append(
                f"{place.shown} is not UTF-8, and was read as {encoding}; "
                f"to declare that, write in its first line: # -*- coding: {encoding} -*-"
            )
        return text

    def _bytes(self, place: Place, kind: str) -> bytes:
        if is_web(place.name):
            return self.reader.fetch(place.name)[1]
        try:
            path = self.reader.disk.from_url(place.name) if is_url(place.name) else place.name
        except UrlError:
            raise unreadable(f"{place.shown} is not a file of this machine", place.stated) from None
        return self._local_bytes(path, place, kind)

    def _local_bytes(self, path: str, place: Place, kind: str) -> bytes:
        disk = self.reader.disk
        whole = disk.absolute(path)
        try:
            return self.reader.read_file(whole)
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            from safepip.requirements.other_files import way_to_open

            hint = way_to_open(place.shown, disk, whole, kind)
            raise unreadable(f"the {kind} {place.shown} cannot be opened: {reason}", place.stated, hint) from None

    # ------------------------------------------------------------------ one statement

    def _take(self, line: RequirementLine) -> None:
        self.hashed = self.hashed or bool(line.hashes)
        self._attempt(lambda: self._judge(line))

    def _judge(self, line: RequirementLine) -> None:
        if line.source is None:
            raise tangled(line.origin)
        statement: Requirement | Constraint
        if line.constraint:
            statement = read_constraint(line, self.reader.disk)
        else:
            statement = read_requirement(line, self.reader.disk)
        if statement.source is not None and is_file_url(statement.url or "") and is_web(line.origin.where):
            raise remote_names_local(line.origin)
        if line.expanded:
            self.values.check_reach(statement.url or "", line.origin)
        if statement.url is None and not is_written_out(line, statement.name):
            raise Refused.because(
                "expanded-credential",
                f"{line.origin} would ask an index for the value of a variable",
                origins=(line.origin,),
                hint="write the project's name without ${...}",
            )
        if line.source:
            self.values.check_places(statement, line.source)
        if isinstance(statement, Constraint):
            self.constraints.append(statement)
        else:
            self.requirements.append(statement)

    def _hash_checking(self) -> bool:
        """pip's hash-checking mode: asked for, or implied by any --hash unless that is switched off.

        For a lock it has to be asked for: making a lock finds the hashes, and its constraints may be locks themselves.
        A hash that is given counts in any case. That --require-hashes and --no-require-hashes contradict each other is
        reported where options are applied.
        """
        names = {option.name for option in self.options}
        wanted = self.settings.require_hashes or "require-hashes" in names
        unwanted = self.settings.no_require_hashes or "no-require-hashes" in names
        return wanted or (self.hashed and not unwanted and self.settings.lock is None)

    # ------------------------------------------------------------------ errors

    def _stated(self, setting: str) -> Origin:
        return self.settings.origins.get(setting, Origin(Source.COMMAND_LINE))

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do a step; keep its mistakes for the end. A failing network ends the run at once."""
        try:
            step()
        except UsageError as error:
            self.misread += error.diagnostics
        except Refused as error:
            self.refused += error.diagnostics

    def _raise(self) -> None:
        found = [*self.misread, *self.refused]
        if not found:
            return
        shown = found[:_SHOWN]
        if len(found) > len(shown):
            shown[-1] = shown[-1]._replace(context=(*shown[-1].context, f"and {len(found) - _SHOWN} more like these"))
        error: type[SafepipError] = UnusableInput if self.misread else Refused
        raise error(*shown)
