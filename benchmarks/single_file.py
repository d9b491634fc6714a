"""What `safepip.pyz` costs beside the installed command: processor time of a start, in pairs on the same Python.

    python benchmarks/single_file.py FOLDER-OF-A-RELEASE PYTHON ...

For each Python it makes an environment with the wheel of the release and an empty one, and runs both in turn. It fails
where the first Python, which has to be the one that made the release, takes more than 1.5 times of it for `--version`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 40
BOUND = 1.5
COMMANDS = (["--version"], ["help", "ambiguous-index"], ["check-config"], ["hash", "file"])


def cost(command: Sequence[str], folder: Path) -> float:
    """The processor time of a run in seconds, its children's included."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime


def ratios(installed: Sequence[str], single: Sequence[str], folder: Path) -> list[float]:
    """The single file by the installed command, sorted; the first pair only warms what is cached."""
    pairs = [(cost(installed, folder), cost(single, folder)) for _ in range(ROUNDS + 1)]
    return sorted(after / before for before, after in pairs[1:])


def environments(python: str, wheel: Path, folder: Path) -> tuple[Path, Path]:
    """The installed command in an environment of a Python, and the interpreter of an empty one."""
    for name, options in (("installed", []), ("empty", ["--without-pip"])):
        subprocess.run([python, "-I", "-m", "venv", *options, str(folder / name)], check=True)
    inside = folder / "installed" / "bin"
    subprocess.run([inside / "python", "-I", "-m", "pip", "install", "-q", wheel], check=True, capture_output=True)
    return inside / "safepip", folder / "empty" / "bin" / "python"


def main(words: Sequence[str]) -> int:
    """Measure each Python; 1 where the first one takes too long."""
    if len(words) < 2:
        raise SystemExit(__doc__)
    release, *pythons = words
    (wheel,) = Path(release).glob("*.whl")
    application = Path(release, "safepip.pyz").absolute()
    over = False
    for number, python in enumerate(pythons):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "file").write_text("x")
            command, interpreter = environments(python, wheel.absolute(), folder)
            for asked in COMMANDS:
                found = ratios([str(command), *asked], [str(interpreter), str(application), *asked], folder)
                middle = statistics.median(found)
                print(f"{python}  {' '.join(asked):<22} {middle:.2f} ({found[0]:.2f}..{found[-1]:.2f})", flush=True)
                over |= number == 0 and asked == ["--version"] and middle > BOUND
    return int(over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
