"""Text of a requirements or constraints file -> its lines, by pip's grammar and no other.

pip's documentation ("Requirements File Format") describes the format; where it is silent, pip 26.3's
behaviour counts, and a differential test holds this room to it. A text goes through these steps in order:

    1. split into lines, at every line boundary that `str.splitlines` knows
    2. join a line that ends in a backslash with the next; the first line's number counts
    3. strip comments: `#` at the start of a line or after white space
    4. replace `${NAME}` (upper case, digits, underscore) by the variable's value, if it has one
    5. cut the line at its first word that begins with `-`: before it the requirement, after it options

What a line means follows from what it holds, in this order:

    a requirement or -e          a requirement; only --hash and --config-settings belong to it
    -r or -c                     another file; the first -r counts, else the first -c
    anything else                options for the whole run

`--no-binary`, `--only-binary`, `--all-releases` and `--only-final` act for the whole run wherever they stand.
What pip drops silently is dropped here too, with a `Notice`.

No secret leaves this module: every line goes through the injected `absorb` after step 4, and messages show the line as
it was before step 4, without user information. A text that values were put into keeps its source (`variables`). Reading
files, following includes and judging requirements and hashes happen elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safepip.model.digest import STRONG
from safepip.model.finding import Diagnostic, printable
from safepip.model.origin import Origin, Source
from safepip.requirements.variables import expand, source_of, unset_in, without_user_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from safepip.requirements.line_options import Given

_USER_INFO = re.compile(r":[\\'\"]*/[\\'\"]*/[^/?#]*@")


#: Options that act anywhere in a file, because pip's parser changes the run's own sets while it parses.
_CONTROLS = ("no-binary", "only-binary", "all-releases", "only-final")
#: Options of a line of their own in the order in which pip applies them; all of them count, except that
#: the last `index-url` and the first `find-links` win.
_OWN_LINE = (
    "no-index",
    "index-url",
    "extra-index-url",
    "find-links",
    "pre",
    "prefer-binary",
    "trusted-host",
    "require-hashes",
    "no-require-hashes",
    "use-feature",
)


class FileOption(NamedTuple):
    """An option for the whole run, written in a requirements or constraints file.

    `name` is the long option without dashes (`index-url`), `value` None for a flag. `expanded` says
    that a `${VARIABLE}` was substituted in its line: such a value may hold a secret. `source` is the value as
    written where it holds one outside of user information, and None where that is not known. Taken in order, the
    options of a file have pip's meaning. `find-links` is as written here; `gathering` makes it absolute where pip takes
    it as relative to the file.
    """

    name: str
    value: str | None
    origin: Origin
    expanded: bool = False
    source: str | None = ""


class RequirementLine(NamedTuple):
    """A requirement as written, not judged yet.

    `text` is expanded and free of user information in URLs. `hashes` are the raw values of `--hash`,
    `config_settings` those of `--config-settings` (`KEY=VALUE`). `written` is the text for messages:
    before variables were expanded. `source` is as that of `FileOption`.
    """

    text: str
    origin: Origin
    hashes: tuple[str, ...] = ()
    config_settings: tuple[str, ...] = ()
    editable: bool = False
    constraint: bool = False
    expanded: bool = False
    written: str = ""
    source: str | None = ""


class Include(NamedTuple):
    """`-r` or `-c` inside a file: `target`, to be resolved against the including file. `written` is for messages.

    `source` is as that of `FileOption`.
    """

    target: str
    constraint: bool
    origin: Origin
    expanded: bool = False
    written: str = ""
    source: str | None = ""


class Notice(NamedTuple):
    """Something on a line that has no effect, in pip as here."""

    text: str
    origin: Origin

    def __str__(self) -> str:
        return f"{self.origin}: {self.text}"


class Misread(NamedTuple):
    """A line that pip's grammar does not allow, with the diagnostic for it."""

    diagnostic: Diagnostic


Line = RequirementLine | FileOption | Include | Notice | Misread


def hide_user_info(text: str) -> str:
    """`text` with the user information of every URL in it replaced by `****`, for messages."""
    return _USER_INFO.sub("://****@", text)


def parse(
    text: str,
    filename: str,
    *,
    constraint: bool,
    environ: Mapping[str, str],
    absorb: Callable[[str], str],
    parent: Origin | None = None,
) -> list[Line]:
    """The lines of a file, in order. `filename` is what messages say; it is not opened.

    `absorb` takes the user information out of the URLs in a text and returns the rest
    (`Credentials.absorb`). A line that pip would not parse is a `Misread` (`invalid-requirements-line`) in
    its place, so that one bad line does not hide what else is wrong.
    """
    lines: list[Line] = []
    for number, raw in _without_comments(_joined(text.splitlines())):
        origin = Origin(Source.FILE, filename, number, parent)
        text_of_line = expand(raw, environ)
        expanded = text_of_line != raw
        logical = _Logical(absorb(text_of_line), printable(hide_user_info(raw)), expanded, origin, constraint)
        lines += [Notice(f"${{{name}}} is not set, and stays as written", origin) for name in unset_in(raw, environ)]
        try:
            found = _read(logical, absorb)
            lines += _with_sources(found, logical, without_user_info(raw), environ) if expanded else found
        except _CannotRead as problem:
            lines.append(Misread(_diagnostic(logical, problem)))
    return lines


class _CannotRead(Exception):
    """A line that pip's grammar does not allow. The message may repeat parts of the expanded line."""


class _Logical(NamedTuple):
    """A line after steps 1 to 4."""

    text: str
    written: str
    expanded: bool
    origin: Origin
    constraint: bool


def _joined(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Step 2. Yields the number of the first line and the joined text."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(lines, 1):
        comment = line.lstrip().startswith("#")
        # A comment is never continued, but it may end a continuation; the space keeps it a comment then.
        if line.endswith("\\") and not comment:
            first = first if parts else number
            # pip strips backslashes from both ends.
            parts.append(line.strip("\\"))
            continue
        text = " " + line if comment else line
        if parts:
            yield first, "".join(parts) + text
            parts = []
        else:
            yield number, text
    # A backslash at the end of the file continues nothing.
    if parts:
        yield first, "".join(parts)


def _without_comments(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Step 3. Lines that hold nothing else are gone. Linear in the line's length, unlike a pattern."""
    for number, line in lines:
        at = line.find("#")
        while at > 0 and not line[at - 1].isspace():
            at = line.find("#", at + 1)
        text = (line if at < 0 else line[:at]).strip()
        if text:
            yield number, text


def _with_sources(found: list[Line], line: _Logical, raw: str, environ: Mapping[str, str]) -> list[Line]:
    """The same lines, each with its source: that of the line as it would be read without its values."""
    try:
        written: list[Line] = _read(line._replace(text=raw), without_user_info)
    except _CannotRead:
        written = []
    if [type(one) for one in found] != [type(one) for one in written]:
        written = []
    return [_with_source(one, written[at] if written else None, environ) for at, one in enumerate(found)]


def _with_source(line: Line, written: Line | None, environ: Mapping[str, str]) -> Line:
    match line, written:
        case RequirementLine(), RequirementLine():
            # A digest is never shown as written: it is compared. What a build is told is not looked through.
            fixed = line.hashes == written.hashes and line.config_settings == written.config_settings
            return line._replace(source=source_of(line.text, written.text, environ) if fixed else None)
        case FileOption(), FileOption():
            same = line.name == written.name
            return line._replace(source=source_of(line.value, written.value, environ) if same else None)
        case Include(), Include():
            source = source_of(line.target, written.target, environ)
            return line._replace(source=source, written=line.written if source is None else printable(written.target))
        case ((RequirementLine() | FileOption() | Include()), _):
            return line._replace(source=None)
    return line


def _cut(line: str) -> tuple[str, str]:
    """Step 5. Only spaces part words: a tab before an option makes it part of the requirement."""
    words = line.split(" ")
    for position, word in enumerate(words):
        if word.startswith("-"):
            return " ".join(words[:position]), " ".join(words[position:])
    return line, ""


def _read(line: _Logical, absorb: Callable[[str], str]) -> list[Line]:
    """What one logical line says."""
    requirement, rest = _cut(line.text)
    given = _options(rest, absorb)
    lines: list[Line] = [FileOption(name, value, line.origin, line.expanded) for name, value in _controls(given)]
    if requirement or given.all("editable"):
        return lines + _requirement(line, requirement, given)
    if given.all("requirement") or given.all("constraint"):
        return lines + _include(line, given)
    return lines + _own_line(line, given)


def _options(rest: str, absorb: Callable[[str], str]) -> Given:
    # Quotes and backslashes in the options part have their POSIX shell meaning.
    from safepip.requirements.line_options import BadOption, Given, read_options

    if not rest:
        return Given()
    try:
        return read_options(rest, absorb)
    except BadOption as problem:
        raise _CannotRead(str(problem)) from None


def _controls(given: Given) -> Iterator[tuple[str, str | None]]:
    for name, value in given.options:
        if name in _CONTROLS:
            # A forgotten value would swallow the next option.
            if (value or "").startswith("-"):
                raise _CannotRead(f"--{name} needs a value, but an option follows it")
            yield name, value


def _requirement(line: _Logical, text: str, given: Given) -> list[Line]:
    editables = given.all("editable")
    if editables:
        _check_unused_hashes(given)
    # The text before the options is the requirement, else the first -e; that -e stands on the line makes it editable.
    requirement = RequirementLine(
        text or editables[0],
        line.origin,
        # pip takes no --hash for an editable requirement.
        hashes=() if editables else given.all("hash"),
        config_settings=given.all("config-settings"),
        editable=bool(editables),
        constraint=line.constraint,
        expanded=line.expanded,
        written=_cut(line.written)[0] or line.written,
    )
    ignored = [f"--{name}" for name in given.names() if name in (*_OWN_LINE, "requirement", "constraint")]
    if editables and given.all("hash"):
        ignored.append("--hash")
    notices = _ignored(line, ignored, "beside a requirement")
    if len(editables) > (0 if text else 1):
        notices.append(Notice("only one requirement of a line counts; the others are ignored", line.origin))
    return [requirement, *notices, *_stray(line, given)]


def _check_unused_hashes(given: Given) -> None:
    # pip refuses a --hash of another algorithm even where it then ignores the option.
    if any(value.partition(":")[0] not in STRONG for value in given.all("hash")):
        raise _CannotRead(f"--hash takes one of {', '.join(STRONG)}")


def _include(line: _Logical, given: Given) -> list[Line]:
    _check_unused_hashes(given)
    files = given.all("requirement")
    target = (files or given.all("constraint"))[0]
    written = line.written if line.expanded else printable(hide_user_info(target))
    include = Include(target, not files, line.origin, line.expanded, written)
    ignored = [f"--{name}" for name in given.names() if name in (*_OWN_LINE, "hash", "config-settings")]
    notices = _ignored(line, ignored, "beside -r or -c")
    # Of several files on a line only the first is read, and -r goes before -c.
    if len(files) + len(given.all("constraint")) > 1:
        notices.append(Notice("only one -r or -c of a line counts; the others are ignored", line.origin))
    return [include, *notices, *_stray(line, given)]


def _own_line(line: _Logical, given: Given) -> list[Line]:
    _check_unused_hashes(given)
    lines: list[Line] = []
    for name in _OWN_LINE:
        values: tuple[str | None, ...] = given.flags(name)
        # The last --index-url of a line wins. pip drops an empty one, and asks its default index instead.
        if name == "index-url":
            values = values[-1:]
            if values == ("",):
                raise _CannotRead("--index-url is empty; write the URL behind it, without a space in between")
        # Only the first --find-links of a line counts.
        if name == "find-links" and len(values) > 1:
            lines.append(Notice("only the first --find-links of a line counts; the others are ignored", line.origin))
            values = values[:1]
        lines += [FileOption(name, value, line.origin, line.expanded) for value in values]
    ignored = [f"--{name}" for name in given.names() if name in ("hash", "config-settings")]
    return [*lines, *_ignored(line, ignored, "without a requirement"), *_stray(line, given)]


def _ignored(line: _Logical, names: list[str], where: str) -> list[Line]:
    return [Notice(f"{', '.join(names)} {where} has no effect", line.origin)] if names else []


def _stray(line: _Logical, given: Given) -> list[Line]:
    if not given.stray:
        return []
    return [Notice("text after the options of a line has no effect", line.origin)]


def _diagnostic(line: _Logical, problem: _CannotRead) -> Diagnostic:
    # The parser's message repeats words of the line, and an expanded word may be a secret.
    reason = "its options cannot be read" if line.expanded else printable(hide_user_info(str(problem)))
    return Diagnostic(
        "invalid-requirements-line",
        f"{line.origin} cannot be read: {reason}",
        context=(line.written,),
        origins=(line.origin,),
    )
