"""`safepip completion SHELL`: a script that completes safepip's command lines in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.commands.help import all_references
from safepip.edges.console.outputs import write_data
from safepip.model.errors import UsageError
from safepip.options.command_line import HelpRequested
from safepip.options.completion import SHELLS, script

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = """\
Usage: safepip completion bash|zsh|fish

Print a script that completes safepip's commands, options, files and, from the requirements files and locks of the
working folder, names of projects. It starts no program of safepip's and asks no index.

  bash:   in ~/.bashrc    eval "$(safepip completion bash)"
  zsh:    in ~/.zshrc, after compinit    eval "$(safepip completion zsh)"
  fish:   safepip completion fish > ~/.config/fish/completions/safepip.fish"""


def completion(commands: Sequence[str], words: Sequence[str]) -> int:
    """Print the script for the shell that `words` name; `commands` are all verbs. Raises `UsageError`."""
    if "--help" in words or "-h" in words:
        raise HelpRequested(_HELP)
    if len(words) != 1 or words[0] not in SHELLS:
        raise UsageError.because(
            "bad-option", "completion takes the name of one shell: bash, zsh or fish", hint="safepip completion bash"
        )
    write_data(script(words[0], commands, all_references()))
    return 0
