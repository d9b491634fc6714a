"""`safepip shell-init SHELL`: functions by which pip's installs go through safepip in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.edges.console.outputs import write_data
from safepip.model.errors import UsageError
from safepip.options.command_line import HelpRequested
from safepip.options.shell_init import SHELLS, script

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = """\
Usage: safepip shell-init bash|zsh|fish

Print functions for a shell. After they are loaded, pip install, pip3 install and python -m pip install go through
safepip there, and download, wheel and lock: in the environment of the pip or Python that you type. Everything else is
started as you type it. Keep them in a file, so that they are there when safepip is not:

  bash:   safepip shell-init bash > ~/.safepip.bash    in ~/.bashrc: . ~/.safepip.bash
  zsh:    safepip shell-init zsh > ~/.safepip.zsh    in ~/.zshrc: . ~/.safepip.zsh
  fish:   safepip shell-init fish > ~/.config/fish/conf.d/safepip.fish

What a shell starts by a path, or what another program starts, goes round them: safepip shim --help"""


def shell_init(words: Sequence[str]) -> int:
    """Print the functions for the shell that `words` name. Raises `UsageError`, `Unavailable` (`shim-not-started`)."""
    if "--help" in words or "-h" in words:
        raise HelpRequested(_HELP)
    if len(words) != 1 or words[0] not in SHELLS:
        raise UsageError.because(
            "bad-option", "shell-init takes the name of one shell: bash, zsh or fish", hint="safepip shell-init bash"
        )
    from safepip.commands.shim_state import start_command

    write_data(script(words[0], start_command()))
    return 0
