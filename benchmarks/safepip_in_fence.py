"""safepip with one kind of fence for builds: `python safepip_in_fence.py KIND VERB ...`, for `built_from_source.py`.

safepip has no option for it, since the better fence is the right one. Kinds: bubblewrap, landlock.
"""

from __future__ import annotations

import sys

from safepip.__main__ import main
from safepip.edges.builder import fence

if __name__ == "__main__":
    kind, there = sys.argv.pop(1), fence.candidates
    fence.candidates = lambda: [one for one in there() if one.kind == kind]
    sys.exit(main(sys.argv[1:]))
