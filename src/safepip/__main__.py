"""`safepip` and `python -m safepip`: finds the verb, runs it, and turns errors into text and exit codes.

Nothing is imported here at the head but `sys`, not even `__future__`: see `safepip.edges.programs.own_start`.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Verbs of pip that change nothing, and `uninstall`: passed through to pip unchanged.
PASSED_THROUGH = (
    "list",
    "freeze",
    "show",
    "check",
    "inspect",
    "config",
    "debug",
    "hash",
    "index",
    "uninstall",
)
#: safepip's own verbs, each with what runs it: a file in `safepip.commands`, and a function in that file. A file is
#: imported when its verb is asked for, and no earlier.
_OWN = {
    "install": ("install", "install"),
    "download": ("download", "download"),
    "wheel": ("wheel", "wheel"),
    "lock": ("lock", "lock"),
    "sync": ("sync", "sync"),
    "explain": ("explain", "explain_names"),
    "tree": ("tree", "tree"),
    "outdated": ("outdated", "outdated"),
    "verify": ("verify", "verify"),
    "audit": ("audit", "audit"),
    "cache": ("cache", "cache"),
    "check-config": ("check_config", "check_config"),
    "init": ("init", "init"),
    "shim": ("shim", "shim"),
    "shell-init": ("shell_init", "shell_init"),
    "completion": ("completion", "completion"),
    "help": ("help", "show_pages"),
}
_COMMANDS = (*_OWN, *PASSED_THROUGH)
#: Commands whose answer stands on standard output, with the option that prints it as data.
_ANSWERS = {"explain": "--json", "tree": "--json", "outdated": "--format json", "list": "--format json"}
#: Commands whose outcome `--output-format` has told for programs; `audit` and `verify` have forms of their own.
_TOLD = ("install", "download", "wheel", "lock", "sync", "check-config")
#: What other tools call their commands.
_ELSEWHERE = {
    "add": "install",
    "compile": "lock",
    "export": "lock",
    "i": "install",
    "pip": "install",
    "remove": "uninstall",
    "rm": "uninstall",
    "update": "install --upgrade",
    "upgrade": "install --upgrade",
    "version": "--version",
    "why": "explain",
}
_HELP = """\
Usage: safepip <command> [options]

pip's install, with every name pinned to its index and every byte verified.

Every day:
  install        Decide what to install and from which index, verify every
                 file, and let pip install it.
  uninstall      Remove what is installed. (pip's)
  list           Show what is installed. (pip's)
  lock           Write what was decided to a lock file.
  sync           Make an environment match a lock.

Also:
  download       Save the verified files in a folder.
  wheel          Build wheels of what is asked for, and save them in a folder.
  explain        Show why a project is there, in this version, from its index.
  tree           Show which project needs which.
  outdated       List what has a newer version on the index that owns it.
  verify         Check the files of an environment against their records.
  audit          Report known vulnerabilities and malware.
  cache          Show, check and remove what is kept between runs.
  check-config   Show the settings in force, and which index owns a name.
  init           Write a configuration from what pip, uv, Poetry and PDM have.
  shim           Have pip's installs in an environment go through safepip.
  shell-init     Print functions that do so in a shell: bash, zsh, fish.
  completion     Print a script that completes command lines: bash, zsh, fish.
  help           Show help for a command, or the page of an error.

pip's own: freeze, show, check, inspect, config, debug, hash, index.

safepip install --help lists the options, which are pip's."""


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run one command line, without the program's name; the exit code.

    Without `argv` this is a process of safepip's own, which imports only its own modules from here on. An unforeseen
    error ends in one line.
    """
    words = [] if argv is None else [*argv]
    try:
        if argv is None:
            _start(words)
        return _main(words)
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt, words)
    except BrokenPipeError:
        # The reader of stdout went away (`| head`): end quietly, as pip does, with nowhere left to write to.
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort; what is foreseen is a SafepipError
        return _fault(error, words)


def _start(words: list[str]) -> None:
    """What a process of safepip's own does first. `words` are those of its command line, once they are read."""
    from safepip.edges.programs.own_start import guard

    guard()
    from safepip.edges.console.outputs import prepare

    prepare()
    words += sys.argv[1:]
    if not _answer(words):
        from safepip.edges.programs.ending import end_by_signals, end_without_collection

        end_by_signals()
        end_without_collection()


def _interrupted(interrupt: KeyboardInterrupt, words: list[str]) -> int:
    from signal import SIG_IGN, SIGINT, signal

    # Everything is cleaned up; one more Ctrl-C must not interrupt the interpreter while it ends.
    signal(SIGINT, SIG_IGN)
    from safepip.edges.console.outputs import clear_line, warn
    from safepip.edges.console.writing import interrupted
    from safepip.edges.programs.ending import exit_code

    clear_line()
    warn(f"{interrupted(words, _verb(words))}\n")
    return exit_code(interrupt)


def _fault(error: Exception, words: list[str]) -> int:
    from safepip.edges.console.writing import fault

    code = fault(error)
    if form := _form(words):
        from safepip import __version__
        from safepip.edges.console.outcome import tell_fault

        tell_fault(form, _verb(words), __version__, code)
    return code


def _main(words: list[str]) -> int:
    import gc

    # A short run makes many objects that live to its end: looking for garbage among them would be wasted work.
    gc.set_threshold(500_000, 50, 1000)
    try:
        return _run(words)
    except Exception as error:
        from safepip.model.errors import SafepipError

        if not isinstance(error, SafepipError):
            raise
        from safepip.edges.console.writing import last_words
        from safepip.options.same_options import with_same_options

        verb = _verb(words)
        error.diagnostics = with_same_options(error.diagnostics, words)
        last_words(error, words, verb)
        if form := _form(words):
            from safepip import __version__
            from safepip.edges.console.outcome import tell_error

            tell_error(form, verb, __version__, error)
        return error.exit_code


def _answer(words: list[str]) -> str:
    """What is said to words that name no command; empty where they do. It leaves nothing behind and nothing to do."""
    asks = {"--help", "-h", "help"}
    if not words or (len(words) <= 2 and asks.issuperset(words)):
        return _HELP
    if words[-1] in ("--version", "-V") and all(word.startswith("-") for word in words):
        from safepip import __version__

        return f"safepip {__version__} (python {sys.version_info[0]}.{sys.version_info[1]})"
    return ""


def _run(words: list[str]) -> int:
    from safepip.edges.console.outputs import write_data

    if answer := _answer(words):
        write_data(f"{answer}\n")
        return 0
    from safepip.options.command_line import HelpRequested

    try:
        verb, rest = _split(words)
        code = _command(verb)(rest)
    except HelpRequested as wanted:
        from safepip.edges.console.outputs import columns

        write_data(f"{wanted.shown(min(columns(), 120))}\n")
        return 0
    _tell(verb, words, code)
    return code


def _tell(verb: str, words: list[str], code: int) -> None:
    form = _form(words) if verb in _TOLD else ""
    if form:
        from safepip import __version__
        from safepip.edges.console.outcome import tell_outcome

        tell_outcome(form, verb, __version__, code)


def _form(words: list[str]) -> str:
    """The form in which a program wants to read how the run ended; empty for text."""
    if not any(map(_is_form, words)) or _verb(words) not in (*_TOLD, "audit", "verify"):
        return ""
    from safepip.edges.console.outputs import form_of

    return form_of(words)


def _is_form(word: str) -> bool:
    return word == "--output-format" or word.startswith("--output-format=")


def _verb(words: list[str]) -> str:
    from safepip.options.command_line import split_command

    return split_command(words)[0] or ""


def _split(words: list[str]) -> tuple[str, list[str]]:
    from safepip.model.errors import UsageError
    from safepip.options.command_line import HelpRequested, is_general, split_command

    verb, rest = split_command(words)
    if verb in (None, "help") and is_general(rest):
        raise HelpRequested(_HELP)  # as pip does
    if verb == "help" and rest and rest[0] in _COMMANDS:
        return rest[0], ["--help"]
    if verb is None:
        from difflib import get_close_matches

        near = get_close_matches(next(iter(words), ""), ("--help", "--version"), 1, 0.7)
        hint = f"did you mean safepip {near[0]}?" if near else "safepip help lists the commands"
        raise UsageError.because("no-command", "the command line names no command", hint=hint)
    if verb in _ANSWERS and any(map(_is_form, rest)):
        message = f"{verb} gives an answer, and --output-format is for what comes of a run"
        raise UsageError.because("conflicting-options", message, hint=f"safepip {verb} {_ANSWERS[verb]}")
    return verb, rest


def _command(verb: str) -> "Callable[[list[str]], int]":
    """What runs a verb; its file is imported here. Raises `UsageError` for one that there is not."""
    from functools import partial

    if verb in PASSED_THROUGH:
        from safepip.commands.passed_through import pass_through

        return partial(pass_through, verb)
    if verb not in _OWN:
        raise _unknown(verb)
    file, name = _OWN[verb]
    function = getattr(__import__(f"safepip.commands.{file}", fromlist=(name,)), name)
    about_all = {"help": (_COMMANDS, _HELP), "completion": (_COMMANDS,)}
    return partial(function, *about_all.get(verb, ()))


def _unknown(verb: str) -> Exception:
    from difflib import get_close_matches

    from safepip.options.command_line import UnknownCommand

    near = [_ELSEWHERE[verb]] if verb in _ELSEWHERE else get_close_matches(verb, _COMMANDS, 1, 0.7)
    lists = "safepip help lists the commands; a project is installed by safepip install NAME"
    hint = f"did you mean safepip {near[0]}?" if near else lists
    return UnknownCommand.because("unknown-command", f"unknown command {verb!r}", hint=hint)


if __name__ == "__main__":
    sys.exit(main())
