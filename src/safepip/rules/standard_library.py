"""`standard-library`: no wheel has a module of the standard library's name where Python would look for it.

There are two kinds of such folders. In the folder of commands the module is imported at once: for every script that pip
has made, Python searches that folder before the standard library; and for `-m` and `-c` the working folder, which may
be that of an environment. At the top of a folder for distributions the module is usually not imported, because Python
looks there last. It is imported where that order differs (`PYTHONPATH` or `--target` folders, applications that put
their own folder first), where that Python was built without the module, and from the next version on that has removed
it.

What counts is what Python would import by such a name: a module, an extension module or byte code, and a folder with an
`__init__`. A folder without one is a portion of a namespace package; it gives way to any module of its name, so data in
a folder `html` does no harm. But no Python has every standard module: some are of another system, some were left out
when it was built, some are packages of their own with a distributor. Where one is missing the folder is found, and
`from _winapi import X` in `subprocess` runs `_winapi/X.py`. So modules below such a folder count as well, and below a
name that only other systems have every file does: a folder `msvcrt` makes `subprocess` take Linux for Windows. Deeper
names never count: that is how copies are vendored. Python itself does not list `test` as a name of the standard
library.

Of 966 real wheels one has such a name, argparse. Projects that carry a module of the standard library to older or newer
Pythons, and are known for it, are named below with the modules they may bring.
"""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from safepip.rules.context import objection
from safepip.wheel.install_paths import key_of
from safepip.wheel.modules import module_at, tops_in
from safepip.wheel.script_names import command_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

#: What each of these projects has at its top level, as its wheels show. Backports, most by the authors of the module in
#: the standard library, redistributions of modules that Python 3.12 and 3.13 have removed, and `readline`, which every
#: Python lists, but Python on Windows does not have.
BACKPORTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "argparse": frozenset({"argparse"}),
        "asyncio": frozenset({"asyncio"}),
        "configparser": frozenset({"configparser"}),
        "dataclasses": frozenset({"dataclasses"}),
        "enum34": frozenset({"enum"}),
        "graphlib-backport": frozenset({"graphlib"}),
        "ipaddress": frozenset({"ipaddress"}),
        "legacy-cgi": frozenset({"cgi", "cgitb"}),
        "pathlib": frozenset({"pathlib"}),
        "pyasynchat": frozenset({"asynchat"}),
        "pyasyncore": frozenset({"asyncore"}),
        "pyreadline3": frozenset({"readline"}),
        "standard-aifc": frozenset({"aifc"}),
        "standard-asynchat": frozenset({"asynchat"}),
        "standard-asyncore": frozenset({"asyncore"}),
        "standard-cgi": frozenset({"cgi"}),
        "standard-chunk": frozenset({"chunk"}),
        "standard-crypt": frozenset({"crypt"}),
        "standard-distutils": frozenset({"distutils"}),
        "standard-imghdr": frozenset({"imghdr"}),
        "standard-mailcap": frozenset({"mailcap"}),
        "standard-nntplib": frozenset({"nntplib"}),
        "standard-pipes": frozenset({"pipes"}),
        "standard-smtpd": frozenset({"smtpd"}),
        "standard-sunau": frozenset({"sunau"}),
        "standard-telnetlib": frozenset({"telnetlib"}),
        "standard-uu": frozenset({"uu"}),
        "standard-xdrlib": frozenset({"xdrlib"}),
        "typing": frozenset({"typing"}),
        "zombie-imp": frozenset({"imp"}),
    }
)


#: Standard modules of the other systems; `resource`, which Windows lacks, is left out: folders of data are called so.
_OF_WINDOWS = frozenset(
    {"_msi", "_overlapped", "_winapi", "_wmi", "msilib", "msvcrt", "nt", "winreg", "winsound"},
)
_OF_POSIX = frozenset(
    {"_posixshmem", "_posixsubprocess", "_scproxy", "crypt", "fcntl", "grp", "nis", "posix", "pwd", "spwd", "syslog"}
    | {"termios"}
)


def check(wheel: WheelUnderReview, context: RuleContext) -> Diagnostic | None:
    """Whether no top-level name of the wheel is a standard module's."""
    evidence = _evidence(wheel, context)
    first = next(evidence, None)
    if first is None:
        return None
    message = "brings modules with names of the standard library"
    return objection(wheel, "standard-library", message, chain([first], evidence))


def looked_through(context: RuleContext) -> frozenset[str]:
    """The keys of the folders whose modules count: those that Python imports from, and those that it puts before them.

    For a script that is the folder of commands, for `python -m` and `-c` the working folder, which may be the folder of
    an environment.
    """
    data = key_of(context.layout.schemes.get("data", ""))
    return context.import_folders | command_folders(context.layout) | {folder for folder in (data,) if folder}


def _evidence(wheel: WheelUnderReview, context: RuleContext) -> Iterator[str]:
    tops = looked_through(context)
    forbidden = context.standard_library - BACKPORTS.get(wheel.pin.name, frozenset())
    foreign = forbidden & (_OF_POSIX if context.layout.windows else _OF_WINDOWS)
    for install_path in wheel.install_paths:
        module = module_at(install_path.path)
        names = forbidden if module is not None else foreign
        parts = (install_path.path if module is None else module.place).split("/")
        # A file that is not a module counts by its folder only.
        within = parts[:-1] if module is None else parts
        number = next(tops_in(within, names, tops), None) if not names.isdisjoint(within) else None
        if number is not None:
            path = install_path.entry.path if install_path.entry is not None else install_path.path
            below = "lies below where " if number < len(parts) - 1 else ""
            yield f"{path}: {below}the standard library has a module {parts[number]}"
