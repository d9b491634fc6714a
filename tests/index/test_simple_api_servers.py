"""The pages of real private indexes are read, in each form that they have."""

from __future__ import annotations

import hashlib
import urllib.request
from typing import TYPE_CHECKING

import pytest

from safepip.index.simple_api import ACCEPT, parse_page
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.page import ProjectPage
    from support.servers import DevpiServer, PypiServer

HTML = "text/html"


def page_of(url: str, name: str, accept: str) -> tuple[ProjectPage, str]:
    """The project's page as the server answers to this `Accept`, and its content type."""
    request = urllib.request.Request(f"{url}{name}/", headers={"Accept": accept})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        content_type = answer.headers["Content-Type"]
        return parse_page(name, answer.read(), content_type, answer.url), content_type


@pytest.mark.parametrize("accept", [ACCEPT, HTML], ids=["preferred", "html"])
def test_pypiserver(pypiserver: PypiServer, accept: str) -> None:
    """A wheel in pypiserver's folder is one file of its project, with a URL below the server's."""
    wheel = make_wheel(pypiserver.folder, "page-reader", "1.0")
    page, _ = page_of(pypiserver.url, "page-reader", accept)
    assert [file.filename for file in page.files] == [wheel.name]
    assert page.files[0].url.startswith(pypiserver.url.removesuffix("simple/"))
    assert page.dropped == 0


@pytest.mark.parametrize("accept", [ACCEPT, HTML], ids=["preferred", "html"])
def test_devpi(devpi: DevpiServer, tmp_path: Path, accept: str) -> None:
    """A wheel uploaded to devpi is one file of its project, with its sha256; both forms say the same."""
    index = devpi.make_index(f"pages{len(accept)}")
    wheel = make_wheel(tmp_path, "page-reader", "1.0", requires_python=">=3.8")
    index.upload(wheel, "page-reader", "1.0")
    page, content_type = page_of(index.url, "page-reader", accept)
    assert content_type.startswith(HTML if accept == HTML else "application/vnd.pypi.simple.v1+json")
    assert [file.filename for file in page.files] == [wheel.name]
    assert [digest.hex for digest in page.files[0].digests] == [hashlib.sha256(wheel.read_bytes()).hexdigest()]
    assert page.dropped == 0
