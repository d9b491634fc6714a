"""Whether a folder can be written is found out before pip starts, wherever it is and whether it is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.target.writing import _make_another, check_places
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


def test_what_is_to_be_made_is_not_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`venv` leaves a folder that is there as it is, with the rights that it has."""
    monkeypatch.chdir(tmp_path)
    for name in (".venv", ".venv-2", ".venv-3"):
        assert _make_another() == (
            f"make an environment of your own: python3 -I -m venv --without-pip {name}\nand name it: --python {name}"
        )
        (tmp_path / name).mkdir()
