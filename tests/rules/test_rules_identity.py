"""Rules on what a wheel says that it is: identity, tags, RECORD, the installer's files, URLs of its choosing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.rules import direct_reference, installer_file, wrong_identity, wrong_record, wrong_tags
from safepip.rules.judging import RULES
from safepip.wheel.metadata import parse_metadata
from safepip.wheel.record import record_digest
from safepip.wheel.wheel_file import WheelFileError, parse_wheel_file
from safepip.wheel.zip_format import ArchiveError
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel, record_text, zip_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safepip.model.finding import Diagnostic
    from safepip.rules.context import RuleContext
    from safepip.rules.under_review import WheelUnderReview

INFO = "acme_web-1.0.dist-info"
DATA = "acme_web-1.0.data"
PLAIN = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
MARKERS = {"python_version": "3.11", "sys_platform": "linux", "os_name": "posix"}


def wheel(**more: Any) -> WheelUnderReview:
    """A wheel of acme-web 1.0, resolved with its own METADATA; `more` is for `build_wheel`."""
    changes = {name: more.pop(name) for name in ("extras_asked", "layout") if name in more}
    extras = changes.get("extras_asked", frozenset())
    return wheel_under_review(*build_wheel("acme-web", "1.0", **more), changes.get("layout", LAYOUT), extras=extras)


def found(
    check: Callable[[WheelUnderReview, RuleContext], Diagnostic | None], reviewed: WheelUnderReview, **context: Any
) -> tuple[str, ...] | None:
    """The evidence of a rule's objection without the line that names the wheel, None where it has none."""
    finding = check(reviewed, context_of(reviewed, **{"markers": MARKERS, **context}))
    if finding is None:
        return None
    assert finding.reference == check.__module__.rpartition(".")[2].replace("_", "-")
    assert finding.subject == "acme-web"
    assert finding.origins == reviewed.pin.required_by
    assert all(line.isprintable() for line in finding.context)
    return finding.context[1:]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"requires": ["b>1", "c; extra == 'x'"], "extras": {"x": ["d"]}, "requires_python": ">=3.8"},
        {"tag": "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "build": "3a"},
        {"scripts": {"acme": "acme_web:main"}, "files": {f"{DATA}/scripts/run": "#!python\n", "acme.pth": "x\n"}},
        {"files": {f"{INFO}/RECORD.jws": "{}", f"{INFO}/licenses/INSTALLER": "x", f"{INFO}/top_level.txt": "a\n"}},
        {"files": {"acme_web/_vendor/six-1.0.dist-info/METADATA": "", "acme_web/x.egg-info/PKG-INFO": ""}},
        {"files": {f"{DATA}/data/share/acme/six-1.0.dist-info/METADATA": "", "acme_web/direct_url.json": "{}"}},
        {"files": {'acme_web/a "quoted", name.txt': "x", "acme_web/Größe.txt": "x", "acme_web/empty": ""}},
    ],
)
def test_no_rule_objects_to_a_wheel_as_builders_make_them(more: dict[str, Any]) -> None:
    """Extras, tags in sets, build tags, scripts, signatures, projects vendored with their metadata."""
    reviewed = wheel(**more)
    for check in (wrong_identity, wrong_tags, wrong_record, installer_file, direct_reference):
        assert found(check.check, reviewed) is None


# --- wrong-identity --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "evil-1.0.egg-info/PKG-INFO",
        "Evil-1.0.EGG-INFO",
        "acme_web.egg-info/PKG-INFO",
        "evil.egg-link",
        "evil-1.0.egg/EGG-INFO/PKG-INFO",
        f"{DATA}/purelib/evil-1.0.dist-info/METADATA",
        f"{DATA}/platlib/evil-1.0.Dist-Info/METADATA",
        f"{DATA}/platlib/{INFO}/direct_url.json",
        f"{DATA}/data/lib/python3.11/site-packages/evil-1.0.dist-info/METADATA",
        f"{DATA}/data/LIB/Python3.11/Site-Packages/evil-1.0.dist-info/METADATA",
        f"{DATA}/data/lib/python3.11/evil-1.0.egg-info",
    ],
)
def test_metadata_of_a_second_distribution_is_refused_by_every_route(path: str) -> None:
    """At the top of a site folder or of the standard library, any such file or folder is a distribution to tools."""
    layout = LAYOUT._replace(libraries=frozenset({"/env/lib/python3.11"}))
    reviewed = wheel(files={path: "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"}, layout=layout)
    assert found(wrong_identity.check, reviewed, layout=layout) == (
        "resolved: acme-web 1.0",
        f"metadata beside its own: {path}",
    )


def test_the_case_of_the_targets_own_folders_does_not_matter() -> None:
    """As on Windows, whose folders have capitals."""
    site = "C:/Env/Lib/site-packages"
    layout = LAYOUT._replace(
        schemes={**LAYOUT.schemes, "purelib": site, "platlib": site}, site_folders=frozenset({site}), windows=True
    )
    assert found(wrong_identity.check, wheel(layout=layout), layout=layout) is None
    reviewed = wheel(files={"Evil.EGG-info/PKG-INFO": ""}, layout=layout)
    assert found(wrong_identity.check, reviewed, layout=layout) is not None


@pytest.mark.parametrize(
    ("lines", "evidence"),
    [
        ("Metadata-Version: 3.0\nName: acme-web\nVersion: 1.0", "METADATA: the format's version 3.0 is not understood"),
        ("Metadata-Version: x\nName: acme-web\nVersion: 1.0", "METADATA: the format's version x is not understood"),
        ("Name: acme-web\nVersion: 1.0", "METADATA: no fields Metadata-Version, instead of one"),
        (
            "Metadata-Version: 2.1\nMetadata-Version: 2.1\nName: acme-web\nVersion: 1.0",
            "METADATA: 2 fields Metadata-Version, instead of one",
        ),
        (
            "Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\nName: evil",
            "METADATA: 2 fields Name, instead of one",
        ),
        (
            "Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\nversion: 2.0",
            "METADATA: 2 fields Version, instead of one",
        ),
    ],
)
def test_metadata_that_tools_read_differently_is_refused(lines: str, evidence: str) -> None:
    """A greater major version of the format, and fields of which some take the first and some the last."""
    assert found(wrong_identity.check, wheel(metadata=f"{lines}\n")) == ("resolved: acme-web 1.0", evidence)


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.0", "2.1", "2.4", "2.9"])
def test_metadata_of_every_version_with_a_known_major_is_read(version: str) -> None:
    """The core metadata specification: a greater minor version is no reason to fail."""
    text = f"Metadata-Version: {version}\nName: acme-web\nVersion: 1.0\n"
    assert found(wrong_identity.check, wheel(metadata=text)) is None


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (PLAIN.replace("1.0", "2.0"), "WHEEL: the format's version 2.0 is not understood"),
        (PLAIN.replace("1.0", "0.1"), "WHEEL: the format's version 0.1 is not understood"),
        ("", "WHEEL has no fields Wheel-Version, instead of one"),
        (PLAIN.replace("Root", "\nRoot"), "WHEEL has the field Root-Is-Purelib where not every reader finds it"),
        (PLAIN + "\nRoot-Is-Purelib: false\n", "WHEEL has several different fields Root-Is-Purelib, instead of one"),
    ],
)
def test_a_wheel_file_that_is_not_understood_is_refused(text: str, evidence: str) -> None:
    """PEP 427: an installer fails on a greater major version; what is read in two ways is understood in none."""
    assert found(wrong_identity.check, wheel(files={f"{INFO}/WHEEL": text})) == ("resolved: acme-web 1.0", evidence)


def test_a_greater_minor_version_of_the_wheel_format_passes() -> None:
    """PEP 427 asks for a warning there, and pip gives it."""
    assert found(wrong_identity.check, wheel(files={f"{INFO}/WHEEL": PLAIN.replace("1.0", "1.9")})) is None


def test_metadata_read_by_the_resolution_is_not_believed_for_other_bytes() -> None:
    """What was told counts only where the wheel's own bytes are the same."""
    reviewed = wheel(metadata="Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    reported = parse_metadata(b"Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\n", verified=True)
    reviewed = reviewed._replace(pin=reviewed.pin._replace(metadata=reported))
    assert found(wrong_identity.check, reviewed) == ("resolved: acme-web 1.0", "METADATA: evil 1.0")


# --- wrong-tags ------------------------------------------------------------------------------------------------------


def tagged(claimed: str, *made: str) -> WheelUnderReview:
    """A wheel whose file name has one set of tags and whose WHEEL has others."""
    lines = "".join(f"Tag: {tag}\n" for tag in made)
    return wheel(tag=claimed, files={f"{INFO}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n{lines}"})


@pytest.mark.parametrize(
    ("claimed", "made"),
    [
        ("py3-none-any", "py3-none-any"),
        ("py2.py3-none-any", "py3-none-any"),
        ("py3-none-manylinux1_x86_64", "py3-none-any"),
        ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-linux_x86_64"),
        ("cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", "cp311-cp311-linux_x86_64"),
        ("cp311-cp311-musllinux_1_2_aarch64", "cp311-cp311-linux_aarch64"),
        ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_28_x86_64"),
        ("cp311-abi3-win_amd64", "py37-none-any"),
        ("cp311-cp311-macosx_10_9_x86_64", "cp311-cp311-macosx_11_0_x86_64"),
        ("cp311-cp311-macosx_11_0_arm64", "cp311-cp311-macosx_10_9_universal2"),
        ("cp311-cp311-macosx_10_9_intel.macosx_10_9_x86_64", "cp311-cp311-macosx_10_6_intel"),
    ],
)
def test_a_name_may_claim_the_system_that_the_content_was_made_for_or_less(claimed: str, made: str) -> None:
    """And another version of the system: so projects rename their wheels."""
    assert found(wrong_tags.check, tagged(claimed, made)) is None


@pytest.mark.parametrize(
    ("claimed", "made"),
    [
        ("py3-none-manylinux2010_x86_64", "cp36-cp36m-manylinux2010_x86_64"),
        ("py3-none-win_amd64", "cp39-cp39-win_amd64"),
        ("py3-none-manylinux2014_x86_64", "cp310-cp310-manylinux_2_17_x86_64"),
        ("py3-none-manylinux_2_28_x86_64", "cp38-cp38-manylinux_2_28_x86_64"),
        ("py3-none-macosx_10_15_x86_64.macosx_11_0_x86_64.macosx_12_0_x86_64", "cp38-cp38-macosx_10_13_x86_64"),
        ("py3-none-any", "py2-none-any"),
        ("py3-none-any", "py37-none-any"),
        ("cp312-cp312-win_amd64", "cp311-cp311-win_amd64"),
        ("cp38-abi3-win_amd64", "cp39-abi3-win_amd64"),
        ("pp310-abi3-win_amd64", "cp39-abi3-win_amd64"),
    ],
)
def test_the_name_alone_says_for_which_python(claimed: str, made: str) -> None:
    """decord, xgboost 1.6 and 1.7, transformer-engine: libraries loaded by ctypes, built with one Python for all."""
    assert found(wrong_tags.check, tagged(claimed, made)) is None


@pytest.mark.parametrize(
    ("claimed", "made"),
    [
        ("any", "linux_x86_64"),
        ("any", "win_amd64"),
        ("win_amd64", "win32"),
        ("win_amd64", "linux_x86_64"),
        ("manylinux_2_17_aarch64", "linux_x86_64"),
        ("linux_x86_64", "manylinux_2_17_x86_64"),
        ("musllinux_1_2_x86_64", "manylinux_2_17_x86_64"),
        ("macosx_11_0_arm64", "macosx_10_9_x86_64"),
        ("macosx_11_0_universal2", "macosx_11_0_arm64"),
        ("macosx_11_0_x86_64", "linux_x86_64"),
    ],
)
@pytest.mark.parametrize("python", ["py3-none", "cp311-cp311"])
def test_a_name_that_claims_another_system_than_the_content_was_made_for_is_refused(
    claimed: str, made: str, python: str
) -> None:
    """Another system or processor: the evidence has both sides."""
    assert found(wrong_tags.check, tagged(f"py3-none-{claimed}", f"{python}-{made}")) == (
        f"the file name claims: {claimed}",
        f"WHEEL says:           {made}",
    )


def test_a_wheel_file_without_tags_says_nothing_against_the_name() -> None:
    assert found(wrong_tags.check, tagged("py3-none-win_amd64")) is None
    assert found(wrong_tags.check, tagged("py3-none-win_amd64", "none")) is None


def test_every_tag_of_the_name_needs_its_own() -> None:
    """One right tag does not carry a wrong one."""
    evidence = found(wrong_tags.check, tagged("py3-none-win_amd64.win_arm64", "py3-none-win_amd64"))
    assert evidence is not None
    assert evidence[0] == "the file name claims: win_arm64"
    assert found(wrong_tags.check, tagged("py3-none-win32.win_arm64", "py3-none-win32", "py3-none-win_arm64")) is None


def test_a_flood_of_tags_is_not_the_name_of_a_wheel() -> None:
    """Some letters in a file's name stand for a hundred thousand tags: it is not even taken apart."""
    letters = "abcdefgh"
    flood = "-".join([".".join(letters), ".".join(letters), ".".join(f"{letter}1" for letter in letters)])
    with pytest.raises(ArchiveError, match="not a wheel's file name"):
        tagged(flood, "py3-none-any")


@pytest.mark.parametrize(
    ("build", "inside", "right"),
    [
        ("3a", "3a", True),
        ("3a", "03a", True),
        ("0", "0", True),
        ("3", "4", False),
        ("3a", "3b", False),
        ("1", "0", False),
    ],
)
def test_build_tags_agree_where_both_are_given(build: str, inside: str, right: bool) -> None:
    """They order the wheels of one version."""
    reviewed = wheel(build=build, files={f"{INFO}/WHEEL": f"{PLAIN}Build: {inside}\n"})
    assert (found(wrong_tags.check, reviewed) is None) is right
    assert found(wrong_tags.check, wheel(files={f"{INFO}/WHEEL": f"{PLAIN}Build: {inside}\n"})) is None
    assert found(wrong_tags.check, wheel(build=build, files={f"{INFO}/WHEEL": PLAIN})) is None


PLATFORMS = (
    *("any", "win_amd64", "win32", "linux_x86_64", "manylinux2014_x86_64", "manylinux_2_28_x86_64", "linux_armv7l"),
    *("musllinux_1_2_x86_64", "macosx_10_9_universal2", "macosx_11_0_arm64", "macosx_10_6_intel", "macosx_10_9_x86_64"),
)


def test_covering_is_an_order() -> None:
    """Each platform covers itself, and what may be renamed twice may be renamed at once: no detour leads further."""
    covered = {made: {claimed for claimed in PLATFORMS if wrong_tags.covers(made, claimed)} for made in PLATFORMS}
    for made, between in covered.items():
        assert made in between
        assert all(covered[step] <= between for step in between)


@pytest.mark.parametrize("made", [PLATFORMS[:3], PLATFORMS[3:6], PLATFORMS[8:]])
def test_claiming_a_part_is_never_refused(made: tuple[str, ...]) -> None:
    """Every tag of WHEEL may stand in the file name alone."""
    for platform in made:
        assert found(wrong_tags.check, tagged(f"py3-none-{platform}", *(f"py3-none-{p}" for p in made))) is None


def test_what_cannot_be_compared_is_refused_and_no_policy_helps() -> None:
    """A name or WHEEL that cannot be read is wrong-identity too, and that is not overruled."""
    assert {rule.reference: rule.allowable for rule in RULES}["wrong-identity"] is False
    for text in ("", PLAIN + "\nRoot-Is-Purelib: maybe\n", PLAIN.replace("Root", "\nRoot")):
        reviewed = wheel(files={f"{INFO}/WHEEL": text})
        with pytest.raises(WheelFileError) as raised:
            parse_wheel_file(text.encode())
        assert found(wrong_tags.check, reviewed) == (str(raised.value),)
        assert found(wrong_identity.check, reviewed) is not None
    reviewed = wheel()
    for name in ("acme_web-1.0-3-none-any.whl", "acme_web-1.0.zip", f"acme_web-{'1' * 5000}-py3-none-any.whl"):
        reviewed = reviewed._replace(file=renamed(reviewed, name))
        assert found(wrong_tags.check, reviewed) == ("the file's name is not a wheel's name",)
        assert found(wrong_identity.check, reviewed) is not None
        finding = wrong_tags.check(reviewed, context_of(reviewed))
        assert finding is not None
        assert "[[allow]]" not in finding.hint


def renamed(reviewed: WheelUnderReview, filename: str) -> Any:
    """The verified file under another name."""
    file = reviewed.file
    return type(file)._attest(filename, file.path, file.sha256, file.size, file.demanded)


# --- wrong-record ----------------------------------------------------------------------------------------------------

FILES = {"acme_web/__init__.py": b"x = 1\n", "acme_web/data.bin": b"\x00\x01", f"{INFO}/WHEEL": PLAIN.encode()}
FILES[f"{INFO}/METADATA"] = b"Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\n"
FILENAME = "acme_web-1.0-py3-none-any.whl"


def recorded(files: Mapping[str, bytes], record: str | None) -> tuple[str, ...] | None:
    """What the rule says of a wheel with these files and this RECORD."""
    members = dict(files) if record is None else {**files, f"{INFO}/RECORD": record.encode()}
    return found(wrong_record.check, wheel_under_review(FILENAME, zip_bytes(members)))


def right(files: Mapping[str, bytes] = FILES) -> str:
    """The RECORD of these files."""
    return record_text(files, f"{INFO}/RECORD")


def row(path: str, algorithm: str = "sha256", content: bytes | None = None, size: object = "") -> str:
    """A right row about a file of FILES, or about other `content`."""
    content = FILES[path] if content is None else content
    return f"{path},{record_digest(algorithm, hashlib.new(algorithm, content).digest())},{size}"


def with_row(path: str, new: str) -> str:
    """The right RECORD with another row, or rows, in place of that of `path`; empty takes it out."""
    lines = [new if line.startswith(f"{path},") else line for line in right().splitlines()]
    return "\n".join(filter(None, lines)) + "\n"


INIT = "acme_web/__init__.py"


@pytest.mark.parametrize(
    "record",
    [
        right(),
        right().replace("\n", "\r\n"),
        with_row(INIT, row(INIT)),
        with_row(INIT, row(INIT, "sha384")),
        with_row(INIT, row(INIT, "sha512", size=6)),
        with_row(f"{INFO}/RECORD", ""),
        with_row(INIT, f'"{INIT}"' + row(INIT).removeprefix(INIT)),
    ],
)
def test_a_record_may_use_any_strong_digest_and_leave_sizes_out(record: str) -> None:
    """And need not list itself."""
    assert recorded(FILES, record) is None


@pytest.mark.parametrize(
    ("record", "evidence"),
    [
        (None, "the wheel has no RECORD"),
        ("a,b,c,d,e\n", "RECORD is invalid or ambiguous: a row has 5 fields instead of 3: 'a,b,c,d,e'"),
        (with_row(INIT, ""), f"not in RECORD: {INIT}"),
        (with_row(INIT, row(INIT, content=b"y")), f"a different digest than in RECORD: {INIT}"),
        (with_row(INIT, row(INIT, "sha512", b"y")), f"a different digest than in RECORD: {INIT}"),
        (with_row(INIT, row(INIT).replace("sha256", "sha512")), f"a different digest than in RECORD: {INIT}"),
        (with_row(INIT, row(INIT, "sha512").replace("sha512", "sha256")), f"a different digest than in RECORD: {INIT}"),
        (with_row(INIT, f"{INIT},sha256=!,"), f"a digest that cannot be read, sha256: {INIT}"),
        (with_row(INIT, f"{INIT},sha256,"), f"a digest that cannot be read, sha256: {INIT}"),
        (with_row(INIT, f"{INIT},sha256={'0' * 64},"), f"a different digest than in RECORD: {INIT}"),
        (with_row(INIT, f"{INIT},,"), f"no digest: {INIT}"),
        (with_row(INIT, f"{INIT},,6"), f"no digest: {INIT}"),
        (with_row(INIT, row(INIT, "md5")), f"a digest that proves nothing, md5: {INIT}"),
        (with_row(INIT, row(INIT, "sha1")), f"a digest that proves nothing, sha1: {INIT}"),
        (with_row(INIT, row(INIT).replace("sha256", "SHA256")), f"a digest that proves nothing, SHA256: {INIT}"),
        (with_row(INIT, row(INIT, size=7)), f"7 bytes in RECORD, 6 in the wheel: {INIT}"),
        (right() + row(INIT) + "\n", f"two rows for one file: {INIT}"),
        (right() + f"./{row(INIT)}\n", f"no such file in the wheel: ./{INIT}"),
        (right() + "../../../bin/python,,\n", "no such file in the wheel: ../../../bin/python"),
        (right() + "/etc/passwd,,\n", "no such file in the wheel: /etc/passwd"),
        (right() + "acme_web/,,\n", "no such file in the wheel: acme_web/"),
        (right() + "acme_web/__pycache__/x.pyc,,\n", "no such file in the wheel: acme_web/__pycache__/x.pyc"),
        (right().replace(INIT, INIT.upper()), f"no such file in the wheel: {INIT.upper()}"),
        (
            with_row(f"{INFO}/RECORD", row(f"{INFO}/RECORD", content=b"")),
            f"a digest of RECORD in itself: {INFO}/RECORD",
        ),
        (with_row(f"{INFO}/RECORD", f"{INFO}/RECORD,,1"), f"1 bytes in RECORD, {len(right()) + 1} in the wheel"),
    ],
)
def test_a_record_that_is_not_the_archive_is_refused(record: str | None, evidence: str) -> None:
    """Files without row or digest, rows without file, twice or by a detour, weak and wrong digests, wrong sizes."""
    shown = recorded(FILES, record)
    assert shown is not None
    assert shown[0].startswith(evidence)


def test_a_weak_digest_proves_nothing_even_where_it_was_compared() -> None:
    """Whatever the reader of the archive has hashed a file by."""
    reviewed = wheel_under_review(
        FILENAME, zip_bytes({**FILES, f"{INFO}/RECORD": with_row(INIT, row(INIT, "md5")).encode()})
    )
    weak = reviewed.content.entries[INIT]._replace(algorithm="md5", digest=hashlib.md5(FILES[INIT]).digest())
    reviewed = reviewed._replace(content=reviewed.content._replace(entries={**reviewed.content.entries, INIT: weak}))
    assert found(wrong_record.check, reviewed) == (f"a digest that proves nothing, md5: {INIT}",)


@pytest.mark.parametrize("name", ["RECORD.jws", "RECORD.p7s"])
def test_signatures_of_record_need_no_row(name: str) -> None:
    """They are made after RECORD. In another place they are files like any other, and a wrong row is wrong."""
    assert recorded({**FILES, f"{INFO}/{name}": b"{}"}, right()) is None
    assert recorded({**FILES, f"acme_web/{name}": b"{}"}, right()) == (f"not in RECORD: acme_web/{name}",)
    wrong = right() + row(f"{INFO}/{name}", content=b"other") + "\n"
    assert recorded({**FILES, f"{INFO}/{name}": b"{}"}, wrong) == (f"a different digest than in RECORD: {INFO}/{name}",)


def test_a_flood_of_wrong_rows_is_cut() -> None:
    """A hostile RECORD does not fill the terminal."""
    shown = recorded(FILES, right() + "".join(f"file{number},,\n" for number in range(5000)))
    assert shown is not None
    assert len(shown) == 11
    assert shown[-1] == "and more"


PATHS = st.text(st.sampled_from('ab/."é, '), min_size=1, max_size=8).map(lambda text: f"acme_web/x{text}x")
CONTENTS = st.dictionaries(PATHS, st.binary(max_size=5), min_size=1, max_size=5)


def csv_row(path: str, content: bytes) -> str:
    """A right row, quoted whatever the path is."""
    reported = record_digest("sha256", hashlib.sha256(content).digest())
    return '"{}",{},{}\n'.format(path.replace('"', '""'), reported, len(content))


@settings(max_examples=100, deadline=None)
@given(CONTENTS, st.data())
def test_any_single_difference_between_record_and_archive_is_found(
    contents: dict[str, bytes], data: st.DataObject
) -> None:
    """Whatever the files are: a right RECORD passes, and one that lacks, adds, repeats or changes a row does not."""
    files = {**FILES, **contents}
    rows = {path: csv_row(path, content) for path, content in files.items()}
    path, gone = data.draw(st.sampled_from(sorted(files))), data.draw(st.sampled_from(sorted(contents)))

    def refused(files: Mapping[str, bytes], rows: Mapping[str, str]) -> bool:
        return recorded(files, "".join(rows.values())) is not None

    assert not refused(files, rows)
    assert refused({name: text for name, text in files.items() if name != gone}, rows)
    assert refused({**files, "acme_web/more": b""}, rows)
    assert refused({**files, gone: files[gone] + b"x"}, rows)
    assert refused(files, {**rows, "more": csv_row("acme_web/more", b"")})
    assert refused(files, {**rows, path: csv_row(path, files[path] + b"x")})
    assert refused(files, {**rows, "again": rows[path]})
    assert refused(files, {name: text for name, text in rows.items() if name != path})


# --- installer-file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("direct_url.json", "Direct_URL.json", "provenance_url.json", "REQUESTED", "requested", "INSTALLER"),
        *("uv_cache.json", "uv_build.json", "record", "Record"),
    ],
)
def test_a_file_that_only_an_installer_writes_is_refused(name: str) -> None:
    """In any letter case, because some disks have none."""
    evidence = found(installer_file.check, wheel(files={f"{INFO}/{name}": "{}"}))
    assert evidence is not None
    assert evidence[0].startswith(f"{INFO}/{name} says ")


@pytest.mark.parametrize("name", ["REQUESTED", "INSTALLER", "direct_url.json", "Installer"])
def test_a_folder_in_the_place_of_an_installers_file_is_refused(name: str) -> None:
    """pip would fail to write its own file there, with all others already installed."""
    evidence = found(installer_file.check, wheel(files={f"{INFO}/{name}/x": "{}"}))
    assert evidence is not None
    assert evidence[0].startswith(f"{INFO}/{name}/x is in the place of the file that says ")


@pytest.mark.parametrize(
    "path", ["scripts/activate", "Scripts/activate", "scripts/activate/deeper", "SCRIPTS/activate"]
)
def test_a_note_of_commands_that_go_with_it_is_refused(path: str) -> None:
    """pip would take them away, whoever has brought them."""
    evidence = found(installer_file.check, wheel(files={f"{INFO}/{path}": ""}))
    assert evidence == (f"{INFO}/{path} has pip remove the command activate with it, be it another project's",)


@pytest.mark.parametrize(
    "path",
    [
        *(f"{INFO}/scripts", f"{INFO}/licenses/scripts/x", "scripts/x", f"{DATA}/scripts/x", f"{INFO}/scripts-of/x"),
        *(f"{INFO}/licenses/direct_url.json", f"{INFO}/RECORD.jws", f"{INFO}/RECORD.p7s", "acme_web/INSTALLER"),
        *(f"acme_web/_vendor/x-1.dist-info/{name}" for name in ("REQUESTED", "INSTALLER", "RECORD", "direct_url.json")),
        *(f"{DATA}/data/share/direct_url.json", "direct_url.json", f"{INFO}/metadata.json"),
    ],
)
def test_a_file_of_such_a_name_elsewhere_is_nobodys_business(path: str) -> None:
    """Only the `.dist-info` folder itself is asked; vendored projects keep theirs."""
    assert found(installer_file.check, wheel(files={path: "{}"})) is None


# --- direct-reference ------------------------------------------------------------------------------------------------

URL = "https://elsewhere.example/payload-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("requires", "more"),
    [
        (f"payload @ {URL}", {}),
        (f"Pay.Load @ {URL}", {}),
        (f"payload[x] @ {URL}", {}),
        (f"payload @ {URL} ; python_version > '3'", {}),
        (f"payload @ {URL} ; python_version > '3' or extra == 'x'", {}),
        (f"payload @ {URL} ; extra == 'dev'", {"extras_asked": frozenset({"dev", "x"})}),
        (f"payload @ {URL} ; extra != 'dev'", {}),
        (f"payload @ {URL} ; extra != 'dev'", {"extras_asked": frozenset({"dev"})}),
        (f"payload @ {URL} ; sys_platform ~= 'linux'", {}),
        ("payload @ file:///tmp/payload-1.0-py3-none-any.whl", {}),
        ("payload @ git+https://elsewhere.example/payload.git", {}),
    ],
)
def test_a_project_from_a_url_of_the_wheels_choosing_is_refused(requires: str, more: dict[str, Any]) -> None:
    """Where it is in force, with the URL as evidence and the line that would allow it as hint."""
    reviewed = wheel(requires=["b>1", requires], **more)
    finding = direct_reference.check(reviewed, context_of(reviewed, markers=MARKERS))
    assert finding is not None
    assert finding.reference == "direct-reference"
    assert "payload @ " in finding.context[1] or "pay-load @ " in finding.context[1]
    assert finding.hint.endswith(f":\n{finding.context[1]}")


def test_the_hint_repeats_no_url_that_a_shell_would_act_on() -> None:
    """The author of the wheel has written it."""
    reviewed = wheel(requires=["payload @ https://elsewhere.example/$(touch${IFS}x)/payload-1.0-py3-none-any.whl"])
    finding = direct_reference.check(reviewed, context_of(reviewed, markers=MARKERS))
    assert finding is not None
    assert "touch" in finding.context[1]
    assert "touch" not in finding.hint


@pytest.mark.parametrize(
    "requires",
    [
        f"payload @ {URL} ; extra == 'dev'",
        f"payload @ {URL} ; extra == 'dev' and python_version > '3'",
        f"payload @ {URL} ; python_version < '3'",
        f"payload @ {URL} ; sys_platform == 'win32' or (extra == 'dev')",
        "payload>=1",
    ],
)
def test_what_is_not_in_force_does_not_count(requires: str) -> None:
    """Extras that nobody asked for, markers that do not hold in the target."""
    assert found(direct_reference.check, wheel(requires=[requires])) is None
    assert found(direct_reference.check, wheel(requires=[requires], extras_asked=frozenset({"other"}))) is None


@pytest.mark.parametrize(
    ("named", "passes"),
    [
        ({"payload": URL}, True),
        ({"payload": URL, "other": "https://other.example/"}, True),
        ({"payload": f"{URL}?x"}, False),
        ({"payload": URL.replace("https", "http")}, False),
        ({"other": URL}, False),
        ({}, False),
        (None, False),
    ],
)
def test_the_very_url_that_the_user_names_for_the_project_passes(named: dict[str, str] | None, passes: bool) -> None:
    """For that project and in that text, no other."""
    reviewed = wheel(requires=[f"Payload @ {URL}"])
    assert (found(direct_reference.check, reviewed, direct_urls=named) is None) is passes


def test_a_marker_counts_where_the_target_is_not_known() -> None:
    """Nothing is taken for absent that could be there."""
    reviewed = wheel(requires=[f"payload @ {URL} ; python_version < '3'"])
    assert found(direct_reference.check, reviewed, markers=None) == (f"payload @ {URL}",)


def test_metadata_that_cannot_be_read_may_require_anything() -> None:
    """Also where resolution was told something harmless."""
    text = "Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\nRequires-Dist: payload @@ x\n"
    reviewed = wheel()
    texts = {**reviewed.content.texts, f"{INFO}/METADATA": text.encode()}
    reviewed = reviewed._replace(content=reviewed.content._replace(texts=texts))
    evidence = found(direct_reference.check, reviewed)
    assert evidence is not None
    assert evidence[0].startswith("METADATA: not a valid requirement")


def test_the_wheel_is_asked_and_not_what_resolution_was_told() -> None:
    """Metadata without the URL, told for a wheel that has it, hides nothing from this rule."""
    reported = parse_metadata(b"Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\n", verified=True)
    reviewed = wheel(requires=[f"payload @ {URL}"])
    assert found(direct_reference.check, reviewed._replace(pin=reviewed.pin._replace(metadata=reported))) is not None
