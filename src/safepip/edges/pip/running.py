"""Runs pip as a program; its internals are not a stable interface and are not imported."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple, TextIO

from safepip.edges.console.outputs import say, warn
from safepip.edges.console.progress import Progress
from safepip.edges.pip.waiting import passing_on_signals, starting, wait_for
from safepip.edges.programs.installed_pip import pip_home
from safepip.edges.programs.starting import SAFE_PATH, bare_command, own_text
from safepip.environment.python_variables import clean_environment, foreign_environment
from safepip.model.errors import PipFailed, Refused, Unavailable
from safepip.model.events import Doing, Installing, OtherSpeaks
from safepip.model.finding import printable
from safepip.options.pip_verbs import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from safepip.edges.pip.unfinished import Unfinished
    from safepip.edges.target.choosing import ChosenEnvironment, Interpreter
    from safepip.handover.instructions import Handover
    from safepip.model.evidence import VerifiedFile
    from safepip.model.plan import Settings, Target

#: Verbs of pip that do not concern an environment.
_ANYWHERE = frozenset({"cache", "config", "hash", "help"})

#: A proxy address at which nothing listens, as for the handover; pip's variables override its configuration files.
_WITHOUT_NETWORK = {"PIP_PROXY": "http://127.0.0.1:9", "PIP_RETRIES": "0"}


class Manner(NamedTuple):
    """How pip goes on beside this process. With `erase` it erases the terminal's line before it writes one of its own.

    Where this process is killed, pip goes on to its end. It works without a network on what was verified, so that is
    soon, and the environment is whole then. Killed halfway it would leave files that no RECORD names, which neither pip
    nor safepip can tell from those of other projects. With `ends_with_us` it is killed, too (on Linux): that is for an
    environment that is of no use to anything but this process. `held` are descriptors that pip holds open. With
    `alone` it can start no program.
    """

    erase: bool = False
    ends_with_us: bool = False
    held: tuple[int, ...] = ()
    alone: bool = False


class Circumstances(NamedTuple):
    """What a handover goes on beside. `progress` is told how far it is; for `ends_with_us` see `Manner`. `unfinished`
    notes what is to be set right where the run is cut off."""

    progress: Progress = Progress()
    ends_with_us: bool = False
    unfinished: Unfinished | None = None

    @property
    def held(self) -> tuple[int, ...]:
        """What pips have to hold open as long as they run."""
        return self.unfinished.handles if self.unfinished is not None else ()


def pip_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the handover: cleaned, and with pip's configuration files switched off.

    pip's documentation: the null device as `PIP_CONFIG_FILE` means that no configuration file is read. Without it
    even `--isolated` reads some.
    """
    return {**clean_environment(environ), "PIP_CONFIG_FILE": os.devnull}


def run_pip(
    args: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None = None,
    python: str | None = None,
    before: str = "",
    words: TextIO | None = None,
    manner: Manner = Manner(),  # noqa: B008 - it is frozen
) -> int:
    """Run pip with `args`, its streams being this process's, and return its exit code. `words` is where its standard
    output goes, by default to this process's.

    `python` is the interpreter whose environment pip works on; None is safepip's own. pip itself is always the one
    installed beside safepip, and `before` is explained at `command`. A pip ended by a signal gives 128 and
    the signal's number, as a shell does. pip handles Ctrl-C first; `KeyboardInterrupt` is raised once pip has ended.
    """
    import subprocess

    processes: list[subprocess.Popen[bytes]] = []
    with passing_on_signals(processes) as passed:
        with starting() as came:
            try:
                process = subprocess.Popen(
                    command(args, python, before, manner),
                    env={**env, **SAFE_PATH},
                    cwd=cwd,
                    stdout=words,
                    pass_fds=manner.held,
                )
            except OSError as error:
                raise Unavailable.because("pip-not-started", f"pip could not be started: {error.strerror}") from error
            processes.append(process)
        with process:
            (code,) = wait_for(processes, came)
    if passed:
        return 128 + passed[0]
    return code if code >= 0 else 128 - code


def command(
    args: Sequence[str],
    python: str | None,
    before: str = "",
    manner: Manner = Manner(),  # noqa: B008 - it is frozen
) -> list[str]:
    """The command line that runs pip, by `bare_pip`, in an interpreter's environment. Distributions there are seen, but
    not imported. `before` is a PYTHONPATH of which pip is to see what is installed in its folders."""
    ending = f"{own_text('bare_ending.py')}\nend_with({os.getpid()})\n" if manner.ends_with_us else ""
    alone = "start_no_program()\n" if manner.alone else ""
    program = f"{own_text('bare_pip.py')}\n{ending}{alone}run_pip(start)"
    words = [pip_home(), before, "erase" if manner.erase else "", *args]
    return bare_command(python or sys.executable, program, words)


@contextmanager
def private_folder(near: str | None = None) -> Iterator[str]:
    """A folder that only this user can read, removed afterwards, or by a later run if the process is killed.

    `near` is a folder on whose file system it should be, so that wheels can be linked; else the system's
    temporary folder, which also serves where `near` cannot be written.
    """
    import shutil
    import tempfile

    from safepip.edges.disk.sweeping import sweep

    try:
        folder = tempfile.mkdtemp(prefix="handover-", dir=near)
    except OSError:
        with suppress(OSError):  # it can be written, and not be listed
            sweep(tempfile.gettempdir(), "safepip-handover-")
        folder = tempfile.mkdtemp(prefix="safepip-handover-")
    try:
        yield os.path.realpath(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hand_over(
    handover: Handover,
    target: Target,
    settings: Settings,
    environ: Mapping[str, str] | None = None,
    gone: Sequence[str] = (),
    around: Circumstances | None = None,
) -> int:
    """Fill the private folder, run pip, and compare its report with the handover. pip's exit code.

    `gone` are distributions that pip removes before, because a wheel may bring a file that one of those has; where that
    fails nothing is installed. The folder is the one that `make_handover` was given, within `private_folder`. Where
    several pips do it and one fails, those beside it are let finish, and its code is the answer. What is installed and
    differs does not stay installed (`Unfinished.end`). Raises `Refused` (`digest-mismatch`) before pip starts when a
    wheel's bytes are no longer the verified ones, `Unavailable` (`store-unwritable`) when the folder cannot be filled,
    and `PipFailed` when pip ended with 0 but did something else (`handover-diverged`, `direct-url-not-recorded`,
    `installed-differs`).
    """
    from safepip.edges.pip.conclusion import conclude
    from safepip.edges.pip.installed_wheels import InstalledWheels, kept_by_pip

    _fill(handover.parts)
    environ, around = os.environ if environ is None else environ, around or Circumstances()
    kept, progress, code = kept_by_pip(settings), around.progress, 0
    progress.tell(OtherSpeaks())
    tell, differing = say if _stream_for_words(settings) is None else warn, frozenset[str]()
    # Everything is ready; only from here on does the target change.
    if around.unfinished is not None:
        around.unfinished.begin(handover)
    try:
        code = uninstall(gone, target, settings, environ, around.held) if gone else 0
        if code == 0:
            tell(handover.before and f"{handover.before}\n")
            if not settings.display.verbosity:  # with -v pip itself says what it does
                progress.tell(Installing(len(handover.installs), InstalledWheels(handover).complete))
            code = _run(handover, target, settings, environ, around)
        if code == 0:
            progress.tell(Doing("Checking", "what is installed"))
            conclude(handover, target, settings, environ, kept)
    except BaseException as error:
        code = code or 1
        differing = _differing(error)
        raise
    finally:
        if around.unfinished is not None:
            around.unfinished.end(whole=code == 0, differing=differing)
    if code == 0:
        tell(handover.after and f"{handover.after}\n")
    return code


def _differing(error: BaseException) -> frozenset[str]:
    """The names of what was installed, and is not what was verified."""
    diagnostics = error.diagnostics if isinstance(error, PipFailed) else ()
    return frozenset(found.subject for found in diagnostics if found.reference == "installed-differs" and found.subject)


def _run(
    handover: Handover, target: Target, settings: Settings, environ: Mapping[str, str], around: Circumstances
) -> int:
    """Run the pips of a handover, stage after stage. The exit code of the first that fails."""
    words, python = _stream_for_words(settings), None if target.own else target.python
    manner = Manner(around.progress.on_terminal, around.ends_with_us, around.held, alone=True)
    env = pip_environment(environ)
    for parts in handover.stages or ((handover,),):
        if len(parts) == 1:
            codes = [run_pip(parts[0].arguments, env=env, python=python, words=words, manner=manner)]
        else:
            from safepip.edges.pip.several import Start, make_folders_of_scripts, run_side_by_side

            make_folders_of_scripts(handover.wheels.values())
            starts = [Start(command(part.arguments, python, "", manner), part.folder) for part in parts]
            tell = say if words is None else warn
            codes = run_side_by_side(starts, env={**env, **SAFE_PATH}, say=tell, warn=warn, held=around.held)
        if any(codes):
            return next(filter(None, codes))
    return 0


def _fill(parts: Iterable[Handover]) -> None:
    """Put the texts and the wheels into the private folders. Raises as `hand_over` says."""
    for part in parts:
        try:
            os.makedirs(part.folder, mode=0o700, exist_ok=True)
            for name, text in part.files.items():
                with open(os.path.join(part.folder, name), "x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
            for name, wheel in part.wheels.items():
                _lay_out(wheel.file, os.path.join(part.folder, *name.split("/")))
        except OSError as error:
            message = f"the wheels for pip could not be put in place: {error.strerror or error}"
            raise Unavailable.because("store-unwritable", message, context=(printable(part.folder),)) from None


def uninstall(
    names: Sequence[str],
    target: Target,
    settings: Settings,
    environ: Mapping[str, str] | None = None,
    held: tuple[int, ...] = (),
) -> int:
    """Have pip remove these distributions from the target. pip's exit code. `held` as in `Manner`."""
    environ = os.environ if environ is None else environ
    quiet = ["--quiet"] * max(0, -settings.display.verbosity)
    system = ["--break-system-packages"] if settings.break_system_packages else []
    options = ["--isolated", "--no-input", "--disable-pip-version-check", *quiet, *system]
    arguments = ["uninstall", "--yes", *options, "--", *names]
    python = None if target.own else target.python
    env, words = pip_environment(environ), _stream_for_words(settings)
    return run_pip(arguments, env=env, python=python, words=words, manner=Manner(held=held, alone=True))


def _stream_for_words(settings: Settings) -> TextIO | None:
    """Where pip's standard output goes: to standard error where ours is for a program, else to ours (None)."""
    return sys.stderr if settings.report == "-" or settings.display.form else None


def _lay_out(file: VerifiedFile, place: str) -> None:
    """Put a verified wheel where pip will read it, and verify it there."""
    import hashlib
    import shutil

    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    try:
        os.link(file.path, place)
    except OSError:
        # Another file system, or one without links.
        shutil.copyfile(file.path, place)
    with open(place, "rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256.hex:
        raise Refused.because(
            "digest-mismatch",
            f"{printable(file.filename)} has changed since it was verified",
            context=(f"verified sha256:{file.sha256.hex}", f"found    sha256:{found}"),
            hint="another program writes to safepip's store: find out which, and run again",
        )


def passthrough(
    verb: str,
    args: Sequence[str],
    environ: Mapping[str, str] | None = None,
    home: Interpreter | None = None,
    *,
    network: bool = True,
    tell: Callable[[ChosenEnvironment], None] | None = None,
    hold: Callable[[ChosenEnvironment], tuple[int, ...]] | None = None,
) -> int:
    """Run one of pip's own verbs on the target that `--python` or the rules of `choose` name; `tell` is told of it, and
    `hold` gives what pip is to hold open meanwhile.

    pip's variables, its configuration and the exit code stay as they are. PYTHONPATH reaches pip as folders in which
    something may be installed, and as nothing else. `--python` may stand before or after the verb; pip itself demands
    the former. Without `network` every request would go to a proxy that is not there.
    """
    from safepip.edges.target.choosing import Interpreter, choose
    from safepip.model.origin import Origin, Source
    from safepip.model.plan import Settings

    environ = os.environ if environ is None else environ
    home = home or Interpreter.here()
    rest, stated = take_python(args)
    origins = {}
    if stated is None and environ.get("PIP_PYTHON"):
        stated, origins = environ["PIP_PYTHON"], {"python": Origin(Source.ENVIRONMENT, "PIP_PYTHON")}
    python: str | None = None
    held: tuple[int, ...] = ()
    if stated is not None or verb not in _ANYWHERE:
        chosen = choose(Settings(python=stated, origins=origins), environ, _folder(), home)
        python = None if chosen.own else chosen.python
        if tell is not None:
            tell(chosen)
        held = () if hold is None else hold(chosen)
    before = "" if sys.flags.ignore_environment else environ.get("PYTHONPATH", "")
    env = _passed_on(verb, environ, network=network)
    manner = Manner(held=held, alone=verb == "uninstall")
    return run_pip([verb, *rest], env=env, python=python, before=before, manner=manner)


def _passed_on(verb: str, environ: Mapping[str, str], *, network: bool) -> Mapping[str, str]:
    """The variables that a verb of pip's own sees."""
    # PIP_PYTHON was applied already; pip would start itself a second time for it.
    kept = {name: value for name, value in foreign_environment(environ).items() if name != "PIP_PYTHON"}
    seen = without_secrets(verb, kept)
    return seen if network else {**seen, **_WITHOUT_NETWORK}


def _folder() -> str:
    """The working folder, empty where it is gone: these verbs need none."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def take_python(args: Sequence[str]) -> tuple[list[str], str | None]:
    """Split `--python PATH` or `--python=PATH` off; the last one counts. What follows `--` is not an option."""
    rest: list[str] = []
    stated = None
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--python":
            stated = next(words, "")
        elif word.startswith("--python="):
            stated = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, stated
