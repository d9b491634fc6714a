"""Calls the hooks of a project's build backend (PEP 517, PEP 660), through pyproject-hooks and inside a fence.

What a backend leaves behind is as little trusted as what it returns: it is read only when all of its processes have
ended, and only where it is an ordinary file of a bounded size.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from safepip.build.hook_answer import plain_answer
from safepip.edges.builder.git_variables import git_home_settings, git_variables
from safepip.edges.builder.kept_places import kept_places, looks_of, mounts_of
from safepip.edges.builder.removal import keep_only
from safepip.edges.disk.reading import open_regular
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pyproject_hooks import BuildBackendHookCaller

    from safepip.build.build_system import BuildSystem
    from safepip.edges.builder.fenced_command import BuildOutcome, Fence
    from safepip.model.source import SourceTree

#: pyproject-hooks' file for the answer of a hook.
_ANSWER = "output.json"
#: In bytes: what a hook may answer, and what METADATA may have.
_LONGEST_ANSWER = 1 << 20
_LONGEST_METADATA = 10 << 20
#: How many requirements a backend may ask for: each is a name that an index is asked for.
_MOST_REQUIREMENTS = 300
#: How many of a failed build's last lines an error shows.
_LAST_LINES = 12

_STOPPED = {
    "time": "it took too long",
    "disk": "it wrote too much",
    "processes": "it started too many processes",
    "memory": "it took too much memory",
    "output": "it printed without end",
}


class Workplace(NamedTuple):
    """Where and how the hooks of one project run.

    `python` is the interpreter of the build environment, `readable` what it needs beside the system's folders.
    `scratch` is an empty folder for this project alone, `environ` the variables without those of the workplace.
    `settings` are the backend's (`--config-settings`). `kept` are folders that must stay as they are where they
    lie in the user's own tree (`kept_places`). `told` gets what is printed, as it comes.
    """

    system: BuildSystem
    tree: SourceTree
    python: str
    environ: Mapping[str, str]
    readable: tuple[str, ...]
    scratch: str
    fence: Fence
    network: bool = False
    settings: Mapping[str, str | list[str]] | None = None
    editable: bool = False
    kept: tuple[str, ...] = ()
    told: Callable[[bytes], None] | None = None


class Backend:
    """The backend of one project. `subject` names the project in messages. Each hook raises `Unavailable`
    (`build-failed`) where it fails, or answers what no backend may answer."""

    def __init__(self, place: Workplace, subject: str) -> None:
        self._place = place
        self._subject = subject
        self._prepared: str | None = None
        self._home, self._temporary, self._wheels, self._information = (
            os.path.join(place.scratch, name) for name in ("home", "tmp", "wheels", "metadata")
        )
        for folder in (self._home, self._temporary, self._wheels, self._information):
            os.mkdir(folder, 0o700)
        if place.fence.kind != "none":
            with open(os.path.join(self._home, ".gitconfig"), "w", encoding="utf-8") as file:
                file.write(git_home_settings(place.tree.root))

    @property
    def scratch(self) -> str:
        """The folder of all that the backend leaves."""
        return self._place.scratch

    def requirements(self) -> tuple[str, ...]:
        """What the backend asks for beside the static requirements; empty where it has no such hook."""
        caller, editable = self._caller("get_requires"), self._place.editable
        hook = caller.get_requires_for_build_editable if editable else caller.get_requires_for_build_wheel
        answer = self._called("get_requires_for_build", lambda: hook(self._place.settings))
        if not isinstance(answer, list) or not all(isinstance(word, str) for word in answer):
            raise self._failed("its requirements for building are not a list of strings")
        if len(answer) > _MOST_REQUIREMENTS:
            raise self._failed(f"it asks for {len(answer)} projects; at most {_MOST_REQUIREMENTS} may be asked for")
        return tuple(answer)

    def metadata(self) -> bytes:
        """The text of METADATA; a backend without a hook for it builds the whole wheel."""
        caller, settings = self._caller("prepare_metadata"), self._place.settings
        prepare = (
            caller.prepare_metadata_for_build_editable
            if self._place.editable
            else caller.prepare_metadata_for_build_wheel
        )
        name = self._called("prepare_metadata_for_build", lambda: prepare(self._information, settings))
        if not isinstance(name, str) or not _is_info_folder(name):
            raise self._failed("it says that its metadata is elsewhere", printable(str(name), 120))
        self._prepared = os.path.join(self._information, name)
        try:
            if not stat.S_ISDIR(os.lstat(self._prepared).st_mode):
                raise self._failed(f"{printable(name)} is not a folder")
            return read_plain(os.path.join(self._prepared, "METADATA"), _LONGEST_METADATA)
        except OSError as error:
            raise self._failed(f"its metadata cannot be read: {error.strerror or error}") from None

    def wheel(self) -> tuple[str, str]:
        """Build the wheel: the folder that the backend was given, and the file name that it returned, unchecked."""
        caller, settings = self._caller("build"), self._place.settings
        build = caller.build_editable if self._place.editable else caller.build_wheel
        name = self._called("build", lambda: build(self._wheels, settings, self._prepared))
        if not isinstance(name, str):
            raise self._failed("it does not say which wheel it has built")
        return self._wheels, name

    def _caller(self, step: str) -> BuildBackendHookCaller:
        from pyproject_hooks import BuildBackendHookCaller

        place = self._place

        def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
            self._run(step, cmd, cwd or place.tree.folder, extra_environ or {})

        return BuildBackendHookCaller(
            place.tree.folder, place.system.backend, place.system.backend_path, run, place.python
        )

    def _called(self, step: str, hook: Callable[[], object]) -> object:
        """The answer of a hook. pyproject-hooks raises what the backend is, and is not."""
        from pyproject_hooks import BackendUnavailable, HookMissing, UnsupportedOperation

        try:
            with _temporary_folders_in(self._place.scratch):
                return hook()
        except BackendUnavailable as error:
            reason = (error.traceback or str(error)).strip().splitlines()[-1:]
            raise self._failed(f"cannot import {printable(self._place.system.backend)!r}", *reason) from None
        except HookMissing as error:
            raise self._failed(f"its backend has no {printable(error.hook_name)}") from None
        except (UnsupportedOperation, OSError) as error:
            raise self._failed(f"its answer to {step} cannot be read", str(error)) from None

    def _run(self, step: str, command: Sequence[str], cwd: str, more: Mapping[str, str]) -> None:
        """Run one call of a hook. `command` ends with the folder of its question and its answer."""
        from safepip.edges.builder.fenced_command import FencedCommand

        place, exchange = self._place, command[-1]
        before = self._looks()
        fenced = FencedCommand(
            arguments=tuple(command),
            cwd=cwd,
            environ={**place.environ, **more, **self._variables()},
            readable=(*place.readable, os.path.dirname(command[1])),
            writable=(self._home, self._temporary, self._wheels, self._information, exchange, place.tree.root),
            network=place.network,
            protected=mounts_of(self._kept()),
        )
        try:
            outcome = place.fence.run(fenced, told=place.told)
        finally:
            # Before Python 3.11.8 the removal of temporary folders follows links to change modes (CVE-2023-6597).
            keep_only(exchange, _ANSWER)
        after = self._looks()
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        if changed:
            raise self._reached_out(changed)
        if outcome.stopped or outcome.code != 0:
            raise self._ended(step, outcome)
        self._take_answer(step, os.path.join(exchange, _ANSWER), outcome)

    def _variables(self) -> dict[str, str]:
        """The variables of the environment that every hook has, whatever else it is given."""
        place = self._place
        return {
            "HOME": self._home,
            "TMPDIR": self._temporary,
            "PATH": os.pathsep.join(filter(None, (os.path.dirname(place.python), place.environ.get("PATH", "")))),
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            # The system's settings may hold a password (`insteadOf`) and are not visible in a fence; git fails where it
            # may not read them.
            "GIT_CONFIG_NOSYSTEM": "1",
            **git_variables(place.tree.root, place.fence.kind, own=place.tree.own),
        }

    def _take_answer(self, step: str, answer: str, outcome: BuildOutcome) -> None:
        """Bring what the backend has left into the form that pyproject-hooks reads."""
        try:
            plain = plain_answer(read_plain(answer, _LONGEST_ANSWER))
        except OSError:
            raise self._failed(f"its backend left no answer to {step}", *_last(outcome.output)) from None
        except ValueError as error:
            raise self._failed(f"its answer to {step} cannot be read", str(error)) from None
        # Not into the file: it may have another name elsewhere by now.
        os.unlink(answer)
        with open(answer, "xb") as file:
            file.write(plain)

    def _kept(self) -> dict[str, str]:
        place = self._place
        return kept_places(place.tree.root, place.kept) if place.tree.own and place.fence.kind != "none" else {}

    def _looks(self) -> dict[str, str]:
        """What is to be kept, as it is now. A pyproject.toml without a table of safepip's is as good as none."""
        looks = looks_of(self._kept(), deep=self._place.fence.kind == "landlock")
        return {path: look for path, look in looks.items() if look}

    def _reached_out(self, changed: list[str]) -> Refused:
        return Refused.because(
            "build-reached-out",
            f"the build of {self._subject} has changed what it must leave as it is",
            context=tuple(map(printable, changed[:_LAST_LINES])),
            hint="look at what has changed there before you run anything in that folder, git included",
            subject=self._subject,
        )

    def _ended(self, step: str, outcome: BuildOutcome) -> Unavailable:
        why = _STOPPED.get(outcome.stopped, f"{step} ended with exit code {outcome.code}")
        return self._failed(why, *_last(outcome.output))

    def _failed(self, why: str, *lines: str) -> Unavailable:
        return Unavailable.because(
            "build-failed",
            f"the build of {self._subject} failed: {why}",
            context=tuple(printable(line, 200) for line in lines),
            hint="nothing of it was installed; -v shows everything that the build prints",
            subject=self._subject,
        )


@contextmanager
def _temporary_folders_in(folder: str) -> Iterator[None]:
    """pyproject-hooks exchanges questions and answers in a folder that `tempfile` makes. So it is in the scratch
    folder, which is swept after a run that was killed."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


def _is_info_folder(name: str) -> bool:
    return name.isprintable() and os.path.basename(name) == name and name.endswith(".dist-info")


def _last(output: bytes) -> list[str]:
    lines = output.decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip()][-_LAST_LINES:]


def open_plain(path: str) -> int:
    """A descriptor of a file that a build has written; a link to one, of whatever kind, is an `OSError`."""
    details = os.lstat(path)
    if not stat.S_ISREG(details.st_mode) or details.st_nlink != 1:
        raise OSError(errno.EINVAL, "it is not an ordinary file")
    return open_regular(path)


def read_plain(path: str, limit: int) -> bytes:
    """The content of such a file of at most so many bytes. Raises `OSError`."""
    with open(open_plain(path), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return data
