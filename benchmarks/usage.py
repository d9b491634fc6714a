"""Run safepip in this process and write down what it used: `usage.py REPORT ARGUMENTS...`.

The report is JSON: seconds of processor time of safepip itself and of all programs that it has started and waited for,
user and system together; and the peak memory of each in kB. A program's peak is never less than that of safepip was
when it started it (Linux keeps it over exec), so the second one says something only where it is the larger one.

It imports next to nothing, since what it imports would be counted.
"""

from __future__ import annotations

import json
import resource
import sys


def main() -> int:
    """Run, write, and end as safepip did."""
    from safepip.__main__ import main as safepip

    report = sys.argv[1]
    try:
        return safepip(sys.argv[2:])
    finally:
        found = {}
        for name, who in (("own", resource.RUSAGE_SELF), ("programs", resource.RUSAGE_CHILDREN)):
            used = resource.getrusage(who)
            found[name] = {"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}
        with open(report, "w", encoding="utf-8") as file:
            json.dump(found, file)


if __name__ == "__main__":
    sys.exit(main())
