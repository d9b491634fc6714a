"""Package URLs of the type `pypi`, as they stand in other people's documents.

Source: ECMA-427, "Package-URL", and its type `pypi`: there is no namespace, and names are those of the index,
normalised. Read from the right, as it says: subpath (`#`), qualifiers (`?`), scheme, type, version (`@`), name.
"""

from __future__ import annotations

from urllib.parse import unquote

from safepip.model.names import is_name, normalise
from safepip.model.vex import PackageUrl


class NotAPackageUrl(ValueError):
    """It says that it is a package URL of a project, and is not; the text is what is wrong with it."""


def read_package_url(text: str) -> PackageUrl | None:
    """What it names; None for what is no package URL, and for one of another type. Raises `NotAPackageUrl`."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.strip().lower() != "pkg":
        return None
    rest, subpath, _ = rest.partition("#")
    rest, question, _ = rest.partition("?")
    kind, slash, rest = rest.lstrip("/").partition("/")
    if kind.lower() != "pypi":
        return None
    name, at, version = rest.strip("/").rpartition("@") if "@" in rest else (rest.strip("/"), "", "")
    name, version = unquote(name), unquote(version)
    if not slash or not is_name(name):
        raise NotAPackageUrl("it does not name a project")
    if at and not (version and version.isprintable() and version == version.strip()):
        raise NotAPackageUrl("its version is empty or unprintable")
    return PackageUrl(normalise(name), version, bool(subpath or question))
