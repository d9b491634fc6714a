"""What `audit --fix` says of a lock, where all names and words in it are chosen by others."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from safepip.model.advisories import Severity, Vulnerability
from safepip.reporting.fix_report import FixedProject, FixReport, UnfixedProject, fix_lines, fix_markdown

#: Text that tries to be Markdown, a mention, a row, or a command to a runner.
FOREIGN = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "`<script>`",
            "a | b | c",
            "\\| a",
            "```\n# Big",
            "@everyone",
            "[x](https://a.example)",
            "::add-path::/x",
            "##[group]",
        ]
    ),
)


def matter(identity: str, *aliases: str) -> Vulnerability:
    return Vulnerability(identity, aliases, Severity.HIGH, ())


@given(FOREIGN, FOREIGN, FOREIGN, FOREIGN)
def test_foreign_text_stays_in_its_span_of_code(name: str, identity: str, version: str, why: str) -> None:
    """A row has its five cells, what is outside of spans and blocks is ours, and no line is a command."""
    known = matter(identity, name)
    report = FixReport(
        "pylock.toml",
        (FixedProject(name, version, version, (known,)), FixedProject(name, version, version, (), why)),
        (UnfixedProject(name, version, known, (why, "::error::x")),),
        (why,),
    )
    text = fix_markdown(report)
    lines = text.split("\n")
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4
    assert {row.count("|") for row in rows} == {6}
    fences = [number for number, line in enumerate(lines) if "```" in line]
    assert len(fences) == 2
    outside = "\n".join(lines[: fences[0]] + lines[fences[1] + 1 :])
    ours = re.sub(r"`[^`\n]*`", "", outside)
    assert re.fullmatch(r"[\w |,:.\n-]*", ours)
    assert not [line for line in re.split(r"[\r\n]", text) if line.lstrip().startswith("::")]
    assert "##[" not in text
    assert not [char for line in lines for char in line if unicodedata.category(char)[0] == "C"]


def test_people_read_what_changed_and_what_did_not() -> None:
    """A change, what came and went with it, and a reason for what stays."""
    changed = (
        FixedProject("demo", "1.0", "2.0", (matter("PYSEC-1", "CVE-1"),)),
        FixedProject("low", "1.0", "1.1", (), "demo 2.0 asks for low>=1.1"),
        FixedProject("new", "", "3.0"),
        FixedProject("old", "1.0", ""),
    )
    unfixed = (UnfixedProject("other", "1.0", matter("PYSEC-2"), ("app 1.0 requires other<2",)),)
    report = FixReport("pylock.toml", changed, unfixed)
    assert list(fix_lines(report, written=True)) == [
        "changed in pylock.toml:",
        "  demo 1.0 -> 2.0",
        "    PYSEC-1 (CVE-1)  high",
        "  low 1.0 -> 1.1 (demo 2.0 asks for low>=1.1)",
        "  added new 3.0",
        "  removed old 1.0",
        "not fixed:",
        "  other 1.0  PYSEC-2  high",
        "    app 1.0 requires other<2",
    ]
    assert next(fix_lines(report, written=False)) == "would change in pylock.toml:"
