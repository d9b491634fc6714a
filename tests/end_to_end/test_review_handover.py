"""Between the decision and pip nothing else is read, replaced or left half said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.remote_text import fetch_text
from safepip.environment.guards import own_environment_check
from safepip.model.errors import Refused, SafepipError
from safepip.model.plan import Settings, Target
from support.handing import Chosen, cleared, install, pin_of, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Environment, Runner


@pytest.mark.parametrize("content", ['"text"', "{", "[" * 100_000, b"\xff"], ids=["text", "torn", "deep", "bytes"])
def test_a_record_that_another_distribution_left_broken_stops_nothing(
    runner: Runner, target: Environment, tmp_path: Path, content: str | bytes
) -> None:
    """Any wheel may bring a direct_url.json of its own making."""
    for name in ("aaa", "bbb", "yyy", "zzz"):  # the order in which a folder is listed is nobody's to choose
        other = target.site_packages / f"{name}-1.0.dist-info"
        other.mkdir()
        (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (other / "direct_url.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    app = make_wheel(tmp_path / "wheels", "app", "1.0")
    url = "https://files.example/app-1.0-py3-none-any.whl"
    code = install(target.python, [Chosen(app, requested=True, direct_url=url)], environ=runner.environment())
    assert code == 0
    (record,) = target.site_packages.glob("app-1.0.dist-info/direct_url.json")
    assert json.loads(record.read_text())["url"] == url


def test_a_folder_that_cannot_be_written_is_told_before_pip_starts(
    tmp_path: Path, runner: Runner, target: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, or the wheel has gone from the store: an error of safepip's own, and nothing installed."""
    app = make_wheel(tmp_path / "wheels", "app", "1.0")
    before = target.state()
    chosen = Chosen(app, requested=True)
    wheel = cleared(pin_of(chosen), app)
    app.unlink()
    monkeypatch.setattr(
        "support.handing.cleared", lambda pin, *_more: type(wheel)._attest(pin, wheel.file, wheel.content)
    )
    with pytest.raises(SafepipError) as caught:
        install(target.python, [chosen], environ=runner.environment())
    assert caught.value.diagnostics[0].reference == "store-unwritable"
    assert target.state() == before


def test_a_requirements_file_by_url_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    """Cut off, it would lack the constraints at its end."""
    file = tmp_path / "constraints.txt"
    file.write_bytes(b"#" * (16 * 1024 * 1024) + b"\napp==1.0\n")
    with pytest.raises(SafepipError) as caught:
        fetch_text(None, lambda: None, file.as_uri())  # type: ignore[arg-type,return-value]
    assert caught.value.diagnostics[0].reference == "requirements-unreachable"


def test_ignore_installed_does_not_write_over_what_safepip_is_made_of(tmp_path: Path) -> None:
    """With -I nothing that is installed is looked at, so nothing counts as replaced."""
    resolution, _ = resolve([Chosen(make_wheel(tmp_path, "httpx", "0.1"), requested=True)])
    own = Target(python="/python", version="3.11.7", markers={}, tags=(), own=True)
    with pytest.raises(Refused) as caught:
        own_environment_check(resolution, own, Settings(ignore_installed=True), lambda: {"httpx"})
    assert caught.value.diagnostics[0].reference == "own-environment"
    own_environment_check(resolution, own, Settings(), lambda: {"httpx"})
