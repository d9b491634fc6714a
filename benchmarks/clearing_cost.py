"""What it costs that every wheel is judged: its share of the processor time of an install, as a ratio.

Everything of an install is measured, pip and its children included, as the operating system counts it. Inside
safepip's process the parts that make up the clearing are put between two looks at the process's own clock, which
counts all its threads; what is done while wheels are read in other threads is measured by the thread's clock. Nothing
of safepip is switched off, because nothing in it can be:

- that what the store has is hashed before it is used;
- clearing is reading the wheels, install paths, judging, and what is remembered of them;
- each rule by itself, which is a part of the clearing;
- that wheels are put where pip reads them, and hashed there;
- what comes after pip: the installed files against what was cleared.

Beside all that stands what a program without any other work would need, in the same Python, to unpack each member once
(of wheels that are read to the end), and to hash the archives and their members as often as it is done.

The store is warm and the target fresh. What an earlier install has read to the end is not unpacked again
(`safepip.edges.disk.sound_wheels`); with `--first` each round is the first install of its wheels, which unpacks and
hashes every member. `adds` is a part's time divided by that of an install without it.

    clearing_cost.py                        the synthetic set L, some hundred wheels; no network
    clearing_cost.py --wheels FOLDER        real wheels that fit this machine, one of each project
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import shapes
import tools
import world
from compare import index
from judging import POSIX, findings, judged
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from safepip.edges.disk.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Parts that are measured: where they are found, and what they are called here. All but the first and the last two are
#: the clearing.
PARTS = (
    ("safepip.edges.disk.store", "_measure", "hashing in the store"),
    ("safepip.edges.disk.archive", "_content", "reading"),
    ("safepip.commands.clearing", "install_paths_of", "install paths"),
    ("safepip.commands.clearing", "judge", "judging"),
    ("safepip.edges.disk.sound_wheels", "SoundWheels.known", "what is known"),
    ("safepip.edges.disk.sound_wheels", "SoundWheels.note", "what is noted"),
    ("safepip.edges.pip.running", "_lay_out", "laying out"),
    ("safepip.edges.pip.installed_wheels", "check_installed", "afterwards"),
)

#: What goes on while other threads read wheels.
BESIDE_OTHERS = frozenset({"hashing in the store", "reading", "what is known"})

#: What is larger is no part of the question: one such wheel would outweigh all others.
LARGEST = 20_000_000


class Stopwatch:
    """Seconds of processor time of this process by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = Lock()

    def around(self, name: str, call: Callable[..., Any], clock: Callable[[], float]) -> Callable[..., Any]:
        """The same function, measured."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            begin = clock()
            try:
                return call(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[name] += clock() - begin

        return measured

    def attach(self) -> None:
        """Measure every part of `PARTS`, and every rule."""
        from importlib import import_module

        import safepip.rules.judging as rules

        for module, path, name in PARTS:
            *owners, attribute = path.split(".")
            place: Any = import_module(module)
            for owner in owners:
                place = getattr(place, owner)
            clock = time.thread_time if name in BESIDE_OTHERS else time.process_time
            setattr(place, attribute, self.around(name, getattr(place, attribute), clock))
        rules.RULES = tuple(
            rule._replace(check=self.around(f"  {rule.reference}", rule.check, time.process_time))
            for rule in rules.RULES
        )


def inside(report: str, argv: list[str]) -> int:
    """Run safepip in this process with its parts measured; they are written to `report`."""
    from safepip.__main__ import main as safepip

    watch = Stopwatch()
    watch.attach()
    try:
        return safepip(argv)
    finally:
        Path(report).write_text(json.dumps(watch.seconds), encoding="utf-8")


# --- installs -----------------------------------------------------------------------------------------------------


def fitting(folder: Path) -> list[Path]:
    """Wheels of a folder that this machine can install, one of each project, by name."""
    mine = frozenset(sys_tags())
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.whl")):
        try:
            name, _, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if mine & tags and path.stat().st_size <= LARGEST and name not in ("pip", "setuptools"):
            found[name] = path
    return [found[name] for name in sorted(found)]


def spread(paths: list[Path], count: int) -> list[Path]:
    """As many of them, from all over the list."""
    return [paths[len(paths) * i // count] for i in range(count)] if len(paths) > count else paths


def measure(
    folder: Path, arguments: list[str], rounds: int, *, first: bool = False
) -> Iterator[tuple[float, dict[str, float]]]:
    """Install `rounds` times; all processor time of each, and its parts. A run before them warms the store, without
    what it remembers of the wheels if each is to be the `first`."""
    template, target, report = tools.template(folder), folder / "target", folder / "parts.json"
    room = tools.Room(target, folder / "cache", folder / "requirements.txt", report)
    words = ["install", "-q", "--no-input", "--python", room.python, "--cache-dir", str(room.cache)]
    command = [sys.executable, "-P", __file__, "--inside", str(report), "--", *words, *arguments]
    command += ["-r", str(room.requirements)]
    for number in range(rounds + 1):
        tools.fresh_target(template, target)
        for notes in room.cache.glob("**/sound-?") if first else ():
            tools.set_aside(notes)
        run = tools.measure(command, folder, folder / "output", {"PYTHONPATH": str(Path(__file__).parent)})
        if run.code:
            raise SystemExit((folder / "output").read_text(encoding="utf-8", errors="replace"))
        if number:
            yield run.cpu, json.loads(report.read_text(encoding="utf-8"))


def least(store: Path, *, first: bool, times: int) -> float:
    """Seconds of processor time to unpack (the `first` time) and hash everything that the store has, and no more: each
    archive so many `times`, each member once when it is read and once when it is installed."""
    begin = time.process_time()
    for path in (path for path in store.glob("**/sha256/*/*") if zipfile.is_zipfile(path)):
        data = path.read_bytes()
        for _ in range(times):
            hashlib.sha256(data).digest()
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        for member in members:
            name_size, extra_size = struct.unpack_from("<2H", data, member.header_offset + 26)
            start = member.header_offset + 30 + name_size + extra_size
            content: bytes | memoryview = memoryview(data)[start : start + member.compress_size]
            before = time.process_time()
            if member.compress_type == zipfile.ZIP_DEFLATED:
                content = zlib.decompress(content, -15, member.file_size or 1)
            if first:
                zlib.crc32(content)
                hashlib.sha256(content).digest()
            else:
                begin += time.process_time() - before
            hashlib.sha256(content).digest()
    return time.process_time() - begin


def show(runs: list[tuple[float, dict[str, float]]], floor: float) -> None:
    """The table: each part's median share of an install, and what the checks add to one without them. `floor` is what
    `least` gives."""
    print("| part | share of the install's processor time |\n|---|--:|")
    for name in (name for *_, part in PARTS for name in ([part, *_rules(runs)] if part == "judging" else [part])):
        share = statistics.median(parts.get(name, 0.0) / total for total, parts in runs)
        print(f"| {name.replace('  ', '&nbsp;&nbsp;')} | {share:.2%} |")
    print()
    measured: tuple[tuple[str, Callable[[dict[str, float]], float]], ...] = (
        ("clearing", lambda parts: sum(parts.get(name, 0.0) for *_, name in PARTS[1:-2])),
        ("the look at what pip has installed", lambda parts: parts["afterwards"]),
    )
    for what, part in measured:
        added = sorted(_added(total, part(parts)) for total, parts in runs)
        print(f"{what} adds {statistics.median(added):.1%} ({added[0]:.1%}..{added[-1]:.1%}) to an install without it")
    both = sorted(sum(part(parts) for _, part in measured) / total for total, parts in runs)
    print(f"together they are {statistics.median(both):.1%} ({both[0]:.1%}..{both[-1]:.1%}) of an install")
    everything = sorted(sum(parts.get(name, 0.0) for *_, name in PARTS) / total for total, parts in runs)
    alone = statistics.median(floor / total for total, _ in runs)
    print(f"with the hashing in the store and where pip reads, {statistics.median(everything):.1%} ", end="")
    print(f"({everything[0]:.1%}..{everything[-1]:.1%}); to unpack and hash alone is {alone:.1%}")


def _rules(runs: list[tuple[float, dict[str, float]]]) -> list[str]:
    return list(dict.fromkeys(name for _, parts in runs for name in parts if name.startswith("  ")))


def _added(total: float, part: float) -> float:
    return part / (total - part)


def main() -> int:
    """Prepare what is installed, install it, print the table."""
    if sys.argv[1:2] == ["--inside"]:
        return inside(sys.argv[2], sys.argv[4:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="real wheels instead of synthetic ones")
    parser.add_argument("--count", type=int, default=100, help="how many real wheels (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first", action="store_true", help="each round is the first install of its wheels")
    parser.add_argument("--no-compile", action="store_true", help="without bytecode, which is most of pip's work")
    parser.add_argument("--world", type=Path, default=world.default())
    arguments = parser.parse_args()
    options = ["--no-compile"] if arguments.no_compile else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if arguments.wheels:
            lines = _real(folder, arguments.wheels, arguments.count)
            options += ["--no-deps", "--no-index", "--find-links", str(folder / "wheels")]
        else:
            lines = shapes.load().requirements("L")
        (folder / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        with nullcontext("") if arguments.wheels else index(arguments.world, []) as url:
            runs = list(
                measure(folder, [*options, *(["-i", url] if url else [])], arguments.rounds, first=arguments.first)
            )
        # What comes out of a folder is hashed while it is copied, which is not among the parts.
        show(runs, least(folder / "cache", first=arguments.first, times=1 if arguments.wheels else 2))
    return 0


def accepted(paths: list[Path]) -> list[Path]:
    """Those that safepip would install together: a refusal would end the install that is measured."""
    with Store(None) as store:
        verdicts = [verdict for path in paths if not (verdict := judged(path, store)).findings]
    subjects = {verdict.name: verdict.reviewed for verdict in verdicts if verdict.reviewed is not None}
    against = {finding.subject for finding in findings(subjects.values(), POSIX)}
    return [verdict.path for verdict in verdicts if verdict.name not in against]


def _real(folder: Path, source: Path, count: int) -> list[str]:
    """Put wheels into the folder that is installed from; their requirements."""
    # Some more than needed: a few may be refused.
    chosen = accepted(spread(fitting(source), count + count // 10))[:count]
    (folder / "wheels").mkdir()
    for path in chosen:
        shutil.copyfile(path, folder / "wheels" / path.name)
    size = sum(path.stat().st_size for path in chosen) / 1e6
    print(f"{len(chosen)} real wheels, {size:.0f} MB packed\n")
    return ["{}=={}".format(*parse_wheel_filename(path.name)[:2]) for path in chosen]


if __name__ == "__main__":
    sys.exit(main())
