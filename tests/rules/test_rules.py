"""The rules a wheel must satisfy, and that nothing is cleared without them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from safepip.model.candidate import Candidate
from safepip.model.digest import Digest
from safepip.model.errors import Refused
from safepip.model.evidence import ClearedWheel, VerifiedFile
from safepip.model.origin import Origin, Source
from safepip.model.page import ProjectFile
from safepip.model.resolution import Pin
from safepip.model.route import Route, RoutingRule
from safepip.model.wheel import Entry, WheelContent
from safepip.rules import judging as rules
from safepip.rules import metadata_mismatch, wrong_identity
from safepip.rules.context import RuleContext
from safepip.rules.under_review import WheelUnderReview
from safepip.wheel.install_paths import install_paths_of
from safepip.wheel.metadata import MetadataError, parse_metadata
from safepip.wheel.wheel_file import WheelFile
from support.clearing import LAYOUT, context_of, wheel_under_review
from support.wheels import build_wheel, metadata_text, record_text

if TYPE_CHECKING:
    from collections.abc import Sequence

FILENAME = "acme_web-1.0-py3-none-any.whl"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
REQUIRED_BY = Origin(Source.FILE, "requirements.txt", 7)


def metadata(requires: Sequence[str] = ("b>1",), **more: Any) -> bytes:
    """A METADATA file of acme-web 1.0."""
    return metadata_text("Acme.Web", "1.0", requires=requires, **more).encode()


def pin(reported: bytes | None = None, filename: str = FILENAME, name: str = "acme-web", version: str = "1.0") -> Pin:
    """A pin that was resolved with the metadata `reported`."""
    file = ProjectFile(filename, f"https://files.example/{filename}")
    return Pin(
        name,
        Version(version),
        Route(name, RoutingRule.DEFAULT, None),
        candidate=Candidate(name, Version(version), file, 0),
        metadata=None if reported is None else parse_metadata(reported, verified=True),
        required_by=(REQUIRED_BY,),
    )


def verified(filename: str = FILENAME) -> VerifiedFile:
    """A file as the store gives it."""
    digest = Digest("sha256", "0" * 64)
    return VerifiedFile._attest(filename, f"/store/{filename}", digest, 1, (digest,))


def reviewed(reported: Pin, file: VerifiedFile, inside: bytes) -> WheelUnderReview:
    """A wheel that has this METADATA, whatever that makes of its name, and is right in all else."""
    info = "acme_web-1.0.dist-info"
    texts = {f"{info}/METADATA": inside, f"{info}/WHEEL": WHEEL}
    texts[f"{info}/RECORD"] = record_text(texts, f"{info}/RECORD").encode()
    entries = {path: Entry(path, len(text), "sha256", hashlib.sha256(text).digest()) for path, text in texts.items()}
    content = WheelContent(file.filename, info, entries, texts)
    return WheelUnderReview(reported, file, content, install_paths_of(content, LAYOUT))


def clear(reported: Pin, file: VerifiedFile, inside: bytes) -> ClearedWheel:
    """Judge it alone."""
    (cleared,) = rules.judge(RuleContext((reviewed(reported, file, inside),), LAYOUT))
    return cleared


def references(*args: Any) -> list[str]:
    """The references of the refusals, empty where the wheel is cleared."""
    try:
        assert isinstance(clear(*args), ClearedWheel)
    except Refused as refused:
        return [finding.reference for finding in refused.diagnostics]
    return []


def test_a_wheel_that_is_what_was_resolved_is_cleared() -> None:
    """The cleared wheel holds the pin and the file that were judged."""
    reported, file = pin(metadata()), verified()
    cleared = clear(reported, file, metadata())
    assert (cleared.pin, cleared.file) == (reported, file)


@pytest.mark.parametrize(
    "reported",
    [
        metadata().replace(b"\n", b"\r\n"),
        metadata() + b"\nanother description\n",
        metadata(metadata_extra="Author: someone else"),
        metadata(["b >1"]),
        metadata(requires_python=None),
        metadata().replace(b"Acme.Web", b"acme-web").replace(b"1.0\n", b"1.0.0\n"),
    ],
)
def test_what_resolution_does_not_read_may_differ(reported: bytes) -> None:
    """Line ends, descriptions, authors and spellings decided nothing."""
    assert references(pin(reported), verified(), metadata()) == []


@pytest.mark.parametrize(
    ("reported", "inside", "evidence"),
    [
        (metadata([]), metadata(["evil"]), "Requires-Dist: only in the wheel: evil"),
        (metadata(["b>1", "c"]), metadata(["b>1"]), "Requires-Dist: not in the wheel: c"),
        (metadata(["b>1"]), metadata(["b>1", "b>1"]), "Requires-Dist: only in the wheel: b>1"),
        (metadata(["b>1"]), metadata(["b>1; python_version > '3'"]), "Requires-Dist: not in the wheel: b>1"),
        (
            metadata(requires_python=">=3.8"),
            metadata(requires_python=">=3.9"),
            "Requires-Python: resolved with >=3.8, in the wheel >=3.9",
        ),
        (metadata(requires_python=">=3.8"), metadata(), "Requires-Python: resolved with >=3.8, in the wheel none"),
        (metadata(), metadata(extras={"x": []}), "Provides-Extra: only in the wheel: x"),
        (metadata(extras={"x": []}), metadata(), "Provides-Extra: not in the wheel: x"),
    ],
)
def test_a_difference_that_resolution_reads_is_refused(reported: bytes, inside: bytes, evidence: str) -> None:
    """metadata-mismatch names what differs, the project, and where it was asked for."""
    with pytest.raises(Refused) as raised:
        clear(pin(reported), verified(), inside)
    (finding,) = raised.value.diagnostics
    assert finding.reference == "metadata-mismatch"
    assert evidence in finding.context
    assert finding.subject == "acme-web"
    assert finding.origins == (REQUIRED_BY,)


@pytest.mark.parametrize(
    ("read", "evidence"),
    [
        (metadata(), "Requires-Dist: only in the wheel: evil"),
        (metadata(["evil", "b"]), "Requires-Dist: not in the wheel: b"),
    ],
)
def test_equal_bytes_that_were_read_otherwise_are_refused(read: bytes, evidence: str) -> None:
    """What the search has read of the same bytes counts, and not that they are the same."""
    text = metadata(["evil"])
    told = pin(read)
    assert told.metadata is not None
    told = told._replace(metadata=told.metadata._replace(text=text))
    with pytest.raises(Refused) as raised:
        clear(told, verified(), text)
    (finding,) = raised.value.diagnostics
    assert finding.reference == "metadata-mismatch"
    assert finding.message == "pip reads other metadata of acme-web 1.0 than METADATA says"
    assert evidence in finding.context


@pytest.mark.parametrize("told", [metadata([]), None])
@pytest.mark.parametrize("name", ["requires.txt", "REQUIRES.txt"])
def test_requirements_beside_metadata_are_refused(told: bytes | None, name: str) -> None:
    """pip would follow them in its next run, whether or not this one has looked at dependencies."""
    made = build_wheel("Acme.Web", "1.0", files={f"acme_web-1.0.dist-info/{name}": "evil\n"})
    wheel = wheel_under_review(*made, metadata=None if told is None else parse_metadata(told, verified=True))
    finding = metadata_mismatch.check(wheel, context_of(wheel))
    assert finding is not None
    assert "Requires-Dist: only in the wheel: evil" in finding.context


def test_requirements_beside_metadata_that_has_some_are_nothing() -> None:
    """pip does not look at them then."""
    files = {"acme_web-1.0.dist-info/requires.txt": "evil\n"}
    wheel = wheel_under_review(*build_wheel("Acme.Web", "1.0", requires=["b"], files=files))
    assert metadata_mismatch.check(wheel, context_of(wheel)) is None


@pytest.mark.parametrize(
    "said", [b"Wheel-Version: 1.1\nRoot-Is-Purelib: true\n", b"Wheel-Version: 1.0\n\nRoot-Is-Purelib: true\n", b"x\n"]
)
def test_a_wheel_file_that_pip_reads_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """The reader of WHEEL takes no text that can be read in two ways; were it laxer, the rule would still object."""
    lax = WheelFile((1, 0), root_is_purelib=True, tags=frozenset())
    monkeypatch.setattr(wrong_identity, "parse_wheel_file", lambda _data: lax)
    info = "acme_web-1.0.dist-info"
    judged = reviewed(pin(metadata()), verified(), metadata())
    assert wrong_identity.check(judged, context_of(judged)) is None
    content = judged.content._replace(texts={**judged.content.texts, f"{info}/WHEEL": said})
    finding = wrong_identity.check(judged._replace(content=content), context_of(judged))
    assert finding is not None
    assert "WHEEL: pip reads another Wheel-Version or Root-Is-Purelib there" in finding.context


@pytest.mark.parametrize(("stated", "inside"), [("Name: Acme.Web", "Name: evil"), ("Version: 1.0", "Version: 1.1")])
def test_another_project_or_version_inside_is_refused(stated: str, inside: str) -> None:
    """Both rules object: the wheel is neither what was resolved nor what its file name says."""
    text = metadata().replace(stated.encode(), inside.encode())
    assert references(pin(metadata()), verified(), text) == ["wrong-identity", "metadata-mismatch"]
    assert references(pin(None), verified(), text) == ["wrong-identity"]


@pytest.mark.parametrize("filename", ["evil-1.0-py3-none-any.whl", "acme_web-2.0-py3-none-any.whl", "acme_web.whl"])
def test_another_file_name_is_refused(filename: str) -> None:
    """wrong-identity holds the file name against the pin, even where the index listed it so."""
    others = ["wrong-tags"] if filename == "acme_web.whl" else []
    assert references(pin(metadata(), filename), verified(filename), metadata()) == ["wrong-identity", *others]


def test_another_file_of_the_same_version_is_refused() -> None:
    """What was chosen is one file, not any file of that version."""
    assert references(pin(metadata()), verified("acme_web-1.0-1-py3-none-any.whl"), metadata()) == ["wrong-identity"]


def test_a_pin_without_a_file_is_not_cleared() -> None:
    """An installed distribution has no wheel to hand over."""
    assert references(pin(metadata())._replace(candidate=None), verified(), metadata()) == ["wrong-identity"]


@pytest.mark.parametrize("inside", [b"", b"\xff", b"Name: acme-web\n", metadata() + b"Requires-Dist: ==\n"])
def test_metadata_that_cannot_be_read_is_refused(inside: bytes) -> None:
    """A rule that cannot decide refuses."""
    assert "wrong-identity" in references(pin(metadata()), verified(), inside + b"Requires-Dist: ==\n")


def test_a_pin_without_metadata_was_told_nothing() -> None:
    """Under --no-deps nothing was read, so nothing can differ; who the wheel is counts all the same."""
    assert references(pin(None), verified(), metadata()) == []


def test_every_rule_is_asked_and_can_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule that objects is enough, whatever its place among the others."""
    other = reviewed(pin(None, "evil-1.0-py3-none-any.whl"), verified(), metadata())
    finding = wrong_identity.check(other, RuleContext((other,), LAYOUT))
    assert finding is not None
    objecting = rules.Rule("objecting", lambda *_: finding, allowable=True)
    for place in range(len(rules.RULES) + 1):
        with monkeypatch.context() as patch:
            patch.setattr(rules, "RULES", (*rules.RULES[:place], objecting, *rules.RULES[place:]))
            assert references(pin(metadata()), verified(), metadata()) == ["wrong-identity"]


def test_a_rule_is_named_for_its_refusal() -> None:
    """The file's name, the finding's reference and the docs page are one."""
    for rule in rules.RULES:
        assert rule.check.__module__ == f"safepip.rules.{rule.reference.replace('-', '_')}"


def test_cleared_wheels_are_made_nowhere_else() -> None:
    """The class has no public constructor."""
    with pytest.raises(TypeError):
        ClearedWheel(pin(metadata()), verified(), reviewed(pin(), verified(), b"").content)


LINES = st.lists(
    st.sampled_from(
        [
            *(
                "Requires-Dist: b",
                "Requires-Dist: b>1",
                "Requires-Dist: B > 1",
                "Requires-Dist: c; extra=='x'",
                "Author: \x1b[31m",
            ),
            *(
                "Requires-Python: >=3.8",
                "Requires-Python: x",
                "Provides-Extra: x",
                "Provides-Extra: Y_y",
                "Requires-Dist: ==",
                "x",
            ),
            *("Name: other", "Version: 2", " folded"),
        ]
    ),
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@given(LINES, LINES)
def test_cleared_means_equal_in_all_that_was_resolved_with(stated: list[str], inside: list[str]) -> None:
    """Only `Refused` leaves the room, its text is fit for a terminal, and what is cleared reads the same."""
    head = "Metadata-Version: 2.1\nName: acme-web\nVersion: 1.0\n"
    reported, wheel = ("\n".join([head.strip(), *lines, ""]).encode() for lines in (stated, inside))
    try:
        resolved = pin(reported)
    except MetadataError:
        return
    shown: list[str] = []
    try:
        clear(resolved, verified(), wheel)
    except Refused as refused:
        shown = [line for finding in refused.diagnostics for line in finding.context]
    assert all(line.isprintable() for line in shown)
    if not shown:
        found = parse_metadata(wheel, verified=True)
        assert resolved.metadata is not None
        assert set(found.requires) == set(resolved.metadata.requires)
        assert len(found.requires) == len(resolved.metadata.requires)
        assert found.provided_extras == resolved.metadata.provided_extras
