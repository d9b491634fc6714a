"""Every option of pip's about building, given to pip and to safepip with the same small index, in two equal places.

What is then on disk must be the same to the byte: which files were chosen, what was built of them and with which
settings, `direct_url.json`, REQUESTED, what a command has saved into a folder. Where safepip is stricter on purpose
the case says why, and which exit codes the two have.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from safepip.edges.builder.fence import find_fence
from support.build_world import BuildWorld, build_world
from support.repositories import needs_git
from support.sides import POSIX_SITE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [needs_git, pytest.mark.skipif(find_fence() is None, reason="this machine has no fence for builds")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildWorld]:
    """What all cases share."""
    yield from build_world(tmp_path_factory.mktemp("build-options"))


@dataclass(frozen=True, slots=True)
class Case:
    """What the user asks for, and what is then installed: `*` stands behind what was built.

    `before` is what pip installs beforehand in both places. `codes` are pip's exit code and safepip's. `why` says why
    safepip does something else than pip; then what is on disk is not compared. `says` is in what safepip prints.
    `site` is where distributions go, below the place, if not into the environment. `kit` puts the index's backend into
    the environment. `without` are folders that are not compared. `slow` leaves the case out of the default run, where
    another one of the same kind is.
    """

    words: str
    installs: str = ""
    verb: str = "install"
    before: str = ""
    files: dict[str, str] = field(default_factory=dict)
    codes: tuple[int, int] = (0, 0)
    why: str = ""
    says: str = ""
    site: str = ""
    kit: bool = False
    env: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    slow: bool = False


_REFUSED = "what a rule forbids ends with 20 and not with 1"


def _wanted(text: str) -> dict[str, str]:
    return {"wanted.txt": text}


CHOICES = {
    "--no-binary of names": Case("--no-binary both,newer both newer", "both-2.0* newer-2.0*"),
    "--no-binary of all": Case("--no-binary :all: both source --no-deps", "both-2.0* source-1.0*", slow=True),
    "--no-binary of none": Case("--no-binary :all: --no-binary :none: both newer", "both-2.0 newer-2.0*", slow=True),
    "--no-binary, taken back": Case("--no-binary both --only-binary both both newer", "both-2.0 newer-2.0*", slow=True),
    "--no-binary for a wheel alone": Case("--no-binary lib lib", codes=(1, 1), says="lib", slow=True),
    "--only-binary of a name": Case("--only-binary newer newer source", "newer-1.0 source-1.0* lib-2.0"),
    "--only-binary of all, but one": Case(
        "--only-binary :all: --no-binary both both newer", "both-2.0* newer-1.0", slow=True
    ),
    "--only-binary without a wheel": Case("--only-binary :all: source", codes=(1, 1), says="source", slow=True),
    "--only-binary and a folder": Case("--only-binary :all: ./mine", "mine-1.0* lib-2.0", slow=True),
    "both in a file": Case(
        "-r wanted.txt", "both-2.0* newer-1.0", files=_wanted("--no-binary both\n--only-binary newer\nboth\nnewer\n")
    ),
    "both in a variable": Case(
        "both newer",
        "both-2.0* newer-1.0",
        env={"PIP_NO_BINARY": "both", "PIP_ONLY_BINARY": "newer"},
        slow=True,
    ),
    "--prefer-binary": Case("--prefer-binary newer both rough", "newer-1.0 both-2.0 rough-1.0*"),
    "--prefer-binary in a file": Case(
        "-r wanted.txt", "newer-1.0 both-2.0", files=_wanted("--prefer-binary\nnewer\nboth\n"), slow=True
    ),
    "--prefer-binary, and a newer one is asked for": Case("--prefer-binary newer>1", "newer-2.0*", slow=True),
    "--pre": Case("--pre rough", "rough-2.0rc1*"),
    "no --pre": Case("rough", "rough-1.0*", slow=True),
    "a pre-release that is asked for": Case("rough>=2.0rc1", "rough-2.0rc1*", slow=True),
    "a page's Requires-Python": Case("late-page", "late-page-1.0*", slow=True),
    "--ignore-requires-python": Case("--ignore-requires-python late-page ./late", "late-page-2.0* late-1.0*"),
    "Requires-Python of a folder": Case("./late", codes=(1, 1), says="late", slow=True),
}


def _cases(table: dict[str, Case]) -> list[pytest.ParameterSet]:
    return [pytest.param(case, id=name, marks=[pytest.mark.slow] if case.slow else []) for name, case in table.items()]


def check(case: Case, world: BuildWorld, place: Path) -> None:
    """Run both, and compare."""
    pair = world.pair(place, kit=case.kit)
    for side in pair:
        for file, text in case.files.items():
            (side.runner.folder / file).write_text(world.word(text))
        if case.before:
            done = side.pip("install", "--no-compile", "-i", world.index.url, *world.word(case.before).split())
            assert done.returncode == 0, done.stderr
    came = world.run(pair, case.verb, world.word(case.words).split(), env=case.env)
    assert came.codes == case.codes, came.shown()
    assert came.codes[0] == came.codes[1] or case.why, came.shown()
    assert case.says in came.by_safepip.stderr + came.by_safepip.stdout, came.shown()
    site = came.safe.place / case.site if case.site else came.safe.target.site_packages
    assert _installed(site) == set(case.installs.split()), came.shown()
    if not case.why:
        assert came.safe.state(case.without) == came.plain.state(case.without), came.shown()


def _installed(site: Path) -> set[str]:
    """Names and versions, each with `*` where the wheel was built by the tiny backend."""
    found = {}
    for info in site.rglob("*.dist-info"):
        built = "Generator: tiny\n" in (info / "WHEEL").read_text()
        found[info] = info.name.removesuffix(".dist-info").replace("_", "-") + "*" * built
    return set(found.values()) - {"tiny-kit-1.0"}


@pytest.mark.usually("both in a file")
@pytest.mark.parametrize("case", _cases(CHOICES))
def test_what_is_chosen(case: Case, world: BuildWorld, tmp_path: Path) -> None:
    """Between wheels and archives, finals and pre-releases, and among those that the target's Python is admitted by."""
    check(case, world, tmp_path)


SETTINGS = {
    "once": Case("-C a=1 --config-settings b=2 ./mine source", "mine-1.0* source-1.0* lib-2.0", slow=True),
    "repeated": Case("-C a=1 -C a=2 -C a=3 -C b= -e ./edited ./mine", "edited-1.0* mine-1.0* lib-2.0", slow=True),
    "in a file, beside those of the command line": Case(
        "-C a=1 -r wanted.txt ./mine",
        "mine-1.0* source-1.0* packed-1.0* lib-2.0",
        files=_wanted("source --config-settings b=2\n./packed-1.0.tar.gz\n"),
    ),
    "of a project that a file names, too": Case(
        "-C a=1 -r wanted.txt rough",
        "rough-1.0*",
        files=_wanted("rough --config-settings a=2 --config-settings c=3\n"),
        slow=True,
    ),
    "of what a build requires": Case("-C a=1 made", "made-1.0*", slow=True),
    "without a value": Case("-C a ./mine", codes=(2, 2), slow=True),
}


@pytest.mark.parametrize("case", _cases(SETTINGS))
def test_what_a_backend_is_told(case: Case, world: BuildWorld, tmp_path: Path) -> None:
    """`--config-settings`: the tiny backend writes into its wheel what it got."""
    check(case, world, tmp_path)


REQUIREMENTS = {
    "isolated": Case("./wants-kit", "wants-kit-1.0*"),
    "isolated, twice": Case("kit-made ./wants-kit", "kit-made-1.0* wants-kit-1.0*", slow=True),
    "--build-constraint, and a constraint of the run": Case(
        "--build-constraint limits.txt -c run.txt made part",
        "made-1.0* part-2.0",
        files={"limits.txt": "part<2\n", "run.txt": "part>=2\n"},
    ),
    "--build-constraint that nothing meets": Case(
        "--build-constraint limits.txt made", codes=(1, 1), says="part", files={"limits.txt": "part>2\n"}, slow=True
    ),
    "--build-constraint with the hash": Case(
        "--build-constraint limits.txt made",
        "made-1.0*",
        files={"limits.txt": "part==1.0 --hash=sha256:<sha256:part-1.0-py3-none-any.whl>\n"},
        slow=True,
    ),
    "--build-constraint with another hash": Case(
        "--build-constraint limits.txt made",
        codes=(1, 20),
        why=_REFUSED,
        says="hash-mismatch",
        files={"limits.txt": f"part==1.0 --hash=sha256:{'0' * 64}\n"},
    ),
    "a constraint of the run alone": Case(
        "-c limits.txt made part", "made-1.0* part-1.0", files={"limits.txt": "part<2\n"}, slow=True
    ),
    "--no-build-isolation": Case("--no-build-isolation kit-made ./wants-kit", "kit-made-1.0* wants-kit-1.0*", kit=True),
    "--no-build-isolation, and there is none": Case("--no-build-isolation ./wants-kit", codes=(1, 1), says="tiny_kit"),
    "--no-build-isolation, and it is too old": Case(
        "--no-build-isolation ./wants-new-kit", "wants-new-kit-1.0*", kit=True, slow=True
    ),
    "--check-build-dependencies": Case(
        "--no-build-isolation --check-build-dependencies ./wants-new-kit", codes=(1, 1), says="tiny-kit", kit=True
    ),
    "--check-build-dependencies, and there is none": Case(
        "--no-build-isolation --check-build-dependencies ./wants-kit", codes=(1, 1), says="tiny-kit", slow=True
    ),
    "--check-build-dependencies, and it is there": Case(
        "--no-build-isolation --check-build-dependencies ./wants-kit", "wants-kit-1.0*", kit=True, slow=True
    ),
    "--check-build-dependencies in isolation": Case(
        "--check-build-dependencies ./wants-kit", "wants-kit-1.0*", slow=True
    ),
    "--use-pep517": Case("--use-pep517 --no-clean ./mine", "mine-1.0* lib-2.0", slow=True),
}


@pytest.mark.usually("isolated")
@pytest.mark.parametrize("case", _cases(REQUIREMENTS))
def test_what_builds_are_made_with(case: Case, world: BuildWorld, tmp_path: Path) -> None:
    """Isolated or not, and within which limits."""
    check(case, world, tmp_path)


ALL_FORMS = "./mine ./packed-1.0.tar.gz <repository>@v1 -e ./edited source"
CHECKOUT = "-e <repository>@v1#egg=stored"


def _other_checkout(action: str, installs: str, *, slow: bool = True, why: str = "") -> Case:
    """Where the folder of an editable holds a checkout of another URL."""
    words = f"--exists-action {action} -e <other-repository>#egg=stored"
    return Case(words, installs, before=CHECKOUT, without=(".git",), slow=slow, why=why)


PLACES = {
    "folder, archive, repository, editable": Case(
        ALL_FORMS,
        "mine-1.0* packed-1.0* stored-1.0* edited-1.0* source-1.0* lib-2.0",
    ),
    "each of them again": Case(
        f"-C a=1 {ALL_FORMS}",
        "mine-1.0* packed-1.0* stored-1.0* edited-1.0* source-1.0* lib-2.0",
        before=ALL_FORMS,
    ),
    "an archive by URL again": Case(
        "-C a=1 <files>both-2.0.tar.gz", "both-2.0*", before="<files>both-2.0.tar.gz", slow=True
    ),
    "a repository in place of an archive": Case(
        "-C a=1 <repository>@v1 ./mine",
        "stored-1.0* mine-1.0* lib-2.0",
        before="--no-deps <other-repository> mine",
        slow=True,
    ),
    "an editable in place of a folder, and back": Case(
        "-e ./mine ./edited", "mine-1.0* edited-1.0* lib-2.0", before="./mine -e ./edited", slow=True
    ),
    "a name where a folder is installed": Case("mine", "mine-1.0* lib-2.0", before="./mine", slow=True),
    "-U": Case("-U ./mine", "mine-1.0* lib-1.0", before="./mine lib==1.0", slow=True),
    "-U of an archive's project": Case("-U newer", "newer-2.0*", before="newer==1.0", slow=True),
    "--force-reinstall": Case(
        "--force-reinstall <repository> mine", "stored-1.0* mine-1.0* lib-1.0", before="./mine lib==1.0", slow=True
    ),
    "--no-deps": Case("--no-deps ./mine", "mine-1.0*", slow=True),
    "--only-deps": Case("--only-deps ./mine", "lib-2.0", slow=True),
    "an extra, a group, and -e": Case("-e .[fast] --group tests", "here-1.0* lib-2.0 speed-1.0 simple-1.0"),
    "a folder with an extra": Case(".[fast]", "here-1.0* lib-2.0 speed-1.0", slow=True),
    "--target": Case("--target place ./mine", "mine-1.0* lib-2.0", site="project/place", slow=True),
    "--prefix": Case("--prefix place ./mine", "mine-1.0* lib-2.0", site=f"project/place/{POSIX_SITE}", slow=True),
    "--root": Case("--root place ./mine", "mine-1.0* lib-2.0", site="project/place"),
    "--src": Case(f"--src checkouts {CHECKOUT}", "stored-1.0*", without=(".git",)),
    "no --src": Case(CHECKOUT, "stored-1.0*", without=(".git",), slow=True),
    "the same checkout again": Case(f"-C a=1 {CHECKOUT}", "stored-1.0*", before=CHECKOUT, without=(".git",), slow=True),
    "--exists-action w": _other_checkout("w", "stored-2.0*", slow=False),
    "--exists-action i": _other_checkout("i", "stored-1.0*"),
    "--exists-action b": _other_checkout("b", "stored-2.0*"),
    "--exists-action a": Case(
        "--exists-action a -e <other-repository>#egg=stored",
        "stored-1.0*",
        codes=(2, 1),
        why="pip does not take this answer here: it asks, and ends with a traceback where there is no terminal",
        says="--exists-action w",
        before=CHECKOUT,
        slow=True,
    ),
    "--exists-action s": _other_checkout(
        "s", "stored-2.0*", why="pip changes the checkout's URL, fetches nothing, and builds the code that was there"
    ),
}


@pytest.mark.usually("folder, archive, repository, editable")
@pytest.mark.parametrize("case", _cases(PLACES))
def test_what_is_installed(case: Case, world: BuildWorld, tmp_path: Path) -> None:
    """What stays and what is installed again, where it goes, and what is recorded of where it came from."""
    check(case, world, tmp_path)


HASHED = {
    "an archive": Case(
        "-r wanted.txt", "packed-1.0*", files=_wanted("./packed-1.0.tar.gz --hash=sha256:<sha256:packed>\n")
    ),
    "an archive of an index": Case(
        "-r wanted.txt", "rough-1.0*", files=_wanted("rough==1.0 --hash=sha256:<sha256:rough-1.0.tar.gz>\n"), slow=True
    ),
    "another archive": Case(
        "-r wanted.txt",
        codes=(1, 20),
        why=_REFUSED,
        says="digest-mismatch",
        files=_wanted(f"./packed-1.0.tar.gz --hash=sha256:{'0' * 64}\n"),
        slow=True,
    ),
    "an archive without a hash": Case(
        "--require-hashes ./packed-1.0.tar.gz", codes=(1, 20), why=_REFUSED, says="missing-hash", slow=True
    ),
    "a folder": Case("--require-hashes ./mine", codes=(1, 20), why=_REFUSED, says="unhashable-source"),
    "a repository": Case(
        "--require-hashes <repository>@<commit>", codes=(1, 20), why=_REFUSED, says="unhashable-source", slow=True
    ),
    "an editable": Case("--require-hashes -e ./mine", codes=(1, 20), why=_REFUSED, says="unhashable-source", slow=True),
}


@pytest.mark.parametrize("case", _cases(HASHED))
def test_hashes(case: Case, world: BuildWorld, tmp_path: Path) -> None:
    """`--require-hashes` takes an archive by its digest, and nothing that has none."""
    check(case, world, tmp_path)


SAVED = {
    "wheel": Case("-w out ./mine source --no-binary both both", verb="wheel"),
    "wheel of an editable and a repository": Case("-w out -e ./edited <repository>", verb="wheel", slow=True),
    "wheel without what is required": Case("--no-deps -w out ./mine", verb="wheel", slow=True),
    "download": Case("-d out source --no-binary both both ./packed-1.0.tar.gz", verb="download"),
    "download of wheels": Case("-d out --only-binary :all: both newer", verb="download", slow=True),
    "download of a folder": Case("-d out ./mine", verb="download", slow=True),
    "download of a repository": Case(
        "-d out <repository>",
        verb="download",
        says="/out/stored-1.0.zip\n",
        # pip's has .git in it, and is another one each time.
        without=("stored-1.0.zip",),
        slow=True,
    ),
}


@pytest.mark.usually("wheel")
@pytest.mark.parametrize("case", _cases(SAVED))
def test_what_is_saved(case: Case, world: BuildWorld, tmp_path: Path) -> None:
    """`wheel` and `download`: the same files, to the byte."""
    check(case, world, tmp_path)


@pytest.mark.slow
def test_a_user_install_goes_where_pips_goes(world: BuildWorld, tmp_path: Path) -> None:
    """`--user`, in environments that see the user's own packages."""
    import venv

    pair = world.pair(tmp_path)
    for side in pair:
        venv.EnvBuilder(system_site_packages=True, symlinks=True, clear=True).create(side.target.folder)
    base = {"PYTHONUSERBASE": "user"}
    came = world.run(pair, "install", ["--user", "./mine", "-e", "./edited"], env=base)
    assert came.codes == (0, 0), came.shown()
    states = [side.state() for side in pair]
    assert states[0] == states[1]


@pytest.mark.slow
def test_the_report_is_pips(world: BuildWorld, tmp_path: Path) -> None:
    """`--dry-run --quiet --report -` of every form, item by item; `safepip` is the one key more."""
    pair = world.pair(tmp_path)
    words = ["--dry-run", "--quiet", "--report", "-", *world.word(f"{ALL_FORMS} --no-binary both both").split()]
    came = world.run(pair, "install", words)
    assert came.codes == (0, 0), came.shown()
    reports = []
    for side, done in zip(pair, (came.by_pip, came.by_safepip), strict=True):
        text = done.stdout.replace(str(side.place), "<place>")
        report = json.JSONDecoder().raw_decode(text)[0]
        for item in report["install"]:
            item.pop("safepip", None)
        report["install"].sort(key=lambda item: item["metadata"]["name"])
        report.pop("safepip_version", None)
        reports.append(report)
    assert reports[0] == reports[1]
    assert len(reports[0]["install"]) == 7


def test_what_is_said(world: BuildWorld, tmp_path: Path) -> None:
    """With `-v` what the backend prints is shown, and with `-q` nothing is."""
    pair = world.pair(tmp_path)
    loud = world.run(pair, "install", ["-v", "--no-deps", "./mine"])
    quiet = world.run(pair, "install", ["-q", "--no-deps", "./mine"])
    for said in ("tiny backend: prepare_metadata_for_build_wheel", "tiny backend: build_wheel"):
        assert said in loud.by_pip.stdout + loud.by_pip.stderr, loud.shown()
        assert said in loud.by_safepip.stdout + loud.by_safepip.stderr, loud.shown()
    assert quiet.codes == (0, 0)
    assert [run.stdout + run.stderr for run in (quiet.by_pip, quiet.by_safepip)] == ["", ""]


#: By what is asked for: pip's exit code and safepip's, what safepip says, and why they differ.
FAILURES = {
    "fails-built": (1, 1, "error: build-failed", ""),
    "no-requires": (1, 1, "requires", ""),
    "bad-toml": (2, 1, "pyproject.toml", "pip ends with a traceback"),
}
MORE_FAILURES = {
    "round": (1, 20, "error: build-cycle", _REFUSED),
    "no-backend": (1, 1, "error: build-failed", ""),
    "unmet": (1, 1, "there-is-no-such-project", ""),
    "other-name": (1, 1, "another", ""),
    "two-roots": (1, 1, "two-roots", ""),
    "fails-asked": (1, 1, "error: build-failed", ""),
    "fails-prepared": (1, 1, "error: build-failed", ""),
    "no-build-hook": (1, 1, "error: build-failed", ""),
    "outside": (2, 1, "backend-path", "pip ends with a traceback"),
    "other-version": (1, 1, "3.0", ""),
    "--build-constraint limits.txt --no-build-isolation source": (1, 1, "exclude each other", ""),
    "--platform any ./mine": (1, 1, "--target", ""),
    "--platform any --target place ./mine": (1, 20, "unapproved-build", _REFUSED),
    "-e git+file:///there/is/no/such/folder#egg=x": (1, 1, "checkout-failed", ""),
    "./no-such-folder": (1, 1, "no-such-folder", ""),
}


@pytest.mark.parametrize(
    "failures", [pytest.param(FAILURES, id="some"), pytest.param(MORE_FAILURES, id="more", marks=pytest.mark.slow)]
)
def test_failures_have_pips_exit_code(
    failures: dict[str, tuple[int, int, str, str]], world: BuildWorld, tmp_path: Path
) -> None:
    """Or the one that safepip has for such a failure everywhere; and nothing is installed."""
    pair = world.pair(tmp_path)
    before = pair[1].target.state()
    for words, (pip, own, says, why) in failures.items():
        came = world.run(pair, "install", words.split())
        assert (*came.codes, says in came.by_safepip.stderr) == (pip, own, True), came.shown()
        assert pip == own or why
    assert pair[1].target.state() == before
