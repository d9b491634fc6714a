"""Names of folders below an environment of the Python that runs the tests."""

from __future__ import annotations

import sys

#: As `lib/python3.11`, of a POSIX system.
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
LIB = f"lib/{PYTHON}"
SITE = f"{LIB}/site-packages"
