"""Modules that others try to import whether they are there or not: they run in whoever asks."""

from __future__ import annotations

from hostile.attack import DATA, HARMLESS, Offer, offer_files, stopped_by
from support.site import SITE


@stopped_by("reserved-module")
def module_that_copy_looks_for() -> Offer:
    """`copy` and `pickle` look for Jython's `org.python.core`: it runs in every program that imports one of them."""
    return offer_files({"org/python/core.py": HARMLESS})


@stopped_by("reserved-module")
def module_above_one_that_copy_looks_for() -> Offer:
    """On the way to `org.python.core` Python imports `org`, which is a package with code in it."""
    return offer_files({"org/__init__.py": HARMLESS})


@stopped_by("reserved-module")
def module_that_platform_looks_for() -> Offer:
    """`platform` looks for Java; the module lies deep in folders without `__init__`."""
    return offer_files({f"{DATA}/purelib/java/lang.py": HARMLESS})


@stopped_by("reserved-module")
def module_that_pip_looks_for() -> Offer:
    """pip looks for a helper that knows passwords, and runs whatever is called so."""
    return offer_files({"keyring/__init__.py": HARMLESS})


@stopped_by("reserved-module")
def module_of_python_2_that_pip_looks_for() -> Offer:
    """A part of pip looks for modules of Python 2, which no environment has."""
    return offer_files({"ConfigParser.py": HARMLESS})


@stopped_by("reserved-module")
def module_of_a_later_python_that_pip_looks_for() -> Offer:
    """pip looks for the compression of Python 3.14 in earlier Pythons."""
    return offer_files({"compression/zstd.py": HARMLESS})


@stopped_by("reserved-module")
def native_module_that_pip_looks_for() -> Offer:
    """A native library of a name that pip looks for."""
    return offer_files({"socks.abi3.so": b"\x7fELF"})


@stopped_by("reserved-module")
def module_that_pip_looks_for_in_a_folder_of_a_pth() -> Offer:
    """A path line of the wheel's own adds a folder to the search path, and the module lies in there."""
    return offer_files({"widget.pth": "widget/more\n", "widget/more/keyring.py": HARMLESS})


@stopped_by("reserved-module")
def module_that_commands_look_for() -> Offer:
    """Among the commands a module comes before all others to whatever is started there, pip included."""
    return offer_files({f"{DATA}/scripts/keyring.py": HARMLESS})


@stopped_by("reserved-module")
def packaging_where_there_is_none() -> Offer:
    """The environment lacks `packaging`, and the wheel is it from now on."""
    return offer_files({"packaging/__init__.py": HARMLESS, "packaging/version.py": HARMLESS})


@stopped_by("reserved-module")
def part_of_setuptools_that_is_not_there() -> Offer:
    """The environment's setuptools has no `pkg_resources`, which old hooks and commands import."""
    return offer_files({"pkg_resources/__init__.py": HARMLESS})


@stopped_by("reserved-module")
def new_module_of_pip() -> Offer:
    """A module that pip does not have is put into its package."""
    return offer_files({"pip/_internal/cli/extra.py": HARMLESS})


@stopped_by("outside-target")
def module_that_pip_looks_for_by_the_data_route() -> Offer:
    """It comes to site-packages through `.data/data`."""
    return offer_files({f"{DATA}/data/{SITE}/keyring/__init__.py": HARMLESS})


@stopped_by("reserved-module")
def pip_where_somebody_works() -> Offer:
    """The environment's folder is a project's, and `python -m pip` that is started there finds this one first."""
    return offer_files({f"{DATA}/data/pip/__main__.py": HARMLESS})


@stopped_by("standard-library")
def standard_module_where_somebody_works() -> Offer:
    """Whatever is started by `-m` or `-c` in the environment's folder imports it in place of the real one."""
    return offer_files({f"{DATA}/data/random.py": HARMLESS})


@stopped_by("file-overlap")
def module_of_another_project_where_somebody_works() -> Offer:
    """The same with a module of an installed project."""
    return offer_files({f"{DATA}/data/victim/__init__.py": HARMLESS})


@stopped_by("standard-library")
def module_of_windows_that_subprocess_looks_for() -> Offer:
    """A folder `msvcrt` makes `subprocess` look for `_winapi`, and what it takes from there is run."""
    return offer_files({"msvcrt/x.txt": "\n", "_winapi/CREATE_NEW_CONSOLE.py": HARMLESS})


@stopped_by("standard-library")
def module_that_a_python_was_built_without() -> Offer:
    """A Python that was built without `lzma` finds the folder, and runs what is imported from it."""
    return offer_files({"_lzma/FORMAT_AUTO.py": HARMLESS})
