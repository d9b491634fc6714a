"""An exception may have a last day; one that has ended, or that what it names does not need, is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safepip.config.level import read_level
from safepip.config.merging import merge
from safepip.model.errors import UsageError
from safepip.model.origin import Source
from support.wheels import sha256

if TYPE_CHECKING:
    from support.index import IndexServer
    from support.inside import Done, Inside

HOOK = {"demo.pth": "import demo\n"}
#: 2026-01-31T00:00:00Z
DAY_BEGINS = 1769817600.0


def exception(rule: str = "startup-hook", project: str = "demo", **more: str) -> str:
    lines = [f'project = "{project}"', f'rule = "{rule}"', 'reason = "read"', *(f"{k} = {v}" for k, v in more.items())]
    return "\n".join(["[[allow]]", *lines, ""])


def fetch(run: Inside, index: IndexServer, *tables: str, words: tuple[str, ...] = ("demo",)) -> Done:
    """Download, which judges what it fetches, under a configuration of these exceptions."""
    (run.folder / "safepip.toml").write_text("".join(tables))
    return run("download", "-d", "out", "--no-deps", "-i", index.url, *words)


class TestLastDay:
    """`until`."""

    @pytest.mark.parametrize("value", ["2026-01-31", '"2026-01-31"'])
    def test_it_holds_to_the_end_of_its_day_in_utc(self, value: str) -> None:
        level = read_level(exception(until=value), "safepip.toml", Source.PROJECT_CONFIG)
        assert level is not None
        for now, left in ((DAY_BEGINS - 1, 1), (DAY_BEGINS, 1), (DAY_BEGINS + 86399, 1), (DAY_BEGINS + 86400, 0)):
            policy = merge([level], str, now).policy
            assert (len(policy.exemptions), len(policy.expired)) == (left, 1 - left)

    @pytest.mark.parametrize(
        "value", ["2026-01-31T10:00:00Z", '"soon"', '""', "20260131", "true", '"2026-02-30"', '["x"]']
    )
    def test_anything_but_a_date_is_an_error(self, value: str) -> None:
        with pytest.raises(UsageError) as caught:
            read_level(exception(until=value), "safepip.toml", Source.PROJECT_CONFIG)
        (diagnostic,) = caught.value.diagnostics
        assert (diagnostic.reference, diagnostic.origins[0].line) == ("bad-configuration", 5)
        assert diagnostic.hint.endswith("until = 2026-12-31")

    def test_the_last_day_of_all_is_one(self) -> None:
        level = read_level(exception(until="9999-12-31"), "safepip.toml", Source.PROJECT_CONFIG)
        assert level is not None
        assert merge([level], str, DAY_BEGINS).policy.expired == ()


def test_what_has_expired_allows_nothing_and_the_refusal_says_so(run: Inside, index: IndexServer) -> None:
    """Whoever is refused is told that there was an exception."""
    index.add("demo", "1.0", files=HOOK)
    done = fetch(run, index, exception(until="2020-01-31"))
    assert done.code == 20
    assert "error: startup-hook" in done.err
    assert "expired" in done.err
    assert "safepip.toml:1), until 2020-01-31" in done.err
    assert fetch(run, index, exception(until="2999-01-31")).code == 0


def test_what_has_expired_is_told_where_its_project_is_in_the_run(run: Inside, index: IndexServer) -> None:
    """And in no other run."""
    index.add("demo", "1.0")
    index.add("other", "1.0")
    table = exception(until="2020-01-31")
    assert "expired" in fetch(run, index, table).err
    assert fetch(run, index, table, words=("other",)).err == ""


def test_check_config_shows_the_last_day(run: Inside) -> None:
    """And which exceptions have ended."""
    (run.folder / "safepip.toml").write_text(
        exception(until="2020-01-31") + exception("look-alike", until="2999-01-31")
    )
    out = run("check-config").out
    assert "startup-hook for demo until 2020-01-31 (expired: it allows nothing)" in out
    assert "look-alike for demo until 2999-01-31\n" in out


class TestUnneeded:
    """What was judged and had nothing to be allowed."""

    def test_it_is_told_in_one_line(self, run: Inside, index: IndexServer) -> None:
        index.add("demo", "1.0")
        done = fetch(run, index, exception(), exception("wrong-record"), exception("look-alike"))
        assert done.code == 0
        assert done.err.count("\n") == 1
        for rule, line in (("startup-hook", 1), ("wrong-record", 5), ("look-alike", 9)):
            assert f"{rule} for demo ({run.folder}/safepip.toml:{line})" in done.err

    def test_what_is_needed_is_told_as_before(self, run: Inside, index: IndexServer) -> None:
        index.add("demo", "1.0", files=HOOK)
        done = fetch(run, index, exception())
        assert "allowed: startup-hook" in done.err
        assert "did not need" not in done.err

    def test_what_another_file_needs_is_not_told(self, run: Inside, index: IndexServer) -> None:
        """Another platform's wheel, another project, other bytes."""
        data = index.add("demo", "1.0").data
        file, mine = '"demo-1.0-cp311-cp311-win_amd64.whl"', '"demo-1.0-py3-none-any.whl"'
        digest = f'"sha256:{sha256(data)}"'
        for table in (exception(file=file), exception(project="other"), exception(digest=f'"sha256:{"0" * 64}"')):
            assert fetch(run, index, table).err == ""
        for table in (exception(file=mine), exception(digest=digest), exception(file=mine, digest=digest)):
            assert "did not need" in fetch(run, index, table).err

    def test_a_standing_exception_on_ages_is_not_told(self, run: Inside, index: IndexServer) -> None:
        """It is made for files to come; that of one file is told once the file is old."""
        index.add("demo", "1.0")
        for rule in ("cooldown", "late-file", "yanked"):
            assert fetch(run, index, exception(rule)).err == ""
            assert "did not need" in fetch(run, index, exception(rule, file='"demo-1.0-py3-none-any.whl"')).err

    def test_names_that_a_hash_settles_are_not_judged(self, run: Inside, index: IndexServer) -> None:
        """So nothing is known of them."""
        data = index.add("demo", "1.0").data
        (run.folder / "r.txt").write_text(f"demo==1.0 --hash=sha256:{sha256(data)}\n")
        assert fetch(run, index, exception("look-alike"), words=("-r", "r.txt")).err == ""

    def test_quiet_is_quiet(self, run: Inside, index: IndexServer) -> None:
        """-qq shows no notice."""
        index.add("demo", "1.0")
        assert fetch(run, index, exception(), words=("-qq", "demo")).err == ""
