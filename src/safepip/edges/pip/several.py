"""Several pips side by side, each on its part of a handover (`safepip.handover.parts`)."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from safepip.edges.pip.waiting import passing_on_signals, starting, wait_for
from safepip.model.errors import Unavailable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from safepip.model.evidence import ClearedWheel

#: What the words of a pip are kept in meanwhile, in its private folder.
_OUT, _ERR = "stdout", "stderr"

#: Of one pip, more is not passed on.
_LONGEST_WORDS = 16 << 20


class Start(NamedTuple):
    """A pip to start: its command line, and its private folder."""

    command: Sequence[str]
    folder: str


def run_side_by_side(
    starts: Sequence[Start],
    *,
    env: Mapping[str, str],
    say: Callable[[str], None],
    warn: Callable[[str], None],
    held: tuple[int, ...] = (),
) -> list[int]:
    """Start them all, wait for all, and pass on what each has said, one after the other: to `say` and `warn`.

    Their exit codes, as a shell gives them. Where one fails the others go on to their end: they do not need each other,
    and a pip that is ended halfway leaves a part. A signal that ends this process reaches all of them. `held` are
    descriptors that they hold open. Raises `Unavailable` (`pip-not-started`), and `KeyboardInterrupt`, once those that
    have started have ended.
    """
    processes: list[subprocess.Popen[bytes]] = []
    came: list[int] = []
    try:
        with ExitStack() as ending, passing_on_signals(processes) as passed:
            try:
                with starting() as came:
                    for each in starts:
                        if came:
                            break
                        process = ending.enter_context(_started(each, env, held))
                        processes.append(process)
            finally:
                codes = wait_for(processes, came)
    finally:
        for each in starts[: len(processes)]:
            _pass_on(os.path.join(each.folder, _OUT), say)
            _pass_on(os.path.join(each.folder, _ERR), warn)
    if passed:
        return [128 + passed[0]] * len(starts)
    return [code if code >= 0 else 128 - code for code in codes]


def _started(start: Start, env: Mapping[str, str], held: tuple[int, ...]) -> subprocess.Popen[bytes]:
    import subprocess

    try:
        with open(os.path.join(start.folder, _OUT), "xb") as out, open(os.path.join(start.folder, _ERR), "xb") as err:
            return subprocess.Popen(
                start.command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=held
            )
    except OSError as error:
        raise Unavailable.because("pip-not-started", f"pip could not be started: {error.strerror}") from error


def _pass_on(path: str, tell: Callable[[str], None]) -> None:
    """What a pip has said. Its program has taken out what could steer a terminal (`bare_pip`)."""
    with suppress(FileNotFoundError), open(path, encoding="locale", errors="replace") as file:
        text = file.read(_LONGEST_WORDS)
        if text:
            tell(text)


def make_folders_of_scripts(wheels: Iterable[ClearedWheel]) -> None:
    """Make the folders of commands that are not there yet: pip's script maker looks for the folder and then makes it,
    and of two that do so at the same time one would fail. Raises `OSError`."""
    paths = (item.path for wheel in wheels for item in wheel.install_paths if item.scheme == "scripts")
    for folder in {path.rpartition("/")[0] for path in paths}:
        os.makedirs(folder, exist_ok=True)
