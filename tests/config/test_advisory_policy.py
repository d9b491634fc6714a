"""What configuration says of advisories: read from one file, and merged so that a lower level only tightens."""

from __future__ import annotations

import pytest

from safepip.config.level import Level, read_level
from safepip.config.merging import merge
from safepip.model.advisories import Ignore, Severity
from safepip.model.advisory_policy import AdvisoryPolicy, AdvisorySource
from safepip.model.errors import UsageError
from safepip.model.origin import Origin, Source

SOURCES = (Source.MACHINE_POLICY, Source.USER_POLICY, Source.PROJECT_CONFIG)
PATHS = ("machine.toml", "user.toml", "project.toml")

#: The end of 2026, in seconds since the epoch.
END = 1_798_761_600.0

IGNORE = '[[ignore]]\nid = "CVE-1"\nproject = "Demo_X"\nreason = "not used here"\nuntil = 2026-12-31\n'


def level(text: str, place: int = 2) -> Level:
    found = read_level(text, PATHS[place], SOURCES[place])
    assert found is not None
    return found


def merged(*texts: str) -> AdvisoryPolicy:
    """What these files say together, the machine's first."""
    levels = [level(text, place) for place, text in enumerate(texts)]
    return merge(levels, lambda: "https://default.example/").policy.advisories


def problems(*texts: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        merged(*texts)
    return [problem.message for problem in caught.value.diagnostics]


def source(**keys: str) -> str:
    return "[[advisories]]\n" + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())


def test_a_source_has_a_name_and_one_place() -> None:
    """And an age beyond which it proves nothing."""
    (first, second) = merged(
        source(name='"a"', path='"db"', max_age='"P7D"') + source(name='"b"', url='"https://osv.example/PyPI.zip"')
    ).sources
    assert first == AdvisorySource("a", Origin(SOURCES[0], "machine.toml", 1), path="db", max_age=7 * 86_400.0)
    assert second[2:4] == ("", "https://osv.example/PyPI.zip")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (source(path='"db"'), "needs a name"),
        (source(name='"a"'), "needs either a path or a url"),
        (source(name='"a"', path='"db"', url='"https://osv.example/a.zip"'), "needs either a path or a url"),
        (source(name='"a"', url='"https://osv.example/"', max_age='"1d"'), "max-age is for files"),
        (source(name='"a"', url='"https://osv.example/a.zip"', claimed="true"), "claimed is for servers"),
        (source(name='"a"', url='"ftp://osv.example/a.zip"'), "by https: or http:"),
        (source(name='"a"', url='"https://osv.example/a.zip?key=1"'), "nor a query"),
        (source(name='"a"', path='"db"', max_age='"soon"'), "is not a span of time"),
        (source(name='"a"', path='"db"', max_age='"0"'), "is not a span of time"),
        (source(name='"a"', path='"db"', max_ages='"1d"'), "unknown key 'max-ages'"),
        ('[advisories]\nname = "a"', "with two brackets"),
        ('[policy]\nvulnerabilities = "refuse:moderate"', "is not known"),
        ('[policy]\nadvisories = "yes"', "is not known"),
        (IGNORE.replace('reason = "not used here"\n', ""), "needs a reason"),
        (IGNORE.replace("until = 2026-12-31\n", ""), "needs a until"),
        (IGNORE.replace("not used here", "TODO"), "is not a reason"),
        (IGNORE.replace("2026-12-31", '"some day"'), "is not a date"),
        (IGNORE.replace("Demo_X", "demo x"), "is not a valid project name"),
        ('[[vex]]\nproduct = "app"', "needs a path"),
        ('[[vex]]\npath = " "', "is empty or unprintable"),
        ('[[vex]]\npath = "a.json"\nproduct = ""', "is empty or unprintable"),
        ('[[vex]]\npath = "a.json"\nproducts = "app"', "unknown key 'products'"),
        ('vex = "a.json"', "with two brackets"),
    ],
)
def test_a_mistake_is_an_error_at_its_line(text: str, message: str) -> None:
    """A misspelt rule would do nothing."""
    assert any(message in problem for problem in problems(text))


def test_an_ignore_has_an_end_and_a_reason() -> None:
    """The end is that of its day, in UTC."""
    place = Origin(SOURCES[0], "machine.toml", 1)
    assert merged(IGNORE).ignores == (Ignore("CVE-1", "demo-x", "not used here", END, place),)


def test_a_lower_level_adds_and_tightens() -> None:
    """More sources, more that is refused, and that advisories are there at all."""
    policy = merged(
        source(name='"a"', path='"db"') + '[policy]\nvulnerabilities = "refuse:critical"\n',
        source(name='"b"', path='"db"') + '[policy]\nvulnerabilities = "refuse:high"\nadvisories = "required"\n',
        '[policy]\nvulnerabilities = "refuse"\n',
    )
    assert [each.name for each in policy.sources] == ["a", "b"]
    assert policy.refuse is Severity.LOW
    assert policy.required == Origin(SOURCES[1], "user.toml", 6)


@pytest.mark.parametrize(
    ("above", "below", "message"),
    [
        (source(name='"a"', path='"db"'), source(name='"a"', path='"empty"'), "declared twice"),
        ('[policy]\nvulnerabilities = "refuse"', '[policy]\nvulnerabilities = "refuse:high"', "more vulnerabilities"),
        ('[policy]\nvulnerabilities = "refuse"', '[policy]\nvulnerabilities = "note"', "more vulnerabilities"),
        ('[policy]\nadvisories = "required"', '[policy]\nadvisories = "optional"', "advisories are required"),
        ("[policy]\nforbid-allow = true", IGNORE, "exceptions from known-vulnerability are forbidden"),
        ('[policy]\nforbid-allow = ["known-malware"]', IGNORE, "exceptions from known-malware are forbidden"),
        ('[policy]\nforbid-allow = ["known-vulnerability"]', '[[vex]]\npath = "a.json"', "and VEX is one"),
    ],
)
def test_a_lower_level_loosens_nothing(above: str, below: str, message: str) -> None:
    """The error names both places."""
    assert any(message in problem for problem in problems(above, below))
