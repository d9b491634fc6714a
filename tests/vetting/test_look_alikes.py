"""Names that resemble well-known ones: what resembles what, laws that hold for every name, and lists of names."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.edges.disk.well_known import shipped_names
from safepip.model.names import normalise
from safepip.rules.standard_library import BACKPORTS as CARRIERS
from safepip.vetting.import_names import IMPORT_NAMES
from safepip.vetting.look_alikes import KnownNames, UnusableNames, read_names
from safepip.vetting.name_shapes import one_edit
from safepip.vetting.standard_names import BACKPORTS, STANDARD_NAMES

if TYPE_CHECKING:
    from types import FrameType

SHIPPED = read_names(shipped_names())
KNOWN = KnownNames(SHIPPED)

#: With `popular=3` the first is foremost, two more are popular, three more guarded: the last two are among these.
FEW = ("requests", "matplotlib", "python-slugify", "acquisition", "jellyfish")


def few(name: str, own: tuple[str, ...] = ()) -> tuple[str, str, bool] | None:
    """What a name resembles among `FEW`: the known name, the kind, whether strongly."""
    found = KnownNames(FEW, own, popular=3).resemblance(name)
    return None if found is None else (found.known, found.kind, found.strong)


# --- what resembles what ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("python3-dateutil", "python-dateutil"),
        ("jeIlyfish", "jellyfish"),
        ("colourama", "colorama"),
        ("diango", "django"),
        ("urlib3", "urllib3"),
        ("setup-tools", "setuptools"),
        ("acqusition", "acquisition"),
        ("request", "requests"),
        ("tensorfolw", "tensorflow"),
        ("lxlm", "lxml"),
        ("requirements.txt", "requirements.txt"),
        ("requirementstxt", "requirements.txt"),
        ("crypt", "crypt"),
    ],
)
def test_squats_that_were_found_resemble_what_they_imitated_by_the_list_of_the_package(name: str, known: str) -> None:
    found = KNOWN.resemblance(name)
    assert found is not None
    assert found.known == known


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("re-quests", ("requests", "separator", True)),
        ("mat-plot-lib", ("matplotlib", "separator", True)),
        ("matp1otlib", ("matplotlib", "homoglyph", True)),
        ("rnatplotlib", ("matplotlib", "homoglyph", True)),
        ("r3quests", ("requests", "homoglyph", True)),
        ("m4tp1otl1b", ("matplotlib", "homoglyph", True)),
        ("request5", ("requests", "edit", False)),
        ("requ3st5", ("requests", "homoglyph", True)),
        ("m4tplotlib3", None),
        ("slugify-python", ("python-slugify", "order", True)),
        ("slugify", ("python-slugify", "import-name", False)),
        ("python3-requests", ("requests", "affix", True)),
        ("requests-py", ("requests", "affix", True)),
        ("pythonrequests", ("requests", "affix", True)),
        ("python3-matplotlib", ("matplotlib", "affix", False)),
        ("requests-latest", ("requests", "affix", False)),
        ("requestspro", ("requests", "affix", False)),
        ("requets", ("requests", "edit", True)),
        ("rezuests", ("requests", "edit", True)),
        ("grequests", ("requests", "edit", True)),
        ("request", ("requests", "edit", True)),
        ("requests2", ("requests", "edit", False)),
        ("matpoltlib", ("matplotlib", "edit", True)),
        ("matplotlibs", ("matplotlib", "edit", False)),
        ("acqusition", ("acquisition", "edit", False)),
        ("aqcuisition", ("acquisition", "edit", False)),
        ("je11yfish", ("jellyfish", "homoglyph", False)),
        ("urllib2", ("urllib2", "standard-library", False)),
        ("Sub_Process", None),
        ("subprocess", ("subprocess", "standard-library", False)),
        ("requirements-dev.txt", ("requirements.txt", "requirements-file", True)),
        ("requirement.txt", ("requirements.txt", "requirements-file", True)),
        ("requirement_test.in", ("requirements.in", "requirements-file", True)),
        ("reqirements.txt", ("requirements.txt", "requirements-file", True)),
        ("constraints.txt", ("constraints.txt", "requirements-file", True)),
        ("requirementsin", ("requirements.in", "requirements-file", True)),
        ("requirmentstxt", ("requirements.txt", "requirements-file", True)),
        ("constrainttxt", ("constraints.txt", "requirements-file", True)),
        ("requirements-dev-in", ("requirements.in", "requirements-file", True)),
        ("requirements-dev_txt", ("requirements.txt", "requirements-file", True)),
    ],
)
def test_the_kind_and_strength_of_a_resemblance(name: str, expected: tuple[str, str, bool] | None) -> None:
    assert few(name) == expected


def test_a_name_that_lacks_python_resembles_a_foremost_name_only() -> None:
    names = ("python-crontab", "requests", "python-gflags")
    assert KnownNames(names, popular=3).resemblance("crontab") is not None
    assert KnownNames(names, popular=3).resemblance("gflags") is None


@pytest.mark.parametrize(("module", "project"), IMPORT_NAMES.items())
def test_an_import_name_leads_to_a_well_known_project_and_is_none_itself(module: str, project: str) -> None:
    assert (module, project) == (normalise(module), normalise(project))
    assert project in KNOWN
    assert module not in KNOWN
    found = KNOWN.resemblance(module)
    assert found is not None
    assert (found.known, found.strong) in [(project, False), (found.known, True)]


@pytest.mark.parametrize("prefix", ["python-", "python3-", "Python3_"])
@pytest.mark.parametrize(("module", "project"), IMPORT_NAMES.items())
def test_an_import_name_as_linux_distributions_write_it_leads_there_too(prefix: str, module: str, project: str) -> None:
    """`apt install python3-yaml` is what many remember."""
    name = normalise(prefix + module)
    found = KNOWN.resemblance(name)
    if found is None:
        assert name in KNOWN or project.startswith("python-")
    else:
        assert found.known == project or found.strong


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("numpi", "numpy"),
        ("scikit_lern", "scikit-learn"),
        ("Beautifulsoup", "beautifulsoup4"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_a_guess_is_looser_than_a_resemblance_and_names_what_is_known(name: str, guess: str | None) -> None:
    assert KNOWN.nearest(name) == guess


def test_a_guess_may_be_a_claimed_name_and_never_a_pattern() -> None:
    assert KnownNames(FEW, ("billing", "acme-*")).nearest("biling") == "billing"
    assert KnownNames(FEW, ("acme-*",)).nearest("acme") is None


@pytest.mark.parametrize(
    "name",
    [
        "matplotlib2",  # a digit, and not foremost
        "gmatplotlib",  # a letter before the name of what is wrapped, and not foremost
        "yaml",  # the module of a project that the list does not have
        "matplotlib-py",  # no name that a Linux distribution gives
        "python-jellyfish",  # an affix to one that is only known
        "jellyfis",  # an end, and only known
        "requests-security-helper",
        "matplotlib-requests",
        "slugs",
        "a",
        "requirements-parser",
        "requirements-plugin",
        "constraints-plugin",
        "requirements-main",
        "requirements-domain",
        "requirements-bin",
        "requirementsbin",
        "constraintbin",
        "requirements-builtin",
    ],
)
def test_what_honest_names_have_in_common_is_no_resemblance(name: str) -> None:
    assert few(name) is None


@pytest.mark.parametrize("name", [*FEW, "Requests", "python_slugify", "PYTHON.SLUGIFY", *sorted(BACKPORTS)])
def test_a_known_name_resembles_nothing_however_it_is_spelt(name: str) -> None:
    known = KnownNames(FEW)
    assert name in known
    assert known.resemblance(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acrne-tools", ("acme-*", "homoglyph", True)),
        ("acm3-tools", ("acme-*", "homoglyph", True)),
        ("4cm3-tools", ("acme-*", "homoglyph", True)),
        ("teamt-tools", ("team7-*", "homoglyph", True)),
        ("team8-tools", None),
        ("bi-vv-vv-tools", ("bi-w-w-*", "homoglyph", True)),
        ("b1lling-cor3", ("billing-core", "homoglyph", True)),
        ("acem-tools", ("acme-*", "edit", True)),
        ("billingcore", ("billing-core", "separator", True)),
        ("bi11ing-core", ("billing-core", "homoglyph", True)),
        ("billing-cores", ("billing-core", "edit", True)),
        ("python-billing-core", ("billing-core", "affix", True)),
        ("bigcorp-tools", ("big-corp-*", "separator", True)),
        ("bigcrp-tools", None),
        ("big-crop-tools", ("big-corp-*", "edit", True)),
        ("bigg-corp", None),
        ("acme", None),
        ("acmefoo", None),
        ("acme-tools", None),
        ("ACME.tools", None),
    ],
)
def test_what_resembles_a_claimed_name_or_pattern_does_so_strongly(name: str, expected: object) -> None:
    assert few(name, ("billing-core", "acme-", "big-corp-*", "bi-w-w-*", "team7-*")) == expected


def test_a_strong_resemblance_is_told_before_a_weak_one() -> None:
    known = KnownNames(["requests", "re-quests2"], popular=1)
    found = known.resemblance("requests2")
    assert found is not None
    assert found.known == "re-quests2"  # weak, and the first that is found
    found = KnownNames(["rquests2", "requests2x", "re-quests2"], popular=2).resemblance("requests2")
    assert found is not None
    assert (found.known, found.strong) == ("rquests2", True)


def test_nothing_is_known_and_nothing_resembled_where_there_is_no_name() -> None:
    known = KnownNames([])
    assert known.resemblance("requests") is None
    assert known.resemblance("subprocess") is not None


def test_the_standard_names_are_those_of_this_python_and_its_backports_those_that_the_rule_on_wheels_knows() -> None:
    hidden = {"this", "antigravity", "idlelib"}
    public = {name.lower() for name in sys.stdlib_module_names if not name.startswith("_")} - hidden
    assert public <= STANDARD_NAMES
    assert {name for name in CARRIERS if name in STANDARD_NAMES} == BACKPORTS


# --- how much is flagged and caught ----------------------------------------------------------------------------------


def test_fewer_honest_names_of_the_list_are_flagged_than_the_rule_elsewhere_flags() -> None:
    """Without those at its end that are on it because they were flagged."""
    names = read_names(shipped_names().partition("\n# Neighbours:")[0])
    assert 0 < len(SHIPPED) - len(names) < 100
    flagged = 0
    for part in range(10):
        known = KnownNames([name for at, name in enumerate(names) if at % 10 != part])
        flagged += sum(known.resemblance(name) is not None for name in names[part::10])
    assert flagged / len(names) < 0.0062


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (lambda name, at: name[:at] + name[at + 1 :], 0.5),
        (lambda name, at: name[:at] + name[at + 1] + name[at] + name[at + 2 :], 0.9),
        (lambda name, at: name[:at] + name[at] + name[at:], 0.9),
        (lambda name, at: name[:at] + "-" + name[at:], 0.95),
        (lambda name, at: f"python3-{name}", 0.7),
    ],
    ids=["left out", "transposed", "doubled", "separated", "affixed"],
)
def test_most_imitations_of_popular_names_are_caught(change: object, least: float) -> None:
    assert callable(change)
    made = {change(name, at) for name in SHIPPED[:300] for at in range(1, len(name) - 1)}
    made = {name for name in made if name not in KNOWN and "--" not in name}
    assert sum(KNOWN.resemblance(name) is not None for name in made) / len(made) >= least


# --- names that nobody could have chosen ------------------------------------------------------------------------------


def steps(known: KnownNames, name: str) -> int:
    """How many calls of functions, Python's own included, it takes to compare a name."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        known.resemblance(name)
    finally:
        sys.setprofile(before)
    return counted


def test_a_name_of_thousands_of_words_or_letters_takes_no_more_steps_than_any_other() -> None:
    """Whoever writes the metadata of a wheel chooses it: each step is at most linear, and their number is bounded."""
    known = KnownNames(FEW, ["acme-", "big-corp-", "billing-core"], popular=3)
    known.resemblance("something")
    usual = max(steps(known, name) for name in ("acme2-tools", "big-crp-of-many-words", "some-thing"))
    for name in ("-".join("a" * 8_000), "-".join(["acmee"] * 7_000), "a" * 16_000, "-".join(["big", *"c" * 7_000])):
        assert steps(known, name) < 10 * usual


# --- laws ------------------------------------------------------------------------------------------------------------

_PARTS = st.text("abeilmnorst1023", min_size=1, max_size=9)
_NAMES = st.lists(_PARTS, min_size=1, max_size=3).map("-".join)


def _mutants(name: str) -> st.SearchStrategy[str]:
    """Names close to one: edited, affixed, reordered, other separators."""
    places = st.integers(0, len(name) - 1)
    letters = st.sampled_from("abil10s")
    return st.one_of(
        st.builds(lambda at, letter: name[:at] + letter + name[at:], places, letters),
        st.builds(lambda at, letter: name[:at] + letter + name[at + 1 :], places, letters),
        places.map(lambda at: name[:at] + name[at + 1 :] or "a"),
        places.map(lambda at: name[:at] + name[at : at + 2][::-1] + name[at + 2 :]),
        st.sampled_from([f"python-{name}", f"{name}-py", f"py-{name}", f"{name}-new", f"lib{name}", name]),
        st.just("-".join(reversed(name.split("-")))),
        st.just(name.replace("-", "")),
    ).map(lambda text: text.strip("-").replace("--", "-") or "a")


_ASKED = st.one_of(_NAMES, st.sampled_from(SHIPPED[:1200]).flatmap(_mutants))
_LISTS = st.lists(st.one_of(_NAMES, st.sampled_from(SHIPPED[:1200])), max_size=12)


def _spelt(name: str, choice: int) -> str:
    """One of the spellings that PEP 503 holds for the same name."""
    separators = ("-", "_", ".", "-_", "..")
    text = name.replace("-", separators[choice % len(separators)])
    return text.upper() if choice % 2 else text


@settings(max_examples=150)
@given(_ASKED, st.integers(0, 9), _LISTS, st.integers(0, 9))
def test_how_a_name_is_spelt_never_changes_what_it_resembles(asked: str, one: int, names: list[str], two: int) -> None:
    for known, other in (
        (KNOWN, KNOWN),
        (KnownNames([*names, asked]), KnownNames([_spelt(name, two) for name in [*names, asked]])),
        (KnownNames(names, popular=4), KnownNames([_spelt(name, two) for name in names], popular=4)),
    ):
        assert known.resemblance(asked) == other.resemblance(_spelt(asked, one))


@settings(max_examples=100)
@given(st.lists(_ASKED, min_size=1, max_size=6), _LISTS, st.randoms(use_true_random=False))
def test_the_order_in_which_names_are_asked_never_changes_an_answer(
    asked: list[str], names: list[str], chance: object
) -> None:
    first = {name: KnownNames(names, popular=4).resemblance(name) for name in asked}
    again = KnownNames(names, popular=4)
    chance.shuffle(asked)  # type: ignore[attr-defined]  # random.Random
    assert {name: again.resemblance(name) for name in asked} == first


@settings(max_examples=150)
@given(_ASKED, _LISTS, st.integers(0, 12))
def test_adding_a_name_to_a_list_makes_it_resemble_nothing(asked: str, names: list[str], at: int) -> None:
    assert KnownNames([*names[:at], asked, *names[at:]]).resemblance(asked) is None
    assert KnownNames(names, [asked]).resemblance(asked) is None
    assert KnownNames(names, [f"{asked}-*"]).resemblance(f"{asked}-more") is None


@settings(max_examples=150)
@given(_ASKED, _LISTS)
def test_a_resemblance_is_to_a_known_name_and_to_another_than_the_one_asked(asked: str, names: list[str]) -> None:
    known = KnownNames(names)
    found = known.resemblance(asked)
    if found is not None and found.kind not in ("standard-library", "requirements-file"):
        assert found.known in known
        assert found.known != found.name
        assert found.name not in known


@settings(max_examples=300)
@given(st.text("ab-", max_size=6), st.text("ab-", max_size=6))
def test_one_edit_is_found_where_there_is_one_and_nowhere_else(asked: str, known: str) -> None:
    letters = "ab-"
    made = {known[:at] + letter + known[at:] for at in range(len(known) + 1) for letter in letters}
    made |= {known[:at] + known[at + 1 :] for at in range(len(known))}
    made |= {known[:at] + letter + known[at + 1 :] for at in range(len(known)) for letter in letters}
    made |= {known[:at] + known[at + 1] + known[at] + known[at + 2 :] for at in range(len(known) - 1)}
    assert (one_edit(asked, known) is not None) == (asked in made - {known})


@settings(max_examples=200)
@given(st.sampled_from([name for name in SHIPPED[:100] if len(name) >= 6]), st.data())
def test_every_edit_of_a_letter_of_a_foremost_name_is_a_resemblance(known: str, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([at for at, letter in enumerate(known) if letter != "-"]))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    asked = data.draw(
        st.sampled_from(
            [known[:at] + known[at + 1 :], known[:at] + letter + known[at:], known[:at] + letter + known[at + 1 :]]
        )
    ).strip("-")
    if "--" not in asked and asked not in KNOWN:
        assert KNOWN.resemblance(asked) is not None


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_text_list_has_a_name_on_each_line_and_comments() -> None:
    assert read_names("# head\n\nBoto3\n  Flask_SQLAlchemy   # a comment\r\nboto3\nzope.interface\n") == (
        "boto3",
        "flask-sqlalchemy",
        "zope-interface",
    )


def test_the_published_data_set_is_read_and_sorted_by_downloads() -> None:
    rows = [{"download_count": 5, "project": "b"}, {"download_count": 9, "project": "A.a"}, {"project": "c"}]
    text = json.dumps({"last_update": "2026-11-01 00:00:00", "query": {}, "rows": rows})
    assert read_names(f"\n {text}") == ("a-a", "b", "c")


def test_an_array_of_names_is_read_in_its_order() -> None:
    assert read_names('["b", "A", "b"]') == ("b", "a")


@pytest.mark.parametrize(
    ("text", "line", "stated"),
    [
        ("", None, "no name"),
        ("# nothing\n", None, "no name"),
        ("[]", None, "no name"),
        ('{"rows": []}', None, "no name"),
        ("good\nnot a name\n", 2, "not a name"),
        ("good\n\n-bad\n", 3, "-bad"),
        ("good\nbad\x1b[31m\n", 2, "bad"),
        ("requests==2.0\n", 1, "requests==2.0"),
        ("https://public.example/names\n", 1, "https"),
        ("naïve\n", 1, "not a valid project name"),
        ("\u212a\n", 1, "not a valid project name"),  # the Kelvin sign is a k to a regular expression that ignores case
        ('{"rows": [\n{"project": "a"},,', 2, "JSON"),
        ('{"projects": ["a"]}', None, "rows"),
        ('{"rows": {"a": 1}}', None, "rows"),
        ('{"rows": [{"project": "a"}, {"name": "b"}]}', None, "row 2"),
        ('{"rows": [{"project": "a", "download_count": "many"}]}', None, "row 1"),
        ('["a", 1]', None, "names"),
        ('["a b"]', None, "a b"),
        ('["\\ud800"]', None, "not a valid project name"),
        ("[" * 100_000, None, "JSON"),
        ("[" + "1" * 5_000 + "]", None, "JSON"),
    ],
)
def test_what_is_no_list_of_names_is_told_with_its_line(text: str, line: int | None, stated: str) -> None:
    with pytest.raises(UnusableNames) as caught:
        read_names(text)
    assert caught.value.line == line
    assert stated in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_an_answer_does_not_depend_on_who_else_asks_at_the_time() -> None:
    """The search and its guesses ask from two threads, and the first to ask makes the tables."""
    names = read_names(shipped_names())
    asked = ["reqeusts", "python3-dateutil", "setup-tools", "djnago", "nothing-like-any-of-these"]
    expected = [KnownNames(names).resemblance(name) for name in asked]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(5):
            known = KnownNames(names)
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda _, known=known: [known.resemblance(name) for name in asked], range(4)))
            assert answers == [expected] * 4
    finally:
        sys.setswitchinterval(interval)
