"""A wheel that a rule refuses, and the exception for it: from the hint of the refusal to the report of the install."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from support.runs import shown
from support.wheels import build_wheel

if TYPE_CHECKING:
    import subprocess

    from support.environment import Environment, Runner
    from support.index import IndexServer


def unlisted(version: str = "1.0", text: str = "") -> dict[str, str | bytes]:
    """A file of demo that its RECORD does not list, as some builds leave it, and that RECORD."""
    with zipfile.ZipFile(io.BytesIO(build_wheel("demo", version)[1])) as archive:
        record = f"demo-{version}.dist-info/RECORD"
        return {"demo/extra.py": text, record: archive.read(record)}


@pytest.fixture
def words(index: IndexServer, target: Environment) -> tuple[str, ...]:
    """The options of every run here; the index has demo 1.0, whose RECORD is wrong, and plain 2.0."""
    index.add("demo", "1.0", files=unlisted())
    index.add("plain", "2.0")
    return ("--python", str(target.python), "-i", index.url)


def pasted(done: subprocess.CompletedProcess[str], rule: str = "wrong-record") -> str:
    """The block of the hint, as a user copies it from the terminal and gives a reason."""
    assert done.returncode == 20, shown(done)
    assert f"\nerror: {rule}\n" in done.stderr, shown(done)
    start = done.stderr.index("    [[allow]]")
    block = textwrap.dedent(done.stderr[start : done.stderr.index("\n\n", start)]) + "\n"
    return block.replace("...", "read by us")


def own(text: str) -> dict[str, dict[str, Any]]:
    """What safepip adds to the report, by project."""
    report = json.JSONDecoder().raw_decode(text)[0]
    return {item["metadata"]["name"]: item["safepip"] for item in report["install"]}


@pytest.mark.parametrize(
    ("rule", "files"), [("wrong-record", unlisted()), ("startup-hook", {"demo.pth": "import demo\n"})]
)
def test_the_block_of_the_hint_pasted_installs_the_wheel_and_says_so_everywhere(
    index: IndexServer,
    runner: Runner,
    target: Environment,
    words: tuple[str, ...],
    rule: str,
    files: dict[str, str | bytes],
) -> None:
    (served,) = index.project("demo").files
    served.data = build_wheel("demo", "1.0", files=files)[1]
    before = target.state()
    block = pasted(runner.inside("install", *words, "--report", "report.json", "demo", "plain"), rule)
    assert target.state() == before
    assert not (runner.folder / "report.json").exists()

    policy = runner.folder / "safepip.toml"
    policy.write_text(f"# what we looked at\n\n{block}")
    done = runner.inside("install", *words, "--report", "-", "demo", "plain")
    assert done.returncode == 0, shown(done)
    assert target.installed() == {"demo": "1.0", "plain": "2.0"}
    assert f"notice: allowed: {rule} for demo 1.0: the wheel of demo 1.0 " in done.stderr
    assert f"(reason: read by us, {policy}:3)" in done.stderr
    reported = own(done.stdout)
    (allowed,) = reported["demo"]["allowed"]
    assert (allowed["rule"], allowed["reason"], allowed["origin"]) == (rule, "read by us", f"{policy}:3")
    assert allowed["message"].startswith("the wheel of demo 1.0 ")
    assert reported["plain"]["allowed"] == []
    # Standard output is the report's alone.
    assert done.stdout.startswith("{")
    assert done.stdout.endswith("\n}\n")
    assert "\nSuccessfully installed demo-1.0 plain-2.0\n" in done.stderr


def test_a_dry_run_judges_nothing_and_its_report_says_nothing_of_it(runner: Runner, words: tuple[str, ...]) -> None:
    done = runner.inside("install", *words, "--dry-run", "--report", "-", "demo")
    assert done.returncode == 0, shown(done)
    assert "allowed" not in own(done.stdout)["demo"]
    assert done.stderr.endswith("Would install demo-1.0\n")


def test_download_judges_as_install_does_and_a_pyproject_has_its_own_heading(
    runner: Runner, words: tuple[str, ...]
) -> None:
    words = (*words, "-d", "wheels", "demo")
    block = pasted(runner.inside("download", *words))
    assert not list(runner.folder.glob("wheels/*"))
    (runner.folder / "pyproject.toml").write_text(block.replace("[[allow]]", "[[tool.safepip.allow]]"))
    done = runner.inside("download", *words)
    assert done.returncode == 0, shown(done)
    assert "notice: allowed: wrong-record for demo 1.0: " in done.stderr
    assert [path.name for path in runner.folder.glob("wheels/*")] == ["demo-1.0-py3-none-any.whl"]


def test_an_exception_with_a_digest_ends_with_the_file(
    index: IndexServer, runner: Runner, words: tuple[str, ...]
) -> None:
    """Another file of the same name and version is judged anew, and so is the next version."""
    block = pasted(runner.inside("install", *words, "demo"))
    (runner.folder / "safepip.toml").write_text(block)
    (served,) = index.project("demo").files
    served.data = build_wheel("demo", "1.0", files=unlisted(text="# another\n"))[1]
    assert pasted(runner.inside("install", *words, "--refresh-package", ":all:", "demo")) != block
    index.add("demo", "1.1", files=unlisted("1.1"))
    again = pasted(runner.inside("install", *words, "--refresh-package", ":all:", "demo"))
    assert 'file = "demo-1.1-py3-none-any.whl"' in again


def test_check_config_lists_exceptions_with_their_level_and_a_higher_file_forbids_them(
    runner: Runner, words: tuple[str, ...]
) -> None:
    ours = '[[allow]]\nproject = "Demo"\nrule = "wrong-record"\nreason = "read by us"\n'
    (runner.folder / "safepip.toml").write_text(ours)
    above = runner.home / "config" / "safepip" / "safepip.toml"
    above.parent.mkdir(parents=True)
    digest = "sha256:" + "ab" * 32
    above.write_text(f'{ours}file = "demo-2.0-py3-none-any.whl"\ndigest = "{digest}"\n')
    done = runner.inside("check-config")
    assert done.returncode == 0, shown(done)
    assert [line.strip() for line in done.stdout.partition("exceptions")[2].splitlines()[1:7]] == [
        f"wrong-record for demo demo-2.0-py3-none-any.whl {digest}",
        "because read by us",
        f"from {above}:1, the user's policy",
        "wrong-record for demo",
        "because read by us",
        f"from {runner.folder / 'safepip.toml'}:1, safepip's project configuration",
    ]

    above.write_text("[policy]\nforbid-allow = true\n")
    done = runner.inside("install", *words, "demo")
    assert done.returncode == 2, shown(done)
    assert "error: policy-loosened" in done.stderr
    assert f"{above}:2" in done.stderr
