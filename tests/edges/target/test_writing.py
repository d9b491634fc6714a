"""Whether a folder can be written is found out before pip starts, wherever it is and whether it is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.target.writing import check_places
from safepip.model.errors import Unavailable
from safepip.model.plan import Settings, Target

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target("/env/bin/python", "3.11.7", {}, ())


def wheel(folder: str) -> Any:
    """One that puts a file there."""
    return SimpleNamespace(
        pin=SimpleNamespace(name="demo"), install_paths=[SimpleNamespace(path=f"{folder}/module.py")]
    )


@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
@pytest.mark.parametrize("there", [True, False], ids=["there", "to be made"])
def test_a_folder_below_one_that_can_be_written_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool, there: bool
) -> None:
    """A relative PYTHONUSERBASE gives relative folders, which are below the one that safepip and pip are started in."""
    monkeypatch.chdir(tmp_path)
    if there:
        (tmp_path / "user" / "lib").mkdir(parents=True)
    check_places([wheel("user/lib" if relative else f"{tmp_path}/user/lib")], Settings(), TARGET)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="target-not-writable") as caught:
        check_places([wheel("file/lib" if relative else f"{tmp_path}/file/lib")], Settings(), TARGET)
    assert caught.value.diagnostics[0].context == (f"{tmp_path}/file is no folder",)
