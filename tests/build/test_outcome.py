"""A build gives a wheel of the project, in the folder that it was told, with the metadata that was agreed."""

from __future__ import annotations

import pytest
from packaging.version import Version

from safepip.build.outcome import check_built_metadata, check_built_name
from safepip.model.errors import Refused
from safepip.wheel.metadata import parse_metadata


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("acme_tool-1.0-py3-none-any.whl", "Acme.Tool", "1.0"),
        ("acme_tool-1.0.0-0.editable-py3-none-any.whl", "acme-tool", "1.0"),
        ("Acme.Tool-1.0+local-cp311-cp311-linux_x86_64.whl", "acme-tool", "1.0+local"),
        ("tool-2-py2.py3-none-any.whl", "tool", None),
    ],
)
def test_a_wheel_of_the_project_is_taken(filename: str, name: str, version: str | None) -> None:
    """However its name is spelled, and whatever its tags and its build number."""
    check_built_name(filename, name, None if version is None else Version(version))


@pytest.mark.parametrize(
    ("filename", "problem"),
    [
        ("../tool-1.0-py3-none-any.whl", "plain"),
        ("a/tool-1.0-py3-none-any.whl", "plain"),
        ("/tool-1.0-py3-none-any.whl", "plain"),
        ("..\\tool-1.0-py3-none-any.whl", "plain"),
        ("C:tool-1.0-py3-none-any.whl", "plain"),
        ("tool-1.0-py3-none-any/../../x.whl", "plain"),
        ("tool-1.0-py3-none-any.whl\0.whl", "plain"),
        ("tool-1.0-py3-none-any\x1b.whl", "plain"),
        ("", "name of a wheel"),
        ("..", "name of a wheel"),
        ("tool-1.0.tar.gz", "name of a wheel"),
        ("tool-1.0-py3-none-any.WHL", "name of a wheel"),
        (".whl", "valid name"),
        ("..whl", "valid name"),
        ("tool.whl", "valid name"),
        ("tool-one-py3-none-any.whl", "valid name"),
        ("tool-1.0-py3-none.whl", "valid name"),
        ("tool-1" + "0" * 5000 + "-py3-none-any.whl", "valid name"),
        ("other-1.0-py3-none-any.whl", "wheel of other"),
        ("tool-1.1-py3-none-any.whl", "version 1.1, and not of 1.0"),
        ("tool-1.0+evil-py3-none-any.whl", "version 1.0+evil"),
    ],
)
def test_anything_else_is_refused(filename: str, problem: str) -> None:
    """Paths of any system, other files, other projects, other versions."""
    with pytest.raises(Refused, match="wrong-build") as caught:
        check_built_name(filename, "tool", Version("1.0"))
    (diagnostic,) = caught.value.diagnostics
    assert problem in diagnostic.context[0]
    assert diagnostic.context[0].isprintable()
    assert diagnostic.subject == "tool"


def test_a_wheel_with_other_requirements_is_refused() -> None:
    """What the search did not know of."""
    head = b"Metadata-Version: 2.2\nName: tool\nVersion: 1.0\n"
    used, same, other = (
        parse_metadata(head + more, verified=True)
        for more in (
            b"Requires-Dist: a>=1,<2\n",
            b"Requires-Dist: A (<2,>=1)\n",
            b"Requires-Dist: a>=1,<2\nRequires-Dist: b\n",
        )
    )
    check_built_metadata(used, same)
    with pytest.raises(Refused, match="build-differs: the wheel that was built of tool 1") as caught:
        check_built_metadata(used, other)
    assert caught.value.diagnostics[0].context == ("the wheel has in addition Requires-Dist: b",)
