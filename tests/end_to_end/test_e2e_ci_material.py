"""The scripts of `docs/ci/` and the hooks of `.pre-commit-hooks.yaml`, run as a runner and as pre-commit run them."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.environment import SAFEPIP
from support.runs import shown

if TYPE_CHECKING:
    import subprocess

    from support.environment import Runner
    from support.index import IndexServer

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "docs" / "ci" / "github" / "action.yml"
TEMPLATE = ROOT / "docs" / "ci" / "gitlab" / "safepip.gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"


class Checkout:
    """A project with a lock that is up to date, and what a runner does in it."""

    def __init__(self, runner: Runner, index: IndexServer, application: Path, temporary: Path) -> None:
        self.runner, self.application, self.temporary = runner, application, temporary
        self.folder = runner.folder
        self.digest = hashlib.sha256(application.read_bytes()).hexdigest()
        self.python = str(Path(sys.executable))
        index.add("acme-web", "1.0", requires=["acme-core"])
        index.add("acme-core", "1.0")
        (self.folder / "safepip.toml").write_text(f'[[index]]\nname = "acme"\nurl = "{index.url}"\ndefault = true\n')
        (self.folder / "requirements.in").write_text("acme-web\n")
        done = runner.inside("lock", "-r", "requirements.in")
        assert done.returncode == 0, shown(done)

    def by_action(self, **env: str) -> subprocess.CompletedProcess[str]:
        """The script of the action's one step."""
        [step] = [step for step in _yaml(ACTION)["runs"]["steps"] if "run" in step]
        defaults = {name: entry.get("default", "") for name, entry in _yaml(ACTION)["inputs"].items()}
        # As the runner puts the inputs into the step's variables.
        stated = {
            name: defaults.get(value.removeprefix("${{ inputs.").removesuffix(" }}"), "")
            for name, value in step["env"].items()
        }
        known = {
            "SOURCE": str(self.application),
            "SHA256": self.digest,
            "PYTHON": self.python,
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self.temporary / "output"),
        }
        assert known.keys() & stated.keys() == {"SOURCE", "SHA256", "PYTHON"}
        script = self.temporary / "step.sh"
        script.write_text(step["run"])
        # GitHub's documentation: `shell: bash` is this command.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return self.runner.run(command, env=stated | known | env)

    def by_template(self, **env: str) -> subprocess.CompletedProcess[str]:
        """The lines of a job that extends the template: the runner joins them to one script."""
        template = _yaml(TEMPLATE)
        lines = [*template[".safepip"]["before_script"], "echo done"]
        text = "\n".join(lines).replace("/tmp/safepip.pyz", str(self.temporary / "safepip.pyz"))
        text = text.replace("python3 ", f"{self.python} ")
        script = self.temporary / "job.sh"
        script.write_text(text)
        known = {"PYZ_URL": str(self.application), "PYZ_SHA256": self.digest}
        return self.runner.run(["bash", "-eo", "pipefail", str(script)], env=template["variables"] | known | env)

    def report(self) -> str:
        """The text of the report that the action's last line of output names."""
        name, _, path = (self.temporary / "output").read_text().splitlines()[-1].partition("=")
        assert name == "report"
        return Path(path).read_text()

    def installed(self) -> list[str]:
        places = (self.folder / ".venv").glob("lib/python*/site-packages/*.dist-info")
        return sorted(place.name.partition("-")[0] for place in places)


@pytest.fixture
def checkout(runner: Runner, index: IndexServer, application: Path, tmp_path: Path) -> Checkout:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return Checkout(runner, index, application, temporary)


def test_the_environment_of_the_lock_is_made_by_the_template(checkout: Checkout) -> None:
    done = checkout.by_template(REQUIREMENTS="requirements.in")
    assert done.returncode == 0, shown(done)
    assert checkout.installed() == ["acme_core", "acme_web"]


def test_the_environment_of_the_lock_is_made_by_the_action(checkout: Checkout) -> None:
    """Twice: the second time with the environment and the cache that are there, and a module in the folder that no
    Python may find. Then a finding ends the job and leaves its report, which is what that is for."""
    for _ in range(2):
        done = checkout.by_action(REQUIREMENTS="requirements.in")
        assert done.returncode == 0, shown(done)
        assert checkout.installed() == ["acme_core", "acme_web"]
        assert '"clean": true' in checkout.report()
        (checkout.folder / "venv.py").write_text("raise SystemExit('of this folder')\n")
    (spoilt,) = (checkout.folder / ".venv").glob("lib/python*/site-packages/acme_core/__init__.py")
    spoilt.write_text("changed = True\n")
    (checkout.temporary / "output").unlink()
    done = checkout.by_action()
    assert done.returncode != 0
    assert '"clean": false' in checkout.report()


@pytest.mark.usually("*action*")
@pytest.mark.parametrize("way", ["by_action", "by_template"])
def test_a_file_with_another_digest_is_not_run(way: str, checkout: Checkout) -> None:
    done = getattr(checkout, way)(SHA256="0" * 64, PYZ_SHA256="0" * 64)
    assert done.returncode != 0
    assert "has another digest" in done.stderr
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.parametrize("way", ["by_action", "by_template"])
def test_an_empty_file_is_told_whatever_its_digest(way: str, checkout: Checkout, tmp_path: Path) -> None:
    """A download that brought nothing."""
    (tmp_path / "empty").write_bytes(b"")
    digest = hashlib.sha256(b"").hexdigest()
    names = {"SOURCE": str(tmp_path / "empty"), "PYZ_URL": str(tmp_path / "empty")}
    done = getattr(checkout, way)(**names, SHA256=digest, PYZ_SHA256=digest)
    assert done.returncode != 0
    assert " is empty" in done.stderr
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.usually("*action*")
@pytest.mark.parametrize("way", ["by_action", "by_template"])
def test_a_lock_that_is_not_up_to_date_ends_the_job(way: str, checkout: Checkout) -> None:
    """Before anything is installed. Without requirements the lock is taken as it is."""
    (checkout.folder / "requirements.in").write_text("acme-core\n")
    done = getattr(checkout, way)(REQUIREMENTS="requirements.in")
    assert done.returncode == 1, shown(done)
    assert checkout.installed() == []
    assert getattr(checkout, way)(REQUIREMENTS="").returncode == 0
    assert checkout.installed() == ["acme_core", "acme_web"]


def test_a_word_of_the_users_is_no_command(checkout: Checkout) -> None:
    """Inputs come as variables, so that a shell takes each for one word."""
    done = checkout.by_action(LOCK="pylock.toml; touch owned", ENVIRONMENT="$(touch owned)")
    assert done.returncode != 0
    assert not (checkout.folder / "owned").exists()


def test_the_hooks_hold_back_a_commit(checkout: Checkout, tmp_path: Path) -> None:
    """By pre-commit itself; in place of the environment that it makes for a hook the command that is there runs."""
    hooks = [{**hook, "language": "system"} for hook in _yaml(HOOKS) if hook["id"] != "safepip-audit"]
    for hook in hooks:
        name, _, rest = hook["entry"].partition(" ")
        assert name == "safepip"
        hook["entry"] = f"{SAFEPIP} {rest} --python {sys.executable}"
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (checkout.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    variables = {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}

    def hold() -> subprocess.CompletedProcess[str]:
        for words in (["git", "init", "-q"], ["git", "add", "."]):
            assert checkout.runner.run(words).returncode == 0
        program = str(Path(sys.executable).parent / "pre-commit")
        return checkout.runner.run([program, "run", "--all-files", "--color=never"], env=variables)

    done = hold()
    assert done.returncode == 0, shown(done)
    assert done.stdout.count("Passed") == 2
    (checkout.folder / "requirements.in").write_text("acme-core\n")
    done = hold()
    assert done.returncode == 1, shown(done)
    assert "- hook id: safepip-lock" in done.stdout
    text = (checkout.folder / "safepip.toml").read_text()
    (checkout.folder / "safepip.toml").write_text(text.replace("default = true", 'packages = ["acme-web?"]'))
    done = hold()
    assert "- hook id: safepip-check-config" in done.stdout
    assert "undecided-owner" in done.stdout


def test_the_audit_of_the_hook_fails_where_nothing_can_be_verified(checkout: Checkout) -> None:
    """A lock that no source of advisories speaks of is not a clean one."""
    [entry] = [hook["entry"] for hook in _yaml(HOOKS) if hook["id"] == "safepip-audit"]
    assert checkout.runner.inside(*entry.split()[1:]).returncode == 3


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
