"""Which environment variables a build gets: those of an allow-list, and those that policy names beside it.

The list holds what compilers and the build backends in use read (docs/reference/builds.md). What a variable's name
marks as a secret is not passed on because of a beginning, here or in policy: `MATURIN_PYPI_TOKEN` stays outside though
`MATURIN_` is on the list. Neither is a value with a URL that has a user or a password in it. Policy may name such a
variable in full. Proxies, whose URLs often hold a password, are for builds that may use the network. `HOME` and the
folders for temporary files are made for each build by the caller.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from safepip.model.build import MADE_FOR_A_BUILD, is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Passed on by their whole names.
NAMES = frozenset(
    {
        *("PATH", "LANG", "LANGUAGE", "TZ", "NO_COLOR", "SOURCE_DATE_EPOCH", "PYTHONHASHSEED"),
        # compilers, linkers, their flags and folders
        *("CC", "CXX", "CPP", "FC", "F77", "F90", "LD", "AR", "AS", "NM", "RANLIB", "STRIP", "CC_LD", "CXX_LD"),
        *("LDSHARED", "LDCXXSHARED", "CUDA_HOME", "CUDA_PATH"),
        *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "FFLAGS", "FCFLAGS", "LDFLAGS", "ARFLAGS", "LIBS"),
        *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH"),
        # programs that build, and backends
        *("MAKE", "MAKEFLAGS", "NINJA", "MESON", "CMAKE", "PKG_CONFIG", "CARGO", "RUSTC", "RUSTFLAGS"),
        *("DIST_EXTRA_CONFIG", "SETUPTOOLS_USE_DISTUTILS"),
        # macOS and Windows
        *("ARCHFLAGS", "MACOSX_DEPLOYMENT_TARGET", "SDKROOT", "DEVELOPER_DIR"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PROCESSOR_ARCHITECTURE", "PROGRAMFILES"),
        *("PROGRAMFILES(X86)", "PROGRAMDATA", "NUMBER_OF_PROCESSORS", "INCLUDE", "LIB", "LIBPATH"),
        *("DISTUTILS_USE_SDK", "MSSDK"),
    }
)

#: Passed on by how their names begin.
BEGINNINGS = (
    "LC_",
    "PKG_CONFIG_",
    "CMAKE_",
    "NINJA_",
    "MESON_",
    "SKBUILD_",
    "SETUPTOOLS_SCM_",
    "VCS_VERSIONING_",
    "HATCH_",
    "PDM_BUILD_",
    "MATURIN_",
    "CARGO_",
    "RUSTUP_",
    "PYO3_",
)  # fmt: skip

#: Passed on, in both cases, to builds with the network.
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})


#: RFC 3986: what stands between the slashes and an `@` is user information.
_USER_INFO = re.compile(r"://[^/?#\s]*@")


def build_variables(environ: Mapping[str, str], extra: Sequence[str], *, network: bool = False) -> dict[str, str]:
    """The variables that a build gets of `environ`, in the order of their names.

    `extra` are those of policy: whole names, or beginnings with `*` behind them.
    """
    named = frozenset(word for word in extra if not word.endswith("*"))
    beginnings = (*BEGINNINGS, *(word[:-1] for word in extra if word.endswith("*")))
    found = {}
    for name in sorted(environ):
        upper = name.upper()
        if upper in MADE_FOR_A_BUILD:
            continue
        if upper.endswith("_PROXY"):
            # Cargo's has a name of its own, CARGO_HTTP_PROXY.
            passed = network and (upper in PROXIES or name.startswith(beginnings))
        else:
            listed = name in NAMES or (name.startswith(beginnings) and not is_secret(name))
            passed = listed and not _USER_INFO.search(environ[name])
        if passed or name in named:
            found[name] = environ[name]
    return found


def fingerprint(variables: Mapping[str, str]) -> str:
    """A digest of variables with their values, whatever their order: what is built under others is another result."""
    digest = hashlib.sha256()
    for name in sorted(variables):
        for part in (name, variables[name]):
            data = part.encode("utf-8", "surrogateescape")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
