"""Start-up hooks that are known and harmless: those of named projects by the bytes of the file, and setuptools' own
for namespace packages by the exact text that it writes.

Each was taken from wheels of the project on pip's default index, of the versions named beside it, in November 2026, and
read before it was written down here. What a hook imports is not pinned: the project's own module then runs at every
start of Python. That needs no more trust than installing the project, since no other project may put a file in the
module's place.

To add one: fetch the wheel, read the hook and the function that it calls, and name both here. A hook is not harmless
when anything but the user chooses its effect (a file, or a variable that holds code).
"""

from __future__ import annotations

import hashlib
import re

#: sha256 of the content, by the normalised name of the project and the name of the file.
KNOWN: dict[tuple[str, str], frozenset[str]] = {
    # Puts a finder in front that gives setuptools' own distutils to code that imports distutils, unless the variable
    # SETUPTOOLS_USE_DISTUTILS says otherwise; without that import nothing happens.
    ("setuptools", "distutils-precedence.pth"): frozenset(
        {
            # Off unless the variable says `local`: 50.3.2, 52.0.0, 54.2.0, 57.5.0, 59.8.0.
            "7ea7ffef3fe2a117ee12c68ed6553617f0d7fd2f0590257c25c484959a3b7373",
            # On unless the variable says otherwise: 50.0.0, 60.0.0, 63.4.3, 65.5.1, 67.8.0, 69.5.1, 72.1.0, 74.1.3,
            # 75.8.0, 78.1.1, 80.9.0, 82.0.0, 84.0.0.
            "2638ce9e2500e572a5e0de7faed6661eb569d1b696fcba07b0dd223da5f5d224",
        }
    ),
    # Does nothing unless COVERAGE_PROCESS_START or COVERAGE_PROCESS_CONFIG is set; then starts to measure.
    ("coverage", "a1_coverage.pth"): frozenset(
        {
            # 7.13.0; the same with empty lines in it.
            "320272733976834259547e559d769d87e2c1c7ead17c90446376800e79f2aeb4",
            # 7.13.1, 7.13.2, 7.13.4, 7.13.5, 7.14.0, 7.15.0, 7.16.0, 7.16.2.
            "ef2ed06d19867ec669c09a804060666a9cd5e383af0a9d11aa2de79b77d448e8",
        }
    ),
    # Does nothing unless COV_CORE_SOURCE is set, which pytest-cov sets for the processes that a test starts.
    ("pytest-cov", "pytest-cov.pth"): frozenset(
        {
            # 2.5.1, 2.10.1, 2.12.1, 3.0.0; without a line's end.
            "b8e1b828090bfec4b25656d04cd0948d3e70221ea8281ac0e12569eef48ae2a6",
            # 4.1.0, 5.0.0, 6.0.0, 6.2.1, 6.3.0.
            "f47446a60fdf5905e84e7d7c892baf92f8d5a3226d0da1599b9c014eab6c7ddb",
        }
    ),
    # Adds three folders of the wheel, and registers the folder of its DLLs with Windows (`pywin32_bootstrap`).
    ("pywin32", "pywin32.pth"): frozenset(
        {
            # 300, 302, 304, 306.
            "4f67ff92af0ea38bf18ac308efd976f781d84e56f579c603ed1e8f0c69a17f8d",
            # 307, 308, 310, 311; the same with line ends of Windows.
            "d902584a2a0a5216ce12c712d1378fe07541d32c383d0cc5abcd68412144fe4d",
        }
    ),
    # Adds `cmeel.prefix/lib/pythonX.Y/site-packages` below site-packages to `sys.path`, in which C++ projects that are
    # installed with it keep their modules. No `.pth` files are read there.
    ("cmeel", "cmeel.pth"): frozenset(
        {
            # `import cmeel.pth`: 0.50.0.
            "083f90746e1c79482ae70204259a62a4e499405f1aa6aee2f6ef5186c0566dcf",
            # `import cmeel_pth`: 0.61.0.
            "3e2d9744017c6873424ac9ac63805129533e9c9d5ea46033258fb9f5a1d25c45",
        }
    ),
    # Does nothing unless COLOREDLOGS_AUTO_INSTALL is set; then colours what the logging module writes to a terminal.
    ("coloredlogs", "coloredlogs.pth"): frozenset(
        {
            # 10.0.
            "9fd084989744cfaf6297ecf3db256e5d9b3520803b5a001821e369585e26a350",
            # 14.0, 15.0, 15.0.1.
            "dda83a855986efa5cd87f0248b0199c0086eb0e8e7fece7d6741959c5ce39536",
        }
    ),
    # Registers the source encoding `future_fstrings`; nothing is done with sources that do not name it.
    ("future-fstrings", "aaaaa_future_fstrings.pth"): frozenset(
        {
            # 1.2.0.
            "82e054973786e12c75852c8bef89671831a26c4a252032a2597de72916630cfc",
        }
    ),
}

_PACKAGE = re.compile(r"\*\(('[A-Za-z_][A-Za-z0-9_]*'(?:, '[A-Za-z_][A-Za-z0-9_]*')*),?\)\)")

_SITE = "sys._getframe(1).f_locals['sitedir']"
_PLACE = f"import sys, types, os;{{has}}p = os.path.join({_SITE}, *{{parts!r}});"

#: `setup.py develop` and editable wheels have a folder there instead, as Python's `repr` writes a text.
_ABSOLUTE = re.compile(r"""p = os\.path\.join\((?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"), """)
_PATH = "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
_SPEC = "importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec({name!r}, [os.path.dirname(p)])));"
_SET = "sys.modules.setdefault({name!r}, "
_NEW = _SET + "types.ModuleType({name!r}));"

#: What setuptools wrote into `*-nspkg.pth` for each namespace package, `parts` being the parts of its name. It puts a
#: module of that name into `sys.modules` that is not executed, and the wheel's folder on the module's path.
_TEMPLATES = (
    # setuptools 18.0: only where there is no `__init__.py`.
    _PLACE.replace("{has}", "") + "ie = os.path.exists(os.path.join(p,'__init__.py'));m = not ie and " + _NEW + _PATH,
    # 33.1.1: as a namespace package of the import system, where there is one.
    *(
        _PLACE.replace("{has}", "has_mfs = sys.version_info > (3, 5);")
        + "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
        + f"m = has_mfs and {_SET}{_SPEC}m = m or {otherwise}{_NEW}{_PATH}"
        # The second from 49.1.0 to 67.8.0.
        for otherwise in ("not has_mfs and ", "")
    ),
    # 69.5.1 to 84.2.1: always.
    _PLACE.replace("{has}", "")
    + "importlib = __import__('importlib.util');__import__('importlib.machinery');m = "
    + f"{_SET}{_SPEC}m = m or {_NEW}{_PATH}",
)
_BELOW_ANOTHER = ";m and setattr(sys.modules[{parent!r}], {child!r}, m)"


def is_known(project: str, filename: str, data: bytes) -> bool:
    """Whether this is a hook of this project that is known to be harmless, to the byte."""
    return hashlib.sha256(data).hexdigest() in KNOWN.get((project, filename), ())


def in_site(line: str) -> tuple[str, str | None]:
    """setuptools' line as it would be in a wheel, and the folder that stands there instead of the wheel's; None where
    none does, and then the line is as it was."""
    found = _ABSOLUTE.search(line)
    if found is None:
        return line, None
    start, end = found.span()
    folder = re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2])
    return f"{line[:start]}p = os.path.join({_SITE}, {line[end:]}", folder


def namespace_of(line: str) -> tuple[str, ...] | None:
    """The parts of the package's name, where a line is exactly what setuptools writes for a namespace; else None."""
    found = _PACKAGE.search(line)
    if found is None:
        return None
    parts = tuple(part.strip("'") for part in found[1].split(", "))
    name, parent = ".".join(parts), ".".join(parts[:-1])
    tail = _BELOW_ANOTHER.format(parent=parent, child=parts[-1]) if parent else ""
    expected = (template.format(parts=parts, name=name) + tail for template in _TEMPLATES)
    return parts if line in expected else None
