"""What `safepip check-config` shows of ages and names, and that it says what would end every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.inside import Inside

INDEXES = """
[[index]]
name = "acme"
url = "https://acme.example/simple/"
packages = ["acme-*"]

[[index]]
name = "vendor"
url = "https://vendor.example/simple/"
packages = ["vendor-*"]
cooldown = "PT12H"

[[index]]
name = "public"
url = "https://public.example/simple/"
default = true
"""


def block(out: str, heading: str) -> list[str]:
    """The lines below a heading, without what goes in front of them."""
    lines = out.split(f"{heading}\n")[1].splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith(" ")), len(lines))
    return [line.strip() for line in lines[:end]]


def test_ages_and_names_are_shown_with_where_each_was_said(run: Inside) -> None:
    (run.folder / "names.txt").write_text("one-name\nanother-name\n")
    ours = '[policy]\ncooldown = "P3D"\nnew-project-age = "P30D"\nwell-known-names = "names.txt"\n'
    (run.folder / "safepip.toml").write_text(f'{ours}[policy.cooldowns]\n"Demo.App" = "0"\n{INDEXES}')
    done = run("check-config", "--cooldown", "P4D")
    where = run.folder / "safepip.toml"
    assert done.code == 0, done.err
    assert block(done.out, "ages and names:") == [
        "cooldown = P4D  from --cooldown",
        f"cooldown of the index vendor = PT12H  from {where}:17",
        f"cooldown of demo-app = 0  from {where}:6",
        f"new-project-age = P30D  from {where}:3",
        f"well-known-names = {run.folder / 'names.txt'}, 2 names  from {where}:4",
    ]
    assert "  cooldown = P4D  from --cooldown" in done.out.split("settings that were set:")[1]


def test_what_nobody_said_is_shown_too(run: Inside) -> None:
    done = run("check-config")
    lines = block(done.out, "ages and names:")
    assert lines[:2] == [
        "cooldown = P1D  from safepip's defaults",
        "new-project-age = P7D  from safepip's defaults",
    ]
    assert lines[2].startswith("well-known-names = the list of safepip, ")
    assert lines[2].endswith(" names  from safepip's defaults")


def test_a_default_below_which_policy_forbids_to_go_says_so(run: Inside) -> None:
    (run.folder / "safepip.toml").write_text('[policy]\nforbid-allow = ["cooldown"]\n')
    first = block(run("check-config").out, "ages and names:")[0]
    assert first == f"cooldown = P1D  from safepip's defaults, and {run.folder / 'safepip.toml'}:2 forbids exceptions"


def test_below_the_route_of_a_name_stands_the_cooldown_that_holds_for_it(run: Inside) -> None:
    (run.folder / "safepip.toml").write_text(f'[policy.cooldowns]\ndemo = "P9D"\n{INDEXES}')
    done = run("check-config", "acme-app", "vendor-app", "demo", "plain")
    where = run.folder / "safepip.toml"
    assert block(done.out, "routes:")[1::2] == [
        "no cooldown and no late-file: an index claims the name",
        f"cooldown PT12H  from {where}:13",
        f"cooldown P9D  from {where}:2",
        "cooldown P1D  from safepip's defaults",
    ]


@pytest.mark.parametrize("content", [None, "", "good-name\nno name!\n"])
@pytest.mark.parametrize("by_option", [True, False])
def test_a_list_of_names_that_cannot_be_used_is_an_error_here_too(
    run: Inside, content: str | None, by_option: bool
) -> None:
    if content is not None:
        (run.folder / "names.txt").write_text(content)
    if not by_option:
        (run.folder / "safepip.toml").write_text('[policy]\nwell-known-names = "names.txt"\n')
    done = run("check-config", *(["--well-known-names", "names.txt"] if by_option else []))
    assert (done.code, done.out) == (2, "")
    assert "error: unusable-names" in done.err
    assert ("from --well-known-names" if by_option else "safepip.toml:2") in done.err


def test_settings_read_as_they_were_written(run: Inside) -> None:
    lines = block(run("check-config", "--allow-name", "B_c", "--allow-name", "a").out, "settings that were set:")
    assert "allow-names = a, b-c  from --allow-name" in lines


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("verify-installed", "what is installed has to be known by digest"),
        ("full-commits", "version control has to be named by whole commit ids"),
    ],
)
def test_a_demand_of_policy_is_shown_with_its_place(run: Inside, key: str, line: str) -> None:
    """Those that no option of a run repeats."""
    path = run.folder / "safepip.toml"
    path.write_text(f"[policy]\n{key} = true\n")
    assert f"{line}  from {path}:2" in run("check-config").out
    path.write_text(f"[policy]\n{key} = false\n")
    assert line not in run("check-config").out


def test_whose_build_is_approved_is_shown_with_who_said_so(run: Inside) -> None:
    assert block(run("check-config").out, "builds from source:") == ["builds = fenced  from safepip's defaults"]
    text = """[policy]
builds = ["demo", { name = "tool", network = true, reason = "fetches headers" }]
build-variables = ["ACME_*"]
"""
    (run.folder / "safepip.toml").write_text(text)
    where = run.folder / "safepip.toml"
    assert block(run("check-config").out, "builds from source:") == [
        f"builds = those of these projects  from {where}:2",
        f"demo  from {where}:2",
        f"tool, with the network  from {where}:2",
        "because fetches headers",
        "build-variables = ACME_*",
    ]
    (run.folder / "safepip.toml").write_text('[policy]\nbuilds = "never"\n')
    assert block(run("check-config").out, "builds from source:") == [f"builds = never  from {where}:2"]


def test_advisories_are_shown_with_where_each_was_said(run: Inside) -> None:
    """Sources, what is refused, and what is ignored; without any of it, nothing."""
    assert "vulnerabilities" not in run("check-config").out
    (run.folder / "safepip.toml").write_text(
        '[policy]\nvulnerabilities = "refuse:high"\nadvisories = "required"\n'
        '[[advisories]]\nname = "osv"\nurl = "https://osv.example/"\n'
        '[[ignore]]\nid = "CVE-1"\nproject = "demo"\nreason = "not used here"\nuntil = 2020-01-01\n'
    )
    where = run.folder / "safepip.toml"
    assert block(run("check-config").out, "known vulnerabilities and malware:") == [
        f"osv  https://osv.example/, asked by audit  from {where}:4",
        f"vulnerabilities = refuse:high  from {where}:2",
        f"advisories = required  from {where}:3",
        "ignored: CVE-1 for demo (ended: it ignores nothing)",
        "because not used here",
        f"from {where}:7",
    ]


EVERY_LINE = """\
trusted-hosts = ["build.acme.example"]

[[index]]
name = "acme"
url = "https://acme.example/simple/"
packages = ["acme-*"]
file-hosts = ["cdn.acme.example"]
hashes = "optional"
cooldown = "PT12H"

[[index]]
name = "public"
url = "https://public.example/simple/"
default = true

[[index]]
name = "mirror"
url = "https://mirror.example/simple/"
mirror-of = "public"

[[advisories]]
name = "osv"
url = "https://osv.example/"
claimed = true

[policy]
allow-direct = ["acme-app"]
forbid-allow = ["wrong-tags", "known-malware"]
verify-installed = true
full-commits = true
cooldown = "P3D"
new-project-age = "P30D"
builds = "never"
build-variables = ["ACME_SDK"]
vulnerabilities = "refuse:high"
advisories = "required"
cooldowns = { urgent = "0" }
"""
#: Without which the others mean nothing.
LEFT = ("name", "url", "packages")


@pytest.mark.parametrize(
    "line", [line for line in EVERY_LINE.splitlines() if "=" in line and not line.startswith(LEFT)]
)
def test_each_line_that_is_in_force_is_seen(run: Inside, line: str) -> None:
    """Without it something else is shown, though every other line stays where it is."""
    path = run.folder / "safepip.toml"
    path.write_text(EVERY_LINE)
    whole = run("check-config")
    path.write_text("".join("\n" if each == f"{line}\n" else each for each in EVERY_LINE.splitlines(keepends=True)))
    without = run("check-config")
    assert (whole.code, without.code) == (0, 0), whole.err + without.err
    assert whole.out != without.out


def test_what_a_level_forbids_is_shown_with_its_place(run: Inside) -> None:
    """Each rule by itself, and all of them; and trusted hosts."""
    path = run.folder / "safepip.toml"
    path.write_text('[policy]\nforbid-trusted-hosts = true\nforbid-allow = ["wrong-tags", "known-malware"]\n')
    assert (
        f"no more hosts may be trusted without their certificates  from {path}:2\n"
        f"exceptions are forbidden from known-malware  from {path}:3\n"
        f"exceptions are forbidden from wrong-tags  from {path}:3\n"
    ) in run("check-config").out
    path.write_text("[policy]\nforbid-allow = true\n")
    assert f"exceptions are forbidden from every rule  from {path}:2\n" in run("check-config").out


@pytest.mark.parametrize("text", ["", "[policy]\nforbid-allow = true\n", "[policy]\nbuilds = 'never'\n"])
def test_no_heading_stands_alone(run: Inside, text: str) -> None:
    (run.folder / "safepip.toml").write_text(text)
    lines = run("check-config").out.splitlines()
    below = dict(zip(lines, [*lines[1:], ""], strict=True))
    assert [line for line in lines if line.endswith(":") and not below[line].startswith(" ")] == []
