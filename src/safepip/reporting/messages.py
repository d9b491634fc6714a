"""Text for people: errors as diagnostics, outcomes as pip words them.

The form of an error, after pip's diagnostics and uv's style: the reference first, the sentence, the evidence
indented below it; then the hints, each after a blank line; last what became of the environment and the command
that shows the pages of the references. The meaning never depends on colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.errors import PipFailed, UsageError
from safepip.model.origin import Source
from safepip.wheel.metadata import metadata_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.model.errors import SafepipError
    from safepip.model.evidence import ClearedWheel
    from safepip.model.finding import Diagnostic
    from safepip.model.origin import Origin
    from safepip.model.resolution import InstalledDistribution, Resolution

_BOLD, _RED, _CYAN, _YELLOW, _RESET = "\x1b[1m", "\x1b[31;1m", "\x1b[36;1m", "\x1b[33m", "\x1b[0m"


class Style:
    """Text with colour or without."""

    def __init__(self, *, color: bool) -> None:
        self._color = color

    def error(self, text: str) -> str:
        return self._wrap(_RED, text)

    def hint(self, text: str) -> str:
        return self._wrap(_CYAN, text)

    def notice(self, text: str) -> str:
        return self._wrap(_YELLOW, text)

    def strong(self, text: str) -> str:
        return self._wrap(_BOLD, text)

    def _wrap(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self._color else text


PLAIN = Style(color=False)


def render_error(error: SafepipError, style: Style = PLAIN, *, untouched: str = "Nothing was installed.") -> str:
    """All diagnostics of an error, without a newline at the end. `untouched` says what did not happen."""
    blocks = [_render(diagnostic, style) for diagnostic in error.diagnostics]
    pages = more(*(diagnostic.reference for diagnostic in error.diagnostics))
    if isinstance(error, PipFailed):
        blocks.append(pages)
    elif isinstance(error, UsageError):
        blocks.append(f"Nothing was done.  {pages}")
    else:
        blocks.append(f"{untouched}  {pages}")
    return "\n\n".join(blocks)


def more(*references: str) -> str:
    """Where to read on, in words to paste: the command that shows the pages of these references."""
    return f"More: {' '.join(('safepip help', *dict.fromkeys(references)))}"


def _render(diagnostic: Diagnostic, style: Style) -> str:
    lines = [f"{style.error('error')}: {style.strong(diagnostic.reference)}", f"  {diagnostic.message}"]
    for line in diagnostic.context:
        # What asked for it is not evidence but the way to it, so it follows the sentence.
        indent = "  " if line.startswith("required by ") else "    "
        lines.extend(indent + part for part in line.splitlines())
    lines += [f"  from {origin.chain()}" for origin in _unmentioned(diagnostic)]
    if diagnostic.hint:
        first, *rest = diagnostic.hint.splitlines()
        lines += ["", f"{style.hint('hint')}: {first}", *(f"    {part}" if part else "" for part in rest)]
    return "\n".join(lines)


def _unmentioned(diagnostic: Diagnostic) -> list[Origin]:
    """The places that led to the problem and that its evidence does not show, without distributions: those cannot be
    edited."""
    shown = "\n".join((diagnostic.message, *diagnostic.context))
    places = dict.fromkeys(o for o in diagnostic.origins if o.source not in (Source.DISTRIBUTION, Source.BUILT_IN))
    return [origin for origin in places if str(origin) not in shown][:5]


def render_notice(text: str, style: Style = PLAIN) -> str:
    """One line that the user should know and that stops nothing."""
    return f"{style.notice('notice')}: {text}"


def overruled(wheel: ClearedWheel) -> list[str]:
    """A line for each objection to this wheel that a line of policy has overruled."""
    return [allowed.line(f"{wheel.pin.name} {wheel.pin.version}") for allowed in wheel.allowed]


def would_install(resolution: Resolution) -> str:
    """pip's last line of a dry run, empty where nothing would be installed."""
    items = sorted(_named(resolution))
    return "Would install " + " ".join(f"{name}-{version}" for name, version in items) if items else ""


def would_uninstall(gone: Iterable[InstalledDistribution]) -> str:
    """The line of a dry run for what would be removed, empty where nothing would."""
    items = " ".join(f"{item.name}-{item.version}" for item in gone)
    return f"Would uninstall {items}" if items else ""


def _named(resolution: Resolution) -> Iterable[tuple[str, str]]:
    """Names and versions as the distributions themselves write them, as pip prints them."""
    for name in resolution.to_install:
        metadata = resolution.pins[name].metadata
        yield (metadata_json(metadata.text)["name"].strip() if metadata else name), str(resolution.pins[name].version)


def not_known(names: Sequence[str]) -> str:
    """What to say of projects that stay as they are, although their digests are not known."""
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return (
        "installed in the required version, but it is not known whether from the file that is asked for by digest: "
        f"{shown}; --verify-installed reinstalls what is not known"
    )


def already_satisfied(resolution: Resolution) -> list[str]:
    """pip's line for everything that the user asked for and that is installed already."""
    return [
        f"Requirement already satisfied: {pin.name} in {pin.installed.metadata_path.rpartition('/')[0]} ({pin.version})"
        for pin in resolution.pins.values()
        if pin.installed is not None and pin.requested
    ]
