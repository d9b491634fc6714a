"""What stands in the place of pip's entry points in an environment with a shim: most of it is the text of this file.

1. `pip install`, `download`, `wheel` and `lock` are run by safepip, with pip's words as they are and the environment
   that this Python belongs to. All other verbs are run by pip's own entry point, whose text is kept in the environment.
2. The verb is pip's first word. Where that is an option, the verb is known to pip's parser only; then safepip reads the
   words if one of these verbs is among them, and no option can hide one.
3. `python -m pip` counts where pip's files lie in the environment of the Python that runs. For another environment, as
   in `pip --python OTHER install`, pip's files are only the program: that environment has no shim.
4. Where safepip cannot be started nothing is run in its place, and no variable makes pip run in its place either.

It imports nothing but `sys` and `os`, which every Python has loaded when it starts, so that no module of the working
folder can take their place; and it stays within the syntax of Python 3.7.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

#: pip's verbs that fetch: with a source archive among what they fetch, each of them runs its code.
ROUTED = ("install", "download", "wheel", "lock")


def run(shim: "dict[str, Any]", names: "dict[str, Any]") -> None:
    """Run the entry point whose global names these are. `shim` is what `environment/shim.py` writes into it."""
    here = os.path.realpath(names["__file__"])
    root = os.path.realpath(os.path.join(os.path.dirname(here), shim["root"]))
    counts = names["__name__"] == "__main__" and not (shim["main"] and _is_elsewhere(root))
    # safepip's own process says by this that the pip it runs is its own (`bare_pip.py`); a variable could not.
    if counts and not hasattr(sys, "safepip_runs_pip") and is_routed(sys.argv[1:], os.environ):
        _start(shim["command"], _line(root))
    path = os.path.join(root, ".safepip-shim", "originals", shim["saved"])
    if os.path.islink(path):
        # A link that is not absolute leads on from where it was.
        path = os.path.join(os.path.dirname(here), os.readlink(path))
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), here, "exec")
    except OSError:
        _stop("pip's own entry point is missing: " + ascii(path)[1:-1], _line(root))
    except (SyntaxError, ValueError):
        _run_program(path, _line(root))
    try:
        exec(code, names)  # noqa: S102 - pip's own file, which was here before
    finally:
        if not os.path.exists(here):
            sys.stderr.write("pip was removed, and safepip's shim with it. " + _line(root) + "\n")


def _run_program(path: str, line: str) -> "NoReturn":
    """Go on as what was a command in pip's place and is not Python's: a script of a person's own."""
    try:
        os.execv(path, [path, *sys.argv[1:]])  # noqa: S606 - no shell is meant
    except (OSError, ValueError):
        _stop("pip's own entry point is damaged: " + ascii(path)[1:-1], line)


def is_routed(words: "list[str]", environ: "Any") -> bool:
    """Whether safepip reads these words: rules 1 to 3."""
    if not words or words[0] in ROUTED:
        return bool(words)
    if not words[0].startswith("-") or not any(word in ROUTED for word in words):
        return False
    # pip starts itself once more in the other environment, and sets this variable for it.
    return "_PIP_RUNNING_IN_SUBPROCESS" in environ or not _names_another(words)


def _names_another(words: "list[str]") -> bool:
    """Whether the words begin with a `--python` that names another environment, and have no second one."""
    option, equals, value = words[0].partition("=")
    if option != "--python":
        return False
    path, rest = (value, words[1:]) if equals else (words[1], words[2:])
    stems = [word.partition("=")[0] for word in rest if word.startswith("--p")]
    if any("--python".startswith(stem) for stem in stems):
        return False
    if os.path.isdir(path):
        path = os.path.join(path, "bin", "python")
    own = os.path.join(os.path.realpath(sys.prefix), "")
    for _ in range(40):
        folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
        if not os.path.exists(path) or os.path.join(folder, "").startswith(own):
            return False
        if not os.path.islink(path):
            return True
        path = os.path.join(folder, os.readlink(path))
    return False


def _is_elsewhere(root: str) -> bool:
    """Whether this Python is known to belong to another environment than the one that pip's files lie in."""
    try:
        return not os.path.samefile(sys.prefix, root)
    except OSError:
        return False


def _start(command: "list[str]", line: str) -> "NoReturn":
    """Go on as safepip."""
    # PIP_PYTHON names an environment to pip as well, and safepip reads it.
    named = [] if os.environ.get("PIP_PYTHON") else ["--python", sys.executable or ""]
    try:
        os.execv(command[0], [*command, line, "", *named, *sys.argv[1:]])  # noqa: S606 - no shell is meant
    except (OSError, ValueError) as error:
        _stop("safepip could not be started: " + (getattr(error, "strerror", None) or "it is not there"), line)


def _line(root: str) -> str:
    """How the shim is taken off, also where there is no safepip any more."""
    words = [os.path.join(root, "bin", "python"), "-I", os.path.join(root, ".safepip-shim", "remove.py")]
    return "To take the shim off: " + " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word as a shell reads it; `shlex` is a module that the working folder may have, too."""
    if not word.isprintable():
        return ascii(word)
    plain = all(letter.isalnum() or letter in "/._-+=:,@%" for letter in word) and word.isascii()
    return word if plain and word else "'" + word.replace("'", "'\"'\"'") + "'"


def _stop(reason: str, line: str) -> "NoReturn":
    sys.stderr.write("error: " + reason + "\nNothing was installed. " + line + "\n")
    sys.exit(1)
