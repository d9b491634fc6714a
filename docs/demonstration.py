"""Dependency confusion, shown: what pip installs, what safepip says, and what settles it.

    python docs/demonstration.py

Run it from a checkout, with the Python that safepip is installed in. It starts an internal and a public
index on loopback, needs no network, and touches nothing but a temporary folder. In each case the internal index
owns `acme-utils`, an attacker has put something on the public one, and these commands are run:

1. `pip install` with both indexes, as many set-ups write it: the attacker's file is installed;
2. `safepip install` with the same arguments: it refuses, and nothing is installed (but for a 404: when one index says
   that it does not have the name and nothing says that it should, there is nothing to see yet);
3. `safepip install` with the block of that refusal pasted as it stands: it refuses again, because the block only asks;
4. `safepip install` with two lines of TOML that say who owns `acme-*`: the internal file is installed, or,
   where the internal index cannot answer, nothing is, and the public index is not even asked.

The exit code is 0 only if every outcome was the one described.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support import replies
from support.environment import Environment, Runner, make_environment
from support.index import IndexServer

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "acme-utils"
REFUSED, UNDECIDED = 20, 2


@dataclass(frozen=True, slots=True)
class Case:
    """One attack.

    `internal_answers` tells whether the internal index still gives its page while it goes on. `noticed` tells
    whether safepip can see without any rule that something is wrong.
    """

    title: str
    attack: str
    prepare: Callable[[IndexServer, IndexServer], None]
    requirement: str = PROJECT
    internal_answers: bool = True
    noticed: bool = True


def publish(index: IndexServer, version: str, owner: str, build: str = "") -> None:
    """Put a wheel of `acme-utils` on an index that says whose it is when imported."""
    module = f"__version__ = {version!r}\nOWNER = {owner!r}\n"
    index.add(PROJECT, version, build=build, files={"acme_utils/__init__.py": module})


def attacker(version: str, build: str = "") -> Callable[[IndexServer, IndexServer], None]:
    """The attacker publishes this version, and the internal index is in good health."""
    return lambda _internal, public: publish(public, version, "attacker", build)


def internal_down(internal: IndexServer, public: IndexServer) -> None:
    """The internal index is not there, and the attacker has a version of its name."""
    publish(public, "1.0", "attacker")
    internal.close()


def internal_404(internal: IndexServer, public: IndexServer) -> None:
    """The internal index forgot the name, and the attacker has not."""
    publish(public, "1.0", "attacker")
    internal.fault(PROJECT, replies.status(404))


def internal_redirects(internal: IndexServer, public: IndexServer) -> None:
    """The internal index forwards what it does not find to the public one, as some servers do."""
    publish(public, "1.0", "attacker")
    internal.fault(PROJECT, replies.redirect(public.url + f"{PROJECT}/"))


CASES = (
    Case("A higher version", "The public index has acme-utils 99.0, and pip takes the highest.", attacker("99.0")),
    Case(
        "The same version with a build tag",
        "A build tag breaks the tie between two files of one version, whichever index they are on.",
        attacker("1.0", build="1"),
    ),
    Case(
        "A local version for an exact pin",
        "1.0+evil satisfies ==1.0 and sorts above 1.0, so a pin does not help.",
        attacker("1.0+evil"),
        requirement=f"{PROJECT}==1.0",
    ),
    Case(
        "The internal index is down",
        "pip notes the failure at debug level only and goes on with the index that answers.",
        internal_down,
        internal_answers=False,
    ),
    Case(
        "The internal index answers 404",
        "A 404 says that the name is not there, so without a rule the other index is the only one to offer it.",
        internal_404,
        internal_answers=False,
        noticed=False,
    ),
    Case(
        "The internal index redirects to the public one",
        "pip follows the redirect, and the public page speaks in the internal index's name.",
        internal_redirects,
        internal_answers=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Step:
    """What one command did: its exit code, what it printed, and whose file is in the target now."""

    exit_code: int
    output: str
    owner: str
    unchanged: bool


class Stage:
    """One case's indexes, configuration and target environments."""

    def __init__(self, folder: Path, case: Case, internal: IndexServer, public: IndexServer) -> None:
        self.case = case
        self.folder = folder
        self.internal = internal
        self.public = public
        self.runner = Runner(folder / "project", folder / "home")
        self.runner.folder.mkdir(parents=True)

    @property
    def toml(self) -> str:
        """The two lines that settle it. In real life the second is `{ name = "public", default = true }`."""
        return (
            f'index = [{{ name = "acme", url = "{self.internal.url}", packages = ["acme-*"] }},\n'
            f'         {{ name = "public", url = "{self.public.url}", default = true }}]\n'
        )

    def indexes(self) -> list[str]:
        """The arguments that name both indexes, without any rule."""
        return ["--index-url", self.internal.url, "--extra-index-url", self.public.url, "--retries", "0"]

    def run(self, name: str, program: Callable[..., subprocess.CompletedProcess[str]], *arguments: str) -> Step:
        """Run one command against a fresh target environment and look at what it did there."""
        target = make_environment(self.folder / name)
        before = target.state()
        done = program("--python", str(target.python), "install", *arguments, self.case.requirement)
        return Step(done.returncode, done.stdout + done.stderr, owner_in(target), target.state() == before)

    def safepip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`safepip install --python TARGET ...`, the verb first."""
        option, python, verb, *rest = arguments
        return self.runner.safepip(verb, option, python, *rest)


def owner_in(target: Environment) -> str:
    """Who made the `acme_utils` that the environment would import: attacker, internal or nobody."""
    code = "import acme_utils; print(acme_utils.OWNER)"
    done = subprocess.run([str(target.python), "-I", "-B", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "nobody"


class Transcript:
    """Prints what happens and counts what should not have."""

    def __init__(self) -> None:
        self.wrong = 0

    def say(self, text: str = "") -> None:
        """One line."""
        sys.stdout.write(text + "\n")

    def quote(self, text: str, limit: int = 40) -> None:
        """A program's own words, indented."""
        for line in text.strip().splitlines()[:limit]:
            self.say(f"      | {line}")

    def check(self, held: bool, promise: str) -> None:
        """State whether a promise held."""
        self.wrong += not held
        self.say(f"    {'ok   ' if held else 'WRONG'} {promise}")


def demonstrate(case: Case, folder: Path, transcript: Transcript) -> None:
    """Play one case."""
    transcript.say(f"\n== {case.title}\n   {case.attack}")
    with IndexServer() as internal, IndexServer() as public:
        publish(internal, "1.0", "internal")
        stage = Stage(folder, case, internal, public)
        case.prepare(internal, public)
        play_pip(stage, transcript)
        refused = play_refusal(stage, transcript)
        if case.noticed:
            play_pasted(stage, refused, transcript)
        play_settled(stage, transcript)


def play_pip(stage: Stage, transcript: Transcript) -> None:
    """pip, with both indexes."""
    transcript.say(f"\n  $ pip install --index-url INTERNAL --extra-index-url PUBLIC {stage.case.requirement}")
    step = stage.run("pip", stage.runner.pip, *stage.indexes())
    transcript.quote(step.output.strip().splitlines()[-1] if step.output.strip() else "")
    transcript.check(step.exit_code == 0 and step.owner == "attacker", "pip installs the attacker's file")


def play_refusal(stage: Stage, transcript: Transcript) -> Step:
    """safepip, with the same arguments. Returns what it did."""
    transcript.say(f"\n  $ safepip install --index-url INTERNAL --extra-index-url PUBLIC {stage.case.requirement}")
    step = stage.run("refused", stage.safepip, *stage.indexes())
    transcript.quote(step.output)
    if stage.case.noticed:
        transcript.check(step.exit_code == REFUSED, f"safepip refuses (exit {step.exit_code})")
        transcript.check(step.unchanged, "and the environment is unchanged")
    else:
        only_offer = step.exit_code == 0 and step.owner == "attacker"
        transcript.check(only_offer, "safepip takes the only offer, as pip does: nothing says who owns the name")
    return step


def play_pasted(stage: Stage, refused: Step, transcript: Transcript) -> None:
    """safepip, with the block below the hint pasted by someone who does not read it."""
    block = refused.output.partition("hint: ")[2].partition("\n")[2].partition("\n\nNothing was")[0]
    (stage.runner.folder / "safepip.toml").write_text(textwrap.dedent(block), encoding="utf-8")
    transcript.say(f"\n  $ safepip install {stage.case.requirement}   # the block pasted as it stands")
    step = stage.run("pasted", stage.safepip, "--retries", "0")
    transcript.quote(step.output)
    asks = step.exit_code == UNDECIDED and "error: undecided-owner" in step.output
    transcript.check(asks, "the block proposes no owner: safepip asks for a decision")
    transcript.check(step.unchanged, "and the environment is unchanged")


def play_settled(stage: Stage, transcript: Transcript) -> None:
    """safepip, with the claim."""
    (stage.runner.folder / "safepip.toml").write_text(stage.toml, encoding="utf-8")
    transcript.say("\n  $ cat safepip.toml")
    transcript.quote(stage.toml)
    transcript.say(f"  $ safepip install {stage.case.requirement}")
    asked_before = len(stage.public.mentions(PROJECT))
    step = stage.run("settled", stage.safepip, "--retries", "0")
    transcript.quote(step.output)
    if stage.case.internal_answers:
        transcript.check(step.exit_code == 0 and step.owner == "internal", "safepip installs the internal file")
    else:
        transcript.check(step.exit_code in (1, REFUSED), f"safepip stops and says why (exit {step.exit_code})")
        transcript.check(step.unchanged, "and the environment is unchanged")
    asked = len(stage.public.mentions(PROJECT)) - asked_before
    transcript.check(asked == 0, f"the public index was asked for {PROJECT} {asked} times")


def main() -> int:
    """Play all cases. Returns 1 if any outcome differed from what is described."""
    transcript = Transcript()
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(CASES):
            demonstrate(case, Path(folder) / str(number), transcript)
    count = transcript.wrong
    transcript.say(
        f"\n{'Every outcome was as described.' if not count else f'{count} outcomes were not as described.'}"
    )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
