"""Many versions in few words: versions of which the same is true share a line, and `1.0 to 1.59` stands for a run.

A run is made of versions that follow each other among all that could be meant, so that `1.0 to 1.59` is true of each
version between the two. What is left out is counted.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import InvalidVersion, Version

from safepip.model.origin import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from safepip.model.origin import Origin

#: How many versions stand in a row before it is said how many older ones there are.
LISTED = 12
#: How many runs of versions do.
_RUNS = 6
#: From so many versions on, a run is named by its first and its last one.
_RUN = 3

#: How a sentence on one version goes on, and how one on several does.
_PLURALS = (
    (" requires ", " require "),
    (" has ", " have "),
    (" is a pre-release", " are pre-releases"),
    (" is ", " are "),
    (" was ", " were "),
)


class About(NamedTuple):
    """A line on one version of a project: `before`, the version, `said`, each with the spaces between them."""

    project: str
    version: Version
    said: str
    before: str = ""


def about(project: str, version: Version, line: str) -> About | str:
    """A line that begins with the version, or with the project and the version; any other one as it is."""
    for before in ("", f"{project} "):
        if line.startswith(f"{before}{version} "):
            return About(project, version, line.removeprefix(f"{before}{version}"), before)
    return line


def required_by(origin: Origin) -> About | str:
    """The line on a place that requires something, and the way from there to the user."""
    if origin.source is Source.DISTRIBUTION:
        project, _, version = origin.where.rpartition(" ")
        way = "" if origin.parent is None else f"  <-  {origin.parent.chain()}"
        with suppress(InvalidVersion):
            return About(project, Version(version), way, f"required by {project} ")
    return f"required by {origin.chain()}"


def fold(lines: Iterable[About | str], among: Callable[[str], Iterable[Version]]) -> Iterator[str]:
    """The lines, each once; those that say the same of several versions of a project as one, in the place of the first.

    `among` gives all versions of a project that could be meant. It is asked only where there are several.
    """
    found: dict[str | tuple[str, str, str], set[Version]] = {}
    for line in lines:
        if isinstance(line, About):
            found.setdefault((line.project, line.before, line.said), set()).add(line.version)
        else:
            found.setdefault(line, set())
    for key, versions in found.items():
        if isinstance(key, str):
            yield key
            continue
        project, before, said = key
        if len(versions) > 1:
            said = next((many + said.removeprefix(one) for one, many in _PLURALS if said.startswith(one)), said)
        yield f"{before}{runs(versions, among(project) if len(versions) >= _RUN else versions)}{said}"


def runs(versions: Iterable[Version], among: Iterable[Version]) -> str:
    """Versions in their order, three and more that follow each other in `among` by the first and the last."""
    wanted = set(versions)
    found: list[list[Version]] = [[]]
    for version in sorted(wanted.union(among)):
        if version in wanted:
            found[-1].append(version)
        elif found[-1]:
            found.append([])
    parts: list[list[Version]] = []
    for run in found:
        parts += [run] if len(run) >= _RUN else [[version] for version in run]
    texts = [f"{part[0]} to {part[-1]}" if len(part) > 1 else str(part[0]) for part in parts[-_RUNS:]]
    return _with_older(texts, sum(map(len, parts[:-_RUNS])))


def newest(versions: Iterable[Version]) -> str:
    """The newest versions, in their order, and how many older ones there are; `none` without any."""
    ordered = sorted(set(versions))
    return _with_older([str(version) for version in ordered[-LISTED:]], len(ordered[:-LISTED])) or "none"


def _with_older(texts: Sequence[str], older: int) -> str:
    return ", ".join(texts) + (f" and {older} older ones" if older > 1 else " and an older one" if older else "")


def first_few(lines: Iterable[str], more: str, most: int = 3) -> list[str]:
    """The first lines; where there are more than one above `most`, `more` with their number in place of `{}`."""
    everything = list(lines)
    if len(everything) <= most + 1:
        return everything
    return [*everything[:most], more.format(len(everything) - most)]


def any_of(names: Iterable[str]) -> str:
    """Names, each once, as a choice to be made among them; of many the first, and how many more there are."""
    return " or ".join(first_few(dict.fromkeys(names), "one of {} more"))
