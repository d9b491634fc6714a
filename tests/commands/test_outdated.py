"""`safepip outdated` and `list --outdated`: along the routes, by the rules of an install, in pip's two forms."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.environment import make_environment
from support.replies import status

if TYPE_CHECKING:
    from support.environment import Environment
    from support.index import IndexServer
    from support.inside import Inside


@pytest.fixture
def environment(run: Inside) -> Environment:
    """A target with metadata alone: more is not looked at."""
    return make_environment(run.folder / "target")


def install(environment: Environment, direct: str = "", **projects: str) -> None:
    for name, version in projects.items():
        info = environment.site_packages / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if direct:
            (info / "direct_url.json").write_text(direct)


def words(environment: Environment, *indexes: IndexServer) -> list[str]:
    found = ["--python", str(environment.folder), "--no-cache-dir"]
    for number, index in enumerate(indexes):
        found += ["--extra-index-url" if number else "-i", index.url]
    return found


def test_what_is_older_is_listed_as_pip_lists_it(run: Inside, index: IndexServer, environment: Environment) -> None:
    """In columns and as JSON; what is up to date is the other list."""
    for name, versions in {"alpha": "1.0 2.0", "beta_long": "1.0", "gamma": "1.0 1.5 2.0rc1"}.items():
        for version in versions.split():
            index.add(name, version)
    install(environment, alpha="1.0", beta_long="1.0", gamma="1.0")
    asked = words(environment, index)
    done = run("outdated", *asked)
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith(f"Environment: {environment.folder} (Python ")
    assert done.out.splitlines() == [
        "Package Version Latest Type",
        "------- ------- ------ -----",
        "alpha   1.0     2.0    wheel",
        "gamma   1.0     1.5    wheel",
    ]
    assert run("list", "--outdated", *asked) == done
    assert json.loads(run("list", "-o", "--format=json", "--exclude", "gamma", *asked).out) == [
        {"name": "alpha", "version": "1.0", "latest_version": "2.0", "latest_filetype": "wheel"}
    ]
    assert "2.0rc1" in run("outdated", "--pre", "gamma", *asked).out
    assert run("list", "--uptodate", *asked).out.splitlines()[2:] == ["beta_long 1.0"]
    (run.folder / "limits.txt").write_text("alpha<2\n")
    done = run("outdated", "-c", "limits.txt", *asked)
    assert (done.code, done.out.splitlines()[2:]) == (0, ["gamma   1.0     1.5    wheel"])
    assert json.loads(run("outdated", "--format", "json", "beta-long", *asked).out) == []
    assert run("outdated", "-q", "beta-long", *asked) == (0, "", "")


def test_names_and_versions_are_those_that_pip_lists(run: Inside, index: IndexServer, environment: Environment) -> None:
    """As pip itself lists them. Where METADATA cannot be read, or says something else, the folder counts."""
    for name in ("Beta.Long", "plain", "liar", "torn"):
        index.add(name, "2.0")
    good = {"Beta.Long": "1.0.0a1", "plain": "01.0"}
    install(environment, **good)

    def pip(form: str) -> str:
        command = [sys.executable, "-m", "pip", "--python", str(environment.folder), "list", "--format", form]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    both = ("outdated", *words(environment, index))
    shown = [line.split()[:2] for line in run(*both).out.splitlines()[2:]]
    assert shown == [line.split() for line in pip("columns").splitlines()[2:]] == [list(item) for item in good.items()]
    rows = [{key: item[key] for key in ("name", "version")} for item in json.loads(run(*both, "--format=json").out)]
    assert rows == json.loads(pip("json"))
    install(environment, liar="1.0", torn="1.0")
    (environment.site_packages / "liar-1.0.dist-info" / "METADATA").write_text("Name: other\nVersion: 7\n")
    (environment.site_packages / "torn-1.0.dist-info" / "METADATA").write_bytes(b"Name: torn\nVersion: \xff\xfe\n")
    assert run(*both).out.splitlines()[3:5] == ["liar      1.0     2.0    wheel", "plain     01.0    2.0    wheel"]


def test_each_name_is_asked_of_its_owner_alone(
    run: Inside, two_indexes: tuple[IndexServer, IndexServer], environment: Environment
) -> None:
    """And what was installed from a folder or a URL of none: no index owns that name here."""
    internal, public = two_indexes
    internal.add("corp-lib", "1.1")
    public.add("corp-lib", "99.0")
    public.add("mine", "99.0")
    install(environment, corp_lib="1.0", gone="1.0")
    install(environment, mine="0.1", direct='{"url": "file:///mine", "dir_info": {}}')
    (run.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "corp"\nurl = "{internal.url}"\npackages = ["corp-*"]\n'
        f'[[index]]\nname = "public"\nurl = "{public.url}"\ndefault = true\n'
    )
    done = run("outdated", *words(environment))
    assert "corp_lib 1.0     1.1    wheel" in done.out.splitlines()
    assert "99.0" not in done.out
    assert done.err.partition("\n")[2] == "not compared: gone (on no index), mine (installed from a folder or a URL)\n"
    assert not public.mentions("corp-lib")
    assert not public.mentions("mine")
    assert not internal.mentions("gone")


def test_a_name_that_cannot_be_compared_is_told_of_and_the_others_are_listed(
    run: Inside, two_indexes: tuple[IndexServer, IndexServer], environment: Environment
) -> None:
    """A name that two indexes have with other files, and an index that fails: the run ends with 1."""
    one, other = two_indexes
    one.add("both", "1.1")
    other.add("both", "99.0")
    one.add("fine", "2.0")
    one.add("broken", "2.0")
    one.fault("broken", status(403))
    install(environment, both="1.0", fine="1.0", broken="1.0")
    done = run("outdated", *words(environment, one, other))
    assert done.code == 1
    assert done.out.splitlines()[2:] == ["fine    1.0     2.0    wheel"]
    assert "both 1.0 is not compared: ambiguous-index: " in done.err
    assert "broken 1.0 is not compared: " in done.err


def test_what_is_too_young_or_yanked_is_not_the_newest(
    run: Inside, index: IndexServer, environment: Environment
) -> None:
    """What is held back is told of in one line."""
    index.add("young", "1.5", file={"upload_time": "2020-01-01T00:00:00Z"})
    index.add("young", "2.0", file={"upload_time": "2999-01-01T00:00:00Z"})
    index.add("taken", "1.0")
    index.add("taken", "2.0", file={"yanked": "broken"})
    install(environment, young="1.0", taken="1.0")
    done = run("outdated", "--cooldown", "P1D", *words(environment, index))
    assert done.out.splitlines()[2:] == ["young   1.0     1.5    wheel"]
    assert done.err.partition("\n")[2].startswith("held back by age: cooldown: young 2.0 ")
    assert done.err.count("\n") == 2


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--uptodate"], 1), (["--format", "freeze"], 1), (["--path", "x"], 2), (["--not-required"], 2), (["-e"], 2),
        (["--format", "x"], 2),
    ],
)  # fmt: skip
def test_what_makes_no_sense_here_is_a_mistake_of_usage(
    run: Inside, index: IndexServer, environment: Environment, more: list[str], code: int
) -> None:
    """Before any index is asked. What pip's `list --outdated` does not take either ends with pip's code."""
    install(environment, alpha="1.0")
    done = run("outdated", *more, *words(environment, index))
    assert (done.code, done.out, index.requests) == (code, "", [])
