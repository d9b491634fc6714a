"""Code that would run at every start of Python in the environment, without anybody importing the package."""

from __future__ import annotations

from hostile.attack import DATA, FILENAME, HARMLESS, NAME, Offer, Offered, offer_files, stopped_by, wheel
from support.site import SITE
from support.wheels import build_wheel, metadata_text

_PTH = "widget-hook.pth"

#: setuptools' own hook, word for word, from a release of 2024.
DISTUTILS_PRECEDENCE = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim(); \n"
)


def namespace_line(name: str, folder: str = "") -> str:
    """The line of a `-nspkg.pth`, as setuptools wrote it for namespaces. `folder` is another folder than `name`."""
    return (
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
        f"p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('{folder or name}',));"
        "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
        f"m = has_mfs and sys.modules.setdefault('{name}', importlib.util.module_from_spec("
        f"importlib.machinery.PathFinder.find_spec('{name}', [os.path.dirname(p)])));"
        f"m = m or sys.modules.setdefault('{name}', types.ModuleType('{name}'));"
        "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
    )


@stopped_by("startup-hook")
def pth_with_an_import() -> Offer:
    """A `.pth` line that begins with `import` is code, and runs at every start of Python."""
    return offer_files({_PTH: "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_an_import_behind_paths() -> Offer:
    """The line with code stands behind a page of harmless paths and comments."""
    return offer_files({_PTH: "# folders of widget\n" * 40 + "widget\nwidget/more\nimport safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_an_import_behind_a_thousand_spaces() -> Offer:
    """The code is pushed out of every editor's window by spaces behind a harmless import."""
    return offer_files({_PTH: f"import sys{' ' * 1000};import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_a_tab() -> Offer:
    """A tab behind `import` does as well, which a search for `import ` does not find."""
    return offer_files({_PTH: "import\tsafepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_a_carriage_return() -> Offer:
    """A carriage return alone ends a line for Python, and for most editors it does not."""
    return offer_files({_PTH: "# nothing to see here\rimport safepip_payload_marker\r"})


@stopped_by("startup-hook")
def pth_with_a_form_feed() -> Offer:
    """From Python 3.13 on a form feed ends a line, so what looks like one comment is a comment and code."""
    return offer_files({_PTH: "# nothing to see here\x0cimport safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_a_line_separator() -> Offer:
    """From Python 3.13 on Unicode's line separator ends a line too."""
    return offer_files({_PTH: "widget\u2028import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_a_file_separator() -> Offer:
    """From Python 3.13 on the control character of a forgotten tape format ends a line."""
    return offer_files({_PTH: "widget\x1cimport safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_a_mark_in_front() -> Offer:
    """A byte order mark stands before the import: old Pythons see a path, new ones code."""
    return offer_files({_PTH: b"\xef\xbb\xbfimport safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_that_is_not_utf8() -> Offer:
    """A byte that is not UTF-8 makes a strict reader give up; Python falls back to the locale and runs the rest."""
    return offer_files({_PTH: b"# caf\xe9\nimport safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_a_hidden_name() -> Offer:
    """The file's name begins with a dot, and no listing shows it."""
    return offer_files({".widget.pth": "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_with_no_name() -> Offer:
    """The file has nothing but the ending for a name."""
    return offer_files({".pth": "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_by_the_pure_route() -> Offer:
    """The hook does not lie at the archive's root but comes to site-packages through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/{_PTH}": "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_by_the_native_route() -> Offer:
    """The hook comes to site-packages through `.data/platlib`."""
    return offer_files({f"{DATA}/platlib/{_PTH}": "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_by_the_data_route() -> Offer:
    """The hook comes to site-packages through `.data/data`, which leads to the environment's root."""
    return offer_files({f"{DATA}/data/{SITE}/{_PTH}": "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_by_the_script_of_another_data_folder() -> Offer:
    """pip takes every folder that ends with `.data` for the wheel's own: this one is named for nobody."""
    return offer_files({f"x.data/purelib/{_PTH}": "import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_that_adds_a_folder_with_a_hook() -> Offer:
    """A path line adds a folder of the wheel, and Python then finds `sitecustomize` in it."""
    return offer_files({_PTH: "widget/start\n", "widget/start/sitecustomize.py": HARMLESS})


@stopped_by("startup-hook")
def pth_that_leads_out_of_the_environment() -> Offer:
    """A path line adds a folder to which every user of the machine can write."""
    return offer_files({_PTH: "/tmp/safepip-hostile-corpus\n"})


@stopped_by("startup-hook")
def pth_of_setuptools_with_more_in_it() -> Offer:
    """The name is that of setuptools' known hook, the content is not."""
    return offer_files({"distutils-precedence.pth": f"{DISTUTILS_PRECEDENCE}import safepip_payload_marker\n"})


@stopped_by("startup-hook")
def pth_of_setuptools_with_another_module_behind_it() -> Offer:
    """The hook is setuptools' own to the byte, but the module that it starts is the attacker's."""
    return offer_files({"distutils-precedence.pth": DISTUTILS_PRECEDENCE, "_distutils_hack/__init__.py": HARMLESS})


@stopped_by("startup-hook")
def pth_of_a_namespace_with_more_in_it() -> Offer:
    """A line as old setuptools writes it for namespaces, with one statement more at its end."""
    line = f"{namespace_line('widget').rstrip()};import safepip_payload_marker\n"
    return offer_files({"widget-1.0-py3.11-nspkg.pth": line})


@stopped_by("startup-hook")
def pth_of_a_namespace_of_the_standard_library() -> Offer:
    """The line makes a namespace of a standard module's name, so that the wheel's folder stands in for that module."""
    files = {"widget-1.0-py3.11-nspkg.pth": namespace_line("logging"), "logging/handlers.py": HARMLESS}
    return offer_files(files)


@stopped_by("startup-hook")
def pth_of_a_namespace_in_another_folder() -> Offer:
    """The line lets a namespace lie in a folder outside of the environment."""
    files = {"widget-1.0-py3.11-nspkg.pth": namespace_line("widget_space", "/tmp/safepip-hostile-corpus")}
    return offer_files({**files, "widget_space/part.py": HARMLESS})


@stopped_by("startup-hook")
def pth_of_a_namespace_that_is_pip() -> Offer:
    """The line puts a hollow module before the real pip, and the wheel's files run as pip's."""
    return offer_files({"widget-1.0-py3.11-nspkg.pth": namespace_line("pip"), "pip/__main__.py": HARMLESS})


@stopped_by("startup-hook")
def pth_of_a_namespace_that_is_packaging() -> Offer:
    """The line makes a namespace of `packaging`, which is not installed yet."""
    return offer_files({"widget-1.0-py3.11-nspkg.pth": namespace_line("packaging"), "packaging/x.py": HARMLESS})


@stopped_by("startup-hook")
def pth_of_a_namespace_that_is_an_installed_package() -> Offer:
    """The line hides the `__init__` of another project, whose package is then hollow with the wheel's module in it."""
    return offer_files({"widget-1.0-py3.11-nspkg.pth": namespace_line("victim"), "victim/extra.py": HARMLESS})


@stopped_by("startup-hook")
def pth_of_a_namespace_that_is_a_package_of_the_run() -> Offer:
    """The package that is hidden comes with another wheel of the run."""
    files = {"widget-1.0-py3.11-nspkg.pth": namespace_line("gadget"), "gadget/extra.py": HARMLESS}
    filename, data = build_wheel("gadget", "1.0", files={"gadget/__init__.py": "x = 1\n"}, module=False)
    gadget = Offered(filename, data, metadata_text("gadget", "1.0").encode())
    return Offer((Offered(FILENAME, wheel(files)), gadget), (NAME, "gadget"))


@stopped_by("startup-hook")
def pth_of_a_namespace_that_hides_the_own_package() -> Offer:
    """The wheel has an `__init__` that everybody reads, and which the line keeps from being run."""
    return offer_files({"widget-1.0-py3.11-nspkg.pth": namespace_line("widget"), "widget/part.py": HARMLESS})


@stopped_by("startup-hook")
def module_that_the_environment_itself_starts() -> Offer:
    """virtualenv and uv give each environment a `.pth` that imports `_virtualenv`; the wheel brings that module."""
    return offer_files({"_virtualenv.py": HARMLESS})


@stopped_by("startup-hook")
def module_that_pip_asks_for_the_platform() -> Offer:
    """pip imports `_manylinux`, where there is one, to learn what the platform can do: at every later install."""
    return offer_files({"_manylinux.py": HARMLESS})


@stopped_by("startup-hook")
def start_file() -> Offer:
    """From Python 3.15 on a `.start` file names what is called at every start."""
    return offer_files({"widget.start": "safepip_payload_marker:main\n"})


@stopped_by("startup-hook")
def start_file_by_the_pure_route() -> Offer:
    """A `.start` file through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/widget.start": "safepip_payload_marker:main\n"})


@stopped_by("startup-hook")
def sitecustomize() -> Offer:
    """Python imports `sitecustomize` at every start, if there is one."""
    return offer_files({"sitecustomize.py": HARMLESS})


@stopped_by("startup-hook")
def sitecustomize_compiled() -> Offer:
    """`sitecustomize` without a source, as compiled code alone."""
    return offer_files({"sitecustomize.pyc": bytes(16)})


@stopped_by("startup-hook")
def sitecustomize_native() -> Offer:
    """`sitecustomize` as a native library."""
    return offer_files({"sitecustomize.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"})


@stopped_by("startup-hook")
def sitecustomize_as_a_package() -> Offer:
    """`sitecustomize` as a folder with an `__init__`."""
    return offer_files({"sitecustomize/__init__.py": HARMLESS})


@stopped_by("startup-hook")
def sitecustomize_by_the_native_route() -> Offer:
    """`sitecustomize` through `.data/platlib`."""
    return offer_files({f"{DATA}/platlib/sitecustomize.py": HARMLESS})


@stopped_by("startup-hook")
def sitecustomize_by_the_data_route() -> Offer:
    """`sitecustomize` through `.data/data`."""
    return offer_files({f"{DATA}/data/{SITE}/sitecustomize.py": HARMLESS})


@stopped_by("startup-hook")
def usercustomize() -> Offer:
    """Python imports `usercustomize` as well, where the user's site is on."""
    return offer_files({"usercustomize.py": HARMLESS})


@stopped_by("startup-hook")
def usercustomize_as_a_package() -> Offer:
    """`usercustomize` as a folder through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/usercustomize/__init__.py": HARMLESS})
