"""What configuration says of builds: read from one file, and merged so that a lower level only tightens."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safepip.config.level import Level, read_level
from safepip.config.merging import merge
from safepip.model.build import BuildMode, BuildPolicy, BuildRule, is_secret
from safepip.model.errors import UsageError
from safepip.model.origin import Origin, Source

SOURCES = (Source.MACHINE_POLICY, Source.USER_POLICY, Source.PROJECT_CONFIG)
PATHS = ("machine.toml", "user.toml", "project.toml")


def level(text: str, place: int = 2) -> Level:
    """A file of a level, counted from the machine's."""
    found = read_level(text, PATHS[place], SOURCES[place])
    assert found is not None
    return found


def merged(*texts: str) -> BuildPolicy:
    """What these say together, the machine's file first; each is the lines of `[policy]`."""
    levels = [level(f"[policy]\n{text}\n", place) for place, text in enumerate(texts)]
    return merge(levels, lambda: "https://default.example/").policy.builds


def problems(text: str, place: int = 2) -> list[tuple[str, int | None]]:
    """Messages with their lines."""
    with pytest.raises(UsageError) as caught:
        level(text, place)
    assert {found.reference for found in caught.value.diagnostics} == {"bad-configuration"}
    return [(found.message, found.origins[0].line) for found in caught.value.diagnostics]


FENCED, NEVER = 'builds = "fenced"', 'builds = "never"'


def test_each_form_reaches_the_policy_with_its_place() -> None:
    assert merged() == BuildPolicy()
    origin = Origin(Source.MACHINE_POLICY, "machine.toml", 2)
    assert merged(NEVER) == BuildPolicy(BuildMode.NEVER, origin)
    assert merged(FENCED) == BuildPolicy(BuildMode.FENCED, origin, fence_demanded=origin)
    text = """builds = [
    "Demo.App",
    { name = "tool", network = true, reason = "fetches headers" },
]
build-variables = ["ACME_SDK", "ACME_*"]"""
    assert merged(text) == BuildPolicy(
        BuildMode.NAMED,
        origin,
        (
            BuildRule("demo-app", origin=origin._replace(line=3)),
            BuildRule("tool", "fetches headers", True, origin._replace(line=4)),
        ),
        ("ACME_SDK", "ACME_*"),
    )
    assert merged("builds = []").mode is BuildMode.NAMED


def test_entries_may_be_tables_of_their_own() -> None:
    """TOML has two ways to write a list of tables."""
    text = '[[policy.builds]]\nname = "tool"\nreason = "no wheel"\n[[policy.builds]]\nname = "b"\nreason = "other"\n'
    builds = level(text).builds
    assert builds is not None
    assert [(rule.name, rule.reason, rule.origin.line) for rule in builds.rules] == [
        ("tool", "no wheel", 1),
        ("b", "other", 4),
    ]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('builds = "fence"', "not one of fenced, never", 2),
        ('builds = "named"', "not one of", 2),
        ("builds = true", "not one of", 2),
        ("builds = [1]", "must be a table", 2),
        ('builds = [\n  "a",\n  "./a",\n]', "'./a' is not a valid project name", 4),
        ('builds = [":all:"]', "not a valid project name", 2),
        ('builds = [\n  "a_b",\n  "A-B",\n]', "a-b twice", 4),
        ('builds = [{ name = "a" }]', "needs a reason", 2),
        ('builds = [{ reason = "it is needed" }]', "needs a name", 2),
        ('builds = [{ name = "a", reason = "..." }]', "is not a reason", 2),
        ('builds = [{ name = "a", reason = "why not", net = true }]', "unknown key 'net'", 2),
        ('builds = [{ name = "a", reason = "it is needed", network = "yes" }]', "true or false", 2),
        ("build-variables = 1", "list of strings", 2),
        ('build-variables = ["*"]', "not the name", 2),
        ('build-variables = ["A=1"]', "not the name", 2),
        ('build-variables = ["A*B"]', "not the name", 2),
        ('build-variables = ["HOME"]', "made anew", 2),
        ('build-variables = [\n  "ACME",\n  "ACME_TOKEN",\n]', "looks like a secret", 4),
    ],
)
def test_a_mistake_is_reported_with_its_line(text: str, words: str, line: int) -> None:
    found = problems(f"[policy]\n{text}\n")
    assert words in found[0][0]
    assert found[0][1] == line


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "DB_PASSWORD", "my_secret", "SIGNING_KEY", "PIP_INDEX_URL", "SAFEPIP_CONFIG", "UV_INDEX",
     "TWINE_USERNAME", "AWS_PROFILE", "HATCH_INDEX_AUTH", "GOOGLE_APPLICATION_CREDENTIALS", "MATURIN_PYPI_TOKEN"],
)  # fmt: skip
def test_a_secret_is_named_in_full_by_the_machine_or_the_user(name: str) -> None:
    """A project's file comes with code of other people; a pattern says nothing of what it covers."""
    assert is_secret(name)
    assert "looks like a secret" in problems(f'[policy]\nbuild-variables = ["{name}"]\n')[0][0]
    for place in (0, 1):
        assert level(f'[policy]\nbuild-variables = ["{name}"]\n', place).builds is not None
        assert "by a pattern" in problems(f'[policy]\nbuild-variables = ["{name}*"]\n', place)[0][0]


@pytest.mark.parametrize(
    "name", ["CFLAGS", "KEYMAP", "CMAKE_ARGS", "AUTHOR", "PATH", "PKG_CONFIG_PATH", "MONKEY", "PIPX"]
)
def test_what_is_not_a_secret_is_not_taken_for_one(name: str) -> None:
    assert not is_secret(name)
    assert level(f'[policy]\nbuild-variables = ["{name}"]\n').builds is not None


NETWORK = 'builds = [{ name = "a", network = true, reason = "it fetches" }]'


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (NEVER, FENCED),
        (NEVER, 'builds = ["a"]'),
        (NEVER, "builds = []"),
        (NEVER, 'build-variables = ["ACME"]'),
        ('builds = ["a"]', FENCED),
        ('builds = ["a"]', 'builds = ["a", "b"]'),
        ('builds = ["a"]', NETWORK),
        ("builds = []", 'builds = ["a"]'),
        (FENCED, NETWORK),
    ],
)
def test_a_lower_level_may_not_loosen(above: str, below: str) -> None:
    """Each by the next level and by the one after it; the error names both lines."""
    for texts in ((above, below), (above, "", below)):
        with pytest.raises(UsageError) as caught:
            merged(*texts)
        (found,) = caught.value.diagnostics
        assert found.reference == "policy-loosened"
        assert [str(origin) for origin in found.origins] == [f"{PATHS[len(texts) - 1]}:2", "machine.toml:2"]


def test_a_lower_level_may_tighten() -> None:
    assert merged('builds = ["a", "b"]', 'builds = ["b"]').rules[0].name == "b"
    assert merged('builds = ["a"]', NEVER).mode is BuildMode.NEVER
    assert merged(FENCED, NEVER).mode is BuildMode.NEVER
    assert merged(NEVER, NEVER).stated == Origin(Source.MACHINE_POLICY, "machine.toml", 2)
    assert merged("", FENCED).fence_demanded == Origin(Source.USER_POLICY, "user.toml", 2)
    below = merged(FENCED, "", 'builds = ["a"]')
    assert (below.mode, below.fence_demanded) == (BuildMode.NAMED, Origin(Source.MACHINE_POLICY, "machine.toml", 2))


def test_a_lower_list_keeps_the_reason_and_may_give_up_the_network() -> None:
    (rule,) = merged(NETWORK, 'builds = ["a"]').rules
    assert (rule.reason, rule.network, str(rule.origin)) == ("it fetches", False, "user.toml:2")
    (rule,) = merged(NETWORK, NETWORK).rules
    assert rule.network


def test_variables_of_all_levels_count_once() -> None:
    texts = ('build-variables = ["A", "B_*"]', "", 'build-variables = ["C", "A"]\nbuilds = "never"')
    assert merged(*texts).variables == ("A", "B_*", "C")


_STATED = st.sampled_from(
    ["", FENCED, NEVER, "builds = []", 'builds = ["a"]', 'builds = ["b"]', 'builds = ["a", "b"]', NETWORK]
)
_RANK = {BuildMode.FENCED: 0, BuildMode.NAMED: 1, BuildMode.NEVER: 2}


@given(_STATED, _STATED, _STATED)
def test_no_lower_level_makes_more_possible(machine: str, user: str, project: str) -> None:
    """Whatever a lower file says: it is an error, or nothing is allowed that was not allowed above."""
    with contextlib.suppress(UsageError):
        found = [merged(machine), merged(machine, user), merged(machine, user, project)]
        for above, below in pairwise(found):
            if above.stated is None:
                continue
            assert _RANK[below.mode] >= _RANK[above.mode]
            assert below.fence_demanded == (above.fence_demanded or below.fence_demanded)
            networks = {rule.name for rule in above.rules if rule.network}
            if above.mode is not BuildMode.FENCED:
                assert {rule.name for rule in below.rules} <= {rule.name for rule in above.rules}
            if above.mode is not BuildMode.FENCED or above.fence_demanded:
                assert {rule.name for rule in below.rules if rule.network} <= networks
