"""Gets a wheel's core metadata without the wheel where that is possible, and whole wheels that are named directly.

In this order: the copy kept by an earlier run; the sidecar that the index advertises (PEP 658), held against the
digest given for it; the end of the archive by range requests; the whole wheel, which is verified as any
download and stays in the store. A sidecar with another digest than the index announced is refused.

Whatever is read here only guides the resolution. Before a wheel is handed over, it is compared with what the
wheel itself contains (`rules.metadata_mismatch`), so that none of these ways has to be trusted.
"""

from __future__ import annotations
