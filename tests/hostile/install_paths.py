"""Paths that lead out of the folders a wheel may write to, and commands that belong to somebody else."""

from __future__ import annotations

from hostile.attack import DATA, HARMLESS, INFO, Offer, offer, offer_files, stopped_by, wheel
from hostile.overlaps import two_wheels
from support.site import PYTHON, SITE

_SCRIPT = "#!python\nimport safepip_payload_marker\n"


@stopped_by("outside-target")
def scheme_that_nobody_knows() -> Offer:
    """A `.data` folder names a scheme that the standard does not have."""
    return offer_files({f"{DATA}/stdlib/typing.py": HARMLESS})


@stopped_by("outside-target")
def file_without_a_scheme() -> Offer:
    """A file lies in `.data` itself and belongs to no scheme."""
    return offer_files({f"{DATA}/core.py": HARMLESS})


@stopped_by("outside-target")
def data_folder_of_another_project() -> Offer:
    """A `.data` folder is named for another project; pip takes it for the wheel's own, other tools do not."""
    return offer_files({"victim-1.0.data/scripts/victim-tool": _SCRIPT})


@stopped_by("outside-target")
def data_folder_of_another_version() -> Offer:
    """A `.data` folder is named for another version."""
    return offer_files({"widget-2.0.data/purelib/widget/core.py": HARMLESS})


@stopped_by("unsafe-path")
def scripts_that_climb() -> Offer:
    """A script's path climbs out of the folder of scripts."""
    return offer_files({f"{DATA}/scripts/../../outside": _SCRIPT})


@stopped_by("unsafe-path")
def headers_that_climb() -> Offer:
    """A header's path climbs out of the project's folder of headers."""
    return offer_files({f"{DATA}/headers/../victim/victim.h": "#define VICTIM 1\n"})


@stopped_by("outside-target")
def entry_point_that_climbs() -> Offer:
    """An entry point's name is a path out of the folder of scripts."""
    return offer(wheel(scripts={"../outside": "widget:main"}))


@stopped_by("outside-target")
def entry_point_from_the_root() -> Offer:
    """An entry point's name is a path from the root of the file system."""
    return offer(wheel(scripts={"/safepip-hostile-corpus/outside": "widget:main"}))


@stopped_by("outside-target")
def entry_point_in_a_folder() -> Offer:
    """An entry point's name is a path to a folder below the scripts'."""
    return offer(wheel(scripts={"tools/widget": "widget:main"}))


@stopped_by("outside-target")
def entry_point_with_a_backslash() -> Offer:
    """An entry point's name climbs out on Windows."""
    return offer(wheel(scripts={"..\\outside": "widget:main"}))


@stopped_by("outside-target")
def site_packages_by_the_data_route() -> Offer:
    """A module arrives in site-packages through `.data/data`, in the folder of another project."""
    return offer_files({f"{DATA}/data/{SITE}/victim/plugin.py": HARMLESS})


@stopped_by("outside-target")
def site_packages_by_the_other_name() -> Offer:
    """In many environments `lib64` is a link to `lib`: the module arrives in site-packages all the same."""
    return offer_files({f"{DATA}/data/{SITE.replace('lib/', 'lib64/')}/victim/plugin.py": HARMLESS})


@stopped_by("outside-target")
def site_packages_of_another_python() -> Offer:
    """A module arrives in the site-packages of a Python that will be installed later."""
    return offer_files({f"{DATA}/data/lib/python3.99/site-packages/sitecustomize.py": HARMLESS})


@stopped_by("outside-target")
def site_packages_of_windows() -> Offer:
    """A module arrives in site-packages as they lie on Windows."""
    return offer_files({f"{DATA}/data/Lib/site-packages/victim/plugin.py": HARMLESS})


@stopped_by("outside-target")
def settings_of_the_environment() -> Offer:
    """`pyvenv.cfg` says where the environment's Python and standard library are; the wheel brings its own."""
    return offer_files({f"{DATA}/data/pyvenv.cfg": "home = /safepip-hostile-corpus\n"})


@stopped_by("outside-target")
def library_of_the_interpreter() -> Offer:
    """The interpreter's own shared library is replaced, where Python was installed into the prefix itself."""
    return offer_files({f"{DATA}/data/lib/lib{PYTHON}.so.1.0": b"\x7fELF"})


@stopped_by("outside-target")
def settings_of_conda() -> Offer:
    """conda runs every script in this folder when the environment is activated."""
    return offer_files({f"{DATA}/data/etc/conda/activate.d/widget.sh": "true\n"})


@stopped_by("outside-target")
def headers_of_another_project() -> Offer:
    """A header arrives in another project's folder through `.data/data`, and is compiled into whatever uses it."""
    return offer_files({f"{DATA}/data/include/site/{PYTHON}/victim/victim.h": "#define VICTIM 1\n"})


@stopped_by("outside-target")
def headers_of_python() -> Offer:
    """A header arrives among Python's own through `.data/data`."""
    return offer_files({f"{DATA}/data/include/{PYTHON}/Python.h": "#define VICTIM 1\n"})


@stopped_by("outside-target")
def tagged_folder_of_another_project() -> Offer:
    """A `.dist-info` folder arrives in site-packages through `.data/data`."""
    return offer_files({f"{DATA}/data/{SITE}/victim-9.9.dist-info/METADATA": "Name: victim\nVersion: 9.9\n"})


@stopped_by("command-clash")
def command_python() -> Offer:
    """An entry point is called `python`, and replaces the environment's interpreter."""
    return offer(wheel(scripts={"python": "widget:main"}))


@stopped_by("command-clash")
def command_python3() -> Offer:
    """A script is called `python3`."""
    return offer_files({f"{DATA}/scripts/python3": _SCRIPT})


@stopped_by("command-clash")
def command_of_the_exact_python() -> Offer:
    """A script is called as the interpreter is with its version."""
    return offer_files({f"{DATA}/scripts/{PYTHON}": _SCRIPT})


@stopped_by("command-clash")
def command_python_by_the_data_route() -> Offer:
    """The interpreter is replaced through `.data/data`."""
    return offer_files({f"{DATA}/data/bin/python3": _SCRIPT})


@stopped_by("command-clash")
def command_python_without_a_window() -> Offer:
    """A script is called as the interpreter is that Windows starts without a window."""
    return offer_files({f"{DATA}/scripts/pythonw.exe": b"MZ"})


@stopped_by("command-clash")
def command_pip() -> Offer:
    """An entry point is called `pip`: the next install is the attacker's."""
    return offer(wheel(scripts={"pip": "widget:main"}))


@stopped_by("command-clash")
def command_pip_with_a_version() -> Offer:
    """A script is called `pip3.11`."""
    return offer_files({f"{DATA}/scripts/pip3.11": _SCRIPT})


@stopped_by("command-clash")
def command_pip_in_capitals() -> Offer:
    """`PIP.EXE` is pip to Windows."""
    return offer_files({f"{DATA}/scripts/PIP.EXE": b"MZ"})


@stopped_by("command-clash")
def command_pip_for_a_graphical_start() -> Offer:
    """An entry point of the graphical group is called `pip3`; the file is the same."""
    return offer_files({f"{INFO}/entry_points.txt": "[gui_scripts]\npip3 = widget:main\n"})


@stopped_by("command-clash")
def command_pip_in_a_section_that_is_there_twice() -> Offer:
    """The list of entry points has a section twice, of which strict readers show none and careless ones the first."""
    text = "[console_scripts]\nwidget = widget:main\n[other]\n[console_scripts]\npip = widget:main\n"
    return offer_files({f"{INFO}/entry_points.txt": text})


@stopped_by("command-clash")
def command_pip_by_a_helper() -> Offer:
    """`pip-script.py` is what some Windows launchers of pip start."""
    return offer_files({f"{DATA}/scripts/pip-script.py": _SCRIPT})


@stopped_by("command-clash")
def command_safepip() -> Offer:
    """An entry point is called `safepip`: the next check is the attacker's."""
    return offer(wheel(scripts={"safepip": "widget:main"}))


@stopped_by("command-clash")
def command_activate() -> Offer:
    """The script that shells read to enter the environment is replaced."""
    return offer_files({f"{DATA}/scripts/activate": "# nothing\n"})


@stopped_by("command-clash")
def command_activate_for_powershell() -> Offer:
    """The script that PowerShell reads to enter the environment is replaced."""
    return offer_files({f"{DATA}/scripts/Activate.ps1": "# nothing\n"})


@stopped_by("command-clash")
def command_activate_for_fish() -> Offer:
    """The script that fish reads to enter the environment is replaced, through `.data/data`."""
    return offer_files({f"{DATA}/data/bin/activate.fish": "# nothing\n"})


@stopped_by("command-clash")
def command_of_an_installed_project() -> Offer:
    """An entry point has the name of a command that another installed project owns."""
    return offer(wheel(scripts={"victim": "widget:main"}))


@stopped_by("command-clash")
def command_of_an_installed_project_as_a_file() -> Offer:
    """A script has the name of a command that another installed project owns."""
    return offer_files({f"{DATA}/scripts/victim": _SCRIPT})


@stopped_by("command-clash")
def command_of_an_installed_project_by_the_data_route() -> Offer:
    """The other project's command is replaced through `.data/data`."""
    return offer_files({f"{DATA}/data/bin/victim": _SCRIPT})


@stopped_by("command-clash")
def command_of_another_wheel_of_the_run() -> Offer:
    """Two wheels of one run have one command, and the last one wins."""
    return two_wheels({}, {}, first_scripts={"shared": "widget:main"}, second_scripts={"shared": "gadget:main"})


@stopped_by("command-clash")
def command_of_another_wheel_of_the_run_by_the_data_route() -> Offer:
    """One wheel has the command as an entry point, the other as a file of `.data/data`."""
    return two_wheels({}, {"gadget-1.0.data/data/bin/shared": _SCRIPT}, first_scripts={"shared": "widget:main"})


@stopped_by("outside-target")
def folder_in_place_of_the_interpreter() -> Offer:
    """A script lies in a folder with the interpreter's name; pip gives up in the middle, and the rest stays."""
    return offer_files({f"{DATA}/scripts/{PYTHON}/x": "#!python\n"})


@stopped_by("outside-target")
def folder_in_place_of_the_own_command() -> Offer:
    """An entry point makes a command, and a script lies in a folder with that name; pip gives up in the middle."""
    files = {
        f"{DATA}/scripts/widget-run/x": "#!python\n",
        f"{INFO}/entry_points.txt": "[console_scripts]\nwidget-run = widget:main\n",
    }
    return offer_files(files)


@stopped_by("outside-target")
def file_in_place_of_a_folder() -> Offer:
    """A file has the name of one of the environment's folders; pip gives up in the middle."""
    return offer_files({f"{DATA}/data/include": "\n"})


@stopped_by("outside-target")
def file_in_place_of_the_second_library_folder() -> Offer:
    """A file has the name of the link that many environments have beside `lib`."""
    return offer_files({f"{DATA}/data/lib64": "\n"})
