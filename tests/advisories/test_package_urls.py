"""Package URLs that others wrote: what they name, and that nothing half-read names more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from safepip.advisories.package_urls import NotAPackageUrl, read_package_url
from safepip.model.names import normalise
from safepip.model.vex import PackageUrl


@pytest.mark.parametrize(
    ("text", "name", "version", "narrowed"),
    [
        ("pkg:pypi/demo@1.0", "demo", "1.0", False),
        ("pkg:pypi/Demo_X", "demo-x", "", False),
        ("PKG:PyPI/demo@1.0%2Bcpu", "demo", "1.0+cpu", False),
        ("pkg://pypi/demo@1.0", "demo", "1.0", False),
        ("pkg:pypi/demo@1.0?file_name=demo-1.0.zip", "demo", "1.0", True),
        ("pkg:pypi/demo@1.0#docs", "demo", "1.0", True),
    ],
)
def test_what_a_package_url_names(text: str, name: str, version: str, narrowed: bool) -> None:
    """Names are normalised, and what means less than a version says so."""
    assert read_package_url(text) == PackageUrl(name, version, narrowed)


@pytest.mark.parametrize(
    "text", ["pkg:npm/demo@1", "https://acme.example/demo", "demo", "pypi/demo@1.0", "cpe:2.3:a:x"]
)
def test_other_identifiers_name_no_project(text: str) -> None:
    """They are no mistake."""
    assert read_package_url(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "pkg:pypi",
        "pkg:pypi/",
        "pkg:pypi/@1.0",
        "pkg:pypi/a/b@1",
        "pkg:pypi/demo@",
        "pkg:pypi/de%20mo",
        "pkg:pypi/demo@%0a",
    ],
)
def test_a_broken_one_is_a_mistake(text: str) -> None:
    """It names a project, or wants to."""
    with pytest.raises(NotAPackageUrl):
        read_package_url(text)


@given(
    st.from_regex(r"[A-Za-z0-9]([-_.]?[A-Za-z0-9])*", fullmatch=True),
    st.from_regex(r"[0-9]{1,2}!?[0-9](\.[0-9])?(\+[a-z0-9]{1,3})?", fullmatch=True),
)
def test_what_the_reference_library_writes_is_read(name: str, version: str) -> None:
    """With the name and the version that went into it."""
    read = read_package_url(PackageURL("pypi", None, name, version).to_string())
    assert read == PackageUrl(normalise(name), version, narrowed=False)
