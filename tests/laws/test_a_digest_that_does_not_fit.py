"""A digest that is there and does not fit refuses the file, whatever its strength and wherever it was said.

A weak one is never proof: where nothing else is given, the file counts as one without. And one side's digest of another
algorithm than the other side's is no mismatch: the file is fetched, and held against both.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest

from support.index import HTML
from support.replies import Reply
from support.runs import references
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.inside import Done, Inside

#: What hashlib guarantees beside the strong ones, and pip therefore compares.
WEAK = ("md5", "sha1", "sha224", "blake2b", "blake2s", "sha3_224", "sha3_256", "sha3_384", "sha3_512")
OTHER = b"other bytes"


def right(data: bytes, *algorithms: str) -> dict[str, str]:
    """True digests."""
    return {name: hashlib.new(name, data).hexdigest() for name in algorithms}


def wrong(*algorithms: str) -> dict[str, str]:
    """Well-formed digests of something else."""
    return right(OTHER, *algorithms)


def declare(run: Inside, index: IndexServer, hashes: str = "optional") -> None:
    """The index as the default one of a configuration."""
    text = f'[[index]]\nname = "plain"\nurl = "{index.url}"\ndefault = true\nhashes = "{hashes}"\n'
    (run.folder / "safepip.toml").write_text(text)


def bring(run: Inside, *words: str | Path) -> Done:
    """Download without what an earlier run has kept."""
    shutil.rmtree(run.folder / "out", ignore_errors=True)
    return run("download", "-d", "out", "--no-cache-dir", *words)


def brought(run: Inside) -> list[str]:
    """What came."""
    return sorted(path.name for path in (run.folder / "out").glob("*"))


# --- what an index says -------------------------------------------------------------------------------------------


@pytest.mark.usually("md5", "sha1", "blake2b", "sha3_512")
@pytest.mark.parametrize("algorithm", WEAK)
def test_a_wrong_weak_digest_of_an_index_that_needs_none(index: IndexServer, run: Inside, algorithm: str) -> None:
    file = index.add("acme", "1.0", file={"hashes": wrong(algorithm)})
    declare(run, index)
    done = bring(run, "acme")
    assert (done.code, references(done.err)) == (20, ["digest-mismatch"]), done.err
    assert f"{algorithm}:{wrong(algorithm)[algorithm]}" in done.err
    assert brought(run) == []
    file.hashes = {name: value.upper() for name, value in right(file.data, algorithm).items()}
    assert bring(run, "acme").code == 0
    assert brought(run) == ["acme-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "blake2b"])
def test_the_same_in_the_form_of_html(index: IndexServer, run: Inside, algorithm: str) -> None:
    index.formats = (HTML,)
    file = index.add("acme", "1.0", file={"hashes": wrong(algorithm)})
    declare(run, index)
    assert references(bring(run, "acme").err) == ["digest-mismatch"]
    file.hashes = right(file.data, algorithm)
    assert bring(run, "acme").code == 0


def test_a_wrong_weak_digest_beside_a_right_strong_one(index: IndexServer, run: Inside) -> None:
    """Nor does it pass where an earlier run has kept the file under its right one."""
    index.cache_control = "no-cache"
    file = index.add("acme", "1.0")
    assert run("download", "-d", "first", "acme", "-i", index.url).code == 0
    file.hashes = right(file.data, "sha256") | wrong("md5")
    for words in ([], ["--no-cache-dir"]):
        done = run("download", "-d", "out", "acme", "-i", index.url, *words)
        assert (done.code, references(done.err)) == (20, ["digest-mismatch"]), done.err
    file.hashes = right(file.data, "sha256", "md5")
    assert bring(run, "acme", "-i", index.url).code == 0


def test_a_weak_digest_that_fits_is_no_proof(index: IndexServer, run: Inside) -> None:
    file = index.add("acme", "1.0")
    file.hashes = right(file.data, "md5", "sha1", "blake2b", "sha3_512")
    done = bring(run, "acme", "-i", index.url)
    assert (done.code, references(done.err)) == (20, ["unhashed-file"]), done.err


@pytest.mark.parametrize("value", ["0" * 31, "x" * 32, "", None, 7])
def test_a_weak_digest_that_cannot_be_read(index: IndexServer, run: Inside, value: object) -> None:
    """It spoils its entry, as a strong one does; an empty one counts as not given, as for pip."""
    file = index.add("acme", "1.0")
    file.hashes = {**right(file.data, "sha256"), "md5": value}  # type: ignore[dict-item]
    assert (bring(run, "acme", "-i", index.url).code == 0) == (not value)


def test_an_algorithm_that_nobody_knows_is_passed_over(index: IndexServer, run: Inside) -> None:
    file = index.add("acme", "1.0")
    file.hashes = right(file.data, "sha256") | {"sha999": "0" * 64, "shake_128": "00"}
    assert bring(run, "acme", "-i", index.url).code == 0


def test_what_an_index_keeps_from_run_to_run(index: IndexServer, run: Inside) -> None:
    """The kept page says it as the fetched one did."""
    index.cache_control = "max-age=600"
    index.add("acme", "1.0", file={"hashes": wrong("md5")})
    declare(run, index)
    for _ in range(2):
        assert references(run("download", "-d", "out", "acme").err) == ["digest-mismatch"]
    assert len([path for path in index.paths_asked() if path.endswith("/acme/")]) == 1


def test_a_mirror_with_another_weak_digest_has_another_file(index: IndexServer, run: Inside) -> None:
    other = index.mount("/mirror/simple/")
    for place, hashes in ((index, right(b"one", "md5")), (other, right(b"two", "md5"))):
        place.add("acme", "1.0", file={"hashes": hashes})
    declare(run, index)
    with (run.folder / "safepip.toml").open("a") as file:
        file.write(f'[[index]]\nname = "near"\nurl = "{other.url}"\nmirror-of = "plain"\n')
    assert references(bring(run, "acme").err) == ["mirror-differs"]


@pytest.mark.parametrize("sidecar", [wrong("md5"), wrong("sha1")])
def test_a_sidecar_with_a_wrong_weak_digest(index: IndexServer, run: Inside, sidecar: Mapping[str, str]) -> None:
    file = index.add("acme", "1.0", file={"sidecar_hashes": dict(sidecar)})
    done = bring(run, "acme", "-i", index.url)
    assert (done.code, references(done.err)) == (20, ["sidecar-digest"]), done.err
    assert file.sidecar is not None
    file.sidecar_hashes = right(file.sidecar, *sidecar)
    assert bring(run, "acme", "-i", index.url).code == 0
    file.sidecar_hashes = right(file.sidecar, "sha256") | wrong("md5")
    assert references(bring(run, "acme", "-i", index.url).err) == ["sidecar-digest"]


# --- pages on this machine ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["find-links page", "find-links page by URL", "index"])
@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_a_wrong_digest_on_a_page_of_this_machine(run: Inside, form: str, algorithm: str) -> None:
    folder = run.folder / "pages" / "acme"
    data = make_wheel(folder, "acme", "1.0").read_bytes()
    page = folder / "index.html"
    words = {
        "find-links page": ["--no-index", "--find-links", str(page)],
        "find-links page by URL": ["--no-index", "--find-links", page.as_uri()],
        "index": ["-i", folder.parent.as_uri()],
    }[form]
    head = '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head><body>'
    for digest, code in ((wrong(algorithm), 20), (right(data, algorithm), 0)):
        page.write_text(f'{head}<a href="acme-1.0-py3-none-any.whl#{algorithm}={digest[algorithm]}">acme</a>')
        done = bring(run, "acme", *words)
        assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err


# --- what the user says -------------------------------------------------------------------------------------------


def spelt(digests: Mapping[str, str]) -> str:
    """As in a URL's fragment."""
    return "&".join(f"{name}={value}" for name, value in digests.items())


def options(digests: Mapping[str, str]) -> str:
    """As at the end of a requirement."""
    return " ".join(f"--hash={name}:{value}" for name, value in digests.items())


SAID = [
    (("sha256",), (), ("md5",), ()),
    (("sha256",), (), ("sha1",), ("sha512",)),
    ((), ("sha512",), ("md5",), ()),
    (("sha256",), (), (), ("sha512",)),
    (("sha256",), (), (), ("sha256",)),
    ((), ("sha256",), ("sha256",), ()),
    ((), ("sha256", "sha384"), ("sha512",), ()),
    (("sha512",), ("sha256",), ("sha384",), ()),
]


@pytest.mark.usually("*-requirement", "*0-constraint", "*3-bare", "*5-bare")
@pytest.mark.parametrize("place", ["requirement", "constraint", "bare"])
@pytest.mark.parametrize(("in_url", "by_hash", "false_in_url", "false_by_hash"), SAID)
def test_the_digests_of_a_url_and_those_of_hash_must_hold(
    index: IndexServer,
    run: Inside,
    place: str,
    in_url: tuple[str, ...],
    by_hash: tuple[str, ...],
    false_in_url: tuple[str, ...],
    false_by_hash: tuple[str, ...],
) -> None:
    """All of the URL's, and of those given by --hash one."""
    file = index.add("acme", "1.0")
    url = index.host.origin + index.file_path(file.filename)

    def lines(fragment: Mapping[str, str], hashes: Mapping[str, str]) -> Done:
        named = url if place == "bare" else f"acme @ {url}"
        (run.folder / "lines.txt").write_text(f"{named}#{spelt(fragment)} {options(hashes)}\n")
        words = ["acme", "-c", "lines.txt"] if place == "constraint" else ["-r", "lines.txt"]
        return bring(run, *words, "-i", index.url, "--no-require-hashes")

    # Of one algorithm a fragment has one value: a wrong one takes the right one's place.
    fragment = {name: value for name, value in right(file.data, *in_url).items() if name not in false_in_url}
    done = lines(fragment | wrong(*false_in_url), right(file.data, *by_hash) | wrong(*false_by_hash))
    # Two digests of one algorithm contradict each other, and nothing has to be fetched to see it.
    contradiction = {*in_url, *false_in_url} & {*by_hash, *false_by_hash}
    assert (done.code, references(done.err)) == (20, ["hash-mismatch" if contradiction else "digest-mismatch"]), (
        done.err
    )
    assert brought(run) == []
    done = lines(
        right(file.data, *in_url, *false_in_url),
        right(file.data, *by_hash, *false_by_hash),
    )
    assert done.code == 0, done.err


def test_of_several_hashes_of_a_line_one_is_enough(index: IndexServer, run: Inside) -> None:
    """As in pip; they stand for the several files of a version."""
    file = index.add("acme", "1.0")
    url = index.host.origin + index.file_path(file.filename)
    for line in ("acme==1.0", f"acme @ {url}"):
        (run.folder / "lines.txt").write_text(f"{line} {options(right(file.data, 'sha256') | wrong('sha512'))}\n")
        assert bring(run, "-r", "lines.txt", "-i", index.url).code == 0


def test_a_weak_digest_of_the_users_alone_is_refused_before_anything_is_asked(index: IndexServer, run: Inside) -> None:
    url = f"{index.host.origin}/files/acme-1.0-py3-none-any.whl"
    for line in (f"acme @ {url}#{spelt(right(b'', 'md5'))}", f"acme --hash=sha1:{'0' * 40}"):
        (run.folder / "lines.txt").write_text(f"{line}\n")
        assert references(bring(run, "-r", "lines.txt", "-i", index.url).err) == ["weak-hash"]
    assert index.paths_asked() == []


@pytest.mark.parametrize(
    "written", ["SHA256={}", "Sha512={}", "%73ha256={}", "sha256%3D{}", "egg=lib%26sha256={}", "MD5={}"]
)
def test_a_digest_in_a_url_counts_however_it_is_written(index: IndexServer, run: Inside, written: str) -> None:
    """pip passes over all of these, and whoever reads the line takes them for digests."""
    name = next(name for name in ("md5", "sha512", "sha256") if name in written.lower() or name == "sha256")
    file = index.add("lib", "1.0", file={"hashes": {}, "sidecar": None})
    index.formats = (HTML,)
    declare(run, index)
    for digests, code in ((right(file.data, name), 0), (wrong(name), 20)):
        fragment = written.format(digests[name])
        file.url = f"{index.host.origin}{index.file_path(file.filename)}#{fragment}"
        assert bring(run, "lib").code == code, "on a page"
        (run.folder / "lines.txt").write_text(f"lib @ {file.url}\n")
        # What follows `egg=` in a line has to be a project's name, and nothing that could be read in another way.
        in_line = 1 if written.startswith("egg=") else 20 if name == "md5" else code
        assert bring(run, "-r", "lines.txt").code == in_line, "in a line"


def test_one_url_named_twice_is_held_against_both_fragments(index: IndexServer, run: Inside) -> None:
    file = index.add("acme", "1.0")
    url = index.host.origin + index.file_path(file.filename)
    (run.folder / "one.txt").write_text(f"acme @ {url}#{spelt(right(file.data, 'sha256'))}\n")
    for digests, code in ((wrong("sha512"), 20), (right(file.data, "sha512"), 0)):
        (run.folder / "two.txt").write_text(f"acme @ {url}#{spelt(digests)}\n")
        for words in (("-r", "one.txt", "-c", "two.txt"), ("-r", "two.txt", "-c", "one.txt")):
            done = bring(run, *words, "-i", index.url)
            assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err
            done = run("lock", *words, "-i", index.url, "--no-cache-dir", "-o", f"pylock.{code}.toml")
            assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err


@pytest.mark.parametrize("option", ["-r", "-c"])
def test_a_file_of_requirements_that_is_named_with_its_digest(index: IndexServer, run: Inside, option: str) -> None:
    """In the URL of a file that is fetched, on the command line and in another file; a weak one as well."""
    index.add("acme", "1.0")
    text = b"acme==1.0\n"
    index.host.paths["/lines.txt"] = Reply(200, text, {"Content-Type": "text/plain"})
    place = f"{index.host.origin}/lines.txt"
    for digests, code in ((wrong("sha256"), 20), (wrong("md5"), 20), (right(text, "sha512", "md5"), 0)):
        url = f"{place}#{spelt(digests)}"
        (run.folder / "nested.txt").write_text(f"{option} {url}\n")
        for words in ((option, url), ("-r", "nested.txt")):
            done = bring(run, "acme", *words, "-i", index.url)
            assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err


# --- two sides, two algorithms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "asked"), [("sha256", "sha512"), ("sha512", "sha256"), ("sha384", "sha256"), ("md5", "sha256")]
)
@pytest.mark.parametrize("pinned", [True, False])
def test_a_hash_of_another_algorithm_than_the_pages(
    index: IndexServer, run: Inside, listed: str, asked: str, pinned: bool
) -> None:
    """The file is fetched and held against both."""
    file = index.add("acme", "1.0")
    name = "acme==1.0" if pinned else "acme"
    for hashes, digests, code in (
        (right(file.data, listed), right(file.data, asked), 0),
        (right(file.data, listed), wrong(asked), 20),
        (wrong(listed), right(file.data, asked), 20),
    ):
        file.hashes = hashes
        (run.folder / "lines.txt").write_text(f"{name} {options(digests)}\n")
        done = bring(run, "-r", "lines.txt", "-i", index.url)
        assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err
        assert bool(brought(run)) == (code == 0)


def test_a_file_that_the_page_names_comes_before_one_that_it_may_be(index: IndexServer, run: Inside) -> None:
    """And one that it cannot be is no candidate."""
    named = index.add("acme", "1.0")
    maybe = index.add("acme", "1.0", build="2")
    maybe.hashes = right(maybe.data, "sha512")
    index.add("acme", "1.0", build="3")
    (run.folder / "lines.txt").write_text(f"acme {options(right(named.data, 'sha256'))}\n")
    assert bring(run, "-r", "lines.txt", "-i", index.url).code == 0
    assert brought(run) == [named.filename]
    (run.folder / "lines.txt").write_text(f"acme {options(right(maybe.data, 'sha256'))}\n")
    assert bring(run, "-r", "lines.txt", "-i", index.url).code == 0
    assert brought(run) == [maybe.filename]


def test_a_requirement_and_a_constraint_of_different_algorithms(index: IndexServer, run: Inside) -> None:
    """Both must hold; of one algorithm they must have a digest in common."""
    file = index.add("acme", "1.0")
    true, false = right(file.data, "sha256", "sha384", "sha512"), wrong("sha256", "sha384", "sha512")
    for first, second, reference in (
        ({"sha256": true["sha256"]}, {"sha512": true["sha512"]}, ""),
        ({"sha384": true["sha384"]}, {"sha512": true["sha512"]}, ""),
        ({"sha256": true["sha256"]}, {"sha512": false["sha512"]}, "digest-mismatch"),
        ({"sha384": false["sha384"]}, {"sha512": true["sha512"]}, "digest-mismatch"),
        ({"sha256": true["sha256"]}, {"sha256": false["sha256"]}, "hash-mismatch"),
    ):
        (run.folder / "one.txt").write_text(f"acme {options(first)}\n")
        (run.folder / "two.txt").write_text(f"acme {options(second)}\n")
        done = bring(run, "-r", "one.txt", "-c", "two.txt", "-i", index.url)
        assert references(done.err) == ([reference] if reference else []), done.err
        assert (done.code == 0) == (not reference), done.err


def test_a_hash_of_another_algorithm_holds_for_a_file_held_back(index: IndexServer, run: Inside) -> None:
    """What the page cannot tell to be the user's own file is judged by its age as any other, and that is said."""
    file = index.add("acme", "1.0")
    file.upload_time = "2099-01-02T03:04:05Z"
    (run.folder / "lines.txt").write_text(f"acme {options(right(file.data, 'sha512'))}\n")
    assert references(bring(run, "-r", "lines.txt", "-i", index.url).err) == ["cooldown"]
    (run.folder / "lines.txt").write_text(f"acme {options(right(file.data, 'sha256'))}\n")
    assert bring(run, "-r", "lines.txt", "-i", index.url).code == 0


# --- locks ----------------------------------------------------------------------------------------------------------


def test_every_digest_of_a_lock_must_hold(index: IndexServer, run: Inside) -> None:
    """Also one that is weaker than another, and one that is no proof."""
    file = index.add("acme", "1.0")
    assert run("lock", "acme", "-i", index.url, "--no-cache-dir").code == 0
    text = (run.folder / "pylock.toml").read_text()
    true = f'sha256 = "{right(file.data, "sha256")["sha256"]}"'
    assert true in text
    for more in ("md5", "sha1", "sha512", "sha384"):
        for digest, code in ((wrong(more), 20), (right(file.data, more), 0)):
            reported = text.replace(true, f'{true}, {more} = "{digest[more]}"')
            (run.folder / "pylock.toml").write_text(reported)
            done = bring(run, "-r", "pylock.toml", "-i", index.url)
            assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err


@pytest.mark.parametrize("spelt", ["MD5", "Sha1", "SHA512"])
def test_a_digest_of_a_lock_counts_in_whatever_letters(spelt: str, index: IndexServer, run: Inside) -> None:
    """What a reader takes for a digest is not overlooked."""
    file = index.add("acme", "1.0")
    assert run("lock", "acme", "-i", index.url, "--no-cache-dir").code == 0
    text = (run.folder / "pylock.toml").read_text()
    true = f'sha256 = "{right(file.data, "sha256")["sha256"]}"'
    assert true in text
    for digest, code in ((wrong(spelt.lower()), 20), (right(file.data, spelt.lower()), 0)):
        (run.folder / "pylock.toml").write_text(text.replace(true, f'{true}, {spelt} = "{digest[spelt.lower()]}"'))
        done = bring(run, "-r", "pylock.toml", "-i", index.url)
        assert (done.code, references(done.err)) == (code, ["digest-mismatch"] * (code == 20)), done.err


@pytest.mark.parametrize("algorithm", ["sha256", "md5", "sha512"])
def test_a_digest_in_the_url_of_a_locks_archive_must_hold_too(algorithm: str, index: IndexServer, run: Inside) -> None:
    """Beside those of its table."""
    file = index.add("acme", "1.0")
    url = f"{index.host.origin}/files/{file.filename}"
    known = right(file.data, "sha256")["sha256"]
    for digest, fits in ((wrong(algorithm), False), (right(file.data, algorithm), True)):
        (run.folder / "pylock.toml").write_text(
            'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "acme"\nversion = "1.0"\n'
            f'archive = {{ url = "{url}#{algorithm}={digest[algorithm]}", hashes = {{ sha256 = "{known}" }} }}\n'
        )
        done = bring(run, "-r", "pylock.toml", "-i", index.url)
        assert (done.code == 0) is fits, done.err


def test_a_lock_is_made_of_no_file_with_a_wrong_digest(index: IndexServer, run: Inside) -> None:
    """Where the index gives weak digests alone, the file is fetched for its own; then they must fit."""
    file = index.add("acme", "1.0", file={"hashes": wrong("md5")})
    declare(run, index)
    assert references(run("lock", "acme", "--no-cache-dir").err) == ["digest-mismatch"]
    assert not (run.folder / "pylock.toml").exists()
    file.hashes = right(file.data, "md5")
    assert run("lock", "acme", "--no-cache-dir").code == 0


# --- through pip ----------------------------------------------------------------------------------------------------


def test_nothing_is_installed_and_the_twin_is(index: IndexServer, runner: Runner, target: Environment) -> None:
    """pip refuses the same file."""
    index.cache_control = "no-cache"
    file = index.add("acme", "1.0", file={"hashes": wrong("md5")})
    text = f'[[index]]\nname = "plain"\nurl = "{index.url}"\ndefault = true\nhashes = "optional"\n'
    (runner.folder / "safepip.toml").write_text(text)
    before = target.state()
    assert runner.safepip("install", "--python", target.python, "acme").returncode == 20
    assert target.state() == before
    done = runner.pip("--python", target.python, "install", "-i", index.url, "--no-cache-dir", "acme")
    assert done.returncode == 1, done.stderr
    file.hashes = right(file.data, "md5")
    assert runner.safepip("install", "--python", target.python, "acme").returncode == 0
    assert target.installed() == {"acme": "1.0"}
