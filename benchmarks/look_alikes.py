"""How many honest names the rule on look-alikes flags, how many squats it catches, and how long it takes.

    python benchmarks/look_alikes.py                        # the list that safepip ships
    python benchmarks/look_alikes.py --names FILE           # and a longer one: text, or the top-packages data set

The shipped list is measured without its neighbours: names that were put on it because the rule flagged them would make
the figures better for names outside of the list, and worse for those on it.

Honest names are those of the lists themselves, left out of the list that they are judged by: every tenth in turn, and
with FILE also all that the shipped list does not have, and all behind the first thousand by that thousand. Flagged is
any resemblance, strong or weak. Squats are made of the first thousand names of each list by every class of change in
`squats.py`, and those that were found. No network, nothing random between two runs.

Elsewhere, against the 1,000 most popular names, such a rule flagged 0.62 % of honest names and caught 22 % of a
campaign's. The exit code is 1 where a list is not better than that in both.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from squats import MADE_UP, SLIPS, imitations

from safepip.edges.disk.well_known import shipped_names
from safepip.vetting.look_alikes import POPULAR, KnownNames, Resemblance, UnusableNames, read_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Where the part of the shipped list begins that is not measured.
NEIGHBOURS = "\n# Neighbours:"

#: Kinds that compare no two names of projects: what these flag is counted, but not held against the figure below.
NOT_NAMES = ("import-name", "standard-library")

#: What the rule is measured against, in per cent.
MOST_FLAGGED, LEAST_CAUGHT = 0.62, 22.0


def share(count: int, total: int) -> float:
    """In per cent."""
    return 100 * count / total if total else 0.0


def judge(known: KnownNames, names: Iterable[str]) -> list[Resemblance]:
    """The resemblances among names."""
    return [found for name in names if (found := known.resemblance(name)) is not None]


def left_out(names: Sequence[str], parts: int = 10) -> list[Resemblance]:
    """What is found where every tenth of a list in turn is judged by the rest."""
    found: list[Resemblance] = []
    for part in range(parts):
        rest = [name for at, name in enumerate(names) if at % parts != part]
        found += judge(KnownNames(rest), names[part::parts])
    return found


def print_flagged(label: str, found: Sequence[Resemblance], total: int, *, show: bool) -> bool:
    """A line on honest names, one more by kind; whether they are few enough."""
    strong = sum(one.strong for one in found)
    rate = share(len(found), total)
    compared = share(sum(one.kind not in NOT_NAMES for one in found), total)
    print(f"  {label}: {len(found)} of {total} = {rate:.2f} % (strong {share(strong, total):.2f} %)")
    print(f"      without import names and modules of the standard library: {compared:.2f} %")
    kinds = Counter(f"{one.kind}{'' if one.strong else ' (weak)'}" for one in found)
    print("     ", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    if show:
        for one in sorted(found):
            print(f"        {one.name} ~ {one.known} ({one.kind}{'' if one.strong else ', weak'})")
    return compared < MOST_FLAGGED


def print_caught(known: KnownNames, names: Sequence[str], honest: set[str]) -> bool:
    """The table of imitations by class; whether enough of them are caught, all classes taken together."""
    print(f"  squats made of the first {len(names)} names, caught | of these strong | number")
    total = caught = 0
    for label, pairs in imitations(list(names), honest).items():
        found = judge(known, (name for name, _ in pairs))
        strong = sum(one.strong for one in found)
        rates = (share(len(found), len(pairs)), share(strong, len(pairs)))
        print(f"    {label:<18} {rates[0]:5.1f} % | {rates[1]:5.1f} % | {len(pairs)}")
        total += len(pairs)
        caught += len(found)
    print(f"    {'all':<18} {share(caught, total):5.1f} % of {total}")
    return share(caught, total) > LEAST_CAUGHT


def print_found(known: KnownNames) -> None:
    """The squats that were found, by the report that told of them."""
    print("  squats that were found in public (! strong, ~ weak, - not caught)")
    for what, reports in (("slips", SLIPS), ("words added, left out, made up", MADE_UP)):
        found = [known.resemblance(name) for pairs in reports.values() for name, _ in pairs]
        caught = len(found) - found.count(None)
        print(f"    {what}: caught {caught} of {len(found)} = {share(caught, len(found)):.0f} %")
        for label, pairs in reports.items():
            words = [_mark(known.resemblance(name)) + name for name, _ in pairs]
            print(f"      {label}: {' '.join(words)}")


def _mark(found: Resemblance | None) -> str:
    return "-" if found is None else "!" if found.strong else "~"


def print_time(names: Sequence[str], asked: Sequence[str]) -> None:
    """What it costs to read names into tables, and to judge one; the fastest of five."""
    build, judging = [], []
    for _ in range(5):
        begin = time.perf_counter()
        known = KnownNames(names)
        known.resemblance("a-name-that-nobody-knows")
        middle = time.perf_counter()
        judge(known, asked)
        build.append(middle - begin)
        judging.append((time.perf_counter() - middle) / max(len(asked), 1))
    print(f"  tables of {len(names)} names: {1e3 * min(build):.1f} ms; a name: {1e6 * min(judging):.0f} microseconds")


def measure(title: str, names: Sequence[str], others: dict[str, tuple[KnownNames, list[str]]], *, show: bool) -> bool:
    """Print all of one list; `others` are more honest names to be judged, by which names, by label."""
    print(f"{title}: {len(names)} names")
    good = print_flagged("honest names, every tenth left out", left_out(names), len(names), show=show)
    for label, (known, rest) in others.items():
        good &= print_flagged(label, judge(known, rest), len(rest), show=show)
    known = KnownNames(names)
    honest = set(names).union(*(rest for _, rest in others.values()))
    good &= print_caught(known, names[:POPULAR], honest)
    print_found(known)
    squats = [name for pairs in imitations(list(names[:200]), set()).values() for name, _ in pairs]
    print_time(names, squats)
    return good


def main() -> int:
    """Measure the shipped list, and the one of `--names`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=Path, metavar="FILE", help="a list of names, the most popular first")
    parser.add_argument("--show", action="store_true", help="print every honest name that is flagged")
    chosen = parser.parse_args()
    shipped = read_names(shipped_names().partition(NEIGHBOURS)[0])
    if chosen.names is None:
        return 0 if measure("shipped list", shipped, {}, show=chosen.show) else 1
    try:
        longer = read_names(chosen.names.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, UnusableNames) as error:
        print(f"{chosen.names}: {error}", file=sys.stderr)
        return 2
    known = set(shipped)
    unknown = {"honest names of the file that it has not": (KnownNames(shipped), [n for n in longer if n not in known])}
    first = KnownNames(longer[:POPULAR])
    behind = {"honest names behind the first 1,000, judged by these": (first, list(longer[POPULAR:]))}
    good = measure("shipped list", shipped, unknown, show=chosen.show)
    good &= measure(chosen.names.name, longer, behind, show=chosen.show)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
