"""A safepip that only runs a command in a fence: the question is its standard input, the answer its output, as JSON.

It is a program so that it can be another user, and can be killed.
"""

from __future__ import annotations

import json
import sys

from safepip.edges.builder.fence import UNFENCED, BuildLimits, FencedCommand, candidates
from safepip.edges.builder.landlock import LandlockFence
from safepip.edges.builder.machine import filter_machine
from safepip.edges.builder.supervision import own_python
from safepip.edges.builder.toolchains import interpreter_folders


def main() -> None:
    """Run what is asked for."""
    asked = json.loads(sys.stdin.readline())
    kind, _, version = asked["kind"].partition("-")
    fence = next(fence for fence in (*candidates(), UNFENCED) if fence.kind == kind)
    if version:
        # As on a kernel with an older Landlock: this one's takes its rules.
        machine = filter_machine()
        assert machine is not None
        fence = LandlockFence(int(version), machine)
    python = own_python()
    command = FencedCommand(
        tuple(python if word == "PYTHON" else word for word in asked["arguments"]),
        asked["cwd"],
        asked["environ"],
        (*interpreter_folders(python), *asked["readable"]),
        tuple(asked["writable"]),
        network=asked["network"],
    )

    def told(piece: bytes) -> None:
        sys.stderr.buffer.write(piece)
        sys.stderr.flush()

    outcome = fence.run(command, BuildLimits(**asked["limits"]), told)
    answer = {"code": outcome.code, "stopped": outcome.stopped, "output": outcome.output.decode("utf-8", "replace")}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
