"""What is written to the terminal, the log and the report, by `outputs`: data to stdout, words to stderr.

Every text passes through `redact` on its way out, whatever room it comes from.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from safepip.edges.console.outputs import form_of, make_way, say, warn, warn_by_annotation, write_annotation, write_data
from safepip.model.errors import Fault, UsageError
from safepip.model.finding import printable
from safepip.reporting.messages import Style, more, render_error, render_notice
from safepip.reporting.runner_commands import disarm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from safepip.edges.console.progress import Progress
    from safepip.model.errors import SafepipError
    from safepip.model.events import Event
    from safepip.model.plan import Display
    from safepip.reporting.annotation import Annotation
    from safepip.reporting.results import Result


class Console:
    """Writes for one run. `redact` takes every known secret out of a text. Raises `UsageError` (`log-not-written`)."""

    wants_color: ClassVar[bool] = True
    """False where this run's options or configuration say `--no-color`; `last_words` follows it."""

    redact_last: ClassVar[Callable[[str], str]] = staticmethod(str)
    """Takes the secrets of this run out of the text of `last_words`."""

    notices_last: ClassVar[list[str]] = []
    """What this run has noticed so far, as it was shown or would have been."""

    def __init__(self, display: Display, redact: Callable[[str], str], environ: Mapping[str, str]) -> None:
        self._display = display
        self._redact = redact
        self._environ = environ
        self._began = time.monotonic()
        self._progress: Progress | None = None
        self._opening = threading.Lock()
        Console.wants_color = display.color is not False
        Console.redact_last = redact
        self.style = _style(environ, wanted=Console.wants_color)
        self._reported: set[str] = set()
        self._reserved = bool(display.form)
        Console.notices_last = []
        self._answers = False
        self._logs = self._log_is_lost = False
        # A log that cannot be written is reported before anything is done, and one that can be written exists, even if
        # empty.
        self._log("")

    @property
    def progress(self) -> Progress:
        """What shows the work; opened when it is first told of some."""
        with self._opening:
            if self._progress is None:
                from safepip.edges.console.progress import make_progress

                self._progress = make_progress(
                    self._display, self._environ, self.style, self._redact, since=self._began
                )
                make_way(self._progress.aside)
            return self._progress

    def tell(self, event: Event) -> None:
        """What happens, from any thread: on the terminal as it happens, and in the log what is worth a line."""
        from safepip.reporting.event_lines import line_of, verbosity_of

        self.progress.tell(event)
        if (line := line_of(event)) is not None:
            self._show_from(verbosity_of(event), line)

    def close(self) -> None:
        """Nothing is shown of the work any more."""
        if self._progress is not None:
            self._progress.close()

    @property
    def keeps_details(self) -> bool:
        """Whether what `detail` is given is shown or kept."""
        return self._display.verbosity >= 1 or self._display.log is not None

    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self._began

    def reserve_output(self) -> None:
        """Standard output is for the report from here on (`--report -`), and words go to standard error."""
        self._reserved = True

    def answer_alone(self) -> None:
        """Standard output is for `data` alone from here on, because a program may read it."""
        self._answers = True

    def data(self, text: str, *, is_prose: bool = False) -> None:
        """What the user asked for: answers, and in prose `Would install`, which is pip's INFO and not shown with -q. On
        standard error when standard output is for a report.

        Raises `Unavailable` (`output-not-written`).
        """
        if self._reserved or (is_prose and self._display.verbosity < 0):
            self.say(text)
            return
        self._log(text)
        write_data(self._redact(text) + "\n", is_prose=is_prose)

    def annotate(self, annotation: Annotation) -> None:
        """What the user asked for, as a command to the runner of a code host. Raises `Unavailable`."""
        shown = placed(annotation, self._redact, self._environ)
        self._log(shown.message)
        write_annotation(shown)

    def say(self, text: str) -> None:
        """pip's INFO: shown unless -q was given."""
        self._log(text)
        if self._display.verbosity >= 0:
            (warn if self._reserved or self._answers else say)(self._redact(text) + "\n")

    def aside(self, text: str) -> None:
        """What is said beside the answer, on standard error: shown unless -q was given."""
        self._log(text)
        if self._display.verbosity >= 0:
            warn(self._redact(text) + "\n")

    def notice(self, text: str) -> None:
        """A line that the user should see, once a run; pip's WARNING: shown unless -qq was given."""
        if text in self._reported:
            return
        self._reported.add(text)
        Console.notices_last.append(self._redact(text))
        self._log(text)
        if self._display.verbosity >= -1:
            warn(self._redact(render_notice(text, self.style)) + "\n")

    def detail(self, text: str) -> None:
        """Only with -v and in the log."""
        self._show_from(1, text)

    def _show_from(self, verbosity: int, text: str) -> None:
        """On standard error from so many -v on, and in the log."""
        self._log(text)
        if self._display.verbosity >= verbosity:
            warn(self._redact(text) + "\n")

    def ended_by(self, error: SafepipError) -> None:
        """Put the error that ends the run into the log; `last_words` shows it."""
        self._log(render_error(error))

    def report(self, text: str) -> None:
        """`--report -`, on standard output. Raises `Unavailable` (`output-not-written`)."""
        self._log(text)
        write_data(self._redact(text) + "\n")

    def redacted(self, text: str) -> str:
        """A text for a file of the user's, without secrets."""
        return self._redact(text)

    def _log(self, text: str) -> None:
        """`--log`: every line with the time, appended, as pip does. Once something is in it a run is not ended for it:
        what is done by then would be said not to be."""
        if self._display.log is None or self._log_is_lost:
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime())
        lines = "".join(f"{stamp} {line}\n" for line in disarm(self._redact(text)).splitlines())
        try:
            folder = os.path.dirname(self._display.log)
            if folder:
                os.makedirs(folder, exist_ok=True)
            with open(self._display.log, "a", encoding="utf-8") as file:
                file.write(lines)
            self._logs = self._logs or bool(lines)
        except OSError as error:
            if self._logs:
                self._log_is_lost = True
                self.notice(f"the log cannot be written any more, and ends here: {error.strerror}")
                return
            from safepip.edges.console.ways_to_write import way_to_write

            message = f"the log cannot be written: {error.strerror}"
            hint = way_to_write(error, self._display.log, "name another file with --log, or leave it out")
            raise UsageError.because("log-not-written", message, context=(self._display.log,), hint=hint) from None


#: What did not happen where a command ends with an error.
_UNTOUCHED = {
    "lock": "No lock was written.",
    "audit": "Nothing was audited.",
    "--fix": "The lock was not changed.",
    "init": "No configuration was written.",
    "uninstall": "Nothing was removed.",
    **dict.fromkeys(("check-config", "explain", "help", "outdated", "tree", "verify"), "Nothing was changed."),
}

#: Commands that have done a part of what they do when they are interrupted.
_AS_IT_GOES = ("uninstall", "cache", "shim")


def last_words(error: SafepipError, words: Sequence[str] = (), verb: str = "") -> None:
    """Show an error that ended a run before, or after, it had a console of its own; `words` are its command line, and
    `verb` is the one among them.

    Every credential was taken out of every text as it was read; the run's console knows the secrets that were read
    later, such as the value of a variable.
    """
    style = _style(os.environ, wanted=Console.wants_color and "--no-color" not in words)
    untouched = _untouched(words, verb)
    warn(Console.redact_last(render_error(error, style, untouched=untouched)) + "\n")
    # Where the user has asked for them they are written by `outcome`.
    if os.environ.get("GITHUB_ACTIONS") == "true" and form_of(words) != "github":
        from safepip.reporting.annotations import annotations_of
        from safepip.reporting.results import error_results

        for annotation in annotations_of(error_results(error)):
            warn_by_annotation(placed(annotation, Console.redact_last, os.environ))


def interrupted(words: Sequence[str], verb: str) -> str:
    """What is said where a person ends the run: what has not happened, for commands that change nothing before their
    end."""
    if verb in _AS_IT_GOES:
        return "Interrupted."
    what = _untouched(words, verb)
    return f"Interrupted: {what[0].lower()}{what[1:]}"


def _untouched(words: Sequence[str], verb: str) -> str:
    return _UNTOUCHED.get("--fix" if verb == "audit" and "--fix" in words else verb, "Nothing was installed.")


def placed(annotation: Annotation, redact: Callable[[str], str], environ: Mapping[str, str]) -> Annotation:
    """The same without secrets, its file as the code host names it."""
    file = redact(as_hosted(annotation.file, environ)).replace(os.sep, "/")
    return annotation._replace(title=redact(annotation.title), message=redact(annotation.message), file=file)


def as_hosted(file: str, environ: Mapping[str, str]) -> str:
    """A file as a code host names it: from the top of the repository, where a runner says which folder that is, and the
    file is in it; else from the working folder, as far as it is in that."""
    top = environ.get("GITHUB_WORKSPACE", "")
    if file and os.path.isabs(top):
        whole, folder = os.path.realpath(file), os.path.join(os.path.realpath(top), "")
        if whole.startswith(folder):
            return whole.removeprefix(folder)
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:
        return file
    return file.removeprefix(here)


def hosted(results: Iterable[Result], environ: Mapping[str, str]) -> list[Result]:
    """The results with their files as a code host names them."""
    return [
        result._replace(places=tuple(p._replace(where=as_hosted(p.where, environ)) for p in result.places))
        for result in results
    ]


def _style(environ: Mapping[str, str], *, wanted: bool) -> Style:
    """Colours where they are wanted and a terminal shows them. An empty NO_COLOR has no effect (no-color.org)."""
    return Style(color=wanted and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and sys.stderr.isatty())


def fault(error: BaseException) -> int:
    """Report an unforeseen error in one line; the exit code.

    Its own message is left out, because it may quote the input that caused it, perhaps a secret. Its class and place
    are enough to find it in the source.
    """
    ended = Fault.because("internal-error", f"{_kind(error)} at {_place(error)}")
    diagnostic = ended.diagnostics[0]
    line = f"error: {diagnostic.reference}: {diagnostic.message}  {more(diagnostic.reference)}"
    warn(f"{Console.redact_last(line)}\n")
    return ended.exit_code


def _kind(error: BaseException) -> str:
    """The class of an error, and the system's words where it has some; for a missing module its name."""
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__} ({printable(error.strerror)})"
    if isinstance(error, ImportError) and error.name:
        return f"{type(error).__name__} ({printable(error.name)})"
    return type(error).__name__


def _place(error: BaseException) -> str:
    """The last line of safepip's own that was reached, and the very last one where that is another's."""
    own = last = "an unknown place"
    trace = error.__traceback__
    while trace is not None:
        parts = trace.tb_frame.f_code.co_filename.replace("\\", "/").split("/")
        last = f"{'/'.join(parts[-2:])}:{trace.tb_lineno}"
        if "safepip" in parts[:-1]:
            start = len(parts) - 1 - parts[::-1].index("safepip")
            own = last = f"{'/'.join(parts[start:])}:{trace.tb_lineno}"
        trace = trace.tb_next
    return own if own == last else f"{own} ({last})"
