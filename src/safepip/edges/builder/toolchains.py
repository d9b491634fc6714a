"""Which folders outside of the system a build has to see: its interpreter's, and those of compilers that PATH names.

Both may lie in a home folder. There, as little as works is made visible: never the home folder itself or a folder above
it, never a whole `~/.local`, in which programs keep passwords (`~/.local/share/keyrings`).
"""

from __future__ import annotations

import functools
import glob
import json
import os
import subprocess

from safepip.build.visible import is_of_the_system, is_within, outermost
from safepip.edges.programs.program_output import ask_program
from safepip.environment.python_variables import clean_environment

#: Asked of an interpreter that runs nothing of its environment.
_QUESTION = """\
import json, os, sys, sysconfig
values = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LDLIBRARY", "INSTSONAME", "INCLUDEPY")]
print(json.dumps({
    "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix],
    "parts": [os.path.dirname(os.__file__), sysconfig.get_path("platstdlib"), sysconfig.get_path("stdlib"),
              sysconfig.get_path("include"), values[3]],
    "libraries": [os.path.join(values[0], name) for name in values[1:3] if values[0] and name],
}))
"""
_SECONDS = 60

#: What an installed Python, or an environment, consists of.
_PARTS = ("bin", "lib", "lib64", "include", "libexec", "share", "pyvenv.cfg")
#: The same where the prefix is shared with other programs of the user.
_PARTS_OF_SHARED = ("include", "pyvenv.cfg")

#: Folders of PATH below which there is nothing to build with: other systems' disks, and what passes.
_NOT_FROM = ("/mnt", "/media", "/proc", "/sys", "/dev", "/run")

#: Programs whose other parts lie beside the folder of the program.
_COMPILERS = (
    "cc", "c++", "gcc", "g++", "clang", "clang++", "gfortran", "flang", "rustc", "cargo", "go", "swig", "nvcc", "ld",
    "cmake", "ninja", "meson", "make", "autoconf", "pkg-config", "pkgconf", "m4", "bison", "flex", "cython", "zig",
    "node", "javac", "protoc", "git",
)  # fmt: skip


def homes() -> tuple[str, ...]:
    """The home folders of this user: the one of the environment, and the one of the account."""
    found = [os.environ.get("HOME", "")]
    try:
        import pwd

        found.append(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, AttributeError, KeyError):
        found.append(os.path.expanduser("~"))
    return tuple({os.path.realpath(home) for home in found if os.path.isabs(home) and home != os.sep})


def is_too_wide(folder: str, home: str) -> bool:
    """Whether a folder is the home folder, lies above it, or is one in which many programs keep what is theirs."""
    shared = (home, os.path.join(home, ".local"), os.path.join(home, ".cache"), os.path.join(home, ".config"))
    return is_within(home, folder) or folder in (*shared, os.sep)


def interpreter_folders(python: str) -> tuple[str, ...]:
    """The folders and files outside of the system that an interpreter needs, in a virtual environment or not.

    These are its prefix and the prefix of its base, or parts of them where they hold more than Python; each link on the
    way from `python` to its program; its library. An interpreter that does not answer gives its own folder alone.
    """
    links = _links(os.path.abspath(python))
    found = [path for path in links if not is_of_the_system(path)]
    for folder in {os.path.dirname(os.path.dirname(path)) for path in links}:
        if os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
            found += _prefix_parts(folder)
    answer = _ask(python)
    for prefix in answer.get("prefixes", ()):
        found += _prefix_parts(prefix)
    for path in (*answer.get("parts", ()), *answer.get("libraries", ())):
        found += [path, os.path.realpath(path)] if path and os.path.exists(path) else []
    kept = (os.path.abspath(path) for path in found)
    return outermost(tuple(path for path in kept if not is_of_the_system(path)))


@functools.cache
def own_interpreter_folders(python: str) -> tuple[str, ...]:
    """`interpreter_folders` of safepip's own interpreter, which stays what it is."""
    return interpreter_folders(python)


def _prefix_parts(prefix: str) -> list[str]:
    shared = any(is_too_wide(os.path.realpath(prefix), home) for home in homes())
    if not shared:
        return _parts(prefix, _PARTS)
    return [*_parts(prefix, _PARTS_OF_SHARED), *glob.glob(os.path.join(glob.escape(prefix), "lib*", "python3*"))]


def _parts(folder: str, names: tuple[str, ...]) -> list[str]:
    paths = (os.path.join(folder, name) for name in names)
    return [path for path in paths if os.path.exists(path) and not is_of_the_system(path)]


def _links(path: str) -> list[str]:
    """A path, and what each link on the way to the file leads to."""
    found = [path]
    while os.path.islink(found[-1]) and len(found) < 40:
        found.append(os.path.normpath(os.path.join(os.path.dirname(found[-1]), os.readlink(found[-1]))))
    return [*found, os.path.realpath(path)]


def _ask(python: str) -> dict[str, list[str]]:
    environ = clean_environment(os.environ)
    try:
        done = ask_program([python, "-I", "-S", "-c", _QUESTION], environ, _SECONDS, cwd=os.sep)
        answer = json.loads(done.output) if done.code == 0 else {}
    except (OSError, ValueError, RecursionError, subprocess.TimeoutExpired):
        return {}
    if not isinstance(answer, dict):
        return {}
    lists = ((key, value) for key, value in answer.items() if isinstance(value, list))
    return {key: [path for path in value if isinstance(path, str) and "\0" not in path] for key, value in lists}


def toolchain_folders(path: str, home: str) -> tuple[str, ...]:
    """The folders outside of the system that a build may read because PATH, here `path`, names them.

    For each folder of PATH itself, and for each compiler and tool for building in it the folder that it was installed
    to. Of Rust's `~/.cargo` only `bin`, since beside it lie passwords for registries, and beside it `~/.rustup`, where
    the programs are that those in `bin` start. Folders that do not exist, and all that are too wide, are left out.
    """
    home = os.path.realpath(home)
    found: list[str] = []
    for folder in path.split(os.pathsep):
        if (
            not os.path.isabs(folder)
            or not os.path.isdir(folder)
            or any(is_within(folder, other) for other in _NOT_FROM)
        ):
            continue
        found.append(os.path.normpath(folder))
        for name in _COMPILERS:
            if os.path.isfile(os.path.join(folder, name)):
                found += _installation(os.path.join(folder, name), home)
    kept = (folder for folder in found if not is_too_wide(folder, home) and not is_of_the_system(folder))
    return outermost(tuple(kept))


def _installation(program: str, home: str) -> list[str]:
    """What belongs to a program: its own folder, and the folder that this lies in if it is one of the program's own."""
    target = os.path.realpath(program)
    folder = os.path.dirname(target)
    above = os.path.dirname(folder)
    if os.path.basename(above) in (".cargo", "cargo"):
        rustup = _rustup_beside(above)
        return [folder, *([rustup] if rustup else [])]
    if os.path.basename(folder) != "bin" or is_too_wide(above, home) or os.path.dirname(above) == os.sep:
        return [folder]
    return [above]


def _rustup_beside(cargo: str) -> str | None:
    """The home of rustup beside that of Cargo, as rustup's installer and its images lay them out."""
    above, name = os.path.split(cargo)
    rustup = os.path.join(above, name.replace("cargo", "rustup"))
    return rustup if os.path.isdir(os.path.join(rustup, "toolchains")) else None


def toolchain_variables(path: str) -> dict[str, str]:
    """Variables without which the toolchains that `path` names do not find themselves, since HOME is another one.

    That is `RUSTUP_HOME`, where `rustc` is one that rustup manages. Cargo's home is for the build to write and is not
    among them.
    """
    for folder in path.split(os.pathsep):
        program = os.path.join(folder, "rustc")
        if os.path.isabs(folder) and os.path.isfile(program):
            rustup = _rustup_beside(os.path.dirname(os.path.dirname(os.path.abspath(program))))
            return {"RUSTUP_HOME": rustup} if rustup else {}
    return {}
