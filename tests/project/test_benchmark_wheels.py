"""What the benchmarks of real wheels say of a wheel is true of that wheel; here of made ones, without the network."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.disk.store import Store
from safepip.rules.judging import RULES
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def real_wheels(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program, which is no package: it finds its neighbours beside it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("real_wheels")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of its own."""
    with Store(str(tmp_path / "store")) as store:
        yield store


def verdicts_of(real_wheels: Any, store: Store, folder: Path) -> dict[str, Any]:
    """Every wheel of a folder, judged, by project."""
    return {v.name: v for v in (real_wheels.judged(path, store) for path in real_wheels.wheels_in([folder], "", 60))}


def test_a_wheel_is_judged_by_the_rules_of_the_product(real_wheels: Any, store: Store, tmp_path: Path) -> None:
    """An ordinary wheel has no finding, one with a start-up hook has that, and none is left in the store."""
    make_wheel(tmp_path / "wheels", "plain", "1.0")
    make_wheel(tmp_path / "wheels", "hooked", "1.0", files={"hooked.pth": "import hooked\n"})
    (tmp_path / "wheels" / "broken-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 and no more")
    verdicts = verdicts_of(real_wheels, store, tmp_path / "wheels")
    found = {name: [finding.reference for finding in verdict.findings] for name, verdict in verdicts.items()}
    assert found == {"plain": [], "hooked": ["startup-hook"], "broken": ["unreadable-wheel"]}
    assert [path for path in Path(store.root).rglob("*") if path.is_file()] == []


def test_wheels_of_one_run_are_held_against_each_other(real_wheels: Any, store: Store, tmp_path: Path) -> None:
    """Each by itself has nothing wrong. Of one project only the newest version takes part."""
    for name, version, text in (("one", "10.0", "x"), ("one", "9.0", "y"), ("two", "1.0", "y")):
        make_wheel(tmp_path / "wheels", name, version, files={"shared/__init__.py": text})
    verdicts = [real_wheels.judged(path, store) for path in sorted((tmp_path / "wheels").glob("*.whl"))]
    assert [verdict.findings for verdict in verdicts] == [(), (), ()]
    count, findings = real_wheels.together(verdicts)
    assert count == 2
    assert {(finding.reference, finding.subject) for finding in findings} == {
        ("file-overlap", "one"),
        ("file-overlap", "two"),
    }


def test_the_exit_code_tells_whether_each_refusal_is_explained(
    real_wheels: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And whether there are more of them than are tolerated."""
    monkeypatch.setattr(real_wheels, "TOLERATED", 0.5)
    make_wheel(tmp_path / "wheels", "plain", "1.0")
    hooked = make_wheel(tmp_path / "wheels", "hooked", "1.0", files={"hooked.pth": "import hooked\n"})
    verdicts = list(verdicts_of(real_wheels, store, tmp_path / "wheels").values())
    assert real_wheels.report(verdicts) is False
    assert "NOT EXPLAINED" in capsys.readouterr().out
    monkeypatch.setattr(real_wheels, "explanations", lambda: {hooked.name: "startup-hook: looked at"})
    assert real_wheels.report(verdicts) is True
    assert "wheels as they came: 2 of 2 projects, 1 refused: 50.00%" in capsys.readouterr().out
    monkeypatch.setattr(real_wheels, "TOLERATED", 0.005)
    assert real_wheels.report(verdicts) is False
    # Being on a list of hard cases excuses nothing.
    monkeypatch.setattr(real_wheels, "pins", lambda _path: ["Hooked==1"])
    assert real_wheels.report(verdicts) is False
    assert "wheels of the lists: 1 of 1 projects, 1 refused: 100.00%" in capsys.readouterr().out


def test_kinds_are_told_by_what_is_in_a_wheel(real_wheels: Any, store: Store, tmp_path: Path) -> None:
    """By the tags of its name, the schemes it writes to, and its folders without `__init__.py`."""
    files = {"a-1.0.data/data/share/a": "", "a-1.0.data/scripts/a": "#!python\n"}
    make_wheel(tmp_path / "wheels", "a", "1.0", files=files, scripts={"run": "a:main"})
    make_wheel(tmp_path / "wheels", "b", "1.0", files={"space/b/__init__.py": ""}, tag="cp39-abi3-win_amd64")
    verdicts = verdicts_of(real_wheels, store, tmp_path / "wheels")
    kinds = {
        name: {k for k, belongs in real_wheels.KINDS.items() if belongs(verdict)} for name, verdict in verdicts.items()
    }
    assert kinds == {
        "a": {"pure", "data files", "scripts as files", "entry points"},
        "b": {"native", "abi3", "Windows", "namespace packages"},
    }
    assert (verdicts["a"].foreign, verdicts["b"].foreign) == (False, True)


def test_what_is_kept_is_not_fetched_again(real_wheels: Any, tmp_path: Path) -> None:
    """A line of a list is there when a wheel of its project and version is, however its name is spelt."""
    (tmp_path / "ruamel.yaml_clib-0.2.8-cp311-cp311-win_amd64.whl").touch()
    there = real_wheels._there
    assert there(tmp_path, "ruamel.yaml.clib==0.2.8")
    assert not there(tmp_path, "ruamel.yaml==0.2.8")
    assert not there(tmp_path, "ruamel.yaml.clib==0.2")


def test_a_project_without_a_wheel_costs_no_other_its_own(
    real_wheels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip fails a whole call for one name: the others of the call are asked for again."""
    fetched: list[str] = []

    def download(_folder: Path, arguments: list[str]) -> str:
        names = arguments[3:]
        if "c" in names:
            return f"{' '.join(names)}: nothing found"
        fetched.extend(names)
        return ""

    monkeypatch.setattr(real_wheels, "_download", download)
    assert list(real_wheels._newest(tmp_path, "2022-01-01", list("abcdefg"))) == ["c: nothing found"]
    assert sorted(fetched) == list("abdefg")


def test_every_explanation_names_a_rule_and_a_wheel_that_is_fetched(real_wheels: Any) -> None:
    """An explanation of what is not fetched, or by a rule that is no more, explains nothing."""
    known = set(real_wheels.pins(real_wheels.NAMES)[: max(count for _, count in real_wheels.POPULAR.values())])
    references = {rule.reference for rule in RULES}
    sets = (path.read_text(encoding="utf-8") for path in real_wheels.LISTS.glob("*.txt"))
    pins = {tuple(line.lower().split("==")) for text in sets for line in text.splitlines() if "==" in line}
    for file, words in real_wheels.explanations().items():
        assert words.split(":")[0] in references
        name, version = file.lower().replace("_", "-").split("-")[:2]
        assert name in known or (name, version) in pins
