"""Which index a lock is made from, shown: pip-compile and safepip lock, side by side, on the same two indexes.

    python docs/lock-demonstration.py [--pip-compile PATH]

Run it from a checkout, with the Python that safepip is installed in. It starts an internal and a public index on
loopback, needs no network, and touches nothing but a temporary folder. In each case the internal index owns
`acme-utils`, an attacker has put something on the public one, and up to three commands are run:

1. `pip-compile --generate-hashes` with both indexes, where `--pip-compile` names one: the file it writes has the
   digest of the attacker's file, so that `pip install --require-hashes` accepts it;
2. `safepip lock` with the same indexes and no rule: it refuses, and no lock is written;
3. `safepip lock` with two lines of TOML that say who owns `acme-*`: the lock has the version, the digest and the index
   of the owner, and the public index was not asked for the name.

The exit code is 0 only if every outcome was the one described.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

# This one lets `support` be found.
from demonstration import PROJECT, REFUSED, Transcript

from support.environment import Runner
from support.index import IndexServer
from support.wheels import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.index import ServedFile


@dataclass(frozen=True, slots=True)
class Case:
    """What the attacker publishes, and what is asked for."""

    title: str
    attack: str
    version: str
    build: str = ""
    requirement: str = PROJECT


CASES = (
    Case("A higher version", "The public index has acme-utils 99.0.", "99.0"),
    Case(
        "The same version, pinned",
        "The public index has another acme-utils 1.0, and the requirement is an exact pin.",
        "1.0",
        requirement=f"{PROJECT}==1.0",
    ),
    Case(
        "A local version for an exact pin",
        "1.0+evil satisfies ==1.0 and sorts above 1.0.",
        "1.0+evil",
        requirement=f"{PROJECT}==1.0",
    ),
)


@dataclass(frozen=True, slots=True)
class RuleContext:
    """One case's indexes, their files, and the folder in which the commands run."""

    runner: Runner
    internal: IndexServer
    public: IndexServer
    own: ServedFile
    other: ServedFile

    def facts(self, text: str) -> list[str]:
        """Whose digests a lock has, of whatever form."""
        owners = (("the internal file's digest", self.own), ("the attacker's digest", self.other))
        return [words for words, file in owners if sha256(file.data) in text]

    def file(self, name: str) -> str:
        """A file of the folder, empty where it is not there."""
        path = self.runner.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def indexes(self) -> list[str]:
        """The arguments that name both indexes, without any rule."""
        return ["--index-url", self.internal.url, "--extra-index-url", self.public.url]


def publish(index: IndexServer, version: str, owner: str, build: str = "") -> ServedFile:
    """Put a wheel of `acme-utils` on an index that says whose it is when imported."""
    return index.add(PROJECT, version, build=build, files={"acme_utils/__init__.py": f"OWNER = {owner!r}\n"})


def demonstrate(case: Case, folder: Path, pip_compile: str | None, transcript: Transcript) -> None:
    """Play one case."""
    transcript.say(f"\n== {case.title}\n   {case.attack}")
    with IndexServer() as internal, IndexServer() as public:
        own = publish(internal, "1.0", "internal")
        other = publish(public, case.version, "attacker", case.build)
        runner = Runner(folder / "project", folder / "home")
        runner.folder.mkdir(parents=True)
        (runner.folder / "requirements.in").write_text(f"{case.requirement}\n", encoding="utf-8")
        context = RuleContext(runner, internal, public, own, other)
        if pip_compile is not None:
            play_pip_compile(context, pip_compile, transcript)
        play_refusal(context, transcript)
        play_settled(context, transcript)


def play_pip_compile(context: RuleContext, pip_compile: str, transcript: Transcript) -> None:
    """pip-compile, with both indexes."""
    transcript.say("\n  $ pip-compile --generate-hashes --index-url INTERNAL --extra-index-url PUBLIC requirements.in")
    words = ["--quiet", "--no-config", "--generate-hashes", "--strip-extras", "--no-header", "--no-emit-index-url"]
    done = context.runner.run([pip_compile, *words, *context.indexes, "-o", "compiled.txt", "requirements.in"])
    text = context.file("compiled.txt")
    transcript.quote(text or done.stderr)
    has = context.facts(text)
    transcript.say(f"    has {' and '.join(has) or 'neither digest'}; it cannot say which index the file is from")
    transcript.check("the attacker's digest" in has, "pip-compile records the attacker's file")


def play_refusal(context: RuleContext, transcript: Transcript) -> None:
    """safepip, with the same arguments."""
    transcript.say("\n  $ safepip lock --index-url INTERNAL --extra-index-url PUBLIC -r requirements.in")
    done = context.runner.safepip("lock", *context.indexes, "-r", "requirements.in")
    transcript.quote(done.stderr)
    transcript.check(done.returncode == REFUSED, f"safepip refuses (exit {done.returncode})")
    transcript.check(not context.file("pylock.toml"), "and no lock is written")


def play_settled(context: RuleContext, transcript: Transcript) -> None:
    """safepip, with the claim."""
    toml = (
        f'index = [{{ name = "acme", url = "{context.internal.url}", packages = ["acme-*"] }},\n'
        f'         {{ name = "public", url = "{context.public.url}", default = true }}]\n'
    )
    (context.runner.folder / "safepip.toml").write_text(toml, encoding="utf-8")
    transcript.say("\n  $ cat safepip.toml")
    transcript.quote(toml)
    transcript.say("  $ safepip lock -r requirements.in")
    asked_before = len(context.public.mentions(PROJECT))
    context.runner.safepip("lock", "-r", "requirements.in")
    text = context.file("pylock.toml")
    transcript.quote(text)
    has = context.facts(text)
    transcript.say(f"    has {' and '.join(has) or 'neither digest'}")
    package = next(iter(tomllib.loads(text or "packages = []")["packages"]), {})
    owner = (package.get("version"), package.get("index")) == ("1.0", context.internal.url)
    transcript.check(owner, "the lock names the owner's index and version")
    transcript.check(has == ["the internal file's digest"], "and has the digest of the owner's file alone")
    asked = len(context.public.mentions(PROJECT)) - asked_before
    transcript.check(asked == 0, f"the public index was asked for {PROJECT} {asked} times")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all cases. Returns 1 if any outcome differed from what is described."""
    parser = argparse.ArgumentParser(description="Show which index a lock is made from.")
    parser.add_argument("--pip-compile", metavar="PATH", help="a pip-compile to run beside safepip")
    pip_compile = parser.parse_args(arguments).pip_compile
    transcript = Transcript()
    if pip_compile is None:
        transcript.say("Without --pip-compile PATH only safepip is run.")
    with tempfile.TemporaryDirectory() as folder:
        if pip_compile is not None:
            runner = Runner(Path(folder), Path(folder) / "home")
            transcript.say(runner.run([pip_compile, "--version"]).stdout.strip())
        for number, case in enumerate(CASES):
            demonstrate(case, Path(folder) / str(number), pip_compile, transcript)
    count = transcript.wrong
    transcript.say(
        f"\n{'Every outcome was as described.' if not count else f'{count} outcomes were not as described.'}"
    )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
