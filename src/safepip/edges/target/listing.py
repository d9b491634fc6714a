"""What an environment consists of: its folders, the distributions in them, and every file that is there.

The interpreter is started with `-I -S` and runs `safepip.edges.programs.bare_probe`, so that nothing of a suspected
environment runs but the interpreter itself. Distributions are known by their metadata folders' names; of what lies in
those only RECORD, direct_url.json and top_level.txt are read, within a limit.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from safepip.edges.programs.program_output import ask_program
from safepip.edges.programs.starting import own_text
from safepip.edges.target.installed_files import read_small, walk
from safepip.environment.python_variables import clean_environment
from safepip.environment.verification import Distribution, EnvironmentFolders, EnvironmentListing
from safepip.model.errors import Unavailable
from safepip.model.finding import printable
from safepip.model.names import is_name, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

#: Seconds that an interpreter has to answer.
_TIMEOUT = 120

#: The largest file of a metadata folder that is read: RECORD of 100,000 files has about 12 MB.
_LIMIT = 64 * 1024 * 1024

_START = """
import sys
token, *texts = sys.stdin.read().split("\\0")
names = {"__name__": "safepip_probe"}
for text in texts:
    exec(compile(text, "<safepip.edges.programs.bare_probe>", "exec"), names)
sys.stdout.write(token + names["answer"](names["virtual_environment"]) + token)
"""

#: A valid project name, PEP 508.


def find_place(python: str, environ: Mapping[str, str]) -> EnvironmentFolders:
    """The folders of the environment that an interpreter belongs to.

    Raises `Unavailable` (`python-failed`) where it cannot be started or does not answer.
    """
    facts = _ask(python, environ)
    schemes, user = facts["schemes"], facts["user"]
    prefix = real(facts["prefix"])
    roots = [prefix, real(schemes["data"]), real(schemes["scripts"])]
    sites = [real(folder) for folder in facts["site"]]
    if user is not None:
        sites.append(real(user["site"]))
        roots.append(real(user["base"]))
    # On Windows Python looks for .pth files in the prefix as well; other files there belong to no distribution.
    sites = [site for site in dict.fromkeys(sites) if site != prefix]
    return EnvironmentFolders(
        python=os.path.abspath(facts["executable"] or python),
        version=".".join(map(str, facts["version"])),
        prefix=prefix,
        virtualenv=facts["virtualenv"],
        sites=tuple(sites),
        scripts=real(schemes["scripts"]) if facts["virtualenv"] else "",
        roots=tuple(dict.fromkeys((*roots, *sites))),
        unseen=() if facts["base"] is None else (real(facts["base"]),),
    )


def _ask(python: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Run the probe."""
    token = os.urandom(16).hex()
    question = "\0".join((token, own_text("bare_start.py"), own_text("bare_probe.py")))
    try:
        # -I: no variable, no user site, no working folder. -S: no .pth file and no sitecustomize.
        done = ask_program([python, "-I", "-S", "-c", _START], clean_environment(environ), _TIMEOUT, question.encode())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(python, str(error)) from None
    parts = done.output.decode("utf-8", "surrogateescape").split(token)
    if done.code != 0 or len(parts) != 3:
        raise _failed(python, done.last_words)
    facts: dict[str, Any] = json.loads(parts[1])
    return facts


def _failed(python: str, reason: str) -> Exception:
    return Unavailable.because(
        "python-failed",
        f"{printable(python)} did not say what it is",
        context=(printable(reason),),
        hint="check that it is a working Python interpreter: run it with --version",
    )


def real(path: str) -> str:
    """A path as `verification` has them: absolute, with `/`, without links; on Windows in lower case."""
    return os.path.normcase(os.path.realpath(path)).replace(os.sep, "/")


def resolver() -> Callable[[str, str], str]:
    """How the path of a row of RECORD becomes an absolute one; links are followed in its folder, never in itself."""
    folders: dict[str, str] = {}

    def resolve(folder: str, path: str) -> str:
        if "\0" in path:
            return ""
        above, name = os.path.split(os.path.normpath(os.path.join(folder, path)))
        if above not in folders:
            folders[above] = real(above)
        return f"{folders[above].rstrip('/')}/{os.path.normcase(name)}"

    return resolve


def listing(place: EnvironmentFolders) -> EnvironmentListing:
    """Everything in the folders of an environment. The result names folders that cannot be listed."""
    unread: dict[str, str] = {}
    files: dict[str, None] = {}
    for folder in (*place.sites, *filter(None, (place.scripts,))):
        files.update(dict.fromkeys(walk(folder, unread)))
    if os.name == "nt":
        files.update((path, None) for path in _listed(place.prefix) if path.lower().endswith((".pth", ".start")))
    return EnvironmentListing(distributions(place.sites), files.keys(), unread)


def distributions(sites: Iterable[str]) -> tuple[Distribution, ...]:
    """Everything that is installed in these folders: also what another one hides, and what has no valid version."""
    return tuple(item for site in sites for item in _distributions(site))


def unnamed(sites: Iterable[str]) -> list[str]:
    """Metadata folders in these folders whose names name no project. What pip leaves of a removal that was cut off,
    with a tilde, is none: pip itself passes it over."""
    paths = [path for site in sites for path in _listed(site)]
    stems = {path: path.rpartition("/")[2].rpartition(".")[::2] for path in paths}
    return [
        path
        for path, (stem, suffix) in stems.items()
        if suffix.lower() in ("dist-info", "egg-info") and stem[:1] != "~" and not is_name(stem.partition("-")[0])
    ]


def unlistable(folders: Iterable[str]) -> list[str]:
    """Those of these folders that are there and cannot be listed, so that it is not known what is installed there."""
    unread = []
    for folder in folders:
        try:
            os.listdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            unread.append(folder)
    return unread


def _listed(folder: str) -> list[str]:
    try:
        return sorted(f"{folder}/{name}" for name in os.listdir(folder))
    except OSError:
        # The walk reports a folder that is there and cannot be read.
        return []


def _distributions(site: str) -> Iterator[Distribution]:
    for path in _listed(site):
        stem, _, suffix = path.rpartition("/")[2].rpartition(".")
        name, _, version = stem.partition("-")
        if not is_name(name):
            continue
        # The version of an egg is followed by that of the Python.
        shown = (normalise(name), version.partition("-py")[0] or "(no version)", path)
        match suffix.lower():
            case "dist-info" if os.path.isdir(path):
                yield _distribution(*shown)
            case "egg-info":
                yield Distribution(*shown, obstacle="an old kind of metadata without RECORD", tops=_tops(path))
            case "egg":
                yield Distribution(*shown, obstacle="an egg, which has no RECORD")
            case "egg-link":
                yield Distribution(*shown, obstacle="an old editable install: its code lies elsewhere")


def _distribution(name: str, version: str, info: str) -> Distribution:
    """A `.dist-info` folder."""
    record, obstacle = read_small(f"{info}/RECORD", _LIMIT)
    if record is None:
        installer, _ = read_small(f"{info}/INSTALLER", 1000)
        by = printable((installer or b"").decode("utf-8", "replace").strip(), 40)
        obstacle = ("it has no RECORD" if obstacle == "missing" else f"its RECORD is {obstacle}") + (
            f" (installed by {by})" if by else ""
        )
    return Distribution(name, version, info, record, obstacle, _editable(info), _tops(info))


def _editable(info: str) -> str:
    """Where the code of an editable install lies (PEP 660, PEP 610), else empty."""
    data, _ = read_small(f"{info}/direct_url.json", 1 << 20)
    try:
        stated = json.loads(data or b"{}")
        return str(stated["url"]) if stated["dir_info"]["editable"] is True else ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _tops(info: str) -> tuple[str, ...]:
    """The names that a distribution says it has at the top level: setuptools' top_level.txt."""
    data, _ = read_small(f"{info}/top_level.txt", 1 << 20)
    return tuple(_plain((data or b"").decode("utf-8", "replace").split()))


def _plain(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if "/" not in name and name.strip("."))
