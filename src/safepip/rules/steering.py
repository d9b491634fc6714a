"""Which files steer the programs that are started next: those in a working folder, and those that a shell loads by
itself.

A folder that `--target` or `--prefix` names, and the folder of an environment, may be one in which people work: the
project's own, or a home. What lies at the top of it is read by programs that are started there.

1. Nothing at the top begins with a dot: that is where shells, version control, editors and package managers keep their
   settings. Of wheels only old ones have such a name there, for a folder of shared libraries (`.libs_cffi_backend`).
2. No file at the top is one that safepip, pip, other installers, Python, version control or tools for building and
   testing read by its name, and no file is a command to the shells of Windows, which look there first.
3. Below `share` and `etc` there is nothing that shells load when they start, or by the name of a command that is typed.
   A completion is loaded by the name of its command, so it is harmless where the wheel brings that command itself; one
   for zsh names its commands in its first line. What a shell reads at its start is refused by any name, except
   completions of bash that are named after the wheel's own command, in a virtual environment, because no shell looks
   there.

Names are keys (`safepip.wheel.install_paths.key_of`): letter case makes no difference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.wheel.install_paths import key_of
from safepip.wheel.script_names import bare

if TYPE_CHECKING:
    from collections.abc import Collection

_HERE = "is read from the folder in which people work"

#: By who reads them. Whole names; in lower case.
_READ = (
    ("safepip or another installer", r"safepip\.toml|pylock(\..*)?\.toml|(uv|pdm|poetry|pixi|hatch)\.(toml|lock)"),
    ("safepip or another installer", r"pipfile(\.lock)?|environment\.ya?ml"),
    ("pip", r"pip\.(conf|ini)|([a-z]+[._-])?(requirements|constraints)([._-].*)?\.(txt|in)"),
    ("pip and every tool of a Python project", r"pyproject\.toml|setup\.(py|cfg)|manifest\.in"),
    ("Python", r"__main__\.pyc?|pyvenv\.cfg|__pyvenv__\.cfg|pybuilddir\.txt|.*\._pth|python\d*\.zip"),
    (
        "a tool for tests or checks",
        r"conftest\.py|(pytest|tox|mypy)\.ini|(pytest|tox|ruff|ty)\.toml|noxfile\.py|pylintrc(\.toml)?",
    ),
    ("a tool for builds", r"(gnu)?makefile|justfile|rakefile|gemfile|fabfile\.py|cmakelists\.txt|meson\.build"),
    ("a tool for builds", r"(docker|container|vagrant|jenkins|proc|brew)file|package(-lock)?\.json"),
    ("a tool for builds", r"((docker-)?compose|taskfile)\.ya?ml"),
    (
        "a tool for builds",
        r"mise(\..*)?\.toml|(flake|shell|default)\.nix|devbox\.json|sconstruct|wscript|snakefile|dodo\.py",
    ),
    ("a version control system", r"head|_darcs|_mtn|cvs|_fossil_|fossil\.fdb|lefthook\.(ya?ml|toml|json)"),
    ("a program that reads it in a home folder", r"_netrc|_vimrc|_gvimrc|_exrc|desktop\.ini|autorun\.inf"),
)
_BY_NAME = tuple((who, re.compile(names)) for who, names in _READ)

#: What a shell of Windows starts from the folder it is in, before it looks at any other.
_COMMANDS = (".bat", ".cmd", ".com", ".exe", ".ps1", ".vbs")

#: Folders and files below the top that programs read without being asked to, by the program.
_LOADED = {
    "a shell when it starts": """
        etc/profile etc/profile.d etc/bash etc/bashrc etc/bash.bashrc etc/bash.bash_logout etc/bash_completion
        etc/bash_completion.d etc/zsh etc/zshenv etc/zshrc etc/zprofile etc/zlogin etc/zlogout etc/csh.cshrc
        etc/csh.login etc/ksh.kshrc etc/mkshrc etc/inputrc etc/environment etc/environment.d etc/paths etc/paths.d
        etc/skel etc/nushell etc/xonsh etc/xonshrc etc/elvish etc/xdg/fish etc/xdg/autostart lib/environment.d
        share/nushell share/xonsh share/elvish
    """,
    "a shell when it starts, or by the name of what is typed": """
        etc/fish share/fish share/zsh share/bash-completion share/powershell
    """,
    "a version control system": """
        etc/gitconfig etc/gitattributes etc/subversion etc/xdg/git share/git-core libexec/git-core lib/git-core
        etc/mercurial etc/hgrc etc/hgrc.d share/mercurial
    """,
    "safepip, pip or another installer": "etc/pip.conf etc/xdg/pip etc/safepip etc/xdg/safepip etc/uv etc/xdg/uv",
}
_PLACES = {place: who for who, places in _LOADED.items() for place in places.split()}
_DEEPEST = max(place.count("/") for place in _PLACES) + 1

#: Old tools for native wheels put the libraries of a module at the top into a folder of this name.
_OLD_LIBRARIES = re.compile(r"\.(dy)?libs([_-].*)?")
_SHARED_LIBRARY = re.compile(r".*\.(so|dylib|dll)(\.[\d.]*)?")

#: Where shells look for completions by the name of a command, and how a file for it may be called.
_COMPLETIONS = {
    "share/bash-completion/completions": re.compile(r"_?(?P<command>.+?)(\.bash)?"),
    "share/fish/vendor_completions.d": re.compile(r"(?P<command>.+)\.fish"),
    "share/fish/completions": re.compile(r"(?P<command>.+)\.fish"),
    "etc/fish/completions": re.compile(r"(?P<command>.+)\.fish"),
    "share/zsh/site-functions": re.compile(r"_(?P<command>.+)"),
    "share/zsh/vendor-completions": re.compile(r"_(?P<command>.+)"),
}
#: The old place for completions of bash, all of which are run when a shell starts.
_EAGER = {"etc/bash_completion.d": re.compile(r"(?P<command>.+?)([.-]bash([_-]completion)?|\.sh)?")}


class WheelCommands(NamedTuple):
    """What counts of a wheel: the keys of the commands that it brings, and whether it is for a virtual environment."""

    commands: frozenset[str]
    virtual: bool = False


def steers(within: list[str], brought: WheelCommands, text: bytes | None = None) -> str:
    """Who reads a file at this place below a top, in words behind "would be installed at PLACE: "; empty where no
    program does.

    `within` are the parts of the place, as keys; `text` is the file's content where it was kept.
    """
    first = within[0]
    if first.startswith(".") and not (
        len(within) == 2 and _OLD_LIBRARIES.fullmatch(first) and _SHARED_LIBRARY.fullmatch(within[1])
    ):
        return "names that begin with a dot are for the settings of people who work there"
    if len(within) == 1 or first in ("_darcs", "_mtn", "cvs"):
        for who, names in _BY_NAME:
            if names.fullmatch(first):
                return f"{_HERE}, by {who}"
        if first.rstrip(" .").endswith(_COMMANDS):
            return f"{_HERE}, by the shells of Windows, which start it"
    return _loaded(within, brought, text)


def _loaded(within: list[str], brought: WheelCommands, text: bytes | None) -> str:
    """The same for what is loaded below the top."""
    for depth in range(2, _DEEPEST + 1):
        who = _PLACES.get("/".join(within[:depth])) if depth <= len(within) else None
        if who is not None and not _is_own_completion(within, brought, text):
            return f"is loaded by {who}"
    return ""


def _is_own_completion(within: list[str], brought: WheelCommands, text: bytes | None) -> bool:
    """Whether this is a completion for a command of the wheel's own."""
    *folder, name = within
    place = "/".join(folder)
    pattern = _COMPLETIONS.get(place) or (_EAGER.get(place) if brought.virtual else None)
    found = None if pattern is None else pattern.fullmatch(name)
    if found is None or found["command"] not in brought.commands:
        return False
    return "zsh" not in folder or _names_only(text, brought.commands)


def _names_only(text: bytes | None, commands: Collection[str]) -> bool:
    """Whether the first line of a zsh completion is for these commands alone (zshcompsys, "Autoloaded files")."""
    words = (text or b"").partition(b"\n")[0].decode("utf-8", "replace").split()
    if not words or words[0] != "#compdef":
        return False
    # `name=service` completes a command as if it was another; an option makes a pattern, or a key, of what follows.
    return all(key_of(bare(word.partition("=")[0])) in commands for word in words[1:])
