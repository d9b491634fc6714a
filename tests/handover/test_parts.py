"""How an installation is divided among several pips, and when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from packaging.version import Version

from safepip.handover.parts import Hands, divide, make_handovers, one_alone, seconds_of, together
from safepip.model.plan import Display, Settings, Target
from safepip.model.resolution import InstalledDistribution
from support.clearing import LAYOUT
from support.handing import Chosen, kept, resolve
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from safepip.handover.instructions import Handover
    from safepip.model.evidence import ClearedWheel

FOLDER = "/private/folder"
TARGET = Target("/env/bin/python", "3.11.7", {}, ())


@pytest.fixture
def four(tmp_path: Path) -> list[Chosen]:
    """An application, and three that it requires."""
    app = make_wheel(tmp_path, "app", "1.0", requires=["one", "two", "three"])
    below = [Chosen(make_wheel(tmp_path, name, "1.0")) for name in ("one", "two", "three")]
    return [Chosen(app, requested=True, extras=frozenset({"fast"})), *below]


def made(choices: list[Chosen], hands: Hands, settings: Settings | None = None, kept_pins: Any = ()) -> Handover:
    resolution, wheels = resolve(choices, kept_pins, LAYOUT)
    handover = make_handovers(resolution, wheels, settings or Settings(), TARGET, FOLDER, hands)
    assert handover is not None
    return handover


def names(handover: Handover) -> list[list[list[str]]]:
    """By stage and part."""
    return [[list(part.installs) for part in stage] for stage in handover.stages]


def test_each_part_is_handed_over_by_itself(four: list[Chosen]) -> None:
    """Its wheels alone, all by digest, in a folder of its own; the whole says what has to be there in the end."""
    handover = made(four, Hands(2))
    assert names(handover) == [[["app", "three"], ["one", "two"]]]
    first, second = handover.parts
    assert (first.folder, second.folder) == (f"{FOLDER}/part-1", f"{FOLDER}/part-2")
    for part in handover.parts:
        assert {"--no-deps", "--require-hashes", "--no-index"} <= set(part.arguments)
        assert part.report == f"{part.folder}/report.json"
        assert part.report in part.arguments
        assert f"{part.folder}/wheels" in part.arguments
        assert part.files["requirements.txt"].count(" --hash=sha256:") == 2
        assert part.files["constraints.txt"] == ""
    assert "app[fast]==1.0 --hash" in first.files["requirements.txt"]
    assert handover.installs == {**first.installs, **second.installs}
    assert handover.unrequested == {"one", "two", "three"}
    assert sorted(handover.wheels) == [
        "part-1/wheels/app-1.0-py3-none-any.whl",
        "part-1/wheels/three-1.0-py3-none-any.whl",
        "part-2/wheels/one-1.0-py3-none-any.whl",
        "part-2/wheels/two-1.0-py3-none-any.whl",
    ]
    assert handover.before == "Installing collected packages: app, one, three, two"
    assert handover.after == "Successfully installed app-1.0 one-1.0 three-1.0 two-1.0"


def test_one_pip_says_that_it_runs_as_root(four: list[Chosen]) -> None:
    """And not each of them."""
    silent = [part.arguments[-4:] for part in made(four, Hands(4)).parts if "--root-user-action" in part.arguments]
    assert len(silent) == 3


def test_a_direct_url_is_that_of_the_parts_own_copy(four: list[Chosen], tmp_path: Path) -> None:
    """By which it is found afterwards."""
    url = "https://files.acme.example/by-1.0-py3-none-any.whl"
    by = Chosen(make_wheel(tmp_path, "by", "1.0"), requested=True, direct_url=url)
    handover = made([*four, by], Hands(3))
    (part,) = [part for part in handover.parts if "by" in part.installs]
    assert handover.direct_urls["by"].private == f"file://{part.folder}/wheels/by-1.0-py3-none-any.whl"
    assert handover.direct_urls["by"].record["url"] == url


def test_what_is_replaced_comes_first_and_alone(four: list[Chosen]) -> None:
    """pip moves whole folders aside meanwhile."""
    there = InstalledDistribution("one", Version("0.9"), "/env/one-0.9.dist-info")
    old = [four[0], Chosen(four[1].wheel, replaces=there), *four[2:]]
    handover = made(old, Hands(2))
    assert names(handover) == [[["one"]], [["app", "two"], ["three"]]]
    same = [four[0], Chosen(four[1].wheel, replaces=there._replace(version=Version("1.0"), other=True)), *four[2:]]
    ((first,), others) = made(same, Hands(2)).stages
    assert "--force-reinstall" in first.arguments
    assert not any("--force-reinstall" in part.arguments for part in others)


def test_what_is_kept_is_not_handed_over(four: list[Chosen]) -> None:
    """A pip that looks for no dependencies needs not see it."""
    there = InstalledDistribution("four", Version("1.0"), "/env/four-1.0.dist-info")
    handover = made(four, Hands(2), kept_pins=[kept(there, requested=True)])
    assert not any("four" in part.files["requirements.txt"] for part in handover.parts)


class TestHowMany:
    """How many parts there are."""

    def test_small_ones_are_one_unless_the_user_says_otherwise(self, four: list[Chosen]) -> None:
        """A second start of pip takes longer than these."""
        assert made(four, Hands(None, 8)).stages == ()
        assert len(made(four, Hands(8, 1)).parts) == 4
        assert made(four, Hands(1, 8)).stages == ()

    def test_each_part_has_a_second_of_work(self, tmp_path: Path) -> None:
        """By the sources that are compiled, and without these by the files."""
        names = [f"big{number}" for number in range(4)]
        files = {name: {f"{name}/{number}.py": "x = 1\n" * 390_000 for number in range(3)} for name in names}
        wheels = [Chosen(make_wheel(tmp_path, name, "1.0", files=files[name])) for name in names]
        assert 4 <= sum(seconds_of(wheel, compiles=True) for wheel in resolve(wheels, (), LAYOUT)[1]) < 6
        assert len(made(wheels, Hands(None, 16)).parts) == 4
        assert len(made(wheels, Hands(None, 2)).parts) == 2
        assert made(wheels, Hands(None, 16), Settings(forwarded=("--no-compile",))).stages == ()

    def test_the_smallest_part_has_its_second_too(self, tmp_path: Path) -> None:
        """One wheel of four seconds, and small ones: a second pip would be started for nearly nothing."""
        big = {f"big/{number}.py": "x = 1\n" * 1_000_000 for number in range(4)}
        half = {f"half/{number}.py": "x = 1\n" * 390_000 for number in range(3)}
        wheels = [Chosen(make_wheel(tmp_path, "big", "1.0", files=big)), Chosen(make_wheel(tmp_path, "small", "1.0"))]
        assert made(wheels, Hands(None, 16)).stages == ()
        assert len(made(wheels, Hands(16)).parts) == 2
        wheels.append(Chosen(make_wheel(tmp_path, "half", "1.0", files=half)))
        (parts,) = made(wheels, Hands(None, 16)).stages
        assert [sorted(part.installs) for part in parts] == [["big"], ["half", "small"]]

    def test_there_are_limits(self, tmp_path: Path) -> None:
        """So that one disk is not written to by any number of programs."""
        wheels = [Chosen(make_wheel(tmp_path, f"p{number}", "1.0")) for number in range(40)]
        assert len(made(wheels, Hands(1000)).parts) == 32


OTHERS: dict[str, Callable[[Settings], Settings]] = {
    "--target": lambda it: it._replace(target_dir="/place"),
    "--ignore-installed": lambda it: it._replace(ignore_installed=True),
    "--only-deps": lambda it: it._replace(only_deps=True),
    "-v": lambda it: it._replace(display=Display(verbosity=1)),
    "--log": lambda it: it._replace(display=Display(log="/log")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_one_pip_does_otherwise_is_left_to_one(name: str, four: list[Chosen]) -> None:
    """Whatever the user says of their number."""
    settings = OTHERS[name](Settings())
    choices = [Chosen(it.wheel, requested=it.requested, installs=not it.requested) for it in four]
    choices = choices if settings.only_deps else four
    alone = made(choices, Hands(2), settings)
    assert (alone.stages, bool(alone.alone)) == ((), True)
    assert made(choices, Hands(None, 2), settings).alone == made(choices, Hands(1), settings).alone == ""
    assert made(four, Hands(2)).stages != ()
    assert made(four[:1], Hands(2)).alone == "what is new cannot be divided"


def one_reason(choices: list[Chosen], settings: Settings | None = None, kept_pins: Any = ()) -> str:
    resolution, wheels = resolve(choices, kept_pins, LAYOUT)
    return one_alone(resolution, wheels, settings or Settings(), TARGET)


def test_what_is_not_certain_is_left_to_one(four: list[Chosen], tmp_path: Path) -> None:
    """Each of these for a reason of its own, and none of them without its cause."""
    assert one_reason(four) == ""
    url = "https://files.acme.example/x-1.0-py3-none-any.whl"
    constrained = Chosen(make_wheel(tmp_path, "x", "1.0"), direct_url=url)
    assert "constraint" in one_reason([*four, constrained])
    row = "y/__init__.py,,\ny-1.0.dist-info/INSTALLER,,\ny-1.0.dist-info/RECORD,,\n"
    installer = Chosen(make_wheel(tmp_path, "y", "1.0", files={"y-1.0.dist-info/RECORD": row}))
    assert "end" in one_reason([*four, installer])
    there = InstalledDistribution("one", Version("0.9"), "/env/one-0.9.dist-info")
    replaced = [four[0], Chosen(four[1].wheel, replaces=there), *four[2:]]
    for elsewhere in (Settings(root_dir="/r"), Settings(prefix_dir="/p"), Settings(user=True)):
        assert "elsewhere" in one_reason(replaced, elsewhere)
        assert one_reason(four, elsewhere) == ""
    resolution, wheels = resolve(four)
    assert "where its files go" in one_alone(resolution, wheels, Settings(), TARGET)


@pytest.mark.parametrize(
    ("spelt", "requested", "alone"), [("x-y", False, False), ("X.Y", False, True), ("X.Y", True, False)]
)
def test_headers_lie_where_the_name_is_spelt_so(spelt: str, requested: bool, alone: bool, tmp_path: Path) -> None:
    """pip takes the spelling of who requires it, which a part does not see; what the user names is normalised."""
    app = Chosen(make_wheel(tmp_path, "app", "1.0", requires=["other", f"{spelt} >= 1"]), requested=True)
    header = make_wheel(tmp_path, "x-y", "1.0", files={"x_y-1.0.data/headers/x.h": ""})
    there = InstalledDistribution("old", Version("1.0"), "/env/old-1.0.dist-info")
    pin = kept(there, requested=True)._replace(requires=("x-y",))
    choices = [app, Chosen(header, requested=requested)]
    assert bool(one_reason(choices)) is alone
    assert bool(one_reason(choices, kept_pins=[pin])) is not requested


def wheels_of(paths: dict[str, list[str]], folder: Path) -> list[ClearedWheel]:
    files = {name: dict.fromkeys(its, "") for name, its in paths.items()}
    choices = [Chosen(make_wheel(folder, name, "1.0", files=its, module=False)) for name, its in files.items()]
    return resolve(choices, (), LAYOUT)[1]


def test_what_shares_a_path_stays_together(tmp_path: Path) -> None:
    """Files of one path, also by letter case, and a file that is another's folder; and what hangs together by others.
    Folders may be shared."""
    paths = {
        "a": ["ns/__init__.py", "ns/a.py"],
        "b": ["ns/__init__.py", "tools/x.py"],
        "c": ["TOOLS/X.py"],
        "d": ["ns/d.py", "deep/er/d.py"],
        "e": ["deep/er"],
        "f": ["deep/f.py"],
    }
    assert together(wheels_of(paths, tmp_path)) == [["a", "b", "c"], ["d", "e"], ["f"]]


NAMES = st.sampled_from("abcdefgh")
FILES = st.sampled_from(["m", "n/m", "n/N", "n/o/p", "N/o", "q"])


@effort(deadline=None, max_examples=50)
@given(paths=st.dictionaries(NAMES, st.sets(FILES, min_size=1), min_size=1), count=st.integers(1, 5))
def test_no_two_parts_touch_the_same_path(
    paths: dict[str, set[str]], count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every wheel is in one part, and no part writes a file where another has one, or a folder."""
    folder = tmp_path_factory.mktemp("wheels")
    honest = {name: sorted({path.casefold(): path for path in its}.values()) for name, its in paths.items()}
    wheels = wheels_of(honest, folder)
    parts = divide(together(wheels), dict.fromkeys(honest, 1.0), count)
    assert sorted(name for part in parts for name in part) == sorted(honest)
    assert 1 <= len(parts) <= count
    keys = {wheel.pin.name: {item.key for item in wheel.install_paths} for wheel in wheels}
    for part in parts:
        own = set().union(*(keys[name] for name in part))
        others = set().union(*(keys[name] for name in honest if name not in part))
        assert not own & others
        assert not [(one, other) for one in own for other in others if other.startswith(f"{one}/")]


@effort(deadline=None)
@given(work=st.dictionaries(st.text("abc", min_size=1), st.floats(0.001, 100), min_size=1), count=st.integers(1, 6))
def test_parts_take_about_the_same_time(work: dict[str, float], count: int) -> None:
    """No part has more than the fair share and one group beside it; none is empty."""
    parts = divide([[name] for name in work], work, count)
    assert all(parts)
    longest = max(sum(work[name] for name in part) for part in parts)
    assert longest <= sum(work.values()) / len(parts) + max(work.values())
    assert parts == divide([[name] for name in reversed(work)], work, count)
