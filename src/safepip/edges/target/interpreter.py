"""What an environment is: its interpreter is asked. Which environment that is, `choosing.py` finds out.

safepip's own interpreter is asked in this process. Any other is started once, by `safepip.edges.programs.bare_start`
and without the variables that could add code to it, and runs `safepip.edges.programs.probe`; nothing that is installed
there runs.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from safepip.edges.programs.starting import SAFE_PATH, own_archive, own_text
from safepip.environment.python_variables import clean_environment
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable
from safepip.model.plan import Settings, Target

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

#: Seconds that a target interpreter has to say what it is.
_PROBE_TIMEOUT = 120

#: Runs in the target before anything else, so it is written for any version of Python. It takes the working directory
#: off `sys.path` before the first import, and says the version before anything can fail.
_BOOTSTRAP = """
import sys
if sys.path and sys.path[0] == "":
    del sys.path[0]
import json
token, text, homes, question = json.loads(sys.stdin.read())
sys.stdout.write(token + json.dumps(list(sys.version_info[:3])) + token)
begin = {"__name__": "safepip_start"}
exec(compile(sys.argv[1], "<safepip.edges.programs.bare_start>", "exec"), begin)
standard = list(filter(None, sys.path))
begin["start"](homes)
searched = begin["searched"](begin["virtual_environment"](sys.executable)[0])
names = {"__name__": "safepip_probe"}
exec(compile(text, "<safepip.edges.programs.probe>", "exec"), names)
sys.stdout.write(names["answer"](question, standard, searched) + token)
"""


def parse_python_version(text: str | None) -> tuple[int, ...] | None:
    """`--python-version`: `3`, `3.9`, `3.9.1`, and `39` or `310` for 3.9 and 3.10. None and empty mean: not given.

    The length is kept, because `3` alone restricts less than `3.0`. Raises `UsageError` (`invalid-option`).
    """
    if not text:
        return None
    parts = text.split(".")
    # One number of several digits is major and minor run together.
    if len(parts) == 1 and len(text) > 1:
        parts = [text[0], text[1:]]
    if len(parts) > 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError.because(
            "invalid-option",
            f"--python-version {printable(text)} is not a version of up to three numbers",
            hint="write 3, 3.12, 3.12.1 or 312",
        )
    return tuple(map(int, parts))


def probe(python: str, settings: Settings | None = None, environ: Mapping[str, str] | None = None) -> Target:
    """Ask the interpreter at `python` what it is.

    `settings` give `--platform`, `--python-version`, `--implementation` and `--abi`, which change the tags and the
    version and, as in pip, nothing else: markers stay those of the interpreter. Raises `Unavailable`
    (`python-failed`) when it cannot be started or does not answer, and (`python-too-old`) for a Python that the
    installed pip does not run on.
    """
    return start_probe(python, settings, environ)()


def start_probe(
    python: str,
    settings: Settings | None = None,
    environ: Mapping[str, str] | None = None,
    remembering: str | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Callable[[], Target]:
    """`probe` in two steps: another interpreter works from here on, and the result, called once, waits for it.

    Starting it first and reading requirements and configuration meanwhile hides most of its tenth of a second.
    `remembering` is the cache folder in which its last answer may be found: then nothing is started, and who changes
    the target calls `confirm` before. `meanwhile` is called where there is an answer to wait for.
    """
    settings = settings or Settings()
    environ = os.environ if environ is None else environ
    version, question = parse_python_version(settings.python_version), _question(settings)
    if _is_own(python) and _same_start(environ):
        return lambda: _target(python, _ask_self(question["restriction"], question["places"]), version)
    # A distributor's Python may print as it starts; the answer is what stands between two tokens.
    token, environ = os.urandom(16).hex(), _start_environment(environ)
    memory = None
    if remembering is not None:
        from safepip.edges.target.interpreter_memory import InterpreterMemory

        memory = InterpreterMemory(remembering, python, question, environ)
        known = memory.recall()
        if known is not None:
            _check_age(python, ".".join(map(str, known.facts["version"])))
            return lambda: _target(python, known.facts, version)._replace(remembered=(memory.path, known.kept))
    began = time.time_ns()
    process = _ask_other(python, token, question, environ)

    def answered() -> Target:
        if meanwhile is not None:
            meanwhile()
        facts = _answer(python, token, process)
        if memory is not None:
            memory.remember(facts, began)
        return _target(python, facts, version)

    return answered


def _question(settings: Settings) -> dict[str, Any]:
    """What an interpreter is asked."""
    version = parse_python_version(settings.python_version)
    restriction = {
        "platforms": list(settings.platforms),
        "version": None if version is None else list(version),
        "implementation": settings.implementation,
        "abis": list(settings.abis),
    }
    places = {"target": settings.target_dir, "prefix": settings.prefix_dir, "root": settings.root_dir}
    return {"restriction": restriction, "places": places}


def confirm(target: Target, settings: Settings, environ: Mapping[str, str]) -> None:
    """Before a target is changed of which an earlier run was told: ask its interpreter whether it is still so.

    Compared is all that came out of the memory, and nothing that this run has looked up itself. Raises `Unavailable`
    (`interpreter-changed`) where it is not so; what was remembered is forgotten then. And as `probe`.
    """
    if target.remembered is None:
        return
    from safepip.edges.target.interpreter_memory import forget, says_the_same

    (path, kept), token = target.remembered, os.urandom(16).hex()
    process = _ask_other(target.python, token, _question(settings), _start_environment(environ))
    if not says_the_same(_answer(target.python, token, process), kept):
        forget(path)
        raise Unavailable.because(
            "interpreter-changed",
            f"{printable(target.python)} is not what it was when an earlier run asked it",
            hint="run it again: what was remembered of this interpreter is forgotten",
        )


def _target(python: str, facts: Mapping[str, Any], version: tuple[int, ...] | None) -> Target:
    """The facts as a `Target`."""
    # pip completes a version of fewer than three numbers with zeros.
    numbers = facts["version"] if version is None else (*version, 0, 0)[:3]
    return Target(
        python=os.path.abspath(facts["executable"] or python),
        version=".".join(map(str, numbers)),
        markers=facts["markers"],
        # One with a further hyphen, from `--platform linux-x86_64`, is no wheel's; pip makes a tag of it that none has.
        tags=tuple(tag for tag in facts["tags"] if tag.count("-") == 2),
        site_paths=tuple(facts["path"]),
        user_site=facts["user_site"],
        prefix=facts["prefix"],
        virtualenv=facts["virtualenv"],
        own=_same_file(facts["prefix"], sys.prefix) and not own_archive(),
        externally_managed=facts["externally_managed"],
        schemes=facts["schemes"],
        base_prefix=facts["base_prefix"],
        user_schemes=facts["user_schemes"] or {},
        named_schemes=facts["named_schemes"] or {},
        site_folders=tuple(facts["site_folders"]),
        writable=facts["writable"],
        distutils=facts["distutils"],
        standard_library=frozenset(facts["standard_library"]),
    )


def _same_file(one: str, other: str) -> bool:
    """Whether two paths are the same file; False where one of them does not exist."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _is_own(python: str) -> bool:
    """Whether `python` starts the environment of this process.

    A virtual environment's interpreter is a link to its base's, so the folder counts as well as the file.
    """
    own = sys.executable or ""
    return _same_file(os.path.dirname(python), os.path.dirname(own)) and _same_file(python, own)


def _same_start(environ: Mapping[str, str]) -> bool:
    """Whether this process was started as pip will be, so that its `sys.path` is the one pip will have."""
    removed = environ.keys() - clean_environment(environ).keys()
    if any(name.upper().startswith("PYTHON") for name in removed):
        return False
    flags = sys.flags
    user_site_off = bool(flags.no_user_site) and not environ.get("PYTHONNOUSERSITE")
    return not (flags.isolated or flags.ignore_environment or flags.no_site or user_site_off)


def _ask_self(restriction: dict[str, Any], places: dict[str, Any]) -> dict[str, Any]:
    """The facts of this process, with the path that pip will have, which runs no start-up file.

    So it leaves out the folder that the start itself put first, where projects lie with an .egg-info of their own, and
    undoes what the environment's start-up files have added, removed or respelt (Homebrew's `sitecustomize`).
    """
    from safepip.edges.programs import probe as questions
    from safepip.edges.programs.bare_start import site_entries
    from safepip.edges.programs.own_start import standard_library

    facts = questions.facts(restriction, places)
    entries = (*standard_library(), *site_entries(sys.prefix if facts["virtualenv"] else None))
    return {**facts, "path": list(dict.fromkeys(map(os.path.abspath, entries)))}


def _start_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that the interpreter is started in. Importing writes no byte code into one that is only asked."""
    own = {**SAFE_PATH, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**clean_environment(environ), **own}


def _ask_other(
    python: str, token: str, question: Mapping[str, Any], environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start `python` with the probe, whose restriction and places are the question."""
    import json
    import subprocess

    homes = {"packaging": [_packaging_home()]}
    try:
        process = subprocess.Popen(
            [python, "-S", "-c", _BOOTSTRAP, own_text("bare_start.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
        )
    except OSError as error:
        raise _python_failed(python, str(error)) from error
    assert process.stdin is not None
    # Some ten kilobytes, less than any pipe holds. `_answer` reports a process that ended without reading them.
    with suppress(OSError), process.stdin as pipe:
        pipe.write(json.dumps([token, own_text("probe.py"), homes, json.dumps(question)]).encode("ascii"))
    process.stdin = None
    return process


def _answer(python: str, token: str, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for the probe's answer."""
    import json
    import subprocess

    from safepip.edges.programs.program_output import gather, last_words

    try:
        output, errors = gather(process, _PROBE_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise _python_failed(python, f"no answer within {_PROBE_TIMEOUT} seconds") from error
    except OSError as error:
        raise _python_failed(python, error.strerror or str(error)) from error
    parts = output.decode("utf-8", "replace").split(token)
    if len(parts) >= 3:
        _check_age(python, ".".join(map(str, json.loads(parts[1]))))
    if process.returncode != 0 or len(parts) != 4:
        raise _python_failed(python, last_words(errors, process.returncode))
    facts: dict[str, Any] = json.loads(parts[2])
    return facts


def _python_failed(python: str, reason: str) -> Unavailable:
    """The error for an interpreter that could not be asked."""
    return Unavailable.because(
        "python-failed",
        f"{printable(python)} did not say what it is",
        context=(printable(reason),),
        hint="check that it is a working Python interpreter: run it with --version",
    )


def _check_age(python: str, version: str) -> None:
    """Refuse a Python that the installed pip does not run on, before anything is fetched for it."""
    from packaging.specifiers import SpecifierSet

    from safepip.edges.programs.installed_pip import pythons_of_pip

    supported = pythons_of_pip()
    if not SpecifierSet(supported).contains(version, prereleases=True):
        raise Unavailable.because(
            "python-too-old",
            f"{printable(python)} is Python {version}, and the installed pip needs Python {supported}",
            hint="name a newer interpreter with --python",
        )


def _packaging_home() -> str:
    """The folder or archive that holds safepip's copy of packaging."""
    import packaging

    return os.path.dirname(os.path.dirname(os.path.abspath(packaging.__file__ or "")))
