"""The text of `safepip VERB --help`: the options in groups, those that are used every day first.

pip's order is that of its source. Here a reader who looks for the usual finds it on the first screen, and what is
seldom needed stands in the last groups. No option's configured value is shown, because it may hold a secret.
"""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

from safepip.options.table import Handling, options_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safepip.options.table import Option

#: Usage by verb, and what all other verbs have.
_USAGES = {
    "verify": ("{prog} [options] [name] ...",),
    "audit": (
        "{prog} [options]",
        "{prog} [options] -r <lock or requirements file> ...",
        "{prog} --fix -r <lock> [-r <file>] ...",
        "{prog} --update",
    ),
}
_USAGE = (
    "{prog} [options] <requirement specifier> ...",
    "{prog} [options] -r <requirements file> ...",
    "{prog} [options] <wheel url/path> ...",
)
_SUMMARIES = {
    "verify": "Compare the files of an environment with what its distributions record about them, and list the files "
    "that belong to no distribution. With names, check only these distributions. Nothing is changed, and nothing of "
    "the environment runs but its interpreter.",
    "audit": "Report what the configured advisories know of the versions that are installed, locked or pinned: "
    "vulnerabilities and malware, with the versions that fix them. Only --fix changes anything. Ends with 0 where "
    "nothing is known, 1 where something is, 2 on a wrong command, and 3 where it could not be verified.",
    "install": "Decide which distributions to install and from which index each may come, verify every file, "
    "and hand the verified wheels to pip.",
    "lock": "Decide what install would install into an empty environment, and write it down: every version, with the "
    "index, the digests and the dependencies of each project.",
    "download": "Decide as install does, verify every file, and put the wheels into a folder.",
    "wheel": "Decide as download does, build what has no wheel, and put the wheels into a folder.",
}

#: The groups in their order, each with its options in theirs. An option that a verb lacks is passed over.
GROUPS = {
    "Every day": "--requirement --editable --upgrade --upgrade-package --constraint --group --extra --all-extras"
    " --fix --dry-run --check --update --vex --fail-on --output --dest --wheel-dir --json --pre --help",
    "Where to": "--python --path --user --target --prefix --root --require-virtualenv --break-system-packages",
    "From where": "--index-url --extra-index-url --no-index --find-links --config --no-config --offline",
    "Rules": "--vex-product --allow-name --allow-build --cooldown --uploaded-prior-to --require-hashes"
    " --no-require-hashes --verify-installed --well-known-names --trusted-host",
    "Which versions and files": "--upgrade-strategy --force-reinstall --ignore-installed --no-deps --only-deps"
    " --only-binary --no-binary --prefer-binary --all-releases --only-final --requirements-from-script"
    " --ignore-requires-python --refresh-package",
    "For other environments": "--format --universal --environment --platform --python-version --implementation --abi",
    "What is said": "--output-format --quiet --verbose --log --report --progress-bar --no-color --no-input --debug",
    "Builds": "--config-settings --build-constraint --no-build-isolation --check-build-dependencies --src --no-verify"
    " --no-clean --exists-action",
    "The network and the cache": "--proxy --no-proxy-env --cert --client-cert --keyring-provider --timeout --retries"
    " --resume-retries --cache-dir --no-cache-dir --jobs",
    "Seldom": "--isolated --compile --no-compile --no-warn-script-location --no-warn-conflicts --root-user-action"
    " --disable-pip-version-check --use-feature --use-deprecated",
}

#: Where the text on an option begins.
_COLUMN = 30


def groups_of(verb: str) -> Iterator[tuple[str, list[Option]]]:
    """The groups of a verb's options that are shown, each with its title; none is empty."""
    shown = {option.long: option for option in options_of(verb) if not option.hidden}
    for title, flags in GROUPS.items():
        options = [shown[flag] for flag in flags.split() if flag in shown]
        if options:
            yield title, options


def usage_of(verb: str) -> list[str]:
    """The forms of a command line, one a line."""
    return [form.format(prog=f"safepip {verb}") for form in _USAGES.get(verb, _USAGE)]


def summary_of(verb: str) -> str:
    """What a verb does, in a sentence or a few."""
    return _SUMMARIES[verb]


def about(option: Option) -> str:
    """What an option does, with its default."""
    text = option.help.replace("%default", f"{option.default}")
    return f"{text} Refused: {option.note}." if Handling.REFUSED in option.handling else text


def head_of(option: Option) -> str:
    """An option's first short and long flag, and what its value is called."""
    short = [flag for flag in option.flags if not flag.startswith("--")][:1]
    head = ", ".join([*short, option.long])
    return f"{head} <{option.metavar}>" if option.action.takes_value else head


def format_help(verb: str, width: int = 80) -> str:
    """The whole text for one verb."""
    lines = ["Usage:", *(f"  {form}" for form in usage_of(verb)), "", *wrap(summary_of(verb), width), ""]
    for title, options in groups_of(verb):
        lines.append(f"{title}:")
        for option in options:
            lines += _option_lines(option, width)
        lines.append("")
    return "\n".join(lines)


def _option_lines(option: Option, width: int) -> list[str]:
    head = f"  {head_of(option)}"
    text = [f"{'':{_COLUMN}}{line}" for line in wrap(about(option), max(width - _COLUMN, 20), break_on_hyphens=False)]
    if len(head) > _COLUMN - 2:
        return [head, *text]
    return [f"{head:{_COLUMN}}{text[0].strip()}", *text[1:]]


def wrapped(text: str, width: int) -> str:
    """A text whose paragraphs are wrapped; indented lines and a usage stay as they are where they fit."""
    lines: list[str] = []
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        apart = not line or line.startswith((" ", "Usage:"))
        if apart:
            lines += wrap(" ".join(paragraph), width, break_on_hyphens=False, break_long_words=False)
            paragraph = []
            lines += _hung(line, width)
        else:
            paragraph.append(line)
    return "\n".join(lines[:-1])


def _hung(line: str, width: int) -> list[str]:
    """An indented line, wrapped below the text that follows its first word."""
    if len(line) <= width:
        return [line]
    begin = re.match(r" *\S+ *", line)
    column = begin.end() if begin else 0
    return wrap(line, width, subsequent_indent=" " * min(column, width // 2), break_on_hyphens=False)
