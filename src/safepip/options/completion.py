"""Scripts that complete command lines in bash, zsh and fish, made from the table of options.

A script is data and a few lines of shell: it starts no program of safepip's and asks no index. Names of projects come
from the requirements files and locks of the working folder. What stands in those may be anybody's: only what is spelt
as a name is offered, so that nothing of it can be a command to the shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.options.table import OPTIONS, options_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.options.table import Option

SHELLS = ("bash", "zsh", "fish")

#: Verbs that take the options of another one, with what they have beside them.
_AS_ANOTHER = {
    "sync": "install",
    "explain": "download",
    "tree": "download",
    "outdated": "install",
    "init": "download",
}

#: What a value is, by what it is called in the help.
_FILES = ("file", "path", "path/url", "python", "url")
_FOLDERS = ("dir",)
_NAMES = ("name", "names")

_DATA = """\
_safepip_options() {{
    case $1 in
{options}
    esac
}}

_safepip_value() {{
    case $1 in
{values}
    esac
}}

_safepip_names() {{
    command cat /dev/null requirements*.txt requirements*.in pylock*.toml 2>/dev/null |
        LC_ALL=C command sed -nE -e 's/^name = "([A-Za-z0-9][A-Za-z0-9._-]*)"$/\\1/p' -e '/^[a-z-]+ = /d' \\
            -e 's/^([A-Za-z0-9][A-Za-z0-9._-]*)([^A-Za-z0-9._-].*)?$/\\1/p' | LC_ALL=C command sort -u
}}
"""

_BASH = """\
_safepip() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb= word values
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        if [[ $word != -* ]]; then verb=$word; break; fi
    done
    COMPREPLY=()
    if [[ -z $verb ]]; then
        values='{commands}'
    else
        # Readline takes the `=` of `--option=value` for a word of its own.
        if [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi
        if [[ $current == = ]]; then current=; fi
        values=$(_safepip_value "$before")
        case $values in
            file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
            dir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
            name) values=$(_safepip_names) ;;
            '')
                if [[ $current == -* ]]; then
                    values=$(_safepip_options "$verb")
                elif [[ $verb == help ]]; then
                    values='{commands} {references}'
                elif [[ $verb == completion || $verb == shell-init ]]; then
                    values='{shells}'
                elif [[ $verb == shim ]]; then
                    compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return
                elif [[ $current == */* || $current == .* ]]; then
                    compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return
                else
                    values=$(_safepip_names)
                fi ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
}}
complete -F _safepip safepip
"""

_ZSH = """\
#compdef safepip
{data}
_safepip() {{
    setopt localoptions nonomatch
    local before=${{words[CURRENT-1]}} verb= word values
    for word in ${{words[2,CURRENT-1]}}; do
        if [[ $word != -* ]]; then verb=$word; break; fi
    done
    if [[ -z $verb ]]; then
        compadd -- {commands}
        return
    fi
    # `--option=value` is one word: what stands before the value is kept, and the rest completed.
    if [[ $PREFIX == --*=* ]]; then
        before=${{PREFIX%%=*}}
        compset -P '*='
    fi
    values=$(_safepip_value "$before")
    case $values in
        file) _files; return ;;
        dir) _files -/; return ;;
        name) values=$(_safepip_names) ;;
        '')
            if [[ $PREFIX == -* ]]; then
                values=$(_safepip_options "$verb")
            elif [[ $verb == help ]]; then
                values='{commands} {references}'
            elif [[ $verb == completion || $verb == shell-init ]]; then
                values='{shells}'
            elif [[ $verb == shim ]]; then
                _files -/; return
            else
                values=$(_safepip_names)
                [[ $verb == (uninstall|show) ]] || _files
            fi ;;
    esac
    compadd -- ${{=values}}
}}
if [[ ${{zsh_eval_context[-1]}} == loadautofunc ]]; then _safepip "$@"; else compdef _safepip safepip; fi
"""

_FISH = """\
function __safepip_names
    set -l files requirements*.txt requirements*.in pylock*.toml
    cat /dev/null $files 2>/dev/null |
        LC_ALL=C sed -nE -e 's/^name = "([A-Za-z0-9][A-Za-z0-9._-]*)"$/\\1/p' -e '/^[a-z-]+ = /d' \\
            -e 's/^([A-Za-z0-9][A-Za-z0-9._-]*)([^A-Za-z0-9._-].*)?$/\\1/p' | LC_ALL=C sort -u
end
complete -c safepip -f
complete -c safepip -n __fish_use_subcommand -a '{commands}'
complete -c safepip -n '__fish_seen_subcommand_from help' -a '{commands} {references}'
complete -c safepip -n '__fish_seen_subcommand_from completion shell-init' -a '{shells}'
complete -c safepip -n '__fish_seen_subcommand_from shim' -l venv -x -a '(__fish_complete_directories)'
complete -c safepip -n '__fish_seen_subcommand_from shim' -l remove
complete -c safepip -n '__fish_seen_subcommand_from {deciding}' -F -a '(__safepip_names)'
complete -c safepip -n '__fish_seen_subcommand_from uninstall show' -a '(__safepip_names)'
{options}
"""


def script(shell: str, commands: Sequence[str], references: Sequence[str]) -> str:
    """The script for one of `SHELLS`. `commands` are all verbs, `references` those that `help` shows a page of."""
    words = {"commands": " ".join(commands), "references": " ".join(references), "shells": " ".join(SHELLS)}
    if shell == "fish":
        deciding = " ".join(verb for verb in commands if _options(verb) and verb != "verify")
        return _FISH.format(**words, deciding=deciding, options="\n".join(_fish_lines(commands)))
    data = _DATA.format(options="\n".join(_option_lines(commands)), values="\n".join(_value_lines()))
    if shell == "zsh":
        return _ZSH.format(**words, data=data)
    return f"{data}\n{_BASH.format(**words)}"


def _options(verb: str) -> list[Option]:
    shown = [option for option in options_of(_AS_ANOTHER.get(verb, verb)) if not option.hidden]
    return shown + [option for option in OPTIONS if option.long == "--json" and verb in ("explain", "tree")]


def _option_lines(commands: Iterable[str]) -> list[str]:
    """A case for each verb that has options of its own."""
    lines = [
        f"        {verb}) echo '{' '.join(flag for option in options for flag in option.flags)}' ;;"
        for verb in commands
        if (options := _options(verb))
    ]
    return [*lines, "        shim) echo '--venv --remove --help' ;;"]


def _value_lines() -> list[str]:
    """A case for each kind of value, with the flags that take one."""
    flags: dict[str, dict[str, None]] = {}
    for option in OPTIONS:
        if option.action.takes_value:
            flags.setdefault(_value_of(option), {}).update(dict.fromkeys(option.flags))
    return [f"        {'|'.join(found)}) echo '{kind}' ;;" for kind, found in flags.items()]


def _value_of(option: Option) -> str:
    """`file`, `dir`, `name`, or the words to choose from; a blank where nothing can be offered."""
    if option.choices:
        return " ".join(option.choices)
    for kind, called in (("file", _FILES), ("dir", _FOLDERS), ("name", _NAMES)):
        if option.metavar in called:
            return kind
    return " "


def _fish_lines(commands: Iterable[str]) -> list[str]:
    """A line for each option, with the verbs that have it."""
    verbs: dict[Option, list[str]] = {}
    for verb in commands:
        for option in dict.fromkeys(_options(verb)):
            verbs.setdefault(option, []).append(verb)
    return [_fish_line(option, names) for option, names in verbs.items()]


def _fish_line(option: Option, verbs: Sequence[str]) -> str:
    short = [f"-s {flag[1:]}" for flag in option.flags if not flag.startswith("--")]
    long = [f"-l {flag[2:]}" for flag in option.flags if flag.startswith("--")]
    value = ""
    if option.action.takes_value:
        kind = _value_of(option)
        files = "-r -F" if kind in ("file", "dir") else "-x"
        offered = {"name": "(__safepip_names)", "file": "", "dir": "", " ": ""}.get(kind, kind)
        value = f" {files}" + (f" -a '{offered}'" if offered else "")
    about = option.help.replace("%default", f"{option.default}").replace("\\", "\\\\").replace("'", "\\'")
    seen = f"-n '__fish_seen_subcommand_from {' '.join(verbs)}'"
    return f"complete -c safepip {seen} {' '.join([*short, *long])}{value} -d '{about}'"
