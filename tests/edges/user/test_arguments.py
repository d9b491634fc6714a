"""From argv, environment and files to a plan: discovery, precedence, credentials, and pip's checks."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.user.arguments import locator
from safepip.edges.user.configuration_files import machine_policy_path
from safepip.edges.user.world import World
from safepip.model.origin import Source
from support.machine import Machine
from support.nowhere import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.plan import Plan

INDEX = '[[index]]\nname = "{0}"\nurl = "https://{0}.example/"\ndefault = true\n'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Nothing configured yet."""
    return Machine(tmp_path)


def hosts(plan: Plan) -> list[str]:
    return [index.url.host for index in plan.indexes]


# --- pip's configuration ---------------------------------------------------------------------------------


def test_the_command_line_beats_the_environment_beats_the_files(machine: Machine) -> None:
    """And each value knows where it came from."""
    machine.write("etc/pip/pip.conf", "[global]\ntimeout = 1\nretries = 1\nproxy = http://proxy.example\n")
    plan = machine.plan("x", "--timeout", "3", PIP_TIMEOUT="2", PIP_RETRIES="2")
    assert (plan.settings.network.timeout, plan.settings.network.retries) == (3.0, 2)
    origins = plan.settings.origins
    assert [str(origins[name]) for name in ("timeout", "retries", "proxy")] == [
        "--timeout", "PIP_RETRIES", f"{machine.root}/etc/pip/pip.conf:4"]  # fmt: skip
    assert "resume_retries" not in origins


def test_isolated_disregards_pips_environment_and_the_users_file(machine: Machine) -> None:
    """The machine's file remains, as in pip."""
    machine.write("etc/pip/pip.conf", "[global]\nretries = 1\n")
    machine.write("home/.config/pip/pip.conf", "[global]\nretries = 2\n")
    assert machine.plan("x", PIP_TIMEOUT="2").settings.network.retries == 2
    isolated = machine.plan("x", "--isolated", PIP_TIMEOUT="2").settings
    assert isolated.network.retries == 1
    assert isolated.network.timeout == 15.0
    assert isolated.isolated


def test_the_null_device_as_configuration_file_is_none_at_all(machine: Machine) -> None:
    """PIP_CONFIG_FILE."""
    machine.write("etc/pip/pip.conf", "[global]\nretries = 1\n")
    assert machine.plan("x", PIP_CONFIG_FILE=os.devnull).settings.network.retries == 5


def test_a_configuration_file_that_is_named_takes_the_place_of_the_users(machine: Machine) -> None:
    """Where it exists; the machine's and the site's are read all the same."""
    machine.write("prefix/pip.conf", "[global]\nretries = 1\n")
    machine.write("home/.pip/pip.conf", "[global]\ntimeout = 2\n")
    named = machine.write("named.conf", "[global]\nresume-retries = 3\n")
    network = machine.plan("x", PIP_CONFIG_FILE=str(named)).settings.network
    assert (network.retries, network.timeout, network.resume_retries) == (1, 15.0, 3)
    network = machine.plan("x", PIP_CONFIG_FILE=NOWHERE).settings.network
    assert (network.retries, network.timeout, network.resume_retries) == (1, 2.0, 5)


def test_the_site_file_is_that_of_the_environment_that_python_names(machine: Machine) -> None:
    """pip runs itself there under --python, and so reads the file there."""
    machine.write("prefix/pip.conf", "[global]\nretries = 1\n")
    machine.write("venv/pip.conf", "[global]\nretries = 2\n")
    machine.write("venv/bin/python", "")
    assert machine.plan("x").settings.network.retries == 1
    assert machine.plan("x", "--python", str(machine.root / "venv")).settings.network.retries == 2
    assert machine.plan("x", "--python", str(machine.root / "venv/bin/python")).settings.network.retries == 2


# --- safepip's configuration -----------------------------------------------------------------------------


def test_the_nearest_configuration_upward_is_taken(machine: Machine) -> None:
    """A pyproject.toml without [tool.safepip] does not count."""
    machine.write("safepip.toml", INDEX.format("far"))
    assert hosts(machine.plan("x")) == ["far.example"]
    machine.write("work/project/pyproject.toml", '[project]\nname = "x"\n[tool.other]\nsafepip = 1\n')
    assert hosts(machine.plan("x")) == ["far.example"]
    machine.write("work/pyproject.toml", INDEX.format("table").replace("[[index]]", "[[tool.safepip.index]]"))
    assert hosts(machine.plan("x")) == ["table.example"]
    machine.write("work/project/safepip.toml", INDEX.format("file"))
    assert hosts(machine.plan("x")) == ["file.example"]


ALLOW = '[[{}allow]]\nproject = "x"\nrule = "look-alike"\nreason = "seen"\n'


@pytest.mark.parametrize(
    ("files", "hidden"),
    [
        ({"work/safepip.toml": ALLOW.format(""), "work/pyproject.toml": "tool"}, True),
        ({"work/safepip.toml": INDEX.format("new"), "work/pyproject.toml": "tool"}, True),
        ({"work/project/pyproject.toml": ALLOW.format("tool.safepip."), "safepip.toml": "file"}, True),
        ({"work/project/safepip.toml": "", "work/pyproject.toml": "tool"}, True),
        ({"work/project/safepip.toml": ALLOW.format("")}, False),
        ({"work/project/safepip.toml": ALLOW.format(""), "work/pyproject.toml": "[tool.other]\nsafepip = 1\n"}, False),
        ({"work/project/safepip.toml": INDEX.format("new"), "work/pyproject.toml": "tool"}, False),
    ],
)
def test_no_configuration_hides_another(machine: Machine, files: dict[str, str], hidden: bool) -> None:
    """A file that declares its indexes stands for itself; one that does not would take claims out of force."""
    table = INDEX.format("claims").replace("[[index]]", "[[tool.safepip.index]]")
    for name, text in files.items():
        machine.write(name, {"tool": table, "file": INDEX.format("claims")}.get(text, text))
    if not hidden:
        assert "claims.example" not in hosts(machine.plan("x"))
        return
    error = machine.fails("x")
    assert (error.exit_code, error.diagnostics[0].reference) == (2, "hidden-configuration")
    for name in files:
        assert str(machine.root / name) in error.diagnostics[0].message
    named = str(machine.root / list(files)[-1])
    assert hosts(machine.plan("x", "--config", named)) == ["claims.example"]
    assert hosts(machine.plan("x", "--no-config")) == ["pips-own.example"]


@pytest.mark.parametrize(
    ("lines", "heading"),
    [
        ("[[allow]]", "[[tool.safepip.allow]]"),
        ("[[index]]", "[[tool.safepip.index]]"),
        ("[policy]\nfull-commits = true", "[tool.safepip.policy]"),
        ('trusted-hosts = ["x.example"]', "[tool.safepip]"),
    ],
)
def test_what_belongs_below_tool_safepip_is_not_passed_over_at_the_top(
    machine: Machine, lines: str, heading: str
) -> None:
    """A hint was pasted with the heading of a safepip.toml: it would have no effect."""
    machine.write("work/pyproject.toml", f"{lines}\n[tool.safepip.policy]\nfull-commits = true\n")
    (found,) = machine.fails("x").diagnostics
    assert found.reference == "bad-configuration"
    assert found.hint.endswith(f" {heading}")
    machine.write("work/pyproject.toml", f"{lines}\n[tool.other]\nsafepip = true\n")
    machine.plan("x")


def test_another_programs_broken_pyproject_is_passed_over_and_ones_own_is_not(machine: Machine) -> None:
    """What never says safepip is no configuration of safepip's."""
    machine.write("work/project/pyproject.toml", "[broken\n")
    assert hosts(machine.plan("x")) == ["pips-own.example"]
    machine.write("work/project/pyproject.toml", "[broken\n[tool.safepip]\n")
    assert machine.fails("x").diagnostics[0].reference == "bad-configuration"


def test_config_and_its_variable_name_a_file_and_no_config_names_none(machine: Machine) -> None:
    """The command line over the variable."""
    machine.write("work/project/safepip.toml", INDEX.format("near"))
    machine.write("work/other.toml", INDEX.format("other"))
    machine.write("home/mine.toml", INDEX.format("mine"))
    assert hosts(machine.plan("x", "--config", "../other.toml")) == ["other.example"]
    assert hosts(machine.plan("x", SAFEPIP_CONFIG="~/mine.toml")) == ["mine.example"]
    assert hosts(machine.plan("x", "--config", "../other.toml", SAFEPIP_CONFIG="~/mine.toml")) == ["other.example"]
    assert hosts(machine.plan("x", "--no-config")) == ["pips-own.example"]
    assert hosts(machine.plan("x", "--no-config", SAFEPIP_CONFIG="~/mine.toml")) == ["pips-own.example"]
    assert hosts(machine.plan("x", SAFEPIP_NO_CONFIG="1")) == ["pips-own.example"]
    assert hosts(machine.plan("x", "--config", "../other.toml", SAFEPIP_NO_CONFIG="1")) == ["other.example"]
    assert machine.fails("x", "--config", "a", "--no-config").exit_code == 2
    assert machine.fails("x", SAFEPIP_CONFIG="a", SAFEPIP_NO_CONFIG="1").exit_code == 2


def test_a_configuration_that_is_named_and_not_there_is_an_error(machine: Machine) -> None:
    """Going on without it would drop its rules."""
    assert machine.fails("x", "--config", "no.toml").diagnostics[0].reference == "missing-configuration"
    machine.write("work/project/pyproject.toml", "")
    assert machine.fails("x", SAFEPIP_CONFIG="pyproject.toml").diagnostics[0].reference == "missing-configuration"


def test_a_configuration_that_is_there_and_cannot_be_read_is_an_error(machine: Machine) -> None:
    """A folder, a link to nothing, bytes that are no text."""
    place = machine.project / "safepip.toml"
    place.mkdir()
    assert machine.fails("x").diagnostics[0].reference == "unreadable-configuration"
    place.rmdir()
    place.symlink_to("nowhere")
    assert machine.fails("x").diagnostics[0].reference == "unreadable-configuration"
    place.unlink()
    place.write_bytes(b"\xff\xfe")
    assert machine.fails("x").diagnostics[0].reference == "unreadable-configuration"


def test_machine_and_user_policy_hold_whatever_the_command_says(machine: Machine) -> None:
    """--no-config leaves out the project's file only; neither --isolated nor a variable moves the machine's."""
    machine.write("etc/safepip.toml", INDEX.format("machine"))
    for words in (("--no-config",), ("--isolated",), ("--no-config", "--isolated")):
        assert hosts(machine.plan("x", *words)) == ["machine.example"]
    machine.write("home/.config/safepip/safepip.toml", "[policy]\nforbid-trusted-hosts = true\n")
    plan = machine.plan("x", "--no-config")
    assert plan.policy.forbid_trusted_hosts
    assert plan.indexes[0].origin.source is Source.MACHINE_POLICY
    machine.write("work/project/safepip.toml", INDEX.format("project"))
    assert machine.fails("x").diagnostics[0].reference == "policy-loosened"


def test_the_users_policy_stands_below_the_machines_and_above_the_projects(machine: Machine) -> None:
    """What the machine's file gave to one index, the user's may not take away, nor the project's from the user's."""
    user = "home/.config/safepip/safepip.toml"
    machine.write(
        "etc/safepip.toml", '[[index]]\nname = "acme"\nurl = "https://acme.example/"\npackages = ["acme-*"]\n'
    )
    machine.write(user, '[[index]]\nname = "mine"\nurl = "https://mine.example/"\npackages = ["acme-x"]\n')
    (taken,) = machine.fails("x").diagnostics
    assert taken.reference == "policy-loosened"
    assert [origin.source for origin in taken.origins] == [Source.USER_POLICY, Source.MACHINE_POLICY]
    machine.write(user, '[[index]]\nname = "mine"\nurl = "https://mine.example/"\npackages = ["own-*"]\n')
    machine.write(
        "work/project/safepip.toml", '[[index]]\nname = "p"\nurl = "https://p.example/"\npackages = ["own-x"]\n'
    )
    (taken,) = machine.fails("x").diagnostics
    assert [origin.source for origin in taken.origins] == [Source.PROJECT_CONFIG, Source.USER_POLICY]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the place on Linux and other Unix systems")
def test_the_machines_policy_stands_at_a_fixed_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable moves it."""
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/elsewhere")
    assert machine_policy_path() == "/etc/safepip/safepip.toml"


def test_an_unknown_variable_of_safepips_is_an_error(machine: Machine) -> None:
    """A misspelt one would do nothing."""
    assert machine.fails("x", SAFEPIP_OFLINE="1").diagnostics[0].reference == "bad-variable"
    assert machine.fails("x", SAFEPIP_OFFLINE="maybe").diagnostics[0].reference == "bad-variable"
    assert machine.plan("x", SAFEPIP_OFFLINE="1").settings.network.offline
    assert not machine.plan("x", SAFEPIP_OFFLINE="").settings.network.offline


def test_a_number_of_pips_by_option_or_variable(machine: Machine) -> None:
    """The option goes first; what is no number is an error, for each with its place."""
    assert machine.plan("x").settings.jobs is None
    assert machine.plan("x", SAFEPIP_JOBS="").settings.jobs is None
    assert machine.plan("x", SAFEPIP_JOBS=" 3 ").settings.jobs == 3
    assert machine.plan("x", "--jobs", "2", SAFEPIP_JOBS="3").settings.jobs == 2
    for value in ("0", "-1", "two", "1.5", "\u0663", "9" * 30):
        (diagnostic,) = machine.fails("x", SAFEPIP_JOBS=value).diagnostics
        assert (diagnostic.reference, diagnostic.origins[0].where) == ("bad-variable", "SAFEPIP_JOBS")
    for value in ("0", "-1", "two", "1.5", ""):
        (diagnostic,) = machine.fails("x", "--jobs", value).diagnostics
        assert diagnostic.reference == "bad-option"
        assert "--jobs" in diagnostic.message


# --- credentials -----------------------------------------------------------------------------------------


def test_no_credential_is_in_a_plan_and_each_is_kept_for_its_origin(machine: Machine) -> None:
    """From the command line, the environment and pip's files."""
    machine.write("etc/pip/pip.conf", "[global]\nextra-index-url = https://u:canary1@one.example/s\n")
    plan = machine.plan(
        "https://u:canary2@two.example/x-1-py3-none-any.whl", "--proxy", "u:canary3@proxy.example:3128",
        "-i", "https://u:canary4@three.example/s", "--find-links=https://canary5@four.example/",
        PIP_CONSTRAINT="https://u:canary6@five.example/c.txt",
    )  # fmt: skip
    assert "canary" not in repr(plan)
    assert hosts(plan) == ["three.example", "one.example", "four.example"]
    assert plan.settings.requirements == ("https://two.example/x-1-py3-none-any.whl",)
    assert plan.settings.constraint_files == ("https://five.example/c.txt",)
    assert plan.settings.network.proxy == "http://proxy.example:3128"
    for number, host in ((1, "one"), (2, "two"), (4, "three"), (6, "five")):
        assert machine.credentials.for_url(f"https://{host}.example/s/x") == ("u", f"canary{number}")


def test_no_credential_is_in_an_error(machine: Machine) -> None:
    """Whatever is wrong with the value."""
    for words in (("-i", "htp://u:canary@one.example/"), ("-i", "http://u:canary@one.example/"),
                  ("-i", "u:canary@one.example"), ("-i", "https://one.example/?canary"),
                  ("--tmeout", "https://u:canary@x.example"), ("--timeout", "https://u:canary@x.example"),
                  ("--nope=https://u:canary@x.example/",)):  # fmt: skip
        error = machine.fails("x", *words)
        assert "canary" not in str(error)
        assert "canary" not in repr(error.diagnostics)


def test_a_local_folder_becomes_the_file_url_that_pip_makes_of_it(machine: Machine) -> None:
    """For names with spaces, percent signs and other letters."""
    from pip._internal.utils.urls import path_to_url

    locate = locator(World(machine.environ, str(machine.project)))
    for name in ("plain", "with space", "100%", "ä~b", "q?x#y"):
        (machine.project / name).mkdir()
        assert locate(name) == path_to_url(str(machine.project / name))
        assert locate(f"./{name}/../{name}") == path_to_url(str(machine.project / name))
    (machine.root / "home").mkdir()
    assert locate("~") == path_to_url(str(machine.root / "home"))
    assert locate("missing") is None
    assert locate("") is None
    assert locate("https://x.example/") is None


def test_start_up_imports_nothing_heavy() -> None:
    """A plan for a command without any configuration file needs none of these modules."""
    import subprocess

    script = f"""
import sys
from safepip.edges.user.arguments import make_plan
from safepip.edges.user.world import World
from safepip.edges.network.credentials import Credentials
nowhere = {NOWHERE!r}
world = World({{"HOME": nowhere}}, nowhere, nowhere, nowhere, nowhere)
make_plan("install", ["x"], world, Credentials({{}}), lambda: "https://x.example/")
print(sorted(set(sys.modules) & {{"httpx", "asyncio", "packaging", "rich", "email", "tomllib", "configparser",
    "difflib", "http.client", "platformdirs", "pathlib", "subprocess", "zipfile", "argparse", "html.parser",
    "optparse"}}))
"""
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['optparse']"
