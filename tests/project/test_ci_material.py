"""What `docs/ci/` and `.pre-commit-hooks.yaml` offer to others, held by the linters that are kept for such files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
CI = ROOT / "docs" / "ci"
ACTION, WORKFLOW = CI / "github" / "action.yml", CI / "github" / "workflow.yml"
RELEASE = CI / "github" / "release.yml"
TEMPLATE = CI / "gitlab" / "safepip.gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"

#: A file and the schema of those who read it, as check-jsonschema brings it.
SCHEMAS = {
    ACTION: ["--builtin-schema", "vendor.github-actions"],
    WORKFLOW: ["--builtin-schema", "vendor.github-workflows"],
    RELEASE: ["--builtin-schema", "vendor.github-workflows"],
    TEMPLATE: ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}

#: check-jsonschema with each of several lists of words; it takes two seconds to start. How each ended and what it said.
EACH = """\
import contextlib, io, json, sys
from check_jsonschema import main
answers = []
for words in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main(words)
        except SystemExit as end:
            answers.append([end.code, said.getvalue()])
print(json.dumps(answers))
"""


def linted(tmp_path: Path, program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """A linter of the test environment, which can reach no network."""
    command = [str(Path(sys.executable).parent / program), *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=clean_environment(tmp_path), cwd=tmp_path
    )


def zizmor(tmp_path: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    return linted(tmp_path, "zizmor", "--offline", "--no-progress", "--no-config", *paths)


def test_the_workflows_have_no_finding(tmp_path: Path) -> None:
    """No input in a script, each action by a whole commit, no more permission than is needed."""
    done = zizmor(tmp_path, ACTION, WORKFLOW, RELEASE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ('"$LOCK"', "${{ inputs.lock }}", "template-injection"),
        ("@0057852bfaa89a56745cba8c7296529d2fc39830", "@v4", "unpinned-uses"),
    ],
)
def test_the_linter_would_see_it(before: str, after: str, finding: str, tmp_path: Path) -> None:
    """A planted mistake in the same file is found, offline."""
    text = ACTION.read_text()
    assert before in text
    (tmp_path / "action.yml").write_text(text.replace(before, after))
    done = zizmor(tmp_path, tmp_path / "action.yml")
    assert done.returncode != 0
    assert finding in done.stdout


def test_each_file_has_the_form_that_its_reader_takes(tmp_path: Path) -> None:
    """And another form would be seen: a job whose script is a number."""
    broken = tmp_path / TEMPLATE.name
    broken.write_text(TEMPLATE.read_text().replace("\n  script:\n", "\n  script: 7\n  other:\n"))
    asked = [[*words, str(path)] for path, words in {**SCHEMAS, broken: SCHEMAS[TEMPLATE]}.items()]
    done = linted(tmp_path, "python", "-c", EACH, json.dumps(asked))
    assert done.returncode == 0, done.stderr
    *answers, other = json.loads(done.stdout)
    bad = {path.name: text for path, (code, text) in zip(SCHEMAS, answers, strict=True) if code != 0}
    assert bad == {}
    assert other[0] == 1
    assert "script" in other[1]


def test_what_publishes_runs_nothing_of_the_repository() -> None:
    """The job that makes the files has no right to publish; the one that may checks nothing out, and runs no script."""
    make, publish = yaml.safe_load(RELEASE.read_text())["jobs"].values()
    assert make["permissions"] == {"contents": "read"}
    first, *checks = [step["run"] for step in make["steps"] if "run" in step]
    assert (first, len(checks)) == (".ci/release made", 1)
    assert (publish["needs"], publish["environment"]) == ("make", "release")
    used = [step["uses"].partition("@")[0] for step in publish["steps"] if "uses" in step]
    assert "actions/checkout" not in used
    assert used[-1] == "pypa/gh-action-pypi-publish"
    assert not any(".ci/" in step.get("run", "") for step in publish["steps"])
    # What the index may refuse comes before what everybody is told.
    assert publish["steps"][-1]["run"].startswith("gh release create")


@pytest.mark.skipif(os.name == "nt", reason="it is a line for bash")
def test_a_tag_of_another_version_makes_no_release(tmp_path: Path) -> None:
    """By the name of the sdist, which has the version."""
    step = _yaml(RELEASE)["jobs"]["make"]["steps"]
    line = next(entry["run"] for entry in step if entry.get("name") == "Compare the version with the tag")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "safepip-0.2.0.tar.gz").write_bytes(b"")
    codes = [
        subprocess.run(["bash", "-e", "-c", line], cwd=tmp_path, env={"GITHUB_REF_NAME": tag}, check=False).returncode
        for tag in ("v0.2.0", "v0.2.1", "v0.2.0rc1")
    ]
    assert codes == [0, 1, 1]


def test_nothing_has_the_digest_of_the_examples() -> None:
    """Least of all a file that did not come: the one of no bytes is well known."""
    for path in (WORKFLOW, TEMPLATE, ROOT / "docs" / "how-to" / "ci.md"):
        digests = re.findall(r"\b[0-9a-f]{64}\b", path.read_text())
        assert set(digests) == {"0" * 64}, path


@pytest.mark.parametrize("path", [ACTION, TEMPLATE, ROOT / ".ci" / "release"], ids=lambda path: path.name)
def test_no_python_looks_for_modules_where_it_is_called(path: Path) -> None:
    """Each one that is started is isolated (-I): a repository may have a venv.py, or a json.py."""
    text = path.read_text()
    started = re.findall(r'^(?!\s*#).*?((?:python3|"\$PYTHON"|"\$python"|"\$tools") (?:-\S*|"\S+))', text, re.MULTILINE)
    assert len(started) >= 3
    assert [words for words in started if not words.endswith(" -I")] == []


def test_the_cache_is_kept_by_the_lock_alone() -> None:
    """No key that another lock would find as well."""
    [step] = [step for step in _yaml(ACTION)["runs"]["steps"] if "cache" in step.get("uses", "")]
    assert step["with"]["key"].endswith("-${{ hashFiles(inputs.lock) }}")
    assert "restore-keys" not in step["with"]
    assert _yaml(TEMPLATE)[".safepip"]["cache"]["key"]["files"] == ["pylock.toml"]
    assert "fallback_keys" not in _yaml(TEMPLATE)[".safepip"]["cache"]


def test_the_hooks_are_what_pre_commit_takes(tmp_path: Path) -> None:
    assert linted(tmp_path, "pre-commit", "validate-manifest", HOOKS).returncode == 0
    (tmp_path / "hooks.yaml").write_text(HOOKS.read_text().replace("entry:", "other:"))
    assert linted(tmp_path, "pre-commit", "validate-manifest", tmp_path / "hooks.yaml").returncode != 0


@pytest.mark.parametrize(
    ("hook", "runs", "does_not"),
    [
        (
            "safepip-lock",
            ["pylock.toml", "app/pylock.dev.toml", "requirements.in", "dev-requirements.txt", "safepip.toml"],
            ["README.md", "my-pylock.toml.orig", "pylock.a.b.toml"],
        ),
        ("safepip-check-config", ["safepip.toml", "app/pyproject.toml"], ["other.toml", "safepip.toml.orig"]),
        ("safepip-audit", ["pylock.toml"], ["requirements.txt"]),
    ],
)
def test_a_hook_runs_where_its_files_change(hook: str, runs: Sequence[str], does_not: Sequence[str]) -> None:
    pattern = re.compile(next(entry["files"] for entry in _yaml(HOOKS) if entry["id"] == hook))
    assert [name for name in (*runs, *does_not) if pattern.search(name)] == list(runs)


def test_what_the_pages_show_of_the_hooks_is_there() -> None:
    """The how-to names each hook."""
    page = (ROOT / "docs" / "how-to" / "ci.md").read_text()
    assert all(entry["id"] in page for entry in _yaml(HOOKS))


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
