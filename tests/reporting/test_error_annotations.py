"""On the runner of a code host an error is shown at the line that led to it, besides what is printed for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from safepip.model.errors import Refused
from safepip.model.finding import Diagnostic
from safepip.model.origin import Origin, Source
from safepip.reporting.annotations import annotations_of
from safepip.reporting.results import error_results

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Inside

FILE = Origin(Source.FILE, "requirements.txt", 7)


@pytest.mark.parametrize(
    ("origins", "place"),
    [
        ((), ""),
        ((Origin(Source.COMMAND_LINE),), ""),
        ((FILE,), "file=requirements.txt,line=7,"),
        ((Origin(Source.COMMAND_LINE), FILE), "file=requirements.txt,line=7,"),
        ((Origin(Source.DISTRIBUTION, "acme 1.0", None, FILE),), "file=requirements.txt,line=7,"),
        ((Origin(Source.FILE, "https://a.example/r.txt", 1, FILE),), "file=requirements.txt,line=7,"),
        ((Origin(Source.PROJECT_CONFIG, "safepip.toml", 2),), "file=safepip.toml,line=2,"),
        ((Origin(Source.FILE, "app/pyproject.toml [dependency-groups] dev"),), "file=app/pyproject.toml,"),
        ((Origin(Source.FILE, "not-pyproject.toml [x]", 3),), "file=not-pyproject.toml [x],line=3,"),
        ((Origin(Source.PIP_CONFIG, "/home/me/pip.conf", 2),), ""),
    ],
)
def test_a_problem_is_shown_at_the_nearest_line_of_a_file(origins: tuple[Origin, ...], place: str) -> None:
    """The distribution that requires a project has none; the user's requirement that led to it has."""
    error = Refused(Diagnostic("ambiguous-index", "two have it", ("a  1", "b  2"), origins=origins))
    made = [annotation.command() for annotation in annotations_of(error_results(error))]
    assert made == [f"::error {place}title=ambiguous-index::two have it%0Aa  1%0Ab  2"]


def ambiguous(run: Inside, two_indexes: tuple[IndexServer, IndexServer], folder: str) -> str:
    """The annotations of a refused lock of a requirements file in this folder."""
    internal, public = two_indexes
    for server in two_indexes:
        server.add("acme-web", "1.0" if server is internal else "99.0")
    (run.folder / folder).mkdir(exist_ok=True)
    (run.folder / folder / "requirements.txt").write_text(
        f"-i {public.url}\n--extra-index-url {internal.url}\n\nacme-web\n"
    )
    done = run("lock", "-r", f"{folder}/requirements.txt".removeprefix("./"), "-o", "-")
    assert done.code == 20
    assert done.out == ""
    assert "error: ambiguous-index\n" in done.err
    return "\n".join(line for line in done.err.splitlines() if line.startswith("::"))


def test_only_a_runner_that_says_so_gets_annotations(
    run: Inside, two_indexes: tuple[IndexServer, IndexServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error: standard output is for the lock."""
    assert ambiguous(run, two_indexes, ".") == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    begin = "::error file=requirements.txt,line=4,title=ambiguous-index::acme-web is offered by two indexes"
    assert ambiguous(run, two_indexes, ".").startswith(begin)


def test_a_file_is_named_from_the_top_of_the_repository(
    run: Inside, two_indexes: tuple[IndexServer, IndexServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the command runs in a folder below it."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(run.folder.parent))
    found = ambiguous(run, two_indexes, "app")
    assert found.startswith(f"::error file={run.folder.name}/app/requirements.txt,line=4,")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(run.folder / "elsewhere"))
    assert ambiguous(run, two_indexes, "app").startswith("::error file=app/requirements.txt,line=4,")


def test_annotations_that_are_asked_for_are_written_once(
    run: Inside, index: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard output, and not on standard error as well."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (run.folder / "requirements.txt").write_text("demo\n")
    done = run("lock", "-r", "requirements.txt", "-i", index.url, "--output-format", "github")
    assert done.out.startswith("::error file=requirements.txt,line=1,title=no-such-project::")
    assert "::error" not in done.err


def test_no_secret_is_in_an_annotation(run: Inside, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what an index says begins no command of its own."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    index.auth = ("jane", "s3cret-word")
    index.add("demo", "1.0", file={"yanked": "\n::error::owned"})
    (run.folder / "requirements.txt").write_text(f"-i {index.credentialed_url}\ndemo\n")
    done = run("lock", "-r", "requirements.txt", "-o", "-")
    assert done.code == 1
    assert "s3cret" not in done.err
    assert re.findall(r"^::.*?title=[a-z-]+::", done.err, re.MULTILINE)
    assert "::error::owned" not in re.findall(r"^\s*::.*", done.err, re.MULTILINE)
