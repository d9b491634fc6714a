"""Exceptions from the rules on wheels: `[[allow]]` and `forbid-allow`, one file and several levels."""

from __future__ import annotations

import ast
import inspect
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.config.level import Level, read_level
from safepip.config.merging import Declared, merge
from safepip.model.digest import Digest
from safepip.model.errors import Refused, UsageError
from safepip.model.origin import Source
from safepip.rules import judging as rules
from safepip.rules.context import objection
from safepip.rules.judging import RULES, Rule, judge
from safepip.text.toml_writing import toml_string
from support.clearing import context_of, wheel_under_review
from support.wheels import build_wheel

if TYPE_CHECKING:
    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

SHA256 = "sha256:" + "ab" * 32
WHEEL = "demo-1.0-py3-none-any.whl"
ALLOW = '[[allow]]\nproject = "demo"\nrule = "odd-module"\nreason = "we read it"\n'
OTHER = ALLOW.replace("odd-module", "odd-size")


def odd_module(reviewed: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Objects to every wheel that holds a file `odd.py`, and shows all files of it."""
    files = reviewed.content.entries
    return objection(reviewed, "odd-module", "holds odd.py", files) if "odd.py" in files else None


def odd_size(_reviewed: WheelUnderReview, _context: RuleContext) -> Diagnostic | None:
    """Never objects."""
    return None


@pytest.fixture(autouse=True)
def some_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rules that may be overruled, and one that may not, so that no test depends on which rules there are."""
    never = Rule("odd-name", odd_size, allowable=False)
    some = (never, Rule("odd-module", odd_module, allowable=True), Rule("odd-size", odd_size, allowable=True))
    monkeypatch.setattr(rules, "RULES", some)


def level(text: str, path: str = "safepip.toml", source: Source = Source.PROJECT_CONFIG) -> Level:
    found = read_level(text, path, source)
    assert found is not None
    return found


def problems(text: str, path: str = "safepip.toml") -> list[Diagnostic]:
    with pytest.raises(UsageError) as caught:
        level(text, path)
    return list(caught.value.diagnostics)


def merged(*texts: str) -> Declared:
    """Levels from the highest: the machine's, the user's, the project's."""
    sources = (Source.MACHINE_POLICY, Source.USER_POLICY, Source.PROJECT_CONFIG)
    paths = ("machine.toml", "user.toml", "project.toml")
    return merge([level(*each) for each in zip(texts, paths, sources, strict=False)], lambda: "")


def loosened(*texts: str) -> list[str]:
    """The two places that the one error names."""
    with pytest.raises(UsageError) as caught:
        merged(*texts)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.reference == "policy-loosened"
    return [str(origin) for origin in diagnostic.origins]


# --- one file -------------------------------------------------------------------------------------------------


def test_every_key_of_an_exception_reaches_the_policy() -> None:
    text = f'trusted-hosts = []\n\n{ALLOW}file = "{WHEEL}"\ndigest = "{SHA256}"\n'
    (exemption,) = merged(text.replace('"demo"', '"Demo"')).policy.exemptions
    assert exemption[:3] == ("demo", "odd-module", "we read it")
    assert (str(exemption.origin), exemption.origin.source) == ("machine.toml:3", Source.MACHINE_POLICY)
    assert (exemption.file, exemption.digest) == (WHEEL, Digest("sha256", "ab" * 32))


def test_a_rule_that_may_be_overruled_in_part_is_one_that_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order of its parts."""
    parts = (Rule("odd-module", odd_module, allowable=True), Rule("odd-module", odd_size, allowable=False))
    for order in (parts, parts[::-1]):
        monkeypatch.setattr(rules, "RULES", order)
        assert level(ALLOW).exemptions


def test_file_and_digest_may_be_left_out_and_an_exception_declares_no_index() -> None:
    policy = merged(ALLOW).policy
    assert policy.exemptions[0][4:] == (None, None, None)
    assert not policy.declared


def test_the_same_keys_stand_under_tool_safepip_in_a_pyproject() -> None:
    text = '[project]\nname = "x"\n' + ALLOW.replace("[[allow]]", "[[tool.safepip.allow]]")
    assert str(level(text, "pyproject.toml").exemptions[0].origin) == "pyproject.toml:3"
    (found,) = problems(text.replace("odd-module", "odd"), "pyproject.toml")
    assert str(found.origins[0]) == "pyproject.toml:5"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (ALLOW.replace('project = "demo"\n', ""), 1, "needs a project"),
        (ALLOW.replace('rule = "odd-module"\n', ""), 1, "needs a rule"),
        (ALLOW.replace('reason = "we read it"\n', ""), 1, "needs a reason"),
        (ALLOW.replace("we read it", "  "), 4, "not a reason"),
        (ALLOW.replace("we read it", "a\\u001b[2Jb"), 4, "not a reason"),
        (ALLOW.replace('"we read it"', "7"), 4, "string"),
        (ALLOW.replace('"demo"', '"de*"'), 2, "not a valid project name"),
        (ALLOW.replace('"demo"', '["demo"]'), 2, "string"),
        (ALLOW.replace("odd-module", "odd-modul"), 3, "did you mean 'odd-module'?"),
        (ALLOW.replace("odd-module", "everything"), 3, "odd-module, odd-size"),
        (ALLOW.replace("odd-module", "odd-name"), 3, "cannot be overruled"),
        (ALLOW.replace("odd-module", "unreadable-wheel"), 3, "cannot be overruled"),
        (ALLOW + 'files = "x.whl"\n', 5, "did you mean 'file'?"),
        (ALLOW + 'file = "demo-1.0.tar.gz"\n', 5, "not the file name of a wheel"),
        (ALLOW + 'file = "other-1.0-py3-none-any.whl"\n', 5, "not a wheel of demo"),
        (ALLOW + 'digest = "md5:d41d8cd98f00b204e9800998ecf8427e"\n', 5, "not a sha256 digest"),
        (ALLOW + f'digest = "sha512:{"ab" * 64}"\n', 5, "not a sha256 digest"),
        (ALLOW + 'digest = "sha256:"\n', 5, "64 hexadecimal digits"),
        (ALLOW + 'digest = "sha256:abc"\n', 5, "64 hexadecimal digits"),
        ("[allow]\n", 1, "two brackets"),
        ("allow = [1]\n", 1, "table"),
        ("[policy]\nforbid-allow = 'all'\n", 2, "true, false or a list"),
        ("[policy]\nforbid-allow = [1]\n", 2, "string"),
        ("[policy]\nforbid-allow = [\n  'odd-name',\n  'odd-siz',\n]\n", 4, "did you mean 'odd-size'?"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_a_way_out(text: str, line: int, words: str) -> None:
    """A misspelt exception must not pass for one."""
    (found,) = problems(text)
    assert found.reference == "bad-configuration"
    assert [str(origin) for origin in found.origins] == [f"safepip.toml:{line}"]
    assert words in found.message + found.hint


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    text = f'cooldown = 7\n{ALLOW.replace("odd-module", "x")}{ALLOW}digest = "x"\n[policy]\nforbid-allow = 3\n'
    assert [found.origins[0].line for found in problems(text)] == [1, 4, 10, 12]


@pytest.mark.parametrize("ban", ["true", '["odd-size", "odd-module"]'])
def test_one_file_may_not_forbid_the_exceptions_that_it_makes(ban: str) -> None:
    (found,) = problems(f"{ALLOW}[policy]\nforbid-allow = {ban}\n")
    assert found.reference == "bad-configuration"
    assert [str(origin) for origin in found.origins] == ["safepip.toml:1", "safepip.toml:6"]


def test_one_file_may_forbid_others_than_it_makes() -> None:
    assert merged(f'{ALLOW}[policy]\nforbid-allow = ["odd-size"]\n').policy.exemptions
    assert merged(f"{ALLOW}[policy]\nforbid-allow = false\n").policy.exemptions


# --- levels ---------------------------------------------------------------------------------------------------


def test_exceptions_of_all_levels_hold_and_the_highest_comes_first() -> None:
    origins = [str(exemption.origin) for exemption in merged(ALLOW, "", OTHER + ALLOW).policy.exemptions]
    assert origins == ["machine.toml:1", "project.toml:1", "project.toml:5"]


@pytest.mark.parametrize("ban", ["true", '["odd-module"]'])
def test_what_a_level_forbids_no_lower_level_allows_and_the_error_names_both_lines(ban: str) -> None:
    machine = f"[policy]\nforbid-allow = {ban}\n"
    assert loosened(machine, ALLOW) == ["user.toml:1", "machine.toml:2"]
    assert loosened(machine, "", ALLOW) == ["project.toml:1", "machine.toml:2"]
    assert loosened("", machine, ALLOW) == ["project.toml:1", "user.toml:2"]


def test_the_first_ban_is_the_one_that_is_named() -> None:
    machine = "[policy]\nforbid-allow = ['odd-module']\n"
    assert loosened(machine, machine, ALLOW)[1] == "machine.toml:2"


def test_a_ban_on_some_rules_leaves_the_others_to_lower_levels() -> None:
    assert len(merged("[policy]\nforbid-allow = ['odd-size']\n", ALLOW).policy.exemptions) == 1


def test_a_lower_level_does_not_lift_a_ban() -> None:
    for ban in ("true", '["odd-module"]'):
        machine = f"[policy]\nforbid-allow = {ban}\n"
        assert loosened(machine, "[policy]\nforbid-allow = false\n") == ["user.toml:2", "machine.toml:2"]
    # A shorter list adds nothing, and takes nothing away.
    assert loosened("[policy]\nforbid-allow = true\n", "[policy]\nforbid-allow = []\n", ALLOW)


def test_a_ban_below_leaves_the_exceptions_above() -> None:
    """Whoever answers for the machine has made them."""
    assert len(merged(ALLOW, "[policy]\nforbid-allow = true\n").policy.exemptions) == 1


# --- what an exception does --------------------------------------------------------------------------------------


def odd_wheel(name: str = "demo") -> WheelUnderReview:
    filename, data = build_wheel(name, "1.0", files={"odd.py": ""})
    return wheel_under_review(filename, data)


def refusal(*all_reviewed: WheelUnderReview, policy: str = "") -> list[Diagnostic]:
    with pytest.raises(Refused) as caught:
        judge(context_of(*all_reviewed), level(policy).exemptions)
    return list(caught.value.diagnostics)


def test_an_exception_overrules_its_rule_for_its_project_and_is_kept_with_the_wheel() -> None:
    (wheel,) = judge(context_of(odd_wheel()), level(ALLOW).exemptions)
    (allowed,) = wheel.allowed
    assert allowed[:2] == ("odd-module", "the wheel of demo 1.0 holds odd.py")
    assert allowed.exemption.reason == "we read it"


@pytest.mark.parametrize(
    "policy",
    [
        OTHER,
        ALLOW.replace('"demo"', '"other"'),
        ALLOW + 'file = "demo-1.0-py2-none-any.whl"\n',
        ALLOW + f'digest = "{SHA256}"\n',
    ],
)
def test_an_exception_that_does_not_fit_leaves_the_refusal_as_it_is(policy: str) -> None:
    assert refusal(odd_wheel(), policy=policy) == refusal(odd_wheel())


def test_a_rule_that_none_may_overrule_stands_whatever_the_policy_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where an allowance gets past the reading of the configuration."""
    exemptions = level(ALLOW).exemptions
    monkeypatch.setattr(rules, "RULES", (Rule("odd-module", odd_module, allowable=False),))
    with pytest.raises(Refused):
        judge(context_of(odd_wheel()), exemptions)


def block(hint: str) -> str:
    """The TOML of a hint, as a user copies it and gives a reason."""
    _, heading, rest = hint.partition("[[allow]]")
    assert rest.endswith('\nreason = "..."')
    return heading + rest.replace('"..."', '"read by us"')


def test_the_block_of_a_refusal_pasted_allows_this_wheel_and_no_other() -> None:
    (found,) = refusal(odd_wheel())
    pasted = block(found.hint)
    assert judge(context_of(odd_wheel()), level(pasted).exemptions)
    filename, data = build_wheel("demo", "1.0", files={"odd.py": "# another\n"})
    assert refusal(wheel_under_review(filename, data), policy=pasted)
    assert refusal(odd_wheel("other"), policy=pasted)
    pyproject = pasted.replace("[[allow]]", "[[tool.safepip.allow]]")
    assert level(pyproject, "pyproject.toml").exemptions[0][:2] == ("demo", "odd-module")
    assert "[[tool.safepip.allow]]" in found.hint


ALLOWABLE = {rule.check.__module__ for rule in RULES if rule.allowable}


@pytest.mark.parametrize("module", sorted({rule.check.__module__ for rule in RULES} - ALLOWABLE))
def test_a_rule_that_none_may_overrule_offers_no_block_to_paste(module: str) -> None:
    """Every `objection` in its file says so."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "objection"]
    for call in calls:
        stated = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert stated.get("allowable") == "False", ast.unparse(call)


@pytest.mark.parametrize("tag", ['py3-none-any."', "py3-none-any.\\", 'py3-none-any.""" #', "py3-none-any.\u202e"])
def test_the_block_of_a_wheel_with_a_strange_name_allows_that_wheel(tag: str) -> None:
    """Quotes, backslashes and invisible characters of a file name stay within its string."""
    _, data = build_wheel("demo", "1.0", files={"odd.py": ""})
    reviewed = wheel_under_review(f"demo-1.0-{tag}.whl", data)
    (found,) = refusal(reviewed)
    assert all(line.isprintable() for line in found.hint.splitlines())
    assert judge(context_of(reviewed), level(block(found.hint)).exemptions)


@settings(max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_toml_string_is_printable_and_says_the_text(text: str) -> None:
    """Whatever the text, quotes and control characters included."""
    written = toml_string(text)
    assert written.isprintable()
    assert tomllib.loads(f"x = {written}\n") == {"x": text}
