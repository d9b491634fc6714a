"""Functions of a shell by which pip's installs go through safepip, whatever environment they are about.

`pip`, `pip3`, `pip3.N`, `python`, `python3` and `python3.N` become functions. Those of pip look at pip's first word, by
the rule of `edges/target/bare_shim.py`; those of Python look for `-m pip` among Python's own options, and then at what
follows. Where it is an install, safepip is told which program the shell would have started, and takes the environment
of that. Everything else is started as it was typed.

No function is exported: a program that the shell starts, be it a script, make, tox or nox, sees nothing of them.

Of Python's options `-W`, `-X` and `--check-hash-based-pycs` take a value, and `-c`, `-` and a file end them (its
documentation, "Command line and environment"); letters may be put together, as in `-Im pip`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHELLS = ("bash", "zsh", "fish")

#: Of which versions of Python 3 there are functions.
_MINORS = range(9, 21)

_BEGIN = """\
# pip's installs go through safepip in this shell: made by safepip shell-init {shell}
"""

_SH = """\
function __safepip_start {{
    if [[ ! -x {python} ]]; then
        printf '%s\\n' 'error: safepip could not be started: its Python is not there' {line} >&2
        return 1
    fi
    {command} {line} "$@"
}}

function __safepip_reads {{
    {local}
    local word
    case ${{1-}} in
        install|download|wheel|lock) return 0 ;;
        -*) ;;
        *) return 1 ;;
    esac
    for word in "$@"; do
        case $word in install|download|wheel|lock) return 0 ;; esac
    done
    return 1
}}

function __safepip_pip {{
    {local}
    local name=$1 found
    shift
    if __safepip_reads "$@" && found=$({find} "$name"); then
        __safepip_start "$found" "$@"
    else
        command "$name" "$@"
    fi
}}

function __safepip_after_m {{
    {local}
    local word left next=
    while (( $# )); do
        word=$1
        shift
        if [[ $next == m ]]; then
            [[ $word == pip ]] && __safepip_words=("$@")
            return
        elif [[ -n $next ]]; then
            next=
            continue
        fi
        case $word in
            -|--) return ;;
            --check-hash-based-pycs) next=value; continue ;;
            --*) continue ;;
            -*) left=${{word#-}} ;;
            *) return ;;
        esac
        while [[ $left == [bBdEhiIOPqRsStuvVx?]* ]]; do left=${{left#?}}; done
        case $left in
            '') ;;
            m) next=m ;;
            mpip) __safepip_words=("$@"); return ;;
            W|X) next=value ;;
            W*|X*) ;;
            *) return ;;
        esac
    done
}}

function __safepip_python {{
    {local}
    local name=$1 found
    local -a __safepip_words
    __safepip_words=()
    shift
    __safepip_after_m "$@" || :
    if __safepip_reads ${{__safepip_words[@]+"${{__safepip_words[@]}}"}} && found=$({find} "$name"); then
        __safepip_start "$found" ${{__safepip_words[@]+"${{__safepip_words[@]}}"}}
    else
        command "$name" "$@"
    fi
}}

{functions}
function safepip_shell_off {{
    {remove} {names} safepip_shell_off
    {remove} __safepip_start __safepip_reads __safepip_pip __safepip_after_m __safepip_python
}}
"""

#: In its POSIX mode bash makes no function with a dot in its name, though it calls one that is there. To leave the mode
#: takes away its variable, which may have been exported.
_PLAIN = """\
unset __safepip_posix
if [[ -o posix ]]; then
    __safepip_posix=$(declare -p POSIXLY_CORRECT 2>&1)
    set +o posix
fi

"""
_AS_BEFORE = """\
if [[ -n ${__safepip_posix-} ]]; then
    set -o posix
    if [[ $__safepip_posix == 'declare -x'* ]]; then export POSIXLY_CORRECT; fi
fi
unset __safepip_posix
"""

_FISH = """\
function __safepip_start
    if not test -x {python}
        printf '%s\\n' 'error: safepip could not be started: its Python is not there' {line} >&2
        return 1
    end
    {command} {line} $argv
end

function __safepip_reads
    set -q argv[1]; or return 1
    contains -- $argv[1] install download wheel lock; and return 0
    string match -q -- '-*' $argv[1]; or return 1
    for word in $argv
        contains -- $word install download wheel lock; and return 0
    end
    return 1
end

function __safepip_pip
    set -l name $argv[1]
    set -e argv[1]
    set -l found
    if __safepip_reads $argv; and set found (command -s $name)
        __safepip_start $found[1] $argv
    else
        command $name $argv
    end
end

function __safepip_after_m
    set -l next
    while set -q argv[1]
        set -l word $argv[1]
        set -e argv[1]
        if test "$next" = m
            test "$word" = pip; or return 1
            string join0 -- $argv
            return 0
        else if test -n "$next"
            set next
            continue
        end
        switch $word
            case - --
                return 1
            case --check-hash-based-pycs
                set next value
            case '--*'
            case '-*'
                switch (string replace -r -- '^-[bBdEhiIOPqRsStuvVx?]*' '' $word)
                    case ''
                    case m
                        set next m
                    case mpip
                        string join0 -- $argv
                        return 0
                    case W X
                        set next value
                    case 'W*' 'X*'
                    case '*'
                        return 1
                end
            case '*'
                return 1
        end
    end
    return 1
end

function __safepip_python
    set -l name $argv[1]
    set -e argv[1]
    set -l words (__safepip_after_m $argv | string split0)
    set -l found
    if __safepip_reads $words; and set found (command -s $name)
        __safepip_start $found[1] $words
    else
        command $name $argv
    end
end

{functions}
function safepip_shell_off
    functions -e {names} safepip_shell_off
    functions -e __safepip_start __safepip_reads __safepip_pip __safepip_after_m __safepip_python
end
"""

#: How the functions are taken off, for those who cannot start safepip any more.
LINE = (
    "To take safepip's functions off: remove the line that loads them from your shell's start-up file; in this shell: "
    "safepip_shell_off"
)


def script(shell: str, command: Sequence[str]) -> str:
    """The functions for one of `SHELLS`. `command` starts safepip, by the rules of `edges/programs/bare_launch.py`."""
    quote = _quoted_for_fish if shell == "fish" else _quoted
    names = tuple(f"{program}{version}" for program in ("pip", "python") for version in _versions())
    values = {
        "python": quote(command[0]),
        "command": " ".join(map(quote, command)),
        "line": quote(LINE),
        "names": " ".join(names),
    }
    if shell == "fish":
        functions = "\n".join(_fish_function(name) for name in names)
        return _BEGIN.format(shell=shell) + _FISH.format(**values, functions=functions)
    functions = "\n".join(f'function {name} {{ __safepip_{_kind(name)} {name} "$@"; }}' for name in names)
    if shell == "zsh":
        own = {"local": "emulate -L zsh", "find": "whence -p --", "remove": "unfunction"}
        return _BEGIN.format(shell=shell) + _SH.format(**values, **own, functions=functions)
    own = {"local": ":", "find": "type -P --", "remove": "unset -f"}
    # A shell in which everything is exported (set -a) would export the functions as well.
    private = f"export -n -f {' '.join(names)}\n"
    return _BEGIN.format(shell=shell) + _PLAIN + _SH.format(**values, **own, functions=functions) + private + _AS_BEFORE


def _versions() -> Iterable[str]:
    """What follows the names of the programs."""
    return ("", "3", *(f"3.{minor}" for minor in _MINORS))


def _kind(name: str) -> str:
    return "pip" if name.startswith("pip") else "python"


def _fish_function(name: str) -> str:
    return f"function {name} --wraps {name}\n    __safepip_{_kind(name)} {name} $argv\nend"


def _quoted(text: str) -> str:
    """A word of bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quoted_for_fish(text: str) -> str:
    """A word of fish: within quotes a backslash before a quote or a backslash makes it one."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
