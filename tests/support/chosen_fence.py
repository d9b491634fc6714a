"""safepip as a program, in which only fences of one kind are found; the kind is the first word, `none` for no fence."""

from __future__ import annotations

import sys

from safepip.edges.builder import fence


def main() -> int:
    """Run the command line that follows."""
    kind = sys.argv.pop(1)
    found = [one for one in fence.candidates() if one.kind == kind]
    fence.candidates = lambda: found
    from safepip.__main__ import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
