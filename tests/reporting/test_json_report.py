"""The report is pip's: made by the real pip and by safepip for the same wheels on one index, and compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from safepip.model.candidate import SOURCE_RANK, Candidate
from safepip.model.digest import strong
from safepip.model.evidence import ClearedWheel
from safepip.model.page import ProjectFile
from safepip.model.resolution import Resolution
from safepip.model.source import BuiltFrom, SourceCode, SourceKind
from safepip.reporting.json_report import make_report
from support.clearing import wheel_under_review
from support.offers import decide, digest_of, index
from support.schemas import own
from support.universes import Release
from support.wheels import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.environment import Runner
    from support.index import IndexServer

URL = "file:///srv/demo"
HEX = "ab" * 32

#: Header lines of several kinds: repeated, with commas, folded, and a body.
HEADERS = """\
Author-Email: A B <a.b@acme.example>
Classifier: Topic :: Utilities
Classifier: Typing :: Typed
Keywords: one, two,three
Project-URL: Home, https://acme.example/
License-File: LICENSE
Description-Content-Type: text/markdown

# Acme

Ünïcode, and a second line.
"""


def both(runner: Runner, served: IndexServer, *arguments: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reports of pip and of safepip for one command."""
    common = ("--dry-run", "--ignore-installed", "--no-cache-dir", "-i", served.url)
    reports = []
    for program in (runner.pip, runner.safepip):
        path = runner.folder / "report.json"
        done = program("install", *common, "--report", path, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        reports.append(json.loads(path.read_text(encoding="utf-8")))
    own("report", path.read_text(encoding="utf-8"))
    return reports[0], reports[1]


def items(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The items in the order of their names, without safepip's own key."""
    plain = [{key: value for key, value in item.items() if key != "safepip"} for item in report["install"]]
    return sorted(plain, key=lambda item: item["metadata"]["name"])


def test_the_report_is_pips_for_the_same_wheels(runner: Runner, index: IndexServer) -> None:
    index.add("acme-web", "2.1", requires=["Acme.Utils>=1", "big; extra == 'x'"], metadata_extra=HEADERS)
    index.add("acme-utils", "1.4.0", requires_python=">=3.8", file={"yanked": "old"})
    index.add("acme-extra", "1.0", extras={"x": ["acme-utils"], "Y_y": ["acme-utils>1"]})
    named = index.add("acme-direct", "3.0")
    pip, safepip = both(
        runner,
        index,
        "acme-web",
        "acme-extra[x,y-y]",
        "acme-utils==1.4.0",
        f"acme-direct @ {index.host.origin}{index.file_path(named.filename)}",
    )
    assert items(safepip) == items(pip)
    # Python 3.11's pip writes the same environment of markers as the target gives.
    assert safepip["environment"] == pip["environment"]
    assert (safepip["version"], safepip["pip_version"]) == (pip["version"], pip["pip_version"])
    assert safepip.keys() - pip.keys() == {"safepip_version"}


def test_a_wheel_by_path_is_reported_as_pip_reports_it(runner: Runner, index: IndexServer) -> None:
    from support.wheels import make_wheel

    wheel = make_wheel(runner.folder, "acme-local", "1.0", requires=["acme-utils"])
    index.add("acme-utils", "1.0")
    pip, safepip = both(runner, index, f"./{wheel.name}")
    assert items(safepip) == items(pip)


def test_nothing_to_do_is_an_empty_list(runner: Runner, index: IndexServer) -> None:
    index.add("acme-web", "1.0")
    pip, safepip = both(runner, index, "acme-web; python_version < '3'")
    assert safepip["install"] == pip["install"] == []


@pytest.mark.parametrize("claimed", [True, False])
def test_each_item_says_which_index_by_which_rule_and_with_which_digest(claimed: bool) -> None:
    release = Release("acme-web", "1.0")
    owner = index("acme", packages=("acme-*",) if claimed else ())
    sources = [owner, index(default=True)] if claimed else [index(default=True)]
    resolution = decide({"acme": [release], "public": [release]}, "acme-web", indexes=sources)
    (item,) = own("report", make_report(resolution, {}, "26.3", "0.1"))["install"]
    assert item["safepip"] == {
        "index": "acme" if claimed else "public",
        "index_url": "https://acme.example/simple/" if claimed else "https://public.example/simple/",
        "digest": str(digest_of(release)),
        "rule": "claimed by pattern" if claimed else "unclaimed, answered by the default index",
    }


@pytest.mark.parametrize(
    ("source", "info"),
    [
        (SourceCode(SourceKind.DIRECTORY, URL), {"dir_info": {}}),
        (SourceCode(SourceKind.DIRECTORY, URL, editable=True), {"dir_info": {"editable": True}}),
        (SourceCode(SourceKind.ARCHIVE, URL), {"archive_info": {"hash": f"sha256={HEX}", "hashes": {"sha256": HEX}}}),
        (SourceCode(SourceKind.VCS, URL, vcs="git"), {"vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}),
    ],
)
def test_what_was_built_is_described_as_in_direct_url_json(source: SourceCode, info: dict[str, Any]) -> None:
    """The digest of the wheel that was built from it stands nowhere."""
    built_from = BuiltFrom(source, strong("sha256", HEX), "c0ffee")
    reviewed = wheel_under_review(*build_wheel("demo", "1.0"))
    pin = reviewed.pin._replace(direct_url=URL, built_from=built_from, requested=True)
    wheel = ClearedWheel._attest(pin, reviewed.file, reviewed.content, ())
    for wheels in ((), (wheel,)):
        text = make_report(Resolution({"demo": pin}, (), ("demo",)), {}, "26.3", "0.1", wheels)
        (item,) = own("report", text)["install"]
        assert (item["download_info"], item["is_direct"], item["requested"]) == ({"url": URL, **info}, True, True)


def test_a_wheel_built_from_an_indexs_archive_is_described_by_the_archive() -> None:
    reviewed = wheel_under_review(*build_wheel("demo", "1.0"))
    file = ProjectFile("demo-1.0.tar.gz", URL, (strong("sha256", HEX),))
    candidate = Candidate("demo", reviewed.pin.version, file, SOURCE_RANK)
    pin = reviewed.pin._replace(candidate=candidate)
    wheel = ClearedWheel._attest(pin, reviewed.file, reviewed.content, ())
    text = make_report(Resolution({"demo": pin}, (), ("demo",)), {}, "26.3", "0.1", [wheel])
    (item,) = own("report", text)["install"]
    hashes = {"hash": f"sha256={HEX}", "hashes": {"sha256": HEX}}
    assert (item["download_info"], item["is_direct"]) == ({"url": URL, "archive_info": hashes}, False)
