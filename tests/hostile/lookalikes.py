"""Look-alikes by what they bring and where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile.hooks import DISTUTILS_PRECEDENCE, namespace_line
from hostile.lookalike import NATIVE, TAGS, cleared, data_folder, info, made
from support.wheels import escaped, metadata_text

if TYPE_CHECKING:
    from hostile.attack import Offered


@cleared
def plain_package(name: str) -> Offered:
    """A package as most are."""
    return made(name)


@cleared
def single_module(name: str) -> Offered:
    """One module at the top level and no package."""
    return made(name, {"single_module.py": "x = 1\n"}, module=False)


@cleared
def nothing_but_metadata(name: str) -> Offered:
    """A project that only has dependencies, and no file of its own."""
    return made(name, module=False)


@cleared
def native_package(name: str) -> Offered:
    """A native library in a package, for this platform."""
    return made(name, {"native_package/_core.so": NATIVE}, tag=TAGS[0])


@cleared
def native_module(name: str) -> Offered:
    """A native library at the top level."""
    return made(name, {"_native_module.abi3.so": NATIVE}, tag=TAGS[0])


@cleared
def stable_interface(name: str) -> Offered:
    """A native library for the stable interface of an older Python."""
    return made(name, {"stable_interface/_core.abi3.so": NATIVE}, tag=next(tag for tag in TAGS if "-abi3-" in tag))


@cleared
def own_libraries(name: str) -> Offered:
    """Shared libraries in a folder beside the package, as tools that repair wheels put them."""
    files = {"own_libraries.libs/libfoo-1a2b3c4d.so.1": NATIVE, "own_libraries/_core.so": NATIVE}
    return made(name, files, tag=TAGS[0])


@cleared
def pure_part_of_a_native_wheel(name: str) -> Offered:
    """A native wheel whose pure part comes through `.data/purelib`."""
    return made(name, {f"{data_folder(name)}/purelib/pure_part_of_a_native_wheel/extra.py": "x = 1\n"}, tag=TAGS[0])


@cleared
def space_of_one(name: str) -> Offered:
    """Half of a namespace package in the newer form, which has no file of its own."""
    return made(name, {"shared_space/one/__init__.py": ""}, module=False)


@cleared
def space_of_two(name: str) -> Offered:
    """The other half: the folder is shared, and no file is."""
    return made(name, {"shared_space/two/__init__.py": ""}, module=False)


@cleared
def old_space_of_one(name: str) -> Offered:
    """Half of a namespace package in the older form, whose `__init__` both halves bring, the same to the byte."""
    return made(name, {"old_space/__init__.py": _EXTENDS, "old_space/one.py": ""}, module=False)


@cleared
def old_space_of_two(name: str) -> Offered:
    """The other half, with the same `__init__`."""
    return made(name, {"old_space/__init__.py": _EXTENDS, "old_space/two.py": ""}, module=False)


_EXTENDS = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


@cleared
def space_with_a_hook(name: str) -> Offered:
    """A namespace package of old setuptools: a `-nspkg.pth` of its template."""
    pth = "space_with_a_hook-1.0-py3.11-nspkg.pth"
    return made(
        name, {pth: namespace_line("space_with_a_hook"), "space_with_a_hook/part/__init__.py": ""}, module=False
    )


@cleared
def space_with_a_hook_and_a_declaration(name: str) -> Offered:
    """A namespace package with such a line and with an `__init__` that only declares the same."""
    pth = f"{escaped(name)}-1.0-py3.11-nspkg.pth"
    files = {
        pth: namespace_line(escaped(name)),
        f"{escaped(name)}/__init__.py": _EXTENDS,
        f"{escaped(name)}/part.py": "",
    }
    return made(name, files, module=False)


@cleared
def setuptools(name: str) -> Offered:
    """setuptools' own hook, which is known, in setuptools' own wheel."""
    return made(name, {"distutils-precedence.pth": DISTUTILS_PRECEDENCE, "_distutils_hack/__init__.py": _SHIM}, "75.0")


_SHIM = "def add_shim():\n    pass\n"


@cleared
def folder_in_a_pth(name: str) -> Offered:
    """A `.pth` with a folder of the wheel and a comment, and no code."""
    return made(
        name, {"folder_in_a_pth.pth": "# the older layout\nfolder_in_a_pth/lib\n", f"{escaped(name)}/lib/x_.py": ""}
    )


@cleared
def weights(name: str) -> Offered:
    """A file that ends with `.pth` inside a package is a model's weights, and Python never reads it."""
    return made(name, {"weights/resnet.pth": b"PK\x03\x04 import os\n" * 4, "weights/run.start": "x:y\n"})


@cleared
def near_the_standard_names(name: str) -> Offered:
    """Top-level modules whose names are nearly those of standard ones."""
    return made(name, {"typings.py": "", "json5.py": "", "ssl_utils/__init__.py": "", "_typing_.py": ""})


@cleared
def pages_at_the_top(name: str) -> Offered:
    """A folder of documentation with a standard module's name, and without anything to import."""
    return made(name, {"html/index.html": "<title>x</title>\n"})


@cleared
def standard_names_inside(name: str) -> Offered:
    """Standard names, and those of start-up hooks, inside a package."""
    inside = ("typing.py", "sitecustomize.py", "usercustomize.py", "pip.py", "python3", "activate_this.py")
    return made(name, {f"{escaped(name)}/{file}": "x = 1\n" for file in inside})


@cleared
def tests_at_the_top(name: str) -> Offered:
    """A folder `tests` at the top level, installed by accident."""
    return made(name, {"tests/__init__.py": "", "tests/test_x.py": "", "docs/conf.py": ""})


@cleared
def typing_stubs(name: str) -> Offered:
    """Stubs of another project, in a folder of its name with an ending."""
    return made(name, {"victim-stubs/__init__.pyi": "x: int\n", "victim-stubs/py.typed": "partial\n"}, module=False)


@cleared
def vendored(name: str) -> Offered:
    """Another project's metadata deep inside a package, as vendored copies have it."""
    inside = "vendored/_vendor/other-2.0.dist-info"
    files = {f"{inside}/METADATA": metadata_text("other", "2.0"), f"{inside}/RECORD": "", f"{inside}/INSTALLER": "x\n"}
    return made(name, {**files, "vendored/_vendor/other.egg-info": "", "vendored/fixtures/other.data/purelib/x.py": ""})


@cleared
def data_files(name: str) -> Offered:
    """Data files for the environment's `share` and `etc`."""
    base = f"{data_folder(name)}/data"
    return made(name, {f"{base}/share/man/man1/data.1": ".TH\n", f"{base}/etc/data-files/settings.ini": "[x]\n"})


@cleared
def data_in_lib(name: str) -> Offered:
    """A native library and its command by `.data/data`, as build tools put them that know nothing of Python."""
    base = f"{data_folder(name)}/data"
    return made(name, {f"{base}/lib/libdata_in_lib.so": NATIVE, f"{base}/bin/data-in-lib": "#!/bin/sh\n"})


@cleared
def headers(name: str) -> Offered:
    """Headers by their own scheme."""
    return made(name, {f"{data_folder(name)}/headers/headers.h": "#define X 1\n"})


@cleared
def script_files(name: str) -> Offered:
    """Scripts whose first line pip replaces, and one that is a shell's."""
    base = f"{data_folder(name)}/scripts"
    scripts = {"script-one": "#!python\nx = 1\n", "script-two": "#!pythonw\nx = 1\n", "script.sh": "#!/bin/sh\n"}
    return made(name, {f"{base}/{file}": text for file, text in scripts.items()})


@cleared
def commands_of_both_groups(name: str) -> Offered:
    """Entry points of both groups, with an extra, a comment, and groups of other tools."""
    text = """\
[console_scripts]
# the main one
commands-run = commands.cli:main
commands-more = commands.cli:more [extra]

[gui_scripts]
commands-window = commands.gui:App.start

[pytest11]
python = commands.plugin
"""
    return made(name, {f"{info(name)}/entry_points.txt": text})


@cleared
def wrapped_command(name: str) -> Offered:
    """An entry point and the scripts that old setuptools made of it, which pip leaves out."""
    base = f"{data_folder(name)}/scripts/wrapped-command"
    scripts: dict[str, str | bytes] = {base: "#!python\n", f"{base}.exe": b"MZ", f"{base}-script.py": "#!python\n"}
    return made(name, scripts, scripts={"wrapped-command": "wrapped_command:main"})


@cleared
def commands_near_the_reserved_names(name: str) -> Offered:
    """Commands whose names begin as those do that nobody may take."""
    names = ("python-config-tool", "pipx", "pip-audit", "pip-compile", "pythonic", "activate-global-completion")
    return made(name, scripts={script: f"{escaped(name)}:main" for script in (*names, "py.test", "safepip-report")})


@cleared
def attrs(name: str) -> Offered:
    """Two top-level packages of which one has not the project's name, and pip looks for it: it is attrs' own."""
    return made(name, {"attr/__init__.py": "", "attrs/__init__.py": ""}, module=False)


@cleared
def pysocks(name: str) -> Offered:
    """A module that pip looks for to speak to proxies, from the project whose it is."""
    return made(name, {"socks.py": "x = 1\n", "sockshandler.py": "x = 1\n"}, module=False)


@cleared
def near_what_others_look_for(name: str) -> Offered:
    """Names nearly those that others look for, copies inside a package, other portions of shared namespaces."""
    files = (
        "keyrings/near.py",
        "organisation/python/core.py",
        "near/_vendor/packaging/__init__.py",
        "near/java/lang.py",
    )
    shared = ("org/near/part.py", "google/near/part.py", "backports/near.py", "carbon/__init__.py", "pip_near/x.py")
    return made(name, dict.fromkeys((*files, *shared), "x = 1\n"), module=False)


@cleared
def completions(name: str) -> Offered:
    """Completions of three shells for the wheel's own command, where shells look for them by its name."""
    base = f"{data_folder(name)}/data/share"
    files = {
        f"{base}/bash-completion/completions/completions": "complete -W x completions\n",
        f"{base}/fish/vendor_completions.d/completions.fish": "complete -c completions\n",
        f"{base}/zsh/site-functions/_completions": "#compdef completions\n_arguments\n",
    }
    return made(name, files, scripts={"completions": "completions:main"})


@cleared
def texts_at_the_top(name: str) -> Offered:
    """Texts at the top of the wheel and of the environment, and files deeper down that are called as settings are."""
    base, inside = f"{data_folder(name)}/data", ("pyproject.toml", ".gitignore", "conftest.py", "Makefile", ".env")
    files = {"README.md": "#\n", "LICENSE.texts": "x\n", f"{base}/README.texts": "x\n", "setup.cfg": "[x]\n"}
    return made(name, files | {f"{escaped(name)}/template/{file}": "x\n" for file in inside})
