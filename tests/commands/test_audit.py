"""`safepip audit` of environments, locks and requirements: what is found, and when nothing may be called clean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.advisories import malicious, record, versions_of
from support.environment import Environment, Runner, make_environment
from support.schemas import annotation, cyclonedx, own, sarif
from support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.inside import Inside

RECORDS = {
    "PYSEC-1": record("PYSEC-1", versions_of("demo", "introduced 0", "fixed 2.0"), aliases=("CVE-1",)),
    "GHSA-1": record(
        "GHSA-1",
        versions_of("Demo", "introduced 0", "fixed 1.5"),
        aliases=("CVE-1",),
        summary="a hole in demo",
        database_specific={"severity": "MODERATE"},
    ),
    "MAL-1": malicious("MAL-1", "evil", listed=["6.6"]),
    "PYSEC-2": record("PYSEC-2", versions_of("half"), aliases=("CVE-2",)),
}

CONFIGURATION = '[[advisories]]\nname = "test"\npath = "db"\n'

#: For tests with a clock: nothing of the records is older than this.
OLD = 'max-age = "P1D"\n'

_FILE = f'hashes = {{ sha256 = "{"a" * 64}" }}'

LOCK = f"""\
lock-version = "1.0"
created-by = "test"

[[packages]]
name = "app"
version = "1.0"
dependencies = [{{ name = "demo" }}]
archive = {{ url = "https://files.example/app-1.0.zip", {_FILE} }}

[[packages]]
name = "demo"
version = "1.0+local.1"
archive = {{ url = "https://files.example/demo-1.0.zip", {_FILE} }}

[[packages]]
name = "own"
directory = {{ path = "own" }}
"""


def without_lines(*archives: str) -> str:
    """A lock with an archive of one version in each package, and without a line for each."""
    packages = (f'{{ name = "app", version = "1.0", archive = {{ url = {it} }} }}' for it in archives)
    return f'lock-version = "1.0"\ncreated-by = "test"\npackages = [{", ".join(packages)}]\n'


#: The URL of an archive, and its digests: of an honest file, of a malicious one, and of one whose URL says it.
HONEST = f'"https://files.example/a.zip", hashes = {{ sha256 = "{"b" * 64}" }}'
NAMED = f'"https://files.example/b.zip", {_FILE}'
IN_URL = f'"https://files.example/c.zip#sha256={"a" * 64}", hashes = {{ sha512 = "{"c" * 128}" }}'


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which app requires demo."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "project").mkdir()
    made = make_environment(folder / "environment")
    make_wheel(folder / "wheels", "app", "3.0", requires=["demo"])
    make_wheel(folder / "wheels", "demo", "1.0")
    runner = Runner(folder / "project", folder / "home")
    done = runner.pip("--python", made.python, "install", "-q", "--no-index", "--find-links", folder / "wheels", "app")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def project(run: Inside) -> Path:
    """The working folder with a source of advisories, of which the bundle is made."""
    folder = run.folder
    (folder / "safepip.toml").write_text(CONFIGURATION)
    fill(folder, *RECORDS.values())
    update(run)
    return folder


def fill(folder: Path, *records: dict[str, Any]) -> None:
    (folder / "db").mkdir(exist_ok=True)
    for data in records:
        (folder / "db" / f"{data['id']}.json").write_text(json.dumps(data))


def update(run: Inside) -> None:
    done = run("audit", "--update")
    assert (done.code, done.err) == (0, "")


def audited(run: Inside, *words: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit code, and the projects of the report by name."""
    done = run("audit", "--output-format", "json", *words)
    report = own("audit", done.out)
    assert report["exit_code"] == done.code
    return done.code, {item["name"]: item for item in report["projects"]}


def test_an_environment_is_audited_with_who_requires_what(run: Inside, project: Path, template: Environment) -> None:
    """One finding for one matter, its severity, and a change that repairs it."""
    done = run("audit", "--python", template.python)
    assert done.code == 1
    assert "notice" not in done.err
    lines = done.out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("demo 1.0"))
    assert lines[start + 1 : start + 6] == [
        "  PYSEC-1 (GHSA-1, CVE-1)  medium",
        "    a hole in demo",
        "    fixed in 2.0",
        "  required by app 3.0",
        "  smallest change: demo==2.0",
    ]
    assert lines[-1].startswith("1 finding in 1 of ")


def test_a_folder_is_audited_alone(run: Inside, project: Path, template: Environment) -> None:
    """No interpreter is asked."""
    (site,) = template.folder.glob("lib/*/site-packages")
    code, found = audited(run, "--path", site)
    assert code == 1
    assert [item["id"] for item in found["demo"]["vulnerabilities"]] == ["PYSEC-1"]
    missing = run("audit", "--path", "nowhere")
    assert missing.code == 2


@pytest.mark.parametrize(
    ("folder", "stated", "code", "names"),
    [
        ("de_mo-1.0.dist-info", "de-mo 1.0", 1, {"de-mo"}),
        ("de_mo-1.0.dist-info", "", 1, {"de-mo"}),
        ("de-mo-1.0.dist-info", "de-mo 1.0", 1, {"de-mo"}),
        ("de-mo-1.0.dist-info", "", 3, {"de"}),
        ("de_mo.egg-info", "de-mo 1.0", 1, {"de-mo"}),
        ("de_mo.egg-info", "", 3, {"de-mo"}),
        ("other-1.0.dist-info", "de-mo 1.0", 1, {"de-mo", "other"}),
        ("de_mo-1.0.dist-info", "other 1.0", 1, {"de-mo", "other"}),
        ("de_mo-2.0.dist-info", "de-mo 1.0", 1, {"de-mo"}),
        ("de_mo-1.0.dist-info", "de-mo 2.0", 1, {"de-mo"}),
        ("de_mo-2.0.dist-info", "de-mo 2.0", 0, {"de-mo"}),
        ("_de_mo-1.0.dist-info", "de-mo 1.0", 1, {"de-mo"}),
        ("de_mo-4.2.dist-info", "de-mo-4 2", 0, {"de-mo-4", "de-mo"}),
        ("de_mo-1.2.dist-info", "de-mo-1 2", 1, {"de-mo-1", "de-mo"}),
        ("de_mo-1.2.dist-info", "de-mo-1-2 9", 1, {"de-mo-1-2", "de-mo"}),
        ("de-mo-1.0-py3.11.egg-info", "de-mo 1.0", 1, {"de-mo"}),
        ("de_mo.dist-info", "other 1.0", 3, {"de-mo", "other"}),
        ("-de-mo-1.0.dist-info", "", 3, set()),
        ("~e_mo-1.0.dist-info", "de-mo 1.0", 0, set()),
    ],
)
def test_what_is_installed_is_what_its_metadata_says_and_its_folder_too(
    run: Inside, project: Path, folder: str, stated: str, code: int, names: set[str]
) -> None:
    """A folder whose name is not escaped, or says something else, hides nothing."""
    fill(project, record("X-1", versions_of("de-mo", "introduced 0", "fixed 2.0")))
    update(run)
    info = project / "site" / folder
    info.mkdir(parents=True)
    if stated:
        name, version = stated.split()
        file = "METADATA" if folder.endswith(".dist-info") else "PKG-INFO"
        (info / file).write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    ended, found = audited(run, "--path", "site")
    assert (ended, set(found)) == (code, names)


def test_a_lock_is_audited_at_its_lines(run: Inside, project: Path) -> None:
    """A local version is its public one, and what has no version is not verified."""
    (project / "pylock.toml").write_text(LOCK)
    code, found = audited(run, "-r", "pylock.toml")
    assert code == 1
    demo = found["demo"]
    assert (demo["place"], demo["line"], demo["required_by"]) == ("pylock.toml", 10, ["app 1.0"])
    assert demo["smallest_change"] == "2.0"
    assert found["app"]["vulnerabilities"] == []
    assert found["own"]["unverified"]


def test_pins_of_a_requirements_file_are_audited_at_their_lines(run: Inside, project: Path) -> None:
    """What is not pinned is not verified."""
    (project / "requirements.txt").write_text("# pins\ndemo==1.7\nevil==6.6\nclean==1; sys_platform == 'win32'\n")
    code, found = audited(run, "-r", "requirements.txt")
    assert code == 1
    assert {name: item["line"] for name, item in found.items()} == {"demo": 2, "evil": 3, "clean": 4}
    assert found["evil"]["vulnerabilities"][0]["malicious"]
    (project / "loose.txt").write_text("clean>=1\n")
    assert audited(run, "-r", "loose.txt")[0] == 3
    (project / "pins.txt").write_text("clean==1\n")
    (project / "loose.txt").write_text("clean>=1\n-c pins.txt\n")
    assert audited(run, "-r", "loose.txt")[0] == 0


@pytest.mark.parametrize(
    ("pins", "code"),
    [
        ("demo==2.0", 0),
        ("demo==2.0\ndemo>=1", 0),
        ("demo==1.7; sys_platform == 'win32'\ndemo==2.0; sys_platform != 'win32'", 1),
        ("demo==2.0; sys_platform == 'win32'\ndemo==1.7; sys_platform != 'win32'", 1),
        ("demo==2.0; sys_platform == 'nowhere'", 3),
        ("demo==2.0; sys_platform == 'nowhere'\ndemo>=1", 3),
        ("demo==2.0; sys_platform == 'nowhere'\ndemo==2.0", 0),
        ("demo @ https://files.example/demo-2.0-py3-none-any.whl", 3),
    ],
)
def test_a_constraint_pins_where_it_counts(run: Inside, project: Path, pins: str, code: int) -> None:
    """Each one is audited, as what is pinned for another system is; of the systems of none nothing is known."""
    (project / "pins.txt").write_text(pins + "\n")
    (project / "loose.txt").write_text("demo\n-c pins.txt\n")
    assert audited(run, "-r", "loose.txt")[0] == code


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pylock.toml",
            LOCK.replace('dependencies = [{ name = "demo" }]\n', "").rpartition('[[packages]]\nname = "demo"')[0],
        ),
        ("requirements.txt", "app==1 --hash=sha256:<sha256>\n"),
        ("requirements.txt", "app==1 --hash=sha256:<other> --hash=sha256:<sha256>\n"),
        ("requirements.txt", "app --hash=sha256:<sha256>\n"),
        ("requirements.txt", "app\n-c pins.txt\n"),
        ("requirements.txt", "app @ https://files.example/app-1-py3-none-any.whl#sha256=<sha256>\n"),
        ("pylock.toml", without_lines(HONEST, NAMED)),
        ("pylock.toml", without_lines(NAMED, HONEST)),
        ("pylock.toml", without_lines(IN_URL)),
    ],
)
def test_a_malicious_file_is_found_by_its_digest_whatever_it_is_called(
    name: str, text: str, run: Inside, project: Path
) -> None:
    """An install refuses it, and so an audit does not call it clean."""
    fill(project, malicious("MAL-7", "unrelated", listed=["1"], sha256="a" * 64))
    update(run)
    (project / "pins.txt").write_text(f"app==1 --hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}\n")
    (project / name).write_text(text.replace("<sha256>", "a" * 64).replace("<other>", "b" * 64))
    code, found = audited(run, "-r", name)
    assert code == 1
    assert [(one["id"], one["malicious"]) for one in found["app"]["vulnerabilities"]] == [("MAL-7", True)]
    for until, ended in (("2000-01-01", True), ("2999-01-01", False)):
        ignore = f'[[ignore]]\nid = "MAL-7"\nproject = "app"\nreason = "looked at"\nuntil = {until}\n'
        (project / "safepip.toml").write_text(CONFIGURATION + ignore)
        assert (audited(run, "-r", name)[0] == 1) is ended


@pytest.mark.parametrize(
    ("pin", "words", "code"),
    [
        ("clean==1", (), 0),
        ("demo==2.0", (), 0),
        ("demo==1.7", (), 1),
        ("demo==1.7", ("--fail-on", "medium"), 1),
        ("demo==1.7", ("--fail-on", "high"), 0),
        ("evil==6.6", ("--fail-on", "critical"), 1),
        ("half==1", (), 3),
        ("half==1\ndemo==1.7", (), 1),
        ("demo===final", (), 3),
    ],
)
def test_the_exit_code_says_clean_found_or_not_verified(
    run: Inside, project: Path, pin: str, words: tuple[str, ...], code: int
) -> None:
    """A record that cannot be read is never clean, and malice is always found."""
    (project / "requirements.txt").write_text(pin + "\n")
    assert audited(run, "-r", "requirements.txt", *words)[0] == code


def test_an_unknown_severity_counts_as_high(run: Inside, project: Path) -> None:
    """Most records give none."""
    fill(project, record("PYSEC-7", versions_of("quiet", "introduced 0")))
    update(run)
    (project / "requirements.txt").write_text("quiet==1\n")
    assert [audited(run, "-r", "requirements.txt", "--fail-on", word)[0] for word in ("high", "critical")] == [1, 0]


def test_an_ignored_finding_does_not_count_up_to_its_day(run: Inside, project: Path) -> None:
    """It is shown with its reason; one that has ended, or met nothing, is reported."""
    (project / "requirements.txt").write_text("demo==1.7\n")
    ignore = '[[ignore]]\nid = "CVE-1"\nproject = "demo"\nreason = "not used here"\nuntil = 2999-12-31\n'
    other = ignore.replace("CVE-1", "CVE-9")
    (project / "safepip.toml").write_text(CONFIGURATION + ignore + other)
    done = run("audit", "-r", "requirements.txt")
    assert done.code == 0
    assert "PYSEC-1  ignored: not used here" in done.out
    assert "the ignore of CVE-9 for demo met no finding" in done.err
    (project / "safepip.toml").write_text(CONFIGURATION + ignore.replace("2999", "2020"))
    done = run("audit", "-r", "requirements.txt")
    assert done.code == 1
    assert "the ignore of CVE-1 for demo has ended" in done.err


def test_without_usable_advisories_nothing_is_clean(run: Inside, project: Path) -> None:
    """None configured, none built, spoilt, or too old."""
    (project / "requirements.txt").write_text("clean==1\n")
    words = ("audit", "-r", "requirements.txt")
    assert run(*words).code == 0
    (project / "safepip.toml").write_text(CONFIGURATION + OLD)
    old = run(*words)
    assert old.code == 3
    assert "older than its max-age" in old.out
    (project / "safepip.toml").write_text(CONFIGURATION.replace('"test"', '"other"'))
    unbuilt = run(*words)
    assert unbuilt.code == 3
    assert "safepip audit --update" in unbuilt.err
    (project / "safepip.toml").write_text("")
    none = run(*words)
    assert none.code == 3
    assert "[[advisories]]" in none.err
    assert "Nothing was audited." in none.err
    (project / "safepip.toml").write_text(CONFIGURATION)
    assert run(*words, "--no-cache-dir").code == 3


def test_a_source_that_breaks_leaves_the_bundle_before(run: Inside, project: Path) -> None:
    """An update that fails says so with 3."""
    (project / "requirements.txt").write_text("clean==1\n")
    (project / "db").rename(project / "gone")
    done = run("audit", "--update")
    assert done.code == 3
    assert "advisories-unreadable" in done.err
    assert run("audit", "-r", "requirements.txt").code == 0


def test_a_file_that_is_no_record_verifies_nothing(run: Inside, project: Path) -> None:
    """It could be about any project, and it is named."""
    (project / "db" / "broken.json").write_text("{")
    update(run)
    (project / "requirements.txt").write_text("clean==1\n")
    done = run("audit", "-r", "requirements.txt")
    assert done.code == 3
    assert "broken.json cannot be read: it is not JSON" in done.out


@pytest.mark.parametrize(
    "words",
    [("demo",), ("--fail-on", "severe"), ("-r", "missing.txt"), ("-r", "pylock.toml"), ("--path", "missing")],
    ids=" ".join,
)
def test_a_wrong_command_ends_with_2(run: Inside, project: Path, words: tuple[str, ...]) -> None:
    """And changes nothing."""
    assert run("audit", *words).code == 2


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [("requirements.txt", "# pins\ndemo==1.7\nclean==1\n", 2), ("pylock.toml", LOCK, 10)],
    ids=("requirements", "lock"),
)
def test_findings_stand_at_the_lines_of_the_pins(run: Inside, project: Path, name: str, text: str, line: int) -> None:
    """As annotations, which are the only commands to a runner that are printed as they are, and in SARIF."""
    (project / name).write_text(text)
    done = run("audit", "-r", name, "--output-format", "github")
    assert done.code == 1
    first = annotation(done.out.splitlines()[0])
    assert first.name == "warning"
    assert first.properties == {"file": name, "line": str(line), "title": "PYSEC-1"}
    assert first.message.startswith("demo 1.")
    done = run("audit", "-r", name, "--output-format", "sarif")
    assert done.code == 1
    results = [result for result in sarif(done.out)["runs"][0]["results"] if result["ruleId"] == "PYSEC-1"]
    assert [result["locations"] for result in results] == [
        [{"physicalLocation": {"artifactLocation": {"uri": name}, "region": {"startLine": line}}}]
    ]


def test_a_lock_is_a_bill_of_materials(run: Inside, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes each time; with a time it has both of what must differ between two of them."""
    (project / "pylock.toml").write_text(LOCK)
    words = ("audit", "-r", "pylock.toml", "--output-format", "cyclonedx")
    done = run(*words)
    assert (done.code, run(*words).out) == (1, done.out)
    bom = cyclonedx(done.out)
    assert "serialNumber" not in bom
    assert "timestamp" not in bom["metadata"]
    parts = {item["name"]: item for item in bom["components"]}
    assert parts["demo"]["purl"] == "pkg:pypi/demo@1.0%2Blocal.1"
    assert parts["demo"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert parts["demo"]["externalReferences"][0]["url"] == "https://files.example/demo-1.0.zip"
    assert parts["demo"]["evidence"]["occurrences"] == [{"location": "pylock.toml", "line": 10}]
    assert parts["own"]["properties"][0]["name"] == "safepip:not-verified"
    edges = {edge["ref"]: edge["dependsOn"] for edge in bom["dependencies"]}
    assert edges == {
        "pkg:pypi/app@1.0": ["pkg:pypi/demo@1.0%2Blocal.1"],
        "pkg:pypi/demo@1.0%2Blocal.1": [],
        "pkg:pypi/own": [],
    }
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated = cyclonedx(run(*words).out)
    assert dated["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000001")
    assert cyclonedx(run(*words).out)["serialNumber"] != dated["serialNumber"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    wrong = run(*words)
    assert (wrong.code, wrong.out) == (2, "")
    assert "bad-variable" in wrong.err


def test_an_environment_is_a_bill_of_materials(run: Inside, project: Path, template: Environment) -> None:
    """Its graph is that of the metadata, without what is not installed."""
    done = run("audit", "--python", template.python, "--output-format", "cyclonedx")
    bom = cyclonedx(done.out)
    edges = {edge["ref"]: edge["dependsOn"] for edge in bom["dependencies"]}
    assert edges["pkg:pypi/app@3.0"] == ["pkg:pypi/demo@1.0"]
    assert [item["affects"][0]["ref"] for item in bom["vulnerabilities"]] == ["pkg:pypi/demo@1.0"]
