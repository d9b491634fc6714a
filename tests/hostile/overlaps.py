"""Files over other files: those of what is installed, of other wheels of the run, and of Python itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile.attack import DATA, FILENAME, HARMLESS, NAME, Offer, Offered, offer_files, stopped_by, wheel
from support.site import PYTHON, SITE
from support.wheels import build_wheel, metadata_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG = PYTHON.replace("python", "cpython-").replace(".", "")


@stopped_by("file-overlap")
def over_an_installed_file() -> Offer:
    """The wheel brings the module of another project that is installed, and replaces it."""
    return offer_files({"victim/__init__.py": HARMLESS})


@stopped_by("file-overlap")
def over_an_installed_file_by_the_pure_route() -> Offer:
    """The same through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/victim/core.py": HARMLESS})


@stopped_by("file-overlap")
def over_the_compiled_code_of_another() -> Offer:
    """The source of the other project stays as it is; its compiled code, which Python takes first, is replaced."""
    return offer_files({f"victim/__pycache__/core.{_TAG}.pyc": bytes(16)})


@stopped_by("file-overlap")
def over_the_data_of_another() -> Offer:
    """A data file of another project is replaced through `.data/data`."""
    return offer_files({f"{DATA}/data/share/victim/settings.ini": "[victim]\ncheck = no\n"})


@stopped_by("file-overlap")
def over_pip() -> Offer:
    """The wheel replaces a module of the pip that is installed, which then installs what it likes."""
    return offer_files({"pip/_internal/__init__.py": HARMLESS})


@stopped_by("file-overlap")
def over_the_hook_of_setuptools() -> Offer:
    """setuptools starts `_distutils_hack` with every Python; the wheel replaces that module."""
    return offer_files({"_distutils_hack/__init__.py": HARMLESS})


@stopped_by("file-overlap")
def over_another_wheel_of_the_run() -> Offer:
    """Two wheels of one run bring one file, and the last one wins."""
    return two_wheels({"shared/core.py": "x = 1\n"}, {"shared/core.py": HARMLESS})


@stopped_by("file-overlap")
def over_another_wheel_by_another_route() -> Offer:
    """Two wheels of one run bring one file, the second through `.data/platlib`."""
    return two_wheels({"shared/core.py": "x = 1\n"}, {"gadget-1.0.data/platlib/shared/core.py": HARMLESS})


@stopped_by("file-overlap")
def over_another_wheel_in_another_case() -> Offer:
    """Two wheels of one run bring files whose names differ in case only; on many machines they are one."""
    return two_wheels({"shared/core.py": "x = 1\n"}, {"Shared/core.py": HARMLESS})


@stopped_by("file-overlap")
def over_another_wheel_in_another_form() -> Offer:
    """Two wheels of one run bring files whose names differ in their Unicode form; on macOS they are one."""
    return two_wheels({"shared/caf\u00e9.py": "x = 1\n"}, {"shared/cafe\u0301.py": HARMLESS})


@stopped_by("file-overlap")
def file_over_the_folder_of_another_wheel() -> Offer:
    """A file of one wheel has the name of a folder of another, and the second cannot be installed whole."""
    return two_wheels({"shared": "x = 1\n"}, {"shared/core.py": HARMLESS})


@stopped_by("file-overlap")
def one_file_by_two_routes() -> Offer:
    """The wheel brings one file twice, at its root and through `.data/purelib`: what is looked at is not what stays."""
    return offer_files({"widget/core.py": "x = 1\n", f"{DATA}/purelib/widget/core.py": HARMLESS})


@stopped_by("file-overlap")
def over_the_compiled_code_of_another_wheel() -> Offer:
    """A wheel of the run brings the compiled code of another one's module, which Python takes before the source."""
    return two_wheels({"shared/core.py": "x = 1\n"}, {f"shared/__pycache__/core.{_TAG}.pyc": bytes(16)})


@stopped_by("file-overlap")
def package_in_front_of_a_module() -> Offer:
    """The other project's module is a file; a folder of its name, which nobody owns, is imported in its place."""
    return offer_files({"victim/core/__init__.py": HARMLESS})


@stopped_by("file-overlap")
def native_module_in_front_of_a_module() -> Offer:
    """The other project's module is a Python file; a native library beside it is imported in its place."""
    return offer_files({"victim/core.abi3.so": b"\x7fELF"})


@stopped_by("standard-library")
def standard_module() -> Offer:
    """A module of the name of a standard one, for whoever has site-packages in front."""
    return offer_files({"typing.py": HARMLESS})


@stopped_by("standard-library")
def standard_package() -> Offer:
    """A package of the name of a standard module."""
    return offer_files({"ssl/__init__.py": HARMLESS})


@stopped_by("standard-library")
def standard_module_native() -> Offer:
    """A native library of the name of a standard module."""
    return offer_files({"json.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"})


@stopped_by("standard-library")
def standard_module_for_every_python() -> Offer:
    """A native library for the stable interface, of the name of a standard module."""
    return offer_files({"_ssl.abi3.so": b"\x7fELF"})


@stopped_by("standard-library")
def standard_module_compiled() -> Offer:
    """Compiled code without a source, of the name of a standard module."""
    return offer_files({"random.pyc": bytes(16)})


@stopped_by("standard-library")
def standard_module_by_the_pure_route() -> Offer:
    """A standard module's name through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/os.py": HARMLESS})


@stopped_by("standard-library")
def standard_module_by_a_name_that_sounds_right() -> Offer:
    """The project is called as those are that keep retired modules alive, and brings one that is not retired."""
    filename, data = build_wheel("standard-ssl", "1.0", files={"ssl/__init__.py": HARMLESS})
    return Offer((Offered(filename, data, metadata_text("standard-ssl", "1.0").encode()),), ("standard-ssl",))


@stopped_by("standard-library")
def standard_module_of_another_backport() -> Offer:
    """A project that may bring one standard module brings another."""
    filename, data = build_wheel("dataclasses", "9.0", files={"ssl.py": HARMLESS}, module=False)
    return Offer((Offered(filename, data, metadata_text("dataclasses", "9.0").encode()),), ("dataclasses",))


@stopped_by("outside-target")
def standard_library_by_the_data_route() -> Offer:
    """A module arrives among the standard ones through `.data/data`, in front of everything in site-packages."""
    return offer_files({f"{DATA}/data/{SITE.removesuffix('/site-packages')}/widget_core.py": HARMLESS})


def two_wheels(
    first: Mapping[str, str | bytes],
    second: Mapping[str, str | bytes],
    *,
    first_scripts: Mapping[str, str] | None = None,
    second_scripts: Mapping[str, str] | None = None,
) -> Offer:
    """The wheels of `widget` and `gadget` with these files and entry points; the user asks for both."""
    filename, data = build_wheel("gadget", "1.0", files=second, scripts=second_scripts)
    gadget = Offered(filename, data, metadata_text("gadget", "1.0").encode())
    return Offer((Offered(FILENAME, wheel(first, scripts=first_scripts)), gadget), (NAME, "gadget"))
