"""Build the synthetic index in a folder, or serve it: `index.py build FOLDER`, `index.py serve FOLDER`.

`serve` prints one line of JSON with its URL and goes on until its standard input closes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import shapes
import world
from content import Conditions
from server import serve


def main() -> None:
    """Build or serve, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("build", "serve"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--delay", type=float, default=0, metavar="MS", help="round-trip time in milliseconds")
    parser.add_argument(
        "--handshakes", type=float, default=1, help="round trips before a new connection's first request"
    )
    parser.add_argument("--no-gzip", action="store_true", help="send pages uncompressed")
    parser.add_argument("--no-sidecars", action="store_true", help="advertise no metadata files")
    parser.add_argument("--no-cache-headers", action="store_true", help="send neither ETag nor Cache-Control")
    parser.add_argument("--shapes", type=Path, metavar="FILE", default=shapes.SHAPES, help="of which world it is")
    parser.add_argument("--as-is", action="store_true", help="serve what the folder holds, without building anything")
    parser.add_argument("--tls", type=Path, metavar="FOLDER", help="serve over TLS too; certificates go into FOLDER")
    arguments = parser.parse_args()
    if not arguments.as_is:
        world.ensure(arguments.folder, arguments.shapes)
    if arguments.verb == "serve":
        serve(
            arguments.folder,
            Conditions(
                delay=arguments.delay / 1000,
                handshakes=arguments.handshakes,
                gzip=not arguments.no_gzip,
                sidecars=not arguments.no_sidecars,
                cache_headers=not arguments.no_cache_headers,
            ),
            arguments.tls,
        )


if __name__ == "__main__":
    main()
