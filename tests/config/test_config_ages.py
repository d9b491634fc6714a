"""How old things have to be, as configuration and options say it: read, merged, and never loosened from below."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.config.level import Level, read_level
from safepip.config.merging import merge
from safepip.model.ages import DAY, AgePolicy, Cooldown
from safepip.model.errors import UsageError
from safepip.model.origin import BUILT_IN, Source
from safepip.model.spans import cutoff, day_and_time, read_cooldown, read_span, written
from support.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.errors import SafepipError

HOUR = 3600.0
NOW = 1e9  # 2001-09-09T01:46:40Z, which is when the machine of these tests lives


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Nothing configured yet."""
    return Machine(tmp_path)


def level(text: str, path: str = "safepip.toml") -> Level:
    found = read_level(text, path, Source.PROJECT_CONFIG)
    assert found is not None
    return found


def faults(text: str) -> list[tuple[str, int | None]]:
    with pytest.raises(UsageError) as caught:
        level(text)
    return [(d.message, d.origins[0].line) for d in caught.value.diagnostics]


def ages(*texts: str) -> AgePolicy:
    """The merged policy of these files, the highest first."""
    return merge([level(text, f"{n}.toml") for n, text in enumerate(texts)], lambda: "", NOW).policy.ages


def loosened(*texts: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        ages(*texts)
    assert {d.reference for d in caught.value.diagnostics} == {"policy-loosened"}
    assert {d.origins[0].where for d in caught.value.diagnostics} == {f"{len(texts) - 1}.toml"}
    return [d.message for d in caught.value.diagnostics]


def references(error: SafepipError) -> tuple[str, ...]:
    return tuple(d.reference for d in error.diagnostics)


# --- values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P3D", 3 * DAY),
        ("PT12H", 12 * HOUR),
        ("P1DT6H", 30 * HOUR),
        ("P2W", 14 * DAY),
        ("PT90M", 1.5 * HOUR),
        ("p1d", DAY),
        ("72h", 3 * DAY),
        ("3d", 3 * DAY),
        ("2w", 14 * DAY),
        (" 0 ", 0.0),
        ("P0D", 0.0),
        (0, 0.0),
    ],
)
def test_spans_are_those_of_iso_8601_and_the_short_forms(text: Any, seconds: float) -> None:
    assert read_cooldown(text, BUILT_IN) == Cooldown(seconds)


def test_dates_and_times_are_utc_unless_they_say_otherwise() -> None:
    day = datetime(2026, 1, 31, tzinfo=UTC).timestamp()
    for stated in ("2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31T02:00+02:00", datetime(2026, 1, 31, tzinfo=UTC)):
        assert read_cooldown(stated, BUILT_IN) == Cooldown(0.0, day)
    assert ages("[policy]\ncooldown = 2026-01-31").cooldown == ages('[policy]\ncooldown = "2026-01-31"').cooldown


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1Y", "P3M", "P-1D", "3", "72", "3m", "-3d", "three days", "P3DT", "P999999W", "2026-13-01", True,
     7, 3.5, "P\uff13D", "None", [], {}],
)  # fmt: skip
def test_what_is_no_age_is_an_error(text: Any) -> None:
    with pytest.raises(ValueError, match=r"is neither|is not|is more|has no"):
        read_cooldown(text, BUILT_IN)


@given(st.integers(0, 10**8))
def test_what_is_written_of_a_cooldown_reads_back(seconds: int) -> None:
    assert read_span(written(Cooldown(float(seconds)))) == seconds
    assert read_cooldown(day_and_time(float(seconds)), BUILT_IN).moment == seconds


def test_only_nought_holds_nothing_back() -> None:
    assert cutoff(Cooldown(0.0), NOW) == float("inf")
    assert cutoff(Cooldown(DAY), NOW) == NOW - DAY
    assert cutoff(Cooldown(0.0, 5.0), NOW) == 5.0


# --- files ---------------------------------------------------------------------------------------------------


def test_a_file_says_ages_for_all_for_indexes_and_for_projects() -> None:
    found = ages("""\
[policy]
cooldown = "P3D"
new-project-age = "P30D"

[policy.cooldowns]
"Demo_Core" = "0"

[[index]]
name = "acme"
url = "https://packages.acme.example/simple/"
cooldown = "PT12H"
""")
    assert found.cooldown is not None
    assert (found.cooldown.seconds, found.cooldown.origin.line) == (3 * DAY, 2)
    assert (found.projects["demo-core"].seconds, found.projects["demo-core"].origin.line) == (0.0, 6)
    assert (found.indexes["acme"].seconds, found.indexes["acme"].origin.line) == (12 * HOUR, 11)
    assert found.new_project == 30 * DAY


def test_where_nobody_says_anything_the_defaults_hold() -> None:
    assert ages() == ages("[policy]\nallow-direct = []") == AgePolicy()
    assert (AgePolicy().cooldown, AgePolicy().new_project, Cooldown().seconds) == (None, 7 * DAY, DAY)


def test_every_mistake_of_a_file_is_told_with_its_line() -> None:
    found = faults("""\
[policy]
cooldown = "soon"
new-project-age = "2026-01-01"
well-known-names = ""

[policy.cooldowns]
"-" = "0"
demo = 3
Demo = "P1D"

[[index]]
name = "acme"
url = "https://packages.acme.example/simple/"
cooldown = true
""")
    assert sorted(line or 0 for _, line in found) == [2, 3, 4, 7, 8, 14]
    assert any("'soon' is neither a span of time nor a date" in message for message, _ in found)


def test_one_project_has_one_cooldown_however_it_is_spelt() -> None:
    assert faults('[policy.cooldowns]\nDemo = "P1D"\ndemo = "P2D"') == [("demo has two cooldowns", 3)]


def test_cooldowns_is_a_table() -> None:
    assert faults('[policy]\ncooldowns = "P1D"')[0][0] == "policy.cooldowns must be a table"


# --- levels --------------------------------------------------------------------------------------------------

INDEX = '[[index]]\nname = "acme"\nurl = "https://packages.acme.example/simple/"\n'


def test_a_lower_level_may_lengthen_what_a_higher_one_says() -> None:
    found = ages(
        '[policy]\ncooldown = "P1D"\nnew-project-age = "P1D"', '[policy]\ncooldown = "P3D"\nnew-project-age = "2d"'
    )
    assert found.cooldown is not None
    assert (found.cooldown.seconds, found.new_project) == (3 * DAY, 2 * DAY)


def test_a_lower_level_may_not_shorten_what_a_higher_one_says() -> None:
    assert loosened('[policy]\ncooldown = "P3D"', '[policy]\ncooldown = "P1D"') == [
        "the cooldown is P3D, and may not become P1D"
    ]
    assert loosened('[policy]\nnew-project-age = "P3D"', '[policy]\nnew-project-age = "0"')
    assert loosened(f'{INDEX}cooldown = "P3D"', f'{INDEX}cooldown = "P2D"')
    assert loosened('[policy.cooldowns]\ndemo = "P3D"', '[policy.cooldowns]\ndemo = "P2D"')


def test_nor_by_speaking_of_a_project_or_an_index_where_the_higher_one_speaks_of_all() -> None:
    assert loosened('[policy]\ncooldown = "P3D"', '[policy.cooldowns]\ndemo = "0"')
    assert loosened('[policy]\ncooldown = "P3D"', f'{INDEX}cooldown = "0"')
    assert loosened(f'{INDEX}default = true\ncooldown = "P3D"', '[policy.cooldowns]\ndemo = "P2D"')
    assert loosened(f'{INDEX}packages = ["demo"]\ncooldown = "P3D"', '[policy.cooldowns]\ndemo = "P2D"')


def test_one_level_may_say_less_of_one_project_than_of_all() -> None:
    found = ages('[policy]\ncooldown = "P3D"\n[policy.cooldowns]\ndemo = "0"')
    assert found.projects["demo"].seconds == 0.0


def test_a_project_that_a_higher_level_claims_is_held_to_its_index_and_not_to_all() -> None:
    above = f'{INDEX}packages = ["demo"]\n[policy]\ncooldown = "P3D"'
    assert ages(above, '[policy.cooldowns]\ndemo = "P1D"').projects["demo"].seconds == DAY
    assert loosened(above, '[policy.cooldowns]\nother = "P1D"')


def test_the_defaults_are_firm_below_a_level_that_forbids_exceptions() -> None:
    ban = "[policy]\nforbid-allow = true\n"
    for below, what in (
        ('[policy]\ncooldown = "1h"\n', "the cooldown is P1D, and may not become PT1H"),
        ('[policy.cooldowns]\ndemo = "0"\n', "the cooldown of demo is P1D, and may not become 0"),
        ('[[index]]\nname = "a"\nurl = "https://a.example/"\ncooldown = "0"\n',
         "the cooldown of the index a is P1D, and may not become 0"),
        ('[policy]\nnew-project-age = "1d"\n', "new-project-age is P7D, and may not become P1D"),
        ('[policy]\nwell-known-names = "l.txt"\n',
         "exceptions from look-alike are forbidden, and another list of well-known names makes some"),
    ):  # fmt: skip
        assert loosened(ban, below) == [what]
        assert ages(below) is not None
    assert ages(ban + 'cooldown = "1h"\n').cooldown is not None
    assert ages('[policy]\nforbid-allow = ["late-file"]\n', '[policy]\ncooldown = "1h"\n').cooldown is not None


def test_a_date_and_a_span_are_compared_at_the_moment_of_the_run() -> None:
    date = f'[policy]\ncooldown = "{day_and_time(NOW - 2 * DAY)}"'
    assert ages(date, '[policy]\ncooldown = "P3D"').cooldown is not None
    assert loosened(date, '[policy]\ncooldown = "P1D"')
    assert loosened('[policy]\ncooldown = "P3D"', date)


def test_a_date_to_come_shortens_nothing() -> None:
    """A moment after the run holds back no file that there is, and so may not follow a span."""
    assert loosened('[policy]\ncooldown = "PT1H"', '[policy]\ncooldown = "2030-01-01"')


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(("0", "PT1H", "P1D", "P3D", "P30D", "2001-09-08", "2001-08-01")), min_size=1, max_size=4)
)
def test_what_is_merged_holds_back_at_least_as_much_as_each_level(values: list[str]) -> None:
    try:
        found = ages(*(f'[policy]\ncooldown = "{value}"' for value in values))
    except UsageError:
        cutoffs = [cutoff(read_cooldown(value, BUILT_IN), NOW) for value in values]
        assert cutoffs != sorted(cutoffs, reverse=True)
        return
    assert found.cooldown is not None
    for value in values:
        assert cutoff(found.cooldown, NOW) <= cutoff(read_cooldown(value, BUILT_IN), NOW)


def test_the_list_of_well_known_names_is_said_once(machine: Machine) -> None:
    policy = 'well-known-names = "lists/names.txt"'
    machine.write("etc/safepip.toml", f"[policy]\n{policy}")
    found = machine.plan("demo").policy
    assert found.well_known_names == str(machine.root / "etc" / "lists" / "names.txt")
    assert found.well_known_origin.line == 2
    machine.write("work/safepip.toml", f"[policy]\n{policy}")
    assert references(machine.fails("demo")) == ("policy-loosened",)
    machine.write("work/safepip.toml", "[policy]")
    error = machine.fails("demo", "--well-known-names", "mine.txt")
    assert references(error) == ("policy-loosened",)


# --- options -------------------------------------------------------------------------------------------------


def test_the_options_reach_the_settings_of_every_verb_that_decides(machine: Machine) -> None:
    for verb in ("install", "download", "lock"):
        words = (
            "demo",
            "--cooldown",
            "72h",
            "--allow-name",
            "De_mo",
            "--allow-name",
            "x",
            "--well-known-names",
            "n.txt",
        )
        found = machine.plan(*words, verb=verb)
        assert found.settings.cooldown is not None
        assert found.settings.cooldown.seconds == 3 * DAY
        assert found.settings.cooldown.origin.source is Source.COMMAND_LINE
        assert found.settings.allow_names == {"de-mo", "x"}
        assert found.settings.well_known_names == str(machine.project / "n.txt")
        assert found.now == NOW
    plain = machine.plan("demo").settings
    assert (plain.cooldown, plain.allow_names, plain.well_known_names) == (None, frozenset(), None)


@pytest.mark.parametrize("words", [("--cooldown", "soon"), ("--allow-name", "a b"), ("--well-known-names", "")])
def test_a_value_that_cannot_be_is_a_bad_option(machine: Machine, words: tuple[str, str]) -> None:
    error = machine.fails("demo", *words)
    assert (references(error), error.exit_code) == (("bad-option",), 2)


def test_the_option_may_lengthen_policy_and_not_shorten_it(machine: Machine) -> None:
    machine.write("work/safepip.toml", '[policy]\ncooldown = "P3D"')
    assert machine.plan("demo", "--cooldown", "P4D").settings.cooldown is not None
    assert references(machine.fails("demo", "--cooldown", "P2D")) == ("policy-loosened",)
    assert references(machine.fails("demo", "--cooldown", "0")) == ("policy-loosened",)


def test_the_option_may_shorten_the_default_that_is_nobodys_policy(machine: Machine) -> None:
    machine.write("work/safepip.toml", '[policy]\nnew-project-age = "P3D"')
    assert machine.plan("demo", "--cooldown", "0").settings.cooldown is not None


@pytest.mark.parametrize("words", [("--cooldown", "0"), ("--well-known-names", "list.txt")])
def test_no_option_goes_around_a_ban_on_exceptions(machine: Machine, words: tuple[str, str]) -> None:
    machine.write("work/safepip.toml", "[policy]\nforbid-allow = true")
    assert references(machine.fails("demo", *words)) == ("policy-loosened",)
    assert machine.plan("demo", "--cooldown", "P2D").settings.cooldown is not None


@pytest.mark.parametrize("ban", ["true", '["look-alike"]', '["new-project"]'])
def test_a_name_is_not_allowed_where_exceptions_are_forbidden(machine: Machine, ban: str) -> None:
    machine.write("work/safepip.toml", f"[policy]\nforbid-allow = {ban}")
    assert set(references(machine.fails("demo", "--allow-name", "demo"))) == {"policy-loosened"}
    machine.write("work/safepip.toml", '[policy]\nforbid-allow = ["wrong-record"]')
    assert machine.plan("demo", "--allow-name", "demo").settings.allow_names == {"demo"}


# --- exceptions ----------------------------------------------------------------------------------------------


def exception(rule: str, more: str = "") -> str:
    return f'[[allow]]\nproject = "demo"\nrule = "{rule}"\nreason = "looked at"\n{more}'


@pytest.mark.parametrize("rule", ["look-alike", "new-project", "cooldown", "late-file", "yanked"])
def test_the_rules_on_names_and_ages_take_exceptions(rule: str) -> None:
    (exemption,) = level(exception(rule)).exemptions
    assert (exemption.rule, exemption.project) == (rule, "demo")
    ban = level(f'[policy]\nforbid-allow = ["{rule}"]')
    with pytest.raises(UsageError, match="forbidden"):
        merge([ban, level(exception(rule))], lambda: "")


@pytest.mark.parametrize("rule", ["cooldown", "late-file", "yanked"])
def test_an_exception_from_an_age_may_be_for_one_file(rule: str) -> None:
    more = f'file = "demo-1.0-py3-none-any.whl"\ndigest = "sha256:{"0" * 64}"'
    (exemption,) = level(exception(rule, more)).exemptions
    assert exemption.file == "demo-1.0-py3-none-any.whl"


@pytest.mark.parametrize("rule", ["look-alike", "new-project"])
def test_an_exception_from_a_rule_on_names_is_for_the_project(rule: str) -> None:
    assert faults(exception(rule, 'file = "demo-1.0-py3-none-any.whl"')) == [
        (f"{rule} is about a whole project, so file cannot narrow it", 5)
    ]
