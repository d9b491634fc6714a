"""Folders full of modules that leave a mark when they are imported: under every name that somebody might import."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import packaging
import pip

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names that the standard library and widely used projects look for and live without.
_KNOWN = (
    *("org", "java", "_typeshed", "_manylinux", "_virtualenv", "apport_python_hook", "usercustomize", "sitecustomize"),
    *("keyring", "socks", "socksio", "trio", "attr", "IPython", "colorama", "brotli", "chardet", "simplejson"),
    *(
        "packaging",
        "certifi",
        "h11",
        "httpx",
        "httpcore",
        "resolvelib",
        "rich",
        "setuptools",
        "pkg_resources",
        "distutils",
    ),
)

#: `from a.b import c`, and `import a.b as c, d`: what is between.
_IMPORTS = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+([^\W\d]\w*)[\w.]*[ \t]+import\b|import[ \t]+([^\W\d][\w., \t]*))", re.MULTILINE
)


@cache
def names_looked_for() -> frozenset[str]:
    """Every top-level name that pip, packaging or the standard library may import, inside functions too.

    Found by the form of the words, which takes a tenth of the time of reading each file as Python does. A line of a
    text that looks like an import adds a name too many.
    """
    found = {*sys.stdlib_module_names, *_KNOWN}
    standard = Path(re.__file__).parents[1]
    files = [*standard.glob("*.py"), *(standard / "importlib").rglob("*.py"), *(standard / "email").glob("*.py")]
    for module in (pip, packaging):
        files += Path(str(module.__file__)).parent.rglob("*.py")
    for file in files:
        for one, several in _IMPORTS.findall(file.read_text("utf-8").replace("\\\n", " ")):
            found.update(re.findall(r"(?:^|,)[ \t]*(\w+)", one or several))
    # What a target has of pip's is a distribution like any other; `site` and the like are in the process already.
    return frozenset(found - {"__main__", "__future__"} - set(sys.builtin_module_names))


@cache
def names_of_a_start() -> frozenset[str]:
    """What Python and the wrapper of a console script import before the first line of a program."""
    code = "import re, runpy, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-s", "-c", code], capture_output=True, text=True, check=True)
    return frozenset(name.partition(".")[0] for name in done.stdout.split()) | {"sitecustomize", "usercustomize"}


def fill(folder: Path, marks: Path, names: Iterable[str] | None = None) -> None:
    """Put modules of all names, and hooks, into a folder. What runs of them leaves a file in `marks`."""
    folder.mkdir(parents=True, exist_ok=True)
    marks.mkdir(exist_ok=True)
    for name in names_looked_for() if names is None else names:
        payload = f"open({str(marks / name)!r}, 'w').close()\n"
        place = folder / name / "__init__.py" if name in ("org", "packaging", "pip") else folder / f"{name}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(payload)
        if name == "org":
            (folder / "org" / "python").mkdir(exist_ok=True)
            (folder / "org" / "python" / "__init__.py").write_text("")
            (folder / "org" / "python" / "core.py").write_text(payload)


def hook(folder: Path, marks: Path) -> None:
    """Files that Python reads at each start, in a folder of `site`: import lines, and `.start` of later Pythons."""
    folder.mkdir(parents=True, exist_ok=True)
    marks.mkdir(exist_ok=True)
    (folder / "aaa-hook.pth").write_text(f"import os; open({str(marks / 'pth')!r}, 'w').close()\n")
    (folder / "zzz-tab.pth").write_text(f"import\tos; open({str(marks / 'pth-tab')!r}, 'w').close()\n")
    (folder / "later.start").write_text("started_later:run\n")
    (folder / "started_later.py").write_text(f"open({str(marks / 'start')!r}, 'w').close()\ndef run(): ...\n")


def left(marks: Path) -> list[str]:
    """What has run."""
    return sorted(path.name for path in marks.iterdir())
