"""A path at which nothing can be, on whatever machine: the null device is no folder."""

from __future__ import annotations

import os

NOWHERE = os.path.join(os.devnull, "nowhere")
