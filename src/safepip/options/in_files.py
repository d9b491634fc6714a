"""Options that requirements and constraints files give to the whole run, applied to a plan as pip would.

pip's rules ("Requirements File Format"): options act in the order in which files are read; `-i` replaces the
list of indexes; `--no-index` drops them and later ones; `--pre` is `--all-releases :all:`; the sets of names go
on from those of the command line. `index_options` decides which of them a configuration allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safepip.model.errors import UsageError
from safepip.model.finding import Diagnostic
from safepip.model.index import IndexKind
from safepip.model.plan import NameSet
from safepip.options.index_options import Sources, check_expanded, relabel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from safepip.model.origin import Origin
    from safepip.model.plan import Plan, Selection
    from safepip.requirements.file_format import FileOption

_KINDS = {
    "index-url": IndexKind.SIMPLE,
    "extra-index-url": IndexKind.SIMPLE,
    "find-links": IndexKind.FIND_LINKS,
}
#: Every source is asked for every name.
_MOST_SOURCES = 1_000
_NAME_SETS = {
    "no-binary": ("no_binary", "only_binary"),
    "only-binary": ("only_binary", "no_binary"),
    "all-releases": ("all_releases", "only_final"),
    "only-final": ("only_final", "all_releases"),
}


def apply_file_options(plan: Plan, options: Sequence[FileOption], *, locate: Callable[[str], str | None]) -> Plan:
    """The plan with the options of all files in it, in the order in which they were read.

    Raises `Refused` (`undeclared-index`, `expanded-credential`, `insecure-index`) with file and line of each,
    `UsageError` for values that are not a URL or host, and for contradictions.
    """
    network = plan.settings.network
    sources = Sources(plan.indexes, network.trusted_hosts, plan.policy, locate, no_index=plan.settings.no_index)
    selection = _Selecting(plan.settings.selection)
    demands = {"require-hashes": plan.settings.require_hashes, "no-require-hashes": plan.settings.no_require_hashes}
    named = [option for option in options if option.name in (*_KINDS, "trusted-host")]
    if len(named) > _MOST_SOURCES:
        message = f"more than {_MOST_SOURCES} sources and trusted hosts are named in files"
        raise UsageError.because("invalid-option", message, origins=(named[-1].origin,))
    for option in options:
        if option.name in demands:
            demands[option.name] = True
        elif option.name in _NAME_SETS or option.name in ("pre", "prefer-binary"):
            selection.take(option)
        else:
            _apply_source(sources, plan, option)
    sources.check_transport()
    sources.finish()
    if all(demands.values()):
        places = tuple(option.origin for option in options if option.name in demands)
        raise contradiction("--require-hashes and --no-require-hashes exclude each other", places)
    settings = plan.settings._replace(
        selection=selection.made(),
        network=network._replace(trusted_hosts=tuple(sources.trusted_hosts)),
        no_index=sources.no_index,
        require_hashes=demands["require-hashes"],
        no_require_hashes=demands["no-require-hashes"],
    )
    return plan._replace(
        settings=settings, indexes=relabel(sources.indexes), notices=(*plan.notices, *sources.notices())
    )


def contradiction(message: str, origins: tuple[Origin, ...] = ()) -> UsageError:
    """Options that exclude each other; pip ends with 1."""
    error = UsageError(Diagnostic("conflicting-options", message, origins=origins))
    error.exit_code = 1
    return error


def _apply_source(sources: Sources, plan: Plan, option: FileOption) -> None:
    if option.name == "no-index":
        sources.drop_indexes()
    elif option.name == "trusted-host" and option.value is not None:
        sources.trust(option.value, option.origin, option.source or "")
    elif option.name in _KINDS and option.value is not None:
        locking = plan.settings.lock is not None
        if option.expanded and not check_expanded(sources, plan.indexes, option, locking=locking):
            return
        default, source = option.name == "index-url", option.source or ""
        sources.add(option.value, _KINDS[option.name], option.origin, default=default, source=source)
    elif option.name != "use-feature":
        raise ValueError(f"not an option of a requirements file: {option.name}")


class _Selecting:
    """A selection that options act on, one after the other: the sets of names may be large, and so may the files."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._words = {dest: name_words(getattr(selection, dest)) for dest, _ in _NAME_SETS.values()}

    def take(self, option: FileOption) -> None:
        if option.name == "prefer-binary":
            self._selection = self._selection._replace(prefer_binary=True)
        elif option.name == "pre":
            # pip adds :all: to the set and leaves the rest, --only-final included, as it is.
            self._words["all_releases"].add(":all:")
        else:
            from safepip.options.parser import update_names

            dest, rival = _NAME_SETS[option.name]
            update_names(option.value or "", self._words[dest], self._words[rival])

    def made(self) -> Selection:
        changed: dict[str, Any] = {dest: name_set(words) for dest, words in self._words.items()}
        return self._selection._replace(**changed)


def name_words(names: NameSet) -> set[str]:
    """A `NameSet` as pip's set of words."""
    return {*names.names, *([":all:"] if names.all else [])}


def name_set(words: set[str]) -> NameSet:
    """pip's set of words as a `NameSet`."""
    return NameSet(":all:" in words, frozenset(words - {":all:"}))
